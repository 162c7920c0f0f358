//! The responses that clients accept, by RFC 6455 section 4.1: one table for a peer, the client object and a room.

use std::io::{Read, Write};
use std::net::TcpListener;

use wspeer::peer::room::MultiplayerPeer;
use wspeer::peer::{Client, ConnectParameters, State, WebSocketPeer};

use crate::fixtures::until;
use crate::world::owned;

/// A client that offers the sub-protocols "a" and "b".
enum Entry {
    Peer(Box<WebSocketPeer>),
    Client(Box<Client>),
    Room(Box<MultiplayerPeer>),
}

/// Starts to connect to a URL.
type MakeEntry = fn(&str) -> Entry;

const ENTRIES: [(&str, MakeEntry); 3] = [("peer", Entry::peer), ("client", Entry::client), ("room", Entry::room)];

impl Entry {
    fn peer(url: &str) -> Self {
        let mut peer = WebSocketPeer::new();
        peer.options.set_supported_protocols(owned(&["a", "b"]));
        peer.connect_to_url(url, None).unwrap();
        Self::Peer(Box::new(peer))
    }

    fn client(url: &str) -> Self {
        let mut client = Client::new();
        let parameters = ConnectParameters { protocols: owned(&["a", "b"]), ..ConnectParameters::default() };
        client.connect_to_url(url, parameters).unwrap();
        Self::Client(Box::new(client))
    }

    fn room(url: &str) -> Self {
        let mut room: MultiplayerPeer = MultiplayerPeer::new();
        room.options.set_supported_protocols(owned(&["a", "b"]));
        room.create_client(url, None).unwrap();
        Self::Room(Box::new(room))
    }

    /// Polls, and returns the selected sub-protocol or the reason for a failure; `None` before.
    fn outcome(&mut self) -> Option<Result<String, String>> {
        let outcome = |peer: &WebSocketPeer| match peer.state() {
            State::Connecting => None,
            State::Open => Some(Ok(peer.selected_protocol().to_owned())),
            _ => Some(Err(peer.error_message().to_owned())),
        };
        match self {
            Self::Peer(peer) => {
                peer.poll();
                outcome(peer)
            }
            Self::Client(client) => {
                client.poll();
                client.with_peer(outcome)
            }
            Self::Room(room) => {
                room.poll();
                room.with_peer(1, |peer| outcome(peer)).unwrap()
            }
        }
    }
}

/// Lets a client connect, and answers with the lines, in which ACCEPT is the accept key.
fn outcome(entry: MakeEntry, lines: &str) -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = entry(&format!("ws://127.0.0.1:{}", listener.local_addr().unwrap().port()));
    listener.set_nonblocking(true).unwrap();
    let mut socket = None;
    until("the connection", || {
        assert_eq!(client.outcome(), None);
        socket = listener.accept().ok();
        socket.is_some()
    });
    let mut socket = socket.unwrap().0;
    socket.set_nonblocking(true).unwrap();
    let mut request = String::new();
    until("the request", || {
        assert_eq!(client.outcome(), None);
        let mut bytes = [0; 1024];
        let count = socket.read(&mut bytes).unwrap_or(0);
        request.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        request.ends_with("\r\n\r\n")
    });
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let lines = lines.replace("ACCEPT", &tungstenite::handshake::derive_accept_key(key.as_bytes()));
    socket.write_all(format!("HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n").as_bytes()).unwrap();
    let mut outcome = None;
    until("the outcome", || {
        outcome = client.outcome();
        outcome.is_some()
    });
    outcome.unwrap()
}

const UPGRADE: &str = "Upgrade: websocket\r\n";
const CONNECTION: &str = "Connection: Upgrade\r\n";
const ACCEPT: &str = "Sec-WebSocket-Accept: ACCEPT\r\n";
const PROTOCOL: &str = "Sec-WebSocket-Protocol: b\r\n";

