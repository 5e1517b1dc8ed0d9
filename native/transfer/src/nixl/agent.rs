//! One NIXL agent with one backend, owned by a stream: registration of memory, metadata and connections. Handles are
//! destroyed in the order that NIXL requires.

use super::backend::Backend;
use super::is_abandoned;
use super::library::{AgentConfig, Library, Pointer, Status, status_text};
use super::ucx_log;
use crate::error::{Failure, Outcome};
use std::ffi::{CStr, CString, c_char};
use std::ptr::{null, null_mut};
use std::time::Instant;

const LIBFABRIC_ADVICE: &str = "Read NIXL's lines on stderr; FI_LOG_LEVEL=info and NIXL_LOG_LEVEL=INFO log more. Check that \
    libfabric has a provider for the NICs: efa needs the files of /dev/infiniband and libefa.so.1.";

/// The settings of a backend.
pub struct BackendSettings {
    pub backend: Backend,
    pub progress_thread: bool,
    /// The backend's own keys and values, e.g. `ucx_error_handling_mode` and `peer`.
    pub parameters: Vec<(&'static str, String)>,
}

/// NIXL's kinds of memory segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Segment {
    Dram = 0,
    Vram = 1,
}

/// A span of memory that NIXL may move.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub segment: Segment,
    pub address: usize,
    pub bytes: usize,
    pub device_id: u64,
}

pub struct Agent {
    pub(super) library: &'static Library,
    pub(super) agent: Pointer,
    pub(super) backend: Pointer,
    pub(super) with_backend: Pointer,
    pub(super) name: String,
    kind: Backend,
    /// Seconds that creating the backend took.
    pub backend_seconds: f64,
}

// SAFETY: the handles are heap objects without thread affinity; an `Agent` is used by one thread at a time.
unsafe impl Send for Agent {}

impl Agent {
    pub fn create(library: &'static Library, name: &str, settings: &BackendSettings) -> Outcome<Self> {
        let mut made = Agent {
            library,
            agent: null_mut(),
            backend: null_mut(),
            with_backend: null_mut(),
            name: name.to_owned(),
            kind: settings.backend,
            backend_seconds: 0.0,
        };
        let config = AgentConfig {
            enable_prog_thread: settings.progress_thread,
            enable_listen_thread: false,
            listen_port: 0,
            thread_sync: 0,
            num_workers: 1,
            pthr_delay_us: settings.backend.progress_interval_microseconds(),
            lthr_delay_us: 100_000,
            capture_telemetry: false,
        };
        let agent_name = c_string(name)?;
        // SAFETY: name and config live across the call; NIXL writes the handle.
        let status =
            unsafe { (library.create_configured_agent)(agent_name.as_ptr(), &config, &mut made.agent) };
        made.expect_success("create_configured_agent", status)?;
        let began = Instant::now();
        made.create_backend(settings)?;
        made.backend_seconds = began.elapsed().as_secs_f64();
        // SAFETY: plain constructors on handles made above.
        let status = unsafe { (library.create_opt_args)(&mut made.with_backend) };
        made.expect_success("create_opt_args", status)?;
        // SAFETY: as above.
        let status = unsafe { (library.opt_args_add_backend)(made.with_backend, made.backend) };
        made.expect_success("opt_args_add_backend", status)?;
        Ok(made)
    }

    fn create_backend(&mut self, settings: &BackendSettings) -> Outcome<()> {
        let library = self.library;
        let mut parameters = null_mut();
        // SAFETY: NIXL writes the handle.
        let status = unsafe { (library.create_params)(&mut parameters) };
        self.expect_success("create_params", status)?;
        let made = settings.parameters.iter().try_for_each(|(key, value)| {
            let (key, value) = (c_string(key)?, c_string(value)?);
            // SAFETY: both strings live across the call; NIXL copies them.
            let status = unsafe { (library.params_add)(parameters, key.as_ptr(), value.as_ptr()) };
            self.expect_success("params_add", status)
        });
        let made = made.and_then(|()| {
            let backend = c_string(settings.backend.name())?;
            // SAFETY: agent and parameters are live handles; NIXL writes the backend's.
            let status = unsafe {
                (library.create_backend)(self.agent, backend.as_ptr(), parameters, &mut self.backend)
            };
            let call = format!("create_backend({}, {:?})", settings.backend, settings.parameters);
            self.expect_success(&call, status)
        });
        // SAFETY: the parameters were made above and are not used again.
        unsafe { (library.destroy_params)(parameters) };
        made
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn backend(&self) -> Backend {
        self.kind
    }

    /// Registers the span with NIXL until the registration is dropped.
    pub fn register(&self, span: Span) -> Outcome<Registration<'_>> {
        let list = self.registration_list(span)?;
        // SAFETY: agent, list and options are live handles; the span outlives the registration's owner.
        let status = unsafe { (self.library.register_mem)(self.agent, list, self.with_backend) };
        let registration = Registration { agent: self, list, registered: status == 0 };
        self.expect_success("register_mem", status)?;
        Ok(registration)
    }

