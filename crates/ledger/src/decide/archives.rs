//! Recording that archived originals were destroyed (销毁清册): not before their term ends, and not while anything of their year is open.

use record::Event;
use record::command::RecordDestruction;
use record::kinds::ApprovalKind;

use super::approvals::{Act, carry};
use super::desk::Desk;
use crate::archives::{kept_until, open_matters};

/// RET-001: the term is over, nothing of the year is open, the approval says so, and the same files were not destroyed before.
pub(super) fn destroy(desk: &mut Desk<'_>, c: &RecordDestruction) -> Vec<Event> {
    desk.check_not_future(c.date, "date");
    desk.check_evidence(&c.evidence);
    let mut known = desk.state.destructions.values().flatten();
    if known.any(|(earlier, _)| earlier.list_no == c.list_no) {
        desk.taken("list_no");
    }
    let act = Act {
        approval: &c.approval,
        kinds: &[ApprovalKind::Destruction],
        rule: "RET-001",
        date: c.date,
        fen: 0,
        scope: ["", "", ""],
    };
    let approval = carry(desk, &act).unwrap_or(0);
    match kept_until(c.kind, c.year) {
        None => desk.hit("RET-001", "kind", "永久 for ever", c.kind.code()),
        Some(last) if c.date <= last => {
            desk.hit("RET-001", "date", &format!("> {last}"), &c.date.to_string());
        }
        Some(_) => {}
    }
    for matter in open_matters(desk.state, c.year) {
        let subject = format!("{} {}", matter.kind(), matter.subject(c.year));
        match matter.fen() {
            0 => desk.hit("RET-001", &subject, "", ""),
            fen => desk.short("RET-001", &subject, 0, fen),
        }
    }
    let of_files = desk.state.destructions.get(&(c.year, c.kind)).into_iter().flatten();
    let mut twice = of_files.filter(|(earlier, _)| earlier.month == 0 || c.month == 0 || earlier.month == c.month);
    if let Some((earlier, _)) = twice.next() {
        let list = earlier.list_no.clone();
        desk.hit("RET-001", "month", "", &list);
    }
    vec![Event::ArchivesDestroyed { destruction: c.clone(), approval }]
}
