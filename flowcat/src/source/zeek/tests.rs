//! Zeek's conn.log as text.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::source::testing::{ending, lines, outcome, rejects};

const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2023-11-14-22-13-20\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n";
const ROW: &str = "1700000000.100000\tCh22k1203r7uCUhZ6a\t10.0.0.5\t51000\t93.184.216.34\t443\ttcp\tssl\t1.235504\t626\t5256\tSF\tT\tF\t0\tShADdaFf\t12\t1726\t10\t5668\t(empty)";
const FLOW: &str = r#"{"timestamp":"2023-11-14T22:13:20.100000Z","duration":1.235504,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":12,"bytes":1726,"rev_packets":10,"rev_bytes":5668,"tcp_flags":19,"rev_tcp_flags":19,"app":"ssl","state":"SF"}"#;

/// A row of ICMP with these ports.
fn icmp(proto: &str, src: &str, ports: &str) -> String {
    format!("1700000000.1\tC1\t{src}\t{ports}\t{proto}\t-\t-\t-\t-\tOTH\tT\tT\t0\t-\t1\t72\t0\t0\t-\n")
}

#[test]
fn a_connection_becomes_a_two_way_flow() {
    let outcome = outcome(format!("{HEADER}{ROW}\n#close\t2023-11-14-23-00-00\n"), &[]);
    assert_eq!((outcome.lines, outcome.rejects, outcome.code), (vec![FLOW.to_owned()], vec![], 0));
}

#[test]
fn columns_are_those_of_the_last_header() {
    let other = "#fields\tid.resp_h\tid.orig_h\torig_bytes\tresp_bytes\n10.0.0.2\t10.0.0.1\t7\t0\n";
    let flow = r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","bytes":7,"rev_bytes":0,"byte_layer":"l4"}"#;
    assert_eq!(lines(format!("{HEADER}{ROW}\n#close\tx\n{other}{HEADER}{ROW}\n"), &[]), [FLOW, flow, FLOW]);
}

#[test]
fn a_log_without_its_header_needs_to_be_named() {
    assert_eq!(lines(format!("{ROW}\n"), &["--from", "zeek"]), [FLOW]);
    let with_number = format!("{ROW}\t6\n");
    assert_eq!(lines(with_number, &["--from", "zeek"]), [FLOW]);
    assert_eq!(rejects("1\t2\t3\n", &["--from", "zeek"]), ["1:0 no header, and not 20 to 24 columns"]);
}

#[test]
fn a_header_without_hashes_is_one() {
    let names = HEADER.lines().find_map(|l| l.strip_prefix("#fields\t")).unwrap();
    assert_eq!(lines(format!("{names}\n{ROW}\n{names}\n{ROW}\n"), &[]), [FLOW, FLOW]);
}

#[test]
fn labels_stand_behind_tabs_or_blanks() {
    let flow = FLOW.replace("}", r#","label":"malicious","attack":"PartOfAHorizontalPortScan"}"#);
    for (names, values) in [
        ("\tlabel\tdetailed-label", "\tMalicious\tPartOfAHorizontalPortScan"),
        ("   label   detailed-label", "   Malicious   PartOfAHorizontalPortScan"),
        ("   label   detailed-label", "\tMalicious\tPartOfAHorizontalPortScan"),
        ("\tlabel\tdetailed-label", "   Malicious   PartOfAHorizontalPortScan"),
        ("\tlabel\tdetailed-label", "\tMalicious\tPartOfAHorizontalPortScan\t"),
    ] {
        let header = HEADER.replacen("tunnel_parents", &format!("tunnel_parents{names}"), 1);
        assert_eq!(lines(format!("{header}{ROW}{values}\n"), &[]), [flow.as_str()], "{names:?} {values:?}");
    }
    let header = HEADER.replacen("tunnel_parents", "tunnel_parents   label   detailed-label", 1);
    assert_eq!(lines(format!("{header}{ROW}   benign   -\n"), &[]), [FLOW.replace("}", r#","label":"benign"}"#)]);
}

#[test]
fn separator_and_values_for_none_are_those_of_the_header() {
    let text = "#separator \\x2c\n#unset_field,NULL\n#empty_field,EMPTY\n#path,conn\n#fields,ts,id.orig_h,orig_ip_bytes,service,note\n1700000000.0,10.0.0.1,NULL,EMPTY,-\n";
    let flow = r#"{"timestamp":"2023-11-14T22:13:20.000000Z","src_ip":"10.0.0.1","note":"-"}"#;
    assert_eq!(lines(text, &["--keep-extra", "--from", "zeek"]), [flow]);
}

#[test]
fn icmp_is_in_the_ports() {
    for (proto, src, ports, end) in [
        (
            "icmp",
            "10.0.0.1",
            "8\t10.0.0.2\t0",
            r#""protocol":1,"packets":1,"bytes":72,"rev_packets":0,"rev_bytes":0,"icmp_type":8,"icmp_code":0"#,
        ),
        ("icmp", "10.0.0.1", "3\t10.0.0.2\t10", r#""icmp_type":3,"icmp_code":10"#),
        ("icmp", "10.0.0.1", "13\t10.0.0.2\t14", r#""icmp_type":13,"icmp_code":0"#),
        (
            "icmp",
            "fe80::1",
            "128\tfe80::2\t129",
            r#""protocol":58,"packets":1,"bytes":72,"rev_packets":0,"rev_bytes":0,"icmp_type":128,"icmp_code":0"#,
        ),
        ("icmp", "fe80::1", "1\tfe80::2\t4", r#""icmp_type":1,"icmp_code":4"#),
    ] {
        let line = &lines(format!("{HEADER}{}", icmp(proto, src, ports)), &[])[0];
        assert!(line.contains(end) && line.contains(r#""src_port":0,"dst_port":0"#), "{line}");
    }
}

#[test]
fn the_number_of_a_protocol_comes_before_its_name() {
    let header = HEADER.replacen("tunnel_parents", "tunnel_parents\tip_proto", 1);
    let row = icmp("unknown_transport", "10.0.0.1", "0\t10.0.0.2\t0");
    assert!(lines(format!("{header}{}\t47\n", row.trim_end()), &[])[0].contains(r#""protocol":47"#));
    assert!(!lines(format!("{HEADER}{row}"), &[])[0].contains("protocol"));
}

#[test]
fn other_logs_are_no_flows() {
    let dns = "#separator \\x09\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tquery\n1\tC\t10.0.0.1\t1\t10.0.0.2\t53\tx\n";
    let refused = outcome(dns, &[]);
    assert_eq!((refused.lines.len(), refused.code), (0, 2));
    let mixed = outcome(format!("{HEADER}{ROW}\n{dns}{HEADER}{ROW}\n"), &[]);
    assert_eq!((mixed.lines, mixed.rejects.len(), mixed.code), (vec![FLOW.to_owned(), FLOW.to_owned()], 0, 0));
}

#[test]
fn a_row_that_does_not_fit_is_rejected_with_its_place() {
    let cut = &ROW[..ROW.len() - 20];
    let bad = ROW.replace("10.0.0.5", "10.0.0");
    let text = format!("{HEADER}{cut}\n{bad}\n\n{ROW}\textra\n{ROW}\n");
    assert_eq!(
        rejects(&text, &[]),
        [
            "9:0 18 columns where the header has 21",
            "10:38 bad address \"10.0.0\" for src_ip",
            "12:0 22 columns where the header has 21"
        ]
    );
    assert_eq!((lines(&text, &[]), ending(&text, &[])), (vec![FLOW.to_owned()], 3));
}
