//! The record of layout 2 (`nfxV3.h`): a header of 12 bytes, then elements, each with its number and length.

use super::basics::{self, Basics, ipv4_unless_zero, ipv6, ipv6_unless_zero, unless_zero};
use super::bytes::{u8_at, u16_at, u32_at, u64_at, u128_at};
use super::extras;
use super::trouble::Trouble;
use crate::row::label;
use flow_record::record::Flow;
use flow_record::record::field;

/// Its kind.
pub(super) const RECENT: u16 = 11;

/// Bytes of its header, and of that of an element.
const HEADER: usize = 12;
const ELEMENT: usize = 4;

/// Numbers of elements, and how many bytes of each are read.
const GENERIC: usize = 1;
const IPV4: usize = 2;
const IPV6: usize = 3;
const INTERFACES: usize = 4;
const COUNTS: usize = 5;
const VLANS: usize = 6;
const AS: usize = 7;
const NEXT_HOP_4: usize = 10;
const NEXT_HOP_6: usize = 11;
const ROUTER_4: usize = 12;
const ROUTER_6: usize = 13;
const FIREWALL_EVENT: usize = 19;
const NAT_EVENT: usize = 25;
const LABEL: usize = 28;
const LAYER_2: usize = 38;

/// Elements are looked up by number; those above are not read.
const ELEMENTS: usize = 64;

/// Bytes that an element must have behind its header.
const NEEDED: [u8; ELEMENTS] = {
    let mut needed = [0; ELEMENTS];
    needed[GENERIC] = 48;
    needed[IPV4] = 8;
    needed[IPV6] = 32;
    needed[INTERFACES] = 8;
    needed[COUNTS] = 24;
    needed[VLANS] = 8;
    needed[AS] = 8;
    needed[NEXT_HOP_4] = 4;
    needed[NEXT_HOP_6] = 16;
    needed[ROUTER_4] = 4;
    needed[ROUTER_6] = 16;
    needed[FIREWALL_EVENT] = 8;
    needed[NAT_EVENT] = 8;
    needed[LAYER_2] = 27;
    needed
};

/// Where the elements of a record are.
#[derive(Debug)]
pub(super) struct Elements {
    /// Bit `i` is set where there is an element `i`.
    present: u64,
    /// Where in the record the content of each begins and ends; of those that are not present what a former one left.
    places: [(u16, u16); ELEMENTS],
}

/// The number of the exporter that a record refers to.
#[inline]
pub(super) fn exporter(record: &[u8]) -> u16 {
    u16_at(record, 8)
}

impl Default for Elements {
    fn default() -> Elements {
        Elements { present: 0, places: [(0, 0); ELEMENTS] }
    }
}

impl Elements {
    /// Finds the elements of a record, and checks that they fill it.
    #[inline]
    fn find(&mut self, record: &[u8]) -> Result<(), Trouble> {
        self.present = 0;
        let mut at = HEADER;
        for _ in 0..u16_at(record, 4) {
            let Some(header) = record.get(at..).and_then(|rest| rest.first_chunk::<ELEMENT>()) else {
                return Err(Trouble::Rest(at));
            };
            let (id, length) = (u16_at(header, 0), u16_at(header, 2));
            let end = at + usize::from(length);
            let number = usize::from(id);
            let needed = if number < ELEMENTS { usize::from(NEEDED[number]) } else { 0 };
            if usize::from(length) < ELEMENT + needed || end > record.len() {
                return Err(Trouble::Extension(id));
            }
            if number < ELEMENTS {
                self.present |= 1 << number;
                // A record has at most 65 535 bytes.
                self.places[number] = ((at + ELEMENT) as u16, end as u16);
            }
            at = end;
        }
        if at == record.len() { Ok(()) } else { Err(Trouble::Rest(at)) }
    }

