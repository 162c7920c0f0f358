//! What a program is given that waits for a server's events.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wspeer::peer::PeerEvent;

use crate::fixtures::frame;
use crate::world::{REQUEST, World};

#[test]
fn a_waiting_program_is_given_some_messages_at_a_time_and_every_client_gets_its_turn() {
    let mut world = World::new();
    // Room for one message of each.
    world.server.set_options(|options| options.peer.set_inbound_buffer_size_from_integer(100_000)).unwrap();
    let sockets: Vec<_> = (0..5).map(|_| world.raw_open()).collect();
    let mut told: Vec<i32> = Vec::new();
    for (mut socket, _) in sockets.iter().map(|(socket, id)| (socket, id)) {
        socket.write_all(&frame(0x82, true, &[1; 100_000])).unwrap();
    }
    for _ in 0..20 {
        // Most of them never have enough.
        for (mut greedy, _) in sockets.iter().skip(2).map(|(socket, id)| (socket, id)) {
            greedy.write_all(&frame(0x82, true, &[2; 100_000])).unwrap();
        }
        assert!(world.server.wait(Some(Duration::from_secs(10))).unwrap());
        let mut at_a_time = 0;
        while let Some(event) = world.server.next_event() {
            if let PeerEvent::Message { id } = event {
                assert_eq!(world.server.take_message(id).unwrap().len(), 100_000);
                told.push(id);
                at_a_time += 1;
            }
        }
        assert!(at_a_time <= 2, "{at_a_time} messages of 100,000 bytes");
    }
    for (_, id) in &sockets {
        let place = told.iter().position(|told| told == id);
        assert!(place.is_some_and(|place| place < 10), "{place:?} of {told:?}");
    }
}

#[test]
fn who_comes_while_others_send_without_end_gets_in() {
    let mut world = World::new();
    world.server.set_options(|options| options.peer.set_inbound_buffer_size_from_integer(65_535)).unwrap();
    let (mut greedy, _) = world.raw_open();
    let ends = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&ends);
    let sender = std::thread::spawn(move || {
        let message = frame(0x82, true, &[1; 60_000]);
        while !is_over.load(Ordering::Relaxed) && greedy.write_all(&message).is_ok() {}
    });
    let mut late = None;
    let mut has_come = false;
    for round in 0..1000 {
        assert!(world.server.wait(Some(Duration::from_secs(10))).unwrap());
        if round == 100 {
            let mut socket = world.raw();
            socket.write_all(REQUEST).unwrap();
            late = Some(socket);
        }
        while let Some(event) = world.server.next_event() {
            match event {
                PeerEvent::Message { id } => assert_eq!(world.server.take_message(id).unwrap().len(), 60_000),
                PeerEvent::Opened { .. } => has_come = true,
                other => panic!("{other:?}"),
            }
        }
        if has_come {
            break;
        }
    }
    ends.store(true, Ordering::Relaxed);
    // The end of the server ends a write that waits for it.
    drop(world);
    sender.join().unwrap();
    assert!(has_come && late.is_some());
}
