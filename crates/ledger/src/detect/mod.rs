//! Detectors (事后发现): pure functions over the state and a day that see what suggests a breach. They look at the sums, registers and days
//! that the state keeps, never at single receipts, so a season takes well under a second. What is made of a sign stands in
//! `decide::findings`; what it is called stands in `rules`. A sign is 疑似: what it was is the audit committee's to say.

mod approvals;
mod bank;
mod custody;
mod deposits;
mod dues;
mod heads;
mod letters;
mod loosened;
mod names;
mod parameters;
mod red;
mod sources;
mod statements;
#[cfg(test)]
mod tests;
mod tries;

use record::finding::Sign;
use record::kinds::SubjectKind;
use record::{Day, GrantNo, Sequence};

use crate::state::{Place, State, key_of};
use crate::{Language, rules};

pub(crate) use custody::held_premiums;
pub use parameters::DEFAULTS;

/// Records that a sign cites at most; the rest follows from running its detector again.
pub const MAX_EVIDENCE: usize = 50;

/// A detector: what it is called, what it sees, and how. Name, day and parameters are all that running it again takes.
pub struct Detector {
    /// Stable name.
    pub name: &'static str,
    /// Rules whose breach it sees; empty where it sees attempts at any of them.
    pub rules: &'static [&'static str],
    /// What it computes, in Chinese.
    pub zh: &'static str,
    /// What it computes, in English.
    pub en: &'static str,
    look: fn(&mut Look<'_>),
}

/// Every detector, in the order in which they look.
pub const DETECTORS: &[Detector] = &[
    Detector {
        name: "custody-age",
        rules: &["REM-001", "REM-002", "REM-004"],
        zh: "各经管单位代收款按先进先出计的账龄、截止日后的余额、代管户与代管负债之差",
        en: "each holder's premiums by age (first in, first out), what is left after the deadline, custody account against liability",
        look: custody::look,
    },
    Detector {
        name: "unpaid-approvals",
        rules: &["REM-005"],
        zh: "批复后逾期的未付占用，以及逾期未占用的支出批复",
        en: "commitments unpaid, and outlay approvals unused, beyond their days after the meeting",
        look: approvals::unpaid,
    },
    Detector {
        name: "unidentified-deposits",
        rules: &["REM-006"],
        zh: "待查款入账后逾期未查明、未退回的余额",
        en: "what is left of unidentified money beyond its days",
        look: deposits::look,
    },
    Detector {
        name: "letters",
        rules: &["REM-007"],
        zh: "拨款文日期至到账日的天数",
        en: "days between an appropriation letter and its money",
        look: letters::look,
    },
    Detector {
        name: "batch-heads",
        rules: &["MAT-001", "MAT-002", "ENR-010"],
        zh: "每批次的名册、拨付（减退回）、上解与确认人数",
        en: "heads of each batch: roster, paid less returned, passed on, confirmed",
        look: heads::look,
    },
    Detector {
        name: "dues-after-payment",
        rules: &["ENR-005"],
        zh: "已拨付会员批次，其单位后经查明未足额上缴当年经费",
        en: "members' batches that were paid and whose unit turned out not to have paid its dues of the year in full",
        look: dues::look,
    },
    Detector {
        name: "round-trips",
        rules: &["DIV-002"],
        zh: "登记银行流水中，同额、同对手（互助会除外）的一出一回",
        en: "registered movements out and back of one amount with one counterparty other than the association",
        look: bank::look,
    },
    Detector {
        name: "near-names",
        rules: &["DIV-004"],
        zh: "与互助会账户户名相同而单位不同，或只差一两个字的账户",
        en: "accounts of the association's name under another owner, or of a name that differs in one or two characters",
        look: names::look,
    },
    Detector {
        name: "split-payments",
        rules: &["DIV-005"],
        zh: "数日内凭相近批复支付、合计超过其中最高批复额的多笔付款",
        en: "payments within days, under approvals of the same days, that no one of these approvals could have carried together",
        look: approvals::split,
    },
    Detector {
        name: "red-rate",
        rules: &["DIV-006"],
        zh: "每月记字凭证中红字的比例，以及月末数日内的红字",
        en: "red vouchers among a month's, and those of its last days",
        look: red::look,
    },
    Detector {
        name: "loosened-parameters",
        rules: &["DIV-008"],
        zh: "参数放宽期间入账的记字凭证，以及年度中途提高的标准下的拨付",
        en: "finance vouchers dated while a parameter was looser than before, and payments at a standard raised within its year",
        look: loosened::look,
    },
    Detector {
        name: "source-balance",
        rules: &["REC-003"],
        zh: "各来源资产 - 负债 - 净资产 - 收入 + 支出",
        en: "assets less liabilities, net assets and income, plus expenses, of each source",
        look: sources::look,
    },
    Detector {
        name: "open-items",
        rules: &["DIV-001", "SRC-008", "REC-001", "REC-002"],
        zh: "银行对账单、互助会清单与账面逐笔对照后逾期的未达账项",
        en: "items of bank statements and of the association's list against the books that have stayed open beyond their days",
        look: statements::items,
    },
    Detector {
        name: "monthly-reconciliation",
        rules: &["REC-001"],
        zh: "各账户每月有无对账单，调节后余额是否相等",
        en: "each account month by month: whether there is a statement, and whether the adjusted balances are equal",
        look: statements::months,
    },
    Detector {
        name: "refused-attempts",
        rules: &[],
        zh: "同一人同一天被同一规则拒绝的次数（形式类规则除外）",
        en: "requests of one person that one rule refused on one day, rules of form apart",
        look: tries::look,
    },
];

