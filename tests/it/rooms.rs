//! Rooms over real sockets.

use std::time::Duration;

use wspeer::error::ErrorCode;
use wspeer::net::clock;
use wspeer::peer::room::{MultiplayerPeer, RoomEvent, RoomStatus};
use wspeer::peer::{SERVER_ID, State, WebSocketPeer};
use wspeer::proto::frame::MessageKind::{Binary, Text};
use wspeer::proto::handshake::HttpAnswer;

use crate::fixtures::DEADLINE;

/// A server, its clients, and the events of each.
struct TestRoom {
    server: MultiplayerPeer,
    events: Vec<RoomEvent>,
    clients: Vec<TestClient>,
}

struct TestClient {
    room: MultiplayerPeer,
    events: Vec<RoomEvent>,
}

impl TestClient {
    fn new(room: MultiplayerPeer) -> Self {
        Self { room, events: Vec::new() }
    }

    fn id(&self) -> i32 {
        self.room.unique_id()
    }
}

impl TestRoom {
    fn open() -> Self {
        Self::with(|_| {})
    }

    fn with(settings: impl FnOnce(&mut MultiplayerPeer)) -> Self {
        let mut server = MultiplayerPeer::new();
        settings(&mut server);
        server.create_server(0, "127.0.0.1", None).unwrap();
        Self { server, events: Vec::new(), clients: Vec::new() }
    }

    fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.server.local_port())
    }

    /// Starts to connect clients.
    fn connect(&mut self, count: usize) {
        for _ in 0..count {
            let mut room = MultiplayerPeer::new();
            room.create_client(&self.url(), None).unwrap();
            self.clients.push(TestClient::new(room));
        }
    }

    /// Connects clients and waits until they are peers.
    fn join(&mut self, count: usize) -> Vec<i32> {
        self.connect(count);
        self.drive("all connected", |test| {
            test.clients.iter().all(|client| client.room.status() == RoomStatus::Connected && !client.events.is_empty())
                && test.server.peers().len() == test.clients.len()
        });
        self.clients.iter().map(TestClient::id).collect()
    }

    fn poll(&mut self) {
        self.server.poll();
        self.events.extend(std::iter::from_fn(|| self.server.next_event()));
        for client in &mut self.clients {
            client.room.poll();
            client.events.extend(std::iter::from_fn(|| client.room.next_event()));
        }
    }

    fn drive(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = clock::now() + DEADLINE;
        while !done(self) {
            assert!(clock::now() < end, "in time: {what}");
            self.poll();
            std::thread::yield_now();
        }
    }
}

fn packets(room: &mut MultiplayerPeer) -> Vec<(i32, Vec<u8>)> {
    let mut all = Vec::new();
    while let Ok((source, packet)) = room.take_packet() {
        all.push((source, packet.to_vec()));
    }
    all
}

/// Connects a WebSocket peer, without a room, to the server.
fn plain_peer(test: &mut TestRoom) -> WebSocketPeer {
    let mut peer = WebSocketPeer::new();
    peer.connect_to_url(&test.url(), None).unwrap();
    test.drive("handshake", |_| {
        peer.poll();
        peer.state() == State::Open && peer.packet_count() > 0
    });
    peer
}

#[test]
fn ids_are_little_endian_in_one_binary_message_of_four_bytes() {
    let mut test = TestRoom::open();
    let mut peer = plain_peer(&mut test);
    let first = peer.take_packet().unwrap().to_vec();
    assert!(!peer.was_string_packet());
    let id = i32::from_le_bytes(first.try_into().unwrap());
    assert_eq!((test.server.peers(), test.events.clone()), (vec![id], vec![RoomEvent::Connected(id)]));
    assert!(id > SERVER_ID);
    peer.send(Text, b"as text").unwrap();
    peer.send(Binary, b"").unwrap();
    peer.send(Binary, b"as bytes").unwrap();
    peer.flush();
    test.drive("packets", |test| test.server.packet_count() == 2);
    assert_eq!(packets(&mut test.server), [(id, b"as text".to_vec()), (id, b"as bytes".to_vec())]);
}

