//! Both times on every read: what a book was by date and by knowledge, against a naive replay of its records; what a read cannot have is
//! refused with its reason, never passed over.

use std::collections::BTreeMap;

use api::v1;
use ledger::State;
use prost_types::Timestamp;
use record::kinds::Side;
use record::{Day, Event, Line, Record};
use tonic::Code;

use crate::fund::{appropriation, bank_accounts};
use crate::harness::{BOOK, Served, date, details, serve_book};
use crate::stream::{receipt, serve_batch};

/// All records of the book, read as an auditor reads them.
pub async fn records(served: &Served) -> Vec<v1::Record> {
    let audit = served.client("audit");
    let mut query = v1::ListRecordsRequest { book: BOOK.into(), page_size: 1_000, ..Default::default() };
    let mut found = Vec::new();
    loop {
        let page = audit.call(|t| async { t.audit().list_records(query.clone()).await }).await.unwrap();
        found.extend(page.records);
        if page.next_page_token.is_empty() {
            return found;
        }
        query.page_token = page.next_page_token;
    }
}

/// The state after each record, folded from the first one on.
fn states(records: &[v1::Record]) -> Vec<State> {
    let mut state = State::default();
    let fold = |record: &v1::Record| {
        state.apply(&record::decode(&record.body).unwrap());
        state.clone()
    };
    records.iter().map(fold).collect()
}

fn root_of(records: &[v1::Record]) -> Vec<u8> {
    let leaves: Vec<proof::Digest> = records.iter().map(|r| r.leaf_hash.clone().try_into().unwrap()).collect();
    proof::root_of(&leaves).to_vec()
}

