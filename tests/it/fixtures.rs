//! Shared by the tests: a sink that records, one endpoint of a connection without I/O, and pairs of real peers.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use wspeer::net::clock;
use wspeer::peer::{State, TcpServer, WebSocketPeer};
use wspeer::proto::Role;
use wspeer::proto::connection::{Connection, ReceiveOutcome, SendOptions};
use wspeer::proto::frame::MessageKind;
use wspeer::proto::message::MessageSink;
use wspeer::proto::output_buffer::OutputBuffer;
use wspeer::proto::violation::Violation;

/// A loop of a test fails after this time, if it has also made [`LEAST_STEPS`].
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Steps that a loop makes before it may fail, so that a loaded machine only makes a test slower.
const LEAST_STEPS: u32 = 100_000;

/// Masking key of the examples in RFC 6455 section 5.7.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What a [`Recorder`] was given.
#[derive(Debug, Default, PartialEq, Eq, Clone)]
pub struct Record {
    pub messages: Vec<(bool, Vec<u8>)>,
    pub pings: Vec<Vec<u8>>,
    pub pongs: Vec<Vec<u8>>,
}

/// A sink that records.
#[derive(Debug)]
pub struct Recorder {
    pub record: Record,
    /// Number of messages that fit.
    pub room: usize,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { record: Record::default(), room: usize::MAX }
    }
}

impl MessageSink for Recorder {
    fn has_room(&self, _message_bytes: u64) -> bool {
        self.record.messages.len() < self.room
    }

    fn push(&mut self, kind: MessageKind, payload: &[u8]) {
        self.record.messages.push((kind == MessageKind::Text, payload.to_vec()));
    }

    fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>) {
        self.record.messages.push((kind == MessageKind::Text, payload));
    }

    fn pong(&mut self, payload: &[u8]) {
        self.record.pongs.push(payload.to_vec());
    }

    fn ping(&mut self, payload: &[u8]) {
        self.record.pings.push(payload.to_vec());
    }
}

/// One endpoint of a connection without I/O.
#[derive(Debug)]
pub struct End {
    pub connection: Connection,
    pub sink: Recorder,
    pub output: OutputBuffer,
    pub limit: usize,
}

impl End {
    pub fn new(role: Role) -> Self {
        Self {
            connection: Connection::new(role, None, || KEY),
            sink: Recorder::default(),
            output: OutputBuffer::default(),
            limit: 65_535,
        }
    }

    /// Passes input and returns the unused rest.
    pub fn receive(&mut self, input: &[u8]) -> Result<(ReceiveOutcome, Vec<u8>), Violation> {
        let mut input = input.to_vec();
        let (used, result) = self.connection.receive(&mut input, self.limit, &mut self.sink, &mut self.output);
        result.map(|stopped| (stopped, input.split_off(used)))
    }

    /// Passes input in the given pieces, up to the first error.
    pub fn receive_pieces(&mut self, pieces: &[&[u8]]) -> Result<(), Violation> {
        for piece in pieces {
            self.receive(piece)?;
        }
        Ok(())
    }

    pub fn send(&mut self, text: bool, payload: &[u8]) {
        let kind = if text { MessageKind::Text } else { MessageKind::Binary };
        self.connection.send(kind, payload, SendOptions::PLAIN, &mut self.output);
    }

    /// Takes the output.
    pub fn sent(&mut self) -> Vec<u8> {
        let bytes = self.output.pending().to_vec();
        self.output.advance(bytes.len());
        bytes
    }
}

