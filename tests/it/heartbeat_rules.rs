//! What measures round-trip times and what shows that the remote peer is alive.

use std::io::Read;
use std::time::{Duration, Instant};

use wspeer::limits::LOOKAHEAD_BYTES;
use wspeer::peer::{State, WebSocketPeer};
use wspeer::proto::Role;

use crate::fixtures::{End, Raw, frame, packets, start, until};

/// The heartbeat interval: longer than a test takes, because peers that open poll by the real clock.
const INTERVAL: Duration = Duration::from_secs(1000);

/// An open peer of each role whose remote peer is a bare socket; the flag says whether that socket masks.
fn peers(setup: impl Fn(&mut WebSocketPeer)) -> [(Raw, bool); 2] {
    let mut client = Raw::client();
    setup(&mut client.peer);
    // A heartbeat that is switched on later begins with the next poll.
    client.peer.poll();
    [(Raw::server_with(setup), true), (client, false)]
}

/// Polls at `now` until `count` bytes of the peer have arrived, and returns them unmasked as one frame's payload.
fn sent_payload(raw: &mut Raw, is_masked: bool, count: usize, now: Instant) -> (u8, Vec<u8>) {
    let mut bytes = Vec::new();
    let wanted = 2 + if is_masked { 4 } else { 0 } + count;
    until("a frame", || {
        raw.peer.poll_at(now);
        assert_eq!(raw.peer.state(), State::Open, "{}", raw.peer.error_message());
        let mut buffer = vec![0; wanted - bytes.len()];
        if let Ok(read) = raw.socket.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..read]);
        }
        bytes.len() == wanted
    });
    assert_eq!(usize::from(bytes[1] & 0x7f), count, "length of the payload");
    let first = bytes[0];
    let payload = match is_masked {
        true => bytes[6..].iter().zip(bytes[2..6].iter().cycle()).map(|(byte, key)| byte ^ key).collect(),
        false => bytes[2..].to_vec(),
    };
    (first, payload)
}

#[test]
fn every_ping_has_a_payload_of_its_own() {
    for (mut raw, masks) in peers(|peer| peer.options.set_heartbeat_interval(INTERVAL).unwrap()) {
        let mut payloads = Vec::new();
        let mut now = start();
        for _ in 0..3 {
            now += 2 * INTERVAL;
            let (first, payload) = sent_payload(&mut raw, !masks, 8, now);
            assert_eq!(first, 0x89);
            payloads.push(payload.clone());
            raw.write(&[frame(0x8a, masks, &payload), frame(0x82, masks, b"")].concat());
            raw.poll_until("the pong", |peer| peer.take_packet().is_ok());
        }
        assert!(raw.peer.round_trip().is_some());
        raw.peer.ping(b"").unwrap();
        payloads.push(sent_payload(&mut raw, !masks, 8, now).1);
        payloads.sort();
        payloads.dedup();
        assert_eq!(payloads.len(), 4);
    }
}

#[test]
fn only_the_pong_with_the_pings_payload_measures_the_round_trip() {
    for (mut raw, masks) in peers(|_| {}) {
        raw.peer.ping(b"").unwrap();
        let (_, payload) = sent_payload(&mut raw, !masks, 8, start());
        let mut longer = payload.clone();
        longer.push(0);
        let mut other = payload.clone();
        other[7] ^= 1;
        for guess in [&b""[..], &[0; 8], &payload[..7], &longer, &other] {
            raw.write(&frame(0x8a, masks, guess));
        }
        raw.write(&frame(0x82, masks, b"after"));
        raw.poll_until("the guesses", |peer| peer.packet_count() == 1);
        assert_eq!(raw.peer.round_trip(), None);
        raw.write(&frame(0x8a, masks, &payload));
        raw.poll_until("the pong", |peer| peer.round_trip().is_some());
        let measured = raw.peer.round_trip();
        raw.write(&[frame(0x8a, masks, &payload), frame(0x82, masks, b"again")].concat());
        raw.poll_until("the same pong again", |peer| peer.packet_count() == 2);
        assert_eq!(raw.peer.round_trip(), measured, "a ping has one pong");
    }
}

#[test]
fn a_ping_that_waited_after_a_full_queue_is_no_pong() {
    for (mut raw, masks) in peers(|peer| peer.options.set_max_queued_packets(1)) {
        let f = |first, payload| frame(first, masks, payload);
        raw.write(&[f(0x82, b"1"), f(0x82, b"2"), f(0x89, b""), f(0x89, b"same"), f(0x82, b"3")].concat());
        let pongs = [frame(0x8a, !masks, b""), frame(0x8a, !masks, b"same")].concat().len();
        raw.read(pongs);
        raw.peer.ping(b"same").unwrap();
        raw.peer.ping(b"").unwrap();
        let mut read = Vec::new();
        raw.poll_until("all messages", |peer| {
            read.extend(packets(peer));
            read.len() == 3
        });
        assert_eq!((raw.peer.round_trip(), read.concat()), (None, b"123".to_vec()));
    }
}

