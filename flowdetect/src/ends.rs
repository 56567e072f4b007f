//! The two ends of a flow as a key: hashed in one word where both are IPv4.
//!
//! Order: by source, then destination; absent ones first, IPv4 before IPv6, by value. Bound: 34 bytes.

use flow_record::record::Flow;
use flow_record::record::key::Part;
use flow_record::value::Address;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// Source and destination of a flow, as far as it has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ends {
    /// Source.
    pub(crate) src: Option<Address>,
    /// Destination.
    pub(crate) dst: Option<Address>,
}

impl Ends {
    /// Those of a flow.
    #[inline]
    pub(crate) fn of(flow: &Flow) -> Ends {
        Ends { src: flow.src_ip(), dst: flow.dst_ip() }
    }

    /// Both as parts of a key; an absent one has its place too.
    pub(crate) fn parts(&self) -> [Part; 2] {
        [self.src, self.dst].map(|end| end.map_or(Part::Truth(false), Part::Address))
    }
}

impl Hash for Ends {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let (Some(Address(IpAddr::V4(src))), Some(Address(IpAddr::V4(dst)))) = (self.src, self.dst) {
            state.write_u64(u64::from(u32::from(src)) << 32 | u64::from(u32::from(dst)));
        } else {
            self.src.hash(state);
            self.dst.hash(state);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flow_record::map::Set;

    #[test]
    fn ends_differ_by_family_and_by_direction() {
        let address = |text| Address::parse(text).unwrap();
        let all = ["10.0.0.1", "10.0.0.2", "::ffff:10.0.0.1", "::1"].map(address).map(Some);
        let all: Vec<_> = all.into_iter().chain([None]).collect();
        let pairs: Set<Ends> = all.iter().flat_map(|a| all.iter().map(|b| Ends { src: *a, dst: *b })).collect();
        assert_eq!(pairs.len(), 25);
    }
}
