//! One flow in memory: a cell for each field of [`RECORD`](super::field::RECORD), and which of them are present.
//!
//! A flow is made once and cleared for each record, so that reading one allocates nothing. Absent is absent: no getter
//! invents a 0.

mod pack;

use super::field::{self, FieldId, Kind, RECORD};
use crate::value::{Address, Time};
use std::net::IpAddr;

/// A flow's fields; see the [table](super::field::RECORD) for meaning and units.
#[derive(Debug)]
pub struct Flow {
    /// Bit `i` is set where field `i` is present.
    present: u64,
    /// Decimals of the source's time resolution: 3, 6 or 9.
    digits: u8,
    /// Bit `i` is set where field `i` is an IPv6 address.
    wide: u64,
    /// Integers, IPv4 addresses, nanoseconds, or (texts) start and end in `text`.
    cells: [u64; CELLS],
    /// IPv6 addresses.
    addresses: [u128; 4],
    text: String,
}

/// Cells of a flow: at least one a field, and as many as an index of six bits can reach, which needs no check.
const CELLS: usize = 64;
const _: () = {
    assert!(RECORD.len() <= CELLS, "a flow has a cell and a bit for each field");
    let mut i = 0;
    while i < RECORD.len() {
        if let Kind::Integer(max) = RECORD[i].kind {
            assert!(max & (max + 1) == 0, "an integer's maximum is a number of bits");
        }
        i += 1;
    }
};

/// The cell of an address field.
const fn slot(id: FieldId) -> usize {
    match id {
        field::SRC_IP => 0,
        field::DST_IP => 1,
        field::EXPORTER => 2,
        _ => 3,
    }
}

impl Clone for Flow {
    fn clone(&self) -> Flow {
        Flow { text: self.text.clone(), ..*self }
    }

    /// Allocates nothing where there is room for the texts.
    fn clone_from(&mut self, from: &Flow) {
        let mut text = std::mem::take(&mut self.text);
        text.clone_from(&from.text);
        *self = Flow { text, ..*from };
    }
}

impl Default for Flow {
    fn default() -> Self {
        Flow { present: 0, digits: 3, wide: 0, cells: [0; CELLS], addresses: [0; 4], text: String::new() }
    }
}

impl Flow {
    /// A flow without any field.
    pub fn new() -> Flow {
        Flow::default()
    }

    /// Makes all fields absent.
    #[inline]
    pub fn clear(&mut self) {
        self.present = 0;
        self.wide = 0;
        self.text.clear();
    }

    /// Whether a field is present.
    #[inline]
    pub fn has(&self, id: FieldId) -> bool {
        self.present >> id.0 & 1 == 1
    }

    /// Makes one field absent.
    pub fn remove(&mut self, id: FieldId) {
        self.present &= !(1 << id.0);
    }

    /// The fields that are present, in order.
    #[inline]
    pub fn present(&self) -> impl Iterator<Item = FieldId> + use<> {
        let mut bits = self.present;
        std::iter::from_fn(move || {
            if bits == 0 {
                return None;
            }
            let id = FieldId(bits.trailing_zeros() as u8);
            bits &= bits.wrapping_sub(1);
            Some(id)
        })
    }

    /// Whether the flow has one of the fields that a record needs: an address, bytes or packets.
    #[inline]
    pub fn is_flow(&self) -> bool {
        const NEEDED: u64 = 1 << field::SRC_IP.0 | 1 << field::DST_IP.0 | 1 << field::BYTES.0 | 1 << field::PACKETS.0;
        self.present & NEEDED != 0
    }

    #[inline]
    fn cell(&self, id: FieldId) -> Option<u64> {
        if self.has(id) { Some(self.cells[id.0 as usize % CELLS]) } else { None }
    }

    #[inline]
    fn put(&mut self, id: FieldId, value: u64) {
        self.present |= 1u64.wrapping_shl(u32::from(id.0));
        self.cells[id.0 as usize % CELLS] = value;
    }

