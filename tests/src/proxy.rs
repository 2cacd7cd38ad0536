//! A proxy before PostgreSQL that cuts the line at a COMMIT of a writer: before the server sees it, while it is under way, after it is
//! done. It knows as much of the protocol as that takes. What comes of a cut is its user's matter.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// When a line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// COMMIT never reaches the server, which sees the line end.
    Before,
    /// COMMIT reaches the server, and both ends see the line end at once.
    During,
    /// The client sees the line end; COMMIT reaches the server a while later. What a network does that held it up.
    Late,
    /// The server has committed and answered; the answer is lost.
    After,
}

/// All of them.
pub const CUTS: [Cut; 4] = [Cut::Before, Cut::During, Cut::Late, Cut::After];
/// How much later a late COMMIT comes: time enough for a client to connect again and look.
const LATER: Duration = Duration::from_millis(300);
/// A COMMIT as the driver sends it, alone and in one piece, since it waits for the answer of what came before.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
/// What only a connection that writes a log asks.
const WRITER: &[u8] = b"pg_try_advisory_lock";

/// A proxy on a port of loopback.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: u16,
    /// What happens at the next COMMIT of a line that `marks` a writer, if not all lines count as such.
    armed: Mutex<Option<Cut>>,
    every_line: bool,
    cuts: AtomicU64,
    /// Whether lines are let through at all.
    open: watch::Sender<bool>,
}

impl Shared {
    fn armed(&self) -> MutexGuard<'_, Option<Cut>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// A proxy before the server's port that cuts lines of writers of a log; with `every_line`, any line.
    pub async fn start(server: u16, every_line: bool) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Shared {
            server,
            armed: Mutex::new(None),
            every_line,
            cuts: AtomicU64::new(0),
            open: watch::Sender::new(true),
        };
        let shared = Arc::new(shared);
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, Arc::clone(&accepting)));
            }
        });
        Proxy { address, shared }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Cuts the line at the next COMMIT.
    pub fn arm(&self, cut: Cut) {
        *self.shared.armed() = Some(cut);
    }

    /// Whether the last cut armed is still to come.
    pub fn is_armed(&self) -> bool {
        self.shared.armed().is_some()
    }

    /// Lines cut so far.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::Relaxed)
    }

    /// Lets nothing through, and breaks what is open; or lets all through again.
    pub fn set_open(&self, open: bool) {
        self.shared.open.send_replace(open);
    }
}

async fn pass(client: TcpStream, shared: Arc<Shared>) {
    let mut open = shared.open.subscribe();
    if !*open.borrow() {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", shared.server)).await else { return };
    for line in [&client, &server] {
        line.set_nodelay(true).expect("a socket can be told to hurry");
    }
    tokio::select! {
        _ = open.wait_for(|open| !open) => {}
        () = carry(client, server, &shared) => {}
    }
}

/// Carries both directions until one ends or the line is cut.
async fn carry(mut client: TcpStream, mut server: TcpStream, shared: &Shared) {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut writes = shared.every_line;
    let mut lose_answer = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                let chunk = &asked[..count];
                writes |= chunk.windows(WRITER.len()).any(|window| window == WRITER);
                let cut = if writes && chunk == COMMIT { shared.armed().take() } else { None };
                if cut.is_some() {
                    shared.cuts.fetch_add(1, Ordering::Relaxed);
                }
                match cut {
                    Some(Cut::Before) => return,
                    Some(Cut::During) => {
                        let _ = server.write_all(chunk).await;
                        return;
                    }
                    Some(Cut::Late) => {
                        drop(client);
                        tokio::time::sleep(LATER).await;
                        let _ = server.write_all(chunk).await;
                        // Held a little, so that the server does not find the line gone before it has read.
                        let _ = server.read(&mut answered).await;
                        return;
                    }
                    Some(Cut::After) => lose_answer = true,
                    None => {}
                }
                if server.write_all(chunk).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if lose_answer || client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
