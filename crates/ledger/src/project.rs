//! Record -> view rows, and the facts among them alone. Pure. Only torn commands have neither, and facts are made before a batch is
//! appended: so what is committed can be projected.

use record::event::BookCreated;
use record::kinds::{LedgerKind, Side, Template};
use record::{Event, Record, Voucher};

use crate::facts;
use crate::receipt::voucher_of;
use crate::rows::{FactRow, LineRow, NameRow, RejectionRow, ViewRows, VoucherRow};
use crate::{Ask, State};

/// Facts of a receipt, of which there are most: bill and request.
const FACTS_PER_RECORD: usize = 2;

/// Records that cannot be shown: the command's records are not whole, or an ordinal names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// A command's records must be projected together.
    #[error("the records are not those of whole commands")]
    NotWhole,
}

/// The rows that records add to the views; the records are those of whole commands, in order. `names` is any state that has folded
/// them: ordinals never change meaning.
pub fn project(names: &State, records: &[Record]) -> Result<ViewRows, ProjectError> {
    Ok(project_rest(names, records, project_facts(records)?))
}

/// The same where their facts are known.
pub fn project_rest(names: &State, records: &[Record], facts: Vec<FactRow>) -> ViewRows {
    let mut rows = ViewRows { facts, ..ViewRows::default() };
    records.iter().for_each(|record| add_record(names, record, &mut rows));
    rows
}

/// The facts alone of what [`project`] makes.
pub fn project_facts(records: &[Record]) -> Result<Vec<FactRow>, ProjectError> {
    are_whole(records)?;
    let mut facts = Vec::with_capacity(records.len().saturating_mul(FACTS_PER_RECORD));
    records.iter().for_each(|record| facts::add_of_record(record, &mut facts));
    Ok(facts)
}

/// The facts alone, of the records that an ask has led to.
pub fn project_facts_of(ask: &Ask, records: &[Record]) -> Result<Vec<FactRow>, ProjectError> {
    are_whole(records)?;
    let mut facts = Vec::with_capacity(FACTS_PER_RECORD);
    records.iter().for_each(|record| facts::add_of_ask(ask, record, &mut facts));
    Ok(facts)
}

/// Errs unless the records are those of whole commands, in order.
fn are_whole(records: &[Record]) -> Result<(), ProjectError> {
    let mut rest = records;
    while let Some(first) = rest.first() {
        let (command, others) = rest.split_at_checked(usize::from(first.parts)).ok_or(ProjectError::NotWhole)?;
        let fits = |(part, record): (u16, &Record)| record.part == part && record.parts == first.parts;
        if command.is_empty() || !(0..).zip(command).all(fits) {
            return Err(ProjectError::NotWhole);
        }
        rest = others;
    }
    Ok(())
}

fn add_record(names: &State, record: &Record, rows: &mut ViewRows) {
    if let Some(voucher) = voucher_of(record) {
        add_voucher(names, record, voucher, rows);
    }
    match &record.event {
        Event::BookCreated(created) => add_preset_names(created, rows),
        Event::AccountDefined { no, account } => {
            rows.names.push(name("ACCOUNT", u32::from(*no), &account.code, &account.name_zh));
        }
        Event::OrganizationRegistered { no, organization } => {
            rows.names.push(name("ORG", *no, &organization.code, &organization.name));
        }
        Event::BankTransactionRegistered(event) => rows.names.push(name("BANK_TXN", event.no, &event.id, "")),
        Event::GrantOpened(event) => rows.names.push(name("GRANT", event.no, &event.code, &event.doc_no)),
        Event::BatchSubmitted { no, batch } => rows.names.push(name("GRANT", *no, &batch.code, "")),
        Event::RolesSet(event) if event.new => {
            rows.names.push(name("PERSON", event.person, &event.code, &event.display));
        }
        Event::Refused(refused) => rows.rejections.push(RejectionRow {
            sequence: record.sequence,
            time: record.time,
            person: names.persons.code(record.actor.person).to_owned(),
            request_id: record.request.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
            first_rule: refused.hits.first().map(|h| h.rule.clone()).unwrap_or_default(),
            hits: borsh::to_vec(&refused.hits).unwrap_or_default(),
        }),
        _ => {}
    }
}

