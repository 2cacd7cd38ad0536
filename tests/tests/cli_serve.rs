//! `earmark serve` and what is set about it: addresses, TLS, signals, one process a folder, the sample configuration, tokens, views made
//! anew. What the server answers is tested over gRPC.

#[path = "cli_program/mod.rs"]
mod earmark;

use earmark::{Served, earmark, run};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/earmark.toml");
const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tls");

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn the_sample_configuration_is_accepted_and_yields_to_the_units_variables() {
    let shown = run(&["config", "--json", "--config", SAMPLE]).json();
    let value = |shown: &serde_json::Value, name: &str| {
        let rows = shown.as_array().expect("settings");
        let row = rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}"));
        (row["value"].as_str().expect("a value").to_owned(), row["origin"].as_str().expect("an origin").to_owned())
    };
    assert_eq!(value(&shown, "listen"), ("127.0.0.1:7340".into(), SAMPLE.into()));
    assert_eq!(value(&shown, "data").0, "/var/lib/earmark");
    assert_eq!(value(&shown, "lang").1, "default");
    let mut unit = earmark(&["config", "--json", "--config", SAMPLE]);
    for (name, text) in [("LISTEN", "127.0.0.1:1"), ("DATA", "/d"), ("TLS_CERT", "/c"), ("TLS_KEY", "/k")] {
        unit.env(format!("EARMARK_{name}"), text);
    }
    let shown = earmark::Said::of(unit.output().expect("earmark runs")).json();
    for (name, text) in [("listen", "127.0.0.1:1"), ("data", "/d"), ("tls_cert", "/c"), ("tls_key", "/k")] {
        assert_eq!(value(&shown, name), (text.into(), format!("EARMARK_{}", name.to_uppercase())));
    }
}

#[test]
fn what_is_misspelt_is_an_error_and_ends_with_2() {
    let dir = folder();
    let file = dir.path().join("earmark.toml");
    std::fs::write(&file, "lisen = \"127.0.0.1:1\"\n").expect("written");
    let file = file.to_str().expect("a path");
    for (words, told) in [
        (&["config", "--config", file][..], "no setting lisen"),
        (&["config", "--config", "/nowhere/earmark.toml"], "/nowhere/earmark.toml"),
        (&["config", "--lang", "fr"], "zh or en"),
        (&["serv"], "serv"),
        (&["disburse", "--amount", "1e5"], "--amount"),
        (&["statement", "2018"], "book"),
        (&["statement", "2018", "--book", "b"], "EARMARK_TOKEN"),
    ] {
        let said = run(words);
        assert_eq!(said.code, Some(2), "{words:?} {said:?}");
        assert!(said.err.contains(told), "{words:?} {}", said.err);
    }
    let mut misspelt = earmark(&["config"]);
    misspelt.env("EARMARK_LISTENN", "x");
    let said = earmark::Said::of(misspelt.output().expect("earmark runs"));
    assert!(said.code == Some(2) && said.err.contains("EARMARK_LISTENN"), "{said:?}");
}

#[test]
fn beyond_loopback_only_with_a_certificate() {
    let dir = folder();
    let data = dir.path().to_str().expect("a path");
    let said = run(&["serve", "--listen", "0.0.0.0:0", "--data", data]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("--tls-cert"), "{}", said.err);
    let said = run(&["serve", "--tls-cert", "/nowhere", "--data", data]);
    assert!(said.code == Some(1) && said.err.contains("go together"), "{said:?}");
}

#[test]
fn it_serves_by_tls_to_those_who_trust_its_authority() {
    let dir = folder();
    let data = dir.path().to_str().expect("a path");
    let token = dir.path().join("token");
    run(&["token", "create", "someone", "--data", data, "--out", token.to_str().expect("a path")]).ok();
    let (certificate, key) = (format!("{TLS}/server.pem"), format!("{TLS}/server.key"));
    let served = Served::start(dir.path(), &["--tls-cert", &certificate, "--tls-key", &key]);
    let list = |more: &[&str]| {
        let token = token.to_str().expect("a path");
        let words = ["book", "list", "--json", "--timeout", "3", "--endpoint", &served.endpoint, "--token-file", token];
        run(&[&words[..], more].concat())
    };
    let answer = list(&["--tls-ca", &format!("{TLS}/authority.pem")]).json();
    assert_eq!(answer["books"], serde_json::json!([]));
    assert_ne!(list(&["--tls-ca", &certificate]).code, Some(0), "a certificate is no authority");
}

