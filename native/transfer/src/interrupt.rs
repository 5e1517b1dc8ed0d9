//! Ends the process at once on SIGTERM and SIGINT, with an ERROR line. A thread waits for the signals, so that no
//! handler runs inside NIXL and a NIXL call that hangs cannot delay the end.

use crate::error::{Failure, Outcome};
use crate::output;
use std::io::Read;

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
    std::thread::Builder::new()
        .name("interrupt".into())
        .spawn(move || wait(&set))
        .map(drop)
        .map_err(|error| Failure::system_call("pthread_create", "the signal thread", error))
}

fn wait(set: &libc::sigset_t) {
    let mut signal = 0;
    // SAFETY: `set` and `signal` live across the call.
    let status = unsafe { libc::sigwait(set, &mut signal) };
    if status != 0 {
        return;
    }
    let name = if signal == libc::SIGTERM { "SIGTERM" } else { "SIGINT" };
    output::error(&Failure::interrupted(name));
    exit_now(128 + signal);
}

/// Ends the process when its stdin ends, so that it does not outlive the process that holds the other end.
pub fn follow_stdin() -> Outcome<()> {
    let wait = || {
        let mut bytes = [0; 256];
        // A stdin that cannot be read counts as ended.
        while std::io::stdin().lock().read(&mut bytes).is_ok_and(|length| length > 0) {}
        output::error(&Failure::interrupted("the end of stdin"));
        exit_now(128 + libc::SIGTERM);
    };
    std::thread::Builder::new()
        .name("stdin".into())
        .spawn(wait)
        .map(drop)
        .map_err(|error| Failure::system_call("pthread_create", "the stdin thread", error))
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
