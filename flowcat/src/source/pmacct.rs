//! What pmacct's print plugin writes: CSV with a header of its names, and JSON, an object a line.
//!
//! The reading is that of [`super::csv`] and [`super::json`]; both forms have the same habits.

use super::csv::Csv;
use super::fields::{ONE_WAY, Set};
use super::json::{Json, probe_own};
use super::{Format, Probe, SPEC_OF_OBJECTS, SPEC_OF_ROWS, Takes, first_line};
use crate::row::alias::{Alias, formed, normal, plain};
use crate::row::{ANY, Cell, Dialect, Form, Row};
use flow_record::item::Spec;
use flow_record::record::field;
use flow_record::scan::walk::Walk;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Csv::open(settings, &PMACCT),
    takes: Takes::Lines,
    told_by: "a header in capitals with SRC_IP or DST_IP, PACKETS and BYTES, and names of pmacct's alone",
    lost: "tags, labels, MAC addresses, BGP communities and paths, prefixes, stamps, what else is aggregated by",
};

pub(super) const JSON: Format = Format {
    spec: &JSON_SPEC,
    probe: probe_json,
    open: |s| Box::new(Json::new(s, &PMACCT)),
    takes: Takes::Objects,
    told_by: "an object with ip_src or ip_dst, and event_type purge, packets or bytes",
    lost: "tags, labels, MAC addresses, BGP communities and paths, prefixes, stamps, what else is aggregated by",
};

const FIELDS: Set = ONE_WAY.and(&[
    field::FLOWS,
    field::TCP_FLAGS,
    field::APP,
    field::EXPORTER,
    field::INPUT_IF,
    field::OUTPUT_IF,
    field::SRC_AS,
    field::DST_AS,
    field::NEXT_HOP,
    field::TOS,
    field::VLAN,
    field::SAMPLING,
]);

const EXPLAIN: &str = "
Which columns or members there are is what pmacct was told to aggregate by. Times are local to pmacct, with --tz saying
where, unless timestamps_utc, timestamps_rfc3339 or timestamps_since_epoch was set. timestamp_start or timestamp_min begin
a flow; where neither is there, stamp_inserted, the beginning of the interval. A time in 1970 or of year 0 is none. Bytes
are those of IP. Numbers may stand in strings. class unknown is no application. ICMP's type and code come from the
destination port where the source port is 0. peer_ip_src is the exporter.";

const SPEC: Spec = Spec {
    name: "pmacct",
    about: "CSV of pmacct's print plugin, of any aggregation",
    explain: EXPLAIN,
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "pmacct 1.7, print plugin and CONFIG-KEYS",
    ..SPEC_OF_ROWS
};

const JSON_SPEC: Spec = Spec {
    name: "pmacct-json",
    about: "JSON of pmacct's print plugin, of any aggregation",
    memory: SPEC_OF_OBJECTS.memory,
    ..SPEC
};

