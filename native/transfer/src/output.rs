//! The tagged lines on stdout: each is a tag and one JSON object, written whole even when several threads print.

use crate::error::Failure;
use crate::printable::{printable, printable_json};
use crate::secret::Secret;
use hmac::Mac;
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

/// Prints `RESULT {...}` and the `END` line, whose digest proves that the result is complete. With a log key, which the
/// peer does not have, END also proves that this process printed the result.
pub fn result(object: &Value, log_key: Option<&Secret>) {
    let text = printable_json(&object.to_string());
    let mut end = serde_json::json!({ "result_sha256": hex(&Sha256::digest(&text)) });
    if let Some(key) = log_key {
        let proof = key.hmac().chain_update(&text).finalize().into_bytes();
        end["result_hmac_sha256"] = Value::from(hex(&proof));
    }
    let guard = lock();
    line("RESULT", &text, &guard);
    line("END", &end.to_string(), &guard);
}

/// Prints the failure as an `ERROR` line on stdout and as a sentence on stderr.
pub fn error(failure: &Failure) {
    // A reader that stops reading can block the lock's holder for ever; an error must still end the process.
    let guard = lock_within(Duration::from_secs(1));
    if let Some(guard) = &guard {
        line("ERROR", &json(failure), guard);
    }
    // When stderr is closed too, the exit code alone reports the failure.
    let _ = writeln!(std::io::stderr(), "{}", printable(&failure.to_string()));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json(object: &impl Serialize) -> String {
    serde_json::to_string(object).unwrap_or_else(|error| format!("{{\"unprintable\":\"{error}\"}}"))
}

fn line(tag: &str, text: &str, _guard: &MutexGuard<()>) {
    let mut stdout = std::io::stdout().lock();
    let written = stdout
        .write_all(format!("{tag} {}\n", printable_json(text)).as_bytes())
        .and_then(|()| stdout.flush());
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
