//! The secret of one run, shared by both sides. It is read from a file or from TRANSFER_SECRET, never from the
//! command line, and is never printed.

use crate::error::{Failure, Outcome};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::path::Path;

const LEAST_BYTES: usize = 16;
const MOST_BYTES: usize = 4096;

/// The secret, as an HMAC that it is the key of.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    pub fn read(file: Option<&Path>) -> Outcome<Self> {
        let (source, mut bytes) = match file {
            Some(path) => {
                let bytes = std::fs::read(path).map_err(|error| {
                    Failure::bad_option("--secret-file", format!("a readable file {}", path.display()), error)
                })?;
                ("--secret-file", bytes)
            }
            None => {
                let value = std::env::var_os("TRANSFER_SECRET").ok_or_else(|| {
                    Failure::bad_option("--secret-file or TRANSFER_SECRET", "the run's secret", "neither")
                })?;
                ("TRANSFER_SECRET", std::os::unix::ffi::OsStringExt::into_vec(value))
            }
        };
        while bytes.last().is_some_and(u8::is_ascii_whitespace) {
            bytes.pop();
        }
        Self::keyed(source, &bytes)
    }

    /// The key that proves to the reader of the log which process printed a RESULT, from TRANSFER_LOG_KEY. Only one side has it.
    pub fn of_log() -> Outcome<Option<Self>> {
        const VARIABLE: &str = "TRANSFER_LOG_KEY";
        let Some(value) = std::env::var_os(VARIABLE) else { return Ok(None) };
        let bytes = std::os::unix::ffi::OsStringExt::into_vec(value);
        Self::keyed(VARIABLE, &bytes).map(Some)
    }

    fn keyed(source: &str, bytes: &[u8]) -> Outcome<Self> {
        if !(LEAST_BYTES..=MOST_BYTES).contains(&bytes.len()) {
            let expected = format!("{LEAST_BYTES} to {MOST_BYTES} bytes");
            return Err(Failure::bad_option(source, expected, format!("{} bytes", bytes.len())));
        }
        let keyed = Hmac::new_from_slice(bytes);
        keyed.map(Secret).map_err(|error| Failure::bad_option(source, "a key for HMAC-SHA256", error))
    }

    /// A new HMAC with the secret as its key.
    pub fn hmac(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}
