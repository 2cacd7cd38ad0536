//! The same person twice in a year (ENR-003), and under two plans (USE-007), without knowing who: rosters come as tokens in parts that
//! count for nothing until an enrolment form seals them. How tokens are found again stands in `facts`.

use std::collections::BTreeMap;

use record::command::{RegisterTokenKey, SubmitEnrollmentBatch, UploadRosterChunk};
use record::event::PersonsEnrolled;
use record::{Event, GrantNo, PlanNo, Token, hash};

use super::Desk;
use crate::state::{Upload, Uploaded};

/// Rows of a roster at most: the largest city's in one form. Its tokens make one batch of the log of some megabytes.
pub const MAX_ROSTER_ROWS: u32 = 200_000;
/// Tokens of one record: half of what a record may hold.
const TOKENS_PER_RECORD: usize = 8_000;
/// Characters of a list of rows in an answer. The parts of a roster tell their own rows, each within it; what only all of them together
/// show is told up to here.
const MAX_ROWS_TEXT: usize = 60_000;

pub(super) fn register_key(desk: &mut Desk<'_>, c: &RegisterTokenKey) -> Vec<Event> {
    if desk.state.token_keys.contains_key(&c.year) {
        desk.taken("year");
    }
    vec![Event::TokenKeyRegistered { key: c.clone() }]
}

pub(super) fn upload(desk: &mut Desk<'_>, c: &UploadRosterChunk) -> Vec<Event> {
    let state = desk.state;
    let key = state.token_keys.get(&c.year);
    if key.is_none_or(|key| (&key.key_id, &key.check_value) != (&c.key_id, &c.check_value)) {
        let expected = key.map_or("", |key| key.key_id.as_str());
        desk.hit("ENR-003", "key_id", expected, &c.key_id);
    }
    if let Some(known) = state.uploads.get(&c.upload) {
        check_own(desk, known, "upload");
        if known.of != Uploaded::Roster(c.year) {
            desk.fault("year", "OUT_OF_RANGE", "与该次上传的年度不符", "is not the upload's");
        }
        if known.chunks.contains_key(&c.first_row) {
            desk.fault("first_row", "EXISTS", "这些行已上传", "was uploaded already");
        }
    }
    let numbered: Vec<(u32, Token)> = (c.first_row..).zip(c.tokens.iter().copied()).collect();
    // Its plan is told by the form that will seal it.
    check_twice(desk, c.year, &numbered, None);
    vec![Event::RosterChunkUploaded { chunk: c.clone() }]
}

/// An upload is its uploader's, for some days; to others it does not exist.
pub(super) fn check_own(desk: &mut Desk<'_>, upload: &Upload, field: &str) {
    if upload.person != desk.hands.maker {
        desk.unknown(field);
    } else if desk.today > upload.last_day {
        desk.fault(field, "EXPIRED", "上传已过期，须重新上传", "has expired: it must be uploaded anew");
    }
}

