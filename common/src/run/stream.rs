//! The loop over NDJSON lines: reader, workers, and the writer that keeps their order.
//!
//! Batch `i` goes to worker `i mod n`, and the writer takes results from the workers in the same turn, so the order
//! needs no numbers. [`POOL`] batches a worker go round; the reader waits for one to come back.

use super::batch::Batch;
use super::patience::Patience;
use super::place::Place;
use super::select::Selecting;
use super::session::Session;
use super::worker::Worker;
use crate::input::feed::{Begin, Cut, Load, Look, Reader};
use crate::input::{Ahead, Input, InputError, Kind, Source};
use crate::scan::{Reject, Scanner, Why};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// Batches in circulation for each worker.
const POOL: usize = 3;

/// How long the rest of the input is read after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// Takes every input for lines, but for those that are known to be none.
struct Lines;

impl Look for Lines {
    type Seen = ();

    fn look(&mut self, input: &mut Input) -> Result<((), Cut), String> {
        while Kind::of(input.ahead()) == Kind::Open && input.look_ahead() == Ahead::More {}
        match Kind::of(input.ahead()) {
            Kind::Known(kind) => {
                Err(format!("this is {}, no lines of flows; {} makes those of it", kind.name, kind.read_by()))
            }
            _ => Ok(((), Cut::Lines)),
        }
    }
}

/// Reads all inputs and gives each accepted line to a worker; answers the workers, in order, for their results.
/// `watch` names the members whose values the workers want to see. Flows that the session's filter leaves out never reach
/// a worker.
///
/// Errors of inputs are told and counted in the session; the other inputs are still read.
pub fn each_line<W: Worker>(
    session: &mut Session,
    sources: Vec<Result<Source, InputError>>,
    watch: &[String],
    workers: Vec<W>,
) -> Vec<W> {
    let Some(filter) = session.conduct.filter.take() else { return every_line(session, sources, watch, workers) };
    let watched = [watch, filter.watch()].concat();
    let selecting = workers.into_iter().map(|worker| Selecting::new(worker, &filter, watch.len())).collect();
    let selecting = every_line(session, sources, &watched, selecting);
    let mut met = filter.met();
    selecting.iter().for_each(|selecting| met.merge(&selecting.met));
    filter.unmet(&met, "").iter().for_each(|text| session.messages.note(text));
    selecting.into_iter().map(|selecting| selecting.worker).collect()
}

/// The same for every line.
fn every_line<W: Worker>(
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
        let _ = free.send(Batch::default());
    }
    let mut filled = Vec::new();
    let mut done = Vec::new();
    let mut threads = Vec::new();
    for mut worker in workers {
        // What comes is a batch, or the request to finish.
        let (to_worker, from_reader) = channel::<Option<Batch>>();
        let (to_writer, from_worker) = channel::<Batch>();
        let mut scanner = Scanner::watching(watch);
        filled.push(to_worker);
        done.push(from_worker);
        threads.push(thread::spawn(move || {
            for mut batch in from_reader.into_iter().map_while(|batch| batch) {
                batch.work(&mut scanner, &mut worker, strict);
                let stop = strict && batch.is_rejected();
                if to_writer.send(batch).is_err() || stop {
                    break;
                }
            }
            worker
        }));
    }
    read(session, sources, pool, filled.clone());
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

/// Begins to fill batches, until the inputs end or nobody takes them.
fn read(
    session: &Session,
    sources: Vec<Result<Source, InputError>>,
    pool: Receiver<Batch>,
    workers: Vec<Sender<Option<Batch>>>,
) {
    let output = session.output_identity();
    let reader = Reader { look: Lines, pool, stop: None, skipped: Arc::default(), output, ends: workers.len() };
    let mut turn = 0;
    // Not joined: it may be waiting for input that never comes.
    thread::spawn(move || {
        reader.run(sources, |batch| {
            let sent = workers[turn % workers.len()].send(Some(batch)).is_ok();
            turn += 1;
            sent.then_some(())
        });
        end(&workers);
    });
}

/// Asks the workers to finish after what they have been given.
fn end(workers: &[Sender<Option<Batch>>]) {
    for worker in workers {
        // One that has finished needs no asking.
        let _ = worker.send(None);
    }
}

/// Writes results in order until there are no more, the output is over, or a signal's grace has passed.
fn write(session: &mut Session, done: &[Receiver<Batch>], free: &Sender<Batch>) {
    let mut input = Lined { name: String::new(), line: 0 };
    let mut patience = Patience::new(GRACE);
    for turn in 0.. {
        if patience.has_passed(session) {
            return;
        }
        let Some(batch) = patience.next(&done[turn % done.len()], session) else { return };
        session.write(&batch.more.out);
        session.count(&batch.more.out);
        session.progress(batch.read);
        if !input.take(&batch, session) || session.is_over() {
            return;
        }
        // The reader may have ended.
        let _ = free.send(batch);
    }
}

/// The input that is being written, and how many lines of it were.
struct Lined {
    name: String,
    line: u64,
}

impl Lined {
    /// Tells of what is wrong in a batch; says whether to go on.
    fn take(&mut self, batch: &Batch, session: &mut Session) -> bool {
        match &batch.load {
            Load::Begin(begin) => {
                let Begin { name, .. } = &**begin;
                self.name.clone_from(name);
                self.line = 0;
                true
            }
            Load::Nothing | Load::End | Load::Piece => true,
            Load::Lines => {
                let before = self.line;
                self.line += batch.more.lines;
                batch.more.rejects.iter().all(|(at, range, reject)| {
                    if before + at == 0 && reject.why == Why::NotAnObject {
                        self.advise(session);
                    }
                    session.reject_line(&self.name, before + at + 1, reject, trimmed(&batch.bytes[range.clone()]))
                })
            }
            Load::Long(part) => {
                self.line += u64::from(part.first);
                session.reject_long(&self.name, self.line, *part, &batch.bytes)
            }
            Load::Partial => {
                self.line += 1;
                let reject = Reject { at: batch.bytes.len(), why: Why::CutOff };
                let place = Place { input: &self.name, line: self.line, column: 0 };
                session.reject(&place, reject.why.name(), &reject.message(&[]), &batch.bytes);
                // Why it breaks off comes next.
                true
            }
            Load::Fault(text) => {
                session.fail_input(text);
                !(session.conduct.strict && session.account.rejected > 0)
            }
        }
    }

    /// Says where lines come from, to whoever gives a filter something else.
    #[cold]
    fn advise(&self, session: &mut Session) {
        let text = || format!("{}: these are no lines of flows; pipe other formats through flowcat first", self.name);
        session.messages.warn("inputs that are no lines of flows", text);
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests;
