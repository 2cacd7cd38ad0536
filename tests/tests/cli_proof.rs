//! From keys to an offline proof, with the program alone: a book is signed, cosigned by a witness over HTTP and by files, a voucher is
//! proven and checked without a server; and an old copy of the data folder is recognised, read, and recovered by all parties.

#[path = "cli_program/mod.rs"]
mod earmark;

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use earmark::{Said, Served, earmark, run};

const BOOK: &str = "season-2018";

struct World {
    dir: tempfile::TempDir,
}

impl World {
    /// The demonstration's data, and keys of a log and a witness, with the policy that names both.
    fn new() -> World {
        let world = World { dir: tempfile::tempdir().expect("a folder") };
        run(&["demo", "--json", "--data", &world.text("data")]).json();
        let log = run(&["key", "new", &world.text("log.key"), "--origin", "example.org/hic2", "--book", BOOK]).ok();
        let witness = run(&["witness", "key", &world.text("w.key"), "--name", "jingshen.example.org"]).ok();
        let witness = witness.trim().replace("NAME", "jingshen");
        world.write("policy", &format!("{}\n{witness}\nquorum jingshen\n", log.trim()));
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path").to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("read")
    }

    fn serve(&self) -> Served {
        Served::start(&self.path("data"), &["--signing-key", &self.text("log.key"), "--memory", &self.text("memory")])
    }

    /// Runs a verb as a person of the book.
    fn ask(&self, served: &Served, person: &str, words: &[&str]) -> Said {
        let (token, journal) = (format!("{}/{person}", self.text("tokens")), self.text("journal"));
        let to = ["--endpoint", &served.endpoint, "--token-file", &token, "--book", BOOK, "--journal", &journal];
        run(&[words, &to[..], &["--lang", "en"]].concat())
    }

    /// The statement about a policy, signed by these key files one after the other.
    fn endorsed(&self, policy: &str, more: &[&str], keys: &[&str]) {
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
    }

    fn set_policy(&self, served: &Served, policy: &str) -> Said {
        let (policy, statement) = (format!("@{}", self.text(policy)), format!("@{}", self.text("statement")));
        self.ask(served, "audit", &["log-policy", "set", &policy, &statement, "--json"])
    }

    /// The words of a witness's own.
    fn witness(&self, words: &[&str], begin: bool) -> Vec<String> {
        let own = [
            "--key".to_owned(),
            self.text("w.key"),
            "--policy".into(),
            self.text("policy"),
            "--state".into(),
            self.text("state"),
        ];
        let begin = begin.then(|| "--begin".to_owned());
        words.iter().map(|word| (*word).to_owned()).chain(own).chain(begin).collect()
    }
}

/// A witness as a process, killed when dropped.
struct Serving(Child, String);

