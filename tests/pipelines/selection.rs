//! `--where`: the flows that nfdump's filters keep, in all four programs, and what is said of a wrong expression.
#![allow(clippy::unwrap_used)]

use crate::support::{filters, flows, run, run_with, shared};

/// Expressions that mean the same to nfdump and here; durations are milliseconds to nfdump, so a second form follows.
const SAME: &[&str] = &[
    "any",
    "not any",
    "proto tcp",
    "proto 17",
    "proto icmp or proto icmp6",
    "not proto tcp",
    "port 53",
    "src port 53",
    "dst port 443",
    "dst port 443 and not src port > 50000",
    "port in [53 80 443]",
    "dst port in [22,23,445]",
    "port > 1024",
    "port < 1024",
    "dst port 2048",
    "not dst port 2048",
    "port >= 53 and port <= 80",
    "host 10.20.1.24",
    "src host 10.20.1.24",
    "ip 2001:db8:20::2",
    "dst ip 192.0.2.10",
    "net 10.0.0.0/8",
    "src net 10.20.0.0/16 and dst net 198.51.100.0/24",
    "net 10.20.0.0 255.255.0.0",
    "net 2001:db8:20::/48",
    "not net 10.0.0.0/8",
    "src ip in [10.20.1.0/24 192.0.2.10]",
    "ip in [2001:db8:20::/48 198.51.100.0/25]",
    "flags S",
    "flags SA",
    "flags S and not flags A",
    "flags S and not flags AFRPU",
    "not flags S",
    "not flags SF and proto tcp",
    "flags 2",
    "flags = 27",
    "flags > 20",
    "not flags 2",
    "flags X",
    "icmp-type 8",
    "icmp-type 128",
    "not icmp-type 8",
    "icmp-code 0",
    "packets 3",
    "in packets 1",
    "packets > 10 and packets < 40",
    "bytes > 1k",
    "bytes > 1M or bytes < 100",
    "bytes >= 97 and not bytes > 97",
    "in bytes < 1000",
    "bps > 1k",
    "bps > 1m",
    "bps 0",
    "pps > 10",
    "pps <= 1",
    "bpp > 500",
    "bpp 97",
    "not bpp > 100",
    "inet",
    "ipv6",
    "inet6 and not port 53",
    "(proto udp and port 53) or (proto tcp and port 443)",
    "proto tcp and (src port 443 or dst port 443) and bytes > 1k",
    "not (proto udp or bytes > 5000)",
    "! proto udp && bytes > 5000 || packets 1",
    "router ip 127.0.0.1",
    "PROTO TCP AND DST PORT EQ 443",
];

/// nfdump's form and ours.
const DURATIONS: &[(&str, &str)] = &[
    ("duration > 1000", "duration > 1"),
    ("duration >= 4000", "duration >= 4s"),
    ("duration 0", "duration 0"),
    ("duration < 393 and proto tcp", "duration < 393ms and proto tcp"),
    ("not duration > 29", "not duration > 0.029"),
    ("duration > 60000 or port 53", "duration > 1m or port 53"),
];

#[test]
fn what_nfdump_keeps_is_kept() {
    if run("command -v nfdump").code != 0 {
        return println!("skipped: selection beside nfdump: nfdump is absent");
    }
    let pairs = SAME.iter().map(|same| (*same, *same)).chain(DURATIONS.iter().copied());
    let mut files = vec!["tests/data/sample.nfcapd".to_owned(), "tests/data/traffic.nfcapd".into()];
    if let Some(folder) = shared("selection beside nfdump on flows of an exporter and of nfdump's own test") {
        let others = ["chrispassas-nfdump/nfcapd.sample", "phaag-nfdump/nfgen-flows-v1-bz2"];
        files.extend(others.map(|file| folder.join("data/nfcapd").join(file).display().to_string()));
    }
    for (theirs, ours) in pairs {
        for file in &files {
            let read = format!("TZ=UTC nfdump -q -r '{file}' -o csv");
            // What nfdump calculates with a last time before the first is not compared.
            let sure = "{ grep -v '\"clock\"' || true; }";
            let expected = run(&format!("{read} '{theirs}' | grep -v '^No matching' | flowcat -q | {sure}"));
            let kept = run(&format!("{read} | flowcat -q -w '{ours}' | {sure}"));
            assert!(!expected.stderr.contains("syntax error"), "{theirs}: {}", expected.stderr);
            assert_eq!(kept.code, 0, "{ours}: {}", kept.stderr);
            assert!(kept.stdout == expected.stdout, "{ours} is not nfdump's {theirs} of {file}");
        }
    }
}

