//! NICs by name, as interfaces or RDMA devices: how they are found, assigned to streams, monitored and counted.

pub mod claimed;
pub mod counters;
pub mod ethtool_statistics;
pub mod event_counters;
pub mod fallback_tunnel;
pub mod interfaces;
pub mod link;
pub mod locked_memory;
pub mod port_performance;
pub mod ports;
pub mod rdma_statistics;

use crate::error::{Failure, Outcome};
use crate::sysfs;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The RDMA devices; in the shared RDMA namespace mode, all of the host's.
pub const RDMA_CLASS: &str = "/sys/class/infiniband";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Interface,
    Rdma,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Nic {
    pub name: String,
    pub kind: Kind,
}

impl Nic {
    /// Finds a NIC that this process can see. `mlx5_0:1` is the same as `mlx5_0`.
    pub fn find(name: &str) -> Outcome<Self> {
        let interfaces = interface_names();
        if interfaces.iter().any(|interface| interface == name) {
            return Ok(Nic { name: name.to_owned(), kind: Kind::Interface });
        }
        let devices = sysfs::names(Path::new(RDMA_CLASS));
        let device = name.strip_suffix(":1").unwrap_or(name);
        if devices.iter().any(|there| there == device) {
            return Ok(Nic { name: device.to_owned(), kind: Kind::Rdma });
        }
        Err(Failure::nic_unknown(name, &[interfaces, devices].concat()))
    }

    /// Its name in UCX_NET_DEVICES.
    pub fn ucx_name(&self) -> String {
        match self.kind {
            Kind::Interface => self.name.clone(),
            Kind::Rdma => format!("{}:1", self.name),
        }
    }
}

/// Finds all the NICs. A mix of interfaces and RDMA devices is refused, since no transport can use both.
pub fn find_all(names: &[String]) -> Outcome<Vec<Nic>> {
    if names == ["claimed"] {
        return claimed::find();
    }
    let nics = names.iter().map(|name| Nic::find(name)).collect::<Outcome<Vec<_>>>()?;
    match nics.iter().find(|nic| nic.kind != nics[0].kind) {
        Some(other) => {
            let found = format!("{} and {}", nics[0].name, other.name);
            Err(Failure::bad_option("--nics", "only interfaces or only RDMA devices", found))
        }
        None => Ok(nics),
    }
}

/// Assigns N NICs to S streams: stream i gets NICs i, i+S, i+2S and so on, or NIC i mod N where N is less than S.
pub fn assign(nics: &[Nic], streams: usize) -> Vec<Vec<Nic>> {
    (0..streams)
        .map(|stream| match nics.len() {
            0 => Vec::new(),
            count if count < streams => vec![nics[stream % count].clone()],
            _ => nics.iter().skip(stream).step_by(streams).cloned().collect(),
        })
        .collect()
}

/// The interfaces of this network namespace, without lo, sorted.
pub fn interface_names() -> Vec<String> {
    let mut names: Vec<String> = counters::interface_bytes()
        .map(|all| all.into_iter().map(|counted| counted.name).collect())
        .unwrap_or_default();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(nics: usize, streams: usize) -> Vec<Vec<String>> {
        let nics: Vec<Nic> =
            (0..nics).map(|index| Nic { name: format!("n{index}"), kind: Kind::Interface }).collect();
        let names = |rails: Vec<Nic>| rails.into_iter().map(|nic| nic.name).collect();
        assign(&nics, streams).into_iter().map(names).collect()
    }

    #[test]
    fn each_stream_gets_its_nics() {
        assert_eq!(assigned(2, 2), [["n0"], ["n1"]]);
        assert_eq!(assigned(2, 3), [["n0"], ["n1"], ["n0"]]);
        assert_eq!(assigned(4, 2), [["n0", "n2"], ["n1", "n3"]]);
        assert_eq!(assigned(0, 2), [[""; 0], [""; 0]]);
    }
}
