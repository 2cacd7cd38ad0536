//! A client that nobody here wrote: Python's grpcio against a server process, with nothing but what the server says of itself by
//! reflection. What it asks and asserts stands in `python/client.py`; here it is given a server, tokens and an end.

#![expect(clippy::print_stdout, reason = "every check of the client is a line")]

use std::path::{Path, PathBuf};
use std::process::Command;

use earmark_tests::office;
use testkit::process::{self, Served};

/// The variable with a Python that has grpcio; `cargo xtask test` sets it and makes the environment.
const PYTHON_VARIABLE: &str = "EARMARK_PYTHON";
/// Fewer checks than these would be another client.
const CHECKS: usize = 85;

#[tokio::test]
async fn a_client_from_elsewhere_keeps_a_book() {
    let python = std::env::var_os(PYTHON_VARIABLE).map(PathBuf::from);
    let python =
        python.unwrap_or_else(|| panic!("{PYTHON_VARIABLE} names no Python with grpcio: run `cargo xtask test`"));
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let data = folder.path().join("data");
    let tokens = office::tokens(&data);
    let server = Served::start(&mut process::serve(&data), &data.with_extension("log"));

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut client = Command::new(python);
    // No bytecode beside the sources, and Chinese whatever the machine's locale.
    client.args(["-B", "-X", "utf8"]).arg(here.join("python/client.py"));
    client.arg(server.address().to_string()).arg(here.join("../proto"));
    client.env("EARMARK_TOKENS", serde_json::to_string(&tokens).expect("tokens are text"));
    // The server is on this machine: no proxy of it is asked.
    client.env("no_grpc_proxy", "*");
    let ended = client.output().expect("Python starts");
    let said = String::from_utf8_lossy(&ended.stdout);
    println!("{said}{}", String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && said.ends_with("done\n"), "the client failed: {}", ended.status);
    let checks = said.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(checks >= CHECKS, "only {checks} checks were made");
    assert!(server.stop().success(), "the server did not go down in order");
}
