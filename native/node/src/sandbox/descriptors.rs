//! File descriptors across fork and exec: which are kept and which are redirected to /dev/null.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};

/// Takes over the socket on standard input and replaces it by /dev/null.
pub fn take_standard_input() -> io::Result<OwnedFd> {
    // SAFETY: the fcntl gives a new descriptor that nothing else owns, or -1.
    let socket = unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    // SAFETY: checked above, and owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

/// Redirects standard input, output and error to /dev/null.
pub fn silence() -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}

/// Closes every descriptor from 3 on except those in `kept`, and marks these close-on-exec.
pub fn keep_only(kept: &[RawFd]) -> io::Result<()> {
    let mut kept = kept.to_vec();
    kept.sort_unstable();
    let mut next = 3;
    for fd in kept {
        if fd > next {
            close_range(next, fd - 1, 0)?;
        }
        next = fd + 1;
    }
    close_range(next, RawFd::MAX, 0)?;
    close_range(3, RawFd::MAX, libc::CLOSE_RANGE_CLOEXEC)
}

fn close_range(first: RawFd, last: RawFd, flags: libc::c_uint) -> io::Result<()> {
    // SAFETY: plain numbers; the callers of this module have just forked and own the whole table.
    let outcome = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Clears close-on-exec, so that the next program of this process inherits the descriptor.
///
/// Async-signal-safe, so that it may be called between fork and exec.
pub fn inherit(fd: RawFd) -> io::Result<()> {
    // SAFETY: only sets a flag of the descriptor.
    let outcome = unsafe { libc::fcntl(fd, libc::F_SETFD, 0) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Takes ownership of an inherited descriptor.
///
/// # Safety
/// The caller must be the only owner of this number.
pub unsafe fn inherited(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: only reads a flag; fails where the number is not open.
    if unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: open, and by contract taken once.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Replaces standard output and error by the given descriptors.
pub fn write_to(stdout: &impl AsRawFd, stderr: &impl AsRawFd) -> io::Result<()> {
    for (fd, standard) in [(stdout.as_raw_fd(), 1), (stderr.as_raw_fd(), 2)] {
        // SAFETY: both are open descriptors of this process.
        if unsafe { libc::dup2(fd, standard) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
