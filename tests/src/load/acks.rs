//! What the server acknowledged: for each receipt its place in the log and its number, each once. Answers are read field by field, since
//! a whole decode of every answer would cost the load generator as much as it costs the server to make it. The comparison with the log is
//! `check`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::receipts::serial_of;

/// gRPC's code for "come again".
const UNAVAILABLE: u64 = 14;

/// The acknowledged place of every receipt of a run, by serial.
#[derive(Debug)]
pub struct Acks {
    /// Sequence in the upper half, number in the lower; 0 not acknowledged.
    places: Vec<AtomicU64>,
    replays: AtomicU64,
}

/// What became of one receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It stands in the log.
    Posted {
        /// Its record.
        sequence: u64,
        /// Number of its voucher.
        number: u64,
        /// Whether it had been answered before.
        replayed: bool,
    },
    /// The server was busy: it goes again.
    Busy,
    /// It was refused, with this code.
    Refused(u64),
}

impl Acks {
    /// Room for so many receipts.
    pub fn of(receipts: u64) -> Acks {
        let places = std::iter::repeat_with(AtomicU64::default).take(receipts as usize).collect();
        Acks { places, replays: AtomicU64::new(0) }
    }

    /// Notes an answer; true if the receipt stands in the log. Panics where it contradicts an earlier one, or is a refusal.
    pub fn note(&self, serial: u64, answer: Answer) -> bool {
        match answer {
            Answer::Busy => false,
            Answer::Refused(code) => panic!("receipt {serial} was refused with code {code}"),
            Answer::Posted { sequence, number, replayed } => {
                let place = sequence << 32 | number;
                let before = self.places[serial as usize].swap(place, Ordering::Relaxed);
                let first = before == 0 && !replayed;
                assert!(
                    first || replayed && (before == 0 || before == place),
                    "receipt {serial} was acknowledged twice"
                );
                self.replays.fetch_add(u64::from(replayed), Ordering::Relaxed);
                true
            }
        }
    }

    /// Sequence and number of a receipt, if it was acknowledged.
    pub fn place(&self, serial: u64) -> Option<(u64, u64)> {
        let place = self.places.get(serial as usize)?.load(Ordering::Relaxed);
        (place != 0).then_some((place >> 32, place & u64::from(u32::MAX)))
    }

    /// Receipts acknowledged.
    pub fn count(&self) -> u64 {
        self.places.iter().filter(|place| place.load(Ordering::Relaxed) != 0).count() as u64
    }

    /// The highest sequence acknowledged.
    pub fn highest(&self) -> u64 {
        self.places.iter().map(|place| place.load(Ordering::Relaxed) >> 32).max().unwrap_or(0)
    }

    /// Acknowledgements that said that the receipt had been answered before.
    pub fn replays(&self) -> u64 {
        self.replays.load(Ordering::Relaxed)
    }
}

/// A field of an encoded message.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of an encoded message, in order.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<(u64, Value<'a>)> {
        if self.0.is_empty() {
            return None;
        }
        let tag = self.number();
        let value = match tag & 7 {
            0 => Value::Number(self.number()),
            2 => {
                let length = self.number() as usize;
                let (bytes, rest) = self.0.split_at(length);
                self.0 = rest;
                Value::Bytes(bytes)
            }
            wire => panic!("an answer has no field of wire type {wire}"),
        };
        Some((tag >> 3, value))
    }
}

impl Fields<'_> {
    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let (byte, rest) = self.0.split_first().expect("an answer is whole");
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }
}

/// The answer in an encoded PostPremiumReceiptResponse.
pub fn unary(message: &[u8]) -> Answer {
    let result = Fields(message).find_map(|field| match field {
        (1, Value::Bytes(result)) => Some(posted(result)),
        _ => None,
    });
    result.expect("an answer has a result")
}

