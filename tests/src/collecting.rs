//! The 20 yuan of the insured: what must stand in a book before receipts can be posted, and the receipts themselves. Who asks stands in
//! `office`, the rest of a year's business in `season`.

use api::google::r#type::Date;
use api::v1::{self, ApprovalBody, ApprovalKind, BankAccountPurpose, OrganizationType, PayerType};
use sha2::{Digest as _, Sha256};

use crate::office::{APPROVER, CHIEF, COLLECTOR, MAKER, OWN, Office, REVIEWER, SERVICE, day, organization};
use crate::{post, review};

/// Own share of an insured member, fen.
pub const OWN_SHARE_FEN: i64 = 2_000;
/// Premium of an insured member, own share and subsidy, fen.
const PREMIUM_FEN: i64 = 9_500;
/// Code of the hardship files' snapshot.
pub const HARDSHIP: &str = "JD-2018";
/// Code of the honours' snapshot.
pub const HONOURS: &str = "RY-2018";
/// The document that opened the programme: 粤工总〔2018〕18号.
pub const SCHEME_APPROVAL: &str = "AP-SCHEME";
/// Places of the scheme: members, workers in hardship, model workers.
const PLACES: [(&str, u32); 3] = [("A", 616_000), ("B", 35_000), ("C", 5_000)];

/// Enrolment batches of class A, each of as many heads, at the city federations that hold the money.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// City federations; batches go round among them.
    pub holders: u32,
    /// Batches whose members pay themselves.
    pub member_batches: u32,
    /// Batches whose unit's union pays.
    pub union_batches: u32,
    /// Heads in each batch, each of whom is one receipt.
    pub heads: u32,
}

impl Collection {
    /// Number of batches.
    pub fn batches(&self) -> u32 {
        self.member_batches + self.union_batches
    }

    /// Heads in all batches, and so receipts.
    pub fn receipts(&self) -> u64 {
        u64::from(self.batches()) * u64::from(self.heads)
    }

    /// Batches of a holder that this kind of payer pays.
    pub fn batches_of(&self, holder: u32, payer: PayerType) -> u32 {
        let of_payer = (0..self.batches()).filter(|batch| self.payer(*batch) == payer);
        of_payer.filter(|batch| batch % self.holders == holder).count() as u32
    }

    /// Who pays the receipts of a batch.
    pub fn payer(&self, batch: u32) -> PayerType {
        if batch < self.member_batches { PayerType::Member } else { PayerType::UnitUnion }
    }

    /// The receipts of a batch. A batch is collected within three days; the batches spread over a window of 190 days.
    pub fn receipts_of(&self, batch: u32) -> impl Iterator<Item = v1::PremiumReceiptItem> + use<> {
        let all = *self;
        let begun = u64::from(batch) * 187 / u64::from(self.batches());
        (0..self.heads).map(move |head| v1::PremiumReceiptItem {
            request_id: format!("r-{batch}-{head}"),
            receipt: Some(v1::PremiumReceipt {
                holder: holder(batch % all.holders),
                payer: all.payer(batch).into(),
                batch: batch_code(batch),
                heads: 1,
                unit_fen: OWN_SHARE_FEN,
                amount_fen: OWN_SHARE_FEN,
                received_on: Some(window_day(begun + u64::from(head) * 3 / u64::from(all.heads))),
                custody: v1::Custody::Collector.into(),
                bill_no: format!("粤财票-{batch}-{head}"),
                bank_txn: String::new(),
                source_seq: 0,
            }),
        })
    }

    /// Registers holders and their custody accounts, the scheme, and the batches: what receipts need.
    pub async fn prepare(&self, office: &Office) {
        register_scheme(office).await;
        for no in 0..self.holders {
            register_holder(office, no).await;
        }
        for batch in 0..self.batches() {
            let form = enrollment(&batch_code(batch), &holder(batch % self.holders), ("A", "COMP"), self.heads);
            post!(
                office,
                COLLECTOR,
                program.submit_enrollment_batch(SubmitEnrollmentBatchRequest { form: Some(form) })
            );
        }
    }
}

/// A day of the collecting season, counted from 25 April 2018.
fn window_day(offset: u64) -> Date {
    const MONTHS: [(i32, u64, i32); 7] =
        [(4, 6, 25), (5, 31, 1), (6, 30, 1), (7, 31, 1), (8, 31, 1), (9, 30, 1), (10, 31, 1)];
    let mut left = offset;
    for (month, days, first) in MONTHS {
        if left < days {
            return day(2018, month, first + left as i32);
        }
        left -= days;
    }
    panic!("the season of collecting has no day {offset}")
}

