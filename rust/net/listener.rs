//! A non-blocking TCP listener.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};

use super::poller::{Poller, Readiness};
use super::tcp::TcpSocket;
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
pub struct Listener {
    listener: TcpListener,
    watched: Option<Watched>,
}

/// The registration of a listener with an object's poller.
#[derive(Debug)]
struct Watched {
    /// Another descriptor of the same socket.
    source: mio::net::TcpListener,
    readiness: Arc<Readiness>,
    poller: Arc<Poller>,
}

/// What [`Listener::accept_watched`] found.
#[derive(Debug)]
pub enum Accepted {
    /// A connection.
    Socket(TcpSocket),
    /// None waits.
    None,
    /// The system has no descriptor or memory for another one; those that wait stay in the kernel's queue.
    Exhausted,
}

impl Listener {
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
        Ok(Self { listener: socket.into(), watched: None })
    }

    /// Lets `poller` tell its owner, by `key`, when connections wait. They get the same poller.
    pub fn watch(&mut self, poller: &Arc<Poller>, key: u64) -> io::Result<()> {
        let mut source = mio::net::TcpListener::from_std(self.listener.try_clone()?);
        let readiness = Readiness::register_with(Some(poller), &mut source, key);
        self.watched = Some(Watched { source, readiness, poller: Arc::clone(poller) });
        Ok(())
    }

    /// The next connection for the owner of a poller, who will know it by `key`.
    pub fn accept_watched(&self, key: u64) -> Accepted {
        let poller = self.watched.as_ref().map(|watched| &watched.poller);
        for _ in 0..LISTEN_BACKLOG {
            match self.listener.accept() {
                Ok((stream, remote)) => {
                    if let Ok(socket) = TcpSocket::watched(stream, remote, poller, key) {
                        return Accepted::Socket(socket);
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Accepted::None,
                Err(_) => return Accepted::Exhausted,
            }
        }
        Accepted::Exhausted
    }

    /// The next connection; `None` where none waits.
    pub fn accept(&self) -> Option<TcpSocket> {
        // Connections that ended while they waited are passed over.
        for _ in 0..LISTEN_BACKLOG {
            match self.listener.accept() {
                Ok((stream, remote)) => {
                    if let Ok(socket) = TcpSocket::accepted(stream, remote) {
                        return Some(socket);
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {
                }
                // Nothing waits, or the process has no descriptor left: the connection stays in the kernel's queue.
                Err(_) => return None,
            }
        }
        None
    }

    /// The port, chosen by the system where 0 was asked for.
    pub fn port(&self) -> u16 {
        self.listener.local_addr().map_or(0, |address| address.port())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.readiness.deregister(&mut self.source);
    }
}

fn new_socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
