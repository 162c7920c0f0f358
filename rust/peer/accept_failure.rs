//! Decides what a listener does if the system cannot accept a connection: it reports that once, and tries again later.

use std::io;
use std::time::Instant;

use crate::error::{Error, ErrorCode};
use crate::limits::{ACCEPT_FAILURE_TIME, ACCEPT_RETRY};

/// The failures of a listener to accept.
#[derive(Debug, Default)]
pub(in crate::peer) struct AcceptFailure {
    /// The last failure of the present occurrence, which was reported.
    last: Option<Instant>,
    /// When the next attempt is due.
    retry: Option<Instant>,
}

impl AcceptFailure {
    /// Returns whether the next attempt is due later than `now`.
    pub fn is_paused(&self, now: Instant) -> bool {
        self.retry.is_some_and(|retry| now < retry)
    }

    /// Notes a failed attempt. Returns the error that is reported, unless it belongs to an occurrence that was.
    pub fn failed(&mut self, error: &io::Error, now: Instant) -> Option<Error> {
        self.retry = Some(now + ACCEPT_RETRY);
        let message = || format!("accepting a connection failed: {error}; further connections wait");
        self.last.replace(now).is_none().then(|| Error::new(ErrorCode::CantCreate, message()))
    }

    /// Notes that every pending connection was accepted.
    pub fn all_accepted(&mut self, now: Instant) {
        self.retry = None;
        if self.last.is_some_and(|last| now.saturating_duration_since(last) >= ACCEPT_FAILURE_TIME) {
            self.last = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::clock;

    #[test]
    fn a_failure_is_reported_once_until_it_has_not_occurred_for_long() {
        let error = io::Error::other("no descriptor");
        let (mut failure, now) = (AcceptFailure::default(), clock::now());
        assert!(!failure.is_paused(now));
        assert!(failure.failed(&error, now).is_some_and(|error| error.message().contains("no descriptor")));
        assert!(failure.is_paused(now) && !failure.is_paused(now + ACCEPT_RETRY));
        assert!(failure.failed(&error, now + ACCEPT_RETRY).is_none());
        failure.all_accepted(now + ACCEPT_RETRY);
        assert!(!failure.is_paused(now + ACCEPT_RETRY));
        assert!(failure.failed(&error, now + ACCEPT_RETRY).is_none());
        let later = now + ACCEPT_RETRY + ACCEPT_FAILURE_TIME;
        failure.all_accepted(later);
        assert!(failure.failed(&error, later).is_some());
    }
}
