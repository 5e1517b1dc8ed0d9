//! Ends the process when a run exceeds its time limit inside a call of NIXL, UCX or CUDA, which no deadline reaches. It
//! acts a moment after the limit, since every other wait ends by itself with a more precise error.

use crate::deadline::Deadline;
use crate::error::Outcome;
use crate::interrupt;
use crate::nixl::ucx_log;
use crate::thread;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How much later than the time limit it ends the process.
const GRACE: Duration = Duration::from_secs(1);

static STEP: Mutex<String> = Mutex::new(String::new());
static DISARMED: AtomicBool = AtomicBool::new(false);

/// Starts the watchdog thread.
pub fn start(deadline: Deadline) -> Outcome<()> {
    let wait = move || {
        std::thread::sleep(deadline.remaining() + GRACE);
        if DISARMED.load(Ordering::SeqCst) {
            return;
        }
        let failure = ucx_log::explain_without_flush(deadline.failure(step()));
        interrupt::end_with(&failure, failure.exit_code());
    };
    thread::start("watchdog", wait)
}

/// Names the step that the process is in, for the error.
pub fn enter(step: impl Into<String>) {
    *STEP.lock().unwrap_or_else(PoisonError::into_inner) = step.into();
}

/// The step that the process is in.
pub fn step() -> String {
    STEP.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Stops the watchdog. Call it once the run has its result.
pub fn disarm() {
    DISARMED.store(true, Ordering::SeqCst);
}
