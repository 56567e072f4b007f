//! Brute force: one attempt to log in after the other, each a flow of about the same size.
//!
//! After what flows of failed log-ins look like (Hellemons and others, "SSHCure", AIMS 2012; NEMEA's detector): many to one
//! service of a host, short, alike. Bound: about 250 bytes for a source, target and port, and 16 for each five minutes
//! with flows.

use super::{Built, Detector, Found, at_least, at_least_0, ports};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::keyed::{Keyed, Sort, Tally};
use crate::pairs::deeds::{Outcome, outcome};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::people::{amount, count, duration, figures};
use flow_record::record::Flow;
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, number};
use flow_record::stats::{Moments, Seen};
use flow_record::value::Address;
use std::collections::BTreeMap;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, _| Built::state(Keyed::new(BruteForce::new(args)?)),
    by_default: true,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "bruteforce",
    about: "many alike flows to a service that one logs in to",
    explain: "\
Looks at flows of TCP to one of `ports` of a target that nobody refused and that have more than a handshake: at least \
`packets` packets, where packets are known. Alerts where a source has at least `attempts` of them to a target and port that \
began within the same five minutes, and the bytes of all its flows there are alike: their population deviation is at most \
`spread` of their mean. `value` is the largest number in five minutes. Severity: high for ports 21, 22, 23, 3389 and 5900; \
medium for others, where programs log in as often.

Known to be misled: monitoring, deployment and copying over SSH, connections to databases that are not kept.",
    params: &[
        at_least(2, "attempts", "30", "flows", "flows within five minutes"),
        Param::new("ports", ParamKind::Text, "21+22+23+445+1433+3306+3389+5432+5900", "", "ports of the services, with + between them"),
        at_least_0("spread", "0.5", "", "deviation of the bytes by their mean, at most"),
        at_least(1, "packets", "4", "packets", "packets of an attempt, at least"),
    ],
    needs: &["src_ip", "dst_ip", "dst_port", "protocol", "timestamp", "packets", "bytes", "tcp_flags", "state"],
    columns: &[
        integer("attempts", "flows", "flows in all"),
        integer("most", "flows", "most flows that began within the same five minutes"),
        number("mean", "bytes", "mean bytes of a flow"),
        number("deviation", "bytes", "population deviation of the bytes"),
        integer("largest_flow", "bytes", "bytes of the largest flow: what came in may be far larger than the rest"),
    ],
    memory: "about 250 bytes a source, target and port, at most 4 194 304 of them, and 16 for each five minutes with flows",
    source: "Hellemons, Hendriks, Hofstede, Sperotto, Sadre, Pras, SSHCure: A Flow-Based SSH Intrusion Detection System (2012); ATT&CK T1110, Brute Force",
};

/// Brute Force.
const TECHNIQUE: &str = "T1110";

/// Five minutes in nanoseconds.
const BIN: i64 = 300_000_000_000;

/// Ports where nobody logs in by the minute.
const PERSONAL: [u16; 5] = [21, 22, 23, 3389, 5900];

#[derive(Clone, Debug)]
struct BruteForce {
    attempts: u64,
    ports: Vec<u16>,
    spread: f64,
    packets: u64,
}

/// Attempts of a source at a service.
#[derive(Clone, Debug, Default)]
struct Attempts {
    seen: Seen,
    bytes: Moments,
    largest: u64,
    bins: BTreeMap<i64, u64>,
}

impl Tally for Attempts {
    fn merge(&mut self, other: Attempts) {
        self.seen.merge(&other.seen);
        self.bytes.merge(&other.bytes);
        self.largest = self.largest.max(other.largest);
        for (bin, n) in other.bins {
            *self.bins.entry(bin).or_default() += n;
        }
    }

    fn last(&self) -> i64 {
        self.seen.span().map_or(i64::MIN, |span| span.last.nanos())
    }
}

impl BruteForce {
    fn new(args: &Args) -> anyhow::Result<BruteForce> {
        Ok(BruteForce {
            attempts: args.integer("attempts"),
            ports: ports(&args.list("ports"))?,
            spread: args.number("spread"),
            packets: args.integer("packets"),
        })
    }
}

impl Sort for BruteForce {
    /// Source, target, port.
    type Key = (Address, Address, u16);
    type Tally = Attempts;

