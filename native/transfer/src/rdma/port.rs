//! A port of an RDMA device: state, rate, MTU and its interfaces.

use crate::sysfs::{names, value};
use crate::topo::interface::Interface;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// Headers of a RoCE packet that the kernel subtracts from an interface's MTU: GRH 40, UDP 8, BTH 12, XRC 4,
/// atomic 28, ICRC 4 (iboe_get_mtu in include/rdma/ib_addr.h).
const ROCE_HEADER_BYTES: u32 = 96;
/// The MTUs that RDMA knows.
const RDMA_MTUS: [u32; 5] = [4096, 2048, 1024, 512, 256];

#[derive(Debug, Serialize)]
pub struct Port {
    pub port: u32,
    /// E.g. `4: ACTIVE`.
    pub state: Option<String>,
    /// E.g. `5: LinkUp`.
    pub phys_state: Option<String>,
    /// `InfiniBand` or `Ethernet`.
    pub link_layer: Option<String>,
    /// E.g. `400 Gb/sec (4X NDR)`.
    pub rate: Option<String>,
    pub rate_gbps: Option<f64>,
    /// Bytes. sysfs has no file for it; for Ethernet it follows from the MTU of the port's interface, where that is
    /// visible. Null for InfiniBand.
    pub active_mtu: Option<u32>,
    pub netdevs: Vec<String>,
}

/// The ports of a device's folder. `of_function` are the interfaces of the device's PCI function.
pub fn list(device: &Path, interfaces: &[Interface], of_function: &[&Interface]) -> Vec<Port> {
    let port = |name: String| {
        let (number, folder) = (name.parse().ok()?, device.join("ports").join(&name));
        let netdevs = netdevs(&folder, number, of_function);
        let rate = value(&folder.join("rate"));
        let link_layer = value(&folder.join("link_layer"));
        let mtus = interfaces.iter().filter(|interface| netdevs.contains(&interface.name));
        let mtu = mtus.filter_map(|interface| interface.mtu).min();
        Some(Port {
            port: number,
            state: value(&folder.join("state")),
            phys_state: value(&folder.join("phys_state")),
            rate_gbps: rate.as_deref().and_then(rate_gbps),
            rate,
            active_mtu: mtu.filter(|_| link_layer.as_deref() == Some("Ethernet")).and_then(roce_mtu),
            link_layer,
            netdevs,
        })
    };
    names(&device.join("ports")).into_iter().filter_map(port).collect()
}

/// Those that the port's GIDs name. A port without GIDs, such as one whose interface is down, has the interface of the
/// PCI function with the port's number.
fn netdevs(port: &Path, number: u32, of_function: &[&Interface]) -> Vec<String> {
    let table = port.join("gid_attrs/ndevs");
    let named: BTreeSet<String> = names(&table).iter().filter_map(|gid| value(&table.join(gid))).collect();
    if !named.is_empty() {
        return named.into_iter().collect();
    }
    let is_own = |interface: &&&Interface| {
        !interface.representor && interface.dev_port.map(|port| port + 1) == Some(number)
    };
    of_function.iter().filter(is_own).map(|interface| interface.name.clone()).collect()
}

/// Of a file `rate`.
pub fn rate_gbps(rate: &str) -> Option<f64> {
    rate.split_once(" Gb/sec")?.0.parse().ok()
}

/// The RDMA MTU that an interface's MTU leaves room for.
pub fn roce_mtu(interface_mtu: u32) -> Option<u32> {
    let payload = interface_mtu.checked_sub(ROCE_HEADER_BYTES)?;
    RDMA_MTUS.into_iter().find(|mtu| *mtu <= payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rdma_mtu_leaves_room_for_the_headers() {
        let mtus = [9000, 4200, 4096, 1500, 352, 100].map(roce_mtu);
        assert_eq!(mtus, [Some(4096), Some(4096), Some(2048), Some(1024), Some(256), None]);
    }
}
