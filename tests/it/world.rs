//! A server object with clients over loopback, and what each was told.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use wspeer::peer::{Client, PeerEvent, Server};
use wspeer::proto::frame::MessageKind;

use crate::fixtures::until;

pub const TEXT: MessageKind = MessageKind::Text;
pub const BINARY: MessageKind = MessageKind::Binary;

pub const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

#[derive(Default)]
pub struct World {
    pub server: Server,
    pub told: Vec<PeerEvent>,
    pub clients: Vec<Player>,
    pub is_multiplayer: bool,
}

#[derive(Default)]
pub struct Player {
    pub client: Client,
    pub told: Vec<PeerEvent>,
    /// What it is at the server.
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
        world.server.listen(0, owned(protocols), is_multiplayer).unwrap();
        world
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.server.local_port())
    }

    /// Begins another client's connection; returns its index.
    pub fn connect(&mut self, protocols: &[&str], setup: impl FnOnce(&mut Client)) -> usize {
        let mut player = Player::default();
        setup(&mut player.client);
        player.client.connect_to_url(&self.url(), owned(protocols), self.is_multiplayer, Vec::new(), None).unwrap();
        self.clients.push(player);
        self.clients.len() - 1
    }

    /// Another client, connected; returns its index.
    pub fn join(&mut self) -> usize {
        self.join_with(|_| {})
    }

    pub fn join_with(&mut self, setup: impl FnOnce(&mut Client)) -> usize {
        let before = self.server.peer_ids();
        let index = self.connect(&[], setup);
        self.until("joined", |world| {
            let told = &world.clients[index].told;
            told.iter().any(|event| matches!(event, PeerEvent::Opened { .. } | PeerEvent::ConnectionSucceeded))
                && world.server.peer_ids().len() == before.len() + 1
        });
        self.clients[index].id = self.server.peer_ids().into_iter().find(|id| !before.contains(id)).unwrap();
        self.round();
        index
    }

    /// One poll of everybody.
    pub fn round(&mut self) {
        self.server.poll();
        self.told.extend(std::iter::from_fn(|| self.server.next_event()));
        for player in &mut self.clients {
            player.client.poll();
            player.told.extend(std::iter::from_fn(|| player.client.next_event()));
        }
    }

    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        until(what, || {
            self.round();
            done(self)
        });
    }

    /// Polls until the server was told an event.
    pub fn until_told(&mut self, event: &PeerEvent) {
        self.until(&format!("{event:?}"), |world| world.told.contains(event));
    }

    /// Polls until a client was told an event.
    pub fn until_client_told(&mut self, index: usize, event: &PeerEvent) {
        self.until(&format!("{event:?}"), |world| world.clients[index].told.contains(event));
    }

    pub fn forget(&mut self) {
        self.told.clear();
        for player in &mut self.clients {
            player.told.clear();
        }
    }

    /// Every message of a peer that can be read.
    pub fn read(&mut self, id: i32) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.server.take_message(id).ok().map(<[u8]>::to_vec)).collect()
    }

    pub fn client(&mut self, index: usize) -> &mut Client {
        &mut self.clients[index].client
    }

    pub fn id(&self, index: usize) -> i32 {
        self.clients[index].id
    }

    /// A bare connection.
    pub fn raw(&self) -> TcpStream {
        let socket = TcpStream::connect(("127.0.0.1", self.server.local_port())).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        socket
    }

    /// A bare connection whose handshake is over, and its id.
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

    /// Reads from a bare connection, byte by byte, until `done` or the end of the stream.
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
