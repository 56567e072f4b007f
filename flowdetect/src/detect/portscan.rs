//! Vertical scans: a source that tries many destination ports, of one target or of all together.
//!
//! Counts are exact: a set of ports takes 8 KiB at most. Whether a port answered is not looked at, so a server that
//! answers many ports of one asker counts too. Bound: that of the table of pairs.

use super::{Built, Detector, Found};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::ends::Ends;
use crate::pairs::{Has, Pair, PairRule, Pairs};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::Map;
use flow_record::people::{count, duration, figures};
use flow_record::record::key::Part;
use flow_record::record::{Field, Kind};
use flow_record::row::columns::integer;
use flow_record::stats::Ports;
use flow_record::stats::Seen;
use flow_record::value::Address;

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Built::pairs(PortScan::new(args)), by_default: false, needs: None };

static SPEC: Spec = Spec {
    name: "portscan",
    about: "sources that try many destination ports, of one target or in all",
    explain: "\
Alerts where a source and a target have flows to at least `ports` distinct destination ports, and where a source has \
flows to at least `total` over all its targets; such an alert has no `dst_ip`. Port 0, which stands for protocols \
without ports, counts as one value. `value` is the number of ports; evidence has the lowest `sample` of them. Severity: \
high.

Known to be misled: one-way flows of a server that answers many ports of one host, such as a resolver, look the same as \
a scan of that host; flowcat --biflow joins both directions to one flow of the client, and -w 'src_port >= dst_port' \
keeps the direction of the request.",
    params: &[
        Param::new("ports", ParamKind::Integer(1, 65_536), "20", "ports", "distinct ports of one target from which on there is an alert"),
        Param::new("total", ParamKind::Integer(1, 65_536), "50", "ports", "distinct ports over all targets from which on there is an alert"),
        Param::new("sample", ParamKind::Integer(0, 65_536), "20", "ports", "how many ports the evidence lists"),
    ],
    needs: &["src_ip", "dst_ip", "dst_port", "timestamp", "protocol"],
    columns: &[
        integer("unique_ports", "ports", "distinct destination ports"),
        Field { name: "ports", kind: Kind::Numbers, unit: "", about: "the lowest of them, ascending" },
        integer("targets", "", "over all targets: how many there are"),
    ],
    memory: "the table of pairs: about 90 bytes a source and destination of IPv4, 130 of IPv6, in each thread that meets them, shared with the other detectors over pairs; 32 more from 2 ports on, from 12 on 2 bytes a port, from 513 on 8 KiB",
    source: "the vertical scan of intrusion detection; ATT&CK T1046, Network Service Discovery",
};

/// Network Service Discovery.
const TECHNIQUE: &str = "T1046";

#[derive(Clone, Debug)]
struct PortScan {
    ports: u64,
    total: u64,
    sample: usize,
}

/// What was tried between two ends, or of all targets of a source.
#[derive(Debug, Default)]
struct Tried {
    seen: Seen,
    ports: Ports,
}

impl Tried {
    fn add(&mut self, pair: &Pair<'_>) {
        self.seen.merge(&pair.seen());
        pair.add_ports(&mut self.ports);
    }
}

impl PortScan {
    fn new(args: &Args) -> PortScan {
        PortScan { ports: args.integer("ports"), total: args.integer("total"), sample: args.integer("sample") as usize }
    }

