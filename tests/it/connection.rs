//! The protocol core by byte vectors: framing, messages, control frames and the close handshake.

use wspeer::proto::Role;
use wspeer::proto::close::CloseFrame;
use wspeer::proto::connection::{ReceiveOutcome, SendOptions};
use wspeer::proto::frame::MessageKind;
use wspeer::proto::violation::Violation;

use crate::fixtures::{End, frame};

/// RFC 6455 section 5.7: bytes on the wire, the receiver's role, and the message.
#[test]
fn decodes_and_encodes_the_examples_of_rfc_6455_section_5_7() {
    let mut client = End::new(Role::Client);
    client.receive(&[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]).unwrap();
    client.receive(&[0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f]).unwrap();
    client.receive(&[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]).unwrap();
    client.receive(&[&[0x82, 0x7e, 0x01, 0x00][..], &[7; 256]].concat()).unwrap();
    client.limit = 65_536;
    client.receive(&[&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0][..], &[9; 65_536]].concat()).unwrap();
    assert_eq!(
        client.sink.record.messages,
        [(true, b"Hello".to_vec()), (true, b"Hello".to_vec()), (false, vec![7; 256]), (false, vec![9; 65_536])]
    );
    assert_eq!(client.sent(), [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);

    let mut server = End::new(Role::Server);
    server.receive(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]).unwrap();
    server.receive(&[0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]).unwrap();
    assert_eq!(server.sink.record.messages, [(true, b"Hello".to_vec())]);
    assert_eq!(server.sink.record.pongs, [b"Hello".to_vec()]);

    server.send(true, b"Hello");
    assert_eq!(server.sent(), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    client.send(true, b"Hello");
    assert_eq!(client.sent(), [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    let halves = SendOptions { max_frame_size: 3, compress_from: None };
    server.connection.send(MessageKind::Text, b"Hello", halves, &mut server.output);
    assert_eq!(server.sent(), [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f]);
}

#[test]
fn lengths_are_encoded_in_the_shortest_form() {
    for (len, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let mut server = End::new(Role::Server);
        server.send(false, &vec![0; len]);
        assert_eq!(server.sent().len(), header + len);
    }
}

#[test]
fn every_violation_has_its_close_code() {
    let masked = |first, payload: &[u8]| frame(first, true, payload);
    let cases: &[(&str, Vec<u8>, Violation, u16)] = &[
        ("unmasked", frame(0x81, false, b"x"), Violation::UnmaskedFrame, 1002),
        ("reserved bit 1", masked(0xc1, b"x"), Violation::ReservedBits, 1002),
        ("reserved bit 2", masked(0xa1, b"x"), Violation::ReservedBits, 1002),
        ("reserved bit 3", masked(0x91, b"x"), Violation::ReservedBits, 1002),
        ("opcode 3", masked(0x83, b"x"), Violation::ReservedOpcode(3), 1002),
        ("opcode 15", masked(0x8f, b"x"), Violation::ReservedOpcode(15), 1002),
        ("continuation first", masked(0x80, b"x"), Violation::UnexpectedContinuation, 1002),
        (
            "text inside a message",
            [masked(0x01, b"x"), masked(0x81, b"y")].concat(),
            Violation::ExpectedContinuation,
            1002,
        ),
        ("fragmented ping", masked(0x09, b"x"), Violation::FragmentedControlFrame, 1002),
        ("long ping", masked(0x89, &[0; 126]), Violation::LongControlFrame, 1002),
        ("long length form", vec![0x82, 0xfe, 0, 5, 0, 0, 0, 0], Violation::NonMinimalLength, 1002),
        ("top bit of the length", [&[0x82, 0xff, 0x80][..], &[0; 11]].concat(), Violation::LengthTopBit, 1002),
        ("text is no UTF-8", masked(0x81, b"\xff"), Violation::InvalidUtf8, 1007),
        (
            "fragmented text ends inside a code point",
            [masked(0x01, b"a"), masked(0x80, b"\xe2\x82")].concat(),
            Violation::InvalidUtf8,
            1007,
        ),
        ("text ends inside a code point", masked(0x81, b"\xe2\x82"), Violation::InvalidUtf8, 1007),
        ("close with one byte", masked(0x88, b"\x03"), Violation::ShortCloseFrame, 1002),
        ("close code 1005", masked(0x88, b"\x03\xed"), Violation::InvalidCloseCode(1005), 1002),
        ("close reason is no UTF-8", masked(0x88, b"\x03\xe8\xff"), Violation::InvalidUtf8, 1007),
        ("too big", masked(0x82, &[0; 101]), Violation::MessageTooBig { limit: 100 }, 1009),
        (
            "too big in fragments",
            [masked(0x02, &[0; 60]), masked(0x80, &[0; 41])].concat(),
            Violation::MessageTooBig { limit: 100 },
            1009,
        ),
        (
            "claims to be huge",
            vec![0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4],
            Violation::MessageTooBig { limit: 100 },
            1009,
        ),
    ];
    for (name, bytes, violation, code) in cases {
        let mut server = End::new(Role::Server);
        server.limit = 100;
        let good = frame(0x81, true, b"before");
        assert_eq!(server.receive(&[good, bytes.clone()].concat()).unwrap_err(), *violation, "{name}");
        assert_eq!(violation.close_code(), *code, "{name}");
        assert_eq!(server.sink.record.messages, [(true, b"before".to_vec())], "{name}: what came before is kept");
    }
    let mut client = End::new(Role::Client);
    assert_eq!(client.receive(&masked(0x81, b"x")).unwrap_err(), Violation::MaskedFrame);
}

#[test]
fn invalid_utf8_fails_before_the_frame_is_complete() {
    let mut client = End::new(Role::Client);
    let long_text = [&[0x81, 126, 1, 0][..], b"fine so far, then \xff"].concat();
    assert_eq!(client.receive(&long_text).unwrap_err(), Violation::InvalidUtf8);
}

#[test]
fn a_code_point_may_span_frames() {
    let mut client = End::new(Role::Client);
    let text = "κόσμε🎮".as_bytes();
    let mut wire = Vec::new();
    for (index, byte) in text.iter().enumerate() {
        let fin = if index + 1 == text.len() { 0x80 } else { 0 };
        wire.extend(frame(fin | u8::from(index == 0), false, &[*byte]));
    }
    client.receive(&wire).unwrap();
    assert_eq!(client.sink.record.messages, [(true, text.to_vec())]);
}

#[test]
fn control_frames_between_fragments_are_no_part_of_the_message() {
    let mut client = End::new(Role::Client);
    client
        .receive(
            &[
                frame(0x01, false, b"AA"),
                frame(0x89, false, b"PING"),
                frame(0x8a, false, b"PONG"),
                frame(0x80, false, b"BB"),
            ]
            .concat(),
        )
        .unwrap();
    assert_eq!(client.sink.record.messages, [(true, b"AABB".to_vec())]);
    assert_eq!(client.sink.record.pings, [b"PING".to_vec()]);
    assert_eq!(client.sink.record.pongs, [b"PONG".to_vec()]);
    assert_eq!(client.sent(), frame(0x8a, true, b"PING"));
}

#[test]
fn a_close_frame_is_echoed_and_later_input_ignored() {
    let mut server = End::new(Role::Server);
    let close = frame(0x88, true, b"\x0f\xa0bye\0bye");
    let (stopped, rest) = server.receive(&[close, frame(0x81, true, b"late")].concat()).unwrap();
    assert_eq!(stopped, ReceiveOutcome::CloseReceived);
    assert!(!rest.is_empty());
    let expected = CloseFrame { code: Some(4000), reason: "bye\0bye".to_owned() };
    assert_eq!(server.connection.close_received(), Some(&expected));
    assert_eq!(server.sent(), frame(0x88, false, b"\x0f\xa0bye\0bye"));
    assert!(server.sink.record.messages.is_empty());
}

#[test]
fn the_reply_to_a_close_frame_is_not_answered() {
    let mut client = End::new(Role::Client);
    client.connection.send_close(&CloseFrame::to_send(1000, "").unwrap(), &mut client.output);
    client.sent();
    assert_eq!(client.receive(&frame(0x88, false, b"\x03\xe8")).unwrap().0, ReceiveOutcome::CloseReceived);
    assert!(client.sent().is_empty());
}

#[test]
fn a_full_sink_stops_before_the_next_message_and_loses_nothing() {
    let wire: Vec<u8> = (0..5u8).flat_map(|i| frame(0x82, true, &[i; 10])).collect();
    let mut server = End::new(Role::Server);
    server.sink.room = 2;
    let (stopped, mut rest) = server.receive(&wire).unwrap();
    assert_eq!((stopped, server.sink.record.messages.len()), (ReceiveOutcome::SinkFull, 2));
    for room in 3..=5 {
        assert_eq!(server.receive(&rest).unwrap().0, ReceiveOutcome::SinkFull, "no room, no progress");
        server.sink.room = room;
        rest = server.receive(&rest).unwrap().1;
        assert_eq!(server.sink.record.messages.len(), room);
    }
    let expected: Vec<_> = (0..5u8).map(|i| (false, vec![i; 10])).collect();
    assert_eq!(server.sink.record.messages, expected);
}

#[test]
fn control_frames_after_blocked_messages_are_handled_once() {
    let blocked = [
        frame(0x82, true, b"one"),
        frame(0x89, true, b"p1"),
        frame(0x8a, true, b"o1"),
        frame(0x82, true, b"two"),
        frame(0x89, true, b"p2"),
    ]
    .concat();
    let mut server = End::new(Role::Server);
    server.sink.room = 0;
    let (_, mut rest) = server.receive(&blocked).unwrap();
    let mut scanned = 0;
    for _ in 0..3 {
        scanned =
            server.connection.handle_control_frames_ahead(&mut rest, scanned, &mut server.sink, &mut server.output);
    }
    assert_eq!(server.sink.record.pings, [b"p1".to_vec(), b"p2".to_vec()]);
    assert_eq!(server.sent(), [frame(0x8a, false, b"p1"), frame(0x8a, false, b"p2")].concat());
    server.sink.room = 9;
    server.receive(&rest).unwrap();
    assert_eq!(server.sink.record.messages, [(false, b"one".to_vec()), (false, b"two".to_vec())]);
    assert!(server.sent().is_empty(), "answered already");
}

#[test]
fn pongs_are_merged_while_the_network_accepts_no_bytes() {
    let mut server = End::new(Role::Server);
    for i in 0..100_000u32 {
        server.receive(&frame(0x89, true, &i.to_be_bytes())).unwrap();
    }
    assert!(server.output.len() < 8192, "{}", server.output.len());
    server.sent();
    server.connection.send_delayed_pong(&mut server.output);
    assert_eq!(server.sent(), frame(0x8a, false, &99_999u32.to_be_bytes()), "the most recent ping is answered");
}

#[test]
fn large_payloads_can_be_received_in_place() {
    let payload: Vec<u8> = (0..400_000).map(|i| (i % 253) as u8).collect();
    let wire = frame(0x82, true, &payload);
    let mut server = End::new(Role::Server);
    server.limit = payload.len();
    let (mut position, mut direct) = (5000, 0);
    server.receive(&wire[..position]).unwrap();
    while position < wire.len() {
        match server.connection.direct_buffer() {
            Some(buffer) => {
                let count = buffer.len().min(77_777).min(wire.len() - position);
                buffer[..count].copy_from_slice(&wire[position..position + count]);
                server.connection.direct_received(count, &mut server.sink).unwrap();
                (position, direct) = (position + count, direct + count);
            }
            None => {
                let end = wire.len().min(position + 10_000);
                server.receive(&wire[position..end]).unwrap();
                position = end;
            }
        }
    }
    assert!(direct > 300_000, "{direct}");
    assert_eq!(server.sink.record.messages, [(false, payload)]);
}
