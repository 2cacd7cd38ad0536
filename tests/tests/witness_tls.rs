//! A witness behind TLS: reached by who trusts the authority of its certificate, and by nobody else; by the library, by `earmark cosign`
//! and by a server that asks it at start.

#[path = "cli_program/mod.rs"]
mod earmark;

use std::net::SocketAddr;
use std::sync::Arc;

use earmark::{Served, run};
use proof::{AddCheckpoint, Checkpoint, Note, Policy, leaf_hash, root_of};
use testkit::build::{log_key, witness_key};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use witness::client::{ClientError, Submitted, latest, submit};
use witness::{Trust, TrustError, Witness};

const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tls");
const AUTHORITY: &[u8] = include_bytes!("../fixtures/tls/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("../fixtures/tls/server.pem");
const KEY: &[u8] = include_bytes!("../fixtures/tls/server.key");

/// Takes TLS on a port of this machine and hands on what it hears in plain, as a proxy before a witness does.
async fn proxy(to: SocketAddr) -> SocketAddr {
    let chain = CertificateDer::pem_slice_iter(CERTIFICATE).collect::<Result<Vec<_>, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a private key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocols")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate with its key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Who does not trust us breaks off here.
                let Ok(mut secure) = acceptor.accept(stream).await else { return };
                let Ok(mut plain) = TcpStream::connect(to).await else { return };
                drop(tokio::io::copy_bidirectional(&mut secure, &mut plain).await);
            });
        }
    });
    address
}

/// Serves a witness in plain; gives its address.
async fn serve(witness: Witness) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { witness::http::serve(listener, "/w", Arc::new(witness), std::future::pending()).await });
    address
}

fn clock() -> u64 {
    1_700_000_000
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_behind_tls_is_heard_by_who_trusts_its_authority() {
    let (log, dir) = (log_key("example.org/log", 1), tempfile::tempdir().expect("a folder"));
    let policy = Policy::parse(format!("log {}\nquorum none\n", log.verifier()).as_bytes()).expect("a policy");
    let witness = Witness::begin(&dir.path().join("state"), witness_key("w.example.org", 2), policy, clock);
    let plain = serve(witness.expect("a new witness")).await;
    let secure = proxy(plain).await;
    let leaves = [leaf_hash(b"one"), leaf_hash(b"two")];
    let text = Checkpoint::new("example.org/log", 2, root_of(&leaves)).to_string();
    let checkpoint = Note::new(text.clone(), vec![log.sign(&text, 0)]).expect("a note");
    let request = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint }.to_string();

    let trust = Trust::authorities(AUTHORITY).expect("an authority");
    let port = secure.port();
    for (no, host) in (0..).zip(["127.0.0.1", "localhost"]) {
        let address = format!("https://{host}:{port}/w");
        let answer = submit(&address, &request, Some(&trust)).await.expect("heard");
        match no {
            0 => {
                assert!(matches!(&answer, Submitted::Cosigned(lines) if lines.contains("w.example.org")), "{answer:?}")
            }
            _ => assert_eq!(answer, Submitted::Conflict(2)),
        }
        let shown = latest(&address, "example.org/log", Some(&trust)).await.expect("heard").expect("a checkpoint");
        assert!(shown.starts_with(&text), "{shown}");
    }
    let address = format!("https://127.0.0.1:{port}/w");
    assert!(matches!(latest(&address, "x", None).await, Err(ClientError::NoAuthority(_))));
    let stranger = Trust::authorities(CERTIFICATE).expect("a certificate");
    let heard = latest(&address, "x", Some(&stranger)).await;
    assert!(
        matches!(&heard, Err(ClientError::Unreachable { reason, .. }) if reason.contains("certificate")),
        "{heard:?}"
    );
    // A certificate of another name, TLS towards a plain witness, and plain towards a TLS one.
    let other = format!("https://[::ffff:127.0.0.1]:{port}/w");
    assert!(matches!(latest(&other, "x", Some(&trust)).await, Err(ClientError::Unreachable { .. })));
    let plain = format!("https://{plain}/w");
    assert!(matches!(latest(&plain, "x", Some(&trust)).await, Err(ClientError::Unreachable { .. })));
    let insecure = format!("http://127.0.0.1:{port}/w");
    assert!(matches!(latest(&insecure, "x", Some(&trust)).await, Err(ClientError::Unreachable { .. })));
}

