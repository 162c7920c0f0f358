//! Decides how long a program without frames blocks in `wait()` of a server.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use super::server_state::Server;
use crate::error::{Error, ErrorCode, Result};
use crate::net::clock;
use crate::net::poller::{Poller, Waiter};
use crate::peer::blocking_time::blocking_time;

/// Polls in a row while peers have work. Bounded, so that other threads get the server too.
const BUSY_ROUNDS: u32 = 64;

/// Bytes of messages after which a program is woken even if more connections are ready: its messages are then still in
/// the processor's cache, and their buffers can be used again for the next ones.
const BATCH_BYTES: usize = 128 * 1024;

/// What a waiting program does next.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitStep {
    /// Takes the queued events.
    Ready,
    /// Returns: the time is over.
    TimedOut,
    /// Blocks for at most this long (`None` for no limit), without a lock on the server, and begins the next step.
    Block(Waiter, Option<Duration>),
}

impl Server {
    /// Polls and blocks until an event is queued, a shutdown ends, or the time is over; `None` for no limit. Returns
    /// `false` if the time is over.
    ///
    /// # Errors
    /// [`ErrorCode::Unconfigured`] if the server does not listen: it has no events.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<bool> {
        let deadline = timeout.and_then(|timeout| clock::now().checked_add(timeout));
        loop {
            match self.begin_wait(deadline)? {
                WaitStep::Ready => return Ok(true),
                WaitStep::TimedOut => return Ok(false),
                WaitStep::Block(waiter, time) => waiter.block(time),
            }
        }
    }

    /// Takes one step of [`Self::wait`]. Callers that share the server between threads block outside their lock; calls
    /// of other threads on the server, [`Self::interrupt`] included, end the blocking.
    pub fn begin_wait(&mut self, deadline: Option<Instant>) -> Result<WaitStep> {
        for round in 1.. {
            if self.has_events() || std::mem::take(&mut self.is_interrupted) {
                return Ok(WaitStep::Ready);
            }
            let Some(listening) = &self.listening else {
                return self.record_error(Err(Error::new(ErrorCode::Unconfigured, "the server does not listen")));
            };
            // Announced before the poll, so that what happens in between ends the blocking at once.
            let mut waiter = listening.poller.waiter();
            let has_work = self.has_work();
            let now = clock::now();
            self.drop_ended();
            let is_over = deadline.is_some_and(|deadline| deadline <= now);
            // Blocking asks the system too. A busy server might never block, though, and must not miss the other
            // sockets.
            let collect = if is_over || has_work { Poller::collect } else { Poller::collect_without_snapshot };
            self.advance(now, BATCH_BYTES, collect);
            waiter.mark();
            // Without a listening server, the poll has ended a shutdown.
            if self.has_events() || self.listening.is_none() {
                return Ok(WaitStep::Ready);
            }
            if is_over {
                return Ok(WaitStep::TimedOut);
            }
            let is_busy = self.has_work();
            if is_busy && round < BUSY_ROUNDS {
                continue;
            }
            let timer = self.timers.peek().map(|Reverse((time, _))| *time);
            return Ok(WaitStep::Block(waiter, blocking_time(now, [deadline, timer, is_busy.then_some(now)])));
        }
        Ok(WaitStep::TimedOut)
    }

    /// Whether a poll has something to do even if the network reports nothing.
    fn has_work(&self) -> bool {
        self.listening.as_ref().is_some_and(|listening| listening.may_accept) || !self.active.is_empty()
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
}
