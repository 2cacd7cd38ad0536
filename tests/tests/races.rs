//! Sixty-four payers at once for one ceiling (办法第四条、第九条; 方案四): an approval, a budget line, a unit's places. What got
//! through equals the ceiling, with single heads to the last one; with mixed sizes never one fen or one head over, and nothing that
//! would still have fitted was refused. Through the real engine on the real stores; that rules judge right one by one, the scenarios
//! show.

use std::sync::Arc;
use std::time::Duration;

use earmark_tests::postgres::database;
use engine::store::Store;
use engine::{Book, Engine, Options};
use ledger::{Ask, Caller, Outcome, State, access};
use record::command::{ApprovalScope, RecordApproval, ReviewCommand};
use record::event::Hit;
use record::kinds::{ApprovalKind, BankPurpose, Direction, IncomeKind, OrgType, RegisterKind, Role, Verdict};
use record::{Command, Day, Fen, Sequence};
use store::{PostgresStore, SqliteStore};
use testkit::build::{self, GZ, PAYEE, PROVINCE, SPECIAL, bank_txn, day, yuan};
use testkit::season::FIRST_PERIOD;
use tokio::time::timeout;

const BOOK: &str = "GD";
/// Payers who race.
const PAYERS: u32 = 64;
/// What a head costs.
const PRICE: Fen = 9_500;
/// The approval that all of them draw on.
const APPROVAL: &str = "AP-RACE";

/// Nine in the morning of the day on which everything happens.
fn morning() -> i64 {
    i64::from(today().0) * 86_400_000_000 + 3_600_000_000
}

fn today() -> Day {
    day("2018-07-02")
}

/// The one ceiling of a race; everything else is wide enough for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ceiling {
    Approval,
    BudgetLine,
    Places,
}

impl Ceiling {
    /// Money that no places bound, where it is not places that bound it.
    fn source(self) -> &'static str {
        if self == Ceiling::Places { "S2P" } else { "S3N" }
    }

    /// The rule that says no.
    fn rule(self) -> &'static str {
        match self {
            Ceiling::Approval => "APR-001",
            Ceiling::BudgetLine => "BUD-001",
            Ceiling::Places => "BUD-004",
        }
    }
}

/// A book in an engine, and the people who ask it.
struct Office<S> {
    book: Arc<Book<S>>,
}

impl<S: Store> Office<S> {
    async fn ask(&self, person: &str, id: &str, command: Command) -> Outcome {
        let caller = Caller { person: person.into(), key_id: [7; 8], signature: None };
        let answer = self.book.submit(Ask::new(BOOK, caller, id.into(), command)).await;
        answer.unwrap_or_else(|error| panic!("{id}: {error}")).receipt.outcome
    }

    /// Asks as the person whose work it is, and has another review it where it takes review.
    async fn act(&self, id: &str, command: Command) -> Result<(), Vec<Hit>> {
        let maker = match access::makers(&command).first() {
            Some(Role::SvcDept) => "svc.dept",
            Some(Role::Cashier) => "cashier",
            Some(Role::Approver) => "approver",
            _ => "fin.maker",
        };
        let (maker, reviewer) = match &command {
            // A form is handed in by one department's person and reviewed by its own; the city's collector hands these in.
            Command::SubmitEnrollmentBatch(_) => ("collector.gz", ""),
            Command::GrantRole(_) => ("fin.chief", "approver"),
            Command::RegisterOrganization(_) => ("fin.maker", ""),
            _ => (maker, "fin.reviewer"),
        };
        let reviews = access::needs_review(&command);
        match self.ask(maker, id, command).await {
            Outcome::Submitted(submission) if reviews => self.review(reviewer, id, submission).await,
            Outcome::Refused(hits) => Err(hits),
            _ => Ok(()),
        }
    }

    async fn review(&self, reviewer: &str, id: &str, submission: Sequence) -> Result<(), Vec<Hit>> {
        let review = ReviewCommand { submission, verdict: Verdict::Approve, reason: String::new() };
        match self.ask(reviewer, &format!("{id}.review"), Command::ReviewCommand(review)).await {
            Outcome::Refused(hits) => Err(hits),
            _ => Ok(()),
        }
    }

