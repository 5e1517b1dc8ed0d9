//! Invalid input, unauthenticated peers and missing peers: each ends with its own code and does not affect the right peer.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Process, SECRET, command, free_port, initiator, target};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

const SMALL: [&str; 6] = ["--device", "dram", "--block-size", "4096", "--iters", "3"];

fn alone(arguments: &[&str]) -> common::Finished {
    Process::start(&mut command(arguments)).finish()
}

#[test]
fn a_wrong_secret_ends_the_initiator_and_not_the_target() {
    let port = free_port();
    let mut target = target(port, &SMALL);
    let text = port.to_string();
    let mut wrong = command(&["--mode", "initiator", "--target-host", "127.0.0.1", "--port", &text]);
    wrong.args(SMALL).env("TRANSFER_SECRET", "another secret, as long");
    Process::start(&mut wrong).finish().failed("AUTH_FAILED");
    assert!(target.await_event("refused")["reason"].as_str().unwrap().contains("another secret"));
    initiator(port, &SMALL).finish().succeeded();
    target.finish().succeeded();
}

#[test]
fn garbage_oversized_and_idle_connections_do_not_block_the_peer() {
    let port = free_port();
    let mut target = target(port, &SMALL);
    target.await_event("target_ready");
    let _idle: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 100_000]] {
        let mut stranger = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // The target may close before all is sent.
        let _ = stranger.write_all(bytes);
        stranger.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = Vec::new();
        let _ = stranger.read_to_end(&mut answer);
        assert!(answer.len() <= 8 + 32, "a stranger got {} bytes", answer.len());
    }
    target.await_event("refused");
    initiator(port, &SMALL).finish().succeeded();
    target.finish().succeeded();
}

#[test]
fn a_target_without_the_secret_is_detected() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let impostor = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(&[&b"ccxfer/1"[..], &[7; 32]].concat()).unwrap();
        socket.read_exact(&mut [0; 72]).unwrap();
        socket.write_all(&[&b"ccxfer/1"[..], &[9; 32]].concat()).unwrap();
    });
    initiator(port, &SMALL).finish().failed("AUTH_FAILED");
    impostor.join().unwrap();
}

#[test]
fn absent_peers_are_named_when_the_time_is_over() {
    let port = free_port();
    let arguments = [&SMALL[..], &["--timeout-seconds", "5"]].concat();
    let error = initiator(port, &arguments).finish().failed("PEER_ABSENT");
    assert!(error["found"].as_str().unwrap().contains("refused"), "{error}");
    target(port, &arguments).finish().failed("PEER_ABSENT");
}

#[test]
fn a_taken_port_is_named() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let error = target(port, &SMALL).finish().failed("PORT_TAKEN");
    assert!(error["subject"].as_str().unwrap().contains(&port.to_string()));
}

#[test]
fn parameters_must_agree() {
    let port = free_port();
    let target = target(port, &SMALL);
    let other = ["--device", "dram", "--block-size", "8192", "--iters", "3"];
    let error = initiator(port, &other).finish().failed("PROTOCOL_MISMATCH");
    assert!(error["subject"].as_str().unwrap().contains("--block-size"), "{error}");
    target.finish().failed("PROTOCOL_MISMATCH");
}

#[test]
fn a_missing_library_is_named() {
    let error = alone(&["--mode", "target", "--device", "dram", "--nixl-lib", "/nowhere/libnixl_capi.so"])
        .failed("NIXL_LIBRARY_MISSING");
    assert!(error["subject"].as_str().unwrap().contains("/nowhere/libnixl_capi.so"));
}

#[test]
fn a_library_without_the_symbols_is_refused() {
    let library = std::env::temp_dir().join(format!("libempty-{}.so", std::process::id()));
    let built =
        Command::new("cc").args(["-shared", "-x", "c", "/dev/null", "-o"]).arg(&library).status().unwrap();
    assert!(built.success());
    let path = library.to_str().unwrap();
    let port = free_port().to_string();
    let error = alone(&["--mode", "target", "--device", "dram", "--port", &port, "--nixl-lib", path]);
    std::fs::remove_file(&library).unwrap();
    let error = error.failed("NIXL_SYMBOL_MISSING");
    assert!(error["expected"].as_str().unwrap().contains("nixl_capi_"), "{error}");
}

