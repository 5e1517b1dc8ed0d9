//! One container as its sandbox controls it: the process that is pid 1 inside, and the channel to it. It is prepared,
//! then started, then reports its end.

use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::message::{ContainerPlan, ContainerReport, Ended, SandboxPlan, Step};
use super::{descriptors, init};
use crate::channel::Channel;
use crate::failure::{Code, During, Failure, Outcome};
use std::os::fd::AsRawFd;

pub struct Container {
    pub name: String,
    pub pid: Pid,
    channel: Channel,
}

impl Container {
    /// Forks pid 1 of the container in a pid and mount namespace of its own. It begins to prepare at once.
    pub fn create(plan: &SandboxPlan, container: &ContainerPlan, at: usize) -> Outcome<Self> {
        let name = container.spec.name.clone();
        let (ours, theirs) = Channel::pair().during(&name, "open a channel")?;
        let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::SIGCHLD;
        // SAFETY: the sandbox has a single thread, so that its copy is whole: this is a fork. All
        // arguments but the flags are zero, which makes their order, different by machine, irrelevant.
        let pid = unsafe { libc::syscall(libc::SYS_clone, libc::c_long::from(flags), 0, 0, 0, 0) };
        match pid {
            0 => {
                drop(ours);
                let kept = [theirs.as_raw_fd(), container.stdout, container.stderr];
                let code = match descriptors::keep_only(&kept) {
                    Ok(()) => init::run(theirs, plan, container, at),
                    Err(_) => 1,
                };
                // SAFETY: ends this process without running the exit handlers of the sandbox's copy.
                unsafe { libc::_exit(code) }
            }
            pid if pid > 0 => {
                // The container must hold the only writing ends of its output.
                // SAFETY: the plan names each descriptor once, and this is where it is taken.
                drop(unsafe { descriptors::inherited(container.stdout) });
                // SAFETY: as above.
                drop(unsafe { descriptors::inherited(container.stderr) });
                let pid = i32::try_from(pid).unwrap_or(i32::MAX);
                Ok(Self { name, pid: Pid::from_raw(pid), channel: ours })
            }
            _ => Err(std::io::Error::last_os_error()).during(&name, "make its pid and mount namespace"),
        }
    }

    pub fn await_prepared(&mut self) -> Outcome<()> {
        match self.next()? {
            ContainerReport::Prepared => Ok(()),
            other => Err(self.unexpected("prepared", &other)),
        }
    }

    /// Runs the container's program; returns once its exec has succeeded or failed.
    pub fn start(&mut self) -> Outcome<()> {
        self.channel.send(&Step::Start).during(&self.name, "be started")?;
        match self.next()? {
            ContainerReport::Started => Ok(()),
            other => Err(self.unexpected("started", &other)),
        }
    }

    /// How the container ended. Called after its pid 1 was reaped.
    pub fn ended(&mut self) -> Ended {
        match self.channel.receive() {
            Ok(Some(ContainerReport::Ended(ended))) => ended,
            _ => Ended::KILLED,
        }
    }

    fn next(&mut self) -> Outcome<ContainerReport> {
        let report = self.channel.receive().during(&self.name, "report")?;
        match report {
            Some(ContainerReport::Failed(failure)) => Err(failure),
            Some(report) => Ok(report),
            None => {
                let status = waitpid(self.pid, None);
                Err(Failure::new(
                    Code::KernelRefused,
                    format!("container {}", self.name),
                    "to be alive until its program runs",
                    format!("{status:?}"),
                    "check whether this machine is out of memory",
                ))
            }
        }
    }

    fn unexpected(&self, expected: &str, found: &ContainerReport) -> Failure {
        Failure::new(
            Code::KernelRefused,
            format!("container {}", self.name),
            expected,
            format!("{found:?}"),
            "report this as a defect",
        )
    }
}

impl Ended {
    /// How a container ended that did not report it, since its pid 1 was killed.
    pub const KILLED: Self = Self { code: None, signal: Some(Signal::SIGKILL as i32) };
}
