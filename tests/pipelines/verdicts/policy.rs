//! What a line may look like (RFC 8259, and less where its readers disagree).
#![allow(clippy::unwrap_used)]

use super::{Case, accepted, judge, rejected, rejected_whole, skipped};
use crate::support::{FILTERS, flow, folder, rejects, run, run_with};

const MIB: usize = 1 << 20;

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn no_byte_below_a_blank_stands_anywhere_in_a_line() {
    let mut cases = Vec::new();
    for byte in (0..0x20).filter(|b| *b != b'\n') {
        let reason = format!("control byte 0x{byte:02x}");
        cases.push(rejected(joined(&[br#"{"bytes":1,"x":"a^"#, &[byte], br#"b"}"#]), &reason));
        cases.push(rejected(joined(&[br#"{"bytes":1,^"#, &[byte], br#""x":2}"#]), &reason));
        cases.push(rejected(joined(&[b"^", &[byte], br#"{"bytes":1}"#]), &reason));
    }
    cases.push(accepted(b"{\"bytes\":1}\r".to_vec()));
    cases.push(rejected(b"{\"bytes\":1}^\r\r".to_vec(), "control byte 0x0d"));
    cases.push(skipped(""));
    cases.push(skipped("\r"));
    cases.push(skipped("   "));
    judge(&cases);
}

#[test]
fn bytes_from_a_blank_on_pass_as_they_are() {
    let texts = ["\u{7f}", "\u{80}\u{9f}", "\u{202e}", "\u{feff}", "\u{fffe}\u{ffff}", "\u{10ffff}", "\\u0000\\u001b"];
    judge(&texts.map(|text| accepted(format!(r#"{{"bytes":1,"x":"{text}"}}"#))));
}

#[test]
fn what_is_not_utf8_is_rejected_where_it_begins() {
    let sequences: [&[u8]; 9] = [
        b"\x80",
        b"\xff",
        b"\xc0\xaf",         // overlong
        b"\xe0\x80\xaf",     // overlong
        b"\xed\xa0\x80",     // a surrogate
        b"\xf4\x90\x80\x80", // above U+10FFFF
        b"\xf0\x9f\x98",     // cut off
        b"\xc3",
        b"\xfe\xff",
    ];
    let inside = |s: &[u8]| rejected(joined(&[br#"{"bytes":1,"x":"^"#, s, br#""}"#]), "not UTF-8");
    let mut cases: Vec<Case> = sequences.iter().map(|s| inside(s)).collect();
    cases.push(rejected(b"^\xff\xfe{\"bytes\":1}".to_vec(), "not UTF-8"));
    cases.push(rejected(b"{\"bytes\":1,\"^\xc3\x28\":2}".to_vec(), "not UTF-8"));
    judge(&cases);
}

#[test]
fn a_byte_order_mark_is_dropped_from_the_first_line_only() {
    judge(&[rejected("^\u{feff}{\"bytes\":1}", "not a JSON object")]);
    let input = format!("\u{feff}{}\n", flow(1));
    for filter in FILTERS {
        let outcome = run_with(&filter.replace("IN", "-"), &input).code(0).quiet();
        outcome.lines();
        assert!(!outcome.text().contains('\u{feff}'), "{filter}");
    }
}

#[test]
fn no_key_stands_twice() {
    judge(&[
        rejected(r#"{"bytes":1,^"bytes":2}"#, "duplicate key \"bytes\""),
        rejected(r#"{"bytes":1,^"bytes":1}"#, "duplicate key"),
        rejected(r#"{"bytes":1,^"byt\u0065s":2}"#, "duplicate key"),
        rejected(r#"{"byt\u0065s":1,^"bytes":2}"#, "duplicate key"),
        rejected(r#"{"bytes":1,"x":2,"y":3,^"x":2}"#, "duplicate key \"x\""),
        rejected(r#"{"bytes":1,"":2,^"":3}"#, "duplicate key"),
        rejected(r#"{"bytes": 1, "x": 2, ^"x": 2}"#, "duplicate key"),
        rejected(r#"{"kind":"hosts",^"kind":"alert"}"#, "duplicate key"),
        rejected(format!("{{\"bytes\":1{},^\"k7\":0}}", members(300)), "duplicate key \"k7\""),
        accepted(r#"{"bytes":1,"x":{"a":1,"a":2}}"#),
        accepted(r#"{"bytes":1,"Bytes":2,"bytes ":3}"#),
    ]);
}

fn members(count: usize) -> String {
    (0..count).map(|n| format!(",\"k{n}\":{n}")).collect()
}

#[test]
fn half_a_surrogate_pair_is_no_text() {
    judge(&[
        accepted(r#"{"bytes":1,"x":"\ud83d\ude00"}"#),
        accepted(r#"{"bytes":1,"x":"\uD83D\uDE00\uffff"}"#),
        rejected(r#"{"bytes":1,"x":"a^\ud83d"}"#, "bad escape"),
        rejected(r#"{"bytes":1,"x":"^\ude00"}"#, "bad escape"),
        rejected(r#"{"bytes":1,"x":"^\ud83d\ud83d"}"#, "bad escape"),
        rejected(r#"{"bytes":1,"x":"^\ud83d\u0041"}"#, "bad escape"),
        rejected(r#"{"bytes":1,"x":"^\ud83dx\ude00"}"#, "bad escape"),
        rejected(r#"{"bytes":1,"^\ud83d":1}"#, "bad escape"),
        rejected(r#"{"bytes":1,"x":[{"y":"^\udc00"}]}"#, "bad escape"),
        rejected(r#"{"bytes":1,"label":"^\ud800"}"#, "bad escape"),
    ]);
}

#[test]
fn nesting_has_64_levels_and_takes_no_stack() {
    let nest = |levels: usize, open: &str, close: &str| {
        format!("{{\"bytes\":1,\"x\":{}1{}}}", open.repeat(levels - 1), close.repeat(levels - 1))
    };
    let too_deep = |levels: usize, open: &str, close: &str| {
        let mut line = nest(levels, open, close);
        line.insert(15 + 63 * open.len(), '^');
        rejected(line, "nested deeper than 64 levels")
    };
    judge(&[
        accepted(nest(64, "[", "]")),
        too_deep(65, "[", "]"),
        too_deep(100_000, "[", "]"),
        accepted(nest(64, "{\"a\":", "}")),
        too_deep(65, "{\"a\":", "}"),
        too_deep(100_000, "{\"a\":", "}"),
        rejected(format!("{{\"bytes\":1,\"x\":{}^{}", "[".repeat(63), "[".repeat(99_937)), "nested deeper"),
        accepted(format!("{{\"bytes\":1,\"x\":[{}1]}}", "[],{},".repeat(10_000))),
    ]);
}

#[test]
fn a_line_has_at_most_a_mebibyte_and_1024_members() {
    let long = |length: usize| format!("{{\"bytes\":1,\"x\":\"{}\"}}", "a".repeat(length - 18));
    judge(&[
        accepted(long(MIB - 1)),
        accepted(long(MIB)),
        accepted(long(MIB) + "\r"),
        rejected_whole(long(MIB + 1), "longer than 1 MiB"),
        rejected_whole(long(10_000_000), "longer than 1 MiB"),
        rejected_whole(vec![0; 3 * MIB], "longer than 1 MiB"),
        accepted(format!("{{\"bytes\":1{}}}", members(1023))),
        rejected(
            format!("{{\"bytes\":1{}}}", members(1024)).replace("\"k1023\"", "^\"k1023\""),
            "more than 1024 members",
        ),
    ]);
}

#[test]
fn what_rfc_8259_refuses_is_refused() {
    let unfinished = "the JSON ends too early";
    judge(&[
        rejected("^[]", "not a JSON object"),
        rejected("^[{\"bytes\":1}]", "not a JSON object"),
        rejected("^null", "not a JSON object"),
        rejected("^true", "not a JSON object"),
        rejected("^\"bytes\"", "not a JSON object"),
        rejected("^17", "not a JSON object"),
        rejected("^bytes=1", "not a JSON object"),
        rejected("{^", unfinished),
        rejected(r#"{"bytes":1^"#, unfinished),
        rejected(r#"{"bytes":1,^"#, unfinished),
        rejected(r#"{"bytes":^"#, unfinished),
        rejected(r#"{"bytes"^"#, unfinished),
        rejected(r#"{"byt^"#, unfinished),
        rejected(r#"{"bytes":1,"x":"a^"#, unfinished),
        rejected(r#"{"bytes":1,"x":[1^"#, unfinished),
        rejected(r#"{"bytes":1,"x":{"a"^"#, unfinished),
        rejected(r#"{"bytes":1,^}"#, "expected a key"),
        rejected(r#"{^,"bytes":1}"#, "expected a key"),
        rejected(r#"{"bytes":1,^,"x":2}"#, "expected a key"),
        rejected(r#"{^bytes:1}"#, "expected a key"),
        rejected(r#"{^'bytes':1}"#, "expected a key"),
        rejected(r#"{"bytes" ^1}"#, "expected a colon"),
        rejected(r#"{"bytes":1 ^"x":2}"#, "expected a comma"),
        rejected(r#"{"bytes":1^]"#, "expected a comma"),
        rejected(r#"{"bytes":1,"x":[1 ^2]}"#, "expected a comma"),
        rejected(r#"{"bytes":1,"x":[1,^]}"#, "expected a value"),
        rejected(r#"{"bytes":1,"x":[^,1]}"#, "expected a value"),
        rejected(r#"{"bytes":1,"x":[1^}}"#, "expected a comma"),
        rejected(r#"{"bytes":1,"x":^undefined}"#, "expected a value"),
        rejected(r#"{"bytes":1,"x":^True}"#, "expected a value"),
        rejected(r#"{"bytes":1,"x":^nul}"#, "expected a value"),
        rejected(r#"{"bytes":1,"x":true^x}"#, "expected a comma"),
        rejected(r#"{"bytes":1,"x":"^\x41"}"#, "bad escape"),
        rejected(r#"{"bytes":1,"x":"^\u12"}"#, "bad escape"),
        rejected(r#"{"bytes":1,"x":"^\u12g4"}"#, "bad escape"),
        rejected(r#"{"bytes":1} ^{"bytes":2}"#, "expected the end of the line"),
        rejected(r#"{"bytes":1}^}"#, "expected the end of the line"),
        rejected(r#"{"bytes":1}^,"#, "expected the end of the line"),
        rejected(r#"{"bytes":1} ^// one"#, "expected the end of the line"),
        rejected("{\u{a0}\"bytes\":1}".replace('\u{a0}', "^\u{a0}"), "expected a key"),
        accepted(r#"{"bytes":1} "#),
        accepted(r#"  { "bytes" : 1 , "x" : [ 1 , { } , [ ] ] }"#),
        accepted(r#"{"bytes":1,"\u0078\/":"\"\\\/\b\f\n\r\t\u00e9"}"#),
    ]);
}

#[test]
fn a_known_field_has_its_type_and_a_flow_has_an_end_or_a_count() {
    judge(&[
        rejected(r#"{"bytes":^null}"#, "bad bytes null"),
        rejected(r#"{"bytes":^"1"}"#, "bad bytes \"1\""),
        rejected(r#"{"bytes":^true}"#, "bad bytes true"),
        rejected(r#"{"bytes":^[1]}"#, "bad bytes"),
        rejected(r#"{"src_ip":^167772161}"#, "bad src_ip"),
        rejected(r#"{"bytes":1,"timestamp":^1421913814}"#, "bad timestamp"),
        rejected(r#"{"bytes":1,"timestamp":^"1600-01-01T00:00:00Z"}"#, "from 1678 to 2261"),
        rejected(r#"{"bytes":1,"timestamp":^"2300-01-01T00:00:00Z"}"#, "from 1678 to 2261"),
        rejected(r#"{"bytes":1,"duration":^"1.5"}"#, "bad duration"),
        rejected(r#"{"bytes":1,"label":^7}"#, "bad label"),
        rejected(r#"{"bytes":1,"clock":^"late"}"#, "bad clock"),
        rejected(r#"{"bytes":1,"byte_layer":^"l3"}"#, "bad byte_layer"),
        rejected(r#"{"bytes":1,"direction":^"sideways"}"#, "bad direction"),
        rejected(r#"{"bytes":1,"flagged":^"sigma"}"#, "bad flagged"),
        rejected(r#"{"bytes":1,"flagged":^["sigma.bytes",1]}"#, "bad flagged"),
        accepted(r#"{"bytes":1,"flagged":["sigma.bytes","fence.bytes"]}"#),
        rejected(r#"{"bytes":1,"src_internal":^1}"#, "bad src_internal"),
        rejected(r#"{"kind":^7}"#, "kind is no string"),
        rejected("^{}", "no src_ip, dst_ip, bytes or packets"),
        rejected(r#"^{"x":1}"#, "no src_ip"),
        rejected(r#"^{"timestamp":"2015-01-22T08:00:00Z","src_port":1}"#, "no src_ip"),
        accepted(r#"{"packets":0}"#),
        accepted(r#"{"dst_ip":"::"}"#),
        accepted(r#"{"kind":"hosts","src_ip":"10.0.0.0/24","bytes":9}"#),
        accepted(r#"{"kind":"tick","timestamp":"2015-01-22T08:00:00Z"}"#),
    ]);
}

#[test]
fn a_line_is_judged_alike_with_and_without_a_newline_at_the_end() {
    let folder = folder();
    for (last, wanted) in [("{\"bytes\":1}", None), ("{\"bytes\":1", Some(11)), ("{\"bytes\":1}\r", None)] {
        for filter in FILTERS {
            let aside = folder.path().join("rejects");
            let command = format!("{} --rejects {}", filter.replace("IN", "-"), aside.display());
            let outcome = run_with(&command, flow(1) + "\n" + last).code(if wanted.is_some() { 3 } else { 0 });
            outcome.lines();
            assert_eq!(rejects(&aside).first().map(|r| r["column"].as_u64().unwrap()), wanted, "{command}: {last}");
        }
    }
}

#[test]
fn an_input_of_bad_lines_alone_is_no_different() {
    let folder = folder();
    for line in [
        "{\"bytes\":1,\"bytes\":2}",
        "{\"bytes\":",
        "{\"bytes\":-1}",
        "{\"x\":1}",
        "{\"bytes\":1,\"x\":[[[[",
        "{\"x\":{\"a\":[1]},\"bytes\":1,}",
        "{\"x\":\"\\ud800\",\"bytes\":1}",
        "{\"bytes\":1,\"x\":\"\u{1}\"}",
        "{\"src_ip\":\"010.0.0.1\"}",
    ] {
        let path = folder.path().join("line");
        std::fs::write(&path, format!("{line}\n")).unwrap();
        let of = |filter: &str| {
            let aside = folder.path().join("rejects");
            let command = filter.replace("IN", &path.display().to_string());
            run(&format!("{command} --rejects {}", aside.display())).code(3).open_lines();
            rejects(&aside)
        };
        let all: Vec<_> = FILTERS.iter().map(|filter| of(filter)).collect();
        assert_eq!(all[0].len(), 1, "{line}");
        assert!(all.iter().all(|aside| *aside == all[0]), "{line}: {all:#?}");
    }
}
