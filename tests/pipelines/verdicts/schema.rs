//! What the four programs take, and what `--schema` allows, are the same objects.
#![allow(clippy::unwrap_used)]

use crate::support::{FILTERS, TOOLS, folder, open_validator, rejects, run};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Values that some member may not have.
const VALUES: &[&str] = &[
    "null",
    "true",
    "\"\"",
    "\"x\"",
    "\"huge\"",
    "\"high\"",
    "\"l2\"",
    "\"inbound\"",
    "\"10.0.0.1\"",
    "\"2001:db8::1\"",
    "\"10.0.0.0/24\"",
    "\"2001:db8::/56\"",
    "\"10.0.0.0/33\"",
    "\"2001:db8::/129\"",
    "\"2015-01-22T08:03:34.035Z\"",
    "\"2015-02-30T08:03:34.035Z\"",
    "\"1600-01-01T00:00:00Z\"",
    "\"2300-01-01T00:00:00Z\"",
    "0",
    "-1",
    "1.5",
    "4.43e2",
    "256",
    "65536",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "9223372036.5",
    "9223372037.5",
    "18446744073709551616",
    "100000000000000000000000000000000000001",
    "1e38",
    "1e39",
    "1e300",
    "[]",
    "[\"sigma.bytes\"]",
    "[1]",
    "{}",
    "{\"mean\":\"x\"}",
];

/// Members that are looked at in some line, and others.
const NAMES: &[&str] = &[
    "timestamp",
    "duration",
    "src_ip",
    "dst_ip",
    "src_port",
    "protocol",
    "packets",
    "bytes",
    "rev_packets",
    "rev_bytes",
    "flows",
    "tcp_flags",
    "app",
    "label",
    "exporter",
    "src_as",
    "next_hop",
    "vlan",
    "byte_layer",
    "clock",
    "direction",
    "dir_reason",
    "scaled",
    "dup_of",
    "flagged",
    "src_latitude",
    "src_country",
    "id",
    "detector",
    "severity",
    "score",
    "end",
    "value",
    "threshold",
    "reason",
    "evidence",
    "technique",
    "unique_dst_ips",
    "first",
    "approx",
    "share",
    "hour",
    "name",
    "field",
    "x",
    "kind",
];

/// What a line has besides.
const LINES: &[&str] = &[
    r#""dst_port":1"#,
    r#""bytes":1,"packets":1"#,
    r#""kind":"alert""#,
    r#""kind":"alert","detector":"zscore","severity":"low""#,
    r#""kind":"hosts""#,
    r#""kind":"top""#,
    r#""kind":"protocols""#,
    r#""kind":"of another program""#,
    r#""kind":"baseline""#,
    r#""kind":"tick""#,
    r#""kind":"""#,
];

fn lines() -> Vec<String> {
    let mut all: Vec<String> = LINES.iter().map(|line| format!("{{{line}}}")).collect();
    for line in LINES {
        for name in NAMES.iter().filter(|name| !line.contains(&format!("\"{name}\":"))) {
            // In both orders: what may be in a row is known only once there is a kind.
            all.extend(VALUES.iter().map(|value| format!("{{{line},\"{name}\":{value}}}")));
            all.extend(VALUES.iter().map(|value| format!("{{\"{name}\":{value},{line}}}")));
        }
    }
    all
}

/// The lines of a file that a program rejects, counted from 1.
fn rejected(filter: &str, path: &std::path::Path) -> BTreeSet<u64> {
    let aside = path.with_extension("rejects");
    let command = filter.replace("IN", &path.display().to_string());
    // No line here is one of a whole baseline, which is no verdict on the line: flowstat refuses the baseline.
    let code = if filter.starts_with("flowstat") { 2 } else { 3 };
    run(&format!("{command} --rejects {}", aside.display())).code(code);
    rejects(&aside).iter().map(|reject| reject["line"].as_u64().unwrap()).collect()
}

#[test]
fn what_is_taken_is_what_the_schema_allows() {
    let folder = folder();
    let path = folder.path().join("lines");
    let lines = lines();
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let all: Vec<BTreeSet<u64>> = FILTERS.iter().map(|filter| rejected(filter, &path)).collect();
    assert!(all.iter().all(|one| *one == all[0]), "the programs reject different lines");
    assert!(all[0].len() > 1000 && all[0].len() < lines.len() - 1000, "{} of {}", all[0].len(), lines.len());
    let mut wrong = Vec::new();
    for tool in TOOLS {
        let validator = open_validator(tool);
        for (line, number) in lines.iter().zip(1..) {
            let value: Value = serde_json::from_str(line).unwrap();
            // What flowstat writes are no flows.
            let is_written = tool != "flowstat" || value["kind"].is_string();
            if is_written && validator.is_valid(&value) == all[0].contains(&number) {
                wrong.push(format!("{tool}: taken is {}: {line}", !all[0].contains(&number)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} verdicts differ\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

#[test]
fn what_the_programs_write_themselves_stands_in_the_schema_too() {
    let of = |tool: &str, title: &str, name: &str| {
        let schema: Value = serde_json::from_slice(&run(&format!("{tool} --schema")).stdout).unwrap();
        let lines = schema["oneOf"].as_array().unwrap().clone();
        lines.into_iter().find(|line| line["title"] == title).unwrap()["properties"][name]["written"].clone()
    };
    assert_eq!(of("flowdetect", "alert", "severity")["enum"], json!(["low", "medium", "high", "critical"]));
    assert_eq!(of("flowstat", "hosts", "unique_dst_ips")["type"], "integer");
}
