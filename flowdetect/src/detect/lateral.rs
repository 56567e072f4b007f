//! Lateral movement: hosts of one's own that log in to another, which then logs in to the next.
//!
//! Edges are first successful connections between one's own hosts to a port that one administers by; a chain is a path
//! whose edges follow each other in time. Bound: about 120 bytes an edge.

use super::{Built, Detector, Found, Mark, ToAlerts, at_least, ports};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::pairs::deeds::{Outcome, is_reply, outcome};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::{Map, Set, merge};
use flow_record::net::Ranges;
use flow_record::net::special::{self, INTERNAL};
use flow_record::people::{count, duration, figures};
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, text, words};
use flow_record::scan::Line;
use flow_record::state::{State, Taken};
use flow_record::stats::Seen;
use flow_record::value::Address;

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Built::state(Lateral::new(args)?), by_default: true, needs: None };

static SPEC: Spec = Spec {
    name: "lateral",
    about: "chains and fans of log-ins between one's own hosts",
    explain: "\
Looks at flows of TCP between two hosts in `internal` to one of `ports` that were answered, or that at least are no bare \
SYNs, resets or answers of a port below 1024. Of each source, destination and port the first flow is an edge.

chain: an edge follows another to the same port if it begins at the host where that one ended, after it began and at most \
`within` later, and ends at a host that the chain has not met. Alerts where a chain has at least `hops` edges: one alert for the host and port where such \
chains begin. `value` is the length of the longest. Severity: high.

fan: a source with edges to at least `targets` hosts at one port. `value` is their number. Severity: low.

Known to be misled: jump hosts, deployment, monitoring that logs in; a worm whose first connection was before the input.",
    params: &[
        at_least(2, "hops", "3", "edges", "edges of a chain"),
        Param::new("within", ParamKind::Duration(1_000_000_000), "1h", "", "longest time from an edge to the next"),
        at_least(2, "targets", "20", "targets", "hosts of a fan"),
        Param::new("ports", ParamKind::Text, "22+23+135+139+445+3389+5900+5985+5986", "", "ports that one administers by, with + between them"),
        Param::new("internal", ParamKind::Networks, INTERNAL, "", "one's own networks"),
    ],
    needs: &["src_ip", "dst_ip", "dst_port", "src_port", "protocol", "timestamp", "tcp_flags", "packets", "rev_packets"],
    columns: &[
        text("rule", "chain or fan"),
        integer("hops", "edges", "edges of the longest chain"),
        integer("targets", "targets", "hosts that were reached"),
        words("path", "the longest chain, at most 20 hosts"),
        words("sample", "the ten lowest hosts of a fan, ascending"),
    ],
    memory: "about 120 bytes a source, destination and port",
    source: "time-respecting paths (Kempe, Kleinberg, Kumar, Connectivity and Inference Problems for Temporal Networks, 2002); ATT&CK T1021, Remote Services",
};

/// Remote Services.
const TECHNIQUE: &str = "T1021";

/// Hosts that evidence lists.
const PATH: usize = 20;
const SAMPLE: usize = 10;

/// Source, destination, port.
type Edge = (Address, Address, u16);

#[derive(Clone)]
struct Lateral {
    hops: usize,
    /// In nanoseconds.
    within: u64,
    targets: u64,
    ports: Vec<u16>,
    internal: Ranges<bool>,
    edges: Map<Edge, Seen>,
}

/// An edge of a chain: when, and the edge that it follows.
struct Step {
    edge: Edge,
    first: i64,
    hops: usize,
    before: Option<usize>,
}

impl Lateral {
    fn new(args: &Args) -> anyhow::Result<Lateral> {
        Ok(Lateral {
            hops: args.integer("hops") as usize,
            within: args.duration("within"),
            targets: args.integer("targets"),
            ports: ports(&args.list("ports"))?,
            internal: special::internal(args.networks("internal")),
            edges: Map::default(),
        })
    }

