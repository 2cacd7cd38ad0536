//! The evidence file (取证文件): records of a book with what shows that they are the book's, in one stream that a verifier reads from front
//! to back. Framing only: what records mean stands in the records, what a tree proves in `proof`, how it is judged in `verify`.
//!
//! A file is a mark, then frames: kind (one byte), length (u32, little-endian), payload. `docs/format/evidence.md` is its reference.

use borsh::io::{Error, ErrorKind, Read, Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest as _, Sha256};

use crate::{AccountNo, Day, Digest, GrantNo, MAX_RECORD_BYTES, OrgNo, Sequence, SourceNo, UseNo, VoucherRef};

/// The first bytes of every evidence file: what it is, and version 1.
pub const MARK: &[u8; 17] = b"earmark-evidence\x01";
/// A header is a few names: more is not one.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;
/// A checkpoint with the cosignatures of every witness that a committee could have is some kilobytes.
pub const MAX_NOTE_BYTES: usize = 64 * 1024;
/// Digests of an inclusion proof at most: one a level of a tree whose size is a 64-bit number.
const MAX_PROOF: usize = 64;
/// A record with its proof.
const MAX_PROVEN_BYTES: usize = MAX_RECORD_BYTES + MAX_PROOF * 32 + 16;

/// An entry of a Totals record has 44 bytes.
const MAX_ENTRY_BYTES: usize = 64;

const HEADER: u8 = 1;
const RECORD: u8 = 2;
const NOTE: u8 = 3;
const PROVEN: u8 = 4;
const TAIL: u8 = 5;
const SUMS: u8 = 6;
const ENTRY: u8 = 7;
const TRAILER: u8 = 255;

/// What of a book a file holds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Scope {
    /// Every record, in order: all can be judged.
    All,
    /// What concerns a grant: records with their inclusion proofs.
    Grant(GrantNo),
    /// What concerns a voucher, likewise.
    Voucher(VoucherRef),
    /// What vouchers of a period tell, likewise.
    Period {
        /// First voucher date.
        from: Day,
        /// Last voucher date.
        to: Day,
    },
    /// What a balance is added up from: the sums of a Totals record, and every record after it.
    Balance(BalanceScope),
    /// The same of what left a source in a period, by use.
    Outflows(OutflowScope),
}

/// Which balance: debit less credit of the lines of this account. What is 0 is not asked for: a grant only under its source, a holder
/// only under its grant, since the sums of a Totals record stand in that order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BalanceScope {
    /// Account.
    pub account: AccountNo,
    /// Source; 0 all.
    pub source: SourceNo,
    /// Grant; 0 all.
    pub grant: GrantNo,
    /// Holder; 0 all.
    pub holder: OrgNo,
    /// Vouchers dated on or before this day; none all.
    pub as_of: Option<Day>,
    /// As known after this many records.
    pub known_at: Sequence,
}

/// Which outflows: credits of asset accounts of a source, by voucher date. Whatever leaves a source leaves its money, under a use.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OutflowScope {
    /// Source.
    pub source: SourceNo,
    /// First voucher date.
    pub from: Day,
    /// Last voucher date.
    pub to: Day,
    /// Uses that they are said to lie within, by ordinal.
    pub uses: Vec<UseNo>,
    /// As known after this many records.
    pub known_at: Sequence,
}

/// What a file says of itself. A verifier checks it against the records, and against what it knows from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// Code of the book.
    pub book: String,
    /// Origin of its checkpoints (C2SP tlog-checkpoint); empty where the book has none.
    pub origin: String,
    /// What it holds.
    pub scope: Scope,
    /// Records of the book at that moment: the size of the tree.
    pub size: Sequence,
    /// RFC 6962 root of that tree.
    pub root: Digest,
    /// Name and version of the program that wrote the file.
    pub writer: String,
}

/// A record of a scoped file, with what shows that the tree holds it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proven {
    /// Place of the record in the log, from 1.
    pub sequence: Sequence,
    /// Its body.
    pub body: Vec<u8>,
    /// Inclusion proof in the header's tree, nearest sibling first.
    pub proof: Vec<Digest>,
}

/// Says that records follow, one frame each, all of them from the one after `after` to `to`, and what shows that they are the log's.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tail {
    /// Records before them.
    pub after: Sequence,
    /// The last of them; `after` where there are none.
    pub to: Sequence,
    /// Right edge of the tree of `after` records: with the records it leads to the root of `to`.
    pub edge: Vec<Digest>,
    /// Consistency proof from that root to the header's.
    pub bridge: Vec<Digest>,
}

