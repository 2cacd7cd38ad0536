//! Questions to the model's lists, each answered by a scan from the beginning.

use record::command::{CreateBook, RegisterScheme, SubmitEnrollmentBatch};
use record::kinds::{BankPurpose, Direction, LedgerKind, PayerType, Role, Side, Template, Word};
use record::preset::{AccountDef, ClassDef, Preset, SourceDef, StandardDef};
use record::{Day, Digest, Fen, Period, VoucherRef};

use super::paper::{Deed, Leg, Paper};
use super::{Grant, Model};

impl Model {
    /// How the book was opened. Nothing is asked of a book before it is.
    pub fn opened(&self) -> &CreateBook {
        self.book.as_deref().expect("only an open book is asked")
    }

    /// What it was opened from.
    pub fn preset(&self) -> &Preset {
        &self.opened().preset
    }

    pub(crate) fn account(&self, code: &str) -> Option<&AccountDef> {
        self.preset().accounts.iter().chain(&self.accounts).find(|a| a.code == code)
    }

    pub(crate) fn source(&self, code: &str) -> Option<&SourceDef> {
        self.preset().sources.iter().find(|s| s.code == code)
    }

    pub(crate) fn source_of_payer(&self, payer: PayerType) -> Option<&SourceDef> {
        self.preset().sources.iter().find(|s| s.payer == payer.code())
    }

    pub(crate) fn class(&self, code: &str) -> Option<&ClassDef> {
        self.preset().classes.iter().find(|c| c.code == code)
    }

    /// The use that pays a plan for a class: the subsidy, or the insured's own share. Empty where there is none.
    pub(crate) fn use_for(&self, class: &str, plan: &str, own: bool) -> String {
        let found = self.preset().uses.iter().find(|u| u.class == class && u.plan == plan && u.own == own);
        found.map_or_else(String::new, |u| u.code.clone())
    }

    /// The standard of a day: of those begun by then the one that began last, the newest of several; none after its end.
    pub fn standard(&self, class: &str, plan: &str, day: Day) -> Option<&StandardDef> {
        let begun = self.standards.iter().filter(|s| s.class == class && s.plan == plan && s.valid_from <= day);
        let last = begun.max_by_key(|s| s.valid_from)?;
        last.valid_to.is_none_or(|end| day <= end).then_some(last)
    }

    /// The value of a parameter on a day.
    pub fn parameter(&self, key: &str, day: Day) -> &str {
        self.parameter_set(key, day).map_or("", |(_, value, ..)| value)
    }

    /// The setting of a parameter that holds on a day.
    pub(crate) fn parameter_set(&self, key: &str, day: Day) -> Option<&(String, String, Day, String)> {
        let begun = self.parameters.iter().filter(|(k, _, from, _)| k == key && *from <= day);
        begun.max_by_key(|(_, _, from, _)| *from)
    }

    pub(crate) fn has_role(&self, person: &str, roles: &[Role]) -> bool {
        self.persons.iter().any(|p| p.code == person && p.roles.iter().any(|r| roles.contains(r)))
    }

    pub(crate) fn has_organization(&self, code: &str) -> bool {
        self.organizations.iter().any(|o| o.code == code)
    }

    /// Whether an organisation is another, or stands below it.
    pub(crate) fn is_within(&self, code: &str, above: &str) -> bool {
        let mut at = code.to_owned();
        for _ in 0..=self.organizations.len() {
            if at == above {
                return true;
            }
            match self.organizations.iter().find(|o| o.code == at) {
                Some(organization) => at.clone_from(&organization.parent),
                None => return false,
            }
        }
        false
    }

    pub(crate) fn scheme(&self, year: u16) -> Option<&RegisterScheme> {
        self.schemes.iter().find(|s| s.year == year)
    }

    pub(crate) fn batch(&self, code: &str) -> Option<&SubmitEnrollmentBatch> {
        self.batches.iter().find(|b| b.code == code)
    }

    pub(crate) fn has_custody(&self, organization: &str) -> bool {
        self.bank_accounts.iter().any(|a| a.organization == organization && a.purpose == BankPurpose::Custody)
    }

    /// The insured's own share a head of a batch; none where its standard has none.
    pub(crate) fn own_share(&self, batch: &SubmitEnrollmentBatch) -> Option<Fen> {
        let standard = self.standard(&batch.class, &batch.plan, batch.submitted_on)?;
        (standard.own_fen > 0).then_some(standard.own_fen)
    }

    // Periods and numbers.

    /// The month that closes next.
    pub fn next_to_close(&self) -> Period {
        self.closed.last().map_or(self.opened().first_period, |last| last.next())
    }

    pub(crate) fn is_open(&self, period: Period) -> bool {
        period >= self.opened().first_period && !self.closed.contains(&period)
    }

