//! Opening a book, and its chart, organisations, roles and parameters.

use record::command::{
    CreateBook, DefineAccount, GrantRole, PersonDef, RegisterOrganization, RevokeRole, SetParameter,
};
use record::event::{BookCreated, RolesSet};
use record::kinds::{ApprovalKind, OrgType, Role};
use record::preset::OrgDef;
use record::{AccountNo, Event, OrgNo};

use super::Desk;
use super::approvals::{Act, carry};
use super::layers;

/// Pairs of offices that one person may not hold together (会计基础工作规范第12条, rules.md 1.5).
const INCOMPATIBLE: &[(Role, &[Role])] = &[
    (Role::Cashier, &[Role::FinMaker, Role::FinReviewer, Role::FinPoster, Role::FinChief]),
    (Role::FinMaker, &[Role::FinReviewer, Role::FinChief, Role::Approver]),
    (
        Role::Audit,
        &[
            Role::FinMaker,
            Role::FinReviewer,
            Role::FinPoster,
            Role::FinChief,
            Role::Cashier,
            Role::SvcDept,
            Role::EcoDept,
            Role::Approver,
            Role::Collector,
            Role::MutualAid,
        ],
    ),
    (
        Role::Collector,
        &[Role::FinMaker, Role::FinReviewer, Role::FinChief, Role::Cashier, Role::Approver, Role::MutualAid],
    ),
    (Role::MutualAid, &[Role::FinMaker, Role::FinReviewer, Role::FinChief, Role::Cashier, Role::Approver]),
];

pub(super) fn create(desk: &mut Desk<'_>, c: &CreateBook) -> Vec<Event> {
    if c.preset.currency != "CNY" {
        desk.hit("LED-015", "preset.currency", "CNY", &c.preset.currency);
    }
    let orgs: Vec<&OrgDef> = core::iter::once(&c.organization).chain(&c.preset.organizations).collect();
    let org_no = |code: &str| (1u32..).zip(&orgs).find(|(_, o)| o.code == code).map(|(no, _)| no);
    let mut events = vec![Event::BookCreated(Box::new(BookCreated {
        book: c.book.clone(),
        name: c.name.clone(),
        organization: c.organization.clone(),
        preset: c.preset.clone(),
        first_period: c.first_period,
        live_from: c.live_from,
    }))];
    for (i, (no, person)) in (1u32..).zip(&c.persons).enumerate() {
        check_roles(desk, &person.roles, &format!("persons[{i}].roles"));
        let organization =
            organization_of(desk, person, &format!("persons[{i}].organization"), org_no(&person.organization));
        events.push(Event::RolesSet(RolesSet {
            person: no,
            new: true,
            code: person.code.clone(),
            display: person.display.clone(),
            roles: sorted(&person.roles),
            organization,
        }));
    }
    events
}

fn organization_of(desk: &mut Desk<'_>, person: &PersonDef, field: &str, found: Option<OrgNo>) -> OrgNo {
    if person.organization.is_empty() {
        return 0;
    }
    found.unwrap_or_else(|| {
        desk.unknown(field);
        0
    })
}

/// LED-009: no person holds offices that must control each other.
fn check_roles(desk: &mut Desk<'_>, roles: &[Role], field: &str) {
    for (one, others) in INCOMPATIBLE.iter().filter(|(one, _)| roles.contains(one)) {
        for other in others.iter().filter(|other| roles.contains(other)) {
            desk.hit("LED-009", field, one.code(), other.code());
        }
    }
}

fn sorted(roles: &[Role]) -> Vec<Role> {
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    roles.dedup();
    roles
}