const PMACCT: Dialect = Dialect { names: &[NAMES], settle, is_anybodys: false, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Event, &["eventtype"]),
    plain(Cell::Start, &["timestampstart"]),
    plain(Cell::Start, &["timestampmin"]),
    plain(Cell::Start, &["stampinserted"]),
    plain(Cell::End, &["timestampend"]),
    plain(Cell::End, &["timestampmax"]),
    plain(Cell::Received, &["timestampexport"]),
    plain(Cell::SrcIp, &["srcip", "ipsrc"]),
    plain(Cell::DstIp, &["dstip", "ipdst"]),
    plain(Cell::SrcPort, &["srcport", "portsrc"]),
    plain(Cell::DstPort, &["dstport", "portdst"]),
    formed(Cell::Protocol, Form::Lenient, &["protocol", "ipproto"]),
    plain(Cell::Packets, &["packets"]),
    plain(Cell::Bytes, &["bytes"]),
    plain(Cell::Flows, &["flows"]),
    plain(Cell::TcpFlags, &["tcpflags"]),
    plain(Cell::App, &["class"]),
    formed(Cell::Exporter, Form::Lenient, &["peersrcip", "peeripsrc"]),
    formed(Cell::InputIf, Form::Lenient, &["iniface", "ifacein"]),
    formed(Cell::OutputIf, Form::Lenient, &["outiface", "ifaceout"]),
    plain(Cell::SrcAs, &["srcas", "assrc"]),
    plain(Cell::DstAs, &["dstas", "asdst"]),
    formed(Cell::NextHop, Form::Lenient, &["peerdstip", "peeripdst"]),
    plain(Cell::Tos, &["tos"]),
    formed(Cell::Vlan, Form::Lenient, &["vlan", "invlan"]),
    formed(Cell::Sampling, Form::Lenient, &["samplingrate"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    if !matches!(row.text(Cell::Event), None | Some((b"purge", _))) {
        return Some("markers and other events");
    }
    for cell in [Cell::Start, Cell::End] {
        let is_none = |text: &[u8]| text.starts_with(b"1970-01-0") || matches!(text, b"0" | b"0.000000");
        if row.text(cell).is_some_and(|(text, _)| is_none(text)) {
            row.remove(cell);
        }
    }
    if matches!(row.text(Cell::App), Some((b"unknown", _))) {
        row.remove(Cell::App);
    }
    None
}

/// Names that nobody else gives to columns, in this spelling.
const OWN: [&str; 16] = [
    "TAG",
    "TAG2",
    "CLASS",
    "PEER_SRC_IP",
    "PEER_DST_IP",
    "PEER_SRC_AS",
    "PEER_DST_AS",
    "IN_IFACE",
    "OUT_IFACE",
    "SRC_MASK",
    "DST_MASK",
    "SAMPLING_RATE",
    "TIMESTAMP_START",
    "TIMESTAMP_MIN",
    "TCP_FLAGS",
    "PROTOCOL",
];

fn probe(head: &[u8]) -> Probe {
    let Ok(line) = std::str::from_utf8(first_line(head)) else { return Probe::No };
    let names: Vec<&str> = line.split([',', ';', '\t', '|']).map(str::trim).collect();
    let has = |name: &str| names.contains(&name);
    let is_ours = (has("SRC_IP") || has("DST_IP"))
        && (has("PACKETS") || has("BYTES"))
        && names.iter().any(|name| OWN.contains(name));
    if is_ours { Probe::Yes } else { Probe::No }
}

fn probe_json(head: &[u8]) -> Probe {
    probe_own(head, |text| {
        let (mut is_purge, mut has_end, mut has_count) = (false, false, false);
        let mut walk = Walk::new(text);
        while let Ok(Some(member)) = walk.member() {
            match member.key {
                "\"event_type\"" => is_purge = normal(member.value) == "purge",
                "\"ip_src\"" | "\"ip_dst\"" | "\"peer_ip_src\"" => has_end = true,
                "\"packets\"" | "\"bytes\"" => has_count = true,
                _ => {}
            }
        }
        has_end && (is_purge || has_count)
    })
}

#[cfg(test)]
mod tests {
    use crate::source::testing::{lines, outcome};

    const CSV: &str = "TAG,CLASS,PEER_SRC_IP,IN_IFACE,SRC_IP,DST_IP,SRC_PORT,DST_PORT,TCP_FLAGS,PROTOCOL,TOS,TIMESTAMP_START,TIMESTAMP_END,PACKETS,FLOWS,BYTES\n0,unknown,192.0.2.1,3,10.0.0.5,93.184.216.34,51000,443,27,tcp,0,2023-11-14 22:13:20.123000,2023-11-14 22:13:21.253000,12,1,1258\n0,dns,192.0.2.1,3,10.0.0.5,8.8.8.8,0,2048,0,icmp,0,2023-11-14 22:13:23.123000,0000-00-00 00:00:00.000000,1,2,84\n";
    const JSON: &str = r#"{"event_type": "purge", "tag": 0, "class": "unknown", "peer_ip_src": "192.0.2.1", "iface_in": 3, "ip_src": "10.0.0.5", "ip_dst": "93.184.216.34", "port_src": 51000, "port_dst": 443, "tcp_flags": "27", "ip_proto": "tcp", "tos": 0, "timestamp_start": "2023-11-14 22:13:20.123000", "timestamp_end": "2023-11-14 22:13:21.253000", "packets": 12, "flows": 1, "bytes": 1258}
{"event_type": "purge", "tag": 0, "class": "dns", "peer_ip_src": "192.0.2.1", "iface_in": 3, "ip_src": "10.0.0.5", "ip_dst": "8.8.8.8", "port_src": 0, "port_dst": 2048, "tcp_flags": "0", "ip_proto": "1", "tos": 0, "timestamp_start": "2023-11-14 22:13:23.123000", "timestamp_end": "1970-01-01 05:30:00.0", "packets": 1, "flows": 2, "bytes": 84}
"#;
    const FLOWS: [&str; 2] = [
        r#"{"timestamp":"2023-11-14T22:13:20.123000Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":12,"bytes":1258,"tcp_flags":27,"exporter":"192.0.2.1","input_if":3}"#,
        r#"{"timestamp":"2023-11-14T22:13:23.123000Z","src_ip":"10.0.0.5","dst_ip":"8.8.8.8","src_port":0,"dst_port":0,"protocol":1,"packets":1,"bytes":84,"flows":2,"icmp_type":8,"icmp_code":0,"app":"dns","exporter":"192.0.2.1","input_if":3}"#,
    ];

    #[test]
    fn csv_and_json_become_the_same_flows() {
        assert_eq!(lines(CSV, &[]), FLOWS);
        assert_eq!(lines(JSON, &[]), FLOWS);
    }

    #[test]
    fn an_aggregation_without_times_of_flows_begins_with_its_interval() {
        let text = r#"{"event_type": "purge", "ip_src": "10.0.0.5", "stamp_inserted": "2023-11-14 22:10:00", "stamp_updated": "2023-11-14 22:15:01", "packets": 12, "bytes": 1258}"#;
        let marker = r#"{"event_type": "purge_init", "writer_pid": 7}"#;
        let flow = r#"{"timestamp":"2023-11-14T22:10:00.000Z","src_ip":"10.0.0.5","packets":12,"bytes":1258}"#;
        let outcome = outcome(format!("{text}\n{marker}\n"), &[]);
        assert_eq!((outcome.lines, outcome.rejects.len(), outcome.code), (vec![flow.to_owned()], 0, 0));
    }
}
