//! Who exported: records that describe exporters, to which those of flows refer by number (`exporter.h`).
//!
//! A flow's own address of its exporter comes first; a record of nfdump 1.6 has none unless nfcapd was told to keep it.
//! Bound: 65 536 addresses.

use super::basics::ipv6;
use super::bytes::{u16_at, u32_at, u128_at};
use flow_record::record::Flow;
use flow_record::record::field;
use flow_record::value::Address;

/// The kind of these records, and their size.
pub(super) const EXPORTER: u16 = 7;
pub(super) const SIZE: usize = 32;

/// Families of addresses, as Linux numbers them.
const AF_INET: u16 = 2;

/// Exporters by number.
#[derive(Debug, Default)]
pub(super) struct Exporters(Vec<Option<Address>>);

impl Exporters {
    /// Takes a record.
    #[cold]
    pub(super) fn put(&mut self, record: &[u8; SIZE]) {
        let number = usize::from(u16_at(record, 26));
        if self.0.len() <= number {
            self.0.resize(number + 1, None);
        }
        self.0[number] = Some(address(record)).filter(|address| !address.is_unspecified());
    }

    /// Sets the exporter of a flow that has none, by the number that its record refers to.
    #[inline]
    pub(super) fn set(&self, number: u16, flow: &mut Flow) {
        if !flow.has(field::EXPORTER)
            && let Some(Some(address)) = self.0.get(usize::from(number))
        {
            flow.set_address(field::EXPORTER, *address);
        }
    }
}

fn address(record: &[u8; SIZE]) -> Address {
    match u16_at(record, 24) {
        // From 1.7.8 on: the bytes of an address in their usual order, IPv4 as ::ffff:a.b.c.d.
        0 => {
            let bytes = record[8..24].first_chunk().copied().unwrap_or_default();
            let wide = std::net::Ipv6Addr::from(bytes);
            wide.to_ipv4_mapped().map_or(Address(wide.into()), |narrow| Address(narrow.into()))
        }
        AF_INET => Address::v4(u32_at(record, 16)),
        _ => ipv6(u128_at(record, 8)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::nfcapd::made;

    /// The exporter of a flow that refers to number 7 after such a record.
    fn exporter(family: u16, address: [u8; 16]) -> Option<String> {
        let mut content = vec![9, 0, 0, 0];
        content.extend(address);
        content.extend(family.to_le_bytes());
        content.extend_from_slice(&[7, 0, 0, 0, 0, 0]);
        let mut exporters = Exporters::default();
        exporters.put(made::record(EXPORTER, &content).first_chunk().unwrap());
        let mut flow = Flow::new();
        exporters.set(6, &mut flow);
        exporters.set(8, &mut flow);
        assert!(!flow.has(field::EXPORTER));
        exporters.set(7, &mut flow);
        flow.address(field::EXPORTER).map(|address| address.0.to_string())
    }

    #[test]
    fn addresses_come_in_the_orders_of_old_and_new_versions() {
        let old_v4 = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 192, 0, 0, 0, 0];
        assert_eq!(exporter(2, old_v4).as_deref(), Some("192.0.2.1"));
        let old_v6 = [0, 0, 0, 0, 0xb8, 0x0d, 1, 0x20, 9, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(exporter(10, old_v6).as_deref(), Some("2001:db8::9"));
        let new_v4 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];
        assert_eq!(exporter(0, new_v4).as_deref(), Some("192.0.2.1"));
        let new_v6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        assert_eq!(exporter(0, new_v6).as_deref(), Some("2001:db8::9"));
        assert_eq!((exporter(0, [0; 16]), exporter(2, [0; 16])), (None, None));
    }

    #[test]
    fn what_the_flow_itself_says_comes_first() {
        let exporters = Exporters(vec![None, Some(Address::v4(1))]);
        let mut flow = Flow::new();
        flow.set_ipv4(field::EXPORTER, 2);
        exporters.set(1, &mut flow);
        assert_eq!(flow.address(field::EXPORTER), Some(Address::v4(2)));
    }
}
