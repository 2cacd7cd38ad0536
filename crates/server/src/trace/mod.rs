//! Traces of AuditService. From a grant: its figures, then its vouchers in the order of their records, a page at a time, then the sums of
//! all parts, which must come to the balance of the books. From a voucher back: `back`. What a voucher rests on is made in `nodes`.

mod back;
mod nodes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::v1;
use api::v1::trace_grant_response::Content;
use engine::Book;
use engine::store::{Store, SumQuery, VoucherQuery};
use ledger::State;
use ledger::grants::{commitments, money, standing};
use ledger::rows::{LineRow, VoucherRow};
use ledger::state::{FlowKind, GrantMoney};
use record::{ClassNo, Day, Fen, GrantNo, PlanNo, Record, Sequence, UseNo};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::decode::Wire;
use crate::edge::Origin;
use crate::encode::{Failure, voucher_of};
use crate::face::{Face, Sight, storage};
use crate::moment::{At, Known};
use crate::reads::Read;
use crate::service::{at, grants};

/// Vouchers of the first message, so that it comes at once, and of each later one.
const VOUCHERS: [u32; 2] = [50, 200];
/// Messages that wait for the caller to take them; each holds some hundred KiB at most.
const BUFFER: usize = 2;
/// When a caller whose trace a going down broke off should come again.
const AGAIN: Duration = Duration::from_secs(1);

type Answers = mpsc::Sender<Result<v1::TraceGrantResponse, Status>>;
/// What parts are added up by: what became of them, class, plan, use.
type Purpose = (FlowKind, ClassNo, PlanNo, UseNo);

/// A trace under way.
struct Trace<S> {
    book: Arc<Book<S>>,
    sight: Sight<S>,
    grant: GrantNo,
    /// Vouchers dated on or before this day.
    as_of: Option<Day>,
    sequence: Sequence,
    root: Vec<u8>,
    /// Figures that the parts must come to; none where only some of the parts are asked for.
    expected: Option<Expected>,
    sums: BTreeMap<Purpose, (Fen, u64)>,
    vouchers: u64,
}

/// What the parts must come to.
struct Expected {
    /// Money in bank accounts by the books' sums.
    balance_fen: Fen,
    /// All figures, where no date is asked for.
    money: Option<GrantMoney>,
}

impl<S: Store> Face<S> {
    /// Begins a trace: what is wrong with the request is told before anything is sent.
    pub fn trace(
        &self,
        origin: Origin,
        message: v1::TraceGrantRequest,
    ) -> impl Future<Output = Result<ReceiverStream<Result<v1::TraceGrantResponse, Status>>, Failure>> + Send {
        let face = self.clone();
        async move {
            let at = at!(message);
            let after = message.after;
            let (mut trace, first) = face.begin_trace(&origin, &message, at).await?;
            let (answers, stream) = mpsc::channel(BUFFER);
            let (going_down, language) = (face.going_down.clone(), origin.language);
            tokio::spawn(async move {
                let mut last = after;
                let ended = tokio::select! {
                    ended = trace.run(first, after, &mut last, &answers) => ended,
                    () = going_down.cancelled() => {
                        Some(Failure::Resume { reason: "SHUTTING_DOWN", next: last.saturating_add(1), retry: AGAIN })
                    }
                    () = answers.closed() => None,
                };
                if let Some(failure) = ended {
                    drop(answers.send(Err(failure.status(language))).await);
                }
            });
            Ok(ReceiverStream::new(stream))
        }
    }

    /// The trace and its first message.
    async fn begin_trace(
        &self,
        origin: &Origin,
        message: &v1::TraceGrantRequest,
        at: At,
    ) -> Result<(Trace<S>, Option<v1::TraceSummary>), Failure> {
        let begun = self.state(origin, &message.book, Read::Money, at, |state| {
            let (no, grant) = state.grants.find(&message.grant).ok_or(Failure::NotFound("grant"))?;
            if !at.holds(grant.opened_on) {
                return Err(Failure::NotFound("grant"));
            }
            let known = at.as_of.is_none().then(|| money(state, no));
            let figures = known.unwrap_or_default();
            let shown = grants::shown(state, grant, &figures, standing(state, no));
            let shown = match at.as_of {
                Some(on) => grants::with_terms_of(state, grant, on, shown),
                None => shown,
            };
            let open = if at.as_of.is_none() && grant.batch.is_none() {
                nodes::open_commitments(state, &commitments(state, grant.source, no))
            } else {
                Vec::new()
            };
            let summary = v1::TraceSummary { grant: Some(shown), commitments: open };
            Ok((no, known, summary, state.sequence, state.root.to_vec()))
        });
        let (no, known, mut summary, sequence, root) = begun.await?;
        let at_sequence = At { known: Known::After(sequence), ..At::default() };
        let (book, _) = self.views(origin, &message.book, Read::Money, at_sequence).await?;
        let sight = self.sight(origin, &book, at.known).await?;
        let mut trace = Trace {
            book,
            sight,
            grant: no,
            as_of: at.as_of,
            sequence,
            root,
            expected: None,
            sums: BTreeMap::new(),
            vouchers: 0,
        };
        if message.after > 0 {
            return Ok((trace, None));
        }
        let balance_fen = trace.balance().await?;
        trace.expected = Some(Expected { balance_fen, money: known });
        if let Some(grant) = summary.grant.as_mut().filter(|_| at.as_of.is_some()) {
            grant.balance_fen = balance_fen;
        }
        Ok((trace, Some(summary)))
    }
}

