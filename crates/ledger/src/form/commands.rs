//! The form of each command that moves or authorises money; those that set a book up stand in `setup`.

use record::command::{
    BudgetLine, CorrectVoucher, Disburse, PostPremiumReceipt, RecordApproval, RecordIncome, RecordReturn,
    RemitPremiums, ReviewCommand, SubmitEnrollmentBatch, UpdateFinding,
};
use record::kinds::{Change, IncomeKind, Verdict};
use record::{Command, Fen};

use super::{Form, MAX_BATCHES, MAX_LINES, MAX_SHARES};

impl Form {
    /// The form of a command.
    pub fn command(&mut self, command: &Command) {
        match command {
            Command::CreateBook(_)
            | Command::DefineAccount(_)
            | Command::RegisterOrganization(_)
            | Command::RegisterBankAccount(_)
            | Command::RegisterBankTransaction(_)
            | Command::GrantRole(_)
            | Command::RevokeRole(_)
            | Command::SetParameter(_)
            | Command::ClosePeriod(_)
            | Command::CloseYear(_)
            | Command::SignDailySummary(_)
            | Command::RegisterScheme(_)
            | Command::SetSubsidyStandard(_)
            | Command::SetDuesStatus(_)
            | Command::RegisterSnapshot(_)
            | Command::RegisterTokenKey(_)
            | Command::UploadRosterChunk(_)
            | Command::RecordDestruction(_) => self.setup(command),
            Command::SetLogPolicy(c) => self.log_policy(c),
            Command::SetBudget(c) => {
                self.budget(c.year, &c.approval, &c.lines);
                self.day("date", c.date);
                self.fen("total_fen", c.total_fen);
                self.evidence(&c.evidence);
                if c.lines.iter().any(|l| l.change == Change::Decrease) {
                    self.fault("lines", "OUT_OF_RANGE", "设立预算只能增加", "can only increase when set");
                }
            }
            Command::AdjustBudget(c) => {
                self.budget(c.year, &c.approval, &c.lines);
                self.day("date", c.date);
                self.evidence(&c.evidence);
            }
            Command::AllocateQuota(c) => {
                self.required_number("notice_no", &c.notice_no);
                self.code("organization", &c.organization);
                self.year("year", c.year);
                self.code("source", &c.source);
                self.day("date", c.date);
                self.required_text("basis", &c.basis);
                self.evidence(&c.evidence);
                self.each("lines", &c.lines, 1, MAX_LINES, |form, line| {
                    form.code("class", &line.class);
                    form.code("plan", &line.plan);
                    line.heads.iter().for_each(|heads| form.heads("heads", *heads));
                });
            }
            Command::SubmitEnrollmentBatch(c) => self.batch(c),
            Command::ReviewEnrollmentBatch(c) => {
                self.code("batch", &c.batch);
                self.day("reviewed_on", c.reviewed_on);
                self.reason(c.verdict, &c.reason);
            }
            Command::ConfirmCoverage(c) => {
                self.code("batch", &c.batch);
                self.required_number("confirmation_no", &c.confirmation_no);
                self.heads_or_zero("heads", c.heads);
                self.fen_or_zero("fen", c.fen);
                self.day("confirmed_on", c.confirmed_on);
            }
            _ => self.money(command),
        }
    }

