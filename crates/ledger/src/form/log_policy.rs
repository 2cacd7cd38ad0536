//! The form of a log's trust policy and of the statement about it: all that the two texts tell by themselves.

use proof::{ED25519, MAX_KEY_BYTES, Note, Policy, Statement, policy_digest};
use record::command::SetLogPolicy;

use super::Form;
use super::text;

/// Bytes of either text: with room for a dozen ML-DSA keys, both fit a command.
const MAX_TEXT_BYTES: usize = 48 * 1024;

/// Bytes of an origin: what cosignatures of every kind can hold.
const MAX_ORIGIN_BYTES: usize = 255;

impl Form {
    pub(super) fn log_policy(&mut self, c: &SetLogPolicy) {
        let policy = self.trusted(&c.policy);
        let note = self.stated(c);
        let (Some(policy), Some(note)) = (policy, note) else { return };
        // A signature that bears a party's name and does not verify is no signature.
        if !policy.log_endorses(&note).unwrap_or(false) {
            self.not_signed("没有新策略中日志密钥的有效签名", "bears no valid signature of the log key of this policy");
        }
        if !policy.quorum_endorses(&note).unwrap_or(false) {
            self.not_signed("没有新策略法定见证人的有效签名", "bears no valid signatures of this policy's quorum");
        }
    }

    fn not_signed(&mut self, zh: &str, en: &str) {
        self.fault("statement", "NOT_SIGNED", zh, en);
    }

    fn trusted(&mut self, given: &str) -> Option<Policy> {
        if !self.multiline("policy", given) {
            return None;
        }
        let policy = match Policy::parse(given.as_bytes()) {
            Ok(policy) => policy,
            Err(faults) => {
                for fault in faults {
                    let (line, name) = (fault.line, fault.kind.name());
                    let zh = format!("第{line}行不合信任策略格式（{name}）");
                    self.fault(
                        "policy",
                        "BAD_POLICY",
                        &zh,
                        &format!("line {line} is no line of a trust policy ({name})"),
                    );
                }
                return None;
            }
        };
        let one = match policy.logs() {
            [log] => log.key.kind() == ED25519 && log.key.name().len() <= MAX_ORIGIN_BYTES,
            _ => false,
        };
        if !one {
            let zh = "须有且只有一个日志，密钥为 Ed25519，名称不超过255字节";
            self.fault("policy", "BAD_POLICY", zh, "names one log, by an Ed25519 key whose name has at most 255 bytes");
        }
        one.then_some(policy)
    }

    fn stated(&mut self, c: &SetLogPolicy) -> Option<Note> {
        if !self.multiline("statement", &c.statement) {
            return None;
        }
        let read = Note::parse(&c.statement).ok().and_then(|note| Some((Statement::parse(note.text()).ok()?, note)));
        let Some((statement, note)) = read else {
            self.fault("statement", "BAD_STATEMENT", "不是已签署的策略声明", "is no signed statement about a policy");
            return None;
        };
        if statement.policy != policy_digest(&c.policy) {
            self.fault("statement", "OTHER_POLICY", "所述策略与所附策略不符", "is about another policy");
        }
        Some(note)
    }

    /// A text of several lines, each free of what no text may hold.
    fn multiline(&mut self, field: &str, given: &str) -> bool {
        if given.is_empty() {
            self.fault(field, "REQUIRED", "必填", "is required");
            return false;
        }
        if given.len() > MAX_TEXT_BYTES {
            self.fault(field, "TOO_LONG", "最多48KiB", "takes at most 48 KiB");
            return false;
        }
        let fault = |line: &str| match line.len() {
            ..=MAX_KEY_BYTES => text::free(&written(line), text::MAX_TEXT_CHARS),
            _ => Some(text::TextFault::TooLong),
        };
        let faults: Vec<text::TextFault> = given.split('\n').filter_map(fault).collect();
        if faults.iter().any(|fault| matches!(fault, text::TextFault::Personal)) {
            self.personal(field);
        }
        if faults.iter().any(|fault| !matches!(fault, text::TextFault::Personal)) {
            let zh = "含控制、零宽或双向字符、制表符，或有过长的行";
            self.fault(
                field,
                "BAD_CHARACTER",
                zh,
                "holds tabs, control, zero-width or bidirectional characters, or too long a line",
            );
        }
        faults.is_empty()
    }
}

/// What people wrote of a line: keys (`NAME+ID+BASE64`) and signatures (a dash, name and base64) are bytes, whose letters mean nothing and
/// are long; that they are in their form is judged where they are read.
fn written(line: &str) -> String {
    let without_key = |word: &str| match word.match_indices('+').nth(1) {
        Some((end, _)) => word.get(..end).unwrap_or(word).to_owned(),
        None => word.to_owned(),
    };
    let line = match line.rsplit_once(' ') {
        Some((rest, _)) if line.starts_with("\u{2014} ") => rest,
        _ => line,
    };
    line.split(' ').map(without_key).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_keys_and_signatures_mean_nothing() {
        for (line, is) in [
            ("log example.org/gd+0a1b2c3d+AQHIV13800138000", "log example.org/gd+0a1b2c3d"),
            ("witness w w.example.org+4e5f6a7b+Bg/HIV+x= https://w/", "witness w w.example.org+4e5f6a7b https://w/"),
            ("\u{2014} w.example.org AAAAHIV+x=", "\u{2014} w.example.org"),
            ("# HIV, 13800138000", "# HIV, 13800138000"),
            ("group HIV 1 a+b", "group HIV 1 a+b"),
            ("", ""),
        ] {
            assert_eq!(written(line), is, "{line}");
        }
    }
}
