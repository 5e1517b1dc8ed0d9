//! The RDMA devices that a sysfs shows, with their ports, interfaces and character devices. In the kernel's default,
//! the shared RDMA namespace mode, a pod sees all of the node's here, whatever it has claimed.

pub mod char_device;
pub mod gid;
pub mod port;
pub mod user_mad;

use crate::sysfs::{names, value};
use crate::topo::interface::Interface;
use crate::topo::pci::function_above;
use char_device::CharDevice;
use port::Port;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

#[derive(Debug, Serialize)]
pub struct RdmaDevice {
    pub name: String,
    /// Its PCI function; null for software RDMA (rxe, siw), which belongs to the function of its interface.
    pub pci_address: Option<String>,
    /// Its first uverbs, e.g. `uverbs0`, whose number need not be the device's.
    pub uverbs: Option<String>,
    pub char_devices: Vec<CharDevice>,
    pub node_guid: Option<String>,
    /// E.g. `1: CA`.
    pub node_type: Option<String>,
    pub ports: Vec<Port>,
    /// Interfaces of its ports and of its PCI function.
    pub netdevs: Vec<String>,
}

/// Every RDMA device under the root of a sysfs, by name. `interfaces` are those of the same sysfs.
pub fn list(root: &Path, interfaces: &[Interface]) -> Vec<RdmaDevice> {
    let class = root.join("class/infiniband");
    let char_devices = char_device::list(root);
    let device = |name: String| {
        let folder = class.join(&name);
        let pci_address = function_above(&folder).or_else(|| function_above(&folder.join("device")));
        let own: Vec<CharDevice> =
            char_devices.iter().filter(|file| file.rdma_device.as_ref() == Some(&name)).cloned().collect();
        let of_function: Vec<&Interface> = interfaces
            .iter()
            .filter(|interface| pci_address.is_some() && interface.pci_address == pci_address)
            .collect();
        let ports = port::list(&folder, interfaces, &of_function);
        let of_device = names(&folder.join("device/net"));
        let netdevs: BTreeSet<String> =
            ports.iter().flat_map(|port| port.netdevs.clone()).chain(of_device).collect();
        let uverbs = own.iter().find(|file| file.kind == "uverbs");
        RdmaDevice {
            uverbs: uverbs.and_then(|file| Some(file.path.rsplit_once('/')?.1.to_owned())),
            node_guid: value(&folder.join("node_guid")),
            node_type: value(&folder.join("node_type")),
            char_devices: own,
            pci_address,
            ports,
            netdevs: netdevs.into_iter().collect(),
            name,
        }
    };
    names(&class).into_iter().map(device).collect()
}
