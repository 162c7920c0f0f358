//! Decides how a TCP listener binds and accepts, as Godot's `TCPServer` describes it.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorCode, Result};
use crate::net::listener::{AcceptOutcome, ListenError, ListeningSocket};
use crate::net::{RawDescriptor, TcpSocket, clock};
use crate::peer::accept_failure::AcceptFailure;
use crate::peer::last_error::LastError;
use crate::peer::streams::bind_address::bind_address;
use crate::peer::streams::stream_peer_tcp::StreamPeerTcp;

/// Accepts TCP connections.
#[derive(Debug, Default)]
pub struct TcpServer {
    listener: Option<ListeningSocket>,
    /// A connection that was accepted and not taken yet.
    accepted: Option<TcpSocket>,
    accept_failure: AcceptFailure,
    last_error: LastError,
}

impl TcpServer {
    /// Creates a server that does not listen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on a port (0: the system chooses one) of every interface (`"*"`) or of one address.
    ///
    /// # Errors
    /// `AlreadyInUse` if the server listens already or the port is in use, `InvalidParameter` for an invalid address,
    /// `CantCreate` if the system gives no socket.
    pub fn listen(&mut self, port: u16, bind_address: &str) -> Result {
        let result = self.try_listen(port, bind_address);
        self.record_error(result)
    }

    fn try_listen(&mut self, port: u16, bind_address: &str) -> Result {
        if self.listener.is_some() {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the server already listens"));
        }
        self.listener = Some(bind(port, bind_address)?);
        Ok(())
    }

    /// Returns whether a connection waits to be taken. If the system cannot accept one that waits, for lack of
    /// descriptors for example, [`Self::error_message`] has the reason.
    pub fn is_connection_available(&mut self) -> bool {
        if self.accepted.is_none() {
            self.accepted = self.accept(clock::now());
        }
        self.accepted.is_some()
    }

    fn accept(&mut self, now: Instant) -> Option<TcpSocket> {
        let listener = self.listener.as_ref().filter(|_| !self.accept_failure.is_paused(now))?;
        match listener.accept() {
            AcceptOutcome::Socket(socket) => return Some(socket),
            AcceptOutcome::WouldBlock => self.accept_failure.all_accepted(now),
            AcceptOutcome::Exhausted(error) => {
                if let Some(error) = self.accept_failure.failed(&error, now) {
                    self.last_error.set(error.message());
                }
            }
        }
        None
    }

    /// Returns why the last call was refused or a connection could not be accepted; empty if neither happened.
    pub fn error_message(&self) -> &str {
        self.last_error.as_str()
    }

    /// Keeps the text of an error for [`Self::error_message`]; bindings pass their own refusals.
    pub fn record_error<T>(&mut self, result: Result<T>) -> Result<T> {
        self.last_error.record(result)
    }

    /// Takes the next connection; `None` if none waits.
    pub fn take_connection(&mut self) -> Option<StreamPeerTcp> {
        self.is_connection_available();
        self.accepted.take().map(|socket| StreamPeerTcp::from_socket(Arc::new(socket)))
    }

    /// Returns whether the server listens.
    pub fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    /// Returns the port it listens on; 0 if it does not.
    pub fn local_port(&self) -> u16 {
        self.listener.as_ref().map_or(0, ListeningSocket::port)
    }

    /// Returns the descriptor of the listening socket for foreign event loops.
    pub fn raw_fd(&self) -> Option<RawDescriptor> {
        self.listener.as_ref().map(ListeningSocket::raw_fd)
    }

    /// Stops listening. Connections that were not taken are closed.
    pub fn stop(&mut self) {
        self.listener = None;
        self.accepted = None;
        self.accept_failure = AcceptFailure::default();
    }
}

/// Listens on a port (0: the system chooses one) of an address.
pub(in crate::peer) fn bind(port: u16, address: &str) -> Result<ListeningSocket> {
    ListeningSocket::bind(bind_address(address)?, port).map_err(|error| match error {
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
    fn a_refused_call_leaves_the_server_usable() {
        let mut server = TcpServer::new();
        let code = |result: Result| result.unwrap_err().code();
        for address in ["", "localhost", "foo", "[::1]"] {
            assert_eq!(code(server.listen(0, address)), ErrorCode::InvalidParameter);
        }
        assert_eq!(code(server.listen(0, "192.0.2.1")), ErrorCode::AlreadyInUse);
        server.listen(0, "127.0.0.1").unwrap();
        assert_eq!(code(server.listen(0, "127.0.0.1")), ErrorCode::AlreadyInUse);
        let mut second = TcpServer::new();
        assert_eq!(code(second.listen(server.local_port(), "127.0.0.1")), ErrorCode::AlreadyInUse);
        assert!(!server.is_connection_available());
        assert!(server.take_connection().is_none());
        server.stop();
        server.stop();
        assert_eq!((server.is_listening(), server.local_port()), (false, 0));
        server.listen(0, "*").unwrap();
    }
}
