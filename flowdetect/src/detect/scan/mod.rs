//! Scans by outcome: sources whose contacts fail, told from those that are asked, flooded or busy.
//!
//! Three rules over one table: Jung's sequential test ([`walk`]) and SiLK's logistic models ([`model`]) over the targets of
//! a source, and a count of ports over those of one target. Which contacts failed is looked up in both directions of a
//! pair, see [`deeds`](crate::pairs::deeds), so that flows of one direction do as well as those of both. Bound: that of the
//! table of pairs with deeds and ports, and 40 bytes a contact of the sources that have failures.

mod model;
mod walk;

use super::{Built, Detector, Found, at_least, is_group};
use crate::alert::{Alert, Evidence, Severity, Verdict};
use crate::ends::Ends;
use crate::pairs::deeds::Deeds;
use crate::pairs::{Has, Pair, PairRule, Pairs};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::Map;
use flow_record::people::{count, duration, figures};
use flow_record::record::key::Part;
use flow_record::record::{Field, Kind};
use flow_record::row::columns::{integer, number, text, words};
use flow_record::stats::{Ports, Seen};
use flow_record::value::Address;
use model::{Features, Protocol};
use std::net::IpAddr;
use walk::Test;

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Built::pairs(Scan::new(args)?), by_default: true, needs: None };

static SPEC: Spec = Spec {
    name: "scan",
    about: "sources whose contacts fail: scanners, not who is scanned",
    explain: "\
Looks at whether contacts are answered. A contact, which is a source and a target, failed if some flow asks and none is \
answered, in neither direction: TCP's SYN without an ACK of its own, without data and without a SYN-ACK (Zeek's S0, REJ, RSTOS0, SH), or, \
without flags, TCP of at most 3 packets, UDP and echo requests without anything that comes back. Resets, lone SYN-ACKs, \
ICMP's errors and UDP from a port below 1024 to one above ask nothing, so that neither who is scanned nor the target of a \
flood with forged addresses is blamed. Contacts with groups (multicast, broadcast, IPv4 addresses that end in .255) do not \
count.

test: the contacts of a source in the order of their first flow, equal times by target, are put to the sequential test of \
Jung and others: each moves a logarithm of likelihood by ln((1-scanner)/(1-benign)) if it failed, by ln(scanner/benign) if \
not; at ln(beta/alpha) the source is a scanner, after four net failures at the defaults. At ln((1-beta)/(1-alpha)) it is \
benign and the sum goes no lower. `value` is the highest sum. Severity: high if at least `targets` contacts failed, else low.

model: a source with at least 4 failed contacts and at least `flows` flows of a protocol, whom the test does not name, is \
put to SiLK's logistic models of TCP, UDP and ICMP. `value` is the probability, `threshold` 0.5, exceeded strictly. \
Severity: low.

ports: a source and a target with at least `ports` distinct destination ports, of which at least half as many flows failed \
as there are ports. `value` is the number of ports. Severity: high.

Known to be misled: hosts whose peers are often gone (peer-to-peer, crawlers, mail servers), monitoring of dead hosts. A \
scan that is answered everywhere is none here; sweep counts it.",
    params: &[
        at_least(1, "targets", "25", "targets", "failed contacts from which on the test's finding is high"),
        Param::new("ports", ParamKind::Integer(2, 65_536), "15", "ports", "distinct ports of one target from which on there is an alert"),
        at_least(1, "flows", "32", "flows", "flows of a protocol from which on its model is asked"),
        Param::new("benign", ParamKind::Number(0.01, 0.99), "0.8", "", "share of contacts of benign sources that are answered"),
        Param::new("scanner", ParamKind::Number(0.01, 0.99), "0.2", "", "the same of scanners; below benign"),
        Param::new("alpha", ParamKind::Number(1e-9, 0.5), "0.01", "", "share of benign sources that may be called scanners"),
        Param::new("beta", ParamKind::Number(0.5, 1.0), "0.99", "", "share of scanners to be found"),
    ],
    needs: &["src_ip", "dst_ip", "timestamp", "protocol", "src_port", "dst_port", "packets", "bytes", "rev_packets", "tcp_flags", "rev_tcp_flags", "icmp_type", "state"],
    columns: &[
        text("rule", "test, model or ports"),
        integer("targets", "targets", "contacts"),
        integer("failed", "", "contacts that failed; of rule ports: flows that did"),
        number("likelihood", "", "the highest sum of the test"),
        number("probability", "", "that of the model"),
        integer("unique_ports", "ports", "distinct destination ports"),
        Field { name: "ports", kind: Kind::Numbers, unit: "", about: "the lowest 20 of them, ascending" },
        words("sample", "the ten lowest failed targets, ascending"),
    ],
    memory: "the table of pairs: about 180 bytes a source and destination of IPv4, 220 of IPv6, in each thread that meets them, shared with the other detectors over pairs; more from 2 ports on, see portscan; 40 bytes a contact of sources with failures at the end",
    source: "Jung, Paxson, Berger, Balakrishnan, Fast Portscan Detection Using Sequential Hypothesis Testing (2004); SiLK rwscan 3.19.1; ATT&CK T1046, Network Service Discovery",
};

