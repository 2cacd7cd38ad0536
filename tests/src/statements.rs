//! A bank statement with noise: movements that the cashier registers, and the same as the bank tells them, of which one in a hundred is
//! wrong in some way. What of it ids determine is known beforehand, so that a reconciliation can be held against it.

use std::time::{Duration, Instant};

use api::google::r#type::Date;
use api::v1::{self, BankAccountPurpose};
use record::command::{StatementLine, lines_digest};
use record::kinds::{Direction, LineNature};
use sha2::{Digest as _, Sha256};
use testkit::process::{self, Served};

use crate::collecting::account;
use crate::load::place::{Engine, Place};
use crate::office::{CASHIER, MAKER, OWN, Office, REVIEWER, day, tokens_by};
use crate::{post, review};

/// The book.
const BOOK: &str = "statements";
/// The account.
pub const ACCOUNT: &str = "ZH-1";
/// Lines of one part of an upload.
const LINES_PER_CHUNK: usize = 500;
/// Requests under way at once while movements are registered: only the statement is measured.
const AT_ONCE: usize = 64;
/// One line in so many is wrong.
const WRONG_IN: u32 = 100;

/// How a wrong line is wrong, in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// The bank has another amount.
    Amount,
    /// The bank has no such line.
    Missing,
    /// The bank has another number.
    Number,
    /// The bank has it the other way round.
    Direction,
    /// The bank has one more, which nobody registered.
    Extra,
}

/// A statement of so many movements.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// Movements, from 1.
    pub movements: u32,
}

impl Noise {
    fn wrong(n: u32) -> Option<Wrong> {
        const ALL: [Wrong; 5] = [Wrong::Amount, Wrong::Missing, Wrong::Number, Wrong::Direction, Wrong::Extra];
        n.is_multiple_of(WRONG_IN).then(|| ALL[(n / WRONG_IN) as usize % ALL.len()])
    }

    /// Direction and amount of a movement: more comes in than goes out, on any day.
    fn moved(n: u32) -> (Direction, i64) {
        if n.is_multiple_of(2) {
            (Direction::Out, 5_000 + i64::from(n))
        } else {
            (Direction::In, 20_000 + i64::from(n))
        }
    }

    fn on(n: u32) -> Date {
        day(2018, 11, i32::try_from(n % 30).unwrap_or(0) + 1)
    }

    fn movement(n: u32) -> v1::BankTransaction {
        let (direction, amount_fen) = Noise::moved(n);
        let direction = if direction == Direction::In { v1::BankDirection::In } else { v1::BankDirection::Out };
        v1::BankTransaction {
            id: format!("L{n}"),
            account: ACCOUNT.into(),
            direction: direction.into(),
            amount_fen,
            date: Some(Noise::on(n)),
            counterparty_account: String::new(),
            settlement: v1::Settlement::Transfer.into(),
            currency: "CNY".into(),
            slip_digest: Sha256::digest(format!("slip {n}")).to_vec(),
        }
    }

    /// The lines as the bank tells them.
    pub fn lines(self) -> Vec<StatementLine> {
        let line = |id: String, n: u32, direction: Direction, fen: i64| StatementLine {
            id,
            date: record::Day::from_ymd(2018, 11, n % 30 + 1).expect("November has thirty days"),
            direction,
            fen,
            nature: LineNature::Other,
            reference: String::new(),
            party: "某单位工会".into(),
            party_no: "****0001".into(),
            memo: "保障费".into(),
        };
        let of = |n: u32| {
            let (direction, fen) = Noise::moved(n);
            let id = format!("L{n}");
            match Noise::wrong(n) {
                None => vec![line(id, n, direction, fen)],
                Some(Wrong::Amount) => vec![line(id, n, direction, fen + 1)],
                Some(Wrong::Missing) => Vec::new(),
                Some(Wrong::Number) => vec![line(format!("K{n}"), n, direction, fen)],
                Some(Wrong::Direction) => vec![line(id, n, Direction::In, fen)],
                Some(Wrong::Extra) => vec![line(id, n, direction, fen), line(format!("X{n}"), n, Direction::In, 7)],
            }
        };
        (1..=self.movements).flat_map(of).collect()
    }

