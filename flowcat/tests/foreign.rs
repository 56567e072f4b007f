//! Files of other tools and networks: row counts and sums are those that independent tools say of them.
//!
//! The files lie beside the project, in `../shared/data`, with their figures in its README; without them nothing is
//! tested, and that is said. The same is done with the samples that come with the project.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{Record, clean, counted, figures, read, run, sample, shared};

#[test]
fn zeek_logs_have_the_sums_that_pandas_counts() {
    for (name, wanted, protocols, states) in [
        (
            "zeek/SuperCowPowers-zat/conn.log",
            [360, 3382, 231_691, 4069, 5_267_302],
            "1 20, 17 225, 6 115",
            "OTH 20, RSTO 63, RSTOS0 2, S0 156, S3 1, SF 118",
        ),
        ("zeek/SuperCowPowers-zat/conn_date_issue.log", [3, 14, 6855, 10, 5668], "17 1, 6 2", "S0 1, SF 1, SH 1"),
        ("zeek/zeek-zeek/core.tunnels.gre/conn.log", [7, 23, 2448, 17, 2763], "1 2, 17 4, 6 1", "OTH 2, S0 1, SF 4"),
        ("zeek/zeek-zeek/core.vlan-mpls/conn.log", [3, 30, 1581, 17, 13_746], "6 3", "SF 2, SH 1"),
        ("zeek/zeek-zeek/core.pppoe/conn.log", [7, 20, 1782, 5, 500], "17 2, 58 5", "OTH 5, S0 2"),
    ] {
        let Some(path) = shared(name) else { return };
        // The project that wrote these has put X in place of the digits of times.
        let text = std::fs::read_to_string(path).unwrap().replace("XXXXXXXXXX.XXXXXX", "1700000000.000000");
        let records = clean(run(&[], text), name);
        assert_eq!(figures(&records), wanted, "{name}");
        assert_eq!(counted(&records, "protocol"), protocols, "{name}");
        assert_eq!(counted(&records, "state"), states, "{name}");
    }
}

#[test]
fn iot_23_keeps_its_labels() {
    for (name, wanted, labels, attacks) in [
        (
            "labelled/aucad-sensor-data/CTU-Malware-Capture-8-1-labeled.csv",
            [10_403, 14_513, 905_644, 2164, 164_488],
            "benign 2181, malicious 8222",
            "- 2181, C&C 8222",
        ),
        (
            "labelled/aucad-sensor-data/CTU-Honeypot-Capture-4-1-labeled.csv",
            [452, 13_384, 3_409_848, 3528, 262_997],
            "benign 452",
            "- 452",
        ),
    ] {
        let Some(path) = shared(name) else { return };
        let records = clean(read(&path, &[]), name);
        assert_eq!(figures(&records), wanted, "{name}");
        assert_eq!((&*counted(&records, "label"), &*counted(&records, "attack")), (labels, attacks), "{name}");
        // The same rows as Zeek writes them, in both layouts that the data set has, become the same flows.
        let text = std::fs::read_to_string(&path).unwrap();
        for gap in ["\t", "   "] {
            let lines: Vec<_> = text.lines().map(|line| as_zeek(line, gap)).collect();
            let zeek = format!("#separator \\x09\n#path\tconn\n#fields\t{}\n", lines.join("\n"));
            let outcome = clean(run(&[], zeek), name);
            let differ = |(a, b): (&Record, &Record)| {
                a.iter().any(|(k, v)| k != "timestamp" && b.get(k) != Some(v)) || a.len() != b.len()
            };
            assert!(outcome.len() == records.len() && !outcome.iter().zip(&records).any(differ), "{name} {gap:?}");
        }
    }
}

/// A line of the CSV as a line of Zeek's.
fn as_zeek(line: &str, gap: &str) -> String {
    let cells: Vec<_> = line.split(',').map(|cell| if cell.is_empty() { "-" } else { cell }).collect();
    let (columns, labels) = cells.split_at(cells.len() - 2);
    format!("{}{gap}{}", columns.join("\t"), labels.join(gap))
}

#[test]
fn zeek_samples_become_the_flows_that_were_written() {
    let records = clean(read(&sample("sample.zeek.log"), &[]), "sample.zeek.log");
    assert_eq!(figures(&records), [10, 26, 2352, 15, 6166]);
    assert_eq!(counted(&records, "protocol"), "1 2, 17 2, 47 1, 58 2, 6 3");
    assert_eq!(counted(&records, "icmp_type"), "- 6, 1 1, 128 1, 3 1, 8 1");
    assert_eq!(counted(&records, "icmp_code"), "- 6, 0 2, 3 1, 4 1");
    assert_eq!(counted(&records, "tcp_flags"), "- 7, 19 1, 2 2");
    let labelled = clean(read(&sample("sample.zeek-labelled.log"), &[]), "sample.zeek-labelled.log");
    assert_eq!(counted(&labelled, "label"), "benign 2, malicious 2");
    assert_eq!(counted(&labelled, "attack"), "- 2, C&C 1, PartOfAHorizontalPortScan 1");
}

