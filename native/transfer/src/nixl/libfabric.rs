//! What the LIBFABRIC backend needs besides NIXL's parameters. NIXL's plugin opens one rail for each EFA device that
//! libfabric shows, or one TCP interface where there is none, for every stream. libfabric reads its environment once, so
//! the NICs of a run can be chosen, but not those of a stream.

use crate::error::{Failure, Outcome};
use crate::nic::{Kind, Nic, RDMA_CLASS};
use crate::options::Options;
use crate::sysfs::link_name;
use libloading::os::unix::{Library as Handle, RTLD_NOW};
use std::path::Path;

/// Flag of `dlopen`: succeed only if the library is already loaded.
const RTLD_NOLOAD: i32 = 0x4;

/// Fails with BAD_OPTION or NIC_UNUSABLE where the backend would use other NICs than `nics`, or none.
pub fn check(options: &Options, nics: &[Nic]) -> Outcome<()> {
    if options.transport != "auto" {
        let expected = "auto with --backend LIBFABRIC, whose provider follows from --nics";
        return Err(Failure::bad_option("--transport", expected, &options.transport));
    }
    let device = options.devices.iter().find(|device| device.kind.copy_transport().is_some());
    match (device, nics) {
        (Some(device), [first, ..]) if first.kind == Kind::Interface => {
            let expected = "host memory (dram) with --backend LIBFABRIC over an interface";
            Err(Failure::bad_option("--devices", expected, device))
        }
        (_, [first, second, ..]) if first.kind == Kind::Interface => {
            let found = format!("{} and {}", first.name, second.name);
            Err(Failure::bad_option("--nics", "one interface with --backend LIBFABRIC", found))
        }
        _ => nics.iter().filter(|nic| nic.kind == Kind::Rdma).try_for_each(of_efa),
    }
}

fn of_efa(nic: &Nic) -> Outcome<()> {
    let driver = link_name(&Path::new(RDMA_CLASS).join(&nic.name).join("device/driver"));
    match driver.as_deref() {
        Some("efa") => Ok(()),
        other => Err(Failure::nic_unusable(
            format!("RDMA device {}", nic.name),
            "a NIC of the driver efa, the only RDMA NICs that NIXL's LIBFABRIC backend uses",
            other.map_or("no driver of a PCI device".to_owned(), |name| format!("the driver {name}")),
            "Use --backend UCX.",
        )),
    }
}

/// The variables that restrict libfabric to these NICs: another provider is then no way out of a failure.
pub fn environment(nics: &[Nic]) -> Vec<(&'static str, String)> {
    let names = nics.iter().map(|nic| nic.name.as_str()).collect::<Vec<_>>().join(",");
    match nics.first().map(|nic| nic.kind) {
        Some(Kind::Rdma) => vec![("FI_PROVIDER", "efa".to_owned()), ("FI_EFA_IFACE", names)],
        Some(Kind::Interface) => vec![("FI_PROVIDER", "tcp".to_owned()), ("FI_TCP_IFACE", names)],
        None => Vec::new(),
    }
}

/// The version of the loaded libfabric, such as `2.5`; none where it is not loaded.
pub fn version() -> Option<String> {
    // SAFETY: RTLD_NOLOAD runs no code; fi_version takes nothing and returns the version as two halves of a word.
    let packed = unsafe {
        let handle = Handle::open(Some("libfabric.so.1"), RTLD_NOW | RTLD_NOLOAD).ok()?;
        handle.get::<unsafe extern "C" fn() -> u32>(b"fi_version").ok()?()
    };
    Some(format!("{}.{}", packed >> 16, packed & 0xffff))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn nic(name: &str, kind: Kind) -> Nic {
        Nic { name: name.to_owned(), kind }
    }

    #[test]
    fn other_rdma_nics_are_refused() {
        let failure = of_efa(&nic("no_such_device", Kind::Rdma)).unwrap_err();
        assert_eq!((failure.code, failure.hint.as_str()), (Code::NicUnusable, "Use --backend UCX."));
    }

    #[test]
    fn rdma_nics_leave_libfabric_no_other_provider() {
        let nics = [nic("rdmap0s6", Kind::Rdma), nic("rdmap0s7", Kind::Rdma)];
        let expected = [("FI_PROVIDER", "efa".to_owned()), ("FI_EFA_IFACE", "rdmap0s6,rdmap0s7".to_owned())];
        assert_eq!(environment(&nics), expected);
        assert_eq!(environment(&[]), []);
    }
}
