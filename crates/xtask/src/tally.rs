//! Counting: what passed and failed, read from the words of `cargo test`, and the table at the end.
//! A suite that dies without a result counts as failed, and so does a skipped test.

use std::time::Duration;

/// The counts of one step.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Test programs (or documents of one crate) that were run.
    pub suites: u64,
    /// Tests or checks that held.
    pub passed: u64,
    /// Tests or checks that did not, were skipped, or died.
    pub failed: u64,
}

/// One line of the table.
pub struct Row {
    name: &'static str,
    counts: Counts,
    took: Duration,
}

/// All steps of one run.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a step that is one check.
    pub fn check(&mut self, name: &'static str, held: bool, took: Duration) {
        let counts = Counts { suites: 0, passed: u64::from(held), failed: u64::from(!held) };
        self.rows.push(Row { name, counts, took });
    }

    /// Adds a step that counted tests.
    pub fn tests(&mut self, name: &'static str, counts: Counts, took: Duration) {
        self.rows.push(Row { name, counts, took });
    }

    /// The sums over all steps.
    pub fn total(&self) -> Counts {
        self.rows.iter().fold(Counts::default(), |sum, row| Counts {
            suites: sum.suites + row.counts.suites,
            passed: sum.passed + row.counts.passed,
            failed: sum.failed + row.counts.failed,
        })
    }

    /// Prints the table; its last line is `N passed, N failed`.
    pub fn print(&self) {
        println!("\n{:<24} {:>7} {:>7} {:>7} {:>9}", "step", "suites", "passed", "failed", "seconds");
        for Row { name, counts, took } in &self.rows {
            let Counts { suites, passed, failed } = counts;
            println!("{name:<24} {suites:>7} {passed:>7} {failed:>7} {:>9.1}", took.as_secs_f64());
        }
        let Counts { suites, passed, failed } = self.total();
        println!("{:<24} {suites:>7} {passed:>7} {failed:>7}", "all");
        println!("\n{passed} passed, {failed} failed");
    }
}

/// Reads the output of `cargo test` line by line.
#[derive(Default)]
pub struct Reader {
    counts: Counts,
    /// The suite whose result has not been read yet.
    open: Option<String>,
}

impl Reader {
    /// Takes the next line.
    pub fn line(&mut self, line: &str) {
        let line = plain(line);
        let words = line.trim_start();
        if let Some(name) = words.strip_prefix("Running ").or_else(|| words.strip_prefix("Doc-tests ")) {
            self.close();
            self.counts.suites += 1;
            self.open = Some(name.to_owned());
        } else if let Some(result) = words.strip_prefix("test result: ") {
            self.open = None;
            self.counts.passed += number_before(result, "passed");
            self.counts.failed += number_before(result, "failed") + number_before(result, "ignored");
        }
    }

    /// The counts, when cargo has ended and said whether all went `well`.
    pub fn finish(mut self, well: bool) -> Counts {
        self.close();
        // Nothing was built, or something broke outside any test: cargo's word stands.
        if (!well && self.counts.failed == 0) || self.counts.passed + self.counts.failed == 0 {
            self.counts.failed += 1;
        }
        self.counts
    }

    fn close(&mut self) {
        if let Some(name) = self.open.take() {
            eprintln!("xtask: no result from {name}: the test program died");
            self.counts.failed += 1;
        }
    }
}

/// `3` from `ok. 3 passed; 0 failed` for `passed`.
fn number_before(result: &str, word: &str) -> u64 {
    let words: Vec<&str> = result.split_whitespace().collect();
    let pair = words.windows(2).find(|pair| pair.last().is_some_and(|last| last.trim_end_matches(';') == word));
    pair.and_then(|pair| pair.first()?.parse().ok()).unwrap_or(0)
}

/// The line without terminal colours.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Counts, Reader};

    const GOOD: &str = "\
\u{1b}[1m\u{1b}[32m     Running\u{1b}[0m unittests src/lib.rs (target/debug/deps/a-1)
running 2 tests
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
   Doc-tests a
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";

    fn read(text: &str, well: bool) -> Counts {
        let mut reader = Reader::default();
        text.lines().for_each(|line| reader.line(line));
        reader.finish(well)
    }

    fn counts(suites: u64, passed: u64, failed: u64) -> Counts {
        Counts { suites, passed, failed }
    }

    #[test]
    fn counts_of_cargo_test() {
        let table = [
            ("all well", GOOD, true, counts(2, 3, 0)),
            ("one failed", "Running x\ntest result: FAILED. 4 passed; 1 failed; 0 ignored", false, counts(1, 4, 1)),
            ("skipped is failed", "Running x\ntest result: ok. 4 passed; 0 failed; 2 ignored", true, counts(1, 4, 2)),
            ("died", "Running x\nrunning 3 tests\nRunning y\ntest result: ok. 1 passed", false, counts(2, 1, 1)),
            ("died last", "Running x\nrunning 3 tests", false, counts(1, 0, 1)),
            ("did not build", "error[E0425]: cannot find value", false, counts(0, 0, 1)),
            ("nothing ran", "", true, counts(0, 0, 1)),
        ];
        for (name, text, well, expected) in table {
            assert_eq!(read(text, well), expected, "{name}");
        }
    }
}
