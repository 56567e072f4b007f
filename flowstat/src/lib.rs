//! `flowstat`: statistics of flow lines.
//!
//! ```text
//! lines ──► worker (one a thread) ──► merged ──► rows, item by item
//!           a state for each item;
//!           rows and alerts of others pass at once
//! ```
//!
//! - `run`: the worker, merging, and what is said at the end.
//! - `view`: the views, one file each, and their registry; what they share.
//! - `baseline`: how baselines are made and merged.
//! - `room`: how much memory there is, and what happens where it is full.
//! - `report`: flows and alerts in one document, made of the views' rows.
//!
//! Invariants: rows are a function of the multiset of flows, whatever the number of threads and the order; sums are
//! exact integers, divided once; rows come in the order of their keys, or by measure where a number of them was asked
//! for; a flow that lacks what a view needs is counted and told once, never taken for a 0.
//!
//! A new view is a file in `view` and a row in `VIEWS`. Its memory grows with keys; what it keeps of each is bounded, and it
//! says how much it is (`bytes`), so that `--memory` holds.

mod baseline;
mod report;
mod room;
mod run;
mod view;

use clap::Parser;
use flow_record::alert;
use flow_record::cli::{self, Common, Form, Inputs, Program, Threads};
use flow_record::record::schema;
use flow_record::row;
use flow_record::state::Setup;
use flow_record::value::Time;
use flow_record::value::time::{DateCache, rfc3339};
use room::Room;
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

const PROGRAM: Program = Program {
    name: "flowstat",
    what: "view",
    about: "Statistics of flow lines: totals, profiles, hosts, pairs, ports, distributions",
    specs: view::specs,
    facts: |_| Vec::new(),
    examples: &[
        ("flowcat trace.csv | flowstat -t", "a summary, as a table"),
        ("flowcat trace.csv | flowstat -t hourly hosts:top=20 ports", "several views in one pass"),
        ("flowcat trace.csv | flowstat hosts | flowdetect zscore", "rows for another filter"),
        ("flowcat march.csv | flowstat baseline > march.json", "what is normal, to be merged and compared"),
        ("flowstat -t hosts:top=20 < march.json", "a view of a baseline"),
        (
            "flowcat normal.csv | flowstat describe:of=bytes+rev_bytes > normal.json",
            "what is normal, for flowdetect's sigma",
        ),
        (
            "flowcat trace.csv | flowdetect --tee all | flowstat report:format=html > report.html",
            "flows and alerts in one page",
        ),
    ],
    files: &[("/usr/share/zoneinfo", "rules of time zones that are asked for by name")],
    schemas,
};

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    threads: Threads,
    /// Memory for what views keep
    ///
    /// Where it is full, hosts, pairs, matrix, sessions, top and group go to files of --spill; else, and for other views, the
    /// run ends with 2. top and group with approx=true need a few MB, however many keys there are.
    #[arg(long, value_name = "SIZE", default_value = "4G", value_parser = room::memory, hide_short_help = true)]
    memory: u64,
    /// Keep what has no room in memory in files in DIR
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    spill: Option<PathBuf>,
    /// Now in a report, RFC 3339 [default: the last flow]
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Time>,
    /// Views, as NAME or NAME:key=value,key=value [default: summary]
    #[arg(value_name = "VIEW")]
    items: Vec<String>,
}

fn time(text: &str) -> Result<Time, String> {
    match rfc3339(&mut DateCache::default(), text.as_bytes()) {
        Some((time, _, used)) if used == text.len() => Ok(time),
        _ => Err("an RFC 3339 time is expected, as 2015-01-22T08:00:00Z".into()),
    }
}

/// Rows of the views, and the alerts and other rows that pass.
fn schemas(form: schema::Form) -> Vec<Value> {
    let mut all: Vec<Value> = view::specs().into_iter().map(|spec| row::schema(spec, form)).collect();
    all.push(alert::schema(&[], schema::Form::Open));
    if form == schema::Form::Open {
        let named: Vec<_> = view::specs().into_iter().map(|s| s.name).chain(["alert"]).collect();
        let mut other = schema::other("other", &named);
        other["description"] = "lines of other programs, and rows under as=NAME".into();
        all.push(other);
    }
    all
}

/// Runs the program; answers its exit code.
pub fn main() -> ExitCode {
    answer().unwrap_or_else(|code| code)
}

fn answer() -> Result<ExitCode, ExitCode> {
    let mut options: Options = cli::parse::<Options>(&PROGRAM)?;
    if let Some(code) = options.common.answered::<Options>(&PROGRAM) {
        return Ok(code);
    }
    report::as_table(&mut options.items, &mut options.common);
    let texts = if options.items.is_empty() { vec!["summary".to_owned()] } else { options.items };
    let items = cli::items(&PROGRAM, &texts)?;
    if items.iter().any(|i| i.spec.name == report::VIEW.spec.name) {
        if items.len() > 1 {
            return Err(cli::usage_error(&PROGRAM, "report is the only item of its run"));
        }
        if options.common.form() != Form::Ndjson {
            return Err(cli::usage_error(
                &PROGRAM,
                "report: no such form; report:format=json, html, md and table are there",
            ));
        }
    }
    let mut setup = Setup::at(options.now);
    let mut first = run::states(&items, &mut setup).map_err(|e| cli::usage_error(&PROGRAM, &format!("{e:#}")))?;
    let sources = options.inputs.sources(&PROGRAM)?;
    let number = options.threads.number(&options.common, &sources);
    first.room = Room::new(options.memory, options.spill, number);
    let mut workers = vec![first];
    for _ in 1..number {
        workers.push(workers[0].empty());
    }
    let mut session = options.common.session(&PROGRAM, &items, &sources, &[])?;
    let is_merged = match &items[..] {
        [item] if item.spec.name == view::baseline::VIEW.spec.name && !item.is_given("exclude") => {
            let asked = view::baseline::asked(item).map_err(|e| cli::usage_error(&PROGRAM, &format!("{e:#}")))?;
            baseline::stream::merge(&mut session, &sources, &asked)
        }
        _ => false,
    };
    if !is_merged {
        run::run(&mut session, sources, setup.watched(), workers);
    }
    Ok(session.end().into())
}
