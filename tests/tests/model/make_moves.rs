//! Valid commands of the flows beside the ordinary ones: transfers, deposits and their endings, differences, refunds, interest.

use record::command::{
    AdjustAmount, AllocateInterest, AmendGrant, AppropriateSurplus, CorrectPriorYear, GrantSpec, Identified,
    IdentifyDeposit, OpeningFund, PostOpeningBalances, RecordUnidentifiedDeposit, RefundPremium, ReturnDeposit,
    ReturnFiscalSurplus, ReturnGrant, TransferBetweenSources,
};
use record::kinds::{ApprovalKind, Change, Direction, EvidenceKind, IncomeKind, Restriction};
use record::{Command, Fen};
use testkit::model::{Deed, Grant};

use super::make_flow::someone;
use super::make_in::{Made, USES, income_of};
use super::pair::Pair;
use super::papers::{AID, PAYER, SPECIAL, TREASURY, approval, day, document, documents, transaction};
use super::rng::Rng;

/// Funding documents with money on the special account today, and how much.
fn funded(pair: &Pair) -> Vec<(Grant, Fen)> {
    let has = |g: &Grant| pair.model.spendable("10201", &g.source, &g.code, "GDFED", pair.today());
    let all = pair.model.grants.iter().map(|g| (g.clone(), has(g)));
    all.filter(|(_, left)| *left > 0).collect()
}

fn spec_of(grant: &Grant) -> GrantSpec {
    GrantSpec {
        code: grant.code.clone(),
        grantor: grant.grantor.clone(),
        doc_no: grant.doc_no.clone(),
        permitted_uses: grant.uses.clone(),
        valid_from: grant.valid_from,
        valid_to: grant.valid_to,
    }
}

/// Registers an approval of today and gives its code.
fn approved(pair: &mut Pair, kind: ApprovalKind, fen: Fen, source: &str) -> Result<String, String> {
    let fresh = approval(pair, kind, pair.today(), fen, source);
    let code = fresh.code.clone();
    pair.ask("pi", Command::RecordApproval(fresh))?;
    Ok(code)
}

/// The consent that a source's money takes, registered; empty where it takes none.
fn consented(pair: &mut Pair, source: &str, fen: Fen) -> Result<String, String> {
    let restriction = pair.model.opened().preset.sources.iter().find(|s| s.code == source).map(|s| s.restriction);
    match restriction {
        Some(Restriction::Fiscal) => approved(pair, ApprovalKind::FiscalReply, fen, source),
        Some(Restriction::Donor | Restriction::Document) => approved(pair, ApprovalKind::DonorConsent, fen, source),
        _ => Ok(String::new()),
    }
}

