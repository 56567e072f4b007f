//! What flows and lines of baselines add up to, until it is written.

use super::hosts::{Ends, Hosts};
use super::recent::Recent;
use crate::view::{Groups, Reading};
use flow_record::baseline::{
    By, Day, FIELDS, Field, Header, Host, Hour, LineWriter, Pair, Port, Protocol, Section, Store, Totals, UNIT,
    day_key, hour_key, read_day, read_hour,
};
use flow_record::map::Set;
use flow_record::net::Ranges;
use flow_record::record::{Flow, field};
use flow_record::scan::{Line, Span};
use flow_record::stats::{Addresses, SketchKey};
use flow_record::value::{Address, number};
use std::sync::Arc;

/// Seconds of an hour and a date, and hours of a week.
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
const WEEK: i64 = 168;

/// 1970-01-01 was a Thursday: its first hour has this number in its week.
const EPOCH: i64 = 72;

/// Fields of [`FIELDS`] that are the record's own, which come first.
const OWN: usize = 5;

/// The keys of the sets of all addresses.
const ENDS: [&str; 3] = ["\"hosts\"", "\"src_ips\"", "\"dst_ips\""];

/// What the item says, the same for all threads.
pub(crate) struct Settings {
    /// What hosts are.
    pub(crate) by: By,
    /// Whether an address is internal.
    pub(crate) internal: Ranges<bool>,
    /// The header without a span.
    pub(crate) header: Header,
    /// Parameters that were not given: a baseline that is read may decide them.
    pub(crate) open: bool,
    /// Dates whose flows are left out.
    pub(crate) excluded: Set<i64>,
    /// The key of sketches.
    pub(crate) key: SketchKey,
    /// The first watched member of the key; of [`FIELDS`] beyond the record's; of [`NAMES`].
    pub(crate) watched_key: usize,
    pub(crate) watched_fields: usize,
    pub(crate) watched_names: usize,
}

/// Members that name the other end.
pub(crate) const NAMES: [&str; 4] = ["dst_country", "dst_org", "src_country", "src_org"];

impl Settings {
    /// Adds country and organisation of the other end of a flow: of its destination, or of its source.
    #[inline]
    pub(crate) fn name(&self, line: &Line<'_>, host: &mut Host, is_reversed: bool) {
        let first = self.watched_names + if is_reversed { 2 } else { 0 };
        for (at, names) in [(first, &mut host.countries), (first + 1, &mut host.organisations)] {
            if let Some(token) = line.value(at) {
                let flows = line.flow.integer(field::FLOWS).unwrap_or(1);
                match token.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
                    Some(name) if !name.contains('\\') => names.add(name, flows, &self.key),
                    _ => {
                        serde_json::from_str::<String>(token).into_iter().for_each(|n| names.add(&n, flows, &self.key))
                    }
                }
            }
        }
    }
}

/// What flows and lines add up to.
#[derive(Clone)]
pub(crate) struct Book {
    settings: Arc<Settings>,
    totals: Totals,
    ends: Ends,
    days: Recent<Day>,
    hours: Recent<Hour>,
    hosts: Hosts,
    pairs: Groups<(Address, Address), Pair>,
    ports: Groups<u16, Port>,
    protocols: Vec<Protocol>,
    fields: Vec<Field>,
    /// Flows on excluded dates.
    left_out: u64,
    /// What was read.
    store: Store,
    reading: Reading,
}

impl Book {
    /// Nothing yet.
    pub(crate) fn new(settings: Arc<Settings>, reading: Reading) -> Book {
        let keep = settings.header.keep as i64;
        Book {
            totals: Totals::default(),
            ends: Default::default(),
            days: Recent::new(keep / DAY + 2),
            hours: Recent::new(keep / HOUR + 2),
            hosts: Hosts::new(&settings.by),
            pairs: Groups::new(),
            ports: Groups::new(),
            protocols: vec![Protocol::default(); 256],
            fields: FIELDS.iter().map(|name| Field::new(Field::unit_of(name))).collect(),
            left_out: 0,
            store: Store::default(),
            reading,
            settings,
        }
    }

    /// The same for another thread.
    pub(crate) fn empty(&self) -> Book {
        Book::new(Arc::clone(&self.settings), self.reading.empty())
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.totals.sums.is_empty() && self.left_out == 0 && self.store.is_empty() && self.reading.header().is_none()
    }

