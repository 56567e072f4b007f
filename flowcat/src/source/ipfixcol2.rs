//! JSON of ipfixcol2: an object a record, names with their registry before them (`iana:octetDeltaCount`).
//!
//! The reading is that of [`super::json`].

use super::fields::{Set, TWO_WAY};
use super::json::{Json, probe_own};
use super::{Format, Probe, SPEC_OF_OBJECTS, Takes};
use crate::row::alias::{Alias, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form, Row};
use flow_record::item::Spec;
use flow_record::record::field;
use flow_record::scan::walk::Walk;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |s| Box::new(Json::new(s, &IPFIXCOL2)),
    takes: Takes::Objects,
    told_by: "an object with @type ipfix.entry or another ipfix type, or with two names that begin with iana:",
    lost: "elements of other registries, MAC addresses, flowEndReason, TTLs, prefixes, ipfix:odid and the like",
};

const FIELDS: Set = TWO_WAY.and(&[
    field::TCP_FLAGS,
    field::REV_TCP_FLAGS,
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

const SPEC: Spec = Spec {
    name: "ipfixcol2",
    about: "JSON of ipfixcol2: records of IPFIX and NetFlow by IANA's names",
    explain: "
Elements are taken by IANA's names; those of the reverse direction (iana@reverse:) are rev_. Times are ISO 8601 or numbers
in the unit that the name says, both of ipfixcol2's forms; protocols and flags are names and letters or numbers. Bytes are
those of IP. ICMP's type and code come from icmpTypeCodeIPv4 and IPv6 (type * 256 + code), from their own elements, or
from the destination port. Templates and option records are no flows and counted as unused.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "ipfixcol2, JSON output plugin; IANA IPFIX information elements",
    ..SPEC_OF_OBJECTS
};

const IPFIXCOL2: Dialect =
    Dialect { names: &[NAMES], settle, icmp_in_port: true, is_anybodys: false, is_utc: true, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Event, &["@type"]),
    formed(Cell::Start, Form::Nanos, &["ianaflowstartnanoseconds"]),
    formed(Cell::Start, Form::Micros, &["ianaflowstartmicroseconds"]),
    formed(Cell::Start, Form::Millis, &["ianaflowstartmilliseconds"]),
    formed(Cell::Start, Form::Seconds, &["ianaflowstartseconds"]),
    formed(Cell::End, Form::Nanos, &["ianaflowendnanoseconds"]),
    formed(Cell::End, Form::Micros, &["ianaflowendmicroseconds"]),
    formed(Cell::End, Form::Millis, &["ianaflowendmilliseconds"]),
    formed(Cell::End, Form::Seconds, &["ianaflowendseconds"]),
    formed(Cell::Duration, Form::Micros, &["ianaflowdurationmicroseconds"]),
    formed(Cell::Duration, Form::Millis, &["ianaflowdurationmilliseconds"]),
    plain(Cell::SrcIp, &["ianasourceipv4address", "ianasourceipv6address"]),
    plain(Cell::DstIp, &["ianadestinationipv4address", "ianadestinationipv6address"]),
    plain(Cell::SrcPort, &["ianasourcetransportport"]),
    plain(Cell::DstPort, &["ianadestinationtransportport"]),
    formed(Cell::Protocol, Form::Lenient, &["ianaprotocolidentifier"]),
    plain(Cell::Packets, &["ianapacketdeltacount"]),
    plain(Cell::Packets, &["ianapackettotalcount"]),
    plain(Cell::Bytes, &["ianaoctetdeltacount"]),
    plain(Cell::Bytes, &["ianaoctettotalcount"]),
    plain(Cell::RevPackets, &["iana@reversepacketdeltacount"]),
    plain(Cell::RevPackets, &["iana@reversepackettotalcount"]),
    plain(Cell::RevBytes, &["iana@reverseoctetdeltacount"]),
    plain(Cell::RevBytes, &["iana@reverseoctettotalcount"]),
    plain(Cell::TcpFlags, &["ianatcpcontrolbits"]),
    plain(Cell::RevTcpFlags, &["iana@reversetcpcontrolbits"]),
    plain(Cell::IcmpType, &["ianaicmptypeipv4", "ianaicmptypeipv6"]),
    formed(Cell::IcmpType, Form::TypeAndCode, &["ianaicmptypecodeipv4", "ianaicmptypecodeipv6"]),
    plain(Cell::IcmpCode, &["ianaicmpcodeipv4", "ianaicmpcodeipv6"]),
    plain(Cell::App, &["ianaapplicationname"]),
    formed(Cell::Exporter, Form::Lenient, &["ianaexporteripv4address", "ianaexporteripv6address"]),
    plain(Cell::InputIf, &["ianaingressinterface"]),
    plain(Cell::OutputIf, &["ianaegressinterface"]),
    plain(Cell::SrcAs, &["ianabgpsourceasnumber"]),
    plain(Cell::DstAs, &["ianabgpdestinationasnumber"]),
    formed(Cell::NextHop, Form::Lenient, &["ianaipnexthopipv4address", "ianaipnexthopipv6address"]),
    plain(Cell::Tos, &["ianaipclassofservice"]),
    plain(Cell::Vlan, &["ianavlanid", "ianadot1qvlanid"]),
    plain(Cell::Sampling, &["ianasamplinginterval"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    if !matches!(row.text(Cell::Event), None | Some((b"ipfix.entry", _))) {
        return Some("templates and option records");
    }
    if let (Some((_, Form::TypeAndCode)), Some(both)) = (row.text(Cell::IcmpType), row.number(Cell::IcmpType)) {
        row.put_number(Cell::IcmpType, Form::Plain, both >> 8);
        row.put_number(Cell::IcmpCode, Form::Plain, both & 255);
    }
    None
}

fn probe(head: &[u8]) -> Probe {
    probe_own(head, |text| {
        let (mut is_typed, mut named) = (false, 0);
        let mut walk = Walk::new(text);
        while let Ok(Some(member)) = walk.member() {
            is_typed |= member.key == "\"@type\"" && member.value.starts_with("\"ipfix.");
            named += usize::from(member.key.starts_with("\"iana:"));
        }
        is_typed || named >= 2
    })
}

#[cfg(test)]
mod tests {
    use crate::source::testing::{lines, outcome};

    const ENTRY: &str = r#"{"@type":"ipfix.entry","iana:octetDeltaCount":3568,"iana:packetDeltaCount":52,"iana:flowStartMilliseconds":"2016-02-15T11:05:48.123Z","iana:flowEndMilliseconds":"2016-02-15T11:05:49.253Z","iana:ingressInterface":1,"iana:ipVersion":4,"iana:sourceIPv4Address":"10.0.0.5","iana:destinationIPv4Address":"93.184.216.34","iana:ipClassOfService":0,"iana:protocolIdentifier":"TCP","iana:tcpControlBits":".AP.SF","iana:sourceTransportPort":51000,"iana:destinationTransportPort":443,"iana:flowEndReason":3,"iana@reverse:octetDeltaCount":900,"iana@reverse:packetDeltaCount":9,"iana@reverse:tcpControlBits":".A..S.","cesnet:quicVersion":1}"#;
    const FLOW: &str = r#"{"timestamp":"2016-02-15T11:05:48.123Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":52,"bytes":3568,"rev_packets":9,"rev_bytes":900,"tcp_flags":27,"rev_tcp_flags":18,"input_if":1}"#;

    #[test]
    fn words_and_numbers_mean_the_same() {
        assert_eq!(lines(format!("{ENTRY}\n{ENTRY}\n"), &[]), [FLOW, FLOW]);
        let plain = ENTRY
            .replace("\"2016-02-15T11:05:48.123Z\"", "1455534348123")
            .replace("\"2016-02-15T11:05:49.253Z\"", "1455534349253")
            .replace("\"TCP\"", "6")
            .replace("\".AP.SF\"", "27")
            .replace("\".A..S.\"", "18");
        assert_eq!(lines(format!("{plain}\n"), &[]), [FLOW]);
    }

    #[test]
    fn icmp_is_type_times_256_and_code_and_templates_are_no_flows() {
        let icmp = r#"{"@type":"ipfix.entry","iana:sourceIPv6Address":"2001:db8::1","iana:destinationIPv6Address":"2001:db8::2","iana:protocolIdentifier":58,"iana:icmpTypeCodeIPv6":32769,"iana:sourceTransportPort":0,"iana:destinationTransportPort":0,"iana:octetDeltaCount":5}"#;
        let flow = r#"{"src_ip":"2001:db8::1","dst_ip":"2001:db8::2","src_port":0,"dst_port":0,"protocol":58,"bytes":5,"icmp_type":128,"icmp_code":1}"#;
        let template = r#"{"@type":"ipfix.template","ipfix:templateId":256,"ipfix:fields":[{"ipfix:elementId":1}]}"#;
        let outcome = outcome(format!("{template}\n{icmp}\n"), &[]);
        assert_eq!((outcome.lines, outcome.rejects.len(), outcome.code), (vec![flow.to_owned()], 0, 0));
    }
}
