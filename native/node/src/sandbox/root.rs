//! The root file system of a container: a tmpfs with the host's programs read-only, and the pod's own files. Nothing
//! else of the host is reachable once `build` has returned.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};

use super::message::SandboxPlan;
use super::mounts::{Attributes, Tree};
use super::{STAGING, sysfs};
use crate::failure::{Code, During, Failure, Outcome};

const PROGRAMS: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
const SETTINGS: [&str; 2] = ["/etc/ld.so.cache", "/etc/alternatives"];
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const READ_ONLY_PROC: [&str; 5] = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"];
const HOST: &str = ".host";

/// An entry of the container's file system: its path and its content.
struct Placed {
    path: PathBuf,
    what: What,
}

enum What {
    Tree(Tree),
    Symlink(PathBuf),
}

/// Builds the root of container number `at` and moves the calling process into it. The process must have a mount
/// namespace of its own.
pub fn build(plan: &SandboxPlan, at: usize) -> Outcome<()> {
    let placed = take_from_host(plan)?;
    let root = Path::new(STAGING).join(format!("root{at}"));
    fs::create_dir(&root).during("/", "be made")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("root"), &root, Some("tmpfs"), flags, Some("mode=0755")).during("/", "be mounted")?;
    chdir(&root).during("/", "be entered")?;
    fs::create_dir(HOST).during("/", "make room for the host")?;
    pivot_root(".", HOST).during("/", "become the root")?;
    chdir("/").during("/", "be entered")?;

    // In a user namespace the kernel permits these two mounts only while the host's own are visible.
    mount_proc()?;
    sysfs::attach_interfaces(plan)?;
    umount2(HOST, MntFlags::MNT_DETACH).during("the host's files", "be detached")?;
    fs::remove_dir(HOST).during("the host's files", "be detached")?;

    for Placed { path, what } in placed {
        place(&path, what).during(&path.display().to_string(), "be put into the container")?;
    }
    write_settings(plan)?;
    for file in &plan.files {
        let subject = file.path.display().to_string();
        parent_of(&file.path).during(&subject, "get a folder")?;
        fs::write(&file.path, &file.content).during(&subject, "be written in the container")?;
    }
    for link in &plan.links {
        place(&link.path, What::Symlink(link.to.clone()))
            .during(&link.path.display().to_string(), "be linked in the container")?;
    }
    Ok(())
}

fn take_from_host(plan: &SandboxPlan) -> Outcome<Vec<Placed>> {
    let mut placed = Vec::new();
    for path in PROGRAMS.into_iter().chain(SETTINGS).map(Path::new) {
        let Ok(found) = fs::symlink_metadata(path) else { continue };
        let what = match found.is_symlink() {
            true => What::Symlink(fs::read_link(path).during(&path.display().to_string(), "be read")?),
            false => What::Tree(take(path, Attributes::READ_ONLY)?),
        };
        placed.push(Placed { path: path.to_owned(), what });
    }
    for path in DEVICES.map(|name| Path::new("/dev").join(name)) {
        // A host that is itself a container may lack /dev/tty.
        if let Ok(tree) = Tree::copy(&path) {
            placed.push(Placed { path, what: What::Tree(tree) });
        }
    }
    for device in &plan.devices {
        let null = Tree::copy(Path::new("/dev/null")).during("/dev/null", "stand for a device")?;
        let tree = match device.opens {
            true => null,
            false => null.with(Attributes::CLOSED_DEVICE).during("/dev/null", "stand for a closed device")?,
        };
        placed.push(Placed { path: device.path.clone(), what: What::Tree(tree) });
    }
    let shared_memory = Tree::copy(&Path::new(STAGING).join("shm")).during("/dev/shm", "be shared")?;
    placed.push(Placed { path: "/dev/shm".into(), what: What::Tree(shared_memory) });
    for asked in &plan.mounts {
        let tree = take(&asked.source, Attributes::READ_ONLY)?;
        placed.push(Placed { path: asked.target.clone(), what: What::Tree(tree) });
    }
    Ok(placed)
}

fn take(source: &Path, attributes: Attributes) -> Outcome<Tree> {
    let subject = source.display().to_string();
    let tree = Tree::copy(source).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory => {
            Failure::new(
                Code::MountMissing,
                &subject,
                "a file or folder of this machine that the agent's user may read",
                error.to_string(),
                "set the source of the mount to an absolute path that exists",
            )
        }
        _ => Err::<(), _>(error).during(&subject, "be mounted").unwrap_err(),
    })?;
    tree.with(attributes).during(&subject, "become read-only")
}

fn mount_proc() -> Outcome<()> {
    fs::create_dir("/proc").during("/proc", "be made")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).during("/proc", "be mounted")?;
    for path in READ_ONLY_PROC.map(Path::new).into_iter().filter(|path| path.exists()) {
        let subject = path.display().to_string();
        let tree = Tree::copy(path).during(&subject, "be taken")?;
        let tree = tree.with(Attributes::READ_ONLY).during(&subject, "become read-only")?;
        tree.attach(path).during(&subject, "become read-only")?;
    }
    Ok(())
}

fn place(path: &Path, what: What) -> io::Result<()> {
    parent_of(path)?;
    match what {
        What::Symlink(to) => symlink(to, path),
        What::Tree(tree) => {
            if tree.is_folder()? {
                fs::create_dir_all(path)?;
            } else if !path.exists() {
                fs::write(path, "")?;
            }
            tree.attach(path)
        }
    }
}

fn parent_of(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))
}

fn write_settings(plan: &SandboxPlan) -> Outcome<()> {
    let open_to_all = Permissions::from_mode(0o1777);
    for folder in ["/tmp", "/var/tmp"] {
        fs::create_dir_all(folder).during(folder, "be made")?;
        fs::set_permissions(folder, open_to_all.clone()).during(folder, "be opened to all")?;
    }
    for folder in ["/root", "/run", "/etc"] {
        fs::create_dir_all(folder).during(folder, "be made")?;
    }
    for (link, to) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
        symlink(format!("/proc/self/fd{to}"), format!("/dev/{link}")).during("/dev", "be completed")?;
    }
    let SandboxPlan { hostname, address, .. } = plan;
    for (path, content) in [
        ("/etc/hostname", format!("{hostname}\n")),
        ("/etc/hosts", format!("127.0.0.1 localhost\n{address} {hostname}\n")),
        ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n".to_owned()),
        ("/etc/group", "root:x:0:\n".to_owned()),
        ("/etc/nsswitch.conf", "hosts: files\n".to_owned()),
    ] {
        fs::write(path, content).during(path, "be written")?;
    }
    Ok(())
}
