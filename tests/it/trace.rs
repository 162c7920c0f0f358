//! Rules of the trace; a binary of its own, because a trace covers all peers of its process.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the other tests")]
mod fixtures;

use fixtures::{Pair, Raw, frame, packets, until};
use parking_lot::{Mutex, MutexGuard};
use wspeer::limits::{TRACE_EVENTS, TRACE_PREVIEW};
use wspeer::peer::room::RoomStatus;
use wspeer::peer::server::Server;
use wspeer::peer::trace::{self, Direction, PeerClass, TraceEvent, TraceEventKind, TraceSubscriber};
use wspeer::peer::{Client, ClientStatus, ConnectParameters, ListenParameters, MultiplayerPeer, State, WebSocketPeer};
use wspeer::proto::Role;
use wspeer::proto::frame::MessageKind::{Binary, Text};

/// Held by each test, because subscribers of another one would keep the trace on.
fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock()
}

fn events(subscriber: &mut TraceSubscriber) -> Vec<TraceEvent> {
    std::iter::from_fn(|| subscriber.next_event()).collect()
}

fn of(events: &[TraceEvent], peer: u64) -> Vec<(Direction, TraceEventKind, usize, String)> {
    let preview = |event: &TraceEvent| String::from_utf8_lossy(&event.preview).into_owned();
    let wanted = events.iter().filter(|event| event.peer == peer);
    wanted.map(|event| (event.direction, event.kind, event.size, preview(event))).collect()
}

#[test]
fn rows_show_both_peers_as_they_are() {
    let _alone = alone();
    let subscriber = TraceSubscriber::to_peers();
    let compressed = |peer: &mut WebSocketPeer| {
        peer.options.set_compression_enabled(true);
        peer.options.set_supported_protocols(vec!["chat".to_owned()]);
    };
    let mut pair = Pair::with(compressed, |peer| {
        compressed(peer);
        peer.set_trace_class(PeerClass::Server);
    });
    pair.client.ping(b"").unwrap();
    pair.client.send(Text, "long ".repeat(400).as_bytes()).unwrap();
    pair.client.send(Binary, b"12345").unwrap();
    pair.drive("messages and a pong", |pair| pair.server.packet_count() == 2 && pair.client.round_trip().is_some());
    let (client, server) = (pair.client.trace_id(), pair.server.trace_id());
    assert_ne!(client, server);

    let rows = trace::peers();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [client, server]);
    assert_eq!(rows[0].url, pair.client.requested_url());
    assert_eq!(rows[1].url, pair.client.requested_url());
    assert_eq!((rows[0].role, rows[1].role), (Some(Role::Client), Some(Role::Server)));
    assert_eq!((rows[0].class, rows[1].class), (PeerClass::Peer, PeerClass::Server));
    for row in &rows {
        assert_eq!(row.state, State::Open);
        assert_eq!(row.protocol, "chat");
        assert!(row.is_compressed && row.compression_ratio.unwrap() < 0.2);
        assert!(row.remote.unwrap().ip().is_loopback());
    }
    assert_eq!((rows[0].traffic.sent.messages, rows[0].traffic.sent.bytes), (2, 2005));
    assert_eq!(rows[1].traffic.received, rows[0].traffic.sent);
    assert_eq!((rows[1].inbound_messages, rows[1].inbound_bytes), (2, 2005));
    assert!(rows[0].round_trip.is_some() && rows[1].round_trip.is_none());
    assert_eq!(trace::connection_count(), 2);
    assert_eq!(trace::peer_after(client).unwrap().id, server);
    assert!(trace::peer_after(server).is_none());
    assert!(trace::peer_after(u64::MAX).is_none());

    packets(&mut pair.server);
    pair.client.close(-1, "").unwrap();
    drop(pair.client);
    until("the end", || {
        pair.server.poll();
        pair.server.state() == State::Closed
    });
    let rows = trace::peers();
    assert_eq!((rows.len(), rows[0].id, rows[0].state), (1, server, State::Closed));
    assert_eq!(rows[0].failure, pair.server.error_message());
    assert!(!rows[0].failure.is_empty());
    assert_eq!((rows[0].inbound_messages, rows[0].traffic.received.bytes), (0, 2005));
    drop(pair.server);
    assert!(trace::peers().is_empty());
    drop(subscriber);
}

