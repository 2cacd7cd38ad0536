//! Opening a book; its chart, organisations, persons, parameters and bank.

use std::sync::Arc;

use record::command::{
    CreateBook, DefineAccount, GrantRole, PersonDef, RegisterBankAccount, RegisterBankTransaction,
    RegisterOrganization, RevokeRole, SetParameter,
};
use record::kinds::{ApprovalKind, BankPurpose, OrgType, Role};

use super::case::Case;
use super::spending::Act;
use super::{Change, Model, Verdict};

/// Offices that one person may not hold together (会计基础工作规范第12条): each pair once.
fn clash(roles: &[Role]) -> bool {
    use Role::{Approver, Audit, Cashier, Collector, FinChief, FinMaker, FinPoster, FinReviewer, MutualAid};
    let has = |role| roles.contains(&role);
    let any = |others: &[Role]| others.iter().any(|role| has(*role));
    let audits_and_more = has(Audit) && roles.iter().any(|role| *role != Audit);
    let outsider = has(Collector) || has(MutualAid);
    (has(Cashier) && any(&[FinMaker, FinReviewer, FinPoster, FinChief]))
        || (has(FinMaker) && any(&[FinReviewer, FinChief, Approver]))
        || (outsider && any(&[FinMaker, FinReviewer, FinChief, Cashier, Approver]))
        || (has(Collector) && has(MutualAid))
        || audits_and_more
}

fn sorted(mut roles: Vec<Role>) -> Vec<Role> {
    roles.sort_unstable();
    roles.dedup();
    roles
}

impl Model {
    /// Opens the book: the one command that nothing stands before.
    pub(super) fn create(&mut self, c: &CreateBook) -> Verdict {
        let mut opened = Model::default();
        opened.add(Change::Book(Arc::new(c.clone())));
        let mut case = Case::new(&opened, record::Day(0), "", "");
        case.hit_if(c.preset.currency != "CNY", "LED-015");
        for (i, person) in c.persons.iter().enumerate() {
            case.hit_if(clash(&person.roles), "LED-009");
            let known = person.organization.is_empty() || opened.has_organization(&person.organization);
            case.fault_if(!known, &format!("persons[{i}].organization"), "UNKNOWN");
        }
        if let Some(no) = super::ask::refusal(case) {
            return no;
        }
        for person in &c.persons {
            opened.add(Change::Person(PersonDef { roles: sorted(person.roles.clone()), ..person.clone() }));
        }
        *self = opened;
        Verdict::Accepted(Vec::new())
    }
}

impl Case<'_> {
    pub fn define_account(&mut self, c: &DefineAccount) -> Vec<Change> {
        let account = &c.account;
        self.fault_if(self.m.account(&account.code).is_some(), "account.code", "EXISTS");
        let parent = self.m.account(&account.parent);
        self.fault_if(!account.parent.is_empty() && parent.is_none(), "account.parent", "UNKNOWN");
        // LED-003: only leaves take postings, so what takes postings gets no leaf below it; nor does what is closed to the fund.
        self.hit_if(parent.is_some_and(|p| p.posting), "LED-003");
        let mut above = parent;
        while let Some(found) = above {
            self.hit_if(found.blocked, "LED-003");
            above = self.m.account(&found.parent);
        }
        vec![Change::Account(account.clone())]
    }

    pub fn register_organization(&mut self, c: &RegisterOrganization) -> Vec<Change> {
        let organization = &c.organization;
        let parent = &organization.parent;
        self.fault_if(self.m.has_organization(&organization.code), "organization.code", "EXISTS");
        self.fault_if(!parent.is_empty() && !self.m.has_organization(parent), "organization.parent", "UNKNOWN");
        // There is one association, known from the start; another would be a payee of somebody's making.
        self.hit_if(organization.org_type == OrgType::MutualAid, "USE-006");
        vec![Change::Organization(organization.clone())]
    }

    pub fn grant_role(&mut self, c: &GrantRole) -> Vec<Change> {
        let mut person = c.person.clone();
        let organization = &c.person.organization;
        let known = organization.is_empty() || self.m.has_organization(organization);
        self.fault_if(!known, "person.organization", "UNKNOWN");
        if let Some(before) = self.m.persons.iter().find(|p| p.code == person.code) {
            person.roles.extend(&before.roles);
            person.display.clone_from(&before.display);
            if organization.is_empty() {
                person.organization.clone_from(&before.organization);
            }
        }
        person.roles = sorted(person.roles);
        self.hit_if(clash(&person.roles), "LED-009");
        vec![Change::Person(person)]
    }

    pub fn revoke_role(&mut self, c: &RevokeRole) -> Vec<Change> {
        let Some(before) = self.m.persons.iter().find(|p| p.code == c.person) else {
            self.fault("person", "UNKNOWN");
            return Vec::new();
        };
        let roles = before.roles.iter().copied().filter(|role| !c.roles.contains(role)).collect();
        vec![Change::Person(PersonDef { roles, ..before.clone() })]
    }

    pub fn set_parameter(&mut self, c: &SetParameter) -> Vec<Change> {
        self.fault_if(!self.m.parameters.iter().any(|(key, ..)| *key == c.key), "key", "UNKNOWN");
        self.carry(&Act::plain(&c.approval, &[ApprovalKind::Param], "APR-004", c.effective_from));
        self.open_month(c.effective_from);
        vec![Change::Parameter(c.key.clone(), c.value.clone(), c.effective_from, c.approval.clone())]
    }

    pub fn register_bank_account(&mut self, c: &RegisterBankAccount) -> Vec<Change> {
        let Some(owner) = self.m.organizations.iter().find(|o| o.code == c.organization) else {
            self.fault("organization", "UNKNOWN");
            return Vec::new();
        };
        self.fault_if(self.m.bank_accounts.iter().any(|a| a.code == c.code), "code", "EXISTS");
        self.hit_if(c.currency != "CNY", "LED-015");
        self.hit_if(c.purpose == BankPurpose::FundSpecial && owner.code != self.own(), "SRC-010");
        self.hit_if(c.purpose == BankPurpose::Payee && owner.org_type != OrgType::MutualAid, "USE-006");
        vec![Change::BankAccount(c.clone(), self.today)]
    }

    pub fn register_bank_txn(&mut self, c: &RegisterBankTransaction) -> Vec<Change> {
        let ours = self
            .m
            .bank_accounts
            .iter()
            .any(|a| a.code == c.account && matches!(a.purpose, BankPurpose::FundSpecial | BankPurpose::Custody));
        let other = &c.counterparty_account;
        let other_known = other.is_empty() || self.m.bank_accounts.iter().any(|a| a.code == *other);
        self.fault_if(self.m.bank_txns.iter().any(|(t, _)| t.id == c.id), "id", "EXISTS");
        self.fault_if(!other_known, "counterparty_account", "UNKNOWN");
        self.not_future(c.date);
        self.slip(&c.slip_digest);
        self.hit_if(c.currency != "CNY", "LED-015");
        self.hit_if(!ours, "SRC-010");
        vec![Change::BankTxn(c.clone(), self.maker.clone())]
    }
}
