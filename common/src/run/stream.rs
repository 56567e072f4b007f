//! The loop over NDJSON lines: reader, workers, and the writer that keeps their order.
//!
//! Batch `i` goes to worker `i mod n`, and the writer takes results from the workers in the same turn, so the order
//! needs no numbers. [`POOL`] batches a worker go round; the reader waits for one to come back.

use super::account::{Fate, Fates};
use super::session::{Place, Session};
use crate::input::{self, Blocks, Identity, InputError, Piece, Source};
use crate::scan::{Clean, Line, MAX_LINE, Reject, Scanner, Why};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Batches in circulation for each worker.
const POOL: usize = 3;

/// How long the rest of the input is read after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// How often a waiting writer looks whether a signal came.
const LOOK: Duration = Duration::from_millis(100);

/// The work of a filter on one line; one worker a thread.
pub trait Worker: Send + 'static {
    /// Takes a line that every filter accepts. What is appended to `out` (whole lines) keeps the order of the input.
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<u8>) -> Fate;
}

/// Passes a line on as it is.
#[inline]
pub fn pass(line: &Line<'_>, out: &mut Vec<u8>) -> Fate {
    out.extend_from_slice(line.text.as_bytes());
    out.push(b'\n');
    Fate::Passed
}

/// What a batch carries.
enum Load {
    /// Nothing: it only goes back.
    Nothing,
    /// The next input begins.
    Begin(String),
    /// Whole lines, in `bytes`.
    Lines,
    /// The beginning of one line of this length, in `bytes`.
    Long(u64),
    /// The beginning of a line that broke off, in `bytes`.
    Partial,
    /// An input that could not be read (on).
    Fault(String),
    /// The worker's last batch.
    End,
}

/// A batch on its way: filled by the reader, worked on, written, and back.
struct Batch {
    load: Load,
    bytes: Vec<u8>,
    out: Vec<u8>,
    /// Bytes of all inputs, as stored, that were read when this was filled.
    read: u64,
    lines: u64,
    fates: Fates,
    /// Line in the batch from 0, where its bytes are, and why.
    rejects: Vec<(u64, std::ops::Range<usize>, Reject)>,
}

/// Reads all inputs and gives each accepted line to a worker; answers the workers, in order, for their results.
/// `watch` names the members whose values the workers want to see.
///
/// Errors of inputs are told and counted in the session; the other inputs are still read.
pub fn each_line<W: Worker>(
    session: &mut Session,
    sources: Vec<Result<Source, InputError>>,
    watch: &[String],
    workers: Vec<W>,
) -> Vec<W> {
    let strict = session.conduct.strict;
    session.begin_progress(&sources);
    let (free, pool) = channel();
    for _ in 0..workers.len() * POOL {
        // The receiver is in scope.
        let _ = free.send(Batch::empty());
    }
    let mut filled = Vec::new();
    let mut done = Vec::new();
    let mut threads = Vec::new();
    for mut worker in workers {
        let (to_worker, from_reader) = channel::<Batch>();
        let (to_writer, from_worker) = channel::<Batch>();
        let mut scanner = Scanner::watching(watch);
        filled.push(to_worker);
        done.push(from_worker);
        threads.push(thread::spawn(move || {
            for mut batch in from_reader {
                if matches!(batch.load, Load::End) {
                    break;
                }
                batch.work(&mut scanner, &mut worker, strict);
                let stop = strict && batch.is_rejected();
                if to_writer.send(batch).is_err() || stop {
                    break;
                }
            }
            worker
        }));
    }
    let to_workers = filled.clone();
    // Not joined: it may be waiting for input that never comes.
    let output = session.output_identity();
    thread::spawn(move || read(sources, output, &pool, &to_workers));
    write(session, &done, &free);
    drop(done);
    end(&filled);
    let mut workers = Vec::with_capacity(threads.len());
    for thread in threads {
        match thread.join() {
            Ok(worker) => workers.push(worker),
            // Its lines are lost, so nothing that is left may look whole.
            Err(_) => session.fail("a worker thread broke off: this is a defect of the program"),
        }
    }
    workers
}

impl Batch {
    fn empty() -> Batch {
        Batch {
            load: Load::Lines,
            bytes: Vec::new(),
            out: Vec::new(),
            read: 0,
            lines: 0,
            fates: Fates::default(),
            rejects: Vec::new(),
        }
    }

    fn is_rejected(&self) -> bool {
        !self.rejects.is_empty() || matches!(self.load, Load::Long(_) | Load::Partial)
    }

    fn work<W: Worker>(&mut self, scanner: &mut Scanner, worker: &mut W, strict: bool) {
        self.out.clear();
        self.rejects.clear();
        self.fates = Fates::default();
        self.lines = 0;
        if !matches!(self.load, Load::Lines) {
            return;
        }
        let (out, fates) = (&mut self.out, &mut self.fates);
        let mut one = |line: Clean<'_>| -> Result<(), Reject> {
            if !line.text().trim_ascii_start().is_empty() {
                let line = scanner.scan(line)?;
                fates.count(worker.line(&line, out));
            }
            Ok(())
        };
        let bytes = &self.bytes;
        let (lines, rejects) = (&mut self.lines, &mut self.rejects);
        let mut at = 0;
        // Counts the line that ends before `end`; says whether to go on.
        let mut take = |end: usize, result: Result<(), Reject>| {
            if let Err(reject) = result {
                rejects.push((*lines, at..end, reject));
            }
            at = end;
            *lines += 1;
            result.is_ok() || !strict
        };
        match Clean::block(bytes) {
            Some(block) => {
                let mut end = 0;
                for line in block.lines() {
                    end += line.text().len() + 1;
                    if !take(end, one(line)) {
                        return;
                    }
                }
            }
            None => {
                let mut start = 0;
                for end in memchr::memchr_iter(b'\n', bytes) {
                    let result = Clean::line(&bytes[start..end]).and_then(&mut one);
                    start = end + 1;
                    if !take(start, result) {
                        return;
                    }
                }
            }
        }
    }
}

