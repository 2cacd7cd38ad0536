//! Ordinal lists (accounts, sources, grants ...) and the look-ups by code and day.

use std::collections::HashMap;

use borsh::io::{Read, Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use record::kinds::{BankPurpose, IncomeKind, PayerType, Role};
use record::preset::{AccountDef, ClassDef, Named, OrgDef, SourceDef, StandardDef, UseDef};
use record::{AccountNo, ClassNo, Day, OrgNo, PersonNo, PlanNo, SourceNo, UseNo};

use super::{Approval, BankAccount, BankTxn, Commitment, Grant, Person, State};

/// Something that a list holds under its code.
pub trait Listed {
    /// The code, unique in the list.
    fn code(&self) -> &str;
}

macro_rules! listed {
    ($($type:ty => $field:ident),+ $(,)?) => { $(impl Listed for $type { fn code(&self) -> &str { &self.$field } })+ };
}
listed! {
    AccountDef => code, SourceDef => code, UseDef => code, ClassDef => code, Named => code, OrgDef => code, Person => code,
    BankAccount => code, BankTxn => id, Grant => code, Commitment => code,
}

impl Listed for Approval {
    fn code(&self) -> &str {
        &self.approval.code
    }
}

/// A list whose items have ordinals from 1, in order of registration, and unique codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T> {
    items: Vec<T>,
    /// Follows from the items, so that it is no part of the canonical bytes. Every receipt looks a dozen codes up.
    codes: HashMap<String, u32>,
}

impl<T: BorshSerialize> BorshSerialize for List<T> {
    fn serialize<W: Write>(&self, writer: &mut W) -> IoResult<()> {
        self.items.serialize(writer)
    }
}

impl<T: BorshDeserialize + Listed> BorshDeserialize for List<T> {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        let items = Vec::<T>::deserialize_reader(reader)?;
        let mut list = List::default();
        items.into_iter().for_each(|item| list.push(item));
        Ok(list)
    }
}

impl<T> Default for List<T> {
    fn default() -> List<T> {
        List { items: Vec::new(), codes: HashMap::new() }
    }
}

impl<T: Listed> List<T> {
    /// The item with this ordinal.
    pub fn get(&self, no: impl Into<u32>) -> Option<&T> {
        let index = usize::try_from(no.into()).ok()?.checked_sub(1)?;
        self.items.get(index)
    }

    /// The item with this ordinal, to change.
    pub(crate) fn get_mut(&mut self, no: impl Into<u32>) -> Option<&mut T> {
        let index = usize::try_from(no.into()).ok()?.checked_sub(1)?;
        self.items.get_mut(index)
    }

    /// The ordinal of this code.
    pub fn no(&self, code: &str) -> Option<u32> {
        self.codes.get(code).copied()
    }

    /// The ordinal and item of this code.
    pub fn find(&self, code: &str) -> Option<(u32, &T)> {
        let no = self.no(code)?;
        Some((no, self.get(no)?))
    }

    /// The code of this ordinal; empty for 0 and for unknown ordinals.
    pub fn code(&self, no: impl Into<u32>) -> &str {
        self.get(no).map_or("", Listed::code)
    }

    /// Ordinal that the next item will have.
    pub fn next_no(&self) -> u32 {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Items with their ordinals, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (1u32..).zip(self.items.iter())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds an item under the next ordinal.
    pub(crate) fn push(&mut self, item: T) {
        let no = self.next_no();
        self.codes.insert(item.code().to_owned(), no);
        self.items.push(item);
    }
}

impl State {
    /// Ordinal of an account code.
    pub fn account_no(&self, code: &str) -> Option<AccountNo> {
        self.accounts.no(code).and_then(|no| AccountNo::try_from(no).ok())
    }

    /// Ordinal of a source code.
    pub fn source_no(&self, code: &str) -> Option<SourceNo> {
        self.sources.no(code).and_then(|no| SourceNo::try_from(no).ok())
    }

    /// Ordinal of a class code.
    pub fn class_no(&self, code: &str) -> Option<ClassNo> {
        self.classes.no(code).and_then(|no| ClassNo::try_from(no).ok())
    }

    /// Ordinal of a plan code.
    pub fn plan_no(&self, code: &str) -> Option<PlanNo> {
        self.plans.no(code).and_then(|no| PlanNo::try_from(no).ok())
    }

