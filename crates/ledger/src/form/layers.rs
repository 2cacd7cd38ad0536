//! The form of what concerns the rules of the book above, and of historical imports.

use record::Command;
use record::command::{AdoptRuleSet, RegisterHistory};

use super::{Form, MAX_LINES};

/// Entries of a list of a rule set: more than any preset has.
const MAX_ENTRIES: usize = 500;
/// Rows of one historical import: a year's entries of a province fit, and one person can answer for them.
const MAX_HISTORY_ROWS: u32 = 10_000;

impl Form {
    pub(super) fn layers(&mut self, command: &Command) {
        match command {
            Command::AdoptRuleSet(c) => self.adoption(c),
            Command::FileRules(c) => {
                if c.version == 0 {
                    self.fault("version", "REQUIRED", "必填", "is required");
                }
                self.required_number("doc_no", &c.doc_no);
                self.day("filed_on", c.filed_on);
                self.code("filed_with", &c.filed_with);
                self.evidence(&c.evidence);
            }
            Command::RegisterHistory(c) => self.history(c),
            _ => {}
        }
    }

    fn adoption(&mut self, c: &AdoptRuleSet) {
        let rules = &c.rules;
        self.within("rules", |form| {
            form.code("book", &rules.book);
            if rules.version == 0 {
                form.fault("version", "REQUIRED", "必填", "is required");
            }
            form.day("day", rules.day);
            form.each("standards", &rules.standards, 1, MAX_ENTRIES, |form, standard| form.standard(standard));
            form.each("parameters", &rules.parameters, 1, MAX_ENTRIES, |form, parameter| {
                form.code("code", &parameter.code);
                form.required_text("name", &parameter.name);
            });
            form.each("classes", &rules.classes, 1, MAX_LINES, |form, class| form.code("class", &class.class));
            form.each("uses", &rules.uses, 1, MAX_ENTRIES, |form, code| form.code("", code));
            form.each("sources", &rules.sources, 1, MAX_ENTRIES, |form, source| form.code("source", &source.source));
            form.each("forbidden_uses", &rules.forbidden_uses, 0, MAX_ENTRIES, |form, code| form.code("", code));
            form.each("schemes", &rules.schemes, 0, MAX_LINES, |form, scheme| {
                form.year("year", scheme.year);
                form.day("enroll_deadline", scheme.enroll_deadline);
            });
            form.each("payees", &rules.payees, 0, MAX_LINES, |form, payee| {
                form.code("organization", &payee.organization);
                form.required_text("name", &payee.name);
            });
            form.each("rules", &rules.rules, 1, MAX_ENTRIES, |form, code| form.code("", code));
        });
        if c.digest != rules.digest() {
            self.fault("digest", "MISMATCH", "与规则集内容不符", "is not that of the rules");
        }
        self.day("effective_from", c.effective_from);
        self.optional_code("approval", &c.approval);
    }

    fn history(&mut self, c: &RegisterHistory) {
        self.code("code", &c.code);
        self.digest("digest", &c.digest);
        if !(1..=MAX_HISTORY_ROWS).contains(&c.rows) {
            self.fault("rows", "OUT_OF_RANGE", "须为1至10000行", "must be 1 to 10,000 rows");
        }
        self.day("from", c.from);
        self.day("to", c.to);
        self.term("to", Some(c.from), Some(c.to));
        self.optional_code("approval", &c.approval);
        self.evidence(&c.evidence);
    }
}
