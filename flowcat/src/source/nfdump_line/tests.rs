//! Tables of nfdump, row by row.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::source::testing::{lines, outcome, rejects};

const LINE: &str = "Date first seen             Duration     Proto      Src IP Addr:Port          Dst IP Addr:Port   Packets    Bytes Flows\n";

fn line(row: &str) -> String {
    let outcome = outcome(format!("{LINE}{row}\n"), &[]);
    assert!(outcome.rejects.is_empty(), "{:?}", outcome.rejects);
    outcome.lines.into_iter().next().unwrap()
}

#[test]
fn durations_of_all_versions_mean_the_same() {
    let flow = r#"{"timestamp":"2004-07-11T08:30:00.010Z","duration":10.01,"src_ip":"172.16.1.66","dst_ip":"192.168.170.100","src_port":1024,"dst_port":25,"protocol":6,"packets":202,"bytes":303,"flows":3}"#;
    for row in [
        "2004-07-11 08:30:00.010     00:00:10.010 TCP        172.16.1.66:1024  ->  192.168.170.100:25         202      303     3",
        "2004-07-11 08:30:00.010    10.010 TCP        172.16.1.66:1024  ->  192.168.170.100:25         202      303     3",
        "2004-07-11 08:30:00.010           10.010 6          172.16.1.66:1024  ->  192.168.170.100:25         202      303     3",
        "2004-07-11 08:30:00.010     00:00:10.010 TCP    192.168.170.100:25    <-      172.16.1.66:1024        202      303     3",
    ] {
        assert_eq!(line(row), flow);
    }
    assert!(
        line("2004-07-11 08:30:00.010  1d 00:00:10.010 TCP 1.1.1.1:1 -> 2.2.2.2:2 1 1 1")
            .contains("\"duration\":86410.01,")
    );
    let absurd = line(
        "2004-07-11 08:30:00.010 -2147483648d -2147483648:-2147483648:18446744073709540.000 TCP 1.1.1.1:1 -> 2.2.2.2:2 1 1 1",
    );
    assert!(!absurd.contains("duration") && absurd.contains("\"clock\":\"implausible\""), "{absurd}");
}

#[test]
fn scaled_numbers_are_one_column() {
    let flow = line("2004-07-11 08:33:00.810 00:03:10.010 UDP 10.0.0.1:1 -> 10.0.0.2:2    4.3 G   15.0 M     3");
    assert!(flow.contains("\"packets\":4300000000,\"bytes\":15000000,\"flows\":3"), "{flow}");
    let flow = line("2004-07-11 08:33:00.810 00:03:10.010 UDP 10.0.0.1:1 -> 10.0.0.2:2    1.2 T   7 k     1");
    assert!(flow.contains("\"packets\":1200000000000,\"bytes\":7000}"), "{flow}");
}

