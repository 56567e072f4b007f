//! `--keep-extra`: what records have besides the fields of the flow, under the names that nfdump gives it in JSON, with
//! `x_` before a name that flowenrich writes.
//!
//! An extension that is there is kept with all of its numbers, zeros too, as nfdump prints it. Not kept: payload, names
//! that nfdump looks up elsewhere, and what it calculates (networks, names of events).

use super::basics::ipv6;
use super::bytes::{u8_at, u16_at, u32_at, u64_at, u128_at};
use flow_record::value::{Address, text};
use std::io::Write;

/// How a value is stored and written.
#[derive(Clone, Copy, Debug)]
enum Form {
    U8,
    U16,
    U32,
    U64,
    Ipv4,
    Ipv6,
    /// Six bytes of eight.
    Mac,
    /// Microseconds, written as milliseconds.
    Micros,
    /// A label of MPLS: label, experimental bits, whether it is the last.
    Mpls,
    /// Three numbers in hex.
    Acl,
    /// A text that ends with a zero.
    Text,
}

use Form::{Acl, Ipv4, Ipv6, Mac, Micros, Mpls, Text, U8, U16, U32, U64};

/// Number of the extension, place in it, form, name.
type Row = (usize, usize, Form, &'static str);

/// Those of layout 2.
#[rustfmt::skip]
const RECENT: &[Row] = &[
    (1, 46, U8, "fwd_status"),
    (4, 8, U8, "src_mask"), (4, 9, U8, "dst_mask"), (4, 10, U8, "x_direction"), (4, 11, U8, "dst_tos"),
    (6, 4, U32, "dst_vlan"),
    (8, 0, Ipv4, "bgp4_next_hop"), (9, 0, Ipv6, "bgp6_next_hop"),
    (14, 0, Mpls, "mpls_1"), (14, 4, Mpls, "mpls_2"), (14, 8, Mpls, "mpls_3"), (14, 12, Mpls, "mpls_4"), (14, 16, Mpls, "mpls_5"),
    (14, 20, Mpls, "mpls_6"), (14, 24, Mpls, "mpls_7"), (14, 28, Mpls, "mpls_8"), (14, 32, Mpls, "mpls_9"), (14, 36, Mpls, "mpls_10"),
    (15, 0, Mac, "in_src_mac"), (15, 8, Mac, "out_dst_mac"), (15, 16, Mac, "in_dst_mac"), (15, 24, Mac, "out_src_mac"),
    (16, 0, U32, "next_as"), (16, 4, U32, "prev_as"),
    (17, 0, Micros, "cli_latency"), (17, 8, Micros, "srv_latency"), (17, 16, Micros, "app_latency"),
    (19, 8, U32, "connect_id"), (19, 14, U8, "event_id"), (19, 12, U16, "xevent_id"),
    (20, 0, Ipv4, "src4_xlt_ip"), (20, 4, Ipv4, "dst4_xlt_ip"), (21, 0, Ipv6, "src6_xlt_ip"), (21, 16, Ipv6, "dst6_xlt_ip"),
    (22, 0, U16, "src_xlt_port"), (22, 2, U16, "dst_xlt_port"),
    (23, 0, Acl, "ingress_acl"), (23, 12, Acl, "egress_acl"), (24, 0, Text, "user_name"),
    (25, 12, U8, "nat_event_id"), (25, 8, U32, "nat_pool_id"),
    (26, 0, U16, "pblock_start"), (26, 2, U16, "pblock_end"), (26, 4, U16, "pblock_step"), (26, 6, U16, "pblock_size"),
    (31, 8, U32, "tun_proto"), (31, 0, Ipv4, "src4_tun_ip"), (31, 4, Ipv4, "dst4_tun_ip"),
    (32, 32, U32, "tun_proto"), (32, 0, Ipv6, "src6_tun_ip"), (32, 16, Ipv6, "dst6_tun_ip"),
    (33, 8, U32, "observationDomainID"), (33, 0, U64, "observationPointID"),
    (36, 4, U32, "ingress_vrf"), (36, 0, U32, "egress_vrf"),
    (38, 0, U16, "vlanID"), (38, 4, U16, "post_vlanID"), (38, 2, U16, "cust_vlanID"), (38, 6, U16, "post_cust_vlanID"),
    (38, 8, U32, "phys_ingress"), (38, 12, U32, "phys_egress"), (38, 24, U16, "ethertype"), (38, 26, U8, "ip_version"),
    (39, 0, U64, "flowID"), (40, 0, U16, "inServiceID"), (40, 2, U16, "outServiceID"), (41, 0, Text, "natString"),
    (42, 2, U8, "ip_minttl"), (42, 3, U8, "ip_maxttl"),
];

/// Those of layout 1; the number 0 stands for the fixed fields.
#[rustfmt::skip]
const COMMON: &[Row] = &[
    (0, 20, U8, "fwd_status"),
    (8, 2, U8, "src_mask"), (8, 3, U8, "dst_mask"), (8, 1, U8, "x_direction"), (8, 0, U8, "dst_tos"),
    (13, 2, U16, "dst_vlan"),
    (11, 0, Ipv4, "bgp4_next_hop"), (12, 0, Ipv6, "bgp6_next_hop"),
    (22, 0, Mpls, "mpls_1"), (22, 4, Mpls, "mpls_2"), (22, 8, Mpls, "mpls_3"), (22, 12, Mpls, "mpls_4"), (22, 16, Mpls, "mpls_5"),
    (22, 20, Mpls, "mpls_6"), (22, 24, Mpls, "mpls_7"), (22, 28, Mpls, "mpls_8"), (22, 32, Mpls, "mpls_9"), (22, 36, Mpls, "mpls_10"),
    (20, 0, Mac, "in_src_mac"), (20, 8, Mac, "out_dst_mac"), (21, 0, Mac, "in_dst_mac"), (21, 8, Mac, "out_src_mac"),
    (26, 0, U32, "next_as"), (26, 4, U32, "prev_as"),
    (45, 0, Micros, "cli_latency"), (45, 8, Micros, "srv_latency"), (45, 16, Micros, "app_latency"),
    (37, 8, U32, "connect_id"), (37, 14, U8, "event_id"), (37, 16, U16, "xevent_id"),
    (39, 0, Ipv4, "src4_xlt_ip"), (39, 4, Ipv4, "dst4_xlt_ip"), (40, 0, Ipv6, "src6_xlt_ip"), (40, 16, Ipv6, "dst6_xlt_ip"),
    (38, 0, U16, "src_xlt_port"), (38, 2, U16, "dst_xlt_port"),
    (41, 0, Acl, "ingress_acl"), (41, 12, Acl, "egress_acl"), (42, 0, Text, "user_name"), (43, 0, Text, "user_name"),
    (46, 0, U8, "nat_event_id"), (46, 8, U32, "ingress_vrf"), (46, 4, U32, "egress_vrf"),
    (48, 0, U16, "pblock_start"), (48, 2, U16, "pblock_end"), (48, 4, U16, "pblock_step"), (48, 6, U16, "pblock_size"),
];

/// Appends what a record of layout 2 has besides; `find` gives the content of an element.
pub(super) fn recent<'r>(find: impl Fn(usize) -> Option<&'r [u8]>, out: &mut Vec<u8>) {
    rows(RECENT, find, out);
}

