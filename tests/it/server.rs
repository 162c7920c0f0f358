//! The server object: its events and their order, ids, limits, broadcasts, waiting.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wspeer::error::ErrorCode;
use wspeer::limits::MAX_CLOSE_REASON;
use wspeer::net::clock;
use wspeer::peer::WaitStep;
use wspeer::peer::{ListenParameters, PeerEvent, Server, State, WebSocketPeer};
use wspeer::proto::handshake::HttpAnswer;

use crate::fixtures::{frame, until};
use crate::world::{BINARY, REQUEST, TEXT, World, owned};

#[test]
fn a_client_connects_sends_and_disconnects() {
    let mut world = World::new();
    let index = world.join();
    let id = world.id(index);
    assert!(id >= 2);
    assert_eq!(world.events, [PeerEvent::Opened { id, protocol: String::new() }]);
    assert_eq!(world.clients[index].events, [PeerEvent::Opened { id: 1, protocol: String::new() }]);
    assert_eq!(world.server.request(id).unwrap().method, "GET");
    assert!(world.server.peer_address(id).unwrap().ip().is_loopback());
    world.clear_events();
    for text in ["a", "b", "c"] {
        world.client(index).send(TEXT, text.as_bytes()).unwrap();
    }
    world.client(index).send(BINARY, b"d").unwrap();
    world.client(index).flush();
    until("four messages", || {
        world.server.poll();
        world.events.extend(std::iter::from_fn(|| world.server.next_event()));
        world.events.len() == 4
    });
    assert_eq!(world.events, vec![PeerEvent::Message { id }; 4]);
    assert_eq!(world.server.packet_count(id), 4);
    for (text, is_text) in [("a", true), ("b", true), ("c", true), ("d", false)] {
        assert_eq!(world.server.take_message(id).unwrap(), text.as_bytes());
        assert_eq!(world.server.was_string_packet(id), is_text);
    }
    assert_eq!(world.server.take_message(id).unwrap_err().code(), ErrorCode::Unavailable);
    world.clear_events();
    world.client(index).disconnect_from_host(1001, "Bye").unwrap();
    world.until_client_event(index, &PeerEvent::Closed { id: 1, was_clean: true });
    assert_eq!(
        world.events,
        [
            PeerEvent::CloseRequest { id, code: 1001, reason: "Bye".to_owned() },
            PeerEvent::Closed { id, was_clean: true }
        ]
    );
    assert_eq!(world.clients[index].events, [PeerEvent::Closed { id: 1, was_clean: true }]);
    assert!(!world.server.has_peer(id));
}

#[test]
fn a_message_is_readable_from_the_delivery_of_its_event_on() {
    let mut world = World::new();
    let index = world.join();
    let id = world.id(index);
    for text in ["one", "two"] {
        world.client(index).send(TEXT, text.as_bytes()).unwrap();
    }
    world.client(index).flush();
    until("two messages", || {
        world.server.poll();
        world.server.with_peer(id, |peer| peer.packet_count() == 2).unwrap()
    });
    assert_eq!(world.server.packet_count(id), 0);
    assert_eq!(world.server.next_event(), Some(PeerEvent::Message { id }));
    assert_eq!(world.server.packet_count(id), 1);
    assert_eq!(world.server.take_message(id).unwrap(), b"one");
    assert!(world.server.take_message(id).is_err());
    assert_eq!(world.server.next_event(), Some(PeerEvent::Message { id }));
    assert_eq!(world.server.take_message(id).unwrap(), b"two");
}

#[test]
fn messages_before_a_close_frame_have_their_events_first_and_stay_readable() {
    let mut world = World::new();
    let index = world.join();
    let id = world.id(index);
    world.server.send(id, TEXT, b"last message").unwrap();
    world.server.disconnect_peer(id, 4000, "bye bye").unwrap();
    world.clear_events();
    world.until_event(&PeerEvent::Closed { id, was_clean: true });
    let expected = [
        PeerEvent::Message { id: 1 },
        PeerEvent::CloseRequest { id: 1, code: 4000, reason: "bye bye".to_owned() },
        PeerEvent::Closed { id: 1, was_clean: true },
    ];
    assert_eq!(world.clients[index].events, expected);
    assert_eq!(world.client(index).take_message().unwrap(), b"last message");
    assert_eq!(world.events, [PeerEvent::Closed { id, was_clean: true }]);
}