    /// What must take effect.
    async fn set(&self, id: &str, command: Command) {
        if let Err(hits) = self.act(id, command).await {
            panic!("{id}: {hits:?}");
        }
    }
}

/// Everything that payers of so many heads each need, with one ceiling of `places` heads.
async fn prepare<S: Store>(store: Arc<S>, ceiling: Ceiling, heads: &[u32], places: u32) -> (Arc<Engine<S>>, Office<S>) {
    let clock = Arc::new(morning);
    let engine = Engine::open(store, Options { clock, ..Options::default() }).await.unwrap();
    let caller = Caller { person: "root".into(), key_id: [7; 8], signature: None };
    let create = build::create_book(FIRST_PERIOD, day("2019-01-01"));
    engine.create_book(caller, "open".into(), create).await.unwrap();
    let office = Office { book: engine.book(BOOK).unwrap() };
    let all: u32 = heads.iter().sum();
    let bound = |by: Ceiling| if by == ceiling { places } else { all };
    let fen = |heads: u32| i64::from(heads) * PRICE;
    let date = today();
    let org =
        |code: &str, kind, parent: &str| Command::RegisterOrganization(build::organization(code, code, kind, parent));
    office.set("org-1", org(GZ, OrgType::CityFed, PROVINCE)).await;
    office.set("org-2", org("GZ-U1", OrgType::Grassroots, GZ)).await;
    let account =
        |code: &str, owner: &str, purpose| Command::RegisterBankAccount(build::bank_account(code, owner, purpose));
    office.set("acc-1", account(SPECIAL, PROVINCE, BankPurpose::FundSpecial)).await;
    office.set("acc-2", account(PAYEE, "GDZHZ", BankPurpose::Payee)).await;
    let collector = build::person("collector.gz", Role::Collector, GZ);
    office.set("role", Command::GrantRole(record::command::GrantRole { person: collector })).await;
    let approve = |code: &str, kind, fen| Command::RecordApproval(build::approval(code, kind, date, fen));
    office.set("ap-1", approve("AP-SCHEME", ApprovalKind::Scheme, yuan(50_000_000))).await;
    office.set("ap-2", approve("AP-BUDGET", ApprovalKind::Budget, yuan(50_000_000))).await;
    office.set("scheme", Command::RegisterScheme(build::scheme("AP-SCHEME"))).await;
    let snapshot = build::snapshot("JD-2018", RegisterKind::Hardship, 40_000, date);
    office.set("snapshot", Command::RegisterSnapshot(snapshot)).await;
    let kind = if ceiling == Ceiling::Places { IncomeKind::Appropriation } else { IncomeKind::Donation };
    let money = bank_txn("TX-IN", SPECIAL, Direction::In, fen(all), date);
    office.set("tx-in", Command::RegisterBankTransaction(money)).await;
    office.set("income", Command::RecordIncome(build::income(kind, "GRANT", fen(all), date, "TX-IN"))).await;
    let line = build::budget_line(ceiling.source(), "B", "COMP", fen(bound(Ceiling::BudgetLine)));
    office.set("budget", Command::SetBudget(build::set_budget(2018, date, "AP-BUDGET", vec![line]))).await;
    if ceiling == Ceiling::Places {
        let lines = vec![build::quota_line("B", "COMP", Some(places))];
        office.set("quota", Command::AllocateQuota(build::quota("ME-1", GZ, date, lines))).await;
    }
    let approval = RecordApproval {
        scope: ApprovalScope { class: "B".into(), ..ApprovalScope::default() },
        ..build::approval(APPROVAL, ApprovalKind::Expenditure, date, fen(bound(Ceiling::Approval)))
    };
    office.set("ap-3", Command::RecordApproval(approval)).await;
    for (n, heads) in (0..).zip(heads) {
        let form = build::batch(&format!("P-{n}"), "GZ-U1", "B", "COMP", *heads, date);
        office.set(&format!("form-{n}"), Command::SubmitEnrollmentBatch(form)).await;
        let review = build::review_batch(&format!("P-{n}"), date);
        office.set(&format!("reviewed-{n}"), review_of(review)).await;
        let mut out = bank_txn(&format!("TX-{n}"), SPECIAL, Direction::Out, fen(*heads), date);
        out.counterparty_account = PAYEE.into();
        office.set(&format!("tx-{n}"), Command::RegisterBankTransaction(out)).await;
    }
    (engine, office)
}

