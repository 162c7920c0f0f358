//! Bounds of resident memory under hostile input, and the limits of queues.

use std::io::{Read, Write};

use wspeer::peer::{State, WebSocketPeer};
use wspeer::proto::frame::MessageKind::Binary;

use crate::fixtures::{Pair, Raw, frame, packets};

/// Returns the resident bytes of this process.
pub fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Runs a test that measures memory in a process of its own, so that no other test allocates meanwhile.
pub fn alone(test: &str, body: impl FnOnce()) {
    run_alone(test, None, body);
}

/// [`alone`], in a process that may have only so many descriptors.
pub fn alone_with_descriptors(test: &str, limit: u32, body: impl FnOnce()) {
    run_alone(test, Some(limit), body);
}

fn run_alone(test: &str, descriptors: Option<u32>, body: impl FnOnce()) {
    const MARK: &str = "WSPEER_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    let program = std::env::current_exe().unwrap();
    let mut command = match descriptors {
        None => std::process::Command::new(program),
        Some(limit) => {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\"")]).arg(program);
            shell
        }
    };
    let output = command.args(["--exact", test, "--nocapture"]).env(MARK, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

/// Writes `wire` while the peer is polled.
fn flood(raw: &mut Raw, wire: &[u8], done: impl Fn(&WebSocketPeer) -> bool) {
    raw.socket.set_nonblocking(true).unwrap();
    let mut written = 0;
    raw.poll_with("flood", |peer, socket| {
        written += socket.write(&wire[written..]).unwrap_or(0);
        written == wire.len() && done(peer)
    });
    raw.socket.set_nonblocking(false).unwrap();
}

#[test]
fn a_ping_flood_without_a_reader_costs_no_memory() {
    alone("memory::a_ping_flood_without_a_reader_costs_no_memory", || {
        let mut raw = Raw::server();
        let wire = frame(0x89, true, &[7; 125]).repeat(8 << 10);
        let before = resident();
        for _ in 0..64 {
            flood(&mut raw, &wire, |_| true);
        }
        let grown = resident().saturating_sub(before);
        assert!(grown < 8 << 20, "64 MiB of pings grew by {grown} bytes");
        assert_eq!(raw.peer.state(), State::Open);
        raw.write(&frame(0x81, true, b"still here"));
        raw.poll_until("message", |peer| peer.packet_count() == 1);
        assert_eq!(packets(&mut raw.peer), [b"still here".to_vec()]);
    });
}

#[test]
fn empty_and_tiny_fragments_hold_no_more_than_their_bytes() {
    alone("memory::empty_and_tiny_fragments_hold_no_more_than_their_bytes", || {
        // 18 MiB of empty and 28 MiB of tiny frames.
        for (payload, count) in [(&b""[..], 3 << 20), (b"x", 4 << 20)] {
            let mut raw = Raw::server_with(|peer| peer.options.set_inbound_buffer_size(8 << 20));
            let before = resident();
            raw.write(&frame(0x02, true, payload));
            let wire = frame(0x00, true, payload).repeat(1 << 16);
            for _ in 0..count >> 16 {
                flood(&mut raw, &wire, |_| true);
            }
            raw.write(&frame(0x80, true, payload));
            raw.poll_until("message", |peer| peer.packet_count() == 1);
            let grown = resident().saturating_sub(before);
            assert!(grown < 16 << 20, "{count} fragments of {} bytes grew by {grown} bytes", payload.len());
            assert_eq!(raw.peer.take_packet().unwrap().len(), payload.len() * (count + 2));
        }
    });
}

#[test]
fn a_header_that_announces_a_gibibyte_allocates_nothing() {
    alone("memory::a_header_that_announces_a_gibibyte_allocates_nothing", || {
        for limit in [65_535, 2 << 30] {
            let mut raw = Raw::server_with(|peer| peer.options.set_inbound_buffer_size(limit));
            let before = resident();
            raw.write(&[0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7]);
            for _ in 0..100 {
                raw.peer.poll();
            }
            let grown = resident().saturating_sub(before);
            assert!(grown < 4 << 20, "grew by {grown} bytes");
            if limit == 65_535 {
                raw.read_to_end();
                assert_eq!(raw.peer.close_code(), 1009, "refused after the header");
            } else {
                assert_eq!(raw.peer.state(), State::Open);
            }
        }
    });
}

#[test]
fn a_message_of_the_limit_passes_and_one_more_byte_does_not() {
    for (len, fragments) in [(1000, 1), (1000, 3), (1001, 1), (1001, 3)] {
        let mut raw = Raw::server_with(|peer| peer.options.set_inbound_buffer_size(1000));
        let payload = vec![9; len];
        let mut pieces: Vec<&[u8]> = payload.chunks(len / fragments + 1).collect();
        let last = pieces.pop().unwrap();
        let mut wire = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            wire.extend(frame(if index == 0 { 0x02 } else { 0x00 }, true, piece));
        }
        wire.extend(frame(if pieces.is_empty() { 0x82 } else { 0x80 }, true, last));
        raw.write(&wire);
        if len == 1000 {
            raw.poll_until("message", |peer| peer.packet_count() == 1);
            assert_eq!(raw.peer.take_packet().unwrap(), payload);
        } else {
            raw.read_to_end();
            assert_eq!((raw.peer.close_code(), raw.peer.packet_count()), (1009, 0));
        }
    }
}

