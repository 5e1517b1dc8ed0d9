//! The initiator's side of a run: connects to the target, agrees on the parameters, times the transfers, has the
//! bytes checked and prints RESULT.

use super::blocks::block_offsets;
use super::measurement::{Measurement, unix_ms};
use super::pace::Pace;
use super::preparation::{Prepared, prepare};
use super::target::corrupt;
use super::timed::{Monitor, StreamTransfer};
use crate::deadline::Deadline;
use crate::error::{Failure, Outcome};
use crate::interrupt;
use crate::nixl;
use crate::nixl::agent::{Remote, Segment, Span};
use crate::nixl::request::{Blocks, Request};
use crate::options::Options;
use crate::output;
use crate::secret::Secret;
use crate::side_channel::channel::Channel;
use crate::side_channel::connect::connect;
use crate::side_channel::messages::{Acceptance, Message, Proposal, RemoteStream, VERSION};
use crate::watchdog;
use serde_json::json;
use std::time::{Duration, Instant};

const TEARDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Runs the initiator to its end and returns the exit code.
pub fn run(options: &Options) -> Outcome<i32> {
    let (started, started_unix_ms) = (Instant::now(), unix_ms());
    let deadline = Deadline::after(options.time_limit());
    watchdog::start(deadline)?;
    watchdog::enter("checking the options");
    let log_key = Secret::of_log()?;
    let prepared = prepare(options, "initiator", || Ok(()))?;
    watchdog::enter("registering memory with NIXL");
    let registered = prepared.streams.iter().map(|stream| stream.agent.register(stream.span()));
    let _registered = registered.collect::<Outcome<Vec<_>>>()?;
    watchdog::enter("connecting to the target with NIXL");
    let mut channel = connect(&options.target_host, options.port, &prepared.secret, deadline)?;
    let abandon = |channel: &mut Channel, failure: &Failure| {
        nixl::abandon();
        channel.report(failure);
    };
    let acceptance = agree(options, &prepared, &mut channel, deadline);
    let acceptance = acceptance.inspect_err(|failure| abandon(&mut channel, failure))?;
    let remotes = load_remotes(&prepared, &mut channel, deadline);
    let remotes = remotes.inspect_err(|failure| abandon(&mut channel, failure))?;
    let transfers = prepare_transfers(options, &prepared, &remotes, &acceptance.streams);
    let mut transfers = transfers.inspect_err(|failure| abandon(&mut channel, failure))?;
    watchdog::enter("moving bytes");
    output::event("connected", json!({ "peer": channel.peer() }));
    let setup_seconds = started.elapsed().as_secs_f64();
    let monitor = Monitor {
        channel: &mut channel,
        links: &prepared.links,
        deadline,
        stall_limit: Duration::from_secs_f64(options.stall_seconds),
        pace: Pace::for_streams(transfers.len()),
    };
    let mut measurement = Measurement { options, monitor };
    let measured = measurement.run(&mut transfers, &prepared, &acceptance);
    let mut measured = measured.inspect_err(|failure| abandon(&mut channel, failure))?;
    (measured.setup_seconds, measured.started_unix_ms) = (setup_seconds, started_unix_ms);
    watchdog::disarm();
    let mut code = 0;
    for (transfer, stream) in transfers.iter().zip(&measured.streams) {
        if let Some(damage) = &stream.damage {
            let failure = corrupt(&transfer.stream.name(), damage);
            code = failure.exit_code();
            output::error(&failure);
        }
    }
    output::result(&measured.to_json(options), log_key.as_ref());
    interrupt::exit_within(code, TEARDOWN_LIMIT);
    Ok(code)
}

fn agree(
    options: &Options,
    prepared: &Prepared,
    channel: &mut Channel,
    deadline: Deadline,
) -> Outcome<Acceptance> {
    channel.send(&Message::Propose(Proposal {
        version: VERSION,
        hostname: prepared.hostname.clone(),
        backend: options.backend,
        op: options.op,
        block_size: options.block_size as u64,
        batch_size: options.batch_size as u64,
        devices: options.devices.len() as u32,
        both_ways: options.both_ways,
        verify: options.verifies(),
        transport: prepared.transport.clone(),
        error_mode: options.error_mode,
    }))?;
    match channel.receive("an answer to the proposal", deadline, &mut || prepared.links.check())? {
        Message::Accept(acceptance) if acceptance.streams.len() == options.streams() => {
            channel.rename_peer(format!("target {}", acceptance.hostname));
            Ok(acceptance)
        }
        other => Err(channel.unexpected("an acceptance of every stream", &other)),
    }
}

fn load_remotes<'a>(
    prepared: &'a Prepared,
    channel: &mut Channel,
    deadline: Deadline,
) -> Outcome<Vec<Remote<'a>>> {
    let streams = prepared.streams.iter();
    streams
        .map(|stream| {
            let metadata = channel.receive_metadata(stream.index as u16, deadline)?;
            stream.agent.connect(&metadata)
        })
        .collect()
}

fn prepare_transfers<'a>(
    options: &Options,
    prepared: &'a Prepared,
    remotes: &[Remote],
    remote_stream: &[RemoteStream],
) -> Outcome<Vec<StreamTransfer<'a>>> {
    let streams = prepared.streams.iter().zip(remotes).zip(remote_stream);
    streams
        .map(|((stream, remote), remote_stream)| {
            let remote_stream = Span {
                segment: if remote_stream.vram { Segment::Vram } else { Segment::Dram },
                address: remote_stream.address as usize,
                bytes: options.stream_bytes(),
                device_id: remote_stream.device_id,
            };
            let offsets = block_offsets(options.batch_size, options.block_size, options.block_order);
            let requests = offsets.chunks(options.blocks_of_request()).map(|own| {
                let blocks = Blocks { offsets: own, bytes: options.block_size };
                Request::prepare(&stream.agent, remote, stream.op, stream.span(), remote_stream, blocks)
            });
            Ok(StreamTransfer::new(stream, requests.collect::<Outcome<Vec<_>>>()?))
        })
        .collect()
}
