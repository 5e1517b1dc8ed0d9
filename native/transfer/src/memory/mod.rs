//! The kinds of memory that a stream's buffer can be allocated in. Every kind implements `MemoryKind` and is
//! listed in `KINDS`: the memory of another GPU vendor is one module here and one entry in that list.

pub mod buffer;
pub mod dram;
mod numa;
pub mod nvidia;
pub mod pattern;

use crate::device::Device;
use crate::error::Outcome;
use crate::nixl::agent::Segment;
use dram::HostMemoryOptions;
use serde::Serialize;
use std::any::Any;

/// The kinds of memory in this build.
pub static KINDS: [&dyn MemoryKind; 2] = [&dram::HostMemory, &nvidia::CudaMemory];

/// Kinds that a device name can ask for but this build does not have, with what they are.
pub const NOT_IN_THIS_BUILD: [(&str, &str); 1] = [("rocm", "AMD GPU memory (ROCm)")];

/// A kind of memory, named by the first part of a device name such as `cuda:0`.
pub trait MemoryKind: Sync {
    /// The first part of a device name, e.g. `cuda`.
    fn name(&self) -> &'static str;

    /// Whether a device of this kind needs a number, as in `cuda:0`.
    fn needs_index(&self) -> bool;

    /// UCX's transport that copies within this memory, if it needs one of its own.
    fn copy_transport(&self) -> Option<&'static str> {
        None
    }

    /// UCX settings that transfers of this memory need, unless the user has set them.
    fn ucx_settings(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Makes the device current for this thread until the returned value is dropped. UCX must see it so before the
    /// stream's NIXL agent is created.
    fn activate(&self, index: Option<u32>) -> Outcome<Box<dyn Any>>;

    /// Allocates `bytes` on a device. The memory is freed when the returned value is dropped. Memory that is not the
    /// host's must be allocated after the stream's NIXL backend was created.
    fn allocate(&self, device: &Device, bytes: usize, host: HostMemoryOptions) -> Outcome<Box<dyn Memory>>;

    /// The GPUs of this kind that this process may use. Host memory has none.
    fn gpus(&self) -> Outcome<Vec<VisibleGpu>>;
}

/// Allocated memory of one device.
pub trait Memory: Send + Sync {
    fn segment(&self) -> Segment;

    fn address(&self) -> usize;

    /// The number by which NIXL knows the device; 0 for host memory.
    fn device_id(&self) -> u64;

    /// Writes bytes at an offset. The caller keeps them in bounds, no transfer in flight, and no two threads at the same
    /// bytes.
    fn store(&self, offset: usize, bytes: &[u8]) -> Outcome<()>;

    /// Reads bytes from an offset, under the same conditions.
    fn load(&self, offset: usize, bytes: &mut [u8]) -> Outcome<()>;
}

/// A GPU that this process may use, as its vendor's libraries report it.
#[derive(Debug, Serialize)]
pub struct VisibleGpu {
    /// The name for `--device`, e.g. `cuda:0`.
    pub device: String,
    /// N of `cuda:N`.
    pub cuda_index: u32,
    pub pci_address: String,
    /// Active NVLinks; null where NVML does not report them.
    pub nvlinks: Option<u32>,
    /// Active NVLinks by their far end; null where NVML does not report it for every link.
    pub nvlink_peers: Option<Vec<LinkEnd>>,
    /// PCI addresses of the GPUs whose memory it reaches without the host.
    pub peers: Vec<String>,
}

/// The far end of one or more links of a GPU: another GPU or a switch.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct LinkEnd {
    pub pci_address: String,
    pub links: u32,
}

/// The GPUs of every kind of memory. Fails with the first kind's error when no kind has any GPU.
pub fn visible_gpus() -> Outcome<Vec<VisibleGpu>> {
    let mut gpus = Vec::new();
    let mut first_failure = None;
    for kind in KINDS {
        match kind.gpus() {
            Ok(found) => gpus.extend(found),
            Err(failure) => first_failure = first_failure.or(Some(failure)),
        }
    }
    match first_failure {
        Some(failure) if gpus.is_empty() => Err(failure),
        _ => Ok(gpus),
    }
}