async fn grants(served: &Served, query: v1::ListGrantsRequest) -> v1::ListGrantsResponse {
    let audit = served.client("audit");
    audit.call(|t| async { t.funding().list_grants(query.clone()).await }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_is_what_it_was_after_each_record_and_at_each_moment() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    for number in 1..=3 {
        appropriation(&served, number, 100 * i64::from(number)).await;
    }
    let log = records(&served).await;
    let states = states(&log);
    for (record, state) in log.iter().zip(&states) {
        let by_sequence = v1::ListGrantsRequest { book: BOOK.into(), known_at: record.sequence, ..Default::default() };
        let answer = grants(&served, by_sequence).await;
        let expected: Vec<(String, i64)> =
            state.grants.iter().map(|(_, grant)| (grant.code.clone(), grant.received_fen)).collect();
        let found: Vec<(String, i64)> =
            answer.grants.iter().map(|grant| (grant.code.clone(), grant.received_fen)).collect();
        assert_eq!(found, expected, "after {}", record.sequence);
        let place = usize::try_from(record.sequence).unwrap();
        assert_eq!((answer.sequence, answer.root), (record.sequence, root_of(&log[..place])));
        let book = served.engine.book(BOOK).unwrap();
        assert_eq!(book.past(record.sequence, None).await.unwrap().state(), state, "after {}", record.sequence);

        // Its moment knows it, and all that was recorded at the same one; just before, nothing of that moment is known.
        let time = record.record_time.unwrap();
        let same = log.iter().filter(|other| other.record_time.unwrap() == time);
        let last = same.map(|other| other.sequence).max().unwrap();
        let first = log.iter().filter(|other| other.record_time.unwrap() == time).map(|other| other.sequence).min();
        let at = |time: Timestamp| v1::ListGrantsRequest {
            book: BOOK.into(),
            known_at_time: Some(time),
            ..Default::default()
        };
        assert_eq!(grants(&served, at(time)).await.sequence, last);
        let before = Timestamp { nanos: time.nanos - 1_000, ..time };
        if before.nanos >= 0 && first > Some(1) {
            assert_eq!(Some(grants(&served, at(before)).await.sequence + 1), first);
        }
    }
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_a_grant_hold_at_a_date_as_known_at_a_sequence() {
    let served = serve_batch().await;
    let before = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    let post = |number: u32, day: &'static str| {
        let mut item = receipt(number);
        item.receipt.as_mut().unwrap().received_on = Some(date(day));
        let request = v1::PostPremiumReceiptRequest {
            book: BOOK.into(),
            request_id: item.request_id,
            validate_only: false,
            receipt: item.receipt,
        };
        let system = served.client("gz-system");
        async move { system.call(|t| async { t.premium().post_premium_receipt(request.clone()).await }).await.unwrap() }
    };
    post(1, "2018-06-20").await;
    let first = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    // Backdated: what was known before stays what it was.
    post(2, "2018-06-10").await;
    post(3, "2018-07-01").await;
    let audit = served.client("audit");
    for (as_of, known_at, received) in [
        (None, 0, 6_000),
        (None, before, 0),
        (None, first, 2_000),
        (Some("2018-06-10"), 0, 2_000),
        (Some("2018-06-10"), first, 0),
        (Some("2018-06-20"), first, 2_000),
        (Some("2018-06-20"), 0, 4_000),
        (Some("2018-12-31"), 0, 6_000),
    ] {
        let query = v1::GetGrantRequest {
            book: BOOK.into(),
            grant: "B-1".into(),
            as_of_date: as_of.map(date),
            known_at,
            ..Default::default()
        };
        let grant = audit.call(|t| async { t.funding().get_grant(query.clone()).await }).await.unwrap().grant.unwrap();
        assert_eq!((grant.received_fen, grant.balance_fen), (received, received), "{as_of:?} {known_at}");
        let listed =
            v1::ListGrantsRequest { book: BOOK.into(), as_of_date: as_of.map(date), known_at, ..Default::default() };
        assert!(grants(&served, listed).await.grants.contains(&grant), "{as_of:?} {known_at}");
    }
    // The form was handed in on the first of June.
    let query = v1::GetGrantRequest {
        book: BOOK.into(),
        grant: "B-1".into(),
        as_of_date: Some(date("2018-05-31")),
        ..Default::default()
    };
    let (code, _) = details(audit.call(|t| async { t.funding().get_grant(query.clone()).await }).await);
    assert_eq!(code, Code::NotFound);
    served.stop().await.unwrap();
}

/// Every posted line with its date, in the order of the records.
fn lines(log: &[v1::Record]) -> Vec<(u64, Day, Line)> {
    let mut found = Vec::new();
    for record in log {
        let decoded: Record = record::decode(&record.body).unwrap();
        let voucher = match decoded.event {
            Event::VoucherPosted(posted) => posted.voucher,
            Event::ReceiptPosted(posted) => posted.voucher,
            _ => continue,
        };
        found.extend(voucher.lines.into_iter().map(|line| (record.sequence, voucher.date, line)));
    }
    found
}

/// Days on which receipts are dated, in the order of their records.
const DAYS: [&str; 4] = ["2018-06-20", "2018-06-11", "2018-07-03", "2018-06-30"];

/// A book with receipts of members and employers on four days, in no order of days, and two appropriations.
async fn serve_lines() -> Served {
    let served = serve_batch().await;
    for number in 0..24u32 {
        let mut item = receipt(number);
        let fields = item.receipt.as_mut().unwrap();
        fields.received_on = Some(date(DAYS[number as usize % DAYS.len()]));
        if number % 3 == 0 {
            fields.payer = v1::PayerType::Employer.into();
        }
        let request = v1::PostPremiumReceiptRequest {
            book: BOOK.into(),
            request_id: item.request_id,
            validate_only: false,
            receipt: item.receipt,
        };
        let system = served.client("gz-system");
        system.call(|t| async { t.premium().post_premium_receipt(request.clone()).await }).await.unwrap();
    }
    for number in 1..=2 {
        appropriation(&served, number, 700).await;
    }
    served
}

/// A small repeatable stream of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// One of these codes, or none two times in three.
    fn pick(&mut self, codes: &[&str]) -> String {
        if self.below(3) > 0 { String::new() } else { codes[self.below(codes.len() as u64) as usize].to_owned() }
    }

    /// A question with any filters.
    fn question(&mut self, last: u64) -> v1::GetBalancesRequest {
        v1::GetBalancesRequest {
            book: BOOK.into(),
            as_of_date: (self.below(2) == 0).then(|| date(DAYS[self.below(4) as usize])),
            known_at: if self.below(2) == 0 { 0 } else { 1 + self.below(last) },
            account: self.pick(&["10201", "10202", "22101", "40201"]),
            source: self.pick(&["S1M", "S1E", "S2P"]),
            grant: self.pick(&["B-1", "BK-1", "BK-2"]),
            holder: self.pick(&["GDZGH"]),
            class: self.pick(&["A", "B"]),
            plan: self.pick(&["COMP"]),
            r#use: self.pick(&["A75", "A20"]),
            year: if self.below(3) == 0 { 2018 } else { 0 },
            page_size: 1_000,
            ..Default::default()
        }
    }
}

