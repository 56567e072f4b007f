//! The scope of an address by the IANA registries of special-purpose addresses (RFC 6890, RFC 8190), of multicast
//! addresses (RFC 5771, RFC 4291 section 2.7) and of the IPv6 address space (RFC 4291 section 2.4).
//!
//! The rows are all of both special-purpose registries as of 2026. A block that its registry calls globally reachable
//! is `global`; an address in no row is `global`, but for IPv6 outside 2000::/3, which IANA has reserved.

use super::Ranges;
use ipnet::IpNet;

/// The scopes, in the order in which `--explain` lists them.
pub const SCOPES: &[&str] = &[
    "global",
    "private",
    "unique_local",
    "loopback",
    "link_local",
    "multicast",
    "broadcast",
    "unspecified",
    "this_network",
    "shared",
    "documentation",
    "benchmarking",
    "reserved",
    "protocol",
    "relay",
    "ipv4_mapped",
    "translation",
    "teredo",
    "6to4",
    "orchid",
    "srv6",
    "discard",
    "dummy",
];

/// Network and scope.
const ROWS: &[(&str, &str)] = &[
    // IPv4 Special-Purpose Address Registry.
    ("0.0.0.0/8", "this_network"),        // RFC 791 section 3.2
    ("0.0.0.0/32", "unspecified"),        // RFC 1122 section 3.2.1.3
    ("10.0.0.0/8", "private"),            // RFC 1918
    ("100.64.0.0/10", "shared"),          // RFC 6598
    ("127.0.0.0/8", "loopback"),          // RFC 1122 section 3.2.1.3
    ("169.254.0.0/16", "link_local"),     // RFC 3927
    ("172.16.0.0/12", "private"),         // RFC 1918
    ("192.0.0.0/24", "protocol"),         // RFC 6890 section 2.1
    ("192.0.0.0/29", "protocol"),         // RFC 7335, service continuity
    ("192.0.0.8/32", "protocol"),         // RFC 7600, dummy
    ("192.0.0.9/32", "global"),           // RFC 7723, PCP anycast
    ("192.0.0.10/32", "global"),          // RFC 8155, TURN anycast
    ("192.0.0.170/32", "protocol"),       // RFC 8880, NAT64 discovery
    ("192.0.0.171/32", "protocol"),       // RFC 8880, NAT64 discovery
    ("192.0.2.0/24", "documentation"),    // RFC 5737
    ("192.31.196.0/24", "global"),        // RFC 7535, AS112
    ("192.52.193.0/24", "global"),        // RFC 7450, AMT
    ("192.88.99.0/24", "relay"),          // RFC 7526, 6to4 relay, deprecated
    ("192.88.99.2/32", "relay"),          // RFC 6751, 6a44 relay
    ("192.168.0.0/16", "private"),        // RFC 1918
    ("192.175.48.0/24", "global"),        // RFC 7534, AS112
    ("198.18.0.0/15", "benchmarking"),    // RFC 2544
    ("198.51.100.0/24", "documentation"), // RFC 5737
    ("203.0.113.0/24", "documentation"),  // RFC 5737
    ("240.0.0.0/4", "reserved"),          // RFC 1112 section 4
    ("255.255.255.255/32", "broadcast"),  // RFC 919 section 7
    // IPv4 Multicast Address Space Registry.
    ("224.0.0.0/4", "multicast"), // RFC 5771
    // IPv6 Address Space: all but 2000::/3 is reserved where nothing else is said.
    ("::/0", "reserved"),      // RFC 4291
    ("2000::/3", "global"),    // RFC 4291
    ("ff00::/8", "multicast"), // RFC 4291 section 2.7
    // IPv6 Special-Purpose Address Registry.
    ("::1/128", "loopback"),            // RFC 4291
    ("::/128", "unspecified"),          // RFC 4291
    ("::ffff:0:0/96", "ipv4_mapped"),   // RFC 4291
    ("64:ff9b::/96", "global"),         // RFC 6052
    ("64:ff9b:1::/48", "translation"),  // RFC 8215
    ("100::/64", "discard"),            // RFC 6666
    ("100:0:0:1::/64", "dummy"),        // RFC 9780
    ("2001::/23", "protocol"),          // RFC 2928
    ("2001::/32", "teredo"),            // RFC 4380
    ("2001:1::1/128", "global"),        // RFC 7723, PCP anycast
    ("2001:1::2/128", "global"),        // RFC 8155, TURN anycast
    ("2001:1::3/128", "global"),        // RFC 9665, DNS-SD anycast
    ("2001:2::/48", "benchmarking"),    // RFC 5180
    ("2001:3::/32", "global"),          // RFC 7450, AMT
    ("2001:4:112::/48", "global"),      // RFC 7535, AS112
    ("2001:10::/28", "orchid"),         // RFC 4843, deprecated
    ("2001:20::/28", "global"),         // RFC 7343, ORCHIDv2
    ("2001:30::/28", "global"),         // RFC 9374, drone identifiers
    ("2001:db8::/32", "documentation"), // RFC 3849
    ("2002::/16", "6to4"),              // RFC 3056
    ("2620:4f:8000::/48", "global"),    // RFC 7534, AS112
    ("3fff::/20", "documentation"),     // RFC 9637
    ("5f00::/16", "srv6"),              // RFC 9602
    ("fc00::/7", "unique_local"),       // RFC 4193
    ("fe80::/10", "link_local"),        // RFC 4291
];

