//! Tunnels through ICMP: echoes that carry data, of sizes that vary.
//!
//! ping sends packets of one size. Bound: about 150 bytes a pair of hosts that exchange ICMP.

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
    build: |args, _| Built::state(Keyed::new(IcmpTunnel::new(args))),
    by_default: true,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "icmptunnel",
    about: "pairs whose ICMP packets carry data",
    explain: "\
Sums up the flows of ICMP from a source to a destination. Alerts where there are at least `packets` packets whose mean size, \
with headers, is above `size` bytes, strictly. `value` is that size. Severity: high if the largest mean size of a flow is at \
least `spread` times the smallest, for ping sends packets of one size; else low.

Known to be misled: tests of path MTU, ping with a chosen size.",
    params: &[
        at_least_0("size", "128", "bytes", "mean bytes of a packet"),
        at_least(1, "packets", "100", "packets", "packets from which on sizes are looked at"),
        at_least_0("spread", "1.2", "", "largest by smallest mean size of a flow that makes it high"),
    ],
    needs: &["src_ip", "dst_ip", "protocol", "packets", "bytes", "rev_bytes", "timestamp"],
    columns: &[
        integer("packets", "packets", "packets from source to destination"),
        integer("bytes", "bytes", "bytes from source to destination"),
        integer("rev_bytes", "bytes", "bytes from destination to source"),
        number("smallest_packet", "bytes", "smallest mean size of a flow"),
        number("largest_packet", "bytes", "largest mean size of a flow"),
    ],
    memory: "about 150 bytes a pair of hosts that exchange ICMP, at most 4 194 304 of them",
    source: "sizes of ping (RFC 792 echoes of 56 bytes); ATT&CK T1095, Non-Application Layer Protocol",
};

/// Non-Application Layer Protocol.
const TECHNIQUE: &str = "T1095";

#[derive(Clone, Debug)]
struct IcmpTunnel {
    size: f64,
    packets: u64,
    spread: f64,
}

/// What a host has sent to another.
#[derive(Clone, Debug, Default)]
struct Echoes {
    seen: Seen,
    packets: u64,
    bytes: u64,
    rev_bytes: u64,
    /// Mean sizes of flows.
    smallest: f64,
    largest: f64,
    last: i64,
}

impl Tally for Echoes {
    fn merge(&mut self, other: Echoes) {
        self.seen.merge(&other.seen);
        self.packets = self.packets.saturating_add(other.packets);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.rev_bytes = self.rev_bytes.saturating_add(other.rev_bytes);
        self.smallest = self.smallest.min(other.smallest);
        self.largest = self.largest.max(other.largest);
        self.last = self.last.max(other.last);
    }

    fn last(&self) -> i64 {
        self.last
    }
}

impl IcmpTunnel {
    fn new(args: &Args) -> IcmpTunnel {
        IcmpTunnel { size: args.number("size"), packets: args.integer("packets"), spread: args.number("spread") }
    }
}

impl Sort for IcmpTunnel {
    type Key = (Address, Address);
    type Tally = Echoes;

    fn key(&self, flow: &Flow) -> Result<Option<Self::Key>, &'static str> {
        match (flow.protocol(), flow.src_ip(), flow.dst_ip()) {
            (Some(1 | 58), Some(src), Some(dst)) => Ok(Some((src, dst))),
            _ => Ok(None),
        }
    }

    fn tally(&self) -> Echoes {
        Echoes { smallest: f64::INFINITY, last: i64::MIN, ..Echoes::default() }
    }

    fn add(&self, _: &Self::Key, tally: &mut Echoes, flow: &Flow) {
        tally.last = tally.last.max(flow.time().map_or(i64::MIN, |t| t.nanos()));
        let (packets, bytes) = (flow.packets().unwrap_or(0), flow.bytes().unwrap_or(0));
        tally.seen.add(flow);
        tally.packets = tally.packets.saturating_add(packets);
        tally.bytes = tally.bytes.saturating_add(bytes);
        tally.rev_bytes = tally.rev_bytes.saturating_add(flow.rev_bytes().unwrap_or(0));
        if packets > 0 {
            let size = bytes as f64 / packets as f64;
            tally.smallest = tally.smallest.min(size);
            tally.largest = tally.largest.max(size);
        }
    }

    fn judge(&self, (source, target): &Self::Key, tally: &Echoes, found: &mut Found) {
        let size = tally.bytes as f64 / tally.packets.max(1) as f64;
        if tally.packets < self.packets || size <= self.size {
            return;
        }
        let varies = tally.largest >= self.spread * tally.smallest;
        let severity = if varies { Severity::High } else { Severity::Low };
        let within = tally.seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let sizes = match varies {
            true => format!(", in flows of {} to {}", figures(tally.smallest), amount(tally.largest, "bytes")),
            false => String::from(", as large in every flow"),
        };
        let reason = format!(
            "{source} sent {} of ICMP to {target} in {}{within}, {} each{sizes} (threshold {})",
            amount(tally.bytes as f64, "bytes"),
            count(tally.packets, "packets"),
            amount(size, "bytes"),
            figures(self.size)
        );
        let evidence = Evidence::new()
            .integer("packets", tally.packets)
            .integer("bytes", tally.bytes)
            .integer("rev_bytes", tally.rev_bytes)
            .number("smallest_packet", tally.smallest)
            .number("largest_packet", tally.largest);
        let alert = Alert::of(&tally.seen, Verdict::above(size, self.size, severity))
            .about([("src_ip", Part::Address(*source)), ("dst_ip", Part::Address(*target))])
            .shared(None, tally.seen.dst_port(), tally.seen.protocol());
        found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    fn echo(source: &str, i: u64, packets: u64, bytes: u64) -> String {
        flow(source, "192.0.2.1", 0, i, bytes)
            .replace("\"protocol\":6", "\"protocol\":1")
            .replace("\"packets\":1", &format!("\"packets\":{packets}"))
    }

    #[test]
    fn echoes_of_many_sizes_are_a_tunnel_and_large_ones_of_one_size_may_be_a_test() {
        let mut lines: Vec<String> = (0..10).map(|i| echo("10.0.0.1", i, 10, 10 * (300 + 50 * i))).collect();
        lines.extend((0..10).map(|i| echo("10.0.0.2", i, 10, 10 * 1028)));
        lines.extend((0..10).map(|i| echo("10.0.0.3", i, 10, 10 * 84)));
        lines.extend((0..10).map(|i| echo("10.0.0.4", i, 9, 9 * 1028)));
        let found = alerts("icmptunnel", &lines);
        assert_eq!(
            values(&found, &["src_ip", "value", "threshold", "flows", "severity", "protocol"]),
            [r#"["10.0.0.2",1028,128,10,"low",1]"#, r#"["10.0.0.1",525,128,10,"high",1]"#]
        );
        assert_eq!(values(&alerts("icmptunnel:size=1028", &lines), &["value"]), [] as [&str; 0]);
    }
}
