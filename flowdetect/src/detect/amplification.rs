//! Reflection: answers of many servers that nobody asked, to one host.
//!
//! Services over UDP that answer with more than they are asked (US-CERT TA14-017A) send to whoever the question says that
//! it comes from. Bound: about 300 bytes a destination and service, and what its set of reflectors holds.

use super::{Built, Detector, Found, at_least, at_least_0};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::keyed::{Keyed, Sort, Tally};
use flow_record::item::{Args, Spec};
use flow_record::people::{amount, count, duration, figures};
use flow_record::record::Flow;
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, number, words};
use flow_record::stats::{Addresses, Seen, SketchKey};
use flow_record::value::Address;

pub(super) const DETECTOR: Detector = Detector {
    spec: &SPEC,
    build: |args, _| Built::state(Keyed::new(Amplification::new(args))),
    by_default: true,
    needs: None,
};

static SPEC: Spec = Spec {
    name: "amplification",
    about: "large answers of many servers to a host that did not ask",
    explain: "\
Looks at UDP to and from ports 17, 19, 53, 69, 111, 123, 137, 161, 389, 520, 1900, 3283, 3702, 5353, 5683, 10001, 11211, \
27015, 27960 and 37810. Alerts where a host got answers from such a port of at least `reflectors` servers, of at least \
`size` bytes a packet on average, and at least `factor` times the bytes that it sent to that port of any server. What a \
server answers in the same record as it is asked counts on both sides. `value` is the number of servers. Severity: critical.

Known to be misled: resolvers and game servers whose questions are not among the flows.",
    params: &[
        at_least(1, "reflectors", "20", "servers", "servers that answered"),
        at_least_0("size", "300", "bytes", "mean bytes of a packet of answers"),
        at_least_0("factor", "5", "", "bytes of answers for one of questions"),
    ],
    needs: &["src_ip", "dst_ip", "src_port", "dst_port", "protocol", "packets", "bytes", "rev_packets", "rev_bytes", "timestamp"],
    columns: &[
        integer("reflectors", "servers", "servers that answered"),
        integer("packets", "packets", "packets of answers"),
        integer("bytes", "bytes", "bytes of answers"),
        integer("asked", "bytes", "bytes of questions"),
        number("per_packet", "bytes", "mean bytes of a packet of answers"),
        words("sample", "ten of the servers, ascending"),
    ],
    memory: "about 300 bytes a host and service, at most 4 194 304 of them, and 4 bytes a server, up to 16 KiB",
    source: "US-CERT alert TA14-017A, UDP-Based Amplification Attacks; ATT&CK T1498.002, Reflection Amplification",
};

/// Network Denial of Service: Reflection Amplification.
const TECHNIQUE: &str = "T1498.002";

/// Ports of services that reflect, ascending.
const PORTS: [u16; 20] =
    [17, 19, 53, 69, 111, 123, 137, 161, 389, 520, 1900, 3283, 3702, 5353, 5683, 10001, 11211, 27015, 27960, 37810];

/// Servers that evidence lists.
const SAMPLE: usize = 10;

#[derive(Clone, Debug)]
struct Amplification {
    reflectors: u64,
    size: f64,
    factor: f64,
    key: SketchKey,
}

/// What a host and servers of a kind have exchanged.
#[derive(Clone, Debug, Default)]
struct Exchange {
    /// Answers.
    seen: Seen,
    packets: u64,
    bytes: u64,
    asked: u64,
    reflectors: Addresses,
    last: i64,
    key: SketchKey,
}

impl Tally for Exchange {
    fn merge(&mut self, other: Exchange) {
        self.seen.merge(&other.seen);
        self.packets = self.packets.saturating_add(other.packets);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.asked = self.asked.saturating_add(other.asked);
        self.reflectors.merge(other.reflectors, &self.key);
        self.last = self.last.max(other.last);
    }

    fn last(&self) -> i64 {
        self.last
    }
}

impl Amplification {
    fn new(args: &Args) -> Amplification {
        Amplification {
            reflectors: args.integer("reflectors"),
            size: args.number("size"),
            factor: args.number("factor"),
            key: SketchKey::default(),
        }
    }
}

/// The port of a service that reflects.
fn service(port: Option<u16>) -> Option<u16> {
    port.filter(|port| PORTS.binary_search(port).is_ok())
}

impl Sort for Amplification {
    /// The host that gets answers, and the port of the service.
    type Key = (Address, u16);
    type Tally = Exchange;

