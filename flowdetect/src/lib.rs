//! flowdetect: finds what is suspicious in flow lines, and says why.
//!
//! ```text
//!                 ┌ a worker a thread ─────────┐
//! flows, rows ──► │ each item takes the line   │ ──► merge ──► finish ──► sort ──► alerts
//!                 └ what passes goes on ───────┘
//! ```
//!
//! - `options`: the command line; `item`: which detectors it asks for; `detectors`: all of them as one state; `worker`:
//!   the work on a line.
//! - `detect`: the detectors, one file each, and their registry; `alert`: what they find and how it is written.
//! - `population`: numbers of hosts, flows or rows, and rules that learn from them (zscore, iqr, mad);
//!   `normal`: bounds learnt elsewhere (sigma, fence); `single`: alerts on single flows; `mark`: flows that are marked
//!   instead.
//! - `config`: parameters from a file. `consumer`: what takes alerts and writes rows: `evaluate` (alerts held against flows
//!   that say what they are), `incidents` (alerts of one host or campaign), `tune` (thresholds learnt from normal flows).
//! - `window`: the same in windows of time, with alerts while lines still come.
//! - `pairs`: one table of sources and destinations for the detectors that count or look at pairs; `keyed`: tallies by
//!   another key, of the flows that concern a detector.
//! - `quiet`: alerts that are not told.
//! - `measure`, `ends`: a number of a flow, its two ends.
//!
//! Invariants: without windows alerts are a function of the multiset of lines, whatever their order and the number of threads; numbers are
//! compared unrounded; nothing here reads the clock; a flow that lacks what a detector needs is left out, counted and told,
//! never taken as 0.
//!
//! To add a detector, write its file in `detect/` (its struct, its `SPEC`, its tests) and its row in `DETECTORS`.

mod alert;
mod config;
mod consumer;
mod detect;
mod detectors;
mod ends;
mod evaluate;
mod incidents;
mod item;
mod keyed;
mod mark;
mod measure;
mod normal;
mod options;
mod pairs;
mod population;
mod quiet;
mod single;
mod tune;
mod window;
mod worker;

use config::Config;
use consumer::Consumer;
use detect::Marks;
use detectors::Detectors;
use flow_record::cli::{self, usage_error};
use flow_record::run::{Session, each_line};
use item::{Outcome, Plan};
use mark::{Holding, MAX_HELD, Marker};
use options::{Options, PROGRAM};
use quiet::Quiet;
use std::process::ExitCode;
use std::sync::Arc;
use window::{Layout, Windowed};
use worker::Detecting;

/// Runs the program.
pub fn main() -> ExitCode {
    run().unwrap_or_else(|code| code)
}

fn run() -> Result<ExitCode, ExitCode> {
    let options: Options = cli::parse(&PROGRAM)?;
    if let Some(code) = options.common.answered::<Options>(&PROGRAM) {
        return Ok(code);
    }
    let args = cli::items(&PROGRAM, &options.items)?;
    let config = Config::read(options.config.as_deref()).map_err(|e| usage_error(&PROGRAM, &format!("{e:#}")))?;
    let plan = Plan::of(&args, &config).map_err(|e| usage_error(&PROGRAM, &format!("{e:#}")))?;
    let marks = options.mark || options.flagged;
    let when =
        if marks { mark::when(&plan.items).map_err(|e| usage_error(&PROGRAM, &e.to_string()))? } else { Marks::Never };
    let quiet = options.quiet().map_err(|e| usage_error(&PROGRAM, &format!("{e:#}")))?;
    let layout = options.layout().map_err(|e| usage_error(&PROGRAM, &e))?;
    if layout.is_some()
        && let Some(item) = plan.items.iter().find(|item| item.takes().rows && !item.takes().flows)
    {
        let name = item.name();
        return Err(usage_error(&PROGRAM, &format!("--window: {name} scores rows, which have no time of their own")));
    }
    if let Some(consumer) = plan.consumer.as_ref().filter(|_| marks || layout.is_some()) {
        let text = "looks at the whole input, without --window, --mark and --flagged";
        return Err(usage_error(&PROGRAM, &format!("{} {text}", consumer.name())));
    }
    let sources = options.inputs.sources(&PROGRAM)?;
    let mut session = options.common.session(&PROGRAM, &args, &sources, &options.aids())?;
    plan.notes.iter().for_each(|note| session.messages.note(note));
    let result = match when {
        Marks::Never => {
            match layout {
                Some(layout) => detect_in_windows(&mut session, sources, plan, &options, layout, quiet),
                None => detect(&mut session, sources, plan, &options, quiet),
            }
            Ok(())
        }
        Marks::AtOnce => mark_at_once(&mut session, sources, plan, &options),
        Marks::Afterwards => mark_afterwards(&mut session, sources, plan, options.flagged),
    };
    if let Err(e) = result {
        session.fail(&e.to_string());
    }
    Ok(session.end().into())
}

type Sources = Vec<Result<flow_record::input::Source, flow_record::input::InputError>>;

