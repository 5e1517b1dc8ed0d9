//! How long each part of the start takes, for the event `target_ready`.

use serde::Serialize;
use std::time::Instant;

/// Seconds over all streams.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StartParts {
    pub library: f64,
    pub agents: f64,
    pub backends: f64,
    pub memory: f64,
    pub registration: f64,
}

impl StartParts {
    pub fn plus(&self, other: &StartParts) -> StartParts {
        StartParts {
            library: self.library + other.library,
            agents: self.agents + other.agents,
            backends: self.backends + other.backends,
            memory: self.memory + other.memory,
            registration: self.registration + other.registration,
        }
    }
}

/// Seconds since the last call, or since the start.
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Stopwatch(Instant::now())
    }

    pub fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let seconds = (now - self.0).as_secs_f64();
        self.0 = now;
        seconds
    }
}
