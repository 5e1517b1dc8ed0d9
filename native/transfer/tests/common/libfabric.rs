//! NIXL with all that its LIBFABRIC backend needs, as `npm run test:native` provides it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The functions of CUDA's driver that the plugin is linked to, answering as the driver does where there is no GPU:
/// CUDA_ERROR_NO_DEVICE. It stands for the driver on machines that have none, and moves no bytes.
const NO_GPU: &str = "int cuCtxSetCurrent(void *context) { return 100; }
int cuDeviceGetPCIBusId(char *id, int length, int device) { return 100; }
int cuPointerGetAttributes(unsigned count, void *names, void **values, unsigned long long pointer) { return 100; }";

/// The environment of a process that uses LIBFABRIC; none where its libraries could not be provided, which
/// `npm run test:native` has said.
pub fn environment() -> Option<[(&'static str, String); 2]> {
    let nixl = std::env::var("LIBFABRIC_NIXL_CAPI_LIB").expect("these tests need `npm run test:native`");
    if nixl.is_empty() {
        return None;
    }
    let mut folders = vec![std::env::var("LIBFABRIC_LIBRARY_PATH").unwrap()];
    folders.extend(driver_without_gpu());
    Some([("NIXL_CAPI_LIB", nixl), ("LD_LIBRARY_PATH", folders.join(":"))])
}

/// The folder of a libcuda.so.1 without GPUs; none where this machine has the real one.
fn driver_without_gpu() -> Option<String> {
    static FOLDER: OnceLock<Option<String>> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        // SAFETY: the driver's library starts nothing when it is loaded.
        if unsafe { libloading::Library::new("libcuda.so.1") }.is_ok() {
            return None;
        }
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-gpu");
        std::fs::create_dir_all(&folder).unwrap();
        let (source, library) = (folder.join("cuda.c"), folder.join("libcuda.so.1"));
        std::fs::write(&source, NO_GPU).unwrap();
        let mut built = Command::new("cc");
        built.args(["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o"]);
        assert!(built.arg(&library).arg(&source).status().unwrap().success());
        Some(folder.display().to_string())
    });
    made.clone()
}
