//! Findings of AuditService: what the detectors see on a day, and what is on record. Running and updating are commands (`audit`).

use api::v1;
use engine::store::Store;
use ledger::state::{Finding, State, StepTaken};
use ledger::{Language, detect, rules};
use record::finding::Sign;
use record::kinds::FindingState;

use super::at;
use super::audit::day;
use crate::decode::{Closed, Wire};
use crate::edge::Origin;
use crate::encode::{Failure, time};
use crate::face::Face;
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::Read;

/// Signs in one answer: with their evidence below the 4 MiB that clients take by default.
const SIGNS: usize = 1_000;

impl<S: Store> Face<S> {
    pub(super) async fn preview_findings(
        &self,
        origin: &Origin,
        message: v1::PreviewFindingsRequest,
    ) -> Result<v1::PreviewFindingsResponse, Failure> {
        let at = at!(message).undated(Not::Has("day"))?;
        let on = day(message.day, "day")?.ok_or_else(|| Failure::field("day", "REQUIRED", "必填", "must be given"))?;
        let only = (!message.detector.is_empty()).then_some(message.detector.as_str());
        if only.is_some_and(|name| detect::find(name).is_none()) {
            return Err(Failure::field("detector", "UNKNOWN", "没有该检测器", "names no detector"));
        }
        let answer = self.state(origin, &message.book, Read::Findings, at, |state| {
            let found = detect::signs(state, on, only);
            let left = u32::try_from(found.len().saturating_sub(SIGNS)).unwrap_or(u32::MAX);
            let signs = found.iter().take(SIGNS).map(|found| sign(found, origin.language)).collect();
            Ok(v1::PreviewFindingsResponse { signs, left, sequence: state.sequence, root: state.root.to_vec() })
        });
        answer.await
    }

    pub(super) async fn list_findings(
        &self,
        origin: &Origin,
        message: v1::ListFindingsRequest,
    ) -> Result<v1::ListFindingsResponse, Failure> {
        let state_asked = match (message.state, FindingState::of_wire(message.state)) {
            (0, _) => None,
            (_, Some(state)) => Some(state),
            _ => {
                return Err(Failure::field("state", "UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of its set"));
            }
        };
        let at = at!(message);
        let query = format!("{} {} {} {}", message.rule, message.state, message.standing, at.key());
        let page = Page::open(message.page_size, &message.page_token, &["ListFindings", &message.book, &query])?;
        let answer = self.state(origin, &message.book, Read::Findings, at, |state| {
            let findings = state.findings.iter().filter(|(_, finding)| {
                (message.rule.is_empty() || finding.sign.rule == message.rule)
                    && state_asked.is_none_or(|asked| asked == finding.state)
                    && (!message.standing || finding.stands)
                    && at.holds(finding.found_on)
            });
            let (findings, next_page_token, sequence) =
                page.numbered(state.sequence, findings, |no, found| finding(state, no, found, origin.language))?;
            Ok(v1::ListFindingsResponse { findings, next_page_token, sequence, root: state.root.to_vec() })
        });
        answer.await
    }
}

fn sign(sign: &Sign, language: Language) -> v1::Sign {
    let rule = rules::find(&sign.rule);
    let detector = detect::find(&sign.detector);
    v1::Sign {
        rule: sign.rule.clone(),
        level: rule.map_or("", |rule| rule.level.code()).to_owned(),
        clause: rule.map_or("", |rule| rule.clause).to_owned(),
        kind: sign.kind.to_wire(),
        subject: sign.subject.clone(),
        amount_fen: sign.fen,
        heads: sign.heads,
        count: sign.count,
        expected: sign.expected.clone(),
        found: sign.found.clone(),
        since: sign.since.show(),
        description: detect::describe(sign, language),
        detector: sign.detector.clone(),
        method: detector.map_or("", |d| if language == Language::Zh { d.zh } else { d.en }).to_owned(),
        parameters: sign
            .parameters
            .iter()
            .map(|(key, value)| v1::SignParameter { key: key.clone(), value: value.clone() })
            .collect(),
        evidence: sign.evidence.clone(),
    }
}

fn finding(state: &State, no: u32, finding: &Finding, language: Language) -> v1::Finding {
    let mut sign = sign(&finding.sign, language);
    // The clause as it stood when it was found, whatever the table says by now.
    sign.clause.clone_from(&finding.clause);
    v1::Finding {
        finding: no,
        state: finding.state.to_wire(),
        stands: finding.stands,
        sign: Some(sign),
        found_on: finding.found_on.show(),
        noted_on: finding.noted_on.show(),
        due: finding.due.show(),
        sequence: finding.sequence,
        tree_size: finding.tree_size,
        rule_set: finding.rule_set,
        earlier: finding.earlier,
        steps: finding.steps.iter().map(|taken| step(state, taken)).collect(),
    }
}

fn step(state: &State, taken: &StepTaken) -> v1::FindingStepTaken {
    v1::FindingStepTaken {
        step: taken.step.to_wire(),
        person: state.persons.code(taken.person).to_owned(),
        record_time: Some(time(taken.time)),
        sequence: taken.sequence,
        reason: taken.reason.clone(),
        due: taken.due.show(),
        vouchers: taken.vouchers.iter().map(ToString::to_string).collect(),
    }
}