    /// An integer field.
    #[inline]
    pub fn integer(&self, id: FieldId) -> Option<u64> {
        debug_assert!(matches!(id.field().kind, Kind::Integer(_)));
        self.cell(id)
    }

    /// Sets an integer field, and says whether the value is in its range; if not, the field is left absent.
    #[inline]
    pub fn set_integer(&mut self, id: FieldId, value: u64) -> bool {
        matches!(id.field().kind, Kind::Integer(max) if self.set_within(id, value, (u64::BITS - max.leading_zeros()) as u8))
    }

    /// Sets an integer field whose maximum, 2^`bits` - 1, is known to the caller.
    #[inline(always)]
    pub(crate) fn set_within(&mut self, id: FieldId, value: u64, bits: u8) -> bool {
        let fits = value.wrapping_shr(u32::from(bits)) == 0;
        if fits {
            self.put(id, value);
        }
        fits
    }

    /// Start of the flow.
    #[inline]
    pub fn time(&self) -> Option<Time> {
        self.cell(field::TIMESTAMP).map(|v| Time(v as i64))
    }

    /// Decimals of the start's resolution: 3, 6 or 9.
    pub fn time_digits(&self) -> u8 {
        self.digits
    }

    /// Sets the start, with the decimals (3, 6 or 9) of the source's resolution.
    #[inline]
    pub fn set_time(&mut self, time: Time, digits: u8) {
        self.put(field::TIMESTAMP, time.nanos() as u64);
        self.digits = digits;
    }

    /// Duration in nanoseconds.
    #[inline]
    pub fn duration(&self) -> Option<u64> {
        self.cell(field::DURATION)
    }

    /// Sets the duration in nanoseconds.
    #[inline]
    pub fn set_duration(&mut self, nanos: u64) {
        self.put(field::DURATION, nanos);
    }

    /// An address field.
    #[inline]
    pub fn address(&self, id: FieldId) -> Option<Address> {
        debug_assert!(matches!(id.field().kind, Kind::Address));
        let cell = self.cell(id)?;
        Some(match self.wide >> id.0 & 1 {
            0 => Address::v4(cell as u32),
            _ => Address(IpAddr::V6(self.addresses[slot(id)].into())),
        })
    }

    /// Sets an address field.
    #[inline]
    pub fn set_address(&mut self, id: FieldId, address: Address) {
        match address.0 {
            IpAddr::V4(a) => self.set_ipv4(id, a.to_bits()),
            IpAddr::V6(a) => {
                self.put(id, 0);
                self.wide |= 1 << id.0;
                self.addresses[slot(id)] = a.to_bits();
            }
        }
    }

    /// Sets an address field to an IPv4 address.
    #[inline]
    pub fn set_ipv4(&mut self, id: FieldId, address: u32) {
        self.put(id, u64::from(address));
        self.wide &= !1u64.wrapping_shl(u32::from(id.0));
    }

    /// A text field.
    pub fn text(&self, id: FieldId) -> Option<&str> {
        debug_assert!(matches!(id.field().kind, Kind::Text | Kind::Word(_)));
        let cell = self.cell(id)?;
        self.text.get((cell >> 32) as usize..(cell & 0xffff_ffff) as usize)
    }

    /// Sets a text field, and says whether the value is one that the field allows.
    pub fn set_text(&mut self, id: FieldId, text: &str) -> bool {
        let fits = match id.field().kind {
            Kind::Text => true,
            Kind::Word(words) => words.contains(&text),
            _ => false,
        };
        if fits {
            let start = self.text.len() as u64;
            self.text.push_str(text);
            self.put(id, start << 32 | self.text.len() as u64);
        }
        fits
    }

    /// Source address.
    #[inline]
    pub fn src_ip(&self) -> Option<Address> {
        self.address(field::SRC_IP)
    }

    /// Destination address.
    #[inline]
    pub fn dst_ip(&self) -> Option<Address> {
        self.address(field::DST_IP)
    }

