//! `--mode topo` on golden sysfs trees, and `--mode devices` in a real network namespace.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::Process;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A sysfs tree in a folder of its own, removed on drop.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, numa_nodes: u32) -> Self {
        let root = std::env::temp_dir().join(format!("sysfs-{name}-{}", std::process::id()));
        for node in 0..numa_nodes {
            let folder = root.join(format!("devices/system/node/node{node}"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("cpulist"), format!("{node}\n")).unwrap();
        }
        fs::create_dir_all(root.join("bus/pci/devices")).unwrap();
        Tree(root)
    }

    /// A device at `devices/path`; its address is the last part.
    fn device(&self, path: &str, class: &str, vendor: &str, numa_node: Option<i32>) -> PathBuf {
        let folder = self.0.join("devices").join(path);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("class"), format!("{class}\n")).unwrap();
        fs::write(folder.join("vendor"), format!("{vendor}\n")).unwrap();
        if let Some(node) = numa_node {
            fs::write(folder.join("numa_node"), format!("{node}\n")).unwrap();
        }
        let link = self.0.join("bus/pci/devices").join(Path::new(path).file_name().unwrap());
        symlink(&folder, link).unwrap();
        folder
    }

    fn gpu(&self, path: &str, numa_node: Option<i32>) {
        self.device(path, "0x030200", "0x10de", numa_node);
    }

    fn nic(&self, path: &str, numa_node: Option<i32>, interface: &str, rdma: &str) {
        let folder = self.device(path, "0x020700", "0x15b3", numa_node);
        fs::create_dir_all(folder.join("net").join(interface)).unwrap();
        fs::create_dir_all(folder.join("infiniband").join(rdma)).unwrap();
    }

    fn topo(&self) -> Value {
        let mut command = Command::new(common::BINARY);
        let finished = Process::start(command.args(["--mode", "topo", "--sysfs"]).arg(&self.0)).finish();
        finished.succeeded().tagged("TOPO")
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn distance<'a>(topo: &'a Value, gpu: &str, nic: &str) -> &'a Value {
    let pairs = topo["distances"].as_array().unwrap();
    &pairs.iter().find(|pair| pair["gpu"] == gpu && pair["nic"] == nic).unwrap()["distance"]
}

#[test]
fn devices_of_virtual_hosts_lie_by_numa_node() {
    let tree = Tree::new("virtual", 2);
    // Each device has a domain of its own, below the hypervisor's bus.
    tree.gpu("LNXSYSTM:00/VMBUS:01/guid/pci0001:00/0001:00:00.0", Some(0));
    tree.gpu("LNXSYSTM:00/VMBUS:01/guie/pci0009:00/0009:00:00.0", Some(1));
    tree.nic("LNXSYSTM:00/VMBUS:01/guif/pci0101:00/0101:00:00.0", Some(0), "ib0", "mlx5_0");
    let topo = tree.topo();
    assert_eq!(topo["gpus"][0]["pci_path"], json!(["pci0001:00", "0001:00:00.0"]));
    assert_eq!((&topo["gpus"][0]["source"], &topo["gpus"][1]["numa_node"]), (&json!("sysfs"), &json!(1)));
    assert_eq!(topo["nics"][0]["interfaces"], json!(["ib0"]));
    assert_eq!(topo["nics"][0]["rdma_device"], "mlx5_0");
    assert_eq!(distance(&topo, "0001:00:00.0", "0101:00:00.0"), "NODE");
    assert_eq!(distance(&topo, "0009:00:00.0", "0101:00:00.0"), "SYS");
    assert_eq!(topo["numa_nodes"], json!([{ "node": 0, "cpus": "0" }, { "node": 1, "cpus": "1" }]));
}

#[test]
fn bridges_decide_on_bare_metal() {
    let tree = Tree::new("metal", 2);
    let switch = "pci0000:15/0000:15:01.0/0000:16:00.0";
    tree.gpu(&format!("{switch}/0000:17:00.0/0000:18:00.0"), Some(0));
    tree.nic(&format!("{switch}/0000:17:01.0/0000:19:00.0"), Some(0), "eth1", "mlx5_0");
    tree.nic(
        &format!("{switch}/0000:17:02.0/0000:1a:00.0/0000:1b:00.0/0000:1c:00.0"),
        Some(0),
        "eth2",
        "mlx5_1",
    );
    tree.nic("pci0000:15/0000:15:02.0/0000:20:00.0", Some(0), "eth3", "mlx5_2");
    tree.nic("pci0000:80/0000:80:01.0/0000:81:00.0", Some(1), "eth4", "mlx5_3");
    let topo = tree.topo();
    let far = ["0000:19:00.0", "0000:1c:00.0", "0000:20:00.0", "0000:81:00.0"];
    let found: Vec<&Value> = far.iter().map(|nic| distance(&topo, "0000:18:00.0", nic)).collect();
    assert_eq!(found, ["PIX", "PXB", "PHB", "SYS"]);
}

#[test]
fn an_unknown_numa_node_is_null_and_no_guess() {
    let tree = Tree::new("unknown", 2);
    tree.gpu("pci0001:00/0001:00:00.0", Some(-1));
    tree.nic("pci0002:00/0002:00:00.0", None, "eth1", "mlx5_0");
    tree.device("pci0003:00/0003:00:00.0", "0x030000", "0x1a03", Some(0));
    let topo = tree.topo();
    assert_eq!(topo["gpus"].as_array().unwrap().len(), 1);
    assert_eq!((&topo["gpus"][0]["numa_node"], &topo["nics"][0]["numa_node"]), (&Value::Null, &Value::Null));
    assert_eq!(distance(&topo, "0001:00:00.0", "0002:00:00.0"), &Value::Null);
}

#[test]
fn devices_lists_the_interfaces_of_its_namespace() {
    let rack = common::rack::Rack::with_nics(1);
    let finished = rack.run(common::rack::Side::Target, &["--mode", "devices"]).finish();
    let devices = finished.succeeded().tagged("DEVICES");
    let interfaces = devices["interfaces"].as_array().unwrap();
    let names: Vec<&Value> = interfaces.iter().map(|interface| &interface["name"]).collect();
    assert_eq!(names, ["eth0", "lo", "nic0"]);
    let nic = &interfaces[2];
    assert_eq!(
        (&nic["ipv4"], &nic["up"], &nic["mtu"]),
        (&json!(["10.77.0.2/24"]), &json!(true), &json!(1500))
    );
    assert_eq!(nic["mac"].as_str().unwrap().len(), 17);
}
