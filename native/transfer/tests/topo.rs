//! `--mode topo` on golden sysfs trees: PCI paths, NUMA nodes and distances. `--mode devices` in a network namespace.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::sysfs::Tree;
use serde_json::{Value, json};

fn distance<'a>(topo: &'a Value, gpu: &str, nic: &str) -> &'a Value {
    let pairs = topo["distances"].as_array().unwrap();
    &pairs.iter().find(|pair| pair["gpu"] == gpu && pair["nic"] == nic).unwrap()["distance"]
}

#[test]
fn on_virtual_hosts_numa_nodes_decide_the_distance() {
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
    assert_eq!((&topo["numa_nodes"][0]["cpus"], &topo["numa_nodes"][1]["cpus"]), (&json!("0"), &json!("1")));
}

#[test]
fn on_bare_metal_bridges_decide_the_distance() {
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
fn an_unknown_numa_node_is_null() {
    let tree = Tree::new("unknown", 2);
    tree.gpu("pci0001:00/0001:00:00.0", Some(-1));
    tree.nic("pci0002:00/0002:00:00.0", None, "eth1", "mlx5_0");
    // The console's graphics controller is no GPU.
    tree.device("pci0003:00/0003:00:00.0", "0x030000", "0x1a03", Some(0));
    let topo = tree.topo();
    assert_eq!(topo["gpus"].as_array().unwrap().len(), 1);
    assert_eq!((&topo["gpus"][0]["numa_node"], &topo["nics"][0]["numa_node"]), (&Value::Null, &Value::Null));
    assert_eq!(distance(&topo, "0001:00:00.0", "0002:00:00.0"), &Value::Null);
}

#[test]
fn gpus_of_every_vendor_are_listed_without_their_libraries() {
    let tree = Tree::new("vendors", 1);
    tree.device("pci0000:60/0000:60:01.0/0000:61:00.0", "0x030200", "0x10de", Some(0));
    tree.device("pci0000:60/0000:60:02.0/0000:62:00.0", "0x120000", "0x1002", Some(0));
    tree.device("pci0000:60/0000:60:03.0/0000:63:00.0", "0x038000", "0x1002", Some(0));
    // An NVSwitch and a GPU's audio function.
    tree.device("pci0000:60/0000:60:04.0/0000:64:00.0", "0x068000", "0x10de", Some(0));
    tree.device("pci0000:60/0000:60:01.0/0000:61:00.1", "0x040300", "0x10de", Some(0));
    let topo = tree.topo();
    let gpus: Vec<&Value> = topo["gpus"].as_array().unwrap().iter().map(|gpu| &gpu["pci_address"]).collect();
    assert_eq!(gpus, ["0000:61:00.0", "0000:62:00.0", "0000:63:00.0"]);
}

#[test]
fn the_host_bridge_comes_from_the_path_and_not_from_the_bus() {
    let tree = Tree::new("bridge", 1);
    let folder = tree.gpu("pci0000:64/0000:64:01.0/0000:65:00.0", Some(0));
    tree.link(&folder.join("driver"), "../../../../bus/pci/drivers/vfio-pci");
    let topo = tree.topo();
    let gpu = &topo["gpus"][0];
    assert_eq!((&gpu["host_bridge"], &gpu["driver"]), (&json!("pci0000:64"), &json!("vfio-pci")));
    assert_eq!(gpu["pci_path"], json!(["pci0000:64", "0000:64:01.0", "0000:65:00.0"]));
}

#[test]
fn a_memory_node_without_cpus_is_marked() {
    let tree = Tree::new("memory", 2);
    tree.write("devices/system/node/node2/cpulist", "\n");
    tree.write("devices/system/node/node0/distance", "10 40 80\n");
    tree.write("devices/system/node/has_memory", "0-1\n");
    let topo = tree.topo();
    assert_eq!(
        topo["numa_nodes"],
        json!([
            { "node": 0, "cpus": "0", "has_cpus": true, "has_memory": true, "distances": [10, 40, 80] },
            { "node": 1, "cpus": "1", "has_cpus": true, "has_memory": true, "distances": [] },
            { "node": 2, "cpus": null, "has_cpus": false, "has_memory": false, "distances": [] },
        ])
    );
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
