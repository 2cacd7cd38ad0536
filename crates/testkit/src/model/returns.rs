//! Money that the association sent back, in the year of the payment (T17) or later (T18).

use record::Fen;
use record::command::RecordReturn;
use record::kinds::{BankPurpose, Direction, OrgType, Side, Template, Word};

use super::Change;
use super::case::{Case, Draw, Drawn, slips_of, times};
use super::paper::{Deed, Leg, Paper};

impl Case<'_> {
    pub fn record_return(&mut self, c: &RecordReturn) -> Vec<Change> {
        self.date(c.date);
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
        let payment = self.m.paper(c.payment);
        let Some((payment, paid_heads, paid)) = payment.and_then(|p| match &p.deed {
            Deed::Payment(_, heads, fen) => Some((p, *heads, *fen)),
            _ => None,
        }) else {
            self.fault("payment", "UNKNOWN");
            return Vec::new();
        };
        let earlier = payment.date.year() < c.date.year();
        self.hit_if(payment.date > c.date || self.m.is_reversed(c.payment), "LED-010");
        self.hit_if(c.heads + self.m.returned_heads(c.payment) > paid_heads, "ENR-001");
        // Money from anybody else is income of its own source.
        let association = self.sender(drawn.as_ref());
        self.hit_if(drawn.is_some() && association.is_empty(), "SRC-002");
        let price = paid / i64::from(paid_heads.max(1));
        self.hit_if(times(c.heads, price) != Some(c.fen), "USE-005");
        let of = self.m.commitments.iter().find(|(k, _)| k.code == payment.commitment);
        let (Some(drawn), Some((of, _))) = (drawn, of) else { return Vec::new() };
        // The expense of a closed year is closed: the opening balance takes what comes back of it.
        let opening = self.beside_carry(&of.source, &self.m.preset().posting.opening_adjustments);
        let mut legs = Vec::new();
        for (i, (expense, fen)) in self.newest_first(payment, c.fen).into_iter().enumerate() {
            let credit = Leg {
                account: if earlier { opening.clone() } else { expense.account.clone() },
                side: Side::Credit,
                fen,
                counterparty: association.clone(),
                heads: if i == 0 { i64::from(c.heads) } else { 0 },
                ..expense
            };
            let money = credit.opposite(&self.m.preset().posting.special_bank);
            legs.push(Leg { heads: 0, bank: drawn.id.clone(), ..money });
            legs.push(credit);
        }
        let template = if earlier { Template::T18 } else { Template::T17 };
        let mut paper = self.paper(Word::Ji, template, c.date, legs);
        paper.cashier = drawn.cashier;
        paper.settlement = Some(drawn.settlement);
        paper.commitment.clone_from(&of.code);
        paper.deed = Deed::Return(c.payment, c.heads, c.fen);
        paper.slips = slips_of(&c.evidence);
        if earlier {
            return vec![Change::Paper(Box::new(paper))];
        }
        let posting = &self.m.preset().posting;
        let legs = vec![
            self.budget_leg(of, &posting.budget_spent, Side::Debit, c.fen, c.heads),
            self.budget_leg(of, &posting.budget_available, Side::Credit, c.fen, c.heads),
        ];
        let mut budget = self.paper(Word::Yu, Template::T17, c.date, legs);
        budget.commitment.clone_from(&of.code);
        vec![Change::Paper(Box::new(paper)), Change::Paper(Box::new(budget))]
    }

    /// The association, if a movement came from its account.
    fn sender(&self, drawn: Option<&Drawn>) -> String {
        let account = drawn.and_then(|d| self.m.bank_accounts.iter().find(|a| a.code == d.counterparty));
        let owner = account.and_then(|a| self.m.organizations.iter().find(|o| o.code == a.organization));
        owner.filter(|o| o.org_type == OrgType::MutualAid).map_or_else(String::new, |o| o.code.clone())
    }

    /// The payment's expense lines, last attributed first, each with what of `fen` goes back to its grant.
    fn newest_first(&self, payment: &Paper, fen: Fen) -> Vec<(Leg, Fen)> {
        let mut left = fen;
        let mut shares = Vec::new();
        let expenses: Vec<&Leg> = payment.legs.iter().filter(|l| l.side == Side::Debit).collect();
        for expense in expenses.into_iter().rev() {
            let returns =
                self.m.standing().filter(|p| matches!(p.deed, Deed::Return(of, ..) if of == payment.reference));
            let back = returns.flat_map(|p| &p.legs).filter(|l| l.side == Side::Debit && l.grant == expense.grant);
            let part = (expense.fen - back.map(|l| l.fen).sum::<Fen>()).min(left);
            if part > 0 {
                shares.push((expense.clone(), part));
                left -= part;
            }
        }
        shares
    }
}
