//! The messages of the side channel: JSON with a closed schema. Lengths of lists and names are checked when a message
//! is read.

use crate::error::Failure;
use crate::memory::pattern::Damage;
use crate::nic::counters::Counted;
use crate::nic::ports::PortReading;
use crate::nixl::backend::Backend;
use crate::operation::Operation;
use crate::options::{ErrorMode, MAX_STREAMS};
use serde::{Deserialize, Serialize};

/// Increased with every change of a message or of the order of messages.
pub const VERSION: u32 = 5;

/// Maximum entries of any list.
const MAX_ENTRIES: usize = 4096;
/// Maximum bytes of a name.
const MAX_NAME_BYTES: usize = 256;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Initiator, first: the parameters of the run.
    Propose(Proposal),
    /// Target: the parameters match. One metadata frame a stream follows.
    Accept(Acceptance),
    /// Initiator: asks for the target's counters.
    Count,
    /// Target's answer to `count`.
    Counters(Counters),
    /// Initiator: the next transfer carries the pattern of this seed. The target fills the buffers that it sends with it.
    Pattern(PatternSeed),
    /// Target: ready for that transfer.
    Ready,
    /// Initiator, after a WRITE of LIBFABRIC: asks when its bytes have arrived.
    AwaitArrival(AwaitedArrival),
    /// Target's answer to `await_arrival`.
    Arrived,
    /// Initiator, where it wrote: asks the target to check the pattern that it received.
    Check,
    /// Target's answer to `check`.
    Checked(Checked),
    /// Initiator: the run is over.
    Finish,
    /// Target: confirms the end of the run.
    Finished,
    /// Either side, at any time: it has failed.
    Trouble(Box<Failure>),
}

/// The parameters that must be equal on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    pub version: u32,
    pub hostname: String,
    pub backend: Backend,
    pub op: Operation,
    pub block_size: u64,
    pub batch_size: u64,
    pub devices: u32,
    pub both_ways: bool,
    pub verify: bool,
    pub transport: String,
    pub error_mode: ErrorMode,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    pub hostname: String,
    pub streams: Vec<RemoteStream>,
}

/// A stream's buffer at the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteStream {
    pub device: String,
    pub address: u64,
    pub device_id: u64,
    pub vram: bool,
    pub nics: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    pub nics: Vec<Counted>,
    /// Names of the target's NICs of --nics.
    pub claimed: Vec<String>,
    /// Ports of the RDMA devices among them.
    pub ports: Vec<PortReading>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternSeed {
    pub seed: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwaitedArrival {
    /// NIXL's requests of each stream, each of which notifies the target.
    pub requests: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// One entry a stream; null where every byte was correct.
    pub damage: Vec<Option<Damage>>,
}

impl Message {
    /// The message's name on the wire, for errors.
    pub fn name(&self) -> &'static str {
        match self {
            Message::Propose(_) => "propose",
            Message::Accept(_) => "accept",
            Message::Count => "count",
            Message::Counters(_) => "counters",
            Message::Pattern(_) => "pattern",
            Message::Ready => "ready",
            Message::AwaitArrival(_) => "await_arrival",
            Message::Arrived => "arrived",
            Message::Check => "check",
            Message::Checked(_) => "checked",
            Message::Finish => "finish",
            Message::Finished => "finished",
            Message::Trouble(_) => "trouble",
        }
    }

    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|error| error.to_string())
    }

    /// Reads a payload; the error says what is wrong with it.
    pub fn from_bytes(payload: &[u8]) -> Result<Self, String> {
        let message: Message = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        message.check_bounds()?;
        Ok(message)
    }

    fn check_bounds(&self) -> Result<(), String> {
        match self {
            Message::Propose(proposal) => {
                [&proposal.hostname, &proposal.transport].into_iter().try_for_each(|name| short(name))
            }
            Message::Accept(acceptance) => {
                short(&acceptance.hostname)?;
                few(acceptance.streams.len(), MAX_STREAMS)?;
                acceptance.streams.iter().try_for_each(|stream| {
                    few(stream.nics.len(), MAX_ENTRIES)?;
                    std::iter::once(&stream.device).chain(&stream.nics).try_for_each(|name| short(name))
                })
            }
            Message::Counters(counters) => {
                few(counters.nics.len(), MAX_ENTRIES)?;
                few(counters.claimed.len(), MAX_ENTRIES)?;
                few(counters.ports.len(), MAX_ENTRIES)?;
                counters.ports.iter().try_for_each(|port| few(port.counters.len(), MAX_ENTRIES))?;
                let of_ports = counters.ports.iter().flat_map(PortReading::texts);
                let names = counters.nics.iter().map(|counted| &counted.name);
                names.chain(&counters.claimed).chain(of_ports).try_for_each(|name| short(name))
            }
            Message::Checked(checked) => {
                few(checked.damage.len(), MAX_STREAMS)?;
                checked.damage.iter().flatten().try_for_each(|damage| {
                    short(&damage.expected_hex)?;
                    short(&damage.found_hex)
                })
            }
            _ => Ok(()),
        }
    }
}

fn few(count: usize, most: usize) -> Result<(), String> {
    if count <= most { Ok(()) } else { Err(format!("a list of {count} entries, at most {most}")) }
}

fn short(name: &str) -> Result<(), String> {
    let bytes = name.len();
    if bytes <= MAX_NAME_BYTES { Ok(()) } else { Err(format!("a name of {bytes} bytes")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_wire() {
        let message = Message::Checked(Checked { damage: vec![None] });
        assert_eq!(Message::from_bytes(&message.to_bytes().unwrap()), Ok(message));
    }

    #[test]
    fn unknown_fields_and_messages_are_refused() {
        for text in [r#"{"pattern":{"seed":1,"extra":2}}"#, r#""dance""#, r#"{"count":1}"#, "", "[]"] {
            assert!(Message::from_bytes(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn long_names_and_lists_are_refused() {
        let counted = |name: String| Counted {
            name,
            kind: crate::nic::Kind::Interface,
            source: crate::nic::counters::Source::Interface,
            tx_bytes: 0,
            rx_bytes: 0,
        };
        let long = Counters { nics: vec![counted("x".repeat(257))], claimed: vec![], ports: vec![] };
        let many = Counters { nics: vec![counted("x".into()); 4097], claimed: vec![], ports: vec![] };
        for counters in [long, many] {
            let bytes = Message::Counters(counters).to_bytes().unwrap();
            assert!(Message::from_bytes(&bytes).is_err());
        }
    }
}
