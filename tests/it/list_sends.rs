//! One message to several receivers is compressed once, through every call that sends to several.

use wspeer::error::ErrorCode;
use wspeer::net::clock;
use wspeer::peer::room::{MultiplayerPeer, RoomStatus, SceneMode, SceneRoom};
use wspeer::peer::{Client, WebSocketPeer};
use wspeer::proto::deflate::{CompressorWork, compressor_work};

use crate::fixtures::until;
use crate::world::{BINARY, TEXT, World};

const PLAYERS: usize = 3;

/// Runs a call and returns what the compressors of this thread did in it.
fn work_of(call: impl FnOnce()) -> CompressorWork {
    let before = compressor_work();
    call();
    let after = compressor_work();
    CompressorWork { messages: after.messages - before.messages, resets: after.resets - before.resets }
}

fn compressing_world(is_multiplayer: bool) -> World {
    let mut world = World::listening(&[], is_multiplayer, |server| {
        server
            .set_options(|options| {
                options.peer.set_compression_enabled(true);
                options.peer.set_compression_threshold(0);
                Ok(())
            })
            .unwrap();
    });
    for _ in 0..PLAYERS {
        world.join_with(compressing_client);
    }
    world
}

fn compressing_client(client: &mut Client) {
    client
        .set_options(|options| {
            options.set_compression_enabled(true);
            Ok(())
        })
        .unwrap();
}

fn text() -> Vec<u8> {
    b"the same state for all of them ".repeat(20)
}

#[test]
fn a_window_is_emptied_once_however_many_broadcasts_follow_a_message_of_its_own() {
    const BROADCASTS: u64 = 10;
    let mut world = compressing_world(false);
    let ids: Vec<i32> = (0..PLAYERS).map(|index| world.id(index)).collect();
    for round in 0..3 {
        let individual = work_of(|| {
            for id in &ids {
                world.server.send(*id, BINARY, &text()).unwrap();
            }
        });
        let stale = if round == 0 { 0 } else { PLAYERS as u64 };
        assert_eq!(individual, CompressorWork { messages: PLAYERS as u64, resets: stale });
        let shared = work_of(|| {
            for _ in 0..BROADCASTS {
                world.server.send_to(0, BINARY, &text()).unwrap();
            }
        });
        // The stream that all broadcasts share is emptied after each.
        assert_eq!(shared, CompressorWork { messages: BROADCASTS, resets: BROADCASTS });
        for index in 0..PLAYERS {
            for _ in 0..=BROADCASTS {
                world.until("a message", |world| world.client(index).packet_count() > 0);
                assert_eq!(world.client(index).take_message().unwrap(), text());
            }
        }
    }
}

#[test]
fn a_window_is_emptied_once_for_incompressible_messages() {
    let mut world = compressing_world(false);
    let id = world.id(0);
    let mut state = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(4000)
    .collect();
    world.server.send(id, BINARY, &noise).unwrap();
    let work = work_of(|| world.server.send(id, BINARY, &text()).unwrap());
    assert_eq!(work, CompressorWork { messages: 1, resets: 1 });
    let work = work_of(|| world.server.send(id, BINARY, &text()).unwrap());
    assert_eq!(work, CompressorWork { messages: 1, resets: 0 });
    for expected in [noise, text(), text()] {
        world.until("a message", |world| world.client(0).packet_count() > 0);
        assert_eq!(world.client(0).take_message().unwrap(), expected);
    }
}

#[test]
fn a_server_compresses_a_message_to_several_clients_once() {
    let mut world = compressing_world(false);
    let ids: Vec<i32> = (0..PLAYERS).map(|index| world.id(index)).collect();
    type Send = fn(&mut World, &[i32]);
    let calls: [(&str, Send, usize); 3] = [
        ("all", |world, _| world.server.send_to(0, TEXT, &text()).unwrap(), PLAYERS),
        ("all but one", |world, ids| world.server.send_to(-ids[0], TEXT, &text()).unwrap(), PLAYERS - 1),
        ("a list", |world, ids| world.server.send_to_list(&ids[1..], TEXT, &text()).unwrap(), PLAYERS - 1),
    ];
    for (name, send, receivers) in calls {
        assert_eq!(work_of(|| send(&mut world, &ids)).messages, 1, "{name}");
        let mut got = 0;
        world.until(name, |world| {
            for index in 0..PLAYERS {
                while let Ok(message) = world.client(index).take_message() {
                    assert_eq!(message, text());
                    got += 1;
                }
            }
            got == receivers
        });
    }
    let result = world.server.send_to_list(&[ids[0], 1, ids[1]], TEXT, b"x");
    assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidParameter);
    for index in 0..2 {
        world.until("the others get it", |world| {
            world.client(index).take_message().is_ok_and(|message| message == b"x")
        });
    }
    assert_eq!(world.server.send_to_list(&ids, TEXT, b"\xff").unwrap_err().code(), ErrorCode::InvalidData);
    assert_eq!(world.server.send_to_list(&[], TEXT, b"x"), Ok(()));
}

