//! SIGINT, SIGTERM and SIGHUP: the first asks the run to finish, a second ends it at once. A SIGHUP that whoever started
//! the program ignores (`nohup`) stays ignored. SIGXFSZ, of a file that grew to its limit, is left to the write, which fails.
//!
//! Invariant: nothing stays registered once the last clone is gone, however many runs a process has.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::{SigId, flag, low_level};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether a signal came, and which.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    came: Arc<AtomicBool>,
    which: Arc<AtomicUsize>,
    registered: Arc<Registered>,
}

/// What is to be done on signals, until this is dropped.
#[derive(Debug, Default)]
struct Registered(Vec<SigId>);

impl Drop for Registered {
    fn drop(&mut self) {
        for id in self.0.drain(..) {
            low_level::unregister(id);
        }
    }
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// Where the system refuses a handler.
    pub fn listen() -> io::Result<Signals> {
        let (mut signals, mut registered) = (Signals::default(), Registered::default());
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            // Registered first, so it acts only on the second signal.
            registered.0.push(flag::register_conditional_shutdown(signal, 128 + signal, signals.came.clone())?);
            registered.0.push(flag::register_usize(signal, signals.which.clone(), signal as usize)?);
            registered.0.push(flag::register(signal, signals.came.clone())?);
        }
        // With a handler the write gives an error; without one the system ends the program amid its temporary files.
        registered.0.push(flag::register(SIGXFSZ, Arc::default())?);
        signals.registered = Arc::new(registered);
        Ok(signals)
    }

    /// The signal that came.
    pub fn received(&self) -> Option<u8> {
        match self.which.load(Ordering::Relaxed) {
            0 => None,
            n => Some(n as u8),
        }
    }

    /// A flag that is set when a signal came.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.came.clone()
    }
}

/// Whether the program was started with this signal ignored; no where the system does not say.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stays_registered_when_the_last_clone_is_gone() {
        let signals = Signals::listen().unwrap();
        let (came, other) = (signals.flag(), signals.clone());
        drop(signals);
        assert!(Arc::strong_count(&came) > 2, "the handlers hold it");
        drop(other);
        assert_eq!(Arc::strong_count(&came), 1);
    }
}
