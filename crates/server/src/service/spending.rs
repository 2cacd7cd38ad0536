//! SpendingService: approvals, bank slips, commitments, payments and returns.

use api::v1;
use api::v1::spending_service_server::SpendingService;
use engine::store::Store;
use record::Command;
use record::kinds::ApprovalKind;

use super::{at, service};
use crate::decode::{Closed, Wire};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::Face;
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::Read;

service! {
    SpendingService {
        change {
            record_approval(RecordApprovalRequest) -> RecordApprovalResponse: approval => Command::RecordApproval;
            register_bank_transaction(RegisterBankTransactionRequest) -> RegisterBankTransactionResponse:
                transaction => Command::RegisterBankTransaction;
            commit_expenditure(CommitExpenditureRequest) -> CommitExpenditureResponse:
                commitment => Command::CommitExpenditure;
            release_commitment(ReleaseCommitmentRequest) -> ReleaseCommitmentResponse:
                release => Command::ReleaseCommitment;
            disburse(DisburseRequest) -> DisburseResponse: disbursement => Command::Disburse;
            record_return(RecordReturnRequest) -> RecordReturnResponse: payment_return => Command::RecordReturn;
            carry_to_surplus(CarryToSurplusRequest) -> CarryToSurplusResponse: carry => Command::CarryToSurplus;
            transfer_between_sources(TransferBetweenSourcesRequest) -> TransferBetweenSourcesResponse:
                transfer => Command::TransferBetweenSources;
            return_fiscal_surplus(ReturnFiscalSurplusRequest) -> ReturnFiscalSurplusResponse:
                fiscal_return => Command::ReturnFiscalSurplus;
            return_grant(ReturnGrantRequest) -> ReturnGrantResponse: grant_return => Command::ReturnGrant;
        }
        read {
            list_approvals(ListApprovalsRequest) -> ListApprovalsResponse;
        }
    }
}

impl<S: Store> Face<S> {
    async fn list_approvals(
        &self,
        origin: &Origin,
        message: v1::ListApprovalsRequest,
    ) -> Result<v1::ListApprovalsResponse, Failure> {
        let kind = match (message.kind, ApprovalKind::of_wire(message.kind)) {
            (0, _) => None,
            (_, Some(kind)) => Some(kind),
            _ => return Err(Failure::field("kind", "UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of its set")),
        };
        let number = message.kind.to_string();
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListApprovals", &message.book, &number, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let approvals =
                state.approvals.iter().filter(|(_, entry)| kind.is_none_or(|kind| kind == entry.approval.kind));
            let (approvals, next_page_token, sequence) =
                page.numbered(state.sequence, approvals, |_, entry| v1::ApprovalEntry {
                    approval: Some(entry.approval.show()),
                    used_fen: entry.used_fen,
                    registered_by: state.persons.code(entry.registered_by).to_owned(),
                })?;
            Ok(v1::ListApprovalsResponse { approvals, next_page_token, sequence, root: state.root.to_vec() })
        });
        answer.await
    }
}
