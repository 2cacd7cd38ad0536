//! The ceiling: a tonic server of the same service that decodes the same requests and answers with the same messages, and does nothing
//! between. What `earmark serve` does beyond this is its own cost.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use api::v1;
use api::v1::premium_receipt_answer::Answer;
use api::v1::premium_service_server::{PremiumService, PremiumServiceServer};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

/// Answer messages that wait for the client to take them, as in the server.
const ANSWER_BUFFER: usize = 4;

/// Answers everything at once.
#[derive(Debug, Default)]
struct Echo {
    answered: AtomicU64,
}

impl Echo {
    /// A result of the size and shape that a booked receipt has.
    fn result(&self, request_id: String) -> v1::MutationResult {
        let number = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
        let voucher = v1::PostedVoucher {
            reference: format!("代-201804-{number}"),
            uuid: "018e5a3e-7c00-7000-8000-000000000000".into(),
        };
        let receipt = v1::Receipt {
            request_id,
            first_sequence: number,
            sequence: number,
            leaf_hash: vec![7; 32],
            record_time: Some(prost_types::Timestamp { seconds: 1_524_614_400, nanos: 123_456_000 }),
            replayed: false,
        };
        v1::MutationResult {
            outcome: Some(v1::mutation_result::Outcome::Posted(v1::Posted { vouchers: vec![voucher] })),
            receipt: Some(receipt),
            judged_at: 0,
        }
    }
}

#[tonic::async_trait]
impl PremiumService for Echo {
    type PostPremiumReceiptsStream =
        Pin<Box<dyn Stream<Item = Result<v1::PostPremiumReceiptsResponse, Status>> + Send>>;

    async fn post_premium_receipt(
        &self,
        request: Request<v1::PostPremiumReceiptRequest>,
    ) -> Result<Response<v1::PostPremiumReceiptResponse>, Status> {
        let result = self.result(request.into_inner().request_id);
        Ok(Response::new(v1::PostPremiumReceiptResponse { result: Some(result) }))
    }

    async fn post_premium_receipts(
        &self,
        request: Request<Streaming<v1::PostPremiumReceiptsRequest>>,
    ) -> Result<Response<Self::PostPremiumReceiptsStream>, Status> {
        let mut messages = request.into_inner();
        let (send, answers) = mpsc::channel(ANSWER_BUFFER);
        let echo = Echo::default();
        tokio::spawn(async move {
            while let Ok(Some(message)) = messages.message().await {
                let answers = message.items.into_iter().map(|item| v1::PremiumReceiptAnswer {
                    request_id: item.request_id.clone(),
                    answer: Some(Answer::Result(echo.result(item.request_id))),
                });
                let message = v1::PostPremiumReceiptsResponse { answers: answers.collect() };
                if send.send(Ok(message)).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn remit_premiums(
        &self,
        _request: Request<v1::RemitPremiumsRequest>,
    ) -> Result<Response<v1::RemitPremiumsResponse>, Status> {
        Err(Status::unimplemented("only receipts are echoed"))
    }

    async fn void_source_numbers(
        &self,
        _request: Request<v1::VoidSourceNumbersRequest>,
    ) -> Result<Response<v1::VoidSourceNumbersResponse>, Status> {
        Err(Status::unimplemented("only receipts are echoed"))
    }

    async fn list_source_gaps(
        &self,
        _request: Request<v1::ListSourceGapsRequest>,
    ) -> Result<Response<v1::ListSourceGapsResponse>, Status> {
        Err(Status::unimplemented("only receipts are echoed"))
    }

    type ReconcileStream = ReceiverStream<Result<v1::ReconcileResponse, Status>>;

    async fn reconcile(
        &self,
        _request: Request<Streaming<v1::ReconcileRequest>>,
    ) -> Result<Response<Self::ReconcileStream>, Status> {
        Err(Status::unimplemented("only receipts are echoed"))
    }

    async fn refund_premium(
        &self,
        _request: Request<v1::RefundPremiumRequest>,
    ) -> Result<Response<v1::RefundPremiumResponse>, Status> {
        Err(Status::unimplemented("only receipts are echoed"))
    }
}

/// Serves echoes on a free port of this machine until the process ends; `bound` hears the address. Limits are those of the server.
pub async fn serve(bound: impl FnOnce(SocketAddr)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    bound(listener.local_addr().expect("a listener has an address"));
    let server = Server::builder()
        .tcp_nodelay(true)
        .max_concurrent_streams(server::limits::STREAMS_PER_CONNECTION)
        .initial_stream_window_size(server::limits::STREAM_WINDOW)
        .initial_connection_window_size(server::limits::CONNECTION_WINDOW)
        .add_service(PremiumServiceServer::new(Echo::default()));
    let served = server.serve_with_incoming(TcpListenerStream::new(listener)).await;
    served.expect("the echo server serves");
}
