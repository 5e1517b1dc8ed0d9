//! Ends the process with an ERROR line when UCX aborts it after a fatal error. Without a handler of SIGABRT, the first process
//! of a container ends by SIGSEGV: the kernel delivers it no signal that it does not handle.

use crate::error::{Code, Failure, Outcome};
use crate::interrupt;
use crate::nic::claimed;
use crate::nixl::ucx_log;
use crate::thread;
use crate::watchdog;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// For the thread that relays UCX's log to read the last lines.
const LATENESS: Duration = Duration::from_millis(200);

/// The writing end of the pipe that wakes the thread.
static WAKE: AtomicI32 = AtomicI32::new(-1);

/// Starts the thread that reports an abort, and installs the handler that wakes it.
pub fn install() -> Outcome<()> {
    let failed = |call| Failure::system_call(call, "SIGABRT", std::io::Error::last_os_error());
    let mut ends = [0; 2];
    // SAFETY: the kernel writes two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(failed("pipe2"));
    }
    let [reader, writer] = ends;
    WAKE.store(writer, Ordering::SeqCst);
    thread::start("abort", move || report(reader))?;
    // SAFETY: zeroes are valid for the struct, and the handler calls only functions that are safe in one.
    let status = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = wake as extern "C" fn(libc::c_int) as libc::sighandler_t;
        libc::sigaction(libc::SIGABRT, &action, std::ptr::null_mut())
    };
    if status == 0 { Ok(()) } else { Err(failed("sigaction")) }
}

/// Keeps the thread that aborts, so that the process goes on until it is reported.
extern "C" fn wake(_signal: libc::c_int) {
    let writer = WAKE.load(Ordering::SeqCst);
    loop {
        // SAFETY: write and pause are async-signal-safe; the byte lives across the call.
        unsafe {
            libc::write(writer, c"!".as_ptr().cast(), 1);
            libc::pause();
        }
    }
}

fn report(reader: libc::c_int) {
    let mut byte = 0u8;
    // SAFETY: the descriptor stays open, and the kernel writes one byte.
    while unsafe { libc::read(reader, (&raw mut byte).cast(), 1) } != 1 {}
    std::thread::sleep(LATENESS);
    let gone = claimed::find().err().filter(|failure| failure.code == Code::NicUnusable);
    let failure = gone.unwrap_or_else(|| Failure::aborted(watchdog::step()));
    let failure = ucx_log::explain_without_flush(failure);
    interrupt::end_with(&failure, failure.exit_code());
}
