//! Datagrams of real exporters: rows and sums are those that tshark or the exporter itself counts, fields those that
//! telegraf and NetGauze decoded.
//!
//! Most files lie beside the project, in `../shared/data`; without them nothing is tested, and that is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use support::{Outcome, Record, clean, counted, figures, flowcat, run, sample, shared};

const LOGSTASH: &str = "netflow_dat/logstash-plugins-logstash-codec-netflow";

/// Reads several files in one run.
fn read_all(files: &[PathBuf], args: &[&str]) -> Outcome {
    let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    run(&[&files[..], args].concat(), "")
}

/// Files of the shared folder; `None`, said, where they are not there.
fn all_shared(folder: &str, files: &[&str]) -> Option<Vec<PathBuf>> {
    files.iter().map(|file| shared(&format!("{folder}/{file}"))).collect()
}

#[test]
fn named_devices_have_the_rows_and_sums_that_tshark_and_nfdump_count() {
    for (files, wanted, protocols) in [
        (
            &["ipfix_test_mikrotik_tpl.dat", "ipfix_test_mikrotik_data258.dat", "ipfix_test_mikrotik_data259.dat"][..],
            [46, 253, 103_235],
            "1 2, 17 36, 6 8",
        ),
        (&["ipfix_test_openbsd_pflow_tpl.dat", "ipfix_test_openbsd_pflow_data.dat"], [26, 209, 99_323], "6 26"),
        (&["ipfix_test_netscaler_tpl.dat", "ipfix_test_netscaler_data.dat"], [3, 5, 3106], "6 3"),
        (&["netflow5_test_microtik.dat"], [30, 160, 40_812], "17 1, 6 29"),
        // tshark shows one of these; nfdump, which got them from nfcapd, all.
        (&["netflow9_test_h3c_tpl3281.dat", "netflow9_test_h3c_data3281.dat"], [16, 6113, 8_729_687], "6 16"),
        (&["netflow9_test_valid01.dat"], [7, 13, 1128], "17 6, 58 1"),
        (&["netflow9_test_0length_fields_tpl_data.dat"], [10, 2, 64], "2 10"),
        (&["netflow9_test_cisco_asa_1_tpl.dat", "netflow9_test_cisco_asa_1_data.dat"], [14, 0, 888], "1 14"),
        (
            &["netflow9_test_cisco_asr9k_tpl260.dat", "netflow9_test_cisco_asr9k_data260.dat"],
            [21, 531, 208_031],
            "17 1, 6 20",
        ),
        (
            &[
                "netflow9_test_ubnt_edgerouter_tpl.dat",
                "netflow9_test_ubnt_edgerouter_data1024.dat",
                "netflow9_test_ubnt_edgerouter_data1025.dat",
            ],
            [16, 114, 20_418],
            "17 9, 6 7",
        ),
    ] {
        let Some(files) = all_shared(LOGSTASH, files) else { return };
        let name = files.last().unwrap().display().to_string();
        let records = clean(read_all(&files, &[]), &name);
        assert_eq!(figures(&records)[..3], wanted, "{name}");
        assert_eq!(counted(&records, "protocol"), protocols, "{name}");
        // Data that comes before its template waits for it.
        let reversed: Vec<PathBuf> = files.into_iter().rev().collect();
        let again = clean(read_all(&reversed, &[]), &name);
        assert_eq!(figures(&again)[..3], wanted, "{name}, data first");
    }
}

#[test]
fn options_are_counted_and_samplers_are_learnt() {
    let files = ["netflow9_test_cisco_asr9k_opttpl256.dat", "netflow9_test_cisco_asr9k_data256.dat"];
    let Some(files) = all_shared(LOGSTASH, &files) else { return };
    let outcome = read_all(&files, &["--counters", "/dev/stderr"]);
    assert!(outcome.stdout.is_empty() && outcome.stderr.contains(r#""options data":19"#), "{}", outcome.stderr);
    // softflowd says with an option how it samples. Its header counts the two flows alone, where RFC 3954 (section 5.1) wants
    // all six records, which is why logstash takes nothing from it; the sets are whole by their own lengths, and nfcapd
    // takes these two flows, of 194 bytes.
    let Some(path) =
        shared("malformed/logstash-plugins-logstash-codec-netflow/netflow-dat/netflow9_test_invalid01.dat")
    else {
        return;
    };
    let records = clean(read_all(&[path], &[]), "invalid01");
    assert_eq!((figures(&records)[..3].to_vec(), counted(&records, "sampling").as_str()), (vec![2, 2, 194], "100 2"));
}

/// The fields of a line of telegraf's.
fn telegraf(line: &str) -> BTreeMap<String, String> {
    let (_, rest) = line.split_once(' ').unwrap();
    let mut fields = BTreeMap::new();
    let mut rest = rest;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(text) => text.split_once('"').unwrap(),
            None => after.split_at(after.find([',', ' ']).unwrap_or(after.len())),
        };
        fields.insert(key.to_owned(), value.trim_end_matches('u').to_owned());
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => break,
        }
    }
    fields
}

