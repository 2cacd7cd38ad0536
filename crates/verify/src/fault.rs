//! What can be wrong with a book, by stable codes. `docs/verify.md` is their reference; nothing is judged here.

use record::Sequence;

/// Defines the codes with their texts in one table.
macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $zh:literal, $en:literal;)+) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$meta])* $name),+ }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Code::$name => $code),+ }
            }

            /// What is wrong, in Chinese.
            pub const fn zh(self) -> &'static str {
                match self { $(Code::$name => $zh),+ }
            }

            /// What is wrong, in English.
            pub const fn en(self) -> &'static str {
                match self { $(Code::$name => $en),+ }
            }
        }
    };
}

codes! {
    /// The file cannot be read to a trailer that fits.
    File = "VER-001", "取证文件损坏或不完整", "the evidence file is damaged or cut short";
    /// A body is no canonical record.
    Body = "VER-002", "记录不能解码，或重新编码后字节不同", "a record does not decode, or re-encodes to other bytes";
    /// Sequences are not 1, 2, 3 ...
    Sequence = "VER-003", "记录序号不连续", "records are not numbered without gap";
    /// Record time runs backwards.
    Time = "VER-004", "记录时间倒退", "record time runs backwards";
    /// Records of one command do not belong together.
    Command = "VER-005", "同一命令的记录不完整或不一致", "the records of a command are not whole or not of one hand";
    /// A request id stands twice, or is missing.
    Request = "VER-006", "请求号重复或缺失", "a request id stands twice or is missing";
    /// The fingerprint is not that of what was asked.
    Fingerprint = "VER-007", "请求指纹与命令内容不符", "a fingerprint is not that of the command";
    /// The tree is not the one that the header or head names.
    Root = "VER-008", "记录的默克尔树根或大小与所称不符", "root or size of the tree is not the one that is claimed";
    /// The tree is no continuation of a checkpoint that the auditor holds.
    Checkpoint = "VER-009", "与审计方持有的检查点不一致：历史已被改写", "the log does not continue a checkpoint held by the auditor";
    /// An ordinal is not the next, or a code is taken.
    Ordinal = "VER-010", "编号不是下一个，或代码已被使用", "an ordinal is not the next, or its code is taken";
    /// Something names what the book does not hold.
    Name = "VER-011", "引用了账套中不存在的内容", "something names what the book does not hold";
    /// Voucher numbers have a gap or stand twice.
    Number = "VER-012", "凭证号断号或重号", "voucher numbers have a gap or stand twice";
    /// A voucher does not balance by source and grant.
    Balance = "VER-013", "凭证未按来源和资金文件借贷平衡", "a voucher does not balance by source and grant";
    /// A line lacks dimensions, has a wrong sign, or goes to an account that takes none.
    Line = "VER-014", "分录不合科目要求", "a line does not meet what its account demands";
    /// What stands is not what the command leads to.
    Derived = "VER-015", "入账内容与命令应得的结果不符", "what was recorded is not what the command leads to";
    /// Grants are not those that carry it, oldest first.
    Attribution = "VER-016", "资金文件归属不是先进先出，或归属错误", "the grants are not those that carry it, oldest first";
    /// Money stands below zero on some day.
    Negative = "VER-017", "某日货币资金余额为负", "money stands below zero on some day";
    /// A budget account stands below zero.
    Budget = "VER-018", "预算余额为负", "a budget account stands below zero";
    /// More was taken of an approval than it gives.
    Approval = "VER-019", "批复使用额超过批准额", "more was taken of an approval than it gives";
    /// Maker, reviewer and cashier are not three persons, or not those who acted.
    Hands = "VER-020", "制单、审核、出纳不是三个不同的人，或与实际经办人不符", "maker, reviewer and cashier are not three, or not who acted";
    /// Who acted had no office for it.
    Role = "VER-021", "经办人当时没有相应岗位", "who acted had no office for it at that moment";
    /// A review of nothing, too late, or an effect that nobody reviewed.
    Review = "VER-022", "审核对象不存在、已过期，或未经审核即生效", "a review of nothing or too late, or an effect without review";
    /// A closing out of order, or with another trial balance.
    Period = "VER-023", "结账次序错误，或结账时试算平衡表不符", "a closing out of order, or with another trial balance";
    /// A bank transaction is drawn beyond its amount.
    Bank = "VER-024", "银行流水被超额引用", "a bank transaction is drawn beyond its amount";
    /// A bill, slip or person stands twice.
    Duplicate = "VER-025", "票据、回单或参保人重复", "a bill, slip or person stands twice";
    /// A Totals record is not the sums that it commits.
    Totals = "VER-026", "汇总承诺（Totals）与重算结果不符", "a Totals record does not commit the sums of the books";
    /// A StateDigest record stands where none may.
    StateDigest = "VER-027", "状态承诺（StateDigest）位置错误", "a StateDigest record names a wrong place";
    /// A rule refuses what was posted.
    Rule = "VER-028", "违反规则的业务已入账", "something stands that a rule refuses";
    /// What was refused breaks no rule.
    Refusal = "VER-029", "被拒绝的业务并未违反所称规则", "a refusal names a rule that is not broken";
    /// A day was signed for other vouchers than it has.
    Signed = "VER-030", "每日签章的张数或金额与凭证不符", "a day was signed for other receipts than it has";
    /// A finding goes a way that is none.
    Finding = "VER-031", "发现的编号、状态或步骤错误", "a finding has a wrong number, state or step";
    /// A correction does not undo its original, or does so twice.
    Correction = "VER-032", "红字或订正与原凭证不符，或重复冲销", "a correction does not fit its original, or stands twice";
    /// A policy of the log was set without the word of all its parties.
    Policy = "VER-033", "日志信任策略未经各方签署，或未承接前一策略", "a trust policy is not signed by all its parties, or does not follow the one before";
    /// No checkpoint meets the policy of the auditor.
    Cosigned = "VER-034", "没有符合审计方信任策略的检查点", "no checkpoint meets the policy that the auditor gave";
    /// A part lacks what its records rest on, or what its scope is about.
    Lacks = "VER-035", "取证文件缺少其范围或其记录所依据的内容", "a part lacks what it is about, or what its records rest on";
    /// Entries of a Totals record are not whole, or not its.
    Entries = "VER-036", "合计条目不完整、次序错误，或不属于汇总承诺（Totals）", "entries of a Totals record are not whole, out of order, or not its";
    /// The records after a Totals record are not whole.
    Tail = "VER-037", "汇总承诺（Totals）之后的记录不完整，或不属于该日志", "the records after a Totals record are not whole, or not the log's";
    /// Something left a source for another use than those named.
    Outflow = "VER-038", "期间内有支出用于所称用途之外", "something left the source for another use than those named";
    /// The log's rows are not what they say.
    LogRow = "VER-040", "日志行的叶哈希、树根或边界不符", "a row of the stored log has other hashes, root or bounds";
    /// A record has no row in a view.
    ViewMissing = "VER-041", "视图缺少记录应有的行", "a view lacks a row that a record makes";
    /// A row of a view has no record.
    ViewExtra = "VER-042", "视图中有记录未产生的行", "a view has a row that no record makes";
    /// A row of a view says something else than its record.
    ViewDiffers = "VER-043", "视图内容与记录不符", "a row of a view differs from its record";
    /// Tables, triggers or rights are not those of this version.
    Schema = "VER-044", "数据库表结构、触发器或权限与本版本不符", "tables, triggers or rights are not those of this version";
    /// A stored signed head or cosignature is not one of this log.
    Head = "VER-045", "存储的已签检查点或共签与日志不符，或签名无效", "a stored signed head or cosignature is not one of this log";
    /// The database finds its own files damaged.
    Storage = "VER-046", "数据库自检发现文件或索引损坏", "the database finds its own files or indexes damaged";
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code())
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Record that shows it; 0 where none does.
    pub sequence: Sequence,
    /// Its kind.
    pub code: Code,
    /// What should stand there.
    pub expected: String,
    /// What was found.
    pub found: String,
}
