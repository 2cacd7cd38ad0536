//! Verbs of the flows beside the ordinary ones: transfer, appropriate-surplus, refund, interest, deposit, identify, return-deposit, adjust,
//! prior-year, hand-back, give-back, opening, amend. Bank movements are taken for granted as in `money`, those of a refund apart.

use record::command::{
    AdjustAmount, AllocateInterest, AmendGrant, AppropriateSurplus, CorrectPriorYear, GrantSpec, Identified,
    IdentifyDeposit, OpeningCustody, OpeningFund, PostOpeningBalances, RecordUnidentifiedDeposit, RefundPremium,
    ReturnDeposit, ReturnFiscalSurplus, ReturnGrant, TransferBetweenSources,
};
use record::kinds::{Change, Direction, EvidenceKind};
use record::{Command, Day};

use super::super::Fault;
use super::super::args::{Args, date, money, number, voucher};
use super::{Built, Context, documents, list};
use crate::build::{SPECIAL, paper, yuan};

pub(super) fn build(context: &Context<'_>, args: &mut Args) -> Result<Option<Built>, Fault> {
    let alone = |command| Ok(Some(Built { before: None, command }));
    match args.verb.as_str() {
        "transfer" => alone(transfer(context, args)?),
        "appropriate-surplus" => appropriate(context, args).map(Some),
        "refund" => alone(refund(context, args)?),
        "interest" => interest(context, args).map(Some),
        "deposit" => deposit(context, args).map(Some),
        "identify" => identify(context, args).map(Some),
        "return-deposit" => return_deposit(context, args).map(Some),
        "adjust" | "prior-year" => alone(difference(context, args)?),
        "hand-back" => back(context, args, true).map(Some),
        "opening" => alone(opening(context, args)?),
        "amend" => alone(amend(context, args)?),
        "give-back" => back(context, args, false).map(Some),
        _ => Ok(None),
    }
}

/// A document of some kind, named after the line, unless `docs=` says otherwise.
fn papers(
    context: &Context<'_>,
    args: &mut Args,
    kinds: &[EvidenceKind],
    day: Day,
) -> Result<Vec<record::command::Evidence>, Fault> {
    let mut evidence = kinds.iter().map(|kind| paper(*kind, &context.movement, day)).collect();
    documents(args, day, &mut evidence)?;
    Ok(evidence)
}

/// A grant of a code, with `uses=` and `valid=` of the line.
fn grant(args: &mut Args, code: &str) -> Result<GrantSpec, Fault> {
    let mut spec = GrantSpec {
        code: code.to_owned(),
        grantor: args.field("grantor").unwrap_or_default(),
        doc_no: args.field("doc").unwrap_or_else(|| format!("文 {code}")),
        permitted_uses: Vec::new(),
        valid_from: None,
        valid_to: None,
    };
    args.set("uses", &mut spec.permitted_uses, |t| Ok(list(t)))?;
    (spec.valid_from, spec.valid_to) = valid(args)?;
    Ok(spec)
}

fn valid(args: &mut Args) -> Result<(Option<Day>, Option<Day>), Fault> {
    let Some(text) = args.field("valid") else { return Ok((None, None)) };
    let (from, to) = text.split_once("..").ok_or_else(|| Fault::unreadable("valid=FROM..TO"))?;
    Ok((Some(date(from)?), Some(date(to)?)))
}

/// `transfer SOURCE GRANT AMOUNT to=SOURCE/GRANT [approval=] [consent=] [uses=] [doc=]`; a known grant keeps its terms.
fn transfer(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (source, from) = (args.word("a source")?, args.word("a grant")?);
    let fen = money(&args.word("an amount")?)?;
    let date = context.date(args)?;
    let to = args.field("to").unwrap_or_default();
    let (to_source, to) = to.split_once('/').ok_or_else(|| Fault::unreadable("to=SOURCE/GRANT"))?;
    let state = &context.book.state;
    let mut to_grant = grant(args, to)?;
    if let Some((_, known)) = state.grants.find(to) {
        state.organizations.code(known.grantor).clone_into(&mut to_grant.grantor);
        to_grant.doc_no.clone_from(&known.doc_no);
        to_grant.permitted_uses = known.permitted_uses.iter().map(|no| state.uses.code(*no).to_owned()).collect();
        (to_grant.valid_from, to_grant.valid_to) = (known.valid_from, known.valid_to);
    }
    Ok(Command::TransferBetweenSources(TransferBetweenSources {
        source,
        grant: from,
        to_source: to_source.to_owned(),
        to_grant,
        fen,
        date,
        approval: args.field("approval").unwrap_or_default(),
        consent: args.field("consent").unwrap_or_default(),
        reason: "调剂".into(),
        evidence: papers(context, args, &[EvidenceKind::Minutes], date)?,
    }))
}

