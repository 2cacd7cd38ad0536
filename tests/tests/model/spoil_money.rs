//! Makes a command that moves or authorises money wrong in one field: payee, price, use, account, grant, bank, amount, date, documents.

use record::command::{
    CommitExpenditure, CorrectVoucher, Disburse, GrantShare, PostPremiumReceipt, RecordIncome, RemitPremiums,
    ReverseVoucher,
};
use record::kinds::{Custody, Direction, EvidenceKind, IncomeKind, Settlement, Word};
use record::{Command, VoucherRef};

use super::pair::Pair;
use super::papers::{AID, SPECIAL};
use super::rng::Rng;
use super::spoil::{approval, class, date, documents, source};

pub fn spoil(pair: &Pair, rng: &mut Rng, command: &mut Command) {
    match command {
        Command::RecordIncome(c) => income(pair, rng, c),
        Command::PostPremiumReceipt(c) => receipt(pair, rng, c),
        Command::RemitPremiums(c) => remit(pair, rng, c),
        Command::CommitExpenditure(c) => commit(pair, rng, c),
        Command::ReleaseCommitment(c) => match rng.below(6) {
            0 => c.date = date(pair, rng),
            1 => documents(pair, rng, &mut c.evidence),
            2 => c.commitment = "ZY-WU".into(),
            3 => c.heads += 40,
            4 => c.fen += 1,
            _ => c.reason = String::new(),
        },
        Command::Disburse(c) => payment(pair, rng, c),
        Command::RecordReturn(c) => match rng.below(7) {
            0 => c.date = date(pair, rng),
            1 => documents(pair, rng, &mut c.evidence),
            2 => c.payment = voucher(pair, rng),
            3 => {
                c.heads += 50;
                c.fen *= 3;
            }
            4 => c.fen -= 1,
            5 => c.bank_account = rng.one(&["ZH-2", "DG-GZ"]).into(),
            _ => c.bank_txn = bank_txn(pair, rng),
        },
        Command::CarryToSurplus(c) => match rng.below(6) {
            0 => c.approval = String::new(),
            1 => c.approval = approval(pair, rng),
            2 => c.fen += 9_000_000,
            3 => c.source = source(rng),
            4 => c.grant = "ZJ-WU".into(),
            _ => c.date = date(pair, rng),
        },
        Command::ReverseVoucher(c) => reversal(pair, rng, c),
        Command::CorrectVoucher(c) => correction(pair, rng, c),
        _ => {}
    }
}

fn income(pair: &Pair, rng: &mut Rng, c: &mut RecordIncome) {
    if c.kind == IncomeKind::OtherLawful && rng.chance(30) {
        return c.evidence.iter_mut().for_each(|e| e.kind = EvidenceKind::Other);
    }
    match rng.below(18) {
        0 => c.date = date(pair, rng),
        1 => documents(pair, rng, &mut c.evidence),
        2 => c.account = rng.one(&["40201", "408", "911", "914", "10202", "NONE", "5030501"]).into(),
        3 => c.source = rng.one(&["S9X", "S2L", "S1M", "S5O", "S3N", "S2P"]).into(),
        4 => c.bank_account = rng.one(&["DG-GZ", AID, "WU", "ZH-2"]).into(),
        5 => c.bank_txn = bank_txn(pair, rng),
        6 => c.fen += 100,
        7 => c.fen = rng.one(&[0, -5, record::MAX_FEN + 1]),
        8 => c.bill_no = String::new(),
        9 => c.bill_no = pair.model.papers.iter().rfind(|p| !p.bill.is_empty()).map_or("".into(), |p| p.bill.clone()),
        10 => c.grant.doc_no = String::new(),
        11 => c.grant.permitted_uses = vec![rng.one(&["RF", "ZZ", "A20"]).into()],
        12 => c.grant.permitted_uses.clear(),
        13 => c.evidence.iter_mut().for_each(|e| e.kind = EvidenceKind::Other),
        14 => c.grant.code = pair.model.grants.first().map_or("ZJ".into(), |g| g.code.clone()),
        15 => c.grant.grantor = "WU".into(),
        16 => {
            c.kind = IncomeKind::Interest;
            c.source = rng.one(&["S2P", "S5O"]).into();
        }
        _ => c.summary = "身份不明 13711111111".into(),
    }
}

