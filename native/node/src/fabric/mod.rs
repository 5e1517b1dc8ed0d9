//! The switches of the rack: a bridge for each rail, one for the pod network, and a router between them, in the
//! agent's own network namespace.

pub mod counters;
pub mod cut;
pub mod link;
pub mod netlink;
mod packet;
pub mod plug;
pub mod port;
mod route;
mod shaping;
mod wire;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

use crate::address::Cidr;
use crate::failure::{Code, During, Failure, Outcome};
use crate::namespace::set_network;
use crate::spec::{FabricSpec, ShapeSpec};
use netlink::Netlink;

pub struct Network {
    pub subnet: Cidr,
    pub bridge: u32,
}

pub struct Fabric {
    rails: BTreeMap<u16, Network>,
    pub pods: Network,
    pub pods_shape: Option<ShapeSpec>,
}

impl Fabric {
    /// Fails if two networks of the fabric overlap. Nothing is created yet.
    pub fn check(spec: &FabricSpec) -> Outcome<()> {
        disjoint(spec)
    }

    /// Builds the switches in the network namespace of the calling thread.
    pub fn build(spec: &FabricSpec) -> Outcome<Self> {
        // Forwards between all networks, but answers ARP for an address only on its own network.
        for (setting, value) in [
            ("ipv6/conf/all/disable_ipv6", "1"),
            ("ipv6/conf/default/disable_ipv6", "1"),
            ("ipv4/conf/all/rp_filter", "0"),
            ("ipv4/conf/default/rp_filter", "0"),
            ("ipv4/conf/all/arp_ignore", "1"),
            ("ipv4/conf/all/send_redirects", "0"),
            ("ipv4/conf/default/send_redirects", "0"),
            ("ipv4/ip_forward", "1"),
        ] {
            set_network(setting, value)?;
        }
        let mut netlink = Netlink::open().during("fabric", "open a netlink socket")?;
        let mut network = |name: &str, subnet: Cidr| -> Outcome<Network> {
            let bridge = link::add_bridge(&mut netlink, name).during(name, "make this bridge")?;
            let gateway = Cidr { ip: subnet.gateway(), ..subnet };
            link::add_address(&mut netlink, bridge, gateway).during(name, &format!("get {gateway}"))?;
            link::set_up(&mut netlink, bridge, true).during(name, "come up")?;
            Ok(Network { subnet, bridge })
        };
        let mut rails = BTreeMap::new();
        for rail in &spec.rails {
            rails.insert(rail.rail, network(&format!("rail{}", rail.rail), rail.subnet)?);
        }
        let pods = network("pods", spec.pod_network.subnet)?;
        Ok(Self { rails, pods, pods_shape: spec.pod_network.rate_bits.map(ten_milliseconds_at) })
    }

    pub fn rail(&self, rail: u16) -> Option<&Network> {
        self.rails.get(&rail)
    }

    pub fn rails(&self) -> impl Iterator<Item = u16> {
        self.rails.keys().copied()
    }
}

/// A token bucket with a burst of 10 ms of the rate, and at least one packet of the largest size.
fn ten_milliseconds_at(rate_bits: NonZeroU64) -> ShapeSpec {
    const LARGEST_PACKET_BYTES: u64 = 128 << 10;
    let burst = (rate_bits.get() / 8 / 100).max(LARGEST_PACKET_BYTES);
    let burst_bytes = u32::try_from(burst).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
    ShapeSpec { rate_bits, burst_bytes }
}

fn disjoint(spec: &FabricSpec) -> Outcome<()> {
    let rails = spec.rails.iter().map(|rail| (format!("rail {}", rail.rail), rail.subnet));
    let networks: Vec<_> = rails.chain([("the pod network".to_owned(), spec.pod_network.subnet)]).collect();
    for (at, (name, subnet)) in networks.iter().enumerate() {
        for (other, taken) in &networks[..at] {
            if name == other || subnet.overlaps(*taken) {
                return Err(Failure::new(
                    Code::BadAddress,
                    name,
                    "a rail number and a subnet that nothing else of the fabric has",
                    format!("{subnet}, where {other} has {taken}"),
                    "give every rail and the pod network a subnet of its own",
                ));
            }
        }
    }
    Ok(())
}
