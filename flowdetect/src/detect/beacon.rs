//! Beacons: calls from one host to one service of another at regular times.
//!
//! Two rules: the jitter ratio of the gaps, exact from nanoseconds, and RITA's four-part score ([`score`]). Both look at
//! all starts of a key at once, sorted, so that the order of the input does not matter and every start is kept. Bound: 16
//! bytes a flow (its start and its bytes) and about 180 a key.

mod score;

use super::{Detect, Detector, Found, Taken, at_least, at_least_0};
use crate::alert::{Alert, Evidence, Severity, Verdict, share};
use crate::ends::Ends;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::{Map, merge};
use flow_record::people::{amount, count, duration, figures};
use flow_record::record::key::Part;
use flow_record::row::columns::{integer, number};
use flow_record::scan::Line;
use flow_record::stats::Moments;
use flow_record::stats::{Same, Seen};
use flow_record::value::Time;
use score::Score;

pub(super) const DETECTOR: Detector =
    Detector { spec: &SPEC, build: |args, _| Ok(Box::new(Beacon::new(args))), by_default: true, needs: None };

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
flows out of 12, if at least 6 have any. It needs four different seconds and less than one flow a second.

Severity: critical where the jitter rule found it, which needs rule=jitter or either; else high, so that with rule=score \
all are, however regular.

rule=either is both. `value` is the score where the score rule holds, else the jitter ratio; the alert's score is the \
four-part score, or jitter threshold / (threshold + ratio). Evidence has the ratio and, where there is one, the score and \
its parts, whichever rule held.

Known to be misled: time servers, monitoring, updates and other clockwork; `hist` and `dur` measure against the span of \
the input, so that they say little in less than a day. ts alone is above 0.5 for flows at random.",
    params: &[
        at_least(2, "flows", "10", "flows", "least number of flows of a key"),
        at_least_0("jitter", "0.15", "", "alert below this ratio of deviation and mean of the gaps"),
        Param::new("rule", ParamKind::Choice(&["jitter", "score", "either"]), "either", "", "which rule"),
        Param::new("score", ParamKind::Number(0.0, 1.0), "0.8", "", "alert from this four-part score on"),
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
    ],
    memory: "16 bytes a flow (its start and its bytes) and about 180 a source, destination and port, in each thread that meets them",
    source: "activecm/rita v5, analysis/beacons.go (score); ATT&CK T1071, Application Layer Protocol",
};

/// Application Layer Protocol.
const TECHNIQUE: &str = "T1071";

#[derive(Clone, Debug)]
struct Beacon {
    flows: u64,
    jitter: f64,
    score: f64,
    by_jitter: bool,
    by_score: bool,
    keys: Map<Service, Calls>,
    /// First and last start of the whole input.
    first: i64,
    last: i64,
    /// Decimals of the finest time.
    digits: u8,
}

/// Who calls what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Service {
    ends: Ends,
    port: u16,
}

/// A start in nanoseconds, and the bytes.
type Call = (i64, u64);

/// Stands for the bytes of a flow that has none.
const NO_BYTES: u64 = u64::MAX;

/// The calls of a key. Most keys have one, which takes no memory of its own.
#[derive(Clone, Debug)]
enum Starts {
    One([Call; 1]),
    Many(Vec<Call>),
}

#[derive(Clone, Debug)]
struct Calls {
    starts: Starts,
    protocol: Same<u8>,
}

impl Calls {
    #[inline]
    fn push(&mut self, call: Call) {
        match &mut self.starts {
            Starts::One([one]) => self.starts = Starts::Many(vec![*one, call]),
            Starts::Many(all) => all.push(call),
        }
    }

    fn all(&self) -> &[Call] {
        match &self.starts {
            Starts::One(one) => one,
            Starts::Many(all) => all,
        }
    }

    fn merge(&mut self, other: Calls) {
        self.protocol.merge(other.protocol);
        match (&mut self.starts, &other.starts) {
            (Starts::Many(all), more) => {
                let more = match more {
                    Starts::One(one) => &one[..],
                    Starts::Many(more) => more,
                };
                all.extend_from_slice(more);
            }
            (Starts::One([one]), more) => {
                let mut all = vec![*one];
                match more {
                    Starts::One(one) => all.extend_from_slice(one),
                    Starts::Many(more) => all.extend_from_slice(more),
                }
                self.starts = Starts::Many(all);
            }
        }
    }
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
    fn new(args: &Args) -> Beacon {
        let rule = args.text("rule");
        Beacon {
            flows: args.integer("flows"),
            jitter: args.number("jitter"),
            score: args.number("score"),
            by_jitter: rule != Some("score"),
            by_score: rule != Some("jitter"),
            keys: Map::default(),
            first: i64::MAX,
            last: i64::MIN,
            digits: 3,
        }
    }

