//! Decides how long a client blocks in `wait()`, for programs without frames.

use std::time::{Duration, Instant};

use super::client_state::{Client, ClientPhase};
use crate::error::{Error, ErrorCode, Result};
use crate::net::clock;
use crate::net::poller::Poller;
use crate::peer::blocking_time::blocking_time;

/// Time between two polls while connecting: name lookups and the racing of addresses do not wake a waiting thread.
const CONNECTING_STEP: Duration = Duration::from_millis(5);

impl Client {
    /// Polls and blocks until an event is queued or the time is over; `None` for no limit. Returns whether an event is
    /// queued.
    ///
    /// # Errors
    /// [`ErrorCode::Unconfigured`] without a connection, which could not have events.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<bool> {
        let deadline = timeout.and_then(|timeout| clock::now().checked_add(timeout));
        loop {
            let now = clock::now();
            self.poll_at(now);
            if self.has_events() {
                return Ok(true);
            }
            if self.phase == ClientPhase::Idle {
                return self.record_error(Err(Error::new(ErrorCode::Unconfigured, "there is no connection")));
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Ok(false);
            }
            let Some(poller) = Poller::global() else { continue };
            let mut waiter = poller.waiter();
            waiter.mark();
            if self.phase != ClientPhase::Connecting && self.peer.has_pending_work() {
                continue;
            }
            waiter.block(blocking_time(now, [deadline, self.next_deadline(now)]));
        }
    }

    /// When a poll has something to do even if the network reports nothing.
    fn next_deadline(&self, now: Instant) -> Option<Instant> {
        match self.phase {
            ClientPhase::WaitingToReconnect(time) => Some(time),
            ClientPhase::Connecting => Some(now + CONNECTING_STEP),
            ClientPhase::Idle | ClientPhase::Open | ClientPhase::Closing { .. } => self.peer.next_deadline(),
        }
    }
}
