//! Makes a valid command wrong in one field, in the ways that people, programs and thieves do. Commands of the programme and of set-up;
//! those that move money stand in `spoil_money`.

use record::command::{Evidence, SetBudget};
use record::kinds::{ApprovalKind, BankPurpose, Body, Change, EvidenceKind, Role, Verdict};
use record::{Command, Day};

use super::pair::Pair;
use super::rng::Rng;
use super::spoil_money;

/// A text that names a mobile number (made up).
const PERSONAL: &str = "联系13900000000";

/// Spoils one field of a command.
pub fn spoil(pair: &Pair, rng: &mut Rng, command: &mut Command) {
    match command {
        Command::SetBudget(c) => set_budget(pair, rng, c),
        Command::AdjustBudget(_) | Command::AllocateQuota(_) => plan(pair, rng, command),
        Command::SubmitEnrollmentBatch(_)
        | Command::ReviewEnrollmentBatch(_)
        | Command::ConfirmCoverage(_)
        | Command::SetDuesStatus(_)
        | Command::RegisterSnapshot(_) => enrolment(pair, rng, command),
        Command::RecordApproval(_)
        | Command::RegisterScheme(_)
        | Command::SetSubsidyStandard(_)
        | Command::SetParameter(_)
        | Command::ReviewCommand(_)
        | Command::WithdrawCommand(_) => authority(pair, rng, command),
        Command::RecordIncome(_)
        | Command::PostPremiumReceipt(_)
        | Command::RemitPremiums(_)
        | Command::CommitExpenditure(_)
        | Command::ReleaseCommitment(_)
        | Command::Disburse(_)
        | Command::RecordReturn(_)
        | Command::CarryToSurplus(_)
        | Command::ReverseVoucher(_)
        | Command::CorrectVoucher(_) => spoil_money::spoil(pair, rng, command),
        _ => set_up(pair, rng, command),
    }
}

fn plan(pair: &Pair, rng: &mut Rng, command: &mut Command) {
    match command {
        Command::AdjustBudget(c) => match rng.below(8) {
            0 => c.date = date(pair, rng),
            1 => documents(pair, rng, &mut c.evidence),
            2 => c.approval = approval(pair, rng),
            3 => {
                c.lines[0].change = Change::Decrease;
                c.lines[0].fen += 9_000_000;
            }
            4 => c.lines[0].fen *= 1_000,
            5 => c.lines.push(c.lines[0].clone()),
            6 => c.year = 2017,
            _ => c.lines[0].source = source(rng),
        },
        Command::AllocateQuota(c) => match rng.below(12) {
            10 => c.evidence.truncate(1),
            11 => c.second_level = true,
            0 => c.date = date(pair, rng),
            1 => documents(pair, rng, &mut c.evidence),
            2 => c.organization = "WU".into(),
            3 => c.lines[0].heads = Some(rng.one(&[301, 61, 25, 0])),
            4 => c.year = rng.one(&[2018, 2027]),
            5 => c.source = source(rng),
            6 => c.lines[0].class = class(rng),
            7 => c.lines[0].plan = rng.one(&["ALLOW", "OTHER"]).into(),
            8 => c.change = Change::Decrease,
            _ => c.lines.push(c.lines[0].clone()),
        },
        _ => {}
    }
}

