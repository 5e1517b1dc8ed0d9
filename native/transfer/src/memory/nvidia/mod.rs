//! Memory of NVIDIA GPUs: `cuda:N`. The CUDA driver and NVML are opened at run time; neither is linked.

mod cuda;
mod nvml;
mod vram;

use super::{HostMemoryOptions, Memory, MemoryKind, VisibleGpu};
use crate::device::Device;
use crate::error::Outcome;
use std::any::Any;
use vram::{GpuContext, Vram};

pub struct CudaMemory;

impl MemoryKind for CudaMemory {
    fn name(&self) -> &'static str {
        "cuda"
    }

    fn needs_index(&self) -> bool {
        true
    }

    fn copy_transport(&self) -> Option<&'static str> {
        Some("cuda_copy")
    }

    /// Where no NVLink is active, UCX would take READs off cuda_ipc and move them by TCP.
    fn ucx_settings(&self) -> &'static [(&'static str, &'static str)] {
        &[("UCX_CUDA_IPC_ENABLE_GET_ZCOPY", "on")]
    }

    fn activate(&self, index: Option<u32>) -> Outcome<Box<dyn Any>> {
        Ok(Box::new(GpuContext::retain(index.unwrap_or(0))?))
    }

    fn allocate(&self, device: &Device, bytes: usize, _host: HostMemoryOptions) -> Outcome<Box<dyn Memory>> {
        Ok(Box::new(Vram::allocate(device.index.unwrap_or(0), bytes)?))
    }

    /// Fails with CUDA_UNAVAILABLE where there is no driver or no GPU for this process.
    fn gpus(&self) -> Outcome<Vec<VisibleGpu>> {
        let driver = cuda::driver()?;
        let addresses =
            (0..driver.device_count()?).map(|gpu| driver.pci_address(gpu)).collect::<Outcome<Vec<_>>>()?;
        let gpu = |index: usize| {
            let mut peers = Vec::new();
            for (peer, address) in addresses.iter().enumerate().filter(|(peer, _)| *peer != index) {
                if driver.can_access_peer(index as u32, peer as u32)? {
                    peers.push(address.clone());
                }
            }
            let links = nvml::active_links(&addresses[index]);
            Ok(VisibleGpu {
                device: format!("{}:{index}", self.name()),
                cuda_index: index as u32,
                pci_address: addresses[index].clone(),
                nvlinks: links.as_ref().map(|links| links.len() as u32),
                nvlink_peers: links.and_then(nvml::by_far_end),
                peers,
            })
        };
        (0..addresses.len()).map(gpu).collect()
    }
}
