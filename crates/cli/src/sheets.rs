//! Sheets that accountants know by their form: trial balance, statement of income and use, a voucher. Answers without a form of their own
//! are shown by `show`.

use anyhow::{Context, bail};
use api::v1;
use serde_json::{Value, json as object};
use v1::mutation_result::Outcome;
use v1::statement_row::Columns;

use crate::json;
use crate::lang::Lang;
use crate::table::Sheet;
use crate::yuan;

/// A trial balance by source, with the totals of each source and of all.
pub fn trial_balance(answer: &v1::GetTrialBalanceResponse, lang: Lang) -> String {
    let mut sheet = Sheet::new([
        (lang.pick("来源", "source"), false),
        (lang.pick("科目", "account"), false),
        (lang.pick("科目名称", "account name"), false),
        (lang.pick("借方发生额", "debit total"), true),
        (lang.pick("贷方发生额", "credit total"), true),
        (lang.pick("借方余额", "debit balance"), true),
        (lang.pick("贷方余额", "credit balance"), true),
    ]);
    for row in &answer.rows {
        let amounts =
            [row.debit_total_fen, row.credit_total_fen, row.debit_balance_fen, row.credit_balance_fen].map(yuan::show);
        sheet.row([row.source.clone(), row.account.clone(), row.account_name.clone()].into_iter().chain(amounts));
    }
    let totals = answer.totals.unwrap_or_default();
    let sums = [totals.debit_total_fen, totals.credit_total_fen, totals.debit_balance_fen, totals.credit_balance_fen];
    let words = [lang.pick("合计", "total").to_owned(), String::new(), String::new()];
    sheet.row(words.into_iter().chain(sums.map(yuan::show)));
    sheet.text()
}

/// The statement: the fund's own sources, then money held for others, each with its own columns.
pub fn statement(answer: &v1::GetStatementResponse, lang: Lang) -> String {
    let mut text = fund_rows(answer, lang);
    text.push_str(&custody_rows(answer, lang));
    if answer.historical {
        text.push_str(lang.pick(
            "含正式启用日之前的补录凭证。\n",
            "Includes historical entries, dated before the book's first live day.\n",
        ));
    }
    text
}

fn fund_rows(answer: &v1::GetStatementResponse, lang: Lang) -> String {
    let classes = ["A", "B", "C"];
    let spent = |class: &str| format!("{}{class}", lang.pick("支出", "expense "));
    let headings = [
        (lang.pick("来源", "source").to_owned(), false),
        (lang.pick("名称", "name").to_owned(), false),
        (lang.pick("上年结转", "opening").to_owned(), true),
        (lang.pick("本年收入", "income").to_owned(), true),
        (spent(classes[0]), true),
        (spent(classes[1]), true),
        (spent(classes[2]), true),
        (lang.pick("转结余", "to surplus").to_owned(), true),
        (lang.pick("年末结转", "closing").to_owned(), true),
    ];
    let mut sheet = Sheet::new(headings);
    let mut sums = [0i64; 7];
    for row in &answer.rows {
        let Some(Columns::Fund(fund)) = &row.columns else { continue };
        let of = |class: &str| fund.expenses.iter().filter(|e| e.class == class).map(|e| e.amount_fen).sum::<i64>();
        let [a, b, c] = classes.map(of);
        let amounts = [fund.opening_fen, fund.income_fen, a, b, c, fund.to_surplus_fen, fund.closing_fen];
        if amounts.iter().all(|fen| *fen == 0) {
            continue;
        }
        sums.iter_mut().zip(amounts).for_each(|(sum, fen)| *sum += fen);
        sheet.row([row.source.clone(), row.source_name.clone()].into_iter().chain(amounts.map(yuan::show)));
    }
    sheet.row([lang.pick("合计", "total").to_owned(), String::new()].into_iter().chain(sums.map(yuan::show)));
    sheet.text()
}

fn custody_rows(answer: &v1::GetStatementResponse, lang: Lang) -> String {
    let mut sheet = Sheet::new([
        (lang.pick("来源", "source"), false),
        (lang.pick("名称（代管）", "name (held for others)"), false),
        (lang.pick("期初未上解", "opening"), true),
        (lang.pick("代收", "collected"), true),
        (lang.pick("上解", "remitted"), true),
        (lang.pick("期末未上解", "closing"), true),
    ]);
    let mut sums = [0i64; 4];
    for row in &answer.rows {
        let Some(Columns::Custody(held)) = &row.columns else { continue };
        let amounts = [held.opening_fen, held.collected_fen, held.remitted_fen, held.closing_fen];
        if amounts.iter().all(|fen| *fen == 0) {
            continue;
        }
        sums.iter_mut().zip(amounts).for_each(|(sum, fen)| *sum += fen);
        sheet.row([row.source.clone(), row.source_name.clone()].into_iter().chain(amounts.map(yuan::show)));
    }
    sheet.row([lang.pick("合计", "total").to_owned(), String::new()].into_iter().chain(sums.map(yuan::show)));
    sheet.text()
}

