//! One PCI device as sysfs has it: class, vendor, NUMA node, and the bridges above it.

use crate::sysfs::value;
use serde::Serialize;
use std::path::Path;

#[derive(Debug, Clone, Serialize)]
pub struct PciDevice {
    /// E.g. `0000:3b:00.0`.
    pub pci_address: String,
    pub vendor: String,
    pub device: Option<String>,
    pub class: String,
    /// Null where the kernel does not know it (-1).
    pub numa_node: Option<u32>,
    /// From the root (`pci0000:3a`) over the bridges to the device itself. Empty where unknown.
    pub pci_path: Vec<String>,
}

impl PciDevice {
    /// Reads `devices/address`; none for an entry that lacks what every PCI device has.
    pub fn read(devices: &Path, address: &str) -> Option<Self> {
        let folder = devices.join(address);
        Some(PciDevice {
            pci_address: address.to_owned(),
            vendor: value(&folder.join("vendor"))?,
            device: value(&folder.join("device")),
            class: value(&folder.join("class"))?,
            numa_node: value(&folder.join("numa_node")).and_then(|node| node.parse().ok()),
            pci_path: pci_path(&folder),
        })
    }

    /// A device of which only the address is known.
    pub fn unknown(pci_address: String, vendor: &str) -> Self {
        let class = String::from("0x030000");
        PciDevice {
            pci_address,
            vendor: vendor.to_owned(),
            device: None,
            class,
            numa_node: None,
            pci_path: Vec::new(),
        }
    }
}

/// The target of the symbolic link, from the host bridge on. On some clouds other buses stand before it.
fn pci_path(folder: &Path) -> Vec<String> {
    let Ok(target) = folder.canonicalize() else { return Vec::new() };
    let parts = target.iter().map(|part| part.to_string_lossy().into_owned());
    parts.skip_while(|part| !is_root(part)).collect()
}

/// `pci0000:3a`: the domain and bus of a host bridge.
fn is_root(part: &str) -> bool {
    let Some((domain, bus)) = part.strip_prefix("pci").and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex(domain) && is_hex(bus)
}
