//! The live part of a container's /sys: the pod's own interfaces under /sys/class/net. The rest of /sys consists of
//! the pod's `files` and `links`; the host's /sys is never visible.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::message::SandboxPlan;
use super::mounts::Tree;
use crate::failure::{During, Outcome};

const INTERFACES: &str = "sys/devices/virtual/net";
const SCRATCH: &str = ".sysfs";

/// Attaches the interfaces' part of a new sysfs below the current folder, the container's root. Where the kernel
/// refuses a sysfs, as in a container without one of its own, the interfaces are empty folders.
pub fn attach_interfaces(plan: &SandboxPlan) -> Outcome<()> {
    fs::create_dir_all(INTERFACES).during(INTERFACES, "be made")?;
    fs::create_dir_all("sys/class/net").during("sys/class/net", "be made")?;
    fs::create_dir(SCRATCH).during(SCRATCH, "be made")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY;
    match mount(Some("sysfs"), SCRATCH, Some("sysfs"), flags, None::<&str>) {
        Ok(()) => {
            let live = Tree::copy(&Path::new(SCRATCH).join("devices/virtual/net"))
                .during(INTERFACES, "be taken from sysfs")?;
            umount2(SCRATCH, MntFlags::MNT_DETACH).during(SCRATCH, "be unmounted")?;
            live.attach(Path::new(INTERFACES)).during(INTERFACES, "be mounted")?;
        }
        Err(_refused) => {
            for interface in &plan.interfaces {
                let folder = Path::new(INTERFACES).join(interface);
                fs::create_dir_all(&folder).during(interface, "get a folder in sysfs")?;
            }
        }
    }
    fs::remove_dir(SCRATCH).during(SCRATCH, "be removed")?;
    plan.interfaces.iter().map(String::as_str).chain(["lo"]).try_for_each(|interface| show(plan, interface))
}

/// Links /sys/class/net/<interface> to the live folder or, where the pod adds files to it, each of its entries.
fn show(plan: &SandboxPlan, interface: &str) -> Outcome<()> {
    let live = Path::new("../../devices/virtual/net").join(interface);
    let shown = Path::new("sys/class/net").join(interface);
    let added = Path::new("/").join(&shown);
    let files = plan.files.iter().map(|file| &file.path);
    let links = plan.links.iter().map(|link| &link.path);
    let own: Vec<&PathBuf> = files.chain(links).filter(|path| path.starts_with(&added)).collect();
    if own.is_empty() {
        return symlink(live, &shown).during(interface, "be shown in sysfs");
    }
    fs::create_dir(&shown).during(interface, "be shown in sysfs")?;
    let entries =
        fs::read_dir(Path::new(INTERFACES).join(interface)).during(interface, "be read in sysfs")?;
    for entry in entries {
        let name = entry.during(interface, "be read in sysfs")?.file_name();
        if own.iter().any(|path| path.starts_with(added.join(&name))) {
            continue;
        }
        symlink(Path::new("..").join(&live).join(&name), shown.join(&name))
            .during(interface, "be shown in sysfs")?;
    }
    Ok(())
}
