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
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Maximum handshakes at once. One more caller disconnects the oldest.
const MOST_CALLERS: usize = 16;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(10);

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
        let secret = Arc::new(secret.clone());
        let (admitted, arrivals): (Sender<TcpStream>, Receiver<TcpStream>) = channel();
        let mut callers: VecDeque<TcpStream> = VecDeque::new();
        loop {
            if let Ok(socket) = arrivals.try_recv() {
                let address = socket.peer_addr().ok();
                callers.iter().filter(|caller| caller.peer_addr().ok() != address).for_each(drop_caller);
                let peer =
                    address.map_or_else(|| "initiator".into(), |address| format!("initiator {address}"));
                return Channel::new(socket, peer);
            }
            if deadline.passed() {
                return Err(Failure::peer_absent("the initiator", "no connection that proved the secret"));
            }
            match self.socket.accept() {
                Ok((socket, address)) => {
                    self.try_caller(socket, address, &secret, &admitted, &mut callers)?
                }
                Err(error) if is_passing(&error) => std::thread::sleep(PAUSE),
                Err(error) => return Err(Failure::system_call("accept", "the side channel", error)),
            }
        }
    }

    fn try_caller(
        &self,
        socket: TcpStream,
        address: SocketAddr,
        secret: &Arc<Secret>,
        admitted: &Sender<TcpStream>,
        callers: &mut VecDeque<TcpStream>,
    ) -> Outcome<()> {
        let failed = |error| Failure::system_call("accept", format!("caller {address}"), error);
        socket.set_nonblocking(false).map_err(failed)?;
        callers.push_back(socket.try_clone().map_err(failed)?);
        if callers.len() > MOST_CALLERS {
            callers.pop_front().iter().for_each(drop_caller);
        }
        let (secret, admitted) = (Arc::clone(secret), admitted.clone());
        let handshake = move || match auth::admit(&socket, &secret, Deadline::after(HANDSHAKE_LIMIT)) {
            // The send fails when another caller was accepted first; the socket is then closed.
            Ok(()) => drop(admitted.send(socket)),
            Err(refusal) => {
                drop_caller(&socket);
                output::event(
                    "refused",
                    json!({ "peer": address.to_string(), "reason": refusal.to_string() }),
                );
            }
        };
        std::thread::Builder::new().name("handshake".into()).spawn(handshake).map(drop).map_err(failed)
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
