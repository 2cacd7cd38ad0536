//! The asker's side of the protocol: submitting a checkpoint, and fetching the one that was cosigned last. In plain HTTP or by TLS. What
//! comes back counts only by its signatures: in plain, who listens learns sizes and roots, and who meddles can only make it fail.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use proof::MAX_REQUEST_BYTES;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::tls::Trust;
use crate::witness::Witness;

/// How long a witness may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Why a witness was not heard.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("{0:?} is no witness address: http://HOST[:PORT][/PREFIX] or https://HOST[:PORT][/PREFIX]")]
    Address(String),
    /// It is reached by https, and nobody said whose certificates count.
    #[error("{0}: https needs the authority of the witness's certificate (--witness-ca)")]
    NoAuthority(String),
    /// It was not reached, or broke off.
    #[error("the witness at {address} was not reached: {reason}")]
    Unreachable {
        /// Its address.
        address: String,
        /// Why.
        reason: String,
    },
    /// It did not answer in time.
    #[error("the witness at {0} did not answer in time")]
    Late(String),
    /// It answered with something that the protocol does not have.
    #[error("the witness at {address} answered {status}: {text}")]
    Answer {
        /// Its address.
        address: String,
        /// HTTP status.
        status: u16,
        /// The beginning of what it said.
        text: String,
    },
}

/// What a witness answered to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// Signature lines; nothing of them was verified.
    Cosigned(String),
    /// The size that it cosigned last: the request must begin there.
    Conflict(u64),
    /// It does not cosign; why, in its words.
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        reason: String,
    },
}

/// Whether a witness address is reached by TLS.
pub fn is_https(address: &str) -> bool {
    address.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// Submits the text of a request. `trust` makes an https witness trustworthy.
pub async fn submit(address: &str, request: &str, trust: Option<&Trust>) -> Result<Submitted, ClientError> {
    let answer = ask((address, trust), Method::POST, "/add-checkpoint", request.to_owned()).await?;
    match answer.status {
        200 => Ok(Submitted::Cosigned(answer.body)),
        409 => match answer.body.trim_end_matches('\n').parse() {
            Ok(size) => Ok(Submitted::Conflict(size)),
            Err(_) => Err(answer.unexpected(address)),
        },
        400 | 403 | 404 | 413 | 422 => Ok(Submitted::Refused { status: answer.status, reason: answer.beginning() }),
        _ => Err(answer.unexpected(address)),
    }
}

/// The checkpoint of an origin that the witness cosigned last, as text; none if there is none.
pub async fn latest(address: &str, origin: &str, trust: Option<&Trust>) -> Result<Option<String>, ClientError> {
    let path = format!("/{}/checkpoint", Witness::name(origin));
    let answer = ask((address, trust), Method::GET, &path, String::new()).await?;
    match answer.status {
        200 => Ok(Some(answer.body)),
        404 => Ok(None),
        _ => Err(answer.unexpected(address)),
    }
}

struct Heard {
    status: u16,
    body: String,
}

impl Heard {
    fn beginning(&self) -> String {
        self.body.trim().chars().filter(|c| !c.is_control()).take(300).collect()
    }

    fn unexpected(&self, address: &str) -> ClientError {
        ClientError::Answer { address: address.to_owned(), status: self.status, text: self.beginning() }
    }
}

/// A connection, with TLS or without.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A witness's address, and what makes it trustworthy.
type To<'a> = (&'a str, Option<&'a Trust>);

async fn ask(to: To<'_>, method: Method, path: &str, body: String) -> Result<Heard, ClientError> {
    match timeout(ANSWER_WITHIN, exchange(to, method, path, body)).await {
        Ok(heard) => heard,
        Err(_) => Err(ClientError::Late(to.0.to_owned())),
    }
}

/// Connects to the host of an address.
async fn connect(base: &Uri, (address, trust): To<'_>) -> Result<Box<dyn Wire>, ClientError> {
    let wrong = || ClientError::Address(address.to_owned());
    let broken =
        |error: std::io::Error| ClientError::Unreachable { address: address.to_owned(), reason: error.to_string() };
    let secure = match base.scheme_str() {
        Some("http") => None,
        Some("https") => Some(trust.ok_or_else(|| ClientError::NoAuthority(address.to_owned()))?),
        _ => return Err(wrong()),
    };
    let host = base.host().ok_or_else(wrong)?.trim_matches(['[', ']']);
    let port = base.port_u16().unwrap_or(if secure.is_some() { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await.map_err(broken)?;
    Ok(match secure {
        Some(trust) => Box::new(trust.connect(host, stream).await.map_err(broken)?),
        None => Box::new(stream),
    })
}

async fn exchange(to: To<'_>, method: Method, path: &str, body: String) -> Result<Heard, ClientError> {
    let (address, _) = to;
    let wrong = || ClientError::Address(address.to_owned());
    let broken = |reason: String| ClientError::Unreachable { address: address.to_owned(), reason };
    let base: Uri = address.trim_end_matches('/').parse().map_err(|_| wrong())?;
    let prefix = base.path().trim_end_matches('/');
    let stream = connect(&base, to).await?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|e| broken(e.to_string()))?;
    let driving = tokio::spawn(connection);
    let authority = base.authority().map(ToString::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(format!("{prefix}{path}"))
        .header(HOST, authority)
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| wrong())?;
    let answer = sender.send_request(request).await.map_err(|e| broken(e.to_string()))?;
    let status = answer.status().as_u16();
    let body =
        Limited::new(answer.into_body(), MAX_REQUEST_BYTES).collect().await.map_err(|e| broken(e.to_string()))?;
    driving.abort();
    let body = String::from_utf8(body.to_bytes().into()).map_err(|_| broken("the answer is not UTF-8".into()))?;
    Ok(Heard { status, body })
}
