//! The table of rules, in the order in which an answer lists them: those enforced at posting, then those that detectors look after.

use super::{Level, Rule};

const fn rule(code: &'static str, clause: &'static str, zh: &'static str, en: &'static str) -> Rule {
    Rule { code, level: Level::Blocking, clause, zh, en }
}

const fn detecting(code: &'static str, clause: &'static str, zh: &'static str, en: &'static str) -> Rule {
    Rule { level: Level::Detecting, ..rule(code, clause, zh, en) }
}

const fn warning(code: &'static str, clause: &'static str, zh: &'static str, en: &'static str) -> Rule {
    Rule { level: Level::Warning, ..rule(code, clause, zh, en) }
}

const fn both(code: &'static str, clause: &'static str, zh: &'static str, en: &'static str) -> Rule {
    Rule { level: Level::Both, ..rule(code, clause, zh, en) }
}

/// Every rule, in the documented order: diversion first (what the money is for), then authority, then form of the books.
pub const RULES: &[Rule] = &[
    rule(
        "USE-001",
        "办法第十条",
        "支出科目须与对象类别绑定，只能列支互助保障支出明细科目",
        "an expense goes to the account of its class and to no other",
    ),
    rule(
        "USE-002",
        "办法第一条、第十条",
        "用途须在白名单内并与对象、计划相符",
        "the use must be on the list and fit class and plan",
    ),
    rule(
        "USE-003",
        "办法第六条",
        "使用对象只能是会员职工、困难职工、劳模三类",
        "only the three classes of beneficiaries may be served",
    ),
    rule("USE-004", "办法第七条", "单价须等于当日有效标准", "the unit price must be the standard in force that day"),
    rule("USE-005", "办法第七条、第十条", "金额须等于人数乘以单价", "the amount must be heads times unit price"),
    rule(
        "USE-006",
        "办法第八条、第九条",
        "收款人须为省职工保障互助会的登记账户",
        "the payee must be a registered account of the mutual-aid association",
    ),
    rule(
        "USE-007",
        "办法第七条",
        "会员职工只能参加综合互助保障；困难职工和劳模二选一",
        "members take the comprehensive plan; hardship and model workers exactly one of two",
    ),
    rule("USE-008", "办法第八条", "保障期限须为方案规定的一年", "cover lasts the scheme's one year"),
    rule(
        "USE-009",
        "办法第九条",
        "保障费须直拨互助会，不得经各级工会中转",
        "premiums are paid straight to the association, not through the ranks",
    ),
    rule(
        "USE-010",
        "办法第十条",
        "本资金不得记入往来、投资或资产",
        "the fund may not become receivables, investments or assets",
    ),
    rule(
        "USE-011",
        "办法第五条、第十条",
        "不得超出资金文件限定的用途或期限使用",
        "money may not be used outside its document's purpose or term",
    ),
    rule(
        "USE-012",
        "办法第十条",
        "不得列支手续费、管理费、宣传费、工资、赔款",
        "fees, administration, publicity, wages and claims are never the fund's",
    ),
    rule("SRC-001", "办法第五条", "资金来源须已登记并启用", "the source must be registered and enabled"),
    rule(
        "SRC-002",
        "办法第五条；工会会计制度",
        "收入科目须与来源配对",
        "the income account must be the one paired with the source",
    ),
    rule(
        "SRC-003",
        "办法第三条、第十条",
        "任一来源、资金文件的货币资金余额在任何一天都不得为负",
        "no source or grant may fall below zero on any day",
    ),
    rule(
        "SRC-004",
        "办法第十条",
        "来源间调剂须经批准并用专门业务办理",
        "money moves between sources only by an approved transfer",
    ),
    rule(
        "SRC-005",
        "办法第五条3、4",
        "捐赠、募集、赞助须有协议或公告及票据号；限定捐赠须载明用途",
        "donations need agreement and bill; restricted ones name their uses",
    ),
    rule(
        "SRC-006",
        "办法第十条",
        "财政补助须有批复文号，用途须在批复之内",
        "fiscal money needs its reply, and is used only within it",
    ),
    rule(
        "SRC-007",
        "办法第五条1、第七条(一)",
        "自缴保障费须等于人数乘以自付标准，且只能上解互助会",
        "own payments are heads times the own share, only to be passed on",
    ),
    both(
        "SRC-008",
        "办法第五条5",
        "利息须计入利息收入来源，或按批准的政策以日均余额分摊，且与银行结息相符",
        "interest enters its own source, or is shared by daily balances under an approved policy, as the bank paid it",
    ),
    rule(
        "SRC-009",
        "办法第五条6",
        "其他合法来源须有合法性依据文件",
        "another lawful source needs the document of its lawfulness",
    ),
    rule(
        "SRC-010",
        "办法第十条",
        "银行账户须登记为专户或代管户，且资金须进出该户",
        "the bank account must be registered as special or custody account",
    ),
    rule(
        "APR-001",
        "办法第九条",
        "支出须有主席办公会议的有效批复，且不得超出批复余额",
        "an outlay needs a valid approval of the chair's office meeting with enough left",
    ),
    rule(
        "APR-002",
        "办法第九条",
        "困难职工、劳模批次须先经主管部门审核通过",
        "hardship and model-worker batches need their department's review first",
    ),
    rule("APR-003", "办法第十三条", "方案须先经集体审议批准", "the scheme must have been approved first"),
    rule(
        "APR-004",
        "办法第七条、第十条",
        "标准、截止日和参数的变更须经批准",
        "standards, deadlines and parameters change only under an approval",
    ),
    rule("APR-005", "办法第十一条", "批复登记人不得兼任制单人", "who registered the approval may not make the voucher"),
    rule(
        "LAY-001",
        "办法第十七条",
        "标准、参数、期限、用途、对象、计划、收款人只能与上级规则集相同或更严",
        "standards, parameters, deadlines, uses, classes, plans and payees are those of the rules above, or stricter",
    ),
    rule(
        "BUD-001",
        "办法第一条、第四条",
        "不得超出该年度、来源、对象、计划的预算",
        "the budget of year, source, class and plan may not be exceeded",
    ),
    rule(
        "BUD-002",
        "办法第四条",
        "预算设立和调整须有批复，明细合计须等于总额",
        "a budget needs its approval, and its lines must add up",
    ),
    rule("BUD-003", "方案二、四", "名额合计不得超过方案人数", "places may not exceed the scheme's"),
    rule(
        "BUD-004",
        "方案四；附件1",
        "拨付人数不得超过该单位名额（名额按实际的不判）",
        "the heads paid may not exceed the unit's places, unless they go by actual number",
    ),
    rule("BUD-005", "办法第九条", "支出须有有效占用", "an outlay draws on a commitment"),
    rule(
        "ENR-001",
        "办法第十一条",
        "名册行数、参保人数、拨付人数须一致",
        "roster rows, insured heads and paid heads must agree",
    ),
    rule(
        "ENR-002",
        "方案附件2",
        "保费总额、赠送总额须与明细相符",
        "totals of premium and gift must follow from their parts",
    ),
    rule(
        "ENR-003",
        "办法第十一条（实名核对）",
        "同一人同年度只能参保一次，名册须以登记的年度密钥生成令牌",
        "a person is enrolled once a year, shown by tokens of the year's registered key",
    ),
    rule(
        "ENR-004",
        "方案附件2；GB 11643",
        "证件号码校验码、性别、年龄须相符",
        "check digit, sex and age must be those of the identity number",
    ),
    both(
        "ENR-005",
        "办法第六条(一)",
        "会员所在用人单位须当年足额上缴工会经费",
        "a member's unit must be shown to have paid its dues of the year in full",
    ),
    rule(
        "ENR-006",
        "办法第六条(二)(三)、第十一条",
        "困难职工、劳模须在建档册、荣誉册快照之内，全年合计不超过在册人数",
        "hardship and model workers must stand in a registered state of their register, all forms of a year together",
    ),
    rule(
        "ENR-007",
        "办法第九条；方案五(一)",
        "须有覆盖全部参保人数的基本医保证明",
        "proof of basic medical insurance must cover every head",
    ),
    rule("ENR-008", "办法第六条", "参保人员须为在职职工", "every insured person must be in service"),
    rule("ENR-009", "方案五", "参保手续须在截止日前办理", "enrolment ends on the scheme's deadline"),
    rule(
        "ENR-011",
        "方案附件1",
        "二级单位须附上级单位分配表、分配文件和产业工会分配文件",
        "a second-level unit brings the table and document of the unit above and its industry's",
    ),
    rule(
        "ENR-012",
        "方案附件2",
        "参保人数不得超过单位总人数，高危人数不得超过参保人数",
        "insured heads are within the unit's, high-risk heads within the insured",
    ),
    rule(
        "REM-003",
        "办法第八条；方案五(二)",
        "上解须付至互助会登记账户，不超过该单位未上解余额，且等于人数乘以自付标准",
        "remittances go to the association, within what is held, heads times the own share",
    ),
    both(
        "REM-006",
        "办法第八条、第十条",
        "互助会退回的款项须回到原来源和原资金文件，待查款须按期查明或退回",
        "what the association sends back returns to its own source and grant; unplaced money is placed or returned in time",
    ),
    rule("DIV-003", "办法第十条", "专户不得提取现金", "no cash leaves the special account"),
    rule(
        "DIV-007",
        "办法第十条；工会会计制度",
        "结转不得未经批准转作结余",
        "carry-forward becomes surplus only under an approval",
    ),
    rule("LED-001", "会计基础工作规范", "凭证借贷须平衡", "debits must equal credits"),
    rule(
        "LED-002",
        "办法第十条（专账核算）",
        "每一来源、资金文件借贷须各自平衡",
        "debits must equal credits for each source and grant",
    ),
    rule(
        "LED-003",
        "工会会计制度",
        "须为可记账的末级科目，必填辅助项须齐全",
        "lines go to posting accounts with all their dimensions",
    ),
    rule(
        "LED-004",
        "会计基础工作规范第五十一条",
        "至少两行，金额不为零；负数只限红字凭证",
        "at least two lines, none zero; negative only in red",
    ),
    rule(
        "LED-005",
        "财会〔2024〕12号第二十一条(三)",
        "已记账凭证不得修改、删除或插入",
        "posted vouchers are never changed, deleted or inserted",
    ),
    rule(
        "LED-006",
        "财会〔2024〕12号第二十一条(三)",
        "凭证编号、来源系统序号须连续无重号，汇总数须与凭证一致",
        "numbers of vouchers and of collecting systems have no gap and stand once, and summaries agree with their vouchers",
    ),
    rule(
        "LED-007",
        "财会〔2024〕12号第二十四条",
        "日期须在开放的会计期间内且不晚于当天",
        "the date lies in an open period and not after today",
    ),
    rule("LED-008", "会计基础工作规范第五十一条(四)", "须附原始凭证", "a voucher needs its documents"),
    rule(
        "LED-009",
        "会计基础工作规范第十二条",
        "制单、审核、出纳须为不同的人，且制单人仍在岗",
        "maker, reviewer and cashier are different persons, the maker still in office",
    ),
    rule(
        "LED-010",
        "会计基础工作规范第五十一条(五)",
        "红字须指向同年度、未被冲销的原凭证；已出账的资金不得仅凭冲销恢复",
        "a reversal names one voucher of the year, not yet reversed; money that left the bank must be shown to be back",
    ),
    rule(
        "LED-011",
        "财会〔2020〕6号",
        "票据、银行流水和原始凭证不得重复入账",
        "a bill, slip or bank transaction backs one booking only",
    ),
    detecting(
        "LED-012",
        "财会〔2020〕6号；财会〔2024〕12号第二十一条(三)",
        "已存记录须与其哈希、树根一致",
        "what is stored matches its hashes and the roots of the log",
    ),
    rule(
        "LED-013",
        "财会〔2024〕12号第二十四条",
        "结账前须无未审核、未签章、未结清事项",
        "before closing nothing is left unreviewed, unsigned or open",
    ),
    rule("LED-014", "工会会计制度总说明四", "科目须同时有编号和名称", "an account has a name beside its number"),
    rule("LED-015", "会计法第十二条", "记账本位币为人民币", "the books are in CNY"),
    rule("LED-016", "办法第四条", "资金账与预算账不得同凭证", "money and budget never share a voucher"),
    rule(
        "RET-001",
        "会计档案管理办法第十四条、第十九条",
        "会计档案未满保管期限、或有未结清的债权债务及其他未了事项的，不得销毁",
        "archived files are destroyed only after their term, and not while claims or other matters of theirs are open",
    ),
    rule(
        "PII-001",
        "办法第十一条；个人信息保护法第二十八条",
        "不得含证件号、手机号或健康信息",
        "no identity number, phone number or health data",
    ),
    rule(
        "PII-002",
        "办法第十一条；财会〔2024〕12号第三十三条",
        "导出不得含未脱敏的个人信息",
        "nothing that is written out holds personal data",
    ),
    detecting(
        "REM-001",
        "办法第十条；方案五(二)",
        "代收的保障费须在规定天数内上解",
        "premiums collected are passed on within their days",
    ),
    detecting(
        "REM-002",
        "办法第八条；方案五",
        "参保截止后代管经费不得留有余额",
        "after the enrolment deadline nothing is left of the premiums held",
    ),
    detecting(
        "REM-004",
        "办法第十条（专账核算）",
        "各单位代管户存款须等于代管经费",
        "a holder's custody account holds what it owes",
    ),
    detecting("REM-005", "办法第九条", "支出批复后须在规定天数内直拨", "what was approved is paid within its days"),
    detecting(
        "REM-007",
        "办法第十条",
        "拨款文下达后须在规定天数内到专户",
        "an appropriation is in the special account within its days after the letter",
    ),
    detecting(
        "MAT-001",
        "办法第七条(一)",
        "同一批次省总 75 元人数须等于上解的 20 元人数",
        "a batch's subsidised heads equal the heads whose own share was passed on",
    ),
    detecting(
        "MAT-002",
        "办法第十一条",
        "名册、批复、拨付、确认四数须相等",
        "roster, approval, payment and confirmation agree",
    ),
    detecting(
        "ENR-010",
        "办法第九条、第十一条",
        "拨付人数和金额须与互助会确认相符，并按期取得确认",
        "what was paid is confirmed by the association, head by head and in time",
    ),
    detecting(
        "DIV-001",
        "办法第十条（专账核算）",
        "专户流出须有凭证，凭证所记流出须在对账单上",
        "money leaves a special account on a voucher, and what a voucher paid out stands on the statement",
    ),
    detecting(
        "DIV-002",
        "办法第十条",
        "资金不得与互助会以外的对手同额出而复回",
        "no money goes out to another than the association and comes back",
    ),
    detecting(
        "DIV-004",
        "办法第八条、第十条",
        "收款户名不得与互助会相近而不同",
        "no account bears a name that passes for the association's",
    ),
    detecting(
        "DIV-005",
        "办法第九条、第十条",
        "不得拆分付款规避审批额",
        "payments are not split to fit under an approval",
    ),
    warning(
        "DIV-006",
        "办法第十条、第十五条",
        "红字凭证不得异常集中",
        "red vouchers do not pile up, nor before closing",
    ),
    detecting(
        "DIV-008",
        "办法第十条、第十五条",
        "规则放宽期间的入账须复查",
        "what was posted while a parameter or standard was loosened is looked at again",
    ),
    both(
        "REC-001",
        "工会会计制度 102 科目五；办法第十条（专账核算）",
        "银行存款至少每月与对账单核对，调节后余额须相等，未达账项须及时清理",
        "bank balances are reconciled with their statements at least monthly: adjusted balances are equal, open items are cleared",
    ),
    detecting(
        "REC-002",
        "办法第八条、第九条",
        "互助会收款清单须与拨付、上解相符",
        "the association's list of what it received agrees with what was paid and passed on to it",
    ),
    detecting(
        "REC-003",
        "办法第十条（专账核算）；工会会计制度",
        "每一来源资产须等于负债加净资产",
        "the assets of each source equal its liabilities and net assets",
    ),
];