    fn rhythm(&self, service: &Service, calls: &Calls) -> Rhythm {
        let mut starts: Vec<i64> = calls.all().iter().map(|(start, _)| *start).collect();
        starts.sort_unstable();
        let mut gaps = Moments::new();
        starts.windows(2).for_each(|w| gaps.add(w[1].abs_diff(w[0])));
        let jitter = (gaps.sum() > 0).then(|| gaps.deviation_population() / gaps.mean());
        let mut seen = Seen::default();
        for start in [starts.first(), starts.last()].into_iter().flatten() {
            seen.add_parts(0, Some(Time(*start)), self.digits, calls.protocol.one(), Some(service.port));
        }
        seen.add_flows(starts.len() as u64);
        let seconds: Vec<i64> = starts.iter().map(|start| Time(*start).seconds()).collect();
        let mut bytes: Vec<u64> = calls.all().iter().map(|(_, bytes)| *bytes).filter(|b| *b != NO_BYTES).collect();
        bytes.sort_unstable();
        let data = (Time(self.first).seconds(), Time(self.last).seconds());
        Rhythm { seen, mean: gaps.mean() / 1e9, jitter, score: score::score(&seconds, &bytes, data) }
    }

    /// The verdict of the rules that are asked for.
    fn verdict(&self, rhythm: &Rhythm) -> Option<Verdict> {
        let jitter = rhythm.jitter.filter(|jitter| self.by_jitter && *jitter < self.jitter);
        let score = rhythm.score.map(|s| s.total).filter(|score| self.by_score && *score >= self.score);
        let severity = if jitter.is_some() { Severity::Critical } else { Severity::High };
        match (score, jitter) {
            (Some(value), _) => Some(Verdict { value, threshold: self.score, score: value, severity }),
            (None, Some(value)) => {
                Some(Verdict { value, threshold: self.jitter, score: share(self.jitter, value), severity })
            }
            (None, None) => None,
        }
    }

    fn reason(&self, service: &Service, rhythm: &Rhythm) -> String {
        let (source, target) = (service.ends.src, service.ends.dst);
        let name = |end: Option<flow_record::value::Address>| end.map(|a| a.to_string()).unwrap_or_default();
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

impl Detect for Beacon {
    #[inline]
    fn flow(&mut self, line: &Line<'_>) -> Taken {
        let flow = line.flow;
        let start = flow.time().ok_or("timestamp")?.nanos();
        self.first = self.first.min(start);
        self.last = self.last.max(start);
        self.digits = self.digits.max(flow.time_digits());
        let ends = Ends::of(flow);
        match ends {
            Ends { src: None, .. } => return Err("src_ip"),
            Ends { dst: None, .. } => return Err("dst_ip"),
            _ => {}
        }
        let port = flow.dst_port().ok_or("dst_port")?;
        let call = (start, flow.bytes().unwrap_or(NO_BYTES));
        match self.keys.get_mut(&Service { ends, port }) {
            Some(calls) => {
                calls.push(call);
                calls.protocol.add(flow.protocol());
            }
            None => {
                let mut protocol = Same::default();
                protocol.add(flow.protocol());
                self.keys.insert(Service { ends, port }, Calls { starts: Starts::One([call]), protocol });
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.digits = self.digits.max(other.digits);
        merge(&mut self.keys, other.keys, Calls::merge);
    }

    fn finish(self, found: &mut Found) {
        for (service, calls) in self.keys.iter().filter(|(_, calls)| calls.all().len() as u64 >= self.flows) {
            let rhythm = self.rhythm(service, calls);
            // Gaps of 0 only are no rhythm, by either rule.
            if rhythm.jitter.is_none() {
                continue;
            }
            let Some(verdict) = self.verdict(&rhythm) else { continue };
            let [source, target] = service.ends.parts();
            let about = [("src_ip", source), ("dst_ip", target), ("dst_port", Part::Integer(service.port.into()))];
            let alert = Alert::of(&rhythm.seen, verdict).about(about).shared(None, None, calls.protocol.one());
            let (reason, evidence) = (self.reason(service, &rhythm), terms(&rhythm));
            found.alerts.push(Alert { reason, evidence, technique: Some(TECHNIQUE), ..alert });
        }
    }
}

#[cfg(test)]
mod tests;
