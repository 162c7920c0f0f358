//! Decides how long a close handshake may take: its state, and what counts as progress.

use std::time::{Duration, Instant};

/// How far the close handshake is (RFC 6455 section 7). A close frame of the remote peer ends the connection at once,
/// so it needs no state here.
#[derive(Debug)]
pub(super) enum CloseHandshake {
    /// This side has sent no close frame.
    NotStarted,
    /// This side's close frame is in the output, perhaps after messages that the network has not accepted yet. `None`
    /// until the first poll.
    Queued(Option<Stall>),
    /// The close frame was written. The remote peer must answer it before the deadline.
    AwaitingAnswer { deadline: Instant },
}

/// Output that has not moved.
#[derive(Debug)]
pub(super) struct Stall {
    progress: OutputProgress,
    deadline: Instant,
}

/// Counts the bytes that the network has accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutputProgress {
    /// Bytes of the connection's output.
    pub written: u64,
    /// See [`crate::net::Transport::written_in_advance`].
    pub in_advance: u64,
}

/// The result of [`CloseHandshake::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseProgress {
    /// This side has sent no close frame.
    NotStarted,
    /// A time limit runs.
    Pending,
    /// The network has accepted nothing of the output for the whole time, or the remote peer has not answered the close
    /// frame in it.
    TimedOut,
}

impl CloseHandshake {
    /// Returns whether this side has sent a close frame.
    pub fn has_begun(&self) -> bool {
        !matches!(self, Self::NotStarted)
    }

    /// Advances to a moment. `progress` is that of the output, `None` if all of it is written.
    pub fn check(&mut self, progress: Option<OutputProgress>, now: Instant, timeout: Duration) -> CloseProgress {
        let deadline = match (&*self, progress) {
            (Self::NotStarted, _) => return CloseProgress::NotStarted,
            (Self::AwaitingAnswer { deadline }, _) => *deadline,
            (Self::Queued(_), None) => {
                *self = Self::AwaitingAnswer { deadline: now + timeout };
                now + timeout
            }
            (Self::Queued(Some(stall)), Some(progress)) if stall.progress == progress => stall.deadline,
            (Self::Queued(_), Some(progress)) => {
                *self = Self::Queued(Some(Stall { progress, deadline: now + timeout }));
                now + timeout
            }
        };
        if now < deadline { CloseProgress::Pending } else { CloseProgress::TimedOut }
    }

    /// Returns when [`Self::check`] reports a time-out if nothing changes; `None` before the first poll.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::NotStarted | Self::Queued(None) => None,
            Self::Queued(Some(stall)) => Some(stall.deadline),
            Self::AwaitingAnswer { deadline } => Some(*deadline),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::clock;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(written: u64) -> Option<OutputProgress> {
        Some(OutputProgress { written, in_advance: 0 })
    }

    #[test]
    fn progress_restarts_the_clock_and_the_answer_has_a_clock_of_its_own() {
        let (start, timeout) = (clock::now(), 5 * SECOND);
        let mut close = CloseHandshake::Queued(None);
        for second in 0..60 {
            // One byte in four seconds.
            let progress = close.check(at(u64::from(second / 4)), start + second * SECOND, timeout);
            assert_eq!(progress, CloseProgress::Pending, "after {second} s");
        }
        let written = start + 60 * SECOND;
        assert_eq!(close.check(None, written, timeout), CloseProgress::Pending);
        assert_eq!(close.check(None, written + 4 * SECOND, timeout), CloseProgress::Pending);
        assert_eq!(close.check(None, written + 5 * SECOND, timeout), CloseProgress::TimedOut);
    }

    #[test]
    fn output_that_does_not_move_times_out() {
        let (start, timeout) = (clock::now(), 5 * SECOND);
        let mut close = CloseHandshake::Queued(None);
        assert_eq!(close.check(at(7), start, timeout), CloseProgress::Pending);
        assert_eq!(close.deadline(), Some(start + timeout));
        assert_eq!(close.check(at(7), start + 4 * SECOND, timeout), CloseProgress::Pending);
        assert_eq!(close.check(at(7), start + 5 * SECOND, timeout), CloseProgress::TimedOut);
        // Bytes in a stream below count too.
        let moved = Some(OutputProgress { written: 7, in_advance: 1 });
        assert_eq!(close.check(moved, start + 5 * SECOND, timeout), CloseProgress::Pending);
    }

    #[test]
    fn without_a_close_frame_no_time_limit_runs() {
        let mut close = CloseHandshake::NotStarted;
        assert_eq!(close.check(at(7), clock::now(), Duration::ZERO), CloseProgress::NotStarted);
        assert!(close.deadline().is_none() && !close.has_begun());
    }
}
