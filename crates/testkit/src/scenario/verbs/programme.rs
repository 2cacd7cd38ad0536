//! Verbs of the programme: approval, scheme, standard, set-budget, adjust-budget, quota, dues, snapshot, batch, review-batch, confirm.

use record::command::{BudgetLine, ClassTarget, QuotaLine};
use record::kinds::{ApprovalKind, Body, Change, EvidenceKind, RegisterKind, Verdict};
use record::{Command, Fen};

use super::super::Fault;
use super::super::args::{Args, coded, date, money, number};
use super::{Context, documents, parts};
use crate::build;

pub(super) fn build(context: &Context<'_>, args: &mut Args) -> Result<Option<Command>, Fault> {
    Ok(Some(match args.verb.as_str() {
        "approval" => approval(context, args)?,
        "scheme" => scheme(args)?,
        "standard" => standard(context, args)?,
        "set-budget" => set_budget(context, args)?,
        "adjust-budget" => adjust_budget(context, args)?,
        "quota" => quota(context, args)?,
        "batch" => batch(context, args)?,
        "review-batch" => {
            let mut review = build::review_batch(&args.word("a batch")?, context.date(args)?);
            if let Some(reason) = args.field("reject") {
                review.verdict = Verdict::Reject;
                review.reason = reason;
            }
            Command::ReviewEnrollmentBatch(review)
        }
        "token-key" => {
            let (year, key) = (number(&args.word("a year")?)?, args.word("a key")?);
            Command::RegisterTokenKey(build::token_key(year, &key))
        }
        "upload" => upload(args)?,
        "dues" => dues(context, args)?,
        "snapshot" => snapshot(context, args)?,
        "confirm" => {
            let (code, heads) = (args.word("a batch")?, number(&args.word("heads")?)?);
            let fen = money(&args.word("an amount")?)?;
            Command::ConfirmCoverage(build::confirm(&code, heads, fen, context.date(args)?))
        }
        _ => return Ok(None),
    }))
}

/// `approval CODE KIND [AMOUNT] [body=] [meeting=] [valid-to=] [source= class= plan= payee=]`
fn approval(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let code = args.word("a code")?;
    let kind = coded(&args.word("a kind")?, ApprovalKind::from_code)?;
    let max: Fen = if args.words.is_empty() { 0 } else { money(&args.word("an amount")?)? };
    let meeting = args.field("meeting").map_or(Ok(context.today()), |t| date(&t))?;
    let mut approval = build::approval(&code, kind, meeting, max);
    args.set("body", &mut approval.body, |t| coded(t, Body::from_code))?;
    args.set("valid-to", &mut approval.valid_to, |t| date(t).map(Some))?;
    let scope = &mut approval.scope;
    args.text("source", &mut scope.source);
    args.text("class", &mut scope.class);
    args.text("plan", &mut scope.plan);
    args.text("payee", &mut scope.payee);
    args.text("doc", &mut approval.doc_no);
    Ok(Command::RecordApproval(approval))
}

/// `scheme YEAR APPROVAL [total=] [target=A/616000 ...] [deadline=] [months=]`
fn scheme(args: &mut Args) -> Result<Command, Fault> {
    let year = number(&args.word("a year")?)?;
    let mut scheme = build::scheme(&args.word("an approval")?);
    scheme.year = year;
    args.set("total", &mut scheme.total_fen, money)?;
    args.set("deadline", &mut scheme.enroll_deadline, date)?;
    args.set("months", &mut scheme.cover_months, number)?;
    let targets = args.all("target");
    if !targets.is_empty() {
        scheme.targets = targets.iter().map(|t| target(t)).collect::<Result<_, _>>()?;
    }
    Ok(Command::RegisterScheme(scheme))
}

fn target(text: &str) -> Result<ClassTarget, Fault> {
    let [class, heads] = parts(text)?;
    Ok(ClassTarget { class: class.to_owned(), heads: number(heads)? })
}

/// `standard CLASS PLAN SUBSIDY OWN [approval=] [from=]`
fn standard(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (class, plan) = (args.word("a class")?, args.word("a plan")?);
    let (subsidy, own) = (money(&args.word("a subsidy")?)?, money(&args.word("an own share")?)?);
    let from = args.field("from").map_or(Ok(context.today()), |t| date(&t))?;
    let approval = args.field("approval").unwrap_or_else(|| "AP-STANDARD".into());
    Ok(Command::SetSubsidyStandard(build::standard(&class, &plan, subsidy, own, from, &approval)))
}

/// `upload CODE YEAR FIRST-ROW PERSON+PERSON+3-7 ... [key=K-YEAR]`: persons are numbers, each with a token of its own under the key.
fn upload(args: &mut Args) -> Result<Command, Fault> {
    let (code, year) = (args.word("a code")?, number(&args.word("a year")?)?);
    let first_row = number(&args.word("a row")?)?;
    let persons = persons(&args.word("persons")?)?;
    let key = args.field("key").unwrap_or_else(|| format!("K-{year}"));
    Ok(Command::UploadRosterChunk(build::chunk(&code, year, &key, first_row, &persons)))
}

/// Persons of a `+` list of numbers and ranges.
fn persons(text: &str) -> Result<Vec<u32>, Fault> {
    let mut found = Vec::new();
    for part in text.split('+') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        found.extend(number::<u32>(from)?..=number(to)?);
    }
    Ok(found)
}

/// `dues ORG YEAR [paid=no] [date=]`
fn dues(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (org, year) = (args.word("an organisation")?, number(&args.word("a year")?)?);
    let mut dues = build::dues(&org, year, context.date(args)?);
    dues.fully_paid = args.field("paid").is_none_or(|paid| paid != "no");
    documents(args, dues.as_of, &mut dues.evidence)?;
    Ok(Command::SetDuesStatus(dues))
}

