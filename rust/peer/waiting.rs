//! Decides how a program without frames blocks in `wait()` of a client or a server object: what happens before it
//! blocks, for how long, and what ends it.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::limits::WAIT_STEP;
use crate::net::clock;
use crate::net::poller::Waiter;
use crate::peer::blocking_time::blocking_time;

/// Polls in a row while an object has work. Bounded, so that other threads get the object too.
const BUSY_ROUNDS: u32 = 64;

/// What a waiting program does next.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitStep {
    /// Takes the queued events.
    Ready,
    /// Returns: the time is over.
    TimedOut,
    /// Blocks for at most this long (`None` for no limit), without a lock on the object, and begins the next step.
    Block(Waiter, Option<Duration>),
}

/// What an object has to do although nothing wakes a thread for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::peer) enum PendingWork {
    /// Nothing.
    None,
    /// Only what the system does not report, because it had no descriptor or memory for that: it must be tried.
    Unwatched,
    /// Input or output that can be processed at once.
    Ready,
}

/// An object on which threads can wait.
pub(in crate::peer) trait WaitedOn {
    /// Returns whether events are queued, or the waiting was interrupted. An interruption counts once.
    fn take_ready(&mut self) -> bool;

    /// Returns the waiter of one thread. It exists before the poll, so that what happens in between ends the blocking
    /// at once. An error if the object can have no events.
    fn waiter(&mut self, may_block: bool) -> Result<Waiter>;

    /// Polls; if `may_block` is false, for the last time.
    fn poll_before_blocking(&mut self, now: Instant, may_block: bool);

    /// Returns what is left to do after that poll.
    fn pending_work(&mut self) -> PendingWork;

    /// Returns when a poll has something to do because of a time limit.
    fn next_deadline(&self) -> Option<Instant>;
}

/// Waits for an event, step by step. Returns whether there is one; `None` for no limit of time.
pub fn wait(timeout: Option<Duration>, mut begin: impl FnMut(Option<Instant>) -> Result<WaitStep>) -> Result<bool> {
    let deadline = timeout.and_then(|timeout| clock::now().checked_add(timeout));
    loop {
        match begin(deadline)? {
            WaitStep::Ready => return Ok(true),
            WaitStep::TimedOut => return Ok(false),
            WaitStep::Block(waiter, time) => waiter.block(time),
        }
    }
}

/// Takes one step of [`wait`] with the object locked.
pub(in crate::peer) fn begin_wait(object: &mut impl WaitedOn, deadline: Option<Instant>) -> Result<WaitStep> {
    let mut round = 1;
    loop {
        if object.take_ready() {
            return Ok(WaitStep::Ready);
        }
        let now = clock::now();
        let may_block = deadline.is_none_or(|deadline| deadline > now);
        let mut waiter = object.waiter(may_block)?;
        object.poll_before_blocking(now, may_block);
        waiter.mark();
        if object.take_ready() {
            return Ok(WaitStep::Ready);
        }
        if !may_block {
            return Ok(WaitStep::TimedOut);
        }
        let until_next_try = match object.pending_work() {
            PendingWork::Ready if round < BUSY_ROUNDS => {
                round += 1;
                continue;
            }
            PendingWork::Ready => Some(now),
            PendingWork::Unwatched => Some(now + WAIT_STEP),
            PendingWork::None => None,
        };
        return Ok(WaitStep::Block(waiter, blocking_time(now, [deadline, object.next_deadline(), until_next_try])));
    }
}
