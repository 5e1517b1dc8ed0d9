//! The modules of the transfer binary. The library exists for the binary, its tests and its fuzz target; it is not a
//! public interface.

pub mod abort;
pub mod deadline;
pub mod device;
pub mod device_metadata;
pub mod devices;
pub mod error;
mod failures;
pub mod interrupt;
pub mod memory;
pub mod nic;
pub mod nixl;
pub mod operation;
pub mod options;
pub mod output;
pub mod printable;
pub mod rdma;
pub mod render_node;
pub mod result;
pub mod run;
pub mod secret;
pub mod side_channel;
pub mod sysfs;
pub mod thread;
pub mod topo;
pub mod watchdog;
