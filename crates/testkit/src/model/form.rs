//! What can be told of a request without the books: which fields are malformed, and how. Each is named by its path and the code of its
//! fault, all at once.

use std::collections::BTreeSet;

use record::command::{CorrectVoucher, Disburse, Evidence, RecordIncome, RemitPremiums};
use record::kinds::{IncomeKind, Role, Verdict};
use record::preset::AccountDef;
use record::{Command, Day, Fen, MAX_FEN};

use super::form_text::{code_fault, text_fault};

#[path = "form_flows.rs"]
mod flows;
#[path = "form_programme.rs"]
mod programme;

const MAX_HEADS: u32 = 100_000_000;

/// The malformed fields of a request.
pub(super) fn faults(request_id: &str, command: &Command) -> BTreeSet<(String, &'static str)> {
    let mut form = Form::default();
    form.code("request_id", request_id);
    form.command(command);
    form.faults
}

#[derive(Default)]
struct Form {
    before: String,
    faults: BTreeSet<(String, &'static str)>,
}

impl Form {
    fn fault_if(&mut self, wrong: bool, field: &str, code: &'static str) {
        if wrong {
            self.faults.insert((format!("{}{field}", self.before), code));
        }
    }

    fn fault(&mut self, field: &str, code: Option<&'static str>) {
        if let Some(code) = code {
            self.fault_if(true, field, code);
        }
    }

    fn code(&mut self, field: &str, code: &str) {
        self.fault(field, code_fault(code));
    }

    fn optional_code(&mut self, field: &str, code: &str) {
        if !code.is_empty() {
            self.code(field, code);
        }
    }

    fn codes(&mut self, codes: &[(&str, &str)]) {
        codes.iter().for_each(|(field, code)| self.code(field, code));
    }

    fn text(&mut self, field: &str, text: &str) {
        self.fault(field, text_fault(text, 500));
    }

    fn number(&mut self, field: &str, text: &str) {
        self.fault(field, text_fault(text, 64));
    }

    fn given(&mut self, field: &str, text: &str) {
        self.fault_if(text.trim().is_empty(), field, "REQUIRED");
    }

    fn given_text(&mut self, field: &str, text: &str) {
        self.given(field, text);
        self.text(field, text);
    }

    fn given_number(&mut self, field: &str, text: &str) {
        self.given(field, text);
        self.number(field, text);
    }

    fn fen(&mut self, field: &str, fen: Fen) {
        self.fault_if(!(1..=MAX_FEN).contains(&fen), field, "LED-004");
    }

    fn fen_or_zero(&mut self, field: &str, fen: Fen) {
        self.fault_if(!(0..=MAX_FEN).contains(&fen), field, "LED-004");
    }

    fn heads(&mut self, field: &str, heads: u32) {
        self.fault_if(!(1..=MAX_HEADS).contains(&heads), field, "OUT_OF_RANGE");
    }

    fn heads_or_zero(&mut self, field: &str, heads: u32) {
        self.fault_if(heads > MAX_HEADS, field, "OUT_OF_RANGE");
    }

    fn year(&mut self, field: &str, year: u16) {
        self.fault_if(!(1950..=2999).contains(&year), field, "OUT_OF_RANGE");
    }

    fn day(&mut self, field: &str, day: Day) {
        self.year(field, day.year());
    }

    fn digest(&mut self, field: &str, digest: &[u8; 32]) {
        self.fault_if(digest.iter().all(|b| *b == 0), field, "REQUIRED");
    }

    fn list<T>(&mut self, field: &str, list: &[T], least: usize, most: usize, look: impl Fn(&mut Form, &T)) {
        self.fault_if(list.len() < least, field, "REQUIRED");
        self.fault_if(list.len() > most, field, "TOO_MANY");
        for (i, item) in list.iter().enumerate().take(most) {
            self.under(&format!("{field}[{i}]."), |form| look(form, item));
        }
    }

    fn under(&mut self, path: &str, look: impl FnOnce(&mut Form)) {
        let before = self.before.clone();
        self.before.push_str(path);
        look(self);
        self.before = before;
    }

    fn evidence(&mut self, evidence: &[Evidence]) {
        self.list("evidence", evidence, 0, 50, |form, e| {
            form.number("doc_no", &e.doc_no);
            form.day("date", e.date);
            form.digest("digest", &e.digest);
        });
    }

    /// A list of bare codes: their path has no field below the index.
    fn code_list(&mut self, field: &str, codes: &[String], least: usize, most: usize) {
        self.list(field, codes, least, most, |_, _| {});
        for (i, code) in codes.iter().enumerate().take(most) {
            self.code(&format!("{field}[{i}]"), code);
        }
    }

    fn priced(&mut self, heads: u32, unit: Fen, fen: Fen) {
        self.heads("heads", heads);
        self.fen("unit_fen", unit);
        self.fen("fen", fen);
    }

    fn reason(&mut self, verdict: Verdict, reason: &str) {
        self.fault_if(verdict == Verdict::Reject && reason.trim().is_empty(), "reason", "REQUIRED");
        self.text("reason", reason);
    }

