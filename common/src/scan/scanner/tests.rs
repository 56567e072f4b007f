//! The scanner against `serde_json`, and the table of verdicts.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::record::Field;
use proptest::prelude::*;
use serde_json::Value;

fn verdict(line: &str) -> Result<(), Why> {
    let mut scanner = Scanner::new();
    let clean = Clean::line(line.as_bytes()).map_err(|r| r.why)?;
    scanner.scan(clean).map(|_| ()).map_err(|r| r.why)
}

#[test]
fn gives_each_line_its_verdict() {
    let ok = |line: &str| assert_eq!(verdict(line), Ok(()), "{line}");
    let no = |line: &str, why: Why| assert_eq!(verdict(line), Err(why), "{line}");
    ok(r#"{"src_ip":"10.0.0.1"}"#);
    ok(r#" { "src_ip" : "10.0.0.1" , "x" : [ ] , "y" : { } } "#);
    ok(r#"{"kind":"hosts"}"#);
    ok(r#"{"src_ip":"10.0.0.0/24","kind":"hosts"}"#);
    ok(r#"{"bytes":340282366920938463463374607431768211455,"kind":"hosts"}"#);
    no(r#"{"bytes":340282366920938463463374607431768211456,"kind":"hosts"}"#, Why::BadField(field::BYTES.field()));
    ok(r#"{"duration":1e300,"kind":"top"}"#);
    no(r#"{"duration":1e300,"bytes":1}"#, Why::BadField(field::DURATION.field()));
    no(r#"{"kind":"hosts","vlan":65536}"#, Why::BadField(field::VLAN.field()));
    const DUP_OF: &Field = &Field::named("dup_of");
    no(r#"{"bytes":1,"dup_of":"exporter"}"#, Why::BadField(DUP_OF));
    no(r#"{"src_ip":"10.0.0.0/24"}"#, Why::BadField(field::SRC_IP.field()));
    no(r#"{"src_ip":"10.0.0.0/33","kind":"hosts"}"#, Why::BadField(field::SRC_IP.field()));
    ok(r#"{"bytes":443.0}"#);
    ok(r#"{"bytes":9007199254740991}"#);
    ok(r#"{"src_ip":"\u0031.2.3.4","x":"\ud83d\ude00"}"#);
    ok(r#"{"bytes":1,"x":-0.5e+10,"y":[1,[2,{"z":null}],true,false]}"#);
    no("", Why::Unfinished);
    no("[]", Why::NotAnObject);
    no("{}", Why::NotAFlow);
    no(r#"{"bytes":1,"bytes":2}"#, Why::DuplicateKey);
    no(r#"{"bytes":1,"byt\u0065s":2}"#, Why::DuplicateKey);
    no(r#"{"bytes":9007199254740992}"#, Why::BadField(field::BYTES.field()));
    no(r#"{"bytes":null}"#, Why::BadField(field::BYTES.field()));
    no(r#"{"bytes":"1"}"#, Why::BadField(field::BYTES.field()));
    no(r#"{"bytes":01}"#, Why::Number);
    no(r#"{"bytes":1,"x":01}"#, Why::Number);
    no(r#"{"bytes":+1}"#, Why::Expected("a value"));
    no(r#"{"bytes":1,"x":NaN}"#, Why::Expected("a value"));
    no(r#"{"bytes":1,"x":"\ud800"}"#, Why::Escape);
    no(r#"{"bytes":1,"x":"\x"}"#, Why::Escape);
    no(r#"{"bytes":1,}"#, Why::Expected("a key in quotes"));
    no(r#"{"bytes":1} x"#, Why::Expected("the end of the line"));
    no(r#"{"bytes":1"#, Why::Unfinished);
    no(r#"{"kind":7}"#, Why::BadKind);
    no(r#"{"src_port":65536,"bytes":1}"#, Why::BadField(field::SRC_PORT.field()));
    no(r#"{"src_ip":"10.0.0.256"}"#, Why::BadField(field::SRC_IP.field()));
    no(r#"{"bytes":1,"timestamp":"2015-02-30T00:00:00Z"}"#, Why::BadField(field::TIMESTAMP.field()));
    no("{\"bytes\":1,\"x\":\"\u{1}\"}", Why::Control);
    let deep = |n: usize| format!("{{\"bytes\":1,\"x\":{}{}}}", "[".repeat(n), "]".repeat(n));
    ok(&deep(63));
    no(&deep(64), Why::TooDeep);
    no(&deep(100_000), Why::TooDeep);
    let wide = |n: usize| format!("{{\"bytes\":1{}}}", (1..n).map(|i| format!(",\"k{i}\":{i}")).collect::<String>());
    ok(&wide(1024));
    no(&wide(1025), Why::TooManyMembers);
}

#[test]
fn an_order_learnt_once_hides_no_duplicate() {
    let mut scanner = Scanner::new();
    let mut scan =
        |line: &'static str| scanner.scan(Clean::line(line.as_bytes()).unwrap()).map(|_| ()).map_err(|r| r.why);
    assert_eq!(scan(r#"{"bytes":1,"packets":2}"#), Ok(()));
    assert_eq!(scan(r#"{"packets":1,"bytes":2}"#), Ok(()));
    assert_eq!(scan(r#"{"bytes":1,"packets":2,"bytes":3}"#), Err(Why::DuplicateKey));
    assert_eq!(scan(r#"{"packets":1,"packets":2}"#), Err(Why::DuplicateKey));
}

#[test]
fn blanks_after_a_colon_change_nothing_whichever_line_came_first() {
    let lines = [r#"{"bytes":1,"x":"a"}"#, r#"{"bytes": 1,"x":  "a"}"#, r#"{"bytes":   1,"x": "a"}"#];
    for first in lines {
        let mut scanner = Scanner::watching(&["x"]);
        for line in [first].iter().chain(&lines) {
            let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
            assert_eq!((line.flow.bytes(), line.value(0)), (Some(1), Some(r#""a""#)), "{}", line.text);
        }
        let rejected = scanner.scan(Clean::line(br#"{"bytes":  x}"#).unwrap()).map(|_| ());
        assert_eq!(rejected, Err(Reject { at: 11, why: Why::Expected("a value") }));
    }
}

#[test]
fn a_name_that_is_watched_twice_is_found_by_both_numbers() {
    let mut scanner = Scanner::watching(&["a", "b", "a"]);
    let line = scanner.scan(Clean::line(br#"{"bytes":1,"b":2,"a":3}"#).unwrap()).unwrap();
    assert_eq!((line.value(0), line.value(1), line.value(2)), (Some("3"), Some("2"), Some("3")));
}

#[test]
fn a_list_of_words_has_nothing_but_words() {
    assert_eq!(verdict(r#"{"bytes":1,"flagged":["sigma.bytes"]}"#), Ok(()));
    assert!(verdict(r#"{"bytes":1,"flagged":[1]}"#).is_err());
}

#[test]
fn reads_every_field_of_the_record() {
    let line = r#"{"timestamp":"2015-01-22T08:03:34.035Z","duration":1.25,"src_ip":"10.0.0.1","dst_ip":"2001:db8::1","src_port":1,"dst_port":2,"protocol":6,"packets":3,"bytes":4,"tcp_flags":27,"app":"d\"ns","clock":"ambiguous","zone":{"a":[1]}}"#;
    let mut scanner = Scanner::watching(&["zone", "bytes", "none"]);
    let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
    let f = line.flow;
    assert_eq!(f.time().unwrap().nanos(), 1_421_913_814_035_000_000);
    assert_eq!(f.duration(), Some(1_250_000_000));
    assert_eq!(
        (f.src_ip().unwrap().to_string(), f.dst_ip().unwrap().to_string()),
        ("10.0.0.1".into(), "2001:db8::1".into())
    );
    assert_eq!(
        (f.src_port(), f.dst_port(), f.protocol(), f.packets(), f.bytes()),
        (Some(1), Some(2), Some(6), Some(3), Some(4))
    );
    assert_eq!((f.text(field::APP), f.text(field::CLOCK)), (Some("d\"ns"), Some("ambiguous")));
    assert_eq!((line.value(0), line.value(1), line.value(2)), (Some(r#"{"a":[1]}"#), Some("4"), None));
    assert_eq!(line.kind, LineKind::Flow);
}

/// JSON values, a few levels deep.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |v| v.is_finite()).prop_map(Value::from),
        "[ -~\u{e9}\u{1f600}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[a-z\"\\\\]{0,4}", inner, 0..5).prop_map(Value::from_iter),
        ]
    })
}

/// An object that may be a flow: known names with fitting and unfitting values among unknown ones.
fn object() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        proptest::sample::select(field::RECORD.iter().map(|f| f.name).collect::<Vec<_>>()).prop_map(str::to_owned),
        Just("kind".to_owned()),
        "[a-z]{1,3}",
    ];
    let value = prop_oneof![
        (0..70_000u64).prop_map(Value::from),
        (0u32..64).prop_map(|bits| Value::from(1u64 << bits)),
        Just(Value::from("10.0.0.1")),
        Just(Value::from("::1")),
        Just(Value::from("10.0.0.0/8")),
        Just(Value::from("2015-01-22T08:03:34.035Z")),
        json(),
    ];
    proptest::collection::vec((name, value, 0usize..3), 0..8).prop_map(|members| {
        let text: Vec<_> = members
            .iter()
            .map(|(k, v, pad)| format!("{0}{1}{0}:{0}{v}{0}", " ".repeat(*pad), Value::from(k.as_str())))
            .collect();
        format!("{{{}}}", text.join(","))
    })
}

/// What must be true of a line by `serde_json` and the table of fields.
fn expected(line: &str) -> bool {
    let Ok(value) = serde_json::from_str::<Members>(line) else { return false };
    let mut names: Vec<_> = value.0.iter().map(|(k, _)| k).collect();
    names.sort();
    let before = names.len();
    names.dedup();
    let is_row = value.0.iter().any(|(k, _)| k == "kind");
    let fits = |(name, v): &(String, Value)| match FieldId::named(name).map(|id| id.field().kind) {
        None => name != "kind" || v.is_string(),
        Some(Kind::Integer(MAX_INTEGER)) if is_row => {
            v.as_f64().is_some_and(|f| f.fract() == 0.0 && (0.0..3.4e38).contains(&f))
        }
        Some(Kind::Seconds) if is_row => v.as_f64().is_some_and(|f| f >= 0.0),
        Some(Kind::Integer(max)) => {
            v.as_u64().is_some_and(|n| n <= max)
                || v.as_f64().is_some_and(|f| f.fract() == 0.0 && (0.0..=max as f64).contains(&f))
        }
        Some(Kind::Seconds) => v.as_f64().is_some_and(|f| (0.0..=9.2e9).contains(&f)),
        Some(Kind::Address) => v
            .as_str()
            .is_some_and(|s| s.parse::<std::net::IpAddr>().is_ok() || (is_row && s.parse::<ipnet::IpNet>().is_ok())),
        Some(Kind::Time) => v.as_str().is_some_and(|s| s.parse::<jiff::Timestamp>().is_ok()),
        Some(Kind::Word(words)) => v.as_str().is_some_and(|s| words.contains(&s)),
        Some(_) => v.is_string(),
    };
    let needed = |n: &str| ["src_ip", "dst_ip", "bytes", "packets", "kind"].contains(&n);
    before == names.len() && value.0.iter().all(fits) && value.0.iter().any(|(k, _)| needed(k))
}

/// All members of an object, duplicates too.
struct Members(Vec<(String, Value)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> serde::de::Visitor<'de> for V {
            type Value = Members;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(Members(all))
            }
        }
        d.deserialize_map(V)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agrees_with_serde_json_on_objects(lines in proptest::collection::vec(object(), 1..6)) {
        let mut scanner = Scanner::new();
        for line in lines.iter().chain(&lines) {
            let got = scanner.scan(Clean::line(line.as_bytes()).unwrap()).is_ok();
            prop_assert_eq!(got, expected(line), "{}", line);
        }
    }

    #[test]
    fn agrees_with_serde_json_on_damaged_lines(line in object(), at: prop::sample::Index, byte in 0x20u8..0x7f, how in 0..3) {
        let mut bytes = line.clone().into_bytes();
        let at = at.index(bytes.len());
        if !bytes[at].is_ascii() { return Ok(()); }
        match how {
            0 => bytes[at] = byte,
            1 => { bytes.remove(at); }
            _ => bytes.insert(at, byte),
        }
        let Ok(damaged) = String::from_utf8(bytes) else { return Ok(()) };
        let mut scanner = Scanner::new();
        let _ = scanner.scan(Clean::line(line.as_bytes()).unwrap());
        let got = scanner.scan(Clean::line(damaged.as_bytes()).unwrap()).is_ok();
        prop_assert_eq!(got, expected(&damaged), "{}", damaged);
    }

    #[test]
    fn values_are_those_of_serde_json(line in object()) {
        let mut scanner = Scanner::new();
        if let Ok(line) = scanner.scan(Clean::line(line.as_bytes()).unwrap()) {
            let value: Value = serde_json::from_str(line.text).unwrap();
            for id in FieldId::all() {
                // A network is kept by key, not as an address, and a sum by name, not as a count.
                let is_kept = |v: &&Value| match id.field().kind {
                    Kind::Address => !v.as_str().is_some_and(|s| s.contains('/')),
                    Kind::Integer(max) => v.as_f64().is_some_and(|f| f <= max as f64),
                    Kind::Seconds => v.as_f64().is_some_and(|f| f <= 9.2e9),
                    _ => true,
                };
                let v = value.get(id.name()).filter(is_kept);
                prop_assert_eq!(line.flow.has(id), v.is_some());
                match (id.field().kind, v) {
                    (Kind::Integer(_), Some(v)) => prop_assert_eq!(line.flow.number(id), v.as_f64()),
                    (Kind::Text, Some(v)) => prop_assert_eq!(line.flow.text(id), v.as_str()),
                    (Kind::Address, Some(v)) => prop_assert_eq!(Some(line.flow.address(id).unwrap().0), v.as_str().unwrap().parse().ok()),
                    _ => {}
                }
            }
        }
    }
}
