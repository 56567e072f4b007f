//! `asn`: autonomous system and organisation of both addresses from a database in the MaxMind DB format.

use super::{ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::lookup::{Form, Lookup, Value};
use crate::record::Record;
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::record::Field;
use maxminddb::PathElement::Key;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "asn",
        about: "autonomous system of both addresses, number and organisation",
        explain: "\
src_as and dst_as are the record's own fields: what the exporter said is kept unless overwrite=true, and what it did not
say is filled in. src_org and dst_org name the organisation. An address that the database does not have gets nothing.

db= names a database in the MaxMind DB format: GeoLite2-ASN, GeoIP2-ISP, DB-IP's ASN. Without it the first of
GeoLite2-ASN, GeoIP2-ISP, dbip-asn is taken that is in /usr/share/GeoIP, /var/lib/GeoIP or /usr/local/share/GeoIP. It is
read and checked as a whole before any input; a damaged one is refused.",
        params: &[Param::new("db", ParamKind::File, "", "", "the database"), OVERWRITE],
        needs: &ENDS,
        columns: &[Field::named("src_as"), Field::named("dst_as"), Field::named("src_org"), Field::named("dst_org")],
        memory: "the size of the database (at most 2 GiB), and at most 32 MB a thread of what was looked up",
        source: "MaxMind DB file format 2.0; RFC 6793",
    },
    build: |args| Ok(Box::new(Asn { lookup: Lookup::open(args, &NAMES, &VALUES)? })),
};

const NAMES: [&str; 3] = ["GeoLite2-ASN", "GeoIP2-ISP", "dbip-asn"];

/// By column: the source's is twice the place, the destination's one more.
static VALUES: [Value; 2] = [
    Value { path: &[Key("autonomous_system_number")], form: Form::Integer, keys: ["src_as", "dst_as"] },
    Value { path: &[Key("autonomous_system_organization")], form: Form::Text, keys: ["src_org", "dst_org"] },
];

struct Asn {
    lookup: Lookup,
}

impl Enrich for Asn {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        self.lookup.enrich(record)
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Asn { lookup: self.lookup.another() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::enriched;
    use super::*;

    const ITEM: &str = concat!("asn:db=", env!("CARGO_MANIFEST_DIR"), "/../tests/data/demo-asn.mmdb");

    #[test]
    fn columns_and_values_agree() {
        let keys: Vec<_> = VALUES.iter().flat_map(|v| v.keys).collect();
        assert_eq!(keys, ENRICHER.spec.columns.iter().map(|c| c.name).collect::<Vec<_>>());
    }

    #[test]
    fn both_ends_get_number_and_organisation() {
        assert_eq!(
            enriched(ITEM, r#"{"src_ip":"2001:db8::1","dst_ip":"81.2.69.160"}"#).0,
            r#"{"src_ip":"2001:db8::1","dst_ip":"81.2.69.160","src_as":64499,"dst_as":20712,"src_org":"Documentation network 6","dst_org":"Andrews & Arnold Ltd"}"#
        );
    }

    #[test]
    fn what_the_exporter_said_is_kept_unless_overwritten() {
        let line = r#"{"dst_ip":"81.2.69.160","dst_as":1}"#;
        assert_eq!(enriched(ITEM, line).0, r#"{"dst_ip":"81.2.69.160","dst_as":1,"dst_org":"Andrews & Arnold Ltd"}"#);
        assert_eq!(
            enriched(&format!("{ITEM},overwrite=true"), line).0,
            r#"{"dst_ip":"81.2.69.160","dst_as":20712,"dst_org":"Andrews & Arnold Ltd"}"#
        );
    }

    #[test]
    fn the_explanation_names_every_place_and_name() {
        for word in crate::database::FOLDERS.iter().chain(&NAMES) {
            assert!(ENRICHER.spec.explain.contains(word), "{word}");
        }
    }
}
