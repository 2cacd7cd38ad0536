//! The transport below the methods: health, reflection, TLS, bytes that are no message, and a client with several servers.

use std::sync::Arc;
use std::time::Duration;

use api::v1;
use client::{Client, Options, Trust};
use engine::Engine;
use server::{ServeOptions, TlsIdentity, serve};
use testkit::memory::MemoryStore;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_types::StatusExt;

use crate::harness::{BOOK, Served, serve_book};

async fn channel(served: &Served) -> Channel {
    Endpoint::from_shared(format!("http://{}", served.address)).unwrap().connect().await.unwrap()
}

fn with_token<T>(served: &Served, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {}", served.token("maker"));
    request.metadata_mut().insert("authorization", MetadataValue::try_from(bearer).unwrap());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_open_and_tells_of_going_down_first() {
    let served = serve_book().await;
    let mut health = HealthClient::new(channel(&served).await);
    for service in ["", "earmark.v1.PremiumService"] {
        let request = HealthCheckRequest { service: service.into() };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let mut watched = health.watch(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let going_down = tokio::spawn(served.stop());
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    drop(watched);
    going_down.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_the_services_to_those_who_have_a_token() {
    let served = serve_book().await;
    let ask = || ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel(&served).await);
    let anonymous = reflection.server_reflection_info(tokio_stream::once(ask())).await.unwrap_err();
    assert_eq!(anonymous.code(), Code::Unauthenticated);
    let request = with_token(&served, tokio_stream::once(ask()));
    let mut answers = reflection.server_reflection_info(request).await.unwrap().into_inner();
    let text = format!("{:?}", answers.message().await.unwrap().unwrap());
    for service in [
        "BookService",
        "ProgramService",
        "FundingService",
        "PremiumService",
        "SpendingService",
        "VoucherService",
        "AuditService",
        "ProofService",
    ] {
        assert!(text.contains(&format!("earmark.v1.{service}")), "{service}");
    }
    served.stop().await.unwrap();
}

/// Sends a message of one type where another is due.
async fn send<M: prost::Message + Default + 'static>(served: &Served, path: &'static str, message: M) -> Status {
    let mut grpc = tonic::client::Grpc::new(channel(served).await);
    grpc.ready().await.unwrap();
    let codec: ProstCodec<M, v1::GetBookResponse> = ProstCodec::default();
    let path = tonic::codegen::http::uri::PathAndQuery::from_static(path);
    grpc.unary(with_token(served, message), path, codec).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_message_are_the_callers_fault() {
    let served = serve_book().await;
    // Field 1 is a number here, and a text in GetBookRequest.
    let period = v1::Period { year: 2018, month: 1 };
    for (path, code, reason) in [
        ("/earmark.v1.BookService/GetBook", Code::InvalidArgument, "UNDECODABLE"),
        ("/earmark.v1.BookService/NoSuchMethod", Code::Unimplemented, "UNIMPLEMENTED"),
        ("/earmark.v1.NoSuchService/GetBook", Code::Unimplemented, "UNIMPLEMENTED"),
    ] {
        let status = send(&served, path, period).await;
        let details = status.get_error_details();
        assert_eq!((status.code(), details.error_info().unwrap().reason.as_str()), (code, reason), "{path}");
        assert!(!status.message().contains("GetBookRequest"));
    }
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_fell_silent_does_not_keep_the_store() {
    let store = Arc::new(MemoryStore::new());
    let engine = Engine::open(Arc::clone(&store), engine::Options::default()).await.unwrap();
    let (bound, address) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let options = ServeOptions {
        drain_within: Duration::from_millis(100),
        ..ServeOptions::at("127.0.0.1:0".parse().unwrap(), None)
    };
    let serving = tokio::spawn(serve(engine, options, bound, async move { drop(stopped.await) }));
    let mut silent = TcpStream::connect(address.await.unwrap()).await.unwrap();
    // Preface and empty SETTINGS; then no answer to GOAWAY and PING.
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert_ne!(silent.read(&mut [0; 64]).await.unwrap(), 0, "it is served");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(store::sole(store).await.is_some(), "its connection still holds the store");
}

fn options(endpoints: &[String], token: &str, trust: Option<Trust>) -> Options {
    Options {
        endpoints: endpoints.to_vec(),
        token: token.into(),
        language: "en".into(),
        trust,
        deadline: Duration::from_secs(10),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_served_with_certificate_files() {
    let pem = |bytes: &[u8]| bytes.to_vec();
    let identity = TlsIdentity {
        certificates: pem(include_bytes!("../../fixtures/tls/server.pem")),
        key: pem(include_bytes!("../../fixtures/tls/server.key")),
    };
    let engine = Engine::open(Arc::new(MemoryStore::new()), engine::Options::default()).await.unwrap();
    let (bound, address) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = ServeOptions::at("127.0.0.1:0".parse().unwrap(), Some(identity));
    let serving = tokio::spawn(server::serve(engine, served, bound, async move { drop(stopped.await) }));
    let address = address.await.unwrap();

    let trust =
        Trust { authority: pem(include_bytes!("../../fixtures/tls/authority.pem")), name: Some("localhost".into()) };
    let ask = |t: client::Transport| async move { t.book().list_books(v1::ListBooksRequest::default()).await };
    // The handshake succeeds; the token does not.
    let client = Client::connect(&options(&[format!("https://{address}")], "none", Some(trust))).unwrap();
    let error = client.call(ask).await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), Code::Unauthenticated);
    // Without TLS there is no connection at all.
    let mut plain = options(&[format!("http://{address}")], "none", None);
    plain.deadline = Duration::from_millis(300);
    let error = Client::connect(&plain).unwrap().call(ask).await.unwrap_err();
    assert!(matches!(error, client::ClientError::GaveUp { .. }), "{error:?}");
    drop(stop);
    serving.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_goes_on_with_the_next_server() {
    let served = serve_book().await;
    // A port that nobody listens on: bound once, and free again.
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let endpoints = [format!("http://{dead}"), format!("http://{}", served.address)];
    let client = Client::connect(&options(&endpoints, served.token("audit"), None)).unwrap();
    let query = v1::GetBookRequest { book: BOOK.into(), ..Default::default() };
    let answer = client.call(|t| async { t.book().get_book(query.clone()).await }).await.unwrap();
    assert_eq!(answer.book.unwrap().code, BOOK);
    served.stop().await.unwrap();
}
