//! A bare connection to a server: each call is one attempt and nothing is tried again behind the test's back. Whoever wants retries does
//! them; the client library has its own.

use std::time::Duration;

use api::v1;
use api::v1::premium_service_client::PremiumServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

/// A connection that posts receipts of one book. Clones share it.
#[derive(Clone)]
pub struct Line {
    service: PremiumServiceClient<Channel>,
    authorization: MetadataValue<Ascii>,
    book: String,
}

impl Line {
    /// A connection that is made with the first call.
    pub fn new(endpoint: &str, token: &str, book: &str) -> Line {
        let channel = Endpoint::from_shared(endpoint.to_owned()).expect("the endpoint is an address").connect_lazy();
        let authorization = format!("Bearer {token}").parse().expect("a token is plain text");
        Line { service: PremiumServiceClient::new(channel), authorization, book: book.to_owned() }
    }

    /// Posts a receipt, once; with a deadline, the server is told of it.
    pub async fn post(
        &self,
        item: &v1::PremiumReceiptItem,
        deadline: Option<Duration>,
    ) -> Result<v1::MutationResult, Status> {
        let mut request = Request::new(v1::PostPremiumReceiptRequest {
            book: self.book.clone(),
            request_id: item.request_id.clone(),
            validate_only: false,
            receipt: item.receipt.clone(),
        });
        request.metadata_mut().insert("authorization", self.authorization.clone());
        if let Some(deadline) = deadline {
            request.set_timeout(deadline);
        }
        let answer = self.service.clone().post_premium_receipt(request).await?.into_inner();
        answer.result.ok_or_else(|| Status::data_loss("an answer without a result"))
    }

    /// Posts a receipt until it is acknowledged, with a short rest after each failure that says nothing of the receipt.
    pub async fn post_until_answered(&self, item: &v1::PremiumReceiptItem) -> v1::MutationResult {
        loop {
            match self.post(item, None).await {
                Ok(result) => return result,
                Err(status) if status.code() == Code::Unavailable => tokio::time::sleep(REST).await,
                Err(status) => panic!("{}: {status:?}", item.request_id),
            }
        }
    }
}

/// How long to wait after a failure.
const REST: Duration = Duration::from_millis(5);

/// The reference of the one voucher that a receipt made.
pub fn voucher_of(result: &v1::MutationResult) -> String {
    match &result.outcome {
        Some(v1::mutation_result::Outcome::Posted(posted)) if posted.vouchers.len() == 1 => {
            posted.vouchers[0].reference.clone()
        }
        outcome => panic!("a receipt posts one voucher, not {outcome:?}"),
    }
}