/// The detector of a name.
pub fn find(name: &str) -> Option<&'static Detector> {
    DETECTORS.iter().find(|detector| detector.name == name)
}

/// Everything that the detectors see on a day, in the order of the rules and then of the subjects; with a name, that detector alone.
pub fn signs(state: &State, day: Day, only: Option<&str>) -> Vec<Sign> {
    let mut signs = Vec::new();
    for detector in DETECTORS.iter().filter(|detector| only.is_none_or(|name| name == detector.name)) {
        let mut look = Look { state, day, name: detector.name, parameters: Vec::new(), signs: Vec::new() };
        (detector.look)(&mut look);
        signs.append(&mut look.signs);
    }
    signs.sort_by_cached_key(|sign| (rules::position(&sign.rule), key_of(sign)));
    signs
}

/// What a sign says to people: that it is a suspicion, what the rule demands, the clause, what was expected and found.
pub fn describe(sign: &Sign, language: Language) -> String {
    let rule = rules::find(&sign.rule);
    let zh = language == Language::Zh;
    let attempts = sign.detector == "refused-attempts";
    let mut text = match (zh, attempts) {
        (true, false) => "疑似未满足：",
        (true, true) => "疑似反复试探：",
        (false, false) => "possible breach: ",
        (false, true) => "possibly repeated tries: ",
    }
    .to_owned();
    if let Some(rule) = rule {
        text.push_str(if zh { rule.zh } else { rule.en });
        text.push_str(&if zh { format!("（{}）", rule.clause) } else { format!(" ({})", rule.clause) });
    }
    if !sign.expected.is_empty() {
        text.push_str(&if zh {
            format!("；应为 {}", sign.expected)
        } else {
            format!("; expected {}", sign.expected)
        });
    }
    if !sign.found.is_empty() {
        text.push_str(&if zh { format!("；实为 {}", sign.found) } else { format!("; found {}", sign.found) });
    }
    text
}

/// One detector at work.
pub(crate) struct Look<'a> {
    pub state: &'a State,
    pub day: Day,
    name: &'static str,
    parameters: Vec<(String, String)>,
    signs: Vec<Sign>,
}

impl<'a> Look<'a> {
    /// A number that the book sets, as it holds on the day; signs that follow say that they were judged by it.
    fn number(&mut self, key: &str) -> i32 {
        let number = parameters::number(self.state, key, self.day);
        if !self.parameters.iter().any(|(known, _)| known == key) {
            self.parameters.push((key.to_owned(), number.to_string()));
        }
        number
    }

    /// A sign of nothing yet: an amount or a number of heads makes it one.
    fn sign(&self, rule: &str, kind: SubjectKind, subject: &str) -> Sign {
        Sign {
            rule: rule.to_owned(),
            detector: self.name.to_owned(),
            kind,
            subject: subject.to_owned(),
            fen: 0,
            heads: 0,
            count: 0,
            expected: String::new(),
            found: String::new(),
            since: self.day,
            evidence: Vec::new(),
            parameters: self.parameters.clone(),
        }
    }

    fn see(&mut self, mut sign: Sign) {
        sign.evidence.sort_unstable();
        sign.evidence.dedup();
        sign.evidence.truncate(MAX_EVIDENCE);
        self.signs.push(sign);
    }

    /// Where a thing stands in the log; nothing where no record brought it.
    fn at(&self, place: &Place) -> Option<Sequence> {
        self.state.watch.place(place)
    }

    /// Records of grants or batches.
    fn grants(&self, grants: impl IntoIterator<Item = GrantNo>) -> Vec<Sequence> {
        grants.into_iter().filter_map(|no| self.at(&Place::Grant(no))).take(MAX_EVIDENCE).collect()
    }
}

/// The absolute value of a number of heads or fen.
fn size(number: i64) -> i64 {
    number.saturating_abs()
}
