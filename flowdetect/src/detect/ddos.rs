//! Floods: destinations whose traffic in some minute is more than a host gets.
//!
//! Rates are of the whole table of pairs: what a pair has in sum is spread evenly over the time from its first flow to the
//! end of its last, so that a long flow is no spike. Bound: that of the table of pairs with deeds, and 40 bytes a bin of
//! destinations that may be above a threshold.

use super::{Built, Detector, Found, at_least};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::ends::Ends;
use crate::pairs::deeds::Deeds;
use crate::pairs::{Flood, Has, Pair, PairRule, Pairs};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::Map;
use flow_record::people::{count, duration, figures};
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, number, text};
use flow_record::stats::Seen;
use flow_record::value::Address;
use std::collections::BTreeMap;

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Built::pairs(Ddos::new(args)), by_default: true, needs: None };

static SPEC: Spec = Spec {
    name: "ddos",
    about: "floods: many packets, bytes, flows or SYNs to one host at a time",
    explain: "\
Time is cut into bins of `over`. Packets, bytes and flows of a source and a destination are spread evenly over the time from \
the first start to the last start and the longest duration; so are flows of TCP with SYN and without ACK. Alerts where a \
destination has, in some bin, at least `packets` packets, `bits` bits or `flows` flows a second, or at least `syn` such \
flows of SYN. `value` is the highest rate as a multiple of its threshold, `threshold` is 1. One source that tries \
many ports is no flood but a scan: `flows` and `syn` take at least `sources` sources, or one port. Severity: critical if at \
least `sources` sources sent flows in the input, else medium: one source that sends much may be a backup.

Known to be misled: busy servers in large networks, whose thresholds are to be higher; backups; exporters whose durations \
are wrong.",
    params: &[
        Param::new("over", ParamKind::Duration(1_000_000_000), "60s", "", "the length of a bin"),
        at_least(1, "packets", "20k", "packets/s", "rate of packets"),
        at_least(1, "bits", "1G", "bits/s", "rate of bits"),
        at_least(1, "flows", "3500", "flows/s", "rate of flows"),
        at_least(1, "syn", "100", "flows/s", "rate of flows of SYN without ACK"),
        at_least(2, "sources", "50", "sources", "sources that make a flood a distributed one"),
    ],
    needs: &["dst_ip", "src_ip", "timestamp", "duration", "packets", "bytes", "tcp_flags", "protocol", "dst_port"],
    columns: &[
        text("rule", "what is farthest above its threshold: packets, bits, flows or syn"),
        integer("sources", "sources", "distinct sources"),
        number("packets_rate", "packets/s", "highest rate of a bin"),
        number("bits_rate", "bits/s", "the same of bits"),
        number("flows_rate", "flows/s", "the same of flows"),
        number("syn_rate", "flows/s", "the same of flows of SYN"),
    ],
    memory: super::PAIRS_MEMORY,
    source: "thresholds of FastNetMon (20 000 packets, 1 Gbit, 3500 flows a second), over a minute in place of 5 s; ATT&CK T1498, Network Denial of Service",
};

/// Network Denial of Service.
const TECHNIQUE: &str = "T1498";

/// What is measured, in this order everywhere.
const MEASURES: [&str; 4] = ["packets", "bits", "flows", "syn"];

/// Bins that one pair is spread over; a longer one is spread over as many at its beginning.
const MOST_BINS: i64 = 100_000;

#[derive(Clone, Debug)]
struct Ddos {
    /// In nanoseconds.
    over: i64,
    /// Rates a second, in the order of [`MEASURES`].
    rates: [u64; 4],
    sources: u64,
}

/// All that a destination got.
#[derive(Clone, Debug, Default)]
struct Total {
    sums: [u128; 4],
    sources: u64,
    seen: Seen,
}

/// Sums of a pair, in the order of [`MEASURES`].
fn sums(pair: &Pair<'_>, deeds: &Deeds, seen: &Seen) -> [u128; 4] {
    [deeds.packets.into(), u128::from(pair.bytes().0) * 8, seen.flows().into(), deeds.syn.into()]
}

