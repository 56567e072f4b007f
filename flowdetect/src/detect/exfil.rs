//! Large transfers: a source and a destination that exchanged many bytes.
//!
//! Sums are exact up to 2^64 - 1. Bound: that of the table of pairs.

use super::{Built, Detector, Found, at_least_0, is_group};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::ends::Ends;
use crate::pairs::{Has, Pair, PairRule, Pairs};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::net::Ranges;
use flow_record::net::special::{self, INTERNAL};
use flow_record::people::{amount, count, duration};
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, number};
use flow_record::value::Address;

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Built::pairs(Exfil::new(args)), by_default: true, needs: None };

static SPEC: Spec = Spec {
    name: "exfil",
    about: "pairs that exchanged many bytes",
    explain: "\
The volume rule alerts where bytes + rev_bytes of a source and a destination, summed over their flows, are at least \
`bytes`; where a flow has no rev_bytes, it counts its bytes alone. `value` is the sum, the largest comes first. \
Severity: critical with rule=volume; else high where it went out, and low otherwise. It went out where the source lies in \
`internal` and the destination does not and is no group, and the source sent at least `bytes` and at least `out` times what \
it received, in the same records and in those of the other direction.

The ratio rule compares how much a host sends for what it receives with what is usual for it; it needs a baseline and is \
silent without one. rule=either is both, so that without a baseline it is the volume rule.

Known to be misled: backups, updates, video meetings; the sum does not ask who sent.",
    params: &[
        Param::new("bytes", ParamKind::Size(1), "100M", "bytes", "sum from which on there is an alert"),
        at_least_0("out", "2", "", "bytes sent for one received from which on they went out"),
        Param::new("internal", ParamKind::Networks, INTERNAL, "", "one's own networks"),
        Param::new("rule", ParamKind::Choice(&["volume", "ratio", "either"]), "either", "", "which rule; ratio needs a baseline"),
    ],
    needs: &["src_ip", "dst_ip", "bytes", "rev_bytes", "dst_port", "timestamp", "protocol"],
    columns: &[
        integer("bytes", "bytes", "sum from source to destination"),
        integer("rev_bytes", "bytes", "sum from destination to source"),
        number("total", "bytes", "both"),
        integer("received", "bytes", "what the source got from there, in records of either direction"),
    ],
    memory: "the table of pairs: about 90 bytes a source and destination of IPv4, 130 of IPv6, in each thread that meets them, shared with the other detectors over pairs",
    source: "ATT&CK T1048, Exfiltration Over Alternative Protocol",
};

/// Exfiltration Over Alternative Protocol.
const TECHNIQUE: &str = "T1048";

#[derive(Clone, Debug)]
struct Exfil {
    bytes: u64,
    /// The volume rule is asked for.
    volume: bool,
    /// The ratio rule is, by itself or beside the other.
    ratio: bool,
    /// Where it went counts.
    by_way: bool,
    out: f64,
    internal: Ranges<bool>,
}

impl Exfil {
    fn new(args: &Args) -> Exfil {
        let rule = args.text("rule");
        let ratio = rule == Some("ratio") || rule == Some("either") && args.is_given("rule");
        Exfil {
            bytes: args.integer("bytes"),
            volume: rule != Some("ratio"),
            ratio,
            by_way: rule != Some("volume"),
            out: args.number("out"),
            internal: special::internal(args.networks("internal")),
        }
    }

    /// How grave it is that the source sent and received so much.
    fn severity(&self, source: Address, target: Address, sent: u64, received: u64) -> Severity {
        let is_way_out = self.internal.at(source) && !self.internal.at(target) && !is_group(target);
        match self.by_way {
            false => Severity::Critical,
            true if is_way_out && sent >= self.bytes && sent as f64 >= self.out * received as f64 => Severity::High,
            true => Severity::Low,
        }
    }

    fn alert(&self, source: Address, target: Address, pair: &Pair<'_>, back: u64) -> Alert {
        let (seen, (bytes, rev_bytes)) = (pair.seen(), pair.bytes());
        let received = rev_bytes.saturating_add(back);
        let severity = self.severity(source, target, bytes, received);
        let total = u128::from(bytes) + u128::from(rev_bytes);
        let both = match rev_bytes {
            0 => String::new(),
            rev => {
                format!(", {} sent and {} received,", amount(bytes as f64, "bytes"), amount(rev as f64, "bytes"))
            }
        };
        let verb = if rev_bytes == 0 { "sent" } else { "exchanged" };
        let (with, within) = (if rev_bytes == 0 { "to" } else { "with" }, seen.span());
        let within = within.map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let reason = format!(
            "{source} {verb} {}{both} {with} {target} in {}{within} (threshold {})",
            amount(total as f64, "bytes"),
            count(seen.flows(), "flows"),
            amount(self.bytes as f64, "bytes")
        );
        let evidence = Evidence::new().integer("bytes", bytes).integer("rev_bytes", rev_bytes);
        let alert = Alert::of(&seen, Verdict::above(total, self.bytes, severity))
            .about([("src_ip", Part::Address(source)), ("dst_ip", Part::Address(target))])
            .shared(None, seen.dst_port(), seen.protocol());
        let evidence = evidence.integer("total", total);
        let evidence = if self.by_way { evidence.integer("received", received) } else { evidence };
        Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert }
    }
}

