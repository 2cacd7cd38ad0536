//! The verdict on a whole command: who asked it, which rules stand against it, and whether what stands is what follows from it.

use record::{Event, Record};

use super::{Verifier, hex};
use crate::asked::{Asked, asked};
use crate::compare;
use crate::fault::Code;
use crate::judge::{self, Ask, Found, allowed};

impl Verifier {
    /// Judges what was asked; tells whether all is as it should be.
    pub(super) fn judge(&mut self, records: &[Record], first: &Record) -> bool {
        let before = self.report.faults_in_all();
        let (asked, exact) = asked(&self.book, records);
        let commands = match &asked {
            Asked::One(command) => core::slice::from_ref(command),
            Asked::Commands(commands) => commands,
            Asked::Unreadable => {
                self.report.add(first.sequence, Code::Body, "a canonical command", "bytes of none");
                return false;
            }
            Asked::Unknown => return self.not_asked(first),
        };
        let Some(command) = self.fingerprinted(first, commands, exact) else { return false };
        let person = first.actor.person;
        // Before the first record nobody holds an office; the first person listed stands for the opening.
        let ask = Ask::of(command);
        if !allowed(&self.book, person, &ask) {
            let code = self.book.persons.code(person).to_owned();
            let name = ask.name().unwrap_or("review or withdrawal");
            self.report.add(first.sequence, Code::Role, format!("an office that may ask {name}"), code);
        }
        let found = judge::judge(&self.book, &self.archive, first, command);
        if found.unjudged {
            self.unjudged(first);
            return false;
        }
        if let Event::Refused(refused) = &first.event {
            self.refusal(first, refused.hits.first().map_or("", |hit| hit.rule.as_str()), found);
        } else {
            self.effect(records, first, found);
        }
        before == self.report.faults_in_all()
    }

