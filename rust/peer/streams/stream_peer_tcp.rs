//! Decides how a TCP stream connects, reads, writes and ends, as Godot's `StreamPeerTCP` describes it.

use std::io::ErrorKind;
use std::net::{SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode, Result};
use crate::limits::CONNECT_TIMEOUT;
use crate::net::tcp::{BoundSocket, ConnectProgress};
use crate::net::{TcpSocket, clock, dns, linger, zone};
use crate::peer::streams::bind_address::bind_address;
use crate::proto::host_name;

/// State of a stream, with the numbers of Godot's `StreamPeerTCP.Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum StreamStatus {
    /// Not connected.
    None = 0,
    /// Connecting.
    Connecting = 1,
    /// Connected.
    Connected = 2,
    /// Connecting failed or the connection broke.
    Error = 3,
}

/// A TCP connection, or the place for one.
#[derive(Debug, Default)]
pub struct StreamPeerTcp {
    connection: TcpConnection,
    bound: Option<BoundSocket>,
    connect_timeout: Option<Duration>,
}

#[derive(Debug, Default)]
enum TcpConnection {
    /// There is none, or the remote peer has ended it.
    #[default]
    None,
    Connecting {
        socket: Arc<TcpSocket>,
        deadline: Instant,
    },
    Connected(Arc<TcpSocket>),
    /// Connecting failed or the connection broke.
    Broken,
}

impl StreamPeerTcp {
    /// Creates a stream without a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a stream on an accepted connection.
    pub(in crate::peer) fn from_socket(socket: Arc<TcpSocket>) -> Self {
        Self { connection: TcpConnection::Connected(socket), ..Self::default() }
    }

    /// Returns the socket, for a peer that will use it; `None` without a connection.
    pub fn socket(&self) -> Option<Arc<TcpSocket>> {
        match &self.connection {
            TcpConnection::Connecting { socket, .. } | TcpConnection::Connected(socket) => Some(Arc::clone(socket)),
            TcpConnection::None | TcpConnection::Broken => None,
        }
    }

    /// Sets how long connecting may take.
    pub fn set_connect_timeout(&mut self, timeout: Duration) {
        self.connect_timeout = Some(timeout);
    }

    /// Binds the next connection to a local port (0: the system chooses one) and address. Allowed once.
    ///
    /// # Errors
    /// `AlreadyInUse` if the stream is bound or connected, or the port is in use; `InvalidParameter` for an invalid
    /// address.
    pub fn bind(&mut self, port: u16, host: &str) -> Result {
        if self.bound.is_some() || !matches!(self.connection, TcpConnection::None) {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the stream is already bound or in use"));
        }
        let bound = BoundSocket::bind(bind_address(host)?.with_port(port), port).map_err(|error| {
            Error::new(ErrorCode::AlreadyInUse, format!("binding to {host} port {port} failed: {error}"))
        })?;
        self.bound = Some(bound);
        Ok(())
    }

    /// Starts to connect. A host name is resolved before the call returns, as in the engine. An IPv6 address may have a
    /// zone (`fe80::1%eth0`).
    ///
    /// # Errors
    /// `AlreadyInUse` while the stream is in use, `InvalidParameter` for port 0, `CantResolve` if the lookup fails,
    /// `Failed` if the system refuses to connect.
    pub fn connect_to_host(&mut self, host: &str, port: u16) -> Result {
        if !matches!(self.connection, TcpConnection::None) {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the stream is in use; call disconnect_from_host() first"));
        }
        if port == 0 {
            return Err(Error::new(ErrorCode::InvalidParameter, "port must be from 1 to 65535, not 0"));
        }
        let cannot_resolve =
            |why: &str| Error::new(ErrorCode::CantResolve, format!("looking up '{host}' failed: {why}"));
        if host.is_empty() {
            return Err(cannot_resolve("the name is empty"));
        }
        let remote = resolve(host, port).map_err(|why| cannot_resolve(&why))?;
        let socket = match self.bound.take() {
            Some(bound) => bound.connect(remote),
            None => TcpSocket::connect(remote),
        };
        let socket =
            socket.map_err(|error| Error::new(ErrorCode::Failed, format!("connecting to {remote} failed: {error}")))?;
        let deadline = clock::now() + self.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        self.connection = TcpConnection::Connecting { socket: Arc::new(socket), deadline };
        Ok(())
    }

    /// Updates the status: detects that the connection was established, refused, or ended by the remote peer.
    ///
    /// # Errors
    /// `ConnectionError` if connecting failed or the connection broke.
    pub fn poll(&mut self) -> Result {
        match &self.connection {
            TcpConnection::Connecting { socket, deadline } => match socket.connect_progress() {
                ConnectProgress::Connected => self.connection = TcpConnection::Connected(Arc::clone(socket)),
                ConnectProgress::Failed(error) => {
                    return Err(self.break_connection(&format!("connecting failed: {error}")));
                }
                ConnectProgress::Pending if clock::now() >= *deadline => {
                    return Err(
                        self.break_connection("connecting did not finish before its time limit (connect_timeout)")
                    );
                }
                ConnectProgress::Pending => {}
            },
            TcpConnection::Connected(socket) if socket.may_read() => match socket.peek(&mut [0]) {
                Ok(0) => self.connection = TcpConnection::None,
                Ok(_) => {}
                Err(error) if is_temporary(&error) => {}
                Err(error) => return Err(self.break_connection(&format!("the connection broke: {error}"))),
            },
            TcpConnection::Connected(_) | TcpConnection::None | TcpConnection::Broken => {}
        }
        Ok(())
    }