/// `snapshot CODE HARDSHIP|HONOUR HEADS [org=] [date=]`
fn snapshot(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let code = args.word("a code")?;
    let register = coded(&args.word("a register")?, RegisterKind::from_code)?;
    let heads = number(&args.word("heads")?)?;
    let mut snapshot = build::snapshot(&code, register, heads, context.date(args)?);
    args.text("org", &mut snapshot.organization);
    Ok(Command::RegisterSnapshot(snapshot))
}

fn budget_line(text: &str) -> Result<BudgetLine, Fault> {
    let [source, class, plan, amount] = parts(text)?;
    let fen = money(amount)?;
    let change = if fen < 0 { Change::Decrease } else { Change::Increase };
    Ok(BudgetLine { change, ..build::budget_line(source, class, plan, fen.abs()) })
}

/// `set-budget YEAR APPROVAL line=SOURCE/CLASS/PLAN/AMOUNT ... [total=]`
fn set_budget(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (year, approval) = (number(&args.word("a year")?)?, args.word("an approval")?);
    let lines = args.all("line").iter().map(|t| budget_line(t)).collect::<Result<_, _>>()?;
    let mut budget = build::set_budget(year, context.date(args)?, &approval, lines);
    args.set("total", &mut budget.total_fen, money)?;
    documents(args, budget.date, &mut budget.evidence)?;
    Ok(Command::SetBudget(budget))
}

/// `adjust-budget YEAR APPROVAL line=SOURCE/CLASS/PLAN/AMOUNT ...`: a negative amount lowers the line.
fn adjust_budget(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (year, approval) = (number(&args.word("a year")?)?, args.word("an approval")?);
    let lines = args.all("line").iter().map(|t| budget_line(t)).collect::<Result<_, _>>()?;
    let mut budget = build::adjust_budget(year, context.date(args)?, &approval, lines);
    documents(args, budget.date, &mut budget.evidence)?;
    Ok(Command::AdjustBudget(budget))
}

/// `quota NOTICE ORG line=CLASS/PLAN/HEADS ... [source=] [year=] [take-back=yes] [second=yes]`: `-` for heads means by actual number. A
/// unit of the second level brings its three documents, unless `docs=` names others.
fn quota(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (notice, org) = (args.word("a notice")?, args.word("an organisation")?);
    let line = |text: &String| -> Result<QuotaLine, Fault> {
        let [class, plan, heads] = parts(text)?;
        let heads = if heads == "-" { None } else { Some(number(heads)?) };
        Ok(build::quota_line(class, plan, heads))
    };
    let lines = args.all("line").iter().map(line).collect::<Result<_, _>>()?;
    let mut quota = build::quota(&notice, &org, context.date(args)?, lines);
    args.text("source", &mut quota.source);
    args.set("year", &mut quota.year, number)?;
    if args.field("take-back").is_some() {
        quota.change = Change::Decrease;
    }
    quota.second_level = args.field("second").is_some();
    let parent = context.book.state.organizations.find(&org).map_or("", |(_, o)| o.parent.as_str());
    if quota.second_level || !["", build::PROVINCE].contains(&parent) {
        let more = [EvidenceKind::AllocationDocument, EvidenceKind::IndustryAllocation];
        quota.evidence.extend(more.map(|kind| build::paper(kind, &notice, quota.date)));
    }
    documents(args, quota.date, &mut quota.evidence)?;
    Ok(Command::AllocateQuota(quota))
}

/// `batch CODE ORG CLASS PLAN HEADS [rows=] [premium=] [gift=HEADS/EACH/TOTAL] [cover=FROM..TO] [date=] [year=] [snapshot=] [proof=]
/// [serving=] [staff=] [risky=] [upload=] [persons=]`: the upload's persons, in the order of its rows
fn batch(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (code, org) = (args.word("a code")?, args.word("an organisation")?);
    let (class, plan) = (args.word("a class")?, args.word("a plan")?);
    let heads = number(&args.word("heads")?)?;
    let mut batch = build::batch(&code, &org, &class, &plan, heads, context.date(args)?);
    args.set("rows", &mut batch.roster_rows, number)?;
    args.set("premium", &mut batch.premium_total_fen, money)?;
    args.set("year", &mut batch.year, number)?;
    args.text("upload", &mut batch.upload);
    if let Some(list) = args.field("persons") {
        batch.tokens_digest = Some(build::tokens_digest(&format!("K-{}", batch.year), &persons(&list)?));
    }
    args.text("snapshot", &mut batch.snapshot);
    args.set("proof", &mut batch.proof_heads, number)?;
    args.set("serving", &mut batch.in_service, number)?;
    args.set("staff", &mut batch.unit_headcount, number)?;
    args.set("risky", &mut batch.high_risk_count, number)?;
    if let Some(cover) = args.field("cover") {
        let (from, to) = cover.split_once("..").ok_or_else(|| Fault::unreadable("cover=FROM..TO"))?;
        (batch.cover_start, batch.cover_end) = (date(from)?, date(to)?);
    }
    if let Some(gift) = args.field("gift") {
        let [count, each, total] = parts(&gift)?;
        batch.gift_count = number(count)?;
        (batch.gift_per_person_fen, batch.gift_total_fen) = (money(each)?, money(total)?);
    }
    documents(args, batch.submitted_on, &mut batch.evidence)?;
    Ok(Command::SubmitEnrollmentBatch(batch))
}
