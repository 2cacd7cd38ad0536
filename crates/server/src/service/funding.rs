//! FundingService: money that comes in, and the grants it came under.

use api::v1;
use api::v1::funding_service_server::FundingService;
use engine::store::Store;
use ledger::State;
use ledger::grants::Standing;
use ledger::state::Grant;
use record::command::RecordIncome;
use record::kinds::{GrantKind, IncomeKind};
use record::{Command, GrantNo};
use tonic::{Request, Response, Status};

use super::{at, service};
use crate::decode::{Closed, Fields, Wire, required};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::{Face, Head, take};
use crate::pages::Page;
use crate::reads::Read;

/// A method that books income: where its request says which kind, the choices stand in order of the wire's enum.
macro_rules! income {
    ($self:ident, $request:ident, $response:ident, $kind:expr) => {{
        let (origin, message) = take($request)?;
        let kind = $kind(&message);
        let head = Head { book: message.book, request_id: message.request_id, validate_only: message.validate_only };
        let result = $self.income(&origin, head, kind, message.income).await;
        let result = result.map_err(|failure| failure.status(origin.language))?;
        Ok(Response::new(v1::$response { result: Some(result) }))
    }};
}

/// Which kind of income a request names: the only one of its method, or one of several by an enum's number.
enum Choice {
    Only(IncomeKind),
    OneOf(i32, &'static [IncomeKind]),
}

service! {
    FundingService {
        change {
            appropriate_surplus(AppropriateSurplusRequest) -> AppropriateSurplusResponse:
                appropriation => Command::AppropriateSurplus;
            allocate_interest(AllocateInterestRequest) -> AllocateInterestResponse: interest => Command::AllocateInterest;
            record_unidentified_deposit(RecordUnidentifiedDepositRequest) -> RecordUnidentifiedDepositResponse:
                deposit => Command::RecordUnidentifiedDeposit;
            return_deposit(ReturnDepositRequest) -> ReturnDepositResponse: deposit_return => Command::ReturnDeposit;
            amend_grant(AmendGrantRequest) -> AmendGrantResponse: amendment => Command::AmendGrant;
        }
        read {
            get_grant(GetGrantRequest) -> GetGrantResponse;
            list_grants(ListGrantsRequest) -> ListGrantsResponse;
        }

        async fn record_appropriation(
            &self,
            request: Request<v1::RecordAppropriationRequest>,
        ) -> Result<Response<v1::RecordAppropriationResponse>, Status> {
            income!(self, request, RecordAppropriationResponse, |_: &v1::RecordAppropriationRequest| {
                Choice::Only(IncomeKind::Appropriation)
            })
        }

        async fn record_subsidy(
            &self,
            request: Request<v1::RecordSubsidyRequest>,
        ) -> Result<Response<v1::RecordSubsidyResponse>, Status> {
            income!(self, request, RecordSubsidyResponse, |message: &v1::RecordSubsidyRequest| {
                Choice::OneOf(message.kind, &[IncomeKind::FiscalSubsidy, IncomeKind::OtherFiscalSubsidy, IncomeKind::SuperiorSubsidy])
            })
        }

        async fn record_donation(
            &self,
            request: Request<v1::RecordDonationRequest>,
        ) -> Result<Response<v1::RecordDonationResponse>, Status> {
            income!(self, request, RecordDonationResponse, |message: &v1::RecordDonationRequest| {
                Choice::OneOf(message.kind, &[IncomeKind::RestrictedDonation, IncomeKind::Donation])
            })
        }

        async fn record_fundraising(
            &self,
            request: Request<v1::RecordFundraisingRequest>,
        ) -> Result<Response<v1::RecordFundraisingResponse>, Status> {
            income!(self, request, RecordFundraisingResponse, |message: &v1::RecordFundraisingRequest| {
                Choice::OneOf(message.kind, &[IncomeKind::Fundraising, IncomeKind::Sponsorship])
            })
        }

        async fn record_interest(
            &self,
            request: Request<v1::RecordInterestRequest>,
        ) -> Result<Response<v1::RecordInterestResponse>, Status> {
            income!(self, request, RecordInterestResponse, |_: &v1::RecordInterestRequest| {
                Choice::Only(IncomeKind::Interest)
            })
        }

        async fn record_other_income(
            &self,
            request: Request<v1::RecordOtherIncomeRequest>,
        ) -> Result<Response<v1::RecordOtherIncomeResponse>, Status> {
            income!(self, request, RecordOtherIncomeResponse, |message: &v1::RecordOtherIncomeRequest| {
                Choice::OneOf(message.kind, &[IncomeKind::Other, IncomeKind::OtherLawful])
            })
        }
    }
}

impl<S: Store> Face<S> {
    async fn income(
        &self,
        origin: &Origin,
        head: Head,
        choice: Choice,
        money: Option<v1::Income>,
    ) -> Result<v1::MutationResult, Failure> {
        let read = |fields: &mut Fields| {
            let kind = match choice {
                Choice::Only(kind) => kind,
                Choice::OneOf(number, kinds) => fields.at("kind", |f| chosen(f, number, kinds)),
            };
            let money: RecordIncome = fields.at("income", |f| required(f, money));
            Command::RecordIncome(RecordIncome { kind, ..money })
        };
        self.change(origin, head, "income", read).await
    }

