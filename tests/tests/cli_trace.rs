//! `earmark trace` and `earmark watch` over the demonstration's season: every grant is traced to the fen, payments lead back to their
//! approvals, batches and confirmations, pictures are the same each time, and records are watched from anywhere.

#[path = "cli_program/mod.rs"]
mod earmark;

use std::collections::BTreeMap;

use earmark::{Demo as World, Said};
use serde_json::Value;

impl World {
    /// Runs a verb as the audit committee.
    fn audit(&self, words: &[&str]) -> Said {
        self.ask("audit", words)
    }

    /// The lines of a stream as JSON.
    fn lines(&self, words: &[&str]) -> Vec<Value> {
        let out = self.audit(&[words, &["--json"]].concat()).ok();
        out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

fn fen(of: &Value, name: &str) -> i64 {
    of[name].as_i64().unwrap_or_else(|| panic!("{name} of {of}"))
}

/// Every grant of the season: the vouchers add up to the sums, the sums to the figures of the grant, committed and idle to its balance.
fn every_grant_is_traced_to_the_fen(world: &World) {
    let grants = world.audit(&["grant", "list", "--all", "--json"]).json();
    let grants = grants["grants"].as_array().expect("grants");
    assert!(grants.len() > 10, "{}", grants.len());
    let mut vouchers = 0;
    for grant in grants {
        let code = grant["code"].as_str().expect("a code");
        let lines = world.lines(&["trace", "grant", code]);
        assert_eq!(&lines[0]["summary"]["grant"], grant, "{code}");
        let totals = &lines.last().expect("totals")["totals"];
        let mut parts: BTreeMap<String, i64> = BTreeMap::new();
        for entry in lines.iter().filter_map(|line| line.get("entry")) {
            vouchers += 1;
            for part in entry["parts"].as_array().expect("parts") {
                *parts.entry(part["flow"].to_string()).or_default() += fen(part, "amount_fen");
            }
        }
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for sum in totals["sums"].as_array().expect("sums") {
            *sums.entry(sum["flow"].to_string()).or_default() += fen(sum, "amount_fen");
        }
        assert_eq!(parts, sums, "{code}");
        let of = |flow: &str| sums.get(&format!("\"{flow}\"")).copied().unwrap_or(0);
        for (flow, figure) in [
            ("RECEIVED", "received_fen"),
            ("SPENT", "spent_fen"),
            ("RETURNED", "returned_fen"),
            ("MOVED_IN", "moved_in_fen"),
            ("GIVEN_BACK", "given_back_fen"),
        ] {
            assert_eq!(of(flow), fen(grant, figure), "{code} {flow}");
        }
        assert_eq!(of("MOVED_OUT") + of("GIVEN_BACK"), fen(grant, "moved_out_fen"), "{code}");
        let balance = fen(totals, "balance_fen");
        assert_eq!(balance, fen(grant, "balance_fen"), "{code}");
        assert_eq!(balance, fen(totals, "committed_fen") + fen(totals, "idle_fen"), "{code}");
        if grant["opened_on"].as_str() <= Some("2018-10-31") {
            let earlier = world.lines(&["trace", "grant", code, "--as-of", "2018-10-31"]);
            assert!(earlier.last().expect("totals").get("totals").is_some(), "{code}: {earlier:?}");
        }
    }
    assert!(vouchers > 20, "{vouchers}");
}

/// Kinds of all steps of a trace.
fn kinds(node: &Value, found: &mut Vec<String>) {
    found.push(node["kind"].as_str().expect("a kind").to_owned());
    node["below"].as_array().expect("steps").iter().for_each(|below| kinds(below, found));
}

fn a_payment_leads_back_to_approval_batch_and_confirmation(world: &World) {
    let listed = world.audit(&["voucher", "list", "--word", "FINANCE", "--all", "--json"]).json();
    let vouchers = listed["vouchers"].as_array().expect("vouchers");
    let payments: Vec<&str> =
        vouchers.iter().filter(|v| v["template"] == "T14").filter_map(|v| v["reference"].as_str()).collect();
    assert!(!payments.is_empty());
    let mut seen = Vec::new();
    for payment in &payments {
        let trace = world.audit(&["trace", "voucher", payment, "--json"]).json();
        assert_eq!(trace["trace"]["code"], **payment);
        kinds(&trace["trace"], &mut seen);
    }
    for kind in [
        "GRANT",
        "SUBMISSION",
        "REVIEW",
        "APPROVAL",
        "COMMITMENT",
        "BATCH",
        "BATCH_REVIEW",
        "CONFIRMATION",
        "BANK_TRANSACTION",
        "EVIDENCE",
    ] {
        assert!(seen.iter().any(|found| found == kind), "no {kind} among {seen:?}");
    }
    // What was corrected says by what, and the correction of what.
    let corrected = vouchers.iter().find(|v| v["corrects"].as_str().is_some_and(|of| !of.is_empty()));
    let corrected = corrected.expect("the season has a correction");
    let (of, by) = (corrected["corrects"].as_str().expect("which"), corrected["reference"].as_str().expect("by"));
    for (voucher, kind, other) in [(of, "FOLLOWING", by), (by, "ORIGINAL", of)] {
        let trace = world.audit(&["trace", "voucher", voucher, "--json"]).json();
        let below = trace["trace"]["below"].as_array().expect("steps");
        assert!(below.iter().any(|step| step["kind"] == kind && step["code"] == other), "{voucher}: {trace}");
    }
    let missing = world.audit(&["trace", "voucher", "记-2018-999"]);
    assert!(missing.code == Some(1) && missing.err.contains("NOT_FOUND"), "{missing:?}");
}

fn pictures_are_indented_and_the_same_each_time(world: &World) {
    for (lang, words) in [
        ("zh", &["资金依据  G-S2P-2018", "├─ 收入", "├─ 支出", "│  ├─ 记-2018-", "银行流水", "余额", "根 "][..]),
        ("en", &["grant  G-S2P-2018", "├─ received", "├─ spent", "bank transaction", "balance", "root "]),
    ] {
        let picture = world.audit(&["trace", "grant", "G-S2P-2018", "--lang", lang]).ok();
        for word in words {
            assert!(picture.contains(word), "{word}:\n{picture}");
        }
        assert_eq!(world.audit(&["trace", "grant", "G-S2P-2018", "--lang", lang]).ok(), picture);
    }
    let picture = world.audit(&["trace", "voucher", "记-2018-8"]).ok();
    for word in ["凭证  记-2018-8", "├─ 资金依据", "├─ 送审", "│  └─ 审核", "人"] {
        assert!(picture.contains(word), "{word}:\n{picture}");
    }
}

fn records_are_watched_from_anywhere(world: &World) {
    let all = world.audit(&["records", "--all", "--json"]).json();
    let all = all["records"].as_array().expect("records");
    for from in [1usize, 7, all.len()] {
        let (first, last) = (from.to_string(), all.len().to_string());
        let watched = world.lines(&["watch", "--from", &first, "--to", &last]);
        let watched: Vec<&Value> = watched.iter().filter_map(|line| line.get("record")).collect();
        assert_eq!(watched, all[from - 1..].iter().collect::<Vec<_>>(), "from {from}");
    }
    let said = world.audit(&["watch", "--from", "2", "--to", "3"]);
    assert!(said.err.contains("--from 4"), "{said:?}");
    assert_eq!(said.ok().lines().count(), 2);
    let beyond = world.audit(&["watch", "--from", "99999999", "--lang", "en"]);
    assert!(beyond.code == Some(1) && beyond.err.contains("does not hold"), "{beyond:?}");
}

#[test]
fn the_season_is_traced_and_watched() {
    let world = World::new();
    every_grant_is_traced_to_the_fen(&world);
    a_payment_leads_back_to_approval_batch_and_confirmation(&world);
    pictures_are_indented_and_the_same_each_time(&world);
    records_are_watched_from_anywhere(&world);
}
