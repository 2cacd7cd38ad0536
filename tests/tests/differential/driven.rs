//! An engine that is asked what the generators made: one by one, or day by day. What its views say afterwards is read in `views`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use engine::store::{Head, Store};
use engine::{Engine, Options};
use ledger::{Ask, Caller, Outcome};
use record::command::ReviewCommand;
use record::kinds::Verdict;
use record::{Command, Day};

use crate::pair::Step;
use crate::views::Views;

/// How long views and queues are waited for: nothing here is about time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked of a book, as the generators made it for theirs.
pub struct Script {
    /// Code of the book here.
    pub book: String,
    /// All that is asked, the opening first.
    pub steps: Vec<Step>,
}

/// What is asked of a book, with the numbers that hold here: runs of commands at one instant.
pub struct Days {
    book: String,
    runs: Vec<(i64, Vec<Ask>)>,
}

/// What an engine said of a book.
#[derive(Debug, PartialEq)]
pub struct Said {
    /// Answers and refusals in the order of the commands.
    pub answers: Vec<String>,
    /// The head, but for its epoch.
    pub head: Head,
    /// Every record.
    records: Vec<Vec<u8>>,
    views: Views,
}

impl Said {
    /// Panics with the first thing that differs.
    pub fn assert_same(&self, name: &str, other: &Said) {
        for (place, (here, there)) in self.answers.iter().zip(&other.answers).enumerate() {
            assert_eq!(here, there, "{name}: answer {place}");
        }
        for (here, there) in self.records.iter().zip(&other.records) {
            // Bodies are compared, records shown.
            if here != there {
                assert_eq!(record::decode(here), record::decode(there), "{name}");
            }
        }
        assert_eq!(self.head, other.head, "{name}: the head");
        self.views.assert_same(name, &other.views);
        assert!(self == other, "{name}");
    }
}

/// An engine with a clock that is set.
pub struct Driven<S> {
    pub engine: Arc<Engine<S>>,
    clock: Arc<AtomicI64>,
}

impl<S: Store> Driven<S> {
    /// An engine on an empty store.
    pub async fn new(store: S) -> Driven<S> {
        let clock = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&clock);
        let options = Options {
            clock: Arc::new(move || read.load(Ordering::Relaxed)),
            read_wait: PATIENCE,
            room_wait: PATIENCE,
            ..Options::default()
        };
        Driven { engine: Engine::open(Arc::new(store), options).await.expect("an empty store opens"), clock }
    }

    /// Asks each command when the one before is answered. Submissions are reviewed under the numbers that they got here.
    pub async fn ask_one_by_one(&self, script: Script) -> (Days, Said) {
        let mut runs: Vec<(i64, Vec<Ask>)> = Vec::new();
        let mut moved: HashMap<u64, u64> = HashMap::new();
        let mut answers = Vec::new();
        for step in script.steps {
            let mut command = step.command;
            match &mut command {
                Command::ReviewCommand(review) => {
                    review.submission = moved.get(&review.submission).copied().unwrap_or(review.submission);
                }
                Command::CreateBook(create) => create.book.clone_from(&script.book),
                _ => {}
            }
            let caller = Caller { person: step.person, key_id: [0; 8], signature: None };
            let ask = Ask::new(&script.book, caller, step.request, command);
            // A run has one instant, so that it does not show how it was cut into batches; the opening is asked alone.
            let same_day = |now: i64| Day::of_instant(now) == Day::of_instant(step.now) && answers.len() > 1;
            match runs.last_mut().filter(|(now, _)| same_day(*now)) {
                Some((_, run)) => run.push(ask.clone()),
                None => {
                    self.set_clock(&script.book, step.now).await;
                    runs.push((step.now, vec![ask.clone()]));
                }
            }
            let said = self.ask(&script.book, vec![ask]).await;
            for (answer, submitted) in said {
                if let (Some(here), true) = (submitted, step.submitted != 0) {
                    moved.insert(step.submitted, here);
                }
                answers.push(answer);
            }
        }
        let said = self.said(&script.book, answers).await;
        (Days { book: script.book, runs }, said)
    }

    /// Asks all commands of a day at once.
    pub async fn ask_by_days(&self, days: &Days) -> Said {
        let mut answers = Vec::new();
        for (now, run) in &days.runs {
            self.set_clock(&days.book, *now).await;
            answers.extend(self.ask(&days.book, run.clone()).await.into_iter().map(|(answer, _)| answer));
        }
        self.said(&days.book, answers).await
    }

    /// Sets the clock when everything before is recorded: a digest follows its command after the answer, and what is malformed or
    /// denied goes through the queue behind it and leaves no trace.
    async fn set_clock(&self, book: &str, now: i64) {
        if let Some(open) = self.engine.book(book) {
            let caller = Caller { person: "zhi1".into(), key_id: [0; 8], signature: None };
            let review = ReviewCommand { submission: 1, verdict: Verdict::Approve, reason: String::new() };
            let nothing = Ask::new(book, caller, String::new(), Command::ReviewCommand(review));
            let told = open.submit(nothing).await;
            let unrecorded = matches!(told, Err(engine::EngineError::Malformed(_) | engine::EngineError::Denied));
            assert!(unrecorded, "a request without an id: {told:?}");
        }
        self.clock.store(now, Ordering::Relaxed);
    }

    /// Asks commands together; each answer as a text, with the number of what was submitted.
    async fn ask(&self, book: &str, asks: Vec<Ask>) -> Vec<(String, Option<u64>)> {
        let told = match (self.engine.book(book), asks.first().map(|ask| &ask.command)) {
            (None, Some(Command::CreateBook(create))) => {
                let (create, ask) = ((**create).clone(), asks[0].clone());
                vec![self.engine.create_book(ask.caller, ask.request_id, create).await]
            }
            (Some(book), _) => {
                let mut told = Vec::new();
                for pending in book.submit_many(asks, None).await {
                    told.extend(pending.answers().await);
                }
                told
            }
            (None, _) => panic!("{book} is not open"),
        };
        let submitted =
            |told: &Result<engine::Answer, engine::EngineError>| match told.as_ref().map(|a| &a.receipt.outcome) {
                Ok(Outcome::Submitted(number)) => Some(*number),
                _ => None,
            };
        told.into_iter().map(|told| (format!("{told:?}"), submitted(&told))).collect()
    }

    async fn said(&self, code: &str, answers: Vec<String>) -> Said {
        let book = self.engine.book(code).expect("the book is open");
        book.views_at(None, false, None).await.expect("the views follow");
        let head = Head { epoch: 0, ..book.head().expect("the book runs") };
        let store = book.store();
        let all: Vec<u64> = (1..=head.sequence).collect();
        let records = store.records(code, &all).await.expect("records");
        let records = records.into_iter().map(|body| body.expect("a log has no gap")).collect();
        let views = Views::read(&**store, code, head.sequence).await;
        Said { answers, head, records, views }
    }
}
