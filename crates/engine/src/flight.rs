//! A batch on its way to the log. While storage writes it, the next one is decided on the working state, which holds it already; what
//! becomes of it is found out in `commit`.

use std::sync::Arc;

use proof::Tree;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;
use tracing::Instrument;

use crate::digest::DigestClock;
use crate::draft::Draft;
use crate::position::Position;
use crate::store::{AppendError, Batch, Head, Store};

/// What storage said of an append, or that the append broke off.
pub(crate) type Landing = Result<Result<(), AppendError>, JoinError>;

/// A batch on its way.
#[derive(Debug)]
pub(crate) struct Flight {
    /// What was decided, and who waits for it.
    pub draft: Draft,
    /// What is appended.
    pub batch: Arc<Batch>,
    /// The head that it is appended to.
    pub expected: Head,
    /// The tree after it.
    pub tree: Tree,
    /// The digest clock after it.
    pub digests: DigestClock,
    /// When it set out.
    pub begun: Instant,
    append: JoinHandle<Result<(), AppendError>>,
}

impl Flight {
    /// Sends a batch off. `after` is the position that the draft leads to.
    pub fn begin<S: Store>(
        store: &Arc<S>,
        book: &str,
        expected: Head,
        (draft, batch): (Draft, Batch),
        after: &Position,
    ) -> Flight {
        let batch = Arc::new(batch);
        let span = tracing::debug_span!("append", book, records = batch.bodies.len());
        let (store, code, from, row) = (Arc::clone(store), book.to_owned(), expected.clone(), Arc::clone(&batch));
        let append = async move { store.append(&code, &from, &row).await };
        Flight {
            draft,
            batch,
            expected,
            tree: after.tree.clone(),
            digests: after.digests,
            begun: Instant::now(),
            append: tokio::spawn(append.instrument(span)),
        }
    }

    /// Waits for its end; to be asked once. Nothing is lost where this is dropped before.
    pub async fn landing(&mut self) -> Landing {
        (&mut self.append).await
    }
}
