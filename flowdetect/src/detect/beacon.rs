//! Beacons: calls from one host to one service of another at regular times.
//!
//! Two rules: the jitter ratio of the gaps, exact from nanoseconds, and RITA's four-part score ([`score`]). Both look at
//! all starts of a key at once, sorted, so that the order of the input does not matter and every start is kept. Bound: that
//! of the table of pairs, and 24 bytes a flow.

mod score;

use super::{Built, Detector, Found, at_least, at_least_0, is_group, ports};
use crate::alert::{Alert, Evidence, Severity, Verdict, share};
use crate::ends::Ends;
use crate::pairs::{Has, PairRule, Pairs, Service};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::Map;
use flow_record::net::Ranges;
use flow_record::net::special::{self, INTERNAL};
use flow_record::people::{amount, count, duration, figures};
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, number, text};
use flow_record::stats::Moments;
use flow_record::stats::{Seen, Span};
use flow_record::value::{Address, Time};
use score::Score;

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Built::pairs(Beacon::new(args)?), by_default: true, needs: None };

static SPEC: Spec = Spec {
    name: "beacon",
    about: "regular calls from one host to one service of another",
    explain: "\
For each source, destination and destination port with at least `flows` flows that have a time:

The jitter rule alerts where the population deviation of the gaps between sorted start times, divided by their mean, is \
below `jitter`, strictly; it is exact from nanoseconds. No alert where the mean gap is 0.

The score rule alerts where RITA's four-part score is at least `score`. It is the mean of four parts between 0 and 1, with \
times in whole seconds: `ts`, how symmetric (Bowley's skewness) and narrow (median absolute deviation) the gaps lie around \
their median; `ds`, the same of the bytes a flow; `hist`, how even the flows are over 24 equal parts of the input, or how \
well these are of two levels; `dur`, the share of the input from first to last flow, or the longest run of parts with \
flows out of 12, if at least 6 have any. It needs four different seconds, and fewer \
flows than 86 400 or, where the input lasts longer than a day, than it has seconds: more are a flood and no beacon.

rule=either is both. `value` is the score where the score rule holds, else 1 - the jitter ratio, and `threshold` 1 - \
`jitter`, so that what is most regular comes first; the alert's score is the four-part score, or jitter threshold / \
(threshold + ratio). With rule=jitter alone `value` is the ratio itself. Evidence has the ratio and, where there is one, the \
score and its parts, whichever rule held.

Severity: with rule=jitter critical. With the others high, but low where it is usual: the port is one of `services`, the \
destination lies in `internal` or is a group (multicast, broadcast), calls are rarer than `beats` a day by their mean gap, or \
at least ten sources and at least `prevalence` of all have flows to the destination. Sources are those in `internal`, or all \
where none is. Evidence says what is `usual` about it. So a web service that is polled once an hour, or a time server, is \
low, and malware that calls every few seconds is high.

Known to be misled: clockwork towards the outside that few hosts have, as agents and updates of one product; malware that \
`prevalence` of all hosts have calls where many call, and is low; `hist` and `dur` measure against the span of \
the input, so that they say little in less than a day. ts alone is above 0.5 for flows at random.",
    params: &[
        at_least(2, "flows", "10", "flows", "least number of flows of a key"),
        at_least_0("jitter", "0.15", "", "alert below this ratio of deviation and mean of the gaps"),
        Param::new("rule", ParamKind::Choice(&["jitter", "score", "either"]), "either", "", "which rule"),
        Param::new("score", ParamKind::Number(0.0, 1.0), "0.8", "", "alert from this four-part score on"),
        at_least_0("beats", "72", "calls", "calls a day below which it is usual"),
        Param::new("prevalence", ParamKind::Number(0.0, 1.0), "0.05", "", "share of sources from which on a destination is usual"),
        Param::new("services", ParamKind::Text, SERVICES, "", "ports of clockwork that is usual, with + between them"),
        Param::new("internal", ParamKind::Networks, INTERNAL, "", "one's own networks"),
    ],
    needs: &["timestamp", "src_ip", "dst_ip", "dst_port", "bytes", "protocol"],
    columns: &[
        integer("flows", "flows", "flows of the key that have a time"),
        number("mean_interval", "s", "mean gap between starts"),
        number("jitter", "", "population deviation of the gaps / their mean"),
        number("score", "", "four-part score"),
        number("ts", "", "its part for times"),
        number("ds", "", "its part for data sizes"),
        number("dur", "", "its part for the duration"),
        number("hist", "", "its part for the histogram"),
        integer("sources", "sources", "sources with flows to the destination"),
        number("prevalence", "", "their share of all sources"),
        text("usual", "why it is of low severity: service, internal, rare, prevalent"),
    ],
    memory: "24 bytes a flow, and at the end as much again for those of pairs with enough flows; the table of pairs: about 90 bytes a source and destination of IPv4, 130 of IPv6, in each thread that meets them, shared with the other detectors over pairs",
    source: "activecm/rita v5, analysis/beacons.go (score); ATT&CK T1071, Application Layer Protocol",
};

