//! The command line of flowdetect.

use crate::consumer;
use crate::detect::{self, DETECTORS};
use crate::mark::MAX_HELD;
use crate::quiet::Quiet;
use crate::window::{LATENESS, Layout};
use clap::Parser;
use flow_record::alert::{self, Severity};
use flow_record::cli::{self, Common, Inputs, Program, Threads};
use flow_record::item::Spec;
use flow_record::record::Kind;
use flow_record::record::schema::{self, Form};
use flow_record::row;
use flow_record::run::Aid;
use serde_json::Value;
use std::path::PathBuf;

/// What flowdetect is.
pub(crate) const PROGRAM: Program = Program {
    name: "flowdetect",
    what: "detector",
    about: "Find what is suspicious in flow lines, and say why",
    specs: detect::specs,
    facts: |_| Vec::new(),
    examples: &[
        ("flowcat --biflow trace.csv | flowdetect -t", "the default detectors, as a table"),
        ("flowcat --biflow day.csv | flowdetect zscore:threshold=4 portscan beacon", "chosen detectors"),
        ("flowcat day.csv | flowstat hosts | flowdetect zscore:field=bytes", "hosts by their rows"),
        ("flowcat udp://:2055 | flowdetect --window 5m", "alerts as they arise, for days"),
        ("flowcat day.csv | flowdetect --mark sigma:normal=normal.json", "all flows, marked where they are not normal"),
    ],
    files: &[],
    schemas,
};

/// Options of flowdetect.
#[derive(Parser)]
pub(crate) struct Options {
    /// As NAME:key=value,... [default: what --explain all says]
    #[arg(value_name = "DETECTOR")]
    pub(crate) items: Vec<String>,
    /// Pass all lines that are read, too, in their place
    #[arg(long)]
    pub(crate) tee: bool,
    /// Pass all flows, marked where a rule on one holds
    #[arg(long, conflicts_with_all = ["tee", "fail_on"], long_help = mark_help())]
    pub(crate) mark: bool,
    /// As --mark, but only flows that are marked
    #[arg(long, conflicts_with_all = ["tee", "fail_on"])]
    pub(crate) flagged: bool,
    /// Exit with 1 at low, medium, high, critical alerts
    ///
    /// The exit code is 1 if there is an alert of this severity or a graver one.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Severity>,
    /// Write alerts of this severity and graver ones only
    #[arg(long, value_name = "LEVEL")]
    pub(crate) min_severity: Option<Severity>,
    /// Take parameters of detectors from FILE
    ///
    /// TOML: a table a detector, a member a parameter, as in `[beacon]` and jitter = 0.1. What the command line says goes
    /// before. tune writes such a file.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) config: Option<PathBuf>,
    /// Leave out alerts that FILE suppresses
    ///
    /// TOML: each `[[suppress]]` has a reason and what an alert must meet to be left out: id, detector, net (either end), src,
    /// dst (networks with + between them), where (an expression on addresses, ports and protocol). until = "2026-04-01" ends
    /// it, by the time in the flows. How many were left out is in the accounts.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) suppress: Option<PathBuf>,
    /// Leave out what hosts in FILE are known to do
    ///
    /// TOML: each `[[known]]` has a net and its role, scanner, monitor, resolver, mail, backup or clock; detectors that mistake
    /// what such a host does are quiet about it.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) known: Option<PathBuf>,
    /// Find in windows of event time, and alert as they end
    ///
    /// Windows are of the times in the flows, never of the clock, and begin at multiples of their length since 1970. What
    /// no later flow can undo, as many ports tried, is looked at ten times a window, all else at its end. Findings of one
    /// detector about one key are one incident, until there are none for 12 windows: it has one alert, and others with the
    /// same id, numbered by `update`, as its value or its flows reach another power of ten, or it becomes graver; those
    /// tell of the whole incident, with the last window's evidence. Lines of rows pass. State is that of one window and
    /// of what may be late.
    #[arg(long, value_name = "DURATION", value_parser = cli::duration, conflicts_with_all = ["mark", "flagged"])]
    pub(crate) window: Option<u64>,
    /// Have a window begin each so much time [default: one ends where the next begins]
    #[arg(long, value_name = "DURATION", value_parser = cli::duration, requires = "window", hide_short_help = true)]
    pub(crate) slide: Option<u64>,
    /// How late a line may be, by event time [default: 120s]
    ///
    /// A window is over when a flow or a tick is so much later than its end. Within this bound the order of lines does not
    /// show in the alerts. A line that is later still goes to windows that are to come, else it is counted as late.
    #[arg(long, value_name = "DURATION", value_parser = cli::duration, requires = "window", hide_short_help = true)]
    pub(crate) lateness: Option<u64>,
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) threads: Threads,
}

impl Options {
    /// Which alerts are not told.
    pub(crate) fn quiet(&self) -> anyhow::Result<Quiet> {
        Quiet::new(self.suppress.as_deref(), self.known.as_deref(), self.min_severity)
    }

    /// The files that are read besides the inputs.
    pub(crate) fn aids(&self) -> Vec<Aid> {
        let all = [("--suppress", &self.suppress), ("--known", &self.known), ("--config", &self.config)];
        all.iter().filter_map(|(name, path)| Some(((*name).to_owned(), path.as_ref()?.clone()))).collect()
    }

    /// How windows lie, if there are any.
    pub(crate) fn layout(&self) -> Result<Option<Layout>, String> {
        self.window.map(|window| Layout::new(window, self.slide, self.lateness.unwrap_or(LATENESS))).transpose()
    }
}

fn mark_help() -> String {
    format!(
        "Make no alerts; pass every flow, with \"flagged\":[\"sigma.bytes\"] where a rule over single flows holds. sigma and \
         fence mark flows as they pass. zscore:of=flow, iqr:of=flow and mad:of=flow need two passes: all lines are kept in \
         memory, at most {} MiB of them, in one thread; a larger input ends with exit code 2 and the advice to learn \
         thresholds beforehand",
        MAX_HELD >> 20
    )
}

/// The lines that flowdetect writes: alerts, flows that pass or are marked, and lines of other programs that pass.
fn schemas(form: Form) -> Vec<Value> {
    let specs: Vec<&Spec> = DETECTORS.iter().map(|d| d.spec).collect();
    debug_assert!(specs.iter().flat_map(|s| s.columns).all(|c| !matches!(c.kind, Kind::Object)));
    let own = [schema::flow(form), alert::schema(&specs, form)];
    let own = own.into_iter().chain(consumer::SPECS.iter().map(|spec| row::schema(spec, form)));
    let passing = (form == Form::Open).then(|| schema::other("row, baseline or tick", &["alert"]));
    own.chain(passing).collect()
}
