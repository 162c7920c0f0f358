//! A TLS session over a stream as Godot's `StreamPeerTLS` describes it.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::ReentrantMutex;

use crate::error::{Error, ErrorCode, Result};
use crate::net::{ClientTls, FailureStage, NetError, ServerTls, TlsInfo, TlsStream, Transport, clock, linger};

/// States of a session, with the numbers of Godot's `StreamPeerTLS.Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum TlsStatus {
    /// There is no session.
    Disconnected = 0,
    /// The handshake is under way.
    Handshaking = 1,
    /// Data can be sent and received.
    Connected = 2,
    /// The handshake failed or the session broke.
    Error = 3,
    /// The certificate of the remote end is for another name.
    ErrorHostnameMismatch = 4,
}

/// A TLS session, or the place for one. Everything happens inside its calls.
#[derive(Debug, Default)]
pub struct StreamPeerTls {
    session: Session,
    failure: Option<NetError>,
}

#[derive(Default)]
enum Session {
    #[default]
    None,
    /// The operating system's trust store is being read.
    Preparing {
        transport: Box<dyn Transport>,
        tls: ClientTls,
        host: String,
    },
    Live {
        stream: SharedTls,
        is_handshaking: bool,
    },
    Failed,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Preparing { .. } => "Preparing",
            Self::Live { is_handshaking: true, .. } => "Handshaking",
            Self::Live { is_handshaking: false, .. } => "Connected",
            Self::Failed => "Failed",
        })
    }
}

impl StreamPeerTls {
    /// A stream without a session.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a session as a client. An earlier one is ended first.
    pub fn connect(&mut self, transport: Box<dyn Transport>, host: &str, tls: ClientTls) -> Result {
        tls.check_name(host)?;
        self.disconnect();
        tls.prepare();
        self.session = Session::Preparing { transport, tls, host: host.to_owned() };
        self.advance();
        Ok(())
    }

    /// Begins a session as a server. An earlier one is ended first.
    pub fn accept(&mut self, transport: Box<dyn Transport>, tls: &ServerTls) -> Result {
        let stream = TlsStream::server(transport, tls)?;
        self.disconnect();
        self.session = Session::Live { stream: SharedTls::new(stream), is_handshaking: true };
        self.advance();
        Ok(())
    }

    /// Goes on with the handshake, takes in what has arrived, and notices the end.
    pub fn poll(&mut self) {
        linger::tick(clock::now());
        self.advance();
        if let Session::Live { stream, is_handshaking: false } = &self.session {
            let available = stream.with(Ok(Some(0)), TlsStream::available);
            match available {
                Ok(Some(_)) => {}
                Ok(None) => self.disconnect(),
                Err(error) => {
                    self.broken(&error);
                }
            }
        }
    }

    fn advance(&mut self) {
        if let Session::Preparing { tls, .. } = &self.session
            && tls.is_prepared()
            && let Session::Preparing { transport, tls, host } = std::mem::take(&mut self.session)
        {
            match TlsStream::client(transport, &tls, &host) {
                Ok(stream) => {
                    self.session = Session::Live { stream: SharedTls::new(stream), is_handshaking: true };
                }
                Err(error) => {
                    self.fail(NetError::new(FailureStage::Tls, error.message().to_owned()));
                }
            }
        }
        if let Session::Live { stream, is_handshaking } = &mut self.session
            && *is_handshaking
        {
            let result = stream.with(Ok(false), TlsStream::handshake);
            match result {
                Ok(is_over) => *is_handshaking = !is_over,
                Err(error) => {
                    self.fail(error);
                }
            }
        }
    }

    fn fail(&mut self, error: NetError) -> Error {
        let refused = Error::new(ErrorCode::ConnectionError, error.message.clone());
        self.failure = Some(error);
        self.session = Session::Failed;
        refused
    }

    fn broken(&mut self, error: &io::Error) -> Error {
        self.fail(NetError::io(FailureStage::Tcp, "the encrypted connection", error))
    }

    /// State of the session, as of the last call.
    pub fn status(&self) -> TlsStatus {
        match &self.session {
            Session::None => TlsStatus::Disconnected,
            Session::Preparing { .. } | Session::Live { is_handshaking: true, .. } => TlsStatus::Handshaking,
            Session::Live { .. } => TlsStatus::Connected,
            Session::Failed => {
                let tls = self.failure.as_ref().and_then(|failure| failure.tls.as_ref());
                if tls.is_some_and(|tls| tls.is_name_mismatch) {
                    TlsStatus::ErrorHostnameMismatch
                } else {
                    TlsStatus::Error
                }
            }
        }
    }

    /// Why the session failed; `None` where it did not.
    pub fn failure(&self) -> Option<&NetError> {
        self.failure.as_ref()
    }

    /// What was agreed on; `None` before the end of the handshake.
    pub fn tls_info(&self) -> Option<TlsInfo> {
        match &self.session {
            Session::Live { stream, .. } => stream.with(None, |stream| stream.info()),
            _ => None,
        }
    }