    /// Source port.
    #[inline]
    pub fn src_port(&self) -> Option<u16> {
        self.integer(field::SRC_PORT).map(|v| v as u16)
    }

    /// Destination port.
    #[inline]
    pub fn dst_port(&self) -> Option<u16> {
        self.integer(field::DST_PORT).map(|v| v as u16)
    }

    /// IANA protocol number.
    #[inline]
    pub fn protocol(&self) -> Option<u8> {
        self.integer(field::PROTOCOL).map(|v| v as u8)
    }

    /// Packets from source to destination.
    #[inline]
    pub fn packets(&self) -> Option<u64> {
        self.integer(field::PACKETS)
    }

    /// Bytes from source to destination.
    #[inline]
    pub fn bytes(&self) -> Option<u64> {
        self.integer(field::BYTES)
    }

    /// Packets from destination to source.
    #[inline]
    pub fn rev_packets(&self) -> Option<u64> {
        self.integer(field::REV_PACKETS)
    }

    /// Bytes from destination to source.
    #[inline]
    pub fn rev_bytes(&self) -> Option<u64> {
        self.integer(field::REV_BYTES)
    }

    /// A field as a number: integers as they are, the duration in seconds, the start in seconds since the epoch.
    pub fn number(&self, id: FieldId) -> Option<f64> {
        match id.field().kind {
            Kind::Integer(_) => self.cell(id).map(|v| v as f64),
            Kind::Seconds => self.cell(id).map(|v| v as f64 / 1e9),
            Kind::Time => self.time().map(|t| t.nanos() as f64 / 1e9),
            _ => None,
        }
    }
}

impl PartialEq for Flow {
    fn eq(&self, other: &Flow) -> bool {
        self.present == other.present
            && self.present().all(|id| match id.field().kind {
                Kind::Address => self.address(id) == other.address(id),
                Kind::Text | Kind::Word(_) => self.text(id) == other.text(id),
                Kind::Time => self.time() == other.time() && self.digits == other.digits,
                _ => self.cell(id) == other.cell(id),
            })
    }
}

impl From<(IpAddr, IpAddr)> for Flow {
    /// A flow that has nothing but its two ends.
    fn from((src, dst): (IpAddr, IpAddr)) -> Flow {
        let mut flow = Flow::new();
        flow.set_address(field::SRC_IP, Address(src));
        flow.set_address(field::DST_IP, Address(dst));
        flow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_field_is_none_and_clearing_makes_all_absent() {
        let mut flow = Flow::new();
        assert!(flow.set_integer(field::BYTES, 7));
        assert!(flow.set_text(field::APP, "dns") && flow.set_text(field::STATE, "SF"));
        assert_eq!((flow.bytes(), flow.packets()), (Some(7), None));
        assert_eq!((flow.text(field::APP), flow.text(field::STATE)), (Some("dns"), Some("SF")));
        flow.clear();
        assert_eq!((flow.bytes(), flow.text(field::APP), flow.present().count()), (None, None, 0));
    }

    #[test]
    fn a_value_out_of_range_is_refused() {
        let mut flow = Flow::new();
        assert!(!flow.set_integer(field::SRC_PORT, 65_536));
        assert!(!flow.set_integer(field::BYTES, 1 << 53));
        assert!(!flow.set_text(field::CLOCK, "late"));
        assert!(!flow.is_flow() && flow.src_port().is_none());
    }

    #[test]
    fn each_address_field_has_a_cell_of_its_own() {
        let mut flow = Flow::new();
        let ids: Vec<_> = FieldId::all().filter(|id| id.field().kind == Kind::Address).collect();
        for (i, id) in ids.iter().enumerate() {
            flow.set_address(*id, Address(IpAddr::from([i as u8; 4])));
        }
        for (i, id) in ids.iter().enumerate() {
            assert_eq!(flow.address(*id), Some(Address(IpAddr::from([i as u8; 4]))));
        }
    }
}
