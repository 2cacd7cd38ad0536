//! AuditService: balances, statements and refusals; its findings are answered in `findings`, records in `records`, traces in
//! `crate::trace`.

use api::v1;
use api::v1::audit_service_server::AuditService;
use engine::store::Store;
use ledger::Language;
use ledger::rows::RejectionRow;
use record::Day;
use record::event::Hit;
use report::{Chart, Key};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{at, service};
use crate::balances::{self, Asked};
use crate::decode::{Fields, Wire};
use crate::edge::Origin;
use crate::encode::{Failure, hits, time};
use crate::face::{Face, failure, storage, take};
use crate::moment::{Known, Not};
use crate::pages::Page;
use crate::reads::Read;
use crate::statement;

/// Rows looked through at a time for refusals of one rule or person.
const SCAN: u32 = 1_000;

service! {
    AuditService {
        change {
            run_detectors(RunDetectorsRequest) -> RunDetectorsResponse: run => record::Command::RunDetectors;
            update_finding(UpdateFindingRequest) -> UpdateFindingResponse: update => record::Command::UpdateFinding;
        }
        read {
            get_balances(GetBalancesRequest) -> GetBalancesResponse;
            get_trial_balance(GetTrialBalanceRequest) -> GetTrialBalanceResponse;
            get_statement(GetStatementRequest) -> GetStatementResponse;
            list_rejections(ListRejectionsRequest) -> ListRejectionsResponse;
            list_records(ListRecordsRequest) -> ListRecordsResponse;
            preview_findings(PreviewFindingsRequest) -> PreviewFindingsResponse;
            list_findings(ListFindingsRequest) -> ListFindingsResponse;
            replay_under_rules(ReplayUnderRulesRequest) -> ReplayUnderRulesResponse;
            trace_voucher(TraceVoucherRequest) -> TraceVoucherResponse;
        }

        type WatchRecordsStream = ReceiverStream<Result<v1::WatchRecordsResponse, Status>>;

        async fn watch_records(
            &self,
            request: Request<v1::WatchRecordsRequest>,
        ) -> Result<Response<Self::WatchRecordsStream>, Status> {
            let (origin, message) = take(request)?;
            let language = origin.language;
            self.watch(origin, message).await.map(Response::new).map_err(|failure| failure.status(language))
        }

        type TraceGrantStream = ReceiverStream<Result<v1::TraceGrantResponse, Status>>;

        async fn trace_grant(
            &self,
            request: Request<v1::TraceGrantRequest>,
        ) -> Result<Response<Self::TraceGrantStream>, Status> {
            let (origin, message) = take(request)?;
            let language = origin.language;
            self.trace(origin, message).await.map(Response::new).map_err(|failure| failure.status(language))
        }
    }
}

