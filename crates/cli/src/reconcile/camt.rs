//! CAMT.053 (ISO 20022, bank to customer statement): the parts that a statement here is made of, read strictly. One statement a file;
//! entries that are not booked, other currencies and what the schema does not have are faults, told with the line of the file where the
//! entry begins.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use chrono::NaiveDate;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use record::kinds::LineNature;

use super::faults::Faults;
use super::line::{Raw, Read, amount};
use crate::lang::Lang;

/// Namespaces of all versions begin so.
const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.";
/// Elements within elements at most: the schema needs a third of it.
const MAX_DEPTH: usize = 40;
/// What banks write where there is no reference.
const NO_REFERENCE: &str = "NOTPROVIDED";

/// An element with everything below it.
#[derive(Debug, Default)]
struct Node {
    name: String,
    currency: String,
    text: String,
    children: Vec<Node>,
    /// Line of the file on which it begins.
    line: u64,
}

impl Node {
    /// The elements of a name right below.
    fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Node> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element at the end of a path.
    fn at(&self, path: &str) -> Option<&Node> {
        path.split('/').try_fold(self, |node, name| node.children.iter().find(|child| child.name == name))
    }

    /// The text at the end of a path; empty where there is none.
    fn text(&self, path: &str) -> &str {
        self.at(path).map_or("", |node| node.text.trim())
    }

    /// The first text of these paths that is not empty.
    fn first(&self, paths: &[&str]) -> &str {
        paths.iter().map(|path| self.text(path)).find(|text| !text.is_empty()).unwrap_or_default()
    }
}

/// A file under way.
struct Xml<'x> {
    reader: Reader<&'x [u8]>,
    source: &'x str,
    /// Position up to which lines were counted, and the line there.
    counted: (usize, u64),
}

impl<'x> Xml<'x> {
    fn line(&mut self) -> u64 {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX).min(self.source.len());
        let (from, line) = self.counted;
        let newlines = self.source.as_bytes()[from..at].iter().filter(|b| **b == b'\n').count();
        self.counted = (at, line + newlines as u64);
        self.counted.1
    }

    fn event(&mut self) -> anyhow::Result<Event<'x>> {
        let event = self.reader.read_event();
        match event {
            Ok(Event::DocType(_)) => bail!("line {}: a document type is not accepted", self.line()),
            Ok(event) => Ok(event),
            Err(error) => bail!("line {}: not well-formed XML: {error}", self.line()),
        }
    }

    /// The element that begins here, without what is below it.
    fn begun(&mut self, start: &BytesStart<'_>) -> anyhow::Result<Node> {
        let mut node = Node { name: start.local_name().as_ref().to_owned(), line: self.line(), ..Node::default() };
        for attribute in start.attributes() {
            let attribute = attribute.with_context(|| format!("line {}: an attribute cannot be read", node.line))?;
            if attribute.key.as_ref() == "Ccy" {
                node.currency = attribute.value.clone().into_owned();
            }
        }
        Ok(node)
    }

    /// The rest of an element whose start was read.
    fn whole(&mut self, start: &BytesStart<'_>, depth: usize) -> anyhow::Result<Node> {
        let mut node = self.begun(start)?;
        ensure!(depth < MAX_DEPTH, "line {}: elements lie too deep", node.line);
        loop {
            match self.event()? {
                Event::Start(below) => node.children.push(self.whole(&below, depth + 1)?),
                Event::Empty(below) => node.children.push(self.begun(&below)?),
                Event::Text(text) => node.text.push_str(&text.xml10_content()),
                Event::CData(text) => node.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => node.text.push(match reference.resolve_char_ref()? {
                    Some(character) => character,
                    None => match &*reference.xml10_content() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => bail!("line {}: an unknown entity", node.line),
                    },
                }),
                Event::End(_) => return Ok(node),
                Event::Eof => bail!("the file ends within {}", node.name),
                _ => {}
            }
        }
    }

    /// Goes into the next element, which must have this name.
    fn enter(&mut self, name: &str) -> anyhow::Result<BytesStart<'x>> {
        loop {
            match self.event()? {
                Event::Start(start) if start.local_name().as_ref() == name => return Ok(start),
                Event::Start(start) if start.local_name().as_ref() == "GrpHdr" => drop(self.whole(&start, 0)?),
                Event::Start(start) | Event::Empty(start) => {
                    bail!("line {}: {name} is expected, not {}", self.line(), start.local_name().as_ref())
                }
                Event::End(_) | Event::Eof => bail!("{name} is missing"),
                _ => {}
            }
        }
    }
}

