//! The requests that servers accept, by RFC 9112 section 3.2 and RFC 6455 section 4.2.1: one table for a peer, the
//! server object and a room. Properties compare the request target with the reading of the `url` crate.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use proptest::prelude::*;
use wspeer::peer::PeerEvent;
use wspeer::peer::room::{MultiplayerPeer, RoomEvent};
use wspeer::proto::handshake::Request;
use wspeer::proto::handshake::server::RequestReader;

use crate::fixtures::{Raw, until};
use crate::world::World;

const HANDSHAKE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// A server with one connection.
enum Entry {
    Peer(Box<Raw>),
    Server(Box<World>, TcpStream),
    Room(Box<MultiplayerPeer>, TcpStream),
}

/// Makes a server that accepts requests itself, or asks the program.
type MakeEntry = fn(bool) -> Entry;

const ENTRIES: [(&str, MakeEntry); 3] = [("peer", Entry::peer), ("server", Entry::server), ("room", Entry::room)];

impl Entry {
    fn peer(auto_accept: bool) -> Self {
        Self::Peer(Box::new(Raw::unopened(|peer| peer.options.set_auto_accept(auto_accept))))
    }

    fn server(auto_accept: bool) -> Self {
        let world = World::listening(&[], false, |server| {
            server
                .configure(|options| {
                    options.peer.set_auto_accept(auto_accept);
                    Ok(())
                })
                .unwrap();
        });
        let socket = world.raw();
        Self::Server(Box::new(world), socket)
    }

    fn room(auto_accept: bool) -> Self {
        let mut room: MultiplayerPeer = MultiplayerPeer::new();
        room.options.set_auto_accept(auto_accept);
        room.create_server(0, "127.0.0.1", None).unwrap();
        let socket = TcpStream::connect(("127.0.0.1", room.local_port())).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_millis(1))).unwrap();
        Self::Room(Box::new(room), socket)
    }

    /// Sends a request, and returns the head of the response.
    fn answer(&mut self, request: &str) -> String {
        self.socket().write_all(request.as_bytes()).unwrap();
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

    /// Sends a request, and returns it as the program sees it, with its URL.
    fn pending(&mut self, request: &str) -> (Request, String) {
        self.socket().write_all(request.as_bytes()).unwrap();
        let mut seen = None;
        until("the request", || {
            self.poll();
            seen = self.pending_request();
            seen.is_some()
        });
        seen.unwrap()
    }

    fn pending_request(&mut self) -> Option<(Request, String)> {
        match self {
            Self::Peer(raw) if !raw.peer.is_request_pending() => None,
            Self::Peer(raw) => Some((raw.peer.request()?, raw.peer.requested_url().to_owned())),
            Self::Server(world, _) => {
                let id = world.events.iter().find_map(|event| match event {
                    PeerEvent::Request { id } => Some(*id),
                    _ => None,
                })?;
                Some((world.server.request(id).unwrap(), world.server.requested_url(id).to_owned()))
            }
            Self::Room(room, _) => {
                let RoomEvent::Requested(id) = room.next_event()? else { panic!("another event") };
                room.with_peer(id, |peer| (peer.request().unwrap(), peer.requested_url().to_owned()))
            }
        }
    }

    fn poll(&mut self) {
        match self {
            Self::Peer(raw) => raw.peer.poll(),
            Self::Server(world, _) => world.round(),
            Self::Room(room, _) => room.poll(),
        }
    }

    fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Peer(raw) => &mut raw.socket,
            Self::Server(_, socket) | Self::Room(_, socket) => socket,
        }
    }
}

/// Targets, and the path, query and URL that they name.
const TARGETS: [(&str, &str, &str, &str); 16] = [
    ("/", "/", "", "ws://h:81/"),
    ("/a/b?c=d?e", "/a/b", "c=d?e", "ws://h:81/a/b?c=d?e"),
    ("/?", "/", "", "ws://h:81/?"),
    ("/a%20b?%3F", "/a%20b", "%3F", "ws://h:81/a%20b?%3F"),
    ("/public?next=http://x/admin", "/public", "next=http://x/admin", "ws://h:81/public?next=http://x/admin"),
    ("/public/http://x/admin", "/public/http://x/admin", "", "ws://h:81/public/http://x/admin"),
    ("//x/admin", "//x/admin", "", "ws://h:81//x/admin"),
    ("/://x/admin?://", "/://x/admin", "://", "ws://h:81/://x/admin?://"),
    ("/a@b:1", "/a@b:1", "", "ws://h:81/a@b:1"),
    ("http://x/admin?a=/b", "/admin", "a=/b", "http://x/admin?a=/b"),
    ("http://x", "/", "", "http://x"),
    ("http://x?a/b", "/", "a/b", "http://x?a/b"),
    ("http://x:8080/a?next=http://y/b", "/a", "next=http://y/b", "http://x:8080/a?next=http://y/b"),
    ("HTTPS://[::1]:9/a", "/a", "", "HTTPS://[::1]:9/a"),
    ("ws://x/a", "/a", "", "ws://x/a"),
    ("wss://x:/a//b", "/a//b", "", "wss://x:/a//b"),
];

