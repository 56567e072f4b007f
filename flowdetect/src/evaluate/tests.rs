//! Counts of small inputs, done by hand.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::detect::tests::{flow, values};
use flow_record::scan::{Clean, Scanner};
use serde_json::Value;

fn labelled(line: String, label: &str, attack: &str) -> String {
    line.replace('}', &format!(",\"label\":\"{label}\",\"attack\":\"{attack}\"}}"))
}

fn alert(detector: &str, severity: &str, members: &str) -> String {
    format!(
        r#"{{"kind":"alert","id":"0123456789abcdef","detector":"{detector}","severity":"{severity}","score":1,{members},"reason":"","evidence":{{}}}}"#
    )
}

/// The rows of lines that are dealt to so many threads.
fn rows(lines: &[String], threads: usize) -> Vec<Value> {
    let mut setup = Setup::default();
    let state = Evaluate::new(&Args::defaults(&SPEC), &mut setup);
    let mut scanner = Scanner::watching(setup.watched());
    let mut states: Vec<Evaluate> = (0..threads).map(|_| state.empty()).collect();
    for (i, line) in lines.iter().enumerate() {
        states[i % threads].take(&scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap());
    }
    let mut all = states.remove(0);
    states.into_iter().for_each(|other| all.merge(other));
    let (text, _) = all.finish(&["quiet".into()]);
    String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn flows_are_covered_by_addresses_port_and_time_in_either_direction() {
    let bad = |line| labelled(line, "Malicious", "sweep");
    let lines = [
        bad(flow("10.0.0.1", "192.0.2.1", 445, 10, 40)),
        bad(flow("10.0.0.1", "192.0.2.2", 445, 20, 40)),
        // An answer: the alert's port is its source's.
        bad(flow("192.0.2.2", "10.0.0.1", 999, 20, 40).replace("\"dst_port\"", "\"src_port\":445,\"dst_port\"")),
        // Another port, another time, another host.
        bad(flow("10.0.0.1", "192.0.2.3", 446, 20, 40)),
        bad(flow("10.0.0.1", "192.0.2.3", 445, 21, 40)),
        labelled(flow("10.0.0.2", "192.0.2.3", 445, 15, 40), "malicious", "beacon"),
        flow("10.0.0.1", "192.0.2.9", 445, 15, 40),
        labelled(flow("10.0.0.3", "192.0.2.9", 80, 15, 40), "Benign", "-"),
        flow("10.0.0.4", "192.0.2.9", 80, 15, 40),
        flow("10.0.0.5", "192.0.2.9", 80, 15, 40),
        alert(
            "scan",
            "high",
            r#""timestamp":"2024-06-01T12:00:10Z","end":"2024-06-01T12:00:20Z","src_ip":"10.0.0.1","dst_port":445"#,
        ),
        alert("scan", "high", r#""src_ip":"10.0.0.4""#),
        alert("scan", "low", r#""src_ip":"10.0.0.5""#),
    ];
    let one = rows(&lines, 1);
    assert_eq!(one, rows(&lines, 3));
    let names = ["detector", "attack", "attack_flows", "found_flows", "attack_hosts", "found_hosts", "delay", "alerts"];
    assert_eq!(
        values(&one, &names),
        [
            r#"["quiet","beacon",1,0,1,0,null,0]"#,
            r#"["quiet","sweep",5,0,2,0,null,0]"#,
            r#"["quiet","all",6,0,3,0,null,0]"#,
            r#"["scan","beacon",1,0,1,0,null,0]"#,
            r#"["scan","sweep",5,3,2,2,10,1]"#,
            r#"["scan","all",6,3,3,2,null,2]"#,
            r#"["all","beacon",1,0,1,0,null,0]"#,
            r#"["all","sweep",5,3,2,2,10,1]"#,
            r#"["all","all",6,3,3,2,null,2]"#,
        ]
    );
    let names =
        ["false_alerts", "false_high", "false_flows", "precision", "recall", "f1", "false_rate", "alerts_per_million"];
    // 10.0.0.1 to 192.0.2.9 and the flow of 10.0.0.4 are benign and covered: 3 of 5; 2 of 4 benign ones.
    assert_eq!(values(&one[5..6], &names), ["[1,1,2,0.6,0.5,0.5454545454545454,0.5,200000]"]);
}
