//! Byte counters of the interfaces of this process's network namespace and of the RDMA devices, read before and after
//! a run.

use super::{Kind, RDMA_CLASS, claimed, rdma_statistics};
use crate::error::{Failure, Outcome};
use crate::sysfs;
use serde::{Deserialize, Serialize};
use std::path::Path;

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
    /// The RDMA statistics by netlink.
    RdmaStatistics,
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
/// the others those that this process may open, since the traffic of the rest is that of other pods.
pub fn read() -> Outcome<Vec<Counted>> {
    let mut all = interface_bytes()?;
    let class = Path::new(RDMA_CLASS);
    let openable = claimed::rdma_devices();
    all.extend(sysfs::names(class).into_iter().filter_map(|name| {
        let by_netlink = |name: String| openable.contains(&name).then(|| statistics_bytes(name)).flatten();
        port_bytes(class, &name).or_else(|| by_netlink(name))
    }));
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

/// Pairs the readings before and after. A NIC that is missing from one of them is left out.
pub fn traffic(before: &[Counted], after: &[Counted], is_claimed: impl Fn(&Counted) -> bool) -> Vec<Traffic> {
    let joined = before.iter().filter_map(|before| {
        let after = after.iter().find(|after| after.name == before.name && after.kind == before.kind)?;
        Some(Traffic {
            name: before.name.clone(),
            kind: before.kind,
            source: before.source,
            role: if is_claimed(before) { Role::Claimed } else { Role::Other },
            tx_bytes_before: before.tx_bytes,
            tx_bytes_after: after.tx_bytes,
            rx_bytes_before: before.rx_bytes,
            rx_bytes_after: after.rx_bytes,
        })
    });
    joined.collect()
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

/// The sum over a device's ports. The kernel counts in words of 4 bytes.
fn port_bytes(class: &Path, name: &str) -> Option<Counted> {
    let ports = class.join(name).join("ports");
    let mut sums: Option<(u64, u64)> = None;
    for port in sysfs::names(&ports) {
        let counters = ports.join(port).join("counters");
        let counter = |file: &str| -> Option<u64> { sysfs::value(&counters.join(file))?.parse().ok() };
        if let (Some(sent), Some(received)) = (counter("port_xmit_data"), counter("port_rcv_data")) {
            let (tx, rx) = sums.unwrap_or_default();
            sums = Some((tx.wrapping_add(sent.wrapping_mul(4)), rx.wrapping_add(received.wrapping_mul(4))));
        }
    }
    let (tx_bytes, rx_bytes) = sums?;
    let source = Source::PortCounters;
    Some(Counted { name: name.to_owned(), kind: Kind::Rdma, source, tx_bytes, rx_bytes })
}

fn statistics_bytes(name: String) -> Option<Counted> {
    let (tx_bytes, rx_bytes) = rdma_statistics::bytes(&name)?;
    Some(Counted { name, kind: Kind::Rdma, source: Source::RdmaStatistics, tx_bytes, rx_bytes })
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
        let counted = port_bytes(&class, "mlx5_0").unwrap();
        std::fs::remove_dir_all(&class).unwrap();
        assert_eq!((counted.tx_bytes, counted.rx_bytes), (40, 12));
    }
}
