//! Money of unknown origin that stays unplaced (REM-006, decisions 18): neither identified nor sent back within P2's days. One sign a
//! deposit.

use std::collections::BTreeMap;

use record::kinds::SubjectKind;
use record::{Day, Fen, GrantNo};

use super::Look;
use crate::rules::yuan;
use crate::state::{Place, SumKey};

pub(super) fn look(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    let days = look.number("P2.return_max_days");
    let account = state.posting.suspense;
    let mut left: BTreeMap<GrantNo, Fen> = BTreeMap::new();
    let from = SumKey { account, day: Day(i32::MIN), ..SumKey::default() };
    for (key, sum) in state.sums.range(from..).take_while(|(key, _)| key.account == account) {
        if key.day <= day {
            let fen = left.entry(key.grant).or_default();
            *fen = fen.saturating_sub(sum.balance());
        }
    }
    for (no, fen) in left.into_iter().filter(|(_, fen)| *fen > 0) {
        let Some(deposit) = state.grants.get(no) else { continue };
        let since = deposit.opened_on.plus_days(days.saturating_add(1));
        if day < since {
            continue;
        }
        let mut sign = look.sign("REM-006", SubjectKind::Grant, &deposit.code);
        sign.fen = fen;
        (sign.expected, sign.found) = (yuan(0), yuan(fen));
        sign.since = since;
        sign.evidence = look.at(&Place::Grant(no)).into_iter().collect();
        look.see(sign);
    }
}
