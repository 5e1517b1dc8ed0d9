//! A pod as the agent keeps it, from its start to its end. One thread lives as long as the pod. Everything that was
//! created for it is gone when its phase is `Gone`.

pub mod admission;
pub mod exec;
mod life;
mod logs;
pub mod sandbox;

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::fabric::counters;
use crate::fabric::cut::Cut;
use crate::fabric::port::Port;
use crate::failure::{Code, Failure, Outcome};
use crate::sandbox::message::Ended;
use crate::spec::PodSpec;

/// How long killed processes may take to end before that is an error.
const KILL_DEADLINE: Duration = Duration::from_secs(10);

pub struct Pod {
    pub spec: PodSpec,
    /// Marks the pod's interfaces in the fabric.
    group: u32,
    phase: Mutex<Phase>,
    changed: Condvar,
}

enum Phase {
    Starting,
    Running(Running),
    Gone,
}

/// The parts of a running pod.
struct Running {
    sandbox: Arc<OwnedFd>,
    leash: UnixStream,
    ports: Arc<Vec<Port>>,
    containers: Vec<Container>,
    _cuts: Vec<Cut>,
}

struct Container {
    name: String,
    pid: i32,
    handle: Arc<OwnedFd>,
    ended: Option<Ended>,
}

impl Pod {
    pub fn new(spec: PodSpec, group: u32) -> Self {
        Self { spec, group, phase: Mutex::new(Phase::Starting), changed: Condvar::new() }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn become_phase(&self, phase: Phase) {
        *self.phase() = phase;
        self.changed.notify_all();
    }

    /// Waits for a phase that `wanted` accepts; false if the deadline passes first.
    fn await_phase(&self, deadline: Instant, wanted: impl Fn(&Phase) -> bool) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let unwanted = |phase: &mut Phase| !wanted(phase);
        let waited = self.changed.wait_timeout_while(self.phase(), left, unwanted);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// A handle on the container's pid 1.
    pub fn container(&self, name: &str) -> Outcome<Arc<OwnedFd>> {
        let phase = self.phase();
        let Phase::Running(running) = &*phase else { return Err(self.not_running()) };
        let container = running.containers.iter().find(|container| container.name == name);
        let subject = format!("container {name} of pod {}", self.spec.name);
        match container {
            Some(Container { ended: None, handle, .. }) => Ok(Arc::clone(handle)),
            Some(_) => Err(Failure::new(
                Code::ContainerExited,
                subject,
                "a running container",
                "it has exited",
                "read its exited event and its log",
            )),
            None => {
                let names: Vec<_> = running.containers.iter().map(|one| one.name.as_str()).collect();
                Err(Failure::new(
                    Code::ContainerUnknown,
                    subject,
                    format!("one of {}", names.join(", ")),
                    name,
                    "name a container of the pod",
                ))
            }
        }
    }

    /// The pod's network: a handle on a process in it, and the ports.
    pub fn network(&self) -> Outcome<(Arc<OwnedFd>, Arc<Vec<Port>>)> {
        match &*self.phase() {
            Phase::Running(running) => Ok((Arc::clone(&running.sandbox), Arc::clone(&running.ports))),
            _ => Err(self.not_running()),
        }
    }

    fn not_running(&self) -> Failure {
        let hint = "wait for the answer to run, and do not use a pod after its delete";
        Failure::new(Code::PodUnknown, format!("pod {}", self.spec.name), "a running pod", "none", hint)
    }

    /// Sends SIGTERM to the containers and, after the grace period, kills them. Returns when all of the pod is gone.
    pub fn delete(&self, grace: Duration) -> Outcome<()> {
        let kill_by = || Instant::now() + KILL_DEADLINE;
        // A start has a deadline of its own.
        self.await_phase(Instant::now() + Duration::from_secs(60), |phase| !matches!(phase, Phase::Starting));
        self.signal(Signal::SIGTERM);
        if !self.await_phase(Instant::now() + grace, Phase::has_ended) {
            self.signal(Signal::SIGKILL);
            self.await_phase(kill_by(), Phase::has_ended);
        }
        if let Phase::Running(running) = &*self.phase() {
            // An error means that the sandbox has already ended.
            let _ = running.leash.shutdown(std::net::Shutdown::Both);
        }
        match self.await_phase(kill_by(), |phase| matches!(phase, Phase::Gone)) {
            true => Ok(()),
            false => Err(Failure::new(
                Code::DeleteDeadline,
                format!("pod {}", self.spec.name),
                format!("to be gone within {KILL_DEADLINE:?} of its kill"),
                "still there",
                "check for processes in uninterruptible sleep, then delete it again",
            )),
        }
    }

    fn signal(&self, signal: Signal) {
        let Phase::Running(running) = &*self.phase() else { return };
        for container in running.containers.iter().filter(|container| container.ended.is_none()) {
            // SAFETY: takes numbers and a null pointer. Fails only for a process that is gone.
            unsafe {
                let process = container.handle.as_raw_fd();
                libc::syscall(libc::SYS_pidfd_send_signal, process, signal as i32, std::ptr::null::<()>(), 0)
            };
        }
    }

    /// The pod as `list` shows it.
    pub fn describe(&self) -> Outcome<Value> {
        let (phase, containers, network) = match &*self.phase() {
            Phase::Starting => ("starting", vec![], None),
            Phase::Gone => ("gone", vec![], None),
            Phase::Running(running) => (
                "running",
                running.containers.iter().map(Container::describe).collect(),
                Some((Arc::clone(&running.sandbox), Arc::clone(&running.ports))),
            ),
        };
        let interfaces = match network {
            Some((sandbox, ports)) => counters::read(&ports, sandbox.as_fd())?,
            None => vec![],
        };
        let PodSpec { name, node, .. } = &self.spec;
        Ok(json!({
            "name": name, "node": node, "phase": phase, "containers": containers, "interfaces": interfaces,
        }))
    }
}

impl Phase {
    fn has_ended(&self) -> bool {
        match self {
            Self::Starting => false,
            Self::Running(running) => running.containers.iter().all(|container| container.ended.is_some()),
            Self::Gone => true,
        }
    }
}

impl Container {
    fn describe(&self) -> Value {
        let state = if self.ended.is_some() { "exited" } else { "running" };
        let ended = self.ended;
        json!({
            "name": self.name,
            "pid": self.pid,
            "state": state,
            "code": ended.and_then(|ended| ended.code),
            "signal": ended.and_then(Ended::signal_name),
        })
    }
}
