//! The objects whose events tests compare, each with a bare socket as its remote peer, and the log of what a program
//! sees of them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use wspeer::peer::room::{MultiplayerPeer, RoomEvent, RoomStatus};
use wspeer::peer::{
    Client, ConnectParameters, ListenParameters, PeerEvent, SERVER_ID, Server, State, TcpServer, WebSocketPeer,
};

use crate::fixtures::{frame, until};
use crate::world::REQUEST;

/// Largest message that a subject accepts.
pub const LIMIT: usize = 1000;

/// The id that a room's server assigns to a client.
const OWN_ID: i32 = 77;

/// What a program sees of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// `request`, `open`, `message …`, and at the end `closed clean`, `closed unclean` or `failed`.
    pub events: Vec<String>,
    /// Reason of the end, as far as the object reports one.
    pub reason: String,
}

impl Log {
    fn push(&mut self, event: &str) {
        self.events.push(event.to_owned());
    }

    fn message(&mut self, payload: &[u8]) {
        self.events.push(format!("message {}", String::from_utf8_lossy(payload)));
    }

    fn closed(&mut self, was_clean: bool, reason: &str) {
        self.push(if was_clean { "closed clean" } else { "closed unclean" });
        reason.clone_into(&mut self.reason);
    }

    fn failed(&mut self, reason: &str) {
        self.push("failed");
        reason.clone_into(&mut self.reason);
    }

    pub fn is_over(&self) -> bool {
        self.events.last().is_some_and(|event| event.starts_with("closed") || event == "failed")
    }
}

/// An object and what a program does with it.
pub trait Subject {
    /// Polls once and takes everything that the program can see.
    fn poll(&mut self, log: &mut Log);
}

/// A connection of a subject to a bare socket that has not sent anything yet.
pub struct Trial {
    pub subject: Box<dyn Subject>,
    pub socket: TcpStream,
    pub log: Log,
    /// What the socket sends to open the connection.
    pub head: Vec<u8>,
    /// Whether the socket's frames are masked.
    pub masks: bool,
}

/// How the socket ends the connection after everything was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Not at all.
    Waits,
    Fin,
    Reset,
}

impl Trial {
    pub fn poll(&mut self) {
        self.subject.poll(&mut self.log);
    }

    /// Sends bytes in the given pieces, with two polls after each, the end of the connection with the last one, and
    /// returns what the program sees.
    pub fn run<'a>(mut self, pieces: impl IntoIterator<Item = &'a [u8]>, end: End) -> Log {
        let mut pieces = pieces.into_iter().peekable();
        while let Some(piece) = pieces.next() {
            if let Err(error) = self.socket.write_all(piece) {
                // A subject that has ended the connection reads no more.
                assert!(self.log.is_over(), "{error} after {:?}", self.log);
                break;
            }
            if pieces.peek().is_none() {
                break;
            }
            self.poll();
            self.poll();
        }
        let mut socket = Some(self.socket);
        match end {
            End::Waits => {}
            // Fails if the subject has closed the connection.
            End::Fin => _ = socket.as_ref().map(|socket| socket.shutdown(Shutdown::Write)),
            End::Reset => {
                let closed = socket.take().unwrap();
                socket2::SockRef::from(&closed).set_linger(Some(Duration::ZERO)).unwrap();
            }
        }
        until("the end", || {
            self.subject.poll(&mut self.log);
            self.log.is_over()
        });
        for _ in 0..3 {
            self.subject.poll(&mut self.log);
        }
        self.log
    }

    /// Polls and reads what the subject sends until it closes the connection.
    pub fn answer(&mut self) -> Vec<u8> {
        let mut answer = Vec::new();
        until("the end of the answer", || {
            self.subject.poll(&mut self.log);
            let mut buffer = [0; 4096];
            match self.socket.read(&mut buffer) {
                Ok(0) => true,
                Ok(count) => {
                    answer.extend_from_slice(&buffer[..count]);
                    false
                }
                Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
            }
        });
        answer
    }
}