fn enrolment(pair: &Pair, rng: &mut Rng, command: &mut Command) {
    match command {
        Command::SubmitEnrollmentBatch(c) => match rng.below(16) {
            11 => c.unit_headcount = c.insured_count.saturating_sub(1).max(1),
            12 => c.high_risk_count = c.insured_count + 1,
            13 => c.in_service = c.insured_count - 1,
            14 => c.proof_heads = rng.one(&[0, c.insured_count + 1]),
            15 => {
                let any = rng.pick(&pair.model.snapshots).map_or_else(String::new, |s| s.code.clone());
                c.snapshot = rng.one(&[any.as_str(), "", "CE-WU"]).into();
            }
            0 => c.submitted_on = rng.one(&[pair.today().plus_days(1), Day(c.submitted_on.0 - 3)]),
            1 => c.roster_rows += 1,
            2 => c.premium_total_fen += 100,
            3 => c.gift_total_fen += 1,
            4 => c.cover_end = c.cover_end.plus_days(rng.one(&[31, -1])),
            5 => c.year = rng.one(&[2018, 2018, 2030]),
            6 => c.class = class(rng),
            7 => c.plan = rng.one(&["ALLOW", "OTHER"]).into(),
            8 => c.organization = "WU".into(),
            9 => c.renewal = true,
            _ => c.code = pair.model.batches.first().map_or(String::new(), |b| b.code.clone()),
        },
        Command::ReviewEnrollmentBatch(c) => match rng.below(4) {
            0 => c.reviewed_on = rng.one(&[pair.today().plus_days(1), pair.today().plus_days(-60)]),
            1 => c.batch = "PC-WU".into(),
            2 => (c.verdict, c.reason) = (Verdict::Reject, String::new()),
            _ => {
                let paid = pair.model.batches.iter().find(|b| pair.model.paid_heads(&b.code) > 0);
                c.batch = paid.map_or_else(String::new, |b| b.code.clone());
            }
        },
        Command::SetDuesStatus(c) => match rng.below(3) {
            0 => c.as_of = pair.today().plus_days(1),
            1 => c.organization = "WU".into(),
            _ => documents(pair, rng, &mut c.evidence),
        },
        Command::RegisterSnapshot(c) => match rng.below(4) {
            0 => c.as_of = pair.today().plus_days(1),
            1 => c.organization = "WU".into(),
            2 => c.code = pair.model.snapshots.first().map_or_else(String::new, |s| s.code.clone()),
            _ => c.heads = 0,
        },
        Command::ConfirmCoverage(c) => match rng.below(3) {
            0 => c.confirmed_on = pair.today().plus_days(2),
            1 => c.confirmation_no = PERSONAL.into(),
            _ => c.batch = "PC-WU".into(),
        },
        _ => {}
    }
}

fn authority(pair: &Pair, rng: &mut Rng, command: &mut Command) {
    match command {
        Command::RecordApproval(c) => match rng.below(6) {
            0 => c.meeting_on = pair.today().plus_days(1),
            1 => c.valid_to = Some(c.meeting_on.plus_days(-1)),
            2 => c.doc_no = PERSONAL.into(),
            3 => c.code = pair.model.approvals[0].0.code.clone(),
            4 => c.minutes_digest = [0; 32],
            _ => c.body = rng.one(Body::ALL),
        },
        Command::RegisterScheme(c) => match rng.below(5) {
            0 => c.approval = approval(pair, rng),
            1 => c.year = 2018,
            2 => c.targets[0].class = class(rng),
            3 => c.cover_months = 0,
            _ => c.approval = of_kind(pair, rng, ApprovalKind::Scheme),
        },
        Command::SetSubsidyStandard(c) => match rng.below(5) {
            0 | 1 => c.approval = approval(pair, rng),
            2 => c.standard.class = class(rng),
            3 => c.standard.premium_fen += 1,
            _ => c.standard.plan = "OTHER".into(),
        },
        Command::SetParameter(c) => match rng.below(4) {
            0 | 1 => c.approval = approval(pair, rng),
            2 => c.key = "P99".into(),
            _ => c.value = " ".into(),
        },
        Command::ReviewCommand(c) => match rng.below(3) {
            0 => c.submission = 0,
            1 => c.submission += 1_000,
            _ => (c.verdict, c.reason) = (Verdict::Reject, "\u{7}".into()),
        },
        Command::WithdrawCommand(c) => match rng.below(3) {
            0 => c.submission = 0,
            1 => c.submission += 1_000,
            _ => c.reason = " ".into(),
        },
        _ => {}
    }
}

fn set_budget(pair: &Pair, rng: &mut Rng, c: &mut SetBudget) {
    match rng.below(10) {
        0 => c.date = date(pair, rng),
        1 => documents(pair, rng, &mut c.evidence),
        2 => c.approval = approval(pair, rng),
        3 => c.total_fen += 100,
        4 => c.lines[0].fen *= 10_000,
        5 => c.lines[0].change = Change::Decrease,
        6 => c.lines[0].source = source(rng),
        7 => c.lines[0].class = class(rng),
        8 => c.lines[0].plan = rng.one(&["ALLOW", "OTHER"]).into(),
        _ => {
            let total = c.lines.len();
            (c.lines[0].source, c.lines[0].class, c.lines[0].plan) = ("S2P".into(), "A".into(), "COMP".into());
            c.year = if total > 1 { 2018 } else { c.year };
        }
    }
}

