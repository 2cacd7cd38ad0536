//! ReplayUnderRules of AuditService: a period judged again under other rules. What is judged and how is `ledger::rejudge`'s; that it runs
//! beside the writer is the engine's.

use api::v1;
use engine::store::Store;
use ledger::rejudge::{OtherRules, Refusal, Report};
use ledger::{Language, State};
use record::event::Hit;
use record::preset::{Named, StandardDef};
use record::{Day, Sequence};

use super::at;
use crate::decode::{Fields, Wire};
use crate::edge::Origin;
use crate::encode::{Failure, hits, time};
use crate::face::{Face, failure};
use crate::moment::{Known, Not};
use crate::reads::Read;

impl<S: Store> Face<S> {
    pub(super) async fn replay_under_rules(
        &self,
        origin: &Origin,
        message: v1::ReplayUnderRulesRequest,
    ) -> Result<v1::ReplayUnderRulesResponse, Failure> {
        let at = at!(message).undated(Not::Has("from, to"))?;
        let version = message.adopted_version;
        let mut fields = Fields::default();
        let from: Day = fields.at("from", |f| Wire::read(f, message.from));
        let to: Day = fields.at("to", |f| Wire::read(f, message.to));
        let named = fields.at("rules", |f| other_rules(f, message.rules.unwrap_or_default()));
        if fields.is_clean() && to < from {
            fields.at("to", |f| f.fault("OUT_OF_RANGE", "止日早于起日", "ends before it starts"));
        }
        if named.is_empty() == (version == 0) {
            let (zh, en) =
                ("须改用某些规则，或指定已采用的版本，二者取一", "name other rules or a version, one of the two");
            fields.at("rules", |f| f.fault("REQUIRED", zh, en));
        }
        if !fields.is_clean() {
            return Err(Failure::Malformed(fields.with(Vec::new())));
        }
        let rules = self.state(origin, &message.book, Read::Findings, at, |state| {
            Ok((chosen(state, named, version)?, state.sequence))
        });
        let (rules, up_to) = rules.await?;
        let book = self.book(origin, &message.book)?;
        let up_to = if at.known == Known::Newest { Sequence::MAX } else { up_to };
        // Boxed: two states live in it, and every read's future would have room for them.
        let judged = Box::pin(book.rejudge(rules, (from, to), up_to, origin.deadline)).await;
        let (report, sequence) = judged.map_err(|error| failure(error, ""))?;
        let root = self.root(&book, sequence).await?;
        Ok(v1::ReplayUnderRulesResponse { root, ..shown(report, sequence, origin.language) })
    }
}

fn other_rules(fields: &mut Fields, message: v1::OtherRules) -> OtherRules {
    let standards: Vec<StandardDef> = fields.at("standards", |f| Wire::read(f, message.standards));
    let parameters: Vec<Named> = fields.at("parameters", |f| Wire::read(f, message.parameters));
    let deadlines = message.deadlines.into_iter().enumerate().map(|(index, d)| {
        fields.at("deadlines", |f| {
            f.item(index, |f| {
                (f.at("year", |f| Wire::read(f, d.year)), f.at("deadline", |f| Wire::read(f, d.deadline)))
            })
        })
    });
    OtherRules {
        deadlines: deadlines.collect(),
        standards,
        parameters: parameters.into_iter().map(|p| (p.code, p.name)).collect(),
        blocked_uses: message.blocked_uses,
        blocked_sources: message.blocked_sources,
    }
}

/// The rules to judge by: those named, of which the book must have every code, or those of an adopted version.
fn chosen(state: &State, named: OtherRules, version: u32) -> Result<OtherRules, Failure> {
    if version != 0 {
        let adopted = state.layers.adopted.iter().rev().map(|a| &a.adopted.rules).find(|r| r.version == version);
        return adopted.map(|rules| OtherRules::of(rules, state)).ok_or(Failure::NotFound("adopted_version"));
    }
    let unknown = named.unknown(state);
    if unknown.is_empty() {
        return Ok(named);
    }
    let mut fields = Fields::default();
    for (field, place) in unknown {
        let (zh, en) = ("账套中没有该编号", "names nothing in this book");
        fields.at("rules", |f| f.at(field, |f| f.item(place, |f| f.fault("UNKNOWN", zh, en))));
    }
    Err(Failure::Malformed(fields.with(Vec::new())))
}

fn shown(report: Report, sequence: Sequence, language: Language) -> v1::ReplayUnderRulesResponse {
    let listed = u64::try_from(report.refusals.len()).unwrap_or(u64::MAX);
    v1::ReplayUnderRulesResponse {
        refusals: report.refusals.into_iter().map(|refusal| refused(refusal, language)).collect(),
        left: report.refused.saturating_sub(listed),
        judged: report.judged,
        untouched: report.taken,
        refused: report.refused,
        following: report.following,
        by_rule: report.by_rule.into_iter().map(|(rule, count)| v1::RuleCount { rule, count }).collect(),
        sequence,
        root: Vec::new(),
    }
}

fn refused(refusal: Refusal, language: Language) -> v1::RejudgedRefusal {
    let hit = |hit: Hit| hits::shown(hit, language);
    v1::RejudgedRefusal {
        sequence: refusal.sequence,
        record_time: Some(time(refusal.time)),
        date: refusal.date.show(),
        vouchers: refusal.vouchers.iter().map(ToString::to_string).collect(),
        amount_fen: refusal.fen,
        follows: refusal.follows,
        hits: refusal.hits.into_iter().map(hit).collect(),
    }
}
