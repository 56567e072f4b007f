//! `ipclass`: the class of both addresses by their first octet, as before CIDR (RFC 791 section 2.3, RFC 1112
//! section 4), and for IPv6, which has no classes, the scope.

use super::{ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Member, Record};
use flow_record::item::Spec;
use flow_record::net::Ranges;
use flow_record::net::special::{SCOPES, scopes};
use flow_record::record::Field;
use flow_record::value::Address;
use std::net::IpAddr;
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "ipclass",
        about: "class of both addresses, A to E; of IPv6 the scope",
        explain: "\
src_ip_class and dst_ip_class, by the first octet: \"Class A\" 0 to 127, \"Class B\" 128 to 191, \"Class C\" 192 to 223,
\"Class D (multicast)\" 224 to 239, \"Class E (reserved)\" 240 to 255. An IPv6 address has the word that scope gives it.",
        params: &[OVERWRITE],
        needs: &ENDS,
        columns: &[Field::named("src_ip_class"), Field::named("dst_ip_class")],
        memory: "constant",
        source: "RFC 791 section 2.3, RFC 1112 section 4",
    },
    build: |_| Ok(Box::new(IpClass { shared: Arc::new(Shared::new()) })),
};

const CLASSES: [&str; 5] = ["Class A", "Class B", "Class C", "Class D (multicast)", "Class E (reserved)"];

/// The place of a first octet's class: how many of its leading bits are set, at most four.
fn class(octet: u8) -> usize {
    octet.leading_ones().min(4) as usize
}

struct IpClass {
    shared: Arc<Shared>,
}

struct Shared {
    scopes: Ranges<u8>,
    /// By end and class.
    class: [Vec<Member>; 2],
    /// By end and scope.
    scope: [Vec<Member>; 2],
}

impl Shared {
    fn new() -> Shared {
        let members = |words: &[&str]| {
            ["src_ip_class", "dst_ip_class"].map(|key| words.iter().map(|w| Member::text(key, w)).collect::<Vec<_>>())
        };
        Shared { scopes: scopes(), class: members(&CLASSES), scope: members(SCOPES) }
    }

    fn member(&self, end: usize, address: Address) -> &Member {
        match address.0 {
            IpAddr::V4(a) => &self.class[end][class(a.octets()[0])],
            IpAddr::V6(_) => &self.scope[end][self.scopes.at(address) as usize],
        }
    }
}

impl Enrich for IpClass {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let ends = [record.flow().src_ip(), record.flow().dst_ip()];
        for (end, address) in ends.iter().enumerate() {
            if let Some(address) = address {
                record.put(end, self.shared.member(end, *address));
            }
        }
        Outcome::of(ends.iter().any(Option::is_some))
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(IpClass { shared: Arc::clone(&self.shared) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{enriched, value};

    #[test]
    fn the_first_octet_gives_the_class() {
        for (octets, class) in [
            (0..=127u8, "Class A"),
            (128..=191, "Class B"),
            (192..=223, "Class C"),
            (224..=239, "Class D (multicast)"),
            (240..=255, "Class E (reserved)"),
        ] {
            for octet in octets {
                let line = format!(r#"{{"src_ip":"{octet}.1.2.3"}}"#);
                assert_eq!(value("ipclass", &line, "src_ip_class"), format!("{class:?}"), "{octet}");
            }
        }
    }

    #[test]
    fn ipv6_has_its_scope() {
        assert_eq!(
            enriched("ipclass", r#"{"src_ip":"fe80::1","dst_ip":"2a00::1"}"#).0,
            r#"{"src_ip":"fe80::1","dst_ip":"2a00::1","src_ip_class":"link_local","dst_ip_class":"global"}"#
        );
    }
}
