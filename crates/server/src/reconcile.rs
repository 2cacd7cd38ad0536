//! Comparing a collecting system's own list of receipts with the books. The list is taken whole, message by message; then the log is read
//! once for what the list lacks. Nothing is recorded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use api::v1;
use engine::Book;
use engine::store::Store;
use ledger::facts::FactKey;
use record::event::ReceiptFields;
use record::{Day, Event, Fen, PersonNo, Record, Sequence, VoucherRef};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::decode::{Fields, Wire};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::{Face, failure, storage};
use crate::moment::At;
use crate::reads::{Read, bound_to};

/// Receipts of one message at most.
const ITEMS_PER_MESSAGE: usize = 1_000;
/// Receipts of a list at most: more than a season has; their ids take some 100 MiB meanwhile.
const MAX_ITEMS: usize = 2_000_000;
/// Differences of one message at most.
const DIFFERENCES_PER_MESSAGE: usize = 500;
/// Messages that wait for the client to take them.
const ANSWER_BUFFER: usize = 4;
/// Bytes of the log read at once.
const LOG_BYTES: usize = 4 << 20;

type Answers = mpsc::Sender<Result<v1::ReconcileResponse, Status>>;

/// What is compared.
struct Asked<S> {
    book: Arc<Book<S>>,
    system: PersonNo,
    days: (Option<Day>, Option<Day>),
    /// The views hold everything up to here.
    sequence: Sequence,
}

/// A receipt as the books have it.
struct Booked {
    request_id: String,
    fen: Fen,
    voucher: Option<VoucherRef>,
}

/// What was compared so far.
#[derive(Default)]
struct Compared {
    totals: v1::ReconcileTotals,
    ids: HashSet<String>,
    differences: Vec<v1::ReceiptDifference>,
    /// The list's receipts by the records that booked them, with the list's amounts.
    found: HashMap<Sequence, Fen>,
}

impl<S: Store> Face<S> {
    /// Takes a list; gives the stream of what differs.
    pub fn reconciliation(
        &self,
        origin: Origin,
        messages: Streaming<v1::ReconcileRequest>,
    ) -> ReceiverStream<Result<v1::ReconcileResponse, Status>> {
        let (answers, stream) = mpsc::channel(ANSWER_BUFFER);
        let face = self.clone();
        tokio::spawn(async move {
            let language = origin.language;
            if let Err(failure) = face.compare(&origin, messages, &answers).await {
                drop(answers.send(Err(failure.status(language))).await);
            }
        });
        ReceiverStream::new(stream)
    }

    async fn compare(
        &self,
        origin: &Origin,
        mut messages: Streaming<v1::ReconcileRequest>,
        answers: &Answers,
    ) -> Result<(), Failure> {
        let undecodable = |_| Failure::field("items", "UNDECODABLE", "消息不能解码", "the message cannot be decoded");
        let first = messages.message().await.map_err(undecodable)?;
        let Some(first) = first else {
            return Err(Failure::field("book", "REQUIRED", "必填", "must be given"));
        };
        let asked = self.asked(origin, &first).await?;
        let mut compared = Compared::default();
        let mut next = Some(first);
        while let Some(message) = next {
            if message.items.len() > ITEMS_PER_MESSAGE || compared.ids.len() > MAX_ITEMS {
                let (zh, en) = ("每条消息最多 1000 笔，清单最多 200 万笔", "takes 1000 a message and 2,000,000 in all");
                return Err(Failure::field("items", "TOO_MANY", zh, en));
            }
            find(&asked, message.items, &mut compared).await?;
            next = messages.message().await.map_err(undecodable)?;
        }
        read_books(&asked, &mut compared).await?;
        compared.totals.sequence = asked.sequence;
        compared.totals.differences = compared.differences.len() as u64;
        for part in compared.differences.chunks(DIFFERENCES_PER_MESSAGE) {
            let answer = v1::ReconcileResponse { differences: part.to_vec(), totals: None };
            if answers.send(Ok(answer)).await.is_err() {
                return Ok(());
            }
        }
        let last = v1::ReconcileResponse { differences: Vec::new(), totals: Some(compared.totals) };
        drop(answers.send(Ok(last)).await);
        Ok(())
    }

    /// What the first message asks for. A system compares its own receipts; the province's people those of any.
    async fn asked(&self, origin: &Origin, first: &v1::ReconcileRequest) -> Result<Asked<S>, Failure> {
        let mut fields = Fields::default();
        let from = fields.at("from_date", |f| Wire::read(f, first.from_date));
        let to = fields.at("to_date", |f| Wire::read(f, first.to_date));
        if !fields.is_clean() {
            return Err(Failure::Malformed(fields.with(Vec::new())));
        }
        let at = At::default();
        let (book, sequence) = self.views(origin, &first.book, Read::Programme, at).await?;
        let caller = &origin.principal.person;
        let named = if first.system.is_empty() { caller } else { &first.system };
        let found = book.read(|state| {
            let closed = bound_to(state, caller).is_some() && named != caller;
            (closed, state.person(named).map(|(no, _)| no))
        });
        let (closed, system) = found.map_err(|error| failure(error, ""))?;
        if closed {
            return Err(Failure::Denied);
        }
        let system = system.ok_or(Failure::NotFound("system"))?;
        Ok(Asked { book, system, days: (from, to), sequence })
    }
}

