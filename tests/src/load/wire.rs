//! Calls of the premium service with messages as bytes: one attempt each, encoded and read by the load generator itself.

use client::AsIs;
use prost::bytes::Bytes;
use tokio_stream::Stream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

/// Flow-control windows for answers: a stream's answers of some ten milliseconds.
const WINDOW: u32 = 4 << 20;

/// A connection of its own to a server.
#[derive(Clone, Debug)]
pub struct Wire {
    channel: Channel,
    authorization: MetadataValue<Ascii>,
}

impl Wire {
    /// Connects.
    pub async fn connect(endpoint: &str, token: &str) -> Wire {
        let endpoint = Endpoint::from_shared(endpoint.to_owned()).expect("the endpoint is an address");
        let endpoint =
            endpoint.tcp_nodelay(true).initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
        let channel = endpoint.connect().await.expect("the server takes connections");
        let authorization = format!("Bearer {token}").parse().expect("a token is plain text");
        Wire { channel, authorization }
    }

    /// Several connections.
    pub async fn connect_many(endpoint: &str, token: &str, count: usize) -> Vec<Wire> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(Wire::connect(endpoint, token).await);
        }
        all
    }

    /// Posts an encoded PostPremiumReceiptRequest; gives the encoded answer.
    pub async fn post(&self, request: Bytes) -> Result<Bytes, Status> {
        let mut service = tonic::client::Grpc::new(self.channel.clone());
        service.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static("/earmark.v1.PremiumService/PostPremiumReceipt");
        service.unary(self.authorized(request), path, AsIs).await.map(tonic::Response::into_inner)
    }

    /// Opens a stream of encoded PostPremiumReceiptsRequests; gives the stream of encoded answers.
    pub async fn stream(
        &self,
        requests: impl Stream<Item = Bytes> + Send + 'static,
    ) -> Result<Streaming<Bytes>, Status> {
        let mut service = tonic::client::Grpc::new(self.channel.clone());
        service.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static("/earmark.v1.PremiumService/PostPremiumReceipts");
        service.streaming(self.authorized(requests), path, AsIs).await.map(tonic::Response::into_inner)
    }

    fn authorized<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        request
    }
}
