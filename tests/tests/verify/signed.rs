//! Signatures: who set the log's policy, and which checkpoints of a file an auditor's own policy believes.

use proof::{Checkpoint, Note, Policy, Recovery, Signer};
use record::command::SetLogPolicy;
use record::evidence::{Header, Scope, Writer};
use record::{Command, Event, Period};
use testkit::book::{Book, took_effect};
use testkit::build::{create_book, day, log_key, log_policy, policy_text, set_log_policy, witness_key};
use verify::{Code, Report, Trusted, verify_file};

use super::{bodies, codes, root, verified};

const ORIGIN: &str = "ledger.example.org/gd";

/// A book whose policy was set, followed by another with other keys, and put back once.
fn book() -> Book {
    let (log, next, new) = (log_key(ORIGIN, 1), log_key(ORIGIN, 2), log_key("ledger.example.org/gd-2", 5));
    let (one, two) = (witness_key("w1", 3), witness_key("w2", 4));
    let texts = [policy_text(&log, &[&one]), policy_text(&next, &[&two]), policy_text(&new, &[&two])];
    let mut book = Book::new();
    book.set_day(day("2018-04-08"));
    let open = create_book(Period { year: 2018, month: 1 }, day("2019-01-01"));
    assert!(took_effect(&book.act(Command::CreateBook(Box::new(open)))));
    let code = book.state.book.clone();
    assert!(took_effect(&book.ask("audit", log_policy(&code, &texts[0], None, &[&log, &one]))));
    let both = [&log, &next, &one, &two];
    assert!(took_effect(&book.ask("audit", log_policy(&code, &texts[1], Some(&texts[0]), &both))));
    let size = book.state.sequence;
    let recovery = Recovery { size, root: proof::root_of(&book.leaves), lost_size: size + 5, lost_root: [9; 32] };
    let recover = set_log_policy(&code, &texts[2], Some(&texts[1]), Some(recovery), &[&new, &two]);
    assert!(took_effect(&book.ask("fin.chief", Command::SetLogPolicy(recover))));
    book
}

#[test]
fn policies_are_set_by_the_word_of_all_parties() {
    let book = book();
    let report = verified(&bodies(&book.records));
    assert!(report.is_clean() && report.unjudged.is_empty(), "{:#?} {:?}", report.faults, report.unjudged);
    let at: Vec<usize> =
        (0..book.records.len()).filter(|at| matches!(book.records[*at].event, Event::LogPolicySet { .. })).collect();
    assert_eq!(at.len(), 3);
    // A signature is taken away, with the fingerprint made anew, as who rewrites a log would.
    for at in at {
        let Event::LogPolicySet { statement, .. } = &book.records[at].event else { unreachable!("just found") };
        let lines = statement.lines().filter(|line| line.starts_with('\u{2014}')).count();
        assert!(lines >= 2, "{statement}");
        for dropped in 0..lines {
            let mut records = book.records.clone();
            let person = book.state.persons.code(records[at].actor.person).to_owned();
            let Event::LogPolicySet { policy, statement } = &mut records[at].event else { unreachable!("just found") };
            let mut place = 0;
            let kept = statement.lines().filter(|line| {
                place += usize::from(line.starts_with('\u{2014}'));
                !(line.starts_with('\u{2014}') && place == dropped + 1)
            });
            *statement = kept.flat_map(|line| [line, "\n"]).collect();
            let asked = SetLogPolicy { policy: policy.clone(), statement: statement.clone() };
            let fingerprint = record::command_fingerprint(&book.state.book, &person, &Command::SetLogPolicy(asked));
            records[at].request.as_mut().expect("a request").fingerprint = fingerprint;
            assert_eq!(codes(&verified(&bodies(&records)))[..1], [Code::Policy], "record {at}, signature {dropped}");
        }
    }
    // A recovery from another head than the book had.
    let mut records = book.records.clone();
    records.remove(1);
    assert!(codes(&verified(&bodies(&records))).contains(&Code::Policy));
}

/// A checkpoint, signed by these.
fn checkpoint(size: u64, root: [u8; 32], by: &[&Signer]) -> String {
    let text = Checkpoint::new(ORIGIN, size, root).to_string();
    let signatures = by.iter().map(|signer| signer.sign(&text, 1_700_000_000)).collect();
    Note::new(text, signatures).expect("a note").to_string()
}

#[test]
fn checkpoints_of_a_file_are_believed_under_the_auditors_policy_alone() {
    let bodies = bodies(&book().records);
    let size = bodies.len() as u64;
    let (log, one, other) = (log_key(ORIGIN, 1), witness_key("w1", 3), witness_key("w2", 4));
    let told = |policy: Option<&str>, before: &[String], after: &[String]| -> Report {
        let (book, scope, writer) = ("GD".to_owned(), Scope::All, "test".to_owned());
        let header = Header { book, origin: ORIGIN.to_owned(), scope, size, root: root(&bodies), writer };
        let mut writer = Writer::begin(Vec::new(), &header).expect("memory");
        before.iter().for_each(|note| writer.note(note).expect("memory"));
        bodies.iter().for_each(|body| writer.record(body).expect("memory"));
        after.iter().for_each(|note| writer.note(note).expect("memory"));
        let policy = policy.map(|text| Policy::parse(text.as_bytes()).expect("a policy"));
        let trusted = Trusted { policy, ..Trusted::default() };
        verify_file(&writer.finish().expect("memory")[..], trusted, |_, _| {}).expect("a file")
    };
    let policy = policy_text(&log, &[&one]);
    let of = |size: u64| root(&bodies[..size as usize]);
    let good = checkpoint(3, of(3), &[&log, &one]);
    let report = told(Some(&policy), &[good.clone(), "no checkpoint\n".to_owned()], &[]);
    assert!(report.is_clean(), "{:#?}", report.faults);
    assert_eq!((report.notes, report.cosigned), (2, Some((3, vec!["w1".to_owned()]))));
    // The newest one counts, wherever it stands; one that comes too late is not compared.
    let last = checkpoint(size, of(size), &[&log, &one]);
    let report = told(Some(&policy), core::slice::from_ref(&good), &[last]);
    assert_eq!(report.cosigned.map(|(size, _)| size), Some(size));
    let late = told(Some(&policy), &[], core::slice::from_ref(&good));
    assert_eq!((codes(&late), late.notes_late), (vec![Code::Cosigned], 1));
    for (case, notes, expected) in [
        ("no checkpoint at all", vec![], vec![Code::Cosigned]),
        ("the witness has not signed", vec![checkpoint(3, of(3), &[&log])], vec![Code::Cosigned]),
        ("another witness has", vec![checkpoint(3, of(3), &[&log, &other])], vec![Code::Cosigned]),
        ("the log has not signed", vec![checkpoint(3, of(3), &[&one])], vec![Code::Cosigned]),
        ("another tree", vec![checkpoint(3, [7; 32], &[&log, &one])], vec![Code::Checkpoint, Code::Cosigned]),
        (
            "another tree, beside a good one",
            vec![good.clone(), checkpoint(2, [7; 32], &[&log])],
            vec![Code::Checkpoint],
        ),
        ("the end is lost", vec![good.clone(), checkpoint(size + 1, [7; 32], &[&log])], vec![Code::Checkpoint]),
    ] {
        assert_eq!(codes(&told(Some(&policy), &notes, &[])), expected, "{case}");
    }
    // Without a policy nothing is read of them.
    assert!(told(None, &[checkpoint(3, [7; 32], &[&log, &one])], &[]).is_clean());
}
