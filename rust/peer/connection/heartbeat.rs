//! Decides when a ping is sent and when a silent remote peer is given up; measures round-trip times.
//!
//! Any byte that arrives after a ping shows that the remote peer is alive. Only the pong with the payload of a ping
//! measures a round-trip time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::limits::{AWAITED_PINGS, TRACE_EVENTS};
use crate::peer::connection::measurements::RoundTrip;
use crate::peer::trace;
use crate::peer::trace::event::{Direction, TraceEventKind};

/// The pings and pongs of one connection.
#[derive(Debug)]
pub(in crate::peer) struct Heartbeat {
    /// When the last automatic ping was sent; `None` until the heartbeat is on.
    last_ping: Option<Instant>,
    /// When the first automatic ping was sent after which nothing was received.
    unanswered_since: Option<Instant>,
    /// Payloads and times of pings whose pongs are awaited, oldest first.
    awaited: VecDeque<(Vec<u8>, Instant)>,
    round_trip: Option<RoundTrip>,
    /// Pings and pongs that the trace does not have yet.
    untraced: Vec<UntracedFrame>,
}

/// A ping or pong for the trace.
#[derive(Debug)]
pub(super) struct UntracedFrame {
    pub direction: Direction,
    pub kind: TraceEventKind,
    pub payload: Vec<u8>,
}

/// What the heartbeat demands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeartbeatAction {
    /// Nothing.
    None,
    /// Send a ping.
    SendPing,
    /// End the connection.
    GiveUp {
        /// How long nothing was received after a ping.
        silent: Duration,
    },
}

impl Heartbeat {
    /// Creates the heartbeat of a connection that opens now.
    pub fn new(now: Instant) -> Self {
        Self {
            last_ping: Some(now),
            unanswered_since: None,
            awaited: VecDeque::new(),
            round_trip: None,
            untraced: Vec::new(),
        }
    }

    /// Records a ping that is sent.
    pub fn ping_sent(&mut self, payload: &[u8], now: Instant) {
        if self.awaited.len() >= AWAITED_PINGS {
            self.awaited.pop_front();
        }
        self.awaited.push_back((payload.to_vec(), now));
        self.trace_later(Direction::Sent, TraceEventKind::Ping, payload);
    }

    /// Records a received pong, which answers at most one ping and with it all earlier ones. One that answers no ping
    /// is ignored (RFC 6455 section 5.5.3).
    pub fn pong_received(&mut self, payload: &[u8], now: Instant) {
        self.trace_later(Direction::Received, TraceEventKind::Pong, payload);
        let Some(index) = self.awaited.iter().position(|(awaited, _)| awaited == payload) else { return };
        if let Some((_, sent)) = self.awaited.drain(..=index).next_back() {
            let last = now.saturating_duration_since(sent);
            let smoothed = self.round_trip.map_or(last, |before| (before.smoothed * 7 + last) / 8);
            self.round_trip = Some(RoundTrip { last, smoothed });
        }
    }

    /// Records a received ping.
    pub fn ping_received(&mut self, payload: &[u8]) {
        self.trace_later(Direction::Received, TraceEventKind::Ping, payload);
    }

    fn trace_later(&mut self, direction: Direction, kind: TraceEventKind, payload: &[u8]) {
        if trace::wants_messages() && self.untraced.len() < TRACE_EVENTS {
            self.untraced.push(UntracedFrame { direction, kind, payload: payload.to_vec() });
        }
    }

    /// Takes the frames that the trace does not have yet.
    pub(super) fn take_untraced(&mut self) -> Vec<UntracedFrame> {
        std::mem::take(&mut self.untraced)
    }

    /// Returns the round-trip times; `None` before the first answered ping.
    pub fn round_trip(&self) -> Option<RoundTrip> {
        self.round_trip
    }

    /// Records that bytes were read from the network, which shows as well as a pong that the remote peer is alive.
    /// Input that was read before and is processed later does not count.
    pub fn input_received(&mut self) {
        self.unanswered_since = None;
    }

    /// Returns when [`Self::check`] has something to do; `None` if the heartbeat is off, and from its start to the
    /// first check.
    pub fn next_check(&self, interval: Duration, timeout: Duration) -> Option<Instant> {
        if interval.is_zero() {
            return None;
        }
        let timeout = if timeout.is_zero() { interval } else { timeout };
        let ping = self.last_ping? + interval;
        match self.unanswered_since {
            // A silence of exactly the time-out is allowed.
            Some(sent) if timeout <= interval => Some(sent + timeout + Duration::from_millis(1)),
            Some(sent) => Some(ping.min(sent + timeout + Duration::from_millis(1))),
            None => Some(ping),
        }
    }