/// Network Service Discovery.
const TECHNIQUE: &str = "T1046";

/// Failed contacts below which a source is not looked at: the test cannot reach its end at the defaults.
const FEWEST: u32 = 4;

/// Ports and addresses that evidence lists.
const PORTS: usize = 20;
const SAMPLE: usize = 10;

#[derive(Clone, Debug)]
struct Scan {
    targets: u64,
    ports: u64,
    flows: u64,
    test: Test,
}

/// A source and a target.
#[derive(Clone, Copy)]
struct Contact<'p> {
    source: Address,
    first: i64,
    target: Address,
    failed: bool,
    pair: Pair<'p>,
}

/// How many flows of a pair failed.
fn failures(deeds: &Deeds, ends: Ends, pairs: &Pairs) -> u32 {
    if deeds.tries + deeds.quiet == 0 {
        return 0;
    }
    let back = pairs.back(ends);
    let all = back.tcp.saturating_add(back.udp).saturating_add(back.icmp);
    let answers = all.saturating_sub(back.refusals).saturating_sub(back.tries);
    if answers > 0 { deeds.tries.saturating_sub(answers) } else { deeds.tries.saturating_add(deeds.quiet) }
}

/// Whether the contact failed.
fn has_failed(deeds: &Deeds, ends: Ends, pairs: &Pairs) -> bool {
    deeds.answered == 0 && failures(deeds, ends, pairs) > 0
}

impl Scan {
    fn new(args: &Args) -> anyhow::Result<Scan> {
        let (benign, scanner) = (args.number("benign"), args.number("scanner"));
        anyhow::ensure!(scanner < benign, "scanner={scanner} is to be below benign={benign}");
        let test = Test::new(benign, scanner, args.number("alpha"), args.number("beta").min(1.0 - 1e-12));
        Ok(Scan { targets: args.integer("targets"), ports: args.integer("ports"), flows: args.integer("flows"), test })
    }

