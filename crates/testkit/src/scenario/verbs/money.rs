//! Verbs of money: income, receipt, void, remit, commit, release, pay, return, surplus, reverse, correct. A line that names no bank
//! movement (`txn=`) takes one for granted: the cashier registers it, over the same amount, before the line is asked.

use record::command::{GrantShare, VoidSourceNumbers};
use record::kinds::{Custody, Direction, IncomeKind, PayerType, Settlement};
use record::{Command, Fen, VoucherRef};

use super::super::Fault;
use super::super::args::{Args, coded, date, money, number, voucher};
use super::{Built, Context, documents, list, parts};
use crate::build::{self, PAYEE, SPECIAL, custody_of};

pub(super) fn build(context: &Context<'_>, args: &mut Args) -> Result<Option<Built>, Fault> {
    let alone = |command| Ok(Some(Built { before: None, command }));
    match args.verb.as_str() {
        "income" => income(context, args).map(Some),
        "receipt" => receipt(context, args).map(Some),
        "remit" => remit(context, args).map(Some),
        "pay" => pay(context, args).map(Some),
        "return" => give_back(context, args).map(Some),
        "void" => alone(void(args)?),
        "commit" => alone(commit(context, args)?),
        "release" => alone(release(context, args)?),
        "surplus" => alone(surplus(context, args)?),
        "reverse" => alone(reverse(context, args)?),
        "correct" => correct(context, args).map(Some),
        _ => Ok(None),
    }
}

/// `income KIND GRANT AMOUNT [source=] [account=] [grantor=] [uses=B95+C95] [valid=FROM..TO] [doc=] [bill=] [bank=] [txn=]`
fn income(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let kind = coded(&args.word("a kind")?, IncomeKind::from_code)?;
    let grant = args.word("a grant")?;
    let fen = money(&args.word("an amount")?)?;
    let date_of = context.date(args)?;
    let bank = args.field("bank").unwrap_or_else(|| SPECIAL.into());
    let other = args.field("other").unwrap_or_default();
    let (txn, before) = context.movement(args, date_of, (&bank, Direction::In, fen), &other)?;
    let mut income = build::income(kind, &grant, fen, date_of, &txn);
    income.bank_account = bank;
    args.text("source", &mut income.source);
    args.text("account", &mut income.account);
    args.text("grantor", &mut income.grant.grantor);
    args.text("doc", &mut income.grant.doc_no);
    args.text("bill", &mut income.bill_no);
    args.text("summary", &mut income.summary);
    args.set("uses", &mut income.grant.permitted_uses, |t| Ok(list(t)))?;
    if let Some(valid) = args.field("valid") {
        let (from, to) = valid.split_once("..").ok_or_else(|| Fault::unreadable("valid=FROM..TO"))?;
        (income.grant.valid_from, income.grant.valid_to) = (Some(date(from)?), Some(date(to)?));
    }
    documents(args, date_of, &mut income.evidence)?;
    Ok(Built { before, command: Command::RecordIncome(income) })
}

/// `receipt BATCH HEADS [holder=GZ] [payer=MEMBER] [price=20] [amount=] [bill=] [direct=yes] [seq=] [txn=]`
fn receipt(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let (batch, heads) = (args.word("a batch")?, number(&args.word("heads")?)?);
    let holder = args.field("holder").unwrap_or_else(|| build::GZ.into());
    let payer = args.field("payer").map_or(Ok(PayerType::Member), |t| coded(&t, PayerType::from_code))?;
    let bill = format!("SJ-{}", context.movement);
    let mut receipt = build::receipt(&holder, &batch, heads, payer, context.date(args)?, &bill);
    args.text("bill", &mut receipt.bill_no);
    args.text("txn", &mut receipt.bank_txn);
    args.set("seq", &mut receipt.source_seq, number)?;
    args.set("price", &mut receipt.unit_fen, money)?;
    receipt.fen = i64::from(heads) * receipt.unit_fen;
    args.set("amount", &mut receipt.fen, money)?;
    if args.field("direct").is_some() {
        receipt.custody = Custody::MutualAidDirect;
    }
    Ok(Built { before: None, command: Command::PostPremiumReceipt(receipt) })
}

