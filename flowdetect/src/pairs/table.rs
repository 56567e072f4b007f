//! The table of pairs: cells of fixed size in chunks that never move, and an index of their places.
//!
//! Flows of a pair that have a port and those that have none, and such with and without bytes, have a cell each; the cells
//! of a pair are chained from its first. Pairs of IPv4 addresses have a key of eight bytes, so that their cell is one cache
//! line; all others are kept apart. The index holds half of the hash beside the place, so that growing it touches no cell.
//! Hash tables are `hashbrown`'s, which std's are, with the random keys of `ahash`: a table of places is not to be had
//! from std.

use super::Has;
use super::deeds::Deeds;
use crate::ends::Ends;
use flow_record::record::{Flow, field};
use flow_record::stats::{Ports, Same, Seen, Span};
use flow_record::value::{Address, Time};
use hashbrown::HashTable;
use std::hash::Hash;
use std::net::IpAddr;

/// Cells in a chunk.
const CHUNK: usize = 4096;

/// No cell, or no set.
const NONE: u32 = u32::MAX;

/// A pair's flows had several ports, and no rule asked which.
const SEVERAL: u32 = u32::MAX - 1;

/// The bit of a place that says which of the two halves it is in.
const OTHER: u32 = 1 << 31;

/// Flows between two ends that have the same fields.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    first: i64,
    last: i64,
    pub(super) bytes: u64,
    pub(super) rev_bytes: u64,
    flows: u64,
    /// Place of the set of ports, where there are several.
    set: u32,
    /// Place of the pair's next cell.
    next: u32,
    /// The port of all flows, or of the first one.
    port: u16,
    protocol: u8,
    /// See the constants.
    bits: u8,
}

/// Bits of a cell: it is the first of its pair; its flows have a port; they have bytes; protocols differ, or one has none;
/// times have 6 decimals; times have 9.
const HEAD: u8 = 1;
const PORT: u8 = 2;
const BYTES: u8 = 4;
const MIXED: u8 = 8;
const MICROS: u8 = 16;
const NANOS: u8 = 32;

impl Cell {
    fn new(flow: &Flow, class: u8) -> Cell {
        Cell {
            first: i64::MAX,
            last: i64::MIN,
            bytes: 0,
            rev_bytes: 0,
            flows: 0,
            set: NONE,
            next: NONE,
            port: flow.dst_port().unwrap_or(0),
            protocol: flow.protocol().unwrap_or(0),
            bits: class,
        }
    }

    /// Adds a flow, its port excepted.
    #[inline]
    fn add(&mut self, flow: &Flow) {
        self.flows = self.flows.saturating_add(flow.integer(field::FLOWS).unwrap_or(1));
        self.bytes = self.bytes.saturating_add(flow.bytes().unwrap_or(0));
        self.rev_bytes = self.rev_bytes.saturating_add(flow.rev_bytes().unwrap_or(0));
        if let Some(Time(start)) = flow.time() {
            self.first = self.first.min(start);
            self.last = self.last.max(start);
            self.bits |= match flow.time_digits() {
                9 => NANOS,
                6 => MICROS,
                _ => 0,
            };
        }
        if flow.protocol() != Some(self.protocol) {
            self.bits |= MIXED;
        }
    }

    /// Adds all of another cell of the same pair and class, its ports excepted.
    fn merge(&mut self, other: &Cell) {
        self.flows = self.flows.saturating_add(other.flows);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.rev_bytes = self.rev_bytes.saturating_add(other.rev_bytes);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        let differ = if self.protocol == other.protocol { 0 } else { MIXED };
        self.bits |= other.bits & (MIXED | MICROS | NANOS) | differ;
    }

    /// The start of its last flow.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    /// What its flows have, but for their ends and times.
    pub(super) fn has(&self) -> Has {
        let bit = |bit: u8, has: Has| if self.bits & bit != 0 { has } else { Has(0) };
        bit(PORT, Has::PORT).with(bit(BYTES, Has::BYTES)).with(Has::TIME)
    }

    /// What its flows have in common.
    pub(super) fn seen(&self) -> Seen {
        let digits = match self.bits {
            bits if bits & NANOS != 0 => 9,
            bits if bits & MICROS != 0 => 6,
            _ => 3,
        };
        let span = Span { first: Time(self.first), last: Time(self.last), digits };
        let protocol = if self.bits & MIXED == 0 { Same::One(self.protocol) } else { Same::Mixed };
        let port = if self.bits & PORT != 0 && self.set == NONE { Same::One(self.port) } else { Same::Mixed };
        Seen::of(self.flows, span, protocol, port)
    }
}

