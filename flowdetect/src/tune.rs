//! `tune`: thresholds that leave normal traffic alone, learnt from it.
//!
//! Each detector of [`TUNED`] runs at its lowest threshold, so that it says of every host how far it goes; the threshold is
//! then put just above the host that is the last one allowed. Invariant: with the same data and the thresholds learnt, at
//! most the asked share of hosts has an alert of each detector. Bound: that of the detectors, 40 bytes a host, and as many
//! alerts as there are keys.

use crate::alert::Alert;
use crate::item::Outcome;
use anyhow::Context;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::{Map, Set};
use flow_record::output::write_file;
use flow_record::people::{count, figures};
use flow_record::record::key::Part;
use flow_record::record::{Flow, field};
use flow_record::row::columns::{integer, number, text};
use flow_record::value::Address;
use serde_json::json;
use std::path::PathBuf;

/// What the item is.
pub(crate) static SPEC: Spec = Spec {
    name: "tune",
    about: "thresholds at which normal flows raise few alerts, as a config",
    explain: "\
Takes flows that are normal and runs zscore, mad, portscan, sweep, exfil, longconn, dnstunnel, icmptunnel and bruteforce, or \
those of them that are named beside it, at the lowest thresholds there are. Of each threshold it takes the highest value of \
every host (the source of an alert), and puts the threshold just above that of the host that follows the first `fpr` of all \
hosts, so that at most this share has an alert on the same flows. Hosts are the distinct sources of the flows.

Writes rows of kind `tune` and no alerts, and with `to` the thresholds as a file for --config:

  flowdetect tune:fpr=0.001,to=site.toml < normal.ndjson
  flowdetect --config site.toml < today.ndjson

What was never seen is not allowed for: learn from weeks, and from all that is usual, backups included.",
    params: &[
        Param::new("fpr", ParamKind::Number(0.0, 0.5), "0.001", "", "share of hosts that may have an alert of each detector"),
        Param::new("to", ParamKind::Text, "", "", "the file that thresholds are written to"),
    ],
    needs: &["src_ip"],
    columns: &[
        text("detector", "the detector"),
        text("parameter", "its threshold"),
        number("threshold", "", "what was learnt"),
        text("default", "what it is else"),
        integer("hosts", "hosts", "hosts in all"),
        integer("above", "hosts", "hosts with an alert at what was learnt"),
        integer("before", "hosts", "hosts with an alert at the default"),
    ],
    memory: "that of the detectors, 40 bytes a host, about 500 a key of theirs",
    source: "an order statistic: the empirical quantile of the hosts' highest values",
};

/// A threshold that is learnt.
#[derive(Debug)]
struct Tuned {
    detector: &'static str,
    parameter: &'static str,
    /// The lowest value that it is run at.
    least: &'static str,
    /// Whether an alert is one of this threshold.
    is_of: fn(&Alert) -> bool,
    /// Whether it is whole.
    whole: bool,
    /// What stands behind the number.
    unit: &'static str,
}

fn any(_: &Alert) -> bool {
    true
}

fn has_target(alert: &Alert) -> bool {
    alert.key.len() > 1
}

fn has_no_target(alert: &Alert) -> bool {
    !has_target(alert)
}

const TUNED: [Tuned; 10] = [
    Tuned { detector: "zscore", parameter: "threshold", least: "0", is_of: any, whole: false, unit: "" },
    Tuned { detector: "mad", parameter: "threshold", least: "0", is_of: any, whole: false, unit: "" },
    Tuned { detector: "portscan", parameter: "ports", least: "2", is_of: has_target, whole: true, unit: "" },
    Tuned { detector: "portscan", parameter: "total", least: "2", is_of: has_no_target, whole: true, unit: "" },
    Tuned { detector: "sweep", parameter: "targets", least: "2", is_of: any, whole: true, unit: "" },
    Tuned { detector: "exfil", parameter: "bytes", least: "1", is_of: any, whole: true, unit: "" },
    Tuned { detector: "longconn", parameter: "duration", least: "1s", is_of: any, whole: true, unit: "s" },
    Tuned { detector: "dnstunnel", parameter: "size", least: "0", is_of: any, whole: false, unit: "" },
    Tuned { detector: "icmptunnel", parameter: "size", least: "0", is_of: any, whole: false, unit: "" },
    Tuned { detector: "bruteforce", parameter: "attempts", least: "2", is_of: any, whole: true, unit: "" },
];

