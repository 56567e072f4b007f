//! Exactly what was changed between a week and a day is named.

#![allow(clippy::unwrap_used)]

use crate::view::testing::{refusal, rows, written};
use serde_json::Value;

/// A week, or its eighth day, of four hosts that each do the same every day.
fn days(days: std::ops::Range<u32>) -> Vec<String> {
    let mut lines = Vec::new();
    for day in days {
        for i in 0..200u32 {
            let (host, hour) = (i % 4, i % 24);
            let (port, protocol) = if i % 5 == 0 { (53, 17) } else { (443, 6) };
            // Answers to clients have a port each.
            let port = if i % 50 == 7 { 40_000 + i + 1000 * day } else { port };
            lines.push(format!(
                r#"{{"timestamp":"2026-03-{day:02}T{hour:02}:{:02}:00Z","src_ip":"10.0.0.{host}","dst_ip":"10.0.1.{}","dst_port":{port},"protocol":{protocol},"packets":10,"bytes":{}}}"#,
                i % 60, i % 3, 500_000 + i * 1000
            ));
        }
    }
    lines
}

/// The changes between a week and this day, without their numbers.
fn changes(day: &[String], item: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("week.json");
    let week = days(1..8);
    std::fs::write(&path, written("baseline", &week.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    let day: Vec<&str> = day.iter().map(String::as_str).collect();
    let item = format!("diff:before={}{item}", path.display());
    let made = rows(&item, &day);
    // A day as a baseline gives the same.
    let as_baseline = written("baseline", &day);
    assert_eq!(rows(&item, &as_baseline.lines().collect::<Vec<_>>()), made);
    for row in &made {
        let names: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).skip(1).collect();
        let mut columns = super::VIEW.spec.columns.iter().map(|c| c.name);
        assert!(names.iter().all(|name| columns.any(|c| c == *name)), "columns in order: {names:?}");
    }
    let shown =
        |r: &Value| format!("{} {} {}", r["section"].as_str().unwrap(), r["change"].as_str().unwrap(), r["key"]);
    made.iter().map(shown).collect()
}

#[test]
fn a_day_like_all_others_has_no_changes() {
    assert_eq!(changes(&days(8..9), ""), Vec::<String>::new());
}

#[test]
fn exactly_what_was_changed_is_named() {
    let mut day = days(8..9);
    // One host is gone, one is new and talks to a new port, one sends much, and everybody pings.
    day.retain(|l| !l.contains(r#""src_ip":"10.0.0.2""#));
    let flow = |src: &str, dst: &str, port: u32, protocol: u32, bytes: u64| {
        format!(
            r#"{{"timestamp":"2026-03-08T05:00:00Z","src_ip":"{src}","dst_ip":"{dst}","dst_port":{port},"protocol":{protocol},"bytes":{bytes}}}"#
        )
    };
    day.extend((0..30).map(|_| flow("10.0.0.77", "10.0.1.0", 4444, 6, 100)));
    day.push(flow("10.0.0.3", "10.0.1.1", 443, 6, 900_000_000));
    day.extend((0..60).map(|_| flow("10.0.0.1", "10.0.1.2", 0, 1, 84)));
    day.push(flow("10.0.0.1", "10.0.0.3", 443, 6, 60));
    let found = changes(&day, "");
    let expected = [
        "hosts gone \"10.0.0.2\"",
        "hosts more \"10.0.0.3\"",
        "hosts new \"10.0.0.77\"",
        "pairs gone [\"10.0.0.2\",\"10.0.1.0\"]",
        "pairs gone [\"10.0.0.2\",\"10.0.1.1\"]",
        "pairs gone [\"10.0.0.2\",\"10.0.1.2\"]",
        "pairs new [\"10.0.0.1\",\"10.0.0.3\"]",
        "pairs new [\"10.0.0.77\",\"10.0.1.0\"]",
        "ports more 443",
        "ports new 0",
        "ports new 4444",
        "protocols new 1",
        "protocols share 17",
        "protocols share 6",
        "total more \"all\"",
    ];
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let sections: Vec<&str> = found.iter().map(|t| t.split(' ').next().unwrap()).collect();
    assert!(
        sections.is_sorted_by_key(|s| ["hosts", "pairs", "ports", "protocols", "total"].iter().position(|t| t == s))
    );
    // Thresholds decide: the pairs of the host that is gone had 17 flows a day each.
    assert!(!changes(&day, ",flows=20").iter().any(|t| t.starts_with("pairs gone")));
    assert!(!changes(&day, ",bytes=10G").iter().any(|t| t.contains("more")));
    assert!(!changes(&day, ",flows=1000").iter().any(|t| t.contains("gone") || t.starts_with("ports new")));
}

#[test]
fn a_shift_between_protocols_is_told_with_both_parts() {
    let day: Vec<String> = days(8..9).into_iter().map(|l| l.replace(r#""protocol":6"#, r#""protocol":17"#)).collect();
    let half: Vec<String> =
        days(8..9).into_iter().zip(day).enumerate().map(|(i, (a, b))| if i % 2 == 0 { a } else { b }).collect();
    let found = changes(&half, "");
    assert_eq!(
        found,
        ["protocols share 17", "protocols share 6"].map(str::to_owned).into_iter().rev().collect::<Vec<_>>()
    );
}

#[test]
fn a_baseline_is_needed() {
    assert!(refusal("diff").contains("before=FILE is needed"));
    assert!(refusal("diff:before=/nowhere/b.json").contains("/nowhere/b.json"));
}
