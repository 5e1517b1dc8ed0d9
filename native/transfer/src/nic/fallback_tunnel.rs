//! Interfaces that the kernel creates by itself in every network namespace once a tunnel module is loaded. They are no
//! NICs and belong to no claim.
//!
//! The names are those of the kernel's fallback tunnel devices: Documentation/admin-guide/sysctl/net.rst,
//! `fb_tunnels_only_for_init_net`, lists all but the two of VTI, whose modules (net/ipv4/ip_vti.c, net/ipv6/ip6_vti.c)
//! obey the same setting. The types are ARPHRD_* of include/uapi/linux/if_arp.h.

const FALLBACK_TUNNELS: [(&str, u16); 9] = [
    ("tunl0", 768),
    ("ip_vti0", 768),
    ("ip6tnl0", 769),
    ("ip6_vti0", 769),
    ("sit0", 776),
    ("gre0", 778),
    ("ip6gre0", 823),
    ("gretap0", 1),
    ("erspan0", 1),
];

/// Whether an interface is such a tunnel. The type distinguishes it from an interface renamed to one of these names;
/// where the type is unknown, the name decides.
pub fn is_fallback_tunnel(name: &str, hardware_type: Option<u16>) -> bool {
    FALLBACK_TUNNELS
        .iter()
        .any(|(tunnel, its_type)| *tunnel == name && hardware_type.is_none_or(|found| found == *its_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_type_must_both_fit() {
        assert!(is_fallback_tunnel("tunl0", Some(768)));
        assert!(is_fallback_tunnel("tunl0", None));
        assert!(!is_fallback_tunnel("tunl0", Some(1)));
        assert!(!is_fallback_tunnel("tunl1", Some(768)));
    }
}
