//! What of a source's records is lost, seen from outside: counted, and told once an input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{read, run, sample};

const FLOW: &str = r#"{"src_ip":"10.0.0.1","bytes":5}"#;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn what_is_dropped_among_flow_lines_is_told_once() {
    let text = "{\"src_ip\":\"10.0.0.1\",\"bytes\":\"5\",\"src_country\":\"PT\"}\n".repeat(3);
    let outcome = run(&[], &text);
    assert_eq!((outcome.code, outcome.text()), (Some(0), format!("{FLOW}\n").repeat(3).as_str()));
    assert_eq!(outcome.stderr.matches("\"src_country\"").count(), 1, "{}", outcome.stderr);
    let foreign = "{\"src\":\"10.0.0.1\",\"octets\":5,\"other\":1}\n";
    assert_eq!(run(&[], foreign).stderr, "");
    for text in [format!("{foreign}{FLOW}\n{foreign}"), format!("{foreign}{FLOW}\n")] {
        assert_eq!(run(&[], text).stderr.matches("without \"other\"").count(), 1);
    }
}

#[test]
fn of_columns_that_mean_the_same_it_is_told_which_is_taken() {
    for text in [
        "src_ip,bytes,octets\n10.0.0.1,5,6\n10.0.0.1,5,6\n",
        "src_ip,bytes,bytes\n10.0.0.1,5,6\n10.0.0.1,5,6\n",
        "{\"src\":\"10.0.0.1\",\"nbytes\":5,\"octets\":6}\n{\"src\":\"10.0.0.1\",\"nbytes\":5,\"octets\":6}\n",
    ] {
        let outcome = run(&[], text);
        assert_eq!((outcome.code, outcome.text()), (Some(0), format!("{FLOW}\n{FLOW}\n").as_str()));
        assert_eq!(outcome.stderr.matches("bytes is taken from the first").count(), 1, "{}", outcome.stderr);
        let mapped = run(&["--map", "bytes=octets"], text);
        assert!(!mapped.stderr.contains("taken") && (text.contains("bytes,bytes") || mapped.text().contains(":6}")));
    }
    let folder = folder();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, "src_ip,bytes,octets\n10.0.0.1,5,6\n").unwrap();
    let explained = run(&["--explain", path.to_str().unwrap()], "");
    assert!(explained.text().contains("(dropped, because \"bytes\" is taken)"), "{}", explained.text());
}

#[test]
fn values_that_are_left_out_and_times_that_are_doubtful_are_told_once() {
    let text = "ts,src_ip,bytes,tos\n08:03:34,10.0.0.1,5,cs0\n08:03:35,10.0.0.1,5,cs1\n08:03:36,10.0.0.1,5,256\n";
    let outcome = run(&["--tz", "UTC"], text);
    assert_eq!(outcome.code, Some(3), "{}", outcome.stderr);
    let row = |second| {
        format!(
            "{{\"timestamp\":\"1970-01-01T08:03:{second}.000Z\",\"src_ip\":\"10.0.0.1\",\"bytes\":5,\"clock\":\"no-date\"}}\n"
        )
    };
    assert_eq!(outcome.text(), row(34) + &row(35));
    for part in
        ["stdin:2:21: \"cs0\" is no tos", "stdin:2: its times have no date", "stdin:4:21: bad number \"256\" for tos"]
    {
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("cs1"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("doubtful times 2") && outcome.stderr.contains("values left out 2"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn no_line_comes_out_that_another_filter_would_not_take() {
    let folder = folder();
    let wide: Vec<String> = (0..1500).map(|i| format!("c{i}")).collect();
    let values: Vec<String> = (0..1500).map(|i| i.to_string()).collect();
    let long = "\u{1}".repeat(300_000);
    for (name, text, rows, said) in [
        ("wide", format!("src_ip,{}\n10.0.0.1,{}\n", wide.join(","), values.join(",")), 1, "members left out"),
        ("long", format!("src_ip,note,other\n10.0.0.1,{long},5\n"), 1, "members left out\":2"),
        ("known", format!("src_ip,app\n10.0.0.1,{long}\n10.0.0.2,dns\n"), 1, "1 MiB"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let outcome = read(&path, &["--keep-extra", "--max-rejects", "1", "--counters", "/dev/stderr"]);
        assert_eq!((outcome.code, outcome.records().len()), (Some(0), rows), "{name}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{name}: {}", outcome.stderr);
        let again = run(&[], outcome.text());
        assert_eq!((again.code, again.text()), (Some(0), outcome.text()), "{name}: {}", again.stderr);
    }
}

#[test]
fn condensed_addresses_are_counted_and_told_once() {
    let outcome = read(&sample("sample.line"), &["--tz", "UTC"]);
    assert_eq!((outcome.code, outcome.records().len()), (Some(0), 275));
    assert_eq!(outcome.stderr.matches("cut short").count(), 1, "{}", outcome.stderr);
    assert!(outcome.records().iter().any(|r| !r.contains_key("src_ip")));
}
