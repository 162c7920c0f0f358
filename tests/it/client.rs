//! The client object: its states, its events, and reconnecting.

use std::net::TcpListener;
use std::time::Duration;

use wspeer::error::ErrorCode;
use wspeer::peer::{Client, ClientStatus, ConnectParameters, PeerEvent};

use crate::fixtures::until;
use crate::world::{BINARY, TEXT, World, owned};

fn poll(client: &mut Client) -> Vec<PeerEvent> {
    client.poll();
    std::iter::from_fn(|| client.next_event()).collect()
}

/// A port on which no program listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_refused_port_is_reported_in_poll_with_the_status_already_changed() {
    let mut client = Client::new();
    let url = format!("ws://127.0.0.1:{}", closed_port());
    client.connect_to_url(&url, ConnectParameters::default()).unwrap();
    assert_eq!(client.status(), ClientStatus::Connecting);
    assert_eq!(client.connect_to_url(&url, ConnectParameters::default()).unwrap_err().code(), ErrorCode::AlreadyInUse);
    let mut events = Vec::new();
    until("failed", || {
        events.extend(poll(&mut client));
        !events.is_empty()
    });
    assert!(matches!(&events[..], [PeerEvent::Failed { id: 1, reason }] if reason.contains("refused")));
    assert_eq!(client.status(), ClientStatus::Disconnected);
    assert_eq!(poll(&mut client), []);
}

#[test]
fn wrong_arguments_change_nothing() {
    let mut client = Client::new();
    for url in ["", "ws://", "a:b:c", "ws://h:0", "ws://h:99999", "http://h", "ws://h h"] {
        let refused = client.connect_to_url(url, ConnectParameters::default()).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidParameter, "{url}");
    }
    for parameters in [
        ConnectParameters { headers: owned(&["a: b\r\nc: d"]), ..ConnectParameters::default() },
        ConnectParameters { protocols: owned(&["a b"]), ..ConnectParameters::default() },
    ] {
        assert!(client.connect_to_url("ws://127.0.0.1:9", parameters).is_err());
    }
    assert_eq!((client.status(), poll(&mut client)), (ClientStatus::Disconnected, Vec::new()));
    assert_eq!(client.send(TEXT, b"x").unwrap_err().code(), ErrorCode::Failed);
    assert_eq!(client.take_message().unwrap_err().code(), ErrorCode::Failed);
    assert_eq!(client.put_packet(b"x").unwrap_err().code(), ErrorCode::Unconfigured);
    assert_eq!(client.wait(None).unwrap_err().code(), ErrorCode::Unconfigured);
    client.disconnect_from_host(1000, "").unwrap();
}

#[test]
fn disconnecting_while_connecting_has_no_event() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Client::new();
    let url = format!("ws://127.0.0.1:{}", listener.local_addr().unwrap().port());
    client.connect_to_url(&url, ConnectParameters::default()).unwrap();
    assert_eq!(poll(&mut client), []);
    client.disconnect_from_host(1000, "").unwrap();
    assert_eq!((client.status(), poll(&mut client)), (ClientStatus::Disconnected, Vec::new()));
}

#[test]
fn a_new_connection_may_begin_while_the_old_one_is_closing() {
    let mut world = World::new();
    let index = world.join();
    let url = world.url();
    let client = world.client(index);
    client.set_write_mode(TEXT);
    let generation = client.generation();
    client.disconnect_from_host(1000, "").unwrap();
    assert_eq!(client.status(), ClientStatus::Connected);
    client.connect_to_url(&url, ConnectParameters::default()).unwrap();
    assert_eq!((client.write_mode(), client.generation()), (BINARY, generation + 1));
    world.clear_events();
    world.until_client_event(index, &PeerEvent::Opened { id: 1, protocol: String::new() });
    assert_eq!(world.clients[index].events.len(), 1, "the end of the old connection has no event");
    // After the peer's own close() a new connection can begin only after the event of the end.
    let client = world.client(index);
    client.close(1000, "").unwrap();
    let refused = client.connect_to_url(&url, ConnectParameters::default()).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AlreadyInUse);
    world.until_client_event(index, &PeerEvent::Closed { id: 1, was_clean: true });
    world.client(index).connect_to_url(&url, ConnectParameters::default()).unwrap();
}

