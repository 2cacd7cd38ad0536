//! Premiums given back to who paid them (T19), and interest shared by average daily balance (T09b).

use record::command::{AllocateInterest, RefundPremium};
use record::kinds::{
    ApprovalKind, BankPurpose, Direction, EvidenceKind, IncomeKind, OrgType, Restriction, Side, Template, Word,
};
use record::{Day, Fen};

use super::Change;
use super::case::{Case, Draw, Drawn, slips_of, times};
use super::paper::{Deed, Leg};
use super::spending::Act;

impl Case<'_> {
    pub fn refund(&mut self, c: &RefundPremium) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        self.hit_if(!c.evidence.iter().any(|e| e.kind == EvidenceKind::Bill), "USE-006");
        let receipt = self.m.paper(c.receipt).filter(|p| p.deed == Deed::Receipt);
        let owed = receipt.and_then(|p| p.legs.iter().find(|l| l.side == Side::Credit)).cloned();
        let Some(owed) = owed else {
            self.fault("receipt", "UNKNOWN");
            return Vec::new();
        };
        self.hit_if(receipt.is_some_and(|p| c.date < p.date), "LED-007");
        self.hit_if(self.m.is_reversed(c.receipt), "LED-010");
        let act = Act::plain(&c.approval, &[ApprovalKind::Expenditure], "APR-001", c.date);
        self.carry(&Act { fen: c.fen, scope: [&owed.source, "", ""], ..act });
        let open = self.m.approvals.iter().any(|(a, _)| a.code == c.approval && a.scope.source.is_empty());
        self.hit_if(open, "APR-001");
        self.hit_if(times(c.heads, owed.price) != Some(c.fen), "USE-005");
        self.hit_if(i64::from(c.heads) > owed.heads - self.m.refunded(c.receipt), "ENR-001");
        let passed_on = !c.return_txn.is_empty();
        let left = if passed_on {
            self.m.away_heads(&owed)
        } else {
            self.m.held_heads(&owed.holder, &owed.source, &owed.grant)
        };
        self.hit_if(i64::from(c.heads) > left, "REM-003");
        let back = passed_on.then(|| self.custody_movement(&owed.holder, &c.return_txn, Direction::In, c));
        let sender = back.as_ref().and_then(Option::as_ref).map(|d| self.owner_kind(&d.counterparty));
        self.hit_if(sender.is_some_and(|kind| kind != Some(OrgType::MutualAid)), "REM-006");
        let out = self.custody_movement(&owed.holder, &c.refund_txn, Direction::Out, c);
        let known = out.as_ref().and_then(|d| self.m.bank_accounts.iter().find(|a| a.code == d.counterparty));
        self.hit_if(known.is_some_and(|a| a.purpose != BankPurpose::Payer), "USE-006");
        let mut changes = Vec::new();
        match back {
            Some(None) => return Vec::new(),
            Some(Some(back)) => changes.push(self.refund_paper(c, &owed, &back, true)),
            None => {}
        }
        let Some(out) = out else { return Vec::new() };
        changes.push(self.refund_paper(c, &owed, &out, false));
        changes
    }

    fn owner_kind(&self, account: &str) -> Option<OrgType> {
        let account = self.m.bank_accounts.iter().find(|a| a.code == account)?;
        self.m.organizations.iter().find(|o| o.code == account.organization).map(|o| o.org_type)
    }

    fn custody_movement(&mut self, holder: &str, txn: &str, direction: Direction, c: &RefundPremium) -> Option<Drawn> {
        let account = self.m.bank_txns.iter().find(|(t, _)| t.id == txn).map_or("", |(t, _)| t.account.as_str());
        let (purpose, fen, not_before) = (BankPurpose::Custody, c.fen, Some(c.date));
        self.draw(&Draw { account, purpose, owner: holder, txn, direction, fen, not_before })
    }

    fn refund_paper(&mut self, c: &RefundPremium, owed: &Leg, drawn: &Drawn, back: bool) -> Change {
        let sender = self.m.bank_accounts.iter().find(|a| a.code == drawn.counterparty);
        let liability = Leg {
            side: if back { Side::Credit } else { Side::Debit },
            fen: c.fen,
            use_code: "RF".into(),
            heads: i64::from(c.heads),
            counterparty: match sender.filter(|_| back) {
                Some(account) => account.organization.clone(),
                None if back => String::new(),
                None => owed.counterparty.clone(),
            },
            ..owed.clone()
        };
        let money = Leg { bank: drawn.id.clone(), ..liability.opposite(&self.m.preset().posting.custody_bank) };
        let legs = if back { vec![money, liability] } else { vec![liability, money] };
        let mut paper = self.paper(Word::Ji, Template::T19, c.date, legs);
        paper.cashier.clone_from(&drawn.cashier);
        paper.settlement = Some(drawn.settlement);
        if !back {
            paper.approval.clone_from(&c.approval);
            paper.deed = Deed::Refund(c.receipt, c.heads, !c.return_txn.is_empty());
            paper.slips = slips_of(&c.evidence);
        }
        Change::Paper(Box::new(paper))
    }

    pub fn share_interest(&mut self, c: &AllocateInterest) -> Vec<Change> {
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
        self.payer(drawn.as_ref(), Some(record::kinds::IncomeKind::Interest));
        self.hit_if(self.m.parameter("P6.interest", c.date) != "DAILY_BALANCE" || c.to > c.date, "SRC-008");
        let Some(drawn) = drawn else { return Vec::new() };
        let whole = self.m.bank_txns.iter().any(|(t, _)| t.id == c.bank_txn && t.fen == c.fen);
        self.hit_if(!whole, "SRC-008");
        let shares = self.interest_shares((c.from, c.to), c.fen);
        self.hit_if(shares.is_empty(), "SRC-008");
        let takes = |s: &&record::preset::SourceDef| s.income_kinds.iter().any(|k| k == IncomeKind::Interest.code());
        let account = self.m.preset().sources.iter().find(takes).map_or("", |s| s.income_account.as_str());
        let mut legs = Vec::new();
        for (source, grant, fen) in shares {
            let money = Leg {
                grant,
                holder: self.own().to_owned(),
                bank: drawn.id.clone(),
                ..Leg::new(&self.m.preset().posting.special_bank, &source, Side::Debit, fen)
            };
            let credit = Leg { bank: String::new(), ..money.opposite(account) };
            legs.extend([money, credit]);
        }
        if legs.is_empty() {
            return Vec::new();
        }
        let mut paper = self.paper(Word::Ji, Template::T09b, c.date, legs);
        paper.cashier = drawn.cashier;
        paper.settlement = Some(drawn.settlement);
        if let Some((_, _, _, approval)) = self.m.parameter_set("P6.interest", c.date) {
            paper.approval.clone_from(approval);
        }
        paper.slips = slips_of(&c.evidence);
        vec![Change::Paper(Box::new(paper))]
    }

    /// What each grant gets, by source and then within it: balances added up day by day.
    fn interest_shares(&self, (from, to): (Day, Day), fen: Fen) -> Vec<(String, String, Fen)> {
        let special = &self.m.preset().posting.special_bank;
        let earned = |source: &str, grant: &str| -> i128 {
            let moves = self.m.moves(special, source, grant, self.own());
            let on = |day: i32| moves.iter().filter(|(d, _)| d.0 <= day).map(|(_, fen)| i128::from(*fen)).sum::<i128>();
            (from.0..=to.0).map(on).sum()
        };
        let own = self.m.preset().sources.iter().filter(|s| s.restriction != Restriction::PassThrough);
        let mut sources: Vec<(String, Vec<(String, i128)>)> = Vec::new();
        for source in own {
            let grants = self.m.grants_by_age(&source.code);
            let grants = grants.into_iter().map(|g| (g.code.clone(), earned(&source.code, &g.code)));
            sources.push((source.code.clone(), grants.collect()));
        }
        let totals: Vec<i128> = sources.iter().map(|(_, grants)| grants.iter().map(|(_, w)| w).sum()).collect();
        let mut shares = Vec::new();
        for ((source, grants), fen) in sources.iter().zip(by_largest_remainder(fen, &totals)) {
            let weights: Vec<i128> = grants.iter().map(|(_, w)| *w).collect();
            for ((grant, _), part) in grants.iter().zip(by_largest_remainder(fen, &weights)) {
                if part > 0 {
                    shares.push((source.clone(), grant.clone(), part));
                }
            }
        }
        shares
    }
}

/// Whole fen first; then a fen to whoever has the largest remainder, the first of equals, until nothing is left.
fn by_largest_remainder(fen: Fen, weights: &[i128]) -> Vec<Fen> {
    let total: i128 = weights.iter().sum();
    if total == 0 {
        return vec![0; weights.len()];
    }
    let mut parts: Vec<i128> = weights.iter().map(|w| i128::from(fen) * w / total).collect();
    let mut rest: Vec<i128> = weights.iter().map(|w| i128::from(fen) * w % total).collect();
    for _ in 0..i128::from(fen) - parts.iter().sum::<i128>() {
        let best = (0..rest.len()).rev().max_by_key(|i| rest[*i]).unwrap_or(0);
        parts[best] += 1;
        rest[best] = -1;
    }
    parts.into_iter().map(|part| Fen::try_from(part).unwrap_or(0)).collect()
}
