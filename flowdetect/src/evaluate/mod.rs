//! `evaluate`: alerts held against flows that say what they are.
//!
//! Takes flows with a ground truth and alerts, those of the detectors of this run and those that came in, and says for
//! each detector, and each class of attack, what it found, what it raised for nothing, and when. A flow is covered by an
//! alert ([`claims`]) whose addresses and port are its own, in either direction, within the alert's time. Invariant: a
//! function of the multiset of lines. Bound: 40 bytes a flow, about 200 an alert, and the names of the classes.

mod claims;
mod table;
#[cfg(test)]
mod tests;

use crate::alert::Severity;
use crate::ends::Ends;
use crate::item::Outcome;
use claims::{Claim, Claims};
use flow_record::alert::Reader;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::field;
use flow_record::row::columns::{integer, number, text};
use flow_record::scan::{Line, LineKind, walk::unquoted};
use flow_record::state::Setup;
use flow_record::value::Time;
use flow_record::value::time::{DateCache, rfc3339};

/// What evaluates is, for the lists.
pub(crate) static SPEC: Spec = Spec {
    name: "evaluate",
    about: "alerts held against labelled flows: what was found and missed",
    explain: "\
Takes flows that have the field `truth` and runs the detectors that are named beside it, or the default set; alerts that come \
in count too. Writes rows of kind `evaluate` and no alerts:

  flowdetect -t evaluate:truth=label scan beacon < labelled.ndjson

A flow is an attack if `truth` has a text other than empty, -, benign, normal or background, in any letter case; its class is \
what the field `attack` says, else `truth`. A flow without it is benign. An alert of at least `severity` covers a flow if \
every address and the destination port that it names are the flow's, in either direction, and the flow begins within its \
time.

One row for each detector and class of attack (`attack`), and one of all classes together; the detector `all` is all of \
them. Severity of alerts below which they do not count: `severity`.",
    params: &[
        Param::new("truth", ParamKind::Text, "label", "", "the field that says what a flow is"),
        Param::new("severity", ParamKind::Choice(&Severity::NAMES), "medium", "", "least severity of alerts that count"),
    ],
    needs: &["label", "attack", "src_ip", "dst_ip", "dst_port", "timestamp"],
    columns: &[
        text("detector", "the detector, or all"),
        text("attack", "the class of attack, or all"),
        integer("attack_flows", "flows", "flows of the class"),
        integer("found_flows", "flows", "of them those that an alert covers"),
        number("recall", "", "found_flows / attack_flows"),
        integer("attack_hosts", "hosts", "sources of flows of the class"),
        integer("found_hosts", "hosts", "of them those with a flow that an alert covers"),
        number("delay", "s", "from the first flow of the class to the end of the first alert that covers one"),
        integer("alerts", "alerts", "of all classes: alerts; of one: those that cover a flow of it"),
        integer("false_alerts", "alerts", "of all: alerts that cover no attack"),
        integer("false_high", "alerts", "of them those of severity high or critical"),
        integer("false_flows", "flows", "of all: benign flows that an alert covers"),
        number("precision", "", "of all: found_flows / (found_flows + false_flows)"),
        number("f1", "", "of all: 2 precision recall / (precision + recall)"),
        number("false_rate", "", "of all: false_flows / benign flows"),
        number("alerts_per_million", "alerts", "of all: alerts for a million flows"),
    ],
    memory: "40 bytes a flow, 200 an alert",
    source: "counts of a confusion matrix; precision, recall and F1 of information retrieval",
};

/// A flow, as far as alerts name it.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// The place of its ends.
    ends: u32,
    /// In nanoseconds; the smallest number where it has none.
    start: i64,
    ports: [Option<u16>; 2],
    /// Its class; 0 is benign.
    class: u16,
}

/// Most classes of attack; flows of others are counted with the last.
const MOST_CLASSES: usize = 1000;

/// What came in so far.
#[derive(Clone, Debug)]
pub(crate) struct Evaluate {
    least: Severity,
    /// Where `truth` and the alert's members are watched.
    truth: usize,
    end: usize,
    reader: Reader,
    cases: Vec<Case>,
    ends: Vec<Ends>,
    places: flow_record::map::Map<Ends, u32>,
    /// Names of classes, from class 1 on.
    classes: Vec<String>,
    claims: Vec<Claim>,
    /// Alerts that had been too mild to count, by detector.
    mild: Vec<(String, u64)>,
}

impl Evaluate {
    /// As the item asks.
    pub(crate) fn new(args: &Args, setup: &mut Setup) -> Evaluate {
        let least = args.text("severity").and_then(Severity::named).unwrap_or(Severity::Medium);
        let truth = setup.watch([args.text("truth").unwrap_or("label")]);
        let reader = Reader::new(setup.watch(Reader::NAMES));
        let end = setup.watch(["end"]);
        Evaluate {
            least,
            truth,
            end,
            reader,
            cases: Vec::new(),
            ends: Vec::new(),
            places: Default::default(),
            classes: Vec::new(),
            claims: Vec::new(),
            mild: Vec::new(),
        }
    }

