//! A baseline for look-ups: what detectors and enrichers ask.
//!
//! It is read whole before any input; its checksum is checked before anything of it is used. Bound: the baseline's own
//! size in memory, and a line.

use super::keys::{read_day, read_hour};
use super::section::{Day, Hour, Pair, Port, Protocol, Totals};
use super::{BaselineError, By, ENOUGH_DAYS, Entry, Field, Frame, Header, Host, Ledger, Lines, Section};
use crate::input::{Source, cause};
use crate::map::Map;
use crate::net::Ranges;
use crate::net::special;
use crate::record::key::{Key, Part};
use crate::scan::{Clean, LineKind, MAX_LINE, Scanner};
use crate::stats::{Addresses, SketchKey};
use crate::value::{Address, Time};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// What is known of normal traffic.
#[derive(Debug)]
pub struct Baseline {
    by: By,
    internal: Ranges<bool>,
    header: Header,
    totals: Totals,
    addresses: Map<Box<str>, Addresses>,
    days: BTreeMap<i64, Day>,
    fields: Map<Box<str>, Field>,
    hosts: Map<Key, Host>,
    hours: BTreeMap<i64, Hour>,
    pairs: Map<(Address, Address), Pair>,
    ports: BTreeMap<u16, Port>,
    protocols: BTreeMap<u8, Protocol>,
}

impl Baseline {
    /// Reads a file, packed or not, that holds one baseline or several that add up, and nothing else.
    ///
    /// # Errors
    /// A file that cannot be read, or is no whole baseline of a version that is known; the message names the file.
    pub fn open(path: &Path) -> Result<Baseline, BaselineError> {
        let source = Source::file(path);
        let input = source.open().map_err(|e| BaselineError::Unreadable(e.to_string()))?;
        let mut reading = Reading::default();
        let made = reading.lines(BufReader::new(input)).and_then(|()| reading.finish());
        made.map_err(|e| BaselineError::Unreadable(format!("{}: {e}", source.name())))
    }

    /// What its hosts are.
    pub fn by(&self) -> &By {
        &self.by
    }

    /// Its header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether an address lies in one of the networks whose pairs it knows.
    pub fn is_internal(&self, address: Address) -> bool {
        self.internal.at(address)
    }

    /// The first and the last start of a flow.
    pub fn span(&self) -> Option<(Time, Time)> {
        self.header.span()
    }

    /// Number of dates (UTC) on which a flow starts.
    pub fn days(&self) -> u64 {
        self.days.len() as u64
    }

    /// Whether it has less than a week.
    pub fn has_insufficient_history(&self) -> bool {
        self.days() < ENOUGH_DAYS
    }

    /// Everything in sum.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Distinct addresses: at either end (`hosts`), of sources (`src_ips`), of destinations (`dst_ips`).
    pub fn addresses(&self, which: &str) -> Option<&Addresses> {
        self.addresses.get(which)
    }

    /// What is known of a host, where hosts are addresses.
    pub fn host(&self, address: Address) -> Option<&Host> {
        self.hosts.get(&[Part::Address(address)][..])
    }

    /// What is known of a key.
    pub fn host_of(&self, key: &[Part]) -> Option<&Host> {
        self.hosts.get(key)
    }

    /// All hosts, in no order: who needs one sorts.
    pub fn hosts(&self) -> impl Iterator<Item = (&Key, &Host)> {
        self.hosts.iter()
    }

    /// What is known of two internal addresses, source first.
    pub fn pair(&self, source: Address, destination: Address) -> Option<&Pair> {
        self.pairs.get(&(source, destination))
    }

    /// All internal pairs, in no order.
    pub fn pairs(&self) -> impl Iterator<Item = (&(Address, Address), &Pair)> {
        self.pairs.iter()
    }

    /// What is known of a destination port.
    pub fn port(&self, port: u16) -> Option<&Port> {
        self.ports.get(&port)
    }

    /// The share of a destination port of the flows that have one, 0 to 1.
    pub fn port_share(&self, port: u16) -> f64 {
        let all: u128 = self.ports.values().map(|p| u128::from(p.sums.flows())).sum();
        self.port(port).map_or(0.0, |p| p.sums.flows() as f64 / all.max(1) as f64)
    }

    /// All destination ports, ascending.
    pub fn ports(&self) -> impl Iterator<Item = (u16, &Port)> {
        self.ports.iter().map(|(port, known)| (*port, known))
    }

    /// What is known of a protocol.
    pub fn protocol(&self, protocol: u8) -> Option<&Protocol> {
        self.protocols.get(&protocol)
    }

    /// The hours that have a flow, by their number from 1970-01-01T00 (UTC).
    pub fn hours(&self) -> &BTreeMap<i64, Hour> {
        &self.hours
    }

    /// The dates that have a flow, by their number from 1970-01-01 (UTC).
    pub fn dates(&self) -> &BTreeMap<i64, Day> {
        &self.days
    }

    /// The distribution of a field, one of [`FIELDS`](super::FIELDS).
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }
}

