//! The data set UNSW-NB15: its four files of 49 columns without a header, the same with a header or an index, the training
//! and testing sets, and the table of its attacks.
//!
//! Invariant: columns are taken by name, those without a header by their number. Bound: one line.

use super::csv::Csv;
use super::csv::header::has_columns;
use super::fields::{Set, TWO_WAY};
use super::table::{Header, Layout, Table};
use super::{Format, Probe, SPEC_OF_ROWS, Takes, first_line};
use crate::row::alias::{Alias, formed, normal, plain};
use crate::row::{ANY, Cell, Dialect, Form, NOWHERE, Row};
use flow_record::item::Spec;
use flow_record::record::field;
use std::net::IpAddr;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Table::open(settings, &LAYOUT),
    takes: Takes::Lines,
    told_by: "a header with sbytes, dbytes, sttl and ct_srv_src, or rows of 49 columns, or 50 with an index, with two addresses",
    lost: "TTLs, losses, loads, windows, sequence numbers, gaps, jitter, and all counts over connections (ct_)",
};

pub(super) const TRUTH: Format = Format {
    spec: &TRUTH_SPEC,
    probe: probe_truth,
    open: |settings| Csv::open(settings, &UNSW_TRUTH),
    takes: Takes::Lines,
    told_by: "a header with Attack category, Attack subcategory and Source IP",
    lost: "Attack subcategory, Attack Name, Attack Reference",
};

const FIELDS: Set = TWO_WAY.and(&[field::APP, field::STATE, field::LABEL, field::ATTACK, field::BYTE_LAYER]);

const SPEC: Spec = Spec {
    name: "unsw-nb15",
    about: "data set UNSW-NB15: 49 columns, training and testing sets",
    explain: "
The flows are Argus'. sbytes and spkts are the source's, dbytes and dpkts the other direction's (rev_); bytes are those of
the link layer (byte_layer: l2). Stime is in whole seconds since 1970; the duration is dur. Ports may be numbers or hex,
where they are ICMP's type and code; - is none. Protocols without a number (unas) are absent. state and service are state
and app. Label becomes benign or malicious, attack_cat attack; its blanks are taken away, Backdoors become Backdoor, and
Normal is none. Layouts with a byte order mark, with an index (id) before the columns, and with a header give the same
flows. The training and testing sets have neither addresses nor times.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    source: "Moustafa and Slay (2015), UNSW-NB15; NUSW-NB15_features.csv",
    ..SPEC_OF_ROWS
};

const TRUTH_FIELDS: Set = TWO_WAY.and(&[field::LABEL, field::ATTACK]);

const TRUTH_SPEC: Spec = Spec {
    name: "unsw-truth",
    about: "the table of attacks of UNSW-NB15, NUSW-NB15_GT.csv",
    explain: "
Each row is a flow with label malicious and its Attack category as attack, without counts. Times are whole seconds since
1970, so a flow of the data set may begin a second before or after its row. Rows may be there twice. Protocols without a
number are absent.",
    columns: &TRUTH_FIELDS.rows::<{ TRUTH_FIELDS.len() }>(),
    memory: "one record of at most 1 MiB",
    ..SPEC
};

const UNSW: Dialect =
    Dialect { names: &[NAMES], byte_layer: Some("l2"), settle, is_anybodys: false, is_utc: true, ..ANY };

const UNSW_TRUTH: Dialect =
    Dialect { names: &[TRUTH_NAMES], settle: settle_truth, is_anybodys: false, is_utc: true, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    formed(Cell::Start, Form::Seconds, &["stime"]),
    formed(Cell::End, Form::Seconds, &["ltime"]),
    plain(Cell::Duration, &["dur"]),
    plain(Cell::SrcIp, &["srcip"]),
    plain(Cell::DstIp, &["dstip"]),
    plain(Cell::SrcPort, &["sport"]),
    plain(Cell::DstPort, &["dsport"]),
    formed(Cell::Protocol, Form::Lenient, &["proto"]),
    plain(Cell::Packets, &["spkts"]),
    plain(Cell::Bytes, &["sbytes"]),
    plain(Cell::RevPackets, &["dpkts"]),
    plain(Cell::RevBytes, &["dbytes"]),
    plain(Cell::App, &["service"]),
    plain(Cell::State, &["state"]),
    plain(Cell::Label, &["label"]),
    plain(Cell::Attack, &["attackcat"]),
];

