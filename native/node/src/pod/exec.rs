//! Runs one more program in a running container, with bounded output and a deadline.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Serialize;

use super::sandbox::command;
use crate::channel::Channel;
use crate::failure::{Code, During, Failure, Outcome};
use crate::request::Exec;
use crate::sandbox::message::{Ended, EnterPlan, EnterReport};
use std::os::fd::AsRawFd;

const LARGEST_OUTPUT_BYTES: usize = 1 << 20;

#[derive(Debug, Serialize)]
pub struct Executed {
    code: Option<i32>,
    signal: Option<String>,
    stdout: String,
    stderr: String,
    stdout_cut: bool,
    stderr_cut: bool,
}

/// Runs the program to its end; `container` is a handle on the container's pid 1.
pub fn exec(request: &Exec, container: &OwnedFd) -> Outcome<Executed> {
    let subject = format!("exec in {} of pod {}", request.container, request.pod);
    let deadline = Instant::now() + Duration::from_millis(request.timeout_ms);
    let (mut channel, theirs) = Channel::pair().during(&subject, "open a channel")?;
    let (stdout, to_stdout) = io::pipe().during(&subject, "open a pipe")?;
    let (stderr, to_stderr) = io::pipe().during(&subject, "open a pipe")?;
    let mut command = command("enter", theirs, &[container.as_raw_fd()]);
    command.stdout(to_stdout).stderr(to_stderr);
    let mut group = Group { process: command.spawn().during(&subject, "start")?, reaped: false };
    drop(command);
    let plan =
        EnterPlan { container: container.as_raw_fd(), argv: request.argv.clone(), env: request.env.clone() };
    channel.send(&plan).during(&subject, "hand over its plan")?;

    let mut stdout = Capture::new(stdout).during(&subject, "read its output")?;
    let mut stderr = Capture::new(stderr).during(&subject, "read its output")?;
    let finished = follow(&channel, &mut stdout, &mut stderr, deadline).during(&subject, "be followed")?;
    if !finished {
        return Err(Failure::new(
            Code::ExecDeadline,
            &subject,
            format!("{} to end within {} ms", request.argv.join(" "), request.timeout_ms),
            "still running; it was killed",
            "raise timeout_ms, or check what the program waits for",
        ));
    }
    let ended = match channel.receive().during(&subject, "hear how it ended")? {
        Some(EnterReport::Failed(failure)) => return Err(failure),
        Some(EnterReport::Ended(ended)) => ended,
        None => Ended::KILLED,
    };
    group.reap().during(&subject, "end")?;
    // Everything that the program wrote before its end is in the pipes by now.
    for capture in [&mut stdout, &mut stderr] {
        capture.drain().during(&subject, "read its output")?;
    }
    Ok(Executed {
        code: ended.code,
        signal: ended.signal_name(),
        stdout: stdout.text(),
        stderr: stderr.text(),
        stdout_cut: stdout.cut,
        stderr_cut: stderr.cut,
    })
}

/// Reads output until the channel is readable; false if the deadline came first.
fn follow(
    channel: &Channel,
    stdout: &mut Capture,
    stderr: &mut Capture,
    deadline: Instant,
) -> io::Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        let patience = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        let captures = [&mut *stdout, &mut *stderr].into_iter().filter(|capture| capture.open);
        let mut captures: Vec<_> = captures.collect();
        let mut watched = vec![PollFd::new(channel.as_fd(), PollFlags::POLLIN)];
        watched.extend(captures.iter().map(|capture| PollFd::new(capture.pipe.as_fd(), PollFlags::POLLIN)));
        match poll(&mut watched, patience) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ended = watched[0].any() == Some(true);
        for capture in &mut captures {
            capture.drain()?;
        }
        if ended {
            return Ok(true);
        }
    }
}

struct Capture {
    pipe: PipeReader,
    kept: Vec<u8>,
    open: bool,
    cut: bool,
}

impl Capture {
    fn new(pipe: PipeReader) -> io::Result<Self> {
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self { pipe, kept: Vec::new(), open: true, cut: false })
    }

    /// Reads what is available and keeps what fits the limit.
    fn drain(&mut self) -> io::Result<()> {
        let mut chunk = [0; 64 << 10];
        while self.open {
            match self.pipe.read(&mut chunk) {
                Ok(0) => self.open = false,
                Ok(length) => {
                    let room = LARGEST_OUTPUT_BYTES - self.kept.len();
                    self.cut |= length > room;
                    self.kept.extend_from_slice(&chunk[..length.min(room)]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}

/// The entering process and the program, as one process group. Dropping it kills whatever is still running.
struct Group {
    process: Child,
    reaped: bool,
}

impl Group {
    /// Waits for the entering process, which ends by itself after its report.
    fn reap(&mut self) -> io::Result<()> {
        self.process.wait()?;
        self.reaped = true;
        Ok(())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        // Not reaped yet, so the group's number is still its own. An error means that it has already ended.
        if let Ok(pid) = i32::try_from(self.process.id()) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
        let _ = self.process.wait();
    }
}
