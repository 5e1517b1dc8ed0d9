//! The buffer of one stream. Threads fill it with a pattern and compare it, each a part of its own.

use super::Memory;
use super::dram::HostMemoryOptions;
use super::pattern::{CHUNK_BYTES, Damage, Pattern};
use crate::device::Device;
use crate::error::{Failure, Outcome};
use crate::nixl::agent::Span;
use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread::available_parallelism;

/// A buffer is filled and checked by at most this many threads, each with at least `MIN_PART_BYTES`.
const MAX_PARTS: usize = 8;
const MIN_PART_BYTES: usize = 16 << 20;

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