/// Calls `each` with serial and answer of every receipt in an encoded PostPremiumReceiptsResponse.
pub fn streamed(message: &[u8], mut each: impl FnMut(u64, Answer)) {
    for field in Fields(message) {
        let (1, Value::Bytes(answer)) = field else { continue };
        let (mut serial, mut found) = (None, None);
        for field in Fields(answer) {
            match field {
                (1, Value::Bytes(id)) => serial = serial_of(id),
                (2, Value::Bytes(result)) => found = Some(posted(result)),
                (3, Value::Bytes(status)) => found = Some(refused(status)),
                _ => {}
            }
        }
        each(serial.expect("an answer names a receipt of ours"), found.expect("an answer says what became of it"));
    }
}

/// A MutationResult: the number of its voucher and the place of its record.
fn posted(result: &[u8]) -> Answer {
    let (mut number, mut sequence, mut replayed) = (0, 0, false);
    for field in Fields(result) {
        match field {
            (1, Value::Bytes(posted)) => number = number_in(posted),
            (3, Value::Bytes(receipt)) => {
                for field in Fields(receipt) {
                    match field {
                        (3, Value::Number(value)) => sequence = value,
                        (6, Value::Number(value)) => replayed = value != 0,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    assert!(sequence > 0 && number > 0, "an acknowledgement without place or number");
    Answer::Posted { sequence, number, replayed }
}

/// The number of the first voucher of a Posted.
fn number_in(posted: &[u8]) -> u64 {
    let bytes = |wanted: u64| {
        move |field: (u64, _)| match field {
            (found, Value::Bytes(bytes)) if found == wanted => Some(bytes),
            _ => None,
        }
    };
    let reference = Fields(posted).find_map(bytes(1)).and_then(|voucher| Fields(voucher).find_map(bytes(1)));
    let digits = reference.unwrap_or_default().iter().rev().take_while(|byte| byte.is_ascii_digit());
    digits.zip(std::iter::successors(Some(1), |unit| Some(unit * 10))).map(|(d, unit)| u64::from(d - b'0') * unit).sum()
}

fn refused(status: &[u8]) -> Answer {
    let code = Fields(status).find_map(|field| match field {
        (1, Value::Number(code)) => Some(code),
        _ => None,
    });
    match code.unwrap_or_default() {
        UNAVAILABLE => Answer::Busy,
        code => Answer::Refused(code),
    }
}

#[cfg(test)]
mod tests {
    use api::google::rpc;
    use api::v1;
    use prost::Message;

    use super::*;

    fn result() -> v1::MutationResult {
        let voucher = v1::PostedVoucher { reference: "代-2018-1230".into(), uuid: "0".into() };
        let receipt = v1::Receipt { sequence: 77, replayed: true, ..v1::Receipt::default() };
        v1::MutationResult {
            outcome: Some(v1::mutation_result::Outcome::Posted(v1::Posted { vouchers: vec![voucher] })),
            receipt: Some(receipt),
            judged_at: 0,
        }
    }

    #[test]
    fn answers_are_read_as_the_api_writes_them() {
        let expected = Answer::Posted { sequence: 77, number: 1230, replayed: true };
        let message = v1::PostPremiumReceiptResponse { result: Some(result()) };
        assert_eq!(unary(&message.encode_to_vec()), expected);

        use v1::premium_receipt_answer::Answer as Of;
        let answer = |serial: u64, answer| v1::PremiumReceiptAnswer {
            request_id: format!("load-{serial:09}"),
            answer: Some(answer),
        };
        let status = |code| rpc::Status { code, message: "busy".into(), details: Vec::new() };
        let answers =
            vec![answer(5, Of::Result(result())), answer(6, Of::Error(status(14))), answer(7, Of::Error(status(9)))];
        let mut found = Vec::new();
        let message = v1::PostPremiumReceiptsResponse { answers };
        streamed(&message.encode_to_vec(), |serial, answer| found.push((serial, answer)));
        assert_eq!(found, [(5, expected), (6, Answer::Busy), (7, Answer::Refused(9))]);
    }

    #[test]
    fn places_are_kept_by_serial() {
        let acks = Acks::of(3);
        assert!(acks.note(1, Answer::Posted { sequence: 9, number: 4, replayed: false }));
        assert!(!acks.note(2, Answer::Busy));
        assert_eq!((acks.place(1), acks.place(2), acks.count(), acks.highest()), (Some((9, 4)), None, 1, 9));
    }
}
