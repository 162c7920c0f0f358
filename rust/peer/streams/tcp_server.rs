//! A TCP listener as Godot's `TCPServer` describes it.

use std::sync::Arc;

use crate::error::{Error, ErrorCode, Result};
use crate::net::listener::{BindAddress, ListenError, ListeningSocket};
use crate::net::{TcpSocket, clock, linger};

use crate::peer::streams::stream_peer_tcp::StreamPeerTcp;

/// Accepts TCP connections.
#[derive(Debug, Default)]
pub struct TcpServer {
    listener: Option<ListeningSocket>,
    waiting: Option<TcpSocket>,
}

impl TcpServer {
    /// A server that does not listen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on a port (0: the system chooses one) of every interface (`"*"`) or of one address.
    pub fn listen(&mut self, port: i64, bind_address: &str) -> Result {
        if self.listener.is_some() {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the server is listening already"));
        }
        self.listener = Some(bind(port, bind_address)?);
        Ok(())
    }

    /// Whether a connection waits to be taken.
    pub fn is_connection_available(&mut self) -> bool {
        linger::tick(clock::now());
        if self.waiting.is_none() {
            self.waiting = self.listener.as_ref().and_then(ListeningSocket::accept);
        }
        self.waiting.is_some()
    }

    /// Takes the next connection; `None` where none waits.
    pub fn take_connection(&mut self) -> Option<StreamPeerTcp> {
        self.is_connection_available();
        self.waiting.take().map(|socket| StreamPeerTcp::from_socket(Arc::new(socket)))
    }

    /// Whether the server listens.
    pub fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    /// The port it listens on, 0 where it does not.
    pub fn local_port(&self) -> u16 {
        self.listener.as_ref().map_or(0, ListeningSocket::port)
    }

    /// Descriptor of the listening socket for foreign event loops.
    pub fn raw_fd(&self) -> Option<i64> {
        self.listener.as_ref().map(ListeningSocket::raw_fd)
    }

    /// Stops listening; connections that were not taken are closed.
    pub fn stop(&mut self) {
        self.listener = None;
        self.waiting = None;
    }
}

/// Refuses an invalid address to listen on.
pub(in crate::peer) fn check_bind_address(text: &str) -> Result {
    bind_address(text).map(drop)
}

/// Reads an address to listen on.
pub(in crate::peer) fn bind_address(text: &str) -> Result<BindAddress> {
    let invalid = || format!("'{text}' is neither an IP address nor '*'");
    BindAddress::parse(text).ok_or_else(|| Error::new(ErrorCode::InvalidParameter, invalid()))
}

/// Listens on a port (0: the system chooses one) of an address.
pub(in crate::peer) fn bind(port: i64, address: &str) -> Result<ListeningSocket> {
    let number = u16::try_from(port)
        .map_err(|_| Error::new(ErrorCode::InvalidParameter, format!("port {port} is not between 0 and 65535")))?;
    ListeningSocket::bind(bind_address(address)?, number).map_err(|error| match error {
        ListenError::Socket(why) => Error::new(ErrorCode::CantCreate, format!("creating the socket failed: {why}")),
        ListenError::Bind(why) => {
            Error::new(ErrorCode::AlreadyInUse, format!("binding to {address} port {port} failed: {why}"))
        }
        ListenError::Listen(why) => Error::new(ErrorCode::Failed, format!("listening failed: {why}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_wrong_arguments_and_stays_usable() {
        let mut server = TcpServer::new();
        let code = |result: Result| result.unwrap_err().code();
        for address in ["", "localhost", "foo", "[::1]"] {
            assert_eq!(code(server.listen(0, address)), ErrorCode::InvalidParameter);
        }
        for port in [-1, 65_536, i64::MAX] {
            assert_eq!(code(server.listen(port, "*")), ErrorCode::InvalidParameter);
        }
        assert_eq!(code(server.listen(0, "192.0.2.1")), ErrorCode::AlreadyInUse);
        server.listen(0, "127.0.0.1").unwrap();
        assert_eq!(code(server.listen(0, "127.0.0.1")), ErrorCode::AlreadyInUse);
        let mut second = TcpServer::new();
        assert_eq!(code(second.listen(i64::from(server.local_port()), "127.0.0.1")), ErrorCode::AlreadyInUse);
        assert!(!server.is_connection_available());
        assert!(server.take_connection().is_none());
        server.stop();
        server.stop();
        assert_eq!((server.is_listening(), server.local_port()), (false, 0));
        server.listen(0, "*").unwrap();
    }
}