/// `void SYSTEM FROM TO`: numbers that no receipt will bear.
fn void(args: &mut Args) -> Result<Command, Fault> {
    let system = args.word("a system")?;
    let (from, to) = (number(&args.word("a number")?)?, number(&args.word("a number")?)?);
    Ok(Command::VoidSourceNumbers(VoidSourceNumbers { system, from, to, reason: "废号".into() }))
}

/// `remit HOLDER item=SOURCE/HEADS[/BATCH] ... [payee=] [amount=] [txn=]`: the amount is that of the only item.
fn remit(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let holder = args.word("a holder")?;
    let mut items = Vec::new();
    for text in args.all("item") {
        let mut item = text.split('/');
        let source = item.next().unwrap_or_default();
        let mut built = build::remit_item(source, number(item.next().unwrap_or_default())?);
        built.batch = item.next().unwrap_or_default().to_owned();
        items.push(built);
    }
    if let (Some(amount), [only]) = (args.field("amount"), items.as_mut_slice()) {
        only.fen = money(&amount)?;
    }
    let payee = args.field("payee").unwrap_or_else(|| PAYEE.into());
    let total = items.iter().map(|i| i.fen).sum();
    let custody = args.field("bank").unwrap_or_else(|| custody_of(&holder));
    let date = context.date(args)?;
    let (txn, before) = context.movement(args, date, (&custody, Direction::Out, total), &payee)?;
    let mut remit = build::remit(&holder, date, &txn, items);
    remit.payee_account = payee;
    args.set("year", &mut remit.year, number)?;
    documents(args, remit.date, &mut remit.evidence)?;
    Ok(Built { before, command: Command::RemitPremiums(remit) })
}

/// `commit CODE SOURCE CLASS PLAN HEADS [approval=AP-EXP] [price=] [amount=] [year=]`: the price is the standard's.
fn commit(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let code = args.word("a code")?;
    let (source, class, plan) = (args.word("a source")?, args.word("a class")?, args.word("a plan")?);
    let heads = number(&args.word("heads")?)?;
    let approval = args.field("approval").unwrap_or_else(|| "AP-EXP".into());
    let date = context.date(args)?;
    let state = &context.book.state;
    let standard = state.class_no(&class).zip(state.plan_no(&plan)).and_then(|(c, p)| state.standard_on(c, p, date));
    let price = standard.map_or(1, |s| s.subsidy_fen);
    let price = args.field("price").map_or(Ok(price), |t| money(&t))?;
    let mut commit = build::commit(&code, &approval, (&source, &class, &plan), heads, price, date);
    args.set("amount", &mut commit.fen, money)?;
    args.set("year", &mut commit.year, number)?;
    documents(args, date, &mut commit.evidence)?;
    Ok(Command::CommitExpenditure(commit))
}

/// The price of a commitment; one fen if there is none, which no standard allows.
fn price_of(context: &Context<'_>, commitment: &str) -> Fen {
    context.book.state.commitments.find(commitment).map_or(1, |(_, c)| c.unit_fen)
}

/// `release COMMITMENT HEADS [amount=]`
fn release(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (code, heads) = (args.word("a commitment")?, number(&args.word("heads")?)?);
    let mut release = build::release(&code, heads, price_of(context, &code), context.date(args)?);
    args.set("amount", &mut release.fen, money)?;
    documents(args, release.date, &mut release.evidence)?;
    Ok(Command::ReleaseCommitment(release))
}

