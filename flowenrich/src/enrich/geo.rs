//! `geo`: country, and on demand city and coordinates, of both addresses, and by which services they hide, from databases in
//! the MaxMind DB format or the one before it.
//!
//! The paths into a record are those of GeoIP2 and GeoLite2, which DB-IP's databases share, and those of IPinfo.

use super::{ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::legacy::Part;
use crate::lookup::Lookup;
use crate::record::Record;
use crate::values::{Form, Value, Way};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Field;
use maxminddb::PathElement::Key;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "geo",
        about: "country of both addresses, with full=true city and coordinates too",
        explain: "\
src_country and dst_country are ISO 3166-1 codes of two letters; with full=true also src_city, src_latitude,
src_longitude and the same of the destination. src_anonymous and dst_anonymous say by which services an address hides: vpn
proxy residential_proxy tor relay hosting anonymous. An address that the databases do not have gets nothing.

db= names one or more databases, joined with +; each fills in what those before it do not have. They are GeoLite2, GeoIP2
(City, Country, Enterprise, Anonymous IP), DB-IP, IPinfo, in the MaxMind DB format, or GeoIP.dat and GeoLiteCity.dat of the
one before it. Without db= the first of these is taken that is in /usr/share/GeoIP, /var/lib/GeoIP or /usr/local/share/GeoIP:
GeoIP2-Country, GeoLite2-Country, dbip-country, ipinfo_lite, country_asn, GeoIP2-City, GeoLite2-City, dbip-city,
GeoIP2-Enterprise, standard_location, GeoIP with GeoIPv6 (with full=true the cities first, GeoLiteCity the last of them); and
GeoIP2-Anonymous-IP or standard_privacy if there is one.

A database is read and checked as a whole before any input; a damaged one is refused. In a long run one that changes is read
again between lines; if it cannot be used, the old one serves on and that is told at the end.",
        params: &[
            Param::new("db", ParamKind::Files, "", "", "the databases"),
            Param::new("full", ParamKind::Truth, "false", "", "add city and coordinates"),
            OVERWRITE,
        ],
        needs: &ENDS,
        columns: &[
            Field::named("src_country"),
            Field::named("dst_country"),
            Field::named("src_anonymous"),
            Field::named("dst_anonymous"),
            Field::named("src_city"),
            Field::named("dst_city"),
            Field::named("src_latitude"),
            Field::named("dst_latitude"),
            Field::named("src_longitude"),
            Field::named("dst_longitude"),
        ],
        memory: "the size of the databases (each at most 2 GiB; twice that while one is read again), and at most 32 MB a thread",
        source: "MaxMind DB file format 2.0; MaxMind's GeoIP C library 1.6; ISO 3166-1",
    },
    build,
};

const COUNTRIES: [&str; 5] = ["GeoIP2-Country", "GeoLite2-Country", "dbip-country", "ipinfo_lite", "country_asn"];
const CITIES: [&str; 5] = ["GeoIP2-City", "GeoLite2-City", "dbip-city", "GeoIP2-Enterprise", "standard_location"];
const LEGACY: [&str; 2] = ["GeoIP", "GeoLiteCity"];
const ANONYMOUS: [&str; 2] = ["GeoIP2-Anonymous-IP", "standard_privacy"];

/// By column: the source's is twice the place, the destination's one more.
static VALUES: [Value; 5] = [
    Value {
        ways: &[&[Key("country"), Key("iso_code")], &[Key("country_code")], &[Key("country")]],
        form: Form::Country,
        legacy: Some(Part::Country),
        keys: ["src_country", "dst_country"],
    },
    Value { ways: &HIDING, form: Form::Words(&HOW), legacy: None, keys: ["src_anonymous", "dst_anonymous"] },
    Value {
        ways: &[&[Key("city"), Key("names"), Key("en")], &[Key("city")]],
        form: Form::Text,
        legacy: Some(Part::City),
        keys: ["src_city", "dst_city"],
    },
    Value {
        ways: &[&[Key("location"), Key("latitude")], &[Key("latitude")], &[Key("lat")]],
        form: Form::Number,
        legacy: Some(Part::Latitude),
        keys: ["src_latitude", "dst_latitude"],
    },
    Value {
        ways: &[&[Key("location"), Key("longitude")], &[Key("longitude")], &[Key("lng")]],
        form: Form::Number,
        legacy: Some(Part::Longitude),
        keys: ["src_longitude", "dst_longitude"],
    },
];

/// What says that an address hides, by GeoIP2 and by IPinfo, and the word for each.
const HIDING: [Way; 11] = [
    &[Key("is_anonymous_vpn")],
    &[Key("vpn")],
    &[Key("is_public_proxy")],
    &[Key("proxy")],
    &[Key("is_residential_proxy")],
    &[Key("is_tor_exit_node")],
    &[Key("tor")],
    &[Key("relay")],
    &[Key("is_hosting_provider")],
    &[Key("hosting")],
    &[Key("is_anonymous")],
];
const HOW: [&str; 11] =
    ["vpn", "vpn", "proxy", "proxy", "residential_proxy", "tor", "tor", "relay", "hosting", "hosting", "anonymous"];

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let full = args.truth("full");
    let names = match full {
        true => [&CITIES[..], &LEGACY[1..], &COUNTRIES, &LEGACY[..1]].concat(),
        false => [&COUNTRIES[..], &CITIES, &LEGACY].concat(),
    };
    let values = if full { &VALUES[..] } else { &VALUES[..2] };
    Ok(Box::new(Geo { lookup: Lookup::open(args, &[&names, &ANONYMOUS], values)? }))
}