#[test]
fn all_four_programs_look_at_the_same_flows() {
    let input = flows(2000);
    let kept = run_with("flowcat -w 'src ip in [10.0.1.0/24] and dst port 443 and bytes >= 700'", &input).stdout;
    let count = kept.iter().filter(|b| **b == b'\n').count();
    assert!(count > 100 && count < 1000, "{count}");
    let expression = "-w 'src ip in [10.0.1.0/24] and dst port 443 and bytes >= 700'";
    for (tool, filter) in filters("-") {
        let command = format!("{filter} --counters /dev/stdout -o /dev/null {expression}");
        let told = String::from_utf8(run_with(&command, &input).stdout).unwrap();
        let counters: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(counters["filtered"], 2000 - count as u64, "{tool}: {told}");
        assert_eq!(counters["read"], 2000, "{tool}");
    }
    let whole = run_with("flowstat", &kept).stdout;
    assert!(whole == run_with(&format!("flowstat {expression}"), &input).stdout);
    assert!(whole == run_with(&format!("flowstat --threads 3 {expression}"), &input).stdout);
}

#[test]
fn lines_that_are_no_flows_pass_and_other_members_count() {
    let input =
        "{\"bytes\":1,\"mood\":\"good\"}\n{\"kind\":\"x\",\"n\":1}\n{\"bytes\":2,\"mood\":\"bad\"}\n{\"bytes\":3}\n";
    for tool in ["flowcat", "flowdetect --tee beacon", "flowenrich scope"] {
        let told = run_with(&format!("{tool} -q -w 'mood == \"good\"'"), input);
        assert_eq!(
            String::from_utf8_lossy(&told.stdout),
            "{\"bytes\":1,\"mood\":\"good\"}\n{\"kind\":\"x\",\"n\":1}\n",
            "{tool}"
        );
    }
}

#[test]
fn a_member_that_no_flow_has_is_told_once_at_the_end() {
    for (tool, filter) in filters("-") {
        let says = |expression: &str| run_with(&format!("{filter} -w '{expression}'"), flows(2000)).code(0).stderr;
        let told = says("bytes > lots");
        assert_eq!(told, format!("{tool}: --where: no flow has a member \"lots\"\n"));
        assert_eq!(
            says("exists .lable"),
            format!("{tool}: --where: no flow has a member \"lable\"; did you mean label?\n")
        );
        for fine in ["bytes > packets", "dst_port == https", "exists .bytes", "any"] {
            assert_eq!(says(fine), "", "{tool}: {fine}");
        }
        run_with(&format!("{filter} -q -w 'bytes > lots'"), flows(9)).code(0).quiet();
        run_with(&format!("{filter} -w 'lots > 5'"), "").code(0).quiet();
    }
    let table = "src_ip,lots\n10.0.0.1,7\n";
    let told = run_with("flowcat -w 'lots == 7'", table).code(0);
    assert_eq!(
        told.stderr,
        "flowcat: --where: no flow has a member \"lots\"; --keep-extra keeps columns of other names\n"
    );
    let kept = run_with("flowcat --keep-extra -w 'lots == 7'", table).code(0).quiet();
    assert_eq!(kept.text(), "{\"src_ip\":\"10.0.0.1\",\"lots\":7}\n");
}

#[test]
fn a_wrong_expression_is_refused_with_its_place_before_anything_is_read() {
    for (tool, filter) in filters("/nonexistent") {
        let told = run(&format!("{filter} -w 'proto tcp and dst prt 443'"));
        assert_eq!((told.code, told.stdout.is_empty()), (2, true), "{tool}");
        let lines: Vec<_> = told.stderr.lines().collect();
        assert_eq!(lines[1], format!("{tool}:   proto tcp and dst prt 443"));
        assert_eq!(lines[2], format!("{tool}:                     ^^^"));
        assert!(lines[0].starts_with(&format!("{tool}: error: --where: expected")), "{}", lines[0]);
    }
    for tool in crate::support::TOOLS {
        let told = run(&format!("{tool} --explain where"));
        assert!(told.code == 0 && String::from_utf8_lossy(&told.stdout).contains("src net"), "{tool}");
    }
}
