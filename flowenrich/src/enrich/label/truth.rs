//! Rows of a ground truth, found by key and time.
//!
//! Rows of a key lie together, in the order of their start, each with the latest end of those up to it: those that overlap
//! a flow are looked for from the last that begins in time backwards, until none before can reach it. Invariant: an answer
//! depends on the rows and the flow alone. Bound: the rows.

use flow_record::map::Map;
use flow_record::record::{Flow, field};
use flow_record::value::Address;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};

/// The fields of which a key is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) src_ip: bool,
    pub(super) dst_ip: bool,
    pub(super) src_port: bool,
    pub(super) dst_port: bool,
    pub(super) protocol: bool,
}

/// What must be equal; what is not in the shape is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) addresses: [Option<Address>; 2],
    pub(super) ports: [u16; 2],
    pub(super) protocol: u8,
}

/// One row as it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) key: Key,
    /// Nanoseconds.
    pub(super) start: i64,
    pub(super) end: i64,
    /// The place of its verdict.
    pub(super) verdict: u32,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Verdict {
    pub(super) is_malicious: bool,
    pub(super) attack: String,
}

/// Rows that were passed over.
#[derive(Clone, Debug, Default)]
pub(super) struct Unreadable {
    pub(super) count: u64,
    /// Line and reason of the first.
    pub(super) first: Option<(u64, String)>,
}

/// A row in its place.
struct Placed {
    start: i64,
    end: i64,
    /// The latest end of the rows of this key up to this one.
    reach: i64,
    /// Its place in the file.
    number: u32,
    verdict: u32,
}

/// A ground truth.
pub(super) struct Truth {
    pub(super) shape: Shape,
    pub(super) either: bool,
    /// Nanoseconds.
    pub(super) slack: i64,
    pub(super) is_timed: bool,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) unreadable: Unreadable,
    /// First and last place of the rows of a key, and one more.
    places: Map<Key, (u32, u32)>,
    rows: Vec<Placed>,
    /// A bit for each row of the file that belongs to a flow.
    met: Vec<AtomicU64>,
}

/// What was found of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The verdict of the row that counts.
    pub(super) verdict: Option<u32>,
    /// Rows disagree.
    pub(super) is_disputed: bool,
}

impl Truth {
    /// Puts rows, which come as in the file, in their places.
    pub(super) fn fill(&mut self, rows: Vec<Row>) {
        self.met = (0..rows.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let mut keys: Map<Key, u32> = Map::default();
        let mut order: Vec<(u32, u32)> = Vec::with_capacity(rows.len());
        for (number, row) in rows.iter().enumerate() {
            let next = keys.len() as u32;
            let key = match keys.entry(row.key) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(free) => *free.insert(next),
            };
            order.push((key, number as u32));
        }
        order.sort_unstable_by_key(|(key, number)| (*key, rows[*number as usize].start, *number));
        let mut before: Option<(u32, i64)> = None;
        for (key, number) in order {
            let row = &rows[number as usize];
            let reach = match before {
                Some((known, reach)) if known == key => reach.max(row.end),
                _ => row.end,
            };
            before = Some((key, reach));
            let place = self.rows.len() as u32;
            self.places.entry(row.key).or_insert((place, place)).1 = place + 1;
            self.rows.push(Placed { start: row.start, end: row.end, reach, number, verdict: row.verdict });
        }
    }

    /// What is known of a flow; `None` where it lacks a field of the key, or its start.
    pub(super) fn of(&self, flow: &Flow) -> Option<Found> {
        let [there, back] = self.keys(flow)?;
        let (from, to) = match (self.is_timed, flow.time()) {
            (true, time) => {
                let start = time?.nanos();
                let end = start.saturating_add_unsigned(flow.duration().unwrap_or(0));
                (start.saturating_sub(self.slack), end.saturating_add(self.slack))
            }
            (false, _) => (i64::MIN, i64::MAX),
        };
        let mut found = Best::default();
        self.look(&there, from, to, &mut found);
        if self.either && back != there {
            self.look(&back, from, to, &mut found);
        }
        Some(Found { verdict: found.first.map(|(_, verdict)| verdict), is_disputed: found.is_disputed })
    }

    /// The keys of a flow as it is and the other way round.
    fn keys(&self, flow: &Flow) -> Option<[Key; 2]> {
        let Shape { src_ip, dst_ip, src_port, dst_port, protocol } = self.shape;
        let both_ips = (src_ip || dst_ip) && (self.either || src_ip && dst_ip);
        let both_ports = (src_port || dst_port) && (self.either || src_port && dst_port);
        // What is asked of one end is asked of both where either may be it.
        let address = |id, is_wanted: bool| if is_wanted { Some(Some(flow.address(id)?)) } else { Some(None) };
        let port = |id, is_wanted: bool| if is_wanted { flow.integer(id).map(|p| p as u16) } else { Some(0) };
        let src = address(field::SRC_IP, src_ip || both_ips)?;
        let dst = address(field::DST_IP, dst_ip || both_ips)?;
        let from = port(field::SRC_PORT, src_port || both_ports)?;
        let to = port(field::DST_PORT, dst_port || both_ports)?;
        let protocol = if protocol { flow.protocol()? } else { 0 };
        let key = |a: Option<Address>, b: Option<Address>, p: u16, q: u16| Key {
            addresses: [a.filter(|_| src_ip), b.filter(|_| dst_ip)],
            ports: [if src_port { p } else { 0 }, if dst_port { q } else { 0 }],
            protocol,
        };
        Some([key(src, dst, from, to), key(dst, src, to, from)])
    }

    fn look(&self, key: &Key, from: i64, to: i64, found: &mut Best) {
        let Some((first, last)) = self.places.get(key) else { return };
        let rows = &self.rows[*first as usize..*last as usize];
        let in_time = rows.partition_point(|row| row.start <= to);
        for row in rows[..in_time].iter().rev() {
            if row.reach < from {
                break;
            }
            if row.end >= from {
                found.add(row);
                self.meet(row.number);
            }
        }
    }

    fn meet(&self, number: u32) {
        let (word, bit) = (&self.met[number as usize / 64], 1 << (number % 64));
        // Reading costs nothing where the bit is there, which it mostly is.
        if word.load(Ordering::Relaxed) & bit == 0 {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// How many of them belong to no flow.
    pub(super) fn unmet(&self) -> usize {
        let met: u32 = self.met.iter().map(|word| word.load(Ordering::Relaxed).count_ones()).sum();
        self.rows.len() - met as usize
    }

    /// A truth without rows.
    pub(super) fn empty(shape: Shape) -> Truth {
        Truth {
            shape,
            either: true,
            slack: 0,
            is_timed: true,
            verdicts: Vec::new(),
            unreadable: Unreadable::default(),
            places: Map::default(),
            rows: Vec::new(),
            met: Vec::new(),
        }
    }
}

/// The first row of the file among those that belong to a flow.
#[derive(Default)]
struct Best {
    first: Option<(u32, u32)>,
    is_disputed: bool,
}

impl Best {
    fn add(&mut self, row: &Placed) {
        self.is_disputed |= self.first.is_some_and(|(_, verdict)| verdict != row.verdict);
        if self.first.is_none_or(|(number, _)| row.number < number) {
            self.first = Some((row.number, row.verdict));
        }
    }
}
