//! Serving: the listener, TLS, health, reflection, and going down in order. What a method does stands in `service`, what a client may
//! take in `limits`.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::v1;
use engine::store::Store;
use engine::{Engine, Fatal};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Router;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::auth::Authenticator;
use crate::edge::EdgeLayer;
use crate::face::Face;
use crate::limits;
use crate::telemetry::Requests;

/// How often health looks at the books.
const HEALTH_EVERY: Duration = Duration::from_millis(500);

/// Names under which health is asked: the server as a whole, and each service.
const HEALTH_NAMES: [&str; 11] = [
    "",
    "earmark.v1.BookService",
    "earmark.v1.ProgramService",
    "earmark.v1.FundingService",
    "earmark.v1.PremiumService",
    "earmark.v1.SpendingService",
    "earmark.v1.VoucherService",
    "earmark.v1.AuditService",
    "earmark.v1.ReconciliationService",
    "earmark.v1.RuleService",
    "earmark.v1.ProofService",
];

/// Where and how to serve.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Address to listen on; port 0 takes a free one.
    pub address: SocketAddr,
    /// The server's certificate; an address that is not loopback is refused without it.
    pub tls: Option<TlsIdentity>,
    /// Open connections at most.
    pub connections: usize,
    /// How long a new connection may be silent.
    pub first_bytes_within: Duration,
    /// How long requests under way may take to finish once the server goes down.
    pub drain_within: Duration,
}

impl ServeOptions {
    /// Serves at an address with the limits of `limits`.
    pub fn at(address: SocketAddr, tls: Option<TlsIdentity>) -> ServeOptions {
        ServeOptions {
            address,
            tls,
            connections: limits::CONNECTIONS,
            first_bytes_within: limits::FIRST_BYTES_WITHIN,
            drain_within: limits::DRAIN_WITHIN,
        }
    }
}

/// A certificate chain and its key.
#[derive(Clone)]
pub struct TlsIdentity {
    /// The chain, PEM.
    pub certificates: Vec<u8>,
    /// The private key, PEM.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsIdentity")
    }
}

/// Why serving ended, or never began.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Tokens would travel in the clear.
    #[error("{0} is not a loopback address: it is served with TLS certificate files only")]
    TlsNeeded(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The certificate or key cannot be used, or the transport failed.
    #[error("transport: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptions for reflection cannot be read.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A book stopped: the process must not go on as if nothing were.
    #[error("the book {} has stopped: {}", .0.book, .0.reason)]
    Fatal(Fatal),
}