fn receipt(pair: &Pair, rng: &mut Rng, c: &mut PostPremiumReceipt) {
    match rng.below(12) {
        0 => c.received_on = date(pair, rng),
        1 => c.bill_no = String::new(),
        2 => c.bill_no = pair.model.papers.iter().rfind(|p| !p.bill.is_empty()).map_or("".into(), |p| p.bill.clone()),
        3 => c.unit_fen += 500,
        4 => c.fen += 1,
        5 => {
            c.heads += 10;
            c.fen = i64::from(c.heads) * c.unit_fen;
        }
        6 => c.holder = rng.one(&["CHANG", "CHANG", "WU", "JUAN"]).into(),
        7 => c.batch = "PC-WU".into(),
        8 => c.batch = pair.model.batches.iter().rfind(|b| b.class != "A").map_or("PC".into(), |b| b.code.clone()),
        9 => c.bank_txn = bank_txn(pair, rng),
        10 => c.fen = 0,
        _ => c.holder = "SZ".into(),
    }
}

fn remit(pair: &Pair, rng: &mut Rng, c: &mut RemitPremiums) {
    match rng.below(12) {
        0 => c.date = date(pair, rng),
        1 => documents(pair, rng, &mut c.evidence),
        2 => c.payee_account = rng.one(&["DG-SZ", SPECIAL, "WU"]).into(),
        3 => {
            c.items[0].heads += 5;
            c.items[0].fen += 10_000;
        }
        4 => c.items[0].fen += 1,
        5 => c.items[0].source = rng.one(&["S2P", "S9X", "S1E"]).into(),
        6 => c.items[0].batch = "PC-WU".into(),
        7 => c.bank_txn = bank_txn(pair, rng),
        8 => c.items.push(c.items[0].clone()),
        9 => c.year += 1,
        10 => c.holder = rng.one(&["SZ", "WU", "CHANG"]).into(),
        _ => {
            let mut again = c.items[0].clone();
            again.batch = if again.batch.is_empty() { pair.model.batches[0].code.clone() } else { String::new() };
            c.items.push(again);
        }
    }
}

fn commit(pair: &Pair, rng: &mut Rng, c: &mut CommitExpenditure) {
    match rng.below(14) {
        0 => c.date = date(pair, rng),
        1 => documents(pair, rng, &mut c.evidence),
        2 | 3 => c.approval = approval(pair, rng),
        4 => c.source = source(rng),
        5 => c.class = class(rng),
        6 => c.plan = rng.one(&["ALLOW", "OTHER"]).into(),
        7 => {
            c.unit_fen += 500;
            c.fen = i64::from(c.heads) * c.unit_fen;
        }
        8 => c.fen -= 100,
        9 => c.heads = 0,
        10 => {
            c.heads *= 100;
            c.fen *= 100;
        }
        11 => c.year += 1,
        12 => c.year = 2017,
        _ => c.code = pair.model.commitments.first().map_or(String::new(), |(k, _)| k.code.clone()),
    }
}

