//! One conformance suite for every store: the same cases, by name, on each engine. What only SQLite or PostgreSQL has
//! stands in `store_sqlite.rs` and `store_postgres.rs`.

mod store_cases;

use std::io::Write;

use earmark_tests::postgres::{Database, database};
use store::{PostgresStore, SqliteStore};
use store_cases as cases;
use testkit::memory::MemoryStore;

async fn memory_store() -> (MemoryStore, ()) {
    (MemoryStore::new(), ())
}

async fn sqlite_store() -> (SqliteStore, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (SqliteStore::open(dir.path()).await.unwrap(), dir)
}

async fn postgres_store() -> (PostgresStore, Database) {
    let database = database().await;
    (PostgresStore::open(&database.url).await.unwrap(), database)
}

/// Runs every case on an engine, each in a new store, and tells how many there are.
macro_rules! store_suite {
    ($engine:ident, $open:path) => {
        store_suite! { @cases $engine, $open;
            log::a_new_book_is_empty,
            log::a_book_without_records_is_made_again_one_with_records_is_not,
            log::nothing_is_known_of_an_unlisted_book,
            log::appended_batches_read_back,
            log::pages_of_the_log_keep_to_their_limit,
            log::records_are_found_wherever_they_stand,
            log::rows_tell_their_time_without_their_bodies,
            log::an_append_to_another_head_changes_nothing,
            log::a_fence_shuts_out_the_writer_before_it,
            log::a_batch_that_does_not_follow_is_not_committed,
            log::books_are_apart,
            heads::leaf_hashes_are_read_by_range,
            heads::a_size_is_signed_once,
            heads::only_ends_of_the_log_are_signed,
            heads::cosignatures_are_kept_once_a_key,
            heads::signed_heads_are_listed_newest_first,
            views::projected_rows_read_back,
            views::rows_that_break_a_constraint_change_nothing,
            views::the_reached_sequence_moves_by_compare_and_set,
            views::facts_come_with_the_reached_sequence,
            views::listings_equal_a_naive_filter,
            views::sums_equal_a_naive_sum,
            views::refusals_are_paged_by_sequence,
            views::cleared_views_are_filled_anew,
            views::the_newest_snapshot_stands,
            catalogue::books_are_listed_by_code,
            catalogue::tokens_are_kept_and_revoked,
        }
    };
    (@cases $engine:ident, $open:path; $($subject:ident :: $case:ident),+ $(,)?) => {
        mod $engine {
            $(
                #[tokio::test]
                async fn $case() {
                    let (store, _files) = $open().await;
                    super::cases::$subject::$case(&store).await;
                }
            )+

            #[test]
            fn cases_are_counted() {
                let count = [$(stringify!($case)),+].len();
                // Past the harness's capture, so that the count always shows.
                writeln!(std::io::stdout(), "store conformance, {}: {count} cases", stringify!($engine)).unwrap();
                assert!(count >= 27, "cases went missing");
            }

            use super::Write;
        }
    };
}

store_suite!(memory, super::memory_store);
store_suite!(sqlite, super::sqlite_store);
store_suite!(postgres, super::postgres_store);

/// The memory store adds up naively itself, so that only the databases are asked.
mod as_of {
    #[tokio::test]
    async fn sqlite_equals_a_replay_at_ten_thousand_dates_and_sequences() {
        let (store, _files) = super::sqlite_store().await;
        super::cases::asof::sums_equal_a_replay_at_ten_thousand_dates_and_sequences(&store).await;
    }

    #[tokio::test]
    async fn postgres_equals_a_replay_at_ten_thousand_dates_and_sequences() {
        let (store, _database) = super::postgres_store().await;
        super::cases::asof::sums_equal_a_replay_at_ten_thousand_dates_and_sequences(&store).await;
    }
}
