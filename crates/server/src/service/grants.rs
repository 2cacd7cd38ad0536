//! Grants of FundingService: what came under each, what became of it and what is left, now, as known earlier, or by vouchers up to a day.

use std::collections::BTreeMap;

use api::v1;
use engine::Book;
use engine::store::{Store, VoucherQuery};
use ledger::State;
use ledger::grants::{Standing, standing, standing_with};
use ledger::state::{Flow, FlowKind, Grant, GrantMoney};
use record::kinds::GrantKind;
use record::{Day, Fen, GrantNo, Sequence};

use super::at;
use crate::decode::{Closed, Wire};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::{Face, Sight, storage};
use crate::moment::{At, Known};
use crate::pages::Page;
use crate::reads::Read;

/// Vouchers of a grant read at a time.
const VOUCHERS: u32 = 500;

/// Grants of a listing with figures by date, their next page's token, and what they hold for.
type Dated = (Vec<v1::Grant>, String, Sequence, Vec<u8>);

impl<S: Store> Face<S> {
    pub(super) async fn get_grant(
        &self,
        origin: &Origin,
        message: v1::GetGrantRequest,
    ) -> Result<v1::GetGrantResponse, Failure> {
        let at = at!(message);
        if let Some(on) = at.as_of {
            let pick = |state: &State| {
                let (no, grant) = state.grants.find(&message.grant).ok_or(Failure::NotFound("grant"))?;
                let opened = at.holds(grant.opened_on).then_some(no).ok_or(Failure::NotFound("grant"))?;
                Ok((vec![opened], String::new()))
            };
            let (mut grants, _, sequence, root) = self.grants_on(origin, &message.book, at, on, pick).await?;
            return Ok(v1::GetGrantResponse { grant: grants.pop(), sequence, root });
        }
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let (no, grant) = state.grants.find(&message.grant).ok_or(Failure::NotFound("grant"))?;
            let grant = Some(shown(state, grant, &ledger::grants::money(state, no), standing(state, no)));
            Ok(v1::GetGrantResponse { grant, sequence: state.sequence, root: state.root.to_vec() })
        });
        answer.await
    }

    pub(super) async fn list_grants(
        &self,
        origin: &Origin,
        message: v1::ListGrantsRequest,
    ) -> Result<v1::ListGrantsResponse, Failure> {
        let kind = match (message.kind, GrantKind::of_wire(message.kind)) {
            (0, _) => None,
            (_, Some(kind)) => Some(kind),
            _ => return Err(Failure::field("kind", "UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of its set")),
        };
        let at = at!(message);
        let number = message.kind.to_string();
        let query = ["ListGrants", &message.book, &message.source, &number, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let wanted = |state: &State, grant: &Grant| {
            kind.is_none_or(|kind| kind == grant.kind)
                && at.holds(grant.opened_on)
                && (message.source.is_empty() || state.sources.code(grant.source) == message.source)
        };
        if let Some(on) = at.as_of {
            let pick = |state: &State| {
                let grants = state.grants.iter().filter(|(_, grant)| wanted(state, grant));
                let (nos, token, _) = page.numbered(state.sequence, grants, |no, _| no)?;
                Ok((nos, token))
            };
            let (grants, next_page_token, sequence, root) = self.grants_on(origin, &message.book, at, on, pick).await?;
            return Ok(v1::ListGrantsResponse { grants, next_page_token, sequence, root });
        }
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let grants = state.grants.iter().filter(|(_, grant)| wanted(state, grant));
            let (grants, next_page_token, sequence) = page.numbered(state.sequence, grants, |no, grant| {
                shown(state, grant, &ledger::grants::money(state, no), standing(state, no))
            })?;
            Ok(v1::ListGrantsResponse { grants, next_page_token, sequence, root: state.root.to_vec() })
        });
        answer.await
    }

    /// Grants with the figures of vouchers dated on or before a day, added up from their vouchers.
    async fn grants_on(
        &self,
        origin: &Origin,
        code: &str,
        at: At,
        on: Day,
        pick: impl FnOnce(&State) -> Result<(Vec<GrantNo>, String), Failure> + Send,
    ) -> Result<Dated, Failure> {
        let picked =
            self.state(origin, code, Read::Money, at, |state| Ok((pick(state)?, state.sequence, state.root.to_vec())));
        let ((nos, token), sequence, root) = picked.await?;
        let known = At { known: Known::After(sequence), ..At::default() };
        let (book, _) = self.views(origin, code, Read::Money, known).await?;
        let sight = self.sight(origin, &book, at.known).await?;
        let mut grants = Vec::with_capacity(nos.len());
        for no in nos {
            let flows = flows(&book, &sight, no, (on, sequence)).await?;
            let money = money_of(&flows);
            let grant = sight.read(|state| {
                let grant = state.grants.get(no)?;
                let (_, _, last) = grant.terms_on(on);
                let stands = standing_with(last, on, (money.flow.given_back_fen, money.balance_fen));
                let shown = shown(state, grant, &money, stands);
                Some(with_terms_of(state, grant, on, shown))
            })?;
            grants.extend(grant);
        }
        Ok((grants, token, sequence, root))
    }
}

