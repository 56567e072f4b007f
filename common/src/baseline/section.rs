//! The sections of a baseline and what each keeps of a key.
//!
//! | section | key | state |
//! |---|---|---|
//! | `addresses` | `hosts`, `src_ips`, `dst_ips` | distinct addresses at either end, at each |
//! | `days` | `2026-03-10` | distinct source addresses of a date (UTC) |
//! | `fields` | `bytes` | distribution over flows |
//! | `hosts` | `10.0.0.1`, or what `by` says | [`Host`] |
//! | `hours` | `2026-03-10T08` | sums and sizes of the flows that start in an hour (UTC) |
//! | `pairs` | two addresses | [`Pair`], where both are internal |
//! | `ports`, `protocols` | a number | [`Port`], [`Protocol`] |
//! | `totals` | `all` | [`Totals`] |
//!
//! Bound of a line: [`FEW_ADDRESSES`] and the other limits below; a state with more is written as several.

use super::tally::{Names, PortTally, Tally};
use crate::record::{Flow, field};
use crate::stats::{Addresses, FlowQuantiles, KeyQuantiles, Moments, Ports, SketchKey, Sums};
use crate::value::Address;
use crate::value::time::{DateCache, date_text};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Addresses of a set in the line of its key, and in each further line.
const FEW_ADDRESSES: usize = 4096;
const MORE_ADDRESSES: usize = 16_384;

/// Distinct values of a distribution in a line.
const LINE_VALUES: usize = 16_384;

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
fn split_set<S>(set: &mut Addresses, of: impl Fn(Addresses) -> S) -> Vec<S> {
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

/// A host, or whatever the flows were grouped by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// What it sent and received, first and last start.
    #[serde(skip_serializing_if = "Sums::is_empty")]
    pub sums: Sums,
    /// Bytes over its flows.
    #[serde(skip_serializing_if = "Values::is_empty")]
    pub bytes: Values,
    /// Distinct addresses at the other end.
    #[serde(skip_serializing_if = "Addresses::is_empty")]
    pub peers: Addresses,
    /// Destination ports.
    #[serde(skip_serializing_if = "PortTally::is_empty")]
    pub ports: PortTally,
    /// Flows by protocol.
    #[serde(skip_serializing_if = "Tally::is_empty")]
    pub protocols: Tally<u8>,
    /// Flows by hour of the week (UTC), 0 to 167, 0 being that from Monday 00:00.
    #[serde(skip_serializing_if = "Tally::is_empty")]
    pub hours: Tally<u8>,
    /// Flows by country of the other end.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub countries: Names,
    /// Flows by organisation of the other end.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub organisations: Names,
}

impl Host {
    /// Adds a flow as its source sees it. Answers the other end, which is the caller's to meet; `hour` is that of the week.
    #[inline]
    pub fn add(&mut self, flow: &Flow, hour: Option<u8>) -> Option<Address> {
        self.sums.add(flow);
        self.spread(flow, flow.bytes(), hour);
        flow.dst_ip()
    }

    /// The same as its destination sees it: the reverse counts are what it sent.
    #[inline]
    pub fn add_reversed(&mut self, flow: &Flow, hour: Option<u8>) -> Option<Address> {
        self.sums.add_reversed(flow);
        self.spread(flow, flow.rev_bytes(), hour);
        flow.src_ip()
    }

    #[inline]
    fn spread(&mut self, flow: &Flow, bytes: Option<u64>, hour: Option<u8>) {
        let flows = flow.integer(field::FLOWS).unwrap_or(1);
        if let Some(bytes) = bytes {
            self.bytes.add(bytes);
        }
        if let Some(port) = flow.dst_port() {
            self.ports.add(port, flows);
        }
        if let Some(protocol) = flow.protocol() {
            self.protocols.add(protocol, flows);
        }
        if let Some(hour) = hour {
            self.hours.add(hour, flows);
        }
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.quantiles.heap_bytes()
            + self.peers.heap_bytes()
            + self.ports.heap_bytes()
            + self.protocols.heap_bytes()
            + self.hours.heap_bytes()
            + self.countries.heap_bytes()
            + self.organisations.heap_bytes()
    }
}

impl Section for Host {
    const NAME: &'static str = "hosts";

