//! What both sides do before they connect: check the options against the machine, set UCX's environment, load NIXL
//! and create the streams.

use super::start_parts::{StartParts, Stopwatch};
use super::stream::Stream;
use crate::error::Outcome;
use crate::memory;
use crate::nic::counters::{self, Counted};
use crate::nic::link::LinkMonitor;
use crate::nic::ports::{self, PortState};
use crate::nic::{self, Kind, Nic, RDMA_CLASS, locked_memory};
use crate::nixl::agent::BackendSettings;
use crate::nixl::backend::Backend;
use crate::nixl::library::Library;
use crate::nixl::location::{self, Versions};
use crate::nixl::{libfabric, plugin, ucx_log};
use crate::options::{ErrorMode, Options};
use crate::printable::shortened;
use crate::secret::Secret;
use crate::side_channel::messages::Counters;
use crate::sysfs::names;
use crate::watchdog;
use std::collections::BTreeMap;
use std::path::Path;

const NET_DEVICES: &str = "UCX_NET_DEVICES";
const MOST_SETTINGS: usize = 100;
const MMAP_HOOKS: &str = "UCX_MEM_MMAP_HOOK_MODE";

pub struct Prepared {
    pub streams: Vec<Stream>,
    pub secret: Secret,
    pub links: LinkMonitor,
    pub claimed: Vec<Nic>,
    /// Of the RDMA devices among the claimed NICs.
    pub ports: Vec<(String, PortState)>,
    pub hostname: String,
    pub versions: Versions,
    /// The variables of UCX in the environment that this process was given.
    pub ucx_settings: BTreeMap<String, String>,
    pub transport: String,
    /// All parts but the registration of memory, which comes after the preparation.
    pub start_parts: StartParts,
}

impl Prepared {
    /// Whether `--nics` named the NIC.
    pub fn claims(&self, counted: &Counted) -> bool {
        self.claimed.iter().any(|nic| nic.name == counted.name && nic.kind == counted.kind)
    }

    /// Reads this side's counters and ports.
    pub fn count(&self, options: &Options) -> Outcome<Counters> {
        Ok(Counters {
            nics: counters::read(options.host_sysfs.as_deref())?,
            claimed: self.claimed.iter().map(|nic| nic.name.clone()).collect(),
            ports: ports::read(&self.ports),
        })
    }
}

/// Prepares this side. `role` is part of the agents' names. `before_loading` runs after all cheap checks and before
/// NIXL is loaded.
pub fn prepare(
    options: &Options,
    role: &str,
    before_loading: impl FnOnce() -> Outcome<()>,
) -> Outcome<Prepared> {
    let secret = Secret::read(options.secret_file.as_deref())?;
    let claimed = nic::find_all(&options.nics)?;
    if options.backend == Backend::Libfabric {
        libfabric::check(options, &claimed)?;
    }
    let of_devices = nic::assign(&claimed, options.devices.len());
    let assigned: Vec<Vec<Nic>> = of_devices.into_iter().cycle().take(options.streams()).collect();
    let hostname = hostname();
    let links = LinkMonitor::over(&hostname, &assigned)?;
    links.await_up()?;
    let devices = options.devices.iter().cycle().take(options.streams());
    let in_host_memory = devices.clone().filter(|device| device.kind.copy_transport().is_none()).count();
    let host_bytes = options.stream_bytes().saturating_mul(in_host_memory) as u64;
    locked_memory::check(&claimed, options.streams(), host_bytes)?;
    let ports = ports::states(&claimed)?;
    ports::check_addresses(&ports)?;
    let ucx_settings = ucx_settings();
    let transport = transport(options, &claimed);
    set_environment(&transport, options, &claimed);
    ucx_log::capture()?;
    let active = options.devices.iter().map(|device| device.kind.activate(device.index));
    let active = active.collect::<Outcome<Vec<_>>>()?;
    before_loading()?;
    let mut stopwatch = Stopwatch::start();
    let path = location::library_path(options.nixl_lib.as_deref());
    watchdog::enter(format!("loading the NIXL library {}", path.display()));
    let library = Library::open(&path)?;
    plugin::require(library, options.backend)?;
    let opened = StartParts { library: stopwatch.lap(), ..StartParts::default() };
    let streams = assigned
        .into_iter()
        .zip(devices)
        .enumerate()
        .map(|(index, (nics, device))| {
            let name = format!("claimcheck-{role}-{index}");
            watchdog::enter(format!("creating stream {index}, device {device}: NIXL backend and buffer"));
            let settings = backend_settings(options, &nics);
            restrict_to(&nics);
            Stream::create(library, &name, &settings, index, device, nics, options)
        })
        .collect::<Outcome<Vec<_>>>()?;
    drop(active);
    let start_parts = streams.iter().fold(opened, |parts, stream| parts.plus(&stream.parts));
    let versions = location::versions(&library.path);
    Ok(Prepared {
        streams,
        secret,
        links,
        claimed,
        ports,
        hostname,
        versions,
        ucx_settings,
        transport,
        start_parts,
    })
}