    /// The edges in the order of time, each with the longest chain that it ends.
    fn steps(&self) -> Vec<Step> {
        let mut edges: Vec<(u16, i64, Edge)> =
            self.edges.iter().filter_map(|(edge, seen)| Some((edge.2, seen.span()?.first.nanos(), *edge))).collect();
        edges.sort_unstable();
        let mut steps: Vec<Step> = Vec::with_capacity(edges.len());
        // By host and port, the steps that ended there, in the order of time.
        let mut arrivals: Map<(Address, u16), Vec<usize>> = Map::default();
        for (port, first, edge) in edges {
            let near = arrivals.get(&(edge.0, port)).into_iter().flatten().rev();
            let near = near.take_while(|at| first.abs_diff(steps[**at].first) <= self.within);
            let usable = near.filter(|at| steps[**at].first < first && !has_met(&steps, **at, edge.1));
            let before = usable.copied().max_by_key(|at| (steps[*at].hops, std::cmp::Reverse(*at)));
            let hops = before.map_or(1, |at| steps[at].hops + 1);
            arrivals.entry((edge.1, port)).or_default().push(steps.len());
            steps.push(Step { edge, first, hops, before });
        }
        steps
    }

    fn chains(&self, found: &mut Found) {
        let steps = self.steps();
        // By first host and port: the last step of the longest chain, and all hosts that such chains reach.
        let mut longest: Map<(Address, u16), (usize, Set<Address>)> = Map::default();
        for (at, step) in steps.iter().enumerate().filter(|(_, step)| step.hops >= self.hops) {
            let path: Vec<usize> = backwards(&steps, at).collect();
            let Some(root) = path.last().map(|first| (steps[*first].edge.0, step.edge.2)) else { continue };
            let (end, reached) = longest.entry(root).or_insert_with(|| (at, Set::default()));
            if steps[*end].hops < step.hops {
                *end = at;
            }
            reached.extend(path.iter().map(|at| steps[*at].edge.1));
        }
        for ((source, port), (end, reached)) in longest {
            let mut path: Vec<usize> = backwards(&steps, end).collect();
            path.reverse();
            let mut seen = Seen::default();
            path.iter().filter_map(|at| self.edges.get(&steps[*at].edge)).for_each(|edge| seen.merge(edge));
            let hosts: Vec<Address> =
                std::iter::once(source).chain(path.iter().map(|at| steps[*at].edge.1)).take(PATH).collect();
            let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
            let within = seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
            let hops = path.len() as u64;
            let reason = format!(
                "{source} began a chain of {} to port {port}{within}: {} (threshold {})",
                count(hops, "log-ins"),
                names.join(" to "),
                self.hops
            );
            let evidence = Evidence::new().text("rule", "chain").integer("hops", hops);
            let evidence = evidence.integer("targets", reached.len() as u64).addresses("path", hosts.into_iter());
            let verdict = Verdict::above(hops, self.hops as u64, Severity::High);
            found.alerts.push(self.alert(&seen, verdict, (source, port), "chain", reason, evidence));
        }
    }

    fn fans(&self, found: &mut Found) {
        let mut fans: Map<(Address, u16), Vec<Address>> = Map::default();
        self.edges.keys().for_each(|(src, dst, port)| fans.entry((*src, *port)).or_default().push(*dst));
        for ((source, port), mut targets) in fans {
            let n = targets.len() as u64;
            if n < self.targets {
                continue;
            }
            targets.sort_unstable();
            let mut seen = Seen::default();
            targets.iter().filter_map(|t| self.edges.get(&(source, *t, port))).for_each(|edge| seen.merge(edge));
            let within = seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
            let reason = format!(
                "{source} connected to port {port} of {} of one's own in {}{within} (threshold {})",
                count(n, "hosts"),
                count(seen.flows(), "flows"),
                figures(self.targets as f64)
            );
            let evidence = Evidence::new().text("rule", "fan").integer("targets", n);
            let evidence = evidence.addresses("sample", targets.into_iter().take(SAMPLE));
            let verdict = Verdict::above(n, self.targets, Severity::Low);
            found.alerts.push(self.alert(&seen, verdict, (source, port), "fan", reason, evidence));
        }
    }

    fn alert(
        &self,
        seen: &Seen,
        verdict: Verdict,
        (source, port): (Address, u16),
        rule: &str,
        reason: String,
        evidence: Evidence,
    ) -> Alert {
        let about = [("src_ip", Part::Address(source)), ("dst_port", Part::Integer(port.into()))];
        let mut alert = Alert::of(seen, verdict).about(about).shared(None, None, seen.protocol());
        alert.key.push(Part::Text(rule.into()));
        Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert }
    }
}