/// Looks a part of the list up by its request ids.
async fn find<S: Store>(
    asked: &Asked<S>,
    items: Vec<v1::ReconcileItem>,
    compared: &mut Compared,
) -> Result<(), Failure> {
    let keys: Vec<_> = items.iter().map(|item| FactKey::Request(&item.request_id).hash()).collect();
    let read = asked.book.store().facts(asked.book.code(), &keys).await.map_err(storage)?;
    let sequences: HashMap<_, _> = read.found.into_iter().map(|row| (row.key, row.sequence)).collect();
    for (item, key) in items.into_iter().zip(keys) {
        compared.totals.listed += 1;
        compared.totals.listed_fen = compared.totals.listed_fen.saturating_add(item.amount_fen);
        let (request_id, listed_fen) = (item.request_id, item.amount_fen);
        let differs = |kind: v1::DifferenceKind| v1::ReceiptDifference {
            kind: kind.into(),
            request_id: request_id.clone(),
            listed_fen,
            ..Default::default()
        };
        if !compared.ids.insert(request_id.clone()) {
            compared.differences.push(differs(v1::DifferenceKind::Twice));
            continue;
        }
        match sequences.get(&key).filter(|sequence| **sequence <= asked.sequence) {
            Some(sequence) => drop(compared.found.insert(*sequence, listed_fen)),
            None => compared.differences.push(differs(v1::DifferenceKind::Missing)),
        }
    }
    Ok(())
}

/// Reads the log once: receipts of the system are matched with the list, or are extra; what the list names and is no receipt of the
/// system, a refusal for example, is missing.
async fn read_books<S: Store>(asked: &Asked<S>, compared: &mut Compared) -> Result<(), Failure> {
    let (book, store) = (asked.book.code(), asked.book.store());
    let mut from: Sequence = 1;
    while from <= asked.sequence {
        let rows = store.log_rows(book, from, LOG_BYTES).await.map_err(storage)?;
        if rows.is_empty() {
            break;
        }
        let mut receipts: Vec<(Sequence, Booked)> = Vec::new();
        for row in rows {
            for (number, body) in (row.first..).zip(row.bodies) {
                if number < from || number > asked.sequence {
                    continue;
                }
                from = number + 1;
                let record = record::decode(&body).map_err(|_| {
                    tracing::error!(book, number, "a record of the log cannot be decoded");
                    Failure::Internal
                })?;
                receipts.extend(booked(asked, compared, record).map(|booked| (number, booked)));
            }
        }
        match_receipts(asked, compared, receipts).await?;
    }
    for (sequence, listed_fen) in std::mem::take(&mut compared.found) {
        let request_id = request_of(asked, sequence).await?;
        let kind = v1::DifferenceKind::Missing.into();
        compared.differences.push(v1::ReceiptDifference { kind, request_id, listed_fen, ..Default::default() });
    }
    Ok(())
}

/// The receipt of a record, if it is one of the system that the list covers or names. Corrections stand behind their reversals.
fn booked<S>(asked: &Asked<S>, compared: &Compared, record: Record) -> Option<Booked> {
    if record.actor.person != asked.system || record.part != 0 {
        return None;
    }
    let covered = |receipt: &ReceiptFields| {
        let (from, to) = asked.days;
        compared.found.contains_key(&record.sequence)
            || (from.is_none_or(|from| from <= receipt.received_on) && to.is_none_or(|to| receipt.received_on <= to))
    };
    let (receipt, voucher) = match &record.event {
        Event::ReceiptPosted(posted) => (&posted.receipt, Some(posted.voucher.reference)),
        Event::ReceiptNoted(receipt) => (receipt, None),
        _ => return None,
    };
    let request_id = record.request.as_ref().map(|request| request.id.clone()).unwrap_or_default();
    covered(receipt).then_some(Booked { request_id, fen: receipt.fen, voucher })
}

/// Matches receipts with the list. A receipt that was reversed or corrected since is booked at nothing under its own number.
async fn match_receipts<S: Store>(
    asked: &Asked<S>,
    compared: &mut Compared,
    receipts: Vec<(Sequence, Booked)>,
) -> Result<(), Failure> {
    let key = |booked: &Booked| booked.voucher.map(|voucher| FactKey::Reversed(voucher).hash());
    let keys: Vec<_> = receipts.iter().filter_map(|(_, booked)| key(booked)).collect();
    let read = asked.book.store().facts(asked.book.code(), &keys).await.map_err(storage)?;
    let reversed: HashSet<_> = read.found.into_iter().map(|row| row.key).collect();
    for (sequence, receipt) in receipts {
        let fen = if key(&receipt).is_some_and(|key| reversed.contains(&key)) { 0 } else { receipt.fen };
        let listed = compared.found.remove(&sequence);
        if fen != 0 {
            compared.totals.booked += 1;
            compared.totals.booked_fen = compared.totals.booked_fen.saturating_add(fen);
        }
        let kind = match listed {
            None if fen == 0 => continue,
            None => v1::DifferenceKind::Extra,
            Some(listed_fen) if listed_fen == fen => continue,
            Some(_) => v1::DifferenceKind::Different,
        };
        compared.differences.push(v1::ReceiptDifference {
            kind: kind.into(),
            request_id: receipt.request_id,
            listed_fen: listed.unwrap_or(0),
            booked_fen: fen,
            voucher: receipt.voucher.map(|voucher| voucher.to_string()).unwrap_or_default(),
        });
    }
    Ok(())
}

/// The request id of a record.
async fn request_of<S: Store>(asked: &Asked<S>, sequence: Sequence) -> Result<String, Failure> {
    let bodies = asked.book.store().records(asked.book.code(), &[sequence]).await.map_err(storage)?;
    let record = bodies.into_iter().next().flatten().and_then(|body| record::decode(&body).ok());
    Ok(record.and_then(|record| record.request).map(|request| request.id).unwrap_or_default())
}
