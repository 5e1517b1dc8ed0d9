//! The agent's side of a pod's sandbox process: starts it, leads it through the start of the pod, and ends it.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::channel::Channel;
use crate::fabric::plug::SandboxProcess;
use crate::failure::{Code, During, Failure, Outcome};
use crate::sandbox::message::{ContainerPlan, Report, SandboxPlan, Step};
use crate::sandbox::{descriptors, program};
use crate::spec::PodSpec;

const START_DEADLINE: Duration = Duration::from_secs(20);

/// The reading ends of one container's output.
pub struct Outputs {
    pub stdout: PipeReader,
    pub stderr: PipeReader,
}

pub struct Sandbox {
    child: Child,
    channel: Channel,
    pub handle: OwnedFd,
    subject: String,
}

impl Sandbox {
    /// Starts the process; its namespaces exist when this returns.
    ///
    /// The calling thread must outlive the sandbox: the kernel ends the sandbox with it.
    pub fn spawn(pod: &PodSpec) -> Outcome<(Self, Vec<Outputs>)> {
        let subject = format!("pod {}", pod.name);
        let (mut outputs, mut writers, mut containers) = (Vec::new(), Vec::new(), Vec::new());
        for spec in &pod.containers {
            let (stdout, to_stdout) = io::pipe().during(&subject, "open a pipe for its output")?;
            let (stderr, to_stderr) = io::pipe().during(&subject, "open a pipe for its output")?;
            outputs.push(Outputs { stdout, stderr });
            containers.push(ContainerPlan {
                spec: spec.clone(),
                stdout: to_stdout.as_raw_fd(),
                stderr: to_stderr.as_raw_fd(),
            });
            writers.extend([to_stdout, to_stderr]);
        }
        let plan = SandboxPlan {
            hostname: pod.hostname.clone().unwrap_or_else(|| pod.name.clone()),
            address: pod.eth0.address.ip,
            interfaces: interfaces(pod),
            devices: pod.devices.clone(),
            files: pod.files.clone(),
            links: pod.links.clone(),
            mounts: pod.mounts.clone(),
            containers,
        };
        let (channel, theirs) = Channel::pair().during(&subject, "open a channel")?;
        let child = command("sandbox", theirs, &writers).spawn().during(&subject, "start its sandbox")?;
        drop(writers);
        let handle = pid_handle(child.id()).during(&subject, "get a handle on its sandbox")?;
        let mut sandbox = Self { child, channel, handle, subject };
        sandbox.channel.set_patience(Some(START_DEADLINE)).during(&sandbox.subject, "set a deadline")?;
        sandbox.channel.send(&plan).during(&sandbox.subject, "hand over its plan")?;
        match sandbox.next()? {
            Report::Isolated => Ok((sandbox, outputs)),
            other => Err(sandbox.unexpected("isolated", &other)),
        }
    }

    pub fn process(&self) -> SandboxProcess<'_> {
        SandboxProcess { pid: self.child.id(), handle: self.handle.as_fd() }
    }

    /// Builds the containers and returns their processes, which wait for `start`.
    pub fn prepare(&mut self) -> Outcome<Vec<i32>> {
        self.channel.send(&Step::Prepare).during(&self.subject, "be prepared")?;
        match self.next()? {
            Report::Prepared { pids } => Ok(pids),
            other => Err(self.unexpected("prepared", &other)),
        }
    }

    pub fn start(&mut self) -> Outcome<()> {
        self.channel.send(&Step::Start).during(&self.subject, "be started")?;
        match self.next()? {
            Report::Started => self.channel.set_patience(None).during(&self.subject, "be waited for"),
            other => Err(self.unexpected("started", &other)),
        }
    }

    /// The next report of a started pod; `None` once the sandbox has ended.
    pub fn report(&mut self) -> Outcome<Option<Report>> {
        self.channel.receive().during(&self.subject, "report")
    }

    /// A handle whose shutdown makes the sandbox end.
    pub fn leash(&self) -> Outcome<UnixStream> {
        self.channel.sender().during(&self.subject, "be held")
    }

    fn next(&mut self) -> Outcome<Report> {
        match self.channel.receive() {
            Ok(Some(Report::Failed(failure))) => Err(failure),
            Ok(Some(report)) => Ok(report),
            Ok(None) => Err(Failure::new(
                Code::KernelRefused,
                &self.subject,
                "its sandbox to be alive",
                format!("{:?}", self.child.wait()),
                "check whether this machine is out of memory",
            )),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Failure::new(
                Code::StartDeadline,
                &self.subject,
                format!("to start within {START_DEADLINE:?}"),
                "no progress",
                "check whether this machine is overloaded",
            )),
            Err(error) => Err(error).during(&self.subject, "report"),
        }
    }

    fn unexpected(&self, expected: &str, found: &Report) -> Failure {
        let hint = "report this as a defect";
        Failure::new(Code::KernelRefused, &self.subject, expected, format!("{found:?}"), hint)
    }
}

impl Drop for Sandbox {
    /// Ends the sandbox, and with it every container of the pod.
    fn drop(&mut self) {
        // Both fail only if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn interfaces(pod: &PodSpec) -> Vec<String> {
    let nics = pod.nics.iter().map(|nic| nic.name.as_str().to_owned());
    std::iter::once("eth0".to_owned()).chain(nics).collect()
}

/// A command that runs this program in another role, with a channel as its standard input.
pub fn command(role: &str, channel: Channel, inherited: &[impl AsRawFd]) -> Command {
    let passed: Vec<_> = inherited.iter().map(AsRawFd::as_raw_fd).collect();
    let mut command = Command::new("/proc/self/exe");
    command.arg0("claimcheck-node").arg(role).env_clear().process_group(0);
    command.stdin(Stdio::from(channel.into_fd())).stdout(Stdio::null());
    let before_exec = move || {
        program::die_with_parent()?;
        passed.iter().try_for_each(|fd| descriptors::inherit(*fd))
    };
    // SAFETY: the closure makes system calls only and allocates nothing.
    unsafe { command.pre_exec(before_exec) };
    command
}

/// A handle (pidfd) that keeps referring to this process even after its number is reused.
pub fn pid_handle(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes numbers; the call returns a new descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(fd) {
        // SAFETY: new, and owned by nobody else.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}
