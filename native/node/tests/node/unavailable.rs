//! Machines that do not allow pods: `open` fails with the cause and a hint.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};
use serde_json::json;

use crate::agent::{Agent, NOBODY, Pod, User, fabric, for_each_user};

/// Refuses `unshare` to the calling process and its children, as the default profile of container
/// runtimes does.
fn forbid_unshare() -> io::Result<()> {
    let step = |code: u32, jt: u8, k: u32| libc::sock_filter { code: code as u16, jt, jf: 0, k };
    let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    let program = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, libc::SYS_unshare as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
        step(libc::BPF_RET | libc::BPF_K, 0, refuse),
    ];
    let program = libc::sock_fprog { len: 4, filter: program.as_ptr().cast_mut() };
    // SAFETY: the filter lives until the call returns, which copies it.
    let outcome = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program)
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn before_exec(command: &mut Command, change: impl FnMut() -> io::Result<()> + Send + Sync + 'static) {
    // SAFETY: the changes make system calls only and allocate nothing.
    unsafe { command.pre_exec(change) };
}

/// Becomes an ordinary user in a mount namespace that `change` has changed.
fn in_changed_mounts(change: fn() -> nix::Result<()>) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    change()?;
    setgroups(&[])?;
    setgid(Gid::from_raw(NOBODY))?;
    Ok(setuid(Uid::from_raw(NOBODY))?)
}

#[test]
fn open_fails_without_namespaces_and_names_the_model_runtime() {
    for_each_user(|user| {
        let mut agent = Agent::spawn_with(user, |command| before_exec(command, forbid_unshare));
        let error = agent.refused("open", json!({ "fabric": fabric() }));
        assert_eq!(error["code"], "SANDBOX_UNAVAILABLE");
        assert!(error["found"].as_str().unwrap().contains("Operation not permitted"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("CLAIMCHECK_RUNTIME=model"), "{error}");
    });
}

/// What container runtimes do to /proc makes the kernel refuse a new one to an ordinary user.
#[test]
fn open_fails_where_proc_is_masked() {
    if !geteuid().is_root() {
        return;
    }
    let mask = || mount(Some("/dev/null"), "/proc/meminfo", None::<&str>, MsFlags::MS_BIND, None::<&str>);
    let masked = move || in_changed_mounts(mask);
    let mut agent = Agent::spawn_with(User::Root, |command| before_exec(command, masked));
    let error = agent.refused("open", json!({ "fabric": fabric() }));
    assert_eq!(error["code"], "SANDBOX_UNAVAILABLE");
    assert!(error["found"].as_str().unwrap().contains("/proc: expected to be mounted"), "{error}");
}

#[test]
fn without_a_sysfs_of_its_own_a_pod_has_plain_folders() {
    if !geteuid().is_root() {
        return;
    }
    let hidden = || in_changed_mounts(|| umount2("/sys", MntFlags::MNT_DETACH));
    let mut agent = Agent::spawn_with(User::Root, |command| before_exec(command, hidden));
    assert_eq!(agent.open()["privilege"], "userns");
    let files = json!([{ "path": "/sys/class/net/rdma0/device/numa_node", "content": "1\n" }]);
    agent.run(&Pod::new(1).nics(&[0, 1]).with("files", files));
    let seen = agent.shell("pod1", "ls /sys/class/net; cat /sys/class/net/rdma0/device/numa_node");
    assert_eq!(seen, "eth0\nlo\nrdma0\nrdma1\n1\n");
}