#[test]
fn every_client_refuses_a_response_with_repeated_or_further_values() {
    let cases: [(&[&str], &str); 12] = [
        (&[CONNECTION, ACCEPT, PROTOCOL], "Upgrade"),
        (&[UPGRADE, UPGRADE, CONNECTION, ACCEPT, PROTOCOL], "more than one Upgrade"),
        (&["Upgrade: websocket, h2c\r\n", CONNECTION, ACCEPT, PROTOCOL], "Upgrade"),
        (&["Upgrade: websocket\r\n, h2c\r\n", CONNECTION, ACCEPT, PROTOCOL], ""),
        (&["Upgrade: h2c\r\nUpgrade: websocket\r\n", CONNECTION, ACCEPT, PROTOCOL], "more than one Upgrade"),
        (&["Upgrade: websocket/13\r\n", CONNECTION, ACCEPT, PROTOCOL], "Upgrade"),
        (&[UPGRADE, ACCEPT, PROTOCOL], "Connection"),
        (&[UPGRADE, CONNECTION, ACCEPT, ACCEPT, PROTOCOL], "more than one Sec-WebSocket-Accept"),
        (&[UPGRADE, CONNECTION, ACCEPT, "sec-websocket-accept: x\r\n", PROTOCOL], "more than one Sec-WebSocket-Accept"),
        (&[UPGRADE, CONNECTION, ACCEPT, PROTOCOL, PROTOCOL], "more than one Sec-WebSocket-Protocol"),
        (
            &[UPGRADE, CONNECTION, ACCEPT, PROTOCOL, "Sec-WebSocket-Protocol: a\r\n"],
            "more than one Sec-WebSocket-Protocol",
        ),
        (
            &[UPGRADE, CONNECTION, ACCEPT, PROTOCOL, "Sec-WebSocket-Protocol:\r\n"],
            "more than one Sec-WebSocket-Protocol",
        ),
    ];
    for (name, entry) in ENTRIES {
        for (lines, reason) in cases {
            let outcome = outcome(entry, &lines.concat());
            assert!(matches!(&outcome, Err(text) if text.contains(reason)), "{name}: {lines:?}: {outcome:?}");
        }
    }
}

#[test]
fn every_client_accepts_lists_of_connection_options_and_folded_lines() {
    let cases: [&[&str]; 8] = [
        &[UPGRADE, CONNECTION, ACCEPT, PROTOCOL],
        &["UPGRADE: WebSocket\r\n", "Connection: keep-alive\r\nConnection: close, UPGRADE\r\n", ACCEPT, PROTOCOL],
        &["Upgrade:\r\n websocket\r\n", CONNECTION, ACCEPT, PROTOCOL],
        &[UPGRADE, "Connection: keep-alive,\r\n\t Upgrade\r\n", ACCEPT, PROTOCOL],
        &[UPGRADE, CONNECTION, "Sec-WebSocket-Accept: \r\n  \r\n ACCEPT\r\n", PROTOCOL],
        &[UPGRADE, CONNECTION, ACCEPT, "Sec-WebSocket-Protocol:\n b \r\n"],
        &[UPGRADE, CONNECTION, ACCEPT, PROTOCOL, "Server: a\r\n Upgrade: h2c\r\n\tSec-WebSocket-Accept: x\r\n"],
        &[UPGRADE, CONNECTION, ACCEPT, "Sec-WebSocket-Protocol: b\r\n \r\n\t\r\n"],
    ];
    for (name, entry) in ENTRIES {
        for lines in cases {
            assert_eq!(outcome(entry, &lines.concat()), Ok("b".to_owned()), "{name}: {lines:?}");
        }
    }
}

#[test]
fn a_folded_line_has_a_space_for_its_line_end() {
    use wspeer::proto::handshake::response::parse_headers;
    let head = b"HTTP/1.1 101 X\r\nA: b\r\n c\r\nD: e \t \r\n\t \tf \r\n  g\nH:\r\n i\r\nJ: k\r\n\r\n";
    let headers = parse_headers(head);
    assert_eq!(headers.iter().collect::<Vec<_>>(), [("A", "b c"), ("D", "e f g"), ("H", "i"), ("J", "k")]);
}
