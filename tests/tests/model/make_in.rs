//! Valid commands that bring money and people in, made from what the model holds: income, batches, reviews, receipts, remittances.

use record::command::{
    ConfirmCoverage, GrantSpec, PostPremiumReceipt, RecordIncome, RemitItem, RemitPremiums, ReviewEnrollmentBatch,
    SubmitEnrollmentBatch,
};
use record::kinds::{
    Custody, Direction, EvidenceKind, GiftType, IncomeKind, OrgType, PayerType, RegisterKind, Role,
    Verdict as Judgement,
};
use record::{Command, Day, Fen};

use super::make_flow::{doc_date, someone};
use super::pair::Pair;
use super::papers::{AID, SPECIAL, digest, document, documents, transaction};
use super::rng::Rng;

/// A command and who asks it; none where the books offer no occasion.
pub type Made = Result<Option<(String, Command)>, String>;

pub const INCOME_KINDS: &[IncomeKind] = IncomeKind::ALL;
/// The subsidies that money may be bound to.
pub const USES: [&str; 5] = ["A75", "B95", "B80", "C95", "C80"];
/// Holders of premiums, their collecting systems and custody accounts.
const HOLDERS: [(&str, &str, &str); 2] = [("GZ", "gz", "DG-GZ"), ("SZ", "sz", "DG-SZ")];

