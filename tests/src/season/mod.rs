//! The season of 2018 at person level: the worked season of the domain, its premiums as single receipts of 20 yuan, each of a person.
//! Played through gRPC by the people of `office`. What it must come to stands in `expected`.

mod business;
pub mod expected;
pub mod posting;
pub mod run;

use api::google::r#type::Date;
use api::v1::{self, ApprovalBody, ApprovalKind, BankAccountPurpose, EvidenceKind, OrganizationType, PayerType};

use crate::collecting::{
    Collection, HARDSHIP, HONOURS, OWN_SHARE_FEN, SCHEME_APPROVAL, account, approval, batch_code, custody_account,
    holder,
};
use crate::office::{
    APPROVER, ASSOCIATION, CASHIER, CHIEF, ECONOMY, MAKER, OWN, Office, REVIEWER, SERVICE, day, organization,
};
use crate::{post, review};
use business::{give_back, income, late_income, moved, other_batches, other_income, pay, payments};

/// Fen of a yuan.
pub const YUAN: i64 = 100;
/// The union's subsidy for a member, fen.
pub const SUBSIDY_FEN: i64 = 7_500;
/// The fund's special account.
pub const SPECIAL: &str = "SPECIAL";
/// The association's account.
pub const PAYEE: &str = "GDZHZ-01";

/// The season with this many heads in each of its 616 batches of members: 1,000 are the whole season, 10 a hundredth of it.
#[derive(Clone, Copy, Debug)]
pub struct Season {
    /// The premiums.
    pub collection: Collection,
}

impl Season {
    /// The season with so many heads a batch; a multiple of 10.
    pub fn of(heads: u32) -> Season {
        assert!(heads > 0 && heads.is_multiple_of(10), "a tenth of a batch is passed on later");
        Season { collection: Collection { holders: 21, member_batches: 400, union_batches: 216, heads } }
    }

    /// Members insured.
    pub fn members(&self) -> u32 {
        u32::try_from(self.collection.receipts()).expect("the province has fewer members")
    }

    /// Members who paid themselves.
    pub fn paying_members(&self) -> u32 {
        self.collection.member_batches * self.collection.heads
    }

    /// Members whose own share was not passed on before the year's end: 100 of the whole season.
    pub fn not_remitted(&self) -> u32 {
        self.collection.heads / 10
    }

    /// Everything before the receipts: book, people, accounts, scheme, budget, places, income, batches.
    pub async fn begin(&self, office: &Office) {
        office.open_book(v1::Period { year: 2018, month: 4 }, day(2019, 1, 1)).await;
        masters(office).await;
        self.collection.prepare(office).await;
        registers(office).await;
        self.budget(office).await;
        self.income(office).await;
        other_batches(office).await;
    }

    /// Everything between the receipts and the closing: commitments, payments, a correction, remittances, interest, a return.
    pub async fn spend(&self, office: &Office) {
        self.commitments(office).await;
        let first = payments(office).await;
        self.pay_members(office).await;
        self.remit(office).await;
        late_income(office).await;
        give_back(office, first).await;
    }

    /// Signs the days of receipts and closes the months up to November.
    pub async fn close_months(&self, office: &Office, signed: &[(Date, u64)]) {
        for (day, count) in signed {
            let total_fen = i64::try_from(*count).expect("counts are small") * OWN_SHARE_FEN;
            let summary = v1::DailySummary { day: Some(*day), count: *count, total_fen };
            review!(
                office,
                REVIEWER,
                CASHIER,
                book.sign_daily_summary(SignDailySummaryRequest { summary: Some(summary) })
            );
        }
        for month in 4..12 {
            let closing = v1::PeriodClosing { period: Some(v1::Period { year: 2018, month }) };
            post!(office, CHIEF, book.close_period(ClosePeriodRequest { closing: Some(closing) }));
        }
    }

    /// Closes the year.
    pub async fn close_year(&self, office: &Office) {
        let closing = v1::YearClosing { year: 2018 };
        review!(office, MAKER, CHIEF, book.close_year(CloseYearRequest { closing: Some(closing) }));
    }

    /// What the members' subsidy costs, fen.
    fn members_fen(&self) -> i64 {
        i64::from(self.members()) * SUBSIDY_FEN
    }

