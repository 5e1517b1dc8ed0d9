//! The NUMA nodes of the machine. Not every node has CPUs: a GPU's own memory can be a node without any, and memory
//! expanders are such nodes too.

use crate::sysfs::{names, value};
use serde::Serialize;
use std::path::Path;

#[derive(Debug, Serialize)]
pub struct NumaNode {
    pub node: u32,
    /// The kernel's list, e.g. `0-55,112-167`; null for a node without CPUs.
    pub cpus: Option<String>,
    pub has_cpus: bool,
    /// Null where the kernel does not say.
    pub has_memory: Option<bool>,
    /// The kernel's distances to the nodes in order, 10 for the node itself.
    pub distances: Vec<u32>,
}

/// Every node under the root of a sysfs, by number.
pub fn list(root: &Path) -> Vec<NumaNode> {
    let folder = root.join("devices/system/node");
    let with_memory = value(&folder.join("has_memory"));
    let node = |name: String| {
        let node: u32 = name.strip_prefix("node")?.parse().ok()?;
        let cpus = value(&folder.join(&name).join("cpulist"));
        let distances = value(&folder.join(&name).join("distance")).unwrap_or_default();
        Some(NumaNode {
            node,
            has_cpus: cpus.is_some(),
            cpus,
            has_memory: with_memory.as_deref().map(|list| contains(list, node)),
            distances: distances.split_whitespace().filter_map(|distance| distance.parse().ok()).collect(),
        })
    };
    let mut nodes: Vec<NumaNode> = names(&folder).into_iter().filter_map(node).collect();
    nodes.sort_by_key(|node| node.node);
    nodes
}

/// Whether a list of the kernel, such as `0-1,4`, contains the number.
fn contains(list: &str, number: u32) -> bool {
    list.split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        matches!((first.parse(), last.parse()), (Ok(first), Ok(last)) if (first..=last).contains(&number))
    })
}

/// How many nodes a device can be near to: those with CPUs, or all where the kernel lists no CPUs.
pub fn count_with_cpus(nodes: &[NumaNode]) -> usize {
    match nodes.iter().filter(|node| node.has_cpus).count() {
        0 => nodes.len(),
        count => count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_the_kernel_have_ranges() {
        let nodes: Vec<u32> = (0..7).filter(|node| contains("0-1,4,6", *node)).collect();
        assert_eq!(nodes, [0, 1, 4, 6]);
        assert!(!contains("", 0));
    }
}
