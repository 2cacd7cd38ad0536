//! What every method does alike: takes the caller, finds the book, hands a command in or waits for what a read asks, and puts the
//! engine's errors into failures. What a single method asks or answers stands in `service`.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use api::v1;
use engine::store::Store;
use engine::{Book, Engine, EngineError, Past, StopReason};
use ledger::{Ask, Caller, State};
use record::{Command, Digest, OrgNo, PersonNo, Sequence};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

use crate::decode::{Fields, form_faults};
use crate::edge::Origin;
use crate::encode::{Failure, posted_result, previewed};
use crate::moment::{At, Known};
use crate::reads::{Read, bound_to, may_read};
use crate::telemetry::Requests;

/// How long a read of the committed state waits for a sequence that is not committed yet; as the engine does for the views.
const HEAD_WAIT: Duration = Duration::from_secs(2);
/// When a caller should come again after storage failed or while a book is stopped.
const STORAGE_RETRY: Duration = Duration::from_secs(5);
/// When a caller should come again for views that lag.
const VIEWS_RETRY: Duration = Duration::from_secs(1);

/// The services' common ground. One instance serves all of them.
pub(crate) struct Face<S> {
    /// The books.
    pub engine: Arc<Engine<S>>,
    /// Metrics.
    pub requests: Requests,
    /// Cancelled when the server goes down: streams then take no more.
    pub going_down: CancellationToken,
}

impl<S> Clone for Face<S> {
    fn clone(&self) -> Self {
        Face { engine: Arc::clone(&self.engine), requests: self.requests.clone(), going_down: self.going_down.clone() }
    }
}

/// What every mutation says beside its content.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub book: String,
    pub request_id: String,
    pub validate_only: bool,
}

/// The state that a read looks at, with the root over its records. Who asks, and what they may see, is a matter of now, whatever was
/// known when.
pub(crate) struct Held<'s> {
    state: &'s State,
    /// Root over the records of the state.
    pub root: Digest,
    /// The caller's ordinal; 0 where the book does not know them.
    pub caller: PersonNo,
    /// The organisation within which the caller must stay, if they may see no other's.
    pub bound: Option<OrgNo>,
}

impl Deref for Held<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.state
    }
}

/// A state that is read more than once.
pub(crate) enum Sight<S> {
    /// The committed one; it moves on.
    Newest(Arc<Book<S>>),
    /// An earlier one.
    Past(Arc<Past>),
}

impl<S: Store> Sight<S> {
    /// Reads it.
    pub fn read<R>(&self, reader: impl FnOnce(&State) -> R) -> Result<R, Failure> {
        match self {
            Sight::Newest(book) => book.read(reader).map_err(|error| failure(error, "")),
            Sight::Past(past) => Ok(reader(past.state())),
        }
    }
}

/// Takes a request apart. The edge lets nothing through without an origin.
pub(crate) fn take<M>(request: Request<M>) -> Result<(Origin, M), Status> {
    let (_, mut extensions, message) = request.into_parts();
    match extensions.remove::<Origin>() {
        Some(origin) => Ok((origin, message)),
        None => Err(Failure::Unauthenticated.status(ledger::Language::Zh)),
    }
}

impl<S: Store> Face<S> {
    /// Hands a command in, or only judges it. `content` is the request's field that holds the command's content.
    pub async fn change(
        &self,
        origin: &Origin,
        head: Head,
        content: &'static str,
        read: impl FnOnce(&mut Fields) -> Command,
    ) -> Result<v1::MutationResult, Failure> {
        let book = self.book(origin, &head.book)?;
        note(&head);
        let request_id = (!head.validate_only).then(|| head.request_id.clone());
        let ask = self.ask(&book, Arc::new(caller(origin)), request_id, content, read)?;
        // What a review is refused for lies in the command reviewed, not in the review.
        let subjects = if matches!(ask.command, Command::ReviewCommand(_)) { "" } else { content };
        if head.validate_only {
            let submitted = ledger::access::needs_review(&ask.command);
            // Seldom asked, and large: every request's future would have room for it.
            let preview = Box::pin(book.validate(&ask)).await.map_err(|error| failure(error, content))?;
            return match preview.hits.is_empty() {
                true => Ok(previewed(submitted, preview.judged_at)),
                false => {
                    Err(Failure::Refused { hits: preview.hits, content: subjects, sequence: None, replayed: false })
                }
            };
        }
        let answer = book.submit_by(ask, origin.deadline).await.map_err(|error| failure(error, content))?;
        let (sequence, replayed) = (answer.receipt.first, answer.replayed);
        posted_result(&head.request_id, answer.receipt, replayed).map_err(|hits| Failure::Refused {
            hits,
            content: subjects,
            sequence: Some(sequence),
            replayed,
        })
    }

