//! Which of the fund's rules are judged again here, and which are not, with the reason: `earmark verify --explain`.

/// How a rule is judged here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Of everything that was posted, submitted or refused.
    Judged,
    /// In part: the rest does not stand in the records.
    Partly,
    /// Not at all.
    Not,
}

impl How {
    /// A word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            How::Judged => "JUDGED",
            How::Partly => "PARTLY",
            How::Not => "NOT",
        }
    }
}

/// A rule, and how it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Its code.
    pub rule: &'static str,
    /// How.
    pub how: How,
    /// From what, or why not; in Chinese and English.
    pub zh: &'static str,
    /// The same in English.
    pub en: &'static str,
}

const fn judged(rule: &'static str, zh: &'static str, en: &'static str) -> Explanation {
    Explanation { rule, how: How::Judged, zh, en }
}

const fn partly(rule: &'static str, zh: &'static str, en: &'static str) -> Explanation {
    Explanation { rule, how: How::Partly, zh, en }
}

const fn not(rule: &'static str, zh: &'static str, en: &'static str) -> Explanation {
    Explanation { rule, how: How::Not, zh, en }
}

const SEEN_ZH: &str = "检测规则：不拒绝业务，只核对发现的编号和步骤";
const SEEN_EN: &str = "a detector's: it refuses nothing; ordinals and steps of its findings are checked";

