//! What this process can use: the entries of /dev/infiniband and whether each opens, interfaces, RDMA devices and GPUs.
//! It serves to inspect a container whose image has no shell.

use crate::device_metadata::{self, MetadataFile};
use crate::error::Outcome;
use crate::memory::{self, VisibleGpu};
use crate::nic::interfaces::{self, Interface};
use crate::rdma::char_device::{self, CharDevice};
use crate::rdma::{self, RdmaDevice};
use crate::render_node::{self, RenderNode};
use crate::sysfs::names;
use crate::topo;
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

const INFINIBAND: &str = "/dev/infiniband";

#[derive(Debug, Serialize)]
pub struct Devices {
    hostname: String,
    infiniband: Vec<Node>,
    interfaces: Vec<Interface>,
    rdma: Vec<RdmaDevice>,
    /// Null where the node does not have it.
    rdma_cm: Option<CharDevice>,
    /// The GPUs that this process may use.
    gpus: Vec<VisibleGpu>,
    /// Why `gpus` is empty; null where the GPU libraries answered.
    gpu_error: Option<String>,
    /// The GPUs that this process may use through the kernel's render nodes.
    render_nodes: Vec<RenderNode>,
    /// The files in which DRA drivers describe the allocated devices.
    device_metadata: Vec<MetadataFile>,
}

/// An entry of /dev/infiniband.
#[derive(Debug, Serialize)]
struct Node {
    path: String,
    #[serde(rename = "type")]
    kind: &'static str,
    major: u32,
    minor: u32,
    /// Permission bits in octal, e.g. `0666`.
    mode: String,
    /// Null where opening was not tried.
    opens: Option<bool>,
    open_error: Option<String>,
    /// The RDMA device that it belongs to; null for rdma_cm and where sysfs does not say.
    rdma_device: Option<String>,
}

/// Looks at this process's /dev and network namespace, and at the sysfs under `root`.
pub fn list(root: &Path) -> Outcome<Devices> {
    let char_devices = char_device::list(root);
    let (gpus, gpu_error) = match memory::visible_gpus() {
        Ok(gpus) => (gpus, None),
        Err(failure) => (Vec::new(), Some(failure.found)),
    };
    Ok(Devices {
        hostname: crate::run::preparation::hostname(),
        infiniband: nodes(Path::new(INFINIBAND), &char_devices),
        interfaces: interfaces::list()?,
        rdma: rdma::list(root, &topo::interfaces(root)),
        rdma_cm: char_device::rdma_cm(root),
        gpus,
        gpu_error,
        render_nodes: render_node::list(root),
        device_metadata: device_metadata::list(),
    })
}

fn nodes(folder: &Path, char_devices: &[CharDevice]) -> Vec<Node> {
    names(folder).iter().filter_map(|name| node(folder, name, char_devices)).collect()
}

fn node(folder: &Path, name: &str, char_devices: &[CharDevice]) -> Option<Node> {
    let path = folder.join(name);
    let metadata = fs::metadata(&path).ok()?;
    let file_type = metadata.file_type();
    let kind = match () {
        () if file_type.is_char_device() => "char",
        () if file_type.is_block_device() => "block",
        () if file_type.is_dir() => "directory",
        () => "file",
    };
    let (opens, open_error) = match kind {
        // Opening it makes the port announce a subnet manager.
        _ if name.starts_with("issm") => {
            (None, Some("not tried: opening it has an effect on the fabric".into()))
        }
        "directory" => (None, None),
        _ => opens(&path),
    };
    let device = metadata.rdev();
    Some(Node {
        path: path.display().to_string(),
        kind,
        major: libc::major(device),
        minor: libc::minor(device),
        mode: format!("{:04o}", metadata.mode() & 0o7777),
        opens,
        open_error,
        rdma_device: char_devices
            .iter()
            .find(|file| file.path.rsplit('/').next() == Some(name))
            .and_then(|file| file.rdma_device.clone()),
    })
}

fn opens(path: &Path) -> (Option<bool>, Option<String>) {
    match OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(_) => (Some(true), None),
        Err(error) => (Some(false), Some(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_names_its_rdma_device() {
        let root = std::env::temp_dir().join(format!("dev-infiniband-{}", std::process::id()));
        for (class, name) in [("infiniband_verbs", "uverbs7"), ("infiniband_mad", "umad12")] {
            let folder = root.join("class").join(class).join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("ibdev"), "mlx5_3\n").unwrap();
        }
        let dev = root.join("dev");
        fs::create_dir_all(&dev).unwrap();
        for name in ["uverbs7", "umad12", "uverbs12", "rdma_cm"] {
            fs::write(dev.join(name), "").unwrap();
        }
        let found = nodes(&dev, &char_device::list(&root));
        fs::remove_dir_all(&root).unwrap();
        let owners: Vec<Option<&str>> = found.iter().map(|node| node.rdma_device.as_deref()).collect();
        // By name: rdma_cm, umad12, uverbs12, uverbs7.
        assert_eq!(owners, [None, Some("mlx5_3"), None, Some("mlx5_3")]);
    }
}
