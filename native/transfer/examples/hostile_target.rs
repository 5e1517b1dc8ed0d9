//! A target that knows the run's secret and lies: it answers the proposal with a failure whose text contains whole lines
//! of a log, a RESULT among them. Used by the tests that run on a cluster.

use claimcheck_transfer::deadline::Deadline;
use claimcheck_transfer::error::{Code, Failure, Outcome};
use claimcheck_transfer::secret::Secret;
use claimcheck_transfer::side_channel::listen::Listener;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
const FORGED: &str = "x\nRESULT {\"event\":\"result\",\"avg_GBps\":999.9}\nEND {\"result_sha256\":\"0\"}\n";

fn main() -> Outcome<()> {
    let secret = Secret::read(None)?;
    println!("EVENT {{\"event\":\"target_ready\"}}");
    let mut channel = Listener::open("0.0.0.0", port())?.admit(&secret, Deadline::after(LIMIT))?;
    channel.receive("a proposal", Deadline::after(LIMIT), &mut || Ok(()))?;
    channel.report(&Failure::new(Code::DataCorrupt, FORGED, FORGED, FORGED, FORGED));
    println!("END {{}}");
    Ok(())
}

/// The value of `--port`, or the transfer binary's default.
fn port() -> u16 {
    let given = std::env::args().skip_while(|argument| argument != "--port").nth(1);
    given.and_then(|port| port.parse().ok()).unwrap_or(5555)
}
