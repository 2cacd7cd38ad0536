//! The verbs that are one request each, and the methods they call. Flags and help texts come from the API itself (`flags`), so a verb is
//! a line here. Verbs that do more (demo, serve, import ...) have files of their own.

use anyhow::Context;
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::flags;
use crate::lang::Lang;
use crate::schema;

/// A verb.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// Words on the command line.
    pub words: &'static str,
    /// `Service.Method`.
    pub method: &'static str,
    /// Flags that may also be given by position, in order.
    pub positional: &'static [&'static str],
    /// A flag that the verb itself gives, with its value: of methods that several verbs call.
    pub fixed: Option<(&'static str, &'static str)>,
}

const fn verb(words: &'static str, method: &'static str, positional: &'static [&'static str]) -> Verb {
    Verb { words, method, positional, fixed: None }
}

/// A step of a finding.
const fn step(words: &'static str, step: &'static str) -> Verb {
    Verb { fixed: Some(("step", step)), ..verb(words, "AuditService.UpdateFinding", &["finding", "reason"]) }
}

/// Every verb, as the help lists them. A test keeps this table complete against the API.
pub const VERBS: &[Verb] = &[
    verb("init", "BookService.CreateBook", &[]),
    verb("book get", "BookService.GetBook", &[]),
    verb("book list", "BookService.ListBooks", &[]),
    verb("accounts", "BookService.ListAccounts", &[]),
    verb("account define", "BookService.DefineAccount", &["code"]),
    verb("orgs", "BookService.ListOrganizations", &[]),
    verb("org register", "BookService.RegisterOrganization", &["code"]),
    verb("bank-account register", "BookService.RegisterBankAccount", &["code"]),
    verb("bank-transaction register", "SpendingService.RegisterBankTransaction", &["id"]),
    verb("role grant", "BookService.GrantRole", &["code"]),
    verb("role revoke", "BookService.RevokeRole", &["person"]),
    verb("parameters", "BookService.ListParameters", &[]),
    verb("parameter set", "BookService.SetParameter", &["key", "value"]),
    verb("periods", "BookService.ListPeriods", &[]),
    verb("open-balances", "BookService.PostOpeningBalances", &[]),
    verb("close period", "BookService.ClosePeriod", &["period"]),
    verb("close year", "BookService.CloseYear", &["year"]),
    verb("archive destroyed", "BookService.RecordDestruction", &["list-no"]),
    verb("archive list", "BookService.ListArchives", &[]),
    verb("sign-day", "BookService.SignDailySummary", &["day"]),
    verb("summaries", "BookService.ListDailySummaries", &[]),
    verb("scheme register", "ProgramService.RegisterScheme", &[]),
    verb("scheme get", "ProgramService.GetScheme", &["year"]),
    verb("standard set", "ProgramService.SetSubsidyStandard", &[]),
    verb("budget set", "ProgramService.SetBudget", &[]),
    verb("budget adjust", "ProgramService.AdjustBudget", &[]),
    verb("quota allocate", "ProgramService.AllocateQuota", &["notice-no"]),
    verb("quota list", "ProgramService.ListQuotas", &[]),
    verb("batch submit", "ProgramService.SubmitEnrollmentBatch", &["code"]),
    verb("batch review", "ProgramService.ReviewEnrollmentBatch", &["batch"]),
    verb("batch confirm", "ProgramService.ConfirmCoverage", &["batch"]),
    verb("batch list", "ProgramService.ListEnrollmentBatches", &[]),
    verb("snapshot register", "ProgramService.RegisterSnapshot", &["code"]),
    verb("snapshot list", "ProgramService.ListSnapshots", &[]),
    verb("token-key register", "ProgramService.RegisterTokenKey", &["year", "key-id"]),
    verb("dues set", "BookService.SetDuesStatus", &["organization", "year"]),
    verb("dues list", "BookService.ListDuesStatuses", &[]),
    verb("record appropriation", "FundingService.RecordAppropriation", &[]),
    verb("record subsidy", "FundingService.RecordSubsidy", &[]),
    verb("record donation", "FundingService.RecordDonation", &[]),
    verb("record fundraising", "FundingService.RecordFundraising", &[]),
    verb("record interest", "FundingService.RecordInterest", &[]),
    verb("record other-income", "FundingService.RecordOtherIncome", &[]),
    verb("record surplus", "FundingService.AppropriateSurplus", &[]),
    verb("record deposit", "FundingService.RecordUnidentifiedDeposit", &["code"]),
    verb("allocate-interest", "FundingService.AllocateInterest", &[]),
    verb("deposit identify", "VoucherService.IdentifyDeposit", &["deposit"]),
    verb("deposit return", "FundingService.ReturnDeposit", &["deposit"]),
    verb("grant amend", "FundingService.AmendGrant", &["grant"]),
    verb("grant get", "FundingService.GetGrant", &["grant"]),
    verb("grant return", "SpendingService.ReturnGrant", &["grant"]),
    verb("grant list", "FundingService.ListGrants", &[]),
    verb("receipt post", "PremiumService.PostPremiumReceipt", &[]),
    verb("remit", "PremiumService.RemitPremiums", &[]),
    verb("refund", "PremiumService.RefundPremium", &["receipt"]),
    verb("source-numbers gaps", "PremiumService.ListSourceGaps", &[]),
    verb("source-numbers void", "PremiumService.VoidSourceNumbers", &["system"]),
    verb("approve", "SpendingService.RecordApproval", &["code"]),
    verb("approvals", "SpendingService.ListApprovals", &[]),
    verb("explain", "ProgramService.Explain", &["class", "plan", "heads"]),
    verb("commit", "SpendingService.CommitExpenditure", &["code"]),
    verb("release", "SpendingService.ReleaseCommitment", &["commitment"]),
    verb("disburse", "SpendingService.Disburse", &[]),
    verb("return", "SpendingService.RecordReturn", &["payment"]),
    verb("carry-to-surplus", "SpendingService.CarryToSurplus", &[]),
    verb("transfer", "SpendingService.TransferBetweenSources", &[]),
    verb("return-fiscal-surplus", "SpendingService.ReturnFiscalSurplus", &[]),
    verb("reverse", "VoucherService.ReverseVoucher", &["voucher"]),
    verb("correct", "VoucherService.CorrectVoucher", &["voucher"]),
    verb("adjust", "VoucherService.AdjustAmount", &["voucher"]),
    verb("correct-prior-year", "VoucherService.CorrectPriorYear", &["voucher"]),
    verb("work", "VoucherService.ListWork", &["role"]),
    verb("submitted", "VoucherService.ListSubmitted", &[]),
    verb("review", "VoucherService.ReviewCommand", &["submission"]),
    verb("withdraw", "VoucherService.WithdrawCommand", &["submission"]),
    verb("voucher get", "VoucherService.GetVoucher", &["voucher"]),
    verb("voucher list", "VoucherService.ListVouchers", &[]),
    verb("reconcile statements", "ReconciliationService.ListStatements", &["account"]),
    verb("reconcile unmatched", "ReconciliationService.ListUnmatched", &["account"]),
    verb("reconcile match", "ReconciliationService.Match", &["account"]),
    verb("reconcile unmatch", "ReconciliationService.Unmatch", &["account", "line"]),
    verb("reconcile show", "ReconciliationService.GetReconciliation", &["account", "day"]),
    verb("balance", "AuditService.GetBalances", &["account"]),
    verb("trial-balance", "AuditService.GetTrialBalance", &[]),
    verb("statement", "AuditService.GetStatement", &["year"]),
    verb("rejections", "AuditService.ListRejections", &[]),
    verb("records", "AuditService.ListRecords", &[]),
    verb("watch", "AuditService.WatchRecords", &[]),
    verb("trace grant", "AuditService.TraceGrant", &["grant"]),
    verb("trace voucher", "AuditService.TraceVoucher", &["voucher"]),
    verb("replay", "AuditService.ReplayUnderRules", &["from", "to"]),
    verb("rules get", "RuleService.GetRuleSet", &["day"]),
    verb("rules adopt", "RuleService.AdoptRuleSet", &[]),
    verb("rules file", "RuleService.FileRules", &["version"]),
    verb("rules list", "RuleService.ListRuleSets", &[]),
    verb("history register", "VoucherService.RegisterHistory", &["code"]),
    verb("history list", "VoucherService.ListHistories", &[]),
    verb("findings", "AuditService.ListFindings", &[]),
    verb("finding detect", "AuditService.RunDetectors", &["day"]),
    verb("finding preview", "AuditService.PreviewFindings", &["day"]),
    verb("log-policy set", "ProofService.SetLogPolicy", &["policy", "statement"]),
    verb("log-policy get", "ProofService.GetLogPolicy", &[]),
    step("finding verify", "VERIFY"),
    step("finding rectify", "RECTIFY"),
    step("finding close", "CLOSE"),
    step("finding dismiss", "DISMISS"),
];

