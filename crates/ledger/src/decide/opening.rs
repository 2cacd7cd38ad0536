//! Opening the books by source (T30): what each grant has in the special account against what is carried forward, and the premiums that
//! holders have in custody.

use record::command::{OpeningCustody, OpeningFund, PostOpeningBalances};
use record::event::Effect;
use record::kinds::{BankPurpose, EvidenceKind, GrantKind, Restriction, Side, Template, VoucherKind, Word};
use record::{Event, Fen, GrantNo, Heads, Line, OrgNo, SourceNo};

use super::check::LINES_PER_VOUCHER;
use super::desk::{Desk, Draft, times};
use super::funding::{Under, grant_under};
use super::lines::OWN;
use super::premium::own_share;

/// One premium of a batch in custody, as its record keeps it.
type Held = (GrantNo, SourceNo, OrgNo, Heads, Fen);

pub(super) fn balances(desk: &mut Desk<'_>, c: &PostOpeningBalances) -> Vec<Event> {
    check_first(desk, c);
    desk.check_evidence(&c.evidence);
    if !c.evidence.iter().any(|e| e.kind == EvidenceKind::BankSlip) {
        desk.hit("LED-008", "evidence", EvidenceKind::BankSlip.code(), "");
    }
    let mut opened = Vec::new();
    let mut lines = Vec::new();
    for (i, fund) in c.funds.iter().enumerate() {
        let other = c.funds.iter().take(i).any(|f| f.grant.code == fund.grant.code);
        if other || desk.state.grants.no(&fund.grant.code).is_some() {
            desk.taken(&format!("funds[{i}].grant.code"));
            continue;
        }
        lines.extend(fund_lines(desk, (i, fund), &mut opened));
    }
    let mut held = Vec::new();
    for (i, custody) in c.custody.iter().enumerate() {
        lines.extend(custody_lines(desk, (i, custody), &mut held));
    }
    let mut events = opened;
    // A grant's lines stand together, so that it balances within one voucher.
    for (n, chunk) in chunks(lines, LINES_PER_VOUCHER).into_iter().enumerate() {
        let draft = Draft {
            word: Word::Ji,
            kind: VoucherKind::Opening,
            attachments: c.evidence.len(),
            ..Draft::actual(Template::T30, c.date, chunk)
        };
        let voucher = desk.voucher(draft);
        let (custody, evidence) =
            if n == 0 { (core::mem::take(&mut held), c.evidence.as_slice()) } else { (Vec::new(), &[][..]) };
        events.push(desk.posted(voucher, Effect::Opening { custody }, evidence));
    }
    events
}

/// LED-007: dated the first day of the first month. LED-005: nothing is slipped in before vouchers that stand.
fn check_first(desk: &mut Desk<'_>, c: &PostOpeningBalances) {
    desk.check_date(c.date, "date");
    let first = desk.state.first_period.first_day();
    if c.date != first {
        desk.hit("LED-007", "date", &first.to_string(), &c.date.to_string());
    }
    let of_money = |word: Word| desk.state.numbers.iter().filter(move |((w, _), _)| *w == word).map(|(_, last)| *last);
    let posted = [Word::Ji, Word::Dai, Word::Zhuan].into_iter().flat_map(of_money).fold(0, u32::saturating_add);
    if posted > desk.state.openings {
        desk.hit("LED-005", "date", "0", &posted.saturating_sub(desk.state.openings).to_string());
    }
}

/// Groups of lines of one (source, grant) after another, in vouchers of at most so many lines.
fn chunks(groups: Vec<Vec<Line>>, most: usize) -> Vec<Vec<Line>> {
    let mut chunks: Vec<Vec<Line>> = Vec::new();
    for group in groups {
        match chunks.last_mut().filter(|last| last.len().saturating_add(group.len()) <= most) {
            Some(last) => last.extend(group),
            None => chunks.push(group),
        }
    }
    chunks
}

