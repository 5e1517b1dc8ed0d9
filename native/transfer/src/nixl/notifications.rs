//! NIXL's notifications of written requests. The target's agent has one when every byte of the request has arrived.

use super::agent::Agent;
use super::library::Pointer;
use crate::error::Outcome;
use std::ptr::null_mut;

/// The text of the notification, which nobody reads: they are only counted.
const WRITTEN: &[u8] = b"written";
const IN_PROGRESS: i32 = 1;

impl Agent {
    /// The number of notifications that have arrived since the last call.
    pub fn take_notifications(&self) -> Outcome<usize> {
        let mut map = null_mut();
        // SAFETY: NIXL writes the handle.
        let status = unsafe { (self.library.create_notif_map)(&mut map) };
        self.expect_success("create_notif_map", status)?;
        let count = self.read_notifications(map);
        // SAFETY: made above, used by nobody else.
        unsafe { (self.library.destroy_notif_map)(map) };
        count
    }

    fn read_notifications(&self, map: Pointer) -> Outcome<usize> {
        // SAFETY: all three handles are live.
        match unsafe { (self.library.get_notifs)(self.agent, map, self.with_backend) } {
            IN_PROGRESS => {}
            status => self.expect_success("get_notifs", status)?,
        }
        let mut agents = 0usize;
        // SAFETY: NIXL writes the number.
        let status = unsafe { (self.library.notif_map_size)(map, &mut agents) };
        self.expect_success("notif_map_size", status)?;
        (0..agents).try_fold(0, |sum, index| {
            let (mut name, mut count) = (std::ptr::null(), 0usize);
            // SAFETY: the index is below the size; the name lives as long as the map.
            let status = unsafe { (self.library.notif_map_get_agent_at)(map, index, &mut name) };
            self.expect_success("notif_map_get_agent_at", status)?;
            // SAFETY: as above.
            let status = unsafe { (self.library.notif_map_get_notifs_size)(map, name, &mut count) };
            self.expect_success("notif_map_get_notifs_size", status)?;
            Ok(sum + count)
        })
    }

    /// Runs `make` with options by which a request notifies the target.
    pub(super) fn with_notification(&self, make: impl FnOnce(Pointer) -> Outcome<()>) -> Outcome<()> {
        let mut options = null_mut();
        // SAFETY: NIXL writes the handle.
        let status = unsafe { (self.library.create_opt_args)(&mut options) };
        self.expect_success("create_opt_args", status)?;
        // SAFETY: both handles are live; NIXL copies the text.
        let made = unsafe {
            let library = self.library;
            let added = (library.opt_args_add_backend)(options, self.backend);
            let text = (library.opt_args_set_notif_msg)(options, WRITTEN.as_ptr().cast(), WRITTEN.len());
            let set = (library.opt_args_set_has_notif)(options, true);
            self.expect_success("opt_args_add_backend", added)
                .and_then(|()| self.expect_success("opt_args_set_notif_msg", text))
                .and_then(|()| self.expect_success("opt_args_set_has_notif", set))
        };
        let made = made.and_then(|()| make(options));
        // SAFETY: made above, used by nobody else.
        unsafe { (self.library.destroy_opt_args)(options) };
        made
    }
}
