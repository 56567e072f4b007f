//! `scope`: what kind of address each end has by the IANA registries, and on which side of the own networks it lies.
//!
//! Every value is rendered when the enricher is built; a line costs two look-ups in a table of some sixty networks
//! and at most five copies.

use super::{ENDS, Enrich, Enricher, OVERWRITE, Outcome, direction};
use crate::record::{Member, Record};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::net::Ranges;
use flow_record::net::special::{INTERNAL, SCOPES, internal, scopes};
use flow_record::record::Field;
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "scope",
        about: "scope of both addresses, whether internal, direction of the flow",
        explain: "\
src_scope and dst_scope say what an address is set aside for: global private unique_local loopback link_local multicast
broadcast unspecified this_network shared documentation benchmarking reserved protocol relay ipv4_mapped translation
teredo 6to4 orchid srv6 discard dummy. Blocks that IANA calls globally reachable are global; IPv6 outside 2000::/3 that
is set aside for nothing else is reserved.

src_internal and dst_internal say whether an address lies in one of the networks of internal=. Without it these are the
private IPv4 networks and the unique local IPv6 network.

direction needs both ends: outbound from internal to any other, inbound from any other to internal, internal between
two internal ones, external between two others. Multicast and broadcast addresses are like any other here: they are
internal only if internal= says so.",
        params: &[
            Param::new("internal", ParamKind::Networks, INTERNAL, "", "the networks that are one's own"),
            OVERWRITE,
        ],
        needs: &ENDS,
        columns: &[
            Field::named("src_scope"),
            Field::named("dst_scope"),
            Field::named("src_internal"),
            Field::named("dst_internal"),
            Field::named("direction"),
        ],
        memory: "constant",
        source: "IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190), RFC 1918, RFC 4193, RFC 4291, RFC 5771",
    },
    build: |args| Ok(Box::new(Scope { shared: Arc::new(Shared::new(args)) })),
};

const DIRECTION: usize = 4;

struct Scope {
    shared: Arc<Shared>,
}

/// What all threads read.
struct Shared {
    scopes: Ranges<u8>,
    internal: Ranges<bool>,
    /// By end and scope.
    scope: [Vec<Member>; 2],
    /// By end, for false and true.
    is_internal: [[Member; 2]; 2],
    /// By whether the source and whether the destination is internal.
    direction: [[Member; 2]; 2],
}

impl Shared {
    fn new(args: &Args) -> Shared {
        let scope = |key| SCOPES.iter().map(|s| Member::text(key, s)).collect();
        let is_internal = |key| [Member::truth(key, false), Member::truth(key, true)];
        Shared {
            scopes: scopes(),
            internal: internal(args.networks("internal")),
            scope: [scope("src_scope"), scope("dst_scope")],
            is_internal: [is_internal("src_internal"), is_internal("dst_internal")],
            direction: direction::members("direction"),
        }
    }
}

impl Enrich for Scope {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let shared = &*self.shared;
        let ends = [record.flow().src_ip(), record.flow().dst_ip()];
        for (end, address) in ends.iter().enumerate() {
            if let Some(address) = address {
                record.put(end, &shared.scope[end][shared.scopes.at(*address) as usize]);
            }
        }
        let internal = ends.map(|a| a.map(|a| usize::from(shared.internal.at(a))));
        for (end, is_internal) in internal.iter().enumerate() {
            if let Some(is_internal) = is_internal {
                record.put(2 + end, &shared.is_internal[end][*is_internal]);
            }
        }
        if let [Some(src), Some(dst)] = internal {
            record.put(DIRECTION, &shared.direction[src][dst]);
        }
        Outcome::of(ends.iter().any(Option::is_some))
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Scope { shared: Arc::clone(&self.shared) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{enriched, value};

    #[test]
    fn a_flow_gets_scopes_sides_and_direction() {
        assert_eq!(
            enriched("scope", r#"{"src_ip":"10.0.0.1","dst_ip":"81.2.69.160"}"#).0,
            r#"{"src_ip":"10.0.0.1","dst_ip":"81.2.69.160","src_scope":"private","dst_scope":"global","src_internal":true,"dst_internal":false,"direction":"outbound"}"#
        );
    }

    #[test]
    fn one_end_alone_gets_no_direction_and_nothing_for_the_other() {
        assert_eq!(
            enriched("scope", r#"{"dst_ip":"193.136.73.21"}"#).0,
            r#"{"dst_ip":"193.136.73.21","dst_scope":"global","dst_internal":false}"#
        );
    }

    #[test]
    fn the_direction_is_seen_from_the_internal_networks() {
        for (item, src, dst, direction) in [
            ("scope", "10.0.0.1", "192.168.1.1", "internal"),
            ("scope", "8.8.8.8", "172.31.0.1", "inbound"),
            ("scope", "172.31.0.1", "8.8.8.8", "outbound"),
            ("scope", "8.8.8.8", "9.9.9.9", "external"),
            ("scope", "fd00::1", "2a00::1", "outbound"),
            ("scope", "fd00::1", "ff02::fb", "outbound"),
            ("scope:internal=193.136.0.0/15+2001:db8::/32", "10.0.0.1", "193.137.1.1", "inbound"),
            ("scope:internal=193.136.0.0/15+2001:db8::/32", "2001:db8::1", "193.137.1.1", "internal"),
            ("scope:internal=10.0.0.0/8+224.0.0.0/4", "10.0.0.1", "224.0.0.251", "internal"),
        ] {
            let line = format!(r#"{{"src_ip":"{src}","dst_ip":"{dst}"}}"#);
            assert_eq!(value(item, &line, "direction"), format!("{direction:?}"), "{item} {line}");
        }
    }

    #[test]
    fn the_explanation_lists_every_scope() {
        for scope in flow_record::net::special::SCOPES {
            assert!(super::ENRICHER.spec.explain.contains(scope), "{scope}");
        }
    }
}