#[test]
fn ipv6_has_its_port_behind_a_point_and_is_left_out_where_it_was_cut_short() {
    let flow = line(
        "2023-01-25 18:36:44.314 00:00:00.000 UDP   2001:db8::1.43702 -> ::ffff:10.0.0.1.443         10     3733     1",
    );
    assert!(
        flow.contains(r#""src_ip":"2001:db8::1","dst_ip":"::ffff:10.0.0.1","src_port":43702,"dst_port":443"#),
        "{flow}"
    );
    let outcome = outcome(
        format!(
            "{LINE}2023-01-25 18:36:44.314 00:00:00.000 UDP 2804:37..7e:fd84.43702 -> 2800:3f..9::200e.443 10 3733 1\n"
        ),
        &[],
    );
    assert_eq!(
        outcome.lines,
        [
            r#"{"timestamp":"2023-01-25T18:36:44.314Z","duration":0,"src_port":43702,"dst_port":443,"protocol":17,"packets":10,"bytes":3733}"#
        ]
    );
    assert_eq!(outcome.code, 0);
}

#[test]
fn icmp_has_type_and_code_for_a_port() {
    let flow = line("2004-07-11 08:32:10.310 00:02:20.010 ICMP 172.16.13.66:0 -> 192.168.170.112:3.1 50002 50000 1");
    assert!(
        flow.contains(r#""src_port":0,"dst_port":0,"protocol":1"#) && flow.contains(r#""icmp_type":3,"icmp_code":1"#),
        "{flow}"
    );
    let flow = line("2023-01-25 18:35:46.144 00:00:00.000 ICMP6 fe80::1.0 -> fe80::2.135.0 1 64 1");
    assert!(
        flow.contains(r#""src_ip":"fe80::1","dst_ip":"fe80::2""#) && flow.contains(r#""icmp_type":135,"icmp_code":0"#),
        "{flow}"
    );
}

#[test]
fn in_two_way_tables_in_is_the_flows_direction() {
    let text = "Date first seen Duration Proto Src IP Addr:Port Dst IP Addr:Port Flags Tos Out Pkt In Pkt Out Byte In Byte Flows\n\
        2004-07-11 08:30:00.010 00:00:10.010 TCP 172.16.1.66:1024 <-> 192.168.170.100:25 .......F 2 212 202 3234 303 3\n\
        2004-07-11 08:30:00.010 00:00:10.010 TCP 172.16.1.66:1024 <-> 192.168.170.100:25 .......F 2 0 202 0 303 3\n";
    let flows = lines(text, &[]);
    assert!(
        flows[0].contains(
            r#""packets":202,"bytes":303,"rev_packets":212,"rev_bytes":3234,"flows":3,"tcp_flags":1,"tos":2"#
        ),
        "{flows:?}"
    );
    assert!(!flows[1].contains("rev_"), "{flows:?}");
}

#[test]
fn a_missing_header_is_guessed_by_the_row() {
    for row in [
        "2004-07-11 08:30:00.010 00:00:10.010 TCP 172.16.1.66:1024 -> 192.168.170.100:25 202 1.3 M 3\n",
        "2004-07-11 08:30:00.010 00:00:10.010 TCP 172.16.1.66:1024 -> 192.168.170.100:25 .......F 2 202 1.3 M 3\n",
        "2004-07-11 08:30:00.010 00:00:10.010 TCP 172.16.1.66:1024 -> 192.168.170.100:25 .......F 2 202 1.3 M 20 242 1 3\n",
        "2004-07-11 08:30:00.010 00:00:10.010 TCP 172.16.1.66:1024 <-> 192.168.170.100:25 0 202 0 1.3 M 3\n",
        "2004-07-11 08:30:00.010 00:00:10.010 TCP 172.16.1.66:1024 <-> 192.168.170.100:25 .......F 2 0 202 0 1.3 M 3\n",
    ] {
        let flows = lines(row, &[]);
        assert!(flows[0].contains("\"packets\":202,\"bytes\":1300000,\"flows\":3"), "{flows:?}");
    }
}

#[test]
fn chosen_columns_are_known_by_their_headings() {
    let text = "First seen GMT          Duration         Src IP Addr(..):Port        Dst Pt   Bytes Router IP SVlan  Input Frob\n\
        2004-07-11 08:30:00.010 00:00:10.010     8.8.8.8(US):53              443      77    192.0.2.1 5 3 zzz\n";
    assert_eq!(
        lines(text, &["--tz", "Europe/Lisbon"]),
        [
            r#"{"timestamp":"2004-07-11T08:30:00.010Z","duration":10.01,"src_ip":"8.8.8.8","src_port":53,"dst_port":443,"bytes":77,"exporter":"192.0.2.1","input_if":3,"vlan":5}"#
        ]
    );
}

#[test]
fn type_and_code_of_icmp6_are_known_without_the_protocol() {
    let text = "Date first seen              Src IP Addr:Port       Dst IP Addr:Port     Bytes\n\
        2026-03-10 11:42:00.000 2001:db8:20::11.0       2001:db8:20::2.128.0      416\n\
        2026-03-10 11:42:00.014 2001:db8:20::2.0     2001:db..0:1::11.129.0      416\n\
        2026-03-10 11:42:00.014 ::ffff:10.0.0.1.0 ::ffff:10.0.0.2.0.0 1\n\
        2026-03-10 11:42:00.014 ::ffff:10.0.0.1.53 2001:db8:20::2.443 1\n";
    let flows = lines(text, &["--tz", "UTC"]);
    for (flow, part) in flows.iter().zip([
        r#""src_ip":"2001:db8:20::11","dst_ip":"2001:db8:20::2","src_port":0,"dst_port":0,"bytes":416,"icmp_type":128,"icmp_code":0}"#,
        r#""src_ip":"2001:db8:20::2","src_port":0,"dst_port":0,"bytes":416,"icmp_type":129,"icmp_code":0}"#,
        r#""dst_ip":"::ffff:10.0.0.2","src_port":0,"dst_port":0,"bytes":1,"icmp_type":0,"icmp_code":0}"#,
        r#""src_ip":"::ffff:10.0.0.1","dst_ip":"2001:db8:20::2","src_port":53,"dst_port":443,"bytes":1}"#,
    ]) {
        assert!(flow.ends_with(part), "{flow}");
    }
    assert_eq!(flows.len(), 4);
}

#[test]
fn a_row_that_does_not_fit_is_rejected_with_its_place() {
    let text = format!(
        "{LINE}2004-07-11 08:30:00.010 00:00:10.010 TCP 1.1.1.1:1 -> 2.2.2.2:2 1\n\
        2004-07-11 08:30:00.010 00:00:10.010 TCP 1.1.1.1:1 -> 2.2.2.2:2 1 1 1 1\n\
        2004-07-11 08:30:00.010 00:00:10.010 TCP 1.1.1.1 -> 2.2.2.2:2 1 1 1\n\
        Some message of nfdump\n"
    );
    assert_eq!(
        rejects(&text, &[]),
        ["2:66 a number is expected", "3:71 the end of the row is expected", "4:42 an address and a port is expected"]
    );
}
