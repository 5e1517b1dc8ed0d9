//! The RESULT object, with sorted keys. protocol.md states the meaning and unit of each; GB is 10^9 bytes.

use crate::memory::pattern::Damage;
use crate::nic::counters::Traffic;
use crate::nic::ports::PortReport;
use crate::nixl::location::Versions;
use crate::operation::Operation;
use crate::options::Options;
use crate::run::statistics::{least, mean, percentile};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const SCHEMA: &str = "claimcheck.result/1";

/// One stream of a finished run.
pub struct StreamResult {
    pub device: String,
    pub op: Operation,
    pub nics: Vec<String>,
    pub target_device: String,
    pub target_nics: Vec<String>,
    /// Seconds from the common start of a transfer to this stream's completion.
    pub samples: Vec<f64>,
    /// The transport that UCX chose, e.g. `tcp/nic0`; null where it did not log it.
    pub transport: Option<String>,
    pub damage: Option<Damage>,
}

/// A finished run.
pub struct Measured {
    /// Seconds of each timed transfer, over all streams.
    pub samples: Vec<f64>,
    pub streams: Vec<StreamResult>,
    pub nics: Vec<Traffic>,
    pub target_nics: Vec<Traffic>,
    pub ports: Vec<PortReport>,
    pub target_ports: Vec<PortReport>,
    pub first_seconds: f64,
    pub setup_seconds: f64,
    pub hostname: String,
    pub target_hostname: String,
    pub started_unix_ms: u64,
    pub finished_unix_ms: u64,
    pub versions: Versions,
    pub ucx_settings: BTreeMap<String, String>,
}

impl Measured {
    pub fn to_json(&self, options: &Options) -> Value {
        let total_bytes = options.total_bytes() as u64;
        let average = mean(&self.samples);
        let checked = u64::from(options.verifies());
        let transfers = u64::from(options.warmup_iters) + u64::from(options.iters) + checked;
        let streams: Vec<Value> =
            self.streams.iter().enumerate().map(|(index, stream)| stream.to_json(index, options)).collect();
        let corrupt: Vec<Value> =
            self.streams.iter().enumerate().filter_map(|(index, stream)| stream.corrupt(index)).collect();
        json!({
            "event": "result",
            "schema": SCHEMA,
            "backend": options.backend,
            "requested_backend": options.backend,
            "op": options.op,
            "device": options.device_names().join(","),
            "block_size": options.block_size,
            "batch_size": options.batch_size,
            "iters": options.iters,
            "warmup_iters": options.warmup_iters,
            "total_bytes": total_bytes,
            "avg_GBps": total_bytes as f64 / average / 1e9,
            "avg_seconds": average,
            "min_seconds": least(&self.samples),
            "p50_seconds": percentile(&self.samples, 50.0),
            "p95_seconds": percentile(&self.samples, 95.0),
            "p99_seconds": percentile(&self.samples, 99.0),
            "samples_seconds": self.samples,
            "first_seconds": self.first_seconds,
            "setup_seconds": self.setup_seconds,
            "streams": streams,
            "nics": self.nics,
            "target_nics": self.target_nics,
            "ports": self.ports,
            "target_ports": self.target_ports,
            "moved_bytes": transfers * total_bytes,
            "verified_bytes": checked * total_bytes,
            "corrupt": corrupt,
            "hostname": self.hostname,
            "target_hostname": self.target_hostname,
            "started_unix_ms": self.started_unix_ms,
            "finished_unix_ms": self.finished_unix_ms,
            "library_versions": self.versions,
            "ucx_settings": self.ucx_settings,
        })
    }
}

impl StreamResult {
    fn to_json(&self, index: usize, options: &Options) -> Value {
        let mut value = json!({
            "stream": index,
            "device": self.device,
            "nics": self.nics,
            "target_device": self.target_device,
            "target_nics": self.target_nics,
            "bytes": options.stream_bytes(),
            "avg_seconds": mean(&self.samples),
            "p50_seconds": percentile(&self.samples, 50.0),
            "samples_seconds": self.samples,
            "transport": self.transport,
        });
        if options.both_ways {
            value["op"] = json!(self.op);
        }
        value
    }

    fn corrupt(&self, index: usize) -> Option<Value> {
        let damage = self.damage.as_ref()?;
        Some(json!({
            "stream": index,
            "device": self.device,
            "nic": self.nics.join(","),
            "offset": damage.offset,
            "expected_hex": damage.expected_hex,
            "found_hex": damage.found_hex,
            "bad_bytes": damage.bad_bytes,
        }))
    }
}
