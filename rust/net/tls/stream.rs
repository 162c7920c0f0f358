//! A TLS session over a transport.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::{ClientConnection, Connection, HandshakeKind, ProtocolVersion, ServerConnection};

use super::certificates;
use super::failure::{TlsFailure, Truncated};
use super::options::{ClientTls, ServerTls};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::TLS_WRITE_BYTES;
use crate::net::receive_buffers;
use crate::net::{FailureStage, NetError, Transport};

/// What was agreed on, and with whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// Name of the cipher suite.
    pub cipher_suite: String,
    /// Protocol selected by ALPN, empty where none was.
    pub alpn: String,
    /// Subject of the remote end's certificate, for example `CN=player, O=Example`; empty where it presented none.
    pub peer_subject: String,
    /// The session continues an earlier one.
    pub resumed: bool,
}

/// One end of a TLS connection. The handshake goes on in every read and write, or alone in [`Self::handshake`].
pub struct TlsStream {
    inner: Box<dyn Transport>,
    session: Box<Connection>,
    /// Ciphertext that was read and found no room in the session yet.
    waiting: Vec<u8>,
    /// How much of `waiting` the session has taken since.
    waiting_used: usize,
    /// Bytes at the head of what is offered next that are encrypted already: a write counts when its ciphertext has left, so
    /// that nothing but the caller's own queue has to be watched.
    accepted: usize,
    /// The session may hold plaintext.
    may_hold_plaintext: bool,
    /// The transport has ended.
    is_at_end: bool,
    /// What ended the session; every later read meets it again.
    failure: Option<rustls::Error>,
}

impl std::fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsStream").field("session", &self.session).finish_non_exhaustive()
    }
}

impl TlsStream {
    /// A client's end; `host` is the name or address it wants to reach.
    pub fn client(inner: Box<dyn Transport>, settings: &ClientTls, host: &str) -> Result<Self> {
        let name = settings.server_name(host)?;
        let session = ClientConnection::new(Arc::clone(&settings.config), name)
            .map_err(|error| Error::new(ErrorCode::Failed, TlsFailure::from(&error).text))?;
        Ok(Self::new(inner, session.into()))
    }

    /// A server's end.
    pub fn server(inner: Box<dyn Transport>, settings: &ServerTls) -> Result<Self> {
        let session = ServerConnection::new(Arc::clone(&settings.config))
            .map_err(|error| Error::new(ErrorCode::Failed, TlsFailure::from(&error).text))?;
        Ok(Self::new(inner, session.into()))
    }

    fn new(inner: Box<dyn Transport>, mut session: Connection) -> Self {
        // What may be encrypted at a time is bounded here, by what has left.
        session.set_buffer_limit(None);
        Self {
            inner,
            session: Box::new(session),
            waiting: Vec::new(),
            waiting_used: 0,
            accepted: 0,
            may_hold_plaintext: false,
            is_at_end: false,
            failure: None,
        }
    }

