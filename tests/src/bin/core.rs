//! What a receipt costs in the core, without server or store: made ready to decide, decided, encoded, hashed, appended to the tree, made
//! into view rows, read again. `cargo xtask bench core` runs it.

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use ledger::{Ask, Caller, Decision, Facts, State, decide, project};
use proof::Tree;
use record::kinds::PayerType;
use record::{Command, Record, hash};
use testkit::book::Book;
use testkit::build::{self, GZ, day};
use testkit::season;

fn main() {
    divan::main();
}

/// A book that takes receipts, and a receipt with what becomes of it.
struct World {
    book: Book,
    /// The state after the receipt.
    after: State,
    command: Command,
    person: String,
    ask: Ask,
    record: Record,
    body: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut book = Book::new();
    let parts = [season::opening(day("2019-01-01")), season::programme(), season::funding(), season::enrolment()];
    season::play(&mut book, parts.into_iter().flatten().collect());
    book.set_day(day("2018-10-31"));
    let receipt = build::receipt(GZ, "A-1", 1, PayerType::Member, day("2018-10-31"), "SJ-1");
    let command = Command::PostPremiumReceipt(receipt);
    let person = book.maker_of(&command);
    let ask = ask(&book.state.book, &person, &command);
    let Decision::Records(records) = decide(&book.state, &ask, &Facts::default(), book.now) else {
        panic!("a receipt makes a record");
    };
    let record = records.into_iter().next().expect("a receipt makes a record");
    let body = record::encode(&record);
    let mut after = book.state.clone();
    after.apply(&record);
    World { book, after, command, person, ask, record, body }
});

fn ask(book: &str, person: &str, command: &Command) -> Ask {
    let caller = Caller { person: person.to_owned(), key_id: [7; 8], signature: None };
    Ask::new(book, caller, "load-000000001".into(), command.clone())
}

/// The canonical form of a command and its fingerprint.
#[divan::bench]
fn receipt_made_ready() -> Ask {
    let world = &*WORLD;
    ask(&world.book.state.book, &world.person, black_box(&world.command))
}

/// All rules and the voucher.
#[divan::bench]
fn receipt_decided() -> Decision {
    let world = &*WORLD;
    decide(&world.book.state, black_box(&world.ask), &Facts::default(), world.book.now)
}

/// Its one encoding.
#[divan::bench]
fn record_encoded() -> Vec<u8> {
    record::encode(black_box(&WORLD.record))
}

/// SHA-256 of its body.
#[divan::bench]
fn record_hashed() -> record::Digest {
    hash::leaf_hash(black_box(&WORLD.body))
}

/// A strict decode.
#[divan::bench]
fn record_decoded() -> Record {
    record::decode(black_box(&WORLD.body)).expect("it was encoded just now")
}

/// What the projector makes of it.
#[divan::bench]
fn record_projected() -> usize {
    let world = &*WORLD;
    let rows = project(&world.after, black_box(std::slice::from_ref(&world.record)));
    rows.expect("what was decided can be projected").len()
}

/// Leaves appended, and the root once a batch.
#[divan::bench(args = [1, 64, 2_048])]
fn leaves_appended(bencher: Bencher<'_, '_>, batch: usize) {
    let leaf = hash::leaf_hash(&WORLD.body);
    let mut tree = Tree::empty();
    bencher.counter(ItemsCount::new(batch)).bench_local(|| {
        (0..batch).for_each(|_| tree.push(black_box(leaf)));
        tree.root()
    });
}