/// Cells by key.
#[derive(Clone, Debug)]
struct Half<K> {
    /// Places of the pairs' first cells, and half of their keys' hashes.
    index: HashTable<(u32, u32)>,
    chunks: Vec<Vec<(K, Cell)>>,
    /// What the flows of each cell did, where it is wanted.
    deeds: Option<Vec<Deeds>>,
    len: usize,
    hasher: ahash::RandomState,
}

/// The whole hash of half of one: the table takes its bits from both ends.
#[inline]
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl<K: Copy + Eq + Hash> Half<K> {
    fn new(deeds: bool) -> Half<K> {
        let deeds = deeds.then(Vec::new);
        Half { index: HashTable::new(), chunks: Vec::new(), deeds, len: 0, hasher: ahash::RandomState::new() }
    }

    /// The place of the first cell of a pair.
    fn find(&self, key: K) -> Option<u32> {
        let half = (self.hasher.hash_one(key) >> 32) as u32;
        let found = self.index.find(spread(half), |(at, other)| *other == half && self.cell(*at).0 == key);
        found.map(|(at, _)| *at)
    }

    #[inline]
    fn add_deeds(&mut self, at: u32, flow: &Flow) {
        if let Some(deeds) = self.deeds.as_mut().and_then(|all| all.get_mut(at as usize)) {
            deeds.add(flow);
        }
    }

    fn merge_deeds(&mut self, at: u32, from: Option<&Deeds>) {
        if let (Some(deeds), Some(from)) = (self.deeds.as_mut().and_then(|all| all.get_mut(at as usize)), from) {
            deeds.merge(from);
        }
    }

    #[inline]
    fn cell(&self, at: u32) -> &(K, Cell) {
        &self.chunks[at as usize / CHUNK][at as usize % CHUNK]
    }

    #[inline]
    fn cell_mut(&mut self, at: u32) -> &mut Cell {
        &mut self.chunks[at as usize / CHUNK][at as usize % CHUNK].1
    }

    fn push(&mut self, key: K, cell: Cell) -> u32 {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Vec::with_capacity(if self.len == 0 { 4 } else { CHUNK }));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push((key, cell));
        }
        if let Some(deeds) = &mut self.deeds {
            deeds.push(Deeds::default());
        }
        self.len += 1;
        // 2^31 cells would take 128 GiB.
        (self.len - 1) as u32
    }

    /// The places of the pair's first cell and of the one of this class, which `make` makes where there is none.
    #[inline]
    fn place(&mut self, key: K, class: u8, make: impl FnOnce() -> Cell) -> (u32, u32) {
        let half = (self.hasher.hash_one(key) >> 32) as u32;
        let chunks = &self.chunks;
        let is_it =
            |(at, other): &(u32, u32)| *other == half && chunks[*at as usize / CHUNK][*at as usize % CHUNK].0 == key;
        let Some((head, _)) = self.index.find(spread(half), is_it).copied() else {
            let mut cell = make();
            cell.bits |= HEAD;
            let at = self.push(key, cell);
            self.index.insert_unique(spread(half), (at, half), |(_, half)| spread(*half));
            return (at, at);
        };
        let mut at = head;
        loop {
            let cell = &self.cell(at).1;
            if cell.bits & (PORT | BYTES) == class {
                return (head, at);
            }
            if cell.next == NONE {
                let more = self.push(key, make());
                self.cell_mut(at).next = more;
                return (head, more);
            }
            at = cell.next;
        }
    }
}

/// The cells of all pairs, and their sets of ports.
#[derive(Clone, Debug)]
pub(super) struct Table {
    v4: Half<u64>,
    other: Half<Ends>,
    sets: Vec<Ports>,
}

/// The key of a pair of IPv4 addresses.
#[inline]
fn quads(ends: Ends) -> Option<u64> {
    match (ends.src, ends.dst) {
        (Some(Address(IpAddr::V4(src))), Some(Address(IpAddr::V4(dst)))) => {
            Some(u64::from(u32::from(src)) << 32 | u64::from(u32::from(dst)))
        }
        _ => None,
    }
}

fn ends(key: u64) -> Ends {
    let address = |bits: u32| Some(Address(IpAddr::V4(bits.into())));
    Ends { src: address((key >> 32) as u32), dst: address(key as u32) }
}

/// A pair of a single flow.
pub(super) struct Lone<'t> {
    pub(super) target: Option<Address>,
    pub(super) cell: &'t Cell,
    pub(super) deeds: Option<&'t Deeds>,
}

impl<'t> Lone<'t> {
    fn of(ends: Ends, cell: &'t Cell, deeds: Option<&'t Deeds>) -> Option<Lone<'t>> {
        let is_lone = cell.flows <= 1 && cell.bits & HEAD != 0 && cell.next == NONE && cell.set == NONE;
        is_lone.then_some(Lone { target: ends.dst, cell, deeds })
    }
}

/// Where the pairs of a merged table now are.
pub(super) struct Places {
    v4: Vec<u32>,
    other: Vec<u32>,
}