/// The same of a record, as far as telegraf has it.
fn as_telegraf(record: &Record, wanted: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let text = |name: &str| record.get(name).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
    let start: i128 = {
        let text = text("timestamp").unwrap();
        let time: &str = text.trim_end_matches('Z');
        let (date, clock) = time.split_once('T').unwrap();
        let mut date = date.split('-').map(|n| n.parse::<i128>().unwrap());
        let (year, month, day) = (date.next().unwrap(), date.next().unwrap(), date.next().unwrap());
        // Days from a civil date (H. Hinnant).
        let year = year - i128::from(month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        let mut clock = clock.split([':', '.']).map(|n| n.parse::<i128>().unwrap());
        let mut next = || clock.next().unwrap();
        ((days * 24 + next()) * 60 + next()) * 60_000 + next() * 1000 + next()
    };
    let duration = record.get("duration").map_or(0.0, |v| v.as_f64().unwrap());
    let flags = |value: u64| {
        let letter = |i: usize, c: char| if value >> (7 - i) & 1 == 1 { c } else { '.' };
        "CEUAPRSF".chars().enumerate().map(|(i, c)| letter(i, c)).collect::<String>()
    };
    let mut fields = BTreeMap::new();
    for key in wanted.keys() {
        let value = match key.as_str() {
            "src" => text("src_ip"),
            "dst" => text("dst_ip"),
            "src_port" => text("src_port"),
            "dst_port" => text("dst_port"),
            "protocol" => text("protocol").map(|p| if p == "6" { "tcp" } else { "udp" }.to_owned()),
            "in_bytes" | "in_total_bytes" => text("bytes"),
            "in_packets" | "in_total_packets" => text("packets"),
            "flow_start_ms" => Some(start.to_string()),
            "flow_end_ms" => Some((start + (duration * 1000.0).round() as i128).to_string()),
            "tcp_flags" => Some(flags(support::number(record, "tcp_flags"))),
            "bgp_src_as" => Some(text("src_as").unwrap_or_else(|| "0".into())),
            "bgp_dst_as" => Some(text("dst_as").unwrap_or_else(|| "0".into())),
            "in_snmp" => Some(text("input_if").unwrap_or_else(|| "0".into())),
            "out_snmp" => Some(text("output_if").unwrap_or_else(|| "0".into())),
            "next_hop" => Some(text("next_hop").unwrap_or_else(|| "0.0.0.0".into())),
            "src_tos" => Some(format!("0x{:02x}", support::number(record, "tos"))),
            "vlan_src" => Some(text("vlan").unwrap_or_else(|| "0".into())),
            "src_mask" => text("sourceIPv4PrefixLength"),
            "dst_mask" => text("destinationIPv4PrefixLength"),
            "type_29305_85" => Some(format!("0x{:08x}", support::number(record, "rev_bytes"))),
            "type_29305_86" => Some(format!("0x{:08x}", support::number(record, "rev_packets"))),
            "type_6871_21" => text("e6871ie21").map(|hex| format!("0x{hex}")),
            "type_6871_40" => text("e6871ie40").map(|hex| format!("0x{hex}")),
            _ => continue,
        };
        fields.insert(key.clone(), value.unwrap_or_else(|| "absent".into()));
    }
    fields
}

#[test]
fn telegraf_decoded_the_same_fields() {
    for (folder, prefix, numbers) in [
        ("netflow_v5_example", "netflow_v5", 1),
        ("netflow_v9_example", "netflow_v9", 1),
        ("ipfix_example", "ipfix_", 7),
    ] {
        let name = |i: usize| if numbers == 1 { format!("{prefix}.bin") } else { format!("{prefix}{i}.bin") };
        let folder = format!("netflow_dat/influxdata-telegraf/{folder}");
        let Some(files) = (0..numbers).map(|i| shared(&format!("{folder}/{}", name(i)))).collect::<Option<Vec<_>>>()
        else {
            return;
        };
        let Some(expected) = shared(&format!("{folder}/expected.out")) else { return };
        let records = clean(read_all(&files, &["--keep-extra"]), &folder);
        let expected = std::fs::read_to_string(expected).unwrap();
        let expected: Vec<_> = expected.lines().map(telegraf).filter(|fields| fields.contains_key("src")).collect();
        assert_eq!(records.len(), expected.len(), "{folder}");
        let mut compared = 0;
        for (record, expected) in records.iter().zip(&expected) {
            let seen = as_telegraf(record, expected);
            compared += seen.len();
            for (key, value) in seen {
                assert_eq!(Some(&value), expected.get(&key), "{folder}: {key} of {record:?}");
            }
        }
        assert!(compared >= 11 * records.len(), "{folder}: {compared} fields");
    }
}

#[test]
fn telegraf_decoded_the_same_samples_of_sflow() {
    // Of counters there are no flows.
    let Some(counters) = shared("netflow_dat/influxdata-telegraf/sflow_v5_example/sflow_v5.bin") else { return };
    assert!(clean(read_all(&[counters], &[]), "counters").is_empty());
    let folder = "netflow_dat/influxdata-telegraf/sflow_issue_15918";
    let (Some(file), Some(expected)) =
        (shared(&format!("{folder}/message.bin")), shared(&format!("{folder}/expected.out")))
    else {
        return;
    };
    let records = clean(read_all(&[file], &["--keep-extra"]), folder);
    let expected = std::fs::read_to_string(expected).unwrap();
    let expected: Vec<_> = expected.lines().map(telegraf).filter(|fields| fields.contains_key("src")).collect();
    assert_eq!((records.len(), expected.len()), (6, 6));
    for (record, expected) in records.iter().zip(&expected) {
        let text = |name: &str| record.get(name).map_or_else(String::new, |v| v.to_string().trim_matches('"').into());
        for (theirs, ours) in [
            ("src", "src_ip"),
            ("dst", "dst_ip"),
            ("src_port", "src_port"),
            ("dst_port", "dst_port"),
            ("agent_ip", "exporter"),
            ("l2_bytes", "bytes"),
            ("sampling_interval", "sampling"),
            ("vlan_src", "vlan"),
            ("in_src_mac", "sourceMacAddress"),
            ("out_dst_mac", "destinationMacAddress"),
        ] {
            // ICMP has no ports.
            let wanted = expected.get(theirs).map_or("0", String::as_str);
            assert_eq!(text(ours), wanted, "{ours} of {record:?}");
        }
        // It takes the side at which was sampled for both interfaces, and the first extension of IPv6 for the protocol.
        if expected["direction"] == "ingress" {
            assert_eq!(
                [text("input_if"), text("output_if")],
                [expected["in_snmp"].clone(), expected["out_snmp"].clone()]
            );
        }
        let protocol = if expected["protocol"] == "udp" { "17" } else { "58" };
        assert_eq!((text("protocol").as_str(), text("packets").as_str()), (protocol, "1"));
    }
}

#[test]
fn samples_are_the_flows_that_softflowd_metered() {
    let read = |name: &str| clean(read_all(&[sample(name)], &[]), name);
    let (v5, v9, ipfix) = (read("sample.v5.dat"), read("sample.v9.dat"), read("sample.ipfix.dat"));
    // Version 5 has no IPv6.
    assert_eq!(figures(&v5)[..3], [97, 335, 213_937]);
    assert_eq!(figures(&v9)[..3], [99, 337, 214_115]);
    assert_eq!(figures(&ipfix)[..3], [99, 337, 214_115]);
    let without = |record: &Record, fields: &[&str]| {
        let kept = record.iter().filter(|(key, _)| !fields.contains(&key.as_str()));
        serde_json::to_string(&kept.collect::<BTreeMap<_, _>>()).unwrap()
    };
    let is_v4 = |record: &&Record| !record["src_ip"].as_str().unwrap().contains(':');
    let of_5: Vec<_> = v5.iter().map(|record| without(record, &[])).collect();
    let of_ipfix: Vec<_> = ipfix.iter().filter(is_v4).map(|record| without(record, &["sampling"])).collect();
    assert_eq!(of_5, of_ipfix);
    // The header of version 9 counts whole seconds.
    let times = |record: &Record| without(record, &["timestamp"]);
    assert_eq!(v9.iter().map(times).collect::<Vec<_>>(), ipfix.iter().map(times).collect::<Vec<_>>());
}

#[test]
fn what_is_cut_off_is_told_after_what_is_whole() {
    for name in ["sample.v5.dat", "sample.v9.dat", "sample.ipfix.dat"] {
        let whole = std::fs::read(sample(name)).unwrap();
        let all = run(&["--from", "netflow"], &whole);
        assert_eq!(all.code, Some(0), "{name}");
        for cut in [1, 17, 100, 1400, 1500, 3000, whole.len() - 1] {
            let outcome = run(&["--from", "netflow"], &whole[..cut]);
            let expected = format!("stdin: truncated at byte {cut}, ");
            assert!(outcome.code == Some(2) && outcome.stderr.contains(&expected), "{name} {cut}: {}", outcome.stderr);
            assert!(all.stdout.starts_with(&outcome.stdout), "{name} {cut}");
        }
        let outcome = run(&["--from", "netflow"], [&whole[..], b"what is this"].concat());
        assert_eq!((outcome.code, &outcome.stdout), (Some(2), &all.stdout), "{name}");
        // A datagram of version 9 has no length that would tell where it ends.
        let place = match name {
            "sample.v9.dat" => format!("truncated at byte {}", whole.len() + 12),
            _ => format!("byte {}: no datagram of an export begins here", whole.len()),
        };
        assert!(outcome.stderr.contains(&place), "{name}: {}", outcome.stderr);
    }
}

#[test]
fn every_record_is_counted_once() {
    let mut command = flowcat(&["--counters", "/dev/stdout", "-o", "/dev/null"]);
    let output = command.arg(sample("sample.ipfix.dat")).output().unwrap();
    let counters: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&counters["read"], &counters["passed"]), (&100.into(), &99.into()));
    assert_eq!(counters["unused"]["options data"], 1);
    assert_eq!(counters["details"], serde_json::json!({}));
}

