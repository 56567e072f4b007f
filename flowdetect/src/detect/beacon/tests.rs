//! Beacons at and around their thresholds, through the scanner and the registry.
#![allow(clippy::unwrap_used)]

use crate::detect::tests::{alerts, values};
use serde_json::Value;

const MINUTE: u64 = 60_000_000_000;

/// A call `nanos` after noon.
fn call(source: &str, target: &str, port: u16, nanos: u64, bytes: u64) -> String {
    let (day, second, rest) = (nanos / (86_400 * 1_000_000_000), nanos / 1_000_000_000 % 86_400, nanos % 1_000_000_000);
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    let start = format!("2024-06-{:02}T{h:02}:{m:02}:{s:02}.{rest:09}Z", day + 1);
    format!(
        r#"{{"timestamp":"{start}","src_ip":"{source}","dst_ip":"{target}","dst_port":{port},"protocol":6,"bytes":{bytes}}}"#
    )
}

/// Calls with these gaps in nanoseconds.
fn calls(source: &str, port: u16, gaps: impl IntoIterator<Item = u64>) -> Vec<String> {
    let mut now = 0;
    let mut lines = vec![call(source, "192.0.2.1", port, 0, 333)];
    lines.extend(gaps.into_iter().map(|gap| {
        now += gap;
        call(source, "192.0.2.1", port, now, 333)
    }));
    lines
}

fn evidence(alert: &Value, term: &str) -> f64 {
    alert["evidence"][term].as_f64().unwrap()
}

