//! Options that all four programs have, and the answers that need no input: `--list`, `--explain`, `--schema`,
//! `--describe`, `--generate`, `--help`.
//!
//! A program says what it is as a [`Program`]; its options are a clap struct that flattens [`Common`] and, if its items
//! are not its inputs, [`Inputs`]. This module reads the environment and writes to the standard streams.
//!
//! `options`: what the programs share; `help`: the pages of `-h` and `--help`; `explain`, `describe`, `man`, `complete`:
//! the other pages, all from the items' specifications and clap's command; `refused`: what is wrong with a command line;
//! `hint`: answers to options that do not exist; `wrap`: text within a width.

use crate::alert;
use crate::filter::{Filter, SYNTAX};
use crate::input::{self, InputError, Source};
use crate::item::{Args, Param, ParamKind, Spec, nearest, slip_of};
use crate::output::alerts::AlertForm;
use crate::output::{LOST, Output, Sink};
use crate::record::{field, schema};
use crate::run::{Aid, Conduct, Ending, Files, Messages, Session};
use crate::value::time::Zone;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use serde_json::Value;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

mod complete;
mod describe;
mod explain;
mod help;
mod hint;
mod man;
mod options;
mod refused;
mod wrap;

use help::command;
pub use options::{Common, Form, Generate, Inputs, Threads};
pub use refused::{duration, number};

/// What a program is: the source of its documentation.
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// What its items are, in one word: `format`, `view`, `detector`, `enricher`.
    pub what: &'static str,
    /// One line.
    pub about: &'static str,
    /// Its items, in order.
    pub specs: fn() -> Vec<&'static Spec>,
    /// What is to be said of an item besides, each with its heading.
    pub facts: fn(&Spec) -> Vec<(&'static str, &'static str)>,
    /// Command lines, each with what it does; the first three are shown by `-h`.
    pub examples: &'static [(&'static str, &'static str)],
    /// Files that it opens without being told their names, each with what it is for.
    pub files: &'static [(&'static str, &'static str)],
    /// The schemas of the lines that it writes.
    pub schemas: fn(schema::Form) -> Vec<Value>,
}

/// Most worker threads that are begun without being asked for.
const MOST_THREADS: usize = 8;

/// Reads the command line; an answer that needs no input is given here.
///
/// # Errors
/// The exit code with which to end at once.
pub fn parse<A: CommandFactory + FromArgMatches>(program: &Program) -> Result<A, ExitCode> {
    let mut command = command::<A>(program);
    let matches = match command.try_get_matches_from_mut(std::env::args_os()) {
        Ok(matches) => match hint::apart(&command, std::env::args_os().skip(1)) {
            Some(text) => return Err(usage_error(program, &text)),
            None => matches,
        },
        Err(e) if e.kind() == ErrorKind::DisplayHelp => return Err(print(program, &help::page::<A>(program))),
        Err(e) if e.use_stderr() => return Err(usage_error(program, &refused::sentence(program, &command, &e))),
        Err(e) => return Err(print(program, &e.to_string())),
    };
    A::from_arg_matches(&matches).map_err(|e| usage_error(program, &refused::sentence(program, &command, &e)))
}

impl Common {
    /// Gives the answers that need no input: `Some` ends the program with this code.
    pub fn answered<A: CommandFactory>(&self, program: &Program) -> Option<ExitCode> {
        let specs = (program.specs)();
        let text = if self.list {
            let width = specs.iter().map(|s| s.name.len()).max().unwrap_or(0).max(12);
            specs.iter().map(|s| format!("{:<width$} {}\n", s.name, s.about)).collect::<String>()
        } else if let Some(name) = &self.explain {
            match specs.iter().find(|s| s.name == name) {
                None if name == "where" => SYNTAX.to_owned(),
                Some(spec) => explain::explained(spec, &(program.facts)(spec), wrap::width()),
                None => {
                    let near = nearest(name, specs.iter().map(|s| s.name)).map(|n| format!("; did you mean {n:?}?"));
                    let near = near.unwrap_or_else(|| "; --list shows all".into());
                    return Some(usage_error(program, &format!("unknown {} {name:?}{near}", program.what)));
                }
            }
        } else if self.schema {
            format!("{:#}\n", schema::any_of(program.name, (program.schemas)(schema::Form::Open)))
        } else if self.describe {
            format!("{:#}\n", describe::describe(program, &command::<A>(program)))
        } else if let Some(what) = self.generate {
            generate(program, command::<A>(program), what)
        } else {
            return None;
        };
        Some(print(program, &text))
    }

    /// The form of the output.
    pub fn form(&self) -> Form {
        if self.table { Form::Table } else { self.to }
    }

    /// Refuses an output that is named like a form.
    fn check_output(&self) -> Result<(), String> {
        self.output.as_deref().and_then(hint::output).map_or(Ok(()), Err)
    }

