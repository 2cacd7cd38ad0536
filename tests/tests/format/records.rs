//! The records of the test vectors: a log in small, with what is hard to spell (red-letter lines, Chinese text, absent options,
//! refusals, commands within records). Only shapes matter here; no rule judged these records.

use record::command::{ApprovalScope, Evidence, RecordApproval, SubmitEnrollmentBatch};
use record::event::*;
use record::finding::*;
use record::kinds::*;
use record::preset::{AccountDef, OrgDef, StandardDef};
use record::{Actor, Day, Event, Line, MAX_FEN, Period, Record, Request, Voucher, VoucherRef};

use crate::commands;
use crate::preset::small_preset;
use crate::statements;

/// 2018-12-15 10:00:00 in Shanghai, in microseconds.
const MORNING: i64 = 1_544_839_200_000_000;
pub const BOOK: &str = "GD-HIC2";

pub fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

pub fn evidence(kind: EvidenceKind, doc_no: &str, date: &str) -> Evidence {
    Evidence { kind, doc_no: doc_no.into(), date: day(date), digest: record::hash::sha256(doc_no.as_bytes()), pages: 2 }
}

pub fn org(code: &str, name: &str, org_type: OrgType) -> OrgDef {
    OrgDef {
        code: code.into(),
        name: name.into(),
        org_type,
        parent: String::new(),
        region: "440000".into(),
        uscc: String::new(),
    }
}

fn line(side: Side, account: u16, fen: i64, heads: i32) -> Line {
    Line { account, source: 3, grant: 1, side, fen, heads, ..Line::default() }
}

fn voucher(word: Word, number: u32, date: &str, lines: Vec<Line>) -> Voucher {
    Voucher {
        ledger: LedgerKind::Actual,
        reference: VoucherRef { word, cycle: 2018, number },
        date: day(date),
        kind: VoucherKind::Normal,
        template: Template::T14,
        summary: String::new(),
        attachments: 0,
        prepared_by: 2,
        reviewed_by: 3,
        posted_by: 0,
        cashier_by: 4,
        chief_by: 0,
        corrects: None,
        historical: false,
        approval: 0,
        commitment: 0,
        settlement: None,
        lines,
    }
}

fn posted(voucher: Voucher, effect: Effect) -> Event {
    Event::VoucherPosted(Box::new(VoucherPosted {
        voucher,
        effect,
        bill_no: String::new(),
        evidence: vec![],
        reused: vec![[7; 32]],
    }))
}

fn receipt() -> ReceiptFields {
    ReceiptFields {
        batch: 2,
        source: 1,
        holder: 2,
        heads: 1,
        fen: 2_000,
        received_on: day("2018-12-15"),
        bill_no: "粤财票0001".into(),
        source_seq: 1,
    }
}

fn opened() -> Vec<(&'static str, Event)> {
    let book = BookCreated {
        book: BOOK.into(),
        name: "广东省职工住院二次医保资金".into(),
        organization: org("GDZGH", "广东省总工会", OrgType::ProvFed),
        preset: small_preset(),
        first_period: Period { year: 2018, month: 1 },
        live_from: day("2018-06-01"),
    };
    let account = AccountDef {
        code: "10201".into(),
        name_zh: "住院二次医保专户".into(),
        name_en: "Special bank account".into(),
        parent: "102".into(),
        element: Element::Asset,
        normal: Side::Debit,
        posting: true,
        blocked: false,
        dimensions: vec![Dimension::Source, Dimension::Grant],
        crosswalk_2009: "102".into(),
        crosswalk_2009_name: "银行存款".into(),
    };
    let person = RolesSet {
        person: 2,
        new: true,
        code: "zhang".into(),
        display: "张会计".into(),
        roles: vec![Role::FinMaker, Role::FinPoster],
        organization: 0,
    };
    let bank = BankAccountRegistered {
        no: 1,
        code: "ICBC-1".into(),
        organization: 1,
        purpose: BankPurpose::FundSpecial,
        name: "广东省总工会".into(),
        masked_no: "****0018".into(),
    };
    let slip = BankTransactionRegistered {
        no: 1,
        id: "20180301000001".into(),
        account: 1,
        direction: Direction::In,
        fen: 5_000_000_000,
        date: day("2018-03-01"),
        counterparty: 0,
        settlement: Settlement::Transfer,
        slip_digest: [0xab; 32],
    };
    vec![
        ("book created", Event::BookCreated(Box::new(book))),
        ("account defined", Event::AccountDefined { no: 1, account }),
        (
            "organization registered",
            Event::OrganizationRegistered { no: 2, organization: org("SZ", "深圳市总工会", OrgType::CityFed) },
        ),
        ("bank account registered", Event::BankAccountRegistered(bank)),
        ("bank transaction registered", Event::BankTransactionRegistered(slip)),
        ("roles set", Event::RolesSet(person)),
        (
            "parameter set",
            Event::ParameterSet {
                key: "P9".into(),
                value: "YEAR".into(),
                effective_from: day("2018-01-01"),
                approval: 0,
            },
        ),
    ]
}

