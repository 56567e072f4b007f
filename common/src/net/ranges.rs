//! A value for every address, out of networks that may lie within each other: the most specific network counts.
//!
//! Networks are laid out flat, as the addresses at which the value changes, and an index by first octet says where to
//! begin, so that a look-up in a table of a few networks is one or two comparisons and never depends on nesting.
//! Invariant: `starts` ascends without repetition and begins at 0. Bound: two entries a network.

use crate::value::Address;
use ipnet::IpNet;
use std::net::IpAddr;

/// Values by network, IPv4 and IPv6 apart.
#[derive(Clone, Debug)]
pub struct Ranges<T> {
    v4: Family<T>,
    v6: Family<T>,
}

/// One family, its addresses aligned to the left of 128 bits.
#[derive(Clone, Debug)]
struct Family<T> {
    starts: Vec<u128>,
    values: Vec<T>,
    /// For each first octet, how many of `starts` lie below it or at its first address, less one.
    first: Box<[u32; 257]>,
}

/// A network as its first and last address.
struct Block<T> {
    first: u128,
    last: u128,
    value: T,
}

impl<T: Copy + PartialEq> Ranges<T> {
    /// A table of these networks; of two equal ones the later counts. Every other address has the value `otherwise`.
    pub fn new(networks: impl IntoIterator<Item = (IpNet, T)>, otherwise: T) -> Ranges<T> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (network, value) in networks {
            let family = if network.addr().is_ipv4() { &mut v4 } else { &mut v6 };
            let last = aligned(network.broadcast()) | fill(network.addr());
            family.push(Block { first: aligned(network.network()), last, value });
        }
        Ranges { v4: Family::new(v4, otherwise), v6: Family::new(v6, otherwise) }
    }

    /// The value of an address.
    #[inline]
    pub fn at(&self, address: Address) -> T {
        match address.0 {
            IpAddr::V4(a) => self.v4.at(u128::from(u32::from(a)) << 96),
            IpAddr::V6(a) => self.v6.at(u128::from(a)),
        }
    }
}

fn aligned(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(a) => u128::from(u32::from(a)) << 96,
        IpAddr::V6(a) => u128::from(a),
    }
}

/// The bits to the right of an aligned address.
fn fill(ip: IpAddr) -> u128 {
    if ip.is_ipv4() { u128::MAX >> 32 } else { 0 }
}

impl<T: Copy + PartialEq> Family<T> {
    fn new(mut blocks: Vec<Block<T>>, otherwise: T) -> Family<T> {
        // An outer network comes before the inner ones; the sort is stable, so equal ones keep their order.
        blocks.sort_by_key(|b| (b.first, u128::MAX - b.last));
        let mut family = Family { starts: vec![0], values: vec![otherwise], first: Box::new([0; 257]) };
        let mut open: Vec<Block<T>> = Vec::new();
        for block in blocks {
            family.close(&mut open, block.first, otherwise);
            family.change(block.first, block.value);
            open.push(block);
        }
        family.close(&mut open, u128::MAX, otherwise);
        for (octet, place) in family.first.iter_mut().enumerate() {
            let below = match octet {
                256 => family.starts.len(),
                _ => family.starts.partition_point(|s| *s <= (octet as u128) << 120),
            };
            *place = below as u32 - 1;
        }
        family
    }

    /// Ends the open networks that lie wholly before `at`, each giving way to the one around it.
    fn close(&mut self, open: &mut Vec<Block<T>>, at: u128, otherwise: T) {
        while let Some(inner) = open.pop_if(|b| b.last < at) {
            self.change(inner.last + 1, open.last().map_or(otherwise, |b| b.value));
        }
    }

    /// From `at` on the value is this.
    fn change(&mut self, at: u128, value: T) {
        if self.starts.last() == Some(&at) {
            self.starts.pop();
            self.values.pop();
        }
        if self.values.last() != Some(&value) {
            self.starts.push(at);
            self.values.push(value);
        }
    }

    #[inline]
    fn at(&self, address: u128) -> T {
        let octet = (address >> 120) as usize;
        let (low, high) = (self.first[octet] as usize, self.first[octet + 1] as usize);
        let within = &self.starts[low + 1..=high];
        self.values[low + within.partition_point(|s| *s <= address)]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ipnet::{Ipv4Net, Ipv6Net};
    use proptest::prelude::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn at(ranges: &Ranges<u8>, text: &str) -> u8 {
        ranges.at(Address::parse(text).unwrap())
    }

    #[test]
    fn the_most_specific_network_counts() {
        let ranges = Ranges::new([(net("10.0.0.0/8"), 1), (net("10.1.0.0/16"), 2), (net("10.1.2.3/32"), 3)], 0);
        for (text, value) in [
            ("9.255.255.255", 0),
            ("10.0.0.0", 1),
            ("10.1.0.0", 2),
            ("10.1.2.2", 2),
            ("10.1.2.3", 3),
            ("10.1.2.4", 2),
            ("10.2.0.0", 1),
            ("10.255.255.255", 1),
            ("11.0.0.0", 0),
            ("::10.1.2.3", 0),
        ] {
            assert_eq!(at(&ranges, text), value, "{text}");
        }
    }

    #[test]
    fn a_network_may_be_everything_and_reach_the_last_address() {
        let ranges = Ranges::new([(net("0.0.0.0/0"), 1), (net("255.255.255.255/32"), 2), (net("::/0"), 3)], 0);
        assert_eq!((at(&ranges, "0.0.0.0"), at(&ranges, "255.255.255.254"), at(&ranges, "255.255.255.255")), (1, 1, 2));
        assert_eq!((at(&ranges, "::"), at(&ranges, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), (3, 3));
        assert_eq!(at(&Ranges::new([], 7), "1.2.3.4"), 7);
    }

    #[test]
    fn of_equal_networks_the_later_counts() {
        assert_eq!(at(&Ranges::new([(net("10.0.0.0/8"), 1), (net("10.0.0.0/8"), 2)], 0), "10.9.9.9"), 2);
    }

    fn networks() -> impl Strategy<Value = Vec<(IpNet, u8)>> {
        // Few distinct bits, so that networks nest and touch.
        let v4 = (any::<u32>(), 0u8..=32)
            .prop_map(|(a, l)| IpNet::V4(Ipv4Net::new((a & 0xc101_8003).into(), l).unwrap().trunc()));
        let v6 = (any::<u128>(), 0u8..=128)
            .prop_map(|(a, l)| IpNet::V6(Ipv6Net::new((a & (0xc1 << 120 | 3 << 64 | 3)).into(), l).unwrap().trunc()));
        proptest::collection::vec((prop_oneof![v4, v6], any::<u8>()), 0..20)
    }

    proptest! {
        #[test]
        fn agrees_with_a_look_at_every_network(all in networks(), v4: u32, v6: u128) {
            let ranges = Ranges::new(all.clone(), 0);
            let mut ips: Vec<IpAddr> = vec![IpAddr::V4(v4.into()), IpAddr::V6(v6.into())];
            ips.extend(all.iter().flat_map(|(n, _)| [n.network(), n.broadcast()]));
            for ip in ips {
                let best = all.iter().filter(|(n, _)| n.contains(&ip)).max_by_key(|(n, _)| n.prefix_len());
                prop_assert_eq!(ranges.at(Address(ip)), best.map_or(0, |(_, v)| *v), "{}", ip);
            }
        }
    }
}
