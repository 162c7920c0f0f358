//! An echo server on tungstenite and mio, as tungstenite's documentation shows for non-blocking sockets. Ends at the end of its
//! standard input.

use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::os::fd::AsRawFd;

use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use tungstenite::handshake::MidHandshake;
use tungstenite::handshake::server::{NoCallback, ServerHandshake};
use tungstenite::{Error, HandshakeError, WebSocket};

const LISTENER: Token = Token(usize::MAX);
const INPUT: Token = Token(usize::MAX - 1);

enum Connection {
    Handshaking(Option<MidHandshake<ServerHandshake<TcpStream, NoCallback>>>),
    Open(WebSocket<TcpStream>),
}

/// Advances a connection. Returns whether it stays open.
fn serve(connection: &mut Connection) -> bool {
    if let Connection::Handshaking(waiting) = connection {
        match waiting.take().map(MidHandshake::handshake) {
            Some(Ok(socket)) => *connection = Connection::Open(socket),
            Some(Err(HandshakeError::Interrupted(again))) => {
                *waiting = Some(again);
                return true;
            }
            _ => return false,
        }
    }
    let Connection::Open(socket) = connection else { return true };
    loop {
        let result = socket.read().and_then(|message| {
            if message.is_text() || message.is_binary() { socket.send(message) } else { Ok(()) }
        });
        match result {
            Ok(()) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => break,
            Err(_) => return false,
        }
    }
    match socket.flush() {
        Ok(()) => true,
        Err(Error::Io(error)) => error.kind() == ErrorKind::WouldBlock,
        Err(_) => false,
    }
}

fn main() -> std::io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    poll.registry().register(&mut SourceFd(&std::io::stdin().as_raw_fd()), INPUT, Interest::READABLE)?;
    println!("LISTENING {}", listener.local_addr()?.port());
    let mut connections: HashMap<usize, Connection> = HashMap::new();
    let mut next = 0;
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            match event.token() {
                INPUT => {
                    if std::io::stdin().read(&mut [0])? == 0 {
                        return Ok(());
                    }
                }
                LISTENER => {
                    while let Ok((mut stream, _)) = listener.accept() {
                        stream.set_nodelay(true)?;
                        poll.registry().register(&mut stream, Token(next), Interest::READABLE | Interest::WRITABLE)?;
                        let connection = match tungstenite::accept(stream) {
                            Ok(socket) => Connection::Open(socket),
                            Err(HandshakeError::Interrupted(waiting)) => Connection::Handshaking(Some(waiting)),
                            Err(HandshakeError::Failure(_)) => continue,
                        };
                        connections.insert(next, connection);
                        next += 1;
                    }
                }
                Token(index) => {
                    if connections.get_mut(&index).is_some_and(|connection| !serve(connection)) {
                        connections.remove(&index);
                    }
                }
            }
        }
    }
}
