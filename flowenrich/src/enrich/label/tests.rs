#![allow(clippy::unwrap_used)]

use crate::enrich::tests::{built, value};
use crate::enrich::{ENRICHERS, enricher_of};
use flow_record::item::Args;
use proptest::prelude::*;
use tempfile::NamedTempFile;

fn file(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn item(file: &NamedTempFile, more: &str) -> String {
    format!("label:truth={}{more}", file.path().display())
}

fn refusal(item: &str) -> String {
    let args = Args::resolve(item, "enricher", ENRICHERS.iter().map(|e| &e.spec)).unwrap();
    format!("{:#}", enricher_of(&args).err().unwrap())
}

/// UNSW-NB15's ground truth in its own form: a stray blank, a protocol without ports, an unknown one, a hex port.
const UNSW: &str = "\
Start time,Last time,Attack category,Attack subcategory,Protocol,Source IP,Source Port,Destination IP,Destination Port,Attack Name,Attack Reference,.
1421927414,1421927416, Fuzzers ,HTTP,tcp,175.45.176.0,13284,149.171.126.16,80,x,-,
1421927414,1421927416,Reconnaissance,,ospf,175.45.176.3,0,149.171.126.18,0,y,-,
1421927420,1421927421,Exploits,,unas,175.45.176.3,0,149.171.126.18,0,z,-,
1421927415,1421927416,DoS,HTTP,tcp,175.45.176.0,13284,149.171.126.16,80,x,-,
1421927500,1421927501,Worms,,tcp,175.45.176.9,0x0050,149.171.126.16,0x000b,x,-,
";

/// A flow of one second.
fn flow(time: &str, ends: [&str; 2], ports: [u16; 2], protocol: u8) -> String {
    format!(
        r#"{{"timestamp":"2015-01-22T11:50:{time}Z","duration":1,"src_ip":"{}","dst_ip":"{}","src_port":{},"dst_port":{},"protocol":{protocol}}}"#,
        ends[0], ends[1], ports[0], ports[1]
    )
}

const A: [&str; 2] = ["175.45.176.0", "149.171.126.16"];

#[test]
fn rows_belong_to_flows_by_key_and_time_in_either_direction() {
    let truth = file(UNSW);
    let either = item(&truth, "");
    let back = [A[1], A[0]];
    for (line, label, attack) in [
        (flow("14.500", A, [13284, 80], 6), "malicious", "Fuzzers"),
        (flow("14.500", back, [80, 13284], 6), "malicious", "Fuzzers"),
        (flow("14.500", back, [13284, 80], 6), "benign", ""),
        (flow("14.500", A, [13284, 80], 17), "benign", ""),
        // The flow ends a second before the row begins, and a millisecond earlier.
        (flow("12.000", A, [13284, 80], 6), "malicious", "Fuzzers"),
        (flow("11.999", A, [13284, 80], 6), "benign", ""),
        (flow("17.000", A, [13284, 80], 6), "malicious", "Fuzzers"),
        (flow("17.001", A, [13284, 80], 6), "benign", ""),
        (flow("15.000", ["175.45.176.3", "149.171.126.18"], [0, 0], 89), "malicious", "Reconnaissance"),
    ] {
        assert_eq!(value(&either, &line, "label"), format!("{label:?}"), "{line}");
        assert_eq!(value(&either, &line, "attack").trim_matches('"'), attack, "{line}");
    }
    let forward = item(&truth, ",direction=forward,slack=0");
    assert_eq!(value(&forward, &flow("14.500", back, [80, 13284], 6), "label"), "\"benign\"");
    assert_eq!(value(&forward, &flow("13.000", A, [13284, 80], 6), "label"), "\"malicious\"");
    assert_eq!(value(&forward, &flow("12.999", A, [13284, 80], 6), "label"), "\"benign\"");
    let late = r#"{"timestamp":"2015-01-22T11:51:40Z","src_ip":"175.45.176.9","dst_ip":"149.171.126.16","src_port":80,"dst_port":11,"protocol":6}"#;
    assert_eq!(value(&either, late, "attack"), "\"Worms\"");
}

#[test]
fn numbers_take_the_place_of_words() {
    let truth = file(UNSW);
    let item = item(&truth, ",numeric=true");
    assert_eq!(value(&item, &flow("14.500", A, [13284, 80], 6), "label_numeric"), "1");
    assert_eq!(value(&item, &flow("30.500", A, [13284, 80], 6), "label_numeric"), "0");
    assert_eq!(value(&item, &flow("30.500", A, [13284, 80], 6), "label"), "");
}

#[test]
fn a_notebooks_truth_is_matched_without_addresses() {
    let truth = file(
        "first_timestamp_ms,last_timestamp_ms,src_port,dst_port,protocol\n1421927414500,1421927414900,13284,80,6\n",
    );
    let item = item(&truth, ",key=src_port+dst_port+protocol,direction=forward,slack=0");
    assert_eq!(value(&item, &flow("14.900", ["1.2.3.4", "5.6.7.8"], [13284, 80], 6), "label"), "\"malicious\"");
    assert_eq!(value(&item, &flow("14.901", ["1.2.3.4", "5.6.7.8"], [13284, 80], 6), "label"), "\"benign\"");
    assert_eq!(value(&item, &flow("14.900", ["1.2.3.4", "5.6.7.8"], [80, 13284], 6), "label"), "\"benign\"");
}

#[test]
fn a_key_of_one_end_holds_for_both_where_either_may_be_it() {
    let truth = file("Attacker\n175.45.176.0\n");
    let attacker = item(&truth, ",key=src_ip,map=src_ip=Attacker");
    for (ends, label) in [(A, "malicious"), ([A[1], A[0]], "malicious"), (["1.1.1.1", "2.2.2.2"], "benign")] {
        assert_eq!(value(&attacker, &flow("14.500", ends, [1, 2], 6), "label"), format!("{label:?}"));
    }
    assert_eq!(value(&attacker, r#"{"src_ip":"175.45.176.0","dst_ip":"1.1.1.1"}"#, "label"), "\"malicious\"");
}

#[test]
fn a_column_label_says_which_rows_are_attacks() {
    let truth = file("src_ip,label,attack\n10.0.0.1,1,scan\n10.0.0.2,0,none\n10.0.0.3,Background,\n10.0.0.4,Botnet,\n");
    let item = item(&truth, ",key=src_ip");
    for (host, label) in [(1, "malicious"), (2, "benign"), (3, "benign"), (4, "malicious")] {
        let line = format!(r#"{{"src_ip":"10.0.0.{host}","dst_ip":"1.1.1.1"}}"#);
        assert_eq!(value(&item, &line, "label"), format!("{label:?}"), "{host}");
    }
}

#[test]
fn what_cannot_be_read_and_what_belongs_to_nothing_is_told() {
    let truth = file(UNSW);
    let mut label = built(&item(&truth, ""));
    assert!(label.warning().unwrap().ends_with("1, the first in line 4: bad protocol \"unas\""));
    assert_eq!(label.notes(), ["rows of the truth that belong to no flow: 4 of 4"]);
    crate::enrich::tests::through(&mut label, &flow("15.500", A, [13284, 80], 6));
    let notes = label.another().notes();
    assert_eq!(notes[0], "rows of the truth that belong to no flow: 2 of 4");
    assert_eq!(notes[1], "flows whose rows disagree, so that the first of the file counts: 1");
}

#[test]
fn a_truth_of_another_schema_is_refused_with_the_names_that_it_has() {
    let truth = file("a,b\u{1b}[31m,Protocol\n1,2,3\n");
    let message = refusal(&item(&truth, ""));
    assert!(message.contains("no column for src_ip; map=src_ip=COLUMN names it"), "{message}");
    assert!(message.contains("Its columns: a, b\\u{1b}[31m, Protocol"), "{message}");
    assert!(
        refusal(&item(&file("src_ip\nx\n"), ",key=src_ip"))
            .contains("not one row can be read; line 2: bad address \"x\"")
    );
    assert!(refusal("label:truth=/none").contains("/none"));
    assert!(refusal("label").contains("truth=FILE or where=EXPR is missing"));
    assert!(refusal(&item(&truth, ",where=proto tcp")).contains("two items"));
    assert!(refusal(&item(&truth, ",key=bytes")).contains("\"bytes\" is none of"));
    assert!(refusal("label:where=prot tcp").starts_with("label: where: "));
}

#[test]
fn a_rule_labels_the_flows_for_which_it_holds() {
    let item = "label:where=proto tcp and dst port 22 and service == \"ssh\",as=scan,attack=ssh";
    let line = r#"{"bytes":1,"protocol":6,"dst_port":22,"service":"ssh"}"#;
    assert_eq!((value(item, line, "label"), value(item, line, "attack")), ("\"scan\"".into(), "\"ssh\"".into()));
    let other = r#"{"bytes":1,"protocol":6,"dst_port":22}"#;
    assert_eq!(value(item, other, "label"), "");
    assert_eq!(value("label:where=bytes > 0", other, "label"), "\"malicious\"");
}

proptest! {
    #[test]
    fn answers_are_those_of_a_look_at_every_row(
        rows in proptest::collection::vec((0u8..3, 0i64..60, 0i64..30, 0u8..3), 1..30),
        flows in proptest::collection::vec((0u8..3, 0i64..60, 0i64..20), 1..10), slack in 0i64..4
    ) {
        let mut text = "src_ip,start,end,attack\n".to_owned();
        for (host, start, length, attack) in &rows {
            text += &format!("10.0.0.{host},{},{},a{attack}\n", 1_421_927_400 + start, 1_421_927_400 + start + length);
        }
        let truth = file(&text);
        let item = item(&truth, &format!(",key=src_ip,slack={slack}s"));
        for (host, start, length) in flows {
            let line = format!(
                r#"{{"timestamp":"2015-01-22T11:50:{start:02}Z","duration":{length},"src_ip":"10.0.0.{host}","dst_ip":"1.1.1.1"}}"#
            );
            let first = rows.iter().find(|(h, s, l, _)| *h == host && s - slack <= start + length && s + l + slack >= start);
            let expected = first.map_or(String::new(), |(_, _, _, attack)| format!("\"a{attack}\""));
            prop_assert_eq!(value(&item, &line, "attack"), expected);
        }
    }
}
