//! What programs choose in the handshake: the sub-protocol at run time, connections without one, the own `Host`, and
//! the longest head. Each rule for every kind of client or server.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use wspeer::error::{Error, ErrorCode};
use wspeer::peer::options::ConnectionOptions;
use wspeer::peer::room::{MultiplayerPeer, RoomEvent};
use wspeer::peer::{PeerEvent, Server, WebSocketPeer};

use crate::any_client::{AnyClient, Target};
use crate::fixtures::{Raw, until};
use crate::world::{World, owned};

const UPGRADE: &str = "Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// A server of each kind with a connection, on which a request can be written.
enum Entry {
    Peer(Box<Raw>),
    Server(Box<World>, TcpStream, i32),
    Room(Box<MultiplayerPeer>, TcpStream, i32),
}

const KINDS: [&str; 3] = ["peer", "server", "room"];

impl Entry {
    fn new(kind: &str, protocols: &[&str], set: impl Fn(&mut ConnectionOptions)) -> Self {
        match kind {
            "peer" => Self::Peer(Box::new(Raw::unopened(|peer| {
                set(&mut peer.options);
                peer.options.set_supported_protocols(owned(protocols));
            }))),
            "server" => {
                let world = World::listening(protocols, false, |server| {
                    server
                        .configure(|options| {
                            set(&mut options.peer);
                            Ok(())
                        })
                        .unwrap();
                });
                let socket = world.raw();
                Self::Server(Box::new(world), socket, 0)
            }
            _ => {
                let mut room: MultiplayerPeer = MultiplayerPeer::new();
                set(&mut room.options);
                room.options.set_supported_protocols(owned(protocols));
                room.create_server(0, "127.0.0.1", None).unwrap();
                let socket = TcpStream::connect(("127.0.0.1", room.local_port())).unwrap();
                socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
                Self::Room(Box::new(room), socket, 0)
            }
        }
    }

    fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Peer(raw) => &mut raw.socket,
            Self::Server(_, socket, _) | Self::Room(_, socket, _) => socket,
        }
    }

    fn poll(&mut self) {
        match self {
            Self::Peer(raw) => raw.peer.poll(),
            Self::Server(world, _, id) => {
                world.round();
                let request = |event: &PeerEvent| if let PeerEvent::Request { id } = event { Some(*id) } else { None };
                *id = world.events.iter().find_map(request).unwrap_or(*id);
            }
            Self::Room(room, _, id) => {
                room.poll();
                if let Some(RoomEvent::Requested(requested)) = room.next_event() {
                    *id = requested;
                }
            }
        }
    }

    fn is_pending(&mut self) -> bool {
        self.poll();
        match self {
            Self::Peer(raw) => raw.peer.is_request_pending(),
            Self::Server(_, _, id) | Self::Room(_, _, id) => *id != 0,
        }
    }

    /// Sends a request, and waits until the program may decide about it.
    fn ask(&mut self, lines: &str) {
        self.socket().write_all(format!("GET / HTTP/1.1\r\n{UPGRADE}{lines}\r\n").as_bytes()).unwrap();
        until("the request", || self.is_pending());
    }

    fn offered(&mut self) -> Vec<String> {
        let request = match self {
            Self::Peer(raw) => raw.peer.request(),
            Self::Server(world, _, id) => world.server.request(*id).ok(),
            Self::Room(room, _, id) => room.with_peer(*id, |peer| peer.request()).unwrap(),
        };
        request.unwrap().protocols().map(str::to_owned).collect()
    }

    fn select(&mut self, protocol: &str) -> Result<(), Error> {
        match self {
            Self::Peer(raw) => raw.peer.select_protocol(protocol),
            Self::Server(world, _, id) => world.server.select_protocol(*id, protocol),
            Self::Room(room, _, id) => room.with_peer(*id, |peer| peer.select_protocol(protocol)).unwrap(),
        }
    }

    fn accept(&mut self) -> Result<(), Error> {
        match self {
            Self::Peer(raw) => raw.peer.accept_request(&[]),
            Self::Server(world, _, id) => world.server.accept_request(*id, &[]),
            Self::Room(room, _, id) => room.with_peer(*id, |peer| peer.accept_request(&[])).unwrap(),
        }
    }

    /// Returns the head of the response.
    fn response(&mut self) -> String {
        let mut received = Vec::new();
        until("the response", || {
            self.poll();
            let mut bytes = [0; 1024];
            let is_over = match self.socket().read(&mut bytes) {
                Ok(count) => {
                    received.extend_from_slice(&bytes[..count]);
                    count == 0
                }
                Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
            };
            is_over || received.windows(4).any(|end| end == b"\r\n\r\n")
        });
        String::from_utf8_lossy(&received).into_owned()
    }
}

fn ask_program(options: &mut ConnectionOptions) {
    options.set_auto_accept(false);
}

fn selected(response: &str) -> Option<&str> {
    response.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "))
}

