//! permessage-deflate between peers, against zlib, and with malicious input.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use proptest::prelude::*;
use wspeer::peer::{State, WebSocketPeer};
use wspeer::proto::Role;
use wspeer::proto::connection::{Connection, SendOptions};
use wspeer::proto::deflate::PermessageDeflate;
use wspeer::proto::extensions::{DeflateDirection, NegotiatedDeflate};
use wspeer::proto::frame::MessageKind::{Binary, Text};
use wspeer::proto::violation::Violation;

use crate::fixtures::{End, KEY, Pair, Raw, frame, packets};
use crate::memory;

fn compressed(peer: &mut WebSocketPeer) {
    peer.options.set_compression_enabled(true);
    peer.options.set_compression_threshold(0);
    peer.options.set_inbound_buffer_size(32 << 20);
    peer.options.set_outbound_buffer_size(0);
}

/// Bytes that do not compress (xorshift).
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn compression_is_negotiated_only_if_both_peers_enable_it() {
    for (client, server) in [(true, true), (true, false), (false, true), (false, false)] {
        let pair = Pair::with(
            |peer| peer.options.set_compression_enabled(client),
            |peer| peer.options.set_compression_enabled(server),
        );
        assert_eq!(pair.client.is_compression_active(), client && server);
        assert_eq!(pair.server.is_compression_active(), client && server);
    }
}

#[test]
fn compressed_messages_of_every_kind_and_size_arrive() {
    for (takeover, bits) in [(true, 15), (false, 15), (true, 9), (false, 12)] {
        let setup = |peer: &mut WebSocketPeer| {
            compressed(peer);
            peer.options.set_compression_context_takeover(takeover);
            peer.options.set_compression_max_window_bits(bits).unwrap();
        };
        let mut pair = Pair::with(setup, compressed);
        let texts = ["", "x", &"λ🎮 ".repeat(40_000)].map(|text| (Text, text.as_bytes().to_vec()));
        let sizes = [125, 126, 127, 65_535, 65_536, 1 << 20].map(|size| (Binary, noise(size)));
        for (kind, payload) in texts.into_iter().chain(sizes).chain([(Binary, vec![0; 16 << 20])]) {
            pair.client.send(kind, &payload).unwrap();
            pair.drive("to the server", |pair| pair.server.packet_count() == 1);
            let echo = pair.server.take_packet().unwrap().to_vec();
            assert!(echo == payload && pair.server.was_string_packet() == (kind == Text));
            pair.server.send(kind, &echo).unwrap();
            pair.drive("to the client", |pair| pair.client.packet_count() == 1);
            assert!(pair.client.take_packet().unwrap() == payload);
        }
        let statistics = pair.client.compression_statistics();
        assert!(statistics.sent_plain > 16 << 20 && statistics.sent_compressed < 1 << 20, "{statistics:?}");
        assert_eq!(statistics.sent_plain, pair.server.compression_statistics().received_plain);
        assert_eq!(statistics.sent_compressed, pair.server.compression_statistics().received_compressed);
    }
}

#[test]
fn small_and_selected_messages_are_sent_uncompressed() {
    let mut pair = Pair::with(compressed, compressed);
    pair.client.options.set_compression_threshold(100);
    pair.client.send(Text, &[b'a'; 99]).unwrap();
    pair.client.send_uncompressed(Text, &[b'a'; 5000]).unwrap();
    pair.drive("two", |pair| pair.server.packet_count() == 2);
    assert_eq!(pair.client.compression_statistics().sent_plain, 0);
    pair.client.send(Text, &[b'a'; 100]).unwrap();
    pair.drive("third", |pair| pair.server.packet_count() == 3);
    assert_eq!(pair.client.compression_statistics().sent_plain, 100);
}

