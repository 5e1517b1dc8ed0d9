//! A faulty cable: carries the frames between a NIC and its switch through user space, with one queue per direction,
//! where bytes are corrupted and frames lost.

use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::packet::{Frame, PacketSocket};
use crate::spec::WireSpec;

/// More than the sum of all TCP windows. Frames beyond it are lost.
const QUEUE_FRAMES: usize = 4096;
/// The headers of all layers lie within this; a corrupted byte must not, or the protocols would detect it.
const UNTOUCHED_BYTES: usize = 256;
/// Smaller frames carry almost no payload.
const SMALLEST_TOUCHED_BYTES: usize = 1024;

/// A running wire. Dropping it stops it.
pub struct Wire {
    corrupted: Arc<AtomicU64>,
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    /// Connects two interfaces, and corrupts a byte or loses a frame after each given number of bytes.
    pub fn join(nic: u32, switch: u32, wrong: &WireSpec) -> io::Result<Self> {
        let ends = [PacketSocket::open(nic)?, PacketSocket::open(switch)?];
        let (stopped, stop) = io::pipe()?;
        let corrupted = Arc::new(AtomicU64::new(0));
        let mut carrier = Carrier {
            ends,
            queues: [VecDeque::new(), VecDeque::new()],
            corruption: wrong.corrupt_every_bytes.map(|every| Turn::every(every.get())),
            corrupted: Arc::clone(&corrupted),
            loss: wrong.lose_every_bytes.map(|every| Turn::every(every.get())),
        };
        let carry = move || {
            // The NIC then has no connection, which its pod and its counters show.
            if let Err(error) = carrier.run(&stopped) {
                eprintln!("claimcheck-node: a wire broke: {error}");
            }
        };
        let thread = thread::Builder::new().name("wire".to_owned()).spawn(carry)?;
        Ok(Self { corrupted, stop: Some(stop), thread: Some(thread) })
    }

    /// How many bytes have been changed so far.
    pub fn corrupted_bytes(&self) -> u64 {
        self.corrupted.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread's panic was already printed.
            let _ = thread.join();
        }
    }
}

/// Frames that arrived at `ends[i]` wait in `queues[i]` for the other end.
struct Carrier {
    ends: [PacketSocket; 2],
    queues: [VecDeque<Frame>; 2],
    corruption: Option<Turn>,
    corrupted: Arc<AtomicU64>,
    loss: Option<Turn>,
}

impl Carrier {
    fn run(&mut self, stopped: &PipeReader) -> io::Result<()> {
        loop {
            let wanted = |end: usize| match self.queues[1 - end].is_empty() {
                true => PollFlags::POLLIN,
                false => PollFlags::POLLIN | PollFlags::POLLOUT,
            };
            let mut watched = [
                PollFd::new(self.ends[0].as_fd(), wanted(0)),
                PollFd::new(self.ends[1].as_fd(), wanted(1)),
                PollFd::new(stopped.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut watched, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            let seen = watched.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
            if !seen[2].is_empty() {
                return Ok(());
            }
            for end in [0, 1] {
                if seen[end].contains(PollFlags::POLLERR) {
                    self.ends[end].clear_error();
                }
                while let Some(frame) = self.ends[end].receive() {
                    frame.into_iter().for_each(|frame| self.take(end, frame));
                }
            }
            self.deliver(0)?;
            self.deliver(1)?;
        }
    }

    fn take(&mut self, end: usize, mut frame: Frame) {
        if frame.bytes.len() >= SMALLEST_TOUCHED_BYTES {
            if self.loss.as_mut().is_some_and(|loss| loss.comes_with(&frame, |_| true)) {
                return;
            }
            if self.corruption.as_mut().is_some_and(|turn| turn.comes_with(&frame, Frame::is_unchecked)) {
                let at = UNTOUCHED_BYTES + (frame.bytes.len() - UNTOUCHED_BYTES) / 2;
                frame.bytes[at] ^= 0xff;
                self.corrupted.fetch_add(1, Ordering::Relaxed);
            }
        }
        if self.queues[end].len() < QUEUE_FRAMES {
            self.queues[end].push_back(frame);
        }
    }

    fn deliver(&mut self, end: usize) -> io::Result<()> {
        while let Some(frame) = self.queues[end].front() {
            if !self.ends[1 - end].send(frame)? {
                break;
            }
            self.queues[end].pop_front();
        }
        Ok(())
    }
}

/// An event that occurs once in a number of bytes.
struct Turn {
    every_bytes: u64,
    bytes_since: u64,
}

impl Turn {
    fn every(bytes: u64) -> Self {
        Self { every_bytes: bytes, bytes_since: 0 }
    }

    /// Counts the frame's bytes; true if the event is due and the frame is suitable.
    fn comes_with(&mut self, frame: &Frame, will_do: impl Fn(&Frame) -> bool) -> bool {
        self.bytes_since += frame.bytes.len() as u64;
        if self.bytes_since < self.every_bytes || !will_do(frame) {
            return false;
        }
        self.bytes_since %= self.every_bytes;
        true
    }
}
