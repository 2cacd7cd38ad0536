//! A book that was looked up: its number and its two connections that write.

use tokio::sync::Mutex;

use super::session::Line;

/// A book.
pub(super) struct Book {
    /// `book` in every table.
    pub number: i64,
    /// Writes the log, and holds the book's lock.
    pub writer: Mutex<Line>,
    /// Writes the views.
    pub projector: Mutex<Line>,
}

impl Book {
    /// A book of this number; connections are made when first needed.
    pub(super) fn new(number: i64) -> Book {
        Book { number, writer: Mutex::new(Line::locking("log", number)), projector: Mutex::new(Line::new("views")) }
    }

    /// Closes its connections, which gives the lock back.
    pub(super) async fn close(self) {
        self.writer.into_inner().close().await;
        self.projector.into_inner().close().await;
    }
}