impl Places {
    /// The place of the pair that was at this place, if it is still there.
    pub(super) fn of(&self, pair: u32) -> Option<u32> {
        let place = if pair & OTHER == 0 { self.v4[pair as usize] } else { self.other[(pair & !OTHER) as usize] };
        (place != NONE).then_some(place)
    }
}

impl Table {
    /// An empty one; `deeds` are kept where they are wanted.
    pub(super) fn new(deeds: bool) -> Table {
        Table { v4: Half::new(deeds), other: Half::new(deeds), sets: Vec::new() }
    }

    /// The place of the pair with these ends.
    pub(super) fn find(&self, ends: Ends) -> Option<u32> {
        match quads(ends) {
            Some(key) => self.v4.find(key),
            None => self.other.find(ends).map(|at| at | OTHER),
        }
    }

    /// The places of the cells of the pair at a place.
    fn places(&self, pair: u32) -> impl Iterator<Item = u32> {
        let side = pair & OTHER;
        let next = move |at: u32| {
            let cell = if side == 0 { &self.v4.cell(at).1 } else { &self.other.cell(at & !OTHER).1 };
            (cell.next != NONE).then_some(cell.next | side)
        };
        std::iter::successors(Some(pair), move |at| next(*at))
    }

    /// The cells of the pair at a place, with what their flows did, where that is kept.
    pub(super) fn deeds(&self, pair: u32) -> impl Iterator<Item = (&Cell, &Deeds)> {
        self.places(pair).filter_map(|at| {
            let (cell, deeds) = match at & OTHER {
                0 => (&self.v4.cell(at).1, &self.v4.deeds),
                _ => (&self.other.cell(at & !OTHER).1, &self.other.deeds),
            };
            Some((cell, deeds.as_ref()?.get((at & !OTHER) as usize)?))
        })
    }

    /// Number of cells.
    pub(super) fn len(&self) -> usize {
        self.v4.len + self.other.len
    }

    /// Adds a flow to its pair, and answers the place of the pair.
    #[inline]
    pub(super) fn add(&mut self, ends: Ends, flow: &Flow, has: Has, ports: bool) -> u32 {
        let class = if has.has(Has::PORT) { PORT } else { 0 } | if has.has(Has::BYTES) { BYTES } else { 0 };
        let make = || Cell::new(flow, class);
        let (pair, cell) = match quads(ends) {
            Some(key) => {
                let (head, at) = self.v4.place(key, class, make);
                self.v4.add_deeds(at, flow);
                (head, self.v4.cell_mut(at))
            }
            None => {
                let (head, at) = self.other.place(ends, class, make);
                self.other.add_deeds(at, flow);
                (head | OTHER, self.other.cell_mut(at))
            }
        };
        cell.add(flow);
        if let Some(port) = flow.dst_port()
            && (port != cell.port || cell.set != NONE)
        {
            add_port(&mut self.sets, cell, port, ports);
        }
        pair
    }

