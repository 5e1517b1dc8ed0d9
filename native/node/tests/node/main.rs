//! Tests of the agent as the harness uses it: the real binary, real pods and JSON lines. When started by root, each test
//! runs twice, as root and as an ordinary user.

mod agent;
mod faults;
mod isolation;
mod leftovers;
mod life;
mod network;
mod probe;
mod refusals;
mod unavailable;
