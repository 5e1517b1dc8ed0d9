//! The byte and packet counters of an interface, seen from the pod and from the fabric, with the drops of its queues.

use std::os::fd::BorrowedFd;

use serde::Serialize;

use super::link::{self, Link};
use super::netlink::Netlink;
use super::port::Port;
use super::shaping;
use super::wire::Wire;
use crate::failure::{During, Outcome};
use crate::namespace::in_network_of;

/// One end of a cable. `queue_drops` are packets that its token bucket dropped.
#[derive(Debug, Serialize)]
pub struct End {
    #[serde(flatten)]
    link: Link,
    queue_drops: u64,
}

#[derive(Debug, Serialize)]
pub struct Counters {
    pub name: String,
    pub pod: End,
    pub fabric: End,
    /// Set if the NIC has a corrupting wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrupted_bytes: Option<u64>,
}

/// Reads both ends of each port; `sandbox` is a process in the pod's network namespace.
pub fn read(ports: &[Port], sandbox: BorrowedFd<'_>) -> Outcome<Vec<Counters>> {
    let inside = in_network_of(sandbox, || ends(ports.iter().map(|port| port.interface.as_str())))?;
    let outside = ends(ports.iter().map(|port| port.fabric_end.as_str()))?;
    let both = ports.iter().zip(inside.into_iter().zip(outside));
    let counters = both.map(|(port, (pod, fabric))| Counters {
        name: port.interface.clone(),
        pod,
        fabric,
        corrupted_bytes: port.wire.as_ref().map(Wire::corrupted_bytes),
    });
    Ok(counters.collect())
}

fn ends<'a>(names: impl Iterator<Item = &'a str>) -> Outcome<Vec<End>> {
    let mut netlink = Netlink::open().during("counters", "open a netlink socket")?;
    let read = |name| -> Outcome<End> {
        let link = link::by_name(&mut netlink, name).during(name, "read its counters")?;
        let queue_drops = shaping::drops(&mut netlink, link.index).during(name, "read its queues")?;
        Ok(End { link, queue_drops })
    };
    names.map(read).collect()
}
