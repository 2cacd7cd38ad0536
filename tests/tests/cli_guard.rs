//! The guard at a server's start, end to end on PostgreSQL: a dump of yesterday's database is restored under a server that remembers today.
//! It reads and refuses to write, whether its own memory or the witness's tells it; and it goes on when the committee has cosigned a
//! recovery. The same on files stands in `cli_proof`.

#[path = "cli_program/mod.rs"]
mod earmark;

use std::path::PathBuf;
use std::process::Command;

use earmark::{Said, Served, earmark, run};
use earmark_tests::postgres::empty_database;

const BOOK: &str = "season-2018";
const ORIGIN: &str = "example.org/hic2";

/// Keys, policies and papers of log and committee, and the demonstration's tokens.
struct Desk(tempfile::TempDir);

impl Desk {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path").to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    /// Serves a database, remembering in this folder and asking these witnesses.
    fn serve(&self, url: &str, more: &[&str]) -> Served {
        let mut command = earmark(&["serve", "--listen", "127.0.0.1:0", "--database", url]);
        command.args(["--signing-key", &self.text("log.key")]).args(more);
        Served::of(command)
    }

    /// The server with its own memory.
    fn remembering(&self, url: &str) -> Served {
        self.serve(url, &["--memory", &self.text("memory")])
    }

    fn ask(&self, served: &Served, person: &str, words: &[&str]) -> Said {
        let (token, journal) = (self.text(&format!("data/tokens/{person}")), self.text("journal"));
        let to = ["--endpoint", &served.endpoint, "--token-file", &token, "--book", BOOK, "--journal", &journal];
        run(&[words, &to[..], &["--lang", "en"]].concat())
    }

    fn register(&self, served: &Served, code: &str) -> Said {
        let words = ["org", "register", code, "--name", "某市总工会", "--type", "CITY_FED", "--parent", "GDFTU"];
        self.ask(served, "maker", &words)
    }

    /// A policy endorsed by the holders of these keys and handed in by the committee.
    fn set_policy(&self, served: &Served, policy: &str, more: &[&str], keys: &[&str]) -> Said {
        for (turn, key) in keys.iter().enumerate() {
            let (key, policy, statement) = (self.text(key), self.text(policy), self.text("statement"));
            let mut words = vec!["endorse", "--key", &key, "--policy", &policy, "--book", BOOK];
            words.extend(more);
            if turn > 0 {
                words.extend(["--statement", &statement]);
            }
            let signed = run(&words).ok();
            self.write("statement", &signed);
        }
        let (policy, statement) = (format!("@{}", self.text(policy)), format!("@{}", self.text("statement")));
        self.ask(served, "audit", &["log-policy", "set", &policy, &statement, "--json"])
    }

    /// The witness's program, with its key and memory.
    fn witness(&self, words: &[&str], more: &[&str]) -> String {
        let (key, policy, state) = (self.text("w.key"), self.text("policy"), self.text("state"));
        run(&[words, &["--key", &key, "--policy", &policy, "--state", &state], more].concat()).ok()
    }

