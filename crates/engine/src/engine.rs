//! The engine: all open books, the opening of new ones, going down. What happens inside a book is its tasks' matter.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use ledger::decide::{Decision, decide, preview};
use ledger::{Ask, Caller, Facts, State};
use record::command::CreateBook;
use record::{Command, Event};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use crate::book::{Answer, Book, PREVIEW_ID, Preview, previewed};
use crate::error::{EngineError, StopReason};
use crate::options::Options;
use crate::shared::Phase;
use crate::store::{BookEntry, Store};
use crate::tasks;

/// A book that stopped for another reason than a shutdown: the process should end, not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fatal {
    /// Code of the book.
    pub book: String,
    /// Why.
    pub reason: StopReason,
}

/// All open books over one store.
pub struct Engine<S> {
    store: Arc<S>,
    options: Options,
    books: RwLock<BTreeMap<String, Arc<Book<S>>>>,
    /// Ends of the books' tasks. Held while a book is opened or the engine goes down: one at a time.
    tasks: Mutex<Tasks>,
    fatal: watch::Sender<Option<Fatal>>,
}

#[derive(Default)]
struct Tasks {
    ends: Vec<JoinHandle<()>>,
    closed: bool,
}

impl<S: Store> Engine<S> {
    /// Opens every book of the catalogue: takes it over, replays and verifies its log, starts its tasks.
    pub async fn open(store: Arc<S>, options: Options) -> Result<Arc<Engine<S>>, EngineError> {
        let engine = Arc::new(Engine {
            store,
            options,
            books: RwLock::default(),
            tasks: Mutex::default(),
            fatal: watch::Sender::new(None),
        });
        for entry in engine.store.books().await? {
            let (book, end) = engine.start(&entry.book).await?;
            if *book.watch_head().borrow() == 0 {
                // Its opening was cut short: no book yet, and nobody was told of one.
                book.shared().phase.send_replace(Phase::Closing);
                drop(end.await);
                continue;
            }
            engine.tasks.lock().await.ends.push(end);
            engine.insert(book);
        }
        Ok(engine)
    }

    async fn start(&self, code: &str) -> Result<(Book<S>, JoinHandle<()>), EngineError> {
        // Boxed: it holds a whole start, which no caller needs to carry along.
        let started =
            Box::pin(tasks::start(Arc::clone(&self.store), code, self.options.clone(), self.fatal.clone())).await;
        started.inspect_err(|error| tracing::error!(book = code, %error, "the book does not open"))
    }

    fn insert(&self, book: Book<S>) {
        let mut books = self.books.write().unwrap_or_else(PoisonError::into_inner);
        books.insert(book.code().to_owned(), Arc::new(book));
    }

    /// Opens a book from a preset. Who may do so is the server's to know. It is finished whatever becomes of the caller.
    pub async fn create_book(
        self: &Arc<Self>,
        caller: impl Into<Arc<Caller>> + Send,
        request_id: String,
        create: CreateBook,
    ) -> Result<Answer, EngineError> {
        let (engine, caller) = (Arc::clone(self), caller.into());
        let opening = tokio::spawn(async move { engine.open_new(caller, request_id, create).await });
        opening.await.unwrap_or(Err(EngineError::Stopped { reason: StopReason::Panicked("opening") }))
    }

    async fn open_new(
        &self,
        caller: Arc<Caller>,
        request_id: String,
        create: CreateBook,
    ) -> Result<Answer, EngineError> {
        let code = create.book.clone();
        let ask = Ask::new(&code, caller, request_id, Command::CreateBook(Box::new(create)));
        let mut tasks = self.tasks.lock().await;
        if tasks.closed {
            return Err(StopReason::ShutDown.into());
        }
        if let Some(book) = self.book(&code) {
            let receipt = book.answered(&ask.request_id, &ask.fingerprint).await?.ok_or(EngineError::BookExists)?;
            return Ok(Answer { receipt, replayed: true });
        }
        let now = (self.options.clock)();
        judge_opening(decide(&State::default(), &ask, &Facts::default(), now))?;
        self.store.create_book(&BookEntry { book: code.clone(), created_at: now }).await?;
        let (book, end) = self.start(&code).await?;
        let answer = book.submit(ask).await;
        if answer.is_ok() {
            tasks.ends.push(end);
            self.insert(book);
        } else {
            book.shared().phase.send_replace(Phase::Closing);
            drop(end.await);
        }
        answer
    }

    /// What rules would say of opening a book; nothing is recorded.
    pub fn validate_book(&self, caller: Caller, create: CreateBook) -> Result<Preview, EngineError> {
        if self.book(&create.book).is_some() {
            return Err(EngineError::BookExists);
        }
        let code = create.book.clone();
        let ask = Ask::new(&code, caller, PREVIEW_ID.to_owned(), Command::CreateBook(Box::new(create)));
        let (state, now) = (State::default(), (self.options.clock)());
        previewed(preview(&state, &ask, &Facts::default(), now), &state, now)
    }

    /// The open book of a code.
    pub fn book(&self, code: &str) -> Option<Arc<Book<S>>> {
        self.books.read().unwrap_or_else(PoisonError::into_inner).get(code).cloned()
    }

    /// All open books, by code.
    pub fn books(&self) -> Vec<Arc<Book<S>>> {
        self.books.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Where the books are stored.
    pub fn store(&self) -> &Arc<S> {
        &self.store
    }

    /// Waits until a book stops for another reason than a shutdown.
    pub async fn wait_fatal(&self) -> Fatal {
        let mut fatal = self.fatal.subscribe();
        let found = fatal.wait_for(Option::is_some).await.ok().and_then(|fatal| fatal.clone());
        match found {
            Some(fatal) => fatal,
            // The sender lives in self: this cannot happen, and never says that a book stopped.
            None => std::future::pending().await,
        }
    }

    /// Goes down in order: takes no more, finishes what waits, lets the views follow, and ends all tasks.
    pub async fn shutdown(&self) {
        let mut tasks = self.tasks.lock().await;
        tasks.closed = true;
        for book in self.books() {
            book.shared().phase.send_modify(|phase| *phase = (*phase).max(Phase::Closing));
        }
        for end in tasks.ends.drain(..) {
            drop(end.await);
        }
    }
}

/// Lets an opening through only if it makes a book: a refusal has no log to stand in.
fn judge_opening(decision: Decision) -> Result<(), EngineError> {
    match decision {
        Decision::Records(records) => match records.into_iter().next().map(|record| record.event) {
            Some(Event::BookCreated(_)) => Ok(()),
            Some(Event::Refused(refused)) => Err(EngineError::NotOpened(refused.hits)),
            _ => Err(EngineError::Unrecordable),
        },
        Decision::Malformed(faults) => Err(EngineError::Malformed(faults)),
        _ => Err(EngineError::Denied),
    }
}