    /// The contacts of sources that have failures enough, by source and time.
    fn contacts<'p>(pairs: &'p Pairs) -> Vec<Contact<'p>> {
        let mut failed: Map<Address, u32> = Map::default();
        let all = || pairs.having(NEEDS).filter_map(|pair| Some((pair, pair.ends.src?, pair.ends.dst?)));
        let all = || all().filter(|(_, _, target)| !is_group(*target));
        for (pair, source, _) in all() {
            if has_failed(&pair.deeds(), pair.ends, pairs) {
                *failed.entry(source).or_default() += 1;
            }
        }
        failed.retain(|_, n| *n >= FEWEST);
        let mut contacts: Vec<Contact<'p>> = all()
            .filter(|(_, source, _)| failed.contains_key(source))
            .filter_map(|(pair, source, target)| {
                let deeds = pair.deeds();
                let asks = deeds.tries > 0 || deeds.quiet > 0 || deeds.answered > 0;
                let first = pair.seen().span().map_or(i64::MIN, |span| span.first.nanos());
                asks.then(|| Contact { source, first, target, failed: has_failed(&deeds, pair.ends, pairs), pair })
            })
            .collect();
        contacts.sort_unstable_by_key(|c| (c.source, c.first, c.target));
        contacts
    }

    /// What is found of one source.
    fn judge(&self, contacts: &[Contact<'_>], found: &mut Found) {
        let Some(first) = contacts.first() else { return };
        let failed: Vec<&Contact<'_>> = contacts.iter().filter(|c| c.failed).collect();
        let likelihood = self.test.highest(contacts.iter().map(|c| c.failed));
        let about = Findings { source: first.source, contacts, failed: &failed, likelihood };
        if likelihood >= self.test.upper {
            let severity = if failed.len() as u64 >= self.targets { Severity::High } else { Severity::Low };
            let verdict = Verdict::above(likelihood, self.test.upper, severity);
            let (sum, threshold) = (figures(likelihood), figures(self.test.upper));
            let says = format!("a scanner by the sequential test ({sum}, threshold {threshold})");
            found.alerts.push(about.alert("test", verdict, None, &says));
            return;
        }
        for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Icmp] {
            let features = features(protocol, contacts);
            let probability = model::probability(protocol, &features);
            if features.flows >= self.flows as f64 && probability > 0.5 {
                let verdict = Verdict { score: probability, ..Verdict::above(probability, 0.5, Severity::Low) };
                let says = format!("a scan with probability {} (threshold 0.5)", figures(probability));
                found.alerts.push(about.alert("model", verdict, Some(probability), &says));
                return;
            }
        }
    }

    /// Who tried many ports of one target.
    fn ports(&self, pairs: &Pairs, found: &mut Found) {
        for pair in pairs.having(NEEDS) {
            let Ends { src: Some(source), dst: Some(target) } = pair.ends else { continue };
            if pair.port_count() < self.ports {
                continue;
            }
            let (ports, failed) = (pair.ports(), failures(&pair.deeds(), pair.ends, pairs));
            let n = ports.count();
            if u64::from(failed) * 2 < n {
                continue;
            }
            let seen = pair.seen();
            let within = seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
            let reason = format!(
                "{source} tried {} of {target} in {}{within}, {} of them in vain (threshold {})",
                count(n, "ports"),
                count(seen.flows(), "flows"),
                figures(failed.into()),
                figures(self.ports as f64)
            );
            let evidence = Evidence::new().text("rule", "ports").integer("failed", failed).integer("unique_ports", n);
            let alert = Alert::of(&seen, Verdict::above(n, self.ports, Severity::High))
                .about([("src_ip", Part::Address(source)), ("dst_ip", Part::Address(target))])
                .shared(None, None, seen.protocol());
            let evidence = evidence.ports("ports", ports.iter().take(PORTS));
            found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
        }
    }
}

/// What an alert about a source says.
struct Findings<'c, 'p> {
    source: Address,
    contacts: &'c [Contact<'p>],
    failed: &'c [&'c Contact<'p>],
    likelihood: f64,
}

