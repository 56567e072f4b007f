//! Service names: IANA's name for a port of a protocol, from the registry in `data/services.csv` (RFC 6335).
//!
//! The table is laid out by port when it is made: one place a port and protocol. Bound: 49 152 ports of four protocols,
//! about half a megabyte.

use crate::map::Map;

const REGISTRY: &str = include_str!("../../data/services.csv");

/// The registry's columns after the port, as protocol numbers: TCP, UDP, SCTP, DCCP.
const PROTOCOLS: [u8; 4] = [6, 17, 132, 33];

/// The column of a protocol; UDPLite has UDP's ports (RFC 3828).
fn column(protocol: u8) -> Option<usize> {
    match protocol {
        136 => Some(1),
        _ => PROTOCOLS.iter().position(|p| *p == protocol),
    }
}

/// Names by protocol and port.
#[derive(Clone, Debug)]
pub struct Services {
    names: Vec<&'static str>,
    /// By protocol and port, the place in `names` plus one; 0 where there is no name.
    places: [Vec<u16>; PROTOCOLS.len()],
}

impl Services {
    /// IANA's registry.
    pub fn registered() -> Services {
        let mut table = Services { names: Vec::new(), places: Default::default() };
        let mut known: Map<&str, u16> = Map::default();
        for row in REGISTRY.lines() {
            let mut cells = row.split(',');
            let Some(port) = cells.next().and_then(|p| p.parse::<u16>().ok()) else {
                continue;
            };
            for (places, name) in table.places.iter_mut().zip(cells).filter(|(_, name)| !name.is_empty()) {
                let place = *known.entry(name).or_insert_with(|| {
                    table.names.push(name);
                    table.names.len() as u16
                });
                // Rows ascend, so the table ends with its last named port.
                places.resize(usize::from(port) + 1, 0);
                places[usize::from(port)] = place;
            }
        }
        table
    }

    /// All names, each once; what [`Self::place`] answers is a place in it.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Whether a protocol has ports that IANA gives names to.
    pub fn has_ports(protocol: u8) -> bool {
        column(protocol).is_some()
    }

    /// The place of a port's name among [`Self::names`], if it has one.
    #[inline]
    pub fn place(&self, protocol: u8, port: u16) -> Option<usize> {
        let place = *self.places[column(protocol)?].get(usize::from(port))?;
        usize::from(place).checked_sub(1)
    }

    /// The name of a port.
    pub fn name(&self, protocol: u8, port: u16) -> Option<&'static str> {
        self.place(protocol, port).and_then(|place| self.names.get(place).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_ascends_and_ends_below_the_dynamic_ports() {
        let ports: Vec<u16> = REGISTRY.lines().filter_map(|r| r.split(',').next()?.parse().ok()).collect();
        assert!(ports.is_sorted_by(|a, b| a < b));
        assert!(ports.len() > 6000 && ports.last() < Some(&49_152));
        assert!(
            REGISTRY.lines().filter(|r| !r.starts_with('#')).all(|r| r.split(',').count() == 5 && !r.contains('"'))
        );
    }

    #[test]
    fn every_name_of_the_registry_is_found_at_its_port() {
        let table = Services::registered();
        for row in REGISTRY.lines() {
            let cells: Vec<_> = row.split(',').collect();
            let Ok(port) = cells[0].parse::<u16>() else { continue };
            for (protocol, name) in PROTOCOLS.iter().zip(&cells[1..]) {
                assert_eq!(table.name(*protocol, port), Some(*name).filter(|n| !n.is_empty()), "{row}");
            }
        }
        assert_eq!((table.name(136, 53), table.name(1, 80), Services::has_ports(1)), (Some("domain"), None, false));
    }
}
