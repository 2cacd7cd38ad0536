//! Writing evidence files (取证文件): a whole book, or what a scope is about with its way to the root of a checkpoint. The log is read from
//! front to back and the file goes out in chunks; nothing of the book waits for it. What a scope holds stands in `ledger::evidence`.

use std::collections::BTreeSet;
use std::future::Future;

use ledger::evidence::{Asked, NoPart, Selection};
use proof::{Digest, Gather, ProofError, SignedCheckpoint};
use record::evidence::{Header, Proven, Scope, Writer};
use record::{Sequence, hash};
use tokio::sync::mpsc;

use crate::book::Book;
use crate::error::EngineError;
use crate::proofs::signed;
use crate::store::{LogRow, Store, StoreError, TreeHeadQuery};

/// Bytes of log read at once.
const READ_BYTES: usize = 4 << 20;
/// Bytes of a chunk: messages stay well below the 4 MiB that clients take by default.
const CHUNK_BYTES: usize = 256 << 10;
/// Cosigned checkpoints that a file of a whole book carries, the newest ones: years of monthly ones.
pub const CHECKPOINTS: u32 = 100;

/// Chunks of a file on their way to whoever stores or sends them.
pub type Chunks = mpsc::Sender<Vec<u8>>;

/// Chunks that wait to be taken.
pub const CHUNKS_WAITING: usize = 4;

/// A log that is gone through: a store's, or one opened for reading alone.
pub trait Rows: Send + Sync {
    /// Rows of the log that hold records from `from` on, at least one if there is one, then as many as fit.
    fn rows(&self, from: Sequence, max_bytes: usize) -> impl Future<Output = Result<Vec<LogRow>, StoreError>> + Send;
}

/// The log of a book in a store.
pub struct Stored<'a, S>(pub &'a S, pub &'a str);

impl<S: Store> Rows for Stored<'_, S> {
    async fn rows(&self, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
        self.0.log_rows(self.1, from, max_bytes).await
    }
}

/// At which size a file is made, and the signed checkpoints that it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Records.
    pub size: Sequence,
    /// Root over them.
    pub root: Digest,
    /// Origin of the newest checkpoint; empty where the log has none.
    pub origin: String,
    /// Signed notes with their cosignatures.
    pub notes: Vec<String>,
}

impl Moment {
    /// A whole book at its head, with these notes, the newest first.
    pub fn of_head(size: Sequence, root: Digest, notes: Vec<String>) -> Moment {
        let newest = notes.first().and_then(|note| SignedCheckpoint::parse(note).ok());
        let origin = newest.map(|signed| signed.checkpoint.origin).unwrap_or_default();
        Moment { size, root, origin, notes }
    }

    /// The checkpoint that a part of a book is proven under: of these notes, newest first, the one of `size`; with 0 the newest that
    /// somebody cosigned, else the newest. None where there is no such one.
    pub fn of_checkpoint(size: Sequence, notes: Vec<String>) -> Option<Moment> {
        let read = |note: String| Some((SignedCheckpoint::parse(&note).ok()?, note));
        let signed: Vec<(SignedCheckpoint, String)> = notes.into_iter().filter_map(read).collect();
        // The log's own signature is the first.
        let cosigned = |(signed, _): &&(SignedCheckpoint, String)| signed.note.signatures().len() > 1;
        let found = match size {
            0 => signed.iter().find(cosigned).or(signed.first()),
            size => signed.iter().find(|(signed, _)| signed.checkpoint.size == size),
        };
        let (SignedCheckpoint { checkpoint, .. }, note) = found?;
        let (size, root, origin) = (checkpoint.size, checkpoint.root, checkpoint.origin.clone());
        Some(Moment { size, root, origin, notes: vec![note.clone()] })
    }
}

/// Why no file, or no whole one, was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What is asked for is not there, or too much.
    #[error(transparent)]
    NoPart(#[from] NoPart),
    /// Storage failed, or contradicts itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The book does not answer.
    #[error(transparent)]
    Book(#[from] EngineError),
    /// Nobody takes the chunks any more.
    #[error("nobody takes the file any more")]
    Gone,
}

impl From<ProofError> for ExportError {
    fn from(error: ProofError) -> ExportError {
        corrupt(format!("a proof cannot be made: {error}"))
    }
}

pub(crate) fn corrupt(what: String) -> ExportError {
    ExportError::Store(StoreError::Corrupt(what))
}

/// A file on its way out.
pub(crate) struct Outgoing<'a> {
    pub writer: Writer<Vec<u8>>,
    chunks: &'a Chunks,
}

