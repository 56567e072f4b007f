//! JSON of any tool.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::source::testing::{ending, lines, outcome, rejects};

const FLOW: &str = r#"{"src_ip":"10.0.0.1","protocol":6,"bytes":5}"#;

#[test]
fn objects_come_one_a_line_in_arrays_and_over_lines() {
    let object = r#"{"src":"10.0.0.1","octets":"5","proto":"tcp","other":null}"#;
    for text in [
        format!("{object}\n{object}\n"),
        format!("[{object},{object}]"),
        format!("[\n  {object},\n  {object}\n]\n"),
        format!("{object},\n{object}"),
        format!("[{}]", [object, object].join(",").replace(',', ",\n\t").replace(':', " : ")),
        format!("\u{feff}{object}\r\n\r\n{object}\r\n"),
    ] {
        assert_eq!(lines(&text, &[]), [FLOW, FLOW], "{text}");
        assert_eq!(ending(&text, &[]), 0);
    }
}

#[test]
fn tables_by_columns_are_read_row_by_row() {
    for text in [
        r#"{"src_ip":{"0":"10.0.0.1","1":"10.0.0.1"},"bytes":{"0":5,"1":5},"proto":{"0":"tcp","1":6},"x":{"0":null,"1":"y"}}"#,
        r#"{"src_ip":["10.0.0.1","10.0.0.1"],"bytes":[5,5.0],"proto":["tcp",6],"x":[null,"y"]}"#,
    ] {
        assert_eq!(lines(text, &[]), [FLOW, FLOW]);
        assert_eq!(lines(text, &["--keep-extra"])[1], FLOW.replace('}', ",\"x\":\"y\"}"));
        assert_eq!(lines(text.replace(',', ",\n "), &[]), [FLOW, FLOW]);
    }
}

#[test]
fn a_table_by_columns_may_be_one_line_of_any_length() {
    let column = |value: &str| (0..60_000).map(|i| format!("\"{i}\":{value}")).collect::<Vec<_>>().join(",");
    let text = format!("{{\"src_ip\":{{{}}},\"bytes\":{{{}}}}}", column("\"10.0.0.1\""), column("5"));
    assert!(text.len() > 1 << 20);
    let outcome = outcome(text, &[]);
    assert_eq!((outcome.lines.len(), outcome.code), (60_000, 0));
}

#[test]
fn columns_that_do_not_fit_each_other_are_an_error() {
    for text in [
        r#"{"src_ip":["10.0.0.1"],"bytes":[5,6]}"#,
        r#"{"src_ip":{"0":"10.0.0.1"},"bytes":{"7":5}}"#,
        r#"{"x":[1],"y":[2]}"#,
    ] {
        assert_eq!(ending(text, &[]), 2, "{text}");
    }
}

