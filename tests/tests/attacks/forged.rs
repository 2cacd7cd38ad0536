//! Attacks that write the whole log anew: records are changed, the ledger's own commitments made to fit, tree, rows, views and
//! head rebuilt, and heads signed again with the log's stolen key. What is consistent in itself afterwards is found by who
//! holds something from before.

use earmark_tests::attacked::{Log, Signed, log_keys, policy, reconciled, unsigned};
use earmark_tests::damages::later::{LATER, Later, played};
use earmark_tests::damages::{self, DAMAGES, Damage};
use record::command::{ReviewCommand, SetLogPolicy};
use record::kinds::Verdict;
use record::{Command, Event, Record};
use testkit::book::{Book, took_effect};
use testkit::build::{log_key, log_policy, policy_text, set_log_policy, witness_key};
use testkit::season;

use super::{Attack, How, Who, changed};

/// How a log is forged.
pub enum Forge {
    /// A damage of the verifier's own table.
    Damage(Damage),
    /// One of what later commands record, in the book of a scenario.
    Later(&'static Later),
    /// From the honest log, in whole.
    Whole(fn(&Log) -> Log),
}

impl Forge {
    /// The forged log, and the honest one that it was made of.
    pub fn made(&self, short: &Log) -> (Log, Log) {
        match self {
            Forge::Damage(damage) => {
                let records = changed(&short.records(), damage);
                (unsigned(&short.book, &fitted(&records, short), short), short.clone())
            }
            Forge::Later((scenario, name, damage, _)) => {
                let records = played(scenario);
                let book = match records.first().map(|record| &record.event) {
                    Some(Event::BookCreated(created)) => created.book.clone(),
                    _ => panic!("{scenario}: no opening"),
                };
                let honest = Log::of(&book, &records, &[], &log_keys().0, &[]);
                let forged = changed(&records, |records| {
                    assert!(records.iter_mut().any(damage), "{name}: no such record");
                });
                (Log::of(&book, &fitted(&forged, &honest), &[], &log_keys().0, &[]), honest)
            }
            Forge::Whole(forge) => (forge(short), short.clone()),
        }
    }
}

/// With the ledger's own commitments made to fit, unless it was they that were forged.
fn fitted(forged: &[Record], honest: &Log) -> Vec<Record> {
    let fitted = reconciled(forged);
    if fitted == honest.records() { forged.to_vec() } else { fitted }
}

pub fn attacks() -> Vec<Attack> {
    let of_damages = DAMAGES.iter().map(|&(name, damage, code)| Attack {
        name,
        how: How::Forged(Forge::Damage(damage)),
        who: Who::Verify,
        code: code.code(),
    });
    let of_later = LATER.iter().map(|later| Attack {
        name: later.1,
        how: How::Forged(Forge::Later(later)),
        who: Who::Verify,
        code: later.3.code(),
    });
    of_damages.chain(of_later).chain(told_by_records()).chain(told_by_what_is_held()).collect()
}

fn whole(name: &'static str, forge: fn(&Log) -> Log, who: Who, code: &'static str) -> Attack {
    Attack { name, how: How::Forged(Forge::Whole(forge)), who, code }
}

/// What the records themselves tell.
fn told_by_records() -> Vec<Attack> {
    vec![
        whole("one person makes and reviews", one_person, Who::Verify, "VER-028"),
        whole("a finding is deleted", without_a_finding, Who::Verify, "VER-031"),
        whole("a record bears another version of the rules", other_rules, Who::Verify, "VER-015"),
        whole("another book's log is kept under this name", under_another_name, Who::Verify, "VER-015"),
        whole("the book's own code is replaced in its opening", other_code, Who::Verify, "VER-015"),
        whole("the policy of the log loses the committee's word", without_the_committee, Who::Verify, "VER-033"),
        whole("heads are signed with a key that no policy names", other_key, Who::Verify, "VER-045"),
        whole("signed heads of the true history stay beside a forged one", with_true_heads, Who::Verify, "VER-045"),
        whole("a witness's signature is forged", forged_cosignature, Who::Verify, "VER-045"),
    ]
}

/// What only somebody tells who holds something from before.
fn told_by_what_is_held() -> Vec<Attack> {
    vec![
        whole("a refusal is dropped, and all after it numbered anew", without_a_refusal, Who::Checkpoint, "VER-009"),
        whole("a record is dated back by a second", a_second_earlier, Who::Checkpoint, "VER-009"),
        whole("the last records are cut off, heads and all", cut, Who::Checkpoint, "VER-009"),
        whole("an approval's ceiling is raised, and asked for so", raised_ceiling, Who::Checkpoint, "VER-009"),
        whole("the whole history is rebuilt with another donor", other_donor, Who::Policy, "VER-034"),
        whole("the same, found by a noted checkpoint", other_donor, Who::Checkpoint, "VER-009"),
        whole("the policy is replaced by the thief's own, duly signed", own_policy, Who::Policy, "VER-034"),
        whole("cosigned heads of the true history are laid to a forged one", with_true_heads, Who::Policy, "VER-009"),
    ]
}

/// A log of changed records.
fn of_changed(short: &Log, change: impl FnOnce(&mut Vec<Record>)) -> Log {
    unsigned(&short.book, &fitted(&changed(&short.records(), change), short), short)
}

fn place(records: &[Record], is: impl Fn(&Event) -> bool) -> usize {
    records.iter().position(|record| is(&record.event)).expect("the book has such a record")
}

fn one_person(short: &Log) -> Log {
    of_changed(short, |records| {
        let at = place(records, |event| matches!(event, Event::Reviewed { .. }));
        let Event::Reviewed { submission, .. } = records[at].event else { unreachable!("just found") };
        let maker = records[submission as usize - 1].actor.person;
        let parts = usize::from(records[at].parts);
        records[at..at + parts].iter_mut().for_each(|record| record.actor.person = maker);
        asked_again(records, &short.book);
    })
}

/// Makes the fingerprints of reviews anew, for who reviews them now and what they review now.
fn asked_again(records: &mut [Record], book: &str) {
    let mut state = ledger::State::default();
    for record in records {
        if let (Event::Reviewed { submission, .. }, Some(request)) = (&record.event, &mut record.request) {
            let (submission, verdict) = (*submission, Verdict::Approve);
            let review = Command::ReviewCommand(ReviewCommand { submission, verdict, reason: String::new() });
            let person = state.persons.code(record.actor.person).to_owned();
            request.fingerprint = record::command_fingerprint(book, &person, &review);
        }
        state.apply(record);
    }
}

fn without_a_finding(short: &Log) -> Log {
    of_changed(short, |records| {
        let first = place(records, |event| matches!(event, Event::FindingOpened(_)));
        let run = place(records, |event| matches!(event, Event::DetectorsRun { .. }));
        let parts = records[run].parts - 1;
        damages::cut(records, first, 1);
        for (part, record) in (0..parts).zip(&mut records[run..]) {
            (record.part, record.parts) = (part, parts);
        }
    })
}

fn other_rules(short: &Log) -> Log {
    of_changed(short, |records| {
        let at = place(records, |event| matches!(event, Event::ApprovalRecorded { .. }));
        records[at].rule_set += 1;
    })
}

fn under_another_name(short: &Log) -> Log {
    Log { book: "OTHER".into(), ..short.clone() }
}

fn other_code(short: &Log) -> Log {
    of_changed(short, |records| {
        if let Event::BookCreated(created) = &mut records[0].event {
            created.book = "GX".into();
        }
    })
}

/// The record that sets the policy, with another statement and policy, asked for as it stands.
fn with_policy(records: &mut [Record], policy: SetLogPolicy, book: &str) {
    let at = place(records, |event| matches!(event, Event::LogPolicySet { .. }));
    let record = &mut records[at];
    record.event = Event::LogPolicySet { policy: policy.policy.clone(), statement: policy.statement.clone() };
    let fingerprint = record::command_fingerprint(book, "audit", &Command::SetLogPolicy(policy));
    record.request.as_mut().expect("a request").fingerprint = fingerprint;
}

fn without_the_committee(short: &Log) -> Log {
    let (log, [one, two]) = log_keys();
    let policy = set_log_policy(&short.book, &policy_text(&log, &[&one, &two]), None, None, &[&log]);
    of_changed(short, |records| with_policy(records, policy, &short.book))
}

fn own_policy(short: &Log) -> Log {
    let (log, _) = log_keys();
    let thief = witness_key("w1", 77);
    let policy = set_log_policy(&short.book, &policy_text(&log, &[&thief]), None, None, &[&log, &thief]);
    let records = changed(&short.records(), |records| with_policy(records, policy, &short.book));
    let sizes: Vec<u64> = short.heads.iter().map(|head| head.size).collect();
    Log::of(&short.book, &records, &sizes, &log, &[&thief])
}

fn other_key(short: &Log) -> Log {
    let sizes: Vec<u64> = short.heads.iter().map(|head| head.size).collect();
    Log::of(&short.book, &short.records(), &sizes, &log_key(earmark_tests::attacked::ORIGIN, 9), &[])
}

fn forged_cosignature(short: &Log) -> Log {
    let (log, [one, two]) = log_keys();
    let forged = |name: &str, own: &proof::Signer, head: &Signed| {
        // Made with another key, and said to be by the witness's.
        let mut signature = witness_key(name, 66).sign(head.note.split_once("\n\n").map_or("", |(text, _)| text), 9);
        signature.id = own.verifier().id();
        (name.to_owned(), signature.id, signature.to_string())
    };
    let head = |head: &Signed| {
        let plain = Signed::new(&log, head.size, head.root, &[]);
        let cosignatures = vec![forged("w1", &one, &plain), forged("w2", &two, &plain)];
        Signed { cosignatures, ..plain }
    };
    Log { heads: short.heads.iter().map(head).collect(), ..short.clone() }
}

pub fn without_a_refusal(short: &Log) -> Log {
    of_changed(short, |records| {
        damages::drop_refusal(records);
        asked_again(records, &short.book);
    })
}

fn a_second_earlier(short: &Log) -> Log {
    of_changed(short, |records| {
        let at = place(records, |event| matches!(event, Event::Refused(_)));
        records[at].time -= 1_000_000;
        assert!(records[at].time >= records[at - 1].time, "time runs on all the same");
    })
}

fn cut(short: &Log) -> Log {
    let first = &short.heads[0];
    let records = short.records()[..first.size as usize].to_vec();
    let (log, [one, two]) = log_keys();
    Log::of(&short.book, &records, &[first.size], &log, &[&one, &two])
}

fn raised_ceiling(short: &Log) -> Log {
    of_changed(short, |records| {
        let at = place(records, |event| matches!(event, Event::ApprovalRecorded { .. }));
        let person = person_of(records, records[at].actor.person);
        let Event::ApprovalRecorded { approval, .. } = &mut records[at].event else { unreachable!("just found") };
        approval.max_fen += 100;
        let asked = Command::RecordApproval(approval.clone());
        let fingerprint = record::command_fingerprint(&short.book, &person, &asked);
        records[at].request.as_mut().expect("a request").fingerprint = fingerprint;
    })
}

/// The code of a person, by ordinal.
fn person_of(records: &[Record], no: u32) -> String {
    let mut state = ledger::State::default();
    records.iter().for_each(|record| state.apply(record));
    state.persons.code(no).to_owned()
}

fn other_donor(short: &Log) -> Log {
    let mut book = Book::new();
    let steps = season::all().into_iter().map(|mut step| {
        if let Command::RegisterOrganization(registered) = &mut step.command
            && registered.organization.code == "DONOR"
        {
            registered.organization.name = "另一捐赠企业".into();
        }
        step
    });
    season::play(&mut book, steps.collect());
    let (log, [one, two]) = log_keys();
    // The word of the witnesses on the policy stands in the true history, and fits this one as well.
    let set = log_policy(&book.state.book, &policy(), None, &[&log, &one, &two]);
    assert!(took_effect(&book.ask("audit", set)), "the policy is set");
    let size = book.records.len() as u64;
    Log::of(&short.book, &book.records, &[size], &log, &[])
}

fn with_true_heads(short: &Log) -> Log {
    Log { heads: short.heads.clone(), ..without_a_refusal(short) }
}
