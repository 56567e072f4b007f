//! SIGINT and SIGTERM: the first asks the run to finish, a second ends it at once.

use signal_hook::consts::{SIGINT, SIGTERM};
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
        for signal in [SIGINT, SIGTERM] {
            // Registered first, so it acts only on the second signal.
            flag::register_conditional_shutdown(signal, 128 + signal, signals.came.clone())?;
            flag::register_usize(signal, signals.which.clone(), signal as usize)?;
            flag::register(signal, signals.came.clone())?;
        }
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