/// What a flow must have.
const NEEDS: &[Has] = &[Has::SRC, Has::DST, Has::BYTES];

impl PairRule for Exfil {
    fn needs(&self) -> &'static [Has] {
        NEEDS
    }

    fn rises(&self) -> bool {
        true
    }

    fn again(&self) -> Box<dyn PairRule> {
        Box::new(self.clone())
    }

    fn finish(&self, pairs: &Pairs, found: &mut Found) {
        if !self.volume {
            found.notes.push("rule=ratio needs a baseline, and there is none: nothing can be found".into());
            return;
        }
        if self.ratio {
            found
                .notes
                .push("rule=either: the ratio rule needs a baseline, and there is none: volume alone is judged".into());
        }
        for pair in pairs.having(NEEDS) {
            let (bytes, rev_bytes) = pair.bytes();
            if let Ends { src: Some(source), dst: Some(target) } = pair.ends
                && bytes.saturating_add(rev_bytes) >= self.bytes
            {
                found.alerts.push(self.alert(source, target, &pair, pairs.bytes_back(pair.ends)));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, notes, values};

    fn transfer(source: &str, target: &str, bytes: u64, rev: u64) -> String {
        flow(source, target, 443, 1, bytes).replace("\"bytes\":", &format!("\"rev_bytes\":{rev},\"bytes\":"))
    }

    #[test]
    fn a_pair_at_the_threshold_is_reported_and_one_below_is_not() {
        let lines = [
            transfer("10.0.0.1", "192.0.2.1", 60_000_000, 39_999_999),
            flow("10.0.0.1", "192.0.2.1", 443, 2, 1),
            transfer("10.0.0.2", "192.0.2.1", 60_000_000, 39_999_999),
            flow("2001:db8::1", "2001:db8::2", 0, 3, 250_000_000),
            // The other direction is another pair.
            flow("192.0.2.1", "10.0.0.2", 443, 2, 1),
        ];
        let found = alerts("exfil", &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "dst_port", "value", "threshold", "score", "flows", "severity"]),
            [
                r#"["2001:db8::1","2001:db8::2",0,250000000,100000000,0.7142857142857143,1,"low"]"#,
                r#"["10.0.0.1","192.0.2.1",443,100000000,100000000,0.5,2,"low"]"#
            ]
        );
        let evidence = serde_json::json!({"bytes": 60_000_001, "rev_bytes": 39_999_999, "total": 100_000_000});
        let found = alerts("exfil:rule=volume", &lines);
        assert_eq!(found[1]["evidence"], evidence);
        assert_eq!(values(&found, &["severity"]), [r#"["critical"]"#, r#"["critical"]"#]);
    }

    #[test]
    fn what_went_out_is_grave_and_what_came_in_or_stayed_is_not() {
        let all = |item: &str| {
            let lines = [
                transfer("10.0.0.1", "192.0.2.1", 100_000_000, 50_000_000),
                transfer("10.0.0.2", "192.0.2.1", 100_000_000, 50_000_001),
                transfer("10.0.0.3", "192.0.2.1", 1_000_000, 500_000_000),
                transfer("10.0.0.4", "10.0.0.5", 100_000_000, 0),
                transfer("10.0.0.6", "239.255.255.250", 100_000_000, 0),
                // Two directions, a record each.
                flow("10.0.0.7", "192.0.2.1", 443, 1, 100_000_000),
                flow("192.0.2.1", "10.0.0.7", 40_000, 1, 60_000_000),
            ];
            let mut grave: Vec<String> = alerts(item, &lines)
                .iter()
                .filter(|a| a["severity"] == "high")
                .map(|a| a["src_ip"].as_str().unwrap().to_owned())
                .collect();
            grave.sort();
            grave
        };
        assert_eq!(all("exfil"), ["10.0.0.1"]);
        assert_eq!(all("exfil:out=1.6"), ["10.0.0.1", "10.0.0.2", "10.0.0.7"]);
        assert_eq!(all("exfil:internal=192.0.2.0/24"), [] as [&str; 0]);
    }

    #[test]
    fn the_ratio_rule_is_silent_without_a_baseline_and_says_so() {
        let lines = [flow("10.0.0.1", "192.0.2.1", 443, 2, 1 << 50)];
        assert!(alerts("exfil:rule=ratio", &lines).is_empty());
        assert_eq!(notes("exfil:rule=ratio", &lines).len(), 1);
        assert!(notes("exfil:rule=either", &lines)[0].ends_with("volume alone is judged"));
        assert!(notes("exfil", &lines).is_empty());
    }

    #[test]
    fn what_was_received_alone_counts_too() {
        let lines = [r#"{"src_ip":"10.0.0.1","dst_ip":"192.0.2.1","rev_bytes":7}"#.to_owned()];
        let found = alerts("exfil:bytes=7", &lines);
        assert_eq!(values(&found, &["value", "timestamp", "protocol"]), ["[7,null,null]"]);
        assert!(
            found[0]["reason"]
                .as_str()
                .unwrap()
                .starts_with("10.0.0.1 exchanged 7 bytes, 0 bytes sent and 7 bytes received,")
        );
    }
}