/// Takes all lines and writes the alerts.
fn detect(session: &mut Session, sources: Sources, plan: Plan, options: &Options, mut quiet: Quiet) {
    let threads = options.threads.number(&options.common, &sources);
    let first = Detectors::new(plan.items);
    let consumer = plan.consumer;
    let another = |_| Detecting::new(first.empty(), options.tee).with(consumer.as_ref().map(Consumer::empty));
    let more: Vec<_> = (1..threads).map(another).collect();
    let one = Detecting::new(first, options.tee).with(consumer);
    let workers = std::iter::once(one).chain(more).collect();
    let mut workers = each_line(session, sources, plan.setup.watched(), workers).into_iter();
    let Some(mut all) = workers.next() else { return };
    workers.for_each(|worker| all.merge(worker));
    if all.met.rows && !all.met.flows && !all.detectors.takes().rows {
        session.messages.note("no flows came, only rows, which these detectors do not score; zscore, iqr and mad do");
    }
    if all.met.flows && !all.met.rows {
        for name in all.detectors.of_rows() {
            let text =
                "no rows were read, which it scores; flowcat FILE | flowstat hosts | flowdetect makes and scores them";
            session.messages.note(&format!("{name}: {text}"));
        }
    }
    let outcomes = all.detectors.finish();
    if let Some(consumer) = all.consumer {
        return consume(session, consumer, outcomes, &mut quiet);
    }
    let mut line = Vec::new();
    for Outcome { naming, alerts, notes } in outcomes {
        notes.iter().for_each(|note| session.messages.note(note));
        let mut n = 0;
        for alert in &alerts {
            let label = naming.label(&alert.key);
            if !quiet.tells(&naming, alert, label) {
                continue;
            }
            n += 1;
            line.clear();
            alert.write_as(naming.detector(), label, &mut line);
            session.write_made(&line);
            if options.fail_on.is_some_and(|least| alert.verdict.severity >= least) {
                session.found();
            }
        }
        count_alerts(session, naming.detector(), n);
    }
    count_suppressed(session, options, quiet.suppressed);
}

/// Hands the alerts to their consumer and writes what it makes of them.
fn consume(session: &mut Session, mut consumer: Consumer, outcomes: impl Iterator<Item = Outcome>, quiet: &mut Quiet) {
    let names = outcomes.map(|mut outcome| {
        let naming = &outcome.naming;
        outcome.alerts.retain(|alert| quiet.tells(naming, alert, naming.label(&alert.key)));
        consumer.outcome(&outcome);
        outcome.naming.detector().to_owned()
    });
    let names: Vec<String> = names.collect();
    match consumer.finish(&names) {
        Ok((rows, notes)) => {
            notes.iter().for_each(|note| session.messages.note(note));
            session.write_made(&rows);
        }
        Err(e) => session.fail(&format!("{e:#}")),
    }
}

/// Adds how many alerts were suppressed to the accounts, where some may have been.
fn count_suppressed(session: &mut Session, options: &Options, n: u64) {
    if options.suppress.is_some() || options.known.is_some() {
        count_alerts(session, "suppressed", n);
    }
}

/// Takes all lines and writes alerts as windows are over.
fn detect_in_windows(
    session: &mut Session,
    sources: Sources,
    plan: Plan,
    options: &Options,
    layout: Layout,
    quiet: Quiet,
) {
    let worker = Windowed::new(layout, Detectors::new(plan.items), quiet, options.tee);
    // One thread: time passes once.
    let Some(worker) = each_line(session, sources, plan.setup.watched(), vec![worker]).pop() else { return };
    let ended = worker.finish();
    session.write_made(&ended.lines);
    ended.alerts.iter().for_each(|(name, n)| count_alerts(session, name, *n));
    ended.notes.iter().for_each(|note| session.messages.note(note));
    count_suppressed(session, options, ended.suppressed);
    if options.fail_on.is_some_and(|least| ended.gravest >= Some(least)) {
        session.found();
    }
}

/// Adds to the number of alerts of a detector.
fn count_alerts(session: &mut Session, name: &str, n: u64) {
    match session.account.details.iter_mut().find(|(met, _)| met == name) {
        Some((_, count)) => *count += n,
        None => session.account.details.push((name.to_owned(), n)),
    }
}

/// Marks flows as they pass.
fn mark_at_once(session: &mut Session, sources: Sources, mut plan: Plan, options: &Options) -> anyhow::Result<()> {
    for item in &mut plan.items {
        item.settle().iter().for_each(|note| session.messages.note(note));
    }
    let marker = Marker::new(Arc::new(plan.items), &mut plan.setup, options.flagged)?;
    let threads = options.threads.number(&options.common, &sources);
    let workers = (0..threads).map(|_| marker.again()).collect();
    let markers = each_line(session, sources, plan.setup.watched(), workers);
    Marker::tell(&markers, session);
    Ok(())
}

/// Takes all lines, then marks and writes them.
fn mark_afterwards(session: &mut Session, sources: Sources, plan: Plan, only: bool) -> anyhow::Result<()> {
    let holding = Holding::new(plan.items, MAX_HELD);
    // One thread, so that the lines are kept in their order.
    let mut done = each_line(session, sources, plan.setup.watched(), vec![holding]);
    done.pop().map_or(Ok(()), |holding| holding.finish(session, plan.setup, only))
}
