//! Captures: the packets and bytes that tshark sums, the flows that nfstream makes, and what is damaged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::{Record, number, read, run, sample, shared};

/// A capture with tshark's figures: packets of IP, bytes of their outermost headers' lengths, and packets that are no IP or
/// whose first fragment is absent.
const FIGURES: [(&str, u64, u64, u64); 21] = [
    ("pcap/CESNET-ipfixprobe/inputs/bstats.pcap", 417, 37_222, 0),
    ("pcap/CESNET-ipfixprobe/inputs/vlan.pcap", 6, 1_020, 0),
    ("pcap/CESNET-ipfixprobe/inputs/mqtt.pcap", 24, 1_572, 0),
    ("pcap/CESNET-ipfixprobe/inputs/http.pcap", 46, 65_524, 0),
    ("pcap/CESNET-ipfixprobe/inputs/mixed.pcap", 157, 21_606, 48),
    ("pcap/zeek-zeek/dhcp/dhcp_flood.pcap", 500, 150_750, 0),
    ("pcap/zeek-zeek/tunnels/gre-sample.pcap", 40, 6_171, 0),
    ("pcap/zeek-zeek/pppoe-over-qinq.pcap", 86, 38_284, 0),
    ("pcap/zeek-zeek/mixed-vlan-mpls.pcap", 47, 15_327, 0),
    // One fragment of 390 bytes has no head.
    ("pcap/zeek-zeek/ipv6-fragmented-dns.pcap", 7, 4_508 - 390, 1),
    ("pcap/zeek-zeek/vlan-qinqinq.pcap", 14, 5_891, 0),
    ("pcap/d3vzer0-applied_data_science_amsterdam/maccdc2012_00000_small.pcap.gz", 9_928, 1_284_880, 72),
    ("pcap/OISF-suricata-verify/eve-flow-vlan-02/input.pcap", 3, 84, 0),
    ("pcap/OISF-suricata-verify/decode-teredo-01/input.pcap", 78, 23_933, 0),
    ("pcap/OISF-suricata-verify/tcp-session-syn-flood-drop-precedence/input.pcap", 200, 8_000, 0),
    ("pcap/OISF-suricata-verify/decode-sll2-01/input.pcap", 5, 358, 0),
    ("pcap/OISF-suricata-verify/exception-policy-defrag-01/ipv4frags.pcap", 3, 2_876, 0),
    ("netflow_pcap/NetGauze-NetGauze/flow/srv6/srv6.pcap", 170, 37_096, 0),
    ("netflow_pcap/the-tcpdump-group-tcpdump/sflow-print-v6.pcap", 25, 12_708, 0),
    ("netflow_pcap/the-tcpdump-group-tcpdump/sflow_expanded.pcap", 1, 356, 0),
    ("netflow_pcap/the-tcpdump-group-tcpdump/sflow_multiple_counter_30_pdus.pcap", 30, 28_384, 0),
];

/// Packets and bytes of both directions.
fn sums(records: &[Record]) -> (u64, u64) {
    let sum = |a, b| records.iter().map(|r| number(r, a) + number(r, b)).sum();
    (sum("packets", "rev_packets"), sum("bytes", "rev_bytes"))
}

/// The flows of a capture, each packet of which is accounted for.
fn metered(path: &Path, args: &[&str]) -> (Vec<Record>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let counters = folder.path().join("counters");
    let args = [&["--from", "pcap", "--counters", counters.to_str().unwrap()], args].concat();
    let outcome = read(path, &args);
    assert_eq!(outcome.code, Some(0), "{}: {}", path.display(), outcome.stderr);
    let counters: Value = serde_json::from_str(&std::fs::read_to_string(counters).unwrap()).unwrap();
    (outcome.records(), counters)
}

