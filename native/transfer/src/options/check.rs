//! What is checked of the options beyond their types.

use super::{MAX_STREAMS, Options};
use crate::error::{Failure, Outcome};
use std::collections::HashSet;

/// Every timed transfer adds samples to RESULT: one for each stream and one for all.
const MOST_ITERS: u32 = 1_000_000;

impl Options {
    pub(super) fn checked(mut self) -> Outcome<Self> {
        if self.devices.is_empty() {
            self.devices = vec![self.device];
        }
        at_least_one("--block-size", self.block_size)?;
        at_least_one("--batch-size", self.batch_size)?;
        at_least_one("--iters", self.iters as usize)?;
        at_most(MOST_ITERS, "--iters", self.iters)?;
        at_most(MOST_ITERS, "--warmup-iters", self.warmup_iters)?;
        at_least_one("--port", self.port as usize)?;
        seconds("--timeout-seconds", self.timeout_seconds)?;
        seconds("--stall-seconds", self.stall_seconds)?;
        no_duplicate("--devices", &self.devices)?;
        no_duplicate("--nics", &self.nics)?;
        if self.streams() > MAX_STREAMS {
            let found = format!("{} streams", self.streams());
            return Err(Failure::bad_option("--devices", format!("at most {MAX_STREAMS} streams"), found));
        }
        if self.requests > self.batch_size {
            let expected = format!("at most one for each block, of which there are {}", self.batch_size);
            return Err(Failure::bad_option("--requests", expected, self.requests));
        }
        let total = self.block_size.checked_mul(self.batch_size).and_then(|n| n.checked_mul(self.streams()));
        match total {
            Some(total) if total <= isize::MAX as usize => Ok(self),
            _ => {
                let found = format!("{} x {} x {}", self.block_size, self.batch_size, self.streams());
                Err(Failure::bad_option("--block-size", "block x batch x streams below 2^63 bytes", found))
            }
        }
    }
}

fn at_least_one(option: &str, value: usize) -> Outcome<()> {
    if value == 0 { Err(Failure::bad_option(option, "at least 1", 0)) } else { Ok(()) }
}

fn at_most(most: u32, option: &str, value: u32) -> Outcome<()> {
    if value > most { Err(Failure::bad_option(option, format!("at most {most}"), value)) } else { Ok(()) }
}

fn seconds(option: &str, value: f64) -> Outcome<()> {
    if value > 0.0 && value <= 1e9 {
        return Ok(());
    }
    Err(Failure::bad_option(option, "a number of seconds above 0, at most 1e9", value))
}

fn no_duplicate<T: Eq + std::hash::Hash + std::fmt::Display>(option: &str, values: &[T]) -> Outcome<()> {
    let mut seen = HashSet::new();
    match values.iter().find(|value| !seen.insert(*value)) {
        Some(twice) => Err(Failure::bad_option(option, "each name once", format!("{twice} twice"))),
        None => Ok(()),
    }
}
