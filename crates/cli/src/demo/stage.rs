//! The stage of the demonstration: a client for each seat, and what every act does alike: ask, have it reviewed, show what was posted.
//! Everything goes through the API; what is shown is what the server answered.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, anyhow, bail};
use api::google::r#type::Date;
use api::v1;
use chrono::Datelike;
use client::Client;
use sha2::{Digest, Sha256};
use tonic::Status;
use tonic_types::StatusExt;

use super::people::{PAYEE, SPECIAL};
use crate::lang::Lang;
use crate::{fail, text, yuan};

/// The book of the demonstration.
pub const BOOK: &str = "season-2018";

/// Where the season is played.
pub struct Stage {
    clients: BTreeMap<&'static str, Client>,
    lang: Lang,
    /// Whether acts are told as they happen.
    tell: bool,
    asked: u32,
    /// Sequence of the newest receipt: what reads must have reached.
    pub seen: u64,
}

/// Asks one mutation for a seat under a new request id and gives its result: `ask!(stage, "maker", spending.disburse, DisburseRequest
/// { disbursement: Some(..) })`.
macro_rules! ask {
    ($stage:expr, $who:expr, $service:ident.$method:ident, $request:ident { $($field:tt)* }) => {{
        let request = v1::$request {
            book: crate::demo::stage::BOOK.to_owned(),
            request_id: $stage.next_id(),
            validate_only: false,
            $($field)*
        };
        let client = $stage.client($who)?;
        let answer = client.call(|t| {
            let request = request.clone();
            async move { t.$service().$method(request).await }
        });
        answer.await.map(|answer| answer.result.unwrap_or_default())
    }};
}
pub(super) use ask;

/// Asks one question for a seat: `read!(stage, "audit", audit.get_statement, GetStatementRequest { year: 2018 })`.
macro_rules! read {
    ($stage:expr, $who:expr, $service:ident.$method:ident, $request:ident { $($name:ident: $value:expr),* $(,)? }) => {{
        #[allow(clippy::needless_update, clippy::redundant_field_names, reason = "as each question happens to be asked")]
        let request = v1::$request {
            book: crate::demo::stage::BOOK.to_owned(),
            at_least: $stage.seen,
            $($name: $value,)*
            ..Default::default()
        };
        let client = $stage.client($who)?;
        let answer = client.call(|t| {
            let request = request.clone();
            async move { t.$service().$method(request).await }
        });
        answer.await
    }};
}
pub(super) use read;

/// What became of an ask.
pub type Asked = Result<v1::MutationResult, client::ClientError>;

impl Stage {
    /// A stage with these clients, by person code.
    pub fn new(clients: BTreeMap<&'static str, Client>, lang: Lang, tell: bool) -> Stage {
        Stage { clients, lang, tell, asked: 0, seen: 0 }
    }

    /// The client of a seat.
    pub fn client(&self, person: &str) -> anyhow::Result<Client> {
        self.clients.get(person).cloned().with_context(|| format!("nobody sits on {person}"))
    }

    /// The next request id: the same in every run.
    pub fn next_id(&mut self) -> String {
        self.asked += 1;
        format!("demo-{:05}", self.asked)
    }

    /// Tells something to whoever watches.
    pub fn say(&self, zh: &str, en: &str) {
        if self.tell {
            println!("{}", self.lang.pick(zh, en));
        }
    }

    /// Takes a result: what was submitted is approved by `reviewer`; gives the vouchers that were posted.
    pub async fn settle(&mut self, asked: Asked, reviewer: &str) -> anyhow::Result<Vec<String>> {
        let result = self.accepted(asked)?;
        let result = match result.outcome {
            Some(v1::mutation_result::Outcome::Submitted(submitted)) => {
                let review = v1::CommandReview {
                    submission: submitted.submission,
                    verdict: v1::Verdict::Approve.into(),
                    reason: String::new(),
                };
                let reviewed =
                    ask!(self, reviewer, voucher.review_command, ReviewCommandRequest { review: Some(review) });
                self.accepted(reviewed)?
            }
            _ => result,
        };
        match result.outcome {
            Some(v1::mutation_result::Outcome::Posted(posted)) => {
                Ok(posted.vouchers.into_iter().map(|voucher| voucher.reference).collect())
            }
            _ => bail!("the review did not take effect"),
        }
    }

    /// A result that must not be a failure; the season is lawful.
    pub fn accepted(&mut self, asked: Asked) -> anyhow::Result<v1::MutationResult> {
        let result = asked.map_err(|error| self.failed(&error))?;
        let receipt = result.receipt.as_ref().context("an answer without a receipt")?;
        self.seen = self.seen.max(receipt.sequence);
        Ok(result)
    }

    /// A failure that ends the demonstration, with all that the server said.
    pub fn failed(&self, error: &client::ClientError) -> anyhow::Error {
        match error.status() {
            Some(status) => anyhow!("{}", fail::show(status, &fail::Context::default(), self.lang)),
            None => anyhow!("{error}"),
        }
    }

    /// Settles and shows each voucher as the server has it.
    pub async fn post(&mut self, asked: Asked, reviewer: &str) -> anyhow::Result<Vec<String>> {
        let references = self.settle(asked, reviewer).await?;
        for reference in &references {
            let voucher = self.voucher(reference).await?;
            if self.tell {
                println!("{}", line(&voucher));
            }
        }
        Ok(references)
    }

