//! The words of the language, and what a wrong one was meant to be.

use super::fault::Fault;
use crate::record::field::{ADDED, RECORD};
use std::ops::Range;

/// Words that begin a condition or a value, other than names of fields.
const WORDS: &[&str] = &[
    "any",
    "not",
    "and",
    "or",
    "in",
    "out",
    "src",
    "dst",
    "host",
    "ip",
    "net",
    "port",
    "portrange",
    "proto",
    "flags",
    "icmp-type",
    "icmp-code",
    "as",
    "if",
    "geo",
    "router",
    "next",
    "inet",
    "inet6",
    "ipv4",
    "ipv6",
    "ip6",
    "tcp",
    "udp",
    "icmp",
    "icmp6",
    "sctp",
    "esp",
    "gre",
    "igmp",
    "exists",
    "end",
    "bps",
    "pps",
    "bpp",
    "true",
    "false",
];

/// What other tools call a field.
const ELSEWHERE: &[(&str, &str)] = &[
    ("sport", "src_port"),
    ("dport", "dst_port"),
    ("sip", "src_ip"),
    ("dip", "dst_ip"),
    ("sa", "src_ip"),
    ("da", "dst_ip"),
    ("sp", "src_port"),
    ("dp", "dst_port"),
    ("saddr", "src_ip"),
    ("daddr", "dst_ip"),
    ("srcip", "src_ip"),
    ("dstip", "dst_ip"),
    ("srcaddr", "src_ip"),
    ("dstaddr", "dst_ip"),
    ("srcport", "src_port"),
    ("dstport", "dst_port"),
    ("src_addr", "src_ip"),
    ("dst_addr", "dst_ip"),
    ("pkts", "packets"),
    ("octets", "bytes"),
    ("ibyt", "bytes"),
    ("ipkt", "packets"),
    ("obyt", "rev_bytes"),
    ("opkt", "rev_packets"),
    ("dur", "duration"),
    ("td", "duration"),
    ("time", "timestamp"),
    ("ts", "timestamp"),
    ("te", "end"),
    ("start", "timestamp"),
    ("first", "timestamp"),
    ("last", "end"),
    ("stop", "end"),
    ("pr", "protocol"),
    ("flow", "flows"),
    ("tag", "label"),
];

/// What nfdump and tcpdump can ask for and a flow line does not have.
const NOT_KEPT: &[&str] = &[
    "ident",
    "count",
    "mask",
    "mac",
    "mpls",
    "bgpnext",
    "prev",
    "previous",
    "flowdir",
    "dir",
    "fwdstat",
    "nfversion",
    "tunip",
    "tun",
    "xip",
    "xnet",
    "xport",
    "nip",
    "nport",
    "nat",
    "asa",
    "pblock",
    "payload",
    "sysid",
    "observation",
    "client",
    "server",
    "latency",
    "flowlabel",
    "ether",
    "gateway",
    "broadcast",
    "multicast",
    "less",
    "greater",
    "arp",
    "rarp",
    "decnet",
    "pppoes",
    "length",
    "llc",
    "wlan",
];

/// Whether a name is so near to a known one that it is rather a slip than another member.
fn is_slip(name: &str, known: &str) -> bool {
    let allowed = if name.len() >= 8 { 2 } else { 1 };
    name.len() >= 3 && strsim::damerau_levenshtein(&name.to_lowercase(), known) <= allowed
}

/// Names of all fields.
fn fields() -> impl Iterator<Item = &'static str> {
    RECORD.iter().chain(ADDED).map(|f| f.name)
}

/// Whether a word begins a condition or a value.
pub(super) fn is_word(name: &str) -> bool {
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// Whether a word joins conditions.
pub(super) fn joins(word: &str) -> bool {
    ["and", "or"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a condition or a value may begin with this.
pub(super) fn begins(text: &str) -> bool {
    let word = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').next().unwrap_or_default();
    is_word(word) || fields().any(|field| field == word) || text.starts_with('(')
}

/// The known word that a name was meant to be, if it is near to one.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == lower).map(|(_, field)| *field);
    elsewhere.or_else(|| {
        let distance = |known: &&str| strsim::damerau_levenshtein(&lower, known);
        fields().chain(WORDS.iter().copied()).filter(|known| is_slip(name, known)).min_by_key(distance)
    })
}

/// A word that means nothing where it stands.
pub(super) fn unknown(span: Range<usize>, name: &str) -> Fault {
    let shown = crate::value::text::snippet(name.as_bytes(), 40);
    if NOT_KEPT.contains(&name.to_lowercase().as_str()) {
        return Fault::at(span, format!("flow lines have nothing that {shown} could ask for"));
    }
    match meant(name) {
        Some(right) => Fault::at(
            span,
            format!("unknown word \"{shown}\"; did you mean {right}? A member of that name is .{shown}"),
        ),
        None => Fault::unknown(span, "word", name, fields().chain(WORDS.iter().copied())),
    }
}

/// Whether nfdump or tcpdump have a meaning for a word that is none here.
pub(super) fn is_not_kept(name: &str) -> bool {
    NOT_KEPT.contains(&name.to_lowercase().as_str())
}
