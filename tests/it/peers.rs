//! Rules of peers over real sockets; time is virtual in tests of time limits.

use std::io::Read;
use std::net::TcpListener;
use std::time::Duration;

use wspeer::error::ErrorCode;
use wspeer::peer::{State, StreamPeerTcp, TcpServer, WebSocketPeer};
use wspeer::proto::frame::MessageKind::{Binary, Text};

use crate::fixtures::{Pair, Raw, frame, packets, start, until};

const SECOND: Duration = Duration::from_secs(1);

fn unlimited(peer: &mut WebSocketPeer) {
    peer.options.set_inbound_buffer_size(16 << 20);
    peer.options.set_outbound_buffer_size(0);
}

#[test]
fn messages_of_every_size_are_delivered_in_both_directions() {
    let mut pair = Pair::with(unlimited, unlimited);
    for len in [0, 1, 125, 126, 127, 4096, 16_384, 65_535, 65_536, 1 << 20, 8 << 20] {
        let payload: Vec<u8> = (0..len).map(|i| (i % 127) as u8).collect();
        for kind in [Text, Binary] {
            pair.client.send(kind, &payload).unwrap();
            pair.drive("to the server", |pair| pair.server.packet_count() == 1);
            let echo = pair.server.take_packet().unwrap().to_vec();
            assert_eq!(pair.server.was_string_packet(), kind == Text);
            pair.server.send(kind, &echo).unwrap();
            pair.drive("to the client", |pair| pair.client.packet_count() == 1);
            assert!(pair.client.take_packet().unwrap() == payload, "{len} bytes");
        }
    }
}

#[test]
fn a_burst_is_delivered_complete_and_in_order() {
    let mut pair = Pair::with(unlimited, |peer| {
        unlimited(peer);
        peer.options.set_max_queued_packets(100);
    });
    pair.client.options.set_max_queued_packets(1 << 20);
    for i in 0..20_000u32 {
        pair.client.send(Binary, &i.to_be_bytes()).unwrap();
    }
    let mut next = 0u32;
    pair.drive("the burst", |pair| {
        assert!(pair.server.packet_count() <= 100, "max_queued_packets");
        for packet in packets(&mut pair.server) {
            assert_eq!(packet, next.to_be_bytes());
            next += 1;
        }
        next == 20_000
    });
}

#[test]
fn a_single_message_is_written_at_once_and_answers_after_the_last_packet_is_taken() {
    let mut pair = Pair::open();
    pair.client.send(Text, b"a").unwrap();
    pair.server.poll();
    assert_eq!(pair.server.packet_count(), 1, "written at once, read by the next poll");
    pair.server.take_packet().unwrap();
    for _ in 0..3 {
        pair.server.send(Text, b"answer").unwrap();
    }
    assert!(pair.server.has_unflushed());
    assert!(pair.server.take_packet().is_err());
    assert!(!pair.server.has_unflushed());
    pair.client.poll();
    assert_eq!(pair.client.packet_count(), 3);
}

#[test]
fn both_peers_report_the_close_frame() {
    let mut pair = Pair::open();
    pair.client.send(Text, b"last").unwrap();
    pair.client.close(4001, "fin\0ished").unwrap();
    assert_eq!(pair.client.state(), State::Closing);
    pair.drive("close", |pair| pair.client.state() == State::Closed && pair.server.state() == State::Closed);
    for peer in [&pair.client, &pair.server] {
        assert_eq!((peer.close_code(), peer.close_reason(), peer.error_message()), (4001, "fin\0ished", ""));
    }
    assert_eq!(packets(&mut pair.server), [b"last".to_vec()], "a packet before the close frame stays readable");
}

#[test]
fn messages_queued_before_close_are_delivered() {
    let mut pair = Pair::with(unlimited, unlimited);
    for _ in 0..50 {
        pair.client.send(Binary, &[7; 100_000]).unwrap();
    }
    pair.client.close(1000, "").unwrap();
    let mut received = 0;
    pair.drive("close", |pair| {
        received += packets(&mut pair.server).len();
        pair.client.state() == State::Closed && pair.server.state() == State::Closed
    });
    assert_eq!((received + packets(&mut pair.server).len(), pair.client.close_code()), (50, 1000));
}

