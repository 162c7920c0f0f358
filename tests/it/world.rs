//! A server object with clients over loopback, and the events of each.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use wspeer::peer::{Client, ConnectParameters, ListenParameters, PeerEvent, Server};
use wspeer::proto::frame::MessageKind;

use crate::fixtures::until;

pub const TEXT: MessageKind = MessageKind::Text;
pub const BINARY: MessageKind = MessageKind::Binary;

pub const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

#[derive(Default)]
pub struct World {
    pub server: Server,
    pub events: Vec<PeerEvent>,
    pub clients: Vec<Player>,
    pub is_multiplayer: bool,
}

#[derive(Default)]
pub struct Player {
    pub client: Client,
    pub events: Vec<PeerEvent>,
    /// Its id at the server.
    pub id: i32,
}

impl World {
    pub fn new() -> Self {
        Self::listening(&[], false, |_| {})
    }

    pub fn multiplayer() -> Self {
        Self::listening(&[], true, |_| {})
    }

    pub fn listening(protocols: &[&str], is_multiplayer: bool, setup: impl FnOnce(&mut Server)) -> Self {
        let mut world = Self { is_multiplayer, ..Self::default() };
        world.server.configure(|options| options.listen.set_bind_address("127.0.0.1")).unwrap();
        setup(&mut world.server);
        let parameters = ListenParameters { protocols: owned(protocols), gd_mp_api: is_multiplayer };
        world.server.listen(0, parameters).unwrap();
        world
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.server.local_port())
    }

    /// Starts to connect another client; returns its index.
    pub fn connect(&mut self, protocols: &[&str], setup: impl FnOnce(&mut Client)) -> usize {
        let mut player = Player::default();
        setup(&mut player.client);
        let parameters = ConnectParameters {
            protocols: owned(protocols),
            gd_mp_api: self.is_multiplayer,
            ..ConnectParameters::default()
        };
        player.client.connect_to_url(&self.url(), parameters).unwrap();
        self.clients.push(player);
        self.clients.len() - 1
    }

    /// Connects another client; returns its index.
    pub fn join(&mut self) -> usize {
        self.join_with(|_| {})
    }

    pub fn join_with(&mut self, setup: impl FnOnce(&mut Client)) -> usize {
        let before = self.server.peer_ids();
        let index = self.connect(&[], setup);
        self.until("joined", |world| {
            let events = &world.clients[index].events;
            events.iter().any(|event| matches!(event, PeerEvent::Opened { .. } | PeerEvent::ConnectionSucceeded))
                && world.server.peer_ids().len() == before.len() + 1
        });
        self.clients[index].id = self.server.peer_ids().into_iter().find(|id| !before.contains(id)).unwrap();
        self.round();
        index
    }

    /// Polls the server and every client once, and takes their events.
    pub fn round(&mut self) {
        self.server.poll();
        self.events.extend(std::iter::from_fn(|| self.server.next_event()));
        for player in &mut self.clients {
            player.client.poll();
            player.events.extend(std::iter::from_fn(|| player.client.next_event()));
        }
    }

    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        until(what, || {
            self.round();
            done(self)
        });
    }

    /// Polls until the server has delivered an event.
    pub fn until_event(&mut self, event: &PeerEvent) {
        self.until(&format!("{event:?}"), |world| world.events.contains(event));
    }

    /// Polls until a client has delivered an event.
    pub fn until_client_event(&mut self, index: usize, event: &PeerEvent) {
        self.until(&format!("{event:?}"), |world| world.clients[index].events.contains(event));
    }

    pub fn clear_events(&mut self) {
        self.events.clear();
        for player in &mut self.clients {
            player.events.clear();
        }
    }

    /// Takes every readable message of a peer.
    pub fn read(&mut self, id: i32) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.server.take_message(id).ok().map(<[u8]>::to_vec)).collect()
    }

    pub fn client(&mut self, index: usize) -> &mut Client {
        &mut self.clients[index].client
    }

    pub fn id(&self, index: usize) -> i32 {
        self.clients[index].id
    }

    /// Opens a TCP connection to the server.
    pub fn raw(&self) -> TcpStream {
        let socket = TcpStream::connect(("127.0.0.1", self.server.local_port())).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        socket
    }

    /// Opens a TCP connection, performs the handshake, and returns the peer's id too.
    pub fn raw_open(&mut self) -> (TcpStream, i32) {
        let before = self.server.peer_ids();
        let mut socket = self.raw();
        socket.write_all(REQUEST).unwrap();
        self.until("open", |world| world.server.peer_ids().len() > before.len());
        self.read_raw(&mut socket, |read| read.ends_with(b"\r\n\r\n"));
        self.round();
        let id = self.server.peer_ids().into_iter().find(|id| !before.contains(id)).unwrap();
        (socket, id)
    }

    /// Reads from a TCP connection, byte by byte, until `done` or the end of the stream.
    pub fn read_raw(&mut self, socket: &mut TcpStream, done: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut read = Vec::new();
        let mut is_over = false;
        self.until("bytes", |_| {
            let mut byte = [0];
            match socket.read(&mut byte) {
                Ok(0) => is_over = true,
                Ok(_) => read.push(byte[0]),
                Err(error) => {
                    is_over = !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
                }
            }
            is_over || done(&read)
        });
        read
    }
}

pub fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