impl<S: Store> Trace<S> {
    /// Money of the grant in bank accounts, by the sums of the views: another way to the figure that the parts must come to.
    async fn balance(&self) -> Result<Fen, Failure> {
        let query =
            SumQuery { grant: Some(self.grant), as_of: self.as_of, known_at: self.sequence, ..SumQuery::default() };
        let rows = self.book.store().sums(self.book.code(), &query).await.map_err(storage)?;
        self.sight.read(|state| {
            let banks = [state.posting.special_bank, state.posting.custody_bank];
            let of_banks = rows.iter().filter(|row| banks.contains(&row.key.0));
            of_banks.fold(0i64, |sum, row| sum.saturating_add(row.sums.debit_fen).saturating_sub(row.sums.credit_fen))
        })
    }

    /// Sends the trace; tells what ends it before its end. None also once the caller is gone.
    async fn run(
        &mut self,
        first: Option<v1::TraceSummary>,
        after: Sequence,
        last: &mut Sequence,
        answers: &Answers,
    ) -> Option<Failure> {
        self.send_all(first, after, last, answers).await.err()
    }

    async fn send_all(
        &mut self,
        first: Option<v1::TraceSummary>,
        after: Sequence,
        last: &mut Sequence,
        answers: &Answers,
    ) -> Result<Option<()>, Failure> {
        if let Some(summary) = first
            && self.send(Content::Summary(summary), answers).await.is_none()
        {
            return Ok(None);
        }
        let mut query = VoucherQuery {
            after,
            up_to: self.sequence,
            to: self.as_of,
            grant: Some(self.grant),
            limit: VOUCHERS[0],
            ..VoucherQuery::default()
        };
        loop {
            let rows = self.book.store().vouchers(self.book.code(), &query).await.map_err(storage)?;
            let Some(end) = rows.last().map(|row| row.sequence) else { break };
            let entries = self.entries(&rows).await?;
            let content = Content::Entries(v1::TraceEntries { entries, last: end });
            if self.send(content, answers).await.is_none() {
                return Ok(None);
            }
            *last = end;
            (query.after, query.limit) = (end, VOUCHERS[1]);
        }
        match self.totals()? {
            Some(totals) => Ok(self.send(Content::Totals(totals), answers).await),
            None => Ok(Some(())),
        }
    }

    async fn send(&self, content: Content, answers: &Answers) -> Option<()> {
        let answer =
            v1::TraceGrantResponse { content: Some(content), sequence: self.sequence, root: self.root.clone() };
        answers.send(Ok(answer)).await.ok()
    }

    /// Vouchers with what they did to the grant and what they rest on.
    async fn entries(&mut self, rows: &[VoucherRow]) -> Result<Vec<v1::TraceEntry>, Failure> {
        let sequences: Vec<Sequence> = rows.iter().map(|row| row.sequence).collect();
        let lines = self.book.store().lines(self.book.code(), &sequences).await.map_err(storage)?;
        let records = records(&self.book, &sequences).await?;
        let mut made = Vec::with_capacity(rows.len());
        let (grant, sums) = (self.grant, &mut self.sums);
        self.sight.read(|state| {
            for (row, record) in rows.iter().zip(&records) {
                let from = lines.partition_point(|line| line.sequence < row.sequence);
                let own = lines.iter().skip(from).take_while(|line| line.sequence == row.sequence);
                let own: Vec<&LineRow> = own.filter(|line| line.line.grant == grant).collect();
                // A closing carries results to net assets and moves no money.
                made.extend(entry(state, row, record, (grant, &own), sums));
            }
        })?;
        self.vouchers = self.vouchers.saturating_add(made.len() as u64);
        Ok(made)
    }

