//! How far a GPU is from a NIC, in the words of `nvidia-smi topo -m`. Pure.

use super::pci::PciDevice;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Distance {
    /// At most one PCIe switch between them.
    Pix,
    /// Several PCIe switches, no host bridge.
    Pxb,
    /// The host bridge that both hang on.
    Phb,
    /// Different host bridges of one NUMA node.
    Node,
    /// The interconnect between NUMA nodes.
    Sys,
}

impl Distance {
    /// None where the NUMA nodes decide and one of them is unknown on a machine of several.
    pub fn between(one: &PciDevice, other: &PciDevice, numa_nodes: usize) -> Option<Self> {
        let shared = one.pci_path.iter().zip(&other.pci_path).take_while(|(one, other)| one == other).count();
        match shared {
            0 => Self::between_roots(one, other, numa_nodes),
            1 => Some(Distance::Phb),
            _ => {
                // A switch is its upstream port, shared, and one downstream port for each of the two.
                let own_bridges = |path: &[String]| path.len().saturating_sub(shared + 1);
                let most = own_bridges(&one.pci_path).max(own_bridges(&other.pci_path));
                Some(if most <= 1 { Distance::Pix } else { Distance::Pxb })
            }
        }
    }

    fn between_roots(one: &PciDevice, other: &PciDevice, numa_nodes: usize) -> Option<Self> {
        match (one.numa_node, other.numa_node) {
            (Some(one), Some(other)) if one == other => Some(Distance::Node),
            (Some(_), Some(_)) => Some(Distance::Sys),
            _ if numa_nodes == 1 => Some(Distance::Node),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(path: &str, numa_node: Option<u32>) -> PciDevice {
        let mut device = PciDevice::unknown(path.into(), "0x10de");
        device.pci_path = path.split('/').map(str::to_owned).collect();
        device.numa_node = numa_node;
        device
    }

    fn distance(one: &str, other: &str) -> Option<Distance> {
        Distance::between(&device(one, Some(0)), &device(other, Some(0)), 2)
    }

    #[test]
    fn bridges_decide_below_one_root() {
        assert_eq!(distance("r/port/up/d0/gpu", "r/port/up/d1/nic"), Some(Distance::Pix));
        assert_eq!(distance("r/port/gpu", "r/port/nic"), Some(Distance::Pix));
        assert_eq!(distance("r/port/up/d0/up2/d2/gpu", "r/port/up/d1/nic"), Some(Distance::Pxb));
        assert_eq!(distance("r/port0/gpu", "r/port1/nic"), Some(Distance::Phb));
    }

    #[test]
    fn numa_nodes_decide_between_roots() {
        let between =
            |one, other, nodes| Distance::between(&device("a/x", one), &device("b/y", other), nodes);
        assert_eq!(between(Some(0), Some(0), 2), Some(Distance::Node));
        assert_eq!(between(Some(0), Some(1), 2), Some(Distance::Sys));
        assert_eq!(between(None, Some(1), 2), None);
        assert_eq!(between(None, None, 1), Some(Distance::Node));
    }
}
