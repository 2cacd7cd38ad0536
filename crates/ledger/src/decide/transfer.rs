//! Money that changes its source under an approval (T16), fiscal money handed back to the treasury (T28), and the consent that the giver
//! of bound money must have given to either.

use record::command::{AmendGrant, ReturnFiscalSurplus, TransferBetweenSources};
use record::event::{Effect, GrantAmended};
use record::kinds::{ApprovalKind, Direction, GrantKind, OrgType, Restriction, Side, Template};
use record::{AccountNo, ApprovalNo, Day, Event, Fen, GrantNo, Line, OrgNo, SourceNo};

use super::approvals::{Act, carry};
use super::bank::{Draw, draw};
use super::desk::{Desk, Draft};
use super::funding::{Under, grant_under, permitted_uses};
use super::lines::{OWN, purpose_rule};

/// T16: each source balances on its own; money and 单位内部调剂 of both stand in one voucher.
pub(super) fn between_sources(desk: &mut Desk<'_>, c: &TransferBetweenSources) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_evidence(&c.evidence);
    let act = Act {
        approval: &c.approval,
        kinds: &[ApprovalKind::InternalTransfer],
        rule: "SRC-004",
        date: c.date,
        fen: c.fen,
        scope: [&c.source, "", ""],
    };
    let approval = carry(desk, &act).unwrap_or(0);
    let source = desk.source(&c.source, "source");
    let to_source = desk.source(&c.to_source, "to_source");
    let (Some(source), Some(to_source)) = (source, to_source) else { return Vec::new() };
    if source == to_source {
        desk.hit("SRC-004", "to_source", "another source", &c.to_source);
    }
    let own = [(source, "source"), (to_source, "to_source")].map(|(no, field)| check_own_money(desk, no, field));
    if own.contains(&false) {
        return Vec::new();
    }
    let consent = consent(desk, source, &c.consent, c.date, c.fen);
    let Some((grant, _)) = desk.state.grants.find(&c.grant).filter(|(_, g)| g.source == source) else {
        desk.unknown("grant");
        return Vec::new();
    };
    let under = Under { field: "to_grant", kind: GrantKind::Other, source: to_source, opened_on: c.date };
    let (to_grant, opened) = grant_under(desk, &under, &c.to_grant);
    let use_code = desk.state.use_no("XF").unwrap_or(0);
    let line = |account: AccountNo, of: (SourceNo, GrantNo), side: Side| Line {
        account,
        source: of.0,
        grant: of.1,
        side,
        fen: c.fen,
        use_code,
        holder: OWN,
        ..Line::default()
    };
    let (from, to) = ((source, grant), (to_source, to_grant));
    let money = desk.state.posting.special_bank;
    let lines = vec![
        line(desk.state.internal_transfer_of(source), from, Side::Debit),
        line(money, from, Side::Credit),
        line(money, to, Side::Debit),
        line(desk.state.internal_transfer_of(to_source), to, Side::Credit),
    ];
    let draft = Draft {
        attachments: c.evidence.len(),
        approval,
        summary: c.reason.clone(),
        ..Draft::actual(Template::T16, c.date, lines)
    };
    let voucher = desk.voucher(draft);
    let posted = desk.posted(voucher, Effect::Transfer { consent, fen: c.fen }, &c.evidence);
    opened.into_iter().chain([posted]).collect()
}

/// SRC-007: what is held for others is nobody's to move between sources.
fn check_own_money(desk: &mut Desk<'_>, source: SourceNo, field: &str) -> bool {
    let held = desk.state.sources.get(source).is_some_and(|s| s.restriction == Restriction::PassThrough);
    if held {
        let code = desk.state.sources.code(source).to_owned();
        desk.hit("SRC-007", field, "", &code);
    }
    !held
}

/// What its giver must have said before money leaves its purpose: fiscal money takes a reply (SRC-006), what a donor, sponsor, campaign or
/// superior union bound takes their consent (USE-011). Gives the consent's ordinal; 0 where none is needed.
fn consent(desk: &mut Desk<'_>, source: SourceNo, code: &str, date: Day, fen: Fen) -> ApprovalNo {
    let restriction = desk.state.sources.get(source).map(|s| s.restriction);
    let kind = match restriction {
        Some(Restriction::Fiscal) => ApprovalKind::FiscalReply,
        Some(Restriction::Donor | Restriction::Document) => ApprovalKind::DonorConsent,
        _ => {
            // Where nobody bound the money, nobody is asked; a consent named for nothing is a mistake of the request.
            if !code.is_empty() {
                desk.fault("consent", "NOT_NEEDED", "该来源无须另行同意", "is for money that its giver bound");
            }
            return 0;
        }
    };
    let name = desk.state.sources.code(source).to_owned();
    let act = Act {
        approval: code,
        kinds: &[kind],
        rule: purpose_rule(desk.state, source),
        date,
        fen,
        scope: [&name, "", ""],
    };
    carry(desk, &act).unwrap_or(0)
}

