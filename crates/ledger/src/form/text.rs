//! What text may stand in the books. Bad text is refused, never mended; the answer names field and code and echoes nothing.

use unicode_normalization::is_nfc;

/// Characters of a free text; with [`MAX_TEXT_BYTES`] room for 500 Chinese characters.
pub const MAX_TEXT_CHARS: usize = 500;
/// Bytes of a free text.
pub const MAX_TEXT_BYTES: usize = 1_500;
/// Characters of a code or request id.
pub const MAX_CODE_CHARS: usize = 64;
/// Characters of a document, bill or bank number.
pub const MAX_NUMBER_CHARS: usize = 64;

/// Words that give health data away (PIPL 第28条: 医疗健康). The fund's own name holds 住院 and 医保, so those stay lawful.
const HEALTH_WORDS: &[&str] =
    &["病历", "病案号", "住院号", "诊断", "确诊", "癌", "肿瘤", "手术记录", "化验", "身份证", "艾滋"];
/// Those without a Chinese character, apart: nearly all characters of numbers are looked for among these alone.
const ASCII_HEALTH_WORDS: &[&str] = &["HIV"];

/// First two digits of resident identity numbers (GB/T 2260 provinces).
const PROVINCES: &[u8] = &[
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82, 83, 91,
];

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFault {
    /// Over the limit of characters or bytes.
    TooLong,
    /// Not in Unicode normal form C.
    NotNormal,
    /// A control, bidirectional, zero-width, private-use or unassigned-looking character, NUL, or a line separator.
    Forbidden,
    /// An identity number, mobile number or health word (PII-001).
    Personal,
}

/// Checks a free text: 0 to `max` characters.
pub fn free(text: &str, max: usize) -> Option<TextFault> {
    if text.len() > MAX_TEXT_BYTES || text.chars().count() > max {
        return Some(TextFault::TooLong);
    }
    if !text.chars().all(is_plain) {
        if text.chars().any(is_forbidden) {
            return Some(TextFault::Forbidden);
        }
        if !is_nfc(text) {
            return Some(TextFault::NotNormal);
        }
    }
    (has_health_word(text) || personal_in_text(text)).then_some(TextFault::Personal)
}

/// One walk over the text: a search of its own for each word takes longer than all else that a receipt's form needs.
fn has_health_word(text: &str) -> bool {
    text.char_indices().any(|(at, c)| {
        let words = if c.is_ascii() { ASCII_HEALTH_WORDS } else { HEALTH_WORDS };
        words.iter().any(|word| word.starts_with(c) && text.get(at..).is_some_and(|rest| rest.starts_with(word)))
    })
}

/// Whether a code has the form `[A-Za-z0-9._:-]{1,64}`.
pub fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_CODE_CHARS
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-'))
}

/// Whether a code is a personal number: one of its parts, between separators, is one. Parts are not joined, since a random UUID
/// would then look like a mobile number now and then.
pub fn is_personal_code(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| is_mobile(part) || is_identity(part))
}

/// Printable ASCII and the common Chinese characters, of which nearly all texts are: allowed, and normal whatever stands beside them.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{4E00}'..='\u{9FFF}')
}

fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFD}' | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}'
            | '\u{F0000}'..='\u{10FFFF}')
}

/// Identity or mobile numbers in free text, also spelled with full-width digits, or with spaces, dots or hyphens between digits.
fn personal_in_text(text: &str) -> bool {
    let mut run = String::new();
    let mut between = false;
    for c in text.chars().chain(['\n']) {
        if let Some(digit) = digit_of(c) {
            run.push(digit);
            between = false;
        } else if matches!(c, ' ' | '-' | '.' | '\u{3000}' | '－' | '—' | '·') && !run.is_empty() && !between {
            between = true;
        } else {
            if is_personal_run(&run) {
                return true;
            }
            run.clear();
            between = false;
        }
    }
    false
}

