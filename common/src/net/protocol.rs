//! Protocols by name and by number: the keywords of IANA's registry of protocol numbers (RFC 5237), from
//! `data/protocols.csv`, and the words that tools print in their place.
//!
//! The registry is read when this is compiled. Letter case does not matter to who reads; where one word means two
//! numbers, it is the one that nfdump prints it for: `IPIP` is 4. nfdump prints `IDPR` for 35 and for 38; it is read as 35.

use std::borrow::Cow;

/// IANA's keyword of each number, as it is spelt there; empty where there is none.
static KEYWORDS: [&str; 256] = keywords(include_str!("../../data/protocols.csv"));

/// Takes the rows `number,keyword` apart; others are passed over.
const fn keywords(registry: &'static str) -> [&'static str; 256] {
    let bytes = registry.as_bytes();
    let mut all = [""; 256];
    let mut at = 0;
    while at < bytes.len() {
        let (mut number, mut comma) = (0, at);
        while bytes[comma].is_ascii_digit() {
            number = number * 10 + (bytes[comma] - b'0') as usize;
            comma += 1;
        }
        let mut end = comma;
        while end < bytes.len() && bytes[end] != b'\n' {
            end += 1;
        }
        if comma > at && bytes[comma] == b',' {
            all[number] = registry.split_at(end).0.split_at(comma + 1).1;
        }
        at = end + 1;
    }
    all
}

/// Numbers for which people use another word than IANA's; 94 has its number, for nobody can tell IANA's IPIP from 4.
const SHORT: [(u8, &str); 4] = [(4, "IPIP"), (58, "ICMP6"), (89, "OSPF"), (94, "94")];

/// IANA's keyword of a protocol, as it is spelt there, if it has one.
pub fn keyword(protocol: u8) -> Option<&'static str> {
    Some(KEYWORDS[usize::from(protocol)]).filter(|k| !k.is_empty())
}

/// The short name by which people know a protocol, or its number.
pub fn short(protocol: u8) -> Cow<'static, str> {
    let short = SHORT.iter().find(|(number, _)| *number == protocol).map(|(_, name)| *name);
    match short.or_else(|| keyword(protocol)) {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(protocol.to_string()),
    }
}

/// The number of a protocol given by name or number.
#[inline]
pub fn number(text: &[u8]) -> Option<u8> {
    match text {
        b"TCP" | b"tcp" => Some(6),
        b"UDP" | b"udp" => Some(17),
        b"ICMP" | b"icmp" => Some(1),
        b"ICMP6" | b"IPv6-ICMP" => Some(58),
        _ => other(text),
    }
}

fn other(text: &[u8]) -> Option<u8> {
    if text.first()?.is_ascii_digit()
        && let Some(number) = digits(text)
    {
        return Some(number);
    }
    let is = |name: &str| name.as_bytes().eq_ignore_ascii_case(text);
    let word = WORDS.iter().find(|(name, _)| is(name)).map(|(_, number)| *number);
    word.or_else(|| KEYWORDS.iter().position(|k| is(k)).map(|number| number as u8))
}

/// A number of up to three digits, also as `6.0`.
fn digits(text: &[u8]) -> Option<u8> {
    let digits = text.strip_suffix(b".0").unwrap_or(text);
    if digits.is_empty() || digits.len() > 3 {
        return None;
    }
    let value = digits.iter().try_fold(0u32, |v, b| b.is_ascii_digit().then(|| v * 10 + u32::from(b - b'0')))?;
    u8::try_from(value).ok()
}

