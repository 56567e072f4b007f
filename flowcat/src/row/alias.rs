//! The names that tools and people give to the columns of a flow table, and what each means.
//!
//! Names are compared in lower case and without blanks, `_`, `-`, `.`, `:` and brackets, so `Src IP`, `src_ip`, `srcip`
//! and `SrcIP` are one name. Of several columns with the same meaning the one whose row comes first here is taken.
//!
//! Who is who: `bytes_out` and `bytes_sent` are seen from the source, so they are its `bytes`, and `bytes_in` and
//! `bytes_received` its `rev_bytes`; likewise `up` and `down`. `in_bytes` and `out_bytes` are NetFlow's words: what came
//! in to the exporter from the source (`bytes`), and what went back (`rev_bytes`).

use super::{Cell, Form};

/// One meaning and its names. A format has its own table in its file, before or instead of [`FOREIGN`].
#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) cell: Cell,
    pub(crate) form: Form,
    /// Names as [`normal`] makes them.
    pub(crate) names: &'static [&'static str],
}

/// Names of a cell whose texts are read as the cell says.
pub(crate) const fn plain(cell: Cell, names: &'static [&'static str]) -> Alias {
    Alias { cell, form: Form::Plain, names }
}

/// Names of a cell whose texts are read in a form of their own.
pub(crate) const fn formed(cell: Cell, form: Form, names: &'static [&'static str]) -> Alias {
    Alias { cell, form, names }
}

/// A name as it is compared.
pub(crate) fn normal(name: &str) -> String {
    let kept = name
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '.' | ':' | '(' | ')' | '[' | ']' | '"'));
    kept.flat_map(char::to_lowercase).collect()
}

/// What a name means, and how far down the tables it stands: less is better.
pub(crate) fn find(tables: &[&[Alias]], name: &str) -> Option<(usize, Cell, Form)> {
    let name = normal(name);
    let mut rows = tables.iter().copied().flatten().enumerate();
    rows.find(|(_, a)| a.names.contains(&&*name)).map(|(rank, a)| (rank, a.cell, a.form))
}

