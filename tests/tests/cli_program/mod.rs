//! The `earmark` program as the tests of this folder's users run it: built by cargo, started in an empty environment, and, as a server,
//! stopped when its test ends.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// Path of the program: the one that `cargo xtask test` built, or else built now.
pub fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| std::env::var_os("EARMARK_BIN").map_or_else(build, PathBuf::from)).clone()
}

/// What cargo says to a test of its package. A cargo below would take it as a changed environment and build afresh what depends on it.
const OF_THIS_TEST: &[&str] = &["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];

fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let of_this_test = name.to_str().is_some_and(|name| OF_THIS_TEST.iter().any(|begin| name.starts_with(begin)));
        if of_this_test {
            cargo.env_remove(name);
        }
    }
    cargo.args(["build", "--quiet", "--offline", "--package", "earmark", "--message-format=json"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).expect("cargo speaks UTF-8");
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let named = messages.filter(|message| message["target"]["name"] == "earmark" && message["executable"].is_string());
    let mut programs = named.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next_back().expect("cargo names the program that it built")
}

/// The program with these words, in an environment of its own.
pub fn earmark(words: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(words).env_clear().stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn run(words: &[&str]) -> Said {
    Said::of(earmark(words).output().expect("earmark runs"))
}

/// What a run ended with.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Said {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("earmark speaks UTF-8");
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Its output, if it ended well.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// Its output as JSON, if it ended well.
    pub fn json(self) -> serde_json::Value {
        let out = self.ok();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }
}

/// A server, killed when dropped.
pub struct Served {
    pub child: Child,
    /// Where it listens, as the client's endpoint.
    pub endpoint: String,
}

impl Served {
    /// Serves a data folder on a free port and waits until it says where.
    pub fn start(data: &Path, more: &[&str]) -> Served {
        let mut command = earmark(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data).args(more);
        Served::of(command)
    }

    /// Runs a command that serves and waits until it says where.
    pub fn of(mut command: Command) -> Served {
        command.stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("earmark serves");
        let stderr = child.stderr.take().expect("its log");
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("\"serving\"")).expect("it says where it serves");
        // The log is read to its end, so that the server never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let said: serde_json::Value = serde_json::from_str(&line).expect("a line of the log is JSON");
        let scheme = if said["tls"] == true { "https" } else { "http" };
        let address: std::net::SocketAddr =
            said["address"].as_str().and_then(|text| text.parse().ok()).expect("an address");
        // Certificates name hosts.
        let host = if scheme == "https" { "localhost" } else { "127.0.0.1" };
        Served { child, endpoint: format!("{scheme}://{host}:{}", address.port()) }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{name}");
    }

    /// Waits for its end, some seconds at most.
    pub fn ended(mut self) -> Option<i32> {
        for _ in 0..200 {
            if let Some(status) = self.child.try_wait().expect("its end") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("it does not end");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The demonstration's book in a folder of its own, served.
pub struct Demo {
    pub served: Served,
    pub dir: tempfile::TempDir,
}

impl Demo {
    pub fn new() -> Demo {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("data");
        run(&["demo", "--json", "--data", data.to_str().expect("a path")]).json();
        Demo { served: Served::start(&data, &[]), dir }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The same as a word of a command.
    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path").to_owned()
    }

    /// Writes a file into the folder; gives its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).expect("written");
        self.text(name)
    }

    /// Runs a verb as a person of the book.
    pub fn ask(&self, person: &str, words: &[&str]) -> Said {
        let (token, journal) = (self.text(&format!("data/tokens/{person}")), self.text("journal"));
        let to = ["--endpoint", &self.served.endpoint, "--token-file", &token, "--book", "season-2018"];
        run(&[words, &to[..], &["--journal", &journal]].concat())
    }
}