#[test]
fn packets_reach_only_their_targets() {
    let mut test = TestRoom::open();
    let ids = test.join(3);
    for (target, payload) in [(0, "all"), (ids[1], "one"), (-ids[2], "not the third")] {
        test.server.set_target_peer(target);
        test.server.put_packet(payload.as_bytes()).unwrap();
    }
    test.server.put_packet(b"").unwrap();
    for unknown in [SERVER_ID, i32::MAX] {
        test.server.set_target_peer(unknown);
        assert_eq!(test.server.put_packet(b"x").unwrap_err().code(), ErrorCode::InvalidParameter);
    }
    let expected: [&[&str]; 3] = [&["all", "not the third"], &["all", "one", "not the third"], &["all"]];
    for (index, expected) in expected.iter().enumerate() {
        test.drive("packets", |test| test.clients[index].room.packet_count() == expected.len());
        let got = packets(&mut test.clients[index].room);
        assert_eq!(got, expected.iter().map(|text| (SERVER_ID, text.as_bytes().to_vec())).collect::<Vec<_>>());
        assert_eq!(test.clients[index].events, [RoomEvent::Connected(SERVER_ID)]);
    }
    test.clients[0].room.set_target_peer(ids[1]);
    test.clients[0].room.put_packet(b"to the server whatever the target").unwrap();
    test.drive("packet", |test| test.server.packet_count() == 1);
    assert_eq!(test.server.packet_peer(), Some(ids[0]));
    assert_eq!(packets(&mut test.server)[0].0, ids[0]);
}

#[test]
fn all_waiting_connections_are_accepted_in_one_poll() {
    let mut test = TestRoom::open();
    test.connect(40);
    let mut sent = 0;
    let end = clock::now() + DEADLINE;
    while sent < 40 {
        assert!(clock::now() < end);
        sent = 0;
        for client in &mut test.clients {
            client.room.poll();
            // The second poll of a loopback connection has written the request.
            sent += usize::from(
                client.room.with_peer(SERVER_ID, |peer| peer.raw_fd().is_some_and(|(_, waits)| !waits)).unwrap(),
            );
        }
    }
    test.server.poll();
    test.events.extend(std::iter::from_fn(|| test.server.next_event()));
    assert_eq!(test.server.peers().len(), 40, "one poll");
    assert_eq!(test.events.len(), 40);
}

#[test]
fn an_arrival_takes_effect_with_the_delivery_of_its_event() {
    let mut test = TestRoom::open();
    test.connect(2);
    let end = clock::now() + DEADLINE;
    while !(test.server.has_event() && test.server.peers().is_empty()) {
        assert!(clock::now() < end);
        test.server.poll();
        test.clients.iter_mut().for_each(|client| client.room.poll());
    }
    let Some(RoomEvent::Connected(first)) = test.server.next_event() else { panic!("an arrival") };
    assert_eq!(test.server.peers(), [first]);
}

#[test]
fn a_departure_has_a_reason_and_the_packets_before_it_stay_readable() {
    let mut test = TestRoom::open();
    let ids = test.join(2);
    test.clients[0].room.put_packet(b"last packet").unwrap();
    test.clients[0].room.close();
    assert_eq!((test.clients[0].room.status(), test.clients[0].id()), (RoomStatus::Disconnected, 0));
    test.drive("packet", |test| test.server.packet_count() == 1);
    assert!(!test.events.contains(&RoomEvent::Disconnected(ids[0])), "not before its packet could be read");
    let mut events = None;
    test.drive("departure", |test| {
        test.server.poll();
        events = test.server.next_event();
        events.is_some()
    });
    assert_eq!(events, Some(RoomEvent::Disconnected(ids[0])));
    assert_eq!(test.server.with_peer(ids[0], |peer| peer.close_code()), Some(1000));
    assert!(test.server.error_message().contains("closed with code 1000"));
    assert_eq!(test.server.next_event(), None);
    assert_eq!(test.server.with_peer(ids[0], |peer| peer.close_code()), None, "the peer was dropped");
    assert_eq!(test.server.peers(), [ids[1]]);
    assert_eq!(packets(&mut test.server), [(ids[0], b"last packet".to_vec())]);
}

