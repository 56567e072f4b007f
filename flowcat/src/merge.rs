//! `--merge`: several inputs, each in order of time, become one stream in order of time.
//!
//! ```text
//! input ─► Feed ─► source, in a thread of its own ─► Gate ─► its queue ─┐
//! input ─► Feed ─► source ─────────────────────────► Gate ─► its queue ─┴► the earliest first ─► the steps
//! ```
//!
//! Sources push and cannot be asked for one flow, so each has a thread; but one alone runs at a time: the one that has the
//! [`Flows`]. It gives them back before it reads on ([`Flows::pause`]), and the next turn is that of an input whose queue
//! is empty. So accounts, messages and rejects are those of one run, and the output depends on the inputs alone.
//!
//! Flows of one start come in the order of the inputs; a flow without a time stays behind the one before it. What starts
//! before the one before it goes on as soon as it is met, is told, and is counted. Bound: [`MOST`] inputs; of each its
//! parcels, and the flows of one block.

use crate::feed::Feed;
use crate::flows::Flows;
use crate::options::PROGRAM;
use crate::run;
use crate::source::{Detect, Format, Settings};
use crate::step::{Next, Place, Record, Step, pack, unpack};
use flow_record::input::{Identity, InputError, Source};
use flow_record::output::Sink;
use flow_record::record::Flow;
use flow_record::run::{Conduct, Session};
use flow_record::scan::LineKind;
use flow_record::value::time::Time;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

/// Inputs that are merged at once: each has a file that is open and two threads.
pub(crate) const MOST: usize = 256;

/// How often it is looked whether a thread is still there.
const LOOK: Duration = Duration::from_millis(200);

/// How all inputs are read.
pub(crate) struct Shared<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) from: Option<&'static Format>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) output: Option<Identity>,
}

impl Shared<'_> {
    /// Tells what an input is.
    pub(crate) fn detect(&self) -> Detect {
        Detect::new(self.from).mapped(!self.settings.mapping.is_empty())
    }
}

/// Sessions that nothing is written to, for so many inputs.
///
/// # Errors
/// More than [`MOST`].
pub(crate) fn spares(count: usize) -> Result<Vec<Session>, String> {
    if count > MOST {
        return Err(format!(
            "--merge takes {MOST} inputs at most, not {count}; merge parts of them, then what that gives"
        ));
    }
    let spare = |_| Session::begin(PROGRAM.name, Conduct { quiet: true, ..Conduct::default() }, Sink::none());
    (0..count).map(spare).collect::<Result<_, _>>().map_err(|e| e.to_string())
}

/// The flows of one input that wait.
#[derive(Default)]
struct Queue {
    name: String,
    entries: VecDeque<(i64, Place)>,
    bytes: Vec<u8>,
    /// The start of the last one that came.
    last: Option<i64>,
    came: u64,
    /// Records taken so far, of an input that is not read on for now.
    taken: u64,
    is_told: bool,
    has_ended: bool,
}

/// The flows of all inputs that wait.
#[derive(Default)]
pub(crate) struct Queues {
    queues: Vec<Queue>,
    /// The first start of each queue that is not empty.
    heads: BinaryHeap<Reverse<(i64, usize)>>,
    /// Whose turn it is.
    current: usize,
    late: u64,
    flow: Flow,
}

impl Queues {
    /// An input that must be read on before a flow can leave.
    fn wanting(&self) -> Option<usize> {
        self.queues.iter().position(|q| q.entries.is_empty() && !q.has_ended)
    }

    fn keep(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        let number = self.current;
        let Some(queue) = self.queues.get_mut(number) else { return };
        queue.came += 1;
        let last = queue.last.unwrap_or(i64::MIN);
        let start = record.flow.time().map_or(last, |t| t.nanos());
        if start < last {
            self.late += 1;
            if !std::mem::replace(&mut queue.is_told, true) {
                let (digits, count) = (record.flow.time_digits(), queue.came);
                let [this, before] = [start, last].map(|nanos| Time(nanos).to_text(digits));
                let name = &queue.name;
                next.warn("inputs out of order", || {
                    format!("{name}: flow {count} starts at {this}, the one before it at {before}: --merge wants inputs that are sorted; --sort sorts them")
                });
            }
        }
        queue.last = Some(start);
        if queue.entries.is_empty() {
            queue.bytes.clear();
            self.heads.push(Reverse((start, number)));
        }
        queue.entries.push_back((start, pack(record, &mut queue.bytes)));
    }

    /// Hands on the earliest flows, as long as no input is needed to tell which that is.
    fn release(&mut self, next: &mut Next<'_, '_>) {
        if self.wanting().is_some() {
            return;
        }
        while let Some(Reverse((_, number))) = self.heads.pop() {
            let queue = &mut self.queues[number];
            let Some((_, place)) = queue.entries.pop_front() else { continue };
            let form = unpack(&queue.bytes[place.all()], place, &mut self.flow);
            next.flow(Record { flow: &self.flow, form });
            match queue.entries.front() {
                Some((start, _)) => self.heads.push(Reverse((*start, number))),
                None if queue.has_ended => {}
                None => return,
            }
        }
    }
}

/// The queues, as the sources and who hands on have them in turns.
pub(crate) type Held = Arc<Mutex<Queues>>;

