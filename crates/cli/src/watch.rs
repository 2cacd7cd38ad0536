//! `earmark watch`: the records of a book as they are committed, a line each, from any record on. It goes on by itself where a stream
//! breaks, and says at the end where to go on.

use std::ops::ControlFlow;

use api::v1;
use client::Client;
use prost::Message;
use prost_reflect::DynamicMessage;
use v1::watch_records_response::Content;

use crate::ask::Failed;
use crate::lang::Lang;
use crate::{fail, json, schema};

/// Follows the records up to `to`, or until Ctrl-C.
pub async fn run(
    client: &Client,
    request: v1::WatchRecordsRequest,
    to: Option<u64>,
    lang: Lang,
    as_json: bool,
) -> anyhow::Result<()> {
    let record = schema::message("Record")?;
    let beat = schema::message("WatchHeartbeat")?;
    let begin = request.from.max(1);
    let mut next = begin;
    anyhow::ensure!(to.is_none_or(|to| to >= next), "--to is before --from");
    let mut broken: Option<anyhow::Error> = None;
    let show = |message: &[u8], of: &prost_reflect::MessageDescriptor, name: &str| -> anyhow::Result<()> {
        let shown = json::show(&DynamicMessage::decode(of.clone(), message)?);
        println!("{}", serde_json::json!({ name: shown }));
        Ok(())
    };
    let taken = |message: v1::WatchRecordsResponse| {
        next = to.map_or(message.next, |to| message.next.min(to.saturating_add(1)));
        let done = match message.content {
            Some(Content::Records(records)) => records.records.iter().try_for_each(|of| {
                if to.is_some_and(|to| of.sequence > to) {
                    return Ok(());
                }
                if as_json {
                    return show(&of.encode_to_vec(), &record, "record");
                }
                println!("{}", line(of));
                Ok(())
            }),
            Some(Content::Heartbeat(of)) if as_json => show(&of.encode_to_vec(), &beat, "heartbeat"),
            Some(Content::Heartbeat(of)) => {
                let root: String = hex::encode(&of.root).chars().take(16).collect();
                eprintln!("{} {}  {} {root}", lang.pick("记录", "records"), of.sequence, lang.pick("根", "root"));
                Ok(())
            }
            None => Ok(()),
        };
        if let Err(error) = done {
            broken = Some(error);
        }
        if broken.is_some() || to.is_some_and(|to| next > to) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let ended = tokio::select! {
        ended = client.watch_records(request, taken) => ended.map(|_| ()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    if let Some(error) = broken {
        return Err(error);
    }
    if ended.is_ok() || next > begin {
        eprintln!("{} earmark watch --from {next}", lang.pick("续读：", "to go on:"));
    }
    ended.map_err(|error| Failed { error, context: fail::Context::default() }.into())
}

/// A record on one line: place, time, who, what, which request.
fn line(record: &v1::Record) -> String {
    let time = record.record_time.map(|t| json::instant(t.seconds, t.nanos)).unwrap_or_default();
    let of = if record.parts > 1 { format!("{}/{}", record.part + 1, record.parts) } else { String::new() };
    let leaf: String = hex::encode(&record.leaf_hash).chars().take(16).collect();
    let words = [record.person.as_str(), record.event.as_str(), of.as_str(), record.request_id.as_str()];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    format!("{}  {time}  {leaf}  {}", record.sequence, words.join("  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        let record = v1::Record {
            sequence: 7,
            person: "maker".into(),
            event: "Submitted".into(),
            request_id: "r-1".into(),
            parts: 1,
            leaf_hash: vec![0xab; 32],
            ..v1::Record::default()
        };
        assert_eq!(line(&record), "7    abababababababab  maker  Submitted  r-1");
        let part = v1::Record { part: 1, parts: 3, request_id: String::new(), ..record };
        assert!(line(&part).ends_with("Submitted  2/3"), "{}", line(&part));
    }
}
