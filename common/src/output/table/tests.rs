//! Tables as they are laid out, cut and told of.

use super::*;

fn table(fields: &[&str], lines: &[&str]) -> String {
    let mut tables = Tables::new(fields.iter().map(|field| (*field).to_owned()).collect(), None, vec![]);
    let mut out = Vec::new();
    for line in lines {
        tables.line(line.as_bytes());
    }
    tables.finish(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn numbers_stand_right_and_text_left_under_dashes() {
    let lines = [
        r#"{"kind":"hosts","src_ip":"10.0.0.1","bytes":1234567,"share":0.5}"#,
        r#"{"kind":"hosts","src_ip":"2001:db8:1111:2222:3333:4444:5555:6666","bytes":-12,"share":0.12345}"#,
    ];
    let expected = "\
hosts
src_ip                                      bytes  share
--------------------------------------  ---------  -----
10.0.0.1                                1,234,567    0.5
2001:db8:1111:2222:3333:4444:5555:6666        -12  0.123
";
    assert_eq!(table(&[], &lines), expected);
}

#[test]
fn each_kind_has_its_table_and_columns_are_the_union() {
    let lines = [r#"{"src_port":50123}"#, r#"{"kind":"b","x":1}"#, r#"{"bytes":5000,"src_port":1}"#];
    let expected = "flows\nsrc_port  bytes\n--------  -----\n   50123\n       1  5,000\n\nb\nx\n-\n1\n";
    assert_eq!(table(&[], &lines), expected);
}

#[test]
fn asked_fields_are_the_columns_in_that_order() {
    let lines = [r#"{"kind":"k","a":1,"b":"x","c":3}"#];
    assert_eq!(table(&["b", "kind", "zz", "a"], &lines), "k\nb  kind  zz  a\n-  ----  --  -\nx  k         1\n");
}

#[test]
fn what_people_do_not_look_at_is_shown_only_if_it_is_asked_for_or_alone() {
    let lines = [r#"{"src_ip":"10.0.0.1","bytes":1,"tos":5}"#, r#"{"bytes":2,"exporter":"10.0.0.9"}"#];
    assert_eq!(table(&[], &lines), "flows\nsrc_ip    bytes\n--------  -----\n10.0.0.1      1\n              2\n");
    assert_eq!(table(&["tos"], &lines[..1]), "flows\ntos\n---\n  5\n");
    assert_eq!(table(&[], &[r#"{"tos":5}"#]), "flows\ntos\n---\n  5\n");
}

#[test]
fn a_narrow_terminal_cuts_reasons_and_leaves_out_columns_which_is_told() {
    let mut tables = Tables::new(vec![], Some(50), vec![]);
    let reason = "10.0.0.1 did what nobody should do, again and again and again";
    let line = format!(
        "{{\"kind\":\"alert\",\"src_ip\":\"10.0.0.1\",\"severity\":\"high\",\"value\":1,\"reason\":\"{reason}\"}}"
    );
    tables.line(line.as_bytes());
    assert_eq!(tables.left_out(), ["table alert: 1 column does not fit: value; --fields says which to show"]);
    let mut out = Vec::new();
    tables.finish(&mut out);
    let expected = "\
alert
severity  src_ip    reason
--------  --------  ------------------------------
high      10.0.0.1  10.0.0.1 did what nobody sh...
";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn wide_characters_keep_the_columns_aligned() {
    let text = table(&[], &[r#"{"a":"東京","b":"x"}"#, r#"{"a":"abcd","b":"y"}"#]);
    assert_eq!(text, "flows\na     b\n----  -\n東京  x\nabcd  y\n");
}

#[test]
fn nothing_reaches_the_terminal_unescaped() {
    let text = table(&[], &["{\"kind\":\"\\u001b[2J\",\"\\u0007\":\"\\u009b\\n\\t\u{202e}\"}"]);
    assert!(!text.chars().any(|c| c != '\n' && crate::value::text::acts_on_a_terminal(c)), "{text}");
    assert_eq!(text.lines().count(), 4);
}

#[test]
fn numbers_read_well() {
    let cases = [
        ("0", "0"),
        ("999", "999"),
        ("1000", "1,000"),
        ("-1000", "-1,000"),
        ("-999", "-999"),
        ("9007199254740991", "9,007,199,254,740,991"),
        ("1234.5678", "1,234.568"),
        ("0.1", "0.1"),
        ("2.0", "2"),
        ("0.00001234", "1.23e-5"),
        ("0.0", "0"),
        ("1e300", "1.00e300"),
    ];
    for (digits, text) in cases {
        assert_eq!(number(digits), text);
    }
}

#[test]
fn rows_beyond_the_bound_are_counted_and_told() {
    let mut tables = Tables::new(vec![], None, vec![]);
    for _ in 0..MAX_ROWS + 3 {
        tables.line(br#"{"kind":"k","a":1}"#);
    }
    assert_eq!(tables.left_out(), ["table k: 3 more rows after the first 100000"]);
    let mut out = Vec::new();
    tables.finish(&mut out);
    assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), MAX_ROWS + 3);
}

#[test]
fn kinds_beyond_the_bound_are_counted_and_ticks_are_not() {
    let mut tables = Tables::new(vec![], None, vec![]);
    for kind in 0..MAX_TABLES + 2 {
        tables.line(format!("{{\"kind\":\"{kind}\"}}").as_bytes());
    }
    tables.line(b"{\"kind\":\"tick\"}");
    assert_eq!(tables.left_out(), ["2 lines in no table: at most 256 kinds are shown"]);
}

#[test]
fn a_very_long_text_is_cut_and_an_address_is_not() {
    let long = "x".repeat(MAX_CELL + 1);
    let text = table(&[], &[&format!("{{\"a\":\"{long}\"}}")]);
    assert!(text.ends_with("x...\n"));
    assert_eq!(text.lines().last().unwrap().len(), MAX_CELL + 3);
}
