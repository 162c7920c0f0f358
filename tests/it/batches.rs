//! What a program is given that waits for a server's events.

use std::io::Write;
use std::time::Duration;

use wspeer::peer::Event;

use crate::fixtures::frame;
use crate::world::World;

#[test]
fn a_waiting_program_is_given_some_messages_at_a_time_and_every_client_gets_its_turn() {
    let mut world = World::new();
    // Room for one message of each.
    world.server.set_options(|options| options.peer.set_inbound_buffer_size(100_000)).unwrap();
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
            if let Event::Message { id } = event {
                assert_eq!(world.server.get_packet(id).unwrap().len(), 100_000);
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
