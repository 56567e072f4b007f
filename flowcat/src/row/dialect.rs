//! What is particular to a tool: its names, and what its texts mean that nobody else's do. Each format's file owns its own.

use super::alias::{self, Alias};
use super::plan::{Mapping, Use};
use super::{Form, Row};

/// The habits of a source. Begin with [`ANY`] and say what differs: `Dialect { names: &[MINE, FOREIGN], ..ANY }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// Its names; of two columns that mean the same the one whose row comes first is taken.
    pub(crate) names: &'static [&'static [Alias]],
    /// Protocol 0 says that flows were aggregated: what is then 0 is absent.
    pub(crate) aggregates: bool,
    /// ICMP's type and code stand in the destination port, however small the number.
    pub(crate) icmp_in_port: bool,
    /// Decimals of its times, where they are always as many: what a JSON number leaves off at its end is still measured.
    pub(crate) digits: Option<u8>,
    /// Its times without a zone are UTC, unless the user says otherwise.
    pub(crate) is_utc: bool,
    /// Its dates have the day first and the year last, and its hours are those of a clock of 12.
    pub(crate) half_days: bool,
    /// The layer at which it counts bytes, where that is not the third.
    pub(crate) byte_layer: Option<&'static str>,
    /// Puts right what only several of a record's texts together tell; answers why a record is no flow and no error.
    pub(crate) settle: fn(&mut Row) -> Option<&'static str>,
    /// Members whose own members are looked into, as `flow.start`; of those in them by their whole name, as `flow.id`.
    pub(crate) nested: &'static [&'static str],
    /// A member that is an array around all objects.
    pub(crate) wrapper: Option<&'static str>,
    /// Objects may have a name twice that means nothing here.
    pub(crate) repeats_names: bool,
    /// Lines of the pipe, and tables by columns, may stand for its objects.
    pub(crate) is_anybodys: bool,
    /// Whether a line is one that it prints beside records.
    pub(crate) is_remark: fn(&[u8]) -> bool,
    /// Whether a line that is no record reads like a message, which is told but does not count as a record.
    pub(crate) is_message: fn(&[u8]) -> bool,
}

/// Nobody's in particular.
pub(crate) const ANY: Dialect = Dialect {
    names: &[alias::FOREIGN],
    aggregates: false,
    icmp_in_port: false,
    digits: None,
    is_utc: false,
    half_days: false,
    byte_layer: None,
    settle: |_| None,
    // As the Elastic Common Schema and documents of MongoDB have them.
    nested: &["source", "destination", "src", "dst", "id", "network", "event"],
    wrapper: None,
    repeats_names: false,
    is_anybodys: true,
    is_remark: |_| false,
    is_message: |_| false,
};

impl Dialect {
    /// What a column with this name fills.
    pub(crate) fn column(&self, name: &str, mapping: &Mapping) -> Option<Use> {
        let found = alias::find(self.names, name);
        match mapping.given(name) {
            Some((cell, given)) => {
                let own = || found.filter(|(_, c, _)| *c == cell).map_or(Form::Plain, |(_, _, form)| form);
                Some(Use { cell, form: given.unwrap_or_else(own), rank: 0 })
            }
            None => found.map(|(rank, cell, form)| Use { cell, form, rank: rank + 1 }),
        }
    }
}
