//! The sections of a baseline and what each keeps of a key.
//!
//! | section | key | state |
//! |---|---|---|
//! | `addresses` | `hosts`, `src_ips`, `dst_ips` | distinct addresses at either end, at each |
//! | `days` | `2026-03-10` | distinct source addresses of a date (UTC) |
//! | `fields` | `bytes` | distribution over flows |
//! | `hosts` | `10.0.0.1`, or what `by` says | [`Host`](super::Host) |
//! | `hours` | `2026-03-10T08` | sums and sizes of the flows that start in an hour (UTC) |
//! | `pairs` | two addresses | [`Pair`], where both are internal |
//! | `ports`, `protocols` | a number | [`Port`], [`Protocol`] |
//! | `totals` | `all` | [`Totals`] |
//!
//! Bound of a line: [`FEW_ADDRESSES`] and the other limits below; a state with more is written as several.

use crate::record::Flow;
use crate::stats::{Addresses, KeyQuantiles, Moments, Ports, SketchKey, Sums};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Addresses of a set in the line of its key, and in each further line.
const FEW_ADDRESSES: usize = 4096;
const MORE_ADDRESSES: usize = 16_384;

/// What is kept of a key. Merging is associative and commutative, and the default changes nothing.
pub trait Section: Clone + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the section.
    const NAME: &'static str;

    /// Adds all of another state.
    fn merge(&mut self, other: Self, key: &SketchKey);

    /// Takes out what does not fit into a line, as states that do.
    fn split(&mut self) -> Vec<Self> {
        Vec::new()
    }
}

/// Takes out of a set what does not fit; `of` makes a state of a set alone.
pub(super) fn split_set<S>(set: &mut Addresses, of: impl Fn(Addresses) -> S) -> Vec<S> {
    set.split_off(FEW_ADDRESSES, MORE_ADDRESSES).into_iter().map(of).collect()
}

/// How bytes spread over the flows of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// Count, sum, sum of squares, range.
    pub moments: Moments,
    /// Quantiles.
    pub quantiles: KeyQuantiles,
}

impl Values {
    /// Adds a value.
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.moments.add(value);
        self.quantiles.add(value);
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Values) {
        self.moments.merge(&other.moments);
        self.quantiles.merge(&other.quantiles);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.moments.n() == 0
    }
}

/// Everything in sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Flows, bytes, packets, first and last start.
    pub sums: Sums,
    /// Sum of durations.
    pub duration_ns: u128,
    /// Latest end of a flow, in nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ns: Option<i128>,
}

impl Totals {
    /// The key of the one state.
    pub const KEY: &'static str = "\"all\"";

    /// Adds a flow.
    #[inline]
    pub fn add(&mut self, flow: &Flow) {
        self.sums.add(flow);
        let duration = flow.duration().unwrap_or(0);
        self.duration_ns = self.duration_ns.saturating_add(u128::from(duration));
        if let Some(time) = flow.time() {
            self.end_ns = self.end_ns.max(Some(i128::from(time.nanos()) + i128::from(duration)));
        }
    }
}

impl Section for Totals {
    const NAME: &'static str = "totals";

    fn merge(&mut self, other: Totals, _: &SketchKey) {
        self.sums.merge(&other.sums);
        self.duration_ns = self.duration_ns.saturating_add(other.duration_ns);
        self.end_ns = self.end_ns.max(other.end_ns);
    }
}

/// The keys of distinct addresses: at either end, of sources, of destinations.
impl Section for Addresses {
    const NAME: &'static str = "addresses";

    fn merge(&mut self, other: Addresses, key: &SketchKey) {
        Addresses::merge(self, other, key);
    }

    fn split(&mut self) -> Vec<Addresses> {
        split_set(self, |set| set)
    }
}

/// A date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// Distinct source addresses.
    pub hosts: Addresses,
}

impl Section for Day {
    const NAME: &'static str = "days";

    fn merge(&mut self, other: Day, key: &SketchKey) {
        self.hosts.merge(other.hosts, key);
    }

    fn split(&mut self) -> Vec<Day> {
        split_set(&mut self.hosts, |hosts| Day { hosts })
    }
}

/// An hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hour {
    /// Of the flows that start in it.
    pub sums: Sums,
    /// Bytes over these.
    #[serde(default, skip_serializing_if = "Values::is_empty")]
    pub bytes: Values,
}

impl Hour {
    /// Adds a flow.
    #[inline]
    pub fn add(&mut self, flow: &Flow) {
        self.sums.add(flow);
        if let Some(bytes) = flow.bytes() {
            self.bytes.add(bytes);
        }
    }
}

impl Section for Hour {
    const NAME: &'static str = "hours";

    fn merge(&mut self, other: Hour, _: &SketchKey) {
        self.sums.merge(&other.sums);
        self.bytes.merge(&other.bytes);
    }
}

/// Two internal addresses, source first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Of the flows from the first to the second.
    pub sums: Sums,
    /// Destination ports.
    #[serde(default, skip_serializing_if = "Ports::is_empty")]
    pub ports: Ports,
}

impl Pair {
    /// Adds a flow.
    #[inline]
    pub fn add(&mut self, flow: &Flow) {
        self.sums.add(flow);
        if let Some(port) = flow.dst_port() {
            self.ports.insert(port);
        }
    }
}

impl Section for Pair {
    const NAME: &'static str = "pairs";

    fn merge(&mut self, other: Pair, _: &SketchKey) {
        self.sums.merge(&other.sums);
        self.ports.merge(other.ports);
    }
}

/// A destination port, of whatever protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Port {
    /// Of the flows to it.
    #[serde(skip_serializing_if = "Sums::is_empty")]
    pub sums: Sums,
    /// Distinct source addresses.
    #[serde(skip_serializing_if = "Addresses::is_empty")]
    pub sources: Addresses,
    /// Distinct destination addresses.
    #[serde(skip_serializing_if = "Addresses::is_empty")]
    pub destinations: Addresses,
}

impl Port {
    /// Adds a flow.
    #[inline]
    pub fn add(&mut self, flow: &Flow, key: &SketchKey) {
        self.sums.add(flow);
        if let Some(address) = flow.src_ip() {
            self.sources.insert(address, key);
        }
        if let Some(address) = flow.dst_ip() {
            self.destinations.insert(address, key);
        }
    }
}

impl Section for Port {
    const NAME: &'static str = "ports";

    fn merge(&mut self, other: Port, key: &SketchKey) {
        self.sums.merge(&other.sums);
        self.sources.merge(other.sources, key);
        self.destinations.merge(other.destinations, key);
    }

    fn split(&mut self) -> Vec<Port> {
        let mut more = split_set(&mut self.sources, |sources| Port { sources, ..Port::default() });
        more.extend(split_set(&mut self.destinations, |destinations| Port { destinations, ..Port::default() }));
        more
    }
}

/// A protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Of its flows.
    pub sums: Sums,
}

impl Section for Protocol {
    const NAME: &'static str = "protocols";

    fn merge(&mut self, other: Protocol, _: &SketchKey) {
        self.sums.merge(&other.sums);
    }
}
