//! Lines: what is added, what stays, in which order.

use super::{data, lines, run, sample};
use proptest::prelude::*;
use serde_json::Value;

fn all() -> Vec<String> {
    let geo = format!("geo:db={},full=true", data("city.mmdb"));
    let asn = format!("asn:db={}", sample("demo-asn.mmdb"));
    let plain = ["scope", "ipclass", "portclass", "service", "protoname", "hour", "weekday", "rates", "communityid"];
    plain.into_iter().chain([&*geo, &asn]).map(str::to_owned).collect()
}

fn enriched(items: &[String], input: &str) -> String {
    let mut args: Vec<_> = items.iter().map(String::as_str).collect();
    args.push("-q");
    lines(&args, input)
}

#[test]
fn one_address_is_enough() {
    assert_eq!(
        lines(&["scope"], "{\"dst_ip\":\"193.136.73.21\"}\n"),
        "{\"dst_ip\":\"193.136.73.21\",\"dst_scope\":\"global\",\"dst_internal\":false}\n"
    );
}

#[test]
fn every_enricher_adds_its_fields_in_the_order_given() {
    let line = r#"{"src_ip":"10.0.0.1","dst_ip":"81.2.69.160","src_port":50000,"dst_port":443,"protocol":6}"#;
    let out: Value = serde_json::from_str(&enriched(&all(), line)).unwrap();
    let members: Vec<_> = out.as_object().unwrap().iter().skip(5).map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(
        members,
        [
            r#"src_scope="private""#,
            r#"dst_scope="global""#,
            "src_internal=true",
            "dst_internal=false",
            r#"direction="outbound""#,
            r#"src_ip_class="Class A""#,
            r#"dst_ip_class="Class A""#,
            r#"src_port_class="Dynamic""#,
            r#"dst_port_class="WellKnown""#,
            r#"service="https""#,
            r#"protocol_name="TCP""#,
            r#"community_id="1:GlQzeoxjJduMpJU0qJYLxOH84YE=""#,
            r#"dst_country="GB""#,
            r#"dst_city="London""#,
            "dst_latitude=51.5",
            "dst_longitude=-0.125",
            "dst_as=20712",
            r#"dst_org="Andrews & Arnold Ltd""#,
        ]
    );
}

#[test]
fn every_other_byte_of_a_line_stays() {
    for (line, end) in [
        (r#"  { "x" : {"y":[1, 2.50e0, "\u00e9"]} ,"dst_ip":"10.0.0.1"   }  "#, "  "),
        (r#"{"\u0064st_ip":"10.0.0.1","z":-0.0}"#, ""),
        (r#"{"kind":"hosts","src_ip":"10.0.0.1","bytes_per_flow_mean":1.0}"#, ""),
        (r#"{"dst_ip":"0:0:0:0:0:0:0:1"}"#, ""),
    ] {
        let out = enriched(&all(), line);
        let (before, _) = line.rsplit_once('}').unwrap();
        let (start, added) = out.split_at(before.len());
        assert_eq!(start, before);
        assert!(added.starts_with(",\"") && added.ends_with(&format!("}}{end}\n")), "{added}");
        assert!(serde_json::from_str::<Value>(&out).is_ok());
    }
}

#[test]
fn running_twice_gives_the_same_bytes_with_and_without_overwriting() {
    let flows = sample_flows();
    let overwriting: Vec<String> = all()
        .into_iter()
        .map(|item| format!("{item}{}overwrite=true", if item.contains(':') { ',' } else { ':' }))
        .collect();
    let once = enriched(&all(), &flows);
    assert!(once.len() > flows.len() * 2);
    assert_eq!(enriched(&all(), &once), once);
    assert_eq!(enriched(&overwriting, &once), once);
    assert_eq!(enriched(&overwriting, &flows), once);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let flows = sample_flows().repeat(50);
    let items = all();
    let with = |threads: &str| {
        let mut args: Vec<_> = items.iter().map(String::as_str).collect();
        args.extend(["--threads", threads]);
        lines(&args, &flows)
    };
    let one = with("1");
    assert_eq!(one.lines().count(), flows.lines().count());
    assert_eq!(with("4"), one);
}

#[test]
fn items_in_one_run_equal_items_in_a_pipe() {
    let flows = sample_flows();
    let mut piped = flows.clone();
    for item in all() {
        piped = enriched(&[item], &piped);
    }
    assert_eq!(enriched(&all(), &flows), piped);
}

#[test]
fn baselines_and_ticks_pass_and_rows_and_alerts_are_enriched() {
    let input = concat!(
        "{\"kind\":\"baseline\",\"src_ip\":\"10.0.0.1\"}\n",
        "{\"kind\":\"tick\",\"timestamp\":\"2026-03-10T00:00:00.000Z\"}\n",
        "{\"kind\":\"alert\",\"src_ip\":\"10.0.0.1\"}\n",
        "{\"kind\":\"ports\",\"dst_port\":53,\"protocol\":17}\n",
    );
    assert_eq!(
        lines(&["ipclass", "service", "-q"], input),
        input
            .replace(
                "\"alert\",\"src_ip\":\"10.0.0.1\"",
                "\"alert\",\"src_ip\":\"10.0.0.1\",\"src_ip_class\":\"Class A\""
            )
            .replace("\"protocol\":17", "\"protocol\":17,\"service\":\"domain\"")
    );
}

#[test]
fn what_an_item_lacks_is_said_once_and_every_line_is_written() {
    let input = "{\"bytes\":1}\n".repeat(100);
    let output = run(&["service", "scope"], input.as_bytes());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), input);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        told.matches("service: 100 lines lack what it needs (protocol, dst_port, src_port)").count(),
        1,
        "{told}"
    );
    assert_eq!(told.matches("scope: 100 lines lack what it needs (src_ip, dst_ip)").count(), 1, "{told}");
    assert!(run(&["service", "-q"], input.as_bytes()).stderr.is_empty());
}

#[test]
fn every_line_read_is_in_the_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counters.json");
    let input = "{\"bytes\":1}\nno json\n{\"src_ip\":\"10.0.0.1\"}\n\n{\"kind\":\"baseline\"}\n";
    let output = run(&["scope", "--counters", file.to_str().unwrap()], input.as_bytes());
    assert_eq!(output.status.code(), Some(3));
    let counters: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let number = |name: &str| counters[name].as_u64().unwrap();
    assert_eq!((number("read"), number("passed"), number("rejected"), number("written")), (4, 3, 1, 3));
}

