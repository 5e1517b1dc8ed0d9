//! Runs that are cut short: the other side, a signal, the time. Each ends soon, with its code.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Process, free_port, initiator, target};

const LONG: [&str; 7] = ["--device", "dram", "--block-size", "1048576", "--iters", "1000000", "--progress"];

fn running(extra: &[&str]) -> (Process, Process) {
    let port = free_port();
    let arguments = [&LONG[..], extra].concat();
    let target = target(port, &arguments);
    let mut initiator = initiator(port, &arguments);
    initiator.await_event("progress");
    (initiator, target)
}

#[test]
fn a_killed_target_is_gone_for_the_initiator() {
    for transport in ["auto", "tcp"] {
        let (initiator, target) = running(&["--transport", transport]);
        target.signal(libc::SIGKILL);
        initiator.finish().failed("PEER_GONE");
    }
}

#[test]
fn a_killed_initiator_is_gone_for_the_target() {
    let (initiator, target) = running(&[]);
    initiator.signal(libc::SIGKILL);
    target.finish().failed("PEER_GONE");
}

#[test]
fn signals_end_both_sides_at_once() {
    for (signal, code) in [(libc::SIGTERM, 143), (libc::SIGINT, 130)] {
        let (initiator, target) = running(&[]);
        initiator.signal(signal);
        let initiator = initiator.finish();
        assert_eq!(initiator.code, Some(code), "{initiator:#?}");
        assert_eq!(initiator.tagged("ERROR")["code"], "INTERRUPTED");
        target.finish().failed("PEER_GONE");
    }
}

#[test]
fn the_time_limit_ends_both_sides() {
    let (initiator, target) = running(&["--timeout-seconds", "3"]);
    initiator.finish().failed("DEADLINE");
    // The target's own limit and the initiator's word race.
    target.finish().failed("DEADLINE");
}

#[test]
fn the_end_of_stdin_ends_a_run_that_asked_for_it() {
    // Its stdin is at its end from the beginning.
    let target = target(free_port(), &["--device", "dram", "--until-stdin-closes"]).finish();
    assert_eq!(target.code, Some(143), "{target:#?}");
    assert_eq!(target.tagged("ERROR")["found"], "the end of stdin");
}
