//! The CUDA driver, opened at run time; no CUDA is linked. Provides the functions that VRAM buffers need. Their errors
//! contain the name of the function and CUDA's name of the error.

use crate::error::{Failure, Outcome};
use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

pub type DevicePointer = u64;

/// A GPU's primary context; only `retain_context` creates one.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct Context(*mut c_void);

// SAFETY: CUDA allows a context to be made current on any thread.
unsafe impl Send for Context {}
// SAFETY: likewise on several threads at the same time.
unsafe impl Sync for Context {}

macro_rules! functions {
    ($($field:ident = $symbol:literal($($argument:ty),*);)*) => {
        pub struct Driver {
            $($field: unsafe extern "C" fn($($argument),*) -> c_int,)*
            _handle: Handle,
        }

        impl Driver {
            fn load() -> Outcome<Self> {
                // SAFETY: loading runs the driver's own initialisers.
                let handle = unsafe { Handle::open(Some("libcuda.so.1"), RTLD_NOW | RTLD_LOCAL) }
                    .map_err(Failure::cuda_unavailable)?;
                $(
                    // SAFETY: the signature is the one of cuda.h for this name.
                    let $field = *unsafe {
                        handle.get::<unsafe extern "C" fn($($argument),*) -> c_int>($symbol.as_bytes())
                    }
                    .map_err(Failure::cuda_unavailable)?;
                )*
                Ok(Driver { $($field,)* _handle: handle })
            }
        }
    };
}

functions! {
    init = "cuInit"(u32);
    device_count = "cuDeviceGetCount"(*mut c_int);
    device_get = "cuDeviceGet"(*mut c_int, c_int);
    device_pci_bus_id = "cuDeviceGetPCIBusId"(*mut c_char, c_int, c_int);
    can_access_peer = "cuDeviceCanAccessPeer"(*mut c_int, c_int, c_int);
    error_name = "cuGetErrorName"(c_int, *mut *const c_char);
    context_retain = "cuDevicePrimaryCtxRetain"(*mut Context, c_int);
    context_release = "cuDevicePrimaryCtxRelease_v2"(c_int);
    context_set_current = "cuCtxSetCurrent"(Context);
    context_synchronize = "cuCtxSynchronize"();
    memory_allocate = "cuMemAlloc_v2"(*mut DevicePointer, usize);
    memory_free = "cuMemFree_v2"(DevicePointer);
    memory_info = "cuMemGetInfo_v2"(*mut usize, *mut usize);
    copy_to_device = "cuMemcpyHtoD_v2"(DevicePointer, *const c_void, usize);
    copy_to_host = "cuMemcpyDtoH_v2"(*mut c_void, DevicePointer, usize);
}

/// The driver, loaded and initialised once. A failure is stored and returned by every later call.
pub fn driver() -> Outcome<&'static Driver> {
    static DRIVER: OnceLock<Outcome<Driver>> = OnceLock::new();
    let loaded = DRIVER.get_or_init(|| {
        let driver = Driver::load()?;
        // SAFETY: cuInit takes only its flags, which must be 0.
        let status = unsafe { (driver.init)(0) };
        driver
            .check("cuInit", "the NVIDIA driver", status)
            .map_err(|failure| Failure::cuda_unavailable(failure.found))?;
        Ok(driver)
    });
    loaded.as_ref().map_err(Failure::clone)
}

impl Driver {
    pub fn device_count(&self) -> Outcome<u32> {
        let mut count = 0;
        // SAFETY: the driver writes the count.
        let status = unsafe { (self.device_count)(&mut count) };
        self.check("cuDeviceGetCount", "the NVIDIA driver", status)?;
        Ok(u32::try_from(count).unwrap_or(0))
    }

    /// The PCI address of a GPU in sysfs' form, e.g. `0000:3b:00.0`.
    pub fn pci_address(&self, gpu: u32) -> Outcome<String> {
        let device = self.device(gpu)?;
        let mut text = [0 as c_char; 32];
        // SAFETY: the driver writes at most the given length, ended by NUL.
        let status = unsafe { (self.device_pci_bus_id)(text.as_mut_ptr(), text.len() as c_int, device) };
        self.check("cuDeviceGetPCIBusId", format!("device cuda:{gpu}"), status)?;
        // SAFETY: NUL-terminated by the driver, and the last byte is 0 in any case.
        let text = unsafe { CStr::from_ptr(text.as_ptr()) };
        Ok(text.to_string_lossy().to_lowercase())
    }

