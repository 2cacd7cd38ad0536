//! Money through the face: an appropriation under two people, read back as voucher, grant, balance and statement.

use api::v1;

use crate::harness::{BOOK, Served, date, evidence, explain, serve_book, submission, vouchers};

/// Registers the special account and the custody account of the book's own organisation, each reviewed.
pub async fn bank_accounts(served: &Served) {
    for (code, purpose) in [("ZH", v1::BankAccountPurpose::FundSpecial), ("DG", v1::BankAccountPurpose::Custody)] {
        let request = v1::RegisterBankAccountRequest {
            book: BOOK.into(),
            request_id: served.id(),
            validate_only: false,
            bank_account: Some(v1::BankAccount {
                code: code.into(),
                organization: "GDZGH".into(),
                purpose: purpose.into(),
                name: "广东省总工会".into(),
                masked_no: "****1234".into(),
                currency: "CNY".into(),
            }),
        };
        let client = served.client("maker");
        let answer = client.call(|t| async { t.book().register_bank_account(request.clone()).await }).await;
        served.approve("reviewer", submission(answer.unwrap().result)).await;
    }
}

/// Books an appropriation of so many fen, reviewed; its voucher.
pub async fn appropriation(served: &Served, number: u8, fen: i64) -> String {
    let slip = v1::RegisterBankTransactionRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        transaction: Some(v1::BankTransaction {
            id: format!("TX{number}"),
            account: "ZH".into(),
            direction: v1::BankDirection::In.into(),
            amount_fen: fen,
            date: Some(date("2018-05-10")),
            counterparty_account: String::new(),
            settlement: v1::Settlement::Transfer.into(),
            currency: "CNY".into(),
            slip_digest: vec![number; 32],
        }),
    };
    let cashier = served.client("cashier");
    cashier.call(|t| async { t.spending().register_bank_transaction(slip.clone()).await }).await.unwrap();
    let income = v1::RecordAppropriationRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        income: Some(v1::Income {
            grant: Some(v1::GrantSpec {
                code: format!("BK-{number}"),
                grantor: "GDZGH".into(),
                doc_no: "粤工总〔2018〕18号".into(),
                ..Default::default()
            }),
            amount_fen: fen,
            date: Some(date("2018-05-10")),
            bank_account: "ZH".into(),
            bank_txn: format!("TX{number}"),
            bill_no: format!("PJ-{number}"),
            evidence: evidence(v1::EvidenceKind::AppropriationLetter, 100 + number),
            ..Default::default()
        }),
    };
    let maker = served.client("maker");
    let answer = maker.call(|t| async { t.funding().record_appropriation(income.clone()).await }).await;
    let answer = answer.unwrap_or_else(|error| panic!("{}", explain(&error)));
    let result = served.approve("reviewer", submission(answer.result)).await;
    vouchers(Some(result)).remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appropriation_stands_in_voucher_grant_balance_and_statement() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    let reference = appropriation(&served, 1, 5_000_000_000).await;
    assert_eq!(reference, "记-2018-1");

    let audit = served.client("audit");
    let query = v1::GetVoucherRequest { book: BOOK.into(), voucher: reference.clone(), ..Default::default() };
    let voucher =
        audit.call(|t| async { t.voucher().get_voucher(query.clone()).await }).await.unwrap().voucher.unwrap();
    assert_eq!((voucher.template.as_str(), voucher.total_fen, voucher.historical), ("T01a", 5_000_000_000, true));
    assert_eq!(
        (voucher.prepared_by.as_str(), voucher.reviewed_by.as_str(), voucher.cashier_by.as_str()),
        ("maker", "reviewer", "cashier")
    );
    let lines: Vec<(&str, &str, &str, i32, i64)> = voucher
        .lines
        .iter()
        .map(|l| (l.account.as_str(), l.source.as_str(), l.grant.as_str(), l.side, l.amount_fen))
        .collect();
    let (debit, credit) = (v1::Side::Debit.into(), v1::Side::Credit.into());
    assert_eq!(
        lines,
        [("10201", "S2P", "BK-1", debit, 5_000_000_000), ("40201", "S2P", "BK-1", credit, 5_000_000_000)]
    );

    let query = v1::GetGrantRequest { book: BOOK.into(), grant: "BK-1".into(), ..Default::default() };
    let grant = audit.call(|t| async { t.funding().get_grant(query.clone()).await }).await.unwrap().grant.unwrap();
    assert_eq!((grant.received_fen, grant.balance_fen, grant.source.as_str()), (5_000_000_000, 5_000_000_000, "S2P"));

    let query = v1::GetStatementRequest { book: BOOK.into(), year: 2018, ..Default::default() };
    let statement = audit.call(|t| async { t.audit().get_statement(query.clone()).await }).await.unwrap();
    let row = statement.rows.iter().find(|row| row.source == "S2P").unwrap();
    let Some(v1::statement_row::Columns::Fund(fund)) = &row.columns else { panic!("S2P is the fund's own") };
    assert_eq!(
        (fund.opening_fen, fund.income_fen, fund.expense_fen, fund.closing_fen),
        (0, 5_000_000_000, 0, 5_000_000_000)
    );
    assert!(statement.historical);
    served.stop().await.unwrap();
}