/// Headings of the words that group verbs.
const GROUPS: &[(&str, &str, &str)] = &[
    ("book", "账套", "Books"),
    ("account", "科目", "Accounts"),
    ("org", "单位", "Organisations"),
    ("bank-account", "银行账户", "Bank accounts"),
    ("bank-transaction", "银行流水", "Bank transactions"),
    ("role", "人员与角色", "Persons and roles"),
    ("parameter", "参数", "Parameters"),
    ("close", "结账", "Closing"),
    ("archive", "会计档案", "Archived originals"),
    ("scheme", "实施方案", "Schemes"),
    ("standard", "补贴标准", "Subsidy standards"),
    ("budget", "预算", "Budgets"),
    ("quota", "名额", "Places"),
    ("batch", "报名批次", "Enrolment batches"),
    ("snapshot", "登记册快照", "States of registers"),
    ("token-key", "令牌密钥", "Keys of person tokens"),
    ("dues", "足额上缴", "Dues of units"),
    ("record", "收入", "Money coming in"),
    ("deposit", "待查款", "Unidentified deposits"),
    ("grant", "资金依据", "Funding documents"),
    ("receipt", "代收", "Premium receipts"),
    ("voucher", "凭证", "Vouchers"),
    ("trace", "追溯", "Traces"),
    ("reconcile", "对账", "Reconciliation"),
    ("source-numbers", "来源系统序号", "Numbers of collecting systems"),
    ("finding", "发现", "Findings"),
    ("rules", "规则集", "Rule sets"),
    ("history", "补录文件", "Historical files"),
    ("log-policy", "日志信任策略", "Trust policy of the log"),
];

