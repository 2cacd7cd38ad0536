//! VoucherService: corrections, reviews, and vouchers to read.

use api::v1;
use api::v1::voucher_service_server::VoucherService;
use engine::Book;
use engine::store::{Store, VoucherQuery};
use ledger::access;
use ledger::rows::VoucherRow;
use record::kinds::Word;
use record::{Command, Record, VoucherRef, command};

use super::{at, service};
use crate::decode::{Closed, Fields, Wire, message_of};
use crate::edge::Origin;
use crate::encode::{Failure, time, voucher, voucher_of};
use crate::face::{Face, failure, storage};
use crate::moment::{Known, Not};
use crate::pages::Page;
use crate::reads::Read;

service! {
    VoucherService {
        change {
            reverse_voucher(ReverseVoucherRequest) -> ReverseVoucherResponse: reversal => Command::ReverseVoucher;
            correct_voucher(CorrectVoucherRequest) -> CorrectVoucherResponse: correction => Command::CorrectVoucher;
            adjust_amount(AdjustAmountRequest) -> AdjustAmountResponse: adjustment => Command::AdjustAmount;
            correct_prior_year(CorrectPriorYearRequest) -> CorrectPriorYearResponse: correction => Command::CorrectPriorYear;
            identify_deposit(IdentifyDepositRequest) -> IdentifyDepositResponse:
                identification => Command::IdentifyDeposit;
            review_command(ReviewCommandRequest) -> ReviewCommandResponse: review => Command::ReviewCommand;
            withdraw_command(WithdrawCommandRequest) -> WithdrawCommandResponse: withdrawal => Command::WithdrawCommand;
            register_history(RegisterHistoryRequest) -> RegisterHistoryResponse: history => Command::RegisterHistory;
        }
        read {
            list_submitted(ListSubmittedRequest) -> ListSubmittedResponse;
            get_voucher(GetVoucherRequest) -> GetVoucherResponse;
            list_vouchers(ListVouchersRequest) -> ListVouchersResponse;
            list_work(ListWorkRequest) -> ListWorkResponse;
            list_histories(ListHistoriesRequest) -> ListHistoriesResponse;
        }
    }
}