fn approval() -> RecordApproval {
    RecordApproval {
        code: "PF-2018-01".into(),
        kind: ApprovalKind::Expenditure,
        body: Body::ChairOffice,
        meeting_on: day("2018-02-01"),
        doc_no: "粤工办纪〔2018〕3号".into(),
        scope: ApprovalScope { source: "S2P".into(), ..ApprovalScope::default() },
        max_fen: MAX_FEN,
        valid_to: Some(day("2018-12-31")),
        minutes_digest: [1; 32],
    }
}

fn batch() -> SubmitEnrollmentBatch {
    SubmitEnrollmentBatch {
        code: "B-SZ-A-001".into(),
        organization: "SZ".into(),
        year: 2018,
        class: "A".into(),
        plan: "COMP".into(),
        renewal: false,
        prior_confirmation_no: String::new(),
        unit_headcount: 120,
        insured_count: 100,
        premium_total_fen: 950_000,
        high_risk_count: 0,
        gift_type: GiftType::None,
        gift_count: 0,
        gift_per_person_fen: 0,
        gift_total_fen: 0,
        roster_rows: 100,
        roster_digest: [2; 32],
        submitted_on: day("2018-04-01"),
        cover_start: day("2018-07-01"),
        cover_end: day("2019-06-30"),
        evidence: vec![evidence(EvidenceKind::Roster, "名册-1", "2018-04-01")],
        snapshot: "JD-2018".into(),
        proof_heads: 100,
        in_service: 99,
        upload: "UP-1".into(),
        tokens_digest: Some([9; 32]),
    }
}

fn programme() -> Vec<(&'static str, Event)> {
    let standard = StandardDef {
        class: "A".into(),
        plan: "COMP".into(),
        premium_fen: 9_500,
        subsidy_fen: 7_500,
        own_fen: 2_000,
        valid_from: day("2018-01-01"),
        valid_to: None,
    };
    let quota = QuotaAllocated {
        notice_no: "名额-2018-1".into(),
        organization: 2,
        year: 2018,
        source: 3,
        change: Change::Increase,
        lines: vec![(1, 1, Some(616_000)), (3, 1, None)],
        basis: "上缴经费".into(),
        second_level: false,
        evidence: vec![],
    };
    let (batch_no, on) = (2, day("2018-05-01"));
    vec![
        ("standard set", Event::StandardSet { standard, approval: 0 }),
        ("approval recorded", Event::ApprovalRecorded { no: 1, approval: approval() }),
        ("scheme registered", Event::SchemeRegistered { scheme: commands::scheme(), approval: 1 }),
        ("quota allocated", Event::QuotaAllocated(quota)),
        ("batch submitted", Event::BatchSubmitted { no: batch_no, batch: batch() }),
        (
            "batch reviewed",
            Event::BatchReviewed { batch: batch_no, verdict: Verdict::Approve, reviewed_on: on, reason: String::new() },
        ),
        (
            "cover confirmed",
            Event::CoverConfirmed {
                batch: batch_no,
                confirmation_no: "QR-1".into(),
                heads: 100,
                fen: 950_000,
                confirmed_on: on,
            },
        ),
    ]
}

fn payment() -> Voucher {
    let mut paid = voucher(
        Word::Ji,
        1,
        "2018-05-03",
        vec![line(Side::Debit, 7, 750_000, 100), Line { bank: 2, ..line(Side::Credit, 1, 750_000, 0) }],
    );
    paid.summary = "直拨互助会住院二次医保保障费（A类，100人）".into();
    paid.settlement = Some(Settlement::Transfer);
    paid.approval = 1;
    paid.commitment = 1;
    paid.attachments = 3;
    paid
}

/// The payment reversed in red.
fn reversal() -> Event {
    let of = payment().reference;
    let mut red = voucher(
        Word::Ji,
        2,
        "2018-05-04",
        vec![line(Side::Debit, 7, -750_000, -100), line(Side::Credit, 1, -750_000, 0)],
    );
    red.kind = VoucherKind::RedReversal;
    red.template = Template::T20;
    red.summary = "红字注销：误记科目".into();
    red.corrects = Some(of);
    let mut reversal = posted(red, Effect::Reversal { of });
    if let Event::VoucherPosted(posted) = &mut reversal {
        posted.bill_no = "PJ-7".into();
        posted.evidence = vec![evidence(EvidenceKind::BankSlip, "HD-7", "2018-05-04")];
    }
    reversal
}

