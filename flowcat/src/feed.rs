//! What the inputs hold, block after block: read and unpacked in a thread of its own.
//!
//! ```text
//! reader thread: open ─► shape ─► blocks ──(POOL buffers go round)──► Feed::block ─► a source
//! ```
//!
//! Text comes as whole lines. A JSON array, or a JSON object without a newline in its first 64 KiB, may be one line of
//! any length, so it comes in pieces as it was read; see [`Shape`].
//!
//! Invariants: inputs come in order; what was read before an error comes before the error; output is flushed whenever
//! the next block is not there yet. Bound: [`POOL`] buffers of at most 256 KiB, or of one line of 1 MiB.

mod shape;

pub(crate) use shape::Shape;

use crate::flows::Flows;
use flow_record::input::{self, Blocks, Identity, Input, InputError, Piece, Source};
use flow_record::scan::{MAX_LINE, Reject, Why};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Buffers that go round.
const POOL: usize = 6;

/// Bytes of one piece.
const PIECE: usize = 128 * 1024;

/// How often a waiting program looks whether a signal came.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long a program that was asked to finish waits for what is still being read.
const GRACE: Duration = Duration::from_secs(1);

/// What the reader hands over.
enum Load {
    Begin(String, Shape),
    Block,
    /// The beginning of a line of this length.
    Long(u64),
    /// The beginning of a line that broke off.
    Partial,
    /// The input could not be read (on).
    Fault(String),
    End,
}

struct Parcel {
    /// Number of the input.
    input: usize,
    load: Load,
    bytes: Vec<u8>,
    /// Bytes of all inputs read so far, as stored.
    read: u64,
}

/// An input that was opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Its name, for people.
    pub(crate) name: String,
    /// How it comes.
    pub(crate) shape: Shape,
}

/// The inputs, one after the other.
pub(crate) struct Feed {
    parcels: Receiver<Parcel>,
    free: Sender<Vec<u8>>,
    /// Inputs below this number are not read on.
    skipped: Arc<AtomicUsize>,
    count: usize,
    /// Number of the current input.
    current: usize,
    /// What was looked at and not yet used.
    head: Vec<u8>,
    block: Vec<u8>,
    ended: bool,
    deadline: Option<Instant>,
}

impl Feed {
    /// Begins to read. `stop` ends it; an input that is the file `output` is refused.
    pub(crate) fn start(
        sources: Vec<Result<Source, InputError>>,
        stop: Arc<AtomicBool>,
        output: Option<Identity>,
    ) -> Feed {
        let (to_feed, parcels) = channel();
        let (free, pool) = channel();
        for _ in 0..POOL {
            // The receiver is in scope. A buffer of the pool has room from the start: by that it is told from none.
            let _ = free.send(Vec::with_capacity(64));
        }
        let skipped = Arc::new(AtomicUsize::new(0));
        let count = sources.len();
        let reader = Reader { to_feed, pool, skipped: skipped.clone(), stop, output, before: 0 };
        // Not joined: it may be waiting for input that never comes.
        thread::spawn(move || reader.all(sources));
        let (head, block) = (Vec::new(), Vec::new());
        Feed { parcels, free, skipped, count, current: 0, head, block, ended: true, deadline: None }
    }

    /// One input that comes in these blocks.
    #[cfg(test)]
    pub(crate) fn of_blocks(blocks: Vec<Vec<u8>>) -> Feed {
        let mut feed = Feed::start(vec![], Arc::default(), None);
        let (to_feed, parcels) = channel();
        for bytes in blocks {
            let _ = to_feed.send(Parcel { input: 0, load: Load::Block, bytes, read: 0 });
        }
        (feed.parcels, feed.ended) = (parcels, false);
        feed
    }

    /// The next input that can be opened; `None` after the last. What is left of the current one is passed over.
    pub(crate) fn open(&mut self, flows: &mut Flows<'_>) -> Option<Opened> {
        self.head.clear();
        if !self.ended {
            self.ended = true;
            self.skipped.store(self.current + 1, Ordering::Relaxed);
            if self.current + 1 == self.count {
                return None;
            }
        }
        loop {
            let parcel = self.next(flows)?;
            match parcel.load {
                Load::Begin(name, shape) => {
                    self.current = parcel.input;
                    self.ended = false;
                    return Some(Opened { name, shape });
                }
                // What was read of an input that is passed over tells nothing.
                Load::Fault(text) if parcel.input >= self.skipped.load(Ordering::Relaxed) => flows.fail(&text),
                _ => {}
            }
            self.give_back(parcel.bytes);
        }
    }

    /// The next block of the current input; `None` at its end, or when nothing more is to be read.
    pub(crate) fn block(&mut self, flows: &mut Flows<'_>) -> Option<&[u8]> {
        let used = std::mem::take(&mut self.block);
        self.give_back(used);
        self.block = match self.head.is_empty() {
            false => std::mem::take(&mut self.head),
            true => self.receive(flows)?,
        };
        Some(&self.block)
    }

    /// Looks one block further ahead; false where there is none.
    pub(crate) fn look(&mut self, flows: &mut Flows<'_>) -> bool {
        let Some(block) = self.receive(flows) else { return false };
        // Copied, because as many blocks may be looked at as there are lines in a slow input.
        self.head.extend_from_slice(&block);
        self.give_back(block);
        true
    }