impl Serving {
    fn start(world: &World) -> Serving {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let address = format!("127.0.0.1:{port}");
        let words = world.witness(&["witness", "serve", "--address", &address], true);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let child = earmark(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a witness");
        let serving = Serving(child, format!("http://{address}"));
        for _ in 0..200 {
            if std::net::TcpStream::connect(&address).is_ok() {
                return serving;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the witness does not listen");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[test]
fn a_voucher_is_proven_to_somebody_who_trusts_the_committee_alone() {
    let world = World::new();
    copy(&world.path("data/tokens"), &world.path("tokens"));
    let served = world.serve();
    let said = world.ask(&served, "audit", &["checkpoint"]);
    assert!(said.code == Some(1) && said.err.contains("log_policy"), "{said:?}");
    world.endorsed("policy", &[], &["log.key"]);
    let said = world.set_policy(&served, "policy");
    assert!(said.code == Some(1) && said.err.contains("NOT_SIGNED"), "without the committee: {said:?}");
    world.endorsed("policy", &[], &["log.key", "w.key"]);
    world.set_policy(&served, "policy").json();
    let policy = world.ask(&served, "audit", &["log-policy", "get", "--json"]).json();
    assert_eq!(policy["origin"], "example.org/hic2");

    let checkpoint = world.ask(&served, "audit", &["checkpoint"]).ok();
    assert!(checkpoint.starts_with("example.org/hic2\n"), "{checkpoint}");
    let said = world.ask(&served, "audit", &["prove", "记-2018-7"]);
    world.write("early.tlog-proof", &said.out);
    assert!(said.code == Some(0) && said.err.contains("cosign"), "{said:?}");
    let verify = |proof: &str, policy: &str| {
        run(&["verify-proof", &world.text(proof), "--policy", &world.text(policy), "--lang", "en"])
    };
    let said = verify("early.tlog-proof", "policy");
    assert!(said.code == Some(1) && said.err.contains("quorum"), "{said:?}");

    let witness = Serving::start(&world);
    let said = world.ask(&served, "audit", &["cosign", "--to", &witness.1]).ok();
    assert!(said.contains("jingshen") && said.contains("yes"), "{said}");
    drop(witness);
    let proof = world.ask(&served, "audit", &["prove", "记-2018-7"]).ok();
    world.write("x.tlog-proof", &proof);
    served.signal("TERM");
    served.ended();
    // A copy elsewhere has what was signed, and by whom.
    run(&["copy", "--from", &world.text("data"), "--to", &world.text("other-data"), "--book", BOOK, "--with-tokens"])
        .ok();
    let elsewhere = Served::start(&world.path("other-data"), &[]);
    assert_eq!(world.ask(&elsewhere, "audit", &["prove", "记-2018-7"]).ok(), proof);
    elsewhere.signal("TERM");
    elsewhere.ended();
    // No server from here on. An export carries the checkpoint, and the place itself has it.
    let (file, trusted, data) = (world.text("book.evidence"), world.text("policy"), world.text("data"));
    run(&["export", &file, "--data", &data, "--book", BOOK]).ok();
    for words in [&["verify", &file][..], &["verify", "--data", &data, "--book", BOOK]] {
        let report = run(&[words, &["--policy", &trusted, "--json"]].concat()).json();
        assert_eq!(report["cosigned"]["by"], serde_json::json!(["jingshen"]), "{report}");
        assert_eq!((&report["clean"], &report["unjudged"]), (&true.into(), &serde_json::json!({})), "{report}");
    }
    let nobody = world.read("policy").replace("quorum jingshen", "quorum none");
    world.write("nobody", &nobody.replace("example.org/hic2+", "example.org/hic9+"));
    let said = run(&["verify", &file, "--policy", &world.text("nobody"), "--lang", "en"]);
    assert_eq!(said.code, Some(2), "name and key do not belong together: {said:?}");
    let said = verify("x.tlog-proof", "policy").ok();
    assert!(said.contains("记-2018-7") && said.contains("3,325,000.00") && said.contains("jingshen"), "{said}");
    for (place, _) in proof.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()).step_by(41) {
        let mut bytes = proof.clone().into_bytes();
        bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
        world.write("bad.tlog-proof", &String::from_utf8(bytes).expect("text"));
        assert_ne!(verify("bad.tlog-proof", "policy").code, Some(0), "changed at {place}");
    }
    let other = world.read("policy").replace("jingshen.example.org", "another.example.org");
    world.write("other", &other);
    assert_eq!(verify("x.tlog-proof", "other").code, Some(2), "name and key do not belong together");
}

/// Runs the verifier in a folder that holds nothing but these files.
fn in_an_empty_folder(words: &[&str], files: &[(&str, &[u8])]) -> Said {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    Said::of(earmark(words).current_dir(folder.path()).output().expect("earmark runs"))
}

/// The demonstration's book under a policy, served, with a cosigned checkpoint; and a moment before the policy.
fn cosigned() -> (World, Served, String) {
    let world = World::new();
    copy(&world.path("data/tokens"), &world.path("tokens"));
    let served = world.serve();
    let before = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).to_rfc3339();
    world.endorsed("policy", &[], &["log.key", "w.key"]);
    world.set_policy(&served, "policy").json();
    let witness = Serving::start(&world);
    world.ask(&served, "audit", &["cosign", "--to", &witness.1]).ok();
    (world, served, before)
}

/// What proves a figure, to the standard output.
fn figure(world: &World, served: &Served, words: &[&str]) -> std::process::Output {
    let token = format!("{}/audit", world.text("tokens"));
    let asked = ["--endpoint", &served.endpoint, "--token-file", &token, "--book", BOOK, "--lang", "en"];
    earmark(&[words, &asked[..]].concat()).output().expect("earmark runs")
}

#[test]
fn a_figure_is_proven_as_known_at_a_moment() {
    let (world, served, before_policy) = cosigned();
    let at = |moment: &str| {
        let words = ["prove", "balance", "10201", "--source", "S3R", "--grant", "G-S3R-2018", "--known-at", moment];
        figure(&world, &served, &words)
    };
    for (moment, code, told) in
        [("2018-07-31", 1, "known_at_time"), ("2999-01-01", 1, "known_at_time"), ("tomorrow", 2, "YYYY-MM-DD")]
    {
        let said = at(moment);
        let words = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.status.code() == Some(code) && words.contains(told), "{moment}: {words}");
    }
    let earlier = at(&before_policy).stdout;
    let policy = world.read("policy");
    let files = [("x", &earlier[..]), ("policy", policy.as_bytes())];
    let shown = in_an_empty_folder(&["verify-proof", "x", "--policy", "policy", "--json"], &files).json();
    let known = shown["figure"]["known_at"].as_u64().expect("a sequence");
    assert_eq!(at(&known.to_string()).stdout, earlier, "a moment is the last record by then");
    assert_eq!(at(&(known + 1).to_string()).status.code(), Some(0), "the policy's record came later");
    assert_eq!(shown["figure"]["balance_fen"], 500_000, "{shown}");
    served.signal("TERM");
    served.ended();
}

#[test]
fn a_donation_s_file_is_checked_with_the_verifier_and_the_committees_key_alone() {
    let (world, served, _) = cosigned();
    // From the server, as a person of the committee; from the folder; both the same file.
    let donation = ["--scope", "grant:G-S3R-2018", "--json"];
    let (here, there) = (world.text("here.evidence"), world.text("there.evidence"));
    let told = world.ask(&served, "audit", &[&["export", &there], &donation[..]].concat()).json();
    let kept = run(&[&["export", &here, "--data", &world.text("data"), "--book", BOOK], &donation[..]].concat()).json();
    assert_eq!((&told["root"], &told["records"]), (&kept["root"], &kept["records"]));
    assert_eq!(told["origin"], "example.org/hic2");
    let file = std::fs::read(&here).expect("a file");
    assert_eq!(file, std::fs::read(&there).expect("a file"));
    let said = world.ask(&served, "maker", &[&["export", &world.text("no.evidence")], &donation[..]].concat());
    assert!(said.code == Some(1) && !world.path("no.evidence").exists(), "who may not read the log: {said:?}");
    for (scope, code) in [("grant:NO-SUCH", 1), ("voucher:记-2018-999", 1), ("everything", 2), ("period:2018-13", 2)] {
        let said = world.ask(&served, "audit", &["export", &world.text("no.evidence"), "--scope", scope]);
        assert_eq!(said.code, Some(code), "{scope}: {said:?}");
        assert!(!world.path("no.evidence").exists() && !world.path("no.evidence.part").exists(), "{scope}");
    }
    let policy = std::fs::read(world.path("policy")).expect("a policy");
    let check = |words: &[&str], file: &[u8]| in_an_empty_folder(words, &[("x", file), ("policy", &policy)]);
    let proof = ["verify-proof", "x", "--policy", "policy", "--json"];
    // Figures, while the server is there to make them.
    let figure = |words: &[&str]| figure(&world, &served, words);
    let period = ["--from", "2018-01-01", "--to", "2018-12-31"];
    let left = figure(&["prove", "balance", "10201", "--source", "S3R", "--grant", "G-S3R-2018"]).stdout;
    let spent = figure(&[&["prove", "outflows", "S3R", "--uses", "B95"], &period[..]].concat()).stdout;
    let other = figure(&[&["prove", "outflows", "S3R", "--uses", "C95"], &period[..]].concat()).stdout;
    let refused = figure(&["prove", "balance", "10201", "--grant", "G-S3R-2018"]);
    assert!(refused.status.code() == Some(1) && String::from_utf8_lossy(&refused.stderr).contains("source"));
    served.signal("TERM");
    served.ended();

    // From here on nothing but the verifier, the file and the policy.
    let verify = ["verify", "x", "--policy", "policy", "--json"];
    let report = check(&verify, &file).json();
    assert_eq!((&report["clean"], &report["part"]), (&true.into(), &true.into()), "{report}");
    assert_eq!(report["cosigned"]["by"], serde_json::json!(["jingshen"]));
    assert!(report["purposes"].as_u64().is_some_and(|n| n > 0), "{report}");
    let people = check(&["verify", "x", "--policy", "policy", "--lang", "en"], &file).ok();
    assert!(people.contains("grant G-S3R-2018") && people.contains("no part can show"), "{people}");
    for at in (17..file.len()).step_by(file.len() / 40) {
        let mut bad = file.clone();
        bad[at] ^= 0x10;
        let said = check(&verify, &bad);
        assert!(said.code == Some(1) || (at < 400 && said.code == Some(2)), "byte {at}: {said:?}");
    }
    let said = check(&["verify", "x", "--policy", "policy"], &file[..file.len() - 1]);
    assert_eq!(said.code, Some(1), "cut short: {said:?}");

    let balance = check(&proof, &left).json();
    assert_eq!(balance["figure"]["balance_fen"], 500_000, "{balance}");
    assert_eq!(balance["figure"]["grant"], "G-S3R-2018");
    assert_eq!(check(&proof, &spent).json()["figure"]["rows"][0]["use"], "B95");
    let said = check(&proof, &other);
    assert!(said.code == Some(1) && said.out.contains("VER-038"), "{said:?}");
    for at in (17..left.len()).step_by(left.len() / 30) {
        let mut bad = left.clone();
        bad[at] ^= 1;
        assert_ne!(check(&proof, &bad).code, Some(0), "byte {at}");
    }
}

#[test]
fn a_witness_without_a_network_signs_by_files() {
    let world = World::new();
    copy(&world.path("data/tokens"), &world.path("tokens"));
    let served = world.serve();
    world.endorsed("policy", &[], &["log.key", "w.key"]);
    world.set_policy(&served, "policy").json();
    let by_files = |old: &str, begin: bool| {
        let request = world.ask(&served, "audit", &["cosign", "--request", old]).ok();
        world.write("request", &request);
        let words = world.witness(&["witness", "sign", &world.text("request"), "--lang", "en"], begin);
        (request, run(&words.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    let size =
        |request: &str| request.split("\n\n").nth(1).and_then(|note| note.lines().nth(1)).expect("a size").to_owned();
    let (request, answer) = by_files("0", true);
    let first = size(&request);
    world.write("response", &answer.ok());
    let hand_in = |size: &str| {
        world.ask(&served, "chief", &["cosign", "--response", &world.text("response"), "--size", size, "--json"])
    };
    assert_eq!(hand_in(&first).json()["checkpoint"]["cosigned"], true);
    world
        .ask(
            &served,
            "maker",
            &["org", "register", "DG", "--name", "东莞市总工会", "--type", "CITY_FED", "--parent", "GDFTU"],
        )
        .ok();
    let (_, refused) = by_files("0", false);
    assert!(refused.code == Some(1) && refused.err.contains(&first), "it says from where: {refused:?}");
    let (request, answer) = by_files(&first, false);
    world.write("response", &answer.ok());
    let said = hand_in(&first);
    assert!(said.code == Some(1) && said.err.contains("WRONG_SIGNATURE"), "on another checkpoint: {said:?}");
    assert_eq!(hand_in(&size(&request)).json()["witnesses"][0], "jingshen");
    let newest = world.ask(&served, "audit", &["checkpoint", "--cosigned"]).ok();
    assert!(newest.contains(&size(&request)) && newest.contains("jingshen.example.org"), "{newest}");
}

#[test]
fn yesterdays_copy_is_read_and_goes_on_only_after_a_recovery() {
    let world = World::new();
    copy(&world.path("data/tokens"), &world.path("tokens"));
    let served = world.serve();
    world.endorsed("policy", &[], &["log.key", "w.key"]);
    world.set_policy(&served, "policy").json();
    let organization = |served: &Served, code: &str| {
        world.ask(
            served,
            "maker",
            &["org", "register", code, "--name", "某市总工会", "--type", "CITY_FED", "--parent", "GDFTU"],
        )
    };
    served.signal("TERM");
    served.ended();
    copy(&world.path("data"), &world.path("yesterday"));
    let served = world.serve();
    organization(&served, "TODAY").ok();
    let lost = world.ask(&served, "audit", &["checkpoint"]).ok();
    world.write("lost", &lost);
    let request = world.ask(&served, "audit", &["cosign", "--request", "0"]).ok();
    world.write("request", &request);
    let of_witness = |words: &[&str], begin: bool| {
        let words = world.witness(words, begin);
        run(&words.iter().map(String::as_str).collect::<Vec<_>>()).ok()
    };
    of_witness(&["witness", "sign", &world.text("request")], true);
    world.write("cosigned", &of_witness(&["witness", "show", "example.org/hic2"], false));
    served.signal("TERM");
    served.ended();
    std::fs::rename(world.path("data"), world.path("crashed")).expect("moved");
    std::fs::rename(world.path("yesterday"), world.path("data")).expect("moved");

    // What the witness remembers is enough; so is what the server does.
    let served = Served::start(&world.path("data"), &["--witness", &world.text("cosigned")]);
    let said = organization(&served, "TOMORROW");
    assert!(said.code == Some(1) && said.err.contains("rolled back"), "{said:?}");
    served.signal("TERM");
    served.ended();
    let served = world.serve();
    let said = organization(&served, "TOMORROW");
    assert!(said.code == Some(1) && said.err.contains("rolled back"), "{said:?}");
    world.ask(&served, "audit", &["trial-balance"]).ok();
    let here = world.ask(&served, "audit", &["log-policy", "get", "--json"]).json();
    run(&["key", "new", &world.text("log.key"), "--origin", "example.org/hic2-2", "--book", BOOK]).ok();
    let keys = run(&["key", "show", &world.text("log.key"), "--json"]).json();
    let old = keys[0]["vkey"].as_str().expect("a key");
    world.write("next", &world.read("policy").replace(old, keys[1]["vkey"].as_str().expect("a key")));
    served.signal("TERM");
    served.ended();
    let served = world.serve();
    let recovers = format!(
        "{}:{}",
        here["sequence"]
            .as_u64()
            .map_or_else(|| here["sequence"].as_str().expect("a number").to_owned(), |n| n.to_string()),
        here["root"].as_str().expect("a root")
    );
    let (policy, lost) = (world.text("policy"), world.text("lost"));
    let more = ["--follows", &policy, "--recovers", &recovers, "--abandons", &lost];
    world.endorsed("next", &more, &["log.key"]);
    let said = world.set_policy(&served, "next");
    assert!(said.code == Some(1) && said.err.contains("NOT_SIGNED"), "without the committee: {said:?}");
    assert!(organization(&served, "TOMORROW").err.contains("rolled back"));
    world.endorsed("next", &more, &["log.key", "w.key"]);
    world.set_policy(&served, "next").json();
    organization(&served, "TOMORROW").ok();
    let checkpoint = world.ask(&served, "audit", &["checkpoint"]).ok();
    assert!(checkpoint.starts_with("example.org/hic2-2\n"), "{checkpoint}");
    served.signal("TERM");
    served.ended();
    let served = world.serve();
    organization(&served, "LATER").ok();
}

#[test]
fn keys_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("k");
    let file = file.to_str().expect("a path");
    let made = run(&["key", "new", file, "--origin", "a.example/b", "--book", "B"]).ok();
    assert!(made.starts_with("log a.example/b+"), "{made}");
    let mode = || std::fs::metadata(file).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    run(&["key", "new", file, "--origin", "a.example/c", "--book", "C"]).ok();
    assert_eq!((mode(), run(&["key", "show", file, "--json"]).json().as_array().map(Vec::len)), (0o600, Some(2)));
    assert!(run(&["key", "new", file, "--origin", "a b", "--book", "C"]).code == Some(2), "no name of a log");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o640)).expect("set");
    let said = run(&["key", "show", file]);
    assert!(said.code == Some(1) && said.err.contains("chmod 600"), "{said:?}");
    let said = run(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        dir.path().to_str().expect("a path"),
        "--signing-key",
        file,
    ]);
    assert!(said.code == Some(1) && said.err.contains("chmod 600"), "{said:?}");
    let within = format!("{}/memory", dir.path().display());
    let said =
        run(&["serve", "--listen", "127.0.0.1:0", "--data", dir.path().to_str().expect("a path"), "--memory", &within]);
    assert!(said.code == Some(1) && said.err.contains("outside"), "{said:?}");
}
