//! The arrows between crates (DESIGN section 2, docs/architecture.md), read from `cargo metadata`: who may use whom, which crates
//! may know SQL and gRPC, what the pure crates may reach, and under which licences. How the code reads is in `tidy.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// x may use y, and nothing else of this project.
const ARROWS: &[(&str, &[&str])] = &[
    ("record", &[]),
    ("proof", &[]),
    ("ledger", &["record", "proof"]),
    ("verify", &["record", "proof"]),
    ("engine", &["ledger", "record", "proof"]),
    ("store", &["engine", "ledger", "record"]),
    ("report", &["ledger", "record"]),
    ("api", &[]),
    ("client", &["api"]),
    ("server", &["api", "engine", "ledger", "record", "proof", "report"]),
    ("console", &["client"]),
    ("witness", &["proof"]),
    (
        "cli",
        &[
            "record", "proof", "ledger", "verify", "engine", "store", "report", "api", "client", "server", "console",
            "witness",
        ],
    ),
    // Tests only, the developer's entry points, and the tests themselves.
    ("testkit", &["record", "proof", "ledger", "engine", "store"]),
    ("xtask", &[]),
    (
        "tests",
        &[
            "record", "proof", "ledger", "verify", "engine", "store", "report", "api", "client", "server", "console",
            "witness", "testkit",
        ],
    ),
];

/// Packages of other projects that only these crates may name in their manifests.
const KEPT_TO: &[(&[&str], &[&str])] = &[
    (&["sqlx"], &["store", "tests"]),
    (
        &["tonic", "tonic-prost", "tonic-types", "tonic-health", "tonic-reflection"],
        &["api", "client", "server", "cli", "tests"],
    ),
    (&["clap", "comfy-table", "indicatif"], &["cli"]),
    // What tonic does not speak TLS for.
    (&["tokio-rustls"], &["witness", "tests"]),
];

/// The pure crates reach none of these, by whatever way: no runtime, no SQL, no wire, no random.
const PURE: &[&str] = &["ledger", "record", "proof", "verify"];
const IMPURE: &[&str] = &["tokio", "sqlx", "tonic", "getrandom", "rand", "hyper", "rustix"];

