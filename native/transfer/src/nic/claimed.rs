//! `--nics claimed`: the NICs that this process was given, in the order of their PCI addresses. The RDMA devices of a
//! claim are those whose character device is in /dev/infiniband. Without any, the claimed interfaces are all but the
//! loopback and the pod network, which holds the default route.

use std::path::{Path, PathBuf};

use super::{Kind, Nic, RDMA_CLASS, interface_names};
use crate::error::{Failure, Outcome};
use crate::sysfs;

const CHAR_DEVICES: &str = "/dev/infiniband";
const VERBS_CLASS: &str = "/sys/class/infiniband_verbs";
const ROUTES: &str = "/proc/net/route";

/// Fails with NIC_UNKNOWN when nothing was claimed, and with NIC_UNUSABLE when a claimed RDMA device is gone: the
/// interfaces must not be used in its place.
pub fn find() -> Outcome<Vec<Nic>> {
    let files = char_devices();
    if let Some(file) = files.iter().find(|file| rdma_device(file).is_none()) {
        return Err(Failure::nic_unusable(
            format!("RDMA device of {CHAR_DEVICES}/{file}"),
            format!("a device in {VERBS_CLASS}/{file}"),
            "none",
            "Check on the node whether the device still exists, and that its driver is loaded.",
        ));
    }
    let mut devices = rdma_devices();
    devices.sort_by_key(|device| (pci_address(device), device.clone()));
    let interfaces = interface_names();
    let nics: Vec<Nic> = devices.iter().filter_map(|device| nic_of(device, &interfaces)).collect();
    if !nics.is_empty() {
        return Ok(nics);
    }
    let pod_network = default_route_interface();
    let rest: Vec<Nic> = interfaces
        .iter()
        .filter(|name| Some(*name) != pod_network.as_ref())
        .map(|name| Nic { name: name.clone(), kind: Kind::Interface })
        .collect();
    if rest.is_empty() { Err(Failure::nic_unknown("claimed", &interfaces)) } else { Ok(rest) }
}

/// A device with ports is used for RDMA. One without is emulated, and its interface is used in its place. An
/// emulated device that has no interface moves its bytes over one that has the device's name.
fn nic_of(device: &str, interfaces: &[String]) -> Option<Nic> {
    let folder = Path::new(RDMA_CLASS).join(device);
    if folder.join("ports").is_dir() {
        return Some(Nic { name: device.to_owned(), kind: Kind::Rdma });
    }
    let own = names_in(&folder.join("device/net"));
    let name = own.into_iter().chain([device.to_owned()]).find(|name| interfaces.contains(name))?;
    Some(Nic { name, kind: Kind::Interface })
}

/// The RDMA devices whose character device is in /dev/infiniband.
pub fn rdma_devices() -> Vec<String> {
    char_devices().iter().filter_map(|file| rdma_device(file)).collect()
}

/// The names of the character devices of verbs, such as `uverbs0`.
fn char_devices() -> Vec<String> {
    let mut files = names_in(Path::new(CHAR_DEVICES));
    files.retain(|name| name.starts_with("uverbs"));
    files
}

fn rdma_device(file: &str) -> Option<String> {
    sysfs::value(&Path::new(VERBS_CLASS).join(file).join("ibdev"))
}

fn pci_address(device: &str) -> Option<PathBuf> {
    let folder = std::fs::canonicalize(Path::new(RDMA_CLASS).join(device).join("device")).ok()?;
    folder.file_name().map(PathBuf::from)
}

fn default_route_interface() -> Option<String> {
    let routes = std::fs::read_to_string(ROUTES).ok()?;
    routes.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let name = fields.next()?;
        (fields.next()? == "00000000").then(|| name.to_owned())
    })
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}