#[test]
fn a_peer_is_known_until_the_event_of_its_end_was_handled() {
    let mut world = World::new();
    let index = world.join();
    let id = world.id(index);
    world.client(index).disconnect_from_host(1000, "").unwrap();
    let mut events = Vec::new();
    until("closed", || {
        world.clients[index].client.poll();
        world.server.poll();
        while let Some(event) = world.server.next_event() {
            assert!(world.server.has_peer(id), "{event:?}");
            assert_eq!(world.server.is_peer_connected(id), !matches!(event, PeerEvent::Closed { .. }));
            events.push(event);
        }
        events.len() == 2
    });
    assert!(!world.server.has_peer(id));
    let stale = |result: wspeer::error::Result| assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidParameter);
    stale(world.server.send(id, TEXT, b"x"));
    stale(world.server.send_to(id, TEXT, b"x"));
    stale(world.server.disconnect_peer(id, 1000, ""));
    stale(world.server.ping(id, b""));
    stale(world.server.peer_address(id).map(|_| ()));
    stale(world.server.take_message(id).map(|_| ()));
    stale(world.server.outbound_buffered_amount(id).map(|_| ()));
    stale(world.server.accept_request(id, &[]));
    assert_eq!(world.server.packet_count(id), 0);
}

#[test]
fn a_lost_connection_and_a_violation_are_not_clean_and_other_peers_stay() {
    let mut world = World::new();
    let bystander = world.join();
    let (socket, cut) = world.raw_open();
    drop(socket);
    world.until_event(&PeerEvent::Closed { id: cut, was_clean: false });
    let (mut socket, violator) = world.raw_open();
    // A frame of a client that is not masked (RFC 6455 section 5.1).
    socket.write_all(&frame(0x81, false, b"x")).unwrap();
    world.until_event(&PeerEvent::Closed { id: violator, was_clean: false });
    assert!(!world.events.iter().any(|event| matches!(event, PeerEvent::CloseRequest { .. })), "{:?}", world.events);
    assert_eq!(world.server.peer_ids(), [world.id(bystander)]);
}

#[test]
fn the_nul_that_godot_3_appends_to_a_reason_is_removed() {
    let mut world = World::new();
    let (mut socket, id) = world.raw_open();
    socket.write_all(&frame(0x88, true, b"\x10\xe1why not\0")).unwrap();
    world.until_event(&PeerEvent::CloseRequest { id, code: 4321, reason: "why not".to_owned() });
    let (mut socket, id) = world.raw_open();
    socket.write_all(&frame(0x88, true, b"")).unwrap();
    world.until_event(&PeerEvent::CloseRequest { id, code: 0, reason: String::new() });
    world.until_event(&PeerEvent::Closed { id, was_clean: true });
}

#[test]
fn invalid_closes_are_refused_and_change_nothing() {
    let mut world = World::new();
    let index = world.join();
    let id = world.id(index);
    for (code, reason) in [(1005, String::new()), (70_000, String::new()), (1000, "x".repeat(MAX_CLOSE_REASON + 1))] {
        let refused = world.server.disconnect_peer(id, code, &reason).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidParameter);
        assert_eq!(world.server.error_message(), refused.message());
        assert!(world.client(index).disconnect_from_host(code, &reason).is_err());
    }
    world.server.send(id, TEXT, b"still here").unwrap();
    world.until_client_event(index, &PeerEvent::Message { id: 1 });
    world.server.disconnect_peer(id, -1, "").unwrap();
    world.until_event(&PeerEvent::Closed { id, was_clean: false });
    world.until_client_event(index, &PeerEvent::Closed { id: 1, was_clean: false });
}

#[test]
fn after_the_programs_close_only_the_end_has_an_event() {
    let mut world = World::new();
    let index = world.join();
    let id = world.id(index);
    world.client(index).send(TEXT, b"too late").unwrap();
    world.client(index).flush();
    until("arrived", || {
        world.server.poll();
        world.server.with_peer(id, |peer| peer.packet_count() == 1).unwrap()
    });
    world.server.disconnect_peer(id, 1000, "").unwrap();
    world.clear_events();
    world.until_event(&PeerEvent::Closed { id, was_clean: true });
    assert_eq!(world.events, [PeerEvent::Closed { id, was_clean: true }]);
    assert_eq!(world.server.send(id, TEXT, b"x").unwrap_err().code(), ErrorCode::InvalidParameter);
}