fn digit_of(c: char) -> Option<char> {
    match c {
        '0'..='9' | 'x' | 'X' => Some(c),
        'ｘ' | 'Ｘ' => Some('X'),
        '０'..='９' => char::from_digit(u32::from(c).saturating_sub(u32::from('０')), 10),
        _ => None,
    }
}

/// Whether a run of digits is, or ends or begins with, a personal number: long runs are checked whole, so document numbers pass.
fn is_personal_run(run: &str) -> bool {
    let trimmed = run.trim_matches(|c| c == 'x' || c == 'X');
    is_mobile(trimmed) || is_identity(run) || is_identity(trimmed)
}

/// A mobile number of the mainland: 1[3-9] and nine digits, with or without 86 in front.
fn is_mobile(text: &str) -> bool {
    let number = if text.len() == 13 { text.strip_prefix("86").unwrap_or(text) } else { text };
    let mut bytes = number.bytes();
    number.len() == 11
        && number.bytes().all(|b| b.is_ascii_digit())
        && bytes.next() == Some(b'1')
        && bytes.next().is_some_and(|b| (b'3'..=b'9').contains(&b))
}

/// A resident identity number by shape: 18 long, a province, a birth date. The check digit is not asked: a mistyped number still
/// tells who is meant.
fn is_identity(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((last, digits)) = bytes.split_last().filter(|(_, d)| d.len() == 17) else { return false };
    if !digits.iter().all(u8::is_ascii_digit) || !(last.is_ascii_digit() || matches!(last, b'x' | b'X')) {
        return false;
    }
    let number = |range: core::ops::Range<usize>| text.get(range).and_then(|s| s.parse::<u32>().ok()).unwrap_or(0);
    let province = u8::try_from(number(0..2)).is_ok_and(|p| PROVINCES.contains(&p));
    let year = i32::try_from(number(6..10)).unwrap_or(0);
    province && (1900..=2100).contains(&year) && record::Day::from_ymd(year, number(10..12), number(12..14)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_is_judged() {
        use TextFault::*;
        for (text, fault) in [
            ("收到省总拨入专户 粤工总〔2018〕18号", None),
            ("", None),
            ("住院二次医保 2018-10-20 61.6万人 46,200,000.00元", None),
            ("a\u{0}b", Some(Forbidden)),
            ("行\n行", Some(Forbidden)),
            ("\u{202E}abc", Some(Forbidden)),
            ("零\u{200B}宽", Some(Forbidden)),
            ("\u{E000}", Some(Forbidden)),
            ("e\u{301}", Some(NotNormal)),
            ("联系 13912345678", Some(Personal)),
            ("联系 139 1234 5678。", Some(Personal)),
            ("１３９１２３４５６７８", Some(Personal)),
            ("8613912345678", Some(Personal)),
            ("证号110101199003070011", Some(Personal)),
            ("11010119900307001x", Some(Personal)),
            ("110101 19900307 001X", Some(Personal)),
            ("确诊后报销", Some(Personal)),
            ("流水 2018102000000012345", None),
            ("12345678901", None),
        ] {
            assert_eq!(free(text, MAX_TEXT_CHARS), fault, "{text:?}");
        }
        assert_eq!(free(&"好".repeat(501), MAX_TEXT_CHARS), Some(TooLong));
        assert_eq!(free(&"好".repeat(500), MAX_TEXT_CHARS), None);
    }

    #[test]
    fn codes_are_judged() {
        for (code, lawful) in
            [("R-2018.1:a_b", true), ("", false), ("号", false), ("a b", false), ("a/b", false), ("１", false)]
        {
            assert_eq!(is_code(code), lawful, "{code:?}");
        }
        assert!(is_code(&"a".repeat(64)) && !is_code(&"a".repeat(65)));
        for (code, personal) in [
            ("13912345678", true),
            ("r-13912345678", true),
            ("r:11010119900307001X", true),
            ("0191-2345-678-139", false),
            ("550e8400-e29b-41d4-a716-446655440000", false),
            ("20181020-0001", false),
        ] {
            assert_eq!(is_personal_code(code), personal, "{code}");
        }
    }
}
