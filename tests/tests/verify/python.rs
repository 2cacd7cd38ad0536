//! `tools/verify.py` and the verifier agree on honest and on damaged books, in everything that both check: every damage of the table, and
//! random ones of the season. Random books stand with the model's tests.

use earmark_tests::agreement::{damaged, differing, spoilt};
use earmark_tests::chance::Chance;

use super::table::{self, DAMAGES};
use super::{bodies, evidence};

/// Random damages of the season, beside one of each kind of the table.
const RANDOM: u64 = 20;

#[test]
fn the_verifier_in_python_agrees() {
    let honest = table::rich().records;
    let mut chance = Chance::of(7);
    let mut files: Vec<(String, Vec<u8>)> = vec![("honest".to_owned(), evidence("GD", &bodies(&honest), &["a note"]))];
    for (name, damage, _) in DAMAGES {
        let mut records = honest.clone();
        damage(&mut records);
        files.push(((*name).to_owned(), evidence("GD", &bodies(&records), &[])));
        files.push(spoilt("GD", (*name).to_owned(), &records, &mut chance));
    }
    files.extend((0..RANDOM).map(|_| damaged("GD", &honest, &mut chance)));
    let differing = differing(&files);
    assert!(differing.is_empty(), "\n{}\n", differing.join("\n"));
}
