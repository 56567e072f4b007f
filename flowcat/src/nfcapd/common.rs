//! The "common record" of layout 1 (`nfx.h`): fixed fields, addresses and counts as its flags say, then the extensions of
//! the map that it refers to.

use super::basics::{self, Basics, ipv4_unless_zero, ipv6, ipv6_unless_zero, unless_zero};
use super::bytes::{u8_at, u16_at, u32_at, u64_at, u128_at};
use super::extras;
use super::map::{ExtensionMap, Maps};
use super::trouble::Trouble;
use flow_record::record::Flow;
use flow_record::record::field;

/// Its kind, and that of nfdump 1.6.8 and before, which lacks the number of the exporter.
pub(super) const COMMON: u16 = 10;
pub(super) const COMMON_0: u16 = 1;

/// Where its flags and the number of its map stand.
const FLAGS: usize = 4;
const MAP: usize = 6;

/// What its flags say.
const IS_IPV6: u16 = 1;
const WIDE_PACKETS: u16 = 2;
const WIDE_BYTES: u16 = 4;

/// Numbers of extensions.
const INTERFACES_2: usize = 4;
const INTERFACES_4: usize = 5;
const AS_2: usize = 6;
const AS_4: usize = 7;
const NEXT_HOP_4: usize = 9;
const NEXT_HOP_6: usize = 10;
const VLANS: usize = 13;
const OUT_PACKETS_4: usize = 14;
const OUT_PACKETS_8: usize = 15;
const OUT_BYTES_4: usize = 16;
const OUT_BYTES_8: usize = 17;
const FLOWS_4: usize = 18;
const FLOWS_8: usize = 19;
const ROUTER_4: usize = 23;
const ROUTER_6: usize = 24;
const RECEIVED: usize = 27;
const FIREWALL_EVENT: usize = 37;

/// Where the parts of a record are.
struct Parts<'m> {
    map: &'m ExtensionMap,
    /// Of the addresses, of the counts, and of the extensions.
    addresses: usize,
    packets: usize,
    bytes: usize,
    extensions: usize,
}

