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
        let faults: Vec<text::TextFault> =
            given.split('\n').filter_map(|line| text::free(line, MAX_KEY_BYTES)).collect();
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
