//! Time limits are judged by what has arrived, also if the last snapshot of the sockets is older.

use std::time::{Duration, Instant};

use wspeer::peer::State;

use crate::fixtures::{Raw, frame, start, until};
use crate::world::REQUEST;

const LATE: Duration = Duration::from_secs(100);

/// Polls the peer and another one, so that the next poll of the peer could use a snapshot that is already taken; then
/// sends the bytes to the peer, and polls it late.
fn poll_with_an_old_snapshot(raw: &mut Raw, now: Instant, bytes: &[u8]) {
    let mut other = Raw::server();
    raw.peer.poll_at(now);
    raw.peer.poll_at(now);
    other.peer.poll_at(now);
    other.peer.poll_at(now);
    raw.write(bytes);
    raw.peer.poll_at(now + LATE);
}

#[test]
fn a_pong_in_the_kernel_keeps_the_connection() {
    let mut raw = Raw::server_with(|peer| peer.options.set_heartbeat_interval(Duration::from_secs(1)).unwrap());
    let now = start() + Duration::from_secs(2);
    raw.peer.poll_at(now);
    poll_with_an_old_snapshot(&mut raw, now, &frame(0x8a, true, b""));
    assert_eq!(raw.peer.state(), State::Open, "{}", raw.peer.error_message());
}

#[test]
fn a_close_frame_in_the_kernel_completes_the_handshake() {
    let mut raw = Raw::server();
    raw.peer.close(1000, "").unwrap();
    poll_with_an_old_snapshot(&mut raw, start(), &frame(0x88, true, &1000u16.to_be_bytes()));
    assert_eq!((raw.peer.state(), raw.peer.close_code()), (State::Closed, 1000));
}

#[test]
fn a_request_in_the_kernel_is_answered() {
    let mut raw = Raw::unopened(|_| {});
    poll_with_an_old_snapshot(&mut raw, start(), REQUEST);
    until("open", || {
        raw.peer.poll_at(start());
        raw.peer.state() != State::Connecting
    });
    assert_eq!(raw.peer.state(), State::Open, "{}", raw.peer.error_message());
}
