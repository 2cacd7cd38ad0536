//! Money coming in: T01a, T01b, T01c, T04 to T10.

use record::command::{AppropriateSurplus, GrantSpec, RecordIncome};
use record::event::{Effect, GrantOpened};
use record::kinds::{
    ApprovalKind, BankPurpose, Direction, EvidenceKind, GrantKind, IncomeKind, OrgType, Side, Template,
};
use record::{AccountNo, Day, Event, GrantNo, Line, SourceNo, UseNo};

use super::approvals::{Act, carry};
use super::bank::{Draw, Drawn, draw};
use super::desk::{Desk, Draft};
use super::interest;
use super::lines::{OWN, purpose_rule, source_permits};

pub(super) fn income(desk: &mut Desk<'_>, c: &RecordIncome) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_bill(&c.bill_no, "bill_no");
    check_documents(desk, c);
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::In, c.fen, c.date));
    desk.check_evidence(&c.evidence);
    check_payer(desk, drawn, Some(c.kind));
    if c.kind == IncomeKind::Interest {
        interest::check_not_shared(desk, c.date);
    }
    let Some(source) = source_of(desk, c) else { return Vec::new() };
    let account = income_account(desk, source, &c.account);
    let under = Under { field: "grant", kind: grant_kind(c.kind), source, opened_on: c.date };
    let (grant, opened) = grant_under(desk, &under, &c.grant);
    let Some(drawn) = drawn else { return Vec::new() };
    let grantor = desk.state.organizations.no(&c.grant.grantor).unwrap_or(0);
    let money = Line {
        account: desk.state.posting.special_bank,
        source,
        grant,
        side: Side::Debit,
        fen: c.fen,
        holder: OWN,
        counterparty: grantor,
        bank: drawn.txn,
        ..Line::default()
    };
    let credit = Line { account, side: Side::Credit, bank: 0, ..money.clone() };
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        settlement: Some(drawn.settlement),
        summary: c.summary.clone(),
        ..Draft::actual(c.kind.template(), c.date, vec![money, credit])
    };
    let voucher = desk.voucher(draft);
    let posted = desk.posted_with_bill(voucher, Effect::None, &c.evidence, &c.bill_no);
    opened.into_iter().chain([posted]).collect()
}

/// T01b: what the union appropriates out of the surplus of earlier years is no income; 单位内部调剂 takes it.
pub(super) fn appropriate_surplus(desk: &mut Desk<'_>, c: &AppropriateSurplus) -> Vec<Event> {
    desk.check_date(c.date, "date");
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::In, c.fen, c.date));
    desk.check_evidence(&c.evidence);
    check_payer(desk, drawn, None);
    let mut sources = desk.state.sources_of_income(IncomeKind::Appropriation).filter(|(_, s)| s.enabled);
    let Some((no, source)) = sources.next().map(|(no, s)| (SourceNo::try_from(no).unwrap_or(0), s.code.clone())) else {
        desk.hit("SRC-001", "source", "", IncomeKind::Appropriation.code());
        return Vec::new();
    };
    let act = Act {
        approval: &c.approval,
        kinds: &[ApprovalKind::InternalTransfer],
        rule: "SRC-004",
        date: c.date,
        fen: c.fen,
        scope: [&source, "", ""],
    };
    let approval = carry(desk, &act).unwrap_or(0);
    let under = Under { field: "grant", kind: GrantKind::Appropriation, source: no, opened_on: c.date };
    let (grant, opened) = grant_under(desk, &under, &c.grant);
    let Some(drawn) = drawn else { return Vec::new() };
    let money = Line {
        account: desk.state.posting.special_bank,
        source: no,
        grant,
        side: Side::Debit,
        fen: c.fen,
        holder: OWN,
        counterparty: desk.state.organizations.no(&c.grant.grantor).unwrap_or(0),
        bank: drawn.txn,
        ..Line::default()
    };
    let account = desk.state.internal_transfer_of(no);
    let credit = Line { account, side: Side::Credit, bank: 0, ..money.clone() };
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval,
        settlement: Some(drawn.settlement),
        summary: c.summary.clone(),
        ..Draft::actual(Template::T01b, c.date, vec![money, credit])
    };
    let voucher = desk.voucher(draft);
    let posted = desk.posted(voucher, Effect::None, &c.evidence);
    opened.into_iter().chain([posted]).collect()
}

