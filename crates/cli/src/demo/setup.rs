//! First act: tokens, the book from its preset, units, bank accounts; then the scheme, its budget and its places.

use api::v1;
use v1::{ApprovalBody, ApprovalKind, BankAccountPurpose, Change, EvidenceKind};

use super::people::{self, ASSOCIATION, OWN, PAYEE, SEATS, SPECIAL, UNITS, custody_account};
use super::stage::{BOOK, Stage, approval, ask, digest, on, paper, yuan_fen};

/// The scheme's document number.
pub const SCHEME_DOC: &str = "粤工总〔2018〕18号";
/// Code of the scheme's approval.
pub const SCHEME: &str = "APR-SCHEME-2018";

/// Opens the book and registers who and what it deals with.
pub async fn open_book(stage: &mut Stage) -> anyhow::Result<()> {
    let persons = SEATS.iter().map(|seat| v1::Person {
        code: seat.code.into(),
        display: seat.display.into(),
        roles: vec![seat.role.into()],
        organization: String::new(),
    });
    // Collecting systems come once their units are registered.
    let persons = persons.zip(SEATS).filter(|(_, seat)| seat.organization.is_empty()).map(|(person, _)| person);
    let asked = ask!(
        stage,
        "operator",
        book.create_book,
        CreateBookRequest {
            name: "住院二次医保资金专账".into(),
            organization: Some(people::own()),
            preset_choice: Some(v1::create_book_request::PresetChoice::PresetName("hospital-2018".into())),
            first_period: Some(v1::Period { year: 2018, month: 4 }),
            live_from: on("2020-01-01"),
            persons: persons.collect()
        }
    );
    stage.accepted(asked)?;
    stage.say(
        &format!("建账 {BOOK}：预置 hospital-2018，2020-01-01 起正式启用；此前的单据为补录"),
        &format!("Book {BOOK} opened from preset hospital-2018, live from 2020-01-01; older documents are entered as historical"),
    );
    let units = UNITS.iter().map(|unit| people::organization(unit.code, unit.name, unit.kind, OWN));
    for organization in units.chain(people::givers()) {
        let asked = ask!(
            stage,
            "maker",
            book.register_organization,
            RegisterOrganizationRequest { organization: Some(organization) }
        );
        stage.accepted(asked)?;
    }
    for seat in SEATS.iter().filter(|seat| !seat.organization.is_empty()) {
        let person = v1::Person {
            code: seat.code.into(),
            display: seat.display.into(),
            roles: vec![seat.role.into()],
            organization: seat.organization.into(),
        };
        let asked = ask!(stage, "chief", book.grant_role, GrantRoleRequest { person: Some(person) });
        stage.settle(asked, "approver").await?;
    }
    bank_accounts(stage).await
}

async fn bank_accounts(stage: &mut Stage) -> anyhow::Result<()> {
    let mut accounts = vec![
        (SPECIAL.to_owned(), OWN, BankAccountPurpose::FundSpecial, "广东省总工会住院二次医保专户".to_owned()),
        (PAYEE.to_owned(), ASSOCIATION, BankAccountPurpose::Payee, "广东省职工保障互助会".to_owned()),
    ];
    for unit in UNITS {
        accounts.push((custody_account(unit), unit.code, BankAccountPurpose::Custody, format!("{}代管户", unit.name)));
    }
    let count = accounts.len();
    for (i, (code, organization, purpose, name)) in accounts.into_iter().enumerate() {
        let bank_account = v1::BankAccount {
            code,
            organization: organization.into(),
            purpose: purpose.into(),
            name,
            masked_no: format!("****{:04}", 1001 + i),
            currency: "CNY".into(),
        };
        let asked = ask!(
            stage,
            "maker",
            book.register_bank_account,
            RegisterBankAccountRequest { bank_account: Some(bank_account) }
        );
        stage.settle(asked, "reviewer").await?;
    }
    stage.say(
        &format!("登记单位、{count} 个银行账户；{} 个岗位各持一个令牌", SEATS.len()),
        &format!("Units and {count} bank accounts registered; {} seats with a token each", SEATS.len()),
    );
    Ok(())
}