/// `appropriate-surplus GRANT AMOUNT [approval=] [other=] [txn=]`
fn appropriate(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let (code, fen) = (args.word("a grant")?, money(&args.word("an amount")?)?);
    let date = context.date(args)?;
    let other = args.field("other").unwrap_or_default();
    let (bank_txn, before) = context.movement(args, date, (SPECIAL, Direction::In, fen), &other)?;
    let command = Command::AppropriateSurplus(AppropriateSurplus {
        grant: grant(args, &code)?,
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        approval: args.field("approval").unwrap_or_default(),
        summary: String::new(),
        evidence: papers(context, args, &[EvidenceKind::AppropriationLetter], date)?,
    });
    Ok(Built { before, command })
}

/// `refund RECEIPT HEADS out=TXN [back=TXN] [amount=] [approval=]`: 20 yuan a head.
fn refund(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let receipt = voucher(&args.word("a receipt")?, context.cycle())?;
    let heads: u32 = number(&args.word("heads")?)?;
    let date = context.date(args)?;
    let mut fen = i64::from(heads) * yuan(20);
    args.set("amount", &mut fen, money)?;
    Ok(Command::RefundPremium(RefundPremium {
        receipt,
        heads,
        fen,
        date,
        approval: args.field("approval").unwrap_or_default(),
        return_txn: args.field("back").unwrap_or_default(),
        refund_txn: args.field("out").unwrap_or_default(),
        reason: "参保未成，退回本人".into(),
        evidence: papers(context, args, &[EvidenceKind::Bill], date)?,
    }))
}

/// `interest AMOUNT from=DAY to=DAY [txn=]`
fn interest(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let fen = money(&args.word("an amount")?)?;
    let on = context.date(args)?;
    let (bank_txn, before) = context.movement(args, on, (SPECIAL, Direction::In, fen), "")?;
    let mut day = |key: &str| date(&args.field(key).unwrap_or_default());
    let (from, to) = (day("from")?, day("to")?);
    let command = Command::AllocateInterest(AllocateInterest {
        from,
        to,
        fen,
        date: on,
        bank_account: SPECIAL.into(),
        bank_txn,
        summary: String::new(),
        evidence: papers(context, args, &[EvidenceKind::Other], on)?,
    });
    Ok(Built { before, command })
}

/// `deposit CODE AMOUNT [other=ACCOUNT] [txn=]`
fn deposit(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let (code, fen) = (args.word("a code")?, money(&args.word("an amount")?)?);
    let date = context.date(args)?;
    let other = args.field("other").unwrap_or_default();
    let (bank_txn, before) = context.movement(args, date, (SPECIAL, Direction::In, fen), &other)?;
    let command = Command::RecordUnidentifiedDeposit(RecordUnidentifiedDeposit {
        code,
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        summary: String::new(),
        evidence: papers(context, args, &[EvidenceKind::Other], date)?,
    });
    Ok(Built { before, command })
}

/// `identify DEPOSIT with income ...|return ...`: the rest of the line is what it is, by default on the deposit's own movement.
fn identify(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let deposit = args.word("a deposit")?;
    if args.word("with")? != "with" {
        return Err(Fault::unreadable("identify DEPOSIT with income|return ..."));
    }
    let mut inner = args.clone();
    inner.verb = inner.word("income or return")?;
    if let Some((_, grant)) = context.book.state.grants.find(&deposit) {
        inner.default_field("txn", grant.doc_no.clone());
    }
    let date = inner.field("date").map_or(Ok(context.today()), |t| date(&t))?;
    inner.default_field("date", date.to_string());
    let evidence = match inner.field("shown").as_deref() {
        Some("none") => Vec::new(),
        _ => vec![paper(EvidenceKind::Other, &context.movement, date)],
    };
    let built = super::money::build(context, &mut inner)?;
    let identified = match built.map(|built| (built.before, built.command)) {
        Some((None, Command::RecordIncome(income))) => Identified::Income(Box::new(income)),
        Some((None, Command::RecordReturn(back))) => Identified::Return(Box::new(back)),
        _ => return Err(Fault::unreadable("a deposit is income or a return, on a movement that stands")),
    };
    *args = inner;
    let command = IdentifyDeposit { deposit, identified, date, reason: "查明来源".into(), evidence };
    Ok(Built { before: None, command: Command::IdentifyDeposit(command) })
}

