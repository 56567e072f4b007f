//! Aggregates are what their names say, of any field.

#![allow(clippy::unwrap_used)]

use crate::view::testing::{column, refusal, rows, shown};

const FLOWS: [&str; 5] = [
    r#"{"timestamp":"2026-03-10T08:00:00Z","duration":10,"src_ip":"10.0.0.1","dst_ip":"10.1.0.1","dst_port":80,"bytes":10,"protocol":6,"app":"http","ratio":0.5}"#,
    r#"{"timestamp":"2026-03-10T08:00:10Z","duration":2.5,"src_ip":"10.0.0.1","dst_ip":"10.1.0.2","dst_port":80,"bytes":20,"protocol":6,"app":"tls","ratio":1.5}"#,
    r#"{"timestamp":"2026-03-10T08:00:15Z","duration":5,"src_ip":"10.0.0.1","dst_ip":"10.1.0.2","dst_port":443,"bytes":60,"protocol":17,"app":"http","ratio":"x"}"#,
    r#"{"timestamp":"2026-03-10T09:00:00Z","src_ip":"10.0.0.2","bytes":7,"flows":3}"#,
    r#"{"src_ip":"10.0.0.3","packets":7}"#,
];

#[test]
fn each_aggregate_is_that_of_its_name() {
    let rows = rows(
        "group:by=src_ip,agg=count+sum(bytes)+mean(bytes)+std(bytes)+min(bytes)+max(bytes)+median(bytes)+p90(bytes)+rate(bytes)+first+last",
        &FLOWS,
    );
    assert_eq!((column(&rows, "count"), column(&rows, "bytes_sum")), ("3 3 1".into(), "90 7 -".into()));
    assert_eq!((column(&rows, "bytes_mean"), column(&rows, "bytes_min")), ("30 7 -".into(), "10 7 -".into()));
    assert_eq!(column(&rows, "bytes_std"), format!("{} 0 -", shown(700f64.sqrt())));
    assert_eq!((column(&rows, "bytes_median"), column(&rows, "bytes_p90")), ("20 7 -".into(), "52 7 -".into()));
    assert_eq!((column(&rows, "bytes_max"), column(&rows, "bytes_rate")), ("60 7 -".into(), "4.5 - -".into()));
    assert_eq!(column(&rows[..2], "first"), "\"2026-03-10T08:00:00.000Z\" \"2026-03-10T09:00:00.000Z\"");
    assert_eq!(column(&rows[..1], "last"), "\"2026-03-10T08:00:15.000Z\"");
    let names: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(names[1..4], ["src_ip", "count", "bytes_sum"]);
}

#[test]
fn values_of_any_field_are_told_apart() {
    let item =
        "group:by=protocol,agg=distinct(dst_ip)+distinct(dst_port)+distinct(app)+distinct(ratio)+distinct(timestamp)";
    let rows = rows(item, &FLOWS);
    assert_eq!((column(&rows, "protocol"), column(&rows, "dst_ip_distinct")), ("6 17".into(), "2 1".into()));
    assert_eq!((column(&rows, "dst_port_distinct"), column(&rows, "app_distinct")), ("1 1".into(), "2 1".into()));
    assert_eq!((column(&rows, "ratio_distinct"), column(&rows, "timestamp_distinct")), ("2 1".into(), "2 1".into()));
}

#[test]
fn durations_are_seconds_and_other_members_floats() {
    let rows = rows(
        "group:by=dst_port,agg=sum(duration)+max(duration)+mean(duration)+median(duration)+sum(ratio)+std(ratio)+p50(ratio)+min(ratio)",
        &FLOWS,
    );
    assert_eq!((column(&rows, "duration_sum"), column(&rows, "duration_max")), ("12.5 5".into(), "10 5".into()));
    assert_eq!((column(&rows, "duration_mean"), column(&rows, "duration_median")), ("6.25 5".into(), "6.25 5".into()));
    assert_eq!((column(&rows, "ratio_sum"), column(&rows, "ratio_p50")), ("2 -".into(), "1 -".into()));
    assert_eq!(
        (column(&rows, "ratio_std"), column(&rows, "ratio_min")),
        (format!("{} -", shown(0.5f64.sqrt())), "0.5 -".into())
    );
}

#[test]
fn the_top_are_those_of_a_column() {
    let top = |item: &str| column(&rows(item, &FLOWS), "src_ip");
    assert_eq!(top("group:top=1,measure=bytes_max,agg=count+max(bytes)"), "\"10.0.0.1\"");
    // Of equals the lower key first; what has no value last.
    assert_eq!(top("group:top=2"), "\"10.0.0.1\" \"10.0.0.2\"");
    assert_eq!(top("group:top=3,measure=first,agg=first"), "\"10.0.0.2\" \"10.0.0.1\" \"10.0.0.3\"");
}

#[test]
fn a_sketch_has_the_same_sums_where_keys_are_few() {
    let item = "group:by=dst_port,agg=count+sum(bytes)+sum(duration),measure=bytes_sum,top=9";
    let (exact, found) = (rows(item, &FLOWS), rows(&format!("{item},approx=true"), &FLOWS));
    for name in ["dst_port", "count", "bytes_sum", "duration_sum"] {
        assert_eq!(column(&found, name), column(&exact, name), "{name}");
    }
    assert_eq!(found[0]["approx"], serde_json::json!(["count", "bytes_sum", "duration_sum"]));
    assert!(found[0]["error"].as_f64().is_some_and(|e| e < 0.1));
    assert!(refusal("group:agg=mean(bytes),approx=true").contains("bytes_mean is none of count and sum"));
    assert!(refusal("group:agg=sum(ratio),approx=true").contains("ratio_sum"));
}

#[test]
fn what_is_no_aggregate_is_refused() {
    for (item, told) in [
        ("group:agg=sum", "sum(bytes)"),
        ("group:agg=total(bytes)", "sum, mean"),
        ("group:agg=sum()", "a field is expected"),
        ("group:agg=p101(bytes)", "pNN"),
        ("group:agg=px(bytes)", "pNN"),
        ("group:agg=sum(src_ip)", "numbers"),
        ("group:agg=count+count", "twice"),
        ("group:agg=sum(bytes),measure=bytes_sums", "did you mean \"bytes_sum\"?"),
        ("group:by=count", "count is a column"),
        ("group:agg=distinct(scr_ip)", "did you mean \"src_ip\"?"),
    ] {
        let text = refusal(item);
        assert!(text.contains(told), "{item}: {text}");
    }
}
