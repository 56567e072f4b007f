//! Storms: hosts that send more to groups of hosts than any service needs.
//!
//! Bound: about 150 bytes a source, and 16 for each minute in which it sent to groups.

use super::{Built, Detector, Found, at_least, is_group};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::keyed::{Keyed, Sort, Tally};
use flow_record::item::{Args, Spec};
use flow_record::people::{count, duration, figures};
use flow_record::record::Flow;
use flow_record::record::key::Part;
use flow_record::row::columns::integer;
use flow_record::stats::Seen;
use flow_record::value::Address;
use std::collections::BTreeMap;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, _| Built::state(Keyed::new(Broadcast::new(args))),
    by_default: true,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "broadcast",
    about: "hosts that flood groups of hosts: broadcast, multicast",
    explain: "\
Looks at flows to multicast addresses and to IPv4 addresses that end in .255. What a flow has in packets is spread evenly over \
the minutes from its start to its end. Alerts where a source sent at least `packets` packets within a minute. `value` is the \
highest number. Severity: low; medium from ten times as many on.

Known to be misled: television and telephony over multicast, cluster heartbeats; networks where .255 is a host.",
    params: &[at_least(1, "packets", "6000", "packets", "packets within a minute")],
    needs: &["src_ip", "dst_ip", "packets", "duration", "timestamp", "protocol", "dst_port"],
    columns: &[
        integer("packets", "packets", "packets in all"),
        integer("most", "packets", "most packets within a minute"),
    ],
    memory: "about 150 bytes a source, at most 4 194 304 of them, and 16 for each minute with flows",
    source: "broadcast storms (RFC 919, section 4, warns of them); ATT&CK T1498, Network Denial of Service",
};

/// Network Denial of Service.
const TECHNIQUE: &str = "T1498";

/// A minute in nanoseconds.
const BIN: i64 = 60_000_000_000;

/// Minutes that a flow is spread over at most.
const MOST_BINS: i64 = 1440;

#[derive(Clone, Debug)]
struct Broadcast {
    packets: u64,
}

/// What a source sent to groups.
#[derive(Clone, Debug, Default)]
struct Sent {
    seen: Seen,
    packets: u64,
    bins: BTreeMap<i64, u64>,
}

impl Tally for Sent {
    fn merge(&mut self, other: Sent) {
        self.seen.merge(&other.seen);
        self.packets = self.packets.saturating_add(other.packets);
        for (bin, n) in other.bins {
            let at = self.bins.entry(bin).or_default();
            *at = at.saturating_add(n);
        }
    }

    fn last(&self) -> i64 {
        self.seen.span().map_or(i64::MIN, |span| span.last.nanos())
    }
}

impl Broadcast {
    fn new(args: &Args) -> Broadcast {
        Broadcast { packets: args.integer("packets") }
    }
}

impl Sort for Broadcast {
    type Key = Address;
    type Tally = Sent;

    #[inline]
    fn key(&self, flow: &Flow) -> Result<Option<Address>, &'static str> {
        if !flow.dst_ip().is_some_and(is_group) {
            return Ok(None);
        }
        if flow.time().is_none() {
            return Err("timestamp");
        }
        Ok(flow.src_ip())
    }

    fn tally(&self) -> Sent {
        Sent::default()
    }

    fn add(&self, _: &Address, tally: &mut Sent, flow: &Flow) {
        let (packets, start) = (flow.packets().unwrap_or(0), flow.time().map_or(0, |time| time.nanos()));
        tally.seen.add(flow);
        tally.packets = tally.packets.saturating_add(packets);
        let duration = i64::try_from(flow.duration().unwrap_or(0)).unwrap_or(i64::MAX);
        let (a, b) = (start.div_euclid(BIN), start.saturating_add(duration).div_euclid(BIN));
        let bins = (b.saturating_sub(a) + 1).clamp(1, MOST_BINS);
        for bin in 0..bins {
            // Whole packets: the first minutes have one more where they do not come out even.
            let part = packets / bins as u64 + u64::from((bin as u64) < packets % bins as u64);
            let at = tally.bins.entry(a + bin).or_default();
            *at = at.saturating_add(part);
        }
    }

    fn judge(&self, source: &Address, tally: &Sent, found: &mut Found) {
        let most = tally.bins.values().copied().max().unwrap_or(0);
        if most < self.packets {
            return;
        }
        let severity = if most / 10 >= self.packets { Severity::Medium } else { Severity::Low };
        let within = tally.seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let reason = format!(
            "{source} sent {} to groups of hosts{within}, up to {} in a minute (threshold {})",
            count(tally.packets, "packets"),
            figures(most as f64),
            figures(self.packets as f64)
        );
        let evidence = Evidence::new().integer("packets", tally.packets).integer("most", most);
        let alert = Alert::of(&tally.seen, Verdict::above(most, self.packets, severity))
            .about([("src_ip", Part::Address(*source))])
            .shared(None, tally.seen.dst_port(), tally.seen.protocol());
        found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    fn storm(source: &str, target: &str, packets: u64, seconds: u64) -> String {
        let line = flow(source, target, 1900, 0, 100 * packets);
        let line = line.replace("\"packets\":1", &format!("\"packets\":{packets}"));
        line.replace("\"src_ip\"", &format!("\"duration\":{seconds},\"src_ip\""))
    }

    #[test]
    fn a_minute_at_the_threshold_is_reported_and_one_below_is_not() {
        let lines = [
            storm("10.0.0.1", "239.255.255.250", 6000, 1),
            storm("10.0.0.2", "10.0.0.255", 5999, 1),
            // Two minutes have 6000 each.
            storm("10.0.0.3", "ff02::1", 12_000, 60),
            storm("10.0.0.4", "239.255.255.250", 11_998, 60),
            storm("10.0.0.5", "192.0.2.1", 90_000, 1),
            storm("10.0.0.6", "10.0.0.255", 60_000, 1),
        ];
        let found = alerts("broadcast", &lines);
        assert_eq!(
            values(&found, &["src_ip", "value", "severity"]),
            [r#"["10.0.0.6",60000,"medium"]"#, r#"["10.0.0.1",6000,"low"]"#, r#"["10.0.0.3",6000,"low"]"#]
        );
        assert_eq!(found[2]["evidence"]["packets"], 12_000);
    }
}
