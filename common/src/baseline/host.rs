//! What a baseline keeps of a host, or of whatever the flows were grouped by.
//!
//! Bound: about 330 bytes, and what its sets and values hold: see [`Addresses`], [`PortTally`], [`Names`], [`Values`].

use super::names::Names;
use super::ports::PortTally;
use super::section::{Section, Values, split_set};
use super::tally::Tally;
use crate::record::{Flow, field};
use crate::stats::{Addresses, SketchKey, Sums};
use crate::value::Address;
use serde::{Deserialize, Serialize};

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
