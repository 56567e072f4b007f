//! Large transfers: a source and a destination that exchanged many bytes.
//!
//! Sums are exact. Bound: about 170 bytes a pair.

use super::{Detect, Detector, Found, Taken, at_least};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::ends::Ends;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::{Map, merge};
use flow_record::people::{amount, count, duration};
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, number};
use flow_record::scan::Line;
use flow_record::stats::Seen;
use flow_record::value::Address;

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Ok(Box::new(Exfil::new(args))), by_default: true, needs: None };

static SPEC: Spec = Spec {
    name: "exfil",
    about: "pairs that exchanged many bytes",
    explain: "\
The volume rule alerts where bytes + rev_bytes of a source and a destination, summed over their flows, are at least \
`bytes`; where a flow has no rev_bytes, it counts its bytes alone. `value` is the sum, the largest comes first. \
Severity: critical.

The ratio rule compares how much a host sends for what it receives with what is usual for it; it needs a baseline and is \
silent without one. rule=either is both, so that without a baseline it is the volume rule.

Known to be misled: backups, updates, video meetings; the sum does not ask who sent.",
    params: &[
        at_least(1, "bytes", "100M", "bytes", "sum from which on there is an alert"),
        Param::new("rule", ParamKind::Choice(&["volume", "ratio", "either"]), "either", "", "which rule; ratio needs a baseline"),
    ],
    needs: &["src_ip", "dst_ip", "bytes", "rev_bytes", "dst_port", "timestamp", "protocol"],
    columns: &[
        integer("bytes", "bytes", "sum from source to destination"),
        integer("rev_bytes", "bytes", "sum from destination to source"),
        number("total", "bytes", "both"),
    ],
    memory: "about 170 bytes a source and destination, in each thread that meets them",
    source: "ATT&CK T1048, Exfiltration Over Alternative Protocol",
};

/// Exfiltration Over Alternative Protocol.
const TECHNIQUE: &str = "T1048";

#[derive(Clone, Debug)]
struct Exfil {
    bytes: u64,
    /// The volume rule is asked for.
    volume: bool,
    pairs: Map<Ends, Exchanged>,
}

#[derive(Clone, Debug, Default)]
struct Exchanged {
    seen: Seen,
    bytes: u64,
    rev_bytes: u64,
}

impl Exchanged {
    fn total(&self) -> u64 {
        self.bytes.saturating_add(self.rev_bytes)
    }

    /// Sums saturate at 2^64 - 1, 18 exabytes.
    #[inline]
    fn add(&mut self, bytes: u64, rev_bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.rev_bytes = self.rev_bytes.saturating_add(rev_bytes);
    }
}

impl Exfil {
    fn new(args: &Args) -> Exfil {
        Exfil { bytes: args.integer("bytes"), volume: args.text("rule") != Some("ratio"), pairs: Map::default() }
    }

    fn alert(&self, source: Address, target: Address, pair: &Exchanged) -> Alert {
        let total = pair.total();
        let both = match pair.rev_bytes {
            0 => String::new(),
            rev => {
                format!(", {} sent and {} received,", amount(pair.bytes as f64, "bytes"), amount(rev as f64, "bytes"))
            }
        };
        let verb = if pair.rev_bytes == 0 { "sent" } else { "exchanged" };
        let (with, within) = (if pair.rev_bytes == 0 { "to" } else { "with" }, pair.seen.span());
        let within = within.map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let reason = format!(
            "{source} {verb} {}{both} {with} {target} in {}{within} (threshold {})",
            amount(total as f64, "bytes"),
            count(pair.seen.flows(), "flows"),
            amount(self.bytes as f64, "bytes")
        );
        let evidence = Evidence::new().integer("bytes", pair.bytes).integer("rev_bytes", pair.rev_bytes);
        let alert = Alert::of(&pair.seen, Verdict::above(total as f64, self.bytes as f64, Severity::Critical))
            .about([("src_ip", Part::Address(source)), ("dst_ip", Part::Address(target))])
            .shared(None, pair.seen.dst_port(), pair.seen.protocol());
        Alert { reason, evidence: evidence.integer("total", total), technique: Some(TECHNIQUE), ..alert }
    }
}

impl Detect for Exfil {
    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let flow = line.flow;
        let ends = Ends::of(flow);
        match ends {
            Ends { src: None, .. } => return Err("src_ip"),
            Ends { dst: None, .. } => return Err("dst_ip"),
            _ => {}
        }
        let (bytes, rev_bytes) = (flow.bytes(), flow.rev_bytes());
        if bytes.is_none() && rev_bytes.is_none() {
            return Err("bytes");
        }
        let pair = self.pairs.entry(ends).or_default();
        pair.seen.add(flow);
        pair.add(bytes.unwrap_or(0), rev_bytes.unwrap_or(0));
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        merge(&mut self.pairs, other.pairs, |a, b| {
            a.seen.merge(&b.seen);
            a.add(b.bytes, b.rev_bytes);
        });
    }

    fn finish(self, found: &mut Found) {
        if !self.volume {
            found.notes.push("rule=ratio needs a baseline, and there is none: nothing can be found".into());
            return;
        }
        for (ends, pair) in &self.pairs {
            if let (Some(source), Some(target)) = (ends.src, ends.dst)
                && pair.total() >= self.bytes
            {
                found.alerts.push(self.alert(source, target, pair));
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
                r#"["2001:db8::1","2001:db8::2",0,250000000,100000000,0.7142857142857143,1,"critical"]"#,
                r#"["10.0.0.1","192.0.2.1",443,100000000,100000000,0.5,2,"critical"]"#
            ]
        );
        let evidence = serde_json::json!({"bytes": 60_000_001, "rev_bytes": 39_999_999, "total": 100_000_000});
        assert_eq!(found[1]["evidence"], evidence);
        assert_eq!(alerts("exfil:rule=volume", &lines).len(), 2);
    }

    #[test]
    fn the_ratio_rule_is_silent_without_a_baseline_and_says_so() {
        let lines = [flow("10.0.0.1", "192.0.2.1", 443, 2, 1 << 50)];
        assert!(alerts("exfil:rule=ratio", &lines).is_empty());
        assert_eq!(notes("exfil:rule=ratio", &lines).len(), 1);
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
