//! Refused attempts: one person meets one rule again and again on one day. The sign carries the rule that was tried. Refusals are told by
//! their record day: they have no other date.

use record::kinds::SubjectKind;

use super::Look;

/// Rules of form, which a mistyped list meets many times, a statement that does not add up among them.
const OF_FORM: &[&str] = &["LED-", "PII-", "REC-"];

pub(super) fn look(look: &mut Look<'_>) {
    let state = look.state;
    let least = u32::try_from(look.number("detect.tries")).unwrap_or(u32::MAX).max(2);
    for ((on, person, rule), tries) in &state.watch.tries {
        let of_form = OF_FORM.iter().any(|prefix| rule.starts_with(prefix));
        if of_form || *on > look.day || tries.count < least {
            continue;
        }
        let subject = format!("{}/{on}", state.persons.code(*person));
        let mut sign = look.sign(rule, SubjectKind::Person, &subject);
        sign.count = tries.count;
        (sign.expected, sign.found) = (format!("< {least}"), tries.count.to_string());
        sign.since = *on;
        sign.evidence = vec![tries.first, tries.last];
        look.see(sign);
    }
}
