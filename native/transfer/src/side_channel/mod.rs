//! The side channel: our own TCP connection between the two sides, beside the one that is measured.
//! Nothing is parsed before both sides have proved the run's secret; every wait has a deadline.

pub mod auth;
pub mod channel;
pub mod connect;
pub mod frame;
pub mod listen;
pub mod messages;
