//! CSV of all versions of nfdump, and the two ways through which a row of 48 columns can go.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::row::{Converter, Row};
use crate::source::testing::{lines, outcome, rejects};
use proptest::prelude::*;

const ROW: &str = "2004-07-11 08:30:00,2004-07-11 08:30:10,10.010,172.16.1.66,192.168.170.100,1024,25,TCP,.......F,1,2,202,303,212,3234,12,14,775,8404,16,24,128,1,172.72.1.2,172.73.2.3,82,93,02:34:56:78:90:aa,ff:ee:dd:cc:bb:aa,aa:ee:dd:cc:bb:ff,aa:34:56:78:90:02,1010-0-0,2020-0-0,3030-0-0,4040-0-0,5050-0-0,6060-0-0,7070-0-0,8080-0-0,9090-0-0,100100-0-1,    0.000,    0.000,    0.000,127.0.0.1,5/6,1,1970-01-01 00:00:00.000";
const FLOW: &str = r#"{"timestamp":"2004-07-11T08:30:00.000Z","duration":10.01,"src_ip":"172.16.1.66","dst_ip":"192.168.170.100","src_port":1024,"dst_port":25,"protocol":6,"packets":202,"bytes":303,"rev_packets":212,"rev_bytes":3234,"tcp_flags":1,"exporter":"127.0.0.1","input_if":12,"output_if":14,"src_as":775,"dst_as":8404,"next_hop":"172.72.1.2","tos":2,"vlan":82}"#;

fn wide(rows: &[&str]) -> String {
    format!(
        "{HEADER}\n{}\nSummary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n53,4116,59,4914,8,69\n",
        rows.join("\n")
    )
}

#[test]
fn rows_of_48_columns_are_read_with_and_without_their_header() {
    assert_eq!(lines(wide(&[ROW, ROW]), &[]), [FLOW, FLOW]);
    assert_eq!(lines(format!("{ROW}\n{ROW}\n"), &[]), [FLOW, FLOW]);
    assert_eq!(lines(format!("{HEADER}{ROW}\n{ROW}\r\n"), &[]), [FLOW, FLOW]);
    assert_eq!(lines([wide(&[ROW]), wide(&[ROW])].concat(), &[]), [FLOW, FLOW]);
}

#[test]
fn what_is_no_record_is_neither_read_nor_rejected() {
    let text = wide(&["No matching flows", "Skip unknown record type 9", ROW, "", "Corrupt data file: Read 3 bytes"]);
    let outcome = outcome(text, &[]);
    assert_eq!((outcome.lines.len(), outcome.rejects.len(), outcome.code), (1, 0, 0));
}

#[test]
fn columns_that_are_chosen_are_taken_by_name() {
    let flow = r#"{"timestamp":"2004-07-11T08:32:10.310Z","duration":140.01,"src_ip":"172.16.13.66","dst_ip":"192.168.170.112","src_port":0,"dst_port":0,"protocol":1,"packets":50002,"bytes":50000,"flows":3,"icmp_type":0,"icmp_code":8}"#;
    for text in [
        "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n2004-07-11 08:32:10.310,140.010,1,172.16.13.66,0,192.168.170.112,0.8,50002,50000,3\n",
        "flows,dstPort,dstAddr,srcPort,srcAddr,proto,inBytes,inPackets,firstSeen,lastSeen\n3,0.8,192.168.170.112,0,172.16.13.66,1,50000,50002,1089534730.310,1089534870.320\n",
    ] {
        assert_eq!(lines(text, &[]), [flow]);
    }
    let fast = "cnt,af,firstSeen,lastSeen,proto,srcAddr,srcPort,dstAddr,dstPort,srcAS,dstAS,input,output,flags,srcTos,packets,bytes\n14,2,1089534730310,1089534870320,1,172.16.13.66,0,192.168.170.112,8,775,8404,12,14,........,0,50002,50000\n";
    assert_eq!(
        lines(fast, &[]),
        [flow
            .replace("\"flows\":3,", "")
            .replace("8}", "8,\"input_if\":12,\"output_if\":14,\"src_as\":775,\"dst_as\":8404}")]
    );
}

#[test]
fn statistics_are_refused() {
    let text = "ts,te,td,pr,val,fl,flP,pkt,pktP,byt,bytP,pps,bps,bpp\n2026-03-10 07:55:14,2026-03-10 20:04:21,1.5,any,10.20.0.5,17,6.2,1,1,1,1,1,1,1\n";
    let outcome = outcome(text, &[]);
    assert_eq!((outcome.lines.len(), outcome.code), (0, 2));
}

#[test]
fn a_bad_row_is_rejected_with_its_column_and_the_others_are_read() {
    let text =
        wide(&[&ROW.replace("172.16.1.66", "172.16.1"), ROW, &ROW.replace(",TCP,", ",QQQ,"), &ROW.replace("5/6,", "")]);
    assert_eq!(lines(&text, &[]), [FLOW]);
    assert_eq!(
        rejects(&text, &[]),
        [
            "2:48 bad address \"172.16.1\" for src_ip",
            "4:84 unknown protocol \"QQQ\" for protocol",
            "5:0 47 columns where the header has 48",
        ]
    );
}

