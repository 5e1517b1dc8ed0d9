//! The buffer of one stream, on a GPU or on the host in its place. Takes a device and a size, gives a
//! span for NIXL and ways to fill and to check it with a pattern.

pub mod cuda;
pub mod dram;
pub mod nvml;
pub mod pattern;
pub mod vram;

use crate::device::Device;
use crate::error::Outcome;
use crate::nixl::agent::{Segment, Span};
use dram::{Dram, HugePages};
use pattern::{CHUNK_BYTES, Damage, Pattern};
use vram::Vram;

enum Place {
    Dram(Dram),
    Vram(Vram),
}

pub struct Buffer {
    place: Place,
    bytes: usize,
}

impl Buffer {
    /// Allocates `bytes` on the device. For VRAM: call after the stream's backend was created.
    pub fn allocate(device: &Device, bytes: usize, pages: HugePages) -> Outcome<Self> {
        let place = match device {
            Device::Dram { .. } => Place::Dram(Dram::allocate(&device.to_string(), bytes, pages)?),
            Device::Cuda { index } => Place::Vram(Vram::allocate(*index, bytes)?),
        };
        Ok(Buffer { place, bytes })
    }

    pub fn span(&self) -> Span {
        let (segment, address, device_id) = match &self.place {
            Place::Dram(dram) => (Segment::Dram, dram.address(), 0),
            Place::Vram(vram) => (Segment::Vram, vram.address(), u64::from(vram.gpu())),
        };
        Span { segment, address, bytes: self.bytes, device_id }
    }

    pub fn fill(&self, pattern: &Pattern) -> Outcome<()> {
        let mut chunk = vec![0; CHUNK_BYTES.min(self.bytes)];
        for offset in (0..self.bytes).step_by(CHUNK_BYTES) {
            let part = CHUNK_BYTES.min(self.bytes - offset);
            pattern.fill(offset as u64, &mut chunk[..part]);
            self.store(offset, &chunk[..part])?;
        }
        Ok(())
    }

    pub fn check(&self, pattern: &Pattern) -> Outcome<Option<Damage>> {
        let mut chunk = vec![0; CHUNK_BYTES.min(self.bytes)];
        let mut damage = None;
        for offset in (0..self.bytes).step_by(CHUNK_BYTES) {
            let part = CHUNK_BYTES.min(self.bytes - offset);
            self.load(offset, &mut chunk[..part])?;
            pattern.check(offset as u64, &chunk[..part], &mut damage);
        }
        Ok(damage)
    }

    fn store(&self, offset: usize, bytes: &[u8]) -> Outcome<()> {
        debug_assert!(offset + bytes.len() <= self.bytes);
        match &self.place {
            Place::Vram(vram) => vram.store(offset, bytes),
            Place::Dram(dram) => {
                let to = (dram.address() + offset) as *mut u8;
                // SAFETY: `fill` keeps it in bounds; no transfer is in flight meanwhile.
                unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
                Ok(())
            }
        }
    }

    fn load(&self, offset: usize, bytes: &mut [u8]) -> Outcome<()> {
        debug_assert!(offset + bytes.len() <= self.bytes);
        match &self.place {
            Place::Vram(vram) => vram.load(offset, bytes),
            Place::Dram(dram) => {
                let from = (dram.address() + offset) as *const u8;
                // SAFETY: `check` keeps it in bounds; no transfer is in flight meanwhile.
                unsafe { std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), bytes.len()) };
                Ok(())
            }
        }
    }
}
