//! The side channel: a TCP connection between the two sides, beside the transfers that are measured. Nothing is parsed
//! before both sides have proved that they know the run's secret, and every wait has a deadline.

pub mod auth;
pub mod channel;
pub mod connect;
pub mod frame;
pub mod listen;
pub mod messages;