/// The scope of every address, as its place in [`SCOPES`].
pub fn scopes() -> Ranges<u8> {
    let rows = ROWS.iter().filter_map(|(network, scope)| {
        let at = SCOPES.iter().position(|s| s == scope)?;
        Some((network.parse().ok()?, at as u8))
    });
    Ranges::new(rows, 0)
}

/// The networks that are one's own unless told otherwise, as one writes them in an item: the private ones of IPv4
/// (RFC 1918) and the unique local one of IPv6 (RFC 4193).
pub const INTERNAL: &str = "10.0.0.0/8+172.16.0.0/12+192.168.0.0/16+fc00::/7";

/// Whether an address lies in one of one's own networks.
pub fn internal(networks: impl IntoIterator<Item = IpNet>) -> Ranges<bool> {
    Ranges::new(networks.into_iter().map(|network| (network, true)), false)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::value::Address;

    fn scope(text: &str) -> &'static str {
        SCOPES[scopes().at(Address::parse(text).unwrap()) as usize]
    }

    #[test]
    fn every_row_is_a_network_with_a_known_scope() {
        for (network, scope) in ROWS {
            let parsed: IpNet = network.parse().unwrap();
            assert_eq!(parsed, parsed.trunc(), "{network}");
            assert!(SCOPES.contains(scope), "{scope}");
        }
    }

    /// Block and "Globally Reachable" of every row of the two special-purpose registries; `None` where the registry
    /// says N/A or, for a deprecated block, nothing.
    const REGISTRY: &[(&str, Option<bool>)] = &[
        ("0.0.0.0/8", Some(false)),
        ("0.0.0.0/32", Some(false)),
        ("10.0.0.0/8", Some(false)),
        ("100.64.0.0/10", Some(false)),
        ("127.0.0.0/8", Some(false)),
        ("169.254.0.0/16", Some(false)),
        ("172.16.0.0/12", Some(false)),
        ("192.0.0.0/24", Some(false)),
        ("192.0.0.0/29", Some(false)),
        ("192.0.0.8/32", Some(false)),
        ("192.0.0.9/32", Some(true)),
        ("192.0.0.10/32", Some(true)),
        ("192.0.0.170/32", Some(false)),
        ("192.0.0.171/32", Some(false)),
        ("192.0.2.0/24", Some(false)),
        ("192.31.196.0/24", Some(true)),
        ("192.52.193.0/24", Some(true)),
        ("192.88.99.0/24", None),
        ("192.88.99.2/32", Some(false)),
        ("192.168.0.0/16", Some(false)),
        ("192.175.48.0/24", Some(true)),
        ("198.18.0.0/15", Some(false)),
        ("198.51.100.0/24", Some(false)),
        ("203.0.113.0/24", Some(false)),
        ("240.0.0.0/4", Some(false)),
        ("255.255.255.255/32", Some(false)),
        ("::1/128", Some(false)),
        ("::/128", Some(false)),
        ("::ffff:0:0/96", Some(false)),
        ("64:ff9b::/96", Some(true)),
        ("64:ff9b:1::/48", Some(false)),
        ("100::/64", Some(false)),
        ("100:0:0:1::/64", Some(false)),
        ("2001::/23", Some(false)),
        ("2001::/32", None),
        ("2001:1::1/128", Some(true)),
        ("2001:1::2/128", Some(true)),
        ("2001:1::3/128", Some(true)),
        ("2001:2::/48", Some(false)),
        ("2001:3::/32", Some(true)),
        ("2001:4:112::/48", Some(true)),
        ("2001:10::/28", None),
        ("2001:20::/28", Some(true)),
        ("2001:30::/28", Some(true)),
        ("2001:db8::/32", Some(false)),
        ("2002::/16", None),
        ("2620:4f:8000::/48", Some(true)),
        ("3fff::/20", Some(false)),
        ("5f00::/16", Some(false)),
        ("fc00::/7", Some(false)),
        ("fe80::/10", Some(false)),
    ];

    #[test]
    fn what_the_registries_call_globally_reachable_is_global_and_nothing_else_of_theirs() {
        for (block, reachable) in REGISTRY {
            let block: IpNet = block.parse().unwrap();
            for ip in [block.network(), block.broadcast()] {
                // An address at the edge may belong to a more specific row.
                let row = REGISTRY.iter().map(|(b, r)| (b.parse::<IpNet>().unwrap(), r));
                let (inner, _) = row.filter(|(b, _)| b.contains(&ip)).max_by_key(|(b, _)| b.prefix_len()).unwrap();
                if inner == block {
                    assert_eq!(scope(&ip.to_string()) == "global", *reachable == Some(true), "{ip} of {block}");
                }
            }
        }
    }

    #[test]
    fn the_addresses_around_each_block_have_another_scope() {
        for (text, expected) in [
            ("0.0.0.0", "unspecified"),
            ("0.0.0.1", "this_network"),
            ("1.0.0.0", "global"),
            ("9.255.255.255", "global"),
            ("10.0.0.0", "private"),
            ("10.255.255.255", "private"),
            ("11.0.0.0", "global"),
            ("100.63.255.255", "global"),
            ("100.64.0.0", "shared"),
            ("100.127.255.255", "shared"),
            ("100.128.0.0", "global"),
            ("127.255.255.255", "loopback"),
            ("169.254.169.254", "link_local"),
            ("172.15.255.255", "global"),
            ("172.16.0.0", "private"),
            ("172.31.255.255", "private"),
            ("172.32.0.0", "global"),
            ("192.0.0.7", "protocol"),
            ("192.0.0.9", "global"),
            ("192.0.0.11", "protocol"),
            ("192.0.1.0", "global"),
            ("192.0.2.255", "documentation"),
            ("192.88.99.1", "relay"),
            ("192.167.255.255", "global"),
            ("192.168.0.0", "private"),
            ("192.169.0.0", "global"),
            ("198.17.255.255", "global"),
            ("198.19.255.255", "benchmarking"),
            ("198.20.0.0", "global"),
            ("223.255.255.255", "global"),
            ("224.0.0.0", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.0", "reserved"),
            ("255.255.255.254", "reserved"),
            ("255.255.255.255", "broadcast"),
            ("193.136.73.21", "global"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::2", "reserved"),
            ("::ffff:10.0.0.1", "ipv4_mapped"),
            ("64:ff9b::8.8.8.8", "global"),
            ("64:ff9b:1::1", "translation"),
            ("100::1", "discard"),
            ("100:0:0:1::1", "dummy"),
            ("100:0:0:2::1", "reserved"),
            ("1fff:ffff::", "reserved"),
            ("2001::1", "teredo"),
            ("2001:1::1", "global"),
            ("2001:1::4", "protocol"),
            ("2001:10::1", "orchid"),
            ("2001:20::1", "global"),
            ("2001:40::1", "protocol"),
            ("2001:200::", "global"),
            ("2001:db8:ffff::", "documentation"),
            ("2001:db9::", "global"),
            ("2002:102:304::", "6to4"),
            ("2a00::1", "global"),
            ("3fff:fff::1", "documentation"),
            ("3fff:1000::", "global"),
            ("4000::", "reserved"),
            ("5f00::1", "srv6"),
            ("fbff::", "reserved"),
            ("fc00::1", "unique_local"),
            ("fdff::1", "unique_local"),
            ("fe7f::", "reserved"),
            ("fe80::1", "link_local"),
            ("febf::1", "link_local"),
            ("fec0::1", "reserved"),
            ("ff02::fb", "multicast"),
        ] {
            assert_eq!(scope(text), expected, "{text}");
        }
    }

    #[test]
    fn internal_are_the_private_and_the_unique_local_networks() {
        let own = internal(INTERNAL.split('+').map(|n| n.parse().unwrap()));
        let scopes = scopes();
        for ip in ["10.0.0.1", "172.31.255.255", "192.168.0.0", "fd00::1", "8.8.8.8", "172.32.0.0", "fe80::1", "::1"] {
            let address = Address::parse(ip).unwrap();
            let is_own = matches!(SCOPES[scopes.at(address) as usize], "private" | "unique_local");
            assert_eq!(own.at(address), is_own, "{ip}");
        }
    }
}
