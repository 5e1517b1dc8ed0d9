//! The ports of a run's RDMA devices: state, rate, MTU and GID, and the counters of retransmissions, errors and
//! congestion, read before and after a run.

use super::event_counters::{EventKind, kind_of};
use super::interfaces::{self, Interface};
use super::{Kind, Nic, RDMA_CLASS, counters, rdma_statistics};
use crate::error::{Failure, Outcome};
use crate::rdma::gid;
use crate::rdma::port::{rate_gbps, roce_mtu};
use crate::sysfs::{names, number, value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// UCX's names are those of port 1 of each device, so are these.
const PORT: u32 = 1;

/// One reading of one port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortReading {
    pub device: String,
    pub port: PortState,
    /// Counters of events, by the driver's name.
    pub counters: BTreeMap<String, u64>,
}

impl PortReading {
    /// Every text, so that the length of each can be checked.
    pub fn texts(&self) -> impl Iterator<Item = &String> {
        let PortState { link_layer, state, gid, gid_type, .. } = &self.port;
        let of_port = [link_layer, state, gid, gid_type].into_iter().flatten();
        [&self.device].into_iter().chain(of_port).chain(self.counters.keys())
    }
}

/// What sysfs states of a port. Null: not stated.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortState {
    pub link_layer: Option<String>,
    /// E.g. `4: ACTIVE`.
    pub state: Option<String>,
    pub rate_gbps: Option<f64>,
    /// Bytes of payload in a packet: 256 to 4096.
    pub rdma_mtu: Option<u32>,
    /// The GID that UCX uses by its default or UCX_IB_GID_INDEX.
    pub gid: Option<String>,
    pub gid_index: Option<u32>,
    /// E.g. `RoCE v2`.
    pub gid_type: Option<String>,
}

/// Two readings of one port, as they stand in RESULT.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PortReport {
    pub device: String,
    #[serde(flatten)]
    pub port: PortState,
    pub counters: Vec<EventCounter>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventCounter {
    pub name: String,
    pub kind: EventKind,
    pub before: u64,
    pub after: u64,
}

/// The state of port 1 of each RDMA device among these NICs, by device. It takes many small reads, so read it once.
pub fn states(nics: &[Nic]) -> Outcome<Vec<(String, PortState)>> {
    let index = std::env::var("UCX_IB_GID_INDEX").ok().and_then(|index| index.parse().ok());
    let rdma = nics.iter().filter(|nic| nic.kind == Kind::Rdma);
    let interfaces = interfaces::list()?;
    Ok(rdma.map(|nic| (nic.name.clone(), state(&port_folder(&nic.name), &interfaces, index))).collect())
}

/// Fails with NIC_UNUSABLE for the first RoCE port without a GID that UCX can use.
pub fn check_addresses(states: &[(String, PortState)]) -> Outcome<()> {
    let lacks_address =
        |port: &PortState| port.link_layer.as_deref() == Some("Ethernet") && port.gid.is_none();
    match states.iter().find(|(_, port)| lacks_address(port)) {
        Some((device, _)) => Err(Failure::nic_unusable(
            format!("RDMA device {device}"),
            "a GID of its port for UCX",
            "none",
            "Give the NIC's interface an address, or correct UCX_IB_GID_INDEX.",
        )),
        None => Ok(()),
    }
}

/// Reads the counters of the ports.
pub fn read(states: &[(String, PortState)]) -> Vec<PortReading> {
    let reading = |(device, port): &(String, PortState)| PortReading {
        device: device.clone(),
        port: port.clone(),
        counters: events(device, &port_folder(device)),
    };
    states.iter().map(reading).collect()
}

fn port_folder(device: &str) -> PathBuf {
    Path::new(RDMA_CLASS).join(device).join("ports").join(PORT.to_string())
}

/// Pairs the readings before and after. A device or a counter that is missing from one of them is left out.
pub fn reports(before: &[PortReading], after: &[PortReading]) -> Vec<PortReport> {
    let report = |before: &PortReading| {
        let after = after.iter().find(|after| after.device == before.device)?;
        let counters = before.counters.iter().filter_map(|(name, first)| {
            let last = *after.counters.get(name)?;
            let after = counters::unwrapped(*first, last, 1)?;
            Some(EventCounter { name: name.clone(), kind: kind_of(name)?, before: *first, after })
        });
        Some(PortReport {
            device: before.device.clone(),
            port: after.port.clone(),
            counters: counters.collect(),
        })
    };
    before.iter().filter_map(report).collect()
}

fn state(port: &Path, interfaces: &[Interface], index: Option<u32>) -> PortState {
    let link_layer = value(&port.join("link_layer"));
    let ethernet = link_layer.as_deref() == Some("Ethernet");
    let gids = gid::list(port);
    let used = gid::in_use(&gids, ethernet, index);
    let interface = used.and_then(|gid| value(&port.join("gid_attrs/ndevs").join(gid.index.to_string())));
    let interface = interfaces.iter().find(|one| Some(&one.name) == interface.as_ref());
    let mtu = interface.and_then(|one| u32::try_from(one.mtu?).ok());
    PortState {
        state: value(&port.join("state")),
        rate_gbps: value(&port.join("rate")).as_deref().and_then(rate_gbps),
        rdma_mtu: mtu.filter(|_| ethernet).and_then(roce_mtu),
        gid: used.map(|gid| gid.address.to_string()),
        gid_index: used.map(|gid| gid.index),
        gid_type: used.map(|gid| gid.kind.clone()),
        link_layer,
    }
}

/// The event counters of sysfs and of the RDMA statistics by netlink, which a pod also has in the shared mode.
fn events(device: &str, folder: &Path) -> BTreeMap<String, u64> {
    let statistics = rdma_statistics::of_port(device, PORT).unwrap_or_default();
    let files = ["counters", "hw_counters"].map(|name| folder.join(name));
    let of_sysfs = files.iter().flat_map(|folder| {
        names(folder).into_iter().filter_map(|name| number(&folder.join(&name)).map(|count| (name, count)))
    });
    of_sysfs.chain(statistics).filter(|(name, _)| kind_of(name).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(counters: &[(&str, u64)]) -> PortReading {
        let counters = counters.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        PortReading { device: "mlx5_0".into(), port: PortState::default(), counters }
    }

    #[test]
    fn a_counter_of_32_bits_may_wrap() {
        let before = [reading(&[("packet_seq_err", u64::from(u32::MAX)), ("out_of_sequence", 3)])];
        let after = [reading(&[("packet_seq_err", 4), ("out_of_sequence", 3)])];
        let counters = &reports(&before, &after)[0].counters;
        let increases: Vec<(&str, u64)> =
            counters.iter().map(|counter| (counter.name.as_str(), counter.after - counter.before)).collect();
        assert_eq!(increases, [("out_of_sequence", 0), ("packet_seq_err", 5)]);
    }
}
