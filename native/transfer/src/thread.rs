//! Threads that must be running before a library is loaded. A new Rust thread registers thread-local destructors, for
//! which glibc takes the loader's lock; a library that hangs while it is loaded holds that lock for ever.

use crate::error::{Failure, Outcome};
use std::sync::mpsc::sync_channel;

/// Starts a thread and returns once `run` has begun.
pub fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Outcome<()> {
    let (running, is_running) = sync_channel(1);
    let begin = move || {
        // The receiver waits below.
        let _ = running.send(());
        run();
    };
    let failed =
        |error: std::io::Error| Failure::system_call("pthread_create", format!("thread {name}"), error);
    std::thread::Builder::new().name(name.into()).spawn(begin).map_err(failed)?;
    is_running.recv().map_err(|error| failed(std::io::Error::other(error)))
}