/// The same of a flood.
fn flood_sums(flood: &Flood) -> [u128; 4] {
    [flood.deeds.packets.into(), u128::from(flood.bytes) * 8, flood.seen.flows().into(), flood.deeds.syn.into()]
}

impl Ddos {
    fn new(args: &Args) -> Ddos {
        Ddos {
            over: i64::try_from(args.duration("over")).unwrap_or(i64::MAX),
            rates: MEASURES.map(|name| args.integer(name)),
            sources: args.integer("sources"),
        }
    }

    /// What makes a bin of this measure a flood.
    fn threshold(&self, measure: usize) -> f64 {
        self.rates[measure] as f64 * self.over as f64 / 1e9
    }

    /// Destinations that may have such a bin.
    fn totals(&self, pairs: &Pairs) -> Map<Address, Total> {
        let mut totals: Map<Address, Total> = Map::default();
        for pair in pairs.having(NEEDS) {
            let Ends { src: Some(_), dst: Some(target) } = pair.ends else { continue };
            let (deeds, seen) = (pair.deeds(), pair.seen());
            let total = totals.entry(target).or_default();
            total.sums.iter_mut().zip(sums(&pair, &deeds, &seen)).for_each(|(a, b)| *a += b);
            total.sources += 1;
            total.seen.merge(&seen);
        }
        for (target, flood) in pairs.floods() {
            let total = totals.entry(target).or_default();
            total.sums.iter_mut().zip(flood_sums(flood)).for_each(|(a, b)| *a += b);
            total.sources += flood.sources;
            total.seen.merge(&flood.seen);
        }
        totals.retain(|_, total| (0..4).any(|m| total.sums[m] as f64 >= self.threshold(m)));
        totals
    }

    /// Adds sums to the bins of their time.
    fn spread(&self, sums: [u128; 4], deeds: &Deeds, seen: &Seen, bins: &mut BTreeMap<i64, [u128; 4]>) {
        let Some(span) = seen.span() else { return };
        let first = span.first.nanos();
        let longest = i64::try_from(deeds.longest).unwrap_or(i64::MAX);
        let last = span.last.nanos().saturating_add(longest);
        let (a, b) = (first.div_euclid(self.over), last.div_euclid(self.over));
        let b = b.min(a.saturating_add(MOST_BINS));
        let length = u128::from(last.abs_diff(first)).max(1);
        for bin in a..=b {
            let (start, end) =
                (bin.saturating_mul(self.over).max(first), (bin + 1).saturating_mul(self.over).min(last));
            let part = if a == b { length } else { u128::from(end.abs_diff(start)) };
            let all = bins.entry(bin).or_default();
            all.iter_mut().zip(sums).for_each(|(at, sum)| *at += sum * part / length);
        }
    }

    fn alert(&self, target: Address, total: &Total, bins: &BTreeMap<i64, [u128; 4]>) -> Option<Alert> {
        let is_many = total.sources >= self.sources;
        let highest = |measure: usize| bins.values().map(|bin| bin[measure]).max().unwrap_or(0) as f64;
        let rates: [f64; 4] = std::array::from_fn(|m| highest(m) / (self.over as f64 / 1e9));
        let counts = |m: usize| m < 2 || is_many || total.seen.dst_port().is_some();
        let above = |m: usize| if counts(m) { rates[m] / self.rates[m] as f64 } else { 0.0 };
        let (rule, value) = (0..4).map(|m| (m, above(m))).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        if value < 1.0 {
            return None;
        }
        let severity = if is_many { Severity::Critical } else { Severity::Medium };
        let unit = ["packets", "bits", "flows", "SYNs without ACK"][rule];
        let within = total.seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let reason = format!(
            "{target} got {} {unit} a second over {} from {}{within} (threshold {})",
            figures(rates[rule]),
            duration(self.over as f64 / 1e9),
            count(total.sources, "sources"),
            figures(self.rates[rule] as f64)
        );
        let evidence = Evidence::new().text("rule", MEASURES[rule]).integer("sources", total.sources);
        let names = ["packets_rate", "bits_rate", "flows_rate", "syn_rate"];
        let evidence = names.iter().zip(rates).fold(evidence, |e, (name, rate)| e.number(name, rate));
        let alert = Alert::of(&total.seen, Verdict::above(value, 1.0, severity))
            .about([("dst_ip", Part::Address(target))])
            .shared(None, total.seen.dst_port(), total.seen.protocol());
        Some(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert })
    }
}

