//! The real NIXL through its C interface: library, agents, requests, and what UCX logs. The only
//! folder that knows NIXL's handles.

pub mod agent;
pub mod library;
pub mod location;
mod protocol_table;
pub mod request;
pub mod ucx_log;

use std::sync::atomic::{AtomicBool, Ordering};

static ABANDONED: AtomicBool = AtomicBool::new(false);

/// From now on no NIXL handle is destroyed and no buffer freed: after a broken transfer NIXL's destroy calls may
/// hang, its progress thread may still touch the buffers, and the process is about to end.
pub fn abandon() {
    ABANDONED.store(true, Ordering::Relaxed);
}

pub fn is_abandoned() -> bool {
    ABANDONED.load(Ordering::Relaxed)
}
