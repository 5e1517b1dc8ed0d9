//! An authenticated connection that carries messages and metadata in both directions. Every wait has a deadline and
//! runs the caller's check every 100 ms. A closed connection is PEER_GONE.

use super::frame::{Decoder, Frame, Kind, encode};
use super::messages::Message;
use crate::deadline::Deadline;
use crate::error::{Failure, Outcome};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// How often a wait runs its check.
pub const CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// A peer that has not accepted a whole frame after this time is PEER_GONE.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// The most that is kept of what was received and not read yet; the rest waits in the socket.
const MOST_QUEUED_BYTES: usize = 8 << 20;
const MOST_QUEUED_FRAMES: usize = 256;

pub struct Channel {
    socket: TcpStream,
    decoder: Decoder,
    received: VecDeque<Frame>,
    /// Bytes of the payloads in `received`.
    queued_bytes: usize,
    /// The end of the run, which also bounds every write.
    deadline: Deadline,
    peer: String,
}

impl Channel {
    /// Wraps an authenticated socket. `peer` names the other side in errors.
    pub fn new(socket: TcpStream, peer: String, deadline: Deadline) -> Outcome<Self> {
        let prepared = socket
            .set_nodelay(true)
            .and_then(|()| keep_alive(&socket))
            .and_then(|()| socket.set_nonblocking(true));
        prepared.map_err(|error| Failure::system_call("setsockopt", &peer, error))?;
        Ok(Channel {
            socket,
            decoder: Decoder::default(),
            received: VecDeque::new(),
            queued_bytes: 0,
            deadline,
            peer,
        })
    }

    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// Sets the peer's name once its hostname is known.
    pub fn rename_peer(&mut self, peer: String) {
        self.peer = peer;
    }

    pub fn send(&mut self, message: &Message) -> Outcome<()> {
        let payload = message
            .to_bytes()
            .map_err(|error| Failure::violation("this side", "a message that can be written", error))?;
        self.write(&encode(Kind::Message, &payload))
    }

    /// Reports to the peer that this side has failed. An error is ignored, since the peer may be gone.
    pub fn report(&mut self, failure: &Failure) {
        let _ = self.send(&Message::Trouble(Box::new(failure.for_peer())));
    }

    pub fn send_metadata(&mut self, stream: u16, metadata: &[u8]) -> Outcome<()> {
        self.write(&encode(Kind::Metadata, &[&stream.to_be_bytes()[..], metadata].concat()))
    }

    /// Waits for the next message. A failure that the peer reports is returned as an error.
    pub fn receive(
        &mut self,
        waiting_for: &str,
        deadline: Deadline,
        check: &mut dyn FnMut() -> Outcome<()>,
    ) -> Outcome<Message> {
        let frame = self.receive_frame(waiting_for, deadline, check)?;
        match frame.kind {
            Kind::Message => self.read_message(&frame.payload),
            Kind::Metadata => Err(Failure::violation(&self.peer, waiting_for, "a metadata frame")),
        }
    }

    /// Waits for the metadata of one stream.
    pub fn receive_metadata(&mut self, stream: u16, deadline: Deadline) -> Outcome<Vec<u8>> {
        let waiting_for = format!("the NIXL metadata of stream {stream}");
        let mut frame = self.receive_frame(&waiting_for, deadline, &mut || Ok(()))?;
        if frame.kind == Kind::Message {
            let message = self.read_message(&frame.payload)?;
            return Err(self.unexpected(&waiting_for, &message));
        }
        match frame.payload.first_chunk::<2>() {
            Some(number) if u16::from_be_bytes(*number) == stream => Ok(frame.payload.split_off(2)),
            _ => Err(Failure::violation(&self.peer, waiting_for, "metadata of another stream")),
        }
    }

    /// Fails if the peer has reported a failure or closed the connection. Does not wait.
    pub fn check(&mut self) -> Outcome<()> {
        self.read_available()?;
        match self.received.front() {
            Some(frame) if frame.kind == Kind::Message => {
                let payload = frame.payload.clone();
                self.read_message(&payload).map(drop)
            }
            _ => Ok(()),
        }
    }

