//! Laws: of not, and, or; printing and reading back; the program against a look at the tree.

use super::meaning::keeps;
use crate::filter::eval::Seen;
use crate::filter::tree::{Test, Tree};
use crate::filter::{Filter, print::Printer};
use crate::record::{Flow, field};
use crate::scan::{Clean, Scanner};
use crate::value::Address;
use crate::value::time::Zone;
use proptest::prelude::*;

/// Expressions out of every kind of test, with values that the flows below have, too.
fn tests() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        Just("bytes"),
        Just("packets"),
        Just("src_port"),
        Just("tcp_flags"),
        Just("protocol"),
        Just("rev_bytes"),
        Just("bpp"),
        Just("duration"),
        Just("timestamp"),
        Just("end"),
        Just("weight"),
        Just("port"),
        Just("dst port"),
        Just("icmp-type"),
        Just("flags"),
        Just("src as"),
        Just("bps"),
    ];
    let order = prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let number = prop_oneof![(0..4u32).prop_map(|n| n.to_string()), Just("1.5".to_owned()), Just("2k".to_owned())];
    let compared = (field, order.clone(), number)
        .prop_filter("a protocol", |(f, _, n)| *f != "protocol" || n != "2k")
        .prop_map(|(f, o, n)| format!("{f} {o} {n}"));
    let term =
        || prop_oneof![Just("bytes"), Just("rev_bytes"), Just("duration"), Just("weight"), Just("2"), Just("0.5")];
    let sign = || prop_oneof![Just("+"), Just("-"), Just("*"), Just("/")];
    let reckoned = (term(), sign(), term(), sign(), term(), order)
        .prop_filter("a field", |(a, _, b, _, c, _)| [a, b, c].iter().any(|t| t.starts_with(char::is_alphabetic)))
        .prop_map(|(a, s, b, t, c, o)| format!("({a} {s} {b}) {t} {c} {o} bytes"));
    let other = prop_oneof![
        Just("any"),
        Just("flags S"),
        Just("flags SA"),
        Just("flags X"),
        Just("net 10.0.0.0/30"),
        Just("src ip 10.0.0.1"),
        Just("ip in [10.0.0.1 ::1 10.0.0.2/31]"),
        Just("inet6"),
        Just("src_ip == dst_ip"),
        Just("label == \"a\""),
        Just("label in [a b]"),
        Just("label =~ \"[\\\"a]\""),
        Just("label == .mark"),
        Just("mark == \"a \\\"b\""),
        Just(".is_good"),
        Just("exists label"),
        Just("exists .mark"),
        Just("mark == .weight"),
        Just("port in [1 3 5-9]"),
        Just("proto in [6 17]"),
        Just("flagged == \"a\""),
        Just("timestamp >= 1970-01-01T00:00:01.5"),
        Just("seen < 1970-01-01T00:00:02"),
        Just("icmp-code in [0 1]"),
        Just("bytes < 0"),
        Just("geo in [PT US]"),
        Just("timestamp == 1970-01-01T00:00:01+01:00"),
        Just("protocol not in [6]"),
        Just("weight < rev_bytes"),
        Just("seen < timestamp"),
        Just("end >= timestamp"),
        Just("timestamp > -99999999999"),
        Just("if 1 or 2"),
        Just("router ip ::1"),
        Just("pps >= 1"),
        Just("mark not in [\"a\" b]"),
    ];
    prop_oneof![compared, reckoned, other.prop_map(str::to_owned)]
}

fn expressions() -> impl Strategy<Value = String> {
    tests().prop_recursive(4, 24, 3, |inner| {
        let joined = |word: &'static str| {
            let several = proptest::collection::vec(inner.clone(), 2..4);
            several.prop_map(move |all| format!("({})", all.join(word)))
        };
        prop_oneof![joined(" and "), joined(" or "), inner.clone().prop_map(|e| format!("not ({e})"))]
    })
}

