//! The catalogue of failures: one constructor for each cause.

use crate::error::{Code, Failure};
use crate::nixl::backend::Backend;
use std::fmt::Display;

impl Failure {
    pub fn bad_option(option: &str, expected: impl Display, found: impl Display) -> Self {
        let hint = format!("Correct {option}; --help lists every option.");
        Self::new(Code::BadOption, option, expected, found, hint)
    }

    pub fn library_missing(tried: &str, reason: impl Display) -> Self {
        Self::new(
            Code::NixlLibraryMissing,
            format!("NIXL library {tried}"),
            "a loadable libnixl_capi.so",
            reason,
            "Set its path with --nixl-lib or NIXL_CAPI_LIB; the nixl-cu12 wheel contains it.",
        )
    }

    pub fn plugin_missing(backend: Backend, file: impl Display, reason: impl Display) -> Self {
        let reason = reason.to_string();
        let hint = if reason.contains("libcuda.so") {
            "Run in a pod that has a GPU: libcuda.so.1 comes with the NVIDIA driver."
        } else {
            "Build the image with libfabric.so.1 and libhwloc.so.15 of versions that the plugin accepts; docs/transport.md \
             says which."
        };
        Self::new(
            Code::NixlLibraryMissing,
            format!("NIXL backend {backend}, {file}"),
            "a plugin that loads with every library that it needs",
            &reason,
            hint,
        )
    }

    pub fn symbol_missing(library: &str, symbol: &str, reason: impl Display) -> Self {
        Self::new(
            Code::NixlSymbolMissing,
            format!("NIXL library {library}"),
            format!("the function {symbol}"),
            reason,
            "Use the C library of NIXL 1.5.",
        )
    }

    pub fn nixl_call(call: &str, object: impl Display, status: impl Display) -> Self {
        Self::new(
            Code::NixlCallFailed,
            format!("{object}, NIXL {call}"),
            "status 0",
            status,
            "Read the UCX and NIXL lines on stderr; UCX_LOG_LEVEL=info logs more.",
        )
    }

    pub fn aborted(step: impl Display) -> Self {
        Self::new(
            Code::NixlCallFailed,
            step,
            "a process that runs on",
            "a fatal error of NIXL or UCX, which aborted it",
            "Read the UCX and NIXL lines on stderr, and check on the node whether the NICs still exist.",
        )
    }

    pub fn cuda_unavailable(found: impl Display) -> Self {
        Self::new(
            Code::CudaUnavailable,
            "the NVIDIA driver",
            "a loadable libcuda.so.1 with a GPU",
            found,
            "Run in a pod that has a GPU, or use --devices dram.",
        )
    }

    pub fn cuda_call(call: &str, device: impl Display, found: impl Display) -> Self {
        Self::new(
            Code::CudaCallFailed,
            format!("{device}, {call}"),
            "CUDA_SUCCESS",
            found,
            "Check the GPU with nvidia-smi.",
        )
    }

    pub fn out_of_memory(object: impl Display, wanted_bytes: usize, found: impl Display) -> Self {
        Self::new(
            Code::OutOfMemory,
            object,
            format!("{wanted_bytes} bytes of memory"),
            found,
            "Lower --block-size, --batch-size or the number of devices, or raise the memory limit.",
        )
    }

    pub fn nic_unknown(name: &str, there: &[String]) -> Self {
        let list = if there.is_empty() { "no NIC".to_owned() } else { there.join(", ") };
        Self::new(
            Code::NicUnknown,
            format!("NIC {name}"),
            "an interface or RDMA device that this process can see",
            list,
            "Correct --nics; --mode devices lists what this process can use.",
        )
    }

    pub fn nic_unusable(
        nic: impl Display,
        expected: impl Display,
        found: impl Display,
        hint: impl Display,
    ) -> Self {
        Self::new(Code::NicUnusable, nic, expected, found, hint)
    }

    pub fn port_taken(address: impl Display, reason: impl Display) -> Self {
        Self::new(
            Code::PortTaken,
            format!("address {address}"),
            "a port free to listen on",
            reason,
            "End the process that uses it, or choose another --port.",
        )
    }

