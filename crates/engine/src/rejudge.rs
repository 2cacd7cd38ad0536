//! Judging a book's log again under other rules: reads the log from the store in pieces, off the writer, and hands whole commands to the
//! ledger's trial. Nothing is written, and no lock is held. What is judged and how is `ledger::rejudge`'s.

use ledger::rejudge::{MAX_RECORDS, OtherRules, Report, Trial};
use record::{Day, Record, Sequence};
use tokio::time::Instant;

use crate::book::Book;
use crate::error::EngineError;
use crate::facts::read_records;
use crate::projector::READ_BYTES;
use crate::replay::decode_row;
use crate::store::{Store, StoreError};

impl<S: Store> Book<S> {
    /// Judges the commands that bear a date of a period again by other rules, up to the head found on arrival or the record given,
    /// whichever is earlier. One at a time in a book; others are told to come later. Ends with [`EngineError::Late`] at the deadline.
    pub async fn rejudge(
        &self,
        rules: OtherRules,
        (from, to): (Day, Day),
        up_to: Sequence,
        deadline: Option<Instant>,
    ) -> Result<(Report, Sequence), EngineError> {
        let shared = self.shared();
        shared.readable()?;
        let head = (*shared.head.borrow()).min(up_to);
        let retry_after = shared.options.retry_after;
        let Ok(_alone) = shared.rejudging.try_acquire() else { return Err(EngineError::Overloaded { retry_after }) };
        if head > MAX_RECORDS {
            return Err(EngineError::Overloaded { retry_after });
        }
        let mut trial = Trial::new(rules, from, to);
        let mut next: Sequence = 1;
        while next <= head {
            let rows = shared.store.log_rows(&shared.code, next, READ_BYTES).await?;
            if rows.is_empty() {
                return Err(StoreError::Corrupt(format!("record {next} is missing")).into());
            }
            for row in rows {
                let mut records = decode_row(&row, next)?;
                next += records.len() as Sequence;
                records.retain(|record| record.sequence <= head);
                self.judge_row(&mut trial, &records).await?;
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return Err(EngineError::Late);
                }
                // A row is some milliseconds of work: others run between two.
                tokio::task::yield_now().await;
            }
        }
        Ok((trial.report(), head))
    }

    /// Hands the commands of a row to the trial, with the older records that it asks for.
    async fn judge_row(&self, trial: &mut Trial, records: &[Record]) -> Result<(), EngineError> {
        let shared = self.shared();
        let mut rest = records;
        while let Some(first) = rest.first() {
            let (command, others) = rest.split_at(usize::from(first.parts).clamp(1, rest.len()));
            while let Err(wanted) = trial.step(command) {
                trial.give(read_records(&*shared.store, &shared.code, &wanted.0).await?);
            }
            rest = others;
        }
        Ok(())
    }
}
