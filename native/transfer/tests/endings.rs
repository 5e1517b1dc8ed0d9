//! Runs that end early: by the peer, a signal or the deadline. Each ends soon, with its code.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Process, free_port, initiator, target};
use serde_json::Value;
use std::process::Command;

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
fn signals_end_both_sides() {
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
    let port = free_port();
    let arguments = [&LONG[..], &["--timeout-seconds", "3"]].concat();
    let (target, initiator) = (target(port, &arguments), initiator(port, &arguments));
    initiator.finish().failed("DEADLINE");
    // Its own limit or the initiator's report, whichever comes first.
    target.finish().failed("DEADLINE");
}

#[test]
fn the_time_limit_ends_a_call_that_never_returns() {
    let (error, library) = ending_with_library("hang", "for (;;) pause();", "1", "DEADLINE");
    assert_eq!(error["subject"], format!("loading the NIXL library {library}"));
}

/// As UCX does after a fatal error.
#[test]
fn a_library_that_aborts_ends_with_an_error() {
    let (error, library) = ending_with_library("abort", "abort();", "60", "NIXL_CALL_FAILED");
    assert_eq!(error["subject"], format!("loading the NIXL library {library}"));
}

/// The error of a target whose NIXL library executes `statement` when it is loaded, and the library's path. `limit` is the
/// target's time limit in seconds.
fn ending_with_library(name: &str, statement: &str, limit: &str, code: &str) -> (Value, String) {
    let library = std::env::temp_dir().join(format!("lib{name}-{}.so", std::process::id()));
    let source = library.with_extension("c");
    let program = format!(
        "#include <stdlib.h>\n#include <unistd.h>\n__attribute__((constructor)) static void run(void) {{ {statement} }}\n"
    );
    std::fs::write(&source, program).unwrap();
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status().unwrap();
    assert!(built.success());
    let path = library.to_str().unwrap().to_owned();
    let target = target(free_port(), &["--device", "dram", "--timeout-seconds", limit, "--nixl-lib", &path]);
    let error = target.finish().failed(code);
    std::fs::remove_file(&library).unwrap();
    std::fs::remove_file(&source).unwrap();
    (error, path)
}

#[test]
fn the_end_of_stdin_ends_a_run_that_asked_for_it() {
    // Its stdin is at its end from the beginning.
    let target = target(free_port(), &["--device", "dram", "--until-stdin-closes"]).finish();
    assert_eq!(target.code, Some(143), "{target:#?}");
    assert_eq!(target.tagged("ERROR")["found"], "the end of stdin");
}
