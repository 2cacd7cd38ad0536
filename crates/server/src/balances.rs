//! Sums of lines, gathered from the committed state or from the views, added up by what was asked for.

use api::v1;
use engine::store::{Store, SumQuery};
use ledger::State;
use ledger::state::{Sum, SumKey};
use record::kinds::{Element, LedgerKind, Side};
use record::{AccountNo, Day, Sequence, SourceNo};
use report::{Key, Sums};

use crate::decode::Closed;
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::{Face, storage};
use crate::moment::{At, Known};
use crate::reads::Read;

/// Which lines may be left out from the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Only account, source and class of the keys are looked at.
    pub rough: bool,
    /// Code of the only account; empty for all.
    pub account: String,
    /// Code of the only source; empty for all.
    pub source: String,
    /// Code of the only grant; empty for all. Not with `rough`.
    pub grant: String,
    /// Code of the only holder; empty for all. Not with `rough`.
    pub holder: String,
}

impl Asked {
    /// The question to the views. Codes that the book has not find nothing: their ordinal is one that no line has.
    fn query(&self, state: &State, as_of: Option<Day>, known_at: Sequence) -> SumQuery {
        let named = |code: &str| !code.is_empty();
        SumQuery {
            rough: self.rough,
            account: named(&self.account).then(|| state.account_no(&self.account).unwrap_or(AccountNo::MAX)),
            source: named(&self.source).then(|| state.source_no(&self.source).unwrap_or(SourceNo::MAX)),
            grant: named(&self.grant).then(|| state.grants.no(&self.grant).unwrap_or(u32::MAX)),
            holder: named(&self.holder).then(|| state.organizations.no(&self.holder).unwrap_or(u32::MAX)),
            as_of,
            from: None,
            known_at,
        }
    }
}

impl<S: Store> Face<S> {
    /// Sums at a moment, each line's key put through `split`; none leaves the line out. The newest ones come from the committed state,
    /// without waiting; older knowledge comes from the views.
    pub async fn sums(
        &self,
        origin: &Origin,
        code: &str,
        at: At,
        asked: &Asked,
        split: impl Fn(&State, Key) -> Option<Key>,
    ) -> Result<(Sums, Sequence, Vec<u8>), Failure> {
        if at.known == Known::Newest {
            let newest = self.state(origin, code, Read::Money, at, |state| {
                let mut sums = Sums::new();
                let only = asked.query(state, at.as_of, 0).account;
                let from = SumKey { account: only.unwrap_or(0), day: Day(i32::MIN), ..SumKey::default() };
                let lines = state.sums.range(from..).take_while(|(key, _)| only.is_none_or(|no| key.account == no));
                for (k, sum) in lines.filter(|(key, _)| at.holds(key.day)) {
                    let key = Key {
                        account: k.account,
                        source: k.source,
                        grant: k.grant,
                        holder: k.holder,
                        year: k.year,
                        class: k.class,
                        plan: k.plan,
                        use_code: k.use_code,
                    };
                    if let Some(key) = split(state, key) {
                        sums.entry(key).or_default().merge(sum);
                    }
                }
                Ok((sums, state.sequence, state.root.to_vec()))
            });
            return newest.await;
        }
        let (book, known) = self.views(origin, code, Read::Money, at).await?;
        let query =
            book.read(|state| asked.query(state, at.as_of, known)).map_err(|error| crate::face::failure(error, ""))?;
        let rows = book.store().sums(book.code(), &query).await.map_err(storage)?;
        let sums = book.read(|state| {
            let mut sums = Sums::new();
            for row in rows {
                if let Some(key) = split(state, key_of(row.key, row.year)) {
                    let sums_of = row.sums;
                    let sum =
                        Sum { debit_fen: sums_of.debit_fen, credit_fen: sums_of.credit_fen, heads: sums_of.heads };
                    sums.entry(key).or_default().merge(&sum);
                }
            }
            sums
        });
        let sums = sums.map_err(|error| crate::face::failure(error, ""))?;
        Ok((sums, known, self.root(&book, known).await?))
    }
}

