//! Verifying an evidence file: frames in, report out. Where its bytes come from, and how progress is shown, is the caller's.

use std::io::Read;

use record::evidence::{EvidenceError, Frame, Header, Proven, Reader, Scope};
use record::{Record, Sequence, hash};

use crate::ahead::{self, Item};
use crate::fault::Code;
use crate::figure::FigureOf;
use crate::notes::{Notes, Trusted};
use crate::part::Part;
use crate::report::Report;
use crate::verifier::{Verifier, hex};

/// Why nothing could be said of a file: neither that it is well nor that it is not.
#[derive(Debug, thiserror::Error)]
pub enum CannotVerify {
    /// It is no evidence file, or its bytes could not be read.
    #[error(transparent)]
    Unreadable(EvidenceError),
    /// It holds a part of a book at another size than any checkpoint that the auditor holds: nothing links the two.
    #[error("the file is of a book of {0} records; none of the checkpoints given is of that size")]
    OtherSize(Sequence),
}

/// Verifies a book from an evidence file: judges all of a whole one; of a part, or the proof of a figure, that its records are in the tree
/// that the file names, that a checkpoint of that size has its root, and what the records show by themselves. `trusted` is what the
/// auditor has from elsewhere; `progress` is told records read and records in all.
pub fn verify_file(
    from: impl Read + Send,
    trusted: impl Into<Trusted>,
    mut progress: impl FnMut(Sequence, Sequence),
) -> Result<Report, CannotVerify> {
    let reader = Reader::begin(from).map_err(CannotVerify::Unreadable)?;
    let header = reader.header().clone();
    if header.scope != Scope::All {
        return part(reader, &header, trusted.into());
    }
    let mut verifier = Verifier::new(trusted);
    let end = ahead::each(reader, |item| match item {
        Item::Record(opened) => {
            verifier.take(opened);
            progress(verifier.size(), header.size);
        }
        Item::Note(text) => verifier.note(text),
        Item::Proven(sequence) => verifier.fault(*sequence, Code::File, "records in order", "a record with a proof"),
        Item::OfProof => verifier.fault(verifier.size(), Code::File, "records in order", "a part of a proof"),
    });
    match end {
        Ok(()) => {}
        Err(EvidenceError::Unreadable(error)) => {
            return Err(CannotVerify::Unreadable(EvidenceError::Unreadable(error)));
        }
        Err(error) => {
            let size = verifier.size();
            verifier.fault(size, Code::File, "an evidence file to its trailer", error.to_string());
        }
    }
    let mut report = verifier.finish(Some((header.size, header.root)));
    if !report.book.is_empty() && report.book != header.book {
        report.add(1, Code::Derived, header.book, report.book.clone());
    }
    Ok(report)
}

/// What a part shows beside its records being in the tree.
enum Shows {
    Part(Box<Part>),
    Figure(Box<FigureOf>),
}

/// A part of a book: every record is canonical, stands where it says, and is in the tree.
fn part<R: Read>(mut reader: Reader<R>, header: &Header, trusted: Trusted) -> Result<Report, CannotVerify> {
    let mut report = Report {
        book: header.book.clone(),
        origin: header.origin.clone(),
        root: header.root,
        part: true,
        ..Report::default()
    };
    let Trusted { checkpoints: known, policy } = trusted;
    let mut notes = Notes::under(policy);
    match known.get(&header.size) {
        None if !known.is_empty() => return Err(CannotVerify::OtherSize(header.size)),
        Some(root) if *root != header.root => report.add(header.size, Code::Checkpoint, hex(root), hex(&header.root)),
        _ => {}
    }
    let mut shows = match FigureOf::of(header) {
        Some(figure) => Shows::Figure(Box::new(figure)),
        None => Shows::Part(Box::new(Part::of(&header.scope))),
    };
    let mut last = 0;
    loop {
        match reader.next_frame() {
            Ok(Some(Frame::Proven(proven))) => {
                if proven.sequence <= last {
                    report.add(proven.sequence, Code::Sequence, format!("after {last}"), proven.sequence.to_string());
                }
                last = proven.sequence;
                report.records = report.records.saturating_add(1);
                let Some(record) = prove(&proven, header, &mut report) else { continue };
                match &mut shows {
                    Shows::Part(part) => part.take(record, &mut report),
                    Shows::Figure(figure) => figure.proven(&record, &mut report),
                }
            }
            Ok(Some(Frame::Note(text))) => notes.take(text, header.size, || header.root, &mut report),
            Ok(Some(frame)) => match &mut shows {
                Shows::Figure(figure) => figure.take(&frame, &mut report),
                Shows::Part(_) => report.add(last, Code::File, "records with their proofs", "something else"),
            },
            Ok(None) => break,
            Err(EvidenceError::Unreadable(error)) => {
                return Err(CannotVerify::Unreadable(EvidenceError::Unreadable(error)));
            }
            Err(error) => {
                report.add(last, Code::File, "an evidence file to its trailer", error.to_string());
                return Ok(report);
            }
        }
    }
    notes.close(header.size, &mut report);
    match shows {
        Shows::Part(part) => part.close(&header.scope, last, &mut report),
        Shows::Figure(figure) => figure.close(&mut report),
    }
    report.faults.sort();
    Ok(report)
}

/// The record of a frame, if it is one and stands where it says.
fn prove(proven: &Proven, header: &Header, report: &mut Report) -> Option<Record> {
    let at = proven.sequence;
    let record = match record::decode(&proven.body) {
        Ok(record) if record.sequence != at => {
            report.add(at, Code::Sequence, at.to_string(), record.sequence.to_string());
            None
        }
        Ok(record) => Some(record),
        Err(error) => {
            report.add(at, Code::Body, "a canonical record of a known version", error.to_string());
            None
        }
    };
    let leaf = hash::leaf_hash(&proven.body);
    let index = at.checked_sub(1).unwrap_or(u64::MAX);
    if let Err(error) = proof::verify_inclusion(&leaf, index, header.size, &proven.proof, &header.root) {
        report.add(
            at,
            Code::Root,
            format!("leaf {index} of {} records, {}", header.size, hex(&header.root)),
            error.to_string(),
        );
        return None;
    }
    record
}