#[test]
fn the_log_has_every_message_with_its_direction() {
    let _alone = alone();
    let mut subscriber = TraceSubscriber::to_messages();
    let mut pair = Pair::open();
    pair.client.send(Text, b"hello").unwrap();
    pair.client.send(Binary, &[0xff; 300]).unwrap();
    pair.client.ping(b"beat").unwrap();
    pair.drive("messages and the pong", |pair| pair.server.packet_count() == 2 && pair.client.round_trip().is_some());
    packets(&mut pair.server);
    pair.server.send(Text, b"answer").unwrap();
    pair.drive("the answer", |pair| pair.client.packet_count() == 1);
    pair.server.close(4001, "done").unwrap();
    pair.drive("the close", |pair| pair.client.state() == State::Closed && pair.server.state() == State::Closed);

    let all = events(&mut subscriber);
    let shown = |log: &[(Direction, TraceEventKind, usize, String)]| {
        log.iter().filter(|event| event.1 != TraceEventKind::Handshake).cloned().collect::<Vec<_>>()
    };
    let client = of(&all, pair.client.trace_id());
    let (sent, received) = (Direction::Sent, Direction::Received);
    let part = "\u{fffd}".repeat(TRACE_PREVIEW);
    assert_eq!(
        shown(&client),
        [
            (sent, TraceEventKind::Text, 5, "hello".to_owned()),
            (sent, TraceEventKind::Binary, 300, part.clone()),
            (sent, TraceEventKind::Ping, 4, "beat".to_owned()),
            (received, TraceEventKind::Pong, 4, "beat".to_owned()),
            (received, TraceEventKind::Text, 6, "answer".to_owned()),
            (received, TraceEventKind::Close, 6, "4001 done".to_owned()),
        ]
    );
    assert_eq!((client[0].0, client[0].1, client[1].0), (sent, TraceEventKind::Handshake, received));
    assert!(client[0].3.starts_with("GET /path HTTP/1.1\r\n") && client[0].3.contains("Sec-WebSocket-Key: ***\r\n"));
    assert!(client[1].3.starts_with("HTTP/1.1 101 "));
    let server = of(&all, pair.server.trace_id());
    assert_eq!((server[0].0, server[1].0), (received, sent));
    assert_eq!((&server[0].3, &server[1].3), (&client[0].3, &client[1].3));
    let kinds: Vec<_> = shown(&server).iter().map(|event| (event.0, event.1)).collect();
    let expected = [
        (received, TraceEventKind::Text),
        (received, TraceEventKind::Binary),
        (received, TraceEventKind::Ping),
        (sent, TraceEventKind::Text),
        (sent, TraceEventKind::Close),
        (received, TraceEventKind::Close),
    ];
    assert_eq!(kinds.len(), expected.len());
    assert!(expected.iter().all(|event| kinds.contains(event)), "{kinds:?}");
    assert!(all.windows(2).all(|two| two[0].time <= two[1].time));
    assert_eq!(subscriber.take_missed(), 0);
}

#[test]
fn failures_and_violations_are_logged() {
    let _alone = alone();
    let mut subscriber = TraceSubscriber::to_messages();
    let mut raw = Raw::server();
    raw.write(&frame(0x81, false, b"unmasked"));
    raw.poll_until("the violation", |peer| peer.state() == State::Closed);
    let all = of(&events(&mut subscriber), raw.peer.trace_id());
    let kinds: Vec<_> = all[2..].iter().map(|event| (event.0, event.1)).collect();
    assert_eq!(kinds, [(Direction::Sent, TraceEventKind::Close), (Direction::Received, TraceEventKind::Failure)]);
    assert!(all[2].3.starts_with("1002 "));
    assert_eq!(all[3].3, format!("websocket: {}", raw.peer.error_message()));
}

#[test]
fn a_preview_size_of_zero_keeps_contents_out() {
    let _alone = alone();
    let mut subscriber = TraceSubscriber::to_messages();
    trace::set_preview_size(0);
    let mut pair = Pair::open();
    pair.client.send(Text, b"secret").unwrap();
    pair.drive("the message", |pair| pair.server.packet_count() == 1);
    trace::set_preview_size(usize::MAX);
    assert_eq!(trace::preview_size(), wspeer::limits::MAX_TRACE_PREVIEW);
    trace::set_preview_size(TRACE_PREVIEW);
    let all = events(&mut subscriber);
    assert!(all.iter().any(|event| (event.kind, event.size) == (TraceEventKind::Text, 6)));
    assert!(all.iter().all(|event| event.preview.is_empty()));
}

#[test]
fn a_late_subscriber_gets_the_number_of_missed_events() {
    let _alone = alone();
    let mut early = TraceSubscriber::to_messages();
    let mut pair = Pair::open();
    let total = TRACE_EVENTS as u32 + 100;
    pair.client.options.set_outbound_buffer_size(0);
    pair.client.options.set_max_queued_packets(usize::MAX);
    let before = events(&mut early).len();
    assert_eq!(before, 4, "two peers, two HTTP heads each");
    let mut late = TraceSubscriber::to_messages();
    for i in 0..total {
        pair.client.send(Binary, &i.to_be_bytes()).unwrap();
    }
    let seen = events(&mut late);
    assert_eq!(seen.len(), TRACE_EVENTS);
    assert_eq!(late.take_missed(), 100);
    assert_eq!(late.take_missed(), 0);
    assert_eq!(*seen.last().unwrap().preview, (total - 1).to_be_bytes());
    assert_eq!(events(&mut early).len(), TRACE_EVENTS, "each subscriber has its own position");
}

