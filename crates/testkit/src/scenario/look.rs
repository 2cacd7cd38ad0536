//! Assertions of the scenario language, which ask nothing and look at the state: balance, budget, trial, totals, voucher, left,
//! open, grant, explain, finding; reconciled and proposed stand in `reconciled`, those about rules and work in `look_rules`.

use std::collections::BTreeMap;
use std::path::Path;

use ledger::decide::{Spend, explain};
use ledger::state::{Sum, SumKey};
use record::kinds::Side;
use record::{AccountNo, Fen, SourceNo};

use super::Fault;
use super::args::{Args, date, money, number, shown, voucher};
use crate::book::Book;

/// Looks, if the line is an assertion; `want` is what stands after ` = `.
pub fn look(book: &Book, args: &mut Args, want: &str, folder: &Path) -> Result<bool, Fault> {
    match args.verb.as_str() {
        "balance" => balance(book, args, want),
        "budget" => budget(book, args, want),
        "trial" => trial(book, args, want),
        "totals" => totals(book, args, want, folder),
        "voucher" => posted(book, args, want),
        "explain" => explained(book, args, want),
        "finding" => super::finds::look(&book.state, &args.word("a finding")?, want),
        "reconciled" => super::reconciled::account(book, args, want),
        "proposed" => super::reconciled::proposed(book, args, want),
        "left" => {
            let code = args.word("an approval")?;
            let left = book.state.approvals.find(&code).map(|(_, a)| a.approval.max_fen - a.used_fen);
            Fault::unless_same(&shown(money(want)?), &left.map(shown).unwrap_or_default())
        }
        "open" => {
            let code = args.word("a commitment")?;
            let open =
                book.state.commitments.find(&code).map(|(_, c)| format!("{} {}", c.open_heads, shown(c.open_fen)));
            Fault::unless_same(want, &open.unwrap_or_default())
        }
        "grant" => grant(book, args, want),
        _ => match super::look_rules::look(book, args, want)? {
            true => Ok(()),
            false => return Ok(false),
        },
    }?;
    args.finish()?;
    Ok(true)
}

/// `explain CLASS PLAN HEADS [unit=] [price=] [payee=] [use=] [date=] = SOURCES`: the sources that could lawfully pay, or `-`; with
/// `source=` what stands against that one, or `lawful`.
fn explained(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let (class, plan) = (args.word("a class")?, args.word("a plan")?);
    let mut spend = Spend { class, plan, heads: number(&args.word("heads")?)?, ..Spend::default() };
    args.text("unit", &mut spend.organization);
    args.text("payee", &mut spend.payee_account);
    args.text("use", &mut spend.use_code);
    args.set("price", &mut spend.unit_fen, money)?;
    args.set("date", &mut spend.date, |text| date(text).map(Some))?;
    let of = args.field("source").map(|code| source(book, &code)).transpose()?;
    let found = explain(&book.state, &spend, book.now);
    let shown: Vec<String> = match of {
        None => found.lawful().map(|of| book.state.sources.code(of.source).to_owned()).collect(),
        Some(of) => {
            let against = found.sources.iter().filter(|found| found.source == of).flat_map(|found| &found.hits);
            let mut codes: Vec<String> = found.hits.iter().chain(against).map(|hit| hit.rule.clone()).collect();
            codes.dedup();
            codes
        }
    };
    let none = if of.is_some() { "lawful" } else { "-" };
    Fault::unless_same(want, &if shown.is_empty() { none.to_owned() } else { shown.join(" ") })
}

fn account(book: &Book, code: &str) -> Result<AccountNo, Fault> {
    book.state.account_no(code).ok_or_else(|| Fault::unreadable(format!("no account {code}")))
}

fn source(book: &Book, code: &str) -> Result<SourceNo, Fault> {
    book.state.source_no(code).ok_or_else(|| Fault::unreadable(format!("no source {code}")))
}

/// A balance on the account's own side.
fn on_its_side(book: &Book, account: AccountNo, debit_less_credit: Fen) -> Fen {
    let credit = book.state.accounts.get(account).is_some_and(|a| a.normal == Side::Credit);
    if credit { -debit_less_credit } else { debit_less_credit }
}

/// `balance ACCOUNT SOURCE [grant=] [holder=] [on=DAY] = AMOUNT`, on the account's own side.
fn balance(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let account = account(book, &args.word("an account")?)?;
    let source = source(book, &args.word("a source")?)?;
    let grant = args.field("grant").map(|code| book.state.grants.no(&code).unwrap_or(u32::MAX));
    let holder = args.field("holder").map(|code| book.state.organizations.no(&code).unwrap_or(u32::MAX));
    let until = args.field("on").map(|text| date(&text)).transpose()?;
    let wanted = |key: &SumKey| {
        (key.account, key.source) == (account, source)
            && grant.is_none_or(|g| key.grant == g)
            && holder.is_none_or(|h| key.holder == h)
            && until.is_none_or(|day| key.day <= day)
    };
    let found = book.state.sums.iter().filter(|(key, _)| wanted(key)).map(|(_, sum)| sum.balance()).sum();
    Fault::unless_same(&shown(money(want)?), &shown(on_its_side(book, account, found)))
}