#[test]
fn stop_closes_all_connections_without_events() {
    let mut world = World::new();
    let index = world.join();
    world.clear_events();
    world.server.stop();
    assert!(!world.server.is_listening() && world.server.peer_ids().is_empty());
    world.until_client_event(index, &PeerEvent::Closed { id: 1, was_clean: true });
    assert_eq!(world.clients[index].events[0], PeerEvent::CloseRequest { id: 1, code: 1000, reason: String::new() });
    assert_eq!(world.events, []);
    world.server.stop();
    world.server.listen(0, ListenParameters::default()).unwrap();
}

#[test]
fn listening_refuses_invalid_arguments_and_wrong_states() {
    let mut server = Server::new();
    let code = |result: wspeer::error::Result| result.unwrap_err().code();
    let with_protocols = |names: &[&str]| ListenParameters { protocols: owned(names), gd_mp_api: false };
    assert_eq!(code(server.listen(0, with_protocols(&["a b"]))), ErrorCode::InvalidParameter);
    assert_eq!(
        code(server.configure(|options| options.listen.set_bind_address("localhost"))),
        ErrorCode::InvalidParameter
    );
    assert_eq!(
        code(server.configure(|options| options.peer.set_handshake_timeout_from_seconds(0.0))),
        ErrorCode::InvalidParameter
    );
    assert_eq!(
        code(server.configure(|options| options.admission.set_max_clients_from_integer(-1))),
        ErrorCode::InvalidParameter
    );
    assert_eq!(server.options().listen.bind_address(), "*");
    assert_eq!(code(server.wait(None).map(|_| ())), ErrorCode::Unconfigured);
    server.listen(0, with_protocols(&[" chat "])).unwrap();
    assert_eq!(code(server.listen(0, ListenParameters::default())), ErrorCode::AlreadyInUse);
    assert_eq!(code(server.configure(|options| options.listen.set_bind_address("127.0.0.1"))), ErrorCode::Failed);
    let mut second = Server::new();
    assert_eq!(code(second.listen(server.local_port(), ListenParameters::default())), ErrorCode::AlreadyInUse);
}

#[test]
fn sub_protocols_are_selected_in_the_clients_order_or_the_client_is_refused() {
    let mut world = World::listening(&["p", "binary"], false, |_| {});
    let index = world.connect(&["p2", "binary", "p"], |_| {});
    world.until_client_event(index, &PeerEvent::Opened { id: 1, protocol: "binary".to_owned() });
    assert!(matches!(&world.events[..], [PeerEvent::Opened { protocol, .. }] if protocol == "binary"));
    let failed = |world: &mut World, protocols: &[&str]| {
        let index = world.connect(protocols, |_| {});
        world.until("failed", |world| matches!(world.clients[index].events[..], [PeerEvent::Failed { id: 1, .. }]));
        assert!(!world.events.iter().skip(1).any(|event| matches!(event, PeerEvent::Opened { .. })));
    };
    failed(&mut world, &["x"]);
    failed(&mut world, &[]);
    let mut world = World::new();
    failed(&mut world, &["x"]);
}

#[test]
fn ids_are_not_used_again() {
    let mut world = World::new();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let (socket, id) = world.raw_open();
        assert!(seen.insert(id));
        drop(socket);
        world.until_event(&PeerEvent::Closed { id, was_clean: false });
    }
}

#[test]
fn the_program_decides_about_requests_if_auto_accept_is_off() {
    let mut world = World::new();
    world
        .server
        .set_options(|options| {
            options.peer.set_auto_accept(false);
            Ok(())
        })
        .unwrap();
    let good = world.connect(&[], |_| {});
    world.until("the request", |world| matches!(world.events[..], [PeerEvent::Request { .. }]));
    let PeerEvent::Request { id } = world.events[0] else { panic!() };
    assert_eq!(world.server.request(id).unwrap().path_and_query().0, "/");
    assert_eq!(world.server.peer_ids(), []);
    world.server.accept_request(id, &owned(&["X-Extra: 1"])).unwrap();
    world.until_client_event(good, &PeerEvent::Opened { id: 1, protocol: String::new() });
    world.until_event(&PeerEvent::Opened { id, protocol: String::new() });
    let headers = world.client(good).with_peer(WebSocketPeer::response_headers).unwrap();
    assert_eq!(headers.first("X-Extra"), Some("1"));
    world.clear_events();
    let bad = world.connect(&[], |_| {});
    world.until("the request", |world| matches!(world.events[..], [PeerEvent::Request { .. }]));
    let PeerEvent::Request { id } = world.events[0] else { panic!() };
    world.server.reject_request(id, HttpAnswer::new(403).with_body("no")).unwrap();
    world.until(
        "refused",
        |world| matches!(&world.clients[bad].events[..], [PeerEvent::Failed { reason, .. }] if reason.contains("403")),
    );
    assert!(world.server.accept_request(id, &[]).is_err());
}