    /// Goes on with the handshake; returns whether it is over.
    pub fn handshake(&mut self) -> Result<bool, NetError> {
        match self.advance_handshake() {
            Ok(is_over) => Ok(is_over),
            Err(error) if is_temporary(&error) => Ok(false),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(NetError::new(FailureStage::Tls, "the remote end closed the connection during the TLS handshake"))
            }
            Err(error) => Err(NetError::io(FailureStage::Tls, "the TLS handshake", &error)),
        }
    }

    fn advance_handshake(&mut self) -> io::Result<bool> {
        while self.session.is_handshaking() {
            self.flush_ciphertext()?;
            if self.session.is_handshaking() && !self.receive(usize::MAX)? {
                return Err(ErrorKind::WouldBlock.into());
            }
        }
        // The last message of the handshake may be this end's.
        self.flush_ciphertext()
    }

    /// Whether ciphertext waits for the network.
    pub fn wants_write(&self) -> bool {
        self.session.wants_write()
    }

    /// Announces the end of the session to the remote end. The transport stays open.
    pub fn announce_end(&mut self) {
        self.session.send_close_notify();
        // Where the network takes nothing, the remote end sees the connection end without the alert.
        let _unsent = self.flush_ciphertext();
    }

    /// Takes in what has arrived and returns the bytes that can be read; `None` at the announced end.
    pub fn available(&mut self) -> io::Result<Option<usize>> {
        loop {
            let state =
                self.session.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            if state.plaintext_bytes_to_read() > 0 {
                return Ok(Some(state.plaintext_bytes_to_read()));
            }
            if state.peer_has_closed() {
                return Ok(None);
            }
            match self.receive(0) {
                Ok(true) => {}
                Ok(false) => return Ok(Some(0)),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(truncated()),
                Err(error) => return Err(error),
            }
        }
    }

    /// What was agreed on; `None` before the end of the handshake.
    pub fn info(&self) -> Option<TlsInfo> {
        if self.session.is_handshaking() {
            return None;
        }
        let version = match self.session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
            other => other.map(|version| format!("{version:?}")).unwrap_or_default(),
        };
        let suite = self.session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        let alpn = self.session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        let certificate = self.session.peer_certificates().and_then(|chain| chain.first());
        Some(TlsInfo {
            version,
            cipher_suite: suite.unwrap_or_default(),
            alpn: alpn.unwrap_or_default(),
            peer_subject: certificate.map(certificates::subject).unwrap_or_default(),
            resumed: self.session.handshake_kind() == Some(HandshakeKind::Resumed),
        })
    }

    /// Writes the ciphertext that waits; returns whether all of it has left.
    fn flush_ciphertext(&mut self) -> io::Result<bool> {
        while self.session.wants_write() {
            if !self.inner.may_write() {
                return Ok(false);
            }
            match self.session.write_tls(&mut Adapter(self.inner.as_mut())) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Reads ciphertext once, about as much as `wanted` plaintext needs, and decrypts it; returns whether there was any.
    fn receive(&mut self, wanted: usize) -> io::Result<bool> {
        if let Some(error) = &self.failure {
            return Err(io::Error::new(ErrorKind::InvalidData, error.clone()));
        }
        if self.session.wants_write() {
            self.flush_ciphertext()?;
        }
        if !self.waiting.is_empty() {
            // Kept as it is until all of it is used, and then given back.
            let waiting = std::mem::take(&mut self.waiting);
            let used = self.decrypt(waiting.get(self.waiting_used..).unwrap_or_default())?;
            self.waiting_used += used;
            if self.waiting_used < waiting.len() {
                self.waiting = waiting;
            } else {
                self.waiting_used = 0;
            }
            return Ok(used > 0);
        }
        if self.is_at_end {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if !self.inner.may_read() {
            return Ok(false);
        }
        receive_buffers::with_ciphertext(|buffer| {
            let asked = wanted.max(TLS_WRITE_BYTES).min(buffer.len());
            let input = buffer.get_mut(..asked).unwrap_or_default();
            let count = loop {
                match self.inner.read(input) {
                    Ok(count) => break count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                    Err(error) => return Err(error),
                }
            };
            if count == 0 {
                self.is_at_end = true;
                // Lets the session know, which then tells whether the end was announced.
                let _end = self.session.read_tls(&mut io::empty());
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let input = input.get(..count).unwrap_or_default();
            let used = self.decrypt(input)?;
            self.waiting = input.get(used..).unwrap_or_default().to_vec();
            Ok(true)
        })
    }

    /// Passes ciphertext to the session as long as it has room for the plaintext; returns how much was used.
    fn decrypt(&mut self, ciphertext: &[u8]) -> io::Result<usize> {
        let mut used = 0;
        while let Some(mut rest) = ciphertext.get(used..).filter(|rest| !rest.is_empty()) {
            match self.session.read_tls(&mut rest) {
                // The session has seen its end and ignores what follows.
                Ok(0) => return Ok(ciphertext.len()),
                Ok(count) => used += count,
                // No room until the plaintext is taken.
                Err(_) => return Ok(used),
            }
            match self.session.process_new_packets() {
                Ok(state) => self.may_hold_plaintext |= state.plaintext_bytes_to_read() > 0 || state.peer_has_closed(),
                Err(error) => {
                    // The alert that says why.
                    let _unsent = self.flush_ciphertext();
                    self.failure = Some(error.clone());
                    return Err(io::Error::new(ErrorKind::InvalidData, error));
                }
            }
        }
        if self.session.wants_write() {
            self.flush_ciphertext()?;
        }
        Ok(used)
    }

    /// Encrypts what may be written now and writes it; see [`Self::accepted`].
    fn offer(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.session.is_handshaking() {
            self.advance_handshake()?;
        }
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut done = 0;
        loop {
            if !self.flush_ciphertext()? {
                return if done > 0 { Ok(done) } else { Err(ErrorKind::WouldBlock.into()) };
            }
            done += std::mem::take(&mut self.accepted).min(total - done);
            if done == total {
                return Ok(done);
            }
            self.accepted = self.encrypt(pieces, done)?;
        }
    }

    /// Encrypts a part of what follows the first `skip` bytes.
    fn encrypt(&mut self, pieces: &[IoSlice<'_>], mut skip: usize) -> io::Result<usize> {
        let mut encrypted = 0;
        for piece in pieces {
            let rest = piece.get(skip.min(piece.len())..).unwrap_or_default();
            skip -= skip.min(piece.len());
            let part = rest.get(..rest.len().min(TLS_WRITE_BYTES - encrypted)).unwrap_or_default();
            encrypted += self.session.writer().write(part)?;
        }
        Ok(encrypted)
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Transport for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.session.is_handshaking() {
            self.advance_handshake()?;
        }
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let wanted = rest.len();
            match self.session.reader().read(rest) {
                // The remote end has said that it ends.
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.may_hold_plaintext = false;
                    match self.receive(wanted) {
                        Ok(true) => {}
                        // What came before is delivered first; an error comes again.
                        Ok(false) | Err(_) if filled > 0 => break,
                        Ok(false) => return Err(ErrorKind::WouldBlock.into()),
                        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(truncated()),
                        Err(error) => return Err(error),
                    }
                }
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    if filled > 0 {
                        break;
                    }
                    return Err(truncated());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.offer(&[IoSlice::new(data)])
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.offer(pieces)
    }

    fn may_read(&mut self) -> bool {
        self.may_hold_plaintext
            || !self.waiting.is_empty()
            || self.is_at_end
            || self.failure.is_some()
            || self.inner.may_read()
            // In a handshake, reading also writes what the remote end waits for.
            || (self.session.wants_write() && self.inner.may_write())
    }

    fn may_write(&mut self) -> bool {
        self.inner.may_write()
    }

    fn known_readiness(&self) -> (bool, bool) {
        let (read, write) = self.inner.known_readiness();
        let holds = self.may_hold_plaintext || !self.waiting.is_empty() || self.is_at_end || self.failure.is_some();
        (read || holds || (self.session.wants_write() && write), write)
    }

    fn close(&mut self, unsent: Vec<u8>) {
        let accepted = std::mem::take(&mut self.accepted);
        let mut ciphertext = Vec::new();
        if !self.session.is_handshaking() {
            // Into memory, which takes everything.
            let _encrypted = self.session.writer().write(unsent.get(accepted..).unwrap_or_default());
        }
        self.session.send_close_notify();
        while self.session.wants_write() {
            if self.session.write_tls(&mut ciphertext).is_err() {
                break;
            }
        }
        self.inner.close(ciphertext);
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        self.inner.remote_address()
    }

    fn set_no_delay(&mut self, enabled: bool) -> io::Result<()> {
        self.inner.set_no_delay(enabled)
    }

    fn is_secure(&self) -> bool {
        true
    }

    fn tls_info(&self) -> Option<TlsInfo> {
        self.info()
    }

    fn wait(&self, for_write: bool) {
        self.inner.wait(for_write);
    }

    fn poll_directly(&self) {
        self.inner.poll_directly();
    }

    fn raw_fd(&self) -> Option<i64> {
        self.inner.raw_fd()
    }
}

fn truncated() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, Truncated)
}

/// The transport as rustls writes to it: pieces of one record each, which leave together.
struct Adapter<'a>(&'a mut dyn Transport);

impl Write for Adapter<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
