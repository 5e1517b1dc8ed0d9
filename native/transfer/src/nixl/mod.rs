//! NIXL through its C interface: library, agents, requests and UCX's log. No other folder handles NIXL's pointers.

pub mod agent;
pub mod backend;
pub mod libfabric;
pub mod library;
pub mod location;
mod notifications;
pub mod plugin;
mod protocol_table;
mod repeated_lines;
pub mod request;
pub mod ucx_error;
pub mod ucx_log;

use std::sync::atomic::{AtomicBool, Ordering};

static ABANDONED: AtomicBool = AtomicBool::new(false);

/// From now on no NIXL handle is destroyed and no buffer is freed. After a failed transfer NIXL's destroy calls may
/// hang, and its progress thread may still access the buffers; the process is about to end.
pub fn abandon() {
    ABANDONED.store(true, Ordering::Relaxed);
}

pub fn is_abandoned() -> bool {
    ABANDONED.load(Ordering::Relaxed)
}