#[test]
fn a_server_closes_with_1001_and_its_last_packets_stay_readable() {
    let mut test = TestRoom::open();
    test.join(2);
    test.server.put_packet(b"last").unwrap();
    test.server.close();
    assert_eq!((test.server.status(), test.server.local_port()), (RoomStatus::Disconnected, 0));
    test.drive("the end", |test| test.clients.iter().all(|client| client.room.status() == RoomStatus::Disconnected));
    for client in &mut test.clients {
        assert_eq!(client.events, [RoomEvent::Connected(SERVER_ID), RoomEvent::Disconnected(SERVER_ID)]);
        assert!(client.room.error_message().contains("1001"), "{}", client.room.error_message());
        assert_eq!(client.room.with_peer(SERVER_ID, |peer| peer.close_code()), Some(1001));
        assert_eq!(packets(&mut client.room), [(SERVER_ID, b"last".to_vec())]);
        assert_eq!(client.room.take_packet().unwrap_err().code(), ErrorCode::Unconfigured);
    }
}

#[test]
fn a_disconnected_peer_gets_1000_and_its_packets_are_dropped() {
    for force in [false, true] {
        let mut test = TestRoom::open();
        let id = test.join(1)[0];
        test.clients[0].room.put_packet(b"unread").unwrap();
        test.drive("packet", |test| test.server.packet_count() == 1);
        test.server.disconnect_peer(id, force).unwrap();
        assert_eq!((test.server.packet_count(), test.server.peers()), (0, vec![]));
        let _refused = test.clients[0].room.put_packet(b"late");
        test.clients[0].room.flush();
        test.server.put_packet(b"a departing peer does not make a broadcast fail").unwrap();
        test.drive("departure", |test| test.clients[0].room.status() == RoomStatus::Disconnected);
        assert!(test.clients[0].room.error_message().contains("1000"));
        let expected: &[RoomEvent] =
            if force { &[RoomEvent::Connected(id)] } else { &[RoomEvent::Connected(id), RoomEvent::Disconnected(id)] };
        test.drive("event", |test| test.events.len() >= expected.len());
        test.poll();
        assert_eq!((test.events.as_slice(), test.server.packet_count()), (expected, 0));
        assert_eq!(test.server.disconnect_peer(id, force).unwrap_err().code(), ErrorCode::InvalidParameter);
    }
}

#[test]
fn a_client_leaves_by_disconnecting_from_the_server() {
    let mut test = TestRoom::open();
    test.join(2);
    test.clients[0].room.disconnect_peer(SERVER_ID, true).unwrap();
    assert_eq!((test.clients[0].room.status(), test.clients[0].id()), (RoomStatus::Disconnected, 0));
    test.clients[1].room.disconnect_peer(SERVER_ID, false).unwrap();
    assert_eq!(test.clients[1].room.status(), RoomStatus::Connected);
    test.drive("both gone", |test| test.server.peers().is_empty());
    test.drive("event", |test| test.clients[1].events.len() == 2);
    assert_eq!(test.clients[0].events, [RoomEvent::Connected(SERVER_ID)]);
    let url = test.url();
    test.clients[0].room.create_client(&url, None).unwrap();
    test.drive("back", |test| test.clients[0].room.status() == RoomStatus::Connected);
}

#[test]
fn no_client_is_admitted_beyond_max_clients_or_while_refusing() {
    let mut test = TestRoom::with(|room| room.admission.set_max_clients(2));
    test.join(2);
    test.connect(1);
    test.drive("refused", |test| test.clients[2].room.status() == RoomStatus::Disconnected);
    assert!(test.clients[2].room.error_message().contains("full"), "{}", test.clients[2].room.error_message());
    test.clients[0].room.close();
    test.drive("left", |test| test.server.peers().len() == 1);
    test.server.admission.set_refuse_new_connections(true);
    let url = test.url();
    test.clients[2].room.create_client(&url, None).unwrap();
    test.drive("refused", |test| test.clients[2].room.status() == RoomStatus::Disconnected);
    test.server.admission.set_refuse_new_connections(false);
    test.clients[2].room.create_client(&url, None).unwrap();
    test.drive("admitted", |test| test.clients[2].room.status() == RoomStatus::Connected);
    assert_eq!(test.clients[2].events, [RoomEvent::Connected(SERVER_ID)]);
}