#[test]
fn a_message_before_a_close_frame_in_the_same_segment_is_delivered() {
    let mut raw = Raw::server();
    raw.write(&[frame(0x81, true, b"bye"), frame(0x88, true, b"\x03\xe8")].concat());
    raw.poll_until("closed", |peer| peer.state() == State::Closed);
    assert_eq!((raw.peer.close_code(), packets(&mut raw.peer)), (1000, vec![b"bye".to_vec()]));
}

#[test]
fn a_reader_that_stops_causes_refusals_and_then_the_drained_report() {
    let mut raw = Raw::server();
    let mut sent = 0;
    let refused = loop {
        match raw.peer.send(Binary, &[5; 16_384]) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 10_000, "the kernel accepts data without a reader");
    };
    assert_eq!(refused.code() as i32, 6);
    assert!(!raw.peer.is_drained() && !raw.peer.take_drained());
    assert!(raw.peer.outbound_buffered_amount() > 0);
    let mut received = 0;
    let mut buffer = vec![0; 1 << 16];
    let frame_size = 4 + 16_384;
    raw.poll_with("drained", |peer, socket| {
        received += socket.read(&mut buffer).unwrap_or(0);
        peer.take_drained()
    });
    assert!(raw.peer.is_drained());
    raw.peer.send(Binary, &[5; 16_384]).unwrap();
    raw.poll_with("all", |_, socket| {
        received += socket.read(&mut buffer).unwrap_or(0);
        received == (sent + 1) * frame_size
    });
}

#[test]
fn messages_taken_in_pieces_are_never_stored_whole() {
    alone("memory::messages_taken_in_pieces_are_never_stored_whole", || {
        const TOTAL: usize = 64 << 20;
        let mut pair = Pair::with(
            |peer| peer.options.set_outbound_buffer_size(0),
            |peer| {
                peer.options.set_stream_messages(true);
                peer.options.set_inbound_buffer_size(1 << 20);
            },
        );
        let payload: Vec<u8> = (0..TOTAL).map(|i| (i / 1000 % 251) as u8).collect();
        pair.client.send(Binary, &payload).unwrap();
        pair.client.send(Binary, b"next").unwrap();
        let before = resident();
        let (mut received, mut pieces, mut most) = (0, 0, 0);
        pair.drive("pieces", |pair| {
            most = most.max(resident());
            while let Ok(piece) = pair.server.take_packet() {
                assert!(payload[received..].starts_with(piece));
                received += piece.len();
                pieces += 1;
                if pair.server.was_last_piece() {
                    break;
                }
            }
            received == TOTAL
        });
        assert!(pieces > 60 && pair.server.was_last_piece());
        assert!(most.saturating_sub(before) < 8 << 20, "grew by {} bytes", most.saturating_sub(before));
        pair.drive("next", |pair| pair.server.packet_count() == 1);
        assert_eq!(pair.server.take_packet().unwrap(), b"next");
    });
}

#[test]
fn compressed_messages_can_be_taken_in_pieces() {
    alone("memory::compressed_messages_can_be_taken_in_pieces", || {
        let setup = |peer: &mut WebSocketPeer| peer.options.set_compression_enabled(true);
        let mut pair = Pair::with(
            |peer| {
                setup(peer);
                peer.options.set_outbound_buffer_size(0);
            },
            |peer| {
                setup(peer);
                peer.options.set_stream_messages(true);
            },
        );
        let payload = vec![b'z'; 32 << 20];
        pair.client.send(Binary, &payload).unwrap();
        let before = resident();
        let (mut received, mut most, mut ended) = (0, 0, false);
        pair.drive("pieces", |pair| {
            most = most.max(resident());
            while let Ok(piece) = pair.server.take_packet() {
                assert!(piece.iter().all(|byte| *byte == b'z'));
                received += piece.len();
                ended |= pair.server.was_last_piece();
            }
            ended
        });
        assert_eq!(received, payload.len());
        assert!(most.saturating_sub(before) < 12 << 20, "grew by {} bytes", most.saturating_sub(before));
    });
}

#[test]
fn long_messages_are_sent_in_frames_of_the_chosen_size() {
    let mut raw = Raw::server_with(|peer| peer.options.set_max_frame_size(4));
    raw.peer.send(Binary, b"0123456789").unwrap();
    assert_eq!(
        raw.read(16),
        [frame(0x02, false, b"0123"), frame(0x00, false, b"4567"), frame(0x80, false, b"89")].concat()
    );
}

#[test]
fn pings_measure_the_round_trip() {
    let mut pair = Pair::open();
    assert_eq!(pair.client.round_trip(), None);
    assert!(pair.client.ping(&[0; 126]).is_err());
    pair.client.ping(b"hello").unwrap();
    pair.drive("pong", |pair| pair.client.round_trip().is_some());
    let first = pair.client.round_trip().unwrap();
    assert!(first.last == first.smoothed && first.last.as_secs() < 5);
    assert!(WebSocketPeer::new().ping(b"").is_err());
}