/// `return-deposit DEPOSIT AMOUNT [other=ACCOUNT] [txn=]`
fn return_deposit(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let (deposit, fen) = (args.word("a deposit")?, money(&args.word("an amount")?)?);
    let date = context.date(args)?;
    let other = args.field("other").unwrap_or_default();
    let (bank_txn, before) = context.movement(args, date, (SPECIAL, Direction::Out, fen), &other)?;
    let command = Command::ReturnDeposit(ReturnDeposit {
        deposit,
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn,
        reason: "误汇退回".into(),
        evidence: papers(context, args, &[EvidenceKind::Other], date)?,
    });
    Ok(Built { before, command })
}

/// `adjust VOUCHER up|down AMOUNT`, `prior-year VOUCHER up|down AMOUNT [approval=]`
fn difference(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let of = voucher(&args.word("a voucher")?, context.cycle())?;
    let change = match args.word("up or down")?.as_str() {
        "up" => Change::Increase,
        "down" => Change::Decrease,
        other => return Err(Fault::unreadable(format!("up or down, not {other}"))),
    };
    let fen = money(&args.word("an amount")?)?;
    let date = context.date(args)?;
    let evidence = papers(context, args, &[EvidenceKind::Other], date)?;
    let reason = "金额误记".to_owned();
    Ok(if args.verb == "adjust" {
        Command::AdjustAmount(AdjustAmount { voucher: of, change, fen, date, reason, evidence })
    } else {
        let approval = args.field("approval").unwrap_or_default();
        Command::CorrectPriorYear(CorrectPriorYear { voucher: of, change, fen, date, approval, reason, evidence })
    })
}

/// `hand-back GRANT AMOUNT [approval=] [other=ACCOUNT] [txn=]` to the treasury, `give-back ... [docs=]` to a giver.
fn back(context: &Context<'_>, args: &mut Args, to_treasury: bool) -> Result<Built, Fault> {
    let (grant, fen) = (args.word("a grant")?, money(&args.word("an amount")?)?);
    let date = context.date(args)?;
    let other = args.field("other").unwrap_or_default();
    let (bank_txn, before) = context.movement(args, date, (SPECIAL, Direction::Out, fen), &other)?;
    let (bank_account, approval) = (SPECIAL.into(), args.field("approval").unwrap_or_default());
    let kind = if to_treasury { EvidenceKind::Reply } else { EvidenceKind::Agreement };
    let evidence = papers(context, args, &[kind], date)?;
    let command = if to_treasury {
        Command::ReturnFiscalSurplus(ReturnFiscalSurplus {
            grant,
            fen,
            date,
            bank_account,
            bank_txn,
            approval,
            evidence,
        })
    } else {
        let reason = "用途终止退还".into();
        Command::ReturnGrant(ReturnGrant { grant, fen, date, bank_account, bank_txn, approval, reason, evidence })
    };
    Ok(Built { before, command })
}

/// `opening [fund=SOURCE/GRANT/AMOUNT/SURPLUS/USES ...] [custody=SOURCE/HOLDER/BATCH/HEADS ...]`: uses by +, `-` for none.
fn opening(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let date = context.date(args)?;
    let mut funds = Vec::new();
    for text in args.all("fund") {
        let [source, code, fen, surplus, uses] = super::parts(&text)?;
        let mut spec = grant(args, code)?;
        if uses != "-" {
            spec.permitted_uses = list(uses);
        }
        funds.push(OpeningFund {
            source: source.to_owned(),
            grant: spec,
            opened_on: date,
            fen: money(fen)?,
            surplus_fen: money(surplus)?,
        });
    }
    let mut custody = Vec::new();
    for text in args.all("custody") {
        let [source, holder, batch, heads] = super::parts(&text)?;
        let heads: u32 = number(heads)?;
        let (source, holder, batch) = (source.to_owned(), holder.to_owned(), batch.to_owned());
        custody.push(OpeningCustody { source, holder, batch, heads, fen: i64::from(heads) * yuan(20) });
    }
    let kinds = [EvidenceKind::BankSlip, EvidenceKind::Other];
    let evidence = papers(context, args, &kinds, date)?;
    Ok(Command::PostOpeningBalances(PostOpeningBalances { funds, custody, date, evidence }))
}

/// `amend GRANT [uses=B95+C95] [valid=FROM..TO] [doc=] [consent=]`
fn amend(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let code = args.word("a grant")?;
    let date = context.date(args)?;
    let spec = grant(args, &code)?;
    Ok(Command::AmendGrant(AmendGrant {
        grant: code,
        doc_no: format!("补 {}", spec.doc_no),
        permitted_uses: spec.permitted_uses,
        valid_from: spec.valid_from,
        valid_to: spec.valid_to,
        date,
        consent: args.field("consent").unwrap_or_default(),
        evidence: papers(context, args, &[EvidenceKind::Agreement], date)?,
    }))
}
