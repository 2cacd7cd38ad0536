//! The rules of the book above (办法第十七条, LAY-001): what of one's own is looser than they are, told from a table of its own; taking them
//! over, reporting one's own, and files of historical entries.

use record::command::{AdoptRuleSet, FileRules, RegisterHistory, RegisterScheme};
use record::event::RuleSetAdopted;
use record::kinds::{ApprovalKind, BankPurpose};
use record::preset::StandardDef;
use record::ruleset::{Payee, RuleSet};
use record::{ApprovalNo, Day, Event};

use super::Case;
use super::checks::Needs;
use crate::book::Book;
use crate::book::look::OWN;

const RULE: &str = "LAY-001";

/// Limits that are tightened by a smaller number: days until somebody must have acted, and how much is seen as a sign.
const SMALLER: &[&str] = &[
    "P1.remit_max_days",
    "P2.pay_max_days",
    "P2.return_max_days",
    "P2.arrival_max_days",
    "P15.review_max_days",
    "P17.upload_max_days",
    "detect.confirm_max_days",
    "detect.split_payments",
    "detect.red_percent",
    "detect.red_vouchers",
    "detect.tries",
];
/// Limits that are tightened by a larger one: days to wait, and how far one looks back.
const LARGER: &[&str] = &["P16.payee_cooling_days", "detect.round_trip_days", "detect.split_days", "detect.close_days"];
/// Parameters of bodies are tightened by leaving some out.
const BODIES: &str = "approval_body.";

/// Whether a value is the one above or a stricter one. What is no limit has no stricter side.
fn strict(key: &str, value: &str, above: &str) -> bool {
    if value == above {
        return true;
    }
    if key.starts_with(BODIES) {
        let bodies: Vec<&str> = above.split('|').collect();
        return value.split('|').all(|body| bodies.contains(&body));
    }
    let Some((own, limit)) = value.parse::<i64>().ok().zip(above.parse::<i64>().ok()) else { return false };
    (SMALLER.contains(&key) && own >= 0 && own <= limit) || (LARGER.contains(&key) && own >= limit)
}

fn looser_parameter(above: &RuleSet, key: &str, value: &str) -> bool {
    !above.parameters.iter().any(|known| known.code == key && strict(key, value, &known.name))
}

fn looser_standard(above: &RuleSet, own: &StandardDef) -> bool {
    let same = above.standards.iter().find(|s| s.class == own.class && s.plan == own.plan);
    same.is_none_or(|s| own.premium_fen > s.premium_fen || own.subsidy_fen > s.subsidy_fen)
}

fn looser_scheme(above: &RuleSet, own: &RegisterScheme) -> bool {
    let mut of_year = above.schemes.iter().filter(|terms| terms.year == own.year);
    of_year
        .next()
        .is_some_and(|terms| own.enroll_deadline > terms.enroll_deadline || own.cover_months != terms.cover_months)
}

fn new_payee(above: &RuleSet, own: (&str, &str, &str)) -> bool {
    let is = |p: &Payee| (p.organization.as_str(), p.name.as_str(), p.masked_no.as_str()) == own;
    !above.payees.iter().any(is)
}

/// What classes, uses, sources, forbidden uses and rules a book has that the one above has not, or not so wide.
fn looser_lists(book: &Book, above: &RuleSet) -> Vec<String> {
    let mut looser = Vec::new();
    for (_, code, class) in book.classes.all() {
        let known = above.classes.iter().find(|c| c.class == code);
        let fits = known.is_some_and(|c| {
            class.plans.iter().all(|plan| c.plans.contains(plan)) && (class.review_required || !c.review_required)
        });
        looser.extend((!fits).then(|| format!("class {code}")));
    }
    let uses = book.uses.all().filter(|(_, code, _)| !above.uses.iter().any(|known| known == code));
    looser.extend(uses.map(|(_, code, _)| format!("use {code}")));
    for (_, code, source) in book.sources.all() {
        let known = above.sources.iter().find(|s| s.source == code);
        let fits = known.is_some_and(|s| {
            source.uses.iter().all(|code| s.uses.contains(code)) && (source.grant_uses || !s.grant_uses)
        });
        looser.extend((!fits).then(|| format!("source {code}")));
    }
    let allowed = above.forbidden_uses.iter().filter(|code| !book.forbidden.iter().any(|own| own.code == **code));
    looser.extend(allowed.map(|code| format!("forbidden use {code}")));
    let dropped = above.rules.iter().filter(|code| !book.rules.contains(code));
    looser.extend(dropped.map(|code| format!("rule {code}")));
    looser
}

/// Everything in force on a day or later that is looser than the rules above.
fn looser(book: &Book, above: &RuleSet, from: Day) -> Vec<String> {
    let mut found = Vec::new();
    for (key, days) in &book.parameters {
        let first = days.range(..=from).next_back().map_or(from, |(day, _)| *day);
        let any = days.range(first..).any(|(_, (value, _))| looser_parameter(above, key, value));
        found.extend(any.then(|| key.clone()));
    }
    for days in book.standards.values() {
        let first = days.range(..=from).next_back().map_or(from, |(day, _)| *day);
        let lasting = days.range(first..).map(|(_, s)| s).filter(|s| s.valid_to.is_none_or(|last| last >= from));
        found.extend(lasting.filter(|s| looser_standard(above, s)).map(|s| format!("{}/{}", s.class, s.plan)));
    }
    let schemes = book.schemes.iter().filter(|(_, (scheme, _))| looser_scheme(above, scheme));
    found.extend(schemes.map(|(year, _)| format!("scheme {year}")));
    for (_, code, account) in book.bank_accounts.all().filter(|(_, _, a)| a.is.purpose == BankPurpose::Payee) {
        let owner = book.orgs.code(account.is.organization);
        found.extend(new_payee(above, (owner, &account.is.name, &account.is.masked_no)).then(|| code.to_owned()));
    }
    found.extend(looser_lists(book, above));
    found
}

