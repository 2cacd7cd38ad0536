//! Nothing personal leaves the machine: account numbers keep their last four digits, names that look like a person's keep their first
//! character, texts with personal numbers or words of health are left out.

use ledger::form::text::{MAX_TEXT_CHARS, TextFault, free, is_personal_code};

/// Digits of an account number that may be shown.
const SHOWN_DIGITS: usize = 4;
/// What stands for a text that was left out.
const LEFT_OUT: &str = "***";
/// Characters of a person's name: one or two for the family, one or two given.
const NAME_CHARS: core::ops::RangeInclusive<usize> = 2..=4;
/// Ends of short names that are no person's.
const OFFICES: &[&str] = &[
    "行", "局", "厅", "会", "部", "司", "社", "所", "院", "校", "厂", "店", "站", "处", "办", "队", "中心", "公司",
    "工会",
];

/// The last digits of an account number behind asterisks; empty where there is none.
pub fn number(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    if text.trim().is_empty() {
        return String::new();
    }
    // A number that short would be shown whole.
    let shown = if digits.len() > SHOWN_DIGITS { &digits[digits.len() - SHOWN_DIGITS..] } else { &[] };
    format!("****{}", shown.iter().collect::<String>())
}

/// A name, masked where it looks like a person's, and whether it was.
pub fn name(text: &str) -> (String, bool) {
    let text = text.trim();
    let han = |c: char| matches!(c, '\u{4E00}'..='\u{9FFF}' | '·');
    let person = NAME_CHARS.contains(&text.chars().count())
        && text.chars().all(han)
        && !OFFICES.iter().any(|office| text.ends_with(office));
    if !person {
        return self::text(text);
    }
    let masked = text.chars().enumerate().map(|(i, c)| if i == 0 { c } else { '*' });
    (masked.collect(), true)
}

/// A text, left out where it holds personal data, and whether it was.
pub fn text(text: &str) -> (String, bool) {
    let text = text.trim();
    let personal = free(text, MAX_TEXT_CHARS) == Some(TextFault::Personal) || is_personal_code(text);
    if personal { (LEFT_OUT.to_owned(), true) } else { (text.to_owned(), false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_personal_is_masked_and_nothing_else() {
        for (from, to) in [("6222021234567890123", "****0123"), ("1234", "****"), ("", ""), ("****0001", "****")] {
            assert_eq!(number(from), to, "{from}");
        }
        for (from, to, masked) in [
            ("张三", "张*", true),
            ("欧阳小明", "欧***", true),
            ("工商银行", "工商银行", false),
            ("广东省职工保障互助会", "广东省职工保障互助会", false),
            ("ABC Ltd", "ABC Ltd", false),
            ("张三13912345678", "***", true),
        ] {
            assert_eq!(name(from), (to.to_owned(), masked), "{from}");
        }
        assert_eq!(text("转账 13912345678"), ("***".to_owned(), true));
        assert_eq!(text("结息"), ("结息".to_owned(), false));
    }
}