#[rustfmt::skip]
const TRUTH_NAMES: &[Alias] = &[
    formed(Cell::Start, Form::Seconds, &["starttime"]),
    formed(Cell::End, Form::Seconds, &["lasttime"]),
    plain(Cell::SrcIp, &["sourceip"]),
    plain(Cell::DstIp, &["destinationip"]),
    plain(Cell::SrcPort, &["sourceport"]),
    plain(Cell::DstPort, &["destinationport"]),
    formed(Cell::Protocol, Form::Lenient, &["protocol"]),
    plain(Cell::Attack, &["attackcategory"]),
];

fn settle(row: &mut Row) -> Option<&'static str> {
    if matches!(row.text(Cell::Protocol), Some((b"icmp", _)))
        && matches!(row.text(Cell::SrcPort), Some(([b'0', b'x' | b'X', ..], _)))
    {
        row.reform(Cell::SrcPort, Form::CodeAndType);
    }
    category(row);
    None
}

fn settle_truth(row: &mut Row) -> Option<&'static str> {
    row.put(Cell::Label, Form::Plain, b"malicious", NOWHERE);
    category(row);
    None
}

/// One word for each category.
fn category(row: &mut Row) {
    match row.text(Cell::Attack) {
        Some((b"Backdoors", _)) => row.cut(Cell::Attack, b"Backdoor".len(), Cell::Attack),
        Some((b"Normal", _)) => row.remove(Cell::Attack),
        _ => {}
    }
}

/// The columns of the files without a header.
const DEFAULT: &str = "srcip sport dstip dsport proto state dur sbytes dbytes sttl dttl sloss dloss service Sload Dload Spkts \
    Dpkts swin dwin stcpb dtcpb smeansz dmeansz trans_depth res_bdy_len Sjit Djit Stime Ltime Sintpkt Dintpkt tcprtt synack \
    ackdat is_sm_ips_ports ct_state_ttl ct_flw_http_mthd is_ftp_login ct_ftp_cmd ct_srv_src ct_srv_dst ct_dst_ltm ct_src_ltm \
    ct_src_dport_ltm ct_dst_sport_ltm ct_dst_src_ltm attack_cat Label";

/// The number of those columns.
const COLUMNS: usize = 49;

const LAYOUT: Layout = Layout {
    dialect: &UNSW,
    header,
    bare,
    unknown: "no header of UNSW-NB15 came before, and it has not 49 columns",
    closes_rows: false,
};

fn header(line: &[u8]) -> Option<Header> {
    let text = std::str::from_utf8(line).ok()?;
    let names: Vec<String> = text.split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect();
    let has = |name: &str| names.iter().any(|n| normal(n) == name);
    ["sbytes", "dbytes", "sttl", "ctsrvsrc"].into_iter().all(has).then_some(Header { delimiter: b',', names })
}

/// The columns of a row of the files without a header.
fn bare(line: &[u8]) -> Option<Header> {
    let cells: Vec<&str> = std::str::from_utf8(line).ok()?.split(',').map(str::trim).collect();
    let (before, cells) = cells.split_at(cells.len().checked_sub(COLUMNS)?);
    let is_ours = before.len() <= 1
        && [cells[0], cells[2]].iter().all(|cell| cell.parse::<IpAddr>().is_ok())
        && [cells[28], cells[29]].iter().all(|cell| cell.bytes().all(|b| b.is_ascii_digit()));
    let names = before.iter().map(|_| "id").chain(DEFAULT.split_ascii_whitespace()).map(str::to_owned).collect();
    is_ours.then_some(Header { delimiter: b',', names })
}

