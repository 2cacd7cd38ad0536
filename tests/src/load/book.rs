//! A server process with one book that takes receipts, as the benches use it: started over an empty folder, filled with what receipts
//! need, looked at, and stopped for the comparison with its log.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::v1;
use testkit::process::{self, Served};
use tokio::task::block_in_place;

use super::acks::Acks;
use super::place::{Engine, Place};
use super::receipts::Receipts;
use super::unary::Target;
use crate::audit::head;
use crate::collecting::Collection;
use crate::office::{COLLECTOR, Office, Tokens, day, tokens_by};

/// The book under load.
pub const BOOK: &str = "load";
/// How often the views are looked at while they catch up.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Batches that the receipts are shared out among: as many as the season of 2018 had.
const BATCHES: u32 = 616;

/// A running server with its book.
pub struct Loaded {
    /// The process; none only while it is started again.
    running: Option<Served>,
    /// People of the book.
    pub office: Office,
    /// Where receipts go.
    pub target: Target,
    tokens: Tokens,
    place: Place,
}

impl Loaded {
    /// Starts a server and prepares the book for at least so many receipts.
    pub async fn start(engine: Engine, receipts: u64) -> Loaded {
        Loaded::start_at(Place::make(engine).await, receipts).await
    }

    /// The same at a place.
    pub async fn start_at(place: Place, receipts: u64) -> Loaded {
        let tokens = tokens_by(|words| process::output_of(&mut place.command(words)));
        let server = Served::start(&mut place.serve(), &place.data().with_extension("log"));
        let office = Office::new(&server.endpoint(), &tokens, BOOK);
        office.open_book(v1::Period { year: 2018, month: 4 }, day(2019, 1, 1)).await;
        let heads = u32::try_from(receipts.div_ceil(u64::from(BATCHES))).expect("batches hold that many");
        let collection = Collection { holders: 21, member_batches: BATCHES, union_batches: 0, heads };
        collection.prepare(&office).await;
        let receipts = Receipts::of(BOOK, collection);
        let target = Target {
            endpoint: server.endpoint(),
            token: tokens[COLLECTOR].clone(),
            acks: Arc::new(Acks::of(receipts.total())),
            receipts: Arc::new(receipts),
            next: Arc::default(),
        };
        Loaded { running: Some(server), office, target, tokens, place }
    }

    /// Stops the server in order and starts it again; tells how long the start took, to the first answer.
    pub async fn restart(&mut self) -> Duration {
        self.halt();
        let begun = Instant::now();
        let server = Served::start(&mut self.place.serve(), &self.place.data().with_extension("log"));
        self.office = Office::new(&server.endpoint(), &self.tokens, BOOK);
        head(&self.office).await;
        self.target.endpoint = server.endpoint();
        self.running = Some(server);
        begun.elapsed()
    }

    /// Stops the server in order and gives what the comparison with the log needs.
    pub fn stop(mut self) -> (Place, Target) {
        self.halt();
        (self.place, self.target)
    }

    fn halt(&mut self) {
        let server = self.running.take().expect("a book has a server");
        // Not as part of a task that other tasks wait for: the clients' connections must answer the server's goodbye.
        assert!(block_in_place(|| server.stop()).success(), "the server did not go down in order");
    }

    /// The server's process.
    pub fn server(&self) -> &Served {
        self.running.as_ref().expect("a book has a server")
    }

    /// Where the book is kept.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Records that the views lack.
    pub async fn backlog(&self) -> u64 {
        let head = head(&self.office).await;
        head.sequence.saturating_sub(head.view_sequence)
    }

    /// Waits until the views hold everything; tells how long that took.
    pub async fn catch_up(&self) -> Duration {
        let begun = Instant::now();
        while self.backlog().await > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        begun.elapsed()
    }
}

/// Bytes of a file with what its write-ahead log still holds.
pub fn bytes(folder: &Path, name: &str) -> u64 {
    let size = |name: String| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
    size(name.to_owned()) + size(format!("{name}-wal"))
}
