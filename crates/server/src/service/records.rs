//! The records themselves, of AuditService: listed from the log, and watched as they come. A watcher reads the log beside the writer, in
//! pieces, and holds a few messages at most: the writer knows nothing of it, and who does not take them is told where to go on.

use std::sync::Arc;
use std::time::Duration;

use api::v1;
use api::v1::watch_records_response::Content;
use engine::Book;
use engine::store::Store;
use record::{Event, Sequence, hash};
use tokio::sync::mpsc::{self, error::SendTimeoutError};
use tokio::time::{Instant, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::at;
use crate::edge::Origin;
use crate::encode::{Failure, time};
use crate::face::{Face, failure, storage};
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::{Read, may_read};

/// Bytes of record bodies in one answer: with the rest of it below the 4 MiB that clients take by default.
const RECORD_BYTES: usize = 2 << 20;
/// Bytes of log that a watcher reads at a time; a row of it is at most 1 MiB.
const WATCH_READ: usize = 256 << 10;
/// Bytes of record bodies in one message of a watcher, so that a line that breaks often still brings some; a larger record goes alone.
const WATCH_BYTES: usize = 32 << 10;
/// Records of one message of a watcher at most, so that what each says beside its body stays small too.
const WATCH_RECORDS: usize = 500;
/// Messages that wait for a watcher to take them: some hundred KiB. One place more is kept for how the stream ends.
const WATCH_BUFFER: usize = 4;
/// How long a watcher may leave a message lying before it is told to resume.
const SLOW: Duration = Duration::from_secs(10);
/// How long one stream goes on; then it is resumed, with a token that is looked at anew.
const WATCH_FOR: Duration = Duration::from_secs(3_600);
/// Seconds between heartbeats when the caller names none, and at most.
const HEARTBEAT: (u32, u32) = (10, 60);
/// When a watcher that was told to resume may do so.
const RESUME_AFTER: Duration = Duration::from_millis(100);

type Watched = Result<v1::WatchRecordsResponse, Status>;

/// Whom records are sent to.
struct Watcher<S> {
    book: Arc<Book<S>>,
    origin: Origin,
    messages: mpsc::Sender<Watched>,
    /// Record to send next.
    next: Sequence,
}

impl<S: Store> Face<S> {
    pub(super) async fn list_records(
        &self,
        origin: &Origin,
        message: v1::ListRecordsRequest,
    ) -> Result<v1::ListRecordsResponse, Failure> {
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListRecords", &message.book, &message.after.to_string(), &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let book = self.book(origin, &message.book)?;
        // The log itself is read, so that no view is waited for.
        let known = self.known(origin, &book, Read::Log, at).await?;
        let committed = book.head().map_err(|error| failure(error, ""))?.sequence;
        let sequence = page.snapshot.or(known).unwrap_or(committed);
        let from = page.after_number()?.max(message.after).saturating_add(1);
        let rows = book.store().log_rows(book.code(), from, RECORD_BYTES).await.map_err(storage)?;
        let mut records = Vec::new();
        let mut bytes = 0usize;
        for row in rows {
            for (number, body) in (row.first..).zip(row.bodies) {
                if number < from || number > sequence || records.len() == page.size {
                    continue;
                }
                bytes = bytes.saturating_add(body.len());
                if records.is_empty() || bytes <= RECORD_BYTES {
                    records.push((number, body));
                }
            }
        }
        let last = records.last().map_or(sequence, |(number, _)| *number);
        let next_page_token = if last < sequence { page.token(sequence, &last.to_be_bytes()) } else { String::new() };
        let records = spelled(&book, records)?;
        let root = self.root(&book, sequence).await?;
        Ok(v1::ListRecordsResponse { records, next_page_token, sequence, root })
    }

    /// Sends the records from one on, until the caller leaves, is too slow or too late, or the server goes down.
    pub(super) async fn watch(
        &self,
        origin: Origin,
        message: v1::WatchRecordsRequest,
    ) -> Result<ReceiverStream<Watched>, Failure> {
        let book = self.book(&origin, &message.book)?;
        self.state(&origin, &message.book, Read::Log, crate::moment::At::default(), |_| Ok(())).await?;
        let (default, most) = HEARTBEAT;
        let heartbeat = match message.heartbeat_seconds {
            0 => default,
            seconds if seconds <= most => seconds,
            _ => {
                let (zh, en) = ("不得大于 60", "must be at most 60");
                return Err(Failure::field("heartbeat_seconds", "OUT_OF_RANGE", zh, en));
            }
        };
        let next = message.from.max(1);
        let head = book.head().map_err(|error| failure(error, ""))?.sequence;
        if next > head.saturating_add(1) {
            let (zh, en) = (
                format!("日志只有 {head} 条记录，没有此前的记录可续读"),
                format!("the log has {head} records: it does not hold what comes before this one"),
            );
            return Err(Failure::field("from", "BEYOND_THE_LOG", &zh, &en));
        }
        let (messages, stream) = mpsc::channel(WATCH_BUFFER + 1);
        let mut watcher = Watcher { book, origin, messages, next };
        let going_down = self.going_down.clone();
        tokio::spawn(async move {
            // The place for how it ends is taken before anything is sent, so that it is free however full the rest is.
            let Ok(end) = watcher.messages.clone().reserve_owned().await else { return };
            let ended = tokio::select! {
                ended = watcher.follow(Duration::from_secs(heartbeat.into())) => ended,
                () = going_down.cancelled() => Some(resume("SHUTTING_DOWN", watcher.next, Duration::from_secs(1))),
            };
            if let Some(failure) = ended {
                end.send(Err(failure.status(watcher.origin.language)));
            }
        });
        Ok(ReceiverStream::new(stream))
    }
}

impl<S: Store> Watcher<S> {
    /// Follows the log; tells why it ends, unless the caller is gone.
    async fn follow(&mut self, heartbeat: Duration) -> Option<Failure> {
        let begun = Instant::now();
        let until = begun + WATCH_FOR;
        let late = self.origin.deadline.unwrap_or(until + WATCH_FOR);
        let mut head = self.book.watch_head();
        loop {
            // Before each look, so that a book that stopped or a role that was taken away ends it.
            if let Err(failure) = self.allowed() {
                return Some(failure);
            }
            let reached = *head.borrow_and_update();
            if self.next <= reached {
                match self.send_up_to(reached).await {
                    Ok(Some(())) => {}
                    Ok(None) => return None,
                    Err(failure) => return Some(failure),
                }
            } else {
                let beat = Instant::now() + heartbeat;
                tokio::select! {
                    // The sender lives as long as the book.
                    changed = head.changed() => if changed.is_err() { return Some(self.resume()) },
                    () = sleep_until(beat) => {
                        let message = match self.heartbeat() {
                            Ok(message) => message,
                            Err(failure) => return Some(failure),
                        };
                        match self.send(message).await {
                            Ok(Some(())) => {}
                            Ok(None) => return None,
                            Err(failure) => return Some(failure),
                        }
                    }
                    () = sleep_until(until.min(late)) => {}
                    () = self.messages.closed() => return None,
                }
            }
            if Instant::now() >= late {
                return Some(Failure::Late);
            }
            if Instant::now() >= until {
                return Some(self.resume());
            }
        }
    }

    fn allowed(&self) -> Result<(), Failure> {
        let person = &self.origin.principal.person;
        let allowed = self.book.read(|state| may_read(state, person, Read::Log));
        if allowed.map_err(|error| failure(error, ""))? { Ok(()) } else { Err(Failure::Denied) }
    }

    /// Sends a piece of the log, as many messages as it makes; none once the caller is gone.
    async fn send_up_to(&mut self, reached: Sequence) -> Result<Option<()>, Failure> {
        let rows = self.book.store().log_rows(self.book.code(), self.next, WATCH_READ).await.map_err(storage)?;
        let bodies = rows.into_iter().flat_map(|row| (row.first..).zip(row.bodies));
        let mut wanted = bodies.filter(|(number, _)| (self.next..=reached).contains(number)).peekable();
        if wanted.peek().is_none() {
            tracing::error!(book = self.book.code(), record = self.next, "the log lacks a committed record");
            return Err(Failure::Internal);
        }
        let mut pieces = Vec::new();
        let (mut piece, mut bytes) = (Vec::new(), 0usize);
        for (number, body) in wanted {
            let full = piece.len() == WATCH_RECORDS || bytes.saturating_add(body.len()) > WATCH_BYTES;
            if full && !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
                bytes = 0;
            }
            bytes = bytes.saturating_add(body.len());
            piece.push((number, body));
        }
        pieces.push(piece);
        for piece in pieces {
            let records = spelled(&self.book, piece)?;
            let next = records.last().map_or(self.next, |record| record.sequence.saturating_add(1));
            let content = Some(Content::Records(v1::WatchedRecords { records }));
            if self.send(v1::WatchRecordsResponse { content, next }).await?.is_none() {
                return Ok(None);
            }
            self.next = next;
        }
        Ok(Some(()))
    }

    fn heartbeat(&self) -> Result<v1::WatchRecordsResponse, Failure> {
        let head = self.book.head().map_err(|error| failure(error, ""))?;
        let beat = v1::WatchHeartbeat {
            sequence: head.sequence,
            root: head.root.to_vec(),
            server_time: Some(time(self.book.now())),
        };
        Ok(v1::WatchRecordsResponse { content: Some(Content::Heartbeat(beat)), next: self.next })
    }

    /// Hands a message over; none once the caller is gone, a failure where it leaves messages lying.
    async fn send(&self, message: v1::WatchRecordsResponse) -> Result<Option<()>, Failure> {
        match self.messages.send_timeout(Ok(message), SLOW).await {
            Ok(()) => Ok(Some(())),
            Err(SendTimeoutError::Closed(_)) => Ok(None),
            Err(SendTimeoutError::Timeout(_)) => Err(self.resume()),
        }
    }

    fn resume(&self) -> Failure {
        resume("RESUME", self.next, RESUME_AFTER)
    }
}