    /// The ask of a mutation, or everything that is wrong with its form. What is only judged has no request id, and needs none.
    pub fn ask(
        &self,
        book: &Book<S>,
        caller: Arc<Caller>,
        request_id: Option<String>,
        content: &'static str,
        read: impl FnOnce(&mut Fields) -> Command,
    ) -> Result<Ask, Failure> {
        let mut fields = Fields::default();
        let command = read(&mut fields);
        let validate_only = request_id.is_none();
        let ask = Ask::new(book.code(), caller, request_id.unwrap_or_default(), command);
        if fields.is_clean() {
            return Ok(ask);
        }
        // A stranger to the book is not told what its forms look like.
        let known = book.read(|state| state.person(&ask.caller.person).is_some());
        if !known.map_err(|error| failure(error, content))? {
            return Err(Failure::Denied);
        }
        let mut form = form_faults(content, ask.faults().to_vec());
        form.retain(|fault| !validate_only || fault.field != "request_id");
        Err(Failure::Malformed(fields.with(form)))
    }

    /// The open book of a code. A book that does not exist is denied like one that is closed to the caller.
    pub fn book(&self, origin: &Origin, code: &str) -> Result<Arc<Book<S>>, Failure> {
        if code.is_empty() {
            return Err(Failure::field("book", "REQUIRED", "必填", "must be given"));
        }
        let book = self.engine.book(code).ok_or(Failure::Denied)?;
        tracing::Span::current().record("book", book.code());
        tracing::debug!(person = origin.principal.person, "asks");
        Ok(book)
    }

    /// Reads the state that was asked for: the committed one once it holds what the caller has seen, or an earlier one. Roles are those of
    /// now.
    pub async fn state<R>(
        &self,
        origin: &Origin,
        code: &str,
        what: Read,
        at: At,
        reader: impl FnOnce(&Held<'_>) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let book = self.book(origin, code)?;
        let known = self.known(origin, &book, what, at).await?;
        let person = &origin.principal.person;
        // What was known at the head is what is known now.
        let mut reader = Some(reader);
        let now = book.read_at(|state, head| {
            if known.is_some_and(|sequence| sequence != head.sequence) {
                return None;
            }
            let held = held(state, head.root, (state, person));
            let reader = reader.take()?;
            Some(if may_read(state, person, what) { reader(&held) } else { Err(Failure::Denied) })
        });
        if let Some(answer) = now.map_err(|error| failure(error, ""))? {
            return answer;
        }
        let (Some(sequence), Some(reader)) = (known, reader) else { return Err(Failure::Internal) };
        // Seldom asked, and large: every read's future would have room for it.
        let past = Box::pin(book.past(sequence, origin.deadline)).await.map_err(|error| failure(error, ""))?;
        let (caller, bound) = book
            .read(|state| (caller_in(state, person), bound_to(state, person)))
            .map_err(|error| failure(error, ""))?;
        reader(&Held { state: past.state(), root: past.root(), caller, bound })
    }

    /// As of how many records a read answers; none for the newest. Whoever may not read this is denied first; what is not committed yet is
    /// waited for.
    pub async fn known(
        &self,
        origin: &Origin,
        book: &Book<S>,
        what: Read,
        at: At,
    ) -> Result<Option<Sequence>, Failure> {
        let allowed = book.read(|state| may_read(state, &origin.principal.person, what));
        if !allowed.map_err(|error| failure(error, ""))? {
            return Err(Failure::Denied);
        }
        let (known, at_least) = match at.known {
            Known::Newest => (None, if at.allow_stale { 0 } else { at.at_least }),
            Known::After(sequence) => (Some(sequence), sequence.max(at.at_least)),
            Known::By(time) => {
                if time > book.now() {
                    let (zh, en) = ("尚未到此时刻", "this moment has not come yet");
                    return Err(Failure::field("known_at_time", "IN_THE_FUTURE", zh, en));
                }
                let known = book.known_at(time).await.map_err(|error| failure(error, ""))?;
                if known == 0 {
                    let (zh, en) = ("此时账套尚无记录", "the book had no record yet");
                    return Err(Failure::field("known_at_time", "BEFORE_THE_BOOK", zh, en));
                }
                (Some(known), at.at_least)
            }
        };
        if at_least > 0 {
            let latest = Instant::now() + HEAD_WAIT;
            let until = origin.deadline.map_or(latest, |deadline| deadline.min(latest));
            let mut head = book.watch_head();
            if timeout_at(until, head.wait_for(|head| *head >= at_least)).await.is_err() {
                let reached = *book.watch_head().borrow();
                return Err(Failure::Unavailable { reason: "NOT_REACHED", reached: Some(reached), retry: VIEWS_RETRY });
            }
        }
        Ok(known)
    }

    /// The book and the sequence that a read of its views holds for.
    pub async fn views(
        &self,
        origin: &Origin,
        code: &str,
        what: Read,
        at: At,
    ) -> Result<(Arc<Book<S>>, Sequence), Failure> {
        let book = self.book(origin, code)?;
        let known = self.known(origin, &book, what, At { at_least: 0, ..at }).await?;
        let at_least = known.unwrap_or(0).max(at.at_least);
        let at_least = (at_least > 0).then_some(at_least);
        let stale = at.allow_stale && known.is_none();
        let reached = book.views_at(at_least, stale, origin.deadline).await.map_err(|error| failure(error, ""))?;
        Ok((book, known.unwrap_or(reached)))
    }

    /// The root over the records that an answer from the views holds for.
    pub async fn root(&self, book: &Book<S>, sequence: Sequence) -> Result<Vec<u8>, Failure> {
        let root = book.root_at(sequence).await.map_err(|error| failure(error, ""))?;
        Ok(root.to_vec())
    }

    /// The state of a book as an answer from its views knows it, to spell out what they hold: the newest, or the earlier one asked for.
    pub async fn sight(&self, origin: &Origin, book: &Arc<Book<S>>, known: Known) -> Result<Sight<S>, Failure> {
        let at = At { known, ..At::default() };
        match known {
            Known::Newest => Ok(Sight::Newest(Arc::clone(book))),
            Known::After(_) | Known::By(_) => {
                let sequence = self.known(origin, book, Read::Money, at).await?.unwrap_or_default();
                let past = Box::pin(book.past(sequence, origin.deadline)).await;
                Ok(Sight::Past(past.map_err(|error| failure(error, ""))?))
            }
        }
    }
}

fn held<'s>(state: &'s State, root: Digest, (now, person): (&State, &str)) -> Held<'s> {
    Held { state, root, caller: caller_in(now, person), bound: bound_to(now, person) }
}

