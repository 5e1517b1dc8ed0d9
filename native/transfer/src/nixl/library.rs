//! NIXL's C library, opened at run time by its absolute path, with every function resolved at once. There is no stub to
//! fall back to.

use crate::error::{Failure, Outcome};
use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::path::{Path, PathBuf};

pub type Status = c_int;
pub type Pointer = *mut c_void;

/// `nixl_capi_agent_config_s` of NIXL 1.5, field by field.
#[repr(C)]
pub struct AgentConfig {
    pub enable_prog_thread: bool,
    pub enable_listen_thread: bool,
    pub listen_port: c_int,
    pub thread_sync: c_int,
    pub num_workers: c_uint,
    pub pthr_delay_us: u64,
    pub lthr_delay_us: u64,
    pub capture_telemetry: bool,
}

macro_rules! functions {
    ($($name:ident($($argument:ty),*);)*) => {
        /// The functions of `libnixl_capi.so` that the binary calls, without their `nixl_capi_` prefix.
        pub struct Library {
            $(pub $name: unsafe extern "C" fn($($argument),*) -> Status,)*
            pub path: PathBuf,
            // Declared last, so that it is dropped after the functions.
            _handle: Handle,
        }

        impl Library {
            fn resolve(handle: Handle, path: PathBuf) -> Outcome<Self> {
                $(
                    let symbol = concat!("nixl_capi_", stringify!($name));
                    // SAFETY: the signature is the one of NIXL's wrapper.h 1.5 for this name.
                    let $name = *unsafe {
                        handle.get::<unsafe extern "C" fn($($argument),*) -> Status>(symbol.as_bytes())
                    }
                    .map_err(|error| Failure::symbol_missing(&path.display().to_string(), symbol, error))?;
                )*
                Ok(Library { $($name,)* path, _handle: handle })
            }
        }
    };
}

functions! {
    create_configured_agent(*const c_char, *const AgentConfig, *mut Pointer);
    destroy_agent(Pointer);
    get_local_md(Pointer, *mut Pointer, *mut usize);
    load_remote_md(Pointer, *const c_void, usize, *mut *mut c_char);
    invalidate_remote_md(Pointer, *const c_char);
    create_params(*mut Pointer);
    params_add(Pointer, *const c_char, *const c_char);
    destroy_params(Pointer);
    create_backend(Pointer, *const c_char, Pointer, *mut Pointer);
    destroy_backend(Pointer);
    create_opt_args(*mut Pointer);
    opt_args_add_backend(Pointer, Pointer);
    destroy_opt_args(Pointer);
    opt_args_set_notif_msg(Pointer, *const c_void, usize);
    opt_args_set_has_notif(Pointer, bool);
    create_notif_map(*mut Pointer);
    destroy_notif_map(Pointer);
    get_notifs(Pointer, Pointer, Pointer);
    notif_map_size(Pointer, *mut usize);
    notif_map_get_agent_at(Pointer, usize, *mut *const c_char);
    notif_map_get_notifs_size(Pointer, *const c_char, *mut usize);
    create_reg_dlist(c_int, *mut Pointer);
    reg_dlist_add_desc(Pointer, usize, usize, u64, *const c_void, usize);
    destroy_reg_dlist(Pointer);
    register_mem(Pointer, Pointer, Pointer);
    deregister_mem(Pointer, Pointer, Pointer);
    agent_make_connection(Pointer, *const c_char, Pointer);
    create_xfer_dlist(c_int, *mut Pointer);
    xfer_dlist_add_desc(Pointer, usize, usize, u64);
    destroy_xfer_dlist(Pointer);
    create_xfer_req(Pointer, c_int, Pointer, Pointer, *const c_char, *mut Pointer, Pointer);
    post_xfer_req(Pointer, Pointer, Pointer);
    get_xfer_status(Pointer, Pointer);
    release_xfer_req(Pointer, Pointer);
    destroy_xfer_req(Pointer);
}

impl Library {
    /// Opens the library at `path`. The reference is leaked, since unloading UCX is not safe while its threads and exit
    /// handlers exist.
    pub fn open(path: &Path) -> Outcome<&'static Library> {
        let shown = path.display().to_string();
        let absolute = path.canonicalize().map_err(|error| Failure::library_missing(&shown, error))?;
        // SAFETY: loading runs the initialisers of NIXL and UCX; no other thread touches the
        // environment at this time.
        let handle = unsafe { Handle::open(Some(&absolute), RTLD_NOW | RTLD_LOCAL) }
            .map_err(|error| Failure::library_missing(&shown, error))?;
        Ok(Box::leak(Box::new(Library::resolve(handle, absolute)?)))
    }
}

/// The meaning of a status code of the C interface.
pub fn status_text(status: Status) -> String {
    let words = match status {
        0 => "success",
        1 => "in progress",
        -1 => "invalid parameter",
        -2 => "backend error",
        -3 => "invalid state",
        -4 => "exception",
        -5 => "no telemetry",
        -6 => "not found",
        _ => "unknown status",
    };
    format!("status {status} ({words})")
}
