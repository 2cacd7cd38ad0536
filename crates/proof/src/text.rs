//! The small grammars that all C2SP texts share: decimal numbers, base64, digests, names of keys. Strict: what has two spellings is refused
//! in all but one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Digest;

/// Base64 as RFC 4648 section 4 has it, padded.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of padded base64; none for any other spelling of them.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A digest in base64.
pub(crate) fn digest(text: &str) -> Option<Digest> {
    from_base64(text)?.try_into().ok()
}

/// A decimal number without sign, blank or leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// Whether a key may have this name: not empty, no Unicode space, no plus sign, no control character.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        for (text, number) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            ("00", None),
            ("07", None),
            ("+7", None),
            ("-7", None),
            (" 7", None),
            ("7 ", None),
            ("７", None),
        ] {
            assert_eq!(decimal(text), number, "{text:?}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(from_base64("AAE="), Some(vec![0, 1]));
        for text in ["AAE", "AAF=", "AAE=\n", "AA E=", "AAE==", "A-E=", "_AE="] {
            assert_eq!(from_base64(text), None, "{text:?}");
        }
        assert_eq!(digest(&to_base64(&[3; 32])), Some([3; 32]));
        assert_eq!(digest(&to_base64(&[3; 31])), None);
    }

    #[test]
    fn names_of_keys() {
        for (name, fits) in [
            ("example.org/log", true),
            ("账本", true),
            ("", false),
            ("a b", false),
            ("a\u{3000}b", false),
            ("a\u{a0}b", false),
            ("a+b", false),
            ("a\tb", false),
            ("a\u{85}b", false),
        ] {
            assert_eq!(is_key_name(name), fits, "{name:?}");
        }
    }
}
