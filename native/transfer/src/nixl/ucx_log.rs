//! UCX's log. UCX would write it to stdout, where the tagged lines go, so it is redirected through a pipe to stderr.
//! The tables of the transports that each stream uses are read from it.

use super::protocol_table::{ProtocolTables, is_table_line};
use super::repeated_lines::RepeatedLines;
use super::ucx_error::{advice, error_text, fatal_text};
use crate::error::{Failure, Outcome};
use crate::operation::Operation;
use crate::printable::printable;
use crate::thread;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long `flush` waits for the thread that relays the log.
const LATENESS: Duration = Duration::from_millis(200);
/// A line that UCX cannot write. When the relay has read it, everything before it was relayed.
const MARK: &[u8] = b"\x01mark";

static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    /// The pipe's writing end, for marks. UCX opens the pipe by its path when it is loaded.
    marks: File,
    tables: Mutex<ProtocolTables>,
    repeated: Mutex<RepeatedLines>,
    /// The last error whose remedy is known, else the last: UCX logs consequences after their cause.
    last_error: Mutex<Option<String>>,
    marks_written: AtomicU64,
    marks_seen: AtomicU64,
    /// Whether the user has asked UCX for the tables.
    shows_tables: bool,
    /// Whether the user asks for more than errors and warnings, so that no line is suppressed.
    shows_all: bool,
}

/// Redirects UCX's log. Call it before the library is loaded. A UCX_LOG_FILE that is set is respected.
pub fn capture() -> Outcome<()> {
    if std::env::var_os("UCX_LOG_FILE").is_some() {
        return Ok(());
    }
    let shows_tables = std::env::var_os("UCX_PROTO_INFO").is_some();
    let shows_all = std::env::var("UCX_LOG_LEVEL").is_ok_and(|level| !is_terse(&level));
    let (reader, writer) = pipe()?;
    // SAFETY: the only other thread waits for signals and reads no environment.
    unsafe {
        std::env::set_var("UCX_LOG_FILE", format!("/proc/self/fd/{}", writer.as_raw_fd()));
        if !shows_tables {
            std::env::set_var("UCX_PROTO_INFO", "*remote memory*");
        }
    }
    let log = LOG.get_or_init(|| Log {
        marks: File::from(writer),
        tables: Mutex::default(),
        repeated: Mutex::default(),
        last_error: Mutex::default(),
        shows_all,
        marks_written: AtomicU64::new(0),
        marks_seen: AtomicU64::new(0),
        shows_tables,
    });
    thread::start("ucx-log", move || log.relay(reader))
}

/// Relays what UCX has logged so far, and how many lines were suppressed. Call it before the process ends.
pub fn flush() {
    if let Some(log) = LOG.get() {
        log.flush();
        for line in lock(&log.repeated).take_summary() {
            // An error means that stderr is closed.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

/// Adds UCX's last error, and what to do about it where that is known, to a failure of a NIXL call.
pub fn explain(failure: Failure) -> Failure {
    if let Some(log) = LOG.get() {
        log.flush();
    }
    explain_without_flush(failure)
}

/// The same with what was relayed so far, for a thread that must not wait: flushing locks stdio streams.
pub fn explain_without_flush(failure: Failure) -> Failure {
    let Some(log) = LOG.get() else { return failure };
    let last_error = lock(&log.last_error).clone();
    match last_error {
        Some(error) => failure.caused_by(format!("UCX: {error}"), advice(&error)),
        None => failure,
    }
}

/// Levels of UCX that a user sets to see less, not more. The pods have `error`.
fn is_terse(level: &str) -> bool {
    ["fatal", "error", "warn"].contains(&level.to_lowercase().as_str())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The transport by which UCX moves an agent's blocks, in UCX's own words; none if it did not log it.
pub fn transport(agent: &str, operation: Operation, block_bytes: usize) -> Option<String> {
    let log = LOG.get()?;
    log.flush();
    let tables = lock(&log.tables);
    tables.transport(agent, operation, block_bytes).map(str::to_owned)
}

impl Log {
    fn relay(&self, reader: OwnedFd) {
        let mut lines = BufReader::new(File::from(reader)).split(b'\n');
        while let Some(Ok(line)) = lines.next() {
            if line == MARK {
                self.marks_seen.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            let line = String::from_utf8_lossy(&line);
            lock(&self.tables).read(&line);
            if let Some(error) = error_text(&line) {
                let mut last = lock(&self.last_error);
                let known = last.as_deref().and_then(advice).is_some();
                if !known || advice(error).is_some() {
                    *last = Some(error.to_owned());
                }
            }
            // It follows the errors that caused it.
            if let Some(error) = fatal_text(&line) {
                lock(&self.last_error).get_or_insert_with(|| error.to_owned());
            }
            let is_shown = if is_table_line(&line) {
                self.shows_tables
            } else {
                self.shows_all || lock(&self.repeated).relays(&line)
            };
            if is_shown {
                // An error means that stderr is closed.
                let _ = writeln!(std::io::stderr(), "{}", printable(&line));
            }
        }
    }

    fn flush(&self) {
        // SAFETY: null means every stdio stream; UCX's is fully buffered.
        unsafe { libc::fflush(std::ptr::null_mut()) };
        let mark = self.marks_written.fetch_add(1, Ordering::SeqCst) + 1;
        if (&self.marks).write_all(&[MARK, b"\n"].concat()).is_err() {
            return;
        }
        let until = Instant::now() + LATENESS;
        while self.marks_seen.load(Ordering::SeqCst) < mark && Instant::now() < until {
            std::thread::sleep(LATENESS / 200);
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