/// SRC-002, REM-006, SRC-004: what the association sends back is a return to its own source, and what comes from an account of ours was
/// the fund's or its members' already. Neither is income. What comes from a donor's or the treasury's own account is a gift or a
/// subsidy, and does not become interest, other income or surplus by being called so.
pub(super) fn check_payer(desk: &mut Desk<'_>, drawn: Option<Drawn>, kind: Option<IncomeKind>) {
    let Some(account) = drawn.and_then(|drawn| desk.state.bank_accounts.get(drawn.counterparty)) else { return };
    let owner = desk.state.organizations.get(account.organization).map(|owner| owner.org_type);
    let rules: &[&str] = match account.purpose {
        BankPurpose::Payee => &["SRC-002", "REM-006"],
        BankPurpose::FundSpecial | BankPurpose::Custody => &["SRC-004"],
        BankPurpose::Payer if owner.is_some_and(|owner| !may_bring(owner, kind)) => &["SRC-002"],
        BankPurpose::Payer => &[],
    };
    let code = account.code.clone();
    rules.iter().for_each(|rule| desk.hit(rule, "bank_txn.counterparty_account", "", &code));
}

/// Whether money from an account of this kind of organisation may be income of a kind; none is surplus appropriated.
const fn may_bring(owner: OrgType, kind: Option<IncomeKind>) -> bool {
    use IncomeKind::{Donation, FiscalSubsidy, Fundraising, OtherFiscalSubsidy, RestrictedDonation, Sponsorship};
    match owner {
        OrgType::Donor => matches!(kind, Some(RestrictedDonation | Donation | Fundraising | Sponsorship)),
        OrgType::Fiscal => matches!(kind, Some(FiscalSubsidy | OtherFiscalSubsidy)),
        _ => true,
    }
}

/// SRC-005, SRC-006, SRC-009: the documents that this kind of money must come with.
fn check_documents(desk: &mut Desk<'_>, c: &RecordIncome) {
    let has = |kind| c.evidence.iter().any(|e| e.kind == kind);
    match c.kind {
        IncomeKind::RestrictedDonation | IncomeKind::Donation | IncomeKind::Fundraising | IncomeKind::Sponsorship => {
            if !(has(EvidenceKind::Agreement) || has(EvidenceKind::Announcement)) || c.grant.doc_no.is_empty() {
                desk.hit("SRC-005", "grant.doc_no", "AGREEMENT | ANNOUNCEMENT", "");
            }
            if c.bill_no.is_empty() {
                desk.hit("SRC-005", "bill_no", "票据号", "");
            }
            if c.kind == IncomeKind::RestrictedDonation && c.grant.permitted_uses.is_empty() {
                desk.hit("SRC-005", "grant.permitted_uses", "≥ 1", "0");
            }
        }
        IncomeKind::FiscalSubsidy | IncomeKind::OtherFiscalSubsidy => {
            if !has(EvidenceKind::Reply) || c.grant.doc_no.is_empty() {
                desk.hit("SRC-006", "grant.doc_no", "REPLY", "");
            }
            if c.grant.permitted_uses.is_empty() {
                desk.hit("SRC-006", "grant.permitted_uses", "≥ 1", "0");
            }
        }
        IncomeKind::OtherLawful => {
            if !has(EvidenceKind::LegalBasis) {
                desk.hit("SRC-009", "evidence", EvidenceKind::LegalBasis.code(), "");
            }
        }
        IncomeKind::SuperiorSubsidy => {
            // 按文件: money of the superior union is bound by its notice, so the notice says to what.
            if !has(EvidenceKind::AppropriationLetter) {
                desk.hit("USE-011", "evidence", EvidenceKind::AppropriationLetter.code(), "");
            }
            if c.grant.permitted_uses.is_empty() {
                desk.hit("USE-011", "grant.permitted_uses", "≥ 1", "0");
            }
        }
        IncomeKind::Appropriation | IncomeKind::Interest | IncomeKind::Other => {}
    }
}

/// SRC-001, SRC-002, SRC-008: the source named, or the one source of this kind of money.
fn source_of(desk: &mut Desk<'_>, c: &RecordIncome) -> Option<SourceNo> {
    let lawful: Vec<(u32, String)> =
        desk.state.sources_of_income(c.kind).filter(|(_, s)| s.enabled).map(|(no, s)| (no, s.code.clone())).collect();
    if c.source.is_empty() {
        let Some((no, _)) = lawful.first() else {
            desk.hit("SRC-001", "source", "", c.kind.code());
            return None;
        };
        return SourceNo::try_from(*no).ok();
    }
    let source = desk.source(&c.source, "source")?;
    if !lawful.iter().any(|(_, code)| code == &c.source) {
        let expected = lawful.iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>().join(" | ");
        let rule = if c.kind == IncomeKind::Interest { "SRC-008" } else { "SRC-002" };
        desk.hit(rule, "source", &expected, &c.source);
    }
    Some(source)
}

