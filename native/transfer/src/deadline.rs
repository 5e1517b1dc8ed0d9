//! The time limit of a run. Every wait is given the run's deadline.

use crate::error::{Failure, Outcome};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    end: Instant,
    limit: Duration,
}

impl Deadline {
    pub fn after(limit: Duration) -> Self {
        Deadline { end: Instant::now() + limit, limit }
    }

    /// The earlier of this deadline and one `limit` from now.
    pub fn or_within(self, limit: Duration) -> Self {
        let other = Deadline::after(limit);
        if other.end < self.end { other } else { self }
    }

    pub fn passed(&self) -> bool {
        Instant::now() >= self.end
    }

    pub fn remaining(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Fails with DEADLINE once the time is over; the error names what was waited for.
    pub fn check(&self, waiting_for: &str) -> Outcome<()> {
        if self.passed() { Err(self.failure(waiting_for)) } else { Ok(()) }
    }

    pub fn failure(&self, waiting_for: impl std::fmt::Display) -> Failure {
        Failure::deadline(waiting_for, self.limit.as_secs_f64())
    }
}
