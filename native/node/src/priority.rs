//! The niceness of the rack's processes. The rate of an emulated link is only as steady as its ends are scheduled, so
//! the agent and its pods get precedence over the machine's other work where the user may raise their priority.

/// Between the default 0 and the most urgent -20.
const URGENT: libc::c_int = -15;

/// Returns the resulting niceness of this process and those that it starts.
pub fn raise() -> i32 {
    // SAFETY: both calls take plain numbers; 0 means this process.
    unsafe {
        // A refusal leaves the niceness unchanged.
        libc::setpriority(libc::PRIO_PROCESS, 0, URGENT);
        libc::getpriority(libc::PRIO_PROCESS, 0)
    }
}
