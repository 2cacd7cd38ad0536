//! A served book: a server on a free port over the memory store, and a client for every person.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::google::r#type::Date;
use api::v1;
use api::v1::mutation_result::Outcome;
use client::{Client, ClientError, Options};
use engine::Engine;
use engine::store::{Store, TokenEntry};
use server::{ServeError, ServeOptions, serve};
use testkit::memory::MemoryStore;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The book of every test here.
pub const BOOK: &str = "gd-2018";

/// Persons of the book, with their roles.
pub const PEOPLE: [(&str, v1::Role); 9] = [
    ("maker", v1::Role::FinMaker),
    ("reviewer", v1::Role::FinReviewer),
    ("chief", v1::Role::FinChief),
    ("cashier", v1::Role::Cashier),
    ("approver", v1::Role::Approver),
    ("svc", v1::Role::SvcDept),
    ("eco", v1::Role::EcoDept),
    ("gz-system", v1::Role::Collector),
    ("audit", v1::Role::Audit),
];

/// A running server and the tokens of its people.
pub struct Served {
    pub address: SocketAddr,
    pub engine: Arc<Engine<MemoryStore>>,
    tokens: BTreeMap<String, String>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Result<(), ServeError>>,
    ids: AtomicU64,
}

/// A server without books; `operator` may open them.
pub async fn serve_empty() -> Served {
    serve_with(engine::Options::default()).await
}

/// The same with these options.
async fn serve_with(options: engine::Options) -> Served {
    let store = Arc::new(MemoryStore::new());
    let mut tokens = BTreeMap::new();
    let names = PEOPLE.iter().map(|(name, _)| *name).chain(["operator", "stranger"]);
    for (number, name) in (1u8..).zip(names) {
        let token = server::auth::token_text(&[number; 32]);
        let entry = TokenEntry {
            hash: server::auth::token_hash(&token).unwrap(),
            person: name.to_owned(),
            operator: name == "operator",
            created_at: 0,
            expires_at: None,
            revoked: false,
        };
        store.add_token(&entry).await.unwrap();
        tokens.insert(name.to_owned(), token);
    }
    let engine = Engine::open(store, options).await.unwrap();
    let (bound, address) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let options = ServeOptions::at("127.0.0.1:0".parse().unwrap(), None);
    let serving = tokio::spawn(serve(Arc::clone(&engine), options, bound, async move { drop(stopped.await) }));
    let address = address.await.unwrap();
    Served { address, engine, tokens, stop: Some(stop), serving, ids: AtomicU64::new(1) }
}

/// A server that signs the book with these keys.
pub async fn serve_book_with(keys: &[&proof::Signer]) -> Served {
    let mut log_keys = engine::LogKeys::default();
    keys.iter().for_each(|key| log_keys.add(BOOK, (*key).clone()));
    let served = serve_with(engine::Options { log_keys: Arc::new(log_keys), ..engine::Options::default() }).await;
    open_book(&served).await;
    served
}

/// A server with the book open.
pub async fn serve_book() -> Served {
    let served = serve_empty().await;
    open_book(&served).await;
    served
}

async fn open_book(served: &Served) {
    served.client("operator").call(|t| async { t.book().create_book(creation()).await }).await.unwrap();
}

/// The request that opens the book.
pub fn creation() -> v1::CreateBookRequest {
    let person = |(code, role): &(&str, v1::Role)| v1::Person {
        code: (*code).to_owned(),
        display: (*code).to_owned(),
        roles: vec![(*role).into()],
        organization: if *role == v1::Role::Collector { "GDZGH".into() } else { String::new() },
    };
    v1::CreateBookRequest {
        book: BOOK.into(),
        request_id: "open".into(),
        name: "广东省总工会住院二次医保资金".into(),
        organization: Some(v1::Organization {
            code: "GDZGH".into(),
            name: "广东省总工会".into(),
            r#type: v1::OrganizationType::ProvFed.into(),
            ..Default::default()
        }),
        preset_choice: Some(v1::create_book_request::PresetChoice::PresetName("hospital-2018".into())),
        first_period: Some(v1::Period { year: 2018, month: 1 }),
        live_from: Some(date("2019-01-01")),
        persons: PEOPLE.iter().map(person).collect(),
        validate_only: false,
    }
}

impl Served {
    /// A client of this person.
    pub fn client(&self, person: &str) -> Client {
        self.client_with(&self.tokens[person], "en")
    }

    /// A client with any token and language.
    pub fn client_with(&self, token: &str, language: &str) -> Client {
        let options = Options {
            endpoints: vec![format!("http://{}", self.address)],
            token: token.to_owned(),
            language: language.to_owned(),
            trust: None,
            deadline: Duration::from_secs(20),
        };
        Client::connect(&options).unwrap()
    }

    /// The token of a person.
    pub fn token(&self, person: &str) -> &str {
        &self.tokens[person]
    }

    /// A request id that was not used yet.
    pub fn id(&self) -> String {
        format!("t-{}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// Reviews a submission and expects it to take effect.
    pub async fn approve(&self, person: &str, submission: u64) -> v1::MutationResult {
        let request = v1::ReviewCommandRequest {
            book: BOOK.into(),
            request_id: self.id(),
            validate_only: false,
            review: Some(v1::CommandReview { submission, verdict: v1::Verdict::Approve.into(), reason: String::new() }),
        };
        let client = self.client(person);
        let answer = client.call(|t| async { t.voucher().review_command(request.clone()).await }).await;
        answer.unwrap_or_else(|error| panic!("review: {}", explain(&error))).result.unwrap()
    }

    /// Goes down and waits for it.
    pub async fn stop(mut self) -> Result<(), ServeError> {
        drop(self.stop.take());
        self.serving.await.unwrap()
    }
}

/// A day of the wire.
pub fn date(text: &str) -> Date {
    let day = record::Day::parse(text).unwrap();
    let number = |from: usize, to: usize| text[from..to].parse().unwrap();
    Date { year: i32::from(day.year()), month: number(5, 7), day: number(8, 10) }
}

/// A bank slip as evidence.
pub fn evidence(kind: v1::EvidenceKind, number: u8) -> Vec<v1::Evidence> {
    let digest = vec![number; 32];
    vec![v1::Evidence {
        kind: kind.into(),
        doc_no: format!("D{number}"),
        date: Some(date("2018-05-01")),
        digest,
        pages: 1,
    }]
}

/// The submission of an answer that waits for review.
pub fn submission(result: Option<v1::MutationResult>) -> u64 {
    match result.unwrap().outcome {
        Some(Outcome::Submitted(submitted)) => submitted.submission,
        other => panic!("not submitted: {other:?}"),
    }
}

/// The vouchers of an answer that took effect.
pub fn vouchers(result: Option<v1::MutationResult>) -> Vec<String> {
    match result.unwrap().outcome {
        Some(Outcome::Posted(posted)) => posted.vouchers.into_iter().map(|voucher| voucher.reference).collect(),
        other => panic!("not posted: {other:?}"),
    }
}

/// The status behind an error, with its details.
pub fn details<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> (Code, ErrorDetails) {
    let error = answer.unwrap_err();
    let status: &Status = error.status().expect("the server's own status");
    (status.code(), status.get_error_details())
}

/// An error with everything that the server said about it.
pub fn explain(error: &ClientError) -> String {
    let Some(status) = error.status() else { return error.to_string() };
    let details = status.get_error_details();
    format!("{:?} {} {:?} {:?}", status.code(), status.message(), details.bad_request(), details.precondition_failure())
}