/// Lines with few values, each member there or not.
fn lines() -> impl Strategy<Value = String> {
    fn member(name: &'static str, values: &'static [&'static str]) -> impl Strategy<Value = String> {
        let value = proptest::sample::select(values).prop_map(move |v| format!(",\"{name}\":{v}"));
        prop_oneof![1 => Just(String::new()), 2 => value]
    }
    const SMALL: &[&str] = &["0", "1", "2", "3"];
    const IPS: &[&str] = &["\"10.0.0.1\"", "\"10.0.0.2\"", "\"::1\""];
    let numbers = (
        member("packets", SMALL),
        member("rev_bytes", SMALL),
        member("src_port", SMALL),
        member("dst_port", SMALL),
        member("protocol", &["1", "6", "17"]),
        member("tcp_flags", &["0", "2", "18", "27"]),
        member("icmp_type", SMALL),
        member("src_as", SMALL),
        member("duration", &["0", "1", "1.5", "2"]),
        member("timestamp", &["\"1970-01-01T00:00:01.500Z\"", "\"1970-01-01T00:00:02.000Z\""]),
    );
    let texts = (
        member("src_ip", IPS),
        member("dst_ip", IPS),
        member("label", &["\"a\"", "\"b\"", "\"\""]),
        member("mark", &["\"a\"", "\"a \\\"b\"", "1", "null", "[]", "{}"]),
        member("is_good", &["true", "false", "1"]),
        member("weight", &["1", "1.5", "-2", "\"1\"", "1e3"]),
        member("flagged", &["[]", "[\"a\"]", "[\"b\",\"a\"]"]),
        member("seen", &["\"1970-01-01T00:00:01Z\"", "\"x\"", "3"]),
        member("src_country", &["\"PT\"", "\"ES\""]),
        member("input_if", SMALL),
    );
    let small = proptest::sample::select(SMALL);
    (small, numbers, texts).prop_map(|(bytes, n, t)| {
        let numbers = [n.0, n.1, n.2, n.3, n.4, n.5, n.6, n.7, n.8, n.9].concat();
        let texts = [t.0, t.1, t.2, t.3, t.4, t.5, t.6, t.7, t.8, t.9].concat();
        format!("{{\"bytes\":{bytes}{numbers}{texts}}}")
    })
}

/// What a tree says by three-valued logic: `None` is "cannot be said".
fn said(tree: &Tree, test: &impl Fn(&Test, bool) -> Option<bool>, wanted: bool) -> Option<bool> {
    match tree {
        Tree::Constant(value) => Some(*value),
        Tree::Test(one) => test(one, wanted),
        Tree::Not(inner) => said(inner, test, !wanted).map(|v| !v),
        Tree::All(all) => {
            let all: Vec<_> = all.iter().map(|t| said(t, test, wanted)).collect();
            if all.contains(&Some(false)) {
                Some(false)
            } else if all.contains(&None) {
                None
            } else {
                Some(true)
            }
        }
        Tree::One(all) => {
            let all: Vec<_> = all.iter().map(|t| said(t, test, wanted)).collect();
            if all.contains(&Some(true)) {
                Some(true)
            } else if all.contains(&None) {
                None
            } else {
                Some(false)
            }
        }
    }
}

fn naive(filter: &Filter, line: &str) -> bool {
    let mut scanner = Scanner::watching(filter.watch());
    let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
    let seen = Seen { flow: line.flow, value: |at| line.value(at) };
    let test = |test: &Test, wanted: bool| match test {
        // The one test whose contrary is not its opposite: none of the flags, instead of not all.
        Test::Flags(mask) if !wanted => {
            let is_other = line.flow.protocol().is_some_and(|p| p != 6);
            match line.flow.integer(field::TCP_FLAGS) {
                _ if is_other => Some(false),
                flags => flags.map(|f| f & u64::from(*mask) != 0),
            }
        }
        other => other.answer(&seen),
    };
    said(&filter.0.tree, &test, true) == Some(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_program_says_what_the_tree_says(text in expressions(), lines in proptest::collection::vec(lines(), 8)) {
        let filter = Filter::parse(&text, &Zone::utc()).unwrap();
        for line in lines {
            prop_assert_eq!(keeps(&text, &line), naive(&filter, &line), "{}\n{}\n{}", text, filter, line);
        }
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same(text in expressions()) {
        let filter = Filter::parse(&text, &Zone::utc()).unwrap();
        let printed = filter.to_string();
        let again = Filter::parse(&printed, &Zone::utc());
        prop_assert!(again.is_ok(), "{}\n{}", printed, again.unwrap_err());
        let again = again.unwrap();
        prop_assert!(again.0.tree == filter.0.tree, "{}\n{}", printed, again);
        prop_assert_eq!(again.watch(), filter.watch());
    }

    #[test]
    fn not_and_or_keep_their_laws(a in expressions(), b in expressions(), line in lines()) {
        let is = |text: &str| keeps(text, &line);
        prop_assert_eq!(is(&format!("({a}) and ({b})")), is(&a) && is(&b));
        prop_assert_eq!(is(&format!("({a}) or ({b})")), is(&a) || is(&b));
        prop_assert_eq!(is(&format!("not (({a}) and ({b}))")), is(&format!("not ({a}) or not ({b})")));
        prop_assert_eq!(is(&format!("not (({a}) or ({b}))")), is(&format!("not ({a}) and not ({b})")));
        prop_assert_eq!(is(&format!("not not ({a})")), is(&a));
        let both = format!("({a}) and not ({a})");
        prop_assert!(!is(&both));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}", words in proptest::collection::vec(
        proptest::sample::select(vec!["port", "not", "(", ")", "in", "[", "]", "src", "10.0.0.1", "80", "-", "/", "==", "bytes", "and",
            "flags", "S", "@", "\"", "x", ".", "2015-01-22", "net", "ip", "icmp-type", "<", "'", "1.5k", "exists", "or", "dst", "proto"]), 0..12)) {
        for text in [text, words.join(" "), words.concat()] {
            match Filter::parse(&text, &Zone::utc()) {
                Ok(filter) => prop_assert!(Filter::parse(&filter.to_string(), &Zone::utc()).is_ok(), "{} is {}", text, filter),
                Err(fault) => prop_assert!(fault.span.end <= text.len() && text.get(fault.span.clone()).is_some(), "{}", text),
            }
        }
    }

    #[test]
    fn addresses_are_in_a_network_as_the_standard_library_has_it(a: u32, bits in 0..=32u32) {
        let net = format!("{}/{bits}", std::net::Ipv4Addr::from(a ^ 0x100));
        let mut flow = Flow::new();
        flow.set_address(field::SRC_IP, Address::v4(a));
        let filter = Filter::parse(&format!("src net {net}"), &Zone::utc()).unwrap();
        prop_assert_eq!(filter.keeps(&flow, |_| None), bits <= 23);
    }
}

#[test]
fn a_printed_number_keeps_its_unit() {
    for (text, printed) in [
        ("bytes > 1M", "bytes >= 1000001"),
        ("duration > 30", "duration >= 30.000000001"),
        ("proto tcp and dst port 443 or not flags S", "(protocol == 6 and dst port == 443) or not flags S"),
        ("port 53", "src_port == 53 or dst port == 53"),
        ("rev_bytes / bytes < 0.1", "(rev_bytes / bytes) < 0.1"),
    ] {
        let filter = Filter::parse(text, &Zone::utc()).unwrap();
        assert_eq!(filter.to_string(), printed);
        let mut printer = Printer { names: filter.watch(), out: String::new() };
        printer.tree(&filter.0.tree);
        assert_eq!(printer.out, printed);
    }
}