    pub fn unexpected(&self, expected: &str, found: &Message) -> Failure {
        Failure::violation(&self.peer, expected, format!("the message {}", found.name()))
    }

    fn receive_frame(
        &mut self,
        waiting_for: &str,
        deadline: Deadline,
        check: &mut dyn FnMut() -> Outcome<()>,
    ) -> Outcome<Frame> {
        loop {
            // Also when a frame is there: a peer that never stops sending cannot hold this side past its deadline.
            deadline.check(&format!("{}, {waiting_for}", self.peer))?;
            if let Some(frame) = self.received.pop_front() {
                self.queued_bytes -= frame.payload.len();
                return Ok(frame);
            }
            self.read_available()?;
            if self.received.is_empty() {
                check()?;
                self.wait_for(libc::POLLIN, deadline.remaining().min(CHECK_INTERVAL));
            }
        }
    }

    fn read_message(&self, payload: &[u8]) -> Outcome<Message> {
        match Message::from_bytes(payload) {
            Ok(Message::Trouble(failure)) => Err(failure.reported_by(&self.peer)),
            Ok(message) => Ok(message),
            Err(error) => Err(Failure::violation(&self.peer, "a message of this protocol", error)),
        }
    }

    /// Reads what has arrived, up to a bound. Frames that arrived before a close are still delivered.
    fn read_available(&mut self) -> Outcome<()> {
        let mut bytes = [0; 64 << 10];
        while self.decode()? {
            match self.socket.read(&mut bytes) {
                Ok(0) if self.received.is_empty() => {
                    return Err(Failure::peer_gone(&self.peer, "the connection closed by the peer"));
                }
                Ok(0) => return Ok(()),
                Ok(count) => self.decoder.push(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) if !self.received.is_empty() => return Ok(()),
                Err(error) => return Err(Failure::peer_gone(&self.peer, error)),
            }
        }
        Ok(())
    }

    /// Queues the whole frames that have arrived. Returns whether there is room for more.
    fn decode(&mut self) -> Outcome<bool> {
        while self.queued_bytes < MOST_QUEUED_BYTES && self.received.len() < MOST_QUEUED_FRAMES {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => {
                    self.queued_bytes += frame.payload.len();
                    self.received.push_back(frame);
                }
                Ok(None) => return Ok(true),
                Err(violation) => {
                    return Err(Failure::violation(&self.peer, "a frame of this protocol", violation));
                }
            }
        }
        Ok(false)
    }

    fn write(&mut self, mut bytes: &[u8]) -> Outcome<()> {
        let limit = self.deadline.or_within(WRITE_LIMIT);
        while !bytes.is_empty() {
            match self.socket.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && !limit.passed() => {
                    self.wait_for(libc::POLLOUT, limit.remaining().min(CHECK_INTERVAL));
                }
                Err(_) if self.deadline.passed() => {
                    return Err(self.deadline.failure(format!("{}, taking a message", self.peer)));
                }
                Err(error) => return Err(Failure::peer_gone(&self.peer, error)),
            }
        }
        Ok(())
    }

    fn wait_for(&self, events: libc::c_short, limit: Duration) {
        let mut descriptor = libc::pollfd { fd: self.socket.as_raw_fd(), events, revents: 0 };
        let milliseconds = libc::c_int::try_from(limit.as_millis().max(1)).unwrap_or(libc::c_int::MAX);
        // SAFETY: one pollfd that lives across the call. Its result is read by the next read(2).
        unsafe { libc::poll(&mut descriptor, 1, milliseconds) };
    }
}

/// Detects within about 15 s that the peer's host is unreachable.
fn keep_alive(socket: &TcpStream) -> std::io::Result<()> {
    for (level, option, value) in [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, 5),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, 2),
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 5),
    ] {
        let value: libc::c_int = value;
        // SAFETY: an int option of the given size on a live socket.
        let status = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                level,
                option,
                (&raw const value).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        };
        if status != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}
