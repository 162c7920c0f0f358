//! How long a close handshake may take, for every object that closes a connection. Time is virtual, so that the rules
//! do not depend on the machine; the network is real.

use std::time::{Duration, Instant};

use parking_lot::RwLock;
use wspeer::peer::room::MultiplayerPeer;
use wspeer::peer::{Client, ConnectParameters, ListenParameters, Server, State, TcpServer, WebSocketPeer};
use wspeer::proto::close_code;
use wspeer::proto::handshake::HttpAnswer;

use crate::fixtures::{Pair, Raw, start, until};
use crate::tls;
use crate::world::{BINARY, REQUEST};

const MEBIBYTE: usize = 1 << 20;
/// More than the kernel accepts for a remote peer that does not read.
const MESSAGES: u8 = 24;
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that are closed in the background end by the time of all polls. Tests with virtual time therefore do not
/// run beside tests that need those connections.
pub static TIME: RwLock<()> = RwLock::new(());

/// An object with one open connection, which it closes.
trait Closer {
    fn poll_at(&mut self, now: Instant);
    fn send(&mut self, payload: &[u8]);
    fn close(&mut self);
    /// Calls `ask` with the connection.
    fn query(&self, ask: &mut dyn FnMut(&WebSocketPeer));

    fn has_unsent(&self) -> bool {
        let mut has_unsent = false;
        self.query(&mut |peer| has_unsent = peer.has_unflushed());
        has_unsent
    }

    /// Returns the state, the close code and the reason of a failure.
    fn end(&self) -> (State, i32, String) {
        let mut end = None;
        self.query(&mut |peer| end = Some((peer.state(), peer.close_code(), peer.error_message().to_owned())));
        end.unwrap()
    }
}

impl Closer for WebSocketPeer {
    fn poll_at(&mut self, now: Instant) {
        WebSocketPeer::poll_at(self, now);
    }

    fn send(&mut self, payload: &[u8]) {
        WebSocketPeer::send(self, BINARY, payload).unwrap();
    }

    fn close(&mut self) {
        WebSocketPeer::close(self, 1000, "").unwrap();
    }

    fn query(&self, ask: &mut dyn FnMut(&WebSocketPeer)) {
        ask(self);
    }
}

impl Closer for Client {
    fn poll_at(&mut self, now: Instant) {
        Client::poll_at(self, now);
    }

    fn send(&mut self, payload: &[u8]) {
        Client::send(self, BINARY, payload).unwrap();
    }

    fn close(&mut self) {
        self.disconnect_from_host(1000, "").unwrap();
    }

    fn query(&self, ask: &mut dyn FnMut(&WebSocketPeer)) {
        self.with_peer(ask);
    }
}

/// A server object or a room, with the id of its client.
struct Host<T>(T, i32);

impl Closer for Host<Server> {
    fn poll_at(&mut self, now: Instant) {
        self.0.poll_at(now);
    }

    fn send(&mut self, payload: &[u8]) {
        self.0.send(self.1, BINARY, payload).unwrap();
    }

    fn close(&mut self) {
        self.0.disconnect_peer(self.1, 1000, "").unwrap();
    }

    fn query(&self, ask: &mut dyn FnMut(&WebSocketPeer)) {
        self.0.with_peer(self.1, ask).unwrap();
    }
}

impl Closer for Host<MultiplayerPeer> {
    fn poll_at(&mut self, now: Instant) {
        self.0.poll_at(now);
    }

    fn send(&mut self, payload: &[u8]) {
        self.0.send_to(self.1, payload).unwrap();
    }

    fn close(&mut self) {
        self.0.disconnect_peer(self.1, false).unwrap();
    }

    fn query(&self, ask: &mut dyn FnMut(&WebSocketPeer)) {
        self.0.with_peer(self.1, |peer| ask(peer)).unwrap();
    }
}

/// An object that closes, and the remote peer, which reads one message after the other.
struct Subject {
    name: &'static str,
    closer: Box<dyn Closer>,
    reader: WebSocketPeer,
}

fn reading(peer: &mut WebSocketPeer) {
    peer.options.set_inbound_buffer_size(MEBIBYTE);
}

fn sending(peer: &mut WebSocketPeer) {
    peer.options.set_outbound_buffer_size(0);
}

