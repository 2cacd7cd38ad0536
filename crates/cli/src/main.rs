//! `earmark`: the program for everybody who works with the ledger.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks on the terminal")]

mod demo;
mod fail;
mod flags;
mod journal;
mod json;
mod lang;
mod schema;
mod sheets;
mod table;
mod text;
mod tokens;
mod verbs;
mod yuan;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let json = std::env::args().any(|a| a == "--json");
    if let Err(e) = runtime.block_on(demo::run(&demo::Args { data: None }, lang::Lang::Zh, json)) {
        eprintln!("{e:#}");
        std::process::exit(1);
    }
}
