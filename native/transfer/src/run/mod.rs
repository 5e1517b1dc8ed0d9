//! A run, as each side sees it. Joins options, NIXL, memory, NICs and the side channel; the order of
//! steps is here, how each is done is elsewhere.

pub mod initiator;
pub mod pace;
pub mod preparation;
pub mod start_parts;
pub mod statistics;
pub mod stream;
pub mod target;
pub mod timed;
