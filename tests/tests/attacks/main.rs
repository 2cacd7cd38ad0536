//! Attacks by somebody who may do anything with the place that a book is kept in, on files and on a database: who finds each, and by which
//! code. Guards are taken down and put back, so that nothing but what was done tells of it. `docs/attacks.md` is this table.

mod forged;
mod held;
mod rows;
mod schema;

use std::fmt::Write as _;

use earmark_tests::attacked::{Kind, Log, Look, Part, Place, honest, policy};
use proof::Policy;
use record::Record;
use verify::{Report, Trusted};

/// Records beside the season's, so that blocks of sums are full.
const MORE: u32 = 1_000;
/// Attacks that must stand on each engine.
const LEAST: usize = 40;

/// Who finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// `earmark verify` with nothing from elsewhere.
    Verify,
    /// `earmark verify --policy`, with the committee's policy.
    Policy,
    /// `earmark verify --checkpoint`, with a checkpoint noted before.
    Checkpoint,
    /// The committee's witness.
    Witness,
    /// The guard at the server's start.
    Guard,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Who::Verify => "`verify`",
            Who::Policy => "`verify --policy`",
            Who::Checkpoint => "`verify --checkpoint`",
            Who::Witness => "witness",
            Who::Guard => "guard",
        }
    }
}

/// What is done.
enum How {
    /// Statements on rows, with guards down and up again; `{book}` is the column `book` where the engine has one to fill.
    Rows(Part, &'static str),
    /// The same, spelled for SQLite and for PostgreSQL; none where the engine has no such thing.
    Each(Part, Option<&'static str>, Option<&'static str>),
    /// Statements with everything as it stands, for SQLite and for PostgreSQL.
    Schema(Part, Option<&'static str>, Option<&'static str>),
    /// The whole log written anew from other records, signed with the log's stolen key, views included.
    Forged(forged::Forge),
    /// What takes more than a place: witnesses, copies, starts.
    Held(held::Case),
}

/// An attack: what is done, who finds it, by which code.
struct Attack {
    name: &'static str,
    how: How,
    who: Who,
    code: &'static str,
}

/// All of them.
fn attacks() -> Vec<Attack> {
    [rows::attacks(), schema::attacks(), forged::attacks(), held::attacks()].into_iter().flatten().collect()
}

impl Attack {
    /// Whether it can be made on an engine.
    fn is_on(&self, kind: Kind) -> bool {
        match &self.how {
            How::Each(_, sqlite, postgres) | How::Schema(_, sqlite, postgres) => match kind {
                Kind::Sqlite => sqlite.is_some(),
                Kind::Postgres => postgres.is_some(),
            },
            _ => true,
        }
    }
}

/// What the attacks begin with.
struct World {
    kind: Kind,
    /// The honest place, of which each attack gets a copy.
    place: Place,
    /// Its log.
    log: Log,
    /// The same book without the records beside the season's.
    short: Log,
}

impl World {
    async fn new(kind: Kind) -> World {
        let (_, log) = honest(MORE);
        let place = Place::written(kind, &log).await;
        World { kind, place, log, short: honest(3).1 }
    }

    /// What the auditor holds.
    fn trusted(&self, who: Who, log: &Log) -> Trusted {
        let mut trusted = Trusted::default();
        match who {
            Who::Policy => trusted.policy = Some(Policy::parse(policy().as_bytes()).expect("a policy")),
            Who::Checkpoint => trusted.checkpoints = log.heads.iter().map(|head| (head.size, head.root)).collect(),
            _ => {}
        }
        trusted
    }

