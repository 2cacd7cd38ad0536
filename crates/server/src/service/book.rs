//! BookService: opening, setting up and closing books.

use api::v1;
use api::v1::book_service_server::BookService;
use api::v1::create_book_request::PresetChoice;
use engine::store::Store;
use ledger::Ask;
use record::command::CreateBook;
use record::{Command, Day, Period};
use tonic::{Request, Response, Status};

use super::{at, service};
use crate::decode::{Fields, Wire, form_faults, required};
use crate::edge::Origin;
use crate::encode::{Failure, posted_result, previewed, time};
use crate::face::{Face, caller, failure, storage, take};
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::Read;

service! {
    BookService {
        change {
            define_account(DefineAccountRequest) -> DefineAccountResponse: account => Command::DefineAccount;
            register_organization(RegisterOrganizationRequest) -> RegisterOrganizationResponse:
                organization => Command::RegisterOrganization;
            register_bank_account(RegisterBankAccountRequest) -> RegisterBankAccountResponse:
                bank_account => Command::RegisterBankAccount;
            grant_role(GrantRoleRequest) -> GrantRoleResponse: person => Command::GrantRole;
            revoke_role(RevokeRoleRequest) -> RevokeRoleResponse: revocation => Command::RevokeRole;
            set_parameter(SetParameterRequest) -> SetParameterResponse: parameter => Command::SetParameter;
            post_opening_balances(PostOpeningBalancesRequest) -> PostOpeningBalancesResponse:
                opening => Command::PostOpeningBalances;
            close_period(ClosePeriodRequest) -> ClosePeriodResponse: closing => Command::ClosePeriod;
            close_year(CloseYearRequest) -> CloseYearResponse: closing => Command::CloseYear;
            sign_daily_summary(SignDailySummaryRequest) -> SignDailySummaryResponse: summary => Command::SignDailySummary;
            set_dues_status(SetDuesStatusRequest) -> SetDuesStatusResponse: dues => Command::SetDuesStatus;
            record_destruction(RecordDestructionRequest) -> RecordDestructionResponse:
                destruction => Command::RecordDestruction;
        }
        read {
            get_book(GetBookRequest) -> GetBookResponse;
            list_books(ListBooksRequest) -> ListBooksResponse;
            list_accounts(ListAccountsRequest) -> ListAccountsResponse;
            list_organizations(ListOrganizationsRequest) -> ListOrganizationsResponse;
            list_parameters(ListParametersRequest) -> ListParametersResponse;
            list_periods(ListPeriodsRequest) -> ListPeriodsResponse;
            list_dues_statuses(ListDuesStatusesRequest) -> ListDuesStatusesResponse;
            list_daily_summaries(ListDailySummariesRequest) -> ListDailySummariesResponse;
            list_archives(ListArchivesRequest) -> ListArchivesResponse;
        }

        async fn create_book(
            &self,
            request: Request<v1::CreateBookRequest>,
        ) -> Result<Response<v1::CreateBookResponse>, Status> {
            let (origin, message) = take(request)?;
            let result = self.create(&origin, message).await.map_err(|failure| failure.status(origin.language))?;
            Ok(Response::new(v1::CreateBookResponse { result: Some(result) }))
        }
    }
}

impl<S: Store> Face<S> {
    async fn create(&self, origin: &Origin, message: v1::CreateBookRequest) -> Result<v1::MutationResult, Failure> {
        if !origin.principal.operator {
            return Err(Failure::Denied);
        }
        let (request_id, validate_only) = (message.request_id.clone(), message.validate_only);
        let by_name = matches!(message.preset_choice, Some(PresetChoice::PresetName(_)));
        let mut fields = Fields::default();
        let create = creation(&mut fields, message);
        if !fields.is_clean() {
            let command = Command::CreateBook(Box::new(create.clone()));
            let ask = Ask::new(&create.book, caller(origin), request_id, command);
            let mut form = form_faults("", ask.faults().to_vec());
            // A preset named and not found is one fault; what is only judged needs no id.
            form.retain(|fault| {
                !(by_name && fault.field.starts_with("preset") || validate_only && fault.field == "request_id")
            });
            return Err(Failure::Malformed(fields.with(form)));
        }
        if validate_only {
            let preview = self.engine.validate_book(caller(origin), create).map_err(|error| failure(error, ""))?;
            return match preview.hits.is_empty() {
                true => Ok(previewed(false, preview.judged_at)),
                false => Err(Failure::Refused { hits: preview.hits, content: "", sequence: None, replayed: false }),
            };
        }
        let answer = self.engine.create_book(caller(origin), request_id.clone(), create).await;
        let answer = answer.map_err(|error| failure(error, ""))?;
        let (sequence, replayed) = (answer.receipt.first, answer.replayed);
        posted_result(&request_id, answer.receipt, replayed).map_err(|hits| Failure::Refused {
            hits,
            content: "",
            sequence: Some(sequence),
            replayed,
        })
    }