#[test]
fn packets_and_bytes_are_those_of_tshark() {
    for (name, packets, bytes, unused) in FIGURES {
        let Some(path) = shared(name) else { return };
        let (records, counters) = metered(&path, &[]);
        assert_eq!(sums(&records), (packets, bytes), "{name}");
        let of_no_flow: u64 = counters["unused"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!((of_no_flow, counters["read"].as_u64()), (unused, Some(packets + unused)), "{name}");
        assert_eq!(counters["written"], records.len(), "{name}");
    }
}

/// Makes a small capture of tshark's text2pcap style by hand: so many packets of Ethernet, of which one is ARP.
fn capture(packets: u32) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend([0xa1b2_c3d4_u32.to_le_bytes(), [2, 0, 4, 0], [0; 4], [0; 4], [0, 0, 4, 0], [1, 0, 0, 0]].concat());
    for n in 0..packets {
        let ip = [
            &[0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2][..],
            &[0, n as u8, 0, 53, 0, 9, 0, 0, 7],
        ];
        let frame = if n == 3 {
            [&[2; 12][..], &[8, 6], &[0; 28]].concat()
        } else {
            [&[2; 12][..], &[8, 0], &ip.concat()].concat()
        };
        for number in [1_700_000_000 + n, 500, frame.len() as u32, frame.len() as u32] {
            out.extend(number.to_le_bytes());
        }
        out.extend(frame);
    }
    out
}

#[test]
fn a_capture_that_is_cut_gives_all_before_and_says_where() {
    let whole = capture(6);
    let all = run(&[], &whole);
    assert_eq!((all.code, all.records().len()), (Some(0), 5), "{}", all.stderr);
    for end in 24..whole.len() {
        let part = run(&[], &whole[..end]);
        let before = part.records().len();
        assert!(part.stdout.is_empty() || all.stdout.starts_with(&part.stdout), "{end}");
        if part.code == Some(0) {
            assert_eq!(sums(&part.records()).0 as usize, before, "{end}");
            assert!([24, 83, 142, 201, 259, 318].contains(&end), "{end}: no record ends here");
        } else {
            assert_eq!(part.code, Some(2));
            assert!(part.stderr.contains("stdin: truncated at byte "), "{end}: {}", part.stderr);
        }
    }
}

