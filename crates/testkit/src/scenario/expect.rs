//! What a line expects of its command, and what came of it, in the same words, so that the two can be compared and shown.

use std::collections::BTreeSet;

use ledger::{Decision, rules};
use record::event::Hit;
use record::kinds::Verdict;
use record::{Event, Sequence, VoucherRef};

use super::Fault;
use super::args::voucher;
use super::finds::{self, Seen, Wanted};

/// What a line says after `->`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It takes effect; with vouchers named, exactly these.
    Ok(Vec<VoucherRef>),
    /// It waits for review, and is called so in later lines.
    Submitted(String),
    /// The reviewer sends it back.
    Rejected,
    /// It is refused by exactly these rules.
    Refused(BTreeSet<String>),
    /// It is malformed in exactly these fields, by these codes.
    Malformed(BTreeSet<(String, String)>),
    /// Its caller may not ask it.
    Denied,
    /// The same request was answered before: the same answer.
    Replay,
    /// The request id stands for something else.
    KeyReused,
    /// The detectors ran, and exactly these findings stand.
    Finds(Vec<Wanted>),
}

impl Expected {
    /// Reads the tokens after `->`; `cycle` completes short voucher numbers.
    pub fn of(tokens: &[String], cycle: u32) -> Result<Expected, Fault> {
        let Some((first, rest)) = tokens.split_first() else { return Err(Fault::unreadable("-> what?")) };
        let alone = |expected: Expected| {
            if rest.is_empty() { Ok(expected) } else { Err(Fault::unreadable(format!("{first} stands alone"))) }
        };
        match first.as_str() {
            "ok" => rest.iter().map(|t| voucher(t, cycle)).collect::<Result<_, _>>().map(Expected::Ok),
            "submitted" => Ok(Expected::Submitted(rest.first().cloned().unwrap_or_default())),
            "rejected" => alone(Expected::Rejected),
            "refused" if !rest.is_empty() => rest
                .iter()
                .map(|code| match rules::find(code) {
                    Some(_) => Ok(code.clone()),
                    None => Err(Fault::unreadable(format!("{code} is no rule"))),
                })
                .collect::<Result<_, _>>()
                .map(Expected::Refused),
            "malformed" if !rest.is_empty() && rest.len() % 2 == 0 => {
                Ok(Expected::Malformed(rest.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()))
            }
            "nothing" => alone(Expected::Finds(Vec::new())),
            "finds" if !rest.is_empty() => {
                rest.iter().map(|token| Wanted::of(token)).collect::<Result<_, _>>().map(Expected::Finds)
            }
            "denied" => alone(Expected::Denied),
            "replay" => alone(Expected::Replay),
            "key-reused" => alone(Expected::KeyReused),
            _ => Err(Fault::unreadable(format!("no such outcome: {}", tokens.join(" ")))),
        }
    }