/// Names of the preset's lists; later ones come with their own records.
fn add_preset_names(created: &BookCreated, rows: &mut ViewRows) {
    let preset = &created.preset;
    let organizations = core::iter::once(&created.organization).chain(&preset.organizations);
    rows.names.extend((1..).zip(&preset.accounts).map(|(no, a)| name("ACCOUNT", no, &a.code, &a.name_zh)));
    rows.names.extend((1..).zip(&preset.sources).map(|(no, s)| name("SOURCE", no, &s.code, &s.name)));
    rows.names.extend((1..).zip(&preset.uses).map(|(no, u)| name("USE", no, &u.code, &u.name)));
    rows.names.extend((1..).zip(&preset.classes).map(|(no, c)| name("CLASS", no, &c.code, &c.name)));
    rows.names.extend((1..).zip(&preset.plans).map(|(no, p)| name("PLAN", no, &p.code, &p.name)));
    rows.names.extend((1..).zip(organizations).map(|(no, o)| name("ORG", no, &o.code, &o.name)));
}

fn name(list: &'static str, no: u32, code: &str, name: &str) -> NameRow {
    NameRow { list, no, code: code.to_owned(), name: name.to_owned() }
}

fn add_voucher(names: &State, record: &Record, voucher: &Voucher, rows: &mut ViewRows) {
    // `line_spelled` and [`summary`] make the text of receipts.
    let receipt = matches!(voucher.template, Template::T02 | Template::T03) && voucher.summary.is_empty();
    rows.vouchers.push(VoucherRow {
        sequence: record.sequence,
        time: record.time,
        reference: voucher.reference,
        ledger: voucher.ledger,
        kind: voucher.kind,
        template: voucher.template,
        date: voucher.date,
        total_fen: voucher.lines.iter().filter(|l| l.side == Side::Debit).fold(0, |sum, l| sum.saturating_add(l.fen)),
        summary: if receipt { String::new() } else { summary(names, voucher) },
    });
    rows.lines.extend((1u16..).zip(&voucher.lines).map(|(line_no, line)| LineRow {
        sequence: record.sequence,
        line_no,
        date: voucher.date,
        line: line.clone(),
    }));
}

/// 摘要: as given, or made from template and fields.
pub fn summary(names: &State, voucher: &Voucher) -> String {
    if !voucher.summary.is_empty() {
        return voucher.summary.clone();
    }
    let Some(first) = voucher.lines.first() else { return String::new() };
    let source = names.sources.get(first.source).map_or("", |s| &s.name);
    let class = names.classes.get(first.class).map_or("", |c| &c.name);
    let heads = i64::from(first.heads).saturating_abs();
    match voucher.template {
        Template::T02 | Template::T03 => format!("代收保障费 {heads}人"),
        Template::T11 => format!("设立/调整预算指标 {source}"),
        Template::T12 => format!("名额分配 {class}{heads}人"),
        Template::T13 => format!("批复占用/释放 {class}"),
        Template::T14 if voucher.ledger == LedgerKind::Budget => format!("支出核销占用 {class}"),
        Template::T14 => format!("直拨互助会 {class}{heads}人"),
        Template::T15 => format!("上解保障费至互助会 {heads}人"),
        Template::T17 if voucher.ledger == LedgerKind::Budget => "退回恢复指标".to_owned(),
        Template::T17 | Template::T18 => format!("互助会退回 {class}{heads}人"),
        Template::T24 | Template::T25 => format!("期末结转收支 {source}"),
        Template::T26 => format!("转入累计结转 {source}"),
        Template::T27 => format!("结转转结余 {source}"),
        Template::T28 => format!("财政结余上缴 {source}"),
        Template::T32 => format!("退还出资人 {source}"),
        Template::T29 => format!("预算年末注销 {source}"),
        Template::T30 => "期初建账".to_owned(),
        _ => format!("收到{source}"),
    }
}
