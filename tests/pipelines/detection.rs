//! Detection held against what is known: a generated day with attacks in it, and labelled captures.
#![allow(clippy::unwrap_used)]

use crate::support::{root, run};
use serde_json::Value;

/// What the command line writes, line by line.
fn lines(script: &str) -> Vec<Value> {
    let outcome = run(script);
    assert_eq!(outcome.code, 0, "{script}: {}", outcome.stderr);
    outcome
        .stdout
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect()
}

/// Which detector has to find which attack.
const FINDERS: [(&str, &str); 13] = [
    ("scan", "scan"),
    ("sweep", "scan"),
    ("worm", "scan"),
    ("beacon", "beacon"),
    ("beacon_10", "beacon"),
    ("beacon_30", "beacon"),
    ("beacon_50", "beacon"),
    ("beacon_missed", "beacon"),
    ("exfiltration", "exfil"),
    ("dns_tunnel", "dnstunnel"),
    ("brute_force", "bruteforce"),
    ("syn_flood", "ddos"),
    ("amplification", "amplification"),
];

#[test]
fn every_attack_of_the_day_is_found_and_little_else_is_called_grave() {
    let rows = lines("day 40 7 | flowdetect -q evaluate:severity=high");
    let row = |detector: &str, attack: &str| {
        let found = rows.iter().find(|r| r["detector"] == detector && r["attack"] == attack);
        found.unwrap_or_else(|| unreachable!("no row of {detector} for {attack}"))
    };
    for (attack, detector) in FINDERS {
        let row = row(detector, attack);
        assert!(row["recall"].as_f64().unwrap() > 0.9, "{row}");
    }
    // The five hosts of the worm, each by itself.
    assert_eq!(row("scan", "worm")["alerts"], 5);
    let all = row("all", "all");
    assert!(all["false_high"].as_u64().unwrap() < 10, "{all}");
    assert!(all["false_rate"].as_f64().unwrap() < 0.01, "{all}");
}

#[test]
fn the_same_numbers_make_the_same_day() {
    let day = |seed: u64| run(&format!("day 2 {seed} | cksum")).stdout;
    assert_eq!(day(1), day(1));
    assert_ne!(day(1), day(2));
}

#[test]
fn attacks_are_found_in_windows_too() {
    let alerts = lines("day 40 7 | flowdetect -q --window 5m scan ddos amplification bruteforce dnstunnel");
    let named = |detector: &str, member: &str, address: &str| {
        alerts.iter().any(|a| a["detector"] == detector && a[member] == address && a["severity"] != "low")
    };
    assert!(named("scan", "src_ip", "185.220.100.7"));
    assert!(named("scan", "src_ip", "10.20.10.2"));
    assert!(named("ddos", "dst_ip", "10.20.9.81"));
    assert!(named("amplification", "dst_ip", "10.20.9.82"));
    assert!(named("bruteforce", "src_ip", "141.98.10.60"));
    assert!(named("dnstunnel", "src_ip", "10.20.10.10"));
}

/// A labelled capture that is not part of the repository.
fn capture(name: &str) -> Option<String> {
    let path = root().join("../shared/data/labelled/aucad-sensor-data").join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path.display().to_string())
}

#[test]
fn command_channels_of_malware_are_among_the_first_beacons() {
    let Some(path) = capture("CTU-Malware-Capture-8-1-labeled.csv") else { return };
    let beacons = lines(&format!("flowcat -q '{path}' | flowdetect -q beacon"));
    for target in ["178.128.185.250", "128.185.250.50"] {
        let at = beacons.iter().position(|a| a["dst_ip"] == target && a["dst_port"] == 50).unwrap();
        assert!(at < 3, "{target} is number {at}");
        assert!(beacons[at]["evidence"]["score"].as_f64().unwrap() >= 0.8);
        assert_eq!(beacons[at]["severity"], "high");
    }
    // The clock is as regular, and not grave.
    let grave = beacons.iter().filter(|a| a["severity"] != "low").count();
    assert_eq!(grave, 2);
}

#[test]
fn nothing_that_a_honeypot_does_by_itself_is_grave() {
    let Some(path) = capture("CTU-Honeypot-Capture-4-1-labeled.csv") else { return };
    let grave = lines(&format!("flowcat -q '{path}' | flowdetect -q | jq -c 'select(.severity != \"low\")'"));
    assert!(grave.is_empty(), "{grave:?}");
}
