//! A small world: a book opened from the preset, its people, and the commands that the cases send.

use std::sync::Arc;
use std::time::Duration;

use engine::{Answer, Book, Engine, EngineError, Options, Pending};
use ledger::{Ask, Caller, Outcome};
use record::command::{
    ClosePeriod, CorrectVoucher, CreateBook, Evidence, GrantSpec, PersonDef, RecordIncome, RegisterBankAccount,
    RegisterBankTransaction, RegisterOrganization, ReviewCommand,
};
use record::hash::sha256;
use record::kinds::{BankPurpose, Direction, EvidenceKind, IncomeKind, OrgType, Role, Settlement, Verdict, Word};
use record::preset::OrgDef;
use record::{Command, Day, Period, Sequence, VoucherRef};

use super::staged::Staged;

pub const BOOK: &str = "GDFTU";
/// 2018-06-01 09:00 in Guangzhou, microseconds.
pub const MORNING: i64 = 1_527_814_800_000_000;

pub fn today() -> Day {
    Day::of_instant(MORNING)
}

/// Short waits, a clock that stands still, a digest only where a case asks for one, every command decided ahead of the commit that is
/// under way, and a tail that forgets as soon as it may.
pub fn options() -> Options {
    Options {
        ahead_commands: 1,
        chunk_records: 1,
        read_wait: Duration::from_millis(200),
        room_wait: Duration::from_millis(200),
        shutdown_wait: Duration::from_millis(300),
        clock: Arc::new(|| MORNING),
        ..Options::default()
    }
}

/// The verdicts on everything handed in, in its order.
pub async fn verdicts(pending: impl IntoIterator<Item = Pending>) -> Vec<Result<Answer, EngineError>> {
    let mut all = Vec::new();
    for some in pending {
        all.extend(some.answers().await);
    }
    all
}

pub struct World {
    pub store: Arc<Staged>,
    pub engine: Arc<Engine<Staged>>,
    pub book: Arc<Book<Staged>>,
}

impl World {
    /// A new book.
    pub async fn new(options: Options) -> World {
        let store = Arc::new(Staged::default());
        let engine = Engine::open(Arc::clone(&store), options).await.unwrap();
        let answer = engine.create_book(caller("root"), "open".into(), create()).await.unwrap();
        assert!(!answer.replayed);
        let book = engine.book(BOOK).unwrap();
        World { store, engine, book }
    }

    /// The same storage in a new process; the old one may still run.
    pub async fn reopen(&self, options: Options) -> Result<World, EngineError> {
        let store = Arc::new(self.store.reopened());
        let engine = Engine::open(Arc::clone(&store), options).await?;
        let book = engine.book(BOOK).unwrap();
        Ok(World { store, engine, book })
    }

    pub async fn send(&self, who: &str, id: &str, command: Command) -> Result<Answer, EngineError> {
        self.book.submit(ask(who, id, command)).await
    }

    /// Sends what must be posted; gives the sequence of its last record.
    pub async fn post(&self, who: &str, id: &str, command: Command) -> Sequence {
        let answer = self.send(who, id, command).await.unwrap();
        assert!(matches!(answer.receipt.outcome, Outcome::Posted(_)), "{id}: {answer:?}");
        answer.receipt.last
    }

    /// Submits what takes review and approves it; gives the vouchers posted.
    pub async fn reviewed(&self, id: &str, command: Command) -> Vec<VoucherRef> {
        let answer = self.send("maker", id, command).await.unwrap();
        let Outcome::Submitted(submission) = answer.receipt.outcome else { panic!("{id}: {answer:?}") };
        let answer = self.send("reviewer", &format!("{id}.review"), approve(submission)).await.unwrap();
        let Outcome::Posted(vouchers) = answer.receipt.outcome else { panic!("{id}: {answer:?}") };
        vouchers.into_iter().map(|(reference, _)| reference).collect()
    }

    /// A bank account, so that slips can be registered on it.
    pub async fn with_bank(&self) {
        let account = RegisterBankAccount {
            code: "ZH1".into(),
            organization: "GDFTU".into(),
            purpose: BankPurpose::FundSpecial,
            name: "住院二次医保资金专户".into(),
            masked_no: "****1234".into(),
            currency: "CNY".into(),
        };
        self.reviewed("bank", Command::RegisterBankAccount(account)).await;
    }

    /// Interest booked, with its slip.
    pub async fn interest(&self, name: &str, fen: i64) -> VoucherRef {
        self.post("cashier", &format!("{name}.slip"), slip(name, Direction::In, fen)).await;
        self.reviewed(name, income(name, fen)).await[0]
    }

    pub fn root(&self) -> record::Digest {
        self.book.head().unwrap().root
    }

