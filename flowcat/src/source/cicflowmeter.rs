//! CSV of CICFlowMeter, and the data sets CIC-IDS2017 and CSE-CIC-IDS2018 that it made, in every spelling of its header.
//!
//! The reading is that of [`super::csv`].

use super::csv::Csv;
use super::csv::header::has_columns;
use super::fields::{Set, TWO_WAY};
use super::{Format, Probe, SPEC_OF_ROWS, Takes};
use crate::row::alias::{Alias, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form, NOWHERE, Row};
use flow_record::item::Spec;
use flow_record::record::field;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Csv::open(settings, &CIC),
    takes: Takes::Lines,
    told_by: "a header with two of Flow Duration, Total Fwd Packets, Total Length of Fwd Packets, Flow IAT Mean, Flow Bytes/s, as any version spells them",
    lost: "Flow ID, rates, statistics of packets, gaps, bulks and windows, counts of TCP flags of both directions together",
};

const FIELDS: Set = TWO_WAY.and(&[field::LABEL, field::ATTACK, field::BYTE_LAYER]);

const SPEC: Spec = Spec {
    name: "cicflowmeter",
    about: "CSV of CICFlowMeter: versions 3 and 4, CIC-IDS2017, CSE-CIC-IDS2018",
    explain: "
Fwd is the direction of the first packet, Bwd the other (rev_). Bytes are those of the payload (byte_layer: l4). Flow
Duration is in microseconds; a negative one is left out (clock: implausible). Times are local, --tz saying where: the day
first (03/07/2017 08:55:58) or the year first. A clock of 12 hours without AM and PM, as in CIC-IDS2017, is read as from 8
in the morning to 7 in the evening, and the flow says clock: ambiguous. Tables without addresses (2018) give flows without.
Label BENIGN becomes benign; any other label malicious, and attack; NeedManualLabel and No Label are none. Infinity and
NaN stand in columns that are not read. Headers that come again are passed over. CICFlowMeter leaves out flows of one packet
and ends a flow 120 seconds after its start. ICMP's type and code come from their columns, where those are not -1.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "one record of at most 1 MiB",
    source: "CICFlowMeter 3 and 4, FlowGenerator.java; CIC-IDS2017, CSE-CIC-IDS2018",
    ..SPEC_OF_ROWS
};

