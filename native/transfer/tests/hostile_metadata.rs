//! NIXL metadata of a peer that knows the secret: whatever bytes it sends, the initiator ends without a RESULT, before its
//! deadline. NIXL itself parses them, in C++, so a seeded sample of altered metadata is tried, or as many as FUZZ_SECONDS allows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use claimcheck_transfer::deadline::Deadline;
use claimcheck_transfer::nixl::backend::Backend;
use claimcheck_transfer::operation::Operation;
use claimcheck_transfer::options::ErrorMode;
use claimcheck_transfer::secret::Secret;
use claimcheck_transfer::side_channel::auth;
use claimcheck_transfer::side_channel::channel::Channel;
use claimcheck_transfer::side_channel::messages::{Acceptance, Message, Proposal, VERSION};
use common::{Finished, Process, SECRET, free_port, initiator, target};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const SMALL: [&str; 8] =
    ["--device", "dram", "--block-size", "4096", "--iters", "3", "--timeout-seconds", "20"];
const LIMIT: Duration = Duration::from_secs(30);
/// Altered metadata of a short run.
const FEW: u32 = 8;

fn secret() -> Secret {
    // The tests of this file run in threads of one process.
    static FILES: AtomicU32 = AtomicU32::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("metadata-{}-{number}", std::process::id()));
    std::fs::write(&file, SECRET).unwrap();
    let secret = Secret::read(Some(&file)).unwrap();
    std::fs::remove_file(&file).unwrap();
    secret
}

/// What an honest target sends, which stays alive as long as it is kept.
struct Honest {
    _target: Process,
    _channel: Channel,
    acceptance: Acceptance,
    metadata: Vec<u8>,
}

fn honest(secret: &Secret) -> Honest {
    let port = free_port();
    let mut target = target(port, &["--device", "dram", "--block-size", "4096", "--iters", "3"]);
    target.await_event("target_ready");
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    auth::apply(&socket, secret, Deadline::after(LIMIT)).unwrap();
    let mut channel = Channel::new(socket, "target".into(), Deadline::after(LIMIT)).unwrap();
    channel
        .send(&Message::Propose(Proposal {
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
        }))
        .unwrap();
    let answer = channel.receive("an answer", Deadline::after(LIMIT), &mut || Ok(())).unwrap();
    let Message::Accept(acceptance) = answer else { panic!("{answer:?}") };
    let metadata = channel.receive_metadata(0, Deadline::after(LIMIT)).unwrap();
    Honest { _target: target, _channel: channel, acceptance, metadata }
}

/// What the honest initiator printed that was given this metadata for its stream.
fn initiator_given(secret: &Secret, acceptance: &Acceptance, stream: u16, metadata: &[u8]) -> Finished {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let honest = initiator(listener.local_addr().unwrap().port(), &SMALL);
    let (socket, _) = listener.accept().unwrap();
    auth::admit(&socket, secret, Deadline::after(LIMIT)).unwrap();
    let mut channel = Channel::new(socket, "initiator".into(), Deadline::after(LIMIT)).unwrap();
    channel.receive("a proposal", Deadline::after(LIMIT), &mut || Ok(())).unwrap();
    channel.send(&Message::Accept(acceptance.clone())).unwrap();
    channel.send_metadata(stream, metadata).unwrap();
    // The initiator asks for counters once NIXL has taken the metadata.
    let _ = channel.receive("a message", Deadline::after(LIMIT), &mut || Ok(()));
    drop(channel);
    honest.finish()
}

fn ended_without_a_figure(finished: &Finished) {
    let printed = format!("{finished:#?}");
    assert!(!finished.lines.iter().any(|line| line.starts_with("RESULT")), "{printed}");
    assert_ne!(finished.code, Some(0), "{printed}");
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

fn altered(random: &mut Random, genuine: &[u8]) -> Vec<u8> {
    let mut bytes = genuine.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.below(256) as u8,
            2 => bytes.truncate(at + 1),
            3 => bytes.insert(at, random.below(256) as u8),
            // The lengths of NIXL's fields are eight bytes each.
            _ => bytes.iter_mut().skip(at).take(8).for_each(|byte| *byte = 0xff),
        }
    }
    bytes
}

#[test]
fn metadata_that_is_none_is_refused_with_its_reason() {
    let secret = secret();
    let honest = honest(&secret);
    let large = vec![0; 4 << 20 >> 1];
    for metadata in [&b""[..], b"x", &[0xff; 64], &large] {
        let finished = initiator_given(&secret, &honest.acceptance, 0, metadata);
        ended_without_a_figure(&finished);
        assert!(finished.status.signal().is_none(), "{} bytes: {finished:#?}", metadata.len());
        finished.failed("NIXL_CALL_FAILED");
    }
    let other = initiator_given(&secret, &honest.acceptance, 1, &honest.metadata);
    assert!(other.failed("PROTOCOL_VIOLATION")["found"].as_str().unwrap().contains("another stream"));
}

#[test]
fn altered_metadata_gives_no_figure() {
    let secret = secret();
    let honest = honest(&secret);
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let until = std::env::var("FUZZ_SECONDS").ok().map(|seconds| {
        random.0 ^= u64::from(std::process::id());
        Instant::now() + Duration::from_secs(seconds.parse().unwrap())
    });
    let (mut tried, mut crashed) = (0, 0);
    while until.map_or(tried < FEW, |until| Instant::now() < until) {
        tried += 1;
        let finished =
            initiator_given(&secret, &honest.acceptance, 0, &altered(&mut random, &honest.metadata));
        ended_without_a_figure(&finished);
        crashed += u32::from(finished.status.signal().is_some());
    }
    println!("{tried} inputs, no finding; NIXL ended the process {crashed} times");
}