struct Geo {
    lookup: Lookup,
}

impl Enrich for Geo {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        self.lookup.enrich(record)
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(Geo { lookup: self.lookup.another() })
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
    use super::super::tests::{enriched, value};
    use super::super::{ENRICHERS, Outcome};
    use super::*;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

    fn item(parameters: &str) -> String {
        format!("geo:db={FOLDER}/{parameters}")
    }

    fn refusal(item: &str) -> String {
        let args = Args::resolve(item, "enricher", ENRICHERS.iter().map(|e| &e.spec)).unwrap();
        format!("{:#}", build(&args).err().unwrap())
    }

    #[test]
    fn columns_and_values_agree() {
        let keys: Vec<_> = VALUES.iter().flat_map(|v| v.keys).collect();
        assert_eq!(keys, ENRICHER.spec.columns.iter().map(|c| c.name).collect::<Vec<_>>());
    }

    #[test]
    fn both_ends_get_their_country() {
        assert_eq!(
            enriched(&item("city.mmdb"), r#"{"src_ip":"81.2.69.160","dst_ip":"89.160.20.1"}"#),
            (
                r#"{"src_ip":"81.2.69.160","dst_ip":"89.160.20.1","src_country":"GB","dst_country":"SE"}"#.to_owned(),
                Outcome::Done
            )
        );
        assert_eq!(value(&item("city.mmdb"), r#"{"dst_ip":"::ffff:81.2.69.160"}"#, "dst_country"), "\"GB\"");
    }

    #[test]
    fn full_adds_city_and_coordinates() {
        assert_eq!(
            enriched(&item("city.mmdb,full=true"), r#"{"dst_ip":"89.160.20.1"}"#).0,
            r#"{"dst_ip":"89.160.20.1","dst_country":"SE","dst_city":"Linköping","dst_latitude":58.41,"dst_longitude":15.62}"#
        );
    }

    #[test]
    fn a_harmful_name_is_escaped() {
        assert_eq!(
            enriched(&item("city.mmdb,full=true"), r#"{"src_ip":"203.0.113.9"}"#).0,
            r#"{"src_ip":"203.0.113.9","src_city":"Qu\"ote\\\n\u001b[31m\u202e","src_latitude":0,"src_longitude":-180}"#
        );
    }

    #[test]
    fn a_value_of_another_type_than_its_name_promises_is_left_out() {
        // Its country is a number and its latitude a text; a city that is a text is one in flat databases.
        let line = r#"{"src_ip":"198.51.100.1"}"#;
        let expected = r#"{"src_ip":"198.51.100.1","src_city":"nowhere"}"#;
        assert_eq!(enriched(&item("city.mmdb,full=true"), line), (expected.to_owned(), Outcome::Done));
    }

    #[test]
    fn an_address_that_the_database_does_not_have_gets_nothing() {
        for line in [r#"{"src_ip":"8.8.8.8"}"#, r#"{"src_ip":"2a00::1","dst_ip":"0.0.0.0"}"#] {
            assert_eq!(enriched(&item("city.mmdb"), line), (line.to_owned(), Outcome::Done));
        }
        let line = r#"{"src_ip":"2001:218::1"}"#;
        assert_eq!(enriched(&item("ipv4.mmdb"), line), (line.to_owned(), Outcome::Done));
    }

    #[test]
    fn several_databases_fill_in_for_each_other_and_the_legacy_ones_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("GeoIP.dat");
        // 0.0.0.0/1 is Portugal, number 179 of the format; all else is number 0, no country.
        std::fs::write(&path, crate::legacy::tests::made(1, [16_776_960 + 179, 16_776_960], b"")).unwrap();
        let both = |first: &str, second: &str| format!("geo:db={first}+{second}");
        let (legacy, city) = (path.display().to_string(), format!("{FOLDER}/city.mmdb"));
        let line = r#"{"src_ip":"81.2.69.160","dst_ip":"8.8.8.8"}"#;
        assert_eq!(value(&both(&city, &legacy), line, "src_country"), "\"GB\"");
        assert_eq!(value(&both(&city, &legacy), line, "dst_country"), "\"PT\"");
        assert_eq!(value(&both(&legacy, &city), line, "src_country"), "\"PT\"");
        assert_eq!(value(&format!("geo:db={legacy}"), r#"{"dst_ip":"200.0.0.1"}"#, "dst_country"), "");
        std::fs::write(&path, b"GeoIP\xff\xff\xff\x01").unwrap();
        assert!(refusal(&format!("geo:db={city}+{legacy}")).contains("GeoIP.dat"));
    }

    #[test]
    fn a_database_of_something_else_is_refused() {
        let message = refusal(&format!("geo:db={FOLDER}/../../../tests/data/demo-asn.mmdb"));
        assert!(
            message.contains("demo-asn.mmdb: a database of type \"Demo-ASN\" has nothing that geo adds"),
            "{message}"
        );
        assert!(refusal(&item("wide.mmdb")).contains("has nothing that geo adds"));
        assert!(refusal(&item("broken-undescribed.mmdb")).contains("damaged"));
        assert!(refusal(&item("none.mmdb")).starts_with("geo: "));
    }

    #[test]
    fn the_explanation_names_every_place_and_name() {
        for word in crate::database::FOLDERS.iter().chain(&COUNTRIES).chain(&CITIES).chain(&LEGACY).chain(&ANONYMOUS) {
            assert!(ENRICHER.spec.explain.contains(word), "{word}");
        }
    }
}
