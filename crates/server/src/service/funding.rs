//! FundingService: money that comes in, and the grants it came under.

use api::v1;
use api::v1::funding_service_server::FundingService;
use engine::store::Store;
use record::Command;
use record::command::RecordIncome;
use record::kinds::IncomeKind;
use tonic::{Request, Response, Status};

use super::service;
use crate::decode::{Fields, required};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::{Face, Head, take};

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
}

fn chosen(fields: &mut Fields, number: i32, kinds: &[IncomeKind]) -> IncomeKind {
    let index = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    index.and_then(|index| kinds.get(index)).copied().unwrap_or_else(|| {
        fields.fault("UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of the values of its set");
        IncomeKind::Other
    })
}
