//! `earmark reconcile`: other people's lists against the books. Receipts of a collecting system are compared and nothing is recorded
//! (`receipts`); statements of banks and of the association are imported (`import`) and become part of the books, where they are matched.

mod camt;
mod faults;
mod import;
mod line;
mod mapping;
mod mask;
mod receipts;
pub mod sheet;
mod table;
#[cfg(test)]
mod tests;

use crate::config::Config;

/// `earmark reconcile`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// 与来源系统的收款清单逐笔对照，不作记录 [Compare a collecting system's list of receipts with the books; nothing is recorded]
    Receipts(receipts::Args),
    /// 导入银行对账单或互助会收款清单：CSV、xlsx（按列映射文件）或 CAMT.053 [Import a statement of a bank, or the association's list: CSV
    /// or xlsx by a column mapping, or CAMT.053]
    Import(import::Args),
}

/// Words of these verbs; the others below `reconcile` are one request each.
pub const OWN: [&str; 2] = ["receipts", "import"];

/// Runs `earmark reconcile receipts` and `earmark reconcile import`.
pub async fn run(args: &Args, config: &Config, as_json: bool) -> anyhow::Result<()> {
    match &args.what {
        What::Receipts(args) => receipts::run(args, config, as_json).await,
        What::Import(args) => import::run(args, config, as_json).await,
    }
}
