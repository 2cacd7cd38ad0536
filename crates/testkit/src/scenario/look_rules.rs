//! Assertions about rules and work: replay, rule-set, unfiled, standing, work.

use ledger::rejudge::{OtherRules, Refusal, Report, Trial};
use ledger::work;
use record::kinds::Role;
use record::{Day, Event};

use super::Fault;
use super::args::{Args, coded, date, money, number};
use super::verbs::parts;
use crate::book::Book;

/// Looks, if the line is one of these; `want` is what stands after ` = `.
pub fn look(book: &Book, args: &mut Args, want: &str) -> Result<bool, Fault> {
    match args.verb.as_str() {
        "replay" => replay(book, args, want),
        "rule-set" => Fault::unless_same(want, &book.state.rule_set.to_string()),
        "unfiled" => {
            let found: Vec<String> = book.state.layers.unfiled().map(|(no, _)| no.to_string()).collect();
            Fault::unless_same(want, &or_none(found))
        }
        "standing" => {
            let code = args.word("a grant")?;
            let no = book.state.grants.no(&code).ok_or_else(|| Fault::unreadable(format!("no grant {code}")))?;
            Fault::unless_same(want, &format!("{:?}", ledger::grants::standing(&book.state, no)))
        }
        "work" => waits(book, args, want),
        _ => return Ok(false),
    }?;
    Ok(true)
}

fn or_none(found: Vec<String>) -> String {
    if found.is_empty() { "-".to_owned() } else { found.join(" ") }
}

/// `work PERSON [role=ROLE] = KIND/SUBJECT ...`, in the list's order; `-` if nothing waits.
fn waits(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let code = args.word("a person")?;
    let only = args.field("role").map(|text| coded(&text, Role::from_code)).transpose()?;
    let (person, _) = book.state.person(&code).ok_or_else(|| Fault::unreadable(format!("no person {code}")))?;
    let items = work::work(&book.state, person, only, book.today());
    Fault::unless_same(want, &or_none(items.iter().map(|i| format!("{:?}/{}", i.kind, i.subject)).collect()))
}

/// `replay FROM TO [standard=CLASS/PLAN/SUBSIDY/OWN ...] [parameter=KEY/VALUE ...] [deadline=YEAR/DAY ...] [block=USE ...]
/// [block-source=SOURCE ...] [adopted=VERSION] = NAME RULES[ follows]; ...`: every request that would have been refused, by its first
/// voucher, batch or notice; `-` if none.
fn replay(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let (from, to) = (date(&args.word("a day")?)?, date(&args.word("a day")?)?);
    let mut rules = OtherRules::default();
    if let Some(version) = args.field("adopted") {
        let version: u32 = number(&version)?;
        let adopted = book.state.layers.adopted.iter().find(|a| a.adopted.rules.version == version);
        let adopted = adopted.ok_or_else(|| Fault::unreadable("no such version was adopted"))?;
        rules = OtherRules::of(&adopted.adopted.rules, &book.state);
    }
    for text in args.all("standard") {
        let [class, plan, subsidy, own] = parts(&text)?;
        rules.standards.push(crate::build::standard(class, plan, money(subsidy)?, money(own)?, from, "").standard);
    }
    for text in args.all("parameter") {
        let [key, value] = parts(&text)?.map(str::to_owned);
        rules.parameters.push((key, value));
    }
    for text in args.all("deadline") {
        let [year, day] = parts(&text)?;
        rules.deadlines.push((number(year)?, date(day)?));
    }
    rules.blocked_uses = args.all("block");
    rules.blocked_sources = args.all("block-source");
    let report = rejudge(book, rules, (from, to));
    let found: Vec<String> = report.refusals.iter().map(|refusal| told(book, refusal)).collect();
    Fault::unless_same(want, &if found.is_empty() { "-".to_owned() } else { found.join("; ") })
}

/// Judges every command of a book again.
pub fn rejudge(book: &Book, rules: OtherRules, (from, to): (Day, Day)) -> Report {
    let mut trial = Trial::new(rules, from, to);
    let mut rest = book.records.as_slice();
    while let Some(first) = rest.first() {
        let (command, others) = rest.split_at(usize::from(first.parts));
        while let Err(wanted) = trial.step(command) {
            trial.give(wanted.0.iter().filter_map(|at| book.record(*at).cloned()).collect());
        }
        rest = others;
    }
    trial.report()
}

fn told(book: &Book, refusal: &Refusal) -> String {
    let name = match (refusal.vouchers.first(), book.record(refusal.sequence).map(|r| &r.event)) {
        (Some(reference), _) => reference.to_string(),
        (None, Some(Event::BatchSubmitted { batch, .. })) => batch.code.clone(),
        (None, Some(Event::BatchReviewed { batch, .. } | Event::CoverConfirmed { batch, .. })) => {
            format!("{}'", book.state.grants.code(*batch))
        }
        (None, Some(Event::QuotaAllocated(event))) => event.notice_no.clone(),
        _ => format!("#{}", refusal.sequence),
    };
    let mut rules: Vec<&str> = refusal.hits.iter().map(|hit| hit.rule.as_str()).collect();
    rules.dedup();
    let follows = if refusal.follows { ["follows"].as_slice() } else { &[] };
    [name.as_str()].into_iter().chain(rules).chain(follows.iter().copied()).collect::<Vec<_>>().join(" ")
}