    /// The sums, compared with the books; none where only some of the parts were sent.
    fn totals(&self) -> Result<Option<v1::TraceTotals>, Failure> {
        let Some(expected) = &self.expected else { return Ok(None) };
        let mut flows: BTreeMap<FlowKind, Fen> = BTreeMap::new();
        for ((flow, ..), (fen, _)) in &self.sums {
            let sum = flows.entry(*flow).or_default();
            *sum = sum.saturating_add(*fen);
        }
        let parts = grants::money_of(&flows);
        let agrees = parts.balance_fen == expected.balance_fen
            && expected.money.is_none_or(|money| {
                money.received_fen == parts.received_fen
                    && money.flow == parts.flow
                    && money.balance_fen == parts.balance_fen
            });
        if !agrees {
            tracing::error!(
                book = self.book.code(),
                grant = self.grant,
                sequence = self.sequence,
                "the parts of a grant do not come to its balance"
            );
            return Err(Failure::Internal);
        }
        let figures = expected.money.unwrap_or_default();
        let sums = self.sight.read(|state| self.sums.iter().map(|(of, sum)| total(state, *of, *sum)).collect())?;
        Ok(Some(v1::TraceTotals {
            sums,
            balance_fen: parts.balance_fen,
            committed_fen: figures.committed_fen,
            idle_fen: figures.idle_fen,
            vouchers: self.vouchers,
        }))
    }
}

/// The records of these sequences.
async fn records<S: Store>(book: &Book<S>, sequences: &[Sequence]) -> Result<Vec<Record>, Failure> {
    let bodies = book.store().records(book.code(), sequences).await.map_err(storage)?;
    let records = bodies.into_iter().map(|body| body.and_then(|body| record::decode(&body).ok()));
    records.collect::<Option<Vec<Record>>>().ok_or_else(|| {
        tracing::error!(book = book.code(), "a record that a view names cannot be read");
        Failure::Internal
    })
}

/// A voucher of a grant, if it moved money of it; its parts are added to the sums.
fn entry(
    state: &State,
    row: &VoucherRow,
    record: &Record,
    (grant, lines): (GrantNo, &[&LineRow]),
    sums: &mut BTreeMap<Purpose, (Fen, u64)>,
) -> Option<v1::TraceEntry> {
    let mut parts: BTreeMap<Purpose, (Fen, i64)> = BTreeMap::new();
    for row_line in lines {
        let line = &row_line.line;
        if let Some((flow, fen)) = state.flow_of(row.kind, row.template, line) {
            let part = parts.entry((flow, line.class, line.plan, line.use_code)).or_default();
            *part = (part.0.saturating_add(fen), part.1.saturating_add(i64::from(line.heads)));
        }
    }
    for (purpose, (fen, _)) in &parts {
        let sum = sums.entry(*purpose).or_default();
        *sum = (sum.0.saturating_add(*fen), sum.1.saturating_add(1));
    }
    let part = |((flow, class, plan, use_code), (fen, heads)): (Purpose, (Fen, i64))| v1::TracePart {
        flow: wire_flow(flow).into(),
        amount_fen: fen,
        class: state.classes.code(class).to_owned(),
        plan: state.plans.code(plan).to_owned(),
        r#use: state.uses.code(use_code).to_owned(),
        heads,
    };
    (!parts.is_empty()).then(|| v1::TraceEntry {
        voucher: row.reference.to_string(),
        date: row.date.show(),
        template: row.template.code().to_owned(),
        summary: voucher_of(record).map(|voucher| ledger::summary(state, voucher)).unwrap_or_default(),
        sequence: row.sequence,
        parts: parts.into_iter().map(part).collect(),
        rests_on: nodes::rests_on(state, record, Some(grant)),
    })
}

fn total(state: &State, (flow, class, plan, use_code): Purpose, (fen, vouchers): (Fen, u64)) -> v1::TraceSum {
    v1::TraceSum {
        flow: wire_flow(flow).into(),
        class: state.classes.code(class).to_owned(),
        plan: state.plans.code(plan).to_owned(),
        r#use: state.uses.code(use_code).to_owned(),
        amount_fen: fen,
        vouchers,
    }
}

fn wire_flow(flow: FlowKind) -> v1::GrantFlow {
    match flow {
        FlowKind::Received => v1::GrantFlow::Received,
        FlowKind::Spent => v1::GrantFlow::Spent,
        FlowKind::Returned => v1::GrantFlow::Returned,
        FlowKind::MovedIn => v1::GrantFlow::MovedIn,
        FlowKind::MovedOut => v1::GrantFlow::MovedOut,
        FlowKind::GivenBack => v1::GrantFlow::GivenBack,
    }
}