    fn registration_list(&self, span: Span) -> Outcome<Pointer> {
        let mut list = null_mut();
        // SAFETY: NIXL writes the handle.
        let status = unsafe { (self.library.create_reg_dlist)(span.segment as i32, &mut list) };
        self.expect_success("create_reg_dlist", status)?;
        // SAFETY: the list was just made; no metadata is passed.
        let status = unsafe {
            (self.library.reg_dlist_add_desc)(list, span.address, span.bytes, span.device_id, null(), 0)
        };
        self.expect_success("reg_dlist_add_desc", status).map(|()| list)
    }

    /// The metadata that the peer's agent loads to reach this one. Register memory first.
    pub fn metadata(&self) -> Outcome<Vec<u8>> {
        let (mut data, mut length) = (null_mut(), 0usize);
        // SAFETY: NIXL writes a malloc'ed block and its length.
        let status = unsafe { (self.library.get_local_md)(self.agent, &mut data, &mut length) };
        self.expect_success("get_local_md", status)?;
        // SAFETY: data points to `length` bytes from malloc, freed once, here.
        unsafe {
            let bytes = std::slice::from_raw_parts(data.cast::<u8>(), length).to_vec();
            libc::free(data);
            Ok(bytes)
        }
    }

    /// Loads the peer's metadata and connects to it.
    pub fn connect(&self, metadata: &[u8]) -> Outcome<Remote<'_>> {
        let mut name: *mut c_char = null_mut();
        // SAFETY: the bytes live across the call; NIXL writes a malloc'ed string.
        let status = unsafe {
            (self.library.load_remote_md)(self.agent, metadata.as_ptr().cast(), metadata.len(), &mut name)
        };
        self.expect_success("load_remote_md", status)?;
        // SAFETY: name is a string from malloc, freed once, here.
        let name = unsafe {
            let owned = CStr::from_ptr(name).to_owned();
            libc::free(name.cast());
            owned
        };
        let remote = Remote { agent: self, name };
        // SAFETY: all three are live.
        let status = unsafe {
            (self.library.agent_make_connection)(self.agent, remote.name.as_ptr(), self.with_backend)
        };
        self.expect_success("agent_make_connection", status)?;
        Ok(remote)
    }

    pub(super) fn expect_success(&self, call: &str, status: Status) -> Outcome<()> {
        match status {
            0 => Ok(()),
            status => {
                let failure = Failure::nixl_call(call, format!("agent {}", self.name), status_text(status));
                Err(match self.kind {
                    Backend::Ucx => ucx_log::explain(failure),
                    Backend::Libfabric => failure.advised(LIBFABRIC_ADVICE),
                })
            }
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if is_abandoned() {
            return;
        }
        // SAFETY: each handle is null or live, and is destroyed once, users before what they use.
        unsafe {
            if !self.with_backend.is_null() {
                (self.library.destroy_opt_args)(self.with_backend);
            }
            if !self.backend.is_null() {
                (self.library.destroy_backend)(self.backend);
            }
            if !self.agent.is_null() {
                (self.library.destroy_agent)(self.agent);
            }
        }
    }
}

/// Memory registered with an agent. Dropping it deregisters the memory.
pub struct Registration<'a> {
    agent: &'a Agent,
    list: Pointer,
    registered: bool,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        if is_abandoned() {
            return;
        }
        let library = self.agent.library;
        // SAFETY: the list is live and destroyed once; deregistered only if NIXL took it.
        unsafe {
            if self.registered {
                (library.deregister_mem)(self.agent.agent, self.list, self.agent.with_backend);
            }
            (library.destroy_reg_dlist)(self.list);
        }
    }
}

/// The peer's agent, as loaded from its metadata. Dropping it invalidates the metadata.
pub struct Remote<'a> {
    agent: &'a Agent,
    pub(super) name: CString,
}

impl Drop for Remote<'_> {
    fn drop(&mut self) {
        if is_abandoned() {
            return;
        }
        // SAFETY: both are live; forgetting an unknown peer is an error status without effect.
        unsafe { (self.agent.library.invalidate_remote_md)(self.agent.agent, self.name.as_ptr()) };
    }
}

fn c_string(text: &str) -> Outcome<CString> {
    CString::new(text).map_err(|_| {
        Failure::bad_option("a value for NIXL", "text without a NUL character", format!("{text:?}"))
    })
}