/// T28: what is left of fiscal money after its year goes back to the treasury's own account: 结转 to 结余, and 结余 handed back.
pub(super) fn fiscal_surplus(desk: &mut Desk<'_>, c: &ReturnFiscalSurplus) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_evidence(&c.evidence);
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::Out, c.fen, c.date));
    let Some((grant, found)) = desk.state.grants.find(&c.grant).filter(|(_, g)| g.batch.is_none()) else {
        desk.unknown("grant");
        return Vec::new();
    };
    let (source, grantor) = (found.source, found.grantor);
    let def = desk.state.sources.get(source);
    let carried = def.and_then(|s| desk.state.account_no(&s.carry_account)).unwrap_or(0);
    let fiscal = def.is_some_and(|s| s.restriction == Restriction::Fiscal);
    let code = desk.state.sources.code(source).to_owned();
    if !fiscal {
        desk.hit("SRC-006", "grant", Restriction::Fiscal.code(), &code);
    }
    let act = Act {
        approval: &c.approval,
        kinds: &[ApprovalKind::FiscalReply],
        rule: "SRC-006",
        date: c.date,
        fen: c.fen,
        scope: [&code, "", ""],
    };
    let approval = carry(desk, &act).unwrap_or(0);
    let left = desk.state.balance(carried, source, grant, OWN).saturating_neg();
    if left < c.fen {
        desk.short("SRC-003", "fen", left, c.fen);
    }
    let Some(drawn) = drawn else { return Vec::new() };
    let treasury = treasury(desk, drawn.counterparty, grantor);
    let line = |account: AccountNo, side: Side| Line {
        account,
        source,
        grant,
        side,
        fen: c.fen,
        holder: OWN,
        counterparty: treasury,
        ..Line::default()
    };
    let posting = &desk.state.posting;
    let lines = vec![
        line(carried, Side::Debit),
        line(posting.fiscal_surplus_transfer, Side::Credit),
        line(posting.fiscal_return, Side::Debit),
        Line { bank: drawn.txn, ..line(posting.special_bank, Side::Credit) },
    ];
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval,
        settlement: Some(drawn.settlement),
        ..Draft::actual(Template::T28, c.date, lines)
    };
    let voucher = desk.voucher(draft);
    vec![desk.posted(voucher, Effect::None, &c.evidence)]
}

/// USE-006: beside the association only the treasury that gave the money takes it back, on a registered account of its own.
fn treasury(desk: &mut Desk<'_>, account: u32, grantor: OrgNo) -> OrgNo {
    let owner = desk.state.bank_accounts.get(account).map_or(0, |a| a.organization);
    let fiscal = desk.state.organizations.get(owner).is_some_and(|o| o.org_type == OrgType::Fiscal);
    if !fiscal || (grantor != 0 && grantor != owner) {
        let code = desk.state.bank_accounts.code(account).to_owned();
        desk.hit("USE-006", "bank_txn.counterparty_account", OrgType::Fiscal.code(), &code);
    }
    owner
}

/// New terms of a funding document, as its giver's next document says; they hold from the record on.
pub(super) fn amend_grant(desk: &mut Desk<'_>, c: &AmendGrant) -> Vec<Event> {
    desk.check_not_future(c.date, "date");
    desk.check_evidence(&c.evidence);
    let Some((grant, found)) = desk.state.grants.find(&c.grant).filter(|(_, g)| g.batch.is_none()) else {
        desk.unknown("grant");
        return Vec::new();
    };
    let source = found.source;
    let needs_uses = desk.state.sources.get(source).is_some_and(|s| s.grant_uses);
    check_own_money(desk, source, "grant");
    let consent = consent(desk, source, &c.consent, c.date, 0);
    let uses = permitted_uses(desk, source, "permitted_uses", &c.permitted_uses);
    if needs_uses && uses.is_empty() {
        let rule = purpose_rule(desk.state, source);
        desk.hit(rule, "permitted_uses", "≥ 1", "0");
    }
    vec![Event::GrantAmended(GrantAmended {
        grant,
        doc_no: c.doc_no.clone(),
        permitted_uses: uses,
        valid_from: c.valid_from,
        valid_to: c.valid_to,
        date: c.date,
        consent,
        evidence: c.evidence.clone(),
    })]
}