/// Builds a frame; `first` is its first byte, valid or not.
pub fn frame(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mask_bit = if masked { 0x80 } else { 0 };
    match payload.len() {
        len @ 0..=125 => bytes.push(mask_bit | len as u8),
        len @ 126..=65_535 => {
            bytes.push(mask_bit | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            bytes.push(mask_bit | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    if masked {
        bytes.extend_from_slice(&KEY);
        bytes.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ KEY[i % 4]));
    } else {
        bytes.extend_from_slice(payload);
    }
    bytes
}

/// Repeats `step` until it returns `true`; fails after [`DEADLINE`] and [`LEAST_STEPS`].
pub fn until(what: &str, mut step: impl FnMut() -> bool) {
    let deadline = clock::now() + DEADLINE;
    let mut steps = 0;
    while !step() {
        steps += 1;
        assert!(steps < LEAST_STEPS || clock::now() < deadline, "timed out: {what}");
        std::thread::yield_now();
    }
}

/// A connected client and server over loopback.
pub struct Pair {
    pub client: WebSocketPeer,
    pub server: WebSocketPeer,
}

impl Pair {
    pub fn open() -> Self {
        Self::with(|_| {}, |_| {})
    }

    /// Connects a pair whose options are set before.
    pub fn with(client: impl FnOnce(&mut WebSocketPeer), server: impl FnOnce(&mut WebSocketPeer)) -> Self {
        let mut listener = TcpServer::new();
        listener.listen(0, "127.0.0.1").unwrap();
        let mut pair = Self { client: WebSocketPeer::new(), server: WebSocketPeer::new() };
        client(&mut pair.client);
        server(&mut pair.server);
        pair.client.connect_to_url(&format!("ws://127.0.0.1:{}/path", listener.local_port()), None).unwrap();
        until("accept", || {
            pair.client.poll();
            listener.is_connection_available()
        });
        let stream = listener.take_connection().unwrap();
        pair.server.accept_stream(Box::new(stream.socket().unwrap())).unwrap();
        pair.drive("open", |pair| pair.client.state() == State::Open && pair.server.state() == State::Open);
        pair
    }

    /// Polls both peers until `done`.
    pub fn drive(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        until(what, || {
            self.client.poll();
            self.server.poll();
            done(self)
        });
    }
}

/// A peer whose remote peer is a bare socket.
pub struct Raw {
    pub peer: WebSocketPeer,
    pub socket: TcpStream,
}

impl Raw {
    /// Creates an open server peer.
    pub fn server() -> Self {
        Self::server_with(|_| {})
    }

    pub fn server_with(setup: impl FnOnce(&mut WebSocketPeer)) -> Self {
        let mut raw = Self::unopened(setup);
        raw.write(
            b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        );
        raw.poll_until("open", |peer| peer.state() == State::Open);
        raw.read_past(b"\r\n\r\n");
        raw
    }

    /// Creates a server peer that has not received a request.
    pub fn unopened(setup: impl FnOnce(&mut WebSocketPeer)) -> Self {
        let mut listener = TcpServer::new();
        listener.listen(0, "127.0.0.1").unwrap();
        let socket = TcpStream::connect(("127.0.0.1", listener.local_port())).unwrap();
        until("accept", || listener.is_connection_available());
        let mut peer = WebSocketPeer::new();
        setup(&mut peer);
        peer.accept_stream(Box::new(listener.take_connection().unwrap().socket().unwrap())).unwrap();
        Self::new(peer, socket)
    }

    /// Creates an open client peer.
    pub fn client() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = WebSocketPeer::new();
        peer.connect_to_url(&format!("ws://127.0.0.1:{}", listener.local_addr().unwrap().port()), None).unwrap();
        peer.poll();
        let (socket, _) = listener.accept().unwrap();
        let mut raw = Self::new(peer, socket);
        raw.poll_until("request", |_| true);
        let request = String::from_utf8(raw.read_past(b"\r\n\r\n")).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
        raw.write(format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").as_bytes());
        raw.poll_until("open", |peer| peer.state() == State::Open);
        raw
    }

    fn new(peer: WebSocketPeer, socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        socket.set_nodelay(true).unwrap();
        Self { peer, socket }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    pub fn end(&mut self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
    }

    pub fn poll_until(&mut self, what: &str, mut done: impl FnMut(&mut WebSocketPeer) -> bool) {
        until(what, || {
            self.peer.poll();
            done(&mut self.peer)
        });
    }

    /// Polls until `done`, which gets the socket too.
    pub fn poll_with(&mut self, what: &str, mut done: impl FnMut(&mut WebSocketPeer, &mut TcpStream) -> bool) {
        until(what, || {
            self.peer.poll();
            done(&mut self.peer, &mut self.socket)
        });
    }

    /// Polls and reads what the peer sends, up to the end of `pattern`.
    pub fn read_past(&mut self, pattern: &[u8]) -> Vec<u8> {
        let mut received = Vec::new();
        until("bytes from the peer", || {
            self.peer.poll();
            let mut byte = [0];
            if matches!(self.socket.read(&mut byte), Ok(1)) {
                received.push(byte[0]);
            }
            received.ends_with(pattern)
        });
        received
    }

    /// Polls and reads `count` bytes.
    pub fn read(&mut self, count: usize) -> Vec<u8> {
        let mut received = Vec::new();
        until("bytes from the peer", || {
            self.peer.poll();
            let mut buffer = vec![0; count - received.len()];
            if let Ok(read) = self.socket.read(&mut buffer) {
                received.extend_from_slice(&buffer[..read]);
            }
            received.len() == count
        });
        received
    }

    /// Polls and reads everything until the peer has closed the connection.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut received = Vec::new();
        until("the end of the stream", || {
            self.peer.poll();
            let mut buffer = [0; 4096];
            match self.socket.read(&mut buffer) {
                Ok(0) => true,
                Ok(read) => {
                    received.extend_from_slice(&buffer[..read]);
                    false
                }
                Err(error) => !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
            }
        });
        received
    }
}

/// Takes all packets.
pub fn packets(peer: &mut WebSocketPeer) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| peer.take_packet().ok().map(<[u8]>::to_vec)).collect()
}

/// Returns the time from which tests count.
pub fn start() -> Instant {
    clock::now()
}
