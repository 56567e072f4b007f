//! Look-ups against what the makers of databases say is in them.

use super::{data, lines, sample, shared};
use serde_json::Value;
use std::collections::BTreeMap;

/// First and last address of a network.
fn ends(cidr: &str) -> [String; 2] {
    let network: ipnet::IpNet = cidr.parse().unwrap();
    [network.network().to_string(), network.broadcast().to_string()]
}

/// Looks up both ends of every network of MaxMind's source and compares each field with its path in the source.
fn agrees(item: &str, database: &str, source: &str, fields: &[(&str, &str)]) {
    let folder = "geo/maxmind-MaxMind-DB";
    let (Some(database), Some(source)) =
        (shared(&format!("{folder}/test-data/{database}")), shared(&format!("{folder}/source-data/{source}")))
    else {
        return;
    };
    let networks: Vec<BTreeMap<String, Value>> = serde_json::from_slice(&std::fs::read(source).unwrap()).unwrap();
    let networks: Vec<_> = networks.into_iter().flatten().collect();
    let input: String = networks
        .iter()
        .map(|(cidr, _)| {
            let [first, last] = ends(cidr);
            format!("{{\"src_ip\":\"{first}\",\"dst_ip\":\"{last}\"}}\n")
        })
        .collect();
    let out = lines(&[&item.replace("DB", database.to_str().unwrap())], &input);
    let mut compared = 0;
    for ((cidr, record), line) in networks.iter().zip(out.lines()) {
        let found: Value = serde_json::from_str(line).unwrap();
        for (field, path) in fields {
            for end in ["src", "dst"] {
                let (found, expected) = (found.get(format!("{end}_{field}")), record.pointer(path));
                let same = match (found.and_then(Value::as_f64), expected.and_then(Value::as_f64)) {
                    (Some(found), Some(expected)) => found == expected,
                    _ => found == expected,
                };
                assert!(same, "{cidr} {end}_{field}: {found:?}, not {expected:?}");
                compared += usize::from(expected.is_some());
            }
        }
    }
    assert!(networks.len() > 200 && compared > networks.len(), "{} networks, {compared} values", networks.len());
}

#[test]
fn every_network_of_maxminds_cities_has_country_city_and_place() {
    agrees(
        "geo:db=DB,full=true",
        "GeoIP2-City-Test.mmdb",
        "GeoIP2-City-Test.json",
        &[
            ("country", "/country/iso_code"),
            ("city", "/city/names/en"),
            ("latitude", "/location/latitude"),
            ("longitude", "/location/longitude"),
        ],
    );
}

#[test]
fn every_network_of_maxminds_systems_has_number_and_organisation() {
    agrees(
        "asn:db=DB",
        "GeoLite2-ASN-Test.mmdb",
        "GeoLite2-ASN-Test.json",
        &[("as", "/autonomous_system_number"), ("org", "/autonomous_system_organization")],
    );
}

#[test]
fn maxminds_countries_are_read() {
    let Some(database) = shared("geo/maxmind-MaxMind-DB/test-data/GeoIP2-Country-Test.mmdb") else { return };
    let out = lines(
        &[&format!("geo:db={}", database.display())],
        "{\"src_ip\":\"81.2.69.160\",\"dst_ip\":\"89.160.20.112\"}\n{\"dst_ip\":\"2001:218::1\"}\n",
    );
    assert!(
        out.contains("\"src_country\":\"GB\",\"dst_country\":\"SE\"") && out.contains("\"dst_country\":\"JP\""),
        "{out}"
    );
}

#[test]
fn a_second_database_fills_in_what_the_first_does_not_have() {
    let items = [format!("geo:db={}", sample("demo-country.mmdb")), format!("geo:db={},full=true", data("city.mmdb"))];
    let args: Vec<_> = items.iter().map(String::as_str).collect();
    assert_eq!(
        lines(&args, "{\"src_ip\":\"1.128.0.7\",\"dst_ip\":\"81.2.69.160\"}\n"),
        "{\"src_ip\":\"1.128.0.7\",\"dst_ip\":\"81.2.69.160\",\"src_country\":\"AU\",\"dst_country\":\"GB\",\
         \"dst_city\":\"London\",\"dst_latitude\":51.5,\"dst_longitude\":-0.125}\n"
    );
}

#[test]
fn the_demonstration_databases_have_what_they_were_made_with() {
    let items = [format!("geo:db={}", sample("demo-country.mmdb")), format!("asn:db={}", sample("demo-asn.mmdb"))];
    let args: Vec<_> = items.iter().map(String::as_str).collect();
    for (network, country, number, organisation) in [
        ("81.2.69.0/24", "GB", 20712, "Andrews & Arnold Ltd"),
        ("2.125.160.0/24", "GB", 5607, "Sky UK Limited"),
        ("89.160.20.0/24", "SE", 29518, "Bredband2 AB"),
        ("1.128.0.0/11", "AU", 1221, "Telstra Limited"),
        ("216.160.83.0/24", "US", 209, "Lumen"),
        ("2001:218::/32", "JP", 2914, "NTT"),
    ] {
        let [first, last] = ends(network);
        assert_eq!(
            lines(&args, &format!("{{\"src_ip\":\"{first}\",\"dst_ip\":\"{last}\"}}\n")),
            format!(
                "{{\"src_ip\":\"{first}\",\"dst_ip\":\"{last}\",\"src_country\":\"{country}\",\"dst_country\":\"{country}\",\
                 \"src_as\":{number},\"dst_as\":{number},\"src_org\":\"{organisation}\",\"dst_org\":\"{organisation}\"}}\n"
            )
        );
    }
}
