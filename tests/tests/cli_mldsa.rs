//! A quorum of both kinds, with the program alone: a policy that asks for a witness of Ed25519 and one of ML-DSA-44 is set by both their
//! words, met by both their cosignatures and by neither alone, and an auditor believes a proof and an export under it.

#[path = "cli_program/mod.rs"]
mod earmark;

use earmark::{Said, Served, run};

const BOOK: &str = "season-2018";

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let world = World { dir: tempfile::tempdir().expect("a folder") };
        run(&["demo", "--json", "--data", &world.text("data")]).json();
        let log = run(&["key", "new", &world.text("log.key"), "--origin", "example.org/hic2", "--book", BOOK]).ok();
        let key = |file: &str, more: &[&str]| {
            let path = world.text(file);
            let words = [&["witness", "key", &path, "--name", "jingshen.example.org"], more].concat();
            run(&words).ok().trim().to_owned()
        };
        let old = key("ed25519.key", &[]).replace("NAME", "jingshen");
        let new = key("mldsa.key", &["--ml-dsa"]).replace("NAME", "jingshen-pq");
        world.write(
            "policy",
            &format!("{}\n{old}\n{new}\ngroup both all jingshen jingshen-pq\nquorum both\n", log.trim()),
        );
        world
    }

    fn text(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("a path").to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).expect("written");
    }

    fn ask(&self, served: &Served, words: &[&str]) -> Said {
        let (token, journal) = (format!("{}/tokens/audit", self.text("data")), self.text("journal"));
        let to = ["--endpoint", &served.endpoint, "--token-file", &token, "--book", BOOK, "--journal", &journal];
        run(&[words, &to[..], &["--lang", "en"]].concat())
    }

    /// Sets the policy by the word of these keys.
    fn set_policy(&self, served: &Served, keys: &[&str]) -> Said {
        let (policy, statement) = (self.text("policy"), self.text("statement"));
        for (turn, key) in keys.iter().enumerate() {
            let key = self.text(key);
            let mut words = vec!["endorse", "--key", &key, "--policy", &policy, "--book", BOOK];
            if turn > 0 {
                words.extend(["--statement", &statement]);
            }
            let signed = run(&words).ok();
            self.write("statement", &signed);
        }
        self.ask(served, &["log-policy", "set", &format!("@{policy}"), &format!("@{statement}"), "--json"])
    }

    /// Has the witness of a key cosign, by files.
    fn cosign(&self, served: &Served, key: &str) -> serde_json::Value {
        let request = self.ask(served, &["cosign", "--request", "0"]).ok();
        self.write("request", &request);
        let (request_file, key_file, policy) = (self.text("request"), self.text(key), self.text("policy"));
        let state = self.text(&format!("state-{key}"));
        let words = ["witness", "sign", &request_file, "--key", &key_file, "--policy", &policy, "--state", &state];
        let lines = run(&[&words[..], &["--begin"]].concat()).ok();
        self.write("response", &lines);
        let size = request.split("\n\n").nth(1).and_then(|note| note.lines().nth(1)).expect("a size");
        self.ask(served, &["cosign", "--response", &self.text("response"), "--size", size, "--json"]).json()
    }
}

#[test]
fn a_quorum_of_both_kinds_is_met_by_both() {
    let world = World::new();
    let served = Served::start(
        &world.dir.path().join("data"),
        &["--signing-key", &world.text("log.key"), "--memory", &world.text("memory")],
    );
    let said = world.set_policy(&served, &["log.key", "ed25519.key"]);
    assert!(said.code == Some(1) && said.err.contains("NOT_SIGNED"), "without ML-DSA: {said:?}");
    let said = world.set_policy(&served, &["log.key", "mldsa.key"]);
    assert!(said.code == Some(1) && said.err.contains("NOT_SIGNED"), "without Ed25519: {said:?}");
    world.set_policy(&served, &["log.key", "ed25519.key", "mldsa.key"]).json();

    let alone = world.cosign(&served, "mldsa.key");
    assert_eq!(alone["witnesses"], serde_json::json!(["jingshen-pq"]));
    assert_eq!(alone["checkpoint"]["cosigned"], false, "{alone}");
    let both = world.cosign(&served, "ed25519.key");
    assert_eq!(both["checkpoint"]["cosigned"], true, "{both}");
    let proof = world.ask(&served, &["prove", "记-2018-7"]).ok();
    world.write("x.tlog-proof", &proof);
    served.signal("TERM");
    assert_eq!(served.ended(), Some(0));

    let policy = world.text("policy");
    let verify = |file: &str| run(&["verify-proof", &world.text(file), "--policy", &policy, "--lang", "en"]);
    let said = verify("x.tlog-proof").ok();
    assert!(said.contains("jingshen-pq") && said.contains("记-2018-7"), "{said}");
    // One letter of the ML-DSA signature, and the line left out.
    let line = proof.lines().find(|line| line.len() > 3_000).expect("its line");
    let at = proof.find(line).expect("it stands there") + 2_000;
    let mut bent = proof.clone().into_bytes();
    bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
    world.write("bent", &String::from_utf8(bent).expect("text"));
    let said = verify("bent");
    assert!(said.code == Some(1) && said.err.contains("does not verify"), "{said:?}");
    world.write("without", &proof.replace(&format!("{line}\n"), ""));
    let said = verify("without");
    assert!(said.code == Some(1) && said.err.contains("quorum both"), "{said:?}");

    let (file, data) = (world.text("book.evidence"), world.text("data"));
    run(&["export", &file, "--data", &data, "--book", BOOK]).ok();
    let report = run(&["verify", &file, "--policy", &policy, "--json"]).json();
    assert_eq!(report["cosigned"]["by"], serde_json::json!(["jingshen", "jingshen-pq"]), "{report}");
    assert_eq!((&report["clean"], &report["unjudged"]), (&true.into(), &serde_json::json!({})), "{report}");
}