fn probe(head: &[u8]) -> Probe {
    let line = first_line(head);
    if header(line).is_some() || bare(line).is_some() { Probe::Yes } else { Probe::No }
}

fn probe_truth(head: &[u8]) -> Probe {
    if has_columns(head, &["attackcategory", "attacksubcategory", "sourceip"]) { Probe::Yes } else { Probe::No }
}

#[cfg(test)]
mod tests {
    use crate::source::testing::{lines, rejects};

    const ROW: &str = "175.45.176.3,0x000b,149.171.126.18,0x0100,icmp,ECO,0.5,914,0,254,0,0,0,-,1,0,10,0,0,0,0,0,91,0,0,0,0,0,1421928000,1421928001,0,0,0,0,0,0,2,,,,3,3,1,1,1,1,1, Backdoors ,1";
    const FLOW: &str = r#"{"timestamp":"2015-01-22T12:00:00.000Z","duration":0.5,"src_ip":"175.45.176.3","dst_ip":"149.171.126.18","src_port":0,"dst_port":0,"protocol":1,"packets":10,"bytes":914,"rev_packets":0,"rev_bytes":0,"icmp_type":11,"icmp_code":0,"state":"ECO","label":"malicious","attack":"Backdoor","byte_layer":"l2"}"#;

    #[test]
    fn every_layout_gives_the_same_flow() {
        let header = super::DEFAULT.split_ascii_whitespace().collect::<Vec<_>>().join(",");
        for text in [
            format!("{ROW}\n"),
            format!("\u{feff}{ROW}\r\n"),
            format!("7,{ROW}\n"),
            format!("{header}\n{ROW}\n"),
            format!("\u{feff}id,{header}\n7,{ROW}\n"),
        ] {
            assert_eq!(lines(&text, &[]), [FLOW], "{text}");
        }
    }

    #[test]
    fn the_training_set_has_neither_addresses_nor_times() {
        let text = "id,dur,proto,service,state,spkts,dpkts,sbytes,dbytes,rate,sttl,dttl,ct_srv_src,attack_cat,label\n1,0.121478,tcp,-,FIN,6,4,258,172,74.08749,252,254,1,Normal,0\n2,0.1,unas,-,INT,6,4,258,172,74.08749,252,254,1,Exploits,1\n";
        assert_eq!(
            lines(text, &[]),
            [
                r#"{"duration":0.121478,"protocol":6,"packets":6,"bytes":258,"rev_packets":4,"rev_bytes":172,"state":"FIN","label":"benign","byte_layer":"l2"}"#,
                r#"{"duration":0.1,"packets":6,"bytes":258,"rev_packets":4,"rev_bytes":172,"state":"INT","label":"malicious","attack":"Exploits","byte_layer":"l2"}"#,
            ]
        );
        assert_eq!(rejects(format!("{text}1,2\n"), &[]), ["4:0 2 columns where the header has 15"]);
    }

    #[test]
    fn the_table_of_attacks_is_of_malicious_flows() {
        let text = "Start time,Last time,Attack category,Attack subcategory,Protocol,Source IP,Source Port,Destination IP,Destination Port,Attack Name,Attack Reference,.\n1421927416,1421927418,Reconnaissance,HTTP,tcp,175.45.176.0,13284,149.171.126.16,80,\"Domino: /doladmin.nsf, a\",-,.\n";
        let flow = r#"{"timestamp":"2015-01-22T11:50:16.000Z","duration":2,"src_ip":"175.45.176.0","dst_ip":"149.171.126.16","src_port":13284,"dst_port":80,"protocol":6,"label":"malicious","attack":"Reconnaissance"}"#;
        assert_eq!(lines(text, &[]), [flow]);
    }
}
