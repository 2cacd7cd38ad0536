//! One line of a scenario, taken apart: verb, words, `key=value` fields, who asks, what is expected. What a verb means is not known here.

use record::kinds::Word;
use record::{Day, Fen, VoucherRef};

use super::Fault;

/// The words and fields of a line, taken one by one; what is left over at the end is a fault of the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// First word.
    pub verb: String,
    /// Other words, in order.
    pub words: Vec<String>,
    fields: Vec<(String, String)>,
    /// `by PERSON`.
    pub by: Option<String>,
    /// `reviewed PERSON`.
    pub reviewed: Option<String>,
    /// `id=REQUEST`.
    pub id: Option<String>,
    /// Whether the line only submits.
    pub submit: bool,
}

/// Splits a line at blanks; `"..."` keeps its blanks, also within a field.
pub fn split(line: &str) -> Result<Vec<String>, Fault> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    let (mut quoted, mut some) = (false, false);
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                some = true;
            }
            c if c.is_whitespace() && !quoted => {
                if some {
                    tokens.push(core::mem::take(&mut token));
                }
                some = false;
            }
            c => {
                token.push(c);
                some = true;
            }
        }
    }
    if quoted {
        return Err(Fault::unreadable("a quotation mark is missing"));
    }
    if some {
        tokens.push(token);
    }
    Ok(tokens)
}

impl Args {
    /// The parts of a line's tokens before `->`.
    pub fn of(tokens: &[String]) -> Result<Args, Fault> {
        let mut args = Args::default();
        let mut rest = tokens.iter();
        while let Some(token) = rest.next() {
            let mut next = || rest.next().cloned().ok_or_else(|| Fault::unreadable(format!("{token} whom?")));
            match token.as_str() {
                "by" => args.by = Some(next()?),
                "reviewed" => args.reviewed = Some(next()?),
                "submit" if args.verb.is_empty() => args.submit = true,
                _ if args.verb.is_empty() => args.verb.clone_from(token),
                _ => match token.split_once('=') {
                    Some(("id", value)) => args.id = Some(value.to_owned()),
                    Some((key, value)) if !key.is_empty() => args.fields.push((key.to_owned(), value.to_owned())),
                    _ => args.words.push(token.clone()),
                },
            }
        }
        Ok(args)
    }

    /// Takes the next word.
    pub fn word(&mut self, what: &str) -> Result<String, Fault> {
        if self.words.is_empty() {
            return Err(Fault::unreadable(format!("{} needs {what}", self.verb)));
        }
        Ok(self.words.remove(0))
    }

    /// Takes a field, if it is given.
    pub fn field(&mut self, key: &str) -> Option<String> {
        let at = self.fields.iter().position(|(k, _)| k == key)?;
        Some(self.fields.remove(at).1)
    }

    /// Adds a field that the line does not give.
    pub fn default_field(&mut self, key: &str, value: String) {
        if !self.fields.iter().any(|(k, _)| k == key) {
            self.fields.push((key.to_owned(), value));
        }
    }

    /// Takes every field of this name.
    pub fn all(&mut self, key: &str) -> Vec<String> {
        core::iter::from_fn(|| self.field(key)).collect()
    }

    /// Sets a text from its field, if given.
    pub fn text(&mut self, key: &str, into: &mut String) {
        if let Some(value) = self.field(key) {
            *into = value;
        }
    }

    /// Sets a value from its field, if given, by a parser.
    pub fn set<T>(&mut self, key: &str, into: &mut T, parse: impl Fn(&str) -> Result<T, Fault>) -> Result<(), Fault> {
        if let Some(value) = self.field(key) {
            *into = parse(&value)?;
        }
        Ok(())
    }

    /// Nothing may be left over.
    pub fn finish(&self) -> Result<(), Fault> {
        let left: Vec<String> =
            self.words.iter().cloned().chain(self.fields.iter().map(|(k, v)| format!("{k}={v}"))).collect();
        if left.is_empty() {
            return Ok(());
        }
        Err(Fault::unreadable(format!("{} knows nothing of {}", self.verb, left.join(" "))))
    }
}

/// Fen of yuan as people write them: `50,000,285.00`, `285`, `-475,000`.
pub fn money(text: &str) -> Result<Fen, Fault> {
    let bad = || Fault::unreadable(format!("{text:?} is no amount in yuan"));
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let plain = digits.replace(',', "");
    let (whole, rest) = plain.split_once('.').unwrap_or((&plain, "00"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(rest) || rest.len() != 2 {
        return Err(bad());
    }
    let fen = whole.parse::<i64>().ok().and_then(|w| w.checked_mul(100)?.checked_add(rest.parse().ok()?));
    fen.map(|fen| fen * sign).ok_or_else(bad)
}

/// Yuan as scenario files write them.
pub fn shown(fen: Fen) -> String {
    let digits = (fen.unsigned_abs() / 100).to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{}{grouped}.{:02}", if fen < 0 { "-" } else { "" }, fen.unsigned_abs() % 100)
}

/// A day.
pub fn date(text: &str) -> Result<Day, Fault> {
    Day::parse(text).map_err(|e| Fault::unreadable(format!("{text:?}: {e}")))
}

/// A whole number.
pub fn number<T: core::str::FromStr>(text: &str) -> Result<T, Fault> {
    text.replace(',', "").parse().map_err(|_| Fault::unreadable(format!("{text:?} is no number")))
}

/// A value of a closed set by its code.
pub fn coded<T>(text: &str, find: impl Fn(&str) -> Option<T>) -> Result<T, Fault> {
    find(text).ok_or_else(|| Fault::unreadable(format!("{text:?} is no known code")))
}

/// A voucher reference: `记-2018-7`, or `记-7` of this cycle.
pub fn voucher(text: &str, cycle: u32) -> Result<VoucherRef, Fault> {
    let short = || {
        let (word, number) = text.split_once('-')?;
        Some(VoucherRef { word: Word::from_code(word)?, cycle, number: number.parse().ok()? })
    };
    VoucherRef::parse(text).or_else(short).ok_or_else(|| Fault::unreadable(format!("{text:?} is no voucher")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        for (text, fen) in
            [("50,000,285.00", 5_000_028_500), ("285", 28_500), ("0.05", 5), ("-475,000.00", -47_500_000)]
        {
            assert_eq!(money(text), Ok(fen), "{text}");
        }
        for text in ["", "1.5", "1e5", "1.", ".05", "一", "--1"] {
            assert!(money(text).is_err(), "{text}");
        }
        assert_eq!(shown(5_000_028_505), "50,000,285.05");
        assert_eq!(shown(-100), "-1.00");
    }

    #[test]
    fn lines_come_apart() {
        let tokens = split("submit pay CM-B reason=\"a b\" by x id=r1").unwrap();
        let mut args = Args::of(&tokens).unwrap();
        assert!(args.submit);
        assert_eq!((args.verb.as_str(), args.by.as_deref(), args.id.as_deref()), ("pay", Some("x"), Some("r1")));
        assert_eq!(args.field("reason").as_deref(), Some("a b"));
        assert!(args.finish().is_err());
        assert_eq!(args.word("a commitment").unwrap(), "CM-B");
        assert!(args.finish().is_ok());
        assert!(split("a \"b").is_err());
    }
}
