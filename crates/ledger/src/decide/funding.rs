//! Money coming in: T01a, T04 to T10.

use record::command::{GrantSpec, RecordIncome};
use record::event::{Effect, GrantOpened};
use record::kinds::{BankPurpose, Direction, EvidenceKind, GrantKind, IncomeKind, Side};
use record::{AccountNo, Event, GrantNo, Line, SourceNo, UseNo};

use super::bank::{Draw, Drawn, draw};
use super::desk::{Desk, Draft};
use super::lines::{OWN, purpose_rule, source_permits};

pub(super) fn income(desk: &mut Desk<'_>, c: &RecordIncome) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_bill(&c.bill_no, "bill_no");
    check_documents(desk, c);
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::In, c.fen, c.date));
    desk.check_evidence(&c.evidence);
    check_payer(desk, drawn);
    let Some(source) = source_of(desk, c) else { return Vec::new() };
    let account = income_account(desk, source, &c.account);
    let uses = permitted_uses(desk, source, &c.grant);
    let Some((grant, opened)) = grant_of(desk, c, source, uses) else { return Vec::new() };
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

/// SRC-002, SRC-004: what the association sends back is a return to its own source, and what comes from an account of ours was the
/// fund's or its members' already. Neither is income.
fn check_payer(desk: &mut Desk<'_>, drawn: Option<Drawn>) {
    let Some(account) = drawn.and_then(|drawn| desk.state.bank_accounts.get(drawn.counterparty)) else { return };
    let rule = if account.purpose == BankPurpose::Payee { "SRC-002" } else { "SRC-004" };
    let code = account.code.clone();
    desk.hit(rule, "bank_txn.counterparty_account", "", &code);
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
fn permitted_uses(desk: &mut Desk<'_>, source: SourceNo, grant: &GrantSpec) -> Vec<UseNo> {
    let mut uses = Vec::with_capacity(grant.permitted_uses.len());
    for (i, code) in grant.permitted_uses.iter().enumerate() {
        let field = format!("grant.permitted_uses[{i}]");
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

/// The grant that income comes under: a new one with its event, or an open one of the same source, document and terms.
fn grant_of(
    desk: &mut Desk<'_>,
    c: &RecordIncome,
    source: SourceNo,
    permitted_uses: Vec<UseNo>,
) -> Option<(GrantNo, Option<Event>)> {
    let spec = &c.grant;
    let grantor = match spec.grantor.as_str() {
        "" => 0,
        code => desk.state.organizations.no(code).unwrap_or_else(|| {
            desk.unknown("grant.grantor");
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
                "grant.code",
                "CONFLICT",
                "已有同编号的资金文件，来源、文号或条件不同",
                "names a grant with another source, document or terms",
            );
        }
        return Some((no, None));
    }
    let kind = match c.kind {
        IncomeKind::Appropriation => GrantKind::Appropriation,
        IncomeKind::FiscalSubsidy | IncomeKind::OtherFiscalSubsidy => GrantKind::FiscalReply,
        IncomeKind::RestrictedDonation | IncomeKind::Donation => GrantKind::Donation,
        IncomeKind::Fundraising | IncomeKind::Sponsorship => GrantKind::Announcement,
        IncomeKind::Interest => GrantKind::InterestPeriod,
        IncomeKind::Other | IncomeKind::OtherLawful => GrantKind::Other,
    };
    let no = desk.state.grants.next_no();
    let opened = GrantOpened {
        no,
        code: spec.code.clone(),
        kind,
        source,
        grantor,
        doc_no: spec.doc_no.clone(),
        permitted_uses,
        opened_on: c.date,
        valid_from: spec.valid_from,
        valid_to: spec.valid_to,
    };
    Some((no, Some(Event::GrantOpened(opened))))
}
