//! Godot 3's multiplayer mode: introductions, relaying, invalid packets.

use std::io::Write;

use wspeer::error::ErrorCode;
use wspeer::peer::PeerEvent;

use crate::fixtures::{frame, until};
use crate::world::World;

fn packet(kind: u8, from: i32, to: i32, data: &[u8]) -> Vec<u8> {
    [&[kind][..], &from.to_le_bytes(), &to.to_le_bytes(), data].concat()
}

/// Takes all readable packets of a client.
fn taken(world: &mut World, index: usize) -> Vec<(i32, Vec<u8>)> {
    let client = world.client(index);
    std::iter::from_fn(|| client.take_packet().ok().map(|(from, data)| (from, data.to_vec()))).collect()
}

fn taken_by_server(world: &mut World) -> Vec<(i32, Vec<u8>)> {
    std::iter::from_fn(|| world.server.take_packet().ok().map(|(from, data)| (from, data.to_vec()))).collect()
}

#[test]
fn peers_are_introduced_in_the_measured_order() {
    let mut world = World::multiplayer();
    let a = world.join();
    assert_eq!(world.client(a).unique_id(), world.id(a));
    let b = world.join();
    let (id_a, id_b) = (world.id(a), world.id(b));
    let connected = |id| PeerEvent::PeerConnected { id };
    world.until_client_event(b, &connected(id_a));
    world.until_client_event(a, &connected(id_b));
    assert_eq!(world.events, [connected(id_a), connected(id_b)]);
    assert_eq!(world.clients[a].events, [connected(1), PeerEvent::ConnectionSucceeded, connected(id_b)]);
    assert_eq!(world.clients[b].events, [connected(1), PeerEvent::ConnectionSucceeded, connected(id_a)]);
    world.clear_events();
    world.client(b).disconnect_from_host(1000, "").unwrap();
    let gone = PeerEvent::PeerDisconnected { id: id_b };
    world.until_client_event(a, &gone);
    assert_eq!(world.events, [PeerEvent::CloseRequest { id: id_b, code: 1000, reason: String::new() }, gone.clone()]);
    assert_eq!(world.clients[a].events, [gone]);
    world.until("the event", |world| !world.clients[b].events.is_empty());
    assert!(matches!(world.clients[b].events[..], [PeerEvent::ConnectionFailed { .. }]));
    assert_eq!(world.client(b).unique_id(), id_b, "the id stays");
}

#[test]
fn the_loss_of_the_server_has_both_events_of_godot_3() {
    let mut world = World::multiplayer();
    let a = world.join();
    world.clear_events();
    world.server.stop();
    world.until("the event", |world| world.clients[a].events.len() == 3);
    assert!(matches!(
        world.clients[a].events[..],
        [PeerEvent::CloseRequest { code: 1000, .. }, PeerEvent::ServerDisconnected, PeerEvent::ConnectionFailed { .. }]
    ));
}

#[test]
fn introductions_are_the_bytes_of_godot_3() {
    let mut world = World::multiplayer();
    let (mut first, id) = world.raw_open();
    let expected = [
        frame(0x82, false, &packet(3, 1, 0, &id.to_le_bytes())),
        frame(0x82, false, &packet(1, 1, 0, &1_i32.to_le_bytes())),
    ]
    .concat();
    assert_eq!(world.read_raw(&mut first, |read| read.len() == expected.len()), expected);
    let (mut second, second_id) = world.raw_open();
    let expected = frame(0x82, false, &packet(1, 1, 0, &second_id.to_le_bytes()));
    assert_eq!(world.read_raw(&mut first, |read| read.len() == expected.len()), expected);
    let expected = [
        frame(0x82, false, &packet(3, 1, 0, &second_id.to_le_bytes())),
        frame(0x82, false, &packet(1, 1, 0, &1_i32.to_le_bytes())),
        frame(0x82, false, &packet(1, 1, 0, &id.to_le_bytes())),
    ]
    .concat();
    assert_eq!(world.read_raw(&mut second, |read| read.len() == expected.len()), expected);
    drop(second);
    let expected = frame(0x82, false, &packet(2, 1, 0, &second_id.to_le_bytes()));
    assert_eq!(world.read_raw(&mut first, |read| read.len() == expected.len()), expected);
}

