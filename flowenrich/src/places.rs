//! Numbers by address, out of addresses, networks and ranges as people write them.
//!
//! Addresses that stand alone are in a map, so that a million of them cost one look-up; networks and ranges are in a flat
//! table ([`Ranges`]). Invariant: the most specific entry is found, of equal ones the one that came first. Bound: the
//! entries; a range becomes at most 254 networks.

use flow_record::map::Map;
use flow_record::net::Ranges;
use flow_record::value::Address;
use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use std::collections::hash_map::Entry;
use std::net::IpAddr;

/// No number.
const NONE: u32 = u32::MAX;

/// Numbers by address.
#[derive(Default)]
pub(crate) struct Places {
    addresses: Map<Address, u32>,
    /// In the order in which they came.
    networks: Vec<(IpNet, u32)>,
    table: Option<Ranges<u32>>,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is found from now on.
    New,
    /// The same address was there before.
    Known,
    /// It is no address, network or range.
    Nothing,
}

impl Places {
    /// Adds `10.0.0.1`, `10.0.0.0/8` or `10.0.0.1-10.0.0.9`.
    pub(crate) fn add(&mut self, text: &str, number: u32) -> Added {
        if let Some(address) = Address::parse(text) {
            return match self.addresses.entry(address) {
                Entry::Vacant(free) => {
                    free.insert(number);
                    Added::New
                }
                Entry::Occupied(_) => Added::Known,
            };
        }
        let Some((first, last)) = ends(text) else { return Added::Nothing };
        match (first, last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                self.networks.extend(Ipv4Subnets::new(a, b, 0).map(|network| (IpNet::V4(network), number)));
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                self.networks.extend(Ipv6Subnets::new(a, b, 0).map(|network| (IpNet::V6(network), number)));
            }
            _ => return Added::Nothing,
        }
        Added::New
    }

    /// All entries have been added.
    pub(crate) fn close(&mut self) {
        // Of equal networks the last one counts there.
        let networks = std::mem::take(&mut self.networks).into_iter().rev();
        self.table = Some(Ranges::new(networks, NONE));
    }

    /// The number of an address.
    #[inline]
    pub(crate) fn at(&self, address: Address) -> Option<u32> {
        if let Some(number) = self.addresses.get(&address) {
            return Some(*number);
        }
        self.table.as_ref().map(|table| table.at(address)).filter(|number| *number != NONE)
    }
}

/// First and last address of a network or range of one family.
fn ends(text: &str) -> Option<(IpAddr, IpAddr)> {
    if text.contains('/') {
        let network: IpNet = text.parse().ok()?;
        return Some((network.network(), network.broadcast()));
    }
    let (first, last) = text.split_once('-')?;
    let (first, last) = (Address::parse(first.trim())?.0, Address::parse(last.trim())?.0);
    (first.is_ipv4() == last.is_ipv4() && first <= last).then_some((first, last))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_entry_counts_and_of_equal_ones_the_first() {
        let mut places = Places::default();
        for (number, text) in
            ["10.0.0.0/8", "10.1.0.0-10.1.255.255", "10.1.2.3", "10.1.0.0/16", "2001:db8::/32"].iter().enumerate()
        {
            assert_eq!(places.add(text, number as u32), Added::New, "{text}");
        }
        assert_eq!(places.add("10.1.2.3", 9), Added::Known);
        for text in ["10.0.0.0/33", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "x", "", "1.2.3"] {
            assert_eq!(places.add(text, 9), Added::Nothing, "{text}");
        }
        places.close();
        for (address, number) in [
            ("10.2.0.0", Some(0)),
            ("10.1.9.9", Some(1)),
            ("10.1.2.3", Some(2)),
            ("11.0.0.0", None),
            ("2001:db8:1::1", Some(4)),
            ("::1", None),
        ] {
            assert_eq!(places.at(Address::parse(address).unwrap()), number, "{address}");
        }
    }
}
