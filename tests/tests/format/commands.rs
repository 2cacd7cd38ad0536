//! The commands of the test vectors, for fingerprints and for records that hold a command.

use record::command::*;
use record::kinds::{ArchiveKind, Custody, EvidenceKind, FindingStep, PayerType, RegisterKind, Settlement, Word};
use record::{Command, VoucherRef};

use crate::records::{day, evidence};
use crate::statements;

/// A year's scheme.
pub fn scheme() -> RegisterScheme {
    RegisterScheme {
        year: 2018,
        doc_no: "粤工总〔2018〕18号".into(),
        approval: "PF-2018-01".into(),
        total_fen: 5_000_000_000,
        targets: vec![ClassTarget { class: "A".into(), heads: 616_000 }],
        enroll_deadline: day("2018-06-30"),
        cover_months: 12,
    }
}

/// A state of the register of hardship files.
pub fn snapshot() -> RegisterSnapshot {
    RegisterSnapshot {
        code: "JD-2018".into(),
        register: RegisterKind::Hardship,
        version: "第3版".into(),
        organization: "GDZGH".into(),
        as_of: day("2018-03-31"),
        heads: 35_000,
        digest: [8; 32],
    }
}

/// The key of a year's tokens.
pub fn token_key() -> RegisterTokenKey {
    RegisterTokenKey { year: 2018, key_id: "K-2018".into(), check_value: [0xc0; 32] }
}

/// A part of a roster.
pub fn chunk() -> UploadRosterChunk {
    UploadRosterChunk {
        upload: "UP-1".into(),
        year: 2018,
        key_id: "K-2018".into(),
        check_value: [0xc0; 32],
        first_row: 1,
        tokens: vec![[0x11; 16], [0x22; 16]],
    }
}

/// A payment that names no grant.
pub fn disburse() -> Command {
    Command::Disburse(Disburse {
        commitment: "ZY-1".into(),
        payee_account: "MA-1".into(),
        batches: vec!["B-SZ-A-001".into()],
        heads: 100,
        unit_fen: 7_500,
        fen: 750_000,
        date: day("2018-05-03"),
        bank_account: "ICBC-1".into(),
        bank_txn: "20180503000001".into(),
        settlement: Settlement::Transfer,
        use_code: String::new(),
        account: String::new(),
        grants: vec![],
        summary: "直拨".into(),
        evidence: vec![evidence(EvidenceKind::BankSlip, "HD-1", "2018-05-03")],
    })
}

/// A correction, with the right payment within.
pub fn correction() -> Command {
    Command::CorrectVoucher(CorrectVoucher {
        voucher: VoucherRef { word: Word::Ji, cycle: 2018, number: 1 },
        date: day("2018-05-04"),
        reason: "误记科目".into(),
        replacement: Box::new(disburse()),
        evidence: vec![],
    })
}

/// A finding confirmed, to be put right in a month.
pub fn verify() -> Command {
    Command::UpdateFinding(UpdateFinding {
        finding: 1,
        step: FindingStep::Verify,
        reason: "经核对账龄属实".into(),
        due: Some(day("2019-01-15")),
        vouchers: vec![VoucherRef { word: Word::Ji, cycle: 2018, number: 15 }],
    })
}

/// Bound money that goes back to its giver.
pub fn grant_return() -> Command {
    Command::ReturnGrant(ReturnGrant {
        grant: "JZ-1".into(),
        fen: 500_000,
        date: day("2019-01-10"),
        bank_account: "ICBC-1".into(),
        bank_txn: "20190110000001".into(),
        approval: "PF-2019-01".into(),
        reason: "用途终止".into(),
        evidence: vec![evidence(EvidenceKind::Agreement, "终止协议1号", "2019-01-08")],
    })
}

/// Bank statements of a year, destroyed after their term.
pub fn destruction() -> RecordDestruction {
    RecordDestruction {
        list_no: "销-2029-1".into(),
        kind: ArchiveKind::BankStatement,
        year: 2018,
        month: 12,
        volumes: 3,
        date: day("2029-01-02"),
        approval: "XH-2029".into(),
        reason: "保管期满，监销人到场".into(),
        evidence: vec![evidence(EvidenceKind::Other, "销毁清册-1", "2029-01-02")],
    }
}

/// A log's trust policy; what the texts hold is no matter of the format.
pub fn log_policy() -> Command {
    Command::SetLogPolicy(SetLogPolicy { policy: "quorum none\n".into(), statement: "声明\n".into() })
}

/// Book, person and command of each fingerprint.
pub fn vectors() -> Vec<(&'static str, &'static str, &'static str, Command)> {
    let receipt = PostPremiumReceipt {
        holder: "SZ".into(),
        payer: PayerType::Member,
        batch: "B-SZ-A-001".into(),
        heads: 1,
        unit_fen: 2_000,
        fen: 2_000,
        received_on: day("2018-12-15"),
        custody: Custody::Collector,
        bill_no: "粤财票0001".into(),
        bank_txn: String::new(),
        source_seq: 1,
    };
    vec![
        ("close year", "GD-HIC2", "wu", Command::CloseYear(CloseYear { year: 2018 })),
        ("scheme", "GD-HIC2", "li", Command::RegisterScheme(scheme())),
        ("receipt", "GD-HIC2", "sz-collector", Command::PostPremiumReceipt(receipt.clone())),
        ("receipt in another book", "GD-HIC3", "sz-collector", Command::PostPremiumReceipt(receipt)),
        ("payment", "GD-HIC2", "zhang", disburse()),
        ("correction", "GD-HIC2", "zhang", correction()),
        ("roster chunk", "GD-HIC2", "sz-collector", Command::UploadRosterChunk(chunk())),
        ("detectors", "GD-HIC2", "shen", Command::RunDetectors(RunDetectors { day: Some(day("2018-12-16")) })),
        ("finding", "GD-HIC2", "shen", verify()),
        ("statement chunk", "GD-HIC2", "wu", Command::UploadStatementChunk(statements::chunk())),
        ("statement", "GD-HIC2", "wu", Command::ImportStatement(statements::sealed())),
        ("matching", "GD-HIC2", "wu", Command::MatchStatement(statements::matching())),
        ("unmatching", "GD-HIC2", "wu", Command::UnmatchStatement(statements::unmatching())),
        ("rule set", "GZ-HIC2", "li", crate::layers::adoption()),
        ("grant returned", "GD-HIC2", "zhang", grant_return()),
        ("destruction", "GD-HIC2", "zhang", Command::RecordDestruction(destruction())),
        ("log policy", "GD-HIC2", "shen", log_policy()),
    ]
}