#[test]
fn captures_have_the_rows_and_sums_that_nfcapd_counts() {
    for (file, wanted, protocols) in [
        ("netflow_pcap/NetGauze-NetGauze/flow/srv6/srv6.pcap", [86, 1070, 133_659], "1 10, 17 5, 58 60, 6 11"),
        ("netflow_pcap/the-tcpdump-group-tcpdump/sflow-print-v6.pcap", [13, 13, 1454], "63 13"),
        ("netflow_pcap/the-tcpdump-group-tcpdump/sflow_multiple_counter_30_pdus.pcap", [7, 12, 1953], "17 5, 6 2"),
        ("derived/softflowd_export/maccdc.nf5.pcap", [1096, 9928, 1_286_496], "1 11, 17 92, 6 973, 88 20"),
        ("derived/softflowd_export/maccdc.nf9.pcap", [1096, 9928, 1_286_496], "1 11, 17 92, 6 973, 88 20"),
        ("derived/softflowd_export/maccdc.nf10.pcap", [1096, 9928, 1_286_496], "1 11, 17 92, 6 973, 88 20"),
    ] {
        let Some(path) = shared(file) else { return };
        let records = clean(read_all(std::slice::from_ref(&path), &[]), file);
        assert_eq!(
            (figures(&records)[..3].to_vec(), counted(&records, "protocol").as_str()),
            (wanted.to_vec(), protocols)
        );
        assert!(records.iter().all(|record| record.contains_key("exporter")), "{file}");
        assert_eq!(clean(read_all(&[path], &["--from", "netflow-pcap"]), file), records, "{file}");
    }
    // sfcapd multiplies by the sampling.
    let file = "netflow_pcap/the-tcpdump-group-tcpdump/sflow_expanded.pcap";
    let Some(path) = shared(file) else { return };
    let records = clean(read_all(&[path], &["--sampling", "auto"]), file);
    assert_eq!(figures(&records)[..3], [1, 1000, 126_000]);
    assert_eq!((counted(&records, "byte_layer"), counted(&records, "sampling")), ("l2 1".into(), "1000 1".into()));
}

