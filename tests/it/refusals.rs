//! When a client reports a response that refuses the upgrade, and how much of the body it has then.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use wspeer::limits::REFUSAL_BODY_TIME;
use wspeer::net::{FailureStage, NetError, Proxies};
use wspeer::peer::room::{MultiplayerPeer, RoomStatus};
use wspeer::peer::{Client, ConnectParameters, PeerEvent, SERVER_ID, State, WebSocketPeer};

use crate::fixtures::{start, until};

/// A client: `poll` returns the failure after the program has seen the end of the attempt.
trait Attempt {
    fn poll(&mut self, now: Instant) -> Option<NetError>;
}

impl Attempt for WebSocketPeer {
    fn poll(&mut self, now: Instant) -> Option<NetError> {
        self.poll_at(now);
        if self.state() == State::Closed { self.failure().cloned() } else { None }
    }
}

impl Attempt for Client {
    fn poll(&mut self, now: Instant) -> Option<NetError> {
        self.poll_at(now);
        match self.next_event() {
            Some(PeerEvent::Failed { .. }) => self.with_peer(|peer| peer.failure().cloned()),
            None => None,
            other => panic!("{other:?}"),
        }
    }
}

impl Attempt for MultiplayerPeer {
    fn poll(&mut self, now: Instant) -> Option<NetError> {
        self.poll_at(now);
        let failure = || self.with_peer(SERVER_ID, |peer| peer.failure().cloned()).flatten();
        if self.status() == RoomStatus::Disconnected { failure() } else { None }
    }
}

fn proxies(port: u16) -> Proxies {
    Proxies { http: format!("127.0.0.1:{port}"), https: String::new(), no_proxy: String::new() }
}

type Begin = (&'static str, FailureStage, fn(u16) -> Box<dyn Attempt>);

const ATTEMPTS: [Begin; 4] = [
    ("peer", FailureStage::Http, |port| {
        let mut peer = WebSocketPeer::new();
        peer.connect_to_url(&format!("ws://127.0.0.1:{port}"), None).unwrap();
        Box::new(peer)
    }),
    ("peer through a proxy", FailureStage::Proxy, |port| {
        let mut peer = WebSocketPeer::new();
        peer.options.set_proxies(proxies(port)).unwrap();
        peer.connect_to_url("ws://game.example", None).unwrap();
        Box::new(peer)
    }),
    ("client", FailureStage::Http, |port| {
        let mut client = Client::new();
        client.connect_to_url(&format!("ws://127.0.0.1:{port}"), ConnectParameters::default()).unwrap();
        Box::new(client)
    }),
    ("room", FailureStage::Http, |port| {
        let mut room: MultiplayerPeer = MultiplayerPeer::new();
        room.create_client(&format!("ws://127.0.0.1:{port}"), None).unwrap();
        Box::new(room)
    }),
];

/// Begins an attempt and reads its request; the socket stays open.
fn attempt(begin: fn(u16) -> Box<dyn Attempt>, now: Instant) -> (Box<dyn Attempt>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut attempt = begin(listener.local_addr().unwrap().port());
    listener.set_nonblocking(true).unwrap();
    let mut socket = None;
    until("accept", || {
        assert_eq!(attempt.poll(now), None);
        socket = listener.accept().ok().map(|(socket, _)| socket);
        socket.is_some()
    });
    let mut socket = socket.unwrap();
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut request = Vec::new();
    until("the request", || {
        assert_eq!(attempt.poll(now), None);
        let mut buffer = [0; 4096];
        let count = socket.read(&mut buffer).unwrap_or(0);
        request.extend_from_slice(&buffer[..count]);
        request.ends_with(b"\r\n\r\n")
    });
    (attempt, socket)
}

fn check(name: &str, stage: FailureStage, failure: &NetError, body: &[u8]) {
    let response = failure.response.as_ref().unwrap();
    assert_eq!((failure.stage, response.status), (stage, 302), "{name}");
    assert_eq!(response.headers.first("Location"), Some("/new"), "{name}");
    assert_eq!(response.body, body, "{name}");
}

#[test]
fn a_refusal_on_an_open_connection_is_reported_within_a_short_time() {
    let cases: [(&str, &[u8], Duration); 5] = [
        ("HTTP/1.1 302 Found\r\nLocation: /new\r\n\r\nbo", b"bo", Duration::ZERO),
        ("HTTP/1.0 302 Found\r\nLocation: /new\r\n\r\nbo", b"bo", REFUSAL_BODY_TIME),
        ("HTTP/1.1 302 Found\r\nLocation: /new\r\nConnection: close\r\n\r\nbo", b"bo", REFUSAL_BODY_TIME),
        ("HTTP/1.1 302 Found\r\nLocation: /new\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbo", b"bo", REFUSAL_BODY_TIME),
        ("HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 9\r\n\r\nbo", b"bo", REFUSAL_BODY_TIME),
    ];
    let now = start();
    for (name, stage, begin) in ATTEMPTS {
        for (answer, body, time) in cases {
            let (mut attempt, mut socket) = attempt(begin, now);
            socket.write_all(answer.as_bytes()).unwrap();
            let mut failure = None;
            // The head is there after a few polls; the time passes only afterwards.
            for _ in 0..20 {
                failure = failure.or_else(|| attempt.poll(now));
            }
            assert_eq!(failure.is_some(), time.is_zero(), "{name}: {answer}");
            let failure = failure.or_else(|| attempt.poll(now + time)).unwrap_or_else(|| panic!("{name}: {answer}"));
            check(name, stage, &failure, body);
        }
    }
}

#[test]
fn a_body_that_follows_in_time_belongs_to_the_failure() {
    let cases = [
        ("HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 4\r\n\r\n", "body"),
        ("HTTP/1.1 302 Found\r\nLocation: /new\r\nTransfer-Encoding: chunked\r\n\r\n", "4\r\nbody\r\n0\r\n\r\n"),
    ];
    let now = start();
    for (name, stage, begin) in ATTEMPTS {
        for (head, body) in cases {
            let (mut attempt, mut socket) = attempt(begin, now);
            socket.write_all(head.as_bytes()).unwrap();
            for _ in 0..5 {
                assert_eq!(attempt.poll(now), None, "{name}: {head}");
            }
            socket.write_all(body.as_bytes()).unwrap();
            let mut failure = None;
            until("the failure", || {
                failure = attempt.poll(now);
                failure.is_some()
            });
            check(name, stage, &failure.unwrap(), b"body");
        }
    }
}
