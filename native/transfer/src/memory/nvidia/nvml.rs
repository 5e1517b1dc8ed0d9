//! NVIDIA's management library, opened at run time, which reports the active NVLinks of a GPU and what they connect to.
//! The result is `None` if the library or its answer is missing; a GPU without NVLink has no active links.

use crate::memory::LinkEnd;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

/// More than any GPU has; NVML refuses the first number beyond a GPU's own.
const MOST_LINKS: c_uint = 64;
const SUCCESS: c_int = 0;

type Device = *mut c_void;
type Init = unsafe extern "C" fn() -> c_int;
type ByAddress = unsafe extern "C" fn(*const c_char, *mut Device) -> c_int;
type LinkState = unsafe extern "C" fn(Device, c_uint, *mut c_uint) -> c_int;

type RemotePciInfo = unsafe extern "C" fn(Device, c_uint, *mut PciInfo) -> c_int;

/// nvmlPciInfo_t.
#[repr(C)]
#[derive(Default)]
struct PciInfo {
    bus_id_legacy: [u8; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    device_id: c_uint,
    subsystem_id: c_uint,
    bus_id: [u8; 32],
}

struct Nvml {
    by_address: ByAddress,
    link_state: LinkState,
    /// Missing in old drivers.
    remote_pci_info: Option<RemotePciInfo>,
    _handle: Library,
}

fn nvml() -> Option<&'static Nvml> {
    static NVML: OnceLock<Option<Nvml>> = OnceLock::new();
    NVML.get_or_init(load).as_ref()
}

fn load() -> Option<Nvml> {
    // SAFETY: loading runs the library's own initialisers; the signatures are those of nvml.h.
    unsafe {
        let handle = Library::open(Some("libnvidia-ml.so.1"), RTLD_NOW | RTLD_LOCAL).ok()?;
        let init = *handle.get::<Init>(b"nvmlInit_v2").ok()?;
        let by_address = *handle.get::<ByAddress>(b"nvmlDeviceGetHandleByPciBusId_v2").ok()?;
        let link_state = *handle.get::<LinkState>(b"nvmlDeviceGetNvLinkState").ok()?;
        let remote_pci_info = handle.get::<RemotePciInfo>(b"nvmlDeviceGetNvLinkRemotePciInfo_v2").ok();
        let remote_pci_info = remote_pci_info.map(|function| *function);
        (init() == SUCCESS).then_some(Nvml { by_address, link_state, remote_pci_info, _handle: handle })
    }
}

/// The active NVLinks of the GPU at a PCI address: of each the PCI address of its far end, none where NVML does not say.
pub fn active_links(pci_address: &str) -> Option<Vec<Option<String>>> {
    let nvml = nvml()?;
    let address = CString::new(pci_address).ok()?;
    let mut device = std::ptr::null_mut();
    // SAFETY: the address lives across the call; NVML writes the handle.
    if unsafe { (nvml.by_address)(address.as_ptr(), &mut device) } != SUCCESS {
        return None;
    }
    let is_active = |link: c_uint| {
        let mut active = 0;
        // SAFETY: the handle is NVML's; it writes the state.
        let status = unsafe { (nvml.link_state)(device, link, &mut active) };
        (status == SUCCESS).then_some(active != 0)
    };
    let far_end = |link: c_uint| {
        let mut info = PciInfo::default();
        // SAFETY: the handle is NVML's; it writes the structure, whose layout is that of nvml.h.
        let status = unsafe { nvml.remote_pci_info?(device, link, &mut info) };
        // In a virtual machine every field is all ones: the far end is hidden.
        let is_known = status == SUCCESS && info.domain != c_uint::MAX;
        is_known.then(|| format!("{:04x}:{:02x}:{:02x}.0", info.domain, info.bus, info.device))
    };
    let states = (0..MOST_LINKS).map_while(|link| is_active(link).map(|active| (link, active)));
    Some(states.filter(|(_, active)| *active).map(|(link, _)| far_end(link)).collect())
}

/// Links by far end, in order of the addresses; none where the far end of a link is unknown.
pub fn by_far_end(links: Vec<Option<String>>) -> Option<Vec<LinkEnd>> {
    let mut counts = BTreeMap::new();
    for far_end in links {
        *counts.entry(far_end?).or_insert(0) += 1;
    }
    Some(counts.into_iter().map(|(pci_address, links)| LinkEnd { pci_address, links }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_counted_by_their_far_end() {
        let links = ["0000:02:00.0", "0000:01:00.0", "0000:02:00.0"].map(|end| Some(end.to_owned()));
        let ends = by_far_end(links.to_vec()).unwrap();
        assert_eq!(ends[0], LinkEnd { pci_address: "0000:01:00.0".into(), links: 1 });
        assert_eq!(ends[1], LinkEnd { pci_address: "0000:02:00.0".into(), links: 2 });
        assert_eq!(by_far_end(vec![Some("0000:02:00.0".into()), None]), None);
        assert_eq!(by_far_end(Vec::new()), Some(Vec::new()));
    }
}
