//! AuditService: balances, statements, refusals and records; its findings are answered in `findings`.

use api::v1;
use api::v1::audit_service_server::AuditService;
use engine::store::Store;
use ledger::Language;
use ledger::rows::RejectionRow;
use record::event::Hit;
use record::{Day, Event, Sequence, hash};
use report::{Chart, Key};

use super::{at, service};
use crate::balances::{self, Asked};
use crate::decode::{Fields, Wire};
use crate::edge::Origin;
use crate::encode::{Failure, hits, time};
use crate::face::{Face, failure, storage};
use crate::pages::Page;
use crate::reads::Read;
use crate::statement;

/// Rows looked through at a time for refusals of one rule or person.
const SCAN: u32 = 1_000;

/// Bytes of record bodies in one answer: with the rest of it below the 4 MiB that clients take by default.
const RECORD_BYTES: usize = 2 << 20;

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
        }
    }
}

impl<S: Store> Face<S> {
    async fn get_balances(
        &self,
        origin: &Origin,
        message: v1::GetBalancesRequest,
    ) -> Result<v1::GetBalancesResponse, Failure> {
        let query = format!(
            "{} {:?} {} {} {:?} {} {} {} {}",
            message.prove,
            message.as_of_date,
            message.known_at,
            message.ledger,
            message.split_by,
            message.account,
            message.source,
            message.grant,
            message.holder
        );
        let page = Page::open(message.page_size, &message.page_token, &["GetBalances", &message.book, &query])?;
        let after = page.after_number()?;
        // Later pages are of the knowledge that the first one was of.
        let mut known_at = page.snapshot.unwrap_or(message.known_at);
        let ledger = balances::ledger_asked(message.ledger)?;
        let split = splitting(&message.split_by)?;
        let as_of = day(message.as_of_date, "as_of_date")?;
        let mut proof = Vec::new();
        if message.prove && page.snapshot.is_none() {
            // What is shown is what is proven: as known at the checkpoint.
            (known_at, proof) = self.inline_proof(origin, &message, as_of).await?;
        }
        let finest = split(Key { account: 1, source: 1, grant: 1, holder: 1, year: 1, class: 1, plan: 1, use_code: 1 });
        let rough = Key { account: finest.account, source: finest.source, class: finest.class, ..Key::default() };
        let asked = Asked {
            as_of,
            known_at,
            rough: finest == rough && message.grant.is_empty() && message.holder.is_empty(),
            account: message.account.clone(),
            source: message.source.clone(),
            grant: message.grant.clone(),
            holder: message.holder.clone(),
        };
        let at = at!(message);
        let sums = self.sums(origin, &message.book, at, &asked, |state, key| {
            let is = |asked: &str, code: &str| asked.is_empty() || asked == code;
            let wanted = balances::ledger_of(state, key.account) == ledger
                && is(&message.account, state.accounts.code(key.account))
                && is(&message.source, state.sources.code(key.source))
                && is(&message.grant, state.grants.code(key.grant))
                && is(&message.holder, state.organizations.code(key.holder));
            wanted.then(|| split(key))
        });
        let (sums, sequence) = sums.await?;
        let book = self.book(origin, &message.book)?;
        let rows = book.read(|state| balances::rows(state, &sums)).map_err(|error| failure(error, ""))?;
        let keyed = (1u64..).zip(rows).filter(|(no, _)| *no > after).map(|(no, row)| (no.to_be_bytes().to_vec(), row));
        let (balances, next_page_token) = page.take(sequence, keyed);
        Ok(v1::GetBalancesResponse { balances, next_page_token, sequence, proof })
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
        let asked = Asked {
            as_of: day(message.as_of_date, "as_of_date")?,
            known_at: message.known_at,
            rough: true,
            ..Asked::default()
        };
        let at = at!(message);
        let (sums, sequence) = if asked.as_of.is_none() && asked.known_at == 0 {
            self.state(origin, &message.book, Read::Money, at, |state| Ok(balances::newest_trial(state, ledger)))
                .await?
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
        Ok(v1::GetTrialBalanceResponse { rows, totals: Some(totals), sequence })
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
        let as_of = day(message.as_of_date, "as_of_date")?.unwrap_or(last);
        if as_of.year() != year {
            return Err(Failure::field("as_of_date", "OUT_OF_RANGE", "必须在该年度内", "must be a day of the year"));
        }
        let mut at = at!(message);
        at.at_least = at.at_least.max(message.known_at);
        at.allow_stale &= message.known_at == 0;
        let (book, reached) = self.views(origin, &message.book, Read::Money, at).await?;
        let sequence = if message.known_at == 0 { reached } else { message.known_at };
        let parts = statement::gather(&book, year, as_of, sequence).await?;
        let rows = book.read(|state| report::statement(state, &parts)).map_err(|error| failure(error, ""))?;
        let rows = rows.into_iter().map(statement::row).collect();
        Ok(v1::GetStatementResponse { rows, historical: parts.historical, sequence })
    }

    async fn list_rejections(
        &self,
        origin: &Origin,
        message: v1::ListRejectionsRequest,
    ) -> Result<v1::ListRejectionsResponse, Failure> {
        let query = ["ListRejections", &message.book, &message.rule, &message.person];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let mut at = at!(message);
        at.at_least = page.snapshot.unwrap_or(at.at_least);
        let (book, reached) = self.views(origin, &message.book, Read::Log, at).await?;
        let sequence = page.snapshot.unwrap_or(reached);
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
        Ok(v1::ListRejectionsResponse { rejections, next_page_token, sequence })
    }

    async fn list_records(
        &self,
        origin: &Origin,
        message: v1::ListRecordsRequest,
    ) -> Result<v1::ListRecordsResponse, Failure> {
        let query = ["ListRecords", &message.book, &message.after.to_string()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        // The log itself is read, so that no view is waited for.
        let committed = self.state(origin, &message.book, Read::Log, at!(message), |state| Ok(state.sequence));
        let sequence = page.snapshot.unwrap_or(committed.await?);
        let book = self.book(origin, &message.book)?;
        let from = page.after_number()?.max(message.after).saturating_add(1);
        let rows = book.store().log_rows(book.code(), from, RECORD_BYTES).await.map_err(storage)?;
        let mut records = Vec::new();
        let mut bytes = 0usize;
        for row in rows {
            for (number, body) in (row.first..).zip(row.bodies) {
                if number < from || number > sequence || records.len() == page.size {
                    continue;
                }
                bytes = bytes.saturating_add(body.len());
                if records.is_empty() || bytes <= RECORD_BYTES {
                    records.push((number, body));
                }
            }
        }
        let last = records.last().map_or(sequence, |(number, _)| *number);
        let next_page_token = if last < sequence { page.token(sequence, &last.to_be_bytes()) } else { String::new() };
        let people =
            book.read(|state| records.into_iter().map(|(no, body)| shown(state, no, body)).collect::<Option<_>>());
        let records: Option<Vec<v1::Record>> = people.map_err(|error| failure(error, ""))?;
        let records = records.ok_or_else(|| {
            tracing::error!(book = book.code(), "a record of the log cannot be decoded");
            Failure::Internal
        })?;
        Ok(v1::ListRecordsResponse { records, next_page_token, sequence })
    }
}

pub(super) fn day(date: Option<api::google::r#type::Date>, name: &'static str) -> Result<Option<Day>, Failure> {
    let mut fields = Fields::default();
    let day = fields.at(name, |f| Wire::read(f, date));
    if fields.is_clean() { Ok(day) } else { Err(Failure::Malformed(fields.with(Vec::new()))) }
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

fn shown(state: &ledger::State, sequence: Sequence, body: Vec<u8>) -> Option<v1::Record> {
    let record = record::decode(&body).ok()?;
    Some(v1::Record {
        sequence,
        record_time: Some(time(record.time)),
        person: state.persons.code(record.actor.person).to_owned(),
        event: event_name(&record.event).to_owned(),
        request_id: record.request.map(|request| request.id).unwrap_or_default(),
        part: u32::from(record.part),
        parts: u32::from(record.parts),
        leaf_hash: hash::leaf_hash(&body).to_vec(),
        body,
    })
}

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::BookCreated(_) => "BookCreated",
        Event::AccountDefined { .. } => "AccountDefined",
        Event::OrganizationRegistered { .. } => "OrganizationRegistered",
        Event::BankAccountRegistered(_) => "BankAccountRegistered",
        Event::BankTransactionRegistered(_) => "BankTransactionRegistered",
        Event::RolesSet(_) => "RolesSet",
        Event::ParameterSet { .. } => "ParameterSet",
        Event::StandardSet { .. } => "StandardSet",
        Event::ApprovalRecorded { .. } => "ApprovalRecorded",
        Event::SchemeRegistered { .. } => "SchemeRegistered",
        Event::QuotaAllocated(_) => "QuotaAllocated",
        Event::BatchSubmitted { .. } => "BatchSubmitted",
        Event::BatchReviewed { .. } => "BatchReviewed",
        Event::CoverConfirmed { .. } => "CoverConfirmed",
        Event::GrantOpened(_) => "GrantOpened",
        Event::Committed(_) => "Committed",
        Event::Released { .. } => "Released",
        Event::VoucherPosted(_) => "VoucherPosted",
        Event::ReceiptPosted(_) => "ReceiptPosted",
        Event::ReceiptNoted(_) => "ReceiptNoted",
        Event::PeriodClosed { .. } => "PeriodClosed",
        Event::DaySigned { .. } => "DaySigned",
        Event::Submitted { .. } => "Submitted",
        Event::Reviewed { .. } => "Reviewed",
        Event::Refused(_) => "Refused",
        Event::RefusalsSuppressed { .. } => "RefusalsSuppressed",
        Event::StateDigest { .. } => "StateDigest",
        Event::Totals { .. } => "Totals",
        Event::GrantAmended(_) => "GrantAmended",
        Event::Withdrawn { .. } => "Withdrawn",
        Event::DuesStatusSet { .. } => "DuesStatusSet",
        Event::SnapshotRegistered { .. } => "SnapshotRegistered",
        Event::TokenKeyRegistered { .. } => "TokenKeyRegistered",
        Event::RosterChunkUploaded { .. } => "RosterChunkUploaded",
        Event::PersonsEnrolled(_) => "PersonsEnrolled",
        Event::SourceNumbersVoided { .. } => "SourceNumbersVoided",
        Event::DetectorsRun { .. } => "DetectorsRun",
        Event::FindingOpened(_) => "FindingOpened",
        Event::FindingChanged(_) => "FindingChanged",
        Event::FindingGone { .. } => "FindingGone",
        Event::FindingUpdated(_) => "FindingUpdated",
        Event::StatementChunkUploaded { .. } => "StatementChunkUploaded",
        Event::StatementImported(_) => "StatementImported",
        Event::LinesMatched(_) => "LinesMatched",
        Event::LinesUnmatched(_) => "LinesUnmatched",
        Event::RuleSetAdopted(_) => "RuleSetAdopted",
        Event::RulesFiled { .. } => "RulesFiled",
        Event::HistoryRegistered { .. } => "HistoryRegistered",
        Event::ArchivesDestroyed { .. } => "ArchivesDestroyed",
        Event::LogPolicySet { .. } => "LogPolicySet",
    }
}