impl<'a> Outgoing<'a> {
    /// Begins a file with its notes.
    pub fn begin(header: &Header, notes: &[String], chunks: &'a Chunks) -> Result<Outgoing<'a>, ExportError> {
        let mut writer = Writer::begin(Vec::new(), header).map_err(unwritten)?;
        for note in notes {
            writer.note(note).map_err(unwritten)?;
        }
        Ok(Outgoing { writer, chunks })
    }

    /// Sends what has gathered, once it is a chunk.
    pub async fn flow(&mut self) -> Result<(), ExportError> {
        if self.writer.get_mut().len() >= CHUNK_BYTES { self.send().await } else { Ok(()) }
    }

    async fn send(&mut self) -> Result<(), ExportError> {
        let whole = core::mem::take(self.writer.get_mut());
        for chunk in whole.chunks(CHUNK_BYTES) {
            self.chunks.send(chunk.to_vec()).await.map_err(|_| ExportError::Gone)?;
        }
        Ok(())
    }

    /// Ends the file.
    pub async fn finish(mut self) -> Result<(), ExportError> {
        self.send().await?;
        let rest = self.writer.finish().map_err(unwritten)?;
        self.chunks.send(rest).await.map_err(|_| ExportError::Gone)
    }
}

/// Memory takes all but what is longer than a frame may be.
pub(crate) fn unwritten(error: std::io::Error) -> ExportError {
    corrupt(format!("a frame cannot be written: {error}"))
}

/// A record as it goes by: sequence, body, leaf hash.
type Passing = (Sequence, Vec<u8>, Digest);

/// Goes through records of a log in order.
pub(crate) struct Walk<'a, R> {
    rows: &'a R,
    next: Sequence,
    to: Sequence,
}

impl<'a, R: Rows> Walk<'a, R> {
    /// From one record to another, both included.
    pub fn new(rows: &'a R, from: Sequence, to: Sequence) -> Walk<'a, R> {
        Walk { rows, next: from, to }
    }

    /// The next records; none at the end.
    pub async fn more(&mut self) -> Result<Vec<Passing>, StoreError> {
        let mut passing = Vec::new();
        if self.next > self.to {
            return Ok(passing);
        }
        let missing = |at: Sequence| StoreError::Corrupt(format!("record {at} is missing"));
        for row in self.rows.rows(self.next, READ_BYTES).await? {
            for ((at, body), leaf) in (row.first..).zip(row.bodies).zip(row.leaves) {
                if at < self.next || at > self.to {
                    continue;
                }
                if at > self.next {
                    return Err(missing(self.next));
                }
                passing.push((at, body, leaf));
                self.next = at.saturating_add(1);
            }
        }
        if passing.is_empty() {
            return Err(missing(self.next));
        }
        tokio::task::yield_now().await;
        Ok(passing)
    }
}

/// What is to be exported, and as of when.
pub struct Export<'a> {
    /// Code of the book.
    pub book: &'a str,
    /// The scope.
    pub asked: &'a Asked,
    /// The moment.
    pub moment: &'a Moment,
    /// Told records gone through and records in all; of a part several times over.
    pub progress: &'a (dyn Fn(Sequence, Sequence) + Send + Sync),
}

