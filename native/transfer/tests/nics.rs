//! What `--mode topo` and `--mode devices` read of NICs from golden sysfs trees: interfaces, RDMA devices, ports and
//! character devices.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::sysfs::Tree;
use serde_json::{Value, json};

const NIC: &str = "0x020000";
const MELLANOX: &str = "0x15b3";

/// The entry of a list with this name.
fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap()
}

#[test]
fn two_ports_of_one_function_are_told_apart() {
    let tree = Tree::new("ports", 1);
    let function = "pci0000:3a/0000:3a:01.0/0000:3b:00.0";
    tree.device(function, NIC, MELLANOX, Some(0));
    // Sorted by name, the second port comes first.
    tree.interface(function, "a1", &[("dev_port", "1"), ("mtu", "1500")]);
    tree.interface(function, "b0", &[("dev_port", "0"), ("mtu", "9000")]);
    let ethernet = [("link_layer", "Ethernet"), ("state", "4: ACTIVE"), ("phys_state", "5: LinkUp")];
    tree.rdma(function, "mlx4_0", &[&ethernet[..], &[("rate", "40 Gb/sec (4X QDR)")]].concat());
    let second = "devices/pci0000:3a/0000:3a:01.0/0000:3b:00.0/infiniband/mlx4_0/ports/2";
    tree.write(&format!("{second}/link_layer"), "Ethernet\n");
    let topo = tree.topo();
    assert_eq!(topo["nics"][0]["interfaces"], json!(["a1", "b0"]));
    assert_eq!(
        topo["rdma"][0]["ports"],
        json!([
            {
                "port": 1, "state": "4: ACTIVE", "phys_state": "5: LinkUp", "link_layer": "Ethernet",
                "rate": "40 Gb/sec (4X QDR)", "rate_gbps": 40.0, "active_mtu": 4096, "netdevs": ["b0"],
            },
            {
                "port": 2, "state": null, "phys_state": null, "link_layer": "Ethernet",
                "rate": null, "rate_gbps": null, "active_mtu": 1024, "netdevs": ["a1"],
            },
        ])
    );
}

#[test]
fn a_representor_is_no_port_of_the_function() {
    let tree = Tree::new("representor", 1);
    let function = "pci0000:3a/0000:3a:01.0/0000:3b:00.0";
    tree.device(function, NIC, MELLANOX, Some(0));
    let switch = ("phys_switch_id", "c0de");
    tree.interface(function, "enp0f0r3", &[("dev_port", "0"), ("phys_port_name", "pf0vf3"), switch]);
    tree.interface(function, "enp59s0", &[("dev_port", "0"), ("phys_port_name", "p0"), switch]);
    tree.rdma(function, "mlx5_0", &[("link_layer", "Ethernet")]);
    let topo = tree.topo();
    let (uplink, representor) =
        (named(&topo["interfaces"], "enp59s0"), named(&topo["interfaces"], "enp0f0r3"));
    assert_eq!((&uplink["representor"], &representor["representor"]), (&json!(false), &json!(true)));
    assert_eq!(uplink["phys_switch_id"], representor["phys_switch_id"]);
    assert_eq!(topo["rdma"][0]["ports"][0]["netdevs"], json!(["enp59s0"]));
}

#[test]
fn a_virtual_function_names_its_physical_function() {
    let tree = Tree::new("vf", 1);
    let physical = tree.device("pci0000:3a/0000:3a:01.0/0000:3b:00.0", NIC, MELLANOX, Some(0));
    let virtual_function = "pci0000:3a/0000:3a:01.0/0000:3b:00.1";
    let folder = tree.device(virtual_function, NIC, MELLANOX, Some(0));
    std::fs::write(physical.join("sriov_numvfs"), "1\n").unwrap();
    tree.link(&folder.join("physfn"), "../0000:3b:00.0");
    tree.link(&physical.join("virtfn0"), "../0000:3b:00.1");
    tree.interface(virtual_function, "enp59s0v0", &[]);
    let topo = tree.topo();
    assert_eq!(topo["nics"][0]["virtual_functions"], 1);
    assert_eq!(topo["nics"][1]["physical_function"], "0000:3b:00.0");
    assert_eq!(
        (&topo["nics"][0]["interfaces"], &topo["nics"][1]["interfaces"]),
        (&json!([]), &json!(["enp59s0v0"]))
    );
}

