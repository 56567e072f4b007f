//! Sets of addresses: networks and ranges of both families, laid out as ranges that neither overlap nor touch.
//!
//! Many IPv4 ranges get an index by the first 16 bits, so that a look-up among 100 000 networks is a look at a table and
//! at the few ranges of one /16. Bound: eight bytes an IPv4 range and 256 KiB, 32 bytes an IPv6 range.

use super::ranges::{is_within, joined};
use crate::value::Address;
use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use std::net::IpAddr;

/// First and last address of a range, of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// IPv4.
    V4(u32, u32),
    /// IPv6.
    V6(u128, u128),
}

impl From<IpNet> for Block {
    fn from(network: IpNet) -> Block {
        match network {
            IpNet::V4(n) => Block::V4(n.network().to_bits(), n.broadcast().to_bits()),
            IpNet::V6(n) => Block::V6(n.network().to_bits(), n.broadcast().to_bits()),
        }
    }
}

/// A set of addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
    /// For each value of the first 16 bits of an IPv4 address, how many ranges end before it.
    index: Option<Box<[u32]>>,
}

impl PartialEq for Addresses {
    fn eq(&self, other: &Addresses) -> bool {
        (&self.v4, &self.v6) == (&other.v4, &other.v6)
    }
}

/// So many IPv4 ranges are searched without an index.
const FEW: usize = 8;

impl Addresses {
    /// The set of what lies in one of these.
    pub(super) fn new(blocks: impl IntoIterator<Item = Block>) -> Addresses {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for block in blocks {
            match block {
                Block::V4(first, last) => v4.push((first, last)),
                Block::V6(first, last) => v6.push((first, last)),
            }
        }
        let v4 = joined(v4, |a| a.checked_add(1));
        let index = (v4.len() > FEW).then(|| {
            let before = |high: u32| v4.partition_point(|(_, last)| last >> 16 < high) as u32;
            (0..=1 << 16).map(before).collect()
        });
        Addresses { v4, v6: joined(v6, |a| a.checked_add(1)), index }
    }

    /// Whether an address is in the set.
    #[inline]
    pub(super) fn contains(&self, address: Address) -> bool {
        match address.0 {
            IpAddr::V4(a) => self.has_v4(a.to_bits()),
            IpAddr::V6(a) => is_within(&self.v6, a.to_bits()),
        }
    }

    #[inline]
    fn has_v4(&self, address: u32) -> bool {
        let Some(index) = &self.index else {
            return self.v4.iter().any(|(first, last)| (*first..=*last).contains(&address));
        };
        let high = (address >> 16) as usize;
        let place = |at: usize| index.get(at).map_or(self.v4.len(), |p| *p as usize);
        // The range after the last that ends within these 16 bits may begin in them.
        let end = (place(high + 1) + 1).min(self.v4.len());
        self.v4.get(place(high)..end).is_some_and(|ranges| is_within(ranges, address))
    }

    /// The set as networks, IPv4 first.
    pub(super) fn networks(&self) -> impl Iterator<Item = IpNet> {
        let v4 = self.v4.iter().flat_map(|(a, b)| Ipv4Subnets::new((*a).into(), (*b).into(), 0).map(IpNet::V4));
        let v6 = self.v6.iter().flat_map(|(a, b)| Ipv6Subnets::new((*a).into(), (*b).into(), 0).map(IpNet::V6));
        v4.chain(v6)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ipnet::{Ipv4Net, Ipv6Net};
    use proptest::prelude::*;

    #[test]
    fn the_first_and_the_last_address_count() {
        let nets = ["0.0.0.0/8", "255.255.255.0/24", "::/128", "ffff::/16"].map(|n| n.parse::<IpNet>().unwrap());
        let set = Addresses::new(nets.map(Block::from));
        for (text, is_in) in [
            ("0.0.0.0", true),
            ("0.255.255.255", true),
            ("1.0.0.0", false),
            ("255.255.255.255", true),
            ("::", true),
            ("::1", false),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ] {
            assert_eq!(set.contains(Address::parse(text).unwrap()), is_in, "{text}");
        }
        assert_eq!(set.networks().collect::<Vec<_>>(), nets);
    }

    fn networks() -> impl Strategy<Value = Vec<IpNet>> {
        // Few distinct bits, so that networks nest, touch, and lie in the same /16.
        let v4 =
            (any::<u32>(), 0u8..=32).prop_map(|(a, l)| IpNet::V4(Ipv4Net::new((a & 0xc101_8303).into(), l).unwrap()));
        let v6 = (any::<u128>(), 0u8..=128)
            .prop_map(|(a, l)| IpNet::V6(Ipv6Net::new((a & (0xc1 << 120 | 3 << 64 | 3)).into(), l).unwrap()));
        proptest::collection::vec(prop_oneof![3 => v4, 1 => v6], 0..60)
    }

    proptest! {
        #[test]
        fn holds_what_one_of_its_networks_holds(all in networks(), v4: u32, v6: u128) {
            let set = Addresses::new(all.iter().map(|n| Block::from(*n)));
            let again = Addresses::new(set.networks().map(Block::from));
            prop_assert_eq!(&set, &again);
            let mut ips: Vec<IpAddr> = vec![IpAddr::V4((v4 & 0xc101_8303).into()), IpAddr::V6(v6.into())];
            ips.extend(all.iter().flat_map(|n| [n.network(), n.broadcast()]));
            for ip in ips {
                prop_assert_eq!(set.contains(Address(ip)), all.iter().any(|n| n.contains(&ip)), "{}", ip);
            }
        }
    }
}
