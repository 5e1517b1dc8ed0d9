//! Waits at the target until the bytes of a WRITE have arrived, for a backend whose initiator does not know it: NIXL then
//! notifies the target of each request.

use super::stream::Stream;
use crate::error::Outcome;
use crate::operation::Operation;
use crate::side_channel::channel::CHECK_INTERVAL;
use std::time::{Duration, Instant};

/// Leaves NIXL's progress thread a core.
const POLL_INTERVAL: Duration = Duration::from_micros(20);

/// Notifications that have come and were not waited for yet, of each stream.
pub struct Arrivals {
    counts: Vec<u64>,
}

impl Arrivals {
    pub fn of(streams: &[Stream]) -> Self {
        Arrivals { counts: vec![0; streams.len()] }
    }

    /// Waits for the notifications of one transfer: `requests` of each stream that is written. Runs `check` meanwhile.
    pub fn wait(
        &mut self,
        streams: &[Stream],
        requests: u32,
        check: &mut dyn FnMut() -> Outcome<()>,
    ) -> Outcome<()> {
        let requests = u64::from(requests);
        let mut next_check = Instant::now() + CHECK_INTERVAL;
        loop {
            let mut missing = false;
            for (stream, count) in written(streams, &mut self.counts) {
                if *count < requests {
                    *count += stream.agent.take_notifications()? as u64;
                }
                missing |= *count < requests;
            }
            if !missing {
                written(streams, &mut self.counts).for_each(|(_, count)| *count -= requests);
                return Ok(());
            }
            if Instant::now() >= next_check {
                next_check = Instant::now() + CHECK_INTERVAL;
                check()?;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

fn written<'a>(
    streams: &'a [Stream],
    counts: &'a mut [u64],
) -> impl Iterator<Item = (&'a Stream, &'a mut u64)> {
    streams.iter().zip(counts).filter(|(stream, _)| stream.op == Operation::Write)
}
