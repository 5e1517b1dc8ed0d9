//! GPUs, NICs, interfaces, RDMA devices, NUMA nodes and the distances between them, as an unprivileged process reads
//! them from any sysfs. GPU libraries are asked only where that is the machine's own.

mod distance;
pub mod interface;
mod numa;
pub mod pci;

use crate::error::{Failure, Outcome};
use crate::memory;
use crate::rdma::char_device::{self, CharDevice};
use crate::rdma::{self, RdmaDevice};
use crate::sysfs::names;
use distance::Distance;
use interface::Interface;
use numa::NumaNode;
use pci::PciDevice;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Network controllers. RDMA functions of other classes are found by their RDMA devices.
const NIC_CLASS: &str = "0x02";
/// Vendors of GPUs with the classes that their GPUs have: 0x03 display controllers, 0x12 processing accelerators, as
/// AMD's Instinct MI300 is.
const GPU_CLASSES: [(&str, &[&str]); 2] = [(NVIDIA, &["0x0300", "0x0302"]), ("0x1002", &["0x03", "0x1200"])];
const NVIDIA: &str = "0x10de";

#[derive(Debug, Serialize)]
pub struct Topo {
    gpus: Vec<Gpu>,
    nics: Vec<Nic>,
    interfaces: Vec<Interface>,
    rdma: Vec<RdmaDevice>,
    /// Null where the node does not have it.
    rdma_cm: Option<CharDevice>,
    /// Every GPU with every NIC, by PCI address.
    distances: Vec<Pair>,
    numa_nodes: Vec<NumaNode>,
    /// Why the GPU libraries added nothing; null where they did.
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

/// A PCI function with the names of its interfaces and RDMA devices; their details stand in the lists of those.
#[derive(Debug, Serialize)]
struct Nic {
    #[serde(flatten)]
    pci: PciDevice,
    interfaces: Vec<String>,
    /// The first of `rdma_devices`.
    rdma_device: Option<String>,
    rdma_devices: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Pair {
    gpu: String,
    nic: String,
    /// Null where the NUMA nodes decide and are not known.
    distance: Option<Distance>,
}

/// Lists what is under the root of a sysfs, `/sys` for this machine.
pub fn list(root: &Path) -> Outcome<Topo> {
    let devices = root.join("bus/pci/devices");
    let functions: Vec<PciDevice> =
        names(&devices).iter().filter_map(|address| PciDevice::read(&devices, address)).collect();
    let interfaces = interfaces(root);
    let rdma = rdma::list(root, &interfaces);
    let mut gpus = Vec::new();
    let mut nics = Vec::new();
    for pci in functions {
        if is_gpu(&pci) {
            gpus.push(Gpu { pci, source: Source::Sysfs, cuda_index: None });
            continue;
        }
        let nic = nic(&devices, pci, &interfaces, &rdma);
        if nic.pci.class.starts_with(NIC_CLASS) || !nic.rdma_devices.is_empty() {
            nics.push(nic);
        }
    }
    let asked = if root == Path::new("/sys") { add_visible(&mut gpus) } else { Err(not_asked(root)) };
    let numa_nodes = numa::list(root);
    let near = numa::count_with_cpus(&numa_nodes);
    let pairs = gpus.iter().flat_map(|gpu| nics.iter().map(move |nic| (gpu, nic)));
    let distances = pairs.map(|(gpu, nic)| Pair {
        gpu: gpu.pci.pci_address.clone(),
        nic: nic.pci.pci_address.clone(),
        distance: Distance::between(&gpu.pci, &nic.pci, near),
    });
    Ok(Topo {
        distances: distances.collect(),
        rdma_cm: char_device::rdma_cm(root),
        cuda_error: asked.err().map(|failure| failure.found),
        gpus,
        nics,
        interfaces,
        rdma,
        numa_nodes,
    })
}

/// The interfaces under the root of a sysfs.
pub fn interfaces(root: &Path) -> Vec<Interface> {
    let devices = root.join("bus/pci/devices");
    let functions: Vec<PathBuf> = names(&devices).into_iter().map(|address| devices.join(address)).collect();
    interface::list(root, &functions)
}

fn is_gpu(pci: &PciDevice) -> bool {
    GPU_CLASSES.iter().any(|(vendor, classes)| {
        pci.vendor == *vendor && classes.iter().any(|class| pci.class.starts_with(class))
    })
}

fn nic(devices: &Path, pci: PciDevice, interfaces: &[Interface], rdma: &[RdmaDevice]) -> Nic {
    let of_function = |address: &Option<String>| address.as_ref() == Some(&pci.pci_address);
    let interfaces = interfaces.iter().filter(|interface| of_function(&interface.pci_address));
    let interfaces: Vec<String> = interfaces.map(|interface| interface.name.clone()).collect();
    let by_interface = |device: &&RdmaDevice| {
        device.pci_address.is_none() && device.netdevs.iter().any(|netdev| interfaces.contains(netdev))
    };
    let known = rdma.iter().filter(|device| of_function(&device.pci_address) || by_interface(device));
    let known = known.map(|device| device.name.clone());
    let shown = interface::below(&devices.join(&pci.pci_address), "infiniband");
    let mut rdma_devices: Vec<String> = known.chain(shown.iter().flat_map(|folder| names(folder))).collect();
    rdma_devices.sort();
    rdma_devices.dedup();
    Nic { rdma_device: rdma_devices.first().cloned(), interfaces, rdma_devices, pci }
}

/// Adds their CUDA numbers to the GPUs, and the GPUs that sysfs does not show.
fn add_visible(gpus: &mut Vec<Gpu>) -> Outcome<()> {
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
