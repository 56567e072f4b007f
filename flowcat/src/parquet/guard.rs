//! Calls of the reader of Parquet, which panics at some broken files: that becomes an error.

use std::cell::Cell;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is in such a call.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

static SILENCED: Once = Once::new();

/// Makes such a call. What it was at work on is not to be used after an error.
///
/// # Errors
/// Those of the call; that it panicked.
pub(crate) fn guarded<T, E: Display>(call: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    SILENCED.call_once(|| {
        let tell = take_hook();
        set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                tell(info);
            }
        }));
    });
    IS_GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    IS_GUARDED.set(false);
    match result {
        Ok(result) => result.map_err(|e| e.to_string().trim_start_matches("Parquet error: ").to_owned()),
        Err(_) => Err("it contradicts itself".into()),
    }
}
