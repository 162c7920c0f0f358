//! How servers and rooms stop: what their clients get, and how a shutdown goes on and ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use wspeer::error::{ErrorCode, Result};
use wspeer::net::{ClientTls, ServerTls};
use wspeer::peer::WaitStep;
use wspeer::peer::room::{MultiplayerPeer, RoomEvent, SceneEvent, SceneMode, SceneRoom};
use wspeer::peer::{Client, ConnectParameters, ListenParameters, PeerEvent, Server, State, TcpServer, WebSocketPeer};

use crate::closing::TIME;
use crate::fixtures::{Pair, Raw, packets, start, until};
use crate::tls;
use crate::world::{BINARY, REQUEST};

const SECOND: Duration = Duration::from_secs(1);

/// A server object or a room that is a server.
trait Host {
    fn listen(&mut self, tls: Option<ServerTls>, auto_accept: bool) -> Result;
    fn port(&self) -> u16;
    /// Polls and returns the events: "opened", "message TEXT", "closed", "lost", "failed", "requested".
    fn poll_at(&mut self, now: Instant) -> Vec<String>;
    fn broadcast(&mut self, payload: &[u8]) -> Result;
    fn stop(&mut self);
    fn shutdown(&mut self, code: i32, reason: &str, timeout: Option<Duration>) -> Result;
    fn is_shutting_down(&self) -> bool;
    fn message(&self) -> String;
}

impl Host for Server {
    fn listen(&mut self, tls: Option<ServerTls>, auto_accept: bool) -> Result {
        self.configure(|options| {
            options.tls = tls;
            options.peer.set_auto_accept(auto_accept);
            options.peer.set_outbound_buffer_size(0);
            options.listen.set_bind_address("127.0.0.1")
        })?;
        Server::listen(self, 0, ListenParameters::default())
    }

    fn port(&self) -> u16 {
        self.local_port()
    }

    fn poll_at(&mut self, now: Instant) -> Vec<String> {
        Server::poll_at(self, now);
        let mut events = Vec::new();
        while let Some(event) = self.next_event() {
            events.push(match event {
                PeerEvent::Opened { .. } => "opened".to_owned(),
                PeerEvent::Request { .. } => "requested".to_owned(),
                PeerEvent::Message { id } => {
                    format!("message {}", String::from_utf8_lossy(self.take_message(id).unwrap()))
                }
                PeerEvent::Closed { was_clean: true, .. } => "closed".to_owned(),
                PeerEvent::Closed { was_clean: false, .. } => "lost".to_owned(),
                PeerEvent::Failed { reason, .. } => format!("failed: {reason}"),
                other => format!("{other:?}"),
            });
        }
        events
    }

    fn broadcast(&mut self, payload: &[u8]) -> Result {
        self.send_to(0, BINARY, payload)
    }

    fn stop(&mut self) {
        Server::stop(self);
    }

    fn shutdown(&mut self, code: i32, reason: &str, timeout: Option<Duration>) -> Result {
        Server::shutdown(self, code, reason, timeout)
    }

    fn is_shutting_down(&self) -> bool {
        Server::is_shutting_down(self)
    }

    fn message(&self) -> String {
        self.error_message().to_owned()
    }
}

impl Host for MultiplayerPeer {
    fn listen(&mut self, tls: Option<ServerTls>, auto_accept: bool) -> Result {
        self.options.set_auto_accept(auto_accept);
        self.options.set_outbound_buffer_size(0);
        self.create_server(0, "127.0.0.1", tls)
    }

    fn port(&self) -> u16 {
        self.local_port()
    }

    fn poll_at(&mut self, now: Instant) -> Vec<String> {
        MultiplayerPeer::poll_at(self, now);
        let mut events = Vec::new();
        while let Some(event) = self.next_event() {
            events.push(match event {
                RoomEvent::Connected(_) => "opened".to_owned(),
                RoomEvent::Requested(_) => "requested".to_owned(),
                RoomEvent::Disconnected(id) => match self.with_peer(id, |peer| peer.close_code()) {
                    Some(code) if code >= 0 => "closed".to_owned(),
                    _ => "lost".to_owned(),
                },
                other => format!("{other:?}"),
            });
        }
        while let Ok((_, packet)) = self.take_packet() {
            events.push(format!("message {}", String::from_utf8_lossy(packet)));
        }
        events
    }

