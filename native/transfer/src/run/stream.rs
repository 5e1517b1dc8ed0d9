//! One stream at one side: a NIXL agent with NICs of its own and the buffer that it has registered.

use crate::device::Device;
use crate::error::Outcome;
use crate::memory::buffer::Buffer;
use crate::memory::pattern::{Damage, Pattern};
use crate::nic::Nic;
use crate::nixl::agent::{Agent, BackendSettings, Span};
use crate::nixl::backend::Backend;
use crate::nixl::library::Library;
use crate::operation::Operation;
use crate::options::Options;
use crate::run::start_parts::{StartParts, Stopwatch};

pub struct Stream {
    pub index: usize,
    pub device: Device,
    pub op: Operation,
    pub nics: Vec<Nic>,
    pub agent: Agent,
    pub parts: StartParts,
    buffer: Buffer,
}

impl Stream {
    /// Creates the agent, then the buffer: UCX must be loaded before GPU memory is allocated.
    pub fn create(
        library: &'static Library,
        name: &str,
        settings: &BackendSettings,
        index: usize,
        device: &Device,
        nics: Vec<Nic>,
        options: &Options,
    ) -> Outcome<Self> {
        let _active = device.kind.activate(device.index)?;
        let mut stopwatch = Stopwatch::start();
        let agent = Agent::create(library, name, settings)
            .map_err(|failure| failure.within(stream_name(index, *device, &nics, settings.backend)))?;
        let agent_seconds = stopwatch.lap();
        let buffer = Buffer::allocate(device, options.stream_bytes(), options.host_memory())?;
        let parts = StartParts {
            agents: agent_seconds - agent.backend_seconds,
            backends: agent.backend_seconds,
            memory: stopwatch.lap(),
            ..StartParts::default()
        };
        Ok(Stream { index, device: *device, op: options.op_of_stream(index), nics, agent, parts, buffer })
    }

    pub fn span(&self) -> Span {
        self.buffer.span()
    }

    pub fn fill(&self, seed: u64) -> Outcome<()> {
        self.buffer.fill(&Pattern::new(seed, self.index))
    }

    pub fn check(&self, seed: u64) -> Outcome<Option<Damage>> {
        self.buffer.check(&Pattern::new(seed, self.index))
    }

    /// Whether only NIXL's notification at the target says that this stream's bytes have arrived.
    pub fn is_confirmed_by_target(&self) -> bool {
        self.op == Operation::Write && self.agent.backend().completes_writes_locally()
    }

    pub fn nic_names(&self) -> Vec<String> {
        self.nics.iter().map(|nic| nic.name.clone()).collect()
    }

    /// The stream with its device and NICs, for errors.
    pub fn name(&self) -> String {
        stream_name(self.index, self.device, &self.nics, self.agent.backend())
    }
}

fn stream_name(index: usize, device: Device, nics: &[Nic], backend: Backend) -> String {
    let names: Vec<&str> = nics.iter().map(|nic| nic.name.as_str()).collect();
    let nics = if names.is_empty() { format!("chosen by {backend}") } else { names.join(", ") };
    format!("stream {index}, device {device}, NIC {nics}")
}
