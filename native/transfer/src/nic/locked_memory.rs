//! Whether this process may lock the memory that RDMA needs. UCX does not end where it may not: it tries again without
//! end.

use super::{Kind, Nic};
use crate::error::{Failure, Outcome};

/// Bit of CAP_IPC_LOCK in a set of capabilities.
const IPC_LOCK: u32 = 14;
/// The receive buffers that UCX locks for each context (2560 packets of 8 KiB), as its log states them.
const UCX_BYTES: u64 = 20_971_520;

/// Fails with NIC_UNUSABLE where RDMA NICs are used and the limit is below the streams' buffers in host memory and UCX's
/// own.
pub fn check(nics: &[Nic], streams: usize, host_buffer_bytes: u64) -> Outcome<()> {
    let Some(nic) = nics.iter().find(|nic| nic.kind == Kind::Rdma) else { return Ok(()) };
    let needed = host_buffer_bytes.saturating_add(UCX_BYTES.saturating_mul(streams as u64));
    let limit = limit();
    if limit >= needed || may_lock_any() {
        return Ok(());
    }
    Err(Failure::nic_unusable(
        format!("RDMA device {}", nic.name),
        format!("permission to lock {needed} bytes of memory"),
        format!("a limit of {limit} bytes (memlock) and no capability IPC_LOCK"),
        "Raise the limit on locked memory (memlock), or add the capability IPC_LOCK to the container.",
    ))
}

fn limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes the struct.
    let status = unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &mut limit) };
    // An unknown limit is left to UCX.
    if status == 0 { limit.rlim_cur } else { u64::MAX }
}

fn may_lock_any() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    has_capability(&status, IPC_LOCK)
}

fn has_capability(status: &str, bit: u32) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok())
        .is_some_and(|set| set & (1 << bit) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_set_decides() {
        let status = "Name:\tx\nCapPrm:\t0000000000004000\nCapEff:\t0000000000004000\n";
        assert!(has_capability(status, IPC_LOCK));
        assert!(!has_capability(
            &status.replace("CapEff:\t0000000000004000", "CapEff:\t0000000000000000"),
            IPC_LOCK
        ));
        assert!(!has_capability("", IPC_LOCK));
    }

    #[test]
    fn interfaces_need_no_locked_memory() {
        let nic = Nic { name: "eth0".into(), kind: Kind::Interface };
        assert_eq!(check(&[nic], 1, u64::MAX), Ok(()));
    }
}
