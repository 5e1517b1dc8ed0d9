//! The buffer of one stream and the kinds of memory it can be allocated in. Every kind implements `MemoryKind` and is
//! listed in `KINDS`: the memory of another GPU vendor is one module here and one entry in that list.

pub mod dram;
mod numa;
pub mod nvidia;
pub mod pattern;

use crate::device::Device;
use crate::error::{Failure, Outcome};
use crate::nixl::agent::{Segment, Span};
use dram::HostMemoryOptions;
use pattern::{CHUNK_BYTES, Damage, Pattern};
use serde::Serialize;
use std::any::Any;
use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread::available_parallelism;

/// A buffer is filled and checked by at most this many threads, each with at least `MIN_PART_BYTES`.
const MAX_PARTS: usize = 8;
const MIN_PART_BYTES: usize = 16 << 20;

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

/// The buffer of one stream.
pub struct Buffer {
    memory: Box<dyn Memory>,
    bytes: usize,
}

impl Buffer {
    /// Allocates `bytes` on the device. Call it after the stream's NIXL backend was created.
    pub fn allocate(device: &Device, bytes: usize, host: HostMemoryOptions) -> Outcome<Self> {
        Ok(Buffer { memory: device.kind.allocate(device, bytes, host)?, bytes })
    }

    pub fn span(&self) -> Span {
        let memory = &self.memory;
        Span {
            segment: memory.segment(),
            address: memory.address(),
            bytes: self.bytes,
            device_id: memory.device_id(),
        }
    }

    /// Writes the pattern to the whole buffer.
    pub fn fill(&self, pattern: &Pattern) -> Outcome<()> {
        self.in_parts(|part| {
            let mut chunk = vec![0; CHUNK_BYTES.min(part.len())];
            for offset in part.clone().step_by(CHUNK_BYTES) {
                let length = CHUNK_BYTES.min(part.end - offset);
                pattern.fill(offset as u64, &mut chunk[..length]);
                self.memory.store(offset, &chunk[..length])?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Compares the whole buffer with the pattern.
    pub fn check(&self, pattern: &Pattern) -> Outcome<Option<Damage>> {
        let damage = self.in_parts(|part| {
            let mut chunk = vec![0; CHUNK_BYTES.min(part.len())];
            let mut damage = None;
            for offset in part.clone().step_by(CHUNK_BYTES) {
                let length = CHUNK_BYTES.min(part.end - offset);
                self.memory.load(offset, &mut chunk[..length])?;
                pattern.check(offset as u64, &chunk[..length], &mut damage);
            }
            Ok(damage)
        })?;
        Ok(damage.into_iter().flatten().reduce(|first, later| first.followed_by(&later)))
    }

    /// Runs `work` on the parts of the buffer, each in a thread of its own. Returns the results in the order of the parts.
    fn in_parts<T: Send>(&self, work: impl Fn(Range<usize>) -> Outcome<T> + Sync) -> Outcome<Vec<T>> {
        let parts = parts(self.bytes, available_parallelism().map_or(1, NonZero::get));
        if let [part] = &parts[..] {
            return Ok(vec![work(part.clone())?]);
        }
        std::thread::scope(|scope| {
            let start = |part: Range<usize>| {
                let builder = std::thread::Builder::new();
                builder.spawn_scoped(scope, || work(part)).map_err(|error| {
                    Failure::system_call("pthread_create", "a thread that fills or checks a buffer", error)
                })
            };
            let threads = parts.into_iter().map(start).collect::<Outcome<Vec<_>>>()?;
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        })
    }
}

/// Divides `bytes` into ranges of whole chunks for at most `threads` threads, none smaller than `MIN_PART_BYTES` unless it
/// is the only one.
fn parts(bytes: usize, threads: usize) -> Vec<Range<usize>> {
    let count = (bytes / MIN_PART_BYTES).clamp(1, threads.clamp(1, MAX_PARTS));
    let part = bytes.div_ceil(count).next_multiple_of(CHUNK_BYTES);
    (0..bytes.max(1)).step_by(part.max(1)).map(|start| start..bytes.min(start + part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_a_buffer_once_in_whole_chunks() {
        for (bytes, threads, expected) in [
            (1, 8, 1),
            (CHUNK_BYTES, 8, 1),
            (1 << 30, 1, 1),
            (1 << 30, 4, 4),
            ((1 << 30) + 3, 8, 8),
            (1 << 40, 99, 8),
        ] {
            let parts = parts(bytes, threads);
            assert_eq!(parts.len(), expected, "{bytes} bytes, {threads} threads");
            assert_eq!(parts.iter().map(Range::len).sum::<usize>(), bytes);
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(parts.iter().all(|part| part.start % CHUNK_BYTES == 0));
        }
    }
}
