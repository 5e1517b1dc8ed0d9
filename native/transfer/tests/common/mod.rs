//! Runs the real binary with the real NIXL, as two processes on this machine. Every wait has a limit,
//! and a process never outlives its `Process`.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub mod libfabric;
pub mod rack;
pub mod sysfs;

pub const SECRET: &str = "a secret of this run only";
pub const BINARY: &str = env!("CARGO_BIN_EXE_claimcheck-transfer");
const LIMIT: Duration = Duration::from_secs(60);

/// The path of the real NIXL library.
pub fn nixl_library() -> String {
    std::env::var("NIXL_CAPI_LIB").expect(
        "these tests need NIXL: unpack the wheel nixl-cu12 1.5.1 and set NIXL_CAPI_LIB to its libnixl_capi.so",
    )
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A command of the binary with the secret and the library set.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).env("TRANSFER_SECRET", SECRET).env("NIXL_CAPI_LIB", nixl_library());
    command
}

pub fn target(port: u16, arguments: &[&str]) -> Process {
    let port = port.to_string();
    Process::start(command(&["--mode", "target", "--listen", "127.0.0.1", "--port", &port]).args(arguments))
}

pub fn initiator(port: u16, arguments: &[&str]) -> Process {
    let port = port.to_string();
    let fixed = ["--mode", "initiator", "--target-host", "127.0.0.1", "--port", &port];
    Process::start(command(&fixed).args(arguments))
}

/// Runs both sides with the same arguments to their end and returns the initiator and the target.
pub fn pair(arguments: &[&str]) -> (Finished, Finished) {
    let port = free_port();
    let target = target(port, arguments);
    let initiator = initiator(port, arguments);
    (initiator.finish(), target.finish())
}

/// A running process of the binary.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    stderr: Option<JoinHandle<String>>,
}

/// The output of a process and how it ended.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub lines: Vec<String>,
    pub stderr: String,
    pub status: ExitStatus,
}

impl Process {
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut stderr, &mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Process { child, lines, seen: Vec::new(), stderr: Some(stderr) }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for an event of this name.
    pub fn await_event(&mut self, name: &str) -> Value {
        let until = Instant::now() + LIMIT;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen.push(line.clone());
            let event = line.strip_prefix("EVENT ").map(|json| serde_json::from_str::<Value>(json).unwrap());
            if let Some(event) = event.filter(|event| event["event"] == name) {
                return event;
            }
        }
        panic!("no event {name}; seen: {:#?}", self.seen);
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: a child that was not waited for yet, so its id is its own.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Finished {
        let until = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "the process did not end; seen: {:#?}", self.drain());
            std::thread::sleep(Duration::from_millis(5));
        };
        let stderr = self.stderr.take().unwrap().join().unwrap();
        Finished { code: status.code(), lines: self.drain(), stderr, status }
    }

    fn drain(&mut self) -> Vec<String> {
        while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(500)) {
            self.seen.push(line);
        }
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// The JSON of the only line with this tag.
    pub fn tagged(&self, tag: &str) -> Value {
        serde_json::from_str(self.text(tag)).unwrap()
    }

    /// The text after the tag of the only line that has it.
    pub fn text(&self, tag: &str) -> &str {
        let prefix = format!("{tag} ");
        let found: Vec<&str> = self.lines.iter().filter_map(|line| line.strip_prefix(&prefix)).collect();
        assert_eq!(found.len(), 1, "lines {tag} in {self:#?}");
        found[0]
    }

    pub fn succeeded(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// Checks the code of a failure, its exit code, and that no part of its message is missing.
    pub fn failed(&self, code: &str) -> Value {
        let error = self.tagged("ERROR");
        assert_eq!(error["code"], code, "{self:#?}");
        let expected = match code {
            "BAD_OPTION" => 2,
            "DATA_CORRUPT" => 3,
            _ => 1,
        };
        assert_eq!(self.code, Some(expected), "{self:#?}");
        for key in ["message", "subject", "expected", "found", "hint"] {
            assert!(error[key].as_str().is_some_and(|text| !text.is_empty()), "{key} in {error}");
        }
        assert!(self.stderr.contains(error["message"].as_str().unwrap()), "{self:#?}");
        assert!(!self.lines.iter().any(|line| line.starts_with("END")), "{self:#?}");
        error
    }
}