#[test]
fn nothing_is_kept_without_a_subscriber() {
    let _alone = alone();
    let mut pair = Pair::open();
    pair.client.send(Text, b"untraced").unwrap();
    pair.drive("the message", |pair| pair.server.packet_count() == 1);
    assert!(trace::peers().is_empty());
    let before = trace::totals();

    let mut subscriber = TraceSubscriber::to_messages();
    pair.client.poll();
    assert!(events(&mut subscriber).is_empty());
    let rows = trace::peers();
    assert_eq!((rows.len(), rows[0].traffic.sent.messages), (1, 1), "rows include earlier traffic");
    assert_eq!(trace::totals(), before, "totals do not");
    pair.client.send(Text, b"after").unwrap();
    pair.client.poll();
    assert_eq!(trace::totals().sent.bytes - before.sent.bytes, 5);
    drop(subscriber);
    assert!(trace::peers().is_empty());
    let mut again = TraceSubscriber::to_messages();
    assert!(events(&mut again).is_empty());
}

#[test]
fn a_refused_request_is_logged() {
    let _alone = alone();
    let mut subscriber = TraceSubscriber::to_messages();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = WebSocketPeer::new();
    let url = format!("ws://me:word@127.0.0.1:{}/?token=x", server.local_addr().unwrap().port());
    peer.connect_to_url(&url, None).unwrap();
    peer.poll();
    let (socket, _) = server.accept().unwrap();
    std::io::Write::write_all(&mut &socket, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
    until("the refusal", || {
        peer.poll();
        peer.state() == State::Closed
    });
    let all = of(&events(&mut subscriber), peer.trace_id());
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].3.starts_with("GET /?token=*** HTTP/1.1\r\n"));
    assert!(all[0].3.contains("Authorization: ***\r\n"));
    assert_eq!(all[1].1, TraceEventKind::Failure);
    assert!(all[1].3.contains("403"));
    let row = &trace::peers()[0];
    assert!(row.url.starts_with("ws://me:***@127.0.0.1:") && row.url.ends_with("/?token=***"));
}

#[test]
fn connections_of_rooms_have_their_class() {
    let _alone = alone();
    let mut subscriber = TraceSubscriber::to_messages();
    let mut server: MultiplayerPeer = MultiplayerPeer::new();
    let mut client: MultiplayerPeer = MultiplayerPeer::new();
    server.create_server(0, "127.0.0.1", None).unwrap();
    client.create_client(&format!("ws://127.0.0.1:{}/", server.local_port()), None).unwrap();
    until("the room", || {
        server.poll();
        client.poll();
        trace::connection_count() == 2 && client.status() == RoomStatus::Connected
    });
    let rows = trace::peers();
    assert!(rows.iter().all(|row| row.class == PeerClass::Multiplayer), "{rows:?}");
    let greeting = events(&mut subscriber).into_iter().find(|event| event.kind == TraceEventKind::Binary).unwrap();
    assert_eq!((greeting.direction, greeting.size), (Direction::Sent, 4), "the server sends the client's id");
}

#[test]
fn connections_of_clients_and_servers_have_their_class() {
    let _alone = alone();
    let mut subscriber = TraceSubscriber::to_messages();
    let (mut server, mut client) = (Server::new(), Client::new());
    server.listen(0, ListenParameters::default()).unwrap();
    client.connect_to_url(&format!("ws://127.0.0.1:{}/", server.local_port()), ConnectParameters::default()).unwrap();
    until("the connection", || {
        server.poll();
        client.poll();
        while server.next_event().is_some() || client.next_event().is_some() {}
        trace::connection_count() == 2 && client.status() == ClientStatus::Connected
    });
    let classes: Vec<_> = trace::peers().iter().map(|row| (row.class, row.role)).collect();
    assert!(classes.contains(&(PeerClass::Client, Some(Role::Client))), "{classes:?}");
    assert!(classes.contains(&(PeerClass::Server, Some(Role::Server))), "{classes:?}");
    server.send_to(0, Text, b"to all").unwrap();
    let sent = events(&mut subscriber).into_iter().find(|event| event.kind == TraceEventKind::Text).unwrap();
    assert_eq!((sent.direction, &*sent.preview), (Direction::Sent, &b"to all"[..]));
}
