//! Verifying an evidence file: frames in, report out. Where its bytes come from, and how progress is shown, is the caller's.

use std::io::Read;

use record::evidence::{EvidenceError, Frame, Reader, Scope};
use record::{Digest, Sequence};

use crate::fault::Code;
use crate::report::Report;
use crate::verifier::Verifier;

/// Why nothing could be said of a file: neither that it is well nor that it is not.
#[derive(Debug, thiserror::Error)]
pub enum CannotVerify {
    /// It is no evidence file, or its bytes could not be read.
    #[error(transparent)]
    Unreadable(EvidenceError),
    /// It holds a part of a book, of which not everything can be judged anew.
    #[error("the file holds a part of a book; only whole books are verified yet")]
    Scoped,
}

/// Verifies a whole book from an evidence file. `known` are sizes and roots from elsewhere; `progress` is told records read and records in all.
pub fn verify_file(
    from: impl Read,
    known: impl IntoIterator<Item = (Sequence, Digest)>,
    mut progress: impl FnMut(Sequence, Sequence),
) -> Result<Report, CannotVerify> {
    let mut reader = Reader::begin(from).map_err(CannotVerify::Unreadable)?;
    let header = reader.header().clone();
    if header.scope != Scope::All {
        return Err(CannotVerify::Scoped);
    }
    let mut verifier = Verifier::new(known);
    loop {
        match reader.next_frame() {
            Ok(Some(Frame::Record(body))) => {
                verifier.body(body);
                progress(verifier.size(), header.size);
            }
            Ok(Some(Frame::Note(_))) => verifier.note(),
            Ok(Some(Frame::Proven(proven))) => {
                verifier.fault(proven.sequence, Code::File, "records in order", "a record with a proof");
            }
            Ok(None) => break,
            Err(EvidenceError::Unreadable(error)) => {
                return Err(CannotVerify::Unreadable(EvidenceError::Unreadable(error)));
            }
            Err(error) => {
                let size = verifier.size();
                verifier.fault(size, Code::File, "an evidence file to its trailer", error.to_string());
                break;
            }
        }
    }
    let mut report = verifier.finish(Some((header.size, header.root)));
    if !report.book.is_empty() && report.book != header.book {
        report.add(1, Code::Derived, header.book, report.book.clone());
    }
    Ok(report)
}
