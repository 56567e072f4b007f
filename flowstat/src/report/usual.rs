//! What is usual, from a baseline, to stand beside what a report found.
//!
//! Bound: the baseline in memory while it is read; 24 hours, 256 protocols and the hosts of the report are asked of it.

use anyhow::{Context, anyhow};
use flow_record::baseline::{Baseline, By, End};
use flow_record::stats::Sums;
use flow_record::value::Address;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// A baseline, asked what is usual. Bytes are those from source to destination, as the profiles of a report have them.
#[derive(Clone)]
pub(super) struct Usual(Arc<Baseline>);

impl Usual {
    /// Reads a baseline.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn open(path: &Path) -> anyhow::Result<Usual> {
        let baseline = Baseline::open(path).map_err(|e| anyhow!("{e}")).context("baseline")?;
        Ok(Usual(Arc::new(baseline)))
    }

    /// Dates of which it knows.
    pub(super) fn days(&self) -> u64 {
        self.0.days()
    }

    /// Whether these are too few to go by.
    pub(super) fn is_short(&self) -> bool {
        self.0.has_insufficient_history()
    }

    /// Bytes of an hour of the day (UTC) on a date, on average over the dates that have a flow.
    pub(super) fn hour(&self, hour: i64) -> f64 {
        let dates: BTreeSet<i64> = self.0.hours().keys().map(|h| h.div_euclid(24)).collect();
        let of_hour = self.0.hours().iter().filter(|(h, _)| h.rem_euclid(24) == hour);
        let bytes: u128 = of_hour.map(|(_, known)| known.sums.bytes()).sum();
        bytes as f64 / dates.len().max(1) as f64
    }

    /// The part of flows that a protocol has, 0 to 1.
    pub(super) fn protocol_share(&self, protocol: u8) -> f64 {
        let flows = |p: u8| self.0.protocol(p).map_or(0, |known| known.sums.flows());
        let all: u128 = (0..=u8::MAX).map(|p| u128::from(flows(p))).sum();
        flows(protocol) as f64 / all.max(1) as f64
    }

    /// Bytes that an address sent on a date, on average; `None` where the baseline's hosts are something else.
    pub(super) fn host(&self, address: &str) -> Option<f64> {
        let is_source = matches!(self.0.by(), By::End(End::Source | End::Either));
        let known = self.0.host(Address::parse(address)?);
        is_source.then(|| known.map_or(0, |host| Sums::bytes(&host.sums)) as f64 / self.0.days().max(1) as f64)
    }
}