fn set_up(pair: &Pair, rng: &mut Rng, command: &mut Command) {
    match command {
        Command::DefineAccount(c) => match rng.below(6) {
            0 => c.account.name_zh = " ".into(),
            1 => c.account.parent = rng.one(&["135", "212", "151"]).into(),
            2 => c.account.parent = rng.one(&["10201", "40201", "32104"]).into(),
            3 => c.account.parent = "NONE".into(),
            4 => c.account.code = "10201".into(),
            _ => c.account.blocked = true,
        },
        Command::RegisterOrganization(c) => match rng.below(4) {
            0 => c.organization.parent = "WU".into(),
            1 => c.organization.code = "GZ".into(),
            2 => c.organization.code = "13800000000".into(),
            _ => c.organization.name = PERSONAL.into(),
        },
        Command::RegisterBankAccount(c) => match rng.below(6) {
            0 => (c.purpose, c.organization) = (BankPurpose::Payee, rng.one(&["GZ", "JUAN"]).into()),
            1 => (c.purpose, c.organization) = (BankPurpose::FundSpecial, "GZ".into()),
            2 => c.currency = "USD".into(),
            3 => c.currency = "元".into(),
            4 => c.code = super::papers::SPECIAL.into(),
            _ => c.masked_no = "6222000011112222".into(),
        },
        Command::RegisterBankTransaction(c) => match rng.below(8) {
            0 => c.account = rng.one(&[super::papers::AID, "WU"]).into(),
            1 => c.currency = "HKD".into(),
            2 => c.date = pair.today().plus_days(1),
            3 => c.slip_digest = pair.model.bank_txns.first().map_or([0; 32], |(t, _)| t.slip_digest),
            4 => c.id = pair.model.bank_txns.first().map_or(String::new(), |(t, _)| t.id.clone()),
            5 => c.counterparty_account = "WU".into(),
            6 => c.fen = -c.fen,
            _ => c.fen = 0,
        },
        Command::GrantRole(c) => match rng.below(4) {
            0 => c.person.roles = vec![Role::FinMaker, Role::FinReviewer],
            1 => c.person.roles.push(Role::Audit),
            2 => c.person.organization = "WU".into(),
            _ => c.person.roles.clear(),
        },
        Command::RevokeRole(c) => c.person = "WU".into(),
        Command::ClosePeriod(c) => match rng.below(3) {
            0 => c.period = c.period.next(),
            1 => c.period.month = 13,
            _ => c.period.month = 12,
        },
        Command::CloseYear(c) => c.year += rng.one(&[1, 2_000]),
        Command::SignDailySummary(c) => match rng.below(4) {
            0 => c.count += 1,
            1 => c.total_fen += 2_000,
            2 => c.day = c.day.plus_days(1),
            _ => c.day = super::papers::day("2018-09-30"),
        },
        _ => {}
    }
}

/// A date that is out of its month's reach: tomorrow, long ago, in a closed month.
pub fn date(pair: &Pair, rng: &mut Rng) -> Day {
    let next = pair.model.next_to_close().first_day();
    rng.one(&[pair.today().plus_days(1), next.plus_days(-1), super::papers::day("2018-09-30"), Day(-9_000)])
}

/// Documents that are missing, stand twice, or back another voucher.
pub fn documents(pair: &Pair, rng: &mut Rng, evidence: &mut Vec<Evidence>) {
    let used = pair.model.papers.iter().flat_map(|p| &p.slips).last().copied();
    match (rng.below(4), evidence.first().cloned()) {
        (0, _) | (_, None) => evidence.clear(),
        (1, Some(first)) => {
            let slip = Evidence { kind: EvidenceKind::BankSlip, ..first };
            evidence.extend([slip.clone(), slip]);
        }
        (2, Some(first)) => {
            let txn = pair.model.bank_txns.last().map(|(t, _)| t.slip_digest);
            let digest = used.or(txn).unwrap_or(first.digest);
            evidence.push(Evidence { kind: EvidenceKind::Bill, digest, ..first });
        }
        (_, Some(first)) => evidence.push(Evidence { digest: [0; 32], ..first }),
    }
}

pub fn source(rng: &mut Rng) -> String {
    rng.one(&["S9X", "S2L", "S1M", "S3R", "S2F"]).into()
}

pub fn class(rng: &mut Rng) -> String {
    rng.one(&["D", "B", "C", "X"]).into()
}

/// Some approval, mostly of another kind; or none.
pub fn approval(pair: &Pair, rng: &mut Rng) -> String {
    let list = &pair.model.approvals;
    rng.pick(list).filter(|_| list.len() > 2).map_or_else(|| "PF-WU".into(), |(a, _)| a.code.clone())
}

fn of_kind(pair: &Pair, rng: &mut Rng, kind: ApprovalKind) -> String {
    let list: Vec<_> = pair.model.approvals.iter().filter(|(a, _)| a.kind == kind).collect();
    rng.pick(&list).map_or_else(|| "PF-WU".into(), |(a, _)| a.code.clone())
}