#[test]
fn packets_that_arrive_with_the_end_of_the_stream_stay_readable() {
    let mut raw = Raw::server();
    raw.write(&[frame(0x81, true, b"one"), frame(0x81, true, b"two")].concat());
    raw.end();
    raw.poll_until("closed", |peer| peer.state() == State::Closed);
    assert_eq!(raw.peer.close_code(), -1);
    assert!(raw.peer.error_message().contains("without a close frame"));
    assert_eq!(packets(&mut raw.peer), [b"one".to_vec(), b"two".to_vec()]);
    assert_eq!(raw.peer.take_packet().unwrap_err().code(), ErrorCode::Failed);
}

#[test]
fn a_connection_that_opens_and_ends_at_once_is_seen_open() {
    let request = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let clean = frame(0x88, true, b"\x03\xe8");
    let ping_after_close = [clean.clone(), frame(0x89, true, b"late")].concat();
    for (close, code) in [(clean, 1000), (ping_after_close, 1000), (frame(0x88, true, b""), 0), (Vec::new(), -1)] {
        let mut raw = Raw::unopened(|_| {});
        raw.write(&[&request[..], &frame(0x81, true, b"hi"), &close].concat());
        raw.end();
        raw.poll_until("request", |peer| peer.state() != State::Connecting);
        assert_eq!((raw.peer.state(), packets(&mut raw.peer)), (State::Open, vec![b"hi".to_vec()]));
        raw.peer.send(Text, b"answer").unwrap();
        raw.poll_until("closed", |peer| peer.state() == State::Closed);
        assert_eq!(raw.peer.close_code(), code);
        let sent = raw.read_to_end();
        assert!(sent.windows(6).any(|bytes| bytes == b"answer"));
        assert!(!sent.windows(4).any(|bytes| bytes == b"late"), "a ping after a close frame is not answered");
    }
}

#[test]
fn an_empty_message_that_had_no_room_is_delivered_later() {
    let mut raw = Raw::server_with(|peer| peer.options.set_max_queued_packets(1));
    raw.write(&[frame(0x82, true, b"one"), frame(0x82, true, b"")].concat());
    raw.poll_until("full", |peer| peer.packet_count() == 1 && peer.needs_poll());
    assert_eq!(packets(&mut raw.peer), [b"one".to_vec()]);
    raw.peer.poll();
    assert_eq!(packets(&mut raw.peer), [b"".to_vec()]);
}

#[test]
fn refused_calls_change_nothing() {
    let mut pair = Pair::open();
    let code = |result: wspeer::error::Result| result.unwrap_err().code();
    assert_eq!(code(pair.client.connect_to_url("ws://127.0.0.1:1", None)), ErrorCode::AlreadyInUse);
    assert_eq!(code(pair.client.send(Text, b"\xff")), ErrorCode::InvalidData);
    assert_eq!(code(pair.client.send(Binary, &[0; 65_536])), ErrorCode::OutOfMemory);
    assert!(pair.client.error_message().contains("outbound_buffer_size"));
    assert_eq!(code(pair.client.close(1000, &"x".repeat(124))), ErrorCode::InvalidParameter);
    assert_eq!(code(pair.client.close(1005, "")), ErrorCode::InvalidParameter);
    assert_eq!(code(pair.client.close(70_000, "")), ErrorCode::InvalidParameter);
    assert_eq!(pair.client.state(), State::Open);
    pair.client.send(Text, b"still here").unwrap();
    pair.drive("message", |pair| pair.server.packet_count() == 1);

    let mut idle = WebSocketPeer::new();
    assert_eq!(code(idle.send(Text, b"x")), ErrorCode::Failed);
    assert_eq!(code(idle.connect_to_url("", None)), ErrorCode::InvalidParameter);
    assert_eq!(code(idle.connect_to_url("http://x", None)), ErrorCode::InvalidParameter);
    idle.options.set_handshake_headers(vec!["A: b\r\nEvil: c".to_owned()]);
    assert_eq!(code(idle.connect_to_url("ws://127.0.0.1:1", None)), ErrorCode::InvalidParameter);
    assert_eq!(code(idle.set_no_delay(true)), ErrorCode::Unconfigured);
    assert_eq!((idle.state(), idle.close_code(), idle.close(1000, "")), (State::Closed, -1, Ok(())));
}

