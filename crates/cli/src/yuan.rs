//! Yuan as people write them, and fen as the API has them. One strict grammar: `[0-9]{1,13}(\.[0-9]{1,2})?`, no sign, no exponent, no
//! separators, no full-width digits.

/// Digits before the point: 900 billion yuan and some room; the server has the last word on the highest amount.
const WHOLE_DIGITS: usize = 13;
/// Fen of a yuan.
const FEN: i64 = 100;

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount is written in yuan: up to 13 digits, and after a point one or two more, as in 46200000.00")]
pub struct NotYuan;

/// Fen of an amount in yuan.
pub fn parse(text: &str) -> Result<i64, NotYuan> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, WHOLE_DIGITS) || fraction.is_some_and(|fraction| !digits(fraction, 2)) {
        return Err(NotYuan);
    }
    let fen = match fraction {
        None => 0,
        Some(fraction) => fraction.parse::<i64>().map_err(|_| NotYuan)? * if fraction.len() == 1 { 10 } else { 1 },
    };
    Ok(whole.parse::<i64>().map_err(|_| NotYuan)? * FEN + fen)
}

/// An amount for people: thousands apart, two decimals, a minus in red-letter lines.
pub fn show(fen: i64) -> String {
    let magnitude = fen.unsigned_abs();
    let whole = (magnitude / FEN.unsigned_abs()).to_string();
    let mut text = String::with_capacity(whole.len() + whole.len() / 3 + 4);
    if fen < 0 {
        text.push('-');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(&format!(".{:02}", magnitude % FEN.unsigned_abs()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_strict() {
        for (text, fen) in [
            ("0.01", 1),
            ("1", 100),
            ("1.5", 150),
            ("46200000.00", 4_620_000_000),
            ("0", 0),
            ("007.10", 710),
            ("9999999999999.99", 999_999_999_999_999),
        ] {
            assert_eq!(parse(text), Ok(fen), "{text}");
        }
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "1.234",
            "1e5",
            "1_000",
            "1,000.00",
            "+1",
            "-1",
            " 1",
            "1 ",
            "１",
            "1.０",
            "0x1",
            "NaN",
            "inf",
            "12345678901234",
            "一百",
            "1.2.3",
        ] {
            assert_eq!(parse(bad), Err(NotYuan), "{bad:?}");
        }
    }

    #[test]
    fn amounts_are_shown_in_thousands() {
        for (fen, text) in [
            (0, "0.00"),
            (1, "0.01"),
            (100_000, "1,000.00"),
            (4_620_000_000, "46,200,000.00"),
            (-47_500_000, "-475,000.00"),
            (i64::MIN, "-92,233,720,368,547,758.08"),
        ] {
            assert_eq!(show(fen), text);
        }
    }
}
