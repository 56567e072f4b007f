//! Look-ups against what the makers of databases say is in them.

use super::{data, lines, sample, shared};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

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

/// What mmdblookup finds at a path of an address's record, a line for each address in order.
fn looked_up(database: &str, path: &[&str], addresses: &[String]) -> Vec<Option<String>> {
    let found = |address: &String| {
        let output =
            Command::new("mmdblookup").args(["--file", database, "--ip", address]).args(path).output().unwrap();
        // "GB" <utf8_string>
        String::from_utf8(output.stdout).unwrap().split('"').nth(1).map(str::to_owned)
    };
    let halves = addresses.split_at(addresses.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| halves.1.iter().map(found).collect::<Vec<_>>());
        let mut all: Vec<_> = halves.0.iter().map(found).collect();
        all.extend(other.join().unwrap());
        all
    })
}

#[test]
fn mmdblookup_finds_the_same_countries() {
    let folder = "geo/maxmind-MaxMind-DB";
    let (Some(database), Some(source)) = (
        shared(&format!("{folder}/test-data/GeoIP2-City-Test.mmdb")),
        shared(&format!("{folder}/source-data/GeoIP2-City-Test.json")),
    ) else {
        return;
    };
    if Command::new("mmdblookup").arg("--version").output().is_err() {
        eprintln!("skipped: no mmdblookup; Debian's package mmdb-bin has it");
        return;
    }
    let networks: Vec<BTreeMap<String, Value>> = serde_json::from_slice(&std::fs::read(source).unwrap()).unwrap();
    let networks: Vec<ipnet::IpNet> = networks.iter().flat_map(|n| n.keys()).map(|n| n.parse().unwrap()).collect();
    // Half of the addresses anywhere, half within a network that is known.
    let mut state = 7u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 16
    };
    let addresses: Vec<String> = (0..10_000)
        .map(|i| match (i % 2, networks[random() as usize % networks.len()]) {
            (0, _) => Ipv4Addr::from(random() as u32).to_string(),
            (_, ipnet::IpNet::V4(n)) => {
                Ipv4Addr::from(u32::from(n.network()) | random() as u32 & u32::from(n.hostmask())).to_string()
            }
            (_, ipnet::IpNet::V6(n)) => {
                let host = u128::from(random()) << 64 | u128::from(random());
                Ipv6Addr::from(u128::from(n.network()) | host & u128::from(n.hostmask())).to_string()
            }
        })
        .collect();
    let database = database.display().to_string();
    let wanted = looked_up(&database, &["country", "iso_code"], &addresses);
    let input: String = addresses.iter().map(|a| format!("{{\"src_ip\":\"{a}\"}}\n")).collect();
    let out = lines(&[&format!("geo:db={database}")], &input);
    assert!(wanted.iter().flatten().count() > 3000);
    for ((address, wanted), line) in addresses.iter().zip(wanted).zip(out.lines()) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line.get("src_country").and_then(Value::as_str), wanted.as_deref(), "{address}");
    }
}

#[test]
fn several_databases_at_once_and_one_that_changes_while_lines_come() {
    let item = format!("geo:full=true,db={}+{}", sample("demo-country.mmdb"), data("city.mmdb"));
    assert_eq!(
        lines(&[&item], "{\"src_ip\":\"1.128.0.7\",\"dst_ip\":\"81.2.69.160\"}\n"),
        "{\"src_ip\":\"1.128.0.7\",\"dst_ip\":\"81.2.69.160\",\"src_country\":\"AU\",\"dst_country\":\"GB\",\
         \"dst_city\":\"London\",\"dst_latitude\":51.5,\"dst_longitude\":-0.125}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("now.mmdb");
    let replaced = |by: &str| {
        let new = folder.path().join("new");
        std::fs::copy(by, &new).unwrap();
        std::fs::rename(new, &path).unwrap();
    };
    replaced(&data("ipv4.mmdb"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowenrich"))
        .arg(format!("geo:db={}", path.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut answer = |address: &str| {
        writeln!(stdin, "{{\"src_ip\":\"{address}\"}}").unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap().get("src_country").map(ToString::to_string)
    };
    assert_eq!(answer("1.128.0.7"), None);
    replaced(&sample("demo-country.mmdb"));
    assert_eq!(answer("1.128.0.7").as_deref(), Some("\"AU\""));
    replaced(&data("broken.mmdb"));
    assert_eq!(answer("1.128.0.7").as_deref(), Some("\"AU\""));
    drop(stdin);
    let told = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(told.contains("files that had changed were read again: 1"), "{told}");
    assert!(told.contains("what was read before was used to the end") && told.contains("now.mmdb"), "{told}");
}

#[test]
fn countries_of_the_legacy_databases_are_those_of_geoiplookup() {
    let path = "/usr/share/GeoIP/GeoIPv6.dat";
    if !std::path::Path::new(path).exists() || Command::new("geoiplookup6").arg("-v").output().is_err() {
        eprintln!("skipped: no {path} or no geoiplookup6; Debian's packages geoip-database and geoip-bin have them");
        return;
    }
    let addresses: Vec<String> = (0..300u32)
        .map(|i| format!("{}:{:x}::1", ["2001", "2a00", "2400", "2600", "2a02"][i as usize % 5], 0x200 + 8 * i))
        .collect();
    let input: String = addresses.iter().map(|a| format!("{{\"src_ip\":\"{a}\"}}\n")).collect();
    let out = lines(&[&format!("geo:db={path}")], &input);
    let mut known = 0;
    for (address, line) in addresses.iter().zip(out.lines()) {
        let said = Command::new("geoiplookup6").args(["-f", path, address]).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let code = said.split(": ").nth(1).filter(|s| s.contains(", ")).and_then(|s| s.get(..2));
        let code = code.filter(|code| !["AP", "EU", "A1", "A2", "O1", "--"].contains(code));
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line.get("src_country").and_then(Value::as_str), code, "{address} {said}");
        known += usize::from(code.is_some());
    }
    assert!(known > 20, "{known}");
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
