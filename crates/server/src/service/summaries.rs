//! Daily summaries of BookService: what each day's receipts come to, who signed them, and whose signature is missing. Signing is a
//! command.

use api::v1;
use engine::store::Store;
use ledger::access;
use ledger::state::{Pending, ReceiptDay, State};
use record::kinds::Role;
use record::{Command, Day, PersonNo, Sequence, command};

use super::at;
use super::audit::day;
use crate::decode::{Closed, Wire};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::Face;
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::Read;

/// The first of two signatures: a submission that waits, for what the day holds now.
fn first_signature<'s>(state: &'s State, on: Day, day: &ReceiptDay, today: Day) -> Option<(Sequence, &'s Pending)> {
    let waiting = state.pending.iter().filter(|(_, pending)| pending.last_day >= today);
    let signs = |pending: &Pending| match command::decode(&pending.command) {
        Some(Command::SignDailySummary(c)) => (c.day, c.count, c.total_fen) == (on, day.count, day.fen),
        _ => false,
    };
    waiting.filter(|(_, pending)| signs(pending)).map(|(no, pending)| (*no, pending)).next_back()
}

/// Roles whose signature a day lacks.
fn missing(state: &State, day: &ReceiptDay, first: Option<&Pending>) -> Vec<Role> {
    let both = [Role::FinReviewer, Role::Cashier];
    if day.is_signed() {
        return Vec::new();
    }
    // Who holds both offices signs for one; the other is still missing, whichever it is.
    let signed = first.and_then(|first| both.into_iter().find(|role| state.has_role(first.person, &[*role])));
    both.into_iter().filter(|role| signed != Some(*role)).collect()
}

/// Whether the caller's own signature is what the day waits for.
fn waits_for(state: &State, caller: PersonNo, missing: &[Role], first: Option<&Pending>, today: Day) -> bool {
    match first {
        Some(first) => access::may_review(state, caller, first, today) && state.has_role(caller, missing),
        None => state.has_role(caller, missing),
    }
}

impl<S: Store> Face<S> {
    pub(super) async fn list_daily_summaries(
        &self,
        origin: &Origin,
        message: v1::ListDailySummariesRequest,
    ) -> Result<v1::ListDailySummariesResponse, Failure> {
        let mut at = at!(message);
        if message.for_me {
            at = at.newest(Not::Now)?;
        }
        let (from, to) = (day(message.from_date, "from_date")?, day(message.to_date, "to_date")?);
        let query = format!("{} {} {from:?} {to:?} {}", message.unsigned, message.for_me, at.key());
        let page = Page::open(message.page_size, &message.page_token, &["ListDailySummaries", &message.book, &query])?;
        let today = self.book(origin, &message.book)?.today();
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let caller = state.caller;
            let within =
                |on: &Day| at.holds(*on) && from.is_none_or(|from| from <= *on) && to.is_none_or(|to| *on <= to);
            let days = state.receipt_days.iter().filter(|(on, day)| {
                // A page goes on behind the last day of the one before; days sort as their keys do from 1970 on.
                within(on) && (!message.unsigned || !day.is_signed()) && key(**on) > page.after
            });
            let shown = days.filter_map(|(on, day)| {
                let first = first_signature(state, *on, day, today);
                let lacks = missing(state, day, first.map(|(_, pending)| pending));
                let mine = waits_for(state, caller, &lacks, first.map(|(_, pending)| pending), today);
                (mine || !message.for_me).then(|| (key(*on), entry(state, *on, day, first, &lacks)))
            });
            let (summaries, next_page_token) = page.take(state.sequence, shown);
            Ok(v1::ListDailySummariesResponse {
                summaries,
                next_page_token,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }
}

/// The key of a day in page tokens: sorts as days do.
fn key(on: Day) -> Vec<u8> {
    let shifted = i64::from(on.0) - i64::from(i32::MIN);
    shifted.to_be_bytes().to_vec()
}

fn entry(
    state: &State,
    on: Day,
    day: &ReceiptDay,
    first: Option<(Sequence, &Pending)>,
    missing: &[Role],
) -> v1::DailySummaryEntry {
    let code = |person: PersonNo| state.persons.code(person).to_owned();
    let signed_first = |role: Role| {
        let signer = first.map(|(_, pending)| pending.person).filter(|person| state.has_role(*person, &[role]));
        signer.filter(|_| !missing.contains(&role)).map(code).unwrap_or_default()
    };
    // Signatures under what the day held before are no signatures of what it holds now.
    let (reviewer, cashier) = if day.is_signed() {
        (code(day.signers.0), code(day.signers.1))
    } else {
        (signed_first(Role::FinReviewer), signed_first(Role::Cashier))
    };
    let part = |((organization, source), part): (&(u32, u8), &ledger::state::ReceiptPart)| v1::DailySummaryPart {
        organization: state.organizations.code(*organization).to_owned(),
        source: state.sources.code(*source).to_owned(),
        count: part.count,
        heads: part.heads,
        amount_fen: part.fen,
    };
    v1::DailySummaryEntry {
        summary: Some(v1::DailySummary { day: on.show(), count: day.count, total_fen: day.fen }),
        signed: day.is_signed(),
        reviewer,
        cashier,
        missing: missing.iter().map(|role| role.to_wire()).collect(),
        submission: first.filter(|_| !day.is_signed()).map_or(0, |(no, _)| no),
        parts: day.parts.iter().map(part).collect(),
    }
}
