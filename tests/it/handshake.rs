//! The opening handshake of peers: pending requests, responses that reject, proxies, and timeouts.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use data_encoding::BASE64;
use wspeer::error::ErrorCode;
use wspeer::net::{FailureStage, Proxies};
use wspeer::peer::{State, WebSocketPeer};
use wspeer::proto::frame::MessageKind::Text;
use wspeer::proto::handshake::HttpAnswer;

use crate::fixtures::{DEADLINE, Pair, Raw, frame, packets, start, until};

const SECOND: Duration = Duration::from_secs(1);

fn without_auto_accept(peer: &mut WebSocketPeer) {
    peer.options.set_auto_accept(false);
}

fn request(lines: &str) -> String {
    format!(
        "GET /room/7?name=a%20b HTTP/1.1\r\nHost: game.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

/// A server peer with a pending request.
fn pending(text: &str) -> Raw {
    let mut raw = Raw::unopened(without_auto_accept);
    assert!(!raw.peer.is_request_pending() && raw.peer.request().is_none());
    raw.write(text.as_bytes());
    raw.poll_until("request", |peer| peer.is_request_pending());
    raw
}

fn answer(raw: &mut Raw) -> String {
    String::from_utf8(raw.read_to_end()).unwrap()
}

fn lines(list: &[&str]) -> Vec<String> {
    list.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn a_server_sees_the_whole_request_before_it_answers() {
    let mut raw = pending(&request("Cookie: a=1\r\nCookie: b=2\r\nX-Empty:\r\n"));
    let mut request = raw.peer.request().unwrap();
    assert_eq!((request.method.as_str(), request.path_and_query()), ("GET", ("/room/7", "name=a%20b")));
    assert_eq!(request.headers.all("cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(request.headers.first("X-Empty"), Some(""));
    assert!(request.is_websocket());
    assert_eq!(raw.peer.requested_url(), "ws://game.example/room/7?name=a%20b");
    assert!(raw.peer.remote_address().unwrap().ip().is_loopback());
    for _ in 0..3 {
        raw.peer.poll();
        assert_eq!(raw.peer.state(), State::Connecting);
    }
    raw.peer.accept_request(&lines(&["Set-Cookie: session=9"])).unwrap();
    assert!(!raw.peer.is_request_pending());
    raw.poll_until("open", |peer| peer.state() == State::Open);
    let head = String::from_utf8(raw.read_past(b"\r\n\r\n")).unwrap();
    assert!(head.contains("\r\nSet-Cookie: session=9\r\n"), "{head}");
    request.rest.clear();
    assert_eq!(raw.peer.request().unwrap(), request);
}

#[test]
fn frames_sent_before_the_response_are_kept() {
    let mut raw = pending(&request(""));
    raw.write(&frame(0x81, true, b"early"));
    raw.poll_until("still waiting", |peer| peer.is_request_pending());
    raw.peer.accept_request(&[]).unwrap();
    raw.poll_until("message", |peer| peer.packet_count() == 1);
    assert_eq!(packets(&mut raw.peer), [b"early".to_vec()]);
}

#[test]
fn enabling_auto_accept_accepts_a_pending_request() {
    let mut raw = pending(&request(""));
    raw.peer.options.set_auto_accept(true);
    raw.poll_until("open", |peer| peer.state() == State::Open);
}

#[test]
fn a_rejected_client_reads_the_response() {
    let mut raw = pending(&request(""));
    let headers = lines(&["WWW-Authenticate: Basic realm=\"game\""]);
    raw.peer.reject_request(HttpAnswer::new(401).with_headers(headers).with_body("who are you?")).unwrap();
    assert_eq!((raw.peer.state(), raw.peer.close_code()), (State::Closed, -1));
    assert!(raw.peer.failure().is_none(), "a rejection by the program is no failure");
    let expected = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 12\r\n\
                    Content-Type: text/plain; charset=utf-8\r\nWWW-Authenticate: Basic realm=\"game\"\r\n\r\nwho are you?";
    assert_eq!(answer(&mut raw), expected);
}

#[test]
fn one_port_serves_pages_and_websockets() {
    let page = vec![b'x'; 3 << 20];
    for (method, body) in [("GET", page.len()), ("HEAD", 0)] {
        let mut raw = pending(&format!("{method} /health HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert!(!raw.peer.request().unwrap().is_websocket());
        let headers = lines(&["Content-Type: text/html"]);
        raw.peer.reject_request(HttpAnswer::new(200).with_headers(headers).with_body(page.clone())).unwrap();
        let answer = answer(&mut raw);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\r\nContent-Length: 3145728\r\n"));
        assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.len(), body);
    }
}

#[test]
fn accepting_a_request_that_is_no_handshake_responds_with_the_reason() {
    let mut raw = pending("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(raw.peer.accept_request(&[]).unwrap_err().code(), ErrorCode::InvalidData);
    assert_eq!((raw.peer.state(), raw.peer.failure().unwrap().stage), (State::Closed, FailureStage::Http));
    assert!(answer(&mut raw).starts_with("HTTP/1.1 426 "));
}

#[test]
fn invalid_calls_for_a_pending_request_change_nothing() {
    let mut raw = pending(&request(""));
    let code = |result: wspeer::error::Result| result.unwrap_err().code();
    assert_eq!(code(raw.peer.accept_request(&lines(&["X: a\r\nY: b"]))), ErrorCode::InvalidParameter);
    assert_eq!(code(raw.peer.accept_request(&lines(&["Upgrade: x"]))), ErrorCode::InvalidParameter);
    for status in [0, 101, 600, u16::MAX] {
        assert_eq!(code(raw.peer.reject_request(HttpAnswer::new(status))), ErrorCode::InvalidParameter);
    }
    for status in [-1, i64::MAX] {
        assert_eq!(HttpAnswer::checked_status(status).unwrap_err().code(), ErrorCode::InvalidParameter);
    }
    let with_reason = HttpAnswer::new(200).with_reason("a\nb");
    assert_eq!(code(raw.peer.reject_request(with_reason)), ErrorCode::InvalidParameter);
    assert!(raw.peer.is_request_pending());
    raw.peer.accept_request(&[]).unwrap();
    assert_eq!(code(raw.peer.accept_request(&[])), ErrorCode::Unconfigured);
    raw.poll_until("open", |peer| peer.state() == State::Open);
    assert_eq!(code(raw.peer.reject_request(HttpAnswer::new(200))), ErrorCode::Unconfigured);
    raw.write(&frame(0x81, true, b"still here"));
    raw.poll_until("message", |peer| peer.packet_count() == 1);
}

#[test]
fn a_missing_request_and_a_missing_decision_time_out() {
    let mut slow = Raw::unopened(|_| {});
    slow.write(b"GET / HTTP/1.1\r\nHo");
    let mut undecided = pending(&request(""));
    let now = start();
    for (raw, status, what) in [(&mut slow, "408", "did not arrive"), (&mut undecided, "503", "accept_request")] {
        raw.peer.poll_at(now + 9 * SECOND);
        assert_eq!(raw.peer.state(), State::Connecting);
        raw.peer.poll_at(now + 11 * SECOND);
        let failure = raw.peer.failure().unwrap();
        assert_eq!((raw.peer.state(), failure.stage), (State::Closed, FailureStage::Timeout));
        assert!(failure.message.contains(what), "{failure:?}");
        assert!(answer(raw).starts_with(&format!("HTTP/1.1 {status} ")));
    }
    let mut patient = Raw::unopened(|peer| peer.options.set_handshake_timeout(Duration::ZERO).unwrap());
    patient.peer.poll_at(now + 100_000 * SECOND);
    assert_eq!(patient.peer.state(), State::Connecting, "0 means no limit");
}

#[test]
fn requests_of_other_origins_are_rejected() {
    for (origin, status) in [("https://game.example", "101"), ("https://evil.example", "403"), ("null", "403")] {
        let mut raw = Raw::unopened(|peer| peer.options.set_allowed_origins(lines(&["https://game.example"])));
        raw.write(request(&format!("Origin: {origin}\r\n")).as_bytes());
        let head = String::from_utf8(raw.read_past(b"\r\n\r\n")).unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{origin}: {head}");
    }
}

/// A server that sends one response to the first request; the thread returns the open connection.
fn answering(answer: &'static [u8]) -> (u16, JoinHandle<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        read_head(&mut socket);
        socket.write_all(answer).unwrap();
        socket
    });
    (port, thread)
}

fn read_head(socket: &mut TcpStream) -> String {
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn until_closed(client: &mut WebSocketPeer) {
    until("closed", || {
        client.poll();
        client.state() == State::Closed
    });
}

fn connecting(port: u16) -> WebSocketPeer {
    let mut client = WebSocketPeer::new();
    client.connect_to_url(&format!("ws://127.0.0.1:{port}/x"), None).unwrap();
    client
}

#[test]
fn a_response_that_rejects_is_readable() {
    let cases: [(&[u8], u16, &str); 5] = [
        (b"HTTP/1.1 301 Moved Permanently\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n", 301, "/new"),
        (
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno",
            401,
            "401 Unauthorized",
        ),
        (b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngone\r\n0\r\n\r\n", 404, "404"),
        (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n\r\n", 429, "429"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nnot so many", 500, "500 Oops"),
    ];
    for (answer, status, text) in cases {
        let (port, server) = answering(answer);
        let mut client = connecting(port);
        until_closed(&mut client);
        let failure = client.failure().unwrap();
        let response = failure.response.as_ref().unwrap();
        assert_eq!((failure.stage, response.status), (FailureStage::Http, status));
        assert!(failure.message.contains(text) && client.error_message() == failure.message, "{failure:?}");
        let body: &[u8] = match status {
            401 => b"no",
            404 => b"gone",
            500 => b"not so ma",
            _ => b"",
        };
        assert_eq!(response.body, body);
        assert_eq!(client.received_headers().unwrap(), response.headers);
        drop(server.join().unwrap());
    }
}

#[test]
fn a_body_without_end_does_not_outlast_the_handshake_timeout() {
    let (port, server) = answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4000\r\n\r\nbeginning");
    let mut client = connecting(port);
    let now = start();
    until("the response", || {
        client.poll_at(now);
        server.is_finished()
    });
    let socket = server.join().unwrap();
    assert_eq!(client.state(), State::Connecting);
    client.poll_at(now + 11 * SECOND);
    let failure = client.failure().unwrap();
    let response = failure.response.as_ref().unwrap();
    assert_eq!((failure.stage, response.status, &response.body[..]), (FailureStage::Http, 403, &b"beginning"[..]));
    drop(socket);
}

#[test]
fn headers_of_the_response_are_readable_on_success() {
    let mut pair = Pair::with(|_| {}, |peer| peer.options.set_handshake_headers(lines(&["X-Room: 7", "X-Room: 8"])));
    assert_eq!(pair.client.response_headers().unwrap().all("x-room").collect::<Vec<_>>(), ["7", "8"]);
    assert!(pair.server.response_headers().is_none() && pair.client.request().is_none());
    assert_eq!(pair.server.request().unwrap().path_and_query(), ("/path", ""));
    pair.client.close(1000, "").unwrap();
    pair.drive("closed", |pair| pair.client.state() == State::Closed && pair.server.state() == State::Closed);
    assert!(pair.client.response_headers().is_some() && pair.server.request().is_some(), "until the next connection");
    assert!(pair.client.connect_to_url("nonsense://", None).is_err());
    assert!(pair.client.response_headers().is_some(), "a refused call changes nothing");
}

/// An HTTP proxy for one connection; the thread returns the request. Without `refusal` it establishes the tunnel.
fn proxy(refusal: Option<&'static str>) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let request = read_head(&mut client);
        if let Some(refusal) = refusal {
            client.write_all(refusal.as_bytes()).unwrap();
            return request;
        }
        let target = request.split(' ').nth(1).unwrap().to_owned();
        let mut server = TcpStream::connect(target).unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        from.set_read_timeout(None).unwrap();
        let there = std::thread::spawn(move || {
            // Ends with the connection, which either peer may reset.
            let _end = std::io::copy(&mut from, &mut to);
            let _end = to.shutdown(std::net::Shutdown::Write);
        });
        let _end = std::io::copy(&mut server, &mut client);
        let _end = client.shutdown(std::net::Shutdown::Write);
        there.join().unwrap();
        request
    });
    (port, thread)
}

fn through(address: &str) -> Proxies {
    Proxies { http: address.to_owned(), https: String::new(), no_proxy: String::new() }
}

#[test]
fn a_proxy_gets_a_connect_request() {
    let (port, thread) = proxy(None);
    let mut pair = Pair::with(
        |peer| peer.options.set_proxies(through(&format!("http://user:p%40ss@127.0.0.1:{port}"))).unwrap(),
        |_| {},
    );
    pair.client.send(Text, b"through").unwrap();
    pair.drive("message", |pair| pair.server.packet_count() == 1);
    pair.client.close(1000, "").unwrap();
    pair.drive("closed", |pair| pair.client.state() == State::Closed && pair.server.state() == State::Closed);
    assert_eq!(pair.client.close_code(), 1000);
    drop(pair);
    let request = thread.join().unwrap();
    assert!(request.starts_with("CONNECT 127.0.0.1:"), "{request}");
    assert!(request.contains(&format!("\r\nProxy-Authorization: Basic {}\r\n", BASE64.encode(b"user:p@ss"))));
    assert!(!request.contains("Sec-WebSocket"));
}

#[test]
fn the_failure_of_a_proxy_names_it() {
    let (port, thread) = proxy(Some("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nwho"));
    let mut client = WebSocketPeer::new();
    client.options.set_proxies(through(&format!("127.0.0.1:{port}"))).unwrap();
    client.connect_to_url("ws://game.example/", None).unwrap();
    until_closed(&mut client);
    let failure = client.failure().unwrap();
    assert_eq!((failure.stage, failure.response.as_ref().unwrap().status), (FailureStage::Proxy, 407));
    assert!(failure.message.contains(&format!("127.0.0.1:{port}")) && failure.message.contains("407"));
    assert!(thread.join().unwrap().starts_with("CONNECT game.example:80 HTTP/1.1\r\nHost: game.example:80\r\n"));

    let free_port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    client.options.set_proxies(through(&format!("127.0.0.1:{free_port}"))).unwrap();
    client.connect_to_url("ws://game.example/", None).unwrap();
    until_closed(&mut client);
    let failure = client.failure().unwrap();
    assert_eq!(failure.stage, FailureStage::Proxy);
    assert!(failure.os_error.is_some() && failure.message.contains("proxy"), "{failure:?}");
}

#[test]
fn hosts_without_proxy_are_connected_to_directly() {
    let unused = Proxies { no_proxy: "127.0.0.0/8".to_owned(), ..through("127.0.0.1:9") };
    let pair = Pair::with(move |peer| peer.options.set_proxies(unused).unwrap(), |_| {});
    assert_eq!(pair.client.state(), State::Open);
}

#[test]
fn invalid_proxy_addresses_are_refused() {
    let mut client = WebSocketPeer::new();
    for bad in ["socks5://h:1", "h:0", "http://h/path", "h:port"] {
        assert_eq!(client.options.set_proxies(through(bad)).unwrap_err().code(), ErrorCode::InvalidParameter);
    }
    assert_eq!(client.options.proxies(), Proxies::default());
}
