//! A statement of thousands of lines with one in a hundred wrong, on both engines: all true matches that ids determine and nothing
//! else, and a list of the rest. The same at 100,000 lines is `cargo xtask bench reconciliation`.

use earmark_tests::load::place::Engine;
use earmark_tests::statements::{Noise, Registered, assert_told};

const NOISE: Noise = Noise { movements: 5_000 };

async fn reconciled(engine: Engine) {
    let registered = Registered::start(engine, NOISE).await;
    let (_, open, reconciliation) = registered.reconcile().await;
    assert_told(NOISE, &open);
    // No movement is booked, so that every line is open on the bank's side and the adjusted balances are equal.
    let lines = NOISE.lines();
    assert_eq!(reconciliation.items.len() + reconciliation.more as usize, lines.len());
    assert!(reconciliation.balanced, "{reconciliation:?}");
    assert_eq!(reconciliation.book_fen, 0);
    assert_eq!(reconciliation.bank_fen, reconciliation.bank_in_fen - reconciliation.bank_out_fen);
    registered.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_determine_all_true_matches_and_nothing_else() {
    reconciled(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_the_same_on_postgresql() {
    reconciled(Engine::Postgres).await;
}
