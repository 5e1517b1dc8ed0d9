//! The tagged lines on stdout: each is a tag and one JSON object, written whole even when several threads print.

use crate::error::Failure;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

static STDOUT: Mutex<()> = Mutex::new(());

/// Prints `EVENT {"event":name,...}`; `fields` must be a JSON object.
pub fn event(name: &str, mut fields: Value) {
    fields["event"] = Value::from(name);
    line("EVENT", &fields.to_string(), &lock());
}

/// Prints any other tagged object, such as `DEVICES {...}`.
pub fn tagged(tag: &str, object: &impl Serialize) {
    line(tag, &json(object), &lock());
}

/// Prints `RESULT {...}` and the `END` line that proves the result was not cut.
pub fn result(object: &Value) {
    let text = object.to_string();
    let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let guard = lock();
    line("RESULT", &text, &guard);
    line("END", &serde_json::json!({ "result_sha256": digest }).to_string(), &guard);
}

/// Prints the failure as an `ERROR` line on stdout and as a sentence on stderr.
pub fn error(failure: &Failure) {
    // A reader that stops reading can block the lock's holder for ever; an error must still end the process.
    let guard = lock_within(Duration::from_secs(1));
    if let Some(guard) = &guard {
        line("ERROR", &json(failure), guard);
    }
    // When stderr is closed too, the exit code alone reports the failure.
    let _ = writeln!(std::io::stderr(), "{failure}");
}

fn json(object: &impl Serialize) -> String {
    serde_json::to_string(object).unwrap_or_else(|error| format!("{{\"unprintable\":\"{error}\"}}"))
}

fn line(tag: &str, text: &str, _guard: &MutexGuard<()>) {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(format!("{tag} {text}\n").as_bytes()).and_then(|()| stdout.flush());
    if let Err(error) = written {
        // The reader has closed stdout. Without an END line the log is incomplete.
        let _ = writeln!(std::io::stderr(), "stdout: cannot write the {tag} line: {error}");
    }
}

fn lock() -> MutexGuard<'static, ()> {
    STDOUT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock_within(limit: Duration) -> Option<MutexGuard<'static, ()>> {
    let until = Instant::now() + limit;
    loop {
        match STDOUT.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