/// Says that entries of the Totals record in the file follow, one frame each, without gap, and what shows that they are its.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sums {
    /// Place of the first of them among all entries, from 0.
    pub first: u64,
    /// How many follow.
    pub count: u64,
    /// Right edge of the tree of the entries before them: with them it leads to the root of `first + count` entries.
    pub edge: Vec<Digest>,
    /// Consistency proof from that root to the Totals record's.
    pub bridge: Vec<Digest>,
}

/// The end of a file.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Trailer {
    /// Record frames, proven ones included.
    pub records: u64,
    /// Note frames.
    pub notes: u64,
    /// SHA-256 over everything before this frame.
    pub digest: Digest,
}

/// A frame between header and trailer.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The body of a record, exactly as hashed.
    Record(&'a [u8]),
    /// A checkpoint or cosignature, as text.
    Note(&'a str),
    /// A record with its proof.
    Proven(Proven),
    /// Records follow.
    Tail(Tail),
    /// Entries of the Totals record follow.
    Sums(Sums),
    /// Such an entry, exactly as hashed.
    Entry(&'a [u8]),
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The bytes could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] Error),
    /// It is no evidence file, or of a version that is not known here.
    #[error("not an evidence file of a known version")]
    NotEvidence,
    /// It ends before its trailer.
    #[error("ends too early, in {0}")]
    Short(&'static str),
    /// A frame is of no known kind, too long, or does not decode.
    #[error("a damaged frame: {0}")]
    Frame(&'static str),
    /// Counts or digest of the trailer are not those of what stands before it, or something stands after it.
    #[error("the trailer does not fit: {0}")]
    Trailer(&'static str),
}

/// Writes a file, frame by frame.
pub struct Writer<W: Write> {
    to: W,
    hash: Sha256,
    records: u64,
    notes: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    pub fn begin(to: W, header: &Header) -> IoResult<Writer<W>> {
        let mut writer = Writer { to, hash: Sha256::new(), records: 0, notes: 0 };
        writer.bytes(MARK)?;
        writer.frame(HEADER, &borsh::to_vec(header)?, MAX_HEADER_BYTES)?;
        Ok(writer)
    }

    /// Adds the body of the next record.
    pub fn record(&mut self, body: &[u8]) -> IoResult<()> {
        self.records = self.records.saturating_add(1);
        self.frame(RECORD, body, MAX_RECORD_BYTES)
    }

    /// Adds a record with its proof.
    pub fn proven(&mut self, proven: &Proven) -> IoResult<()> {
        self.records = self.records.saturating_add(1);
        self.frame(PROVEN, &borsh::to_vec(proven)?, MAX_PROVEN_BYTES)
    }

    /// Adds a checkpoint or cosignature.
    pub fn note(&mut self, text: &str) -> IoResult<()> {
        self.notes = self.notes.saturating_add(1);
        self.frame(NOTE, text.as_bytes(), MAX_NOTE_BYTES)
    }

    /// Says which records follow.
    pub fn tail(&mut self, tail: &Tail) -> IoResult<()> {
        self.frame(TAIL, &borsh::to_vec(tail)?, MAX_HEADER_BYTES)
    }

    /// Says which entries of the Totals record follow.
    pub fn sums(&mut self, sums: &Sums) -> IoResult<()> {
        self.frame(SUMS, &borsh::to_vec(sums)?, MAX_HEADER_BYTES)
    }

    /// Adds the next of these entries.
    pub fn entry(&mut self, entry: &[u8]) -> IoResult<()> {
        self.frame(ENTRY, entry, MAX_ENTRY_BYTES)
    }

    /// What the file is written to.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.to
    }

    /// Ends the file and gives back what it was written to.
    pub fn finish(mut self) -> IoResult<W> {
        let digest = self.hash.clone().finalize().into();
        let trailer = Trailer { records: self.records, notes: self.notes, digest };
        self.frame(TRAILER, &borsh::to_vec(&trailer)?, MAX_HEADER_BYTES)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn frame(&mut self, kind: u8, payload: &[u8], most: usize) -> IoResult<()> {
        let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= most);
        let length = length.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "longer than its frame may be"))?;
        self.bytes(&[kind])?;
        self.bytes(&length.to_le_bytes())?;
        self.bytes(payload)
    }

    fn bytes(&mut self, bytes: &[u8]) -> IoResult<()> {
        self.hash.update(bytes);
        self.to.write_all(bytes)
    }
}

/// Reads a file, frame by frame, and ends only at a trailer that fits.
pub struct Reader<R: Read> {
    from: R,
    hash: Sha256,
    header: Header,
    payload: Vec<u8>,
    records: u64,
    notes: u64,
}

