//! Requests by method path and bytes: for programs that build messages from descriptors instead of generated types.

use prost::bytes::{Buf, BufMut, Bytes};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Response, Status};

use crate::Transport;
use crate::connect::ANSWER_BYTES;

impl Transport {
    /// Sends an encoded request to a method, `/package.Service/Method`, and gives its encoded answer.
    pub async fn raw(self, path: String, request: Bytes) -> Result<Response<Bytes>, Status> {
        let path = PathAndQuery::try_from(path).map_err(|error| Status::invalid_argument(error.to_string()))?;
        let mut service = tonic::client::Grpc::new(self.service).max_decoding_message_size(ANSWER_BYTES);
        service.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        service.unary(Request::new(request), path, AsIs).await
    }
}

/// The codec of messages that are encoded and read elsewhere: bytes as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsIs;

impl Codec for AsIs {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = AsIs;
    type Decoder = AsIs;

    fn encoder(&mut self) -> AsIs {
        AsIs
    }

    fn decoder(&mut self) -> AsIs {
        AsIs
    }
}

impl Encoder for AsIs {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, room: &mut EncodeBuf<'_>) -> Result<(), Status> {
        room.put(item);
        Ok(())
    }
}

impl Decoder for AsIs {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        // A message of no bytes is a message too: every field at its default.
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
