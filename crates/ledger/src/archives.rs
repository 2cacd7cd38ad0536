//! How long the archived originals of an accounting year are kept, and what keeps them beyond that (会计档案管理办法第十四条、第十九条).
//! Deciding on a destruction stands in `decide::archives`; the log itself is never destroyed.

use std::collections::BTreeMap;

use record::command::{self, Identified};
use record::kinds::{ArchiveKind, Element, FindingState};
use record::{Command, Day, Fen, Period, Sequence, VoucherRef};

use crate::State;
use crate::state::SumKey;

/// Years for which a kind is kept, counted from the day after the year's end (附表: 企业和其他组织会计档案保管期限表); none for ever.
pub const fn years_kept(kind: ArchiveKind) -> Option<u16> {
    match kind {
        ArchiveKind::Voucher | ArchiveKind::Ledger => Some(30),
        ArchiveKind::Statement | ArchiveKind::BankStatement | ArchiveKind::Reconciliation => Some(10),
        ArchiveKind::AnnualReport => None,
    }
}

/// The last day on which files of a year must be kept; none where they are kept for ever.
pub fn kept_until(kind: ArchiveKind, year: u16) -> Option<Day> {
    let years = years_kept(kind)?;
    Some(Period { year: year.saturating_add(years), month: 12 }.last_day())
}

/// Something of a year that is not settled, so that its files are kept whatever their age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenMatter {
    /// The year is not closed.
    Year,
    /// A debt that vouchers of the year made or moved: account, source, grant and holder by their codes, and what is owed.
    Debt {
        /// `ACCOUNT SOURCE/GRANT`, with the holder's code where it is another than the book's own.
        subject: String,
        /// What is owed.
        fen: Fen,
    },
    /// A correction, return or refund of a voucher of the year waits for review.
    Waiting(Sequence),
    /// A finding of the year is not closed or dismissed.
    Finding(u32),
}

impl OpenMatter {
    /// What it is, by a stable word: YEAR, DEBT, SUBMITTED or FINDING.
    pub const fn kind(&self) -> &'static str {
        match self {
            OpenMatter::Year => "YEAR",
            OpenMatter::Debt { .. } => "DEBT",
            OpenMatter::Waiting(_) => "SUBMITTED",
            OpenMatter::Finding(_) => "FINDING",
        }
    }

    /// What it is about.
    pub fn subject(&self, year: u16) -> String {
        match self {
            OpenMatter::Year => year.to_string(),
            OpenMatter::Debt { subject, .. } => subject.clone(),
            OpenMatter::Waiting(sequence) => sequence.to_string(),
            OpenMatter::Finding(no) => no.to_string(),
        }
    }

    /// What is owed; 0 for what is no debt.
    pub const fn fen(&self) -> Fen {
        match self {
            OpenMatter::Debt { fen, .. } => *fen,
            _ => 0,
        }
    }
}

/// Everything of a year that is not settled, in the order of the kinds.
pub fn open_matters(state: &State, year: u16) -> Vec<OpenMatter> {
    let mut open = Vec::new();
    let december = Period { year, month: 12 };
    if year >= state.first_period.year && state.closed_through.is_none_or(|closed| closed < december) {
        open.push(OpenMatter::Year);
    }
    open.extend(debts(state, year));
    let waiting = state.pending.iter().filter(|(_, pending)| {
        command::decode(&pending.command).and_then(|waits| about(&waits)).is_some_and(|of| is_of_year(of, year))
    });
    open.extend(waiting.map(|(sequence, _)| OpenMatter::Waiting(*sequence)));
    let findings = state.findings.iter().filter(|(_, finding)| {
        // What was seen, is gone by itself and was never confirmed keeps nothing open.
        let open = !finding.is_over() && (finding.stands || finding.state != FindingState::Open);
        open && finding.sign.since.year() == year
    });
    open.extend(findings.map(|(no, _)| OpenMatter::Finding(no)));
    open
}

/// Liabilities (代管经费, 待查款 ...) that vouchers of the year made or moved and that are not settled by now.
fn debts(state: &State, year: u16) -> Vec<OpenMatter> {
    let mut open: BTreeMap<SumKey, (Fen, bool)> = BTreeMap::new();
    for (key, sum) in &state.sums {
        let liability = state.accounts.get(key.account).is_some_and(|account| account.element == Element::Liability);
        if liability {
            let (account, source, grant, holder) = (key.account, key.source, key.grant, key.holder);
            let (fen, moved) = open.entry(SumKey { account, source, grant, holder, ..SumKey::default() }).or_default();
            *fen = fen.saturating_sub(sum.balance());
            *moved |= key.day.year() == year;
        }
    }
    let debt = |(key, (fen, moved)): (SumKey, (Fen, bool))| {
        let (account, source) = (state.accounts.code(key.account), state.sources.code(key.source));
        let mut subject = format!("{account} {source}/{}", state.grants.code(key.grant));
        if key.holder > 1 {
            subject = format!("{subject} {}", state.organizations.code(key.holder));
        }
        (moved && fen != 0).then_some(OpenMatter::Debt { subject, fen })
    };
    open.into_iter().filter_map(debt).collect()
}

/// The voucher that a waiting command would correct, return or give back.
fn about(command: &Command) -> Option<VoucherRef> {
    match command {
        Command::ReverseVoucher(c) => Some(c.voucher),
        Command::CorrectVoucher(c) => Some(c.voucher),
        Command::AdjustAmount(c) => Some(c.voucher),
        Command::CorrectPriorYear(c) => Some(c.voucher),
        Command::RecordReturn(c) => Some(c.payment),
        Command::RefundPremium(c) => Some(c.receipt),
        Command::IdentifyDeposit(c) => match &c.identified {
            Identified::Return(back) => Some(back.payment),
            Identified::Income(_) => None,
        },
        _ => None,
    }
}

/// Whether a voucher's number is of a year: cycles are years, or months as YYYYMM (P9).
fn is_of_year(voucher: VoucherRef, year: u16) -> bool {
    let year = u32::from(year);
    voucher.cycle == year || voucher.cycle.checked_div(100) == Some(year)
}

#[cfg(test)]
mod tests {
    use record::kinds::Word;

    use super::*;

    #[test]
    fn terms_count_from_the_day_after_the_years_end() {
        let day = |text: &str| Some(Day::parse(text).unwrap());
        for (kind, last) in [
            (ArchiveKind::Voucher, day("2048-12-31")),
            (ArchiveKind::Ledger, day("2048-12-31")),
            (ArchiveKind::Statement, day("2028-12-31")),
            (ArchiveKind::BankStatement, day("2028-12-31")),
            (ArchiveKind::Reconciliation, day("2028-12-31")),
            (ArchiveKind::AnnualReport, None),
        ] {
            assert_eq!(kept_until(kind, 2018), last, "{kind}");
        }
        let of = |cycle| is_of_year(VoucherRef { word: Word::Ji, cycle, number: 1 }, 2018);
        assert!(of(2018) && of(201_812) && !of(2019) && !of(201_901));
    }
}
