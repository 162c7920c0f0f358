//! Decides what wakes a thread that blocks on a client, for programs without frames.

use std::time::{Duration, Instant};

use super::client_state::{Client, ClientPhase};
use crate::error::{Error, ErrorCode, Result};
use crate::net::background_results;
use crate::net::poller::{Poller, Waiter};
use crate::peer::waiting::{self, PendingWork, WaitStep, WaitedOn};

impl Client {
    /// Polls and blocks until an event is queued or the time is over; `None` for no limit. Returns whether an event is
    /// queued.
    ///
    /// # Errors
    /// [`ErrorCode::Unconfigured`] without a connection, which could not have events.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<bool> {
        waiting::wait(timeout, |deadline| self.begin_wait(deadline))
    }

    /// Takes one step of [`Self::wait`]. Callers that share the client between threads block outside their lock; calls
    /// of other threads on the client, [`Self::interrupt`] and [`Self::disconnect_from_host`] included, end the
    /// blocking.
    pub fn begin_wait(&mut self, deadline: Option<Instant>) -> Result<WaitStep> {
        let step = waiting::begin_wait(self, deadline);
        self.waiting.deadline = WaitedOn::next_deadline(self);
        self.record_error(step)
    }

    /// Lets a thread that waits on this client, or the next one that does, return as if an event were queued.
    pub fn interrupt(&mut self) {
        self.waiting.is_interrupted = true;
        self.wake();
    }

    /// Lets waiting threads poll again.
    pub(super) fn wake(&self) {
        if let Some(poller) = &self.waiting.poller {
            poller.wake();
        }
    }

    /// Lets waiting threads poll again if a call has given the connection work, or a time limit that is earlier than
    /// the one for which they block.
    pub(super) fn wake_for_work(&mut self) {
        if self.waiting.is_woken || !self.waiting.poller.as_ref().is_some_and(|poller| poller.has_waiters()) {
            return;
        }
        let blocks_too_long = WaitedOn::next_deadline(self)
            .is_some_and(|deadline| self.waiting.deadline.is_none_or(|known| deadline < known));
        if blocks_too_long || self.peer.has_pending_work() {
            self.waiting.is_woken = true;
            self.wake();
        }
    }
}

impl WaitedOn for Client {
    fn take_ready(&mut self) -> bool {
        self.has_events() || std::mem::take(&mut self.waiting.is_interrupted)
    }

    fn waiter(&mut self, may_block: bool) -> Result<Waiter> {
        if self.phase == ClientPhase::Idle {
            return Err(Error::new(ErrorCode::Unconfigured, "there is no connection"));
        }
        self.waiting.is_woken = false;
        if may_block && self.waiting.poller.is_none() {
            // Without descriptors the threads sleep; the next step tries again.
            self.waiting.poller = Poller::for_client().ok();
        }
        let waiter = Waiter::new(self.waiting.poller.clone());
        if let (ClientPhase::Connecting, Some(poller)) = (self.phase, &self.waiting.poller) {
            background_results::wake_on_next(poller);
        }
        Ok(waiter)
    }

    fn poll_before_blocking(&mut self, now: Instant, _may_block: bool) {
        self.poll_at(now);
    }

    fn pending_work(&mut self) -> PendingWork {
        let is_watched = self.waiting.poller.as_ref().is_some_and(|poller| self.peer.watch(poller));
        match is_watched {
            false => PendingWork::Unwatched,
            true if self.peer.has_pending_work() => PendingWork::Ready,
            true => PendingWork::None,
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match self.phase {
            ClientPhase::WaitingToReconnect(time) => Some(time),
            _ => self.peer.next_deadline(),
        }
    }
}
