//! The closed sets of the fund's model, each with its stable codes. Open sets (sources, uses, classes, plans, accounts) are data of
//! the preset and stand in `preset`.

use crate::coded::coded;

coded! {
    /// Side of a line (借 / 贷).
    Side { /// 借
        Debit = "D", /// 贷
        Credit = "C" }
}

impl Side {
    /// The other side.
    pub const fn other(self) -> Side {
        match self {
            Side::Debit => Side::Credit,
            Side::Credit => Side::Debit,
        }
    }
}

coded! {
    /// Which ledger a voucher belongs to: money, or the budget ledger kept off the balance sheet (accounts 901..914).
    LedgerKind { /// Money.
        Actual = "ACTUAL", /// Budget.
        Budget = "BUDGET" }
}

coded! {
    /// Voucher word (凭证字), decisions.md 7.
    Word { /// 记: finance.
        Ji = "记", /// 代: premium receipts.
        Dai = "代", /// 转: closing.
        Zhuan = "转", /// 预: budget.
        Yu = "预" }
}

coded! {
    /// What a voucher is to the books (红字冲销 etc., rules.md 0.4).
    VoucherKind { /// An ordinary voucher.
        Normal = "NORMAL", /// 红字注销: the original's lines, same side, negative.
        RedReversal = "RED_REVERSAL", /// 差额调整 (red-letter difference).
        RedAdjust = "RED_ADJUST", /// 蓝字订正.
        BlueCorrection = "BLUE_CORRECTION", /// 期初.
        Opening = "OPENING", /// 结账.
        Closing = "CLOSING" }
}

coded! {
    /// Posting template (books.md 4.5). Every voucher comes from one; there is no free-form posting (decisions.md 4).
    Template { /// 省总拨款到专户
        T01a = "T01a", /// 省总拨款（历年结余调剂）
        T01b = "T01b", /// 上级工会专项补助
        T01c = "T01c", /// 职工个人代收
        T02 = "T02", /// 用人单位/单位工会代收
        T03 = "T03", /// 财政补助
        T04 = "T04", /// 限定捐赠
        T05 = "T05", /// 非限定捐赠
        T06 = "T06", /// 募集
        T07 = "T07", /// 赞助
        T08 = "T08", /// 利息
        T09 = "T09", /// 利息分摊
        T09b = "T09b", /// 其他收入/其他合法来源
        T10 = "T10", /// 预算设立/调整
        T11 = "T11", /// 名额分配/收回
        T12 = "T12", /// 批复占用/释放
        T13 = "T13", /// 直拨保障费
        T14 = "T14", /// 上解互助会
        T15 = "T15", /// 来源间调剂
        T16 = "T16", /// 退回（当年）
        T17 = "T17", /// 退回（以前年度）
        T18 = "T18", /// 20 元退回并返还
        T19 = "T19", /// 红字注销
        T20 = "T20", /// 蓝字订正
        T21 = "T21", /// 金额差额调整
        T22 = "T22", /// 以前年度差错
        T23 = "T23", /// 期末结转收入
        T24 = "T24", /// 期末结转支出
        T25 = "T25", /// 转累计结转
        T26 = "T26", /// 结转转结余
        T27 = "T27", /// 财政结余上缴
        T28 = "T28", /// 预算年末注销
        T29 = "T29", /// 期初建账
        T30 = "T30", /// 待查款
        T31 = "T31", /// 退还出资人
        T32 = "T32" }
}

coded! {
    /// Accounting element (会计要素).
    Element { /// 资产
        Asset = "ASSET", /// 负债
        Liability = "LIABILITY", /// 净资产
        NetAsset = "NET_ASSET", /// 收入
        Income = "INCOME", /// 支出
        Expense = "EXPENSE", /// 预算（表外）
        Budget = "BUDGET" }
}

coded! {
    /// Restriction that a source carries by its nature.
    Restriction { /// Money held for others (20 yuan): only to be passed on.
        PassThrough = "PASS_THROUGH", /// Unrestricted within the fund's purposes.
        None = "NONE", /// As the donor's agreement permits.
        Donor = "DONOR", /// As the fiscal 批复 permits.
        Fiscal = "FISCAL", /// As the announcement or document permits.
        Document = "DOCUMENT" }
}

