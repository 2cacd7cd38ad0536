//! Every command goes over the wire and back unchanged; faults of a message are all found at once.

use record::kinds::*;
use record::{Day, VoucherRef};

use super::*;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn evidence() -> Vec<ours::Evidence> {
    vec![ours::Evidence {
        kind: EvidenceKind::BankSlip,
        doc_no: "HD-1".into(),
        date: day("2018-10-15"),
        digest: [7; 32],
        pages: 2,
    }]
}

fn voucher() -> VoucherRef {
    VoucherRef::parse("记-2018-8").unwrap()
}

fn disburse() -> ours::Disburse {
    ours::Disburse {
        commitment: "ZY-1".into(),
        payee_account: "HZH".into(),
        batches: vec!["B1".into(), "B2".into()],
        heads: 1000,
        unit_fen: 9500,
        fen: 9_500_000,
        date: day("2018-10-20"),
        bank_account: "ZH".into(),
        bank_txn: "T1".into(),
        settlement: Settlement::Transfer,
        use_code: "B95".into(),
        account: "5030502".into(),
        grants: vec![ours::GrantShare { grant: "G1".into(), fen: 9_500_000 }],
        summary: "直拨".into(),
        evidence: evidence(),
    }
}

fn income() -> ours::RecordIncome {
    ours::RecordIncome {
        kind: IncomeKind::RestrictedDonation,
        source: "S3R".into(),
        account: "40801".into(),
        grant: ours::GrantSpec {
            code: "JZ-1".into(),
            grantor: "DONOR".into(),
            doc_no: "协议1".into(),
            permitted_uses: vec!["B95".into()],
            valid_from: None,
            valid_to: Some(day("2019-12-31")),
        },
        fen: 10_000_000,
        date: day("2018-06-10"),
        bank_account: "ZH".into(),
        bank_txn: "T2".into(),
        bill_no: "PJ-1".into(),
        summary: String::new(),
        evidence: evidence(),
    }
}

fn approval() -> ours::RecordApproval {
    ours::RecordApproval {
        code: "PF-1".into(),
        kind: ApprovalKind::Expenditure,
        body: Body::ChairOffice,
        meeting_on: day("2018-10-15"),
        doc_no: "纪要1".into(),
        scope: ours::ApprovalScope { source: "S2P".into(), ..Default::default() },
        max_fen: 1,
        valid_to: None,
        minutes_digest: [1; 32],
    }
}

fn grant_spec() -> ours::GrantSpec {
    income().grant
}

/// The flows beside the ordinary ones.
fn flows() -> Vec<Command> {
    let back = ours::RecordReturn {
        payment: voucher(),
        heads: 1,
        fen: 9_500,
        date: day("2018-12-25"),
        bank_account: "ZH".into(),
        bank_txn: "T3".into(),
        reason: "退回".into(),
        evidence: evidence(),
    };
    let identify = |identified| {
        Command::IdentifyDeposit(ours::IdentifyDeposit {
            deposit: "DC-1".into(),
            identified,
            date: day("2018-12-25"),
            reason: "查明".into(),
            evidence: evidence(),
        })
    };
    let fund = ours::OpeningFund {
        source: "S2P".into(),
        grant: grant_spec(),
        opened_on: day("2017-05-10"),
        fen: 1_000,
        surplus_fen: 200,
    };
    let custody =
        ours::OpeningCustody { source: "S1M".into(), holder: "GZ".into(), batch: "B1".into(), heads: 3, fen: 6_000 };
    vec![
        identify(ours::Identified::Income(Box::new(income()))),
        identify(ours::Identified::Return(Box::new(back))),
        Command::TransferBetweenSources(ours::TransferBetweenSources {
            source: "S3N".into(),
            grant: "JZ".into(),
            to_source: "S2P".into(),
            to_grant: grant_spec(),
            fen: 7,
            date: day("2018-12-25"),
            approval: "PF-2".into(),
            consent: "PF-3".into(),
            reason: "调剂".into(),
            evidence: evidence(),
        }),
        Command::PostOpeningBalances(ours::PostOpeningBalances {
            funds: vec![fund],
            custody: vec![custody],
            date: day("2018-01-01"),
            evidence: evidence(),
        }),
        Command::AdjustAmount(ours::AdjustAmount {
            voucher: voucher(),
            change: Change::Decrease,
            fen: 1,
            date: day("2018-12-25"),
            reason: "误记".into(),
            evidence: evidence(),
        }),
    ]
}

