//! Posting the season's receipts: over several streams at once, every one answered, and again to see that nothing is booked twice.

use std::collections::BTreeMap;

use api::google::r#type::Date;
use api::v1::premium_receipt_answer::Answer;
use client::{Client, Progress};

use super::Season;

/// How the receipts went.
#[derive(Debug, Default)]
pub struct Posted {
    /// Sums over all streams.
    pub progress: Progress,
    /// The highest sequence of any receipt.
    pub sequence: u64,
    /// The first errors, for people.
    pub errors: Vec<String>,
}

/// Errors kept for people.
const ERRORS: usize = 5;

/// Posts every receipt of the season, the batches shared out among the clients, a stream each.
pub async fn post_receipts(season: Season, book: &str, clients: &[Client]) -> Posted {
    let streams = u32::try_from(clients.len()).expect("there are few clients");
    let under_way = clients.iter().zip(0..).map(|(client, at)| {
        let (client, book) = (client.clone(), book.to_owned());
        tokio::spawn(async move {
            let collection = season.collection;
            let batches = (at..collection.batches()).step_by(streams as usize);
            let receipts = batches.flat_map(move |batch| collection.receipts_of(batch));
            let mut posted = Posted::default();
            let progress = client.post_receipts(&book, receipts, |answer| match answer.answer {
                Some(Answer::Result(result)) => {
                    let sequence = result.receipt.map_or(0, |receipt| receipt.sequence);
                    posted.sequence = posted.sequence.max(sequence);
                }
                Some(Answer::Error(error)) if posted.errors.len() < ERRORS => {
                    posted.errors.push(format!("{}: {}", answer.request_id, error.message));
                }
                Some(Answer::Error(_)) | None => {}
            });
            posted.progress = progress.await.expect("the stream is answered to its end");
            posted
        })
    });
    let under_way: Vec<_> = under_way.collect();
    let mut all = Posted::default();
    for stream in under_way {
        let posted = stream.await.expect("posting does not panic");
        all.progress.posted += posted.progress.posted;
        all.progress.replayed += posted.progress.replayed;
        all.progress.failed += posted.progress.failed;
        all.progress.resumed += posted.progress.resumed;
        all.sequence = all.sequence.max(posted.sequence);
        all.errors.extend(posted.errors);
    }
    all
}

/// How many receipts each day of the season has, in order of days.
pub fn receipts_by_day(season: Season) -> Vec<(Date, u64)> {
    let mut days: BTreeMap<(i32, i32, i32), u64> = BTreeMap::new();
    for batch in 0..season.collection.batches() {
        for item in season.collection.receipts_of(batch) {
            let on = item.receipt.and_then(|receipt| receipt.received_on).unwrap_or_default();
            *days.entry((on.year, on.month, on.day)).or_default() += 1;
        }
    }
    days.into_iter().map(|((year, month, day), count)| (Date { year, month, day }, count)).collect()
}
