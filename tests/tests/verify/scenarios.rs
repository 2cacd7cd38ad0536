//! Parts of the books that the scenarios make: corrections, refunds, returns, transfers, deposits, openings, historical files. Whatever an
//! honest book holds, each of its grants, vouchers and its whole period stand by themselves.

use std::path::Path;

use record::{Event, Record, VoucherRef};
use testkit::scenario;
use verify::{Report, verify_file};

use super::scoped::part_of;

/// Scopes of a book: its grants and batches, its vouchers, and its years.
fn scopes(records: &[Record]) -> Vec<String> {
    let mut scopes = Vec::new();
    let mut voucher = |of: VoucherRef| {
        // Every third is enough of what stands beside each other.
        if of.number.is_multiple_of(3) || of.number == 1 {
            scopes.push(format!("voucher:{of}"));
        }
    };
    let mut grants = Vec::new();
    for record in records {
        match &record.event {
            Event::VoucherPosted(posted) => voucher(posted.voucher.reference),
            Event::ReceiptPosted(posted) => voucher(posted.voucher.reference),
            Event::GrantOpened(grant) => grants.push(format!("grant:{}", grant.code)),
            Event::BatchSubmitted { batch, .. } => grants.push(format!("grant:{}", batch.code)),
            _ => {}
        }
    }
    if !scopes.is_empty() {
        scopes.push("period:2015..2030".to_owned());
    }
    scopes.extend(grants);
    scopes
}

#[test]
fn every_part_of_every_scenario_s_books_is_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let (mut faults, mut parts, mut payments) = (Vec::new(), 0, 0);
    let below = ["", "diversions"].map(|below| std::fs::read_dir(folder.join(below)).expect("tests/scenarios"));
    for entry in below.into_iter().flatten() {
        let path = entry.expect("an entry of tests/scenarios").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a scenario");
        // One that goes wrong is told by the scenarios' own test.
        let Ok((_, made)) = scenario::play(&text, &folder) else { continue };
        for book in made.iter().filter(|book| !book.records.is_empty()) {
            for scope in scopes(&book.records) {
                let report: Report = verify_file(&part_of(&book.records, &scope)[..], [], |_, _| {}).expect("a file");
                parts += 1;
                payments += report.purposes;
                let shown = report.faults.iter().take(3);
                faults.extend(shown.map(|fault| format!("{} {scope}: {fault:?}", path.display())));
            }
        }
    }
    let shown: Vec<&str> = faults.iter().take(40).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} of {parts} parts\n{}\n", faults.len(), shown.join("\n"));
    assert!(parts > 1_000 && payments > 100, "{parts} parts, {payments} payments: these are not the scenarios");
}