#[test]
fn each_kind_of_character_device_has_its_own_number() {
    let tree = Tree::new("char", 1);
    let (first, second) = ("pci0000:3a/0000:3b:00.0", "pci0000:5a/0000:5b:00.0");
    for (function, name) in [(first, "mlx5_0"), (second, "efa_0")] {
        tree.device(function, NIC, MELLANOX, Some(0));
        tree.rdma(function, name, &[]);
    }
    tree.char_device("infiniband_verbs", "uverbs1", "mlx5_0", "231:193");
    tree.char_device("infiniband_verbs", "uverbs0", "efa_0", "231:192");
    tree.char_device("infiniband_mad", "umad4", "mlx5_0", "231:4");
    tree.write("class/infiniband_mad/umad4/port", "1\n");
    tree.char_device("infiniband_mad", "issm4", "mlx5_0", "231:68");
    tree.char_device("infiniband_cm", "ucm1", "mlx5_0", "231:225");
    tree.write("class/infiniband_verbs/abi_version", "6\n");
    tree.write("class/misc/rdma_cm/dev", "10:58\n");
    for seen in [tree.topo(), tree.devices()] {
        let files = |name: &str| named(&seen["rdma"], name)["char_devices"].clone();
        assert_eq!(
            files("mlx5_0"),
            json!([
                { "kind": "uverbs", "path": "/dev/infiniband/uverbs1", "major": 231, "minor": 193, "port": null },
                { "kind": "issm", "path": "/dev/infiniband/issm4", "major": 231, "minor": 68, "port": null },
                { "kind": "umad", "path": "/dev/infiniband/umad4", "major": 231, "minor": 4, "port": 1 },
                { "kind": "ucm", "path": "/dev/infiniband/ucm1", "major": 231, "minor": 225, "port": null },
            ])
        );
        assert_eq!(files("efa_0").as_array().unwrap().len(), 1);
        assert_eq!(named(&seen["rdma"], "mlx5_0")["uverbs"], "uverbs1");
        assert_eq!(
            (&seen["rdma_cm"]["path"], &seen["rdma_cm"]["minor"]),
            (&json!("/dev/infiniband/rdma_cm"), &json!(58))
        );
    }
}

#[test]
fn software_rdma_belongs_to_the_function_of_its_interface() {
    let tree = Tree::new("rxe", 1);
    let function = "pci0000:00/0000:00:03.0";
    tree.device(function, NIC, "0x1af4", None);
    tree.interface(&format!("{function}/virtio2"), "eth0", &[("mtu", "1500")]);
    let port = [("link_layer", "Ethernet"), ("gid_attrs/ndevs/0", "eth0"), ("gid_attrs/ndevs/1", "eth0")];
    tree.rdma("virtual", "rxe0", &port);
    let topo = tree.topo();
    assert_eq!(
        (&topo["rdma"][0]["netdevs"], &topo["rdma"][0]["pci_address"]),
        (&json!(["eth0"]), &Value::Null)
    );
    assert_eq!(topo["rdma"][0]["ports"][0]["active_mtu"], 1024);
    assert_eq!(topo["nics"][0]["rdma_device"], "rxe0");
    assert_eq!(tree.devices()["rdma"][0]["netdevs"], json!(["eth0"]));
}

#[test]
fn tunnels_that_the_kernel_creates_are_marked() {
    let tree = Tree::new("tunnels", 1);
    let tunnels = [("tunl0", "768"), ("sit0", "776"), ("ip6tnl0", "769"), ("gre0", "778"), ("gretap0", "1")];
    for (name, hardware_type) in tunnels {
        tree.interface("virtual", name, &[("type", hardware_type)]);
    }
    tree.interface("virtual", "net1", &[("type", "1")]);
    let nic = "pci0000:3a/0000:3b:00.0";
    tree.device(nic, NIC, MELLANOX, Some(0));
    // A NIC that was renamed.
    tree.interface(nic, "erspan0", &[("type", "1")]);
    let topo = tree.topo();
    let interfaces = topo["interfaces"].as_array().unwrap();
    let marked = interfaces.iter().filter(|interface| interface["created_by_kernel"] == true);
    let marked: Vec<&Value> = marked.map(|interface| &interface["name"]).collect();
    assert_eq!(marked, ["gre0", "gretap0", "ip6tnl0", "sit0", "tunl0"]);
}
