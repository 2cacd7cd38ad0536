//! Reading ahead: while one thread judges record after record, another reads those that follow, hashes them, decodes them and encodes them
//! again. Judging stays in the order of the log, so that a verdict depends on nothing but the records.

use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, scope};

use record::evidence::{EvidenceError, Frame, Reader};
use record::{DecodeError, Digest, Record, Sequence, hash};

/// Frames that are handed over at once: so many that the two threads seldom wait for each other, so few that the caches hold them.
const FRAMES: usize = 256;
/// Bytes of bodies after which fewer are.
const BYTES: usize = 1 << 18;
/// Batches that wait to be judged.
const WAITING: usize = 2;

/// A record as far as it can be looked at without the books before it.
pub(crate) struct Opened {
    /// Its leaf hash.
    pub leaf: Digest,
    /// What it says; none once that was taken away.
    pub record: Result<Option<Record>, DecodeError>,
}

impl Opened {
    /// Hashes and decodes a body.
    pub(crate) fn of(body: &[u8]) -> Opened {
        Opened { leaf: hash::leaf_hash(body), record: record::decode(body).map(Some) }
    }
}

/// A frame of an evidence file.
#[expect(clippy::large_enum_variant, reason = "nearly all are records, and a box would cost each an allocation")]
pub(crate) enum Item {
    Record(Opened),
    Note(String),
    /// A record with a proof, of which only the place is told: a whole book has none.
    Proven(Sequence),
    /// What only the proof of a figure has.
    OfProof,
}

struct Batch {
    items: Vec<Item>,
    /// How the file ended, with the last batch.
    end: Option<Result<(), EvidenceError>>,
}

/// Hands frame after frame to `judge`, to the file's end, and tells how that was.
pub(crate) fn each<R: Read + Send>(reader: Reader<R>, mut judge: impl FnMut(&mut Item)) -> Result<(), EvidenceError> {
    scope(|scope| {
        let (full, batches) = sync_channel(WAITING);
        let (back, emptied) = sync_channel(WAITING.saturating_add(2));
        let reading = Builder::new().name("reader".to_owned());
        reading.spawn_scoped(scope, move || read(reader, &full, &emptied)).map_err(EvidenceError::Unreadable)?;
        for Batch { mut items, end } in batches {
            items.iter_mut().for_each(&mut judge);
            if let Some(end) = end {
                return end;
            }
            // What was judged goes back to where its memory came from; there is room for all that can be on the way.
            drop(back.try_send(items));
        }
        // It ended without an end: it panicked, and so does the scope.
        Err(EvidenceError::Short("what was read ahead"))
    })
}

/// Reads to the end, or until nobody takes batches any more.
fn read<R: Read>(mut reader: Reader<R>, full: &SyncSender<Batch>, emptied: &Receiver<Vec<Item>>) {
    loop {
        let mut items = emptied.try_recv().unwrap_or_default();
        items.clear();
        let end = fill(&mut reader, &mut items);
        let last = end.is_some();
        if full.send(Batch { items, end }).is_err() || last {
            return;
        }
    }
}

/// Reads the frames of a batch; tells how the file ended where it does.
fn fill<R: Read>(reader: &mut Reader<R>, items: &mut Vec<Item>) -> Option<Result<(), EvidenceError>> {
    let mut bytes = 0usize;
    while items.len() < FRAMES && bytes < BYTES {
        match reader.next_frame() {
            Ok(Some(Frame::Record(body))) => {
                bytes = bytes.saturating_add(body.len());
                items.push(Item::Record(Opened::of(body)));
            }
            Ok(Some(Frame::Note(text))) => items.push(Item::Note(text.to_owned())),
            Ok(Some(Frame::Proven(proven))) => items.push(Item::Proven(proven.sequence)),
            Ok(Some(Frame::Tail(_) | Frame::Sums(_) | Frame::Entry(_))) => items.push(Item::OfProof),
            Ok(None) => return Some(Ok(())),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}
