//! Facts of persons: which batch enrolled a token, found over as many rounds as batches with it were sent back; and the tokens of a roster
//! that was uploaded in parts. What follows from them is judged in `decide`.

use record::kinds::Verdict;
use record::{Command, Event, GrantNo, Sequence, Token};

use super::{FactKey, Facts};
use crate::rows::FactHash;
use crate::state::Upload;
use crate::{Ask, State};

/// The upload that a form seals.
fn sealed_upload<'s>(state: &'s State, command: &Command) -> Option<&'s Upload> {
    match command {
        Command::SubmitEnrollmentBatch(c) if !c.upload.is_empty() => state.uploads.get(&c.upload),
        _ => None,
    }
}

/// Whether a decision on the command looks for persons. What it finds depends on everything decided before it.
pub fn looks_for_persons(command: &Command) -> bool {
    match command {
        Command::UploadRosterChunk(_) => true,
        Command::SubmitEnrollmentBatch(c) => !c.upload.is_empty(),
        _ => false,
    }
}

impl Facts {
    /// Notes that the name of a person's fact was looked for.
    pub fn look(&mut self, key: FactHash) {
        self.looked.insert(key);
    }

    /// Names of persons' facts that a decision on `ask` needs and that were not looked for yet; to be asked again until there are none.
    /// Records come first: [`Facts::wanted_records`].
    pub fn wanted_keys(&self, state: &State, ask: &Ask) -> Vec<FactHash> {
        let mut wanted = Vec::new();
        let mut next = |year: u16, token: &Token| wanted.extend(self.next_key(state, year, token));
        match (&ask.command, sealed_upload(state, &ask.command)) {
            (Command::UploadRosterChunk(c), _) => c.tokens.iter().for_each(|token| next(c.year, token)),
            (Command::SubmitEnrollmentBatch(c), Some(upload)) => {
                self.roster(upload).iter().for_each(|(_, token)| next(c.year, token));
            }
            _ => {}
        }
        wanted
    }

    /// The first name of a person's facts that was not looked for: the first of all, or the one after a batch that was sent back.
    fn next_key(&self, state: &State, year: u16, token: &Token) -> Option<FactHash> {
        for times in 0..=u8::MAX {
            let key = FactKey::Person(year, token, times).hash();
            if !self.looked.contains(&key) {
                return Some(key);
            }
            let found = self.found.get(&key)?;
            if !self.is_free(state, *found) {
                return None;
            }
        }
        None
    }

    /// Records that they need: the parts of the roster that a form seals, and those that enrolled the persons found.
    pub(super) fn wanted_of_persons(&self, state: &State, command: &Command) -> Vec<Sequence> {
        if !looks_for_persons(command) {
            return Vec::new();
        }
        let parts = sealed_upload(state, command).into_iter().flat_map(|upload| upload.chunks.values().copied());
        let found = self.found.iter().filter(|(key, _)| self.looked.contains(*key)).map(|(_, sequence)| *sequence);
        let mut wanted: Vec<Sequence> = parts.chain(found).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Rows and tokens of an uploaded roster, in the order of its rows, as far as its records were added.
    pub fn roster(&self, upload: &Upload) -> Vec<(u32, Token)> {
        let parts = upload.chunks.values().filter_map(|sequence| match &self.originals.get(sequence)?.event {
            Event::RosterChunkUploaded { chunk } => Some(chunk),
            _ => None,
        });
        parts.flat_map(|chunk| (chunk.first_row..).zip(chunk.tokens.iter().copied())).collect()
    }

    fn batch_at(&self, sequence: Sequence) -> Option<GrantNo> {
        match &self.originals.get(&sequence)?.event {
            Event::PersonsEnrolled(event) => Some(event.batch),
            _ => None,
        }
    }

    /// Whether the batch of a record that enrolled persons was sent back since.
    fn is_free(&self, state: &State, sequence: Sequence) -> bool {
        let batch = self.batch_at(sequence).and_then(|no| state.batch(no));
        batch.is_some_and(|batch| batch.review.is_some_and(|(verdict, ..)| verdict == Verdict::Reject))
    }

    /// The batch that a person stands in, in a programme year; batches that were sent back do not count.
    pub fn enrolled_by(&self, state: &State, year: u16, token: &Token) -> Option<GrantNo> {
        for times in 0..=u8::MAX {
            let sequence = *self.found.get(&FactKey::Person(year, token, times).hash())?;
            if !self.is_free(state, sequence) {
                return self.batch_at(sequence);
            }
        }
        None
    }

    /// How many batches with the person stand in the log, in a programme year.
    pub fn times_enrolled(&self, year: u16, token: &Token) -> u8 {
        if self.found.is_empty() {
            return 0;
        }
        let is_new = |times: &u8| !self.found.contains_key(&FactKey::Person(year, token, *times).hash());
        (0..=u8::MAX).find(is_new).unwrap_or(u8::MAX)
    }
}
