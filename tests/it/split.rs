//! Scenarios with their input cut at every byte: the outcome must not depend on how the network delivers it.

use proptest::prelude::*;
use wspeer::proto::Role;
use wspeer::proto::close::CloseFrame;
use wspeer::proto::violation::Violation;

use crate::fixtures::{End, Record, frame};

type Outcome = (Record, Vec<u8>, Option<Violation>, Option<CloseFrame>);

fn outcome(role: Role, limit: usize, pieces: &[&[u8]]) -> Outcome {
    let mut end = End::new(role);
    end.limit = limit;
    let violation = end.receive_pieces(pieces).err();
    let sent = end.sent();
    let close = end.connection.close_received().cloned();
    (end.sink.record, sent, violation, close)
}

fn scenarios() -> Vec<(&'static str, Vec<u8>)> {
    let f = |first, payload: &[u8]| frame(first, true, payload);
    vec![
        ("messages", [f(0x81, b"text"), f(0x82, b"\x00\xff"), f(0x81, b""), f(0x82, &[5; 130])].concat()),
        ("fragments", [f(0x01, "κό".as_bytes()), f(0x00, b""), f(0x89, b"p"), f(0x80, "σμε".as_bytes())].concat()),
        ("code point cut by frames", [f(0x01, b"\xf0\x9f"), f(0x00, b"\x8e"), f(0x80, b"\xae")].concat()),
        ("pings and pongs", [f(0x89, b""), f(0x8a, b"x"), f(0x89, &[1; 125]), f(0x81, b"m")].concat()),
        ("close", [f(0x81, b"m"), f(0x88, b"\x03\xe9going"), f(0x81, b"late")].concat()),
        ("empty close", [f(0x88, b""), f(0x89, b"late")].concat()),
        ("close inside a message", [f(0x01, b"m"), f(0x88, b"\x03\xe8")].concat()),
        ("invalid UTF-8", [f(0x81, b"ok"), f(0x81, b"caf\xe9 ole")].concat()),
        ("invalid UTF-8 at the end of fragments", [f(0x01, b"a\xe2"), f(0x80, b"\x82")].concat()),
        ("reserved opcode", [f(0x81, b"ok"), f(0x83, b"")].concat()),
        ("unmasked", [f(0x81, b"ok"), frame(0x81, false, b"x")].concat()),
        ("invalid close code", [f(0x81, b"ok"), f(0x88, b"\x03\xee")].concat()),
        ("too big in fragments", [f(0x02, &[0; 150]), f(0x80, &[0; 51])].concat()),
        ("length not minimal", vec![0x82, 0xfe, 0, 125, 1, 2, 3, 4]),
    ]
}

#[test]
fn one_cut_anywhere_changes_nothing() {
    for (name, wire) in scenarios() {
        let whole = outcome(Role::Server, 200, &[&wire]);
        for cut in 0..=wire.len() {
            let (a, b) = wire.split_at(cut);
            assert_eq!(outcome(Role::Server, 200, &[a, b]), whole, "{name} cut at {cut}");
        }
    }
}

#[test]
fn single_bytes_change_nothing() {
    for (name, wire) in scenarios() {
        let bytes: Vec<&[u8]> = wire.chunks(1).collect();
        assert_eq!(outcome(Role::Server, 200, &bytes), outcome(Role::Server, 200, &[&wire]), "{name}");
    }
}

fn frames() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let opcode = prop_oneof![
        Just(0x01u8),
        Just(0x02),
        Just(0x00),
        Just(0x80),
        Just(0x81),
        Just(0x82),
        Just(0x89),
        Just(0x8a),
        Just(0x88)
    ];
    let payload = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..20),
        "[a-zäöü🎮]{0,40}".prop_map(String::into_bytes),
        (0usize..400).prop_map(|len| vec![b'x'; len]),
    ];
    proptest::collection::vec((opcode, payload), 1..8)
}

proptest! {
    #[test]
    fn random_frames_in_random_pieces(frames in frames(), cuts in proptest::collection::vec(0usize..2000, 0..6)) {
        let wire: Vec<u8> = frames.iter().flat_map(|(first, payload)| frame(*first, true, payload)).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % (wire.len() + 1)).collect();
        cuts.extend([0, wire.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &wire[pair[0]..pair[1]]).collect();
        prop_assert_eq!(outcome(Role::Server, 500, &pieces), outcome(Role::Server, 500, &[&wire]));
    }
}
