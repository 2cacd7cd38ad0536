//! 银行余额调节表 in its usual form: both balances, what is added to and taken from each, and the open items behind it.

use api::v1;
use v1::OpenItemClass as Class;

use crate::lang::Lang;
use crate::table::Sheet;
use crate::yuan;

/// A day as it is written.
fn day(date: Option<api::google::r#type::Date>) -> String {
    date.map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)).unwrap_or_default()
}

/// What a class is called.
fn class(class: Class, lang: Lang) -> &'static str {
    match class {
        Class::BankIn => lang.pick("银行已收企业未收", "in at the bank only"),
        Class::BankOut => lang.pick("银行已付企业未付", "out at the bank only"),
        Class::BookIn => lang.pick("企业已收银行未收", "in in the books only"),
        Class::BookOut => lang.pick("企业已付银行未付", "out in the books only"),
        Class::Unspecified => "",
    }
}

/// The reconciliation of an account on a day.
pub fn reconciliation(answer: &v1::GetReconciliationResponse, lang: Lang) -> String {
    let mut text = match lang {
        Lang::Zh => format!("银行余额调节表  {} {}  {}\n", answer.account, answer.account_name, day(answer.day)),
        Lang::En => format!("bank reconciliation  {} {}  {}\n", answer.account, answer.account_name, day(answer.day)),
    };
    let mut sheet = Sheet::new([
        (lang.pick("账面", "books"), false),
        (lang.pick("金额", "amount"), true),
        (lang.pick("对账单", "statement"), false),
        (lang.pick("金额", "amount"), true),
    ]);
    let signed = |sign: &str, of: Class| format!("{sign}{}", class(of, lang));
    for (of_books, books, of_bank, bank) in [
        (
            lang.pick("账面余额", "balance").to_owned(),
            answer.book_fen,
            lang.pick("对账单余额", "balance").to_owned(),
            answer.bank_fen,
        ),
        (signed("+ ", Class::BankIn), answer.bank_in_fen, signed("+ ", Class::BookIn), answer.book_in_fen),
        (signed("- ", Class::BankOut), answer.bank_out_fen, signed("- ", Class::BookOut), answer.book_out_fen),
        (
            lang.pick("调节后余额", "adjusted").to_owned(),
            answer.adjusted_book_fen,
            lang.pick("调节后余额", "adjusted").to_owned(),
            answer.adjusted_bank_fen,
        ),
    ] {
        sheet.row([of_books, yuan::show(books), of_bank, yuan::show(bank)]);
    }
    text.push_str(&sheet.text());
    if !answer.items.is_empty() {
        let mut items = Sheet::new([
            (lang.pick("未达账项", "open item"), false),
            (lang.pick("日期", "date"), false),
            (lang.pick("金额", "amount"), true),
            (lang.pick("明细号或流水号", "line or transaction"), false),
            (lang.pick("摘要", "memo"), false),
        ]);
        for item in &answer.items {
            let of = if item.line.is_empty() { item.transaction.clone() } else { item.line.clone() };
            let cells = [
                class(item.class(), lang).to_owned(),
                day(item.date),
                yuan::show(item.amount_fen),
                of,
                item.memo.clone(),
            ];
            items.row(cells);
        }
        text.push('\n');
        text.push_str(&items.text());
        if answer.more > 0 {
            text.push_str(&format!("... +{}\n", answer.more));
        }
    }
    let covered = format!("{}..{}", day(answer.covered_from), day(answer.covered_to));
    text.push_str(&match (lang, answer.balanced, answer.covered_to.is_some()) {
        (Lang::Zh, true, _) => format!("调节后余额相等；对账单 {covered}\n"),
        (Lang::En, true, _) => format!("the adjusted balances are equal; statements {covered}\n"),
        (Lang::Zh, false, true) => format!("未调节平，或对账单未及该日；对账单 {covered}\n"),
        (Lang::En, false, true) => format!("not balanced, or no statement reaches the day; statements {covered}\n"),
        (Lang::Zh, false, false) => "没有对账单\n".to_owned(),
        (Lang::En, false, false) => "there is no statement\n".to_owned(),
    });
    text
}
