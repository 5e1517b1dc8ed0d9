//! The link state of the NICs of a run, as the kernel reports it. NIXL waits without end on a link that is down, so
//! the run checks it here.

use super::{Kind, Nic, RDMA_CLASS};
use crate::error::{Failure, Outcome};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// The kernel reports a new carrier up to a second late.
const BRING_UP: Duration = Duration::from_secs(3);

/// The NICs of this side's streams, each with the streams that use it.
pub struct LinkMonitor {
    socket: OwnedFd,
    host: String,
    nics: Vec<(Nic, String)>,
}

impl LinkMonitor {
    /// Monitors the NICs of `assigned`, one list a stream.
    pub fn over(host: &str, assigned: &[Vec<Nic>]) -> Outcome<Self> {
        let mut nics: Vec<(Nic, Vec<String>)> = Vec::new();
        for (stream, rails) in assigned.iter().enumerate() {
            for nic in rails {
                match nics.iter_mut().find(|(known, _)| known == nic) {
                    Some((_, streams)) => streams.push(stream.to_string()),
                    None => nics.push((nic.clone(), vec![stream.to_string()])),
                }
            }
        }
        let named = nics.into_iter().map(|(nic, streams)| (nic, format!("stream {}", streams.join(", "))));
        Ok(LinkMonitor { socket: control_socket()?, host: host.to_owned(), nics: named.collect() })
    }

    /// Waits up to 3 s for links that were just brought up, then fails as `check` does.
    pub fn await_up(&self) -> Outcome<()> {
        let until = Instant::now() + BRING_UP;
        loop {
            match self.check() {
                Err(_) if Instant::now() < until => std::thread::sleep(BRING_UP / 100),
                state => return state,
            }
        }
    }

    /// Fails with LINK_DOWN for the first NIC whose link is not up.
    pub fn check(&self) -> Outcome<()> {
        self.nics.iter().try_for_each(|(nic, streams)| match self.state(nic) {
            Ok(()) => Ok(()),
            Err(found) => Err(Failure::link_down(&self.host, &nic.name, streams, found)),
        })
    }

    fn state(&self, nic: &Nic) -> Result<(), String> {
        match nic.kind {
            Kind::Interface => interface_state(&self.socket, &nic.name),
            Kind::Rdma => rdma_state(&nic.name),
        }
    }
}

/// A socket for ioctls on interfaces.
pub fn control_socket() -> Outcome<OwnedFd> {
    // SAFETY: socket(2) takes numbers only.
    let descriptor = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if descriptor < 0 {
        return Err(Failure::system_call("socket", "the link monitor", std::io::Error::last_os_error()));
    }
    // SAFETY: a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn interface_state(socket: &OwnedFd, name: &str) -> Result<(), String> {
    let flags = interface_flags(socket, name)?;
    let (up, running) = (flags & libc::IFF_UP != 0, flags & libc::IFF_RUNNING != 0);
    match (up, running) {
        (true, true) => Ok(()),
        (true, false) => Err("the interface without carrier".into()),
        (false, _) => Err("the interface down".into()),
    }
}

fn interface_flags(socket: &OwnedFd, name: &str) -> Result<i32, String> {
    let mut request = interface_request(name)?;
    // SAFETY: the kernel reads the name, ended by NUL, and writes the flags into the same ifreq.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS as _, &mut request) };
    if status != 0 {
        return Err(format!("the interface gone ({})", std::io::Error::last_os_error()));
    }
    // SAFETY: SIOCGIFFLAGS fills exactly this member of the union.
    Ok(i32::from(unsafe { request.ifr_ifru.ifru_flags }))
}

/// The request of an interface ioctl with the name filled in.
pub fn interface_request(name: &str) -> Result<libc::ifreq, String> {
    // SAFETY: ifreq is plain data, for which zeroes are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err("no interface with so long a name".into());
    }
    for (slot, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *slot = byte as libc::c_char;
    }
    Ok(request)
}

fn rdma_state(name: &str) -> Result<(), String> {
    let path = format!("{RDMA_CLASS}/{name}/ports/1/state");
    match std::fs::read_to_string(&path) {
        Ok(state) if state.contains("ACTIVE") => Ok(()),
        Ok(state) => Err(format!("port state {}", state.trim())),
        Err(error) => Err(format!("no port state ({error})")),
    }
}