/// A baseline while it is read.
#[derive(Default)]
struct Reading {
    ledger: Ledger,
    header: Option<Header>,
    by: Option<By>,
    key: SketchKey,
    totals: Totals,
    addresses: Map<Box<str>, Addresses>,
    days: BTreeMap<i64, Day>,
    fields: Map<Box<str>, Field>,
    hosts: Map<Key, Host>,
    hours: BTreeMap<i64, Hour>,
    pairs: Map<(Address, Address), Pair>,
    ports: BTreeMap<u16, Port>,
    protocols: BTreeMap<u8, Protocol>,
}

impl Reading {
    fn lines(&mut self, mut input: impl BufRead) -> Result<(), BaselineError> {
        let (reader, mut scanner) = (Lines::new(0), Scanner::watching(&Lines::NAMES));
        let mut text = Vec::new();
        for number in 1u64.. {
            text.clear();
            // One more than a line may have, with its end, so that a longer one shows.
            let mut rest = (&mut input).take(MAX_LINE as u64 + 2);
            let read = rest.read_until(b'\n', &mut text);
            if read.map_err(|e| BaselineError::Unreadable(cause(&e)))? == 0 {
                break;
            }
            let text = text.strip_suffix(b"\n").unwrap_or(&text);
            if text.len() > MAX_LINE {
                return Err(BaselineError::Line(format!("line {number} is longer than {MAX_LINE} bytes")));
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            let scanned = Clean::line(text).and_then(|line| scanner.scan(line));
            let line = scanned.map_err(|e| BaselineError::Line(format!("line {number}: {}", e.message(text))))?;
            if line.kind != LineKind::Baseline {
                return Err(BaselineError::Line(format!("line {number} is none of a baseline")));
            }
            reader.enter(&line, &mut self.ledger);
            match reader.read(&line)? {
                Entry::Header(header) => self.begin(header)?,
                Entry::State(frame) => self.state(frame)?,
                Entry::Trailer(_) => {}
            }
        }
        Ok(())
    }

    fn begin(&mut self, header: Header) -> Result<(), BaselineError> {
        if header.sketch_key != format!("{:016x}", self.key.id()) {
            return Err(BaselineError::Header("its sketches have another key".into()));
        }
        match &mut self.header {
            Some(met) => {
                met.fits(&header)?;
                met.widen(&header);
            }
            None => {
                self.by = Some(By::parse(&header.by).map_err(|e| BaselineError::Header(e.to_string()))?);
                self.header = Some(header);
            }
        }
        Ok(())
    }

    fn state(&mut self, frame: Frame<'_>) -> Result<(), BaselineError> {
        let sketch = &self.key;
        let text = |key: &str| serde_json::from_str::<Box<str>>(key).ok();
        match frame.section {
            Totals::NAME => {
                self.totals.merge(frame.state()?, sketch);
                Ok(())
            }
            <Addresses as Section>::NAME => into_map(&mut self.addresses, frame, text, sketch),
            Day::NAME => into_tree(&mut self.days, frame, read_day, sketch),
            Field::NAME => into_map(&mut self.fields, frame, text, sketch),
            Host::NAME => {
                let by = self.by.as_ref();
                into_map(&mut self.hosts, frame, |key| by?.read_key(key), sketch)
            }
            Hour::NAME => into_tree(&mut self.hours, frame, read_hour, sketch),
            Pair::NAME => into_map(&mut self.pairs, frame, pair_of, sketch),
            Port::NAME => into_tree(&mut self.ports, frame, |key| key.parse().ok(), sketch),
            Protocol::NAME => into_tree(&mut self.protocols, frame, |key| key.parse().ok(), sketch),
            // A section of a later version says nothing that this one could use.
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Baseline, BaselineError> {
        self.ledger.check()?;
        let (Some(header), Some(by)) = (self.header, self.by) else {
            return Err(BaselineError::Damaged("there is no baseline in it".into()));
        };
        let networks = header.networks().ok_or_else(|| BaselineError::Header("internal has no networks".into()))?;
        Ok(Baseline {
            by,
            internal: special::internal(networks),
            header,
            totals: self.totals,
            addresses: self.addresses,
            days: self.days,
            fields: self.fields,
            hosts: self.hosts,
            hours: self.hours,
            pairs: self.pairs,
            ports: self.ports,
            protocols: self.protocols,
        })
    }
}

/// The addresses of the key of a pair.
fn pair_of(key: &str) -> Option<(Address, Address)> {
    let (source, destination): (String, String) = serde_json::from_str(key).ok()?;
    Some((Address::parse(&source)?, Address::parse(&destination)?))
}

fn bad_key(frame: Frame<'_>) -> BaselineError {
    frame.fault("this is no key of this section".to_owned())
}

fn into_map<K: Eq + std::hash::Hash, S: Section>(
    map: &mut Map<K, S>,
    frame: Frame<'_>,
    key: impl FnOnce(&str) -> Option<K>,
    sketch: &SketchKey,
) -> Result<(), BaselineError> {
    let key = key(frame.key).ok_or_else(|| bad_key(frame))?;
    map.entry(key).or_default().merge(frame.state()?, sketch);
    Ok(())
}

fn into_tree<K: Ord, S: Section>(
    map: &mut BTreeMap<K, S>,
    frame: Frame<'_>,
    key: impl FnOnce(&str) -> Option<K>,
    sketch: &SketchKey,
) -> Result<(), BaselineError> {
    let key = key(frame.key).ok_or_else(|| bad_key(frame))?;
    map.entry(key).or_default().merge(frame.state()?, sketch);
    Ok(())
}
