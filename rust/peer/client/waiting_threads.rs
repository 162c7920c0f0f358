//! Holds what belongs to the threads that wait on a client; `waiting.rs` decides what wakes them.

use std::sync::Arc;
use std::time::Instant;

use crate::net::poller::Poller;

/// The poller on which the threads block, and what they know.
#[derive(Debug, Default)]
pub(super) struct WaitingThreads {
    /// Reports the client's sockets, from the first time that a thread blocks. So threads that block on different
    /// clients do not meet, and clients that are polled share the process-wide poller.
    pub poller: Option<Arc<Poller>>,
    pub is_interrupted: bool,
    /// A thread was woken and has not polled since.
    pub is_woken: bool,
    /// The time limit of the connection for which the threads block at most.
    pub deadline: Option<Instant>,
}
