//! `service`: IANA's name for the port and protocol, by its registry (RFC 6335).
//!
//! Each name is rendered once, when the enricher is built. Bound: about a megabyte, shared by all threads.

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Member, Record};
use flow_record::item::Spec;
use flow_record::net::service::Services;
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
    build: |_| Ok(Box::new(Service { table: Arc::new(Table::new()) })),
};

/// Ports below are system ports (RFC 6335, section 6), which a client hardly ever uses itself.
const SYSTEM: u16 = 1024;

struct Table {
    services: Services,
    /// A member for each of their names.
    members: Vec<Member>,
}

impl Table {
    fn new() -> Table {
        let services = Services::registered();
        let members = services.names().iter().map(|name| Member::text("service", name)).collect();
        Table { services, members }
    }

    #[inline]
    fn name(&self, protocol: u8, port: u16) -> Option<&Member> {
        self.members.get(self.services.place(protocol, port)?)
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
        if Services::has_ports(protocol) {
            let name = |port: Option<u16>| port.and_then(|p| self.table.name(protocol, p));
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

    fn service(protocol: u8, src: u16, dst: u16) -> String {
        let line = format!(r#"{{"bytes":1,"protocol":{protocol},"src_port":{src},"dst_port":{dst}}}"#);
        value("service", &line, "service").trim_matches('"').to_owned()
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
}
