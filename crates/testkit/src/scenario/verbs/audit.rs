//! Verbs of supervision: detect, finding, destroy.

use record::Command;
use record::command::{RecordDestruction, RunDetectors, UpdateFinding};
use record::kinds::{ArchiveKind, EvidenceKind, FindingStep};

use super::super::Fault;
use super::super::args::{Args, coded, date, number, voucher};
use super::super::finds;
use super::{Context, documents};
use crate::build;

pub(super) fn build(context: &Context<'_>, args: &mut Args) -> Result<Option<Command>, Fault> {
    Ok(Some(match args.verb.as_str() {
        "detect" => detect(args)?,
        "finding" => finding(context, args)?,
        "destroy" => destroy(context, args)?,
        _ => return Ok(None),
    }))
}

/// `detect [DAY]`: by default the clock's day.
fn detect(args: &mut Args) -> Result<Command, Fault> {
    let day = if args.words.is_empty() { None } else { Some(date(&args.word("a day")?)?) };
    Ok(Command::RunDetectors(RunDetectors { day }))
}

/// `destroy LIST KIND YEAR [month=] [volumes=] [approval=] [reason=]`: files of a month, or of the whole year.
fn destroy(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (list_no, kind) = (args.word("a list")?, coded(&args.word("a kind")?, ArchiveKind::from_code)?);
    let (year, date) = (number(&args.word("a year")?)?, context.date(args)?);
    let mut destruction = RecordDestruction {
        evidence: vec![build::paper(EvidenceKind::Other, &list_no, date)],
        list_no,
        kind,
        year,
        month: 0,
        volumes: 1,
        date,
        approval: args.field("approval").unwrap_or_default(),
        reason: "保管期满".to_owned(),
    };
    args.set("month", &mut destruction.month, number)?;
    args.set("volumes", &mut destruction.volumes, number)?;
    args.text("reason", &mut destruction.reason);
    documents(args, date, &mut destruction.evidence)?;
    Ok(Command::RecordDestruction(destruction))
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
