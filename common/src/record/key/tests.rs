//! Keys out of lines, held against the lines' text; order, writing, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::map::Map;
use crate::record::field;
use crate::scan::{Clean, Scanner};
use crate::value::Address;
use proptest::prelude::*;
use std::net::IpAddr;

/// The key of a line, written as members.
fn members(spec: &str, line: &str) -> Option<String> {
    let spec = KeySpec::parse(spec).unwrap();
    let names: Vec<&str> = ["other"].into_iter().chain(spec.watched_names()).collect();
    let mut scanner = Scanner::watching(&names);
    let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
    let key = spec.key(&line, 1)?;
    let mut parts = vec![Part::Truth(true)];
    assert!(spec.parts(&line, 1, &mut parts) && parts == key.parts());
    let mut out = Vec::new();
    spec.write_members(&key, &mut out);
    Some(String::from_utf8(out).unwrap())
}

const LINE: &str = concat!(
    r#"{"timestamp":"2015-01-22T08:03:34.035Z","duration":1.50,"src_ip":"10.1.2.3","dst_ip":"2001:db8:1:2:3::9","#,
    r#""dst_port":443,"app":"d\"ns","src_country":"PT","n":-1.50,"big":9007199254740993,"list":[1, 2],"flag":true,"#,
    r#""none":null,"a+b":"é\u0041"}"#
);