/// Reads a statement.
pub fn read(file: &Path, lang: Lang, faults: &mut Faults) -> anyhow::Result<Read> {
    let text = std::fs::read_to_string(file).with_context(|| format!("opening {}", file.display()))?;
    of_text(text.trim_start_matches('\u{feff}'), lang, faults).with_context(|| file.display().to_string())
}

/// Reads a statement of its text.
pub fn of_text(source: &str, lang: Lang, faults: &mut Faults) -> anyhow::Result<Read> {
    let mut xml = Xml { reader: Reader::from_str(source), source, counted: (0, 1) };
    let document = xml.enter("Document")?;
    let namespace = document
        .attributes()
        .filter_map(Result::ok)
        .any(|attribute| attribute.key.as_ref().starts_with("xmlns") && attribute.value.starts_with(NAMESPACE));
    ensure!(namespace, "the document is not of {NAMESPACE}NN");
    xml.enter("BkToCstmrStmt")?;
    xml.enter("Stmt")?;
    let mut statement = Statement { lang, faults, read: Read::default() };
    loop {
        match xml.event()? {
            Event::Start(start) => {
                let node = xml.whole(&start, 0)?;
                match node.name.as_str() {
                    "Ntry" => statement.entry(&node)?,
                    "Bal" => statement.balance(&node),
                    "FrToDt" => statement.days(&node),
                    _ => {}
                }
            }
            Event::End(_) => break,
            Event::Eof => bail!("the file ends within Stmt"),
            _ => {}
        }
    }
    // A second statement in the file would be left out unseen.
    loop {
        match xml.event()? {
            Event::Start(start) => {
                bail!("line {}: {} follows: one statement a file", xml.line(), start.local_name().as_ref())
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(statement.read)
}

/// A statement under way.
struct Statement<'f> {
    lang: Lang,
    faults: &'f mut Faults,
    read: Read,
}

impl Statement<'_> {
    fn fault(&mut self, node: &Node, column: &str, zh: &str, en: &str) {
        self.faults.row(node.line, column, self.lang.pick(zh, en));
    }

    /// The signed amount of an entry or balance.
    fn signed(&mut self, node: &Node) -> Option<i64> {
        let found = node.at("Amt");
        let currency = found.map_or("", |amount| amount.currency.as_str());
        if currency != "CNY" {
            self.fault(node, "Amt/@Ccy", "币种须为 CNY", "CNY is expected");
        }
        let fen = amount(node.text("Amt")).ok().filter(|fen| *fen >= 0);
        if fen.is_none() {
            self.fault(node, "Amt", "须为金额（元）", "an amount in yuan is expected");
        }
        let sign = match node.text("CdtDbtInd") {
            "CRDT" => Some(1),
            "DBIT" => Some(-1),
            _ => {
                self.fault(node, "CdtDbtInd", "须为 CRDT 或 DBIT", "CRDT or DBIT is expected");
                None
            }
        };
        Some(fen? * sign?).filter(|_| currency == "CNY")
    }

    /// A day, of a date or of the instant at which the bank's day stood.
    fn date(&mut self, node: &Node, of: &str) -> Option<NaiveDate> {
        let (day, instant) = (format!("{of}/Dt"), format!("{of}/DtTm"));
        let text = node.first(&[&day, &instant]);
        let read = NaiveDate::parse_and_remainder(text, "%Y-%m-%d").ok();
        let read = read.filter(|(_, rest)| rest.is_empty() || rest.starts_with('T')).map(|(date, _)| date);
        if read.is_none() {
            self.fault(node, of, "须为日期", "a day is expected");
        }
        read
    }

    fn balance(&mut self, node: &Node) {
        let kind = node.first(&["Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry"]).to_owned();
        // OPBD: the opening balance; PRCD: the closing one of the statement before; CLBD: the closing one.
        if !matches!(kind.as_str(), "OPBD" | "PRCD" | "CLBD") {
            return;
        }
        let Some(fen) = self.signed(node) else { return };
        match kind.as_str() {
            "CLBD" => self.read.closing = Some(fen),
            "OPBD" => self.read.opening = Some(fen),
            _ => drop(self.read.opening.get_or_insert(fen)),
        }
    }

    fn days(&mut self, node: &Node) {
        let day = |text: &str| NaiveDate::parse_and_remainder(text, "%Y-%m-%d").ok().map(|(date, _)| date);
        let days = (day(node.first(&["FrDtTm", "FrDt"])), day(node.first(&["ToDtTm", "ToDt"])));
        if days.0.is_none() || days.1.is_none() {
            self.fault(node, "FrToDt", "须有起日与止日", "a first and a last day are expected");
        }
        self.read.days = days;
    }

    fn entry(&mut self, node: &Node) -> anyhow::Result<()> {
        let (fen, date) = (self.signed(node), self.date(node, "BookgDt"));
        if fen == Some(0) {
            self.fault(node, "Amt", "金额不得为零", "is zero");
        }
        if node.first(&["Sts/Cd", "Sts"]) != "BOOK" {
            self.fault(node, "Sts", "只接受已记账明细（BOOK）", "only booked entries (BOOK) are taken");
        }
        let (Some(fen), Some(date)) = (fen.filter(|fen| *fen != 0), date) else { return Ok(()) };
        let mut details = node.all("NtryDtls").flat_map(|details| details.all("TxDtls"));
        // Of an entry that stands for several transactions, only what the entry itself says counts.
        let detail = details.next().filter(|_| node.all("NtryDtls").flat_map(|d| d.all("TxDtls")).count() == 1);
        let said = |paths: &[&str]| detail.map_or("", |detail| detail.first(paths));
        let reference = said(&["Refs/TxId", "Refs/EndToEndId", "Refs/InstrId"]);
        // The other side: who paid what came in, who was paid what went out.
        let (party, party_no) = if fen > 0 {
            (
                said(&["RltdPties/Dbtr/Nm", "RltdPties/Dbtr/Pty/Nm"]),
                said(&["RltdPties/DbtrAcct/Id/IBAN", "RltdPties/DbtrAcct/Id/Othr/Id"]),
            )
        } else {
            (
                said(&["RltdPties/Cdtr/Nm", "RltdPties/Cdtr/Pty/Nm"]),
                said(&["RltdPties/CdtrAcct/Id/IBAN", "RltdPties/CdtrAcct/Id/Othr/Id"]),
            )
        };
        let nature = match node.text("BkTxCd/Domn/Fmly/SubFmlyCd") {
            "INTR" => LineNature::Interest,
            "CHRG" | "FEES" | "COMM" => LineNature::Charge,
            _ => LineNature::Other,
        };
        let ustrd = said(&["RmtInf/Ustrd"]);
        self.read.add(
            node.line,
            &Raw {
                id: node.first(&["AcctSvcrRef", "NtryRef"]),
                date,
                fen,
                nature,
                reference: if reference == NO_REFERENCE { "" } else { reference },
                party,
                party_no,
                memo: if ustrd.is_empty() { node.text("AddtlNtryInf") } else { ustrd },
            },
        )
    }
}
