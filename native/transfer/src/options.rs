//! The command line. Every value is checked here, before anything is opened.

mod check;

use crate::device::{Device, UnknownDevice};
use crate::error::{Failure, Outcome};
use crate::memory::dram::{HostMemoryOptions, HugePages};
use crate::nixl::backend::Backend;
use crate::operation::Operation;
use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

const BLOCKS_OF_REQUEST: usize = 1024;

/// Maximum streams of one run; each has a NIXL agent of its own.
pub const MAX_STREAMS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Offers buffers to the initiator
    Target,
    /// Moves bytes and times the transfers
    Initiator,
    /// Lists what this process can use: /dev/infiniband, interfaces, RDMA devices and GPUs
    Devices,
    /// Lists the node's GPUs and NICs with their NUMA nodes and distances
    Topo,
}

/// The order of a stream's blocks in its descriptor lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BlockOrder {
    /// By address: each block begins where the one before it ends
    Sequential,
    /// As in a paged cache: no block is next to the one before it
    Scattered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorMode {
    Peer,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// Moves bytes between two nodes with NIXL and reports what happened.
#[derive(Debug, Parser)]
#[command(name = "claimcheck-transfer", version)]
pub struct Options {
    /// What this process does
    #[arg(long)]
    pub mode: Mode,

    /// Host of the target's side channel
    #[arg(long, default_value = "nixlbench-target")]
    pub target_host: String,

    /// TCP port of the target's side channel
    #[arg(long, default_value_t = 5555)]
    pub port: u16,

    /// Address that the target listens on
    #[arg(long, default_value = "0.0.0.0")]
    pub listen: String,

    /// NIXL backend; LIBFABRIC is for EFA NICs, or one interface
    #[arg(long, default_value = "UCX", ignore_case = true)]
    pub backend: Backend,

    /// WRITE: initiator to target; READ: target to initiator
    #[arg(long, default_value = "WRITE", ignore_case = true)]
    pub op: Operation,

    /// Bytes of a block, per device
    #[arg(long, default_value_t = 268_435_456)]
    pub block_size: usize,

    /// Blocks of a transfer, per device
    #[arg(long, default_value_t = 1)]
    pub batch_size: usize,

    /// The order in which a transfer lists its blocks
    #[arg(long, default_value = "sequential")]
    pub block_order: BlockOrder,

    /// NIXL requests that a stream's blocks are divided into, all in flight at once; 0: one for each 1024 blocks
    #[arg(long, default_value_t = 0)]
    pub requests: usize,

    /// Move as many bytes the other way at the same time, by a second stream of each device
    #[arg(long)]
    pub both_ways: bool,

    /// Timed transfers
    #[arg(long, default_value_t = 100)]
    pub iters: u32,

    /// Transfers before the timed ones
    #[arg(long, default_value_t = 20)]
    pub warmup_iters: u32,

    /// Worker threads of NIXL's backend; 0: NIXL's default
    #[arg(long, default_value_t = 0)]
    pub backend_threads: u32,

    /// NIXL's progress thread; default: on for the target, and for the initiator with LIBFABRIC
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub progress_thread: Option<Switch>,

    /// Time limit of the whole run
    #[arg(long, default_value_t = 600.0)]
    pub timeout_seconds: f64,

    /// Time without a completed transfer after which the run fails as stalled
    #[arg(long, default_value_t = 30.0)]
    pub stall_seconds: f64,

    /// One device
    #[arg(long, default_value = "cuda:0", conflicts_with = "devices")]
    pub device: Device,

    /// Devices, one stream each: cuda:N for NVIDIA GPU memory, dram or dram:N for host memory
    #[arg(long, value_delimiter = ',')]
    pub devices: Vec<Device>,

    /// NICs, assigned to the streams in order: interfaces or RDMA devices such as mlx5_0; `claimed`: those of this
    /// process's claims; default: UCX's choice
    #[arg(long, value_delimiter = ',')]
    pub nics: Vec<String>,

    /// UCX_TLS; auto: UCX's choice, or tcp,cuda_copy where --nics are interfaces
    #[arg(long, default_value = "auto")]
    pub transport: String,

    /// UCX's handling of a failed peer; shared-memory transports alone need `none`
    #[arg(long, default_value = "peer")]
    pub error_mode: ErrorMode,

    /// NIXL's C library; default: $NIXL_CAPI_LIB, then lib/libnixl_capi.so beside this binary
    #[arg(long)]
    pub nixl_lib: Option<PathBuf>,

    /// File with the run's secret; default: the environment variable TRANSFER_SECRET
    #[arg(long)]
    pub secret_file: Option<PathBuf>,

    /// Send a fresh pattern after the timed transfers and check every byte; this is the default
    #[arg(long, overrides_with = "no_verify")]
    pub verify: bool,

    /// Do not check the bytes
    #[arg(long)]
    pub no_verify: bool,

    /// Pages of host memory; auto: transparent huge pages where the kernel has them
    #[arg(long, default_value = "auto")]
    pub huge_pages: HugePages,

    /// NUMA node of host memory; default: the kernel's choice
    #[arg(long)]
    pub numa_node: Option<u32>,

    /// Where the node's sysfs is mounted, for the port counters that this network namespace does not show
    #[arg(long)]
    pub host_sysfs: Option<PathBuf>,

    /// Print progress events
    #[arg(long)]
    pub progress: bool,

    /// End when stdin ends, so that no run outlives the process that started it
    #[arg(long)]
    pub until_stdin_closes: bool,

    /// Root of sysfs, for --mode topo and --mode devices
    #[arg(long, default_value = "/sys")]
    pub sysfs: PathBuf,
}

impl Options {
    pub fn host_memory(&self) -> HostMemoryOptions {
        HostMemoryOptions { pages: self.huge_pages, numa_node: self.numa_node }
    }

    /// Parses the arguments. `Ok(Err(text))` is the text of --help or --version, to be printed as it is.
    pub fn read<I: IntoIterator<Item = std::ffi::OsString>>(arguments: I) -> Outcome<Result<Self, String>> {
        match Options::try_parse_from(arguments) {
            Ok(options) => options.checked().map(Ok),
            Err(error) if !error.use_stderr() => Ok(Err(error.to_string())),
            Err(error) => Err(from_clap(&error)),
        }
    }

    pub fn verifies(&self) -> bool {
        !self.no_verify
    }

    /// Bytes that one stream moves in a transfer.
    pub fn stream_bytes(&self) -> usize {
        self.block_size * self.batch_size
    }

    /// The blocks of one NIXL request. Over NVLink, UCX copies several requests of a thousand blocks in 0.8 of the time of one
    /// request of all blocks.
    pub fn blocks_of_request(&self) -> usize {
        match self.requests {
            0 => BLOCKS_OF_REQUEST,
            requests => self.batch_size.div_ceil(requests),
        }
    }

    /// Bytes that all streams move in a transfer.
    pub fn total_bytes(&self) -> usize {
        self.stream_bytes() * self.streams()
    }

    /// One for each device; with `--both-ways` another for each device, in the same order.
    pub fn streams(&self) -> usize {
        self.devices.len() * if self.both_ways { 2 } else { 1 }
    }

    pub fn op_of_stream(&self, index: usize) -> Operation {
        if index < self.devices.len() { self.op } else { self.op.reversed() }
    }

    pub fn device_names(&self) -> Vec<String> {
        self.devices.iter().map(Device::to_string).collect()
    }

    pub fn progress_thread(&self) -> bool {
        match self.progress_thread {
            Some(switch) => switch == Switch::On,
            // Only the thread sends LIBFABRIC's notifications once a WRITE is complete at the initiator.
            None => self.mode == Mode::Target || self.backend.completes_writes_locally(),
        }
    }

    pub fn time_limit(&self) -> Duration {
        Duration::from_secs_f64(self.timeout_seconds)
    }
}

fn from_clap(error: &clap::Error) -> Failure {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<UnknownDevice>());
    if let Some(unknown) = source {
        return Failure::bad_option("--device or --devices", &unknown.expected, &unknown.found);
    }
    let text = error.to_string();
    let sentence = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Failure::bad_option("the command line", "options that --help lists", sentence)
}
