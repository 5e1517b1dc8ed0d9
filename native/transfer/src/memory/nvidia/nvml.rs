//! NVIDIA's management library, opened at run time: how many NVLinks of a GPU are active. Gives nothing where the
//! library or the answer is missing; a GPU without NVLink has none active.

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

/// More than any GPU has; NVML refuses the first number beyond a GPU's own.
const MOST_LINKS: c_uint = 64;
const SUCCESS: c_int = 0;

type Device = *mut c_void;
type Init = unsafe extern "C" fn() -> c_int;
type ByAddress = unsafe extern "C" fn(*const c_char, *mut Device) -> c_int;
type LinkState = unsafe extern "C" fn(Device, c_uint, *mut c_uint) -> c_int;

struct Nvml {
    by_address: ByAddress,
    link_state: LinkState,
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
        (init() == SUCCESS).then_some(Nvml { by_address, link_state, _handle: handle })
    }
}

/// Active NVLinks of the GPU at a PCI address.
pub fn active_links(pci_address: &str) -> Option<u32> {
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
    Some((0..MOST_LINKS).map_while(is_active).filter(|active| *active).count() as u32)
}
