//! The outermost layer of every request: its span and metrics, its caller, its language and deadline, and the last look at errors that
//! the transport made by itself (undecodable or too large messages, unknown methods), so that they too follow the conventions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use engine::store::Store;
use ledger::Language;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, Request, Response};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tower::{Layer, Service};
use tracing::Instrument;

use crate::auth::{Authenticator, NotAuthenticated, Principal};
use crate::encode::{DOMAIN, Failure};
use crate::telemetry::Requests;

/// Health is asked by machines that have no token, and tells nothing of any book.
const OPEN_TO_ALL: &str = "/grpc.health.v1.Health/";

/// When a caller whose token could not be looked up should come again.
const CATALOGUE_RETRY: Duration = Duration::from_secs(1);

/// What the edge found out about a request; handlers take it from the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// Who calls.
    pub principal: Principal,
    /// Language of texts for the caller.
    pub language: Language,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
}

/// Puts the edge around every service.
pub(crate) struct EdgeLayer<S> {
    pub authenticator: Arc<Authenticator<S>>,
    pub requests: Requests,
}

impl<S> Clone for EdgeLayer<S> {
    fn clone(&self) -> Self {
        EdgeLayer { authenticator: Arc::clone(&self.authenticator), requests: self.requests.clone() }
    }
}

impl<S, Inner> Layer<Inner> for EdgeLayer<S> {
    type Service = Edge<S, Inner>;

    fn layer(&self, inner: Inner) -> Edge<S, Inner> {
        Edge { shared: self.clone(), inner }
    }
}

/// A service behind the edge.
pub(crate) struct Edge<S, Inner> {
    shared: EdgeLayer<S>,
    inner: Inner,
}

impl<S, Inner: Clone> Clone for Edge<S, Inner> {
    fn clone(&self) -> Self {
        Edge { shared: self.shared.clone(), inner: self.inner.clone() }
    }
}

impl<S, Inner> Service<Request<Body>> for Edge<S, Inner>
where
    S: Store,
    Inner: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    Inner::Future: Send,
{
    type Response = Response<Body>;
    type Error = Inner::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Inner::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Inner::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The instance that was polled ready takes the request; its clone waits for the next.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let shared = self.shared.clone();
        let method = request.uri().path().trim_start_matches('/').to_owned();
        let handled = async move {
            let begun = Instant::now();
            let language = language_of(request.headers());
            if request.uri().path().starts_with(OPEN_TO_ALL) {
                // Health has a protocol of its own: NOT_FOUND, without details, for a name that it does not know.
                let response = inner.call(request).await?;
                shared.requests.answered(&method, response_code(&response), begun.elapsed());
                return Ok(response);
            }
            let origin = shared.origin(request.headers(), language).await;
            // For a collector, or a log at that level: it costs a request more than authentication does.
            let span = tracing::debug_span!(
                "request",
                method,
                person = origin.as_ref().ok().map(|origin| origin.principal.person.as_str()),
                book = tracing::field::Empty,
                request_id = tracing::field::Empty,
                code = tracing::field::Empty,
            );
            let answered = match origin {
                Ok(origin) => {
                    request.extensions_mut().insert(origin);
                    inner.call(request).instrument(span.clone()).await?
                }
                Err(failure) => failure.status(language).into_http(),
            };
            let response = polish(answered, language);
            let code = response_code(&response);
            if code != Code::Ok {
                span.record("code", tracing::field::debug(code));
            }
            shared.requests.answered(&method, code, begun.elapsed());
            Ok(response)
        };
        Box::pin(handled)
    }
}

impl<S: Store> EdgeLayer<S> {
    async fn origin(&self, headers: &HeaderMap, language: Language) -> Result<Origin, Failure> {
        let header = headers.get("authorization").map(|value| value.as_bytes());
        match self.authenticator.authenticate(header).await {
            Ok(principal) => Ok(Origin { principal, language, deadline: deadline_of(headers) }),
            Err(NotAuthenticated::NoValidToken) => Err(Failure::Unauthenticated),
            Err(error @ NotAuthenticated::Catalogue(_)) => {
                tracing::error!(%error, "cannot authenticate");
                Err(Failure::Unavailable { reason: "CATALOGUE_UNAVAILABLE", reached: None, retry: CATALOGUE_RETRY })
            }
        }
    }
}