/// Words that are no keywords of IANA's, or mean another number to nfdump, in lower case, sorted.
#[rustfmt::skip]
const WORDS: &[(&str, u8)] = &[
    ("0hop", 114), ("bbn", 10), ("bsatm", 76), ("carp", 112), ("cpqpp", 110), ("dcn", 19), ("encom", 14),
    ("ethip", 97), ("frag6", 44), ("fs", 68), ("host", 61), ("icmp-v6", 58), ("icmp6", 58), ("icmpv6", 58),
    ("igrp", 9), ("inlsp", 52), ("ip-encap", 4), ("ipcmp", 108), ("ipencap", 4), ("ipip", 4), ("ipsec-ah", 51),
    ("ipsec-esp", 50), ("ipxip", 111), ("isis", 124), ("isis4", 124), ("iso-4", 29), ("isoip", 80), ("klan", 65),
    ("leaf1", 25), ("leaf2", 26), ("meinp", 32), ("mfesp", 31), ("mhead", 135), ("mhrp", 48), ("mobil", 55),
    ("mobile", 55), ("mobility-header", 135), ("mpls", 137), ("net", 63), ("netbk", 30), ("nohe6", 59),
    ("nsigp", 85), ("nvpii", 11), ("opts6", 60), ("os", 94), ("ospf", 89), ("rte6", 43), ("s-rpc", 90), ("satm", 69),
    ("satnt", 64), ("sccsp", 96), ("sunnd", 77), ("svmtp", 82), ("trnk1", 23), ("trnk2", 24), ("ttp", 84),
    ("udp-l", 136), ("wbexp", 79), ("wbmon", 78), ("xns", 22),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_ascends_and_has_a_keyword_in_every_row() {
        let rows: Vec<(u8, &str)> = include_str!("../../data/protocols.csv")
            .lines()
            .filter_map(|row| row.split_once(','))
            .filter_map(|(number, keyword)| Some((number.parse().ok()?, keyword)))
            .collect();
        assert_eq!(rows.len(), 142);
        assert!(rows.is_sorted_by(|a, b| a.0 < b.0));
        assert!(rows.iter().all(|(_, k)| !k.is_empty() && !k.contains(',')));
        let read: Vec<(u8, &str)> = (0..=u8::MAX).filter_map(|n| Some((n, keyword(n)?))).collect();
        assert_eq!(read, rows);
    }

    #[test]
    fn words_are_sorted_and_none_is_a_keyword_of_the_same_number() {
        assert!(WORDS.windows(2).all(|w| w[0].0 < w[1].0));
        for (word, number) in WORDS {
            assert_eq!(*word, word.to_ascii_lowercase());
            assert!(keyword(*number).is_none_or(|k| !k.eq_ignore_ascii_case(word)), "{word}");
        }
    }

    #[test]
    fn every_name_reads_back() {
        for protocol in 0..=u8::MAX {
            assert_eq!(number(short(protocol).as_bytes()), Some(protocol));
        }
    }

    #[test]
    fn people_read_short_names_or_the_number() {
        let names = [1, 4, 6, 17, 41, 47, 58, 89, 103, 132, 136, 253].map(short);
        let known = ["ICMP", "IPIP", "TCP", "UDP", "IPv6", "GRE", "ICMP6", "OSPF", "PIM", "SCTP", "UDPLite", "253"];
        assert_eq!(names, known);
    }

    #[test]
    fn reads_numbers_and_the_names_of_iana_and_nfdump() {
        for (text, number) in [
            ("TCP", Some(6)),
            ("Udp", Some(17)),
            ("ICMP6", Some(58)),
            ("ipv6-icmp", Some(58)),
            ("IPv6", Some(41)),
            ("UDPLite", Some(136)),
            ("UDP-L", Some(136)),
            ("3PC", Some(34)),
            ("0hop", Some(114)),
            ("A/N", Some(107)),
            ("IPIP", Some(4)),
            ("255", Some(255)),
            ("6.0", Some(6)),
            ("0", Some(0)),
            ("256", None),
            ("6.5", None),
            ("unas", None),
            ("", None),
            ("a-name-longer-than-all", None),
        ] {
            assert_eq!(super::number(text.as_bytes()), number, "{text}");
        }
    }
}
