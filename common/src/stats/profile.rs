//! What is known of one key (a host, a network, a pair): its sums, the distinct ends and ports that it met, and the
//! spread of bytes over its flows.
//!
//! [`Parts`] says what is kept beside the sums; it is passed in, and must be the same in all calls. Invariant: the state
//! is a function of the multiset of flows. Bound: 272 bytes, and what its sets and values hold: see [`Addresses`],
//! [`Ports`], [`KeyQuantiles`].

use super::quantile::{Distribution, KeyQuantiles, Precision};
use super::{Addresses, Count, Moments, Ports, SketchKey, Sums};
use crate::record::Flow;
use crate::value::Address;
use serde::{Deserialize, Serialize};

/// What is kept of each key beside its sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Distinct addresses at the other end.
    pub addresses: bool,
    /// Distinct destination ports.
    pub ports: bool,
    /// Count, mean and deviation of bytes over flows.
    pub moments: bool,
    /// Quantiles of bytes over flows.
    pub quantiles: Precision,
    /// The key of the hash in front of sketches.
    pub key: SketchKey,
}

impl Parts {
    /// Nothing but sums.
    pub fn none() -> Parts {
        Parts { addresses: false, ports: false, moments: false, quantiles: Precision::No, key: SketchKey::default() }
    }

    /// Everything.
    pub fn all() -> Parts {
        Parts { addresses: true, ports: true, moments: true, quantiles: Precision::Bounded, key: SketchKey::default() }
    }
}

/// What is known of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    sums: Sums,
    addresses: Addresses,
    ports: Ports,
    moments: Moments,
    quantiles: KeyQuantiles,
}

impl Profile {
    /// No flows.
    pub fn new(parts: &Parts) -> Profile {
        Profile {
            sums: Sums::new(),
            addresses: Addresses::new(),
            ports: Ports::new(),
            moments: Moments::new(),
            quantiles: KeyQuantiles::new(parts.quantiles),
        }
    }

    /// What a baseline knows of a key, as far as these parts are kept.
    pub fn of(sums: Sums, met: (Addresses, Ports), bytes: (Moments, KeyQuantiles), parts: &Parts) -> Profile {
        let mut made = Profile { sums, ..Profile::new(parts) };
        if parts.addresses {
            made.addresses = met.0;
        }
        if parts.ports {
            made.ports = met.1;
        }
        if parts.moments {
            made.moments = bytes.0;
        }
        made.quantiles.merge(&bytes.1);
        made
    }

    /// Adds a flow as its source sees it: the other end is the destination, `bytes` were sent. Answers that end, which is
    /// the caller's to [`meet`](Profile::meet), at once or later.
    #[inline]
    #[must_use = "the other end is still to be met"]
    pub fn add(&mut self, flow: &Flow, parts: &Parts) -> Option<Address> {
        self.sums.add(flow);
        self.add_spread(flow, flow.bytes(), parts);
        flow.dst_ip()
    }

    /// Adds a flow as its destination sees it: the other end is the source, `rev_bytes` were sent. Answers that end, as
    /// [`add`](Profile::add) does.
    #[inline]
    #[must_use = "the other end is still to be met"]
    pub fn add_reversed(&mut self, flow: &Flow, parts: &Parts) -> Option<Address> {
        self.sums.add_reversed(flow);
        self.add_spread(flow, flow.rev_bytes(), parts);
        flow.src_ip()
    }

    /// Adds an address at the other end.
    #[inline]
    pub fn meet(&mut self, address: Address, parts: &Parts) {
        if parts.addresses {
            self.addresses.insert(address, &parts.key);
        }
    }

    #[inline]
    fn add_spread(&mut self, flow: &Flow, bytes: Option<u64>, parts: &Parts) {
        if parts.ports
            && let Some(port) = flow.dst_port()
        {
            self.ports.insert(port);
        }
        if let Some(bytes) = bytes {
            if parts.moments {
                self.moments.add(bytes);
            }
            if parts.quantiles != Precision::No {
                self.quantiles.add(bytes);
            }
        }
    }

    /// Adds all flows of another state with the same parts.
    pub fn merge(&mut self, other: Profile, parts: &Parts) {
        self.sums.merge(&other.sums);
        if parts.addresses {
            self.addresses.merge(other.addresses, &parts.key);
        }
        if parts.ports {
            self.ports.merge(other.ports);
        }
        if parts.moments {
            self.moments.merge(&other.moments);
        }
        self.quantiles.merge(&other.quantiles);
    }

