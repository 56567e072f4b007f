//! The hosts of a baseline, while flows are added: by address, or by any key.

use super::book::Settings;
use crate::view::Groups;
use flow_record::baseline::{By, End, Entries, Host, Section};
use flow_record::record::key::{Key, KeySpec, Part};
use flow_record::scan::Line;
use flow_record::stats::{Addresses, SketchKey};
use flow_record::value::Address;

/// Ends that wait to be met.
const WAITING: usize = 128;

/// States by host.
#[derive(Clone)]
pub(crate) struct Hosts {
    known: Known,
    /// Numbers of hosts and the ends that they met, up to [`WAITING`]: sets lie far apart in memory, and many visits in a
    /// row wait for it together.
    met: Vec<(u32, Address)>,
}

#[derive(Clone)]
enum Known {
    Ends(End, Groups<Address, Host>),
    Keys(Box<KeySpec>, Groups<Key, Host>),
}

/// The distinct addresses of all flows: at either end, of sources, of destinations.
pub(crate) type Ends = [Addresses; 3];

impl Hosts {
    /// No hosts yet.
    pub(crate) fn new(by: &By) -> Hosts {
        let known = match by {
            By::End(end) => Known::Ends(*end, Groups::new()),
            By::Key(spec) => Known::Keys(Box::new(spec.clone()), Groups::new()),
        };
        Hosts { known, met: Vec::with_capacity(WAITING) }
    }

    /// Adds a flow to its hosts, and its addresses to those of all. `hour` is that of the week.
    #[inline]
    pub(crate) fn add(&mut self, line: &Line<'_>, hour: Option<u8>, ends: &mut Ends, settings: &Settings) {
        let (src, dst) = (line.flow.src_ip(), line.flow.dst_ip());
        let key = &settings.key;
        match &mut self.known {
            Known::Ends(End::Source, hosts) => match src {
                Some(address) => {
                    let before = hosts.len();
                    let (number, host) = hosts.numbered(address, Host::default);
                    let other = host.add(line.flow, hour);
                    settings.name(line, host, false);
                    // Who is no new host was met as a source before.
                    if number as usize == before {
                        ends[0].insert(address, key);
                        ends[1].insert(address, key);
                    }
                    self.wait(number, other, ends, key);
                }
                None => meet(ends, None, dst, key),
            },
            Known::Ends(End::Destination, hosts) => {
                meet(ends, src, dst, key);
                if let Some(address) = dst {
                    let (number, host) = hosts.numbered(address, Host::default);
                    let _ = host.add(line.flow, hour);
                    settings.name(line, host, false);
                    self.met.push((number, address));
                }
            }
            Known::Ends(End::Either, hosts) => {
                meet(ends, src, dst, key);
                if let Some(address) = src {
                    let (number, host) = hosts.numbered(address, Host::default);
                    let other = host.add(line.flow, hour);
                    settings.name(line, host, false);
                    other.into_iter().for_each(|other| self.met.push((number, other)));
                }
                if let Some(address) = dst.filter(|_| dst != src) {
                    let (number, host) = hosts.numbered(address, Host::default);
                    let other = host.add_reversed(line.flow, hour);
                    settings.name(line, host, true);
                    other.into_iter().for_each(|other| self.met.push((number, other)));
                }
            }
            Known::Keys(by, hosts) => {
                meet(ends, src, dst, key);
                if let Some(found) = by.key(line, settings.watched_key) {
                    let (number, host) = hosts.numbered(found, Host::default);
                    let other = host.add(line.flow, hour);
                    settings.name(line, host, false);
                    other.into_iter().for_each(|other| self.met.push((number, other)));
                }
            }
        }
        if self.met.len() >= WAITING {
            self.meet(ends, key);
        }
    }

    /// The destination of a flow of a source waits to be met.
    #[inline]
    fn wait(&mut self, number: u32, other: Option<Address>, ends: &mut Ends, key: &SketchKey) {
        if let Some(other) = other {
            self.met.push((number, other));
            if self.met.len() >= WAITING {
                self.meet(ends, key);
            }
        }
    }

    /// Meets all ends that wait.
    pub(crate) fn meet(&mut self, ends: &mut Ends, key: &SketchKey) {
        let met = std::mem::take(&mut self.met);
        match &mut self.known {
            Known::Ends(End::Source, hosts) => {
                for (number, other) in &met {
                    let is_new = hosts.numbered_value(*number).is_none_or(|host| host.peers.meet(*other, key));
                    // Who was met by this host before was met.
                    if is_new {
                        ends[0].insert(*other, key);
                        ends[2].insert(*other, key);
                    }
                }
            }
            Known::Ends(_, hosts) => {
                for (number, other) in &met {
                    hosts.numbered_value(*number).into_iter().for_each(|host| host.peers.insert(*other, key));
                }
            }
            Known::Keys(_, hosts) => {
                for (number, other) in &met {
                    hosts.numbered_value(*number).into_iter().for_each(|host| host.peers.insert(*other, key));
                }
            }
        }
        self.met = met;
        self.met.clear();
    }

    /// Adds all of another, in which no end waits, as in this one.
    pub(crate) fn merge(&mut self, other: Hosts, key: &SketchKey) {
        match (&mut self.known, other.known) {
            (Known::Ends(_, a), Known::Ends(_, b)) => a.merge(b, |a, b| a.merge(b, key)),
            (Known::Keys(_, a), Known::Keys(_, b)) => a.merge(b, |a, b| a.merge(b, key)),
            _ => debug_assert!(false, "hosts of two items"),
        }
    }

    /// About how many bytes they take.
    pub(crate) fn bytes(&self) -> u64 {
        match &self.known {
            Known::Ends(_, hosts) => hosts.bytes(Host::heap_bytes),
            Known::Keys(_, hosts) => hosts.bytes(Host::heap_bytes),
        }
    }

    /// Hands all over, by their texts.
    pub(crate) fn pour(self, into: &mut Entries<Host>) {
        let mut json = Vec::new();
        let mut push = |json: &mut Vec<u8>, host| {
            into.push(String::from_utf8_lossy(json).into_owned(), host);
            json.clear();
        };
        match self.known {
            Known::Ends(_, mut hosts) => hosts.take().for_each(|(address, host)| {
                Part::Address(address).write(&mut json);
                push(&mut json, host);
            }),
            Known::Keys(_, mut hosts) => hosts.take().for_each(|(key, host)| {
                By::write_key(&key, &mut json);
                push(&mut json, host);
            }),
        }
    }
}

/// Adds the addresses of a flow to those of all.
#[inline]
fn meet(ends: &mut Ends, src: Option<Address>, dst: Option<Address>, key: &SketchKey) {
    if let Some(address) = src {
        ends[0].insert(address, key);
        ends[1].insert(address, key);
    }
    if let Some(address) = dst {
        ends[0].insert(address, key);
        ends[2].insert(address, key);
    }
}