    async fn get_grant(&self, origin: &Origin, message: v1::GetGrantRequest) -> Result<v1::GetGrantResponse, Failure> {
        let answer = self.state(origin, &message.book, Read::Money, at!(message), |state| {
            let (no, grant) = state.grants.find(&message.grant).ok_or(Failure::NotFound("grant"))?;
            Ok(v1::GetGrantResponse { grant: Some(shown(state, no, grant)), sequence: state.sequence })
        });
        answer.await
    }

    async fn list_grants(
        &self,
        origin: &Origin,
        message: v1::ListGrantsRequest,
    ) -> Result<v1::ListGrantsResponse, Failure> {
        let kind = match (message.kind, GrantKind::of_wire(message.kind)) {
            (0, _) => None,
            (_, Some(kind)) => Some(kind),
            _ => return Err(Failure::field("kind", "UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of its set")),
        };
        let number = message.kind.to_string();
        let query = ["ListGrants", &message.book, &message.source, &number];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Money, at!(message), |state| {
            let grants = state.grants.iter().filter(|(_, grant)| {
                kind.is_none_or(|kind| kind == grant.kind)
                    && (message.source.is_empty() || state.sources.code(grant.source) == message.source)
            });
            let (grants, next_page_token, sequence) =
                page.numbered(state.sequence, grants, |no, grant| shown(state, no, grant))?;
            Ok(v1::ListGrantsResponse { grants, next_page_token, sequence })
        });
        answer.await
    }
}

fn chosen(fields: &mut Fields, number: i32, kinds: &[IncomeKind]) -> IncomeKind {
    let index = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    index.and_then(|index| kinds.get(index)).copied().unwrap_or_else(|| {
        fields.fault("UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of the values of its set");
        IncomeKind::Other
    })
}

fn shown(state: &State, no: GrantNo, grant: &Grant) -> v1::Grant {
    let money = ledger::grants::money(state, no);
    v1::Grant {
        code: grant.code.clone(),
        kind: grant.kind.to_wire(),
        source: state.sources.code(grant.source).to_owned(),
        grantor: state.organizations.code(grant.grantor).to_owned(),
        doc_no: grant.doc_no.clone(),
        permitted_uses: grant.permitted_uses.iter().map(|no| state.uses.code(*no).to_owned()).collect(),
        opened_on: grant.opened_on.show(),
        valid_from: grant.valid_from.show(),
        valid_to: grant.valid_to.show(),
        received_fen: grant.received_fen,
        balance_fen: money.balance_fen,
        spent_fen: money.flow.spent_fen,
        returned_fen: money.flow.returned_fen,
        moved_in_fen: money.flow.moved_in_fen,
        moved_out_fen: money.flow.moved_out_fen,
        committed_fen: money.committed_fen,
        idle_fen: money.idle_fen,
        amendments: grant.former.iter().map(|terms| terms.amended_by.clone()).collect(),
        state: match ledger::grants::standing(state, no) {
            Standing::Open => v1::GrantState::Open,
            Standing::Ended => v1::GrantState::Ended,
            Standing::Returned => v1::GrantState::Returned,
        }
        .into(),
        given_back_fen: money.flow.given_back_fen,
    }
}
