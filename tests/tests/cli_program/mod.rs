//! Where the `earmark` program is that these tests run: built once by cargo, beside the tests' own folder.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Path of the program, built now if it is not current.
pub fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build).clone()
}

fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--package", "earmark", "--message-format=json"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).expect("cargo speaks UTF-8");
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let named = messages.filter(|message| message["target"]["name"] == "earmark" && message["executable"].is_string());
    let program = named.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).last();
    program.expect("cargo names the program that it built")
}
