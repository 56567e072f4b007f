//! What is kept of an open flow, and the record that it becomes.
//!
//! Invariant: counts are of both directions, the first that of the first packet. Bytes are of the IP layer.

use super::app::Seen;
use super::key::Key;
use crate::packet::Headers;
use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId, MAX_INTEGER};
use flow_record::value::{Address, Time};

const TCP: u8 = 6;

/// 1990-01-01T00:00:00Z, in nanoseconds: nothing was captured before.
const FIRST_YEAR: i64 = 631_152_000_000_000_000;

/// An open flow.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    /// Times of the first and last packet, as the meter's clock had them: nanoseconds, and whole milliseconds.
    first: i64,
    last: i64,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    packets: [u64; 2],
    bytes: [u64; 2],
    flags: [u8; 2],
    /// Of the first packet.
    tos: u8,
    icmp: Option<[u8; 2]>,
    /// Decimals of its times.
    digits: u8,
    /// The lower end sent the first packet.
    from_low: bool,
    pub(super) seen: Seen,
}

impl Entry {
    /// A flow that begins with this packet, which is yet to be added.
    pub(super) fn new(key: Key, from_low: bool, digits: u8, headers: &Headers<'_>, now: i64, now_ms: i64) -> Entry {
        Entry {
            key,
            first: now,
            last: now,
            first_ms: now_ms,
            last_ms: now_ms,
            packets: [0; 2],
            bytes: [0; 2],
            flags: [0; 2],
            tos: headers.tos,
            icmp: headers.icmp,
            digits,
            from_low,
            seen: Seen::default(),
        }
    }

    /// Adds a packet; answers its direction, 1 for that to the source.
    #[inline]
    pub(super) fn add(&mut self, headers: &Headers<'_>, from_low: bool, now: i64, now_ms: i64) -> usize {
        let direction = usize::from(from_low != self.from_low);
        (self.last, self.last_ms) = (now, now_ms);
        self.packets[direction] += 1;
        self.bytes[direction] += u64::from(headers.lengths.l3);
        self.flags[direction] |= headers.flags;
        direction
    }

    /// Packets of both directions.
    pub(super) fn packets(&self) -> u64 {
        self.packets[0] + self.packets[1]
    }

    /// Makes the record.
    pub(super) fn fill(&self, flow: &mut Flow) {
        flow.clear();
        flow.set_time(Time(self.first), self.digits);
        flow.set_duration(self.last.saturating_sub(self.first).unsigned_abs());
        let ends = if self.from_low { [0, 1] } else { [1, 0] };
        for (end, address, port) in
            [(ends[0], field::SRC_IP, field::SRC_PORT), (ends[1], field::DST_IP, field::DST_PORT)]
        {
            let (value, number) = self.key.end(end);
            flow.set_address(address, Address(value));
            flow.set_integer(port, number.into());
        }
        let protocol = self.key.protocol();
        flow.set_integer(field::PROTOCOL, protocol.into());
        let [out, back] = self.packets;
        let mut count = |id: FieldId, value: u64| flow.set_integer(id, value.min(MAX_INTEGER));
        count(field::PACKETS, out);
        count(field::BYTES, self.bytes[0]);
        count(field::REV_PACKETS, back);
        count(field::REV_BYTES, self.bytes[1]);
        count(field::TOS, self.tos.into());
        if protocol == TCP {
            count(field::TCP_FLAGS, self.flags[0].into());
            if back > 0 {
                count(field::REV_TCP_FLAGS, self.flags[1].into());
            }
        }
        if let Some([kind, code]) = self.icmp {
            count(field::ICMP_TYPE, kind.into());
            count(field::ICMP_CODE, code.into());
        }
        if self.key.vlan() != 0 {
            count(field::VLAN, self.key.vlan().into());
        }
        if self.first < FIRST_YEAR {
            flow.set_text(field::CLOCK, "implausible");
        }
    }
}