#[test]
fn an_array_of_many_objects_on_one_line_is_no_long_line() {
    let text = format!("[{}]", vec![r#"{"src":"10.0.0.1","octets":5,"proto":6}"#; 40_000].join(","));
    assert!(text.len() > 1 << 20);
    assert_eq!(lines(text, &[]).len(), 40_000);
}

#[test]
fn other_members_are_kept_when_asked_and_never_clash() {
    let text = r#"{"src":"10.0.0.1","octets":5,"kind":"span","uid":"a\u00e9\"b","n":{"m":[1,2]},"empty":"","direction":"out","e":1e5}"#;
    assert_eq!(
        lines(text, &["--keep-extra"]),
        [
            r#"{"src_ip":"10.0.0.1","bytes":5,"x_kind":"span","uid":"a\u00e9\"b","n":{"m":[1,2]},"x_direction":"out","e":1e5}"#
        ]
    );
}

#[test]
fn what_no_filter_accepts_is_rejected_here_too() {
    let good = r#"{"src":"10.0.0.1","octets":5}"#;
    let deep = format!("{{\"src\":\"10.0.0.1\",\"x\":{}1{}}}", "[".repeat(70), "]".repeat(70));
    for bad in [
        r#"{"src":"10.0.0.1","src":"10.0.0.2"}"#,
        r#"{"src":"10.0.0.1","\u0073rc":"10.0.0.2"}"#,
        r#"{"src":"10.0.0.1","octets":01}"#,
        r#"{"src":"10.0.0.1","x":"\ud800"}"#,
        r#"{"src":"10.0.0.1","octets":9007199254740992}"#,
        "{\"src\":\"10.0.0.1\",\"x\":\"a\tb\"}",
        "{\"src\":\"10.0.0.1\",\"x\":\"a\u{0}b\"}",
        r#"{"src":"10.0.0.1","octets":5"#,
        r#"{"src":"10.0.0.1"} trailing"#,
        r#"{"nothing":"known"}"#,
        "plain,text",
        &deep,
    ] {
        let text = format!("{good}\n{bad}\n{good}\n");
        let outcome = outcome(&text, &[]);
        assert!(!outcome.rejects.is_empty() && outcome.rejects[0].starts_with("2:"), "{bad}: {:?}", outcome.rejects);
        assert_eq!(outcome.code, 3, "{bad}");
        assert!(outcome.lines.len() >= 2, "{bad}: {:?}", outcome.lines);
    }
    let text = [good.as_bytes(), b"\n{\"src\":\"10.0.0.\xff\"}\n"].concat();
    assert_eq!(outcome(text, &[]).code, 3);
}

#[test]
fn an_array_that_is_not_closed_is_truncated_and_a_last_line_is_rejected() {
    assert_eq!(ending(r#"[{"src":"10.0.0.1","octets":5},"#, &[]), 2);
    assert_eq!(ending("{\n\"src\":\"10.0.0.1\",", &[]), 2);
    assert_eq!(ending("{\"src\":\"10.0.0.1\"}\n{\"src\":", &[]), 3);
}

#[test]
fn of_two_members_for_a_field_the_better_name_is_taken_and_the_other_kept() {
    let text = r#"{"ts":1600266220.000050,"id.orig_h":"10.0.0.1","id.orig_p":8,"id.resp_h":"10.0.0.2","id.resp_p":0,"proto":"icmp","orig_bytes":56,"orig_ip_bytes":84,"conn_state":"OTH","service":"-"}"#;
    assert_eq!(
        lines(text, &["--keep-extra"]),
        [
            r#"{"timestamp":"2020-09-16T14:23:40.000050Z","src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":0,"dst_port":0,"protocol":1,"bytes":84,"icmp_type":8,"icmp_code":0,"state":"OTH","orig_bytes":56}"#
        ]
    );
    assert_eq!(rejects(text, &[]).len(), 0);
}

#[test]
fn lines_of_the_pipe_pass_after_a_foreign_first_line() {
    let lines_of_the_pipe = [
        r#"{"src_ip":"10.0.0.1", "bytes":5,"src_country":"PT","other":1}"#,
        r#"{"kind":"hosts","src_ip":"10.0.0.9","flows":1,"bytes":7,"sent":3}"#,
        r#"{"kind":"alert","id":"00","timestamp":"2024-01-01T00:00:00.000Z","end":"2024-01-01T00:00:01.000Z","src_ip":"10.0.0.9"}"#,
        r#"{"kind":"tick","timestamp":"2024-01-01T00:00:00.000Z"}"#,
    ];
    for (first, is_named_as_ours) in [
        (r#"{"src_ip":"10.0.0.1","bytes":"5"}"#, true),
        (r#"{"src_ip":"10.0.0.1","bytes":5,"protocol":null}"#, true),
        (r#"{"src":"10.0.0.1","octets":5}"#, false),
    ] {
        let text = format!("{first}\n{}\n{first}\n", lines_of_the_pipe.join("\n"));
        let flow = r#"{"src_ip":"10.0.0.1","bytes":5}"#;
        let expected = [&[flow], &lines_of_the_pipe[..], &[flow]].concat();
        for args in [&[][..], &["--from", "json"]] {
            let outcome = outcome(&text, args);
            if is_named_as_ours && args.is_empty() {
                // Flow lines, of which two have a bad value, wherever they stand.
                assert_eq!(outcome.lines, lines_of_the_pipe, "{first}");
                assert_eq!((outcome.rejects.len(), outcome.code), (2, 3), "{first}");
            } else {
                assert_eq!(outcome.lines, expected, "{first}");
                assert_eq!(outcome.code, 0);
            }
        }
    }
    let text = "{\"src\":\"10.0.0.1\"}\n{\"kind\":\"hosts\",\"bytes\":\"x\"}\n";
    assert_eq!(rejects(text, &[]), ["2:25 bad bytes \"x\": an integer from 0 to 9007199254740991 is expected"]);
}

#[test]
fn arrays_and_objects_are_no_values_of_a_field() {
    let text = "{\"src\":\"10.0.0.1\",\"octets\":5}\n{\"src\":[\"10.0.0.1\"],\"octets\":5}\n{\"src\":\"10.0.0.1\",\"end\":{\"a\":1}}\n";
    assert_eq!(
        rejects(text, &[]),
        [
            "2:8 bad src_ip [\"10.0.0.1\": an IP address in a string is expected",
            "3:25 expected a number or a text, found {\"a\":1}}",
        ]
    );
    // A plain value under another name is taken, and a doubtful column is passed over.
    let text = r#"{"src_ip":"10.0.0.1","client":{"ip":"10.0.0.2"},"octets":5,"agent":{"id":1}}"#;
    assert_eq!(lines(text, &[]), [r#"{"src_ip":"10.0.0.1","bytes":5}"#]);
}

#[test]
fn values_in_an_array_that_are_no_objects_are_rejected_alone() {
    let object = r#"{"srcip":"10.0.0.1","bytes":5}"#;
    let text = format!("[{object},null,{object},\"a ],{{\\\"\",{object},-1.5e3 , true,{object}]\n{object}\n");
    let outcome = outcome(&text, &[]);
    assert_eq!((outcome.lines.len(), outcome.rejects.len(), outcome.code), (5, 4, 3), "{:?}", outcome.rejects);
}

#[test]
fn objects_may_follow_each_other_on_one_line() {
    let text = "{\"src\":\"10.0.0.1\",\"octets\":5,\"proto\":6}{\"src\":\"10.0.0.1\",\"octets\":5,\"proto\":6}\n";
    assert_eq!(lines(text, &[]), [FLOW, FLOW]);
    assert_eq!(lines(FLOW.repeat(2) + "\n", &[]), [FLOW, FLOW]);
    assert_eq!(lines(FLOW.to_owned() + "x\n", &[]), [""; 0]);
}

#[test]
fn what_is_no_object_in_an_array_is_rejected_and_the_array_is_whole() {
    for text in ["[1,2,3]", "[null]\n", "[[\"10.0.0.1\",5]]", "[\n1,\n\"]\"\n]\n", "[[1], [2]]"] {
        let outcome = outcome(text, &[]);
        assert!(outcome.rejects[0].contains("not a JSON object"), "{text}: {:?}", outcome.rejects);
        assert_eq!(outcome.code, 3, "{text}");
    }
    assert_eq!(ending("[1,2", &[]), 2);
}

#[test]
fn what_the_user_says_of_members_goes_before_all_else() {
    let ends =
        r#"{"timestamp":"2026-03-10T10:00:00.000Z","bytes":100,"quelle":"10.0.0.1","wer":{"ip":"10.0.0.2","port":53}}"#;
    assert_eq!(
        lines(ends, &["--map", "src_ip=quelle,dst_ip=wer.ip,dst_port=wer.port"]),
        [
            r#"{"timestamp":"2026-03-10T10:00:00.000Z","src_ip":"10.0.0.1","dst_ip":"10.0.0.2","dst_port":53,"bytes":100}"#
        ]
    );
    let total = r#"{"src_ip":"10.0.0.1","bytes":100,"total":777}"#;
    assert_eq!(lines(total, &["--map", "bytes=total"]), [r#"{"src_ip":"10.0.0.1","bytes":777}"#]);
    let row = r#"{"kind":"hosts","src_ip":"10.0.0.1","total":777}"#;
    assert_eq!(lines(row, &["--map", "bytes=total"]), [row]);
    assert_eq!(ending(total, &["--map", "bytes=totl"]), 2);
}
