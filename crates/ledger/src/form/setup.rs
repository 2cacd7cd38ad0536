//! The form of commands that set up, staff and close a book.

use record::command::{
    CreateBook, PersonDef, RecordDestruction, RegisterBankAccount, RegisterBankTransaction, RegisterScheme,
    UploadRosterChunk,
};
use record::preset::{AccountDef, OrgDef, StandardDef};
use record::{Command, MAX_FEN};

use super::{Form, MAX_CHUNK_TOKENS, MAX_LINES};
use crate::decide::MAX_ROSTER_ROWS;
use crate::preset;

/// Persons that a book may be opened with.
const MAX_PERSONS: usize = 200;
/// Classes of a scheme.
const MAX_TARGETS: usize = 20;
/// Digits of an account number that may be shown.
const SHOWN_DIGITS: usize = 4;

impl Form {
    pub(super) fn setup(&mut self, command: &Command) {
        match command {
            Command::CreateBook(c) => self.book(c),
            Command::DefineAccount(c) => self.within("account", |form| form.account(&c.account)),
            Command::RegisterOrganization(c) => self.within("organization", |form| form.organization(&c.organization)),
            Command::RegisterBankAccount(c) => self.bank_account(c),
            Command::RegisterBankTransaction(c) => self.bank_txn(c),
            Command::GrantRole(c) => self.within("person", |form| form.person(&c.person)),
            Command::RevokeRole(c) => {
                self.code("person", &c.person);
                self.count("roles", c.roles.len(), 1, MAX_TARGETS);
            }
            Command::SetParameter(c) => {
                self.code("key", &c.key);
                self.required_text("value", &c.value);
                self.day("effective_from", c.effective_from);
                self.code("approval", &c.approval);
            }
            Command::ClosePeriod(c) => self.period("period", c.period),
            Command::CloseYear(c) => self.year("year", c.year),
            Command::SignDailySummary(c) => {
                self.day("day", c.day);
                // Red letters count in a day's total, so it may be zero or below.
                if !(-MAX_FEN..=MAX_FEN).contains(&c.total_fen) {
                    self.fault("total_fen", "OUT_OF_RANGE", "超出金额范围", "is out of the range of money");
                }
            }
            Command::RegisterScheme(c) => self.scheme(c),
            Command::SetSubsidyStandard(c) => {
                self.within("standard", |form| form.standard(&c.standard));
                self.code("approval", &c.approval);
            }
            Command::SetDuesStatus(c) => {
                self.code("organization", &c.organization);
                self.year("year", c.year);
                self.day("as_of", c.as_of);
                self.evidence(&c.evidence);
            }
            Command::RegisterSnapshot(c) => {
                self.code("code", &c.code);
                self.required_number("version", &c.version);
                self.code("organization", &c.organization);
                self.day("as_of", c.as_of);
                self.heads("heads", c.heads);
                self.digest("digest", &c.digest);
            }
            Command::RegisterTokenKey(c) => {
                self.year("year", c.year);
                self.code("key_id", &c.key_id);
                self.digest("check_value", &c.check_value);
            }
            Command::UploadRosterChunk(c) => self.chunk(c),
            Command::RecordDestruction(c) => self.destruction(c),
            _ => {}
        }
    }

    fn destruction(&mut self, c: &RecordDestruction) {
        self.required_number("list_no", &c.list_no);
        self.year("year", c.year);
        if c.month > 12 {
            self.fault("month", "OUT_OF_RANGE", "须为1至12月，或0表示全年", "must be a month, or 0 for the whole year");
        }
        if c.volumes == 0 {
            self.fault("volumes", "REQUIRED", "必填", "is required");
        }
        self.day("date", c.date);
        self.code("approval", &c.approval);
        self.required_text("reason", &c.reason);
        self.evidence(&c.evidence);
    }

    fn chunk(&mut self, c: &UploadRosterChunk) {
        self.code("upload", &c.upload);
        self.year("year", c.year);
        self.code("key_id", &c.key_id);
        self.digest("check_value", &c.check_value);
        self.count("tokens", c.tokens.len(), 1, MAX_CHUNK_TOKENS);
        let last = u32::try_from(c.tokens.len()).ok().and_then(|count| c.first_row.checked_add(count));
        if c.first_row == 0 || last.is_none_or(|last| last > MAX_ROSTER_ROWS.saturating_add(1)) {
            self.fault("first_row", "OUT_OF_RANGE", "名册最多20万行", "a roster has at most 200,000 rows, from 1");
        }
    }

    fn book(&mut self, c: &CreateBook) {
        self.code("book", &c.book);
        self.required_text("name", &c.name);
        self.within("organization", |form| form.organization(&c.organization));
        self.period("first_period", c.first_period);
        self.day("live_from", c.live_from);
        self.each("persons", &c.persons, 1, MAX_PERSONS, Form::person);
        let mut codes: Vec<&str> = c.persons.iter().map(|p| p.code.as_str()).collect();
        codes.sort_unstable();
        if codes.windows(2).any(|pair| pair.first() == pair.last()) {
            self.fault("persons", "DUPLICATE", "人员编号重复", "names a person twice");
        }
        for (field, zh, en) in preset::faults(&c.preset) {
            self.within("preset", |form| form.fault(&field, "BAD_PRESET", &zh, &en));
        }
    }