/// Serves the books of an engine until `shutdown` is ready or a book stops. Tells the bound address once connections are taken. Going
/// down, health says NOT_SERVING first; then no new requests are taken, those under way are finished, and the engine is shut down.
pub async fn serve<S: Store>(
    engine: Arc<Engine<S>>,
    options: ServeOptions,
    bound: oneshot::Sender<SocketAddr>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    if options.tls.is_none() && !options.address.ip().is_loopback() {
        return Err(ServeError::TlsNeeded(options.address));
    }
    let listen = |error| ServeError::Listen { address: options.address, error };
    let listener = TcpListener::bind(options.address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let going_down = CancellationToken::new();
    let (health, router) = router(&engine, &options, &going_down).await?;
    let watching = tokio::spawn(watch_health(Arc::clone(&engine), health.clone(), going_down.clone()));
    let cut = CancellationToken::new();
    let incoming =
        limits::guarded(listener, options.connections, options.first_bytes_within, going_down.clone(), cut.clone());
    let drain = going_down.clone();
    let mut serving = tokio::spawn(router.serve_with_incoming_shutdown(incoming, drain.cancelled_owned()));
    tracing::info!(%address, tls = options.tls.is_some(), "serving");
    // Nobody waits for the address if this fails.
    let _ = bound.send(address);

    let ended = tokio::select! {
        () = shutdown => Ok(()),
        fatal = engine.wait_fatal() => Err(ServeError::Fatal(fatal)),
        served = &mut serving => served.map_or(Ok(()), |served| served.map_err(ServeError::Transport)),
    };
    // Health first, so that load balancers hear it on connections that are still open.
    watching.abort();
    set_health(&health, ServingStatus::NotServing).await;
    going_down.cancel();
    if !serving.is_finished() && tokio::time::timeout(options.drain_within, &mut serving).await.is_err() {
        tracing::warn!("connections were still open when the time to finish their requests was over");
        cut.cancel();
        if tokio::time::timeout(options.drain_within, &mut serving).await.is_err() {
            serving.abort();
        }
    }
    engine.shutdown().await;
    tracing::info!("no longer serving");
    ended
}

type Routing<S> = Router<tower::layer::util::Stack<EdgeLayer<S>, tower::layer::util::Identity>>;

async fn router<S: Store>(
    engine: &Arc<Engine<S>>,
    options: &ServeOptions,
    going_down: &CancellationToken,
) -> Result<(HealthReporter, Routing<S>), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    set_health(&health, ServingStatus::Serving).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(api::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let requests = Requests::new();
    let face = Face { engine: Arc::clone(engine), requests: requests.clone(), going_down: going_down.clone() };
    let authenticator = Arc::new(Authenticator::new(Arc::clone(engine.store())));
    let mut server = Server::builder()
        .layer(EdgeLayer { authenticator, requests })
        .max_concurrent_streams(limits::STREAMS_PER_CONNECTION)
        .http2_max_header_list_size(limits::HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(limits::PENDING_RESETS))
        .http2_keepalive_interval(Some(limits::KEEPALIVE))
        .http2_keepalive_timeout(Some(limits::KEEPALIVE))
        .initial_stream_window_size(limits::STREAM_WINDOW)
        .initial_connection_window_size(limits::CONNECTION_WINDOW);
    if let Some(tls) = &options.tls {
        let identity = Identity::from_pem(&tls.certificates, &tls.key);
        server = server.tls_config(ServerTlsConfig::new().identity(identity).timeout(limits::HANDSHAKE_WITHIN))?;
    }
    macro_rules! sized {
        ($server:path) => {{
            use $server as Service;
            Service::new(face.clone()).max_decoding_message_size(limits::MESSAGE_BYTES)
        }};
    }
    let router = server
        .add_service(health_service)
        .add_service(reflection)
        .add_service(sized!(v1::book_service_server::BookServiceServer))
        .add_service(sized!(v1::program_service_server::ProgramServiceServer))
        .add_service(sized!(v1::funding_service_server::FundingServiceServer))
        .add_service(sized!(v1::premium_service_server::PremiumServiceServer))
        .add_service(sized!(v1::spending_service_server::SpendingServiceServer))
        .add_service(sized!(v1::voucher_service_server::VoucherServiceServer))
        .add_service(sized!(v1::audit_service_server::AuditServiceServer))
        .add_service(sized!(v1::reconciliation_service_server::ReconciliationServiceServer))
        .add_service(sized!(v1::rule_service_server::RuleServiceServer))
        .add_service(sized!(v1::proof_service_server::ProofServiceServer));
    Ok((health, router))
}

async fn set_health(health: &HealthReporter, status: ServingStatus) {
    for name in HEALTH_NAMES {
        health.set_service_status(name, status).await;
    }
}

/// Keeps health true to the books: SERVING only while every one of them serves in full.
async fn watch_health<S: Store>(engine: Arc<Engine<S>>, health: HealthReporter, going_down: CancellationToken) {
    let mut said = true;
    let mut ticks = tokio::time::interval(HEALTH_EVERY);
    while !going_down.is_cancelled() {
        ticks.tick().await;
        let serving = engine.books().iter().all(|book| book.health().is_serving());
        if serving != said {
            said = serving;
            let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
            tracing::warn!(?status, "health has changed");
            set_health(&health, status).await;
        }
    }
}
