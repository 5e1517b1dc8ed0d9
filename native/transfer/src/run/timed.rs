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
use crate::side_channel::messages::{AwaitedArrival, Message};
use std::time::{Duration, Instant};

/// How long to look for another cause of a failed transfer before NIXL's error is reported.
const CAUSE_LIMIT: Duration = Duration::from_millis(500);

/// A stream with its prepared requests, and the seconds that its last transfer took.
pub struct StreamTransfer<'a> {
    pub stream: &'a Stream,
    pub seconds: f64,
    requests: Vec<Request<'a>>,
    /// Positions of the requests in flight.
    pending: Vec<usize>,
}

impl<'a> StreamTransfer<'a> {
    pub fn new(stream: &'a Stream, requests: Vec<Request<'a>>) -> Self {
        let pending = Vec::with_capacity(requests.len());
        StreamTransfer { stream, seconds: 0.0, requests, pending }
    }

    fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    fn post(&mut self, start: Instant) -> Outcome<()> {
        self.pending.extend(0..self.requests.len());
        self.note(Request::post, start)
    }

    fn poll(&mut self, start: Instant) -> Outcome<()> {
        self.note(Request::poll, start)
    }

    /// Calls each pending request once, and keeps those that are not complete.
    fn note(&mut self, call: impl Fn(&mut Request<'a>) -> Outcome<Progress>, start: Instant) -> Outcome<()> {
        let mut next = 0;
        while next < self.pending.len() {
            let progress = call(&mut self.requests[self.pending[next]]);
            if progress.map_err(|failure| self.named(&failure))? == Progress::Complete {
                self.pending.swap_remove(next);
            } else {
                next += 1;
            }
        }
        if self.pending.is_empty() {
            self.seconds = start.elapsed().as_secs_f64();
        }
        Ok(())
    }

    fn named(&self, failure: &Failure) -> Failure {
        ucx_log::explain(Failure::nixl_call(&failure.subject, self.stream.name(), &failure.found))
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
        let mut pending = transfers.iter().filter(|transfer| transfer.is_pending()).count();
        while pending > 0 {
            let round = Instant::now();
            for transfer in transfers.iter_mut().filter(|transfer| transfer.is_pending()) {
                transfer.poll(start)?;
            }
            let left = transfers.iter().filter(|transfer| transfer.is_pending()).count();
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
        if transfers.iter().any(|transfer| transfer.stream.is_confirmed_by_target()) {
            self.await_arrival(transfers, start)?;
        }
        Ok(transfers.iter().map(|transfer| transfer.seconds).fold(0.0, f64::max))
    }

    /// Waits until the target has NIXL's notification of every request. The streams that are written last until then.
    fn await_arrival(&mut self, transfers: &mut [StreamTransfer], start: Instant) -> Outcome<()> {
        let requests = transfers.first().map_or(0, |transfer| transfer.requests.len() as u32);
        self.channel.send(&Message::AwaitArrival(AwaitedArrival { requests }))?;
        match self.receive_promptly("the arrival of a WRITE at the target")? {
            Message::Arrived => {}
            other => return Err(self.channel.unexpected("arrived", &other)),
        }
        let seconds = start.elapsed().as_secs_f64();
        let written = transfers.iter_mut().filter(|transfer| transfer.stream.is_confirmed_by_target());
        written.for_each(|transfer| transfer.seconds = seconds);
        Ok(())
    }

    /// Receives an answer that needs no work of the target. Fails with TRANSFER_STALLED if none comes within the stall
    /// limit: the target's process is stopped, although its connection is open.
    pub fn receive_promptly(&mut self, waiting_for: &str) -> Outcome<Message> {
        let Monitor { channel, links, deadline, stall_limit, .. } = self;
        let prompt = deadline.or_within(*stall_limit);
        channel.receive(waiting_for, prompt, &mut || links.check()).map_err(|failure| {
            if failure.code == Code::Deadline && !deadline.passed() {
                return Failure::silent(channel.peer(), waiting_for, stall_limit.as_secs_f64());
            }
            failure
        })
    }

    fn check(&mut self, transfers: &[StreamTransfer], since_completion: Duration) -> Outcome<()> {
        self.links.check()?;
        self.channel.check()?;
        let waiting =
            transfers.iter().find(|transfer| transfer.is_pending()).map(|transfer| transfer.stream.name());
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