#[test]
fn zeek_json_has_the_sums_that_pandas_counts() {
    let name = "zeek/SuperCowPowers-zat/json/conn.log";
    let Some(path) = shared(name) else { return };
    let records = clean(read(&path, &[]), name);
    assert_eq!(figures(&records), [50, 236, 41_686, 221, 109_067]);
    assert_eq!(counted(&records, "protocol"), "17 26, 6 24");
}

#[test]
fn zeek_writes_the_same_connections_as_text_and_as_json() {
    let text = clean(read(&sample("sample.zeek.log"), &[]), "sample.zeek.log");
    let json = clean(read(&sample("sample.zeek.json"), &[]), "sample.zeek.json");
    assert_eq!(text.len(), json.len());
    for (row, (a, b)) in text.iter().zip(&json).enumerate() {
        for (key, value) in a.iter().filter(|(key, _)| row != 1 || *key != "timestamp") {
            assert_eq!(b.get(key), Some(value), "row {row}: {key}");
        }
        assert_eq!(a.len(), b.len(), "row {row}");
    }
}

#[test]
fn eve_json_has_the_flows_that_pandas_counts_and_other_events_are_unused() {
    let name = "suricata/d3vzer0-applied_data_science_amsterdam/eve_small.json";
    let Some(path) = shared(name) else { return };
    let outcome = read(&path, &["--counters", "/dev/stderr"]);
    let records = outcome.records();
    assert_eq!((outcome.code, figures(&records)), (Some(0), [1, 2, 180, 0, 0]), "{}", outcome.stderr);
    assert_eq!(counted(&records, "protocol"), "58 1");
    assert!(outcome.stderr.contains(r#""events that are no flows":999"#), "{}", outcome.stderr);
}

#[test]
fn the_eve_sample_becomes_the_flows_that_were_written() {
    let records = clean(read(&sample("sample.eve.json"), &[]), "sample.eve.json");
    assert_eq!(figures(&records), [7, 18, 1932, 13, 6184]);
    assert_eq!(counted(&records, "tcp_flags"), "- 5, 2 1, 27 1");
    assert_eq!(counted(&records, "rev_tcp_flags"), "- 5, 20 1, 27 1");
    assert_eq!(counted(&records, "byte_layer"), "l2 7");
}

#[test]
fn argus_has_the_packets_and_bytes_of_the_capture() {
    let name = "derived/argus3_csv/maccdc.ra.csv";
    let Some(path) = shared(name) else { return };
    let records = clean(read(&path, &[]), name);
    // ra printed packets of both directions only.
    assert_eq!(figures(&records), [655, 10_000, 678_237, 0, 1_470_048 - 678_237]);
    assert_eq!(counted(&records, "protocol"), "- 5, 1 42, 17 92, 6 496, 88 20");
    assert_eq!(counted(&records, "icmp_code"), "- 613, 1 3, 3 39");
    let name = "labelled/stratosphereips-StratosphereLinuxIPS/test5-mixed.binetflow";
    let Some(path) = shared(name) else { return };
    let outcome = read(&path, &["--counters", "/dev/stderr"]);
    assert!(outcome.stderr.contains(r#""management records":1"#), "{}", outcome.stderr);
    let records = clean(outcome, name);
    assert_eq!(figures(&records), [299, 28_953, 2_670_884, 712, 155_233]);
    assert_eq!(counted(&records, "label"), "background 21, flow=TCP-Established-To-Microsoft-7 1, malicious 277");
    assert_eq!(counted(&records, "attack"), "- 22, Malware-TCP 80, Malware-UDP-DNS 197");
}

#[test]
fn argus_and_silk_samples_become_the_flows_that_were_printed() {
    let records = clean(read(&sample("sample.ra.csv"), &[]), "sample.ra.csv");
    assert_eq!(figures(&records), [50, 337, 218_833, 0, 0]);
    let records = clean(read(&sample("sample.ra-epoch.csv"), &[]), "sample.ra-epoch.csv");
    assert_eq!(figures(&records), [50, 140, 13_136, 197, 205_697]);
    let records = clean(read(&sample("sample.ra.json"), &[]), "sample.ra.json");
    assert_eq!(figures(&records), [5, 12, 1575, 6, 829]);
    assert_eq!(counted(&records, "src_port"), "- 1, 0 2, 443 1, 49477 1");
    let records = clean(read(&sample("sample.rwcut"), &[]), "sample.rwcut");
    assert_eq!(figures(&records), [6, 26, 7348, 0, 0]);
    assert_eq!(counted(&records, "icmp_type"), "- 3, 128 1, 3 1, 8 1");
    assert_eq!(counted(&records, "tcp_flags"), "- 4, 27 2");
}