#[test]
fn a_missing_id_ends_the_attempt_after_the_timeout() {
    let mut listener = wspeer::peer::TcpServer::new();
    listener.listen(0, "127.0.0.1").unwrap();
    let mut room: MultiplayerPeer = MultiplayerPeer::new();
    room.create_client(&format!("ws://127.0.0.1:{}/", listener.local_port()), None).unwrap();
    let mut server = WebSocketPeer::new();
    let end = clock::now() + DEADLINE;
    while server.state() != State::Open {
        assert!(clock::now() < end);
        room.poll();
        if let Some(stream) = listener.take_connection() {
            server.accept_stream(Box::new(stream.socket().unwrap())).unwrap();
        }
        server.poll();
    }
    room.poll_at(clock::now() + Duration::from_secs(1));
    assert_eq!(room.status(), RoomStatus::Connecting);
    room.poll_at(clock::now() + Duration::from_secs(4));
    assert_eq!((room.status(), room.next_event()), (RoomStatus::Disconnected, None));
    assert!(room.error_message().contains("did not admit"), "{}", room.error_message());
    assert_eq!(
        room.with_peer(SERVER_ID, |peer| peer.state()),
        Some(State::Closed),
        "the connection still reports the reason"
    );
    room.close();
    assert_eq!(room.with_peer(SERVER_ID, |peer| peer.state()), None);
}

#[test]
fn an_invalid_id_ends_the_attempt() {
    for first in [&b"abc"[..], b"abcde", b"", &1i32.to_le_bytes(), &0i32.to_le_bytes(), &(-5i32).to_le_bytes()] {
        let mut listener = wspeer::peer::TcpServer::new();
        listener.listen(0, "127.0.0.1").unwrap();
        let mut room: MultiplayerPeer = MultiplayerPeer::new();
        room.create_client(&format!("ws://127.0.0.1:{}/", listener.local_port()), None).unwrap();
        let mut server = WebSocketPeer::new();
        let end = clock::now() + DEADLINE;
        let mut said = false;
        while room.status() == RoomStatus::Connecting || server.state() != State::Closed {
            assert!(clock::now() < end);
            room.poll();
            if let Some(stream) = listener.take_connection() {
                server.accept_stream(Box::new(stream.socket().unwrap())).unwrap();
            }
            server.poll();
            if server.state() == State::Open && !said {
                said = true;
                server.send(Binary, first).unwrap();
            }
        }
        assert_eq!((room.status(), room.next_event(), room.unique_id()), (RoomStatus::Disconnected, None, 0));
        assert_eq!(server.close_code(), 1000);
    }
}

#[test]
fn an_unfinished_handshake_is_dropped_after_the_timeout() {
    let mut test = TestRoom::open();
    let silent = std::net::TcpStream::connect(("127.0.0.1", test.server.local_port())).unwrap();
    silent.set_read_timeout(Some(DEADLINE)).unwrap();
    test.join(1);
    test.server.poll_at(clock::now() + Duration::from_secs(4));
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut &silent, &mut rest).unwrap();
    test.poll();
    assert_eq!(test.server.peers().len(), 1);
}