    /// Makes the attack; the codes by which it is found.
    async fn codes(&self, attack: &Attack) -> Result<Vec<String>, String> {
        let (place, log) = match &attack.how {
            How::Rows(part, statements) => {
                let place = self.place.copied().await;
                let book = if self.kind == Kind::Postgres { "book, " } else { "" };
                place.run(*part, &statements.replace("{book}", book)).await;
                (place, &self.log)
            }
            How::Each(part, ..) | How::Schema(part, ..) => {
                let place = self.place.copied().await;
                let (How::Each(_, sqlite, postgres) | How::Schema(_, sqlite, postgres)) = &attack.how else {
                    unreachable!("just matched")
                };
                let statements = if self.kind == Kind::Sqlite { sqlite } else { postgres };
                let statements = statements.expect("asked only where it is");
                if matches!(attack.how, How::Each(..)) {
                    place.run(*part, statements).await;
                } else {
                    place.run_as_is(*part, statements).await;
                }
                (place, &self.log)
            }
            How::Forged(forge) => {
                let (forged, before) = forge.made(&self.short);
                let told = Place::written(self.kind, &forged).await;
                return told_by(&told, self.trusted(attack.who, &before)).await;
            }
            How::Held(case) => return case.codes(self).await,
        };
        told_by(&place, self.trusted(attack.who, log)).await
    }
}

/// The codes of all faults that verifying finds.
async fn told_by(place: &Place, trusted: Trusted) -> Result<Vec<String>, String> {
    let report = place.verified(trusted, Look::ALL).await.map_err(|error| error.to_string())?;
    Ok(codes(&report))
}

fn codes(report: &Report) -> Vec<String> {
    report.counts.keys().map(|code| code.code().to_owned()).collect()
}

/// Records changed by a function.
fn changed(records: &[Record], change: impl FnOnce(&mut Vec<Record>)) -> Vec<Record> {
    let mut records = records.to_vec();
    change(&mut records);
    records
}

#[expect(clippy::print_stdout, reason = "the table of what was caught by what is the evidence")]
async fn all_are_found(kind: Kind) {
    let world = World::new(kind).await;
    for who in [Who::Verify, Who::Policy, Who::Checkpoint] {
        // What stands is clean, whoever looks; and so it is when guards were taken down and put back for nothing.
        let place = world.place.copied().await;
        for part in Part::ALL {
            place.run(part, "SELECT 1").await;
        }
        let found = told_by(&place, world.trusted(who, &world.log)).await;
        assert_eq!(found, Ok(vec![]), "{kind:?}, {who:?}: the honest place");
    }
    let attacks = attacks();
    let mut missed = Vec::new();
    let mut made = 0;
    println!("{:<64} {:<22} {:<12} all codes", "attack", "found by", "code");
    for attack in attacks.iter().filter(|attack| attack.is_on(kind)) {
        made += 1;
        let found = world.codes(attack).await;
        println!("{:<64} {:<22} {:<12} {found:?}", attack.name, attack.who.name(), attack.code);
        if !found.as_ref().is_ok_and(|codes| codes.iter().any(|code| code == attack.code)) {
            missed.push(format!(
                "{}: expected {} from {}, found {found:?}",
                attack.name,
                attack.code,
                attack.who.name()
            ));
        }
    }
    println!("{made} attacks on {kind:?}");
    assert!(missed.is_empty(), "\n{}\n", missed.join("\n"));
    assert!(made >= LEAST, "only {made} attacks");
}

#[tokio::test]
async fn every_attack_on_files_is_found() {
    all_are_found(Kind::Sqlite).await;
}

#[tokio::test]
async fn every_attack_on_a_database_is_found() {
    all_are_found(Kind::Postgres).await;
}

#[test]
fn the_table_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/attacks.md");
    let text = std::fs::read_to_string(path).expect("docs/attacks.md");
    let begin = "| attack | on | found by | code |\n|---|---|---|---|\n";
    let before = text.split_once(begin).expect("the head of the table").0;
    let mut rows = String::new();
    for attack in attacks() {
        let on = match (attack.is_on(Kind::Sqlite), attack.is_on(Kind::Postgres)) {
            (true, true) => "both",
            (true, false) => "SQLite",
            _ => "PostgreSQL",
        };
        writeln!(rows, "| {} | {on} | {} | {} |", attack.name, attack.who.name(), attack.code).expect("text");
    }
    let expected = format!("{before}{begin}{rows}");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(path, expected).expect("the document can be written");
        return;
    }
    assert_eq!(text, expected, "UPDATE_FIXTURES=1 writes it");
}