    /// Runs a client program of PostgreSQL.
    fn client(&self, program: &str, words: &[&str]) {
        let path = testkit::postgres::programs().expect("PostgreSQL's programs").join(program);
        let output = Command::new(path).args(words).output().expect("it runs");
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn stop(served: Served) {
    served.signal("TERM");
    assert_eq!(served.ended(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_restored_from_yesterdays_dump_is_read_and_goes_on_only_after_a_recovery() {
    let desk = Desk(tempfile::tempdir().expect("a folder"));
    let (today, restored) = (empty_database().await, empty_database().await);
    run(&["demo", "--json", "--data", &desk.text("data")]).json();
    run(&["migrate", "--database", &today.url]).ok();
    run(&["copy", "--from", &desk.text("data"), "--to", &today.url, "--book", BOOK, "--with-tokens"]).ok();
    let log = run(&["key", "new", &desk.text("log.key"), "--origin", ORIGIN, "--book", BOOK]).ok();
    let witness = run(&["witness", "key", &desk.text("w.key"), "--name", "jingshen.example.org"]).ok();
    let witness = witness.trim().replace("NAME", "jingshen");
    desk.write("policy", &format!("{}\n{witness}\nquorum jingshen\n", log.trim()));

    let served = desk.remembering(&today.url);
    desk.set_policy(&served, "policy", &[], &["log.key", "w.key"]).json();
    stop(served);
    desk.client("pg_dump", &["--file", &desk.text("yesterday.sql"), "--no-owner", &today.url]);
    let served = desk.remembering(&today.url);
    desk.register(&served, "TODAY").ok();
    desk.write("lost", &desk.ask(&served, "audit", &["checkpoint"]).ok());
    desk.write("request", &desk.ask(&served, "audit", &["cosign", "--request", "0"]).ok());
    desk.witness(&["witness", "sign", &desk.text("request")], &["--begin"]);
    desk.write("cosigned", &desk.witness(&["witness", "show", ORIGIN], &[]));
    stop(served);

    // The database is lost, and yesterday's dump is all there is.
    desk.client("psql", &["--quiet", "--set", "ON_ERROR_STOP=1", "--file", &desk.text("yesterday.sql"), &restored.url]);
    let whole = run(&["verify", "--json", "--database", &restored.url]).json();
    assert_eq!(whole["clean"], true, "whole in itself: {whole}");
    // What the witness remembers is enough, and so is what the server does.
    let served = desk.serve(&restored.url, &["--witness", &desk.text("cosigned")]);
    let said = desk.register(&served, "TOMORROW");
    assert!(said.code == Some(1) && said.err.contains("rolled back"), "{said:?}");
    stop(served);
    let served = desk.remembering(&restored.url);
    let said = desk.register(&served, "TOMORROW");
    assert!(said.code == Some(1) && said.err.contains("rolled back"), "{said:?}");
    desk.ask(&served, "audit", &["trial-balance"]).ok();
    let here = desk.ask(&served, "audit", &["log-policy", "get", "--json"]).json();
    stop(served);

    // A new origin, since the old one has signed what is gone; by the word of operator and committee.
    run(&["key", "new", &desk.text("log.key"), "--origin", "example.org/hic2-2", "--book", BOOK]).ok();
    let keys = run(&["key", "show", &desk.text("log.key"), "--json"]).json();
    let vkey = |at: usize| keys[at]["vkey"].as_str().expect("a key").to_owned();
    let policy = std::fs::read_to_string(desk.path("policy")).expect("the policy");
    desk.write("next", &policy.replace(&vkey(0), &vkey(1)));
    let number = here["sequence"].as_u64().map(|n| n.to_string());
    let number = number.or_else(|| here["sequence"].as_str().map(str::to_owned)).expect("a number");
    let recovers = format!("{number}:{}", here["root"].as_str().expect("a root"));
    let (follows, lost) = (desk.text("policy"), desk.text("lost"));
    let more = ["--follows", &follows, "--recovers", &recovers, "--abandons", &lost];
    let served = desk.remembering(&restored.url);
    let said = desk.set_policy(&served, "next", &more, &["log.key"]);
    assert!(said.code == Some(1) && said.err.contains("NOT_SIGNED"), "without the committee: {said:?}");
    assert!(desk.register(&served, "TOMORROW").err.contains("rolled back"));
    desk.set_policy(&served, "next", &more, &["log.key", "w.key"]).json();
    desk.register(&served, "TOMORROW").ok();
    let checkpoint = desk.ask(&served, "audit", &["checkpoint"]).ok();
    assert!(checkpoint.starts_with("example.org/hic2-2\n"), "{checkpoint}");
    stop(served);
    let served = desk.remembering(&restored.url);
    desk.register(&served, "LATER").ok();
    stop(served);
    let whole = run(&["verify", "--json", "--database", &restored.url]).json();
    assert_eq!(whole["clean"], true, "{whole}");
}
