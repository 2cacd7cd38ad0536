//! Closing the months and the year, and what the books say before and after.

use api::v1;
use v1::{Chart, Ledger};

use super::stage::{Stage, ask, read};

/// Closes a month of 2018.
pub async fn month(stage: &mut Stage, month: u32) -> anyhow::Result<()> {
    let closing = v1::PeriodClosing { period: Some(v1::Period { year: 2018, month }) };
    let asked = ask!(stage, "chief", book.close_period, ClosePeriodRequest { closing: Some(closing) });
    stage.accepted(asked)?;
    stage.say(&format!("  2018-{month:02} 结账"), &format!("  2018-{month:02} closed"));
    Ok(())
}

/// Closes the year: income and expense to carry-forward, source by source, and the budget to zero.
pub async fn year(stage: &mut Stage) -> anyhow::Result<()> {
    let closing = v1::YearClosing { year: 2018 };
    let asked = ask!(stage, "maker", book.close_year, CloseYearRequest { closing: Some(closing) });
    let vouchers = stage.settle(asked, "chief").await?;
    stage.say(
        &format!("  2018 年结：{} 张结转凭证（T24-T26、T29）", vouchers.len()),
        &format!("  2018 closed: {} closing vouchers (T24 to T26, T29)", vouchers.len()),
    );
    Ok(())
}

/// Trial balances at a moment, under both charts.
#[derive(Clone, Debug)]
pub struct Trials {
    /// Under the chart of 2021.
    pub v2021: v1::GetTrialBalanceResponse,
    /// Under the chart of 2009.
    pub v2009: v1::GetTrialBalanceResponse,
}

/// Asks the audit committee's questions.
pub async fn trials(stage: &mut Stage) -> anyhow::Result<Trials> {
    Ok(Trials {
        v2021: trial(stage, Ledger::Actual, Chart::V2021).await?,
        v2009: trial(stage, Ledger::Actual, Chart::V2009).await?,
    })
}

/// One trial balance.
pub async fn trial(stage: &mut Stage, ledger: Ledger, chart: Chart) -> anyhow::Result<v1::GetTrialBalanceResponse> {
    read!(
        stage,
        "audit",
        audit.get_trial_balance,
        GetTrialBalanceRequest { ledger: ledger.into(), chart: chart.into() }
    )
    .map_err(|error| stage.failed(&error))
}

/// The statement of income and use by source.
pub async fn statement(stage: &mut Stage) -> anyhow::Result<v1::GetStatementResponse> {
    read!(stage, "audit", audit.get_statement, GetStatementRequest { year: 2018 }).map_err(|error| stage.failed(&error))
}
