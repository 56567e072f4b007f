//! Waiting for what another thread hands over: meanwhile what was written goes on its way, and signals are heeded.

use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

/// How often who waits looks whether a signal came.
const LOOK: Duration = Duration::from_millis(100);

/// Who waits.
pub trait Patient {
    /// Hands on what was written so far.
    fn flush(&mut self);

    /// Whether nothing more can be written.
    fn is_over(&self) -> bool;

    /// Whether a signal asked to finish.
    fn is_stopped(&self) -> bool;
}

/// How long a program that was asked to finish goes on.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    grace: Duration,
    deadline: Option<Instant>,
}

impl Patience {
    /// So long after the first signal.
    pub fn new(grace: Duration) -> Patience {
        Patience { grace, deadline: None }
    }

    /// Whether a signal came and the grace after it has passed.
    pub fn has_passed(&mut self, who: &impl Patient) -> bool {
        who.is_stopped() && Instant::now() >= *self.deadline.get_or_insert_with(|| Instant::now() + self.grace)
    }

    /// The next that is handed over; `None` when nothing more comes, nothing more can be written, or the grace has
    /// passed. While there is nothing yet, what was written so far is handed on.
    pub fn next<T>(&mut self, from: &Receiver<T>, who: &mut impl Patient) -> Option<T> {
        match from.try_recv() {
            Ok(next) => return Some(next),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => who.flush(),
        }
        loop {
            match from.recv_timeout(LOOK) {
                Ok(next) => return Some(next),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if who.is_over() || self.has_passed(who) {
                return None;
            }
        }
    }
}
