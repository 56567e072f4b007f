//! Argus' flows as text.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::source::testing::{ending, lines, outcome, rejects};

const HEADER: &str =
    "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcPkts,SrcBytes,Label\n";

/// The line that a row becomes.
fn line(row: &str) -> String {
    let lines = lines(format!("{HEADER}{row}\n"), &[]);
    assert_eq!(lines.len(), 1, "{row}");
    lines[0].clone()
}

#[test]
fn a_row_becomes_a_two_way_flow() {
    let flow = r#"{"timestamp":"2023-11-14T22:13:20.123000Z","duration":1.13,"src_ip":"10.0.0.5","dst_ip":"93.184.216.34","src_port":51000,"dst_port":443,"protocol":6,"packets":5,"bytes":570,"rev_packets":3,"rev_bytes":1362,"state":"FIN","tos":8,"byte_layer":"l2"}"#;
    assert_eq!(
        line("1700000000.123000,1.130000,tcp,10.0.0.5,51000,   ->,93.184.216.34,443,FIN,8,0,8,1932,5,570,"),
        flow
    );
    let dated =
        "2023/11/14 22:13:20.123000,1.130000,tcp,10.0.0.5,0xc738,   ->,93.184.216.34,https,FIN,8,0,8,1932,5,570,";
    assert_eq!(line(dated), flow);
    let tabs = format!("{HEADER}{dated}\n").replace(',', "\t");
    assert_eq!(lines(tabs, &[]), [flow]);
    let lower = format!("{}{dated}\n{}", HEADER.to_lowercase(), HEADER.to_lowercase());
    assert_eq!(lines(lower, &[]), [flow]);
}

#[test]
fn an_arrow_to_the_left_changes_the_ends() {
    let flow = line("1700000000.1,1.0,tcp,10.0.0.5,443,   <-,10.0.0.9,51000,SPA_FSPA,,,8,1932,5,570,");
    for part in [
        r#""src_ip":"10.0.0.9","dst_ip":"10.0.0.5","src_port":51000,"dst_port":443"#,
        r#""packets":3,"bytes":1362,"rev_packets":5,"rev_bytes":570,"tcp_flags":27,"rev_tcp_flags":26"#,
    ] {
        assert!(flow.contains(part), "{part} in {flow}");
    }
    let both = line("1700000000.1,1.0,tcp,10.0.0.5,443,  <?>,10.0.0.9,51000,FSA_,,,8,1932,5,570,");
    assert!(both.contains(r#""src_ip":"10.0.0.5""#) && both.contains(r#""tcp_flags":19,"state""#), "{both}");
}

#[test]
fn icmp_is_in_the_ports() {
    for (row, part) in [
        (
            "icmp,10.0.0.5,0x0008,  <->,8.8.8.8,0x0100,ECO",
            r#""protocol":1,"packets":1,"bytes":98,"rev_packets":1,"rev_bytes":98,"icmp_type":8,"icmp_code":0"#,
        ),
        ("icmp,10.0.0.5,0x0103,   ->,8.8.8.8,0x4004,URH", r#""icmp_type":3,"icmp_code":1"#),
        (
            "ipv6-icmp,2001:db8::5,128,   ->,2001:db8::9,0,ECO",
            r#""protocol":58,"packets":1,"bytes":98,"rev_packets":1,"rev_bytes":98,"icmp_type":128,"icmp_code":0"#,
        ),
        ("ipv6-icmp,2001:db8::5,0x0001,   ->,2001:db8::9,0x0004,URP", r#""icmp_type":1,"icmp_code":4"#),
        ("ipv6-icmp,2001:db8::5,135,   <-,2001:db8::9,,NNS", r#""icmp_type":135,"state""#),
    ] {
        let flow = line(&format!("1700000000.1,0,{row},,,2,196,1,98,"));
        assert!(flow.contains(part) && flow.contains(r#""src_port":0,"dst_port":0"#), "{part} in {flow}");
    }
}

#[test]
fn what_is_not_ip_has_no_address_and_no_protocol() {
    let flow = line("1700000000.1,0,llc,00:16:47:9d:f2:8d,170,   ->,01:00:0c:cc:cc:cd,170,INT,,,63,4284,63,4284,");
    assert!(!flow.contains("_ip") && !flow.contains("protocol") && flow.contains(r#""bytes":4284"#), "{flow}");
    let flow = line("1700000000.1,0,arp,192.168.202.76,,  who,192.168.202.1,,CON,,,2,128,1,64,");
    assert!(flow.contains(r#""src_ip":"192.168.202.76","dst_ip":"192.168.202.1","packets":1"#), "{flow}");
    let flow = line("1700000000.1,0,rtp,10.0.0.1,5004,   ->,10.0.0.2,5004,INT,,,63,4284,63,4284,");
    assert!(flow.contains(r#""protocol":17"#) && flow.contains(r#""app":"rtp""#), "{flow}");
}

#[test]
fn labels_of_ctu_say_what_is_malicious() {
    for (label, part) in [
        ("flow=From-Botnet-V42-TCP-CC", r#""label":"malicious","attack":"From-Botnet-V42-TCP-CC""#),
        ("flow=Malware-TCP", r#""label":"malicious","attack":"Malware-TCP""#),
        ("flow=From-Normal-V42-Stribrek", r#""label":"benign","byte_layer""#),
        ("flow=To-Background-UDP-CVUT-DNS-Server", r#""label":"background","byte_layer""#),
        ("flow=TCP-Established", r#""label":"flow=TCP-Established","byte_layer""#),
        ("", r#""state":"CON","byte_layer""#),
    ] {
        let flow = line(&format!("1700000000.1,0,udp,10.0.0.1,1,   ->,10.0.0.2,2,CON,,,2,128,1,64,{label}"));
        assert!(flow.contains(part), "{part} in {flow}");
    }
}

#[test]
fn management_records_are_unused_and_what_does_not_fit_is_rejected() {
    let text = "StartTime,Flgs,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,TotPkts,TotBytes,State\n10:13:03.527322,          ,man,0,0,,0,0,0,0,STA\n11:09:54.999111, e        ,udp,10.20.1.18,34479,  <->,10.20.0.2,domain,2,168,CON\n11:09:54,x\n11:09:54.9,,udp,10.20.1,1,->,10.20.0.2,nosuch,2,168,CON\n";
    let flow = r#"{"timestamp":"1970-01-01T11:09:54.999111Z","src_ip":"10.20.1.18","dst_ip":"10.20.0.2","src_port":34479,"dst_port":53,"protocol":17,"packets":2,"bytes":168,"state":"CON","byte_layer":"l2","clock":"no-date"}"#;
    assert_eq!(lines(text, &[]), [flow]);
    assert_eq!(
        rejects(text, &[]),
        ["4:0 2 columns where the header has 11", "5:17 bad address \"10.20.1\" for src_ip"]
    );
    assert_eq!((ending(text, &[]), outcome("SrcAddr,Dir,Sport\n", &[]).code), (3, 0));
}
