//! RDMA statistics of a device's port by netlink, as `rdma statistic show link` prints them. A pod can read them where
//! sysfs has no counters: in the RDMA subsystem's shared network namespace mode, the kernel's default, sysfs shows
//! counters in the first namespace only. They need no capability.
//!
//! The protocol is that of include/uapi/rdma/rdma_netlink.h; the names of the counters are the drivers' own.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const NETLINK_RDMA: i32 = 20;
const CLIENT_NLDEV: u16 = 5;
const COMMAND_GET: u16 = 1;
const COMMAND_STAT_GET: u16 = 17;
const FLAG_REQUEST: u16 = 1;
const FLAG_DUMP: u16 = 0x300;
const TYPE_ERROR: u16 = 2;
const TYPE_DONE: u16 = 3;
const ATTRIBUTE_DEVICE_INDEX: u16 = 1;
const ATTRIBUTE_DEVICE_NAME: u16 = 2;
const ATTRIBUTE_PORT_INDEX: u16 = 3;
const ATTRIBUTE_COUNTERS: u16 = 80;
const ATTRIBUTE_COUNTER_NAME: u16 = 82;
const ATTRIBUTE_COUNTER_VALUE: u16 = 83;
/// Without the flag for nested attributes.
const ATTRIBUTE_TYPE: u16 = 0x3fff;
const HEADER_BYTES: usize = 16;
const ANSWER_BYTES: usize = 64 * 1024;

/// Bytes sent and received as drivers call them, as sums: Soft-RoCE; EFA and bnxt_re; mlx5, whose optional counters an
/// administrator must enable; irdma.
const BYTE_COUNTERS: [(&[&str], &[&str]); 4] = [
    (&["sent_bytes"], &["rcvd_bytes"]),
    (&["tx_bytes"], &["rx_bytes"]),
    (&["rdma_tx_bytes"], &["rdma_rx_bytes"]),
    (&["ip4OutOctets", "ip6OutOctets"], &["ip4InOctets", "ip6InOctets"]),
];

/// Bytes sent and received by port 1 of a device; none where the kernel or the driver counts none.
pub fn bytes(device: &str) -> Option<(u64, u64)> {
    bytes_in(&of_port(device, 1)?)
}

fn bytes_in(counters: &[(String, u64)]) -> Option<(u64, u64)> {
    let value = |wanted: &str| counters.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let sum = |names: &[&str]| names.iter().filter_map(|name| value(name)).reduce(u64::wrapping_add);
    BYTE_COUNTERS.iter().find_map(|(sent, received)| Some((sum(sent)?, sum(received)?)))
}

/// Every counter of a port, by name.
pub fn of_port(device: &str, port: u32) -> Option<Vec<(String, u64)>> {
    let socket = open()?;
    let devices = ask(&socket, COMMAND_GET, FLAG_DUMP, &[])?;
    let index = devices.iter().find_map(|message| device_index(message, device))?;
    let arguments =
        [attribute(ATTRIBUTE_DEVICE_INDEX, index), attribute(ATTRIBUTE_PORT_INDEX, port)].concat();
    let answer = ask(&socket, COMMAND_STAT_GET, 0, &arguments)?;
    Some(answer.iter().flat_map(|message| counters(message)).collect())
}

fn device_index(message: &[u8], device: &str) -> Option<u32> {
    let all: Vec<(u16, &[u8])> = attributes(message).collect();
    let value = |wanted: u16| all.iter().find(|(kind, _)| *kind == wanted).map(|(_, value)| *value);
    let name = value(ATTRIBUTE_DEVICE_NAME)?.strip_suffix(&[0])?;
    if name != device.as_bytes() {
        return None;
    }
    Some(u32::from_ne_bytes(value(ATTRIBUTE_DEVICE_INDEX)?.try_into().ok()?))
}

fn counters(message: &[u8]) -> Vec<(String, u64)> {
    let table = attributes(message).filter(|(kind, _)| *kind == ATTRIBUTE_COUNTERS);
    table.flat_map(|(_, entries)| attributes(entries)).filter_map(|(_, entry)| counter(entry)).collect()
}

fn counter(entry: &[u8]) -> Option<(String, u64)> {
    let value = |wanted: u16| attributes(entry).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    let name = value(ATTRIBUTE_COUNTER_NAME)?.strip_suffix(&[0])?;
    let count = u64::from_ne_bytes(value(ATTRIBUTE_COUNTER_VALUE)?.try_into().ok()?);
    Some((String::from_utf8(name.to_vec()).ok()?, count))
}

