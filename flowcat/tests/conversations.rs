//! `--biflow` against other people's meters of the same packets: nfstream's flows and argus' connections, out of what
//! softflowd exported of them; and against nfdump's own joining of our samples.
//!
//! The exports lie beside the project, in `../shared/data/derived`; without them those tests are skipped, and say so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use support::{Record, number, read, run, sample};

/// Protocol and both ends, the lower first.
type Key = (u64, [(String, u64); 2]);

/// Packets and bytes from the lower end, and from the other.
type Counts = [[u64; 2]; 2];

fn derived(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/derived").join(name);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
    }
    path.exists().then_some(path)
}

fn ordered(protocol: u64, ends: [(String, u64); 2], counts: Counts) -> (Key, Counts) {
    let [a, b] = ends;
    match a <= b {
        true => ((protocol, [a, b]), counts),
        false => ((protocol, [b, a]), [counts[1], counts[0]]),
    }
}

/// NetFlow v5 (one-way flows of 48 bytes after a header of 24) out of UDP over IPv4 in a capture file, as lines.
fn netflow_lines(capture: &[u8]) -> String {
    let mut lines = String::new();
    let mut rest = &capture[24..];
    while let Some((header, after)) = rest.split_first_chunk::<16>() {
        let length = u32::from_le_bytes(header[8..12].try_into().unwrap()) as usize;
        let (packet, next) = after.split_at(length);
        rest = next;
        let datagram = &packet[usize::from(packet[0] & 15) * 4 + 8..];
        let u16_at = |b: &[u8], at: usize| u64::from(u16::from_be_bytes(b[at..at + 2].try_into().unwrap()));
        let u32_at = |b: &[u8], at: usize| u64::from(u32::from_be_bytes(b[at..at + 4].try_into().unwrap()));
        assert_eq!(u16_at(datagram, 0), 5);
        for flow in datagram[24..].chunks_exact(48).take(u16_at(datagram, 2) as usize) {
            let address = |at| Ipv4Addr::from_bits(u32_at(flow, at) as u32);
            let (first, last) = (u32_at(flow, 24), u32_at(flow, 28));
            let icmp = if flow[38] == 1 { format!(",\"icmp_type\":{}", flow[34]) } else { String::new() };
            let dst_port = if flow[38] == 1 { 0 } else { u16_at(flow, 34) };
            // The time since the exporter began stands for the time of day.
            writeln!(
                lines,
                "{{\"timestamp\":\"2012-03-16T{:02}:{:02}:{:02}.{:03}Z\",\"duration\":{}.{:03},\"src_ip\":\"{}\",\"dst_ip\":\"{}\",\
                 \"src_port\":{},\"dst_port\":{dst_port},\"protocol\":{},\"packets\":{},\"bytes\":{},\"tcp_flags\":{}{icmp}}}",
                first / 3_600_000 % 24,
                first / 60_000 % 60,
                first / 1000 % 60,
                first % 1000,
                (last - first) / 1000,
                (last - first) % 1000,
                address(0),
                address(4),
                u16_at(flow, 32),
                flow[38],
                u32_at(flow, 16),
                u32_at(flow, 20),
                flow[37],
            )
            .unwrap();
        }
    }
    lines
}

/// What softflowd exported, joined.
fn joined() -> Option<Vec<Record>> {
    let lines = netflow_lines(&std::fs::read(derived("softflowd_export/maccdc.nf5.pcap")?).unwrap());
    assert_eq!(lines.lines().count(), 1096);
    let outcome = run(&["--biflow", "--counters", "/dev/stderr", "-q"], lines);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let counters: serde_json::Value = serde_json::from_str(outcome.stderr.trim()).unwrap();
    let counter = |name: &str| counters[name].as_u64().unwrap();
    assert_eq!((counter("read"), counter("written"), counter("merged")), (1096, 618, 478));
    Some(outcome.records())
}