    /// Adds a flow.
    #[inline]
    pub(crate) fn flow(&mut self, line: &Line<'_>) {
        let (flow, settings) = (line.flow, &self.settings);
        let hour = flow.time().map(|time| time.seconds().div_euclid(HOUR));
        let day = hour.map(|hour| hour.div_euclid(DAY / HOUR));
        if day.is_some_and(|day| settings.excluded.contains(&day)) {
            self.left_out += 1;
            return;
        }
        let key = &settings.key;
        self.totals.add(flow);
        if let (Some(hour), Some(day)) = (hour, day) {
            self.hours.at(hour).add(flow);
            let day = self.days.at(day);
            flow.src_ip().into_iter().for_each(|a| day.hosts.insert(a, key));
        }
        self.hosts.add(line, hour.map(|h| (h + EPOCH).rem_euclid(WEEK) as u8), &mut self.ends, settings);
        if let (Some(src), Some(dst)) = (flow.src_ip(), flow.dst_ip())
            && settings.internal.at(src)
            && settings.internal.at(dst)
        {
            self.pairs.entry((src, dst), Pair::default).add(flow);
        }
        if let Some(port) = flow.dst_port() {
            self.ports.entry(port, Port::default).add(flow, key);
        }
        if let Some(protocol) = flow.protocol() {
            self.protocols[usize::from(protocol)].sums.add(flow);
        }
        self.distribute(line);
    }

    /// Adds the values of a flow to the distributions.
    #[inline]
    fn distribute(&mut self, line: &Line<'_>) {
        let flow: &Flow = line.flow;
        let own = [flow.bytes(), flow.packets(), flow.rev_bytes(), flow.rev_packets(), flow.duration()];
        let (fields, others) = self.fields.split_at_mut(OWN);
        for (field, value) in fields.iter_mut().zip(own) {
            value.into_iter().for_each(|v| field.add(v));
        }
        let first = self.settings.watched_fields;
        for (at, field) in others.iter_mut().enumerate() {
            if let Some(span) = line.span(first + at) {
                parts(line, span).into_iter().for_each(|v| field.add(v));
            }
        }
    }

    /// Takes a line of a baseline.
    pub(crate) fn line(&mut self, line: &Line<'_>) {
        if let Some(frame) = self.reading.frame(line)
            && let Err(e) = self.store.absorb(frame, line.text, &self.settings.key)
        {
            self.reading.fail(e.to_string());
        }
    }

    /// Adds all of another.
    pub(crate) fn merge(&mut self, mut other: Book) {
        let key = self.settings.key.clone();
        self.hosts.meet(&mut self.ends, &key);
        other.hosts.meet(&mut other.ends, &key);
        Section::merge(&mut self.totals, other.totals, &key);
        self.ends.iter_mut().zip(other.ends).for_each(|(a, b)| a.merge(b, &key));
        self.days.merge(other.days, &key);
        self.hours.merge(other.hours, &key);
        self.hosts.merge(other.hosts, &key);
        self.pairs.merge(other.pairs, |a, b| a.merge(b, &key));
        self.ports.merge(other.ports, |a, b| a.merge(b, &key));
        self.protocols.iter_mut().zip(other.protocols).for_each(|(a, b)| a.merge(b, &key));
        self.fields.iter_mut().zip(other.fields).for_each(|(a, b)| a.merge(b, &key));
        self.left_out += other.left_out;
        self.store.merge(other.store, &key);
        self.reading.merge(other.reading);
    }

    /// Why nothing can be written.
    pub(crate) fn fault(&self) -> Option<String> {
        self.reading.fault().or_else(|| {
            let read = self.reading.header()?;
            let has_flows = !self.totals.sums.is_empty() || !self.settings.open;
            let misfit = if has_flows { self.settings.header.fits(read) } else { Ok(()) };
            let remedy = "; baseline:by=...,internal=...,keep=... say what the flows are added to";
            if let Err(e) = misfit {
                return Some(format!("{e}{remedy}"));
            }
            let is_there =
                |key: &str| read_hour(key).is_some_and(|h| self.settings.excluded.contains(&h.div_euclid(24)));
            let hour = self.store.hours.keys().find(|key| is_there(key))?;
            let day = hour.get(1..11).unwrap_or_default();
            Some(format!(
                "exclude={day}: a baseline that was read has this date, and it cannot be taken out of its hosts"
            ))
        })
    }

