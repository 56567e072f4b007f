//! The published vectors, the properties that make the mapping what it is, and addresses in texts.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

/// The key of the sample that came with the reference implementation.
const SAMPLE: [u8; 32] = [
    21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131, 121, 121, 101, 39, 98,
    87, 76, 45, 42, 132, 34, 2,
];

/// A key with published IPv4 and IPv6 pairs.
const OTHER: [u8; 32] = [
    0x80, 0x09, 0xab, 0x3a, 0x60, 0x54, 0x35, 0xbe, 0xa0, 0xc3, 0x85, 0xbe, 0xa1, 0x84, 0x85, 0xd8, 0xb0, 0xa1, 0x10,
    0x3d, 0x65, 0x90, 0xbd, 0xf4, 0x8c, 0x96, 0x8b, 0xe5, 0xde, 0x53, 0x83, 0x6e,
];

/// Every address of the reference implementation's sample trace, and what it became in the sanitized one.
const TRACE: &[(&str, &str)] = &[
    ("128.11.68.132", "135.242.180.132"),
    ("129.118.74.4", "134.136.186.123"),
    ("130.132.252.244", "133.68.164.234"),
    ("141.223.7.43", "141.167.8.160"),
    ("141.233.145.108", "141.129.237.235"),
    ("152.163.225.39", "151.140.114.167"),
    ("156.29.3.236", "147.225.12.42"),
    ("165.247.96.84", "162.9.99.234"),
    ("166.107.77.190", "160.132.178.185"),
    ("192.102.249.13", "252.138.62.131"),
    ("192.215.32.125", "252.43.47.189"),
    ("192.233.80.103", "252.25.108.8"),
    ("192.41.57.43", "252.222.221.184"),
    ("193.150.244.223", "253.169.52.216"),
    ("195.205.63.100", "255.186.223.5"),
    ("198.200.171.101", "249.199.68.213"),
    ("198.26.132.101", "249.36.123.202"),
    ("198.36.213.5", "249.7.21.132"),
    ("198.51.77.238", "249.18.186.254"),
    ("199.217.79.101", "248.38.184.213"),
    ("202.49.198.20", "245.206.7.234"),
    ("203.12.160.252", "244.248.163.4"),
    ("204.184.162.189", "243.192.77.90"),
    ("204.202.136.230", "243.178.4.198"),
    ("204.29.20.4", "243.33.20.123"),
    ("205.178.38.67", "242.108.198.51"),
    ("205.188.147.153", "242.96.16.101"),
    ("205.188.248.25", "242.96.88.27"),
    ("205.245.121.43", "242.21.121.163"),
    ("207.105.49.5", "241.118.205.138"),
    ("207.135.65.238", "241.202.129.222"),
    ("207.155.9.214", "241.220.250.22"),
    ("207.188.7.45", "241.255.249.220"),
    ("207.25.71.27", "241.33.119.156"),
    ("207.33.151.131", "241.1.233.131"),
    ("208.147.89.59", "227.237.98.191"),
    ("208.234.120.210", "227.154.67.17"),
    ("208.28.185.184", "227.39.94.90"),
    ("208.52.56.122", "227.8.63.165"),
    ("209.12.231.7", "226.243.167.8"),
    ("209.238.72.3", "226.6.119.243"),
    ("209.246.74.109", "226.22.124.76"),
    ("209.68.60.238", "226.184.220.233"),
    ("209.85.249.6", "226.170.70.6"),
    ("212.120.124.31", "228.135.163.231"),
    ("212.146.8.236", "228.19.4.234"),
    ("212.186.227.154", "228.59.98.98"),
    ("212.204.172.118", "228.71.195.169"),
    ("212.206.130.201", "228.69.242.193"),
    ("216.148.237.145", "235.84.194.111"),
    ("216.157.30.252", "235.89.31.26"),
    ("216.184.159.48", "235.96.225.78"),
    ("216.227.10.221", "235.28.253.36"),
    ("216.254.18.172", "235.7.16.162"),
    ("216.32.132.250", "235.192.139.38"),
    ("216.35.217.178", "235.195.157.81"),
    ("24.0.250.221", "100.15.198.226"),
    ("24.13.62.231", "100.2.192.247"),
    ("24.14.213.138", "100.1.42.141"),
    ("24.5.0.80", "100.9.15.210"),
    ("24.7.198.88", "100.10.6.25"),
    ("24.94.26.44", "100.88.228.35"),
    ("38.15.67.68", "64.3.66.187"),
    ("4.3.88.225", "124.60.155.63"),
    ("63.14.55.111", "95.9.215.7"),
    ("63.195.241.44", "95.179.238.44"),
    ("63.97.7.140", "95.97.9.123"),
    ("64.14.118.196", "0.255.183.58"),
    ("64.34.154.117", "0.221.154.117"),
    ("64.39.15.238", "0.219.7.41"),
];

