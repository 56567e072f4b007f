//! What holds for every view.

#![allow(clippy::unwrap_used)]

use super::testing::written;
use super::*;
use flow_record::scan::Scanner;
use flow_record::state::LACKS;

/// Flows that have every field that a view reads, in both directions, several of each key.
const FLOWS: [&str; 4] = [
    r#"{"timestamp":"2026-03-09T08:00:00.000Z","duration":1.5,"src_ip":"10.0.0.1","dst_ip":"10.0.1.1","src_port":50000,"dst_port":443,"protocol":6,"packets":10,"bytes":1000,"rev_packets":5,"rev_bytes":500}"#,
    r#"{"timestamp":"2026-03-10T09:30:00.000Z","duration":0,"src_ip":"10.0.0.1","dst_ip":"10.0.1.2","src_port":50001,"dst_port":80,"protocol":6,"packets":1,"bytes":40,"rev_packets":1,"rev_bytes":40}"#,
    r#"{"timestamp":"2026-03-10T08:00:00.000Z","duration":9,"src_ip":"2001:db8::1","dst_ip":"2001:db8::2","src_port":0,"dst_port":0,"protocol":58,"packets":2,"bytes":128}"#,
    r#"{"timestamp":"2026-03-17T10:00:00.000Z","duration":2,"src_ip":"10.0.0.2","dst_ip":"10.0.0.1","src_port":53,"dst_port":53,"protocol":17,"packets":2,"bytes":222}"#,
];

/// Items that between them write every column but those of sketches.
const ITEMS: [&str; 27] = [
    "summary",
    "hourly",
    "daily",
    "weekly",
    "hosts",
    "hosts:by=dst_ip",
    "hosts:by=host",
    "pairs",
    "protocols",
    "ports",
    "top",
    "top:measure=duration",
    "top:approx=true",
    "timeline",
    "timeline:bin=1d,by=protocol",
    "rates:by=src_ip",
    "rates",
    "entropy",
    "matrix",
    "group:agg=count+sum(bytes)+mean(bytes)+std(bytes)+min(bytes)+max(bytes)+median(bytes)+p95(bytes)+distinct(dst_ip)+rate(bytes)+first+last",
    "group",
    "group:approx=true",
    "sessions",
    "describe",
    "fields",
    "baseline",
    "report",
];

/// Views that need a file; their own tests hold their columns.
const FROM_FILES: [&str; 1] = ["diff"];

#[test]
fn names_are_unique_and_everything_is_explained() {
    let mut names: Vec<_> = VIEWS.iter().map(|v| v.spec.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|w| w[0] != w[1]));
    for View { spec, .. } in VIEWS {
        for text in [spec.about, spec.explain, spec.memory, spec.source] {
            assert!(!text.trim().is_empty(), "{}", spec.name);
        }
        assert!(!spec.about.ends_with('.') && !spec.columns.is_empty(), "{}", spec.name);
        for (i, column) in spec.columns.iter().enumerate() {
            assert!(!column.about.is_empty(), "{}.{}", spec.name, column.name);
            assert!(spec.columns[..i].iter().all(|c| c.name != column.name), "{}.{}", spec.name, column.name);
        }
        for param in spec.params {
            assert!(!param.about.is_empty() && param.name != "as", "{}.{}", spec.name, param.name);
        }
        for need in spec.needs {
            assert!(flow_record::record::FieldId::named(need).is_some(), "{}: {need}", spec.name);
        }
    }
}

#[test]
fn every_view_builds_with_its_defaults_and_has_an_item_here() {
    for view in VIEWS.iter().filter(|v| !FROM_FILES.contains(&v.spec.name)) {
        assert!((view.build)(&Args::defaults(&view.spec), &mut Setup::default()).is_ok(), "{}", view.spec.name);
        assert!(ITEMS.contains(&view.spec.name), "{}", view.spec.name);
    }
}

/// Names of a row's members, in order.
fn members(row: &str) -> Vec<String> {
    let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(row).unwrap();
    row.keys().cloned().collect()
}

