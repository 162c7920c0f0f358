//! Which events a program gets that waits on a server while its clients send without end.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wspeer::peer::PeerEvent;

use crate::fixtures::frame;
use crate::world::{REQUEST, World};

#[test]
fn a_waiting_program_gets_a_few_messages_at_a_time_from_every_client() {
    let mut world = World::new();
    // The queue of each client has room for one message.
    world.server.set_options(|options| options.peer.set_inbound_buffer_size_from_integer(100_000)).unwrap();
    let sockets: Vec<_> = (0..5).map(|_| world.raw_open()).collect();
    let mut senders: Vec<i32> = Vec::new();
    for (mut socket, _) in sockets.iter().map(|(socket, id)| (socket, id)) {
        socket.write_all(&frame(0x82, true, &[1; 100_000])).unwrap();
    }
    for _ in 0..20 {
        // Three of the clients send without end.
        for (mut greedy, _) in sockets.iter().skip(2).map(|(socket, id)| (socket, id)) {
            greedy.write_all(&frame(0x82, true, &[2; 100_000])).unwrap();
        }
        assert!(world.server.wait(Some(Duration::from_secs(10))).unwrap());
        let mut at_a_time = 0;
        while let Some(event) = world.server.next_event() {
            if let PeerEvent::Message { id } = event {
                assert_eq!(world.server.take_message(id).unwrap().len(), 100_000);
                senders.push(id);
                at_a_time += 1;
            }
        }
        assert!(at_a_time <= 2, "{at_a_time} messages of 100,000 bytes");
    }
    for (_, id) in &sockets {
        let place = senders.iter().position(|sender| sender == id);
        assert!(place.is_some_and(|place| place < 10), "{place:?} of {senders:?}");
    }
}

#[test]
fn a_client_can_connect_while_others_send_without_end() {
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
