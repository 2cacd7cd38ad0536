//! Files of statements of every kind: what is read, and that every fault of every row is told at once.

use std::io::Write as _;
use std::path::PathBuf;

use record::command::StatementLine;
use record::kinds::{Direction, LineNature};

use super::import::judged;
use crate::lang::Lang;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::File::create(&path).unwrap().write_all(content).unwrap();
        path
    }
}

const MAPPING: &str = r#"
encoding = "GB18030"
date_format = "YYYYMMDD"
skip_rows = ["合计"]
[columns]
id = "交易流水号"
date = "交易日期"
in = "收入金额"
out = "支出金额"
balance = "余额"
party = "对方户名"
party_no = "对方账号"
memo = "摘要"
[words]
interest = ["结息"]
charge = ["手续费"]
"#;

const TABLE: &str = "中国某某银行客户账户明细,,,,,,,\n交易流水号,交易日期,收入金额,支出金额,余额,对方户名,对方账号,摘要\n\
    T1,20181101,\"1,000.00\",,\"1,500.00\",张三,6222021234567890123,转账\n\
    T2,20181121,0.50,,\"1,500.50\",,,结息\n\
    T3,20181122,,10.00,\"1,490.50\",本行,,手续费 13912345678\n\
    合计,,1000.50,10.00,,,,\n";

const DAYS: [&str; 6] = ["--account", "SPECIAL", "--from", "2018-11-01", "--to", "2018-11-30"];

fn brief(line: &StatementLine) -> (&str, String, Direction, i64, LineNature) {
    (&line.id, line.date.to_string(), line.direction, line.fen, line.nature)
}

#[test]
fn a_csv_is_read_by_its_mapping_and_nothing_personal_leaves() {
    let folder = Folder::new();
    let mapping = folder.file("map.toml", MAPPING.as_bytes());
    let (encoded, ..) = encoding_rs::GB18030.encode(TABLE);
    let file = folder.file("bank.csv", &encoded);
    let args = [&DAYS[..], &["--mapping", mapping.to_str().unwrap()]].concat();
    let (lines, seal, masked) = judged(&file, &args, Lang::En).unwrap();
    let found: Vec<_> = lines.iter().map(brief).collect();
    assert_eq!(
        found,
        [
            ("T1", "2018-11-01".to_owned(), Direction::In, 100_000, LineNature::Other),
            ("T2", "2018-11-21".to_owned(), Direction::In, 50, LineNature::Interest),
            ("T3", "2018-11-22".to_owned(), Direction::Out, 1_000, LineNature::Charge),
        ]
    );
    assert_eq!((lines[0].party.as_str(), lines[0].party_no.as_str()), ("张*", "****0123"));
    assert_eq!((lines[2].party.as_str(), lines[2].memo.as_str(), masked), ("本行", "***", 2));
    assert_eq!((seal.opening_fen, seal.closing_fen, seal.in_fen, seal.out_fen), (50_000, 149_050, 100_050, 1_000));
    assert_eq!((seal.count, seal.code.as_str()), (3, "SPECIAL.2018-11-30"));
    // A mapping in CSV says the same.
    let rows = "encoding,GB18030\ndate_format,YYYYMMDD\nskip_rows,合计|小计\ncolumns.id,交易流水号\ncolumns.date,交易日期\n\
        columns.in,收入金额\ncolumns.out,支出金额\ncolumns.balance,余额\ncolumns.memo,摘要\nwords.interest,结息|利息\n";
    let mapping = folder.file("map.csv", rows.as_bytes());
    let args = [&DAYS[..], &["--mapping", mapping.to_str().unwrap()]].concat();
    assert_eq!(judged(&file, &args, Lang::En).unwrap().0.len(), 3);
}

