//! A raw socket on one interface that receives and sends whole frames with their offload metadata. Frames arrive in a
//! ring shared with the kernel, whose size an ordinary user may choose freely.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// A slot holds the largest frame that segmentation offload produces, with its headers.
const SLOT_BYTES: usize = 17 * 4096;
const SLOTS: usize = 256;
const RING_BYTES: usize = SLOT_BYTES * SLOTS;
/// `struct virtio_net_hdr`: the offloads that the frame still needs (checksum, segmentation).
const OFFLOAD_BYTES: usize = 10;
const OFFLOAD_NEEDS_CHECKSUM: u8 = 1;

// linux/if_packet.h: struct tpacket2_hdr
const STATUS_OF_USER: u32 = 1;
const LENGTH_AT: usize = 4;
const CAPTURED_AT: usize = 8;
const FRAME_AT: usize = 12;

pub struct Frame {
    offload: [u8; OFFLOAD_BYTES],
    pub bytes: Vec<u8>,
}

impl Frame {
    /// Whether the sender left the checksum to the hardware, so that it will not be verified.
    pub fn is_unchecked(&self) -> bool {
        self.offload[0] & OFFLOAD_NEEDS_CHECKSUM != 0
    }
}

pub struct PacketSocket {
    socket: OwnedFd,
    ring: NonNull<u8>,
    next: usize,
}

// SAFETY: the ring belongs to this socket alone, and is used through `&mut self` only.
unsafe impl Send for PacketSocket {}

impl PacketSocket {
    /// Receives everything that arrives on the interface, and nothing that leaves it.
    pub fn open(interface: u32) -> io::Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: takes numbers, gives a new descriptor or -1. Protocol 0 receives nothing yet.
        let fd = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: checked above, and owned by nobody else.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        set(&socket, libc::PACKET_VERSION, &libc::tpacket_versions::TPACKET_V2)?;
        set(&socket, libc::PACKET_VNET_HDR, &1i32)?;
        set(&socket, libc::PACKET_IGNORE_OUTGOING, &1i32)?;
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let ring = libc::tpacket_req {
            tp_block_size: number(SLOT_BYTES),
            tp_block_nr: number(SLOTS),
            tp_frame_size: number(SLOT_BYTES),
            tp_frame_nr: number(SLOTS),
        };
        set(&socket, libc::PACKET_RX_RING, &ring)?;
        let ring = map(&socket)?;
        let this = Self { socket, ring, next: 0 };
        this.listen(interface)?;
        Ok(this)
    }

    fn listen(&self, interface: u32) -> io::Result<()> {
        // SAFETY: sockaddr_ll is plain numbers, for which zero is valid.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = interface.cast_signed();
        let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the pointer and length describe `address`.
        match unsafe { libc::bind(self.socket.as_raw_fd(), (&raw const address).cast(), length) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The next frame, or none yet. A frame that does not fit the ring is returned as `Some(None)`.
    pub fn receive(&mut self) -> Option<Option<Frame>> {
        // SAFETY: `next` is below SLOTS, so the slot lies within the mapped ring.
        let slot = unsafe { self.ring.add(self.next * SLOT_BYTES) };
        // SAFETY: a slot starts with its status, aligned, which kernel and process hand over through it.
        let status = unsafe { slot.cast::<AtomicU32>().as_ref() };
        if status.load(Ordering::Acquire) & STATUS_OF_USER == 0 {
            return None;
        }
        // SAFETY: the kernel leaves the slot alone until its status is given back below.
        let frame = read(unsafe { std::slice::from_raw_parts(slot.as_ptr(), SLOT_BYTES) });
        status.store(0, Ordering::Release);
        self.next = (self.next + 1) % SLOTS;
        Some(frame)
    }

    /// Sends a frame; false if it must wait. Frames are lost while the link is down.
    pub fn send(&self, frame: &Frame) -> io::Result<bool> {
        let parts = [io::IoSlice::new(&frame.offload), io::IoSlice::new(&frame.bytes)];
        // SAFETY: IoSlice has the layout of iovec, and both parts outlive the call.
        let sent = unsafe { libc::writev(self.socket.as_raw_fd(), parts.as_ptr().cast(), 2) };
        if sent >= 0 {
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::ENOBUFS | libc::EINTR) => Ok(false),
            Some(libc::ENETDOWN | libc::ENXIO | libc::EMSGSIZE | libc::EINVAL) => Ok(true),
            _ => Err(error),
        }
    }

    /// Clears the error that a link going down leaves on the socket, which would keep it ready without end.
    pub fn clear_error(&self) {
        let mut error = 0i32;
        let mut length = size_of::<i32>() as libc::socklen_t;
        let fd = self.socket.as_raw_fd();
        // SAFETY: the pointers describe `error`. Reading the error is what clears it.
        unsafe {
            libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ERROR, (&raw mut error).cast(), &raw mut length)
        };
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for PacketSocket {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this size, and not used after this.
        let _ = unsafe { nix::sys::mman::munmap(self.ring.cast(), RING_BYTES) };
    }
}

/// The frame in a slot; `None` if it was truncated.
fn read(slot: &[u8]) -> Option<Frame> {
    let number = |at: usize| slot[at..at + 4].try_into().map_or(0, u32::from_ne_bytes) as usize;
    let start = usize::from(u16::from_ne_bytes([slot[FRAME_AT], slot[FRAME_AT + 1]]));
    let length = number(LENGTH_AT);
    if number(CAPTURED_AT) < length {
        return None;
    }
    let offload = slot.get(start.checked_sub(OFFLOAD_BYTES)?..start)?.try_into().ok()?;
    Some(Frame { offload, bytes: slot.get(start..start + length)?.to_vec() })
}

fn set<T>(socket: &OwnedFd, option: libc::c_int, value: &T) -> io::Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    let value: *const T = value;
    // SAFETY: pointer and length describe `value`, of the type that the option takes.
    match unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, option, value.cast(), length) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn map(socket: &OwnedFd) -> io::Result<NonNull<u8>> {
    use nix::sys::mman::{MapFlags, ProtFlags, mmap};
    let length = NonZeroUsize::new(RING_BYTES).ok_or(io::ErrorKind::InvalidInput)?;
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping of the ring that the socket has just been given.
    Ok(unsafe { mmap(None, length, access, MapFlags::MAP_SHARED, socket, 0) }?.cast())
}
