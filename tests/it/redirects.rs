//! Redirections that clients follow: which ones, how many, and what another origin gets. Each rule for a peer, the
//! client object and a room.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use wspeer::net::tls::options::{ClientTlsSpec, IdentityPem, ServerTlsSpec};
use wspeer::net::{ClientTls, FailureStage, Proxies, ServerTls, TlsStream, Transport};
use wspeer::peer::{State, TcpServer, WebSocketPeer};
use wspeer::proto::handshake::{HttpAnswer, Request};

use crate::any_client::{AnyClient, Target};
use crate::fixtures::{start, until};

/// What a server answers: a status with a location, or `None` to accept.
type Policy = Box<dyn Fn(&Request) -> Option<(u16, String)>>;

/// A server that redirects.
struct Hop {
    listener: TcpServer,
    tls: Option<ServerTls>,
    peers: Vec<WebSocketPeer>,
    requests: Vec<Request>,
    /// Subjects of the client certificates, empty for none.
    subjects: Vec<String>,
    policy: Policy,
}

impl Hop {
    fn new(policy: impl Fn(&Request) -> Option<(u16, String)> + 'static) -> Self {
        let mut listener = TcpServer::new();
        listener.listen(0, "127.0.0.1").unwrap();
        let policy = Box::new(policy);
        Self { listener, tls: None, peers: Vec::new(), requests: Vec::new(), subjects: Vec::new(), policy }
    }

    /// A server that accepts.
    fn last() -> Self {
        Self::new(|_| None)
    }

    /// Redirects requests for the path "/" and accepts all others.
    fn to(location: &str) -> Self {
        Self::with_status(302, location)
    }

    fn with_status(status: u16, location: &str) -> Self {
        let location = location.to_owned();
        Self::new(move |request| (request.path_and_query().0 == "/").then(|| (status, location.clone())))
    }

    fn secure(self, tls: &ServerTls) -> Self {
        Self { tls: Some(tls.clone()), ..self }
    }

    fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://localhost:{}", self.port())
    }

    fn port(&self) -> u16 {
        self.listener.local_port()
    }

    fn poll(&mut self) {
        while let Some(stream) = self.listener.take_connection() {
            let socket = Box::new(stream.socket().unwrap());
            let transport: Box<dyn Transport> = match &self.tls {
                Some(tls) => Box::new(TlsStream::server(socket, tls).unwrap()),
                None => socket,
            };
            let mut peer = WebSocketPeer::new();
            peer.options.set_auto_accept(false);
            peer.accept_stream(transport).unwrap();
            self.peers.push(peer);
        }
        for peer in &mut self.peers {
            peer.poll();
            if !peer.is_request_pending() {
                continue;
            }
            let request = peer.request().unwrap();
            self.subjects.push(peer.tls_info().map(|info| info.peer_subject).unwrap_or_default());
            match (self.policy)(&request) {
                None => peer.accept_request(&[]).unwrap(),
                Some((status, location)) => {
                    let headers = if location.is_empty() { vec![] } else { vec![format!("Location: {location}")] };
                    peer.reject_request(HttpAnswer::new(status).with_headers(headers).with_body("moved")).unwrap();
                }
            }
            self.requests.push(request);
        }
    }

    fn targets(&self) -> Vec<&str> {
        self.requests.iter().map(|request| request.target.as_str()).collect()
    }

    fn header<'a>(&'a self, name: &'a str) -> Vec<Option<&'a str>> {
        self.requests.iter().map(|request| request.headers.first(name)).collect()
    }
}

/// Connects a client and drives it with the servers to an outcome.
fn outcome(
    client: &mut AnyClient,
    target: &Target<'_>,
    max_redirects: u32,
    hops: &mut [&mut Hop],
) -> Result<String, String> {
    client.configure(|options| options.set_max_redirects(max_redirects).unwrap());
    client.connect(target).unwrap();
    let mut outcome = None;
    until("the outcome", || {
        hops.iter_mut().for_each(|hop| hop.poll());
        outcome = client.outcome();
        outcome.is_some()
    });
    outcome.unwrap()
}

fn at(url: String) -> Target<'static> {
    Target { url, ..Target::default() }
}