/// What a flow must have.
const NEEDS: &[Has] = &[Has::SRC, Has::DST, Has::TIME];

impl PairRule for Ddos {
    fn needs(&self) -> &'static [Has] {
        NEEDS
    }

    fn wants_deeds(&self) -> bool {
        true
    }

    fn again(&self) -> Box<dyn PairRule> {
        Box::new(self.clone())
    }

    fn finish(&self, pairs: &Pairs, found: &mut Found) {
        let totals = self.totals(pairs);
        if totals.is_empty() {
            return;
        }
        let mut bins: Map<Address, BTreeMap<i64, [u128; 4]>> = Map::default();
        for pair in pairs.having(NEEDS) {
            if let Some(target) = pair.ends.dst.filter(|target| pair.ends.src.is_some() && totals.contains_key(target))
            {
                let (deeds, seen) = (pair.deeds(), pair.seen());
                self.spread(sums(&pair, &deeds, &seen), &deeds, &seen, bins.entry(target).or_default());
            }
        }
        for (target, flood) in pairs.floods().filter(|(target, _)| totals.contains_key(target)) {
            self.spread(flood_sums(flood), &flood.deeds, &flood.seen, bins.entry(target).or_default());
        }
        for (target, bins) in &bins {
            found.alerts.extend(totals.get(target).and_then(|total| self.alert(*target, total, bins)));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    fn syn(source: u64, port: u16, start: u64) -> String {
        let source = format!("203.0.{}.{}", source / 250, source % 250);
        flow(&source, "192.0.2.1", port, start, 40).replace("\"bytes\"", "\"tcp_flags\":2,\"bytes\"")
    }

    #[test]
    fn many_sources_of_syn_are_a_flood_and_one_that_tries_ports_is_not() {
        // 600 a minute are 10 a second.
        let flood: Vec<String> = (0..600).map(|i| syn(i, 80, i / 10)).collect();
        let found = alerts("ddos:syn=10", &flood);
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "dst_port", "value", "threshold", "flows", "severity"]),
            [r#"[null,"192.0.2.1",80,1,1,600,"critical"]"#]
        );
        assert_eq!(found[0]["evidence"]["rule"], "syn");
        assert_eq!((&found[0]["evidence"]["sources"], &found[0]["evidence"]["syn_rate"]), (&600.into(), &10.into()));
        assert!(alerts("ddos:syn=11", &flood).is_empty());
        let scan: Vec<String> = (0..600).map(|i| syn(1, i as u16, i / 10)).collect();
        assert!(alerts("ddos:syn=10", &scan).is_empty());
        let hammer: Vec<String> = (0..600).map(|i| syn(1, 80, i / 10)).collect();
        assert_eq!(values(&alerts("ddos:syn=10", &hammer), &["severity"]), [r#"["medium"]"#]);
    }

    #[test]
    fn what_a_long_flow_sent_is_spread_over_its_duration() {
        let long = |seconds: u64| {
            vec![
                flow("10.0.0.1", "192.0.2.1", 22, 0, 75_000_000)
                    .replace("\"src_ip\"", &format!("\"duration\":{seconds},\"src_ip\"")),
            ]
        };
        // 600 Mbit in a minute are 10 Mbit/s, in five of them 2.
        assert_eq!(values(&alerts("ddos:bits=10M", &long(1)), &["value"]), ["[1]"]);
        assert!(alerts("ddos:bits=3M", &long(300)).is_empty());
        assert_eq!(values(&alerts("ddos:bits=2M", &long(300)), &["value", "severity"]), [r#"[1,"medium"]"#]);
    }
}
