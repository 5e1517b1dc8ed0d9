//! The target's side of a run: listens, offers its buffers, and counts and checks bytes when the initiator asks.

use super::arrivals::Arrivals;
use super::preparation::{Prepared, prepare};
use super::start_parts::{StartParts, Stopwatch};
use super::stream::Stream;
use crate::deadline::Deadline;
use crate::error::{Failure, Outcome};
use crate::interrupt;
use crate::memory::pattern::Damage;
use crate::nixl;
use crate::nixl::agent::Segment;
use crate::operation::Operation;
use crate::options::Options;
use crate::output;
use crate::side_channel::channel::Channel;
use crate::side_channel::listen::Listener;
use crate::side_channel::messages::{Acceptance, Checked, Message, Proposal, RemoteStream, VERSION};
use crate::watchdog;
use serde_json::json;
use std::time::{Duration, Instant};

const TEARDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Runs the target to its end and returns the exit code.
pub fn run(options: &Options) -> Outcome<i32> {
    let started = Instant::now();
    let deadline = Deadline::after(options.time_limit());
    watchdog::start(deadline)?;
    watchdog::enter("checking the options");
    let mut listener = None;
    let prepared = prepare(options, "target", || {
        listener = Some(Listener::open(&options.listen, options.port)?);
        Ok(())
    })?;
    let Prepared { streams, secret, .. } = &prepared;
    let mut stopwatch = Stopwatch::start();
    watchdog::enter("registering memory with NIXL");
    let registered = streams.iter().map(|stream| stream.agent.register(stream.span()));
    let _registered = registered.collect::<Outcome<Vec<_>>>()?;
    let start_parts = StartParts { registration: stopwatch.lap(), ..prepared.start_parts.clone() };
    output::event(
        "target_ready",
        json!({
            "backend": options.backend,
            "devices": options.device_names(),
            "total_bytes": options.total_bytes(),
            "block_size": options.block_size,
            "batch_size": options.batch_size,
            "listen_port": options.port,
            "start_seconds": started.elapsed().as_secs_f64(),
            "start_parts_seconds": start_parts,
        }),
    );
    let Some(listener) = listener else {
        return Err(Failure::system_call("bind", "the side channel", "no listener"));
    };
    watchdog::enter("serving the initiator");
    let mut channel = listener.admit(secret, deadline)?;
    let served = serve(options, &prepared, &mut channel, deadline);
    let damaged = served.inspect_err(|failure| {
        nixl::abandon();
        channel.report(failure);
    })?;
    watchdog::disarm();
    output::event("target_done", json!({ "corrupt_streams": damaged }));
    output::tagged("END", &json!({}));
    let code = if damaged > 0 { 3 } else { 0 };
    interrupt::exit_within(code, TEARDOWN_LIMIT);
    Ok(code)
}

/// Answers the initiator's requests until it ends the run. Returns the number of corrupt streams.
fn serve(
    options: &Options,
    prepared: &Prepared,
    channel: &mut Channel,
    deadline: Deadline,
) -> Outcome<usize> {
    let mut check_links = || prepared.links.check();
    let message = channel.receive("a proposal", deadline, &mut check_links)?;
    let Message::Propose(proposal) = message else {
        return Err(channel.unexpected("a proposal", &message));
    };
    channel.rename_peer(format!("initiator {}", proposal.hostname));
    agree(options, &prepared.transport, &proposal)?;
    offer(prepared, channel)?;
    output::event("connected", json!({ "peer": channel.peer() }));
    let (mut seed, mut damaged) = (None, 0);
    let mut arrivals = Arrivals::of(&prepared.streams);
    loop {
        match channel.receive("the next request", deadline, &mut check_links)? {
            Message::Count => channel.send(&Message::Counters(prepared.count(options)?))?,
            Message::Pattern(pattern) => {
                seed = Some(pattern.seed);
                let mut sent = prepared.streams.iter().filter(|stream| stream.op == Operation::Read);
                sent.try_for_each(|stream| stream.fill(pattern.seed))?;
                channel.send(&Message::Ready)?;
            }
            Message::AwaitArrival(awaited) if options.backend.completes_writes_locally() => {
                arrivals.wait(&prepared.streams, awaited.requests, &mut || {
                    prepared.links.check()?;
                    deadline.check("the bytes of a WRITE")?;
                    channel.check()
                })?;
                channel.send(&Message::Arrived)?;
            }
            Message::Check => {
                let Some(seed) = seed else {
                    return Err(channel.unexpected("a pattern before its check", &Message::Check));
                };
                let damage = check(prepared, seed)?;
                damaged = damage.iter().flatten().count();
                channel.send(&Message::Checked(Checked { damage }))?;
            }
            Message::Finish => {
                channel.send(&Message::Finished)?;
                return Ok(damaged);
            }
            other => return Err(channel.unexpected("a request", &other)),
        }
    }
}

/// Fails with PROTOCOL_MISMATCH where the proposal differs from this side's options.
fn agree(options: &Options, transport: &str, proposal: &Proposal) -> Outcome<()> {
    fn same<T: PartialEq + std::fmt::Debug>(name: &str, ours: T, theirs: T) -> Outcome<()> {
        if ours == theirs {
            return Ok(());
        }
        Err(Failure::mismatch(name, format!("{ours:?}"), format!("{theirs:?}")))
    }
    same("protocol version", VERSION, proposal.version)?;
    same("--backend", options.backend, proposal.backend)?;
    same("--op", options.op, proposal.op)?;
    same("--block-size", options.block_size as u64, proposal.block_size)?;
    same("--batch-size", options.batch_size as u64, proposal.batch_size)?;
    same("--both-ways", options.both_ways, proposal.both_ways)?;
    same("number of --devices", options.devices.len() as u64, proposal.devices.into())?;
    same("--verify", options.verifies(), proposal.verify)?;
    same("--transport", transport, &proposal.transport)?;
    same("--error-mode", options.error_mode, proposal.error_mode)
}

fn offer(prepared: &Prepared, channel: &mut Channel) -> Outcome<()> {
    let streams = prepared.streams.iter().map(|stream| {
        let span = stream.span();
        RemoteStream {
            device: stream.device.to_string(),
            address: span.address as u64,
            device_id: span.device_id,
            vram: span.segment == Segment::Vram,
            nics: stream.nic_names(),
        }
    });
    let acceptance = Acceptance { hostname: prepared.hostname.clone(), streams: streams.collect() };
    channel.send(&Message::Accept(acceptance))?;
    prepared
        .streams
        .iter()
        .try_for_each(|stream| channel.send_metadata(stream.index as u16, &stream.agent.metadata()?))
}

fn check(prepared: &Prepared, seed: u64) -> Outcome<Vec<Option<Damage>>> {
    let checked = |stream: &Stream| match stream.op {
        Operation::Write => stream.check(seed),
        Operation::Read => Ok(None),
    };
    let damage = prepared.streams.iter().map(checked).collect::<Outcome<Vec<_>>>()?;
    for (stream, damage) in prepared.streams.iter().zip(&damage) {
        if let Some(damage) = damage {
            output::error(&corrupt(&stream.name(), damage));
        }
    }
    output::event("verified", json!({ "corrupt_streams": damage.iter().flatten().count() }));
    Ok(damage)
}

/// The error for a stream whose bytes did not arrive as they were sent.
pub fn corrupt(stream: &str, damage: &Damage) -> Failure {
    Failure::data_corrupt(
        format!("{stream}, byte {}", damage.offset),
        &damage.expected_hex,
        &damage.found_hex,
        format!("{} bytes are wrong in total. Check the NIC and its link.", damage.bad_bytes),
    )
}