    /// T11 and T12 of the appropriation.
    async fn budget(&self, office: &Office) {
        let on = day(2018, 4, 20);
        let lines = vec![
            budget_line("S2P", "A", "COMP", self.members_fen()),
            budget_line("S2P", "B", "COMP", 3_325_000 * YUAN),
            budget_line("S2P", "C", "COMP", 475_000 * YUAN),
        ];
        set_budget(office, SCHEME_APPROVAL, on, lines).await;
        for (class, heads) in [("A", self.members()), ("B", 35_000)] {
            let notice = v1::QuotaNotice {
                notice_no: format!("名额-{class}"),
                organization: OWN.into(),
                year: 2018,
                source: "S2P".into(),
                date: Some(on),
                change: v1::Change::Increase.into(),
                lines: vec![v1::QuotaLine { class: class.into(), plan: "COMP".into(), heads: Some(heads) }],
                basis: "上缴经费、建档".into(),
                second_level: false,
                evidence: vec![office.paper(EvidenceKind::QuotaTable, on)],
            };
            post!(office, SERVICE, program.allocate_quota(AllocateQuotaRequest { notice: Some(notice) }));
        }
    }

    /// T01a, and T04 to T08 with their budget.
    async fn income(&self, office: &Office) {
        let appropriation = 3_800_000 * YUAN + self.members_fen();
        let on = day(2018, 5, 10);
        let mut income = income(office, "G-S2P", OWN, appropriation, on).await;
        income.evidence.push(office.paper(EvidenceKind::AppropriationLetter, on));
        review!(
            office,
            MAKER,
            REVIEWER,
            funding.record_appropriation(RecordAppropriationRequest { income: Some(income) })
        );
        let approved =
            approval("AP-BUDGET", ApprovalKind::Budget, ApprovalBody::ChairOffice, day(2018, 6, 1), 350_000 * YUAN);
        post!(office, APPROVER, spending.record_approval(RecordApprovalRequest { approval: Some(approved) }));
        let lines = vec![
            budget_line("S2F", "B", "COMP", 200_000 * YUAN),
            budget_line("S3R", "B", "COMP", 100_000 * YUAN),
            budget_line("S3N", "C", "ALLOW", 50_000 * YUAN),
        ];
        set_budget(office, "AP-BUDGET", day(2018, 6, 1), lines).await;
        other_income(office).await;
    }

    /// T13 of every source.
    async fn commitments(&self, office: &Office) {
        let on = day(2018, 10, 15);
        let members = self.members();
        let max = 50_000_000 * YUAN + 350_000 * YUAN;
        let approved = approval("AP-PAY", ApprovalKind::Expenditure, ApprovalBody::ChairOffice, on, max);
        post!(office, APPROVER, spending.record_approval(RecordApprovalRequest { approval: Some(approved) }));
        for (code, source, (class, plan), heads, unit_fen) in [
            ("C-A", "S2P", ("A", "COMP"), members, SUBSIDY_FEN),
            ("C-B", "S2P", ("B", "COMP"), 35_000, 95 * YUAN),
            ("C-C", "S2P", ("C", "COMP"), 5_000, 95 * YUAN),
            ("C-F", "S2F", ("B", "COMP"), 2_000, 95 * YUAN),
            ("C-R", "S3R", ("B", "COMP"), 1_000, 95 * YUAN),
            ("C-N", "S3N", ("C", "ALLOW"), 500, 80 * YUAN),
        ] {
            let commitment = v1::Commitment {
                code: code.into(),
                approval: "AP-PAY".into(),
                year: 2018,
                source: source.into(),
                class: class.into(),
                plan: plan.into(),
                heads,
                unit_fen,
                amount_fen: i64::from(heads) * unit_fen,
                date: Some(on),
                evidence: vec![office.paper(EvidenceKind::Minutes, on)],
            };
            review!(
                office,
                MAKER,
                REVIEWER,
                spending.commit_expenditure(CommitExpenditureRequest { commitment: Some(commitment) })
            );
        }
    }

    /// T14 of class A: all members in one payment.
    async fn pay_members(&self, office: &Office) {
        let batches = (0..self.collection.batches()).map(batch_code).collect();
        pay(office, "C-A", batches, self.members(), SUBSIDY_FEN, day(2018, 11, 30)).await;
    }

