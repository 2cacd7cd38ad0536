//! Look-ups in the books: what stood on a day, what stands above an organisation, which account plays which part.

use record::kinds::{BankPurpose, IncomeKind, OrgType, PayerType, Restriction, Role, Word};
use record::preset::{PostingMap, SourceDef, StandardDef};
use record::{AccountNo, ClassNo, Day, GrantNo, OrgNo, Period, PersonNo, PlanNo, SourceNo, UseNo, VoucherRef};

use super::{Book, Form, Grant, Roll, Runs};

/// The book's own organisation, holder of the special account.
pub(crate) const OWN: OrgNo = 1;
/// A term of more days is none: ten years.
const LONGEST_TERM: i32 = 3_650;

/// Which account plays which part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub special: AccountNo,
    pub custody: AccountNo,
    pub owed: AccountNo,
    pub total: AccountNo,
    pub available: AccountNo,
    pub allocated: AccountNo,
    pub committed: AccountNo,
    pub spent: AccountNo,
    pub surplus_in: AccountNo,
    pub surplus: AccountNo,
    pub handed_back: AccountNo,
    pub fiscal_in: AccountNo,
    pub suspense: AccountNo,
    pub not_expense: Vec<AccountNo>,
    pub pass_down: Vec<AccountNo>,
    pub opening: Vec<AccountNo>,
    pub internal: Vec<AccountNo>,
}

impl Parts {
    /// The map with each code looked up.
    pub(crate) fn of(map: &PostingMap, accounts: &Roll<record::preset::AccountDef>) -> Parts {
        let one = |code: &String| accounts.small(code).unwrap_or(0);
        let many = |codes: &[String]| codes.iter().map(one).collect();
        Parts {
            special: one(&map.special_bank),
            custody: one(&map.custody_bank),
            owed: one(&map.custody_liability),
            total: one(&map.budget_total),
            available: one(&map.budget_available),
            allocated: one(&map.budget_allocated),
            committed: one(&map.budget_committed),
            spent: one(&map.budget_spent),
            surplus_in: one(&map.surplus_transfer),
            surplus: one(&map.surplus),
            handed_back: one(&map.fiscal_return),
            fiscal_in: one(&map.fiscal_surplus_transfer),
            suspense: one(&map.suspense),
            not_expense: many(&map.not_expense),
            pass_down: many(&map.pass_down),
            opening: many(&map.opening_adjustments),
            internal: many(&map.internal_transfers),
        }
    }
}

impl Book {
    /// The standard in force for class and plan on a day.
    pub(crate) fn standard(&self, at: (ClassNo, PlanNo), day: Day) -> Option<&StandardDef> {
        let (_, standard) = self.standards.get(&at)?.range(..=day).next_back()?;
        standard.valid_to.is_none_or(|last| day <= last).then_some(standard)
    }

    /// A parameter's value and approval on a day.
    pub(crate) fn parameter(&self, key: &str, day: Day) -> Option<&(String, u32)> {
        self.parameters.get(key)?.range(..=day).next_back().map(|(_, value)| value)
    }

    fn term(&self, key: &str, day: Day, otherwise: i32) -> i32 {
        let days = self.parameter(key, day).and_then(|(value, _)| value.parse().ok());
        days.filter(|days| (0..=LONGEST_TERM).contains(days)).unwrap_or(otherwise)
    }

    /// Last day on which what is submitted on a day may be reviewed (P15).
    pub(crate) fn review_until(&self, day: Day) -> Day {
        day.plus_days(self.term("P15.review_max_days", day, 30))
    }

    /// First day on which a payee's account that was registered on a day may be paid to (P16).
    pub(crate) fn payable_from(&self, day: Day) -> Day {
        day.plus_days(self.term("P16.payee_cooling_days", day, 3))
    }

    /// Last day on which an upload begun on a day may be sealed (P17).
    pub(crate) fn seal_until(&self, day: Day) -> Day {
        day.plus_days(self.term("P17.upload_max_days", day, 7))
    }

    /// The numbering cycle of a day (P9).
    pub(crate) fn cycle(&self, day: Day) -> u32 {
        let year = u32::from(day.year());
        match self.parameter("P9.voucher_cycle", day) {
            Some((value, _)) if value == "MONTH" => year.saturating_mul(100).saturating_add(u32::from(day.month())),
            _ => year,
        }
    }

    /// Last number of a word in a cycle.
    pub(crate) fn last_number(&self, word: Word, cycle: u32) -> u32 {
        self.numbers.get(&(word, cycle)).copied().unwrap_or(0)
    }

    /// Whether a voucher stands.
    pub(crate) fn stands(&self, of: VoucherRef) -> bool {
        (1..=self.last_number(of.word, of.cycle)).contains(&of.number)
    }

