//! The destination ports of a host: which, always exactly, and how often each.
//!
//! Each port has its own count up to 512 of them; of more, those below 1024 have their own and the others share one in
//! groups of 64. Invariant: the form depends on the number of ports alone. Bound: 24 KiB.

use super::tally::Tally;
use crate::stats::Ports;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Ports up to which each has its own count.
const MAX_PORTS: usize = 512;

/// Ports from here on share a count with their neighbours once there are many, so many at a time.
const LOW: u16 = 1024;
const GROUP: u16 = 64;
const GROUPS: usize = (65_536 - LOW as usize) / GROUP as usize;

/// The ports that occurred, always exactly, and how often: each by itself up to 512 of them; of more, those below
/// 1024 by themselves and the others in groups of 64. The form depends on the number of ports alone. Bound: 24 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortTally(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Few(Tally<u16>),
    Many(Box<Many>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Many {
    ports: Ports,
    /// By port below [`LOW`], then by group.
    counts: Vec<u64>,
}

/// The place of a port's count.
fn place(port: u16) -> usize {
    usize::from(if port < LOW { port } else { LOW + (port - LOW) / GROUP })
}

/// The lowest port that is counted at a place.
fn lowest(place: usize) -> u16 {
    let place = place as u16;
    if place < LOW { place } else { LOW + (place - LOW) * GROUP }
}

impl Many {
    fn count(&mut self, place: usize, n: u64) {
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(n);
        }
    }

    /// The counts of some places, by their lowest ports.
    fn tally(&self, places: std::ops::Range<usize>) -> Tally<u16> {
        Tally::of(places.filter_map(|at| Some((lowest(at), *self.counts.get(at)?))).filter(|c| c.1 > 0).collect())
    }
}

impl Default for PortTally {
    fn default() -> Self {
        PortTally(Form::Few(Tally::default()))
    }
}

impl PortTally {
    /// Adds flows to a port.
    #[inline]
    pub fn add(&mut self, port: u16, n: u64) {
        match &mut self.0 {
            Form::Few(counts) => {
                counts.add(port, n);
                if counts.len() > MAX_PORTS {
                    self.spread();
                }
            }
            Form::Many(many) => {
                many.ports.insert(port);
                many.count(place(port), n);
            }
        }
    }

    /// Goes from counts by port to counts by group.
    #[cold]
    fn spread(&mut self) {
        let Form::Few(counts) = &self.0 else { return };
        let ports = counts.iter().map(|(port, _)| port).collect();
        let mut many = Many { ports, counts: vec![0; usize::from(LOW) + GROUPS] };
        counts.iter().for_each(|(port, n)| many.count(place(port), n));
        self.0 = Form::Many(Box::new(many));
    }

    /// Number of distinct ports.
    pub fn count(&self) -> u64 {
        match &self.0 {
            Form::Few(counts) => counts.len() as u64,
            Form::Many(many) => many.ports.count(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Whether a port occurred.
    pub fn contains(&self, port: u16) -> bool {
        match &self.0 {
            Form::Few(counts) => counts.get(port) > 0,
            Form::Many(many) => many.ports.contains(port),
        }
    }

    /// How many flows had this port, at most: exactly where there are at most 512 ports or the port is below 1024, else
    /// those of its group of 64.
    pub fn flows(&self, port: u16) -> u64 {
        match &self.0 {
            _ if !self.contains(port) => 0,
            Form::Few(counts) => counts.get(port),
            Form::Many(many) => many.counts.get(place(port)).copied().unwrap_or(0),
        }
    }

    /// The set of the ports.
    pub fn set(&self) -> Ports {
        match &self.0 {
            Form::Few(counts) => counts.iter().map(|(port, _)| port).collect(),
            Form::Many(many) => many.ports.clone(),
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, mut other: PortTally) {
        if matches!((&self.0, &other.0), (Form::Few(_), Form::Many(_))) {
            std::mem::swap(self, &mut other);
        }
        match (&mut self.0, other.0) {
            (_, Form::Few(counts)) => counts.iter().for_each(|(port, n)| self.add(port, n)),
            (Form::Many(many), Form::Many(more)) => {
                (0..more.counts.len()).for_each(|at| many.count(at, more.counts[at]));
                many.ports.merge(more.ports);
            }
            (Form::Few(_), Form::Many(_)) => {}
        }
    }

    /// About how many bytes it takes beside its own size.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Few(counts) => counts.heap_bytes(),
            Form::Many(many) => size_of::<Many>() + many.ports.heap_bytes() + many.counts.capacity() * 8,
        }
    }
}

/// `{"flows":{"443":12}}`; of many ports `{"flows":{...},"groups":{"1024":9},"ports":[...]}`, a group by its lowest port.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Canonical {
    flows: Tally<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Tally<u16>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ports: Option<Ports>,
}

impl Serialize for PortTally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let low = usize::from(LOW);
        match &self.0 {
            Form::Few(flows) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("flows", flows)?;
                map.end()
            }
            Form::Many(many) => {
                let (groups, ports) = (Some(many.tally(low..low + GROUPS)), Some(many.ports.clone()));
                Canonical { flows: many.tally(0..low), groups, ports }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for PortTally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PortTally, D::Error> {
        let Canonical { flows, groups, ports } = Canonical::deserialize(deserializer)?;
        match (groups, ports) {
            (None, None) if flows.len() <= MAX_PORTS => Ok(PortTally(Form::Few(flows))),
            (Some(groups), Some(ports)) if ports.count() > MAX_PORTS as u64 => {
                let mut many = Many { ports, counts: vec![0; usize::from(LOW) + GROUPS] };
                flows.iter().for_each(|(port, n)| many.count(place(port), n));
                groups.iter().for_each(|(port, n)| many.count(place(port), n));
                let low = usize::from(LOW);
                let is_canonical = many.tally(0..low) == flows && many.tally(low..low + GROUPS) == groups;
                let has_all = many.ports.iter().all(|p| many.counts.get(place(p)).is_some_and(|n| *n > 0));
                match is_canonical && has_all {
                    true => Ok(PortTally(Form::Many(Box::new(many)))),
                    false => Err(de::Error::custom("counts of ports that contradict the set of them")),
                }
            }
            _ => Err(de::Error::custom("too many or too few ports for this form")),
        }
    }
}
