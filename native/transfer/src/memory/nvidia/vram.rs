//! Memory of one NVIDIA GPU, allocated in the GPU's primary context and freed on drop. The context is made current
//! again before each use, since UCX may change it.

use super::cuda::{self, Context, DevicePointer, Driver};
use crate::error::Outcome;
use crate::memory::Memory;
use crate::nixl;
use crate::nixl::agent::Segment;

/// The primary context of one GPU, retained until drop.
pub struct GpuContext {
    driver: &'static Driver,
    gpu: u32,
    device: i32,
    context: Context,
}

impl GpuContext {
    pub fn retain(gpu: u32) -> Outcome<Self> {
        let driver = cuda::driver()?;
        let (device, context) = driver.retain_context(gpu)?;
        Ok(GpuContext { driver, gpu, device, context })
    }

    fn make_current(&self) -> Outcome<()> {
        self.driver.set_current(self.gpu, self.context)
    }
}

impl Drop for GpuContext {
    fn drop(&mut self) {
        self.driver.release_context(self.device);
    }
}

pub struct Vram {
    context: GpuContext,
    address: DevicePointer,
}

impl Vram {
    /// UCX learns of GPU memory through its allocation hooks: call this after the backend was created.
    pub fn allocate(gpu: u32, bytes: usize) -> Outcome<Self> {
        let context = GpuContext::retain(gpu)?;
        let address = context.driver.allocate(gpu, bytes)?;
        Ok(Vram { context, address })
    }
}

impl Memory for Vram {
    fn segment(&self) -> Segment {
        Segment::Vram
    }

    fn address(&self) -> usize {
        self.address as usize
    }

    fn device_id(&self) -> u64 {
        u64::from(self.context.gpu)
    }

    fn store(&self, offset: usize, bytes: &[u8]) -> Outcome<()> {
        self.context.make_current()?;
        self.context.driver.copy_to_device(self.context.gpu, self.address + offset as u64, bytes)
    }

    fn load(&self, offset: usize, bytes: &mut [u8]) -> Outcome<()> {
        self.context.make_current()?;
        self.context.driver.copy_to_host(self.context.gpu, bytes, self.address + offset as u64)
    }
}

impl Drop for Vram {
    fn drop(&mut self) {
        if !nixl::is_abandoned() && self.context.make_current().is_ok() {
            self.context.driver.free(self.address);
        }
    }
}