/// The same of layout 1; `find` gives what is left of the record from an extension on, and the record for 0.
pub(super) fn common<'r>(find: impl Fn(usize) -> Option<&'r [u8]>, out: &mut Vec<u8>) {
    rows(COMMON, find, out);
}

fn rows<'r>(rows: &[Row], find: impl Fn(usize) -> Option<&'r [u8]>, out: &mut Vec<u8>) {
    for (element, at, form, name) in rows {
        // An element may be shorter in files of older versions.
        let Some(bytes) = find(*element).and_then(|bytes| bytes.get(*at..)) else { continue };
        let before = out.len();
        out.push(b',');
        text::write_json(name, out);
        out.push(b':');
        if !value(*form, bytes, out) {
            out.truncate(before);
        }
    }
}

/// Appends a value as JSON; false where the bytes are none.
fn value(form: Form, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let length = match form {
        U8 => 1,
        U16 => 2,
        U32 | Ipv4 | Mpls => 4,
        U64 | Mac | Micros => 8,
        Acl => 12,
        Ipv6 => 16,
        Text => 0,
    };
    if bytes.len() < length {
        return false;
    }
    // Writing to a Vec cannot fail.
    let _ = match form {
        U8 => write!(out, "{}", u8_at(bytes, 0)),
        U16 => write!(out, "{}", u16_at(bytes, 0)),
        U32 => write!(out, "{}", u32_at(bytes, 0)),
        U64 => write!(out, "{}", u64_at(bytes, 0)),
        Micros => {
            let micros = u64_at(bytes, 0);
            write!(out, "{}.{:03}", micros / 1000, micros % 1000)
        }
        Ipv4 => return address(Address::v4(u32_at(bytes, 0)), out),
        Ipv6 => return address(ipv6(u128_at(bytes, 0)), out),
        Mac => {
            let [_, _, a, b, c, d, e, f] = u64_at(bytes, 0).to_be_bytes();
            write!(out, "\"{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}\"")
        }
        Mpls => {
            let label = u32_at(bytes, 0);
            write!(out, "\"{}-{}-{}\"", label >> 4, label >> 1 & 7, label & 1)
        }
        Acl => write!(out, "\"{:#x}/{:#x}/{:#x}\"", u32_at(bytes, 0), u32_at(bytes, 4), u32_at(bytes, 8)),
        Text => return string(bytes, out),
    };
    true
}