fn open() -> Option<OwnedFd> {
    // SAFETY: socket(2) takes numbers only.
    let descriptor =
        unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, NETLINK_RDMA) };
    // SAFETY: a new descriptor that nobody else owns.
    (descriptor >= 0).then(|| unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// The payloads of all messages of an answer; none where the kernel refused.
fn ask(socket: &OwnedFd, command: u16, flags: u16, arguments: &[u8]) -> Option<Vec<Vec<u8>>> {
    let request = message((CLIENT_NLDEV << 10) + command, FLAG_REQUEST | flags, arguments);
    // SAFETY: the kernel reads the given bytes only.
    let sent = unsafe { libc::send(socket.as_raw_fd(), request.as_ptr().cast(), request.len(), 0) };
    if sent < 0 {
        return None;
    }
    let mut payloads = Vec::new();
    loop {
        let mut buffer = vec![0u8; ANSWER_BYTES];
        // SAFETY: the kernel writes at most the given length into the buffer.
        let count = unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) };
        buffer.truncate(usize::try_from(count).ok()?);
        for (kind, payload) in messages(&buffer) {
            match kind {
                TYPE_ERROR => return None,
                TYPE_DONE => return Some(payloads),
                _ => payloads.push(payload.to_vec()),
            }
        }
        // Only a dump ends with a message of its own.
        if flags & FLAG_DUMP == 0 || buffer.is_empty() {
            return Some(payloads);
        }
    }
}

fn message(kind: u16, flags: u16, arguments: &[u8]) -> Vec<u8> {
    let length = (HEADER_BYTES + arguments.len()) as u32;
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    // Sequence number and port, which only tell several requests apart.
    bytes.extend([0; 8]);
    bytes.extend(arguments);
    bytes
}

fn attribute(kind: u16, value: u32) -> Vec<u8> {
    [&8u16.to_ne_bytes()[..], &kind.to_ne_bytes(), &value.to_ne_bytes()].concat()
}

/// Type and payload of each message of a datagram.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
        let payload = bytes.get(HEADER_BYTES..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some((kind, payload))
    })
}

/// Type and value of each attribute.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?) & ATTRIBUTE_TYPE;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// Messages and attributes begin at multiples of 4 bytes.
fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend((kind | 0x8000).to_ne_bytes());
        bytes.extend(value);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    #[test]
    fn the_kernel_answers_for_an_unknown_device_with_none() {
        assert_eq!(bytes("no-such-device"), None);
    }

    #[test]
    fn counters_are_read_by_name() {
        let entry = |name: &[u8], value: u64| {
            let parts =
                [nested(ATTRIBUTE_COUNTER_NAME, name), nested(ATTRIBUTE_COUNTER_VALUE, &value.to_ne_bytes())];
            nested(81, &parts.concat())
        };
        let table =
            nested(ATTRIBUTE_COUNTERS, &[entry(b"sent_pkts\0", 2), entry(b"sent_bytes\0", 1 << 40)].concat());
        let payload = [attribute(ATTRIBUTE_DEVICE_INDEX, 0), table].concat();
        assert_eq!(counters(&payload), [("sent_pkts".to_owned(), 2), ("sent_bytes".to_owned(), 1 << 40)]);
    }

    #[test]
    fn each_driver_has_its_own_names() {
        let sample = |text: &str| -> Vec<(String, u64)> {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].parse().unwrap())).collect()
        };
        for (statistics, expected) in [
            ("sent_pkts 4 sent_bytes 900 rcvd_bytes 30", Some((900, 30))),
            ("tx_bytes 7890 tx_pkts 500 rx_bytes 3456 rx_drops 7", Some((7890, 3456))),
            ("rx_write_requests 12 out_of_sequence 0 packet_seq_err 0", None),
            ("rx_write_requests 12 rdma_tx_bytes 70 rdma_rx_bytes 80", Some((70, 80))),
            ("ip4InOctets 5 ip6InOctets 6 ip4OutOctets 7 ip6OutOctets 8", Some((15, 11))),
        ] {
            assert_eq!(bytes_in(&sample(statistics)), expected, "{statistics}");
        }
    }

    #[test]
    fn a_length_beyond_the_end_ends_the_list() {
        assert_eq!(attributes(&[255, 0, 1, 0, 7]).count(), 0);
        assert_eq!(attributes(&[0, 0, 1, 0]).count(), 0);
        assert_eq!(messages(&message(1, 0, &[])[..10]).count(), 0);
    }
}