#[test]
fn an_invalid_url_leaves_the_last_connection_readable() {
    let mut pair = Pair::open();
    pair.server.send(Text, b"unread").unwrap();
    pair.server.close(4002, "why").unwrap();
    pair.drive("close", |pair| pair.client.state() == State::Closed);
    assert!(pair.client.connect_to_url("nonsense://", None).is_err());
    assert_eq!((pair.client.close_code(), pair.client.close_reason()), (4002, "why"));
    assert_eq!(packets(&mut pair.client), [b"unread".to_vec()]);
}

#[test]
fn violations_are_answered_by_a_close_frame() {
    for (bytes, code) in [
        (frame(0x83, true, b""), 1002u16),
        (frame(0x81, true, b"\xff"), 1007),
        (frame(0x82, true, &[0; 65_536]), 1009),
        (frame(0x09, true, b""), 1002),
    ] {
        let mut raw = Raw::server();
        raw.write(&bytes);
        let sent = raw.read_to_end();
        assert_eq!(sent[0], 0x88);
        assert_eq!(u16::from_be_bytes([sent[2], sent[3]]), code);
        assert_eq!((raw.peer.state(), raw.peer.close_code()), (State::Closed, i32::from(code)));
        assert!(raw.peer.error_message().contains("broke the protocol"));
    }
}

#[test]
fn messages_before_a_violation_can_still_be_answered() {
    let mut raw = Raw::server();
    raw.write(&[frame(0x81, true, b"good"), frame(0x83, true, b"")].concat());
    raw.poll_until("message", |peer| peer.packet_count() == 1);
    assert_eq!(packets(&mut raw.peer), [b"good".to_vec()]);
    raw.peer.send(Text, b"answer").unwrap();
    let sent = raw.read_to_end();
    assert!(sent.starts_with(&frame(0x81, false, b"answer")));
    assert_eq!((sent[8], raw.peer.close_code()), (0x88, 1002));
}

#[test]
fn a_full_queue_pauses_reading_but_pings_are_answered() {
    let mut raw = Raw::server_with(|peer| peer.options.set_max_queued_packets(2));
    let messages: Vec<u8> = (0..10u8).flat_map(|i| frame(0x82, true, &[i; 100])).collect();
    raw.write(&[messages, frame(0x89, true, b"alive?")].concat());
    assert_eq!(raw.read(8), frame(0x8a, false, b"alive?"));
    assert_eq!(raw.peer.packet_count(), 2);
    let mut received = Vec::new();
    raw.poll_until("all messages", |peer| {
        received.extend(packets(peer));
        received.len() == 10
    });
    let expected: Vec<Vec<u8>> = (0..10u8).map(|i| vec![i; 100]).collect();
    assert_eq!(received, expected);
}

#[test]
fn a_full_queue_cannot_keep_a_connection_from_closing() {
    let mut raw = Raw::server_with(|peer| peer.options.set_max_queued_packets(2));
    let messages: Vec<u8> = (0..2000u32).flat_map(|i| frame(0x82, true, &i.to_be_bytes())).collect();
    raw.write(&messages);
    raw.poll_until("full", |peer| peer.packet_count() == 2);
    raw.peer.close(1000, "").unwrap();
    raw.write(&frame(0x88, true, b"\x03\xe8"));
    raw.poll_until("closed", |peer| peer.state() == State::Closed);
    assert_eq!((raw.peer.close_code(), packets(&mut raw.peer).len()), (1000, 2));
}

#[test]
fn inbound_buffer_size_bounds_what_is_held() {
    let mut pair = Pair::with(unlimited, |peer| peer.options.set_inbound_buffer_size(100_000));
    for _ in 0..100 {
        pair.client.send(Binary, &[1; 40_000]).unwrap();
    }
    let mut received = 0;
    pair.drive("all", |pair| {
        assert!(pair.server.packet_count() <= 2);
        received += usize::from(pair.server.take_packet().is_ok());
        received == 100
    });
}