impl<'m> Parts<'m> {
    /// Takes a record apart, and checks that it is long enough.
    #[inline]
    fn of(record: &[u8], maps: &'m Maps) -> Result<Parts<'m>, Trouble> {
        let addresses = if u16_at(record, 0) == COMMON { 32 } else { 28 };
        let (flags, number) = (u16_at(record, FLAGS), u16_at(record, MAP));
        let map = maps.get(number).ok_or(Trouble::Map(number))?;
        let width = |flag, wide, narrow| if flags & flag == 0 { narrow } else { wide };
        let packets = addresses + width(IS_IPV6, 32, 8);
        let bytes = packets + width(WIDE_PACKETS, 8, 4);
        let extensions = bytes + width(WIDE_BYTES, 8, 4);
        if record.len() < extensions + map.size {
            return Err(Trouble::Short);
        }
        Ok(Parts { map, addresses, packets, bytes, extensions })
    }
}

/// A count of 4 or 8 bytes.
#[inline]
fn counter(record: &[u8], start: usize, end: usize) -> u64 {
    if end - start == 8 { u64_at(record, start) } else { u32_at(record, start).into() }
}

/// Fills a flow from a record.
///
/// # Errors
/// Why it is no flow.
pub(super) fn read(record: &[u8], maps: &Maps, flow: &mut Flow) -> Result<(), Trouble> {
    flow.clear();
    let parts = Parts::of(record, maps)?;
    let (map, extensions) = (parts.map, &record[parts.extensions..]);
    let mut basics = Basics {
        first: millis(record, 12, 8),
        last: millis(record, 16, 10),
        received: map.find::<8>(RECEIVED, extensions).map_or(0, |time| u64::from_le_bytes(*time)),
        packets: counter(record, parts.packets, parts.bytes),
        bytes: counter(record, parts.bytes, parts.extensions),
        src_port: u16_at(record, 24),
        dst_port: u16_at(record, 26),
        protocol: u8_at(record, 22),
        tcp_flags: u8_at(record, 21),
        tos: u8_at(record, 23),
    };
    if let Some(event) = map.find::<20>(FIREWALL_EVENT, extensions) {
        basics.at_event(u64_at(event, 0));
        // Type and code of ICMP; of other protocols 0.
        if u16_at(event, 12) != 0 {
            basics.dst_port = u16_at(event, 12);
        }
    }
    basics.set(flow)?;
    let at = parts.addresses;
    if parts.packets - at == 8 {
        flow.set_ipv4(field::SRC_IP, u32_at(record, at));
        flow.set_ipv4(field::DST_IP, u32_at(record, at + 4));
    } else {
        flow.set_address(field::SRC_IP, ipv6(u128_at(record, at)));
        flow.set_address(field::DST_IP, ipv6(u128_at(record, at + 16)));
    }
    if basics.protocol == 0 {
        basics::aggregated(flow);
    }
    further(map, extensions, flow)
}

/// The number of the exporter that a record refers to; the older kind has none.
#[inline]
pub(super) fn exporter(record: &[u8]) -> u16 {
    if u16_at(record, 0) == COMMON { u16_at(record, 28) } else { 0 }
}

/// Appends what a record has besides, as `,"name":value`.
pub(super) fn extras(record: &[u8], maps: &Maps, out: &mut Vec<u8>) {
    let Ok(parts) = Parts::of(record, maps) else { return };
    let extensions = &record[parts.extensions..];
    extras::common(|id| if id == 0 { Some(record) } else { parts.map.get(id, extensions) }, out);
}

/// A time: seconds, and milliseconds apart from them.
#[inline]
fn millis(record: &[u8], seconds: usize, part: usize) -> u64 {
    u64::from(u32_at(record, seconds)) * 1000 + u64::from(u16_at(record, part))
}

/// Puts what extensions say into a flow.
fn further(map: &ExtensionMap, extensions: &[u8], flow: &mut Flow) -> Result<(), Trouble> {
    let pair_of_2 = |id| map.find::<4>(id, extensions).map(|e| [u16_at(e, 0), u16_at(e, 2)].map(u64::from));
    let pair_of_4 = |id| map.find::<8>(id, extensions).map(|e| [u32_at(e, 0), u32_at(e, 4)].map(u64::from));
    for (pair, ids) in [
        (pair_of_4(INTERFACES_4).or_else(|| pair_of_2(INTERFACES_2)), [field::INPUT_IF, field::OUTPUT_IF]),
        (pair_of_4(AS_4).or_else(|| pair_of_2(AS_2)), [field::SRC_AS, field::DST_AS]),
    ] {
        let Some(pair) = pair else { continue };
        for (id, value) in ids.into_iter().zip(pair) {
            unless_zero(flow, id, value)?;
        }
    }
    if let Some([vlan, _]) = pair_of_2(VLANS) {
        unless_zero(flow, field::VLAN, vlan)?;
    }
    let wide = |id| map.find::<8>(id, extensions).map(|e| u64::from_le_bytes(*e));
    let narrow = |id| map.find::<4>(id, extensions).map(|e| u32::from_le_bytes(*e));
    let either = |of_8, of_4| wide(of_8).or(narrow(of_4).map(u64::from)).unwrap_or_default();
    let flows = either(FLOWS_8, FLOWS_4);
    let (packets, bytes) = (either(OUT_PACKETS_8, OUT_PACKETS_4), either(OUT_BYTES_8, OUT_BYTES_4));
    basics::counts(flow, flows, packets, bytes)?;
    for (id, of_4, of_6) in [(field::EXPORTER, ROUTER_4, ROUTER_6), (field::NEXT_HOP, NEXT_HOP_4, NEXT_HOP_6)] {
        if let Some(address) = map.find::<16>(of_6, extensions) {
            ipv6_unless_zero(flow, id, u128_at(address, 0));
        }
        ipv4_unless_zero(flow, id, narrow(of_4).unwrap_or_default());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