    async fn list_dues_statuses(
        &self,
        origin: &Origin,
        message: v1::ListDuesStatusesRequest,
    ) -> Result<v1::ListDuesStatusesResponse, Failure> {
        let year = message.year.to_string();
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListDuesStatuses", &message.book, &year, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Programme, at, |state| {
            let bound = state.bound;
            let shown = state.dues.iter().filter(|((year, org), _)| {
                (message.year == 0 || message.year == u32::from(*year))
                    && bound.is_none_or(|above| state.is_within(*org, above))
            });
            let keyed = shown.map(|((year, org), (fully_paid, as_of))| {
                let key = [&year.to_be_bytes()[..], &org.to_be_bytes()[..]].concat();
                let status = v1::DuesStatus {
                    organization: state.organizations.code(*org).to_owned(),
                    year: u32::from(*year),
                    fully_paid: *fully_paid,
                    as_of: as_of.show(),
                    evidence: Vec::new(),
                };
                (key, status)
            });
            let rest = keyed.filter(|(key, _)| *key > page.after);
            let (statuses, next_page_token) = page.take(state.sequence, rest);
            Ok(v1::ListDuesStatusesResponse {
                statuses,
                next_page_token,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }

    async fn get_book(&self, origin: &Origin, message: v1::GetBookRequest) -> Result<v1::GetBookResponse, Failure> {
        let at = at!(message).undated(Not::Dated)?;
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            let book = v1::Book {
                code: state.book.clone(),
                name: state.name.clone(),
                organization: state.organizations.get(1u32).and_then(|own| own.show()),
                preset: state.preset.clone(),
                fund_code: state.fund_code.clone(),
                fund_name: state.fund_name.clone(),
                chart_version: state.chart_version.clone(),
                currency: CURRENCY.into(),
                first_period: state.first_period.show(),
                live_from: state.live_from.show(),
                sources: state.sources.iter().map(|(_, source)| source.show()).collect(),
                uses: state.uses.iter().map(|(_, r#use)| r#use.show()).collect(),
                classes: state.classes.iter().map(|(_, class)| class.show()).collect(),
                plans: state.plans.iter().map(|(_, plan)| plan.show()).collect(),
            };
            Ok((book, state.sequence, state.root.to_vec()))
        });
        let (book, sequence, root) = answer.await?;
        let view_sequence = self.book(origin, &message.book)?.health().reached;
        Ok(v1::GetBookResponse { book: Some(book), sequence, view_sequence, root })
    }

    async fn list_books(
        &self,
        origin: &Origin,
        message: v1::ListBooksRequest,
    ) -> Result<v1::ListBooksResponse, Failure> {
        let page = Page::open(message.page_size, &message.page_token, &["ListBooks", &origin.principal.person])?;
        let mut entries = self.engine.store().books().await.map_err(storage)?;
        entries.retain(|entry| entry.book.as_bytes() > page.after.as_slice() && self.shows(origin, &entry.book));
        let keyed = entries.into_iter().map(|entry| {
            let summary = v1::BookSummary { code: entry.book.clone(), create_time: Some(time(entry.created_at)) };
            (entry.book.into_bytes(), summary)
        });
        let (books, next_page_token) = page.take(0, keyed);
        Ok(v1::ListBooksResponse { books, next_page_token })
    }

    /// Whether a book may be shown in a listing: to its own people, and to operators.
    fn shows(&self, origin: &Origin, code: &str) -> bool {
        self.engine.book(code).is_some_and(|book| {
            origin.principal.operator
                || book.read(|state| state.person(&origin.principal.person).is_some()).unwrap_or(false)
        })
    }

    async fn list_accounts(
        &self,
        origin: &Origin,
        message: v1::ListAccountsRequest,
    ) -> Result<v1::ListAccountsResponse, Failure> {
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListAccounts", &message.book, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            let (accounts, next_page_token, sequence) =
                page.numbered(state.sequence, state.accounts.iter(), |_, a| a.show())?;
            Ok(v1::ListAccountsResponse { accounts, next_page_token, sequence, root: state.root.to_vec() })
        });
        answer.await
    }

