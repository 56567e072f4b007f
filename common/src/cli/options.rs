//! The options that programs share, as clap reads them: the first paragraph of a comment is what `-h` says, all of it what
//! `--help` says.

use super::refused::threads;
use crate::output::progress::When;
use clap::ValueEnum;
use std::ffi::OsString;
use std::path::PathBuf;

/// Options of all programs.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Take only flows for which EXPR holds
    ///
    /// As in -w 'proto tcp and dst port 443 and bytes > 1M', -w 'src net 10.0.0.0/8 and flags S and not flags A', or -w
    /// 'rev_bytes / bytes < 0.1 or label == "malicious"'. --explain where has the whole language. Lines that are no flows
    /// are not tested.
    #[arg(short = 'w', long = "where", value_name = "EXPR", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Write to FILE, which appears whole or not at all
    ///
    /// A regular file is written under another name first; a pipe or device is written as the data comes. After input that
    /// cannot be read on, the file has what was read before (exit code 2); where nothing was read, or with --strict, the old
    /// file stays.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write ndjson, csv, table, parquet, syslog, cef, ecs, ocsf
    ///
    /// Tables are for people: of alerts and flows they have what one looks at first, not the identifiers, the evidence and
    /// the interfaces. A terminal cuts the reason, leaves out columns that it has no room for, and says which. Numbers are
    /// exact, with commas between thousands. CSV has all columns. Parquet is of flows, and flowcat alone writes it: all fields
    /// of the record, what enrichers add, and all else in one column, extra. Of alerts there are lines for other systems: syslog
    /// (RFC 5424), cef (ArcSight), ecs (Elastic Common Schema) and ocsf (Detection Finding); other lines are then left out.
    #[arg(long, value_name = "FORMAT", default_value = "ndjson")]
    pub to: Form,
    /// The same as --to table
    #[arg(short = 't', long = "table", conflicts_with = "to")]
    pub table: bool,
    /// Columns of tables, CSV and Parquet, in this order
    ///
    /// Nothing of these columns is cut or left out.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Keep rejected lines in FILE, with place and reason
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Stop at the first rejected line
    ///
    /// What came before it is written, but not to a file of -o, which is then left as it was. The exit code is 3.
    #[arg(long, hide_short_help = true)]
    pub strict: bool,
    /// How many lines may be rejected before the exit code is 3: a number, or a share such as 0.1%
    #[arg(long, value_name = "N|P%", default_value = "0", allow_negative_numbers = true, hide_short_help = true)]
    pub max_rejects: crate::run::Allowance,
    /// Errors only: no warnings, no accounting line
    ///
    /// That input was rejected, so that the exit code is 3, is an error and told in one line.
    #[arg(short, long)]
    pub quiet: bool,
    /// Write the accounts of the run to FILE as JSON
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub counters: Option<PathBuf>,
    /// Show how far the input is, on stderr
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    pub progress: When,
    /// Hand every line on at once
    ///
    /// The columns of CSV are then all fields of the record, or of an alert, and what else the first line has.
    #[arg(long, hide_short_help = true)]
    pub line_buffered: bool,
    /// List the items, a line each
    #[arg(long, help_heading = "Documentation", hide_short_help = true)]
    pub list: bool,
    /// Explain an item, with all its parameters
    #[arg(long, value_name = "NAME", help_heading = "Documentation", hide_short_help = true)]
    pub explain: Option<String>,
    /// Print the JSON Schema of the lines written
    #[arg(long, help_heading = "Documentation", hide_short_help = true)]
    pub schema: bool,
    /// Print options, items, fields and exit codes as JSON
    #[arg(long, help_heading = "Documentation", hide_short_help = true)]
    pub describe: bool,
    /// Print a man page or a shell's completions
    #[arg(long, value_name = "WHAT", help_heading = "Documentation", hide_short_help = true)]
    pub generate: Option<Generate>,
}

/// The option of programs that read lines.
#[derive(Clone, Debug, clap::Args)]
pub struct Inputs {
    /// Read FILE or folder, not stdin; may be repeated
    ///
    /// Of a folder all files are read, in the order of their names. - is stdin.
    #[arg(short, long = "input", value_name = "FILE")]
    pub inputs: Vec<OsString>,
}

/// The option of programs that share their work among threads.
#[derive(Clone, Debug, clap::Args)]
pub struct Threads {
    /// Worker threads [default: as many as cores, at most 8; half of that where the input is a pipe]
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true, hide_short_help = true)]
    pub threads: Option<u16>,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values with a header; one kind of line.
    Csv,
    /// Tables for people, one a kind of line.
    Table,
    /// Apache Parquet, of flows; flowcat alone writes it.
    Parquet,
    /// Alerts as syslog, RFC 5424.
    Syslog,
    /// Alerts in the Common Event Format.
    Cef,
    /// Alerts in the Elastic Common Schema.
    Ecs,
    /// Alerts as Detection Findings of OCSF.
    Ocsf,
}

/// What `--generate` makes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Generate {
    /// A man page.
    Man,
    /// Completions for bash.
    Bash,
    /// Completions for zsh.
    Zsh,
    /// Completions for fish.
    Fish,
}
