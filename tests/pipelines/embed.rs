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
