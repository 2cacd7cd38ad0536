//! Who may be enrolled and paid for: dues, registers, proofs, and the places of units.

use std::collections::BTreeSet;

use record::command::{AllocateQuota, CommitExpenditure, RegisterSnapshot, SetDuesStatus, SubmitEnrollmentBatch};
use record::kinds::{Change as Way, EvidenceKind, RegisterKind, Role};

use super::case::Case;
use super::paper::Deed;
use super::{Change, Model};

impl Model {
    /// An organisation and those above it, the nearest first.
    fn ranks(&self, unit: &str) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        let mut at = unit;
        while let Some(organization) = self.organizations.iter().find(|o| o.code == at) {
            if found.contains(&organization.code.as_str()) {
                break;
            }
            found.push(&organization.code);
            at = &organization.parent;
        }
        found
    }

    /// Notices of a year, source and class.
    fn notices<'m>(&'m self, year: u16, source: &'m str, class: &'m str) -> impl Iterator<Item = &'m AllocateQuota> {
        let of_line = move |q: &&AllocateQuota| q.year == year && q.source == source;
        self.quotas.iter().filter(of_line).filter(move |q| q.lines.iter().any(|l| l.class == class))
    }

    /// The organisation by whose places a unit is judged; empty where nobody above it has any.
    fn place_holder(&self, year: u16, source: &str, class: &str, unit: &str) -> &str {
        let has = |code: &&str| self.notices(year, source, class).any(|q| q.organization == *code);
        self.ranks(unit).into_iter().find(has).unwrap_or("")
    }

    /// Heads of a batch that a source paid for and that did not come back: of a payment's batches the last come back first.
    fn paid_from(&self, source: &str, batch: &str) -> i64 {
        let mut paid = 0;
        for paper in self.standing() {
            let Deed::Payment(batches, ..) = &paper.deed else { continue };
            let of_source = self.commitments.iter().any(|(c, _)| c.code == paper.commitment && c.source == source);
            if !of_source {
                continue;
            }
            let mut back = i64::from(self.returned_heads(paper.reference));
            for (code, heads) in batches.iter().rev() {
                let returned = back.min(i64::from(*heads));
                back -= returned;
                if code == batch {
                    paid += i64::from(*heads) - returned;
                }
            }
        }
        paid
    }
}