#[test]
fn reads_every_kind_of_part_and_writes_it_as_a_member() {
    for (spec, written) in [
        ("src_ip/24+dst_port", r#""src_ip":"10.1.2.0/24","dst_port":443"#),
        ("dst_ip/24", r#""dst_ip":"2001:db8:1:2::/64""#),
        ("dst_ip/24/48", r#""dst_ip":"2001:db8:1::/48""#),
        ("src_ip/0+dst_ip/0/0", r#""src_ip":"0.0.0.0/0","dst_ip":"::/0""#),
        ("src_ip/32/128+dst_ip/32/128", r#""src_ip":"10.1.2.3/32","dst_ip":"2001:db8:1:2:3::9/128""#),
        ("src_ip + dst_ip", r#""src_ip":"10.1.2.3","dst_ip":"2001:db8:1:2:3::9""#),
        ("timestamp", r#""timestamp":"2015-01-22T08:03:34.035Z""#),
        ("duration", r#""duration":1.5"#),
        ("app+src_country+dst_port", r#""app":"d\"ns","src_country":"PT","dst_port":443"#),
        ("n+flag", r#""n":-1.5,"flag":true"#),
        ("big", r#""big":9007199254740993"#),
        ("list", r#""list":[1, 2]"#),
        ("a\\+b", r#""a+b":"éA""#),
    ] {
        assert_eq!(members(spec, LINE).as_deref(), Some(written), "{spec}");
    }
}

#[test]
fn a_line_without_a_part_has_no_key() {
    for spec in ["src_port", "src_ip+rev_bytes", "dst_country", "none", "src_ip+dst_ip+exporter/24"] {
        assert_eq!(members(spec, LINE), None, "{spec}");
    }
}

#[test]
fn refuses_what_is_no_key() {
    let error = |text: &str| KeySpec::parse(text).unwrap_err();
    assert_eq!((error(""), error("src_ip+"), error("/24")), (KeyError::Empty, KeyError::Empty, KeyError::Empty));
    assert_eq!(error("src_ip+dst_port+src_ip/24"), KeyError::Repeated("src_ip".into()));
    for bad in ["dst_port/24", "src_country/24", "app/", "duration/1"] {
        assert_eq!(error(bad), KeyError::NoAddress(bad.into()));
    }
    for bad in ["src_ip/33", "src_ip/", "src_ip/24/129", "src_ip/-1", "src_ip/+1", "src_ip/24/64/1", "src_ip/a"] {
        assert_eq!(KeySpec::of(&[bad]).unwrap_err(), KeyError::BadPrefix(bad.into()));
    }
    assert!(error("src_ip/40").to_string().contains("src_ip/24/56"));
}

#[test]
fn a_key_is_written_as_it_was_read() {
    for text in ["src_ip/24/64+dst_port", "a\\+b+src_country", "dst_ip/0/0"] {
        let spec = KeySpec::parse(text).unwrap();
        assert_eq!(spec.to_string(), text);
        assert_eq!(KeySpec::parse(&spec.to_string()), Ok(spec));
    }
    assert_eq!(KeySpec::parse("src_ip/24").unwrap().to_string(), "src_ip/24/64");
    let cut = KeySpec::parse("src_ip/24+dst_ip").unwrap();
    assert_eq!((cut.prefix(0), cut.prefix(1), cut.prefix(2)), (Some((24, 64)), None, None));
    let spec = KeySpec::parse("x+src_ip/24+y").unwrap();
    assert_eq!(spec.names().collect::<Vec<_>>(), ["x", "src_ip", "y"]);
    assert_eq!(spec.watched_names().collect::<Vec<_>>(), ["x", "y"]);
}

#[test]
fn keys_sort_by_value_and_numbers_of_both_kinds_together() {
    let json = |tokens: &[&str]| tokens.iter().map(|t| Part::from_json(t).unwrap()).collect::<Vec<_>>();
    let ascending =
        json(&["-2.5", "-1", "0", "0.5", "2", "10", "1e300", r#""10""#, r#""2""#, r#""é""#, "false", "true"]);
    assert!(ascending.windows(2).all(|w| w[0] < w[1]), "{ascending:?}");
    let address = |text: &str| Address::parse(text).unwrap();
    let networks = [("9.0.0.0", 8), ("10.0.0.0", 8), ("10.0.0.0", 24), ("::", 64), ("2001:db8::", 64)];
    let networks: Vec<_> = networks.iter().map(|(a, len)| Part::Network(address(a), *len)).collect();
    assert!(networks.windows(2).all(|w| w[0] < w[1]));
    let key = |a: u64, b: &str| Key::from(vec![Part::Integer(a), Part::Text(b.into())]);
    assert!(key(2, "b") < key(10, "a") && key(2, "a") < key(2, "b"));
}

#[test]
fn equal_numbers_are_one_key_and_large_integers_stay_apart() {
    for (a, b) in [("443", "4.43e2"), ("-0", "0"), ("0", "-1e-400"), ("1", "1.00000000000000000001"), ("0.5", "5e-1")] {
        assert_eq!(Part::from_json(a), Part::from_json(b), "{a} {b}");
    }
    assert_ne!(Part::from_json("1152921504606846976"), Part::from_json("1152921504606846977"));
    assert_eq!(Part::from_json("null"), None);
}

#[test]
fn parts_and_keys_are_small() {
    assert_eq!((size_of::<Part>(), size_of::<Key>() <= 56), (24, true));
}

#[test]
fn a_map_is_asked_with_parts_alone() {
    let mut map: Map<Key, u32> = Map::default();
    for n in 1..6u64 {
        let parts: Vec<Part> = (0..n).map(Part::Integer).collect();
        map.insert(Key::from(parts), n as u32);
    }
    for n in 1..6u64 {
        let parts: Vec<Part> = (0..n).map(Part::Integer).collect();
        assert_eq!(map.get(&parts[..]), Some(&(n as u32)));
    }
}

#[test]
fn a_flow_without_a_line_has_the_same_key() {
    let mut flow = Flow::from((IpAddr::from([10, 0, 0, 7]), IpAddr::from([10, 0, 1, 7])));
    flow.set_integer(field::DST_PORT, 53);
    let key = KeySpec::parse("src_ip/16+dst_port").unwrap().flow_key(&flow).unwrap();
    assert_eq!(key.parts(), [Part::Network(Address([10, 0, 0, 0].into()), 16), Part::Integer(53)]);
    assert_eq!(KeySpec::parse("src_ip+src_country").unwrap().flow_key(&flow), None);
}

proptest! {
    #[test]
    fn networks_are_those_of_ipnet(a: u32, b: u128, v4 in 0u8..=32, v6 in 0u8..=128) {
        for (ip, len) in [(IpAddr::from(a.to_be_bytes()), v4), (IpAddr::from(b.to_be_bytes()), v6)] {
            let part = Part::network(Address(ip), v4, v6);
            let expected = ipnet::IpNet::new(ip, len).unwrap().trunc();
            prop_assert_eq!(part.as_network(), Some(expected));
            let mut out = Vec::new();
            part.write(&mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("\"{expected}\""));
        }
    }

    #[test]
    fn texts_read_back_and_sort_by_bytes(a in ".{0,30}", b in ".{0,30}") {
        let (x, y) = (Text::from(a.as_str()), Text::from(b.as_str()));
        prop_assert_eq!((x.as_str(), x.cmp(&y), x == y), (a.as_str(), a.as_bytes().cmp(b.as_bytes()), a == b));
        let token = serde_json::to_string(&a).unwrap();
        prop_assert_eq!(Part::from_json(&token), Some(Part::Text(x)));
    }

    #[test]
    fn the_order_agrees_with_equality(tokens in prop::array::uniform2("(-?[0-9]{1,2}(\\.[0-9])?(e-?[0-9])?)|\"[ab]{0,2}\"|true")) {
        if let [Ok(_), Ok(_)] = tokens.each_ref().map(|t| serde_json::from_str::<serde_json::Value>(t)) {
            let [a, b] = tokens.each_ref().map(|t| Part::from_json(t).unwrap());
            prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if let [Ok(x), Ok(y)] = tokens.each_ref().map(|t| t.parse::<f64>()) {
                prop_assert_eq!(a.cmp(&b), (x + 0.0).total_cmp(&(y + 0.0)));
            }
        }
    }
}

#[test]
fn a_mistyped_field_is_refused_and_any_other_member_is_a_key() {
    for (name, near) in [
        ("srcip", "src_ip"),
        ("SRC_IP", "src_ip"),
        ("src-ip", "src_ip"),
        ("dst_prot", "dst_port"),
        ("src_countrys", "src_country"),
        ("srcip/24", "src_ip"),
    ] {
        let refused = KeySpec::parse(name).unwrap_err().to_string();
        assert!(refused.contains(&format!("did you mean \"{near}\"?")), "{name}: {refused}");
    }
    for name in ["src_country", "src_zone", "src_ip2", "x", "site", "vlan_name", "kind"] {
        assert!(KeySpec::parse(name).is_ok(), "{name}");
    }
}
