//! What is in /dev/infiniband and which of it opens, which interfaces, RDMA devices and GPUs are there: so
//! that an image needs no shell to be inspected. Reads and opens; changes nothing.

use crate::error::Outcome;
use crate::memory::{self, VisibleGpu};
use crate::nic::RDMA_CLASS;
use crate::nic::interfaces::{self, Interface};
use crate::sysfs::{names, value};
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

const INFINIBAND: &str = "/dev/infiniband";
const VERBS_CLASS: &str = "/sys/class/infiniband_verbs";

#[derive(Debug, Serialize)]
pub struct Devices {
    hostname: String,
    infiniband: Vec<Node>,
    interfaces: Vec<Interface>,
    rdma: Vec<RdmaDevice>,
    /// Those that this process may use.
    gpus: Vec<VisibleGpu>,
    /// Why there are no GPUs; null where they could be asked for.
    gpu_error: Option<String>,
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
    /// Null where it was not tried.
    opens: Option<bool>,
    open_error: Option<String>,
}

/// An entry of /sys/class/infiniband; in the shared RDMA namespace mode every one of the host is there.
#[derive(Debug, Serialize)]
struct RdmaDevice {
    name: String,
    /// Its entry in /dev/infiniband, e.g. `uverbs0`, whose number need not be the device's.
    uverbs: Option<String>,
    node_guid: Option<String>,
    ports: Vec<Port>,
    netdevs: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Port {
    port: u32,
    state: Option<String>,
    link_layer: Option<String>,
}

pub fn list() -> Outcome<Devices> {
    let class = Path::new(RDMA_CLASS);
    let (gpus, gpu_error) = match memory::visible_gpus() {
        Ok(gpus) => (gpus, None),
        Err(failure) => (Vec::new(), Some(failure.found)),
    };
    Ok(Devices {
        hostname: crate::run::preparation::hostname(),
        infiniband: names(Path::new(INFINIBAND)).iter().filter_map(|name| node(name)).collect(),
        interfaces: interfaces::list()?,
        rdma: names(class).into_iter().map(|name| rdma_device(class, name)).collect(),
        gpus,
        gpu_error,
    })
}

fn node(name: &str) -> Option<Node> {
    let path = Path::new(INFINIBAND).join(name);
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
    })
}

fn opens(path: &Path) -> (Option<bool>, Option<String>) {
    match OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(_) => (Some(true), None),
        Err(error) => (Some(false), Some(error.to_string())),
    }
}

fn rdma_device(class: &Path, name: String) -> RdmaDevice {
    let folder = class.join(&name);
    let ports = names(&folder.join("ports")).into_iter().filter_map(|number| {
        let port = folder.join("ports").join(&number);
        Some(Port {
            port: number.parse().ok()?,
            state: value(&port.join("state")),
            link_layer: value(&port.join("link_layer")),
        })
    });
    let verbs = Path::new(VERBS_CLASS);
    let is_its = |uverbs: &String| value(&verbs.join(uverbs).join("ibdev")).as_ref() == Some(&name);
    RdmaDevice {
        uverbs: names(verbs).into_iter().find(is_its),
        node_guid: value(&folder.join("node_guid")),
        ports: ports.collect(),
        netdevs: names(&folder.join("device/net")),
        name,
    }
}