impl<S: Store> Face<S> {
    async fn get_balances(
        &self,
        origin: &Origin,
        message: v1::GetBalancesRequest,
    ) -> Result<v1::GetBalancesResponse, Failure> {
        let at = at!(message);
        let query = format!(
            "{} {} {} {:?} {} {} {} {} {} {} {} {}",
            message.prove,
            at.key(),
            message.ledger,
            message.split_by,
            message.account,
            message.source,
            message.grant,
            message.holder,
            message.class,
            message.plan,
            message.r#use,
            message.year
        );
        let page = Page::open(message.page_size, &message.page_token, &["GetBalances", &message.book, &query])?;
        let after = page.after_number()?;
        let ledger = balances::ledger_asked(message.ledger)?;
        let split = splitting(&message.split_by)?;
        // Later pages are of the knowledge that the first one was of.
        let mut at = at.of_page(page.snapshot);
        let mut proof = Vec::new();
        if message.prove && page.snapshot.is_none() {
            // What is shown is what is proven: as known at the checkpoint.
            let (known_at, file) = self.inline_proof(origin, &message, at).await?;
            (at.known, proof) = (Known::After(known_at), file);
        }
        let finest = split(Key { account: 1, source: 1, grant: 1, holder: 1, year: 1, class: 1, plan: 1, use_code: 1 });
        let rough = Key { account: finest.account, source: finest.source, class: finest.class, ..Key::default() };
        let asked = Asked {
            rough: finest == rough && is_rough(&message),
            account: message.account.clone(),
            source: message.source.clone(),
            grant: message.grant.clone(),
            holder: message.holder.clone(),
        };
        let sums = self.sums(origin, &message.book, at, &asked, |state, key| {
            let is = |asked: &str, code: &str| asked.is_empty() || asked == code;
            let wanted = balances::ledger_of(state, key.account) == ledger
                && is(&message.account, state.accounts.code(key.account))
                && is(&message.source, state.sources.code(key.source))
                && is(&message.grant, state.grants.code(key.grant))
                && is(&message.holder, state.organizations.code(key.holder))
                && is(&message.class, state.classes.code(key.class))
                && is(&message.plan, state.plans.code(key.plan))
                && is(&message.r#use, state.uses.code(key.use_code))
                && (message.year == 0 || message.year == u32::from(key.year));
            wanted.then(|| split(key))
        });
        let (sums, sequence, root) = sums.await?;
        let book = self.book(origin, &message.book)?;
        let rows = book.read(|state| balances::rows(state, &sums)).map_err(|error| failure(error, ""))?;
        let keyed = (1u64..).zip(rows).filter(|(no, _)| *no > after).map(|(no, row)| (no.to_be_bytes().to_vec(), row));
        let (balances, next_page_token) = page.take(sequence, keyed);
        Ok(v1::GetBalancesResponse { balances, next_page_token, sequence, root, proof })
    }

    async fn get_trial_balance(
        &self,
        origin: &Origin,
        message: v1::GetTrialBalanceRequest,
    ) -> Result<v1::GetTrialBalanceResponse, Failure> {
        let chart = match v1::Chart::try_from(message.chart) {
            Ok(v1::Chart::V2009) => Chart::V2009,
            Ok(v1::Chart::V2021 | v1::Chart::Unspecified) => Chart::V2021,
            Err(_) => {
                return Err(Failure::field("chart", "UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of its set"));
            }
        };
        let ledger = balances::ledger_asked(message.ledger)?;
        let asked = Asked { rough: true, ..Asked::default() };
        let at = at!(message);
        let (sums, sequence, root) = if at.as_of.is_none() && at.known == Known::Newest {
            let newest = self.state(origin, &message.book, Read::Money, at, |state| {
                let (sums, sequence) = balances::newest_trial(state, ledger);
                Ok((sums, sequence, state.root.to_vec()))
            });
            newest.await?
        } else {
            let sums = self.sums(origin, &message.book, at, &asked, |state, key| {
                let wanted = balances::ledger_of(state, key.account) == ledger;
                wanted.then(|| Key { account: key.account, source: key.source, ..Key::default() })
            });
            sums.await?
        };
        let book = self.book(origin, &message.book)?;
        let trial = book.read(|state| report::trial_balance(state, &sums, chart));
        let (rows, totals) = balances::trial(trial.map_err(|error| failure(error, ""))?);
        Ok(v1::GetTrialBalanceResponse { rows, totals: Some(totals), sequence, root })
    }

    async fn get_statement(
        &self,
        origin: &Origin,
        message: v1::GetStatementRequest,
    ) -> Result<v1::GetStatementResponse, Failure> {
        let year = u16::try_from(message.year).ok().filter(|year| (1900..=2999).contains(year));
        let year = year.ok_or_else(|| {
            Failure::field("year", "OUT_OF_RANGE", "必须在 1900 至 2999 之间", "must be 1900 to 2999")
        })?;
        let last = Day::last_of_year(year).unwrap_or_default();
        let at = at!(message);
        let as_of = at.as_of.unwrap_or(last);
        if as_of.year() != year {
            return Err(Failure::field("as_of_date", "OUT_OF_RANGE", "必须在该年度内", "must be a day of the year"));
        }
        let (book, sequence) = self.views(origin, &message.book, Read::Money, at).await?;
        let parts = statement::gather(&book, year, as_of, sequence).await?;
        let rows = book.read(|state| report::statement(state, &parts)).map_err(|error| failure(error, ""))?;
        let rows = rows.into_iter().map(statement::row).collect();
        let root = self.root(&book, sequence).await?;
        Ok(v1::GetStatementResponse { rows, historical: parts.historical, sequence, root })
    }

    async fn list_rejections(
        &self,
        origin: &Origin,
        message: v1::ListRejectionsRequest,
    ) -> Result<v1::ListRejectionsResponse, Failure> {
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListRejections", &message.book, &message.rule, &message.person, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let (book, sequence) = self.views(origin, &message.book, Read::Log, at.of_page(page.snapshot)).await?;
        let mut after = page.after_number()?;
        let mut found = Vec::new();
        loop {
            let rows = book.store().rejections(book.code(), after, sequence, SCAN).await.map_err(storage)?;
            let Some(last) = rows.last() else { break };
            after = last.sequence;
            for row in rows {
                let hits = hits_of(&row)?;
                let by_rule = message.rule.is_empty() || hits.iter().any(|hit| hit.rule == message.rule);
                if by_rule && (message.person.is_empty() || message.person == row.person) {
                    found.push((row.sequence.to_be_bytes().to_vec(), rejection(row, hits, origin.language)));
                }
            }
            if found.len() > page.size {
                break;
            }
        }
        let (rejections, next_page_token) = page.take(sequence, found.into_iter());
        let root = self.root(&book, sequence).await?;
        Ok(v1::ListRejectionsResponse { rejections, next_page_token, sequence, root })
    }
}

pub(super) fn day(date: Option<api::google::r#type::Date>, name: &'static str) -> Result<Option<Day>, Failure> {
    let mut fields = Fields::default();
    let day = fields.at(name, |f| Wire::read(f, date));
    if fields.is_clean() { Ok(day) } else { Err(Failure::Malformed(fields.with(Vec::new()))) }
}

/// Whether nothing but account, source and class is asked of the keys.
fn is_rough(message: &v1::GetBalancesRequest) -> bool {
    let named = [&message.grant, &message.holder, &message.plan, &message.r#use];
    named.iter().all(|code| code.is_empty()) && message.year == 0
}

/// How a key is reduced to the dimensions asked for: those of the source where none are.
fn splitting(asked: &[i32]) -> Result<impl Fn(Key) -> Key + use<>, Failure> {
    use v1::BalanceDimension as By;
    let mut by: Vec<By> = Vec::new();
    for (index, number) in asked.iter().enumerate() {
        match By::try_from(*number) {
            Ok(By::Unspecified) | Err(_) => {
                let field = format!("split_by[{index}]");
                return Err(Failure::field(&field, "UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of its set"));
            }
            Ok(dimension) => by.push(dimension),
        }
    }
    if by.is_empty() {
        by.push(By::Source);
    }
    Ok(move |key: Key| {
        let has = |dimension| by.contains(&dimension);
        Key {
            account: key.account,
            source: if has(By::Source) { key.source } else { 0 },
            grant: if has(By::Grant) { key.grant } else { 0 },
            holder: if has(By::Holder) { key.holder } else { 0 },
            year: if has(By::Year) { key.year } else { 0 },
            class: if has(By::Class) { key.class } else { 0 },
            plan: if has(By::Plan) { key.plan } else { 0 },
            use_code: if has(By::Use) { key.use_code } else { 0 },
        }
    })
}

fn hits_of(row: &RejectionRow) -> Result<Vec<Hit>, Failure> {
    borsh::from_slice(&row.hits).map_err(|error| {
        tracing::error!(sequence = row.sequence, %error, "the hits of a refusal cannot be decoded");
        Failure::Internal
    })
}

fn rejection(row: RejectionRow, found: Vec<Hit>, language: Language) -> v1::Rejection {
    v1::Rejection {
        sequence: row.sequence,
        record_time: Some(time(row.time)),
        person: row.person,
        request_id: row.request_id,
        hits: found.into_iter().map(|hit| hits::shown(hit, language)).collect(),
    }
}