/// The steps of the chain that ends with this one, from its end.
fn backwards(steps: &[Step], end: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(end), |at| steps.get(*at).and_then(|step| step.before))
}

/// Whether a chain has met a host.
fn has_met(steps: &[Step], end: usize, host: Address) -> bool {
    backwards(steps, end).any(|at| steps[at].edge.0 == host || steps[at].edge.1 == host)
}

impl Mark for Lateral {}

impl State for Lateral {
    type Goal = ToAlerts;

    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let flow = line.flow;
        let Some(port) = flow.dst_port().filter(|port| self.ports.binary_search(port).is_ok()) else { return Ok(()) };
        let (Some(src), Some(dst)) = (flow.src_ip(), flow.dst_ip()) else { return Ok(()) };
        let is_own = src != dst && self.internal.at(src) && self.internal.at(dst);
        let is_tcp = flow.protocol().is_none_or(|protocol| protocol == 6);
        if !is_own || !is_tcp || is_reply(flow) || !matches!(outcome(flow), Outcome::Answered) {
            return Ok(());
        }
        if flow.time().is_none() {
            return Err("timestamp");
        }
        self.edges.entry((src, dst, port)).or_default().add(flow);
        Ok(())
    }

    fn merge(&mut self, other: Lateral) {
        merge(&mut self.edges, other.edges, |a, b| a.merge(&b));
    }

    fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    fn empty(&self) -> Lateral {
        Lateral { edges: Map::default(), ..self.clone() }
    }

    fn finish(self, found: &mut Found) {
        self.chains(found);
        self.fans(found);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::detect::tests::{alerts, flow, values};

    fn login(source: u64, target: u64, port: u16, start: u64) -> String {
        flow(&format!("10.0.0.{source}"), &format!("10.0.0.{target}"), port, start, 9000)
            .replace("\"bytes\"", "\"tcp_flags\":27,\"bytes\"")
    }

    #[test]
    fn a_chain_that_follows_time_is_found_and_one_against_it_is_not() {
        let mut lines = vec![login(1, 2, 445, 10), login(2, 3, 445, 20), login(3, 4, 445, 30), login(3, 5, 445, 40)];
        // Against time; to several ports; in a circle; with a gap of more than an hour.
        lines.extend([login(11, 12, 445, 30), login(12, 13, 445, 20), login(13, 14, 445, 10)]);
        lines.extend([login(21, 22, 445, 10), login(22, 23, 22, 20), login(23, 24, 445, 30)]);
        lines.extend([login(31, 32, 445, 10), login(32, 31, 445, 20), login(31, 33, 445, 30)]);
        lines.extend([login(41, 42, 445, 10), login(42, 43, 445, 20), login(43, 44, 445, 3700)]);
        let found = alerts("lateral", &lines);
        assert_eq!(
            values(&found, &["src_ip", "dst_port", "value", "threshold", "severity"]),
            [r#"["10.0.0.1",445,3,3,"high"]"#]
        );
        let evidence = &found[0]["evidence"];
        assert_eq!(evidence["path"], serde_json::json!(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]));
        assert_eq!(evidence["targets"], 4);
        assert_eq!(alerts("lateral:within=2h", &lines).len(), 2);
        assert!(alerts("lateral:hops=4", &lines).is_empty());
        assert!(alerts("lateral:internal=192.168.0.0/16", &lines).is_empty());
        assert!(alerts("lateral:ports=22", &lines).is_empty());
    }

    #[test]
    fn many_targets_at_one_port_are_a_fan() {
        let lines: Vec<String> = (2..22).map(|i| login(1, i, 22, i)).collect();
        let found = alerts("lateral", &lines);
        assert_eq!(values(&found, &["src_ip", "value", "severity"]), [r#"["10.0.0.1",20,"low"]"#]);
        assert!(alerts("lateral:targets=21", &lines).is_empty());
        // Those that nobody answered are no edges.
        let tries = lines.iter().map(|l| l.replace("\"tcp_flags\":27", "\"tcp_flags\":2").replace(":9000", ":44"));
        let tries: Vec<String> = tries.collect();
        assert!(alerts("lateral", &tries).is_empty());
    }
}
