//! SIGINT, SIGTERM and SIGHUP: the first asks the run to finish, a second ends it at once. A SIGHUP that whoever started
//! the program ignores (`nohup`) stays ignored. SIGXFSZ, of a file that grew to its limit, is left to the write, which fails.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether a signal came, and which.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    came: Arc<AtomicBool>,
    which: Arc<AtomicUsize>,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// Where the system refuses a handler.
    pub fn listen() -> io::Result<Signals> {
        let signals = Signals::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            // Registered first, so it acts only on the second signal.
            flag::register_conditional_shutdown(signal, 128 + signal, signals.came.clone())?;
            flag::register_usize(signal, signals.which.clone(), signal as usize)?;
            flag::register(signal, signals.came.clone())?;
        }
        // With a handler the write gives an error; without one the system ends the program amid its temporary files.
        flag::register(SIGXFSZ, Arc::default())?;
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
