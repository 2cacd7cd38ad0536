//! What the demonstration found out as JSON, for tests and other programs.

use std::path::Path;

use api::v1;
use serde_json::{Value, json};
use tonic_types::StatusExt;

use super::Played;
use super::findings::OnDay;
use super::refused::Attempt;
use crate::fail;
use crate::sheets;

/// Everything, as one object.
pub fn json(played: &Played, data: &Path) -> Value {
    json!({
        "data": data,
        "sequence": played.book.sequence,
        "trial_balances": {
            "before_closing": trial(&played.before.v2021),
            "before_closing_2009": trial(&played.before.v2009),
            "after_closing": trial(&played.after.v2021),
            "after_closing_2009": trial(&played.after.v2009),
            "budget": trial(&played.budget),
        },
        "statement": played.statement.rows.iter().map(sheets::statement_json).collect::<Vec<_>>(),
        "refused": played.attempts.iter().map(attempt).collect::<Vec<_>>(),
        "findings": played.findings.iter().map(of_day).collect::<Vec<_>>(),
        "rejections": played.rejections,
    })
}

fn trial(answer: &v1::GetTrialBalanceResponse) -> Value {
    let row = |row: &v1::TrialBalanceRow| {
        json!({
            "source": row.source,
            "account": row.account,
            "account_name": row.account_name,
            "debit_total_fen": row.debit_total_fen,
            "credit_total_fen": row.credit_total_fen,
            "debit_balance_fen": row.debit_balance_fen,
            "credit_balance_fen": row.credit_balance_fen,
        })
    };
    Value::Array(answer.rows.iter().map(row).collect())
}

fn of_day(of_day: &OnDay) -> Value {
    let sign = |sign: &v1::Sign| {
        json!({
            "rule": sign.rule,
            "subject": sign.subject,
            "amount_fen": sign.amount_fen,
            "heads": sign.heads,
            "since": super::stage::show_date(sign.since.as_ref()),
            "text": sign.description,
        })
    };
    json!({"day": of_day.day, "signs": of_day.signs.iter().map(sign).collect::<Vec<_>>()})
}

fn attempt(attempt: &Attempt) -> Value {
    let details = attempt.status.get_error_details();
    let rules = details.precondition_failure().into_iter().flat_map(|failed| &failed.violations);
    let fields = details.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
    json!({
        "attempt": attempt.en,
        "code": fail::code_name(attempt.status.code()),
        "rules": rules.map(|r| json!({"rule": r.r#type, "text": r.description})).collect::<Vec<_>>(),
        "fields": fields.map(|f| json!({"field": f.field, "text": f.description})).collect::<Vec<_>>(),
    })
}