pub fn transfer(pair: &mut Pair, rng: &mut Rng) -> Made {
    let Some((from, has)) = rng.pick(&funded(pair)).cloned() else { return Ok(None) };
    let others: Vec<Grant> = pair.model.grants.iter().filter(|g| g.source != from.source).cloned().collect();
    let Some(to) = rng.pick(&others).cloned() else { return Ok(None) };
    let fen = has.min(100 * i64::from(rng.up_to(200)));
    let approval = approved(pair, ApprovalKind::InternalTransfer, 2 * fen, "")?;
    let consent = consented(pair, &from.source, fen)?;
    let date = pair.today();
    let command = Command::TransferBetweenSources(TransferBetweenSources {
        source: from.source,
        grant: from.code,
        to_source: to.source.clone(),
        to_grant: spec_of(&to),
        fen: if rng.chance(15) { 3 * fen } else { fen },
        date,
        approval,
        consent,
        reason: "调剂".into(),
        evidence: documents(pair, EvidenceKind::Minutes, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn appropriate(pair: &mut Pair, rng: &mut Rng) -> Made {
    let fen = 100 * i64::from(rng.up_to(500));
    let date = pair.today();
    let source = rng.one(&["S2P", "", "S3N"]);
    let approval = approved(pair, ApprovalKind::InternalTransfer, fen, source)?;
    let serial = pair.serial();
    let grant = GrantSpec {
        code: format!("ZJ-{serial}"),
        grantor: "GDFED".into(),
        doc_no: format!("文件{serial}"),
        permitted_uses: Vec::new(),
        valid_from: None,
        valid_to: None,
    };
    let bank_txn = transaction(pair, SPECIAL, Direction::In, fen, rng.one(&["", "", AID]), date)?;
    let command = Command::AppropriateSurplus(AppropriateSurplus {
        grant,
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        approval,
        summary: String::new(),
        evidence: documents(pair, EvidenceKind::AppropriationLetter, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn deposit(pair: &mut Pair, rng: &mut Rng) -> Made {
    let fen = 100 * i64::from(rng.up_to(400));
    let date = pair.today();
    let bank_txn = transaction(pair, SPECIAL, Direction::In, fen, rng.one(&[PAYER, PAYER, "", AID]), date)?;
    let command = Command::RecordUnidentifiedDeposit(RecordUnidentifiedDeposit {
        code: format!("DC-{}", pair.serial()),
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        summary: String::new(),
        evidence: documents(pair, EvidenceKind::Other, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

/// A deposit that has something left, a new one where there is none.
fn open_deposit(pair: &mut Pair, rng: &mut Rng) -> Result<Option<(Grant, Fen)>, String> {
    let mut open = funded(pair);
    open.retain(|(g, _)| g.source == "P");
    if open.is_empty()
        && let Some((who, command)) = deposit(pair, rng)?
    {
        super::world::settle(pair, &who, &command)?;
        open = funded(pair);
        open.retain(|(g, _)| g.source == "P");
    }
    Ok(rng.pick(&open).cloned())
}

pub fn identify(pair: &mut Pair, rng: &mut Rng) -> Made {
    let Some((of, left)) = open_deposit(pair, rng)? else { return Ok(None) };
    let kind = rng.one(&[IncomeKind::Donation, IncomeKind::RestrictedDonation, IncomeKind::Other]);
    let mut income = income_of(pair, rng, kind)?;
    income.date = pair.today();
    income.bank_txn.clone_from(&of.doc_no);
    income.fen = left.min(100 * i64::from(rng.up_to(400)));
    let date = pair.today();
    let command = Command::IdentifyDeposit(IdentifyDeposit {
        deposit: of.code,
        identified: Identified::Income(Box::new(income)),
        date,
        reason: "查明来源".into(),
        evidence: documents(pair, EvidenceKind::Other, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn return_deposit(pair: &mut Pair, rng: &mut Rng) -> Made {
    let Some((of, left)) = open_deposit(pair, rng)? else { return Ok(None) };
    let date = pair.today();
    let from = pair.model.bank_txns.iter().find(|(t, _)| t.id == of.doc_no);
    let from = from.map_or_else(String::new, |(t, _)| t.counterparty_account.clone());
    let to = if rng.chance(10) { AID.to_owned() } else { from };
    let fen = left.min(100 * i64::from(rng.up_to(400)));
    let bank_txn = transaction(pair, SPECIAL, Direction::Out, fen, &to, date)?;
    let command = Command::ReturnDeposit(ReturnDeposit {
        deposit: of.code,
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        reason: "误汇".into(),
        evidence: documents(pair, EvidenceKind::Other, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

/// An income to correct and by how much; down more often than up, for its movement seldom has anything left.
fn difference(pair: &Pair, rng: &mut Rng, this_year: bool) -> Option<(record::VoucherRef, Change, Fen)> {
    let year = pair.today().year();
    let of_year = |p: &&testkit::model::Paper| (p.date.year() == year) == this_year;
    let incomes: Vec<_> = pair.model.standing().filter(|p| p.deed == Deed::Income).filter(of_year).collect();
    let picked = rng.pick(&incomes)?;
    let change = if rng.chance(65) { Change::Decrease } else { Change::Increase };
    let stands = picked.legs.first().map_or(0, |l| l.fen) + pair.model.adjusted(picked.reference);
    let fen = match change {
        Change::Decrease => stands.min(100 * i64::from(rng.up_to(50))),
        // What a decrease freed may be booked again.
        Change::Increase => (-pair.model.adjusted(picked.reference)).max(100),
    };
    Some((picked.reference, change, fen.max(1)))
}

pub fn adjust(pair: &mut Pair, rng: &mut Rng) -> Made {
    let Some((voucher, change, fen)) = difference(pair, rng, true) else { return Ok(None) };
    let date = pair.today();
    let evidence = documents(pair, EvidenceKind::Other, date);
    let command =
        Command::AdjustAmount(AdjustAmount { voucher, change, fen, date, reason: "金额误记".into(), evidence });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn prior_year(pair: &mut Pair, rng: &mut Rng) -> Made {
    let Some((voucher, change, fen)) = difference(pair, rng, false) else { return Ok(None) };
    let date = pair.today();
    let approval = approved(pair, ApprovalKind::PriorYear, fen, "")?;
    let evidence = documents(pair, EvidenceKind::Other, date);
    let reason = "以前年度差错".to_owned();
    let command =
        Command::CorrectPriorYear(CorrectPriorYear { voucher, change, fen, date, approval, reason, evidence });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn hand_back(pair: &mut Pair, rng: &mut Rng) -> Made {
    let mut fiscal = funded(pair);
    fiscal.retain(|(g, _)| g.source == "S2F" || (g.source == "S2G" && rng.chance(30)));
    let Some((of, has)) = rng.pick(&fiscal).cloned() else { return Ok(None) };
    let fen = has.min(100 * i64::from(rng.up_to(200)));
    let date = pair.today();
    let approval = approved(pair, ApprovalKind::FiscalReply, fen, &of.source)?;
    let bank_txn = transaction(pair, SPECIAL, Direction::Out, fen, TREASURY, date)?;
    let command = Command::ReturnFiscalSurplus(ReturnFiscalSurplus {
        grant: of.code,
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        approval,
        evidence: documents(pair, EvidenceKind::Reply, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

/// Money that a donor bound, back to the donor; its purpose mostly ended the day before, by an amendment if need be.
pub fn return_grant(pair: &mut Pair, rng: &mut Rng) -> Made {
    let mut bound = funded(pair);
    bound.retain(|(g, _)| g.source.starts_with("S3R") || g.source.starts_with("S4") || rng.chance(10));
    bound.retain(|(g, _)| g.grantor == "JUAN" || rng.chance(10));
    let Some((of, has)) = rng.pick(&bound).cloned() else { return Ok(None) };
    let date = pair.today();
    let open = of.valid_to.is_none_or(|last| date <= last);
    if open && rng.chance(85) {
        let consent = consented(pair, &of.source, 0)?;
        let ending = Command::AmendGrant(AmendGrant {
            grant: of.code.clone(),
            doc_no: format!("终{}", pair.serial()),
            permitted_uses: of.uses.clone(),
            valid_from: None,
            valid_to: Some(date.plus_days(-1)),
            date,
            consent,
            evidence: vec![document(pair, EvidenceKind::Agreement, date)],
        });
        if let Some(who) = someone(pair, rng, &ending) {
            super::world::settle(pair, &who, &ending)?;
        }
    }
    let fen = if rng.chance(10) { has + 100 } else { has.min(100 * i64::from(rng.up_to(200))) };
    let scope = if rng.chance(92) { of.source.as_str() } else { "" };
    let approval = approved(pair, ApprovalKind::Expenditure, fen, scope)?;
    let bank_txn =
        transaction(pair, SPECIAL, Direction::Out, fen, rng.one(&[PAYER, PAYER, PAYER, PAYER, AID, ""]), date)?;
    let kind = if rng.chance(92) { EvidenceKind::Agreement } else { EvidenceKind::Other };
    let command = Command::ReturnGrant(ReturnGrant {
        grant: of.code,
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        approval,
        reason: "用途终止".into(),
        evidence: documents(pair, kind, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn amend(pair: &mut Pair, rng: &mut Rng) -> Made {
    let Some(of) = rng.pick(&pair.model.grants).cloned() else { return Ok(None) };
    let consent = if rng.chance(85) { consented(pair, &of.source, 0)? } else { String::new() };
    let date = pair.today();
    let evidence = vec![document(pair, EvidenceKind::Agreement, date)];
    let command = Command::AmendGrant(AmendGrant {
        grant: of.code,
        doc_no: format!("补{}", pair.serial()),
        permitted_uses: USES.iter().filter(|_| rng.chance(60)).map(|u| (*u).to_owned()).collect(),
        valid_from: of.valid_from,
        valid_to: rng.chance(20).then(|| date.plus_days(rng.one(&[0, 5, 40]))),
        date,
        consent,
        evidence,
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn refund(pair: &mut Pair, rng: &mut Rng) -> Made {
    let receipts: Vec<_> = pair.model.standing().filter(|p| p.deed == Deed::Receipt).cloned().collect();
    let Some(paper) = rng.pick(&receipts).cloned() else { return Ok(None) };
    let Some(leg) = paper.legs.first().cloned() else { return Ok(None) };
    let left = leg.heads - pair.model.refunded(paper.reference);
    let Some(left) = u32::try_from(left).ok().filter(|left| *left > 0) else { return Ok(None) };
    let heads = rng.up_to(left);
    let fen = i64::from(heads) * leg.price;
    let date = pair.today();
    let held = pair.model.held_heads(&leg.holder, &leg.source, &leg.grant);
    let back = held < i64::from(heads) || rng.chance(25);
    let custody = if leg.holder == "SZ" { "DG-SZ" } else { "DG-GZ" };
    let approval = approved(pair, ApprovalKind::Expenditure, fen, &leg.source)?;
    let return_txn = if back {
        transaction(pair, custody, Direction::In, fen, rng.one(&[AID, AID, AID, ""]), date)?
    } else {
        String::new()
    };
    let refund_txn = transaction(pair, custody, Direction::Out, fen, rng.one(&["", "", "", PAYER, AID]), date)?;
    let kind = if rng.chance(90) { EvidenceKind::Bill } else { EvidenceKind::Other };
    let command = Command::RefundPremium(RefundPremium {
        receipt: paper.reference,
        heads,
        fen,
        date,
        approval,
        return_txn,
        refund_txn,
        reason: "退保".into(),
        evidence: documents(pair, kind, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn interest(pair: &mut Pair, rng: &mut Rng) -> Made {
    let date = pair.today();
    let shared = pair.model.parameter("P6.interest", date) == "DAILY_BALANCE";
    if !shared && rng.chance(80) {
        let code = approved(pair, ApprovalKind::Param, 0, "")?;
        let set = record::command::SetParameter {
            key: "P6.interest".into(),
            value: "DAILY_BALANCE".into(),
            effective_from: date,
            approval: code,
        };
        let set = Command::SetParameter(set);
        if let Some(who) = someone(pair, rng, &set) {
            super::world::settle(pair, &who, &set)?;
        }
    }
    let fen = i64::from(rng.up_to(50_000));
    let bank_txn = transaction(pair, SPECIAL, Direction::In, fen, "", date)?;
    let command = Command::AllocateInterest(AllocateInterest {
        from: date.plus_days(-i32::try_from(rng.below(40)).unwrap_or(0)),
        to: date,
        fen: if rng.chance(5) { fen.max(2) - 1 } else { fen },
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        summary: String::new(),
        evidence: documents(pair, EvidenceKind::Other, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

/// Too late in every book of these runs: balances are opened before any other voucher.
pub fn opening(pair: &mut Pair, rng: &mut Rng) -> Made {
    let date = day("2018-10-01");
    let serial = pair.serial();
    let grant = GrantSpec {
        code: format!("QC-{serial}"),
        grantor: String::new(),
        doc_no: format!("文件{serial}"),
        permitted_uses: Vec::new(),
        valid_from: None,
        valid_to: None,
    };
    let fund = OpeningFund { source: "S2P".into(), grant, opened_on: date, fen: 100, surplus_fen: 0 };
    let evidence = documents(pair, EvidenceKind::BankSlip, date);
    let command =
        Command::PostOpeningBalances(PostOpeningBalances { funds: vec![fund], custody: Vec::new(), date, evidence });
    let empty = pair.model.papers.iter().all(|p| p.ledger == record::kinds::LedgerKind::Budget);
    Ok(if empty { None } else { someone(pair, rng, &command).map(|who| (who, command)) })
}
