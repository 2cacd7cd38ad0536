//! What is left of a funding document at any time: received, spent, returned, moved, committed, idle. Read from the state; decisions ask
//! for spendable balances instead.

use record::{CommitmentNo, Day, Fen, GrantNo, SourceNo};

use crate::State;
use crate::decide::{grant_permits, grants_of, in_term};
use crate::state::{GrantMoney, SumKey};

/// The money of a grant as the books stand.
pub fn money(state: &State, no: GrantNo) -> GrantMoney {
    let Some(grant) = state.grants.get(no) else { return GrantMoney::default() };
    let balance_fen = balance(state, no);
    let committed_fen = if grant.batch.is_some() { 0 } else { committed(state, grant.source, no) };
    GrantMoney {
        received_fen: grant.received_fen,
        flow: grant.flow,
        balance_fen,
        committed_fen,
        idle_fen: balance_fen.saturating_sub(committed_fen),
    }
}

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may be spent, or will be.
    Open,
    /// Its last day is over.
    Ended,
    /// Its last day is over, and all that was left of it went back to its giver.
    Returned,
}

/// Where a grant stands on the day of the newest record.
pub fn standing(state: &State, no: GrantNo) -> Standing {
    let Some(grant) = state.grants.get(no) else { return Standing::Open };
    let today = Day::of_instant(state.time);
    standing_with(grant.valid_to, today, (grant.flow.given_back_fen, balance(state, no)))
}

/// Where a grant of that last day stands on a day, with what was given back of it by then and what is left.
pub fn standing_with(last: Option<Day>, on: Day, (given_back, balance): (Fen, Fen)) -> Standing {
    if last.is_none_or(|last| on <= last) {
        return Standing::Open;
    }
    if given_back > 0 && balance == 0 { Standing::Returned } else { Standing::Ended }
}

/// Money of a grant in bank accounts: the special account's, and for premiums the custody accounts'.
fn balance(state: &State, no: GrantNo) -> Fen {
    let mut balance: Fen = 0;
    for account in [state.posting.special_bank, state.posting.custody_bank] {
        for source in state.sources.iter().filter_map(|(source, _)| SourceNo::try_from(source).ok()) {
            let from = SumKey { account, source, grant: no, day: Day(i32::MIN), ..SumKey::default() };
            let of_grant =
                state.sums.range(from..).take_while(|(k, _)| (k.account, k.source, k.grant) == (account, source, no));
            balance = of_grant.fold(balance, |sum, (_, movement)| sum.saturating_add(movement.balance()));
        }
    }
    balance
}

/// What the source's open commitments would take of one grant, of all commitments together.
fn committed(state: &State, source: SourceNo, wanted: GrantNo) -> Fen {
    commitments(state, source, wanted).iter().fold(0, |sum: Fen, (_, part)| sum.saturating_add(*part))
}

/// What each open commitment of a source would take of one grant if they were paid today in the order of their making: a payment is split
/// over the grants that permit its use, oldest first, and so is a commitment here. Those that take nothing are left out.
pub fn commitments(state: &State, source: SourceNo, wanted: GrantNo) -> Vec<(CommitmentNo, Fen)> {
    let today = Day::of_instant(state.time);
    let mut left: Vec<(GrantNo, Fen)> = grants_of(state, source).map(|no| (no, balance(state, no).max(0))).collect();
    let mut taken = Vec::new();
    for (no, commitment) in state.commitments.iter().filter(|(_, c)| c.source == source && c.open_fen > 0) {
        let (class, plan) = (state.classes.code(commitment.class), state.plans.code(commitment.plan));
        let Some(use_code) = state.use_for(class, plan, false) else { continue };
        let mut open = commitment.open_fen;
        for (grant, available) in &mut left {
            let fits = state
                .grants
                .get(*grant)
                .is_some_and(|g| grant_permits(state, g, use_code, today) && in_term(g, (today, today)));
            let part = if fits { open.min(*available) } else { 0 };
            *available = available.saturating_sub(part);
            open = open.saturating_sub(part);
            if *grant == wanted && part > 0 {
                taken.push((no, part));
            }
        }
    }
    taken
}