    fn broadcast(&mut self, payload: &[u8]) -> Result {
        self.send_to(0, payload)
    }

    fn stop(&mut self) {
        self.close();
    }

    fn shutdown(&mut self, code: i32, reason: &str, timeout: Option<Duration>) -> Result {
        MultiplayerPeer::shutdown(self, code, reason, timeout)
    }

    fn is_shutting_down(&self) -> bool {
        MultiplayerPeer::is_shutting_down(self)
    }

    fn message(&self) -> String {
        self.error_message().to_owned()
    }
}

/// Every kind of host.
fn hosts() -> Vec<(&'static str, Box<dyn Host>)> {
    vec![("server", Box::new(Server::new())), ("room", Box::new(MultiplayerPeer::new()))]
}

/// A host, its events, and clients.
struct Stage {
    name: &'static str,
    host: Option<Box<dyn Host>>,
    events: Vec<String>,
    clients: Vec<WebSocketPeer>,
    /// The messages of each client, without the id that a room sends first.
    messages: Vec<Vec<Vec<u8>>>,
}

impl Stage {
    fn open(name: &'static str, mut host: Box<dyn Host>, clients: usize, is_secure: bool) -> Self {
        let (client_tls, server_tls) = tls::localhost_specs();
        host.listen(is_secure.then(|| ServerTls::new(server_tls).unwrap()), true).unwrap();
        let url = format!("{}://localhost:{}/", if is_secure { "wss" } else { "ws" }, host.port());
        let mut stage = Self { name, host: Some(host), events: Vec::new(), clients: Vec::new(), messages: Vec::new() };
        for _ in 0..clients {
            let mut client = WebSocketPeer::new();
            client.options.set_inbound_buffer_size(16 << 20);
            let tls = is_secure.then(|| ClientTls::new(client_tls.clone()).unwrap());
            client.connect_to_url(&url, tls).unwrap();
            stage.clients.push(client);
            stage.messages.push(Vec::new());
        }
        stage.drive("open", |stage| {
            stage.clients.iter().all(|client| client.state() == State::Open)
                && stage.events.iter().filter(|event| *event == "opened").count() == clients
        });
        stage.events.clear();
        stage
    }

    fn host(&mut self) -> &mut dyn Host {
        self.host.as_mut().unwrap().as_mut()
    }

    fn poll(&mut self) {
        if let Some(host) = &mut self.host {
            self.events.append(&mut host.poll_at(start()));
        }
        for (client, messages) in self.clients.iter_mut().zip(&mut self.messages) {
            client.poll();
            messages.extend(packets(client).into_iter().filter(|message| message.len() != 4));
        }
    }

    fn drive(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let name = self.name;
        until(&format!("{name}: {what}"), || {
            self.poll();
            done(self)
        });
    }

    fn until_clients_closed(&mut self) {
        self.drive("clients closed", |stage| stage.clients.iter().all(|client| client.state() == State::Closed));
    }
}

#[test]
fn stopped_and_freed_hosts_deliver_what_was_sent_and_1001() {
    let _real = TIME.write();
    let payload = vec![9; 4 << 20];
    for (is_freed, is_secure) in [(false, false), (false, true), (true, false)] {
        for (name, host) in hosts() {
            let mut stage = Stage::open(name, host, 4, is_secure);
            stage.host().broadcast(&payload).unwrap();
            if is_freed {
                stage.host = None;
            } else {
                stage.host().stop();
                assert_eq!(stage.host().port(), 0);
            }
            stage.until_clients_closed();
            for (client, messages) in stage.clients.iter().zip(&stage.messages) {
                assert_eq!(client.close_code(), 1001, "{name}, {is_secure}: {}", client.error_message());
                assert!(messages.len() == 1 && messages[0] == payload, "{name}, {is_secure}");
            }
            assert_eq!(stage.events, [""; 0], "{name}");
        }
    }
}

