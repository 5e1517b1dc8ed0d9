//! The GPUs that this process may use: where they are, how many of their NVLinks are active, and whose memory each
//! reaches directly. Asks the CUDA driver and NVML; allocates nothing.

use crate::error::Outcome;
use crate::memory::{cuda, nvml};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Gpu {
    /// N of cuda:N.
    cuda_index: u32,
    pci_address: String,
    /// Active NVLinks; null where NVML does not say.
    nvlinks: Option<u32>,
    /// PCI addresses of the GPUs whose memory it reaches without the host.
    peers: Vec<String>,
}

/// Fails with CUDA_UNAVAILABLE where there is no driver or no GPU for this process.
pub fn list() -> Outcome<Vec<Gpu>> {
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
        Ok(Gpu {
            cuda_index: index as u32,
            pci_address: addresses[index].clone(),
            nvlinks: nvml::active_links(&addresses[index]),
            peers,
        })
    };
    (0..addresses.len()).map(gpu).collect()
}
