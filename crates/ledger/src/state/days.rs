//! Premium receipts day by day: what each day's summary (每日汇总凭证) holds, and who signed it.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use record::kinds::Side;
use record::{Fen, OrgNo, PersonNo, SourceNo, Voucher};

/// Premium receipts of one voucher date.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptDay {
    /// Vouchers of word 代.
    pub count: u64,
    /// Their total in fen.
    pub fen: Fen,
    /// Vouchers signed for.
    pub signed_count: u64,
    /// Total signed for.
    pub signed_fen: Fen,
    /// Who signed last: FIN_REVIEWER and CASHIER; 0 nobody.
    pub signers: (PersonNo, PersonNo),
    /// The same vouchers by unit that holds the money, and source.
    pub parts: BTreeMap<(OrgNo, SourceNo), ReceiptPart>,
}

/// Premium receipts of one voucher date, one holder and one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptPart {
    /// Vouchers of word 代.
    pub count: u64,
    /// Heads, red letters taken off.
    pub heads: i64,
    /// Their total in fen, red letters taken off.
    pub fen: Fen,
}

impl ReceiptDay {
    /// Whether everything of the day is signed for. What comes later, a red letter too, must be signed for anew.
    pub fn is_signed(&self) -> bool {
        (self.count, self.fen) == (self.signed_count, self.signed_fen)
    }

    pub(super) fn count_in(&mut self, voucher: &Voucher) {
        let debits = voucher.lines.iter().filter(|l| l.side == Side::Debit);
        let (fen, heads) = debits.fold((0, 0), |(fen, heads): (Fen, i64), line| {
            (fen.saturating_add(line.fen), heads.saturating_add(i64::from(line.heads)))
        });
        self.count = self.count.saturating_add(1);
        self.fen = self.fen.saturating_add(fen);
        if let Some(held) = voucher.lines.first() {
            let part = self.parts.entry((held.holder, held.source)).or_default();
            part.count = part.count.saturating_add(1);
            part.heads = part.heads.saturating_add(heads);
            part.fen = part.fen.saturating_add(fen);
        }
    }

    pub(super) fn sign(&mut self, (count, fen): (u64, Fen), signers: (PersonNo, PersonNo)) {
        (self.signed_count, self.signed_fen) = (count, fen);
        self.signers = signers;
    }
}
