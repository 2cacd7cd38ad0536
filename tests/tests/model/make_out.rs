//! Valid commands that commit, spend, return and correct, made from what the model holds.

use record::command::{
    CarryToSurplus, CommitExpenditure, CorrectVoucher, Disburse, GrantShare, RecordReturn, ReleaseCommitment,
    ReverseVoucher,
};
use record::kinds::{ApprovalKind, Direction, EvidenceKind, LedgerKind, Settlement, Verdict as Judgement, Word};
use record::{Command, Fen};
use testkit::model::{Deed, Paper};

use super::make_flow::{doc_date, someone};
use super::make_in::Made;
use super::pair::Pair;
use super::papers::{AID, SPECIAL, approval, documents, transaction};
use super::rng::Rng;

/// Budget lines that have something to commit: year, source, class, plan, how much.
fn budgets(pair: &Pair) -> Vec<(u16, String, String, String, Fen)> {
    let mut found: Vec<(u16, String, String, String, Fen)> = Vec::new();
    for (_, leg) in pair.model.legs().filter(|(_, l)| l.account == "911" || l.account == "912") {
        let key = (leg.year, leg.source.clone(), leg.class.clone(), leg.plan.clone());
        if !found.iter().any(|f| (f.0, &f.1, &f.2, &f.3) == (key.0, &key.1, &key.2, &key.3)) {
            let left = |account| pair.model.budget(account, key.0, &key.1, &key.2, &key.3);
            let has = left("911") + left("912");
            found.push((key.0, key.1, key.2, key.3, has));
        }
    }
    let year = pair.today().year();
    found.retain(|f| f.4 > 0 && f.0 == year);
    found
}