/// Name of a subject, and how its trial begins. The flag is whether the program decides about requests itself.
pub type Start = (&'static str, fn(bool) -> Trial);

/// The subjects that connect.
pub const CLIENTS: [Start; 3] = [
    ("client peer", |_| connected(|url| Box::new(Peer::connecting(url)), &[])),
    ("client", |_| connected(|url| Box::new(ClientSubject::connecting(url)), &[])),
    ("room client", |_| connected(|url| Box::new(Room::joining(url)), &frame(0x82, false, &OWN_ID.to_le_bytes()))),
];

/// The subjects that accept connections.
pub const SERVERS: [Start; 3] = [
    ("server peer", |asks| {
        let (listener, socket) = accepted();
        let mut peer = WebSocketPeer::new();
        peer.options.set_auto_accept(!asks);
        peer.options.set_inbound_buffer_size(LIMIT);
        peer.accept_stream(Box::new(listener.socket().unwrap())).unwrap();
        accepting(Box::new(Peer { peer, was_open: false, was_asked: false }), socket)
    }),
    ("server", |asks| {
        let mut server = Server::new();
        server.configure(|options| options.listen.set_bind_address("127.0.0.1")).unwrap();
        server
            .set_options(|options| {
                options.peer.set_auto_accept(!asks);
                options.peer.set_inbound_buffer_size(LIMIT);
                Ok(())
            })
            .unwrap();
        server.listen(0, ListenParameters::default()).unwrap();
        let socket = TcpStream::connect(("127.0.0.1", server.local_port())).unwrap();
        accepting(Box::new(ServerSubject { server, close: String::new() }), socket)
    }),
    ("room server", |asks| {
        let mut room = MultiplayerPeer::new();
        room.options.set_auto_accept(!asks);
        room.options.set_inbound_buffer_size(LIMIT);
        room.create_server(0, "127.0.0.1", None).unwrap();
        let socket = TcpStream::connect(("127.0.0.1", room.local_port())).unwrap();
        accepting(Box::new(Room { room, is_joining: false }), socket)
    }),
];

/// A room's client whose server has not assigned the id.
pub fn joining_room() -> Trial {
    connected(|url| Box::new(Room::joining(url)), &[])
}

fn accepted() -> (wspeer::peer::StreamPeerTcp, TcpStream) {
    let mut listener = TcpServer::new();
    listener.listen(0, "127.0.0.1").unwrap();
    let socket = TcpStream::connect(("127.0.0.1", listener.local_port())).unwrap();
    until("accept", || listener.is_connection_available());
    (listener.take_connection().unwrap(), socket)
}

fn accepting(subject: Box<dyn Subject>, socket: TcpStream) -> Trial {
    trial(subject, socket, REQUEST.to_vec(), true)
}

fn trial(subject: Box<dyn Subject>, socket: TcpStream, head: Vec<u8>, masks: bool) -> Trial {
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    Trial { subject, socket, log: Log::default(), head, masks }
}

/// Connects a subject and reads its request. The head of the trial opens the connection and ends with `greeting`.
fn connected(connect: impl FnOnce(&str) -> Box<dyn Subject>, greeting: &[u8]) -> Trial {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut subject = connect(&format!("ws://127.0.0.1:{}/", listener.local_addr().unwrap().port()));
    let mut log = Log::default();
    listener.set_nonblocking(true).unwrap();
    let mut socket = None;
    until("accept", || {
        subject.poll(&mut log);
        socket = listener.accept().ok().map(|(socket, _)| socket);
        socket.is_some()
    });
    let mut socket = socket.unwrap();
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut request = Vec::new();
    until("the request", || {
        subject.poll(&mut log);
        let mut buffer = [0; 4096];
        let count = socket.read(&mut buffer).unwrap_or(0);
        request.extend_from_slice(&buffer[..count]);
        request.ends_with(b"\r\n\r\n")
    });
    let request = String::from_utf8(request).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    trial(subject, socket, [head.as_bytes(), greeting].concat(), false)
}

/// A peer; the program looks at its state after each poll.
struct Peer {
    peer: WebSocketPeer,
    was_open: bool,
    was_asked: bool,
}

impl Peer {
    fn connecting(url: &str) -> Self {
        let mut peer = WebSocketPeer::new();
        peer.options.set_inbound_buffer_size(LIMIT);
        peer.connect_to_url(url, None).unwrap();
        Self { peer, was_open: false, was_asked: false }
    }
}

impl Subject for Peer {
    fn poll(&mut self, log: &mut Log) {
        let was_over = log.is_over();
        self.peer.poll();
        if self.peer.is_request_pending() && !std::mem::replace(&mut self.was_asked, true) {
            log.push("request");
            // A request that is no handshake is refused, which ends the connection.
            let _refused = self.peer.accept_request(&[]);
        }
        if self.peer.state() == State::Open && !std::mem::replace(&mut self.was_open, true) {
            log.push("open");
        }
        while let Ok(packet) = self.peer.take_packet() {
            log.message(packet);
        }
        if self.peer.state() == State::Closed && !was_over {
            let code = format!("code {} {}", self.peer.close_code(), self.peer.close_reason());
            let failure = self.peer.failure().map(|failure| failure.message.clone());
            match (self.was_open, failure) {
                (true, failure) => log.closed(failure.is_none(), &failure.unwrap_or(code)),
                (false, failure) => log.failed(&failure.unwrap_or(code)),
            }
        }
    }
}

struct ClientSubject(Client);

impl ClientSubject {
    fn connecting(url: &str) -> Self {
        let mut client = Client::new();
        client
            .set_options(|options| {
                options.set_inbound_buffer_size(LIMIT);
                Ok(())
            })
            .unwrap();
        client.connect_to_url(url, ConnectParameters::default()).unwrap();
        Self(client)
    }
}

impl Subject for ClientSubject {
    fn poll(&mut self, log: &mut Log) {
        self.0.poll();
        while let Some(event) = self.0.next_event() {
            match event {
                PeerEvent::Opened { .. } => log.push("open"),
                PeerEvent::Message { .. } => log.message(self.0.take_message().unwrap()),
                PeerEvent::CloseRequest { .. } => {}
                PeerEvent::Closed { was_clean, .. } => {
                    let code = self.0.with_peer(|peer| format!("code {} {}", peer.close_code(), peer.close_reason()));
                    log.closed(was_clean, if was_clean { &code } else { self.0.error_message() });
                }
                PeerEvent::Failed { reason, .. } => log.failed(&reason),
                other => panic!("{other:?}"),
            }
        }
    }
}

struct ServerSubject {
    server: Server,
    close: String,
}

impl Subject for ServerSubject {
    fn poll(&mut self, log: &mut Log) {
        self.server.poll();
        while let Some(event) = self.server.next_event() {
            match event {
                PeerEvent::Request { id } => {
                    log.push("request");
                    let _refused = self.server.accept_request(id, &[]);
                }
                PeerEvent::Opened { .. } => log.push("open"),
                PeerEvent::Message { id } => log.message(self.server.take_message(id).unwrap()),
                PeerEvent::CloseRequest { code, reason, .. } => self.close = format!("code {code} {reason}"),
                PeerEvent::Closed { was_clean, .. } => log.closed(was_clean, &self.close),
                PeerEvent::Failed { reason, .. } => log.failed(&reason),
                other => panic!("{other:?}"),
            }
        }
    }
}

struct Room {
    room: MultiplayerPeer,
    /// Whether the room is a client that has no id.
    is_joining: bool,
}

impl Room {
    fn joining(url: &str) -> Self {
        let mut room = MultiplayerPeer::new();
        room.options.set_inbound_buffer_size(LIMIT);
        room.create_client(url, None).unwrap();
        Self { room, is_joining: true }
    }
}

impl Subject for Room {
    fn poll(&mut self, log: &mut Log) {
        self.room.poll();
        let mut departed = None;
        while let Some(event) = self.room.next_event() {
            match event {
                RoomEvent::Requested(id) => {
                    log.push("request");
                    let _refused = self.room.with_peer(id, |peer| peer.accept_request(&[]));
                }
                RoomEvent::Connected(id) => {
                    self.is_joining = false;
                    assert!(id == SERVER_ID || self.room.is_server());
                    log.push("open");
                }
                RoomEvent::Disconnected(id) => {
                    let was_clean = self.room.with_peer(id, |peer| peer.failure().is_none()).unwrap();
                    departed = Some((was_clean, self.room.error_message().to_owned()));
                }
                other => panic!("{other:?}"),
            }
        }
        while let Ok((_, packet)) = self.room.take_packet() {
            log.message(packet);
        }
        if let Some((was_clean, reason)) = departed {
            // The id at the beginning is random on a server.
            log.closed(was_clean, reason.split_once(": ").unwrap().1);
        }
        if self.is_joining && self.room.status() == RoomStatus::Disconnected {
            self.is_joining = false;
            log.failed(self.room.error_message());
        }
    }
}
