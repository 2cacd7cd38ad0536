//! The people who keep a book, each with a token and a connection, and how they ask: a change by one person, where needed approved by
//! another. What they ask for stands in `collecting` and `season`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::google::r#type::Date;
use api::v1::{self, EvidenceKind, Role, mutation_result::Outcome};
use client::{Client, ClientError, Options};
use sha2::{Digest as _, Sha256};
use testkit::process;

/// The organisation whose book it is.
pub const OWN: &str = "GDZGH";
/// The mutual-aid association, which the preset knows.
pub const ASSOCIATION: &str = "GDZHZ";

/// Opens books and has no role in any.
pub const OPERATOR: &str = "operator";
/// FIN_MAKER.
pub const MAKER: &str = "maker";
/// FIN_REVIEWER.
pub const REVIEWER: &str = "reviewer";
/// FIN_CHIEF.
pub const CHIEF: &str = "chief";
/// CASHIER.
pub const CASHIER: &str = "cashier";
/// SVC_DEPT.
pub const SERVICE: &str = "service";
/// ECO_DEPT.
pub const ECONOMY: &str = "economy";
/// APPROVER.
pub const APPROVER: &str = "approver";
/// COLLECTOR of the province and everything below it.
pub const COLLECTOR: &str = "collector";
/// AUDIT.
pub const AUDIT: &str = "audit";
/// Has a token and no role in any book.
pub const STRANGER: &str = "stranger";

/// The persons of a book, their names on vouchers, and roles.
const PEOPLE: &[(&str, &str, Role)] = &[
    (MAKER, "制单", Role::FinMaker),
    (REVIEWER, "审核", Role::FinReviewer),
    (CHIEF, "会计主管", Role::FinChief),
    (CASHIER, "出纳", Role::Cashier),
    (SERVICE, "职工服务部", Role::SvcDept),
    (ECONOMY, "经济工作部", Role::EcoDept),
    (APPROVER, "批复登记", Role::Approver),
    (COLLECTOR, "代收系统", Role::Collector),
    (AUDIT, "经审会", Role::Audit),
];

/// Tokens by person.
pub type Tokens = BTreeMap<&'static str, String>;

/// Makes a token for everybody, in the data folder, with the operators' command.
pub fn tokens(data: &Path) -> Tokens {
    tokens_by(|words| process::output(data, words))
}

/// Makes a token for everybody with a command that takes these words and gives what it prints.
pub fn tokens_by(run: impl Fn(&[&str]) -> String) -> Tokens {
    let people = PEOPLE.iter().map(|(code, ..)| *code).chain([OPERATOR, STRANGER]);
    let made = people.map(|person| {
        let mut words = vec!["token", "create", person];
        words.extend((person == OPERATOR).then_some("--operator"));
        (person, run(&words).trim().to_owned())
    });
    made.collect()
}

/// A client with a connection of its own.
pub fn connect(endpoint: &str, token: &str) -> Client {
    let options = Options {
        endpoints: vec![endpoint.to_owned()],
        token: token.to_owned(),
        language: "en".into(),
        trust: None,
        deadline: Duration::from_secs(60),
    };
    Client::connect(&options).expect("the endpoint is an address")
}

/// The people of one book at their desks.
pub struct Office {
    clients: BTreeMap<&'static str, Client>,
    book: String,
    /// Tells apart what several offices of one book ask.
    begun: u64,
    serial: AtomicU64,
}

impl Office {
    /// Seats everybody who has a token.
    pub fn new(endpoint: &str, tokens: &Tokens, book: &str) -> Office {
        let clients = tokens.iter().map(|(person, token)| (*person, connect(endpoint, token))).collect();
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
        Office { clients, book: book.to_owned(), begun, serial: AtomicU64::new(0) }
    }

    /// Code of the book.
    pub fn book(&self) -> String {
        self.book.clone()
    }

    /// The client of a person.
    pub fn client(&self, person: &str) -> Client {
        self.clients.get(person).unwrap_or_else(|| panic!("{person} has no desk")).clone()
    }

