//! Layers of rules as the log has made them: the versions of the book's own rule set, what it took over from the book above, what it
//! reported, and the files of historical entries that were allowed.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use record::command::RegisterHistory;
use record::event::RuleSetAdopted;
use record::kinds::BankPurpose;
use record::{ApprovalNo, Day, Event, OrgNo, Record, Sequence};

use super::State;

/// What made a version of a book's rule set.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Changed {
    /// The book's opening.
    Opened,
    /// A parameter, by key.
    Parameter(String),
    /// A subsidy standard, by class and plan.
    Standard(String, String),
    /// A scheme, by year.
    Scheme(u16),
    /// An account of a payee, by code.
    Payee(String),
    /// Rules of the book above, by book and version.
    Adopted(String, u32),
}

impl Changed {
    /// What a record changes of the rules, if it does.
    fn of(event: &Event) -> Option<Changed> {
        Some(match event {
            Event::BookCreated(_) => Changed::Opened,
            Event::ParameterSet { key, .. } => Changed::Parameter(key.clone()),
            Event::StandardSet { standard, .. } => Changed::Standard(standard.class.clone(), standard.plan.clone()),
            Event::SchemeRegistered { scheme, .. } => Changed::Scheme(scheme.year),
            Event::BankAccountRegistered(account) if account.purpose == BankPurpose::Payee => {
                Changed::Payee(account.code.clone())
            }
            Event::RuleSetAdopted(adopted) => Changed::Adopted(adopted.rules.book.clone(), adopted.rules.version),
            _ => return None,
        })
    }

    /// The change in words that need no translation: what it is of, and which.
    pub fn shown(&self) -> String {
        match self {
            Changed::Opened => "OPENED".to_owned(),
            Changed::Parameter(key) => format!("PARAMETER {key}"),
            Changed::Standard(class, plan) => format!("STANDARD {class}/{plan}"),
            Changed::Scheme(year) => format!("SCHEME {year}"),
            Changed::Payee(code) => format!("PAYEE {code}"),
            Changed::Adopted(book, version) => format!("ADOPTED {book} {version}"),
        }
    }
}

/// A report of rules to the organisation above (备案).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Filing {
    /// Number of the document.
    pub doc_no: String,
    /// Day of the document.
    pub filed_on: Day,
    /// Organisation that it went to.
    pub filed_with: OrgNo,
    /// Its record.
    pub sequence: Sequence,
}

/// A version of a book's rule set.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RuleVersion {
    /// Record that made it.
    pub sequence: Sequence,
    /// Its record day.
    pub day: Day,
    /// What changed.
    pub changed: Changed,
    /// How it was reported; none where it was not.
    pub filed: Option<Filing>,
}

/// Rules of the book above, as taken over.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Adopted {
    /// The rules and from when they bind.
    pub adopted: RuleSetAdopted,
    /// Its record.
    pub sequence: Sequence,
}

/// A file of historical entries.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct History {
    /// As registered.
    pub history: RegisterHistory,
    /// Its approval.
    pub approval: ApprovalNo,
    /// Its record.
    pub sequence: Sequence,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Layers {
    /// Versions of the book's own rule set; the first is version 1.
    pub versions: Vec<RuleVersion>,
    /// Rules of the book above, in the order in which they were taken over.
    pub adopted: Vec<Adopted>,
    /// Files of historical entries, by code.
    pub histories: BTreeMap<String, History>,
}

impl Layers {
    /// Rules of the book above that bind what holds from a day on: those in force on it, and those that come into force later.
    pub fn binding(&self, from: Day) -> impl Iterator<Item = &RuleSetAdopted> {
        // First days never run backwards, so those in force on a day are the last ones that had begun by then.
        let begun = self.adopted.iter().rposition(|a| a.adopted.effective_from <= from).unwrap_or(0);
        self.adopted.iter().skip(begun).map(|a| &a.adopted)
    }

    /// Versions that were not reported, with their numbers.
    pub fn unfiled(&self) -> impl Iterator<Item = (u32, &RuleVersion)> {
        (1u32..).zip(&self.versions).filter(|(_, version)| version.filed.is_none())
    }
}

impl State {
    /// Folds what a record does to the layers; a change of rules makes a new version of the rule set, for the records after it.
    pub(super) fn layer(&mut self, record: &Record) {
        let (sequence, day) = (record.sequence, Day::of_instant(record.time));
        if let Some(changed) = Changed::of(&record.event) {
            self.layers.versions.push(RuleVersion { sequence, day, changed, filed: None });
            self.rule_set = u32::try_from(self.layers.versions.len()).unwrap_or(u32::MAX);
        }
        match &record.event {
            Event::RuleSetAdopted(adopted) => {
                self.layers.adopted.push(Adopted { adopted: (**adopted).clone(), sequence });
            }
            Event::RulesFiled { version, doc_no, filed_on, filed_with, .. } => {
                let filing = Filing { doc_no: doc_no.clone(), filed_on: *filed_on, filed_with: *filed_with, sequence };
                let count = usize::try_from(*version).unwrap_or(usize::MAX);
                let reported = self.layers.versions.iter_mut().take(count).filter(|v| v.filed.is_none());
                reported.for_each(|version| version.filed = Some(filing.clone()));
            }
            Event::HistoryRegistered { history, approval } => {
                let entry = History { history: history.clone(), approval: *approval, sequence };
                self.layers.histories.insert(history.code.clone(), entry);
            }
            _ => {}
        }
    }
}
