//! What most would write first: BEGIN, an entry, its two lines, both balances, COMMIT; one balance is everybody's.

use sqlx::postgres::PgPoolOptions;

use crate::load::{Load, Measured};

const CONNECTIONS: u32 = 32;
/// Accounts on the other side of the hot one, which has number 0.
const PAYERS: i64 = 64;
/// Amount of a posting, fen.
const FEN: i64 = 2_000;

const SCHEMA: [&str; 4] = [
    "CREATE TABLE account (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL)",
    "CREATE TABLE entry (id BIGSERIAL PRIMARY KEY, request_id TEXT NOT NULL UNIQUE, at TIMESTAMPTZ NOT NULL DEFAULT now())",
    "CREATE TABLE line (entry BIGINT NOT NULL REFERENCES entry, account BIGINT NOT NULL REFERENCES account, \
     fen BIGINT NOT NULL, PRIMARY KEY (entry, account))",
    "INSERT INTO account SELECT id, 0 FROM generate_series(0, 64) AS id",
];

pub async fn run(url: &str, load: Load) -> anyhow::Result<Measured> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await?;
    for statement in SCHEMA {
        sqlx::query(statement).execute(&pool).await?;
    }
    let measured = load.drive(move |call| {
        let pool = pool.clone();
        async move {
            let payer = 1 + call as i64 % PAYERS;
            let mut transaction = pool.begin().await?;
            let entry: i64 = sqlx::query_scalar("INSERT INTO entry (request_id) VALUES ($1) RETURNING id")
                .bind(format!("r-{call}"))
                .fetch_one(&mut *transaction)
                .await?;
            for (account, fen) in [(payer, -FEN), (0, FEN)] {
                sqlx::query("INSERT INTO line (entry, account, fen) VALUES ($1, $2, $3)")
                    .bind(entry)
                    .bind(account)
                    .bind(fen)
                    .execute(&mut *transaction)
                    .await?;
            }
            for (account, fen) in [(payer, -FEN), (0, FEN)] {
                sqlx::query("UPDATE account SET balance = balance + $2 WHERE id = $1")
                    .bind(account)
                    .bind(fen)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(())
        }
    });
    measured.await
}
