//! The last gate: whatever vouchers a decision made must satisfy the books' own laws (LED-001..004, 009, 016, SRC-003), whoever
//! made them and however.

use std::collections::BTreeMap;

use record::kinds::{Dimension, Element, LedgerKind, Side, VoucherKind};
use record::{AccountNo, Day, Event, Fen, GrantNo, Line, OrgNo, SourceNo, Voucher};

use super::Desk;
use crate::State;

/// Lines of one voucher; a command that needs more makes several vouchers (DESIGN.md, Model).
pub const LINES_PER_VOUCHER: usize = 1_000;
/// No account total of a source may pass this, so that sums stay far inside `i64`.
const MAX_TOTAL_FEN: Fen = 4_000_000_000_000_000_000;

/// Money that a decision moves: (account, source, grant, holder) -> day -> net.
type Movements = BTreeMap<(AccountNo, SourceNo, GrantNo, OrgNo), BTreeMap<Day, Fen>>;

impl Desk<'_> {
    /// Checks every voucher among the events, and that they leave no source negative on any day.
    pub fn check(&mut self, events: &[Event]) {
        let mut moved = Movements::new();
        for event in events {
            let voucher = match event {
                Event::VoucherPosted(posted) => &posted.voucher,
                Event::ReceiptPosted(posted) => &posted.voucher,
                _ => continue,
            };
            self.check_lines(voucher);
            self.check_balance(voucher);
            self.check_hands(voucher);
            collect(self.state, voucher, &mut moved);
        }
        self.check_never_negative(&moved);
    }

    /// LED-003, LED-004, LED-016.
    fn check_lines(&mut self, voucher: &Voucher) {
        let count = voucher.lines.len();
        // A decision that some rule has refused already may have no lines to show; that is no second fault.
        let cut_short = count == 0 && self.is_hit();
        if !(2..=LINES_PER_VOUCHER).contains(&count) && !cut_short {
            self.hit("LED-004", "lines", "2..1000", &count.to_string());
        }
        let red = matches!(voucher.kind, VoucherKind::RedReversal | VoucherKind::RedAdjust);
        let state = self.state;
        for line in &voucher.lines {
            let code = state.accounts.code(line.account);
            if line.fen == 0 || (line.fen < 0 && !red) {
                self.hit("LED-004", code, "> 0", &line.fen.to_string());
            }
            let Some(account) = state.accounts.get(line.account) else {
                self.hit("LED-003", "account", "", "");
                continue;
            };
            if !account.posting || line.source == 0 || account.name_zh.is_empty() {
                self.hit("LED-003", code, "posting=ALLOW", "BLOCK");
            }
            if (account.element == Element::Budget) != (voucher.ledger == LedgerKind::Budget) {
                self.hit("LED-016", code, voucher.ledger.code(), account.element.code());
            }
            let missing = account.dimensions.iter().find(|d| !carries(line, **d, voucher));
            if let Some(dimension) = missing {
                self.hit("LED-003", code, dimension.code(), "");
            }
            self.check_total(line, code);
        }
    }

    fn check_total(&mut self, line: &Line, code: &str) {
        let total = self.state.trial.get(&(line.account, line.source)).copied().unwrap_or_default();
        let highest = total.debit_fen.saturating_abs().max(total.credit_fen.saturating_abs());
        if highest.saturating_add(line.fen.saturating_abs()) > MAX_TOTAL_FEN {
            self.short("LED-004", code, MAX_TOTAL_FEN.saturating_sub(highest), line.fen);
        }
    }

    /// LED-001 in total; LED-002 for each (source, grant), in the budget ledger for each source and line.
    fn check_balance(&mut self, voucher: &Voucher) {
        let mut total: i128 = 0;
        let mut by_source: BTreeMap<(SourceNo, GrantNo), i128> = BTreeMap::new();
        for line in &voucher.lines {
            let signed =
                if line.side == Side::Debit { i128::from(line.fen) } else { i128::from(line.fen).saturating_neg() };
            total = total.saturating_add(signed);
            let sum = by_source.entry((line.source, line.grant)).or_default();
            *sum = sum.saturating_add(signed);
        }
        if total != 0 {
            self.hit("LED-001", voucher.reference.word.code(), "0", &total.to_string());
        }
        for ((source, grant), sum) in by_source.into_iter().filter(|(_, sum)| *sum != 0) {
            let subject = format!("{}/{}", self.state.sources.code(source), self.state.grants.code(grant));
            self.hit("LED-002", &subject, "0", &sum.to_string());
        }
    }

    /// LED-009: maker, reviewer and cashier of one voucher are three persons.
    fn check_hands(&mut self, voucher: &Voucher) {
        let pairs = [
            ("prepared_by/reviewed_by", voucher.prepared_by, voucher.reviewed_by),
            ("prepared_by/cashier_by", voucher.prepared_by, voucher.cashier_by),
            ("reviewed_by/cashier_by", voucher.reviewed_by, voucher.cashier_by),
        ];
        for (subject, one, other) in pairs {
            if one != 0 && one == other {
                let code = self.state.persons.code(one).to_owned();
                self.hit("LED-009", subject, "another person", &code);
            }
        }
    }

    /// SRC-003: no (source, grant, holder) has less than nothing on any day from the first movement on.
    fn check_never_negative(&mut self, moved: &Movements) {
        for ((account, source, grant, holder), days) in moved {
            let lowest = lowest_after(self.state, (*account, *source, *grant, *holder), days);
            if lowest < 0 {
                let subject = format!(
                    "{} {}/{}",
                    self.state.accounts.code(*account),
                    self.state.sources.code(*source),
                    self.state.grants.code(*grant)
                );
                let short = lowest.saturating_neg();
                self.push("SRC-003", &subject, "0".into(), lowest.to_string(), short, Vec::new());
            }
        }
    }
}