/// Adds every verb to a command.
pub fn add_to(mut root: Command, lang: Lang) -> anyhow::Result<Command> {
    for verb in VERBS {
        let leaf = |name: &'static str| -> anyhow::Result<Command> {
            let method = schema::method(verb.method)?;
            let about = match verb.fixed {
                Some((_, step)) => schema::word(&format!("earmark.v1.FindingStep.FINDING_STEP_{step}"), lang),
                None => schema::word(method.full_name(), lang),
            };
            let made = flags::add_to(Command::new(name).about(about), &method.input(), verb.positional, lang)?;
            Ok(match verb.fixed {
                Some((flag, _)) => made.mut_arg(flag, |arg| arg.hide(true)),
                None if verb.words == "watch" => made.arg(last_record(lang)),
                None => made,
            })
        };
        match verb.words.split_once(' ') {
            None => root = root.subcommand(leaf(verb.words)?),
            Some((group, name)) => {
                let leaf = leaf(name)?;
                if root.find_subcommand(group).is_none() {
                    let (_, zh, en) =
                        GROUPS.iter().find(|(word, ..)| *word == group).context("a group without heading")?;
                    let heading = Command::new(group).about(lang.pick(zh, en).to_owned());
                    root = root.subcommand(heading.subcommand_required(true).arg_required_else_help(true));
                }
                root = root.mut_subcommand(group, |group| group.subcommand(leaf));
            }
        }
    }
    Ok(root)
}

/// A stream has no end of its own.
fn last_record(lang: Lang) -> Arg {
    let help = lang.pick("读到此序号为止；不给则直到 Ctrl-C", "Last record to read; without it until Ctrl-C");
    Arg::new("to").long("to").value_name("N").value_parser(value_parser!(u64)).help(help.to_owned())
}

/// The verb that was asked for, with its flags.
pub fn find(matches: &ArgMatches) -> Option<(&'static Verb, &ArgMatches)> {
    let (first, below) = matches.subcommand()?;
    VERBS.iter().find_map(|verb| match verb.words.split_once(' ') {
        None => (verb.words == first).then_some((verb, below)),
        Some((group, name)) => {
            let (second, flags) = below.subcommand()?;
            (group == first && name == second).then_some((verb, flags))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_one_verb() {
        let mut called: Vec<&str> = VERBS.iter().filter(|v| v.fixed.is_none()).map(|verb| verb.method).collect();
        // Verbs that each give another value of one flag share a method.
        let shared: std::collections::BTreeSet<&str> =
            VERBS.iter().filter(|verb| verb.fixed.is_some()).map(|verb| verb.method).collect();
        called.extend(shared);
        // The stream is `import receipts`.
        called.push("PremiumService.PostPremiumReceipts");
        // Rosters go up in parts by `roster submit`.
        called.push("ProgramService.UploadRosterChunk");
        // The list of `reconcile receipts` is a file, as is the statement of `reconcile import`.
        called.push("PremiumService.Reconcile");
        called.push("ReconciliationService.UploadStatementChunk");
        called.push("ReconciliationService.ImportStatement");
        // Signed texts are `checkpoint`, `prove` and `cosign`.
        called.extend([
            "ProofService.GetCheckpoint",
            "ProofService.ProveInclusion",
            "ProofService.ProveConsistency",
            "ProofService.AddCosignature",
        ]);
        // Evidence and proofs of figures are files: `export`, `prove balance`, `prove outflows`.
        called.extend(["ProofService.ExportEvidence", "ProofService.ProveBalance", "ProofService.ProveOutflows"]);
        called.sort_unstable();
        let mut methods = schema::methods();
        methods.sort();
        assert_eq!(called, methods);
    }

    #[test]
    fn every_verb_can_be_parsed_in_both_languages() {
        for lang in [Lang::Zh, Lang::En] {
            add_to(Command::new("earmark"), lang).unwrap().debug_assert();
        }
    }
}