#[test]
fn rows_have_the_columns_of_their_view_in_order_and_each_column_is_written() {
    for View { spec, .. } in VIEWS.iter().filter(|v| !FROM_FILES.contains(&v.spec.name)) {
        let mut met = std::collections::BTreeSet::new();
        for item in ITEMS.iter().filter(|i| i.split(':').next() == Some(spec.name)) {
            for row in written(item, &FLOWS).lines() {
                let names = members(row);
                assert_eq!(names[0], "kind", "{item}");
                let mut columns = spec.columns.iter().map(|c| c.name);
                for name in &names[1..] {
                    assert!(columns.any(|c| c == name), "{item}: {name} is no column, or out of order: {row}");
                }
                met.extend(names);
            }
        }
        for column in spec.columns {
            // Those of sketches, and what a view says of a baseline.
            let is_rare = matches!(column.name, "approx" | "approx_error" | "insufficient_history" | "changes");
            assert!(is_rare || met.contains(column.name), "{}: {} is never written", spec.name, column.name);
        }
    }
}

#[test]
fn of_nothing_only_the_summary_and_the_report_have_a_row_and_a_baseline_two() {
    for item in ITEMS {
        let rows = written(item, &[]).lines().count();
        let expected = match item {
            "summary" | "report" => 1,
            // The first and the last line.
            "baseline" => 2,
            _ => 0,
        };
        assert_eq!(rows, expected, "{item}");
    }
}

#[test]
fn rows_are_the_same_in_whatever_order_and_parts_flows_come() {
    let flows: Vec<String> = (0..300u32)
        .map(|i| {
            let (hour, host, port) = (i * 7 % 24, i * i % 11, i * 13 % 5);
            format!(
                r#"{{"timestamp":"2026-03-{:02}T{hour:02}:{:02}:00.{:03}Z","duration":{}.25,"src_ip":"10.0.0.{host}","src_port":{port},"dst_ip":"10.0.1.{}","dst_port":{port},"protocol":{},"packets":{},"bytes":{}}}"#,
                9 + i % 9, i % 60, i % 1000, i % 4, i % 17, if i % 3 == 0 { 17 } else { 6 }, i % 8, i * 9973 % 4096
            )
        })
        .collect();
    let mut lines: Vec<&str> = flows.iter().map(String::as_str).collect();
    for item in ITEMS {
        let once = written(item, &lines);
        assert!(!once.is_empty(), "{item}");
        lines.reverse();
        assert_eq!(written(item, &lines), once, "{item}");
        lines.rotate_left(101);
        assert_eq!(written(item, &lines), once, "{item}");
    }
}

#[test]
fn what_a_view_lacks_is_what_it_names() {
    let line = flow_record::scan::Clean::line(br#"{"packets":1}"#).unwrap();
    for item in ITEMS {
        let mut setup = Setup::default();
        let mut state = build_item(item, &mut setup).unwrap();
        let mut scanner = Scanner::watching(setup.watched());
        match state.flow(&scanner.scan(line).unwrap()) {
            Err(LACKS) => assert!(!state.lacks().is_empty(), "{item} leaves a flow out and cannot say why"),
            taken => assert_eq!(taken.is_ok(), !state.is_empty(), "{item}"),
        }
    }
}

#[test]
fn an_empty_state_is_as_new_and_changes_nothing_when_merged() {
    for item in ITEMS {
        let mut setup = Setup::default();
        let mut state = build_item(item, &mut setup).unwrap();
        assert!(state.is_empty(), "{item}");
        let mut scanner = Scanner::watching(setup.watched());
        for flow in FLOWS {
            let line = flow_record::scan::Clean::line(flow.as_bytes()).unwrap();
            let _ = state.flow(&scanner.scan(line).unwrap());
        }
        assert!(!state.is_empty() && (*state).empty().is_empty(), "{item}");
        let mut merged = (*state).empty();
        merged.merge(state.clone());
        merged.merge((*state).empty());
        assert_eq!(finished(merged), finished(state), "{item}");
    }
}

fn finished(state: ViewState) -> String {
    let mut out = Vec::new();
    let mut write = |chunk: &[u8]| out.extend_from_slice(chunk);
    state.finish(&mut rows::Rows::of_kind("test", &mut write));
    String::from_utf8(out).unwrap()
}
