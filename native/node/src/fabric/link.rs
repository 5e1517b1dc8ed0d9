//! Interfaces of the calling thread's network namespace: bridges, veth pairs, addresses and counters. Each function
//! is one netlink request.

use std::io;
use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    BridgeStpState, InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo,
    LinkMessage, State,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use serde::Serialize;

use super::netlink::Netlink;
use crate::address::{Cidr, Mac};

/// The MTU of the fabric's bridges, the largest possible, so that only the NICs' MTUs matter.
const BRIDGE_MTU: u32 = 65_535;

/// One interface as the kernel reports it. Counters are bytes and packets since it was created.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    #[serde(skip)]
    pub index: u32,
    pub name: String,
    pub carrier: bool,
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    pub rx_packets: u64,
    pub tx_packets: u64,
    pub rx_dropped: u64,
    pub tx_dropped: u64,
}

/// The other end of a veth pair.
pub struct Peer<'a> {
    pub name: &'a str,
    pub mac: Option<Mac>,
    /// A process whose network namespace it is created in; `None`: the current one.
    pub namespace_of: Option<u32>,
}

fn named(name: &str) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::IfName(name.to_owned()));
    message
}

fn indexed(index: u32) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message
}

fn create(netlink: &mut Netlink, message: LinkMessage) -> io::Result<()> {
    netlink.request(RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)?;
    Ok(())
}

fn change(netlink: &mut Netlink, message: LinkMessage) -> io::Result<()> {
    netlink.request(RouteNetlinkMessage::SetLink(message), 0)?;
    Ok(())
}

pub fn add_bridge(netlink: &mut Netlink, name: &str) -> io::Result<u32> {
    let mut bridge = named(name);
    bridge.attributes.push(LinkAttribute::Mtu(BRIDGE_MTU));
    bridge.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Bridge),
        LinkInfo::Data(InfoData::Bridge(vec![
            InfoBridge::StpState(BridgeStpState::Disabled),
            InfoBridge::MulticastSnooping(false),
        ])),
    ]));
    create(netlink, bridge)?;
    Ok(by_name(netlink, name)?.index)
}

/// Creates a veth pair: `name` in this namespace and in interface group `group`, and its peer as `peer` says.
pub fn add_veth(netlink: &mut Netlink, name: &str, group: u32, mtu: u16, peer: &Peer<'_>) -> io::Result<u32> {
    let mut far = named(peer.name);
    far.attributes.push(LinkAttribute::Mtu(mtu.into()));
    far.attributes.extend(peer.mac.map(|mac| LinkAttribute::Address(mac.0.to_vec())));
    match peer.namespace_of {
        Some(pid) => far.attributes.push(LinkAttribute::NetNsPid(pid)),
        None => far.attributes.push(LinkAttribute::Group(group)),
    }
    let mut near = named(name);
    near.attributes.push(LinkAttribute::Mtu(mtu.into()));
    near.attributes.push(LinkAttribute::Group(group));
    near.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Veth),
        LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(far))),
    ]));
    create(netlink, near)?;
    Ok(by_name(netlink, name)?.index)
}

pub fn attach(netlink: &mut Netlink, index: u32, bridge: u32) -> io::Result<()> {
    let mut message = indexed(index);
    message.attributes.push(LinkAttribute::Controller(bridge));
    change(netlink, message)
}

pub fn set_up(netlink: &mut Netlink, index: u32, up: bool) -> io::Result<()> {
    let mut message = indexed(index);
    message.header.change_mask = LinkFlags::Up;
    if up {
        message.header.flags = LinkFlags::Up;
    }
    change(netlink, message)
}

pub fn add_address(netlink: &mut Netlink, index: u32, address: Cidr) -> io::Result<()> {
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.prefix_len = address.prefix;
    message.header.index = index;
    message.attributes = vec![
        AddressAttribute::Local(IpAddr::V4(address.ip)),
        AddressAttribute::Address(IpAddr::V4(address.ip)),
        AddressAttribute::Broadcast(address.broadcast()),
    ];
    netlink.request(RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL)?;
    Ok(())
}

/// Removes every interface of the group at once. A group without interfaces is not an error.
pub fn remove_group(netlink: &mut Netlink, group: u32) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::Group(group));
    match netlink.request(RouteNetlinkMessage::DelLink(message), 0) {
        Err(error) if error.raw_os_error() != Some(libc::ENODEV) => Err(error),
        _ => Ok(()),
    }
}

pub fn by_name(netlink: &mut Netlink, name: &str) -> io::Result<Link> {
    one(netlink, named(name))
}

pub fn by_index(netlink: &mut Netlink, index: u32) -> io::Result<Link> {
    one(netlink, indexed(index))
}

fn one(netlink: &mut Netlink, message: LinkMessage) -> io::Result<Link> {
    let answers = netlink.request(RouteNetlinkMessage::GetLink(message), 0)?;
    answers.into_iter().find_map(read).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn read(answer: RouteNetlinkMessage) -> Option<Link> {
    let RouteNetlinkMessage::NewLink(message) = answer else { return None };
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        carrier: false,
        rx_bytes: 0,
        tx_bytes: 0,
        rx_packets: 0,
        tx_packets: 0,
        rx_dropped: 0,
        tx_dropped: 0,
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::OperState(state) => link.carrier = state == State::Up,
            LinkAttribute::Stats64(stats) => {
                (link.rx_bytes, link.tx_bytes) = (stats.rx_bytes, stats.tx_bytes);
                (link.rx_packets, link.tx_packets) = (stats.rx_packets, stats.tx_packets);
                (link.rx_dropped, link.tx_dropped) = (stats.rx_dropped, stats.tx_dropped);
            }
            _ => {}
        }
    }
    Some(link)
}
