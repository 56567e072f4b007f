//! `asn`: autonomous system and organisation of both addresses from databases in the MaxMind DB format or the one before it.

use super::{ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::legacy::Part;
use crate::lookup::Lookup;
use crate::record::Record;
use crate::values::{Form, Value};
use flow_record::item::{Param, ParamKind, Spec};
use flow_record::record::Field;
use maxminddb::PathElement::Key;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "asn",
        about: "autonomous system of both addresses, number and organisation",
        explain: "\
src_as and dst_as are the record's own fields: what the exporter said is kept unless overwrite=true, and what it did not
say is filled in. src_org and dst_org name the organisation. An address that the databases do not have gets nothing.

db= names one or more databases, joined with +; each fills in what those before it do not have. They are GeoLite2-ASN,
GeoIP2-ISP, GeoIP2-Enterprise, DB-IP's and IPinfo's, in the MaxMind DB format, or GeoIPASNum.dat of the one before it, whose
AS1930 Name becomes both. Without db= the first of GeoLite2-ASN, GeoIP2-ISP, dbip-asn, ipinfo_lite, country_asn, GeoIPASNum
(with GeoIPASNumv6) is taken that is in /usr/share/GeoIP, /var/lib/GeoIP or /usr/local/share/GeoIP.

A database is read and checked as a whole before any input; a damaged one is refused. In a long run one that changes is read
again between lines; if it cannot be used, the old one serves on and that is told at the end.",
        params: &[Param::new("db", ParamKind::Files, "", "", "the databases"), OVERWRITE],
        needs: &ENDS,
        columns: &[Field::named("src_as"), Field::named("dst_as"), Field::named("src_org"), Field::named("dst_org")],
        memory: "the size of the databases (each at most 2 GiB; twice that while one is read again), and at most 32 MB a thread",
        source: "MaxMind DB file format 2.0; MaxMind's GeoIP C library 1.6; RFC 6793",
    },
    build: |args| Ok(Box::new(Asn { lookup: Lookup::open(args, &[&NAMES], &VALUES)? })),
};

const NAMES: [&str; 6] = ["GeoLite2-ASN", "GeoIP2-ISP", "dbip-asn", "ipinfo_lite", "country_asn", "GeoIPASNum"];

/// By column: the source's is twice the place, the destination's one more.
static VALUES: [Value; 2] = [
    Value {
        ways: &[&[Key("autonomous_system_number")], &[Key("traits"), Key("autonomous_system_number")], &[Key("asn")]],
        form: Form::System,
        legacy: Some(Part::System),
        keys: ["src_as", "dst_as"],
    },
    Value {
        ways: &[
            &[Key("autonomous_system_organization")],
            &[Key("traits"), Key("autonomous_system_organization")],
            &[Key("as_name")],
            &[Key("name")],
        ],
        form: Form::Text,
        legacy: Some(Part::Organisation),
        keys: ["src_org", "dst_org"],
    },
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

    fn pause(&mut self) {
        self.lookup.pause();
    }

    fn notes(&self) -> Vec<String> {
        self.lookup.notes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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
    fn a_legacy_database_is_split_into_number_and_organisation() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), crate::legacy::tests::made(9, [2, 1], b"\0AS1930 RCTS, \"x\"\0")).unwrap();
        assert_eq!(
            enriched(&format!("asn:db={}", file.path().display()), r#"{"src_ip":"9.9.9.9","dst_ip":"200.0.0.1"}"#).0,
            r#"{"src_ip":"9.9.9.9","dst_ip":"200.0.0.1","src_as":1930,"src_org":"RCTS, \"x\""}"#
        );
    }

    #[test]
    fn the_explanation_names_every_place_and_name() {
        for word in crate::database::FOLDERS.iter().chain(&NAMES) {
            assert!(ENRICHER.spec.explain.contains(word), "{word}");
        }
    }
}
