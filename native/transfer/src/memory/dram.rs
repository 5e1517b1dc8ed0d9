//! Host memory: `dram` and `dram:N`. A buffer is one aligned mapping, with huge pages where they are requested.
//! Allocation fails with OUT_OF_MEMORY before the kernel would kill the process.

use super::{Memory, MemoryKind, VisibleGpu, numa};
use crate::device::Device;
use crate::error::{Failure, Outcome};
use crate::nixl;
use crate::nixl::agent::Segment;
use clap::ValueEnum;
use std::any::Any;
use std::ptr::null_mut;

/// The pages of host memory. `auto` requests transparent huge pages where the kernel supports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HugePages {
    Auto,
    Thp,
    Hugetlb,
    Off,
}

/// How host memory is allocated.
#[derive(Debug, Clone, Copy)]
pub struct HostMemoryOptions {
    pub pages: HugePages,
    /// None: the kernel chooses the NUMA node.
    pub numa_node: Option<u32>,
}

const HUGE_PAGE_BYTES: usize = 2 << 20;

/// Host memory in place of a GPU's. The number of `dram:N` only distinguishes streams.
pub struct HostMemory;

impl MemoryKind for HostMemory {
    fn name(&self) -> &'static str {
        "dram"
    }

    fn needs_index(&self) -> bool {
        false
    }

    fn activate(&self, _index: Option<u32>) -> Outcome<Box<dyn Any>> {
        Ok(Box::new(()))
    }

    fn allocate(&self, device: &Device, bytes: usize, host: HostMemoryOptions) -> Outcome<Box<dyn Memory>> {
        Ok(Box::new(Dram::allocate(&device.to_string(), bytes, host)?))
    }

    fn gpus(&self) -> Outcome<Vec<VisibleGpu>> {
        Ok(Vec::new())
    }
}

struct Dram {
    mapping: *mut libc::c_void,
    mapping_bytes: usize,
    address: usize,
}

// SAFETY: the mapping belongs to this value alone and has no thread affinity.
unsafe impl Send for Dram {}
// SAFETY: the callers of `store` and `load` keep threads at separate bytes.
unsafe impl Sync for Dram {}

impl Dram {
    fn allocate(device: &str, bytes: usize, host: HostMemoryOptions) -> Outcome<Self> {
        let pages = host.pages;
        let object = format!("device {device}");
        refuse_more_than_available(&object, bytes)?;
        let mapping_bytes = bytes
            .checked_next_multiple_of(HUGE_PAGE_BYTES)
            .and_then(|rounded| rounded.checked_add(HUGE_PAGE_BYTES))
            .ok_or_else(|| Failure::out_of_memory(&object, bytes, "an address space too small for it"))?;
        let huge = if pages == HugePages::Hugetlb { libc::MAP_HUGETLB } else { 0 };
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | huge;
        // SAFETY: a new anonymous mapping at an address of the kernel's choice.
        let mapping = unsafe {
            libc::mmap(null_mut(), mapping_bytes, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
        };
        if mapping == libc::MAP_FAILED {
            let error = std::io::Error::last_os_error();
            let found = if huge == 0 {
                error.to_string()
            } else {
                format!("{error} (2 MiB pages reserved: see /proc/sys/vm/nr_hugepages)")
            };
            return Err(Failure::out_of_memory(&object, mapping_bytes, found));
        }
        let address = (mapping as usize).next_multiple_of(HUGE_PAGE_BYTES);
        let dram = Dram { mapping, mapping_bytes, address };
        dram.advise(&object, pages)?;
        let _near = match host.numa_node {
            Some(node) => numa::bind(dram.mapping, dram.mapping_bytes, node)?,
            None => None,
        };
        dram.populate(&object, bytes)?;
        Ok(dram)
    }

    fn advise(&self, object: &str, pages: HugePages) -> Outcome<()> {
        let advice = match pages {
            HugePages::Auto | HugePages::Thp => libc::MADV_HUGEPAGE,
            HugePages::Off => libc::MADV_NOHUGEPAGE,
            HugePages::Hugetlb => return Ok(()),
        };
        // SAFETY: advice on a mapping that this value owns.
        let status = unsafe { libc::madvise(self.mapping, self.mapping_bytes, advice) };
        // A kernel without transparent huge pages returns EINVAL, which is an error only where they were requested.
        if status != 0 && pages == HugePages::Thp {
            let error = std::io::Error::last_os_error();
            return Err(Failure::system_call("madvise(MADV_HUGEPAGE)", object, error));
        }
        Ok(())
    }

    /// Populates the pages now rather than in a timed transfer. A pool of huge pages that is too small fails here;
    /// at the first access it would end the process by SIGBUS.
    fn populate(&self, object: &str, bytes: usize) -> Outcome<()> {
        // SAFETY: the pages lie in the mapping that this value owns.
        let status = unsafe { libc::madvise(self.address as *mut _, bytes, libc::MADV_POPULATE_WRITE) };
        if status == 0 {
            return Ok(());
        }
        let error = std::io::Error::last_os_error();
        match error.raw_os_error() {
            // Linux before 5.14 populates the pages at the first access.
            Some(libc::EINVAL) => Ok(()),
            _ => Err(Failure::out_of_memory(object, bytes, format!("{error} while populating the pages"))),
        }
    }
}

impl Memory for Dram {
    fn segment(&self) -> Segment {
        Segment::Dram
    }

    fn address(&self) -> usize {
        self.address
    }

    fn device_id(&self) -> u64 {
        0
    }

    fn store(&self, offset: usize, bytes: &[u8]) -> Outcome<()> {
        let to = (self.address + offset) as *mut u8;
        // SAFETY: the caller keeps it in bounds, and no transfer is in flight.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }

    fn load(&self, offset: usize, bytes: &mut [u8]) -> Outcome<()> {
        let from = (self.address + offset) as *const u8;
        // SAFETY: the caller keeps it in bounds, and no transfer is in flight.
        unsafe { std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }
}

impl Drop for Dram {
    fn drop(&mut self) {
        if nixl::is_abandoned() {
            return;
        }
        // SAFETY: unmaps exactly what was mapped, once.
        unsafe { libc::munmap(self.mapping, self.mapping_bytes) };
    }
}

fn refuse_more_than_available(object: &str, bytes: usize) -> Outcome<()> {
    match available_bytes() {
        Some(available) if bytes > available => {
            Err(Failure::out_of_memory(object, bytes, format!("{available} bytes available")))
        }
        _ => Ok(()),
    }
}

/// The lesser of MemAvailable and what the cgroup's limit leaves; none where /proc does not say.
fn available_bytes() -> Option<usize> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let machine = line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.saturating_mul(1024);
    Some(cgroup_bytes().map_or(machine, |cgroup| cgroup.min(machine)))
}

fn cgroup_bytes() -> Option<usize> {
    let number = |name: &str| -> Option<usize> {
        std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse().ok()
    };
    Some(number("memory.max")?.saturating_sub(number("memory.current")?))
}
