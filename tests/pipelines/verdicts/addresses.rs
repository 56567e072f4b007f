//! Addresses: IPv4 without leading zeros, IPv6 as RFC 4291 writes it, shown as RFC 5952 does.
#![allow(clippy::unwrap_used)]

use super::{Case, accepted, judge, rejected};
use crate::support::run_with;

/// An address as it is written and as it is shown.
const ADDRESSES: &[(&str, &str)] = &[
    ("0.0.0.0", "0.0.0.0"),
    ("1.2.3.4", "1.2.3.4"),
    ("255.255.255.255", "255.255.255.255"),
    ("100.64.9.10", "100.64.9.10"),
    ("::", "::"),
    ("::1", "::1"),
    ("0:0:0:0:0:0:0:2", "::2"),
    ("2001:DB8::A", "2001:db8::a"),
    ("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("fe80::1", "fe80::1"),
    ("ff02::1:ff00:1", "ff02::1:ff00:1"),
    // A mapped address stays IPv6, and is another host than the one that it maps.
    ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
    ("::ffff:102:305", "::ffff:1.2.3.5"),
    ("::FFFF:1.2.3.6", "::ffff:1.2.3.6"),
    ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
];

const NO_ADDRESSES: &[&str] = &[
    "",
    " ",
    "host.example",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    "1..2.3",
    ".1.2.3.4",
    "1.2.3.256",
    "1.2.3.1000",
    "010.1.1.1",
    "1.2.3.04",
    "00.0.0.0",
    "0x1.2.3.4",
    "167772161",
    "1.2.3.-4",
    "+1.2.3.4",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4:80",
    "1.2.3.4/32",
    "10.0.0.0/8",
    "2001:db8::/32",
    "\u{661}.2.3.4",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "12345::",
    "g::1",
    "[::1]",
    "fe80::1%eth0",
    "fe80::1%1",
    "::ffff:1.2.3.256",
    "::ffff:01.2.3.4",
    "::1.2.3",
    "1.2.3.4::",
];

#[test]
fn an_address_is_plain_text_of_one_host() {
    let mut cases = Vec::new();
    for name in ["src_ip", "dst_ip", "exporter", "next_hop"] {
        let line = |text: &str, mark: &str| format!("{{\"bytes\":1,\"{name}\":{mark}\"{text}\"}}");
        cases.extend(ADDRESSES.iter().map(|(text, _)| accepted(line(text, ""))));
        cases.extend(NO_ADDRESSES.iter().map(|text| rejected(line(text, "^"), &format!("bad {name}"))));
    }
    cases.push(accepted(r#"{"src_ip":"\u0031.2.3.4"}"#));
    cases.push(rejected(r#"{"src_ip":^["1.2.3.4"]}"#, "bad src_ip"));
    judge(&cases);
}

#[test]
fn a_row_may_have_a_network_where_a_flow_has_a_host() {
    let row = |text: &str| format!("{{\"kind\":\"hosts\",\"src_ip\":\"{text}\",\"bytes\":1}}");
    let mut cases: Vec<Case> = ["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32"].map(|text| accepted(row(text))).into();
    for text in ["10.0.0.0/33", "10.0.0/8", "2001:db8::/129", "10.0.0.0/", "/8"] {
        cases.push(rejected(row(text).replace(&format!("\"{text}\""), &format!("^\"{text}\"")), "bad src_ip"));
    }
    // The kind may come after it.
    cases.push(accepted(r#"{"src_ip":"10.0.0.0/8","kind":"hosts"}"#));
    cases.push(rejected(r#"{"src_ip":^"10.0.0.0/8","bytes":1}"#, "bad src_ip"));
    judge(&cases);
}

#[test]
fn hosts_are_told_apart_by_address_and_shown_as_rfc_5952_says() {
    let input: String = ADDRESSES.iter().map(|(text, _)| format!("{{\"src_ip\":\"{text}\",\"bytes\":1}}\n")).collect();
    let rows = run_with("flowstat hosts", input).code(0).quiet().lines();
    let mut found: Vec<_> = rows.iter().map(|row| row["src_ip"].as_str().unwrap()).collect();
    let mut wanted: Vec<_> = ADDRESSES.iter().map(|(_, shown)| *shown).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}
