//! Blocking until something happens, for programs without frames.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use super::Server;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::LINGER_TICK;
use crate::net::poller::{Poller, Waiter};
use crate::net::{clock, linger};

/// Polls in a row while peers have something to do.
const BUSY_ROUNDS: u32 = 64;

/// Bytes of messages after which a program is woken, though more connections have news: what it is given is then still in the
/// processor's cache, and the buffers can be used again for what follows.
const BATCH_BYTES: usize = 128 * 1024;

/// What a waiting program has to do next.
#[derive(Debug)]
pub enum Wait {
    /// Something happened: take the events.
    Ready,
    /// The time is over.
    TimedOut,
    /// Block for at most this long (`None` for no limit), without holding the server, and begin again.
    Block(Waiter, Option<Duration>),
}

impl Server {
    /// Polls until an event is there or the time is over; `None` for no limit. A server that does not listen has nothing to
    /// wait for.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<bool> {
        let deadline = timeout.and_then(|timeout| clock::now().checked_add(timeout));
        loop {
            match self.begin_wait(deadline)? {
                Wait::Ready => return Ok(true),
                Wait::TimedOut => return Ok(false),
                Wait::Block(waiter, time) => waiter.block(time),
            }
        }
    }

    /// One step of [`Self::wait`]. Callers that share the server between threads block outside their lock; what other threads
    /// do to the server meanwhile, [`Self::interrupt`] included, ends the blocking.
    pub fn begin_wait(&mut self, deadline: Option<Instant>) -> Result<Wait> {
        for round in 1.. {
            if self.has_events() || std::mem::take(&mut self.is_woken) {
                return Ok(Wait::Ready);
            }
            let Some(listening) = &self.listening else {
                let result = Err(Error::new(ErrorCode::Unconfigured, "the server does not listen"));
                return self.record_error(result);
            };
            // Announced before the poll: what comes in between ends the blocking at once.
            let mut waiter = listening.poller.waiter();
            let has_work = listening.may_accept || !self.active.is_empty();
            let now = clock::now();
            self.forget_gone();
            let is_over = deadline.is_some_and(|deadline| deadline <= now);
            // Blocking asks the system anyway, but those that have work could keep a program from ever blocking.
            let collect = if is_over || has_work { Poller::collect } else { Poller::collect_known };
            self.advance(now, BATCH_BYTES, collect);
            waiter.mark();
            if self.has_events() {
                return Ok(Wait::Ready);
            }
            if is_over {
                return Ok(Wait::TimedOut);
            }
            let is_busy =
                !self.active.is_empty() || self.listening.as_ref().is_some_and(|listening| listening.may_accept);
            // Bounded, so that other threads get their turn too.
            if is_busy && round < BUSY_ROUNDS {
                continue;
            }
            let timer = self.timers.peek().map(|Reverse((time, _))| *time);
            let until = deadline.into_iter().chain(timer).min();
            let time = until.map(|until| until.saturating_duration_since(now));
            let lingers = (!linger::is_quiet()).then_some(LINGER_TICK);
            let busy = is_busy.then_some(Duration::ZERO);
            let time = time.into_iter().chain(lingers).chain(busy).min();
            return Ok(Wait::Block(waiter, time));
        }
        Ok(Wait::TimedOut)
    }

    /// Has a thread that waits on this server, or the next one that does, return as if something had happened.
    pub fn interrupt(&mut self) {
        self.is_woken = true;
        self.wake();
    }

    /// Has a thread that waits look at the server again.
    pub(super) fn wake(&self) {
        if let Some(listening) = &self.listening {
            listening.poller.wake();
        }
    }
}
