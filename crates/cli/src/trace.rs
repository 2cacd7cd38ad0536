//! `earmark trace`: pictures of traces, indented text that is the same for the same books. A grant's vouchers stand below what became of
//! its money and for which purpose; a voucher stands above what it rests on. What a trace holds is the server's matter.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use anyhow::Context;
use api::v1;
use client::Client;
use prost::Message;
use prost_reflect::DynamicMessage;
use v1::trace_grant_response::Content;

use crate::ask::Failed;
use crate::lang::Lang;
use crate::{fail, json, schema, yuan};

/// Vouchers that are kept to be put below their purposes. A grant of more is shown in the order of the records, as they come.
const GROUPED: usize = 10_000;

/// A step of a picture.
struct Step {
    text: String,
    below: Vec<Step>,
}

impl Step {
    fn leaf(text: String) -> Step {
        Step { text, below: Vec::new() }
    }
}

/// The picture of a voucher's trace.
pub fn voucher(answer: &v1::TraceVoucherResponse, lang: Lang) -> anyhow::Result<String> {
    let trace = answer.trace.as_ref().context("an answer without a trace")?;
    let mut text = String::new();
    draw(&step(trace, lang), "", "", &mut text);
    text.push_str(&held(answer.sequence, &answer.root, lang));
    Ok(text)
}