/// Every way to close a connection.
fn subjects() -> Vec<Subject> {
    let server = Pair::with(reading, sending);
    let client = Pair::with(sending, reading);
    let mut secure = tls::open_pair();
    sending(&mut secure.server);
    reading(&mut secure.client);
    vec![
        Subject { name: "server peer", closer: Box::new(server.server), reader: server.client },
        Subject { name: "client peer", closer: Box::new(client.client), reader: client.server },
        Subject { name: "peer over TLS", closer: Box::new(secure.server), reader: secure.client },
        client_object(),
        server_object(),
        room(),
    ]
}

fn client_object() -> Subject {
    let mut listener = TcpServer::new();
    listener.listen(0, "127.0.0.1").unwrap();
    let mut client = Client::new();
    client
        .set_options(|options| {
            options.set_outbound_buffer_size(0);
            Ok(())
        })
        .unwrap();
    client.connect_to_url(&format!("ws://127.0.0.1:{}", listener.local_port()), ConnectParameters::default()).unwrap();
    until("accept", || {
        client.poll();
        listener.is_connection_available()
    });
    let mut reader = WebSocketPeer::new();
    reading(&mut reader);
    reader.accept_stream(Box::new(listener.take_connection().unwrap().socket().unwrap())).unwrap();
    until("open", || {
        client.poll();
        reader.poll();
        client.next_event().is_some()
    });
    Subject { name: "client object", closer: Box::new(client), reader }
}

fn connected(port: u16) -> WebSocketPeer {
    let mut reader = WebSocketPeer::new();
    reading(&mut reader);
    reader.connect_to_url(&format!("ws://127.0.0.1:{port}"), None).unwrap();
    reader
}

fn server_object() -> Subject {
    let mut server = Server::new();
    server
        .set_options(|options| {
            options.peer.set_outbound_buffer_size(0);
            Ok(())
        })
        .unwrap();
    server.listen(0, ListenParameters::default()).unwrap();
    let mut reader = connected(server.local_port());
    until("open", || {
        server.poll();
        while server.next_event().is_some() {}
        reader.poll();
        server.peer_count() == 1 && reader.state() == State::Open
    });
    let id = server.peer_ids()[0];
    Subject { name: "server object", closer: Box::new(Host(server, id)), reader }
}

fn room() -> Subject {
    let mut room = MultiplayerPeer::new();
    room.options.set_outbound_buffer_size(0);
    room.create_server(0, "127.0.0.1", None).unwrap();
    let mut reader = connected(room.local_port());
    until("the id", || {
        room.poll();
        while room.next_event().is_some() {}
        reader.poll();
        reader.take_packet().is_ok()
    });
    let id = room.peers()[0];
    Subject { name: "room", closer: Box::new(Host(room, id)), reader }
}

impl Subject {
    /// Sends the messages and closes.
    fn close_after_messages(&mut self) {
        for number in 0..MESSAGES {
            self.closer.send(&vec![number; MEBIBYTE]);
        }
        self.closer.close();
    }

    /// Reads the next message of those sent. Returns whether it had arrived.
    fn read(&mut self, received: &mut u8) -> bool {
        self.reader.poll();
        let Ok(message) = self.reader.take_packet() else { return false };
        assert!(message.len() == MEBIBYTE && message.iter().all(|byte| *byte == *received), "{}", self.name);
        *received += 1;
        true
    }

    /// Reads slowly, a mebibyte in a fourth of the time-out, until the close frame has left. Returns the time then.
    fn read_until_sent(&mut self, received: &mut u8) -> Instant {
        let begin = start();
        let mut now = begin;
        until(self.name, || {
            // A step without a message takes no time, however slow the machine is.
            if self.read(received) {
                now += CLOSE_TIMEOUT / 4;
            }
            self.closer.poll_at(now);
            assert_ne!(self.closer.end().0, State::Closed, "{}: {:?}", self.name, self.closer.end());
            !self.closer.has_unsent()
        });
        assert!(now - begin > 2 * CLOSE_TIMEOUT, "{}: {:?}", self.name, now - begin);
        now
    }
}