    /// Lines that ids determine: their numbers, in order.
    pub fn determined(self) -> Vec<String> {
        // What is registered the other way round was even, and so went out; the bank tells that it came in.
        let right = |n: &u32| matches!(Noise::wrong(*n), None | Some(Wrong::Extra));
        (1..=self.movements).filter(right).map(|n| format!("L{n}")).collect()
    }
}

/// A server with a book whose cashier has registered everything.
pub struct Registered {
    /// The people.
    pub office: Office,
    served: Served,
    noise: Noise,
    _place: Place,
}

/// What a reconciliation took.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Uploading all parts.
    pub upload: Duration,
    /// Sealing, and with it all matches that ids determine.
    pub seal: Duration,
    /// Listing all open lines with proposals, and the reconciliation of the last day.
    pub list: Duration,
}

impl Registered {
    /// Starts a server over an empty place, and registers every movement.
    pub async fn start(engine: Engine, noise: Noise) -> Registered {
        let place = Place::make(engine).await;
        let tokens = tokens_by(|words| process::output_of(&mut place.command(words)));
        let served = Served::start(&mut place.serve(), &place.data().with_extension("log"));
        let office = Office::new(&served.endpoint(), &tokens, BOOK);
        office.open_book(v1::Period { year: 2018, month: 4 }, day(2019, 1, 1)).await;
        let account = account(ACCOUNT, OWN, BankAccountPurpose::FundSpecial);
        review!(
            office,
            MAKER,
            REVIEWER,
            book.register_bank_account(RegisterBankAccountRequest { bank_account: Some(account) })
        );
        register(&office, noise).await;
        Registered { office, served, noise, _place: place }
    }

    /// Imports the statement and lists what is open; the ids of the open lines with what was proposed for each, and the reconciliation.
    pub async fn reconcile(&self) -> (Taken, Vec<v1::UnmatchedLine>, v1::GetReconciliationResponse) {
        let lines = self.noise.lines();
        let begun = Instant::now();
        for (first_row, part) in (0u32..).map(|n| n * LINES_PER_CHUNK as u32 + 1).zip(lines.chunks(LINES_PER_CHUNK)) {
            let chunk = v1::StatementChunk {
                upload: "U-1".into(),
                account: ACCOUNT.into(),
                first_row,
                lines: part.iter().map(sent).collect(),
            };
            post!(
                self.office,
                MAKER,
                reconciliation.upload_statement_chunk(UploadStatementChunkRequest { chunk: Some(chunk) })
            );
        }
        let upload = begun.elapsed();
        let begun = Instant::now();
        let seal = seal(&lines);
        post!(self.office, MAKER, reconciliation.import_statement(ImportStatementRequest { seal: Some(seal) }));
        let sealed = begun.elapsed();
        let begun = Instant::now();
        let open = open_lines(&self.office).await;
        let reconciliation = reconciliation(&self.office).await;
        (Taken { upload, seal: sealed, list: begun.elapsed() }, open, reconciliation)
    }

    /// Ends the server in order.
    pub fn stop(self) {
        assert!(self.served.stop().success(), "the server did not go down in order");
    }
}

