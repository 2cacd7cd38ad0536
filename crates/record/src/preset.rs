//! What a book is set up with: chart, sources, uses, classes, plans, posting map, standards, parameters. All of it is data; the
//! fund's numbers of any year stand in preset files and in records, never in code.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::kinds::{Dimension, Element, OrgType, Restriction, Role, Side};
use crate::{Day, Fen};

/// A whole preset, as it enters the command that creates a book.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Preset {
    /// Name, for example `hospital-2018`.
    pub name: String,
    /// Code of the fund, for example `HIC2`.
    pub fund_code: String,
    /// Name of the fund in Chinese.
    pub fund_name: String,
    /// Version of the chart of accounts, for example `2021`.
    pub chart_version: String,
    /// ISO 4217 code of the book's currency; only `CNY` is accepted (LED-015).
    pub currency: String,
    /// The chart of accounts.
    pub accounts: Vec<AccountDef>,
    /// Funding sources (办法第五条).
    pub sources: Vec<SourceDef>,
    /// Use codes (用途码).
    pub uses: Vec<UseDef>,
    /// Uses that are known and forbidden (USE-012), with the name people know them by.
    pub forbidden_uses: Vec<Named>,
    /// Beneficiary classes (办法第六条).
    pub classes: Vec<ClassDef>,
    /// Insurance plans (办法第一条).
    pub plans: Vec<Named>,
    /// Which account plays which part in the templates.
    pub posting: PostingMap,
    /// Subsidy standards in force from the start.
    pub standards: Vec<StandardDef>,
    /// Parameters P1..P14 and others, in force from the start.
    pub parameters: Vec<Named>,
    /// Organisations that every book of this fund knows, such as the mutual-aid association.
    pub organizations: Vec<OrgDef>,
    /// Rules in force: their codes, in the documented order.
    pub rules: Vec<String>,
}

/// A code and a name or value.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Named {
    /// Stable code or key.
    pub code: String,
    /// Name or value.
    pub name: String,
}

/// An account of the chart (会计科目).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccountDef {
    /// Code in this chart version.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Code of the account above; empty at the top.
    pub parent: String,
    /// Element.
    pub element: Element,
    /// Side on which the balance normally stands.
    pub normal: Side,
    /// Whether lines may be posted to it; false for headings and for accounts this fund must not use (BLOCK).
    pub posting: bool,
    /// Whether the fund's rules forbid it outright (135, 151, 162, 212, 508 ...), as against being a heading.
    pub blocked: bool,
    /// Dimensions that every line must carry.
    pub dimensions: Vec<Dimension>,
    /// Code under the chart of 2009.
    pub crosswalk_2009: String,
    /// Name under the chart of 2009.
    pub crosswalk_2009_name: String,
}

/// A funding source.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SourceDef {
    /// Stable code (S1M ... S6X).
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// Clause that opens it, for example 办法第五条2.
    pub clause: String,
    /// Restriction by nature.
    pub restriction: Restriction,
    /// Account that its money is credited to: an income account, or the liability of a pass-through source.
    pub income_account: String,
    /// Account that takes the year's result (32103 / 33103); empty for pass-through sources.
    pub result_account: String,
    /// Account that takes the accumulated carry-forward (32104 / 33104); empty for pass-through sources.
    pub carry_account: String,
    /// Uses it may pay for where no grant narrows them further.
    pub uses: Vec<String>,
    /// Whether each grant must name its own permitted uses (fiscal, restricted, announced money).
    pub grant_uses: bool,
    /// Whether the book may use it.
    pub enabled: bool,
    /// Kinds of payer whose premiums it takes (S1M: MEMBER ...); empty otherwise.
    pub payer: String,
    /// Kinds of income (codes of [`crate::kinds::IncomeKind`]) that may enter it; empty for pass-through sources.
    pub income_kinds: Vec<String>,
    /// Whether premium quotas bound it (decisions.md 11: S2P).
    pub quota_bound: bool,
}

/// A use code.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UseDef {
    /// Stable code (A75 ...).
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// Class that it serves; empty for RF, XF, CL.
    pub class: String,
    /// Plan that it pays; empty for RF, XF, CL.
    pub plan: String,
    /// Whether it is the insured's own share (A20) and not the subsidy.
    pub own: bool,
}

/// A beneficiary class.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ClassDef {
    /// Stable code (A, B, C).
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// Expense account that its payments are booked to (decisions.md 1).
    pub expense_account: String,
    /// Plans open to it (A: COMP; B, C: one of COMP, ALLOW).
    pub plans: Vec<String>,
    /// Role whose review its batches need.
    pub reviewer: Role,
    /// Whether the rule APR-002 demands that review before money moves.
    pub review_required: bool,
}

/// Which account plays which part in the templates.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PostingMap {
    /// 住院二次医保专户
    pub special_bank: String,
    /// 代管户
    pub custody_bank: String,
    /// 代管经费
    pub custody_liability: String,
    /// 预算指标 (901)
    pub budget_total: String,
    /// 可用指标 (911)
    pub budget_available: String,
    /// 已分配名额指标 (912)
    pub budget_allocated: String,
    /// 已批复占用 (913)
    pub budget_committed: String,
    /// 已支出 (914)
    pub budget_spent: String,
    /// 工会资金结余: 结转转入 (32204)
    pub surplus_transfer: String,
    /// 工会资金结余: 累计结余 (32205)
    pub surplus: String,
    /// Accounts of which a payment is never an expense of the fund (135, 151, 162 ...), USE-010.
    pub not_expense: Vec<String>,
    /// Accounts that pass money down the ranks (212, 508), USE-009.
    pub pass_down: Vec<String>,
    /// 年初余额调整, one beside each carry-forward account (32101, 33101).
    pub opening_adjustments: Vec<String>,
    /// 单位内部调剂, one beside each carry-forward account (32102, 33102).
    pub internal_transfers: Vec<String>,
    /// 财政拨款结余: 归集上缴 (33202)
    pub fiscal_return: String,
    /// 财政拨款结余: 结转转入 (33204)
    pub fiscal_surplus_transfer: String,
    /// 其他应付款: 待查款 (21502); its source is the one whose income account it is.
    pub suspense: String,
}

/// A subsidy standard: premium = subsidy + own, per head, in fen.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StandardDef {
    /// Class code.
    pub class: String,
    /// Plan code.
    pub plan: String,
    /// Premium a head.
    pub premium_fen: Fen,
    /// The union's subsidy a head.
    pub subsidy_fen: Fen,
    /// The insured's own share a head.
    pub own_fen: Fen,
    /// First day on which it holds.
    pub valid_from: Day,
    /// Last day on which it holds, if it has one.
    pub valid_to: Option<Day>,
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OrgDef {
    /// Stable code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub org_type: OrgType,
    /// Code of the organisation above; empty at the top.
    pub parent: String,
    /// Administrative region code (行政区划代码); may be empty.
    pub region: String,
    /// Unified social credit code (统一社会信用代码); may be empty.
    pub uscc: String,
}
