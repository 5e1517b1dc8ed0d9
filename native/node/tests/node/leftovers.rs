//! However the agent ends, everything that it created is removed: processes, namespaces, interfaces and mounts.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid as ProcessId;
use serde_json::Value;

use crate::agent::{Agent, PATIENCE, Pod, Programs, for_each_user, probe_argv, spawn};

/// The processes of a rack and the namespaces they hold.
#[derive(Debug)]
struct Footprint {
    processes: BTreeSet<u32>,
    namespaces: BTreeSet<String>,
}

impl Footprint {
    /// The agent and all that descends from it. Namespaces of this test itself do not count.
    fn of(agent: u32) -> Self {
        let mut processes = BTreeSet::from([agent]);
        loop {
            let children: Vec<u32> = all_processes()
                .filter(|pid| {
                    !processes.contains(pid) && parent(*pid).is_some_and(|parent| processes.contains(&parent))
                })
                .collect();
            if children.is_empty() {
                break;
            }
            processes.extend(children);
        }
        let own = namespaces(std::process::id());
        let namespaces =
            processes.iter().flat_map(|pid| namespaces(*pid)).filter(|one| !own.contains(one)).collect();
        Self { processes, namespaces }
    }

    fn await_gone(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left: Vec<u32> = all_processes()
                .filter(|pid| is_alive(*pid))
                .filter(|pid| self.processes.contains(pid) || !namespaces(*pid).is_disjoint(&self.namespaces))
                .collect();
            if left.is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "still there: {left:?} of {self:?}");
            thread::sleep(Duration::from_millis(10));
        }
        let interfaces = fs::read_to_string("/proc/self/net/dev").unwrap();
        assert!(!interfaces.contains("p1e:") && !interfaces.contains("rail0:"), "{interfaces}");
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains("- tmpfs pod") && !mounts.contains("- tmpfs root"), "{mounts}");
    }
}

fn all_processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn status(pid: u32, field: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    Some(line.split_whitespace().nth(1)?.to_owned())
}

fn parent(pid: u32) -> Option<u32> {
    status(pid, "PPid:")?.parse().ok()
}

/// Zombies are not counted, since their new parent has to reap them.
fn is_alive(pid: u32) -> bool {
    status(pid, "State:").is_some_and(|state| state != "Z" && state != "X")
}

fn namespaces(pid: u32) -> BTreeSet<String> {
    let kinds = ["net", "ipc", "uts", "mnt", "pid", "user"];
    let links = kinds.map(|kind| fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok());
    links.into_iter().flatten().filter_map(|link| Some(link.to_str()?.to_owned())).collect()
}

/// An agent with two pods of two containers, one of them in the middle of an exec.
fn busy(agent: &mut Agent) -> Footprint {
    agent.open();
    for number in [1, 2] {
        let pod = Pod::new(number).nics(&[0, 1]).container("side", "sleep 1000 & sleep 1000");
        agent.run(&pod.nic_with(0, "wire", serde_json::json!({ "corrupt_every_bytes": 1000 })));
    }
    agent.send("exec", crate::agent::shell("pod1", "echo > /tmp/on; sleep 1000 & sleep 1000"));
    agent.shell("pod1", "until [ -e /tmp/on ]; do sleep 0.01; done");
    let footprint = Footprint::of(agent.child.id());
    // The agent; a sandbox, two pids 1 and their programs for each pod; the exec and its programs.
    assert!(footprint.processes.len() >= 15, "{footprint:?}");
    footprint
}

fn signal(pid: u32, signal: Signal) {
    kill(ProcessId::from_raw(pid.cast_signed()), signal).unwrap();
}

#[test]
fn a_killed_agent_leaves_nothing() {
    for_each_user(|user| {
        for by in [Signal::SIGKILL, Signal::SIGTERM] {
            let mut agent = Agent::spawn(user);
            let footprint = busy(&mut agent);
            signal(agent.child.id(), by);
            agent.child.wait().unwrap();
            footprint.await_gone();
        }
    });
}

#[test]
fn the_end_of_its_input_ends_the_agent_with_success() {
    for_each_user(|user| {
        let mut agent = Agent::spawn(user);
        let footprint = busy(&mut agent);
        drop(agent.stdin.take());
        assert!(agent.child.wait().unwrap().success());
        footprint.await_gone();
    });
}

#[test]
fn a_killed_harness_takes_the_rack_with_it() {
    for_each_user(|user| {
        let programs = Programs::copy();
        let arguments = probe_argv();
        let arguments = arguments.as_array().unwrap()[1..].iter().map(|one| one.as_str().unwrap());
        let mut command = programs.command(&programs.probe(), user);
        command.args(arguments).env("PROBE", format!("harness {}", programs.agent().display()));
        let mut harness = spawn(command.current_dir(programs.folder()).stdout(Stdio::piped()));
        let mut lines = BufReader::new(harness.stdout.take().unwrap()).lines();
        let said = lines.find_map(|line| Some(line.unwrap().split_once("PROBE ")?.1.to_owned())).unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["started"], true);
        let agent = u32::try_from(said["agent"].as_u64().unwrap()).unwrap();
        let footprint = Footprint::of(agent);
        assert!(footprint.processes.len() >= 4, "{footprint:?}");
        harness.kill().unwrap();
        harness.wait().unwrap();
        footprint.await_gone();
    });
}

#[test]
fn a_killed_sandbox_ends_its_pod_and_no_other() {
    for_each_user(|user| {
        let mut agent = Agent::spawn(user);
        agent.open();
        let started = agent.run(&Pod::new(1).nics(&[0]));
        agent.run(&Pod::new(2).nics(&[0]));
        let container = u32::try_from(started["containers"][0]["pid"].as_u64().unwrap()).unwrap();
        let sandbox = parent(container).unwrap();
        let mut footprint = Footprint::of(sandbox);
        let shared = namespaces(agent.child.id());
        footprint.namespaces.retain(|namespace| !shared.contains(namespace));
        signal(sandbox, Signal::SIGKILL);
        assert_eq!(agent.finish("pod1", "main").1["signal"], "SIGKILL");
        footprint.await_gone();
        agent.shell("pod2", "true");
        agent.ok("delete", serde_json::json!({ "pod": "pod1", "grace_ms": 0 }));
        agent.run(&Pod::new(1).nics(&[0]));
    });
}

#[test]
fn ctrl_c_is_left_to_the_harness() {
    for_each_user(|user| {
        let mut agent = Agent::spawn(user);
        agent.open();
        agent.run(&Pod::new(1));
        signal(agent.child.id(), Signal::SIGINT);
        agent.shell("pod1", "true");
        agent.delete("pod1");
    });
}
