//! Running a scenario file: line by line against one book, stopping at the first line that fails. After every line the books' own laws
//! are checked, whatever the line said.

use std::collections::BTreeMap;
use std::path::Path;

use record::Command;

use super::Fault;
use super::args::{Args, date, split};
use super::expect::{Expected, Found};
use super::finds;
use super::look::look;
use super::verbs::{self, Context};
use crate::book::Book;
use crate::build::day;
use crate::season;

/// What a file showed: rules that refused and rules that were let pass next to it, each with the count of its command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Commands asked.
    pub commands: usize,
    /// Rule and command line of each refusal.
    pub refuses: Vec<(String, usize)>,
    /// Rule and command line of each `passes`.
    pub passes: Vec<(String, usize)>,
}

/// Runs the text of a scenario file. `folder` holds the files that it cites. The error names the line and shows it.
pub fn run(text: &str, folder: &Path) -> Result<Report, String> {
    play(text, folder).map(|(report, _)| report)
}

/// The same, and the books that the file made.
pub fn play(text: &str, folder: &Path) -> Result<(Report, Vec<Book>), String> {
    let mut runner = Runner {
        folder,
        book: Book::new(),
        before: Vec::new(),
        names: BTreeMap::new(),
        report: Report::default(),
        line: 0,
        without_statements: false,
    };
    for (at, line) in (1..).zip(text.lines()) {
        runner.line = at;
        let failed = |fault: Fault| format!("line {at}: {}\n    {fault}", line.trim());
        runner.line(line).map_err(failed)?;
        if let Some(broken) = runner.book.unsound() {
            return Err(format!("line {at}: {}\n    the books are broken: {broken}", line.trim()));
        }
    }
    runner.before.push(runner.book);
    Ok((runner.report, runner.before))
}

struct Runner<'f> {
    folder: &'f Path,
    book: Book,
    /// Books that an earlier `setup` made.
    before: Vec<Book>,
    names: BTreeMap<String, u64>,
    report: Report,
    line: usize,
    /// Bank statements are no subject of the books set up: those that are due and missing (REC-001) are not told.
    without_statements: bool,
}