pub fn commit(pair: &mut Pair, rng: &mut Rng) -> Made {
    let date = pair.today();
    // Batches that wait for money decide how many heads are committed.
    let lines = budgets(pair);
    let unpaid: Vec<_> = pair.model.batches.iter().filter(|b| pair.model.paid_heads(&b.code) == 0).collect();
    let wanted: Vec<_> = lines.iter().filter(|l| unpaid.iter().any(|b| (&b.class, &b.plan) == (&l.2, &l.3))).collect();
    let all: Vec<_> = lines.iter().collect();
    let lines = if wanted.is_empty() || rng.chance(15) { all } else { wanted };
    let Some((year, source, class, plan, left)) = rng.pick(&lines).map(|l| (*l).clone()) else { return Ok(None) };
    let unit_fen = pair.model.standard(&class, &plan, date).map_or(9_500, |s| s.subsidy_fen);
    let waiting: u32 = unpaid.iter().filter(|b| b.class == class && b.plan == plan).map(|b| b.insured_count).sum();
    let heads = (waiting.max(1) + rng.up_to(3)).min(u32::try_from(left / unit_fen.max(1)).unwrap_or(0));
    if heads == 0 {
        return Ok(None);
    }
    let fen = i64::from(heads) * unit_fen;
    let fits = |a: &record::command::RecordApproval| {
        a.kind == ApprovalKind::Expenditure
            && (a.scope.source.is_empty() || a.scope.source == source)
            && a.valid_to.is_none_or(|last| date <= last)
            && a.max_fen - pair.model.approval_used(&a.code) >= fen
    };
    let own = rng.chance(40);
    let lawful: Vec<_> = pair.model.approvals.iter().filter(|(a, _)| fits(a)).collect();
    // Half of the commitments bring an approval of their own, some of them for a few days.
    let picked = rng.pick(&lawful).filter(|_| !own).map(|(a, _)| a.code.clone());
    let code = match picked {
        Some(code) => code,
        None => {
            let mut fresh = approval(pair, ApprovalKind::Expenditure, date, 4 * fen, &source);
            fresh.valid_to = rng.chance(50).then(|| date.plus_days(rng.one(&[2, 6])));
            let code = fresh.code.clone();
            pair.ask("pi", Command::RecordApproval(fresh))?;
            code
        }
    };
    let command = Command::CommitExpenditure(CommitExpenditure {
        code: format!("ZY-{}", pair.serial()),
        approval: code,
        year,
        source,
        class,
        plan,
        heads,
        unit_fen,
        fen,
        date,
        evidence: documents(pair, EvidenceKind::Minutes, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn release(pair: &mut Pair, rng: &mut Rng) -> Made {
    release_some(pair, rng, false)
}

pub fn release_whole(pair: &mut Pair, rng: &mut Rng) -> Made {
    release_some(pair, rng, true)
}

fn release_some(pair: &mut Pair, rng: &mut Rng, whole: bool) -> Made {
    let open: Vec<_> = pair
        .model
        .commitments
        .iter()
        .map(|(c, _)| (c.code.clone(), pair.model.open_commitment(&c.code).0, c.unit_fen, c.year))
        .filter(|(_, heads, ..)| *heads > 0)
        .collect();
    let Some((commitment, open, unit, year)) = rng.pick(&open).cloned() else { return Ok(None) };
    // What is left of last year's is released on its last day.
    let date = pair.today().min(record::Day::last_of_year(year).unwrap_or_default());
    let heads = if whole { open } else { rng.up_to(open) };
    let command = Command::ReleaseCommitment(ReleaseCommitment {
        commitment,
        heads,
        fen: i64::from(heads) * unit,
        date,
        reason: "不再需要".into(),
        evidence: documents(pair, EvidenceKind::Minutes, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn pay(pair: &mut Pair, rng: &mut Rng) -> Made {
    let (asked, today) = (doc_date(pair, rng), pair.today());
    let careless = rng.chance(15);
    let holds = |code: &str| {
        let approval = pair.model.approvals.iter().find(|(a, _)| a.code == code);
        approval.is_some_and(|(a, _)| a.valid_to.is_none_or(|last| today <= last) && a.scope.payee != "GZ")
    };
    let open = |c: &CommitExpenditure| c.year == asked.year() && pair.model.open_commitment(&c.code).0 > 0;
    let commitments = pair.model.commitments.iter().map(|(c, _)| c);
    let payable: Vec<_> = commitments.filter(|c| open(c) && (careless || holds(&c.approval))).collect();
    let Some(of) = rng.pick(&payable).map(|c| (*c).clone()) else { return Ok(None) };
    let date = asked.max(of.date);
    let (open_heads, open_fen, _) = pair.model.open_commitment(&of.code);
    let unit_fen = pair.model.standard(&of.class, &of.plan, date).map_or(of.unit_fen, |s| s.subsidy_fen);
    let reviewed = |code: &str, needed: bool| match pair.model.reviews.iter().rfind(|r| r.batch == code) {
        Some(last) => last.verdict == Judgement::Approve && last.on <= date,
        None => !needed,
    };
    let mut batches = Vec::new();
    let (mut heads, mut fen) = (0, 0);
    for batch in pair.model.batches.iter().filter(|b| (&b.class, &b.plan) == (&of.class, &of.plan)) {
        let ready = reviewed(&batch.code, batch.class != "A") && pair.model.paid_heads(&batch.code) == 0;
        let next = (heads + batch.insured_count, fen + i64::from(batch.insured_count) * unit_fen);
        if ready
            && batch.submitted_on <= date
            && batch.year <= of.year
            && next.0 <= open_heads
            && next.1 <= open_fen
            && (heads == 0 || rng.chance(50))
        {
            (heads, fen) = next;
            batches.push(batch.code.clone());
        }
    }
    if batches.is_empty() {
        return Ok(None);
    }
    let grants = if rng.chance(25) { shares(pair, &of.source, fen) } else { Vec::new() };
    let bank_txn = transaction(pair, SPECIAL, Direction::Out, fen, AID, date)?;
    let command = Command::Disburse(Disburse {
        commitment: of.code,
        payee_account: AID.into(),
        batches,
        heads,
        unit_fen,
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        settlement: Settlement::Transfer,
        use_code: String::new(),
        account: String::new(),
        grants,
        summary: String::new(),
        evidence: documents(pair, EvidenceKind::Minutes, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

/// Named shares out of what a source's grants have, newest first; none if they have too little.
fn shares(pair: &Pair, source: &str, fen: Fen) -> Vec<GrantShare> {
    let mut left = fen;
    let mut shares = Vec::new();
    for grant in pair.model.grants.iter().rev().filter(|g| g.source == source) {
        let has = pair.model.spendable("10201", source, &grant.code, "GDFED", pair.today()).min(left);
        if has > 0 {
            shares.push(GrantShare { grant: grant.code.clone(), fen: has });
            left -= has;
        }
    }
    if left == 0 { shares } else { Vec::new() }
}

pub fn give_back(pair: &mut Pair, rng: &mut Rng) -> Made {
    let date = pair.today();
    let payments: Vec<_> = pair
        .model
        .standing()
        .filter_map(|p| match p.deed {
            Deed::Payment(_, heads, fen) if p.date.year() <= date.year() => Some((p.reference, heads, fen)),
            _ => None,
        })
        .filter(|(reference, heads, _)| *heads > pair.model.returned_heads(*reference))
        .collect();
    let Some((payment, paid, total)) = rng.pick(&payments).copied() else { return Ok(None) };
    let heads = rng.up_to(paid - pair.model.returned_heads(payment));
    let fen = total / i64::from(paid) * i64::from(heads);
    let bank_txn = transaction(pair, SPECIAL, Direction::In, fen, AID, date)?;
    let command = Command::RecordReturn(RecordReturn {
        payment,
        heads,
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        reason: "人员不符".into(),
        evidence: documents(pair, EvidenceKind::ReturnNotice, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

/// Vouchers of money that stand, of this year.
fn correctable(pair: &Pair) -> Vec<&Paper> {
    let year = pair.today().year();
    let money = pair.model.standing().filter(|p| {
        p.ledger == LedgerKind::Actual
            && p.reference.word != Word::Zhuan
            && p.date.year() == year
            && pair.model.returned_heads(p.reference) == 0
    });
    money.collect()
}

pub fn reverse(pair: &mut Pair, rng: &mut Rng) -> Made {
    // Income comes from accounts that are not registered, so that no bank movement can show that it went back.
    let mut list = correctable(pair);
    list.retain(|p| p.deed != Deed::Income || rng.chance(10));
    let Some(paper) = rng.pick(&list).map(|p| (*p).clone()) else { return Ok(None) };
    let moved: Fen = paper.legs.iter().filter(|l| !l.bank.is_empty()).map(testkit::model::Leg::signed).sum();
    let id = paper.legs.iter().find(|l| !l.bank.is_empty()).map(|l| l.bank.clone());
    let txn = id.and_then(|id| pair.model.bank_txns.iter().find(|(t, _)| t.id == id).map(|(t, _)| t.clone()));
    let return_txn = match txn {
        Some(txn) => {
            let back = if moved < 0 { Direction::In } else { Direction::Out };
            transaction(pair, &txn.account, back, moved.abs(), &txn.counterparty_account, pair.today())?
        }
        None => String::new(),
    };
    let command = Command::ReverseVoucher(ReverseVoucher {
        voucher: paper.reference,
        date: pair.today(),
        reason: "记错".into(),
        return_txn,
        evidence: Vec::new(),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn correct(pair: &mut Pair, rng: &mut Rng) -> Made {
    let mut list = correctable(pair);
    if rng.chance(50) && list.iter().any(|p| matches!(p.deed, Deed::Payment(..))) {
        list.retain(|p| matches!(p.deed, Deed::Payment(..)));
    }
    let Some(paper) = rng.pick(&list).map(|p| (*p).clone()) else { return Ok(None) };
    let Some(mut replacement) = pair.origin.get(&paper.reference).cloned() else { return Ok(None) };
    let date = pair.today();
    match &mut replacement {
        Command::RecordIncome(c) => {
            c.date = date;
            c.summary = "更正".into();
            if rng.chance(40) {
                c.grant.code = format!("ZJ-{}", pair.serial());
            }
        }
        Command::PostPremiumReceipt(c) => {
            c.received_on = date;
            c.payer = rng.one(record::kinds::PayerType::ALL);
        }
        Command::RemitPremiums(c) => c.date = date,
        Command::Disburse(c) => {
            c.date = date;
            if rng.chance(40) {
                c.grants.clear();
            }
        }
        Command::RecordReturn(c) => c.date = date,
        _ => return Ok(None),
    }
    let command = Command::CorrectVoucher(CorrectVoucher {
        voucher: paper.reference,
        date,
        reason: "订正".into(),
        replacement: Box::new(replacement),
        evidence: Vec::new(),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn carry(pair: &mut Pair, rng: &mut Rng) -> Made {
    let mut carried: Vec<(String, String, Fen)> = Vec::new();
    // Fiscal money (33104) is no union surplus.
    let accounts: &[&str] = if rng.chance(10) { &["32104", "33104"] } else { &["32104"] };
    for grant in &pair.model.grants {
        let has: Fen = accounts
            .iter()
            .map(|account| -pair.model.balance_on(account, &grant.source, &grant.code, "GDFED", pair.today()))
            .sum();
        if has > 0 {
            carried.push((grant.source.clone(), grant.code.clone(), has));
        }
    }
    let Some((source, grant, has)) = rng.pick(&carried).cloned() else { return Ok(None) };
    let fen = has.min(100 * i64::from(rng.up_to(100)));
    let mut approvals = pair.model.approvals.iter().map(|(a, _)| a);
    let fits = |a: &&record::command::RecordApproval| {
        a.kind == ApprovalKind::CarryToSurplus && a.max_fen - pair.model.approval_used(&a.code) >= fen
    };
    let approval = approvals.rfind(fits);
    let approval = approval.map(|a| a.code.clone()).unwrap_or_default();
    let date = pair.today();
    let evidence = documents(pair, EvidenceKind::Minutes, date);
    let command = Command::CarryToSurplus(CarryToSurplus { source, grant, fen, approval, date, evidence });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}
