//! The equation of each source (REC-003): assets = liabilities + net assets + income - expenses. Every voucher keeps it, so a difference
//! means that the books themselves are broken; a detector all the same, since nothing that everything else rests on goes unlooked at.

use std::collections::BTreeMap;

use record::kinds::{Element, SubjectKind};
use record::{Fen, SourceNo};

use super::{Look, size};
use crate::rules::yuan;

pub(super) fn look(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    // Debit less credit: assets and expenses on one side, everything else on the other.
    let mut sources: BTreeMap<SourceNo, (Fen, Fen)> = BTreeMap::new();
    for (key, sum) in state.sums.iter().filter(|(key, _)| key.day <= day) {
        let (left, right) = sources.entry(key.source).or_default();
        match state.accounts.get(key.account).map(|account| account.element) {
            Some(Element::Asset | Element::Expense) => *left = left.saturating_add(sum.balance()),
            Some(Element::Liability | Element::NetAsset | Element::Income) => {
                *right = right.saturating_sub(sum.balance());
            }
            Some(Element::Budget) | None => {}
        }
    }
    for (source, (left, right)) in sources.into_iter().filter(|(_, (left, right))| left != right) {
        let mut sign = look.sign("REC-003", SubjectKind::Source, state.sources.code(source));
        sign.fen = size(left.saturating_sub(right));
        (sign.expected, sign.found) = (yuan(right), yuan(left));
        look.see(sign);
    }
}
