//! ReconciliationService: statements, what their lines are, and what is open. What is computed stands in `ledger::reconcile`.

use api::v1;
use api::v1::reconciliation_service_server::ReconciliationService;
use engine::store::Store;
use ledger::reconcile::{Criterion, Item, ItemClass, ItemOf, Proposal, proposals, reconcile};
use ledger::state::{State, Statement};
use record::{BankAccountNo, Command, LineNo, StatementNo};

use super::audit::day;
use super::{at, service};
use crate::decode::Wire;
use crate::edge::Origin;
use crate::encode::{Failure, time};
use crate::face::Face;
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::Read;

/// Open items in one answer: with 200 bytes each well below the 4 MiB that clients take by default.
const ITEMS: usize = 1_000;

service! {
    ReconciliationService {
        change {
            upload_statement_chunk(UploadStatementChunkRequest) -> UploadStatementChunkResponse:
                chunk => Command::UploadStatementChunk;
            import_statement(ImportStatementRequest) -> ImportStatementResponse: seal => Command::ImportStatement;
            r#match(MatchRequest) -> MatchResponse: matching => Command::MatchStatement;
            unmatch(UnmatchRequest) -> UnmatchResponse: unmatching => Command::UnmatchStatement;
        }
        read {
            list_statements(ListStatementsRequest) -> ListStatementsResponse;
            list_unmatched(ListUnmatchedRequest) -> ListUnmatchedResponse;
            get_reconciliation(GetReconciliationRequest) -> GetReconciliationResponse;
        }
    }
}