coded! {
    /// A dimension that an account demands on every line (books.md 4.4).
    Dimension { /// Funding source.
        Source = "SOURCE", /// Funding document.
        Grant = "GRANT", /// Organisation that holds the money (经管单位).
        Holder = "HOLDER", /// Programme year.
        Year = "YEAR", /// Beneficiary class.
        Class = "CLASS", /// Insurance plan.
        Plan = "PLAN", /// Use code.
        Use = "USE", /// Headcount.
        Heads = "HEADS", /// Unit price.
        Price = "PRICE", /// Counterparty organisation.
        Counterparty = "COUNTERPARTY" }
}

coded! {
    /// Kind of organisation (books.md 4.1).
    OrgType { /// 省总工会
        ProvFed = "PROV_FED", /// 地级以上市总工会
        CityFed = "CITY_FED", /// 顺德区总工会
        Shunde = "SHUNDE", /// 省级产业工会
        Industry = "INDUSTRY", /// 省直机关工会
        ProvOrgans = "PROV_ORGANS", /// 中央驻穗单位工会
        CentralUnit = "CENTRAL_UNIT", /// 省属集团公司工会
        ProvGroup = "PROV_GROUP", /// 基层工会
        Grassroots = "GRASSROOTS", /// 用人单位
        Employer = "EMPLOYER", /// 省职工保障互助会
        MutualAid = "MUTUAL_AID", /// 捐赠人
        Donor = "DONOR", /// 财政
        Fiscal = "FISCAL", /// 银行
        Bank = "BANK" }
}

impl OrgType {
    /// Whether the organisation is a union body: paying it the province's money is transfer through the ranks (USE-009).
    pub const fn is_union(self) -> bool {
        matches!(
            self,
            OrgType::ProvFed
                | OrgType::CityFed
                | OrgType::Shunde
                | OrgType::Industry
                | OrgType::ProvOrgans
                | OrgType::CentralUnit
                | OrgType::ProvGroup
                | OrgType::Grassroots
        )
    }
}

coded! {
    /// Role of a person in a book (rules.md 1.5).
    Role { /// 制单
        FinMaker = "FIN_MAKER", /// 审核
        FinReviewer = "FIN_REVIEWER", /// 记账
        FinPoster = "FIN_POSTER", /// 会计主管
        FinChief = "FIN_CHIEF", /// 出纳
        Cashier = "CASHIER", /// 职工服务部
        SvcDept = "SVC_DEPT", /// 经济工作部
        EcoDept = "ECO_DEPT", /// 批复登记
        Approver = "APPROVER", /// 代收系统
        Collector = "COLLECTOR", /// 互助会
        MutualAid = "MUTUAL_AID", /// 经审会、审计
        Audit = "AUDIT" }
}

coded! {
    /// Kind of approval (books.md 4.1).
    ApprovalKind { /// 方案
        Scheme = "SCHEME", /// 预算
        Budget = "BUDGET", /// 预算调整
        BudgetAdjust = "BUDGET_ADJUST", /// 补贴标准
        Standard = "STANDARD", /// 支出
        Expenditure = "EXPENDITURE", /// 职工服务部审核
        ReviewB = "REVIEW_B", /// 经济工作部审核
        ReviewC = "REVIEW_C", /// 来源间调剂
        InternalTransfer = "INTERNAL_TRANSFER", /// 财政批复
        FiscalReply = "FISCAL_REPLY", /// 捐赠人同意
        DonorConsent = "DONOR_CONSENT", /// 结转转结余
        CarryToSurplus = "CARRY_TO_SURPLUS", /// 参数
        Param = "PARAM", /// 以前年度差错更正
        PriorYear = "PRIOR_YEAR", /// 会计档案销毁
        Destruction = "DESTRUCTION" }
}

coded! {
    /// Kind of accounting archive (会计档案, 会计档案管理办法附表): how long it is kept is the ledger's rule.
    ArchiveKind { /// 会计凭证
        Voucher = "VOUCHER", /// 会计账簿
        Ledger = "LEDGER", /// 月度、季度、半年度财务会计报告
        Statement = "STATEMENT", /// 年度财务会计报告
        AnnualReport = "ANNUAL_REPORT", /// 银行对账单
        BankStatement = "BANK_STATEMENT", /// 银行存款余额调节表
        Reconciliation = "RECONCILIATION" }
}

