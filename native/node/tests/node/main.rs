//! The agent as the harness meets it: the real binary, real pods, JSON lines. As root each test runs
//! twice, as root and as an ordinary user; otherwise once.

mod agent;
mod faults;
mod isolation;
mod leftovers;
mod life;
mod network;
mod probe;
mod refusals;
mod unavailable;
