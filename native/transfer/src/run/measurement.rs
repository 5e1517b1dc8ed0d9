//! The measured part of a run: warm-up, timed transfers, the check of the bytes, and counters before and after.

use super::preparation::Prepared;
use super::stream::Stream;
use super::timed::{Monitor, StreamTransfer};
use crate::error::{Failure, Outcome};
use crate::memory::pattern::Damage;
use crate::nic::{Kind, Nic, counters, ports};
use crate::nixl::ucx_log;
use crate::operation::Operation;
use crate::options::Options;
use crate::output;
use crate::result::{Measured, StreamResult};
use crate::side_channel::messages::{Acceptance, Counters, Message, PatternSeed};
use serde_json::json;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Minimum time between two progress events.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

pub struct Measurement<'a> {
    pub options: &'a Options,
    pub monitor: Monitor<'a>,
}

impl Measurement<'_> {
    pub fn run(
        &mut self,
        transfers: &mut [StreamTransfer],
        prepared: &Prepared,
        acceptance: &Acceptance,
    ) -> Outcome<Measured> {
        let first_seconds = self.monitor.transfer(transfers)?;
        transfers.iter().try_for_each(|transfer| self.check_transport(transfer.stream))?;
        let (before, target_before) = (prepared.count(self.options)?, self.target_counters()?);
        for _ in 0..self.options.warmup_iters {
            self.monitor.transfer(transfers)?;
        }
        output::event("warmup_done", json!({ "warmup_iters": self.options.warmup_iters }));
        let (samples, of_streams) = self.time(transfers)?;
        let damage =
            if self.options.verifies() { self.verify(transfers)? } else { vec![None; transfers.len()] };
        let (after, target_after) = (prepared.count(self.options)?, self.target_counters()?);
        self.finish()?;
        let streams = transfers.iter().zip(of_streams).zip(damage).zip(&acceptance.streams);
        let streams = streams.map(|(((transfer, samples), damage), remote_stream)| StreamResult {
            device: transfer.stream.device.to_string(),
            op: transfer.stream.op,
            nics: transfer.stream.nic_names(),
            target_device: remote_stream.device.clone(),
            target_nics: remote_stream.nics.clone(),
            samples,
            transport: ucx_log::transport(
                transfer.stream.agent.name(),
                transfer.stream.op,
                self.options.block_size,
            ),
            damage,
        });
        let streams = streams.collect();
        Ok(Measured {
            samples,
            streams,
            nics: counters::traffic(&before.nics, &after.nics, |counted| prepared.claims(counted)),
            target_nics: counters::traffic(&target_before.nics, &target_after.nics, |counted| {
                target_before.claimed.contains(&counted.name)
            }),
            ports: ports::reports(&before.ports, &after.ports),
            target_ports: ports::reports(&target_before.ports, &target_after.ports),
            first_seconds,
            setup_seconds: 0.0,
            hostname: prepared.hostname.clone(),
            target_hostname: acceptance.hostname.clone(),
            started_unix_ms: 0,
            finished_unix_ms: unix_ms(),
            versions: prepared.versions.clone(),
            ucx_settings: prepared.ucx_settings.clone(),
        })
    }

    /// Fails with TRANSPORT_FALLBACK if UCX has logged for a stream of RDMA devices a transport over none of them, such as
    /// shared memory. Where UCX has logged none, the byte counters decide.
    fn check_transport(&self, stream: &Stream) -> Outcome<()> {
        let nics = stream.nics.iter().filter(|nic| nic.kind == Kind::Rdma);
        let devices: Vec<String> = nics.map(Nic::ucx_name).collect();
        let chosen = ucx_log::transport(stream.agent.name(), stream.op, self.options.block_size);
        match chosen {
            Some(transport)
                if !devices.is_empty() && !devices.iter().any(|name| transport.contains(name)) =>
            {
                Err(Failure::transport_fallback(stream.name(), devices.join(" or "), transport))
            }
            _ => Ok(()),
        }
    }

    /// The timed transfers. Returns the seconds of each, and of each stream in it.
    fn time(&mut self, transfers: &mut [StreamTransfer]) -> Outcome<(Vec<f64>, Vec<Vec<f64>>)> {
        let count = self.options.iters as usize;
        let mut samples = Vec::with_capacity(count);
        let mut of_streams: Vec<Vec<f64>> = transfers.iter().map(|_| Vec::with_capacity(count)).collect();
        let mut last_event = Instant::now();
        let mut sum = 0.0;
        for done in 1..=count {
            let seconds = self.monitor.transfer(transfers)?;
            samples.push(seconds);
            sum += seconds;
            for (samples, transfer) in of_streams.iter_mut().zip(transfers.iter()) {
                samples.push(transfer.seconds);
            }
            if self.options.progress && (last_event.elapsed() >= PROGRESS_INTERVAL || done == count) {
                last_event = Instant::now();
                let rate = (self.options.total_bytes() * done) as f64 / sum / 1e9;
                output::event("progress", json!({ "iter": done, "iters": count, "GBps": rate }));
            }
        }
        Ok((samples, of_streams))
    }

    /// Moves a fresh pattern once and has the receiving side check every byte.
    fn verify(&mut self, transfers: &mut [StreamTransfer]) -> Outcome<Vec<Option<Damage>>> {
        let seed =
            getrandom::u64().map_err(|error| Failure::system_call("getrandom", "the pattern", error))?;
        let is_written = |transfer: &&StreamTransfer| transfer.stream.op == Operation::Write;
        transfers.iter().filter(is_written).try_for_each(|transfer| transfer.stream.fill(seed))?;
        self.monitor.channel.send(&Message::Pattern(PatternSeed { seed }))?;
        let ready = "ready for the pattern";
        // The target first fills the buffers that are read.
        let promptly = transfers.iter().all(|transfer| is_written(&transfer));
        match if promptly { self.receive_promptly(ready) } else { self.receive(ready) }? {
            Message::Ready => {}
            other => return Err(self.monitor.channel.unexpected("ready", &other)),
        }
        self.monitor.transfer(transfers)?;
        let mut damage = vec![None; transfers.len()];
        if transfers.iter().any(|transfer| is_written(&transfer)) {
            self.monitor.channel.send(&Message::Check)?;
            damage = match self.receive("the check of the pattern")? {
                Message::Checked(checked) if checked.damage.len() == transfers.len() => checked.damage,
                other => return Err(self.monitor.channel.unexpected("the check of every stream", &other)),
            };
        }
        for (damage, transfer) in damage.iter_mut().zip(transfers.iter()) {
            if transfer.stream.op == Operation::Read {
                *damage = transfer.stream.check(seed)?;
            }
        }
        output::event("verified", json!({ "corrupt_streams": damage.iter().flatten().count() }));
        Ok(damage)
    }

    fn target_counters(&mut self) -> Outcome<Counters> {
        self.monitor.channel.send(&Message::Count)?;
        match self.receive_promptly("the target's counters")? {
            Message::Counters(counters) => Ok(counters),
            other => Err(self.monitor.channel.unexpected("counters", &other)),
        }
    }

    fn finish(&mut self) -> Outcome<()> {
        self.monitor.channel.send(&Message::Finish)?;
        match self.receive_promptly("the target's end")? {
            Message::Finished => Ok(()),
            other => Err(self.monitor.channel.unexpected("finished", &other)),
        }
    }

    fn receive(&mut self, waiting_for: &str) -> Outcome<Message> {
        let links = self.monitor.links;
        self.monitor.channel.receive(waiting_for, self.monitor.deadline, &mut || links.check())
    }

    fn receive_promptly(&mut self, waiting_for: &str) -> Outcome<Message> {
        self.monitor.receive_promptly(waiting_for)
    }
}

pub fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
