//! Numbers: exact or rejected, never rounded in silence.
#![allow(clippy::unwrap_used)]

use super::{Case, accepted, judge, rejected};
use crate::support::run_with;

/// What a text is as a count: a number below 2^53, a JSON number that is no count, or no JSON.
enum Number {
    Count(u64),
    Other,
    NotJson(&'static str),
}
use Number::{Count, NotJson, Other};

const NUMBERS: &[(&str, Number)] = &[
    ("0", Count(0)),
    ("-0", Count(0)),
    ("0.0", Count(0)),
    ("0e400", Count(0)),
    ("-0.0e-400", Count(0)),
    ("1", Count(1)),
    ("443.0", Count(443)),
    ("4.43e2", Count(443)),
    ("4430E-1", Count(443)),
    ("44300e-0002", Count(443)),
    ("0.443e+3", Count(443)),
    ("1e15", Count(1_000_000_000_000_000)),
    ("999999999999999", Count(999_999_999_999_999)),
    ("9007199254740990", Count((1 << 53) - 2)),
    ("9007199254740991", Count((1 << 53) - 1)),
    ("9007199254740991.0", Count((1 << 53) - 1)),
    ("9.007199254740991e15", Count((1 << 53) - 1)),
    ("9007199254740991.5", Other),
    ("9007199254740990.9", Other),
    ("9007199254740992", Other),
    ("9007199254740993", Other),
    ("9223372036854775807", Other),
    ("9223372036854775808", Other),
    ("18446744073709551615", Other),
    ("18446744073709551616", Other),
    ("340282366920938463463374607431768211456", Other),
    ("1e16", Other),
    ("1e400", Other),
    ("1e99999999999999999999", Other),
    ("1e-400", Other),
    ("0.5", Other),
    ("0.1e0", Other),
    ("-1", Other),
    ("-443.0", Other),
    ("-9007199254740991", Other),
    ("00", NotJson("not a JSON number")),
    ("01", NotJson("not a JSON number")),
    ("-01", NotJson("not a JSON number")),
    ("-", NotJson("not a JSON number")),
    ("1.", NotJson("not a JSON number")),
    ("1.e5", NotJson("not a JSON number")),
    ("1e", NotJson("not a JSON number")),
    ("1e+", NotJson("not a JSON number")),
    ("+1", NotJson("expected a value")),
    (".5", NotJson("expected a value")),
    ("NaN", NotJson("expected a value")),
    ("-NaN", NotJson("not a JSON number")),
    ("Infinity", NotJson("expected a value")),
    ("-Infinity", NotJson("not a JSON number")),
];

#[test]
fn a_count_is_exact_or_rejected_and_any_number_passes_where_none_is_known() {
    let mut cases: Vec<Case> = Vec::new();
    for (text, number) in NUMBERS {
        let (count, other) = (format!("{{\"bytes\":^{text}}}"), format!("{{\"bytes\":1,\"x\":^{text}}}"));
        let plain = |line: &str| accepted(line.replace('^', ""));
        cases.extend(match number {
            Count(_) => [plain(&count), plain(&other)],
            Other => [rejected(count, "bad bytes"), plain(&other)],
            NotJson(why) => [rejected(count, why), rejected(other, why)],
        });
    }
    // A number, and then something that is none of it.
    for text in ["0x10", "1_000", "1,000", "1 000", "1abc", "1-2", "0b1"] {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or_default();
        let (digits, rest) = text.split_at(end);
        match rest.as_bytes()[0] {
            b',' => cases.push(rejected(format!("{{\"bytes\":{digits},^{}}}", &rest[1..]), "expected a key")),
            b' ' => cases.push(rejected(format!("{{\"bytes\":{digits} ^{}}}", &rest[1..]), "expected a comma")),
            _ => cases.push(rejected(format!("{{\"bytes\":{digits}^{rest}}}"), "expected a comma")),
        }
    }
    judge(&cases);
}

#[test]
fn a_count_is_summed_as_it_was_written() {
    let counts: Vec<_> =
        NUMBERS.iter().filter_map(|(text, n)| if let Count(n) = n { Some((text, *n)) } else { None }).collect();
    let input: String = counts
        .iter()
        .zip(0..)
        .map(|((text, _), i)| format!("{{\"src_ip\":\"10.0.0.{i}\",\"bytes\":{text}}}\n"))
        .collect();
    let rows = run_with("flowstat hosts", input).code(0).quiet().lines();
    assert_eq!(rows.len(), counts.len());
    for (row, (text, value)) in rows.iter().zip(counts) {
        assert_eq!(row["bytes"], value, "{text}");
    }
}

#[test]
fn a_duration_has_nanoseconds_and_ends_after_292_years() {
    let whole = [
        ("0", "0"),
        ("-0", "0"),
        ("1.5", "1.5"),
        ("0.000000001", "0.000000001"),
        ("1e-9", "0.000000001"),
        ("5e-10", "0.000000001"),
        ("4e-10", "0"),
        ("1e-400", "0"),
        ("0.30000000000000004", "0.3"),
        ("1e3", "1000"),
        ("9223372036.854775807", "9223372036.854775807"),
    ];
    let mut cases: Vec<Case> =
        whole.iter().map(|(text, _)| accepted(format!("{{\"bytes\":1,\"duration\":{text}}}"))).collect();
    for text in ["9223372036.854775808", "1e10", "1e400", "18446744073709540.000", "-0.001", "-1"] {
        cases.push(rejected(format!("{{\"bytes\":1,\"duration\":^{text}}}"), "bad duration"));
    }
    cases.push(rejected("{\"bytes\":1,\"duration\":^1.}", "not a JSON number"));
    judge(&cases);
    for (text, value) in whole {
        let input = format!("{{\"bytes\":1,\"duration\":{text}}}\n");
        let row = run_with("flowstat summary", input).code(0).lines().remove(0);
        let total = row["duration_total"].as_f64().unwrap();
        assert_eq!(total, value.parse::<f64>().unwrap(), "{text}: {row}");
    }
}

#[test]
fn every_port_and_protocol_number_is_one_and_the_next_is_not() {
    let mut cases: Vec<Case> = (0..=65_535u32)
        .map(|port| accepted(format!("{{\"bytes\":1,\"src_port\":{},\"dst_port\":{port}}}", 65_535 - port)))
        .collect();
    cases
        .extend((0..=255).map(|n| accepted(format!("{{\"bytes\":1,\"protocol\":{n},\"tos\":{n},\"icmp_type\":{n}}}"))));
    for name in
        ["src_port", "dst_port", "protocol", "tos", "icmp_code", "tcp_flags", "vlan", "src_as", "input_if", "sampling"]
    {
        let last: u64 = match name {
            "src_port" | "dst_port" | "tcp_flags" | "vlan" => 65_535,
            "protocol" | "tos" | "icmp_code" => 255,
            _ => u64::from(u32::MAX),
        };
        cases.push(accepted(format!("{{\"bytes\":1,\"{name}\":{last}}}")));
        for wrong in [format!("{}", last + 1), "-1".into(), "1.5".into(), "\"80\"".into(), "null".into()] {
            cases.push(rejected(format!("{{\"bytes\":1,\"{name}\":^{wrong}}}"), &format!("bad {name}")));
        }
    }
    judge(&cases);
}

#[test]
fn every_port_and_protocol_is_counted_apart() {
    let input: String = (0..=65_535u32)
        .map(|port| format!("{{\"bytes\":1,\"dst_port\":{port},\"protocol\":{}}}\n", port % 256))
        .collect();
    let rows = run_with("flowstat top:by=dst_port,n=70000 protocols", input).code(0).quiet().lines();
    let of = |kind: &str, key: &str| -> Vec<u64> {
        let mut all: Vec<_> = rows.iter().filter(|r| r["kind"] == kind).map(|r| r[key].as_u64().unwrap()).collect();
        all.sort_unstable();
        all
    };
    assert!(of("top", "dst_port").into_iter().eq(0..=65_535));
    assert!(of("protocols", "protocol").into_iter().eq(0..=255));
}
