//! ProgramService: scheme, standards, budget, places and enrolment.

use api::v1;
use api::v1::program_service_server::ProgramService;
use engine::store::Store;
use ledger::decide::{Explanation, OfSource, Spend, explain};
use ledger::state::{Batch, Quota};
use ledger::{Language, State, rules};
use record::event::Hit;
use record::preset::StandardDef;
use record::{Command, Day, GrantNo, OrgNo};

use super::{at, service};
use crate::decode::{Closed, Fields, Wire};
use crate::edge::Origin;
use crate::encode::{Failure, hits};
use crate::face::{Face, Held};
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::Read;

service! {
    ProgramService {
        change {
            register_scheme(RegisterSchemeRequest) -> RegisterSchemeResponse: scheme => Command::RegisterScheme;
            set_subsidy_standard(SetSubsidyStandardRequest) -> SetSubsidyStandardResponse:
                change => Command::SetSubsidyStandard;
            set_budget(SetBudgetRequest) -> SetBudgetResponse: budget => Command::SetBudget;
            adjust_budget(AdjustBudgetRequest) -> AdjustBudgetResponse: adjustment => Command::AdjustBudget;
            allocate_quota(AllocateQuotaRequest) -> AllocateQuotaResponse: notice => Command::AllocateQuota;
            submit_enrollment_batch(SubmitEnrollmentBatchRequest) -> SubmitEnrollmentBatchResponse:
                form => Command::SubmitEnrollmentBatch;
            review_enrollment_batch(ReviewEnrollmentBatchRequest) -> ReviewEnrollmentBatchResponse:
                review => Command::ReviewEnrollmentBatch;
            confirm_coverage(ConfirmCoverageRequest) -> ConfirmCoverageResponse: confirmation => Command::ConfirmCoverage;
            register_snapshot(RegisterSnapshotRequest) -> RegisterSnapshotResponse: snapshot => Command::RegisterSnapshot;
            register_token_key(RegisterTokenKeyRequest) -> RegisterTokenKeyResponse: key => Command::RegisterTokenKey;
            upload_roster_chunk(UploadRosterChunkRequest) -> UploadRosterChunkResponse: chunk => Command::UploadRosterChunk;
        }
        read {
            get_scheme(GetSchemeRequest) -> GetSchemeResponse;
            list_quotas(ListQuotasRequest) -> ListQuotasResponse;
            list_enrollment_batches(ListEnrollmentBatchesRequest) -> ListEnrollmentBatchesResponse;
            list_snapshots(ListSnapshotsRequest) -> ListSnapshotsResponse;
            explain(ExplainRequest) -> ExplainResponse;
        }
    }
}

impl<S: Store> Face<S> {
    async fn get_scheme(
        &self,
        origin: &Origin,
        message: v1::GetSchemeRequest,
    ) -> Result<v1::GetSchemeResponse, Failure> {
        let at = at!(message);
        let year = u16::try_from(message.year).unwrap_or(0);
        if at.as_of.is_some_and(|as_of| as_of.year() != year) {
            return Err(Failure::field("as_of_date", "OUT_OF_RANGE", "必须在该年度内", "must be a day of the year"));
        }
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            let scheme = state.schemes.get(&year).ok_or(Failure::NotFound("year"))?;
            let standards = standards_of(state, year, at.as_of).map(Wire::show).collect();
            Ok(v1::GetSchemeResponse {
                scheme: scheme.scheme.show(),
                standards,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }

    async fn list_quotas(
        &self,
        origin: &Origin,
        message: v1::ListQuotasRequest,
    ) -> Result<v1::ListQuotasResponse, Failure> {
        let year = message.year.to_string();
        let at = at!(message);
        let query = ["ListQuotas", &message.book, &year, &message.organization, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Programme, at, |state| {
            let shown = Shown::of(state, message.year, &message.organization);
            let notices = state.quotas.iter().filter(|(number, quota)| {
                number.as_bytes() > page.after.as_slice()
                    && at.holds(quota.date)
                    && shown.has(state, quota.notice.year, quota.notice.organization)
            });
            let keyed = notices.map(|(number, quota)| (number.clone().into_bytes(), notice(state, quota)));
            let (notices, next_page_token) = page.take(state.sequence, keyed);
            Ok(v1::ListQuotasResponse { notices, next_page_token, sequence: state.sequence, root: state.root.to_vec() })
        });
        answer.await
    }

    async fn explain(&self, origin: &Origin, message: v1::ExplainRequest) -> Result<v1::ExplainResponse, Failure> {
        let at = at!(message).undated(Not::Has("date"))?;
        let mut fields = Fields::default();
        let date = fields.at("date", |f| Wire::read(f, message.date));
        if !fields.is_clean() {
            return Err(Failure::Malformed(fields.with(Vec::new())));
        }
        let spend = Spend {
            date,
            class: message.class,
            plan: message.plan,
            heads: message.heads,
            unit_fen: message.unit_fen,
            payee_account: message.payee_account,
            use_code: message.r#use,
            organization: message.organization,
        };
        let now = self.book(origin, &message.book)?.now();
        let language = origin.language;
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let mut answer = explained(state, &explain(state, &spend, now), language);
            answer.root = state.root.to_vec();
            Ok(answer)
        });
        answer.await
    }

