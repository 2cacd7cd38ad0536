//! What a book tells the operators in numbers, through the global OpenTelemetry meter: never what is in a row.

use std::time::Duration;

use opentelemetry::metrics::{Counter, Gauge, Histogram};
use opentelemetry::{KeyValue, global};

/// What came of a command, as the metric names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Came {
    /// It took effect or was submitted.
    Accepted,
    /// Rules refused it.
    Refused,
    /// It was answered before.
    Replayed,
    /// Malformed, not allowed, a reused key, suppressed or unrecordable.
    Unrecorded,
    /// Its caller was gone or late before it was decided.
    Dropped,
    /// The book was overloaded or storage failed.
    Unavailable,
}

impl Came {
    fn name(self) -> &'static str {
        match self {
            Came::Accepted => "accepted",
            Came::Refused => "refused",
            Came::Replayed => "replayed",
            Came::Unrecorded => "unrecorded",
            Came::Dropped => "dropped",
            Came::Unavailable => "unavailable",
        }
    }
}

/// A book's instruments.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    book: KeyValue,
    commands: Counter<u64>,
    batch_records: Histogram<u64>,
    commit_seconds: Histogram<f64>,
    queue: Gauge<u64>,
    backlog: Gauge<u64>,
    reread: Counter<u64>,
    rechecks: Counter<u64>,
}

impl Metrics {
    pub fn of(book: &str) -> Metrics {
        let meter = global::meter("earmark.engine");
        Metrics {
            book: KeyValue::new("book", book.to_owned()),
            commands: meter.u64_counter("earmark.commands").with_description("Commands, by what came of them").build(),
            batch_records: meter.u64_histogram("earmark.batch.records").with_description("Records in a batch").build(),
            commit_seconds: meter
                .f64_histogram("earmark.commit.duration")
                .with_unit("s")
                .with_description("Time of a commit, waiting for an unknown outcome included")
                .build(),
            queue: meter.u64_gauge("earmark.queue.length").with_description("Commands waiting for the writer").build(),
            backlog: meter
                .u64_gauge("earmark.projector.backlog")
                .with_description("Records that the views lack")
                .build(),
            reread: meter
                .u64_counter("earmark.recheck.records")
                .with_description("Stored records hashed again by the background check (LED-012)")
                .build(),
            rechecks: meter
                .u64_counter("earmark.recheck.passes")
                .with_description("Passes of the background check over the whole log, by what was found")
                .build(),
        }
    }

    pub fn commands(&self, came: Came, count: usize) {
        if count > 0 {
            self.commands.add(wide(count), &[self.book.clone(), KeyValue::new("outcome", came.name())]);
        }
    }

    pub fn batch(&self, records: usize, commit: Duration) {
        self.batch_records.record(wide(records), std::slice::from_ref(&self.book));
        self.commit_seconds.record(commit.as_secs_f64(), std::slice::from_ref(&self.book));
    }

    pub fn queue(&self, waiting: usize) {
        self.queue.record(wide(waiting), std::slice::from_ref(&self.book));
    }

    /// Records that the background check has hashed again.
    pub fn reread(&self, records: u64) {
        self.reread.add(records, std::slice::from_ref(&self.book));
    }

    /// A pass of the background check has ended: everything is whole, or something is damaged.
    pub fn rechecked(&self, whole: bool) {
        let found = if whole { "whole" } else { "damaged" };
        self.rechecks.add(1, &[self.book.clone(), KeyValue::new("found", found)]);
    }

    pub fn backlog(&self, records: u64) {
        self.backlog.record(records, std::slice::from_ref(&self.book));
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
