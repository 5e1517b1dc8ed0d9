//! The messages between the agent, a pod's sandbox and its containers, as JSON lines.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::os::fd::RawFd;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::spec::{ContainerSpec, DeviceSpec, FileSpec, LinkSpec, MountSpec};

/// The pod as its sandbox sets it up; the agent attaches the network from outside.
#[derive(Debug, Serialize, Deserialize)]
pub struct SandboxPlan {
    pub hostname: String,
    pub address: Ipv4Addr,
    pub interfaces: Vec<String>,
    pub devices: Vec<DeviceSpec>,
    pub files: Vec<FileSpec>,
    pub links: Vec<LinkSpec>,
    pub mounts: Vec<MountSpec>,
    pub containers: Vec<ContainerPlan>,
}

/// A container and the inherited descriptors of its output.
#[derive(Debug, Serialize, Deserialize)]
pub struct ContainerPlan {
    pub spec: ContainerSpec,
    pub stdout: RawFd,
    pub stderr: RawFd,
}

/// Agent to sandbox, in this order.
#[derive(Debug, Serialize, Deserialize)]
pub enum Step {
    /// The interfaces are in place: build the containers.
    Prepare,
    /// Run their programs.
    Start,
}

/// Sandbox to agent, in this order. `Failed` may replace any of them and is the last message.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    Isolated,
    Prepared { pids: Vec<i32> },
    Started,
    Exited { container: String, ended: Ended },
    Failed(Failure),
}

/// A container's pid 1 to the sandbox.
#[derive(Debug, Serialize, Deserialize)]
pub enum ContainerReport {
    Prepared,
    Started,
    Ended(Ended),
    Failed(Failure),
}

/// How a program ended: with an exit code or by a signal, never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl Ended {
    pub fn signal_name(self) -> Option<String> {
        let name = |number| match Signal::try_from(number) {
            Ok(signal) => signal.as_str().to_owned(),
            Err(_) => format!("SIG{number}"),
        };
        self.signal.map(name)
    }
}

/// A program to run in a running container.
#[derive(Debug, Serialize, Deserialize)]
pub struct EnterPlan {
    /// Inherited descriptor: a handle on the container's pid 1.
    pub container: RawFd,
    pub argv: Vec<String>,
    pub env: BTreeMap<String, String>,
}

/// The answer to an `EnterPlan`.
#[derive(Debug, Serialize, Deserialize)]
pub enum EnterReport {
    Ended(Ended),
    Failed(Failure),
}