    async fn list_organizations(
        &self,
        origin: &Origin,
        message: v1::ListOrganizationsRequest,
    ) -> Result<v1::ListOrganizationsResponse, Failure> {
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListOrganizations", &message.book, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            let (organizations, next_page_token, sequence) =
                page.numbered(state.sequence, state.organizations.iter(), |_, o| o.show())?;
            Ok(v1::ListOrganizationsResponse { organizations, next_page_token, sequence, root: state.root.to_vec() })
        });
        answer.await
    }

    async fn list_parameters(
        &self,
        origin: &Origin,
        message: v1::ListParametersRequest,
    ) -> Result<v1::ListParametersResponse, Failure> {
        let at = at!(message);
        let query = ["ListParameters", &message.book, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            let values = state.parameters.iter().flat_map(|(key, days)| {
                // On a day, the value that took effect last.
                let from = at.as_of.and_then(|as_of| days.range(..=as_of).next_back()).map(|(day, _)| *day);
                let shown = move |day: Day| at.as_of.is_none() || from == Some(day);
                days.iter().filter(move |(day, _)| shown(**day)).map(move |(day, set)| (key, *day, set))
            });
            let keyed = values.map(|(key, day, (value, approval))| {
                let parameter = v1::Parameter {
                    key: key.clone(),
                    value: value.clone(),
                    effective_from: day.show(),
                    approval: state.approvals.code(*approval).to_owned(),
                };
                // Days sort by text as by number: all of them have ten characters.
                (format!("{key}\0{day}").into_bytes(), parameter)
            });
            let (parameters, next_page_token) = page.take(state.sequence, keyed.filter(|(key, _)| *key > page.after));
            Ok(v1::ListParametersResponse {
                parameters,
                next_page_token,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }

    async fn list_periods(
        &self,
        origin: &Origin,
        message: v1::ListPeriodsRequest,
    ) -> Result<v1::ListPeriodsResponse, Failure> {
        let at = at!(message);
        let query = ["ListPeriods", &message.book, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let after = page.after_number()?;
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            // Up to the month of the last record: no voucher can be dated after it.
            let last = Day::of_instant(state.time).period().max(state.first_period);
            let last = at.as_of.map_or(last, |as_of| last.min(as_of.period()));
            let months = std::iter::successors(Some(state.first_period), |period| Some(period.next()));
            let keyed = months.take_while(|period| *period <= last).map(|period| {
                let status = if state.is_open(period) { v1::PeriodStatus::Open } else { v1::PeriodStatus::Closed };
                (month_number(period), v1::PeriodEntry { period: period.show(), status: status.into() })
            });
            let rest = keyed
                .filter(|(number, _)| *number > after)
                .map(|(number, entry)| (number.to_be_bytes().to_vec(), entry));
            let (periods, next_page_token) = page.take(state.sequence, rest);
            Ok(v1::ListPeriodsResponse {
                periods,
                next_page_token,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }
}

/// The opening of a book. A placeholder stands for a preset that could not be read.
fn creation(fields: &mut Fields, message: v1::CreateBookRequest) -> CreateBook {
    let preset = match message.preset_choice {
        Some(PresetChoice::Preset(preset)) => fields.at("preset", |f| Wire::read(f, preset)),
        Some(PresetChoice::PresetName(name)) => fields.at("preset_name", |f| {
            ledger::preset::builtin(&name).unwrap_or_else(|_| {
                f.fault("UNKNOWN_VALUE", "没有此预置", "there is no such preset");
                required(&mut Fields::default(), None::<v1::Preset>)
            })
        }),
        None => fields.at("preset", |f| required(f, None::<v1::Preset>)),
    };
    CreateBook {
        book: message.book,
        name: message.name,
        organization: fields.at("organization", |f| required(f, message.organization)),
        preset,
        first_period: fields.at("first_period", |f| required(f, message.first_period)),
        live_from: fields.at("live_from", |f| Wire::read(f, message.live_from)),
        persons: fields.at("persons", |f| Wire::read(f, message.persons)),
    }
}

/// The only currency that a book can have (LED-015).
const CURRENCY: &str = "CNY";

fn month_number(period: Period) -> u64 {
    u64::from(period.year) * 12 + u64::from(period.month)
}