    /// A voucher as the server has it.
    pub async fn voucher(&mut self, reference: &str) -> anyhow::Result<v1::Voucher> {
        let voucher = reference.to_owned();
        let answer = read!(self, "audit", voucher.get_voucher, GetVoucherRequest { voucher: voucher })
            .map_err(|error| self.failed(&error))?;
        answer.voucher.context("an answer without a voucher")
    }

    /// Has the cashier register a bank movement from its slip.
    pub async fn bank(&mut self, movement: Movement<'_>) -> anyhow::Result<()> {
        let transaction = v1::BankTransaction {
            id: movement.id.to_owned(),
            account: movement.account.to_owned(),
            direction: movement.direction.into(),
            amount_fen: movement.fen,
            date: on(movement.date),
            counterparty_account: movement.counterparty.to_owned(),
            settlement: v1::Settlement::Transfer.into(),
            currency: "CNY".into(),
            slip_digest: digest(&format!("slip {}", movement.id)),
        };
        let asked = ask!(
            self,
            "cashier",
            spending.register_bank_transaction,
            RegisterBankTransactionRequest { transaction: Some(transaction) }
        );
        self.accepted(asked).map(drop)
    }

    /// Registers an approval from the minutes of the body that gave it.
    pub async fn approve(&mut self, approval: v1::Approval) -> anyhow::Result<()> {
        let asked =
            ask!(self, "approver", spending.record_approval, RecordApprovalRequest { approval: Some(approval) });
        self.accepted(asked).map(drop)
    }

    /// The status of an ask that must be refused; an accepted diversion ends the demonstration.
    pub fn refused(&mut self, asked: Asked) -> anyhow::Result<Status> {
        let Err(error) = asked else { bail!("a diversion was accepted") };
        let status = error.status().cloned().with_context(|| error.to_string())?;
        // A refusal by rule is a record too, and names it.
        let details = status.get_error_details();
        let sequence = details.error_info().and_then(|info| info.metadata.get("sequence")?.parse().ok());
        self.seen = self.seen.max(sequence.unwrap_or_default());
        Ok(status)
    }
}

/// A movement on a bank account.
#[derive(Clone, Copy)]
pub struct Movement<'a> {
    /// The bank's number of it.
    pub id: &'a str,
    /// Our account.
    pub account: &'a str,
    /// In or out.
    pub direction: v1::BankDirection,
    /// Amount.
    pub fen: i64,
    /// Day.
    pub date: &'a str,
    /// Account on the other side; empty where it is not registered.
    pub counterparty: &'a str,
}

impl<'a> Movement<'a> {
    /// Money into the special account.
    pub fn into_special(id: &'a str, fen: i64, date: &'a str) -> Movement<'a> {
        let direction = v1::BankDirection::In;
        Movement { id, account: SPECIAL, direction, fen, date, counterparty: "" }
    }

    /// Money from the special account to the association.
    pub fn to_association(id: &'a str, fen: i64, date: &'a str) -> Movement<'a> {
        Movement { id, account: SPECIAL, direction: v1::BankDirection::Out, fen, date, counterparty: PAYEE }
    }
}

/// A voucher on one line.
fn line(voucher: &v1::Voucher) -> String {
    let mut text = format!("  {} ", show_date(voucher.date.as_ref()));
    // Chinese voucher words are two columns wide: pad by what is seen, not by characters.
    let _ = write!(text, "{:<13}{:>18}  {}", voucher.reference, yuan::show(voucher.total_fen), voucher.summary);
    text
}

/// A day of the API as text.
pub fn show_date(date: Option<&Date>) -> String {
    date.map(|d| format!("{:04}-{:02}-{:02}", d.year, d.month, d.day)).unwrap_or_default()
}

/// A day written `2018-04-20`.
pub fn on(day: &str) -> Option<Date> {
    let day = text::parse_day(day).ok()?;
    Some(Date { year: day.year(), month: day.month().try_into().ok()?, day: day.day().try_into().ok()? })
}

/// Fen of whole yuan.
pub const fn yuan_fen(yuan: i64) -> i64 {
    yuan * 100
}

/// A document: its file is not here, its digest is made of its name.
pub fn paper(kind: v1::EvidenceKind, doc_no: &str, date: &str) -> v1::Evidence {
    v1::Evidence {
        kind: kind.into(),
        doc_no: doc_no.to_owned(),
        date: on(date),
        digest: digest(&format!("{kind:?} {doc_no} {date}")),
        pages: 1,
    }
}

/// SHA-256 of a text.
pub fn digest(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// An approval of a body, over all of a source's money or of all sources.
pub fn approval(
    code: &str,
    (kind, body): (v1::ApprovalKind, v1::ApprovalBody),
    date: &str,
    doc_no: &str,
    max_fen: i64,
) -> v1::Approval {
    v1::Approval {
        code: code.to_owned(),
        kind: kind.into(),
        body: body.into(),
        meeting_on: on(date),
        doc_no: doc_no.to_owned(),
        scope: None,
        max_fen,
        valid_to: None,
        minutes_digest: digest(&format!("minutes {code}")),
    }
}
