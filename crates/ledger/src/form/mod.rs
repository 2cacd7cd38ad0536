//! The form of a request: everything that can be told without the books. A malformed request changes nothing and is not recorded; the
//! answer names every fault at once and echoes no text.

mod commands;
mod flows;
mod layers;
mod log_policy;
mod setup;
mod statements;
pub mod text;

use record::command::Evidence;
use record::{Command, Day, Digest, Fen, MAX_FEN, VoucherRef};

use crate::FieldFault;
use text::TextFault;

/// Documents of one command.
pub const MAX_EVIDENCE: usize = 50;
/// Lines of a budget, quota or remittance.
pub const MAX_LINES: usize = 200;
/// Batches that one payment names.
pub const MAX_BATCHES: usize = 1_000;
/// Grants that one payment names.
pub const MAX_SHARES: usize = 100;
/// Heads in one command: more than the employed of the whole province.
pub const MAX_HEADS: u32 = 100_000_000;
/// Tokens of one part of a roster: with [`MAX_COMMAND_BYTES`] in mind, and an answer that can name each row.
pub const MAX_CHUNK_TOKENS: usize = 4_000;
/// Years that a programme, budget or period may carry.
pub const YEARS: core::ops::RangeInclusive<u16> = 1950..=2999;
/// Canonical bytes of a command, its preset apart: a payment of 1,000 batches fits.
pub const MAX_COMMAND_BYTES: usize = 128 * 1024;

/// Everything wrong with the form of an ask whose command takes so many canonical bytes; empty if nothing is.
pub(crate) fn check(request_id: &str, command: &Command, canonical_bytes: usize) -> Vec<FieldFault> {
    let mut form = Form::default();
    form.code("request_id", request_id);
    form.command(command);
    if !matches!(command, Command::CreateBook(_)) && canonical_bytes > MAX_COMMAND_BYTES {
        form.fault("", "TOO_LONG", "请求过大", "the request is too large");
    }
    form.faults.sort();
    form.faults.dedup();
    form.faults
}

/// Gathers faults, with the path of the message being looked at.
#[derive(Default)]
pub(crate) struct Form {
    path: String,
    faults: Vec<FieldFault>,
}

impl Form {
    /// Looks at a nested message under its own path.
    pub fn within(&mut self, path: &str, look: impl FnOnce(&mut Form)) {
        let before = self.path.len();
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(path);
        look(self);
        self.path.truncate(before);
    }

    /// Looks at each of a list, after its length.
    pub fn each<T>(&mut self, field: &str, list: &[T], min: usize, max: usize, mut look: impl FnMut(&mut Form, &T)) {
        self.count(field, list.len(), min, max);
        for (i, item) in list.iter().take(max).enumerate() {
            self.within(&format!("{field}[{i}]"), |form| look(form, item));
        }
    }

    pub fn fault(&mut self, field: &str, code: &'static str, zh: &str, en: &str) {
        let joined = if self.path.is_empty() || field.is_empty() {
            format!("{}{field}", self.path)
        } else {
            format!("{}.{field}", self.path)
        };
        self.faults.push(FieldFault { field: joined, code, zh: zh.to_owned(), en: en.to_owned() });
    }

    pub fn count(&mut self, field: &str, len: usize, min: usize, max: usize) {
        if len < min {
            self.fault(field, "REQUIRED", &format!("至少{min}项"), &format!("needs at least {min}"));
        }
        if len > max {
            self.fault(field, "TOO_MANY", &format!("最多{max}项"), &format!("takes at most {max}"));
        }
    }

    /// A code that must be given.
    pub fn code(&mut self, field: &str, code: &str) {
        if code.is_empty() {
            self.fault(field, "REQUIRED", "必填", "is required");
        } else if !text::is_code(code) {
            self.fault(field, "BAD_CODE", "须为1至64个字母、数字或._:-", "must be 1 to 64 of A-Z a-z 0-9 . _ : -");
        } else if text::is_personal_code(code) {
            self.personal(field);
        }
    }

    /// A code that may be left out.
    pub fn optional_code(&mut self, field: &str, code: &str) {
        if !code.is_empty() {
            self.code(field, code);
        }
    }

