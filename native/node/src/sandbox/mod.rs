//! The sandbox process of a pod: it owns the pod's network, ipc and uts namespaces and is the parent of its
//! containers. It communicates with the agent over its standard input and ends with the agent, as do its containers.

pub mod container;
pub mod descriptors;
pub mod enter;
mod init;
pub mod message;
mod mounts;
pub mod program;
mod root;
mod sysfs;

use std::fs;
use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, sethostname};

use crate::channel::Channel;
use crate::failure::{Code, During, Failure, Outcome};
use container::Container;
use message::{Report, SandboxPlan, Step};

/// Where the pod's tmpfs is mounted in the sandbox's mount namespace. Nothing is ever mounted from the host's /sys,
/// so it hides nothing that a pod may mount.
const STAGING: &str = "/sys";

/// Runs the sandbox until the agent closes the channel. Returns the process's exit status.
pub fn run() -> i32 {
    let mut agent = match descriptors::take_standard_input() {
        Ok(socket) => Channel::from(socket),
        Err(_) => return 1,
    };
    match keep(&mut agent) {
        Ok(()) => 0,
        Err(failure) => {
            // An error means that the agent has ended.
            let _ = agent.send(&Report::Failed(failure));
            1
        }
    }
}

fn keep(agent: &mut Channel) -> Outcome<()> {
    let plan: SandboxPlan = expect(agent)?;
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&children), None).during("sandbox", "block SIGCHLD")?;
    let deaths = SignalFd::with_flags(&children, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .during("sandbox", "watch its children")?;

    isolate(&plan.hostname)?;
    tell(agent, &Report::Isolated)?;

    let Step::Prepare = expect(agent)? else { return Err(out_of_step("prepare")) };
    let mut containers = Vec::new();
    for (at, container) in plan.containers.iter().enumerate() {
        containers.push(Container::create(&plan, container, at)?);
    }
    for container in &mut containers {
        container.await_prepared()?;
    }
    let pids = containers.iter().map(|container| container.pid.as_raw()).collect();
    tell(agent, &Report::Prepared { pids })?;

    let Step::Start = expect(agent)? else { return Err(out_of_step("start")) };
    for container in &mut containers {
        container.start()?;
    }
    tell(agent, &Report::Started)?;
    reap(agent, &deaths, &mut containers)
}

fn isolate(hostname: &str) -> Outcome<()> {
    let own = CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWNS;
    unshare(own).during("sandbox", "make its network, ipc, uts and mount namespaces")?;
    sethostname(hostname).during("sandbox", "set its host name")?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .during("/", "become private")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("pod"), STAGING, Some("tmpfs"), flags, Some("mode=0755"))
        .during("the pod's tmpfs", "be mounted")?;
    let shared_memory = Path::new(STAGING).join("shm");
    fs::create_dir(&shared_memory).during("/dev/shm", "be made")?;
    mount(Some("shm"), &shared_memory, Some("tmpfs"), flags, Some("mode=1777"))
        .during("/dev/shm", "be mounted")
}

/// Reports each container's end; returns when the agent closes the channel.
fn reap(agent: &mut Channel, deaths: &SignalFd, containers: &mut [Container]) -> Outcome<()> {
    loop {
        let ended = loop {
            match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => break None,
                Ok(status) => break Some(status),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error).during("sandbox", "reap its containers"),
            }
        };
        if let Some(container) =
            ended.and_then(|status| containers.iter_mut().find(|one| Some(one.pid) == status.pid()))
        {
            let ended = container.ended();
            tell(agent, &Report::Exited { container: container.name.clone(), ended })?;
            continue;
        }
        if ended.is_some() {
            continue;
        }
        let mut watched =
            [PollFd::new(agent.as_fd(), PollFlags::POLLIN), PollFd::new(deaths.as_fd(), PollFlags::POLLIN)];
        match poll(&mut watched, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error).during("sandbox", "wait for its containers"),
        }
        // After the start the agent sends nothing: readable means that the channel is closed.
        if watched[0].any() == Some(true) {
            return Ok(());
        }
        while let Ok(Some(_)) = deaths.read_signal() {}
    }
}

fn tell(agent: &mut Channel, report: &Report) -> Outcome<()> {
    agent.send(report).during("sandbox", "report to the agent")
}

fn expect<T: serde::de::DeserializeOwned>(agent: &mut Channel) -> Outcome<T> {
    agent.receive().during("sandbox", "hear from the agent")?.ok_or_else(|| out_of_step("a next step"))
}

fn out_of_step(expected: &str) -> Failure {
    Failure::new(Code::KernelRefused, "sandbox", expected, "another step or none", "report this as a defect")
}
