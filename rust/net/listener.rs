//! A listening TCP socket: the addresses on which it listens, and how it accepts without blocking.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;

use mio::net::{TcpListener, TcpStream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::Socket;

use super::linger;
use super::poller::{Poller, Readiness};
use super::tcp::{RawDescriptor, TcpSocket, new_socket};
use super::zone;
use crate::limits::LISTEN_BACKLOG;

/// The interfaces on which a socket listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindAddress {
    /// All interfaces: IPv6 and IPv4 through one socket if the system supports it, otherwise IPv4.
    Any,
    /// One address.
    Ip(IpAddr),
    /// One IPv6 address on one network interface; the port is 0.
    Zoned(SocketAddrV6),
}

impl BindAddress {
    /// Parses `"*"` or an IP address, an IPv6 address also with `%` and the network interface; names are not looked up.
    pub fn parse(text: &str) -> Option<Self> {
        match zone::parse(text) {
            Some(address) => address.ok().map(Self::Zoned),
            None if text == "*" => Some(Self::Any),
            None => text.parse().ok().map(Self::Ip),
        }
    }

    /// Returns the address with a port; `None` for all interfaces.
    pub fn with_port(self, port: u16) -> Option<SocketAddr> {
        match self {
            Self::Any => None,
            Self::Ip(ip) => Some((ip.to_canonical(), port).into()),
            Self::Zoned(address) => Some(SocketAddrV6::new(*address.ip(), port, 0, address.scope_id()).into()),
        }
    }
}

/// Why a socket does not listen.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenError {
    /// The system returned no socket.
    Socket(io::Error),
    /// The address is in use, or does not belong to this machine.
    Bind(io::Error),
    /// The socket cannot listen.
    Listen(io::Error),
}

/// A listening socket.
#[derive(Debug)]
pub struct ListeningSocket {
    listener: TcpListener,
    port: u16,
    /// The poller with which the socket is registered, for its accepted connections too.
    watched: Option<(Arc<Readiness>, Arc<Poller>)>,
}

/// Result of [`ListeningSocket::accept_with_key`].
#[derive(Debug)]
#[non_exhaustive]
pub enum AcceptOutcome {
    /// A connection was accepted.
    Socket(TcpSocket),
    /// No connection is pending.
    WouldBlock,
    /// The system has no descriptor or memory for another one. Pending connections stay in the kernel's queue.
    Exhausted(io::Error),
}

impl ListeningSocket {
    /// Starts to listen. With port 0 the system chooses a port.
    pub fn bind(address: BindAddress, port: u16) -> Result<Self, ListenError> {
        let any_v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        let (socket, address) = match address.with_port(port) {
            None => match new_socket(any_v6).and_then(|s| s.set_only_v6(false).map(|()| s)) {
                Ok(socket) => (socket, any_v6),
                Err(_) => {
                    let any_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
                    (new_socket(any_v4).map_err(ListenError::Socket)?, any_v4)
                }
            },
            Some(address) => {
                let socket = new_socket(address).map_err(ListenError::Socket)?;
                if address.is_ipv6() {
                    socket.set_only_v6(true).map_err(ListenError::Socket)?;
                }
                (socket, address)
            }
        };
        reserve_address(&socket).map_err(ListenError::Socket)?;
        socket.bind(&address.into()).map_err(ListenError::Bind)?;
        socket.listen(LISTEN_BACKLOG).map_err(ListenError::Listen)?;
        let listener = TcpListener::from_std(socket.into());
        let port = listener.local_addr().map_err(ListenError::Socket)?.port();
        Ok(Self { listener, port, watched: None })
    }

    /// Registers the socket with a poller, which reports `key` when connections are pending. Accepted connections use
    /// the same poller. Returns whether the system watches the socket.
    pub fn watch(&mut self, poller: &Arc<Poller>, key: u64) -> bool {
        let readiness = Readiness::register_with(Some(poller), &mut self.listener, key);
        let is_watched = readiness.is_watched();
        self.watched = Some((readiness, Arc::clone(poller)));
        is_watched
    }

    /// Accepts the next connection and registers it with the poller of [`Self::watch`] under `key`.
    pub fn accept_with_key(&self, key: u64) -> AcceptOutcome {
        let poller = self.watched.as_ref().map(|(_, poller)| poller);
        self.accept_as(|stream, remote| TcpSocket::watched(stream, remote, poller, key))
    }

    /// Accepts the next connection and registers it with the process-wide poller.
    pub fn accept(&self) -> AcceptOutcome {
        self.accept_as(TcpSocket::accepted)
    }

    fn accept_as(&self, connection: impl FnOnce(TcpStream, SocketAddr) -> TcpSocket) -> AcceptOutcome {
        // Linux makes a descriptor and a socket before it looks for a connection: ten times the time of this question.
        if !self.is_connection_pending() {
            return AcceptOutcome::WouldBlock;
        }
        let mut last_error = io::Error::from(io::ErrorKind::ConnectionAborted);
        // Skips connections that ended while they were pending.
        for _ in 0..LISTEN_BACKLOG {
            match self.listener.accept() {
                Ok((stream, remote)) => return AcceptOutcome::Socket(connection(stream, remote)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return AcceptOutcome::WouldBlock,
                Err(error) if is_about_one_connection(&error) => last_error = error,
                Err(_) if linger::release_descriptors() => {}
                // Linux looks for a descriptor before it looks for a connection.
                Err(_) if !self.is_connection_pending() => return AcceptOutcome::WouldBlock,
                Err(error) => return AcceptOutcome::Exhausted(error),
            }
        }
        AcceptOutcome::Exhausted(last_error)
    }

    fn is_connection_pending(&self) -> bool {
        let mut sockets = [PollFd::new(&self.listener, PollFlags::IN)];
        poll(&mut sockets, Some(&Timespec::default())) != Ok(0)
    }

    /// Returns the descriptor for foreign event loops.
    pub fn raw_fd(&self) -> RawDescriptor {
        super::tcp::raw_fd(&self.listener)
    }

    /// Returns the port; if 0 was passed, the one that the system chose.
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

/// Lets a program listen again on a port whose connections have not ended, and no two programs on one port. On Unix the
/// first needs SO_REUSEADDR. On Windows that option would allow two programs, and without SO_EXCLUSIVEADDRUSE one can
/// listen on an address and another on all addresses of a port.
fn reserve_address(socket: &Socket) -> io::Result<()> {
    #[cfg(unix)]
    return socket.set_reuse_address(true);
    #[cfg(windows)]
    return super::windows::set_exclusive_address_use(socket);
}

/// Returns whether an error of accept() is that of a connection which ended while it was pending: ECONNABORTED, on
/// Windows WSAECONNRESET.
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
