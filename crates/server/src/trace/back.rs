//! From a voucher back to its money, who asked and reviewed it, what it rests on, its documents, and the vouchers that followed it.

use std::collections::BTreeMap;

use api::v1;
use engine::Book;
use engine::store::Store;
use ledger::State;
use ledger::facts::FactKey;
use record::kinds::Side;
use record::{Event, Fen, GrantNo, Record, Sequence, Voucher, VoucherRef};

use super::nodes::{node, rests_on};
use super::records;
use crate::decode::{Fields, Wire};
use crate::edge::Origin;
use crate::encode::{Failure, time, voucher_of};
use crate::face::{Face, storage};
use crate::moment::{At, Known};
use crate::reads::Read;
use crate::service::at;

/// The records that a trace back is made of.
struct Gathered {
    /// The voucher's.
    voucher: Record,
    /// The first one of its command: a review, or what took effect at once.
    first: Record,
    /// The submission that was reviewed.
    submission: Option<Record>,
    /// Records that reversed or corrected it.
    followed: Vec<Record>,
}

impl<S: Store> Face<S> {
    pub(crate) async fn trace_voucher(
        &self,
        origin: &Origin,
        message: v1::TraceVoucherRequest,
    ) -> Result<v1::TraceVoucherResponse, Failure> {
        let at = at!(message);
        let mut fields = Fields::default();
        let reference: VoucherRef = fields.at("voucher", |f| Wire::read(f, message.voucher.clone()));
        if !fields.is_clean() {
            return Err(Failure::Malformed(fields.with(Vec::new())));
        }
        // The views follow the state that the steps are read from, so that both know the same records.
        let sequence = self.state(origin, &message.book, Read::Money, at, |state| Ok(state.sequence)).await?;
        let at_sequence = At { known: Known::After(sequence), ..At::default() };
        let (book, _) = self.views(origin, &message.book, Read::Money, at_sequence).await?;
        let found = book.store().voucher(book.code(), &reference).await.map_err(storage)?;
        let row = found.filter(|row| row.sequence <= sequence && at.holds(row.date));
        let row = row.ok_or(Failure::NotFound("voucher"))?;
        let gathered = gather(&book, row.sequence, reference, sequence).await?;
        let sight = self.sight(origin, &book, at.known).await?;
        let trace = sight.read(|state| traced(state, reference, &gathered))?;
        let root = self.root(&book, sequence).await?;
        Ok(v1::TraceVoucherResponse { trace, sequence, root })
    }
}

async fn gather<S: Store>(
    book: &Book<S>,
    place: Sequence,
    reference: VoucherRef,
    known: Sequence,
) -> Result<Gathered, Failure> {
    let one = |mut found: Vec<Record>| found.pop().ok_or(Failure::Internal);
    let voucher = one(records(book, &[place]).await?)?;
    let first = one(records(book, &[place.saturating_sub(u64::from(voucher.part))]).await?)?;
    let submission = match &first.event {
        Event::Reviewed { submission, .. } => Some(one(records(book, &[*submission]).await?)?),
        _ => None,
    };
    let key = FactKey::Reversed(reference).hash();
    let facts = book.store().facts(book.code(), &[key]).await.map_err(storage)?.found;
    let mut followed = Vec::new();
    for fact in facts.iter().filter(|fact| fact.sequence <= known) {
        // Red and blue of one decision stand in one command.
        let red = one(records(book, &[fact.sequence]).await?)?;
        let first = fact.sequence.saturating_sub(u64::from(red.part));
        let command: Vec<Sequence> = (first..first.saturating_add(u64::from(red.parts))).collect();
        let corrects = |record: &Record| voucher_of(record).is_some_and(|v| v.corrects == Some(reference));
        followed.extend(records(book, &command).await?.into_iter().filter(corrects));
    }
    Ok(Gathered { voucher, first, submission, followed })
}