#[test]
fn what_is_no_capture_or_is_corrupt_is_told_with_its_place() {
    for (text, args, message) in [
        (&b"hello, this is no capture\n"[..], &["--from", "pcap"][..], "corrupt at byte 0: no header of a pcap file"),
        (b"", &["--from", "pcap"], "truncated at byte 0: the header of a pcap file of 24 bytes has 0"),
        (b"\xd4\xc3\xb2\xa1\x09\x00\x04\x00hello, this is no capture", &[], "corrupt at byte 0"),
        (
            b"\x0a\x0d\x0d\x0a\x00\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00",
            &[],
            "corrupt at byte 0: a section whose header has 0 bytes",
        ),
    ] {
        let outcome = run(args, text);
        assert_eq!((outcome.code, outcome.text()), (Some(2), ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(message), "{}", outcome.stderr);
    }
    let mut corrupt = capture(4);
    let second = 24 + 16 + 43;
    corrupt[second + 8..second + 12].fill(0xff);
    let outcome = run(&[], &corrupt);
    assert_eq!((outcome.code, outcome.records().len()), (Some(2), 1));
    assert!(outcome.stderr.contains(&format!("corrupt at byte {second}: ")), "{}", outcome.stderr);
}

#[test]
fn malformed_files_of_others_end_with_an_account() {
    // Of each packet less than an IP header was captured: tshark shows no addresses either.
    for name in ["ip4-trunc", "ip6-trunc"] {
        let Some(path) = shared(&format!("malformed/zeek-zeek/pcap-trunc/{name}.pcap")) else { return };
        let (records, counters) = metered(&path, &[]);
        assert_eq!((records.len(), &counters["unused"]), (0, &serde_json::json!({ "snapped header": 1 })), "{name}");
    }
    let Some(path) = shared("malformed/SuperCowPowers-zat/gzip/http.log.corrupt.gz") else { return };
    let outcome = read(&path, &[]);
    assert_eq!((outcome.code, outcome.text()), (Some(2), ""), "{}", outcome.stderr);
    let outcome = read(&path, &["--from", "csv"]);
    assert!(outcome.code == Some(2) && outcome.stderr.contains("corrupt"), "{}", outcome.stderr);
}

#[test]
fn captures_are_metered_each_by_itself_unless_they_continue() {
    let folder = tempfile::tempdir().unwrap();
    let whole = capture(2);
    let mut paths = Vec::new();
    for name in ["1", "2", "3"] {
        let path = folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(&path, &whole).unwrap();
        paths.push(path);
    }
    let [one, two, three] = &paths[..] else { panic!() };
    assert_eq!(run(&[one, two, three], "").records().len(), 6);
    let joined = run(&["--continue", one, two, three], "").records();
    assert_eq!(joined.iter().map(|r| number(r, "packets")).collect::<Vec<_>>(), [3, 3]);
    let refused = run(&["--continue", "--merge", one, two], "");
    assert_eq!(refused.code, Some(2));
}

#[test]
fn options_say_when_flows_end_and_what_is_metered() {
    let path = sample("sample.pcap.gz");
    let count = |args: &[&str]| {
        let (records, counters) = metered(&path, args);
        assert_eq!(sums(&records).0, 337);
        (records.len(), counters)
    };
    let (all, _) = count(&[]);
    let (short, _) = count(&["--idle-timeout", "20ms"]);
    let (shorter, _) = count(&["--active-timeout", "20ms", "--idle-timeout", "20ms"]);
    assert!(all < short && short < shorter, "{all} {short} {shorter}");
    let (_, counters) = count(&["--max-flows", "5"]);
    assert!(counters["details"]["left early"].as_u64().unwrap() > 5, "{counters}");
    let outcome = read(&path, &["--head", "2"]);
    assert_eq!((outcome.code, outcome.records().len()), (Some(0), 2));
    assert_eq!(read(&path, &["--idle-timeout", "soon"]).code, Some(2));
}

#[test]
fn a_live_capture_gives_flows_as_they_end() {
    let whole = capture(2);
    let mut late = capture(1);
    let mut child = support::flowcat(&["--idle-timeout", "10s", "--line-buffered"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    late[24..28].copy_from_slice(&1_700_000_100_u32.to_le_bytes());
    stdin.write_all(&whole).unwrap();
    stdin.write_all(&late[24..]).unwrap();
    stdin.flush().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    for port in [0, 1] {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(line["src_port"], port);
    }
    drop(stdin);
    assert!(lines.next().is_some() && lines.next().is_none());
    assert!(child.wait().unwrap().success());
}

/// Flows of nfstream, by column.
type Foreign = Vec<BTreeMap<String, String>>;

fn foreign(csv: &Path) -> Foreign {
    let mut reader = csv::Reader::from_path(csv).unwrap();
    let names = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| names.iter().zip(&row).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// What tells a flow: both ends, protocol, VLAN and the millisecond in which it begins.
fn identity(of: impl Fn(&str) -> String) -> Vec<String> {
    ["src_ip", "src_port", "dst_ip", "dst_port", "protocol", "vlan", "bidirectional_first_seen_ms"].map(of).to_vec()
}

/// Compares flow by flow and statistic by statistic, to a millionth; answers how many values were compared.
fn agrees(ours: &[Record], theirs: &Foreign, what: &str) -> usize {
    let text =
        |value: Option<&Value>| value.map_or_else(|| "0".into(), |v| v.as_str().map_or(v.to_string(), str::to_owned));
    let mut by_identity: BTreeMap<Vec<String>, &Record> = BTreeMap::new();
    for record in ours {
        assert!(by_identity.insert(identity(|name| text(record.get(name))), record).is_none(), "{what}: a flow twice");
    }
    assert_eq!(ours.len(), theirs.len(), "{what}: flows");
    let mut compared = 0;
    for flow in theirs {
        let identity = identity(|name| flow[if name == "vlan" { "vlan_id" } else { name }].clone());
        let record = by_identity.get(&identity).unwrap_or_else(|| panic!("{what}: no flow {identity:?}"));
        for (name, value) in flow {
            if name.starts_with("splt_") {
                assert_eq!(record[name].to_string(), value.replace(' ', ""), "{what}: {name} of {identity:?}");
            } else if ["bidirectional_", "src2dst_", "dst2src_"].iter().any(|group| name.starts_with(group)) {
                let (ours, theirs) = (record[name].as_f64().unwrap(), value.parse::<f64>().unwrap());
                let is_near = (ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0);
                assert!(is_near, "{what}: {name} of {identity:?} is {ours}, not {theirs}");
            } else {
                continue;
            }
            compared += 1;
        }
        assert_eq!(number(record, "packets").to_string(), flow["src2dst_packets"], "{what}");
        assert_eq!(number(record, "rev_packets").to_string(), flow["dst2src_packets"], "{what}");
    }
    compared
}

#[test]
fn flows_and_statistics_are_those_that_nfstream_wrote() {
    let capture = "pcap/d3vzer0-applied_data_science_amsterdam/maccdc2012_00000_small.pcap.gz";
    let (Some(path), Some(csv)) = (shared(capture), shared("derived/nfstream_csv/maccdc.nfstream.csv")) else { return };
    let (records, _) = metered(&path, &["--stats"]);
    assert_eq!(agrees(&records, &foreign(&csv), "maccdc"), 618 * 63);
}

/// The Python of `FLOW_PYTHON`, else `python3`, if it has nfstream; says so if not.
fn nfstream() -> Option<String> {
    let python = std::env::var("FLOW_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import nfstream"]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    println!("skipped: {python} has no nfstream; FLOW_PYTHON can name one that has");
    None
}

/// The capture as it is, unpacked.
fn plain(path: &Path, plain: &Path) -> PathBuf {
    if path.extension().is_none_or(|e| e != "gz") {
        return path.to_owned();
    }
    let bytes = Command::new("gzip").arg("-dc").arg(path).output().unwrap().stdout;
    std::fs::write(plain, bytes).unwrap();
    plain.to_owned()
}

#[test]
fn flows_and_statistics_are_those_of_nfstream_at_both_timeouts_and_all_layers() {
    let Some(python) = nfstream() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/parity/metered.py");
    let folder = tempfile::tempdir().unwrap();
    // It does not know Linux' cooked frames of version 2, and leaves later fragments out.
    let is_known = |name: &str| !["sll2", "defrag", "fragmented"].iter().any(|part| name.contains(part));
    let mut paths: Vec<_> = FIGURES.iter().filter(|f| is_known(f.0)).filter_map(|f| shared(f.0)).collect();
    paths.extend(["sample.pcap.gz", "clients.pcapng.gz", "sample.exports.pcapng"].map(sample));
    // Of IPv6 it counts what the header carries, and nothing of what is no TCP, UDP or ICMP.
    let is_simple = |path: &Path| ["http.pcap", "mqtt.pcap"].iter().any(|name| path.ends_with(name));
    let layers = [("0", "l2"), ("1", "l3"), ("2", "l4"), ("3", "payload")];
    let mut jobs: Vec<(&Path, &str, [&str; 2], PathBuf)> = Vec::new();
    let mut text = String::new();
    for (number, path) in paths.iter().enumerate() {
        let plain = plain(path, &folder.path().join(number.to_string()));
        for (layer, name) in &layers[..if is_simple(path) { 4 } else { 1 }] {
            for [idle, active] in [["120", "1800"], ["60", "120"]] {
                let csv = folder.path().join(format!("{}.csv", jobs.len()));
                text += &format!("{}\t{idle}\t{active}\t{layer}\t{}\n", plain.display(), csv.display());
                jobs.push((path, name, [idle, active], csv));
            }
        }
    }
    let mut child = Command::new(&python).arg("-B").arg(&script).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let mut compared = 0;
    for (path, layer, [idle, active], csv) in &jobs {
        let options = ["--idle-timeout", &format!("{idle}s"), "--active-timeout", &format!("{active}s")];
        let (records, _) = metered(path, &[&options[..], &["--stats", "--splt", "8", "--count-bytes", layer]].concat());
        compared += agrees(&records, &foreign(csv), &format!("{} {layer} {idle}", path.display()));
    }
    assert!(compared > 50_000 || paths.len() == 3, "{compared}");
}