    fn key(&self, flow: &Flow) -> Result<Option<Self::Key>, &'static str> {
        let Some(port) = flow.dst_port().filter(|port| self.ports.binary_search(port).is_ok()) else { return Ok(None) };
        let (Some(src), Some(dst)) = (flow.src_ip(), flow.dst_ip()) else { return Ok(None) };
        let is_more = flow.packets().is_none_or(|packets| packets >= self.packets);
        let is_tcp = flow.protocol().is_none_or(|protocol| protocol == 6);
        if !is_more || !is_tcp || matches!(outcome(flow), Outcome::Try | Outcome::Refusal) {
            return Ok(None);
        }
        if flow.time().is_none() {
            return Err("timestamp");
        }
        Ok(Some((src, dst, port)))
    }

    fn tally(&self) -> Attempts {
        Attempts::default()
    }

    fn add(&self, _: &Self::Key, tally: &mut Attempts, flow: &Flow) {
        tally.seen.add(flow);
        let bytes = flow.bytes().unwrap_or(0);
        tally.bytes.add(bytes);
        tally.largest = tally.largest.max(bytes);
        if let Some(time) = flow.time() {
            *tally.bins.entry(time.nanos().div_euclid(BIN)).or_default() += 1;
        }
    }

    fn judge(&self, (source, target, port): &Self::Key, tally: &Attempts, found: &mut Found) {
        let most = tally.bins.values().copied().max().unwrap_or(0);
        let (mean, deviation) = (tally.bytes.mean(), tally.bytes.deviation_population());
        if most < self.attempts || deviation > self.spread * mean {
            return;
        }
        let severity = if PERSONAL.contains(port) { Severity::High } else { Severity::Medium };
        let within = tally.seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let reason = format!(
            "{source} connected to port {port} of {target} in {}{within}, up to {} in five minutes (threshold {}), \
             each of about {}",
            count(tally.seen.flows(), "flows"),
            figures(most as f64),
            figures(self.attempts as f64),
            amount(mean, "bytes")
        );
        let evidence = Evidence::new()
            .integer("attempts", tally.seen.flows())
            .integer("most", most)
            .number("mean", mean)
            .number("deviation", deviation)
            .integer("largest_flow", tally.largest);
        let about = [
            ("src_ip", Part::Address(*source)),
            ("dst_ip", Part::Address(*target)),
            ("dst_port", Part::Integer((*port).into())),
        ];
        let alert = Alert::of(&tally.seen, Verdict::above(most, self.attempts, severity)).about(about);
        let alert = alert.shared(None, None, tally.seen.protocol());
        found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, refused, values};

    fn login(source: &str, port: u16, start: u64, bytes: u64) -> String {
        flow(source, "192.0.2.1", port, start, bytes).replace("\"packets\":1", "\"packets\":14,\"tcp_flags\":27")
    }

    #[test]
    fn alike_flows_in_quick_succession_are_reported_and_others_are_not() {
        let mut lines: Vec<String> = (0..30).map(|i| login("10.0.0.1", 22, 9 * i, 1800 + i)).collect();
        lines.extend((0..30).map(|i| login("10.0.0.2", 3306, 9 * i, 1800)));
        // Slow; of many sizes; to another port; without a handshake.
        lines.extend((0..30).map(|i| login("10.0.0.3", 22, 60 * i, 1800)));
        lines.extend((0..30).map(|i| login("10.0.0.4", 22, 9 * i, if i % 2 == 0 { 1800 } else { 90_000 })));
        lines.extend((0..30).map(|i| login("10.0.0.5", 443, 9 * i, 1800)));
        lines.extend((0..30).map(|i| flow("10.0.0.6", "192.0.2.1", 22, 9 * i, 44)));
        lines.extend((0..29).map(|i| login("10.0.0.7", 22, 9 * i, 1800)));
        let found = alerts("bruteforce", &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "dst_port", "value", "threshold", "severity"]),
            [r#"["10.0.0.1","192.0.2.1",22,30,30,"high"]"#, r#"["10.0.0.2","192.0.2.1",3306,30,30,"medium"]"#]
        );
        assert_eq!(found[0]["evidence"]["largest_flow"], 1829);
        assert_eq!(values(&alerts("bruteforce:ports=443", &lines), &["src_ip"]), [r#"["10.0.0.5"]"#]);
        assert!(refused("bruteforce:ports=ssh").contains("numbers up to 65535"));
    }
}
