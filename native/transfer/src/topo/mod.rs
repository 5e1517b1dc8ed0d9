//! GPUs, NICs, NUMA nodes and the distances between them, as this process can see them. Reads sysfs at
//! any root, and asks CUDA only where the root is the machine's own.

mod distance;
mod pci;

use crate::error::{Failure, Outcome};
use crate::memory;
use crate::sysfs::{names, value};
use distance::Distance;
use pci::PciDevice;
use serde::Serialize;
use std::path::Path;

const GPU_CLASS: &str = "0x03";
const NIC_CLASS: &str = "0x02";
const NVIDIA: &str = "0x10de";

#[derive(Debug, Serialize)]
pub struct Topo {
    gpus: Vec<Gpu>,
    nics: Vec<Nic>,
    /// Every GPU with every NIC, by PCI address.
    distances: Vec<Pair>,
    numa_nodes: Vec<NumaNode>,
    /// Why CUDA added nothing; null where it did.
    cuda_error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Gpu {
    #[serde(flatten)]
    pci: PciDevice,
    source: Source,
    /// N of cuda:N; null where CUDA does not show it to this process.
    cuda_index: Option<u32>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Source {
    Sysfs,
    Cuda,
}

#[derive(Debug, Serialize)]
struct Nic {
    #[serde(flatten)]
    pci: PciDevice,
    interfaces: Vec<String>,
    rdma_device: Option<String>,
}

#[derive(Debug, Serialize)]
struct Pair {
    gpu: String,
    nic: String,
    /// Null where NUMA nodes would decide and are not known.
    distance: Option<Distance>,
}

#[derive(Debug, Serialize)]
struct NumaNode {
    node: u32,
    cpus: Option<String>,
}

/// Lists what is under the root, `/sys` for this machine.
pub fn list(root: &Path) -> Outcome<Topo> {
    let devices = root.join("bus/pci/devices");
    let numa_nodes = numa_nodes(root);
    let mut gpus = Vec::new();
    let mut nics = Vec::new();
    for address in names(&devices) {
        let Some(pci) = PciDevice::read(&devices, &address) else { continue };
        if pci.class.starts_with(GPU_CLASS) && pci.vendor == NVIDIA {
            gpus.push(Gpu { pci, source: Source::Sysfs, cuda_index: None });
        } else if pci.class.starts_with(NIC_CLASS) {
            nics.push(nic(&devices.join(&address), pci));
        }
    }
    let asked = if root == Path::new("/sys") { ask_cuda(&mut gpus) } else { Err(not_asked(root)) };
    let pairs = gpus.iter().flat_map(|gpu| nics.iter().map(move |nic| (gpu, nic)));
    let distances = pairs.map(|(gpu, nic)| Pair {
        gpu: gpu.pci.pci_address.clone(),
        nic: nic.pci.pci_address.clone(),
        distance: Distance::between(&gpu.pci, &nic.pci, numa_nodes.len()),
    });
    let distances = distances.collect();
    Ok(Topo { gpus, nics, distances, numa_nodes, cuda_error: asked.err().map(|failure| failure.found) })
}

fn nic(folder: &Path, pci: PciDevice) -> Nic {
    // A virtio NIC has its interface one level deeper, below its virtioN.
    let deeper = names(folder).into_iter().filter(|name| name.starts_with("virtio"));
    let interfaces = deeper.flat_map(|virtio| names(&folder.join(virtio).join("net")));
    Nic {
        interfaces: names(&folder.join("net")).into_iter().chain(interfaces).collect(),
        rdma_device: names(&folder.join("infiniband")).into_iter().next(),
        pci,
    }
}

fn numa_nodes(root: &Path) -> Vec<NumaNode> {
    let folder = root.join("devices/system/node");
    let mut nodes: Vec<NumaNode> = names(&folder)
        .into_iter()
        .filter_map(|name| {
            let node = name.strip_prefix("node")?.parse().ok()?;
            Some(NumaNode { node, cpus: value(&folder.join(name).join("cpulist")) })
        })
        .collect();
    nodes.sort_by_key(|node| node.node);
    nodes
}

/// Gives the GPUs their CUDA numbers, and adds those that sysfs does not show.
fn ask_cuda(gpus: &mut Vec<Gpu>) -> Outcome<()> {
    for visible in memory::visible_gpus()? {
        match gpus.iter_mut().find(|gpu| gpu.pci.pci_address == visible.pci_address) {
            Some(gpu) => gpu.cuda_index = Some(visible.cuda_index),
            None => gpus.push(Gpu {
                pci: PciDevice::unknown(visible.pci_address, NVIDIA),
                source: Source::Cuda,
                cuda_index: Some(visible.cuda_index),
            }),
        }
    }
    Ok(())
}

fn not_asked(root: &Path) -> Failure {
    Failure::cuda_unavailable(format!("not asked: {} is not this machine's sysfs", root.display()))
}
