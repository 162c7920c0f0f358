//! Which events a program sees must not depend on how much arrives in one poll: every scenario runs whole, cut once at
//! many places, and byte by byte, for every object.

use proptest::prelude::*;

use crate::event_subjects::{CLIENTS, End, LIMIT, Log, SERVERS, Trial, joining_room};
use crate::fixtures::frame;

/// What the remote peer sends after the handshake, and how the connection ends.
struct Scenario {
    name: &'static str,
    /// First byte and payload of each frame.
    frames: Vec<(u8, Vec<u8>)>,
    end: End,
    /// The messages that the program reads.
    messages: &'static [&'static str],
    was_clean: bool,
    /// A part of the reason.
    reason: &'static str,
}

fn scenario(
    name: &'static str,
    frames: &[(u8, &[u8])],
    end: End,
    messages: &'static [&'static str],
    reason: &'static str,
) -> Scenario {
    let frames = frames.iter().map(|(first, payload)| (*first, payload.to_vec())).collect();
    Scenario { name, frames, end, messages, was_clean: reason.starts_with("code"), reason }
}

const LOST: &str = "without a close frame";

fn scenarios() -> Vec<Scenario> {
    let big = [b'x'; LIMIT + 1];
    let with_close = "code 4001";
    vec![
        scenario("oversized greeting", &[(0x82, &big)], End::Waits, &[], "larger than 1000 bytes"),
        scenario("reserved opcode", &[(0x83, b"")], End::Waits, &[], "reserved opcode"),
        scenario("bad UTF-8", &[(0x81, b"caf\xe9 ole")], End::Waits, &[], "UTF-8"),
        scenario("bad close code", &[(0x88, b"\x03\xee")], End::Waits, &[], "close code 1006"),
        scenario("end of the stream", &[], End::Fin, &[], LOST),
        scenario("half a message", &[(0x01, b"half")], End::Fin, &[], LOST),
        scenario("ping", &[(0x89, b"p")], End::Fin, &[], LOST),
        scenario("message", &[(0x81, b"hi")], End::Fin, &["hi"], LOST),
        scenario("message, oversized", &[(0x81, b"hi"), (0x82, &big)], End::Waits, &["hi"], "larger than"),
        scenario("message, reserved bits", &[(0x81, b"hi"), (0xf1, b"")], End::Fin, &["hi"], "reserved bits"),
        scenario("messages, bad UTF-8", &[(0x81, b"a"), (0x82, b"b"), (0x81, b"\xff")], End::Fin, &["a", "b"], "UTF-8"),
        scenario("violation, message", &[(0x80, b"x"), (0x81, b"late")], End::Fin, &[], "continuation"),
        scenario("close", &[(0x88, b"\x0f\xa1why")], End::Waits, &[], with_close),
        scenario("close, end", &[(0x88, b"\x0f\xa1why"), (0x81, b"late")], End::Fin, &[], with_close),
        scenario("message, close", &[(0x81, b"hi"), (0x88, b"\x0f\xa1why")], End::Fin, &["hi"], with_close),
        scenario("reset", &[], End::Reset, &[], ""),
        scenario("message, reset", &[(0x81, b"hi")], End::Reset, &["hi"], ""),
        scenario("violation, reset", &[(0x83, b"")], End::Reset, &[], "reserved opcode"),
    ]
}

/// Runs the bytes of a scenario whole, cut once, and byte by byte; `check` gets what the program sees.
fn run_split(start: impl Fn() -> Trial, bytes: impl Fn(&Trial) -> Vec<u8>, end: End, mut check: impl FnMut(&str, Log)) {
    let run = |cut: &dyn Fn(&[u8]) -> Vec<Vec<u8>>| {
        let trial = start();
        let all = bytes(&trial);
        trial.run(cut(&all).iter().map(Vec::as_slice), end)
    };
    check("whole", run(&|all| vec![all.to_vec()]));
    let sample = start();
    let (head, total) = (sample.head.len(), bytes(&sample).len());
    // Every byte after the head, and some in it; a message that is larger than the limit is invalid from its header on.
    let cuts =
        (1..head).step_by(37).chain((head.saturating_sub(3)..total).take(40)).filter(|cut| (1..total).contains(cut));
    for cut in cuts {
        check(&format!("cut at {cut} of {total}"), run(&|all| vec![all[..cut].to_vec(), all[cut..].to_vec()]));
    }
    check(
        "byte by byte",
        run(&|all| {
            let (first, rest) = all.split_at(all.len().min(head + 60));
            let bytes = first.iter().map(|byte| vec![*byte]);
            bytes.chain((!rest.is_empty()).then(|| rest.to_vec())).collect()
        }),
    );
}