#[test]
fn broadcasts_are_encoded_and_compressed_once() {
    let mut world = World::listening(&[], false, |server| {
        server
            .set_options(|options| {
                options.peer.set_compression_enabled(true);
                Ok(())
            })
            .unwrap();
    });
    let compressed = |client: &mut wspeer::peer::Client| {
        client
            .set_options(|options| {
                options.set_compression_enabled(true);
                Ok(())
            })
            .unwrap();
    };
    let players = [world.join_with(compressed), world.join(), world.join_with(compressed), world.join()];
    let text = "the same state for all ".repeat(40);
    // The contents of each connection's compressor and of the receivers' windows must not matter.
    for round in 0..3 {
        for (index, player) in players.iter().enumerate() {
            let id = world.id(*player);
            world.server.send(id, TEXT, format!("{text} for {index} alone").as_bytes()).unwrap();
        }
        world.clear_events();
        world.server.send_to(0, TEXT, text.as_bytes()).unwrap();
        world.server.send_to(-world.id(players[0]), TEXT, b"all but one").unwrap();
        for (index, player) in players.into_iter().enumerate() {
            let expected = if index == 0 { 2 } else { 3 };
            world.until("messages", |world| world.client(player).packet_count() == expected);
            let client = world.client(player);
            assert_eq!(client.take_message().unwrap(), format!("{text} for {index} alone").as_bytes(), "{round}");
            assert_eq!(client.take_message().unwrap(), text.as_bytes());
            if index > 0 {
                assert_eq!(client.take_message().unwrap(), b"all but one");
            }
        }
    }
    let statistics = world.server.with_peer(world.id(players[0]), WebSocketPeer::compression_statistics).unwrap();
    assert!(statistics.sent_compressed > 0 && statistics.sent_compressed < statistics.sent_plain / 4);
    assert_eq!(world.server.send_to(0, TEXT, b"\xff").unwrap_err().code(), ErrorCode::InvalidData);
}

#[test]
fn a_receiver_with_a_full_buffer_does_not_keep_a_broadcast_from_the_others() {
    let mut world = World::new();
    let (_stuck, _) = world.raw_open();
    let index = world.join();
    let payload = vec![7; 60_000];
    let mut received = 0;
    let mut refused = 0;
    while refused == 0 {
        refused += usize::from(world.server.send_to(0, BINARY, &payload).is_err());
        received += 1;
        world.until("received", |world| {
            let client = &mut world.clients[index].client;
            client.take_message().is_ok()
        });
        assert!(received < 2000, "the buffer of the peer that does not read is never full");
    }
    assert_eq!(world.server.send_to(0, BINARY, &payload).unwrap_err().code(), ErrorCode::OutOfMemory);
}

#[test]
fn clients_beyond_max_clients_are_refused_and_the_others_stay() {
    let mut world = World::listening(&[], false, |server| {
        server.set_options(|options| options.admission.set_max_clients_from_integer(2)).unwrap();
    });
    let players = [world.join(), world.join()];
    let crowd: Vec<usize> = (0..40).map(|_| world.connect(&[], |_| {})).collect();
    world.until("all refused", |world| {
        crowd.iter().all(
            |index| matches!(&world.clients[*index].events[..], [PeerEvent::Failed { reason, .. }] if reason.contains("503")),
        )
    });
    assert_eq!(world.server.peer_count(), 2);
    for player in players {
        let id = world.id(player);
        world.server.send(id, TEXT, b"still here").unwrap();
        world.until_client_event(player, &PeerEvent::Message { id: 1 });
    }
    // Handshakes under way when the last place is taken.
    world.server.set_options(|options| options.admission.set_max_clients_from_integer(3)).unwrap();
    let crowd: Vec<usize> = (0..5).map(|_| world.connect(&[], |_| {})).collect();
    world.until("one got in", |world| {
        crowd.iter().all(|index| !world.clients[*index].events.is_empty()) && world.server.peer_count() == 3
    });
}

