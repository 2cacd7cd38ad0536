//! What one client, or many, can take from the server at most, each limit with its reason, and the guard at the door that keeps
//! silent connections out. Limits of the queue and of reads stand in `engine`.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Bytes of a request message at most: a preset or 1,000 receipts fit many times.
pub const MESSAGE_BYTES: usize = 1 << 20;
/// Open connections at most, so that file descriptors and buffers are bounded.
pub const CONNECTIONS: usize = 512;
/// Requests under way on one connection at most; a client that wants more opens another connection.
pub const STREAMS_PER_CONNECTION: u32 = 256;
/// Bytes of request headers at most: a token and a few names.
pub const HEADER_BYTES: u32 = 8 * 1024;
/// Streams that a client may reset before they were accepted, before its connection is dropped (rapid reset).
pub const PENDING_RESETS: usize = 32;
/// How long a new connection may be silent. HTTP/2 itself has no limit for its first bytes.
pub const FIRST_BYTES_WITHIN: Duration = Duration::from_secs(5);
/// First bytes that must come: the HTTP/2 preface has 24, a TLS hello more.
const FIRST_BYTES: usize = 24;
/// Pause between looks at a connection that has sent too little yet.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long a TLS handshake may take.
pub const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// Silence after which a connection is asked whether it lives, and how long it may take to answer.
pub const KEEPALIVE: Duration = Duration::from_secs(20);
/// Flow-control window of a stream and of a connection: bounds what a client may send unread.
pub const STREAM_WINDOW: u32 = 512 * 1024;
/// See [`STREAM_WINDOW`].
pub const CONNECTION_WINDOW: u32 = 1 << 20;
/// How long requests under way may take to finish once the server goes down.
pub const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// Connections that passed the guard and wait to be served.
const ACCEPT_BUFFER: usize = 16;
/// Pause after the system refused to accept, usually for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A connection that counts against [`CONNECTIONS`] as long as it lives.
pub(crate) struct Guarded {
    stream: TcpStream,
    /// Ready once the connection is to end, whatever its client does.
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    _permit: OwnedSemaphorePermit,
}

/// Accepts connections until `stop`; those over the limit are closed at once, those that stay silent when their time is over, and
/// at `cut` all: a client that is gone without a word would hold what serves it until it is missed.
pub(crate) fn guarded(
    listener: TcpListener,
    connections: usize,
    first_bytes_within: Duration,
    stop: CancellationToken,
    cut: CancellationToken,
) -> ReceiverStream<io::Result<Guarded>> {
    let (send, receive) = mpsc::channel(ACCEPT_BUFFER);
    let room = Arc::new(Semaphore::new(connections));
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                sleep(ACCEPT_AGAIN).await;
                continue;
            };
            // Without room the stream is dropped here, which closes it.
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
            let send = send.clone();
            let cut = Box::pin(cut.clone().cancelled_owned());
            tokio::spawn(async move {
                if speaks(&stream, first_bytes_within).await && stream.set_nodelay(true).is_ok() {
                    // The server is gone if this fails, and the connection with it.
                    drop(send.send(Ok(Guarded { stream, cut, _permit: permit })).await);
                }
            });
        }
    });
    ReceiverStream::new(receive)
}

/// Whether the client sends its first bytes in time. They are left for the protocol to read.
async fn speaks(stream: &TcpStream, within: Duration) -> bool {
    let deadline = Instant::now() + within;
    let mut buffer = [0; FIRST_BYTES];
    loop {
        match timeout_at(deadline, stream.peek(&mut buffer)).await {
            Ok(Ok(FIRST_BYTES)) => return true,
            Ok(Ok(0) | Err(_)) | Err(_) => return false,
            // What has come stays readable, so that waiting for readiness would not wait.
            Ok(Ok(_)) if Instant::now() < deadline => sleep(LOOK_AGAIN).await,
            Ok(Ok(_)) => return false,
        }
    }
}

impl Connected for Guarded {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        let local_addr: Option<SocketAddr> = self.stream.local_addr().ok();
        TcpConnectInfo { local_addr, remote_addr: self.stream.peer_addr().ok() }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_stream::StreamExt;

    use super::*;

    #[tokio::test]
    async fn the_door_admits_those_who_speak_and_closes_on_the_rest() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let mut admitted = guarded(listener, 2, Duration::from_millis(150), stop.clone(), CancellationToken::new());

        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut halting = TcpStream::connect(address).await.unwrap();
        halting.write_all(b"PRI *").await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut third = TcpStream::connect(address).await.unwrap();
        // Over the limit of two: closed at once. Silent or halting: closed when the time is over.
        let mut byte = [0];
        for stream in [&mut third, &mut silent, &mut halting] {
            let closed = timeout_at(Instant::now() + Duration::from_secs(2), stream.read(&mut byte)).await.unwrap();
            assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
        }

        let mut speaking = TcpStream::connect(address).await.unwrap();
        speaking.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut guarded = admitted.next().await.unwrap().unwrap();
        let mut preface = [0; FIRST_BYTES];
        guarded.read_exact(&mut preface).await.unwrap();
        assert_eq!(&preface[..3], b"PRI");
        stop.cancel();
        assert!(admitted.next().await.is_none());
    }
}