#[test]
fn a_program_selects_one_of_the_offered_sub_protocols_or_none() {
    for kind in KINDS {
        for listed in [&[][..], &["a"], &["other"]] {
            for (choice, expected) in [("b", Some("b")), ("c", Some("c")), ("", None)] {
                let mut server = Entry::new(kind, listed, ask_program);
                server.ask("Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n");
                assert_eq!(server.offered(), ["a", "b", "c"], "{kind}");
                server.select("a").unwrap();
                server.select(choice).unwrap();
                server.accept().unwrap();
                let response = server.response();
                assert!(response.starts_with("HTTP/1.1 101 "), "{kind}: {response}");
                assert_eq!(selected(&response), expected, "{kind}, {listed:?}, {choice:?}");
            }
        }
    }
}

#[test]
fn a_sub_protocol_that_is_not_offered_is_refused_and_changes_nothing() {
    for kind in KINDS {
        let mut server = Entry::new(kind, &["a"], ask_program);
        server.ask("Sec-WebSocket-Protocol: a, b\r\n");
        for protocol in ["d", "A", "a, b", "b ", "b\r\nX: y"] {
            let error = server.select(protocol).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidParameter, "{kind}");
            assert!(error.message().contains("does not offer"), "{kind}: {error}");
        }
        server.accept().unwrap();
        assert_eq!(selected(&server.response()), Some("a"), "{kind}: the choice by the options");
        assert!(server.select("a").is_err(), "{kind}: nothing is pending");
    }
}

/// Sub-protocols of the server, those offered, whether a connection without is allowed, status, and the selected one.
type ServerCase = (&'static [&'static str], &'static str, bool, u16, Option<&'static str>);

#[test]
fn a_server_without_selection_decides_by_its_list() {
    let cases: [ServerCase; 8] = [
        (&["b", "a"], "a, b", false, 101, Some("a")),
        (&["b"], "a, b", true, 101, Some("b")),
        (&["b"], "a", false, 400, None),
        (&["b"], "a", true, 101, None),
        (&["b"], "", false, 400, None),
        (&["b"], "", true, 101, None),
        (&[], "", false, 101, None),
        (&[], "a", true, 101, None),
    ];
    for kind in KINDS {
        for auto_accept in [true, false] {
            for (listed, offered, allow, status, protocol) in cases {
                let mut server = Entry::new(kind, listed, |options| {
                    options.set_auto_accept(auto_accept);
                    options.set_allow_no_protocol(allow);
                });
                let line =
                    if offered.is_empty() { String::new() } else { format!("Sec-WebSocket-Protocol: {offered}\r\n") };
                if auto_accept {
                    server.socket().write_all(format!("GET / HTTP/1.1\r\n{UPGRADE}{line}\r\n").as_bytes()).unwrap();
                } else {
                    server.ask(&line);
                    assert_eq!(server.accept().is_ok(), status == 101, "{kind}: {listed:?}, {offered:?}");
                }
                let response = server.response();
                assert!(
                    response.starts_with(&format!("HTTP/1.1 {status} ")),
                    "{kind}: {listed:?}, {offered:?}: {response}"
                );
                assert_eq!(selected(&response), protocol, "{kind}: {listed:?}, {offered:?}");
            }
        }
    }
}

#[test]
fn a_server_object_without_list_refuses_offers_unless_the_program_selects() {
    for kind in KINDS {
        let mut server = Entry::new(kind, &[], ask_program);
        server.ask("Sec-WebSocket-Protocol: a\r\n");
        let refuses = kind == "server";
        assert_eq!(
            server.accept().map_err(|error| error.code()),
            if refuses { Err(ErrorCode::InvalidData) } else { Ok(()) }
        );
        let status = if refuses { "HTTP/1.1 400 " } else { "HTTP/1.1 101 " };
        assert!(server.response().starts_with(status), "{kind}");
    }
}

/// A listener that answers one client, and the request that it got.
fn answered(client: &mut AnyClient, target: &Target<'_>, answer: &str) -> (Result<String, String>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("ws://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    client.connect(&Target { url, ..target.clone() }).unwrap();
    let (mut socket, mut request, mut outcome) = (None, String::new(), None);
    until("the outcome", || {
        outcome = client.outcome();
        if socket.is_none() {
            socket = listener.accept().ok().map(|(socket, _)| socket);
        }
        if let Some(socket) = &mut socket
            && !request.ends_with("\r\n\r\n")
        {
            socket.set_nonblocking(true).unwrap();
            let mut bytes = [0; 4096];
            let count = socket.read(&mut bytes).unwrap_or(0);
            request.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            if request.ends_with("\r\n\r\n") {
                let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
                let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
                let head = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: {accept}\r\n{answer}\r\n"
                );
                socket.set_nonblocking(false).unwrap();
                socket.write_all(head.as_bytes()).unwrap();
            }
        }
        outcome.is_some()
    });
    (outcome.unwrap(), request)
}