#[test]
fn new_connections_can_be_refused_while_the_others_stay() {
    let mut world = World::new();
    let player = world.join();
    world
        .server
        .set_options(|options| {
            options.admission.set_refuse_new_connections(true);
            Ok(())
        })
        .unwrap();
    let refused = world.connect(&[], |_| {});
    world.until("refused", |world| matches!(world.clients[refused].events[..], [PeerEvent::Failed { .. }]));
    let id = world.id(player);
    world.client(player).send(TEXT, b"x").unwrap();
    world.until_event(&PeerEvent::Message { id });
}

#[test]
fn slow_and_invalid_handshakes_end_and_others_are_unaffected() {
    let mut world = World::listening(&[], false, |server| {
        server.set_options(|options| options.peer.set_handshake_timeout_from_seconds(0.2)).unwrap();
    });
    let mut silent = world.raw();
    let mut slow = world.raw();
    slow.write_all(&REQUEST[..20]).unwrap();
    let mut two_tokens = world.raw();
    two_tokens.write_all(b"GET /\r\na: b\r\nc: d\r\ne: f\r\n\r\n").unwrap();
    let mut long = world.raw();
    long.write_all(&[b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 20_000]].concat()).unwrap();
    let player = world.join();
    for socket in [&mut silent, &mut slow, &mut two_tokens, &mut long] {
        world.read_raw(socket, |_| false);
    }
    assert_eq!(world.server.pending_count(), 0);
    assert_eq!(world.events.iter().filter(|event| matches!(event, PeerEvent::Failed { .. })).count(), 4);
    assert_eq!(world.server.peer_ids(), [world.id(player)]);
}

#[test]
fn a_peer_whose_messages_are_not_read_is_stopped_and_resumed() {
    let mut world = World::listening(&[], false, |server| {
        server.configure(|options| options.peer.set_buffers(1, 4, 1, 4)).unwrap();
    });
    let index = world.join();
    let id = world.id(index);
    let mut sent = 0_u32;
    until("the buffers are full", || {
        let is_full = world.client(index).send(BINARY, &[&sent.to_le_bytes()[..], &[0; 996]].concat()).is_err();
        sent += u32::from(!is_full);
        world.server.poll();
        is_full
    });
    assert!(world.server.with_peer(id, |peer| peer.packet_count() <= 4).unwrap());
    let mut expected = 0_u32;
    world.until("all arrive", |world| {
        while let Ok(packet) = world.server.take_message(id) {
            assert_eq!(packet[..4], expected.to_le_bytes());
            expected += 1;
        }
        expected == sent
    });
}

#[test]
fn buffers_have_godot_3s_sizes() {
    let mut world = World::listening(&[], false, |server| {
        server.configure(|options| options.peer.set_buffers(1, 4, 1, 4)).unwrap();
    });
    let index = world.join();
    let id = world.id(index);
    assert_eq!(world.server.send(id, BINARY, &[0; 1024]).unwrap_err().code(), ErrorCode::OutOfMemory);
    world.server.send(id, BINARY, &[0; 1023]).unwrap();
    world.client(index).send(BINARY, &[0; 1024]).unwrap();
    world.until_event(&PeerEvent::Message { id });
    assert_eq!(world.read(id), [vec![0; 1024]]);
    world.client(index).send(BINARY, &[0; 1025]).unwrap();
    world.until_event(&PeerEvent::Closed { id, was_clean: false });
    world.until("closed", |world| {
        world.clients[index].events.iter().any(|event| matches!(event, PeerEvent::CloseRequest { code: 1009, .. }))
    });
}

#[test]
fn waiting_ends_with_an_event_an_interrupt_or_the_timeout() {
    let mut world = World::new();
    let index = world.join();
    let id = world.id(index);
    assert!(!world.server.wait(Some(Duration::from_millis(20))).unwrap(), "there is no event");
    let mut client = std::mem::take(&mut world.clients[index].client);
    let sender = std::thread::spawn(move || {
        client.send(TEXT, b"wake up").unwrap();
        client
    });
    assert!(world.server.wait(None).unwrap());
    assert_eq!(world.server.next_event(), Some(PeerEvent::Message { id }));
    let mut client = sender.join().unwrap();
    world.server.take_message(id).unwrap();
    assert!(!world.server.wait(Some(Duration::ZERO)).unwrap());
    world.server.send(id, TEXT, b"and you").unwrap();
    assert!(client.wait(None).unwrap());
    assert_eq!(client.next_event(), Some(PeerEvent::Message { id: 1 }));
    assert!(!client.wait(Some(Duration::from_millis(5))).unwrap());
    // A handshake that exceeds its timeout ends a wait without a limit.
    world.server.set_options(|options| options.peer.set_handshake_timeout_from_seconds(0.05)).unwrap();
    let _silent = world.raw();
    assert!(world.server.wait(None).unwrap());
    assert!(matches!(world.server.next_event(), Some(PeerEvent::Failed { .. })));
}