/// Registers every movement, many at once.
async fn register(office: &Office, noise: Noise) {
    let client = office.client(CASHIER);
    let mut tasks = tokio::task::JoinSet::new();
    for first in 1..=AT_ONCE as u32 {
        let (client, book) = (client.clone(), office.book());
        tasks.spawn(async move {
            for n in (first..=noise.movements).step_by(AT_ONCE) {
                let request = v1::RegisterBankTransactionRequest {
                    book: book.clone(),
                    request_id: format!("m-{n}"),
                    validate_only: false,
                    transaction: Some(Noise::movement(n)),
                };
                let asked = client.call(|to| {
                    let request = request.clone();
                    async move { to.spending().register_bank_transaction(request).await }
                });
                asked.await.expect("a movement is registered");
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("a task that registers does not panic");
    }
}

fn sent(line: &StatementLine) -> v1::StatementLine {
    let direction = if line.direction == Direction::In { v1::BankDirection::In } else { v1::BankDirection::Out };
    v1::StatementLine {
        id: line.id.clone(),
        date: Some(day(i32::from(line.date.year()), i32::from(line.date.month()), day_of_month(line))),
        direction: direction.into(),
        amount_fen: line.fen,
        nature: v1::LineNature::Other.into(),
        reference: line.reference.clone(),
        party: line.party.clone(),
        party_no: line.party_no.clone(),
        memo: line.memo.clone(),
    }
}

fn day_of_month(line: &StatementLine) -> i32 {
    let first = line.date.period().first_day();
    line.date.0 - first.0 + 1
}

fn seal(lines: &[StatementLine]) -> v1::StatementSeal {
    let sum = |direction| lines.iter().filter(|l| l.direction == direction).map(|l| l.fen).sum::<i64>();
    let (in_fen, out_fen) = (sum(Direction::In), sum(Direction::Out));
    v1::StatementSeal {
        code: "S-1".into(),
        upload: "U-1".into(),
        account: ACCOUNT.into(),
        from: Some(day(2018, 11, 1)),
        to: Some(day(2018, 11, 30)),
        count: u32::try_from(lines.len()).expect("a statement is not that long"),
        in_fen,
        out_fen,
        opening_fen: 0,
        closing_fen: in_fen - out_fen,
        lines_digest: lines_digest(lines).to_vec(),
        file_digest: Sha256::digest("file").to_vec(),
        replaces: String::new(),
    }
}

/// Every open line, page by page.
async fn open_lines(office: &Office) -> Vec<v1::UnmatchedLine> {
    let mut query = v1::ListUnmatchedRequest {
        book: office.book(),
        account: ACCOUNT.into(),
        page_size: 1_000,
        ..Default::default()
    };
    let client = office.client(REVIEWER);
    let mut open = Vec::new();
    loop {
        let asked = client.call(|to| {
            let query = query.clone();
            async move { to.reconciliation().list_unmatched(query).await }
        });
        let page = asked.await.expect("open lines are listed");
        open.extend(page.lines);
        if page.next_page_token.is_empty() {
            return open;
        }
        query.page_token = page.next_page_token;
    }
}

async fn reconciliation(office: &Office) -> v1::GetReconciliationResponse {
    let query = v1::GetReconciliationRequest {
        book: office.book(),
        account: ACCOUNT.into(),
        day: Some(day(2018, 11, 30)),
        ..Default::default()
    };
    let client = office.client(REVIEWER);
    let asked = client.call(|to| {
        let query = query.clone();
        async move { to.reconciliation().get_reconciliation(query).await }
    });
    asked.await.expect("the account is reconciled")
}

/// Panics unless exactly what ids determine is matched, and the rest is listed, each line that a movement is like with that movement.
pub fn assert_told(noise: Noise, open: &[v1::UnmatchedLine]) {
    let line = |open: &v1::UnmatchedLine| open.line.clone().map(|line| line.id).unwrap_or_default();
    let determined: std::collections::BTreeSet<String> = noise.determined().into_iter().collect();
    let lines = noise.lines();
    let rest: Vec<String> = lines.iter().map(|line| line.id.clone()).filter(|id| !determined.contains(id)).collect();
    assert_eq!(open.iter().map(line).collect::<Vec<_>>(), rest, "what is open is not what ids leave open");
    for open in open {
        let id = line(open);
        let proposed = open.proposals.first();
        let met = |criterion: v1::MatchCriterion| proposed.is_some_and(|p| p.met.contains(&criterion.into()));
        if let Some(number) = id.strip_prefix('K') {
            // Another number: day and amount are what is left.
            assert_eq!(proposed.map(|p| p.transaction.clone()), Some(format!("L{number}")), "{id}");
            assert!(met(v1::MatchCriterion::Amount) && met(v1::MatchCriterion::SameDay), "{id}");
        } else if id.starts_with('L') {
            // Another amount or direction under the same number.
            assert_eq!(proposed.map(|p| p.transaction.clone()), Some(id.clone()), "{id}");
            assert!(met(v1::MatchCriterion::Number) && !met(v1::MatchCriterion::Amount), "{id}");
        } else {
            assert!(proposed.is_none(), "{id} is like no movement: {proposed:?}");
        }
    }
}