/// Application Layer Protocol.
const TECHNIQUE: &str = "T1071";

/// DNS, DHCP, NTP, NetBIOS, SNMP, syslog, SSDP, mDNS, LLMNR.
const SERVICES: &str = "53+67+123+137+138+161+162+514+1900+5353+5355";

/// Sources of a destination below which it is not prevalent, whatever their share.
const FEW: u64 = 10;

const DAY: f64 = 86_400.0;

#[derive(Clone, Debug)]
struct Beacon {
    flows: u64,
    jitter: f64,
    score: f64,
    by_jitter: bool,
    by_score: bool,
    beats: f64,
    prevalence: f64,
    services: Vec<u16>,
    internal: Ranges<bool>,
}

/// What is known of the calls of a key.
struct Rhythm {
    seen: Seen,
    /// Mean gap in seconds.
    mean: f64,
    /// Deviation of the gaps as a share of the mean, where that is not 0.
    jitter: Option<f64>,
    score: Option<Score>,
}

impl Beacon {
    fn new(args: &Args) -> anyhow::Result<Beacon> {
        let rule = args.text("rule");
        Ok(Beacon {
            flows: args.integer("flows"),
            jitter: args.number("jitter"),
            score: args.number("score"),
            by_jitter: rule != Some("score"),
            by_score: rule != Some("jitter"),
            beats: args.number("beats"),
            prevalence: args.number("prevalence"),
            services: ports(&args.list("services"))?,
            internal: special::internal(args.networks("internal")),
        })
    }

    /// Why such calls are usual, if they are.
    fn usual(&self, service: &Service<'_>, rhythm: &Rhythm, sources: &Sources) -> Option<&'static str> {
        let target = service.ends.dst;
        let is_own = target.is_some_and(|a| self.internal.at(a) || is_group(a));
        let (n, share) = sources.of(target);
        match () {
            () if self.services.contains(&service.port) => Some("service"),
            () if is_own => Some("internal"),
            () if rhythm.mean * self.beats > DAY => Some("rare"),
            () if n >= FEW && share >= self.prevalence => Some("prevalent"),
            () => None,
        }
    }

    /// How many sources have flows to each destination.
    fn sources(&self, pairs: &Pairs) -> Sources {
        let mut all: Map<Address, bool> = Map::default();
        let mut of: Map<Address, [u64; 2]> = Map::default();
        for pair in pairs.having(BOTH_ENDS) {
            let Ends { src: Some(source), dst: Some(target) } = pair.ends else { continue };
            let is_own = *all.entry(source).or_insert_with(|| self.internal.at(source));
            let counts = of.entry(target).or_default();
            counts[0] += 1;
            counts[1] += u64::from(is_own);
        }
        let own = all.values().filter(|own| **own).count() as u64;
        Sources { all: if own > 0 { own } else { all.len() as u64 }, by_own: own > 0, of }
    }

    /// The rhythm of the calls; `input` is from first to last start of the whole input.
    fn rhythm(service: &Service<'_>, input: Span) -> Rhythm {
        let starts: Vec<i64> = service.starts().collect();
        let mut gaps = Moments::new();
        starts.windows(2).for_each(|w| gaps.add(w[1].abs_diff(w[0])));
        let jitter = (gaps.sum() > 0).then(|| gaps.deviation_population() / gaps.mean());
        let mut seen = Seen::default();
        let protocol = service.protocol();
        for start in [starts.first(), starts.last()].into_iter().flatten() {
            seen.add_parts(0, Some(Time(*start)), input.digits, protocol, Some(service.port));
        }
        seen.add_flows(starts.len() as u64);
        let seconds: Vec<i64> = starts.iter().map(|start| Time(*start).seconds()).collect();
        let mut bytes: Vec<u64> = service.bytes().collect();
        bytes.sort_unstable();
        let data = (input.first.seconds(), input.last.seconds());
        Rhythm { seen, mean: gaps.mean() / 1e9, jitter, score: score::score(&seconds, &bytes, data) }
    }

    /// The verdict of the rules that are asked for, on calls that are not usual.
    fn verdict(&self, rhythm: &Rhythm) -> Option<Verdict> {
        let jitter = rhythm.jitter.filter(|jitter| self.by_jitter && *jitter < self.jitter);
        let score = rhythm.score.map(|s| s.total).filter(|score| self.by_score && *score >= self.score);
        let verdict = |value: f64, threshold: f64, score, severity| {
            Some(Verdict { value: value.into(), threshold: threshold.into(), score, severity })
        };
        match (score, jitter) {
            (Some(value), _) => verdict(value, self.score, value, Severity::High),
            (None, Some(ratio)) => {
                let score = share(self.jitter, ratio);
                match self.by_score {
                    true => verdict(1.0 - ratio, 1.0 - self.jitter, score, Severity::High),
                    false => verdict(ratio, self.jitter, score, Severity::Critical),
                }
            }
            (None, None) => None,
        }
    }

    fn reason(&self, service: &Service<'_>, rhythm: &Rhythm) -> String {
        let (source, target) = (service.ends.src, service.ends.dst);
        let name = |end: Option<Address>| end.map(|a| a.to_string()).unwrap_or_default();
        let mut reason = format!(
            "{} called {} port {} in {}, {} apart on average",
            name(source),
            name(target),
            service.port,
            count(rhythm.seen.flows(), "flows"),
            interval(rhythm.mean)
        );
        if let Some(jitter) = rhythm.jitter {
            let side = if jitter < self.jitter { "below" } else { "not below" };
            reason += &format!(", with a jitter ratio of {} ({side} {})", figures(jitter), figures(self.jitter));
        }
        if let Some(score) = rhythm.score {
            let side = if score.total >= self.score { "at least" } else { "below" };
            reason += &format!("; four-part score {} ({side} {})", figures(score.total), figures(self.score));
        }
        reason
    }
}

/// A mean gap: in seconds, as clockwork is set in them, up to ten minutes.
fn interval(seconds: f64) -> String {
    if seconds < 600.0 { amount(seconds, "s") } else { duration(seconds) }
}

fn terms(rhythm: &Rhythm) -> Evidence {
    let evidence = Evidence::new().integer("flows", rhythm.seen.flows()).number("mean_interval", rhythm.mean);
    let evidence = match rhythm.jitter {
        Some(jitter) => evidence.number("jitter", jitter),
        None => evidence,
    };
    match rhythm.score {
        Some(score) => evidence
            .number("score", score.total)
            .number("ts", score.times)
            .number("ds", score.sizes)
            .number("dur", score.duration)
            .number("hist", score.histogram),
        None => evidence,
    }
}

/// What a flow must have.
const NEEDS: &[Has] = &[Has::TIME, Has::SRC, Has::DST, Has::PORT];

/// What it must have to count for how prevalent its destination is.
const BOTH_ENDS: &[Has] = &[Has::SRC, Has::DST];

impl PairRule for Beacon {
    fn needs(&self) -> &'static [Has] {
        NEEDS
    }

