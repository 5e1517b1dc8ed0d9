//! A link that goes down after a number of bytes: the counters of the fabric's end are watched, and that end is set
//! down.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::link;
use super::netlink::Netlink;
use super::port::Port;
use crate::failure::{During, Outcome};

/// The interval of looks at the counters, and so how late the link may go down.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A watch on one port. Dropping it ends the watch without setting the link down.
pub struct Cut {
    ended: Arc<AtomicBool>,
}

impl Cut {
    /// Sets the port's link down once it has carried `after_bytes` in both directions together, then calls `cut`.
    pub fn watch(
        ports: &Arc<Vec<Port>>,
        at: usize,
        after_bytes: NonZeroU64,
        cut: impl FnOnce(&Port) + Send + 'static,
    ) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (ports, watched) = (Arc::clone(ports), Arc::clone(&ended));
        thread::spawn(move || {
            let Some(port) = ports.get(at) else { return };
            match await_bytes(port, after_bytes.get(), &watched).and_then(|due| match due {
                true => port.set_link(false).map(|()| cut(port)),
                false => Ok(()),
            }) {
                Ok(()) => {}
                // The pod may be ending and its interfaces removed.
                Err(_) if watched.load(Ordering::Relaxed) => {}
                Err(failure) => eprintln!("claimcheck-node: {failure}"),
            }
        });
        Self { ended }
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// Returns false if the watch ended first.
fn await_bytes(port: &Port, bytes: u64, ended: &AtomicBool) -> Outcome<bool> {
    let mut netlink = Netlink::open().during(&port.interface, "open a netlink socket")?;
    while !ended.load(Ordering::Relaxed) {
        let seen = link::by_index(&mut netlink, port.fabric_index).during(&port.interface, "be counted")?;
        if seen.rx_bytes + seen.tx_bytes >= bytes {
            return Ok(true);
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(false)
}