/// Fills batches until the inputs end or nobody takes them.
fn read(
    sources: Vec<Result<Source, InputError>>,
    output: Option<Identity>,
    pool: &Receiver<Batch>,
    workers: &[Sender<Batch>],
) {
    let mut turn = 0;
    let mut send = |load: Load, mut batch: Batch| {
        batch.load = load;
        let sent = workers[turn % workers.len()].send(batch).is_ok();
        turn += 1;
        sent.then_some(())
    };
    let all = || -> Option<()> {
        let mut before = 0;
        for source in sources {
            let opened = source.and_then(|s| s.open().map(|input| (s.name(), input)));
            let (name, input) = match opened {
                Ok(opened) => opened,
                Err(e) => {
                    send(Load::Fault(e.to_string()), pool.recv().ok()?)?;
                    continue;
                }
            };
            if output.is_some() && input.identity() == output {
                send(Load::Fault(format!("{name}: this file is also the output")), pool.recv().ok()?)?;
                continue;
            }
            send(Load::Begin(name.clone()), pool.recv().ok()?)?;
            let consumed = input.consumed();
            let mut blocks = Blocks::new(input);
            loop {
                let mut batch = pool.recv().ok()?;
                let next = blocks.next(&mut batch.bytes);
                batch.read = before + consumed.load(Ordering::Relaxed);
                match next {
                    Ok(None) => {
                        send(Load::Nothing, batch)?;
                        break;
                    }
                    Ok(Some(Piece::Lines)) => send(Load::Lines, batch)?,
                    Ok(Some(Piece::Long { length })) => send(Load::Long(length), batch)?,
                    Ok(Some(Piece::Partial)) => send(Load::Partial, batch)?,
                    Err(e) => {
                        send(Load::Fault(format!("{name}: {}", input::cause(&e))), batch)?;
                        break;
                    }
                }
            }
            before += consumed.load(Ordering::Relaxed);
        }
        Some(())
    };
    // `None` says that the writer has gone; the workers are told all the same.
    let _ = all();
    end(workers);
}

/// Asks the workers to finish after what they have been given.
fn end(workers: &[Sender<Batch>]) {
    for worker in workers {
        // One that has finished needs no asking.
        let _ = worker.send(Batch { load: Load::End, ..Batch::empty() });
    }
}

/// Writes results in order until there are no more, the output is over, or a signal's grace has passed.
fn write(session: &mut Session, done: &[Receiver<Batch>], free: &Sender<Batch>) {
    let mut input = String::new();
    let mut line = 0;
    let mut deadline: Option<Instant> = None;
    for turn in 0.. {
        let from = &done[turn % done.len()];
        if has_passed(session, &mut deadline) {
            return;
        }
        let batch = match from.try_recv() {
            Ok(batch) => batch,
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {
                session.flush();
                match wait(session, from, &mut deadline) {
                    Some(batch) => batch,
                    None => return,
                }
            }
        };
        session.write(&batch.out);
        session.count(&batch.fates);
        session.progress(batch.read);
        let place = |line, length| Place { input: &input, line, column: 0, length };
        let go_on = match &batch.load {
            Load::Begin(name) => {
                line = 0;
                input.clone_from(name);
                true
            }
            Load::Nothing | Load::End => true,
            Load::Lines => {
                let go_on = batch.rejects.iter().all(|(at, range, reject)| {
                    session.reject_line(&input, line + at + 1, reject, trimmed(&batch.bytes[range.clone()]))
                });
                line += batch.lines;
                go_on
            }
            Load::Long(length) => {
                line += 1;
                let reject = Reject { at: MAX_LINE, why: Why::TooLong };
                session.reject(&place(line, Some(*length)), reject.why.name(), &reject.message(&[]), &batch.bytes)
            }
            Load::Partial => {
                line += 1;
                let reject = Reject { at: batch.bytes.len(), why: Why::CutOff };
                session.reject(&place(line, None), reject.why.name(), &reject.message(&[]), &batch.bytes)
            }
            Load::Fault(text) => {
                session.fail(text);
                true
            }
        };
        if !go_on || session.is_over() {
            return;
        }
        // The reader may have ended.
        let _ = free.send(batch);
    }
}

/// The next batch; `None` at the end, or when the grace after a signal has passed.
fn wait(session: &Session, from: &Receiver<Batch>, deadline: &mut Option<Instant>) -> Option<Batch> {
    loop {
        match from.recv_timeout(LOOK) {
            Ok(batch) => return Some(batch),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if has_passed(session, deadline) {
            return None;
        }
    }
}

/// Whether a signal came and its grace has passed.
fn has_passed(session: &Session, deadline: &mut Option<Instant>) -> bool {
    session.signals.received().is_some() && Instant::now() >= *deadline.get_or_insert_with(|| Instant::now() + GRACE)
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