    /// A number that this office has not given before.
    pub fn next(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// A request id that was not given before.
    pub fn request_id(&self) -> String {
        format!("{:x}-{}", self.begun, self.next())
    }

    /// Opens the book from the preset, with everybody in it.
    pub async fn open_book(&self, first: v1::Period, live_from: Date) {
        let persons = PEOPLE.iter().map(|(code, display, role)| v1::Person {
            code: (*code).into(),
            display: (*display).into(),
            roles: vec![(*role).into()],
            organization: if *role == Role::Collector { OWN.into() } else { String::new() },
        });
        let request = v1::CreateBookRequest {
            book: self.book(),
            request_id: self.request_id(),
            name: "广东省总工会 住院二次医保资金".into(),
            organization: Some(organization(OWN, "广东省总工会", v1::OrganizationType::ProvFed, "")),
            preset_choice: Some(v1::create_book_request::PresetChoice::PresetName("hospital-2018".into())),
            first_period: Some(first),
            live_from: Some(live_from),
            persons: persons.collect(),
            validate_only: false,
        };
        let asked = self.client(OPERATOR);
        let created = asked.call(|to| {
            let request = request.clone();
            async move { to.book().create_book(request).await }
        });
        self.posted("create_book", created.await.map(|answer| answer.result));
    }

    /// What a change became; panics with the whole refusal where it was refused.
    pub fn answered(&self, what: &str, result: Result<Option<v1::MutationResult>, ClientError>) -> v1::MutationResult {
        match result {
            Ok(Some(result)) => result,
            Ok(None) => panic!("{what}: the answer is empty"),
            Err(error) => panic!("{what}: {error} {:?}", error.status().map(rules)),
        }
    }

    /// References of the vouchers that a change posted; panics where it waits for review or was refused.
    pub fn posted(&self, what: &str, result: Result<Option<v1::MutationResult>, ClientError>) -> Vec<String> {
        match self.answered(what, result).outcome {
            Some(Outcome::Posted(posted)) => posted.vouchers.into_iter().map(|voucher| voucher.reference).collect(),
            outcome => panic!("{what}: not posted but {outcome:?}"),
        }
    }

    /// Approves what another person submitted; the vouchers' references.
    pub async fn approve(&self, what: &str, reviewer: &str, submitted: v1::MutationResult) -> Vec<String> {
        let Some(Outcome::Submitted(submitted)) = submitted.outcome else {
            panic!("{what}: not submitted but {:?}", submitted.outcome);
        };
        let request = v1::ReviewCommandRequest {
            book: self.book(),
            request_id: self.request_id(),
            validate_only: false,
            review: Some(v1::CommandReview {
                submission: submitted.submission,
                verdict: v1::Verdict::Approve.into(),
                reason: String::new(),
            }),
        };
        let client = self.client(reviewer);
        let reviewed = client.call(|to| {
            let request = request.clone();
            async move { to.voucher().review_command(request).await }
        });
        self.posted(what, reviewed.await.map(|answer| answer.result))
    }

    /// A document that backs a request, unlike any before.
    pub fn paper(&self, kind: EvidenceKind, date: Date) -> v1::Evidence {
        let no = self.next();
        let digest = Sha256::digest(format!("{} {no}", self.begun)).to_vec();
        v1::Evidence { kind: kind.into(), doc_no: format!("文-{no}"), date: Some(date), digest, pages: 1 }
    }
}

/// One person's change: `change!(office, MAKER, funding.record_interest(RecordInterestRequest { income: Some(income) }))`. Gives the
/// answer's result, or what refused it.
#[macro_export]
macro_rules! change {
    (
        $office:expr,
        $person:expr,
        $service:ident.$method:ident($request:ident { $($field:ident: $value:expr),+ $(,)? })
    ) => {{
        let office: &$crate::office::Office = &$office;
        let request = api::v1::$request {
            book: office.book(),
            request_id: office.request_id(),
            validate_only: false,
            $($field: $value),+
        };
        let client = office.client($person);
        let answer = client.call(|to| {
            let request = request.clone();
            async move { to.$service().$method(request).await }
        });
        answer.await.map(|answer| answer.result)
    }};
}

/// [`change!`] that must take effect at once: the references of its vouchers.
#[macro_export]
macro_rules! post {
    ($office:expr, $person:expr, $service:ident.$method:ident($($request:tt)+)) => {{
        let result = $crate::change!($office, $person, $service.$method($($request)+));
        $office.posted(stringify!($method), result)
    }};
}

/// [`change!`] that a second person approves: the references of its vouchers.
#[macro_export]
macro_rules! review {
    ($office:expr, $person:expr, $reviewer:expr, $service:ident.$method:ident($($request:tt)+)) => {{
        let result = $crate::change!($office, $person, $service.$method($($request)+));
        let submitted = $office.answered(stringify!($method), result);
        $office.approve(stringify!($method), $reviewer, submitted).await
    }};
}

/// The rules that a refusal names.
pub fn rules(status: &tonic::Status) -> Vec<String> {
    use tonic_types::StatusExt;
    let details = status.get_error_details();
    let violations = details.precondition_failure().map(|failure| failure.violations.clone()).unwrap_or_default();
    let malformed = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    let refused = violations.into_iter().map(|v| format!("{} {}: {}", v.r#type, v.subject, v.description));
    refused.chain(malformed.into_iter().map(|v| format!("{}: {}", v.field, v.description))).collect()
}

/// A day.
pub fn day(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

/// An organisation.
pub fn organization(code: &str, name: &str, kind: v1::OrganizationType, parent: &str) -> v1::Organization {
    v1::Organization {
        code: code.into(),
        name: name.into(),
        r#type: kind.into(),
        parent: parent.into(),
        region: String::new(),
        uscc: String::new(),
    }
}