#[test]
fn a_message_that_does_not_shrink_is_sent_uncompressed() {
    let mut pair = Pair::with(compressed, compressed);
    let text = "text that comes again ".repeat(100);
    for _ in 0..3 {
        pair.client.send(Text, text.as_bytes()).unwrap();
        pair.client.send(Binary, &noise(100_000)).unwrap();
        pair.drive("both", |pair| pair.server.packet_count() == 2);
        assert_eq!(packets(&mut pair.server), [text.clone().into_bytes(), noise(100_000)]);
    }
    assert_eq!(pair.client.compression_statistics().sent_plain, 3 * text.len() as u64);
    let received = pair.server.compression_statistics();
    let mut expected = wspeer::peer::CompressionStatistics::default();
    expected.sent_plain = received.received_plain;
    expected.sent_compressed = received.received_compressed;
    assert_eq!(pair.client.compression_statistics(), expected);
}

#[test]
fn messages_arrive_after_compressor_memory_was_released() {
    let mut pair = Pair::with(compressed, compressed);
    for round in 0..5 {
        let text = format!("a sentence that comes again and again {round}").repeat(20);
        pair.client.send(Text, text.as_bytes()).unwrap();
        pair.drive("message", |pair| pair.server.packet_count() == 1);
        assert_eq!(pair.server.take_packet().unwrap(), text.as_bytes());
        pair.client.release_compression_memory();
        pair.server.release_compression_memory();
    }
}

#[test]
fn a_decompression_bomb_stops_at_the_limit_with_bounded_memory() {
    memory::alone("compression::a_decompression_bomb_stops_at_the_limit_with_bounded_memory", || {
        let mut bomb = Vec::new();
        let mut zlib = Compress::new(Compression::best(), false);
        let zeros = vec![0; 1 << 20];
        while zlib.total_in() < 1 << 30 {
            bomb.reserve(1 << 16);
            zlib.compress_vec(&zeros, &mut bomb, FlushCompress::None).unwrap();
        }
        bomb.reserve(1 << 16);
        zlib.compress_vec(&[], &mut bomb, FlushCompress::Sync).unwrap();
        bomb.truncate(bomb.len() - 4);
        let mut raw = deflating_server(|peer| peer.options.set_inbound_buffer_size(1 << 20));
        let before = memory::resident();
        raw.socket.set_nonblocking(true).unwrap();
        let wire = frame(0xc2, true, &bomb);
        let mut written = 0;
        raw.poll_with("closed", |peer, socket| {
            use std::io::Write;
            written += socket.write(&wire[written..]).unwrap_or(0);
            peer.state() == State::Closed
        });
        assert_eq!(raw.peer.close_code(), 1009);
        let grown = memory::resident().saturating_sub(before);
        assert!(grown < 8 << 20, "grew by {grown} bytes");
    });
}

fn deflating_server(setup: impl FnOnce(&mut WebSocketPeer)) -> Raw {
    let mut raw = Raw::unopened(|peer| {
        peer.options.set_compression_enabled(true);
        setup(peer);
    });
    raw.write(
        b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    );
    raw.poll_until("open", |peer| peer.state() == State::Open);
    raw.read_past(b"\r\n\r\n");
    raw
}

#[test]
fn compressed_fragments_with_control_frames_between_them() {
    let mut raw = deflating_server(|_| {});
    // "Hello" of RFC 7692 section 7.2.3.1, in two frames.
    raw.write(
        &[
            frame(0x41, true, &[0xf2, 0x48, 0xcd]),
            frame(0x89, true, b"p"),
            frame(0x80, true, &[0xc9, 0xc9, 0x07, 0x00]),
        ]
        .concat(),
    );
    raw.poll_until("message", |peer| peer.packet_count() == 1);
    assert_eq!(packets(&mut raw.peer), [b"Hello".to_vec()]);
    assert_eq!(raw.read(3), frame(0x8a, false, b"p"));
}

