//! Golden sysfs trees: each in a folder of its own, removed on drop.

use super::{BINARY, Process};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Tree(PathBuf);

impl Tree {
    /// A machine whose NUMA nodes have one CPU each.
    pub fn new(name: &str, numa_nodes: u32) -> Self {
        let tree = Tree(std::env::temp_dir().join(format!("sysfs-{name}-{}", std::process::id())));
        for node in 0..numa_nodes {
            tree.write(&format!("devices/system/node/node{node}/cpulist"), &format!("{node}\n"));
        }
        fs::create_dir_all(tree.0.join("bus/pci/devices")).unwrap();
        tree
    }

    /// Writes a file at a path below the root.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.0.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub fn link(&self, link: &Path, target: &str) {
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(target, link).unwrap();
    }

    /// A PCI function at `devices/path`; its address is the last part.
    pub fn device(&self, path: &str, class: &str, vendor: &str, numa_node: Option<i32>) -> PathBuf {
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

    pub fn gpu(&self, path: &str, numa_node: Option<i32>) -> PathBuf {
        self.device(path, "0x030200", "0x10de", numa_node)
    }

    /// A NIC with one interface and one RDMA device, in the function's own folders.
    pub fn nic(&self, path: &str, numa_node: Option<i32>, interface: &str, rdma: &str) -> PathBuf {
        let folder = self.device(path, "0x020700", "0x15b3", numa_node);
        fs::create_dir_all(folder.join("net").join(interface)).unwrap();
        fs::create_dir_all(folder.join("infiniband").join(rdma)).unwrap();
        folder
    }

    /// An interface in `devices/folder`, listed in class/net, with files such as `dev_port`.
    pub fn interface(&self, folder: &str, name: &str, files: &[(&str, &str)]) {
        let path = format!("devices/{folder}/net/{name}");
        fs::create_dir_all(self.0.join(&path)).unwrap();
        for (file, text) in files {
            self.write(&format!("{path}/{file}"), &format!("{text}\n"));
        }
        self.link(&self.0.join("class/net").join(name), &format!("../../{path}"));
    }

    /// An RDMA device in `devices/folder`, listed in class/infiniband, with one port. A function's address above it
    /// makes it hardware.
    pub fn rdma(&self, folder: &str, name: &str, port: &[(&str, &str)]) {
        let path = format!("devices/{folder}/infiniband/{name}");
        for (file, text) in port {
            self.write(&format!("{path}/ports/1/{file}"), &format!("{text}\n"));
        }
        self.link(&self.0.join("class/infiniband").join(name), &format!("../../{path}"));
    }

    /// A character device in its class, e.g. `infiniband_mad/umad3`.
    pub fn char_device(&self, class: &str, name: &str, rdma: &str, number: &str) {
        self.write(&format!("class/{class}/{name}/ibdev"), &format!("{rdma}\n"));
        self.write(&format!("class/{class}/{name}/dev"), &format!("{number}\n"));
    }

    pub fn topo(&self) -> Value {
        self.mode("topo").tagged("TOPO")
    }

    pub fn devices(&self) -> Value {
        self.mode("devices").tagged("DEVICES")
    }

    fn mode(&self, mode: &str) -> super::Finished {
        let mut command = Command::new(BINARY);
        let finished = Process::start(command.args(["--mode", mode, "--sysfs"]).arg(&self.0)).finish();
        finished.succeeded();
        finished
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}