/// Whether a question is about a line.
fn is_asked(query: &v1::GetBalancesRequest, state: &State, (sequence, day, line): &(u64, Day, Line)) -> bool {
    let is = |wanted: &str, code: &str| wanted.is_empty() || wanted == code;
    let until = query.as_of_date.map(|d| Day::parse(&format!("{:04}-{:02}-{:02}", d.year, d.month, d.day)).unwrap());
    // Budget lines, which have no grant, are another ledger's.
    line.grant != 0
        && (query.known_at == 0 || *sequence <= query.known_at)
        && until.is_none_or(|until| *day <= until)
        && is(&query.account, state.accounts.code(line.account))
        && is(&query.source, state.sources.code(line.source))
        && is(&query.grant, state.grants.code(line.grant))
        && is(&query.holder, state.organizations.code(line.holder))
        && is(&query.class, state.classes.code(line.class))
        && is(&query.plan, state.plans.code(line.plan))
        && is(&query.r#use, state.uses.code(line.use_code))
        && (query.year == 0 || query.year == u32::from(line.year))
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_under_any_filters_equal_a_replay_of_the_records() {
    let served = serve_lines().await;
    let log = records(&served).await;
    let lines = lines(&log);
    let last = log.last().unwrap().sequence;
    let state = served.engine.book(BOOK).unwrap().read(State::clone).unwrap();
    let audit = served.client("audit");
    let (mut numbers, mut some) = (Numbers(5), 0);
    for _ in 0..300 {
        let query = numbers.question(last);
        let answer = audit.call(|t| async { t.audit().get_balances(query.clone()).await }).await.unwrap();
        let mut expected: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for (_, _, line) in lines.iter().filter(|line| is_asked(&query, &state, line)) {
            let key = (state.accounts.code(line.account).to_owned(), state.sources.code(line.source).to_owned());
            let sums = expected.entry(key).or_default();
            if line.side == Side::Debit { sums.0 += line.fen } else { sums.1 += line.fen }
        }
        let totals = |b: v1::Balance| ((b.account, b.source), (b.debit_total_fen, b.credit_total_fen));
        let found: BTreeMap<(String, String), (i64, i64)> = answer.balances.into_iter().map(totals).collect();
        some += usize::from(!found.is_empty());
        assert_eq!(found, expected, "{query:?}");
    }
    assert!(some > 40, "the questions find too little to tell anything: {some}");
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_read_cannot_have_is_refused_with_its_reason() {
    let served = serve_book().await;
    let audit = served.client("audit");
    let faults = |answer: (Code, tonic_types::ErrorDetails)| {
        assert_eq!(answer.0, Code::InvalidArgument);
        let violations = &answer.1.bad_request().unwrap().field_violations;
        violations.iter().map(|v| format!("{} {}", v.field, v.description)).collect::<Vec<_>>().join("; ")
    };
    let dated =
        v1::ListAccountsRequest { book: BOOK.into(), as_of_date: Some(date("2018-05-01")), ..Default::default() };
    let said = faults(details(audit.call(|t| async { t.book().list_accounts(dated.clone()).await }).await));
    assert!(said.contains("as_of_date") && said.contains("known_at") && said.contains("NOT_APPLICABLE"), "{said}");
    let own = v1::GetRuleSetRequest { book: BOOK.into(), as_of_date: Some(date("2018-05-01")), ..Default::default() };
    let said = faults(details(audit.call(|t| async { t.rules().get_rule_set(own.clone()).await }).await));
    assert!(said.contains("give day"), "{said}");
    let work = v1::ListWorkRequest { book: BOOK.into(), known_at: 3, ..Default::default() };
    let said = faults(details(audit.call(|t| async { t.voucher().list_work(work.clone()).await }).await));
    assert!(said.contains("known_at") && said.contains("now"), "{said}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let hour = i64::try_from(now).unwrap() + 3_600;
    for (known_at, time, wanted) in [
        (1, Some((1, 0)), "ONE_OF"),
        (0, Some((hour, 0)), "IN_THE_FUTURE"),
        (0, Some((1, 0)), "BEFORE_THE_BOOK"),
        (0, Some((1, 1_000_000_000)), "INVALID_TIME"),
    ] {
        let query = v1::GetTrialBalanceRequest {
            book: BOOK.into(),
            known_at,
            known_at_time: time.map(|(seconds, nanos)| Timestamp { seconds, nanos }),
            ..Default::default()
        };
        let said = faults(details(audit.call(|t| async { t.audit().get_trial_balance(query.clone()).await }).await));
        assert!(said.contains("known_at_time") && said.contains(wanted), "{wanted}: {said}");
    }
    served.stop().await.unwrap();
}
