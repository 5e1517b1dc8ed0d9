//! Routes and rules of the calling thread's network namespace, one netlink request each.

use std::io;
use std::net::Ipv4Addr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::netlink::Netlink;
use crate::address::Cidr;

/// A routing table's number.
#[derive(Debug, Clone, Copy)]
pub struct Table(pub u32);

impl Table {
    pub const MAIN: Self = Self(254);
}

/// The next hop of a route: the link itself, or a gateway on it.
pub struct Hop {
    pub interface: u32,
    pub gateway: Option<Ipv4Addr>,
}

/// Adds a route to `to` (`None`: the default route) in `table`.
pub fn add(netlink: &mut Netlink, table: Table, to: Option<Cidr>, hop: &Hop) -> io::Result<()> {
    let mut message = RouteMessage::default();
    message.header.address_family = AddressFamily::Inet;
    message.header.protocol = RouteProtocol::Static;
    message.header.kind = RouteType::Unicast;
    message.header.destination_prefix_length = to.map_or(0, |to| to.prefix);
    message.header.scope = match hop.gateway {
        Some(_) => RouteScope::Universe,
        None => RouteScope::Link,
    };
    message.attributes = vec![RouteAttribute::Table(table.0), RouteAttribute::Oif(hop.interface)];
    message.attributes.extend(to.map(|to| RouteAttribute::Destination(RouteAddress::Inet(to.network()))));
    message.attributes.extend(hop.gateway.map(|via| RouteAttribute::Gateway(RouteAddress::Inet(via))));
    netlink.request(RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL)?;
    Ok(())
}

/// Adds a rule that looks up packets from `source` (`None`: all) in `table`. A lower `preference` is looked up first.
pub fn add_rule(
    netlink: &mut Netlink,
    preference: u32,
    source: Option<Ipv4Addr>,
    table: Table,
) -> io::Result<()> {
    let mut message = RuleMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.action = RuleAction::ToTable;
    message.header.src_len = if source.is_some() { 32 } else { 0 };
    message.attributes = vec![RuleAttribute::Priority(preference), RuleAttribute::Table(table.0)];
    message.attributes.extend(source.map(|source| RuleAttribute::Source(source.into())));
    netlink.request(RouteNetlinkMessage::NewRule(message), NLM_F_CREATE | NLM_F_EXCL)?;
    Ok(())
}
