//! The collector of field faults: where in the message reading stands, and what was wrong so far. It never holds a field's text.

use ledger::FieldFault;

/// Faults reported of one request. A message may be wrong in thousands of places; people read this many.
const MAX_FAULTS: usize = 100;

/// A step from a message to a value in it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Field(&'static str),
    Item(usize),
}

/// Reads a message field by field and keeps what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// Where reading stands; it becomes text where something is wrong, which is seldom.
    path: Vec<Step>,
    faults: Vec<FieldFault>,
}

impl Fields {
    /// Reads a named field with `read`; faults found there carry its path.
    pub fn at<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Fields) -> T) -> T {
        self.step(Step::Field(name), read)
    }

    /// Reads an item of a repeated field.
    pub fn item<T>(&mut self, index: usize, read: impl FnOnce(&mut Fields) -> T) -> T {
        self.step(Step::Item(index), read)
    }

    fn step<T>(&mut self, step: Step, read: impl FnOnce(&mut Fields) -> T) -> T {
        self.path.push(step);
        let value = read(self);
        self.path.pop();
        value
    }

    /// The path as text: `notice.lines[1].class`.
    fn path(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name.trim_start_matches("r#"));
                }
                Step::Item(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }

    /// The field that is being read is at fault.
    pub fn fault(&mut self, code: &'static str, zh: &str, en: &str) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(FieldFault { field: self.path(), code, zh: zh.to_owned(), en: en.to_owned() });
        }
    }

    /// The field that is being read was not given.
    pub fn missing(&mut self) {
        self.fault("REQUIRED", "必填", "must be given");
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// What was wrong, together with the ledger's own form faults of the same request. A field that could not be read was read as a
    /// placeholder; what the ledger says about that, or about anything below it, says nothing of the request.
    pub fn with(self, form: Vec<FieldFault>) -> Vec<FieldFault> {
        let unread = |field: &str| {
            self.faults.iter().any(|fault| {
                field
                    .strip_prefix(fault.field.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            })
        };
        let new: Vec<FieldFault> = form.into_iter().filter(|fault| !unread(&fault.field)).collect();
        let mut all = self.faults;
        all.extend(new);
        all.truncate(MAX_FAULTS);
        all
    }
}

/// The ledger's form faults under the names of the API: below the request's own content field, with the wire's field names.
pub(crate) fn form_faults(content: &str, faults: Vec<FieldFault>) -> Vec<FieldFault> {
    faults.into_iter().map(|fault| FieldFault { field: wire_path(content, &fault.field), ..fault }).collect()
}

/// Where a field of the command stands in the request.
pub(crate) fn wire_path(content: &str, field: &str) -> String {
    // Some commands wrap the thing that they register, which the request holds directly: their paths begin with it already.
    let wrapped = field.strip_prefix(content).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if wrapped || matches!(field, "book" | "request_id") {
        return rename(field);
    }
    match (content, field) {
        ("", field) => rename(field),
        (content, "") => content.to_owned(),
        (content, field) => format!("{content}.{}", rename(field)),
    }
}

/// The wire's name of each segment; the few that differ are those that the proto style renames.
fn rename(field: &str) -> String {
    let segments: Vec<String> = field
        .split('.')
        .map(|segment| {
            let (name, index) = segment.split_at(segment.find('[').unwrap_or(segment.len()));
            let name = match name {
                "fen" => "amount_fen",
                "use_code" => "use",
                "org_type" => "type",
                other => other,
            };
            format!("{name}{index}")
        })
        .collect();
    segments.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(field: &str) -> FieldFault {
        FieldFault { field: field.into(), code: "OUT_OF_RANGE", zh: String::new(), en: String::new() }
    }

    #[test]
    fn form_faults_take_the_names_of_the_request() {
        for (content, field, expected) in [
            ("disbursement", "fen", "disbursement.amount_fen"),
            ("disbursement", "grants[3].fen", "disbursement.grants[3].amount_fen"),
            ("disbursement", "use_code", "disbursement.use"),
            ("disbursement", "request_id", "request_id"),
            ("organization", "organization.org_type", "organization.type"),
            ("change", "standard.own_fen", "change.standard.own_fen"),
            ("", "persons[0].code", "persons[0].code"),
        ] {
            assert_eq!(wire_path(content, field), expected);
        }
    }

    #[test]
    fn what_is_below_an_unread_field_is_not_judged() {
        let mut fields = Fields::default();
        fields.at("notice", |f| f.at("lines", |f| f.item(1, |f| f.at("class", Fields::missing))));
        fields.at("evidence", Fields::missing);
        let all = fields.with(vec![
            form("notice.lines[1].class"),
            form("notice.lines[10].class"),
            form("evidence[0].digest"),
        ]);
        let names: Vec<&str> = all.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(names, ["notice.lines[1].class", "evidence", "notice.lines[10].class"]);
    }
}
