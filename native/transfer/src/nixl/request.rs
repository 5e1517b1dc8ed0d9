//! A prepared transfer of blocks of one stream, which can be posted many times. No call waits.

use super::agent::{Agent, Remote, Span};
use super::is_abandoned;
use super::library::{Pointer, status_text};
use crate::error::{Failure, Outcome};
use crate::operation::Operation;
use std::ptr::null_mut;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Pending,
    Complete,
}

pub struct Request<'a> {
    agent: &'a Agent,
    request: Pointer,
}

impl<'a> Request<'a> {
    /// Prepares a transfer of the same blocks of `local` and `remote_span`, each a descriptor of its own.
    pub fn prepare(
        agent: &'a Agent,
        remote: &Remote,
        operation: Operation,
        local: Span,
        remote_span: Span,
        blocks: Blocks,
    ) -> Outcome<Self> {
        let local = BlockList::create(agent, local, blocks)?;
        let far = BlockList::create(agent, remote_span, blocks)?;
        let direction = match operation {
            Operation::Read => 0,
            Operation::Write => 1,
        };
        let mut request = null_mut();
        let mut create = |options: Pointer| {
            // SAFETY: all handles are live; NIXL copies both lists and writes the request's handle.
            let status = unsafe {
                (agent.library.create_xfer_req)(
                    agent.agent,
                    direction,
                    local.list,
                    far.list,
                    remote.name.as_ptr(),
                    &mut request,
                    options,
                )
            };
            agent.expect_success("create_xfer_req", status)
        };
        if operation == Operation::Write && agent.backend().completes_writes_locally() {
            agent.with_notification(create)?;
        } else {
            create(agent.with_backend)?;
        }
        Ok(Request { agent, request })
    }

    /// Starts the transfer. A small one may be complete on return.
    pub fn post(&mut self) -> Outcome<Progress> {
        // SAFETY: agent and request are live; the request is not in flight.
        let status =
            unsafe { (self.agent.library.post_xfer_req)(self.agent.agent, self.request, null_mut()) };
        self.progress("post_xfer_req", status)
    }

    /// Progresses the transfer and returns whether it is complete: at the remote side, unless the backend completes
    /// writes locally.
    pub fn poll(&mut self) -> Outcome<Progress> {
        // SAFETY: agent and request are live.
        let status = unsafe { (self.agent.library.get_xfer_status)(self.agent.agent, self.request) };
        self.progress("get_xfer_status", status)
    }

    fn progress(&self, call: &str, status: i32) -> Outcome<Progress> {
        match status {
            0 => Ok(Progress::Complete),
            1 => Ok(Progress::Pending),
            status => {
                Err(Failure::nixl_call(call, format!("agent {}", self.agent.name), status_text(status)))
            }
        }
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if is_abandoned() {
            return;
        }
        // SAFETY: the request is live, released and then destroyed once.
        unsafe {
            (self.agent.library.release_xfer_req)(self.agent.agent, self.request);
            (self.agent.library.destroy_xfer_req)(self.request);
        }
    }
}

/// Blocks of a span, all of one size.
#[derive(Debug, Clone, Copy)]
pub struct Blocks<'a> {
    /// Where they begin, in the order of the descriptors.
    pub offsets: &'a [usize],
    pub bytes: usize,
}

/// NIXL's list of blocks of one span.
struct BlockList<'a> {
    agent: &'a Agent,
    list: Pointer,
}

impl<'a> BlockList<'a> {
    fn create(agent: &'a Agent, span: Span, Blocks { offsets, bytes }: Blocks) -> Outcome<Self> {
        let mut list = null_mut();
        // SAFETY: NIXL writes the handle.
        let status = unsafe { (agent.library.create_xfer_dlist)(span.segment as i32, &mut list) };
        agent.expect_success("create_xfer_dlist", status)?;
        let blocks = BlockList { agent, list };
        for offset in offsets {
            // SAFETY: the list is live.
            let status = unsafe {
                (agent.library.xfer_dlist_add_desc)(list, span.address + offset, bytes, span.device_id)
            };
            agent.expect_success("xfer_dlist_add_desc", status)?;
        }
        Ok(blocks)
    }
}

impl Drop for BlockList<'_> {
    fn drop(&mut self) {
        if is_abandoned() {
            return;
        }
        // SAFETY: the list is live and destroyed once.
        unsafe { (self.agent.library.destroy_xfer_dlist)(self.list) };
    }
}
