//! Namespaces: the fabric's own, and functions that run in the network namespace of a pod. All are anonymous: they
//! live as long as the processes in them and leave no file on the host.

use std::fs;
use std::os::fd::BorrowedFd;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{getegid, geteuid};
use serde::Serialize;

use crate::failure::{Code, During, Failure, Outcome};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Privilege {
    /// The agent is root and may create namespaces.
    Root,
    /// The agent has created a user namespace, in which its user is number 0.
    Userns,
}

/// Moves the process into a network namespace of its own. Call it before any other thread exists.
pub fn isolate() -> Outcome<Privilege> {
    let made = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    let direct = unshare(made);
    if direct.is_ok() {
        return Ok(Privilege::Root);
    }
    in_user_namespace(made).map(|()| Privilege::Userns).map_err(|cause| sandbox_unavailable(&cause.found))
}

/// The error where this machine does not permit pods, with the kernel settings that may be the cause.
pub fn sandbox_unavailable(cause: &str) -> Failure {
    Failure::new(
        Code::SandboxUnavailable,
        "this machine",
        "permission to create network, mount, pid and user namespaces",
        format!("{cause} (settings here: {})", limits()),
        "set CLAIMCHECK_RUNTIME=model to compute results from the link model without processes",
    )
}

fn in_user_namespace(made: CloneFlags) -> Outcome<()> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).during("user namespace", "make one")?;
    fs::write("/proc/self/setgroups", "deny").during("/proc/self/setgroups", "be written")?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1")).during("/proc/self/uid_map", "be written")?;
    fs::write("/proc/self/gid_map", format!("0 {group} 1")).during("/proc/self/gid_map", "be written")?;
    unshare(made).during("network and mount namespace", "make one")
}

/// The kernel settings that decide whether an ordinary user may create namespaces.
fn limits() -> String {
    let settings = [
        "user.max_user_namespaces",
        "kernel.unprivileged_userns_clone",
        "kernel.apparmor_restrict_unprivileged_userns",
    ];
    let read = |name: &str| {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        fs::read_to_string(path).ok().map(|value| format!("{name} = {}", value.trim()))
    };
    settings.into_iter().filter_map(read).collect::<Vec<_>>().join(", ")
}

/// Runs `work` in the network namespace of a process, on a thread of its own.
pub fn in_network_of<T: Send>(
    process: BorrowedFd<'_>,
    work: impl FnOnce() -> Outcome<T> + Send,
) -> Outcome<T> {
    let visit = move || {
        setns(process, CloneFlags::CLONE_NEWNET).during("network namespace of the pod", "be entered")?;
        work()
    };
    thread::scope(|scope| match scope.spawn(visit).join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Sets a value under `net` for the network namespace of the calling thread.
pub fn set_network(setting: &str, value: &str) -> Outcome<()> {
    let path = format!("/proc/sys/net/{setting}");
    match fs::write(&path, value) {
        // A kernel without IPv6 lacks the setting.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && setting.starts_with("ipv6/") => Ok(()),
        outcome => outcome.during(&path, &format!("be set to {value}")),
    }
}