/// Flows with the addresses and ports of the samples.
fn sample_flows() -> String {
    let ends =
        ["10.20.0.5", "81.2.69.161", "89.160.20.115", "203.0.113.66", "2001:218::80", "2001:db8:20::2", "1.128.0.7"];
    let mut flows = String::new();
    for (i, src) in ends.iter().enumerate() {
        for (j, dst) in ends.iter().enumerate() {
            for (protocol, ports) in
                [(6, "\"src_port\":50000,\"dst_port\":443,"), (17, "\"src_port\":53,\"dst_port\":50000,"), (1, "")]
            {
                let packets = i * 7 + j + 1;
                flows += &format!(
                    "{{\"timestamp\":\"2026-03-10T09:20:{packets:02}.035Z\",\"duration\":0.5,\"src_ip\":\"{src}\",\
                     \"dst_ip\":\"{dst}\",{ports}\"protocol\":{protocol},\"packets\":{packets},\"bytes\":{}}}\n",
                    packets * 100
                );
            }
        }
    }
    flows
}

/// A line of any members in any order, spaced in any way, some of them of the record or of enrichers.
fn any_line() -> impl Strategy<Value = String> {
    let address = prop_oneof![
        any::<u32>().prop_map(|a| std::net::Ipv4Addr::from(a).to_string()),
        any::<u128>().prop_map(|a| std::net::Ipv6Addr::from(a).to_string()),
        Just("81.2.69.160".to_owned()),
        Just("203.0.113.9".to_owned()),
    ];
    let quoted = |s: String| serde_json::to_string(&s).unwrap();
    let known = |name: &'static str, value: BoxedStrategy<String>| (Just(name.to_owned()), value).boxed();
    let member = prop_oneof![
        known("src_ip", address.clone().prop_map(quoted).boxed()),
        known("dst_ip", address.prop_map(quoted).boxed()),
        known("src_port", any::<u16>().prop_map(|p| p.to_string()).boxed()),
        known("dst_port", (0u16..1200).prop_map(|p| p.to_string()).boxed()),
        known("protocol", any::<u8>().prop_map(|p| p.to_string()).boxed()),
        known("protocol", prop_oneof![Just("6".to_owned()), Just("17".to_owned())].boxed()),
        known("src_scope", Just("\"old\"".to_owned()).boxed()),
        known("dst_country", Just("\"XX\"".to_owned()).boxed()),
        known("dst_as", Just("7".to_owned()).boxed()),
        known("kind", prop_oneof![Just("\"alert\"".to_owned()), Just("\"hosts\"".to_owned())].boxed()),
        ("[a-z]{1,6}", any::<String>().prop_map(quoted)).prop_map(|(k, v)| (format!("x_{k}"), v)),
        ("[a-z]{1,6}", Just("{\"a\": [ 1,{}, null ] }".to_owned())).prop_map(|(k, v)| (format!("y_{k}"), v)),
    ];
    (proptest::collection::vec((member, 0usize..3, 0usize..3, 0usize..3), 0..12), 0usize..3).prop_map(
        |(members, tail)| {
            let blank = |n| &"  "[..n];
            let mut seen = Vec::new();
            let mut line = format!("{}{{{}\"packets\"{}:1", blank(tail), blank(tail), blank(tail));
            for ((key, value), a, b, c) in members {
                if !seen.contains(&key) {
                    line += &format!("{},{}\"{key}\"{}:{}{value}", blank(a), blank(b), blank(c), blank(a));
                    seen.push(key);
                }
            }
            line + blank(tail) + "}" + blank(tail)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn members_are_only_added_and_a_second_run_adds_none(input in proptest::collection::vec(any_line(), 1..20)) {
        let input = input.join("\n") + "\n";
        let out = enriched(&all(), &input);
        prop_assert_eq!(&enriched(&all(), &out), &out);
        prop_assert_eq!(out.lines().count(), input.lines().count());
        for (before, after) in input.lines().zip(out.lines()) {
            let (head, tail) = before.rsplit_once('}').unwrap();
            prop_assert!(after.starts_with(head) && after.ends_with(&format!("}}{tail}")), "{} {}", before, after);
            let (old, new): (Value, Value) = (serde_json::from_str(before).unwrap(), serde_json::from_str(after).unwrap());
            for (key, value) in old.as_object().unwrap() {
                prop_assert_eq!(&new[key], value);
            }
        }
    }
}