#[test]
fn the_only_receiver_of_a_message_to_several_gets_it_compressed_with_the_messages_before() {
    let mut world = compressing_world(false);
    let ids: Vec<i32> = (0..PLAYERS).map(|index| world.id(index)).collect();
    world.server.send(ids[0], BINARY, &text()).unwrap();
    let sent =
        |world: &World| world.server.with_peer(ids[0], WebSocketPeer::compression_statistics).unwrap().sent_compressed;
    let first = sent(&world);
    world.server.send_to_list(&ids[..1], BINARY, &text()).unwrap();
    assert!(sent(&world) - first < first / 2, "{} after {first}", sent(&world) - first);
}

#[test]
fn a_server_in_godot_3_mode_relays_a_packet_to_several_clients_compressed_once() {
    let mut world = compressing_world(true);
    for index in 0..PLAYERS {
        while world.client(index).take_packet().is_ok() {}
    }
    world.client(0).set_target_peer(0);
    world.client(0).put_packet(&text()).unwrap();
    world.client(0).flush();
    let mut got = 0;
    let work = work_of(|| {
        world.until("relayed", |world| {
            for index in 1..PLAYERS {
                while world.client(index).take_packet().is_ok() {
                    got += 1;
                }
            }
            got == PLAYERS - 1
        });
    });
    assert_eq!(work.messages, 1);
}

struct Rooms {
    server: SceneRoom,
    clients: Vec<MultiplayerPeer>,
}

impl Rooms {
    fn open(mode: SceneMode) -> Self {
        let mut server = SceneRoom::new();
        server.set_mode(mode).unwrap();
        server.room.options.set_compression_enabled(true);
        server.room.options.set_compression_threshold(64);
        server.room.create_server(0, "127.0.0.1", None).unwrap();
        let url = format!("ws://127.0.0.1:{}/", server.room.local_port());
        let clients = std::iter::repeat_with(|| {
            let mut client = MultiplayerPeer::new();
            client.options.set_compression_enabled(true);
            client.options.set_compression_threshold(usize::MAX);
            client.create_client(&url, None).unwrap();
            client
        });
        let mut rooms = Self { server, clients: clients.take(PLAYERS).collect() };
        until("everybody is in the room", || {
            rooms.poll();
            rooms.server.peers().len() == PLAYERS
                && rooms.clients.iter().all(|client| client.status() == RoomStatus::Connected)
        });
        rooms
    }

    fn poll(&mut self) {
        self.server.poll_at(clock::now());
        while self.server.next_event().is_some() {}
        for client in &mut self.clients {
            client.poll();
            while client.next_event().is_some() {}
        }
    }

    fn id(&self, index: usize) -> i32 {
        self.clients[index].unique_id()
    }

    /// Polls until this many clients have received a packet that ends with the text.
    fn receive(&mut self, what: &str, receivers: usize) {
        let mut got = 0;
        until(what, || {
            self.poll();
            for client in &mut self.clients {
                while let Ok((_, packet)) = client.take_packet() {
                    got += usize::from(packet.ends_with(&text()));
                }
            }
            got == receivers
        });
    }
}

#[test]
fn a_room_compresses_a_packet_to_several_peers_once() {
    type Send = fn(&mut Rooms, &[u8]);
    let calls: [(&str, Send, usize); 4] = [
        ("all", |rooms, packet| rooms.server.put_packet(0, packet).unwrap(), PLAYERS),
        ("all but one", |rooms, packet| rooms.server.put_packet(-rooms.id(0), packet).unwrap(), PLAYERS - 1),
        (
            "a list",
            |rooms, packet| {
                let ids = [rooms.id(1), rooms.id(2)];
                rooms.server.send_to_list(&ids, packet).unwrap();
            },
            PLAYERS - 1,
        ),
        // Packets of the peer 0 that the server relays.
        (
            "relayed",
            |rooms, packet| {
                // A system command that relays the packet to all peers (0), as SceneMultiplayer sends it.
                let relayed = [&[7, 3], 0_i32.to_le_bytes().as_slice(), packet].concat();
                rooms.clients[0].put_packet(&relayed).unwrap();
                rooms.clients[0].flush();
            },
            PLAYERS - 1,
        ),
    ];
    for mode in [SceneMode::Plain, SceneMode::Scene] {
        for (name, send, receivers) in calls {
            if name == "relayed" && mode == SceneMode::Plain {
                continue;
            }
            let mut rooms = Rooms::open(mode);
            // A remote call of the engine, the first byte of which is 0.
            let packet = [&[0], text().as_slice()].concat();
            let work = work_of(|| {
                send(&mut rooms, &packet);
                rooms.receive(name, receivers);
            });
            assert_eq!(work.messages, 1, "{name}, {mode:?}");
        }
    }
}

#[test]
fn a_list_with_an_unknown_peer_is_an_error_and_the_others_get_the_packet() {
    for mode in [SceneMode::Plain, SceneMode::Scene] {
        let mut rooms = Rooms::open(mode);
        let packet = [&[0], text().as_slice()].concat();
        let ids = [rooms.id(0), 1, rooms.id(1)];
        assert_eq!(rooms.server.send_to_list(&ids, &packet).unwrap_err().code(), ErrorCode::InvalidParameter);
        rooms.receive("the others", 2);
    }
}