    /// Flows, bytes, packets, first and last start.
    #[inline]
    pub fn sums(&self) -> &Sums {
        &self.sums
    }

    /// The distinct addresses at the other end; empty where not kept.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Number of distinct addresses at the other end.
    pub fn address_count(&self) -> Count {
        self.addresses.count()
    }

    /// The distinct destination ports; empty where not kept.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Bytes over the flows that had them, a record being one value; empty where not kept.
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Distribution of bytes over the flows that had them; empty where not kept.
    pub fn distribution(&self) -> Distribution {
        self.quantiles.distribution()
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        self.addresses.heap_bytes() + self.ports.heap_bytes() + self.quantiles.heap_bytes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::record::field;
    use crate::value::Time;

    /// A flow from 10.0.0.1 to 10.0.1.`to`, port `port`.
    fn flow(to: u8, port: u64, bytes: u64) -> Flow {
        let mut flow = Flow::from(([10, 0, 0, 1].into(), [10, 0, 1, to].into()));
        assert!(flow.set_integer(field::DST_PORT, port) && flow.set_integer(field::BYTES, bytes));
        flow.set_time(Time(i64::from(to)), 3);
        flow
    }

    fn profile(flows: &[Flow], parts: &Parts) -> Profile {
        let mut profile = Profile::new(parts);
        for flow in flows {
            let end = profile.add(flow, parts);
            end.into_iter().for_each(|a| profile.meet(a, parts));
        }
        profile
    }

    fn flows() -> Vec<Flow> {
        [(1, 80, 10), (1, 443, 30), (2, 80, 20), (9, 0, 0)].map(|(to, port, bytes)| flow(to, port, bytes)).to_vec()
    }

    #[test]
    fn keeps_sums_distinct_ends_and_spread() {
        let known = profile(&flows(), &Parts::all());
        assert_eq!((known.sums().flows(), known.sums().bytes()), (4, 60));
        assert_eq!((known.address_count().value, known.ports().count()), (3, 3));
        assert_eq!((known.moments().n(), known.moments().mean()), (4, 15.0));
        assert_eq!(known.distribution().quantile(0.5).map(|e| (e.value, e.approx)), Some((15.0, false)));
    }

    #[test]
    fn keeps_no_part_that_was_not_asked_for() {
        let known = profile(&flows(), &Parts::none());
        assert_eq!((known.sums().flows(), known.sums().bytes()), (4, 60));
        assert_eq!((known.address_count().value, known.ports().count(), known.moments().n()), (0, 0, 0));
        assert_eq!((known.distribution().n(), known.heap_bytes()), (0, 0));
    }

    #[test]
    fn the_destination_sees_the_source_and_what_it_sent_itself() {
        let parts = Parts::all();
        let mut known = Profile::new(&parts);
        let mut both = flow(1, 80, 10);
        for rev_bytes in [None, Some(7)] {
            assert!(rev_bytes.is_none_or(|v| both.set_integer(field::REV_BYTES, v)));
            let end = known.add_reversed(&both, &parts);
            end.into_iter().for_each(|a| known.meet(a, &parts));
        }
        assert_eq!((known.sums().bytes(), known.sums().rev_bytes()), (7, Some(20)));
        assert_eq!(known.addresses().exact().unwrap(), [Address([10, 0, 0, 1].into())]);
        // A flow that does not say what the destination sent is no value of the spread.
        assert_eq!((known.moments().n(), known.moments().sum()), (1, 7));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let (parts, flows) = (Parts::all(), flows());
        let whole = profile(&flows, &parts);
        for cut in 0..=flows.len() {
            let (mut a, b) = (profile(&flows[..cut], &parts), profile(&flows[cut..], &parts));
            a.merge(b, &parts);
            assert_eq!((a.sums(), a.addresses(), a.ports()), (whole.sums(), whole.addresses(), whole.ports()));
            assert_eq!((a.moments(), a.distribution()), (whole.moments(), whole.distribution()));
        }
    }

    #[test]
    fn a_key_takes_little_memory() {
        assert!(size_of::<Profile>() <= 272, "{}", size_of::<Profile>());
        assert!(size_of::<Sums>() <= 96);
    }
}
