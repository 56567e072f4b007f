//! Order, ties, lateness, and runs in files against the standard library's stable sort.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::flows::Flows;
use crate::source::testing::{lines, outcome};
use flow_record::output::Sink;
use flow_record::run::{Conduct, Session};
use flow_record::value::time::Time;
use proptest::prelude::*;

/// A line with a second, or without a time, and a number to know it by.
fn line(second: Option<u32>, number: usize) -> String {
    let time = second.map(|s| format!("\"timestamp\":\"2026-03-10T00:{:02}:{:02}.000Z\" , ", s / 60, s % 60));
    format!("{{{}\"bytes\":{number}}}", time.unwrap_or_default())
}

fn text(seconds: &[Option<u32>]) -> String {
    seconds.iter().enumerate().map(|(n, s)| line(*s, n) + "\n").collect()
}

fn in_order(seconds: &[Option<u32>]) -> Vec<String> {
    let mut all: Vec<_> = seconds.iter().copied().enumerate().collect();
    all.sort_by_key(|(_, second)| second.unwrap_or(u32::MAX));
    all.into_iter().map(|(n, s)| line(s, n)).collect()
}

const SECONDS: [Option<u32>; 9] = [Some(7), None, Some(3), Some(7), Some(1), None, Some(3), Some(200), Some(3)];

#[test]
fn flows_come_by_their_start_ties_as_they_came_and_those_without_a_time_last() {
    let sorted = in_order(&SECONDS);
    assert_eq!(sorted[0], line(Some(1), 4));
    assert_eq!(sorted[8], line(None, 5));
    assert_eq!(lines(text(&SECONDS), &["--sort"]), sorted);
    assert_eq!(lines(text(&SECONDS), &["--sort=all", "--lateness", "1s"]), sorted);
    assert_eq!(lines(text(&SECONDS), &["--sort", "--head", "2"]), sorted[..2]);
    assert_eq!(lines(text(&SECONDS), &["--sort", "-w", "bytes != 4", "--head", "1"]), sorted[1..2]);
}

#[test]
fn what_is_no_flow_passes_before_and_ticks_are_left_out() {
    let alert = r#"{"kind":"alert","id":"0"}"#;
    let tick = r#"{"kind":"tick","timestamp":"2026-03-10T00:00:00.000Z"}"#;
    let text = format!("{}\n{tick}\n{alert}\n", line(Some(1), 0));
    assert_eq!(lines(&text, &["--sort"]), [alert, &line(Some(1), 0)]);
    assert_eq!(outcome(&text, &["--sort"]).code, 0);
}