/// The detectors that have thresholds to learn.
pub(crate) fn detectors() -> Vec<&'static str> {
    let mut names: Vec<&str> = TUNED.iter().map(|tuned| tuned.detector).collect();
    names.dedup();
    names
}

/// The parameters at which a detector says everything, as they stand behind its name.
pub(crate) fn loosened(detector: &str) -> Vec<(&'static str, &'static str)> {
    TUNED.iter().filter(|tuned| tuned.detector == detector).map(|tuned| (tuned.parameter, tuned.least)).collect()
}

/// What came in so far.
#[derive(Clone, Debug)]
pub(crate) struct Tune {
    share: f64,
    to: Option<PathBuf>,
    hosts: Set<Address>,
    /// By the place of the threshold, the highest value of each host.
    highest: Vec<Map<Address, f64>>,
    ran: Vec<bool>,
}

impl Tune {
    /// As the item asks.
    pub(crate) fn new(args: &Args) -> Tune {
        let highest = TUNED.iter().map(|_| Map::default()).collect();
        let (share, to) = (args.number("fpr"), args.text("to").map(PathBuf::from));
        Tune { share, to, hosts: Set::default(), highest, ran: vec![false; TUNED.len()] }
    }

    /// The same, given nothing.
    pub(crate) fn empty(&self) -> Tune {
        Tune { hosts: Set::default(), ..self.clone() }
    }

    /// Takes a flow.
    #[inline]
    pub(crate) fn flow(&mut self, flow: &Flow) {
        self.hosts.extend(flow.src_ip());
    }

    /// Adds all that another thread has taken.
    pub(crate) fn merge(&mut self, other: Tune) {
        self.hosts.extend(other.hosts);
    }

    /// Takes what a detector of this run found.
    pub(crate) fn outcome(&mut self, outcome: &Outcome) {
        for (at, tuned) in TUNED.iter().enumerate().filter(|(_, t)| t.detector == outcome.naming.detector()) {
            self.ran[at] = true;
            for alert in outcome.alerts.iter().filter(|alert| (tuned.is_of)(alert)) {
                let source = alert.members.iter().find(|(name, _)| name == field::SRC_IP.name());
                if let Some((_, Part::Address(host))) = source {
                    let value = alert.verdict.value.as_f64().abs();
                    let highest = self.highest[at].entry(*host).or_insert(value);
                    *highest = highest.max(value);
                }
            }
        }
    }

    /// The rows, as lines, and what the user should know; the thresholds are written to their file.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn finish(self) -> anyhow::Result<(Vec<u8>, Vec<String>)> {
        let n = self.hosts.len() as u64;
        let allowed = (self.share * n as f64).floor() as usize;
        let (mut rows, mut config, mut last) = (Vec::new(), String::new(), "");
        config += &format!(
            "# Thresholds at which at most {} of {} have an alert of each detector.\n",
            count(allowed as u64, "hosts"),
            count(n, "hosts")
        );
        for (at, tuned) in TUNED.iter().enumerate().filter(|(at, _)| self.ran[*at]) {
            let mut values: Vec<f64> = self.highest[at].values().copied().collect();
            values.sort_unstable_by(|a, b| b.total_cmp(a));
            let threshold = threshold(tuned, values.get(allowed).copied());
            let default = default(tuned);
            let above = |limit: f64| values.iter().filter(|value| **value >= limit).count();
            let row = json!({
                "kind": SPEC.name, "detector": tuned.detector, "parameter": tuned.parameter, "threshold": threshold.0,
                "default": default.1, "hosts": n, "above": above(threshold.0), "before": above(default.0),
            });
            rows.extend_from_slice(row.to_string().as_bytes());
            rows.push(b'\n');
            if last != tuned.detector {
                config += &format!("\n[{}]\n", tuned.detector);
                last = tuned.detector;
            }
            config += &format!("{} = \"{}\"\n", tuned.parameter, threshold.1);
        }
        if let Some(path) = &self.to {
            write_file(path, config.as_bytes()).with_context(|| format!("tune: to={}", path.display()))?;
        }
        let few =
            || format!("tune: {} are too few to learn a share of {} from", count(n, "hosts"), figures(self.share));
        let notes = (self.share > 0.0 && allowed == 0).then(few).into_iter().collect();
        Ok((rows, notes))
    }
}