#[test]
fn a_lost_connection_is_made_again_if_the_program_wants_it() {
    let mut world = World::new();
    let index = world.join_with(|client| {
        client
            .set_reconnect_options(|options| {
                options.set_enabled(true);
                options.set_delay_from_seconds(0.01)
            })
            .unwrap();
    });
    let id = world.id(index);
    world.clear_events();
    world.server.disconnect_peer(id, 1012, "restart").unwrap();
    world.until_client_event(index, &PeerEvent::Reconnected);
    let events = &world.clients[index].events;
    assert!(
        matches!(
            &events[..],
            [
                PeerEvent::CloseRequest { code: 1012, .. },
                PeerEvent::Closed { was_clean: true, .. },
                PeerEvent::Reconnecting { attempt: 1, delay },
                PeerEvent::Opened { .. },
                PeerEvent::Reconnected
            ] if *delay >= Duration::from_millis(5) && *delay <= Duration::from_millis(10)
        ),
        "{events:?}"
    );
    assert_eq!(world.client(index).status(), ClientStatus::Connected);
    // After a close by the program the client does not reconnect.
    world.clear_events();
    world.client(index).disconnect_from_host(1000, "").unwrap();
    world.until_client_event(index, &PeerEvent::Closed { id: 1, was_clean: true });
    world.round();
    assert_eq!(world.clients[index].events.len(), 1);
    assert_eq!(world.client(index).status(), ClientStatus::Disconnected);
}

#[test]
fn attempts_are_limited_by_max_attempts() {
    let mut client = Client::new();
    client
        .set_reconnect_options(|options| {
            options.set_enabled(true);
            options.set_max_attempts(2).unwrap();
            options.set_delay_from_seconds(0.001)
        })
        .unwrap();
    let url = format!("ws://127.0.0.1:{}", closed_port());
    client.connect_to_url(&url, ConnectParameters::default()).unwrap();
    let mut events = Vec::new();
    until("three failures", || {
        events.extend(poll(&mut client));
        events.iter().filter(|event| matches!(event, PeerEvent::Failed { .. })).count() == 3
    });
    events.extend(poll(&mut client));
    let attempts: Vec<u32> = events
        .iter()
        .filter_map(|event| if let PeerEvent::Reconnecting { attempt, .. } = event { Some(*attempt) } else { None })
        .collect();
    assert_eq!((attempts, events.len()), (vec![1, 2], 5));
    assert_eq!(client.status(), ClientStatus::Disconnected);
    // The program disconnects while the client waits for the next attempt.
    client.set_reconnect_options(|options| options.set_delay_from_seconds(1000.0)).unwrap();
    client.connect_to_url(&url, ConnectParameters::default()).unwrap();
    until("waiting", || poll(&mut client).iter().any(|event| matches!(event, PeerEvent::Reconnecting { .. })));
    assert_eq!(client.status(), ClientStatus::Connecting);
    client.disconnect_from_host(1000, "").unwrap();
    assert_eq!((client.status(), poll(&mut client)), (ClientStatus::Disconnected, Vec::new()));
}

#[test]
fn dropping_a_client_closes_its_connection() {
    let mut world = World::new();
    let index = world.join();
    let id = world.id(index);
    world.clients.clear();
    world.until_event(&PeerEvent::Closed { id, was_clean: true });
    assert!(world.events.contains(&PeerEvent::CloseRequest { id, code: 1001, reason: String::new() }));
}

#[test]
fn buffers_can_be_set_only_without_a_connection() {
    let mut world = World::new();
    let index = world.join();
    assert_eq!(world.client(index).set_buffers(1, 1, 1, 1).unwrap_err().code(), ErrorCode::Failed);
    let mut client = Client::new();
    for wrong in [0, -1, 1 << 40] {
        assert_eq!(client.set_buffers(wrong, 1, 1, 1).unwrap_err().code(), ErrorCode::InvalidParameter);
        assert_eq!(client.set_buffers(1, 1, 1, wrong).unwrap_err().code(), ErrorCode::InvalidParameter);
    }
    assert_eq!((client.options().inbound_buffer_size(), client.options().outbound_buffer_size()), (65_536, 65_535));
    client.set_buffers(3, 3, 3, 5).unwrap();
    let options = client.options();
    assert_eq!((options.inbound_buffer_size(), options.max_queued_packets()), (4096, 4));
    assert_eq!((options.outbound_buffer_size(), options.max_outbound_packets()), (4095, 8));
}
