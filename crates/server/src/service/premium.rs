//! PremiumService: receipts of other systems, one by one or in a stream, and passing the money on.

use api::v1;
use api::v1::premium_service_server::PremiumService;
use engine::store::Store;
use ledger::state::Gap;
use record::Command;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{at, service};
use crate::decode::Wire;
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::{Face, take};
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::Read;

service! {
    PremiumService {
        change {
            post_premium_receipt(PostPremiumReceiptRequest) -> PostPremiumReceiptResponse:
                receipt => Command::PostPremiumReceipt;
            remit_premiums(RemitPremiumsRequest) -> RemitPremiumsResponse: remittance => Command::RemitPremiums;
            refund_premium(RefundPremiumRequest) -> RefundPremiumResponse: refund => Command::RefundPremium;
            void_source_numbers(VoidSourceNumbersRequest) -> VoidSourceNumbersResponse:
                voiding => Command::VoidSourceNumbers;
        }
        read {
            list_source_gaps(ListSourceGapsRequest) -> ListSourceGapsResponse;
        }

        type ReconcileStream = ReceiverStream<Result<v1::ReconcileResponse, Status>>;

        async fn reconcile(
            &self,
            request: Request<Streaming<v1::ReconcileRequest>>,
        ) -> Result<Response<Self::ReconcileStream>, Status> {
            let (origin, messages) = take(request)?;
            Ok(Response::new(self.reconciliation(origin, messages)))
        }

        type PostPremiumReceiptsStream = ReceiverStream<Result<v1::PostPremiumReceiptsResponse, Status>>;

        async fn post_premium_receipts(
            &self,
            request: Request<Streaming<v1::PostPremiumReceiptsRequest>>,
        ) -> Result<Response<Self::PostPremiumReceiptsStream>, Status> {
            let (origin, messages) = take(request)?;
            Ok(Response::new(self.receipts(origin, messages)))
        }
    }
}

/// Gaps of a system that one answer shows.
const SHOWN_GAPS: usize = 100;

impl<S: Store> Face<S> {
    async fn list_source_gaps(
        &self,
        origin: &Origin,
        message: v1::ListSourceGapsRequest,
    ) -> Result<v1::ListSourceGapsResponse, Failure> {
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListSourceGaps", &message.book, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let after = page.after_number()?;
        let answer = self.state(origin, &message.book, Read::Programme, at, |state| {
            let alone = state.bound.map(|_| state.caller);
            let systems = state
                .source_numbers
                .iter()
                .filter(|(no, _)| u64::from(**no) > after && alone.is_none_or(|caller| caller == **no));
            let keyed = systems.map(|(no, numbers)| {
                let gap = |gap: Gap| v1::NumberGap { from: gap.from, to: gap.to, before: gap.before.show() };
                let missing = numbers.gaps().map(|gap| gap.to.saturating_sub(gap.from).saturating_add(1));
                let shown = v1::SourceNumbers {
                    system: state.persons.code(*no).to_owned(),
                    highest: numbers.highest(),
                    missing: missing.fold(0, u64::saturating_add),
                    gaps: numbers.gaps().take(SHOWN_GAPS).map(gap).collect(),
                };
                (u64::from(*no).to_be_bytes().to_vec(), shown)
            });
            let (systems, next_page_token) = page.take(state.sequence, keyed);
            Ok(v1::ListSourceGapsResponse {
                systems,
                next_page_token,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }
}
