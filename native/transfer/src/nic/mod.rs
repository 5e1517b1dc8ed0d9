//! NICs by name, as interfaces or RDMA devices: found, dealt out to streams, watched and counted. Reads
//! /proc and /sys and asks the kernel; changes nothing.

pub mod claimed;
pub mod counters;
pub mod fallback_tunnel;
pub mod interfaces;
pub mod link;

use crate::error::{Failure, Outcome};
use crate::sysfs;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The RDMA devices; in the shared RDMA namespace mode every one of the host is there.
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
    /// Finds a NIC that this process can see; `mlx5_0:1` means the same as `mlx5_0`.
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

    /// The name by which UCX_NET_DEVICES knows it.
    pub fn ucx_name(&self) -> String {
        match self.kind {
            Kind::Interface => self.name.clone(),
            Kind::Rdma => format!("{}:1", self.name),
        }
    }
}

/// Finds all the NICs; a mix of interfaces and RDMA devices is refused, since no one transport has both.
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

/// Deals the NICs out: stream i gets nics i, i+S, i+2S...; with fewer NICs than streams, nic i mod N.
pub fn deal(nics: &[Nic], streams: usize) -> Vec<Vec<Nic>> {
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

    fn dealt(nics: usize, streams: usize) -> Vec<Vec<String>> {
        let nics: Vec<Nic> =
            (0..nics).map(|index| Nic { name: format!("n{index}"), kind: Kind::Interface }).collect();
        let names = |rails: Vec<Nic>| rails.into_iter().map(|nic| nic.name).collect();
        deal(&nics, streams).into_iter().map(names).collect()
    }

    #[test]
    fn each_stream_gets_its_nics() {
        assert_eq!(dealt(2, 2), [["n0"], ["n1"]]);
        assert_eq!(dealt(2, 3), [["n0"], ["n1"], ["n0"]]);
        assert_eq!(dealt(4, 2), [["n0", "n2"], ["n1", "n3"]]);
        assert_eq!(dealt(0, 2), [[""; 0], [""; 0]]);
    }
}