fn run_scenarios(name: &str, start: impl Fn() -> Trial, asks: bool, can_reset: bool) {
    for scenario in scenarios().into_iter().filter(|scenario| can_reset || scenario.end != End::Reset) {
        let mut expected = vec!["open".to_owned()];
        if asks {
            expected.insert(0, "request".to_owned());
        }
        expected.extend(scenario.messages.iter().map(|message| format!("message {message}")));
        expected.push(if scenario.was_clean { "closed clean" } else { "closed unclean" }.to_owned());
        let bytes = |trial: &Trial| {
            let frames = scenario.frames.iter().flat_map(|(first, payload)| frame(*first, trial.masks, payload));
            trial.head.iter().copied().chain(frames).collect()
        };
        run_split(&start, bytes, scenario.end, |split, log| {
            assert_eq!(log.events, expected, "{name}, {}, {split}: {log:?}", scenario.name);
            // A server object reports only the code of a close frame.
            let has_reason = name != "server" || scenario.was_clean;
            assert!(!has_reason || log.reason.contains(scenario.reason), "{name}, {}, {split}: {log:?}", scenario.name);
        });
    }
}

#[test]
fn events_of_clients_do_not_depend_on_how_the_bytes_arrive() {
    for (name, start) in CLIENTS {
        run_scenarios(name, || start(false), false, true);
    }
}

#[test]
fn events_of_servers_do_not_depend_on_how_the_bytes_arrive() {
    for (name, start) in SERVERS {
        // A reset destroys the response to the request, so the connection may not open.
        run_scenarios(name, || start(false), false, false);
    }
}

#[test]
fn events_of_servers_whose_program_decides_do_not_depend_on_how_the_bytes_arrive() {
    for (name, start) in SERVERS {
        run_scenarios(name, || start(true), true, false);
    }
}

#[test]
fn a_room_client_that_gets_no_id_reports_what_the_server_did() {
    let id = frame(0x82, false, &77i32.to_le_bytes());
    let big = frame(0x82, false, &[0; LIMIT + 1]);
    let cases: [(Vec<u8>, End, &str); 6] = [
        (frame(0x83, false, b""), End::Waits, "broke the protocol: reserved opcode"),
        (id[..4].to_vec(), End::Fin, LOST),
        (big, End::Waits, "broke the protocol: message is larger"),
        (frame(0x81, false, b"\xff"), End::Fin, "broke the protocol: text is not valid UTF-8"),
        (frame(0x88, false, b"\x03\xf5full"), End::Waits, "the server closed the connection: 1013 full"),
        (frame(0x82, false, b"abc"), End::Fin, "first message is not an id"),
    ];
    for (greeting, end, reason) in cases {
        let bytes = |trial: &Trial| [trial.head.clone(), greeting.clone()].concat();
        run_split(joining_room, bytes, end, |split, log| {
            assert_eq!(log.events, ["failed"], "{split}: {log:?}");
            assert!(log.reason.contains(reason), "{split}: {log:?}");
        });
    }
}

/// First byte of a frame, the flags of the fuzz target, and the payload.
fn random_frame() -> impl Strategy<Value = (u8, u8, Vec<u8>)> {
    let first = prop::sample::select(vec![0x81, 0x82, 0x82, 0x01, 0x02, 0x80, 0x00, 0x89, 0x8a, 0x88, 0x83, 0xc1]);
    let flags = prop_oneof![20 => Just(0u8), 2 => Just(0x80), 1 => Just(0x40)];
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        "[a-zäöü]{0,20}".prop_map(String::into_bytes),
        (1000u16..5000, "[a-z]{0,10}").prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat()),
    ];
    (first, flags, payload)
}

proptest! {
    #[test]
    fn random_frames_have_the_events_of_the_model(
        settings in any::<[u8; 2]>(),
        frames in prop::collection::vec(random_frame(), 0..12),
    ) {
        let encoded = frames.into_iter().flat_map(|(first, flags, payload)| {
            [vec![first, flags | (payload.len() as u8 & 0x3f)], payload].concat()
        });
        let input: Vec<u8> = settings.into_iter().chain(encoded).collect();
        wspeer::fuzzing::event_order(&input);
    }
}
