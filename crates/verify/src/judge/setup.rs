//! Opening a book; its chart, organisations, accounts, offices, parameters, approvals and bank movements.

use record::command::{
    CreateBook, DefineAccount, GrantRole, PersonDef, RecordApproval, RegisterBankAccount, RegisterBankTransaction,
    RegisterOrganization, RevokeRole, SetParameter, VoidSourceNumbers,
};
use record::event::{BankAccountRegistered, BankTransactionRegistered, BookCreated, RolesSet};
use record::kinds::{ApprovalKind, BankPurpose, OrgType, Role};
use record::{AccountNo, Event, OrgNo};

use super::Case;
use super::checks::Needs;
use super::layers;
use crate::book::look::{OWN, gaps};

/// Offices that one person may not hold together, in pairs (会计基础工作规范第十二条; rules.md 1.5).
const APART: &[(Role, Role)] = {
    use Role::{
        Approver, Audit, Cashier, Collector, EcoDept, FinChief, FinMaker, FinPoster, FinReviewer, MutualAid, SvcDept,
    };
    &[
        (Cashier, FinMaker),
        (Cashier, FinReviewer),
        (Cashier, FinPoster),
        (Cashier, FinChief),
        (FinMaker, FinReviewer),
        (FinMaker, FinChief),
        (FinMaker, Approver),
        (Audit, FinMaker),
        (Audit, FinReviewer),
        (Audit, FinPoster),
        (Audit, FinChief),
        (Audit, Cashier),
        (Audit, SvcDept),
        (Audit, EcoDept),
        (Audit, Approver),
        (Audit, Collector),
        (Audit, MutualAid),
        (Collector, FinMaker),
        (Collector, FinReviewer),
        (Collector, FinChief),
        (Collector, Cashier),
        (Collector, Approver),
        (Collector, MutualAid),
        (MutualAid, FinMaker),
        (MutualAid, FinReviewer),
        (MutualAid, FinChief),
        (MutualAid, Cashier),
        (MutualAid, Approver),
    ]
};

fn offices_apart(case: &mut Case<'_>, roles: &[Role]) {
    let both = APART.iter().any(|(one, other)| roles.contains(one) && roles.contains(other));
    case.breaks_if(both, "LED-009", "roles");
}

fn in_order(roles: impl Iterator<Item = Role>) -> Vec<Role> {
    roles.collect::<std::collections::BTreeSet<Role>>().into_iter().collect()
}

pub(super) fn create(case: &mut Case<'_>, c: &CreateBook) -> Vec<Event> {
    case.breaks_if(c.preset.currency != "CNY", "LED-015", "preset.currency");
    let orgs: Vec<&str> =
        core::iter::once(&c.organization).chain(&c.preset.organizations).map(|o| o.code.as_str()).collect();
    let created = BookCreated {
        book: c.book.clone(),
        name: c.name.clone(),
        organization: c.organization.clone(),
        preset: c.preset.clone(),
        first_period: c.first_period,
        live_from: c.live_from,
    };
    let mut events = vec![Event::BookCreated(Box::new(created))];
    for (no, person) in (1u32..).zip(&c.persons) {
        offices_apart(case, &person.roles);
        let organization = if person.organization.is_empty() {
            0
        } else {
            let place = orgs.iter().position(|code| *code == person.organization);
            place.and_then(|place| OrgNo::try_from(place).ok()).map_or(0, |place| place.saturating_add(1))
        };
        events.push(Event::RolesSet(RolesSet {
            person: no,
            new: true,
            code: person.code.clone(),
            display: person.display.clone(),
            roles: in_order(person.roles.iter().copied()),
            organization,
        }));
    }
    events
}

pub(super) fn account(case: &mut Case<'_>, c: &DefineAccount) -> Vec<Event> {
    let book = case.book;
    let account = &c.account;
    if book.accounts.no(&account.code).is_some() {
        case.unknown("account.code: taken");
    }
    let parent = book.accounts.find(&account.parent).map(|(_, parent)| parent);
    if parent.is_none() && !account.parent.is_empty() {
        case.unknown("account.parent");
    }
    // Only leaves take postings; what hangs below a blocked heading would open what the rules close.
    case.breaks_if(parent.is_some_and(|parent| parent.posting), "LED-003", "account.parent");
    let up = |below: &&record::preset::AccountDef| book.accounts.find(&below.parent).map(|(_, above)| above);
    let bound = book.accounts.next() as usize;
    let blocked = core::iter::successors(parent, up).take(bound).any(|above| above.blocked);
    case.breaks_if(blocked, "LED-003", "account.parent");
    let no = AccountNo::try_from(book.accounts.next()).unwrap_or(0);
    vec![Event::AccountDefined { no, account: account.clone() }]
}

pub(super) fn organization(case: &mut Case<'_>, c: &RegisterOrganization) -> Vec<Event> {
    let organization = &c.organization;
    if case.book.orgs.no(&organization.code).is_some() {
        case.unknown("organization.code: taken");
    }
    if !organization.parent.is_empty() && case.book.orgs.no(&organization.parent).is_none() {
        case.unknown("organization.parent");
    }
    // The association comes with the preset; another one would be a payee of somebody's making.
    case.breaks_if(organization.org_type == OrgType::MutualAid, "USE-006", "organization.org_type");
    vec![Event::OrganizationRegistered { no: case.book.orgs.next(), organization: organization.clone() }]
}