    /// The command whose fingerprint the request bears; the first one, with a fault, if it bears none of theirs.
    fn fingerprinted<'c>(
        &mut self,
        first: &Record,
        commands: &'c [record::Command],
        exact: bool,
    ) -> Option<&'c record::Command> {
        let request = first.request.as_ref()?;
        let person = self.book.persons.code(first.actor.person);
        let fits =
            |c: &&record::Command| record::command_fingerprint(&self.book.code, person, c) == request.fingerprint;
        let found = if exact { commands.iter().find(fits) } else { None };
        if exact && found.is_none() {
            self.report.add(
                first.sequence,
                Code::Fingerprint,
                "that of the command in the record",
                hex(&request.fingerprint),
            );
        }
        found.or(commands.first())
    }

    /// Events that begin no command known here: what takes a review and has none, or what was added to the format since.
    fn not_asked(&mut self, first: &Record) -> bool {
        let reviewed = matches!(
            first.event,
            Event::VoucherPosted(_)
                | Event::GrantOpened(_)
                | Event::Committed(_)
                | Event::Released { .. }
                | Event::GrantAmended(_)
                | Event::BankAccountRegistered(_)
                | Event::RolesSet(_)
                | Event::ParameterSet { .. }
                | Event::StandardSet { .. }
                | Event::SchemeRegistered { .. }
                | Event::DaySigned { .. }
                | Event::DuesStatusSet { .. }
                | Event::TokenKeyRegistered { .. }
                | Event::SourceNumbersVoided { .. }
                | Event::RuleSetAdopted(_)
                | Event::RulesFiled { .. }
                | Event::HistoryRegistered { .. }
                | Event::ArchivesDestroyed { .. }
        );
        if reviewed {
            self.report.add(first.sequence, Code::Review, "a review before it", compare::name(&first.event));
        } else {
            self.unjudged(first);
        }
        false
    }

    fn unjudged(&mut self, first: &Record) {
        let count = self.report.unjudged.entry(compare::name(&first.event)).or_default();
        *count = count.saturating_add(1);
    }

    fn refusal(&mut self, first: &Record, leading: &str, found: Found) {
        self.report.refusals = self.report.refusals.saturating_add(1);
        if found.breaks(leading) {
            return;
        }
        if leading == "LED-011" && !found.once.is_empty() {
            self.archive.claim(first.sequence, found.once);
            return;
        }
        let broken: Vec<&str> = found.broken.iter().map(|(code, _)| *code).collect();
        let shown = if broken.is_empty() { "no rule broken".to_owned() } else { broken.join(", ") };
        self.report.add(first.sequence, Code::Refusal, shown, leading);
    }

    /// What took effect or was submitted: no rule against it, and exactly what follows from it.
    fn effect(&mut self, records: &[Record], first: &Record, found: Found) {
        self.report.judged = self.report.judged.saturating_add(1);
        for field in &found.unknown {
            let code = match field.split(':').next() {
                Some("submission") => Code::Review,
                Some("statement" | "policy") => Code::Policy,
                _ => Code::Name,
            };
            self.report.add(first.sequence, code, "what the book holds, once, and in time", field.as_str());
        }
        let mut told: Vec<&str> = Vec::new();
        for (rule, subject) in &found.broken {
            if !told.contains(rule) {
                told.push(rule);
                self.report.add(first.sequence, Code::Rule, "refused", format!("{rule} {subject}"));
            }
        }
        if let Event::DetectorsRun { .. } = first.event {
            self.findings(records);
            return;
        }
        if !found.unknown.is_empty() && found.events.is_empty() {
            return;
        }
        if found.events.len() != records.len() {
            let expected: Vec<String> = found.events.iter().map(compare::name).collect();
            let stand: Vec<String> = records.iter().map(|record| compare::name(&record.event)).collect();
            self.report.add(first.sequence, Code::Derived, expected.join(", "), stand.join(", "));
            return;
        }
        for (expected, record) in found.events.iter().zip(records) {
            if let Some(d) = compare::difference(expected, &record.event) {
                self.report.add(record.sequence, d.code, d.expected, d.found);
            }
        }
    }

    /// What a run of the detectors wrote: its ordinals, and what it refers to.
    fn findings(&mut self, records: &[Record]) {
        let (mut next, size) = (self.book.findings.len().saturating_add(1), self.book.sequence);
        for record in records.iter().skip(1) {
            let stands = |no: u32| no >= 1 && (no as usize) < next;
            let wrong = match &record.event {
                Event::FindingOpened(event) => {
                    let right = event.no as usize == next
                        && event.tree_size == size
                        && (event.earlier == 0 || stands(event.earlier));
                    next = next.saturating_add(1);
                    !right
                }
                Event::FindingChanged(event) => !stands(event.finding),
                Event::FindingGone { finding, .. } => !stands(*finding),
                _ => true,
            };
            if wrong {
                let name = compare::name(&record.event);
                self.report.add(record.sequence, Code::Finding, format!("a finding below {next}, or it"), name);
            }
        }
    }

    /// Records that nobody asked for.
    pub(super) fn by_the_ledger(&mut self, record: &Record) {
        let at_end = record.sequence.saturating_sub(1);
        match &record.event {
            Event::StateDigest { at, .. } => {
                self.digest_at = record.sequence;
                if *at != at_end {
                    self.report.add(record.sequence, Code::StateDigest, at_end.to_string(), at.to_string());
                }
            }
            Event::Totals { at, entries, root } => {
                self.report.totals = self.report.totals.saturating_add(1);
                // Where a StateDigest stands right before, both are of the same place; else this one is of the record before it.
                let before = if self.digest_at == at_end { at_end.saturating_sub(1) } else { at_end };
                if *at != before {
                    self.report.add(record.sequence, Code::Totals, format!("at {before}"), format!("at {at}"));
                }
                let (own_entries, own_root) = self.book.sums.commitment();
                if (own_entries, own_root) != (*entries, *root) {
                    let expected = format!("{own_entries} entries, {}", hex(&own_root));
                    self.report.add(
                        record.sequence,
                        Code::Totals,
                        expected,
                        format!("{entries} entries, {}", hex(root)),
                    );
                }
            }
            Event::RefusalsSuppressed { .. } => {}
            other => {
                self.report.add(record.sequence, Code::Request, "a request", compare::name(other));
            }
        }
        if record.actor.person != 0 {
            self.report.add(record.sequence, Code::Role, "the ledger itself", record.actor.person.to_string());
        }
    }
}
