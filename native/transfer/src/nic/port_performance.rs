//! Bytes that an InfiniBand port has sent and received, by the counters that it answers to a MAD of the performance
//! management class, as `perfquery -x` prints them. It needs the port's umad device, and works where sysfs shows no
//! counters and no interface has any. The layout is that of the InfiniBand specification, volume 1, section 16.1.

use super::RDMA_CLASS;
use crate::rdma::char_device;
use crate::rdma::user_mad::{Agent, Datagram, Destination, MAD_BYTES};
use crate::sysfs;
use std::io;
use std::path::Path;
use std::time::Duration;

const BASE_VERSION: u8 = 1;
const CLASS: u8 = 0x04;
const CLASS_VERSION: u8 = 1;
const GET: u8 = 0x01;
const RESPONSE: u8 = 0x80;
const PORT_COUNTERS_EXTENDED: u16 = 0x001d;
/// Where the attribute begins in a MAD of this class.
const ATTRIBUTE: usize = 64;
/// `PortXmitData` and `PortRcvData` count words of 4 bytes.
const UNIT: u64 = 4;
const LIMIT: Duration = Duration::from_millis(1500);

/// Sums over a device's InfiniBand ports; none where it has none, or one that does not answer.
pub fn bytes(device: &str) -> Option<(u64, u64)> {
    let files = char_device::list(Path::new("/sys"));
    let own = files.iter().filter(|file| file.kind == "umad" && file.rdma_device.as_deref() == Some(device));
    let each: Vec<Option<(u64, u64)>> = own
        .filter_map(|file| Some((file.path.clone(), file.port?)))
        .filter_map(|(umad, port)| Some((umad, port, lid(device, port)?)))
        .map(|(umad, port, lid)| ask(Path::new(&umad), u8::try_from(port).ok()?, Destination::Lid(lid)).ok())
        .collect();
    let each: Vec<(u64, u64)> = each.into_iter().collect::<Option<_>>()?;
    each.into_iter().reduce(|sum, one| (sum.0.wrapping_add(one.0), sum.1.wrapping_add(one.1)))
}

/// Of an InfiniBand port; a port on Ethernet has none.
fn lid(device: &str, port: u32) -> Option<u16> {
    let folder = Path::new(RDMA_CLASS).join(device).join("ports").join(port.to_string());
    (sysfs::value(&folder.join("link_layer"))? == "InfiniBand").then_some(())?;
    let text = sysfs::value(&folder.join("lid"))?;
    u16::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// Bytes sent and received by the port with this number at a destination, asked through a umad device.
pub fn ask(umad: &Path, port: u8, destination: Destination) -> io::Result<(u64, u64)> {
    let agent = Agent::open(umad, CLASS, CLASS_VERSION, &[])?;
    let answer = agent.ask(&Datagram::to(destination, request(port)), LIMIT)?;
    bytes_in(&answer, port)
        .ok_or_else(|| io::Error::other("the port does not answer with its extended counters"))
}

fn request(port: u8) -> [u8; MAD_BYTES] {
    let mut mad = [0; MAD_BYTES];
    mad[..4].copy_from_slice(&[BASE_VERSION, CLASS, CLASS_VERSION, GET]);
    mad[16..18].copy_from_slice(&PORT_COUNTERS_EXTENDED.to_be_bytes());
    mad[ATTRIBUTE + 1] = port;
    mad
}

/// None where the answer has a status, or is one to another request.
fn bytes_in(mad: &[u8; MAD_BYTES], port: u8) -> Option<(u64, u64)> {
    let is_answer = mad[1] == CLASS
        && mad[3] == GET | RESPONSE
        && mad[4..6] == [0, 0]
        && mad[16..18] == PORT_COUNTERS_EXTENDED.to_be_bytes()
        && mad[ATTRIBUTE + 1] == port;
    let counter = |offset: usize| {
        let mut words = [0; 8];
        words.copy_from_slice(&mad[offset..offset + 8]);
        u64::from_be_bytes(words).wrapping_mul(UNIT)
    };
    is_answer.then(|| (counter(ATTRIBUTE + 8), counter(ATTRIBUTE + 16)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> [u8; MAD_BYTES] {
        let mut mad = request(1);
        mad[3] |= RESPONSE;
        mad[ATTRIBUTE + 8..ATTRIBUTE + 16].copy_from_slice(&(1u64 << 40).to_be_bytes());
        mad[ATTRIBUTE + 16..ATTRIBUTE + 24].copy_from_slice(&7u64.to_be_bytes());
        mad
    }

    #[test]
    fn counters_are_words_of_four_bytes() {
        assert_eq!(bytes_in(&answer(), 1), Some((1 << 42, 28)));
    }

    #[test]
    fn an_answer_with_a_status_or_to_another_request_is_none() {
        let changed = |offset: usize, value: u8| {
            let mut mad = answer();
            mad[offset] = value;
            bytes_in(&mad, 1)
        };
        // Unsupported attribute, another class, a request, another attribute, another port.
        let none = [(5, 0x0c), (1, 3), (3, GET), (17, 0x12), (ATTRIBUTE + 1, 2)];
        assert_eq!(none.map(|(offset, value)| changed(offset, value)), [None; 5]);
    }
}