/// What became of a grant's money by vouchers dated up to a day and known up to a sequence.
async fn flows<S: Store>(
    book: &Book<S>,
    sight: &Sight<S>,
    no: GrantNo,
    (on, known): (Day, Sequence),
) -> Result<BTreeMap<FlowKind, Fen>, Failure> {
    let mut flows = BTreeMap::new();
    let mut query =
        VoucherQuery { up_to: known, to: Some(on), grant: Some(no), limit: VOUCHERS, ..VoucherQuery::default() };
    loop {
        let rows = book.store().vouchers(book.code(), &query).await.map_err(storage)?;
        let Some(last) = rows.last() else { return Ok(flows) };
        query.after = last.sequence;
        let sequences: Vec<Sequence> = rows.iter().map(|row| row.sequence).collect();
        let lines = book.store().lines(book.code(), &sequences).await.map_err(storage)?;
        sight.read(|state| {
            for line in lines.iter().filter(|row| row.line.grant == no) {
                let Ok(place) = rows.binary_search_by_key(&line.sequence, |row| row.sequence) else { continue };
                let Some(row) = rows.get(place) else { continue };
                if let Some((flow, fen)) = state.flow_of(row.kind, row.template, &line.line) {
                    let sum: &mut Fen = flows.entry(flow).or_default();
                    *sum = sum.saturating_add(fen);
                }
            }
        })?;
    }
}

/// Sums of flows as the figures of a grant; nothing is known of commitments by date.
pub(crate) fn money_of(flows: &BTreeMap<FlowKind, Fen>) -> GrantMoney {
    let of = |flow| flows.get(&flow).copied().unwrap_or(0);
    let given_back_fen = of(FlowKind::GivenBack);
    let flow = Flow {
        spent_fen: of(FlowKind::Spent),
        returned_fen: of(FlowKind::Returned),
        moved_in_fen: of(FlowKind::MovedIn),
        moved_out_fen: of(FlowKind::MovedOut).saturating_add(given_back_fen),
        given_back_fen,
    };
    let received_fen = of(FlowKind::Received);
    let came = received_fen.saturating_add(flow.returned_fen).saturating_add(flow.moved_in_fen);
    let balance_fen = came.saturating_sub(flow.spent_fen).saturating_sub(flow.moved_out_fen);
    GrantMoney { received_fen, flow, balance_fen, committed_fen: 0, idle_fen: 0 }
}

/// A grant as a message.
pub(crate) fn shown(state: &State, grant: &Grant, money: &GrantMoney, standing: Standing) -> v1::Grant {
    v1::Grant {
        code: grant.code.clone(),
        kind: grant.kind.to_wire(),
        source: state.sources.code(grant.source).to_owned(),
        grantor: state.organizations.code(grant.grantor).to_owned(),
        doc_no: grant.doc_no.clone(),
        permitted_uses: grant.permitted_uses.iter().map(|no| state.uses.code(*no).to_owned()).collect(),
        opened_on: grant.opened_on.show(),
        valid_from: grant.valid_from.show(),
        valid_to: grant.valid_to.show(),
        received_fen: money.received_fen,
        balance_fen: money.balance_fen,
        spent_fen: money.flow.spent_fen,
        returned_fen: money.flow.returned_fen,
        moved_in_fen: money.flow.moved_in_fen,
        moved_out_fen: money.flow.moved_out_fen,
        committed_fen: money.committed_fen,
        idle_fen: money.idle_fen,
        amendments: grant.former.iter().map(|terms| terms.amended_by.clone()).collect(),
        state: match standing {
            Standing::Open => v1::GrantState::Open,
            Standing::Ended => v1::GrantState::Ended,
            Standing::Returned => v1::GrantState::Returned,
        }
        .into(),
        given_back_fen: money.flow.given_back_fen,
    }
}

/// The same with the terms that stood on a day.
pub(crate) fn with_terms_of(state: &State, grant: &Grant, on: Day, shown: v1::Grant) -> v1::Grant {
    let (uses, from, to) = grant.terms_on(on);
    let amended = grant.former.iter().filter(|terms| terms.until <= on);
    v1::Grant {
        permitted_uses: uses.iter().map(|no| state.uses.code(*no).to_owned()).collect(),
        valid_from: from.show(),
        valid_to: to.show(),
        amendments: amended.map(|terms| terms.amended_by.clone()).collect(),
        ..shown
    }
}
