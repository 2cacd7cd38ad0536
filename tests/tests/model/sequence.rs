//! A random sequence on a pair, and what is shown of one that fails: the fewest steps that still fail, readably.

use std::collections::HashMap;
use std::fmt::Write as _;

use record::Command;
use testkit::model::Verdict;

use super::make_in::Made;
use super::pair::{Pair, Step};
use super::rng::Rng;
use super::{compare, direct, make_flow, make_in, make_moves, make_out, make_plan, spoil};

/// Asks of one sequence, its preparations and reviews apart.
const LENGTH: usize = 32;
/// Of a hundred commands, how many are spoiled in a field.
const SPOILED: usize = 45;

type Maker = fn(&mut Pair, &mut Rng) -> Made;

/// What happens in a book, by how often.
const MAKERS: &[(usize, Maker)] = &[
    (10, make_in::income),
    (9, make_in::batch),
    (9, make_in::batch_review),
    (11, make_in::receipt),
    (7, make_in::remit),
    (2, make_in::confirm),
    (10, make_out::commit),
    (5, make_out::release),
    (26, make_out::pay),
    (5, make_out::give_back),
    (9, make_out::reverse),
    (11, make_out::correct),
    (4, make_out::carry),
    (5, make_plan::approval),
    (2, make_plan::scheme),
    (3, make_plan::standard),
    (5, make_plan::set_budget),
    (5, make_plan::adjust_budget),
    (7, make_plan::quota),
    (7, make_plan::dues),
    (2, make_plan::snapshot),
    (9, make_flow::review),
    (2, make_flow::withdraw),
    (6, make_flow::sign_day),
    (5, make_flow::close),
    (3, make_flow::roles),
    (2, make_flow::parameter),
    (3, make_flow::account),
    (1, make_flow::unit),
    (3, make_flow::bank),
    (5, make_flow::slip),
    (5, make_moves::transfer),
    (2, make_moves::appropriate),
    (4, make_moves::deposit),
    (5, make_moves::identify),
    (3, make_moves::return_deposit),
    (6, make_moves::adjust),
    (5, make_moves::prior_year),
    (4, make_moves::hand_back),
    (5, make_moves::return_grant),
    (3, make_moves::amend),
    (5, make_moves::refund),
    (4, make_moves::interest),
    (1, make_moves::opening),
];

/// Runs one sequence; the error says how ledger and model differ.
pub fn run(pair: &mut Pair, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    for _ in 0..LENGTH {
        let days = if rng.chance(4) { 30 } else { rng.one(&[0, 0, 0, 1, 1, 3]) };
        pair.set_day(pair.today().plus_days(days));
        pair.now += 1;
        step(pair, &mut rng)?;
    }
    compare::books(pair)?;
    direct::reachable(&pair.model)
}

fn step(pair: &mut Pair, rng: &mut Rng) -> Result<(), String> {
    if rng.chance(4) {
        return ask_again(pair, rng);
    }
    let total: usize = MAKERS.iter().map(|(weight, _)| weight).sum();
    let mut at = rng.below(total);
    let picked = MAKERS.iter().find(|(weight, _)| {
        let here = at < *weight;
        at = at.saturating_sub(*weight);
        here
    });
    let Some((_, make)) = picked else { return Ok(()) };
    let Some((mut who, mut command)) = make(pair, rng)? else { return Ok(()) };
    if rng.chance(SPOILED) {
        spoil::spoil(pair, rng, &mut command);
        if rng.chance(12) {
            spoil::spoil(pair, rng, &mut command);
        }
    }
    if rng.chance(4)
        && let Some(other) = rng.pick(&pair.model.persons)
    {
        who.clone_from(&other.code);
    }
    if let Verdict::Submitted = pair.ask(&who, command)?
        && rng.chance(88)
    {
        review_last(pair, rng)?;
    }
    Ok(())
}

/// The review of what was just submitted, mostly by somebody who may.
fn review_last(pair: &mut Pair, rng: &mut Rng) -> Result<(), String> {
    let Some(waiting) = pair.model.waiting.last().cloned() else { return Ok(()) };
    let reviewer = make_flow::reviewer_of(pair, &waiting.command, &waiting.person);
    let reviewer = if rng.chance(6) { Some(waiting.person) } else { reviewer };
    let Some(reviewer) = reviewer else { return Ok(()) };
    let review = record::command::ReviewCommand {
        submission: waiting.number,
        verdict: record::kinds::Verdict::Approve,
        reason: String::new(),
    };
    pair.ask(&reviewer, Command::ReviewCommand(review)).map(drop)
}

/// An earlier request again: the same one, or its id for another thing or by another person.
fn ask_again(pair: &mut Pair, rng: &mut Rng) -> Result<(), String> {
    let Some(earlier) = rng.pick(&pair.steps).cloned() else { return Ok(()) };
    if rng.chance(60) {
        return pair.ask_as(&earlier.person, &earlier.request, earlier.command).map(drop);
    }
    let Some((who, command)) = make_in::batch(pair, rng)? else { return Ok(()) };
    pair.ask_as(&who, &earlier.request, command).map(drop)
}

/// Asks the steps again from the start; submissions keep their meaning though their numbers move.
fn again(start: &Pair, steps: &[Step]) -> Result<(), String> {
    let mut pair = start.clone();
    let mut moved: HashMap<u64, u64> = HashMap::new();
    for step in steps {
        let mut command = step.command.clone();
        let submission = match &mut command {
            Command::ReviewCommand(review) => Some(&mut review.submission),
            Command::WithdrawCommand(withdrawal) => Some(&mut withdrawal.submission),
            _ => None,
        };
        if let Some(submission) = submission {
            *submission = moved.get(submission).copied().unwrap_or(*submission);
        }
        pair.now = step.now;
        pair.ask_as(&step.person, &step.request, command)?;
        let submitted = pair.steps.last().map_or(0, |s| s.submitted);
        if step.submitted != 0 && submitted != 0 {
            moved.insert(step.submitted, submitted);
        }
    }
    compare::books(&pair)?;
    direct::reachable(&pair.model)
}

/// The fewest steps found that still fail, with how they fail.
pub fn shrink(start: &Pair, steps: &[Step]) -> (Vec<Step>, String) {
    let mut steps = steps.to_vec();
    let Err(mut reason) = again(start, &steps) else { return (steps, "does not fail when asked again".into()) };
    let mut changed = true;
    while changed {
        changed = false;
        for at in (0..steps.len()).rev() {
            let mut fewer = steps.clone();
            fewer.remove(at);
            if let Err(still) = again(start, &fewer) {
                (steps, reason, changed) = (fewer, still, true);
            }
        }
    }
    (steps, reason)
}

/// Steps for people, without their digests.
pub fn show(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let day = record::Day::of_instant(step.now);
        // Writing to a String cannot fail.
        let _ = write!(text, "  {day} {} {}: ", step.person, step.request);
        let command = format!("{:?}", step.command);
        let mut parts = command.split("digest: [");
        text.push_str(parts.next().unwrap_or_default());
        parts.for_each(|part| {
            text.push_str(part.split_once("]").map_or(part, |(_, rest)| rest).trim_start_matches(", "))
        });
        text.push('\n');
    }
    text
}