impl Runner<'_> {
    fn line(&mut self, line: &str) -> Result<(), Fault> {
        let code = if line.trim_start().starts_with('#') { "" } else { line.split(" # ").next().unwrap_or("") };
        let tokens = split(code)?;
        let Some(verb) = tokens.first() else { return Ok(()) };
        match verb.as_str() {
            "setup" => return self.setup(&tokens),
            "now" => return self.now(&tokens),
            _ => {}
        }
        if let Some(at) = tokens.iter().position(|t| t == "=") {
            let mut args = Args::of(&tokens[..at])?;
            let want = tokens[at + 1..].join(" ");
            return match look(&self.book, &mut args, &want, self.folder)? {
                true => Ok(()),
                false => Err(Fault::unreadable(format!("nothing to look at: {verb}"))),
            };
        }
        self.command(&tokens)
    }

    /// `setup none|book|scheme|funds|season|paid|closed [live=DAY] [statements=elsewhere]`: how far the season has come before the
    /// first line.
    fn setup(&mut self, tokens: &[String]) -> Result<(), Fault> {
        let mut args = Args::of(tokens)?;
        let live = args.field("live").map_or(Ok(day("2019-01-01")), |text| date(&text))?;
        self.without_statements = match args.field("statements").as_deref() {
            None => false,
            Some("elsewhere") => true,
            Some(_) => return Err(Fault::unreadable("statements=elsewhere, or none named")),
        };
        let stages: [(&str, Vec<season::Step>); 7] = [
            ("none", Vec::new()),
            ("book", season::opening(live)),
            ("scheme", season::programme()),
            ("funds", season::funding()),
            ("season", season::enrolment()),
            ("paid", season::spending()),
            ("closed", season::closing()),
        ];
        let wanted = args.word("how far")?;
        let last = stages.iter().position(|(name, _)| *name == wanted);
        let last = last.ok_or_else(|| Fault::unreadable(format!("no such setup: {wanted}")))?;
        self.before.push(core::mem::take(&mut self.book));
        self.book.set_day(day("2018-04-08"));
        stages.into_iter().take(last + 1).for_each(|(_, steps)| season::play(&mut self.book, steps));
        args.finish()
    }

    fn now(&mut self, tokens: &[String]) -> Result<(), Fault> {
        let [_, day] = tokens else { return Err(Fault::unreadable("now DAY")) };
        let day = date(day)?;
        if day < self.book.today() {
            return Err(Fault::unreadable(format!(
                "the clock stands at {} and never runs backwards",
                self.book.today()
            )));
        }
        self.book.set_day(day);
        Ok(())
    }

    fn command(&mut self, tokens: &[String]) -> Result<(), Fault> {
        let arrow = tokens.iter().position(|t| t == "->");
        let (asked, outcome) = arrow.map_or((tokens, &[][..]), |at| (&tokens[..at], &tokens[at + 1..]));
        let (outcome, passes) = match outcome.iter().position(|t| t == "passes") {
            Some(at) => (&outcome[..at], &outcome[at + 1..]),
            None => (outcome, &[][..]),
        };
        let cycle = self.book.state.cycle(self.book.today());
        let expected = if arrow.is_some() { Expected::of(outcome, cycle)? } else { Expected::Ok(Vec::new()) };
        let mut args = Args::of(asked)?;
        self.name_submission(&mut args);
        let context = Context { book: &self.book, movement: format!("L{}", self.line) };
        let built = verbs::build(&context, &mut args)?;
        if let Some(movement) = built.before {
            let registered = Found::of(&self.book.act(Command::RegisterBankTransaction(movement)));
            Expected::Ok(Vec::new()).compare(&registered)?;
        }
        let mut found = self.ask(&args, built.command);
        if let (Expected::Finds(_), Found::Ok(_)) = (&expected, &found) {
            let day =
                self.book.state.findings.last_run.ok_or_else(|| Fault::unreadable("only a run finds anything"))?;
            let mut standing = finds::standing(&self.book.state, day)?;
            standing.retain(|seen| !(self.without_statements && seen.rule == "REC-001"));
            found = Found::Finds(standing);
        }
        expected.compare(&found)?;
        if let (Expected::Submitted(name), Found::Submitted(sequence)) = (&expected, &found) {
            self.names.insert(name.clone(), *sequence);
        }
        self.note(&expected, passes)
    }

    /// Lets `review NAME` and `withdraw NAME` stand for the sequence that an earlier line submitted under that name.
    fn name_submission(&self, args: &mut Args) {
        if matches!(args.verb.as_str(), "review" | "withdraw")
            && let Some(word) = args.words.first_mut()
            && let Some(sequence) = self.names.get(word.as_str())
        {
            *word = sequence.to_string();
        }
    }

    /// Asks as the line says, by default as the person whose work it is, reviewed by another where it takes review.
    fn ask(&mut self, args: &Args, command: Command) -> Found {
        let maker = args.by.clone().unwrap_or_else(|| match &command {
            Command::ReviewCommand(review) => self.reviewer_of(review.submission),
            Command::WithdrawCommand(withdrawal) => self.submitter_of(withdrawal.submission),
            other => self.book.maker_of(other),
        });
        let reviewer = args.reviewed.clone().unwrap_or_else(|| self.book.reviewer_of(&command, &maker));
        let decision = match &args.id {
            Some(id) => self.book.ask_again(&maker, id, command),
            None if args.submit => self.book.ask(&maker, command),
            None => self.book.ask_reviewed(&maker, &reviewer, command),
        };
        Found::of(&decision)
    }

    fn reviewer_of(&self, submission: u64) -> String {
        let pending = self.book.state.pending.get(&submission);
        let command = pending.and_then(|p| record::command::decode(&p.command));
        let maker = pending.map_or("", |p| self.book.state.persons.code(p.person));
        command.map_or_else(|| "fin.reviewer".to_owned(), |command| self.book.reviewer_of(&command, maker))
    }

    fn submitter_of(&self, submission: u64) -> String {
        let person = self.book.state.pending.get(&submission).map_or(0, |pending| pending.person);
        self.book.state.persons.code(person).to_owned()
    }

    /// Notes which rules the line showed.
    fn note(&mut self, expected: &Expected, passes: &[String]) -> Result<(), Fault> {
        self.report.commands += 1;
        let at = self.report.commands;
        self.report.refuses.extend(expected.rules().into_iter().map(|code| (code, at)));
        let effective = matches!(expected, Expected::Ok(_) | Expected::Submitted(_) | Expected::Finds(_));
        if !passes.is_empty() && !effective {
            return Err(Fault::unreadable("what does not take effect passes nothing"));
        }
        if let Some(unknown) = passes.iter().find(|code| ledger::rules::find(code).is_none()) {
            return Err(Fault::unreadable(format!("{unknown} is no rule")));
        }
        if let (Expected::Finds(wanted), Some(found)) = (expected, passes.first())
            && wanted.iter().any(|wanted| passes.contains(&wanted.rule))
        {
            return Err(Fault::unreadable(format!("what is found does not pass: {found}")));
        }
        self.report.passes.extend(passes.iter().map(|code| (code.clone(), at)));
        Ok(())
    }
}