    /// Ordinal of a use code.
    pub fn use_no(&self, code: &str) -> Option<UseNo> {
        self.uses.no(code).and_then(|no| UseNo::try_from(no).ok())
    }

    /// The use that pays `plan` for `class`: the subsidy, or the insured's own share.
    pub fn use_for(&self, class: &str, plan: &str, own: bool) -> Option<UseNo> {
        let (no, _) = self.uses.iter().find(|(_, u)| u.class == class && u.plan == plan && u.own == own)?;
        UseNo::try_from(no).ok()
    }

    /// The standard in force for class and plan on a day.
    pub fn standard_on(&self, class: ClassNo, plan: PlanNo, day: Day) -> Option<&StandardDef> {
        let (_, (standard, _)) = self.standards.get(&(class, plan))?.range(..=day).next_back()?;
        (standard.valid_to.is_none_or(|last| day <= last)).then_some(standard)
    }

    /// The value of a parameter in force on a day.
    pub fn parameter_on(&self, key: &str, day: Day) -> Option<&str> {
        let (_, (value, _)) = self.parameters.get(key)?.range(..=day).next_back()?;
        Some(value)
    }

    /// The person with this code, and their ordinal.
    pub fn person(&self, code: &str) -> Option<(PersonNo, &Person)> {
        self.persons.find(code)
    }

    /// Whether the person has one of these roles.
    pub fn has_role(&self, person: PersonNo, roles: &[Role]) -> bool {
        self.persons.get(person).is_some_and(|p| p.roles.iter().any(|r| roles.contains(r)))
    }

    /// Sources that this kind of income may enter.
    pub fn sources_of_income(&self, kind: IncomeKind) -> impl Iterator<Item = (u32, &SourceDef)> {
        self.sources.iter().filter(move |(_, s)| s.income_kinds.iter().any(|k| k == kind.code()))
    }

    /// Of these accounts the one that stands beside the source's carry-forward account; 0 where it has none.
    fn beside_carry(&self, source: SourceNo, accounts: &[AccountNo]) -> AccountNo {
        let heading = |code: &str| self.accounts.find(code).map(|(_, account)| account.parent.as_str());
        let wanted = self.sources.get(source).and_then(|s| heading(&s.carry_account));
        let beside = |no: &&AccountNo| wanted.is_some() && self.accounts.get(**no).map(|a| a.parent.as_str()) == wanted;
        accounts.iter().find(beside).copied().unwrap_or(0)
    }

    /// 单位内部调剂 of a source's money: 32102, of fiscal money 33102.
    pub fn internal_transfer_of(&self, source: SourceNo) -> AccountNo {
        self.beside_carry(source, &self.posting.internal_transfers)
    }

    /// 年初余额调整 of a source's money: 32101, of fiscal money 33101.
    pub fn opening_adjustment_of(&self, source: SourceNo) -> AccountNo {
        self.beside_carry(source, &self.posting.opening_adjustments)
    }

    /// The source of money that nobody can place yet.
    pub fn suspense_source(&self) -> Option<SourceNo> {
        let is = |account: &str| self.account_no(account) == Some(self.posting.suspense);
        let (no, _) = self.sources.iter().find(|(_, s)| is(&s.income_account))?;
        SourceNo::try_from(no).ok()
    }

    /// The source of a payer's premiums.
    pub fn source_of_payer(&self, payer: PayerType) -> Option<SourceNo> {
        let (no, _) = self.sources.iter().find(|(_, s)| s.payer == payer.code())?;
        SourceNo::try_from(no).ok()
    }

    /// Whether `org` is `above` or stands below it.
    pub fn is_within(&self, org: OrgNo, above: OrgNo) -> bool {
        let mut at = org;
        // The tree is at most as deep as the list is long; a step bound keeps a bad cycle from looping.
        for _ in 0..=self.organizations.len() {
            if at == above {
                return true;
            }
            let Some(parent) = self.organizations.get(at).and_then(|o| self.organizations.no(&o.parent)) else {
                return false;
            };
            at = parent;
        }
        false
    }

    /// The registered account with this code if it has this purpose.
    pub fn bank_account(&self, code: &str, purpose: BankPurpose) -> Option<(u32, &BankAccount)> {
        self.bank_accounts.find(code).filter(|(_, a)| a.purpose == purpose)
    }
}
