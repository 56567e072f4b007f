//! Scanners, and all who look like one.
#![allow(clippy::unwrap_used)]

use crate::detect::tests::{alerts, flow, refused, values};

const SYN: u8 = 2;
const RESET: u8 = 20;
const WHOLE: u8 = 27;

/// A TCP flow of one direction with flags.
fn tcp(source: &str, target: &str, ports: (u16, u16), start: u64, flags: u8) -> String {
    let line = flow(source, target, ports.1, start, 44);
    line.replace("\"dst_port\"", &format!("\"src_port\":{},\"tcp_flags\":{flags},\"dst_port\"", ports.0))
}

fn udp(source: &str, target: &str, ports: (u16, u16), start: u64) -> String {
    tcp(source, target, ports, start, 0).replace("\"protocol\":6", "\"protocol\":17").replace("\"tcp_flags\":0,", "")
}

fn host(n: u64) -> String {
    format!("192.0.2.{n}")
}

#[test]
fn four_net_failures_name_the_scanner_and_not_those_who_refuse() {
    let mut lines: Vec<String> = (1..=4).map(|i| tcp("10.0.0.1", &host(i), (40_000, 22), i, SYN)).collect();
    // Two targets say no, which is no attempt of theirs.
    lines.extend((1..=2).map(|i| tcp(&host(i), "10.0.0.1", (22, 40_000), i, RESET)));
    // Three failures are not enough, and a fifth contact that is answered undoes one.
    lines.extend((1..=3).map(|i| tcp("10.0.0.2", &host(i), (40_000, 22), i, SYN)));
    lines.extend((1..=4).map(|i| tcp("10.0.0.3", &host(i), (40_000, 22), 2 * i, SYN)));
    lines.push(tcp("10.0.0.3", &host(9), (40_000, 22), 3, WHOLE));
    let found = alerts("scan", &lines);
    assert_eq!(
        values(&found, &["src_ip", "dst_ip", "dst_port", "flows", "severity"]),
        [r#"["10.0.0.1",null,22,4,"low"]"#]
    );
    let value = found[0]["value"].as_f64().unwrap();
    assert!((value - 4.0 * 4f64.ln()).abs() < 1e-12 && found[0]["threshold"] == 99f64.ln());
    assert_eq!(found[0]["evidence"]["failed"], 4);
    assert_eq!(found[0]["evidence"]["sample"], serde_json::json!([host(1), host(2), host(3), host(4)]));
    assert!(
        found[0]["reason"]
            .as_str()
            .unwrap()
            .starts_with("4 of 4 contacts of 10.0.0.1 failed within 3 s, all to port 22:")
    );
}

#[test]
fn a_scan_of_many_targets_is_high() {
    let lines = |n| -> Vec<String> { (1..=n).map(|i| udp("10.0.0.1", &host(i), (5000, 161), i)).collect() };
    assert_eq!(values(&alerts("scan", &lines(24)), &["severity"]), [r#"["low"]"#]);
    assert_eq!(values(&alerts("scan", &lines(25)), &["severity"]), [r#"["high"]"#]);
    assert_eq!(values(&alerts("scan:targets=24", &lines(24)), &["severity"]), [r#"["high"]"#]);
}

#[test]
fn answers_of_busy_servers_are_no_contacts_in_flows_of_one_direction() {
    let clients = |i: u64| format!("10.0.{}.{}", i / 200, i % 200);
    let both = |i: u64| {
        [
            udp(&clients(i), "192.0.2.53", (40_000 + i as u16, 53), i),
            udp("192.0.2.53", &clients(i), (53, 40_000 + i as u16), i),
            tcp(&clients(i), "192.0.2.80", (40_000 + i as u16, 8080), i, WHOLE),
            tcp("192.0.2.80", &clients(i), (8080, 40_000 + i as u16), i, WHOLE),
        ]
    };
    let lines: Vec<String> = (0..300).flat_map(both).collect();
    assert!(alerts("scan", &lines).is_empty());
    // Also where the requests were not exported.
    let answers: Vec<String> = lines.iter().filter(|l| l.contains("\"src_ip\":\"192.0.2.")).cloned().collect();
    assert!(alerts("scan", &answers).is_empty());
    // One client, many ports of it.
    let answers: Vec<String> =
        (0..300).map(|i| udp("192.0.2.53", "10.0.0.1", (53, 40_000 + i), u64::from(i))).collect();
    assert!(alerts("scan", &answers).is_empty());
}

#[test]
fn backscatter_and_floods_are_no_scans() {
    let spoofed = |i: u64| format!("203.0.{}.{}", i / 200, i % 200);
    let mut lines: Vec<String> =
        (0..400).map(|i| tcp(&spoofed(i), "192.0.2.1", (1024 + i as u16, 80), i, SYN)).collect();
    lines
        .extend((0..400).map(|i| tcp("192.0.2.1", &spoofed(i), (80, 1024 + i as u16), i, [18, 4, 20][i as usize % 3])));
    assert!(alerts("scan", &lines).is_empty());
}

#[test]
fn ports_of_one_target_count_where_they_fail() {
    let scan = |source: &str, n: u16, flags| -> Vec<String> {
        (0..n).map(|p| tcp(source, "192.0.2.1", (50_000, 1 + p), p.into(), flags)).collect()
    };
    let mut lines = scan("10.0.0.1", 15, SYN);
    lines.extend((0..15).map(|p| tcp("192.0.2.1", "10.0.0.1", (1 + p, 50_000), p.into(), RESET)));
    lines.extend(scan("10.0.0.2", 14, SYN));
    lines.extend(scan("10.0.0.3", 15, WHOLE));
    // Each from another port: who says no uses many of the scanner's.
    lines.extend((0..30).map(|p| tcp("10.0.0.4", "192.0.2.1", (50_000 + p, 1 + p), p.into(), SYN)));
    lines.extend((0..30).map(|p| tcp("192.0.2.1", "10.0.0.4", (1 + p, 50_000 + p), p.into(), RESET)));
    let found = alerts("scan", &lines);
    assert_eq!(
        values(&found, &["src_ip", "dst_ip", "value", "threshold", "severity"]),
        [r#"["10.0.0.4","192.0.2.1",30,15,"high"]"#, r#"["10.0.0.1","192.0.2.1",15,15,"high"]"#]
    );
    assert_eq!(found[1]["evidence"]["failed"], 15);
}

#[test]
fn the_model_is_asked_where_the_test_does_not_know() {
    // Every third of 48 contacts is answered, in turn, so that the walk rises too slowly to the threshold set here.
    let lines: Vec<String> =
        (1..=48).map(|i| tcp("10.0.0.1", &host(i), (40_000, 22), i, if i % 3 == 0 { WHOLE } else { SYN })).collect();
    let found = alerts("scan:benign=0.21,scanner=0.2", &lines);
    assert_eq!(values(&found, &["src_ip", "threshold", "severity"]), [r#"["10.0.0.1",0.5,"low"]"#]);
    // y = -2.838353611 + 3.309023427 * 32/48 - 0.157047027 - 0.002319304 * 1.0079 + 3.163018548, one source port.
    let probability = found[0]["value"].as_f64().unwrap();
    assert!((probability - 0.914_6).abs() < 1e-3, "{probability}");
    assert!(alerts("scan:benign=0.21,scanner=0.2,flows=49", &lines).is_empty());
}

#[test]
fn groups_are_no_targets() {
    let lines: Vec<String> = (0..40)
        .map(|i| udp("10.0.0.1", &format!("239.0.0.{i}"), (5353, 5353), i))
        .chain([udp("10.0.0.1", "ff02::fb", (1, 2), 3)])
        .collect();
    assert!(alerts("scan", &lines).is_empty());
    assert!(refused("scan:benign=0.2,scanner=0.3").contains("is to be below"));
}