    /// Whether one GPU can access the other's memory without the host.
    pub fn can_access_peer(&self, gpu: u32, peer: u32) -> Outcome<bool> {
        let (device, other) = (self.device(gpu)?, self.device(peer)?);
        let mut can = 0;
        // SAFETY: the driver writes the answer.
        let status = unsafe { (self.can_access_peer)(&mut can, device, other) };
        self.check("cuDeviceCanAccessPeer", format!("device cuda:{gpu}"), status)?;
        Ok(can != 0)
    }

    /// Retains the primary context of a GPU, which UCX uses too, and makes it current.
    pub fn retain_context(&self, gpu: u32) -> Outcome<(c_int, Context)> {
        let device = self.device(gpu)?;
        let mut context = Context(std::ptr::null_mut());
        // SAFETY: the driver writes the context.
        let status = unsafe { (self.context_retain)(&mut context, device) };
        self.check("cuDevicePrimaryCtxRetain", format!("device cuda:{gpu}"), status)?;
        self.set_current(gpu, context)?;
        Ok((device, context))
    }

    pub fn release_context(&self, device: c_int) {
        // SAFETY: pairs one successful retain; a failing release at the end of the process has no remedy.
        unsafe { (self.context_release)(device) };
    }

    pub fn set_current(&self, gpu: u32, context: Context) -> Outcome<()> {
        // SAFETY: the context is retained.
        let status = unsafe { (self.context_set_current)(context) };
        self.check("cuCtxSetCurrent", format!("device cuda:{gpu}"), status)
    }

    /// Allocates in the current context.
    pub fn allocate(&self, gpu: u32, bytes: usize) -> Outcome<DevicePointer> {
        let (mut free, mut total, mut address) = (0, 0, 0);
        // SAFETY: the driver writes both numbers.
        let status = unsafe { (self.memory_info)(&mut free, &mut total) };
        self.check("cuMemGetInfo", format!("device cuda:{gpu}"), status)?;
        if bytes > free {
            let found = format!("{free} bytes free of {total}");
            return Err(Failure::out_of_memory(format!("device cuda:{gpu}"), bytes, found));
        }
        // SAFETY: the driver writes the address.
        let status = unsafe { (self.memory_allocate)(&mut address, bytes) };
        self.check("cuMemAlloc", format!("device cuda:{gpu}"), status)?;
        Ok(address)
    }

    pub fn free(&self, address: DevicePointer) {
        // SAFETY: frees an address of `allocate` once, in its context.
        unsafe { (self.memory_free)(address) };
    }

    /// Copies to the GPU and waits until the bytes are there.
    pub fn copy_to_device(&self, gpu: u32, to: DevicePointer, from: &[u8]) -> Outcome<()> {
        // SAFETY: the caller keeps `to` in bounds of its allocation; `from` lives across the call.
        let status = unsafe { (self.copy_to_device)(to, from.as_ptr().cast(), from.len()) };
        self.check("cuMemcpyHtoD", format!("device cuda:{gpu}"), status)?;
        // SAFETY: waits for the current context. A pageable copy may return before its DMA has ended.
        let status = unsafe { (self.context_synchronize)() };
        self.check("cuCtxSynchronize", format!("device cuda:{gpu}"), status)
    }

    pub fn copy_to_host(&self, gpu: u32, to: &mut [u8], from: DevicePointer) -> Outcome<()> {
        // SAFETY: as above, the other way.
        let status = unsafe { (self.copy_to_host)(to.as_mut_ptr().cast(), from, to.len()) };
        self.check("cuMemcpyDtoH", format!("device cuda:{gpu}"), status)
    }

    fn device(&self, gpu: u32) -> Outcome<c_int> {
        let count = self.device_count()?;
        if gpu >= count {
            return Err(Failure::cuda_unavailable(format!("{count} GPU(s), so no cuda:{gpu}")));
        }
        let mut device = 0;
        // SAFETY: the driver writes the device; the index is in range.
        let status = unsafe { (self.device_get)(&mut device, gpu as c_int) };
        self.check("cuDeviceGet", format!("device cuda:{gpu}"), status)?;
        Ok(device)
    }

    fn check(&self, call: &str, object: impl std::fmt::Display, status: c_int) -> Outcome<()> {
        if status == 0 {
            return Ok(());
        }
        let mut name = std::ptr::null();
        // SAFETY: the driver writes a pointer to a static string, or null for a code it does not know.
        let known = unsafe { (self.error_name)(status, &mut name) } == 0 && !name.is_null();
        // SAFETY: checked above.
        let name = if known { unsafe { CStr::from_ptr(name) }.to_string_lossy() } else { "unknown".into() };
        Err(Failure::cuda_call(call, object, format!("{status} ({name})")))
    }
}
