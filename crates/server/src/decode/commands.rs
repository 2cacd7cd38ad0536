//! Commands on the wire, both ways: reading what is asked, and showing a submitted command to the one who reviews it.

use api::v1;
use api::v1::command::Command as Kind;
use record::Period;
use record::command as ours;
use record::command::Command;
use record::kinds::IncomeKind;

use super::wire::{Placeholder, required, wire};
use super::{Fields, Wire};

wire! {
    ours::Evidence => v1::Evidence { kind, doc_no, date, digest, pages }
    ours::PersonDef => v1::Person { code, display, roles, organization }
    ours::RegisterBankAccount => v1::BankAccount { code, organization, purpose, name, masked_no, currency }
    ours::RevokeRole => v1::RoleRevocation { person, roles }
    ours::SetParameter => v1::ParameterChange { key, value, effective_from, approval }
    Period => v1::Period { year, month }
    ours::ClosePeriod => v1::PeriodClosing { period }
    ours::CloseYear => v1::YearClosing { year }
    ours::SignDailySummary => v1::DailySummary { day, count, total_fen }

    ours::ClassTarget => v1::ClassTarget { class, heads }
    ours::RegisterScheme => v1::Scheme { year, doc_no, approval, total_fen, targets, enroll_deadline, cover_months }
    ours::SetSubsidyStandard => v1::StandardChange { standard, approval }
    ours::BudgetLine => v1::BudgetLine { source, class, plan, change; fen = amount_fen }
    ours::SetBudget => v1::Budget { year, date, approval, total_fen, lines, evidence }
    ours::AdjustBudget => v1::BudgetAdjustment { year, date, approval, lines, evidence }
    ours::QuotaLine => v1::QuotaLine { class, plan, heads }
    ours::AllocateQuota => v1::QuotaNotice {
        notice_no, organization, year, source, date, change, lines, basis, second_level, evidence
    }
    ours::SubmitEnrollmentBatch => v1::EnrollmentForm {
        code, organization, year, class, plan, renewal, prior_confirmation_no, unit_headcount, insured_count, premium_total_fen,
        high_risk_count, gift_type, gift_count, gift_per_person_fen, gift_total_fen, roster_rows, roster_digest, submitted_on,
        cover_start, cover_end, evidence, snapshot, proof_heads, in_service, upload,
        tokens_digest
    }
    ours::SetDuesStatus => v1::DuesStatus { organization, year, fully_paid, as_of, evidence }
    ours::RegisterTokenKey => v1::TokenKey { year, key_id, check_value }
    ours::UploadRosterChunk => v1::RosterChunk { upload, year, key_id, check_value, first_row, tokens }
    ours::RegisterSnapshot => v1::Snapshot { code, register, version, organization, as_of, heads, digest }
    ours::ReviewEnrollmentBatch => v1::EnrollmentReview { batch, verdict, reviewed_on, reason }
    ours::ConfirmCoverage => v1::CoverageConfirmation { batch, confirmation_no, heads, confirmed_on; fen = amount_fen }

    ours::GrantSpec => v1::GrantSpec { code, grantor, doc_no, permitted_uses, valid_from, valid_to }
    ours::PostPremiumReceipt => v1::PremiumReceipt {
        holder, payer, batch, heads, unit_fen, received_on, custody, bill_no, bank_txn, source_seq; fen = amount_fen
    }
    ours::RemitItem => v1::RemittanceItem { source, batch, heads; fen = amount_fen }
    ours::VoidSourceNumbers => v1::NumberVoiding { system, from, to, reason }
    ours::RemitPremiums => v1::Remittance { holder, year, payee_account, items, date, bank_txn, summary, evidence }

    ours::RecordDestruction => v1::Destruction {
        list_no, kind, year, month, volumes, date, approval, reason, evidence
    }
    ours::RunDetectors => v1::DetectorRun { day }
    ours::UpdateFinding => v1::FindingUpdate { finding, step, reason, due, vouchers }

    ours::StatementLine => v1::StatementLine {
        id, date, direction, nature, reference, party, party_no, memo; fen = amount_fen
    }
    ours::UploadStatementChunk => v1::StatementChunk { upload, account, first_row, lines }
    ours::ImportStatement => v1::StatementSeal {
        code, upload, account, from, to, count, in_fen, out_fen, opening_fen, closing_fen, lines_digest, file_digest, replaces
    }
    ours::MatchStatement => v1::StatementMatching { account, by_ids, lines, transactions, reason }
    ours::UnmatchStatement => v1::StatementUnmatching { account, line, reason }
    ours::SetLogPolicy => v1::LogPolicy { policy, statement }

    ours::ApprovalScope => v1::ApprovalScope { source, class, plan, payee }
    ours::RegisterBankTransaction => v1::BankTransaction {
        id, account, direction, date, counterparty_account, settlement, currency, slip_digest; fen = amount_fen
    }
    ours::CommitExpenditure => v1::Commitment {
        code, approval, year, source, class, plan, heads, unit_fen, date, evidence; fen = amount_fen
    }
    ours::ReleaseCommitment => v1::CommitmentRelease { commitment, heads, date, reason, evidence; fen = amount_fen }
    ours::GrantShare => v1::GrantShare { grant; fen = amount_fen }
    ours::Disburse => v1::Disbursement {
        commitment, payee_account, batches, heads, unit_fen, date, bank_account, bank_txn, settlement, account, grants, summary,
        evidence; fen = amount_fen, use_code = r#use
    }
    ours::RecordReturn => v1::PaymentReturn {
        payment, heads, date, bank_account, bank_txn, reason, evidence; fen = amount_fen
    }
    ours::CarryToSurplus => v1::SurplusCarry { source, grant, approval, date, evidence; fen = amount_fen }
    ours::ReverseVoucher => v1::Reversal { voucher, date, reason, return_txn, evidence }
    ours::ReviewCommand => v1::CommandReview { submission, verdict, reason }

    ours::TransferBetweenSources => v1::SourceTransfer {
        source, grant, to_source, to_grant, date, approval, consent, reason, evidence; fen = amount_fen
    }
    ours::AppropriateSurplus => v1::SurplusAppropriation {
        grant, date, bank_account, bank_txn, approval, summary, evidence; fen = amount_fen
    }
    ours::RefundPremium => v1::PremiumRefund {
        receipt, heads, date, approval, return_txn, refund_txn, reason, evidence; fen = amount_fen
    }
    ours::AllocateInterest => v1::InterestAllocation {
        from, to, date, bank_account, bank_txn, summary, evidence; fen = amount_fen
    }
    ours::RecordUnidentifiedDeposit => v1::UnidentifiedDeposit {
        code, date, bank_account, bank_txn, summary, evidence; fen = amount_fen
    }
    ours::ReturnDeposit => v1::DepositReturn {
        deposit, date, bank_account, bank_txn, reason, evidence; fen = amount_fen
    }
    ours::AdjustAmount => v1::AmountAdjustment { voucher, change, date, reason, evidence; fen = amount_fen }
    ours::CorrectPriorYear => v1::PriorYearCorrection {
        voucher, change, date, approval, reason, evidence; fen = amount_fen
    }
    ours::ReturnFiscalSurplus => v1::FiscalReturn {
        grant, date, bank_account, bank_txn, approval, evidence; fen = amount_fen
    }
    ours::OpeningFund => v1::OpeningFund { source, grant, opened_on, surplus_fen; fen = amount_fen }
    ours::OpeningCustody => v1::OpeningCustody { source, holder, batch, heads; fen = amount_fen }
    ours::PostOpeningBalances => v1::OpeningBalances { funds, custody, date, evidence }
    ours::AmendGrant => v1::GrantAmendment {
        grant, doc_no, permitted_uses, valid_from, valid_to, date, consent, evidence
    }
    ours::WithdrawCommand => v1::CommandWithdrawal { submission, reason }
}

