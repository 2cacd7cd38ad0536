//! Valid commands of the programme: approvals, schemes, standards, budgets, quotas.

use record::command::{
    AdjustBudget, AllocateQuota, ClassTarget, QuotaLine, RegisterScheme, RegisterSnapshot, SetBudget, SetDuesStatus,
    SetSubsidyStandard,
};
use record::kinds::{ApprovalKind, Change, EvidenceKind, RegisterKind, Role};
use record::preset::StandardDef;
use record::{Command, Fen};

use super::make_flow::{doc_date, someone};
use super::make_in::Made;
use super::pair::Pair;
use super::papers::{self, documents};
use super::rng::Rng;
use super::world::budget_line;

pub fn approval(pair: &mut Pair, rng: &mut Rng) -> Made {
    use ApprovalKind::{Budget, BudgetAdjust, CarryToSurplus, Expenditure, Param, Scheme, Standard};
    let kinds = [Expenditure, Expenditure, Budget, Budget, BudgetAdjust, CarryToSurplus, Param, Standard, Scheme];
    let kind = rng.one(&kinds);
    let met = doc_date(pair, rng);
    let source = if rng.chance(20) { rng.one(&["S2P", "S3N"]) } else { "" };
    let max = if matches!(kind, Param | Standard) { 0 } else { 100 * i64::from(rng.up_to(5_000)) };
    let mut approval = papers::approval(pair, kind, met, max, source);
    if rng.chance(15) {
        approval.valid_to = Some(met.plus_days(rng.one(&[3, 8, 20])));
    }
    if rng.chance(10) {
        approval.scope.class = rng.one(&["A", "B"]).into();
    }
    if rng.chance(10) {
        approval.scope.payee = rng.one(&["GDZHZ", "GZ"]).into();
    }
    let command = Command::RecordApproval(approval);
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

/// Code of an approval of a kind with room for an amount, the newest; a new one where there is none.
fn approved(pair: &mut Pair, kind: ApprovalKind, fen: Fen) -> Result<String, String> {
    let today = pair.today();
    let fits = |a: &record::command::RecordApproval| {
        a.kind == kind
            && a.scope == record::command::ApprovalScope::default()
            && a.valid_to.is_none()
            && a.max_fen - pair.model.approval_used(&a.code) >= fen
    };
    let last = pair.model.approvals.iter().rfind(|(a, who)| fits(a) && who == "pi").map(|(a, _)| a.code.clone());
    if let Some(code) = last {
        return Ok(code);
    }
    let fresh = papers::approval(pair, kind, today, fen, "");
    let code = fresh.code.clone();
    pair.ask("pi", Command::RecordApproval(fresh))?;
    Ok(code)
}

pub fn scheme(pair: &mut Pair, rng: &mut Rng) -> Made {
    let year = 2020 + u16::try_from(rng.below(20)).unwrap_or(0);
    if pair.model.schemes.iter().any(|s| s.year == year) {
        return Ok(None);
    }
    let approval = approved(pair, ApprovalKind::Scheme, 1_000_000)?;
    let scheme = RegisterScheme {
        year,
        doc_no: format!("方案{year}"),
        approval,
        total_fen: 1_000_000,
        targets: vec![ClassTarget { class: "A".into(), heads: 100 }],
        enroll_deadline: pair.today().plus_days(300),
        cover_months: 12,
    };
    let command = Command::RegisterScheme(scheme);
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn standard(pair: &mut Pair, rng: &mut Rng) -> Made {
    let approval = approved(pair, ApprovalKind::Standard, 0)?;
    let (class, plan, own_fen) =
        rng.one(&[("A", "COMP", 2_000), ("B", "COMP", 0), ("B", "ALLOW", 0), ("C", "COMP", 0)]);
    let subsidy_fen = rng.one(&[7_500, 9_500, 8_000, 7_000]);
    let valid_from = pair.today().plus_days(rng.one(&[-20, 0, 0, 5])).max(pair.model.next_to_close().first_day());
    let standard = StandardDef {
        class: class.into(),
        plan: plan.into(),
        premium_fen: subsidy_fen + own_fen,
        subsidy_fen,
        own_fen,
        valid_from,
        valid_to: rng.chance(10).then(|| valid_from.plus_days(30)),
    };
    let command = Command::SetSubsidyStandard(SetSubsidyStandard { standard, approval });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn set_budget(pair: &mut Pair, rng: &mut Rng) -> Made {
    let year = rng.one(&[2018, 2019, 2019]).max(pair.today().year());
    let places = [
        ("S2P", "A", "COMP"),
        ("S2P", "B", "COMP"),
        ("S2P", "B", "ALLOW"),
        ("S2P", "C", "COMP"),
        ("S2F", "B", "COMP"),
        ("S2F", "A", "COMP"),
        ("S2G", "B", "ALLOW"),
        ("S3R", "B", "COMP"),
        ("S3R", "C", "COMP"),
        ("S3N", "A", "COMP"),
        ("S4C", "B", "COMP"),
        ("S5I", "B", "COMP"),
        ("S6X", "B", "COMP"),
    ];
    let is_new = |(source, class, plan): &&(&str, &str, &str)| {
        let mut legs = pair.model.legs().filter(|(_, l)| l.account == "901" && l.year == year);
        !legs.any(|(_, l)| (l.source.as_str(), l.class.as_str(), l.plan.as_str()) == (*source, *class, *plan))
    };
    let free: Vec<_> = places.iter().filter(is_new).collect();
    let Some(first) = rng.pick(&free).copied() else { return Ok(None) };
    let mut lines = vec![budget_line(first.0, first.1, first.2, 100 * i64::from(rng.up_to(3_000)))];
    if let Some(second) = rng.pick(&free).filter(|second| **second != first) {
        lines.push(budget_line(second.0, second.1, second.2, 100 * i64::from(rng.up_to(3_000))));
    }
    let total_fen = lines.iter().map(|l| l.fen).sum();
    let approval = approved(pair, ApprovalKind::Budget, total_fen)?;
    let date = pair.today();
    let evidence = documents(pair, EvidenceKind::Minutes, date);
    let command = Command::SetBudget(SetBudget { year, date, approval, total_fen, lines, evidence });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

/// Budget lines that were set: year, source, class, plan.
fn known_lines(pair: &Pair) -> Vec<(u16, String, String, String)> {
    let mut known: Vec<_> = pair
        .model
        .legs()
        .filter(|(_, l)| l.account == "901")
        .map(|(_, l)| (l.year, l.source.clone(), l.class.clone(), l.plan.clone()))
        .collect();
    known.sort();
    known.dedup();
    let year = pair.today().year();
    known.retain(|k| k.0 >= year);
    known
}

pub fn adjust_budget(pair: &mut Pair, rng: &mut Rng) -> Made {
    let known = known_lines(pair);
    let Some((year, source, class, plan)) = rng.pick(&known).cloned() else { return Ok(None) };
    let left = pair.model.budget("911", year, &source, &class, &plan);
    let mut line = budget_line(&source, &class, &plan, 100 * i64::from(rng.up_to(500)));
    if left > 0 && rng.chance(40) {
        line.change = Change::Decrease;
        line.fen = line.fen.min(left);
    }
    let approval = approved(pair, ApprovalKind::BudgetAdjust, line.fen)?;
    let date = pair.today();
    let evidence = documents(pair, EvidenceKind::Minutes, date);
    let command = Command::AdjustBudget(AdjustBudget { year, date, approval, lines: vec![line], evidence });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn dues(pair: &mut Pair, rng: &mut Rng) -> Made {
    let as_of = doc_date(pair, rng);
    let command = Command::SetDuesStatus(SetDuesStatus {
        organization: rng.one(&["GZ", "SZ", "CHANG", "GDFED"]).into(),
        year: rng.one(&[2018, 2018, 2019]),
        fully_paid: rng.chance(40),
        as_of,
        evidence: documents(pair, EvidenceKind::Reply, as_of),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn snapshot(pair: &mut Pair, rng: &mut Rng) -> Made {
    let register = rng.one(RegisterKind::ALL);
    let command = Command::RegisterSnapshot(RegisterSnapshot {
        code: format!("CE-{}", pair.serial()),
        register,
        version: format!("第{}版", pair.serial()),
        organization: rng.one(&["GDFED", "GZ", "SZ"]).into(),
        as_of: doc_date(pair, rng),
        heads: rng.up_to(10),
        digest: papers::digest(pair),
    });
    let keeper = if register == RegisterKind::Hardship { Role::SvcDept } else { Role::EcoDept };
    let officers: Vec<_> = pair.model.persons.iter().filter(|p| p.roles.contains(&keeper)).collect();
    Ok(rng.pick(&officers).map(|p| (p.code.clone(), command)))
}

pub fn quota(pair: &mut Pair, rng: &mut Rng) -> Made {
    let date = pair.today();
    let mut found = Vec::new();
    for (year, source, class, plan) in known_lines(pair) {
        let price = pair.model.standard(&class, &plan, date).map_or(9_500, |s| s.subsidy_fen).max(1);
        let heads = |account| pair.model.budget(account, year, &source, &class, &plan) / price;
        found.push((year, source.clone(), class.clone(), plan.clone(), heads("911"), heads("912")));
    }
    found.retain(|f| f.4 > 0 || f.5 > 0);
    let Some((year, source, class, plan, free, given)) = rng.pick(&found).cloned() else { return Ok(None) };
    let back = given > 0 && (free == 0 || rng.chance(25));
    let most = u32::try_from(if back { given } else { free }).unwrap_or(1).min(20);
    let heads = if rng.chance(10) { None } else { Some(rng.up_to(most)) };
    let organization = if back { "GZ" } else { rng.one(&["GZ", "GZ", "SZ", "CHANG"]) };
    let mut evidence = documents(pair, EvidenceKind::QuotaTable, date);
    if organization == "CHANG" {
        evidence.extend(documents(pair, EvidenceKind::AllocationDocument, date));
        evidence.extend(documents(pair, EvidenceKind::IndustryAllocation, date));
    }
    let command = Command::AllocateQuota(AllocateQuota {
        notice_no: format!("名额-{}", pair.serial()),
        organization: organization.into(),
        year,
        source,
        date,
        change: if back { Change::Decrease } else { Change::Increase },
        lines: vec![QuotaLine { class, plan, heads }],
        basis: "建档".into(),
        second_level: organization == "CHANG",
        evidence,
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}
