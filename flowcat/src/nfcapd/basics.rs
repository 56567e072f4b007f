//! What flow records of both layouts have, and what it means: the same as in nfdump's text, read by [`crate::row`].
//!
//! ICMP's type and code are the upper and lower byte of the destination port, and its ports are 0. Flags are those of TCP
//! alone. 0 of interfaces, AS numbers, VLAN, type of service and counts of the other direction says that there is none. A
//! last time before the first, a time before 1990 or more than a day after it was received is flagged (`clock`).
//! Protocol 0 says that the record was aggregated: what is then 0 is left out.

use super::trouble::Trouble;
use flow_record::record::Flow;
use flow_record::record::field::{self, FieldId};
use flow_record::value::{Address, Time};

/// 1990-01-01T00:00:00Z: no flow was exported before. In seconds.
const FIRST_YEAR: u64 = 631_152_000;

/// A flow cannot be exported this much before it starts, in seconds.
const DAY: u64 = 86_400;

const MILLI: u64 = 1_000_000;

/// The last millisecond that a time can be.
const LAST: u64 = i64::MAX as u64 / MILLI;

const TCP: u8 = 6;

/// ICMP and ICMPv6.
const ICMP: [u8; 2] = [1, 58];

/// Times in milliseconds since 1970, counts, and what the headers of the packets said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Basics {
    pub(super) first: u64,
    pub(super) last: u64,
    /// When the collector had it; 0 where that is not known.
    pub(super) received: u64,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) src_port: u16,
    pub(super) dst_port: u16,
    pub(super) protocol: u8,
    pub(super) tcp_flags: u8,
    pub(super) tos: u8,
}

impl Basics {
    /// Takes the time of an event for the flow's where it has none.
    pub(super) fn at_event(&mut self, event: u64) {
        if self.first == 0 {
            self.first = event;
            if self.last == 0 {
                self.last = event;
            }
        }
    }

    /// Puts all into a flow.
    #[inline]
    pub(super) fn set(&self, flow: &mut Flow) -> Result<(), Trouble> {
        self.times(flow)?;
        count(flow, field::PACKETS, self.packets)?;
        count(flow, field::BYTES, self.bytes)?;
        if self.protocol != 0 {
            flow.set_integer(field::PROTOCOL, self.protocol.into());
        }
        if ICMP.contains(&self.protocol) {
            flow.set_integer(field::SRC_PORT, 0);
            flow.set_integer(field::DST_PORT, 0);
            flow.set_integer(field::ICMP_TYPE, (self.dst_port >> 8).into());
            flow.set_integer(field::ICMP_CODE, (self.dst_port & 255).into());
        } else {
            flow.set_integer(field::SRC_PORT, self.src_port.into());
            flow.set_integer(field::DST_PORT, self.dst_port.into());
        }
        if self.protocol == TCP || self.protocol == 0 && self.tcp_flags != 0 {
            flow.set_integer(field::TCP_FLAGS, self.tcp_flags.into());
        }
        unless_zero(flow, field::TOS, self.tos.into())
    }

    #[inline]
    fn times(&self, flow: &mut Flow) -> Result<(), Trouble> {
        let (first, last) = (self.first, self.last);
        if first > LAST || last > LAST {
            return Err(Trouble::Time(first.max(last)));
        }
        flow.set_time(Time((first * MILLI) as i64), 3);
        match last.checked_sub(first) {
            Some(millis) => flow.set_duration(millis * MILLI),
            None => return implausible(flow),
        }
        let (second, received) = (first / 1000, self.received / 1000);
        if second < FIRST_YEAR || received >= FIRST_YEAR && self.received <= LAST && second > received + DAY {
            return implausible(flow);
        }
        Ok(())
    }
}

#[cold]
fn implausible(flow: &mut Flow) -> Result<(), Trouble> {
    flow.set_text(field::CLOCK, "implausible");
    Ok(())
}

/// Takes what is 0 out of a record that nfdump made of several; its addresses must have been set.
#[cold]
pub(super) fn aggregated(flow: &mut Flow) {
    for id in [field::SRC_PORT, field::DST_PORT] {
        if flow.integer(id) == Some(0) {
            flow.remove(id);
        }
    }
    for id in [field::SRC_IP, field::DST_IP] {
        if flow.address(id).is_some_and(Address::is_unspecified) {
            flow.remove(id);
        }
    }
}

/// Sets a number.
#[inline]
pub(super) fn count(flow: &mut Flow, id: FieldId, value: u64) -> Result<(), Trouble> {
    if flow.set_integer(id, value) { Ok(()) } else { Err(Trouble::Number(id, value)) }
}

/// Sets a number of which 0 says that there is none.
#[inline]
pub(super) fn unless_zero(flow: &mut Flow, id: FieldId, value: u64) -> Result<(), Trouble> {
    if value == 0 { Ok(()) } else { count(flow, id, value) }
}

/// Sets an address of which 0.0.0.0 says that there is none.
#[inline]
pub(super) fn ipv4_unless_zero(flow: &mut Flow, id: FieldId, address: u32) {
    if address != 0 {
        flow.set_ipv4(id, address);
    }
}

/// Sets an address of which :: says that there is none.
pub(super) fn ipv6_unless_zero(flow: &mut Flow, id: FieldId, address: u128) {
    if address != 0 {
        flow.set_address(id, ipv6(address));
    }
}

/// An IPv6 address.
#[inline]
pub(super) fn ipv6(address: u128) -> Address {
    Address(std::net::Ipv6Addr::from_bits(address).into())
}

/// Sets how many flows the record stands for, and what came back.
#[inline]
pub(super) fn counts(flow: &mut Flow, flows: u64, rev_packets: u64, rev_bytes: u64) -> Result<(), Trouble> {
    unless_zero(flow, field::REV_PACKETS, rev_packets)?;
    unless_zero(flow, field::REV_BYTES, rev_bytes)?;
    if flows > 1 { count(flow, field::FLOWS, flows) } else { Ok(()) }
}
