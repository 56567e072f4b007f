//! The clap command of a program with its two pages of help: `-h` fits a screen, `--help` says all.
//!
//! Both begin with examples; then come the items, the options and the exit codes. Lines have at most 80 columns.

use super::Program;
use super::wrap::{WIDTH, hanging, hanging_list};
use clap::{ArgAction, CommandFactory};

/// The order of a page.
const TEMPLATE: &str = "{about}\n\n{usage-heading} {usage}\n\n{before-help}{all-args}{after-help}";

/// Examples that `-h` shows.
const SHORT_EXAMPLES: usize = 3;

/// Columns before what an item is.
pub(super) const ITEM: usize = 15;

/// The exit codes, as every page shows them.
pub(super) const EXIT_CODES: [(&str, &str); 5] = [
    ("0", "done"),
    ("1", "done, and what was asked for was found (--fail-on)"),
    ("2", "wrong use, unreadable, damaged or cut input, failed write; the other inputs are still read"),
    ("3", "done, but more input was rejected than --max-rejects allows"),
    ("128+n", "ended by signal n"),
];

/// The command as clap knows it.
pub(super) fn command<A: CommandFactory>(program: &Program) -> clap::Command {
    let short = format!("{}\n{}", examples(program, SHORT_EXAMPLES), names(program));
    let long = format!("{}\n{}", examples(program, usize::MAX), items(program));
    // Parquet is flowcat's; the others only say so in full.
    let short_of = |id: &str| match (program.over_inputs(), id) {
        (false, "to") => Some("Write ndjson, csv or table"),
        (false, "fields") => Some("Columns of tables and CSV, in this order"),
        _ => None,
    };
    A::command()
        .mut_args(|arg| match short_of(arg.get_id().as_str()) {
            Some(text) => arg.help(text),
            // Its inputs stand alone.
            None if program.over_inputs() && arg.get_id() == "inputs" => arg.hide_short_help(true),
            None => arg,
        })
        .name(program.name)
        .bin_name(program.name)
        .about(program.about)
        .version(env!("CARGO_PKG_VERSION"))
        .max_term_width(WIDTH)
        .help_template(TEMPLATE)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(help_flag())
        .arg(version_flag())
        .before_help(short)
        .before_long_help(long)
        .after_long_help(exit_codes())
}

/// The option that shows the page.
fn help_flag() -> clap::Arg {
    let flag = clap::Arg::new("help").short('h').long("help").action(ArgAction::Help);
    flag.help("Print this; -h is short, --help says all").help_heading("Documentation")
}

/// The option that shows the version.
fn version_flag() -> clap::Arg {
    let flag = clap::Arg::new("version").short('V').long("version").action(ArgAction::Version).hide_short_help(true);
    flag.help("Print version")
}

/// The page that was asked for, `--help` if any word of the command line is that, else `-h`.
pub(super) fn page<A: CommandFactory>(program: &Program) -> String {
    let mut command = command::<A>(program);
    if std::env::args_os().any(|word| word == "--help") {
        // clap leaves blanks at the ends of some lines.
        let page = command.render_long_help().to_string();
        return page.trim_end().lines().map(|line| format!("{}\n", line.trim_end())).collect();
    }
    // What a value may be stands in the words of the short page.
    let hidden = |arg: clap::Arg| if arg.get_action().takes_values() { arg.hide_possible_values(true) } else { arg };
    format!("{}\n", command.mut_args(hidden).render_help().to_string().trim_end())
}

/// The first `most` examples.
fn examples(program: &Program, most: usize) -> String {
    let each = program.examples.iter().take(most).map(|(line, what)| format!("  {line}\n      {what}\n"));
    std::iter::once("Examples:\n".to_owned()).chain(each).collect()
}

/// `Views:`, with a capital.
pub(super) fn plural(program: &Program) -> String {
    let mut plural = format!("{}s", program.what);
    if let Some(first) = plural.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    plural
}

/// The items by name.
fn names(program: &Program) -> String {
    let names: Vec<_> = (program.specs)().iter().map(|s| s.name).collect();
    let heading = format!("{} (--list says what each is, --explain NAME all of one):", plural(program));
    format!("{heading}\n{}", hanging("", &names.join(" "), 2, WIDTH))
}

/// The items with their parameters.
fn items(program: &Program) -> String {
    let mut out = format!("{} (--explain NAME tells more):\n", plural(program));
    for spec in (program.specs)() {
        out.push_str(&hanging(&format!("  {} ", spec.name), spec.about, ITEM, WIDTH));
        if !spec.params.is_empty() {
            out.push_str(&hanging_list("", &spec.usage(), ITEM, WIDTH));
        }
    }
    out
}

fn exit_codes() -> String {
    let each = EXIT_CODES.iter().map(|(code, means)| hanging(&format!("  {code}"), means, 9, WIDTH));
    std::iter::once("Exit codes:\n".to_owned()).chain(each).collect::<String>().trim_end().to_owned()
}