#[test]
fn corrupt_and_misplaced_compression_closes_the_connection() {
    for (bytes, code) in [
        (frame(0xc1, true, &[0xff; 20]), 1007),
        (frame(0xc1, true, &[0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00]), 1007), // plain "\xff" as text
        ([frame(0x01, true, b"a"), frame(0xc0, true, b"b")].concat(), 1002),
        (frame(0xc9, true, b"ping"), 1002),
        (frame(0xe1, true, b"x"), 1002),
    ] {
        let mut raw = deflating_server(|_| {});
        raw.write(&bytes);
        raw.read_to_end();
        assert_eq!(raw.peer.close_code(), code, "{bytes:x?}");
    }
}

fn ends(takeover: bool, bits: u8) -> (End, End) {
    let direction = DeflateDirection { context_takeover: takeover, window_bits: bits };
    let agreed = NegotiatedDeflate { server: direction, client: direction };
    let end = |role| {
        let mut end = End::new(role);
        end.connection = Connection::new(role, Some(PermessageDeflate::new(role, &agreed, 6)), || KEY);
        end.limit = 1 << 20;
        end
    };
    (end(Role::Client), end(Role::Server))
}

fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let message = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        proptest::collection::vec(0u8..3, 0..3000),
        (0usize..5000).prop_map(|len| b"abcde".iter().copied().cycle().take(len).collect()),
    ];
    proptest::collection::vec(message, 1..6)
}

proptest! {
    #[test]
    fn any_messages_in_any_frames_and_pieces(
        messages in messages(),
        takeover: bool,
        bits in 9u8..=15,
        max_frame_size in 1usize..2000,
        piece in 1usize..500,
    ) {
        let (mut client, mut server) = ends(takeover, bits);
        for message in &messages {
            let options = SendOptions { max_frame_size, compress_from: Some(0) };
            client.connection.send(Binary, message, options, &mut client.output);
        }
        for piece in client.sent().chunks(piece) {
            server.receive(piece).unwrap();
        }
        let received: Vec<Vec<u8>> = server.sink.record.messages.into_iter().map(|(_, message)| message).collect();
        prop_assert_eq!(received, messages);
    }

    #[test]
    fn zlib_decompresses_our_messages_and_the_reverse(messages in messages(), bits in 9u8..=15) {
        let (mut client, mut server) = ends(true, bits);
        let mut inflate = Decompress::new_with_window_bits(false, bits);
        let mut deflate = Compress::new_with_window_bits(Compression::new(9), false, bits);
        for message in &messages {
            let deflater = &mut client.connection.deflate_mut().unwrap().deflater;
            let mut ours = Vec::new();
            prop_assert!(deflater.compress(message, &mut ours));
            ours.extend_from_slice(&[0, 0, 0xff, 0xff]);
            let mut plain = Vec::with_capacity(message.len() + 64);
            inflate.decompress_vec(&ours, &mut plain, FlushDecompress::Sync).unwrap();
            prop_assert_eq!(&plain, message);

            let mut theirs = Vec::with_capacity(message.len() * 2 + 1000);
            deflate.compress_vec(message, &mut theirs, FlushCompress::Sync).unwrap();
            match theirs.strip_suffix(&[0, 0, 0xff, 0xff]).map(<[u8]>::len) {
                Some(len) => theirs.truncate(len),
                // A second flush without data is empty in zlib; RFC 7692 section 7.2.3.6 requires one byte.
                None => theirs.push(0),
            }
            server.receive(&frame(0xc2, true, &theirs)).unwrap();
            prop_assert_eq!(&server.sink.record.messages.pop().unwrap().1, message);
        }
    }

    #[test]
    fn random_bytes_never_decompress_to_more_than_the_limit(garbage in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (_, mut server) = ends(true, 15);
        server.limit = 1000;
        match server.receive(&frame(0xc2, true, &garbage)) {
            Ok(_) => prop_assert!(server.sink.record.messages[0].1.len() <= 1000),
            Err(violation) => {
                let expected = matches!(violation, Violation::CorruptCompression | Violation::MessageTooBig { .. });
                prop_assert!(expected);
            }
        }
    }
}