/// An approval's scope may be left out: then every dimension is open.
impl Wire<v1::Approval> for ours::RecordApproval {
    fn read(fields: &mut Fields, wire: v1::Approval) -> Self {
        Self {
            code: wire.code,
            kind: fields.at("kind", |f| Wire::read(f, wire.kind)),
            body: fields.at("body", |f| Wire::read(f, wire.body)),
            meeting_on: fields.at("meeting_on", |f| Wire::read(f, wire.meeting_on)),
            doc_no: wire.doc_no,
            scope: fields.at("scope", |f| Wire::read(f, wire.scope.unwrap_or_default())),
            max_fen: wire.max_fen,
            valid_to: fields.at("valid_to", |f| Wire::read(f, wire.valid_to)),
            minutes_digest: fields.at("minutes_digest", |f| Wire::read(f, wire.minutes_digest)),
        }
    }

    fn show(&self) -> v1::Approval {
        v1::Approval {
            code: self.code.clone(),
            kind: self.kind.show(),
            body: self.body.show(),
            meeting_on: self.meeting_on.show(),
            doc_no: self.doc_no.clone(),
            scope: Some(self.scope.show()),
            max_fen: self.max_fen,
            valid_to: self.valid_to.show(),
            minutes_digest: self.minutes_digest.show(),
        }
    }
}

