//! The path of the NIXL library, and the versions of what was loaded. A version that cannot be determined is null.

use super::libfabric;
use libloading::os::unix::{Library as Handle, RTLD_NOW};
use serde::Serialize;
use std::ffi::{CStr, c_char};
use std::path::{Path, PathBuf};

/// Flag of `dlopen`: succeed only if the library is already loaded.
const RTLD_NOLOAD: i32 = 0x4;

#[derive(Debug, Clone, Serialize)]
pub struct Versions {
    pub nixl: Option<String>,
    pub ucx: Option<String>,
    /// Only where it is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub libfabric: Option<String>,
    pub transfer: &'static str,
}

/// The path of the library: the option, else `NIXL_CAPI_LIB`, else `lib/libnixl_capi.so` beside the binary.
pub fn library_path(option: Option<&Path>) -> PathBuf {
    if let Some(path) = option {
        return path.to_owned();
    }
    if let Some(path) = std::env::var_os("NIXL_CAPI_LIB").filter(|value| !value.is_empty()) {
        return PathBuf::from(path);
    }
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("lib/libnixl_capi.so")));
    beside.unwrap_or_else(|| PathBuf::from("libnixl_capi.so"))
}

/// Reads NIXL's version from the wheel's `.dist-info` near the library, and UCX's and libfabric's versions from them.
pub fn versions(library: &Path) -> Versions {
    Versions {
        nixl: wheel_version(library),
        ucx: ucx_version(),
        libfabric: libfabric::version(),
        transfer: env!("CARGO_PKG_VERSION"),
    }
}

fn wheel_version(library: &Path) -> Option<String> {
    library.ancestors().skip(1).take(2).find_map(|folder| {
        std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (package, version) = name.strip_suffix(".dist-info")?.split_once('-')?;
            package.starts_with("nixl").then(|| version.to_owned())
        })
    })
}

fn ucx_version() -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps.lines().filter_map(|line| line.split_whitespace().nth(5)).find(|path| is_libucp(path))?;
    // SAFETY: RTLD_NOLOAD runs no code; ucp_get_version_string takes nothing and returns a static string.
    unsafe {
        let handle = Handle::open(Some(path), RTLD_NOW | RTLD_NOLOAD).ok()?;
        let version =
            handle.get::<unsafe extern "C" fn() -> *const c_char>(b"ucp_get_version_string").ok()?;
        Some(CStr::from_ptr(version()).to_str().ok()?.to_owned())
    }
}

fn is_libucp(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("libucp"))
}