/// The trace; none where the record holds no voucher.
fn traced(state: &State, reference: VoucherRef, gathered: &Gathered) -> Option<v1::TraceNode> {
    let voucher = voucher_of(&gathered.voucher)?;
    let mut below = money(state, voucher);
    below.extend(hands(state, gathered));
    below.extend(rests_on(state, &gathered.voucher, None));
    below.extend(documents(&gathered.voucher));
    below.extend(followers(state, reference, gathered));
    let debits = voucher.lines.iter().filter(|line| line.side == Side::Debit);
    Some(v1::TraceNode {
        code: reference.to_string(),
        text: ledger::summary(state, voucher),
        date: voucher.date.show(),
        amount_fen: debits.fold(0, |sum: Fen, line| sum.saturating_add(line.fen)),
        heads: voucher.lines.first().map_or(0, |line| i64::from(line.heads)),
        person: state.persons.code(voucher.prepared_by).to_owned(),
        below,
        ..of_record(v1::TraceKind::Voucher, &gathered.voucher)
    })
}

/// The grants whose money a voucher moves, in the order of its lines.
fn money(state: &State, voucher: &Voucher) -> Vec<v1::TraceNode> {
    let mut order: Vec<GrantNo> = Vec::new();
    let mut moved: BTreeMap<GrantNo, Fen> = BTreeMap::new();
    for line in voucher.lines.iter().filter(|line| line.grant != 0) {
        if !order.contains(&line.grant) {
            order.push(line.grant);
        }
        let sum = moved.entry(line.grant).or_default();
        if line.side == Side::Debit {
            *sum = sum.saturating_add(line.fen);
        }
    }
    let shown = |no: &GrantNo| {
        let grant = state.grants.get(*no)?;
        let source = state.sources.code(grant.source);
        Some(v1::TraceNode {
            code: grant.code.clone(),
            text: format!("{source} {}", grant.doc_no).trim().to_owned(),
            date: grant.opened_on.show(),
            amount_fen: moved.get(no).copied().unwrap_or(0),
            organization: state.organizations.code(grant.grantor).to_owned(),
            ..node(v1::TraceKind::Grant)
        })
    };
    order.iter().filter_map(shown).collect()
}

/// Who asked, and who reviewed.
fn hands(state: &State, gathered: &Gathered) -> Vec<v1::TraceNode> {
    let by = |kind: v1::TraceKind, record: &Record| v1::TraceNode {
        code: record.request.as_ref().map(|request| request.id.clone()).unwrap_or_default(),
        person: state.persons.code(record.actor.person).to_owned(),
        ..of_record(kind, record)
    };
    match &gathered.submission {
        None => vec![by(v1::TraceKind::Request, &gathered.first)],
        Some(submission) => {
            let text = match &gathered.first.event {
                Event::Reviewed { reason, .. } => reason.clone(),
                _ => String::new(),
            };
            let review = v1::TraceNode { text, ..by(v1::TraceKind::Review, &gathered.first) };
            vec![v1::TraceNode { below: vec![review], ..by(v1::TraceKind::Submission, submission) }]
        }
    }
}

/// The backing documents.
fn documents(record: &Record) -> Vec<v1::TraceNode> {
    let Event::VoucherPosted(posted) = &record.event else { return Vec::new() };
    let shown = posted.evidence.iter().map(|document| v1::TraceNode {
        code: document.doc_no.clone(),
        text: format!("{} sha256:{}", document.kind, hex::encode(document.digest)),
        date: document.date.show(),
        ..node(v1::TraceKind::Evidence)
    });
    shown.collect()
}

/// Vouchers that reversed or corrected it, and those that returned money of it.
fn followers(state: &State, reference: VoucherRef, gathered: &Gathered) -> Vec<v1::TraceNode> {
    let mut shown = Vec::new();
    for record in &gathered.followed {
        let Some(voucher) = voucher_of(record) else { continue };
        shown.push(v1::TraceNode {
            code: voucher.reference.to_string(),
            text: ledger::summary(state, voucher),
            date: voucher.date.show(),
            person: state.persons.code(voucher.prepared_by).to_owned(),
            ..of_record(v1::TraceKind::Following, record)
        });
    }
    let returns = state.returns.iter().filter(|(_, (payment, _))| *payment == reference);
    shown.extend(returns.map(|(back, (_, heads))| v1::TraceNode {
        code: back.to_string(),
        heads: i64::from(*heads),
        ..node(v1::TraceKind::Following)
    }));
    shown
}

fn of_record(kind: v1::TraceKind, record: &Record) -> v1::TraceNode {
    v1::TraceNode { sequence: record.sequence, record_time: Some(time(record.time)), ..node(kind) }
}
