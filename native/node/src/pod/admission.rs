//! Validates a pod before anything is created for it: names, addresses, paths and bursts. Pure; reports the first
//! error.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use crate::address::Cidr;
use crate::fabric::Fabric;
use crate::failure::{Code, Failure, Outcome};
use crate::spec::{PodSpec, ShapeSpec};

/// An Ethernet header and two VLAN tags on top of the MTU: the largest frame that a NIC sends.
const FRAME_OVERHEAD_BYTES: u32 = 22;

pub fn admit(fabric: &Fabric, pod: &PodSpec) -> Outcome<()> {
    word("pod.name", &pod.name)?;
    if let Some(hostname) = &pod.hostname {
        word("pod.hostname", hostname)?;
    }
    address("pod.eth0.address", fabric.pods.subnet, pod.eth0.address)?;
    let mut names = BTreeSet::from(["eth0"]);
    for (at, nic) in pod.nics.iter().enumerate() {
        let field = |name: &str| format!("pod.nics[{at}].{name}");
        unique(&field("name"), &mut names, nic.name.as_str())?;
        let Some(rail) = fabric.rail(nic.rail) else {
            let rails: Vec<_> = fabric.rails().map(|rail| rail.to_string()).collect();
            let expected = format!("one of the fabric's rails {}", rails.join(", "));
            return Err(bad(&field("rail"), expected, nic.rail.to_string()));
        };
        address(&field("address"), rail.subnet, nic.address)?;
        if !(576..=65_000).contains(&nic.mtu) {
            return Err(bad(&field("mtu"), "576 to 65000 bytes", nic.mtu.to_string()));
        }
        for (direction, shape) in [("tx", &nic.tx), ("rx", &nic.rx)] {
            burst(&field(direction), nic.mtu, shape.as_ref())?;
        }
    }
    for (at, route) in pod.routes.iter().enumerate() {
        if !names.contains(route.dev.as_str()) {
            let found = route.dev.as_str();
            return Err(bad(&format!("pod.routes[{at}].dev"), "eth0 or one of the pod's nics", found));
        }
    }
    containers(pod)?;
    paths(pod)
}

/// A token bucket must hold the largest frame of its NIC, or the frame could never pass.
pub fn burst(field: &str, mtu: u16, shape: Option<&ShapeSpec>) -> Outcome<()> {
    let frame = u32::from(mtu) + FRAME_OVERHEAD_BYTES;
    match shape {
        Some(shape) if shape.burst_bytes.get() < frame => Err(Failure::new(
            Code::BadRate,
            format!("{field}.burst_bytes"),
            format!("at least {frame} bytes, one frame at MTU {mtu}"),
            shape.burst_bytes.to_string(),
            "set it to about 10 ms of the rate",
        )),
        _ => Ok(()),
    }
}

fn containers(pod: &PodSpec) -> Outcome<()> {
    if pod.containers.is_empty() {
        return Err(bad("pod.containers", "at least one container", "none"));
    }
    let mut names = BTreeSet::new();
    for (at, container) in pod.containers.iter().enumerate() {
        let field = format!("pod.containers[{at}]");
        word(&format!("{field}.name"), &container.name)?;
        unique(&format!("{field}.name"), &mut names, &container.name)?;
        if container.argv.first().is_none_or(String::is_empty) {
            return Err(bad(&format!("{field}.argv"), "a program to run", "none"));
        }
    }
    Ok(())
}

fn paths(pod: &PodSpec) -> Outcome<()> {
    let devices = pod.devices.iter().map(|device| ("pod.devices", &device.path));
    let files = pod.files.iter().map(|file| ("pod.files", &file.path));
    let links = pod.links.iter().map(|link| ("pod.links", &link.path));
    let targets = pod.mounts.iter().map(|mount| ("pod.mounts", &mount.target));
    let sources = pod.mounts.iter().map(|mount| ("pod.mounts", &mount.source));
    for (field, path) in devices.chain(files).chain(links).chain(targets).chain(sources) {
        if !is_plain(path) {
            return Err(bad(field, "an absolute path without . or ..", path.display().to_string()));
        }
    }
    match pod.devices.iter().find(|device| !device.path.starts_with("/dev")) {
        Some(outside) => Err(bad("pod.devices", "a path under /dev", outside.path.display().to_string())),
        None => Ok(()),
    }
}

fn is_plain(path: &Path) -> bool {
    let mut parts = path.components();
    parts.next() == Some(Component::RootDir)
        && path.file_name().is_some()
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn address(field: &str, subnet: Cidr, address: Cidr) -> Outcome<()> {
    if subnet.offers(address) {
        return Ok(());
    }
    let expected = format!("a host of {subnet} other than its gateway {}", subnet.gateway());
    let hint = "take an address of the NIC's own rail, with the rail's prefix length";
    Err(Failure::new(Code::BadAddress, field, expected, address.to_string(), hint))
}

fn word(field: &str, text: &str) -> Outcome<()> {
    let fits = (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    match fits {
        true => Ok(()),
        false => Err(bad(field, "1 to 63 letters, digits, dots, dashes", format!("{text:?}"))),
    }
}

fn unique<'a>(field: &str, taken: &mut BTreeSet<&'a str>, name: &'a str) -> Outcome<()> {
    match taken.insert(name) {
        true => Ok(()),
        false => Err(bad(field, "a name of its own", format!("{name} twice"))),
    }
}

fn bad(field: &str, expected: impl Into<String>, found: impl Into<String>) -> Failure {
    Failure::new(Code::BadRequest, field, expected, found, "correct this field of the pod")
}