const CIC: Dialect = Dialect { names: &[NAMES], half_days: true, settle, is_anybodys: false, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Start, &["timestamp"]),
    formed(Cell::Duration, Form::Micros, &["flowduration"]),
    plain(Cell::SrcIp, &["srcip", "sourceip"]),
    plain(Cell::DstIp, &["dstip", "destinationip"]),
    plain(Cell::SrcPort, &["srcport", "sourceport"]),
    plain(Cell::DstPort, &["dstport", "destinationport"]),
    plain(Cell::Protocol, &["protocol"]),
    plain(Cell::Packets, &["totalfwdpackets", "totalfwdpacket", "totfwdpkts"]),
    plain(Cell::RevPackets, &["totalbackwardpackets", "totalbwdpackets", "totbwdpkts"]),
    formed(Cell::Bytes, Form::Payload, &["totallengthoffwdpackets", "totallengthoffwdpacket", "totlenfwdpkts"]),
    formed(Cell::RevBytes, Form::Payload, &["totallengthofbwdpackets", "totallengthofbwdpacket", "totlenbwdpkts"]),
    plain(Cell::IcmpType, &["icmptype"]),
    plain(Cell::IcmpCode, &["icmpcode"]),
    plain(Cell::Label, &["label"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    for cell in [Cell::IcmpType, Cell::IcmpCode] {
        if matches!(row.text(cell), Some((b"-1" | b"-1.0", _))) {
            row.remove(cell);
        }
    }
    label(row);
    None
}

/// The truth and the attack in a label.
fn label(row: &mut Row) {
    let Some((label, _)) = row.text(Cell::Label) else { return };
    match label {
        b"NeedManualLabel" | b"No Label" => row.remove(Cell::Label),
        _ if label.eq_ignore_ascii_case(b"benign") || label.iter().all(|b| matches!(b, b'0'..=b'9' | b'.')) => {}
        _ => {
            match std::str::from_utf8(label) {
                Ok(_) => row.part(Cell::Label, 0, Cell::Attack),
                Err(_) => plain_dash(row),
            }
            row.put(Cell::Label, Form::Plain, b"malicious", NOWHERE);
        }
    }
}

/// The label as attack, with a plain dash for the one of Windows-1252 that labels of CIC-IDS2017 have.
#[cold]
fn plain_dash(row: &mut Row) {
    let mut attack = [0; 64];
    let Some((label, _)) = row.text(Cell::Label) else { return };
    let length = label.len().min(attack.len());
    attack[..length].copy_from_slice(&label[..length]);
    attack.iter_mut().filter(|b| **b == 0x96).for_each(|b| *b = b'-');
    row.put(Cell::Attack, Form::Plain, &attack[..length], NOWHERE);
}

fn probe(head: &[u8]) -> Probe {
    // What of its columns people keep differs; no other tool has two of these.
    const MARKS: [&[&str]; 5] = [
        &["flowduration"],
        &["totalfwdpackets", "totalfwdpacket", "totfwdpkts"],
        &["totallengthoffwdpackets", "totallengthoffwdpacket", "totlenfwdpkts"],
        &["flowiatmean"],
        &["flowbytes/s", "flowbyts/s"],
    ];
    let met = MARKS.iter().filter(|names| names.iter().any(|name| has_columns(head, &[name]))).count();
    if met > 1 { Probe::Yes } else { Probe::No }
}

#[cfg(test)]
mod tests {
    use crate::source::testing::{lines, rejects};

    const OLD: &str = "Flow ID, Source IP, Source Port, Destination IP, Destination Port, Protocol, Timestamp, Flow Duration, Total Fwd Packets, Total Backward Packets,Total Length of Fwd Packets, Total Length of Bwd Packets,Flow Bytes/s, Fwd Header Length, Fwd Header Length, Label\n";

    #[test]
    fn every_spelling_of_the_header_gives_the_same_flow() {
        let flow = r#"{"timestamp":"2017-07-07T15:30:00.000Z","duration":1.5,"src_ip":"104.16.207.165","dst_ip":"192.168.10.5","src_port":443,"dst_port":54865,"protocol":6,"packets":2,"bytes":12,"rev_packets":3,"rev_bytes":26,"label":"benign","byte_layer":"l4","clock":"ambiguous"}"#;
        let old = format!(
            "{OLD}192.168.10.5-104.16.207.165-54865-443-6,104.16.207.165,443,192.168.10.5,54865,6,7/7/2017 3:30,1500000,2,3,12,26.0,Infinity,40,40,BENIGN\n"
        );
        assert_eq!(lines(&old, &[]), [flow]);
        let less = old.replace(" Flow Duration,", "").replace("1500000,", "");
        assert_eq!(lines(less, &[]), [flow.replace("\"duration\":1.5,", "")]);
        let new = "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Total Fwd Packet,Total Bwd packets,Total Length of Fwd Packet,Total Length of Bwd Packet,Flow Bytes/s,Label\nx,104.16.207.165,443,192.168.10.5,54865,6,07/07/2017 03:30:00,1500000,2,3,12,26,NaN,BENIGN\n";
        assert_eq!(lines(new, &[]), [flow]);
        let exact = new.replace("07/07/2017 03:30:00", "07/07/2017 03:30:00 PM");
        assert_eq!(lines(exact, &[]), [flow.replace(",\"clock\":\"ambiguous\"", "")]);
        let exact = new.replace("07/07/2017 03:30:00", "2017-07-07 15:30:00.5").replace("BENIGN", "NeedManualLabel");
        assert!(lines(exact, &[])[0].starts_with(r#"{"timestamp":"2017-07-07T15:30:00.500Z""#));
    }

    #[test]
    fn tables_of_2018_have_no_addresses_and_repeat_their_header() {
        let header = "Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts,TotLen Fwd Pkts,TotLen Bwd Pkts,Flow Byts/s,Label\n";
        let text = format!(
            "{header}22,6,16/02/2018 08:27:23,-1,5,4,300,200,Infinity,FTP-BruteForce\n{header}80,6,16/02/2018 13:27:23,10,5,4,300,200,1,Benign\n"
        );
        assert_eq!(
            lines(&text, &[]),
            [
                r#"{"timestamp":"2018-02-16T08:27:23.000Z","dst_port":22,"protocol":6,"packets":5,"bytes":300,"rev_packets":4,"rev_bytes":200,"label":"malicious","attack":"FTP-BruteForce","byte_layer":"l4","clock":"implausible"}"#,
                r#"{"timestamp":"2018-02-16T13:27:23.000Z","duration":0.00001,"dst_port":80,"protocol":6,"packets":5,"bytes":300,"rev_packets":4,"rev_bytes":200,"label":"benign","byte_layer":"l4"}"#,
            ]
        );
        assert_eq!(rejects(&text, &[]).len(), 0);
    }

    #[test]
    fn a_label_with_the_dash_of_windows_is_kept() {
        let row = b"x,104.16.207.165,443,192.168.10.5,54865,6,7/7/2017 3:30,1500000,2,3,12,26.0,Infinity,40,40,Web Attack \x96 XSS\n";
        let line = &lines([OLD.as_bytes(), row].concat(), &[])[0];
        assert!(line.contains(r#""label":"malicious","attack":"Web Attack - XSS""#), "{line}");
    }
}