#[test]
fn what_holds_no_authority_is_told() {
    assert_eq!(Trust::authorities(b"").err(), Some(TrustError::Empty));
    assert_eq!(Trust::authorities(KEY).err(), Some(TrustError::Empty));
    let broken = AUTHORITY.to_ascii_lowercase();
    assert!(Trust::authorities(&broken).is_err());
    let cut = [&AUTHORITY[..80], b"\n-----END CERTIFICATE-----\n"].concat();
    assert!(matches!(Trust::authorities(&cut).err(), Some(TrustError::Form(_) | TrustError::Unusable { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_asks_by_https_under_the_authority_that_it_is_given() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name).to_str().expect("a path").to_owned();
    run(&["demo", "--json", "--data", &path("data")]).json();
    let log = run(&["key", "new", &path("log.key"), "--origin", "example.org/hic2", "--book", "season-2018"]).ok();
    let key = witness_key("w.example.org", 2);
    std::fs::write(dir.path().join("policy"), format!("{}\nwitness w {}\nquorum w\n", log.trim(), key.verifier()))
        .expect("written");
    let policy = Policy::parse(&std::fs::read(dir.path().join("policy")).expect("read")).expect("a policy");
    let witness = Witness::begin(&dir.path().join("state"), key.clone(), policy, clock).expect("a new witness");
    let address = format!("https://{}/w", proxy(serve(witness).await).await);
    let authority = format!("{TLS}/authority.pem");

    // Nothing is served where it is not said whose certificates count, or that cannot be read.
    let asking = ["serve", "--listen", "127.0.0.1:0", "--data", &path("data"), "--witness", &address, "--lang", "en"];
    let said = run(&asking);
    assert!(said.code == Some(1) && said.err.contains("--witness-ca"), "{said:?}");
    let said = run(&[&asking[..], &["--witness-ca", &path("policy")]].concat());
    assert!(said.code == Some(1) && said.err.contains("no certificate"), "{said:?}");

    let signing = ["--signing-key", &path("log.key"), "--witness", &address, "--witness-ca", &authority];
    let ask = |served: &Served, person: &str, words: &[&str]| {
        let (token, journal) = (format!("{}/tokens/{person}", path("data")), path("journal"));
        let to = ["--endpoint", &served.endpoint, "--token-file", &token, "--book", "season-2018"];
        run(&[words, &to[..], &["--journal", &journal, "--lang", "en"]].concat())
    };
    let served = Served::start(&dir.path().join("data"), &signing);
    let endorsed = |more: &[&str]| {
        let (policy, key) = (path("policy"), path("log.key"));
        run(&[&["endorse", "--key", &key, "--policy", &policy, "--book", "season-2018"], more].concat()).ok()
    };
    std::fs::write(dir.path().join("w.key"), format!("{}\n", key.secret_text())).expect("written");
    std::fs::write(dir.path().join("s1"), endorsed(&[])).expect("written");
    set_mode(&path("w.key"));
    let (policy, own, first) = (path("policy"), path("w.key"), path("s1"));
    let words = ["endorse", "--key", &own, "--policy", &policy, "--book", "season-2018", "--statement", &first];
    std::fs::write(dir.path().join("s2"), run(&words).ok()).expect("written");
    ask(&served, "audit", &["log-policy", "set", &format!("@{policy}"), &format!("@{}", path("s2")), "--json"]).json();
    served.signal("TERM");
    assert_eq!(served.ended(), Some(0));
    copy(&dir.path().join("data"), &dir.path().join("yesterday"));

    let served = Served::start(&dir.path().join("data"), &signing);
    let register = ["org", "register", "TODAY", "--name", "某市总工会", "--type", "CITY_FED", "--parent", "GDFTU"];
    ask(&served, "maker", &register).ok();
    let said = ask(&served, "audit", &["cosign", "--to", &address]);
    assert!(said.code == Some(1) && said.err.contains("--witness-ca"), "{said:?}");
    let said = ask(&served, "audit", &["cosign", "--to", &address, "--witness-ca", &authority]).ok();
    assert!(said.contains("cosigned by w") && said.contains("yes"), "{said}");
    served.signal("TERM");
    assert_eq!(served.ended(), Some(0));
    // What the witness tells over https is enough to know yesterday's copy.
    let served = Served::start(&dir.path().join("yesterday"), &signing);
    let said = ask(&served, "maker", &register);
    assert!(said.code == Some(1) && said.err.contains("rolled back"), "{said:?}");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
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

/// Only its owner reads a file of secrets.
fn set_mode(path: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a file");
}
