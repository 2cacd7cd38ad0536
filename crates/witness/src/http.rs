//! The witness by HTTP/1.1: `POST add-checkpoint` and `GET <origin hash>/checkpoint` below a prefix. Nobody is asked who they are: what
//! counts is the log's signature. TLS, where it is wanted, is a proxy's.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use proof::MAX_REQUEST_BYTES;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::witness::{Answer, Witness};

/// Open connections at most: a few logs ask, each now and then.
const CONNECTIONS: usize = 64;
/// How long the head of a request may take.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long a request may take in all.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may live, kept alive or not.
const CONNECTION_FOR: Duration = Duration::from_secs(300);
/// Headers of a request.
const HEADERS: usize = 64;

/// Content type of a size, in the answer to a wrong old size.
const SIZE_TYPE: &str = "text/x.tlog.size";

/// Serves a witness below a prefix ("" or "/NAME") until `shutdown` is ready.
pub async fn serve(
    listener: TcpListener,
    prefix: &str,
    witness: Arc<Witness>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let prefix: Arc<str> = prefix.trim_end_matches('/').into();
    tokio::pin!(shutdown);
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return Ok(()) };
        let stream = tokio::select! {
            () = &mut shutdown => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors and the like: others may give some back.
                    tracing::warn!(%error, "a connection was not taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let (witness, prefix) = (Arc::clone(&witness), Arc::clone(&prefix));
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(move |request| answer(Arc::clone(&witness), Arc::clone(&prefix), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_WITHIN)
                .max_headers(HEADERS)
                .serve_connection(TokioIo::new(stream), service);
            if let Ok(Err(error)) = timeout(CONNECTION_FOR, connection).await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
}

async fn answer(
    witness: Arc<Witness>,
    prefix: Arc<str>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answered = timeout(REQUEST_WITHIN, route(witness, &prefix, request)).await;
    Ok(answered.unwrap_or_else(|_| text(StatusCode::REQUEST_TIMEOUT, "the request took too long\n".into())))
}

async fn route(witness: Arc<Witness>, prefix: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().strip_prefix(prefix).unwrap_or_default().to_owned();
    if path == "/add-checkpoint" {
        return if request.method() == Method::POST { add(witness, request).await } else { not_allowed("POST") };
    }
    match path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint")) {
        Some(name) if request.method() == Method::GET => latest(witness, name.to_owned()).await,
        Some(_) => not_allowed("GET"),
        None => text(StatusCode::NOT_FOUND, "there is no such thing here\n".into()),
    }
}

async fn add(witness: Arc<Witness>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let body = match Limited::new(request.into_body(), MAX_REQUEST_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return text(StatusCode::PAYLOAD_TOO_LARGE, "the request is too long, or broke off\n".into()),
    };
    let Ok(body) = String::from_utf8(body.into()) else {
        return text(StatusCode::BAD_REQUEST, "the request is not UTF-8\n".into());
    };
    // It waits for the disk.
    let judged = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await;
    let Ok(answer) = judged else {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed, and signed nothing\n".into());
    };
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = text(status, answer.body());
    if let Answer::Conflict(_) = answer {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SIZE_TYPE));
    }
    response
}

async fn latest(witness: Arc<Witness>, name: String) -> Response<Full<Bytes>> {
    match tokio::task::spawn_blocking(move || witness.latest(&name)).await {
        Ok(Ok(Some(checkpoint))) => text(StatusCode::OK, checkpoint.note.to_string()),
        Ok(Ok(None)) => text(StatusCode::NOT_FOUND, "nothing of that log was cosigned here\n".into()),
        Ok(Err(error)) => {
            tracing::error!(%error, "the witness cannot read its memory");
            text(StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot read its memory\n".into())
        }
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed\n".into()),
    }
}

fn not_allowed(allowed: &'static str) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("{allowed} only\n"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