#[test]
fn a_shutdown_delivers_what_was_sent_and_reports_messages_and_ends_until_it_is_over() {
    let payload = vec![9; 4 << 20];
    for is_secure in [false, true] {
        for (name, host) in hosts() {
            let mut stage = Stage::open(name, host, 3, is_secure);
            stage.host().broadcast(&payload).unwrap();
            stage.clients[0].send(BINARY, b"in between").unwrap();
            stage.host().shutdown(4001, "update", Some(600 * SECOND)).unwrap();
            assert!(stage.host().is_shutting_down() && stage.host().port() == 0, "{name}");
            stage.drive("the end", |stage| !stage.host().is_shutting_down());
            let mut expected = vec!["closed"; 3];
            expected.push("message in between");
            stage.events.sort_unstable();
            assert_eq!(stage.events, expected, "{name}");
            stage.until_clients_closed();
            for (client, messages) in stage.clients.iter().zip(&stage.messages) {
                assert_eq!((client.close_code(), client.close_reason()), (4001, "update"), "{name}");
                assert!(messages.len() == 1 && messages[0] == payload, "{name}");
            }
            stage.host().listen(None, true).unwrap();
        }
    }
}

#[test]
fn a_shutdown_drops_the_connections_that_have_not_ended_in_time() {
    let _virtual = TIME.read();
    for (name, host) in hosts() {
        let mut stage = Stage::open(name, host, 2, false);
        let now = start();
        stage.host().shutdown(1001, "", Some(3 * SECOND)).unwrap();
        let late = start() + 3 * SECOND;
        // One client answers, the other one does not.
        until(name, || {
            let events = stage.host().poll_at(now);
            stage.events.extend(events);
            stage.clients[0].poll();
            stage.events == ["closed"]
        });
        assert!(stage.host().poll_at(now + 2 * SECOND).is_empty() && stage.host().is_shutting_down(), "{name}");
        assert_eq!(stage.host().poll_at(late), ["lost"], "{name}");
        assert_eq!(stage.host().poll_at(late), [""; 0], "{name}");
        assert!(!stage.host().is_shutting_down(), "{name}");
    }
}

#[test]
fn a_shutdown_without_clients_ends_with_the_next_poll() {
    for (name, mut host) in hosts() {
        host.listen(None, true).unwrap();
        host.shutdown(1000, "", None).unwrap();
        assert!(host.is_shutting_down(), "{name}");
        assert_eq!(host.poll_at(start()), [""; 0]);
        assert!(!host.is_shutting_down() && host.port() == 0, "{name}");
    }
}

#[test]
fn a_shutdown_is_refused_without_a_change_and_calls_during_it_are_refused() {
    for (name, host) in hosts() {
        let mut host = host;
        assert_eq!(host.shutdown(1001, "", None).unwrap_err().code(), ErrorCode::Unconfigured, "{name}");
        let mut stage = Stage::open(name, host, 1, false);
        let long = "x".repeat(124);
        for (code, reason, text) in [
            (-1, "", "close code must be at least 0, not -1"),
            (999, "", "close code must be one of"),
            (65_536, "", "close code must be at most 65535, not 65536"),
            (1001, &long[..], "close reason must be at most 123 bytes of UTF-8, not 124"),
        ] {
            let error = stage.host().shutdown(code, reason, None).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidParameter, "{name}");
            assert!(error.message().contains(text) && stage.host().message() == error.message(), "{error}");
            assert!(stage.host().port() != 0 && !stage.host().is_shutting_down(), "{name}");
        }
        stage.host().broadcast(b"still open").unwrap();
        stage.drive("the message", |stage| stage.messages[0] == [b"still open"]);

        stage.host().shutdown(1001, "", None).unwrap();
        for (what, result) in [
            ("again", stage.host().shutdown(1001, "", None)),
            ("listen", stage.host().listen(None, true)),
            ("send", stage.host().broadcast(b"late")),
        ] {
            let error = result.unwrap_err();
            // Options cannot change either, which the server refuses first.
            assert!(
                error.message().contains("shutting down") || (what == "listen" && error.code() == ErrorCode::Failed),
                "{name}: {what}: {error}"
            );
        }
        stage.host().stop();
        assert!(!stage.host().is_shutting_down(), "{name}");
        stage.until_clients_closed();
        assert_eq!((stage.clients[0].close_code(), stage.events.len()), (1001, 0), "{name}");
    }
}

#[test]
fn a_server_that_shuts_down_refuses_to_listen_and_to_send_to_one_client() {
    let mut server = Server::new();
    server.listen(0, ListenParameters::default()).unwrap();
    server.shutdown(1001, "", None).unwrap();
    let refused = server.listen(0, ListenParameters::default()).unwrap_err();
    assert_eq!((refused.code(), refused.message()), (ErrorCode::AlreadyInUse, "the server is shutting down"));
    for refused in [server.send(2, BINARY, b"x"), server.ping(2, b"")] {
        assert_eq!(refused.unwrap_err().message(), "the server is shutting down");
    }
}

