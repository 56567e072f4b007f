//! The man page, in the macros of man(7): NAME, SYNOPSIS, DESCRIPTION, OPTIONS, ITEMS, EXIT STATUS, FILES, EXAMPLES,
//! SEE ALSO.
//!
//! Invariant: no text of a page is taken for a macro or an escape.

use super::Program;
use super::explain::parameter;
use super::help::{EXIT_CODES, plural};
use super::wrap::hanging;
use clap::Arg;

/// The day of this version.
const DATE: &str = "2026-11-21";

/// Columns of the page's source.
const SOURCE_WIDTH: usize = 76;

/// What all pages say of lines and messages.
const LINES: &str = "Lines are JSON, one object each (NDJSON): flows, and rows and alerts, which have a \"kind\". Bad \
input is skipped, counted and told on stderr with its place, and the exit status is then 3. Members of lines that are not \
known pass as they are. stdout has data only.";

/// The page of a program.
pub(super) fn page(program: &Program, command: &mut clap::Command) -> String {
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).trim();
    let arguments = usage.strip_prefix(program.name).unwrap_or(usage).trim();
    let title = program.name.to_uppercase();
    let mut page = format!(".TH {title} 1 {DATE} \"flow filters {}\" \"User Commands\"\n", env!("CARGO_PKG_VERSION"));
    // Lines of one long name cannot be stretched.
    page += ".ad l\n";
    page += &format!(".SH NAME\n{} \\- {}\n", program.name, text(program.about).trim_end());
    page += &format!(".SH SYNOPSIS\n.B {}\n{}", program.name, text(arguments));
    page += &format!(".SH DESCRIPTION\n{}", description(program, command));
    page += &options(command);
    page += &items(program);
    page += ".SH EXIT STATUS\n";
    page.extend(EXIT_CODES.iter().map(|(code, means)| tagged(&bold(code), &text(means))));
    page += &files(program);
    page += ".SH EXAMPLES\n";
    page.extend(program.examples.iter().map(|(line, what)| tagged(&bold(line), &text(what))));
    let others = ["flowcat", "flowdetect", "flowenrich", "flowstat"].into_iter().filter(|name| *name != program.name);
    let others: Vec<_> = others.chain(["jq", "nfdump"]).map(|name| format!("\\fB{name}\\fR(1)")).collect();
    page + &format!(".SH SEE ALSO\n{}\n", others.join(",\n"))
}

/// What the program does, what its arguments are, what holds for all.
fn description(program: &Program, command: &clap::Command) -> String {
    let mut out = text(&format!("{}.", program.about));
    for arg in command.get_positionals() {
        let name = arg.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str());
        out += &tagged(&format!("\\fI{}\\fR", escaped(name)), &indented(&long_help(arg).unwrap_or_default()));
    }
    format!("{out}.PP\n{}", text(LINES))
}

/// The options, in parts by their headings.
fn options(command: &clap::Command) -> String {
    let shown: Vec<&Arg> = command.get_arguments().filter(|a| !a.is_positional()).collect();
    let mut headings: Vec<Option<&str>> = Vec::new();
    for arg in &shown {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    let mut out = ".SH OPTIONS\n".to_owned();
    headings.sort_by_key(Option::is_some);
    for heading in headings {
        if let Some(heading) = heading {
            out += &format!(".SS {heading}\n");
        }
        out.extend(shown.iter().filter(|a| a.get_help_heading() == heading).map(|a| option(a)));
    }
    out
}

fn option(arg: &Arg) -> String {
    let names = [arg.get_short().map(|c| format!("-{c}")), arg.get_long().map(|l| format!("--{l}"))];
    let names: Vec<_> = names.iter().flatten().map(|name| bold(name)).collect();
    let mut tag = names.join(", ");
    let takes = arg.get_action().takes_values();
    if let Some(value) = arg.get_value_names().and_then(<[_]>::first).filter(|_| takes) {
        tag += &format!(" \\fI{}\\fR", escaped(value));
    }
    let mut about = long_help(arg).unwrap_or_default();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
    if takes && !defaults.is_empty() {
        about += &format!(" [default: {}]", defaults.join(" "));
    }
    let words = arg.get_value_parser().possible_values().filter(|_| takes).into_iter().flatten();
    let words: Vec<_> = words
        .map(|w| tagged(&bold(w.get_name()), &text(&w.get_help().map(ToString::to_string).unwrap_or_default())))
        .collect();
    let words = if words.is_empty() { String::new() } else { format!(".RS\n{}.RE\n", words.concat()) };
    tagged(&tag, &indented(&about)) + &words
}

/// All that is said of an option or argument.
fn long_help(arg: &Arg) -> Option<String> {
    arg.get_long_help().or(arg.get_help()).map(ToString::to_string)
}

fn items(program: &Program) -> String {
    let mut out = format!(".SH ITEMS\n{}", text(&format!("{}, with their parameters:", plural(program))));
    for spec in (program.specs)() {
        let about = format!("{}.\n\n{}", spec.about, spec.explain.trim());
        out += &tagged(&bold(spec.name), &indented(&about));
        if !spec.params.is_empty() {
            let each = spec.params.iter().map(|p| tagged(&bold(&format!("{}=", p.name)), &text(&parameter(p))));
            out += &format!(".RS\n{}.RE\n", each.collect::<String>());
        }
    }
    out
}

fn files(program: &Program) -> String {
    let named = ("named files", "what items, options and arguments name; nothing else is opened but what stands here");
    let each = std::iter::once(named).chain(program.files.iter().copied());
    let each: String = each.map(|(name, what)| tagged(&format!("\\fI{}\\fR", escaped(name)), &text(what))).collect();
    format!(".SH FILES\n{each}")
}

/// A paragraph with a tag.
fn tagged(tag: &str, body: &str) -> String {
    format!(".TP\n{tag}\n{body}")
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

/// Paragraphs under a tag.
fn indented(all: &str) -> String {
    all.split("\n\n").map(text).collect::<Vec<_>>().join(".IP\n")
}

/// A paragraph as lines of the page's source.
fn text(paragraph: &str) -> String {
    let lines = hanging("", paragraph, 0, SOURCE_WIDTH);
    lines.lines().map(|line| format!("{}\n", escaped(line))).collect()
}

/// One line in which nothing is a macro or an escape.
fn escaped(line: &str) -> String {
    let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
    // Long lists of names may break behind a +.
    let plain = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('+', "+\\:");
    format!("{guard}{plain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_for_a_macro_or_an_escape() {
        assert_eq!(escaped(".SH -x 'a' \\n"), "\\&.SH \\-x \\(aqa\\(aq \\en");
        assert_eq!(text("'quoted'"), "\\&\\(aqquoted\\(aq\n");
    }
}
