//! What can go wrong for a caller, and the one gRPC status that each has: code, text in the caller's language, and details by
//! google.rpc conventions. Every status carries an ErrorInfo of domain `earmark`.

use std::collections::HashMap;
use std::time::Duration;

use ledger::{FieldFault, Language};
use record::Sequence;
use record::event::Hit;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::hits;

/// Domain of every ErrorInfo.
pub(crate) const DOMAIN: &str = "earmark";

/// Bytes of violation texts in one status. They travel in the trailers, in base64, and gRPC's C core refuses trailers over 16 KiB.
const MAX_TEXT_BYTES: usize = 6 * 1024;

/// A failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Fields are wrong; nothing is recorded.
    Malformed(Vec<FieldFault>),
    /// Rules refuse it; the refusal is a record.
    Refused {
        /// Every rule that was hit.
        hits: Vec<Hit>,
        /// Field of the request that holds its content: what the hits' subjects lie in.
        content: &'static str,
        /// The refusal's record; none on validate_only.
        sequence: Option<Sequence>,
        /// Whether the same request had been refused before.
        replayed: bool,
    },
    /// No valid token.
    Unauthenticated,
    /// The caller's roles do not allow it, or there is no such book for them.
    Denied,
    /// The request id was used for something else.
    KeyReused,
    /// What was asked for does not exist.
    NotFound(&'static str),
    /// Not now.
    Unavailable {
        /// Stable reason, upper snake case.
        reason: &'static str,
        /// Sequence that the answer would have held for, where a read could not catch up.
        reached: Option<Sequence>,
        /// When to try again.
        retry: Duration,
    },
    /// A stream ends before its content does, and goes on from a record.
    Resume {
        /// Stable reason, upper snake case.
        reason: &'static str,
        /// Record to go on from.
        next: Sequence,
        /// When to come again.
        retry: Duration,
    },
    /// What is stored is not what was committed (LED-012): the book has stopped, and trying again does not help.
    Damaged {
        /// Where.
        sequence: Sequence,
        /// What was committed, by its hash.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The book's log was rolled back: it is read, and not written before a recovery is on record.
    Suspected {
        /// Records of a checkpoint that somebody holds.
        size: Sequence,
        /// Records of the log that was found.
        found: Sequence,
    },
    /// The caller's deadline passed first.
    Late,
    /// A fault of the server; its cause is in the log, not in the answer.
    Internal,
}

impl Failure {
    /// One field is wrong.
    pub fn field(field: &str, code: &'static str, zh: &str, en: &str) -> Failure {
        Failure::Malformed(vec![FieldFault { field: field.into(), code, zh: zh.into(), en: en.into() }])
    }

    /// The status, in a language.
    pub fn status(&self, language: Language) -> Status {
        let mut details = ErrorDetails::new();
        let zh = language == Language::Zh;
        let (code, reason, message) = match self {
            Failure::Malformed(faults) => {
                violations(faults, language, &mut details);
                let fields = first_names(faults.iter().map(|f| f.field.as_str()));
                let text =
                    if zh { format!("请求格式有误：{fields}") } else { format!("malformed request: {fields}") };
                (Code::InvalidArgument, first_code(faults), text)
            }
            Failure::Refused { hits, content, .. } => {
                refusals(hits, content, language, &mut details);
                let rules = first_names(hits.iter().map(|h| h.rule.as_str()));
                let text = if zh { format!("按规则拒绝：{rules}") } else { format!("refused by rule: {rules}") };
                (Code::FailedPrecondition, hits.first().map_or("REFUSED".to_owned(), |h| h.rule.clone()), text)
            }
            Failure::Unauthenticated => {
                let text = if zh { "须提供有效令牌" } else { "a valid bearer token is needed" };
                (Code::Unauthenticated, "UNAUTHENTICATED".into(), text.into())
            }
            Failure::Denied => {
                let text = if zh {
                    "您的角色不能办理此事，或没有此账套"
                } else {
                    "your roles do not allow this, or there is no such book"
                };
                (Code::PermissionDenied, "DENIED".into(), text.into())
            }
            Failure::KeyReused => {
                let text =
                    if zh { "请求号已用于其他内容" } else { "this request_id was used for another request" };
                (Code::AlreadyExists, "REQUEST_ID_REUSED".into(), text.into())
            }
            Failure::NotFound(field) => {
                let text = if zh { format!("不存在：{field}") } else { format!("not found: {field}") };
                (Code::NotFound, "NOT_FOUND".into(), text)
            }
            Failure::Unavailable { reason, reached, retry } => {
                details.set_retry_info(Some(*retry));
                (Code::Unavailable, (*reason).into(), unavailable(zh, *reached))
            }
            Failure::Resume { reason, next, retry } => {
                details.set_retry_info(Some(*retry));
                let text = if zh { format!("请从记录 {next} 续读") } else { format!("go on from record {next}") };
                (Code::Unavailable, (*reason).into(), text)
            }
            Failure::Damaged { sequence, expected, found } => {
                (Code::DataLoss, "LED-012".into(), damaged(zh, *sequence, expected, found))
            }
            Failure::Suspected { size, found } => {
                (Code::FailedPrecondition, "ROLLED_BACK".into(), rolled_back(zh, *size, *found))
            }
            Failure::Late => {
                let text = if zh { "已超过请求时限" } else { "the deadline of the request passed" };
                (Code::DeadlineExceeded, "DEADLINE".into(), text.into())
            }
            Failure::Internal => {
                let text = if zh { "服务内部错误" } else { "internal error" };
                (Code::Internal, "INTERNAL".into(), text.into())
            }
        };
        details.set_error_info(reason, DOMAIN, self.metadata());
        Status::with_error_details(code, message, details)
    }

    fn metadata(&self) -> HashMap<String, String> {
        let pairs: Vec<(&str, String)> = match self {
            Failure::Refused { sequence: Some(sequence), replayed, .. } => {
                vec![("sequence", sequence.to_string()), ("replayed", replayed.to_string())]
            }
            Failure::Damaged { sequence, .. } => vec![("sequence", sequence.to_string())],
            Failure::Suspected { size, found } => vec![("size", size.to_string()), ("found", found.to_string())],
            Failure::Resume { next, .. } => vec![("next", next.to_string())],
            Failure::Unavailable { reached: Some(reached), .. } => vec![("reached", reached.to_string())],
            _ => Vec::new(),
        };
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

fn damaged(zh: bool, sequence: Sequence, expected: &str, found: &str) -> String {
    if zh {
        format!("已存记录在序号 {sequence} 处损坏，账套已停止（LED-012）：应为 {expected}，实为 {found}")
    } else {
        format!(
            "the stored log is damaged at record {sequence}, the book stopped (LED-012): expected {expected}, found {found}"
        )
    }
}

fn rolled_back(zh: bool, size: Sequence, found: Sequence) -> String {
    if zh {
        format!("账簿疑被回退：他处存有 {size} 条记录的检查点，现有 {found} 条；登记恢复之前只能查询")
    } else {
        format!(
            "the log was rolled back: a checkpoint of {size} records is held elsewhere, {found} were found; until a recovery is on \
             record the book can only be read"
        )
    }
}

fn unavailable(zh: bool, reached: Option<Sequence>) -> String {
    match (zh, reached) {
        (true, Some(reached)) => format!("视图只到序号 {reached}，请稍后再试"),
        (false, Some(reached)) => format!("the views have reached sequence {reached} only; try again later"),
        (true, None) => "服务暂不可用，请稍后用同一请求号再试".into(),
        (false, None) => "not available now; try again later with the same request_id".into(),
    }
}

/// ErrorInfo's reason is upper snake case, which every fault code is.
fn first_code(faults: &[FieldFault]) -> String {
    faults.first().map_or("MALFORMED".into(), |fault| fault.code.to_owned())
}

/// The first few names, for the one-line text; all of them stand in the details.
fn first_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let mut all: Vec<&str> = names.collect();
    all.dedup();
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    if more == 0 { all.join(", ") } else { format!("{}, +{more}", all.join(", ")) }
}

fn violations(faults: &[FieldFault], language: Language, details: &mut ErrorDetails) {
    let mut room = MAX_TEXT_BYTES;
    for fault in faults {
        let text = format!("{} ({})", fault.text(language), fault.code);
        let Some(left) = room.checked_sub(text.len() + fault.field.len()) else { return };
        room = left;
        details.add_bad_request_violation(fault.field.clone(), text);
    }
}

fn refusals(hits: &[Hit], content: &str, language: Language, details: &mut ErrorDetails) {
    let mut room = MAX_TEXT_BYTES;
    for hit in hits {
        let text = hits::describe(hit, language);
        let subject = hits::subject(content, hit);
        // Each rule is named even where the text of so many would not fit.
        let text = match room.checked_sub(text.len() + subject.len()) {
            Some(left) => {
                room = left;
                text
            }
            None => String::new(),
        };
        details.add_precondition_failure_violation(hit.rule.clone(), subject, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(rule: &str) -> Hit {
        Hit {
            rule: rule.into(),
            subject: "payee_account".into(),
            expected: "HZH".into(),
            found: "X".into(),
            shortfall_fen: 0,
            lawful_sources: Vec::new(),
        }
    }

    #[test]
    fn every_failure_has_its_code_and_error_info() {
        let table = [
            (Failure::field("a.b", "REQUIRED", "必填", "must be given"), Code::InvalidArgument, "REQUIRED"),
            (refused(vec![hit("USE-006"), hit("USE-009")]), Code::FailedPrecondition, "USE-006"),
            (Failure::Unauthenticated, Code::Unauthenticated, "UNAUTHENTICATED"),
            (Failure::Denied, Code::PermissionDenied, "DENIED"),
            (Failure::KeyReused, Code::AlreadyExists, "REQUEST_ID_REUSED"),
            (Failure::NotFound("voucher"), Code::NotFound, "NOT_FOUND"),
            (overload(), Code::Unavailable, "OVERLOADED"),
            (Failure::Resume { reason: "RESUME", next: 7, retry: Duration::from_secs(1) }, Code::Unavailable, "RESUME"),
            (Failure::Damaged { sequence: 7, expected: "aa".into(), found: "bb".into() }, Code::DataLoss, "LED-012"),
            (Failure::Suspected { size: 9, found: 7 }, Code::FailedPrecondition, "ROLLED_BACK"),
            (Failure::Late, Code::DeadlineExceeded, "DEADLINE"),
            (Failure::Internal, Code::Internal, "INTERNAL"),
        ];
        for (failure, code, reason) in table {
            for language in [Language::Zh, Language::En] {
                let status = failure.status(language);
                let details = status.get_error_details();
                let info = details.error_info().expect("ErrorInfo");
                assert_eq!((status.code(), info.reason.as_str(), info.domain.as_str()), (code, reason, "earmark"));
                assert_eq!(details.retry_info().is_some(), code == Code::Unavailable);
            }
        }
    }

    fn refused(hits: Vec<Hit>) -> Failure {
        Failure::Refused { hits, content: "disbursement", sequence: Some(9), replayed: false }
    }

    fn overload() -> Failure {
        Failure::Unavailable { reason: "OVERLOADED", reached: None, retry: Duration::from_millis(200) }
    }

    #[test]
    fn a_refusal_names_every_rule_even_when_texts_do_not_fit() {
        let status = refused((0..200).map(|_| hit("USE-006")).collect()).status(Language::Zh);
        let details = status.get_error_details();
        let violations = &details.precondition_failure().expect("PreconditionFailure").violations;
        assert_eq!(violations.len(), 200);
        assert!(violations[0].description.contains("HZH") && violations[0].subject == "disbursement.payee_account");
        assert!(violations[199].description.is_empty());
    }
}