impl Export<'_> {
    fn header(&self, scope: Scope) -> Header {
        header(self.book, scope, self.moment)
    }

    /// Writes the file; gives its header and how many records it holds.
    pub async fn write<R: Rows>(&self, rows: &R, chunks: &Chunks) -> Result<(Header, u64), ExportError> {
        if *self.asked == Asked::All { self.whole(rows, chunks).await } else { self.part(rows, chunks).await }
    }

    async fn whole<R: Rows>(&self, rows: &R, chunks: &Chunks) -> Result<(Header, u64), ExportError> {
        let header = self.header(Scope::All);
        // Notes before the records, so that who reads them can compare each root when the tree is of its size.
        let mut out = Outgoing::begin(&header, &self.moment.notes, chunks)?;
        let mut walk = Walk::new(rows, 1, header.size);
        loop {
            let passing = walk.more().await?;
            let Some((last, ..)) = passing.last() else { break };
            (self.progress)(*last, header.size);
            for (_, body, _) in &passing {
                out.writer.record(body).map_err(unwritten)?;
            }
            out.flow().await?;
        }
        out.finish().await?;
        let records = header.size;
        Ok((header, records))
    }

    async fn part<R: Rows>(&self, rows: &R, chunks: &Chunks) -> Result<(Header, u64), ExportError> {
        let (scope, chosen) = self.select(rows).await?;
        let (size, root) = (self.moment.size, self.moment.root);
        let mut gather = Gather::default();
        for at in &chosen {
            gather.inclusion(at.saturating_sub(1), size)?;
        }
        let mut walk = Walk::new(rows, 1, size);
        loop {
            let passing = walk.more().await?;
            let Some((last, ..)) = passing.last() else { break };
            (self.progress)(*last, size);
            passing.iter().for_each(|(_, _, leaf)| gather.push(*leaf));
        }
        let header = self.header(scope);
        let mut out = Outgoing::begin(&header, &self.moment.notes, chunks)?;
        let mut row: Option<LogRow> = None;
        for at in &chosen {
            let body = body_of(rows, &mut row, *at).await?;
            let index = at.saturating_sub(1);
            let proof = proof::inclusion_proof_from(index, size, |node| gather.node(node))?;
            // What is handed out proves what it says, or nothing is handed out.
            proof::verify_inclusion(&hash::leaf_hash(&body), index, size, &proof, &root)?;
            out.writer.proven(&Proven { sequence: *at, body, proof }).map_err(unwritten)?;
            out.flow().await?;
        }
        out.finish().await?;
        Ok((header, chosen.len() as u64))
    }

    async fn select<R: Rows>(&self, rows: &R) -> Result<(Scope, BTreeSet<Sequence>), ExportError> {
        let mut selection = Selection::new(self.asked.clone());
        loop {
            let mut walk = Walk::new(rows, 1, self.moment.size);
            loop {
                let passing = walk.more().await?;
                let Some((last, ..)) = passing.last() else { break };
                (self.progress)(*last, self.moment.size);
                for (at, body, _) in &passing {
                    let record = record::decode(body).map_err(|error| corrupt(format!("record {at}: {error}")))?;
                    selection.take(record);
                }
            }
            if !selection.settle() {
                return Ok(selection.finish()?);
            }
        }
    }
}

/// The header of a file.
pub(crate) fn header(book: &str, scope: Scope, moment: &Moment) -> Header {
    Header {
        book: book.to_owned(),
        origin: moment.origin.clone(),
        scope,
        size: moment.size,
        root: moment.root,
        writer: format!("earmark {}", env!("CARGO_PKG_VERSION")),
    }
}

/// The body of a record, from the row that was read last or the one that holds it.
async fn body_of<R: Rows>(rows: &R, row: &mut Option<LogRow>, at: Sequence) -> Result<Vec<u8>, ExportError> {
    let within = |row: &LogRow| {
        let place = usize::try_from(at.checked_sub(row.first)?).ok()?;
        row.bodies.get(place).cloned()
    };
    if let Some(body) = row.as_ref().and_then(within) {
        return Ok(body);
    }
    *row = rows.rows(at, 1).await?.into_iter().next();
    row.as_ref().and_then(within).ok_or_else(|| corrupt(format!("record {at} is missing")))
}

impl<S: Store> Book<S> {
    /// The moment of a file of this scope: of a whole book its head; of a part the checkpoint of `size`, with 0 the newest that meets the
    /// quorum, else the newest, else the head where nothing is signed.
    pub async fn moment(&self, asked: &Asked, size: Sequence) -> Result<Moment, EngineError> {
        self.shared().readable()?;
        if *asked != Asked::All {
            return self.moment_of_part(size).await;
        }
        let head = self.head()?;
        let mut notes = Vec::new();
        for (cosigned, limit) in [(false, 1), (true, CHECKPOINTS)] {
            let query = TreeHeadQuery { from: 0, to: head.sequence, cosigned, limit };
            for head in self.store().tree_heads(self.code(), query).await? {
                let note = signed(&head)?.note.to_string();
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        Ok(Moment::of_head(head.sequence, head.root, notes))
    }

    /// The checkpoint that a part or a figure is proven under.
    pub(crate) async fn moment_of_part(&self, size: Sequence) -> Result<Moment, EngineError> {
        let cosigned = match size {
            0 => self.checkpoint(0, true).await,
            size => self.checkpoint(size, false).await,
        };
        let shown = match cosigned {
            Err(EngineError::NoCheckpoint) if size == 0 => self.checkpoint(0, false).await,
            other => other,
        };
        match shown {
            Ok(shown) => {
                let at = shown.checkpoint;
                Ok(Moment { size: at.size, root: at.root, origin: at.origin, notes: vec![shown.note.to_string()] })
            }
            // A log without a policy is signed by nobody; who holds a root of it from elsewhere can compare.
            Err(EngineError::NoLogPolicy | EngineError::NoLogKey) if size == 0 => {
                let head = self.head()?;
                Ok(Moment { size: head.sequence, root: head.root, origin: String::new(), notes: Vec::new() })
            }
            Err(error) => Err(error),
        }
    }
}
