//! Setting the trust policy of a book's log: by all whom it names and named before, each following the one in force; who may hand it in;
//! and everything wrong with it told at once.

use ledger::Decision;
use proof::{Recovery, Signer, root_of};
use record::Command;
use record::command::SetLogPolicy;
use testkit::book::{Book, took_effect};
use testkit::build::{create_book, day, log_key, log_policy, policy_text, set_log_policy, witness_key};

const ORIGIN: &str = "ledger.example.org/gd";

fn book() -> Book {
    let mut book = Book::new();
    book.set_day(day("2018-04-08"));
    let opened = book
        .act(Command::CreateBook(Box::new(create_book(record::Period { year: 2018, month: 1 }, day("2019-01-01")))));
    assert!(took_effect(&opened), "{opened:?}");
    book
}

/// Fields and codes of a malformed command.
fn faults(decision: &Decision) -> Vec<(String, &'static str)> {
    let Decision::Malformed(faults) = decision else { panic!("{decision:?}") };
    faults.iter().map(|fault| (fault.field.clone(), fault.code)).collect()
}

fn set(book: &mut Book, policy: &str, follows: Option<&str>, parties: &[&Signer]) -> Decision {
    let code = book.state.book.clone();
    book.ask("audit", log_policy(&code, policy, follows, parties))
}

fn recover(book: &mut Book, policy: &str, follows: &str, recovery: Recovery, parties: &[&Signer]) -> Decision {
    let command = set_log_policy(&book.state.book.clone(), policy, Some(follows), Some(recovery), parties);
    book.ask("fin.chief", Command::SetLogPolicy(command))
}

#[test]
fn policies_follow_each_other_by_the_word_of_all_parties() {
    let (log, next) = (log_key(ORIGIN, 1), log_key(ORIGIN, 2));
    let (one, two) = (witness_key("w1", 3), witness_key("w2", 4));
    let (first, second) = (policy_text(&log, &[&one]), policy_text(&next, &[&two]));
    let mut book = book();
    assert!(took_effect(&set(&mut book, &first, None, &[&log, &one])));
    assert_eq!(
        (book.state.log_policy.text.as_str(), book.state.log_policy.origin().as_deref()),
        (&*first, Some(ORIGIN))
    );
    let statement = |code| vec![("statement".to_owned(), code)];
    for (case, follows, parties, expected) in [
        ("the old log's key is missing", Some(&*first), &[&next, &one, &two][..], "NOT_SIGNED"),
        ("the new log's key is missing", Some(&*first), &[&log, &one, &two], "NOT_SIGNED"),
        ("the old witness is missing", Some(&*first), &[&log, &next, &two], "NOT_SIGNED"),
        ("the new witness is missing", Some(&*first), &[&log, &next, &one], "NOT_SIGNED"),
        ("as a first one", None, &[&log, &next, &one, &two], "OUT_OF_ORDER"),
        ("after another", Some(&*second), &[&log, &next, &one, &two], "OUT_OF_ORDER"),
    ] {
        assert_eq!(faults(&set(&mut book, &second, follows, parties)), statement(expected), "{case}");
    }
    assert!(took_effect(&set(&mut book, &second, Some(&first), &[&log, &next, &one, &two])));
    assert_eq!(book.state.log_policy.since, book.state.sequence);
    let again = set(&mut book, &second, Some(&first), &[&log, &next, &one, &two]);
    assert_eq!(faults(&again), statement("OUT_OF_ORDER"), "what was said once is not said again");
}