/// LAY-001 by every rule set above that binds what holds from a day on.
fn within(case: &mut Case<'_>, from: Day, subject: &str, looser: impl Fn(&RuleSet) -> bool) {
    let broken = case.book.layers.binding(from).any(|above| looser(&above.rules));
    case.breaks_if(broken, RULE, subject);
}

pub(super) fn parameter(case: &mut Case<'_>, key: &str, value: &str, from: Day) {
    within(case, from, key, |above| looser_parameter(above, key, value));
}

pub(super) fn standard(case: &mut Case<'_>, own: &StandardDef) {
    within(case, own.valid_from, &own.class, |above| looser_standard(above, own));
}

pub(super) fn scheme(case: &mut Case<'_>, own: &RegisterScheme) {
    within(case, case.today, "scheme", |above| looser_scheme(above, own));
}

pub(super) fn payee(case: &mut Case<'_>, code: &str, own: (&str, &str, &str)) {
    within(case, case.today, code, |above| new_payee(above, own));
}

/// APR-004: something of the rules is allowed by a PARAM approval.
fn allowed(case: &mut Case<'_>, approval: &str, on: Day) -> ApprovalNo {
    let kinds = &[ApprovalKind::Param];
    let needs = Needs { approval, kinds, rule: "APR-004", on, fen: 0, source: "", class: "", plan: "" };
    case.approval(&needs).unwrap_or(0)
}

pub(super) fn adopt(case: &mut Case<'_>, c: &AdoptRuleSet) -> Vec<Event> {
    let approval = allowed(case, &c.approval, c.effective_from);
    case.in_open_month(c.effective_from);
    if c.rules.book == case.book.code {
        case.unknown("rules.book: the book itself");
    }
    if c.rules.digest() != c.digest {
        case.unknown("digest: of other rules");
    }
    let last = case.book.layers.above.last();
    let follows = last.is_none_or(|last| {
        c.rules.book == last.rules.book
            && c.rules.version >= last.rules.version
            && c.effective_from >= last.effective_from
    });
    if !follows {
        case.unknown("rules: of another book, or before what was taken over");
    }
    for subject in looser(case.book, &c.rules, c.effective_from) {
        case.breaks(RULE, subject);
    }
    vec![Event::RuleSetAdopted(Box::new(RuleSetAdopted {
        rules: c.rules.clone(),
        digest: c.digest,
        effective_from: c.effective_from,
        approval,
    }))]
}

pub(super) fn file(case: &mut Case<'_>, c: &FileRules) -> Vec<Event> {
    case.not_ahead(c.filed_on);
    case.papers(&c.evidence);
    let place = usize::try_from(c.version).ok().and_then(|no| no.checked_sub(1));
    if place.and_then(|place| case.book.layers.reported.get(place)) != Some(&false) {
        case.unknown("version");
    }
    let filed_with = case.book.orgs.no(&c.filed_with).unwrap_or(0);
    if filed_with == 0 || filed_with == OWN {
        case.unknown("filed_with");
    }
    vec![Event::RulesFiled {
        version: c.version,
        doc_no: c.doc_no.clone(),
        filed_on: c.filed_on,
        filed_with,
        evidence: c.evidence.clone(),
    }]
}

/// 补录: entries of before the first live day come from a file that is on record.
pub(super) fn history(case: &mut Case<'_>, c: &RegisterHistory) -> Vec<Event> {
    case.papers(&c.evidence);
    let approval = allowed(case, &c.approval, case.today);
    case.in_open_month(c.from);
    case.breaks_if(c.to >= case.book.live_from, "LED-007", "to");
    let known = &case.book.layers.histories;
    if known.contains_key(&c.code) || known.values().any(|digest| *digest == c.digest) {
        case.unknown("code or digest: taken");
    }
    vec![Event::HistoryRegistered { history: c.clone(), approval }]
}

#[cfg(test)]
mod tests {
    use super::strict;

    #[test]
    fn each_limit_has_its_own_stricter_side() {
        for (key, value, above, within) in [
            ("P1.remit_max_days", "15", "30", true),
            ("P1.remit_max_days", "31", "30", false),
            ("P1.remit_max_days", "-1", "30", false),
            ("P16.payee_cooling_days", "5", "3", true),
            ("P16.payee_cooling_days", "2", "3", false),
            ("P9.voucher_cycle", "MONTH", "YEAR", false),
            ("P9.voucher_cycle", "YEAR", "YEAR", true),
            ("approval_body.SCHEME", "领导班子", "党组会议|领导班子", true),
            ("approval_body.SCHEME", "主席办公会议", "党组会议|领导班子", false),
        ] {
            assert_eq!(strict(key, value, above), within, "{key}: {value} under {above}");
        }
    }
}
