//! Evidence files: what is written is read, and what is damaged is told, whichever byte it is.

use record::evidence::{Frame, Proven, Reader, Scope, Writer};
use verify::{CannotVerify, Code, verify_file};

use super::{bodies, codes, evidence, season, table};

#[test]
fn a_file_of_the_season_verifies() {
    let book = season();
    let file = evidence("GD", &bodies(&book.records), &["a checkpoint\n"]);
    let mut last = (0, 0);
    let report = verify_file(&file[..], [], |done, all| last = (done, all)).expect("a file");
    assert!(report.is_clean(), "{:#?}", report.faults);
    assert_eq!((report.records, report.notes), (book.records.len() as u64, 1));
    assert_eq!(last, (report.records, report.records));
}

#[test]
fn another_book_s_name_and_another_root_are_told() {
    let bodies = bodies(&season().records);
    let report = verify_file(&evidence("XX", &bodies, &[])[..], [], |_, _| {}).expect("a file");
    assert_eq!(codes(&report), [Code::Derived]);
    let mut reader = Reader::begin(&evidence("GD", &bodies, &[])[..]).expect("a file").header().clone();
    reader.root[0] ^= 1;
    let mut writer = Writer::begin(Vec::new(), &reader).expect("memory");
    bodies.iter().for_each(|body| writer.record(body).expect("memory"));
    let report = verify_file(&writer.finish().expect("memory")[..], [], |_, _| {}).expect("a file");
    assert_eq!(codes(&report), [Code::Root]);
}

#[test]
fn every_flipped_bit_is_told() {
    // A short book, so that every byte can be tried.
    let records = &table::rich().records[..14];
    let honest = evidence("GD", &bodies(records), &["note"]);
    let clean = verify_file(&honest[..], [], |_, _| {}).expect("a file");
    assert!(clean.is_clean(), "{:#?}", clean.faults);
    // The preset is large: after the first pages, every seventh byte is enough to meet each kind of field.
    for at in (0..honest.len()).filter(|at| *at < 400 || at % 7 == 0 || *at > honest.len() - 400) {
        let mut file = honest.clone();
        file[at] ^= 1 << (at % 8);
        let well = verify_file(&file[..], [], |_, _| {}).is_ok_and(|report| report.is_clean());
        assert!(!well, "a flipped bit in byte {at} is not told");
    }
}

#[test]
fn files_that_end_early_or_late_are_told() {
    let honest = evidence("GD", &bodies(&table::rich().records[..14]), &[]);
    for length in [honest.len() - 1, honest.len() - 60, honest.len() / 2] {
        let report = verify_file(&honest[..length], [], |_, _| {}).expect("a file");
        assert!(codes(&report).contains(&Code::File), "{length}: {:?}", codes(&report));
    }
    let longer = [&honest[..], &[0]].concat();
    assert_eq!(codes(&verify_file(&longer[..], [], |_, _| {}).expect("a file")), [Code::File]);
    assert!(matches!(verify_file(&b"something else"[..], [], |_, _| {}), Err(CannotVerify::Unreadable(_))));
    assert!(matches!(verify_file(&honest[..30], [], |_, _| {}), Err(CannotVerify::Unreadable(_))));
}

#[test]
fn parts_of_books_are_written_and_read_and_proven() {
    let honest = bodies(&table::rich().records[..14]);
    let mut header = Reader::begin(&evidence("GD", &honest, &[])[..]).expect("a file").header().clone();
    header.scope = Scope::Grant(3);
    // A part of one record lacks nearly everything; what of it is told beside is the matter here.
    let beside =
        |report: &verify::Report| codes(report).into_iter().filter(|code| *code != Code::Lacks).collect::<Vec<_>>();
    let leaves: Vec<_> = honest.iter().map(|body| record::hash::leaf_hash(body)).collect();
    let proof = proof::inclusion_proof(&leaves, 4, 14).expect("a proof");
    let proven = Proven { sequence: 5, body: honest[4].clone(), proof };
    let mut writer = Writer::begin(Vec::new(), &header).expect("memory");
    writer.proven(&proven).expect("memory");
    let file = writer.finish().expect("memory");
    let mut reader = Reader::begin(&file[..]).expect("a file");
    let Ok(Some(Frame::Proven(read))) = reader.next_frame() else { panic!("a proven record") };
    assert_eq!(read, proven);
    let leaf = record::hash::leaf_hash(&read.body);
    assert_eq!(proof::verify_inclusion(&leaf, read.sequence - 1, header.size, &read.proof, &header.root), Ok(()));
    assert!(matches!(reader.next_frame(), Ok(None)));
    // Of a part, that its records are in the tree is checked, and the tree against a checkpoint of its size.
    let told = |file: &[u8], known: &[(u64, record::Digest)]| {
        verify_file(file, known, |_, _| {}).map(|report| (report.part, beside(&report)))
    };
    assert_eq!(told(&file, &[(14, header.root)]).expect("a part"), (true, vec![]));
    assert_eq!(told(&file, &[(14, [7; 32])]).expect("a part"), (true, vec![Code::Checkpoint]));
    assert!(matches!(told(&file, &[(13, header.root)]), Err(CannotVerify::OtherSize(14))));
    let damaged = |damage: fn(&mut Proven), again: usize| {
        let mut proven = proven.clone();
        damage(&mut proven);
        let mut writer = Writer::begin(Vec::new(), &header).expect("memory");
        (0..again).for_each(|_| writer.proven(&proven).expect("memory"));
        told(&writer.finish().expect("memory"), &[]).expect("a part").1
    };
    assert_eq!(damaged(|_| {}, 2), [Code::Sequence], "a record stands twice");
    assert_eq!(damaged(|p| p.proof[0][0] ^= 1, 1), [Code::Root]);
    assert_eq!(damaged(|p| p.sequence += 1, 1), [Code::Sequence, Code::Root]);
    assert_eq!(damaged(|p| p.body.push(0), 1), [Code::Body, Code::Root]);
}
