//! Runs one program in a running container and reports how it ended. The plan arrives on standard input; the program
//! inherits this process's output.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use super::message::{Ended, EnterPlan, EnterReport};
use super::program::Program;
use super::{descriptors, program};
use crate::channel::Channel;
use crate::failure::{Code, During, Failure, Outcome};

const SUBJECT: &str = "exec";

/// Runs until the program has ended. The exit status is the process's.
pub fn run() -> i32 {
    let mut agent = match descriptors::take_standard_input() {
        Ok(socket) => Channel::from(socket),
        Err(_) => return 1,
    };
    let report = match enter(&mut agent) {
        Ok(ended) => EnterReport::Ended(ended),
        Err(failure) => EnterReport::Failed(failure),
    };
    match agent.send(&report) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn enter(agent: &mut Channel) -> Outcome<Ended> {
    let plan: EnterPlan = agent.receive().during(SUBJECT, "hear from the agent")?.ok_or_else(|| {
        Failure::new(Code::KernelRefused, SUBJECT, "a plan", "none", "report this as a defect")
    })?;
    // SAFETY: the plan names the descriptor once, and this is where it is taken.
    let container = unsafe { descriptors::inherited(plan.container) }.during(SUBJECT, "get its container")?;
    let program = Program::new(&plan.argv, &plan.env)?;
    setns(&container, CloneFlags::CLONE_NEWPID).during(SUBJECT, "enter the container's pid namespace")?;
    let child = start(&program, container)?;
    descriptors::silence().during(SUBJECT, "let go of its output")?;
    wait_for(child).during(SUBJECT, "wait for its program")
}

fn start(program: &Program, container: OwnedFd) -> Outcome<Pid> {
    let (mut failed, failing) = io::pipe().during(SUBJECT, "open a pipe")?;
    // SAFETY: this process has a single thread, so its copy is whole.
    match unsafe { fork() }.during(SUBJECT, "fork")? {
        ForkResult::Child => {
            drop(failed);
            let error = match join(&container) {
                Ok((stdout, stderr)) => program.replace_this_process(&stdout, &stderr),
                Err(error) => error,
            };
            program::give_up(error, failing)
        }
        ForkResult::Parent { child } => {
            drop((failing, container));
            let mut errno = [0; 4];
            match failed.read_exact(&mut errno) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(child),
                Err(error) => Err(error).during(SUBJECT, "start its program"),
                Ok(()) => Err(program.failed(SUBJECT, i32::from_ne_bytes(errno))),
            }
        }
    }
}

/// Moves this process into the container. Returns duplicates of its output, which belongs to the host.
fn join(container: &OwnedFd) -> io::Result<(OwnedFd, OwnedFd)> {
    program::die_with_parent()?;
    let stdout = nix::unistd::dup(io::stdout())?;
    let stderr = nix::unistd::dup(io::stderr())?;
    let shared = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    setns(container, shared)?;
    for copy in [&stdout, &stderr] {
        nix::fcntl::fcntl(copy, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    }
    debug_assert!(stdout.as_raw_fd() > 2);
    Ok((stdout, stderr))
}

fn wait_for(program: Pid) -> Result<Ended, Errno> {
    loop {
        match waitpid(program, None) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(Ended { code: Some(code), signal: None }),
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                return Ok(Ended { code: None, signal: Some(signal as i32) });
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
}
