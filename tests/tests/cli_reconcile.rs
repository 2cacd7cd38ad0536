//! `earmark reconcile` against the demonstration's book: a bank's file goes in whole or not at all, again it is the same, and the
//! 银行余额调节表 shows what it leaves open.

#[path = "cli_program/mod.rs"]
mod earmark;

use earmark::{Demo as World, Said};

const ACCOUNT: &str = "SP-GDFTU";
const MAPPING: &str = "date_format = \"YYYY-MM-DD\"\n[columns]\nid = \"流水号\"\ndate = \"日期\"\namount = \"金额\"\nmemo = \"摘要\"\n\
    [words]\ncharge = [\"手续费\"]\n";

impl World {
    fn with_mapping() -> World {
        let world = World::new();
        world.write("map.toml", MAPPING);
        world
    }

    fn import(&self, person: &str, file: &str, opening: &str, closing: &str) -> Said {
        let map = self.text("map.toml");
        let words = ["reconcile", "import", file, "--account", ACCOUNT, "--mapping", &map, "--json"];
        let days = ["--from", "2019-01-01", "--to", "2019-01-31", "--opening", opening, "--closing", closing];
        self.ask(person, &[&words[..], &days[..]].concat())
    }
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[test]
fn a_banks_file_goes_in_whole_and_shows_what_is_open() {
    let world = World::with_mapping();
    let show = |on: &str| world.ask("audit", &["reconcile", "show", ACCOUNT, on, "--json"]).json();
    let before = show("2018-12-31");
    assert!(before["balanced"] == false && before["covered_to"].is_null(), "{before}");
    let opening = before["book_fen"].as_i64().expect("fen");
    let (begin, end) = (yuan(opening), yuan(opening - 4_900));
    let text = "流水号,日期,金额,摘要\nF-1,2019-01-10,-50.00,手续费\nI-1,2019-01-21,1.00,来款\n";

    let bad = world.write("bad.csv", &text.replace("-50.00", "50元").replace("2019-01-21", "2019-02-21"));
    let refused = world.import("maker", &bad, &begin, &end);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    for words in ["未报送任何一行", "金额: ", "(行 2)", "date: "] {
        assert!(refused.err.contains(words), "{words}\n{}", refused.err);
    }
    let good = world.write("good.csv", text);
    let denied = world.import("cashier", &good, &begin, &end);
    assert!(denied.code == Some(1) && denied.err.contains("PERMISSION_DENIED"), "{denied:?}");
    let first = world.import("maker", &good, &begin, &end).json();
    assert_eq!((first["lines"].as_u64(), first["matched"].as_u64()), (Some(2), Some(0)), "{first}");
    assert_eq!(world.import("maker", &good, &begin, &end).json(), first, "sent again, it counts once");

    let after = show("2019-01-31");
    assert_eq!((after["bank_out_fen"].as_i64(), after["bank_in_fen"].as_i64()), (Some(5_000), Some(100)), "{after}");
    assert!(after["balanced"] == true, "{after}");
    assert_eq!(after["adjusted_book_fen"], after["adjusted_bank_fen"]);
    let table = world.ask("audit", &["reconcile", "show", ACCOUNT, "2019-01-31"]).ok();
    for words in ["银行余额调节表", "银行已付企业未付", "调节后余额相等", "F-1", "手续费"] {
        assert!(table.contains(words), "{words}\n{table}");
    }
    let open = world.ask("audit", &["reconcile", "unmatched", ACCOUNT]).ok();
    assert!(open.contains("F-1") && open.contains("I-1"), "{open}");
    let listed = world.ask("audit", &["reconcile", "statements", ACCOUNT]).ok();
    assert!(listed.contains(&format!("{ACCOUNT}.2019-01-31")), "{listed}");
    let days = world.ask("audit", &["summaries"]);
    assert_eq!(days.code, Some(0), "{days:?}");

    // A match whose sums differ is refused by its rule.
    let words = ["reconcile", "match", ACCOUNT, "--lines", "F-1,I-1", "--reason", "试"];
    let unequal = world.ask("maker", &words);
    assert!(unequal.code == Some(1) && unequal.err.contains("REC-001"), "{unequal:?}");
}