/// April: the scheme under the party group's approval, 50 million of budget, places for every unit.
pub async fn plan(stage: &mut Stage) -> anyhow::Result<()> {
    stage.say("四月  方案、预算、名额", "April  scheme, budget, places");
    let body = (ApprovalKind::Scheme, ApprovalBody::PartyGroup);
    stage.approve(approval(SCHEME, body, "2018-04-18", SCHEME_DOC, yuan_fen(50_000_000))).await?;
    let target = |class: &str, heads| v1::ClassTarget { class: class.into(), heads };
    let scheme = v1::Scheme {
        year: 2018,
        doc_no: SCHEME_DOC.into(),
        approval: SCHEME.into(),
        total_fen: yuan_fen(50_000_000),
        targets: vec![target("A", 616_000), target("B", 35_000), target("C", 5_000)],
        enroll_deadline: on("2018-12-15"),
        cover_months: 12,
    };
    let asked = ask!(stage, "svc", program.register_scheme, RegisterSchemeRequest { scheme: Some(scheme) });
    stage.settle(asked, "chief").await?;
    registers(stage).await?;
    let lines = [("S2P", "A", "COMP", 46_200_000), ("S2P", "B", "COMP", 3_325_000), ("S2P", "C", "COMP", 475_000)];
    set_budget(stage, (2018, "2018-04-20"), SCHEME, &lines).await?;
    for unit in UNITS {
        let line = |class: &str, heads| v1::QuotaLine { class: class.into(), plan: "COMP".into(), heads };
        let notice_no = format!("MEZ-2018-{}", unit.code);
        let notice = v1::QuotaNotice {
            notice_no: notice_no.clone(),
            organization: unit.code.into(),
            year: 2018,
            source: "S2P".into(),
            date: on("2018-04-20"),
            change: Change::Increase.into(),
            lines: vec![line("A", Some(unit.members + unit.by_union)), line("B", Some(unit.hardship)), line("C", None)],
            basis: "上缴经费情况；困难职工建档".into(),
            second_level: false,
            evidence: vec![paper(EvidenceKind::QuotaTable, &notice_no, "2018-04-20")],
        };
        let asked = ask!(stage, "svc", program.allocate_quota, AllocateQuotaRequest { notice: Some(notice) });
        stage.post(asked, "").await?;
    }
    Ok(())
}

/// The states of both registers that enrolment is checked against, and the units' dues of the year.
async fn registers(stage: &mut Stage) -> anyhow::Result<()> {
    for (seat, code, register, heads) in
        [("svc", "JD-2018", v1::RegisterKind::Hardship, 42_000), ("eco", "RY-2018", v1::RegisterKind::Honour, 5_600)]
    {
        let snapshot = v1::Snapshot {
            code: code.into(),
            register: register.into(),
            version: "2018-04".into(),
            organization: OWN.into(),
            as_of: on("2018-04-15"),
            heads,
            digest: digest(&format!("register {code}")),
        };
        let asked = ask!(stage, seat, program.register_snapshot, RegisterSnapshotRequest { snapshot: Some(snapshot) });
        stage.accepted(asked)?;
    }
    let dues = v1::DuesStatus {
        organization: OWN.into(),
        year: 2018,
        fully_paid: true,
        as_of: on("2018-04-15"),
        evidence: vec![paper(EvidenceKind::Other, "足额上缴情况表", "2018-04-15")],
    };
    let asked = ask!(stage, "maker", book.set_dues_status, SetDuesStatusRequest { dues: Some(dues) });
    stage.settle(asked, "reviewer").await?;
    stage.say(
        "  困难职工建档册、劳模荣誉册快照各一；各单位足额上缴工会经费",
        "  a state of each register; the units have paid their dues",
    );
    Ok(())
}

/// Sets budget lines of (source, class, plan, yuan) under an approval.
pub async fn set_budget(
    stage: &mut Stage,
    (year, date): (u32, &str),
    under: &str,
    lines: &[(&str, &str, &str, i64)],
) -> anyhow::Result<()> {
    let budget = v1::Budget {
        year,
        date: on(date),
        approval: under.into(),
        total_fen: lines.iter().map(|(.., yuan)| yuan_fen(*yuan)).sum(),
        lines: lines
            .iter()
            .map(|(source, class, plan, yuan)| v1::BudgetLine {
                source: (*source).into(),
                class: (*class).into(),
                plan: (*plan).into(),
                amount_fen: yuan_fen(*yuan),
                change: Change::Increase.into(),
            })
            .collect(),
        evidence: vec![paper(EvidenceKind::Reply, under, date)],
    };
    let asked = ask!(stage, "maker", program.set_budget, SetBudgetRequest { budget: Some(budget) });
    stage.post(asked, "reviewer").await.map(drop)
}