impl<S: Store> Face<S> {
    async fn list_submitted(
        &self,
        origin: &Origin,
        message: v1::ListSubmittedRequest,
    ) -> Result<v1::ListSubmittedResponse, Failure> {
        let mut at = at!(message).undated(Not::Dated)?;
        if message.reviewable {
            at = at.newest(Not::Now)?;
        }
        let now = at.known == Known::Newest;
        let query = ["ListSubmitted", &message.book, if message.reviewable { "reviewable" } else { "" }, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let after = page.after_number()?;
        let today = self.book(origin, &message.book)?.today();
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let waiting = state.pending.range(after.saturating_add(1)..);
            // What waited once may have been reviewed since: nobody may review it by this list.
            let reviewable = |pending| now && access::may_review(state, state.caller, pending, today);
            let waiting = waiting.map(|(no, pending)| (no, pending, reviewable(pending)));
            let listed = waiting.filter(|(.., reviewable)| *reviewable || !message.reviewable);
            let keyed = listed.map(|(submission, pending, reviewable)| {
                let shown = v1::Submission {
                    submission: *submission,
                    record_time: Some(time(pending.time)),
                    person: state.persons.code(pending.person).to_owned(),
                    command: command::decode(&pending.command).as_ref().and_then(message_of),
                    last_day: pending.last_day.show(),
                    reviewable,
                    request_id: pending.request_id.clone(),
                };
                (submission.to_be_bytes().to_vec(), shown)
            });
            let (submissions, next_page_token) = page.take(state.sequence, keyed);
            Ok(v1::ListSubmittedResponse {
                submissions,
                next_page_token,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }

    async fn get_voucher(
        &self,
        origin: &Origin,
        message: v1::GetVoucherRequest,
    ) -> Result<v1::GetVoucherResponse, Failure> {
        let mut fields = Fields::default();
        let reference: VoucherRef = fields.at("voucher", |f| Wire::read(f, message.voucher));
        if !fields.is_clean() {
            return Err(Failure::Malformed(fields.with(Vec::new())));
        }
        let at = at!(message);
        let (book, sequence) = self.views(origin, &message.book, Read::Money, at).await?;
        let found = book.store().voucher(book.code(), &reference).await.map_err(storage)?;
        // The views may have moved on since they were asked how far they are.
        let row = found.filter(|row| row.sequence <= sequence && at.holds(row.date));
        let row = row.ok_or(Failure::NotFound("voucher"))?;
        let mut shown = vouchers(&book, vec![row], true).await?;
        let voucher = shown.pop().ok_or(Failure::NotFound("voucher"))?;
        let root = self.root(&book, sequence).await?;
        Ok(v1::GetVoucherResponse { voucher: Some(voucher), sequence, root })
    }

    async fn list_vouchers(
        &self,
        origin: &Origin,
        message: v1::ListVouchersRequest,
    ) -> Result<v1::ListVouchersResponse, Failure> {
        let at = at!(message);
        let query = format!(
            "{} {:?} {:?} {} {} {} {} {}",
            at.key(),
            message.from_date,
            message.to_date,
            message.word,
            message.source,
            message.account,
            message.grant,
            message.with_lines
        );
        let page = Page::open(message.page_size, &message.page_token, &["ListVouchers", &message.book, &query])?;
        let (book, sequence) = self.views(origin, &message.book, Read::Money, at.of_page(page.snapshot)).await?;
        let mut query = voucher_query(&book, &message)?;
        query.to = query.to.into_iter().chain(at.as_of).min();
        query.after = page.after_number()?;
        query.up_to = sequence;
        // One more than the page tells whether there is a next one.
        query.limit = u32::try_from(page.size).unwrap_or(u32::MAX).saturating_add(1);
        let rows = book.store().vouchers(book.code(), &query).await.map_err(storage)?;
        let keyed = rows.into_iter().map(|row| (row.sequence.to_be_bytes().to_vec(), row));
        let (rows, next_page_token) = page.take(sequence, keyed);
        let vouchers = vouchers(&book, rows, message.with_lines).await?;
        let root = self.root(&book, sequence).await?;
        Ok(v1::ListVouchersResponse { vouchers, next_page_token, sequence, root })
    }
}

/// The query of a listing. Codes that the book has not find nothing: their ordinal is one that no line has.
fn voucher_query<S: Store>(book: &Book<S>, message: &v1::ListVouchersRequest) -> Result<VoucherQuery, Failure> {
    let mut fields = Fields::default();
    let from = fields.at("from_date", |f| Wire::read(f, message.from_date));
    let to = fields.at("to_date", |f| Wire::read(f, message.to_date));
    let word = Word::of_wire(message.word);
    if word.is_none() && message.word != 0 {
        fields.at("word", |f| f.fault("UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of the values of its set"));
    }
    if !fields.is_clean() {
        return Err(Failure::Malformed(fields.with(Vec::new())));
    }
    let named = |code: &str| !code.is_empty();
    let query = book.read(|state| VoucherQuery {
        from,
        to,
        word,
        source: named(&message.source).then(|| state.source_no(&message.source).unwrap_or(u8::MAX)),
        account: named(&message.account).then(|| state.account_no(&message.account).unwrap_or(u16::MAX)),
        grant: named(&message.grant).then(|| state.grants.no(&message.grant).unwrap_or(u32::MAX)),
        ..VoucherQuery::default()
    });
    query.map_err(|error| failure(error, ""))
}

/// The vouchers of view rows, with what only their records hold.
async fn vouchers<S: Store>(
    book: &Book<S>,
    rows: Vec<VoucherRow>,
    with_lines: bool,
) -> Result<Vec<v1::Voucher>, Failure> {
    let sequences: Vec<u64> = rows.iter().map(|row| row.sequence).collect();
    let bodies = book.store().records(book.code(), &sequences).await.map_err(storage)?;
    let records: Vec<Option<Record>> =
        bodies.into_iter().map(|body| body.and_then(|body| record::decode(&body).ok())).collect();
    let shown = book.read(|state| {
        let pairs = rows.iter().zip(&records);
        let shown = pairs.map(|(row, record)| {
            let record = record.as_ref()?;
            Some(voucher(state, row, record, voucher_of(record)?, with_lines))
        });
        shown.collect::<Option<Vec<v1::Voucher>>>()
    });
    shown.map_err(|error| failure(error, ""))?.ok_or_else(|| {
        tracing::error!(book = book.code(), "a voucher of the views has no readable record");
        Failure::Internal
    })
}
