//! `direction`: from which side of the own networks to which a flow goes, and nothing else; `scope` says it among more.

use super::{ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Member, Record};
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::net::Ranges;
use flow_record::net::special::{INTERNAL, internal};
use flow_record::record::Field;
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "direction",
        about: "whether a flow is inbound, outbound, internal or external",
        explain: "\
outbound from internal to any other, inbound from any other to internal, internal between two internal ones, external
between two others. Internal are the networks of internal=; without it the private IPv4 networks and the unique local
IPv6 network. A line with one address alone gets nothing.

scope says the same and more; this is for who wants no other member.",
        params: &[
            Param::new("internal", ParamKind::Networks, INTERNAL, "", "the networks that are one's own"),
            OVERWRITE,
        ],
        needs: &ENDS,
        columns: &[Field::named("direction")],
        memory: "constant",
        source: "RFC 1918, RFC 4193",
    },
    build: |args| {
        Ok(Box::new(Direction {
            internal: Arc::new(internal(args.networks("internal"))),
            members: members("direction"),
        }))
    },
};

/// The words for a direction, by whether the source and whether the destination is internal.
pub(super) fn members(key: &str) -> [[Member; 2]; 2] {
    let word = |word| Member::text(key, word);
    [[word("external"), word("inbound")], [word("outbound"), word("internal")]]
}

#[derive(Clone)]
struct Direction {
    internal: Arc<Ranges<bool>>,
    members: [[Member; 2]; 2],
}

impl Enrich for Direction {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let (Some(src), Some(dst)) = (record.flow().src_ip(), record.flow().dst_ip()) else { return Outcome::Lacking };
        let side = |address| usize::from(self.internal.at(address));
        record.put(0, &self.members[side(src)][side(dst)]);
        Outcome::Done
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::tests::{enriched, value};

    #[test]
    fn it_says_what_scope_says() {
        for (item, src, dst, word) in [
            ("internal=10.0.0.0/8", "10.0.0.1", "10.0.0.2", "internal"),
            ("internal=10.0.0.0/8", "10.0.0.1", "192.168.0.2", "outbound"),
            ("internal=10.0.0.0/8", "192.168.0.1", "10.0.0.2", "inbound"),
            ("internal=10.0.0.0/8", "192.168.0.1", "8.8.8.8", "external"),
        ] {
            let line = format!(r#"{{"src_ip":"{src}","dst_ip":"{dst}"}}"#);
            for name in ["direction", "scope"] {
                assert_eq!(value(&format!("{name}:{item}"), &line, "direction"), format!("{word:?}"), "{name} {line}");
            }
        }
        let line = r#"{"dst_ip":"10.0.0.2"}"#;
        assert_eq!(enriched("direction", line), (line.to_owned(), Outcome::Lacking));
    }
}
