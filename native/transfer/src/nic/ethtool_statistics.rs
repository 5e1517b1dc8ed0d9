//! Statistics of an interface by ethtool's ioctls, as `ethtool -S` prints them. They need no capability. Some drivers
//! count RDMA bytes there that the interface's own counters leave out.

use super::link::{control_socket, interface_request};
use std::os::fd::{AsRawFd, OwnedFd};

const GET_SET_INFO: u32 = 0x37;
const GET_STRINGS: u32 = 0x1b;
const GET_STATISTICS: u32 = 0x1d;
const SET_STATISTICS: u32 = 1;
const NAME_BYTES: usize = 32;
/// More than any driver has.
const MOST_STATISTICS: u32 = 65_536;
/// Entries that a driver may add between two calls, e.g. with new queues.
const SPARE: u32 = 8192;

/// Sent and received bytes of RDMA, as sums of statistics. mlx5: en_stats.c in the kernel, for physical and virtual
/// functions.
const BYTE_STATISTICS: [(&[&str], &[&str]); 1] = [(
    &["tx_vport_rdma_unicast_bytes", "tx_vport_rdma_multicast_bytes"],
    &["rx_vport_rdma_unicast_bytes", "rx_vport_rdma_multicast_bytes"],
)];

/// RDMA bytes sent and received through an interface; none where its driver does not count them.
pub fn rdma_bytes(interface: &str) -> Option<(u64, u64)> {
    rdma_bytes_in(&statistics(interface)?)
}

/// Every statistic of an interface, by name; none where its driver has none.
pub fn statistics(interface: &str) -> Option<Vec<(String, u64)>> {
    let socket = control_socket().ok()?;
    // struct ethtool_sset_info: cmd, reserved, mask of sets, then the size of each set of the mask.
    let mut info = Block::new(6);
    info.set(0, GET_SET_INFO);
    info.set(2, 1 << SET_STATISTICS);
    info.exchange(&socket, interface)?;
    let count = info.get(4);
    if info.get(2) == 0 || count == 0 || count > MOST_STATISTICS {
        return None;
    }
    // The kernel writes as many entries as the driver has at that moment, whatever the block's count.
    let room = (count + SPARE) as usize;
    // struct ethtool_gstrings: cmd, set, count, names.
    let mut names = Block::new(3 + room * NAME_BYTES / 4);
    names.set(0, GET_STRINGS);
    names.set(1, SET_STATISTICS);
    names.set(2, count);
    names.exchange(&socket, interface)?;
    // struct ethtool_stats: cmd, count, values of 8 bytes.
    let mut values = Block::new(2 + room * 2);
    values.set(0, GET_STATISTICS);
    values.set(1, count);
    values.exchange(&socket, interface)?;
    let (names, values) = (names.bytes(12), values.bytes(8));
    let pairs = names.chunks_exact(NAME_BYTES).zip(values.chunks_exact(8)).take(count as usize);
    Some(
        pairs
            .filter_map(|(name, value)| Some((text(name), u64::from_ne_bytes(value.try_into().ok()?))))
            .collect(),
    )
}

fn rdma_bytes_in(statistics: &[(String, u64)]) -> Option<(u64, u64)> {
    let sum = |wanted: &[&str]| {
        let values = wanted
            .iter()
            .filter_map(|name| statistics.iter().find(|(one, _)| one == name))
            .map(|(_, value)| *value);
        values.reduce(u64::wrapping_add)
    };
    BYTE_STATISTICS.iter().find_map(|(sent, received)| Some((sum(sent)?, sum(received)?)))
}

fn text(name: &[u8]) -> String {
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    String::from_utf8_lossy(&name[..end]).into_owned()
}

/// A struct of ethtool as words of 4 bytes, in which the kernel finds its values of 8 bytes unaligned.
struct Block(Vec<u32>);

impl Block {
    fn new(words: usize) -> Self {
        Block(vec![0; words])
    }

    fn set(&mut self, word: usize, value: u32) {
        self.0[word] = value;
    }

    fn get(&self, word: usize) -> u32 {
        self.0[word]
    }

    fn bytes(&self, from: usize) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_ne_bytes()).skip(from).collect()
    }

    fn exchange(&mut self, socket: &OwnedFd, interface: &str) -> Option<()> {
        let mut request = interface_request(interface).ok()?;
        request.ifr_ifru.ifru_data = self.0.as_mut_ptr().cast();
        // SAFETY: the kernel reads the name and writes into the block, which has room for more entries than the
        // driver has.
        let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL as _, &mut request) };
        (status == 0).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of `ethtool -S` of a ConnectX interface, as published in the field.
    const MLX5: &str = "\
     rx_packets: 1042
     tx_packets: 977
     rx_vport_unicast_bytes: 90210
     rx_vport_rdma_unicast_packets: 848180
     rx_vport_rdma_unicast_bytes: 396030760
     tx_vport_rdma_unicast_packets: 22107808
     tx_vport_rdma_unicast_bytes: 24360528496
     rx_vport_rdma_multicast_bytes: 0
     tx_vport_rdma_multicast_bytes: 96";

    fn sample(text: &str) -> Vec<(String, u64)> {
        let pairs = text.lines().filter_map(|line| line.trim().split_once(": "));
        pairs.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
    }

    #[test]
    fn rdma_bytes_are_told_apart_from_the_interfaces() {
        assert_eq!(rdma_bytes_in(&sample(MLX5)), Some((24_360_528_592, 396_030_760)));
        assert_eq!(rdma_bytes_in(&sample("rx_bytes: 12\ntx_bytes: 9")), None);
    }
}
