//! Memory for states: how much there is, and what happens where it is full.
//!
//! Each worker has its share. States are weighed after so many lines as they took bytes the last time, so that weighing
//! costs a fixed part of the work. Those that can go to files in the folder of `--spill`, the largest first; where none can,
//! or there is no folder, the run ends with 2 and says so: a table is never silently wrong. Bound: the share, and what the
//! lines between two weighings add.

use crate::view::ViewState;
use flow_record::people::amount;
use flow_record::people::read;
use std::path::PathBuf;

/// Lines between two weighings at least.
const LINES: u64 = 65_536;

/// Bytes that a line adds at most, as a rule: so many fewer lines than bytes lie between two weighings.
const LINE_BYTES: u64 = 1024;

/// The least that can be asked for.
const LEAST: u64 = 8_000_000;

/// What is said where it is full.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    /// Of all workers.
    memory: u64,
    /// Of this one.
    share: u64,
    spill: Option<PathBuf>,
    /// Lines until the next weighing.
    due: u64,
}

/// Reads `--memory`.
///
/// # Errors
/// What is expected.
pub(crate) fn memory(text: &str) -> Result<u64, String> {
    let fits = |n: &u64| (LEAST..1 << 50).contains(n);
    read::integer(text).filter(fits).ok_or_else(|| "8M or more is expected, as 512M or 4G".into())
}

impl Room {
    /// For one of so many workers.
    pub(crate) fn new(memory: u64, spill: Option<PathBuf>, workers: usize) -> Room {
        Room { memory, share: memory / workers.max(1) as u64, spill, due: LINES }
    }

    /// Takes a line; says whether it is time to weigh.
    #[inline]
    pub(crate) fn is_due(&mut self) -> bool {
        self.due = self.due.saturating_sub(1);
        self.due == 0
    }

    /// Weighs the states of items with these names, and makes room where they are too heavy.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn weigh<'s>(
        &mut self,
        items: impl Iterator<Item = (&'s str, &'s mut ViewState)>,
    ) -> Result<(), String> {
        let mut all: Vec<(u64, &str, &mut ViewState)> =
            items.map(|(name, state)| (state.bytes(), name, state)).collect();
        let mut total: u64 = all.iter().map(|(bytes, ..)| bytes).sum();
        all.sort_by_key(|(bytes, ..)| std::cmp::Reverse(*bytes));
        let largest = all.first().map_or("", |(_, name, _)| *name).to_owned();
        let mut moved = 0;
        if let Some(folder) = self.spill.as_deref().filter(|_| total > self.share) {
            for (bytes, _, state) in all {
                if total - moved > self.share / 2 && state.spill(folder)? {
                    moved += bytes;
                }
            }
        }
        total -= moved;
        if total > self.share {
            let memory = amount(self.memory as f64, "bytes");
            let advice = match self.spill {
                None => "--spill DIR keeps the rest in files",
                Some(_) => "this cannot go to the files of --spill",
            };
            return Err(format!(
                "{largest}: more than --memory ({memory}) is needed; {advice}, a larger --memory keeps it here"
            ));
        }
        // Half of the room is filled by so many lines at most.
        let left = (self.share - total) / 2;
        self.due = (left / LINE_BYTES).min(total / 64).max(LINES.min(self.share / LINE_BYTES / 2)).max(1);
        Ok(())
    }
}
