//! The network interfaces that a sysfs shows, with what tells the interfaces of one PCI function apart: the number of
//! its port, and for a switch's ports the names that the driver gives them.

use super::pci::{function_above, is_address};
use crate::nic::fallback_tunnel::is_fallback_tunnel;
use crate::sysfs::{link_name, names, number, value};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An interface; what the kernel does not state is null.
#[derive(Debug, Serialize)]
pub struct Interface {
    pub name: String,
    /// Its PCI function; null for a virtual interface.
    pub pci_address: Option<String>,
    pub mac: Option<String>,
    pub mtu: Option<u32>,
    /// E.g. `up` or `down`.
    pub operstate: Option<String>,
    /// Megabits a second, as the driver states them while the link is up.
    pub speed_mbps: Option<u32>,
    /// ARPHRD_*: 1 Ethernet, 32 InfiniBand, 772 loopback.
    pub hardware_type: Option<u16>,
    /// Port of the PCI function, from 0.
    pub dev_port: Option<u32>,
    /// E.g. `p0` for an uplink, `pf0vf3` for the representor of a virtual function.
    pub phys_port_name: Option<String>,
    /// Equal for all ports of one hardware switch: an uplink and its representors.
    pub phys_switch_id: Option<String>,
    /// Stands for a virtual function or a subfunction at the hardware switch; it is no port of the function's own.
    pub representor: bool,
    /// The bond or bridge that it is part of.
    pub master: Option<String>,
    /// A fallback tunnel, which the kernel creates in every network namespace.
    pub created_by_kernel: bool,
}

/// Every interface under the root of a sysfs, by name: those of its network namespace and those below `functions`, the
/// folders of PCI functions.
pub fn list(root: &Path, functions: &[PathBuf]) -> Vec<Interface> {
    let class = root.join("class/net");
    let mut folders: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for name in names(&class) {
        let folder = class.join(&name);
        // bonding_masters is a file.
        if folder.is_dir() {
            folders.entry(name).or_default().push(folder);
        }
    }
    for folder in functions.iter().flat_map(|function| below(function, "net")) {
        for name in names(&folder) {
            folders.entry(name.clone()).or_default().push(folder.join(name));
        }
    }
    folders.into_iter().map(|(name, folders)| interface(name, &folders)).collect()
}

fn interface(name: String, folders: &[PathBuf]) -> Interface {
    let text = |file: &str| folders.iter().find_map(|folder| value(&folder.join(file)));
    fn parsed<T: std::str::FromStr>(folders: &[PathBuf], file: &str) -> Option<T> {
        folders.iter().find_map(|folder| number(&folder.join(file)))
    }
    let pci_address = folders.iter().find_map(|folder| function_above(folder));
    let phys_port_name = text("phys_port_name");
    let hardware_type = parsed(folders, "type");
    Interface {
        mac: text("address"),
        mtu: parsed(folders, "mtu"),
        operstate: text("operstate"),
        speed_mbps: parsed(folders, "speed"),
        hardware_type,
        dev_port: parsed(folders, "dev_port"),
        representor: phys_port_name.as_deref().is_some_and(is_representor),
        phys_port_name,
        phys_switch_id: text("phys_switch_id"),
        master: folders.iter().find_map(|folder| link_name(&folder.join("master"))),
        created_by_kernel: pci_address.is_none() && is_fallback_tunnel(&name, hardware_type),
        pci_address,
        name,
    }
}

/// Folders of this name in the folder of a PCI function and, for virtio NICs and subfunctions, of the devices below it.
/// Links are not followed: `physfn` and `virtfn0` lead to other functions.
pub fn below(function: &Path, name: &str) -> Vec<PathBuf> {
    let child_devices = names(function).into_iter().filter(|child| !is_address(child));
    let child_devices = child_devices.map(|child| function.join(child)).filter(|child| !child.is_symlink());
    let folders = std::iter::once(function.to_owned()).chain(child_devices);
    folders.map(|folder| folder.join(name)).filter(|folder| folder.is_dir()).collect()
}

/// `pf0vf3`, `c1pf0vf3` or `pf0sf88`, as Documentation/networking/devlink/devlink-port.rst names them.
fn is_representor(phys_port_name: &str) -> bool {
    let Some((_, of_function)) = phys_port_name.split_once("pf") else { return false };
    let kind = of_function.trim_start_matches(|character: char| character.is_ascii_digit());
    kind.starts_with("vf") || kind.starts_with("sf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uplinks_are_no_representors() {
        let names = ["p0", "p1", "pf0", "pf0vf3", "c1pf0vf3", "pf1sf88"];
        let representors: Vec<&str> = names.into_iter().filter(|name| is_representor(name)).collect();
        assert_eq!(representors, ["pf0vf3", "c1pf0vf3", "pf1sf88"]);
    }
}
