//! Flows that wait for others: a small entry for each, and all their bytes in one piece of memory.
//!
//! Bound: what [`super::Gather`] lets wait; an entry is 72 bytes, a flow some 70 more and its line as long as it is.

use crate::step::conversation::{Key, is_two_way, span};
use crate::step::member::has_member;
pub(super) use crate::step::packed::Place;
use crate::step::packed::{pack, unpack};
use crate::step::{Form, Record};
use flow_record::record::Flow;
use flow_record::record::field;
use flow_record::value::Address;
use std::cmp::Ordering;
use std::net::IpAddr;

/// FIN and RST end a connection, SYN begins one.
const ENDS: u64 = 0b101;
const BEGINS: u64 = 0b10;
const TCP: u8 = 6;

/// One flow that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Of its conversation.
    pub(super) hash: u64,
    /// Nanoseconds; the earliest where the flow has no time.
    pub(super) start: i64,
    pub(super) end: i64,
    /// What sampling and byte layer its counts have: others cannot be added to them.
    pub(super) unit: u64,
    /// Its exporter; 0 where unknown.
    pub(super) exporter: u64,
    pub(super) place: Place,
    pub(super) marks: Marks,
}

/// What of a flow is told by a bit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// Its source is the lower end.
    pub(super) from_low: bool,
    pub(super) is_two_way: bool,
    /// A packet that ends a connection was seen.
    pub(super) ends: bool,
    /// A packet that begins one was seen.
    pub(super) begins: bool,
    /// It is marked as a duplicate of a flow that counts elsewhere.
    pub(super) is_duplicate: bool,
}

impl Held {
    /// Whether `later`, which starts no earlier, follows within a time.
    pub(super) fn reaches(&self, later: &Held, timeout: i64) -> bool {
        later.start < self.end.saturating_add(timeout)
    }
}

/// All flows that wait.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) held: Vec<Held>,
    bytes: Vec<u8>,
    /// The bytes of those that stay, while others leave.
    spare: Vec<u8>,
}

impl Store {
    /// Bytes of all flows.
    pub(super) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Keeps a flow; answers its last moment, if its clock is to be believed.
    pub(super) fn keep(&mut self, record: Record<'_>) -> Option<i64> {
        let flow = record.flow;
        let key = Key::of(flow);
        let (start, end) = span(flow);
        let place = pack(record, &mut self.bytes);
        let unit = unit(record);
        let flags = flow.integer(field::TCP_FLAGS).unwrap_or(0) | flow.integer(field::REV_TCP_FLAGS).unwrap_or(0);
        let is_tcp = flow.protocol() == Some(TCP);
        self.held.push(Held {
            hash: key.hash(),
            start,
            end,
            unit,
            exporter: flow.address(field::EXPORTER).map_or(0, exporter),
            place,
            marks: Marks {
                from_low: key.from_low,
                is_two_way: is_two_way(flow),
                ends: is_tcp && flags & ENDS != 0,
                begins: is_tcp && flags & BEGINS != 0,
                is_duplicate: has_member(record.form, "dup_of", "\""),
            },
        });
        (!flow.has(field::CLOCK) && flow.time().is_some()).then_some(end)
    }

    /// Sorts by conversation, then by time; what is the same in that, by content.
    pub(super) fn sort(&mut self) {
        let bytes = &self.bytes;
        let of = |h: &Held| &bytes[h.place.all()];
        // Stable, because what stayed from the last time is in order already.
        self.held.sort_by(|a, b| {
            (a.hash, a.start, a.end)
                .cmp(&(b.hash, b.start, b.end))
                .then_with(|| if a.place.at == b.place.at { Ordering::Equal } else { of(a).cmp(of(b)) })
        });
    }

    /// Puts the fields of a flow, by its number, into `flow`; answers how it came.
    pub(super) fn load(&self, number: u32, flow: &mut Flow) -> Form<'_> {
        self.held.get(number as usize).map_or(Form::Fields(b""), |held| self.load_from(held.place, flow))
    }

    /// The same by its place.
    pub(super) fn load_from(&self, place: Place, flow: &mut Flow) -> Form<'_> {
        unpack(&self.bytes[place.all()], place, flow)
    }

    /// Keeps those of whom `stays` has a true.
    pub(super) fn retain(&mut self, stays: &[bool]) {
        if !stays.contains(&true) {
            self.held.clear();
            self.bytes.clear();
            return;
        }
        self.spare.clear();
        let mut place = 0;
        self.held.retain_mut(|held| {
            place += 1;
            if stays.get(place - 1) != Some(&true) {
                return false;
            }
            let all = held.place.all();
            held.place.at = self.spare.len() as u64;
            self.spare.extend_from_slice(&self.bytes[all]);
            true
        });
        std::mem::swap(&mut self.bytes, &mut self.spare);
        self.spare.clear();
    }
}

/// A number for what sampling and byte layer counts have, and whether they were multiplied by that.
fn unit(record: Record<'_>) -> u64 {
    let flow = record.flow;
    let layer = match flow.text(field::BYTE_LAYER) {
        None => 0,
        Some("l2") => 1,
        Some(_) => 2,
    };
    let sampling = flow.integer(field::SAMPLING).unwrap_or(1).max(1);
    let is_scaled = sampling > 1 && has_member(record.form, "scaled", "true");
    sampling << 3 | u64::from(is_scaled) << 2 | layer
}

/// A number for an exporter: of IPv4 the address itself.
fn exporter(address: Address) -> u64 {
    match address.0 {
        IpAddr::V4(v4) => 1 << 32 | u64::from(v4.to_bits()),
        IpAddr::V6(v6) => {
            let bits = v6.to_bits();
            (bits >> 64) as u64 ^ (bits as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63
        }
    }
}
