//! The client verbs against a served book: a mutation from flags and from JSON, repeated and refused; the journal; receipts imported from a
//! file; every reading verb in tables and as JSON; completions.

#[path = "cli_program/mod.rs"]
mod earmark;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use earmark::{Demo as World, run};
use serde_json::{Value, json};

/// The demonstration's book, for the tests of this file as long as one of them runs.
fn world() -> Arc<World> {
    static WORLD: Mutex<Weak<World>> = Mutex::new(Weak::new());
    let mut shared = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let made = Arc::new(World::new());
        *shared = Arc::downgrade(&made);
        made
    })
}

#[test]
fn a_mutation_is_made_of_flags_noted_repeated_and_refused() {
    let world = world();
    let words = [
        "org",
        "register",
        "DG",
        "--name",
        "东莞市总工会",
        "--type",
        "CITY_FED",
        "--parent",
        "GDFTU",
        "--region",
        "441900",
    ];
    let judged = world.ask("maker", &[&words[..], &["--validate-only", "--json"]].concat()).json();
    assert!(judged["result"]["receipt"].is_null() && judged["result"]["judged_at"].as_u64() > Some(0), "{judged}");
    let first = world.ask("maker", &[&words[..], &["--json", "--request-id", "cli-test-1"]].concat());
    assert!(first.err.contains("cli-test-1"), "{}", first.err);
    let first = first.json();
    assert_eq!(first["result"]["receipt"]["replayed"], false);
    let again = world.ask("maker", &[&words[..], &["--json", "--request-id", "cli-test-1"]].concat()).json();
    assert_eq!(again["result"]["receipt"]["replayed"], true);
    assert_eq!(again["result"]["receipt"]["sequence"], first["result"]["receipt"]["sequence"]);
    let journal = std::fs::read_to_string(world.path("journal/requests.jsonl")).expect("the journal");
    let noted: Vec<Value> = journal.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    let mut of = noted.iter().filter(|line| line["request"]["request_id"] == "cli-test-1");
    assert_eq!(of.clone().count(), 2, "each sending is noted");
    assert_eq!(of.next_back().expect("noted")["request"]["organization"]["name"], "东莞市总工会");

    let changed = world.ask(
        "maker",
        &["org", "register", "DG", "--name", "别的名称", "--type", "CITY_FED", "--request-id", "cli-test-1"],
    );
    assert_eq!(changed.code, Some(1));
    assert!(changed.err.contains("ALREADY_EXISTS"), "{}", changed.err);
    let denied = world.ask("audit", &words);
    assert!(denied.code == Some(1) && denied.err.contains("PERMISSION_DENIED"), "{denied:?}");
}