#[test]
fn handshakes_under_way_are_refused_with_503_when_a_host_stops_or_shuts_down() {
    let _real = TIME.write();
    for stops in [false, true] {
        for (name, mut host) in hosts() {
            host.listen(None, false).unwrap();
            let mut events = Vec::new();
            let silent = TcpStream::connect(("127.0.0.1", host.port())).unwrap();
            let mut asking = TcpStream::connect(("127.0.0.1", host.port())).unwrap();
            asking.write_all(REQUEST).unwrap();
            until(name, || {
                events.append(&mut host.poll_at(start()));
                events == ["requested"]
            });
            if stops {
                host.stop();
            } else {
                host.shutdown(1001, "", None).unwrap();
                events = host.poll_at(start());
                // Rooms have no events of failed handshakes.
                let failed = vec!["failed: the server is shutting down".to_owned(); 2];
                assert!(events == failed || (name == "room" && events.is_empty()), "{events:?}");
            }
            for mut socket in [silent, asking] {
                let answer = read_to_end(&mut socket);
                assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("shutting down"), "{name}: {answer}");
            }
        }
    }
}

/// Reads to the end of a stream, and polls, which advances connections that are closed in the background.
fn read_to_end(socket: &mut TcpStream) -> String {
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let (mut received, mut other) = (Vec::new(), WebSocketPeer::new());
    until("the end of the stream", || {
        other.poll();
        let mut buffer = [0; 4096];
        match socket.read(&mut buffer) {
            Ok(0) => true,
            Ok(count) => {
                received.extend_from_slice(&buffer[..count]);
                false
            }
            Err(_) => false,
        }
    });
    String::from_utf8(received).unwrap()
}

#[test]
fn a_wait_returns_when_a_shutdown_is_over() {
    let mut server = Server::new();
    server.listen(0, ListenParameters::default()).unwrap();
    server.shutdown(1001, "", None).unwrap();
    assert!(matches!(server.begin_wait(None).unwrap(), WaitStep::Ready));
    assert!(!server.is_shutting_down());
    assert_eq!(server.wait(None).unwrap_err().code(), ErrorCode::Unconfigured);
    // With a client that does not answer, it returns for the event at the deadline and at the end.
    server.listen(0, ListenParameters::default()).unwrap();
    let mut client = WebSocketPeer::new();
    client.connect_to_url(&format!("ws://127.0.0.1:{}", server.local_port()), None).unwrap();
    until("open", || {
        client.poll();
        server.poll();
        server.next_event().is_some()
    });
    server.shutdown(1001, "", Some(Duration::from_millis(50))).unwrap();
    assert!(server.wait(None).unwrap());
    assert!(matches!(server.next_event(), Some(PeerEvent::Closed { was_clean: false, .. })));
    assert!(server.wait(None).unwrap() && !server.is_shutting_down());
}

#[test]
fn a_scene_room_shuts_down_like_a_plain_one() {
    let mut server = SceneRoom::new();
    server.set_mode(SceneMode::Scene).unwrap();
    server.room.create_server(0, "127.0.0.1", None).unwrap();
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client: SceneRoom = SceneRoom::new();
        client.set_mode(SceneMode::Scene).unwrap();
        client.room.create_client(&format!("ws://127.0.0.1:{}", server.room.local_port()), None).unwrap();
        clients.push((client, Vec::new()));
    }
    let mut events = Vec::new();
    type IsDone<'a> = &'a dyn Fn(&SceneRoom, &[SceneEvent], &[Vec<SceneEvent>]) -> bool;
    let mut drive = |server: &mut SceneRoom, done: IsDone<'_>| {
        until("the scene room", || {
            server.poll();
            events.extend(std::iter::from_fn(|| server.next_event()));
            for (client, events) in &mut clients {
                client.poll();
                events.extend(std::iter::from_fn(|| client.next_event()));
            }
            done(server, &events, &clients.iter().map(|(_, events)| events.clone()).collect::<Vec<_>>())
        });
    };
    drive(&mut server, &|server, _, clients| {
        server.peers().len() == 2 && clients.iter().all(|events| events.len() == 2)
    });
    server.send_bytes(0, b"last").unwrap();
    server.room.shutdown(1001, "", None).unwrap();
    let refused = server.send_bytes(0, b"late").unwrap_err();
    assert_eq!((refused.code(), refused.message()), (ErrorCode::Failed, "the server is shutting down"));
    drive(&mut server, &|server, events, clients| {
        let is_bytes = |event: &SceneEvent| matches!(event, SceneEvent::Bytes(1));
        let is_end = |event: &SceneEvent| matches!(event, SceneEvent::Disconnected(_));
        !server.room.is_shutting_down()
            && events.iter().filter(|event| is_end(event)).count() == 2
            && clients.iter().all(|events| events.iter().any(is_bytes) && events.iter().any(is_end))
    });
    assert!(server.room.error_message().contains("1001"), "{}", server.room.error_message());
}