/// A voucher in its usual form: head, lines, signatures.
pub fn voucher(answer: &v1::GetVoucherResponse, lang: Lang) -> anyhow::Result<String> {
    let voucher = answer.voucher.as_ref().context("an answer without a voucher")?;
    let date = voucher.date.map(|d| format!("{:04}-{:02}-{:02}", d.year, d.month, d.day)).unwrap_or_default();
    let historical = if voucher.historical { lang.pick("  补录", "  historical") } else { "" };
    let mut text = format!(
        "{}  {date}  {}{historical}\n{} {}\n",
        voucher.reference,
        voucher.summary,
        lang.pick("附单据", "documents"),
        voucher.attachments,
    );
    if !voucher.corrects.is_empty() {
        text.push_str(&format!("{} {}\n", lang.pick("更正", "corrects"), voucher.corrects));
    }
    let mut sheet = Sheet::new([
        (lang.pick("科目", "account"), false),
        (lang.pick("科目名称", "account name"), false),
        (lang.pick("来源", "source"), false),
        (lang.pick("依据", "grant"), false),
        (lang.pick("对象/计划/用途", "class/plan/use"), false),
        (lang.pick("人数", "heads"), true),
        (lang.pick("借方", "debit"), true),
        (lang.pick("贷方", "credit"), true),
    ]);
    for line in &voucher.lines {
        let purpose: Vec<&str> = [&line.class, &line.plan, &line.r#use]
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        let heads = if line.heads == 0 { String::new() } else { line.heads.to_string() };
        let (debit, credit) = match line.side() {
            v1::Side::Credit => (String::new(), yuan::show(line.amount_fen)),
            _ => (yuan::show(line.amount_fen), String::new()),
        };
        let words = [&line.account, &line.account_name, &line.source, &line.grant].map(String::clone);
        sheet.row(words.into_iter().chain([purpose.join("/"), heads, debit, credit]));
    }
    text.push_str(&sheet.text());
    for (zh, en, person) in [
        ("制单", "prepared by", &voucher.prepared_by),
        ("审核", "reviewed by", &voucher.reviewed_by),
        ("出纳", "cashier", &voucher.cashier_by),
        ("记账", "posted by", &voucher.posted_by),
        ("会计主管", "chief", &voucher.chief_by),
    ] {
        if !person.is_empty() {
            text.push_str(&format!("{} {person}  ", lang.pick(zh, en)));
        }
    }
    Ok(format!("{}\n", text.trim_end()))
}

/// Refused requests, each with every rule that it hit.
pub fn rejections(answer: &v1::ListRejectionsResponse, lang: Lang) -> String {
    let mut text = String::new();
    for rejection in &answer.rejections {
        let time = rejection.record_time.map(|t| json::instant(t.seconds, t.nanos)).unwrap_or_default();
        let (person, id) = (&rejection.person, &rejection.request_id);
        text.push_str(&format!("{}  {time}  {person}  {id}\n", rejection.sequence));
        for hit in &rejection.hits {
            text.push_str(&format!("  {}  {}  {}\n", hit.rule, hit.subject, hit.description));
        }
    }
    if answer.rejections.is_empty() {
        text.push_str(lang.pick("（无）\n", "(none)\n"));
    }
    if !answer.next_page_token.is_empty() {
        text.push_str(&format!("{} --page-token {}\n", lang.pick("下一页：", "next page:"), answer.next_page_token));
    }
    text
}

/// What became of a mutation, and what to do next.
pub fn outcome(result: &v1::MutationResult, lang: Lang) -> anyhow::Result<String> {
    let judged = result.receipt.is_none();
    let mut text = match &result.outcome {
        Some(Outcome::Posted(posted)) if judged => {
            let count = posted.vouchers.len();
            format!("{} {count}\n", lang.pick("可以入账，凭证数", "lawful; it would post vouchers:"))
        }
        Some(Outcome::Submitted(_)) if judged => {
            lang.pick("合规；办理时将送审\n", "lawful; it would be submitted for review\n").to_owned()
        }
        Some(Outcome::Posted(posted)) => {
            let vouchers: Vec<&str> = posted.vouchers.iter().map(|voucher| voucher.reference.as_str()).collect();
            let done = format!("{} {}", lang.pick("已生效", "done"), vouchers.join(" "));
            format!("{}\n", done.trim_end())
        }
        Some(Outcome::Submitted(submitted)) => {
            let n = submitted.submission;
            match lang {
                Lang::Zh => format!("待审核，送审号 {n}\n下一步：由另一人执行 earmark review {n} --verdict APPROVE\n"),
                Lang::En => {
                    format!("submitted as {n}\nNext: another person runs earmark review {n} --verdict APPROVE\n")
                }
            }
        }
        None => bail!("an answer without an outcome"),
    };
    if let Some(receipt) = &result.receipt {
        let again =
            if receipt.replayed { lang.pick("（重复请求，原样答复）", " (answered before)") } else { "" };
        text.push_str(&format!(
            "{} {}-{}{again}\n",
            lang.pick("记录", "records"),
            receipt.first_sequence,
            receipt.sequence
        ));
    }
    Ok(text)
}

/// A row of the statement as JSON.
pub fn statement_json(row: &v1::StatementRow) -> Value {
    let columns = match &row.columns {
        Some(Columns::Fund(fund)) => object!({
            "opening_fen": fund.opening_fen,
            "income_fen": fund.income_fen,
            "expenses": fund.expenses.iter().map(|e| object!({"class": e.class, "amount_fen": e.amount_fen})).collect::<Vec<_>>(),
            "expense_fen": fund.expense_fen,
            "to_surplus_fen": fund.to_surplus_fen,
            "closing_fen": fund.closing_fen,
        }),
        Some(Columns::Custody(held)) => object!({
            "opening_fen": held.opening_fen,
            "collected_fen": held.collected_fen,
            "remitted_fen": held.remitted_fen,
            "closing_fen": held.closing_fen,
        }),
        None => Value::Null,
    };
    object!({"source": row.source, "source_name": row.source_name, "columns": columns})
}