    /// A text that may be empty.
    pub fn text(&mut self, field: &str, value: &str) {
        self.text_up_to(field, value, text::MAX_TEXT_CHARS);
    }

    /// A text that must be given.
    pub fn required_text(&mut self, field: &str, value: &str) {
        if value.trim().is_empty() {
            self.fault(field, "REQUIRED", "必填", "is required");
        }
        self.text(field, value);
    }

    /// A document, bill or bank number that may be empty.
    pub fn number(&mut self, field: &str, value: &str) {
        self.text_up_to(field, value, text::MAX_NUMBER_CHARS);
        if text::is_personal_code(value) {
            self.personal(field);
        }
    }

    /// A document, bill or bank number that must be given.
    pub fn required_number(&mut self, field: &str, value: &str) {
        if value.trim().is_empty() {
            self.fault(field, "REQUIRED", "必填", "is required");
        }
        self.number(field, value);
    }

    fn text_up_to(&mut self, field: &str, value: &str, max: usize) {
        match text::free(value, max) {
            None => {}
            Some(TextFault::TooLong) => {
                self.fault(field, "TOO_LONG", &format!("最多{max}个字"), &format!("takes at most {max} characters"));
            }
            Some(TextFault::NotNormal) => {
                self.fault(field, "NOT_NFC", "须为 Unicode NFC", "must be in Unicode normal form C");
            }
            Some(TextFault::Forbidden) => {
                self.fault(
                    field,
                    "BAD_CHARACTER",
                    "含控制、零宽或双向字符",
                    "holds control, zero-width or bidirectional characters",
                );
            }
            Some(TextFault::Personal) => self.personal(field),
        }
    }

    fn personal(&mut self, field: &str) {
        self.fault(
            field,
            "PII-001",
            "不得含证件号、手机号或健康信息",
            "must hold no identity number, phone number or health data",
        );
    }

    /// An amount of money, positive.
    pub fn fen(&mut self, field: &str, fen: Fen) {
        if !(1..=MAX_FEN).contains(&fen) {
            self.fault(field, "LED-004", "金额须为1至9×10^14分", "must be 1 to 9 x 10^14 fen");
        }
    }

    /// An amount that may be zero.
    pub fn fen_or_zero(&mut self, field: &str, fen: Fen) {
        if fen != 0 {
            self.fen(field, fen);
        }
    }

    /// A headcount, positive.
    pub fn heads(&mut self, field: &str, heads: u32) {
        if !(1..=MAX_HEADS).contains(&heads) {
            self.fault(field, "OUT_OF_RANGE", "人数须为1至1亿", "must be 1 to 100,000,000 heads");
        }
    }

    /// A headcount that may be zero.
    pub fn heads_or_zero(&mut self, field: &str, heads: u32) {
        if heads != 0 {
            self.heads(field, heads);
        }
    }

    pub fn year(&mut self, field: &str, year: u16) {
        if !YEARS.contains(&year) {
            self.fault(field, "OUT_OF_RANGE", "年度须为1950至2999", "must be a year from 1950 to 2999");
        }
    }

    /// A day; the decoder has refused what is no day.
    pub fn day(&mut self, field: &str, day: Day) {
        self.year(field, day.year());
    }

    pub fn digest(&mut self, field: &str, digest: &Digest) {
        if *digest == [0; 32] {
            self.fault(field, "REQUIRED", "须为文件的SHA-256", "must be the SHA-256 of the file");
        }
    }

    pub fn voucher(&mut self, field: &str, reference: &VoucherRef) {
        if reference.number == 0 || reference.cycle == 0 {
            self.fault(field, "REQUIRED", "须为凭证字号", "must be a voucher reference");
        }
    }

    /// Backing documents; whether there must be one is a rule's to say (LED-008).
    pub fn evidence(&mut self, evidence: &[Evidence]) {
        self.each("evidence", evidence, 0, MAX_EVIDENCE, |form, e| {
            form.number("doc_no", &e.doc_no);
            form.day("date", e.date);
            form.digest("digest", &e.digest);
        });
    }

    /// A term whose end must not stand before its start.
    pub fn term(&mut self, field: &str, from: Option<Day>, to: Option<Day>) {
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            self.fault(field, "OUT_OF_RANGE", "止日早于起日", "ends before it starts");
        }
    }
}
