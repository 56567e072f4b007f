//! Messages of vflow.
#![allow(clippy::unwrap_used)]

use crate::source::testing::{lines, outcome};

const IPFIX: &str = r#"{"AgentID":"192.0.2.1","Header":{"Version":10,"Length":420,"ExportTime":1700000010,"SequenceNo":1434533677,"DomainID":32771},"DataSets":[[{"I":8,"V":"10.0.0.5"},{"I":12,"V":"93.184.216.34"},{"I":5,"V":"0x0"},{"I":4,"V":6},{"I":7,"V":51000},{"I":11,"V":443},{"I":32,"V":0},{"I":10,"V":4529},{"I":58,"V":20},{"I":16,"V":64500},{"I":15,"V":"192.0.2.254"},{"I":6,"V":"0x1b"},{"I":14,"V":812},{"I":1,"V":1258},{"I":2,"V":12},{"I":152,"V":1700000000123},{"I":153,"V":1700000001253},{"I":1,"V":900,"E":29305},{"I":136,"V":3}],[{"I":8,"V":"10.0.0.5"},{"I":12,"V":"8.8.8.8"},{"I":4,"V":1},{"I":32,"V":2048},{"I":1,"V":84},{"I":2,"V":1}]]}"#;

#[test]
fn a_message_is_several_flows() {
    assert_eq!(
        lines(format!("{IPFIX}\n"), &[]),
        [
            r#"{"timestamp":"2023-11-14T22:13:20.123Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":12,"bytes":1258,"rev_bytes":900,"tcp_flags":27,"exporter":"192.0.2.1","input_if":4529,"output_if":812,"src_as":64500,"next_hop":"192.0.2.254","vlan":20}"#,
            r#"{"src_ip":"10.0.0.5","dst_ip":"8.8.8.8","src_port":0,"dst_port":0,"protocol":1,"packets":1,"bytes":84,"icmp_type":8,"icmp_code":0,"exporter":"192.0.2.1"}"#,
        ]
    );
}

#[test]
fn times_since_the_exporters_start_become_absolute() {
    let nine = r#"{"AgentID":"192.0.2.1","Header":{"Version":9,"Count":1,"SysUpTime":3600000,"UNIXSecs":1700003600,"SeqNum":1,"SrcID":0},"DataSets":[[{"I":22,"V":123},{"I":21,"V":1253},{"I":27,"V":"2001:db8::1"},{"I":28,"V":"2001:db8::2"},{"I":4,"V":17},{"I":1,"V":84},{"I":23,"V":0}]]}"#;
    let flow = r#"{"timestamp":"2023-11-14T22:13:20.123Z","duration":1.13,"src_ip":"2001:db8::1","dst_ip":"2001:db8::2","protocol":17,"bytes":84,"exporter":"192.0.2.1"}"#;
    assert_eq!(lines(format!("{nine}\n"), &[]), [flow]);
    let five = r#"{"AgentID":"192.0.2.1","Header":{"Version":5,"Count":1,"SysUpTimeMSecs":3600000,"UNIXSecs":1700003600,"UNIXNSecs":0,"SeqNum":1,"EngType":0,"EngID":0,"SmpInt":16394},"Flows":[{"SrcAddr":"10.0.0.5","DstAddr":"8.8.8.8","NextHop":"0.0.0.0","Input":3,"Output":0,"PktCount":1,"L3Octets":84,"StartTime":123,"EndTime":1253,"SrcPort":0,"DstPort":771,"Padding1":0,"TCPFlags":0,"ProtType":1,"Tos":8,"SrcAsNum":0,"DstAsNum":0,"SrcMask":0,"DstMask":0,"Padding2":0}]}"#;
    let flow = r#"{"timestamp":"2023-11-14T22:13:20.123Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"8.8.8.8","src_port":0,"dst_port":0,"protocol":1,"packets":1,"bytes":84,"icmp_type":3,"icmp_code":3,"exporter":"192.0.2.1","input_if":3,"tos":8,"sampling":10}"#;
    assert_eq!(lines(format!("{five}\n"), &[]), [flow]);
    let ntp = r#"{"AgentID":"192.0.2.1","Header":{"Version":10,"ExportTime":1700000010},"DataSets":[[{"I":156,"V":16788979058577768448},{"I":1,"V":84}]]}"#;
    assert!(lines(format!("{ntp}\n"), &[])[0].starts_with(r#"{"timestamp":"2023-11-14T22:13:20.500000000Z""#));
}

#[test]
fn options_are_unused_and_a_bad_value_rejects_its_flow_alone() {
    let options = r#"{"AgentID":"192.0.2.1","Header":{"Version":10,"ExportTime":1700000010},"DataSets":[[{"I":34,"V":100},{"I":35,"V":1}]]}"#;
    let bad = IPFIX.replace("8.8.8.8", "8.8.8");
    let outcome = outcome(format!("{options}\n{bad}\n{}\n", &IPFIX[..90]), &[]);
    assert_eq!((outcome.lines.len(), outcome.rejects.len(), outcome.code), (1, 2, 3));
}
