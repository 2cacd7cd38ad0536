//! Receipts ready to send: encoded once for each enrolment batch, so that while time is measured a receipt costs a copy and two patched
//! numbers. Sending them is `unary` and `stream`; what was answered, `acks`.

use std::ops::Range;

use api::v1;
use prost::Message;
use prost::bytes::Bytes;

use crate::collecting::Collection;

/// Digits of a serial in request ids and bill numbers: fixed, so that every receipt has the same length.
const DIGITS: usize = 9;
/// What the digits are in a template.
const BLANK: &str = "#########";
/// What a request id begins with.
const PREFIX: &str = "load-";

/// Receipts of one book by serial, counted from 0: the batches one after the other, each as far as its heads go.
#[derive(Debug)]
pub struct Receipts {
    heads: u64,
    total: u64,
    /// The book's name as the first field of a stream's message.
    book: Vec<u8>,
    templates: Vec<Template>,
}

/// A receipt of one batch, encoded.
#[derive(Debug)]
struct Template {
    unary: Patched,
    item: Patched,
}

/// Encoded bytes with the places that a serial goes to.
#[derive(Debug)]
struct Patched {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Receipts {
    /// The receipts of a collection that was prepared in a book.
    pub fn of(book: &str, collection: Collection) -> Receipts {
        let templates = (0..collection.batches()).map(|batch| {
            let mut item = collection.receipts_of(batch).next().expect("a batch has heads");
            item.request_id = format!("{PREFIX}{BLANK}");
            let receipt = item.receipt.as_mut().expect("an item has a receipt");
            receipt.bill_no = format!("粤财票-{BLANK}");
            let unary = v1::PostPremiumReceiptRequest {
                book: book.to_owned(),
                request_id: item.request_id.clone(),
                validate_only: false,
                receipt: item.receipt.clone(),
            };
            let message = v1::PostPremiumReceiptsRequest { book: String::new(), items: vec![item] };
            Template { unary: Patched::of(unary.encode_to_vec()), item: Patched::of(message.encode_to_vec()) }
        });
        let header = v1::PostPremiumReceiptsRequest { book: book.to_owned(), items: Vec::new() };
        Receipts {
            heads: u64::from(collection.heads),
            total: collection.receipts(),
            book: header.encode_to_vec(),
            templates: templates.collect(),
        }
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// A request of PostPremiumReceipt.
    pub fn unary(&self, serial: u64) -> Bytes {
        let template = &self.template(serial).unary;
        let mut bytes = Vec::with_capacity(template.bytes.len());
        template.append(serial, &mut bytes);
        bytes.into()
    }

    /// A message of the receipt stream.
    pub fn message(&self, serials: Range<u64>) -> Bytes {
        self.listed(serials)
    }

    /// A message of the receipt stream with receipts in any order, for those that are sent again.
    pub fn listed(&self, serials: impl Iterator<Item = u64> + Clone) -> Bytes {
        let length: usize = serials.clone().map(|serial| self.template(serial).item.bytes.len()).sum();
        let mut bytes = Vec::with_capacity(self.book.len() + length);
        bytes.extend_from_slice(&self.book);
        serials.for_each(|serial| self.template(serial).item.append(serial, &mut bytes));
        bytes.into()
    }

    fn template(&self, serial: u64) -> &Template {
        &self.templates[(serial / self.heads) as usize]
    }
}

impl Patched {
    fn of(bytes: Vec<u8>) -> Patched {
        let places = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(BLANK.as_bytes())).collect();
        Patched { bytes, places }
    }

    fn append(&self, serial: u64, to: &mut Vec<u8>) {
        let begun = to.len();
        to.extend_from_slice(&self.bytes);
        let mut digits = [b'0'; DIGITS];
        let mut rest = serial;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        for place in &self.places {
            to[begun + place..begun + place + DIGITS].copy_from_slice(&digits);
        }
    }
}

/// The serial of a request id, if it is one of ours.
pub fn serial_of(request_id: &[u8]) -> Option<u64> {
    let digits = request_id.strip_prefix(PREFIX.as_bytes())?;
    let number = |sum: u64, digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'));
    (digits.len() == DIGITS).then(|| digits.iter().try_fold(0, number))?
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLLECTION: Collection = Collection { holders: 2, member_batches: 2, union_batches: 1, heads: 10 };

    #[test]
    fn what_is_sent_is_what_the_api_says() {
        let receipts = Receipts::of("b", COLLECTION);
        let unary = v1::PostPremiumReceiptRequest::decode(receipts.unary(23)).unwrap();
        assert_eq!((unary.book.as_str(), unary.request_id.as_str()), ("b", "load-000000023"));
        assert_eq!(unary.receipt.as_ref().unwrap().bill_no, "粤财票-000000023");
        assert_eq!(unary.receipt.as_ref().unwrap().batch, "A-0003");

        let message = v1::PostPremiumReceiptsRequest::decode(receipts.message(8..12)).unwrap();
        let ids: Vec<_> = message.items.iter().map(|item| serial_of(item.request_id.as_bytes())).collect();
        assert_eq!((message.book.as_str(), ids), ("b", [8, 9, 10, 11].map(Some).to_vec()));
        assert_eq!(message.items[2].receipt.as_ref().unwrap().batch, "A-0002");
        assert_eq!(serial_of(b"load-00000002x"), None);
    }
}