    /// Rules that this outcome shows at work.
    pub fn rules(&self) -> Vec<String> {
        match self {
            Expected::Refused(codes) => codes.iter().cloned().collect(),
            Expected::Finds(wanted) => wanted.iter().map(|wanted| wanted.rule.clone()).collect(),
            Expected::Malformed(faults) => {
                faults.iter().map(|(_, code)| code.clone()).filter(|code| rules::find(code).is_some()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it came as expected.
    pub fn compare(&self, found: &Found) -> Result<(), Fault> {
        let same = match (self, found) {
            (Expected::Ok(vouchers), Found::Ok(posted)) => vouchers.is_empty() || vouchers == posted,
            (Expected::Submitted(_), Found::Submitted(_))
            | (Expected::Rejected, Found::Rejected)
            | (Expected::Denied, Found::Denied)
            | (Expected::Replay, Found::Replay)
            | (Expected::KeyReused, Found::KeyReused) => true,
            (Expected::Refused(codes), Found::Refused(hits)) => {
                *codes == hits.iter().map(|hit| hit.rule.clone()).collect()
            }
            (Expected::Malformed(faults), Found::Malformed(found)) => {
                *faults == found.iter().cloned().collect::<BTreeSet<_>>()
            }
            (Expected::Finds(wanted), Found::Finds(seen)) => finds::agree(wanted, seen),
            _ => false,
        };
        if same {
            return Ok(());
        }
        Err(Fault::Differs { expected: self.to_string(), found: found.to_string() })
    }
}

fn joined<T: core::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| format!(" {item}")).collect()
}

impl core::fmt::Display for Expected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Expected::Ok(vouchers) => write!(f, "ok{}", joined(vouchers)),
            Expected::Submitted(_) => f.write_str("submitted"),
            Expected::Rejected => f.write_str("rejected"),
            Expected::Refused(codes) => write!(f, "refused{}", joined(codes)),
            Expected::Malformed(faults) => {
                write!(f, "malformed{}", joined(faults.iter().map(|(field, code)| format!("{field} {code}"))))
            }
            Expected::Denied => f.write_str("denied"),
            Expected::Replay => f.write_str("replay"),
            Expected::KeyReused => f.write_str("key-reused"),
            Expected::Finds(wanted) if wanted.is_empty() => f.write_str("nothing"),
            Expected::Finds(wanted) => write!(f, "finds{}", joined(wanted)),
        }
    }
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It took effect with these vouchers.
    Ok(Vec<VoucherRef>),
    /// It waits for review.
    Submitted(Sequence),
    /// Its reviewer sent it back.
    Rejected,
    /// Rules refused it.
    Refused(Vec<Hit>),
    /// Fields and codes of its faults.
    Malformed(Vec<(String, String)>),
    /// Its caller may not ask it.
    Denied,
    /// The same answer as before.
    Replay,
    /// The request id stands for something else.
    KeyReused,
    /// Too many refusals.
    Suppressed,
    /// The detectors ran, and these findings stand.
    Finds(Vec<Seen>),
}

impl Found {
    /// What a decision says.
    pub fn of(decision: &Decision) -> Found {
        match decision {
            Decision::Records(records) => match records.first().map(|r| &r.event) {
                Some(Event::Refused(refused)) => Found::Refused(refused.hits.clone()),
                Some(Event::Submitted { .. }) => Found::Submitted(records.first().map_or(0, |r| r.sequence)),
                Some(Event::Reviewed { verdict: Verdict::Reject, .. }) => Found::Rejected,
                _ => Found::Ok(records.iter().filter_map(reference).collect()),
            },
            Decision::Replay(_) => Found::Replay,
            Decision::KeyReused => Found::KeyReused,
            Decision::Malformed(faults) => {
                Found::Malformed(faults.iter().map(|f| (f.field.clone(), f.code.to_owned())).collect())
            }
            Decision::Denied => Found::Denied,
            Decision::Suppressed(_) => Found::Suppressed,
        }
    }
}

fn reference(record: &record::Record) -> Option<VoucherRef> {
    match &record.event {
        Event::VoucherPosted(posted) => Some(posted.voucher.reference),
        Event::ReceiptPosted(posted) => Some(posted.voucher.reference),
        _ => None,
    }
}

impl core::fmt::Display for Found {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Found::Ok(vouchers) => write!(f, "ok{}", joined(vouchers)),
            Found::Submitted(sequence) => write!(f, "submitted (record {sequence})"),
            Found::Rejected => f.write_str("rejected"),
            Found::Refused(hits) => {
                let mut codes: Vec<&str> = hits.iter().map(|h| h.rule.as_str()).collect();
                codes.dedup();
                write!(f, "refused{}", joined(codes))?;
                hits.iter().try_for_each(|h| {
                    write!(f, "\n      {} {}: expected {:?}, found {:?}", h.rule, h.subject, h.expected, h.found)
                })
            }
            Found::Malformed(faults) => {
                write!(f, "malformed{}", joined(faults.iter().map(|(field, code)| format!("{field} {code}"))))
            }
            Found::Denied => f.write_str("denied"),
            Found::Replay => f.write_str("replay"),
            Found::KeyReused => f.write_str("key-reused"),
            Found::Suppressed => f.write_str("suppressed"),
            Found::Finds(seen) if seen.is_empty() => f.write_str("nothing"),
            Found::Finds(seen) => write!(f, "finds{}", joined(seen)),
        }
    }
}