#[test]
fn every_faulty_row_and_column_is_told() {
    let folder = Folder::new();
    let mapping = folder.file("map.toml", MAPPING.replace("GB18030", "UTF-8").as_bytes());
    let bad = TABLE
        .replace("T2,20181121", "T1,2018-13-21")
        .replace("\"1,490.50\"", "\"1,491.50\"")
        .replace("0.50,,", "0.505,,")
        .replace("T3,20181122,,10.00", ",20181222,5,10.00");
    let file = folder.file("bank.csv", bad.as_bytes());
    let args = [&DAYS[..], &["--mapping", mapping.to_str().unwrap(), "--opening", "0", "--closing", "0"]].concat();
    let error = judged(&file, &args, Lang::En).unwrap_err().to_string();
    for words in [
        "nothing was sent",
        "交易日期: a day YYYYMMDD is expected (rows 4)",
        "收入金额: an amount in yuan is expected (rows 4)",
        "收入金额: exactly one of in and out is expected (rows 5)",
        "交易流水号: an id is expected (rows 5)",
    ] {
        assert!(error.contains(words), "{words}\n{error}");
    }
    // Faults that only the whole shows: twice, outside the days, sums that do not add up.
    let twice = TABLE.replace("T2,20181121", "T1,20181221");
    let file = folder.file("twice.csv", twice.as_bytes());
    let args = [&DAYS[..], &["--mapping", mapping.to_str().unwrap(), "--closing", "7"]].concat();
    let error = judged(&file, &args, Lang::En).unwrap_err().to_string();
    for words in [
        "id: stands on row 3 already (rows 4)",
        "date: is not within 2018-11-01..2018-11-30 (rows 4)",
        "is not closing 7.00",
    ] {
        assert!(error.contains(words), "{words}\n{error}");
    }
}

#[test]
fn a_mapping_must_fit() {
    let folder = Folder::new();
    let file = folder.file("bank.csv", TABLE.as_bytes());
    for (from, to, words) in [
        ("YYYYMMDD", "DD/MM", "date_format is one of"),
        ("GB18030", "latin1", "encoding is"),
        ("in = \"收入金额\"", "amount = \"收入金额\"", "either amount, or in and out"),
        ("memo = ", "memos = ", "unknown field"),
        ("memo = \"摘要\"", "memo = \"用途\"\ndirection = \"借贷\"", "direction goes with"),
    ] {
        let mapping = folder.file("map.toml", MAPPING.replace(from, to).as_bytes());
        let args = [&DAYS[..], &["--mapping", mapping.to_str().unwrap()]].concat();
        let error = format!("{:#}", judged(&file, &args, Lang::En).unwrap_err());
        assert!(error.contains(words), "{words}\n{error}");
    }
    let mapping = folder.file("map.toml", MAPPING.replace("GB18030", "UTF-8").replace("摘要", "用途").as_bytes());
    let args = [&DAYS[..], &["--mapping", mapping.to_str().unwrap()]].concat();
    let error = format!("{:#}", judged(&file, &args, Lang::En).unwrap_err());
    assert!(error.contains("column 用途 is missing"), "{error}");
    assert!(judged(&file, &DAYS, Lang::En).unwrap_err().to_string().contains("--mapping is needed"));
}

#[test]
fn lines_without_a_number_get_the_same_made_one_each_time() {
    let folder = Folder::new();
    let mapping = "date_format = \"YYYY-MM-DD\"\n[columns]\ndate = \"日期\"\namount = \"金额\"\n";
    let mapping = folder.file("map.toml", mapping.as_bytes());
    let file = folder.file("bank.csv", "日期,金额\n2018-11-02,5\n2018-11-02,5\n2018-11-02,-5.10\n".as_bytes());
    let more = ["--mapping", mapping.to_str().unwrap(), "--opening", "1", "--closing", "5.90"];
    let args = [&DAYS[..], &more].concat();
    let (lines, ..) = judged(&file, &args, Lang::En).unwrap();
    assert!(lines.iter().all(|line| line.id.starts_with("h-")));
    assert!(lines[0].id != lines[1].id && lines[1].id != lines[2].id);
    assert_eq!(judged(&file, &args, Lang::En).unwrap().0, lines);
}

fn camt(entries: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>1</MsgId></GrpHdr>
<Stmt><Id>S</Id><FrToDt><FrDtTm>2018-11-01T00:00:00+08:00</FrDtTm><ToDtTm>2018-11-30T23:59:59+08:00</ToDtTm></FrToDt>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">500.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">595.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
{entries}
</Stmt></BkToCstmrStmt></Document>"#
    )
}

const ENTRIES: &str = r#"<Ntry><Amt Ccy="CNY">100.0000</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2018-11-21</Dt></BookgDt>
<AcctSvcrRef>A1</AcctSvcrRef><BkTxCd><Domn><Cd>ACMT</Cd><Fmly><Cd>MCOP</Cd><SubFmlyCd>INTR</SubFmlyCd></Fmly></Domn></BkTxCd></Ntry>
<Ntry><Amt Ccy="CNY">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><DtTm>2018-11-22T09:00:00</DtTm></BookgDt>
<AcctSvcrRef>A2</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>TX-7</EndToEndId></Refs>
<RltdPties><Cdtr><Nm>A &amp; B</Nm></Cdtr><CdtrAcct><Id><Othr><Id>6222021234567890</Id></Othr></Id></CdtrAcct></RltdPties>
<RmtInf><Ustrd>&#x4FDD;费</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"#;