/// `pay COMMITMENT BATCHES [heads=] [price=] [amount=] [payee=] [use=] [account=] [share=GRANT/AMOUNT ...] [cash=yes] [bank=] [txn=]`
/// Heads are the batches', the price is the commitment's.
fn pay(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let commitment = args.word("a commitment")?;
    let batches = list(&args.word("batches")?);
    let state = &context.book.state;
    let insured =
        |code: &String| state.grants.no(code).and_then(|no| state.batch(no)).map_or(1, |b| b.form.insured_count);
    let mut heads = batches.iter().map(insured).sum();
    args.set("heads", &mut heads, number)?;
    let price = args.field("price").map_or(Ok(price_of(context, &commitment)), |t| money(&t))?;
    let mut fen = i64::from(heads) * price;
    args.set("amount", &mut fen, money)?;
    let payee = args.field("payee").unwrap_or_else(|| PAYEE.into());
    let bank = args.field("bank").unwrap_or_else(|| SPECIAL.into());
    let date = context.date(args)?;
    let (txn, before) = context.movement(args, date, (&bank, Direction::Out, fen), &payee)?;
    let names: Vec<&str> = batches.iter().map(String::as_str).collect();
    let mut pay = build::disburse(&commitment, &names, heads, price, date, &txn);
    (pay.fen, pay.payee_account, pay.bank_account) = (fen, payee, bank);
    args.text("use", &mut pay.use_code);
    args.text("account", &mut pay.account);
    args.text("summary", &mut pay.summary);
    for share in args.all("share") {
        let [grant, amount] = parts(&share)?;
        pay.grants.push(GrantShare { grant: grant.to_owned(), fen: money(amount)? });
    }
    if args.field("cash").is_some() {
        pay.settlement = Settlement::Cash;
    }
    documents(args, pay.date, &mut pay.evidence)?;
    Ok(Built { before, command: Command::Disburse(pay) })
}

/// `return VOUCHER HEADS [amount=] [other=HZH-1] [txn=]`
fn give_back(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let payment = voucher(&args.word("a voucher")?, context.cycle())?;
    let heads: u32 = number(&args.word("heads")?)?;
    let state = &context.book.state;
    let commitment = state.payments.get(&payment).and_then(|p| state.commitments.get(p.commitment));
    let mut fen = i64::from(heads) * commitment.map_or(1, |c| c.unit_fen);
    args.set("amount", &mut fen, money)?;
    let other = args.field("other").unwrap_or_else(|| PAYEE.into());
    let date = context.date(args)?;
    let (txn, before) = context.movement(args, date, (SPECIAL, Direction::In, fen), &other)?;
    let mut back = build::record_return(payment, heads, 0, date, &txn);
    back.fen = fen;
    documents(args, back.date, &mut back.evidence)?;
    Ok(Built { before, command: Command::RecordReturn(back) })
}

/// `surplus SOURCE GRANT AMOUNT [approval=]`
fn surplus(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (source, grant) = (args.word("a source")?, args.word("a grant")?);
    let fen = money(&args.word("an amount")?)?;
    let approval = args.field("approval").unwrap_or_default();
    let mut surplus = build::surplus(&source, &grant, fen, &approval, context.date(args)?);
    documents(args, surplus.date, &mut surplus.evidence)?;
    Ok(Command::CarryToSurplus(surplus))
}

/// `reverse VOUCHER [txn=]`
fn reverse(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let of = voucher(&args.word("a voucher")?, context.cycle())?;
    let txn = args.field("txn").unwrap_or_default();
    let mut reverse = build::reverse(of, context.date(args)?, &txn);
    documents(args, reverse.date, &mut reverse.evidence)?;
    Ok(Command::ReverseVoucher(reverse))
}

/// The bank movement that a voucher drew on.
fn movement_of(context: &Context<'_>, of: VoucherRef) -> Option<String> {
    let voucher = context.book.voucher(of)?;
    let bank = voucher.lines.iter().map(|l| l.bank).find(|no| *no != 0)?;
    Some(context.book.state.bank_txns.code(bank).to_owned())
}

/// `correct VOUCHER with VERB ...`: the rest of the line is the replacement, which by default draws on the same movement.
fn correct(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let of = voucher(&args.word("a voucher")?, context.cycle())?;
    if args.word("with")? != "with" {
        return Err(Fault::unreadable("correct VOUCHER with VERB ..."));
    }
    args.verb = args.word("a verb")?;
    let date = args.field("correct-date").map_or(Ok(context.today()), |t| date(&t))?;
    if let Some(movement) = movement_of(context, of).filter(|_| args.verb != "receipt") {
        args.default_field("txn", movement);
    }
    let replacement = super::build(context, args)?;
    let command = Command::CorrectVoucher(build::correct(of, date, replacement.command));
    Ok(Built { before: replacement.before, command })
}
