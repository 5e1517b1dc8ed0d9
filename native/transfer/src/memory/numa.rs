//! Binds host memory to a NUMA node before its pages exist.

use crate::error::{Failure, Outcome};

/// MPOL_BIND of linux/mempolicy.h: pages come from the given nodes only.
const MPOL_BIND: libc::c_long = 2;
const NODES: usize = 1024;
const BITS: usize = libc::c_ulong::BITS as usize;
const OPTION: &str = "--numa-node";

/// Keeps this thread on the CPUs of a node until it is dropped, so that the kernel takes the pages that it touches from
/// there.
pub struct NearCpus {
    before: libc::cpu_set_t,
}

/// Binds the mapping by mbind(2). Where a container's seccomp profile forbids that, returns a guard under which the
/// pages must be touched instead. Fails with BAD_OPTION for a node that the machine does not have.
pub fn bind(mapping: *mut libc::c_void, bytes: usize, node: u32) -> Outcome<Option<NearCpus>> {
    let mut mask = [0 as libc::c_ulong; NODES / BITS];
    let Some(word) = mask.get_mut(node as usize / BITS) else { return Err(no_such_node(node)) };
    *word = 1 << (node as usize % BITS);
    // SAFETY: a policy for a mapping of the caller; the mask has NODES bits, and the kernel reads one bit less.
    let status = unsafe {
        libc::syscall(
            libc::SYS_mbind,
            mapping,
            bytes,
            MPOL_BIND,
            mask.as_ptr(),
            NODES as libc::c_ulong + 1,
            0,
        )
    };
    let error = std::io::Error::last_os_error();
    match (status, error.raw_os_error()) {
        (0, _) => Ok(None),
        (_, Some(libc::EINVAL)) => Err(no_such_node(node)),
        (_, Some(libc::EPERM | libc::ENOSYS)) => NearCpus::of(node).map(Some),
        _ => Err(Failure::system_call("mbind", format!("host memory of NUMA node {node}"), error)),
    }
}

impl NearCpus {
    fn of(node: u32) -> Outcome<Self> {
        let file = format!("/sys/devices/system/node/node{node}/cpulist");
        let list = std::fs::read_to_string(&file).map_err(|_| no_such_node(node))?;
        // SAFETY: cpu_set_t is plain bits, for which all zeros are valid.
        let (mut before, mut near): (libc::cpu_set_t, libc::cpu_set_t) = unsafe { std::mem::zeroed() };
        for cpu in cpus(&list) {
            // SAFETY: CPU_SET ignores numbers beyond the set.
            unsafe { libc::CPU_SET(cpu, &mut near) };
        }
        let size = std::mem::size_of::<libc::cpu_set_t>();
        // SAFETY: both sets are of the size given; 0 is the calling thread.
        let status = unsafe {
            if libc::sched_getaffinity(0, size, &mut before) == 0 {
                libc::sched_setaffinity(0, size, &near)
            } else {
                -1
            }
        };
        if status == 0 {
            return Ok(NearCpus { before });
        }
        let error = std::io::Error::last_os_error();
        Err(Failure::system_call("sched_setaffinity", format!("CPUs of NUMA node {node}"), error))
    }
}

impl Drop for NearCpus {
    fn drop(&mut self) {
        // SAFETY: restores what `of` read.
        unsafe { libc::sched_setaffinity(0, std::mem::size_of::<libc::cpu_set_t>(), &self.before) };
    }
}

/// The CPUs of a list such as `0-3,8`.
fn cpus(list: &str) -> impl Iterator<Item = usize> {
    list.trim()
        .split(',')
        .filter_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?)
        })
        .flatten()
}

fn no_such_node(node: u32) -> Failure {
    Failure::bad_option(OPTION, "the number of a NUMA node of this machine", node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_list_of_cpus() {
        assert_eq!(cpus("0-2,8\n").collect::<Vec<_>>(), [0, 1, 2, 8]);
        assert_eq!(cpus("\n").count(), 0);
    }

    #[test]
    fn memory_of_this_machines_first_node_is_bound_and_a_missing_node_is_refused() {
        let bytes = 2 << 20;
        // SAFETY: a new anonymous mapping, unmapped below.
        let mapping = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                protection,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert!(bind(mapping, bytes, 0).is_ok());
        for node in [NODES as u32 - 1, NODES as u32] {
            let failure = bind(mapping, bytes, node).err().expect("no machine has so many nodes");
            assert!(failure.to_string().contains(OPTION), "{failure}");
        }
        // SAFETY: unmaps exactly what was mapped.
        unsafe { libc::munmap(mapping, bytes) };
    }
}
