//! A baseline is a function of the multiset of flows, and views read it as they read flows.

#![allow(clippy::unwrap_used)]

use crate::view::build_item;
use crate::view::testing::{column, refusal, rows, written};
use flow_record::scan::{Clean, LineKind, Scanner};
use flow_record::state::Setup;
use serde_json::{Value, json};

/// Flows of a few hosts over nine days: both families, one and both directions, with and without times, names, statistics.
fn flows(n: u32) -> Vec<String> {
    (0..n)
        .map(|i| {
            let (day, hour) = (1 + i * 7 % 9, i * 11 % 24);
            let time = format!(r#""timestamp":"2026-03-{day:02}T{hour:02}:{:02}:00.{:03}Z","duration":{}.5,"#, i % 60, i % 1000, i % 5);
            let dst = if i % 4 == 0 { format!("2001:db8::{:x}", i % 37) } else { format!("10.1.0.{}", i * i % 50) };
            let more = match i % 5 {
                0 => format!(r#","rev_bytes":{},"rev_packets":2"#, i * 3),
                1 => r#","dst_country":"PT","dst_org":"A \"B\"","src_country":"ES""#.to_owned(),
                2 => format!(r#","bidirectional_mean_ps":{}.125,"src2dst_mean_piat_ms":{}"#, i % 90, i % 7),
                3 => r#","flows":4"#.to_owned(),
                _ => String::new(),
            };
            let time = if i % 13 == 12 { "" } else { &time };
            format!(
                r#"{{{time}"src_ip":"10.0.0.{}","dst_ip":"{dst}","dst_port":{},"protocol":{},"packets":{},"bytes":{}{more}}}"#,
                i % 7, 20 + i * i % 90, if i % 3 == 0 { 17 } else { 6 }, i % 9, i * 9973 % 4096
            )
        })
        .collect()
}

fn texts(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

fn baseline(item: &str, lines: &[&str]) -> Vec<String> {
    written(item, lines).lines().map(str::to_owned).collect()
}

#[test]
fn any_split_merges_to_the_bytes_of_one_run() {
    let all = flows(700);
    let all = texts(&all);
    for item in ["baseline", "baseline:by=host", "baseline:by=dst_ip", "baseline:by=src_ip/30+dst_port,keep=3d"] {
        let whole = baseline(item, &all);
        assert!(whole.len() > 100, "{item}");
        for cut in [0, 1, 250, 700] {
            let (a, b) = (baseline(item, &all[..cut]), baseline(item, &all[cut..]));
            let lines = |parts: &[&[String]]| parts.concat();
            let both = lines(&[&b, &a]);
            assert_eq!(baseline(item, &texts(&both)), whole, "{item} at {cut}");
            // A baseline and the rest of the flows, which come in between.
            let update: Vec<&str> = texts(&a).into_iter().chain(all[cut..].iter().copied()).rev().collect();
            assert_eq!(baseline(item, &update), whole, "{item} at {cut}, updated");
        }
        let nothing = baseline(item, &[]);
        assert_eq!(nothing.len(), 2, "{item}");
        assert_eq!(baseline(item, &texts(&[nothing, whole.clone()].concat())), whole, "{item} and nothing");
    }
}

#[test]
fn parameters_are_those_of_the_baselines_that_are_merged() {
    let all = flows(40);
    let by_host = baseline("baseline:by=host,keep=30d", &texts(&all));
    assert_eq!(baseline("baseline", &texts(&by_host)), by_host);
    let mixed: Vec<String> = by_host.iter().cloned().chain(all.iter().cloned()).collect();
    let told = fault("baseline", &texts(&mixed)).unwrap();
    assert!(told.contains("by=host") && told.contains("by=src_ip") && told.contains("baseline:by="), "{told}");
    let other = baseline("baseline", &texts(&all));
    let both: Vec<String> = by_host.into_iter().chain(other).collect();
    assert!(fault("baseline", &texts(&both)).unwrap().contains("do not add up"));
    assert!(fault("hosts", &texts(&both)).unwrap().contains("do not add up"));
}

/// What is wrong with lines in the eyes of an item.
fn fault(item: &str, lines: &[&str]) -> Option<String> {
    let mut setup = Setup::default();
    let mut state = build_item(item, &mut setup).unwrap();
    let mut scanner = Scanner::watching(setup.watched());
    for line in lines {
        let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
        let _ = if line.kind == LineKind::Flow { state.flow(&line) } else { state.line(&line) };
    }
    state.fault()
}

fn sections(lines: &[String], section: &str) -> Vec<Value> {
    let parsed = lines.iter().map(|l| serde_json::from_str::<Value>(l).unwrap());
    parsed.filter(|l| l["section"] == section).collect()
}

#[test]
fn each_section_says_what_it_is_for() {
    let all = flows(700);
    let lines = baseline("baseline", &texts(&all));
    let header: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(
        (&header["version"], &header["by"], &header["keep"]),
        (&json!(1), &json!("src_ip"), &json!(400 * 86_400))
    );
    assert_eq!(header["first"], "2026-03-01T00:00:00.000Z");
    let hosts = sections(&lines, "hosts");
    assert_eq!(hosts.len(), 7);
    let (key, data) = (&hosts[1]["key"], &hosts[1]["data"]);
    let own = |l: &&String| l.contains(r#""src_ip":"10.0.0.1""#);
    assert_eq!(key, "10.0.0.1");
    let weight = |l: &String| if l.contains(r#""flows":4"#) { 4 } else { 1 };
    let flows: u64 = all.iter().filter(own).map(weight).sum();
    assert_eq!(data["sums"]["flows"], flows);
    let protocols: u64 = data["protocols"].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum();
    assert_eq!(protocols, flows);
    let named = all.iter().filter(own).filter(|l| l.contains("PT")).count();
    assert_eq!(
        (&data["countries"], &data["organisations"]),
        (&json!({"flows":{"PT":named}}), &json!({"flows":{"A \"B\"":named}}))
    );
    assert!(data["hours"].as_object().unwrap().keys().all(|h| h.parse::<u8>().unwrap() < 168));
    assert!(sections(&lines, "pairs").iter().all(|p| p["key"][1].as_str().unwrap().starts_with("10.1.")));
    assert_eq!(sections(&lines, "days").len(), 9);
    let sizes = sections(&lines, "fields").into_iter().find(|f| f["key"] == "bidirectional_mean_ps").unwrap();
    assert_eq!((&sizes["data"]["unit"], &sizes["data"]["moments"]["n"]), (&json!(1_000_000_000), &json!(140)));
    let mean = sizes["data"]["moments"]["sum"].as_f64().unwrap() / 140e9;
    let expected: f64 = (0..700).filter(|i| i % 5 == 2).map(|i| f64::from(i % 90) + 0.125).sum::<f64>() / 140.0;
    assert!((mean - expected).abs() < 1e-9);
    let trailer: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!((&trailer["lines"], &trailer["days"]), (&json!(lines.len() - 1), &json!(9)));
    assert!(trailer.get("insufficient_history").is_none());
}

#[test]
fn by_host_a_baseline_knows_both_ends() {
    let line = r#"{"timestamp":"2026-03-02T00:30:00Z","src_ip":"10.0.0.1","dst_ip":"10.0.0.2","dst_port":80,"bytes":5,"rev_bytes":9,"src_country":"ES","dst_country":"PT"}"#;
    let hosts = sections(&baseline("baseline:by=host", &[line]), "hosts");
    let [a, b] = [&hosts[0]["data"], &hosts[1]["data"]];
    assert_eq!((&a["sums"]["bytes"], &b["sums"]["bytes"], &b["sums"]["rev_bytes"]), (&json!(5), &json!(9), &json!(5)));
    assert_eq!((&a["peers"], &b["peers"]), (&json!(["10.0.0.2"]), &json!(["10.0.0.1"])));
    assert_eq!((&a["countries"], &b["countries"]), (&json!({"flows":{"PT":1}}), &json!({"flows":{"ES":1}})));
    // A Monday, half past midnight.
    assert_eq!(a["hours"], json!({"0": 1}));
}

#[test]
fn views_read_a_baseline_as_they_read_flows() {
    let all = flows(700);
    let all = texts(&all);
    let items = [
        "summary",
        "summary:tz=Asia/Tokyo",
        "hourly",
        "hourly:tz=Europe/Lisbon",
        "daily",
        "weekly",
        "weekly:tz=-05:00",
        "hosts",
        "hosts:by=src_ip/29",
        "hosts:top=3,measure=packets",
        "hosts:quantiles=no",
        "protocols",
        "ports",
        "ports:top=65536",
        "describe",
        "describe:of=duration+rev_bytes",
        "hourly:exclude=2026-03-02+2026-03-05",
        "weekly:forget=2d",
        "hourly:forget=3d",
        "daily:exclude=2026-03-02",
    ];
    let made = baseline("baseline", &all);
    for item in items {
        assert_eq!(written(item, &texts(&made)), written(item, &all), "{item}");
        // Flows and a baseline add up.
        let half: Vec<String> = baseline("baseline", &all[..300]);
        let both: Vec<&str> = texts(&half).into_iter().chain(all[300..].iter().copied()).collect();
        assert_eq!(written(item, &both), written(item, &all), "{item} of both");
    }
    for (by, item) in [("host", "hosts:by=host"), ("dst_ip", "hosts:by=dst_ip"), ("dst_ip", "hosts:by=dst_ip/24/32")] {
        let made = baseline(&format!("baseline:by={by}"), &all);
        assert_eq!(written(item, &texts(&made)), written(item, &all), "{item}");
    }
    let made = baseline("baseline:by=src_ip/29", &all);
    assert_eq!(written("hosts:by=src_ip/29", &texts(&made)), written("hosts:by=src_ip/29", &all));
}

#[test]
fn views_say_what_a_baseline_does_not_have() {
    let all = flows(60);
    let made = baseline("baseline", &texts(&all));
    for (item, told) in [
        ("hosts:by=host", "by=src_ip"),
        ("hosts:by=dst_ip", "by=src_ip"),
        ("hosts:quantiles=exact", "exact"),
        ("describe:of=bytes+ratio", "of=ratio"),
        ("describe:quantiles=exact", "exact"),
        ("daily:tz=Asia/Tokyo", "UTC"),
        ("hourly:tz=Asia/Kolkata", "whole hours"),
        ("weekly:tz=Asia/Kolkata", "whole hours"),
        ("summary:tz=Asia/Kolkata", "whole hours"),
        ("baseline:exclude=2026-03-02", "2026-03-02"),
    ] {
        let fault = fault(item, &texts(&made)).unwrap_or_default();
        assert!(fault.contains(told), "{item}: {fault}");
        assert_eq!(self::fault(item, &[]), None, "{item}");
    }
}

#[test]
fn little_history_is_said() {
    let all: Vec<String> = flows(700).into_iter().filter(|l| l.contains("-03-01T") || l.contains("-03-02T")).collect();
    let made = baseline("baseline", &texts(&all));
    assert!(made.last().unwrap().contains(r#""days":2,"insufficient_history":true"#));
    assert_eq!(column(&rows("summary", &texts(&made)), "insufficient_history"), "true");
    assert_eq!(column(&rows("summary", &texts(&all)), "insufficient_history"), "-");
}

#[test]
fn excluded_dates_and_old_hours_are_left_out() {
    let all = flows(700);
    let kept: Vec<&str> = texts(&all).into_iter().filter(|l| !l.contains("-03-04T")).collect();
    let whole = baseline("baseline:exclude=2026-03-04", &texts(&all));
    assert_eq!(whole, baseline("baseline", &kept));
    let days = |lines: &[String]| {
        sections(lines, "days").iter().map(|d| d["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let recent = baseline("baseline:keep=2d", &texts(&all));
    assert_eq!(days(&recent), ["2026-03-07", "2026-03-08", "2026-03-09"]);
    let hours = sections(&recent, "hours");
    assert!(
        hours.len() > 12 && hours.iter().all(|h| h["key"].as_str().unwrap() >= "2026-03-07T22"),
        "{}",
        hours[0]["key"]
    );
    assert!(refusal("baseline:exclude=yesterday").contains("a date is expected"));
    assert!(refusal("hourly:exclude=2026-02-30").contains("2026-02-30"));
    assert!(refusal("baseline:as=normal").contains("as=normal"));
}

#[test]
fn old_days_weigh_less() {
    let flow = |day: u32, bytes: u32| format!(r#"{{"timestamp":"2026-03-{day:02}T05:10:00Z","bytes":{bytes}}}"#);
    let lines = [flow(9, 400), flow(16, 100), flow(17, 0)];
    let rows = rows("hourly:forget=7d", &texts(&lines));
    // Dates 8, 1 and 0 days before the last.
    let (a, b) = ((-8f64 / 7.0).exp2(), (-1f64 / 7.0).exp2());
    let mean = (a * 400.0 + b * 100.0) / (a + b + 1.0);
    assert!((rows[0]["bytes_day_mean"].as_f64().unwrap() - mean).abs() < 1e-9);
    let spread = a * (400.0 - mean).powi(2) + b * (100.0 - mean).powi(2) + mean.powi(2);
    let free = a + b + 1.0 - (a * a + b * b + 1.0) / (a + b + 1.0);
    assert!((rows[0]["bytes_day_std"].as_f64().unwrap() - (spread / free).sqrt()).abs() < 1e-9);
    // Of equal weights it is the sample deviation.
    let weights = written("hourly:forget=10000w", &texts(&lines));
    let plain = written("hourly", &texts(&lines));
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap()["bytes_day_std"].as_f64().unwrap();
    assert!((value(&weights) / value(&plain) - 1.0).abs() < 1e-3);
}
