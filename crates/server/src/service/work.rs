//! Work lists and registered historical files of VoucherService. What waits for whom is `ledger::work`'s.

use api::v1;
use engine::store::Store;
use ledger::State;
use ledger::work::{Item, Kind, work};
use record::Day;
use record::kinds::Role;

use super::at;
use crate::decode::{Closed, Wire};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::Face;
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::Read;

impl<S: Store> Face<S> {
    pub(super) async fn list_work(
        &self,
        origin: &Origin,
        message: v1::ListWorkRequest,
    ) -> Result<v1::ListWorkResponse, Failure> {
        let only = match (message.role, Role::of_wire(message.role)) {
            (0, _) => None,
            (_, Some(role)) => Some(role),
            _ => {
                return Err(Failure::field("role", "UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of its set"));
            }
        };
        let at = at!(message).undated(Not::Now)?.newest(Not::Now)?;
        let query = ["ListWork", &message.book, &origin.principal.person, &message.role.to_string()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let today = self.book(origin, &message.book)?.today();
        // Everybody in the book has work; each sees their own alone.
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            let person = state.caller;
            let items = work(state, person, only, today);
            let keyed = items.into_iter().map(|item| (key(&item), item)).filter(|(key, _)| *key > page.after);
            let (items, next_page_token) = page.take(state.sequence, keyed);
            let items = items.into_iter().map(|item| shown(state, item, today)).collect();
            Ok(v1::ListWorkResponse { items, next_page_token, sequence: state.sequence, root: state.root.to_vec() })
        });
        answer.await
    }

    pub(super) async fn list_histories(
        &self,
        origin: &Origin,
        message: v1::ListHistoriesRequest,
    ) -> Result<v1::ListHistoriesResponse, Failure> {
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListHistories", &message.book, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let rest = state.layers.histories.iter().filter(|(code, _)| code.as_bytes() > page.after.as_slice());
            let keyed = rest.map(|(code, entry)| (code.clone().into_bytes(), entry.history.show()));
            let (histories, next_page_token) = page.take(state.sequence, keyed);
            Ok(v1::ListHistoriesResponse {
                histories,
                next_page_token,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }
}

/// The place of an item in the list: kind, day, subject. Days before 1970 sort before those after.
fn key(item: &Item) -> Vec<u8> {
    let day = u32::from_ne_bytes(item.since.0.to_ne_bytes()) ^ (1 << 31);
    let subject = item.subject.as_bytes();
    // A subject is at most 64 characters of at most 4 bytes, so that a key stays within a token.
    [&[wire_kind(item.kind) as u8][..], &day.to_be_bytes()[..], &subject[..subject.len().min(240)]].concat()
}

fn wire_kind(kind: Kind) -> v1::WorkKind {
    match kind {
        Kind::ReviewSubmission => v1::WorkKind::ReviewSubmission,
        Kind::ReviewBatch => v1::WorkKind::ReviewBatch,
        Kind::ConfirmCoverage => v1::WorkKind::ConfirmCoverage,
        Kind::PayCommitment => v1::WorkKind::PayCommitment,
        Kind::BookTransaction => v1::WorkKind::BookTransaction,
        Kind::RemitPremiums => v1::WorkKind::RemitPremiums,
        Kind::SignDay => v1::WorkKind::SignDay,
        Kind::IdentifyDeposit => v1::WorkKind::IdentifyDeposit,
        Kind::VerifyFinding => v1::WorkKind::VerifyFinding,
        Kind::RectifyFinding => v1::WorkKind::RectifyFinding,
        Kind::CloseFinding => v1::WorkKind::CloseFinding,
        Kind::ClosePeriod => v1::WorkKind::ClosePeriod,
        Kind::FileRules => v1::WorkKind::FileRules,
    }
}

fn shown(state: &State, item: Item, today: Day) -> v1::WorkItem {
    v1::WorkItem {
        kind: wire_kind(item.kind).into(),
        role: item.role.to_wire(),
        subject: item.subject,
        organization: state.organizations.code(item.organization).to_owned(),
        amount_fen: item.fen,
        heads: item.heads,
        since: item.since.show(),
        due: item.due.show(),
        overdue: item.due.is_some_and(|due| due < today),
    }
}
