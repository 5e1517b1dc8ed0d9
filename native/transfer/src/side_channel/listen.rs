//! The target's listener: authenticates each caller in a thread of its own and accepts the first that proves the
//! secret. Other callers are reported as `refused` and disconnected; they cannot block the right peer.

use super::auth;
use super::channel::Channel;
use crate::deadline::Deadline;
use crate::error::{Failure, Outcome};
use crate::output;
use crate::secret::Secret;
use serde_json::json;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Maximum handshakes at once. One more caller disconnects the oldest.
const MOST_CALLERS: usize = 16;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(10);
/// Refused callers that are named in the log; further ones are counted.
const MOST_NAMED: u64 = 10;

pub struct Listener {
    socket: TcpListener,
}

impl Listener {
    pub fn open(host: &str, port: u16) -> Outcome<Self> {
        let address = format!("{host}:{port}");
        let listener = TcpListener::bind((host, port)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        match listener {
            Ok(listener) => Ok(Listener { socket: listener }),
            Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Failure::port_taken(address, error)),
            Err(error) => {
                Err(Failure::bad_option("--listen", "an address of this host", format!("{address}: {error}")))
            }
        }
    }

    /// Waits for a caller that proves the secret, then stops listening.
    pub fn admit(self, secret: &Secret, deadline: Deadline) -> Outcome<Channel> {
        let refusals = Arc::new(Refusals::default());
        let admitted = self.admit_one(secret, deadline, &refusals);
        refusals.report();
        admitted
    }

    fn admit_one(&self, secret: &Secret, deadline: Deadline, refusals: &Arc<Refusals>) -> Outcome<Channel> {
        let secret = Arc::new(secret.clone());
        let (admitted, arrivals): (Sender<TcpStream>, Receiver<TcpStream>) = channel();
        let mut callers: VecDeque<TcpStream> = VecDeque::new();
        loop {
            if let Ok(socket) = arrivals.try_recv() {
                let address = socket.peer_addr().ok();
                callers.iter().filter(|caller| caller.peer_addr().ok() != address).for_each(drop_caller);
                let peer =
                    address.map_or_else(|| "initiator".into(), |address| format!("initiator {address}"));
                return Channel::new(socket, peer, deadline);
            }
            if deadline.passed() {
                return Err(Failure::peer_absent("the initiator", "no connection that proved the secret"));
            }
            match self.socket.accept() {
                Ok((socket, address)) => {
                    let tried = try_caller(socket, address, &secret, &admitted, &mut callers, refusals);
                    if let Err(error) = tried {
                        refusals.note(address, &format!("this side cannot serve it: {error}"));
                    }
                }
                // A caller waits and there is no descriptor or memory for it: the oldest caller makes room.
                Err(error) if is_exhausted(&error) => {
                    callers.pop_front().iter().for_each(drop_caller);
                    std::thread::sleep(PAUSE);
                }
                Err(error) if is_passing(&error) => std::thread::sleep(PAUSE),
                Err(error) => return Err(Failure::system_call("accept", "the side channel", error)),
            }
        }
    }
}

/// Starts the handshake with a caller in a thread of its own.
fn try_caller(
    socket: TcpStream,
    address: SocketAddr,
    secret: &Arc<Secret>,
    admitted: &Sender<TcpStream>,
    callers: &mut VecDeque<TcpStream>,
    refusals: &Arc<Refusals>,
) -> std::io::Result<()> {
    socket.set_nonblocking(false)?;
    callers.push_back(socket.try_clone()?);
    if callers.len() > MOST_CALLERS {
        callers.pop_front().iter().for_each(drop_caller);
    }
    let (secret, admitted, refusals) = (Arc::clone(secret), admitted.clone(), Arc::clone(refusals));
    let handshake = move || match auth::admit(&socket, &secret, Deadline::after(HANDSHAKE_LIMIT)) {
        // The receiver is gone when another caller was faster: this one is dropped with its socket.
        Ok(()) => drop(admitted.send(socket)),
        Err(refusal) => {
            drop_caller(&socket);
            refusals.note(address, &refusal.to_string());
        }
    };
    std::thread::Builder::new().name("handshake".into()).spawn(handshake).map(drop)
}

/// The callers that were refused. The log names the first ones only, so that strangers cannot fill it.
#[derive(Default)]
struct Refusals(AtomicU64);

impl Refusals {
    fn note(&self, address: SocketAddr, reason: &str) {
        if self.0.fetch_add(1, Ordering::Relaxed) < MOST_NAMED {
            output::event("refused", json!({ "peer": address.to_string(), "reason": reason }));
        }
    }

    fn report(&self) {
        let count = self.0.load(Ordering::Relaxed);
        if count > MOST_NAMED {
            output::event("refused_more", json!({ "not_named": count - MOST_NAMED }));
        }
    }
}

/// Shuts down every copy of the socket, which also ends a handshake that reads from it.
fn drop_caller(socket: &TcpStream) {
    // An error means that the connection is already closed.
    let _ = socket.shutdown(Shutdown::Both);
}

fn is_passing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted)
}

/// No descriptor or memory is left for one more caller.
fn is_exhausted(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}
