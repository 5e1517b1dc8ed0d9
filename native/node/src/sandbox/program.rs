//! A program that is about to run in a container: arguments, environment and capabilities. It replaces the calling
//! process and keeps only what a pod with IPC_LOCK has.

use std::collections::BTreeMap;
use std::ffi::{CString, NulError};
use std::io::{self, PipeWriter, Write};
use std::os::fd::AsRawFd;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction, sigprocmask};
use nix::unistd::execve;

use super::descriptors;
use crate::failure::{Code, Failure, Outcome};

// linux/capability.h
const CAP_CHOWN: u32 = 0;
const CAP_DAC_OVERRIDE: u32 = 1;
const CAP_FOWNER: u32 = 3;
const CAP_FSETID: u32 = 4;
const CAP_KILL: u32 = 5;
const CAP_SETGID: u32 = 6;
const CAP_SETUID: u32 = 7;
const CAP_SETPCAP: u32 = 8;
const CAP_NET_BIND_SERVICE: u32 = 10;
const CAP_NET_RAW: u32 = 13;
const CAP_IPC_LOCK: u32 = 14;
const CAP_SYS_CHROOT: u32 = 18;
const CAP_AUDIT_WRITE: u32 = 29;
const CAP_SETFCAP: u32 = 31;
const LAST_POSSIBLE_CAP: u32 = 63;

/// The default capabilities of container runtimes, without MKNOD and with IPC_LOCK.
const KEPT: [u32; 14] = [
    CAP_CHOWN,
    CAP_DAC_OVERRIDE,
    CAP_FOWNER,
    CAP_FSETID,
    CAP_KILL,
    CAP_SETGID,
    CAP_SETUID,
    CAP_SETPCAP,
    CAP_NET_BIND_SERVICE,
    CAP_NET_RAW,
    CAP_IPC_LOCK,
    CAP_SYS_CHROOT,
    CAP_AUDIT_WRITE,
    CAP_SETFCAP,
];

pub struct Program {
    argv: Vec<CString>,
    env: Vec<CString>,
    path: Vec<CString>,
}

impl Program {
    pub fn new(argv: &[String], env: &BTreeMap<String, String>) -> Outcome<Self> {
        let text = |subject: &str, all: Vec<String>| -> Outcome<Vec<CString>> {
            let texts: Result<_, NulError> = all.into_iter().map(CString::new).collect();
            texts.map_err(|error| {
                let hint = "remove the zero byte";
                Failure::new(Code::BadRequest, subject, "text without a zero byte", error.to_string(), hint)
            })
        };
        let name = argv.first().cloned().unwrap_or_default();
        let path = match name.contains('/') {
            true => vec![name],
            false => {
                let folders = env.get("PATH").map_or("", String::as_str).split(':');
                folders.filter(|folder| !folder.is_empty()).map(|folder| format!("{folder}/{name}")).collect()
            }
        };
        Ok(Self {
            argv: text("argv", argv.to_vec())?,
            env: text("env", env.iter().map(|(key, value)| format!("{key}={value}")).collect())?,
            path: text("PATH", path)?,
        })
    }

    /// Drops all other capabilities and executes the program. Returns only on failure.
    pub fn replace_this_process(&self, stdout: &impl AsRawFd, stderr: &impl AsRawFd) -> io::Error {
        match self.replace(stdout, stderr) {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    fn replace(&self, stdout: &impl AsRawFd, stderr: &impl AsRawFd) -> io::Result<std::convert::Infallible> {
        descriptors::silence()?;
        descriptors::write_to(stdout, stderr)?;
        lock_any_memory();
        drop_capabilities()?;
        reset_signals()?;
        let mut worst = nix::errno::Errno::ENOENT;
        for path in &self.path {
            match execve(path, &self.argv, &self.env) {
                Ok(never) => return Ok(never),
                Err(nix::errno::Errno::ENOENT | nix::errno::Errno::ENOTDIR) => {}
                Err(error) => worst = error,
            }
        }
        Err(worst.into())
    }

    pub fn failed(&self, subject: &str, errno: i32) -> Failure {
        let name = self.argv.first().map(|name| name.to_string_lossy()).unwrap_or_default();
        Failure::new(
            Code::ExecFailed,
            subject,
            format!("an executable file {name} inside the container"),
            io::Error::from_raw_os_error(errno).to_string(),
            "set argv[0] to an absolute path, or to a name with PATH in env, and mount what the host's /usr lacks",
        )
    }
}

/// Reports to the waiting parent why the program could not run, and ends this process.
pub fn give_up(error: io::Error, mut failing: PipeWriter) -> ! {
    let errno = error.raw_os_error().unwrap_or(libc::EIO);
    // If the message is lost, the exit status still reports the failure.
    let _ = failing.write_all(&errno.to_ne_bytes());
    // SAFETY: ends this fork without running its parent's exit handlers.
    unsafe { libc::_exit(127) }
}

fn prctl(option: libc::c_int, argument: libc::c_ulong) -> io::Result<()> {
    // SAFETY: the options used here take numbers only.
    match unsafe { libc::prctl(option, argument, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Requests that the kernel kill this process when the thread that forked it ends.
pub fn die_with_parent() -> io::Result<()> {
    prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong)
}

/// Prevents the container's programs from reading or tracing this process.
pub fn hide() -> io::Result<()> {
    prctl(libc::PR_SET_DUMPABLE, 0)
}

/// Raises the limit on locked memory, which RDMA needs to register memory. Without permission the limit is unchanged.
fn lock_any_memory() {
    let unlimited = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: passes a valid struct.
    if unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const unlimited) } == 0 {
        return;
    }
    let mut limit = unlimited;
    // SAFETY: as above; the second call only raises the soft limit to the hard one.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit);
        }
    }
}

fn drop_capabilities() -> io::Result<()> {
    for capability in (0..=LAST_POSSIBLE_CAP).filter(|capability| !KEPT.contains(capability)) {
        match prctl(libc::PR_CAPBSET_DROP, capability.into()) {
            // Beyond the last capability of this kernel.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
            outcome => outcome?,
        }
    }
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong)?;
    let kept = KEPT.iter().fold(0u64, |mask, capability| mask | 1 << capability);
    let half = |shift: u32| u32::try_from(kept >> shift & u64::from(u32::MAX)).unwrap_or(0);
    // linux/capability.h: version 3, this process; then effective, permitted, inheritable, in two halves.
    let header: [u32; 2] = [0x2008_0522, 0];
    let data: [u32; 6] = [half(0), half(0), 0, half(32), half(32), 0];
    // SAFETY: both point at structs of the size that this version of the call takes.
    match unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) } {
        0 => {}
        _ => return Err(io::Error::last_os_error()),
    }
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// Resets every signal to its default and unblocks it.
fn reset_signals() -> io::Result<()> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in Signal::iterator().filter(|signal| ![Signal::SIGKILL, Signal::SIGSTOP].contains(signal)) {
        // SAFETY: sets the default, no handler of ours is involved.
        unsafe { sigaction(signal, &default) }?;
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    Ok(())
}
