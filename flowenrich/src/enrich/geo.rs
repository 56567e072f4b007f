//! `geo`: country, and on demand city and coordinates, of both addresses from a database in the MaxMind DB format.
//!
//! The paths into a record are those of GeoIP2 and GeoLite2, which DB-IP's databases share.

use super::{ENDS, Enrich, Enricher, OVERWRITE, Outcome};
use crate::lookup::{Form, Lookup, Value};
use crate::record::Record;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Field;
use maxminddb::PathElement::Key;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "geo",
        about: "country of both addresses, with full=true city and coordinates too",
        explain: "\
src_country and dst_country are ISO 3166-1 codes of two letters; with full=true also src_city, src_latitude,
src_longitude and the same of the destination. An address that the database does not have gets nothing. Given several
times, with several databases, geo fills in from each what those before it did not have.

db= names a database in the MaxMind DB format: GeoLite2, GeoIP2, DB-IP, country or city. Without it the first of these
is taken that is in /usr/share/GeoIP, /var/lib/GeoIP or /usr/local/share/GeoIP: GeoIP2-Country, GeoLite2-Country,
dbip-country, GeoIP2-City, GeoLite2-City, dbip-city, GeoIP2-Enterprise (with full=true the cities first). It is read and
checked as a whole before any input; a damaged one is refused.",
        params: &[
            Param::new("db", ParamKind::File, "", "", "the database"),
            Param::new("full", ParamKind::Truth, "false", "", "add city and coordinates"),
            OVERWRITE,
        ],
        needs: &ENDS,
        columns: &[
            Field::named("src_country"),
            Field::named("dst_country"),
            Field::named("src_city"),
            Field::named("dst_city"),
            Field::named("src_latitude"),
            Field::named("dst_latitude"),
            Field::named("src_longitude"),
            Field::named("dst_longitude"),
        ],
        memory: "the size of the database (at most 2 GiB), and at most 32 MB a thread of what was looked up",
        source: "MaxMind DB file format 2.0; ISO 3166-1",
    },
    build,
};

const COUNTRIES: [&str; 3] = ["GeoIP2-Country", "GeoLite2-Country", "dbip-country"];
const CITIES: [&str; 4] = ["GeoIP2-City", "GeoLite2-City", "dbip-city", "GeoIP2-Enterprise"];

/// By column: the source's is twice the place, the destination's one more.
static VALUES: [Value; 4] = [
    Value { path: &[Key("country"), Key("iso_code")], form: Form::Text, keys: ["src_country", "dst_country"] },
    Value { path: &[Key("city"), Key("names"), Key("en")], form: Form::Text, keys: ["src_city", "dst_city"] },
    Value { path: &[Key("location"), Key("latitude")], form: Form::Number, keys: ["src_latitude", "dst_latitude"] },
    Value { path: &[Key("location"), Key("longitude")], form: Form::Number, keys: ["src_longitude", "dst_longitude"] },
];

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let full = args.truth("full");
    let names = if full { [&CITIES[..], &COUNTRIES].concat() } else { [&COUNTRIES[..], &CITIES].concat() };
    let values = if full { &VALUES[..] } else { &VALUES[..1] };
    Ok(Box::new(Geo { lookup: Lookup::open(args, &names, values)? }))
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
        let line = r#"{"src_ip":"198.51.100.1"}"#;
        assert_eq!(enriched(&item("city.mmdb,full=true"), line), (line.to_owned(), Outcome::Done));
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
        for word in crate::database::FOLDERS.iter().chain(&COUNTRIES).chain(&CITIES) {
            assert!(ENRICHER.spec.explain.contains(word), "{word}");
        }
    }
}
