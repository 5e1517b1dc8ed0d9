//! The initiator's side of a run: finds the target, agrees, times the transfers, has the bytes checked,
//! and gives the RESULT.

use super::pace::Pace;
use super::preparation::{Prepared, prepare};
use super::target::corrupt;
use super::timed::{Guard, Lane};
use crate::deadline::Deadline;
use crate::error::{Failure, Outcome};
use crate::interrupt;
use crate::memory::pattern::Damage;
use crate::nic::counters;
use crate::nixl;
use crate::nixl::agent::{Remote, Segment, Span};
use crate::nixl::request::Request;
use crate::nixl::ucx_log;
use crate::options::{Operation, Options};
use crate::output;
use crate::result::{Measured, StreamResult};
use crate::side_channel::channel::Channel;
use crate::side_channel::connect::connect;
use crate::side_channel::messages::{
    Acceptance, Counters, Message, PatternSeed, Proposal, RemoteStream, VERSION,
};
use serde_json::json;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const TEARDOWN_LIMIT: Duration = Duration::from_secs(5);
/// Progress events are no closer together than this.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// Runs the initiator to its end; gives the exit code.
pub fn run(options: &Options) -> Outcome<i32> {
    let (started, started_unix_ms) = (Instant::now(), unix_ms());
    let deadline = Deadline::after(options.time_limit());
    let prepared = prepare(options, "initiator", || Ok(()))?;
    let registered = prepared.streams.iter().map(|stream| stream.agent.register(stream.span()));
    let _registered = registered.collect::<Outcome<Vec<_>>>()?;
    let mut channel = connect(&options.target_host, options.port, &prepared.secret, deadline)?;
    let give_up = |channel: &mut Channel, failure: &Failure| {
        nixl::abandon();
        channel.tell(failure);
    };
    let acceptance = agree(options, &prepared, &mut channel, deadline);
    let acceptance = acceptance.inspect_err(|failure| give_up(&mut channel, failure))?;
    let remotes = load_remotes(&prepared, &mut channel, deadline);
    let remotes = remotes.inspect_err(|failure| give_up(&mut channel, failure))?;
    let lanes = make_lanes(options, &prepared, &remotes, &acceptance.streams);
    let mut lanes = lanes.inspect_err(|failure| give_up(&mut channel, failure))?;
    output::event("connected", json!({ "peer": channel.peer() }));
    let setup_seconds = started.elapsed().as_secs_f64();
    let guard = Guard {
        channel: &mut channel,
        watch: &prepared.watch,
        deadline,
        stall_limit: Duration::from_secs_f64(options.stall_seconds),
        pace: Pace::for_streams(lanes.len()),
    };
    let mut run = Run { options, guard };
    let measured = run.measure(&mut lanes, &prepared, &acceptance);
    let mut measured = measured.inspect_err(|failure| give_up(&mut channel, failure))?;
    (measured.setup_seconds, measured.started_unix_ms) = (setup_seconds, started_unix_ms);
    let mut code = 0;
    for (lane, stream) in lanes.iter().zip(&measured.streams) {
        if let Some(damage) = &stream.damage {
            let failure = corrupt(&lane.stream.name(), damage);
            code = failure.exit_code();
            output::error(&failure);
        }
    }
    output::result(&measured.to_json(options));
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
        backend: options.backend.clone(),
        op: options.op,
        block_size: options.block_size as u64,
        batch_size: options.batch_size as u64,
        streams: options.devices.len() as u32,
        verify: options.verifies(),
        transport: prepared.transport.clone(),
        error_mode: options.error_mode,
    }))?;
    match channel.receive("an answer to the proposal", deadline, &mut || prepared.watch.check())? {
        Message::Accept(acceptance) if acceptance.streams.len() == options.devices.len() => {
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

fn make_lanes<'a>(
    options: &Options,
    prepared: &'a Prepared,
    remotes: &[Remote],
    far: &[RemoteStream],
) -> Outcome<Vec<Lane<'a>>> {
    let streams = prepared.streams.iter().zip(remotes).zip(far);
    streams
        .map(|((stream, remote), far)| {
            let far = Span {
                segment: if far.vram { Segment::Vram } else { Segment::Dram },
                address: far.address as usize,
                bytes: options.stream_bytes(),
                device_id: far.device_id,
            };
            let request =
                Request::prepare(&stream.agent, remote, options.op, stream.span(), far, options.block_size)?;
            Ok(Lane::new(stream, request))
        })
        .collect()
}

struct Run<'a> {
    options: &'a Options,
    guard: Guard<'a>,
}

