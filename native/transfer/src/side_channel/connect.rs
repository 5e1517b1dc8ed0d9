//! The initiator's connection to the target: retries until the deadline, since the target may start later, then
//! authenticates. Fails with PEER_ABSENT or AUTH_FAILED.

use super::auth::{self, Refusal};
use super::channel::Channel;
use crate::deadline::Deadline;
use crate::error::{Failure, Outcome};
use crate::secret::Secret;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

pub fn connect(host: &str, port: u16, secret: &Secret, deadline: Deadline) -> Outcome<Channel> {
    let peer = format!("target {host}:{port}");
    let mut last = String::from("no attempt");
    while !deadline.passed() {
        match attempt(host, port, deadline) {
            Ok(socket) => match auth::apply(&socket, secret, deadline) {
                Ok(()) => return Channel::new(socket, peer, deadline),
                Err(refusal @ Refusal::Unproved(_)) => return Err(Failure::auth_failed(peer, refusal)),
                // A target that serves another initiator or is ending closes the connection; a later attempt may succeed.
                Err(refusal @ Refusal::Broken(_)) => last = refusal.to_string(),
            },
            Err(error) => last = error.to_string(),
        }
        std::thread::sleep(PAUSE.min(deadline.remaining()));
    }
    Err(Failure::peer_absent(peer, last))
}

fn attempt(host: &str, port: u16, deadline: Deadline) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        let limit = deadline.remaining().clamp(Duration::from_millis(1), ATTEMPT_LIMIT);
        match TcpStream::connect_timeout(&address, limit) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}
