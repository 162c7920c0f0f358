//! Rooms over real sockets.

use std::time::Duration;

use wspeer::error::ErrorCode;
use wspeer::net::clock;
use wspeer::peer::room::{MultiplayerPeer, RoomEvent, SERVER, Status};
use wspeer::peer::{State, WebSocketPeer};
use wspeer::proto::frame::MessageKind::{Binary, Text};
use wspeer::proto::handshake::HttpAnswer;

use crate::fixtures::DEADLINE;

/// A server, its clients, and what each was told.
struct Hall {
    server: MultiplayerPeer,
    told: Vec<RoomEvent>,
    clients: Vec<Guest>,
}

struct Guest {
    room: MultiplayerPeer,
    told: Vec<RoomEvent>,
}

impl Guest {
    fn new(room: MultiplayerPeer) -> Self {
        Self { room, told: Vec::new() }
    }

    fn id(&self) -> i32 {
        self.room.unique_id()
    }
}

impl Hall {
    fn open() -> Self {
        Self::with(|_| {})
    }

    fn with(settings: impl FnOnce(&mut MultiplayerPeer)) -> Self {
        let mut server = MultiplayerPeer::new();
        settings(&mut server);
        server.create_server(0, "127.0.0.1", None).unwrap();
        Self { server, told: Vec::new(), clients: Vec::new() }
    }

    fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.server.local_port())
    }

    /// Clients that are on their way.
    fn invite(&mut self, count: usize) {
        for _ in 0..count {
            let mut room = MultiplayerPeer::new();
            room.create_client(&self.url(), None).unwrap();
            self.clients.push(Guest::new(room));
        }
    }

    /// Clients that have arrived.
    fn admit(&mut self, count: usize) -> Vec<i32> {
        self.invite(count);
        self.drive("all admitted", |hall| {
            hall.clients.iter().all(|guest| guest.room.status() == Status::Connected && !guest.told.is_empty())
                && hall.server.peers().len() == hall.clients.len()
        });
        self.clients.iter().map(Guest::id).collect()
    }

    fn turn(&mut self) {
        self.server.poll();
        self.told.extend(std::iter::from_fn(|| self.server.next_event()));
        for guest in &mut self.clients {
            guest.room.poll();
            guest.told.extend(std::iter::from_fn(|| guest.room.next_event()));
        }
    }

    fn drive(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = clock::now() + DEADLINE;
        while !done(self) {
            assert!(clock::now() < end, "in time: {what}");
            self.turn();
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

/// A plain connection to the server of a hall.
fn stranger(hall: &mut Hall) -> WebSocketPeer {
    let mut peer = WebSocketPeer::new();
    peer.connect_to_url(&hall.url(), None).unwrap();
    hall.drive("stranger's handshake", |_| {
        peer.poll();
        peer.state() == State::Open && peer.packet_count() > 0
    });
    peer
}

#[test]
fn ids_are_little_endian_in_one_binary_message_of_four_bytes() {
    let mut hall = Hall::open();
    let mut peer = stranger(&mut hall);
    let first = peer.take_packet().unwrap().to_vec();
    assert!(!peer.was_string_packet());
    let id = i32::from_le_bytes(first.try_into().unwrap());
    assert_eq!((hall.server.peers(), hall.told.clone()), (vec![id], vec![RoomEvent::Connected(id)]));
    assert!(id > SERVER);
    peer.send(Text, b"as text").unwrap();
    peer.send(Binary, b"").unwrap();
    peer.send(Binary, b"as bytes").unwrap();
    peer.flush();
    hall.drive("packets", |hall| hall.server.packet_count() == 2);
    assert_eq!(packets(&mut hall.server), [(id, b"as text".to_vec()), (id, b"as bytes".to_vec())]);
}

#[test]
fn packets_reach_their_targets_and_no_one_else() {
    let mut hall = Hall::open();
    let ids = hall.admit(3);
    for (target, payload) in [(0, "all"), (ids[1], "one"), (-ids[2], "not the third")] {
        hall.server.set_target_peer(target);
        hall.server.put_packet(payload.as_bytes()).unwrap();
    }
    hall.server.put_packet(b"").unwrap();
    for stranger in [SERVER, i32::MAX] {
        hall.server.set_target_peer(stranger);
        assert_eq!(hall.server.put_packet(b"x").unwrap_err().code(), ErrorCode::InvalidParameter);
    }
    let expected: [&[&str]; 3] = [&["all", "not the third"], &["all", "one", "not the third"], &["all"]];
    for (index, expected) in expected.iter().enumerate() {
        hall.drive("packets", |hall| hall.clients[index].room.packet_count() == expected.len());
        let got = packets(&mut hall.clients[index].room);
        assert_eq!(got, expected.iter().map(|text| (SERVER, text.as_bytes().to_vec())).collect::<Vec<_>>());
        assert_eq!(hall.clients[index].told, [RoomEvent::Connected(SERVER)]);
    }
    hall.clients[0].room.set_target_peer(ids[1]);
    hall.clients[0].room.put_packet(b"to the server whatever the target").unwrap();
    hall.drive("packet", |hall| hall.server.packet_count() == 1);
    assert_eq!(hall.server.packet_peer(), Some(ids[0]));
    assert_eq!(packets(&mut hall.server)[0].0, ids[0]);
}

#[test]
fn all_waiting_connections_are_accepted_in_one_poll() {
    let mut hall = Hall::open();
    hall.invite(40);
    let mut sent = 0;
    let end = clock::now() + DEADLINE;
    while sent < 40 {
        assert!(clock::now() < end);
        sent = 0;
        for guest in &mut hall.clients {
            guest.room.poll();
            // The second poll of a loopback connection has written the request.
            sent +=
                usize::from(guest.room.about(SERVER, |peer| peer.raw_fd().is_some_and(|(_, waits)| !waits)).unwrap());
        }
    }
    hall.server.poll();
    hall.told.extend(std::iter::from_fn(|| hall.server.next_event()));
    assert_eq!(hall.server.peers().len(), 40, "one poll");
    assert_eq!(hall.told.len(), 40);
}

#[test]
fn an_arrival_takes_effect_when_it_is_told() {
    let mut hall = Hall::open();
    hall.invite(2);
    let end = clock::now() + DEADLINE;
    while !(hall.server.has_event() && hall.server.peers().is_empty()) {
        assert!(clock::now() < end);
        hall.server.poll();
        hall.clients.iter_mut().for_each(|guest| guest.room.poll());
    }
    let Some(RoomEvent::Connected(first)) = hall.server.next_event() else { panic!("an arrival") };
    assert_eq!(hall.server.peers(), [first]);
}

#[test]
fn who_leaves_is_told_with_the_reason_and_what_it_said_stays_readable() {
    let mut hall = Hall::open();
    let ids = hall.admit(2);
    hall.clients[0].room.put_packet(b"last words").unwrap();
    hall.clients[0].room.close();
    assert_eq!((hall.clients[0].room.status(), hall.clients[0].id()), (Status::Disconnected, 0));
    hall.drive("words", |hall| hall.server.packet_count() == 1);
    assert!(!hall.told.contains(&RoomEvent::Disconnected(ids[0])), "not before its words could be read");
    let mut told = None;
    hall.drive("departure", |hall| {
        hall.server.poll();
        told = hall.server.next_event();
        told.is_some()
    });
    assert_eq!(told, Some(RoomEvent::Disconnected(ids[0])));
    assert_eq!(hall.server.about(ids[0], |peer| peer.close_code()), Some(1000));
    assert!(hall.server.error_message().contains("closed with code 1000"));
    assert_eq!(hall.server.next_event(), None);
    assert_eq!(hall.server.about(ids[0], |peer| peer.close_code()), None, "forgotten");
    assert_eq!(hall.server.peers(), [ids[1]]);
    assert_eq!(packets(&mut hall.server), [(ids[0], b"last words".to_vec())]);
}

#[test]
fn a_server_that_closes_says_goodbye_and_its_last_packets_stay_readable() {
    let mut hall = Hall::open();
    hall.admit(2);
    hall.server.put_packet(b"goodbye").unwrap();
    hall.server.close();
    assert_eq!((hall.server.status(), hall.server.local_port()), (Status::Disconnected, 0));
    hall.drive("the end", |hall| hall.clients.iter().all(|guest| guest.room.status() == Status::Disconnected));
    for guest in &mut hall.clients {
        assert_eq!(guest.told, [RoomEvent::Connected(SERVER), RoomEvent::Disconnected(SERVER)]);
        assert!(guest.room.error_message().contains("1001"), "{}", guest.room.error_message());
        assert_eq!(guest.room.about(SERVER, |peer| peer.close_code()), Some(1001));
        assert_eq!(packets(&mut guest.room), [(SERVER, b"goodbye".to_vec())]);
        assert_eq!(guest.room.take_packet().unwrap_err().code(), ErrorCode::Unconfigured);
    }
}

#[test]
fn a_dismissed_peer_sees_1000_and_is_not_heard_any_more() {
    for force in [false, true] {
        let mut hall = Hall::open();
        let id = hall.admit(1)[0];
        hall.clients[0].room.put_packet(b"unread").unwrap();
        hall.drive("packet", |hall| hall.server.packet_count() == 1);
        hall.server.disconnect_peer(id, force).unwrap();
        assert_eq!((hall.server.packet_count(), hall.server.peers()), (0, vec![]));
        let _refused = hall.clients[0].room.put_packet(b"late");
        hall.clients[0].room.flush();
        hall.server.put_packet(b"who leaves is no error for everybody").unwrap();
        hall.drive("departure", |hall| hall.clients[0].room.status() == Status::Disconnected);
        assert!(hall.clients[0].room.error_message().contains("1000"));
        let expected: &[RoomEvent] =
            if force { &[RoomEvent::Connected(id)] } else { &[RoomEvent::Connected(id), RoomEvent::Disconnected(id)] };
        hall.drive("event", |hall| hall.told.len() >= expected.len());
        hall.turn();
        assert_eq!((hall.told.as_slice(), hall.server.packet_count()), (expected, 0));
        assert_eq!(hall.server.disconnect_peer(id, force).unwrap_err().code(), ErrorCode::InvalidParameter);
    }
}

#[test]
fn a_client_leaves_by_disconnecting_from_the_server() {
    let mut hall = Hall::open();
    hall.admit(2);
    hall.clients[0].room.disconnect_peer(SERVER, true).unwrap();
    assert_eq!((hall.clients[0].room.status(), hall.clients[0].id()), (Status::Disconnected, 0));
    hall.clients[1].room.disconnect_peer(SERVER, false).unwrap();
    assert_eq!(hall.clients[1].room.status(), Status::Connected);
    hall.drive("both gone", |hall| hall.server.peers().is_empty());
    hall.drive("told", |hall| hall.clients[1].told.len() == 2);
    assert_eq!(hall.clients[0].told, [RoomEvent::Connected(SERVER)]);
    let url = hall.url();
    hall.clients[0].room.create_client(&url, None).unwrap();
    hall.drive("back", |hall| hall.clients[0].room.status() == Status::Connected);
}

#[test]
fn nobody_is_admitted_beyond_the_places_or_while_refusing() {
    let mut hall = Hall::with(|room| room.admission.set_max_clients(2));
    hall.admit(2);
    hall.invite(1);
    hall.drive("refused", |hall| hall.clients[2].room.status() == Status::Disconnected);
    assert!(hall.clients[2].room.error_message().contains("full"), "{}", hall.clients[2].room.error_message());
    hall.clients[0].room.close();
    hall.drive("left", |hall| hall.server.peers().len() == 1);
    hall.server.admission.set_refuse_new_connections(true);
    let url = hall.url();
    hall.clients[2].room.create_client(&url, None).unwrap();
    hall.drive("refused", |hall| hall.clients[2].room.status() == Status::Disconnected);
    hall.server.admission.set_refuse_new_connections(false);
    hall.clients[2].room.create_client(&url, None).unwrap();
    hall.drive("admitted", |hall| hall.clients[2].room.status() == Status::Connected);
    assert_eq!(hall.clients[2].told, [RoomEvent::Connected(SERVER)]);
}

#[test]
fn an_id_that_never_comes_ends_the_attempt() {
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
    assert_eq!(room.status(), Status::Connecting);
    room.poll_at(clock::now() + Duration::from_secs(4));
    assert_eq!((room.status(), room.next_event()), (Status::Disconnected, None));
    assert!(room.error_message().contains("did not admit"), "{}", room.error_message());
    assert_eq!(room.about(SERVER, |peer| peer.state()), Some(State::Closed), "it can still be asked");
    room.close();
    assert_eq!(room.about(SERVER, |peer| peer.state()), None);
}

#[test]
fn a_first_message_that_is_no_id_ends_the_attempt() {
    for first in [&b"abc"[..], b"abcde", b"", &1i32.to_le_bytes(), &0i32.to_le_bytes(), &(-5i32).to_le_bytes()] {
        let mut listener = wspeer::peer::TcpServer::new();
        listener.listen(0, "127.0.0.1").unwrap();
        let mut room: MultiplayerPeer = MultiplayerPeer::new();
        room.create_client(&format!("ws://127.0.0.1:{}/", listener.local_port()), None).unwrap();
        let mut server = WebSocketPeer::new();
        let end = clock::now() + DEADLINE;
        let mut said = false;
        while room.status() == Status::Connecting || server.state() != State::Closed {
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
        assert_eq!((room.status(), room.next_event(), room.unique_id()), (Status::Disconnected, None, 0));
        assert_eq!(server.close_code(), 1000);
    }
}

#[test]
fn who_finishes_no_handshake_is_dropped_in_time() {
    let mut hall = Hall::open();
    let silent = std::net::TcpStream::connect(("127.0.0.1", hall.server.local_port())).unwrap();
    silent.set_read_timeout(Some(DEADLINE)).unwrap();
    hall.admit(1);
    hall.server.poll_at(clock::now() + Duration::from_secs(4));
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut &silent, &mut rest).unwrap();
    hall.turn();
    assert_eq!(hall.server.peers().len(), 1);
}

#[test]
fn a_silent_peer_is_told_within_the_heartbeats_timeout() {
    let mut hall = Hall::with(|room| room.options.set_heartbeat_interval(Duration::from_secs(1)).unwrap());
    hall.admit(1);
    let mut frozen = stranger(&mut hall);
    let id = i32::from_le_bytes(frozen.take_packet().unwrap().try_into().unwrap());
    let start = clock::now();
    let mut now = start;
    let mut told = Vec::new();
    while told.is_empty() {
        now += Duration::from_millis(100);
        assert!(now < start + Duration::from_secs(4));
        hall.server.poll_at(now);
        for guest in &mut hall.clients {
            guest.room.poll();
        }
        hall.server.poll_at(now);
        told.extend(std::iter::from_fn(|| hall.server.next_event()));
        if told == [RoomEvent::Disconnected(id)] {
            assert!(hall.server.error_message().contains("answered no ping"), "{}", hall.server.error_message());
        }
    }
    assert_eq!(told, [RoomEvent::Disconnected(id)]);
    let guest = hall.clients[0].id();
    assert_eq!(hall.server.peers(), [guest]);
    assert!(hall.server.round_trip(guest).is_some());
}

#[test]
fn one_that_sends_without_end_does_not_hold_up_the_others() {
    let mut hall = Hall::with(|room| room.options.set_max_queued_packets(10));
    let ids = hall.admit(2);
    hall.clients[0].room.options.set_max_queued_packets(1000);
    hall.clients[0].room.about(SERVER, |peer| peer.options.set_max_queued_packets(1000));
    for i in 0..500u32 {
        hall.clients[0].room.put_packet(&i.to_le_bytes()).unwrap();
    }
    hall.clients[1].room.put_packet(b"hello").unwrap();
    hall.drive("the quiet one", |hall| hall.server.packet_count() == 11);
    let mut got = Vec::new();
    hall.drive("everything", |hall| {
        assert!(hall.server.packet_count() <= 11);
        got.extend(packets(&mut hall.server));
        got.len() == 501
    });
    let mut numbers = got.iter().filter(|(id, _)| *id == ids[0]).map(|(_, bytes)| bytes.clone());
    assert!((0..500u32).all(|i| numbers.next() == Some(i.to_le_bytes().to_vec())));
}

#[test]
fn a_packet_that_cannot_be_sent_is_an_error_and_the_others_get_it() {
    let mut hall = Hall::open();
    let ids = hall.admit(2);
    hall.server.about(ids[0], |peer| peer.options.set_outbound_buffer_size(4));
    let error = hall.server.put_packet(b"too long for one").unwrap_err();
    assert_eq!(error.code(), ErrorCode::OutOfMemory);
    assert!(error.message().contains(&ids[0].to_string()));
    hall.server.set_target_peer(ids[0]);
    assert_eq!(hall.server.put_packet(b"12345").unwrap_err().code(), ErrorCode::OutOfMemory);
    hall.server.put_packet(b"1234").unwrap();
    hall.drive("packets", |hall| hall.clients.iter().all(|guest| guest.room.packet_count() == 1));
    assert_eq!(packets(&mut hall.clients[0].room)[0].1, b"1234");
    assert_eq!(packets(&mut hall.clients[1].room)[0].1, b"too long for one");
}

#[test]
fn a_burst_leaves_with_the_flush() {
    let mut hall = Hall::open();
    hall.admit(2);
    for _ in 0..10 {
        hall.server.put_packet(b"burst").unwrap();
    }
    assert!(hall.server.has_unflushed());
    hall.server.flush();
    assert!(!hall.server.has_unflushed());
    for guest in &mut hall.clients {
        guest.room.poll();
        assert_eq!(packets(&mut guest.room).len(), 10, "in the very next poll");
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
    assert_eq!(code(room.create_server(70_000, "*", None)), ErrorCode::InvalidParameter);
    assert_eq!(code(room.create_server(0, "nowhere", None)), ErrorCode::InvalidParameter);
    for seconds in [0.0, -1.0, f64::NAN] {
        assert_eq!(code(room.options.set_handshake_timeout_from_seconds(seconds)), ErrorCode::InvalidParameter);
    }
    room.poll();
    room.close();
    assert_eq!((room.status(), room.unique_id(), room.next_event()), (Status::Disconnected, 0, None));
    room.create_server(0, "127.0.0.1", None).unwrap();
    assert_eq!((room.status(), room.unique_id()), (Status::Connected, SERVER));
    assert_eq!(code(room.create_server(0, "127.0.0.1", None)), ErrorCode::AlreadyInUse);
    assert_eq!(code(room.create_client("ws://127.0.0.1:1/", None)), ErrorCode::AlreadyInUse);
    assert_eq!(room.take_packet().unwrap_err().code(), ErrorCode::Unavailable);
    room.put_packet(b"nobody is there").unwrap();
}

#[test]
fn compression_is_used_where_both_ends_have_it() {
    for (here, there) in [(true, true), (true, false), (false, true)] {
        let mut hall = Hall::with(|room| room.options.set_compression_enabled(here));
        let mut room = MultiplayerPeer::new();
        room.options.set_compression_enabled(there);
        room.create_client(&hall.url(), None).unwrap();
        hall.clients.push(Guest::new(room));
        let id = hall.admit(0)[0];
        hall.server.put_packet(&[b'a'; 4000]).unwrap();
        hall.drive("packet", |hall| hall.clients[0].room.packet_count() == 1);
        assert_eq!(hall.server.about(id, |peer| peer.is_compression_active()), Some(here && there));
        assert_eq!(packets(&mut hall.clients[0].room)[0].1, vec![b'a'; 4000]);
    }
}

#[test]
fn the_program_sees_the_request_and_decides() {
    let mut hall = Hall::with(|room| room.options.set_auto_accept(false));
    hall.invite(2);
    hall.drive("both ask", |hall| hall.told.len() == 2);
    let asked: Vec<i32> =
        hall.told.drain(..).map(|event| if let RoomEvent::Requested(id) = event { id } else { 0 }).collect();
    assert_eq!(hall.server.peers(), []);
    hall.turn();
    assert_eq!(hall.told, [], "asked once");
    hall.server.about(asked[0], |peer| {
        assert_eq!(peer.request().unwrap().path_and_query(), ("/", ""));
        peer.reject_request(HttpAnswer::new(403).with_body("not today")).unwrap();
    });
    hall.server.about(asked[1], |peer| peer.accept_request(&[])).unwrap().unwrap();
    hall.drive("one is in", |hall| hall.server.peers() == [asked[1]]);
    hall.drive("one is out", |hall| hall.clients.iter().any(|guest| guest.room.status() == Status::Disconnected));
    let refused = hall.clients.iter().find(|guest| guest.room.status() == Status::Disconnected).unwrap();
    assert!(refused.room.error_message().contains("403"), "{}", refused.room.error_message());
    hall.invite(1);
    hall.drive("asks", |hall| hall.told.len() == 2);
    let Some(&RoomEvent::Requested(id)) = hall.told.last() else { panic!("a request") };
    hall.server.disconnect_peer(id, false).unwrap();
    hall.drive("turned away", |hall| hall.clients[2].room.status() == Status::Disconnected);
    assert!(hall.clients[2].room.error_message().contains("403"), "{}", hall.clients[2].room.error_message());
    assert_eq!(hall.server.peers(), [asked[1]]);
}

#[test]
fn settings_that_make_every_handshake_impossible_are_refused_at_the_beginning() {
    let mut room: MultiplayerPeer = MultiplayerPeer::new();
    room.options.set_handshake_headers(vec!["no colon".to_owned()]);
    assert_eq!(room.create_server(0, "127.0.0.1", None).unwrap_err().code(), ErrorCode::InvalidParameter);
    assert_eq!(room.create_client("ws://127.0.0.1:1/", None).unwrap_err().code(), ErrorCode::InvalidParameter);
    assert_eq!(room.status(), Status::Disconnected);
}
