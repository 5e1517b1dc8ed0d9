//! The cables of a pod: each interface is a veth pair between the pod's network namespace and the fabric. `unplug`
//! removes them all at once.

use std::os::fd::BorrowedFd;
use std::thread;
use std::time::{Duration, Instant};

use super::link::{self, Peer};
use super::netlink::Netlink;
use super::port::Port;
use super::route::{self, Hop, Table};
use super::wire::Wire;
use super::{Fabric, Network, shaping};
use crate::address::{Cidr, Mac};
use crate::failure::{Code, During, Failure, Outcome};
use crate::namespace::{in_network_of, set_network};
use crate::spec::{PodSpec, ShapeSpec, WireSpec};

const CARRIER_DEADLINE: Duration = Duration::from_secs(2);
const ROUTED_BY_FAULT: Table = Table(50);
const FIRST_NIC_TABLE: u32 = 100;
const FAULT_PREFERENCE: u32 = 500;
const FIRST_NIC_PREFERENCE: u32 = 1000;

/// The wanted state of one interface of a pod.
struct Cable<'a> {
    interface: &'a str,
    fabric_end: String,
    network: &'a Network,
    address: Cidr,
    mac: Option<Mac>,
    mtu: u16,
    tx: Option<ShapeSpec>,
    rx: Option<ShapeSpec>,
    wire: WireSpec,
}

/// A pod's sandbox process, by its number and by a handle, as different calls of the kernel need it.
#[derive(Clone, Copy)]
pub struct SandboxProcess<'a> {
    pub pid: u32,
    pub handle: BorrowedFd<'a>,
}

/// Attaches `eth0` and every NIC of the pod. `group` marks all interfaces of this pod.
pub fn plug(fabric: &Fabric, pod: &PodSpec, group: u32, sandbox: SandboxProcess<'_>) -> Outcome<Vec<Port>> {
    let cables = cables(fabric, pod, group)?;
    in_network_of(sandbox.handle, prepare_network)?;
    let mut netlink = Netlink::open().during(&pod.name, "open a netlink socket")?;
    let mut ports = Vec::with_capacity(cables.len());
    for cable in &cables {
        let subject = format!("{} of pod {}", cable.interface, pod.name);
        let port = lay(&mut netlink, cable, group, sandbox.pid).during(&subject, "be plugged in")?;
        ports.push(port);
    }
    in_network_of(sandbox.handle, || configure(pod, &cables))?;
    await_carrier(&mut netlink, &ports)?;
    Ok(ports)
}

/// Removes the pod's interfaces, including their ends inside it. Having none left is not an error.
pub fn unplug(group: u32) -> Outcome<()> {
    let subject = format!("interfaces of group {group}");
    let mut netlink = Netlink::open().during(&subject, "open a netlink socket")?;
    link::remove_group(&mut netlink, group).during(&subject, "be removed")
}

fn cables<'a>(fabric: &'a Fabric, pod: &'a PodSpec, group: u32) -> Outcome<Vec<Cable<'a>>> {
    let eth0 = Cable {
        interface: "eth0",
        fabric_end: format!("p{group}e"),
        network: &fabric.pods,
        address: pod.eth0.address,
        mac: pod.eth0.mac,
        mtu: 1500,
        tx: fabric.pods_shape,
        rx: fabric.pods_shape,
        wire: WireSpec::default(),
    };
    let mut cables = vec![eth0];
    for (at, nic) in pod.nics.iter().enumerate() {
        let network = fabric.rail(nic.rail).ok_or_else(|| no_rail(fabric, nic.name.as_str(), nic.rail))?;
        cables.push(Cable {
            interface: nic.name.as_str(),
            fabric_end: format!("p{group}n{at}"),
            network,
            address: nic.address,
            mac: nic.mac,
            mtu: nic.mtu,
            tx: nic.tx,
            rx: nic.rx,
            wire: nic.wire,
        });
    }
    Ok(cables)
}

fn no_rail(fabric: &Fabric, nic: &str, rail: u16) -> Failure {
    let rails: Vec<_> = fabric.rails().map(|rail| rail.to_string()).collect();
    Failure::new(
        Code::BadRequest,
        format!("rail of {nic}"),
        format!("one of the fabric's rails {}", rails.join(", ")),
        rail.to_string(),
        "name a rail of the open request",
    )
}

/// Settings that interfaces inherit when they are created.
fn prepare_network() -> Outcome<()> {
    for (setting, value) in [
        ("ipv6/conf/default/disable_ipv6", "1"),
        ("ipv4/conf/all/rp_filter", "0"),
        ("ipv4/conf/default/rp_filter", "0"),
        ("ipv4/conf/all/accept_redirects", "0"),
        // With several NICs in one subnet, each answers ARP for its own address only.
        ("ipv4/conf/all/arp_ignore", "1"),
        ("ipv4/conf/all/arp_announce", "2"),
        // TCP windows below the length of the fabric's queues, so that it is lossless, as RDMA fabrics are.
        ("ipv4/tcp_rmem", "4096 131072 2097152"),
        ("ipv4/tcp_wmem", "4096 131072 2097152"),
        ("ipv4/tcp_slow_start_after_idle", "0"),
    ] {
        set_network(setting, value)?;
    }
    Ok(())
}