impl<S: Store> Face<S> {
    async fn list_statements(
        &self,
        origin: &Origin,
        message: v1::ListStatementsRequest,
    ) -> Result<v1::ListStatementsResponse, Failure> {
        let at = at!(message);
        let query = ["ListStatements", &message.book, &message.account, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let sealed = state.statements.sealed.iter().filter(|(_, statement)| {
                let of_account = message.account.is_empty() || statement.statement.account == message.account;
                of_account && at.holds(statement.statement.to)
            });
            let shown = |no: StatementNo, statement: &Statement| sealed_statement(state, no, statement);
            let numbered = sealed.map(|(no, statement)| (*no, statement));
            let (statements, next_page_token, sequence) = page.numbered(state.sequence, numbered, shown)?;
            Ok(v1::ListStatementsResponse { statements, next_page_token, sequence, root: state.root.to_vec() })
        });
        answer.await
    }

    async fn list_unmatched(
        &self,
        origin: &Origin,
        message: v1::ListUnmatchedRequest,
    ) -> Result<v1::ListUnmatchedResponse, Failure> {
        let at = at!(message).undated(Not::Dated)?;
        let query = ["ListUnmatched", &message.book, &message.account, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let account = account_of(state, &message.account)?;
            let open = state.statements.lines.iter().filter(|(_, line)| line.account == account && line.group == 0);
            let open = open.map(|(no, entered)| (*no, entered));
            let (numbers, next_page_token, sequence) = page.numbered(state.sequence, open, |no, _| no)?;
            let proposed = proposals(state, account, &numbers);
            let lines = numbers.iter().zip(proposed).filter_map(|(no, proposed)| unmatched(state, *no, &proposed));
            let (lines, root) = (lines.collect(), state.root.to_vec());
            Ok(v1::ListUnmatchedResponse { lines, next_page_token, sequence, root })
        });
        answer.await
    }

    async fn get_reconciliation(
        &self,
        origin: &Origin,
        message: v1::GetReconciliationRequest,
    ) -> Result<v1::GetReconciliationResponse, Failure> {
        let at = at!(message).undated(Not::Has("day"))?;
        let on = day(message.day, "day")?.ok_or_else(|| Failure::field("day", "REQUIRED", "必填", "must be given"))?;
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let account = account_of(state, &message.account)?;
            let found = reconcile(state, account, on).ok_or(Failure::NotFound("account"))?;
            let name = state.bank_accounts.get(account).map(|a| a.name.clone()).unwrap_or_default();
            Ok(v1::GetReconciliationResponse {
                account: message.account.clone(),
                account_name: name,
                day: on.show(),
                covered_from: found.covered.map(|(from, _)| from).show(),
                covered_to: found.covered.map(|(_, to)| to).show(),
                book_fen: found.book_fen,
                bank_fen: found.bank_fen,
                bank_in_fen: found.total(ItemClass::BankIn),
                bank_out_fen: found.total(ItemClass::BankOut),
                book_in_fen: found.total(ItemClass::BookIn),
                book_out_fen: found.total(ItemClass::BookOut),
                adjusted_book_fen: found.adjusted_book_fen(),
                adjusted_bank_fen: found.adjusted_bank_fen(),
                balanced: found.is_balanced(),
                items: found.items.iter().take(ITEMS).map(|item| open_item(state, item)).collect(),
                more: u32::try_from(found.items.len().saturating_sub(ITEMS)).unwrap_or(u32::MAX),
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }
}

/// The account of a code that can be reconciled.
fn account_of(state: &State, code: &str) -> Result<BankAccountNo, Failure> {
    let found = state.bank_accounts.no(code).filter(|no| ledger::reconcile::can_reconcile(state, *no));
    found.ok_or_else(|| {
        Failure::field("account", "UNKNOWN", "没有可对账的该账户", "names no account that can be reconciled")
    })
}

fn sealed_statement(state: &State, no: StatementNo, statement: &Statement) -> v1::Statement {
    let lines = state.statements.lines.range(statement.first_line..).take_while(|(_, line)| line.statement == no);
    let matched = lines.filter(|(_, line)| line.group != 0).count();
    v1::Statement {
        seal: Some(Wire::<v1::StatementSeal>::show(&statement.statement)),
        matched: u32::try_from(matched).unwrap_or(u32::MAX),
        person: state.persons.code(statement.person).to_owned(),
        record_time: Some(time(statement.time)),
        sequence: statement.sequence,
    }
}

fn unmatched(state: &State, no: LineNo, proposed: &[Proposal]) -> Option<v1::UnmatchedLine> {
    let entered = state.statements.lines.get(&no)?;
    let statement = state.statements.sealed.get(&entered.statement);
    let proposal = |proposal: &Proposal| {
        let txn = state.bank_txns.get(proposal.transaction);
        v1::MatchProposal {
            transaction: state.bank_txns.code(proposal.transaction).to_owned(),
            date: txn.map(|txn| txn.date).show(),
            amount_fen: txn.map_or(0, |txn| txn.fen),
            points: proposal.points,
            met: proposal.met.iter().map(|criterion| wire_criterion(*criterion).into()).collect(),
        }
    };
    Some(v1::UnmatchedLine {
        line: Some(Wire::<v1::StatementLine>::show(&entered.line)),
        statement: statement.map(|s| s.statement.code.clone()).unwrap_or_default(),
        proposals: proposed.iter().map(proposal).collect(),
    })
}

fn open_item(state: &State, item: &Item) -> v1::OpenItem {
    let (line, transaction, memo) = match item.of {
        ItemOf::Line(no) => {
            let line = state.statements.lines.get(&no).map(|entered| &entered.line);
            let memo = line.map(|l| if l.memo.is_empty() { l.party.clone() } else { l.memo.clone() });
            (line.map(|l| l.id.clone()).unwrap_or_default(), String::new(), memo.unwrap_or_default())
        }
        ItemOf::Transaction(no) => {
            let other = state.bank_txns.get(no).map_or("", |txn| state.bank_accounts.code(txn.counterparty));
            (String::new(), state.bank_txns.code(no).to_owned(), other.to_owned())
        }
    };
    let class = match item.class {
        ItemClass::BankIn => v1::OpenItemClass::BankIn,
        ItemClass::BankOut => v1::OpenItemClass::BankOut,
        ItemClass::BookIn => v1::OpenItemClass::BookIn,
        ItemClass::BookOut => v1::OpenItemClass::BookOut,
    };
    v1::OpenItem { class: class.into(), date: item.date.show(), amount_fen: item.fen, line, transaction, memo }
}

fn wire_criterion(criterion: Criterion) -> v1::MatchCriterion {
    match criterion {
        Criterion::Number => v1::MatchCriterion::Number,
        Criterion::Amount => v1::MatchCriterion::Amount,
        Criterion::SameDay => v1::MatchCriterion::SameDay,
        Criterion::NearDay => v1::MatchCriterion::NearDay,
        Criterion::PartyNumber => v1::MatchCriterion::PartyNumber,
        Criterion::PartyName => v1::MatchCriterion::PartyName,
    }
}
