//! An interface of a running pod: its link state and rates, changed at run time from the fabric's side.

use std::num::NonZeroU64;
use std::os::fd::BorrowedFd;

use super::netlink::Netlink;
use super::wire::Wire;
use super::{link, shaping};
use crate::failure::{Code, During, Failure, Outcome};
use crate::namespace::in_network_of;
use crate::spec::ShapeSpec;

/// One attached interface of a pod. The fabric's end is up exactly while the link is.
pub struct Port {
    pub interface: String,
    pub fabric_end: String,
    pub fabric_index: u32,
    pub mtu: u16,
    pub cut_after_bytes: Option<NonZeroU64>,
    /// Set if the cable runs through the agent rather than directly into the bridge.
    pub wire: Option<Wire>,
}

impl Port {
    /// Sets the fabric's end up or down, which the pod sees as its carrier.
    pub fn set_link(&self, up: bool) -> Outcome<()> {
        let mut netlink = Netlink::open().during(&self.interface, "open a netlink socket")?;
        let state = if up { "come up" } else { "go down" };
        link::set_up(&mut netlink, self.fabric_index, up).during(&self.interface, state)
    }

    /// Changes the rates that are given; `sandbox` is a process in the pod's network namespace.
    pub fn set_rate(
        &self,
        sandbox: BorrowedFd<'_>,
        tx: Option<&ShapeSpec>,
        rx: Option<&ShapeSpec>,
    ) -> Outcome<()> {
        let shape = |name: &str, shape: &ShapeSpec| {
            let mut netlink = Netlink::open().during(name, "open a netlink socket")?;
            let index = link::by_name(&mut netlink, name).during(name, "be found")?.index;
            shaping::shape(&mut netlink, index, shape).during(name, "change its rate")
        };
        if let Some(tx) = tx {
            in_network_of(sandbox, || shape(&self.interface, tx))?;
        }
        rx.map_or(Ok(()), |rx| shape(&self.fabric_end, rx))
    }
}

/// The port of the pod's NIC of that name. `eth0` is no NIC.
pub fn find<'a>(ports: &'a [Port], pod: &str, nic: &str) -> Outcome<&'a Port> {
    let mut nics = ports.iter().filter(|port| port.interface != "eth0");
    nics.clone().find(|port| port.interface == nic).ok_or_else(|| {
        let names: Vec<_> = nics.by_ref().map(|port| port.interface.as_str()).collect();
        Failure::new(
            Code::NicUnknown,
            format!("NIC {nic} of pod {pod}"),
            format!("one of {}", names.join(", ")),
            "no NIC of that name",
            "name one of the pod's nics",
        )
    })
}
