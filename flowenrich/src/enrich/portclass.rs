//! `portclass`: in which of IANA's three ranges both ports lie (RFC 6335 section 6).

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Member, Record};
use flow_record::item::Spec;
use flow_record::record::Field;
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "portclass",
        about: "IANA range of both ports: WellKnown, Registered, Dynamic",
        explain: "\
src_port_class and dst_port_class: WellKnown 0 to 1023, Registered 1024 to 49151, Dynamic 49152 to 65535. The 0 that
stands for a protocol without ports is WellKnown.",
        params: &[OVERWRITE],
        needs: &["src_port", "dst_port"],
        columns: &[Field::named("src_port_class"), Field::named("dst_port_class")],
        memory: "constant",
        source: "RFC 6335 section 6",
    },
    build: |_| {
        let members = |key| CLASSES.map(|c| Member::text(key, c));
        Ok(Box::new(PortClass { members: Arc::new([members("src_port_class"), members("dst_port_class")]) }))
    },
};

const CLASSES: [&str; 3] = ["WellKnown", "Registered", "Dynamic"];

/// The place of a port's class.
fn class(port: u16) -> usize {
    usize::from(port > 1023) + usize::from(port > 49151)
}

struct PortClass {
    /// By end and class.
    members: Arc<[[Member; 3]; 2]>,
}

impl Enrich for PortClass {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let ports = [record.flow().src_port(), record.flow().dst_port()];
        for (end, port) in ports.iter().enumerate() {
            if let Some(port) = port {
                record.put(end, &self.members[end][class(*port)]);
            }
        }
        Outcome::of(ports.iter().any(Option::is_some))
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(PortClass { members: Arc::clone(&self.members) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{enriched, value};

    #[test]
    fn the_ranges_end_where_iana_ends_them() {
        for (port, class) in [
            (0, "WellKnown"),
            (1023, "WellKnown"),
            (1024, "Registered"),
            (49151, "Registered"),
            (49152, "Dynamic"),
            (65535, "Dynamic"),
        ] {
            let line = format!(r#"{{"bytes":1,"src_port":{port}}}"#);
            assert_eq!(value("portclass", &line, "src_port_class"), format!("{class:?}"), "{port}");
            assert_eq!(value("portclass", &line, "dst_port_class"), "");
        }
    }

    #[test]
    fn a_value_that_is_there_is_kept_or_replaced_in_place() {
        let line = r#"{"dst_port_class" : "Dynamic" ,"bytes":1,"dst_port":80}"#;
        assert_eq!(enriched("portclass", line).0, line);
        assert_eq!(
            enriched("portclass:overwrite=true", line).0,
            r#"{"dst_port_class" : "WellKnown" ,"bytes":1,"dst_port":80}"#
        );
    }
}
