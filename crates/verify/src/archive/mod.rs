//! What grows with every record, kept small: which bills, slips and requests were used, what vouchers a correction may name, which
//! persons are enrolled. A premium receipt takes 52 bytes here: two facts of 14 and 24 to reverse it by.

mod facts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use record::command::Evidence;
use record::event::{Effect, ReceiptPosted, VoucherPosted};
use record::kinds::{LedgerKind, Side, Template, VoucherKind, Word};
use record::{Day, Fen, GrantNo, Heads, Line, Sequence, Token, Voucher, VoucherRef};

use crate::book::Book;
use crate::fast::Map;
pub(crate) use facts::Once;
use facts::{Fact, Facts};

/// A premium receipt, as far as reversing or refunding it takes. What many have alike stands once, in [`Alike`].
#[derive(Clone, Copy)]
struct Receipt {
    alike: u32,
    grant: GrantNo,
    heads: u32,
    bank: u32,
    bill: [u8; 8],
}

/// A place without a receipt.
const NONE: Receipt = Receipt { alike: u32::MAX, grant: 0, heads: 0, bank: 0, bill: [0; 8] };
/// Receipts of one block, as a power of two: blocks are filled one after the other, so that none is moved when more come.
const BLOCK_BITS: u32 = 16;

/// What many receipts have alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Alike {
    date: i32,
    holder: u32,
    price: Fen,
    source: u8,
    kind: VoucherKind,
    template: Template,
}

/// A part of a bill number's name.
fn short(name: Fact) -> [u8; 8] {
    let [.., a, b, c, d, e, f, g, h, _, _, _, _, _, _, _] = name.to_be_bytes();
    [a, b, c, d, e, f, g, h]
}

/// What a correction finds of the voucher that it names.
#[derive(Clone)]
pub(crate) struct Original {
    pub voucher: Voucher,
    pub effect: Effect,
    /// Its bill number; none of a receipt, of which only a part of the hash is kept.
    pub bill_no: Option<String>,
    bill: [u8; 8],
    pub evidence: Vec<Evidence>,
}