/// Code of a holder of premiums.
pub fn holder(no: u32) -> String {
    format!("CITY-{:02}", no + 1)
}

/// Code of a holder's custody account.
pub fn custody_account(no: u32) -> String {
    format!("CUSTODY-{:02}", no + 1)
}

/// Code of an enrolment batch of class A.
pub fn batch_code(no: u32) -> String {
    format!("A-{:04}", no + 1)
}

/// An approval without scope: kind, body, day, ceiling in fen.
pub fn approval(code: &str, kind: ApprovalKind, body: ApprovalBody, on: Date, max_fen: i64) -> v1::Approval {
    v1::Approval {
        code: code.into(),
        kind: kind.into(),
        body: body.into(),
        meeting_on: Some(on),
        doc_no: format!("粤工总-{code}"),
        scope: None,
        max_fen,
        valid_to: None,
        minutes_digest: Sha256::digest(code).to_vec(),
    }
}

/// The header of an enrolment form.
pub fn enrollment(code: &str, unit: &str, (class, plan): (&str, &str), heads: u32) -> v1::EnrollmentForm {
    let premium = if plan == "COMP" { PREMIUM_FEN } else { 8_000 };
    let snapshot = match class {
        "B" => HARDSHIP,
        "C" => HONOURS,
        _ => "",
    };
    let proof = v1::Evidence {
        kind: v1::EvidenceKind::MedicalProof.into(),
        doc_no: format!("医保-{code}"),
        date: Some(day(2018, 4, 25)),
        digest: Sha256::digest(format!("proof {code}")).to_vec(),
        pages: 1,
    };
    v1::EnrollmentForm {
        code: code.into(),
        organization: unit.into(),
        year: 2018,
        class: class.into(),
        plan: plan.into(),
        renewal: false,
        prior_confirmation_no: String::new(),
        unit_headcount: heads,
        insured_count: heads,
        premium_total_fen: premium * i64::from(heads),
        high_risk_count: 0,
        gift_type: v1::GiftType::None.into(),
        gift_count: 0,
        gift_per_person_fen: 0,
        gift_total_fen: 0,
        roster_rows: heads,
        roster_digest: Sha256::digest(code).to_vec(),
        submitted_on: Some(day(2018, 4, 25)),
        cover_start: Some(day(2018, 12, 16)),
        cover_end: Some(day(2019, 12, 15)),
        evidence: if snapshot.is_empty() { Vec::new() } else { vec![proof] },
        snapshot: snapshot.into(),
        proof_heads: if snapshot.is_empty() { 0 } else { heads },
        in_service: heads,
        upload: String::new(),
        tokens_digest: Vec::new(),
    }
}

async fn register_scheme(office: &Office) {
    let whole = 5_000_000_000;
    let approved = approval(SCHEME_APPROVAL, ApprovalKind::Scheme, ApprovalBody::PartyGroup, day(2018, 4, 8), whole);
    post!(office, APPROVER, spending.record_approval(RecordApprovalRequest { approval: Some(approved) }));
    let scheme = v1::Scheme {
        year: 2018,
        doc_no: "粤工总〔2018〕18号".into(),
        approval: SCHEME_APPROVAL.into(),
        total_fen: whole,
        targets: PLACES.map(|(class, heads)| v1::ClassTarget { class: class.into(), heads }).to_vec(),
        enroll_deadline: Some(day(2018, 12, 15)),
        cover_months: 12,
    };
    review!(office, SERVICE, CHIEF, program.register_scheme(RegisterSchemeRequest { scheme: Some(scheme) }));
}

async fn register_holder(office: &Office, no: u32) {
    let city = organization(&holder(no), &format!("第{}市总工会", no + 1), OrganizationType::CityFed, OWN);
    post!(office, SERVICE, book.register_organization(RegisterOrganizationRequest { organization: Some(city) }));
    let account = account(&custody_account(no), &holder(no), BankAccountPurpose::Custody);
    review!(
        office,
        MAKER,
        REVIEWER,
        book.register_bank_account(RegisterBankAccountRequest { bank_account: Some(account) })
    );
}

/// A bank account to register.
pub fn account(code: &str, owner: &str, purpose: BankAccountPurpose) -> v1::BankAccount {
    v1::BankAccount {
        code: code.into(),
        organization: owner.into(),
        purpose: purpose.into(),
        name: format!("{owner} 账户"),
        masked_no: "****0018".into(),
        currency: "CNY".into(),
    }
}
