//! The form of the programme's commands, for the model. Those of money and of setting up stand in `form`.

use std::collections::BTreeSet;

use record::command::{Evidence, SubmitEnrollmentBatch};
use record::kinds::Change;
use record::{Command, Day};

use super::Form;

impl Form {
    pub(super) fn programme(&mut self, command: &Command) {
        match command {
            Command::RegisterScheme(c) => {
                self.year("year", c.year);
                self.given_number("doc_no", &c.doc_no);
                self.code("approval", &c.approval);
                self.fen("total_fen", c.total_fen);
                self.list("targets", &c.targets, 1, 20, |form, t| {
                    form.code("class", &t.class);
                    form.heads("heads", t.heads);
                });
                let classes: BTreeSet<&String> = c.targets.iter().map(|t| &t.class).collect();
                self.fault_if(classes.len() < c.targets.len(), "targets", "DUPLICATE");
                self.day("enroll_deadline", c.enroll_deadline);
                self.fault_if(!(1..=60).contains(&c.cover_months), "cover_months", "OUT_OF_RANGE");
            }
            Command::SetSubsidyStandard(c) => {
                let s = &c.standard;
                self.code("approval", &c.approval);
                self.under("standard.", |form| {
                    form.codes(&[("class", &s.class), ("plan", &s.plan)]);
                    form.fen("premium_fen", s.premium_fen);
                    form.fen_or_zero("subsidy_fen", s.subsidy_fen);
                    form.fen_or_zero("own_fen", s.own_fen);
                    form.fault_if(s.subsidy_fen + s.own_fen != s.premium_fen, "premium_fen", "OUT_OF_RANGE");
                    form.day("valid_from", s.valid_from);
                    form.fault_if(s.valid_to.is_some_and(|to| to < s.valid_from), "valid_to", "OUT_OF_RANGE");
                });
            }
            Command::SetBudget(c) => {
                self.budget(c.year, c.date, &c.approval, &c.lines, &c.evidence);
                self.fen("total_fen", c.total_fen);
                self.fault_if(c.lines.iter().any(|l| l.change == Change::Decrease), "lines", "OUT_OF_RANGE");
            }
            Command::AdjustBudget(c) => self.budget(c.year, c.date, &c.approval, &c.lines, &c.evidence),
            Command::AllocateQuota(c) => {
                self.given_number("notice_no", &c.notice_no);
                self.codes(&[("organization", &c.organization), ("source", &c.source)]);
                self.year("year", c.year);
                self.day("date", c.date);
                self.given_text("basis", &c.basis);
                self.evidence(&c.evidence);
                self.list("lines", &c.lines, 1, 200, |form, line| {
                    form.codes(&[("class", &line.class), ("plan", &line.plan)]);
                    line.heads.into_iter().for_each(|heads| form.heads("heads", heads));
                });
            }
            Command::SubmitEnrollmentBatch(c) => self.batch(c),
            Command::ReviewEnrollmentBatch(c) => {
                self.code("batch", &c.batch);
                self.day("reviewed_on", c.reviewed_on);
                self.reason(c.verdict, &c.reason);
            }
            Command::ConfirmCoverage(c) => {
                self.code("batch", &c.batch);
                self.given_number("confirmation_no", &c.confirmation_no);
                self.heads_or_zero("heads", c.heads);
                self.fen_or_zero("fen", c.fen);
                self.day("confirmed_on", c.confirmed_on);
            }
            _ => self.registers(command),
        }
    }

    /// The registers that enrolment is judged by.
    fn registers(&mut self, command: &Command) {
        match command {
            Command::SetDuesStatus(c) => {
                self.code("organization", &c.organization);
                self.year("year", c.year);
                self.day("as_of", c.as_of);
                self.evidence(&c.evidence);
            }
            Command::RegisterSnapshot(c) => {
                self.codes(&[("code", &c.code), ("organization", &c.organization)]);
                self.given_number("version", &c.version);
                self.day("as_of", c.as_of);
                self.heads("heads", c.heads);
                self.digest("digest", &c.digest);
            }
            _ => self.money(command),
        }
    }

    fn budget(
        &mut self,
        year: u16,
        date: Day,
        approval: &str,
        lines: &[record::command::BudgetLine],
        evidence: &[Evidence],
    ) {
        self.year("year", year);
        self.day("date", date);
        self.code("approval", approval);
        self.evidence(evidence);
        self.list("lines", lines, 1, 200, |form, line| {
            form.codes(&[("source", &line.source), ("class", &line.class), ("plan", &line.plan)]);
            form.fen("fen", line.fen);
        });
    }

    fn batch(&mut self, c: &SubmitEnrollmentBatch) {
        self.codes(&[("code", &c.code), ("organization", &c.organization), ("class", &c.class), ("plan", &c.plan)]);
        self.year("year", c.year);
        self.number("prior_confirmation_no", &c.prior_confirmation_no);
        self.fault_if(c.renewal && c.prior_confirmation_no.is_empty(), "prior_confirmation_no", "REQUIRED");
        self.heads("unit_headcount", c.unit_headcount);
        self.heads("insured_count", c.insured_count);
        self.heads("roster_rows", c.roster_rows);
        self.heads_or_zero("high_risk_count", c.high_risk_count);
        self.heads_or_zero("gift_count", c.gift_count);
        self.fen("premium_total_fen", c.premium_total_fen);
        self.fen_or_zero("gift_per_person_fen", c.gift_per_person_fen);
        self.fen_or_zero("gift_total_fen", c.gift_total_fen);
        self.digest("roster_digest", &c.roster_digest);
        self.day("submitted_on", c.submitted_on);
        self.day("cover_start", c.cover_start);
        self.day("cover_end", c.cover_end);
        self.evidence(&c.evidence);
        self.optional_code("snapshot", &c.snapshot);
        self.heads_or_zero("proof_heads", c.proof_heads);
        self.heads_or_zero("in_service", c.in_service);
        self.optional_code("upload", &c.upload);
    }
}
