//! GPUs that this process may use through the kernel's render nodes, as AMD's GPUs are: the files /dev/dri/renderD*,
//! and of those only the GPUs that ROCR_VISIBLE_DEVICES leaves, as ROCm's runtime reads it. No GPU library is needed.

use crate::sysfs::{names, value};
use crate::topo::pci::function_above;
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const FOLDER: &str = "/dev/dri";
const VISIBLE: &str = "ROCR_VISIBLE_DEVICES";

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct RenderNode {
    /// E.g. `/dev/dri/renderD128`.
    pub path: String,
    pub pci_address: String,
    /// E.g. `0x1002`.
    pub vendor: String,
    /// Null where it opens for reading and writing.
    pub open_error: Option<String>,
}

/// Those of this process, by PCI address, with the sysfs under `root`.
pub fn list(root: &Path) -> Vec<RenderNode> {
    let visible = std::env::var(VISIBLE).ok();
    let mut found: Vec<(RenderNode, Option<String>)> = names(Path::new(FOLDER))
        .iter()
        .filter(|name| name.starts_with("renderD"))
        .filter_map(|name| render_node(root, &Path::new(FOLDER).join(name)))
        .collect();
    found.sort_by(|(one, _), (other, _)| one.pci_address.cmp(&other.pci_address));
    let is_visible = |index: usize, id: &Option<String>| match &visible {
        None => true,
        Some(list) => is_listed(list, index, id.as_deref()),
    };
    let indexed = found.into_iter().enumerate();
    indexed.filter(|(index, (_, id))| is_visible(*index, id)).map(|(_, (node, _))| node).collect()
}

/// With the GPU's unique identifier.
fn render_node(root: &Path, path: &Path) -> Option<(RenderNode, Option<String>)> {
    let device = fs::metadata(path).ok()?.rdev();
    let entry = root.join(format!("dev/char/{}:{}/device", libc::major(device), libc::minor(device)));
    let node = RenderNode {
        path: path.display().to_string(),
        pci_address: function_above(&entry)?,
        vendor: value(&entry.join("vendor"))?,
        open_error: OpenOptions::new().read(true).write(true).open(path).err().map(|error| error.to_string()),
    };
    Some((node, value(&entry.join("unique_id"))))
}

/// Entries are numbers or `GPU-` with the unique identifier.
fn is_listed(list: &str, index: usize, id: Option<&str>) -> bool {
    list.split(',').map(str::trim).any(|entry| match entry.strip_prefix("GPU-") {
        Some(wanted) => id.is_some_and(|id| id.eq_ignore_ascii_case(wanted)),
        None => entry.parse() == Ok(index),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_devices_are_numbers_or_identifiers() {
        assert!(is_listed("GPU-4d300c00000000aa, 1", 0, Some("4D300C00000000AA")));
        assert!(is_listed("GPU-4d300c00000000aa,1", 1, None));
        assert!(!is_listed("GPU-4d300c00000000aa,1", 2, Some("4d309c00000000aa")));
        assert!(!is_listed("", 0, Some("4d309c00000000aa")));
    }
}
