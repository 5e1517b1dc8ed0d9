//! One transfer over all streams at once: posted, polled and timed. Links, peer and time limits are checked
//! meanwhile, since NIXL reports none of them.

use super::pace::Pace;
use super::stream::Stream;
use crate::deadline::Deadline;
use crate::error::{Code, Failure, Outcome};
use crate::nic::link::LinkMonitor;
use crate::nixl;
use crate::nixl::request::{Progress, Request};
use crate::nixl::ucx_error::breaks_connection;
use crate::nixl::ucx_log;
use crate::side_channel::channel::{CHECK_INTERVAL, Channel};
use std::time::{Duration, Instant};

/// How long to look for another cause of a failed transfer before NIXL's error is reported.
const CAUSE_LIMIT: Duration = Duration::from_millis(500);

/// A stream with its prepared request, and the seconds that its last transfer took.
pub struct StreamTransfer<'a> {
    pub stream: &'a Stream,
    pub request: Request<'a>,
    pub seconds: f64,
    pending: bool,
}

impl<'a> StreamTransfer<'a> {
    pub fn new(stream: &'a Stream, request: Request<'a>) -> Self {
        StreamTransfer { stream, request, seconds: 0.0, pending: false }
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
        let named = |failure: Failure| {
            ucx_log::explain(Failure::nixl_call(&failure.subject, stream.name(), &failure.found))
        };
        if progress.map_err(named)? == Progress::Complete {
            self.seconds = start.elapsed().as_secs_f64();
            self.pending = false;
        }
        Ok(())
    }
}

/// What is checked while a transfer is in flight.
pub struct Monitor<'a> {
    pub channel: &'a mut Channel,
    pub links: &'a LinkMonitor,
    pub deadline: Deadline,
    pub stall_limit: Duration,
    pub pace: Pace,
}

impl Monitor<'_> {
    /// Moves every stream's bytes once. Returns the seconds until the last stream was complete.
    pub fn transfer(&mut self, transfers: &mut [StreamTransfer]) -> Outcome<f64> {
        self.attempt(transfers).map_err(|failure| {
            nixl::abandon();
            self.find_cause(failure)
        })
    }

    fn attempt(&mut self, transfers: &mut [StreamTransfer]) -> Outcome<f64> {
        let start = Instant::now();
        for transfer in transfers.iter_mut() {
            transfer.post(start)?;
        }
        let mut last_completion = start;
        let mut next_check = start + CHECK_INTERVAL;
        let mut pending = transfers.iter().filter(|transfer| transfer.pending).count();
        while pending > 0 {
            let round = Instant::now();
            for transfer in transfers.iter_mut().filter(|transfer| transfer.pending) {
                transfer.poll(start)?;
            }
            let left = transfers.iter().filter(|transfer| transfer.pending).count();
            let now = Instant::now();
            if left < pending {
                (pending, last_completion) = (left, now);
                continue;
            }
            if now >= next_check {
                next_check = now + CHECK_INTERVAL;
                self.check(transfers, now - last_completion)?;
            }
            self.pace.wait(now - start, now - round);
        }
        Ok(transfers.iter().map(|transfer| transfer.seconds).fold(0.0, f64::max))
    }

    fn check(&mut self, transfers: &[StreamTransfer], since_completion: Duration) -> Outcome<()> {
        self.links.check()?;
        self.channel.check()?;
        let waiting =
            transfers.iter().find(|transfer| transfer.pending).map(|transfer| transfer.stream.name());
        let waiting = waiting.unwrap_or_default();
        self.deadline.check(&waiting)?;
        if since_completion > self.stall_limit {
            return Err(Failure::stalled(waiting, since_completion.as_secs_f64()));
        }
        Ok(())
    }

    /// A link that is down and a peer that has ended first appear as a failed or stalled transfer. Checks both for a
    /// moment and returns the cause that it finds, or else the failure.
    fn find_cause(&mut self, failure: Failure) -> Failure {
        if !matches!(failure.code, Code::NixlCallFailed | Code::TransferStalled) {
            return failure;
        }
        let until = Instant::now() + CAUSE_LIMIT;
        while Instant::now() < until {
            if let Err(cause) = self.links.check().and_then(|()| self.channel.check()) {
                return cause;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        match failure.code {
            Code::NixlCallFailed if breaks_connection(&failure.found) => {
                Failure::connection_broken(failure.subject, failure.found)
            }
            _ => failure,
        }
    }
}
