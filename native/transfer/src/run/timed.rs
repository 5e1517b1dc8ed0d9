//! One transfer over all streams at once: posted, polled, timed. Watches link, peer and time while it
//! waits, since NIXL reports none of them.

use super::pace::Pace;
use super::stream::Stream;
use crate::deadline::Deadline;
use crate::error::{Code, Failure, Outcome};
use crate::nic::link::Watch;
use crate::nixl;
use crate::nixl::request::{Progress, Request};
use crate::side_channel::channel::{CHECK_INTERVAL, Channel};
use std::time::{Duration, Instant};

/// How long to look for the cause of a failed transfer elsewhere before NIXL's word is taken.
const CAUSE_LIMIT: Duration = Duration::from_millis(500);

/// A stream on its way: its request, and how long its last transfer took.
pub struct Lane<'a> {
    pub stream: &'a Stream,
    pub request: Request<'a>,
    pub seconds: f64,
    pending: bool,
}

impl<'a> Lane<'a> {
    pub fn new(stream: &'a Stream, request: Request<'a>) -> Self {
        Lane { stream, request, seconds: 0.0, pending: false }
    }

    fn post(&mut self, start: Instant) -> Outcome<()> {
        self.pending = true;
        let progress = self.request.post();
        self.note(progress, start)
    }

    fn poll(&mut self, start: Instant) -> Outcome<()> {
        let progress = self.request.poll();
        self.note(progress, start)
    }

    fn note(&mut self, progress: Outcome<Progress>, start: Instant) -> Outcome<()> {
        let stream = self.stream;
        let named = |failure: Failure| Failure::nixl_call(&failure.subject, stream.name(), &failure.found);
        if progress.map_err(named)? == Progress::Complete {
            self.seconds = start.elapsed().as_secs_f64();
            self.pending = false;
        }
        Ok(())
    }
}

/// What is watched while a transfer is awaited.
pub struct Guard<'a> {
    pub channel: &'a mut Channel,
    pub watch: &'a Watch,
    pub deadline: Deadline,
    pub stall_limit: Duration,
    pub pace: Pace,
}

impl Guard<'_> {
    /// Moves every lane's bytes once. Gives the seconds until the last lane was complete.
    pub fn transfer(&mut self, lanes: &mut [Lane]) -> Outcome<f64> {
        self.attempt(lanes).map_err(|failure| {
            nixl::abandon();
            self.find_cause(failure)
        })
    }

    fn attempt(&mut self, lanes: &mut [Lane]) -> Outcome<f64> {
        let start = Instant::now();
        for lane in lanes.iter_mut() {
            lane.post(start)?;
        }
        let mut last_completion = start;
        let mut next_check = start + CHECK_INTERVAL;
        let mut pending = lanes.iter().filter(|lane| lane.pending).count();
        while pending > 0 {
            let round = Instant::now();
            for lane in lanes.iter_mut().filter(|lane| lane.pending) {
                lane.poll(start)?;
            }
            let left = lanes.iter().filter(|lane| lane.pending).count();
            let now = Instant::now();
            if left < pending {
                (pending, last_completion) = (left, now);
                continue;
            }
            if now >= next_check {
                next_check = now + CHECK_INTERVAL;
                self.check(lanes, now - last_completion)?;
            }
            self.pace.wait(now - start, now - round);
        }
        Ok(lanes.iter().map(|lane| lane.seconds).fold(0.0, f64::max))
    }

    fn check(&mut self, lanes: &[Lane], since_completion: Duration) -> Outcome<()> {
        self.watch.check()?;
        self.channel.check()?;
        let waiting = lanes.iter().find(|lane| lane.pending).map(|lane| lane.stream.name());
        let waiting = waiting.unwrap_or_default();
        self.deadline.check(&waiting)?;
        if since_completion > self.stall_limit {
            return Err(Failure::stalled(waiting, since_completion.as_secs_f64()));
        }
        Ok(())
    }

    /// A cut link and a dead peer first show as a failed or silent transfer: asks both before it is called that.
    fn find_cause(&mut self, failure: Failure) -> Failure {
        if !matches!(failure.code, Code::NixlCallFailed | Code::TransferStalled) {
            return failure;
        }
        let until = Instant::now() + CAUSE_LIMIT;
        while Instant::now() < until {
            if let Err(cause) = self.watch.check().and_then(|()| self.channel.check()) {
                return cause;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        failure
    }
}
