//! A peer that knows the secret and does not keep to the protocol: it cannot forge lines of the log, use up memory or
//! descriptors, or hold the other side past its deadline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use claimcheck_transfer::deadline::Deadline;
use claimcheck_transfer::error::{Code, Failure};
use claimcheck_transfer::nixl::backend::Backend;
use claimcheck_transfer::operation::Operation;
use claimcheck_transfer::options::ErrorMode;
use claimcheck_transfer::secret::Secret;
use claimcheck_transfer::side_channel::auth;
use claimcheck_transfer::side_channel::channel::Channel;
use claimcheck_transfer::side_channel::frame::{Kind, encode};
use claimcheck_transfer::side_channel::messages::{AwaitedArrival, Message, Proposal, VERSION};
use common::{Finished, Process, SECRET, command, free_port, initiator, target};
use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const SMALL: [&str; 6] = ["--device", "dram", "--block-size", "4096", "--iters", "3"];
const LIMIT: Duration = Duration::from_secs(30);

fn secret() -> Secret {
    let file = std::env::temp_dir().join(format!(
        "hostile-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::write(&file, SECRET).unwrap();
    let secret = Secret::read(Some(&file)).unwrap();
    std::fs::remove_file(&file).unwrap();
    secret
}

/// An authenticated target that answers the proposal with this failure; what the honest initiator printed.
fn initiator_told(failure: &Failure) -> Finished {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let honest = initiator(port, &SMALL);
    let (socket, _) = listener.accept().unwrap();
    auth::admit(&socket, &secret(), Deadline::after(LIMIT)).unwrap();
    let mut channel = Channel::new(socket, "initiator".into(), Deadline::after(LIMIT)).unwrap();
    channel.receive("a proposal", Deadline::after(LIMIT), &mut || Ok(())).unwrap();
    channel.report(failure);
    honest.finish()
}

#[test]
fn a_result_forged_into_a_peers_failure_stays_within_one_line() {
    let forged =
        "x\nRESULT {}\nEND {\"result_sha256\":\"0\"}\n\u{2028}RESULT {}\u{2028}\r\u{1b}[2J\u{9b}2J\u{202e}";
    let finished = initiator_told(&Failure::new(Code::DataCorrupt, forged, forged, forged, forged));
    let error = finished.tagged("ERROR");
    assert!(error["told_by"].as_str().unwrap().contains("target"), "{error}");
    let printed = format!("{}\n{}", finished.lines.join("\n"), finished.stderr);
    for line in printed.split(['\n', '\r', '\u{2028}', '\u{2029}']) {
        assert!(!line.starts_with("RESULT") && !line.starts_with("END"), "{line}");
        assert!(!line.chars().any(|one| one.is_control() || one == '\u{202e}'), "{line:?}");
    }
}

#[test]
fn a_long_failure_of_a_peer_is_shortened() {
    let long = "y".repeat(200_000);
    let finished = initiator_told(&Failure::new(Code::LinkDown, &long, "x", "x", "x"));
    assert!(finished.lines.iter().all(|line| line.len() < 20_000));
    assert!(finished.stderr.len() < 20_000, "{} bytes", finished.stderr.len());
}

/// An authenticated initiator at this target.
fn admitted(port: u16) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    auth::apply(&socket, &secret(), Deadline::after(LIMIT)).unwrap();
    socket
}

fn proposal() -> Message {
    Message::Propose(Proposal {
        version: VERSION,
        hostname: "a peer".into(),
        backend: Backend::Ucx,
        op: Operation::Write,
        block_size: 4096,
        batch_size: 1,
        devices: 1,
        both_ways: false,
        verify: true,
        transport: "auto".into(),
        error_mode: ErrorMode::Peer,
    })
}

fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_flood_of_frames_costs_little_memory_and_ends_at_the_deadline() {
    let port = free_port();
    let arguments = [&SMALL[..], &["--timeout-seconds", "5"]].concat();
    let mut honest = target(port, &arguments);
    honest.await_event("target_ready");
    let before = peak_kib(honest.id());
    let mut socket = admitted(port);
    socket.write_all(&encode(Kind::Message, &proposal().to_bytes().unwrap())).unwrap();
    let flood = encode(Kind::Message, &Message::Count.to_bytes().unwrap()).repeat(20_000);
    socket.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let started = Instant::now();
    let mut peak = before;
    // Nothing is read, so that the target's answers have nowhere to go.
    while started.elapsed() < LIMIT {
        peak = peak.max(peak_kib(honest.id()));
        match socket.write(&flood) {
            Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            _ => {}
        }
    }
    assert!(started.elapsed() < LIMIT, "the target outlived its deadline");
    honest.finish().failed("DEADLINE");
    assert!(peak - before < 100 << 10, "{} KiB more", peak - before);
}

#[test]
fn an_initiator_that_awaits_arrival_with_ucx_breaks_the_protocol() {
    let port = free_port();
    let mut honest = target(port, &SMALL);
    honest.await_event("target_ready");
    let mut socket = admitted(port);
    for message in [proposal(), Message::AwaitArrival(AwaitedArrival { requests: 1 })] {
        socket.write_all(&encode(Kind::Message, &message.to_bytes().unwrap())).unwrap();
    }
    honest.finish().failed("PROTOCOL_VIOLATION");
}

#[test]
fn a_flood_of_strangers_is_counted_rather_than_logged() {
    let port = free_port();
    let mut honest = target(port, &SMALL);
    honest.await_event("target_ready");
    for _ in 0..60 {
        let mut stranger = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // The target may close before all is sent.
        let _ = stranger.write_all(&[0; 100]);
        drop(stranger);
        std::thread::sleep(Duration::from_millis(5));
    }
    initiator(port, &SMALL).finish().succeeded();
    let finished = honest.finish();
    let named = finished.lines.iter().filter(|line| line.contains("\"event\":\"refused\"")).count();
    assert!((1..=10).contains(&named), "{named} refusals named");
    assert!(finished.lines.iter().any(|line| line.contains("refused_more")), "{finished:#?}");
}

#[test]
fn a_target_without_descriptors_drops_callers_and_stays() {
    let port = free_port();
    let text = port.to_string();
    let mut honest =
        Process::start(command(&["--mode", "target", "--listen", "127.0.0.1", "--port", &text]).args(SMALL));
    honest.await_event("target_ready");
    let open = std::fs::read_dir(format!("/proc/{}/fd", honest.id())).unwrap().count() as u64;
    let usual = limit_descriptors(honest.id(), open + 4);
    let strangers: Vec<TcpStream> =
        (0..30).filter_map(|_| TcpStream::connect(("127.0.0.1", port)).ok()).collect();
    std::thread::sleep(Duration::from_millis(500));
    drop(strangers);
    limit_descriptors(honest.id(), usual);
    initiator(port, &SMALL).finish().succeeded();
    honest.finish().succeeded();
}

/// Sets the soft limit of a process; returns the one before.
fn limit_descriptors(pid: u32, most: u64) -> u64 {
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both structures live across the calls.
    unsafe {
        let pid = pid as libc::pid_t;
        assert_eq!(libc::prlimit(pid, libc::RLIMIT_NOFILE, std::ptr::null(), &mut old), 0);
        let new = libc::rlimit { rlim_cur: most, rlim_max: old.rlim_max };
        assert_eq!(libc::prlimit(pid, libc::RLIMIT_NOFILE, &new, std::ptr::null_mut()), 0);
    }
    old.rlim_cur
}