#[test]
fn a_freed_object_sends_1001_and_what_was_sent_before() {
    let _real = TIME.write();
    let payload = vec![3; 2 << 20];
    let sending = |peer: &mut WebSocketPeer| peer.options.set_outbound_buffer_size(0);
    let reading = |peer: &mut WebSocketPeer| peer.options.set_inbound_buffer_size(16 << 20);
    let check = |name: &str, mut remote: WebSocketPeer| {
        let mut other = WebSocketPeer::new();
        until(name, || {
            remote.poll();
            other.poll();
            remote.state() == State::Closed
        });
        assert_eq!((remote.close_code(), packets(&mut remote)), (1001, vec![payload.clone()]), "{name}");
    };
    let Pair { client, mut server } = Pair::with(reading, sending);
    server.send(BINARY, &payload).unwrap();
    drop(server);
    check("server peer", client);
    let Pair { mut client, server } = Pair::with(sending, reading);
    client.send(BINARY, &payload).unwrap();
    drop(client);
    check("client peer", server);

    let mut listener = TcpServer::new();
    listener.listen(0, "127.0.0.1").unwrap();
    let url = format!("ws://127.0.0.1:{}", listener.local_port());
    let accept = |listener: &mut TcpServer| {
        let mut remote = WebSocketPeer::new();
        reading(&mut remote);
        remote.accept_stream(Box::new(listener.take_connection().unwrap().socket().unwrap())).unwrap();
        remote
    };
    let mut client = Client::new();
    client
        .set_options(|options| {
            options.set_outbound_buffer_size(0);
            Ok(())
        })
        .unwrap();
    client.connect_to_url(&url, ConnectParameters::default()).unwrap();
    until("accept", || {
        client.poll();
        listener.is_connection_available()
    });
    let mut remote = accept(&mut listener);
    until("open", || {
        client.poll();
        remote.poll();
        client.next_event().is_some()
    });
    client.send(BINARY, &payload).unwrap();
    drop(client);
    check("client object", remote);

    for is_freed in [true, false] {
        let mut room: MultiplayerPeer = MultiplayerPeer::new();
        room.create_client(&url, None).unwrap();
        until("accept", || {
            room.poll();
            listener.is_connection_available()
        });
        let mut remote = accept(&mut listener);
        until("open", || {
            room.poll();
            remote.poll();
            remote.state() == State::Open
        });
        remote.send(BINARY, &2_i32.to_le_bytes()).unwrap();
        until("the id", || {
            room.poll();
            remote.poll();
            room.next_event().is_some()
        });
        if is_freed {
            drop(room);
        } else {
            room.close();
        }
        until("the close frame", || {
            remote.poll();
            remote.state() == State::Closed
        });
        // A client that closes its room has finished.
        assert_eq!(remote.close_code(), if is_freed { 1001 } else { 1000 });
    }
}

#[test]
fn a_freed_peer_that_was_closed_before_keeps_its_code() {
    let mut raw = Raw::server();
    raw.peer.close(4000, "").unwrap();
    let socket = &mut raw.socket;
    drop(std::mem::take(&mut raw.peer));
    let mut other = WebSocketPeer::new();
    let mut received = Vec::new();
    until("the close frame", || {
        other.poll();
        let mut buffer = [0; 64];
        match socket.read(&mut buffer) {
            Ok(0) => true,
            Ok(count) => {
                received.extend_from_slice(&buffer[..count]);
                false
            }
            Err(_) => false,
        }
    });
    assert_eq!(received, [0x88, 2, 0x0f, 0xa0]);
}