    pub fn peer_absent(peer: impl Display, last: impl Display) -> Self {
        Self::new(
            Code::PeerAbsent,
            peer,
            "a connection to its side channel within the time limit",
            last,
            "Check that the peer is running, that both sides use the same --port, and that the pod network connects them.",
        )
    }

    pub fn peer_gone(peer: impl Display, reason: impl Display) -> Self {
        Self::new(
            Code::PeerGone,
            peer,
            "an open side channel until the end of the run",
            reason,
            "Read the peer's log for why it ended.",
        )
    }

    pub fn auth_failed(peer: impl Display, found: impl Display) -> Self {
        Self::new(
            Code::AuthFailed,
            peer,
            "proof of this run's secret",
            found,
            "Set the same secret on both sides (--secret-file or TRANSFER_SECRET).",
        )
    }

    pub fn mismatch(parameter: &str, target: impl Display, initiator: impl Display) -> Self {
        Self::new(
            Code::ProtocolMismatch,
            format!("parameter {parameter}"),
            format!("the target's {target}"),
            format!("the initiator's {initiator}"),
            "Start both sides with the same value.",
        )
    }

    pub fn violation(peer: impl Display, expected: impl Display, found: impl Display) -> Self {
        Self::new(
            Code::ProtocolViolation,
            peer,
            expected,
            found,
            "Use the same version of the binary on both sides.",
        )
    }

    pub fn stalled(object: impl Display, seconds: f64) -> Self {
        Self::new(
            Code::TransferStalled,
            object,
            "a completed transfer",
            format!("none for {seconds:.1} s, with every monitored link up"),
            "Check routes and switches between the nodes, and whether the peer's process is stopped; raise --stall-seconds for slow links.",
        )
    }

    /// The NIC gave up a connection whose packets the peer's NIC did not acknowledge.
    pub fn connection_broken(object: impl Display, found: impl Display) -> Self {
        Self::new(
            Code::ConnectionBroken,
            object,
            "packets that the peer's NIC acknowledges, with every monitored link up and the peer's process running",
            found,
            "Check cables, switch ports, MTU and routes between the two NICs.",
        )
    }

    pub fn silent(peer: &str, waiting_for: &str, seconds: f64) -> Self {
        Self::new(
            Code::TransferStalled,
            peer,
            format!("{waiting_for} within --stall-seconds {seconds}"),
            "no answer, although its connection is open",
            "Check whether its process is stopped or its node hangs; raise --stall-seconds for a slow node.",
        )
    }

    pub fn transport_fallback(stream: impl Display, devices: impl Display, transport: impl Display) -> Self {
        Self::new(
            Code::TransportFallback,
            stream,
            format!("a transport over {devices}"),
            transport,
            "Check --transport and UCX_TLS, and that both pods reach each other over these devices.",
        )
    }

    pub fn link_down(host: &str, nic: &str, streams: &str, state: impl Display) -> Self {
        Self::new(
            Code::LinkDown,
            format!("host {host}, NIC {nic} ({streams})"),
            "a link that is up and running",
            state,
            "Check the cable, the switch port and the interface.",
        )
    }

    pub fn data_corrupt(object: impl Display, expected: &str, found: &str, hint: impl Display) -> Self {
        Self::new(Code::DataCorrupt, object, expected, found, hint)
    }

    pub fn deadline(waiting_for: impl Display, limit_seconds: f64) -> Self {
        Self::new(
            Code::Deadline,
            waiting_for,
            format!("completion within --timeout-seconds {limit_seconds}"),
            "no completion in that time",
            "Raise --timeout-seconds, or lower --iters or --block-size.",
        )
    }

    pub fn interrupted(signal: &str) -> Self {
        Self::new(
            Code::Interrupted,
            "this process",
            "to run to its end",
            signal,
            "Start it again if that was not intended.",
        )
    }

    pub fn system_call(call: &str, object: impl Display, error: impl Display) -> Self {
        Self::new(
            Code::SystemCallFailed,
            format!("{object}, {call}"),
            "success",
            error,
            "Check the limits and permissions of this process.",
        )
    }
}