    fn roles(&mut self, path: &str, person: &record::command::PersonDef) {
        self.under(path, |form| {
            form.code("code", &person.code);
            form.given_text("display", &person.display);
            form.list("roles", &person.roles, 1, 20, |_, _| {});
            form.optional_code("organization", &person.organization);
            let bound = !person.roles.contains(&Role::Collector) || !person.organization.is_empty();
            form.fault_if(!bound, "organization", "REQUIRED");
        });
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::CreateBook(c) => {
                self.code("book", &c.book);
                self.given_text("name", &c.name);
                self.organization(&c.organization);
                self.day("live_from", c.live_from);
                self.fault_if(c.persons.is_empty(), "persons", "REQUIRED");
                for (i, person) in c.persons.iter().enumerate() {
                    self.roles(&format!("persons[{i}]."), person);
                }
            }
            Command::DefineAccount(c) => self.account(&c.account),
            Command::RegisterOrganization(c) => self.organization(&c.organization),
            Command::RegisterBankAccount(c) => {
                self.codes(&[("code", &c.code), ("organization", &c.organization)]);
                self.given_text("name", &c.name);
                let lawful = |c: char| c == '*' || c.is_ascii_digit();
                let shown = c.masked_no.chars().filter(char::is_ascii_digit).count();
                let masked = !c.masked_no.is_empty() && c.masked_no.chars().all(lawful) && shown <= 4;
                self.fault_if(!masked || c.masked_no.len() > 32, "masked_no", "BAD_CODE");
                self.currency(&c.currency);
            }
            Command::RegisterBankTransaction(c) => {
                self.given_number("id", &c.id);
                self.code("account", &c.account);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.optional_code("counterparty_account", &c.counterparty_account);
                self.currency(&c.currency);
                self.digest("slip_digest", &c.slip_digest);
            }
            Command::GrantRole(c) => self.roles("person.", &c.person),
            Command::RevokeRole(c) => {
                self.code("person", &c.person);
                self.list("roles", &c.roles, 1, 20, |_, _| {});
            }
            Command::SetParameter(c) => {
                self.codes(&[("key", &c.key), ("approval", &c.approval)]);
                self.given_text("value", &c.value);
                self.day("effective_from", c.effective_from);
            }
            Command::ClosePeriod(c) => {
                self.year("period", c.period.year);
                self.fault_if(!(1..=12).contains(&c.period.month), "period", "OUT_OF_RANGE");
            }
            Command::CloseYear(c) => self.year("year", c.year),
            Command::SignDailySummary(c) => {
                self.day("day", c.day);
                // Red letters count, so a day's total may be zero or below.
                self.fault_if(!(-MAX_FEN..=MAX_FEN).contains(&c.total_fen), "total_fen", "OUT_OF_RANGE");
            }
            Command::ReviewCommand(c) => {
                self.fault_if(c.submission == 0, "submission", "REQUIRED");
                self.reason(c.verdict, &c.reason);
            }
            Command::WithdrawCommand(c) => {
                self.fault_if(c.submission == 0, "submission", "REQUIRED");
                self.given_text("reason", &c.reason);
            }
            _ => self.programme(command),
        }
    }

    fn organization(&mut self, organization: &record::preset::OrgDef) {
        self.under("organization.", |form| {
            form.code("code", &organization.code);
            form.given_text("name", &organization.name);
            form.optional_code("parent", &organization.parent);
            form.optional_code("region", &organization.region);
            form.optional_code("uscc", &organization.uscc);
        });
    }

    fn account(&mut self, account: &AccountDef) {
        self.under("account.", |form| {
            form.code("code", &account.code);
            // An account is never a number alone (LED-014).
            form.fault_if(account.name_zh.trim().is_empty(), "name_zh", "LED-014");
            form.text("name_zh", &account.name_zh);
            form.text("name_en", &account.name_en);
            form.optional_code("parent", &account.parent);
            form.optional_code("crosswalk_2009", &account.crosswalk_2009);
            form.text("crosswalk_2009_name", &account.crosswalk_2009_name);
            form.fault_if(account.blocked && account.posting, "posting", "OUT_OF_RANGE");
        });
    }

    fn currency(&mut self, currency: &str) {
        let three = currency.len() == 3 && currency.chars().all(|c| c.is_ascii_uppercase());
        self.fault_if(!three, "currency", "BAD_CODE");
    }

