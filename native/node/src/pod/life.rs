//! The thread of a pod: starts it, reports the start, watches its containers end and removes what is left.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use super::logs::Log;
use super::sandbox::{Outputs, Sandbox, pid_handle};
use super::{Container, Phase, Pod, Running};
use crate::fabric::Fabric;
use crate::fabric::cut::Cut;
use crate::fabric::plug;
use crate::fabric::port::Port;
use crate::failure::{During, Outcome};
use crate::output::{Event, Output};
use crate::sandbox::message::{Ended, Report};

/// The thread that follows one container's output, and the channel that reports the container's end to it.
struct Follower {
    container: String,
    ended: Sender<Ended>,
    thread: JoinHandle<()>,
}

impl Pod {
    /// Runs the pod on the calling thread until it has ended. `started` gets the outcome of the start; a pod that
    /// failed to start has been removed by then.
    pub fn run(&self, fabric: &Fabric, output: &Output, started: impl FnOnce(Outcome<Value>)) {
        match self.start(fabric, output) {
            Ok((sandbox, followers)) => {
                started(Ok(self.describe_start()));
                self.watch_containers(sandbox, followers);
                self.clean_up();
            }
            Err(failure) => {
                self.clean_up();
                started(Err(failure));
            }
        }
    }

    /// Removes the interfaces at once; the kernel itself would remove them some time later.
    fn clean_up(&self) {
        if let Err(failure) = plug::unplug(self.group) {
            eprintln!("claimcheck-node: {failure}");
        }
        self.become_phase(Phase::Gone);
    }

    /// Creates everything for the pod without running its programs, and removes it again.
    pub fn dry_run(&self, fabric: &Fabric) -> Outcome<()> {
        let made = Sandbox::spawn(&self.spec).and_then(|(mut sandbox, _outputs)| {
            plug::plug(fabric, &self.spec, self.group, sandbox.process())?;
            sandbox.prepare().map(drop)
        });
        made.and(plug::unplug(self.group))
    }

    fn start(&self, fabric: &Fabric, output: &Output) -> Outcome<(Sandbox, Vec<Follower>)> {
        let (mut sandbox, outputs) = Sandbox::spawn(&self.spec)?;
        let ports = plug::plug(fabric, &self.spec, self.group, sandbox.process())?;
        let pids = sandbox.prepare()?;
        let mut containers = Vec::new();
        for (spec, pid) in self.spec.containers.iter().zip(pids) {
            let handle = pid_handle(pid.cast_unsigned()).during(&spec.name, "get a handle on it")?;
            containers.push(Container {
                name: spec.name.clone(),
                pid,
                handle: Arc::new(handle),
                ended: None,
            });
        }
        let ports = Arc::new(ports);
        let cuts = self.watch_cuts(&ports, output);
        sandbox.start()?;
        let handle = sandbox.handle.try_clone().during(&self.spec.name, "get a handle on it")?;
        self.become_phase(Phase::Running(Running {
            sandbox: Arc::new(handle),
            leash: sandbox.leash()?,
            ports,
            containers,
            _cuts: cuts,
        }));
        let followers = outputs
            .into_iter()
            .zip(&self.spec.containers)
            .map(|(outputs, container)| self.follow(container.name.clone(), outputs, output.clone()));
        Ok((sandbox, followers.collect()))
    }

    fn watch_cuts(&self, ports: &Arc<Vec<Port>>, output: &Output) -> Vec<Cut> {
        let watch = |(at, port): (usize, &Port)| {
            let (pod, output) = (self.spec.name.clone(), output.clone());
            let tell = move |port: &Port| output.event(&Event::LinkCut { pod: &pod, nic: &port.interface });
            port.cut_after_bytes.map(|bytes| Cut::watch(ports, at, bytes, tell))
        };
        ports.iter().enumerate().filter_map(watch).collect()
    }

    fn follow(&self, container: String, outputs: Outputs, output: Output) -> Follower {
        let (ended, word) = channel();
        let log = Log { pod: self.spec.name.clone(), container: container.clone(), output };
        let thread = thread::spawn(move || log.follow(outputs, &word));
        Follower { container, ended, thread }
    }

    /// Watches the containers end until the sandbox is released or ends.
    fn watch_containers(&self, mut sandbox: Sandbox, followers: Vec<Follower>) {
        while let Ok(Some(report)) = sandbox.report() {
            let Report::Exited { container, ended } = report else { continue };
            if let Some(follower) = followers.iter().find(|follower| follower.container == container) {
                // The follower outlives its container's output, so the send cannot fail.
                let _ = follower.ended.send(ended);
            }
            self.note_end(&container, ended);
        }
        drop(sandbox);
        for Follower { ended, thread, .. } in followers {
            drop(ended);
            // The follower's panic was already printed.
            let _ = thread.join();
        }
    }

    fn note_end(&self, name: &str, ended: Ended) {
        if let Phase::Running(running) = &mut *self.phase() {
            for container in running.containers.iter_mut().filter(|container| container.name == name) {
                container.ended = Some(ended);
            }
        }
        self.changed.notify_all();
    }

    fn describe_start(&self) -> Value {
        let containers = match &*self.phase() {
            Phase::Running(running) => running.containers.iter().map(Container::describe).collect(),
            _ => vec![],
        };
        json!({ "pod": self.spec.name, "containers": containers })
    }
}