    /// The numbering cycle of a date (P9).
    pub(crate) fn cycle(&self, date: Day) -> u32 {
        let year = u32::from(date.year());
        if self.parameter("P9.voucher_cycle", date) == "MONTH" { year * 100 + u32::from(date.month()) } else { year }
    }

    pub(crate) fn last_number(&self, word: Word, cycle: u32) -> u32 {
        let same = self.papers.iter().filter(|p| (p.reference.word, p.reference.cycle) == (word, cycle));
        same.map(|p| p.reference.number).max().unwrap_or(0)
    }

    // Vouchers and what became of them.

    /// The voucher with this reference.
    pub fn paper(&self, reference: VoucherRef) -> Option<&Paper> {
        self.papers.iter().find(|p| p.reference == reference)
    }

    /// Whether a voucher was reversed or corrected.
    pub fn is_reversed(&self, reference: VoucherRef) -> bool {
        self.papers.iter().any(|p| p.deed == Deed::Red(reference))
    }

    /// Vouchers that stand: neither reversed nor themselves a reversal.
    pub fn standing(&self) -> impl Iterator<Item = &Paper> {
        let reversed: Vec<VoucherRef> = self.papers.iter().filter_map(|p| p.corrects.filter(|_| p.is_red())).collect();
        self.papers.iter().filter(move |p| !p.is_red() && !reversed.contains(&p.reference))
    }

    pub(crate) fn bill_used(&self, bill: &str) -> bool {
        self.papers.iter().any(|p| p.bill == bill) || self.notes.iter().any(|n| n.bill_no == bill)
    }

    pub(crate) fn slip_used(&self, digest: &Digest) -> bool {
        self.papers.iter().any(|p| p.slips.contains(digest))
            || self.bank_txns.iter().any(|(t, _)| t.slip_digest == *digest)
            || self.quotas.iter().flat_map(|q| &q.evidence).any(|e| e.kind.is_unique() && e.digest == *digest)
            || self.batches.iter().flat_map(|b| &b.evidence).any(|e| e.kind.is_unique() && e.digest == *digest)
            || self.amending_slips.contains(digest)
            || self.dues.iter().flat_map(|d| &d.evidence).any(|e| e.kind.is_unique() && e.digest == *digest)
    }

    // Money.

    /// Every line with the date of its voucher.
    pub fn legs(&self) -> impl Iterator<Item = (Day, &Leg)> {
        self.papers.iter().flat_map(|p| p.legs.iter().map(|leg| (p.date, leg)))
    }

    /// Debit less credit of one holder's money in a grant, on each day that it moved, in order.
    pub(crate) fn moves(&self, account: &str, source: &str, grant: &str, holder: &str) -> Vec<(Day, Fen)> {
        let wanted = |l: &Leg| l.grant == grant && l.source == source && l.account == account && l.holder == holder;
        let mut moves: Vec<(Day, Fen)> =
            self.legs().filter(|(_, l)| wanted(l)).map(|(day, l)| (day, l.signed())).collect();
        moves.sort_unstable();
        moves
    }

    /// The balance at the end of a day.
    pub fn balance_on(&self, account: &str, source: &str, grant: &str, holder: &str, day: Day) -> Fen {
        self.moves(account, source, grant, holder).iter().filter(|(d, _)| *d <= day).map(|(_, fen)| fen).sum()
    }

    /// What can go out on a day and leave nothing negative on that day or a later one.
    pub fn spendable(&self, account: &str, source: &str, grant: &str, holder: &str, day: Day) -> Fen {
        let moves = self.moves(account, source, grant, holder);
        let balance = |on: Day| moves.iter().filter(|(d, _)| *d <= on).map(|(_, fen)| *fen).sum::<Fen>();
        let later = moves.iter().filter(|(d, _)| *d > day).map(|(d, _)| balance(*d));
        later.chain([balance(day)]).min().unwrap_or(0).max(0)
    }

    /// How much of a bank transaction vouchers have drawn, in its own direction.
    pub fn drawn(&self, id: &str) -> Fen {
        let Some((txn, _)) = self.bank_txns.iter().find(|(t, _)| t.id == id) else { return 0 };
        let inward: Fen = self.legs().filter(|(_, l)| l.bank == id).map(|(_, l)| l.signed()).sum();
        if txn.direction == Direction::In { inward } else { -inward }
    }

    /// Balance of a budget account, credit positive, of a year, source, class and plan.
    pub fn budget(&self, account: &str, year: u16, source: &str, class: &str, plan: &str) -> Fen {
        self.budget_legs(account, year, source, class, plan).map(|l| -l.signed()).sum()
    }