#[test]
fn a_ratio_at_the_threshold_is_no_beacon_and_one_below_is() {
    // Gaps of 3 and 5: mean 4, deviation 1.
    let lines = calls("10.0.0.1", 443, [3 * MINUTE, 5 * MINUTE].repeat(8));
    assert!(alerts("beacon:rule=jitter,jitter=0.25", &lines).is_empty());
    let found = alerts("beacon:rule=jitter,jitter=0.2500001", &lines);
    assert_eq!(
        values(&found, &["src_ip", "dst_ip", "dst_port", "value", "severity"]),
        [r#"["10.0.0.1","192.0.2.1",443,0.25,"critical"]"#]
    );
    assert_eq!(
        [evidence(&found[0], "flows"), evidence(&found[0], "mean_interval"), evidence(&found[0], "jitter")],
        [17.0, 240.0, 0.25]
    );
    assert!(found[0]["score"].as_f64().unwrap() > 0.5);
}

#[test]
fn a_key_with_enough_flows_is_looked_at_and_one_with_less_is_not() {
    let mut lines = calls("2001:db8::1", 0, [MINUTE; 9]);
    lines.extend(calls("10.0.0.2", 443, [MINUTE; 8]));
    // The same rhythm on two ports is two keys.
    lines.extend(calls("10.0.0.3", 5060, [2 * MINUTE; 5]));
    lines.extend(calls("10.0.0.3", 5061, [2 * MINUTE; 5]));
    let found = alerts("beacon:rule=jitter", &lines);
    assert_eq!(values(&found, &["src_ip", "dst_port", "value", "score"]), [r#"["2001:db8::1",0,0,1]"#]);
    assert_eq!(alerts("beacon:rule=jitter,flows=9", &lines).len(), 2);
}

#[test]
fn flows_at_one_time_or_without_one_are_no_beacon() {
    assert!(alerts("beacon", &calls("10.0.0.1", 443, [0; 30])).is_empty());
    let timeless = vec![r#"{"src_ip":"10.0.0.1","dst_ip":"192.0.2.1","dst_port":443,"bytes":1}"#.to_owned(); 30];
    assert!(alerts("beacon", &timeless).is_empty());
}

#[test]
fn gaps_below_a_second_are_exact() {
    let lines = calls("10.0.0.1", 443, [1000, 3000].repeat(6));
    let found = alerts("beacon:rule=jitter,jitter=0.5000000001", &lines);
    assert_eq!([evidence(&found[0], "mean_interval"), evidence(&found[0], "jitter")], [2e-6, 0.5]);
    // All in one second, so that there is no score.
    assert!(found[0]["evidence"].get("score").is_none());
    assert_eq!(found[0]["end"], "2024-06-01T00:00:00.000024000Z");
}

#[test]
fn the_score_finds_what_the_ratio_misses() {
    // Every ten minutes for a day, but for three missed calls.
    let gaps = (0..140).map(|i| if [30, 70, 110].contains(&i) { 20 * MINUTE } else { 10 * MINUTE });
    let lines = calls("10.0.0.1", 443, gaps);
    let sized = |(i, line): (usize, &String)| line.replace("333", &(300 + i).to_string());
    let lines: Vec<String> = lines.iter().enumerate().map(sized).collect();
    assert!(alerts("beacon:rule=jitter,jitter=0.1", &lines).is_empty());
    let found = alerts("beacon:rule=score", &lines);
    assert_eq!(values(&found, &["threshold", "severity", "technique", "protocol"]), [r#"[0.8,"high","T1071",6]"#]);
    assert_eq!(found[0]["value"], found[0]["score"]);
    assert_eq!(evidence(&found[0], "score"), found[0]["value"].as_f64().unwrap());
    assert_eq!(["ts", "ds", "dur"].map(|t| evidence(&found[0], t)), [1.0, 0.953, 1.0]);
    // Both rules hold at this jitter, and the ratio's alone.
    let by_both = alerts("beacon:jitter=0.2", &lines);
    assert_eq!(values(&by_both, &["value", "severity"]), values(&found, &["value", "severity"]));
    let by_ratio = alerts("beacon:jitter=0.2,score=1", &lines);
    assert_eq!(values(&by_ratio, &["threshold", "severity"]), [r#"[0.8,"high"]"#]);
    assert_eq!(by_ratio[0]["value"], 1.0 - evidence(&by_ratio[0], "jitter"));
    let score = found[0]["value"].as_f64().unwrap();
    assert_eq!(alerts(&format!("beacon:rule=score,score={score}"), &lines).len(), 1);
    assert!(alerts(&format!("beacon:rule=score,score={}", score + 0.0001), &lines).is_empty());
}

#[test]
fn what_is_usual_is_low_and_says_why() {
    let usual = |item: &str, lines: &[String]| {
        let found = alerts(item, lines);
        let why = found[0]["evidence"].get("usual").map(|w| w.as_str().unwrap().to_owned());
        assert_eq!(found[0]["severity"], if why.is_some() { "low" } else { "high" });
        why.unwrap_or_default()
    };
    let plain = calls("10.0.0.1", 443, [MINUTE; 30]);
    assert_eq!(usual("beacon", &plain), "");
    assert_eq!(usual("beacon:services=80+443", &plain), "service");
    assert_eq!(usual("beacon:beats=1440", &plain), "");
    assert_eq!(usual("beacon:beats=1441", &plain), "rare");
    assert_eq!(usual("beacon:internal=192.0.2.0/24", &plain), "internal");
    assert_eq!(usual("beacon", &calls("10.0.0.1", 123, [MINUTE; 30])), "service");
    // Ten of forty sources call there, the tenth once.
    let others = |n: u8| (2..=n).map(|i| call(&format!("10.0.0.{i}"), "192.0.2.1", 443, 0, 1));
    let elsewhere = (100..130).map(|i| call(&format!("10.0.0.{i}"), "192.0.2.9", 443, 0, 1));
    let all: Vec<String> = plain.iter().cloned().chain(others(10)).chain(elsewhere.clone()).collect();
    assert_eq!(usual("beacon", &all), "prevalent");
    assert_eq!(usual("beacon:prevalence=0.26", &all), "");
    let nine: Vec<String> = plain.into_iter().chain(others(9)).collect();
    assert_eq!(usual("beacon", &nine), "");
}

#[test]
fn the_score_is_measured_against_the_whole_input() {
    let steady = calls("10.0.0.1", 443, [MINUTE; 99]);
    let hist = |lines: &[String]| evidence(&alerts("beacon:rule=jitter", lines)[0], "hist");
    let mut longer = steady.clone();
    // A flow of somebody else two days later, even one without a port.
    let late = call("10.0.0.9", "192.0.2.9", 1, 2 * 86_400_000_000_000, 1).replace(r#""dst_port":1,"#, "");
    longer.push(late);
    assert!(hist(&steady) > 0.9 && hist(&longer) == 0.0);
}

#[test]
fn sizes_count_and_absent_ones_do_not() {
    let lines = calls("10.0.0.1", 443, [MINUTE; 20]);
    let ds = |lines: &[String]| evidence(&alerts("beacon:rule=jitter", lines)[0], "ds");
    let without: Vec<String> = lines.iter().map(|l| l.replace(r#","bytes":333"#, "")).collect();
    assert_eq!((ds(&lines), ds(&without)), (1.0, 0.0));
}
