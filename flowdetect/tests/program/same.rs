//! The same lines give the same bytes, whatever their order, the number of threads, or how they are dealt out.

use super::{network, normal, shuffled, written};

#[test]
fn neither_threads_nor_the_order_of_lines_show_in_alerts() {
    let lines = network(6000);
    let file = normal();
    let (sigma, fence) =
        (format!("sigma:normal={}", file.path().display()), format!("fence:normal={}", file.path().display()));
    let items = [
        "-q",
        "all",
        "zscore:threshold=1",
        "zscore:of=flow,field=bytes+rev_bytes+duration,as=flows",
        "iqr:k=0.1",
        "iqr:of=flow,as=far",
        "mad:of=flow,field=rev_bytes,as=odd",
        "zscore:by=src_ip/24+dst_port,field=flows+duration,threshold=1,as=networks",
        "portscan:ports=3,total=4",
        "sweep:targets=5",
        "exfil:bytes=1M",
        "beacon:flows=3,jitter=0.9,score=0.2",
        "mad:threshold=0.5",
        &sigma,
        &fence,
    ];
    let expected = written(&[&items[..], &["--threads", "1"]].concat(), &lines.concat());
    assert!(expected.lines().count() > 200);
    for detector in [
        "zscore", "iqr", "mad", "flows", "far", "odd", "networks", "portscan", "sweep", "exfil", "beacon", "sigma",
        "fence",
    ] {
        assert!(expected.contains(&format!("\"detector\":\"{detector}\"")), "{detector} finds nothing");
    }
    for (seed, threads) in [(2, "1"), (3, "2"), (4, "3"), (5, "8")] {
        let out = written(&[&items[..], &["--threads", threads]].concat(), &shuffled(&lines, seed).concat());
        assert!(out == expected, "seed {seed}, {threads} threads");
    }
}

#[test]
fn marks_keep_the_order_of_lines_for_any_number_of_threads() {
    let lines = network(4000).concat();
    let file = normal();
    let items = format!("sigma:normal={}", file.path().display());
    for item in [items.as_str(), "zscore:of=flow"] {
        let one = written(&["-q", "--mark", item, "--threads", "1"], &lines);
        for threads in ["2", "3", "8"] {
            assert!(written(&["-q", "--mark", item, "--threads", threads], &lines) == one, "{item}, {threads} threads");
        }
    }
}

#[test]
fn a_finding_keeps_its_name_in_other_data() {
    let lines = network(1000);
    let names = |lines: &[String]| -> Vec<String> {
        let alerts = super::json(&written(&["-q", "sweep"], &lines.concat()));
        alerts.iter().map(|a| a["id"].to_string()).collect()
    };
    let more: Vec<String> = lines.iter().cloned().chain([super::flow("10.0.0.1", "203.0.113.200", 1, 1, 1)]).collect();
    assert_eq!(names(&lines), names(&more));
    assert!(!names(&lines).is_empty());
}
