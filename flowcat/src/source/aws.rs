//! Flow logs of Amazon's VPC: rows with blanks between their columns, in the default order or that of a header.
//!
//! Invariant: columns are taken by name. Bound: one line.

use super::fields::{ONE_WAY, Set};
use super::table::{Header, Layout, Table};
use super::{Format, Probe, SPEC_OF_ROWS, Takes, first_line};
use crate::row::alias::{Alias, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form, Row};
use flow_record::item::Spec;
use flow_record::record::field;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Table::open(settings, &LAYOUT),
    takes: Takes::Lines,
    told_by: "a header of the service's names with blanks between them, or rows of the 14 columns of version 2",
    lost: "account-id, interface-id, vpc-id, flow-direction, the other addresses of NAT (pkt-srcaddr), what else is chosen",
};

const FIELDS: Set = ONE_WAY.and(&[field::TCP_FLAGS, field::STATE]);

const SPEC: Spec = Spec {
    name: "aws-vpc",
    about: "flow logs of Amazon's VPC: versions 2 to 10, fields in any order",
    explain: "
Rows of the default format (version 2) need no header; of any other choice of fields the header line says the order, as
files in S3 have it. A time that CloudWatch puts before each row is passed over. start and end are seconds since 1970, of
the aggregation window: the flow lies in it. action (ACCEPT, REJECT) is state. tcp-flags is the OR of what was seen in the
window. Addresses are srcaddr and dstaddr, as the interface sees them; where those were not chosen, pkt-srcaddr and
pkt-dstaddr. Flows are one-way and count bytes of IP. ICMP has no type and code. Records of NODATA and SKIPDATA have no
flow and are counted as unused. Packed files (.log.gz) are unpacked.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "Amazon VPC user guide, flow log records",
    ..SPEC_OF_ROWS
};

