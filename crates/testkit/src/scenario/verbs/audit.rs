//! Verbs of supervision: detect, finding.

use record::Command;
use record::command::{RunDetectors, UpdateFinding};
use record::kinds::FindingStep;

use super::super::Fault;
use super::super::args::{Args, coded, date, voucher};
use super::super::finds;
use super::Context;

pub(super) fn build(context: &Context<'_>, args: &mut Args) -> Result<Option<Command>, Fault> {
    Ok(Some(match args.verb.as_str() {
        "detect" => detect(args)?,
        "finding" => finding(context, args)?,
        _ => return Ok(None),
    }))
}

/// `detect [DAY]`: by default the clock's day.
fn detect(args: &mut Args) -> Result<Command, Fault> {
    let day = if args.words.is_empty() { None } else { Some(date(&args.word("a day")?)?) };
    Ok(Command::RunDetectors(RunDetectors { day }))
}

/// `finding CODE/SUBJECT verify|rectify|close|dismiss [reason=] [due=DAY] [voucher=]`: the newest one of that rule and subject.
fn finding(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let name = args.word("a finding")?;
    let step = coded(&args.word("a step")?.to_uppercase(), FindingStep::from_code)?;
    let mut update = UpdateFinding {
        finding: finds::named(&context.book.state, &name).unwrap_or(u32::MAX),
        step,
        reason: "经核对".to_owned(),
        due: None,
        vouchers: Vec::new(),
    };
    args.text("reason", &mut update.reason);
    args.set("due", &mut update.due, |text| date(text).map(Some))?;
    for text in args.all("voucher") {
        update.vouchers.push(voucher(&text, context.cycle())?);
    }
    Ok(Command::UpdateFinding(update))
}