/// What concerns the rules of the book above, historical files, and money that goes back to who gave it.
fn layers() -> Vec<Command> {
    use record::ruleset::{ClassPlans, Payee, RuleSet, SchemeTerms, SourceUses};
    let rules = RuleSet {
        book: "GD".into(),
        version: 3,
        day: day("2018-04-08"),
        standards: vec![record::preset::StandardDef {
            class: "A".into(),
            plan: "COMP".into(),
            premium_fen: 9_500,
            subsidy_fen: 7_500,
            own_fen: 2_000,
            valid_from: day("2018-04-08"),
            valid_to: None,
        }],
        parameters: vec![record::preset::Named { code: "P1.remit_max_days".into(), name: "30".into() }],
        classes: vec![ClassPlans { class: "A".into(), plans: vec!["COMP".into()], review_required: true }],
        uses: vec!["A75".into()],
        sources: vec![SourceUses { source: "S3R".into(), uses: vec!["A75".into()], grant_uses: true }],
        forbidden_uses: vec!["X1".into()],
        schemes: vec![SchemeTerms { year: 2018, enroll_deadline: day("2018-12-15"), cover_months: 12 }],
        payees: vec![Payee { organization: "GDZHZ".into(), name: "互助会".into(), masked_no: "****1".into() }],
        rules: vec!["USE-011".into()],
    };
    vec![
        Command::AdoptRuleSet(ours::AdoptRuleSet {
            digest: rules.digest(),
            rules,
            effective_from: day("2018-05-01"),
            approval: "PF-4".into(),
        }),
        Command::FileRules(ours::FileRules {
            version: 2,
            doc_no: "备案1".into(),
            filed_on: day("2018-05-02"),
            filed_with: "GDZGH".into(),
            evidence: evidence(),
        }),
        Command::RegisterHistory(ours::RegisterHistory {
            code: "BL-1".into(),
            digest: [9; 32],
            rows: 3,
            from: day("2018-01-01"),
            to: day("2018-03-31"),
            approval: "PF-4".into(),
            evidence: evidence(),
        }),
        Command::ReturnGrant(ours::ReturnGrant {
            grant: "JZ-1".into(),
            fen: 5,
            date: day("2018-12-25"),
            bank_account: "ZH".into(),
            bank_txn: "T9".into(),
            approval: "PF-5".into(),
            reason: "用途终止".into(),
            evidence: evidence(),
        }),
    ]
}

fn statements() -> Vec<Command> {
    vec![
        Command::UploadStatementChunk(ours::UploadStatementChunk {
            upload: "U-1".into(),
            account: "SPECIAL".into(),
            first_row: 1,
            lines: vec![ours::StatementLine {
                id: "L-1".into(),
                date: day("2018-12-21"),
                direction: Direction::In,
                fen: 123,
                nature: LineNature::Interest,
                reference: "TX-1".into(),
                party: "某行".into(),
                party_no: "****0001".into(),
                memo: "结息".into(),
            }],
        }),
        Command::ImportStatement(ours::ImportStatement {
            code: "S-1".into(),
            upload: "U-1".into(),
            account: "SPECIAL".into(),
            from: day("2018-12-01"),
            to: day("2018-12-31"),
            count: 1,
            in_fen: 123,
            out_fen: 0,
            opening_fen: 1,
            closing_fen: 124,
            lines_digest: [1; 32],
            file_digest: [2; 32],
            replaces: "S-0".into(),
        }),
        Command::MatchStatement(ours::MatchStatement {
            account: "SPECIAL".into(),
            by_ids: false,
            lines: vec!["L-1".into()],
            transactions: vec!["TX-1".into()],
            reason: "相符".into(),
        }),
        Command::UnmatchStatement(ours::UnmatchStatement {
            account: "SPECIAL".into(),
            line: "L-1".into(),
            reason: "有误".into(),
        }),
    ]
}