    /// The pairs of a single flow, in no order.
    pub(super) fn lone(&self) -> impl Iterator<Item = Lone<'_>> {
        let v4 = self.v4.chunks.iter().flatten().enumerate().filter_map(|(at, (key, cell))| {
            Lone::of(ends(*key), cell, self.v4.deeds.as_ref().and_then(|all| all.get(at)))
        });
        let other = self.other.chunks.iter().flatten().enumerate();
        v4.chain(other.filter_map(|(at, (key, cell))| {
            Lone::of(*key, cell, self.other.deeds.as_ref().and_then(|all| all.get(at)))
        }))
    }

    /// Drops the pairs of a single flow that `goes` names; answers where the others now are.
    pub(super) fn relieve(&mut self, ports: bool, goes: impl Fn(&Lone<'_>) -> bool) -> Places {
        let deeds = self.v4.deeds.is_some();
        let old = std::mem::replace(self, Table::new(deeds));
        self.take(old, ports, goes)
    }

    /// Adds all of another table; answers where its pairs now are.
    pub(super) fn merge(&mut self, other: Table, ports: bool) -> Places {
        self.take(other, ports, |_| false)
    }

    fn take(&mut self, other: Table, ports: bool, goes: impl Fn(&Lone<'_>) -> bool) -> Places {
        let mut sets = other.sets;
        let (mut v4, mut rest) = (Vec::with_capacity(other.v4.len), Vec::with_capacity(other.other.len));
        drop((other.v4.index, other.other.index));
        let deeds_of = |deeds: &Option<Vec<Deeds>>, at: usize| deeds.as_ref().and_then(|all| all.get(at)).copied();
        for (i, (key, cell)) in other.v4.chunks.into_iter().flatten().enumerate() {
            let own = deeds_of(&other.v4.deeds, i);
            if Lone::of(ends(key), &cell, own.as_ref()).is_some_and(|lone| goes(&lone)) {
                v4.push(NONE);
                continue;
            }
            let (head, at) = self.v4.place(key, cell.bits & (PORT | BYTES), || cell.as_new());
            self.v4.merge_deeds(at, own.as_ref());
            merge_cell(&mut self.sets, self.v4.cell_mut(at), &cell, &mut sets, ports);
            v4.push(head);
        }
        for (i, (key, cell)) in other.other.chunks.into_iter().flatten().enumerate() {
            let own = deeds_of(&other.other.deeds, i);
            if Lone::of(key, &cell, own.as_ref()).is_some_and(|lone| goes(&lone)) {
                rest.push(NONE);
                continue;
            }
            let (head, at) = self.other.place(key, cell.bits & (PORT | BYTES), || cell.as_new());
            self.other.merge_deeds(at, own.as_ref());
            merge_cell(&mut self.sets, self.other.cell_mut(at), &cell, &mut sets, ports);
            rest.push(head | OTHER);
        }
        Places { v4, other: rest }
    }

    /// Places and ends of all pairs.
    pub(super) fn heads(&self) -> impl Iterator<Item = (u32, Ends)> {
        let v4 = self.v4.chunks.iter().flatten().enumerate().map(|(at, (key, cell))| (at as u32, ends(*key), cell));
        let other = self.other.chunks.iter().flatten().enumerate();
        let all = v4.chain(other.map(|(at, (key, cell))| (at as u32 | OTHER, *key, cell)));
        all.filter(|(_, _, cell)| cell.bits & HEAD != 0).map(|(at, ends, _)| (at, ends))
    }

    /// The ends of the pair at a place.
    pub(super) fn ends(&self, pair: u32) -> Ends {
        if pair & OTHER == 0 { ends(self.v4.cell(pair).0) } else { self.other.cell(pair & !OTHER).0 }
    }

    /// The cells of the pair at a place.
    pub(super) fn cells(&self, pair: u32) -> impl Iterator<Item = &Cell> {
        let side = pair & OTHER;
        let cell = move |at: u32| if side == 0 { &self.v4.cell(at).1 } else { &self.other.cell(at).1 };
        std::iter::successors(Some(cell(pair & !OTHER)), move |c| (c.next != NONE).then(|| cell(c.next)))
    }

    /// Number of distinct ports of a cell.
    pub(super) fn port_count(&self, cell: &Cell) -> u64 {
        match self.sets.get(cell.set as usize) {
            Some(set) => set.count(),
            None => u64::from(cell.bits & PORT != 0),
        }
    }

    /// Adds the ports of a cell to a set.
    pub(super) fn add_ports(&self, cell: &Cell, ports: &mut Ports) {
        match self.sets.get(cell.set as usize) {
            Some(set) => ports.merge(set.clone()),
            None if cell.bits & PORT != 0 => drop(ports.insert(cell.port)),
            None => {}
        }
    }
}

impl Cell {
    /// A cell of the same class without flows.
    fn as_new(&self) -> Cell {
        Cell {
            first: i64::MAX,
            last: i64::MIN,
            bytes: 0,
            rev_bytes: 0,
            flows: 0,
            set: NONE,
            next: NONE,
            port: self.port,
            protocol: self.protocol,
            bits: self.bits & (PORT | BYTES),
        }
    }
}

/// Adds a port that is not the only one.
fn add_port(sets: &mut Vec<Ports>, cell: &mut Cell, port: u16, wanted: bool) {
    if !wanted {
        cell.set = SEVERAL;
        return;
    }
    if cell.set == NONE {
        cell.set = sets.len() as u32;
        sets.push([cell.port].into_iter().collect());
    }
    if let Some(set) = sets.get_mut(cell.set as usize) {
        set.insert(port);
    }
}

/// Adds all of `from`, whose set of ports is in `theirs`.
fn merge_cell(sets: &mut Vec<Ports>, cell: &mut Cell, from: &Cell, theirs: &mut [Ports], wanted: bool) {
    cell.merge(from);
    match (from.set, theirs.get_mut(from.set as usize)) {
        (_, Some(set)) => {
            let set = std::mem::take(set);
            match sets.get_mut(cell.set as usize) {
                Some(mine) => mine.merge(set),
                None => {
                    let port = cell.port;
                    cell.set = sets.len() as u32;
                    sets.push(set);
                    if let Some(mine) = sets.last_mut() {
                        mine.insert(port);
                    }
                }
            }
        }
        (SEVERAL, None) => cell.set = SEVERAL,
        (_, None) if from.bits & PORT != 0 && (cell.set != NONE || from.port != cell.port) => {
            add_port(sets, cell, from.port, wanted);
        }
        _ => {}
    }
}