    fn person(&mut self, person: &PersonDef) {
        self.code("code", &person.code);
        self.required_text("display", &person.display);
        self.count("roles", person.roles.len(), 1, MAX_TARGETS);
        self.optional_code("organization", &person.organization);
        if person.roles.contains(&record::kinds::Role::Collector) && person.organization.is_empty() {
            self.fault("organization", "REQUIRED", "代收系统须有所属单位", "is required for a COLLECTOR");
        }
    }

    fn account(&mut self, account: &AccountDef) {
        self.code("code", &account.code);
        if account.name_zh.trim().is_empty() {
            self.fault(
                "name_zh",
                "LED-014",
                "科目须有名称，不得只填编号",
                "an account needs a name, not a number alone",
            );
        }
        self.text("name_zh", &account.name_zh);
        self.text("name_en", &account.name_en);
        self.optional_code("parent", &account.parent);
        self.optional_code("crosswalk_2009", &account.crosswalk_2009);
        self.text("crosswalk_2009_name", &account.crosswalk_2009_name);
        self.count("dimensions", account.dimensions.len(), 0, MAX_TARGETS);
        if account.blocked && account.posting {
            self.fault("posting", "OUT_OF_RANGE", "禁用科目不得记账", "a blocked account takes no postings");
        }
    }

    fn organization(&mut self, organization: &OrgDef) {
        self.code("code", &organization.code);
        self.required_text("name", &organization.name);
        self.optional_code("parent", &organization.parent);
        self.optional_code("region", &organization.region);
        self.optional_code("uscc", &organization.uscc);
    }

    fn bank_account(&mut self, c: &RegisterBankAccount) {
        self.code("code", &c.code);
        self.code("organization", &c.organization);
        self.required_text("name", &c.name);
        self.masked_no("masked_no", &c.masked_no);
        self.currency(&c.currency);
    }

    /// The number of a bank account: its last digits at most.
    pub(super) fn masked_no(&mut self, field: &str, masked_no: &str) {
        let digits = masked_no.chars().filter(char::is_ascii_digit).count();
        let masked = masked_no.len() <= 32 && masked_no.bytes().all(|b| b.is_ascii_digit() || b == b'*');
        if masked_no.is_empty() || !masked || digits > SHOWN_DIGITS {
            self.fault(field, "BAD_CODE", "须为*与末四位", "must be asterisks and the last four digits at most");
        }
    }

    fn bank_txn(&mut self, c: &RegisterBankTransaction) {
        self.required_number("id", &c.id);
        self.code("account", &c.account);
        self.fen("fen", c.fen);
        self.day("date", c.date);
        self.optional_code("counterparty_account", &c.counterparty_account);
        self.currency(&c.currency);
        self.digest("slip_digest", &c.slip_digest);
    }

    fn currency(&mut self, currency: &str) {
        if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
            self.fault("currency", "BAD_CODE", "须为ISO 4217三位字母", "must be three letters of ISO 4217");
        }
    }

    fn period(&mut self, field: &str, period: record::Period) {
        self.year(field, period.year);
        if !(1..=12).contains(&period.month) {
            self.fault(field, "OUT_OF_RANGE", "月份须为1至12", "must be a month from 1 to 12");
        }
    }

    fn scheme(&mut self, c: &RegisterScheme) {
        self.year("year", c.year);
        self.required_number("doc_no", &c.doc_no);
        self.code("approval", &c.approval);
        self.fen("total_fen", c.total_fen);
        self.each("targets", &c.targets, 1, MAX_TARGETS, |form, target| {
            form.code("class", &target.class);
            form.heads("heads", target.heads);
        });
        let mut classes: Vec<&str> = c.targets.iter().take(MAX_LINES).map(|t| t.class.as_str()).collect();
        classes.sort_unstable();
        if classes.windows(2).any(|pair| pair.first() == pair.last()) {
            self.fault("targets", "DUPLICATE", "对象类别重复", "names a class twice");
        }
        self.day("enroll_deadline", c.enroll_deadline);
        if !(1..=60).contains(&c.cover_months) {
            self.fault("cover_months", "OUT_OF_RANGE", "须为1至60个月", "must be 1 to 60 months");
        }
    }

    pub(super) fn standard(&mut self, standard: &StandardDef) {
        self.code("class", &standard.class);
        self.code("plan", &standard.plan);
        self.fen("premium_fen", standard.premium_fen);
        self.fen_or_zero("subsidy_fen", standard.subsidy_fen);
        self.fen_or_zero("own_fen", standard.own_fen);
        if standard.subsidy_fen.checked_add(standard.own_fen) != Some(standard.premium_fen) {
            self.fault("premium_fen", "OUT_OF_RANGE", "保费须等于补贴加自付", "must equal subsidy plus own share");
        }
        self.day("valid_from", standard.valid_from);
        self.term("valid_to", Some(standard.valid_from), standard.valid_to);
    }
}
