//! The end of the demonstration on the terminal: refusals, statement, trial balances, how to go on.

use std::path::Path;

use api::v1;
use tonic_types::StatusExt;

use super::Played;
use super::findings;
use super::refused::Attempt;
use super::stage::BOOK;
use crate::lang::Lang;
use crate::{fail, sheets};

/// Everything that was found out, as text.
pub fn all(played: &Played, lang: Lang) -> String {
    let mut text = refusals(&played.attempts, lang);
    text.push_str(&heading(lang, "资金来源收支情况表 2018（单位：元）", "Income and use by source, 2018 (yuan)"));
    text.push_str(&sheets::statement(&played.statement, lang));
    for (trials, zh, en) in [(&played.before, "结转前", "before closing"), (&played.after, "结转后", "after closing")]
    {
        text.push_str(&heading(
            lang,
            &format!("试算平衡表（{zh}，2021年制度科目）"),
            &format!("Trial balance by source ({en}, chart of 2021)"),
        ));
        text.push_str(&sheets::trial_balance(&trials.v2021, lang));
        text.push_str(&heading(
            lang,
            &format!("试算平衡表（{zh}，按对照表折为2009年制度科目）"),
            &format!("Trial balance by source ({en}, chart of 2009 by crosswalk)"),
        ));
        text.push_str(&sheets::trial_balance(&trials.v2009, lang));
    }
    text.push_str(lang.pick(
        "注：2021年制度自2022-01-01起施行，以其科目记2018年业务仅为演示；两套科目各要素合计相等。\n",
        "Note: the chart of 2021 holds from 2022-01-01; using it on 2018 is an exercise. Totals by element are equal under both.\n",
    ));
    text.push_str(&heading(
        lang,
        "预算试算平衡表（年末注销前）",
        "Budget trial balance (before it lapses at year end)",
    ));
    text.push_str(&sheets::trial_balance(&played.budget, lang));
    text.push_str(&heading(lang, "疑似事项（检测器逐日所见）", "Signs that the detectors see, day by day"));
    text.push_str(&findings::shown(&played.findings, lang));
    text.push_str(lang.pick(
        "疑似：检测器只报告条件命中（逾期未拨、逾期未上解、截止日后仍有余额、75元已拨而20元未到……），是否违规由经审会核实认定。年末所见已登记为发现。\n",
        "Signs are suspicions: a detector says that a condition holds (paid or passed on too late, left after the deadline, 75 yuan paid \
         and 20 not passed on ...); what it was is the audit committee's to say. What stands at the year's end is on record as findings.\n",
    ));
    text
}

fn heading(lang: Lang, zh: &str, en: &str) -> String {
    format!("\n{}\n", lang.pick(zh, en))
}

/// The refused attempts, each with every rule that it hit.
fn refusals(attempts: &[Attempt], lang: Lang) -> String {
    let mut text = heading(
        lang,
        &format!("试图挪作他用 {} 次，全部被拒", attempts.len()),
        &format!("{} attempts at diversion, all refused", attempts.len()),
    );
    for (i, attempt) in attempts.iter().enumerate() {
        text.push_str(&format!("{:>2}. {}\n", i + 1, lang.pick(attempt.zh, attempt.en)));
        let details = attempt.status.get_error_details();
        let rules = details.precondition_failure().into_iter().flat_map(|failed| &failed.violations);
        let fields = details.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
        let before = text.len();
        rules.for_each(|rule| text.push_str(&format!("    {}  {}\n", rule.r#type, rule.description)));
        fields.for_each(|field| text.push_str(&format!("    {}  {}\n", field.field, field.description)));
        if text.len() == before {
            text.push_str(&format!("    {}  {}\n", fail::code_name(attempt.status.code()), attempt.status.message()));
        }
    }
    text
}

/// How to go on with the data.
pub fn how_to_go_on(data: &Path, counts: &v1::GetBookResponse, seconds: f64, lang: Lang) -> String {
    let dir = data.display();
    let program = std::env::args().next().unwrap_or_else(|| "earmark".to_owned());
    let read = format!("{program} --token-file {dir}/tokens/audit --book {BOOK}");
    let done = match lang {
        Lang::Zh => format!("日志 {} 条记录，用时 {seconds:.1} 秒。数据在 {dir}", counts.sequence),
        Lang::En => format!("{} records in {seconds:.1} seconds. The data are in {dir}", counts.sequence),
    };
    let serve = lang.pick("启动服务：", "Serve the book:");
    let then = lang.pick("另开终端，以经审会身份查询：", "Then, in another terminal, ask as the audit committee:");
    format!(
        "\n{done}\n\n{serve}\n  {program} serve --data {dir}\n{then}\n  {read} statement 2018\n  {read} voucher get 记-2018-8\n  \
         {read} rejections\n  {read} findings\n  {read} work\n"
    )
}