#[test]
fn redirections_are_followed_up_to_the_limit_only_if_asked_to() {
    for status in [301, 302, 303, 307, 308] {
        for (kind, mut client) in AnyClient::all() {
            let mut last = Hop::last();
            let mut first = Hop::with_status(status, &format!("http://LOCALHOST:{}/a/../b?c#d", last.port()));
            let url = first.url() + "/?x";
            assert_eq!(
                outcome(&mut client, &at(url.clone()), 1, &mut [&mut first, &mut last]),
                Ok(String::new()),
                "{kind}"
            );
            assert_eq!((first.targets(), last.targets()), (vec!["/?x"], vec!["/b?c"]), "{kind}, {status}");
            assert_eq!(last.header("Host"), [Some(format!("localhost:{}", last.port()).as_str())], "{kind}");
            client.with_peer(|peer| {
                assert_eq!(peer.requested_url(), url, "{kind}: the URL of the program");
                assert_eq!(peer.remote_address().unwrap().port(), last.port(), "{kind}: the server that answered");
            });
        }
    }
    for (kind, mut client) in AnyClient::all() {
        let mut first = Hop::to("/b");
        let reason = outcome(&mut client, &at(first.url()), 0, &mut [&mut first]).unwrap_err();
        assert!(reason.contains("302 Found (to /b; redirections are not followed)"), "{kind}: {reason}");
    }
}

#[test]
fn a_loop_of_redirections_ends_at_the_limit() {
    for (kind, mut client) in AnyClient::all() {
        let mut server = Hop::new(|request| Some((307, format!("{}x", request.target.as_str()))));
        let reason = outcome(&mut client, &at(server.url()), 3, &mut [&mut server]).unwrap_err();
        assert_eq!(server.targets(), ["/", "/x", "/xx", "/xxx"], "{kind}");
        let place = format!("after 3 redirections, at ws://localhost:{}/xxx: ", server.port());
        assert!(reason.starts_with(&place) && reason.ends_with("max_redirects is 3"), "{kind}: {reason}");
        client.with_peer(|peer| {
            let failure = peer.failure().unwrap();
            assert_eq!((failure.stage, failure.response.as_ref().unwrap().status), (FailureStage::Http, 307), "{kind}");
        });
    }
}

#[test]
fn other_responses_are_no_redirections() {
    for (status, location) in [(300, "/b"), (304, "/b"), (305, "/b"), (302, ""), (404, "/b"), (200, "/b")] {
        for (kind, mut client) in AnyClient::all() {
            let mut first = Hop::with_status(status, location);
            outcome(&mut client, &at(first.url()), 5, &mut [&mut first]).unwrap_err();
            assert_eq!(first.targets(), ["/"], "{kind}, {status}");
            assert_eq!(
                client.with_peer(|peer| peer.failure().unwrap().response.as_ref().unwrap().status),
                status,
                "{kind}"
            );
        }
    }
}

#[test]
fn a_location_that_is_not_followed_is_named_with_the_reason() {
    for (location, why) in [
        ("ftp://localhost/", "scheme 'ftp'"),
        ("javascript:alert(1)", "scheme 'javascript'"),
        ("ws://user:secret@localhost/", "user information"),
        ("//@localhost/", "user information"),
        ("ws://localhost:0/", "port"),
        ("http:/b", "host"),
    ] {
        for (kind, mut client) in AnyClient::all() {
            let mut first = Hop::to(location);
            let reason = outcome(&mut client, &at(first.url()), 5, &mut [&mut first]).unwrap_err();
            assert!(
                reason.contains(&format!("'{location}' is not followed")) && reason.contains(why),
                "{kind}: {reason}"
            );
            assert_eq!(first.requests.len(), 1, "{kind}");
        }
    }
}

#[test]
fn a_failure_after_redirections_names_the_place_without_the_query() {
    for (kind, mut client) in AnyClient::all() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut first = Hop::to(&format!("ws://{closed}/x?token=secret"));
        let reason = outcome(&mut client, &at(first.url()), 5, &mut [&mut first]).unwrap_err();
        assert!(
            reason.starts_with(&format!("after 1 redirection, at ws://{closed}/x: connecting to ")),
            "{kind}: {reason}"
        );
        assert!(!reason.contains("secret"), "{kind}: {reason}");
        assert_eq!(client.with_peer(|peer| peer.failure().unwrap().stage), FailureStage::Tcp, "{kind}");
    }
}

const HEADERS: [&str; 7] = [
    "Authorization: Bearer secret",
    "Cookie: secret",
    "Proxy-Authorization: secret",
    "X-Token: secret",
    "Host: game.example",
    "Origin: https://game.example",
    "user-agent: game/1",
];