/// The value of UCX_TLS, or `auto`.
fn transport(options: &Options, nics: &[Nic]) -> String {
    let over_interfaces = nics.first().is_some_and(|nic| nic.kind == Kind::Interface);
    match (options.transport.as_str(), over_interfaces) {
        // Only tcp, since two processes of one PID namespace would otherwise copy past the interface. On a node with
        // GPUs, NIXL refuses a list without their copy transport, whatever memory is moved.
        ("auto", true) => {
            let copies = memory::KINDS.into_iter().filter_map(|kind| kind.copy_transport());
            ["tcp"].into_iter().chain(copies).collect::<Vec<_>>().join(",")
        }
        (asked, _) => asked.into(),
    }
}

/// The UCX variables of this process. Long values are shortened, and their number is limited.
fn ucx_settings() -> BTreeMap<String, String> {
    let all = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with("UCX_"))?;
        Some((shortened(&name), shortened(&value.to_string_lossy())))
    });
    all.take(MOST_SETTINGS).collect()
}

/// Sets the environment that UCX and libfabric read when they are loaded.
fn set_environment(transport: &str, options: &Options, nics: &[Nic]) {
    let is_unset = |name: &str| std::env::var_os(name).is_none();
    let uses_host_memory = options.devices.iter().all(|device| device.kind.copy_transport().is_none());
    // SAFETY: the only other thread waits for signals and reads no environment.
    unsafe {
        if transport != "auto" {
            std::env::set_var("UCX_TLS", transport);
        }
        if options.backend == Backend::Libfabric {
            for (name, value) in libfabric::environment(nics) {
                std::env::set_var(name, value);
            }
        }
        if !nics.is_empty() {
            // Set now, so that `restrict_to` later only changes its value.
            std::env::set_var(NET_DEVICES, "");
            // The environment would override the backend's own setting.
            std::env::remove_var("UCX_MAX_RMA_RAILS");
        }
        let settings = options.devices.iter().flat_map(|device| device.kind.ucx_settings());
        settings.filter(|(name, _)| is_unset(name)).for_each(|(name, value)| std::env::set_var(name, value));
        // UCX's hooks on mmap cost 0.4 s at start. They serve its registration cache, which neither TCP nor shared
        // memory uses.
        if uses_host_memory && names(Path::new(RDMA_CLASS)).is_empty() && is_unset(MMAP_HOOKS) {
            std::env::set_var(MMAP_HOOKS, "none");
        }
    }
}

/// Restricts the next backend to these NICs. Only the environment can name several: the backend's `engine_config`
/// splits its value at commas, and its `device_list` accepts InfiniBand ports only.
fn restrict_to(nics: &[Nic]) {
    if nics.is_empty() {
        return;
    }
    let devices: Vec<String> = nics.iter().map(Nic::ucx_name).collect();
    // SAFETY: the variable is there already, so glibc swaps one pointer and never frees the old value:
    // a getenv in a progress thread of an earlier stream sees the one or the other.
    unsafe { std::env::set_var(NET_DEVICES, devices.join(",")) };
}

fn backend_settings(options: &Options, nics: &[Nic]) -> BackendSettings {
    let mut parameters = Vec::new();
    if options.backend == Backend::Ucx {
        let error_mode = match options.error_mode {
            ErrorMode::Peer => "peer",
            ErrorMode::None => "none",
        };
        parameters.push(("ucx_error_handling_mode", error_mode.to_owned()));
    }
    if options.backend_threads > 0 {
        parameters.push(("num_threads", options.backend_threads.to_string()));
    }
    if options.backend == Backend::Ucx && !nics.is_empty() {
        parameters.push(("engine_config", format!("MAX_RMA_RAILS={}", nics.len())));
    }
    BackendSettings { backend: options.backend, progress_thread: options.progress_thread(), parameters }
}

pub fn hostname() -> String {
    let mut bytes = [0u8; 256];
    // SAFETY: the kernel writes at most the given length; the last byte stays 0.
    unsafe { libc::gethostname(bytes.as_mut_ptr().cast(), bytes.len() - 1) };
    let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}
