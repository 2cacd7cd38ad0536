//! What a command should have led to, against what stands: which fault a difference is, and the two in words.

use record::event::VoucherPosted;
use record::{Event, Line, Voucher};

use crate::fault::Code;

/// A difference.
pub(crate) struct Difference {
    pub code: Code,
    pub expected: String,
    pub found: String,
}

/// The name of an event, as its table calls it.
pub(crate) fn name(event: &Event) -> String {
    let text = format!("{event:?}");
    text.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

/// The first difference between an event and what it should be; none if they say the same.
pub(crate) fn difference(expected: &Event, found: &Event) -> Option<Difference> {
    if expected == found {
        return None;
    }
    match (expected, found) {
        (Event::VoucherPosted(expected), Event::VoucherPosted(found)) => posted(expected, found),
        (Event::ReceiptPosted(expected), Event::ReceiptPosted(found)) => {
            let fields = other(&expected.receipt, &found.receipt, "receipt");
            vouchers(&expected.voucher, &found.voucher).or(fields)
        }
        (Event::PeriodClosed { .. }, Event::PeriodClosed { .. }) => plain(Code::Period, expected, found),
        (Event::DaySigned { .. }, Event::DaySigned { .. }) => plain(Code::Signed, expected, found),
        (Event::FindingUpdated(_), Event::FindingUpdated(_)) => plain(Code::Finding, expected, found),
        _ if core::mem::discriminant(expected) == core::mem::discriminant(found)
            && ordinal(expected) != ordinal(found) =>
        {
            plain(Code::Ordinal, expected, found)
        }
        _ => plain(Code::Derived, expected, found),
    }
}

/// The ordinal that an event gives, if it gives one.
pub(crate) fn ordinal(event: &Event) -> Option<u32> {
    Some(match event {
        Event::AccountDefined { no, .. } => u32::from(*no),
        Event::OrganizationRegistered { no, .. }
        | Event::ApprovalRecorded { no, .. }
        | Event::BatchSubmitted { no, .. } => *no,
        Event::BankAccountRegistered(event) => event.no,
        Event::BankTransactionRegistered(event) => event.no,
        Event::RolesSet(event) => event.person,
        Event::GrantOpened(event) => event.no,
        Event::Committed(event) => event.no,
        Event::FindingOpened(event) => event.no,
        _ => return None,
    })
}

fn plain(code: Code, expected: &Event, found: &Event) -> Option<Difference> {
    let (expected, found) = apart(&format!("{expected:?}"), &format!("{found:?}"));
    Some(Difference { code, expected, found })
}

fn other<T: PartialEq + core::fmt::Debug>(expected: &T, found: &T, what: &str) -> Option<Difference> {
    if expected == found {
        return None;
    }
    let (expected, found) = apart(&format!("{expected:?}"), &format!("{found:?}"));
    Some(Difference { code: Code::Derived, expected: format!("{what} {expected}"), found: format!("{what} {found}") })
}

fn posted(expected: &VoucherPosted, found: &VoucherPosted) -> Option<Difference> {
    vouchers(&expected.voucher, &found.voucher)
        .or_else(|| {
            let correction = other(&expected.effect, &found.effect, "effect");
            correction.map(|d| {
                if expected.voucher.corrects.is_some() { Difference { code: Code::Correction, ..d } } else { d }
            })
        })
        .or_else(|| other(&expected.bill_no, &found.bill_no, "bill_no"))
        .or_else(|| other(&expected.evidence, &found.evidence, "evidence"))
        .or_else(|| other(&expected.reused, &found.reused, "reused"))
}

fn vouchers(expected: &Voucher, found: &Voucher) -> Option<Difference> {
    let say = |code, what: &str, expected: String, found: String| {
        Some(Difference { code, expected: format!("{what} {expected}"), found: format!("{what} {found}") })
    };
    if expected.reference != found.reference {
        return say(Code::Number, "voucher", expected.reference.to_string(), found.reference.to_string());
    }
    let hands = |v: &Voucher| [v.prepared_by, v.reviewed_by, v.posted_by, v.cashier_by, v.chief_by];
    if hands(expected) != hands(found) {
        return say(Code::Hands, "hands", format!("{:?}", hands(expected)), format!("{:?}", hands(found)));
    }
    if expected.corrects != found.corrects || expected.kind != found.kind {
        let shown = |v: &Voucher| format!("{} of {}", v.kind, v.corrects.map_or("none".to_owned(), |r| r.to_string()));
        return say(Code::Correction, "kind", shown(expected), shown(found));
    }
    let head = |v: &Voucher| Voucher { lines: Vec::new(), ..v.clone() };
    lines(expected, found).or_else(|| other(&head(expected), &head(found), "voucher"))
}

/// Lines in an order of their own: which of them stands first says nothing.
fn sorted(lines: &[Line]) -> Vec<Line> {
    let mut lines = lines.to_vec();
    lines.sort_by_key(|l| {
        let what = (l.account, l.source, l.year, l.class, l.plan, l.use_code, l.holder, l.counterparty);
        (what, l.side, l.price, l.bank, l.grant, l.fen, l.heads)
    });
    lines
}

fn lines(expected: &Voucher, found: &Voucher) -> Option<Difference> {
    let (mine, theirs) = (sorted(&expected.lines), sorted(&found.lines));
    if mine == theirs {
        return None;
    }
    // Other grants for the same money are a matter of their own; a reversal's lines one of its original.
    let apart_from_grants = |lines: &[Line]| {
        let mut sums: std::collections::BTreeMap<_, i64> = Default::default();
        for l in lines {
            let sum = sums.entry((l.account, l.source, l.side, l.class, l.plan, l.use_code, l.holder)).or_default();
            *sum = sum.saturating_add(l.fen);
        }
        sums
    };
    let code = if apart_from_grants(&mine) == apart_from_grants(&theirs) {
        Code::Attribution
    } else if expected.kind == record::kinds::VoucherKind::RedReversal {
        Code::Correction
    } else {
        Code::Derived
    };
    let at = mine.iter().zip(&theirs).find(|(mine, theirs)| mine != theirs);
    let (expected, found) = match at {
        Some((mine, theirs)) => apart(&format!("{mine:?}"), &format!("{theirs:?}")),
        None => (format!("{} lines", mine.len()), format!("{} lines", theirs.len())),
    };
    Some(Difference { code, expected, found })
}

/// Characters of a text that a fault shows.
const SHOWN: usize = 160;

/// Two texts from where they part.
fn apart(expected: &str, found: &str) -> (String, String) {
    let same = expected.chars().zip(found.chars()).take_while(|(a, b)| a == b).count();
    // From the beginning of the word in which they part, with what it is called.
    let start = same.saturating_sub(40);
    let cut = |text: &str| text.chars().skip(start).take(SHOWN).collect();
    (cut(expected), cut(found))
}
