//! Small parts of commands: documents, approvals, bank slips, persons. Whole commands are made in `make_*`.

use record::command::{ApprovalScope, Evidence, PersonDef, RecordApproval, RegisterBankTransaction};
use record::kinds::{ApprovalKind, Body, Direction, EvidenceKind, OrgType, Role, Settlement};
use record::preset::OrgDef;
use record::{Command, Day, Digest, Fen};

use super::pair::Pair;

pub const SPECIAL: &str = "ZH-1";
pub const AID: &str = "HZ-1";
pub const OWN: &str = "GDFED";
/// Accounts of who pays us: a donor's and the treasury's.
pub const PAYER: &str = "FK-1";
pub const TREASURY: &str = "CZ-1";

pub fn day(text: &str) -> Day {
    Day::parse(text).expect("a day of the test")
}

/// A digest never given before.
pub fn digest(pair: &mut Pair) -> Digest {
    let mut digest = [7; 32];
    digest[..8].copy_from_slice(&pair.serial().to_be_bytes());
    digest
}

pub fn document(pair: &mut Pair, kind: EvidenceKind, date: Day) -> Evidence {
    Evidence { kind, doc_no: format!("文{}", pair.serial()), date, digest: digest(pair), pages: 1 }
}

pub fn documents(pair: &mut Pair, kind: EvidenceKind, date: Day) -> Vec<Evidence> {
    vec![document(pair, kind, date)]
}

pub fn organization(code: &str, org_type: OrgType, parent: &str) -> OrgDef {
    OrgDef {
        code: code.into(),
        name: format!("单位{code}"),
        org_type,
        parent: parent.into(),
        region: String::new(),
        uscc: String::new(),
    }
}

pub fn person(code: &str, roles: &[Role], organization: &str) -> PersonDef {
    PersonDef {
        code: code.into(),
        display: format!("人员{code}"),
        roles: roles.to_vec(),
        organization: organization.into(),
    }
}

/// The body that may give an approval.
pub fn body(kind: ApprovalKind) -> Body {
    match kind {
        ApprovalKind::Expenditure | ApprovalKind::InternalTransfer => Body::ChairOffice,
        ApprovalKind::ReviewB => Body::SvcDept,
        ApprovalKind::ReviewC => Body::EcoDept,
        ApprovalKind::FiscalReply => Body::Fiscal,
        ApprovalKind::DonorConsent => Body::Donor,
        _ => Body::PartyGroup,
    }
}

pub fn approval(pair: &mut Pair, kind: ApprovalKind, meeting_on: Day, max_fen: Fen, source: &str) -> RecordApproval {
    let serial = pair.serial();
    RecordApproval {
        code: format!("PF-{serial}"),
        kind,
        body: body(kind),
        meeting_on,
        doc_no: format!("批{serial}"),
        scope: ApprovalScope { source: source.into(), ..ApprovalScope::default() },
        max_fen,
        valid_to: None,
        minutes_digest: digest(pair),
    }
}

/// Registers a bank transaction and gives its id.
pub fn transaction(
    pair: &mut Pair,
    account: &str,
    direction: Direction,
    fen: Fen,
    other: &str,
    date: Day,
) -> Result<String, String> {
    let id = format!("T-{}", pair.serial());
    let command = RegisterBankTransaction {
        id: id.clone(),
        account: account.into(),
        direction,
        fen,
        date,
        counterparty_account: other.into(),
        settlement: Settlement::Transfer,
        currency: "CNY".into(),
        slip_digest: digest(pair),
    };
    pair.ask("chu1", Command::RegisterBankTransaction(command))?;
    Ok(id)
}
