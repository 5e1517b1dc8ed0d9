//! Management datagrams (MADs) by the kernel's umad devices, as include/uapi/rdma/ib_user_mad.h defines them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::Ipv6Addr;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

pub const MAD_BYTES: usize = 256;
const HEADER_BYTES: usize = 64;
/// `IB_USER_MAD_REGISTER_AGENT`, whose argument has 28 bytes.
const REGISTER_AGENT: libc::c_ulong = 0xc01c_1b01;
/// `IB_USER_MAD_ENABLE_PKEY`: the header of 64 bytes, with the index of a partition key.
const ENABLE_PKEY: libc::c_ulong = 0x1b03;
/// The queue pair of general services, and its well-known key.
const GENERAL_SERVICES: u32 = 1;
const GENERAL_SERVICES_KEY: u32 = 0x8001_0000;
/// Of the time a request may take. The kernel repeats one that is not answered.
const RETRIES: u32 = 2;

/// The port that a request goes to.
#[derive(Debug, Clone, Copy)]
pub enum Destination {
    /// In the subnet of an InfiniBand port.
    Lid(u16),
    /// From a GID of the own port, by its index. Ethernet has no other way.
    Gid { address: Ipv6Addr, own_index: u8 },
}

/// A MAD with its address: the port that it goes to, or came from.
pub struct Datagram {
    header: [u8; HEADER_BYTES],
    pub mad: [u8; MAD_BYTES],
}

impl Datagram {
    pub fn to(destination: Destination, mad: [u8; MAD_BYTES]) -> Datagram {
        let mut header = [0; HEADER_BYTES];
        header[20..24].copy_from_slice(&GENERAL_SERVICES.to_be_bytes());
        match destination {
            Destination::Lid(lid) => header[28..30].copy_from_slice(&lid.to_be_bytes()),
            Destination::Gid { address, own_index } => {
                header[32] = 1;
                header[33] = own_index;
                header[34] = 64;
                header[36..52].copy_from_slice(&address.octets());
            }
        }
        Datagram { header, mad }
    }
}

/// The right to send MADs of one class from a port, and to receive the answers.
pub struct Agent {
    file: File,
    id: u32,
}

impl Agent {
    /// Opens a umad device. `methods` are those whose requests the agent receives; a class has one such agent a port.
    pub fn open(umad: &Path, class: u8, class_version: u8, methods: &[u8]) -> io::Result<Agent> {
        let file = OpenOptions::new().read(true).write(true).open(umad)?;
        control(&file, ENABLE_PKEY, std::ptr::null_mut())?;
        let mut argument = [0u8; 28];
        let mask = methods.iter().fold(0u128, |mask, method| mask | 1 << (method & 0x7f));
        argument[4..20].copy_from_slice(&mask.to_ne_bytes());
        argument[20] = GENERAL_SERVICES as u8;
        argument[21] = class;
        argument[22] = class_version;
        control(&file, REGISTER_AGENT, argument.as_mut_ptr())?;
        Ok(Agent { file, id: u32_at(&argument, 0) })
    }

    /// Sends a request that is to be answered within `limit`, or an answer, which has no limit.
    pub fn send(&self, datagram: &Datagram, limit: Option<Duration>) -> io::Result<()> {
        let mut bytes = [0; HEADER_BYTES + MAD_BYTES];
        let once = limit.map_or(0, |limit| limit.as_millis() as u32 / (RETRIES + 1));
        bytes[..HEADER_BYTES].copy_from_slice(&datagram.header);
        bytes[..4].copy_from_slice(&self.id.to_ne_bytes());
        bytes[8..12].copy_from_slice(&once.to_ne_bytes());
        bytes[12..16].copy_from_slice(&RETRIES.to_ne_bytes());
        bytes[24..28].copy_from_slice(&GENERAL_SERVICES_KEY.to_be_bytes());
        bytes[HEADER_BYTES..].copy_from_slice(&datagram.mad);
        (&self.file).write_all(&bytes)
    }

    /// The answer to a request. Fails with `TimedOut` where none came within `limit`.
    pub fn ask(&self, request: &Datagram, limit: Duration) -> io::Result<[u8; MAD_BYTES]> {
        let end = Instant::now() + limit;
        self.send(request, Some(limit))?;
        Ok(self.receive(end.saturating_duration_since(Instant::now()))?.mad)
    }

    /// Waits for a request or an answer. Fails with `TimedOut` where none came within `limit`, or where the kernel reports that a
    /// request of this agent was not answered.
    pub fn receive(&self, limit: Duration) -> io::Result<Datagram> {
        self.await_readable(limit)?;
        let mut bytes = [0; HEADER_BYTES + MAD_BYTES];
        let length = (&self.file).read(&mut bytes)?;
        match u32_at(&bytes, 4) {
            0 if length == bytes.len() => {
                let (mut header, mut mad) = ([0; HEADER_BYTES], [0; MAD_BYTES]);
                header.copy_from_slice(&bytes[..HEADER_BYTES]);
                mad.copy_from_slice(&bytes[HEADER_BYTES..]);
                Ok(Datagram { header, mad })
            }
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            status => Err(io::Error::from_raw_os_error(status as i32)),
        }
    }

    fn await_readable(&self, limit: Duration) -> io::Result<()> {
        let end = Instant::now() + limit;
        let mut descriptor = libc::pollfd { fd: self.file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        loop {
            let remaining = end.saturating_duration_since(Instant::now()).as_millis();
            let milliseconds = libc::c_int::try_from(remaining).unwrap_or(libc::c_int::MAX);
            // SAFETY: one pollfd that lives across the call.
            match unsafe { libc::poll(&mut descriptor, 1, milliseconds) } {
                1 => return Ok(()),
                0 => return Err(io::ErrorKind::TimedOut.into()),
                _ => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Err(error);
                    }
                }
            }
        }
    }
}

fn control(file: &File, request: libc::c_ulong, argument: *mut u8) -> io::Result<()> {
    // SAFETY: the descriptor is open; each request gets the argument that the kernel expects for it, or ignores it.
    let status = unsafe { libc::ioctl(file.as_raw_fd(), request as _, argument) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    let mut value = [0; 4];
    value.copy_from_slice(&bytes[offset..offset + 4]);
    u32::from_ne_bytes(value)
}