fn review_of(review: record::command::ReviewEnrollmentBatch) -> Command {
    Command::ReviewEnrollmentBatch(review)
}

/// One payer: commits and pays, or hears what forbids it.
async fn pay<S: Store>(office: Arc<Office<S>>, source: &'static str, n: u32, heads: u32) -> Result<u32, Vec<Hit>> {
    let (code, date) = (format!("CM-{n}"), today());
    let commit = build::commit(&code, APPROVAL, (source, "B", "COMP"), heads, PRICE, date);
    office.act(&format!("commit-{n}"), Command::CommitExpenditure(commit)).await?;
    let batch = format!("P-{n}");
    let pay = build::disburse(&code, &[&batch], heads, PRICE, date, &format!("TX-{n}"));
    office.act(&format!("pay-{n}"), Command::Disburse(pay)).await?;
    Ok(heads)
}

/// What the books say was paid, in heads and fen.
fn paid(state: &State) -> (u32, Fen) {
    let payments = state.payments.values().filter(|payment| !payment.reversed);
    payments.fold((0, 0), |(heads, fen), payment| (heads + payment.heads, fen + payment.fen))
}

async fn race<S: Store>(store: S, ceiling: Ceiling, heads: Vec<u32>, places: u32) {
    let (engine, office) = prepare(Arc::new(store), ceiling, &heads, places).await;
    let office = Arc::new(office);
    let payers: Vec<_> = (0..)
        .zip(heads.iter().copied())
        .map(|(n, heads)| (heads, tokio::spawn(pay(Arc::clone(&office), ceiling.source(), n, heads))))
        .collect();
    let (mut through, mut smallest_refused) = (0, u32::MAX);
    for (heads, payer) in payers {
        match timeout(Duration::from_secs(60), payer).await.expect("in time").expect("no panic") {
            Ok(paid) => through += paid,
            Err(hits) => {
                assert!(hits.iter().any(|hit| hit.rule == ceiling.rule()), "{ceiling:?}: {hits:?}");
                smallest_refused = smallest_refused.min(heads);
            }
        }
    }
    assert!(through <= places, "{ceiling:?}: {through} heads of {places} got through");
    assert!(smallest_refused < u32::MAX, "{ceiling:?}: nobody was refused");
    // Only what does not fit is refused; of single heads that means: all of the ceiling is used.
    assert!(
        places - through < smallest_refused,
        "{ceiling:?}: {through} of {places}, yet {smallest_refused} was refused"
    );
    let booked = office.book.read(paid).unwrap();
    assert_eq!(booked, (through, i64::from(through) * PRICE), "{ceiling:?}: the books say otherwise");
    if ceiling != Ceiling::Places {
        let used = office.book.read(|state| state.approvals.find(APPROVAL).map(|(_, a)| a.used_fen)).unwrap();
        assert_eq!(used, Some(booked.1), "{ceiling:?}: the approval was used for what was paid");
    }
    engine.shutdown().await;
}

/// Every ceiling, with single heads and with mixed sizes.
async fn races<S: Store>(open: impl AsyncFn() -> S) {
    for ceiling in [Ceiling::Approval, Ceiling::BudgetLine, Ceiling::Places] {
        race(open().await, ceiling, vec![1; PAYERS as usize], 40).await;
        race(open().await, ceiling, (0..PAYERS).map(|n| 1 + n * 7 % 5).collect(), 101).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_payers_race_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let made = std::sync::atomic::AtomicU32::new(0);
    races(async || {
        let no = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        SqliteStore::open(&dir.path().join(no.to_string())).await.unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_payers_race_on_postgresql() {
    races(async || {
        let database = database().await;
        PostgresStore::open(&database.url).await.unwrap()
    })
    .await;
}