const AWS: Dialect = Dialect { names: &[NAMES], settle, is_anybodys: false, is_utc: true, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    formed(Cell::Start, Form::Seconds, &["start"]),
    formed(Cell::End, Form::Seconds, &["end"]),
    plain(Cell::SrcIp, &["srcaddr"]),
    plain(Cell::SrcIp, &["pktsrcaddr"]),
    plain(Cell::DstIp, &["dstaddr"]),
    plain(Cell::DstIp, &["pktdstaddr"]),
    plain(Cell::SrcPort, &["srcport"]),
    plain(Cell::DstPort, &["dstport"]),
    plain(Cell::Protocol, &["protocol"]),
    plain(Cell::Packets, &["packets"]),
    plain(Cell::Bytes, &["bytes"]),
    plain(Cell::TcpFlags, &["tcpflags"]),
    plain(Cell::State, &["action"]),
    plain(Cell::Event, &["logstatus"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    match row.text(Cell::Event) {
        Some((b"NODATA", _)) => Some("windows without data"),
        Some((b"SKIPDATA", _)) => Some("windows of which records were skipped"),
        _ => None,
    }
}

/// The columns of version 2.
const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
    action log-status";

/// Names that are nobody else's, in this spelling.
const OWN: [&str; 12] = [
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "tcp-flags",
    "log-status",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "flow-direction",
];

const LAYOUT: Layout = Layout {
    dialect: &AWS,
    header,
    bare,
    unknown: "no header of a VPC flow log came before, and it is no row of version 2",
    closes_rows: true,
};

fn header(line: &[u8]) -> Option<Header> {
    let text = std::str::from_utf8(line).ok()?;
    let names: Vec<String> = text.trim().split(' ').map(str::to_owned).collect();
    let is_name = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let own = names.iter().filter(|name| OWN.contains(&name.as_str())).count();
    (own >= 2 && names.iter().all(is_name)).then_some(Header { delimiter: b' ', names })
}

/// The columns of a row of version 2.
fn bare(line: &[u8]) -> Option<Header> {
    let cells: Vec<&[u8]> = line.trim_ascii_end().split(|b| *b == b' ').collect();
    let (before, cells) = cells.split_at(cells.len().checked_sub(14)?);
    let is_ours = before.len() <= 1
        && cells[0].iter().all(u8::is_ascii_digit)
        && (cells[2].starts_with(b"eni-") || cells[2] == b"-")
        && matches!(cells[12], b"ACCEPT" | b"REJECT" | b"-")
        && matches!(cells[13], b"OK" | b"NODATA" | b"SKIPDATA");
    let names = before.iter().map(|_| "time").chain(DEFAULT.split_ascii_whitespace()).map(str::to_owned).collect();
    is_ours.then_some(Header { delimiter: b' ', names })
}

fn probe(head: &[u8]) -> Probe {
    let line = first_line(head);
    if header(line).is_some() || bare(line).is_some() { Probe::Yes } else { Probe::No }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{lines, outcome, rejects};

    const ROWS: &str = "2 123456789010 eni-1235b8ca 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n2 123456789010 eni-1235b8ca - - - - - - - 1431280876 1431280934 - NODATA\n2 123456789010 eni-1235b8ca 2001:db8::1 2001:db8::2 34892 22 6 54 8855 1477913708 1477913820 REJECT OK\n2 123456789010 eni-1235b8ca - - - - - - - 1431280876 1431280934 - SKIPDATA\n";
    const FLOWS: [&str; 2] = [
        r#"{"timestamp":"2014-12-14T04:06:50.000Z","duration":60,"src_ip":"172.31.16.139","dst_ip":"172.31.16.21","src_port":20641,"dst_port":22,"protocol":6,"packets":20,"bytes":4249,"state":"ACCEPT"}"#,
        r#"{"timestamp":"2016-10-31T11:35:08.000Z","duration":112,"src_ip":"2001:db8::1","dst_ip":"2001:db8::2","src_port":34892,"dst_port":22,"protocol":6,"packets":54,"bytes":8855,"state":"REJECT"}"#,
    ];

    #[test]
    fn rows_of_version_2_need_no_header_and_windows_without_data_are_no_errors() {
        let outcome = outcome(ROWS, &[]);
        assert_eq!((outcome.lines, outcome.rejects, outcome.code), (FLOWS.map(str::to_owned).to_vec(), vec![], 0));
        let timed: String = ROWS.lines().map(|l| format!("2014-12-14T04:07:50.000Z {l}\n")).collect();
        assert_eq!(lines(timed, &[]), FLOWS);
        let (first, _) = ROWS.split_once('\n').unwrap();
        let headed = format!("{}\n{first}\n{}\n{first}\n", super::DEFAULT, super::DEFAULT);
        assert_eq!(lines(headed, &[]), [FLOWS[0], FLOWS[0]]);
    }

    #[test]
    fn fields_of_later_versions_come_in_any_order() {
        let text = "version vpc-id srcaddr dstaddr pkt-srcaddr tcp-flags type start end protocol bytes packets srcport dstport flow-direction log-status action\n5 vpc-a 10.0.0.62 52.213.180.42 10.0.1.5 18 IPv4 1566848875 1566848933 6 8881 8 43416 5001 ingress OK ACCEPT\n3 vpc-a - - - - - 1 2 - - - - - - NODATA -\n";
        let flow = r#"{"timestamp":"2019-08-26T19:47:55.000Z","duration":58,"src_ip":"10.0.0.62","dst_ip":"52.213.180.42","src_port":43416,"dst_port":5001,"protocol":6,"packets":8,"bytes":8881,"tcp_flags":18,"state":"ACCEPT"}"#;
        assert_eq!(lines(text, &[]), [flow]);
        let kept = lines(text, &["--keep-extra"]);
        assert!(kept[0].contains(r#""pkt-srcaddr":"10.0.1.5""#), "{}", kept[0]);
        let natted = "pkt-srcaddr pkt-dstaddr bytes\n10.0.1.5 52.213.180.42 7\n";
        assert_eq!(lines(natted, &[]), [r#"{"src_ip":"10.0.1.5","dst_ip":"52.213.180.42","bytes":7}"#]);
    }

    #[test]
    fn a_row_that_does_not_fit_is_rejected() {
        let text = format!("{ROWS}2 123456789010 eni-1235b8ca 10.0.0\n{}", ROWS.replace("172.31.16.139", "172.31.16"));
        assert_eq!(
            rejects(text, &[]),
            ["5:0 4 columns where the header has 14", "6:29 bad address \"172.31.16\" for src_ip"]
        );
    }
}