/// Traces a grant: its picture, or with `as_json` a line for each message's parts.
pub async fn grant(client: &Client, request: v1::TraceGrantRequest, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let is_part = request.after > 0;
    let mut picture = Picture { lang, ..Picture::default() };
    let mut broken: Option<anyhow::Error> = None;
    let traced = client.trace_grant(request, |message| {
        let done = if as_json { in_json(&message) } else { Ok(picture.take(message)) };
        match done {
            Ok(text) => {
                print!("{text}");
                ControlFlow::Continue(())
            }
            Err(error) => {
                broken = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    traced.await.map_err(|error| Failed { error, context: fail::Context::default() })?;
    if let Some(error) = broken {
        return Err(error);
    }
    if !as_json {
        anyhow::ensure!(is_part || picture.totals.is_some(), "the trace ended before its totals");
        print!("{}", picture.finish());
    }
    Ok(())
}

/// The parts of a message, a line of JSON each.
fn in_json(message: &v1::TraceGrantResponse) -> anyhow::Result<String> {
    let line = |of: &str, name: &str, bytes: Vec<u8>| -> anyhow::Result<String> {
        let shown = json::show(&DynamicMessage::decode(schema::message(of)?, bytes.as_slice())?);
        let line = serde_json::json!({
            name: shown, "sequence": message.sequence, "root": hex::encode(&message.root),
        });
        Ok(format!("{line}\n"))
    };
    match &message.content {
        Some(Content::Summary(summary)) => line("TraceSummary", "summary", summary.encode_to_vec()),
        Some(Content::Entries(entries)) => {
            let lines = entries.entries.iter().map(|entry| line("TraceEntry", "entry", entry.encode_to_vec()));
            lines.collect()
        }
        Some(Content::Totals(totals)) => line("TraceTotals", "totals", totals.encode_to_vec()),
        None => Ok(String::new()),
    }
}

/// What became of money, class, plan and use, in the order of a picture.
type Purpose = (i32, String, String, String);

/// A grant's picture under way.
#[derive(Default)]
struct Picture {
    lang: Lang,
    summary: Option<v1::TraceSummary>,
    entries: Vec<v1::TraceEntry>,
    /// More vouchers came than are kept: they are shown as they come.
    streams: bool,
    totals: Option<v1::TraceTotals>,
    held: (u64, Vec<u8>),
}

impl Picture {
    /// Takes a message; gives what can be shown already.
    fn take(&mut self, message: v1::TraceGrantResponse) -> String {
        self.held = (message.sequence, message.root);
        match message.content {
            Some(Content::Summary(summary)) => self.summary = Some(summary),
            Some(Content::Totals(totals)) => self.totals = Some(totals),
            Some(Content::Entries(entries)) => self.entries.extend(entries.entries),
            None => {}
        }
        let mut text = String::new();
        if !self.streams && self.entries.len() > GROUPED {
            self.streams = true;
            text.push_str(&format!("{}\n", self.heading()));
        }
        if self.streams {
            for entry in std::mem::take(&mut self.entries) {
                draw(&self.entry(&entry, None), "", "", &mut text);
            }
        }
        text
    }

    /// The picture, or the rest of it.
    fn finish(&self) -> String {
        let mut text = String::new();
        let mut below = if self.streams { Vec::new() } else { self.purposes() };
        below.extend(self.left());
        let top = if self.streams { self.lang.pick("合计", "totals").to_owned() } else { self.heading() };
        draw(&Step { text: top, below }, "", "", &mut text);
        text.push_str(&held(self.held.0, &self.held.1, self.lang));
        text
    }

    fn heading(&self) -> String {
        let Some(grant) = self.summary.as_ref().and_then(|summary| summary.grant.as_ref()) else {
            return self.lang.pick("资金依据（续）", "grant (continued)").to_owned();
        };
        let uses = grant.permitted_uses.join(",");
        let words =
            [self.lang.pick("资金依据", "grant"), &grant.code, &grant.source, &grant.doc_no, &grant.grantor, &uses];
        joined(words.map(str::to_owned))
    }

    /// The vouchers below what became of the money, purpose by purpose.
    fn purposes(&self) -> Vec<Step> {
        let mut groups: BTreeMap<Purpose, (i64, Vec<Step>)> = BTreeMap::new();
        for entry in &self.entries {
            for part in &entry.parts {
                let purpose = (part.flow, part.class.clone(), part.plan.clone(), part.r#use.clone());
                let group = groups.entry(purpose).or_default();
                group.0 = group.0.saturating_add(part.amount_fen);
                group.1.push(self.entry(entry, Some(part.amount_fen)));
            }
        }
        let shown = groups.into_iter().map(|((flow, class, plan, r#use), (fen, below))| {
            let words = [flow_word(flow, self.lang).to_owned(), class, plan, r#use, yuan::show(fen)];
            Step { text: joined(words), below }
        });
        shown.collect()
    }

    fn entry(&self, entry: &v1::TraceEntry, part: Option<i64>) -> Step {
        let date = entry.date.map(day).unwrap_or_default();
        let amounts = match part {
            Some(fen) => yuan::show(fen),
            None => {
                let parts = entry
                    .parts
                    .iter()
                    .map(|part| format!("{} {}", flow_word(part.flow, self.lang), yuan::show(part.amount_fen)));
                parts.collect::<Vec<_>>().join("  ")
            }
        };
        let text = joined([entry.voucher.clone(), date, amounts, entry.summary.clone()]);
        Step { text, below: entry.rests_on.iter().map(|node| step(node, self.lang)).collect() }
    }

    /// What is committed, idle and left.
    fn left(&self) -> Vec<Step> {
        let mut below = Vec::new();
        let commitments = self.summary.iter().flat_map(|summary| &summary.commitments);
        let open: Vec<Step> = commitments
            .map(|open| {
                let date = open.date.map(day).unwrap_or_default();
                let words = [&open.code, &open.approval, &open.class, &open.plan].map(String::clone);
                Step::leaf(joined(words.into_iter().chain([date, yuan::show(open.amount_fen)])))
            })
            .collect();
        let Some(totals) = &self.totals else { return below };
        let line = |zh, en, fen| format!("{}  {}", self.lang.pick(zh, en), yuan::show(fen));
        if totals.committed_fen != 0 || !open.is_empty() {
            below.push(Step { text: line("已占用", "committed", totals.committed_fen), below: open });
        }
        if totals.committed_fen != 0 || totals.idle_fen != 0 {
            below.push(Step::leaf(line("闲置", "idle", totals.idle_fen)));
        }
        below.push(Step::leaf(line("余额", "balance", totals.balance_fen)));
        below
    }
}

/// A step of a trace as a line of a picture.
fn step(node: &v1::TraceNode, lang: Lang) -> Step {
    let date = node.date.map(day).unwrap_or_default();
    let amount = if node.amount_fen == 0 { String::new() } else { yuan::show(node.amount_fen) };
    let heads = match (node.heads, lang) {
        (0, _) => String::new(),
        (heads, Lang::Zh) => format!("{heads}人"),
        (heads, Lang::En) => format!("{heads} heads"),
    };
    let record = if node.sequence == 0 { String::new() } else { format!("#{}", node.sequence) };
    let (organization, person) = (node.organization.clone(), node.person.clone());
    let words = [
        kind_word(node.kind(), lang).to_owned(),
        node.code.clone(),
        node.text.clone(),
        date,
        amount,
        heads,
        organization,
        person,
        record,
    ];
    Step { text: joined(words), below: node.below.iter().map(|below| step(below, lang)).collect() }
}

/// Draws a step and what is below it. `lead` stands before its own line, `indent` before those below.
fn draw(step: &Step, lead: &str, indent: &str, text: &mut String) {
    text.push_str(&format!("{lead}{}\n", step.text));
    let last = step.below.len().saturating_sub(1);
    for (place, below) in step.below.iter().enumerate() {
        let (branch, rest) = if place == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        draw(below, &format!("{indent}{branch}"), &format!("{indent}{rest}"), text);
    }
}

fn joined(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("  ")
}

fn held(sequence: u64, root: &[u8], lang: Lang) -> String {
    let root: String = hex::encode(root).chars().take(16).collect();
    format!("{} {sequence}  {} {root}\n", lang.pick("记录", "records"), lang.pick("根", "root"))
}

fn day(date: api::google::r#type::Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

fn flow_word(flow: i32, lang: Lang) -> &'static str {
    use v1::GrantFlow as Flow;
    let (zh, en) = match Flow::try_from(flow).unwrap_or_default() {
        Flow::Received => ("收入", "received"),
        Flow::Spent => ("支出", "spent"),
        Flow::Returned => ("退回", "returned"),
        Flow::MovedIn => ("调入", "moved in"),
        Flow::MovedOut => ("调出", "moved out"),
        Flow::GivenBack => ("退还出资人", "given back"),
        Flow::Unspecified => ("其他", "other"),
    };
    lang.pick(zh, en)
}

fn kind_word(kind: v1::TraceKind, lang: Lang) -> &'static str {
    use v1::TraceKind as Kind;
    let (zh, en) = match kind {
        Kind::Voucher => ("凭证", "voucher"),
        Kind::Grant => ("资金依据", "grant"),
        Kind::Submission => ("送审", "submitted"),
        Kind::Review => ("审核", "reviewed"),
        Kind::Request => ("办理", "requested"),
        Kind::Approval => ("批复", "approval"),
        Kind::Commitment => ("预算占用", "commitment"),
        Kind::Batch => ("报名批次", "batch"),
        Kind::BatchReview => ("批次审核", "batch review"),
        Kind::Confirmation => ("参保确认", "cover confirmed"),
        Kind::BankTransaction => ("银行流水", "bank transaction"),
        Kind::Evidence => ("附件", "document"),
        Kind::Original => ("原凭证", "original"),
        Kind::Following => ("后续凭证", "followed by"),
        Kind::Unspecified => ("", ""),
    };
    lang.pick(zh, en)
}