#[test]
fn a_slow_but_steady_reader_gets_everything_before_the_close_frame() {
    let _virtual = TIME.read();
    for mut subject in subjects() {
        subject.close_after_messages();
        let mut received = 0;
        let now = subject.read_until_sent(&mut received);
        until(subject.name, || {
            subject.read(&mut received);
            subject.closer.poll_at(now);
            subject.closer.end().0 == State::Closed
        });
        assert_eq!(
            (received, subject.closer.end()),
            (MESSAGES, (State::Closed, 1000, String::new())),
            "{}",
            subject.name
        );
        until(subject.name, || {
            subject.reader.poll();
            subject.reader.state() == State::Closed
        });
        assert_eq!(subject.reader.close_code(), 1000, "{}", subject.name);
    }
}

#[test]
fn the_time_for_the_answer_begins_when_the_close_frame_has_left() {
    let _virtual = TIME.read();
    for mut subject in subjects() {
        subject.close_after_messages();
        let now = subject.read_until_sent(&mut 0);
        subject.closer.poll_at(now + CLOSE_TIMEOUT - Duration::from_millis(1));
        assert_eq!(subject.closer.end().0, State::Closing, "{}", subject.name);
        subject.closer.poll_at(now + CLOSE_TIMEOUT);
        let text = "the remote peer did not answer the close frame within 5s".to_owned();
        assert_eq!(subject.closer.end(), (State::Closed, -1, text), "{}", subject.name);
    }
}

#[test]
fn output_that_the_remote_peer_does_not_read_ends_the_connection_after_close_timeout() {
    let _virtual = TIME.read();
    for mut subject in subjects() {
        subject.close_after_messages();
        let mut now = start();
        let mut seconds = 0;
        while subject.closer.end().0 == State::Closing {
            subject.closer.poll_at(now);
            now += Duration::from_secs(1);
            seconds += 1;
            assert!(seconds < 60, "{}", subject.name);
        }
        let (_, code, text) = subject.closer.end();
        assert!(code == -1 && seconds > 5, "{}: {code} after {seconds} s", subject.name);
        let unsent = text
            .strip_prefix("the remote peer did not read for 5s: ")
            .and_then(|rest| rest.strip_suffix(" bytes, the close frame included, were not sent"));
        let unsent: usize = unsent.unwrap_or_else(|| panic!("{}: {text}", subject.name)).parse().unwrap();
        assert!(unsent > 2 && unsent < usize::from(MESSAGES) * MEBIBYTE + 1024, "{}: {unsent}", subject.name);
    }
}

#[test]
fn a_reader_may_take_longer_than_close_timeout_in_real_time_too() {
    let mut subject = server_object();
    subject.close_after_messages();
    let begin = start();
    let mut received = 0;
    until(subject.name, || {
        if subject.read(&mut received) && subject.closer.has_unsent() {
            // Together these steps take longer than the time-out, and each takes less.
            std::thread::sleep(CLOSE_TIMEOUT / 12);
        }
        subject.closer.poll_at(start());
        subject.closer.end().0 == State::Closed
    });
    assert_eq!((received, subject.closer.end()), (MESSAGES, (State::Closed, 1000, String::new())));
    assert!(start() - begin > CLOSE_TIMEOUT);
}

#[test]
fn the_close_frame_of_a_violation_follows_everything_that_was_sent() {
    let _real = TIME.write();
    let mut raw = Raw::server_with(sending);
    let payload = vec![7; usize::from(MESSAGES) * MEBIBYTE];
    raw.peer.send(BINARY, &payload).unwrap();
    raw.write(&[0xff, 0x80, 0, 0, 0, 0]);
    raw.poll_until("the violation", |peer| peer.state() == State::Closed);
    assert_eq!(raw.peer.close_code(), i32::from(close_code::PROTOCOL_ERROR));
    let received = raw.read_to_end();
    let close = received.get(payload.len() + 10..).unwrap_or_default();
    assert_eq!(close.get(2..4), Some(&close_code::PROTOCOL_ERROR.to_be_bytes()[..]), "{} bytes", received.len());
}

#[test]
fn a_refusing_http_response_arrives_whole() {
    let _real = TIME.write();
    let mut raw = Raw::unopened(|peer| peer.options.set_auto_accept(false));
    raw.write(REQUEST);
    raw.poll_until("the request", |peer| peer.is_request_pending());
    let body = vec![b'x'; usize::from(MESSAGES) * MEBIBYTE];
    raw.peer.reject_request(HttpAnswer::new(403).with_body(body.clone())).unwrap();
    let received = raw.read_to_end();
    assert!(received.starts_with(b"HTTP/1.1 403 ") && received.ends_with(&body), "{} bytes", received.len());
}