#[test]
fn a_request_may_come_whole_from_json() {
    let world = world();
    let file = world.path("request.json");
    let request = json!({
        "income": {
            "grant": {"code": "G-JSON", "grantor": "DON-1", "doc_no": "捐字2019-9号", "permitted_uses": []},
            "amount_fen": 100, "date": "2019-01-11", "bank_account": "SP-GDFTU", "bank_txn": "NONE", "bill_no": "PJ-JSON",
            "evidence": [{"kind": "AGREEMENT", "doc_no": "捐字2019-9号", "date": "2019-01-11", "digest": "ab".repeat(32), "pages": 1}]
        },
        "kind": "UNRESTRICTED"
    });
    std::fs::write(&file, request.to_string()).expect("written");
    let file = file.to_str().expect("a path");
    let said = world.ask("maker", &["record", "donation", "--json", "--from-json", file]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let last = said.err.lines().last().expect("an error");
    let error: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"));
    assert_eq!(error["error"]["code"], "INVALID_ARGUMENT", "{error}");
    assert!(error["error"]["fields"][0]["field"].as_str().is_some_and(|field| field.contains("bank_txn")), "{error}");

    std::fs::write(file, r#"{"income": {"amount_fen": 1e2}}"#).expect("written");
    let said = world.ask("maker", &["record", "donation", "--from-json", file]);
    assert!(said.code == Some(2) && said.err.contains("digits alone"), "{said:?}");
    std::fs::write(file, r#"{"incom": {}}"#).expect("written");
    let said = world.ask("maker", &["record", "donation", "--from-json", file]);
    assert!(said.code == Some(2) && said.err.contains("no such field"), "{said:?}");
}

#[test]
fn a_refusal_names_every_rule_its_clause_and_what_to_do() {
    let world = world();
    let words = [
        "commit",
        "CM-CLI",
        "--approval",
        "NONE",
        "--year",
        "2019",
        "--source",
        "S5I",
        "--class",
        "B",
        "--plan",
        "COMP",
        "--heads",
        "10",
        "--unit",
        "95",
        "--amount",
        "950.01",
        "--date",
        "2019-01-11",
        "--evidence",
        "kind=MINUTES,doc_no=1,date=2019-01-11,pages=1,digest=0000000000000000000000000000000000000000000000000000000000000001",
    ];
    for (lang, next) in [("zh", "下一步"), ("en", "Next")] {
        let said = world.ask("maker", &[&words[..], &["--lang", lang]].concat());
        assert_eq!(said.code, Some(1), "{said:?}");
        for part in ["FAILED_PRECONDITION", "USE-005", "办法第七条", "APR-001", "办法第九条", next] {
            assert!(said.err.contains(part), "{part}: {}", said.err);
        }
    }
}

#[test]
fn every_reading_verb_answers_in_tables_and_json() {
    let world = world();
    for words in [
        &["book", "get"][..],
        &["book", "list"],
        &["accounts"],
        &["orgs"],
        &["parameters"],
        &["periods"],
        &["archive", "list"],
        &["scheme", "get", "2018"],
        &["quota", "list", "--year", "2018"],
        &["batch", "list", "--class", "A"],
        &["grant", "get", "G-S2P-2018"],
        &["grant", "list"],
        &["approvals"],
        &["submitted"],
        &["voucher", "get", "记-2018-8"],
        &["voucher", "list", "--word", "FINANCE"],
        &["balance", "10201", "--split-by", "SOURCE,GRANT"],
        &["trial-balance", "--ledger", "BUDGET", "--as-of", "2018-12-30"],
        &["grant", "list", "--as-of", "2018-11-30", "--known-at", "200"],
        &["approvals", "--known-at", "200"],
        &["trace", "voucher", "记-2018-8"],
        &["statement", "2018"],
        &["rejections", "--rule", "USE-006"],
        &["records", "--page-size", "5"],
        &["findings", "--standing"],
        &["finding", "preview", "2018-12-16"],
        &["work"],
        &["rules", "get", "2018-12-31"],
        &["rules", "list", "--unfiled"],
        &["history", "list"],
        &["replay", "2018-01-01", "2018-12-31", "--blocked-uses", "B80"],
    ] {
        let table = world.ask("audit", words).ok();
        assert!(!table.trim().is_empty(), "{words:?}");
        assert!(!table.contains("0000-00-00"), "{words:?}: what is not there is not zero\n{table}");
        let answer = world.ask("audit", &[words, &["--json"]].concat()).json();
        assert!(answer.is_object() && answer.get("result").is_none(), "{words:?}");
    }
    let english = world.ask("audit", &["voucher", "get", "记-2018-8", "--lang", "en"]).ok();
    assert!(english.contains("prepared by maker") && english.contains("475,000.00"), "{english}");
    let missing = world.ask("audit", &["voucher", "get", "记-2018-999"]);
    assert!(missing.code == Some(1) && missing.err.contains("NOT_FOUND"), "{missing:?}");
}

#[test]
fn findings_are_detected_listed_and_taken_on() {
    let world = world();
    // Nothing of the season was confirmed in time, and 2,000 yuan stayed behind the deadline.
    world.ask("audit", &["finding", "detect", "2018-12-31"]).ok();
    let listed = world.ask("audit", &["findings", "--rule", "REM-002", "--json"]).json();
    let finding = &listed["findings"][0];
    assert_eq!((&finding["state"], &finding["sign"]["amount_fen"]), (&"OPEN".into(), &200_000.into()), "{listed}");
    let no = finding["finding"].to_string();
    let table = world.ask("audit", &["findings", "--rule", "REM-002"]).ok();
    assert!(table.contains("2,000.00") && table.contains("疑似"), "{table}");
    let denied = world.ask("maker", &["finding", "verify", &no, "属实", "--due", "2999-01-31"]);
    assert!(denied.code == Some(1) && denied.err.contains("PERMISSION_DENIED"), "{denied:?}");
    let contradiction = world.ask("audit", &["finding", "verify", &no, "属实", "--step", "CLOSE"]);
    assert_eq!(contradiction.code, Some(2), "{contradiction:?}");
    world.ask("audit", &["finding", "verify", &no, "属实", "--due", "2999-01-31"]).ok();
    world.ask("maker", &["finding", "rectify", &no, "已函告补缴"]).ok();
    world.ask("audit", &["finding", "close", &no, "已补缴"]).ok();
    let closed = world.ask("audit", &["findings", "--state", "CLOSED", "--json"]).json();
    let steps: Vec<&Value> =
        closed["findings"][0]["steps"].as_array().into_iter().flatten().map(|step| &step["step"]).collect();
    assert_eq!(steps, ["VERIFY", "RECTIFY", "CLOSE"]);
}

#[test]
fn receipts_are_imported_once_and_a_faulty_file_sends_nothing() {
    let world = world();
    let file = world.path("receipts.csv");
    let path = file.to_str().expect("a path");
    let head = "holder,payer,batch,heads,unit,amount,received_on,bill_no\n";
    let row = |number: u32, amount: &str| format!("GZ,MEMBER,A-2018-GZ-2,1,20.00,{amount},2019-01-11,CSV-{number}\n");
    std::fs::write(&file, format!("{head}{}{}", row(1, "20.00"), row(2, "20,00"))).expect("written");
    let said = world.ask("collector-gz", &["import", "receipts", path]);
    assert_eq!(said.code, Some(2), "{said:?}");
    std::fs::write(&file, format!("{head}{}{}", row(1, "20.00"), row(2, "2e1"))).expect("written");
    let said = world.ask("collector-gz", &["import", "receipts", path]);
    assert!(said.code == Some(2) && said.err.contains("line 3, amount"), "{said:?}");

    // The batch holds one head: the second receipt is one too many.
    std::fs::write(&file, format!("{head}{}{}", row(1, "20.00"), row(2, "20.00"))).expect("written");
    let first = world.ask("collector-gz", &["import", "receipts", path, "--json"]);
    assert_eq!(first.code, Some(1), "{first:?}");
    let answer: Value = serde_json::from_str(&first.out).expect("JSON");
    assert_eq!((&answer["posted"], &answer["replayed"], &answer["failed"]), (&1.into(), &0.into(), &1.into()));
    assert_eq!(answer["failures"][0]["violations"][0]["rule"], "ENR-001", "{answer}");
    let again = world.ask("collector-gz", &["import", "receipts", path, "--json"]);
    let answer: Value = serde_json::from_str(&again.out).expect("JSON");
    assert_eq!((&answer["posted"], &answer["replayed"], &answer["failed"]), (&1.into(), &1.into(), &1.into()));
    let checked = world.ask("collector-gz", &["import", "receipts", path, "--check", "--json"]).json();
    assert_eq!(checked, json!({"rows": 2, "total_fen": 4_000}));
}

#[test]
fn a_historical_file_is_registered_then_keyed_in_by_each_office() {
    let world = world();
    let file = world.path("history.csv");
    let path = file.to_str().expect("a path");
    let head = "event,id,account,direction,amount,date,settlement,currency,slip_digest,kind,grant,grant_grantor,\
                grant_doc_no,bank_account,bank_txn,bill_no,evidence\n";
    let slip = format!(
        "bank-transaction register,TX-BL-1,SP-GDFTU,IN,100.00,2019-01-10,TRANSFER,CNY,{},,,,,,\n",
        "c1".repeat(32)
    );
    let evidence = format!("\"kind=AGREEMENT,doc_no=捐字7号,date=2019-01-10,pages=1,digest={}\"", "c2".repeat(32));
    let grant = "G-BL-1,DON-1,捐字7号";
    let gift =
        format!("record donation,,,,100,2019-01-10,,,,UNRESTRICTED,{grant},SP-GDFTU,TX-BL-1,PJ-BL-1,{evidence}\n");

    std::fs::write(&file, format!("{head}{slip}{}", gift.replace("2019-01-10,,", "2019-01-40,,"))).expect("written");
    let said = world.ask("maker", &["import", "history", path, "--lang", "en"]);
    assert!(
        said.code == Some(2) && said.err.contains("row 3, date") && said.err.contains("nothing was sent"),
        "{said:?}"
    );

    std::fs::write(&file, format!("{head}{slip}{gift}")).expect("written");
    let checked = world.ask("maker", &["import", "history", path, "--check", "--json"]).json();
    assert_eq!((&checked["rows"], &checked["from"]), (&2.into(), &"2019-01-10".into()));
    let unknown = world.ask("cashier", &["import", "history", path, "--lang", "en"]);
    assert!(unknown.code == Some(1) && unknown.err.contains("not registered"), "{unknown:?}");

    let minutes = "c3".repeat(32);
    let approval = ["approve", "APR-BL", "--kind", "PARAM", "--body", "PARTY_GROUP", "--meeting-on", "2019-01-05"];
    world.ask("approver", &[&approval[..], &["--doc-no", "纪要7号", "--minutes-digest", &minutes]].concat()).ok();
    let digest = checked["digest"].as_str().expect("a digest");
    let paper = format!("kind=OTHER,doc_no=旧账,date=2019-01-10,pages=9,digest={}", "c4".repeat(32));
    let days = ["--from", "2019-01-10", "--to", "2019-01-10", "--approval", "APR-BL", "--evidence", &paper];
    let register = ["history", "register", "BL-1", "--digest", digest, "--rows", "2", "--json"];
    let submitted = world.ask("maker", &[&register[..], &days].concat()).json();
    let submission = submitted["result"]["submitted"]["submission"].to_string();
    world.ask("reviewer", &["review", &submission, "--verdict", "APPROVE"]).ok();

    // The cashier's row, then the maker's, which a reviewer approves; the same again changes nothing.
    let counts = |person: &str, more: &[&str]| {
        let said = world.ask(person, &[&["import", "history", path, "--json"], more].concat()).json();
        ["posted", "submitted", "others", "left"].map(|name| said[name].as_u64().expect("a count"))
    };
    assert_eq!(counts("cashier", &[]), [1, 0, 1, 0]);
    assert_eq!(counts("maker", &[]), [0, 1, 1, 0]);
    assert_eq!(counts("maker", &[]), [0, 1, 1, 0]);
    assert_eq!(counts("reviewer", &["--review"]), [1, 0, 1, 0]);
    assert_eq!(counts("maker", &[]), [1, 0, 1, 0]);
    assert_eq!(counts("cashier", &[]), [1, 0, 1, 0]);
    let found = world
        .ask("audit", &["voucher", "list", "--json", "--from-date", "2019-01-10", "--to-date", "2019-01-10"])
        .json();
    let of_file: Vec<&Value> = found["vouchers"].as_array().into_iter().flatten().collect();
    assert!(of_file.iter().any(|v| v["historical"] == true && v["date"] == "2019-01-10"), "{found}");
}

#[test]
fn help_opens_with_what_a_verb_is_for() {
    for (verb, opens) in [
        ("reconcile", "Reconcile: bank statements"),
        ("roster", "Rosters: key, tokenize, submit"),
        ("import", "Import files"),
        ("token", "Tokens: create"),
        ("views", "Views: rebuild"),
        ("copy", "Copy --book to another place"),
    ] {
        let help = run(&[verb, "--help", "--lang", "en"]).ok();
        assert!(help.starts_with(opens), "{verb}: {help}");
    }
}

#[test]
fn completions_know_the_verbs() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]).ok();
        assert!(script.contains("trial-balance") && script.contains("appropriation"), "{shell}");
    }
    let help = run(&["disburse", "--help", "--lang", "en"]).ok();
    assert!(help.contains("--payee-account") && help.contains("Enrolment batches"), "{help}");
}