pub(super) fn define_account(desk: &mut Desk<'_>, c: &DefineAccount) -> Vec<Event> {
    if desk.state.accounts.no(&c.account.code).is_some() {
        desk.taken("account.code");
    }
    if !c.account.parent.is_empty() && desk.state.accounts.no(&c.account.parent).is_none() {
        desk.unknown("account.parent");
    }
    // Only leaves take postings (末级科目), so what takes postings gets no leaf below it.
    if let Some((_, parent)) = desk.state.accounts.find(&c.account.parent).filter(|(_, parent)| parent.posting) {
        desk.hit("LED-003", "account.parent", "posting=BLOCK", &parent.code);
    }
    // A new leaf below a heading that the fund's rules block would open what they close.
    let mut above = desk.state.accounts.find(&c.account.parent);
    while let Some((_, account)) = above {
        if account.blocked {
            desk.hit("LED-003", "account.parent", "posting=ALLOW", &account.code);
        }
        above = desk.state.accounts.find(&account.parent).filter(|(_, next)| next.code != account.code);
    }
    let no = AccountNo::try_from(desk.state.accounts.next_no()).unwrap_or(0);
    if no == 0 {
        desk.fault("account.code", "FULL", "科目数已达上限", "exceeds the number of accounts of a book");
    }
    vec![Event::AccountDefined { no, account: c.account.clone() }]
}

pub(super) fn register_organization(desk: &mut Desk<'_>, c: &RegisterOrganization) -> Vec<Event> {
    let organization = &c.organization;
    if desk.state.organizations.no(&organization.code).is_some() {
        desk.taken("organization.code");
    }
    if !organization.parent.is_empty() && desk.state.organizations.no(&organization.parent).is_none() {
        desk.unknown("organization.parent");
    }
    // The association is the preset's, known from the start; a second one would be a payee of somebody's own making.
    if organization.org_type == OrgType::MutualAid {
        desk.hit("USE-006", "organization.org_type", "", &organization.code);
    }
    vec![Event::OrganizationRegistered { no: desk.state.organizations.next_no(), organization: organization.clone() }]
}

pub(super) fn grant_role(desk: &mut Desk<'_>, c: &GrantRole) -> Vec<Event> {
    let person = &c.person;
    let organization =
        organization_of(desk, person, "person.organization", desk.state.organizations.no(&person.organization));
    let known = desk.state.person(&person.code);
    let mut roles = person.roles.clone();
    roles.extend(known.iter().flat_map(|(_, p)| p.roles.iter().copied()));
    let roles = sorted(&roles);
    check_roles(desk, &roles, "person.roles");
    vec![Event::RolesSet(RolesSet {
        person: known.map_or_else(|| desk.state.persons.next_no(), |(no, _)| no),
        new: known.is_none(),
        code: person.code.clone(),
        display: known.map_or_else(|| person.display.clone(), |(_, p)| p.display.clone()),
        organization: if organization == 0 { known.map_or(0, |(_, p)| p.organization) } else { organization },
        roles,
    })]
}

pub(super) fn revoke_role(desk: &mut Desk<'_>, c: &RevokeRole) -> Vec<Event> {
    let Some((no, person)) = desk.state.person(&c.person) else {
        desk.unknown("person");
        return Vec::new();
    };
    vec![Event::RolesSet(RolesSet {
        person: no,
        new: false,
        code: person.code.clone(),
        display: person.display.clone(),
        roles: person.roles.iter().copied().filter(|role| !c.roles.contains(role)).collect(),
        organization: person.organization,
    })]
}

pub(super) fn set_parameter(desk: &mut Desk<'_>, c: &SetParameter) -> Vec<Event> {
    if !desk.state.parameters.contains_key(&c.key) {
        desk.unknown("key");
    }
    let act = Act {
        approval: &c.approval,
        kinds: &[ApprovalKind::Param],
        rule: "APR-004",
        date: c.effective_from,
        fen: 0,
        scope: ["", "", ""],
    };
    let approval = carry(desk, &act).unwrap_or(0);
    desk.check_open(c.effective_from, "effective_from");
    layers::check_parameter(desk, &c.key, &c.value, c.effective_from);
    vec![Event::ParameterSet { key: c.key.clone(), value: c.value.clone(), effective_from: c.effective_from, approval }]
}
