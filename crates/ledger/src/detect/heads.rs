//! The four numbers of a batch: 75-yuan heads against 20-yuan heads passed on (MAT-001), roster, payment and confirmation (MAT-002), paid
//! against confirmed (ENR-010). A batch is paid in whole, once; what came back is told by the payment and laid to the batches that the
//! association confirmed for fewer.

use std::collections::BTreeMap;

use record::finding::Sign;
use record::kinds::SubjectKind;
use record::{Day, Fen, GrantNo, Sequence, VoucherRef};

use super::{Look, size};
use crate::rules::yuan;
use crate::state::{Batch, Payment, Place, State, until};

/// What the books tell of a batch on a day.
#[derive(Default)]
struct Numbers {
    /// Heads paid.
    paid: i64,
    /// Heads of them that came back.
    returned: i64,
    /// The payment and its voucher date.
    payment: Option<(VoucherRef, Day)>,
    /// Subsidy a head.
    unit_fen: Fen,
}

impl Numbers {
    fn net(&self) -> i64 {
        self.paid.saturating_sub(self.returned)
    }
}

/// The batch's confirmation, if it was given by the day: heads, premium, day.
fn confirmation(batch: &Batch, day: Day) -> Option<(i64, Fen, Day)> {
    let (_, heads, fen, on) = batch.confirmation.as_ref().filter(|(.., on)| *on <= day)?;
    Some((i64::from(*heads), *fen, *on))
}

pub(super) fn look(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    let confirm_days = look.number("detect.confirm_max_days");
    let numbers = numbers(state, day);
    for (no, grant) in state.grants.iter() {
        let Some(batch) = grant.batch.as_deref().filter(|b| b.form.submitted_on <= day) else { continue };
        let none = Numbers::default();
        let n = numbers.get(&no).unwrap_or(&none);
        let mut evidence: Vec<Sequence> = [Place::Grant(no), Place::Confirmation(no)]
            .iter()
            .chain(n.payment.map(|(reference, _)| Place::Voucher(reference)).iter())
            .filter_map(|place| look.at(place))
            .collect();
        evidence.sort_unstable();
        for (rule, mut sign) in [
            ("MAT-001", against_own_share(look, no, batch, n)),
            ("MAT-002", four_numbers(look, batch, n)),
            ("ENR-010", against_confirmation(look, batch, n, confirm_days)),
        ] {
            if let Some(sign) = &mut sign {
                sign.rule = rule.to_owned();
                sign.evidence.clone_from(&evidence);
            }
            sign.into_iter().for_each(|sign| look.see(sign));
        }
    }
}

/// The payments of the day's knowledge, by batch.
fn numbers(state: &State, day: Day) -> BTreeMap<GrantNo, Numbers> {
    let mut found: BTreeMap<GrantNo, Numbers> = BTreeMap::new();
    let mut payments: Vec<(&VoucherRef, &Payment)> = state.payments.iter().filter(|(_, p)| p.date <= day).collect();
    payments.sort_by_key(|(reference, payment)| (payment.date, **reference));
    for (reference, payment) in &payments {
        let unit_fen = state.commitments.get(payment.commitment).map_or(0, |c| c.unit_fen);
        for (batch, _) in &payment.batches {
            let paid = until(&state.watch.paid, *batch, day);
            let payment = Some((**reference, payment.date));
            found.insert(*batch, Numbers { paid, returned: 0, payment, unit_fen });
        }
    }
    for (reference, payment) in payments {
        lay_returns(state, day, *reference, payment, &mut found);
    }
    found
}