#[test]
fn path_and_query_are_those_of_the_target_in_origin_or_absolute_form() {
    for (name, entry) in ENTRIES {
        for (target, path, query, url) in TARGETS {
            let (request, seen_url) =
                entry(false).pending(&format!("GET {target} HTTP/1.1\r\nHost: h:81\r\n{HANDSHAKE}\r\n"));
            assert_eq!((request.path_and_query(), seen_url.as_str()), ((path, query), url), "{name}: {target}");
            assert!(request.is_websocket(), "{name}: {target}");
        }
    }
}

/// Targets that no server accepts: the asterisk form, the authority form, and malformed ones.
const REFUSED_TARGETS: [&str; 22] = [
    "*",
    "h:80",
    "h",
    "[::1]:80",
    "admin",
    "?a",
    "#a",
    "/a#b",
    "/a?b#c",
    "/a\\..\\b",
    "x?next=http://x/admin",
    "://x/admin",
    "http:/admin",
    "http:admin",
    "http:///admin",
    "http://:80/admin",
    "http://user@x/admin",
    "http://x:65536/admin",
    "http://x:+80/admin",
    "http://[::1/admin",
    "http://x#/admin",
    "ftp://x/admin",
];

/// Lines for `Host`, of which no server accepts a request.
const REFUSED_HOSTS: [&str; 18] = [
    "",
    "Host: h\r\nHost: h\r\n",
    "Host: h\r\nX: y\r\nhOST: other\r\n",
    "Host:\r\n",
    "Host: :80\r\n",
    "Host: a, b\r\n",
    "Host: a b\r\n",
    "Host: user@h\r\n",
    "Host: h/path\r\n",
    "Host: http://h\r\n",
    "Host: h?a\r\n",
    "Host: h:port\r\n",
    "Host: h:65536\r\n",
    "Host: h:1:2\r\n",
    "Host: ::1\r\n",
    "Host: [::1\r\n",
    "Host: [h]\r\n",
    "Host: h%zz\r\n",
];

const ACCEPTED_HOSTS: [&str; 9] =
    ["h", "h:", "h:0", "h:65535", "a-b.example_c", "127.0.0.1:1", "[::1]", "[::1]:80", "%41!$&'()*+,;=~"];

/// Header lines that announce a body.
const BODIES: [&str; 7] = [
    "Content-Length: 5\r\n",
    "content-length: 00001\r\n",
    "Content-Length: 0\r\nContent-Length: 5\r\n",
    "Content-Length: 0, 5\r\n",
    "Content-Length:\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: identity\r\nContent-Length: 0\r\n",
];

/// Requests, and the status of the response.
fn cases() -> Vec<(String, u16)> {
    let get = |target: &str, lines: &str| format!("GET {target} HTTP/1.1\r\n{lines}\r\n");
    let host = |lines: &str| get("/", &format!("{lines}{HANDSHAKE}"));
    let mut cases: Vec<_> =
        REFUSED_TARGETS.iter().map(|target| (get(target, &format!("Host: h\r\n{HANDSHAKE}")), 400)).collect();
    cases.extend(TARGETS.iter().map(|(target, ..)| (get(target, &format!("Host: h\r\n{HANDSHAKE}")), 101)));
    cases.extend(REFUSED_HOSTS.iter().map(|lines| (host(lines), 400)));
    cases.extend(ACCEPTED_HOSTS.iter().map(|value| (host(&format!("Host: {value}\r\n")), 101)));
    cases.extend(BODIES.iter().map(|lines| (host(&format!("Host: h\r\n{lines}")), 400)));
    let other = |method: &str, rest: &str| format!("{method} {rest}\r\n\r\n");
    cases.extend([
        (host("Host: h\r\nContent-Length: 0\r\n"), 101),
        (host("Host: h\r\nX:\r\n folded\r\n"), 400),
        (get("/", ""), 400),
        (get("/", "Host: h\r\n"), 426),
        (other("OPTIONS", "* HTTP/1.1\r\nHost: h"), 400),
        (other("CONNECT", "h:80 HTTP/1.1\r\nHost: h:80"), 400),
        (other("POST", "/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5"), 405),
        (other("POST", "/ HTTP/1.1"), 400),
        // Only HTTP/1.1 requires the field.
        (other("GET", "/ HTTP/1.0"), 505),
        (other("GET", "/ HTTP/1.0\r\nHost: h\r\nHost: h"), 400),
    ]);
    cases
}

