//! Connections: to one of several endpoints, with the caller's token and language on every request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::v1;
use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

use crate::ClientError;

/// Bytes of an answer at most: a page of 1,000 vouchers with their lines fits.
pub(crate) const ANSWER_BYTES: usize = 64 << 20;

/// How long connecting to one endpoint may take before the next is tried.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Silence after which a connection is asked whether it lives, so that a dead one is noticed under a waiting stream.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Whom to connect to and as whom.
#[derive(Clone)]
pub struct Options {
    /// Servers, `http://host:port` or `https://host:port`, in order of preference.
    pub endpoints: Vec<String>,
    /// Bearer token.
    pub token: String,
    /// Language of texts: `zh` or `en`.
    pub language: String,
    /// What makes an `https` server trustworthy; needed for those.
    pub trust: Option<Trust>,
    /// How long a request is tried, in all; for streams, how long they may go without an answer.
    pub deadline: Duration,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token stays out.
        f.debug_struct("Options")
            .field("endpoints", &self.endpoints)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// The authority that a server's certificate must come from.
#[derive(Clone)]
pub struct Trust {
    /// Its certificate, PEM.
    pub authority: Vec<u8>,
    /// Name that the server's certificate must have, where it is not the endpoint's host.
    pub name: Option<String>,
}

/// A client. Clones share connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    channels: Vec<Channel>,
    /// Which channel is used now.
    current: AtomicUsize,
    identity: Identity,
    deadline: Duration,
}

/// What every request says of its caller.
#[derive(Clone)]
struct Identity {
    authorization: MetadataValue<Ascii>,
    language: MetadataValue<Ascii>,
}

impl Client {
    /// A client of these servers. Connecting happens when the first request needs it.
    pub fn connect(options: &Options) -> Result<Client, ClientError> {
        if options.endpoints.is_empty() {
            return Err(ClientError::NoEndpoint);
        }
        let channels = options.endpoints.iter().map(|endpoint| channel(endpoint, options.trust.as_ref()));
        let mut authorization: MetadataValue<Ascii> = format!("Bearer {}", options.token)
            .parse()
            .map_err(|_| bad("token", "it has characters that no token has"))?;
        authorization.set_sensitive(true);
        let language = options.language.parse().map_err(|_| bad("language", "it is no language tag"))?;
        Ok(Client {
            inner: Arc::new(Inner {
                channels: channels.collect::<Result<_, _>>()?,
                current: AtomicUsize::new(0),
                identity: Identity { authorization, language },
                deadline: options.deadline,
            }),
        })
    }

    /// How long a request is tried.
    pub(crate) fn deadline(&self) -> Duration {
        self.inner.deadline
    }

    /// The connection in use, for a request that ends at `until`; streams have no end of their own.
    pub(crate) fn transport(&self, until: Option<Instant>) -> Transport {
        let at = self.inner.current.load(Ordering::Relaxed) % self.inner.channels.len();
        let caller = Caller { identity: self.inner.identity.clone(), until };
        Transport { service: InterceptedService::new(self.inner.channels[at].clone(), caller) }
    }

    /// Goes on with the next endpoint: this one was unavailable.
    pub(crate) fn next_endpoint(&self) {
        self.inner.current.fetch_add(1, Ordering::Relaxed);
    }
}

fn bad(what: &'static str, reason: impl ToString) -> ClientError {
    ClientError::BadOption { what, reason: reason.to_string() }
}

fn channel(address: &str, trust: Option<&Trust>) -> Result<Channel, ClientError> {
    let mut endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|error| bad("endpoint", error))?
        .connect_timeout(CONNECT_WITHIN)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .tcp_nodelay(true);
    if endpoint.uri().scheme_str() == Some("https") {
        let trust = trust.ok_or_else(|| bad("endpoint", "https needs the certificate of its authority"))?;
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&trust.authority));
        if let Some(name) = &trust.name {
            tls = tls.domain_name(name);
        }
        endpoint = endpoint.tls_config(tls).map_err(|error| bad("certificate of the authority", error))?;
    }
    Ok(endpoint.connect_lazy())
}

/// Adds the caller and what is left of the deadline.
#[derive(Clone)]
pub struct Caller {
    identity: Identity,
    until: Option<Instant>,
}

impl Interceptor for Caller {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.identity.authorization.clone());
        request.metadata_mut().insert("accept-language", self.identity.language.clone());
        if let Some(until) = self.until {
            request.set_timeout(until.saturating_duration_since(Instant::now()));
        }
        Ok(request)
    }
}

/// The services over one connection.
#[derive(Clone)]
pub struct Transport {
    pub(crate) service: InterceptedService<Channel, Caller>,
}

macro_rules! services {
    ($($name:ident => $client:path),+ $(,)?) => {
        impl Transport { $(
            /// The service of this name.
            pub fn $name(self) -> $client {
                use $client as Client;
                Client::new(self.service).max_decoding_message_size(ANSWER_BYTES)
            }
        )+ }
    };
}

type Stub = InterceptedService<Channel, Caller>;
type BookClient = v1::book_service_client::BookServiceClient<Stub>;
type ProgramClient = v1::program_service_client::ProgramServiceClient<Stub>;
type FundingClient = v1::funding_service_client::FundingServiceClient<Stub>;
type PremiumClient = v1::premium_service_client::PremiumServiceClient<Stub>;
type SpendingClient = v1::spending_service_client::SpendingServiceClient<Stub>;
type VoucherClient = v1::voucher_service_client::VoucherServiceClient<Stub>;
type AuditClient = v1::audit_service_client::AuditServiceClient<Stub>;
type ReconciliationClient = v1::reconciliation_service_client::ReconciliationServiceClient<Stub>;
type RuleClient = v1::rule_service_client::RuleServiceClient<Stub>;
type ProofClient = v1::proof_service_client::ProofServiceClient<Stub>;

services! {
    book => BookClient,
    program => ProgramClient,
    funding => FundingClient,
    premium => PremiumClient,
    spending => SpendingClient,
    voucher => VoucherClient,
    audit => AuditClient,
    reconciliation => ReconciliationClient,
    rules => RuleClient,
    proof => ProofClient,
}