/// The names that everybody else gives.
#[rustfmt::skip]
pub(crate) const FOREIGN: &[Alias] = &[
    // Times.
    plain(Cell::Start, &[
        "start", "starttime", "timestart", "timestampstart", "flowstart", "flowstarttime", "firstseen", "firsttime", "timefirst", "first",
        "firstswitched", "eventstart", "stime", "begin", "begintime", "datefirstseen", "datefirstseenraw", "firstseenraw", "firstseengmt",
        "flowfirstseen",
    ]),
    formed(Cell::Start, Form::Seconds, &["flowstartseconds", "starts", "startsec", "startseconds"]),
    formed(Cell::Start, Form::Millis, &[
        "startms", "starttimems", "flowstartmilliseconds", "flowstartms", "firstseenms", "firstms", "firsttimestampms", "bidirectionalfirstseenms",
    ]),
    formed(Cell::Start, Form::Micros, &["startus", "flowstartmicroseconds"]),
    formed(Cell::Start, Form::Nanos, &["startns", "timeflowstartns", "flowstartnanoseconds"]),
    plain(Cell::Start, &["ts", "timestamp", "@timestamp", "datetime", "tfirst"]),
    plain(Cell::Date, &["date"]),
    plain(Cell::Clock, &["time"]),
    formed(Cell::Start, Form::Millis, &["timestampms", "tsms", "timems"]),
    formed(Cell::Start, Form::Micros, &["timestampus", "tsus"]),
    formed(Cell::Start, Form::Nanos, &["timestampns", "tsns"]),
    plain(Cell::End, &[
        "end", "endtime", "timeend", "timestampend", "flowend", "flowendtime", "lastseen", "lasttime", "timelast", "last", "lastswitched",
        "eventend", "ltime", "te", "datelastseen", "datelastseenraw", "lastseenraw", "lastseengmt", "flowlastseen", "tlast",
    ]),
    formed(Cell::End, Form::Seconds, &["flowendseconds", "ends", "endsec", "endseconds"]),
    formed(Cell::End, Form::Millis, &[
        "endms", "endtimems", "flowendmilliseconds", "flowendms", "lastseenms", "lastms", "lasttimestampms", "bidirectionallastseenms",
    ]),
    formed(Cell::End, Form::Micros, &["endus", "flowendmicroseconds"]),
    formed(Cell::End, Form::Nanos, &["endns", "timeflowendns", "flowendnanoseconds"]),
    plain(Cell::Received, &["received", "timereceived", "treceived"]),
    formed(Cell::Received, Form::Nanos, &["timereceivedns"]),
    plain(Cell::Duration, &[
        "duration", "dur", "td", "durationseconds", "durationsec", "durations", "flowdurationseconds", "elapsed", "connduration",
    ]),
    formed(Cell::Duration, Form::Millis, &[
        "durationms", "durationmillis", "durationmilliseconds", "flowdurationms", "flowdurationmilliseconds", "bidirectionaldurationms",
    ]),
    formed(Cell::Duration, Form::Micros, &["durationus", "durationmicroseconds"]),
    formed(Cell::Duration, Form::Nanos, &["durationns", "durationnanoseconds", "eventduration"]),
    // Ends.
    plain(Cell::SrcIp, &[
        "srcip", "sourceip", "ipsrc", "srcaddr", "sourceaddr", "sourceaddress", "srcaddress", "sip", "sa", "saddr", "srcipaddr", "srcipaddress",
        "sourceipaddress", "ipv4srcaddr", "ipv6srcaddr", "src4addr", "src6addr", "srcipv4", "srcipv6", "sourceipv4address", "sourceipv6address",
        "srcendpointip", "idorigh", "origh", "orighost", "srchost", "sourcehost", "clientip", "clientaddress", "initiatorip", "src", "source", "client",
    ]),
    plain(Cell::DstIp, &[
        "dstip", "destinationip", "destip", "ipdst", "ipdest", "dstaddr", "destaddr", "destinationaddr", "destinationaddress", "dstaddress", "dip", "da",
        "daddr", "dstipaddr", "dstipaddress", "destinationipaddress", "destipaddress", "ipv4dstaddr", "ipv6dstaddr", "dst4addr", "dst6addr", "dstipv4",
        "dstipv6", "destinationipv4address", "destinationipv6address", "dstendpointip", "idresph", "resph", "resphost", "dsthost", "desthost",
        "destinationhost", "serverip", "serveraddress", "responderip", "dst", "destination", "dest", "server",
    ]),
    formed(Cell::SrcPort, Form::TypeAndCode, &["idorigp"]),
    plain(Cell::SrcPort, &[
        "srcport", "sourceport", "portsrc", "sport", "sp", "spt", "srcpt", "l4srcport", "srctransportport", "sourcetransportport", "srcendpointport",
        "origp", "origport", "clientport",
    ]),
    formed(Cell::DstPort, Form::TypeAndCode, &["idrespp"]),
    plain(Cell::DstPort, &[
        "dstport", "destinationport", "destport", "portdst", "portdest", "dport", "dsport", "dp", "dpt", "dstpt", "l4dstport", "dsttransportport",
        "destinationtransportport", "dstendpointport", "respp", "respport", "serverport", "serviceport", "port",
    ]),
    formed(Cell::Protocol, Form::Lenient, &[
        "protocol", "proto", "pr", "prot", "ipprotocol", "ipproto", "protocolidentifier", "protocolnumber", "protonum", "protocolnum", "protocolid",
        "networkiananumber", "networktransport", "transport", "l4proto", "transportprotocol", "protocolname",
    ]),
    // Volumes.
    plain(Cell::Packets, &[
        "packets", "pkts", "pkt", "ipkt", "inpkt", "inpkts", "inpackets", "packetcount", "numpackets", "packetdeltacount", "npackets", "srcpackets",
        "srcpkts", "sourcepackets", "spkts", "fwdpackets", "fwdpkts", "totalfwdpackets", "totalfwdpacket", "totfwdpkts", "src2dstpackets", "origpkts",
        "packetsout", "pktsout", "packetssent", "sentpackets", "sentpkt", "uppackets", "uppkts", "packetsup", "txpackets", "txpkts", "packetstoserver",
        "pktstoserver", "clientpackets",
    ]),
    plain(Cell::Bytes, &[
        "bytes", "byt", "ibyt", "ibyte", "inbyte", "inbytes", "inoctets", "octets", "bytecount", "numbytes", "nbytes", "octetdeltacount", "doctets", "srcbytes",
        "sourcebytes", "sbytes", "fwdbytes", "src2dstbytes", "origipbytes", "bytesout", "bytessent", "sentbytes", "sentbyte", "upbytes", "bytesup",
        "upload", "uploadbytes", "uploadedbytes", "txbytes", "bytestoserver", "clientbytes",
    ]),
    formed(Cell::Bytes, Form::Payload, &["origbytes", "totallengthoffwdpackets", "totallengthoffwdpacket", "totlenfwdpkts"]),
    plain(Cell::RevPackets, &[
        "revpackets", "revpkts", "outpkts", "outpackets", "dstpackets", "dstpkts", "destinationpackets", "dpkts", "dpackets", "bwdpackets", "bwdpkts",
        "totalbwdpackets", "totalbackwardpackets", "totbwdpkts", "dst2srcpackets", "resppkts", "packetsin", "pktsin", "packetsreceived",
        "receivedpackets", "rcvdpkt", "downpackets", "downpkts", "packetsdown", "rxpackets", "rxpkts", "packetstoclient", "pktstoclient",
        "serverpackets",
    ]),
    formed(Cell::RevPackets, Form::ZeroIsNone, &["opkt", "outpkt"]),
    plain(Cell::RevBytes, &[
        "revbytes", "outbytes", "outoctets", "dstbytes", "destinationbytes", "destbytes", "dbytes", "bwdbytes", "dst2srcbytes", "respipbytes",
        "bytesin", "bytesreceived", "receivedbytes", "rcvdbyte", "rcvdbytes", "downbytes", "bytesdown", "download", "downloadbytes", "downloadedbytes",
        "rxbytes", "bytestoclient", "serverbytes",
    ]),
    formed(Cell::RevBytes, Form::ZeroIsNone, &["obyt", "outbyte"]),
    formed(Cell::RevBytes, Form::Payload, &["respbytes", "totallengthofbwdpackets", "totallengthofbwdpacket", "totlenbwdpkts"]),
    plain(Cell::AllPackets, &["totpkts", "totpackets", "totalpackets", "totalpkts", "bidirectionalpackets", "networkpackets"]),
    plain(Cell::AllBytes, &["totbytes", "totalbytes", "bidirectionalbytes", "networkbytes"]),
    plain(Cell::Flows, &["flows", "fl", "flowcount", "numflows", "aggrflows"]),
    // What is in the headers.
    plain(Cell::TcpFlags, &["tcpflags", "tcpcontrolbits", "tcpflagsfwd"]),
    formed(Cell::TcpFlags, Form::Lenient, &["flags", "flg", "flag", "flgs"]),
    formed(Cell::TcpFlags, Form::History, &["history"]),
    plain(Cell::RevTcpFlags, &["revtcpflags", "servertcpflags"]),
    plain(Cell::IcmpType, &["icmptype", "itype"]),
    plain(Cell::IcmpCode, &["icmpcode", "icode"]),
    formed(Cell::Tos, Form::Lenient, &["tos", "iptos", "stos", "srctos", "ipclassofservice"]),
    formed(Cell::Vlan, Form::Lenient, &["vlan", "vlanid", "srcvlan", "svln", "svlan", "vlanin"]),
    // What is said of it.
    plain(Cell::App, &["app", "application", "appname", "applicationname", "service", "appproto", "l7protocol", "applayerprotocol"]),
    plain(Cell::State, &["state", "connstate", "action"]),
    plain(Cell::Label, &["label", "class", "groundtruth"]),
    plain(Cell::Attack, &["attack", "attackcat", "attackcategory", "attacktype", "detailedlabel"]),
    // Where it was seen.
    formed(Cell::Exporter, Form::Lenient, &[
        "exporter", "exporterip", "exporteraddress", "routerip", "router", "agent", "agentip", "agentaddress", "sampleraddress", "peeripsrc", "ra", "rip",
    ]),
    formed(Cell::InputIf, Form::Lenient, &["inputif", "inif", "ifin", "inputsnmp", "inputinterface", "ingressinterface", "input"]),
    formed(Cell::OutputIf, Form::Lenient, &["outputif", "outif", "ifout", "outputsnmp", "outputinterface", "egressinterface", "output"]),
    formed(Cell::SrcAs, Form::Lenient, &["srcas", "sas", "sourceas", "srcasn", "asnsrc", "assrc", "bgpsourceasnumber", "sourceasnumber"]),
    formed(Cell::DstAs, Form::Lenient, &["dstas", "das", "destinationas", "dstasn", "asndst", "asdst", "bgpdestinationasnumber", "destinationasnumber"]),
    formed(Cell::NextHop, Form::Lenient, &["nexthop", "nh", "nexthopip", "ipnexthop", "ipnexthopipv4address", "ipnexthopipv6address"]),
    formed(Cell::Sampling, Form::Lenient, &["sampling", "samplingrate", "samplinginterval"]),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::row::NAMES;
    use std::collections::HashSet;

    #[test]
    fn every_name_is_there_once_and_in_its_compared_form() {
        for table in [crate::source::nfdump::NAMES, FOREIGN] {
            let mut met = HashSet::new();
            for name in table.iter().flat_map(|a| a.names) {
                assert_eq!(normal(name), *name);
                assert!(met.insert(name), "{name} means two things");
            }
        }
    }

    #[test]
    fn the_fields_of_the_record_mean_themselves() {
        for (cell, name) in NAMES {
            let found = find(&[FOREIGN], name).map(|(_, cell, _)| cell);
            // Of the suite's marks only its own tables have columns.
            let is_apart = matches!(cell, Cell::AllBytes | Cell::AllPackets | Cell::Event | Cell::Direction)
                || matches!(cell, Cell::ByteLayer | Cell::Doubt);
            assert!(found == Some(cell) || is_apart, "{name}");
        }
    }

    #[test]
    fn letter_case_blanks_and_punctuation_do_not_matter() {
        for name in ["src_ip", "Src IP", " SrcIP", "SRC-IP", "src.ip", "\"src ip\""] {
            assert_eq!(find(&[FOREIGN], name).unwrap().1, Cell::SrcIp, "{name:?}");
        }
        assert_eq!(find(&[FOREIGN], "Unnamed: 0"), None);
    }

    #[test]
    fn in_and_out_are_the_exporters_words_and_sent_and_received_the_hosts() {
        for (name, cell) in [
            ("in_bytes", Cell::Bytes),
            ("out_bytes", Cell::RevBytes),
            ("bytes_out", Cell::Bytes),
            ("bytes_in", Cell::RevBytes),
            ("up_bytes", Cell::Bytes),
            ("down_bytes", Cell::RevBytes),
        ] {
            assert_eq!(find(&[FOREIGN], name).unwrap().1, cell, "{name}");
        }
    }
}
