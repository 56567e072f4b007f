//! Strobes: pairs with so many flows that they are a hammer and no beacon.
//!
//! Bound: that of the table of pairs.

use super::{Built, Detector, Found, at_least};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::ends::Ends;
use crate::pairs::{Has, PairRule, Pairs};
use flow_record::item::Spec;
use flow_record::people::{count, duration, figures};
use flow_record::record::key::Part;
use flow_record::row::columns::number;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, _| Built::pairs(Strobe { flows: args.integer("flows") }),
    by_default: true,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "strobe",
    about: "pairs with as many flows as a day has seconds",
    explain: "\
Alerts where a source and a destination have at least `flows` flows in the input or, where it lasts longer than a day, so \
many a day of it. `value` is their number. Severity: low.

Known to be misled: resolvers and their upstream, proxies, monitoring, databases that are asked without pause.",
    params: &[at_least(1, "flows", "86400", "flows", "flows a day, or in a shorter input")],
    needs: &["src_ip", "dst_ip", "timestamp", "dst_port", "protocol"],
    columns: &[number("rate", "/s", "flows a second, from first to last")],
    memory: super::PAIRS_MEMORY,
    source: "activecm/rita v5, strobes; ATT&CK T1071, Application Layer Protocol",
};

/// Application Layer Protocol.
const TECHNIQUE: &str = "T1071";

const DAY: f64 = 86_400.0;

#[derive(Clone, Debug)]
struct Strobe {
    flows: u64,
}

/// What a flow must have.
const NEEDS: &[Has] = &[Has::SRC, Has::DST];

impl PairRule for Strobe {
    fn needs(&self) -> &'static [Has] {
        NEEDS
    }

    fn again(&self) -> Box<dyn PairRule> {
        Box::new(self.clone())
    }

    fn finish(&self, pairs: &Pairs, found: &mut Found) {
        let input = pairs.span();
        let days = if input.first <= input.last { (input.seconds() / DAY).max(1.0) } else { 1.0 };
        let threshold = self.flows as f64 * days;
        for pair in pairs.having(NEEDS) {
            let Ends { src: Some(source), dst: Some(target) } = pair.ends else { continue };
            let seen = pair.seen();
            if (seen.flows() as f64) < threshold {
                continue;
            }
            let within = seen.span().map_or(0.0, |s| s.seconds());
            let reason = format!(
                "{source} has {} with {target} within {} (threshold {})",
                count(seen.flows(), "flows"),
                duration(within),
                figures(threshold)
            );
            let rate = if within > 0.0 { seen.flows() as f64 / within } else { 0.0 };
            let alert = Alert::of(&seen, Verdict::above(seen.flows(), threshold, Severity::Low))
                .about([("src_ip", Part::Address(source)), ("dst_ip", Part::Address(target))])
                .shared(None, seen.dst_port(), seen.protocol());
            let evidence = Evidence::new().number("rate", rate);
            found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    #[test]
    fn a_pair_at_the_threshold_is_reported_and_one_below_is_not() {
        let mut lines: Vec<String> = (0..100).map(|i| flow("10.0.0.1", "192.0.2.1", 443, i, 100)).collect();
        lines.extend((0..99).map(|i| flow("10.0.0.2", "192.0.2.1", 443, i, 100)));
        let found = alerts("strobe:flows=100", &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_port", "value", "threshold", "severity"]),
            [r#"["10.0.0.1",443,100,100,"low"]"#]
        );
        assert_eq!(found[0]["evidence"]["rate"], 100.0 / 99.0);
        assert!(alerts("strobe", &lines).is_empty());
    }

    #[test]
    fn in_a_longer_input_it_is_flows_a_day() {
        let mut lines: Vec<String> = (0..150).map(|i| flow("10.0.0.1", "192.0.2.1", 443, i, 100)).collect();
        assert_eq!(alerts("strobe:flows=100", &lines).len(), 1);
        lines.push(flow("10.0.0.9", "192.0.2.9", 443, 0, 100).replace("2024-06-01", "2024-06-03"));
        assert!(alerts("strobe:flows=100", &lines).is_empty());
    }
}
