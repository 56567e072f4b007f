//! What all detectors over pairs share: one table of sources and destinations, filled once a flow.
//!
//! portscan, sweep, exfil and beacon differ in what they ask of the flows between two ends, and hardly in what they keep;
//! so each is a rule ([`PairRule`]) that keeps nothing itself and reads the table at the end. A rule takes only flows that
//! have certain fields, so flows of a pair are summed apart by what they have ([`Has`]), and a rule adds up those that it
//! takes: it finds what it would find alone.
//!
//! [`table`] keeps the pairs, [`deeds`] what their flows did and [`calls`] every flow with a time, where a rule wants
//! them. Invariant: a function of the
//! multiset of flows, but for what [`flood`] says. Bound: 2^24 pairs, 64 bytes a pair of IPv4 addresses (96 of others) and 9 to 20 in the index; 32 more and what the
//! set of ports takes where there are several; 88 for `deeds`; 24 bytes a flow in `calls`.

mod calls;
pub(crate) mod deeds;
mod flood;
mod table;

pub(crate) use calls::Service;
pub(crate) use flood::Flood;

use crate::detect::Found;
use crate::ends::Ends;
use calls::{Call, Calls};
use deeds::Deeds;
use flood::Floods;
use flow_record::people::count;
use flow_record::record::{Flow, field};
use flow_record::stats::{Ports, Seen, Span};
use flow_record::value::{Address, Time};
use table::{Cell, Table};

/// The fields that a flow has, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Has(u8);

impl Has {
    pub(crate) const TIME: Has = Has(1);
    pub(crate) const SRC: Has = Has(2);
    pub(crate) const DST: Has = Has(4);
    pub(crate) const PORT: Has = Has(8);
    /// Bytes of either direction.
    pub(crate) const BYTES: Has = Has(16);

    /// How many there are.
    const ALL: usize = 32;

    #[inline]
    fn of(flow: &Flow, ends: Ends) -> Has {
        let bit = |is_there: bool, bit: Has| if is_there { bit.0 } else { 0 };
        Has(bit(flow.time().is_some(), Has::TIME)
            | bit(ends.src.is_some(), Has::SRC)
            | bit(ends.dst.is_some(), Has::DST)
            | bit(flow.dst_port().is_some(), Has::PORT)
            | bit(flow.bytes().is_some() || flow.rev_bytes().is_some(), Has::BYTES))
    }

    /// Whether these are among them.
    #[inline]
    pub(crate) fn has(self, other: Has) -> bool {
        self.0 & other.0 == other.0
    }

    /// The name of the first of these fields that is not there; all of them are there where it is `None`.
    fn lacks(self, needs: &[Has]) -> Option<&'static str> {
        let missing = needs.iter().find(|need| !self.has(**need))?;
        Some(match *missing {
            Has::TIME => field::TIMESTAMP.name(),
            Has::SRC => field::SRC_IP.name(),
            Has::DST => field::DST_IP.name(),
            Has::PORT => field::DST_PORT.name(),
            _ => field::BYTES.name(),
        })
    }
}

/// A detector over pairs.
pub(crate) trait PairRule: Send + Sync {
    /// The fields that a flow must have to be taken, in the order in which one that is missing is told.
    fn needs(&self) -> &'static [Has];

    /// Whether it needs the set of ports of each pair.
    fn wants_ports(&self) -> bool {
        false
    }

    /// Whether it needs to know what the flows of each pair did.
    fn wants_deeds(&self) -> bool {
        false
    }

    /// Whether it needs every flow by itself.
    fn wants_calls(&self) -> bool {
        false
    }

    /// Whether what it has found stays true whatever else comes, so that in a window it need not wait for the end.
    fn rises(&self) -> bool {
        false
    }

    /// The same again.
    fn again(&self) -> Box<dyn PairRule>;

    /// What follows from all flows that it takes.
    fn finish(&self, pairs: &Pairs, found: &mut Found);
}

/// What the rules of a run need.
#[derive(Clone, Copy, Debug, Default)]
struct Wants {
    ports: bool,
    calls: bool,
    deeds: bool,
    /// Bit `i` is whether some rule takes flows that have `Has(i)`.
    takes: u32,
}

/// The table, and what is known of the whole input.
#[derive(Clone, Debug)]
pub(crate) struct Pairs {
    wants: Wants,
    /// Number of flows by what they have.
    met: [u64; Has::ALL],
    table: Table,
    calls: Calls,
    floods: Floods,
    /// Pairs from which on there is no room.
    full: usize,
    /// First and last start of all flows, those that no rule takes included; `first` above `last` while there is none.
    first: i64,
    last: i64,
    /// Decimals of the finest time.
    digits: u8,
}

