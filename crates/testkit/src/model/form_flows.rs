//! The form of the flows beside the ordinary ones.

use record::command::{GrantSpec, Identified};
use record::{Command, Day};

use super::Form;

impl Form {
    pub(super) fn flows(&mut self, command: &Command) {
        match command {
            Command::TransferBetweenSources(c) => {
                self.codes(&[("source", &c.source), ("grant", &c.grant), ("to_source", &c.to_source)]);
                self.funding("to_grant.", &c.to_grant, false);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.optional_code("approval", &c.approval);
                self.optional_code("consent", &c.consent);
                self.given_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::AppropriateSurplus(c) => {
                self.funding("grant.", &c.grant, true);
                self.fen("fen", c.fen);
                self.movement(c.date, &c.bank_account, &c.bank_txn);
                self.optional_code("approval", &c.approval);
                self.text("summary", &c.summary);
                self.evidence(&c.evidence);
            }
            Command::RefundPremium(c) => {
                self.voucher("receipt", c.receipt);
                self.heads("heads", c.heads);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.optional_code("approval", &c.approval);
                self.number("return_txn", &c.return_txn);
                self.given_number("refund_txn", &c.refund_txn);
                self.given_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::AllocateInterest(c) => {
                self.day("from", c.from);
                self.day("to", c.to);
                self.fault_if(c.to < c.from || c.to.0 - c.from.0 >= 367, "to", "OUT_OF_RANGE");
                self.fen("fen", c.fen);
                self.movement(c.date, &c.bank_account, &c.bank_txn);
                self.text("summary", &c.summary);
                self.evidence(&c.evidence);
            }
            Command::RecordUnidentifiedDeposit(c) => {
                self.code("code", &c.code);
                self.fen("fen", c.fen);
                self.movement(c.date, &c.bank_account, &c.bank_txn);
                self.text("summary", &c.summary);
                self.evidence(&c.evidence);
            }
            Command::IdentifyDeposit(c) => {
                self.code("deposit", &c.deposit);
                self.day("date", c.date);
                self.given_text("reason", &c.reason);
                self.evidence(&c.evidence);
                match &c.identified {
                    Identified::Income(r) => self.under("income.income.", |form| form.income(r)),
                    Identified::Return(r) => {
                        self.under("payment_return.", |form| form.money(&Command::RecordReturn((**r).clone())));
                    }
                }
            }
            _ => self.later_flows(command),
        }
    }

    fn later_flows(&mut self, command: &Command) {
        match command {
            Command::ReturnDeposit(c) => {
                self.code("deposit", &c.deposit);
                self.fen("fen", c.fen);
                self.movement(c.date, &c.bank_account, &c.bank_txn);
                self.given_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::AdjustAmount(c) => {
                self.voucher("voucher", c.voucher);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.given_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::CorrectPriorYear(c) => {
                self.voucher("voucher", c.voucher);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.optional_code("approval", &c.approval);
                self.given_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::ReturnFiscalSurplus(c) => {
                self.code("grant", &c.grant);
                self.fen("fen", c.fen);
                self.movement(c.date, &c.bank_account, &c.bank_txn);
                self.optional_code("approval", &c.approval);
                self.evidence(&c.evidence);
            }
            Command::ReturnGrant(c) => {
                self.code("grant", &c.grant);
                self.fen("fen", c.fen);
                self.movement(c.date, &c.bank_account, &c.bank_txn);
                self.optional_code("approval", &c.approval);
                self.given_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::PostOpeningBalances(c) => {
                self.day("date", c.date);
                self.evidence(&c.evidence);
                self.fault_if(c.funds.is_empty() && c.custody.is_empty(), "funds", "REQUIRED");
                self.list("funds", &c.funds, 0, 200, |form, fund| {
                    form.code("source", &fund.source);
                    form.funding("grant.", &fund.grant, false);
                    form.day("opened_on", fund.opened_on);
                    form.fen("fen", fund.fen);
                    form.fen_or_zero("surplus_fen", fund.surplus_fen);
                    form.fault_if(fund.surplus_fen > fund.fen, "surplus_fen", "OUT_OF_RANGE");
                });
                self.list("custody", &c.custody, 0, 200, |form, custody| {
                    form.codes(&[("source", &custody.source), ("holder", &custody.holder), ("batch", &custody.batch)]);
                    form.heads("heads", custody.heads);
                    form.fen("fen", custody.fen);
                });
            }
            Command::AmendGrant(c) => {
                self.code("grant", &c.grant);
                self.given_number("doc_no", &c.doc_no);
                self.code_list("permitted_uses", &c.permitted_uses, 0, 200);
                let ends_early = c.valid_to.zip(c.valid_from).is_some_and(|(to, from)| to < from);
                self.fault_if(ends_early, "valid_to", "OUT_OF_RANGE");
                self.day("date", c.date);
                self.optional_code("consent", &c.consent);
                self.evidence(&c.evidence);
            }
            _ => {}
        }
    }

    /// A funding document; some must have a number.
    fn funding(&mut self, path: &str, grant: &GrantSpec, numbered: bool) {
        self.under(path, |form| {
            form.code("code", &grant.code);
            form.optional_code("grantor", &grant.grantor);
            form.number("doc_no", &grant.doc_no);
            form.code_list("permitted_uses", &grant.permitted_uses, 0, 200);
            let ends_early = grant.valid_to.zip(grant.valid_from).is_some_and(|(to, from)| to < from);
            form.fault_if(ends_early, "valid_to", "OUT_OF_RANGE");
            if numbered {
                form.given("doc_no", &grant.doc_no);
            }
        });
    }

    /// What every voucher of a movement on our account names.
    fn movement(&mut self, date: Day, account: &str, txn: &str) {
        self.day("date", date);
        self.code("bank_account", account);
        self.given_number("bank_txn", txn);
    }
}