/// The money of an income, without its kind: that stands beside it on the wire.
impl Wire<v1::Income> for ours::RecordIncome {
    fn read(f: &mut Fields, wire: v1::Income) -> Self {
        Self {
            kind: IncomeKind::PLACEHOLDER,
            source: wire.source,
            account: wire.account,
            grant: f.at("grant", |f| Wire::read(f, wire.grant)),
            fen: wire.amount_fen,
            date: f.at("date", |f| Wire::read(f, wire.date)),
            bank_account: wire.bank_account,
            bank_txn: wire.bank_txn,
            bill_no: wire.bill_no,
            summary: wire.summary,
            evidence: f.at("evidence", |f| Wire::read(f, wire.evidence)),
        }
    }

    fn show(&self) -> v1::Income {
        v1::Income {
            source: self.source.clone(),
            account: self.account.clone(),
            grant: self.grant.show(),
            amount_fen: self.fen,
            date: self.date.show(),
            bank_account: self.bank_account.clone(),
            bank_txn: self.bank_txn.clone(),
            bill_no: self.bill_no.clone(),
            summary: self.summary.clone(),
            evidence: self.evidence.show(),
        }
    }
}

/// The kind of income stands beside the money on the wire, and within it in the command.
impl Wire<v1::IncomeRecord> for ours::RecordIncome {
    fn read(fields: &mut Fields, wire: v1::IncomeRecord) -> Self {
        let kind = fields.at("kind", |f| Wire::read(f, wire.kind));
        let money: Self = fields.at("income", |f| required(f, wire.income));
        Self { kind, ..money }
    }

    fn show(&self) -> v1::IncomeRecord {
        v1::IncomeRecord { kind: self.kind.show(), income: Some(self.show()) }
    }
}

impl Wire<v1::Correction> for ours::CorrectVoucher {
    fn read(fields: &mut Fields, wire: v1::Correction) -> Self {
        Self {
            voucher: fields.at("voucher", |f| Wire::read(f, wire.voucher)),
            date: fields.at("date", |f| Wire::read(f, wire.date)),
            reason: wire.reason,
            replacement: Box::new(fields.at("replacement", |f| command_of(f, wire.replacement.map(|c| *c)))),
            evidence: fields.at("evidence", |f| Wire::read(f, wire.evidence)),
        }
    }

    fn show(&self) -> v1::Correction {
        v1::Correction {
            voucher: self.voucher.show(),
            date: self.date.show(),
            reason: self.reason.clone(),
            replacement: message_of(&self.replacement).map(Box::new),
            evidence: self.evidence.show(),
        }
    }
}

/// What a deposit is stands under the field of its kind on the wire.
impl Wire<v1::DepositIdentification> for ours::IdentifyDeposit {
    fn read(fields: &mut Fields, wire: v1::DepositIdentification) -> Self {
        use v1::deposit_identification::Identified;
        let identified = match wire.identified {
            Some(Identified::PaymentReturn(back)) => {
                ours::Identified::Return(Box::new(fields.at("payment_return", |f| Wire::read(f, back))))
            }
            other => {
                let income = match other {
                    Some(Identified::Income(income)) => Some(income),
                    _ => None,
                };
                ours::Identified::Income(Box::new(fields.at("income", |f| required(f, income))))
            }
        };
        Self {
            deposit: wire.deposit,
            identified,
            date: fields.at("date", |f| Wire::read(f, wire.date)),
            reason: wire.reason,
            evidence: fields.at("evidence", |f| Wire::read(f, wire.evidence)),
        }
    }

    fn show(&self) -> v1::DepositIdentification {
        use v1::deposit_identification::Identified;
        v1::DepositIdentification {
            deposit: self.deposit.clone(),
            date: self.date.show(),
            reason: self.reason.clone(),
            evidence: self.evidence.show(),
            identified: Some(match &self.identified {
                ours::Identified::Income(income) => Identified::Income(income.show()),
                ours::Identified::Return(back) => Identified::PaymentReturn(back.show()),
            }),
        }
    }
}

/// The cases of the wire's `Command`, each with the command that it is. One list for both directions.
macro_rules! cases {
    ($($case:ident($name:literal) = $command:ident),+ $(,)?) => {
        /// The command of a message; a message without content is one fault, and a placeholder.
        pub(crate) fn command_of(fields: &mut Fields, wire: Option<v1::Command>) -> Command {
            match wire.and_then(|message| message.command) {
                $(Some(Kind::$case(content)) => Command::$command(fields.at($name, |f| Wire::read(f, content))),)+
                None => {
                    fields.missing();
                    Command::CloseYear(ours::CloseYear { year: 0 })
                }
            }
        }

        /// The message of a command; none for CreateBook, which is never submitted, reviewed or corrected.
        pub(crate) fn message_of(command: &Command) -> Option<v1::Command> {
            let kind = match command {
                Command::CreateBook(_) => return None,
                $(Command::$command(content) => Kind::$case(content.show()),)+
            };
            Some(v1::Command { command: Some(kind) })
        }
    };
}