/// What a form seals: the persons of its batch. ENR-003 also where a year with a key has a form without persons.
pub(super) fn seal(desk: &mut Desk<'_>, c: &SubmitEnrollmentBatch, plan: Option<PlanNo>) -> Vec<Event> {
    if c.upload.is_empty() {
        if let Some(key) = desk.state.token_keys.get(&c.year) {
            desk.hit("ENR-003", "upload", &key.key_id, "");
        }
        return Vec::new();
    }
    let Some(upload) = desk.state.uploads.get(&c.upload) else {
        desk.unknown("upload");
        return Vec::new();
    };
    check_own(desk, upload, "upload");
    if upload.of != Uploaded::Roster(c.year) {
        desk.fault("upload", "OUT_OF_RANGE", "与该次上传的年度不符", "is of another year");
    }
    let rows = desk.facts.roster(upload);
    let whole = (1u32..).zip(&rows).all(|(no, (row, _))| no == *row);
    if !whole || u32::try_from(rows.len()) != Ok(c.roster_rows) {
        desk.hit("ENR-001", "upload", &c.roster_rows.to_string(), &rows.len().to_string());
    }
    let bytes: Vec<u8> = rows.iter().flat_map(|(_, token)| *token).collect();
    let digest = hash::sha256(&bytes);
    if c.tokens_digest != Some(digest) {
        desk.hit("ENR-001", "tokens_digest", "", "");
    }
    check_twice(desk, c.year, &rows, plan);
    let batch = desk.state.grants.next_no();
    let enrolled = rows.chunks(TOKENS_PER_RECORD).map(|part| {
        let again = (0u32..).zip(part).filter_map(|(place, (_, token))| {
            let times = desk.facts.times_enrolled(c.year, token);
            (times > 0).then_some((place, times))
        });
        Event::PersonsEnrolled(PersonsEnrolled {
            batch,
            year: c.year,
            first_row: part.first().map_or(0, |(row, _)| *row),
            tokens: part.iter().map(|(_, token)| *token).collect(),
            again: again.collect(),
        })
    });
    enrolled.collect()
}

/// ENR-003 for every row whose person stands twice among these, or in another batch of the year; USE-007 where that is of another plan.
fn check_twice(desk: &mut Desk<'_>, year: u16, rows: &[(u32, Token)], plan: Option<PlanNo>) {
    let mut seen: BTreeMap<Token, u32> = BTreeMap::new();
    let (mut twice, mut elsewhere, mut both_plans) = (Vec::new(), Vec::new(), Vec::new());
    for (row, token) in rows {
        if seen.insert(*token, *row).is_some() {
            twice.push(*row);
        }
        let Some(other) = desk.facts.enrolled_by(desk.state, year, token) else { continue };
        elsewhere.push(*row);
        if plan.is_some_and(|plan| desk.state.batch(other).is_some_and(|batch| batch.plan != plan)) {
            both_plans.push(*row);
        }
    }
    for (rule, subject, rows) in [
        ("ENR-003", "rows.twice", twice),
        ("ENR-003", "rows.enrolled", elsewhere),
        ("USE-007", "rows.plan", both_plans),
    ] {
        if !rows.is_empty() {
            desk.hit(rule, subject, "", &listed(&rows));
        }
    }
}

/// Rows as people write them: `3, 17, 20-35`.
pub(super) fn listed(rows: &[u32]) -> String {
    let mut text = String::new();
    let mut rest = rows.iter().copied().peekable();
    while let Some(first) = rest.next() {
        let mut last = first;
        while let Some(next) = rest.next_if(|next| *next == last.saturating_add(1)) {
            last = next;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&if first == last { first.to_string() } else { format!("{first}-{last}") });
        if text.len() > MAX_ROWS_TEXT {
            text.push_str(", ...");
            break;
        }
    }
    text
}

/// A batch that was sent back frees its persons for another form: it is not approved afterwards.
pub(super) fn check_not_freed(desk: &mut Desk<'_>, batch: GrantNo) {
    let of = desk.state.batch(batch);
    let sent_back = of.and_then(|b| b.review).is_some_and(|(verdict, ..)| verdict == record::kinds::Verdict::Reject);
    if sent_back && of.is_some_and(|b| !b.form.upload.is_empty()) {
        desk.hit("ENR-003", "batch", "", &of.map_or(String::new(), |b| b.form.code.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_listed_as_ranges() {
        for (rows, text) in [(&[3][..], "3"), (&[1, 2, 3, 7, 9, 10], "1-3, 7, 9-10"), (&[], "")] {
            assert_eq!(listed(rows), text);
        }
        let odd: Vec<u32> = (0..100_000).map(|n| n * 2).collect();
        assert!(listed(&odd).len() < MAX_ROWS_TEXT + 20 && listed(&odd).ends_with("..."));
    }
}