/// `budget YEAR SOURCE CLASS PLAN ACCOUNT = AMOUNT`, on the account's own side.
fn budget(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let year = number(&args.word("a year")?)?;
    let source = source(book, &args.word("a source")?)?;
    let class = book.state.class_no(&args.word("a class")?).unwrap_or(0);
    let plan = book.state.plan_no(&args.word("a plan")?).unwrap_or(0);
    let account = account(book, &args.word("an account")?)?;
    let found = -book.state.budget_balance(year, source, class, plan, account);
    Fault::unless_same(&shown(money(want)?), &shown(on_its_side(book, account, found)))
}

/// `trial SOURCE = ACCOUNT AMOUNT; ACCOUNT AMOUNT`: every account of money with a balance, and no other; `-` if there is none.
fn trial(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let source = source(book, &args.word("a source")?)?;
    let mut rows: Vec<(String, String)> = Vec::new();
    for ((account, of), sum) in book.state.trial.iter().filter(|((_, of), _)| *of == source) {
        let def = book.state.accounts.get(*account).filter(|a| a.element != record::kinds::Element::Budget);
        if let Some(def) = def.filter(|_| sum.balance() != 0 && *of == source) {
            rows.push((def.code.clone(), shown(on_its_side(book, *account, sum.balance()))));
        }
    }
    rows.sort();
    let mut wanted = Vec::new();
    for row in want.split(';').map(str::trim).filter(|row| *row != "-") {
        let (code, amount) = row.split_once(' ').ok_or_else(|| Fault::unreadable("ACCOUNT AMOUNT"))?;
        wanted.push((code.to_owned(), shown(money(amount)?)));
    }
    wanted.sort();
    let text = |rows: &[(String, String)]| rows.iter().map(|(c, a)| format!("{c} {a}")).collect::<Vec<_>>().join("; ");
    Fault::unless_same(&text(&wanted), &text(&rows))
}

/// `grant CODE = received R spent S returned T in I out O balance B committed C idle D`, what is not zero.
fn grant(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let code = args.word("a grant")?;
    let no = book.state.grants.no(&code).ok_or_else(|| Fault::unreadable(format!("no grant {code}")))?;
    let money = ledger::grants::money(&book.state, no);
    let columns = [
        ("received", money.received_fen),
        ("spent", money.flow.spent_fen),
        ("returned", money.flow.returned_fen),
        ("in", money.flow.moved_in_fen),
        ("out", money.flow.moved_out_fen),
        ("balance", money.balance_fen),
        ("committed", money.committed_fen),
        ("idle", money.idle_fen),
    ];
    let text = |(name, fen): &(&str, Fen)| format!("{name} {}", shown(*fen));
    let found: Vec<String> = columns.iter().filter(|(_, fen)| *fen != 0).map(text).collect();
    Fault::unless_same(want, &found.join(" "))
}

/// `totals actual|budget = FILE`: every row of a trial balance file, with debit and credit totals, and no other.
fn totals(book: &Book, args: &mut Args, want: &str, folder: &Path) -> Result<(), Fault> {
    let budget = args.word("actual or budget")? == "budget";
    let path = folder.join(want);
    let text = std::fs::read_to_string(&path).map_err(|e| Fault::unreadable(format!("{}: {e}", path.display())))?;
    let mut wanted: BTreeMap<(String, String), String> = BTreeMap::new();
    for row in text.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let [source, account, _, debit, credit, ..] = cells.as_slice() else {
            return Err(Fault::unreadable(format!("{}: {row}", path.display())));
        };
        wanted.insert(((*source).to_owned(), (*account).to_owned()), format!("{debit} / {credit}"));
    }
    let plain = |fen: Fen| shown(fen).replace(',', "");
    let pair = |sum: &Sum| format!("{} / {}", plain(sum.debit_fen), plain(sum.credit_fen));
    let found = book.state.trial.iter().filter_map(|((account, source), sum)| {
        let def = book.state.accounts.get(*account)?;
        let of_budget = def.element == record::kinds::Element::Budget;
        (of_budget == budget).then(|| ((book.state.sources.code(*source).to_owned(), def.code.clone()), pair(sum)))
    });
    let found: BTreeMap<(String, String), String> = found.collect();
    let text = |rows: &BTreeMap<(String, String), String>| {
        rows.iter().map(|((s, a), v)| format!("{s} {a} {v}")).collect::<Vec<_>>().join("\n      ")
    };
    Fault::unless_same(&text(&wanted), &text(&found))
}

/// `voucher NUMBER = DATE KIND; SIDE ACCOUNT SOURCE/GRANT AMOUNT; ...`
fn posted(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let number = args.word("a voucher")?;
    let reference = voucher(&number, book.state.cycle(book.today()))?;
    let voucher = book.voucher(reference);
    let found = voucher.map(|v| {
        let state = &book.state;
        let lines = v.lines.iter().map(|l| {
            let (account, source) = (state.accounts.code(l.account), state.sources.code(l.source));
            format!("{} {account} {source}/{} {}", l.side, state.grants.code(l.grant), shown(l.fen))
        });
        [format!("{} {}", v.date, v.kind)].into_iter().chain(lines).collect::<Vec<_>>().join("; ")
    });
    Fault::unless_same(want, &found.unwrap_or_else(|| "no such voucher".into()))
}
