//! A book that was looked up: its number, its two connections that write, and what is remembered of its views.

use std::sync::atomic::AtomicU64;

use tokio::sync::Mutex;

use super::session::Line;
use crate::projecting::Projecting;

/// A book.
pub(super) struct Book {
    /// `book` in every table.
    pub number: i64,
    /// Writes the log, and holds the book's lock.
    pub writer: Mutex<Line>,
    /// Writes the views.
    pub projector: Mutex<Projector>,
    /// Era in which facts were last found: what is asked next is often beside it.
    pub era: AtomicU64,
}

/// What writes the views.
pub(super) struct Projector {
    /// Its connection.
    pub line: Line,
    /// What it goes on from.
    pub known: Option<Projecting>,
}

impl Book {
    /// A book of this number; connections are made when first needed.
    pub(super) fn new(number: i64) -> Book {
        Book {
            number,
            writer: Mutex::new(Line::locking("log", number)),
            projector: Mutex::new(Projector { line: Line::new("views"), known: None }),
            era: AtomicU64::new(0),
        }
    }

    /// Closes its connections, which gives the lock back.
    pub(super) async fn close(self) {
        self.writer.into_inner().close().await;
        self.projector.into_inner().line.close().await;
    }
}