coded! {
    /// The body that decided (rules.md 6.3): the three union bodies cannot stand in for each other.
    Body { /// 党组会议
        PartyGroup = "党组会议", /// 领导班子
        Leadership = "领导班子", /// 主席办公会议
        ChairOffice = "主席办公会议", /// 职工服务部
        SvcDept = "职工服务部", /// 经济工作部
        EcoDept = "经济工作部", /// 财政部门
        Fiscal = "财政部门", /// 捐赠人
        Donor = "捐赠人" }
}

coded! {
    /// Who paid a premium (decides the source within S1).
    PayerType { /// 职工个人
        Member = "MEMBER", /// 用人单位
        Employer = "EMPLOYER", /// 单位工会
        UnitUnion = "UNIT_UNION" }
}

coded! {
    /// Where a premium receipt lies (books.md 4.1).
    Custody { /// In the collecting organisation's custody account.
        Collector = "COLLECTOR", /// Paid straight to the association: a record without a voucher.
        MutualAidDirect = "MUTUAL_AID_DIRECT" }
}

coded! {
    /// What a bank account is registered for (SRC-010).
    BankPurpose { /// 住院二次医保专户
        FundSpecial = "FUND_SPECIAL", /// 代管户
        Custody = "CUSTODY", /// 收款人账户
        Payee = "PAYEE", /// 付款人账户: who pays us, and the only account to which a deposit goes back.
        Payer = "PAYER" }
}

coded! {
    /// Direction of a bank transaction, seen from our account.
    Direction { /// Money came in.
        In = "IN", /// Money went out.
        Out = "OUT" }
}

coded! {
    /// How money moved (结算方式).
    Settlement { /// 转账
        Transfer = "TRANSFER", /// 现金
        Cash = "CASH" }
}

coded! {
    /// Kind of a piece of evidence (原始凭证). Bills and bank slips may back one voucher only (decisions.md 10).
    EvidenceKind { /// 票据
        Bill = "BILL", /// 银行回单
        BankSlip = "BANK_SLIP", /// 拨款文
        AppropriationLetter = "APPROPRIATION_LETTER", /// 批复
        Reply = "REPLY", /// 捐赠协议
        Agreement = "AGREEMENT", /// 募集公告
        Announcement = "ANNOUNCEMENT", /// 会议纪要
        Minutes = "MINUTES", /// 名册
        Roster = "ROSTER", /// 名额分配表
        QuotaTable = "QUOTA_TABLE", /// 医保证明
        MedicalProof = "MEDICAL_PROOF", /// 退回通知
        ReturnNotice = "RETURN_NOTICE", /// 合法性依据
        LegalBasis = "LEGAL_BASIS", /// 其他
        Other = "OTHER", /// 上级单位分配文件
        AllocationDocument = "ALLOCATION_DOCUMENT", /// 产业工会分配文件
        IndustryAllocation = "INDUSTRY_ALLOCATION" }
}

impl EvidenceKind {
    /// Whether one document of this kind may back one voucher only (LED-011).
    pub const fn is_unique(self) -> bool {
        matches!(self, EvidenceKind::Bill | EvidenceKind::BankSlip)
    }
}

coded! {
    /// Kind of incoming money: chooses template and source (books.md 4.5 T01..T10; T01b has its own command).
    IncomeKind { /// T01a 省总拨款
        Appropriation = "APPROPRIATION", /// T04 同级财政补助
        FiscalSubsidy = "FISCAL_SUBSIDY", /// T04 非同级/地方财政补助
        OtherFiscalSubsidy = "OTHER_FISCAL_SUBSIDY", /// T05 限定捐赠
        RestrictedDonation = "RESTRICTED_DONATION", /// T06 非限定捐赠
        Donation = "DONATION", /// T07 募集
        Fundraising = "FUNDRAISING", /// T08 赞助
        Sponsorship = "SPONSORSHIP", /// T09 利息
        Interest = "INTEREST", /// T10 其他收入
        Other = "OTHER", /// T10 其他合法来源
        OtherLawful = "OTHER_LAWFUL", /// T01c 上级工会专项补助
        SuperiorSubsidy = "SUPERIOR_SUBSIDY" }
}