#[test]
fn members_that_are_kept_stay_with_their_flow() {
    let table = "ts,src_ip,x\n20,10.0.0.2,b\n10,10.0.0.1,a\n";
    let found = lines(table, &["--sort", "--keep-extra"]);
    assert!(found[0].ends_with(r#""x":"a"}"#) && found[1].ends_with(r#""x":"b"}"#), "{found:?}");
}

/// The numbers of flows that start at these seconds, in the order in which they leave, with those that left early.
fn streamed(seconds: &[u32], lateness: &str) -> Vec<usize> {
    let seconds: Vec<_> = seconds.iter().copied().map(Some).collect();
    let number = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["bytes"].as_u64().unwrap();
    lines(text(&seconds), &["--sort", "--lateness", lateness]).iter().map(|l| number(l) as usize).collect()
}

#[test]
fn with_a_lateness_flows_leave_when_nothing_earlier_can_come_and_later_ones_at_once() {
    assert_eq!(streamed(&[10, 8, 12, 9, 30, 31], "5s"), [1, 3, 0, 2, 4, 5]);
    // 5 comes 25 s late, when 12 has gone on.
    assert_eq!(streamed(&[10, 12, 30, 5, 29], "5s"), [0, 1, 3, 4, 2]);
    assert_eq!(streamed(&[10, 9, 11], "0s"), [0, 1, 2]);
}

#[test]
fn a_time_that_is_not_to_be_believed_makes_nothing_late() {
    let far = r#"{"timestamp":"2099-03-10T00:00:00.000Z","bytes":9,"clock":"implausible"}"#;
    let text = format!("{far}\n{}\n{}\n{}\n", line(Some(9), 0), line(Some(5), 1), line(None, 2));
    let found = lines(&text, &["--sort", "--lateness", "10s"]);
    assert_eq!(found, [&line(None, 2), &line(Some(5), 1), &line(Some(9), 0), far]);
}

#[test]
fn options_that_need_another_or_are_out_of_range_are_refused() {
    let refused = |args: &[&str]| {
        use clap::Parser;
        match crate::options::Options::try_parse_from([&["flowcat"], args].concat()) {
            Ok(options) => options.steps.build(None, false).err().unwrap(),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(refused(&["--memory", "1G"]), "--memory goes with --sort");
    assert_eq!(refused(&["--spill", "/tmp"]), "--spill goes with --sort");
    assert!(refused(&["--sort", "--spill", "/nonexistent"]).starts_with("--spill /nonexistent: "));
    assert!(refused(&["--sort=bytes"]).contains("sorted by their start"));
    assert!(refused(&["--sort", "--memory", "1M"]).contains("8M or more"));
}

/// The step by itself, with so little memory as no user may ask for; what comes out, and the session's last words.
fn small(flows: &[(Option<i64>, usize)], memory: u64, spill: Option<Spill>) -> (Vec<u64>, u8, u64) {
    let mut session = Session::begin("flowcat", Conduct { quiet: true, ..Conduct::default() }, Sink::none()).unwrap();
    let plan = Plan { lateness: None, memory, spill };
    let mut all = Flows::look(&mut session, vec![step(plan)]);
    for (number, (start, length)) in flows.iter().enumerate() {
        let mut flow = Flow::new();
        flow.set_integer(field::BYTES, number as u64);
        if let Some(start) = start {
            flow.set_time(Time(*start), 9);
        }
        let extras = format!(",\"x\":\"{}\"", "y".repeat(*length));
        all.flow_with(&flow, extras.as_bytes());
    }
    all.drain();
    let number = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["bytes"].as_u64().unwrap();
    let found = std::str::from_utf8(all.lines()).unwrap().lines().map(number).collect();
    all.finish();
    let read = session.account.read();
    (found, session.end().code(), read)
}

#[test]
fn where_there_is_no_room_nothing_leaves_and_all_is_accounted_for() {
    let flows: Vec<_> = (0..100).map(|n| (Some(n), 100)).collect();
    assert_eq!(small(&flows, 5_000, None), (vec![], 2, 100));
    let folder = tempfile::tempdir().unwrap();
    let spill = Spill::new(folder.path().into()).unwrap();
    assert_eq!(small(&flows, 5_000, Some(spill)).1, 0);
}

/// Counts the flows that pass.
struct Count(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl Step for Count {
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        next.flow(record);
    }
}

#[test]
fn no_more_is_read_from_files_than_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::begin("flowcat", Conduct { quiet: true, ..Conduct::default() }, Sink::none()).unwrap();
    let plan = Plan { lateness: None, memory: 500, spill: Some(Spill::new(folder.path().into()).unwrap()) };
    let count = std::sync::Arc::default();
    let steps: Vec<Box<dyn Step>> =
        vec![step(plan), Box::new(Count(std::sync::Arc::clone(&count))), Box::new(crate::step::Head::new(3))];
    let mut all = Flows::look(&mut session, steps);
    let mut flow = Flow::new();
    for number in 0..1000 {
        flow.set_integer(field::BYTES, number);
        flow.set_time(Time(1000 - number as i64), 9);
        all.flow(&flow);
    }
    all.finish();
    assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 3);
    let fates = &session.account.fates;
    assert_eq!((fates.passed, fates.filtered, fates.unused.len(), session.end().code()), (3, 997, 0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn runs_in_files_are_merged_as_one_stable_sort(
        starts in proptest::collection::vec(proptest::option::weighted(0.95, -20i64..20), 0..600),
        lengths in proptest::collection::vec(prop_oneof![20 => 0usize..50, 1 => Just(70_000usize)], 600),
        // The smallest makes a run of each flow, so that levels rise.
        memory in prop_oneof![Just(1u64), 200u64..2_000, Just(1 << 40)],
    ) {
        let flows: Vec<_> = starts.into_iter().zip(lengths).collect();
        let folder = tempfile::tempdir().unwrap();
        let (found, code, read) = small(&flows, memory, Some(Spill::new(folder.path().into()).unwrap()));
        let mut expected: Vec<_> = (0..flows.len() as u64).collect();
        expected.sort_by_key(|n| flows[*n as usize].0.unwrap_or(i64::MAX));
        prop_assert_eq!(found, expected);
        prop_assert_eq!((code, read), (0, flows.len() as u64));
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "files have no name");
    }
}