pub(super) fn bank_account(case: &mut Case<'_>, c: &RegisterBankAccount) -> Vec<Event> {
    let book = case.book;
    let Some(organization) = book.orgs.no(&c.organization) else {
        case.unknown("organization");
        return Vec::new();
    };
    if book.bank_accounts.no(&c.code).is_some() {
        case.unknown("code: taken");
    }
    case.breaks_if(c.currency != "CNY", "LED-015", "currency");
    let kind = book.orgs.get(organization).map(|org| org.org_type);
    case.breaks_if(c.purpose == BankPurpose::FundSpecial && organization != OWN, "SRC-010", "organization");
    let stranger = c.purpose == BankPurpose::Payee && kind != Some(OrgType::MutualAid);
    case.breaks_if(stranger, "USE-006", "organization");
    if c.purpose == BankPurpose::Payee {
        layers::payee(case, &c.code, (&c.organization, &c.name, &c.masked_no));
    }
    vec![Event::BankAccountRegistered(BankAccountRegistered {
        no: book.bank_accounts.next(),
        code: c.code.clone(),
        organization,
        purpose: c.purpose,
        name: c.name.clone(),
        masked_no: c.masked_no.clone(),
    })]
}

pub(super) fn movement(case: &mut Case<'_>, c: &RegisterBankTransaction) -> Vec<Event> {
    let book = case.book;
    if book.movements.no(&c.id).is_some() {
        case.unknown("id: taken");
    }
    case.not_ahead(c.date);
    case.paper(&c.slip_digest);
    case.breaks_if(c.currency != "CNY", "LED-015", "currency");
    let account = book.bank_accounts.find(&c.account);
    let ours = account.filter(|(_, a)| matches!(a.is.purpose, BankPurpose::FundSpecial | BankPurpose::Custody));
    case.breaks_if(ours.is_none(), "SRC-010", "account");
    let counterparty = if c.counterparty_account.is_empty() {
        0
    } else {
        let known = book.bank_accounts.no(&c.counterparty_account);
        if known.is_none() {
            case.unknown("counterparty_account");
        }
        known.unwrap_or(0)
    };
    vec![Event::BankTransactionRegistered(BankTransactionRegistered {
        no: book.movements.next(),
        id: c.id.clone(),
        account: ours.map_or(0, |(no, _)| no),
        direction: c.direction,
        fen: c.fen,
        date: c.date,
        counterparty,
        settlement: c.settlement,
        slip_digest: c.slip_digest,
    })]
}

pub(super) fn grant_role(case: &mut Case<'_>, c: &GrantRole) -> Vec<Event> {
    let book = case.book;
    let PersonDef { code, display, roles, organization } = &c.person;
    let bound = if organization.is_empty() { Some(0) } else { book.orgs.no(organization) };
    if bound.is_none() {
        case.unknown("person.organization");
    }
    let known = book.persons.find(code);
    let before = known.iter().flat_map(|(_, person)| person.roles.iter().copied());
    let roles = in_order(roles.iter().copied().chain(before));
    offices_apart(case, &roles);
    let bound = bound.filter(|no| *no != 0).unwrap_or_else(|| known.map_or(0, |(_, person)| person.organization));
    vec![Event::RolesSet(RolesSet {
        person: known.map_or_else(|| book.persons.next(), |(no, _)| no),
        new: known.is_none(),
        code: code.clone(),
        display: known.map_or_else(|| display.clone(), |(_, person)| person.display.clone()),
        roles,
        organization: bound,
    })]
}

pub(super) fn revoke_role(case: &mut Case<'_>, c: &RevokeRole) -> Vec<Event> {
    let Some((no, person)) = case.book.persons.find(&c.person) else {
        case.unknown("person");
        return Vec::new();
    };
    vec![Event::RolesSet(RolesSet {
        person: no,
        new: false,
        code: c.person.clone(),
        display: person.display.clone(),
        roles: person.roles.iter().copied().filter(|role| !c.roles.contains(role)).collect(),
        organization: person.organization,
    })]
}

pub(super) fn parameter(case: &mut Case<'_>, c: &SetParameter) -> Vec<Event> {
    if !case.book.parameters.contains_key(&c.key) {
        case.unknown("key");
    }
    let needs = Needs {
        approval: &c.approval,
        kinds: &[ApprovalKind::Param],
        rule: "APR-004",
        on: c.effective_from,
        fen: 0,
        source: "",
        class: "",
        plan: "",
    };
    let approval = case.approval(&needs).unwrap_or(0);
    case.in_open_month(c.effective_from);
    layers::parameter(case, &c.key, &c.value, c.effective_from);
    vec![Event::ParameterSet { key: c.key.clone(), value: c.value.clone(), effective_from: c.effective_from, approval }]
}

pub(super) fn approval(case: &mut Case<'_>, c: &RecordApproval) -> Vec<Event> {
    if case.book.approvals.no(&c.code).is_some() {
        case.unknown("code: taken");
    }
    case.not_ahead(c.meeting_on);
    // One decision authorises once, whatever code it bears (decision 0026).
    let decision = |a: &RecordApproval| (a.kind, a.body, a.doc_no.clone(), a.scope.clone());
    let known = !c.doc_no.is_empty() && case.book.approvals.all().any(|(_, _, a)| decision(&a.is) == decision(c));
    case.breaks_if(known, "APR-001", "doc_no");
    vec![Event::ApprovalRecorded { no: case.book.approvals.next(), approval: c.clone() }]
}

/// LED-006: only numbers that were passed over are void; one that may still come is not.
pub(super) fn void_numbers(case: &mut Case<'_>, c: &VoidSourceNumbers) -> Vec<Event> {
    let Some(system) = case.book.persons.no(&c.system) else {
        case.unknown("system");
        return Vec::new();
    };
    let runs = case.book.source_numbers.get(&system);
    let passed_over = runs.is_some_and(|runs| gaps(runs).any(|(from, to, _)| from <= c.from && c.to <= to));
    case.breaks_if(!passed_over, "LED-006", "from");
    vec![Event::SourceNumbersVoided { system, from: c.from, to: c.to, reason: c.reason.clone() }]
}
