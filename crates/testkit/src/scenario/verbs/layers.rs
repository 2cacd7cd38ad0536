//! Verbs of the rules of the book above and of historical files: adopt, file-rules, history. What a rule set of the book above holds is the
//! book's own, changed as the line says.

use ledger::layers::rule_set;
use record::Command;
use record::command::{AdoptRuleSet, FileRules, RegisterHistory};
use record::kinds::EvidenceKind;
use record::preset::Named;
use record::ruleset::{Payee, RuleSet};

use super::super::Fault;
use super::super::args::{Args, date, money, number};
use super::{Context, documents, list, parts};
use crate::build::{digest, paper};

pub(super) fn build(context: &Context<'_>, args: &mut Args) -> Result<Option<Command>, Fault> {
    Ok(Some(match args.verb.as_str() {
        "adopt" => adopt(context, args)?,
        "file-rules" => file(context, args)?,
        "history" => history(context, args)?,
        _ => return Ok(None),
    }))
}

/// `adopt BOOK VERSION [from=DAY] [approval=AP-PARAM] [standard=CLASS/PLAN/SUBSIDY/OWN ...] [parameter=KEY/VALUE ...]
/// [deadline=YEAR/DAY/MONTHS ...] [payee=ORG/NAME/MASKED ...] [without=CODE ...] [digest=wrong]`: `without` drops a class, plan, use,
/// source, payee's organisation or parameter of this code.
fn adopt(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let effective_from = args.field("from").map_or(Ok(context.today()), |t| date(&t))?;
    let mut rules = rule_set(&context.book.state, effective_from);
    rules.book = args.word("a book")?;
    rules.version = number(&args.word("a version")?)?;
    for text in args.all("standard") {
        let [class, plan, subsidy, own] = parts(&text)?;
        let (subsidy, own) = (money(subsidy)?, money(own)?);
        let known = rules.standards.iter_mut().find(|s| s.class == class && s.plan == plan);
        let standard = known.ok_or_else(|| Fault::unreadable(format!("no standard {text}")))?;
        (standard.subsidy_fen, standard.own_fen, standard.premium_fen) = (subsidy, own, subsidy + own);
    }
    for text in args.all("parameter") {
        let [key, value] = parts(&text)?;
        rules.parameters.retain(|p| p.code != key);
        rules.parameters.push(Named { code: key.to_owned(), name: value.to_owned() });
    }
    for text in args.all("deadline") {
        let [year, day, months] = parts(&text)?;
        let year: u16 = number(year)?;
        rules.schemes.retain(|s| s.year != year);
        let (enroll_deadline, cover_months) = (date(day)?, number(months)?);
        rules.schemes.push(record::ruleset::SchemeTerms { year, enroll_deadline, cover_months });
    }
    for text in args.all("payee") {
        let [organization, name, masked_no] = parts(&text)?.map(str::to_owned);
        rules.payees.push(Payee { organization, name, masked_no });
    }
    args.all("without").iter().for_each(|code| drop_code(&mut rules, code));
    let wrong = args.field("digest").is_some();
    Ok(Command::AdoptRuleSet(AdoptRuleSet {
        digest: if wrong { digest("another") } else { rules.digest() },
        rules,
        effective_from,
        approval: args.field("approval").unwrap_or_else(|| "AP-PARAM".into()),
    }))
}

fn drop_code(rules: &mut RuleSet, code: &str) {
    rules.parameters.retain(|p| p.code != code);
    rules.classes.retain(|c| c.class != code);
    rules.classes.iter_mut().for_each(|c| c.plans.retain(|p| p != code));
    rules.uses.retain(|u| u != code);
    rules.sources.retain(|s| s.source != code);
    rules.sources.iter_mut().for_each(|s| s.uses.retain(|u| u != code));
    rules.payees.retain(|p| p.organization != code);
}

/// `file-rules VERSION to=ORG [date=DAY] [docs=]`
fn file(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let version = number(&args.word("a version")?)?;
    let filed_on = context.date(args)?;
    let mut evidence = vec![paper(EvidenceKind::Other, &format!("备案{version}"), filed_on)];
    documents(args, filed_on, &mut evidence)?;
    Ok(Command::FileRules(FileRules {
        version,
        doc_no: format!("备案〔{}〕{version}号", filed_on.year()),
        filed_on,
        filed_with: args.field("to").unwrap_or_default(),
        evidence,
    }))
}

/// `history CODE FROM TO [rows=1] [file=NAME] [approval=AP-PARAM]`
fn history(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let code = args.word("a code")?;
    let (from, to) = (date(&args.word("a day")?)?, date(&args.word("a day")?)?);
    let file = args.field("file").unwrap_or_else(|| code.clone());
    let rows = args.field("rows").map_or(Ok(1), |t| number(&t))?;
    let evidence = list(&code).iter().map(|code| paper(EvidenceKind::Other, code, context.today())).collect();
    let approval = args.field("approval").unwrap_or_else(|| "AP-PARAM".into());
    let digest = digest(&file);
    Ok(Command::RegisterHistory(RegisterHistory { code, digest, rows, from, to, approval, evidence }))
}