fn lay(netlink: &mut Netlink, cable: &Cable<'_>, group: u32, sandbox: u32) -> std::io::Result<Port> {
    let peer = Peer { name: cable.interface, mac: cable.mac, namespace_of: Some(sandbox) };
    let index = link::add_veth(netlink, &cable.fabric_end, group, cable.mtu, &peer)?;
    if let Some(rx) = &cable.rx {
        shaping::shape(netlink, index, rx)?;
    }
    let wire = match cable.wire.touches_frames() {
        false => {
            link::attach(netlink, index, cable.network.bridge)?;
            None
        }
        true => Some(Wire::join(index, lay_extension(netlink, cable, group)?, &cable.wire)?),
    };
    link::set_up(netlink, index, true)?;
    Ok(Port {
        interface: cable.interface.to_owned(),
        fabric_end: cable.fabric_end.clone(),
        fabric_index: index,
        mtu: cable.mtu,
        cut_after_bytes: cable.wire.cut_after_bytes,
        wire,
    })
}

/// Creates a second veth pair between the wire and the bridge. Returns the wire's end.
fn lay_extension(netlink: &mut Netlink, cable: &Cable<'_>, group: u32) -> std::io::Result<u32> {
    let (near, far) = (format!("{}a", cable.fabric_end), format!("{}b", cable.fabric_end));
    let peer = Peer { name: &far, mac: None, namespace_of: None };
    let end = link::add_veth(netlink, &near, group, cable.mtu, &peer)?;
    let port = link::by_name(netlink, &far)?.index;
    link::attach(netlink, port, cable.network.bridge)?;
    link::set_up(netlink, port, true)?;
    link::set_up(netlink, end, true)?;
    Ok(end)
}

/// Sets addresses, rates and routes from within the pod's network namespace.
fn configure(pod: &PodSpec, cables: &[Cable<'_>]) -> Outcome<()> {
    let mut netlink = Netlink::open().during(&pod.name, "open a netlink socket")?;
    let netlink = &mut netlink;
    let loopback = link::by_name(netlink, "lo").during(&pod.name, "find lo")?;
    link::set_up(netlink, loopback.index, true).during(&pod.name, "bring lo up")?;
    for (at, cable) in (0u32..).zip(cables) {
        let subject = format!("{} of pod {}", cable.interface, pod.name);
        configure_one(netlink, at, cable).during(&subject, "be configured")?;
    }
    for fault in &pod.routes {
        let subject = format!("route to {} of pod {}", fault.to, pod.name);
        let Some(cable) = cables.iter().find(|cable| cable.interface == fault.dev.as_str()) else { continue };
        let device = link::by_name(netlink, cable.interface).during(&subject, "find its interface")?;
        let hop = Hop { interface: device.index, gateway: Some(cable.network.subnet.gateway()) };
        route::add(netlink, ROUTED_BY_FAULT, Some(fault.to), &hop).during(&subject, "be added")?;
    }
    if !pod.routes.is_empty() {
        route::add_rule(netlink, FAULT_PREFERENCE, None, ROUTED_BY_FAULT)
            .during(&pod.name, "put the extra routes first")?;
    }
    Ok(())
}

/// Cable 0 is `eth0` and gets the default route. Every NIC gets a routing table for its own source address.
fn configure_one(netlink: &mut Netlink, at: u32, cable: &Cable<'_>) -> std::io::Result<()> {
    let index = link::by_name(netlink, cable.interface)?.index;
    if let Some(tx) = &cable.tx {
        shaping::shape(netlink, index, tx)?;
    }
    link::add_address(netlink, index, cable.address)?;
    link::set_up(netlink, index, true)?;
    let by_gateway = Hop { interface: index, gateway: Some(cable.network.subnet.gateway()) };
    if at == 0 {
        return route::add(netlink, Table::MAIN, None, &by_gateway);
    }
    let table = Table(FIRST_NIC_TABLE + at);
    let direct = Hop { interface: index, gateway: None };
    route::add(netlink, table, Some(cable.network.subnet), &direct)?;
    route::add(netlink, table, None, &by_gateway)?;
    route::add_rule(netlink, FIRST_NIC_PREFERENCE + at, Some(cable.address.ip), table)
}

/// Waits for every carrier. A packet sent before the kernel has noticed it is lost, which costs a second.
fn await_carrier(netlink: &mut Netlink, ports: &[Port]) -> Outcome<()> {
    let deadline = Instant::now() + CARRIER_DEADLINE;
    for port in ports {
        while !link::by_index(netlink, port.fabric_index).during(&port.fabric_end, "be found")?.carrier {
            if Instant::now() > deadline {
                return Err(Failure::new(
                    Code::StartDeadline,
                    &port.interface,
                    format!("a carrier within {CARRIER_DEADLINE:?}"),
                    "no carrier",
                    "check whether this machine is overloaded",
                ));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}