fn budget() -> Voucher {
    let line = |side, account| Line { account, source: 3, side, fen: 5_000_000_000, year: 2018, ..Line::default() };
    let mut set = voucher(Word::Yu, 1, "2018-03-01", vec![line(Side::Debit, 20), line(Side::Credit, 21)]);
    set.ledger = LedgerKind::Budget;
    set.template = Template::T11;
    set.historical = true;
    set
}

fn money() -> Vec<(&'static str, Event)> {
    let grant = GrantOpened {
        no: 1,
        code: "BK-2018-1".into(),
        kind: GrantKind::Appropriation,
        source: 3,
        grantor: 1,
        doc_no: "粤工总〔2018〕18号".into(),
        permitted_uses: vec![1, 2],
        opened_on: day("2018-03-01"),
        valid_from: Some(day("2018-03-01")),
        valid_to: None,
    };
    let committed = Committed {
        no: 1,
        code: "ZY-1".into(),
        approval: 1,
        year: 2018,
        source: 3,
        class: 1,
        plan: 1,
        heads: 100,
        unit_fen: 7_500,
        fen: 750_000,
        from_allocated_fen: 750_000,
        date: day("2018-05-02"),
    };
    let paid = payment();
    let of = paid.reference;
    let payment = Effect::Payment { commitment: 1, batches: vec![(2, 100)], heads: 100, fen: 750_000 };
    let mut premium =
        voucher(Word::Dai, 1, "2018-12-15", vec![line(Side::Debit, 2, 2_000, 1), line(Side::Credit, 5, 2_000, 0)]);
    premium.template = Template::T02;
    premium.reviewed_by = 0;
    let booked = ReceiptPosted { receipt: receipt(), voucher: premium.clone() };
    let remittance = Effect::Remittance { holder: 2, items: vec![(2, 1, 1, 2_000), (3, 1, -1, -2_000)] };
    let back = Effect::Return { payment: of, heads: 1, fen: 7_500 };
    vec![
        ("grant opened", Event::GrantOpened(grant)),
        ("committed", Event::Committed(committed)),
        ("payment", posted(paid.clone(), payment)),
        ("reversal in red", reversal()),
        ("budget voucher", posted(budget(), Effect::None)),
        ("released", Event::Released { commitment: 1, heads: 1, fen: 7_500 }),
        ("return", posted(paid, back)),
        ("receipt posted", Event::ReceiptPosted(Box::new(booked))),
        ("receipt noted", Event::ReceiptNoted(receipt())),
        ("remittance", posted(premium, remittance)),
    ]
}

fn signed() -> Vec<(&'static str, Event)> {
    let hit = |rule: &str, subject: &str, expected: &str, found: &str, shortfall_fen| Hit {
        rule: rule.into(),
        subject: subject.into(),
        expected: expected.into(),
        found: found.into(),
        shortfall_fen,
        lawful_sources: vec!["S3".into(), "S4D".into()],
    };
    let refused = Refused {
        hits: vec![
            hit("USE-006", "payee_account", "省职工保障互助会", "SZ-1", 0),
            hit("BUD-005", "fen", "750000", "760000", 10_000),
        ],
        command: record::command::encode(&commands::disburse()),
    };
    vec![
        ("submitted", Event::Submitted { command: record::command::encode(&commands::correction()) }),
        ("reviewed", Event::Reviewed { submission: 25, verdict: Verdict::Reject, reason: "附件不全".into() }),
        ("refused", Event::Refused(refused)),
        ("refusals suppressed", Event::RefusalsSuppressed { person: 9, minute: MORNING / 60_000_000 }),
        ("period closed", Event::PeriodClosed { period: Period { year: 2018, month: 11 }, trial_balance: [3; 32] }),
        (
            "day signed",
            Event::DaySigned { day: day("2018-12-15"), count: 616_000, fen: 1_232_000_000, reviewer: 3, cashier: 4 },
        ),
        ("state digest", Event::StateDigest { at: 30, state: [4; 32], filter: [5; 32] }),
        ("totals", Event::Totals { at: 30, entries: 12, root: [6; 32] }),
        ("withdrawn", Event::Withdrawn { submission: 24, reason: "填错".into() }),
        (
            "dues status set",
            Event::DuesStatusSet {
                organization: 2,
                year: 2018,
                fully_paid: true,
                as_of: day("2018-03-31"),
                evidence: vec![evidence(EvidenceKind::AllocationDocument, "情况表-1", "2018-03-31")],
            },
        ),
        (
            "source numbers voided",
            Event::SourceNumbersVoided { system: 3, from: 5, to: u64::MAX, reason: "作废".into() },
        ),
        ("token key registered", Event::TokenKeyRegistered { key: commands::token_key() }),
        ("roster chunk uploaded", Event::RosterChunkUploaded { chunk: commands::chunk() }),
        (
            "persons enrolled",
            Event::PersonsEnrolled(PersonsEnrolled {
                batch: 2,
                year: 2018,
                first_row: 1,
                tokens: vec![[0x11; 16], [0x22; 16]],
                again: vec![(1, 1)],
            }),
        ),
        ("snapshot registered", Event::SnapshotRegistered { snapshot: commands::snapshot() }),
    ]
}

