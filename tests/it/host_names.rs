//! International host names and IPv6 addresses with a zone, wherever a program names a host or a local address.

use wspeer::error::ErrorCode;
#[cfg(feature = "tls")]
use wspeer::net::ClientTls;
use wspeer::net::FailureStage;
use wspeer::net::Proxies;
use wspeer::peer::room::MultiplayerPeer;
use wspeer::peer::{ListenParameters, Server, StreamPeerTcp, StreamStatus, TcpServer, WebSocketPeer};

use crate::any_client::{AnyClient, Target};
use crate::fixtures::until;

/// Names that need no name server: all end in `.localhost`.
const NAMES: [(&str, &str); 4] = [
    ("h\u{f6}st.localhost", "xn--hst-sna.localhost"),
    ("H\u{d6}ST.LocalHost", "xn--hst-sna.localhost"),
    ("h%C3%B6st.localhost", "xn--hst-sna.localhost"),
    ("\u{ff4c}ocalhost", "localhost"),
];

/// Accepts one connection of a client; returns the `Host` of its request.
fn host_of_request(listener: &mut TcpServer, client: &mut AnyClient, url: String) -> String {
    client.connect(&Target { url, ..Target::default() }).unwrap();
    let mut server = WebSocketPeer::new();
    let mut opened = None;
    until("open", || {
        opened = client.outcome();
        if let Some(stream) = listener.take_connection() {
            server.accept_stream(Box::new(stream.socket().unwrap())).unwrap();
        }
        server.poll();
        opened.is_some()
    });
    assert_eq!(opened, Some(Ok(String::new())));
    server.request().unwrap().headers.first("Host").unwrap().to_owned()
}

#[test]
fn an_international_name_is_looked_up_and_sent_as_punycode() {
    for (name, ascii) in NAMES {
        for (kind, mut client) in AnyClient::all() {
            let mut listener = TcpServer::new();
            listener.listen(0, "127.0.0.1").unwrap();
            let port = listener.local_port();
            let host = host_of_request(&mut listener, &mut client, format!("ws://{name}:{port}/"));
            assert_eq!(host, format!("{ascii}:{port}"), "{kind}: {name}");
        }
        let mut listener = TcpServer::new();
        listener.listen(0, "127.0.0.1").unwrap();
        // A stream takes the name itself, which is not percent-encoded.
        if !name.contains('%') {
            let mut stream = StreamPeerTcp::new();
            stream.connect_to_host(name, listener.local_port()).unwrap();
            until("connected", || {
                stream.poll().unwrap();
                stream.status() == StreamStatus::Connected
            });
        }
    }
}

#[test]
fn an_invalid_international_name_is_refused_with_the_reason() {
    for name in ["h\u{f6} st", "xn--\u{f6}", "\u{300}a", "h\u{f6}\u{ff0f}x"] {
        for (kind, mut client) in AnyClient::all() {
            let error = client.connect(&Target { url: format!("ws://{name}/"), ..Target::default() }).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidParameter, "{kind}: {name}");
            assert!(error.message().contains("international host name (UTS 46)"), "{kind}: {error}");
        }
        let error = StreamPeerTcp::new().connect_to_host(name, 80).unwrap_err();
        assert_eq!(error.code(), ErrorCode::CantResolve, "{name}");
        assert!(error.message().contains("international host name (UTS 46)"), "{error}");
        #[cfg(feature = "tls")]
        assert!(ClientTls::by_default().unwrap().check_name(name).is_err(), "{name}");
        let mut peer = WebSocketPeer::new();
        assert!(peer.options.set_http_proxy(format!("{name}:3128")).is_err(), "{name}");
    }
}

#[test]
fn proxies_and_their_exceptions_may_be_international_names() {
    let proxies = Proxies {
        http: "pr\u{f6}xy.localhost:3128".to_owned(),
        https: String::new(),
        no_proxy: "h\u{f6}st.example".to_owned(),
    };
    let proxy = |host: &str| proxies.choose(false, host).unwrap().map(|proxy| proxy.address.host);
    assert_eq!(proxy("a.example"), Some("xn--prxy-6qa.localhost".to_owned()));
    assert_eq!(proxy("xn--hst-sna.example"), None);
    assert_eq!(proxy("a.xn--hst-sna.example"), None);
}

/// The number of the loopback interface.
#[cfg(target_os = "linux")]
const LOOPBACK: [&str; 2] = ["lo", "1"];

#[test]
#[cfg(target_os = "linux")]
fn an_ipv6_address_may_have_a_zone() {
    for zone in LOOPBACK {
        for url in [format!("[::1%25{zone}]"), format!("[::1%{zone}]")] {
            for (kind, mut client) in AnyClient::all() {
                let mut listener = TcpServer::new();
                listener.listen(0, "::1").unwrap();
                let port = listener.local_port();
                let host = host_of_request(&mut listener, &mut client, format!("ws://{url}:{port}/"));
                assert_eq!(host, format!("[::1]:{port}"), "{kind}: {url}: the zone is not sent");
            }
        }
        let mut listener = TcpServer::new();
        listener.listen(0, &format!("::1%{zone}")).unwrap();
        let mut stream = StreamPeerTcp::new();
        stream.bind(0, &format!("::1%{zone}")).unwrap();
        stream.connect_to_host(&format!("::1%{zone}"), listener.local_port()).unwrap();
        until("connected", || {
            stream.poll().unwrap();
            stream.status() == StreamStatus::Connected
        });
        let mut server = Server::new();
        server.configure(|options| options.listen.set_bind_address(format!("::1%{zone}"))).unwrap();
        server.listen(0, ListenParameters::default()).unwrap();
        let mut room: MultiplayerPeer = MultiplayerPeer::new();
        room.create_server(0, &format!("::1%{zone}"), None).unwrap();
    }
}

#[test]
fn an_unknown_zone_is_refused_with_the_reason() {
    for (kind, mut client) in AnyClient::all() {
        let url = "ws://[fe80::1%25no-such-interface]:9/".to_owned();
        let error = client.connect(&Target { url, ..Target::default() }).unwrap_err();
        assert!(error.message().contains("no network interface 'no-such-interface'"), "{kind}: {error}");
        if let AnyClient::Peer(peer) = client {
            assert_eq!(peer.failure().unwrap().stage, FailureStage::Dns);
        }
    }
    let error = StreamPeerTcp::new().connect_to_host("fe80::1%no-such-interface", 9).unwrap_err();
    assert_eq!(error.code(), ErrorCode::CantResolve);
    assert!(error.message().contains("no network interface 'no-such-interface'"), "{error}");
    let error = TcpServer::new().listen(0, "::1%no-such-interface").unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidParameter);
}

#[cfg(feature = "tls")]
#[test]
fn a_certificate_has_no_zone_and_punycode_names() {
    let tls = ClientTls::by_default().unwrap();
    for name in ["::1%lo", "fe80::1%7", "h\u{f6}st.example", "localhost"] {
        tls.check_name(name).unwrap();
    }
}
