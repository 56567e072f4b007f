//! NetFlow 5, 7 and 9, IPFIX and sFlow 5: from datagrams to flows.
//!
//! ```text
//! datagram ─► v5, v9, ipfix, sflow: header and sets ─► data: records by their template ─► values ─► record ─► Take
//!                                        │                        ▲
//!                                        └─► exporter: domains, templates, samplers, sequences, data that waits
//! ```
//!
//! - One file a protocol: `v5` (7 too), `v9`, `ipfix`, `sflow`.
//! - `template`: compiled to offset, length and slot; `element`: what each information element means, and its name.
//! - `values`: a record as it was exported; `record`: the flow that it is; `extra`: fields kept as members.
//! - `exporter`, `sequence`, `sampling`, `time`: what is known of who exports; `limits`: how much of it is kept.
//!
//! Invariants: every record is handed on as a flow, counted as unused, or rejected, once; what decoded before damage is
//! handed on; templates of one exporter and domain never serve another; nothing allocates by what a datagram declares,
//! and what is kept has a bound; no clock is read.

mod data;
mod element;
mod exporter;
mod extra;
mod ipfix;
pub mod limits;
mod record;
mod sampling;
mod saved;
mod sequence;
mod sets;
mod sflow;
mod template;
#[cfg(test)]
pub(crate) mod testing;
mod time;
mod v5;
mod v9;
mod values;

use data::Work;
use exporter::{Counts, Exporters};
use flow_record::record::Flow;
use flow_record::record::field::FieldId;
use flow_record::value::Time;
use std::net::IpAddr;

/// Where a datagram comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// Who sent it; unknown in a file of datagrams.
    pub exporter: Option<IpAddr>,
    /// When it came, where that is known.
    pub received: Option<Time>,
}

/// What is wrong with a datagram, from where on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Bytes of the datagram before it.
    pub offset: usize,
    /// What is wrong, as a short name.
    pub kind: &'static str,
    /// What is wrong, as a sentence.
    pub message: String,
}

/// Takes what datagrams hold.
pub trait Take {
    /// A flow with further members, each as `,"name":value`.
    fn flow(&mut self, flow: &Flow, extras: &[u8]);

    /// So many records that are no flows, for this reason.
    fn unused(&mut self, why: &'static str, count: u64);

    /// Something that is not as it should be; `rest` is what is not read on because of it.
    fn damage(&mut self, damage: &Damage, rest: &[u8]);

    /// A number that its field cannot hold; the flow is without it.
    fn lost(&mut self, field: FieldId, value: u64);

    /// Something that a person should know.
    fn warn(&mut self, kind: &'static str, text: &str);
}

/// Makes flows of datagrams.
#[derive(Debug)]
pub struct Decoder {
    exporters: Exporters,
    work: Work,
    keeps: bool,
}

/// How the datagrams in a row of bytes went on.
enum Next {
    /// This one is done, and took so many bytes.
    Done(usize),
    /// The rest cannot be read.
    Broken,
}

impl Decoder {
    /// Knows no exporter yet. `keeps` says that fields which are none of the record's become members.
    pub fn new(keeps: bool) -> Decoder {
        Decoder { exporters: Exporters::default(), work: Work::default(), keeps }
    }

    /// Takes a datagram apart.
    pub fn datagram(&mut self, bytes: &[u8], origin: &Origin, take: &mut dyn Take) {
        let mut at = 0;
        // Some exporters put several messages into one datagram.
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let next = match rest {
                [0, 5, ..] => v5::decode(self, rest, at, v5::V5, origin, take),
                [0, 7, ..] => v5::decode(self, rest, at, v5::V7, origin, take),
                [0, 9, ..] => v9::decode(self, rest, at, origin, take),
                [0, 10, ..] => ipfix::decode(self, rest, at, origin, take),
                [0, 0, 0, 5, ..] => sflow::decode(self, rest, at, origin, take),
                _ if at > 0 => {
                    damage(take, at, "bad datagram", "bytes follow its end".into(), rest);
                    Next::Broken
                }
                [high, low, ..] => {
                    let version = u16::from_be_bytes([*high, *low]);
                    damage(take, at, "unknown version", format!("no export datagram: version {version}"), rest);
                    Next::Broken
                }
                _ => {
                    damage(take, at, "bad datagram", "one byte".into(), rest);
                    Next::Broken
                }
            };
            match next {
                Next::Done(used) => at += used,
                Next::Broken => return,
            }
        }
    }

    /// Says that the datagrams that follow come from another file.
    pub fn begin_input(&mut self) {
        self.exporters.begin_input();
    }

    /// Nothing follows: counts the data whose template never came.
    pub fn finish(&mut self, take: &mut dyn Take) {
        self.exporters.finish();
        let unresolved = std::mem::take(&mut self.exporters.budget.counts.unresolved);
        if unresolved > 0 {
            take.unused(UNRESOLVED, unresolved);
        }
    }

    /// All templates and samplers that are known, as the text of a file for [`Decoder::load`].
    ///
    /// # Errors
    /// Why they cannot be written.
    pub fn save(&self) -> Result<String, String> {
        saved::save(&self.exporters)
    }

    /// Takes the templates and samplers that [`Decoder::save`] wrote; answers how many templates.
    ///
    /// # Errors
    /// Why the text is not taken.
    pub fn load(&mut self, text: &str) -> Result<u64, String> {
        saved::load(text, self.keeps, &mut self.exporters)
    }

    /// How often a template was taken that was not known: whether there is anything new to save.
    pub fn changes(&self) -> u64 {
        self.exporters.budget.changes
    }

    /// What happened beside the decoding, by name.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Counts { redefined, displaced, forgotten, lost_records, lost_datagrams, repeated, restarts, unresolved: _ } =
            self.exporters.budget.counts;
        let all = [
            ("lost records", lost_records),
            ("lost datagrams", lost_datagrams),
            ("late or repeated datagrams", repeated),
            ("restarts of exporters", restarts),
            ("templates redefined", redefined),
            ("templates displaced", displaced),
            ("exporters forgotten", forgotten),
        ];
        all.into_iter().filter(|(_, count)| *count > 0)
    }
}

/// Why sets of data are no flows whose template never came.
const UNRESOLVED: &str = "data sets without a template";

/// Tells of damage.
#[cold]
fn damage(take: &mut dyn Take, offset: usize, kind: &'static str, message: String, rest: &[u8]) {
    take.damage(&Damage { offset, kind, message }, rest);
}

/// Two bytes at `at` of `bytes`.
#[inline]
fn word(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

/// Four bytes at `at` of `bytes`.
#[inline]
fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests;
