//! Money out and back (DIV-002): the same amount with the same counterparty within days, on any registered account. The association is left
//! out: what it sends back is a return (T17).

use std::collections::{BTreeMap, VecDeque};

use record::kinds::{Direction, OrgType, SubjectKind};
use record::{BankAccountNo, BankTxnNo, Day, Fen, OrgNo};

use super::Look;
use crate::state::{BankTxn, Place, State};

/// Who is on the other side: the owner of a registered account, or somebody unknown to one of our accounts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Known(OrgNo),
    Unknown(BankAccountNo),
}

/// The other side of a movement; none for the association.
fn party(state: &State, txn: &BankTxn) -> Option<Party> {
    let Some(account) = state.bank_accounts.get(txn.counterparty) else { return Some(Party::Unknown(txn.account)) };
    let owner = state.organizations.get(account.organization);
    let association = owner.is_some_and(|o| o.org_type == OrgType::MutualAid);
    (!association).then_some(Party::Known(account.organization))
}

pub(super) fn look(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    let days = look.number("detect.round_trip_days");
    let mut movements: Vec<(Day, BankTxnNo, &BankTxn)> =
        state.bank_txns.iter().filter(|(_, t)| t.date <= day).map(|(no, t)| (t.date, no, t)).collect();
    movements.sort_by_key(|(date, no, _)| (*date, *no));
    let mut back: BTreeMap<(Fen, Party), VecDeque<(Day, BankTxnNo)>> = BTreeMap::new();
    for (date, no, txn) in movements.iter().filter(|(.., t)| t.direction == Direction::In) {
        if let Some(party) = party(state, txn) {
            back.entry((txn.fen, party)).or_default().push_back((*date, *no));
        }
    }
    for (date, no, txn) in movements.iter().filter(|(.., t)| t.direction == Direction::Out) {
        let Some(returns) = party(state, txn).and_then(|party| back.get_mut(&(txn.fen, party))) else { continue };
        // What came in before this went out is nobody's way back any more: later ones went out later still.
        while returns.front().is_some_and(|(on, _)| on < date) {
            returns.pop_front();
        }
        let Some((on, came)) = returns.front().copied().filter(|(on, _)| *on <= date.plus_days(days)) else { continue };
        returns.pop_front();
        let mut sign = look.sign("DIV-002", SubjectKind::BankTransaction, &txn.id);
        (sign.fen, sign.count) = (txn.fen, 2);
        sign.found = format!("{date} {} / {on} {}", txn.id, state.bank_txns.code(came));
        sign.since = on;
        let places = [Place::BankTransaction(*no), Place::BankTransaction(came)];
        sign.evidence = places.iter().filter_map(|place| look.at(place)).collect();
        look.see(sign);
    }
}
