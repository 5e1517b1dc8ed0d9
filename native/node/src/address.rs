//! IPv4 addresses with their subnet, MAC addresses and interface names, validated when they are parsed. Pure.

use std::fmt;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// An address and its prefix length, `10.64.0.1/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr {
    pub ip: Ipv4Addr,
    pub prefix: u8,
}

impl Cidr {
    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0)
    }

    pub fn network(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.ip) & self.mask())
    }

    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.ip) | !self.mask())
    }

    /// The last host address of the subnet, which is the fabric's router.
    pub fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.broadcast()) - 1)
    }

    pub fn first_host(self) -> Self {
        Self { ip: Ipv4Addr::from(u32::from(self.network()) + 1), ..self }
    }

    pub fn overlaps(self, other: Cidr) -> bool {
        self.network() <= other.broadcast() && other.network() <= self.broadcast()
    }

    /// Whether a NIC may have this address in the subnet.
    pub fn offers(self, host: Cidr) -> bool {
        host.prefix == self.prefix
            && host.network() == self.network()
            && ![self.network(), self.gateway(), self.broadcast()].contains(&host.ip)
    }
}

impl TryFrom<String> for Cidr {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("expected an IPv4 address and prefix such as 10.64.0.1/24, found {text:?}");
        let (ip, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let ip = ip.parse().map_err(|_| wrong())?;
        let prefix = prefix.parse().ok().filter(|prefix| (1..=30).contains(prefix)).ok_or_else(wrong)?;
        Ok(Self { ip, prefix })
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> Self {
        cidr.to_string()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 6]);

impl TryFrom<String> for Mac {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("expected a unicast MAC address such as 02:00:00:00:00:01, found {text:?}");
        let octets: Vec<u8> = text
            .split(':')
            .map(|octet| u8::from_str_radix(octet, 16).ok().filter(|_| octet.len() == 2))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        let octets: [u8; 6] = octets.try_into().map_err(|_| wrong())?;
        if octets[0] & 1 == 1 || octets == [0; 6] {
            return Err(wrong());
        }
        Ok(Self(octets))
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.0.map(|octet| format!("{octet:02x}")).join(":")
    }
}

/// The name of an interface inside a pod: any that the kernel accepts except `lo`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InterfaceName(String);

impl InterfaceName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for InterfaceName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = (1..=15).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"/:%".contains(&byte))
            && !["lo", ".", "..", "all", "default"].contains(&text.as_str());
        match fits {
            true => Ok(Self(text)),
            false => {
                Err(format!("expected an interface name of 1 to 15 letters such as rdma0, found {text:?}"))
            }
        }
    }
}

impl From<InterfaceName> for String {
    fn from(name: InterfaceName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        Cidr::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn the_gateway_is_the_last_host() {
        assert_eq!(cidr("10.64.0.0/24").gateway(), Ipv4Addr::new(10, 64, 0, 254));
        assert_eq!(cidr("10.244.0.0/16").gateway(), Ipv4Addr::new(10, 244, 255, 254));
    }

    #[test]
    fn a_subnet_offers_hosts_only() {
        let rail = cidr("10.64.0.0/24");
        assert!(rail.offers(cidr("10.64.0.1/24")));
        for taken in ["10.64.0.0/24", "10.64.0.254/24", "10.64.0.255/24", "10.64.1.1/24", "10.64.0.1/16"] {
            assert!(!rail.offers(cidr(taken)), "{taken}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["10.64.0.1", "10.64.0.1/0", "10.64.0.1/31", "10.64.0/24", "::1/64", ""] {
            assert!(Cidr::try_from(text.to_owned()).is_err(), "{text}");
        }
        for text in ["01:00:00:00:00:00", "00:00:00:00:00:00", "2:0:0:0:0:1", "02:00:00:00:00"] {
            assert!(Mac::try_from(text.to_owned()).is_err(), "{text}");
        }
        for text in ["lo", "", "averylonginterfacename", "a/b", "a b"] {
            assert!(InterfaceName::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
