//! A run as each side performs it. The order of the steps is here; how each is done is in the other folders.

mod arrivals;
mod blocks;
pub mod initiator;
mod measurement;
pub mod pace;
pub mod preparation;
pub mod start_parts;
pub mod statistics;
pub mod stream;
pub mod target;
pub mod timed;
