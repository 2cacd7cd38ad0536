//! Money coming in: T01a, T04 to T10.

use record::command::RecordIncome;
use record::kinds::{BankPurpose, Direction, EvidenceKind, IncomeKind, OrgType, Side, Word};

use super::case::{Case, Draw, Drawn, slips_of};
use super::paper::{Deed, Leg};
use super::{Change, Grant};

impl Case<'_> {
    pub fn income(&mut self, c: &RecordIncome) -> Vec<Change> {
        self.date(c.date);
        self.bill(&c.bill_no);
        self.income_documents(c);
        let drawn = self.draw(&Draw {
            account: &c.bank_account,
            purpose: BankPurpose::FundSpecial,
            owner: self.own(),
            txn: &c.bank_txn,
            direction: Direction::In,
            fen: c.fen,
            not_before: Some(c.date),
        });
        self.evidence(&c.evidence);
        self.payer(drawn.as_ref(), Some(c.kind));
        let shared = self.m.parameter("P6.interest", c.date) == "DAILY_BALANCE";
        self.hit_if(c.kind == IncomeKind::Interest && shared, "SRC-008");
        let Some(source) = self.income_source(c) else { return Vec::new() };
        let paired = self.m.source(&source).map_or_else(String::new, |s| s.income_account.clone());
        let account = if c.account.is_empty() { paired.clone() } else { c.account.clone() };
        self.hit_if(account != paired, "SRC-002");
        let opened = self.income_grant(c, &source);
        let Some(drawn) = drawn else { return Vec::new() };
        let money = Leg {
            grant: c.grant.code.clone(),
            holder: self.own().to_owned(),
            counterparty: c.grant.grantor.clone(),
            bank: drawn.id,
            ..Leg::new(&self.m.preset().posting.special_bank, &source, Side::Debit, c.fen)
        };
        let credit = Leg { bank: String::new(), ..money.opposite(&account) };
        let mut paper = self.paper(Word::Ji, c.kind.template(), c.date, vec![money, credit]);
        paper.cashier = drawn.cashier;
        paper.settlement = Some(drawn.settlement);
        paper.deed = Deed::Income;
        paper.bill.clone_from(&c.bill_no);
        paper.slips = slips_of(&c.evidence);
        opened.into_iter().chain([Change::Paper(Box::new(paper))]).collect()
    }

    /// What the association sends back is a return (SRC-002, REM-006), what comes from an account of ours a transfer (SRC-004): no income.
    pub fn payer(&mut self, drawn: Option<&Drawn>, kind: Option<IncomeKind>) {
        let account = drawn.and_then(|d| self.m.bank_accounts.iter().find(|a| a.code == d.counterparty));
        if let Some(account) = account {
            match account.purpose {
                BankPurpose::Payee => ["SRC-002", "REM-006"].iter().for_each(|rule| self.hit(rule)),
                BankPurpose::FundSpecial | BankPurpose::Custody => self.hit("SRC-004"),
                // A donor gives, the treasury subsidises: neither pays interest, nor anything else.
                BankPurpose::Payer => {
                    let owner =
                        self.m.organizations.iter().find(|o| o.code == account.organization).map(|o| o.org_type);
                    let gift = [
                        IncomeKind::RestrictedDonation,
                        IncomeKind::Donation,
                        IncomeKind::Fundraising,
                        IncomeKind::Sponsorship,
                    ];
                    let subsidy = [IncomeKind::FiscalSubsidy, IncomeKind::OtherFiscalSubsidy];
                    let is_one = |of: &[IncomeKind]| kind.is_some_and(|kind| of.contains(&kind));
                    let other = match owner {
                        Some(OrgType::Donor) => !is_one(&gift),
                        Some(OrgType::Fiscal) => !is_one(&subsidy),
                        _ => false,
                    };
                    self.hit_if(other, "SRC-002");
                }
            }
        }
    }

    /// SRC-005, SRC-006, SRC-009.
    fn income_documents(&mut self, c: &RecordIncome) {
        let has = |kind| c.evidence.iter().any(|e| e.kind == kind);
        let no_uses = c.grant.permitted_uses.is_empty();
        let no_number = c.grant.doc_no.is_empty();
        match c.kind {
            IncomeKind::RestrictedDonation
            | IncomeKind::Donation
            | IncomeKind::Fundraising
            | IncomeKind::Sponsorship => {
                let agreed = has(EvidenceKind::Agreement) || has(EvidenceKind::Announcement);
                self.hit_if(!agreed || no_number || c.bill_no.is_empty(), "SRC-005");
                self.hit_if(c.kind == IncomeKind::RestrictedDonation && no_uses, "SRC-005");
            }
            IncomeKind::FiscalSubsidy | IncomeKind::OtherFiscalSubsidy => {
                self.hit_if(!has(EvidenceKind::Reply) || no_number || no_uses, "SRC-006");
            }
            IncomeKind::OtherLawful => self.hit_if(!has(EvidenceKind::LegalBasis), "SRC-009"),
            IncomeKind::SuperiorSubsidy => {
                self.hit_if(!has(EvidenceKind::AppropriationLetter) || no_uses, "USE-011");
            }
            IncomeKind::Appropriation | IncomeKind::Interest | IncomeKind::Other => {}
        }
    }

    /// The source that the money enters: the one named, or the only one of its kind.
    fn income_source(&mut self, c: &RecordIncome) -> Option<String> {
        let takes = |s: &&record::preset::SourceDef| s.enabled && s.income_kinds.iter().any(|k| k == c.kind.code());
        let lawful: Vec<&String> = self.m.preset().sources.iter().filter(takes).map(|s| &s.code).collect();
        if c.source.is_empty() {
            self.hit_if(lawful.is_empty(), "SRC-001");
            return lawful.first().map(|code| (*code).clone());
        }
        if !self.source(&c.source) {
            return None;
        }
        let rule = if c.kind == IncomeKind::Interest { "SRC-008" } else { "SRC-002" };
        self.hit_if(!lawful.contains(&&c.source), rule);
        Some(c.source.clone())
    }

    /// The funding document: a new one, or a known one that says the same.
    fn income_grant(&mut self, c: &RecordIncome, source: &str) -> Option<Change> {
        let spec = &c.grant;
        let mut uses = spec.permitted_uses.clone();
        for code in &uses {
            if self.m.preset().uses.iter().any(|u| u.code == *code) {
                self.purpose(source, code);
            } else {
                self.hit("USE-002");
            }
        }
        // What is no use of the fund is refused above, and kept nowhere.
        uses.retain(|code| self.m.preset().uses.iter().any(|u| u.code == *code));
        uses.sort();
        uses.dedup();
        let grantor_known = spec.grantor.is_empty() || self.m.has_organization(&spec.grantor);
        self.fault_if(!grantor_known, "grant.grantor", "UNKNOWN");
        let fresh = Grant {
            code: spec.code.clone(),
            source: source.to_owned(),
            grantor: if grantor_known { spec.grantor.clone() } else { String::new() },
            doc_no: spec.doc_no.clone(),
            uses,
            opened_on: c.date,
            valid_from: spec.valid_from,
            valid_to: spec.valid_to,
        };
        if self.m.batch(&spec.code).is_some() {
            self.fault("grant.code", "CONFLICT");
            return None;
        }
        let Some(known) = self.m.grants.iter().find(|g| g.code == spec.code) else {
            return Some(Change::Grant(fresh));
        };
        let same = *known == Grant { opened_on: known.opened_on, ..fresh };
        self.fault_if(!same, "grant.code", "CONFLICT");
        None
    }
}
