//! One PCI function as sysfs describes it: class, vendor, NUMA node, driver, and the bridges above it.

use crate::sysfs::{link_name, number, value};
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
    /// From the host bridge (`pci0000:3a`) over the bridges to the function itself. Empty where unknown.
    pub pci_path: Vec<String>,
    /// The first part of the path, e.g. `pci0000:3a`; its bus is not always that of the function's root port.
    pub host_bridge: Option<String>,
    /// The bound driver, e.g. `mlx5_core` or `vfio-pci`.
    pub driver: Option<String>,
    /// The physical function of an SR-IOV virtual function.
    pub physical_function: Option<String>,
    /// How many virtual functions are enabled; null where the function does not offer any.
    pub virtual_functions: Option<u32>,
}

impl PciDevice {
    /// Reads `devices/address`. An entry without vendor or class is no PCI function: none.
    pub fn read(devices: &Path, address: &str) -> Option<Self> {
        let folder = devices.join(address);
        let pci_path = pci_path(&folder);
        Some(PciDevice {
            pci_address: address.to_owned(),
            vendor: value(&folder.join("vendor"))?,
            device: value(&folder.join("device")),
            class: value(&folder.join("class"))?,
            numa_node: number(&folder.join("numa_node")),
            host_bridge: pci_path.first().cloned(),
            pci_path,
            driver: link_name(&folder.join("driver")),
            physical_function: link_name(&folder.join("physfn")),
            virtual_functions: number(&folder.join("sriov_numvfs")),
        })
    }

    /// A device of which only the address and the vendor are known.
    pub fn unknown(pci_address: String, vendor: &str) -> Self {
        PciDevice {
            pci_address,
            vendor: vendor.to_owned(),
            device: None,
            class: String::from("0x030000"),
            numa_node: None,
            pci_path: Vec::new(),
            host_bridge: None,
            driver: None,
            physical_function: None,
            virtual_functions: None,
        }
    }
}

/// The address of the PCI function that a folder of sysfs belongs to, such as the one of an interface.
pub fn function_above(folder: &Path) -> Option<String> {
    let real = folder.canonicalize().ok()?;
    real.iter().rev().map(|part| part.to_string_lossy()).find(|part| is_address(part)).map(String::from)
}

/// Whether the text has the form of `0000:3b:00.0`. Domains may have more than four digits.
pub fn is_address(text: &str) -> bool {
    let mut parts = text.split([':', '.']);
    let lengths_fit = [4..=8, 2..=2, 2..=2, 1..=1]
        .iter()
        .all(|length| parts.next().is_some_and(|part| length.contains(&part.len()) && is_hexadecimal(part)));
    lengths_fit && parts.next().is_none()
}

/// The resolved path from the host bridge on. On some clouds other buses stand before it.
fn pci_path(folder: &Path) -> Vec<String> {
    let Ok(target) = folder.canonicalize() else { return Vec::new() };
    let parts = target.iter().map(|part| part.to_string_lossy().into_owned());
    parts.skip_while(|part| !is_host_bridge(part)).collect()
}

/// Whether the text has the form of `pci0000:3a`: the domain and bus of a host bridge.
fn is_host_bridge(part: &str) -> bool {
    let numbers = part.strip_prefix("pci").and_then(|rest| rest.split_once(':'));
    numbers.is_some_and(|(domain, bus)| is_hexadecimal(domain) && is_hexadecimal(bus))
}

fn is_hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