/// Whether a line carries a dimension that its account demands. A split payment's heads stand on its first line only, and closing
/// lines carry neither heads nor price.
fn carries(line: &Line, dimension: Dimension, voucher: &Voucher) -> bool {
    let closing = voucher.kind == VoucherKind::Closing;
    match dimension {
        Dimension::Source => line.source != 0,
        Dimension::Grant => line.grant != 0,
        Dimension::Holder => line.holder != 0,
        Dimension::Year => line.year != 0,
        Dimension::Class => line.class != 0,
        Dimension::Plan => line.plan != 0,
        Dimension::Use => line.use_code != 0,
        Dimension::Heads => closing || voucher.lines.iter().any(|l| l.account == line.account && l.heads != 0),
        Dimension::Price => closing || line.price != 0,
        Dimension::Counterparty => closing || line.counterparty != 0,
    }
}

fn collect(state: &State, voucher: &Voucher, moved: &mut Movements) {
    let money = [state.posting.special_bank, state.posting.custody_bank];
    for line in voucher.lines.iter().filter(|l| money.contains(&l.account)) {
        let signed = if line.side == Side::Debit { line.fen } else { line.fen.saturating_neg() };
        let days = moved.entry((line.account, line.source, line.grant, line.holder)).or_default();
        let net = days.entry(voucher.date).or_default();
        *net = net.saturating_add(signed);
    }
}

/// The lowest end-of-day balance from the first moved day on, with the movements in; 0 or more where nothing falls short.
fn lowest_after(state: &State, key: (AccountNo, SourceNo, GrantNo, OrgNo), days: &BTreeMap<Day, Fen>) -> Fen {
    // Only outflows can make a balance negative.
    if days.values().all(|net| *net >= 0) {
        return 0;
    }
    let (account, source, grant, holder) = key;
    let mut all: BTreeMap<Day, Fen> = days.clone();
    for (day, fen) in state.movements(account, source, grant, holder) {
        let net = all.entry(day).or_default();
        *net = net.saturating_add(fen);
    }
    let first = days.keys().next().copied().unwrap_or_default();
    let mut balance: Fen = 0;
    let mut lowest = Fen::MAX;
    for (day, net) in all {
        balance = balance.saturating_add(net);
        if day >= first {
            lowest = lowest.min(balance);
        }
    }
    lowest
}
