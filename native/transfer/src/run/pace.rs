//! How the polling thread waits between two polls of a transfer. With cores to spare it spins. Otherwise it yields or
//! sleeps, longer the older the transfer is, so that NIXL's progress threads get a core while the sample's error
//! stays below half a percent.

use std::time::Duration;

/// Below this age of a transfer even a yield would distort the sample.
const SPIN: Duration = Duration::from_micros(50);
/// Maximum duration of a sleep.
const LONGEST_SLEEP: Duration = Duration::from_micros(500);
/// A sleep lasts the transfer's age divided by this.
const SLEEP_PART: u32 = 256;
/// The kernel's overhead of a sleep. A shorter sleep is replaced by a yield.
const SHORTEST_SLEEP: Duration = Duration::from_micros(50);
/// A round of polls that took longer has moved bytes, and more are likely to follow soon.
const BUSY_ROUND: Duration = Duration::from_micros(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    Spin,
    Yield,
}

impl Pace {
    /// Spins where every stream's local and remote thread can have a core of its own.
    pub fn for_streams(streams: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if cores > 2 * streams + 2 { Pace::Spin } else { Pace::Yield }
    }

    /// Waits once. `age` is the transfer's so far, `round` the duration of the last round of polls.
    pub fn wait(self, age: Duration, round: Duration) {
        if self == Pace::Spin || age < SPIN {
            std::hint::spin_loop();
            return;
        }
        let sleep = (age / SLEEP_PART).min(LONGEST_SLEEP);
        if round > BUSY_ROUND || sleep < SHORTEST_SLEEP {
            std::thread::yield_now();
        } else {
            std::thread::sleep(sleep);
        }
    }
}
