//! NIXL's plugin of a backend. NIXL says only that it does not support the backend where the plugin, or a library that it
//! needs, cannot be loaded.

use super::backend::Backend;
use super::library::Library;
use crate::error::{Failure, Outcome};
use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};
use std::path::{Path, PathBuf};

/// Loads the plugin of LIBFABRIC as NIXL will, to fail with NIXL_LIBRARY_MISSING and the loader's reason. UCX's plugin is
/// left to NIXL, since all that it needs is in NIXL's wheel.
pub fn require(library: &Library, backend: Backend) -> Outcome<()> {
    if backend == Backend::Ucx {
        return Ok(());
    }
    let file = folder(&library.path).join(format!("libplugin_{backend}.so"));
    // SAFETY: loading runs the initialisers of the plugin and of its libraries. The environment that they read is set.
    let handle = unsafe { Handle::open(Some(&file), RTLD_NOW | RTLD_LOCAL) }
        .map_err(|error| Failure::plugin_missing(backend, file.display(), error))?;
    // Never unloaded, as NIXL's library.
    std::mem::forget(handle);
    Ok(())
}

/// Where NIXL looks for plugins: NIXL_PLUGIN_DIR, else the folder beside its libraries.
fn folder(library: &Path) -> PathBuf {
    match std::env::var_os("NIXL_PLUGIN_DIR") {
        Some(folder) => folder.into(),
        None => library.with_file_name("plugins"),
    }
}
