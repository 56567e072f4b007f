//! Flow logs of Google's VPC: entries of Cloud Logging, an object a line or in an array.
//!
//! The reading is that of [`super::json`]; ends are members of `jsonPayload.connection`.

use super::fields::{ONE_WAY, Set};
use super::json::{Json, probe_own};
use super::{Format, Probe, SPEC_OF_OBJECTS, Takes};
use crate::row::alias::{Alias, plain};
use crate::row::{ANY, Cell, Dialect, Row};
use flow_record::item::Spec;
use flow_record::scan::walk::Walk;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |s| Box::new(Json::new(s, &GCP)),
    takes: Takes::Objects,
    told_by: "an object with jsonPayload.connection, or connection, that has src_ip and dest_ip",
    lost: "reporter, rtt_msec, instances, networks, locations, what else is in the entry",
};

const FIELDS: Set = ONE_WAY;

const SPEC: Spec = Spec {
    name: "gcp-vpc",
    about: "flow logs of Google's VPC: entries of Cloud Logging as JSON",
    explain: "
An entry is one direction of a connection within a window of some seconds. start_time and end_time are those of the first
and last packet in it, timestamp when the entry was written, which only checks them. Counts are numbers in strings; they
are what was sent, as far as sampling of packets lets the service tell. Where both ends lie in one network each reports
(reporter SRC and DEST), so the flow is there twice: --dedup leaves one. Entries of other logs are no flows and counted
as unused.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "Google Cloud, VPC Flow Logs record format",
    ..SPEC_OF_OBJECTS
};

const GCP: Dialect = Dialect {
    names: &[NAMES],
    settle,
    nested: &["jsonPayload", "jsonPayload.connection", "connection"],
    is_anybodys: false,
    is_utc: true,
    ..ANY
};

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Start, &["jsonpayloadstarttime", "starttime"]),
    plain(Cell::End, &["jsonpayloadendtime", "endtime"]),
    plain(Cell::Received, &["timestamp"]),
    plain(Cell::SrcIp, &["jsonpayloadconnectionsrcip", "connectionsrcip"]),
    plain(Cell::DstIp, &["jsonpayloadconnectiondestip", "connectiondestip"]),
    plain(Cell::SrcPort, &["jsonpayloadconnectionsrcport", "connectionsrcport"]),
    plain(Cell::DstPort, &["jsonpayloadconnectiondestport", "connectiondestport"]),
    plain(Cell::Protocol, &["jsonpayloadconnectionprotocol", "connectionprotocol"]),
    plain(Cell::Packets, &["jsonpayloadpacketssent", "packetssent"]),
    plain(Cell::Bytes, &["jsonpayloadbytessent", "bytessent"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    (!row.has(Cell::SrcIp) && !row.has(Cell::DstIp)).then_some("entries of other logs")
}

fn probe(head: &[u8]) -> Probe {
    probe_own(head, |text| has_connection(Walk::new(text)))
}

fn has_connection(mut walk: Walk<'_>) -> bool {
    while let Ok(Some(member)) = walk.member() {
        let inner = || Walk::nested(member.value);
        let is_ours = match member.key {
            "\"jsonPayload\"" => has_connection(inner()),
            "\"connection\"" => has_ends(inner()),
            _ => false,
        };
        if is_ours {
            return true;
        }
    }
    false
}

fn has_ends(mut walk: Walk<'_>) -> bool {
    let (mut src, mut dst) = (false, false);
    while let Ok(Some(member)) = walk.member() {
        src |= member.key == "\"src_ip\"";
        dst |= member.key == "\"dest_ip\"";
    }
    src && dst
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{lines, outcome};

    const ENTRY: &str = r#"{"insertId":"ut8","jsonPayload":{"bytes_sent":"1776","connection":{"dest_ip":"203.0.113.12","dest_port":33478,"protocol":6,"src_ip":"10.87.40.76","src_port":5601},"dest_location":{"asn":15169},"end_time":"2019-06-14T03:45:37.301953198Z","packets_sent":"7","reporter":"SRC","start_time":"2019-06-14T03:45:37.186193305Z"},"logName":"projects/p/logs/compute.googleapis.com%2Fvpc_flows","timestamp":"2019-06-14T03:50:10.845445834Z"}"#;
    const FLOW: &str = r#"{"timestamp":"2019-06-14T03:45:37.186193305Z","duration":0.115759893,"src_ip":"10.87.40.76","dst_ip":"203.0.113.12","src_port":5601,"dst_port":33478,"protocol":6,"packets":7,"bytes":1776}"#;

    #[test]
    fn an_entry_becomes_a_one_way_flow_alone_in_an_array_or_without_its_envelope() {
        assert_eq!(lines(format!("{ENTRY}\n{ENTRY}\n"), &[]), [FLOW, FLOW]);
        assert_eq!(lines(format!("[{ENTRY},\n{ENTRY}]\n"), &[]), [FLOW, FLOW]);
        let value: serde_json::Value = serde_json::from_str(ENTRY).unwrap();
        assert_eq!(lines(format!("{}\n", value["jsonPayload"]), &[]), [FLOW]);
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(lines(format!("[\n{pretty},\n{pretty}\n]\n"), &[]), [FLOW, FLOW]);
    }

    #[test]
    fn other_entries_are_unused_and_broken_ones_rejected() {
        let other = r#"{"insertId":"x","textPayload":"hello","timestamp":"2019-06-14T03:50:10Z"}"#;
        let bad = ENTRY.replace("10.87.40.76", "10.87.40");
        let outcome = outcome(format!("{ENTRY}\n{other}\n{bad}\n"), &["--keep-extra"]);
        assert_eq!((outcome.lines.len(), outcome.code), (1, 3));
        assert_eq!(outcome.rejects.len(), 1);
        let kept: serde_json::Value = serde_json::from_str(&outcome.lines[0]).unwrap();
        assert_eq!(kept["jsonPayload.reporter"], "SRC");
    }
}