pub fn income(pair: &mut Pair, rng: &mut Rng) -> Made {
    let kind = if rng.chance(30) { IncomeKind::Appropriation } else { rng.one(INCOME_KINDS) };
    let command = Command::RecordIncome(income_of(pair, rng, kind)?);
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn income_of(pair: &mut Pair, rng: &mut Rng, kind: IncomeKind) -> Result<RecordIncome, String> {
    // Less than most payments, so that one payment often takes several grants.
    let fen = 100 * i64::from(rng.up_to(900));
    let date = doc_date(pair, rng);
    let bank_txn = transaction(pair, SPECIAL, Direction::In, fen, "", date)?;
    let (papers, asks_bill) = match kind {
        IncomeKind::Appropriation | IncomeKind::SuperiorSubsidy => (EvidenceKind::AppropriationLetter, false),
        IncomeKind::FiscalSubsidy | IncomeKind::OtherFiscalSubsidy => (EvidenceKind::Reply, false),
        IncomeKind::RestrictedDonation | IncomeKind::Donation | IncomeKind::Sponsorship => {
            (EvidenceKind::Agreement, true)
        }
        IncomeKind::Fundraising => (EvidenceKind::Announcement, true),
        IncomeKind::OtherLawful => (EvidenceKind::LegalBasis, false),
        IncomeKind::Interest | IncomeKind::Other => (EvidenceKind::Other, false),
    };
    let mut evidence = documents(pair, papers, date);
    if rng.chance(20) {
        evidence.push(document(pair, EvidenceKind::Bill, date));
    }
    let bill_no = if asks_bill || rng.chance(20) { format!("票{}", pair.serial()) } else { String::new() };
    Ok(RecordIncome {
        kind,
        source: String::new(),
        account: String::new(),
        grant: grant(pair, rng, kind),
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        bill_no,
        summary: String::new(),
        evidence,
    })
}

/// A new funding document, or one that the source already has.
fn grant(pair: &mut Pair, rng: &mut Rng, kind: IncomeKind) -> GrantSpec {
    let takes = |s: &&record::preset::SourceDef| s.enabled && s.income_kinds.iter().any(|k| k == kind.code());
    let source = pair.model.opened().preset.sources.iter().find(takes).map(|s| s.code.clone()).unwrap_or_default();
    let again = rng.chance(45);
    let known: Vec<_> = pair.model.grants.iter().filter(|g| g.source == source && !g.doc_no.is_empty()).collect();
    if let Some(known) = rng.pick(&known).filter(|_| known.len() > 1 && again) {
        return GrantSpec {
            code: known.code.clone(),
            grantor: known.grantor.clone(),
            doc_no: known.doc_no.clone(),
            permitted_uses: known.uses.clone(),
            valid_from: known.valid_from,
            valid_to: known.valid_to,
        };
    }
    let bound = matches!(
        kind,
        IncomeKind::FiscalSubsidy
            | IncomeKind::OtherFiscalSubsidy
            | IncomeKind::RestrictedDonation
            | IncomeKind::SuperiorSubsidy
    ) || rng.chance(20);
    let mut uses: Vec<String> = Vec::new();
    if bound {
        uses.push(rng.one(&USES).into());
        uses.extend(USES.iter().filter(|_| rng.chance(40)).map(|u| (*u).to_owned()));
    }
    let today = pair.today();
    let serial = pair.serial();
    GrantSpec {
        code: format!("ZJ-{serial}"),
        grantor: if kind == IncomeKind::Interest { String::new() } else { rng.one(&["GDFED", "JUAN", "CAI"]).into() },
        doc_no: format!("文件{serial}"),
        permitted_uses: uses,
        valid_from: rng.chance(10).then(|| today.plus_days(-10)),
        valid_to: rng.chance(15).then(|| today.plus_days(rng.one(&[2, 5, 15]))),
    }
}

pub fn batch(pair: &mut Pair, rng: &mut Rng) -> Made {
    let at = rng.one(&[("A", "COMP"), ("A", "COMP"), ("B", "COMP"), ("B", "ALLOW"), ("C", "COMP"), ("C", "ALLOW")]);
    let organization = rng.one(&["GZ", "CHANG", "SZ"]);
    let heads = rng.up_to(8);
    let year = if pair.today() <= super::papers::day("2018-12-15") { 2018 } else { 2019 };
    let mut batch = batch_of(pair, organization, year, at, heads);
    if rng.chance(30) {
        (batch.gift_type, batch.gift_count, batch.gift_per_person_fen) = (GiftType::Partial, 2, 500);
        batch.gift_total_fen = 1_000;
    }
    let command = Command::SubmitEnrollmentBatch(batch);
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn batch_of(pair: &mut Pair, unit: &str, year: u16, at: (&str, &str), heads: u32) -> SubmitEnrollmentBatch {
    let today = pair.today();
    let premium = pair.model.standard(at.0, at.1, today).map_or(9_500, |s| s.premium_fen);
    let cover_start = Day::from_ymd(i32::from(year) + 1, 1, 1).expect("the first of January");
    SubmitEnrollmentBatch {
        code: format!("PC-{}", pair.serial()),
        organization: unit.into(),
        year,
        class: at.0.into(),
        plan: at.1.into(),
        renewal: false,
        prior_confirmation_no: String::new(),
        unit_headcount: heads + 10,
        insured_count: heads,
        premium_total_fen: i64::from(heads) * premium,
        high_risk_count: 0,
        gift_type: GiftType::None,
        gift_count: 0,
        gift_per_person_fen: 0,
        gift_total_fen: 0,
        roster_rows: heads,
        roster_digest: digest(pair),
        submitted_on: today,
        cover_start,
        cover_end: cover_start.end_of_months(12).expect("a year later"),
        evidence: if at.0 == "A" { Vec::new() } else { documents(pair, EvidenceKind::MedicalProof, today) },
        snapshot: snapshot_of(pair, unit, at.0, heads),
        proof_heads: heads,
        in_service: heads,
        upload: String::new(),
        tokens_digest: None,
    }
}

/// Code of a snapshot that holds so many of a class, of the unit or what stands above it; empty where there is none.
fn snapshot_of(pair: &Pair, unit: &str, class: &str, heads: u32) -> String {
    let register = match class {
        "B" => RegisterKind::Hardship,
        "C" => RegisterKind::Honour,
        _ => return String::new(),
    };
    let fits = |s: &&record::command::RegisterSnapshot| {
        s.register == register && s.heads >= heads && (s.organization == super::papers::OWN || s.organization == unit)
    };
    pair.model.snapshots.iter().find(fits).map_or_else(String::new, |s| s.code.clone())
}

pub fn batch_review(pair: &mut Pair, rng: &mut Rng) -> Made {
    let unpaid: Vec<_> = pair.model.batches.iter().filter(|b| pair.model.paid_heads(&b.code) == 0).collect();
    let unseen: Vec<_> =
        unpaid.iter().copied().filter(|b| !pair.model.reviews.iter().any(|r| r.batch == b.code)).collect();
    let list = if unseen.is_empty() { unpaid } else { unseen };
    let Some(batch) = rng.pick(&list) else { return Ok(None) };
    let role = match batch.class.as_str() {
        "B" => Role::SvcDept,
        "C" => Role::EcoDept,
        _ => Role::MutualAid,
    };
    let review = ReviewEnrollmentBatch {
        batch: batch.code.clone(),
        verdict: if rng.chance(92) { Judgement::Approve } else { Judgement::Reject },
        reviewed_on: pair.today(),
        reason: "已核对".into(),
    };
    let handed_in = |who: &str| pair.model.handed_in.iter().any(|(code, p)| *code == review.batch && p == who);
    let may = |p: &&record::command::PersonDef| p.roles.contains(&role) && !handed_in(&p.code);
    let officers: Vec<_> = pair.model.persons.iter().filter(may).collect();
    Ok(rng.pick(&officers).map(|p| (p.code.clone(), Command::ReviewEnrollmentBatch(review))))
}

pub fn confirm(pair: &mut Pair, rng: &mut Rng) -> Made {
    let Some(batch) = rng.pick(&pair.model.batches) else { return Ok(None) };
    let (batch, heads, fen) = (batch.code.clone(), batch.insured_count, batch.premium_total_fen);
    let confirmation_no = format!("确认{}", pair.serial());
    let confirmed_on = pair.today();
    let command = Command::ConfirmCoverage(ConfirmCoverage { batch, confirmation_no, heads, fen, confirmed_on });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn receipt(pair: &mut Pair, rng: &mut Rng) -> Made {
    let room = |b: &SubmitEnrollmentBatch| i64::from(b.insured_count) - pair.model.received_heads(&b.code);
    let open: Vec<_> = pair.model.batches.iter().filter(|b| b.class == "A" && room(b) > 0).collect();
    let Some(batch) = rng.pick(&open) else { return Ok(None) };
    let heads = rng.up_to(u32::try_from(room(batch)).unwrap_or(1).min(3));
    let unit_fen = pair.model.standard("A", "COMP", batch.submitted_on).map_or(2_000, |s| s.own_fen);
    // A collecting system writes on the forms of its own organisation and those below.
    let (holder, who, account) = HOLDERS[usize::from(batch.organization == "SZ")];
    let batch = batch.code.clone();
    let today = pair.today();
    let fen: Fen = i64::from(heads) * unit_fen;
    let bank_txn = if rng.chance(30) {
        transaction(pair, account, Direction::In, fen, rng.one(&["", "DG-SZ"]), today)?
    } else {
        String::new()
    };
    let receipt = PostPremiumReceipt {
        holder: holder.into(),
        payer: rng.one(PayerType::ALL),
        batch,
        heads,
        unit_fen,
        fen,
        received_on: doc_date(pair, rng),
        custody: if rng.chance(90) { Custody::Collector } else { Custody::MutualAidDirect },
        bill_no: format!("收{}", pair.serial()),
        bank_txn,
        source_seq: 0,
    };
    Ok(Some((who.into(), Command::PostPremiumReceipt(receipt))))
}

pub fn remit(pair: &mut Pair, rng: &mut Rng) -> Made {
    let (holder, _, account) = rng.one(&HOLDERS);
    let date = pair.today();
    let mut held = Vec::new();
    for source in ["S1M", "S1E", "S1U"] {
        for batch in &pair.model.batches {
            let heads = pair.model.held_heads(holder, source, &batch.code);
            let unit = pair.model.standard(&batch.class, &batch.plan, batch.submitted_on).map_or(0, |s| s.own_fen);
            let has = pair.model.spendable("10202", source, &batch.code, holder, date);
            if heads > 0 && has >= heads * unit {
                held.push((source, batch.code.clone(), batch.year, heads, unit));
            }
        }
    }
    let Some((source, batch, year, heads, unit)) = rng.pick(&held).cloned() else { return Ok(None) };
    let mut items = vec![item(source, &batch, heads, unit)];
    if rng.chance(40) {
        // Unnamed: the oldest batches of the year go first; only as many heads as they surely hold.
        let of_year: i64 = held.iter().filter(|h| h.0 == source && h.2 == year).map(|h| h.3).sum();
        items = vec![item(source, "", of_year, unit)];
    }
    let both = rng.chance(40);
    if let Some(other) = held.iter().find(|h| h.0 != source && both) {
        items.push(item(other.0, &other.1, other.3, other.4));
    }
    let fen = items.iter().map(|i| i.fen).sum();
    let bank_txn = transaction(pair, account, Direction::Out, fen, AID, date)?;
    let command = Command::RemitPremiums(RemitPremiums {
        holder: holder.into(),
        year,
        payee_account: AID.into(),
        items,
        date,
        bank_txn,
        summary: String::new(),
        evidence: documents(pair, EvidenceKind::Roster, date),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

fn item(source: &str, batch: &str, heads: i64, unit: Fen) -> RemitItem {
    let heads = u32::try_from(heads).unwrap_or(1);
    RemitItem { source: source.into(), batch: batch.into(), heads, fen: i64::from(heads) * unit }
}

/// Kinds of organisation that a new one may be.
pub const ORG_TYPES: [OrgType; 4] = [OrgType::Grassroots, OrgType::Employer, OrgType::Donor, OrgType::CityFed];