/// Tells a watcher where to go on.
fn resume(reason: &'static str, next: Sequence, retry: Duration) -> Failure {
    Failure::Resume { reason, next, retry }
}

/// Records with what they say spelled out.
fn spelled<S: Store>(book: &Book<S>, records: Vec<(Sequence, Vec<u8>)>) -> Result<Vec<v1::Record>, Failure> {
    let shown = book.read(|state| records.into_iter().map(|(no, body)| shown(state, no, body)).collect::<Option<_>>());
    shown.map_err(|error| failure(error, ""))?.ok_or_else(|| {
        tracing::error!(book = book.code(), "a record of the log cannot be decoded");
        Failure::Internal
    })
}

fn shown(state: &ledger::State, sequence: Sequence, body: Vec<u8>) -> Option<v1::Record> {
    let record = record::decode(&body).ok()?;
    Some(v1::Record {
        sequence,
        record_time: Some(time(record.time)),
        person: state.persons.code(record.actor.person).to_owned(),
        event: event_name(&record.event).to_owned(),
        request_id: record.request.map(|request| request.id).unwrap_or_default(),
        part: u32::from(record.part),
        parts: u32::from(record.parts),
        leaf_hash: hash::leaf_hash(&body).to_vec(),
        body,
    })
}

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::BookCreated(_) => "BookCreated",
        Event::AccountDefined { .. } => "AccountDefined",
        Event::OrganizationRegistered { .. } => "OrganizationRegistered",
        Event::BankAccountRegistered(_) => "BankAccountRegistered",
        Event::BankTransactionRegistered(_) => "BankTransactionRegistered",
        Event::RolesSet(_) => "RolesSet",
        Event::ParameterSet { .. } => "ParameterSet",
        Event::StandardSet { .. } => "StandardSet",
        Event::ApprovalRecorded { .. } => "ApprovalRecorded",
        Event::SchemeRegistered { .. } => "SchemeRegistered",
        Event::QuotaAllocated(_) => "QuotaAllocated",
        Event::BatchSubmitted { .. } => "BatchSubmitted",
        Event::BatchReviewed { .. } => "BatchReviewed",
        Event::CoverConfirmed { .. } => "CoverConfirmed",
        Event::GrantOpened(_) => "GrantOpened",
        Event::Committed(_) => "Committed",
        Event::Released { .. } => "Released",
        Event::VoucherPosted(_) => "VoucherPosted",
        Event::ReceiptPosted(_) => "ReceiptPosted",
        Event::ReceiptNoted(_) => "ReceiptNoted",
        Event::PeriodClosed { .. } => "PeriodClosed",
        Event::DaySigned { .. } => "DaySigned",
        Event::Submitted { .. } => "Submitted",
        Event::Reviewed { .. } => "Reviewed",
        Event::Refused(_) => "Refused",
        Event::RefusalsSuppressed { .. } => "RefusalsSuppressed",
        Event::StateDigest { .. } => "StateDigest",
        Event::Totals { .. } => "Totals",
        Event::GrantAmended(_) => "GrantAmended",
        Event::Withdrawn { .. } => "Withdrawn",
        Event::DuesStatusSet { .. } => "DuesStatusSet",
        Event::SnapshotRegistered { .. } => "SnapshotRegistered",
        Event::TokenKeyRegistered { .. } => "TokenKeyRegistered",
        Event::RosterChunkUploaded { .. } => "RosterChunkUploaded",
        Event::PersonsEnrolled(_) => "PersonsEnrolled",
        Event::SourceNumbersVoided { .. } => "SourceNumbersVoided",
        Event::DetectorsRun { .. } => "DetectorsRun",
        Event::FindingOpened(_) => "FindingOpened",
        Event::FindingChanged(_) => "FindingChanged",
        Event::FindingGone { .. } => "FindingGone",
        Event::FindingUpdated(_) => "FindingUpdated",
        Event::StatementChunkUploaded { .. } => "StatementChunkUploaded",
        Event::StatementImported(_) => "StatementImported",
        Event::LinesMatched(_) => "LinesMatched",
        Event::LinesUnmatched(_) => "LinesUnmatched",
        Event::RuleSetAdopted(_) => "RuleSetAdopted",
        Event::RulesFiled { .. } => "RulesFiled",
        Event::HistoryRegistered { .. } => "HistoryRegistered",
        Event::ArchivesDestroyed { .. } => "ArchivesDestroyed",
        Event::LogPolicySet { .. } => "LogPolicySet",
    }
}
