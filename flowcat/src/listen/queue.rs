//! Bytes on their way from receivers to the one reader.
//!
//! Invariants: what one receiver puts in comes out in one piece and in order; who puts into a full queue waits. Bound:
//! [`MOST`] bytes and what one receiver puts in at once.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that wait: more than two seconds of 10 000 datagrams of 1500 bytes a second.
pub(super) const MOST: usize = 32 << 20;

/// Bytes of one buffer.
const CHUNK: usize = 128 << 10;

/// Buffers that are kept though nothing is in them.
const SPARE: usize = 4;

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Vec<u8>>,
    /// Bytes of the first that were read.
    taken: usize,
    bytes: usize,
    spare: Vec<Vec<u8>>,
    receivers: usize,
    failed: Option<io::Error>,
}

impl Queue {
    /// For so many receivers.
    pub(super) fn new(receivers: usize) -> Queue {
        let state = State { receivers, ..State::default() };
        Queue { state: Mutex::new(state), filled: Condvar::new(), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `write` append to what waits, once there is room.
    pub(super) fn put(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.lock();
        while state.bytes >= MOST {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.chunks.back().is_none_or(|chunk| chunk.len() >= CHUNK / 2) {
            let chunk = state.spare.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK));
            state.chunks.push_back(chunk);
        }
        let was_empty = state.bytes == 0;
        if let Some(chunk) = state.chunks.back_mut() {
            let before = chunk.len();
            write(chunk);
            let more = chunk.len() - before;
            state.bytes += more;
        }
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Says that a receiver puts in nothing more, and why, if it failed.
    pub(super) fn end(&self, failed: Option<io::Error>) {
        let mut state = self.lock();
        state.receivers = state.receivers.saturating_sub(1);
        state.failed = state.failed.take().or(failed);
        self.filled.notify_one();
    }

    /// Reads what there is, and waits for it; 0 once all receivers have ended and nothing is left.
    ///
    /// # Errors
    /// That of a receiver, once nothing is left.
    pub(super) fn read(&self, out: &mut [u8]) -> io::Result<usize> {
        let mut state = self.lock();
        while state.bytes == 0 {
            if state.receivers == 0 {
                return state.failed.take().map_or(Ok(0), Err);
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut read = 0;
        while read < out.len() && state.bytes > 0 {
            let taken = state.taken;
            let Some(chunk) = state.chunks.front() else { break };
            let ready = chunk.get(taken..).unwrap_or_default();
            let count = ready.len().min(out.len() - read);
            out[read..read + count].copy_from_slice(&ready[..count]);
            let is_empty = count == ready.len();
            read += count;
            state.bytes -= count;
            state.taken += count;
            if is_empty {
                state.taken = 0;
                if let Some(mut chunk) = state.chunks.pop_front()
                    && state.spare.len() < SPARE
                {
                    chunk.clear();
                    state.spare.push(chunk);
                }
            }
        }
        drop(state);
        self.freed.notify_all();
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn all_comes_out_in_order_and_then_the_end() {
        let queue = Arc::new(Queue::new(1));
        let other = queue.clone();
        let writer = thread::spawn(move || {
            for number in 0..50_000u32 {
                other.put(|out| out.extend_from_slice(&number.to_be_bytes()));
            }
            other.end(None);
        });
        let (mut all, mut out) = (Vec::new(), [0; 1000]);
        loop {
            match queue.read(&mut out).unwrap() {
                0 => break,
                n => all.extend_from_slice(&out[..n]),
            }
        }
        writer.join().unwrap();
        assert_eq!(all, (0..50_000u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_queue_makes_wait() {
        let queue = Arc::new(Queue::new(1));
        let other = queue.clone();
        let writer = thread::spawn(move || {
            for _ in 0..3 * MOST / CHUNK {
                other.put(|out| out.extend_from_slice(&[7; CHUNK]));
            }
            other.end(Some(io::Error::other("gone")));
        });
        let (mut sum, mut out) = (0, vec![0; CHUNK]);
        let error = loop {
            assert!(queue.lock().bytes <= MOST + CHUNK);
            match queue.read(&mut out) {
                Ok(n) => sum += n,
                Err(error) => break error,
            }
        };
        writer.join().unwrap();
        assert_eq!((sum, error.to_string()), (3 * MOST, "gone".into()));
    }
}
