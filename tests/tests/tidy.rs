//! House rules over the text of this repository: what a reader may count on in every file. Crate arrows are in `arrows.rs`,
//! what the compiler and clippy can see is theirs. Each rule is a pure function with a sample that it must refuse.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A longer file has more than one subject.
const MAX_LINES: usize = 500;
/// rustfmt keeps code within 120; only a string that it cannot break may go on to here.
const MAX_COLUMNS: usize = 140;

/// Code that a program wrote.
const GENERATED: &str = "crates/api/src/gen/";
/// Texts of reading length; data tables and test vectors may be as long as their subject.
const PROSE_OR_CODE: &[&str] = &["rs", "py", "sh", "sql", "proto", "toml", "md", "css", "html", "js"];
/// Crates whose arithmetic must not be able to panic, wrap or round, and which may look at neither clock nor chance.
const PURE: &[&str] = &["ledger", "proof", "record", "verify"];
const PURE_LINTS: &[&str] = &["arithmetic_side_effects", "unwrap_used", "indexing_slicing", "float_arithmetic"];

/// Words that no source may hold, in two halves so that this file does not hold them either, and what to write instead.
const BANNED: &[(&str, &str, &str)] = &[
    ("to", "do!(", "write the code, or leave it out"),
    ("unimple", "mented!(", "write the code, or leave it out"),
    ("#[ig", "nore", "a test that is not run proves nothing: make it quick, or make it a bench"),
    ("#[should", "_panic", "match on the error"),
    ("db", "g!(", "tracing, or nothing"),
    ("FIX", "ME", "mend it, or open an issue"),
    ("XX", "X:", "mend it, or open an issue"),
];
/// Text that ties the repository to one machine or one provider.
const FOREIGN: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/tmp/", "wt"),
    ("/tmp/", "tgt"),
    ("/root", "/."),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("npmjs", ".org"),
    ("docker", ".io"),
    ("gcr", ".io/"),
    ("quay", ".io"),
];
/// The package of programs that benches compare with: outside the workspace, with versions of its own.
const PEERS: &str = "tests/peers/";
const SQL: &[&str] = &["SELECT ", "INSERT INTO ", "INSERT OR ", "DELETE FROM ", "CREATE TABLE", "PRAGMA "];

/// One text file of the repository.
struct File {
    path: String,
    text: String,
}

/// Every text file under version control or about to be.
fn files() -> Vec<File> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git is needed to know which files are the project's");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let paths = String::from_utf8(listed.stdout).expect("file names are UTF-8");
    let read = |path: &str| Some(File { path: path.to_owned(), text: fs::read_to_string(root.join(path)).ok()? });
    let files: Vec<File> = paths.split_terminator('\0').filter_map(read).collect();
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "these are not the files of the workspace");
    files
}

/// Fails with one line a finding.
fn assert_none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// Applies a rule to every file.
fn check(rule: fn(&File) -> Vec<String>) {
    assert_none(files().iter().flat_map(rule).collect());
}

/// Asserts that the rule passes the first sample and refuses the second, both under that path.
fn tells_apart(rule: fn(&File) -> Vec<String>, path: &str, good: &str, bad: &str) {
    let file = |text: &str| File { path: path.to_owned(), text: text.to_owned() };
    assert_eq!(rule(&file(good)), Vec::<String>::new(), "{path}: {good}");
    assert_ne!(rule(&file(bad)), Vec::<String>::new(), "{path}: {bad}");
}

fn extension(path: &str) -> &str {
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension)
}

fn is_rust(path: &str) -> bool {
    extension(path) == "rs" && !path.starts_with(GENERATED)
}

/// `path:line: what` for each line that `wrong` names something in.
fn by_line(file: &File, wrong: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    lines.filter_map(|(at, line)| Some(format!("{}:{}: {}", file.path, at + 1, wrong(line)?))).collect()
}

fn opens_with_purpose(file: &File) -> Vec<String> {
    let misses = is_rust(&file.path) && !file.text.starts_with("//! ");
    misses
        .then(|| format!("{}: open with `//! ` and say what lives here and what does not", file.path))
        .into_iter()
        .collect()
}

fn is_short(file: &File) -> Vec<String> {
    let counted = PROSE_OR_CODE.contains(&extension(&file.path)) && !file.path.starts_with(GENERATED);
    let lines = file.text.lines().count();
    let long = counted && lines > MAX_LINES;
    long.then(|| format!("{}: {lines} lines; split it by subject (at most {MAX_LINES})", file.path))
        .into_iter()
        .collect()
}

fn is_narrow(file: &File) -> Vec<String> {
    by_line(file, |line| {
        let columns = line.chars().count();
        let wide = is_rust(&file.path) && columns > MAX_COLUMNS;
        wide.then(|| format!("{columns} columns; break it (at most {MAX_COLUMNS})"))
    })
}

fn has_no_banned_word(file: &File) -> Vec<String> {
    let code = ["rs", "py", "sh", "sql", "proto", "toml"].contains(&extension(&file.path));
    by_line(file, |line| {
        let found = |(start, end, _): &&(&str, &str, &str)| code && line.contains(&format!("{start}{end}"));
        BANNED.iter().find(found).map(|(start, end, instead)| format!("`{start}{end}`: {instead}"))
    })
}

fn is_at_home_anywhere(file: &File) -> Vec<String> {
    by_line(file, |line| {
        let names = FOREIGN.iter().map(|(start, end)| format!("{start}{end}"));
        let mut found = names.filter(|name| !file.path.ends_with("Cargo.lock") && line.contains(name));
        found.next().map(|name| format!("`{name}` ties the project to one machine or provider"))
    })
}

