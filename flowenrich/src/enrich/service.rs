//! `service`: IANA's name for the port and protocol, from the registry in `data/services.csv` (RFC 6335).
//!
//! The table is laid out by port when the enricher is built: one index a port and protocol, and each name rendered
//! once. Bound: 49 152 ports of four protocols, about half a megabyte, shared by all threads.

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Member, Record};
use flow_record::item::Spec;
use flow_record::map::Map;
use flow_record::record::Field;
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "service",
        about: "IANA service name of the port and protocol: https, domain, ssh ...",
        explain: "\
service is the name that IANA registered for protocol and port. Of the two ports a system port (below 1024) comes before
another, then dst_port before src_port, so that an answer has the name of what was asked: from 443 to 50001 is https. Protocols with ports: TCP, UDP, SCTP, DCCP, and UDPLite, which has UDP's.
A port says what its traffic is meant to be, not what it is. Where IANA has several names for a port, there is one
here: no alias, rather one with an RFC, else the first.",
        params: &[OVERWRITE],
        needs: &["protocol", "dst_port", "src_port"],
        columns: &[Field::named("service")],
        memory: "constant, about 1 MB",
        source: "IANA, Service Name and Transport Protocol Port Number Registry (RFC 6335); RFC 3828 for UDPLite",
    },
    build: |_| Ok(Box::new(Service { table: Arc::new(Table::new(REGISTRY)) })),
};

/// Ports below are system ports (RFC 6335, section 6), which a client hardly ever uses itself.
const SYSTEM: u16 = 1024;

const REGISTRY: &str = include_str!("../../data/services.csv");

/// The registry's columns after the port, as protocol numbers.
const PROTOCOLS: [u8; 4] = [6, 17, 132, 33];

/// The column of a protocol.
fn column(protocol: u8) -> Option<usize> {
    match protocol {
        136 => Some(1),
        _ => PROTOCOLS.iter().position(|p| *p == protocol),
    }
}

struct Table {
    members: Vec<Member>,
    /// By protocol and port, the place in `members` plus one; 0 where there is no name.
    places: [Vec<u16>; PROTOCOLS.len()],
}

impl Table {
    /// Reads rows of a port and a name for each protocol.
    fn new(registry: &'static str) -> Table {
        let mut table = Table { members: Vec::new(), places: Default::default() };
        let mut known: Map<&str, u16> = Map::default();
        for row in registry.lines() {
            let mut cells = row.split(',');
            let Some(port) = cells.next().and_then(|p| p.parse::<u16>().ok()) else {
                continue;
            };
            for (places, name) in table.places.iter_mut().zip(cells).filter(|(_, name)| !name.is_empty()) {
                let place = *known.entry(name).or_insert_with(|| {
                    table.members.push(Member::text("service", name));
                    table.members.len() as u16
                });
                // Rows ascend, so the table ends with its last named port.
                places.resize(usize::from(port) + 1, 0);
                places[usize::from(port)] = place;
            }
        }
        table
    }

    #[inline]
    fn name(&self, column: usize, port: u16) -> Option<&Member> {
        let place = *self.places[column].get(usize::from(port))?;
        self.members.get(usize::from(place).wrapping_sub(1))
    }
}

struct Service {
    table: Arc<Table>,
}

impl Enrich for Service {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let flow = record.flow();
        let (Some(protocol), dst, src) = (flow.protocol(), flow.dst_port(), flow.src_port()) else {
            return Outcome::Lacking;
        };
        if let Some(column) = column(protocol) {
            let name = |port: Option<u16>| port.and_then(|p| self.table.name(column, p));
            let system = |port: Option<u16>| port.filter(|p| *p < SYSTEM);
            let named = name(system(dst)).or_else(|| name(system(src))).or_else(|| name(dst)).or_else(|| name(src));
            if let Some(member) = named {
                record.put(0, member);
            }
        }
        Outcome::of(dst.is_some() || src.is_some())
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Service { table: Arc::clone(&self.table) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::tests::{enriched, value};
    use super::*;

    fn service(protocol: u8, src: u16, dst: u16) -> String {
        let line = format!(r#"{{"bytes":1,"protocol":{protocol},"src_port":{src},"dst_port":{dst}}}"#);
        value("service", &line, "service").trim_matches('"').to_owned()
    }

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
    fn names_are_those_of_the_registry() {
        for (protocol, port, name) in [
            (6, 22, "ssh"),
            (6, 25, "smtp"),
            (17, 53, "domain"),
            (6, 80, "http"),
            (17, 123, "ntp"),
            (17, 161, "snmp"),
            (6, 443, "https"),
            (17, 443, "https"),
            (132, 443, "https"),
            (6, 445, "microsoft-ds"),
            (6, 465, "submissions"),
            (17, 465, "igmpv3lite"),
            (6, 2049, "nfs"),
            (6, 3389, "ms-wbt-server"),
            (6, 6010, "x11"),
            (6, 8080, "http-alt"),
            (132, 3868, "diameter"),
            (33, 5005, "avt-profile-2"),
            (136, 53, "domain"),
            (6, 514, "shell"),
            (17, 514, "syslog"),
        ] {
            assert_eq!(service(protocol, 50_000, port), name, "{protocol} {port}");
        }
    }

    #[test]
    fn a_system_port_counts_before_another_and_then_the_destination_before_the_source() {
        assert_eq!(service(6, 22, 80), "http");
        assert_eq!(service(6, 443, 8080), "https");
        assert_eq!(service(6, 8080, 443), "https");
        assert_eq!(service(6, 8080, 6010), "x11");
        assert_eq!(service(6, 443, 50_000), "https");
        assert_eq!(service(6, 50_000, 60_000), "");
    }

    #[test]
    fn a_protocol_without_ports_gets_no_name_but_lacks_nothing() {
        let line = r#"{"bytes":1,"protocol":1,"src_port":0,"dst_port":80}"#;
        assert_eq!(enriched("service", line), (line.to_owned(), Outcome::Done));
        let line = r#"{"bytes":1,"protocol":6}"#;
        assert_eq!(enriched("service", line), (line.to_owned(), Outcome::Lacking));
    }

    #[test]
    fn every_name_of_the_registry_is_found_at_its_port() {
        let table = Table::new(REGISTRY);
        for row in REGISTRY.lines() {
            let cells: Vec<_> = row.split(',').collect();
            let Ok(port) = cells[0].parse::<u16>() else { continue };
            for (column, name) in cells[1..].iter().enumerate() {
                let found = table.name(column, port).map(|m| format!("{m:?}"));
                let expected = (!name.is_empty()).then(|| format!("{:?}", Member::text("service", name)));
                assert_eq!(found, expected, "{row}");
            }
        }
    }
}
