//! The records of a block: flows, what is known to be none, and what is neither, which is rejected.

use super::block::Block;
use super::bytes::{u16_at, u32_at};
use super::common::{self, COMMON, COMMON_0};
use super::exporter::{EXPORTER, Exporters};
use super::map::Maps;
use super::recent::{self, Elements, RECENT};
use super::trouble::Trouble;
use crate::flows::{Flows, Loss};
use flow_record::record::Flow;
use flow_record::record::field;

/// Kinds of records that are no flows.
const EXTENSION_MAP: u16 = 2;
const PORT_HISTOGRAM: u16 = 3;
const SIZE_HISTOGRAM: u16 = 4;
const EXPORTER_COUNTS: u16 = 8;
const OLD_SAMPLER: u16 = 9;
/// Names of applications, interfaces and routing tables.
const NAMES: std::ops::RangeInclusive<u16> = 12..=14;
const SAMPLER: u16 = 15;
const FILLER: u16 = 256;
const IDENT: u16 = 0x8001;
const SUMMARY: u16 = 0x8002;

/// A flow of nfdump 1.8.
const NEWER: u16 = 16;

/// Bytes of the header of a record: its kind and its size.
const HEADER: usize = 4;

/// Reads the records of one file after the other. Nothing is allocated for a record.
#[derive(Debug, Default)]
pub(crate) struct Records {
    maps: Maps,
    exporters: Exporters,
    elements: Elements,
    flow: Flow,
    /// Whether what flows have besides is kept, and that of the last.
    keep: bool,
    extras: Vec<u8>,
}

impl Records {
    /// A reader; `keep` says whether what flows have besides their fields is kept.
    pub(crate) fn new(keep: bool) -> Records {
        Records { keep, ..Records::default() }
    }

    /// Hands on the flows of a block, whose content this is, and which stood `at` so many bytes into the file.
    ///
    /// # Errors
    /// Where its records do not fill it or are not as many as it says.
    pub(crate) fn read(&mut self, block: &Block, content: &[u8], at: u64, flows: &mut Flows<'_>) -> Result<(), String> {
        let (mut place, mut count) = (0, 0);
        while place < content.len() {
            let rest = &content[place..];
            let size = usize::from(u16_at(rest, 2));
            if !(HEADER..=rest.len()).contains(&size) {
                return Err(format!("the record at byte {place} of its content has a size of {size}"));
            }
            let record = &rest[..size];
            match u16_at(record, 0) {
                RECENT => {
                    let read = self.elements.read(record, &mut self.flow);
                    self.exporters.set(recent::exporter(record), &mut self.flow);
                    if self.keep {
                        self.extras.clear();
                        self.elements.extras(record, &mut self.extras);
                    }
                    self.hand_on(read, record, (at, place), flows);
                }
                COMMON | COMMON_0 => {
                    let read = common::read(record, &self.maps, &mut self.flow);
                    self.exporters.set(common::exporter(record), &mut self.flow);
                    if self.keep {
                        self.extras.clear();
                        common::extras(record, &self.maps, &mut self.extras);
                    }
                    self.hand_on(read, record, (at, place), flows);
                }
                kind => {
                    if let Err(trouble) = self.other(kind, record) {
                        reject(trouble, record, (at, place), flows);
                    }
                }
            }
            if flows.is_over() {
                return Ok(());
            }
            place += size;
            count += 1;
        }
        if count != block.records {
            return Err(format!("it says that it has {} records and has {count}", block.records));
        }
        Ok(())
    }

    #[inline]
    fn hand_on(&self, read: Result<(), Trouble>, record: &[u8], at: (u64, usize), flows: &mut Flows<'_>) {
        match read {
            Ok(()) => {
                flows.line += 1;
                if self.flow.has(field::CLOCK) {
                    self.doubt(flows);
                }
                flows.flow_with(&self.flow, &self.extras);
            }
            Err(trouble) => reject(trouble, record, at, flows),
        }
    }

    /// Tells of a time that is not to be believed.
    #[cold]
    fn doubt(&self, flows: &mut Flows<'_>) {
        if let Some(clock) = self.flow.text(field::CLOCK) {
            flows.lose(flows.line, 0, Loss::Time(clock));
        }
    }

    /// A record that is no flow, unless it is damaged.
    fn other(&mut self, kind: u16, record: &[u8]) -> Result<(), Trouble> {
        let size = record.len();
        let is_right = match kind {
            EXTENSION_MAP => return self.maps.put(record),
            NEWER => return Err(Trouble::Newer),
            PORT_HISTOGRAM | SIZE_HISTOGRAM | FILLER | IDENT | SUMMARY => true,
            EXPORTER => record.try_into().map(|record| self.exporters.put(record)).is_ok(),
            EXPORTER_COUNTS => size >= 8 && (size - 8) as u64 == 24 * u64::from(u32_at(record, 4)),
            OLD_SAMPLER => size == 16,
            SAMPLER => size == 24,
            _ if NAMES.contains(&kind) => {
                size >= 8 && size - 8 == usize::from(u16_at(record, 4)) * usize::from(u16_at(record, 6))
            }
            _ => false,
        };
        if is_right { Ok(()) } else { Err(Trouble::Kind(kind)) }
    }
}

/// Rejects a record that stood so many bytes into the content of the block that stood so many bytes into the file.
#[cold]
fn reject(trouble: Trouble, record: &[u8], (block, place): (u64, usize), flows: &mut Flows<'_>) {
    use std::fmt::Write;
    flows.line += 1;
    let message = format!("{trouble} (at byte {place} of the block at byte {block})");
    let mut hex = String::with_capacity(2 * record.len());
    for byte in record {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    flows.reject(flows.line, 0, trouble.kind(), &message, hex.as_bytes());
}