/// The crate of a source file under `crates/`.
fn source_crate(path: &str) -> Option<&str> {
    let (name, rest) = path.strip_prefix("crates/")?.split_once('/')?;
    (rest.starts_with("src/") && is_rust(path)).then_some(name)
}

fn keeps_sql_in_store(file: &File) -> Vec<String> {
    let elsewhere = source_crate(&file.path).is_some_and(|name| name != "store");
    by_line(file, |line| {
        let code = elsewhere && !line.trim_start().starts_with("//");
        let found = SQL.iter().find(|word| code && line.contains(*word))?;
        Some(format!("`{found}`: SQL lives in crates/store; the Store trait speaks of books and batches"))
    })
}

fn keeps_the_wire_at_the_edge(file: &File) -> Vec<String> {
    let inside = source_crate(&file.path).is_some_and(|name| !["api", "client", "server", "cli"].contains(&name));
    by_line(file, |line| {
        let code = inside && !line.trim_start().starts_with("//");
        let found = ["tonic::", "tonic_types::"].into_iter().find(|word| code && line.contains(word))?;
        Some(format!("`{found}`: gRPC types end in server, client and cli"))
    })
}

/// In a member's manifest: lints are the workspace's, and so is every version.
fn takes_from_the_workspace(file: &File) -> Vec<String> {
    let member = file.path.ends_with("/Cargo.toml") && !file.path.starts_with(PEERS);
    if !member {
        return Vec::new();
    }
    let mut section = "";
    let mut findings = Vec::new();
    for line in file.text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && !line.is_empty()
            && !line.starts_with('#')
            && !line.contains("workspace = true")
        {
            findings.push(format!(
                "{}: `{line}`: versions stand in the root Cargo.toml, write `.workspace = true`",
                file.path
            ));
        }
    }
    if !file.text.contains("[lints]\nworkspace = true") {
        findings.push(format!("{}: needs `[lints]` with `workspace = true`", file.path));
    }
    findings
}

#[test]
fn every_source_says_what_lives_there() {
    tells_apart(opens_with_purpose, "crates/a/src/lib.rs", "//! Here lives a.\n", "use std::fmt;\n");
    check(opens_with_purpose);
}

#[test]
fn no_file_is_too_long() {
    tells_apart(is_short, "a.md", &"x\n".repeat(MAX_LINES), &"x\n".repeat(MAX_LINES + 1));
    check(is_short);
}

#[test]
fn no_line_is_too_wide() {
    tells_apart(is_narrow, "a.rs", &"经".repeat(MAX_COLUMNS), &"x".repeat(MAX_COLUMNS + 1));
    check(is_narrow);
}

#[test]
fn no_banned_word() {
    for (start, end, _) in BANNED {
        tells_apart(has_no_banned_word, "a.rs", "let due = 1;", &format!("    {start}{end}"));
    }
    check(has_no_banned_word);
}

#[test]
fn nothing_of_one_machine() {
    for (start, end) in FOREIGN {
        tells_apart(is_at_home_anywhere, "a.md", "/var/lib/earmark", &format!("see {start}{end}x"));
    }
    check(is_at_home_anywhere);
}

#[test]
fn sql_is_in_store_only() {
    let (comment, statement) = ("// a SELECT is dear", "let q = \"SELECT 1\";");
    tells_apart(keeps_sql_in_store, "crates/engine/src/a.rs", comment, statement);
    tells_apart(keeps_sql_in_store, "crates/engine/src/a.rs", "", "\"INSERT INTO t VALUES (1)\"");
    check(keeps_sql_in_store);
}

#[test]
fn grpc_is_at_the_edge_only() {
    tells_apart(keeps_the_wire_at_the_edge, "crates/engine/src/a.rs", "", "use tonic::Status;");
    check(keeps_the_wire_at_the_edge);
}

#[test]
fn members_take_versions_and_lints_from_the_workspace() {
    let good = "[dependencies]\nsha2.workspace = true\n\n[lints]\nworkspace = true\n";
    tells_apart(takes_from_the_workspace, "crates/a/Cargo.toml", good, &good.replace(".workspace = true", " = \"1\""));
    tells_apart(takes_from_the_workspace, "crates/a/Cargo.toml", good, &good.replace("[lints]", "[other]"));
    check(takes_from_the_workspace);
}

#[test]
fn pure_crates_deny_what_could_go_wrong_silently() {
    let files = files();
    let text = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let mut findings = Vec::new();
    for name in PURE {
        let lib = text(&format!("crates/{name}/src/lib.rs"));
        let denied: String = lib.split("#![deny(").skip(1).filter_map(|rest| rest.split(")]").next()).collect();
        let missing = PURE_LINTS.iter().filter(|lint| !denied.contains(&format!("clippy::{lint}")));
        findings.extend(missing.map(|lint| format!("crates/{name}/src/lib.rs: needs `#![deny(clippy::{lint})]`")));
        let config = text(&format!("crates/{name}/clippy.toml"));
        let wanted = ["disallowed-methods", "SystemTime::now", "Instant::now", "too-many-lines-threshold = 70"];
        let missing = wanted.iter().filter(|word| !config.contains(*word));
        findings.extend(missing.map(|word| format!("crates/{name}/clippy.toml: needs `{word}`")));
    }
    assert_none(findings);
}

#[test]
fn decisions_are_numbered_once_each() {
    let files = files();
    let mut numbered: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    let names = files.iter().filter_map(|file| file.path.strip_prefix("docs/decisions/"));
    for name in names.filter(|name| *name != "README.md") {
        let number = name.split('-').next().unwrap_or_default();
        if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            findings.push(format!("docs/decisions/{name}: name it 0001-what-was-decided.md"));
        }
        if let Some(other) = numbered.insert(number, name) {
            findings.push(format!("docs/decisions/{name}: has the number of {other}"));
        }
    }
    assert_none(findings);
}