    /// Whether a month takes vouchers.
    pub(crate) fn open(&self, period: Period) -> bool {
        period >= self.first_period && self.closed_through.is_none_or(|closed| closed < period)
    }

    /// The month that closes next.
    pub(crate) fn next_to_close(&self) -> Period {
        self.closed_through.map_or(self.first_period, Period::next)
    }

    /// Whether a person holds one of these offices.
    pub(crate) fn holds(&self, person: PersonNo, roles: &[Role]) -> bool {
        self.persons.get(person).is_some_and(|p| p.roles.iter().any(|role| roles.contains(role)))
    }

    /// The source of an ordinal.
    pub(crate) fn source(&self, no: SourceNo) -> Option<&SourceDef> {
        self.sources.get(no)
    }

    /// The restriction of a source.
    pub(crate) fn restriction(&self, no: SourceNo) -> Option<Restriction> {
        self.source(no).map(|source| source.restriction)
    }

    /// Enabled sources that a kind of income may enter.
    pub(crate) fn lawful_for(&self, kind: IncomeKind) -> impl Iterator<Item = (SourceNo, &SourceDef)> {
        let fits = move |source: &SourceDef| source.income_kinds.iter().any(|k| k == kind.code());
        let all = self.sources.all().filter(move |(_, _, source)| fits(source) && source.enabled);
        all.filter_map(|(no, _, source)| Some((SourceNo::try_from(no).ok()?, source)))
    }

    /// The source that a payer's premiums enter.
    pub(crate) fn source_of_payer(&self, payer: PayerType) -> Option<SourceNo> {
        let (no, ..) = self.sources.all().find(|(_, _, source)| source.payer == payer.code())?;
        SourceNo::try_from(no).ok()
    }

    /// The source of money that nobody can place yet.
    pub(crate) fn suspense_source(&self) -> Option<SourceNo> {
        let is = |account: &str| self.accounts.small(account) == Some(self.parts.suspense);
        let (no, ..) = self.sources.all().find(|(_, _, source)| is(&source.income_account))?;
        SourceNo::try_from(no).ok()
    }

    /// Of some accounts the one that stands under the heading of a source's carry-forward.
    fn under_carry(&self, source: SourceNo, of: &[AccountNo]) -> AccountNo {
        let heading = |no: AccountNo| self.accounts.get(no).map(|account| account.parent.as_str());
        let carry = self.carry_of(source);
        let wanted = if carry == 0 { None } else { heading(carry) };
        of.iter().copied().find(|no| wanted.is_some() && heading(*no) == wanted).unwrap_or(0)
    }

    /// 累计结转 of a source; 0 where it has none.
    pub(crate) fn carry_of(&self, source: SourceNo) -> AccountNo {
        self.source(source).and_then(|s| self.accounts.small(&s.carry_account)).unwrap_or(0)
    }

    /// 单位内部调剂 of a source.
    pub(crate) fn internal_of(&self, source: SourceNo) -> AccountNo {
        self.under_carry(source, &self.parts.internal)
    }

    /// 年初余额调整 of a source.
    pub(crate) fn opening_of(&self, source: SourceNo) -> AccountNo {
        self.under_carry(source, &self.parts.opening)
    }

    /// The use that pays a plan for a class, subsidy or own share.
    pub(crate) fn use_of(&self, class: &str, plan: &str, own: bool) -> Option<UseNo> {
        let is = |(_, _, u): &(u32, &str, &record::preset::UseDef)| u.class == class && u.plan == plan && u.own == own;
        UseNo::try_from(self.uses.all().find(is)?.0).ok()
    }

    /// Whether a source may pay a use by its nature.
    pub(crate) fn permits(&self, source: SourceNo, use_code: UseNo) -> bool {
        let code = self.uses.code(use_code);
        self.source(source).is_some_and(|s| s.uses.iter().any(|u| u == code))
    }

    /// Whether a grant's document permits a use with money that moves on a day.
    pub(crate) fn grant_permits(&self, grant: &Grant, use_code: UseNo, moved_on: Day) -> bool {
        let Some(terms) = grant.terms_on(moved_on) else { return false };
        if terms.uses.is_empty() {
            let must_name = self.source(grant.source).is_some_and(|s| s.grant_uses);
            !must_name && self.permits(grant.source, use_code)
        } else {
            terms.uses.contains(&use_code)
        }
    }

    /// The enrolment form of an ordinal.
    pub(crate) fn form(&self, no: GrantNo) -> Option<&Form> {
        self.grants.get(no)?.form.as_deref()
    }