fn payment(pair: &Pair, rng: &mut Rng, c: &mut Disburse) {
    match rng.below(26) {
        0 => c.date = date(pair, rng),
        1 => documents(pair, rng, &mut c.evidence),
        2 | 3 => c.payee_account = rng.one(&["DG-GZ", SPECIAL, "WU"]).into(),
        4 => c.settlement = Settlement::Cash,
        5 => c.bank_txn = bank_txn(pair, rng),
        6 => c.bank_account = rng.one(&["ZH-2", "DG-GZ"]).into(),
        7 => {
            let paid = pair.model.batches.iter().find(|b| pair.model.paid_heads(&b.code) > 0);
            c.batches = vec![paid.map_or("PC-WU".into(), |b| b.code.clone())];
        }
        8 => {
            let other = rng.pick(&pair.model.batches).map_or("PC-WU".into(), |b| b.code.clone());
            c.batches.push(other);
        }
        9 => c.commitment = rng.one(&["ZY-WU", "ZY-0"]).into(),
        10 => c.commitment = rng.pick(&pair.model.commitments).map_or("ZY".into(), |(k, _)| k.code.clone()),
        11 => {
            c.heads += 60;
            c.fen = i64::from(c.heads) * c.unit_fen;
        }
        12 => {
            c.unit_fen += 500;
            c.fen = i64::from(c.heads) * c.unit_fen;
        }
        13 => c.fen -= 1,
        14 | 15 | 24 => c.use_code = rng.one(&["FEE", "WAGE", "CLAIM", "RF", "C80", "ZZ"]).into(),
        16 | 17 | 25 => {
            c.account = rng
                .one(&["5030503", "135", "162", "151", "311", "212", "508", "503", "911", "912", "NONE", "10201"])
                .into()
        }
        18 | 19 => {
            // Another source's grant, or one whose document forbids this.
            let grant = rng.pick(&pair.model.grants).map_or("ZJ-WU".into(), |g| g.code.clone());
            c.grants = vec![GrantShare { grant, fen: c.fen }];
        }
        20 => {
            let code =
                pair.model.commitments.iter().find(|(k, _)| k.code == c.commitment).map(|(k, _)| k.source.clone());
            let own = pair.model.grants.iter().find(|g| Some(&g.source) == code.as_ref());
            let grant = own.map_or("ZJ-WU".into(), |g| g.code.clone());
            c.grants = vec![GrantShare { grant, fen: c.fen + rng.one(&[1, 100, -1]) }];
        }
        21 => {
            // More cash than a source has: one grant carries all.
            let rich = rng.pick(&pair.model.grants).map_or("ZJ-WU".into(), |g| g.code.clone());
            c.grants = vec![GrantShare { grant: rich.clone(), fen: c.fen }, GrantShare { grant: rich, fen: 1 }];
        }
        22 => {
            let unreviewed = pair.model.batches.iter().rfind(|b| !pair.model.reviews.iter().any(|r| r.batch == b.code));
            if let Some(batch) = unreviewed {
                c.batches = vec![batch.code.clone()];
            }
        }
        _ => c.batches.clear(),
    }
}

fn reversal(pair: &Pair, rng: &mut Rng, c: &mut ReverseVoucher) {
    match rng.below(6) {
        0 => c.date = date(pair, rng),
        1 => c.voucher = voucher(pair, rng),
        2 => c.return_txn = String::new(),
        3 => c.return_txn = bank_txn(pair, rng),
        4 => c.voucher.number += 500,
        _ => c.reason = String::new(),
    }
}

fn correction(pair: &Pair, rng: &mut Rng, c: &mut CorrectVoucher) {
    match rng.below(8) {
        0 => c.date = date(pair, rng),
        1 => c.voucher = voucher(pair, rng),
        2 => documents(pair, rng, &mut c.evidence),
        3 => {
            if let Command::PostPremiumReceipt(r) = &mut *c.replacement {
                r.custody = Custody::MutualAidDirect;
            }
        }
        4 => {
            let list: Vec<&Command> = pair.origin.values().filter(|o| !matches!(o, Command::CloseYear(_))).collect();
            let mut others: Vec<Command> = list.into_iter().cloned().collect();
            // A hash map has no order of its own: give it one.
            others.sort_by_cached_key(record::command::encode);
            if let Some(other) = rng.pick(&others) {
                *c.replacement = other.clone();
            }
        }
        _ => spoil(pair, rng, &mut c.replacement),
    }
}

/// Some voucher, whatever it is.
fn voucher(pair: &Pair, rng: &mut Rng) -> VoucherRef {
    let of_cycle = VoucherRef { word: Word::Ji, cycle: 2018, number: 999 };
    rng.pick(&pair.model.papers).map_or(of_cycle, |p| p.reference)
}

/// Some bank transaction, mostly one that is used or of the wrong way; or none.
fn bank_txn(pair: &Pair, rng: &mut Rng) -> String {
    let cash: Vec<_> = pair
        .model
        .bank_txns
        .iter()
        .filter(|(t, _)| t.settlement == Settlement::Cash && t.direction == Direction::Out)
        .collect();
    if let Some((txn, _)) = rng.pick(&cash)
        && rng.chance(30)
    {
        return txn.id.clone();
    }
    rng.pick(&pair.model.bank_txns).filter(|(t, _)| !t.id.is_empty()).map_or("T-WU".into(), |(t, _)| t.id.clone())
}