/// The table, in the order of the rules.
pub const EXPLANATIONS: &[Explanation] = &[
    judged("USE-001", "支出科目与对象类别", "expense account and class"),
    judged("USE-002", "用途与对象、计划；资金文件所列用途", "use, class and plan; uses of funding documents"),
    judged("USE-003", "对象类别", "class"),
    judged("USE-004", "付款日、分配日的有效标准", "the standard of the day"),
    judged("USE-005", "人数乘单价", "heads times unit price"),
    judged("USE-006", "收款账户、银行流水对方、冷静期", "payee account, other side of the movement, cooling days"),
    judged("USE-007", "计划；同人两计划（按令牌）", "plan; one person under two plans, by token"),
    judged("USE-008", "方案规定的保障期限", "the scheme's length of cover"),
    judged("USE-009", "收款单位类型、下拨科目", "kind of payee, pass-down accounts"),
    judged("USE-010", "禁用科目", "accounts that are no expense"),
    judged("USE-011", "资金文件用途与期限", "uses and term of funding documents"),
    judged("USE-012", "禁止用途", "forbidden uses"),
    judged("SRC-001", "来源登记与启用", "source registered and enabled"),
    judged("SRC-002", "科目与来源配对、付款方", "paired accounts, payer"),
    judged("SRC-003", "任一日余额", "balance on every day"),
    judged("SRC-004", "调剂批复、资金文件来源", "approval of a transfer, source of a named grant"),
    judged("SRC-005", "协议、公告、票据号、用途", "agreement, announcement, bill, uses"),
    judged("SRC-006", "批复文号与用途", "fiscal reply and its uses"),
    judged("SRC-007", "自付标准与代管资金", "own share, money held for others"),
    judged("SRC-008", "利息来源、日均余额分摊", "source of interest, shares by daily balance"),
    judged("SRC-009", "合法性依据", "legal basis"),
    judged("SRC-010", "银行账户登记", "registered bank accounts"),
    judged("APR-001", "支出批复的种类、会议、日期、范围、余额", "kind, body, days, scope and rest of the approval"),
    judged("APR-002", "批次审核部门、日期、他人审核", "the department's review, its day, another hand"),
    judged("APR-003", "方案批复", "the scheme's approval"),
    judged("APR-004", "标准与参数的批复", "approvals of standards and parameters"),
    judged("APR-005", "批复登记人与制单人", "who registered the approval, and the maker"),
    judged(
        "LAY-001",
        "上级规则集（采用、参数、标准、方案、收款账户）",
        "rules above: adopting, parameters, standards, schemes, payees",
    ),
    judged("BUD-001", "预算余额（逐日）、年度、方案总额", "free budget on every day, year, the scheme's funds"),
    judged("BUD-002", "预算批复与合计", "approval and sum of a budget"),
    judged("BUD-003", "方案名额、收回名额", "the scheme's places, places taken back"),
    judged("BUD-004", "单位名额", "places of units"),
    judged("BUD-005", "占用余额、日期、单价", "rest, day and price of the commitment"),
    judged("ENR-001", "名册、参保、拨付、收款人数", "heads of roster, form, payment and receipts"),
    judged("ENR-002", "保费与赠送合计", "totals of premium and gift"),
    judged("ENR-003", "令牌密钥、同年重复", "token key, a person twice in a year"),
    not("ENR-004", "证件号不进账本，在本机令牌化时检查", "identity numbers end at the local tokenizer"),
    judged("ENR-005", "足额上缴状态", "dues status"),
    judged("ENR-006", "登记册快照", "register snapshots"),
    judged("ENR-007", "医保证明与人数", "proof of insurance and its heads"),
    judged("ENR-008", "在职人数", "heads in service"),
    judged("ENR-009", "截止日", "deadline"),
    judged("ENR-011", "二级单位三份附件", "three documents of a second-level unit"),
    judged("ENR-012", "单位总人数、高危人数", "heads of the unit, high-risk heads"),
    judged("REM-003", "上解收款人、未上解余额、自付标准", "payee, what is held, own share"),
    judged("REM-006", "退回来源", "where returned money comes from"),
    judged("DIV-003", "现金流出", "cash out"),
    judged("DIV-007", "结转转结余批复", "approval to carry to surplus"),
    judged("LED-001", "借贷合计、指定份额合计", "debits and credits, named shares"),
    judged("LED-002", "逐来源、资金文件平衡", "balance by source and grant"),
    judged("LED-003", "科目可记账、必填辅助项", "posting accounts and their dimensions"),
    judged("LED-004", "行数、金额、红字", "lines, amounts, red letters"),
    judged("LED-005", "期初建账在先；树根连续", "opening before all; the tree"),
    judged("LED-006", "凭证号、来源序号、每日签章数", "voucher numbers, source numbers, signed counts"),
    judged("LED-007", "日期与会计期间", "dates and periods"),
    judged("LED-008", "附原始凭证", "documents"),
    judged("LED-009", "制单、审核、出纳；不相容岗位", "maker, reviewer, cashier; offices apart"),
    judged("LED-010", "红字、订正与原凭证", "corrections and their originals"),
    judged("LED-011", "票据、回单、银行流水重复（全账比对）", "bills, slips and movements, over the whole log"),
    not(
        "LED-012",
        "存储损坏由读取时发现；本核验自行重算哈希与树根",
        "damage of a store; hashes and roots are made anew here",
    ),
    judged("LED-013", "结账前未结清事项", "what is left before closing"),
    partly(
        "LED-014",
        "科目名称在开账和建科目时核对；其余属请求格式",
        "names of accounts of the chart; the rest is form of requests",
    ),
    judged("LED-015", "记账本位币", "currency"),
    judged("LED-016", "资金账与预算账", "money and budget apart"),
    judged(
        "RET-001",
        "保管期限、未结清事项、销毁批复",
        "term of archived files, open matters, approval of a destruction",
    ),
    not("PII-001", "格式错误的请求从不入账，记录中无从再判", "malformed requests are never recorded"),
    not("PII-002", "导出时检查，不在记录中", "a matter of exports, not of records"),
    not("REM-001", SEEN_ZH, SEEN_EN),
    not("REM-002", SEEN_ZH, SEEN_EN),
    not("REM-004", SEEN_ZH, SEEN_EN),
    not("REM-005", SEEN_ZH, SEEN_EN),
    not("REM-007", SEEN_ZH, SEEN_EN),
    not("MAT-001", SEEN_ZH, SEEN_EN),
    not("MAT-002", SEEN_ZH, SEEN_EN),
    not("ENR-010", SEEN_ZH, SEEN_EN),
    not("DIV-001", SEEN_ZH, SEEN_EN),
    not("DIV-002", SEEN_ZH, SEEN_EN),
    not("DIV-004", SEEN_ZH, SEEN_EN),
    not("DIV-005", SEEN_ZH, SEEN_EN),
    not("DIV-006", SEEN_ZH, SEEN_EN),
    not("DIV-008", SEEN_ZH, SEEN_EN),
    judged(
        "REC-001",
        "对账单接续、合计、勾对（逾期未达由检测发现）",
        "statements: going on, sums, matches; what is open too long is a detector's",
    ),
    not("REC-002", SEEN_ZH, SEEN_EN),
    not("REC-003", SEEN_ZH, SEEN_EN),
];
