//! SiLK flows as rwcut prints them: padded columns with bars (the default), or with any one character between them.
//!
//! Invariant: columns are taken by name. Bound: one line.

use super::fields::{ONE_WAY, Set};
use super::table::{Header, Layout, Table};
use super::{Format, Probe, SPEC_OF_ROWS, Takes, first_line};
use crate::row::alias::{Alias, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form};
use flow_record::item::Spec;
use flow_record::record::field;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Table::open(settings, &LAYOUT),
    takes: Takes::Lines,
    told_by: "a header with two or more of sIP, dIP, sPort, dPort, pro, sTime, eTime, nhIP, initialFlags, sessionFlags",
    lost: "sensor, class, type, initialFlags, sessionFlags, attributes, application, countries",
};

const FIELDS: Set = ONE_WAY.and(&[field::TCP_FLAGS, field::INPUT_IF, field::OUTPUT_IF, field::NEXT_HOP]);

const SPEC: Spec = Spec {
    name: "silk",
    about: "SiLK flows: rwcut, padded or delimited",
    explain: "
Names are spelled as rwcut spells them, with bars or another character between them; --from silk takes rows of its default 12 columns without one (--no-title). Times are
UTC, as rwcut prints them, unless --tz says otherwise; with --timestamp-format=epoch they are seconds. Flags are letters
or numbers. ICMP's type and code come from iType and iCode, or from dPort (type * 256 + code). Flows are one-way and count
bytes of IP.
Addresses as numbers (--ip-format=decimal) are rejected.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "SiLK 3, rwcut",
    ..SPEC_OF_ROWS
};

const LAYOUT: Layout = Layout {
    dialect: &SILK,
    header,
    bare: |_| Some(Header { delimiter: b'|', names: DEFAULT.split('|').map(str::to_owned).collect() }),
    unknown: "",
    closes_rows: true,
};

const SILK: Dialect = Dialect { names: &[NAMES], icmp_in_port: true, is_anybodys: false, is_utc: true, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Start, &["stime", "stime+msec"]),
    plain(Cell::End, &["etime", "etime+msec"]),
    plain(Cell::Duration, &["duration", "dur", "dur+msec"]),
    plain(Cell::SrcIp, &["sip"]),
    plain(Cell::DstIp, &["dip"]),
    plain(Cell::SrcPort, &["sport"]),
    plain(Cell::DstPort, &["dport"]),
    plain(Cell::Protocol, &["pro", "protocol"]),
    plain(Cell::Packets, &["packets", "pkts"]),
    plain(Cell::Bytes, &["bytes"]),
    plain(Cell::TcpFlags, &["flags"]),
    plain(Cell::IcmpType, &["itype", "ity", "icmptype"]),
    plain(Cell::IcmpCode, &["icode", "ico", "icmpcode"]),
    formed(Cell::InputIf, Form::Lenient, &["in"]),
    formed(Cell::OutputIf, Form::Lenient, &["out"]),
    formed(Cell::NextHop, Form::Lenient, &["nhip"]),
];

/// The columns that rwcut prints unless it is told otherwise.
const DEFAULT: &str = "sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|duration|eTime|sensor";

/// Names that nobody but SiLK gives to columns, in this spelling.
const OWN: [&str; 10] =
    ["sIP", "dIP", "sPort", "dPort", "pro", "sTime", "eTime", "nhIP", "initialFlags", "sessionFlags"];

/// The columns of a header of rwcut.
fn header(line: &[u8]) -> Option<Header> {
    let text = std::str::from_utf8(line).ok()?;
    [b'|', b',', b'\t', b';', b' '].into_iter().find_map(|delimiter| {
        let names = text.trim_end_matches('|').split(char::from(delimiter)).map(|name| name.trim().to_owned());
        let names: Vec<String> = names.collect();
        let own = names.iter().filter(|name| OWN.contains(&name.as_str())).count();
        (own >= 2 && names.iter().any(|n| matches!(n.as_str(), "sIP" | "dIP"))).then_some(Header { delimiter, names })
    })
}

fn probe(head: &[u8]) -> Probe {
    if header(first_line(head)).is_some() { Probe::Yes } else { Probe::No }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::testing::{lines, rejects};

    const TEXT: &str = "\
            sIP|            dIP|sPort|dPort|pro|   packets|     bytes|   flags|                  sTime| duration|                  eTime|sen|
       10.0.0.5|  93.184.216.34|51000|  443|  6|        12|      1258|FS PA   |2023/11/14T22:13:20.123|    1.130|2023/11/14T22:13:21.253| S0|
       10.0.0.5|        8.8.8.8|    0| 2048|  1|         1|        84|        |2023/11/14T22:13:23.123|    0.000|2023/11/14T22:13:23.123| S0|
";
    const FLOWS: [&str; 2] = [
        r#"{"timestamp":"2023-11-14T22:13:20.123Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":12,"bytes":1258,"tcp_flags":27}"#,
        r#"{"timestamp":"2023-11-14T22:13:23.123Z","duration":0,"src_ip":"10.0.0.5","dst_ip":"8.8.8.8","src_port":0,"dst_port":0,"protocol":1,"packets":1,"bytes":84,"icmp_type":8,"icmp_code":0}"#,
    ];

    /// The text without its padding and last bars.
    fn delimited(delimiter: &str) -> String {
        let line = |line: &str| {
            let cells = line.trim_end_matches('|').split('|').map(str::trim);
            cells.collect::<Vec<_>>().join(delimiter) + "\n"
        };
        TEXT.lines().map(line).collect()
    }

    #[test]
    fn padded_and_delimited_rows_are_the_same() {
        assert_eq!(lines(TEXT, &[]), FLOWS);
        for delimiter in ["|", ",", "\t"] {
            assert_eq!(lines(delimited(delimiter), &[]), FLOWS, "{delimiter:?}");
        }
        assert_eq!(lines(format!("{TEXT}{TEXT}"), &[]).len(), 4);
    }

    #[test]
    fn rows_without_a_title_need_to_be_named() {
        let (_, rows) = TEXT.split_once('\n').unwrap();
        assert_eq!(lines(rows, &["--from", "silk"]), FLOWS);
    }

    #[test]
    fn times_are_utc_unless_the_user_says_otherwise() {
        let moved = lines(TEXT, &["--tz", "+02:00"]);
        assert!(moved[0].contains("2023-11-14T20:13:20.123Z"), "{}", moved[0]);
        let epoch = TEXT.replace("2023/11/14T22:13:20.123", "         1700000000.123");
        assert_eq!(lines(epoch, &[])[0], FLOWS[0]);
    }

    #[test]
    fn other_columns_are_taken_by_name_and_bad_rows_rejected() {
        let text = "sIP,dIP,pro,iType,iCode,flags,in,out,nhIP,bytes\n10.0.0.1,10.0.0.2,1,3,1,,5,0,0.0.0.0,84\n10.0.0.1,10.0.0,1,3,1,,5,0,0.0.0.0,84\n10.0.0.1\n";
        let flow = r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":0,"dst_port":0,"protocol":1,"bytes":84,"icmp_type":3,"icmp_code":1,"input_if":5}"#;
        assert_eq!(lines(text, &[]), [flow]);
        assert_eq!(
            rejects(text, &[]),
            ["3:10 bad address \"10.0.0\" for dst_ip", "4:0 1 column where the header has 10"]
        );
    }
}
