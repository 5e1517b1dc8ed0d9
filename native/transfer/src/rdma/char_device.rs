//! The character devices of RDMA devices. Each kind is a class of sysfs with numbers of its own: the umad of a device
//! need not have the number of its uverbs, and a device has only the kinds that its driver offers.

use crate::sysfs::{names, number, value};
use serde::Serialize;
use std::path::Path;

/// Classes of sysfs, with the kinds that each contains. The kernel dropped `ucm` in 5.3.
const CLASSES: [(&str, &[&str]); 3] =
    [("infiniband_verbs", &["uverbs"]), ("infiniband_mad", &["umad", "issm"]), ("infiniband_cm", &["ucm"])];

#[derive(Debug, Clone, Serialize)]
pub struct CharDevice {
    /// `uverbs`, `umad`, `issm`, `ucm` or `rdma_cm`.
    pub kind: &'static str,
    /// Where the node has it, e.g. `/dev/infiniband/uverbs0`; a pod need not have it.
    pub path: String,
    pub major: Option<u32>,
    pub minor: Option<u32>,
    /// The port that umad and issm serve.
    pub port: Option<u32>,
    #[serde(skip)]
    pub rdma_device: Option<String>,
}

/// Those of all RDMA devices under the root of a sysfs, by kind and name.
pub fn list(root: &Path) -> Vec<CharDevice> {
    let mut found = Vec::new();
    for (class, kinds) in CLASSES {
        let class = root.join("class").join(class);
        for name in names(&class) {
            let kind = kinds.iter().find(|kind| is_numbered(&name, kind));
            if let (Some(kind), Some(device)) = (kind, value(&class.join(&name).join("ibdev"))) {
                found.push(CharDevice { rdma_device: Some(device), ..char_device(kind, &class, &name) });
            }
        }
    }
    found
}

/// The connection manager's device, which all RDMA devices of the node share; none where its module is not loaded.
pub fn rdma_cm(root: &Path) -> Option<CharDevice> {
    let class = root.join("class/misc");
    class.join("rdma_cm").exists().then(|| char_device("rdma_cm", &class, "rdma_cm"))
}

fn char_device(kind: &'static str, class: &Path, name: &str) -> CharDevice {
    let folder = class.join(name);
    let numbers = value(&folder.join("dev"));
    let numbers = numbers.as_deref().and_then(|text| text.split_once(':'));
    CharDevice {
        kind,
        path: format!("/dev/infiniband/{name}"),
        major: numbers.and_then(|(major, _)| major.parse().ok()),
        minor: numbers.and_then(|(_, minor)| minor.parse().ok()),
        port: number(&folder.join("port")),
        rdma_device: None,
    }
}

fn is_numbered(name: &str, kind: &str) -> bool {
    name.strip_prefix(kind)
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
