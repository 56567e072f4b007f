//! Sources on texts: what a test puts in and what comes out.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::{Detect, Settings};
use crate::feed::Feed;
use crate::flows::Flows;
use crate::options::{Options, PROGRAM};
use clap::Parser;
use flow_record::input::Source as Input;
use flow_record::output::Sink;
use flow_record::run::{Conduct, Session};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What came of a text: lines, rejects as `line:column reason` and as they are kept, the exit code.
pub(crate) struct Outcome {
    pub(crate) lines: Vec<String>,
    pub(crate) rejects: Vec<String>,
    pub(crate) raw: Vec<String>,
    pub(crate) code: u8,
}

/// Reads a text as the program would with these arguments.
pub(crate) fn outcome(text: impl AsRef<[u8]>, args: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let (input, rejects) = (folder.path().join("input"), folder.path().join("rejects"));
    std::fs::write(&input, text).unwrap();
    let options = Options::try_parse_from([&["flowcat"], args].concat()).unwrap();
    let settings: Settings = options.settings().unwrap();
    let conduct = Conduct { quiet: true, rejects: Some(rejects.clone()), ..Conduct::default() };
    let mut session = Session::begin("flowcat", conduct, Sink::none()).unwrap();
    let mut feed = Feed::start(
        vec![Ok(Input::file(&input))],
        Detect::new(options.format().unwrap()).mapped(!settings.mapping.is_empty()),
        Arc::<AtomicBool>::default(),
        None,
    );
    let filter = options.common.filter(&PROGRAM, &settings.zone).unwrap();
    let mut flows = Flows::look(&mut session, options.steps.build(filter, settings.keep).unwrap());
    crate::run::all(&mut feed, &mut flows, &settings);
    settings.exporters.finish(&mut flows);
    flows.drain();
    let lines = String::from_utf8(flows.lines().to_vec()).unwrap().lines().map(str::to_owned).collect();
    flows.finish();
    let code = session.end().code();
    let kept = std::fs::read_to_string(&rejects).unwrap();
    let kept: Vec<serde_json::Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reject = |value: &serde_json::Value| {
        let number = |key: &str| value[key].as_u64().unwrap_or(0);
        format!("{}:{} {}", number("line"), number("column"), value["reason"].as_str().unwrap())
    };
    let raw = kept.iter().map(|value| value["raw"].as_str().unwrap_or_default().to_owned()).collect();
    Outcome { lines, rejects: kept.iter().map(reject).collect(), raw, code }
}

/// The lines that a text becomes.
pub(crate) fn lines(text: impl AsRef<[u8]>, args: &[&str]) -> Vec<String> {
    outcome(text, args).lines
}

/// What of a text is rejected.
pub(crate) fn rejects(text: impl AsRef<[u8]>, args: &[&str]) -> Vec<String> {
    outcome(text, args).rejects
}

/// The exit code that a text leads to.
pub(crate) fn ending(text: impl AsRef<[u8]>, args: &[&str]) -> u8 {
    outcome(text, args).code
}
