//! Two network namespaces, joined by bridges in a third, with NICs `nic0`... and a control interface
//! `eth0`. Needs root. Removed on drop; the next run removes the leftovers of a killed one.

use super::{Process, command};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);
const PREFIX: &str = "ccxfer";

pub struct Rack {
    name: String,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Side {
    Initiator,
    Target,
}

impl Side {
    fn letter(self) -> &'static str {
        match self {
            Side::Initiator => "a",
            Side::Target => "b",
        }
    }
}

impl Rack {
    pub fn with_nics(nics: usize) -> Self {
        remove_left_over();
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let rack = Rack { name: format!("{PREFIX}-{}-{number}", std::process::id()) };
        for namespace in ["a", "b", "m"] {
            ip(&["netns", "add", &rack.namespace(namespace)]);
            ip(&["-n", &rack.namespace(namespace), "link", "set", "lo", "up"]);
        }
        rack.join("eth0", "c", 99);
        for nic in 0..nics {
            rack.join(&format!("nic{nic}"), &nic.to_string(), nic);
        }
        rack
    }

    /// One interface on each side, and the bridge between them.
    fn join(&self, interface: &str, short: &str, subnet: usize) {
        let middle = self.namespace("m");
        let bridge = format!("br{short}");
        ip(&["-n", &middle, "link", "add", &bridge, "type", "bridge"]);
        for (side, host) in [("a", 1), ("b", 2)] {
            let (namespace, port) = (self.namespace(side), format!("{side}{short}"));
            ip(&[
                "-n", &middle, "link", "add", &port, "type", "veth", "peer", "name", interface, "netns",
                &namespace,
            ]);
            ip(&["-n", &middle, "link", "set", &port, "master", &bridge, "up"]);
            ip(&["-n", &namespace, "addr", "add", &format!("10.77.{subnet}.{host}/24"), "dev", interface]);
            ip(&["-n", &namespace, "link", "set", interface, "up"]);
        }
        ip(&["-n", &middle, "link", "set", &bridge, "up"]);
    }

    /// Removes the carrier of one NIC of one side.
    pub fn cut_link(&self, side: Side, nic: usize) {
        ip(&["-n", &self.namespace("m"), "link", "set", &format!("{}{nic}", side.letter()), "down"]);
    }

    /// Loses every packet between two NICs whose links stay up.
    pub fn lose_packets(&self, nic: usize) {
        ip(&["-n", &self.namespace("m"), "link", "set", &format!("br{nic}"), "down"]);
    }

    pub fn start(&self, side: Side, arguments: &[&str]) -> Process {
        self.start_with(side, arguments, &[])
    }

    pub fn start_with(&self, side: Side, arguments: &[&str], environment: &[(&str, String)]) -> Process {
        let mode: &[&str] = match side {
            Side::Target => &["--mode", "target"],
            Side::Initiator => &["--mode", "initiator", "--target-host", "10.77.99.2"],
        };
        self.run_with(side, &[mode, arguments].concat(), environment)
    }

    /// Runs the binary in the namespace of one side.
    pub fn run(&self, side: Side, arguments: &[&str]) -> Process {
        self.run_with(side, arguments, &[])
    }

    fn run_with(&self, side: Side, arguments: &[&str], environment: &[(&str, String)]) -> Process {
        let mut inner = command(arguments);
        inner.envs(environment.iter().map(|(name, value)| (name, value)));
        let mut outer = Command::new("ip");
        outer.args(["netns", "exec", &self.namespace(side.letter())]);
        outer.arg(inner.get_program()).args(inner.get_args());
        outer.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
        Process::start(&mut outer)
    }

    fn namespace(&self, letter: &str) -> String {
        format!("{}-{letter}", self.name)
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        for namespace in ["a", "b", "m"] {
            let _ = Command::new("ip").args(["netns", "delete", &self.namespace(namespace)]).output();
        }
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "ip {arguments:?} (these tests need root): {text}");
}

/// Deletes the namespaces of test processes that have ended.
fn remove_left_over() {
    let output = Command::new("ip").args(["netns", "list"]).output().unwrap();
    for name in String::from_utf8_lossy(&output.stdout).split_whitespace() {
        let id = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').nth(1))
            .and_then(|id| id.parse::<u32>().ok());
        if id.is_some_and(|id| !std::path::Path::new(&format!("/proc/{id}")).exists()) {
            // Another test of this run may have been faster.
            let _ = Command::new("ip").args(["netns", "delete", name]).output();
        }
    }
}
