//! `cala-ledger` in process: a template of two entries, one account of which stands in every posting.

use anyhow::anyhow;
use cala_ledger::account::NewAccount;
use cala_ledger::journal::NewJournal;
use cala_ledger::posting::PostingInput;
use cala_ledger::tx_template::{
    NewParamDefinition, NewTxTemplate, NewTxTemplateEntry, NewTxTemplateTransaction, ParamDataType, Params,
};
use cala_ledger::{AccountId, CalaLedger, CalaLedgerConfig, JournalId, TransactionId, job};
use rust_decimal::Decimal;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::load::{Load, Measured};

/// Connections: more wait for each other's locks only.
const CONNECTIONS: u32 = 32;
const TEMPLATE: &str = "RECEIPT";
/// Accounts on the other side of the hot one.
const PAYERS: u64 = 64;

pub async fn run(url: &str, load: Load) -> anyhow::Result<Measured> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await?;
    let mut jobs = job::Jobs::init(job::JobSvcConfig::builder().pool(pool.clone()).exec_migrations(false).build()?)
        .await
        .map_err(|error| anyhow!("{error:?}"))?;
    let config = CalaLedgerConfig::builder().pool(pool).exec_migrations(true).build()?;
    let cala = CalaLedger::init(config, &mut jobs).await?;
    let payers = prepare(&cala).await?;
    let measured = load.drive(move |call| {
        let (cala, payers) = (cala.clone(), payers.clone());
        async move {
            let input = |at: u64| {
                let mut params = Params::new();
                params.insert("payer", payers[(at % PAYERS) as usize]);
                params.insert("units", Decimal::from(20));
                PostingInput::new(TransactionId::new(), TEMPLATE, params)
            };
            if load.batch == 1 {
                let PostingInput { tx_id, params, .. } = input(call);
                cala.post_transaction(tx_id, TEMPLATE, params).await.map_err(|error| anyhow!("{error:?}"))?;
            } else {
                let batch = (0..load.batch).map(|at| input(call * load.batch + at)).collect();
                cala.post_transactions(batch).await.map_err(|error| anyhow!("{error:?}"))?;
            }
            Ok(())
        }
    });
    measured.await
}

/// Journal, accounts and template; gives the payers.
async fn prepare(cala: &CalaLedger) -> anyhow::Result<Vec<AccountId>> {
    let journal = JournalId::new();
    let new = NewJournal::builder().id(journal).name(format!("Fund {journal}")).build();
    cala.journals().create(new).await.map_err(|error| anyhow!("{error:?}"))?;
    let mut accounts = Vec::new();
    for _ in 0..=PAYERS {
        let id = Uuid::now_v7();
        let new = NewAccount::builder().id(id).name(format!("Account {id}")).code(id.to_string()).build();
        accounts.push(cala.accounts().create(new).await.map_err(|error| anyhow!("{error:?}"))?.id());
    }
    let hot = accounts.pop().ok_or_else(|| anyhow!("no account"))?;
    let param = |name: &str, kind| NewParamDefinition::builder().name(name).r#type(kind).build();
    let entry = |kind: &str, account: String, direction: &str| {
        NewTxTemplateEntry::builder()
            .entry_type(kind)
            .account_id(account)
            .layer("SETTLED")
            .direction(direction)
            .units("params.units")
            .currency("'CNY'")
            .build()
    };
    let transaction = NewTxTemplateTransaction::builder().effective("date()").journal_id(format!("uuid('{journal}')"));
    let template = NewTxTemplate::builder()
        .id(Uuid::now_v7())
        .code(TEMPLATE)
        .params(vec![param("payer", ParamDataType::Uuid)?, param("units", ParamDataType::Decimal)?])
        .transaction(transaction.build()?)
        .entries(vec![
            entry("'RECEIPT_DR'", format!("uuid('{hot}')"), "DEBIT")?,
            entry("'RECEIPT_CR'", "params.payer".into(), "CREDIT")?,
        ])
        .build();
    cala.tx_templates().create(template).await.map_err(|error| anyhow!("{error:?}"))?;
    Ok(accounts)
}
