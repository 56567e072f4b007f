//! `protoname`: IANA's keyword for the protocol number, by its registry (RFC 5237).

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Member, Record};
use flow_record::item::Spec;
use flow_record::net::protocol;
use flow_record::record::Field;
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "protoname",
        about: "IANA keyword of the protocol: TCP, UDP, ICMP, IPv6-ICMP ...",
        explain: "\
protocol_name is the keyword of the registry of assigned Internet protocol numbers, as it is spelt there. Numbers
without a keyword get none.",
        params: &[OVERWRITE],
        needs: &["protocol"],
        columns: &[Field::named("protocol_name")],
        memory: "constant",
        source: "IANA, Assigned Internet Protocol Numbers (RFC 5237)",
    },
    build: |_| Ok(Box::new(ProtoName { members: Arc::new(members()) })),
};

/// The member of each number.
fn members() -> Vec<Option<Member>> {
    (0..=u8::MAX).map(|number| protocol::keyword(number).map(|k| Member::text("protocol_name", k))).collect()
}

struct ProtoName {
    members: Arc<Vec<Option<Member>>>,
}

impl Enrich for ProtoName {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let Some(protocol) = record.flow().protocol() else {
            return Outcome::Lacking;
        };
        if let Some(member) = &self.members[usize::from(protocol)] {
            record.put(0, member);
        }
        Outcome::Done
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(ProtoName { members: Arc::clone(&self.members) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::value;

    #[test]
    fn names_are_the_keywords_of_the_registry() {
        for (protocol, name) in [
            (0, "HOPOPT"),
            (1, "ICMP"),
            (2, "IGMP"),
            (6, "TCP"),
            (17, "UDP"),
            (33, "DCCP"),
            (41, "IPv6"),
            (47, "GRE"),
            (50, "ESP"),
            (51, "AH"),
            (58, "IPv6-ICMP"),
            (88, "EIGRP"),
            (89, "OSPFIGP"),
            (94, "IPIP"),
            (103, "PIM"),
            (112, "VRRP"),
            (115, "L2TP"),
            (132, "SCTP"),
            (136, "UDPLite"),
            (139, "HIP"),
            (142, "ROHC"),
            (145, "NSH"),
        ] {
            let line = format!(r#"{{"bytes":1,"protocol":{protocol}}}"#);
            assert_eq!(value("protoname", &line, "protocol_name"), format!("{name:?}"), "{protocol}");
        }
    }

    #[test]
    fn a_number_without_a_keyword_gets_no_name() {
        for protocol in [61, 63, 68, 99, 114, 200, 253, 255] {
            let line = format!(r#"{{"bytes":1,"protocol":{protocol}}}"#);
            assert_eq!(value("protoname", &line, "protocol_name"), "");
        }
    }
}