fn sample() -> Anonymizer {
    static MADE: OnceLock<Anonymizer> = OnceLock::new();
    MADE.get_or_init(|| Anonymizer::new(&Key::new(SAMPLE))).clone()
}

fn agrees(key: [u8; 32], pairs: &[(&str, &str)]) {
    let mut anonymizer = Anonymizer::new(&Key::new(key));
    // Twice: computed, and remembered.
    for (from, to) in pairs.iter().chain(pairs) {
        assert_eq!(anonymizer.address(Address::parse(from).unwrap()), Address::parse(to).unwrap(), "{from}");
    }
}

/// The sample's sanitized trace, and addresses that other implementations publish for the same key.
#[test]
fn ipv4_agrees_with_the_reference_implementation() {
    agrees(SAMPLE, TRACE);
    agrees(
        SAMPLE,
        &[
            ("127.0.0.1", "33.0.243.129"),
            ("0.0.0.0", "120.255.240.1"),
            ("10.0.1.128", "117.15.1.129"),
            ("169.254.100.50", "169.251.68.45"),
            ("255.255.255.255", "206.120.97.255"),
            ("129.69.205.36", "134.182.53.212"),
        ],
    );
    agrees(
        OTHER,
        &[
            ("123.123.123.123", "117.8.135.123"),
            ("131.159.1.42", "162.112.255.43"),
            ("8.8.8.8", "55.21.62.136"),
            ("255.8.1.100", "240.232.0.156"),
            ("0.0.0.0", "56.131.176.115"),
            ("255.255.255.255", "240.15.248.0"),
        ],
    );
    agrees(*b"32-char-str-for-AES-key-and-pad.", &[("192.0.2.1", "192.0.125.244")]);
}