#[test]
fn times_are_those_of_the_zone() {
    assert!(
        lines(wide(&[ROW]), &["--tz", "Europe/Lisbon"])[0].starts_with(r#"{"timestamp":"2004-07-11T07:30:00.000Z""#)
    );
    let fold = ROW.replace("2004-07-11 08:30", "2024-10-27 01:30");
    assert!(lines(wide(&[&fold]), &["--tz", "Europe/Lisbon"])[0].ends_with(r#""clock":"ambiguous"}"#));
}

#[test]
fn further_columns_are_kept_when_asked() {
    let line = &lines(wide(&[ROW]), &["--keep-extra"])[0];
    assert!(line.starts_with(FLOW.trim_end_matches('}')), "{line}");
    for part in
        [r#","fwd":1,"#, r#","x_dir":1,"#.replace("x_", "").as_str(), r#","mpls1":"1010-0-0","#, r#","exid":1}"#]
    {
        assert!(line.contains(part), "{part} in {line}");
    }
}

/// The flow of a row by the lane and by the plan.
fn both_ways(row: &str, zone: &str) -> (Option<Flow>, Option<Flow>) {
    let zone = flow_record::value::time::Zone::named(zone).unwrap();
    let mut fast = Flow::new();
    let by_lane = Wide::new(zone.clone()).read(row.as_bytes(), &mut fast).map(|()| fast);
    let columns = HEADER.split(',').map(str::to_owned).collect();
    let plan = Plan::new(columns, &NFDUMP, &crate::row::Mapping::default(), false).unwrap();
    let (mut cells, mut slow) = (Row::default(), Flow::new());
    let texts: Vec<_> = row.split(',').collect();
    for (i, text) in texts.iter().enumerate() {
        plan.take(i, text.as_bytes(), 0, &mut cells, &mut Vec::new());
    }
    let converted = texts.len() == 48 && Converter::new(&NFDUMP, zone).convert(&cells, &mut slow).is_ok();
    (by_lane, converted.then_some(slow))
}

#[test]
fn the_lane_takes_every_plain_row() {
    for row in [
        ROW.to_owned(),
        ROW.replace(",TCP,", ",UDP,"),
        ROW.replace("1024,25,TCP", "0,2048,ICMP"),
        ROW.replace("172.16.1.66", "2001:db8::1").replace("192.168.170.100", "fe80::2"),
        ROW.replace("172.72.1.2,172.73.2.3", "2001:db8::9,::"),
        ROW.replace("127.0.0.1,5/6", "2001:db8::2,0/0").replace("1970-01-01 00:00:00.000", "2004-07-11 08:35:00.001"),
        ROW.replace(",16,24,128,1,172.72.1.2,172.73.2.3,82,93,", ",0,0,0,0,0.0.0.0,0.0.0.0,0,0,"),
    ] {
        let (fast, slow) = both_ways(&row, "UTC");
        assert!(fast.is_some(), "{row}");
        assert_eq!(fast, slow, "{row}");
    }
}

#[test]
fn the_lane_leaves_what_is_doubtful() {
    for row in [
        ROW.replace("10.010", "18446744073709540.000"),
        ROW.replace("08:30:10", "08:29:59"),
        ROW.replace("2004-", "1980-"),
        ROW.replace("1970-01-01", "2004-07-09"),
        ROW.replace(",TCP,", ",0,"),
        ROW.replace("127.0.0.1,5/6", "127.0.0.1,5/6,7"),
        ROW.replace("02:34:56:78:90:aa", "02:34:56,78:90:aa"),
        ROW.replace("1970-01-01 00:00:00.000", "1970-01-01 00:00,00.000"),
    ] {
        assert_eq!(both_ways(&row, "UTC").0, None, "{row}");
    }
}

/// A row with some of its columns replaced.
fn changed() -> impl Strategy<Value = String> {
    const TEXTS: &[&str] = &[
        "",
        "0",
        "1",
        "6",
        "65535",
        "65536",
        "9007199254740992",
        "-1",
        "1.5",
        "TCP",
        "UDP",
        "ICMP",
        "ICMP6",
        "ESP",
        "QQQ",
        "0.0.0.0",
        "::",
        "2001:db8::1",
        "10.0.0.256",
        "........",
        "CEUAPRSF",
        ".AP.SF",
        "  0xc2",
        "2024-03-31 01:30:00",
        "2024-10-27 01:30:00",
        "2004-07-11 08:30:00",
        "1970-01-01 00:00:00",
        "2004-07-11 08:30:00.500",
        "18446744073709540.000",
        "0.001",
        "1e3",
        "2048",
        "8.0",
        "00:00:00:00:00:00",
        "0-0-0",
        "x,y",
        " 7 ",
    ];
    prop::collection::vec((0usize..48, prop::sample::select(TEXTS)), 0..4).prop_map(|changes| {
        let mut columns: Vec<&str> = ROW.split(',').collect();
        for (at, text) in changes {
            columns[at] = text;
        }
        columns.join(",")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn the_lane_gives_the_flow_that_the_plan_gives(row in changed(), zone in prop::sample::select(vec!["UTC", "Europe/Lisbon"])) {
        let (fast, slow) = both_ways(&row, zone);
        if fast.is_some() {
            prop_assert_eq!(fast, slow, "{}", row);
        }
    }
}

#[test]
fn icmp_shows_in_the_port_where_the_protocol_was_aggregated_out() {
    let text = "firstSeen,duration,srcAddr,dstPort,packets,bytes,bps,bpp,flows\n\
                2004-07-11 08:32:10.310,140.010,172.16.13.66,0.8,50002,50000,2856,0,3\n";
    assert_eq!(
        lines(text, &[]),
        [
            r#"{"timestamp":"2004-07-11T08:32:10.310Z","duration":140.01,"src_ip":"172.16.13.66","dst_port":0,"packets":50002,"bytes":50000,"flows":3,"icmp_type":0,"icmp_code":8}"#
        ]
    );
}