fn fund_lines(desk: &mut Desk<'_>, (i, fund): (usize, &OpeningFund), opened: &mut Vec<Event>) -> Option<Vec<Line>> {
    let source = desk.source(&fund.source, &format!("funds[{i}].source"))?;
    let def = desk.state.sources.get(source)?;
    if def.restriction == Restriction::PassThrough {
        desk.hit("SRC-007", &format!("funds[{i}].source"), "custody", &fund.source);
        return None;
    }
    let carry = desk.state.account_no(&def.carry_account).unwrap_or(0);
    let (needs_uses, surplus_of) = (def.grant_uses, def.restriction == Restriction::Fiscal);
    if needs_uses && fund.grant.permitted_uses.is_empty() {
        let rule = super::lines::purpose_rule(desk.state, source);
        desk.hit(rule, &format!("funds[{i}].grant.permitted_uses"), "≥ 1", "0");
    }
    // T27 knows the union's own surplus only.
    if surplus_of && fund.surplus_fen > 0 {
        desk.hit("SRC-006", &format!("funds[{i}].surplus_fen"), "0", &fund.surplus_fen.to_string());
    }
    let under = Under { field: "funds.grant", kind: GrantKind::Other, source, opened_on: fund.opened_on };
    let (_, event) = grant_under(desk, &under, &fund.grant);
    // Several grants open in one command: each takes the next ordinal.
    let no = desk.state.grants.next_no().saturating_add(u32::try_from(opened.len()).unwrap_or(0));
    if let Some(Event::GrantOpened(mut grant)) = event {
        grant.no = no;
        opened.push(Event::GrantOpened(grant));
    }
    let line = |account, side, fen| Line { account, source, grant: no, side, fen, holder: OWN, ..Line::default() };
    let carried = fund.fen.saturating_sub(fund.surplus_fen);
    let all = [
        line(desk.state.posting.special_bank, Side::Debit, fund.fen),
        line(carry, Side::Credit, carried),
        line(desk.state.posting.surplus, Side::Credit, fund.surplus_fen),
    ];
    Some(all.into_iter().filter(|line| line.fen > 0).collect())
}

/// SRC-007, SRC-010, ENR-001: premiums of a batch, held by who has a custody account, heads times the own share.
fn custody_lines(desk: &mut Desk<'_>, (i, c): (usize, &OpeningCustody), held: &mut Vec<Held>) -> Option<Vec<Line>> {
    let field = |name: &str| format!("custody[{i}].{name}");
    let source = desk.source(&c.source, &field("source"))?;
    let premium = desk.state.sources.get(source).is_some_and(|s| !s.payer.is_empty());
    if !premium {
        desk.hit("SRC-007", &field("source"), "S1M | S1E | S1U", &c.source);
        return None;
    }
    let Some(holder) = desk.state.organizations.no(&c.holder) else {
        desk.unknown(&field("holder"));
        return None;
    };
    if !desk.state.custodians.contains(&holder) {
        desk.hit("SRC-010", &field("holder"), BankPurpose::Custody.code(), &c.holder);
    }
    let found = desk.state.grants.no(&c.batch).and_then(|no| Some((no, desk.state.batch(no)?)));
    let Some((grant, batch)) = found else {
        desk.unknown(&field("batch"));
        return None;
    };
    let own = own_share(desk, batch);
    if own.and_then(|own| times(c.heads, own)) != Some(c.fen) {
        let expected = own.and_then(|own| times(c.heads, own)).map(|fen| fen.to_string()).unwrap_or_default();
        desk.hit("SRC-007", &field("fen"), &expected, &c.fen.to_string());
    }
    let earlier = held
        .iter()
        .filter(|(g, ..)| *g == grant)
        .fold(0, |sum: i64, (_, _, _, heads, _)| sum.saturating_add(i64::from(*heads)));
    let left = i64::from(batch.form.insured_count).saturating_sub(batch.received_heads).saturating_sub(earlier);
    if i64::from(c.heads) > left {
        desk.hit("ENR-001", &field("heads"), &left.to_string(), &c.heads.to_string());
    }
    let heads = Heads::try_from(c.heads).unwrap_or(Heads::MAX);
    held.push((grant, source, holder, heads, c.fen));
    let money = Line {
        account: desk.state.posting.custody_bank,
        source,
        grant,
        side: Side::Debit,
        fen: c.fen,
        year: batch.form.year,
        class: batch.class,
        plan: batch.plan,
        use_code: desk.state.use_for(&batch.form.class, &batch.form.plan, true).unwrap_or(0),
        holder,
        counterparty: desk.state.grants.get(grant).map_or(0, |g| g.grantor),
        heads,
        price: own.unwrap_or(0),
        bank: 0,
    };
    let owed = Line { account: desk.state.posting.custody_liability, side: Side::Credit, ..money.clone() };
    Some(vec![money, owed])
}