    /// The filter that `--where` is; times without a zone are of `zone`.
    ///
    /// # Errors
    /// The exit code, after it was told what is wrong and where.
    pub fn filter(&self, program: &Program, zone: &Zone) -> Result<Option<Filter>, ExitCode> {
        let Some(text) = &self.filter else { return Ok(None) };
        Filter::parse(text, zone).map(Some).map_err(|fault| {
            let mut messages = Messages::new(program.name, false);
            let text = fault.to_string();
            let mut lines = text.lines();
            messages.error(&format!("--where: {}", lines.next().unwrap_or_default()));
            lines.for_each(|line| messages.note(line));
            messages.note(&format!("{} --explain where describes expressions", program.name));
            Ending { failed: true, ..Ending::default() }.into()
        })
    }

    /// Checks the columns that were asked for.
    fn check_fields(&self, program: &Program, items: &[Args]) -> Result<(), String> {
        if self.fields.is_empty() {
            return Ok(());
        }
        if matches!(self.form(), Form::Ndjson | Form::Syslog | Form::Cef | Form::Ecs | Form::Ocsf) {
            return Err("--fields is for tables, CSV and Parquet; add -t, --to table or --to csv".into());
        }
        if self.fields.iter().any(String::is_empty) {
            return Err("--fields: a name is empty".into());
        }
        match self.fields.iter().enumerate().find(|(i, name)| self.fields[..*i].contains(name)) {
            Some((_, name)) => Err(format!("--fields: {name:?} is there twice")),
            // Lines of foreign sources may have members of any name, and keep them on their way.
            None if matches!(program.what, "format" | "enricher") => Ok(()),
            None => self.fields.iter().try_for_each(|name| known_column(program, items, name)),
        }
    }

    fn check_form(&self, program: &Program) -> Result<(), String> {
        if self.form() != Form::Parquet {
            return Ok(());
        }
        if !program.over_inputs() {
            return Err("--to parquet: flowcat writes it, of flows: ... | flowcat --to parquet -o FILE".into());
        }
        if self.output.is_none() && io::stdout().is_terminal() {
            return Err("--to parquet: a terminal is no place for it; -o FILE says where it goes".into());
        }
        Ok(())
    }

    /// Begins the run of these items over these inputs; `aids` are files that it reads besides, other than those of items
    /// and lists.
    ///
    /// # Errors
    /// The exit code, where files are the same that must not be, the columns make no sense, or an output or the file for
    /// rejects cannot be opened.
    pub fn session(
        &self,
        program: &Program,
        items: &[Args],
        sources: &[Result<Source, InputError>],
        aids: &[Aid],
    ) -> Result<Session, ExitCode> {
        // Where items are inputs, the zone of their times counts, and the program filters itself.
        let filter = if program.over_inputs() { None } else { self.filter(program, &Zone::utc())? };
        let aids = [aids, &files_of(items), &filter.as_ref().map(Filter::aids).unwrap_or_default()].concat();
        let files = Files {
            sources,
            output: self.output.as_deref(),
            rejects: self.rejects.as_deref(),
            counters: self.counters.as_deref(),
            aids: &aids,
        };
        self.check_output()
            .and_then(|()| self.check_form(program))
            .and_then(|()| self.check_fields(program, items))
            .and_then(|()| files.check())
            .map_err(|e| usage_error(program, &e))?;
        let conduct = Conduct {
            quiet: self.quiet,
            filter,
            explains: true,
            strict: self.strict,
            max_rejects: self.max_rejects,
            rejects: self.rejects.clone(),
            counters: self.counters.clone(),
            progress: self.progress,
        };
        let output = Output::open(self.output.as_deref(), self.line_buffered);
        let output = output.map(|o| match self.form() {
            Form::Ndjson | Form::Parquet => Sink::lines(o),
            Form::Csv => Sink::csv(o, self.fields.clone(), self.line_buffered),
            Form::Syslog => Sink::alerts(o, AlertForm::Syslog),
            Form::Cef => Sink::alerts(o, AlertForm::Cef),
            Form::Ecs => Sink::alerts(o, AlertForm::Ecs),
            Form::Ocsf => Sink::alerts(o, AlertForm::Ocsf),
            Form::Table => Sink::tables(o, self.fields.clone(), added(program, items)),
        });
        output.and_then(|o| Session::begin(program.name, conduct, o)).map_err(|e| usage_error(program, &e.to_string()))
    }
}

/// The files that items read.
fn files_of(items: &[Args]) -> Vec<Aid> {
    let files = |args: &Args| -> Vec<Aid> {
        let read = |p: &Param| match p.kind {
            ParamKind::File => args.file(p.name).into_iter().collect(),
            ParamKind::Files => args.files(p.name),
            _ => Vec::new(),
        };
        let named =
            |p: &'static Param| read(p).into_iter().map(|path| (format!("{}:{}", args.spec.name, p.name), path));
        args.spec.params.iter().flat_map(named).collect()
    };
    items.iter().flat_map(files).collect()
}

