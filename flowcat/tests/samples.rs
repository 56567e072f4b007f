//! The samples that come with the project, which nfdump printed: every form gives the rows and sums that nfdump counted,
//! and the same records.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value;
use support::{Outcome, Record, read, sample, sums};

/// Rows, packets and bytes of an nfcapd file, as nfdump sums them.
fn figures(nfcapd: &str) -> [u64; 3] {
    let text = std::fs::read_to_string(sample("figures.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    ["rows", "packets", "bytes"].map(|name| all[nfcapd][name].as_u64().unwrap())
}

fn flows(name: &str, args: &[&str]) -> Outcome {
    let outcome = read(&sample(name), args);
    assert_eq!(outcome.code, Some(0), "{name}: {}", outcome.stderr);
    outcome
}

#[test]
fn exact_forms_give_the_sums_of_nfdump() {
    for (name, nfcapd) in [
        ("traffic.csv", "traffic.nfcapd"),
        ("traffic.json.gz", "traffic.nfcapd"),
        ("normal.csv", "normal.nfcapd"),
        ("sample.csv", "sample.nfcapd"),
        ("sample.json", "sample.nfcapd"),
        ("sample.pipe", "sample.nfcapd"),
        ("sample.extended6", "sample.nfcapd"),
        ("sample.csv.gz", "sample.nfcapd"),
        ("sample.csv.zst", "sample.nfcapd"),
        ("sample.csv.xz", "sample.nfcapd"),
        ("sample.csv.bz2", "sample.nfcapd"),
        ("sample.csv.lz4", "sample.nfcapd"),
    ] {
        assert_eq!(sums(&flows(name, &[]).records()), figures(nfcapd), "{name}");
    }
}

#[test]
fn tables_of_other_programs_give_the_same_flows() {
    let csv = flows("sample.csv", &[]).records();
    for name in ["pandas", "polars", "duckdb", "arrow"] {
        let records = flows(&format!("sample.{name}.parquet"), &[]).records();
        assert_eq!(sums(&records), figures("sample.nfcapd"), "{name}");
        for (record, csv) in records.iter().zip(&csv) {
            for (field, value) in record {
                let is_same = match field.as_str() {
                    // The resolution is that of the column.
                    "timestamp" => {
                        let csv = csv[field].as_str().unwrap().trim_end_matches('Z');
                        let more = value.as_str().unwrap().strip_prefix(csv);
                        more.is_some_and(|more| more.trim_start_matches('0') == "Z")
                    }
                    // nfdump's own CSV has type and code in the port; a table says only what it says.
                    "icmp_type" | "icmp_code" | "dst_port" => {
                        csv.get(field).is_none_or(|other| other == value || value == 0)
                    }
                    _ => csv.get(field) == Some(value),
                };
                assert!(is_same, "{name}: {field} of {record:?} is not that of {csv:?}");
            }
        }
    }
}

#[test]
fn scaled_forms_give_them_as_exactly_as_they_are_printed() {
    let [rows, packets, bytes] = figures("sample.nfcapd");
    for name in ["sample.line", "sample.line6", "sample.long", "sample.long6", "sample.extended"] {
        let read = flows(name, &[]);
        assert!(read.stderr.contains("nfdump -N prints them whole"), "{name}: {}", read.stderr);
        let sums = sums(&read.records());
        assert_eq!(sums[..2], [rows, packets], "{name}");
        // Half a unit of the last digit for each number that is scaled.
        let text = std::fs::read_to_string(sample(name)).unwrap();
        let scaled =
            text.lines().filter(|line| !line.starts_with("Summary")).map(|line| line.matches(" M ").count() as u64);
        let slack = scaled.sum::<u64>() * 50_000;
        assert!(slack > 0 && sums[2].abs_diff(bytes) <= slack, "{name}: {sums:?}");
    }
}

#[test]
fn joined_and_aggregated_flows_keep_the_sums() {
    let [_, packets, bytes] = figures("sample.nfcapd");
    for name in ["sample.biflow.csv", "sample.pairs.csv"] {
        let records = flows(name, &[]).records();
        let both =
            |a: &str, b: &str| records.iter().map(|r| support::number(r, a) + support::number(r, b)).sum::<u64>();
        assert_eq!([both("packets", "rev_packets"), both("bytes", "rev_bytes")], [packets, bytes], "{name}");
    }
    let pairs = flows("sample.pairs.csv", &[]).records();
    assert!(
        pairs.iter().all(|r| !r.contains_key("protocol") && !r.contains_key("src_port") && r.contains_key("dst_ip"))
    );
}

#[test]
fn the_same_flow_becomes_the_same_record_in_every_form() {
    let exact = flows("sample.json", &[]).records();
    let cut = |record: &Record, field: &str, other: &str| {
        let mut value = record.get(field).cloned();
        if field == "timestamp" && other == "sample.csv" {
            value = Some(value.unwrap().as_str().unwrap()[..19].into());
        }
        value
    };
    for (name, fields) in [
        (
            "sample.csv",
            "timestamp duration src_ip dst_ip src_port dst_port protocol packets bytes tcp_flags icmp_type icmp_code exporter tos",
        ),
        (
            "sample.pipe",
            "timestamp duration src_ip dst_ip src_port dst_port protocol packets bytes tcp_flags icmp_type icmp_code tos",
        ),
        ("sample.line6", "timestamp duration src_ip dst_ip src_port dst_port protocol icmp_type icmp_code"),
        (
            "sample.long6",
            "timestamp duration src_ip dst_ip src_port dst_port protocol tcp_flags icmp_type icmp_code tos",
        ),
        (
            "sample.extended6",
            "timestamp duration src_ip dst_ip src_port dst_port protocol packets bytes tcp_flags icmp_type icmp_code tos",
        ),
    ] {
        let records = flows(name, &[]).records();
        for (row, (a, b)) in exact.iter().zip(&records).enumerate() {
            for field in fields.split(' ') {
                assert_eq!(cut(a, field, name), cut(b, field, name), "{name}: row {}: {field}", row + 1);
            }
        }
    }
}

#[test]
fn what_q_leaves_out_is_not_missed() {
    let csv = flows("sample.csv", &[]).text().to_owned();
    let first_40 = csv.split_inclusive('\n').take(40).collect::<String>();
    assert_eq!(flows("sample.quiet.csv", &[]).text(), first_40);
    let json = flows("sample.json", &[]).text().to_owned();
    assert_eq!(flows("sample.quiet.json", &[]).text(), json.split_inclusive('\n').take(40).collect::<String>());
}

#[test]
fn statistics_and_a_table_without_names_are_refused() {
    for (name, part) in [("sample.hosts.csv", "statistics"), ("sample.fmt", "there is no header")] {
        let outcome = read(&sample(name), &[]);
        assert_eq!((outcome.code, outcome.stdout.len()), (Some(2), 0), "{name}");
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
}