/// The counts of each record; none may come twice.
fn by_key(records: &[Record]) -> BTreeMap<Key, Counts> {
    let end = |r: &Record, ip: &str, port: &str| (r[ip].as_str().unwrap().to_owned(), number(r, port));
    let all = records.iter().map(|r| {
        let counts = [[number(r, "packets"), number(r, "bytes")], [number(r, "rev_packets"), number(r, "rev_bytes")]];
        ordered(number(r, "protocol"), [end(r, "src_ip", "src_port"), end(r, "dst_ip", "dst_port")], counts)
    });
    let map: BTreeMap<_, _> = all.collect();
    assert_eq!(map.len(), records.len());
    map
}

/// The rows of a CSV without quotes in the columns that matter.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<_> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    lines.map(|line| header.iter().cloned().zip(line.split(',').map(str::to_owned)).collect()).collect()
}

#[test]
fn softflowds_export_becomes_nfstreams_flows() {
    let (Some(joined), Some(path)) = (joined(), derived("nfstream_csv/maccdc.nfstream.csv")) else { return };
    let flows: BTreeMap<Key, Counts> = rows(&path)
        .iter()
        .map(|row| {
            let n = |name: &str| row[name].parse::<u64>().unwrap();
            // nfstream counts Ethernet and one VLAN tag with each packet.
            let counts = |side: &str| {
                let packets = n(&format!("{side}_packets"));
                [packets, n(&format!("{side}_bytes")) - 18 * packets]
            };
            let ends = [(row["src_ip"].clone(), n("src_port")), (row["dst_ip"].clone(), n("dst_port"))];
            ordered(n("protocol"), ends, [counts("src2dst"), counts("dst2src")])
        })
        .collect();
    assert_eq!(flows.len(), 618);
    assert!(by_key(&joined) == flows);
}

#[test]
fn softflowds_export_becomes_the_connections_of_argus() {
    let (Some(joined), Some(path)) = (joined(), derived("argus3_csv/maccdc.ra.csv")) else { return };
    let mut connections: BTreeMap<Key, (u64, [u64; 2])> = BTreeMap::new();
    for row in rows(&path) {
        let protocol = match &*row["Proto"] {
            "tcp" => 6,
            "udp" => 17,
            _ => continue,
        };
        let n = |name: &str| row[name].parse::<u64>().unwrap();
        let ends = [(row["SrcAddr"].clone(), n("Sport")), (row["DstAddr"].clone(), n("Dport"))];
        let bytes = [[0, n("SrcBytes")], [0, n("TotBytes") - n("SrcBytes")]];
        let (key, bytes) = ordered(protocol, ends, bytes);
        // A record of argus ends every five seconds.
        let sums = connections.entry(key).or_default();
        sums.0 += n("TotPkts");
        sums.1 = [sums.1[0] + bytes[0][1], sums.1[1] + bytes[1][1]];
    }
    let ours: BTreeMap<Key, (u64, [u64; 2])> = by_key(&joined)
        .into_iter()
        .filter(|(key, _)| matches!(key.0, 6 | 17))
        .map(|(key, [there, back])| (key, (there[0] + back[0], [there[1] + 18 * there[0], back[1] + 18 * back[0]])))
        .collect();
    assert_eq!(connections.len(), 587);
    assert!(ours == connections);
}

#[test]
fn a_scan_keeps_its_syn_which_nfdumps_own_joining_loses() {
    let is_probe = |r: &Record| number(r, "tcp_flags") & 18 == 2;
    let joined = read(&sample("sample.csv"), &["--biflow"]).records();
    let probes: Vec<_> = joined.iter().filter(|r| r.get("dir_reason").is_some_and(|why| why == "syn")).collect();
    assert!(probes.len() > 20 && probes.iter().all(|r| is_probe(r)), "{}", probes.len());
    assert!(probes.iter().all(|r| number(r, "rev_packets") > 0 && number(r, "rev_tcp_flags") != 0));
    // Of the probes that were refused nfdump's lines have the target for the source, and no SYN.
    let refused: Vec<_> = probes.iter().filter(|r| number(r, "rev_tcp_flags") == 20).collect();
    let theirs = read(&sample("sample.bilong"), &[]).records();
    let turned = |r: &&&&Record| {
        let mirrored = [("src_ip", "dst_ip"), ("dst_ip", "src_ip"), ("src_port", "dst_port"), ("dst_port", "src_port")];
        let same = |other: &&Record| mirrored.iter().all(|(to, from)| other.get(*to) == r.get(*from));
        theirs.iter().find(same).is_some_and(|other| !is_probe(other) && number(other, "rev_packets") > 0)
    };
    assert_eq!((refused.len(), refused.iter().filter(turned).count()), (38, 38));
}