fn address(address: Address, out: &mut Vec<u8>) -> bool {
    out.push(b'"');
    address.write(out);
    out.push(b'"');
    true
}

fn string(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(string) if !string.is_empty() => {
            text::write_json(string, out);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What is kept of one extension with this content.
    fn kept(table: &[Row], id: usize, content: &[u8]) -> String {
        let mut out = Vec::new();
        rows(table, |element| (element == id).then_some(content), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_are_written_as_nfdump_prints_them() {
        let v6 = [&[0, 0, 0, 0, 0xb8, 0x0d, 1, 0x20, 1][..], &[0; 7]].concat();
        for (id, content, wanted) in [
            (
                4,
                vec![0, 0, 0, 0, 0, 0, 0, 0, 24, 16, 1, 3],
                r#","src_mask":24,"dst_mask":16,"x_direction":1,"dst_tos":3"#,
            ),
            (8, vec![254, 0, 0, 10], r#","bgp4_next_hop":"10.0.0.254""#),
            (9, v6, r#","bgp6_next_hop":"2001:db8::1""#),
            (14, vec![0x21, 0x3f, 0, 0], r#","mpls_1":"1010-0-1""#),
            (15, vec![0xaa, 0x90, 0x78, 0x56, 0x34, 0x12, 0, 0], r#","in_src_mac":"12:34:56:78:90:aa""#),
            (17, 22u64.to_le_bytes().to_vec(), r#","cli_latency":0.022"#),
            (23, [&[1, 0, 0, 0][..], &[0; 8]].concat(), r#","ingress_acl":"0x1/0x0/0x0""#),
            (24, b"a\"b\0rest".to_vec(), r#","user_name":"a\"b""#),
            (24, b"\xff\0".to_vec(), ""),
            (39, u64::MAX.to_le_bytes().to_vec(), r#","flowID":18446744073709551615"#),
        ] {
            let all = kept(RECENT, id, &content);
            assert!(all.starts_with(wanted) && (!wanted.is_empty() || all.is_empty()), "{all} and not {wanted}");
        }
    }

    #[test]
    fn names_are_unique_but_for_two_kinds_of_the_same() {
        for (table, twice) in [(RECENT, vec!["tun_proto"]), (COMMON, vec!["user_name"])] {
            let mut names: Vec<_> = table.iter().map(|row| row.3).collect();
            names.sort_unstable();
            let met: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
            assert_eq!(met, twice);
            for name in names {
                assert_eq!(crate::row::extra_key(name.trim_start_matches("x_")), name);
            }
        }
    }

    #[test]
    fn of_what_is_cut_short_nothing_is_kept() {
        for (id, ..) in RECENT {
            assert_eq!(kept(RECENT, *id, &[]), "", "{id}");
        }
    }
}
