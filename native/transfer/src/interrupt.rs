//! Ends the process at once on SIGTERM and SIGINT, with an ERROR line. A thread waits for the signals, so that no
//! handler runs inside NIXL and a NIXL call that hangs cannot delay the end.

use crate::error::{Failure, Outcome};
use crate::output;
use crate::thread;
use std::io::Read;
use std::sync::{Mutex, PoisonError};

/// Blocks both signals for every later thread and starts the thread that waits for them. Call it before any other
/// thread exists.
pub fn install() -> Outcome<()> {
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `set` is initialised by sigemptyset before any other use; all pointers are valid.
    let set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGTERM);
        libc::sigaddset(set.as_mut_ptr(), libc::SIGINT);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        set.assume_init()
    };
    thread::start("interrupt", move || wait(&set))
}

fn wait(set: &libc::sigset_t) {
    let mut signal = 0;
    // SAFETY: `set` and `signal` live across the call.
    let status = unsafe { libc::sigwait(set, &mut signal) };
    if status != 0 {
        return;
    }
    let name = if signal == libc::SIGTERM { "SIGTERM" } else { "SIGINT" };
    end_with(&Failure::interrupted(name), 128 + signal);
}

/// Ends the process when its stdin ends, so that it does not outlive the process that holds the other end.
pub fn follow_stdin() -> Outcome<()> {
    let wait = || {
        let mut bytes = [0; 256];
        // A stdin that cannot be read counts as ended.
        while std::io::stdin().lock().read(&mut bytes).is_ok_and(|length| length > 0) {}
        end_with(&Failure::interrupted("the end of stdin"), 128 + libc::SIGTERM);
    };
    thread::start("stdin", wait)
}

/// Prints the failure and ends the process. When several threads fail at once, only the first one prints.
pub fn end_with(failure: &Failure, code: i32) -> ! {
    static ENDING: Mutex<()> = Mutex::new(());
    // Held until the process has ended.
    let _ending = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
    output::error(failure);
    exit_now(code)
}

/// Ends the process without running destructors, since NIXL's may hang after a failed transfer.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit only ends the process; stdout is flushed line by line.
    unsafe { libc::_exit(code) }
}

/// Ends the process with `code` after `limit`, in case the teardown hangs.
pub fn exit_within(code: i32, limit: std::time::Duration) {
    let wait = move || {
        std::thread::sleep(limit);
        exit_now(code);
    };
    // Without the thread only the teardown has no time limit; the run is already over.
    let _ = std::thread::Builder::new().name("teardown".into()).spawn(wait);
}
