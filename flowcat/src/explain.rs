//! `--explain FILE`: what flowcat makes of a file, from a look at its first records.

use crate::feed::Feed;
use crate::flows::Flows;
use crate::options::{Options, PROGRAM};
use crate::run::open;
use crate::source::{Detect, FORMATS, Format, Settings};
use crate::step::Head;
use flow_record::cli::usage_error;
use flow_record::input::Source;
use flow_record::output::{Output, Sink, is_closed_pipe};
use flow_record::run::{Conduct, Session};
use flow_record::value::text::printable;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Records that are looked at.
const RECORDS: u64 = 3;

/// The file that is to be explained, if the name is no format's.
pub(crate) fn file(options: &Options) -> Option<PathBuf> {
    let name = options.common.explain.as_deref()?;
    let is_format = FORMATS.iter().any(|f| f.spec.name == name);
    let is_path = name == "-" || name.contains(['/', '.']) || Path::new(name).exists();
    (!is_format && name != "where" && is_path).then(|| PathBuf::from(name))
}

/// Explains a file; answers the exit code.
pub(crate) fn explain(path: &Path, settings: &Settings, from: Option<&'static Format>) -> ExitCode {
    let mut session = match Session::begin(PROGRAM.name, Conduct::default(), Sink::none()) {
        Ok(session) => session,
        Err(e) => return usage_error(&PROGRAM, &e.to_string()),
    };
    let source = if path == Path::new("-") { Source::stdin() } else { Source::file(path) };
    let mut feed = Feed::start(
        vec![Ok(source)],
        Detect::new(from).mapped(!settings.mapping.is_empty()),
        Arc::<AtomicBool>::default(),
        None,
    );
    let mut flows = Flows::look(&mut session, vec![Box::new(Head::new(RECORDS))]);
    let mut text = String::new();
    if let Some(Some((format, mut source))) = open(&mut feed, &mut flows, settings) {
        let refusal = source.run(&mut feed, &mut flows);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {}, {}", path.display(), format.spec.name, format.spec.about);
        match refusal {
            Err(refusal) => flows.fail_input(&refusal),
            Ok(()) => {
                let zone = if settings.zone_given { "as --tz says" } else { "UTC; --tz ZONE says otherwise" };
                let _ = writeln!(text, "\nTimes without a zone: {zone}\n\nColumns");
                for (name, fate) in source.fates() {
                    let _ = writeln!(text, "  {:<24} {}", name, fate.as_deref().unwrap_or("(dropped)"));
                }
                let lines = String::from_utf8_lossy(flows.lines());
                let lines = if lines.is_empty() { "  (none)" } else { lines.trim_end() };
                let _ = writeln!(text, "\nFirst records\n{lines}");
            }
        }
    }
    flows.finish();
    let ending = session.end();
    let printed = Output::open(None, false).and_then(|mut out| {
        out.write_all(printable_lines(&text).as_bytes())?;
        out.finish()
    });
    match printed {
        Err(e) if !is_closed_pipe(&e) => usage_error(&PROGRAM, &e.to_string()),
        _ => ending.into(),
    }
}

/// The text with everything escaped that a terminal could act on, but for its newlines.
fn printable_lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => printable(line).into_owned() + "\n",
            None => printable(line).into_owned(),
        })
        .collect()
}