    /// Ordinal and form of a code.
    pub(crate) fn form_of(&self, code: &str) -> Option<(GrantNo, &Form)> {
        let no = self.grants.no(code)?;
        Some((no, self.form(no)?))
    }

    /// Grants of a source, oldest first.
    pub(crate) fn oldest_first(&self, source: SourceNo) -> impl Iterator<Item = GrantNo> {
        let from = (source, Day(i32::MIN), 0);
        self.ages.range(from..).take_while(move |(s, ..)| *s == source).map(|(_, _, no)| *no)
    }

    /// An organisation, then those above it.
    pub(crate) fn upwards(&self, org: OrgNo) -> impl Iterator<Item = OrgNo> {
        let above = move |no: &OrgNo| self.orgs.get(*no).and_then(|o| self.orgs.no(&o.parent));
        // A cycle cannot be registered; the bound keeps a damaged book from looping.
        core::iter::successors(Some(org), above).take(self.orgs.next() as usize)
    }

    /// Whether an organisation is another or stands below it.
    pub(crate) fn within(&self, org: OrgNo, above: OrgNo) -> bool {
        self.upwards(org).any(|no| no == above)
    }

    /// Whether a unit's dues of a year were paid: as was said of it, or of the nearest above it.
    pub(crate) fn dues_paid(&self, year: u16, unit: OrgNo) -> Option<bool> {
        self.upwards(unit).find_map(|org| self.dues.get(&(year, org)).copied())
    }

    /// The organisation whose places a unit's are.
    pub(crate) fn place_holder(&self, of: (u16, SourceNo, ClassNo), unit: OrgNo) -> Option<OrgNo> {
        self.upwards(unit).find(|org| self.places.contains_key(&(of.0, of.1, of.2, *org)))
    }

    /// Kind of the organisation that owns a bank account; none of no account.
    pub(crate) fn owner_type(&self, account: u32) -> Option<OrgType> {
        let owner = self.bank_accounts.get(account)?.is.organization;
        self.orgs.get(owner).map(|org| org.org_type)
    }

    /// The association, where a bank account is its own; else 0.
    pub(crate) fn association(&self, account: u32) -> OrgNo {
        let owner = self.bank_accounts.get(account).map_or(0, |a| a.is.organization);
        if self.owner_type(account) == Some(OrgType::MutualAid) { owner } else { 0 }
    }

    /// Balances of all accounts by code and source code, debit less credit, zeros left out.
    pub(crate) fn balances(&self) -> std::collections::BTreeMap<(String, String), record::Fen> {
        let code = |(account, source): (AccountNo, SourceNo)| {
            (self.accounts.code(account).to_owned(), self.sources.code(source).to_owned())
        };
        let mut found = std::collections::BTreeMap::new();
        for (at, fen) in self.sums.trials() {
            let sum: &mut record::Fen = found.entry(code(at)).or_default();
            *sum = sum.saturating_add(fen);
        }
        found.retain(|_, fen| *fen != 0);
        found
    }

    /// The registered account of a code, if it has this purpose and owner.
    pub(crate) fn own_account(&self, code: &str, purpose: BankPurpose, owner: OrgNo) -> Option<u32> {
        let fits = |(_, a): &(u32, &super::Account)| a.is.purpose == purpose && a.is.organization == owner;
        self.bank_accounts.find(code).filter(fits).map(|(no, _)| no)
    }
}

impl Grant {
    /// The terms that stood on a day.
    pub(crate) fn terms_on(&self, day: Day) -> Option<&super::Terms> {
        self.terms.iter().find(|terms| terms.until.is_none_or(|until| day < until))
    }

    /// The present terms.
    pub(crate) fn present(&self) -> Option<&super::Terms> {
        self.terms.last()
    }

    /// Whether it may be spent: from its first day when the money moved, to its last on the day that deadlines judge.
    pub(crate) fn in_term(&self, moved_on: Day, judged: Day) -> bool {
        self.terms_on(moved_on).is_some_and(|terms| {
            terms.first.is_none_or(|first| first <= moved_on) && terms.last.is_none_or(|last| judged <= last)
        })
    }
}

/// Whether a number lies in a run.
pub(crate) fn seen(runs: &Runs, number: u64) -> bool {
    runs.range(..=number).next_back().is_some_and(|(_, (last, _))| number <= *last)
}

/// Numbers passed over: first, last, and the day of the receipts right behind.
pub(crate) fn gaps(runs: &Runs) -> impl Iterator<Item = (u64, u64, Day)> {
    let ends = core::iter::once(0).chain(runs.values().map(|(last, _)| *last));
    ends.zip(runs).filter_map(|(end, (first, (_, day)))| {
        let (from, to) = (end.saturating_add(1), first.saturating_sub(1));
        (from <= to).then_some((from, to, *day))
    })
}
