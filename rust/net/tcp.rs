//! A non-blocking TCP socket, and one that is bound before it connects.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Registry, Token};
use rustix::event::{PollFd, PollFlags, poll};
use socket2::{Domain, Protocol, Socket, Type};

use super::movable_stream::MovableStream;
use super::poller::{Poller, Readiness};

/// A TCP connection. All calls take `&self`, so that a stream object and the peer that runs on it can share it.
#[derive(Debug)]
pub struct TcpSocket {
    stream: MovableStream,
    readiness: Arc<Readiness>,
    remote: SocketAddr,
    /// The remote peer is on this machine, so data written here may be readable in this process at once.
    is_local: bool,
}

/// How far a socket that connects is.
#[derive(Debug)]
pub enum ConnectProgress {
    /// The connection is being established.
    Pending,
    /// The connection is established.
    Connected,
    /// The connection could not be established.
    Failed(io::Error),
}

impl TcpSocket {
    /// Starts to connect. [`Self::connect_progress`] reports when the connection is established.
    pub fn connect(remote: SocketAddr) -> io::Result<Self> {
        Self::connect_socket(new_socket(remote)?, remote, remote)
    }

    fn connect_socket(socket: Socket, target: SocketAddr, remote: SocketAddr) -> io::Result<Self> {
        match socket.connect(&target.into()) {
            Ok(()) => {}
            Err(error) if is_in_progress(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(Self::new(TcpStream::from_std(socket.into()), remote))
    }

    /// Returns a connection that a listener accepted.
    pub fn accepted(stream: TcpStream, remote: SocketAddr) -> Self {
        Self::watched(stream, remote, Poller::global().as_ref(), 0)
    }

    /// Returns a connection that a listener accepted, registered with the poller of an object under `key`.
    pub fn watched(stream: TcpStream, remote: SocketAddr, poller: Option<&Arc<Poller>>, key: u64) -> Self {
        Self::with_poller(stream, canonical(remote), poller, key)
    }

    fn new(stream: TcpStream, remote: SocketAddr) -> Self {
        Self::with_poller(stream, remote, Poller::global().as_ref(), 0)
    }

    fn with_poller(mut stream: TcpStream, remote: SocketAddr, poller: Option<&Arc<Poller>>, key: u64) -> Self {
        // Fails only on a socket that is closed already, which the next call reports.
        let _ignored = stream.set_nodelay(true);
        let readiness = Readiness::register_with(poller, &mut stream, key);
        let is_local =
            remote.ip().is_loopback() || stream.local_addr().is_ok_and(|local| canonical(local).ip() == remote.ip());
        Self { stream: MovableStream::new(stream), readiness, remote, is_local }
    }

    /// Returns how far connecting is.
    pub fn connect_progress(&self) -> ConnectProgress {
        let Err(unconnected) = self.stream.with(TcpStream::peer_addr) else {
            self.announce();
            return ConnectProgress::Connected;
        };
        match self.stream.with(TcpStream::take_error) {
            Ok(Some(error)) | Err(error) => ConnectProgress::Failed(error),
            Ok(None) if unconnected.kind() == ErrorKind::NotConnected || is_in_progress(&unconnected) => {
                ConnectProgress::Pending
            }
            Ok(None) => ConnectProgress::Failed(unconnected),
        }
    }

    /// Returns the address of the remote peer; an IPv4 address also if it came through an IPv6 socket.
    pub fn remote_address(&self) -> SocketAddr {
        self.remote
    }

    /// Returns the local address.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.stream.with(TcpStream::local_addr).ok().map(canonical)
    }

    /// See [`super::Transport::read`].
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.readiness.read(buffer.len(), || self.stream.with(|mut stream| stream.read(buffer)))
    }

