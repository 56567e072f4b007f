//! CSV of Apache Spot: what its ingestion makes of nfdump's records, 27 columns.
//!
//! The reading is that of [`super::csv`].

use super::csv::Csv;
use super::csv::header::has_columns;
use super::fields::{Set, TWO_WAY};
use super::{Format, Probe, SPEC_OF_ROWS, Takes};
use crate::row::alias::{Alias, formed, plain};
use crate::row::{ANY, Cell, Dialect, Form};
use flow_record::item::Spec;
use flow_record::record::field;

pub(super) const FORMAT: Format = Format {
    spec: &SPEC,
    probe,
    open: |settings| Csv::open(settings, &SPOT),
    takes: Takes::Lines,
    told_by: "a header with treceived, tryear and tdur",
    lost: "fwd, dtos, dir, and the parts of the time, which stand twice",
};

const FIELDS: Set = TWO_WAY.and(&[
    field::TCP_FLAGS,
    field::EXPORTER,
    field::INPUT_IF,
    field::OUTPUT_IF,
    field::SRC_AS,
    field::DST_AS,
    field::TOS,
]);

const SPEC: Spec = Spec {
    name: "spot",
    about: "CSV of Apache Spot's flows, 27 columns",
    explain: "
treceived, the only time, is taken for the start of the flow; it has no zone, and --tz says which. Counts of the other
direction (opkt, obyt) are left out where they are 0. ICMP's type and code come from the destination port (type * 256 +
code). Bytes are those of IP; rip is the exporter.",
    columns: &FIELDS.rows::<{ FIELDS.len() }>(),
    memory: "one record of at most 1 MiB",
    source: "Apache Spot (incubating), open data model, flow",
    ..SPEC_OF_ROWS
};

const SPOT: Dialect = Dialect { names: &[NAMES], icmp_in_port: true, is_anybodys: false, ..ANY };

#[rustfmt::skip]
const NAMES: &[Alias] = &[
    plain(Cell::Start, &["treceived"]),
    plain(Cell::Duration, &["tdur"]),
    plain(Cell::SrcIp, &["sip"]),
    plain(Cell::DstIp, &["dip"]),
    plain(Cell::SrcPort, &["sport"]),
    plain(Cell::DstPort, &["dport"]),
    formed(Cell::Protocol, Form::Lenient, &["proto"]),
    formed(Cell::TcpFlags, Form::Lenient, &["flag"]),
    plain(Cell::Packets, &["ipkt"]),
    plain(Cell::Bytes, &["ibyt"]),
    formed(Cell::RevPackets, Form::ZeroIsNone, &["opkt"]),
    formed(Cell::RevBytes, Form::ZeroIsNone, &["obyt"]),
    formed(Cell::InputIf, Form::Lenient, &["input"]),
    formed(Cell::OutputIf, Form::Lenient, &["output"]),
    formed(Cell::SrcAs, Form::Lenient, &["sas"]),
    formed(Cell::DstAs, Form::Lenient, &["das"]),
    formed(Cell::Tos, Form::Lenient, &["stos"]),
    formed(Cell::Exporter, Form::Lenient, &["rip"]),
];

fn probe(head: &[u8]) -> Probe {
    if has_columns(head, &["treceived", "tryear", "tdur"]) { Probe::Yes } else { Probe::No }
}

#[cfg(test)]
mod tests {
    use crate::source::testing::lines;

    #[test]
    fn a_row_becomes_a_flow() {
        let text = "treceived,tryear,trmonth,trday,trhour,trminute,trsec,tdur,sip,dip,sport,dport,proto,flag,fwd,stos,ipkt,ibyt,opkt,obyt,input,output,sas,das,dtos,dir,rip\n2016-07-08 00:59:57,2016,7,8,0,59,57,1.5,172.16.0.95,10.0.2.202,443,38734,TCP,.AP.SF,0,0,22,4240,0,0,3,2,0,0,0,0,10.219.100.251\n2016-07-08 00:59:57,2016,7,8,0,59,57,0,172.16.0.95,10.0.2.202,0,2048,ICMP,......,0,0,1,84,1,84,3,2,0,0,0,0,10.219.100.251\n";
        assert_eq!(
            lines(text, &[]),
            [
                r#"{"timestamp":"2016-07-08T00:59:57.000Z","duration":1.5,"src_ip":"172.16.0.95","dst_ip":"10.0.2.202","src_port":443,"dst_port":38734,"protocol":6,"packets":22,"bytes":4240,"tcp_flags":27,"exporter":"10.219.100.251","input_if":3,"output_if":2}"#,
                r#"{"timestamp":"2016-07-08T00:59:57.000Z","duration":0,"src_ip":"172.16.0.95","dst_ip":"10.0.2.202","src_port":0,"dst_port":0,"protocol":1,"packets":1,"bytes":84,"rev_packets":1,"rev_bytes":84,"icmp_type":8,"icmp_code":0,"exporter":"10.219.100.251","input_if":3,"output_if":2}"#,
            ]
        );
    }
}
