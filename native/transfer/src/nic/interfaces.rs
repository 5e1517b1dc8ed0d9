//! The interfaces of this process's network namespace with their addresses, as the kernel lists them. A sysfs may show
//! those of another namespace.

use super::counters;
use super::fallback_tunnel::is_fallback_tunnel;
use crate::error::{Failure, Outcome};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

#[derive(Debug, Default, Serialize)]
pub struct Interface {
    pub name: String,
    pub mac: Option<String>,
    pub mtu: Option<i32>,
    /// ARPHRD_*: 1 Ethernet, 32 InfiniBand, 772 loopback.
    pub hardware_type: Option<u16>,
    /// A fallback tunnel, which the kernel creates in every network namespace.
    pub created_by_kernel: bool,
    pub up: bool,
    /// Whether it has a carrier.
    pub running: bool,
    pub ipv4: Vec<String>,
    pub ipv6: Vec<String>,
    pub tx_bytes: Option<u64>,
    pub rx_bytes: Option<u64>,
}

/// Every interface including lo, by name.
pub fn list() -> Outcome<Vec<Interface>> {
    let mut found: BTreeMap<String, Interface> = BTreeMap::new();
    let mut first = std::ptr::null_mut();
    // SAFETY: the kernel's list is allocated by getifaddrs and freed below, once.
    if unsafe { libc::getifaddrs(&mut first) } != 0 {
        let error = std::io::Error::last_os_error();
        return Err(Failure::system_call("getifaddrs", "the interfaces", error));
    }
    let mut next = first;
    // SAFETY: each entry is valid until freeifaddrs, and names the next or null.
    while let Some(entry) = unsafe { next.as_ref() } {
        // SAFETY: the name is a string of the entry.
        let name = unsafe { CStr::from_ptr(entry.ifa_name) }.to_string_lossy().into_owned();
        let interface =
            found.entry(name.clone()).or_insert_with(|| Interface { name, ..Interface::default() });
        interface.up = entry.ifa_flags & libc::IFF_UP as u32 != 0;
        interface.running = entry.ifa_flags & libc::IFF_RUNNING as u32 != 0;
        add_address(interface, entry);
        next = entry.ifa_next;
    }
    // SAFETY: as said above.
    unsafe { libc::freeifaddrs(first) };
    for counted in counters::interface_bytes()? {
        if let Some(interface) = found.get_mut(&counted.name) {
            (interface.tx_bytes, interface.rx_bytes) = (Some(counted.tx_bytes), Some(counted.rx_bytes));
        }
    }
    let socket = super::link::control_socket()?;
    let with_mtu = found.into_values().map(|mut interface| {
        interface.mtu = mtu(socket.as_raw_fd(), &interface.name);
        interface.created_by_kernel = is_fallback_tunnel(&interface.name, interface.hardware_type);
        interface
    });
    Ok(with_mtu.collect())
}

fn add_address(interface: &mut Interface, entry: &libc::ifaddrs) {
    // SAFETY: the address is null or valid with the entry; its family says which struct it is.
    unsafe {
        let Some(address) = entry.ifa_addr.as_ref() else { return };
        match i32::from(address.sa_family) {
            libc::AF_INET => {
                let address = &*entry.ifa_addr.cast::<libc::sockaddr_in>();
                let address = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
                interface.ipv4.push(with_prefix(&address.to_string(), entry));
            }
            libc::AF_INET6 => {
                let address = &*entry.ifa_addr.cast::<libc::sockaddr_in6>();
                let address = Ipv6Addr::from(address.sin6_addr.s6_addr);
                interface.ipv6.push(with_prefix(&address.to_string(), entry));
            }
            libc::AF_PACKET => {
                let address = &*entry.ifa_addr.cast::<libc::sockaddr_ll>();
                interface.hardware_type = Some(address.sll_hatype);
                let length = usize::from(address.sll_halen).min(address.sll_addr.len());
                let bytes = address.sll_addr[..length].iter().map(|byte| format!("{byte:02x}"));
                interface.mac = Some(bytes.collect::<Vec<_>>().join(":")).filter(|mac| !mac.is_empty());
            }
            _ => {}
        }
    }
}

/// `address/prefix length`.
fn with_prefix(address: &str, entry: &libc::ifaddrs) -> String {
    // SAFETY: a netmask that is not null is of its address's family.
    let ones = unsafe {
        match entry.ifa_netmask.as_ref() {
            Some(mask) if i32::from(mask.sa_family) == libc::AF_INET => {
                (*entry.ifa_netmask.cast::<libc::sockaddr_in>()).sin_addr.s_addr.count_ones()
            }
            Some(mask) if i32::from(mask.sa_family) == libc::AF_INET6 => {
                let mask = (*entry.ifa_netmask.cast::<libc::sockaddr_in6>()).sin6_addr.s6_addr;
                u128::from_be_bytes(mask).count_ones()
            }
            _ => return address.to_owned(),
        }
    };
    format!("{address}/{ones}")
}

fn mtu(socket: i32, name: &str) -> Option<i32> {
    let mut request = super::link::interface_request(name).ok()?;
    // SAFETY: the kernel reads the name, ended by NUL, and writes the MTU into the same ifreq.
    let status = unsafe { libc::ioctl(socket, libc::SIOCGIFMTU as _, &mut request) };
    // SAFETY: SIOCGIFMTU fills exactly this member of the union.
    (status == 0).then_some(unsafe { request.ifr_ifru.ifru_mtu })
}
