//! Bound money returned to its giver after its purpose has ended (T32).

use record::command::ReturnGrant;
use record::kinds::{ApprovalKind, BankPurpose, Direction, EvidenceKind, Restriction, Side, Template};
use record::{Day, Fen};

use super::Change;
use super::case::{Case, slips_of};
use super::paper::Leg;
use super::spending::Act;

impl Case<'_> {
    pub fn return_grant(&mut self, c: &ReturnGrant) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        self.hit_if(!c.evidence.iter().any(|e| e.kind == EvidenceKind::Agreement), "USE-011");
        let drawn = self.special(&c.bank_account, &c.bank_txn, Direction::Out, c.fen, c.date);
        let Some(grant) = self.m.grants.iter().find(|g| g.code == c.grant).cloned() else {
            self.fault("grant", "UNKNOWN");
            return Vec::new();
        };
        let bound = self.m.source(&grant.source).map(|s| s.restriction);
        let rule = self.purpose_rule(&grant.source);
        self.hit_if(!matches!(bound, Some(Restriction::Donor | Restriction::Document)), rule);
        self.hit_if(grant.valid_to.is_none_or(|last| c.date <= last), "USE-011");
        let posting = &self.m.preset().posting;
        let left = self.m.spendable(&posting.special_bank, &grant.source, &grant.code, self.own(), c.date);
        self.hit_if(left < c.fen, "SRC-003");
        let act = Act::plain(&c.approval, &[ApprovalKind::Expenditure], "APR-001", c.date);
        self.carry(&Act { fen: c.fen, scope: [&grant.source, "", ""], ..act });
        let open = self.m.approvals.iter().any(|(a, _)| a.code == c.approval && a.scope.source.is_empty());
        self.hit_if(open, "APR-001");
        let Some(drawn) = drawn else { return Vec::new() };
        let theirs = |a: &&record::command::RegisterBankAccount| {
            a.code == drawn.counterparty && a.purpose == BankPurpose::Payer && a.organization == grant.grantor
        };
        let given = !grant.grantor.is_empty() && self.m.bank_accounts.iter().any(|a| theirs(&a));
        self.hit_if(!given, "USE-006");
        let of = (grant.source.as_str(), grant.code.as_str());
        let income = self.m.source(of.0).map_or_else(String::new, |s| s.income_account.clone());
        let of_year = self.income_of_year(&income, of, c.date).clamp(0, c.fen);
        let opening = self.beside_carry(of.0, &posting.opening_adjustments);
        let leg = |account: &str, side, fen| Leg {
            use_code: "RF".into(),
            counterparty: grant.grantor.clone(),
            ..self.own_leg(account, of, side, fen)
        };
        let debits = [(income, of_year), (opening, c.fen - of_year)].into_iter().filter(|(_, fen)| *fen > 0);
        let mut legs: Vec<Leg> = debits.map(|(account, fen)| leg(&account, Side::Debit, fen)).collect();
        legs.push(Leg { bank: drawn.id.clone(), ..leg(&posting.special_bank, Side::Credit, c.fen) });
        let mut paper = self.moved_by(&drawn, Template::T32, c.date, legs);
        paper.approval.clone_from(&c.approval);
        paper.slips = slips_of(&c.evidence);
        vec![Change::Paper(Box::new(paper))]
    }

    /// What of a grant's income of a year stands on its account, credit positive.
    fn income_of_year(&self, account: &str, (source, grant): (&str, &str), date: Day) -> Fen {
        let of = self.m.legs().filter(|(day, l)| day.year() == date.year() && l.account == account);
        let of_grant = of.filter(|(_, l)| (l.source.as_str(), l.grant.as_str()) == (source, grant));
        of_grant.map(|(_, l)| -l.signed()).sum()
    }
}