    fn merge(&mut self, other: Host, key: &SketchKey) {
        self.sums.merge(&other.sums);
        self.bytes.merge(&other.bytes);
        self.peers.merge(other.peers, key);
        self.ports.merge(other.ports);
        self.protocols.merge(&other.protocols);
        self.hours.merge(&other.hours);
        self.countries.merge(other.countries, key);
        self.organisations.merge(other.organisations, key);
    }

    fn split(&mut self) -> Vec<Host> {
        split_set(&mut self.peers, |peers| Host { peers, ..Host::default() })
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

/// The fields whose distribution is kept where flows have them: counts, durations, what `flowcat --stats` adds of packet
/// sizes and gaps, and the counts of neighbours of `flowenrich fan`.
pub const FIELDS: &[&str] = &[
    "bytes",
    "packets",
    "rev_bytes",
    "rev_packets",
    "duration",
    "bidirectional_bytes",
    "bidirectional_packets",
    "bidirectional_duration_ms",
    "bidirectional_mean_ps",
    "bidirectional_stddev_ps",
    "bidirectional_mean_piat_ms",
    "bidirectional_stddev_piat_ms",
    "src2dst_mean_ps",
    "src2dst_stddev_ps",
    "src2dst_mean_piat_ms",
    "src2dst_stddev_piat_ms",
    "dst2src_mean_ps",
    "dst2src_stddev_ps",
    "dst2src_mean_piat_ms",
    "dst2src_stddev_piat_ms",
    "fan_out_src",
    "fan_in_src",
    "fan_in_dst",
    "fan_out_dst",
];

/// Parts of 1 in which values that are no integers of the record are counted: exact sums need integers.
pub const UNIT: u64 = 1_000_000_000;

/// The distribution of a field over flows. Values are integers: those of the record as they are; durations, and the
/// numbers of other members from 0 to 1.8·10^10, in billionths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Parts of 1: 1, or [`UNIT`]; 0 in a state without values.
    pub unit: u64,
    /// Count, sum, sum of squares, range; of all values in the first line.
    pub moments: Moments,
    /// Quantiles.
    pub quantiles: FlowQuantiles,
}

impl Field {
    /// A field without values.
    pub fn new(unit: u64) -> Field {
        Field { unit, ..Field::default() }
    }

    /// Adds a value, in parts of 1.
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.moments.add(value);
        self.quantiles.add(value);
    }

    /// The unit of a field.
    pub fn unit_of(name: &str) -> u64 {
        if matches!(name, "bytes" | "packets" | "rev_bytes" | "rev_packets") { 1 } else { UNIT }
    }
}

impl Section for Field {
    const NAME: &'static str = "fields";

    fn merge(&mut self, other: Field, _: &SketchKey) {
        self.unit = self.unit.max(other.unit);
        self.moments.merge(&other.moments);
        self.quantiles.merge(&other.quantiles);
    }

    fn split(&mut self) -> Vec<Field> {
        let unit = self.unit;
        let more = self.quantiles.split_off(LINE_VALUES, LINE_VALUES).into_iter();
        more.map(|quantiles| Field { unit, quantiles, ..Field::default() }).collect()
    }
}

/// Seconds of an hour and a day.
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// The key of a date, by its number from 1970-01-01.
pub fn day_key(day: i64) -> String {
    format!("\"{}\"", String::from_utf8_lossy(&date_text(day)))
}

/// The key of an hour, by its number from 1970-01-01T00.
pub fn hour_key(hour: i64) -> String {
    let (day, hour) = (hour.div_euclid(24), hour.rem_euclid(24));
    format!("\"{}T{hour:02}\"", String::from_utf8_lossy(&date_text(day)))
}

/// The number of the date that a key names.
pub fn read_day(key: &str) -> Option<i64> {
    let text: &[u8; 10] = key.strip_prefix('"')?.strip_suffix('"')?.as_bytes().try_into().ok()?;
    Some(DateCache::default().midnight(text)?.div_euclid(DAY))
}

/// The number of the hour that a key names.
pub fn read_hour(key: &str) -> Option<i64> {
    let (date, hour) = key.strip_prefix('"')?.strip_suffix('"')?.split_once('T')?;
    let hour: i64 = Some(hour).filter(|h| h.len() == 2 && h.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    let midnight = DateCache::default().midnight(date.as_bytes().try_into().ok()?)?;
    (hour < 24).then_some(midnight.div_euclid(HOUR) + hour)
}
