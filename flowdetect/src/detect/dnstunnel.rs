//! Tunnels through DNS, as far as flows show them: queries that carry data.
//!
//! After Ellens and others ("Flow-based detection of DNS tunnels", AIMS 2013): sizes and numbers of flows to a resolver.
//! Names and their entropy are not in flows, so that a slow tunnel stays hidden. Bound: about 150 bytes a client and
//! resolver.

use super::{Built, Detector, Found, at_least, at_least_0};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::keyed::{Keyed, Sort, Tally};
use flow_record::item::{Args, Spec};
use flow_record::people::{amount, count, duration, figures};
use flow_record::record::Flow;
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, number};
use flow_record::stats::Seen;
use flow_record::value::Address;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, _| Built::state(Keyed::new(DnsTunnel::new(args))),
    by_default: true,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "dnstunnel",
    about: "clients whose DNS queries carry data",
    explain: "\
Sums up the flows of a client to port 53 of a resolver and, in flows of one direction, those from port 53 back. Alerts where \
there are at least `packets` packets of queries whose mean size, with headers, is at least `size` bytes. `value` is that \
size. Severity: high if the client also sent at least `ratio` of the bytes that it received, or nothing came back at all; \
else low.

A query has 60 to 80 bytes as a rule and its answer more; a tunnel fills names with data. Known to be misled: look-ups of \
long names by mail filters and telemetry; resolvers that ask others.",
    params: &[
        at_least_0("size", "120", "bytes", "mean bytes of a packet of queries"),
        at_least(1, "packets", "200", "packets", "packets of queries from which on sizes are looked at"),
        at_least_0("ratio", "0.5", "", "bytes sent for one received that make it high"),
    ],
    needs: &["src_ip", "dst_ip", "src_port", "dst_port", "packets", "bytes", "rev_bytes", "timestamp", "protocol"],
    columns: &[
        integer("packets", "packets", "packets of queries"),
        integer("bytes", "bytes", "bytes of queries"),
        integer("rev_bytes", "bytes", "bytes of answers"),
        number("ratio", "", "bytes sent for one received"),
    ],
    memory: "about 150 bytes a client and resolver, at most 4 194 304 of them",
    source: "Ellens, Zuraniewski, Sperotto, Schotanus, Mandjes, Meeuwissen, Flow-Based Detection of DNS Tunnels (2013); ATT&CK T1071.004, DNS",
};

/// Application Layer Protocol: DNS.
const TECHNIQUE: &str = "T1071.004";

const PORT: u16 = 53;

#[derive(Clone, Debug)]
struct DnsTunnel {
    size: f64,
    packets: u64,
    ratio: f64,
}

/// What a client and a resolver have exchanged.
#[derive(Clone, Debug, Default)]
struct Exchange {
    /// Flows of the client.
    seen: Seen,
    packets: u64,
    bytes: u64,
    rev_bytes: u64,
    last: i64,
}

impl Tally for Exchange {
    fn merge(&mut self, other: Exchange) {
        self.seen.merge(&other.seen);
        self.packets = self.packets.saturating_add(other.packets);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.rev_bytes = self.rev_bytes.saturating_add(other.rev_bytes);
        self.last = self.last.max(other.last);
    }

    fn last(&self) -> i64 {
        self.last
    }
}

impl DnsTunnel {
    fn new(args: &Args) -> DnsTunnel {
        DnsTunnel { size: args.number("size"), packets: args.integer("packets"), ratio: args.number("ratio") }
    }
}

impl Sort for DnsTunnel {
    /// Client and resolver.
    type Key = (Address, Address);
    type Tally = Exchange;

    fn key(&self, flow: &Flow) -> Result<Option<Self::Key>, &'static str> {
        let (Some(src), Some(dst)) = (flow.src_ip(), flow.dst_ip()) else { return Ok(None) };
        Ok(match (flow.src_port(), flow.dst_port()) {
            (_, Some(PORT)) => Some((src, dst)),
            (Some(PORT), _) => Some((dst, src)),
            _ => None,
        })
    }

    fn tally(&self) -> Exchange {
        Exchange { last: i64::MIN, ..Exchange::default() }
    }

    fn add(&self, _: &Self::Key, tally: &mut Exchange, flow: &Flow) {
        tally.last = tally.last.max(flow.time().map_or(i64::MIN, |t| t.nanos()));
        if flow.dst_port() != Some(PORT) {
            tally.rev_bytes = tally.rev_bytes.saturating_add(flow.bytes().unwrap_or(0));
            return;
        }
        tally.seen.add(flow);
        tally.packets = tally.packets.saturating_add(flow.packets().unwrap_or(0));
        tally.bytes = tally.bytes.saturating_add(flow.bytes().unwrap_or(0));
        tally.rev_bytes = tally.rev_bytes.saturating_add(flow.rev_bytes().unwrap_or(0));
    }

    fn judge(&self, (client, resolver): &Self::Key, tally: &Exchange, found: &mut Found) {
        let size = tally.bytes as f64 / tally.packets.max(1) as f64;
        if tally.packets < self.packets || size < self.size {
            return;
        }
        let ratio = tally.bytes as f64 / tally.rev_bytes.max(1) as f64;
        let severity = if ratio >= self.ratio { Severity::High } else { Severity::Low };
        let within = tally.seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let reason = format!(
            "{client} sent {} of DNS queries to {resolver} in {}{within}, {} each (threshold {}), and received {}",
            amount(tally.bytes as f64, "bytes"),
            count(tally.packets, "packets"),
            amount(size, "bytes"),
            figures(self.size),
            amount(tally.rev_bytes as f64, "bytes")
        );
        let evidence = Evidence::new()
            .integer("packets", tally.packets)
            .integer("bytes", tally.bytes)
            .integer("rev_bytes", tally.rev_bytes)
            .number("ratio", ratio);
        let alert = Alert::of(&tally.seen, Verdict::above(size, self.size, severity))
            .about([("src_ip", Part::Address(*client)), ("dst_ip", Part::Address(*resolver))])
            .shared(None, Some(PORT), tally.seen.protocol());
        found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    fn query(client: &str, i: u64, bytes: u64, answer: Option<u64>) -> Vec<String> {
        let both = flow(client, "192.0.2.53", 53, i, bytes);
        match answer {
            Some(answer) => vec![both.replace("\"bytes\"", &format!("\"rev_bytes\":{answer},\"bytes\""))],
            None => vec![
                both,
                flow("192.0.2.53", client, 40_000, i, 300).replace("\"dst_port\"", "\"src_port\":53,\"dst_port\""),
            ],
        }
    }

    #[test]
    fn large_queries_are_a_tunnel_and_usual_ones_are_not() {
        let lines: Vec<String> = (0..200)
            .flat_map(|i| {
                let mut all = query("10.0.0.1", i, 180, Some(200));
                all.extend(query("10.0.0.2", i, 70, Some(200)));
                all.extend(query("10.0.0.3", i, 120, Some(300)));
                all.extend(query("10.0.0.4", i, 160, None));
                all
            })
            .chain((0..199).flat_map(|i| query("10.0.0.5", i, 180, Some(200))))
            .collect();
        let found = alerts("dnstunnel", &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "dst_port", "value", "flows", "severity"]),
            [
                r#"["10.0.0.1","192.0.2.53",53,180,200,"high"]"#,
                r#"["10.0.0.4","192.0.2.53",53,160,200,"high"]"#,
                r#"["10.0.0.3","192.0.2.53",53,120,200,"low"]"#
            ]
        );
        assert_eq!(found[1]["evidence"]["rev_bytes"], 60_000);
    }
}