    fn money(&mut self, command: &Command) {
        match command {
            Command::RecordIncome(c) => self.income(c),
            Command::PostPremiumReceipt(c) => self.receipt(c),
            Command::RemitPremiums(c) => self.remittance(c),
            Command::RecordApproval(c) => self.approval(c),
            Command::CommitExpenditure(c) => {
                self.code("code", &c.code);
                self.code("approval", &c.approval);
                self.year("year", c.year);
                [("source", &c.source), ("class", &c.class), ("plan", &c.plan)]
                    .iter()
                    .for_each(|(f, v)| self.code(f, v));
                self.priced(c.heads, c.unit_fen, c.fen);
                self.day("date", c.date);
                self.evidence(&c.evidence);
            }
            Command::ReleaseCommitment(c) => {
                self.code("commitment", &c.commitment);
                self.heads("heads", c.heads);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.required_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::Disburse(c) => self.payment(c),
            Command::RecordReturn(c) => self.payment_return(c),
            Command::CarryToSurplus(c) => {
                self.code("source", &c.source);
                self.code("grant", &c.grant);
                self.fen("fen", c.fen);
                self.optional_code("approval", &c.approval);
                self.day("date", c.date);
                self.evidence(&c.evidence);
            }
            Command::ReverseVoucher(c) => {
                self.voucher("voucher", &c.voucher);
                self.day("date", c.date);
                self.required_text("reason", &c.reason);
                self.number("return_txn", &c.return_txn);
                self.evidence(&c.evidence);
            }
            Command::CorrectVoucher(c) => self.correction(c),
            Command::VoidSourceNumbers(c) => {
                self.code("system", &c.system);
                if c.from == 0 || c.to < c.from {
                    self.fault("to", "OUT_OF_RANGE", "止号早于起号", "ends before it starts");
                }
                self.required_text("reason", &c.reason);
            }
            Command::ReviewCommand(c) => self.review(c),
            Command::WithdrawCommand(c) => {
                self.submission(c.submission);
                self.required_text("reason", &c.reason);
            }
            Command::RunDetectors(c) => c.day.iter().for_each(|day| self.day("day", *day)),
            Command::UpdateFinding(c) => self.finding(c),
            Command::UploadStatementChunk(_)
            | Command::ImportStatement(_)
            | Command::MatchStatement(_)
            | Command::UnmatchStatement(_) => self.statements(command),
            _ => self.flows(command),
        }
    }

    fn budget(&mut self, year: u16, approval: &str, lines: &[BudgetLine]) {
        self.year("year", year);
        self.code("approval", approval);
        self.each("lines", lines, 1, MAX_LINES, |form, line| {
            form.code("source", &line.source);
            form.code("class", &line.class);
            form.code("plan", &line.plan);
            form.fen("fen", line.fen);
        });
    }

    fn batch(&mut self, c: &SubmitEnrollmentBatch) {
        self.code("code", &c.code);
        self.code("organization", &c.organization);
        self.year("year", c.year);
        self.code("class", &c.class);
        self.code("plan", &c.plan);
        self.number("prior_confirmation_no", &c.prior_confirmation_no);
        if c.renewal && c.prior_confirmation_no.is_empty() {
            self.fault("prior_confirmation_no", "REQUIRED", "续保须填上期确认书号", "is required on renewal");
        }
        self.heads("unit_headcount", c.unit_headcount);
        self.heads("insured_count", c.insured_count);
        self.fen("premium_total_fen", c.premium_total_fen);
        self.heads_or_zero("high_risk_count", c.high_risk_count);
        self.heads_or_zero("gift_count", c.gift_count);
        self.fen_or_zero("gift_per_person_fen", c.gift_per_person_fen);
        self.fen_or_zero("gift_total_fen", c.gift_total_fen);
        self.heads("roster_rows", c.roster_rows);
        self.digest("roster_digest", &c.roster_digest);
        self.day("submitted_on", c.submitted_on);
        self.day("cover_start", c.cover_start);
        self.day("cover_end", c.cover_end);
        self.evidence(&c.evidence);
        self.optional_code("snapshot", &c.snapshot);
        self.heads_or_zero("proof_heads", c.proof_heads);
        self.heads_or_zero("in_service", c.in_service);
        self.optional_code("upload", &c.upload);
    }

    pub(super) fn payment_return(&mut self, c: &RecordReturn) {
        self.voucher("payment", &c.payment);
        self.heads("heads", c.heads);
        self.fen("fen", c.fen);
        self.day("date", c.date);
        self.code("bank_account", &c.bank_account);
        self.required_number("bank_txn", &c.bank_txn);
        self.required_text("reason", &c.reason);
        self.evidence(&c.evidence);
    }

    pub(super) fn income(&mut self, c: &RecordIncome) {
        self.optional_code("source", &c.source);
        self.optional_code("account", &c.account);
        self.grant_spec("grant", &c.grant);
        if matches!(c.kind, IncomeKind::Appropriation | IncomeKind::SuperiorSubsidy) {
            self.within("grant", |form| form.required_number("doc_no", &c.grant.doc_no));
        }
        self.fen("fen", c.fen);
        self.day("date", c.date);
        self.code("bank_account", &c.bank_account);
        self.required_number("bank_txn", &c.bank_txn);
        self.number("bill_no", &c.bill_no);
        self.text("summary", &c.summary);
        self.evidence(&c.evidence);
    }

    fn receipt(&mut self, c: &PostPremiumReceipt) {
        self.code("holder", &c.holder);
        self.code("batch", &c.batch);
        self.priced(c.heads, c.unit_fen, c.fen);
        self.day("received_on", c.received_on);
        self.number("bill_no", &c.bill_no);
        self.number("bank_txn", &c.bank_txn);
    }

    fn remittance(&mut self, c: &RemitPremiums) {
        self.code("holder", &c.holder);
        self.year("year", c.year);
        self.code("payee_account", &c.payee_account);
        self.each("items", &c.items, 1, MAX_LINES, |form, item| {
            form.code("source", &item.source);
            form.optional_code("batch", &item.batch);
            form.heads("heads", item.heads);
            form.fen("fen", item.fen);
        });
        self.day("date", c.date);
        self.required_number("bank_txn", &c.bank_txn);
        self.text("summary", &c.summary);
        self.evidence(&c.evidence);
    }

    fn approval(&mut self, c: &RecordApproval) {
        self.code("code", &c.code);
        self.day("meeting_on", c.meeting_on);
        self.required_number("doc_no", &c.doc_no);
        self.within("scope", |form| {
            let scope = &c.scope;
            [("source", &scope.source), ("class", &scope.class), ("plan", &scope.plan), ("payee", &scope.payee)]
                .iter()
                .for_each(|(field, value)| form.optional_code(field, value));
        });
        self.fen_or_zero("max_fen", c.max_fen);
        self.term("valid_to", Some(c.meeting_on), c.valid_to);
        self.digest("minutes_digest", &c.minutes_digest);
    }

    fn payment(&mut self, c: &Disburse) {
        self.code("commitment", &c.commitment);
        self.code("payee_account", &c.payee_account);
        self.each("batches", &c.batches, 1, MAX_BATCHES, |form, code| form.code("", code));
        self.priced(c.heads, c.unit_fen, c.fen);
        self.day("date", c.date);
        self.code("bank_account", &c.bank_account);
        self.required_number("bank_txn", &c.bank_txn);
        self.optional_code("use_code", &c.use_code);
        self.optional_code("account", &c.account);
        self.each("grants", &c.grants, 0, MAX_SHARES, |form, share| {
            form.code("grant", &share.grant);
            form.fen("fen", share.fen);
        });
        self.text("summary", &c.summary);
        self.evidence(&c.evidence);
    }

    fn correction(&mut self, c: &CorrectVoucher) {
        self.voucher("voucher", &c.voucher);
        self.day("date", c.date);
        self.required_text("reason", &c.reason);
        self.evidence(&c.evidence);
        let replaceable = matches!(
            *c.replacement,
            Command::RecordIncome(_)
                | Command::PostPremiumReceipt(_)
                | Command::RemitPremiums(_)
                | Command::Disburse(_)
                | Command::RecordReturn(_)
        );
        if replaceable {
            self.within("replacement", |form| form.money(&c.replacement));
        } else {
            self.fault(
                "replacement",
                "BAD_KIND",
                "须为产生凭证的业务",
                "must be a command that posts a voucher of money",
            );
        }
    }

    fn review(&mut self, c: &ReviewCommand) {
        self.submission(c.submission);
        self.reason(c.verdict, &c.reason);
    }

    fn submission(&mut self, submission: u64) {
        if submission == 0 {
            self.fault("submission", "REQUIRED", "必填", "is required");
        }
    }

    fn finding(&mut self, c: &UpdateFinding) {
        if c.finding == 0 {
            self.fault("finding", "REQUIRED", "必填", "is required");
        }
        self.required_text("reason", &c.reason);
        c.due.iter().for_each(|day| self.day("due", *day));
        self.each("vouchers", &c.vouchers, 0, MAX_LINES, |form, voucher| form.voucher("", voucher));
    }

    fn reason(&mut self, verdict: Verdict, reason: &str) {
        if verdict == Verdict::Reject {
            self.required_text("reason", reason);
        } else {
            self.text("reason", reason);
        }
    }

    fn priced(&mut self, heads: u32, unit_fen: Fen, fen: Fen) {
        self.heads("heads", heads);
        self.fen("unit_fen", unit_fen);
        self.fen("fen", fen);
    }
}
