//! Drives one agent over its standard input and output, with a deadline on every answer.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use serde_json::{Value, json};

pub const PATIENCE: Duration = Duration::from_secs(60);
pub const NOBODY: u32 = 65534;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum User {
    Root,
    Ordinary,
}

/// Runs the test for each kind of user that this process can be.
pub fn for_each_user(test: impl Fn(User)) {
    if geteuid().is_root() {
        test(User::Root);
    }
    test(User::Ordinary);
}

/// The same with an agent whose fabric is open.
pub fn with_agent(test: impl Fn(&mut Agent)) {
    for_each_user(|user| {
        let mut agent = Agent::spawn(user);
        agent.open();
        test(&mut agent);
    });
}

/// Held while a program is copied or started: a program that another thread's fork still has open for
/// writing cannot be run.
static COPY_OR_SPAWN: Mutex<()> = Mutex::new(());

/// A folder that every user may read, with copies of the agent and of this test program.
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    pub fn copy() -> Self {
        let _turn = COPY_OR_SPAWN.lock();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("claimcheck-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_claimcheck-node"), folder.join("node")).unwrap();
        fs::copy(std::env::current_exe().unwrap(), folder.join("probe")).unwrap();
        Self { folder }
    }

    pub fn agent(&self) -> PathBuf {
        self.folder.join("node")
    }

    pub fn probe(&self) -> PathBuf {
        self.folder.join("probe")
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn command(&self, program: &Path, user: User) -> Command {
        let mut command = Command::new(program);
        if user == User::Ordinary && geteuid().is_root() {
            // The other groups go too: the standard library drops them together with root.
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

pub fn spawn(command: &mut Command) -> Child {
    let _turn = COPY_OR_SPAWN.lock();
    command.spawn().unwrap()
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub struct Agent {
    pub child: Child,
    pub stdin: Option<ChildStdin>,
    pub programs: Programs,
    lines: Receiver<Value>,
    events: Vec<Value>,
    answers: Vec<Value>,
    requests: u64,
}

impl Agent {
    pub fn spawn(user: User) -> Self {
        Self::spawn_with(user, |_| {})
    }

    /// Starts the agent after a change to how it is started.
    pub fn spawn_with(user: User, change: impl FnOnce(&mut Command)) -> Self {
        let programs = Programs::copy();
        let mut command = programs.command(&programs.agent(), user);
        change(&mut command);
        let mut child = spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines() {
                let Ok(line) = line else { break };
                if sender.send(serde_json::from_str(&line).expect("a line of JSON")).is_err() {
                    break;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, programs, lines, events: vec![], answers: vec![], requests: 0 }
    }

    pub fn open(&mut self) -> Value {
        self.ok("open", json!({ "fabric": fabric() }))
    }

    /// Sends a line as it is.
    pub fn write(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Sends a request without waiting and returns its id.
    pub fn send(&mut self, op: &str, mut body: Value) -> u64 {
        self.requests += 1;
        body["id"] = self.requests.into();
        body["op"] = op.into();
        self.write(&body.to_string());
        self.requests
    }

    /// The answer to a request, `ok` or `error` unwrapped.
    pub fn answer(&mut self, id: u64) -> Result<Value, Value> {
        let mut answer = self.await_line(|agent| {
            let at = agent.answers.iter().position(|answer| answer["id"] == id)?;
            Some(agent.answers.remove(at))
        });
        match answer.get_mut("ok") {
            Some(ok) => Ok(ok.take()),
            None => Err(answer["error"].take()),
        }
    }

    pub fn ask(&mut self, op: &str, body: Value) -> Result<Value, Value> {
        let id = self.send(op, body);
        self.answer(id)
    }

    pub fn ok(&mut self, op: &str, body: Value) -> Value {
        self.ask(op, body).unwrap_or_else(|error| panic!("{op} failed: {error:#}"))
    }

    pub fn refused(&mut self, op: &str, body: Value) -> Value {
        match self.ask(op, body) {
            Err(error) => error,
            Ok(ok) => panic!("{op} was not refused: {ok:#}"),
        }
    }

    /// The answer to a line that had no id.
    pub fn anonymous_answer(&mut self) -> Value {
        self.await_line(|agent| {
            let at = agent.answers.iter().position(|answer| answer["id"].is_null())?;
            Some(agent.answers.remove(at)["error"].take())
        })
    }

    /// Waits for an event and removes it from those received.
    pub fn event(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.await_line(|agent| {
            let at = agent.events.iter().position(&wanted)?;
            Some(agent.events.remove(at))
        })
    }

    /// Waits until a container has ended and returns its output and its exit.
    pub fn finish(&mut self, pod: &str, container: &str) -> (Vec<String>, Value) {
        let of = |event: &Value| event["pod"] == pod && event["container"] == container;
        self.await_line(|agent| {
            let end = agent.events.iter().position(|event| event["event"] == "exited" && of(event))?;
            let exited = agent.events.remove(end);
            let lines = agent.events[..end].iter().filter(|event| event["event"] == "log" && of(event));
            let lines = lines.map(|event| event["data"].as_str().unwrap().to_owned()).collect();
            agent.events.retain(|event| !of(event));
            Some((lines, exited))
        })
    }

    fn await_line<T>(&mut self, mut found: impl FnMut(&mut Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no such line; left are events {:?} and answers {:?}", self.events, self.answers);
            };
            match line.get("event") {
                Some(_) => self.events.push(line),
                None => self.answers.push(line),
            }
        }
    }

    pub fn run(&mut self, pod: &Pod) -> Value {
        self.ok("run", json!({ "pod": pod.0 }))
    }

    pub fn delete(&mut self, pod: &str) {
        assert_eq!(self.ok("delete", json!({ "pod": pod, "grace_ms": 0 })), json!({ "deleted": true }));
    }

    /// Runs a shell command in the container `main`, which must succeed, and returns its output.
    pub fn shell(&mut self, pod: &str, script: &str) -> String {
        let done = self.ok("exec", shell(pod, script));
        assert_eq!(done["code"], 0, "{script}: {done:#}");
        done["stdout"].as_str().unwrap().to_owned()
    }

    /// Runs this test program in the container `main` in the role that `probe.rs` describes.
    pub fn send_probe(&mut self, pod: &str, role: &str) -> u64 {
        let argv = probe_argv();
        let body = json!({
            "pod": pod, "container": "main", "argv": argv, "env": { "PROBE": role }, "timeout_ms": 50_000,
        });
        self.send("exec", body)
    }

    pub fn probe(&mut self, pod: &str, role: &str) -> String {
        let id = self.send_probe(pod, role);
        self.probe_answer(id)
    }

    /// What the probe printed after its mark.
    pub fn probe_answer(&mut self, id: u64) -> String {
        let done = self.answer(id).unwrap();
        let said = done["stdout"].as_str().unwrap();
        let (_, said) = said.split_once("PROBE ").unwrap_or_else(|| panic!("{done:#}"));
        said.lines().next().unwrap().to_owned()
    }

    /// The interfaces of the fabric itself, by name.
    pub fn fabric_interfaces(&self) -> Vec<String> {
        let table = fs::read_to_string(format!("/proc/{}/net/dev", self.child.id())).unwrap();
        let names = table.lines().filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()));
        names.collect()
    }

    pub fn interface(&mut self, pod: &str, name: &str) -> Value {
        let list = self.ok("list", json!({}));
        let find =
            |all: &Value, name: &str| all.as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
        find(&list["pods"], pod).and_then(|pod| find(&pod["interfaces"], name)).unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

pub fn probe_argv() -> Value {
    json!(["/probe", "--exact", "probe::act", "--ignored", "--nocapture"])
}

pub fn shell(pod: &str, script: &str) -> Value {
    json!({
        "pod": pod, "container": "main", "argv": ["/bin/sh", "-c", script],
        "env": { "PATH": "/usr/bin:/bin" }, "timeout_ms": 50_000,
    })
}

/// Four rails and a pod network.
pub fn fabric() -> Value {
    let rail = |rail| json!({ "rail": rail, "subnet": format!("10.64.{rail}.0/24") });
    json!({
        "rails": [rail(0), rail(1), rail(2), rail(3)],
        "pod_network": { "subnet": "10.244.0.0/16", "rate_bits": null },
    })
}

/// A pod's spec under construction. Pod number n has the host number n in each of its subnets.
#[derive(Clone)]
pub struct Pod(pub Value);

impl Pod {
    /// A pod without NICs whose container `main` sleeps.
    pub fn new(number: u32) -> Self {
        Self(json!({
            "name": format!("pod{number}"), "node": format!("node{number}"),
            "eth0": { "address": format!("10.244.0.{number}/16") },
            "nics": [], "containers": [],
        }))
        .script("exec sleep 1000")
    }

    pub fn script(mut self, script: &str) -> Self {
        self.0["containers"] = json!([container("main", script)]);
        self
    }

    pub fn container(mut self, name: &str, script: &str) -> Self {
        self.0["containers"].as_array_mut().unwrap().push(container(name, script));
        self
    }

    /// A NIC on each of these rails, named after it, unshaped.
    pub fn nics(mut self, rails: &[u32]) -> Self {
        let number = self.0["name"].as_str().unwrap().trim_start_matches("pod").to_owned();
        let nic = |rail: &u32| json!({ "name": format!("rdma{rail}"), "rail": rail, "address": format!("10.64.{rail}.{number}/24") });
        self.0["nics"] = rails.iter().map(nic).collect();
        self
    }

    pub fn nic_with(mut self, at: usize, key: &str, value: Value) -> Self {
        self.0["nics"][at][key] = value;
        self
    }

    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.0[key] = value;
        self
    }

    /// Puts this test program into the pod's containers.
    pub fn probe(self, programs: &Programs) -> Self {
        self.with("mounts", json!([{ "source": programs.probe(), "target": "/probe" }]))
    }
}

pub fn container(name: &str, script: &str) -> Value {
    json!({ "name": name, "argv": ["/bin/sh", "-c", script], "env": { "PATH": "/usr/bin:/bin" } })
}

pub fn shape(rate_bits: u64) -> Value {
    json!({ "rate_bits": rate_bits, "burst_bytes": (rate_bits / 800).max(20_000) })
}
