//! Voucher numbering, periods and receipt days.

use record::kinds::Word;
use record::{Day, Period, VoucherRef};

use super::State;

/// Parameter that chooses the numbering cycle (P9): `YEAR` or `MONTH`.
pub const PARAM_CYCLE: &str = "P9.voucher_cycle";

impl State {
    /// The numbering cycle of a voucher date: the year, or year x 100 + month where P9 says MONTH.
    pub fn cycle(&self, day: Day) -> u32 {
        let year = u32::from(day.year());
        if self.parameter_on(PARAM_CYCLE, day) == Some("MONTH") {
            year.saturating_mul(100).saturating_add(u32::from(day.month()))
        } else {
            year
        }
    }

    /// The last number allotted for a word in a cycle.
    pub fn last_number(&self, word: Word, cycle: u32) -> u32 {
        self.numbers.get(&(word, cycle)).copied().unwrap_or(0)
    }

    /// Whether a voucher was posted: numbers are allotted from 1 without gap.
    pub fn has_voucher(&self, reference: VoucherRef) -> bool {
        (1..=self.last_number(reference.word, reference.cycle)).contains(&reference.number)
    }

    /// Whether a month takes vouchers.
    pub fn is_open(&self, period: Period) -> bool {
        period >= self.first_period && self.closed_through.is_none_or(|closed| period > closed)
    }

    /// The month that must close next.
    pub fn next_to_close(&self) -> Period {
        self.closed_through.map_or(self.first_period, Period::next)
    }
}
