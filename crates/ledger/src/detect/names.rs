//! Accounts that look like the association's (DIV-004): the same holder's name (户名) under another owner, or a name that differs in one or
//! two characters or in their order.

use record::kinds::{BankPurpose, OrgType, SubjectKind};

use super::Look;
use crate::state::{BankAccount, Place, State};

/// Characters by which near names differ at most.
const NEAR: usize = 2;
/// Shorter names differ in two characters by chance.
const SHORTEST: usize = 5;

pub(super) fn look(look: &mut Look<'_>) {
    let state = look.state;
    for (no, account) in state.bank_accounts.iter() {
        let Some(like) = resembles(state, no, account) else { continue };
        let mut sign = look.sign("DIV-004", SubjectKind::BankAccount, &account.code);
        sign.count = 1;
        sign.expected = like;
        sign.found.clone_from(&account.name);
        sign.evidence = look.at(&Place::BankAccount(no)).into_iter().collect();
        look.see(sign);
    }
}

/// The name of the association that an account's name passes for; none where it passes for none. Of the association's own accounts one that
/// differs from the association's name, or from an account registered before it, is the suspect.
fn resembles(state: &State, no: u32, account: &BankAccount) -> Option<String> {
    let is_association = |org: u32| state.organizations.get(org).is_some_and(|o| o.org_type == OrgType::MutualAid);
    let name = plain(&account.name);
    let own = is_association(account.organization);
    let accounts = state
        .bank_accounts
        .iter()
        .filter(|(other, a)| a.purpose == BankPurpose::Payee && is_association(a.organization) && (!own || *other < no))
        .map(|(_, a)| (a.organization, a.name.as_str()));
    let organizations = state.organizations.iter().filter(|(_, o)| o.org_type == OrgType::MutualAid);
    let mut others = accounts.chain(organizations.map(|(org, o)| (org, o.name.as_str())));
    let found = others.find(|(owner, other)| {
        let other = plain(other);
        if name == other { *owner != account.organization } else { is_near(&name, &other) }
    });
    found.map(|(_, other)| other.to_owned())
}

/// A name without blanks, punctuation, case and width: what tells names apart to the eye.
fn plain(name: &str) -> Vec<char> {
    let narrow = |c: char| match u32::from(c) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide.saturating_sub(0xfee0)).unwrap_or(c),
        _ => c,
    };
    name.chars().map(narrow).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_near(one: &[char], other: &[char]) -> bool {
    if one.len().min(other.len()) < SHORTEST {
        return false;
    }
    let sorted = |name: &[char]| {
        let mut name = name.to_vec();
        name.sort_unstable();
        name
    };
    distance(one, other) <= NEAR || sorted(one) == sorted(other)
}

/// Characters to put in, leave out or replace to make one name of the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, a) in (1usize..).zip(one) {
        let mut next = vec![place];
        let mut left = place;
        for (b, (diagonal, above)) in other.iter().zip(row.iter().zip(row.iter().skip(1))) {
            let replaced = diagonal.saturating_add(usize::from(a != b));
            left = replaced.min(above.saturating_add(1)).min(left.saturating_add(1));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_told_from_others() {
        for (one, other, near) in [
            ("广东省职工保障互助会", "广东省职工保障互助社", true),
            ("广东省职工保障互助会", "广东省职工互助保障会", true),
            ("广东省职工保障互助会", "广东省职工保险互助协会", true),
            ("广东省职工保障互助会", "广东省总工会", false),
            ("GDZHZ PAYEE", "GDZGH FUND_SPECIAL", false),
            ("甲会", "乙会", false),
        ] {
            assert_eq!(is_near(&plain(one), &plain(other)), near, "{one} {other}");
        }
        assert_eq!(plain("（广东）互助 会ＡＢ"), plain("广东互助会ab"));
    }
}