impl Case<'_> {
    pub fn set_dues(&mut self, c: &SetDuesStatus) -> Vec<Change> {
        self.not_future(c.as_of);
        self.evidence(&c.evidence);
        self.fault_if(!self.m.has_organization(&c.organization), "organization", "UNKNOWN");
        vec![Change::Dues(c.clone())]
    }

    pub fn register_snapshot(&mut self, c: &RegisterSnapshot) -> Vec<Change> {
        self.fault_if(self.m.snapshots.iter().any(|s| s.code == c.code), "code", "EXISTS");
        self.fault_if(!self.m.has_organization(&c.organization), "organization", "UNKNOWN");
        self.not_future(c.as_of);
        let keeper = keeper(c.register);
        self.hit_if(!self.m.has_role(&self.maker, &[keeper]), "ENR-006");
        vec![Change::Snapshot(c.clone())]
    }

    /// ENR-006 to ENR-008, ENR-012.
    pub fn persons_of(&mut self, c: &SubmitEnrollmentBatch) {
        self.hit_if(c.insured_count > c.unit_headcount || c.high_risk_count > c.insured_count, "ENR-012");
        self.hit_if(c.in_service != c.insured_count, "ENR-008");
        let Some(class) = self.m.class(&c.class).filter(|class| class.review_required) else { return };
        let proven = c.evidence.iter().any(|e| e.kind == EvidenceKind::MedicalProof);
        self.hit_if(!proven || c.proof_heads != c.insured_count, "ENR-007");
        let fits = |s: &RegisterSnapshot| {
            let known = !self.m.has_organization(&c.organization) || self.m.is_within(&c.organization, &s.organization);
            keeper(s.register) == class.reviewer && known && s.as_of <= c.submitted_on && c.insured_count <= s.heads
        };
        let lawful = self.m.snapshots.iter().find(|s| s.code == c.snapshot).is_some_and(fits);
        self.hit_if(!lawful, "ENR-006");
    }

    /// ENR-011: what a unit below another than the book's own brings with its places.
    pub fn second_level(&mut self, c: &AllocateQuota) {
        let unit = self.m.organizations.iter().find(|o| o.code == c.organization);
        let own = self.own();
        let below = unit.is_some_and(|o| o.code != own && o.parent != own && self.m.has_organization(&o.parent));
        if c.change == Way::Increase && (below || c.second_level) {
            let wanted = [EvidenceKind::QuotaTable, EvidenceKind::AllocationDocument, EvidenceKind::IndustryAllocation];
            let brought = wanted.iter().all(|kind| c.evidence.iter().any(|e| e.kind == *kind));
            self.hit_if(!brought, "ENR-011");
        }
    }

    /// ENR-005 of each batch, and BUD-004 of all together.
    pub fn within_places(&mut self, of: &CommitExpenditure, batches: &[&SubmitEnrollmentBatch]) {
        for batch in batches {
            let members = self.m.class(&batch.class).is_some_and(|class| !class.review_required);
            let stated = |code: &str| {
                let of_year = |d: &&SetDuesStatus| d.organization == code && d.year == batch.year;
                self.m.dues.iter().rfind(of_year).map(|d| d.fully_paid)
            };
            let paid = self.m.ranks(&batch.organization).into_iter().find_map(stated);
            self.hit_if(members && paid != Some(true), "ENR-005");
        }
        self.within_registers(batches);
        if !self.m.source(&of.source).is_some_and(|s| s.quota_bound) {
            return;
        }
        let lines: BTreeSet<(u16, &str)> = batches.iter().map(|b| (b.year, b.class.as_str())).collect();
        for (year, class) in lines {
            let holder_of = |unit: &str| self.m.place_holder(year, &of.source, class, unit);
            let holders: BTreeSet<&str> = batches
                .iter()
                .filter(|b| (b.year, b.class.as_str()) == (year, class))
                .map(|b| holder_of(&b.organization))
                .collect();
            let any = self.m.notices(year, &of.source, class).next().is_some();
            for holder in holders.into_iter().filter(|_| any) {
                let asked = |b: &&&SubmitEnrollmentBatch| {
                    (b.year, b.class.as_str()) == (year, class) && holder_of(&b.organization) == holder
                };
                let wanted: i64 = batches.iter().filter(asked).map(|b| i64::from(b.insured_count)).sum();
                let others = self.m.batches.iter().filter(|b| (b.year, b.class.as_str()) == (year, class));
                let others = others.filter(|b| holder_of(&b.organization) == holder);
                let paid: i64 = others.map(|b| self.m.paid_from(&of.source, &b.code)).sum();
                let places = self.places_of(year, &of.source, class, holder);
                self.hit_if(places.is_some_and(|places| paid + wanted > places), "BUD-004");
            }
        }
    }

    /// ENR-006: all the heads that the states of a register account for in a year are no more than the largest state has.
    fn within_registers(&mut self, batches: &[&SubmitEnrollmentBatch]) {
        let state_of = |b: &SubmitEnrollmentBatch| self.m.snapshots.iter().find(|s| s.code == b.snapshot);
        let mut over = false;
        for batch in batches {
            let Some(state) = state_of(batch) else { continue };
            let same = |b: &SubmitEnrollmentBatch| {
                let other =
                    state_of(b).is_some_and(|o| (o.register, &o.organization) == (state.register, &state.organization));
                other && b.year == batch.year
            };
            let (mut heads, mut largest) = (0, 0);
            for other in self.m.batches.iter().filter(|b| same(b)) {
                let asked = batches.iter().any(|b| b.code == other.code);
                let paid = i64::from(self.m.paid_heads(&other.code));
                heads += if asked && paid == 0 { i64::from(other.insured_count) } else { paid };
                if asked || paid > 0 {
                    largest = largest.max(state_of(other).map_or(0, |s| s.heads));
                }
            }
            over |= heads > i64::from(largest);
        }
        self.hit_if(over, "ENR-006");
    }

    /// Places of an organisation, net; none where its newest notice gives no number.
    fn places_of(&self, year: u16, source: &str, class: &str, holder: &str) -> Option<i64> {
        let (mut heads, mut bound) = (0, true);
        for notice in self.m.notices(year, source, class).filter(|q| q.organization == holder) {
            for line in notice.lines.iter().filter(|l| l.class == class) {
                let number = i64::from(line.heads.unwrap_or(0));
                if notice.change == Way::Increase {
                    heads += number;
                    bound = line.heads.is_some();
                } else {
                    heads -= number;
                }
            }
        }
        bound.then_some(heads)
    }
}

/// Who keeps a register.
fn keeper(register: RegisterKind) -> Role {
    match register {
        RegisterKind::Hardship => Role::SvcDept,
        RegisterKind::Honour => Role::EcoDept,
    }
}
