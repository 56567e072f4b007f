//! flowcat: any record of network traffic to NDJSON flow lines. This crate is the program; its map:
//!
//! ```text
//! options ─► run ─► feed ──────► source ─────► row ─────────► flows ──► session
//!                   blocks from   one file a    texts by        lines,    output, rejects,
//!                   the reader's  format takes  meaning become  rejects,  accounts (flow-record)
//!                   thread        blocks apart  one record      counts
//!                   └─ source::detect, in that thread: the first bytes of an input choose its format
//! ```
//!
//! - `feed`: inputs, opened and unpacked by a thread of their own, as blocks of whole lines or as their format wants.
//! - `source`: the registry of formats, how they are told apart, and one file for each.
//! - `nfcapd`: what is in the files of nfcapd: headers, blocks and how they are packed, records.
//! - `row`: what all formats share: the table of aliases, units and encodings, and the one conversion to a flow.
//! - `export`: NetFlow, IPFIX and sFlow: from datagrams to flows, whatever carries them.
//! - `listen`: live datagrams, from sockets to an input.
//! - `flows`: where sources put flows, lines that pass, and rejects.
//! - `rotate`: `--rotate`: lines into files by time.
//! - `step`: what is done with flows on their way out, one file a step: scale, gather (what is joined or reported
//!   twice), uniflow, sort, select, sample, head, anonymize, write.
//! - `merge`: `--merge`: sources of several inputs in turns.
//! - `capture`, `packet`, `meter`: captures to packets, packets to their headers, these to two-way flows.
//! - `explain`: `--explain FILE`.
//! - `fuzz`: what fuzz targets reach; built for them only.
//!
//! Invariants: only this crate knows formats; the same flow printed by another tool or version becomes the same record,
//! over the fields that both print; each record read is passed or rejected, and counted once; the output depends on the
//! bytes of the inputs, never on how they arrive.
//!
//! To add a step: see `step`. To add a format: a file in `source/` with its `Spec`, its probe and its `Source`, a row in
//! `source::FORMATS`, a sample in the tests. To add a name for a column: a word in `row/alias.rs`.

mod capture;
mod explain;
pub mod export;
mod feed;
mod flows;
#[cfg(fuzzing)]
pub mod fuzz;
mod listen;
mod merge;
mod meter;
mod nfcapd;
mod options;
mod packet;
#[cfg(feature = "parquet")]
mod parquet;
mod rotate;
mod row;
mod run;
mod source;
mod step;

use feed::Feed;
use flow_record::cli::{parse, sources, usage_error};
use flow_record::input::{Follow, Source};
use flows::Flows;
use merge::Shared;
use options::{Options, PROGRAM};
use std::process::ExitCode;
use std::sync::Arc;

/// Runs the program.
pub fn main() -> ExitCode {
    match begin() {
        Ok(code) | Err(code) => code,
    }
}

fn begin() -> Result<ExitCode, ExitCode> {
    let mut options: Options = parse(&PROGRAM)?;
    let usage = |e: String| usage_error(&PROGRAM, &e);
    let (settings, from) = (options.settings().map_err(usage)?, options.format().map_err(usage)?);
    if let Some(file) = explain::file(&options) {
        return Ok(explain::explain(&file, &settings, from));
    }
    if let Some(code) = options.common.answered::<Options>(&PROGRAM) {
        return Ok(code);
    }
    let filter = options.common.filter(&PROGRAM, &settings.zone)?;
    let aids = options.aids(filter.as_ref());
    if let Some(path) = &settings.templates {
        settings.exporters.load(path).map_err(usage)?;
    }
    let steps = options.steps.build(filter, settings.keep).map_err(usage)?;
    let store = options.store().map_err(usage)?;
    let mut names = options.names();
    let listener = options.exports.listener(&mut names).map_err(usage)?;
    if options.merge && listener.is_some() {
        return Err(usage("--merge is for inputs that end; live ones are one input, however many there are".into()));
    }
    let mut sources = match &options.follow {
        Some(_) if !names.is_empty() || listener.is_some() => {
            return Err(usage("--follow goes without other inputs".into()));
        }
        Some(_) => Vec::new(),
        None if names.is_empty() && listener.is_some() => Vec::new(),
        None => sources(&names, &PROGRAM)?,
    };
    let about = listener.as_ref().map(|listener| listener.about.clone()).unwrap_or_default();
    sources.extend(listener.map(|listener| Ok(Source::live(Arc::new(listener)))));
    let mut spares = merge::spares(if options.merge { sources.len() } else { 0 }).map_err(usage)?;
    let mut session = options.common.session(&PROGRAM, &[], &sources, &aids)?;
    session.begin_progress(&sources);
    about.iter().for_each(|text| session.messages.note(text));
    let shared = Shared { settings: &settings, from, stop: session.signals.flag(), output: session.output_identity() };
    let mut flows = Flows::new(&mut session, steps, settings.zone_given);
    if let Some(store) = store {
        flows.write_into(store);
    }
    match options.merge {
        true => {
            let mut flows = merge::all(sources, flows, &mut spares, &shared).ok_or(ExitCode::from(2))?;
            settings.exporters.finish(&mut flows);
            flows.finish();
        }
        false => {
            let (detect, stop, output) = (shared.detect(), shared.stop.clone(), shared.output);
            let mut feed = match options.follow {
                Some(folder) => Feed::follow(Follow::new(folder, stop.clone()), detect, stop, output),
                None => Feed::start(sources, detect, stop, output),
            };
            run::all(&mut feed, &mut flows, &settings);
            settings.exporters.finish(&mut flows);
            flows.finish();
        }
    }
    if let Some(Err(e)) = settings.templates.as_deref().map(|path| settings.exporters.save(path, 0)) {
        session.fail(&e);
    }
    Ok(session.end().into())
}
