//! Pid 1 of a container: builds its root, runs its program, forwards signals and reaps orphans. It reports to the
//! sandbox how the program ended, which its own exit status could not.

use std::io::{self, Read};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use super::message::{ContainerPlan, ContainerReport, Ended, SandboxPlan, Step};
use super::program::Program;
use super::{descriptors, program, root};
use crate::channel::Channel;
use crate::failure::{During, Outcome};

/// Runs as pid 1 until the program has ended. The exit status is the process's.
pub fn run(mut sandbox: Channel, plan: &SandboxPlan, container: &ContainerPlan, at: usize) -> i32 {
    let report = match live(&mut sandbox, plan, container, at) {
        Ok(Some(ended)) => ContainerReport::Ended(ended),
        Ok(None) => return 1,
        Err(failure) => ContainerReport::Failed(failure),
    };
    match sandbox.send(&report) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

/// `None` if the sandbox ended before the start.
fn live(
    sandbox: &mut Channel,
    plan: &SandboxPlan,
    container: &ContainerPlan,
    at: usize,
) -> Outcome<Option<Ended>> {
    let name = format!("container {}", container.spec.name);
    program::die_with_parent().during(&name, "be bound to the life of its sandbox")?;
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None).during(&name, "block signals")?;
    root::build(plan, at)?;
    program::hide().during(&name, "hide its pid 1")?;
    sandbox.send(&ContainerReport::Prepared).during(&name, "report")?;
    let Some(Step::Start) = sandbox.receive().during(&name, "hear from its sandbox")? else {
        return Ok(None);
    };
    let child = start(&name, container)?;
    descriptors::silence().during(&name, "let go of its output")?;
    descriptors::keep_only(&[sandbox.as_raw_fd()]).during(&name, "let go of its output")?;
    sandbox.send(&ContainerReport::Started).during(&name, "report")?;
    attend(child).during(&name, "wait for its program").map(Some)
}

/// Forks the program. An exec that fails is reported through a pipe, which a successful exec closes.
fn start(name: &str, container: &ContainerPlan) -> Outcome<Pid> {
    let program = Program::new(&container.spec.argv, &container.spec.env)?;
    let (mut failed, failing) = io::pipe().during(name, "open a pipe")?;
    // SAFETY: the container's pid 1 has a single thread, so its copy is whole.
    match unsafe { fork() }.during(name, "fork")? {
        ForkResult::Child => {
            drop(failed);
            // SAFETY: this process is a fork that nothing else owns the descriptors of.
            let (stdout, stderr) = unsafe {
                (descriptors::inherited(container.stdout), descriptors::inherited(container.stderr))
            };
            let error = match (stdout, stderr) {
                (Ok(stdout), Ok(stderr)) => program.replace_this_process(&stdout, &stderr),
                (Err(error), _) | (_, Err(error)) => error,
            };
            program::give_up(error, failing)
        }
        ForkResult::Parent { child } => {
            drop(failing);
            let mut errno = [0; 4];
            match failed.read_exact(&mut errno) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(child),
                Err(error) => Err(error).during(name, "start its program"),
                Ok(()) => Err(program.failed(name, i32::from_ne_bytes(errno))),
            }
        }
    }
}

fn attend(program: Pid) -> Result<Ended, Errno> {
    let all: SigSet = Signal::iterator().collect();
    loop {
        match all.wait()? {
            Signal::SIGCHLD => {
                if let Some(ended) = reap(program)? {
                    return Ok(ended);
                }
            }
            signal => match kill(program, signal) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error),
            },
        }
    }
}

fn reap(program: Pid) -> Result<Option<Ended>, Errno> {
    loop {
        match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == program => {
                return Ok(Some(Ended { code: Some(code), signal: None }));
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == program => {
                return Ok(Some(Ended { code: None, signal: Some(signal as i32) }));
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(None),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
}
