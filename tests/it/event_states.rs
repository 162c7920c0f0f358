//! What a program can read from an object when an event was delivered: the state is that of the event.

use std::net::TcpListener;

use wspeer::peer::room::{MultiplayerPeer, RoomEvent, RoomStatus};
use wspeer::peer::{Client, ClientStatus, ConnectParameters, PeerEvent, SERVER_ID};

use crate::fixtures::until;
use crate::world::{BINARY, World};

fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The status that belongs to a client's event; `None` for one that changes nothing.
fn status_of(event: &PeerEvent) -> Option<ClientStatus> {
    match event {
        PeerEvent::Opened { .. }
        | PeerEvent::PeerConnected { .. }
        | PeerEvent::ConnectionSucceeded
        | PeerEvent::Reconnected
        | PeerEvent::Message { .. }
        | PeerEvent::Packet { .. }
        | PeerEvent::CloseRequest { .. } => Some(ClientStatus::Connected),
        PeerEvent::Failed { .. }
        | PeerEvent::Closed { .. }
        | PeerEvent::PeerDisconnected { id: SERVER_ID }
        | PeerEvent::ServerDisconnected
        | PeerEvent::ConnectionFailed { .. } => Some(ClientStatus::Disconnected),
        PeerEvent::Reconnecting { .. } => Some(ClientStatus::Connecting),
        _ => None,
    }
}

/// Takes a client's events, and compares its state after each.
fn check_events(client: &mut Client, kinds: &mut Vec<String>) {
    while let Some(event) = client.next_event() {
        if let Some(status) = status_of(&event) {
            assert_eq!(client.status(), status, "after {event:?}, {kinds:?} before");
        }
        let is_connected = client.status() == ClientStatus::Connected;
        match event {
            PeerEvent::PeerConnected { id } => assert!(client.peer_ids().contains(&id), "{event:?}"),
            PeerEvent::PeerDisconnected { id } => assert!(!client.peer_ids().contains(&id), "{event:?}"),
            PeerEvent::Message { .. } => assert!(client.packet_count() > 0),
            PeerEvent::Packet { id } => {
                assert!(client.waiting_packets() > 0);
                assert_eq!(client.packet_source(), Some(id));
            }
            _ => {}
        }
        assert!(is_connected || client.peer_ids().is_empty() || client.is_multiplayer(), "{event:?}");
        let text = format!("{event:?}");
        kinds.push(text.split([' ', '(']).next().unwrap_or_default().to_owned());
    }
}

#[test]
fn a_client_has_the_status_of_each_event() {
    for is_multiplayer in [false, true] {
        let mut world = World::listening(&[], is_multiplayer, |_| {});
        let mut client = Client::new();
        client
            .set_reconnect_options(|options| {
                options.set_enabled(true);
                options.set_delay_from_seconds(0.01)
            })
            .unwrap();
        let mut kinds = Vec::new();
        let parameters = ConnectParameters { gd_mp_api: is_multiplayer, ..ConnectParameters::default() };
        let url = format!("ws://127.0.0.1:{}", closed_port());
        client.connect_to_url(&url, parameters.clone()).unwrap();
        until("the failure", || {
            client.poll();
            check_events(&mut client, &mut kinds);
            kinds.len() == 2
        });
        client.disconnect_from_host(1000, "").unwrap();
        client.connect_to_url(&world.url(), parameters).unwrap();
        let mut is_dropped = false;
        until("the loss and the new connection", || {
            world.round();
            client.poll();
            check_events(&mut client, &mut kinds);
            if let Some(id) = world.server.peer_ids().first().copied()
                && !is_dropped
                && client.status() == ClientStatus::Connected
            {
                if is_multiplayer {
                    world.server.set_target_peer(id);
                    world.server.put_packet(b"one").unwrap();
                } else {
                    world.server.send(id, BINARY, b"one").unwrap();
                }
                world.server.disconnect_peer(id, 1012, "").unwrap();
                is_dropped = true;
            }
            kinds.last().is_some_and(|kind| kind == "Reconnected")
        });
        let expected: &[&str] = match is_multiplayer {
            false => {
                &["Failed", "Reconnecting", "Opened", "Message", "CloseRequest", "Closed", "Reconnecting", "Opened"]
            }
            true => &[
                "ConnectionFailed",
                "Reconnecting",
                "PeerConnected",
                "ConnectionSucceeded",
                "Packet",
                "CloseRequest",
                "PeerDisconnected",
                "ServerDisconnected",
                "ConnectionFailed",
                "Reconnecting",
                "PeerConnected",
                "ConnectionSucceeded",
            ],
        };
        assert_eq!(kinds[..kinds.len() - 1], *expected);
    }
}

#[test]
fn peers_are_listed_from_the_delivery_of_their_event_on() {
    let mut world = World::multiplayer();
    let first = world.join();
    let mut client = Client::new();
    let parameters = ConnectParameters { gd_mp_api: true, ..ConnectParameters::default() };
    client.connect_to_url(&world.url(), parameters).unwrap();
    until("both introductions", || {
        world.round();
        client.poll();
        client.event_count() == 3
    });
    assert_eq!(client.peer_ids(), []);
    assert_eq!(client.next_event(), Some(PeerEvent::PeerConnected { id: SERVER_ID }));
    assert_eq!(client.peer_ids(), [SERVER_ID]);
    assert_eq!(client.next_event(), Some(PeerEvent::ConnectionSucceeded));
    assert_eq!(client.next_event(), Some(PeerEvent::PeerConnected { id: world.id(first) }));
    assert_eq!(client.peer_ids(), [SERVER_ID, world.id(first)]);
}

#[test]
fn a_client_of_a_room_is_disconnected_from_the_departure_of_its_server_on() {
    let mut server: MultiplayerPeer = MultiplayerPeer::new();
    server.create_server(0, "127.0.0.1", None).unwrap();
    let url = format!("ws://127.0.0.1:{}", server.local_port());
    let mut client: MultiplayerPeer = MultiplayerPeer::new();
    client.create_client(&url, None).unwrap();
    until("the arrival", || {
        server.poll();
        client.poll();
        let _events = std::iter::from_fn(|| server.next_event()).count();
        client.has_event()
    });
    assert_eq!(client.next_event(), Some(RoomEvent::Connected(SERVER_ID)));
    let id = client.unique_id();
    assert_eq!((client.status(), client.peers()), (RoomStatus::Connected, vec![SERVER_ID]));
    server.disconnect_peer(id, false).unwrap();
    until("the departure", || {
        server.poll();
        client.poll();
        client.has_event()
    });
    assert_eq!(client.next_event(), Some(RoomEvent::Disconnected(SERVER_ID)));
    assert_eq!((client.status(), client.peers(), client.unique_id()), (RoomStatus::Disconnected, vec![], id));
    assert!(client.cell(SERVER_ID).is_some(), "it reports the reason");
    // The program may connect again at once.
    client.create_client(&url, None).unwrap();
    assert_eq!((client.status(), client.unique_id()), (RoomStatus::Connecting, 0));
    assert_eq!(client.next_event(), None);
    assert_eq!(client.status(), RoomStatus::Connecting);
}
