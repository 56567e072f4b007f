//! Applications: what real clients send is known for what it is, with the names that they ask for; and the records of
//! another meter, ipfixprobe, whose expectations are matched field by field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use support::{Record, number, read, sample, shared};

/// Protocol and port of the service, application, and the names that its clients were told to ask for
/// (`tests/data/clients.py`).
const CLIENTS: [(u64, u64, &str, &[&str]); 31] = [
    (17, 53, "dns", &["www.example.org"]),
    (6, 53, "dns", &["tcp.example.org"]),
    (17, 5353, "mdns", &[]),
    (17, 123, "ntp", &[]),
    (17, 161, "snmp", &[]),
    (6, 80, "http", &["www.example.org"]),
    (6, 443, "tls", &["www.example.org", "h2"]),
    (6, 8443, "tls", &["old.example.org", "http/1.1"]),
    (17, 4433, "dtls", &["dtls.example.org"]),
    (17, 443, "quic", &["quic.example.org", "h3"]),
    (6, 22, "ssh", &[]),
    (6, 21, "ftp", &[]),
    (6, 25, "smtp", &[]),
    (6, 110, "pop3", &[]),
    (6, 143, "imap", &[]),
    (17, 69, "tftp", &[]),
    (6, 554, "rtsp", &[]),
    (6, 1883, "mqtt", &[]),
    (6, 445, "smb", &[]),
    (6, 2049, "nfs", &[]),
    (6, 389, "ldap", &[]),
    (6, 873, "rsync", &[]),
    (6, 9418, "git", &[]),
    (6, 5432, "postgresql", &[]),
    (6, 6379, "redis", &[]),
    (17, 1194, "openvpn", &[]),
    (17, 1812, "radius", &[]),
    (17, 67, "dhcp", &[]),
    // Nobody asked these.
    (6, 23, "", &[]),
    (6, 3389, "", &[]),
    (17, 137, "", &[]),
];

fn text<'r>(record: &'r Record, field: &str) -> &'r str {
    record.get(field).and_then(|value| value.as_str()).unwrap_or_default()
}

#[test]
fn real_clients_are_known_by_what_they_send() {
    let records = read(&sample("clients.pcapng.gz"), &[]).records();
    for (protocol, port, app, names) in CLIENTS {
        let flows: Vec<&Record> = records
            .iter()
            .filter(|flow| number(flow, "protocol") == protocol && number(flow, "dst_port") == port)
            .collect();
        assert_eq!(flows.is_empty(), app.is_empty(), "{port}");
        for flow in flows {
            let given: Vec<&str> =
                [text(flow, "app_host"), text(flow, "app_alpn")].into_iter().filter(|name| !name.is_empty()).collect();
            assert_eq!((text(flow, "app"), &given[..]), (app, names), "{port}");
            assert!(!flow.contains_key("app_guessed"), "{port}");
        }
    }
}

#[test]
fn captures_of_others_are_of_the_applications_that_they_were_made_for() {
    for (name, app, least) in [
        ("pcap/zeek-zeek/dhcp/dhcp_flood.pcap", "dhcp", 250),
        ("pcap/CESNET-ipfixprobe/inputs/mqtt.pcap", "mqtt", 5),
        ("pcap/CESNET-ipfixprobe/inputs/http.pcap", "http", 9),
        ("netflow_pcap/the-tcpdump-group-tcpdump/sflow_expanded.pcap", "sflow", 1),
        ("netflow_pcap/NetGauze-NetGauze/flow/srv6/srv6.pcap", "netflow", 1),
    ] {
        let Some(path) = shared(name) else { return };
        let records = read(&path, &["--from", "pcap", "-q"]).records();
        let found = records.iter().filter(|r| text(r, "app") == app && !r.contains_key("app_guessed")).count();
        assert!(found >= least, "{name}: {found} of {}", records.len());
        let others: BTreeSet<&str> =
            records.iter().filter(|r| !r.contains_key("app_guessed")).map(|r| text(r, "app")).collect();
        assert!(others.iter().all(|other| [app, "", "icmp"].contains(other)), "{name}: {others:?}");
    }
}