#[test]
fn a_camt_statement_says_itself_what_is_what() {
    let folder = Folder::new();
    let file = folder.file("s.xml", camt(ENTRIES).as_bytes());
    let (lines, seal, _) = judged(&file, &["--account", "SPECIAL"], Lang::En).unwrap();
    assert_eq!(brief(&lines[0]), ("A1", "2018-11-21".to_owned(), Direction::In, 10_000, LineNature::Interest));
    let second = &lines[1];
    assert_eq!(brief(second), ("A2", "2018-11-22".to_owned(), Direction::Out, 500, LineNature::Other));
    let texts = [&second.reference, &second.party, &second.party_no, &second.memo];
    assert_eq!(texts, ["TX-7", "A & B", "****7890", "保费"]);
    let day = |date: Option<api::google::r#type::Date>| date.map(|d| (d.year, d.month, d.day));
    assert_eq!((day(seal.from), day(seal.to)), (Some((2018, 11, 1)), Some((2018, 11, 30))));
    assert_eq!((seal.opening_fen, seal.closing_fen), (50_000, 59_500));
}

#[test]
fn a_camt_statement_is_read_strictly() {
    let folder = Folder::new();
    let judged = |text: &str| {
        let file = folder.file("s.xml", text.as_bytes());
        format!("{:#}", judged(&file, &["--account", "SPECIAL"], Lang::En).unwrap_err())
    };
    let bad = ENTRIES
        .replace("Ccy=\"CNY\">100", "Ccy=\"USD\">100")
        .replace("<Sts>BOOK", "<Sts>PDNG")
        .replace("2018-11-21", "2018-11-31")
        .replace("DBIT", "OUT");
    let error = judged(&camt(&bad));
    for words in [
        "Amt/@Ccy: CNY is expected (rows 7)",
        "BookgDt: a day is expected (rows 7)",
        "Sts: only booked entries (BOOK) are taken (rows 10)",
        "CdtDbtInd: CRDT or DBIT is expected (rows 10)",
    ] {
        assert!(error.contains(words), "{words}\n{error}");
    }
    for (text, words) in [
        (camt("").replace("camt.053", "camt.054"), "is not of urn"),
        (camt("<Ntry>"), "not well-formed XML"),
        (camt("").replace("</BkToCstmrStmt>", "<Stmt></Stmt></BkToCstmrStmt>"), "one statement a file"),
        (camt("").replace("?>\n<Document", "?>\n<!DOCTYPE x><Document"), "a document type is not accepted"),
        (camt(&"<a>".repeat(60)), "elements lie too deep"),
        (camt("<x>&bomb;</x>"), "an unknown entity"),
        ("<Document/>".to_owned(), "Document is expected"),
    ] {
        let error = judged(&text);
        assert!(error.contains(words), "{words}\n{error}");
    }
}

#[test]
fn a_hundred_thousand_rows_with_faults_tell_every_one() {
    let folder = Folder::new();
    let mapping = folder.file(
        "map.toml",
        b"date_format = \"YYYY-MM-DD\"\n[columns]\nid = \"id\"\ndate = \"date\"\namount = \"amount\"\n",
    );
    let row =
        |n: u32| format!("L{n},2018-11-{:02},{}\n", n % 30 + 1, if n.is_multiple_of(1_000) { "x" } else { "1.00" });
    let text: String = ["id,date,amount\n".to_owned()].into_iter().chain((1..=100_000).map(row)).collect();
    let file = folder.file("bank.csv", text.as_bytes());
    let args = [&DAYS[..], &["--mapping", mapping.to_str().unwrap(), "--opening", "0", "--closing", "99900"]].concat();
    let error = judged(&file, &args, Lang::En).unwrap_err().to_string();
    let wanted: Vec<String> = (1..=100).map(|n| (n * 1_000 + 1).to_string()).collect();
    assert!(error.contains(&format!("amount: an amount in yuan is expected (rows {})", wanted.join(", "))), "{error}");
    assert!(error.contains("100 faults"), "{error}");
}
