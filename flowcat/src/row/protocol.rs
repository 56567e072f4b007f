//! Protocols by name: the keywords of IANA's registry of protocol numbers and the words that nfdump prints for them.
//!
//! Letter case does not matter. Where one word means two numbers, it is the one that nfdump prints it for: `IPIP` is 4.
//! nfdump prints `IDPR` for 35 and for 38; it is read as 35.

/// The number of a protocol given by name or number.
#[inline]
pub(crate) fn protocol(text: &[u8]) -> Option<u8> {
    match text {
        b"TCP" | b"tcp" => Some(6),
        b"UDP" | b"udp" => Some(17),
        b"ICMP" | b"icmp" => Some(1),
        _ => other(text),
    }
}

fn other(text: &[u8]) -> Option<u8> {
    if text.first()?.is_ascii_digit()
        && let Some(number) = number(text)
    {
        return Some(number);
    }
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..text.len())?;
    lower.copy_from_slice(text);
    lower.make_ascii_lowercase();
    NAMES.binary_search_by(|(name, _)| name.as_bytes().cmp(lower)).ok().map(|at| NAMES[at].1)
}

/// A number of up to three digits, also as `6.0`.
fn number(text: &[u8]) -> Option<u8> {
    let digits = text.strip_suffix(b".0").unwrap_or(text);
    if digits.is_empty() || digits.len() > 3 {
        return None;
    }
    let value = digits.iter().try_fold(0u32, |v, b| b.is_ascii_digit().then(|| v * 10 + u32::from(b - b'0')))?;
    u8::try_from(value).ok()
}

/// The longest name.
const LONGEST: usize = 15;

/// Names in lower case, sorted.
#[rustfmt::skip]
const NAMES: &[(&str, u8)] = &[
    ("0hop", 114), ("3pc", 34), ("a/n", 107), ("aggfrag", 144), ("ah", 51), ("argus", 13), ("aris", 104),
    ("ax.25", 93), ("bbn", 10), ("bbn-rcc-mon", 10), ("bna", 49), ("br-sat-mon", 76), ("bsatm", 76), ("carp", 112),
    ("cbt", 7), ("cftp", 62), ("chaos", 16), ("compaq-peer", 110), ("cphb", 73), ("cpnx", 72), ("cpqpp", 110),
    ("crtp", 126), ("crudp", 127), ("dccp", 33), ("dcn", 19), ("dcn-meas", 19), ("ddp", 37), ("ddx", 116),
    ("dgp", 86), ("dsr", 48), ("egp", 8), ("eigrp", 88), ("emcon", 14), ("encap", 98), ("encom", 14), ("esp", 50),
    ("etherip", 97), ("ethernet", 143), ("ethip", 97), ("fc", 133), ("fire", 125), ("frag6", 44), ("fs", 68),
    ("ggp", 3), ("gmtp", 100), ("gre", 47), ("hip", 139), ("hmp", 20), ("hopopt", 0), ("host", 61), ("i-nlsp", 52),
    ("iatp", 117), ("icmp", 1), ("icmp-v6", 58), ("icmp6", 58), ("icmpv6", 58), ("idpr", 35), ("idpr-cmtp", 38),
    ("idrp", 45), ("ifmp", 101), ("igmp", 2), ("igp", 9), ("igrp", 9), ("il", 40), ("inlsp", 52), ("ip-encap", 4),
    ("ipcmp", 108), ("ipcomp", 108), ("ipcv", 71), ("ipencap", 4), ("ipip", 4), ("iplt", 129), ("ippc", 67),
    ("ipsec-ah", 51), ("ipsec-esp", 50), ("iptm", 84), ("ipv4", 4), ("ipv6", 41), ("ipv6-frag", 44),
    ("ipv6-icmp", 58), ("ipv6-nonxt", 59), ("ipv6-opts", 60), ("ipv6-route", 43), ("ipx-in-ip", 111), ("ipxip", 111),
    ("irtp", 28), ("isis", 124), ("isis4", 124), ("iso-4", 29), ("iso-ip", 80), ("iso-tp4", 29), ("isoip", 80),
    ("klan", 65), ("kryptolan", 65), ("l2tp", 115), ("larp", 91), ("leaf-1", 25), ("leaf-2", 26), ("leaf1", 25),
    ("leaf2", 26), ("manet", 138), ("meinp", 32), ("merit-inp", 32), ("mfe-nsp", 31), ("mfesp", 31), ("mhead", 135),
    ("mhrp", 48), ("micp", 95), ("min-ipv4", 55), ("mobil", 55), ("mobile", 55), ("mobility-header", 135),
    ("mpls", 137), ("mpls-in-ip", 137), ("mtp", 92), ("mux", 18), ("narp", 54), ("net", 63), ("netbk", 30),
    ("netblt", 30), ("nohe6", 59), ("nsfnet-igp", 85), ("nsh", 145), ("nsigp", 85), ("nvp-ii", 11), ("nvpii", 11),
    ("opts6", 60), ("os", 94), ("ospf", 89), ("ospfigp", 89), ("pgm", 113), ("pim", 103), ("pipe", 131),
    ("pnni", 102), ("prm", 21), ("ptp", 123), ("pup", 12), ("pvp", 75), ("qnx", 106), ("rdp", 27), ("rohc", 142),
    ("rsvp", 46), ("rsvp-e2e-ignore", 134), ("rte6", 43), ("rvd", 66), ("s-rpc", 90), ("sat-expak", 64),
    ("sat-mon", 69), ("satm", 69), ("satnt", 64), ("scc-sp", 96), ("sccsp", 96), ("scps", 105), ("sctp", 132),
    ("sdrp", 42), ("secure-vmtp", 82), ("shim6", 140), ("skip", 57), ("sm", 122), ("smp", 121), ("snp", 109),
    ("sprite-rpc", 90), ("sps", 130), ("srp", 119), ("sscopmce", 128), ("st", 5), ("stp", 118), ("sun-nd", 77),
    ("sunnd", 77), ("svmtp", 82), ("swipe", 53), ("tcf", 87), ("tcp", 6), ("tlsp", 56), ("tp++", 39), ("trnk1", 23),
    ("trnk2", 24), ("trunk-1", 23), ("trunk-2", 24), ("ttp", 84), ("udp", 17), ("udp-l", 136), ("udplite", 136),
    ("uti", 120), ("vines", 83), ("visa", 70), ("vmtp", 81), ("vrrp", 112), ("wb-expak", 79), ("wb-mon", 78),
    ("wbexp", 79), ("wbmon", 78), ("wesp", 141), ("wsn", 74), ("xnet", 15), ("xns", 22), ("xns-idp", 22), ("xtp", 36),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_no_name_is_longer_than_the_longest() {
        assert!(NAMES.windows(2).all(|w| w[0].0 < w[1].0));
        assert_eq!(NAMES.iter().map(|(name, _)| name.len()).max(), Some(LONGEST));
        assert!(NAMES.iter().all(|(name, _)| name.to_ascii_lowercase() == *name));
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
            assert_eq!(protocol(text.as_bytes()), number, "{text}");
        }
    }
}