    /// The content of an element, if there is one.
    #[inline]
    fn get<'r>(&self, id: usize, record: &'r [u8]) -> Option<&'r [u8]> {
        if self.present >> id & 1 == 0 {
            return None;
        }
        let (start, end) = self.places[id];
        record.get(usize::from(start)..usize::from(end))
    }

    /// The first `N` bytes of it, which [`NEEDED`] says are there.
    #[inline]
    fn fixed<'r, const N: usize>(&self, id: usize, record: &'r [u8]) -> Option<&'r [u8; N]> {
        self.get(id, record)?.first_chunk()
    }

    /// Whether there is one of these, a bit each.
    #[inline]
    fn has_any(&self, ids: u64) -> bool {
        self.present & ids != 0
    }

    /// Fills a flow from a record.
    ///
    /// # Errors
    /// Why it is no flow.
    #[inline]
    pub(super) fn read(&mut self, record: &[u8], flow: &mut Flow) -> Result<(), Trouble> {
        flow.clear();
        self.find(record)?;
        let mut protocol = None;
        if let Some(generic) = self.fixed::<48>(GENERIC, record) {
            let mut basics = Basics {
                first: u64_at(generic, 0),
                last: u64_at(generic, 8),
                received: u64_at(generic, 16),
                packets: u64_at(generic, 24),
                bytes: u64_at(generic, 32),
                src_port: u16_at(generic, 40),
                dst_port: u16_at(generic, 42),
                protocol: u8_at(generic, 44),
                tcp_flags: u8_at(generic, 45),
                tos: u8_at(generic, 47),
            };
            if self.has_any(1 << FIREWALL_EVENT | 1 << NAT_EVENT) {
                let event = self.fixed::<8>(FIREWALL_EVENT, record).or(self.fixed(NAT_EVENT, record));
                basics.at_event(event.map_or(0, |event| u64::from_le_bytes(*event)));
            }
            basics.set(flow)?;
            protocol = Some(basics.protocol);
        }
        self.addresses(record, flow);
        if protocol == Some(0) {
            basics::aggregated(flow);
        }
        if self.has_any(1 << COUNTS | 1 << INTERFACES | 1 << AS) {
            self.numbers(record, flow)?;
        }
        if let Some(router) = self.fixed::<4>(ROUTER_4, record) {
            ipv4_unless_zero(flow, field::EXPORTER, u32::from_le_bytes(*router));
        }
        if self.has_any(1 << VLANS | 1 << LAYER_2 | 1 << NEXT_HOP_4 | 1 << NEXT_HOP_6 | 1 << ROUTER_6 | 1 << LABEL) {
            self.seldom(record, flow)?;
        }
        if flow.is_flow() { Ok(()) } else { Err(Trouble::Nothing) }
    }

    /// Appends what the record that was read last has besides, as `,"name":value`.
    pub(super) fn extras(&self, record: &[u8], out: &mut Vec<u8>) {
        extras::recent(|id| self.get(id, record), out);
    }

    #[inline]
    fn addresses(&self, record: &[u8], flow: &mut Flow) {
        if self.has_any(1 << IPV6) && self.is_ipv6(record) {
            let Some(pair) = self.fixed::<32>(IPV6, record) else { return };
            flow.set_address(field::SRC_IP, ipv6(u128_at(pair, 0)));
            flow.set_address(field::DST_IP, ipv6(u128_at(pair, 16)));
        } else if let Some(pair) = self.fixed::<8>(IPV4, record) {
            flow.set_ipv4(field::SRC_IP, u32_at(pair, 0));
            flow.set_ipv4(field::DST_IP, u32_at(pair, 4));
        }
    }

    /// Whether the IPv6 addresses are those of the flow: some exporters send both kinds, one of them empty.
    fn is_ipv6(&self, record: &[u8]) -> bool {
        let Some(ipv4) = self.fixed::<8>(IPV4, record) else { return true };
        match self.fixed::<27>(LAYER_2, record).map_or(0, |layer| u8_at(layer, 26)) {
            4 => false,
            6 => true,
            _ => *ipv4 == [0; 8],
        }
    }

    /// Counts, interfaces and AS numbers.
    #[inline]
    fn numbers(&self, record: &[u8], flow: &mut Flow) -> Result<(), Trouble> {
        if let Some(counts) = self.fixed::<24>(COUNTS, record) {
            basics::counts(flow, u64_at(counts, 0), u64_at(counts, 8), u64_at(counts, 16))?;
        }
        if let Some(interfaces) = self.fixed::<8>(INTERFACES, record) {
            unless_zero(flow, field::INPUT_IF, u32_at(interfaces, 0).into())?;
            unless_zero(flow, field::OUTPUT_IF, u32_at(interfaces, 4).into())?;
        }
        if let Some(numbers) = self.fixed::<8>(AS, record) {
            unless_zero(flow, field::SRC_AS, u32_at(numbers, 0).into())?;
            unless_zero(flow, field::DST_AS, u32_at(numbers, 4).into())?;
        }
        Ok(())
    }

    /// What few records have.
    fn seldom(&self, record: &[u8], flow: &mut Flow) -> Result<(), Trouble> {
        if let Some(vlans) = self.fixed::<8>(VLANS, record) {
            unless_zero(flow, field::VLAN, u32_at(vlans, 0).into())?;
        } else if let Some(layer) = self.fixed::<27>(LAYER_2, record) {
            unless_zero(flow, field::VLAN, u16_at(layer, 0).into())?;
        }
        if let Some(router) = self.fixed::<16>(ROUTER_6, record) {
            ipv6_unless_zero(flow, field::EXPORTER, u128_at(router, 0));
        }
        if let Some(hop) = self.fixed::<16>(NEXT_HOP_6, record) {
            ipv6_unless_zero(flow, field::NEXT_HOP, u128_at(hop, 0));
        }
        if let Some(hop) = self.fixed::<4>(NEXT_HOP_4, record) {
            ipv4_unless_zero(flow, field::NEXT_HOP, u32::from_le_bytes(*hop));
        }
        if let Some(text) = self.get(LABEL, record) {
            // It ends with a zero.
            let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
            if let Some(label) = label(std::str::from_utf8(text).map_err(|_| Trouble::Label)?) {
                flow.set_text(field::LABEL, label);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