#[test]
fn the_error_of_ucx_is_named_with_an_advice() {
    let port = free_port().to_string();
    let error =
        alone(&["--mode", "target", "--device", "dram", "--port", &port, "--transport", "rc_nowhere"]);
    let error = error.failed("NIXL_CALL_FAILED");
    let (found, hint) = (error["found"].as_str().unwrap(), error["hint"].as_str().unwrap());
    assert!(found.contains("UCX: no usable transports/devices (asked rc_nowhere"), "{error}");
    assert!(hint.contains("--transport"), "{error}");
}

#[test]
fn gpu_memory_without_a_driver_is_refused() {
    let finished = alone(&["--mode", "target", "--device", "cuda:77"]);
    finished.failed("CUDA_UNAVAILABLE");
}

#[test]
fn gpu_memory_of_another_vendor_is_not_in_this_build() {
    let error = alone(&["--mode", "target", "--device", "rocm:0"]).failed("BAD_OPTION");
    assert_eq!(error["subject"], "--device or --devices");
    assert_eq!(error["expected"], "dram, dram:N or cuda:N");
    assert_eq!(error["found"], "\"rocm:0\": this build has no AMD GPU memory (ROCm)");
}

#[test]
fn bad_options_are_named() {
    for (arguments, subject) in [
        (&["--devices", "dram:1,dram:1"][..], "--devices"),
        (&["--devices", "disk:1"], "--devices"),
        (&["--device", "cuda"], "--device"),
        (&["--block-size", "0"], "--block-size"),
        (&["--block-size", "9223372036854775807", "--batch-size", "2"], "--block-size"),
        (&["--timeout-seconds", "-1"], "command line"),
        (&["--stall-seconds", "nan"], "--stall-seconds"),
        (&["--frobnicate"], "command line"),
        (&["--device", "dram", "--secret-file", "/nowhere/secret"], "--secret-file"),
        (&["--device", "dram", "--listen", "203.0.113.7"], "--listen"),
    ] {
        let error = alone(&[&["--mode", "target"], arguments].concat()).failed("BAD_OPTION");
        assert!(error["subject"].as_str().unwrap().contains(subject), "{arguments:?}: {error}");
    }
}

#[test]
fn an_unknown_nic_is_named_with_those_that_are_there() {
    let error = alone(&["--mode", "target", "--device", "dram", "--nics", "nic77"]).failed("NIC_UNKNOWN");
    assert!(error["subject"].as_str().unwrap().contains("nic77"));
}

#[test]
fn a_short_or_absent_secret_is_refused_and_never_shown() {
    let mut short = command(&["--mode", "target", "--device", "dram"]);
    let finished = Process::start(short.env("TRANSFER_SECRET", "zu-kurz")).finish();
    finished.failed("BAD_OPTION");
    assert!(!format!("{finished:?}").contains("zu-kurz"));
    let mut absent = command(&["--mode", "target", "--device", "dram"]);
    Process::start(absent.env_remove("TRANSFER_SECRET")).finish().failed("BAD_OPTION");
}

#[test]
fn the_secret_is_read_from_a_file() {
    let file = std::env::temp_dir().join(format!("secret-{}", std::process::id()));
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let port = free_port();
    let text = port.to_string();
    let mut target = command(&["--mode", "target", "--port", &text, "--secret-file", file.to_str().unwrap()]);
    let target = Process::start(target.args(SMALL).env_remove("TRANSFER_SECRET"));
    initiator(port, &SMALL).finish().succeeded();
    target.finish().succeeded();
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn more_memory_than_there_is_is_refused() {
    let port = free_port().to_string();
    let error =
        alone(&["--mode", "target", "--port", &port, "--device", "dram", "--block-size", "1000000000000000"]);
    error.failed("OUT_OF_MEMORY");
}