    fn money(&mut self, command: &Command) {
        match command {
            Command::RecordIncome(c) => self.income(c),
            Command::PostPremiumReceipt(c) => {
                self.codes(&[("holder", &c.holder), ("batch", &c.batch)]);
                self.priced(c.heads, c.unit_fen, c.fen);
                self.day("received_on", c.received_on);
                self.number("bill_no", &c.bill_no);
                self.number("bank_txn", &c.bank_txn);
            }
            Command::RemitPremiums(c) => self.remittance(c),
            Command::RecordApproval(c) => {
                self.code("code", &c.code);
                self.day("meeting_on", c.meeting_on);
                self.given_number("doc_no", &c.doc_no);
                self.under("scope.", |form| {
                    form.optional_code("source", &c.scope.source);
                    form.optional_code("class", &c.scope.class);
                    form.optional_code("plan", &c.scope.plan);
                    form.optional_code("payee", &c.scope.payee);
                });
                self.fen_or_zero("max_fen", c.max_fen);
                self.fault_if(c.valid_to.is_some_and(|to| to < c.meeting_on), "valid_to", "OUT_OF_RANGE");
                self.digest("minutes_digest", &c.minutes_digest);
            }
            Command::CommitExpenditure(c) => {
                self.codes(&[("code", &c.code), ("approval", &c.approval), ("source", &c.source)]);
                self.codes(&[("class", &c.class), ("plan", &c.plan)]);
                self.year("year", c.year);
                self.priced(c.heads, c.unit_fen, c.fen);
                self.day("date", c.date);
                self.evidence(&c.evidence);
            }
            Command::ReleaseCommitment(c) => {
                self.code("commitment", &c.commitment);
                self.heads("heads", c.heads);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.given_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::Disburse(c) => self.payment(c),
            Command::RecordReturn(c) => {
                self.voucher("payment", c.payment);
                self.heads("heads", c.heads);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.code("bank_account", &c.bank_account);
                self.given_number("bank_txn", &c.bank_txn);
                self.given_text("reason", &c.reason);
                self.evidence(&c.evidence);
            }
            Command::CarryToSurplus(c) => {
                self.codes(&[("source", &c.source), ("grant", &c.grant)]);
                self.optional_code("approval", &c.approval);
                self.fen("fen", c.fen);
                self.day("date", c.date);
                self.evidence(&c.evidence);
            }
            Command::ReverseVoucher(c) => {
                self.voucher("voucher", c.voucher);
                self.day("date", c.date);
                self.given_text("reason", &c.reason);
                self.number("return_txn", &c.return_txn);
                self.evidence(&c.evidence);
            }
            Command::CorrectVoucher(c) => self.correction(c),
            _ => self.flows(command),
        }
    }

    fn voucher(&mut self, field: &str, reference: record::VoucherRef) {
        self.fault_if(reference.number == 0 || reference.cycle == 0, field, "REQUIRED");
    }

    fn income(&mut self, c: &RecordIncome) {
        self.optional_code("source", &c.source);
        self.optional_code("account", &c.account);
        self.under("grant.", |form| {
            form.code("code", &c.grant.code);
            form.optional_code("grantor", &c.grant.grantor);
            form.number("doc_no", &c.grant.doc_no);
            form.code_list("permitted_uses", &c.grant.permitted_uses, 0, 200);
            let ends_early = c.grant.valid_to.zip(c.grant.valid_from).is_some_and(|(to, from)| to < from);
            form.fault_if(ends_early, "valid_to", "OUT_OF_RANGE");
            if matches!(c.kind, IncomeKind::Appropriation | IncomeKind::SuperiorSubsidy) {
                form.given("doc_no", &c.grant.doc_no);
            }
        });
        self.fen("fen", c.fen);
        self.day("date", c.date);
        self.code("bank_account", &c.bank_account);
        self.given_number("bank_txn", &c.bank_txn);
        self.number("bill_no", &c.bill_no);
        self.text("summary", &c.summary);
        self.evidence(&c.evidence);
    }

    fn remittance(&mut self, c: &RemitPremiums) {
        self.codes(&[("holder", &c.holder), ("payee_account", &c.payee_account)]);
        self.year("year", c.year);
        self.list("items", &c.items, 1, 200, |form, item| {
            form.code("source", &item.source);
            form.optional_code("batch", &item.batch);
            form.heads("heads", item.heads);
            form.fen("fen", item.fen);
        });
        self.day("date", c.date);
        self.given_number("bank_txn", &c.bank_txn);
        self.text("summary", &c.summary);
        self.evidence(&c.evidence);
    }

    fn payment(&mut self, c: &Disburse) {
        self.codes(&[("commitment", &c.commitment), ("payee_account", &c.payee_account)]);
        self.code_list("batches", &c.batches, 1, 1_000);
        self.priced(c.heads, c.unit_fen, c.fen);
        self.day("date", c.date);
        self.code("bank_account", &c.bank_account);
        self.given_number("bank_txn", &c.bank_txn);
        self.optional_code("use_code", &c.use_code);
        self.optional_code("account", &c.account);
        self.list("grants", &c.grants, 0, 100, |form, share| {
            form.code("grant", &share.grant);
            form.fen("fen", share.fen);
        });
        self.text("summary", &c.summary);
        self.evidence(&c.evidence);
    }

    fn correction(&mut self, c: &CorrectVoucher) {
        self.voucher("voucher", c.voucher);
        self.day("date", c.date);
        self.given_text("reason", &c.reason);
        self.evidence(&c.evidence);
        match &*c.replacement {
            Command::RecordIncome(_)
            | Command::PostPremiumReceipt(_)
            | Command::RemitPremiums(_)
            | Command::Disburse(_)
            | Command::RecordReturn(_) => self.under("replacement.", |form| form.money(&c.replacement)),
            _ => self.fault_if(true, "replacement", "BAD_KIND"),
        }
    }
}