    /// Returns the state of the stream, as of the last call.
    pub fn status(&self) -> StreamStatus {
        match self.connection {
            TcpConnection::None => StreamStatus::None,
            TcpConnection::Connecting { .. } => StreamStatus::Connecting,
            TcpConnection::Connected(_) => StreamStatus::Connected,
            TcpConnection::Broken => StreamStatus::Error,
        }
    }

    /// Ends the connection. Written data is still delivered in the background.
    pub fn disconnect_from_host(&mut self) {
        if let TcpConnection::Connected(socket) = std::mem::take(&mut self.connection) {
            linger::close(socket, Vec::new());
        }
        self.bound = None;
    }

    /// Reads what is available, up to the buffer's length; 0 if nothing is.
    ///
    /// # Errors
    /// `Failed` without a connection, `FileEof` at the end of the stream, `ConnectionError` if the connection broke.
    pub fn read_partial(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let socket = self.connected_socket()?;
        if buffer.is_empty() {
            return Ok(0);
        }
        match socket.read(buffer) {
            Ok(0) => {
                self.connection = TcpConnection::None;
                Err(Error::new(ErrorCode::FileEof, "the remote peer has closed the connection"))
            }
            Ok(count) => Ok(count),
            Err(error) if is_temporary(&error) => Ok(0),
            Err(error) => Err(self.break_connection(&format!("the connection broke: {error}"))),
        }
    }

    /// Reads until the buffer is full and blocks for data; returns how much was read, also before an error.
    pub fn read_all(&mut self, buffer: &mut [u8]) -> (usize, Result) {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.read_partial(rest) {
                Ok(0) => {
                    if let Err(error) = self.wait(false) {
                        return (read, Err(error));
                    }
                }
                Ok(count) => read += count,
                Err(error) => return (read, Err(error)),
            }
        }
        (read, Ok(()))
    }

    /// Writes what the network accepts now; returns how much.
    ///
    /// # Errors
    /// `Failed` without a connection, `ConnectionError` if the connection broke.
    pub fn write_partial(&mut self, data: &[u8]) -> Result<usize> {
        let socket = self.connected_socket()?;
        let mut written = 0;
        while let Some(rest) = data.get(written..).filter(|rest| !rest.is_empty()) {
            match socket.write(rest) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(self.break_connection(&format!("the connection broke: {error}"))),
            }
        }
        Ok(written)
    }

    /// Writes everything and blocks for the network.
    ///
    /// # Errors
    /// As for [`Self::write_partial`].
    pub fn write_all(&mut self, data: &[u8]) -> Result {
        let mut written = self.write_partial(data)?;
        while let Some(rest) = data.get(written..).filter(|rest| !rest.is_empty()) {
            self.wait(true)?;
            written += self.write_partial(rest)?;
        }
        Ok(())
    }

    /// Returns the bytes that can be read at once; `None` without a connection.
    pub fn available_bytes(&self) -> Option<usize> {
        match &self.connection {
            TcpConnection::Connected(socket) => Some(socket.available().unwrap_or(0)),
            _ => None,
        }
    }

    /// Returns the address of the remote peer, also while connecting.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.socket().map(|socket| socket.remote_address())
    }

    /// Returns the local port; 0 without one.
    pub fn local_port(&self) -> u16 {
        let bound = || self.bound.as_ref().map(|bound| bound.local_address().port());
        self.socket()
            .and_then(|socket| socket.local_address())
            .map(|address| address.port())
            .or_else(bound)
            .unwrap_or(0)
    }

    /// Disables Nagle's algorithm (`true`) or enables it.
    ///
    /// # Errors
    /// `Unconfigured` without a connection, `Failed` if the system refuses.
    pub fn set_no_delay(&mut self, enabled: bool) -> Result {
        let socket = self.socket().ok_or_else(|| Error::new(ErrorCode::Unconfigured, "there is no connection"))?;
        socket.set_no_delay(enabled).map_err(|error| Error::new(ErrorCode::Failed, error.to_string()))
    }

    fn connected_socket(&self) -> Result<Arc<TcpSocket>> {
        match &self.connection {
            TcpConnection::Connected(socket) => Ok(Arc::clone(socket)),
            _ => Err(Error::new(ErrorCode::Failed, "the stream is not connected")),
        }
    }

    fn wait(&self, for_write: bool) -> Result {
        let socket = self.connected_socket()?;
        match socket.wait(for_write) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(Error::new(ErrorCode::Failed, error.to_string())),
        }
    }

    fn break_connection(&mut self, message: &str) -> Error {
        self.connection = TcpConnection::Broken;
        Error::new(ErrorCode::ConnectionError, message.to_owned())
    }
}

/// Returns the address of a host.
fn resolve(host: &str, port: u16) -> Result<SocketAddr, String> {
    if let Some(address) = zone::parse(host) {
        let address = address.map_err(|error| error.to_string())?;
        return Ok(SocketAddrV6::new(*address.ip(), port, 0, address.scope_id()).into());
    }
    let host = host_name::to_ascii(host).map_err(|error| error.message().to_owned())?;
    let addresses = dns::resolve_now(&host).map_err(|error| error.to_string())?;
    // After a blocking lookup only one address is tried; the engine prefers IPv4 too.
    let ip = addresses.iter().find(|ip| ip.is_ipv4()).or(addresses.first()).copied();
    ip.map(|ip| SocketAddr::new(ip, port)).ok_or_else(|| "the name has no address".to_owned())
}

fn is_temporary(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