    /// The same, given nothing.
    pub(crate) fn empty(&self) -> Evaluate {
        Evaluate {
            cases: Vec::new(),
            ends: Vec::new(),
            places: Default::default(),
            classes: Vec::new(),
            claims: Vec::new(),
            mild: Vec::new(),
            ..self.clone()
        }
    }

    /// Takes a flow or an alert.
    pub(crate) fn take(&mut self, line: &Line<'_>) {
        match line.kind {
            LineKind::Flow => self.flow(line),
            LineKind::Alert => self.alert(line),
            _ => {}
        }
    }

    fn flow(&mut self, line: &Line<'_>) {
        let flow = line.flow;
        let truth = line.value(self.truth).map(unquoted);
        let class = match truth.as_deref().unwrap_or("") {
            text if is_benign(text) => 0,
            text => self.class(flow.text(field::ATTACK).filter(|attack| !attack.is_empty()).unwrap_or(text)),
        };
        let ends = Ends::of(flow);
        let place = self.place(ends);
        let start = flow.time().map_or(i64::MIN, Time::nanos);
        self.cases.push(Case { ends: place, start, ports: [flow.src_port(), flow.dst_port()], class });
    }

    fn place(&mut self, ends: Ends) -> u32 {
        *self.places.entry(ends).or_insert_with(|| {
            self.ends.push(ends);
            (self.ends.len() - 1) as u32
        })
    }

    fn class(&mut self, name: &str) -> u16 {
        if let Some(at) = self.classes.iter().position(|class| class == name) {
            return at as u16 + 1;
        }
        if self.classes.len() < MOST_CLASSES {
            self.classes.push(name.to_owned());
        }
        self.classes.len() as u16
    }

    fn alert(&mut self, line: &Line<'_>) {
        let read = self.reader.read(line);
        let text = line.value(self.end).map(unquoted);
        let end = text.and_then(|text| rfc3339(&mut DateCache::default(), text.as_bytes()).map(|(time, ..)| time));
        let flow = line.flow;
        let claim = Claim {
            detector: read.detector.into_owned(),
            severity: read.severity.unwrap_or(Severity::Low),
            ends: Ends::of(flow),
            port: flow.dst_port(),
            first: flow.time().map_or(i64::MIN, Time::nanos),
            last: end.or(flow.time()).map_or(i64::MAX, Time::nanos),
        };
        self.claim(claim);
    }

    fn claim(&mut self, claim: Claim) {
        if claim.severity >= self.least {
            self.claims.push(claim);
        } else {
            self.add_mild(claim.detector, 1);
        }
    }

    fn add_mild(&mut self, detector: String, n: u64) {
        match self.mild.iter_mut().find(|(name, _)| *name == detector) {
            Some((_, count)) => *count += n,
            None => self.mild.push((detector, n)),
        }
    }

    /// Takes what a detector of this run found.
    pub(crate) fn outcome(&mut self, outcome: &Outcome) {
        for alert in &outcome.alerts {
            self.claim(Claim::of(outcome.naming.detector(), alert));
        }
    }

    /// Adds all that another thread has taken.
    pub(crate) fn merge(&mut self, other: Evaluate) {
        let places: Vec<u32> = other.ends.iter().map(|ends| self.place(*ends)).collect();
        let classes: Vec<u16> = other.classes.iter().map(|name| self.class(name)).collect();
        self.cases.extend(other.cases.into_iter().map(|case| Case {
            ends: places[case.ends as usize],
            class: if case.class == 0 { 0 } else { classes[case.class as usize - 1] },
            ..case
        }));
        self.claims.extend(other.claims);
        for (name, n) in other.mild {
            self.add_mild(name, n);
        }
    }

    /// The rows, as lines, for these detectors; and how many alerts were too mild.
    pub(crate) fn finish(self, detectors: &[String]) -> (Vec<u8>, Vec<String>) {
        let notes =
            self.mild.iter().map(|(name, n)| format!("{name}: {n} alerts below {} do not count", self.least.name()));
        let notes = notes.collect();
        let mut names: Vec<String> = detectors.to_vec();
        let mut more: Vec<String> =
            self.claims.iter().map(|c| c.detector.clone()).filter(|n| !names.contains(n)).collect();
        more.sort();
        more.dedup();
        names.extend(more);
        let claims = Claims::new(&self.claims);
        (table::rows(&self, &claims, &names), notes)
    }
}

/// Whether a ground truth says that a flow is none of an attack.
fn is_benign(text: &str) -> bool {
    ["", "-", "benign", "normal", "background"].iter().any(|word| text.eq_ignore_ascii_case(word))
}