    /// Announces the end to the remote end and forgets the session. The stream below stays open.
    pub fn disconnect(&mut self) {
        self.failure = None;
        if let Session::Live { stream, .. } = std::mem::take(&mut self.session) {
            stream.with((), TlsStream::send_close_notify);
        }
    }

    /// The session, for a peer that is to run on it; `None` where there is none. The handshake need not be over.
    pub fn transport(&self) -> Option<Box<dyn Transport>> {
        match &self.session {
            Session::Live { stream, .. } => Some(Box::new(stream.clone())),
            _ => None,
        }
    }

    /// Reads what is there, up to the buffer's length; 0 where nothing is.
    pub fn read_partial(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let stream = self.connected()?;
        if buffer.is_empty() {
            return Ok(0);
        }
        let result = stream.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.read(buffer));
        match result {
            Ok(0) => {
                self.disconnect();
                Err(Error::new(ErrorCode::FileEof, "the remote end has ended the TLS session"))
            }
            Ok(count) => Ok(count),
            Err(error) if is_temporary(&error) => Ok(0),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Reads until the buffer is full, waiting for data; returns how much was read before an error too.
    pub fn read_all(&mut self, buffer: &mut [u8]) -> (usize, Result) {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.read_partial(rest) {
                Ok(0) => self.wait(false),
                Ok(count) => read += count,
                Err(error) => return (read, Err(error)),
            }
        }
        (read, Ok(()))
    }

    /// Writes what the network takes now. Bytes that are not taken must be offered again.
    pub fn write_partial(&mut self, data: &[u8]) -> Result<usize> {
        let stream = self.connected()?;
        if data.is_empty() {
            return Ok(0);
        }
        let result = stream.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.write(data));
        match result {
            Ok(count) => Ok(count),
            Err(error) if is_temporary(&error) => Ok(0),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Writes everything, waiting for the network.
    pub fn write_all(&mut self, data: &[u8]) -> Result {
        let mut written = self.write_partial(data)?;
        while let Some(rest) = data.get(written..).filter(|rest| !rest.is_empty()) {
            self.wait(true);
            written += self.write_partial(rest)?;
        }
        Ok(())
    }

    /// Bytes that can be read at once; `None` where there is no session.
    pub fn available_bytes(&self) -> Option<usize> {
        let stream = self.connected().ok()?;
        // An end or an error is noticed in the next call that can tell it.
        let available = stream.with(Ok(Some(0)), TlsStream::available);
        available.ok().flatten().or(Some(0))
    }

    fn connected(&self) -> Result<SharedTls> {
        match &self.session {
            Session::Live { stream, is_handshaking: false } => Ok(stream.clone()),
            _ => Err(Error::new(ErrorCode::Unconfigured, "there is no TLS session")),
        }
    }

    fn wait(&self, for_write: bool) {
        if let Session::Live { stream, .. } = &self.session {
            stream.with((), |stream| stream.wait(for_write));
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// A session that a peer runs on and a stream object still knows.
#[derive(Clone)]
struct SharedTls(Arc<ReentrantMutex<RefCell<TlsStream>>>);

impl SharedTls {
    fn new(stream: TlsStream) -> Self {
        Self(Arc::new(ReentrantMutex::new(RefCell::new(stream))))
    }

    /// Runs a call; `busy` is the answer to one from inside another, which only a stream written in a script can cause.
    fn with<R>(&self, busy: R, call: impl FnOnce(&mut TlsStream) -> R) -> R {
        let guard = self.0.lock();
        match guard.try_borrow_mut() {
            Ok(mut stream) => call(&mut stream),
            Err(_) => busy,
        }
    }
}

impl Transport for SharedTls {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.read(buffer))
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.write(data))
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.write_vectored(pieces))
    }

    fn may_read(&mut self) -> bool {
        self.with(true, TlsStream::may_read)
    }

    fn may_write(&mut self) -> bool {
        self.with(true, TlsStream::may_write)
    }

    fn close(&mut self, unsent: Vec<u8>) {
        self.with((), |stream| stream.close(unsent));
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        self.with(None, |stream| stream.remote_address())
    }

    fn set_no_delay(&mut self, enabled: bool) -> io::Result<()> {
        self.with(Ok(()), |stream| stream.set_no_delay(enabled))
    }

    fn is_secure(&self) -> bool {
        true
    }

    fn tls_info(&self) -> Option<TlsInfo> {
        self.with(None, |stream| stream.tls_info())
    }

    fn wait(&self, for_write: bool) {
        self.with((), |stream| stream.wait(for_write));
    }

    fn poll_directly(&self) {
        self.with((), |stream| stream.poll_directly());
    }

    fn raw_fd(&self) -> Option<i64> {
        self.with(None, |stream| stream.raw_fd())
    }
}