fn caller_in(state: &State, person: &str) -> PersonNo {
    state.person(person).map_or(0, |(no, _)| no)
}

/// The caller, as the ledger knows one.
pub(crate) fn caller(origin: &Origin) -> Caller {
    Caller { person: origin.principal.person.clone(), key_id: origin.principal.key_id, signature: None }
}

/// Notes the request's id in its span, if it is one: nothing else that the caller wrote gets there.
fn note(head: &Head) {
    let id = &head.request_id;
    let well_formed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
    if id.len() <= 64 && id.bytes().all(well_formed) {
        tracing::Span::current().record("request_id", id.as_str());
    }
}

/// The failure that an engine's error is to the caller; the cause of those that are ours goes to the log.
pub(crate) fn failure(error: EngineError, content: &str) -> Failure {
    let unavailable = |reason, retry| Failure::Unavailable { reason, reached: None, retry };
    match error {
        EngineError::Malformed(faults) => Failure::Malformed(form_faults(content, faults)),
        EngineError::Denied | EngineError::NoSuchBook => Failure::Denied,
        EngineError::KeyReused | EngineError::BookExists => Failure::KeyReused,
        EngineError::RefusalsSuppressed { retry_after } => unavailable("TOO_MANY_REFUSALS", retry_after),
        EngineError::Overloaded { retry_after } => unavailable("OVERLOADED", retry_after),
        EngineError::Late => Failure::Late,
        EngineError::ViewsBehind { reached } => {
            Failure::Unavailable { reason: "VIEWS_BEHIND", reached: Some(reached), retry: VIEWS_RETRY }
        }
        EngineError::Stopped { reason: StopReason::Damaged { sequence, expected, found } } => {
            Failure::Damaged { sequence, expected, found }
        }
        EngineError::Stopped { reason } => {
            tracing::warn!(%reason, "asked of a stopped book");
            unavailable("BOOK_STOPPED", STORAGE_RETRY)
        }
        EngineError::NotOpened(hits) => Failure::Refused { hits, content: "", sequence: None, replayed: false },
        EngineError::Store(error) => {
            tracing::error!(%error, "storage failed");
            unavailable("STORAGE_UNAVAILABLE", STORAGE_RETRY)
        }
        EngineError::Suspected(suspicion) => {
            tracing::warn!(%suspicion, "asked to write a book under suspicion");
            Failure::Suspected { size: suspicion.size, found: suspicion.found }
        }
        EngineError::NoLogPolicy => Failure::NotFound("log_policy"),
        EngineError::NoCheckpoint => Failure::NotFound("checkpoint"),
        // The policy names a key that is not in the server's key file.
        EngineError::NoLogKey => Failure::NotFound("log_key"),
        error @ EngineError::Unrecordable => {
            tracing::error!(%error, "a well-formed command could not be recorded");
            Failure::Internal
        }
    }
}

/// A storage failure of a read.
pub(crate) fn storage(error: engine::store::StoreError) -> Failure {
    failure(EngineError::from(error), "")
}
