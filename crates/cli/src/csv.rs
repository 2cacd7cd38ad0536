//! CSV as RFC 4180 has it, read a row at a time: commas, quotes doubled within quotes, lines ending in LF or CRLF, UTF-8. What the columns
//! mean is `import`'s.

use std::io::BufRead;

/// Characters of a row at most: a receipt has a tenth of it.
const MAX_ROW_BYTES: usize = 64 * 1024;

/// Why a file is not CSV.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// Reading failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The text is not UTF-8.
    #[error("line {0}: the file is not UTF-8; save it as CSV UTF-8")]
    NotUtf8(u64),
    /// Quotes are not closed, or stand within a value.
    #[error("line {0}: a quote is out of place")]
    Quote(u64),
    /// The row is too long.
    #[error("line {0}: the row is longer than {MAX_ROW_BYTES} bytes")]
    TooLong(u64),
}

/// Reads rows.
pub struct Reader<R> {
    input: R,
    line: u64,
    /// Bytes read so far.
    pub bytes: u64,
}

impl<R: BufRead> Reader<R> {
    /// A reader at the beginning of a file.
    pub fn new(input: R) -> Reader<R> {
        Reader { input, line: 0, bytes: 0 }
    }

    /// The next row with the line that it begins on; none at the end. Empty lines are passed over.
    pub fn row(&mut self) -> Result<Option<(u64, Vec<String>)>, CsvError> {
        loop {
            let mut raw = Vec::new();
            let begin = self.line + 1;
            loop {
                let read = self.input.read_until(b'\n', &mut raw)?;
                self.bytes += read as u64;
                if read == 0 {
                    break;
                }
                self.line += 1;
                if raw.len() > MAX_ROW_BYTES {
                    return Err(CsvError::TooLong(begin));
                }
                // A line end within quotes belongs to the value.
                if raw.iter().filter(|b| **b == b'"').count().is_multiple_of(2) {
                    break;
                }
            }
            if raw.is_empty() {
                return Ok(None);
            }
            let text = String::from_utf8(raw).map_err(|_| CsvError::NotUtf8(begin))?;
            let text = if begin == 1 { text.trim_start_matches('\u{feff}') } else { &text };
            let text = text.strip_suffix('\n').unwrap_or(text);
            let text = text.strip_suffix('\r').unwrap_or(text);
            if !text.is_empty() {
                return Ok(Some((begin, cells(text, begin)?)));
            }
        }
    }
}

fn cells(text: &str, line: u64) -> Result<Vec<String>, CsvError> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            None => {
                let (cell, after) = rest.split_once(',').map_or((rest, None), |(cell, after)| (cell, Some(after)));
                if cell.contains('"') {
                    return Err(CsvError::Quote(line));
                }
                (cell.to_owned(), after)
            }
            Some(quoted) => quoted_cell(quoted).ok_or(CsvError::Quote(line))?,
        };
        cells.push(cell);
        match after {
            Some(after) => rest = after,
            None => return Ok(cells),
        }
    }
}

/// A value after its opening quote, and what stands after the comma behind it.
fn quoted_cell(text: &str) -> Option<(String, Option<&str>)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        value.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None if after.is_empty() => return Some((value, None)),
            None => return Some((value, Some(after.strip_prefix(',')?))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, CsvError> {
        let mut reader = Reader::new(text);
        std::iter::from_fn(|| reader.row().transpose()).collect()
    }

    #[test]
    fn rows_are_read_as_written() {
        let read = rows("\u{feff}a,b\r\n1,\"x,\"\"y\"\"\nz\"\r\n\r\n,\n".as_bytes()).unwrap();
        let row = |line, cells: &[&str]| (line, cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
        assert_eq!(read, [row(1, &["a", "b"]), row(2, &["1", "x,\"y\"\nz"]), row(5, &["", ""])]);
    }

    #[test]
    fn what_is_not_csv_is_refused() {
        for (text, words) in [
            (&b"a\n\"b"[..], "line 2: a quote"),
            (b"a\"b\"", "line 1: a quote"),
            (b"\"a\"b,c", "line 1: a quote"),
            (b"\xb9\xe3\xd6\xdd", "not UTF-8"),
        ] {
            assert!(rows(text).unwrap_err().to_string().contains(words));
        }
    }
}