impl Run<'_> {
    fn measure(
        &mut self,
        lanes: &mut [Lane],
        prepared: &Prepared,
        acceptance: &Acceptance,
    ) -> Outcome<Measured> {
        let first_seconds = self.guard.transfer(lanes)?;
        let (before, target_before) = (counters::read()?, self.target_counters()?);
        for _ in 0..self.options.warmup_iters {
            self.guard.transfer(lanes)?;
        }
        output::event("warmup_done", json!({ "warmup_iters": self.options.warmup_iters }));
        let (samples, of_streams) = self.time(lanes)?;
        let damage = if self.options.verifies() { self.verify(lanes)? } else { vec![None; lanes.len()] };
        let (after, target_after) = (counters::read()?, self.target_counters()?);
        self.finish()?;
        let streams = lanes.iter().zip(of_streams).zip(damage).zip(&acceptance.streams);
        let streams = streams.map(|(((lane, samples), damage), far)| StreamResult {
            device: lane.stream.device.to_string(),
            nics: lane.stream.nic_names(),
            target_device: far.device.clone(),
            target_nics: far.nics.clone(),
            samples,
            transport: ucx_log::transport(lane.stream.agent.name(), self.options.op, self.options.block_size),
            damage,
        });
        let streams = streams.collect();
        Ok(Measured {
            samples,
            streams,
            nics: counters::traffic(&before, &after, |counted| prepared.claims(counted)),
            target_nics: counters::traffic(&target_before.nics, &target_after.nics, |counted| {
                target_before.claimed.contains(&counted.name)
            }),
            first_seconds,
            setup_seconds: 0.0,
            hostname: prepared.hostname.clone(),
            target_hostname: acceptance.hostname.clone(),
            started_unix_ms: 0,
            finished_unix_ms: unix_ms(),
            versions: prepared.versions.clone(),
        })
    }

    /// The timed transfers: seconds of each, and of each stream in it.
    fn time(&mut self, lanes: &mut [Lane]) -> Outcome<(Vec<f64>, Vec<Vec<f64>>)> {
        let count = self.options.iters as usize;
        let mut samples = Vec::with_capacity(count);
        let mut of_streams: Vec<Vec<f64>> = lanes.iter().map(|_| Vec::with_capacity(count)).collect();
        let mut last_event = Instant::now();
        let mut sum = 0.0;
        for done in 1..=count {
            let seconds = self.guard.transfer(lanes)?;
            samples.push(seconds);
            sum += seconds;
            for (samples, lane) in of_streams.iter_mut().zip(lanes.iter()) {
                samples.push(lane.seconds);
            }
            if self.options.progress && (last_event.elapsed() >= PROGRESS_INTERVAL || done == count) {
                last_event = Instant::now();
                let rate = (self.options.total_bytes() * done) as f64 / sum / 1e9;
                output::event("progress", json!({ "iter": done, "iters": count, "GBps": rate }));
            }
        }
        Ok((samples, of_streams))
    }

    /// Sends a fresh pattern once and has the receiving side check every byte.
    fn verify(&mut self, lanes: &mut [Lane]) -> Outcome<Vec<Option<Damage>>> {
        let seed =
            getrandom::u64().map_err(|error| Failure::system_call("getrandom", "the pattern", error))?;
        let writes = self.options.op == Operation::Write;
        if writes {
            lanes.iter().try_for_each(|lane| lane.stream.fill(seed))?;
        }
        self.guard.channel.send(&Message::Pattern(PatternSeed { seed }))?;
        match self.receive("ready for the pattern")? {
            Message::Ready => {}
            other => return Err(self.guard.channel.unexpected("ready", &other)),
        }
        self.guard.transfer(lanes)?;
        let damage = if writes {
            self.guard.channel.send(&Message::Check)?;
            match self.receive("the check of the pattern")? {
                Message::Checked(checked) if checked.damage.len() == lanes.len() => checked.damage,
                other => return Err(self.guard.channel.unexpected("the check of every stream", &other)),
            }
        } else {
            lanes.iter().map(|lane| lane.stream.check(seed)).collect::<Outcome<Vec<_>>>()?
        };
        output::event("verified", json!({ "corrupt_streams": damage.iter().flatten().count() }));
        Ok(damage)
    }

    fn target_counters(&mut self) -> Outcome<Counters> {
        self.guard.channel.send(&Message::Count)?;
        match self.receive("the target's counters")? {
            Message::Counters(counters) => Ok(counters),
            other => Err(self.guard.channel.unexpected("counters", &other)),
        }
    }

    fn finish(&mut self) -> Outcome<()> {
        self.guard.channel.send(&Message::Finish)?;
        match self.receive("the target's end")? {
            Message::Finished => Ok(()),
            other => Err(self.guard.channel.unexpected("finished", &other)),
        }
    }

    fn receive(&mut self, waiting_for: &str) -> Outcome<Message> {
        let watch = self.guard.watch;
        self.guard.channel.receive(waiting_for, self.guard.deadline, &mut || watch.check())
    }
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