#[test]
fn the_flows_of_a_day_keep_their_sums_whatever_is_joined() {
    let plain = read(&sample("traffic.csv"), &[]).records();
    let sum = |records: &[Record], names: &[&str]| -> u64 {
        records.iter().map(|r| names.iter().map(|n| number(r, n)).sum::<u64>()).sum()
    };
    let (packets, bytes) = (["packets", "rev_packets"], ["bytes", "rev_bytes"]);
    for args in [&["--biflow"][..], &["--rejoin"], &["--rejoin", "--biflow"], &["--uniflow"]] {
        let joined = read(&sample("traffic.csv"), args).records();
        assert_eq!(sum(&joined, &packets), sum(&plain, &packets), "{args:?}");
        assert_eq!(sum(&joined, &bytes), sum(&plain, &bytes), "{args:?}");
        assert!(joined.is_sorted_by_key(|r| r["timestamp"].as_str().unwrap().to_owned()) || args == ["--uniflow"]);
    }
    let (one, both) = (read(&sample("traffic.csv"), &["--biflow"]), read(&sample("traffic.json.gz"), &["--biflow"]));
    assert!(one.records().len() < plain.len() * 6 / 10);
    // The same flows in whole seconds and in milliseconds: the same pairs.
    assert_eq!(by_pair(&one.records()), by_pair(&both.records()));
}

#[test]
fn what_joined_flows_do_not_agree_on_is_told_once() {
    let flow =
        |from: &str, to: &str, more: &str| format!("{{\"src_ip\":\"{from}\",\"dst_ip\":\"{to}\",\"bytes\":1{more}}}\n");
    let pair = |n: usize, there: &str, back: &str| {
        let ends = (format!("10.0.0.{n}"), format!("10.1.0.{n}"));
        flow(&ends.0, &ends.1, there) + &flow(&ends.1, &ends.0, back)
    };
    let text = [
        pair(1, r#","label":"benign","x\u0079":1,"n":"\u00e9""#, r#","label":"malicious","xy":2,"n":"é""#),
        pair(2, r#","label":"benign","state":"SF""#, r#","label":"x""#),
        pair(3, r#","label":"benign""#, r#","label":"benign""#),
    ]
    .concat();
    let outcome = run(&["--biflow", "--counters", "/dev/stdout", "-o", "/dev/null"], &text);
    let told = "flowcat: warning: flows that became one differ in label (2), xy (1): the first one's value stays (--biflow: the client's)\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), told));
    let counters: serde_json::Value = serde_json::from_slice(&outcome.stdout).unwrap();
    assert_eq!((&counters["merged"], &counters["details"]["members that differed"]), (&3.into(), &3.into()));
    assert_eq!(run(&["--biflow"], pair(1, r#","label":"a""#, "")).stderr, "");
    // Of very many names some are told.
    let many: String = (0..300).map(|n| format!(",\"m{n:03}\":1")).collect();
    let outcome =
        run(&["--rejoin"], [flow("::1", "::2", &many), flow("::1", "::2", &many.replace(":1", ":2"))].concat());
    assert!(
        outcome.stderr.contains("differ in m000 (1), m001 (1), ") && outcome.stderr.contains("m011 (1), 288 more:"),
        "{}",
        outcome.stderr
    );
}

/// How many records each pair of ends has, and how many of them count both directions.
fn by_pair(records: &[Record]) -> BTreeMap<Key, [u64; 2]> {
    let mut pairs: BTreeMap<Key, [u64; 2]> = BTreeMap::new();
    for r in records {
        let end = |ip: &str, port: &str| (r[ip].as_str().unwrap_or_default().to_owned(), number(r, port));
        let ends = [end("src_ip", "src_port"), end("dst_ip", "dst_port")];
        let (key, _) = ordered(number(r, "protocol"), ends, Counts::default());
        let counts = pairs.entry(key).or_default();
        *counts = [counts[0] + 1, counts[1] + u64::from(r.contains_key("rev_packets"))];
    }
    pairs
}
