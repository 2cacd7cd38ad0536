//! No sequence of corrections reaches what a direct posting could not (decisions 2). A book with corrections is laid beside its *direct
//! history*: the vouchers of money that stand, without those that were reversed and without their reversals, as if only these had ever
//! been posted. Both must have the same balances, and the direct history must itself be lawful: every bank movement is drawn on once
//! and in its own direction, nothing was paid that its movement did not carry, no purse is overdrawn, and what a giver bound is still
//! bound.

use std::collections::BTreeMap;

use record::Fen;
use record::kinds::{Direction, LedgerKind, Restriction, VoucherKind};
use testkit::model::{Deed, Leg, Model, Paper};

type Purse = (String, String, String, String);

fn purse(leg: &Leg) -> Purse {
    (leg.account.clone(), leg.source.clone(), leg.grant.clone(), leg.holder.clone())
}

/// Balances that are not zero, by account, source, grant and holder.
fn balances<'p>(papers: impl Iterator<Item = &'p Paper>) -> BTreeMap<Purse, Fen> {
    let mut found: BTreeMap<Purse, Fen> = BTreeMap::new();
    for leg in papers.flat_map(|paper| &paper.legs) {
        *found.entry(purse(leg)).or_default() += leg.signed();
    }
    found.retain(|_, fen| *fen != 0);
    found
}

/// How the books differ from every direct history, if they do.
pub fn reachable(model: &Model) -> Result<(), String> {
    let money = |paper: &&Paper| paper.ledger == LedgerKind::Actual;
    let direct: Vec<&Paper> = model.standing().filter(money).collect();
    let (all, stands) = (balances(model.papers.iter().filter(money)), balances(direct.iter().copied()));
    if all != stands {
        return Err(format!("balances of no direct history:\n  book   {all:?}\n  direct {stands:?}"));
    }
    once_each(model)?;
    movements(model, &direct)?;
    overdrawn(model, &stands)?;
    still_bound(model)
}

/// Every reversal takes one ordinary voucher back, once.
fn once_each(model: &Model) -> Result<(), String> {
    let reds = model.papers.iter().filter(|paper| paper.ledger == LedgerKind::Actual && paper.is_red());
    let mut taken = BTreeMap::new();
    for red in reds {
        let of = red.corrects.ok_or_else(|| format!("{} reverses nothing", red.reference))?;
        let original = model.paper(of).ok_or_else(|| format!("{} reverses what is not there", red.reference))?;
        if let Some(other) = taken.insert(of, red.reference) {
            return Err(format!("{of} is reversed by {other} and {}", red.reference));
        }
        if matches!(original.kind, VoucherKind::RedReversal | VoucherKind::RedAdjust | VoucherKind::Closing) {
            return Err(format!("{} reverses a {}", red.reference, original.kind));
        }
    }
    Ok(())
}

/// What stands draws on each bank movement at most once over, and the way that the money went.
fn movements(model: &Model, direct: &[&Paper]) -> Result<(), String> {
    let mut drawn: BTreeMap<&str, Fen> = BTreeMap::new();
    for leg in direct.iter().flat_map(|paper| &paper.legs).filter(|leg| !leg.bank.is_empty()) {
        *drawn.entry(&leg.bank).or_default() += leg.signed();
    }
    for (id, net) in drawn {
        let found = model.bank_txns.iter().find(|(txn, _)| txn.id == id);
        let (txn, _) = found.ok_or_else(|| format!("{id} is no movement"))?;
        let way = if txn.direction == Direction::In { net } else { -net };
        if !(0..=txn.fen).contains(&way) {
            return Err(format!("{id} moved {} and what stands draws {way} on it", txn.fen));
        }
    }
    // What was paid out and taken back without a bank's word would be there to be paid again.
    for paper in direct.iter().filter(|paper| matches!(paper.deed, Deed::Payment(..) | Deed::Remittance(_))) {
        let carried: Fen = paper.legs.iter().filter(|leg| !leg.bank.is_empty()).map(|leg| -leg.signed()).sum();
        let paid: Fen = paper.legs.iter().map(|leg| leg.signed().max(0)).sum();
        if carried != paid {
            return Err(format!("{} pays {paid} and {carried} left the bank", paper.reference));
        }
    }
    Ok(())
}

/// No source, grant and holder ends below nothing.
fn overdrawn(model: &Model, stands: &BTreeMap<Purse, Fen>) -> Result<(), String> {
    let posting = &model.preset().posting;
    let accounts = [&posting.special_bank, &posting.custody_bank];
    let below = stands.iter().find(|((account, ..), fen)| accounts.contains(&account) && **fen < 0);
    below.map_or(Ok(()), |(purse, fen)| Err(format!("{purse:?} ends at {fen}")))
}

/// What income brought under a giver's terms never becomes less on its bank movement: it is neither re-labelled by a correction nor cut
/// by a difference. It leaves its source by a transfer, a return or a payment, none of which draw on that movement.
fn still_bound(model: &Model) -> Result<(), String> {
    let bound = |source: &str| {
        let restriction = model.preset().sources.iter().find(|s| s.code == source).map(|s| s.restriction);
        matches!(restriction, Some(Restriction::Donor | Restriction::Fiscal | Restriction::Document))
    };
    // By movement and source: what is booked now, and the most that ever was, red and blue of one correction together.
    let mut booked: BTreeMap<(&str, &str), (Fen, Fen)> = BTreeMap::new();
    let brought = |paper: &&Paper| match paper.deed {
        Deed::Income | Deed::Adjustment(..) => true,
        Deed::Red(of) => model.paper(of).is_some_and(|original| original.deed == Deed::Income),
        _ => false,
    };
    let mut papers = model.papers.iter().filter(brought).peekable();
    while let Some(paper) = papers.next() {
        for leg in paper.legs.iter().filter(|leg| !leg.bank.is_empty() && bound(&leg.source)) {
            booked.entry((&leg.bank, &leg.source)).or_default().0 += leg.signed();
        }
        let blue_follows = paper.is_red()
            && papers
                .peek()
                .is_some_and(|next| next.kind == VoucherKind::BlueCorrection && next.corrects == paper.corrects);
        if !blue_follows {
            booked.values_mut().for_each(|(now, most)| *most = (*most).max(*now));
        }
    }
    let inward = |id: &str| model.bank_txns.iter().any(|(t, _)| t.id == id && t.direction == Direction::In);
    let lost = booked.iter().find(|((id, _), (now, most))| inward(id) && now < most);
    lost.map_or(Ok(()), |((id, source), (now, most))| {
        Err(format!("{id} brought {most} under {source}, and only {now} of it is still booked there"))
    })
}