#[test]
fn a_silent_peer_is_disconnected_after_the_heartbeat_timeout() {
    let mut test = TestRoom::with(|room| room.options.set_heartbeat_interval(Duration::from_secs(1)).unwrap());
    test.join(1);
    let mut frozen = plain_peer(&mut test);
    let id = i32::from_le_bytes(frozen.take_packet().unwrap().try_into().unwrap());
    let start = clock::now();
    let mut now = start;
    let mut events = Vec::new();
    while events.is_empty() {
        now += Duration::from_millis(100);
        assert!(now < start + Duration::from_secs(4));
        test.server.poll_at(now);
        for client in &mut test.clients {
            client.room.poll();
        }
        test.server.poll_at(now);
        events.extend(std::iter::from_fn(|| test.server.next_event()));
        if events == [RoomEvent::Disconnected(id)] {
            assert!(test.server.error_message().contains("answered no ping"), "{}", test.server.error_message());
        }
    }
    assert_eq!(events, [RoomEvent::Disconnected(id)]);
    let client = test.clients[0].id();
    assert_eq!(test.server.peers(), [client]);
    assert!(test.server.round_trip(client).is_some());
}

#[test]
fn a_peer_that_sends_without_end_does_not_delay_the_others() {
    let mut test = TestRoom::with(|room| room.options.set_max_queued_packets(10));
    let ids = test.join(2);
    test.clients[0].room.options.set_max_queued_packets(1000);
    test.clients[0].room.with_peer(SERVER_ID, |peer| peer.options.set_max_queued_packets(1000));
    for i in 0..500u32 {
        test.clients[0].room.put_packet(&i.to_le_bytes()).unwrap();
    }
    test.clients[1].room.put_packet(b"hello").unwrap();
    test.drive("the quiet one", |test| test.server.packet_count() == 11);
    let mut got = Vec::new();
    test.drive("everything", |test| {
        assert!(test.server.packet_count() <= 11);
        got.extend(packets(&mut test.server));
        got.len() == 501
    });
    let mut numbers = got.iter().filter(|(id, _)| *id == ids[0]).map(|(_, bytes)| bytes.clone());
    assert!((0..500u32).all(|i| numbers.next() == Some(i.to_le_bytes().to_vec())));
}

#[test]
fn a_packet_that_one_peer_cannot_take_is_an_error_and_the_others_get_it() {
    let mut test = TestRoom::open();
    let ids = test.join(2);
    test.server.with_peer(ids[0], |peer| peer.options.set_outbound_buffer_size(4));
    let error = test.server.put_packet(b"too long for one").unwrap_err();
    assert_eq!(error.code(), ErrorCode::OutOfMemory);
    assert!(error.message().contains(&ids[0].to_string()));
    test.server.set_target_peer(ids[0]);
    assert_eq!(test.server.put_packet(b"12345").unwrap_err().code(), ErrorCode::OutOfMemory);
    test.server.put_packet(b"1234").unwrap();
    test.drive("packets", |test| test.clients.iter().all(|client| client.room.packet_count() == 1));
    assert_eq!(packets(&mut test.clients[0].room)[0].1, b"1234");
    assert_eq!(packets(&mut test.clients[1].room)[0].1, b"too long for one");
}

#[test]
fn a_burst_is_sent_by_a_flush() {
    let mut test = TestRoom::open();
    test.join(2);
    for _ in 0..10 {
        test.server.put_packet(b"burst").unwrap();
    }
    assert!(test.server.has_unflushed());
    test.server.flush();
    assert!(!test.server.has_unflushed());
    for client in &mut test.clients {
        client.room.poll();
        assert_eq!(packets(&mut client.room).len(), 10, "in the very next poll");
    }
}