#[test]
fn control_frames_handled_ahead_are_removed_from_the_input() {
    for (role, masked) in [(Role::Server, true), (Role::Client, false)] {
        let f = |first, payload: &[u8]| frame(first, masked, payload);
        let half = f(0x82, b"blocked and incomplete");
        let pieces = [
            [f(0x82, b"one"), f(0x89, b"p1"), f(0x8a, b"o1"), f(0x02, b"tw")].concat(),
            [f(0x89, &[7; 125]), f(0x80, b"o"), half[..9].to_vec()].concat(),
            half[9..].to_vec(),
            [f(0x8a, b""), f(0x89, b"p3"), f(0x89, b"p4")].concat(),
        ];
        let mut end = End::new(role);
        end.sink.room = 0;
        let (mut held, mut scanned) = (Vec::new(), 0);
        for (index, piece) in pieces.iter().enumerate() {
            held.extend_from_slice(if index == 0 { &[] } else { piece });
            if index == 0 {
                held = end.receive(piece).unwrap().1;
            }
            scanned = end.connection.handle_control_frames_ahead(&mut held, scanned, &mut end.sink, &mut end.output);
        }
        let handled = (end.sink.record.pings.clone(), end.sink.record.pongs.clone());
        assert_eq!(handled.0, [b"p1".to_vec(), vec![7; 125], b"p3".to_vec(), b"p4".to_vec()]);
        assert_eq!(handled.1, [b"o1".to_vec(), Vec::new()]);
        end.sent();
        end.sink.room = 9;
        end.receive(&held).unwrap();
        assert_eq!(end.sink.record.messages.len(), 3);
        assert_eq!((&end.sink.record.pings, &end.sink.record.pongs), (&handled.0, &handled.1), "handled once");
        assert!(end.sent().is_empty(), "answered once");
    }
}

/// A peer whose queue is full with input held, `ping` among it, and whose first automatic ping is sent at the returned
/// time.
fn blocked(raw: &mut Raw, masks: bool) -> Instant {
    let f = |first, payload| frame(first, masks, payload);
    raw.write(&[f(0x82, b"1"), f(0x82, b"2"), f(0x89, b"old")].concat());
    raw.read(frame(0x8a, !masks, b"old").len());
    let now = start() + 2 * INTERVAL;
    raw.peer.poll_at(now);
    now
}

fn with_heartbeat(peer: &mut WebSocketPeer) {
    peer.options.set_max_queued_packets(1);
    peer.options.set_heartbeat_interval(INTERVAL).unwrap();
}

#[test]
fn input_that_arrived_before_a_ping_does_not_answer_it() {
    for (mut raw, masks) in peers(with_heartbeat) {
        let pinged = blocked(&mut raw, masks);
        assert_eq!(packets(&mut raw.peer), [b"1".to_vec()]);
        raw.peer.poll_at(pinged + 2 * INTERVAL);
        assert_eq!(raw.peer.state(), State::Closed);
        assert!(raw.peer.error_message().contains("answered no ping"), "{}", raw.peer.error_message());
    }
}

#[test]
fn any_byte_that_arrives_shows_that_the_remote_peer_is_alive() {
    for (mut raw, masks) in peers(with_heartbeat) {
        let mut now = blocked(&mut raw, masks);
        // One byte at a time of a message for which there is no room.
        for byte in frame(0x82, masks, b"3") {
            raw.write(&[byte]);
            now += INTERVAL / 2;
            // Nothing that a program can see depends on the byte. The thread of another test may have taken its event
            // from the poller, and needs time to run.
            for _ in 0..30 {
                raw.peer.poll_at(now);
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        assert_eq!(raw.peer.state(), State::Open, "{masks}: {}", raw.peer.error_message());
    }
}

#[test]
fn silence_does_not_count_while_a_full_queue_stops_reading() {
    for (mut raw, masks) in peers(with_heartbeat) {
        let mut now = blocked(&mut raw, masks);
        raw.write(&frame(0x82, masks, &vec![b'x'; 2 * LOOKAHEAD_BYTES]));
        for _ in 0..20 {
            now += 10 * INTERVAL;
            raw.peer.poll_at(now);
        }
        assert_eq!(raw.peer.state(), State::Open, "{}", raw.peer.error_message());
    }
}
