//! A non-blocking TCP listener.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use mio::net::TcpListener;

use super::poller::{Poller, Readiness};
use super::tcp::{TcpSocket, new_socket};
use crate::limits::LISTEN_BACKLOG;

/// Interfaces to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindAddress {
    /// Every interface, IPv6 and IPv4 through one socket where the system can, IPv4 alone otherwise.
    Any,
    /// One address.
    Ip(IpAddr),
}

impl BindAddress {
    /// Reads `"*"` or an IP address; names are not looked up.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" { Some(Self::Any) } else { text.parse().ok().map(Self::Ip) }
    }
}

/// What went wrong while starting to listen.
#[derive(Debug)]
pub enum ListenError {
    /// The system gave no socket.
    Socket(io::Error),
    /// The address is in use or not one of this machine.
    Bind(io::Error),
    /// The socket cannot listen.
    Listen(io::Error),
}

/// A listening socket.
#[derive(Debug)]
pub struct ListeningSocket {
    listener: TcpListener,
    port: u16,
    /// The poller that tells its owner when connections wait.
    watched: Option<(Arc<Readiness>, Arc<Poller>)>,
}

/// What [`ListeningSocket::accept_with_key`] found.
#[derive(Debug)]
pub enum AcceptOutcome {
    /// A connection.
    Socket(TcpSocket),
    /// None waits.
    WouldBlock,
    /// The system has no descriptor or memory for another one; those that wait stay in the kernel's queue.
    Exhausted,
}

impl ListeningSocket {
    /// Starts to listen. Port 0 lets the system choose.
    pub fn bind(address: BindAddress, port: u16) -> Result<Self, ListenError> {
        let any_v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        let (socket, address) = match address {
            BindAddress::Any => match new_socket(any_v6).and_then(|s| s.set_only_v6(false).map(|()| s)) {
                Ok(socket) => (socket, any_v6),
                Err(_) => {
                    let any_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
                    (new_socket(any_v4).map_err(ListenError::Socket)?, any_v4)
                }
            },
            BindAddress::Ip(ip) => {
                let address = SocketAddr::from((ip.to_canonical(), port));
                let socket = new_socket(address).map_err(ListenError::Socket)?;
                if address.is_ipv6() {
                    socket.set_only_v6(true).map_err(ListenError::Socket)?;
                }
                (socket, address)
            }
        };
        // On Windows the option would let two programs listen on one port.
        #[cfg(unix)]
        socket.set_reuse_address(true).map_err(ListenError::Socket)?;
        socket.bind(&address.into()).map_err(ListenError::Bind)?;
        socket.listen(LISTEN_BACKLOG).map_err(ListenError::Listen)?;
        let listener = TcpListener::from_std(socket.into());
        let port = listener.local_addr().map_err(ListenError::Socket)?.port();
        Ok(Self { listener, port, watched: None })
    }

    /// Lets `poller` tell its owner, by `key`, when connections wait. They get the same poller.
    pub fn watch(&mut self, poller: &Arc<Poller>, key: u64) {
        let readiness = Readiness::register_with(Some(poller), &mut self.listener, key);
        self.watched = Some((readiness, Arc::clone(poller)));
    }

    /// The next connection for the owner of a poller, who will know it by `key`.
    pub fn accept_with_key(&self, key: u64) -> AcceptOutcome {
        let poller = self.watched.as_ref().map(|(_, poller)| poller);
        for _ in 0..LISTEN_BACKLOG {
            match self.listener.accept() {
                Ok((stream, remote)) => return AcceptOutcome::Socket(TcpSocket::watched(stream, remote, poller, key)),
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return AcceptOutcome::WouldBlock,
                Err(_) => return AcceptOutcome::Exhausted,
            }
        }
        AcceptOutcome::Exhausted
    }

    /// The next connection; `None` where none waits.
    pub fn accept(&self) -> Option<TcpSocket> {
        // Connections that ended while they waited are passed over.
        for _ in 0..LISTEN_BACKLOG {
            match self.listener.accept() {
                Ok((stream, remote)) => return Some(TcpSocket::accepted(stream, remote)),
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {
                }
                // Nothing waits, or the process has no descriptor left: the connection stays in the kernel's queue.
                Err(_) => return None,
            }
        }
        None
    }

    /// Descriptor for foreign event loops.
    pub fn raw_fd(&self) -> i64 {
        super::tcp::raw_fd(&self.listener)
    }

    /// The port, chosen by the system where 0 was asked for.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for ListeningSocket {
    fn drop(&mut self) {
        if let Some((readiness, _)) = &self.watched {
            readiness.deregister(&mut self.listener);
        }
    }
}
