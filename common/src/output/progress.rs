//! How far the input is, on stderr.
//!
//! A bar on a terminal where the size is known, once a run takes half a second; a count and a rate where it is not. Asked for without a terminal
//! it is a line of text from time to time. Shown for people only: no data and no decision depends on it.
//!
//! Bound: without a terminal a line at most every second and every tenth of the time passed so far, which makes
//! fewer than a hundred lines in an hour.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// When to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum When {
    /// When stderr is a terminal and the input is a regular file.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The bar where the size is known.
const KNOWN: &str = "{percent:>3}% {bar:30} {bytes} of {total_bytes}, {msg}, {bytes_per_sec}, {eta} left";

/// The line where it is not.
const UNKNOWN: &str = "{bytes}, {msg}, {bytes_per_sec}, {elapsed}";

/// Redraws a second.
const REDRAWS: u8 = 10;

/// How long a run is before a bar appears that nobody asked for.
const PATIENCE: Duration = Duration::from_millis(500);

/// Shortest time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Progress through the input.
pub struct Progress {
    shown: Shown,
}

enum Shown {
    Nothing,
    Bar(ProgressBar),
    /// A bar that appears at this time.
    Later(ProgressBar, Instant),
    Lines {
        tool: &'static str,
        total: Option<u64>,
        started: Instant,
        next: Duration,
    },
}

impl Progress {
    /// Begins to show the progress of `tool` through `total` bytes as stored, `None` where that is unknown.
    pub fn begin(tool: &'static str, when: When, total: Option<u64>) -> Self {
        let terminal = io::stderr().is_terminal();
        let wanted = match when {
            When::Never => false,
            When::Always => true,
            When::Auto => terminal && total.is_some(),
        };
        let shown = match (wanted, terminal) {
            (false, _) => Shown::Nothing,
            (true, true) if when == When::Auto => Shown::Later(bar(total, hidden()), Instant::now() + PATIENCE),
            (true, true) => Shown::Bar(bar(total, drawn())),
            (true, false) => Shown::Lines { tool, total, started: Instant::now(), next: LINE_EVERY },
        };
        Progress { shown }
    }

    /// Says that `bytes` as stored and `records` have been read so far.
    pub fn set(&mut self, bytes: u64, records: u64) {
        if let Shown::Later(bar, from) = &self.shown
            && Instant::now() >= *from
        {
            bar.set_draw_target(drawn());
            self.shown = Shown::Bar(bar.clone());
        }
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) | Shown::Later(bar, _) => {
                bar.set_position(bytes);
                bar.set_message(counted(records));
            }
            Shown::Lines { tool, total, started, next } => {
                let passed = started.elapsed();
                if passed >= *next {
                    *next = passed + LINE_EVERY.max(passed / 10);
                    let line = line(tool, bytes, *total, records, passed);
                    // A closed stderr is no reason to stop.
                    let _ = io::stderr().write_all(line.as_bytes());
                }
            }
        }
    }

    /// Runs `write`, which writes to stderr, without mixing its lines with the bar.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(write),
            _ => write(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
        self.shown = Shown::Nothing;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn drawn() -> ProgressDrawTarget {
    ProgressDrawTarget::stderr_with_hz(REDRAWS)
}

fn hidden() -> ProgressDrawTarget {
    ProgressDrawTarget::hidden()
}

fn bar(total: Option<u64>, target: ProgressDrawTarget) -> ProgressBar {
    let template = if total.is_some() { KNOWN } else { UNKNOWN };
    let bar = ProgressBar::with_draw_target(total, target).with_message(counted(0));
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("#>-")),
        Err(_) => bar,
    }
}

/// `1,234,567 records`.
fn counted(records: u64) -> String {
    format!("{} {}", HumanCount(records), if records == 1 { "record" } else { "records" })
}

/// `flowcat: 45% of 1.20 GiB, 1,234,567 records, 2,345,678 a second`.
fn line(tool: &str, bytes: u64, total: Option<u64>, records: u64, passed: Duration) -> String {
    let seconds = passed.as_secs_f64().max(0.001);
    let rate = HumanCount((records as f64 / seconds) as u64);
    let records = counted(records);
    match total {
        Some(total) if total > 0 => {
            let percent = u128::from(bytes.min(total)) * 100 / u128::from(total);
            format!("{tool}: {percent}% of {}, {records}, {rate} a second\n", HumanBytes(total))
        }
        _ => format!("{tool}: {}, {records}, {rate} a second\n", HumanBytes(bytes)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_fast() {
        let passed = Duration::from_secs(2);
        assert_eq!(line("t", 50, Some(200), 3_000, passed), "t: 25% of 200 B, 3,000 records, 1,500 a second\n");
        assert_eq!(line("t", 2048, None, 7, passed), "t: 2.00 KiB, 7 records, 3 a second\n");
        assert_eq!(line("t", 23, Some(23), 1, passed), "t: 100% of 23 B, 1 record, 0 a second\n");
        // A file may grow while it is read.
        assert!(line("t", 300, Some(200), 1, passed).starts_with("t: 100% of"));
    }

    #[test]
    fn never_is_silent_even_where_the_size_is_known() {
        assert!(matches!(Progress::begin("t", When::Never, Some(1)).shown, Shown::Nothing));
    }

    #[test]
    fn a_bar_has_its_words_before_the_first_record() {
        assert_eq!(bar(Some(23), hidden()).message(), "0 records");
    }

    #[test]
    fn both_templates_are_accepted() {
        for template in [KNOWN, UNKNOWN] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