    /// About how many bytes it takes of what grows with the flows; what was read is not in it.
    pub(crate) fn bytes(&self) -> u64 {
        let ports = self.ports.bytes(|port| port.sources.heap_bytes() + port.destinations.heap_bytes());
        self.hosts.bytes() + self.pairs.bytes(|pair| pair.ports.heap_bytes()) + ports
    }

    /// Flows that were left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// All states, those that are too old left out; the header, and the number of dates.
    pub(crate) fn states(mut self) -> (Header, Store, u64) {
        let mut header = self.settings.header.clone();
        if let Some(read) = self.reading.header() {
            header = read.clone();
        }
        if let (Some(first), Some(last)) = (self.totals.sums.first(), self.totals.sums.last()) {
            let mut own = self.settings.header.clone();
            own.set_span(first, last, self.totals.sums.time_digits());
            header.widen(&own);
        }
        self.pour();
        let days = prune(&mut self.store, &header);
        (header, self.store, days)
    }

    /// Writes the baseline.
    ///
    /// # Errors
    /// A state that is too long for a line.
    pub(crate) fn write(self, write: &mut dyn FnMut(&[u8])) -> Result<(), String> {
        let key = self.settings.key.clone();
        let (header, store, days) = self.states();
        let mut out = LineWriter::new(write);
        out.header(&header);
        store.write(&key, &mut out);
        out.trailer(days).map_err(|e| e.to_string())
    }

    /// Hands what flows added up to over to the store.
    fn pour(&mut self) {
        let key = self.settings.key.clone();
        self.hosts.meet(&mut self.ends, &key);
        let store = &mut self.store;
        if !self.totals.sums.is_empty() {
            store.totals.push(Totals::KEY, std::mem::take(&mut self.totals));
        }
        for (name, set) in ENDS.into_iter().zip(std::mem::take(&mut self.ends)) {
            if set != Addresses::new() {
                store.addresses.push(name, set);
            }
        }
        self.days.take().for_each(|(day, state)| store.days.push(day_key(day), state));
        self.hours.take().for_each(|(hour, state)| store.hours.push(hour_key(hour), state));
        std::mem::replace(&mut self.hosts, Hosts::new(&self.settings.by)).pour(&mut store.hosts);
        for ((src, dst), state) in self.pairs.take() {
            store.pairs.push(format!("[\"{src}\",\"{dst}\"]"), state);
        }
        for (port, state) in self.ports.take() {
            store.ports.push(port.to_string(), state);
        }
        for (number, state) in std::mem::take(&mut self.protocols).into_iter().enumerate() {
            if !state.sums.is_empty() {
                store.protocols.push(number.to_string(), state);
            }
        }
        for (name, state) in FIELDS.iter().zip(std::mem::take(&mut self.fields)) {
            if state.moments.n() > 0 {
                store.fields.push(format!("\"{name}\""), state);
            }
        }
    }
}

/// Whether an hour or a date that ends at this second is kept.
pub(super) fn is_kept(end: i64, header: &Header) -> bool {
    header.span().is_none_or(|(_, last)| end > last.seconds().saturating_sub(header.keep as i64))
}

/// Whether the state of a key is kept.
pub(super) fn keeps(section: &str, key: &str, header: &Header) -> bool {
    match section {
        Hour::NAME => read_hour(key).is_none_or(|hour| is_kept((hour + 1) * HOUR, header)),
        Day::NAME => read_day(key).is_none_or(|day| is_kept((day + 1) * DAY, header)),
        _ => true,
    }
}

/// Drops hours and dates that are too old; answers how many dates are left.
fn prune(store: &mut Store, header: &Header) -> u64 {
    store.hours.retain(|key| keeps(Hour::NAME, key, header));
    let mut days: std::collections::BTreeSet<String> = Default::default();
    store.days.retain(|key| {
        let is_kept = keeps(Day::NAME, key, header);
        if is_kept {
            days.insert(key.to_owned());
        }
        is_kept
    });
    days.len() as u64
}

/// The number in a member, in parts of 1; none where it is no number from 0 on.
#[inline]
fn parts(line: &Line<'_>, span: Span) -> Option<u64> {
    let token = line.text.get(span.start as usize..span.end as usize)?;
    if let Some(whole) = number::exact_integer(token) {
        return whole.checked_mul(UNIT);
    }
    let value = token.parse::<f64>().ok().filter(|v| *v >= 0.0)? * UNIT as f64;
    // Beyond that a float is no integer of 64 bits.
    (value < 1.8e19).then_some(value.round() as u64)
}
