//! What the inputs hold, block after block, as the reader's thread hands it over.
//!
//! ```text
//! reader thread: open ─► source::detect ─► blocks ──(POOL parcels go round)──► Feed::block ─► a source
//! ```
//!
//! How an input comes, in whole lines, in pieces or as it is, its format says ([`crate::source::Takes`]).
//!
//! Invariants: inputs come in order; what was read before an error comes before the error; output is flushed whenever
//! the next block is not there yet. Bound: [`POOL`] parcels.

pub(crate) mod stream;

use crate::flows::Flows;
use crate::source::{Detect, Seen};
use flow_record::input::feed::{Load, Parcel, Reader};
use flow_record::input::{Follow, Identity, Input, InputError, Source};
use flow_record::run::Patience;
use flow_record::scan::{Reject, Why};
use memchr::memchr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// Parcels that go round.
const POOL: usize = 6;

/// How long a program that was asked to finish waits for what is still being read.
const GRACE: Duration = Duration::from_secs(1);

type Block = Parcel<Seen, ()>;

/// The inputs, one after the other.
pub(crate) struct Feed {
    parcels: Receiver<Block>,
    free: Sender<Block>,
    /// Inputs below this number are not read on.
    skipped: Arc<AtomicUsize>,
    count: usize,
    /// Whether one of them is live.
    has_live: bool,
    /// Number of the current input.
    current: usize,
    /// The current input, where it comes whole.
    whole: Option<Input>,
    /// The block that is in use.
    block: Option<Block>,
    ended: bool,
    /// The current input ended with an error, which was told.
    failed: bool,
    patience: Patience,
}

impl Feed {
    /// Begins to read. `stop` ends it; an input that is the file `output` is refused.
    pub(crate) fn start(
        sources: Vec<Result<Source, InputError>>,
        detect: Detect,
        stop: Arc<AtomicBool>,
        output: Option<Identity>,
    ) -> Feed {
        let (count, has_live) = (sources.len(), sources.iter().flatten().any(Source::is_live));
        Feed { has_live, ..Feed::over(sources, count, detect, stop, output) }
    }

    /// The same of files as they appear in a folder.
    pub(crate) fn follow(folder: Follow, detect: Detect, stop: Arc<AtomicBool>, output: Option<Identity>) -> Feed {
        Feed::over(folder, usize::MAX, detect, stop, output)
    }

    /// Reads sources, of which there are so many at most.
    fn over(
        sources: impl IntoIterator<Item = Result<Source, InputError>> + Send + 'static,
        count: usize,
        detect: Detect,
        stop: Arc<AtomicBool>,
        output: Option<Identity>,
    ) -> Feed {
        let (to_feed, parcels) = channel();
        let (free, pool) = channel();
        for _ in 0..POOL {
            // The receiver is in scope.
            let _ = free.send(Block::default());
        }
        let skipped = Arc::new(AtomicUsize::new(0));
        let reader = Reader { look: detect, pool, stop: Some(stop), skipped: skipped.clone(), output, ends: 1 };
        // Not joined: it may be waiting for input that never comes.
        thread::spawn(move || reader.run(sources, |parcel| to_feed.send(parcel).ok()));
        Feed::of(parcels, free, skipped, count, true)
    }

    /// One input that comes in these blocks; nothing reads.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_blocks(blocks: Vec<Vec<u8>>) -> Feed {
        let (to_feed, parcels) = channel();
        for bytes in blocks {
            let _ = to_feed.send(Parcel { load: Load::Lines, bytes, ..Parcel::default() });
        }
        Feed::of(parcels, channel().0, Arc::default(), 1, false)
    }

    fn of(parcels: Receiver<Block>, free: Sender<Block>, skipped: Arc<AtomicUsize>, count: usize, ended: bool) -> Feed {
        Feed {
            parcels,
            free,
            skipped,
            count,
            has_live: false,
            current: 0,
            whole: None,
            block: None,
            ended,
            failed: false,
            patience: Patience::new(GRACE),
        }
    }

    /// Whether there is an input of which something is to be read even after a request to stop.
    pub(crate) fn has_live(&self) -> bool {
        self.has_live
    }

    /// Name and kind of the next input that can be read; `None` after the last. What is left of the current one is
    /// passed over.
    pub(crate) fn open(&mut self, flows: &mut Flows<'_>) -> Option<(String, Seen)> {
        self.give_back();
        if !self.ended {
            self.ended = true;
            self.skipped.store(self.current + 1, Ordering::Relaxed);
            if self.current + 1 == self.count {
                return None;
            }
        }
        loop {
            let mut parcel = self.patience.next(&self.parcels, flows)?;
            let load = std::mem::replace(&mut parcel.load, Load::Nothing);
            let input = parcel.input;
            self.block = Some(parcel);
            self.give_back();
            match load {
                Load::Begin(begin) => {
                    self.current = input;
                    (self.ended, self.failed, self.whole) = (false, false, begin.whole);
                    return Some((begin.name, begin.seen));
                }
                // What was read of an input that is passed over tells nothing.
                Load::Fault(text) if input >= self.skipped.load(Ordering::Relaxed) => flows.fail(&text),
                _ => {}
            }
        }
    }

    /// The next block of the current input; `None` at its end, or when nothing more is to be read. Lines that are too
    /// long or broken off are rejected here.
    pub(crate) fn block(&mut self, flows: &mut Flows<'_>) -> Option<&[u8]> {
        self.give_back();
        flows.pause();
        // Why a line broke off comes after it, and is told even where the line has ended the run.
        let mut is_broken = false;
        while !self.ended && (!flows.is_over() || is_broken) {
            let parcel = self.patience.next(&self.parcels, flows)?;
            flows.progress(parcel.read);
            is_broken = matches!(parcel.load, Load::Partial);
            match &parcel.load {
                Load::Lines | Load::Piece => return Some(&self.block.insert(parcel).bytes),
                Load::Begin(_) | Load::End => self.ended = true,
                Load::Fault(text) => {
                    self.failed = true;
                    flows.fail(text);
                }
                Load::Long(part) => {
                    flows.line += u64::from(part.first);
                    flows.reject_long(flows.line, *part, &parcel.bytes);
                }
                Load::Partial => {
                    let reject = Reject { at: parcel.bytes.len(), why: Why::CutOff };
                    flows.reject_cut(&reject, &parcel.bytes);
                }
                Load::Nothing => {}
            }
            self.block = Some(parcel);
            self.give_back();
        }
        None
    }

    /// Gives each line of the current input to `take`, without its newline, numbered in `flows`.
    ///
    /// # Errors
    /// Those of `take`, which end it.
    pub(crate) fn lines(
        &mut self,
        flows: &mut Flows<'_>,
        mut take: impl FnMut(&[u8], &mut Flows<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        while let Some(mut rest) = self.block(flows) {
            while let Some(end) = memchr(b'\n', rest) {
                let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
                rest = &rest[end + 1..];
                flows.line += 1;
                take(line, flows)?;
                if flows.is_over() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The current input itself, once, where its format takes it whole.
    #[cfg_attr(all(not(test), not(feature = "parquet")), expect(dead_code, reason = "no format of files then"))]
    pub(crate) fn whole(&mut self) -> Option<Input> {
        self.whole.take()
    }

    /// Lets the reader have the block again.
    fn give_back(&mut self) {
        if let Some(parcel) = self.block.take() {
            // The reader may have ended.
            let _ = self.free.send(parcel);
        }
    }
}
