#![allow(clippy::unwrap_used)]

use crate::enrich::tests::{built, enriched, value};
use crate::enrich::{ENRICHERS, enricher_of};
use flow_record::item::Args;
use std::path::Path;
use tempfile::TempDir;

/// A folder with one list, and the item that reads it.
fn list(name: &str, text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let item = format!("intel:list={}", path.display());
    (folder, item)
}

fn entry_of(item: &str, address: &str) -> String {
    value(item, &format!(r#"{{"dst_ip":"{address}"}}"#), "dst_intel_entry").trim_matches('"').to_owned()
}

#[test]
fn tag_list_and_entry_are_named() {
    let (_folder, item) = list("bad.hosts.txt", "# comment\n10.0.0.0/8 x\n10.1.2.3,7\n");
    assert_eq!(
        enriched(&item, r#"{"src_ip":"10.1.2.3","dst_ip":"10.9.9.9"}"#).0,
        r#"{"src_ip":"10.1.2.3","dst_ip":"10.9.9.9","src_intel":"bad.hosts","src_intel_list":"bad.hosts.txt","src_intel_entry":"10.1.2.3","dst_intel":"bad.hosts","dst_intel_list":"bad.hosts.txt","dst_intel_entry":"10.0.0.0/8"}"#
    );
    assert_eq!(value(&format!("{item},tag=tor exit"), r#"{"src_ip":"10.1.2.3"}"#, "src_intel"), "\"tor exit\"");
    assert_eq!(enriched(&item, r#"{"src_ip":"11.1.2.3"}"#).0, r#"{"src_ip":"11.1.2.3"}"#);
}

#[test]
fn entries_are_addresses_networks_ranges_and_names() {
    let text = "192.0.2.1\t9\n198.51.100.0/24\n203.0.113.5-203.0.113.9\n203.0.113.20 - 203.0.113.21\n2001:db8::/32\n\
                0.0.0.0 Ads.example.org\n*.evil.test\n127.0.0.1 localhost\n; x\n// y\n";
    let (_folder, item) = list("x.txt", text);
    for (address, entry) in [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.2", ""),
        ("198.51.100.255", "198.51.100.0/24"),
        ("203.0.113.4", ""),
        ("203.0.113.5", "203.0.113.5-203.0.113.9"),
        ("203.0.113.9", "203.0.113.5-203.0.113.9"),
        ("203.0.113.10", ""),
        ("203.0.113.21", "203.0.113.20-203.0.113.21"),
        ("2001:db8:1::1", "2001:db8::/32"),
        ("127.0.0.1", ""),
    ] {
        assert_eq!(entry_of(&item, address), entry, "{address}");
    }
    for (name, entry) in [
        ("ads.EXAMPLE.org", "Ads.example.org"),
        ("a.b.ads.example.org.", "Ads.example.org"),
        ("example.org", ""),
        ("evil.test", "*.evil.test"),
        ("notevil.test", ""),
    ] {
        let line = format!(r#"{{"dst_ip":"1.1.1.1","dst_name":"{name}"}}"#);
        assert_eq!(value(&item, &line, "dst_intel_entry").trim_matches('"'), entry, "{name}");
    }
    assert!(built(&item).warning().is_none());
}

#[test]
fn entries_are_found_in_csv_and_json() {
    let misp = r#"{"Event":{"info":"1.1.1.1","Attribute":[{"type":"ip-dst","value":"192.0.2.1"},{"type":"ip-dst|port","value":"192.0.2.2|443"},
        {"type":"md5","value":"0123"},{"type":"filename","value":"evil.exe"},{"type":"domain","value":"evil.test"},
        {"type":"domain|ip","value":"two.test|192.0.2.9"}],
        "Object":[{"Attribute":[{"type":"ip-src","value":"192.0.2.3"}]}]}}"#;
    let stix = r#"{"type":"bundle","objects":[{"type":"indicator","pattern":"[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']"},
        {"type":"indicator","pattern":"[ipv6-addr:value = '2001:db8::1']"},{"type":"indicator","pattern":"[ipv4-addr:value ISSUBSET '192.0.2.3/32']"},
        {"type":"indicator","pattern":"[file:hashes.md5 = 'x']"}]}"#;
    let cloud = r#"{"prefixes":[{"ip_prefix":"192.0.2.1/32","region":"x"},{"ipv6_prefix":"2001:db8::/48"}],"values":[{"properties":{"addressPrefixes":["192.0.2.2/31"]}}]}"#;
    for (name, text, more) in [
        ("a.json", misp, ""),
        ("b.json", stix, ""),
        ("c.json", cloud, ""),
        (
            "f.json",
            r#"{"web":["192.0.2.1","192.0.2.2/31"],"keys":["1.1.1.1","ssh-ed25519 AAAA"],"domains":{"x":["1.1.1.1","y.z"]}}"#,
            "",
        ),
        (
            "g.txt",
            "ExitNode 0011\nPublished 2026-01-01 00:00:00\nLastStatus 2026-01-01 00:00:00\nExitAddress 192.0.2.1 2026-01-01 00:00:00\nExitAddress 192.0.2.2 x\nExitAddress 192.0.2.3 x\n",
            "",
        ),
        ("d.json", r#"["192.0.2.1","192.0.2.2","192.0.2.3"]"#, ""),
        ("e.csv", "id,Indicator\n1,192.0.2.1\n2,\"192.0.2.2\"\n3,192.0.2.3\n", ",column=Indicator"),
    ] {
        let (_folder, item) = list(name, text);
        let item = format!("{item}{more}");
        for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            assert_ne!(entry_of(&item, address), "", "{name} {address}");
        }
        assert_eq!(entry_of(&item, "1.1.1.1"), "", "{name}");
    }
    let (_folder, item) = list("a.json", misp);
    let named = |name: &str| value(&item, &format!(r#"{{"dst_ip":"1.1.1.1","app_host":"{name}"}}"#), "dst_intel_entry");
    assert_eq!((named("two.test").as_str(), entry_of(&item, "192.0.2.9").as_str()), ("\"two.test\"", "192.0.2.9"));
    assert_eq!((named("www.evil.test").as_str(), named("evil.exe").as_str()), ("\"evil.test\"", ""));
}

#[test]
fn of_equal_entries_the_first_list_counts_and_the_most_specific_before() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (a, b) = (write("a.txt", "10.0.0.0/8\n10.1.0.0/16\n"), write("b.txt", "10.0.0.0/8\n10.1.1.0/24\n10.1.1.1\n"));
    let item = format!("intel:list={a}+{b}");
    let found = |address: &str| value(&item, &format!(r#"{{"dst_ip":"{address}"}}"#), "dst_intel");
    assert_eq!(["10.2.0.0", "10.1.0.0", "10.1.1.9", "10.1.1.1"].map(found), ["\"a\"", "\"a\"", "\"b\"", "\"b\""]);
}

#[test]
fn garbage_is_told_and_a_list_of_nothing_else_refused() {
    let (_folder, item) = list("x.txt", "10.0.0.1\n10.0.0.300\nhello\u{1b}[31m\n10.0.0.9-10.0.0.1\n");
    let told = built(&item).warning().unwrap();
    assert!(told.ends_with("lines that are no entries: 3, the first is line 2: \"10.0.0.300\""), "{told}");
    for (text, part) in [("hello \u{1b}\n1.2.3\n", "not one address"), ("{\"a\":", "EOF")] {
        let (_folder, item) = list("y.txt", text);
        let args = Args::resolve(&item, "enricher", ENRICHERS.iter().map(|e| &e.spec)).unwrap();
        let message = format!("{:#}", enricher_of(&args).err().unwrap());
        assert!(message.contains(part) && message.contains("y.txt") && !message.contains('\u{1b}'), "{message}");
    }
}

#[test]
fn real_lists_are_read_whole_and_every_entry_is_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/lists");
    let files = [
        "stamparm-ipsum/levels/5.txt",
        "lord-alfred-ipranges/amazon/ipv6_merged.txt",
        "lord-alfred-ipranges/google/ipv4.txt",
    ];
    for file in files {
        let path = folder.join(file);
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: no {}", path.display());
            return;
        };
        let item = format!("intel:list={}", path.display());
        assert!(built(&item).warning().is_none(), "{file}");
        let mut index = super::Index::default();
        super::read::list(&path, None, &mut index).unwrap();
        index.close();
        for entry in text.lines() {
            let first = entry.split('/').next().unwrap();
            let found = index.address(flow_record::value::Address::parse(first).unwrap()).unwrap();
            assert!(text.lines().any(|line| line == found.text), "{entry}");
        }
    }
}