/// The package graph for this machine's platform; nothing is fetched, since a built test proves that all of it is here.
fn metadata() -> Value {
    let cargo = || Command::new(env!("CARGO"));
    let version = Command::new("rustc").arg("-vV").output().expect("rustc is beside cargo");
    let version = String::from_utf8(version.stdout).expect("rustc speaks UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc -vV names its host");
    let output = cargo()
        .args(["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value[field].as_array().unwrap_or_else(|| panic!("cargo metadata lists `{field}`")).iter()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("cargo metadata gives `{field}`: {value}"))
}

/// The crate's name in the architecture, for a package of this workspace.
fn short(package: &str) -> Option<&str> {
    match package {
        "earmark" => Some("cli"),
        "xtask" => Some("xtask"),
        other => other.strip_prefix("earmark-"),
    }
}

/// Each crate of this workspace with all that its manifest names, for whatever purpose.
fn manifests(metadata: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let own = list(metadata, "packages").filter(|package| package["source"].is_null());
    own.map(|package| {
        let package_name = text(package, "name");
        let name = short(package_name)
            .unwrap_or_else(|| panic!("{package_name}: a package of this project is named earmark-..."));
        (name, list(package, "dependencies").map(|dependency| text(dependency, "name")).collect())
    })
    .collect()
}

#[test]
fn crates_use_only_what_their_arrows_allow() {
    let metadata = metadata();
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut findings = Vec::new();
    for (name, uses) in manifests(&metadata) {
        let Some(allowed) = arrows.get(name) else {
            findings.push(format!("{name}: a new crate; draw its arrows in the architecture and in this table"));
            continue;
        };
        let own = uses.into_iter().filter_map(short);
        findings.extend(own.filter(|used| !allowed.contains(used)).map(|used| format!("{name} -> {used} is no arrow")));
    }
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn arrows_have_no_circle() {
    // Each crate uses only crates that stand above it in some order: take away what uses nothing left, until all is gone.
    let mut left: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    while !left.is_empty() {
        let free: BTreeSet<&str> = left
            .iter()
            .filter(|(_, uses)| uses.iter().all(|used| !left.contains_key(used)))
            .map(|(name, _)| *name)
            .collect();
        assert!(!free.is_empty(), "these crates use each other in a circle: {:?}", left.keys());
        left.retain(|name, _| !free.contains(name));
    }
}

#[test]
fn sql_grpc_and_terminal_stay_in_their_crates() {
    let metadata = metadata();
    let manifests = manifests(&metadata);
    let mut findings = Vec::new();
    for (packages, keepers) in KEPT_TO {
        for (name, uses) in manifests.iter().filter(|(name, _)| !keepers.contains(*name)) {
            let found = packages.iter().filter(|package| uses.contains(*package));
            findings.extend(found.map(|package| format!("{name} names {package}; only {keepers:?} may")));
        }
    }
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn pure_crates_reach_no_runtime_sql_wire_or_random() {
    let metadata = metadata();
    let names: BTreeMap<&str, &str> =
        list(&metadata, "packages").map(|package| (text(package, "id"), text(package, "name"))).collect();
    let uses: BTreeMap<&str, Vec<&str>> =
        list(&metadata["resolve"], "nodes").map(|node| (text(node, "id"), built_in(node))).collect();
    for pure in PURE {
        let package = format!("earmark-{pure}");
        let (start, _) = names.iter().find(|(_, name)| **name == package).expect("the pure crates exist");
        let mut reached = BTreeSet::new();
        let mut next = vec![*start];
        while let Some(id) = next.pop() {
            if reached.insert(id) {
                next.extend(&uses[id]);
            }
        }
        let found: Vec<&str> = reached.iter().map(|id| names[id]).filter(|name| IMPURE.contains(name)).collect();
        assert!(found.is_empty(), "{pure} reaches {found:?}");
        assert!(reached.len() > 1, "{pure}: the graph was not read");
    }
}

/// The packages that become part of what this node builds (not those of its tests or build script).
fn built_in(node: &Value) -> Vec<&str> {
    let normal = |used: &&Value| list(used, "dep_kinds").any(|kind| kind["kind"].is_null());
    list(node, "deps").filter(normal).map(|used| text(used, "pkg")).collect()
}

#[test]
fn every_licence_is_on_the_list() {
    let metadata = metadata();
    let deny: toml::Table = include_str!("../../deny.toml").parse().expect("deny.toml is TOML");
    let allowed: BTreeSet<&str> = deny["licenses"]["allow"]
        .as_array()
        .expect("a list of licences")
        .iter()
        .filter_map(toml::Value::as_str)
        .collect();
    let others = list(&metadata, "packages").filter(|package| !package["source"].is_null());
    let refused: Vec<String> = others
        .filter(|package| !is_licensed(package["license"].as_str().unwrap_or_default(), &allowed))
        .map(|package| format!("{}: {}", text(package, "name"), package["license"]))
        .collect();
    assert!(refused.is_empty(), "licences that deny.toml does not allow:\n{}\n", refused.join("\n"));
}

/// Whether an SPDX expression can be met: some alternative of each part that is joined by AND.
fn is_licensed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let flat = expression.replace(['(', ')'], "").replace('/', " OR ");
    flat.split(" AND ").all(|part| part.split(" OR ").any(|licence| allowed.contains(licence.trim())))
}

#[test]
fn licence_expressions_are_read_rightly() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    let table = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("GPL-3.0 OR MIT", true),
        ("MIT/GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
    ];
    for (expression, expected) in table {
        assert_eq!(is_licensed(expression, &allowed), expected, "{expression}");
    }
}