fn commands() -> Vec<Command> {
    let correction = ours::CorrectVoucher {
        voucher: voucher(),
        date: day("2018-10-22"),
        reason: "误记".into(),
        replacement: Box::new(Command::Disburse(disburse())),
        evidence: evidence(),
    };
    vec![
        Command::Disburse(disburse()),
        Command::RecordIncome(income()),
        Command::RecordApproval(approval()),
        Command::CorrectVoucher(correction),
        Command::AllocateQuota(ours::AllocateQuota {
            notice_no: "ME-1".into(),
            organization: "GZ".into(),
            year: 2018,
            source: "S2P".into(),
            date: day("2018-04-20"),
            change: Change::Decrease,
            lines: vec![
                ours::QuotaLine { class: "A".into(), plan: "COMP".into(), heads: Some(0) },
                ours::QuotaLine { class: "C".into(), plan: "COMP".into(), heads: None },
            ],
            basis: "上缴经费".into(),
            second_level: true,
            evidence: Vec::new(),
        }),
        Command::ReviewCommand(ours::ReviewCommand { submission: 7, verdict: Verdict::Approve, reason: String::new() }),
        Command::RunDetectors(ours::RunDetectors { day: None }),
        Command::RunDetectors(ours::RunDetectors { day: Some(day("2018-12-01")) }),
        Command::UpdateFinding(ours::UpdateFinding {
            finding: 3,
            step: FindingStep::Verify,
            reason: "经核对".into(),
            due: Some(day("2018-12-31")),
            vouchers: vec![voucher()],
        }),
        Command::RecordDestruction(ours::RecordDestruction {
            list_no: "销-1".into(),
            kind: ArchiveKind::Reconciliation,
            year: 2018,
            month: 12,
            volumes: 3,
            date: day("2029-01-02"),
            approval: "XH".into(),
            reason: "保管期满".into(),
            evidence: evidence(),
        }),
        Command::SetLogPolicy(ours::SetLogPolicy { policy: "quorum none\n".into(), statement: "x\n".into() }),
        Command::ClosePeriod(ours::ClosePeriod { period: Period { year: 2018, month: 12 } }),
        Command::GrantRole(ours::GrantRole {
            person: ours::PersonDef {
                code: "zhang".into(),
                display: "张".into(),
                roles: vec![Role::FinMaker, Role::Cashier],
                organization: String::new(),
            },
        }),
    ]
}

#[test]
fn commands_go_over_the_wire_and_back() {
    for command in commands().into_iter().chain(flows()).chain(layers()).chain(statements()) {
        let mut fields = Fields::default();
        let back = command_of(&mut fields, message_of(&command));
        assert!(fields.is_clean(), "{command:?}: {fields:?}");
        assert_eq!(back, command);
    }
}

#[test]
fn all_faults_of_a_message_are_found_at_once() {
    let mut message: v1::Disbursement = disburse().show();
    message.date = Some(api::google::r#type::Date { year: 2018, month: 2, day: 30 });
    message.settlement = 0;
    message.evidence[0].kind = 99;
    message.evidence[0].digest = vec![1; 31];
    message.evidence.push(v1::Evidence { kind: 1, digest: vec![1; 32], ..Default::default() });
    let mut fields = Fields::default();
    let _: ours::Disburse = fields.at("disbursement", |f| required(f, Some(message)));
    let faults: Vec<(String, &str)> = fields.with(Vec::new()).into_iter().map(|f| (f.field, f.code)).collect();
    let expected = [
        ("disbursement.date", "INVALID_DATE"),
        ("disbursement.settlement", "UNKNOWN_VALUE"),
        ("disbursement.evidence[0].kind", "UNKNOWN_VALUE"),
        ("disbursement.evidence[0].digest", "INVALID_DIGEST"),
        ("disbursement.evidence[1].date", "REQUIRED"),
    ];
    assert_eq!(faults, expected.map(|(field, code)| (field.to_owned(), code)));
}

#[test]
fn a_missing_message_is_one_fault() {
    let mut fields = Fields::default();
    let _: ours::Disburse = fields.at("disbursement", |f| required(f, None::<v1::Disbursement>));
    let faults = fields.with(Vec::new());
    assert_eq!(faults.len(), 1, "{faults:?}");
}