    /// Returns what to do now. The caller has read everything that has arrived, so that the delay of a program that
    /// polls late does not count as silence of the remote peer.
    pub(super) fn check(&mut self, now: Instant, interval: Duration, timeout: Duration) -> HeartbeatAction {
        if interval.is_zero() {
            self.last_ping = None;
            self.unanswered_since = None;
            return HeartbeatAction::None;
        }
        let timeout = if timeout.is_zero() { interval } else { timeout };
        if let Some(sent) = self.unanswered_since {
            let silent = now.saturating_duration_since(sent);
            if silent > timeout {
                return HeartbeatAction::GiveUp { silent };
            }
            if timeout <= interval {
                return HeartbeatAction::None;
            }
        }
        if now.saturating_duration_since(*self.last_ping.get_or_insert(now)) < interval {
            return HeartbeatAction::None;
        }
        self.last_ping = Some(now);
        self.unanswered_since.get_or_insert(now);
        HeartbeatAction::SendPing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::clock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pings_every_interval_and_gives_up_after_one_without_an_answer() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.check(start, SECOND, Duration::ZERO), HeartbeatAction::None);
        assert_eq!(heartbeat.check(start + SECOND, SECOND, Duration::ZERO), HeartbeatAction::SendPing);
        assert_eq!(heartbeat.check(start + 2 * SECOND, SECOND, Duration::ZERO), HeartbeatAction::None);
        heartbeat.input_received();
        assert_eq!(heartbeat.check(start + 2 * SECOND, SECOND, Duration::ZERO), HeartbeatAction::SendPing);
        assert_eq!(
            heartbeat.check(start + 4 * SECOND, SECOND, Duration::ZERO),
            HeartbeatAction::GiveUp { silent: 2 * SECOND }
        );
    }

    #[test]
    fn a_late_poll_that_reads_the_pong_first_keeps_the_connection() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.check(start + SECOND, SECOND, Duration::ZERO), HeartbeatAction::SendPing);
        heartbeat.input_received();
        assert_eq!(heartbeat.check(start + 100 * SECOND, SECOND, Duration::ZERO), HeartbeatAction::SendPing);
    }

    #[test]
    fn a_heartbeat_that_is_switched_on_later_waits_one_interval() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.check(start + 50 * SECOND, Duration::ZERO, Duration::ZERO), HeartbeatAction::None);
        assert_eq!(heartbeat.check(start + 50 * SECOND, SECOND, Duration::ZERO), HeartbeatAction::None);
        assert_eq!(heartbeat.check(start + 51 * SECOND, SECOND, Duration::ZERO), HeartbeatAction::SendPing);
    }

    #[test]
    fn a_longer_timeout_lets_several_pings_go_unanswered() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        for second in 1..=4 {
            assert_eq!(heartbeat.check(start + second * SECOND, SECOND, 3 * SECOND), HeartbeatAction::SendPing);
        }
        assert_eq!(
            heartbeat.check(start + 5 * SECOND, SECOND, 3 * SECOND),
            HeartbeatAction::GiveUp { silent: 4 * SECOND }
        );
    }

    #[test]
    fn round_trips_are_measured_by_payload_and_smoothed() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        heartbeat.pong_received(b"unsolicited", start);
        assert_eq!(heartbeat.round_trip(), None);
        for payload in [b"a", b"b", b"c"] {
            heartbeat.ping_sent(payload, start);
        }
        heartbeat.pong_received(b"b", start + 8 * SECOND);
        assert_eq!(heartbeat.round_trip(), Some(RoundTrip { last: 8 * SECOND, smoothed: 8 * SECOND }));
        heartbeat.pong_received(b"a", start + 9 * SECOND);
        assert_eq!(heartbeat.round_trip().unwrap().last, 8 * SECOND, "a ping before an answered one is forgotten");
        heartbeat.pong_received(b"c", start + 16 * SECOND);
        assert_eq!(heartbeat.round_trip(), Some(RoundTrip { last: 16 * SECOND, smoothed: 9 * SECOND }));
        for _ in 0..100 {
            heartbeat.ping_sent(b"x", start);
        }
        assert_eq!(heartbeat.awaited.len(), AWAITED_PINGS);
    }
}