    /// T15: every holder passes on what it collected; one keeps some heads of one batch.
    async fn remit(&self, office: &Office) {
        let on = day(2018, 12, 10);
        let keeps = (self.collection.member_batches - 1) % self.collection.holders;
        for no in 0..self.collection.holders {
            let heads = |payer| self.collection.batches_of(no, payer) * self.collection.heads;
            let kept = if no == keeps { self.not_remitted() } else { 0 };
            let items = [("S1M", heads(PayerType::Member) - kept), ("S1U", heads(PayerType::UnitUnion))];
            let items = items.map(|(source, heads)| v1::RemittanceItem {
                source: source.into(),
                batch: String::new(),
                heads,
                amount_fen: i64::from(heads) * OWN_SHARE_FEN,
            });
            let fen = items.iter().map(|item| item.amount_fen).sum();
            let bank_txn = moved(office, &custody_account(no), v1::BankDirection::Out, fen, on, PAYEE).await;
            let remittance = v1::Remittance {
                holder: holder(no),
                year: 2018,
                payee_account: PAYEE.into(),
                items: items.to_vec(),
                date: Some(on),
                bank_txn,
                summary: String::new(),
                evidence: vec![office.paper(EvidenceKind::BankSlip, on)],
            };
            review!(
                office,
                MAKER,
                REVIEWER,
                premium.remit_premiums(RemitPremiumsRequest { remittance: Some(remittance) })
            );
        }
    }
}

/// Organisations and the fund's own accounts.
async fn masters(office: &Office) {
    for (code, name, kind) in
        [("FISCAL", "省财政厅", OrganizationType::Fiscal), ("DONOR", "捐赠人", OrganizationType::Donor)]
    {
        let organization = organization(code, name, kind, "");
        post!(
            office,
            SERVICE,
            book.register_organization(RegisterOrganizationRequest { organization: Some(organization) })
        );
    }
    for (code, owner, purpose) in
        [(SPECIAL, OWN, BankAccountPurpose::FundSpecial), (PAYEE, ASSOCIATION, BankAccountPurpose::Payee)]
    {
        let account = account(code, owner, purpose);
        review!(
            office,
            MAKER,
            REVIEWER,
            book.register_bank_account(RegisterBankAccountRequest { bank_account: Some(account) })
        );
    }
}

/// The states of both registers, and the dues of all units.
async fn registers(office: &Office) {
    let as_of = day(2018, 4, 20);
    for (person, code, register, heads) in
        [(SERVICE, HARDSHIP, v1::RegisterKind::Hardship, 40_000), (ECONOMY, HONOURS, v1::RegisterKind::Honour, 6_000)]
    {
        let snapshot = v1::Snapshot {
            code: code.into(),
            register: register.into(),
            version: "2018-04".into(),
            organization: OWN.into(),
            as_of: Some(as_of),
            heads,
            digest: vec![7; 32],
        };
        post!(office, person, program.register_snapshot(RegisterSnapshotRequest { snapshot: Some(snapshot) }));
    }
    let dues = v1::DuesStatus {
        organization: OWN.into(),
        year: 2018,
        fully_paid: true,
        as_of: Some(as_of),
        evidence: vec![office.paper(EvidenceKind::Other, as_of)],
    };
    review!(office, MAKER, REVIEWER, book.set_dues_status(SetDuesStatusRequest { dues: Some(dues) }));
}

/// A line of a budget.
fn budget_line(source: &str, class: &str, plan: &str, amount_fen: i64) -> v1::BudgetLine {
    let change = v1::Change::Increase.into();
    v1::BudgetLine { source: source.into(), class: class.into(), plan: plan.into(), amount_fen, change }
}

async fn set_budget(office: &Office, approval: &str, on: Date, lines: Vec<v1::BudgetLine>) {
    let budget = v1::Budget {
        year: 2018,
        date: Some(on),
        approval: approval.into(),
        total_fen: lines.iter().map(|line| line.amount_fen).sum(),
        lines,
        evidence: vec![office.paper(EvidenceKind::Reply, on)],
    };
    review!(office, MAKER, REVIEWER, program.set_budget(SetBudgetRequest { budget: Some(budget) }));
}