#[test]
fn another_origin_gets_no_credentials_of_the_program() {
    for (kind, mut client) in AnyClient::all() {
        let mut last = Hop::last();
        // The same origin first, then another one.
        let elsewhere = format!("ws://localhost:{}/c", last.port());
        let mut first = Hop::new(move |request| match request.path_and_query().0 {
            "/" => Some((302, "/b".to_owned())),
            _ => Some((302, elsewhere.clone())),
        });
        let target = Target { url: first.url(), headers: &HEADERS, protocols: &["a"], tls: None };
        client.configure(|options| options.set_allow_no_protocol(true));
        assert!(outcome(&mut client, &target, 5, &mut [&mut first, &mut last]).is_ok(), "{kind}");
        for line in HEADERS {
            let (name, value) = line.split_once(": ").unwrap();
            assert_eq!(first.header(name), [Some(value); 2], "{kind}: {name} at its own origin");
            let sent = match name {
                "Origin" | "user-agent" => Some(value.to_owned()),
                "Host" => Some(format!("localhost:{}", last.port())),
                _ => None,
            };
            assert_eq!(last.header(name), [sent.as_deref()], "{kind}: {name} at another origin");
        }
        assert_eq!(last.header("Sec-WebSocket-Protocol"), [Some("a")], "{kind}");
    }
}

#[test]
fn credentials_of_the_url_stay_at_its_origin_and_do_not_return() {
    for (kind, mut client) in AnyClient::all() {
        let mut first = Hop::last();
        let back = format!("ws://localhost:{}/back", first.port());
        let mut other = Hop::to(&back);
        let away = other.url();
        first.policy = Box::new(move |request| match request.path_and_query().0 {
            "/" => Some((302, "/b".to_owned())),
            "/b" => Some((302, away.clone())),
            _ => None,
        });
        let url = format!("ws://user:secret@localhost:{}/", first.port());
        let target = Target { url, headers: &["Cookie: secret"], ..Target::default() };
        assert!(outcome(&mut client, &target, 5, &mut [&mut first, &mut other]).is_ok(), "{kind}");
        assert_eq!(first.targets(), ["/", "/b", "/back"], "{kind}");
        assert_eq!(other.header("Authorization"), [None], "{kind}");
        let sent = Some("Basic dXNlcjpzZWNyZXQ=");
        assert_eq!(first.header("Authorization"), [sent, sent, None], "{kind}");
        assert_eq!(first.header("Cookie"), [Some("secret"), Some("secret"), None], "{kind}");
    }
}

/// An authority, the settings of a server that asks for client certificates, and those of a client with one.
fn settings() -> (ServerTls, ClientTls) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let identity = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        IdentityPem::new(&key.serialize_pem(), &params.signed_by(&key, &issuer).unwrap().pem())
    };
    let server = ServerTlsSpec {
        identity: identity("localhost"),
        client_ca: Some(authority.clone()),
        client_certificate_required: false,
    };
    let client = ClientTlsSpec { trusted: Some(authority), identity: identity("player"), ..ClientTlsSpec::default() };
    (ServerTls::new(server).unwrap(), ClientTls::new(client).unwrap())
}

#[test]
fn an_encrypted_connection_is_never_redirected_to_an_unencrypted_one() {
    let (server, tls) = settings();
    for (kind, mut client) in AnyClient::all() {
        for scheme in ["ws", "http"] {
            let mut last = Hop::last();
            let mut first = Hop::to(&last.url().replace("ws:", &format!("{scheme}:"))).secure(&server);
            let target = Target { url: first.url(), tls: Some(tls.clone()), ..Target::default() };
            let reason = outcome(&mut client, &target, 5, &mut [&mut first, &mut last]).unwrap_err();
            assert!(reason.ends_with("it leads from wss to ws"), "{kind}: {reason}");
            assert!(last.requests.is_empty(), "{kind}");
            if let AnyClient::Room(room) = &mut client {
                room.close();
            }
        }
    }
}

#[test]
fn a_client_certificate_stays_at_its_origin() {
    let (server, tls) = settings();
    for (kind, mut client) in AnyClient::all() {
        let mut last = Hop::last().secure(&server);
        let elsewhere = last.url();
        let mut first = Hop::new(move |request| match request.path_and_query().0 {
            "/" => Some((302, "/b".to_owned())),
            _ => Some((302, elsewhere.clone())),
        })
        .secure(&server);
        let target = Target { url: first.url(), tls: Some(tls.clone()), ..Target::default() };
        assert_eq!(outcome(&mut client, &target, 5, &mut [&mut first, &mut last]), Ok(String::new()), "{kind}");
        assert_eq!(first.subjects, ["CN=player", "CN=player"], "{kind}");
        assert_eq!(last.subjects, [""], "{kind}");
    }
}

