//! Which connections listeners accept when there are very many, or no descriptors: one table for server objects and
//! rooms.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use wspeer::net::clock;
use wspeer::peer::{ListenParameters, MultiplayerPeer, PeerEvent, Server, TcpServer};

use crate::fixtures::until;
use crate::memory::alone_with_descriptors;
use crate::world::REQUEST;

/// A listener of either kind.
enum Listener {
    Server(Box<Server>),
    Room(Box<MultiplayerPeer>),
}

const KINDS: [fn() -> Listener; 2] = [Listener::server, Listener::room];

impl Listener {
    fn server() -> Self {
        let mut server = Server::new();
        server.configure(|options| options.listen.set_bind_address("127.0.0.1")).unwrap();
        server.listen(0, ListenParameters::default()).unwrap();
        Self::Server(Box::new(server))
    }

    fn room() -> Self {
        let mut room = MultiplayerPeer::new();
        room.create_server(0, "127.0.0.1", None).unwrap();
        Self::Room(Box::new(room))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Server(_) => "server",
            Self::Room(_) => "room",
        }
    }

    /// Polls at a given time, and returns the reports that connections cannot be accepted.
    fn poll_at(&mut self, now: Instant) -> usize {
        match self {
            Self::Server(server) => {
                server.poll_at(now);
                let events = std::iter::from_fn(|| server.next_event());
                events.filter(|event| matches!(event, PeerEvent::Failed { id: 0, .. })).count()
            }
            Self::Room(room) => {
                room.poll_at(now);
                while room.next_event().is_some() {}
                0
            }
        }
    }

    fn poll(&mut self) {
        self.poll_at(clock::now());
    }

    fn error_message(&self) -> &str {
        match self {
            Self::Server(server) => server.error_message(),
            Self::Room(room) => room.error_message(),
        }
    }

    fn connect(&self) -> TcpStream {
        let port = match self {
            Self::Server(server) => server.local_port(),
            Self::Room(room) => room.local_port(),
        };
        let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    /// Polls until a player that has sent its request has the answer.
    fn until_joined(&mut self, what: &str, player: &mut TcpStream, mut meanwhile: impl FnMut(&Self)) {
        player.write_all(REQUEST).unwrap();
        let mut answer = Vec::new();
        until(what, || {
            self.poll();
            meanwhile(self);
            has_joined(player, &mut answer)
        });
    }
}

/// Reads what has arrived for a player. Returns whether it was admitted.
fn has_joined(player: &mut TcpStream, answer: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 1024];
    let count = player.read(&mut buffer).unwrap_or(0);
    answer.extend_from_slice(&buffer[..count]);
    answer.starts_with(b"HTTP/1.1 101 ")
}

/// Whether the listener has dropped a silent connection.
fn is_dropped(socket: &mut TcpStream) -> bool {
    match socket.read(&mut [0; 64]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// Takes every descriptor that the process may still have.
fn take_descriptors() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn players_join_while_three_thousand_silent_connections_are_held() {
    alone_with_descriptors("admission::players_join_while_three_thousand_silent_connections_are_held", 8192, || {
        for make in KINDS {
            let mut listener = make();
            let mut silent = Vec::new();
            while silent.len() < 3000 {
                silent.extend((0..500).map(|_| listener.connect()));
                listener.poll();
            }
            for player in 0..4 {
                let mut socket = listener.connect();
                let what = format!("player {player} of a {} joins", listener.name());
                // Those that were dropped come back, some in each frame.
                listener.until_joined(&what, &mut socket, |listener| {
                    let mut renewed = 0;
                    for socket in &mut silent {
                        if renewed < 500 && is_dropped(socket) {
                            *socket = listener.connect();
                            renewed += 1;
                        }
                    }
                });
            }
        }
    });
}

#[test]
fn a_request_that_waits_is_read_before_its_connection_makes_room() {
    alone_with_descriptors("admission::a_request_that_waits_is_read_before_its_connection_makes_room", 8192, || {
        for make in KINDS {
            let mut listener = make();
            let mut player = listener.connect();
            listener.poll();
            listener.poll();
            // The program stalls. Meanwhile the request arrives, and more connections than an address may have.
            player.write_all(REQUEST).unwrap();
            let _silent: Vec<TcpStream> = (0..1024).map(|_| listener.connect()).collect();
            let mut answer = Vec::new();
            until(&format!("the answer of a {}", listener.name()), || {
                listener.poll();
                has_joined(&mut player, &mut answer)
            });
        }
    });
}

#[test]
fn a_listener_without_descriptors_reports_it_once_and_recovers() {
    alone_with_descriptors("admission::a_listener_without_descriptors_reports_it_once_and_recovers", 64, || {
        for make in KINDS {
            let mut listener = make();
            let mut player = listener.connect();
            let descriptors = take_descriptors();
            let start = clock::now();
            let reports: usize = (0..50).map(|round| listener.poll_at(start + round * Duration::from_millis(20))).sum();
            if matches!(listener, Listener::Server(_)) {
                assert_eq!(reports, 1);
            }
            let message = listener.error_message();
            assert!(message.starts_with("accepting a connection failed: "), "{}: {message:?}", listener.name());
            drop(descriptors);
            // After the pause, and before the handshake's deadline, which counts from the real time.
            let later = start + Duration::from_millis(1500);
            let mut answer = Vec::new();
            player.write_all(REQUEST).unwrap();
            until("the player joins", || {
                listener.poll_at(later);
                has_joined(&mut player, &mut answer)
            });
        }
    });
}

#[test]
fn a_silent_connection_makes_room_if_there_is_no_descriptor() {
    alone_with_descriptors("admission::a_silent_connection_makes_room_if_there_is_no_descriptor", 64, || {
        for make in KINDS {
            let mut listener = make();
            let mut silent = listener.connect();
            listener.poll();
            listener.poll();
            let mut player = listener.connect();
            let _descriptors = take_descriptors();
            listener.until_joined(listener.name(), &mut player, |_| {});
            until("the silent one is dropped", || is_dropped(&mut silent));
            assert!(listener.error_message().starts_with("accepting a connection failed: "));
        }
    });
}

#[test]
fn a_plain_listener_without_descriptors_says_so_and_recovers() {
    alone_with_descriptors("admission::a_plain_listener_without_descriptors_says_so_and_recovers", 64, || {
        let mut listener = TcpServer::new();
        listener.listen(0, "127.0.0.1").unwrap();
        let descriptors = take_descriptors();
        assert!(!listener.is_connection_available());
        assert_eq!(listener.error_message(), "", "no connection waits");
        drop(descriptors);
        let _client = TcpStream::connect(("127.0.0.1", listener.local_port())).unwrap();
        let descriptors = take_descriptors();
        assert!(!listener.is_connection_available());
        assert!(listener.error_message().starts_with("accepting a connection failed: "));
        drop(descriptors);
        until("the connection", || listener.is_connection_available());
    });
}