impl Pairs {
    /// A table for these rules.
    pub(crate) fn new<'r>(rules: impl Iterator<Item = &'r dyn PairRule>) -> Pairs {
        let mut wants = Wants::default();
        for rule in rules {
            wants.ports |= rule.wants_ports();
            wants.calls |= rule.wants_calls();
            wants.deeds |= rule.wants_deeds();
            for has in 0..Has::ALL {
                wants.takes |= u32::from(Has(has as u8).lacks(rule.needs()).is_none()) << has;
            }
        }
        Pairs::wanting(wants)
    }

    fn wanting(wants: Wants) -> Pairs {
        Pairs {
            wants,
            met: [0; Has::ALL],
            table: Table::new(wants.deeds),
            calls: Calls::default(),
            floods: Floods::default(),
            full: flood::FULL,
            first: i64::MAX,
            last: i64::MIN,
            digits: 3,
        }
    }

    /// Whether it has met no flow.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.met.iter().all(|n| *n == 0)
    }

    /// A table for the same rules that has met nothing.
    pub(crate) fn empty(&self) -> Pairs {
        Pairs::wanting(self.wants)
    }

    /// Takes a flow, and says whether a rule can use it.
    #[inline]
    pub(crate) fn add(&mut self, flow: &Flow) -> bool {
        let ends = Ends::of(flow);
        let has = Has::of(flow, ends);
        self.met[usize::from(has.0)] += 1;
        if let Some(Time(start)) = flow.time() {
            self.first = self.first.min(start);
            self.last = self.last.max(start);
            self.digits = self.digits.max(flow.time_digits());
        }
        if self.wants.takes >> has.0 & 1 == 0 {
            return false;
        }
        if self.table.len() >= self.full {
            self.relieve();
        }
        let pair = self.table.add(ends, flow, has, self.wants.ports);
        if self.wants.calls
            && has.has(Has::DST)
            && let Some(Time(start)) = flow.time()
            && let Some(port) = flow.dst_port()
        {
            self.calls.push(Call::new(pair, port, start, flow.bytes(), flow.protocol()));
        }
        true
    }

    /// Adds all flows that another table for the same rules has met.
    pub(crate) fn merge(&mut self, mut other: Pairs) {
        if other.table.len() > self.table.len() {
            std::mem::swap(self, &mut other);
        }
        self.met.iter_mut().zip(other.met).for_each(|(a, b)| *a += b);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.digits = self.digits.max(other.digits);
        let places = self.table.merge(other.table, self.wants.ports);
        self.calls.merge(other.calls, |pair| places.of(pair));
        self.floods.merge(other.floods);
    }

    /// Makes room; see [`flood`].
    #[cold]
    fn relieve(&mut self) {
        let goes = self.floods.relieve(&self.table, flood::FULL, flood::MOST, flood::FLOOD);
        let places = self.table.relieve(self.wants.ports, goes);
        let calls = std::mem::take(&mut self.calls);
        self.calls.merge(calls, |pair| places.of(pair));
        // Where little went, the next look is to pay.
        self.full = (self.table.len() + flood::FULL / 2).clamp(flood::FULL, flood::MOST);
        if self.table.len() >= flood::MOST {
            self.full = self.table.len() + flood::FULL / 2;
        }
    }

    /// The floods and their destinations, in no order.
    pub(crate) fn floods(&self) -> impl Iterator<Item = (Address, &Flood)> {
        self.floods.iter()
    }

    /// What the user should know of pairs that are no longer there.
    pub(crate) fn gone(&self) -> Option<String> {
        let (n, sources) = self.floods.iter().fold((0, 0), |(n, all), (_, flood)| (n + 1, all + flood.sources));
        let given_up = self.floods.given_up;
        if n + given_up == 0 {
            return None;
        }
        let flooded = format!("{} with one flow to {} kept in sum", count(sources, "pairs"), count(n, "flooded hosts"));
        let more = if given_up > 0 {
            format!(", {} given up for want of room", count(given_up, "pairs"))
        } else {
            String::new()
        };
        Some(format!("{flooded}{more}; counts of others over pairs may be low"))
    }

    /// Forgets what flows lacked.
    pub(crate) fn forget_lacks(&mut self) {
        self.met = [0; Has::ALL];
    }

    /// How many flows a rule could not take, by what they lacked.
    pub(crate) fn lacking(&self, rule: &dyn PairRule) -> Vec<(&'static str, u64)> {
        let mut all: Vec<(&'static str, u64)> = Vec::new();
        for (has, n) in self.met.iter().enumerate().filter(|(_, n)| **n > 0) {
            if let Some(what) = Has(has as u8).lacks(rule.needs()) {
                match all.iter_mut().find(|(met, _)| *met == what) {
                    Some((_, count)) => *count += n,
                    None => all.push((what, *n)),
                }
            }
        }
        all
    }

    /// The pairs that have flows with these fields, in no order.
    pub(crate) fn having(&self, needs: &'static [Has]) -> impl Iterator<Item = Pair<'_>> {
        self.table.heads().filter_map(move |(id, ends)| {
            let pair = Pair { table: &self.table, id, ends, needs };
            pair.cells().next().is_some().then_some(pair)
        })
    }

    /// What the flows in the other direction of these ends did.
    pub(crate) fn back(&self, ends: Ends) -> Deeds {
        let mut sum = Deeds::default();
        if let Some(pair) = self.table.find(Ends { src: ends.dst, dst: ends.src }) {
            self.table.deeds(pair).for_each(|(_, deeds)| sum.merge(deeds));
        }
        sum
    }

    /// Bytes of the flows in the other direction of these ends, as their source sent them.
    pub(crate) fn bytes_back(&self, ends: Ends) -> u64 {
        let pair = self.table.find(Ends { src: ends.dst, dst: ends.src });
        pair.map_or(0, |pair| self.table.cells(pair).fold(0, |sum, cell| sum.saturating_add(cell.bytes)))
    }

    /// The sources, destinations and ports with at least `flows` calls, and their calls; see [`Service`].
    pub(crate) fn services(&self, flows: u64, take: impl FnMut(Service<'_>)) {
        self.calls.services(flows, |pair| self.table.ends(pair), take);
    }

    /// First and last start of the whole input, with the decimals to write times with.
    pub(crate) fn span(&self) -> Span {
        Span { first: Time(self.first), last: Time(self.last), digits: self.digits }
    }
}

/// The flows between two ends that a rule takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'t> {
    table: &'t Table,
    id: u32,
    /// The two ends; the destination may be absent.
    pub(crate) ends: Ends,
    needs: &'static [Has],
}

impl<'t> Pair<'t> {
    fn cells(&self) -> impl Iterator<Item = &'t Cell> {
        let (needs, ends) = (self.needs, self.ends_as_has());
        self.table.cells(self.id).filter(move |cell| cell.has().with(ends).lacks(needs).is_none())
    }

    /// What its flows have in common.
    pub(crate) fn seen(&self) -> Seen {
        self.cells().fold(Seen::default(), |mut seen, cell| {
            seen.merge(&cell.seen());
            seen
        })
    }

    /// What its flows did, where a rule wants it.
    pub(crate) fn deeds(&self) -> Deeds {
        let (needs, ends) = (self.needs, self.ends_as_has());
        let taken = self.table.deeds(self.id).filter(|(cell, _)| cell.has().with(ends).lacks(needs).is_none());
        taken.fold(Deeds::default(), |mut sum, (_, deeds)| {
            sum.merge(deeds);
            sum
        })
    }

    fn ends_as_has(&self) -> Has {
        Has(if self.ends.src.is_some() { Has::SRC.0 } else { 0 }).with(if self.ends.dst.is_some() {
            Has::DST
        } else {
            Has(0)
        })
    }

    /// Number of distinct ports, where a rule wants them.
    pub(crate) fn port_count(&self) -> u64 {
        let mut cells = self.cells();
        match (cells.next(), cells.next()) {
            (Some(cell), None) => self.table.port_count(cell),
            _ => self.ports().count(),
        }
    }

    /// Its ports, where a rule wants them.
    pub(crate) fn ports(&self) -> Ports {
        let mut ports = Ports::new();
        self.add_ports(&mut ports);
        ports
    }

    /// Adds its ports to a set.
    pub(crate) fn add_ports(&self, ports: &mut Ports) {
        self.cells().for_each(|cell| self.table.add_ports(cell, ports));
    }

    /// Bytes from source to destination and back. Sums saturate at 2^64 - 1, 18 exabytes.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        self.cells().fold((0, 0), |(a, b), cell| (a.saturating_add(cell.bytes), b.saturating_add(cell.rev_bytes)))
    }
}

impl Has {
    fn with(self, other: Has) -> Has {
        Has(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests;