#[test]
fn a_redirection_to_wss_uses_the_tls_settings_of_the_program() {
    let (server, tls) = settings();
    for (kind, mut client) in AnyClient::all() {
        let mut last = Hop::last().secure(&server);
        let mut first = Hop::to(&last.url().replace("wss:", "https:"));
        let target = Target { url: first.url(), tls: Some(tls.clone()), ..Target::default() };
        assert_eq!(outcome(&mut client, &target, 5, &mut [&mut first, &mut last]), Ok(String::new()), "{kind}");
        assert_eq!(last.subjects, [""], "{kind}");
    }
}

#[test]
fn each_location_has_its_own_proxy() {
    for (kind, mut client) in AnyClient::all() {
        // Nothing listens at the proxy's port, so that a request through it fails.
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        client.configure(|options| {
            let (http, no_proxy) = (closed.to_string(), "localhost".to_owned());
            options.set_proxies(Proxies { http, https: String::new(), no_proxy }).unwrap();
        });
        let mut first = Hop::to("ws://game.example/");
        let reason = outcome(&mut client, &at(first.url()), 5, &mut [&mut first]).unwrap_err();
        assert_eq!(client.with_peer(|peer| peer.failure().unwrap().stage), FailureStage::Proxy, "{kind}: {reason}");
        assert!(reason.starts_with("after 1 redirection, at ws://game.example:80/: the proxy "), "{kind}: {reason}");
    }
}

#[test]
fn redirections_do_not_extend_the_time_of_the_handshake() {
    let mut last = Hop::new(|_| None);
    let mut first = Hop::to(&last.url());
    let mut peer = WebSocketPeer::new();
    peer.options.set_max_redirects(5).unwrap();
    peer.options.set_handshake_timeout(Duration::from_secs(10)).unwrap();
    peer.connect_to_url(&first.url(), None).unwrap();
    until("the first connection", || {
        peer.poll();
        first.listener.is_connection_available()
    });
    // The deadline counts from here; the redirection arrives late.
    peer.poll();
    let eight = start() + Duration::from_secs(8);
    until("the second connection", || {
        first.poll();
        peer.poll_at(eight);
        last.listener.is_connection_available()
    });
    assert_eq!(peer.state(), State::Connecting);
    // The first poll finds the connection established, for which the deadline is extended a little, once.
    peer.poll_at(eight + Duration::from_secs(3));
    peer.poll_at(eight + Duration::from_secs(3) + wspeer::limits::LATE_HANDSHAKE_EXTENSION);
    assert_eq!(peer.state(), State::Closed);
    assert!(peer.error_message().starts_with("after 1 redirection, at ws://localhost:"), "{}", peer.error_message());
    assert_eq!(peer.failure().unwrap().stage, FailureStage::Timeout);
    last.poll();
}

#[test]
fn the_body_of_a_redirection_is_not_awaited() {
    let bodies = ["", "Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n"];
    for body in bodies {
        for (kind, mut client) in AnyClient::all() {
            let mut last = Hop::last();
            let first = TcpListener::bind("127.0.0.1:0").unwrap();
            first.set_nonblocking(true).unwrap();
            client.configure(|options| options.set_max_redirects(1).unwrap());
            client.connect(&at(format!("ws://{}", first.local_addr().unwrap()))).unwrap();
            let (mut socket, mut request, mut opened) = (None, Vec::new(), None);
            until("open", || {
                last.poll();
                opened = client.outcome();
                if socket.is_none() {
                    socket = first.accept().ok().map(|(socket, _)| socket);
                }
                if let Some(socket) = &mut socket
                    && !request.ends_with(b"\r\n\r\n")
                {
                    socket.set_nonblocking(true).unwrap();
                    let mut bytes = [0; 1024];
                    let count = socket.read(&mut bytes).unwrap_or(0);
                    request.extend_from_slice(&bytes[..count]);
                    if request.ends_with(b"\r\n\r\n") {
                        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\n{body}\r\n", last.url());
                        socket.write_all(answer.as_bytes()).unwrap();
                    }
                }
                opened.is_some()
            });
            assert_eq!(opened, Some(Ok(String::new())), "{kind}: {body:?}");
        }
    }
}