impl IncomeKind {
    /// The posting template of this kind of income.
    pub const fn template(self) -> Template {
        match self {
            IncomeKind::Appropriation => Template::T01a,
            IncomeKind::SuperiorSubsidy => Template::T01c,
            IncomeKind::FiscalSubsidy | IncomeKind::OtherFiscalSubsidy => Template::T04,
            IncomeKind::RestrictedDonation => Template::T05,
            IncomeKind::Donation => Template::T06,
            IncomeKind::Fundraising => Template::T07,
            IncomeKind::Sponsorship => Template::T08,
            IncomeKind::Interest => Template::T09,
            IncomeKind::Other | IncomeKind::OtherLawful => Template::T10,
        }
    }
}

coded! {
    /// What a grant (funding document) is.
    GrantKind { /// 拨款文
        Appropriation = "APPROPRIATION", /// 财政批复
        FiscalReply = "FISCAL_REPLY", /// 捐赠协议
        Donation = "DONATION", /// 募集公告、赞助协议
        Announcement = "ANNOUNCEMENT", /// 结息期
        InterestPeriod = "INTEREST_PERIOD", /// 报名批次的保障费
        PremiumBatch = "PREMIUM_BATCH", /// 其他依据
        Other = "OTHER" }
}

coded! {
    /// Increase or decrease of something that clients state as a positive amount.
    Change { /// 增加、分配
        Increase = "INCREASE", /// 减少、收回
        Decrease = "DECREASE" }
}

coded! {
    /// Verdict of a reviewing person.
    Verdict { /// 通过
        Approve = "APPROVE", /// 退回
        Reject = "REJECT" }
}

coded! {
    /// 赠送类型 of the enrolment form (附件2).
    GiftType { /// 非赠送
        None = "NONE", /// 部分赠送
        Partial = "PARTIAL", /// 全额赠送
        Full = "FULL" }
}

coded! {
    /// Register that shows who may be enrolled (办法第六条(二)(三), 第十一条).
    RegisterKind { /// 困难职工档案
        Hardship = "HARDSHIP", /// 劳模荣誉册
        Honour = "HONOUR" }
}

impl RegisterKind {
    /// The department that keeps the register, and reviews the batches drawn from it.
    pub const fn keeper(self) -> Role {
        match self {
            RegisterKind::Hardship => Role::SvcDept,
            RegisterKind::Honour => Role::EcoDept,
        }
    }
}

coded! {
    /// Where a finding stands on its way from discovery to its end (办法第十五条; rules.md 1.1).
    FindingState { /// 发现: a detector saw it; nobody has looked at it yet.
        Open = "OPEN", /// 核实
        Verified = "VERIFIED", /// 整改
        Rectifying = "RECTIFYING", /// 销号
        Closed = "CLOSED", /// 排除: looked at, and explained.
        Dismissed = "DISMISSED" }
}

coded! {
    /// A step of a finding; each leads to one state (decisions.md 21).
    FindingStep { /// 核实: the audit committee confirms what was seen and sets the due date.
        Verify = "VERIFY", /// 整改: the owner department says what it does.
        Rectify = "RECTIFY", /// 销号: the audit committee accepts what was done.
        Close = "CLOSE", /// 排除: the audit committee explains why it is nothing.
        Dismiss = "DISMISS" }
}

coded! {
    /// What a finding is about.
    SubjectKind { /// An organisation that holds money (经管单位).
        Holder = "HOLDER", /// An enrolment batch.
        Batch = "BATCH", /// A commitment.
        Commitment = "COMMITMENT", /// An approval.
        Approval = "APPROVAL", /// A grant (funding document).
        Grant = "GRANT", /// A funding source.
        Source = "SOURCE", /// A bank transaction.
        BankTransaction = "BANK_TRANSACTION", /// A bank account.
        BankAccount = "BANK_ACCOUNT", /// A budget line: year, source, class and plan.
        BudgetLine = "BUDGET_LINE", /// An accounting period.
        Period = "PERIOD", /// A parameter, from the day on which it was loosened.
        Parameter = "PARAMETER", /// A person and a day.
        Person = "PERSON", /// An account and a month of its statements.
        Statement = "STATEMENT", /// A line of a statement: account and the line's id.
        StatementLine = "STATEMENT_LINE" }
}

coded! {
    /// What a line of a bank statement says that it is, as far as a detector must tell it apart.
    LineNature { /// Anything else.
        Other = "OTHER", /// 结息
        Interest = "INTEREST", /// 手续费、管理费
        Charge = "CHARGE" }
}