/// Flows beside the ordinary ones.
fn flows() -> Vec<(&'static str, Event)> {
    let plain = |template: Template| Voucher { template, ..voucher(Word::Ji, 9, "2018-12-15", vec![]) };
    let amended = GrantAmended {
        grant: 1,
        doc_no: "补充协议1".into(),
        permitted_uses: vec![1],
        valid_from: None,
        valid_to: Some(day("2019-12-31")),
        date: day("2018-12-15"),
        consent: 2,
        evidence: vec![evidence(EvidenceKind::Agreement, "补充协议1", "2018-12-15")],
    };
    let of = VoucherRef { word: Word::Ji, cycle: 2018, number: 3 };
    let receipt = VoucherRef { word: Word::Dai, cycle: 2018, number: 1 };
    vec![
        ("grant amended", Event::GrantAmended(amended)),
        ("transfer", posted(plain(Template::T16), Effect::Transfer { consent: 2, fen: 100 })),
        ("refund", posted(plain(Template::T19), Effect::Refund { receipt, heads: 1, passed_on: true })),
        ("difference", posted(plain(Template::T22), Effect::Adjustment { of, change: Change::Decrease, fen: 1 })),
        ("opening", posted(plain(Template::T30), Effect::Opening { custody: vec![(2, 1, 2, 1, 2_000)] })),
    ]
}

/// A finding from discovery to its end.
fn found() -> Vec<(&'static str, Event)> {
    let day = day("2018-12-16");
    let sign = |fen: i64| Sign {
        rule: "REM-002".into(),
        detector: "custody-age".into(),
        kind: SubjectKind::Holder,
        subject: "SZ".into(),
        fen,
        heads: 0,
        count: 0,
        expected: "0.00".into(),
        found: "20.00".into(),
        since: day,
        evidence: vec![12, 27],
        parameters: vec![("P1.remit_max_days".into(), "30".into())],
    };
    let opened = FindingOpened { no: 1, sign: sign(2_000), clause: "方案五".into(), day, tree_size: 33, earlier: 0 };
    let updated = FindingUpdated {
        finding: 1,
        step: FindingStep::Dismiss,
        reason: "已上解，流水在途".into(),
        due: None,
        vouchers: vec![payment().reference],
    };
    vec![
        ("detectors run", Event::DetectorsRun { day, signs: 1, left: 0 }),
        ("finding opened", Event::FindingOpened(Box::new(opened))),
        ("finding changed", Event::FindingChanged(Box::new(FindingChanged { finding: 1, sign: sign(4_000), day }))),
        ("finding gone", Event::FindingGone { finding: 1, day }),
        ("finding updated", Event::FindingUpdated(updated)),
        ("archives destroyed", Event::ArchivesDestroyed { destruction: commands::destruction(), approval: 2 }),
        (
            "log policy set",
            Event::LogPolicySet { policy: "quorum none\n".into(), statement: "声明\n\n\u{2014} w AAAAAQI=\n".into() },
        ),
    ]
}

/// The log: every event once at least, each with the name of its vector.
pub fn log() -> Vec<(&'static str, Record)> {
    let events =
        [opened(), programme(), money(), signed(), flows(), found(), statements::events(), crate::layers::events()]
            .concat();
    let mut log = Vec::new();
    for (sequence, (name, event)) in (1u64..).zip(events) {
        let by_the_ledger = matches!(event, Event::StateDigest { .. } | Event::Totals { .. });
        let fingerprint = record::hash::sha256(name.as_bytes());
        log.push((
            name,
            Record {
                sequence,
                time: MORNING + i64::try_from(sequence).expect("a short log") * 1_000_003,
                actor: Actor {
                    person: if by_the_ledger { 0 } else { 2 },
                    key_id: if by_the_ledger { [0; 8] } else { [0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff] },
                    signature: (name == "payment").then(|| vec![0x5a; 64]),
                },
                rule_set: 1,
                part: 0,
                parts: 1,
                request: (!by_the_ledger).then(|| Request { id: format!("req:{sequence}"), fingerprint }),
                event,
            },
        ));
    }
    log
}