#[test]
fn a_log_keeps_its_origin_unless_it_lost_its_end() {
    let (log, other, one) = (log_key(ORIGIN, 1), log_key("elsewhere", 2), witness_key("w1", 3));
    let (first, moved) = (policy_text(&log, &[&one]), policy_text(&other, &[&one]));
    let mut book = book();
    assert!(took_effect(&set(&mut book, &first, None, &[&log, &one])));
    let decision = set(&mut book, &moved, Some(&first), &[&log, &other, &one]);
    assert_eq!(faults(&decision), [("policy".to_owned(), "ORIGIN")]);

    let here = |book: &Book| Recovery {
        size: book.state.sequence,
        root: root_of(&book.leaves),
        lost_size: book.state.sequence + 5,
        lost_root: [9; 32],
    };
    let statement = |code| vec![("statement".to_owned(), code)];
    let now = here(&book);
    let elsewhere = Recovery { root: [1; 32], ..now.clone() };
    assert_eq!(faults(&recover(&mut book, &moved, &first, elsewhere, &[&other, &one])), statement("OTHER_HEAD"));
    let later = Recovery { size: now.size + 1, ..now.clone() };
    assert_eq!(faults(&recover(&mut book, &moved, &first, later, &[&other, &one])), statement("OTHER_HEAD"));
    let nothing = Recovery { lost_size: now.size, lost_root: now.root, ..now.clone() };
    assert_eq!(faults(&recover(&mut book, &moved, &first, nothing, &[&other, &one])), statement("NOTHING_LOST"));
    let same = recover(&mut book, &first, &first, now.clone(), &[&log, &one]);
    assert_eq!(faults(&same), [("policy".to_owned(), "ORIGIN")], "under the old name it would contradict itself");
    assert_eq!(
        faults(&recover(&mut book, &moved, &first, now.clone(), &[&other])),
        [("statement".to_owned(), "NOT_SIGNED")]
    );
    // The old log key has signed what is gone, and is not asked.
    assert!(took_effect(&recover(&mut book, &moved, &first, now.clone(), &[&other, &one])));
    let past = &book.state.log_policy.abandoned;
    assert_eq!(
        (past.len(), past[0].origin.as_str(), past[0].kept, past[0].lost.0),
        (1, ORIGIN, (now.size, now.root), now.lost_size)
    );
    let back = here(&book);
    let decision = recover(&mut book, &first, &moved, back, &[&log, &one]);
    assert_eq!(faults(&decision), [("policy".to_owned(), "ORIGIN")], "nor is a name used twice");
}

#[test]
fn all_that_is_wrong_is_told_and_nothing_echoed() {
    let (log, one) = (log_key(ORIGIN, 1), witness_key("w1", 3));
    let good = policy_text(&log, &[&one]);
    let mut book = book();
    let code = book.state.book.clone();
    let sound = set_log_policy(&code, &good, None, None, &[&log, &one]);
    let with = |policy: &str, statement: &str| SetLogPolicy { policy: policy.into(), statement: statement.into() };
    let two_logs = format!("log {}\n{good}", log_key("b", 7).verifier());
    let cases = [
        (with("", ""), vec![("policy", "REQUIRED"), ("statement", "REQUIRED")]),
        (
            with("secret\nnonsense\n", "x"),
            vec![
                ("policy", "BAD_POLICY"),
                ("policy", "BAD_POLICY"),
                ("policy", "BAD_POLICY"),
                ("statement", "BAD_STATEMENT"),
            ],
        ),
        (with(&two_logs, &sound.statement), vec![("policy", "BAD_POLICY"), ("statement", "OTHER_POLICY")]),
        (with("quorum none\n", &sound.statement), vec![("policy", "BAD_POLICY"), ("statement", "OTHER_POLICY")]),
        (
            with(&format!("{good}# 13912345678\n"), &sound.statement),
            vec![("policy", "PII-001"), ("statement", "OTHER_POLICY")],
        ),
        (
            with(&format!("{good}#\u{202e}\n"), &sound.statement),
            vec![("policy", "BAD_CHARACTER"), ("statement", "OTHER_POLICY")],
        ),
        (
            with(&format!("{good}{}", "#\n".repeat(30_000)), &sound.statement),
            vec![("policy", "TOO_LONG"), ("statement", "OTHER_POLICY")],
        ),
        (set_log_policy("GD-OTHER", &good, None, None, &[&log, &one]), vec![("statement", "OTHER_BOOK")]),
    ];
    for (command, expected) in cases {
        let decision = book.ask("audit", Command::SetLogPolicy(command));
        let found = faults(&decision);
        let expected: Vec<(String, &str)> =
            expected.into_iter().map(|(field, code)| (field.to_owned(), code)).collect();
        assert_eq!(found, expected);
        assert!(!format!("{decision:?}").contains("secret") && !format!("{decision:?}").contains("139123"));
    }
    for person in ["fin.maker", "cashier", "svc.dept", "approver"] {
        assert_eq!(book.ask(person, Command::SetLogPolicy(sound.clone())), Decision::Denied, "{person}");
    }
    assert!(took_effect(&book.ask("fin.chief", Command::SetLogPolicy(sound))));
}
