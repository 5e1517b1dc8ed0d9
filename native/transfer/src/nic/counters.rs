//! Byte counters of the interfaces of this process's network namespace and of the RDMA devices, read before and after
//! a run. An RDMA device has the first of several sources that it offers to this process.

use super::{
    Kind, RDMA_CLASS, claimed, ethtool_statistics, interface_names, port_performance, rdma_statistics,
};
use crate::error::{Failure, Outcome};
use crate::sysfs;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The port counters count words of 4 bytes.
const PORT_COUNTER_UNIT: u64 = 4;

/// One reading of one NIC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    pub name: String,
    pub kind: Kind,
    pub source: Source,
    pub tx_bytes: u64,
    pub rx_bytes: u64,
}

/// Where a reading comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// /proc/net/dev
    Interface,
    /// The port counters of sysfs.
    PortCounters,
    /// The port counters of the node's sysfs, which the pod mounts.
    HostPortCounters,
    /// The RDMA statistics by netlink.
    RdmaStatistics,
    /// RDMA bytes among ethtool's statistics of the device's interface.
    EthtoolStatistics,
    /// The performance counters that an InfiniBand port answers to a MAD.
    PerformanceMad,
}

impl Source {
    /// Bytes of one step of a counter that may be as narrow as 32 bits; none for counters of 64 bits.
    fn narrow_unit(self) -> Option<u64> {
        match self {
            Source::Interface => Some(1),
            Source::PortCounters | Source::HostPortCounters => Some(PORT_COUNTER_UNIT),
            Source::RdmaStatistics | Source::EthtoolStatistics | Source::PerformanceMad => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Named by `--nics`.
    Claimed,
    Other,
}

/// Two readings of one NIC, as they stand in RESULT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    pub name: String,
    pub kind: Kind,
    pub role: Role,
    pub source: Source,
    pub tx_bytes_before: u64,
    pub tx_bytes_after: u64,
    pub rx_bytes_before: u64,
    pub rx_bytes_after: u64,
}

/// Reads every interface but lo, and the RDMA devices that can be counted, by name: every one with port counters, and of
/// the others those that this process may open, since the traffic of the rest is that of other pods. `host_sysfs` is
/// where the node's sysfs is mounted.
pub fn read(host_sysfs: Option<&Path>) -> Outcome<Vec<Counted>> {
    let mut all = interface_bytes()?;
    let class = Path::new(RDMA_CLASS);
    let openable = claimed::rdma_devices();
    let interfaces = interface_names();
    let host_class = host_sysfs.map(|root| root.join("class/infiniband"));
    all.extend(sysfs::names(class).into_iter().filter_map(|name| {
        let own = |bytes: (u64, u64), source| counted(&name, source, bytes);
        if let Some(bytes) = port_bytes(class, &name) {
            return Some(own(bytes, Source::PortCounters));
        }
        if !openable.contains(&name) {
            return None;
        }
        let of_host = || Some(own(port_bytes(host_class.as_ref()?, &name)?, Source::HostPortCounters));
        let by_netlink = || Some(own(rdma_statistics::bytes(&name)?, Source::RdmaStatistics));
        let by_ethtool = || Some(own(ethtool_bytes(class, &name, &interfaces)?, Source::EthtoolStatistics));
        let by_mad = || Some(own(port_performance::bytes(&name)?, Source::PerformanceMad));
        of_host().or_else(by_netlink).or_else(by_ethtool).or_else(by_mad)
    }));
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

/// Pairs the readings before and after. A NIC is left out if it is missing from one of them, was counted from another
/// source, or was reset in between.
pub fn traffic(before: &[Counted], after: &[Counted], is_claimed: impl Fn(&Counted) -> bool) -> Vec<Traffic> {
    let joined = before.iter().filter_map(|before| {
        let is_same = |after: &&Counted| {
            after.name == before.name && after.kind == before.kind && after.source == before.source
        };
        let after = after.iter().find(is_same)?;
        let end = |first: u64, last: u64| match before.source.narrow_unit() {
            Some(unit) => unwrapped(first, last, unit),
            None => (last >= first).then_some(last),
        };
        Some(Traffic {
            name: before.name.clone(),
            kind: before.kind,
            source: before.source,
            role: if is_claimed(before) { Role::Claimed } else { Role::Other },
            tx_bytes_before: before.tx_bytes,
            tx_bytes_after: end(before.tx_bytes, after.tx_bytes)?,
            rx_bytes_before: before.rx_bytes,
            rx_bytes_after: end(before.rx_bytes, after.rx_bytes)?,
        })
    });
    joined.collect()
}

/// The second reading of a counter that counts in steps of `unit` and may have wrapped once at 32 bits in between; none
/// where it was higher than that before, and so was reset.
pub fn unwrapped(before: u64, after: u64, unit: u64) -> Option<u64> {
    let range = (1u64 << 32) * unit;
    match after {
        _ if after >= before => Some(after),
        _ if before < range => Some(after + range),
        _ => None,
    }
}

/// Reads /proc/net/dev, which belongs to this network namespace; sysfs may show another's.
pub fn interface_bytes() -> Outcome<Vec<Counted>> {
    let text = std::fs::read_to_string("/proc/net/dev")
        .map_err(|error| Failure::system_call("read", "/proc/net/dev", error))?;
    Ok(text.lines().skip(2).filter_map(interface_line).filter(|counted| counted.name != "lo").collect())
}

fn interface_line(line: &str) -> Option<Counted> {
    let (name, numbers) = line.split_once(':')?;
    let numbers: Vec<u64> = numbers.split_whitespace().map_while(|number| number.parse().ok()).collect();
    Some(Counted {
        name: name.trim().to_owned(),
        kind: Kind::Interface,
        source: Source::Interface,
        rx_bytes: *numbers.first()?,
        tx_bytes: *numbers.get(8)?,
    })
}

/// Bytes sent and received, as sums over a device's ports.
fn port_bytes(class: &Path, name: &str) -> Option<(u64, u64)> {
    let ports = class.join(name).join("ports");
    let of_port = |port: String| {
        let counters = ports.join(port).join("counters");
        let bytes =
            |file: &str| Some(sysfs::number::<u64>(&counters.join(file))?.wrapping_mul(PORT_COUNTER_UNIT));
        Some((bytes("port_xmit_data")?, bytes("port_rcv_data")?))
    };
    let each = sysfs::names(&ports).into_iter().filter_map(of_port);
    each.reduce(|sum, one| (sum.0.wrapping_add(one.0), sum.1.wrapping_add(one.1)))
}

/// From the interfaces of a device's GIDs and PCI function that are in this network namespace.
fn ethtool_bytes(class: &Path, name: &str, interfaces: &[String]) -> Option<(u64, u64)> {
    let device = class.join(name);
    let ndevs = device.join("ports/1/gid_attrs/ndevs");
    let of_gids = sysfs::names(&ndevs).into_iter().filter_map(|gid| sysfs::value(&ndevs.join(gid)));
    let mut own = of_gids.chain(sysfs::names(&device.join("device/net")));
    let interface = own.find(|name| interfaces.contains(name))?;
    ethtool_statistics::rdma_bytes(&interface)
}

fn counted(name: &str, source: Source, (tx_bytes, rx_bytes): (u64, u64)) -> Counted {
    Counted { name: name.to_owned(), kind: Kind::Rdma, source, tx_bytes, rx_bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_line_reads_both_directions() {
        let line = "  nic0: 11 2 0 0 0 0 0 0 99 4 0 0 0 0 0 0";
        let counted = interface_line(line).unwrap();
        assert_eq!((counted.name.as_str(), counted.rx_bytes, counted.tx_bytes), ("nic0", 11, 99));
    }

    #[test]
    fn rdma_counters_are_words_of_four_bytes() {
        let class = std::env::temp_dir().join(format!("rdma-class-{}", std::process::id()));
        let counters = class.join("mlx5_0/ports/1/counters");
        std::fs::create_dir_all(&counters).unwrap();
        std::fs::write(counters.join("port_xmit_data"), "10\n").unwrap();
        std::fs::write(counters.join("port_rcv_data"), "3\n").unwrap();
        let bytes = port_bytes(&class, "mlx5_0").unwrap();
        std::fs::remove_dir_all(&class).unwrap();
        assert_eq!(bytes, (40, 12));
    }

    fn reading(source: Source, tx_bytes: u64) -> [Counted; 1] {
        [counted("mlx5_0", source, (tx_bytes, 0))]
    }

    #[test]
    fn a_counter_that_wrapped_at_32_bits_goes_on() {
        let sent = |source, before, after| {
            let all = traffic(&reading(source, before), &reading(source, after), |_| true);
            all.first().map(|one| one.tx_bytes_after - one.tx_bytes_before)
        };
        assert_eq!(sent(Source::Interface, (1 << 32) - 10, 5), Some(15));
        // 2^32 words of 4 bytes.
        assert_eq!(sent(Source::PortCounters, (1 << 34) - 400, 800), Some(1200));
        assert_eq!(sent(Source::PortCounters, 1 << 40, 800), None);
        assert_eq!(sent(Source::RdmaStatistics, 10, 5), None);
    }

    #[test]
    fn a_source_that_changed_counts_nothing() {
        let (before, after) = (reading(Source::PortCounters, 4), reading(Source::RdmaStatistics, 8));
        assert_eq!(traffic(&before, &after, |_| true), []);
    }
}