/// SRC-002: the income account that is paired with the source.
fn income_account(desk: &mut Desk<'_>, source: SourceNo, named: &str) -> AccountNo {
    let paired = desk.state.sources.get(source).map_or("", |s| s.income_account.as_str());
    if named.is_empty() || named == paired {
        return desk.state.account_no(paired).unwrap_or(0);
    }
    desk.hit("SRC-002", "account", paired, named);
    desk.state.account_no(named).unwrap_or(0)
}

/// The uses that a funding document permits: known ones (USE-002), within what its source may pay.
pub(super) fn permitted_uses(desk: &mut Desk<'_>, source: SourceNo, field: &str, codes: &[String]) -> Vec<UseNo> {
    let mut uses = Vec::with_capacity(codes.len());
    for (i, code) in codes.iter().enumerate() {
        let field = format!("{field}[{i}]");
        match desk.state.use_no(code) {
            None => desk.hit("USE-002", &field, "", code),
            Some(no) => {
                if !source_permits(desk.state, source, no) {
                    let rule = purpose_rule(desk.state, source);
                    let allowed = desk.state.sources.get(source).map(|s| s.uses.join(" | ")).unwrap_or_default();
                    desk.hit(rule, &field, &allowed, code);
                }
                uses.push(no);
            }
        }
    }
    uses.sort_unstable();
    uses.dedup();
    uses
}

/// What a grant that money comes under must be.
pub(super) struct Under {
    /// The field that names it.
    pub field: &'static str,
    pub kind: GrantKind,
    pub source: SourceNo,
    /// Its age, if it is new.
    pub opened_on: Day,
}

/// The grant that money comes under: a new one with its event, or an open one of the same source, document and terms.
pub(super) fn grant_under(desk: &mut Desk<'_>, under: &Under, spec: &GrantSpec) -> (GrantNo, Option<Event>) {
    let field = |name: &str| format!("{}.{name}", under.field);
    let source = under.source;
    let permitted_uses = permitted_uses(desk, source, &field("permitted_uses"), &spec.permitted_uses);
    let grantor = match spec.grantor.as_str() {
        "" => 0,
        code => desk.state.organizations.no(code).unwrap_or_else(|| {
            desk.unknown(&field("grantor"));
            0
        }),
    };
    if let Some((no, known)) = desk.state.grants.find(&spec.code) {
        let same = known.source == source
            && known.doc_no == spec.doc_no
            && known.grantor == grantor
            && known.permitted_uses == permitted_uses
            && (known.valid_from, known.valid_to) == (spec.valid_from, spec.valid_to);
        if !same {
            desk.fault(
                &field("code"),
                "CONFLICT",
                "已有同编号的资金文件，来源、文号或条件不同",
                "names a grant with another source, document or terms",
            );
        }
        return (no, None);
    }
    let no = desk.state.grants.next_no();
    let opened = GrantOpened {
        no,
        code: spec.code.clone(),
        kind: under.kind,
        source,
        grantor,
        doc_no: spec.doc_no.clone(),
        permitted_uses,
        opened_on: under.opened_on,
        valid_from: spec.valid_from,
        valid_to: spec.valid_to,
    };
    (no, Some(Event::GrantOpened(opened)))
}

/// What a funding document is, by the money that comes under it.
fn grant_kind(kind: IncomeKind) -> GrantKind {
    match kind {
        IncomeKind::Appropriation | IncomeKind::SuperiorSubsidy => GrantKind::Appropriation,
        IncomeKind::FiscalSubsidy | IncomeKind::OtherFiscalSubsidy => GrantKind::FiscalReply,
        IncomeKind::RestrictedDonation | IncomeKind::Donation => GrantKind::Donation,
        IncomeKind::Fundraising | IncomeKind::Sponsorship => GrantKind::Announcement,
        IncomeKind::Interest => GrantKind::InterestPeriod,
        IncomeKind::Other | IncomeKind::OtherLawful => GrantKind::Other,
    }
}
