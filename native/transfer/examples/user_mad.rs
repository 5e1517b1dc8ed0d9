//! MADs between two ports, for the tests on real verbs.
//!
//! `answer UMAD SECONDS` answers one request of a vendor's class with its own attribute, each byte increased by one, and ends.
//! It fails when no request comes within that many seconds.
//! `ask UMAD GID INDEX` sends such a request to the port of that GID, from the own GID with that index, and prints the
//! answered attribute. `counters UMAD GID INDEX` asks that port for its performance counters.

use claimcheck_transfer::nic::port_performance;
use claimcheck_transfer::rdma::user_mad::{Agent, Datagram, Destination, MAD_BYTES};
use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// The first class that a vendor may use.
const CLASS: u8 = 0x09;
const CLASS_VERSION: u8 = 1;
const GET: u8 = 0x01;
const RESPONSE: u8 = 0x80;
const ATTRIBUTE: usize = 64;
const SENT: [u8; 4] = [1, 2, 3, 4];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["answer", umad, seconds] => {
            let agent = Agent::open(Path::new(umad), CLASS, CLASS_VERSION, &[GET])?;
            println!("READY");
            let mut datagram = agent.receive(Duration::from_secs(seconds.parse()?))?;
            datagram.mad[3] |= RESPONSE;
            for byte in &mut datagram.mad[ATTRIBUTE..] {
                *byte += 1;
            }
            agent.send(&datagram, None)?;
        }
        ["ask", umad, gid, index] => {
            let mut mad = [0; MAD_BYTES];
            mad[..4].copy_from_slice(&[1, CLASS, CLASS_VERSION, GET]);
            mad[ATTRIBUTE..ATTRIBUTE + SENT.len()].copy_from_slice(&SENT);
            let agent = Agent::open(Path::new(umad), CLASS, CLASS_VERSION, &[])?;
            let answer = agent.ask(&Datagram::to(by_gid(gid, index)?, mad), Duration::from_secs(9))?;
            println!("{:?}", &answer[ATTRIBUTE..ATTRIBUTE + SENT.len()]);
        }
        ["counters", umad, gid, index] => {
            println!("{:?}", port_performance::ask(Path::new(umad), 1, by_gid(gid, index)?)?)
        }
        _ => {
            return Err("expected answer UMAD SECONDS, ask UMAD GID INDEX, or counters UMAD GID INDEX".into());
        }
    }
    Ok(())
}

fn by_gid(gid: &str, index: &str) -> Result<Destination, Box<dyn Error>> {
    Ok(Destination::Gid { address: gid.parse()?, own_index: index.parse()? })
}