/// Refuses a column that looks like a slip of one that there is.
fn known_column(program: &Program, items: &[Args], name: &str) -> Result<(), String> {
    let specs = (program.specs)();
    let keys = items.iter().flat_map(|args| args.spec.params.iter().map(move |p| (args, p)));
    let keys = keys.filter(|(_, p)| p.kind == ParamKind::Key).filter_map(|(args, p)| args.key(p.name).ok());
    let keys: Vec<String> = keys.flat_map(|key| key.names().map(str::to_owned).collect::<Vec<_>>()).collect();
    let columns = specs.iter().flat_map(|spec| spec.columns).map(|column| column.name);
    let all = columns.chain(field::known().map(|f| f.name)).chain(alert::FIELDS.iter().map(|f| f.name));
    let all: Vec<&str> = all.chain(keys.iter().map(String::as_str)).collect();
    if all.contains(&name) {
        return Ok(());
    }
    match slip_of(name, all.iter().copied()) {
        Some(near) => Err(format!("--fields: no line has {name:?}; did you mean {near:?}?")),
        None => Ok(()),
    }
}

/// The columns that were asked for by asking for the items that add them.
fn added(program: &Program, items: &[Args]) -> Vec<&'static str> {
    let items = items.iter().filter(|_| program.what == "enricher");
    items.flat_map(|args| args.spec.columns).map(|column| column.name).collect()
}

impl Threads {
    /// Number of worker threads for these inputs, at least 1.
    pub fn number(&self, common: &Common, sources: &[Result<Source, InputError>]) -> usize {
        if common.strict {
            // A stop at the first rejected line must not have later lines in its results.
            return 1;
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let is_piped = sources.iter().flatten().any(Source::is_pipe);
        self.threads.map_or_else(|| default_threads(cores, is_piped), usize::from)
    }
}

/// Worker threads where nobody says how many. Whatever writes into a pipe needs cores too.
fn default_threads(cores: usize, is_piped: bool) -> usize {
    (if is_piped { cores / 2 } else { cores }).clamp(1, MOST_THREADS)
}

impl Program {
    /// Whether its arguments are inputs, not items.
    fn over_inputs(&self) -> bool {
        self.what == "format"
    }
}

impl Inputs {
    /// The inputs: the files given, else stdin.
    ///
    /// # Errors
    /// The exit code, where stdin is a terminal and nothing else was given.
    pub fn sources(&self, program: &Program) -> Result<Vec<Result<Source, InputError>>, ExitCode> {
        sources(&self.inputs, program)
    }
}

/// Inputs by their names on the command line; none means stdin.
///
/// # Errors
/// The exit code, where stdin is a terminal and nothing else was given.
pub fn sources(names: &[OsString], program: &Program) -> Result<Vec<Result<Source, InputError>>, ExitCode> {
    let other = |name| hint::interface(name).or_else(|| hint::expression(name));
    if let Some(text) = names.iter().filter_map(|name| name.to_str()).find_map(other) {
        return Err(usage_error(program, &text));
    }
    if !names.is_empty() {
        return Ok(input::sources(names));
    }
    if io::stdin().is_terminal() {
        return Err(usage_error(program, "nothing to read: stdin is a terminal"));
    }
    Ok(vec![Ok(Source::stdin())])
}

/// Checks the items of the command line.
///
/// # Errors
/// The exit code, after the first mistake was told.
pub fn items(program: &Program, texts: &[String]) -> Result<Vec<Args>, ExitCode> {
    crate::item::resolve(program.name, program.what, &(program.specs)(), texts)
        .map_err(|e| usage_error(program, &e.to_string()))
}

/// Tells of a wrong use; answers its exit code.
pub fn usage_error(program: &Program, text: &str) -> ExitCode {
    crate::run::Messages::new(program.name, false).error(text);
    eprintln_hint(program);
    Ending { failed: true, ..Ending::default() }.into()
}

fn eprintln_hint(program: &Program) {
    crate::run::Messages::new(program.name, false).note(&format!("{} --help shows how it is used", program.name));
}

/// Prints documentation; answers the exit code.
fn print(program: &Program, text: &str) -> ExitCode {
    let printed = Output::open(None, false).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        let is_lost = out.is_lost();
        out.finish().map(|()| is_lost)
    });
    match printed {
        Ok(true) => {
            crate::run::Messages::new(program.name, false).error(LOST);
            ExitCode::from(2)
        }
        Err(e) if !crate::output::is_closed_pipe(&e) => {
            crate::run::Messages::new(program.name, false).error(&format!("writing output: {e}"));
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}

fn generate(program: &Program, mut command: clap::Command, what: Generate) -> String {
    let shell = match what {
        Generate::Man => return man::page(program, &mut command),
        Generate::Bash => clap_complete::Shell::Bash,
        Generate::Zsh => clap_complete::Shell::Zsh,
        Generate::Fish => clap_complete::Shell::Fish,
    };
    complete::script(program, command, shell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_before_a_pipe_keep_half_of_the_cores() {
        for (cores, is_piped, threads) in
            [(1, false, 1), (1, true, 1), (2, false, 2), (2, true, 1), (12, true, 6), (64, false, 8), (64, true, 8)]
        {
            assert_eq!(default_threads(cores, is_piped), threads, "{cores} {is_piped}");
        }
    }
}