cases! {
    Account("account") = DefineAccount,
    Organization("organization") = RegisterOrganization,
    BankAccount("bank_account") = RegisterBankAccount,
    Transaction("transaction") = RegisterBankTransaction,
    Person("person") = GrantRole,
    Revocation("revocation") = RevokeRole,
    Parameter("parameter") = SetParameter,
    PeriodClosing("period_closing") = ClosePeriod,
    YearClosing("year_closing") = CloseYear,
    Summary("summary") = SignDailySummary,
    Scheme("scheme") = RegisterScheme,
    Standard("standard") = SetSubsidyStandard,
    Budget("budget") = SetBudget,
    Adjustment("adjustment") = AdjustBudget,
    Notice("notice") = AllocateQuota,
    Form("form") = SubmitEnrollmentBatch,
    EnrollmentReview("enrollment_review") = ReviewEnrollmentBatch,
    Confirmation("confirmation") = ConfirmCoverage,
    Income("income") = RecordIncome,
    Receipt("receipt") = PostPremiumReceipt,
    Remittance("remittance") = RemitPremiums,
    Approval("approval") = RecordApproval,
    Commitment("commitment") = CommitExpenditure,
    Release("release") = ReleaseCommitment,
    Disbursement("disbursement") = Disburse,
    PaymentReturn("payment_return") = RecordReturn,
    Carry("carry") = CarryToSurplus,
    Reversal("reversal") = ReverseVoucher,
    Correction("correction") = CorrectVoucher,
    Review("review") = ReviewCommand,
    Transfer("transfer") = TransferBetweenSources,
    SurplusAppropriation("surplus_appropriation") = AppropriateSurplus,
    Refund("refund") = RefundPremium,
    Interest("interest") = AllocateInterest,
    Deposit("deposit") = RecordUnidentifiedDeposit,
    Identification("identification") = IdentifyDeposit,
    DepositReturn("deposit_return") = ReturnDeposit,
    AmountAdjustment("amount_adjustment") = AdjustAmount,
    PriorYear("prior_year") = CorrectPriorYear,
    FiscalReturn("fiscal_return") = ReturnFiscalSurplus,
    Opening("opening") = PostOpeningBalances,
    Amendment("amendment") = AmendGrant,
    Withdrawal("withdrawal") = WithdrawCommand,
    Dues("dues") = SetDuesStatus,
    Snapshot("snapshot") = RegisterSnapshot,
    TokenKey("token_key") = RegisterTokenKey,
    Chunk("chunk") = UploadRosterChunk,
    Voiding("voiding") = VoidSourceNumbers,
    DetectorRun("detector_run") = RunDetectors,
    FindingUpdate("finding_update") = UpdateFinding,
    StatementChunk("statement_chunk") = UploadStatementChunk,
    StatementSeal("statement_seal") = ImportStatement,
    StatementMatching("statement_matching") = MatchStatement,
    StatementUnmatching("statement_unmatching") = UnmatchStatement,
    Adoption("adoption") = AdoptRuleSet,
    Filing("filing") = FileRules,
    GrantReturn("grant_return") = ReturnGrant,
    History("history") = RegisterHistory,
    Destruction("destruction") = RecordDestruction,
    LogPolicy("log_policy") = SetLogPolicy,
}

impl Wire<Box<v1::Correction>> for ours::CorrectVoucher {
    fn read(fields: &mut Fields, wire: Box<v1::Correction>) -> Self {
        Wire::read(fields, *wire)
    }

    fn show(&self) -> Box<v1::Correction> {
        Box::new(Wire::<v1::Correction>::show(self))
    }
}

/// Commands that wrap the thing that they register; the wire names the thing itself.
macro_rules! wraps {
    ($($ours:ident { $field:ident } => $wire:path),+ $(,)?) => { $(
        impl Wire<$wire> for ours::$ours {
            fn read(fields: &mut Fields, wire: $wire) -> Self {
                Self { $field: Wire::read(fields, wire) }
            }
            fn show(&self) -> $wire {
                self.$field.show()
            }
        }
    )+ };
}
wraps! {
    DefineAccount { account } => v1::Account,
    RegisterOrganization { organization } => v1::Organization,
    GrantRole { person } => v1::Person,
}

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;