    pub fn state_digest(&self) -> record::Digest {
        self.book.read(ledger::State::digest).unwrap()
    }

    /// Waits until the views hold everything.
    pub async fn caught_up(&self) {
        let head = self.book.head().unwrap().sequence;
        assert_eq!(self.book.views_at(None, false, None).await.unwrap(), head);
    }
}

pub fn caller(person: &str) -> Caller {
    Caller { person: person.into(), key_id: [7; 8], signature: None }
}

pub fn ask(who: &str, id: &str, command: Command) -> Ask {
    Ask::new(BOOK, caller(who), id.into(), command)
}

pub fn create() -> CreateBook {
    let person = |code: &str, role: Role| PersonDef {
        code: code.into(),
        display: code.into(),
        roles: vec![role],
        organization: String::new(),
    };
    CreateBook {
        book: BOOK.into(),
        name: "省总工会住院二次医保资金".into(),
        organization: org_def("GDFTU", OrgType::ProvFed),
        preset: ledger::preset::builtin("hospital-2018").unwrap(),
        first_period: Period { year: 2018, month: 4 },
        live_from: Day::from_ymd(2018, 4, 1).unwrap(),
        persons: vec![
            person("maker", Role::FinMaker),
            person("reviewer", Role::FinReviewer),
            person("chief", Role::FinChief),
            person("cashier", Role::Cashier),
        ],
    }
}

fn org_def(code: &str, org_type: OrgType) -> OrgDef {
    OrgDef {
        code: code.into(),
        name: format!("{code}总工会"),
        org_type,
        parent: String::new(),
        region: "440000".into(),
        uscc: String::new(),
    }
}

/// Registers an organisation: the plainest command, one record, no facts but its request.
pub fn organization(code: &str) -> Command {
    Command::RegisterOrganization(RegisterOrganization { organization: org_def(code, OrgType::CityFed) })
}

/// A bank slip. On an account that does not exist it is refused by SRC-010.
pub fn slip(id: &str, direction: Direction, fen: i64) -> Command {
    Command::RegisterBankTransaction(RegisterBankTransaction {
        id: id.into(),
        account: "ZH1".into(),
        direction,
        fen,
        date: today(),
        counterparty_account: String::new(),
        settlement: Settlement::Transfer,
        currency: "CNY".into(),
        slip_digest: sha256(id.as_bytes()),
    })
}

pub fn income(name: &str, fen: i64) -> Command {
    let evidence = Evidence {
        kind: EvidenceKind::BankSlip,
        doc_no: name.into(),
        date: today(),
        digest: sha256(format!("{name} slip").as_bytes()),
        pages: 1,
    };
    Command::RecordIncome(RecordIncome {
        kind: IncomeKind::Interest,
        source: String::new(),
        account: String::new(),
        grant: GrantSpec {
            code: format!("LX-{name}"),
            grantor: String::new(),
            doc_no: format!("2018-{name}"),
            permitted_uses: Vec::new(),
            valid_from: None,
            valid_to: None,
        },
        fen,
        date: today(),
        bank_account: "ZH1".into(),
        bank_txn: name.into(),
        bill_no: String::new(),
        summary: String::new(),
        evidence: vec![evidence],
    })
}

pub fn approve(submission: Sequence) -> Command {
    Command::ReviewCommand(ReviewCommand { submission, verdict: Verdict::Approve, reason: String::new() })
}

/// The correction of an income's kind: red and blue on the movement that it came by. (A reversal alone would need the money to have gone
/// back to a registered account, which a payer's is not.)
pub fn correct(voucher: VoucherRef, name: &str, fen: i64) -> Command {
    let Command::RecordIncome(wrong) = income(name, fen) else { unreachable!("income is RecordIncome") };
    let right = RecordIncome {
        kind: IncomeKind::Other,
        grant: GrantSpec { code: format!("QT-{name}"), ..wrong.grant.clone() },
        ..wrong
    };
    Command::CorrectVoucher(CorrectVoucher {
        voucher,
        date: today(),
        reason: "串户".into(),
        replacement: Box::new(Command::RecordIncome(right)),
        evidence: Vec::new(),
    })
}

pub fn close(month: u8) -> Command {
    Command::ClosePeriod(ClosePeriod { period: Period { year: 2018, month } })
}

pub const JI: Word = Word::Ji;

/// The rules that an answer was refused by.
pub fn rules(answer: &Answer) -> Vec<String> {
    match &answer.receipt.outcome {
        Outcome::Refused(hits) => hits.iter().map(|hit| hit.rule.clone()).collect(),
        other => panic!("not refused: {other:?}"),
    }
}
