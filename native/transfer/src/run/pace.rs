//! What the polling thread does between two looks at a transfer that is not complete. With cores to
//! spare it spins; else it makes room, the more the longer the transfer has lasted, so that the
//! progress threads it waits for get a core and the sample still errs by less than half a percent.

use std::time::Duration;

/// Below this age of a transfer even a yield would show in the sample.
const SPIN: Duration = Duration::from_micros(50);
/// A sleep never lasts longer.
const LONGEST_SLEEP: Duration = Duration::from_micros(500);
/// A sleep is this part of the transfer's age.
const SLEEP_PART: u32 = 256;
/// The kernel's own cost of a sleep; a shorter one is not worth it.
const SHORTEST_SLEEP: Duration = Duration::from_micros(50);
/// A round of polls that took longer has moved bytes, and more are likely to follow.
const BUSY_ROUND: Duration = Duration::from_micros(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    Spin,
    MakeRoom,
}

impl Pace {
    /// Spins where each stream's far and near thread could have a core of its own.
    pub fn for_streams(streams: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if cores > 2 * streams + 2 { Pace::Spin } else { Pace::MakeRoom }
    }

    /// `age` is the transfer's, `round` the duration of the last round of polls.
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