#[test]
fn it_goes_down_on_a_signal_and_one_process_holds_a_folder() {
    let dir = folder();
    run(&["demo", "--json", "--data", dir.path().to_str().expect("a path")]).json();
    let served = Served::start(dir.path(), &[]);
    let second = run(&["serve", "--listen", "127.0.0.1:0", "--data", dir.path().to_str().expect("a path")]);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.err.contains("another process"), "{}", second.err);
    served.signal("TERM");
    assert_eq!(served.ended(), Some(0));
    let served = Served::start(dir.path(), &[]);
    served.signal("INT");
    assert_eq!(served.ended(), Some(0));
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let dir = folder();
    let data = dir.path().to_str().expect("a path");
    let token = run(&["token", "create", "op", "--operator", "--data", data]).ok();
    assert!(token.trim().starts_with("earmark_") && token.trim().len() == 72, "{token}");
    let listed = run(&["token", "list", "--json", "--data", data]).json();
    assert_eq!((&listed[0]["person"], &listed[0]["operator"]), (&"op".into(), &true.into()));
    assert!(!listed.to_string().contains(token.trim().trim_start_matches("earmark_")), "only hashes are kept");
    let served = Served::start(dir.path(), &[]);
    let ask = || {
        let mut ask = earmark(&["book", "list", "--json", "--endpoint", &served.endpoint]);
        ask.env("EARMARK_TOKEN", token.trim());
        earmark::Said::of(ask.output().expect("earmark runs"))
    };
    assert_eq!(ask().code, Some(0));
    assert_eq!(run(&["token", "revoke", "op", "--json", "--data", data]).json()["revoked"], 1);
    // The server believes a token that it has just seen for two seconds at most.
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    let said = ask();
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("UNAUTHENTICATED"), "{}", said.err);
    let bad = run(&["token", "create", "张三", "--data", data]);
    assert_eq!(bad.code, Some(1), "{bad:?}");
}

#[test]
fn views_come_back_from_the_log() {
    let dir = folder();
    let data = dir.path().to_str().expect("a path");
    let played = run(&["demo", "--json", "--data", data]).json();
    let statement = || {
        let served = Served::start(dir.path(), &[]);
        let token = dir.path().join("tokens/audit");
        let token = token.to_str().expect("a path");
        let to = ["--json", "--endpoint", &served.endpoint, "--token-file", token, "--book", "season-2018"];
        let ask = |words: &[&str]| run(&[words, &to[..]].concat()).json();
        (ask(&["statement", "2018"]), ask(&["voucher", "list", "--all", "--with-lines"]))
    };
    let before = statement();
    let rebuilt = run(&["views", "rebuild", "--json", "--data", data]).json();
    assert_eq!(rebuilt, serde_json::json!([{"book": "season-2018", "sequence": played["sequence"]}]));
    let after = statement();
    assert_eq!(before, after);
    assert!(before.1["vouchers"].as_array().is_some_and(|vouchers| vouchers.len() > 1_250), "all pages");
    let none = run(&["views", "rebuild", "--book", "other", "--data", data]);
    assert_eq!(none.code, Some(1), "{none:?}");
}

#[test]
fn a_book_is_opened_from_a_preset_as_the_front_page_says() {
    let dir = folder();
    let path = |name: &str| dir.path().join(name).to_str().expect("a path").to_owned();
    run(&["token", "create", "op", "--operator", "--data", &path("data"), "--out", &path("op.token")]).ok();
    run(&["token", "create", "audit", "--data", &path("data"), "--out", &path("audit.token")]).ok();
    let served = Served::start(&dir.path().join("data"), &[]);
    // The front page's command, its words parted by blanks, with this server and these files.
    let page = include_str!("../../README.md");
    let begin = page.find("earmark init").expect("the front page opens a book");
    let command = page[begin..].split("\n```").next().expect("a block").replace("\\\n", " ");
    let mut words: Vec<String> = command.split_whitespace().skip(1).map(str::to_owned).collect();
    for word in &mut words {
        if word == "op.token" {
            *word = path("op.token");
        }
    }
    let to = [
        "--endpoint".to_owned(),
        served.endpoint.clone(),
        "--journal".to_owned(),
        path("journal"),
        "--json".to_owned(),
    ];
    words.extend(to);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let made = run(&words).json();
    assert!(made["result"]["posted"].is_object(), "{made}");
    let (endpoint, token) = (served.endpoint.as_str(), path("audit.token"));
    let to = ["--endpoint", endpoint, "--token-file", &token, "--book", "fund-2026", "--json"];
    let book = run(&[&["book", "get"], &to[..]].concat()).json();
    assert_eq!((&book["book"]["preset"], &book["book"]["live_from"]), (&"hospital-2018".into(), &"2026-01-01".into()));
}

#[test]
fn spans_and_metrics_go_to_the_collector_that_is_named_and_only_then() {
    use std::io::Read;
    let dir = folder();
    let collector = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", collector.local_addr().expect("its address"));
    let served = Served::start(dir.path(), &["--otlp-endpoint", &endpoint]);
    // Something to tell of; and its end sends what is waiting.
    let refused = earmark(&["book", "list", "--endpoint", &served.endpoint]).env("EARMARK_TOKEN", "none").status();
    assert!(refused.is_ok_and(|status| !status.success()));
    let spoken = std::thread::spawn(move || {
        let greeting = || {
            let (mut connection, _) = collector.accept().expect("an exporter connects");
            let mut greeting = [0u8; 24];
            connection.read_exact(&mut greeting).expect("it speaks");
            greeting
        };
        [greeting(), greeting()]
    });
    served.signal("TERM");
    assert_eq!(
        spoken.join().expect("both exporters"),
        [*b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; 2],
        "gRPC for spans and for metrics"
    );
    assert_eq!(served.ended(), Some(0), "a collector that hangs up does not keep the server from ending");
}