    /// An alert about `tried`, but for its reason.
    fn alert<const N: usize>(&self, about: [(&'static str, Part); N], tried: &Tried, threshold: u64) -> Alert {
        let n = tried.ports.count();
        let evidence = Evidence::new().integer("unique_ports", n);
        let alert = Alert::of(&tried.seen, Verdict::above(n, threshold, Severity::High)).about(about).shared(
            None,
            None,
            tried.seen.protocol(),
        );
        Alert {
            evidence: evidence.ports("ports", tried.ports.iter().take(self.sample)),
            technique: Some(TECHNIQUE),
            ..alert
        }
    }

    /// `tried 41 destination ports of 192.0.2.10 in 41 flows within 46 s (threshold 20)`.
    fn reason(source: Address, tried: &Tried, of: &str, threshold: u64) -> String {
        let within = tried.seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        format!(
            "{source} tried {} {of} in {}{within} (threshold {})",
            count(tried.ports.count(), "destination ports"),
            count(tried.seen.flows(), "flows"),
            figures(threshold as f64)
        )
    }

    /// Sources whose ports over all targets are many, with how many targets they have.
    fn totals(&self, pairs: &Pairs) -> Map<Address, (Tried, u64)> {
        // The sum over targets is at least the number of distinct ports, and costs no set.
        let mut most: Map<Address, u64> = Map::default();
        for pair in pairs.having(NEEDS) {
            if let Some(source) = pair.ends.src {
                *most.entry(source).or_default() += pair.port_count();
            }
        }
        most.retain(|_, n| *n >= self.total);
        let mut totals: Map<Address, (Tried, u64)> = Map::default();
        for pair in pairs.having(NEEDS) {
            if let Some(source) = pair.ends.src.filter(|s| most.contains_key(s)) {
                let (all, targets) = totals.entry(source).or_default();
                all.add(&pair);
                *targets += u64::from(pair.ends.dst.is_some());
            }
        }
        totals.retain(|_, (all, _)| all.ports.count() >= self.total);
        totals
    }
}

/// What a flow must have.
const NEEDS: &[Has] = &[Has::SRC, Has::PORT];

impl PairRule for PortScan {
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
        for pair in pairs.having(NEEDS) {
            if let Ends { src: Some(source), dst: Some(target) } = pair.ends
                && pair.port_count() >= self.ports
            {
                let about = [("src_ip", Part::Address(source)), ("dst_ip", Part::Address(target))];
                let mut tried = Tried::default();
                tried.add(&pair);
                let reason = PortScan::reason(source, &tried, &format!("of {target}"), self.ports);
                found.alerts.push(Alert { reason, ..self.alert(about, &tried, self.ports) });
            }
        }
        for (source, (tried, targets)) in self.totals(pairs) {
            let alert = self.alert([("src_ip", Part::Address(source))], &tried, self.total);
            let of = format!("on {}", count(targets, "targets"));
            let reason = PortScan::reason(source, &tried, &of, self.total);
            found.alerts.push(Alert { reason, evidence: alert.evidence.integer("targets", targets), ..alert });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    /// Flows from `source` to `target`, one to each port.
    fn scan(source: &str, target: &str, ports: impl Iterator<Item = u16>) -> Vec<String> {
        ports.map(|port| flow(source, target, port, u64::from(port), 44)).collect()
    }

    #[test]
    fn a_pair_at_the_threshold_is_reported_and_one_below_is_not() {
        let mut lines = scan("10.0.0.1", "192.0.2.1", 1..21);
        lines.extend(scan("10.0.0.2", "192.0.2.1", 1..20));
        // A port that is tried twice counts once.
        lines.extend(scan("10.0.0.2", "192.0.2.1", 1..20));
        lines.extend(scan("2001:db8::1", "2001:db8::2", 100..125));
        let found = alerts("portscan", &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "value", "threshold", "flows", "severity", "technique"]),
            [
                r#"["2001:db8::1","2001:db8::2",25,20,25,"high","T1046"]"#,
                r#"["10.0.0.1","192.0.2.1",20,20,20,"high","T1046"]"#
            ]
        );
        assert_eq!(found[1]["evidence"]["ports"], serde_json::json!((1..21).collect::<Vec<_>>()));
    }

    #[test]
    fn a_source_is_reported_over_all_its_targets_without_a_target() {
        let mut lines: Vec<String> =
            (0..50u16).flat_map(|p| scan("10.0.0.1", &format!("192.0.2.{}", p % 5), p..p + 1)).collect();
        lines.extend((0..49u16).flat_map(|p| scan("10.0.0.2", &format!("192.0.2.{}", p % 5), p..p + 1)));
        let found = alerts("portscan:sample=3", &lines);
        assert_eq!(values(&found, &["src_ip", "dst_ip", "value", "threshold"]), [r#"["10.0.0.1",null,50,50]"#]);
        let evidence = serde_json::json!({"unique_ports": 50, "ports": [0, 1, 2], "targets": 5});
        assert_eq!(found[0]["evidence"], evidence);
        let reason = "10.0.0.1 tried 50 destination ports on 5 targets in 50 flows within 49 s (threshold 50)";
        assert_eq!(found[0]["reason"], reason);
    }

    #[test]
    fn protocols_without_ports_are_one_value() {
        let mut lines: Vec<String> = (0..30).map(|i| flow("10.0.0.1", "192.0.2.1", 0, i, 84)).collect();
        assert!(alerts("portscan:ports=2", &lines).is_empty());
        lines.extend(scan("10.0.0.1", "192.0.2.1", 80..81));
        assert_eq!(values(&alerts("portscan:ports=2", &lines), &["value", "flows", "protocol"]), ["[2,31,6]"]);
    }

    #[test]
    fn every_port_of_a_target_fits() {
        let lines = scan("10.0.0.1", "192.0.2.1", 0..=65_535);
        let found = alerts("portscan:ports=65536,total=65536,sample=2", &lines);
        assert_eq!(values(&found, &["dst_ip", "value"]), [r#"[null,65536]"#, r#"["192.0.2.1",65536]"#]);
    }
}