#[test]
fn netgauze_decoded_the_same_records() {
    let folder = "netflow_pcap/NetGauze-NetGauze/flow/srv6";
    let (Some(path), Some(expected)) =
        (shared(&format!("{folder}/srv6.pcap")), shared(&format!("{folder}/srv6-flow.json")))
    else {
        return;
    };
    let records = clean(read_all(&[path], &["--keep-extra"]), folder);
    let expected = std::fs::read_to_string(expected).unwrap();
    let messages = expected.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let sets: Vec<Value> = messages.flat_map(|m| m["IPFIX"]["sets"].as_array().unwrap().clone()).collect();
    let data = sets.iter().filter_map(|set| set.get("Data")?["records"].as_array()).flatten();
    let flows: Vec<_> = data.filter(|r| r["scope_fields"].as_array().unwrap().is_empty()).collect();
    assert_eq!(records.len(), flows.len());
    let mut compared = 0;
    for (record, flow) in records.iter().zip(flows) {
        // Of an element that is there twice the last counts; the first is kept by its name.
        let (mut first, mut last) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in flow["fields"].as_array().unwrap().iter().flat_map(|f| f.as_object().unwrap()) {
            first.entry(name.as_str()).or_insert(value);
            last.insert(name.as_str(), value);
        }
        for (name, value) in last {
            let is_known = |name: &str| record.get(name).cloned();
            let seen = match name {
                "packetDeltaCount" => is_known("packets"),
                "octetDeltaCount" => is_known("bytes"),
                "ingressInterface" => is_known("input_if").or(Some(0.into())),
                "egressInterface" => is_known("output_if").or(Some(0.into())),
                "ipClassOfService" => is_known("tos").or(Some(0.into())),
                "sourceIPv4Address" => is_known("src_ip"),
                "destinationIPv4Address" => is_known("dst_ip"),
                "sourceTransportPort" => is_known("src_port"),
                // ICMP's type and code stand there.
                "destinationTransportPort" if record.contains_key("icmp_type") => {
                    let number = |name| support::number(record, name);
                    Some((number("icmp_type") * 256 + number("icmp_code")).into())
                }
                "destinationTransportPort" => is_known("dst_port"),
                "bgpSourceAsNumber" => is_known("src_as").or(Some(0.into())),
                "bgpDestinationAsNumber" => is_known("dst_as").or(Some(0.into())),
                "dot1qVlanId" => is_known("vlan").or(Some(0.into())),
                "minimumTTL"
                | "maximumTTL"
                | "flowLabelIPv6"
                | "octetDeltaSumOfSquares"
                | "ingressVRFID"
                | "egressVRFID"
                | "bgpNextHopIPv6Address"
                | "destinationIPv6PrefixLength"
                | "ethernetType"
                | "dot1qPriority" => is_known(name),
                _ => continue,
            };
            compared += 1;
            // Of what is only kept the first has the name alone.
            let value = if name == "flowLabelIPv6" { first[name] } else { value };
            assert_eq!(seen.as_ref(), Some(value), "{name} of {record:?}");
        }
    }
    assert!(compared > 15 * records.len(), "{compared} of {}", records.len());
}

#[test]
fn a_capture_that_is_metered_though_it_holds_exports_says_so() {
    let Some(path) = shared("derived/softflowd_export/maccdc.nf5.pcap") else { return };
    let outcome = read_all(&[path], &["--from", "pcap"]);
    let told = "a datagram of NetFlow, IPFIX or sFlow, and all packets are metered; --from netflow-pcap";
    assert_eq!((outcome.code, outcome.stderr.matches(told).count()), (Some(0), 1), "{}", outcome.stderr);
    let Some(path) = shared("pcap/zeek-zeek/tunnels/gre-sample.pcap") else { return };
    let outcome = read_all(&[path], &[]);
    assert!(!outcome.stderr.contains("NetFlow"), "{}", outcome.stderr);
}