/// The newest sums by account and source, which the state keeps, and their sequence.
pub(crate) fn newest_trial(state: &State, ledger: LedgerKind) -> (Sums, Sequence) {
    let mut sums = Sums::new();
    for ((account, source), sum) in state.trial.iter().filter(|((account, _), _)| ledger_of(state, *account) == ledger)
    {
        let key = Key { account: *account, source: *source, ..Key::default() };
        sums.insert(key, *sum);
    }
    (sums, state.sequence)
}

/// The key of a row of the views.
pub(crate) fn key_of(key: (u16, u8, u32, u32, u8, u8, u8), year: u16) -> Key {
    let (account, source, grant, holder, class, plan, use_code) = key;
    Key { account, source, grant, holder, year, class, plan, use_code }
}

/// The ledger of an account.
pub(crate) fn ledger_of(state: &State, account: AccountNo) -> LedgerKind {
    match state.accounts.get(account).map(|account| account.element) {
        Some(Element::Budget) => LedgerKind::Budget,
        _ => LedgerKind::Actual,
    }
}

/// The ledger that a read asks for; money where it names none.
pub(crate) fn ledger_asked(number: i32) -> Result<LedgerKind, Failure> {
    match (number, LedgerKind::of_wire(number)) {
        (0, _) => Ok(LedgerKind::Actual),
        (_, Some(ledger)) => Ok(ledger),
        _ => Err(Failure::field("ledger", "UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of its set")),
    }
}

/// The rows of a balance listing, by account code and then the other codes.
pub(crate) fn rows(state: &State, sums: &Sums) -> Vec<v1::Balance> {
    let mut rows: Vec<v1::Balance> = sums.iter().map(|(key, sum)| row(state, key, sum)).collect();
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    rows
}

fn order(row: &v1::Balance) -> (&str, &str, &str, &str, u32, &str, &str, &str) {
    (&row.account, &row.source, &row.grant, &row.holder, row.year, &row.class, &row.plan, &row.r#use)
}

fn row(state: &State, key: &Key, sum: &Sum) -> v1::Balance {
    let account = state.accounts.get(key.account);
    let side = match sum.balance() {
        0 => account.map_or(Side::Debit, |account| account.normal),
        debit if debit > 0 => Side::Debit,
        _ => Side::Credit,
    };
    v1::Balance {
        account: state.accounts.code(key.account).to_owned(),
        account_name: account.map(|account| account.name_zh.clone()).unwrap_or_default(),
        source: state.sources.code(key.source).to_owned(),
        grant: state.grants.code(key.grant).to_owned(),
        holder: state.organizations.code(key.holder).to_owned(),
        year: u32::from(key.year),
        class: state.classes.code(key.class).to_owned(),
        plan: state.plans.code(key.plan).to_owned(),
        r#use: state.uses.code(key.use_code).to_owned(),
        debit_total_fen: sum.debit_fen,
        credit_total_fen: sum.credit_fen,
        side: side.to_wire(),
        balance_fen: sum.balance().saturating_abs(),
        heads: sum.heads,
    }
}

/// A trial balance as messages.
pub(crate) fn trial(trial: report::TrialBalance) -> (Vec<v1::TrialBalanceRow>, v1::TrialBalanceTotals) {
    let row = |row: report::TrialRow| v1::TrialBalanceRow {
        source: row.source,
        account: row.account,
        account_name: row.account_name,
        debit_total_fen: row.debit_total_fen,
        credit_total_fen: row.credit_total_fen,
        debit_balance_fen: row.debit_balance_fen,
        credit_balance_fen: row.credit_balance_fen,
    };
    let totals = v1::TrialBalanceTotals {
        debit_total_fen: trial.totals.debit_total_fen,
        credit_total_fen: trial.totals.credit_total_fen,
        debit_balance_fen: trial.totals.debit_balance_fen,
        credit_balance_fen: trial.totals.credit_balance_fen,
    };
    (trial.rows.into_iter().map(row).collect(), totals)
}
