//! Sums of flows that no single flow could hold: every program takes what another writes, and all digits stay.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{FILTERS, flow, folder, run, run_with};
use serde_json::Value;

const MAX: u128 = (1 << 53) - 1;

/// A thousand flows with the largest counts that there are: 980 of one pair, twenty pairs with one each.
fn largest() -> String {
    let flow = |i: usize| {
        let from = if i < 980 { 1 } else { i - 978 };
        format!(
            "{{\"timestamp\":\"2026-01-01T00:{:02}:{:02}Z\",\"duration\":9223372036,\"src_ip\":\"10.0.0.{from}\",\
             \"dst_ip\":\"192.0.2.1\",\"dst_port\":{},\"protocol\":6,\"packets\":{MAX},\"bytes\":{MAX},\
             \"rev_packets\":{MAX},\"rev_bytes\":{MAX},\"flows\":{MAX}}}\n",
            i / 60,
            i % 60,
            i % 100
        )
    };
    (0..1000).map(flow).collect()
}

/// The text of a member, digit by digit.
fn member<'l>(line: &'l str, name: &str) -> &'l str {
    let start = line.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name}: {line}")) + name.len() + 3;
    line[start..].split([',', '}']).next().unwrap()
}

fn taken_by_all(lines: &str) {
    let folder = folder();
    let path = folder.path().join("lines");
    std::fs::write(&path, lines).unwrap();
    for filter in FILTERS {
        run(&filter.replace("IN", &path.display().to_string())).code(0).open_lines();
    }
}

#[test]
fn rows_are_taken_with_all_digits() {
    let views =
        "summary hourly daily hosts pairs protocols ports top:by=src_ip top:by=src_ip,measure=duration describe fields";
    let rows = run_with(&format!("flowstat {views}"), largest()).code(0);
    rows.lines();
    let text = rows.text();
    let host = text.lines().find(|l| l.starts_with(r#"{"kind":"hosts","src_ip":"10.0.0.1","#)).unwrap();
    for name in ["flows", "bytes", "packets", "rev_bytes", "rev_packets"] {
        assert_eq!(member(host, name), (980 * MAX).to_string(), "{host}");
    }
    let top = text.lines().find(|l| l.contains("\"duration\":")).unwrap();
    assert_eq!(member(top, "duration"), (980u128 * 9_223_372_036).to_string());
    taken_by_all(&text);
    // What passes keeps every byte.
    let passed = run_with("flowdetect sweep | flowcat | flowstat summary", text.clone()).code(0).text();
    assert!(passed.starts_with(&text));
}

#[test]
fn a_score_of_rows_keeps_all_digits_of_the_row() {
    let alerts = run_with("flowstat hosts | flowdetect zscore:field=bytes iqr:field=rev_bytes", largest()).code(0);
    alerts.lines();
    let text = alerts.text();
    let of =
        |detector: &str| text.lines().find(|l| l.contains(detector)).unwrap_or_else(|| panic!("{detector}: {text}"));
    let total = (980 * MAX).to_string();
    for alert in text.lines() {
        assert!(alert.contains(&format!("\"total\":{total}")), "{alert}");
        assert_eq!(member(alert, "flows"), total);
    }
    // By the fences the value is the row's.
    assert_eq!(member(of("\"iqr\""), "value"), total);
    taken_by_all(&text);
}

#[test]
fn alerts_on_flows_keep_all_digits_and_their_order() {
    let alerts = run_with("flowdetect exfil portscan zscore", largest()).code(0);
    alerts.lines();
    let text = alerts.text();
    let exfil: Vec<&str> = text.lines().filter(|l| l.contains("\"exfil\"")).collect();
    assert_eq!(member(exfil[0], "value"), (2 * 980 * MAX).to_string());
    assert_eq!(member(exfil[0], "bytes"), (980 * MAX).to_string());
    assert_eq!(member(exfil[1], "value"), (2 * MAX).to_string());
    taken_by_all(&text);
    // Two totals that are the same float: the larger comes first, and its name is the larger in no other way.
    let sent = |ip: &str, bytes: u128| format!("{{\"src_ip\":\"{ip}\",\"dst_ip\":\"192.0.2.1\",\"bytes\":{bytes}}}\n");
    let close =
        [sent("10.0.0.1", MAX - 1), sent("10.0.0.1", MAX), sent("10.0.0.2", MAX), sent("10.0.0.2", MAX)].concat();
    for script in ["flowdetect exfil", "flowdetect exfil | flowstat report"] {
        let text = run_with(script, close.clone()).code(0).text();
        let places: Vec<_> = [2 * MAX, 2 * MAX - 1].iter().map(|v| text.find(&format!("\"value\":{v}"))).collect();
        assert!(places[0].is_some() && places[0] < places[1], "{script}: {text}");
    }
}

#[test]
fn a_flow_holds_no_sum_and_a_row_no_half_byte() {
    let wide = (MAX + 1).to_string();
    for (line, code) in [
        (format!("{{\"bytes\":{wide}}}"), 3),
        (format!("{{\"bytes\":{wide},\"kind\":\"hosts\"}}"), 0),
        (format!("{{\"kind\":\"alert\",\"flows\":{wide}}}"), 0),
        (format!("{{\"kind\":\"hosts\",\"rev_packets\":{}}}", u128::MAX), 0),
        (format!("{{\"kind\":\"hosts\",\"rev_packets\":{}0}}", u128::MAX), 3),
        ("{\"kind\":\"hosts\",\"bytes\":1.5}".into(), 3),
        ("{\"kind\":\"hosts\",\"duration\":9223372037}".into(), 0),
        ("{\"duration\":9223372037,\"bytes\":1}".into(), 3),
        ("{\"kind\":\"hosts\",\"src_port\":65536}".into(), 3),
    ] {
        for tool in ["flowcat", "flowstat", "flowdetect", "flowenrich scope"] {
            let outcome = run_with(tool, format!("{}\n{line}\n", flow(1)));
            assert_eq!(outcome.code, code, "{tool}: {line}");
        }
    }
    let row: Value = serde_json::from_str(&format!("{{\"kind\":\"hosts\",\"bytes\":{wide}}}")).unwrap();
    assert!(crate::support::open_validator("flowstat").is_valid(&row));
}