impl<R: Read> Reader<R> {
    /// Begins to read: mark and header.
    pub fn begin(from: R) -> Result<Reader<R>, EvidenceError> {
        let header = Header {
            book: String::new(),
            origin: String::new(),
            scope: Scope::All,
            size: 0,
            root: [0; 32],
            writer: String::new(),
        };
        let mut reader = Reader { from, hash: Sha256::new(), header, payload: Vec::new(), records: 0, notes: 0 };
        let mut mark = [0; MARK.len()];
        reader.fill(&mut mark, "its mark")?;
        if mark != *MARK {
            return Err(EvidenceError::NotEvidence);
        }
        reader.hash.update(mark);
        if reader.next_payload()? != HEADER {
            return Err(EvidenceError::Frame("the first one is no header"));
        }
        reader.header = decode(&reader.payload, "header")?;
        Ok(reader)
    }

    /// What the file says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next frame; none at a trailer that fits and has nothing behind it.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, EvidenceError> {
        match self.next_payload()? {
            RECORD => {
                self.records = self.records.saturating_add(1);
                Ok(Some(Frame::Record(&self.payload)))
            }
            NOTE => {
                self.notes = self.notes.saturating_add(1);
                let text = core::str::from_utf8(&self.payload);
                text.map(|text| Some(Frame::Note(text))).map_err(|_| EvidenceError::Frame("a note that is not UTF-8"))
            }
            PROVEN => {
                self.records = self.records.saturating_add(1);
                decode(&self.payload, "proven record").map(|proven| Some(Frame::Proven(proven)))
            }
            TAIL => decode(&self.payload, "tail").map(|tail| Some(Frame::Tail(tail))),
            SUMS => decode(&self.payload, "sums").map(|sums| Some(Frame::Sums(sums))),
            ENTRY => Ok(Some(Frame::Entry(&self.payload))),
            TRAILER => self.end().map(|()| None),
            _ => Err(EvidenceError::Frame("of no known kind")),
        }
    }

    fn end(&mut self) -> Result<(), EvidenceError> {
        let digest: Digest = self.hash.clone().finalize().into();
        let trailer: Trailer = decode(&self.payload, "trailer")?;
        if (trailer.records, trailer.notes) != (self.records, self.notes) {
            return Err(EvidenceError::Trailer("other counts than the frames before it"));
        }
        if trailer.digest != digest {
            return Err(EvidenceError::Trailer("another digest than that of the bytes before it"));
        }
        let mut more = [0];
        match self.from.read(&mut more)? {
            0 => Ok(()),
            _ => Err(EvidenceError::Trailer("bytes stand behind it")),
        }
    }

    /// Reads the next frame into `payload`; gives its kind.
    fn next_payload(&mut self) -> Result<u8, EvidenceError> {
        let mut head = [0; 5];
        self.fill(&mut head, "a frame's head")?;
        let [kind, length @ ..] = head;
        let length = u32::from_le_bytes(length) as usize;
        let most = match kind {
            RECORD => MAX_RECORD_BYTES,
            NOTE => MAX_NOTE_BYTES,
            PROVEN => MAX_PROVEN_BYTES,
            ENTRY => MAX_ENTRY_BYTES,
            HEADER | TAIL | SUMS | TRAILER => MAX_HEADER_BYTES,
            _ => return Err(EvidenceError::Frame("of no known kind")),
        };
        if length > most {
            return Err(EvidenceError::Frame("longer than its kind may be"));
        }
        let mut payload = core::mem::take(&mut self.payload);
        payload.resize(length, 0);
        self.fill(&mut payload, "a frame")?;
        self.payload = payload;
        // The trailer tells the digest of what stands before it.
        if kind != TRAILER {
            self.hash.update(head);
            self.hash.update(&self.payload);
        }
        Ok(kind)
    }

    fn fill(&mut self, bytes: &mut [u8], what: &'static str) -> Result<(), EvidenceError> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => EvidenceError::Short(what),
            _ => EvidenceError::Unreadable(error),
        })
    }
}

/// The value of a payload, if it re-encodes to the same bytes.
fn decode<T: BorshDeserialize + BorshSerialize>(payload: &[u8], what: &'static str) -> Result<T, EvidenceError> {
    let value: T = borsh::from_slice(payload).map_err(|_| EvidenceError::Frame(what))?;
    let again = borsh::to_vec(&value)?;
    if again == payload { Ok(value) } else { Err(EvidenceError::Frame(what)) }
}