    /// What can be taken of a budget account on a day and leave nothing negative on that day or a later one.
    pub(crate) fn budget_left(&self, account: &str, line: (u16, &str, &str, &str), day: Day) -> Fen {
        let (year, source, class, plan) = line;
        let budget = self.papers.iter().filter(|p| p.ledger == LedgerKind::Budget);
        let moves: Vec<(Day, Fen)> = budget
            .flat_map(|p| p.legs.iter().map(|l| (p.date, l)))
            .filter(|(_, l)| l.account == account && l.source == source && l.year == year)
            .filter(|(_, l)| l.class == class && l.plan == plan)
            .map(|(date, l)| (date, -l.signed()))
            .collect();
        let balance = |on: Day| moves.iter().filter(|(d, _)| *d <= on).map(|(_, fen)| *fen).sum::<Fen>();
        let later = moves.iter().filter(|(d, _)| *d > day).map(|(d, _)| balance(*d));
        later.chain([balance(day)]).min().unwrap_or(0).max(0)
    }

    pub(crate) fn budget_legs<'m>(
        &'m self,
        account: &'m str,
        year: u16,
        source: &'m str,
        class: &'m str,
        plan: &'m str,
    ) -> impl Iterator<Item = &'m Leg> {
        let budget = self.papers.iter().filter(|p| p.ledger == LedgerKind::Budget).flat_map(|p| &p.legs);
        budget.filter(move |l| {
            l.account == account && l.year == year && l.source == source && l.class == class && l.plan == plan
        })
    }

    /// A grant with the terms that stood on a day.
    pub(crate) fn terms_on<'m>(&'m self, grant: &'m Grant, day: Day) -> &'m Grant {
        let stood = self.former.iter().find(|(former, until)| former.code == grant.code && day < *until);
        stood.map_or(grant, |(former, _)| former)
    }

    /// Funding documents of a source, oldest first.
    pub(crate) fn grants_by_age(&self, source: &str) -> Vec<&Grant> {
        let mut found: Vec<&Grant> = self.grants.iter().filter(|g| g.source == source).collect();
        found.sort_by_key(|g| g.opened_on);
        found
    }

    // Approvals, commitments, batches, receipts.

    /// What commitments, budgets and carrying to surplus hold of an approval, less what was released.
    pub fn approval_used(&self, code: &str) -> Fen {
        let of = |c: &str| self.commitments.iter().any(|(k, _)| k.code == c && k.approval == code);
        let taken: Fen = self.commitments.iter().filter(|(c, _)| c.approval == code).map(|(c, _)| c.fen).sum();
        let released = self.papers.iter().filter(|p| of(&p.commitment)).map(|p| match p.deed {
            Deed::Release(_, fen) => fen,
            _ => 0,
        });
        let posting = &self.preset().posting;
        let budgets = self.papers.iter().filter(|p| p.approval == code && p.template == Template::T11);
        let raised = budgets.flat_map(|p| &p.legs).filter(|l| l.account == posting.budget_total && l.signed() > 0);
        let carried = self.papers.iter().filter(|p| p.approval == code && p.template == Template::T27);
        let surplus = carried.flat_map(|p| &p.legs).filter(|l| l.account == posting.surplus);
        taken - released.sum::<Fen>() + raised.chain(surplus).map(|l| l.fen).sum::<Fen>() + self.flows_used(code)
    }

    /// What transfers and their consents, surplus appropriated, refunds, corrections of earlier years and money handed back took.
    fn flows_used(&self, code: &str) -> Fen {
        let used = |paper: &Paper| {
            let own = paper.approval == code;
            let first = paper.legs.first().map_or(0, |l| l.fen);
            match (&paper.deed, paper.template) {
                (Deed::Transfer(consent, fen), _) => {
                    fen * (i64::from(own) + i64::from(!consent.is_empty() && consent == code))
                }
                (Deed::Adjustment(_, fen), _) if own => fen.abs(),
                (_, Template::T01b | Template::T19 | Template::T28) if own => first,
                (_, Template::T32) if own => paper.legs.last().map_or(0, |l| l.fen),
                _ => 0,
            }
        };
        self.papers.iter().map(used).sum()
    }

    /// What the amount of an income was corrected by.
    pub fn adjusted(&self, income: VoucherRef) -> Fen {
        let of = |p: &Paper| match p.deed {
            Deed::Adjustment(of, fen) if of == income => fen,
            _ => 0,
        };
        self.papers.iter().map(of).sum()
    }

    /// Heads of a premium receipt that were given back.
    pub fn refunded(&self, receipt: VoucherRef) -> i64 {
        let of = |p: &Paper| match p.deed {
            Deed::Refund(of, heads, _) if of == receipt => i64::from(heads),
            _ => 0,
        };
        self.papers.iter().map(of).sum()
    }

    /// Refunds of a batch's premiums: heads, and whether they had been passed on.
    fn refunds<'m>(&'m self, batch: &'m str) -> impl Iterator<Item = (&'m Leg, i64, bool)> {
        self.papers.iter().filter_map(move |p| match p.deed {
            Deed::Refund(_, heads, passed_on) => {
                let leg = p.legs.first().filter(|l| l.grant == batch)?;
                Some((leg, i64::from(heads), passed_on))
            }
            _ => None,
        })
    }

    /// Heads of a holder's premiums that the association has: passed on, and not come back for a refund.
    pub(crate) fn away_heads(&self, owed: &Leg) -> i64 {
        let same = |l: &&Leg| l.holder == owed.holder && l.source == owed.source && l.grant == owed.grant;
        let passed = self.standing().filter(|p| matches!(p.deed, Deed::Remittance(_)));
        let passed = passed.flat_map(|p| &p.legs).filter(|l| l.side == Side::Debit).filter(same).map(|l| l.heads);
        let back = self.refunds(&owed.grant).filter(|(l, _, on)| *on && same(l)).map(|(_, heads, _)| heads);
        passed.sum::<i64>() - back.sum::<i64>()
    }

    /// What is open of a commitment: heads, fen, and of that fen what came from allocated places. Payments take allocated places
    /// first, releases give the available budget back first; a reversed payment took nothing.
    pub fn open_commitment(&self, code: &str) -> (u32, Fen, Fen) {
        let Some((c, allocated)) = self.commitments.iter().find(|(c, _)| c.code == code) else { return (0, 0, 0) };
        let available = c.fen - allocated;
        let (mut heads, mut paid, mut released) = (c.heads, 0, 0);
        for paper in self.standing().filter(|p| p.commitment == code) {
            match &paper.deed {
                Deed::Payment(_, h, fen) => {
                    heads = heads.saturating_sub(*h);
                    paid += fen;
                }
                Deed::Release(h, fen) => {
                    heads = heads.saturating_sub(*h);
                    released += fen;
                }
                _ => {}
            }
        }
        let allocated = (allocated - paid - (released - available).max(0)).max(0);
        (heads, c.fen - paid - released, allocated)
    }

    /// Heads of a batch that standing payments paid for.
    pub fn paid_heads(&self, batch: &str) -> u32 {
        let paid = self.standing().filter_map(|p| match &p.deed {
            Deed::Payment(batches, ..) => batches.iter().find(|(code, _)| code == batch).map(|(_, heads)| *heads),
            _ => None,
        });
        paid.sum()
    }

    /// Heads of a batch whose own share was received, wherever it lies.
    pub fn received_heads(&self, batch: &str) -> i64 {
        let direct: i64 = self.notes.iter().filter(|n| n.batch == batch).map(|n| i64::from(n.heads)).sum();
        let given_back: i64 = self.refunds(batch).map(|(_, heads, _)| heads).sum();
        direct + self.receipts().filter(|l| l.grant == batch).map(|l| l.heads).sum::<i64>() - given_back
    }

    /// Money lines of the standing premium receipts.
    fn receipts(&self) -> impl Iterator<Item = &Leg> {
        let receipts = self.standing().filter(|p| p.deed == Deed::Receipt);
        receipts.flat_map(|p| &p.legs).filter(|l| l.side == Side::Debit)
    }

    /// Heads that a holder has collected for a batch from a source and not passed on.
    pub fn held_heads(&self, holder: &str, source: &str, batch: &str) -> i64 {
        let ours = |l: &&Leg| l.holder == holder && l.source == source && l.grant == batch;
        let collected: i64 = self.receipts().filter(ours).map(|l| l.heads).sum();
        let passed = self.standing().filter(|p| matches!(p.deed, Deed::Remittance(_)));
        let passed = passed.flat_map(|p| &p.legs).filter(|l| l.side == Side::Debit).filter(ours).map(|l| l.heads);
        let out = self.refunds(batch).filter(|(l, _, on)| !on && ours(l)).map(|(_, heads, _)| heads);
        collected - passed.sum::<i64>() - out.sum::<i64>()
    }

    /// Heads that came back of a payment.
    pub fn returned_heads(&self, payment: VoucherRef) -> u32 {
        let back = self.standing().filter_map(|p| match p.deed {
            Deed::Return(of, heads, _) if of == payment => Some(heads),
            _ => None,
        });
        back.sum()
    }

    /// Vouchers of word 代 of a day: how many, and their total.
    pub fn receipts_of_day(&self, day: Day) -> (u64, Fen) {
        let of_day: Vec<&Paper> =
            self.papers.iter().filter(|p| p.reference.word == Word::Dai && p.date == day).collect();
        let total = of_day.iter().flat_map(|p| &p.legs).filter(|l| l.side == Side::Debit).map(|l| l.fen).sum();
        (of_day.len() as u64, total)
    }
}
