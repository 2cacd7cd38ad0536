//! A failed call, told to people: what the server said, every field or rule with its text, and what to do next. As JSON the same.

use std::fmt::Write;

use serde_json::{Value as Json, json};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::lang::Lang;

/// What was not understood before anything was asked: flags, settings, files.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct Misuse(pub anyhow::Error);

/// What is known of a failed call beside its status.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The request's id, where it was a mutation.
    pub request_id: Option<String>,
}

/// The failure as text, violations one a line.
pub fn show(status: &Status, context: &Context, lang: Lang) -> String {
    let details = status.get_error_details();
    let mut text = format!("{}: {}\n", code_name(status.code()), status.message());
    for field in details.bad_request().into_iter().flat_map(|bad| &bad.field_violations) {
        let _ = writeln!(text, "  {}: {}", field.field, field.description);
    }
    for violation in details.precondition_failure().into_iter().flat_map(|failed| &failed.violations) {
        let _ = writeln!(text, "  {}  {}\n    {}", violation.r#type, violation.subject, violation.description);
    }
    let next = next_step(status, context, lang);
    let _ = writeln!(text, "{}{next}", lang.pick("下一步：", "Next: "));
    text
}

/// The failure as JSON.
pub fn to_json(status: &Status, context: &Context) -> Json {
    let details = status.get_error_details();
    let fields = details.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
    let rules = details.precondition_failure().into_iter().flat_map(|failed| &failed.violations);
    let info = details.error_info();
    json!({
        "error": {
            "code": code_name(status.code()),
            "reason": info.map(|info| info.reason.clone()).unwrap_or_default(),
            "message": status.message(),
            "request_id": context.request_id,
            "metadata": info.map(|info| info.metadata.clone()).unwrap_or_default(),
            "fields": fields.map(|f| json!({"field": f.field, "description": f.description})).collect::<Vec<_>>(),
            "violations": rules
                .map(|r| json!({"rule": r.r#type, "subject": r.subject, "description": r.description}))
                .collect::<Vec<_>>(),
        }
    })
}

/// What the caller can do about it.
fn next_step(status: &Status, context: &Context, lang: Lang) -> String {
    let repeat = context.request_id.as_ref().map_or(String::new(), |id| format!(" --request-id {id}"));
    match status.code() {
        Code::InvalidArgument => lang
            .pick("改正以上各项后再办；本次没有留下记录。", "mend each of these and ask again; nothing was recorded.")
            .into(),
        Code::FailedPrecondition => lang
            .pick(
                "本次拒绝已记录在案；满足以上规则后以新的请求号办理。",
                "this refusal is on record; once these rules are met, ask again under a new request id.",
            )
            .into(),
        Code::Unauthenticated => lang
            .pick(
                "以 EARMARK_TOKEN 或 --token-file 提供令牌；令牌由 earmark token create 制发。",
                "give a token by EARMARK_TOKEN or --token-file; `earmark token create` makes one.",
            )
            .into(),
        Code::PermissionDenied => lang
            .pick("请有相应角色的人员办理，或核对 --book。", "let a person with the right role ask, or check --book.")
            .into(),
        Code::AlreadyExists => lang.pick("换一个请求号。", "take another request id.").into(),
        Code::NotFound => lang
            .pick("核对编号；earmark ... list 列出已有的。", "check the code; the list verbs show what there is.")
            .into(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::Internal => match lang {
            Lang::Zh => format!("结果不明时以同一请求号重办即可，不会重复入账：原命令加{repeat}。"),
            Lang::En => format!(
                "the same request id repeats it safely, nothing is booked twice: the same command with{repeat}."
            ),
        },
        _ => lang.pick("查看服务日志。", "look at the server's log.").into(),
    }
}

/// The code by its gRPC name.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn every_violation_and_the_next_step_are_told() {
        let mut details = ErrorDetails::new();
        details.add_precondition_failure_violation(
            "USE-006",
            "disbursement.payee_account",
            "收款人须为省职工保障互助会的登记账户",
        );
        details.add_precondition_failure_violation("USE-009", "disbursement.payee_account", "保障费须直拨互助会");
        let status = Status::with_error_details(Code::FailedPrecondition, "按规则拒绝", details);
        for (lang, words) in [(Lang::Zh, "新的请求号"), (Lang::En, "a new request id")] {
            let text = show(&status, &Context::default(), lang);
            for part in ["FAILED_PRECONDITION", "USE-006", "USE-009", "payee_account", words] {
                assert!(text.contains(part), "{text}");
            }
        }
        assert_eq!(to_json(&status, &Context::default())["error"]["violations"][1]["rule"], "USE-009");
        let lost = Context { request_id: Some("r-1".into()) };
        assert!(show(&Status::unavailable("gone"), &lost, Lang::En).contains("--request-id r-1"));
    }
}
