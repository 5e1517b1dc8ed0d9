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
/// A peer that accepts no bytes for this long is PEER_GONE.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

pub struct Channel {
    socket: TcpStream,
    decoder: Decoder,
    received: VecDeque<Frame>,
    peer: String,
}

impl Channel {
    /// Wraps an authenticated socket. `peer` names the other side in errors.
    pub fn new(socket: TcpStream, peer: String) -> Outcome<Self> {
        let prepared = socket
            .set_nodelay(true)
            .and_then(|()| socket.set_read_timeout(None))
            .and_then(|()| socket.set_write_timeout(Some(WRITE_LIMIT)))
            .and_then(|()| keep_alive(&socket))
            .and_then(|()| socket.set_nonblocking(true));
        prepared.map_err(|error| Failure::system_call("setsockopt", &peer, error))?;
        Ok(Channel { socket, decoder: Decoder::default(), received: VecDeque::new(), peer })
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
        let _ = self.send(&Message::Trouble(Box::new(failure.clone())));
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
            if let Some(frame) = self.received.pop_front() {
                return Ok(frame);
            }
            self.read_available()?;
            if self.received.is_empty() {
                check()?;
                deadline.check(&format!("{}, {waiting_for}", self.peer))?;
                self.wait_readable(deadline.remaining().min(CHECK_INTERVAL));
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

    /// Reads what has arrived. Frames that arrived before a close are still delivered.
    fn read_available(&mut self) -> Outcome<()> {
        let mut bytes = [0; 64 << 10];
        loop {
            match self.socket.read(&mut bytes) {
                Ok(0) if self.received.is_empty() => {
                    return Err(Failure::peer_gone(&self.peer, "the connection closed by the peer"));
                }
                Ok(0) => return Ok(()),
                Ok(count) => self.decode(&bytes[..count])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) if !self.received.is_empty() => return Ok(()),
                Err(error) => return Err(Failure::peer_gone(&self.peer, error)),
            }
        }
    }

    fn decode(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.decoder.push(bytes);
        loop {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => self.received.push_back(frame),
                Ok(None) => return Ok(()),
                Err(violation) => {
                    return Err(Failure::violation(&self.peer, "a frame of this protocol", violation));
                }
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Outcome<()> {
        // The socket's write timeout applies to blocking writes only.
        let written = self
            .socket
            .set_nonblocking(false)
            .and_then(|()| self.socket.write_all(bytes))
            .and_then(|()| self.socket.set_nonblocking(true));
        written.map_err(|error| Failure::peer_gone(&self.peer, error))
    }

    fn wait_readable(&self, limit: Duration) {
        let mut descriptor = libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
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
