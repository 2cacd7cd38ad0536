//! Tokenizing forms with synthetic persons: what is told, and what is never told.

use std::io::Write as _;

use super::identity::synthetic;
use super::*;

/// Headings of the form (附件2).
const HEAD: &str = "顺序号,姓名,身份证号码,性别,年龄,健康状况,指定受益人,从事高危行业,保费(元),手机号码,备注";

struct Form {
    folder: tempfile::TempDir,
    key: Key,
}

impl Form {
    fn new() -> Form {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::make(2018, "K-2018", &folder.path().join("key")).unwrap();
        Form { folder, key }
    }

    fn tokenize(&self, text: &str) -> anyhow::Result<Tokens> {
        let file = self.folder.path().join("form.csv");
        std::fs::write(&file, text).unwrap();
        tokenize(&file, &self.key, text::parse_day("2018-10-01").unwrap(), Lang::En)
    }
}

fn row(no: u32, number: &str, sex: &str, age: &str) -> String {
    format!("{no},某某{no},{number},{sex},{age},良好,某某,否,95,1390000{no:04},")
}

#[test]
fn a_form_becomes_tokens_and_totals() {
    let form = Form::new();
    let numbers = [synthetic("19710129", 6), synthetic("19800101", 7)];
    let text = format!(
        "广东省职工互助保障报名表\n单位名称,某单位\n{HEAD}\n{}\n{}\n",
        row(1, &numbers[0], "女", "47"),
        row(2, &numbers[1], "男", "38").replace(",否,", ",是,")
    );
    let tokens = form.tokenize(&text).unwrap();
    assert_eq!((tokens.rows, tokens.premium_total_fen, tokens.high_risk_count), (2, 19_000, 1));
    assert_eq!(tokens.tokens[0], hex::encode(form.key.token(&numbers[0]).unwrap()));
    assert_ne!(tokens.tokens[0], tokens.tokens[1]);
    // PII-002: what is written holds no number, name or phone.
    let written = serde_json::to_string(&tokens).unwrap();
    let secrets = ["某某", "良好", "13900000001"].into_iter().chain(numbers.iter().map(String::as_str));
    for secret in secrets {
        assert!(!written.contains(secret));
    }
}

#[test]
fn every_faulty_row_and_column_is_told_and_no_number_is_echoed() {
    let form = Form::new();
    let good = synthetic("19710129", 6);
    let bad = format!("{}{}", &good[..17], if good.ends_with('0') { '1' } else { '0' });
    let other = synthetic("19800101", 7);
    let text = format!(
        "{HEAD}\n{}\n{}\n{}\n{}\n{}\n",
        row(1, &good, "女", "47"),
        row(2, &bad, "女", "47"),
        row(3, &other, "女", "30"),
        row(4, &good, "女", "47"),
        row(5, "12345", "男", "30").replace(",95,", ",九十五,"),
    );
    let error = format!("{:#}", form.tokenize(&text).err().unwrap());
    for part in [
        "6 faults",
        "row 3, 身份证号码: the check digit",
        "row 4, 性别",
        "row 4, 年龄",
        "row 5, 身份证号码: the same person as row 2",
        "row 6, 身份证号码",
        "row 6, 保费(元)",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // PII-002, ENR-004: which row is wrong is told; who it is is not.
    for secret in [&good, &bad, &other, "12345", "某某", "1390000", "九十五"] {
        assert!(!error.contains(secret), "{error}");
    }
}

#[test]
fn a_hundred_thousand_rows_with_faults_are_all_told() {
    let form = Form::new();
    let mut text = format!("{HEAD}\n");
    let mut wrong = 0;
    for no in 0..100_000u32 {
        let birth = format!("19{:02}{:02}{:02}", 60 + no / 28_000, 1 + no / 2_400 % 12, 1 + no / 100 % 24);
        let number = synthetic(&birth, no % 100 * 2);
        let age = 2018 - 1960 - no / 28_000;
        let sex = if no % 10 == 3 { "男" } else { "女" };
        wrong += usize::from(sex == "男");
        text.push_str(&row(no % 10_000, &number, sex, &age.to_string()));
        text.push('\n');
    }
    let error = format!("{:#}", form.tokenize(&text).err().unwrap());
    assert_eq!(wrong, 10_000);
    assert_eq!(error.lines().filter(|line| line.contains("性别")).count(), wrong);
}

#[test]
fn a_form_without_its_columns_is_no_form() {
    let form = Form::new();
    for (text, words) in [
        ("姓名,性别\n某某,男\n", "身份证号码"),
        ("姓名,身份证号码,性别,年龄,保费(元)\n", "从事高危行业"),
        (&format!("{HEAD},性别\n"), "stands twice"),
        (&format!("{HEAD}\n"), "no rows"),
    ] {
        let error = format!("{:#}", form.tokenize(text).err().unwrap());
        assert!(error.contains(words), "{words}: {error}");
    }
}

/// The least of a workbook: one sheet of inline texts, uncompressed.
fn workbook(rows: &[Vec<String>]) -> Vec<u8> {
    let cell = |text: &String| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let rows: String =
        rows.iter().map(|cells| format!("<row>{}</row>", cells.iter().map(cell).collect::<String>())).collect();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let related = |kind: &str, target: &str| {
        let one = format!("<Relationship Id=\"r1\" Type=\"{of}/{kind}\" Target=\"{target}\"/>");
        format!("<Relationships xmlns=\"{package}\">{one}</Relationships>")
    };
    let sheet = "<sheets><sheet name=\"s\" sheetId=\"1\" r:id=\"r1\"/></sheets>";
    let files = [
        ("_rels/.rels", related("officeDocument", "xl/workbook.xml")),
        ("xl/workbook.xml", format!("<workbook xmlns=\"{main}\" xmlns:r=\"{of}\">{sheet}</workbook>")),
        ("xl/_rels/workbook.xml.rels", related("worksheet", "worksheets/sheet1.xml")),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>")),
    ];
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        out.start_file(name, stored).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn a_spreadsheet_reads_as_its_csv_does() {
    let form = Form::new();
    let number = synthetic("19710129", 6);
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let line = row(1, &number, "女", "47");
    let rows = [vec!["报名表".to_owned()], cells(HEAD), cells(&line)];
    let file = form.folder.path().join("form.xlsx");
    std::fs::write(&file, workbook(&rows)).unwrap();
    let on = text::parse_day("2018-10-01").unwrap();
    let of_sheet = tokenize(&file, &form.key, on, Lang::En).unwrap();
    let of_csv = form.tokenize(&format!("{HEAD}\n{line}\n")).unwrap();
    assert_eq!((of_sheet.tokens, of_sheet.tokens_digest), (of_csv.tokens, of_csv.tokens_digest));
    let bad = [cells(HEAD), cells(&row(1, &number, "男", "47"))];
    std::fs::write(&file, workbook(&bad)).unwrap();
    let error = format!("{:#}", tokenize(&file, &form.key, on, Lang::En).err().unwrap());
    assert!(error.contains("row 2, 性别") && !error.contains(&number), "{error}");
}