/// Lays what came back of a payment to its batches: first to those confirmed for fewer than were paid, then to the last ones.
fn lay_returns(
    state: &State,
    day: Day,
    reference: VoucherRef,
    payment: &Payment,
    numbers: &mut BTreeMap<GrantNo, Numbers>,
) {
    let mut left = until(&state.watch.returned, reference, day);
    for first in [true, false] {
        for (batch, _) in payment.batches.iter().rev() {
            let Some(n) = numbers.get_mut(batch) else { continue };
            if n.payment.map(|(of, _)| of) != Some(reference) {
                continue;
            }
            let confirmed = state.batch(*batch).and_then(|b| confirmation(b, day)).map(|(heads, ..)| heads);
            let room = match (first, confirmed) {
                (true, Some(confirmed)) => n.net().saturating_sub(confirmed),
                (true, None) => 0,
                (false, _) => n.net(),
            };
            let part = room.min(left).max(0);
            n.returned = n.returned.saturating_add(part);
            left = left.saturating_sub(part);
        }
    }
}

fn about(look: &Look<'_>, batch: &Batch) -> Sign {
    look.sign("", SubjectKind::Batch, &batch.form.code)
}

/// MAT-001: of a class that pays a share of its own, as many heads must have been passed on as were paid.
fn against_own_share(look: &Look<'_>, no: GrantNo, batch: &Batch, n: &Numbers) -> Option<Sign> {
    let state = look.state;
    let own = state.standard_on(batch.class, batch.plan, batch.form.submitted_on).map_or(0, |s| s.own_fen);
    let remitted = until(&state.watch.remitted, no, look.day);
    let difference = n.net().saturating_sub(remitted);
    if own == 0 || n.net() == 0 || difference == 0 {
        return None;
    }
    Some(Sign {
        heads: size(difference),
        fen: size(difference).saturating_mul(own),
        expected: n.net().to_string(),
        found: remitted.to_string(),
        since: n.payment.map_or(look.day, |(_, on)| on),
        ..about(look, batch)
    })
}

/// MAT-002: rows of the roster, heads paid and heads confirmed, what came back laid to each. Approved heads are the paid ones: a payment
/// draws on its approval's commitment head by head.
fn four_numbers(look: &Look<'_>, batch: &Batch, n: &Numbers) -> Option<Sign> {
    let (confirmed, _, on) = confirmation(batch, look.day)?;
    let roster = i64::from(batch.form.roster_rows).saturating_sub(n.returned);
    if roster == n.net() && roster == confirmed {
        return None;
    }
    let widest = size(roster.saturating_sub(confirmed)).max(size(roster.saturating_sub(n.net())));
    Some(Sign {
        heads: widest,
        expected: roster.to_string(),
        found: format!("{} / {confirmed}", n.net()),
        since: on,
        ..about(look, batch)
    })
}

/// ENR-010: what was paid is confirmed head by head and at the standard's premium, and within its days.
fn against_confirmation(look: &Look<'_>, batch: &Batch, n: &Numbers, confirm_days: i32) -> Option<Sign> {
    if n.net() == 0 {
        return None;
    }
    let paid_on = n.payment.map_or(look.day, |(_, on)| on);
    let Some((confirmed, fen, on)) = confirmation(batch, look.day) else {
        let since = paid_on.plus_days(confirm_days.saturating_add(1));
        return (look.day >= since).then(|| Sign {
            heads: n.net(),
            fen: n.net().saturating_mul(n.unit_fen),
            expected: n.net().to_string(),
            found: String::new(),
            since,
            ..about(look, batch)
        });
    };
    let heads = n.net().saturating_sub(confirmed);
    let premium = look.state.standard_on(batch.class, batch.plan, batch.form.submitted_on).map_or(0, |s| s.premium_fen);
    let due = confirmed.saturating_mul(premium);
    if heads != 0 {
        let fen = size(heads).saturating_mul(n.unit_fen);
        let (expected, found) = (n.net().to_string(), confirmed.to_string());
        return Some(Sign { heads: size(heads), fen, expected, found, since: on, ..about(look, batch) });
    }
    (fen != due).then(|| Sign {
        fen: size(due.saturating_sub(fen)),
        expected: yuan(due),
        found: yuan(fen),
        since: on,
        ..about(look, batch)
    })
}
