//! PremiumService: receipts of other systems, one by one or in a stream, and passing the money on.

use api::v1;
use api::v1::premium_service_server::PremiumService;
use record::Command;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::service;
use crate::face::take;

service! {
    PremiumService {
        change {
            post_premium_receipt(PostPremiumReceiptRequest) -> PostPremiumReceiptResponse:
                receipt => Command::PostPremiumReceipt;
            remit_premiums(RemitPremiumsRequest) -> RemitPremiumsResponse: remittance => Command::RemitPremiums;
            refund_premium(RefundPremiumRequest) -> RefundPremiumResponse: refund => Command::RefundPremium;
        }
        read {}

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