    /// What was looked at.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// A block from the reader. Lines that are too long or broken off are rejected here.
    fn receive(&mut self, flows: &mut Flows<'_>) -> Option<Vec<u8>> {
        while !self.ended && !flows.is_over() {
            let parcel = self.next(flows)?;
            flows.progress(parcel.read);
            match parcel.load {
                Load::Block => return Some(parcel.bytes),
                Load::Begin(..) | Load::End => self.ended = true,
                Load::Fault(text) => flows.fail(&text),
                Load::Long(length) => {
                    let reject = Reject { at: MAX_LINE, why: Why::TooLong };
                    flows.reject_cut(&reject, &parcel.bytes, Some(length));
                }
                Load::Partial => {
                    let reject = Reject { at: parcel.bytes.len(), why: Why::CutOff };
                    flows.reject_cut(&reject, &parcel.bytes, None);
                }
            }
            self.give_back(parcel.bytes);
        }
        None
    }

    fn give_back(&self, buffer: Vec<u8>) {
        if buffer.capacity() > 0 {
            // The reader may have ended.
            let _ = self.free.send(buffer);
        }
    }

    /// The next parcel; while it is not there, what was written so far is handed on.
    fn next(&mut self, flows: &mut Flows<'_>) -> Option<Parcel> {
        match self.parcels.try_recv() {
            Ok(parcel) => return Some(parcel),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => flows.flush(),
        }
        loop {
            match self.parcels.recv_timeout(PATIENCE) {
                Ok(parcel) => return Some(parcel),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if flows.is_over() {
                return None;
            }
            if flows.is_stopped() && Instant::now() >= *self.deadline.get_or_insert_with(|| Instant::now() + GRACE) {
                return None;
            }
        }
    }
}

/// The reading side.
struct Reader {
    to_feed: Sender<Parcel>,
    pool: Receiver<Vec<u8>>,
    skipped: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    output: Option<Identity>,
    before: u64,
}

impl Reader {
    fn all(mut self, sources: Vec<Result<Source, InputError>>) {
        for (number, source) in sources.into_iter().enumerate() {
            if self.stop.load(Ordering::Relaxed) || self.one(number, source).is_none() {
                return;
            }
        }
    }

    /// Reads one input to its end; `None` when nobody listens any more.
    fn one(&mut self, number: usize, source: Result<Source, InputError>) -> Option<()> {
        let opened = source.and_then(|s| s.open().map(|input| (s.name(), input)));
        let (name, mut input) = match opened {
            Ok(opened) => opened,
            Err(e) => return self.send(number, Load::Fault(e.to_string()), Vec::new(), 0),
        };
        if self.output.is_some() && input.identity() == self.output {
            return self.send(number, Load::Fault(format!("{name}: this file is also the output")), Vec::new(), 0);
        }
        input.stop_when(self.stop.clone());
        let consumed = input.consumed();
        let shape = shape::shape(&mut input);
        self.send(number, Load::Begin(name.clone(), shape), Vec::new(), 0)?;
        let mut blocks = match shape {
            Shape::Lines => Cut::Lines(Blocks::new(input)),
            Shape::Pieces => Cut::Pieces(input),
        };
        let mut unused = Vec::new();
        while self.skipped.load(Ordering::Relaxed) <= number {
            let mut bytes = self.pool.recv().ok()?;
            let load = match blocks.next(&mut bytes) {
                Ok(Some(Piece::Lines)) => Load::Block,
                Ok(Some(Piece::Long { length })) => Load::Long(length),
                Ok(Some(Piece::Partial)) => Load::Partial,
                Ok(None) => {
                    unused = bytes;
                    break;
                }
                Err(e) => {
                    let text = format!("{name}: {}", input::cause(&e));
                    self.send(number, Load::Fault(text), bytes, consumed.load(Ordering::Relaxed))?;
                    break;
                }
            };
            self.send(number, load, bytes, consumed.load(Ordering::Relaxed))?;
        }
        self.before += consumed.load(Ordering::Relaxed);
        // Every buffer goes back to the pool, that of the last read too.
        self.send(number, Load::End, unused, 0)
    }

    fn send(&self, input: usize, load: Load, bytes: Vec<u8>, consumed: u64) -> Option<()> {
        self.to_feed.send(Parcel { input, load, bytes, read: self.before + consumed }).ok()
    }
}

/// An input as it is cut.
enum Cut {
    Lines(Blocks<Input>),
    Pieces(Input),
}

impl Cut {
    fn next(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<Option<Piece>> {
        match self {
            Cut::Lines(blocks) => blocks.next(bytes),
            Cut::Pieces(input) => {
                bytes.resize(PIECE, 0);
                loop {
                    match input.read(bytes) {
                        Ok(0) => return Ok(None),
                        Ok(n) => {
                            bytes.truncate(n);
                            return Ok(Some(Piece::Lines));
                        }
                        Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                        Err(e) if input::is_stopped(&e) => return Ok(None),
                        Err(e) => return Err(e),
                    }
                }
            }
        }
    }
}