    async fn list_snapshots(
        &self,
        origin: &Origin,
        message: v1::ListSnapshotsRequest,
    ) -> Result<v1::ListSnapshotsResponse, Failure> {
        let at = at!(message);
        let query = ["ListSnapshots", &message.book, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Programme, at, |state| {
            let rest = state
                .snapshots
                .iter()
                .filter(|(code, snapshot)| code.as_bytes() > page.after.as_slice() && at.holds(snapshot.as_of));
            let keyed = rest.map(|(code, snapshot)| (code.clone().into_bytes(), snapshot.show()));
            let (snapshots, next_page_token) = page.take(state.sequence, keyed);
            Ok(v1::ListSnapshotsResponse {
                snapshots,
                next_page_token,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }

    async fn list_enrollment_batches(
        &self,
        origin: &Origin,
        message: v1::ListEnrollmentBatchesRequest,
    ) -> Result<v1::ListEnrollmentBatchesResponse, Failure> {
        let year = message.year.to_string();
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListEnrollmentBatches", &message.book, &year, &message.organization, &message.class, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Programme, at, |state| {
            let shown = Shown::of(state, message.year, &message.organization);
            let batches = state.grants.iter().filter_map(|(no, grant)| {
                let batch = grant.batch.as_deref()?;
                let class = message.class.is_empty() || message.class == batch.form.class;
                (class && shown.has(state, batch.form.year, grant.grantor)).then_some((no, batch))
            });
            let (batches, next_page_token, sequence) =
                page.numbered(state.sequence, batches, |no, batch| enrollment(state, no, batch))?;
            Ok(v1::ListEnrollmentBatchesResponse { batches, next_page_token, sequence, root: state.root.to_vec() })
        });
        answer.await
    }
}

/// What a listing of places or batches shows: what was asked for, within what the caller may see.
struct Shown {
    year: Option<u16>,
    organization: Option<OrgNo>,
    bound: Option<OrgNo>,
}

impl Shown {
    fn of(state: &Held<'_>, year: u32, organization: &str) -> Shown {
        Shown {
            // A year that no book can have, or an organisation that this one has not, shows nothing.
            year: (year != 0).then(|| u16::try_from(year).unwrap_or(u16::MAX)),
            organization: (!organization.is_empty())
                .then(|| state.organizations.no(organization).unwrap_or(OrgNo::MAX)),
            bound: state.bound,
        }
    }

    fn has(&self, state: &State, year: u16, organization: OrgNo) -> bool {
        self.year.is_none_or(|wanted| wanted == year)
            && self.organization.is_none_or(|wanted| wanted == organization)
            && self.bound.is_none_or(|above| state.is_within(organization, above))
    }
}

/// The standards that hold on some day of the year, or on the day given: not ended before it, nor replaced by a newer one before it.
fn standards_of(state: &State, year: u16, on: Option<Day>) -> impl Iterator<Item = &StandardDef> {
    let first = on.unwrap_or_else(|| Day::from_ymd(i32::from(year), 1, 1).unwrap_or_default());
    let last = on.unwrap_or_else(|| Day::last_of_year(year).unwrap_or_default());
    state.standards.values().flat_map(move |days| {
        days.iter().filter_map(move |(from, (standard, _))| {
            let replaced = days.range(from.plus_days(1)..).next().is_some_and(|(next, _)| *next <= first);
            let ended = standard.valid_to.is_some_and(|end| end < first);
            (*from <= last && !replaced && !ended).then_some(standard)
        })
    })
}

fn notice(state: &State, quota: &Quota) -> v1::QuotaNotice {
    let notice = &quota.notice;
    let line = |(class, plan, heads): &(u8, u8, Option<u32>)| v1::QuotaLine {
        class: state.classes.code(*class).to_owned(),
        plan: state.plans.code(*plan).to_owned(),
        heads: *heads,
    };
    v1::QuotaNotice {
        notice_no: notice.notice_no.clone(),
        organization: state.organizations.code(notice.organization).to_owned(),
        year: u32::from(notice.year),
        source: state.sources.code(notice.source).to_owned(),
        date: quota.date.show(),
        change: notice.change.to_wire(),
        lines: notice.lines.iter().map(line).collect(),
        basis: notice.basis.clone(),
        second_level: notice.second_level,
        evidence: notice.evidence.show(),
    }
}

fn enrollment(state: &State, no: GrantNo, batch: &Batch) -> v1::EnrollmentBatch {
    let liability = state.posting.custody_liability;
    // Every pass-through source may have premiums of the batch; together they are what was collected and what is still held.
    let sums = state.sources.iter().filter_map(|(source, _)| {
        let source = u8::try_from(source).ok()?;
        Some(custody(state, liability, source, no))
    });
    let (collected_fen, remitted_fen) =
        sums.fold((0i64, 0i64), |(c, r), (credit, debit)| (c.saturating_add(credit), r.saturating_add(debit)));
    let (confirmation_no, confirmed_heads) = match &batch.confirmation {
        Some((number, heads, _, _)) => (number.clone(), *heads),
        None => (String::new(), 0),
    };
    v1::EnrollmentBatch {
        form: batch.form.show(),
        review: batch.review.map_or(0, |(verdict, _, _)| verdict.to_wire()),
        reviewed_on: batch.review.map(|(_, day, _)| day).show(),
        paid_heads: batch.paid_heads,
        collected_fen,
        remitted_fen,
        confirmation_no,
        confirmed_heads,
    }
}

/// Credits and debits of the custody liability of a batch's premiums of a source, over all holders.
fn custody(state: &State, account: u16, source: u8, grant: GrantNo) -> (i64, i64) {
    let from = ledger::state::SumKey { account, source, grant, day: Day(i32::MIN), ..Default::default() };
    let of_batch =
        state.sums.range(from..).take_while(|(k, _)| (k.account, k.source, k.grant) == (account, source, grant));
    of_batch.fold((0i64, 0i64), |(credit, debit), (_, sum)| {
        (credit.saturating_add(sum.credit_fen), debit.saturating_add(sum.debit_fen))
    })
}

fn explained(state: &State, found: &Explanation, language: Language) -> v1::ExplainResponse {
    let shown = |found: &[Hit]| found.iter().map(|hit| hits::shown(hit.clone(), language)).collect();
    let lawful: Vec<_> = found.lawful().map(|of| of.source).collect();
    let source = |of: &OfSource| v1::SourceExplanation {
        source: state.sources.code(of.source).to_owned(),
        source_name: state.sources.get(of.source).map_or(String::new(), |source| source.name.clone()),
        lawful: lawful.contains(&of.source),
        spendable_fen: of.spendable_fen,
        budget_fen: of.budget_fen,
        approvals: of.approvals.clone(),
        hits: shown(&of.hits),
    };
    let clause = |rule: &&str| {
        let rule = rules::find(rule)?;
        let demand = if language == Language::Zh { rule.zh } else { rule.en };
        Some(v1::Clause { rule: rule.code.to_owned(), clause: rule.clause.to_owned(), demand: demand.to_owned() })
    };
    v1::ExplainResponse {
        lawful: !lawful.is_empty(),
        amount_fen: found.fen,
        hits: shown(&found.hits),
        sources: found.sources.iter().map(source).collect(),
        clauses: found.judged.iter().filter_map(clause).collect(),
        sequence: state.sequence,
        root: Vec::new(),
    }
}
