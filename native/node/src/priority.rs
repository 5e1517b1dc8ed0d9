//! Urgency of the rack's processes. An emulated link is only as steady as the scheduler lets its ends run; where the
//! user may, the agent and all its pods go before the machine's other work. Where it may not, nothing changes.

/// Between the default 0 and the most urgent -20.
const URGENT: libc::c_int = -15;

/// Returns the niceness that holds from now on, for this process and those it starts.
pub fn raise() -> i32 {
    // SAFETY: both calls take plain numbers; 0 means this process.
    unsafe {
        // A refusal leaves the niceness as it was, which is what is reported.
        libc::setpriority(libc::PRIO_PROCESS, 0, URGENT);
        libc::getpriority(libc::PRIO_PROCESS, 0)
    }
}
