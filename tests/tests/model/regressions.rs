//! What random sequences found, in the fewest steps: each time ledger and model said different things, and the fund's documents say who
//! was right. Every ask here is compared as in the sequences.

use std::collections::BTreeSet;

use record::command::{CloseYear, CorrectVoucher, DefineAccount, RemitItem, ReverseVoucher};
use record::kinds::{ApprovalKind, Custody, Direction, EvidenceKind, IncomeKind, LedgerKind};
use record::preset::AccountDef;
use record::{Command, VoucherRef};
use testkit::model::{Deed, Paper, Verdict};

use super::pair::Pair;
use super::papers::{AID, approval, documents, transaction};
use super::rng::Rng;
use super::world::{Stage, attempt, budget_line, build, done};
use super::{make_flow, make_in, make_out, make_plan};

fn world(stage: Stage) -> Pair {
    build(stage, "2018-01-01").expect("the world stands")
}

/// Asks, compares, and gives what both said.
fn ask(pair: &mut Pair, who: &str, command: Command) -> Verdict {
    pair.ask(who, command).unwrap_or_else(|differs| panic!("{differs}"))
}

fn refused(rules: &[&'static str]) -> Verdict {
    Verdict::Refused(rules.iter().copied().collect::<BTreeSet<_>>())
}

/// The command that a maker makes in this world, once it makes one.
fn made(pair: &mut Pair, make: fn(&mut Pair, &mut Rng) -> make_in::Made, fits: impl Fn(&Command) -> bool) -> Command {
    for seed in 0..200 {
        let made = make(pair, &mut Rng::new(seed)).expect("preparations agree");
        if let Some((_, command)) = made.filter(|(_, command)| fits(command)) {
            return command;
        }
    }
    panic!("no such command in 200 tries");
}

/// Has the makers' commands done in turn; what is refused is left.
fn work(pair: &mut Pair, seed: u64, makers: &[fn(&mut Pair, &mut Rng) -> make_in::Made]) {
    attempt(pair, &mut Rng::new(seed), makers).unwrap_or_else(|differs| panic!("{differs}"));
}

fn standing(pair: &Pair, fits: impl Fn(&Paper) -> bool) -> VoucherRef {
    pair.model.standing().find(|p| fits(p)).expect("such a voucher").reference
}

#[test]
fn the_year_end_leaves_what_is_dated_after_it() {
    let mut pair = world(Stage::YearEnd);
    let income = make_in::income_of(&mut pair, &mut Rng::new(1), IncomeKind::Appropriation).expect("a transaction");
    let (grant, fen, date) = (income.grant.code.clone(), income.fen, income.date);
    done(&mut pair, "zhi1", Command::RecordIncome(income)).expect("income of January");
    done(&mut pair, "zhu", Command::CloseYear(CloseYear { year: 2018 })).expect("2018 closes in January");
    assert_eq!(pair.model.balance_on("40201", "S2P", &grant, "GDFED", date), -fen, "still income of 2019");
    super::compare::books(&pair).expect("the same books");
}

#[test]
fn a_budget_voucher_is_not_reversed() {
    let mut pair = world(Stage::Season);
    let voucher = standing(&pair, |p| p.ledger == LedgerKind::Budget && p.deed == Deed::Commit);
    let (date, reason) = (pair.today(), "记错".to_owned());
    let reversal = ReverseVoucher { voucher, date, reason, return_txn: String::new(), evidence: Vec::new() };
    assert_eq!(ask(&mut pair, "zhi1", Command::ReverseVoucher(reversal)), refused(&["LED-010"]));
}

#[test]
fn a_receipt_in_the_bank_is_not_corrected_into_one_paid_elsewhere() {
    let mut pair = world(Stage::Season);
    let batch = make_in::batch_of(&mut pair, "GZ", 2018, ("A", "COMP"), 9);
    done(&mut pair, "fu", Command::SubmitEnrollmentBatch(batch)).expect("a batch with room");
    let banked = |c: &Command| matches!(c, Command::PostPremiumReceipt(r) if !r.bank_txn.is_empty());
    let Command::PostPremiumReceipt(mut receipt) = made(&mut pair, make_in::receipt, banked) else { return };
    receipt.custody = Custody::Collector;
    let who = if receipt.holder == "GZ" { "gz" } else { "sz" };
    let Verdict::Accepted(papers) = ask(&mut pair, who, Command::PostPremiumReceipt(receipt.clone())) else {
        panic!("the receipt is lawful");
    };
    receipt.custody = Custody::MutualAidDirect;
    receipt.received_on = pair.today();
    let correction = correction(&pair, papers[0].reference, Command::PostPremiumReceipt(receipt));
    assert_eq!(ask(&mut pair, "zhi1", correction), refused(&["LED-010"]));
}

#[test]
fn a_voucher_is_corrected_once_and_the_answer_says_no_more() {
    let mut pair = world(Stage::Season);
    let batch = make_in::batch_of(&mut pair, "GZ", 2018, ("A", "COMP"), 9);
    done(&mut pair, "fu", Command::SubmitEnrollmentBatch(batch)).expect("a batch with room");
    let unbanked = |c: &Command| {
        let Command::PostPremiumReceipt(r) = c else { return false };
        r.bank_txn.is_empty() && r.custody == Custody::Collector && r.holder == "GZ"
    };
    let receipt = made(&mut pair, make_in::receipt, unbanked);
    let Verdict::Accepted(papers) = ask(&mut pair, "gz", receipt) else { panic!("the receipt is lawful") };
    let voucher = papers[0].reference;
    let (date, reason) = (pair.today(), "记错".to_owned());
    let reversal = ReverseVoucher { voucher, date, reason, return_txn: String::new(), evidence: Vec::new() };
    let replacement = pair.origin.get(&voucher).cloned().expect("what posted it");
    done(&mut pair, "zhi1", Command::ReverseVoucher(reversal.clone())).expect("it may be reversed once");
    let Command::PostPremiumReceipt(mut replacement) = replacement else { panic!("a receipt") };
    replacement.received_on = date;
    let again = correction(&pair, voucher, Command::PostPremiumReceipt(replacement));
    for command in [Command::ReverseVoucher(reversal), again] {
        assert_eq!(ask(&mut pair, "zhi1", command), refused(&["LED-010"]));
    }
}

fn correction(pair: &Pair, voucher: VoucherRef, replacement: Command) -> Command {
    Command::CorrectVoucher(CorrectVoucher {
        voucher,
        date: pair.today(),
        reason: "订正".into(),
        replacement: Box::new(replacement),
        evidence: Vec::new(),
    })
}

#[test]
fn a_replacement_of_another_kind_bears_the_date_of_the_correction_too() {
    let mut pair = world(Stage::Season);
    let voucher = standing(&pair, |p| matches!(p.deed, Deed::Payment(..)));
    let mut income = make_in::income_of(&mut pair, &mut Rng::new(2), IncomeKind::Donation).expect("a transaction");
    income.date = pair.today().plus_days(-1);
    let correction = correction(&pair, voucher, Command::RecordIncome(income));
    let fault = ("replacement.date".to_owned(), "MISMATCH");
    assert_eq!(ask(&mut pair, "zhi1", correction), Verdict::Malformed([fault].into()));
}

#[test]
fn two_items_of_a_remittance_do_not_take_the_same_heads() {
    let mut pair = world(Stage::Season);
    let one_named =
        |c: &Command| matches!(c, Command::RemitPremiums(r) if r.items.len() == 1 && !r.items[0].batch.is_empty());
    let batch = make_in::batch_of(&mut pair, "GZ", 2018, ("A", "COMP"), 9);
    done(&mut pair, "fu", Command::SubmitEnrollmentBatch(batch)).expect("a batch with room");
    for seed in 0..6 {
        let receipt = make_in::receipt(&mut pair, &mut Rng::new(seed)).expect("preparations agree");
        receipt.into_iter().for_each(|(who, command)| done(&mut pair, &who, command).expect("a receipt"));
    }
    let Command::RemitPremiums(mut remit) = made(&mut pair, make_in::remit, one_named) else { return };
    let item = remit.items[0].clone();
    let account = if remit.holder == "GZ" { "DG-GZ" } else { "DG-SZ" };
    // All that the holder has of this source, then the same batch's heads again.
    let held = |batch: &str| pair.model.held_heads(&remit.holder, &item.source, batch);
    let of_year = pair.model.batches.iter().filter(|b| b.year == remit.year);
    let heads = u32::try_from(of_year.map(|b| held(&b.code)).sum::<i64>()).expect("few heads");
    let all = RemitItem { batch: String::new(), heads, fen: i64::from(heads) * 2_000, ..item };
    remit.items.insert(0, all);
    let fen = remit.items.iter().map(|i| i.fen).sum();
    let date = pair.today();
    remit.bank_txn = transaction(&mut pair, account, Direction::Out, fen, AID, date).expect("a transaction");
    assert_eq!(ask(&mut pair, "zhi1", Command::RemitPremiums(remit)), refused(&["REM-003"]));
}

#[test]
fn nothing_is_added_below_an_account_that_takes_postings() {
    let mut pair = world(Stage::Opened);
    let Command::DefineAccount(DefineAccount { account }) = made(&mut pair, make_flow::account, |_| true) else {
        return;
    };
    for (parent, rules) in [("40201", &["LED-003"][..]), ("10201", &["LED-003"]), ("135", &["LED-003"])] {
        let account = AccountDef { parent: parent.into(), ..account.clone() };
        assert_eq!(
            ask(&mut pair, "zhu", Command::DefineAccount(DefineAccount { account })),
            refused(rules),
            "{parent}"
        );
    }
    assert_eq!(ask(&mut pair, "zhu", Command::DefineAccount(DefineAccount { account })), Verdict::Accepted(Vec::new()));
}

#[test]
fn a_years_budget_ends_with_the_year() {
    let mut pair = world(Stage::NextYear);
    let Command::SetBudget(mut budget) = made(&mut pair, make_plan::set_budget, |_| true) else { return };
    (budget.year, budget.lines) = (2018, vec![budget_line("S6X", "B", "COMP", budget.total_fen)]);
    assert_eq!(ask(&mut pair, "zhi1", Command::SetBudget(budget.clone())), refused(&["BUD-001"]));
    budget.year = 2019;
    budget.lines = vec![budget_line("S6X", "A", "COMP", budget.total_fen)];
    done(&mut pair, "zhi1", Command::SetBudget(budget)).expect("this year's budget");
    let Command::AdjustBudget(mut more) = made(&mut pair, make_plan::adjust_budget, |_| true) else { return };
    more.year = 2018;
    let Verdict::Refused(rules) = ask(&mut pair, "zhi1", Command::AdjustBudget(more)) else { panic!("2018 is over") };
    assert!(rules.contains("BUD-001"));
}

#[test]
fn an_approvals_scope_bounds_budgets_and_standards() {
    let mut pair = world(Stage::Opened);
    let met = pair.today();
    let allowed = approval(&mut pair, ApprovalKind::Budget, met, 100_000, "S2P");
    let code = allowed.code.clone();
    done(&mut pair, "pi", Command::RecordApproval(allowed)).expect("an approval");
    let Command::SetBudget(mut budget) = made(&mut pair, make_plan::set_budget, |_| true) else { return };
    (budget.approval, budget.total_fen) = (code, 50_000);
    budget.lines = vec![budget_line("S3N", "A", "COMP", 50_000)];
    assert_eq!(ask(&mut pair, "zhi1", Command::SetBudget(budget.clone())), refused(&["BUD-002"]));
    budget.lines = vec![budget_line("S2P", "A", "COMP", 50_000)];
    budget.evidence = documents(&mut pair, EvidenceKind::Minutes, met);
    done(&mut pair, "zhi1", Command::SetBudget(budget)).expect("a budget within its approval");

    let mut allowed = approval(&mut pair, ApprovalKind::Standard, met, 0, "");
    allowed.scope.class = "B".into();
    let code = allowed.code.clone();
    done(&mut pair, "pi", Command::RecordApproval(allowed)).expect("an approval");
    let Command::SetSubsidyStandard(mut set) = made(&mut pair, make_plan::standard, |_| true) else { return };
    (set.approval, set.standard.valid_from, set.standard.valid_to) = (code, met, None);
    (set.standard.class, set.standard.plan) = ("A".into(), "COMP".into());
    assert_eq!(ask(&mut pair, "zhi1", Command::SetSubsidyStandard(set)), refused(&["APR-004"]));
}

#[test]
fn an_answer_lists_every_rule_that_can_be_judged() {
    let mut pair = world(Stage::Season);
    // An unknown source does not hide a wrong price.
    let Command::CommitExpenditure(mut commit) = made(&mut pair, make_out::commit, |_| true) else { return };
    commit.source = "S9X".into();
    commit.unit_fen += 1;
    commit.fen = i64::from(commit.heads) * commit.unit_fen;
    let Verdict::Refused(rules) = ask(&mut pair, "zhi1", Command::CommitExpenditure(commit)) else { panic!("refused") };
    assert!(rules.is_superset(&["SRC-001", "USE-004"].into()), "{rules:?}");
    for seed in 0..8 {
        work(&mut pair, seed, &[make_in::batch, make_in::batch_review, make_out::commit]);
    }
    // Nor an unknown payee another source's grant.
    let Command::Disburse(mut pay) = made(&mut pair, make_out::pay, |_| true) else { return };
    let source = pair.model.commitments.iter().find(|(c, _)| c.code == pay.commitment).map(|(c, _)| c.source.clone());
    let other = pair.model.grants.iter().find(|g| Some(&g.source) != source.as_ref()).expect("another source's grant");
    pay.payee_account = "WU".into();
    pay.grants = vec![record::command::GrantShare { grant: other.code.clone(), fen: pay.fen }];
    let Verdict::Refused(rules) = ask(&mut pair, "zhi1", Command::Disburse(pay)) else { panic!("refused") };
    assert!(rules.is_superset(&["USE-006", "SRC-004", "LED-002"].into()), "{rules:?}");
}

#[test]
fn a_reversed_payment_gives_allocated_places_back() {
    let mut pair = world(Stage::Season);
    // A commitment that took allocated places, and a payment under it that stands with nothing returned.
    let placed =
        |pair: &Pair, code: &str| pair.model.commitments.iter().any(|(c, places)| c.code == code && *places > 0);
    let of_places = |pair: &Pair, p: &Paper| {
        matches!(p.deed, Deed::Payment(..))
            && placed(pair, &p.commitment)
            && pair.model.returned_heads(p.reference) == 0
    };
    for seed in 0..60 {
        if pair.model.standing().any(|p| of_places(&pair, p)) {
            break;
        }
        work(&mut pair, seed, &[make_in::batch, make_in::batch_review, make_out::commit, make_out::pay]);
    }
    let paid = pair.model.standing().find(|p| of_places(&pair, p)).expect("such a payment").clone();
    let before = pair.model.open_commitment(&paid.commitment).2;
    let is_it = |c: &Command| matches!(c, Command::ReverseVoucher(r) if r.voucher == paid.reference);
    let reversal = made(&mut pair, make_out::reverse, is_it);
    done(&mut pair, "zhi1", reversal).expect("the money is back");
    assert!(pair.model.open_commitment(&paid.commitment).2 > before, "places are open again");
    super::compare::books(&pair).expect("the same open places in ledger and model");
}