#[test]
fn idle_peers_are_not_polled() {
    let mut world = World::new();
    let sockets: Vec<_> = (0..50).map(|_| world.raw_open()).collect();
    let (_, busy) = sockets[10];
    for _ in 0..5 {
        world.round();
    }
    // Only active peers are polled, and none is active.
    assert_eq!(world.server.active_count(), 0);
    let mut socket = &sockets[10].0;
    socket.write_all(&frame(0x81, true, b"x")).unwrap();
    world.until_event(&PeerEvent::Message { id: busy });
    assert!(world.server.active_count() <= 1);
}

#[test]
fn heartbeats_and_close_timeouts_do_not_depend_on_the_network() {
    let mut world = World::new();
    let (_dead, id) = world.raw_open();
    world.server.set_options(|options| options.peer.set_heartbeat_interval_from_seconds(0.05)).unwrap();
    world.until_event(&PeerEvent::Closed { id, was_clean: false });
    let mut world = World::new();
    world.server.set_options(|options| options.peer.set_close_timeout_from_seconds(0.05)).unwrap();
    let (_dead, id) = world.raw_open();
    world.server.disconnect_peer(id, 1000, "").unwrap();
    let before = clock::now();
    world.until_event(&PeerEvent::Closed { id, was_clean: false });
    assert!(clock::now() - before >= Duration::from_millis(50));
}

#[test]
fn other_threads_can_poll_a_server_on_which_a_thread_waits() {
    let server = Arc::new(Mutex::new(Server::new()));
    server.lock().unwrap().listen(0, ListenParameters::default()).unwrap();
    let blocks = Arc::new(AtomicUsize::new(0));
    let (shared, count) = (Arc::clone(&server), Arc::clone(&blocks));
    let waiting = std::thread::spawn(move || {
        loop {
            // The lock must not be held while the thread blocks.
            let step = shared.lock().unwrap().begin_wait(None);
            let Ok(WaitStep::Block(waiter, time)) = step else { return };
            count.fetch_add(1, Ordering::Relaxed);
            waiter.block(time);
        }
    });
    until("the waiting thread blocks again and again", || {
        server.lock().unwrap().poll();
        blocks.load(Ordering::Relaxed) >= 50
    });
    server.lock().unwrap().interrupt();
    waiting.join().unwrap();
}

#[test]
fn messages_of_other_threads_are_sent_while_a_thread_waits() {
    let server = Arc::new(Mutex::new(Server::new()));
    server.lock().unwrap().listen(0, ListenParameters::default()).unwrap();
    let shared = Arc::clone(&server);
    let waiting = std::thread::spawn(move || {
        loop {
            let step = shared.lock().unwrap().begin_wait(None);
            match step {
                Ok(WaitStep::Block(waiter, time)) => waiter.block(time),
                Ok(WaitStep::Ready) if shared.lock().unwrap().is_listening() => {
                    while shared.lock().unwrap().next_event().is_some() {}
                }
                _ => return,
            }
        }
    });
    let mut client = WebSocketPeer::new();
    let url = format!("ws://127.0.0.1:{}", server.lock().unwrap().local_port());
    client.connect_to_url(&url, None).unwrap();
    until("open", || {
        client.poll();
        client.state() == State::Open && !server.lock().unwrap().peer_ids().is_empty()
    });
    for round in 1..=3 {
        // The second message of a tick is collected, and a poll sends it.
        for text in [&b"first"[..], b"second"] {
            server.lock().unwrap().send_to(0, TEXT, text).unwrap();
        }
        until("both messages", || {
            client.poll();
            client.packet_count() == 2 * round
        });
    }
    server.lock().unwrap().stop();
    server.lock().unwrap().interrupt();
    waiting.join().unwrap();
}
