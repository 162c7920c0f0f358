//! What a server does with requests that wait when it polls late, and with clients that send no more after theirs.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use wspeer::error::ErrorCode;
use wspeer::net::clock;
#[cfg(feature = "tls")]
use wspeer::net::tls::options::{ClientTlsSpec, IdentityPem, ServerTlsSpec};
#[cfg(feature = "tls")]
use wspeer::net::{ClientTls, ServerTls, TlsStream};
use wspeer::peer::room::{MultiplayerPeer, RoomEvent};
use wspeer::peer::{ListenParameters, PeerEvent, Server, State};
#[cfg(feature = "tls")]
use wspeer::peer::{TcpServer, WebSocketPeer};

use crate::event_subjects::SERVERS;
use crate::fixtures::{Raw, start, until};
use crate::world::REQUEST;

const SECOND: Duration = Duration::from_secs(1);
/// A loading screen, during which the program does not poll.
const STALL: Duration = Duration::from_secs(60);

/// Reads the status of the answer that has been sent.
fn status(socket: &mut TcpStream) -> String {
    socket.set_read_timeout(Some(SECOND)).unwrap();
    let mut status = [0; 12];
    socket.read_exact(&mut status).unwrap();
    String::from_utf8_lossy(&status[9..]).into_owned()
}

#[test]
fn a_request_before_the_end_of_the_stream_is_always_answered_and_seen() {
    let text = String::from_utf8(REQUEST.to_vec()).unwrap();
    let cases = [
        (text.clone(), "101"),
        (text.replace("Version: 13", "Version: 12"), "426"),
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(), "426"),
        (text.replace("GET", "POST"), "405"),
    ];
    for (name, begin) in SERVERS {
        for asks in [false, true] {
            for (request, status) in &cases {
                for separately in [false, true] {
                    let mut trial = begin(asks);
                    trial.socket.write_all(request.as_bytes()).unwrap();
                    if separately {
                        trial.poll();
                    }
                    trial.socket.shutdown(Shutdown::Write).unwrap();
                    let answer = String::from_utf8_lossy(&trial.answer()).into_owned();
                    let what = format!("{name}, asks {asks}, {status}: {answer} {:?}", trial.log);
                    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}");
                    until("the end", || {
                        trial.poll();
                        // A room reports no client that it has not admitted.
                        trial.log.is_over() || (name == "room server" && *status != "101")
                    });
                    assert_eq!(trial.log.events.contains(&"request".to_owned()), asks, "{what}");
                    assert_eq!(trial.log.events.contains(&"open".to_owned()), *status == "101", "{what}");
                }
            }
        }
    }
}

#[test]
fn a_client_that_resets_the_connection_while_its_request_is_pending_closes_the_peer() {
    let mut raw = Raw::unopened(|peer| peer.options.set_auto_accept(false));
    raw.write(REQUEST);
    raw.poll_until("request", |peer| peer.is_request_pending());
    socket2::SockRef::from(&raw.socket).set_linger(Some(Duration::ZERO)).unwrap();
    let Raw { mut peer, socket } = raw;
    drop(socket);
    until("closed", || {
        peer.poll();
        peer.state() == State::Closed
    });
    assert!(peer.failure().is_some());
    assert_eq!(peer.accept_request(&[]).unwrap_err().code(), ErrorCode::Unconfigured);
}

#[test]
fn a_peer_that_polls_late_reads_the_request_before_it_judges_the_deadline() {
    for asks in [false, true] {
        let mut raw = Raw::unopened(|peer| peer.options.set_auto_accept(!asks));
        let now = start();
        raw.peer.poll_at(now);
        raw.write(&REQUEST[..50]);
        raw.peer.poll_at(now);
        raw.write(&REQUEST[50..]);
        raw.peer.poll_at(now + STALL);
        if asks {
            assert!(raw.peer.is_request_pending());
            // The program decides a second later.
            raw.peer.poll_at(now + STALL + SECOND);
            raw.peer.accept_request(&[]).unwrap();
            raw.peer.poll_at(now + STALL + SECOND);
        }
        assert_eq!((raw.peer.state(), raw.peer.error_message()), (State::Open, ""));
        assert_eq!(status(&mut raw.socket), "101");
    }
}

