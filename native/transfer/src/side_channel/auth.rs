//! The handshake: fixed-size binary frames by which each side proves to the other that it knows the run's secret, the
//! initiator first. No message is parsed before it has succeeded.
//!
//! ```text
//! target    -> initiator   magic, nonce_t
//! initiator -> target      magic, nonce_i, HMAC(secret, "initiator" nonce_t nonce_i)
//! target    -> initiator   magic, HMAC(secret, "target" nonce_t nonce_i), or zeroes: refused
//! ```

use crate::deadline::Deadline;
use crate::secret::Secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const MAGIC: &[u8; 8] = b"ccxfer/1";
const NONCE_BYTES: usize = 32;
const PROOF_BYTES: usize = 32;

type Nonce = [u8; NONCE_BYTES];
type Proof = [u8; PROOF_BYTES];

/// Why a connection was refused.
#[derive(Debug)]
pub enum Refusal {
    /// The peer does not know the secret, or does not speak this protocol.
    Unproved(&'static str),
    /// The connection ended or was too slow.
    Broken(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::Broken(error)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Refusal::Unproved(reason) => formatter.write_str(reason),
            Refusal::Broken(error) => write!(formatter, "no handshake: {error}"),
        }
    }
}

/// The target's part of the handshake.
pub fn admit(socket: &TcpStream, secret: &Secret, deadline: Deadline) -> Result<(), Refusal> {
    let mut wire = Wire { socket, deadline };
    let ours = nonce()?;
    wire.send(&[MAGIC, &ours[..]].concat())?;
    let theirs: Nonce = {
        wire.expect_magic()?;
        wire.receive()?
    };
    let proof: Proof = wire.receive()?;
    if mac(secret, b"initiator", &ours, &theirs).verify_slice(&proof).is_err() {
        wire.send(&[MAGIC, &[0; PROOF_BYTES][..]].concat())?;
        return Err(Refusal::Unproved("a proof made with another secret"));
    }
    let answer = mac(secret, b"target", &ours, &theirs).finalize().into_bytes();
    wire.send(&[MAGIC, &answer[..]].concat())?;
    Ok(())
}

/// The initiator's part of the handshake.
pub fn apply(socket: &TcpStream, secret: &Secret, deadline: Deadline) -> Result<(), Refusal> {
    let mut wire = Wire { socket, deadline };
    wire.expect_magic()?;
    let theirs: Nonce = wire.receive()?;
    let ours = nonce()?;
    let proof = mac(secret, b"initiator", &theirs, &ours).finalize().into_bytes();
    wire.send(&[MAGIC, &ours[..], &proof[..]].concat())?;
    wire.expect_magic()?;
    let answer: Proof = wire.receive()?;
    if answer == [0; PROOF_BYTES] {
        return Err(Refusal::Unproved("a target that refused our proof"));
    }
    mac(secret, b"target", &theirs, &ours)
        .verify_slice(&answer)
        .map_err(|_| Refusal::Unproved("a target that does not know the secret"))
}

fn nonce() -> io::Result<Nonce> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(io::Error::other)?;
    Ok(nonce)
}

fn mac(secret: &Secret, role: &[u8], of_target: &Nonce, of_initiator: &Nonce) -> Hmac<Sha256> {
    let mut mac = secret.hmac();
    for part in [MAGIC, role, &[0], of_target, of_initiator] {
        mac.update(part);
    }
    mac
}

/// A socket whose reads and writes end by the deadline, however slowly the peer sends.
struct Wire<'a> {
    socket: &'a TcpStream,
    deadline: Deadline,
}

impl Wire<'_> {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.set_write_timeout(Some(self.time_left()?))?;
        self.socket.write_all(bytes)
    }

    fn receive<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        let mut filled = 0;
        while filled < N {
            self.socket.set_read_timeout(Some(self.time_left()?))?;
            match self.socket.read(&mut bytes[filled..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        Ok(bytes)
    }

    fn expect_magic(&mut self) -> Result<(), Refusal> {
        let magic: [u8; 8] = self.receive()?;
        if &magic == MAGIC { Ok(()) } else { Err(Refusal::Unproved("bytes of another protocol")) }
    }

    fn time_left(&self) -> io::Result<Duration> {
        match self.deadline.remaining() {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}