    #[inline]
    fn key(&self, flow: &Flow) -> Result<Option<Self::Key>, &'static str> {
        if flow.protocol() != Some(17) {
            return Ok(None);
        }
        let (Some(src), Some(dst)) = (flow.src_ip(), flow.dst_ip()) else { return Ok(None) };
        Ok(match (service(flow.src_port()), service(flow.dst_port())) {
            (_, Some(port)) => Some((src, port)),
            (Some(port), None) => Some((dst, port)),
            (None, None) => None,
        })
    }

    fn tally(&self) -> Exchange {
        Exchange { last: i64::MIN, key: self.key.clone(), ..Exchange::default() }
    }

    fn add(&self, (host, _): &Self::Key, tally: &mut Exchange, flow: &Flow) {
        tally.last = tally.last.max(flow.time().map_or(i64::MIN, |t| t.nanos()));
        let asks = flow.src_ip() == Some(*host);
        let (packets, bytes, server) = match asks {
            true => {
                tally.asked = tally.asked.saturating_add(flow.bytes().unwrap_or(0));
                (flow.rev_packets().unwrap_or(0), flow.rev_bytes().unwrap_or(0), flow.dst_ip())
            }
            false => (flow.packets().unwrap_or(0), flow.bytes().unwrap_or(0), flow.src_ip()),
        };
        if asks && bytes == 0 {
            return;
        }
        tally.seen.add(flow);
        tally.packets = tally.packets.saturating_add(packets);
        tally.bytes = tally.bytes.saturating_add(bytes);
        if let Some(server) = server {
            tally.reflectors.insert(server, &self.key);
        }
    }

    fn judge(&self, (host, port): &Self::Key, tally: &Exchange, found: &mut Found) {
        let reflectors = tally.reflectors.count();
        let per_packet = tally.bytes as f64 / tally.packets.max(1) as f64;
        let is_asked = (tally.bytes as f64) < self.factor * tally.asked as f64;
        if reflectors.value < self.reflectors || per_packet < self.size || is_asked {
            return;
        }
        let within = tally.seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let reason = format!(
            "{host} got {} from UDP port {port} of {}{within}, {} a packet, having sent {} there (threshold {} servers)",
            amount(tally.bytes as f64, "bytes"),
            count(reflectors.value, "servers"),
            amount(per_packet, "bytes"),
            amount(tally.asked as f64, "bytes"),
            figures(self.reflectors as f64)
        );
        let evidence = Evidence::new()
            .integer("reflectors", reflectors.value)
            .integer("packets", tally.packets)
            .integer("bytes", tally.bytes)
            .integer("asked", tally.asked)
            .number("per_packet", per_packet);
        let evidence = match tally.reflectors.exact() {
            Some(mut servers) => {
                servers.sort_unstable();
                evidence.addresses("sample", servers.into_iter().take(SAMPLE))
            }
            None => evidence,
        };
        let verdict = Verdict::above(reflectors.value, self.reflectors, Severity::Critical);
        let members = [("dst_ip", Part::Address(*host)), ("src_port", Part::Integer((*port).into()))];
        let alert = Alert::of(&tally.seen, verdict).about(members).shared(None, None, Some(17));
        found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    fn answer(server: u64, host: &str, bytes: u64) -> String {
        flow(&format!("203.0.113.{server}"), host, 4444, server, bytes)
            .replace("\"protocol\":6", "\"protocol\":17,\"src_port\":123")
    }

    fn question(host: &str, server: u64, bytes: u64) -> String {
        flow(host, &format!("203.0.113.{server}"), 123, server, bytes).replace("\"protocol\":6", "\"protocol\":17")
    }

    #[test]
    fn answers_that_nobody_asked_for_are_reported_and_others_are_not() {
        let mut lines: Vec<String> = (0..20).map(|i| answer(i, "192.0.2.1", 468)).collect();
        lines.extend((0..19).map(|i| answer(i, "192.0.2.2", 468)));
        lines.extend((0..20).map(|i| answer(i, "192.0.2.3", 76)));
        // Asked for: in flows of their own, or in the same record.
        lines.extend((0..20).flat_map(|i| [answer(i, "192.0.2.4", 468), question("192.0.2.4", i, 100)]));
        lines.extend((0..20).map(|i| {
            question("192.0.2.5", i, 100).replace("\"bytes\"", "\"rev_packets\":1,\"rev_bytes\":468,\"bytes\"")
        }));
        let found = alerts("amplification", &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_ip", "src_port", "protocol", "value", "threshold", "flows", "severity"]),
            [r#"[null,"192.0.2.1",123,17,20,20,20,"critical"]"#]
        );
        let evidence = &found[0]["evidence"];
        assert_eq!(
            (&evidence["bytes"], &evidence["asked"], &evidence["per_packet"]),
            (&9360.into(), &0.into(), &468.into())
        );
        // 4.68 times what was asked.
        assert_eq!(alerts("amplification:factor=4.6", &lines).len(), 3);
    }
}