#[test]
fn packets_reach_their_targets() {
    let mut world = World::multiplayer();
    let players = [world.join(), world.join(), world.join()];
    let ids = players.map(|player| world.id(player));
    let [a, b, c] = ids;
    for (target, server, others) in [
        (0, true, [false, true, true]),
        (1, true, [false; 3]),
        (b, false, [false, true, false]),
        (-b, true, [false, false, true]),
        (-1, false, [false, true, true]),
        (a, false, [false; 3]),
        (1_234_567, false, [false; 3]),
    ] {
        let name = target.to_string().into_bytes();
        world.client(players[0]).set_target_peer(target);
        world.client(players[0]).put_packet(&name).unwrap();
        // Packets of one sender arrive in order, so an earlier one has arrived before this one.
        world.client(players[0]).set_target_peer(0);
        world.client(players[0]).put_packet(b"end").unwrap();
        let expected = |gets: bool| {
            let end = (a, b"end".to_vec());
            if gets { vec![(a, name.clone()), end] } else { vec![end] }
        };
        for (player, gets) in players.into_iter().zip(others).skip(1) {
            world.until("end", |world| world.client(player).waiting_packets() == expected(gets).len());
            assert_eq!(world.client(player).packet_source(), Some(a));
            assert_eq!(taken(&mut world, player), expected(gets), "{target}");
        }
        assert_eq!(taken_by_server(&mut world), expected(server), "{target}");
    }
    for (target, gets) in [(0, ids.to_vec()), (b, vec![b]), (-b, vec![a, c])] {
        world.server.set_target_peer(target);
        world.server.put_packet(b"from the server").unwrap();
        world.until("arrived", |world| {
            players.iter().filter(|player| world.clients[**player].client.waiting_packets() == 1).count() == gets.len()
        });
        for (player, id) in players.into_iter().zip(ids) {
            let expected = if gets.contains(&id) { vec![(1, b"from the server".to_vec())] } else { Vec::new() };
            assert_eq!(taken(&mut world, player), expected);
        }
    }
    world.server.set_target_peer(1);
    world.server.put_packet(b"to itself").unwrap();
    world.server.set_target_peer(1_234_567);
    assert_eq!(world.server.put_packet(b"x").unwrap_err().code(), ErrorCode::Failed);
}

#[test]
fn spoofed_short_and_unknown_packets_are_dropped_and_the_connection_kept() {
    let mut world = World::multiplayer();
    let bystander = world.join();
    let (mut socket, id) = world.raw_open();
    let other = world.id(bystander);
    for bad in [
        packet(0, other, 0, b"spoofed"),
        packet(0, 1, 0, b"spoofed"),
        packet(0, id, 0, b"")[..8].to_vec(),
        Vec::new(),
        packet(1, id, 0, &77_i32.to_le_bytes()),
        packet(2, id, 0, &other.to_le_bytes()),
        packet(3, id, 0, &other.to_le_bytes()),
        packet(4, id, 0, b"x"),
        packet(255, id, 0, b"x"),
    ] {
        socket.write_all(&frame(0x82, true, &bad)).unwrap();
    }
    // The message type does not matter.
    socket.write_all(&frame(0x81, true, &packet(0, 0x41, 0, b"text frame"))).unwrap();
    socket.write_all(&frame(0x82, true, &packet(0, id, 0, b"good"))).unwrap();
    world.until("arrived", |world| world.clients[bystander].client.waiting_packets() > 0);
    assert_eq!(taken(&mut world, bystander), [(id, b"good".to_vec())]);
    assert_eq!(taken_by_server(&mut world), [(id, b"good".to_vec())]);
    assert_eq!(world.server.peer_count(), 2);
    assert_eq!(world.client(bystander).peer_ids(), {
        let mut expected = vec![1, id];
        expected.sort_unstable();
        expected
    });
}

#[test]
fn a_program_that_takes_no_packets_stops_only_their_sender() {
    let mut world = World::listening(&[], true, |server| {
        server.configure(|options| options.peer.set_buffers(1, 8, 64, 1024)).unwrap();
    });
    let [flooder, other] = [world.join(), world.join()];
    let (id, other_id) = (world.id(flooder), world.id(other));
    world.client(flooder).set_target_peer(1);
    let mut sent = 0_usize;
    until("the buffers are full", || {
        let is_full = world.client(flooder).put_packet(&[1; 500]).is_err();
        sent += usize::from(!is_full);
        world.server.poll();
        is_full
    });
    world.client(other).set_target_peer(1);
    world.client(other).put_packet(b"me too").unwrap();
    world.until("the event", |world| world.events.contains(&PeerEvent::Packet { id: other_id }));
    assert!(world.server.waiting_packets() <= 10);
    let mut received = 0;
    world.until("all arrive", |world| {
        let packets = taken_by_server(world);
        received += packets.iter().filter(|(from, _)| *from == id).count();
        received == sent
    });
}

#[test]
fn reconnecting_introduces_all_peers_again() {
    let mut world = World::multiplayer();
    let a = world.join_with(|client| {
        client
            .set_reconnect_options(|options| {
                options.set_enabled(true);
                options.set_delay_from_seconds(0.01)
            })
            .unwrap();
    });
    let first = world.id(a);
    world.clear_events();
    world.server.disconnect_peer(first, 1012, "").unwrap();
    world.until_client_event(a, &PeerEvent::Reconnected);
    let events = &world.clients[a].events;
    assert!(
        matches!(
            events[..],
            [
                PeerEvent::CloseRequest { .. },
                PeerEvent::PeerDisconnected { id: 1 },
                PeerEvent::ServerDisconnected,
                PeerEvent::ConnectionFailed { .. },
                PeerEvent::Reconnecting { attempt: 1, .. },
                PeerEvent::PeerConnected { id: 1 },
                PeerEvent::ConnectionSucceeded,
                PeerEvent::Reconnected
            ]
        ),
        "{events:?}"
    );
    assert_ne!(world.client(a).unique_id(), first);
}