    /// Reads without removing the data.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.readiness.peek(|| self.stream.with(|stream| stream.peek(buffer)))
    }

    /// See [`super::Transport::write`].
    pub fn write(&self, data: &[u8]) -> io::Result<usize> {
        let result = self.readiness.write(|| self.stream.with(|mut stream| stream.write(data)));
        self.announce();
        result
    }

    /// See [`super::Transport::write_vectored`].
    pub fn write_vectored(&self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let result = self.readiness.write(|| self.stream.with(|stream| write_pieces(stream, pieces)));
        self.announce();
        result
    }

    /// See [`super::Transport::may_read`].
    pub fn may_read(&self) -> bool {
        self.readiness.may_read()
    }

    /// See [`super::Transport::may_write`].
    pub fn may_write(&self) -> bool {
        self.readiness.may_write()
    }

    /// See [`super::Transport::known_readiness`].
    pub fn known_readiness(&self) -> (bool, bool) {
        self.readiness.known()
    }

    /// See [`super::Transport::set_no_delay`].
    pub fn set_no_delay(&self, enabled: bool) -> io::Result<()> {
        self.stream.with(|stream| stream.set_nodelay(enabled))
    }

    /// Shuts down one or both directions.
    pub fn shutdown(&self, how: Shutdown) {
        // Fails only if the connection is closed already.
        let _gone = self.stream.with(|stream| stream.shutdown(how));
        self.announce();
    }

    /// Returns the number of bytes that can be read at once.
    pub fn available(&self) -> io::Result<usize> {
        let count = self.stream.with(|stream| rustix::io::ioctl_fionread(stream))?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Registers the socket with a poller, instead of the one it had. Returns whether the system watches the socket.
    pub fn watch(&mut self, poller: &Arc<Poller>) -> bool {
        if !self.readiness.is_watched_by(poller) {
            self.readiness.deregister(self.stream.source());
            self.readiness = Readiness::register_with(Some(poller), self.stream.source(), 0);
        }
        self.readiness.is_watched()
    }

    /// Takes the socket out of its poller and puts it into a set that reports `token` when it is ready. Every further
    /// call is tried. After a failure no set reports it.
    pub fn move_to(&self, set: &Registry, token: Token) -> io::Result<()> {
        self.readiness.always_try();
        self.stream.move_to(&self.readiness, set, token)
    }

    /// Returns what the poller knows of the socket.
    pub fn readiness(&self) -> &Arc<Readiness> {
        &self.readiness
    }

    /// Blocks until the socket can be read (or written), or its stream has ended.
    pub fn wait(&self, for_write: bool) -> io::Result<()> {
        let flags = if for_write { PollFlags::OUT } else { PollFlags::IN };
        self.stream.with(|stream| poll(&mut [PollFd::new(stream, flags)], None))?;
        Ok(())
    }

    /// Returns the descriptor for foreign event loops.
    pub fn raw_fd(&self) -> RawDescriptor {
        self.stream.with(raw_fd)
    }

    /// Reports that another socket of this process may have something to read.
    fn announce(&self) {
        if self.is_local {
            Poller::announce_local_write();
        }
    }
}

impl Drop for TcpSocket {
    fn drop(&mut self) {
        self.readiness.deregister(self.stream.source());
        self.announce();
    }
}

/// A socket with a local address that can connect once.
#[derive(Debug)]
pub struct BoundSocket {
    socket: Socket,
    local: SocketAddr,
}

impl BoundSocket {
    /// Binds to one address, or to a port of all interfaces with `None`. With port 0 the system chooses a port.
    pub fn bind(one: Option<SocketAddr>, port: u16) -> io::Result<Self> {
        let address = one.unwrap_or((Ipv6Addr::UNSPECIFIED, port).into());
        let socket = match new_socket(address) {
            Ok(socket) => {
                if one.is_none() {
                    socket.set_only_v6(false)?;
                }
                socket.bind(&address.into())?;
                socket
            }
            Err(_) if one.is_none() => {
                let socket = new_socket((Ipv4Addr::UNSPECIFIED, port).into())?;
                socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
                socket
            }
            Err(error) => return Err(error),
        };
        let local = socket.local_addr()?.as_socket().ok_or(ErrorKind::AddrNotAvailable)?;
        Ok(Self { socket, local })
    }

    /// Returns the local address.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Starts to connect; see [`TcpSocket::connect`].
    pub fn connect(self, remote: SocketAddr) -> io::Result<TcpSocket> {
        // A dual-stack socket connects to IPv4 by mapped addresses (RFC 4291 section 2.5.5.2).
        let target = match (self.local, remote.ip()) {
            (SocketAddr::V6(_), IpAddr::V4(ip)) => (ip.to_ipv6_mapped(), remote.port()).into(),
            _ => remote,
        };
        TcpSocket::connect_socket(self.socket, target, remote)
    }
}

/// Returns a new non-blocking TCP socket.
pub(super) fn new_socket(address: SocketAddr) -> io::Result<Socket> {
    let (domain, protocol) = (Domain::for_address(address), Some(Protocol::TCP));
    // These systems set the mode without a further call.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    return Socket::new(domain, Type::STREAM.nonblocking(), protocol);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        let socket = Socket::new(domain, Type::STREAM, protocol)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

/// What event loops wait for: a socket's file descriptor, or on Windows its handle.
#[cfg(unix)]
pub type RawDescriptor = std::os::fd::RawFd;
/// What event loops wait for: a socket's file descriptor, or on Windows its handle.
#[cfg(windows)]
pub type RawDescriptor = std::os::windows::io::RawSocket;

#[cfg(unix)]
pub(super) fn raw_fd(socket: &impl std::os::fd::AsRawFd) -> RawDescriptor {
    socket.as_raw_fd()
}

#[cfg(windows)]
pub(super) fn raw_fd(socket: &impl std::os::windows::io::AsRawSocket) -> RawDescriptor {
    socket.as_raw_socket()
}

/// Returns the IPv4 address for a mapped one, which a dual-stack socket reports.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Unix reports EINPROGRESS, Winsock WSAEWOULDBLOCK.
fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) || error.kind() == ErrorKind::WouldBlock
}

/// Writes several pieces by one call. `writev` would raise SIGPIPE in programs that do not ignore it.
#[cfg(unix)]
fn write_pieces(stream: &TcpStream, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
    use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    let flags = SendFlags::empty();
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    let flags = SendFlags::NOSIGNAL;
    Ok(sendmsg(stream, pieces, &mut SendAncillaryBuffer::default(), flags)?)
}

/// Writes several pieces by one call, WSASend.
#[cfg(windows)]
fn write_pieces(mut stream: &TcpStream, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
    stream.write_vectored(pieces)
}