/// The columns that are compared, as ipfixprobe and as we name them.
const COLUMNS: [(&str, &str); 13] = [
    ("SRC_IP", "src_ip"),
    ("DST_IP", "dst_ip"),
    ("SRC_PORT", "src_port"),
    ("DST_PORT", "dst_port"),
    ("PROTOCOL", "protocol"),
    ("VLAN_ID", "vlan"),
    ("PACKETS", "packets"),
    ("BYTES", "bytes"),
    ("PACKETS_REV", "rev_packets"),
    ("BYTES_REV", "rev_bytes"),
    ("TCP_FLAGS", "tcp_flags"),
    ("TCP_FLAGS_REV", "rev_tcp_flags"),
    ("HTTP_REQUEST_HOST", "app_host"),
];

/// A flow in these columns, with the times of its first and last packet in microseconds.
type Row = Vec<String>;

/// Microseconds of a day of a time as both write it, and its date.
fn micros(time: &str) -> (String, u64) {
    let (date, clock) = time.trim_end_matches('Z').split_once('T').unwrap();
    let (clock, fraction) = clock.split_once('.').unwrap();
    let seconds = clock.split(':').fold(0, |sum, part| sum * 60 + part.parse::<u64>().unwrap());
    (date.to_string(), seconds * 1_000_000 + format!("{fraction:0<6}").parse::<u64>().unwrap())
}

fn expected(text: &str) -> Vec<Row> {
    let lines = || text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines().find(|cells| cells[0].starts_with("ipaddr ")).unwrap();
    let head: Vec<&str> = head.iter().map(|cell| cell.split_once(' ').unwrap().1).collect();
    let rows = lines().filter(|cells| !cells[0].starts_with("ipaddr ")).map(|cells| {
        let cell = |name: &str| head.iter().position(|h| *h == name).map_or("", |at| cells[at].trim_matches('"'));
        let ((date, first), (_, last)) = (micros(cell("TIME_FIRST")), micros(cell("TIME_LAST")));
        let shown =
            COLUMNS.map(|(name, _)| if cell(name).is_empty() { "0".to_string() } else { cell(name).to_string() });
        [vec![date, first.to_string(), (last - first).to_string()], shown.to_vec()].concat()
    });
    rows.collect()
}

fn given(record: &Record, has_host: bool) -> Row {
    let (date, first) = micros(text(record, "timestamp"));
    let duration = (record["duration"].as_f64().unwrap() * 1e6).round() as u64;
    let shown = COLUMNS.map(|(_, name)| match record.get(name) {
        Some(value) if name != "app_host" || has_host => value.to_string().trim_matches('"').to_string(),
        _ => "0".to_string(),
    });
    [vec![date, first.to_string(), duration.to_string()], shown.to_vec()].concat()
}

#[test]
fn flows_are_those_of_ipfixprobe_field_by_field() {
    for (output, capture, has_host) in
        [("basic", "mixed", false), ("vlan", "vlan", false), ("http", "http", true), ("bstats", "bstats", false)]
    {
        let folder = "pcap/CESNET-ipfixprobe";
        let (Some(text), Some(path)) =
            (shared(&format!("{folder}/outputs/{output}")), shared(&format!("{folder}/inputs/{capture}.pcap")))
        else {
            return;
        };
        // Its timeouts.
        let outcome = read(&path, &["--from", "pcap", "--idle-timeout", "30s", "--active-timeout", "300s"]);
        let mut records = outcome.records();
        if output == "bstats" {
            // Its plug-in for bursts leaves out flows of one packet.
            records.retain(|record| number(record, "packets") + number(record, "rev_packets") > 1);
        }
        let count = |rows: Vec<Row>| {
            let mut counts: BTreeMap<Row, u32> = BTreeMap::new();
            rows.into_iter().for_each(|row| *counts.entry(row).or_default() += 1);
            counts
        };
        let expected = expected(&std::fs::read_to_string(text).unwrap());
        assert!(expected.len() >= 3);
        assert_eq!(count(records.iter().map(|r| given(r, has_host)).collect()), count(expected), "{output}");
    }
}