#[test]
fn ipv6_agrees_with_other_implementations() {
    agrees(
        SAMPLE,
        &[
            ("::1", "78ff:f001:9fc0:20df:8380:b1f1:704:ed"),
            ("::2", "78ff:f001:9fc0:20df:8380:b1f1:704:ef"),
            ("::ffff", "78ff:f001:9fc0:20df:8380:b1f1:704:f838"),
            ("2001:db8::1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e"),
            ("2001:db8::2", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c"),
        ],
    );
    agrees(
        OTHER,
        &[
            ("2a02:db8:85a3::8a2e:370:7344", "1482:f447:75b3:f1f9:fbdf:622e:34f:ff7b"),
            ("2a02:db8:85a3:8d3:1319:8a2e:370:7344", "1482:f447:75b3:f904:c1d9:ba2e:489:1346"),
            ("2001:b8:a3::2e:70:44", "1f18:b37b:1cc3:8118:41f:9fd1:f875:fab8"),
            ("fc00::", "f33c:8ca3:ef0f:e019:e7ff:f1e3:f91f:f800"),
        ],
    );
    let counting = std::array::from_fn(|i| i as u8);
    agrees(counting, &[("2001:db8::1", "dd92:2c44:3fc0:ff1e:7ff9:c7f0:8180:7e00"), ("10.0.1.128", "246.35.190.47")]);
}

fn v4(anonymizer: &mut Anonymizer, bits: u32) -> u32 {
    match anonymizer.address(Address::v4(bits)).0 {
        IpAddr::V4(a) => a.to_bits(),
        IpAddr::V6(_) => unreachable!(),
    }
}

fn v6(anonymizer: &mut Anonymizer, bits: u128) -> u128 {
    match anonymizer.address(Address(IpAddr::V6(bits.into()))).0 {
        IpAddr::V6(a) => a.to_bits(),
        IpAddr::V4(_) => unreachable!(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn addresses_have_as_many_leading_bits_in_common_after_as_before(
        key: [u8; 32], a: u32, b: u32, c: u128, d: u128, at in 0u32..32, wide in 0u32..128,
    ) {
        let mut anonymizer = Anonymizer::new(&Key::new(key));
        // A pair at random, and one that is equal up to a bit.
        for (a, b) in [(a, b), (a, a ^ (b | 1 << 31) >> at), (a, a)] {
            let (x, y) = (v4(&mut anonymizer, a), v4(&mut anonymizer, b));
            prop_assert_eq!((x ^ y).leading_zeros(), (a ^ b).leading_zeros());
        }
        for (c, d) in [(c, d), (c, c ^ (d | 1 << 127) >> wide), (c, c)] {
            let (x, y) = (v6(&mut anonymizer, c), v6(&mut anonymizer, d));
            prop_assert_eq!((x ^ y).leading_zeros(), (c ^ d).leading_zeros());
        }
    }
}

proptest! {
    #[test]
    fn what_is_remembered_is_what_would_be_computed(all in proptest::collection::vec((any::<u32>(), any::<u128>()), 1..200)) {
        let (mut one, mut other) = (sample(), sample());
        let mapped: Vec<_> = all.iter().map(|(a, b)| (v4(&mut one, *a), v6(&mut one, *b))).collect();
        for ((a, b), (x, y)) in all.iter().zip(mapped).rev() {
            prop_assert_eq!((v4(&mut other, *a), v6(&mut other, *b)), (x, y));
            prop_assert_eq!((v4(&mut one, *a), v6(&mut one, *b)), (x, y));
        }
    }

    #[test]
    fn every_address_in_a_text_is_found(a: u32, b: u128, c: u128, mask in 0u32..128) {
        // Zeros make the short forms.
        let c = c & b.rotate_left(mask) & b;
        for ip in [IpAddr::V4(a.into()), IpAddr::V6(b.into()), IpAddr::V6(c.into()), IpAddr::V6(((b >> 80) << 80).into())] {
            let mapped = sample().address(Address(ip));
            for (before, after) in [("", ""), ("from ", " to"), ("[", "]:443"), ("src=", ","), ("http://", "/x"), ("(", ")")] {
                prop_assert_eq!(texts(&format!("{before}{ip}{after}")), format!("{before}{mapped}{after}"));
            }
        }
    }

    #[test]
    fn what_std_reads_as_an_address_is_found_whole(text in "[0-9a-f:.]{2,45}|([0-9a-f]{0,4}:{1,2}){1,8}[0-9a-f]{0,4}") {
        if let Ok(ip) = text.parse::<Ipv6Addr>() {
            prop_assert_eq!(texts(&text), sample().address(Address(ip.into())).to_string());
        }
        if let Ok(ip) = text.parse::<Ipv4Addr>() {
            prop_assert_eq!(texts(&text), sample().address(Address(ip.into())).to_string());
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "[0-9a-f:./\"\\\\ x-]{0,80}|.{0,80}") {
        let json = serde_json::to_string(&[&text]).unwrap();
        let changed: Vec<String> = serde_json::from_str(&changed(&json).0).unwrap();
        prop_assert_eq!(&changed[0], &texts(&text));
    }
}

#[test]
fn the_mapping_of_a_whole_network_is_a_permutation() {
    let mut anonymizer = sample();
    let mut mapped: Vec<u32> = (0..1 << 16).map(|low| v4(&mut anonymizer, 0xac10_0000 | low)).collect();
    mapped.sort_unstable();
    assert!(mapped.windows(2).all(|w| w[1] == w[0] + 1) && mapped[0] & 0xffff == 0);
}

/// The text with other addresses.
fn texts(text: &str) -> String {
    let mut out = Vec::new();
    match sample().text(text, &mut out) {
        true => String::from_utf8(out).unwrap(),
        false => text.to_owned(),
    }
}

/// The JSON with other addresses, and whether a key has changed.
fn changed(json: &str) -> (String, bool) {
    let (mut out, mut done) = (String::new(), 0);
    let has_key = sample().json(json, |range, value| {
        out.push_str(&json[done..range.start]);
        out.push_str(std::str::from_utf8(value).unwrap());
        done = range.end;
    });
    (out + &json[done..], has_key)
}

#[test]
fn addresses_are_found_in_all_their_forms() {
    // 10.0.0.1 and 2001:db8::1 under the sample's key.
    let (v4, v6) = (texts("10.0.0.1"), texts("2001:db8::1"));
    assert_eq!((v4.as_str(), v6.as_str()), ("117.15.0.1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e"));
    let hyphens = v4.replace('.', "-");
    for (text, expected) in [
        ("10.0.0.1:443", format!("{v4}:443")),
        ("10.0.0.1.443 > 10.0.0.1.53", format!("{v4}.443 > {v4}.53")),
        ("010.000.000.001", v4.clone()),
        ("ip10.0.0.1x", format!("ip{v4}x")),
        ("300.10.0.0.1", format!("300.{v4}")),
        ("ip-10-0-0-1.ec2.internal", format!("ip-{hyphens}.ec2.internal")),
        ("10.0.0.1-10.0.0.1", format!("{v4}-{v4}")),
        ("10.0.0.1/32,10.0.0.1/8", format!("{v4}/32,{v4}/8")),
        ("10.0.0.0/8", "117.0.0.0/8".to_owned()),
        ("0.0.0.0/0 and ::/0", "0.0.0.0/0 and ::/0".to_owned()),
        ("10.0.0.1/33", format!("{v4}/33")),
        ("2001:DB8:0:0::1", v6.clone()),
        ("2001:db8::1.443", format!("{v6}.443")),
        ("[2001:db8::1%eth0]:80", format!("[{v6}%eth0]:80")),
        ("2001:db8::/32", "4401:2bc::/32".to_owned()),
        ("x2001:db8::1y", format!("x{v6}y")),
        ("2001:db8:0:0:0:0:0:1:443", format!("{v6}:443")),
        ("12345:2001:db8::1", format!("12345:{v6}")),
    ] {
        assert_eq!(texts(text), expected, "{text}");
    }
    // In one mapping the beginnings stay together, whatever the form.
    let (a, b) = (texts("02:42:AC:11:00:02"), texts("02-42-ac-11-00-03"));
    assert!(a.len() == 17 && a != "02:42:AC:11:00:02" && a.to_lowercase() == a.to_lowercase().replace('-', ":"));
    assert_eq!(a.to_lowercase()[..15].replace(':', "-"), b[..15]);
    assert_ne!(a.to_lowercase()[15..], b[15..]);
    assert_ne!(texts("00-11-22-33-aa-55"), "00-11-22-33-aa-55");
    let (pairs, fours) = (texts("cb:00:71:42:00:01"), texts("mac cb00.7142.0001,"));
    assert_eq!(fours, format!("mac {}.{}.{},", &pairs[..5], &pairs[6..11], &pairs[12..]).replace(':', ""));
    assert_eq!(texts("CB00.7142.0001"), fours[4..18].to_uppercase());
}

#[test]
fn octets_are_read_however_they_are_spelt() {
    let plain = texts("203.0.113.66");
    for odd in
        ["0203.0.113.66", "00000203.00.0113.000066", "0xcb.0.113.66", "0xCB.0x00.0X71.0x42", "203.0x0.113.0x0042"]
    {
        assert_eq!(texts(&format!("from {odd}, to {odd}/32")), format!("from {plain}, to {plain}/32"), "{odd}");
    }
    assert_eq!(texts("::ffff:0203.0.113.66"), texts("::ffff:203.0.113.66"));
    for none in
        ["1203.0.113.66", "0xcb.0.113", "0x1cb.0.113.66", "000000203.0.113.66", "cb00.7142.00012", "cb00.7142.001"]
    {
        assert_eq!(texts(none), none);
    }
}

#[test]
fn times_numbers_and_names_stay() {
    for text in [
        "",
        "2015-01-22T08:03:34.035Z",
        "2015-01-22-08-03-34",
        "std::fs::read",
        "1.25",
        "1.2.3",
        "256.1.1.1",
        "08:03:34",
        "a:b:c",
        "T1046.001",
        "550e8400-e29b-41d4-a716-446655440000",
        "1-2-3-4-5",
        "www.example.com:443",
        ":",
        "...---:",
        "\u{e9}:\u{e9}.\u{e9}",
    ] {
        assert_eq!(texts(text), text);
    }
}

#[test]
fn addresses_behind_escapes_are_found() {
    let address = texts("10.0.0.1");
    for (json, expected) in [
        (r#"{"a":"\u0031\u0030.0.0.1"}"#, format!(r#"{{"a":"{address}"}}"#)),
        (r#"{"a":"\n10.0.0.0\/8 \"x\""}"#, r#"{"a":"\n117.0.0.0/8 \"x\""}"#.to_owned()),
        (r#"{"a":"\ufdea10.0.0.1","b":"c\/d"}"#, format!("{{\"a\":\"\u{fdea}{address}\",\"b\":\"c\\/d\"}}")),
        (r#"{"a\\":"10.0.0.1\\"}"#, format!(r#"{{"a\\":"{address}\\"}}"#)),
    ] {
        assert_eq!(changed(json), (expected, false), "{json}");
    }
}

#[test]
fn a_changed_key_is_told() {
    let address = texts("10.0.0.1");
    for json in [r#"{"10.0.0.1":1}"#, r#"{"hosts":{"of 10.0.0.1 all" :[]}}"#, r#"{"10.0.0.1":"\\"}"#] {
        assert_eq!(changed(json), (json.replace("10.0.0.1", &address), true), "{json}");
    }
    assert!(!changed(r#"{"a":"10.0.0.1","b":1.25}"#).1);
}

#[test]
fn what_was_computed_from_addresses_becomes_a_digest() {
    let (line, has_key) =
        changed(r#"{"kind":"alert","id":"0123456789abcdef","id2":"0123456789abcdef","x":{"community_id" : "1:abc="}}"#);
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    let digest = value["id"].as_str().unwrap();
    assert!(digest.len() == 16 && digest != "0123456789abcdef" && !has_key, "{line}");
    assert_eq!(value["id2"], "0123456789abcdef");
    assert_eq!(value["x"]["community_id"].as_str().unwrap().len(), 16);
    assert!(changed(r#"{"a":{"id":"0123456789abcdef"}}"#).0.contains(digest), "the same wherever it stands");
    for json in [r#"{"id":"C1a","b":1}"#, r#"{"id":7,"b":"0123456789abcdef"}"#, r#"{"b":"id","c":"0123456789abcdef"}"#]
    {
        assert_eq!(changed(json), (json.to_owned(), false));
    }
    let digests: std::collections::HashSet<_> = ["", "a", "b", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaa"]
        .map(|text| sample().cipher.digest(text.as_bytes()))
        .into();
    assert_eq!(digests.len(), 5);
}