impl Findings<'_, '_> {
    fn alert(&self, rule: &str, verdict: Verdict, probability: Option<f64>, says: &str) -> Alert {
        let (mut seen, mut ports) = (Seen::default(), Ports::new());
        for contact in self.failed {
            seen.merge(&contact.pair.seen());
            contact.pair.add_ports(&mut ports);
        }
        let mut targets: Vec<Address> = self.failed.iter().map(|c| c.target).collect();
        targets.sort_unstable();
        let within = seen.span().map(|s| format!(" within {}", duration(s.seconds()))).unwrap_or_default();
        let on = seen.dst_port().map(|port| format!(", all to port {port}")).unwrap_or_default();
        let reason = format!(
            "{} of {} of {} failed{within}{on}: {says}",
            figures(self.failed.len() as f64),
            count(self.contacts.len() as u64, "contacts"),
            self.source
        );
        let evidence = Evidence::new()
            .text("rule", rule)
            .integer("targets", self.contacts.len() as u64)
            .integer("failed", self.failed.len() as u64)
            .number("likelihood", self.likelihood);
        let evidence = probability.into_iter().fold(evidence, |e, p| e.number("probability", p));
        let evidence = evidence
            .integer("unique_ports", ports.count())
            .ports("ports", ports.iter().take(PORTS))
            .addresses("sample", targets.into_iter().take(SAMPLE));
        let alert = Alert::of(&seen, verdict).about([("src_ip", Part::Address(self.source))]);
        let alert = alert.shared(None, seen.dst_port(), seen.protocol());
        Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert }
    }
}

/// What the flows of a source in a protocol look like.
fn features(protocol: Protocol, contacts: &[Contact<'_>]) -> Features {
    let of = |deeds: &Deeds| match protocol {
        Protocol::Tcp => deeds.tcp,
        Protocol::Udp => deeds.udp,
        Protocol::Icmp => deeds.icmp,
    };
    let mut f = Features::default();
    let (mut all, mut targets, mut ports) = (Deeds::default(), Vec::new(), 0.0);
    for contact in contacts {
        let deeds = contact.pair.deeds();
        if of(&deeds) == 0 {
            continue;
        }
        all.merge(&deeds);
        targets.push(contact.target);
        ports += deeds.source_ports();
        let low: Vec<u16> = contact.pair.ports().iter().take_while(|port| *port < 1024).collect();
        f.low_ports = f.low_ports.max(low.len() as f64);
        f.low_run = f.low_run.max(longest_run(low.iter().map(|port| u128::from(*port))) as f64);
    }
    targets.sort_unstable();
    let number = |address: &Address| match address.0 {
        IpAddr::V4(a) => u128::from(u32::from(a)),
        IpAddr::V6(a) => u128::from(a),
    };
    for network in targets.chunk_by(|a, b| number(a) >> 8 == number(b) >> 8) {
        f.run = f.run.max(longest_run(network.iter().map(number)) as f64);
        f.in_network = f.in_network.max(network.len() as f64);
    }
    let mut networks: Vec<u128> = targets.iter().map(|a| number(a) >> 8).collect();
    networks.dedup();
    let n = targets.len() as f64;
    Features {
        flows: f64::from(of(&all)),
        targets: n,
        noack: f64::from(all.noack),
        small: f64::from(all.small),
        payload: f64::from(all.payload),
        backscatter: f64::from(all.backscatter),
        sports: all.source_ports(),
        sports_per_target: if n > 0.0 { ports / n } else { 0.0 },
        networks: longest_run(networks.into_iter()) as f64,
        echo: f64::from(all.echo),
        ..f
    }
}

/// The longest run of numbers that follow each other, in ascending ones.
fn longest_run(sorted: impl Iterator<Item = u128>) -> u64 {
    let (mut longest, mut run, mut last) = (0, 0, None);
    for number in sorted {
        run = if last.is_some_and(|l: u128| l + 1 == number) { run + 1 } else { 1 };
        longest = longest.max(run);
        last = Some(number);
    }
    longest
}

/// What a flow must have.
const NEEDS: &[Has] = &[Has::SRC, Has::DST];

impl PairRule for Scan {
    fn needs(&self) -> &'static [Has] {
        NEEDS
    }

    fn wants_ports(&self) -> bool {
        true
    }

    fn wants_deeds(&self) -> bool {
        true
    }

    fn again(&self) -> Box<dyn PairRule> {
        Box::new(self.clone())
    }

    fn finish(&self, pairs: &Pairs, found: &mut Found) {
        let contacts = Scan::contacts(pairs);
        for source in contacts.chunk_by(|a, b| a.source == b.source) {
            self.judge(source, found);
        }
        self.ports(pairs, found);
    }
}

#[cfg(test)]
mod tests;