/// The first of the caller's languages that there are texts in; Chinese where none is named.
fn language_of(headers: &HeaderMap) -> Language {
    let accepted = headers.get("accept-language").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named =
        accepted.split(',').find_map(|item| match item.trim().get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("zh") => Some(Language::Zh),
            Some("en") => Some(Language::En),
            _ => None,
        });
    named.unwrap_or(Language::Zh)
}

/// When the caller stops waiting, by `grpc-timeout`: up to eight digits and a unit.
fn deadline_of(headers: &HeaderMap) -> Option<Instant> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    let timeout = match unit {
        "H" => Duration::from_secs(amount * 3_600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    };
    Instant::now().checked_add(timeout)
}

fn response_code(response: &Response<Body>) -> Code {
    response.headers().get("grpc-status").map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()))
}

/// Gives the transport's own errors, which carry no details and may hold type names, our codes, texts and details.
fn polish(response: Response<Body>, language: Language) -> Response<Body> {
    let Some(status) = Status::from_header_map(response.headers()) else { return response };
    if status.code() == Code::Ok || !status.details().is_empty() {
        return response;
    }
    let zh = language == Language::Zh;
    let (code, reason, text) = match status.code() {
        Code::Internal | Code::InvalidArgument => {
            (Code::InvalidArgument, "UNDECODABLE", if zh { "消息不能解码" } else { "the message cannot be decoded" })
        }
        Code::OutOfRange | Code::ResourceExhausted => {
            (Code::InvalidArgument, "MESSAGE_TOO_LARGE", if zh { "消息过大" } else { "the message is too large" })
        }
        Code::Unimplemented => {
            (Code::Unimplemented, "UNIMPLEMENTED", if zh { "没有此方法或编码" } else { "no such method or encoding" })
        }
        Code::Cancelled | Code::DeadlineExceeded => return Failure::Late.status(language).into_http(),
        _ => return Failure::Internal.status(language).into_http(),
    };
    let details = ErrorDetails::with_error_info(reason, DOMAIN, std::collections::HashMap::new());
    Status::with_error_details(code, text, details).into_http()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(tonic::codegen::http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn the_callers_language_is_found() {
        for (header, language) in [
            ("en", Language::En),
            ("en-GB,zh;q=0.5", Language::En),
            ("zh-CN,en", Language::Zh),
            ("fr, en;q=0.1", Language::En),
            ("fr", Language::Zh),
            ("", Language::Zh),
            ("é", Language::Zh),
        ] {
            let value = tonic::codegen::http::HeaderValue::from_bytes(header.as_bytes()).unwrap();
            let map = HeaderMap::from_iter([(tonic::codegen::http::header::ACCEPT_LANGUAGE, value)]);
            assert_eq!(language_of(&map), language, "{header}");
        }
    }

    #[test]
    fn timeouts_are_read_by_the_grpc_grammar() {
        for (text, there) in [
            ("1S", true),
            ("99999999H", true),
            ("20m", true),
            ("", false),
            ("S", false),
            ("123456789S", false),
            ("5x", false),
            ("-1S", false),
        ] {
            assert_eq!(deadline_of(&headers("grpc-timeout", text)).is_some(), there, "{text}");
        }
    }

    #[test]
    fn the_transports_errors_become_ours() {
        for (from, to, reason) in [
            (Code::Internal, Code::InvalidArgument, "UNDECODABLE"),
            (Code::OutOfRange, Code::InvalidArgument, "MESSAGE_TOO_LARGE"),
            (Code::Unimplemented, Code::Unimplemented, "UNIMPLEMENTED"),
            (Code::Unknown, Code::Internal, "INTERNAL"),
        ] {
            let response: Response<Body> =
                Status::new(from, "failed to decode Protobuf message: Voucher.lines").into_http();
            let status = Status::from_header_map(polish(response, Language::En).headers()).unwrap();
            assert_eq!(status.code(), to);
            assert_eq!(status.get_error_details().error_info().unwrap().reason, reason);
            assert!(!status.message().contains("Voucher"));
        }
        let ours: Response<Body> = Failure::Internal.status(Language::En).into_http();
        let status = Status::from_header_map(polish(ours, Language::En).headers()).unwrap();
        assert_eq!(status.code(), Code::Internal);
    }
}
