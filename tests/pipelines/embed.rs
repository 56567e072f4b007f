//! The suite inside other people's scripts: the files of `tests/embed` do what the README prints of them.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{python, root, run, run_with};

#[test]
fn the_readme_prints_the_files_as_they_are() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for entry in std::fs::read_dir(root().join("tests/embed")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(readme.contains(text.trim()), "the README lacks {}", path.display());
    }
}

#[test]
fn a_strict_bash_script_gets_alerts_and_fails_when_a_stage_does() {
    let alerts = run("tests/embed/scan-day.sh tests/data/traffic.csv").code(0).quiet().lines();
    let detectors: Vec<_> = alerts.iter().map(|a| a["detector"].as_str().unwrap()).collect();
    assert_eq!(detectors, ["portscan", "portscan", "sweep", "exfil", "beacon"]);
    run("tests/embed/scan-day.sh no-such-file.csv").code(2);
}

#[test]
fn a_share_of_rejected_rows_is_borne_and_no_more() {
    let folder = crate::support::folder();
    let path = folder.path().join("day.csv");
    let day = std::fs::read_to_string(root().join("tests/data/traffic.csv")).unwrap();
    let damaged = |rows: usize| {
        let mut left = rows;
        let damage = |line: &str| {
            let hit = left > 0 && line.contains(",192.0.2.10,");
            left -= usize::from(hit);
            if hit { line.replacen(",192.0.2.10,", ",192.0.2.,", 1) } else { line.to_owned() }
        };
        let lines: Vec<_> = day.lines().map(damage).collect();
        std::fs::write(&path, lines.join("\n")).unwrap();
        run(&format!("tests/embed/scan-day.sh {}", path.display()))
    };
    damaged(1).code(0);
    damaged(3).code(3);
}

#[test]
fn cron_hears_of_grave_alerts_only() {
    let grave = run("tests/embed/watch.sh tests/data/traffic.csv").code(0).text();
    assert_eq!(
        grave,
        "10.20.1.14 contacted 73 targets in 81 flows within 1 d 1 h (threshold 50)\n\
         10.20.1.23 sent 145.6 MB to 89.160.20.115 in 4 flows within 9 min 3 s (threshold 100 MB)\n"
    );
    assert_eq!(run("tests/embed/watch.sh tests/data/normal.csv").code(0).text(), "");
    assert_eq!(
        run("tests/embed/watch.sh no-such-file").code(0).text(),
        "no-such-file could not be read whole: exit codes 2 0\n"
    );
}

#[test]
fn a_notebook_uses_one_stage_alone() {
    let Some(python) = python("pandas") else { return };
    let shown = run(&format!("{} tests/embed/hosts.py tests/data/traffic.csv", python.display())).code(0).text();
    let words: Vec<Vec<_>> = shown.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["src_ip", "flows", "bytes", "unique_dst_ips"]);
    assert_eq!(words[1], ["10.20.0.5", "17", "202430845", "17"]);
    assert_eq!(words.len(), 4);
}

#[test]
fn captures_become_a_matrix_that_a_classifier_learns_from() {
    let folder = crate::support::folder();
    let (captures, out) = (folder.path().join("captures"), folder.path().join("out"));
    for made in [&captures, &out] {
        std::fs::create_dir(made).unwrap();
    }
    std::fs::copy(root().join("tests/data/sample.pcap.gz"), captures.join("a.pcap.gz")).unwrap();
    // The truth: every flow of the host that scans, as a file with names of its own would have it.
    let truth = folder.path().join("truth.csv");
    let mut rows =
        "Start time,Last time,Attack category,Protocol,Source IP,Source Port,Destination IP,Destination Port\n"
            .to_owned();
    let flows = run("flowcat -q tests/data/sample.pcap.gz").code(0).lines();
    for flow in flows.iter().filter(|f| f["src_ip"] == "203.0.113.66") {
        let text = |name: &str| flow[name].to_string().replace('"', "");
        let start = text("timestamp");
        rows += &format!("{start},{start},scan,{},{},", text("protocol"), text("src_ip"));
        rows += &format!("{},{},{}\n", text("src_port"), text("dst_ip"), text("dst_port"));
    }
    std::fs::write(&truth, rows).unwrap();
    let shown = |path: &std::path::Path| path.display().to_string();
    run(&format!("tests/embed/matrix.sh {} {} {}", shown(&captures), shown(&truth), shown(&out))).code(0).quiet();
    let rows = |file: &str| run(&format!("flowcat -q {} | wc -l", shown(&out.join(file)))).code(0).text();
    for file in ["metered.parquet", "labelled.csv", "features.parquet"] {
        assert_eq!(rows(file).trim(), flows.len().to_string(), "{file}");
    }
    let matrix = std::fs::read_to_string(out.join("matrix.csv")).unwrap();
    let cells: Vec<Vec<_>> = matrix.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(cells.len(), flows.len());
    let header: Vec<_> = matrix.lines().next().unwrap().split(',').collect();
    for (name, at) in header.iter().zip(0..).filter(|(name, _)| **name != "kind") {
        assert!(cells.iter().all(|row| row[at].parse::<f64>().is_ok()), "{name}");
    }
    let Some(python) = python("pandas, sklearn") else { return };
    let train = format!("{} tests/embed/train.py {}", python.display(), shown(&out.join("matrix.csv")));
    let said = run(&train).code(0).text();
    let right: u32 = said.split(' ').rev().nth(1).unwrap().trim_end_matches('%').parse().unwrap();
    assert!(said.starts_with(&format!("{} flows, ", flows.len())) && right >= 90, "{said}");
}

#[test]
fn flows_without_any_time_are_enough_for_what_counts_and_sums() {
    let flows: Vec<_> = (0..60)
        .map(|i| format!(r#"{{"src":"10.0.0.1","dst":"10.0.1.{i}","dport":{i},"proto":"tcp","bytes":2000000}}"#))
        .collect();
    let alerts = run_with("flowcat | flowdetect portscan sweep exfil:bytes=2M", format!("[{}]", flows.join(",")))
        .code(0)
        .lines();
    let count = |name: &str| alerts.iter().filter(|a| a["detector"] == name).count();
    assert_eq!((count("portscan"), count("sweep"), count("exfil")), (1, 1, 60));
    assert!(alerts.iter().all(|a| a.get("timestamp").is_none()));
}

#[test]
fn one_address_is_enough_for_an_enricher() {
    let line = run_with("flowenrich scope", r#"{"dst_ip":"193.136.73.21"}"#).code(0).quiet().lines();
    assert_eq!(line[0]["dst_scope"], "global");
    assert!(line[0].get("src_scope").is_none());
}

#[test]
fn a_foreign_program_may_stand_in_the_middle() {
    let whole = run("flowcat -q tests/data/traffic.csv | flowstat ports:top=1").code(0).lines();
    let awk = run(r#"flowcat -q tests/data/traffic.csv | awk '/"dst_port":53,/' | flowstat ports"#).code(0).lines();
    let jq =
        run("flowcat -q tests/data/traffic.csv | jq 'select(.dst_port == 53)' -c | flowstat ports").code(0).lines();
    assert_eq!((whole[0]["dst_port"].as_u64(), whole[0]["flows"].as_u64()), (Some(53), Some(199)));
    assert_eq!(awk, whole);
    assert_eq!(jq, whole);
}
