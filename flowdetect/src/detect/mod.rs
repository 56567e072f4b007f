//! The detectors: one file each, and one row each in [`DETECTORS`].
//!
//! A row says what a detector is ([`Spec`]) and how it is built; what it has taken so far is a state that merges
//! ([`State`]), or the table of pairs, which several read ([`PairRule`]). Invariant of every state: a function of the multiset of lines taken, so that neither their order nor the
//! number of threads shows in the alerts. To add a detector, write its file and add its row.

mod amplification;
mod beacon;
mod broadcast;
mod bruteforce;
mod ddos;
mod dnstunnel;
mod exfil;
mod fence;
mod icmptunnel;
mod intel;
mod iqr;
mod lateral;
mod longconn;
mod mad;
mod policy;
mod portscan;
mod scan;
mod sigma;
mod strobe;
mod sweep;
mod zscore;

use crate::alert::Alert;
use crate::consumer;
use crate::pairs::PairRule;
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::record::Flow;
use flow_record::state::{AnyState, Goal, Setup, State};
use flow_record::value::Address;
use std::net::IpAddr;

/// One detector.
pub(crate) struct Detector {
    /// What it computes.
    pub(crate) spec: &'static Spec,
    /// Builds it; reads what it needs to know beforehand, such as a file of thresholds.
    pub(crate) build: fn(&Args, &mut Setup) -> anyhow::Result<Built>,
    /// Whether it runs when no detector is named.
    pub(crate) by_default: bool,
    /// The parameter without which it cannot run.
    pub(crate) needs: Option<&'static str>,
}

/// All detectors.
pub(crate) const DETECTORS: &[Detector] = &[
    zscore::DETECTOR,
    iqr::DETECTOR,
    mad::DETECTOR,
    sigma::DETECTOR,
    fence::DETECTOR,
    portscan::DETECTOR,
    sweep::DETECTOR,
    scan::DETECTOR,
    exfil::DETECTOR,
    beacon::DETECTOR,
    longconn::DETECTOR,
    strobe::DETECTOR,
    dnstunnel::DETECTOR,
    icmptunnel::DETECTOR,
    bruteforce::DETECTOR,
    ddos::DETECTOR,
    amplification::DETECTOR,
    lateral::DETECTOR,
    broadcast::DETECTOR,
    intel::DETECTOR,
    policy::DETECTOR,
];

/// The item that stands for every detector whose needs are met.
pub(crate) static ALL: Spec = Spec {
    name: "all",
    about: "every detector whose needs are met; says which it left out and why",
    explain: "\
Stands for all detectors at their defaults, in the order of --list. A detector that is also named is taken as it was \
named, in the place of `all`. Detectors that cannot run without a parameter, such as a file of thresholds, are left out, \
and a note says so.

Without any item the default set runs: scan, exfil, beacon, longconn, strobe, dnstunnel, icmptunnel, bruteforce, ddos, \
amplification, lateral and broadcast, which look for behaviour and tell grave from usual by severity. The exact set, zscore, iqr, mad, portscan and \
sweep, is what scripts compute: it calls whatever is far from the rest or counts much, which in traffic is every busy server; \
it runs when it is named, here included.",
    params: &[],
    needs: &[],
    columns: &[],
    memory: "the sum of the detectors' own",
    source: "",
};

/// Every item, as `--list` shows them.
pub(crate) fn specs() -> Vec<&'static Spec> {
    DETECTORS.iter().map(|d| d.spec).chain([&ALL]).chain(consumer::SPECS).collect()
}

/// What a detector found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In any order.
    pub(crate) alerts: Vec<Alert>,
    /// What the user should know of how they came about, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// Whether a detector's rule can be put to single flows (`--mark`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marks {
    /// It judges more than a flow.
    Never,
    /// Its thresholds are known beforehand.
    AtOnce,
    /// Its thresholds come from the whole input.
    Afterwards,
}

/// The goal of detectors: what they found.
pub(crate) struct ToAlerts;

impl Goal for ToAlerts {
    type Into<'i> = Found;
}

/// What a detector with a state of its own may do beside finding: mark single flows, and find early.
pub(crate) trait Mark {
    /// Whether what it has found stays true whatever else comes, so that in a window it need not wait for the end.
    fn rises(&self) -> bool {
        false
    }

    /// Whether single flows can be marked.
    fn marks(&self) -> Marks {
        Marks::Never
    }

    /// Names of the rules that a flow is marked with, at most 64.
    fn rules(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Fixes the thresholds of [`Marks::Afterwards`]; to be called when all was taken.
    fn settle(&mut self, _found: &mut Found) {}

    /// The rules that hold for a flow: bit `i` is that of name `i`.
    fn mark(&self, _flow: &Flow) -> u64 {
        0
    }
}

/// The state of any detector that keeps one of its own.
pub(crate) trait Detect: AnyState<ToAlerts> + Mark {
    /// A new one with the same parameters, that was given nothing.
    fn fresh(&self) -> Box<dyn Detect>;

    /// The same again, with all that it has taken.
    fn copy(&self) -> Box<dyn Detect>;
}

impl<T: State<Goal = ToAlerts> + Mark> Detect for T {
    fn fresh(&self) -> Box<dyn Detect> {
        Box::new(State::empty(self))
    }

    fn copy(&self) -> Box<dyn Detect> {
        Box::new(self.clone())
    }
}

/// What a definition builds.
pub(crate) enum Built {
    /// A state of its own.
    State(Box<dyn Detect>),
    /// A rule over the pairs, whose table it shares.
    Pairs(Box<dyn PairRule>),
}

impl Built {
    fn state(state: impl State<Goal = ToAlerts> + Mark) -> anyhow::Result<Built> {
        Ok(Built::State(Box::new(state)))
    }

    fn pairs(rule: impl PairRule + 'static) -> anyhow::Result<Built> {
        Ok(Built::Pairs(Box::new(rule)))
    }
}

/// Whether an address stands for many hosts, as far as it shows: multicast, IPv4 ending in .255.
fn is_group(address: Address) -> bool {
    match address.0 {
        IpAddr::V4(a) => a.is_multicast() || a.octets()[3] == 255,
        IpAddr::V6(a) => a.is_multicast(),
    }
}

/// The ports that a list names, ascending.
///
/// # Errors
/// A member that is no port.
fn ports(list: &[String]) -> anyhow::Result<Vec<u16>> {
    let parse = |text: &String| {
        text.parse::<u16>()
            .map_err(|_| anyhow::anyhow!("{text:?} is no port; numbers up to 65535 are expected, as in 22+23"))
    };
    let mut ports = list.iter().map(parse).collect::<anyhow::Result<Vec<u16>>>()?;
    ports.sort_unstable();
    Ok(ports)
}

/// What a detector over pairs that wants their deeds takes.
const PAIRS_MEMORY: &str = "the table of pairs: about 180 bytes a source and destination of IPv4, 220 of IPv6, in each thread that meets them, shared with the other detectors over pairs";

/// A parameter that is an integer of at least `min`.
const fn at_least(
    min: u64,
    name: &'static str,
    default: &'static str,
    unit: &'static str,
    about: &'static str,
) -> Param {
    Param::new(name, ParamKind::Integer(min, u64::MAX), default, unit, about)
}

/// A parameter that is a number from 0 on.
const fn at_least_0(name: &'static str, default: &'static str, unit: &'static str, about: &'static str) -> Param {
    Param::new(name, ParamKind::Number(0.0, f64::INFINITY), default, unit, about)
}

#[cfg(test)]
pub(crate) mod tests;
