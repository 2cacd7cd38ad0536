//! The files in `deploy/`, checked without a network, a running systemd or a container engine. What the program does with
//! its configuration is tested with the program itself.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const UNIT: &str = include_str!("../../deploy/earmark.service");
const CONTAINER: &str = include_str!("../../deploy/Containerfile");
const CONFIGURATION: &str = include_str!("../../deploy/earmark.toml");

/// systemd's own measure of what a broken-into service could still do, from 0 to 100; below 20 it says "OK".
const EXPOSURE: &str = "--threshold=20";

fn systemd_analyze(words: &[&str], unit: &Path) -> Output {
    let output = Command::new("systemd-analyze").args(words).arg(unit).output();
    output.expect("systemd-analyze is needed: apt-get install systemd (`cargo xtask test` tries that itself)")
}

/// Both streams, for a message.
fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The unit with its program replaced by one that every machine has, in a folder of its own: systemd wants the right file name.
fn unit_in(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("earmark.service");
    fs::write(&path, text.replace("/usr/bin/earmark", "/bin/true")).expect("the folder can be written");
    path
}

#[test]
fn the_unit_is_valid() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = systemd_analyze(&["verify", "--man=no"], &unit_in(folder.path(), UNIT));
    assert!(output.status.success() && said(&output).trim().is_empty(), "{}", said(&output));

    let broken = UNIT.replace("ProtectSystem=strict", "ProtectSystem=sometimes");
    let output = systemd_analyze(&["verify", "--man=no"], &unit_in(folder.path(), &broken));
    assert_ne!(said(&output).trim(), "", "a wrong value must be found");
}

#[test]
fn the_unit_gives_away_little() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = ["security", "--no-pager", "--offline=true", EXPOSURE];
    let output = systemd_analyze(&words, &unit_in(folder.path(), UNIT));
    assert!(output.status.success(), "{}", said(&output));

    let open: String =
        UNIT.lines().filter(|line| !line.starts_with("SystemCallFilter")).map(|line| format!("{line}\n")).collect();
    let output = systemd_analyze(&words, &unit_in(folder.path(), &open));
    assert!(!output.status.success(), "without a system call filter the unit must be above the threshold");
}

#[test]
fn the_unit_starts_what_is_installed_and_keeps_the_key_away() {
    let wanted = [
        "ExecStart=/usr/bin/earmark serve --config /etc/earmark/earmark.toml",
        "DynamicUser=yes",
        "StateDirectory=earmark",
        "LoadCredential=tls-key:/etc/earmark/tls/server.key",
        "Environment=EARMARK_TLS_KEY=%d/tls-key",
        "ProtectSystem=strict",
        "MemoryDenyWriteExecute=yes",
        "SystemCallFilter=@system-service",
    ];
    for line in wanted {
        assert!(UNIT.lines().any(|found| found == line), "the unit needs `{line}`");
    }
}

#[test]
fn the_sample_configuration_has_every_key() {
    let table: toml::Table = CONFIGURATION.parse().expect("earmark.toml is TOML");
    let mut keys: Vec<&str> = table.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["data", "listen", "log", "otlp_endpoint", "tls_cert", "tls_key"]);
    for (key, value) in &table {
        assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{key} = {value}");
    }
    let listen: std::net::SocketAddr = table["listen"].as_str().and_then(|text| text.parse().ok()).expect("an address");
    assert!(listen.ip().is_loopback(), "a sample must not open the machine");
    assert!(CONTAINER.contains(&format!("EXPOSE {}\n", listen.port())), "the image offers the same port");
}

/// The Containerfile's instructions, comments gone and continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text: String =
        CONTAINER.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(word, rest)| (word.to_owned(), rest.trim().to_owned())).collect()
}

#[test]
fn the_image_is_pinned_and_holds_the_program_alone() {
    let instructions = instructions();
    let of = |wanted: &str| -> Vec<&str> {
        instructions.iter().filter(|(word, _)| word == wanted).map(|(_, rest)| rest.as_str()).collect()
    };
    let builder =
        of("ARG").into_iter().find_map(|rest| rest.strip_prefix("BUILDER=")).expect("the builder can be named");
    let (name, version) = builder.split_once(':').expect("the builder's version is given");
    assert!(name == "rust" && version.matches('.').count() == 2, "pin the builder to an exact version, not {builder}");
    assert_eq!(of("FROM"), ["${BUILDER} AS build", "scratch AS run"]);
    assert_eq!(of("ADD"), Vec::<&str>::new(), "ADD can fetch and unpack; COPY says what it does");
    assert_eq!(of("ENTRYPOINT"), [r#"["/usr/bin/earmark"]"#], "no shell between a signal and the program");
    let run = instructions.iter().skip_while(|(word, rest)| !(word == "FROM" && rest.starts_with("scratch")));
    let user = run.filter(|(word, _)| word == "USER").map(|(_, rest)| rest.as_str()).last();
    assert_eq!(user, Some("65532:65532"), "the program does not run as root");
    for fetched in ["curl", "wget", "apt-get", "http"] {
        assert!(!of("RUN").iter().any(|rest| rest.contains(fetched)), "a build fetches nothing by {fetched}");
    }
    assert!(of("RUN").iter().any(|rest| rest.contains("cargo build --release --locked")), "built from the lock file");
}

#[test]
fn the_builder_is_not_older_than_the_code_demands() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().expect("Cargo.toml is TOML");
    let demanded =
        manifest["workspace"]["package"]["rust-version"].as_str().expect("the demanded Rust version is stated");
    assert!(CONTAINER.contains(&format!("BUILDER=rust:{demanded}.")), "the image is built with Rust {demanded}");
}