    fn wants_calls(&self) -> bool {
        true
    }

    fn again(&self) -> Box<dyn PairRule> {
        Box::new(self.clone())
    }

    fn finish(&self, pairs: &Pairs, found: &mut Found) {
        let input = pairs.span();
        let mut sources = None;
        pairs.services(self.flows, |service| {
            let rhythm = Beacon::rhythm(&service, input);
            // Gaps of 0 only are no rhythm, by either rule.
            if rhythm.jitter.is_none() {
                return;
            }
            let Some(mut verdict) = self.verdict(&rhythm) else { return };
            let [source, target] = service.ends.parts();
            let mut evidence = terms(&rhythm);
            let mut reason = self.reason(&service, &rhythm);
            if self.by_score {
                let sources = sources.get_or_insert_with(|| self.sources(pairs));
                let (n, share) = sources.of(service.ends.dst);
                evidence = evidence.integer("sources", n).number("prevalence", share);
                if let Some(usual) = self.usual(&service, &rhythm, sources) {
                    verdict.severity = Severity::Low;
                    evidence = evidence.text("usual", usual);
                    reason += match usual {
                        "service" => "; the service is one of clockwork",
                        "internal" => "; within one's own networks",
                        "rare" => "; rare calls",
                        _ => "; many others call there",
                    };
                }
            }
            let about = [("src_ip", source), ("dst_ip", target), ("dst_port", Part::Integer(service.port.into()))];
            let alert = Alert::of(&rhythm.seen, verdict).about(about).shared(None, None, service.protocol());
            found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
        });
    }
}

/// How many sources have flows to each destination: all of them, and one's own.
struct Sources {
    all: u64,
    by_own: bool,
    of: Map<Address, [u64; 2]>,
}

impl Sources {
    /// Those of a destination, and their share of all.
    fn of(&self, target: Option<Address>) -> (u64, f64) {
        let counts = target.and_then(|target| self.of.get(&target)).copied().unwrap_or_default();
        let n = counts[usize::from(self.by_own)];
        (n, n as f64 / self.all.max(1) as f64)
    }
}

#[cfg(test)]
mod tests;