/// The threshold just above a value, as a number and as it is written; the least where there is none.
fn threshold(tuned: &Tuned, value: Option<f64>) -> (f64, String) {
    let least = flow_record::people::read::duration(tuned.least).map_or(0.0, |nanos| nanos as f64 / 1e9);
    let least = flow_record::people::read::number(tuned.least).unwrap_or(least);
    let above = match (value, tuned.whole) {
        (None, _) => least,
        (Some(value), true) => value.floor() + 1.0,
        // Six places above, so that the number stays short.
        (Some(value), false) => {
            let step = 10f64.powi(value.max(1e-9).log10().floor() as i32 - 5);
            ((value / step).floor() + 1.0) * step
        }
    };
    let above = above.max(least);
    // As many digits as it was rounded to.
    let text = if tuned.whole {
        format!("{above:.0}")
    } else {
        format!("{above:.9}").trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let number = text.parse().unwrap_or(above);
    (number, format!("{text}{}", tuned.unit))
}

/// The default of a threshold, as a number and as it is written.
fn default(tuned: &Tuned) -> (f64, &'static str) {
    let spec = crate::detect::DETECTORS.iter().find(|d| d.spec.name == tuned.detector).map(|d| d.spec);
    let text = spec.and_then(|spec| spec.param(tuned.parameter)).map_or("", |param| param.default);
    let number = flow_record::people::read::number(text);
    let seconds = || flow_record::people::read::duration(text).map_or(f64::INFINITY, |nanos| nanos as f64 / 1e9);
    (number.unwrap_or_else(seconds), text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn tuned(detector: &str, parameter: &str) -> &'static Tuned {
        TUNED.iter().find(|t| t.detector == detector && t.parameter == parameter).unwrap()
    }

    #[test]
    fn thresholds_lie_just_above_what_was_seen() {
        assert_eq!(threshold(tuned("sweep", "targets"), Some(41.0)), (42.0, "42".into()));
        assert_eq!(threshold(tuned("sweep", "targets"), None), (2.0, "2".into()));
        assert_eq!(threshold(tuned("longconn", "duration"), Some(7200.4)), (7201.0, "7201s".into()));
        let (number, text) = threshold(tuned("zscore", "threshold"), Some(4.567_890_123));
        assert_eq!((number, text.as_str()), (4.5679, "4.5679"));
        assert_eq!(threshold(tuned("dnstunnel", "size"), Some(123.0)).0, 123.001);
    }

    #[test]
    fn every_threshold_is_a_parameter_with_a_default_and_a_least_value() {
        for tuned in &TUNED {
            assert!(default(tuned).0.is_finite(), "{tuned:?}");
            let text = format!("{}:{}={}", tuned.detector, tuned.parameter, tuned.least);
            assert!(Args::resolve(&text, "detector", crate::detect::specs()).is_ok(), "{text}");
        }
        assert_eq!(detectors().len(), 9);
        assert_eq!(loosened("portscan"), [("ports", "2"), ("total", "2")]);
    }
}
