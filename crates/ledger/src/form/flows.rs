//! The form of the flows beside the ordinary ones: transfers, refunds, shared interest, deposits, differences, openings, terms.

use record::Command;
use record::command::{GrantSpec, Identified, IdentifyDeposit, PostOpeningBalances, RefundPremium};

use super::{Form, MAX_LINES};

/// Days that interest may be shared for at once: a year and a day more than banks count.
const MAX_INTEREST_DAYS: i32 = 367;

impl Form {
    pub(super) fn flows(&mut self, command: &Command) {
        match command {
            Command::TransferBetweenSources(c) => {
                self.code("source", &c.source);
                self.code("grant", &c.grant);
                self.code("to_source", &c.to_source);
                self.grant_spec("to_grant", &c.to_grant);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.optional_code("approval", &c.approval);
                self.optional_code("consent", &c.consent);
                self.required_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::AppropriateSurplus(c) => {
                self.grant_spec("grant", &c.grant);
                self.within("grant", |form| form.required_number("doc_no", &c.grant.doc_no));
                self.fen("fen", c.fen);
                self.bank("bank_txn", c.date, &c.bank_account, &c.bank_txn);
                self.optional_code("approval", &c.approval);
                self.text("summary", &c.summary);
                self.evidence(&c.evidence);
            }
            Command::RefundPremium(c) => self.refund(c),
            Command::AllocateInterest(c) => {
                self.day("from", c.from);
                self.term("to", Some(c.from), Some(c.to));
                if c.to.0.saturating_sub(c.from.0) >= MAX_INTEREST_DAYS {
                    self.fault("to", "OUT_OF_RANGE", "结息期不得超过一年", "ends more than a year after it starts");
                }
                self.day("to", c.to);
                self.fen("fen", c.fen);
                self.bank("bank_txn", c.date, &c.bank_account, &c.bank_txn);
                self.text("summary", &c.summary);
                self.evidence(&c.evidence);
            }
            Command::RecordUnidentifiedDeposit(c) => {
                self.code("code", &c.code);
                self.fen("fen", c.fen);
                self.bank("bank_txn", c.date, &c.bank_account, &c.bank_txn);
                self.text("summary", &c.summary);
                self.evidence(&c.evidence);
            }
            Command::IdentifyDeposit(c) => self.identification(c),
            Command::ReturnDeposit(c) => {
                self.code("deposit", &c.deposit);
                self.fen("fen", c.fen);
                self.bank("bank_txn", c.date, &c.bank_account, &c.bank_txn);
                self.required_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::AdjustAmount(c) => {
                self.voucher("voucher", &c.voucher);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.required_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            _ => self.closing_flows(command),
        }
    }

    fn closing_flows(&mut self, command: &Command) {
        match command {
            Command::CorrectPriorYear(c) => {
                self.voucher("voucher", &c.voucher);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.optional_code("approval", &c.approval);
                self.required_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::ReturnFiscalSurplus(c) => {
                self.code("grant", &c.grant);
                self.fen("fen", c.fen);
                self.bank("bank_txn", c.date, &c.bank_account, &c.bank_txn);
                self.optional_code("approval", &c.approval);
                self.evidence(&c.evidence);
            }
            Command::ReturnGrant(c) => {
                self.code("grant", &c.grant);
                self.fen("fen", c.fen);
                self.bank("bank_txn", c.date, &c.bank_account, &c.bank_txn);
                self.optional_code("approval", &c.approval);
                self.required_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::PostOpeningBalances(c) => self.opening(c),
            Command::AmendGrant(c) => {
                self.code("grant", &c.grant);
                self.required_number("doc_no", &c.doc_no);
                self.each("permitted_uses", &c.permitted_uses, 0, MAX_LINES, |form, code| form.code("", code));
                self.term("valid_to", c.valid_from, c.valid_to);
                self.day("date", c.date);
                self.optional_code("consent", &c.consent);
                self.evidence(&c.evidence);
            }
            _ => self.layers(command),
        }
    }

    /// A funding document that money comes under.
    pub(super) fn grant_spec(&mut self, field: &str, grant: &GrantSpec) {
        self.within(field, |form| {
            form.code("code", &grant.code);
            form.optional_code("grantor", &grant.grantor);
            form.number("doc_no", &grant.doc_no);
            form.each("permitted_uses", &grant.permitted_uses, 0, MAX_LINES, |form, code| form.code("", code));
            form.term("valid_to", grant.valid_from, grant.valid_to);
        });
    }

    /// What every voucher of a bank transaction on our account names.
    fn bank(&mut self, field: &str, date: record::Day, account: &str, txn: &str) {
        self.day("date", date);
        self.code("bank_account", account);
        self.required_number(field, txn);
    }

    fn refund(&mut self, c: &RefundPremium) {
        self.voucher("receipt", &c.receipt);
        self.heads("heads", c.heads);
        self.fen("fen", c.fen);
        self.day("date", c.date);
        self.optional_code("approval", &c.approval);
        self.number("return_txn", &c.return_txn);
        self.required_number("refund_txn", &c.refund_txn);
        self.required_text("reason", &c.reason);
        self.evidence(&c.evidence);
    }

    fn identification(&mut self, c: &IdentifyDeposit) {
        self.code("deposit", &c.deposit);
        self.day("date", c.date);
        self.required_text("reason", &c.reason);
        self.evidence(&c.evidence);
        match &c.identified {
            Identified::Income(r) => self.within("income.income", |form| form.income(r)),
            Identified::Return(r) => self.within("payment_return", |form| form.payment_return(r)),
        }
    }

    fn opening(&mut self, c: &PostOpeningBalances) {
        self.day("date", c.date);
        self.evidence(&c.evidence);
        self.count("funds", c.funds.len().max(c.custody.len()), 1, MAX_LINES);
        self.each("funds", &c.funds, 0, MAX_LINES, |form, fund| {
            form.code("source", &fund.source);
            form.grant_spec("grant", &fund.grant);
            form.day("opened_on", fund.opened_on);
            form.fen("fen", fund.fen);
            form.fen_or_zero("surplus_fen", fund.surplus_fen);
            if fund.surplus_fen > fund.fen {
                form.fault("surplus_fen", "OUT_OF_RANGE", "不得大于金额", "must not be more than the amount");
            }
        });
        self.each("custody", &c.custody, 0, MAX_LINES, |form, custody| {
            form.code("source", &custody.source);
            form.code("holder", &custody.holder);
            form.code("batch", &custody.batch);
            form.heads("heads", custody.heads);
            form.fen("fen", custody.fen);
        });
    }
}