#[test]
fn an_unanswered_close_frame_ends_the_connection_after_close_timeout() {
    let mut raw = Raw::client();
    raw.peer.close(1000, "").unwrap();
    let now = start();
    raw.peer.poll_at(now);
    raw.peer.poll_at(now + raw.peer.options.close_timeout() - SECOND);
    assert_eq!(raw.peer.state(), State::Closing);
    raw.peer.poll_at(now + raw.peer.options.close_timeout());
    assert_eq!((raw.peer.state(), raw.peer.close_code()), (State::Closed, -1));
    assert!(raw.peer.error_message().contains("close frame"));
}

#[test]
fn a_silent_server_and_a_silent_client_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = WebSocketPeer::new();
    client.connect_to_url(&format!("ws://127.0.0.1:{}", listener.local_addr().unwrap().port()), None).unwrap();
    let now = start();
    client.poll_at(now);
    client.poll_at(now + 9 * SECOND);
    assert_eq!(client.state(), State::Connecting);
    client.poll_at(now + 11 * SECOND);
    assert_eq!((client.state(), client.close_code()), (State::Closed, -1));
    assert!(client.error_message().contains("handshake"), "{}", client.error_message());

    let mut raw = Raw::unopened(|_| {});
    raw.peer.poll_at(now + 11 * SECOND);
    assert_eq!(raw.peer.state(), State::Closed);
}

#[test]
fn a_late_poll_keeps_a_healthy_connection_and_a_dead_one_is_detected() {
    let mut pair = Pair::with(|peer| peer.options.set_heartbeat_interval(SECOND).unwrap(), |_| {});
    let now = start();
    pair.client.poll_at(now + SECOND);
    until("pong", || {
        pair.server.poll();
        pair.client.poll_at(now + 500 * SECOND);
        pair.client.state() == State::Open
    });
    assert_eq!(pair.client.state(), State::Open, "the pong arrived before the late poll");
    pair.client.poll_at(now + 501 * SECOND);
    pair.client.poll_at(now + 502 * SECOND);
    pair.client.poll_at(now + 503 * SECOND);
    assert_eq!((pair.client.state(), pair.client.close_code()), (State::Closed, -1));
    assert!(pair.client.error_message().contains("ping"));
}

#[test]
fn a_second_connection_of_a_peer_starts_clean() {
    let mut raw = Raw::client();
    raw.write(&frame(0x01, false, b"half a mess"));
    raw.peer.poll();
    raw.peer.close(1000, "").unwrap();
    assert_eq!(raw.peer.state(), State::Closing);
    let mut server = TcpServer::new();
    server.listen(0, "127.0.0.1").unwrap();
    raw.peer.connect_to_url(&format!("ws://127.0.0.1:{}", server.local_port()), None).unwrap();
    let mut other = WebSocketPeer::new();
    until("accept", || server.is_connection_available());
    other.accept_stream(Box::new(server.take_connection().unwrap().socket().unwrap())).unwrap();
    let mut pair = Pair { client: std::mem::take(&mut raw.peer), server: other };
    pair.drive("open", |pair| pair.client.state() == State::Open && pair.server.state() == State::Open);
    pair.server.send(Text, b"whole").unwrap();
    pair.drive("message", |pair| pair.client.packet_count() == 1);
    assert_eq!(packets(&mut pair.client), [b"whole".to_vec()]);
}

#[test]
fn host_names_connect_without_delay() {
    let mut server = TcpServer::new();
    server.listen(0, "*").unwrap();
    let mut client = WebSocketPeer::new();
    client.connect_to_url(&format!("ws://localhost:{}", server.local_port()), None).unwrap();
    let mut peer = WebSocketPeer::new();
    until("accept", || {
        client.poll();
        server.is_connection_available()
    });
    peer.accept_stream(Box::new(server.take_connection().unwrap().socket().unwrap())).unwrap();
    let mut pair = Pair { client, server: peer };
    pair.drive("open", |pair| pair.client.state() == State::Open);
    #[cfg(unix)]
    for peer in [&pair.client, &pair.server] {
        use std::os::fd::BorrowedFd;
        let fd = peer.raw_fd().unwrap().0;
        #[expect(unsafe_code, reason = "a foreign descriptor can be borrowed only this way")]
        // SAFETY: the descriptor belongs to the peer, which lives longer.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        assert!(socket2::SockRef::from(&fd).tcp_nodelay().unwrap());
    }
}