impl Original {
    /// Whether it bears this bill number.
    pub(crate) fn has_bill(&self, bill_no: &str) -> bool {
        self.bill_no.as_ref().map_or_else(|| self.bill == short(Once::Bill(bill_no).name()), |own| own == bill_no)
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Archive {
    facts: Facts,
    /// Refusals that stand on one of these names having been used before.
    claims: Vec<(Sequence, Vec<Fact>)>,
    vouchers: Map<VoucherRef, Arc<VoucherPosted>>,
    /// By cycle and block.
    receipts: BTreeMap<(u32, u32), Vec<Receipt>>,
    alike: Vec<Alike>,
    alike_at: Map<Alike, u32>,
    reversed: BTreeSet<VoucherRef>,
    /// By year and token: the last batch, and how many there were.
    persons: Map<(u16, Token), (GrantNo, u8)>,
    chunks: BTreeMap<String, BTreeMap<u32, Vec<Token>>>,
}

impl Archive {
    /// Notes that something was used.
    pub(crate) fn used(&mut self, once: Once<'_>, sequence: Sequence) {
        self.facts.add(once.name(), sequence);
    }

    /// Keeps a premium receipt, and notes that its bill was used where it is the first to bear it.
    pub(crate) fn keep_posted_receipt(&mut self, posted: &ReceiptPosted, sequence: Sequence) {
        let bill = Once::Bill(&posted.receipt.bill_no).name();
        // A corrected receipt keeps the bill that its first voucher made known.
        if posted.voucher.corrects.is_none() {
            self.facts.add(bill, sequence);
        }
        self.keep_receipt(&posted.voucher, bill);
    }

    /// Notes that a refusal stands on one of these having been used before.
    pub(crate) fn claim(&mut self, sequence: Sequence, names: Vec<Fact>) {
        self.claims.push((sequence, names));
    }

    /// Closes the facts: what was used twice (whether a request, first and later sequence), and which refusals claim what was not.
    pub(crate) fn close(&mut self) -> (Vec<(bool, Sequence, Sequence)>, Vec<Sequence>) {
        let closed = self.facts.close(self.claims.iter().flat_map(|(_, names)| names.iter().copied()));
        let holds = |(sequence, names): &&(Sequence, Vec<Fact>)| {
            names.iter().any(|name| closed.first.get(name).is_some_and(|first| first < sequence))
        };
        let unheld = self.claims.iter().filter(|claim| !holds(claim)).map(|(sequence, _)| *sequence).collect();
        (closed.twice, unheld)
    }

    /// Keeps a voucher for corrections.
    pub(crate) fn keep(&mut self, posted: &VoucherPosted) {
        if let Effect::Reversal { of } = posted.effect {
            self.reversed.insert(of);
        }
        let reference = posted.voucher.reference;
        if posted.voucher.reference.word == Word::Dai {
            self.keep_receipt(&posted.voucher, Once::Bill("").name());
        } else if posted.voucher.ledger == LedgerKind::Actual && posted.voucher.kind != VoucherKind::Closing {
            self.vouchers.insert(reference, Arc::new(posted.clone()));
        }
    }

    fn keep_receipt(&mut self, voucher: &Voucher, bill: Fact) {
        let Some(line) = voucher.lines.iter().find(|line| line.side == Side::Debit) else { return };
        let alike = Alike {
            date: voucher.date.0,
            holder: line.holder,
            price: line.price,
            source: line.source,
            kind: voucher.kind,
            template: voucher.template,
        };
        let alike = self.alike_no(alike);
        let (heads, bill) = (line.heads.unsigned_abs(), short(bill));
        let receipt = Receipt { alike, grant: line.grant, heads, bank: line.bank, bill };
        let number = voucher.reference.number.saturating_sub(1);
        let of_block = self.receipts.entry((voucher.reference.cycle, number >> BLOCK_BITS)).or_default();
        let place = (number & ((1 << BLOCK_BITS) - 1)) as usize;
        // Numbers come without gap; where they do not, that was told.
        if of_block.len() <= place {
            // All of it at once: what grows step by step leaves holes behind.
            of_block.reserve_exact((1usize << BLOCK_BITS).saturating_sub(of_block.len()));
            of_block.resize(place.saturating_add(1), NONE);
        }
        if let Some(known) = of_block.get_mut(place) {
            *known = receipt;
        }
    }

    fn alike_no(&mut self, alike: Alike) -> u32 {
        let next = u32::try_from(self.alike.len()).unwrap_or(u32::MAX);
        let no = *self.alike_at.entry(alike).or_insert(next);
        if no == next {
            self.alike.push(alike);
        }
        no
    }

    /// Whether a voucher was reversed.
    pub(crate) fn is_reversed(&self, of: VoucherRef) -> bool {
        self.reversed.contains(&of)
    }

    /// The voucher that a correction names.
    pub(crate) fn original(&self, book: &Book, of: VoucherRef) -> Option<Original> {
        if of.word == Word::Dai {
            return self.receipt(book, of);
        }
        let posted = self.vouchers.get(&of)?;
        Some(Original {
            voucher: posted.voucher.clone(),
            effect: posted.effect.clone(),
            bill_no: Some(posted.bill_no.clone()),
            bill: [0; 8],
            evidence: posted.evidence.clone(),
        })
    }

    fn receipt(&self, book: &Book, of: VoucherRef) -> Option<Original> {
        let number = of.number.checked_sub(1)?;
        let of_block = self.receipts.get(&(of.cycle, number >> BLOCK_BITS))?;
        let receipt = of_block.get((number & ((1 << BLOCK_BITS) - 1)) as usize)?;
        let alike = self.alike.get(usize::try_from(receipt.alike).ok()?)?;
        let (grant, form) = (book.grants.get(receipt.grant)?, book.form(receipt.grant)?);
        let movement = book.movements.get(receipt.bank);
        let money = Line {
            account: book.parts.custody,
            source: alike.source,
            grant: receipt.grant,
            side: Side::Debit,
            fen: Fen::from(receipt.heads).saturating_mul(alike.price),
            year: form.is.year,
            class: form.class,
            plan: form.plan,
            use_code: form.own_use,
            holder: alike.holder,
            counterparty: grant.grantor,
            heads: Heads::try_from(receipt.heads).unwrap_or(Heads::MAX),
            price: alike.price,
            bank: receipt.bank,
        };
        let owed = Line { account: book.parts.owed, side: Side::Credit, bank: 0, ..money.clone() };
        let voucher = Voucher {
            ledger: LedgerKind::Actual,
            reference: of,
            date: Day(alike.date),
            kind: alike.kind,
            template: alike.template,
            summary: String::new(),
            attachments: 1,
            prepared_by: 0,
            reviewed_by: 0,
            posted_by: 0,
            cashier_by: movement.map_or(0, |m| m.cashier),
            chief_by: 0,
            corrects: None,
            historical: false,
            approval: 0,
            commitment: 0,
            settlement: movement.map(|m| m.settlement),
            lines: vec![money, owed],
        };
        Some(Original { voucher, effect: Effect::None, bill_no: None, bill: receipt.bill, evidence: Vec::new() })
    }

    /// The batch that a person stands in, in a year; forms that were sent back do not count.
    pub(crate) fn enrolled_by(&self, book: &Book, year: u16, token: &Token) -> Option<GrantNo> {
        let (batch, _) = *self.persons.get(&(year, *token))?;
        let sent_back = book.form(batch).and_then(|form| form.review);
        sent_back.is_none_or(|(verdict, _)| verdict != record::kinds::Verdict::Reject).then_some(batch)
    }

    /// In how many batches of a year a person stands, those sent back included.
    pub(crate) fn times_enrolled(&self, year: u16, token: &Token) -> u8 {
        self.persons.get(&(year, *token)).map_or(0, |(_, times)| *times)
    }

    /// Notes who is enrolled.
    pub(crate) fn enrol(&mut self, year: u16, tokens: &[Token], batch: GrantNo) {
        tokens.iter().for_each(|token| {
            let known = self.persons.entry((year, *token)).or_default();
            *known = (batch, known.1.saturating_add(1));
        });
    }

    /// Keeps a part of a roster.
    pub(crate) fn upload(&mut self, upload: &str, first_row: u32, tokens: &[Token]) {
        self.chunks.entry(upload.to_owned()).or_default().insert(first_row, tokens.to_vec());
    }

    /// Forgets rosters that no upload waits for any more.
    pub(crate) fn forget(&mut self, book: &Book) {
        self.chunks.retain(|upload, _| book.uploads.contains_key(upload));
    }

    /// Rows and tokens of a roster, in order.
    pub(crate) fn roster(&self, upload: &str) -> Vec<(u32, Token)> {
        let parts = self.chunks.get(upload).into_iter().flatten();
        parts.flat_map(|(first, tokens)| (*first..).zip(tokens.iter().copied())).collect()
    }
}