#[cfg(feature = "tls")]
#[test]
fn a_peer_that_polls_late_completes_a_tls_handshake() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = certified.cert.pem();
    let identity = IdentityPem::new(&certified.signing_key.serialize_pem(), &pem);
    let server_tls = ServerTls::new(ServerTlsSpec { identity, ..ServerTlsSpec::default() }).unwrap();
    let client_tls = ClientTls::new(ClientTlsSpec { trusted: Some(pem), ..ClientTlsSpec::default() }).unwrap();
    let mut listener = TcpServer::new();
    listener.listen(0, "127.0.0.1").unwrap();
    let (mut client, mut server) = (WebSocketPeer::new(), WebSocketPeer::new());
    client.connect_to_url(&format!("wss://localhost:{}", listener.local_port()), Some(client_tls)).unwrap();
    until("accept", || {
        client.poll();
        listener.is_connection_available()
    });
    let stream = listener.take_connection().unwrap().socket().unwrap();
    server.accept_stream(Box::new(TlsStream::server(Box::new(stream), &server_tls).unwrap())).unwrap();
    let late = start() + STALL;
    // The client's first message waits.
    for _ in 0..100 {
        client.poll();
    }
    until("open", || {
        server.poll_at(late);
        client.poll();
        assert_ne!(server.state(), State::Closed, "{}", server.error_message());
        server.state() == State::Open && client.state() == State::Open
    });
}

#[test]
fn a_server_that_polls_late_reads_the_requests_before_it_judges_the_deadline() {
    for asks in [false, true] {
        let mut server = Server::new();
        server.configure(|options| options.listen.set_bind_address("127.0.0.1")).unwrap();
        server
            .set_options(|options| {
                options.peer.set_auto_accept(!asks);
                Ok(())
            })
            .unwrap();
        server.listen(0, ListenParameters::default()).unwrap();
        let mut sockets: Vec<TcpStream> =
            (0..5).map(|_| TcpStream::connect(("127.0.0.1", server.local_port())).unwrap()).collect();
        let now = clock::now();
        until("accepted", || {
            server.poll_at(now);
            server.pending_count() == 5
        });
        for socket in &mut sockets {
            socket.write_all(REQUEST).unwrap();
        }
        let mut events = Vec::new();
        until("all opened", || {
            server.poll_at(now + STALL);
            while let Some(event) = server.next_event() {
                if let PeerEvent::Request { id } = event {
                    server.accept_request(id, &[]).unwrap();
                } else {
                    events.push(event);
                }
            }
            events.len() >= 5
        });
        assert!(events.iter().all(|event| matches!(event, PeerEvent::Opened { .. })), "{events:?}");
        for socket in &mut sockets {
            assert_eq!(status(socket), "101");
        }
    }
}

#[test]
fn a_room_that_polls_late_reads_the_requests_before_it_judges_the_deadline() {
    for asks in [false, true] {
        let mut room: MultiplayerPeer = MultiplayerPeer::new();
        room.options.set_auto_accept(!asks);
        room.create_server(0, "127.0.0.1", None).unwrap();
        let mut socket = TcpStream::connect(("127.0.0.1", room.local_port())).unwrap();
        let now = clock::now();
        room.poll_at(now);
        socket.write_all(REQUEST).unwrap();
        let mut events = Vec::new();
        until("an event", || {
            room.poll_at(now + STALL);
            while let Some(event) = room.next_event() {
                match event {
                    RoomEvent::Requested(id) => room.with_peer(id, |peer| peer.accept_request(&[])).unwrap().unwrap(),
                    other => events.push(other),
                }
            }
            !events.is_empty()
        });
        assert!(matches!(events[..], [RoomEvent::Connected(_)]), "{events:?}");
        assert_eq!(status(&mut socket), "101");
    }
}

#[test]
fn a_room_client_that_polls_late_still_joins() {
    let mut server: MultiplayerPeer = MultiplayerPeer::new();
    server.create_server(0, "127.0.0.1", None).unwrap();
    let mut client: MultiplayerPeer = MultiplayerPeer::new();
    client.create_client(&format!("ws://127.0.0.1:{}", server.local_port()), None).unwrap();
    let late = clock::now() + STALL;
    until("joined", || {
        server.poll();
        client.poll_at(late);
        assert_eq!(client.error_message(), "");
        client.next_event().is_some()
    });
}

#[test]
fn the_deadline_of_a_slow_handshake_is_extended_once() {
    let mut raw = Raw::unopened(|_| {});
    let now = start();
    raw.peer.poll_at(now);
    raw.write(&REQUEST[..50]);
    raw.peer.poll_at(now + STALL);
    assert_eq!(raw.peer.state(), State::Connecting, "input has waited");
    raw.write(&REQUEST[50..60]);
    raw.peer.poll_at(now + STALL + SECOND);
    assert_eq!(raw.peer.state(), State::Connecting);
    raw.write(&REQUEST[60..70]);
    raw.peer.poll_at(now + STALL + 2 * SECOND);
    assert_eq!(raw.peer.state(), State::Closed);
    assert_eq!(status(&mut raw.socket), "408");
}