#[test]
fn a_client_accepts_an_answer_without_sub_protocol_if_the_option_says_so() {
    let cases = [
        (false, "", Err("none of the requested")),
        (true, "", Ok("")),
        (true, "Sec-WebSocket-Protocol: b\r\n", Ok("b")),
        (true, "Sec-WebSocket-Protocol: c\r\n", Err("not requested")),
        (true, "Sec-WebSocket-Protocol:\r\n", Err("not requested")),
    ];
    for (allow, answer, expected) in cases {
        for (kind, mut client) in AnyClient::all() {
            client.configure(|options| options.set_allow_no_protocol(allow));
            let target = Target { protocols: &["a", "b"], ..Target::default() };
            let (outcome, request) = answered(&mut client, &target, answer);
            assert!(request.contains("\r\nSec-WebSocket-Protocol: a,b\r\n"), "{kind}: {request}");
            match expected {
                Ok(protocol) => assert_eq!(outcome, Ok(protocol.to_owned()), "{kind}: {answer:?}"),
                Err(why) => assert!(outcome.as_ref().is_err_and(|text| text.contains(why)), "{kind}: {outcome:?}"),
            }
        }
    }
}

#[test]
fn a_client_may_name_another_host_in_its_request() {
    for (kind, mut client) in AnyClient::all() {
        let target = Target { headers: &["X-A: 1", "host: game.example:8080"], ..Target::default() };
        let (outcome, request) = answered(&mut client, &target, "");
        assert_eq!(outcome, Ok(String::new()), "{kind}");
        assert!(request.starts_with("GET / HTTP/1.1\r\nHost: game.example:8080\r\nUpgrade: "), "{kind}: {request}");
        assert_eq!(request.to_lowercase().matches("\nhost:").count(), 1, "{kind}: {request}");
        assert!(client.with_peer(WebSocketPeer::remote_address).unwrap().ip().is_loopback(), "{kind}");
    }
    for (kind, mut client) in AnyClient::all() {
        for headers in [&["Host: a", "Host: a"][..], &["Host: a b"], &["Host:"], &["Host: a/b"], &["Host: u@a"]] {
            let target = Target { url: "ws://127.0.0.1:9".to_owned(), headers, ..Target::default() };
            let error = client.connect(&target).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidParameter, "{kind}: {headers:?}");
            assert!(error.message().contains("Host"), "{kind}: {error}");
        }
    }
}

#[test]
fn a_server_adds_no_host_to_its_answers() {
    for kind in KINDS {
        let host = owned(&["Host: a"]);
        match kind {
            "peer" => {
                let mut raw = Raw::unopened(|peer| peer.options.set_auto_accept(false));
                raw.write(format!("GET / HTTP/1.1\r\n{UPGRADE}\r\n").as_bytes());
                raw.poll_until("request", |peer| peer.is_request_pending());
                assert_eq!(raw.peer.accept_request(&host).unwrap_err().code(), ErrorCode::InvalidParameter);
            }
            "server" => {
                let result = Server::new().configure(|options| options.set_extra_headers(host));
                assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidParameter);
            }
            _ => {
                let mut room: MultiplayerPeer = MultiplayerPeer::new();
                room.options.set_handshake_headers(host);
                let result = room.create_server(0, "127.0.0.1", None);
                assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidParameter);
            }
        }
    }
}

/// A header line that makes a head of `length` bytes out of `head` bytes.
fn padding(head: usize, length: usize) -> String {
    format!("X: {}\r\n", "x".repeat(length - head - 5))
}

#[test]
fn a_server_answers_a_longer_request_with_431() {
    let head = format!("GET / HTTP/1.1\r\n{UPGRADE}\r\n").len();
    for limit in [1024, 5000, 16_384, 65_536] {
        for kind in KINDS {
            for (length, status) in [(limit, 101), (limit + 1, 431)] {
                let mut server = Entry::new(kind, &[], |options| {
                    if limit != 16_384 {
                        options.set_max_handshake_size(u32::try_from(limit).unwrap()).unwrap();
                    }
                });
                let request = format!("GET / HTTP/1.1\r\n{UPGRADE}{}\r\n", padding(head, length));
                assert_eq!(request.len(), length);
                server.socket().write_all(request.as_bytes()).unwrap();
                let response = server.response();
                assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{kind}, {length}: {response}");
            }
        }
    }
}

#[test]
fn a_client_refuses_a_longer_answer() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    for limit in [1024, 65_536] {
        for (length, opens) in [(limit, true), (limit + 1, false)] {
            for (kind, mut client) in AnyClient::all() {
                client.configure(|options| options.set_max_handshake_size(u32::try_from(limit).unwrap()).unwrap());
                let (outcome, _) = answered(&mut client, &Target::default(), &padding(head.len(), length));
                assert_eq!(outcome.is_ok(), opens, "{kind}, {length}: {outcome:?}");
                if let Err(reason) = outcome {
                    assert!(reason.contains(&format!("longer than {limit} bytes")), "{kind}: {reason}");
                }
            }
        }
    }
}
