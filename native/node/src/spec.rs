//! The specifications in requests: fabric, pods, their interfaces, devices and containers. Numbers have their unit in
//! the name; unknown keys are refused.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::address::{Cidr, InterfaceName, Mac};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FabricSpec {
    pub rails: Vec<RailSpec>,
    pub pod_network: PodNetworkSpec,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RailSpec {
    pub rail: u16,
    pub subnet: Cidr,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodNetworkSpec {
    pub subnet: Cidr,
    pub rate_bits: Option<NonZeroU64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodSpec {
    pub name: String,
    pub node: String,
    pub hostname: Option<String>,
    pub eth0: Eth0Spec,
    #[serde(default)]
    pub nics: Vec<NicSpec>,
    #[serde(default)]
    pub routes: Vec<RouteSpec>,
    #[serde(default)]
    pub devices: Vec<DeviceSpec>,
    #[serde(default)]
    pub files: Vec<FileSpec>,
    #[serde(default)]
    pub links: Vec<LinkSpec>,
    #[serde(default)]
    pub mounts: Vec<MountSpec>,
    pub containers: Vec<ContainerSpec>,
}

impl PodSpec {
    /// A pod with one interface and one container.
    pub fn smallest(subnet: Cidr) -> Self {
        let container =
            ContainerSpec { name: "main".into(), argv: vec!["true".into()], env: BTreeMap::new() };
        Self {
            name: "dry-run".into(),
            node: "none".into(),
            hostname: None,
            eth0: Eth0Spec { address: subnet.first_host(), mac: None },
            nics: vec![],
            routes: vec![],
            devices: vec![],
            files: vec![],
            links: vec![],
            mounts: vec![],
            containers: vec![container],
        }
    }

    /// The addresses of all its interfaces.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        std::iter::once(self.eth0.address.ip).chain(self.nics.iter().map(|nic| nic.address.ip))
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eth0Spec {
    pub address: Cidr,
    pub mac: Option<Mac>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NicSpec {
    pub name: InterfaceName,
    pub rail: u16,
    pub address: Cidr,
    pub mac: Option<Mac>,
    #[serde(default = "jumbo_mtu")]
    pub mtu: u16,
    pub tx: Option<ShapeSpec>,
    pub rx: Option<ShapeSpec>,
    #[serde(default)]
    pub wire: WireSpec,
}

fn jumbo_mtu() -> u16 {
    9000
}

/// A token bucket: bytes leave at `rate_bits` per second, `burst_bytes` of them at once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeSpec {
    pub rate_bits: NonZeroU64,
    pub burst_bytes: NonZeroU32,
}

/// The faults of a NIC's cable. All count the bytes of both directions.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireSpec {
    pub corrupt_every_bytes: Option<NonZeroU64>,
    pub lose_every_bytes: Option<NonZeroU64>,
    pub cut_after_bytes: Option<NonZeroU64>,
}

impl WireSpec {
    /// Whether the fault requires frames to pass through the agent.
    pub fn touches_frames(&self) -> bool {
        self.corrupt_every_bytes.is_some() || self.lose_every_bytes.is_some()
    }
}

/// A route that precedes all others: traffic to `to` leaves over `dev`, through that network's gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSpec {
    pub to: Cidr,
    pub dev: InterfaceName,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceSpec {
    pub path: PathBuf,
    pub opens: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    pub path: PathBuf,
    pub content: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSpec {
    pub path: PathBuf,
    pub to: PathBuf,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountSpec {
    pub source: PathBuf,
    pub target: PathBuf,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerSpec {
    pub name: String,
    pub argv: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}