#[test]
fn wrong_calls_are_refused_and_change_nothing() {
    let mut room: MultiplayerPeer = MultiplayerPeer::new();
    let code = |result: wspeer::error::Result| result.unwrap_err().code();
    assert_eq!(code(room.put_packet(b"x")), ErrorCode::Unconfigured);
    assert_eq!(room.take_packet().unwrap_err().code(), ErrorCode::Unconfigured);
    assert_eq!(code(room.disconnect_peer(1, false)), ErrorCode::InvalidParameter);
    for url in ["", "http://a/", "ws://"] {
        assert_eq!(code(room.create_client(url, None)), ErrorCode::InvalidParameter);
    }
    assert_eq!(code(room.create_server(0, "nowhere", None)), ErrorCode::InvalidParameter);
    for seconds in [0.0, -1.0, f64::NAN] {
        assert_eq!(code(room.options.set_handshake_timeout_from_seconds(seconds)), ErrorCode::InvalidParameter);
    }
    room.poll();
    room.close();
    assert_eq!((room.status(), room.unique_id(), room.next_event()), (RoomStatus::Disconnected, 0, None));
    room.create_server(0, "127.0.0.1", None).unwrap();
    assert_eq!((room.status(), room.unique_id()), (RoomStatus::Connected, SERVER_ID));
    assert_eq!(code(room.create_server(0, "127.0.0.1", None)), ErrorCode::AlreadyInUse);
    assert_eq!(code(room.create_client("ws://127.0.0.1:1/", None)), ErrorCode::AlreadyInUse);
    assert_eq!(room.take_packet().unwrap_err().code(), ErrorCode::Unavailable);
    room.put_packet(b"there is no peer").unwrap();
}

#[test]
fn compression_is_used_if_both_sides_enable_it() {
    for (here, there) in [(true, true), (true, false), (false, true)] {
        let mut test = TestRoom::with(|room| room.options.set_compression_enabled(here));
        let mut room = MultiplayerPeer::new();
        room.options.set_compression_enabled(there);
        room.create_client(&test.url(), None).unwrap();
        test.clients.push(TestClient::new(room));
        let id = test.join(0)[0];
        test.server.put_packet(&[b'a'; 4000]).unwrap();
        test.drive("packet", |test| test.clients[0].room.packet_count() == 1);
        assert_eq!(test.server.with_peer(id, |peer| peer.is_compression_active()), Some(here && there));
        assert_eq!(packets(&mut test.clients[0].room)[0].1, vec![b'a'; 4000]);
    }
}

#[test]
fn the_program_decides_about_requests_if_auto_accept_is_off() {
    let mut test = TestRoom::with(|room| room.options.set_auto_accept(false));
    test.connect(2);
    test.drive("both ask", |test| test.events.len() == 2);
    let asked: Vec<i32> =
        test.events.drain(..).map(|event| if let RoomEvent::Requested(id) = event { id } else { 0 }).collect();
    assert_eq!(test.server.peers(), []);
    test.poll();
    assert_eq!(test.events, [], "asked once");
    test.server.with_peer(asked[0], |peer| {
        assert_eq!(peer.request().unwrap().path_and_query(), ("/", ""));
        peer.reject_request(HttpAnswer::new(403).with_body("not today")).unwrap();
    });
    test.server.with_peer(asked[1], |peer| peer.accept_request(&[])).unwrap().unwrap();
    test.drive("one is in", |test| test.server.peers() == [asked[1]]);
    test.drive("one is out", |test| test.clients.iter().any(|client| client.room.status() == RoomStatus::Disconnected));
    let refused = test.clients.iter().find(|client| client.room.status() == RoomStatus::Disconnected).unwrap();
    assert!(refused.room.error_message().contains("403"), "{}", refused.room.error_message());
    test.connect(1);
    test.drive("asks", |test| test.events.len() == 2);
    let Some(&RoomEvent::Requested(id)) = test.events.last() else { panic!("a request") };
    test.server.disconnect_peer(id, false).unwrap();
    test.drive("turned away", |test| test.clients[2].room.status() == RoomStatus::Disconnected);
    assert!(test.clients[2].room.error_message().contains("403"), "{}", test.clients[2].room.error_message());
    assert_eq!(test.server.peers(), [asked[1]]);
}

#[test]
fn options_that_fail_every_handshake_are_refused_when_the_room_opens() {
    let mut room: MultiplayerPeer = MultiplayerPeer::new();
    room.options.set_handshake_headers(vec!["no colon".to_owned()]);
    assert_eq!(room.create_server(0, "127.0.0.1", None).unwrap_err().code(), ErrorCode::InvalidParameter);
    assert_eq!(room.create_client("ws://127.0.0.1:1/", None).unwrap_err().code(), ErrorCode::InvalidParameter);
    assert_eq!(room.status(), RoomStatus::Disconnected);
}
