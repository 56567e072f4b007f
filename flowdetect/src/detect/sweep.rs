//! Horizontal scans: a source that has flows to many targets.
//!
//! Counts are exact. Bound: that of the table of pairs.

use super::{Built, Detector, Found, at_least};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::ends::Ends;
use crate::pairs::{Has, PairRule, Pairs};
use flow_record::item::Spec;
use flow_record::map::Map;
use flow_record::people::{count, duration, figures};
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, words};
use flow_record::stats::Seen;
use flow_record::value::Address;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, _| Built::pairs(Sweep { targets: args.integer("targets") }),
    by_default: false,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "sweep",
    about: "sources that have flows to many targets",
    explain: "\
Alerts where a source has flows to at least `targets` distinct destinations. `value` is their number; evidence also has \
the sum over the targets of the distinct ports tried, and the ten lowest addresses. Where all flows have one destination \
port, the alert has it as `dst_port`. Severity: critical.

Known to be misled: resolvers, mail relays, proxies, monitoring, and servers whose one-way answers go to many clients.",
    params: &[at_least(1, "targets", "50", "targets", "distinct destinations from which on there is an alert")],
    needs: &["src_ip", "dst_ip", "dst_port", "timestamp", "protocol"],
    columns: &[
        integer("targets", "targets", "distinct destinations"),
        integer("ports_probed", "ports", "sum over the targets of the distinct ports tried"),
        words("sample", "the lowest of the targets, ascending"),
    ],
    memory: "the table of pairs: about 90 bytes a source and destination of IPv4, 130 of IPv6, in each thread that meets them, shared with the other detectors over pairs; 32 more from 2 ports on, from 12 on 2 bytes a port, from 513 on 8 KiB",
    source: "the horizontal scan of intrusion detection; ATT&CK T1018, Remote System Discovery (a sweep for one service is \
also T1046, one from outside T1595)",
};

/// Remote System Discovery.
const TECHNIQUE: &str = "T1018";

/// Targets that the evidence lists.
const SAMPLE: usize = 10;

#[derive(Clone, Debug)]
struct Sweep {
    targets: u64,
}

/// All targets of a source.
#[derive(Default)]
struct Reach {
    seen: Seen,
    targets: Vec<Address>,
    ports_probed: u64,
}

/// What a flow must have.
const NEEDS: &[Has] = &[Has::SRC, Has::DST];

impl PairRule for Sweep {
    fn needs(&self) -> &'static [Has] {
        NEEDS
    }

    fn wants_ports(&self) -> bool {
        true
    }

    fn rises(&self) -> bool {
        true
    }

    fn again(&self) -> Box<dyn PairRule> {
        Box::new(self.clone())
    }

    fn finish(&self, pairs: &Pairs, found: &mut Found) {
        let mut many: Map<Address, u64> = Map::default();
        let sources = || pairs.having(NEEDS).filter_map(|pair| pair.ends.src);
        sources().for_each(|source| *many.entry(source).or_default() += 1);
        many.retain(|_, n| *n >= self.targets);
        let mut reaches: Map<Address, Reach> = Map::default();
        for pair in pairs.having(NEEDS) {
            if let Ends { src: Some(source), dst: Some(target) } = pair.ends
                && many.contains_key(&source)
            {
                let reach = reaches.entry(source).or_default();
                reach.seen.merge(&pair.seen());
                reach.targets.push(target);
                reach.ports_probed += pair.port_count();
            }
        }
        found.alerts.extend(reaches.into_iter().map(|(source, reach)| alert(source, reach, self.targets)));
    }
}

fn alert(source: Address, mut reach: Reach, threshold: u64) -> Alert {
    reach.targets.sort_unstable();
    let n = reach.targets.len() as u64;
    let seen = &reach.seen;
    let on = match seen.dst_port() {
        Some(port) => format!(", all to port {port}"),
        None => String::new(),
    };
    let within = seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
    let reason = format!(
        "{source} contacted {} in {}{within}{on} (threshold {})",
        count(n, "targets"),
        count(seen.flows(), "flows"),
        figures(threshold as f64)
    );
    let evidence = Evidence::new().integer("targets", n).integer("ports_probed", reach.ports_probed);
    let alert = Alert::of(seen, Verdict::above(n, threshold, Severity::Critical))
        .about([("src_ip", Part::Address(source))])
        .shared(None, seen.dst_port(), seen.protocol());
    Alert {
        reason,
        evidence: evidence.addresses("sample", reach.targets.iter().copied().take(SAMPLE)),
        technique: Some(TECHNIQUE),
        ..alert
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    fn sweep(source: &str, targets: u64, port: u16) -> Vec<String> {
        (0..targets).map(|i| flow(source, &format!("198.51.100.{i}"), port, i, 44)).collect()
    }

    #[test]
    fn a_source_at_the_threshold_is_reported_and_one_below_is_not() {
        let mut lines = sweep("10.0.0.1", 50, 445);
        lines.extend(sweep("10.0.0.2", 49, 445));
        lines.extend(sweep("10.0.0.2", 49, 139));
        let found = alerts("sweep", &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "dst_port", "value", "threshold", "flows", "severity"]),
            [r#"["10.0.0.1",null,445,50,50,50,"critical"]"#]
        );
        let sample: Vec<String> = (0..10).map(|i| format!("198.51.100.{i}")).collect();
        assert_eq!(found[0]["evidence"], serde_json::json!({"targets": 50, "ports_probed": 50, "sample": sample}));
        let reason = "10.0.0.1 contacted 50 targets in 50 flows within 49 s, all to port 445 (threshold 50)";
        assert_eq!(found[0]["reason"], reason);
    }

    #[test]
    fn ports_are_counted_for_each_target_and_absent_ones_not() {
        let mut lines = sweep("2001:db8::1", 3, 0);
        lines.extend(sweep("2001:db8::1", 3, 445));
        lines.push(r#"{"src_ip":"2001:db8::1","dst_ip":"::ffff:198.51.100.1"}"#.into());
        let found = alerts("sweep:targets=4", &lines);
        assert_eq!(values(&found, &["src_ip", "value", "flows", "dst_port"]), [r#"["2001:db8::1",4,7,null]"#]);
        assert_eq!(found[0]["evidence"]["ports_probed"], 6);
    }
}