#[test]
fn failures_name_their_reason() {
    let free_port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut client = WebSocketPeer::new();
    client.connect_to_url(&format!("ws://127.0.0.1:{free_port}"), None).unwrap();
    until("refused", || {
        client.poll();
        client.state() == State::Closed
    });
    assert!(client.error_message().contains("refused"), "{}", client.error_message());

    client.connect_to_url("ws://no-such-host.invalid", None).unwrap();
    until("unresolved", || {
        client.poll();
        client.state() == State::Closed
    });
    assert!(client.error_message().contains("no-such-host.invalid"), "{}", client.error_message());
}

#[test]
fn bad_requests_get_an_http_answer() {
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "426"),
        ("POST / HTTP/1.1\r\nHost: h\r\n\r\n", "405"),
        ("GET /\r\nA: b\r\n\r\n", "400"),
        ("nonsense\r\n\r\n", "400"),
        (&"A".repeat(20_000), "431"),
        (&format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200)), "431"),
    ] {
        let mut raw = Raw::unopened(|_| {});
        raw.write(request.as_bytes());
        let answer = String::from_utf8(raw.read_to_end()).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:.30}: {answer}");
        assert_eq!((raw.peer.state(), raw.peer.close_code()), (State::Closed, -1));
        assert!(raw.peer.error_message().contains(status));
    }
}

#[test]
fn a_dropped_peer_delivers_its_unsent_messages() {
    let mut pair = Pair::open();
    for _ in 0..3 {
        pair.client.send(Text, b"x").unwrap();
    }
    pair.client = WebSocketPeer::new();
    until("closed", || {
        pair.server.poll();
        pair.server.state() == State::Closed
    });
    assert_eq!((packets(&mut pair.server).len(), pair.server.close_code()), (3, 1001));
}

#[test]
fn streams_carry_bytes() {
    let mut server = TcpServer::new();
    server.listen(0, "127.0.0.1").unwrap();
    let mut client = StreamPeerTcp::new();
    client.connect_to_host("localhost", server.local_port()).unwrap();
    until("connected", || {
        client.poll().unwrap();
        server.is_connection_available() && client.status() as i32 == 2
    });
    let mut accepted = server.take_connection().unwrap();
    assert_eq!(accepted.local_port(), server.local_port());
    client.write_all(b"hello").unwrap();
    let mut buffer = [0; 5];
    assert_eq!(accepted.read_all(&mut buffer), (5, Ok(())));
    assert_eq!(&buffer, b"hello");
    client.disconnect_from_host();
    until("end", || {
        let _ = accepted.poll();
        accepted.status() as i32 == 0
    });
    assert_eq!(accepted.read_partial(&mut buffer).unwrap_err().code(), ErrorCode::Failed);
}

#[test]
fn idle_peers_own_no_buffers_after_traffic() {
    let mut raw = Raw::server();
    raw.write(&frame(0x82, true, &[1; 1000]));
    raw.poll_until("message", |peer| peer.packet_count() == 1);
    raw.peer.take_packet().unwrap();
    raw.peer.poll();
    let mut none = [0];
    assert!(raw.socket.read(&mut none).is_err());
    assert_eq!(raw.peer.queue_capacity(), 0);
}

#[test]
fn an_idle_watch_holds_until_the_network_has_news() {
    let mut pair = Pair::open();
    let mut idle = None;
    until("idle", || {
        pair.client.poll();
        idle = pair.server.poll_unless_idle();
        idle.is_some()
    });
    let idle = idle.unwrap();
    // Every poll also serves the connections that other tests close.
    until("no other work", || idle.still_holds());
    pair.client.send(Text, b"wake up").unwrap();
    until("news", || !idle.still_holds());
    pair.drive("the message", |pair| pair.server.packet_count() == 1);
    assert!(pair.server.poll_unless_idle().is_none(), "a peer with an unread packet is not idle");
}