#[test]
fn every_server_answers_a_request_with_the_same_status() {
    for (name, entry) in ENTRIES {
        for (request, status) in cases() {
            let answer = entry(true).answer(&request);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {request:?}: {answer:?}");
        }
    }
}

#[test]
fn a_program_is_not_asked_about_a_request_with_an_invalid_target_or_host() {
    for (name, entry) in ENTRIES {
        for (target, host) in [("*", "h"), ("h:80", "h"), ("/a#b", "h"), ("/a", "a b")] {
            let mut server = entry(false);
            let answer = server.answer(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{HANDSHAKE}\r\n"));
            assert!(answer.starts_with("HTTP/1.1 400 "), "{name}: {target}, {host}: {answer:?}");
            assert!(server.pending_request().is_none(), "{name}: {target}, {host}");
            if let Entry::Peer(raw) = server {
                let request = raw.peer.request().unwrap();
                assert_eq!(request.target.as_str(), target);
                assert_eq!(request.path_and_query(), (if target == "/a" { "/a" } else { "" }, ""));
                assert!(!request.is_websocket() && raw.peer.requested_url().is_empty(), "{target}, {host}");
                assert!(raw.peer.error_message().contains("400"), "{}", raw.peer.error_message());
            }
        }
    }
}

#[test]
fn a_request_with_a_body_is_no_handshake() {
    for (name, entry) in ENTRIES {
        let (request, _) =
            entry(false).pending(&format!("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n{HANDSHAKE}\r\n"));
        assert!(!request.is_websocket(), "{name}");
    }
}

/// Returns path and query of the target, `None` if a server refuses it.
fn read(target: &str) -> Option<(String, String)> {
    let request = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
    let request = RequestReader::new(16_384).receive(request.as_bytes()).ok()??;
    request.check_target().ok()?;
    let (path, query) = request.path_and_query();
    Some((path.to_owned(), query.to_owned()))
}

fn read_by_url_crate(url: &str) -> Option<(String, String)> {
    let url = url::Url::parse(url).ok()?;
    Some((url.path().to_owned(), url.query().unwrap_or_default().to_owned()))
}

/// Segments of characters that the `url` crate leaves as they are, and of those that separate the parts of a URL.
const PATH: &str = "(/([a-z0-9:@!$&()*+,;=_~-]|%[0-9A-F]{2}|://|http://x){0,6}){1,4}";
const QUERY: &str = "[a-z0-9:@!$&()*+,;=_~/?.%-]{0,12}";

fn target() -> impl Strategy<Value = String> {
    (PATH, prop::option::of(QUERY))
        .prop_map(|(path, query)| query.map_or_else(|| path.clone(), |query| format!("{path}?{query}")))
        // The crate resolves "." and "..", in which %2E is a dot too; a request target is not resolved.
        .prop_filter("dot segments", |target| !target.contains("%2E"))
}

proptest! {
    #[test]
    fn a_target_in_origin_form_is_read_as_the_url_crate_reads_it(target in target()) {
        prop_assert_eq!(read(&target), read_by_url_crate(&format!("http://h{target}")));
    }

    #[test]
    fn a_target_in_absolute_form_is_read_as_the_url_crate_reads_it(
        scheme in "http|https|ws|wss|HTTP",
        host in "[a-z]{1,5}(\\.[a-z]{1,5})?|127\\.0\\.0\\.1|\\[::1\\]",
        port in prop::option::of(0_u32..70_000),
        target in prop_oneof![target(), Just(String::new()), Just("?a=/b".to_owned())],
    ) {
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let url = format!("{scheme}://{host}{port}{target}");
        prop_assert_eq!(read(&url), read_by_url_crate(&url));
    }

    #[test]
    fn any_accepted_target_is_read_as_the_url_crate_reads_it(
        target in "(http://|ws:/|/|\\*)?[a-zA-Z0-9:/?#@*\\\\\\[\\]|^`{}!%-]{0,12}",
    ) {
        // See `target`.
        prop_assume!(!target.to_lowercase().contains("%2e"));
        let Some((path, query)) = read(&target) else { return Ok(()) };
        let url = if target.starts_with('/') { format!("ws://h{target}") } else { target.clone() };
        let Ok(url) = url::Url::parse(&url) else {
            // A name that ends in a number is no IPv4 address, and is reserved by the crate; RFC 3986 allows it.
            return Ok(());
        };
        // The crate percent-encodes what is not allowed in a URI.
        let seen = (decode(&path), decode(&query));
        prop_assert_eq!(seen, (decode(url.path()), decode(url.query().unwrap_or_default())));
    }
}

/// Decodes percent-encoded bytes.
fn decode(text: &str) -> String {
    let mut decoded = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let code =
            (first == '%').then(|| rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok())).flatten();
        decoded.push(code.map_or(first, char::from));
        rest = &rest[if code.is_some() { 3 } else { first.len_utf8() }..];
    }
    decoded
}
