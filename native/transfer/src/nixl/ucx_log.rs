//! UCX's own log. UCX writes it to stdout, where the tagged lines go; here it is led through a pipe to
//! stderr, and the tables that say which transport each stream really uses are read on the way.

use crate::error::{Failure, Outcome};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

/// What the log has said so far.
#[derive(Clone, Default)]
pub struct UcxLog {
    lines: Arc<Mutex<Vec<String>>>,
}

impl UcxLog {
    /// Leads UCX's log here. Call before the library is loaded; a UCX_LOG_FILE that is set already is
    /// left alone.
    pub fn capture() -> Outcome<Self> {
        let log = UcxLog::default();
        if std::env::var_os("UCX_LOG_FILE").is_some() {
            return Ok(log);
        }
        let (reader, writer) = pipe()?;
        // SAFETY: the only other thread waits for signals and reads no environment.
        unsafe {
            std::env::set_var("UCX_LOG_FILE", format!("/proc/self/fd/{}", writer.as_raw_fd()));
        }
        // UCX opens the path when it is loaded; this end stays open so that the pipe never ends early.
        std::mem::forget(writer);
        let kept = log.clone();
        std::thread::Builder::new()
            .name("ucx-log".into())
            .spawn(move || kept.relay(reader))
            .map_err(|error| Failure::system_call("pthread_create", "the log thread", error))?;
        Ok(log)
    }

    fn relay(&self, reader: OwnedFd) {
        for line in BufReader::new(File::from(reader)).lines().map_while(Result::ok) {
            // stderr closed: there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{line}");
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

fn pipe() -> Outcome<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the kernel writes two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(Failure::system_call("pipe2", "UCX's log", std::io::Error::last_os_error()));
    }
    // SAFETY: two new descriptors that nobody else owns.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}
