//! NIXL's backends that this binary knows, and what differs between them.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[clap(rename_all = "UPPER")]
#[serde(rename_all = "UPPERCASE")]
pub enum Backend {
    Ucx,
    Libfabric,
}

impl Backend {
    pub fn name(self) -> &'static str {
        match self {
            Backend::Ucx => "UCX",
            Backend::Libfabric => "LIBFABRIC",
        }
    }

    /// Whether NIXL reports a WRITE as complete once this side no longer needs the buffer. Only NIXL's notification at
    /// the target then shows that the bytes have arrived.
    pub fn completes_writes_locally(self) -> bool {
        self == Backend::Libfabric
    }

    /// Microseconds between two polls of NIXL's progress thread. UCX's thread waits in poll(2), and 0 would make it spin;
    /// LIBFABRIC's sleeps, whatever arrives.
    pub fn progress_interval_microseconds(self) -> u64 {
        match self {
            Backend::Ucx => 1000,
            Backend::Libfabric => 10,
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