fn held(queues: &Held) -> MutexGuard<'_, Queues> {
    queues.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The step before all others: flows wait in the queue of their input.
struct Gate(Held);

impl Step for Gate {
    fn flow(&mut self, record: Record<'_>, next: &mut Next<'_, '_>) {
        held(&self.0).keep(record, next);
    }

    fn line(&mut self, kind: LineKind<'_>, text: &str, next: &mut Next<'_, '_>) {
        match kind {
            // Of one input it says nothing of the others.
            LineKind::Tick => next.unused("tick"),
            // Its lines belong together.
            LineKind::Baseline => next.unused("baseline"),
            _ => next.line(kind, text),
        }
    }
}

/// Of the source that has the flows: to whom they go back, and what it has meanwhile.
pub(crate) struct Turn<'s> {
    number: usize,
    queues: Held,
    give: Sender<Flows<'s>>,
    take: Receiver<Flows<'s>>,
    spare: Option<Flows<'s>>,
}

impl<'s> Turn<'s> {
    /// Whether the input's queue is not empty: others are to be read first.
    pub(crate) fn has_some(&self) -> bool {
        held(&self.queues).queues.get(self.number).is_some_and(|q| !q.entries.is_empty())
    }

    /// Gives `flows` back, of whose records so many were the input's, and waits for the next turn; false if there is none.
    pub(crate) fn pass(&mut self, flows: &mut Flows<'s>, taken: u64) -> bool {
        let Some(spare) = self.spare.take() else { return false };
        if let Some(queue) = held(&self.queues).queues.get_mut(self.number) {
            queue.taken = taken;
        }
        let all = std::mem::replace(flows, spare);
        if self.give.send(all).is_err() {
            return false;
        }
        self.wait(flows)
    }

    fn wait(&mut self, flows: &mut Flows<'s>) -> bool {
        let Ok(all) = self.take.recv() else { return false };
        self.spare = Some(std::mem::replace(flows, all));
        held(&self.queues).current = self.number;
        true
    }
}

/// Reads all inputs; `spares` are sessions that nothing is written to, one for each. `None` if a thread broke down.
pub(crate) fn all<'s>(
    sources: Vec<Result<Source, InputError>>,
    mut flows: Flows<'s>,
    spares: &'s mut [Session],
    shared: &Shared<'_>,
) -> Option<Flows<'s>> {
    let queues = Held::default();
    let name = |s: &Result<Source, InputError>| s.as_ref().map_or_else(|e| e.name.clone(), Source::name);
    held(&queues).queues = sources.iter().map(|s| Queue { name: name(s), ..Queue::default() }).collect();
    flows.put_first(Box::new(Gate(queues.clone())));
    let (give, back) = channel();
    let flows = thread::scope(|scope| {
        let (mut turns, mut threads) = (Vec::new(), Vec::new());
        for (number, (source, session)) in sources.into_iter().zip(spares).enumerate() {
            let (turn, take) = channel();
            turns.push(turn);
            let (spare, give) = (Flows::idle(session), give.clone());
            let turn = Turn { number, queues: queues.clone(), give, take, spare: None };
            threads.push(scope.spawn(move || one(source, turn, spare, shared)));
        }
        loop {
            flows.behind_first(|next| held(&queues).release(next));
            let wanting = held(&queues).wanting().filter(|_| !flows.is_over());
            let Some((number, turn)) = wanting.and_then(|number| Some((number, turns.get(number)?))) else {
                return Some(flows);
            };
            turn.send(flows).ok()?;
            flows = given_back(&back, &threads[number])?;
        }
    });
    let mut flows = flows?;
    // What was read goes on, and is accounted for, also where no more is to be read.
    for queue in &mut held(&queues).queues {
        let has_ended = std::mem::replace(&mut queue.has_ended, true);
        if !has_ended && queue.taken > 0 {
            flows.add_input(std::mem::take(&mut queue.name), queue.taken);
        }
    }
    flows.behind_first(|next| {
        let mut queues = held(&queues);
        queues.release(next);
        next.detail("out of order", queues.late);
    });
    Some(flows)
}

/// The flows from a thread; `None` if that ended without giving them back.
fn given_back<'s>(back: &Receiver<Flows<'s>>, thread: &ScopedJoinHandle<'_, ()>) -> Option<Flows<'s>> {
    loop {
        let has_ended = thread.is_finished();
        match back.recv_timeout(LOOK) {
            Ok(flows) => return Some(flows),
            Err(_) if has_ended => return None,
            Err(_) => {}
        }
    }
}

/// One input, in its thread.
fn one<'s>(source: Result<Source, InputError>, mut turn: Turn<'s>, mut flows: Flows<'s>, shared: &Shared<'_>) {
    if !turn.wait(&mut flows) {
        return;
    }
    let (queues, number) = (turn.queues.clone(), turn.number);
    flows.begin_turn(Box::new(turn));
    let mut feed = Feed::start(vec![source], shared.detect(), shared.stop.clone(), shared.output);
    run::all(&mut feed, &mut flows, shared.settings);
    if let Some(turn) = flows.end_turn() {
        if let Some(queue) = held(&queues).queues.get_mut(number) {
            queue.has_ended = true;
        }
        // Whoever waits for them is there as long as threads are.
        let _ = turn.give.send(flows);
    }
}
