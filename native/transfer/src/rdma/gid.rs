//! The GIDs of a port, and the one that UCX uses by its default.

use crate::sysfs::{names, value};
use std::net::Ipv6Addr;
use std::path::Path;

/// Prefixes of the GID type and whether the GID maps an IPv4 address, in UCX's order of preference for RoCE
/// (uct_ib_device_select_gid in UCX's ib_device.c).
const PREFERENCE: [(&str, bool); 4] =
    [("RoCE v2", true), ("RoCE v2", false), ("IB/RoCE v1", true), ("IB/RoCE v1", false)];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gid {
    pub index: u32,
    pub address: Ipv6Addr,
    /// E.g. `RoCE v2`; for InfiniBand `IB/RoCE v1`.
    pub kind: String,
}

/// Those of a port's folder that are set, by index.
pub fn list(port: &Path) -> Vec<Gid> {
    let gid = |name: String| {
        let address: Ipv6Addr = value(&port.join("gids").join(&name))?.parse().ok()?;
        // Most of a table of a thousand entries are empty.
        (!address.is_unspecified()).then_some(())?;
        let kind = value(&port.join("gid_attrs/types").join(&name))?;
        Some(Gid { index: name.parse().ok()?, address, kind })
    };
    let mut all: Vec<Gid> = names(&port.join("gids")).into_iter().filter_map(gid).collect();
    all.sort_by_key(|gid| gid.index);
    all
}

/// The GID that UCX uses: the one of `UCX_IB_GID_INDEX` where `index` is that, else UCX's own choice.
pub fn in_use(gids: &[Gid], ethernet: bool, index: Option<u32>) -> Option<&Gid> {
    if let Some(index) = index {
        return gids.iter().find(|gid| gid.index == index);
    }
    if !ethernet {
        return gids.iter().find(|gid| gid.index == 0);
    }
    PREFERENCE.iter().find_map(|(kind, ipv4)| {
        gids.iter().find(|gid| gid.kind.starts_with(kind) && gid.address.to_ipv4_mapped().is_some() == *ipv4)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gid(index: u32, address: &str, kind: &str) -> Gid {
        Gid { index, address: address.parse().unwrap(), kind: kind.into() }
    }

    #[test]
    fn ucx_prefers_roce_v2_over_ipv4() {
        let gids = [
            gid(0, "fe80::1", "IB/RoCE v1"),
            gid(1, "fe80::1", "RoCE v2"),
            gid(2, "::ffff:10.0.0.1", "IB/RoCE v1"),
            gid(3, "::ffff:10.0.0.1", "RoCE v2"),
        ];
        assert_eq!(in_use(&gids, true, None).map(|gid| gid.index), Some(3));
        assert_eq!(in_use(&gids[..2], true, None).map(|gid| gid.index), Some(1));
        assert_eq!(in_use(&gids, true, Some(2)).map(|gid| gid.index), Some(2));
        assert_eq!(in_use(&gids, false, None).map(|gid| gid.index), Some(0));
        assert_eq!(in_use(&[], true, None), None);
    }
}
