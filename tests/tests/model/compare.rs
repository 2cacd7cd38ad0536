//! What must agree between ledger and model, and what must hold of the ledger's vouchers whoever is right.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Decision, Outcome, State};
use record::kinds::{LedgerKind, Side, VoucherKind};
use record::{Day, Fen, Line, Voucher};
use testkit::model::{Leg, Paper, Verdict};

use super::pair::Pair;

type Differs = Result<(), String>;

fn same<T: PartialEq + core::fmt::Debug>(what: &str, ledger: T, model: T) -> Differs {
    if ledger == model { Ok(()) } else { Err(format!("{what}:\n  ledger {ledger:?}\n  model  {model:?}")) }
}

/// The verdicts agree: what is refused by the same rules, what is malformed in the same fields, what is accepted with the same vouchers.
pub fn verdict(pair: &Pair, decision: &Decision, said: Option<&Outcome>, model: &Verdict) -> Differs {
    let rules = |hits: &[record::event::Hit]| hits.iter().map(|h| h.rule.clone()).collect::<BTreeSet<String>>();
    match (decision, said, model) {
        (Decision::Records(records), Some(Outcome::Posted(_)), Verdict::Accepted(papers)) => {
            let vouchers: Vec<Paper> =
                records.iter().filter_map(ledger_voucher).map(|v| paper_of(&pair.state, v)).collect();
            same("vouchers", vouchers, papers.iter().map(plain).collect())
        }
        (_, Some(Outcome::Refused(hits)), Verdict::Refused(codes)) => {
            same("rules", rules(hits), codes.iter().map(|c| (*c).to_owned()).collect())
        }
        (_, Some(Outcome::Submitted(_)), Verdict::Submitted)
        | (_, Some(Outcome::Rejected(_)), Verdict::Rejected)
        | (Decision::Replay(_), _, Verdict::Replay)
        | (Decision::KeyReused, _, Verdict::KeyReused)
        | (Decision::Denied, _, Verdict::Denied) => Ok(()),
        (Decision::Malformed(faults), _, Verdict::Malformed(named)) => {
            let found: BTreeSet<(String, &'static str)> = faults.iter().map(|f| (f.field.clone(), f.code)).collect();
            same("faults", &found, named)
        }
        _ => Err(format!("verdicts:\n  ledger {}\n  model  {model:?}", short(decision, said))),
    }
}

fn short(decision: &Decision, said: Option<&Outcome>) -> String {
    said.map_or_else(|| format!("{decision:?}"), |outcome| format!("{outcome:?}"))
}

fn ledger_voucher(record: &record::Record) -> Option<&Voucher> {
    match &record.event {
        record::Event::VoucherPosted(p) => Some(&p.voucher),
        record::Event::ReceiptPosted(p) => Some(&p.voucher),
        _ => None,
    }
}

/// A line with its names spelled out.
fn leg_of(state: &State, line: &Line) -> Leg {
    Leg {
        account: state.accounts.code(line.account).to_owned(),
        source: state.sources.code(line.source).to_owned(),
        grant: state.grants.code(line.grant).to_owned(),
        side: line.side,
        fen: line.fen,
        year: line.year,
        class: state.classes.code(line.class).to_owned(),
        plan: state.plans.code(line.plan).to_owned(),
        use_code: state.uses.code(line.use_code).to_owned(),
        holder: state.organizations.code(line.holder).to_owned(),
        counterparty: state.organizations.code(line.counterparty).to_owned(),
        heads: i64::from(line.heads),
        price: line.price,
        bank: state.bank_txns.code(line.bank).to_owned(),
    }
}

/// A voucher with its names spelled out and its lines in a fixed order.
fn paper_of(state: &State, voucher: &Voucher) -> Paper {
    let mut legs: Vec<Leg> = voucher.lines.iter().map(|line| leg_of(state, line)).collect();
    legs.sort();
    let person = |no| state.persons.code(no).to_owned();
    assert_eq!(voucher.historical, voucher.date < state.live_from, "补录 marks what is dated before live_from");
    assert_eq!(person(voucher.chief_by).is_empty(), voucher.kind != VoucherKind::Closing || voucher.reviewed_by == 0);
    Paper {
        reference: voucher.reference,
        ledger: voucher.ledger,
        date: voucher.date,
        kind: voucher.kind,
        template: voucher.template,
        maker: person(voucher.prepared_by),
        reviewer: person(voucher.reviewed_by),
        cashier: person(voucher.cashier_by),
        approval: state.approvals.code(voucher.approval).to_owned(),
        commitment: state.commitments.code(voucher.commitment).to_owned(),
        settlement: voucher.settlement,
        corrects: voucher.corrects,
        legs,
        deed: testkit::model::Deed::Plain,
        bill: String::new(),
        slips: Vec::new(),
    }
}

/// The model's voucher reduced to what a voucher itself says.
fn plain(paper: &Paper) -> Paper {
    let mut plain = paper.clone();
    plain.legs.sort();
    plain.deed = testkit::model::Deed::Plain;
    plain.bill.clear();
    plain.slips.clear();
    plain
}

/// Over all vouchers of the ledger: debits equal credits for each source and grant, no holder's money in a grant is negative at the end
/// of any day, and numbers run from 1 without gap.
pub fn invariants(pair: &Pair) -> Differs {
    let state = &pair.state;
    let money = [state.posting.special_bank, state.posting.custody_bank];
    let mut sums: BTreeMap<_, Fen> = BTreeMap::new();
    let mut purses: BTreeMap<_, BTreeMap<Day, Fen>> = BTreeMap::new();
    let mut numbers: BTreeMap<_, u32> = BTreeMap::new();
    for voucher in pair.vouchers() {
        let last = numbers.entry((voucher.reference.word, voucher.reference.cycle)).or_default();
        *last += 1;
        same("the next number", voucher.reference.number, *last)?;
        for line in &voucher.lines {
            let signed = if line.side == Side::Debit { line.fen } else { -line.fen };
            *sums.entry((voucher.ledger, line.source, line.grant)).or_default() += signed;
            if voucher.ledger == LedgerKind::Actual && money.contains(&line.account) {
                let purse = purses.entry((line.account, line.source, line.grant, line.holder)).or_default();
                *purse.entry(voucher.date).or_default() += signed;
            }
        }
    }
    if let Some((key, sum)) = sums.iter().find(|(_, sum)| **sum != 0) {
        return Err(format!("{key:?} does not balance by {sum}"));
    }
    for (key, days) in &purses {
        let mut balance = 0;
        for (day, net) in days {
            balance += net;
            if balance < 0 {
                return Err(format!("{key:?} is negative on {day} by {balance}"));
            }
        }
    }
    Ok(())
}

/// At the end of a sequence: every balance that anyone may ask for.
pub fn books(pair: &Pair) -> Differs {
    balances(pair)?;
    budget(pair)?;
    documents(pair)
}

/// Balances by account, source, grant, holder and day; and debit and credit by account and source.
fn balances(pair: &Pair) -> Differs {
    let state = &pair.state;
    let account = |no| state.accounts.code(no).to_owned();
    let source = |no| state.sources.code(no).to_owned();
    let mut ledger: BTreeMap<_, Fen> = BTreeMap::new();
    for (key, sum) in &state.sums {
        let grant = state.grants.code(key.grant).to_owned();
        let holder = state.organizations.code(key.holder).to_owned();
        *ledger.entry((account(key.account), source(key.source), grant, holder, key.day)).or_default() += sum.balance();
    }
    let mut model: BTreeMap<_, Fen> = BTreeMap::new();
    let mut turnover: BTreeMap<_, (Fen, Fen)> = BTreeMap::new();
    for (day, leg) in pair.model.legs() {
        let key = (leg.account.clone(), leg.source.clone(), leg.grant.clone(), leg.holder.clone(), day);
        *model.entry(key).or_default() += leg.signed();
        let sides = turnover.entry((leg.account.clone(), leg.source.clone())).or_default();
        if leg.side == Side::Debit { sides.0 += leg.fen } else { sides.1 += leg.fen }
    }
    same("balances", ledger, model)?;
    let trial: BTreeMap<_, (Fen, Fen)> =
        state.trial.iter().map(|((a, s), sum)| ((account(*a), source(*s)), (sum.debit_fen, sum.credit_fen))).collect();
    same("trial balance", trial, turnover)
}

fn budget(pair: &Pair) -> Differs {
    let state = &pair.state;
    for ((year, source, class, plan, account), fen) in &state.budget {
        let (source, class, plan) = (state.sources.code(*source), state.classes.code(*class), state.plans.code(*plan));
        let account = state.accounts.code(*account);
        let model = pair.model.budget(account, *year, source, class, plan);
        same(&format!("budget {account} {year} {source}/{class}/{plan}"), *fen, model)?;
    }
    Ok(())
}

/// Approvals, commitments, bank transactions, batches, holders and payments.
fn documents(pair: &Pair) -> Differs {
    let (state, model) = (&pair.state, &pair.model);
    for (_, approval) in state.approvals.iter() {
        let code = &approval.approval.code;
        same(&format!("used of approval {code}"), approval.used_fen, model.approval_used(code))?;
    }
    for (_, c) in state.commitments.iter() {
        let ledger = (c.open_heads, c.open_fen, c.open_allocated_fen());
        same(&format!("open of commitment {}", c.code), ledger, model.open_commitment(&c.code))?;
    }
    for (_, txn) in state.bank_txns.iter() {
        same(&format!("drawn of {}", txn.id), txn.used_fen, model.drawn(&txn.id))?;
    }
    for (_, grant) in state.grants.iter() {
        if let Some(batch) = &grant.batch {
            let heads = (i64::from(batch.paid_heads), batch.received_heads);
            let expected = (i64::from(model.paid_heads(&grant.code)), model.received_heads(&grant.code));
            same(&format!("heads paid and received of {}", grant.code), heads, expected)?;
        }
    }
    for ((holder, source, batch), heads) in &state.custody_heads {
        let (holder, source) = (state.organizations.code(*holder), state.sources.code(*source));
        let batch = state.grants.code(*batch);
        same(&format!("heads held by {holder} for {batch}"), *heads, model.held_heads(holder, source, batch))?;
    }
    for (reference, payment) in &state.payments {
        let ledger = (payment.returned_heads, payment.reversed);
        let expected = (model.returned_heads(*reference), model.is_reversed(*reference));
        same(&format!("returned of {reference}"), ledger, expected)?;
    }
    for (day, receipts) in &state.receipt_days {
        same(&format!("receipts of {day}"), (receipts.count, receipts.fen), model.receipts_of_day(*day))?;
    }
    same("next month to close", state.next_to_close(), model.next_to_close())?;
    same("commands that wait", state.pending.len(), model.waiting.len())
}
