//! FundingService: money that comes in, and the grants it came under.

use api::v1;
use api::v1::funding_service_server::FundingService;
use engine::store::Store;
use ledger::State;
use ledger::state::Grant;
use record::command::RecordIncome;
use record::kinds::{GrantKind, IncomeKind};
use record::{Command, Day, GrantNo};
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
        change {}
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
                Choice::OneOf(message.kind, &[IncomeKind::FiscalSubsidy, IncomeKind::OtherFiscalSubsidy])
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
            let money = bank_balance(state, no);
            Ok(v1::GetGrantResponse { grant: Some(shown(state, grant, money)), sequence: state.sequence })
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
                page.numbered(state.sequence, grants, |no, grant| shown(state, grant, bank_balance(state, no)))?;
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

/// Money of a grant that still lies in bank accounts: the special account's, and for premiums the custody accounts'.
fn bank_balance(state: &State, no: GrantNo) -> i64 {
    let banks = [state.posting.special_bank, state.posting.custody_bank];
    let mut balance = 0i64;
    for account in banks {
        for (source, _) in state.sources.iter() {
            let Ok(source) = u8::try_from(source) else { continue };
            let from = ledger::state::SumKey { account, source, grant: no, day: Day(i32::MIN), ..Default::default() };
            let of_grant =
                state.sums.range(from..).take_while(|(k, _)| (k.account, k.source, k.grant) == (account, source, no));
            balance = of_grant.fold(balance, |sum, (_, movement)| sum.saturating_add(movement.balance()));
        }
    }
    balance
}

fn shown(state: &State, grant: &Grant, balance_fen: i64) -> v1::Grant {
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
        balance_fen,
    }
}
