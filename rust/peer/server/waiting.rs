//! Decides what a server polls before a thread blocks on it, and what wakes such a thread.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::server_state::Server;
use crate::error::{Error, ErrorCode, Result};
use crate::net::poller::{Poller, Waiter};
use crate::peer::waiting::{self, PendingWork, WaitStep, WaitedOn};

/// Bytes of messages after which a program is woken even if more connections are ready: its messages are then still in
/// the processor's cache, and their buffers can be used again for the next ones.
const BATCH_BYTES: usize = 128 * 1024;

impl Server {
    /// Polls and blocks until an event is queued or the time is over; `None` for no limit. Returns whether an event is
    /// queued.
    ///
    /// # Errors
    /// [`ErrorCode::Unconfigured`] if the server does not listen: it has no events.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<bool> {
        waiting::wait(timeout, |deadline| self.begin_wait(deadline))
    }

    /// Takes one step of [`Self::wait`]. Callers that share the server between threads block outside their lock; calls
    /// of other threads on the server, [`Self::interrupt`] and [`Self::stop`] included, end the blocking.
    pub fn begin_wait(&mut self, deadline: Option<Instant>) -> Result<WaitStep> {
        let step = waiting::begin_wait(self, deadline);
        self.record_error(step)
    }

    /// Lets a thread that waits on this server, or the next one that does, return as if an event were queued.
    pub fn interrupt(&mut self) {
        self.is_interrupted = true;
        self.wake();
    }

    /// Lets a waiting thread poll again.
    pub(super) fn wake(&self) {
        if let Some(listening) = &self.listening {
            listening.poller.wake();
        }
    }

    /// Whether a poll has something to do even if the network reports nothing.
    fn has_work(&self) -> bool {
        self.listening.as_ref().is_some_and(|listening| listening.may_accept) || !self.active.is_empty()
    }
}

impl WaitedOn for Server {
    fn take_ready(&mut self) -> bool {
        self.has_events() || std::mem::take(&mut self.is_interrupted)
    }

    fn waiter(&mut self, _may_block: bool) -> Result<Waiter> {
        match &self.listening {
            Some(listening) => Ok(Waiter::new(Some(Arc::clone(&listening.poller)))),
            None => Err(Error::new(ErrorCode::Unconfigured, "the server does not listen")),
        }
    }

    fn poll_before_blocking(&mut self, now: Instant, may_block: bool) {
        self.drop_ended();
        // Blocking asks the system too. A busy server might never block, though, and must not miss the other sockets.
        let collect = match may_block && !self.has_work() {
            true => Poller::collect_without_snapshot,
            false => Poller::collect,
        };
        self.advance(now, BATCH_BYTES, collect);
    }

    fn pending_work(&mut self) -> PendingWork {
        let may_accept = self.listening.as_ref().is_some_and(|listening| listening.may_accept);
        let is_watched = |id| self.peers.get(id).is_none_or(|peer| peer.peer.is_watched());
        match &self.active[..] {
            [] if !may_accept => PendingWork::None,
            active if may_accept || active.iter().any(is_watched) => PendingWork::Ready,
            _ => PendingWork::Unwatched,
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((time, _))| *time)
    }
}
